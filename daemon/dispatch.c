/* dispatch.c - pages to workers; their questions, and the pieces of what they answer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coordinator_parts.h"
#include "fault.h"
#include "notify.h"

/* --- giving pages away ------------------------------------------------------------------------- */

void dispatch_waiting(struct coordinator *c)
{
    uint64_t now = coordinator_now_ns();
    struct job *job, *next;
    for (job = TAILQ_FIRST(&c->lists[JOB_WAITING]); job; job = next) {
        next = TAILQ_NEXT(job, link);
        if (job->due_ns <= now)
            coordinator_move(c, job, JOB_QUEUED);
    }
}

static int begin_asking(struct coordinator *c, struct job *job, struct winnow_error *err)
{
    if (!c->index.index)
        return WINNOW_OK;
    pthread_mutex_lock(&c->index.lock);
    int status = winnow_asking_new(c->index.index, 0, &job->asking, err);
    pthread_mutex_unlock(&c->index.lock);
    return status;
}

static unsigned wanted(const struct coordinator *c)
{
    return (c->config.text ? POOL_TEXT : 0) | (c->config.record ? POOL_JSON : 0) |
           (c->index.index ? POOL_TOLD : 0);
}

/* The document is the file by its name: what is dropped again under it is a newer version. */
static int give(struct coordinator *c, struct job *job, int fd, struct winnow_error *err)
{
    char url[8192], *source = NULL;
    const char *from = NULL;
    spool_read_url(c->spool, job->id, job->path, url, &from);
    if (asprintf(&source, "%s/drop/%s", c->spool->path, job->path) < 0)
        return fault_nomem(err);
    struct pool_page page = {.fd = fd,
                             .name = job->path,
                             .url = *url ? url : NULL,
                             .url_from = *url ? from : NULL,
                             .source = source,
                             .wanted = job->wanted = wanted(c)};
    int status = begin_asking(c, job, err);
    if (status == WINNOW_OK)
        status = pool_add(c->pool, &page, job, &job->page, err);
    free(source);
    return status;
}

/* A file that nobody can open now may be readable later: but it is not waited for here. */
static void start_job(struct coordinator *c, struct job *job)
{
    struct winnow_error err = {0};
    int fd = -1;
    int status = spool_open_input(c->spool, job->id, job->path, &fd, &job->before, &err);
    if (status == SPOOL_GONE || (status == WINNOW_EUSAGE)) {
        outcome_unreadable(c, job, status == SPOOL_GONE ? "it is gone from work/" : err.text);
        return;
    }
    if (status == WINNOW_OK)
        status = give(c, job, fd, &err);
    if (fd >= 0)
        close(fd);
    if (status == WINNOW_OK) {
        coordinator_move(c, job, JOB_RUNNING);
        return;
    }
    notify_say(NOTIFY_WARNING, &(struct notify_file){.id = job->id, .path = job->path},
               "cannot be given to a worker: %s", err.text);
    dispatch_drop_results(c, job);
    job->due_ns = coordinator_now_ns() + c->config.retry_ms * UINT64_C(1000000);
    coordinator_move(c, job, JOB_WAITING);
}

void dispatch_queued(struct coordinator *c)
{
    struct job *job;
    while (!c->stopping && !c->is_full && c->commit && pool_has_room(c->pool) &&
           (job = TAILQ_FIRST(&c->lists[JOB_QUEUED])))
        start_job(c, job);
}

/* --- results ------------------------------------------------------------------------------------ */

void dispatch_drop_results(struct coordinator *c, struct job *job)
{
    for (size_t i = 0; i < SPOOL_FILES; i++) {
        if (job->files[i] >= 0)
            close(job->files[i]);
        job->files[i] = -1;
    }
    spool_drop_results(c->spool, job->id);
    if (job->asking) {
        pthread_mutex_lock(&c->index.lock);
        winnow_asking_free(job->asking);
        pthread_mutex_unlock(&c->index.lock);
        job->asking = NULL;
    }
    c->asking -= job->question != NULL;
    free(job->question);
    job->question = NULL;
    job->bytes_out = 0;
    job->is_told = job->is_full = false;
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return true;
}

static const struct {
    enum pool_part part;
    enum spool_file file;
} places[] = {
    {POOL_TEXT, SPOOL_TEXT},
    {POOL_JSON, SPOOL_RECORD},
    {POOL_TOLD, SPOOL_TOLD},
};

static bool store_piece(struct coordinator *c, struct job *job, enum spool_file file,
                        const char *data, size_t len)
{
    struct winnow_error err = {0};
    if (job->files[file] < 0 &&
        spool_create(c->spool, job->id, file, &job->files[file], &err) != WINNOW_OK)
        return false;
    if (!write_all(job->files[file], data, len))
        return false;
    job->bytes_out += file == SPOOL_TOLD ? 0 : len;
    job->is_told |= file == SPOOL_TOLD;
    return true;
}

/* An empty piece makes an empty file: a page of which nothing is left has a text too. */
static int on_output(void *ctx, struct pool_job *page, enum pool_part part, const char *data,
                     size_t len)
{
    struct coordinator *c = ctx;
    struct job *job = pool_context(page);
    if (part == POOL_NOTE) {
        notify_say(NOTIFY_FILE, &(struct notify_file){.id = job->id, .path = job->path}, "%.*s",
                   (int)len, data);
        return 0;
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (places[i].part != part || store_piece(c, job, places[i].file, data, len))
            continue;
        job->is_full = true;
        take_set_full(c, errno == ENOSPC || errno == EDQUOT
                             ? "a result cannot be written for want of room"
                             : strerror(errno));
        return -1;
    }
    return 0;
}

/* --- questions ---------------------------------------------------------------------------------- */

struct answer {
    char *data;
    size_t len, cap;
};

static int collect(void *ctx, const char *data, size_t len)
{
    struct answer *a = ctx;
    if (len > a->cap - a->len) {
        size_t cap = a->len + len + a->cap;
        char *more = realloc(a->data, cap);
        if (!more)
            return -1;
        a->data = more;
        a->cap = cap;
    }
    if (len > 0)
        memcpy(a->data + a->len, data, len);
    a->len += len;
    return 0;
}

enum answered { ANSWERED, TO_WAIT, DISTRUSTED, TO_REPEAT };

static enum answered try_answer(struct coordinator *c, struct job *job, const void *request,
                                size_t len)
{
    struct winnow_error err = {0};
    struct answer a = {0};
    int wait = 0;
    if (!job->asking)
        return DISTRUSTED;
    if (pthread_mutex_trylock(&c->index.lock) != 0)
        return TO_WAIT; /* the committer tells when it is free again */
    int status = winnow_asking_answer(job->asking, request, len, collect, &a, &wait, &err);
    pthread_mutex_unlock(&c->index.lock);
    enum answered ret = wait ? TO_WAIT : status == WINNOW_EDATA ? DISTRUSTED : ANSWERED;
    if (ret == ANSWERED &&
        (status != WINNOW_OK || pool_answer(job->page, a.data, a.len, &err) != WINNOW_OK)) {
        notify_say(NOTIFY_WARNING, &(struct notify_file){.id = job->id, .path = job->path},
                   "the index cannot be asked: %s", err.text);
        ret = TO_REPEAT;
    }
    free(a.data);
    return ret;
}

static int keep_question(struct coordinator *c, struct job *job, const void *request, size_t len)
{
    job->question = malloc(len + 1);
    if (!job->question) {
        pool_stop_job(job->page);
        return 0;
    }
    if (len > 0)
        memcpy(job->question, request, len);
    job->question_len = len;
    c->asking++;
    if (c->commit)
        commit_hurry(c->commit);
    return 0;
}

static int on_ask(void *ctx, struct pool_job *page, const void *request, size_t len)
{
    struct coordinator *c = ctx;
    struct job *job = pool_context(page);
    if (job->question)
        return -1; /* two at once: no worker of ours does that */
    switch (try_answer(c, job, request, len)) {
    case TO_WAIT:
        return keep_question(c, job, request, len);
    case TO_REPEAT:
        pool_stop_job(page);
        return 0;
    case DISTRUSTED:
        return -1;
    case ANSWERED:
        break;
    }
    return 0;
}

static void ask_again(struct coordinator *c, struct job *job)
{
    enum answered how = try_answer(c, job, job->question, job->question_len);
    if (how == TO_WAIT)
        return;
    free(job->question);
    job->question = NULL;
    c->asking--;
    if (how != ANSWERED)
        pool_stop_job(job->page);
}

void dispatch_questions(struct coordinator *c)
{
    struct job *job;
    if (c->asking == 0 || !c->commit)
        return;
    TAILQ_FOREACH(job, &c->lists[JOB_RUNNING], link)
        if (job->question)
            ask_again(c, job);
    if (c->asking > 0)
        commit_hurry(c->commit);
}

static void on_done(void *ctx, struct pool_job *page, const struct pool_result *result)
{
    outcome_of(ctx, pool_context(page), result);
}

const struct pool_calls dispatch_calls = {
    .ask = on_ask,
    .output = on_output,
    .done = on_done,
    .reloaded = serve_reloaded,
};
