/* batch.c - inputs through a cleaner: learned, cleaned, written, remembered.
 *
 * 1. Several inputs are learned before the first is cleaned: what their sites' pages share
 *    is known for all of them, whichever comes first.
 * 2. The index hears of a document once its result is written, and a commit follows what
 *    standard output has taken and what the disk has of the output folder: a run that dies
 *    says too little, never too much, and may be repeated, for a document is no copy of
 *    itself.
 * 3. A record that was written before a later input turned out to be the more complete copy
 *    is written again at the end. */
#include "batch.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "output.h"
#include "pages.h"
#include "say.h"
#include "stop.h"
#include "targets.h"

enum {
    COMMIT_EVERY = 256,            /* documents, */
    COMMIT_BYTES = 64 << 20,       /* or so much text: the index holds it until then */
    KEEP_MOST = 256 * 1024 * 1024, /* bytes of fetched pages in memory, for a second look */
};

struct batch_item {
    struct loaded loaded; /* where it is kept */
    char *source;         /* from the heap, once it is written; "": it has none */
    int code;             /* not 0: it cannot be read, which was said */
    bool kept, fetched, again;
};

/* --- reading ------------------------------------------------------------------------------ */

/* Are inputs read more than once? */
static bool is_repeated(const struct batch *b)
{
    return b->index && b->inputs->count > 1;
}

/* Records on standard output are gone; a text says nothing of other documents. */
static bool can_rewrite(const struct batch *b)
{
    return is_repeated(b) && b->settings->out && b->settings->format != WINNOW_TEXT;
}

/* Standard input can be read once; what came from the web should be the same page twice. */
static bool keep(struct batch *b, size_t i, const struct loaded *l)
{
    enum input_kind kind = b->inputs->items[i].kind;
    if (!is_repeated(b) || kind == INPUT_FILE)
        return false;
    if (kind == INPUT_URL) {
        if (l->len > KEEP_MOST - b->kept)
            return false;
        b->kept += l->len;
    }
    b->items[i].loaded = *l;
    return b->items[i].kept = true;
}

/* Reads input i, or takes what is kept of it: *ret, which is `own` where it is not kept. */
static int load(struct batch *b, size_t i, struct loaded *own, const struct loaded **ret)
{
    struct batch_item *item = &b->items[i];
    const struct input *in = &b->inputs->items[i];
    *own = (struct loaded){0};
    *ret = &item->loaded;
    if (item->kept || item->code != EX_OK)
        return item->code;
    if (item->fetched && !b->settings->quiet)
        say("%s: note: fetched again, for %d MiB of pages are in memory", in->path,
            KEEP_MOST / (1024 * 1024));
    item->code = input_load(in, b->settings, own);
    item->fetched = in->kind == INPUT_URL;
    if (item->code == EX_OK && keep(b, i, own))
        *own = (struct loaded){0};
    else
        *ret = own;
    return item->code;
}

/* --- the index ---------------------------------------------------------------------------- */

/* The run ends: with this code, after a message. */
static void end_run(struct batch *b, int code)
{
    if (b->over == EX_OK)
        b->over = code;
}

/* What nobody has got is not remembered: results leave our hands before the index speaks of
 * them.  An index in memory does not outlive anything. */
static int end_results(struct batch *b)
{
    const struct settings *s = b->settings;
    if (!s->out)
        return output_end();
    bool asks = s->index && b->written;
    b->written = false;
    return asks ? output_sync(s->out) : EX_OK;
}

/* What was learned and cleaned since the last commit becomes durable. */
static void commit(struct batch *b)
{
    struct winnow_error err = {0};
    if (b->pending == 0)
        return;
    b->pending = b->pending_bytes = 0;
    if (end_results(b) != EX_OK) {
        end_run(b, EX_IOERR);
        return;
    }
    int status = winnow_index_commit(b->index, &err);
    if (status == WINNOW_OK)
        return;
    say("%s; results that are written stay, but the index knows nothing of them: run it again, "
        "from %s on",
        err.text, b->inputs->items[b->first_pending].path);
    end_run(b, exit_code_of(status));
}

/* Input i, of so many bytes, has reached the index. */
static void count_pending(struct batch *b, size_t i, size_t bytes)
{
    if (b->pending++ == 0)
        b->first_pending = i;
    b->pending_bytes += bytes;
    if (b->pending >= COMMIT_EVERY || b->pending_bytes >= COMMIT_BYTES)
        commit(b);
}

static int by_source(const void *a, const void *b)
{
    return strcmp(((const struct batch_item *)a)->source, ((const struct batch_item *)b)->source);
}

/* Its record may be written again. */
static void note_written(struct batch *b, size_t i, const struct loaded *l)
{
    struct batch_item *item = &b->items[i];
    struct winnow_input in = page_input(&b->inputs->items[i], b->settings, l);
    if (item->source || !can_rewrite(b))
        return;
    item->source = strdup(in.source ? in.source : "");
    if (item->source)
        tsearch(item, &b->by_source, by_source);
}

/* Records that were written before this page came, which is more complete. */
static void note_superseded(struct batch *b, const struct winnow_page *page)
{
    struct winnow_relation r;
    for (size_t i = 0; (r = winnow_page_relation(page, i)).kind != NULL; i++) {
        struct batch_item key = {.source = (char *)r.source};
        struct batch_item **hit = NULL;
        if (strcmp(r.kind, "supersedes") == 0)
            hit = tfind(&key, &b->by_source, by_source);
        if (hit)
            (*hit)->again = true;
    }
}

/* Page i is written: the index may know it. */
static int remember(struct batch *b, size_t i, const struct winnow_page *page)
{
    struct winnow_error err = {0};
    size_t bytes;
    if (!b->index)
        return EX_OK;
    note_superseded(b, page);
    int status = winnow_index_add(b->index, page, &err);
    if (status != WINNOW_OK) {
        say("%s: its result is written, but the index cannot take it: %s", b->inputs->items[i].path,
            err.text);
        end_run(b, exit_code_of(status));
        return exit_code_of(status);
    }
    winnow_page_text(page, &bytes);
    count_pending(b, i, bytes);
    return EX_OK;
}

/* --- the passes --------------------------------------------------------------------------- */

/* What keeps a page from being learned keeps it from being cleaned, and is said then. */
static bool is_of_index(int status)
{
    return status == WINNOW_EIO || status == WINNOW_EUSAGE;
}

static void learn_one(struct batch *b, size_t i)
{
    struct loaded own;
    const struct loaded *l;
    struct winnow_error err = {0};
    if (load(b, i, &own, &l) != EX_OK)
        return;
    struct winnow_input in = page_input(&b->inputs->items[i], b->settings, l);
    int status = winnow_learn(b->cleaner, &in, &err);
    size_t bytes = l->len;
    loaded_free(&own);
    if (status == WINNOW_OK) {
        count_pending(b, i, bytes);
    } else if (is_of_index(status)) {
        say("%s: %s", in.name ? in.name : b->inputs->items[i].path, err.text);
        end_run(b, exit_code_of(status));
    }
}

static int write_result(struct batch *b, size_t i, const struct winnow_page *page)
{
    const struct settings *s = b->settings;
    const struct input *in = &b->inputs->items[i];
    if (!s->out)
        return output_stdout(page, s->format, in->path);
    char *path = target_path(s, in->name);
    if (!path) {
        say("%s: out of memory; free some, then clean it again", in->path);
        return EX_OSERR;
    }
    int code = output_file(page, s->format, in->path, path);
    b->written |= code == EX_OK;
    free(path);
    return code;
}

static int clean_loaded(struct batch *b, size_t i, const struct loaded *l)
{
    const struct input *in = &b->inputs->items[i];
    struct batch_item *item = &b->items[i];
    struct winnow_page *page = NULL;
    struct settings s = *b->settings;
    s.quiet |= item->again; /* its notes were told */
    int code = page_clean_loaded(b->cleaner, in, &s, l, &page);
    if (code == EX_OK) {
        code = write_result(b, i, page);
        if (code == EX_IOERR) /* a full disk takes no second file either */
            end_run(b, code);
    }
    if (code == EX_OK && !item->again) {
        code = remember(b, i, page);
        note_written(b, i, l);
    }
    winnow_page_free(page);
    return code;
}

static void clean_one(struct batch *b, size_t i)
{
    struct loaded own;
    const struct loaded *l;
    int code = load(b, i, &own, &l);
    if (code == EX_OK)
        code = clean_loaded(b, i, l);
    loaded_free(&own);
    if (code != EX_OK) {
        b->code = code;
        b->failed++;
    }
}

static void clean_again(struct batch *b, size_t i)
{
    if (b->items[i].again)
        clean_one(b, i);
}

/* One pass over all inputs. */
static void pass(struct batch *b, void (*one)(struct batch *b, size_t i), bool shows)
{
    struct progress progress = {0};
    for (size_t i = 0; i < b->inputs->count && b->over == EX_OK; i++) {
        if (stop_asked()) {
            say("stopped by a signal before %s; what was done is kept", b->inputs->items[i].path);
            end_run(b, stop_code());
            break;
        }
        one(b, i);
        if (shows)
            progress_show(&progress, i + 1, b->inputs->count);
    }
    progress_end(&progress);
}

static void no_free(void *node)
{
    (void)node;
}

static void batch_end(struct batch *b)
{
    tdestroy(b->by_source, no_free);
    for (size_t i = 0; i < b->inputs->count; i++) {
        loaded_free(&b->items[i].loaded);
        free(b->items[i].source);
    }
    free(b->items);
}

int batch_run(struct batch *b)
{
    bool shows = b->settings->out != NULL;
    b->items = calloc(b->inputs->count + 1, sizeof *b->items);
    if (!b->items) {
        say("out of memory; clean fewer inputs at once");
        return EX_OSERR;
    }
    if (is_repeated(b) && !b->settings->no_site)
        pass(b, learn_one, shows);
    pass(b, clean_one, shows);
    if (b->by_source)
        pass(b, clean_again, false);
    commit(b);
    batch_end(b);
    return EX_OK;
}
