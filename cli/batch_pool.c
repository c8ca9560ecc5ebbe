/* batch_pool.c - pages of a batch in workers, and their results in the order of the inputs.
 *
 *      inputs   0 ........ first ........ next ........ count
 *               settled  | have a turn  | to come
 *
 * 1. Whoever ends first, results are written, told and put into the index in the order of the
 *    inputs (settle_due).
 * 2. A page may have to wait for pages before it (winnow_asking_answer), never for one behind
 *    it; those before it run or have ended: so the first one always comes to its end.
 * 3. What may bring a message before its page is cleaned (a file that is not there, an address)
 *    is read when all before it is settled: messages keep their order too.
 * 4. When workers are stopped by no fault of their page, all turns begin again from the first
 *    such page on, once a page: what came behind it may have been made without it. */
#include "batch_pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "batch_parts.h"
#include "batch_turn.h"
#include "cleaner_open.h"
#include "pages.h"
#include "stop.h"

enum {
    TURNS = 256,              /* at a time */
    HELD_MOST = 64 << 20,     /* bytes of results that wait: then no more pages are begun */
    TIMEOUT_MS = 600 * 1000,  /* here nobody waits for others but who asked for it */
    BYTES_DEFAULT = 64 << 20, /* of a page, as in winnow.h, */
    MEMORY_MULTIPLE = 64,     /* and what a worker may map for each of them */
};

struct batch_workers {
    struct pool *pool;
    struct batch *batch; /* of this pass */
    enum batch_pass pass;
    size_t first, next;
    struct turn turns[TURNS]; /* input i has turns[i % TURNS] */
    size_t held;              /* bytes of their results */
    bool stirred;             /* an asking has moved: those that wait may ask again */
};

static struct turn *turn_of(struct batch_workers *w, size_t i)
{
    return &w->turns[i % TURNS];
}

/* --- questions ---------------------------------------------------------------------------- */

enum answered { ANSWERED, TO_WAIT, DISTRUSTED, NOT_ANSWERED };

static int collect(void *answer, const char *data, size_t len)
{
    return held_add(answer, data, len);
}

/* *wait: 1 where it has to wait. */
static int answer_to(struct turn *t, const void *request, size_t len, int *wait,
                     struct winnow_error *err)
{
    struct held answer = {0};
    int status = winnow_asking_answer(t->asking, request, len, collect, &answer, wait, err);
    if (status == WINNOW_OK && !*wait) {
        if (held_end(&answer) == 0) {
            status = pool_answer(t->job, answer.data, answer.len, err);
        } else {
            status = WINNOW_ENOMEM;
            snprintf(err->text, sizeof err->text, "out of memory; clean fewer pages at once");
        }
    }
    held_free(&answer);
    return status;
}

static enum answered try_answer(struct batch_workers *w, struct turn *t, const void *request,
                                size_t len)
{
    struct winnow_error err = {0};
    int wait = 0;
    int status = answer_to(t, request, len, &wait, &err);
    if (status == WINNOW_EDATA)
        return DISTRUSTED;
    if (status != WINNOW_OK) {
        turn_fail(t, TURN_UNASKED, exit_code_of(status), err.text);
        pool_stop_job(t->job);
        return NOT_ANSWERED;
    }
    w->stirred |= !wait;
    return wait ? TO_WAIT : ANSWERED;
}

static void keep_question(struct turn *t, const void *request, size_t len)
{
    int why = held_add(&t->question, request, len);
    t->asks = true;
    if (why == 0 && (why = held_end(&t->question)) == 0)
        return;
    turn_fail(t, TURN_UNASKED, EX_OSERR, "out of memory; clean fewer pages at once");
    pool_stop_job(t->job);
}

static int on_ask(void *ctx, struct pool_job *job, const void *request, size_t len)
{
    struct turn *t = pool_context(job);
    if (!t->asking || t->asks)
        return -1;
    switch (try_answer(ctx, t, request, len)) {
    case TO_WAIT:
        keep_question(t, request, len);
        break;
    case DISTRUSTED:
        return -1;
    case ANSWERED:
    case NOT_ANSWERED:
        break;
    }
    return 0;
}

static void ask_again(struct batch_workers *w, struct turn *t)
{
    enum answered how = try_answer(w, t, t->question.data, t->question.len);
    if (how == TO_WAIT)
        return;
    t->asks = false;
    held_free(&t->question);
    if (how == DISTRUSTED) {
        turn_fail(t, TURN_LOST, EX_SOFTWARE, "its worker asked what none of winnow asks; look at "
                                             "the page");
        pool_stop_job(t->job);
    }
}

/* Those that wait, in their order. */
static void ask_all_again(struct batch_workers *w)
{
    while (w->stirred) {
        w->stirred = false;
        for (size_t i = w->first; i < w->next; i++)
            if (turn_of(w, i)->asks && turn_of(w, i)->end == TURN_UNENDED)
                ask_again(w, turn_of(w, i));
    }
}

/* --- what workers write ------------------------------------------------------------------- */

static int on_output(void *ctx, struct pool_job *job, enum pool_part part, const char *data,
                     size_t len)
{
    struct batch_workers *w = ctx;
    struct turn *t = pool_context(job);
    size_t before = t->held;
    int why = turn_take(t, part, data, len);
    w->held += t->held - before;
    if (why == 0)
        return 0;
    char text[200];
    snprintf(text, sizeof text,
             "its result cannot be kept until its turn comes: %s; make room in TMPDIR, then clean "
             "it again",
             strerror(why));
    turn_fail(t, TURN_LOST, EX_IOERR, text);
    return -1;
}

static const struct {
    enum turn_end end;
    int code;
} ends[] = {
    [POOL_CLEANED] = {TURN_CLEANED, EX_OK},
    [POOL_REFUSED] = {TURN_REFUSED, EX_OK}, /* the code is its status' */
    [POOL_DIED] = {TURN_LOST, EX_SOFTWARE},
    [POOL_TIMED_OUT] = {TURN_LOST, EX_SOFTWARE},
    [POOL_BROKE] = {TURN_LOST, EX_SOFTWARE},
    [POOL_STOPPED] = {TURN_STOPPED, EX_SOFTWARE},
};

static void on_done(void *ctx, struct pool_job *job, const struct pool_result *result)
{
    struct batch_workers *w = ctx;
    struct turn *t = pool_context(job);
    t->job = NULL;
    t->asks = false;
    held_free(&t->question);
    if (result->end == POOL_CLEANED && turn_end_taking(t) != 0)
        turn_fail(t, TURN_LOST, EX_OSERR, "out of memory; free some, then clean it again");
    turn_fail(t, ends[result->end].end,
              result->end == POOL_REFUSED ? exit_code_of(result->status) : ends[result->end].code,
              result->text);
    if (t->end == TURN_CLEANED || t->end == TURN_STOPPED)
        return; /* those behind it wait until it is settled */
    turn_end_asking(t);
    w->stirred = true;
}

static const struct pool_calls calls = {.ask = on_ask, .output = on_output, .done = on_done};

/* --- pages to workers --------------------------------------------------------------------- */

static unsigned wanted(const struct batch_workers *w)
{
    static const unsigned parts[] = {
        [WINNOW_TEXT] = POOL_TEXT, [WINNOW_JSON] = POOL_JSON, [WINNOW_JSONL] = POOL_JSONL};
    const struct batch *b = w->batch;
    if (w->pass == BATCH_LEARN)
        return POOL_LEARN | POOL_TOLD;
    unsigned ret = parts[b->settings->format];
    if (w->pass == BATCH_CLEAN && b->index)
        ret |= POOL_TOLD | (batch_can_rewrite(b) ? POOL_SUPERSEDED : 0);
    return ret;
}

static int give(struct batch_workers *w, size_t i, const struct loaded *l, int fd,
                struct winnow_error *err)
{
    struct turn *t = turn_of(w, i);
    struct winnow_input in = page_input(&w->batch->inputs->items[i], w->batch->settings, l);
    struct pool_page page = {.fd = fd,
                             .name = in.name,
                             .url = in.url,
                             .url_from = in.url_from,
                             .charset = in.charset,
                             .source = in.source,
                             .kind = in.kind,
                             .wanted = wanted(w)};
    t->bytes = l->len;
    t->source = in.source ? strdup(in.source) : NULL;
    int status = WINNOW_OK;
    if (w->batch->index)
        status = winnow_asking_new(w->batch->index, 1, &t->asking, err);
    return status == WINNOW_OK ? pool_add(w->pool, &page, t, &t->job, err) : status;
}

static void give_loaded(struct batch_workers *w, size_t i, const struct loaded *l)
{
    struct turn *t = turn_of(w, i);
    struct winnow_error err = {0};
    int fd = batch_open(w->batch, i, l);
    if (fd < 0) {
        snprintf(err.text, sizeof err.text,
                 "cannot be given to a worker: %s; free some memory, then clean it again",
                 strerror(errno));
        turn_fail(t, TURN_LOST, EX_OSERR, err.text);
        return;
    }
    int status = give(w, i, l, fd, &err);
    close(fd);
    if (status == WINNOW_OK)
        return;
    turn_fail(t, TURN_LOST, exit_code_of(status), err.text);
    turn_end_asking(t);
}

static void begin(struct batch_workers *w, size_t i)
{
    struct turn *t = turn_of(w, i);
    struct loaded own;
    const struct loaded *l;
    if (!batch_concerns(w->batch, w->pass, i)) {
        turn_fail(t, TURN_PASSED_OVER, EX_OK, "");
        return;
    }
    int code = batch_load(w->batch, i, &own, &l);
    if (code == EX_OK)
        give_loaded(w, i, l);
    else
        turn_fail(t, TURN_SAID, code, "");
    loaded_free(&own);
}

static bool can_begin(const struct batch_workers *w)
{
    const struct batch *b = w->batch;
    return w->next < b->inputs->count && w->next - w->first < TURNS && w->held < HELD_MOST &&
           !stop_asked() && pool_has_room(w->pool) &&
           (w->next == w->first || batch_loads_quietly(b, w->next));
}

/* --- results in their turn ---------------------------------------------------------------- */

static void say_lost(const struct batch_workers *w, size_t i, const struct turn *t)
{
    if (t->end != TURN_SAID)
        say("%s: %s", w->batch->inputs->items[i].path, t->why.text);
}

static int take_told(struct turn *t, struct winnow_error *err)
{
    int status = winnow_asking_take(t->asking, t->told.data, t->told.len, err);
    turn_end_asking(t);
    return status;
}

static void learn(struct batch_workers *w, size_t i, struct turn *t)
{
    struct winnow_error err = {0};
    int status = take_told(t, &err);
    if (status == WINNOW_OK) {
        batch_count_pending(w->batch, i, t->bytes);
        return;
    }
    t->end = status == WINNOW_EDATA ? TURN_LOST : TURN_UNASKED;
    t->code = status == WINNOW_EDATA ? EX_SOFTWARE : exit_code_of(status);
    t->why = err;
}

/* What keeps a page from being learned keeps it from being cleaned, and is said then; but no
 * worker is lost to it twice. */
static void settle_learned(struct batch_workers *w, size_t i, struct turn *t)
{
    if (t->end == TURN_CLEANED)
        learn(w, i, t);
    if (t->end == TURN_UNASKED || t->end == TURN_LOST)
        say_lost(w, i, t);
    if (t->end == TURN_UNASKED)
        batch_end_run(w->batch, t->code);
    if (t->end == TURN_LOST)
        w->batch->items[i].code = t->code;
}

/* It is written: the index may know it. */
static int remember(struct batch_workers *w, size_t i, struct turn *t)
{
    struct batch *b = w->batch;
    struct winnow_error err = {0};
    if (!b->index)
        return EX_OK;
    for (size_t at = 0; at < t->superseded.len; at += strlen(t->superseded.data + at) + 1)
        batch_note_superseded(b, t->superseded.data + at);
    int status = take_told(t, &err);
    if (status == WINNOW_OK) {
        batch_count_pending(b, i, t->told.len);
        return EX_OK;
    }
    int code = batch_cannot_take(b, i, &err);
    if (status != WINNOW_EDATA)
        batch_end_run(b, code);
    return code;
}

static void say_notes(const struct batch_workers *w, size_t i, const struct turn *t)
{
    for (size_t at = 0; at < t->notes.len; at += strlen(t->notes.data + at) + 1)
        say("%s: note: %s", w->batch->inputs->items[i].path, t->notes.data + at);
}

static int finish(struct batch_workers *w, size_t i, struct turn *t)
{
    struct batch *b = w->batch;
    bool again = w->pass == BATCH_AGAIN; /* then its notes were told */
    if (!b->settings->quiet && !again)
        say_notes(w, i, t);
    int code = batch_write(
        b, i, &(struct batch_result){.data = t->result.data, .len = t->result.len});
    if (code == EX_OK && !again) {
        code = remember(w, i, t);
        batch_note_written(b, i, t->source);
    }
    return code;
}

static void settle_cleaned(struct batch_workers *w, size_t i, struct turn *t)
{
    int code = t->code;
    if (t->end == TURN_PASSED_OVER)
        return;
    if (t->end == TURN_CLEANED)
        code = finish(w, i, t);
    else
        say_lost(w, i, t);
    if (code != EX_OK)
        batch_count_failure(w->batch, code);
}

static void forget(struct batch_workers *w, size_t i)
{
    w->held -= turn_of(w, i)->held;
    turn_free(turn_of(w, i));
}

/* --- the pass ----------------------------------------------------------------------------- */

static void step(struct batch_workers *w)
{
    struct winnow_error err = {0};
    int status = pool_step(w->pool, -1, &err);
    if (status == WINNOW_OK)
        return;
    say("%s", err.text);
    batch_end_run(w->batch, exit_code_of(status));
}

static bool has_job(struct batch_workers *w)
{
    for (size_t i = w->first; i < w->next; i++)
        if (turn_of(w, i)->job)
            return true;
    return false;
}

/* All that is not settled. */
static void begin_again(struct batch_workers *w)
{
    for (size_t i = w->first; i < w->next; i++)
        if (turn_of(w, i)->job)
            pool_stop_job(turn_of(w, i)->job);
    while (has_job(w) && w->batch->over == EX_OK)
        step(w);
    if (w->batch->over != EX_OK)
        return;
    while (w->next > w->first)
        forget(w, --w->next);
}

/* The first page's worker was stopped: false where that is the page's end. */
static bool try_again(struct batch_workers *w)
{
    struct batch *b = w->batch;
    struct batch_item *item = &b->items[w->first];
    if (item->stopped || !batch_can_load_again(b, w->first)) {
        turn_of(w, w->first)->end = TURN_LOST;
        return false;
    }
    item->stopped = true;
    begin_again(w);
    return true;
}

/* Those that have ended, from the first on. */
static void settle_due(struct batch_workers *w, struct progress *progress)
{
    while (w->first < w->next && w->batch->over == EX_OK) {
        struct turn *t = turn_of(w, w->first);
        if (t->end == TURN_UNENDED || t->job)
            return;
        if (t->end == TURN_STOPPED && (batch_is_stopped(w->batch, w->first) || try_again(w)))
            return;
        (w->pass == BATCH_LEARN ? settle_learned : settle_cleaned)(w, w->first, t);
        forget(w, w->first++);
        w->stirred = true;
        if (progress)
            progress_show(progress, w->first, w->batch->inputs->count);
    }
}

void batch_workers_run(struct batch *b, enum batch_pass pass, struct progress *progress)
{
    struct batch_workers *w = b->workers;
    w->batch = b;
    w->pass = pass;
    w->first = w->next = 0;
    while (b->over == EX_OK && w->first < b->inputs->count) {
        if (w->first == w->next && batch_is_stopped(b, w->first))
            return;
        for (; can_begin(w); w->next++)
            begin(w, w->next);
        settle_due(w, progress);
        ask_all_again(w);
        bool idle = w->first == w->next;
        if (b->over == EX_OK && w->first < b->inputs->count && (!idle || !pool_has_room(w->pool)))
            step(w);
    }
}

/* --- beginning and end -------------------------------------------------------------------- */

static struct pool_settings pool_settings(const struct settings *s, const struct rule_paths *rules,
                                          bool has_index)
{
    size_t bytes = s->max_size > BYTES_DEFAULT ? s->max_size : BYTES_DEFAULT;
    return (struct pool_settings){
        .rules = (const char *const *)rules->items,
        .nrules = rules->count,
        .options = cleaner_options(s),
        .has_index = has_index,
        .use = {.no_site = s->no_site,
                .across = s->across_given ? s->across : WINNOW_ACROSS_AS_RECORDED},
        .workers = s->jobs,
        .timeout_ms = TIMEOUT_MS,
        .memory = bytes * MEMORY_MULTIPLE,
    };
}

static int start(struct batch_workers *w, const struct settings *s, const struct rule_paths *rules,
                 bool has_index)
{
    struct pool_settings settings = pool_settings(s, rules, has_index);
    struct winnow_error err = {0};
    int status = pool_new(&settings, &calls, w, &w->pool, &err);
    if (status == WINNOW_OK)
        return EX_OK;
    if (status == WINNOW_ERULES)
        say("%s", err.text);
    else
        say("%s; -j 1 cleans in this process, without a box", err.text);
    return status == WINNOW_ERULES ? EX_CONFIG : EX_OSERR;
}

int batch_workers_new(const struct settings *s, bool has_index, struct batch_workers **ret)
{
    struct rule_paths rules;
    struct batch_workers *w = NULL;
    int code = cleaner_rules(s, &rules);
    if (code == EX_OK && !(w = calloc(1, sizeof *w))) {
        say("out of memory; free some, then run it again");
        code = EX_OSERR;
    }
    if (code == EX_OK)
        code = start(w, s, &rules, has_index);
    rule_paths_free(&rules);
    if (code == EX_OK)
        *ret = w;
    else
        free(w);
    return code;
}

void batch_workers_free(struct batch_workers *w)
{
    if (!w)
        return;
    pool_free(w->pool);
    for (size_t i = 0; i < TURNS; i++)
        turn_free(&w->turns[i]);
    free(w);
}
