/* batch.c - inputs through cleaners: learned, cleaned, written, remembered.
 *
 * 1. Several inputs are learned before the first is cleaned: what their sites' pages share
 *    is known for all of them, whichever comes first.
 * 2. The index hears of a document once its result is written, and a commit follows what
 *    standard output has taken and what the disk has of the output folder: a run that dies
 *    says too little, never too much, and may be repeated, for a document is no copy of
 *    itself.
 * 3. A record that was written before a later input turned out to be the more complete copy
 *    is written again at the end.
 * 4. However many pages are cleaned at once, what comes out is what comes out of one after
 *    the other: results, messages, the index. */
#include "batch.h"

#include <search.h>
#include <stdlib.h>
#include <sysexits.h>

#include "batch_parts.h"
#include "batch_pool.h"
#include "stop.h"

bool batch_is_repeated(const struct batch *b)
{
    return b->index && b->inputs->count > 1;
}

/* Records on standard output are gone; a text says nothing of other documents. */
bool batch_can_rewrite(const struct batch *b)
{
    return batch_is_repeated(b) && b->settings->out && b->settings->format != WINNOW_TEXT;
}

bool batch_concerns(const struct batch *b, enum batch_pass pass, size_t i)
{
    return pass != BATCH_AGAIN || b->items[i].again;
}

void batch_end_run(struct batch *b, int code)
{
    if (b->over == EX_OK)
        b->over = code;
}

bool batch_is_stopped(struct batch *b, size_t i)
{
    if (!stop_asked())
        return false;
    say("stopped by a signal before %s; what was done is kept", b->inputs->items[i].path);
    batch_end_run(b, stop_code());
    return true;
}

void batch_count_failure(struct batch *b, int code)
{
    b->code = code;
    b->failed++;
}

static void run_here(struct batch *b, enum batch_pass pass, struct progress *progress)
{
    for (size_t i = 0; i < b->inputs->count && b->over == EX_OK; i++) {
        if (batch_is_stopped(b, i))
            return;
        if (batch_concerns(b, pass, i))
            batch_one(b, pass, i);
        if (progress)
            progress_show(progress, i + 1, b->inputs->count);
    }
}

/* One pass over all inputs. */
static void run_pass(struct batch *b, enum batch_pass pass)
{
    struct progress progress = {0};
    bool shows = b->settings->out && pass != BATCH_AGAIN;
    (b->workers ? batch_workers_run : run_here)(b, pass, shows ? &progress : NULL);
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
    b->items = calloc(b->inputs->count + 1, sizeof *b->items);
    if (!b->items) {
        say("out of memory; clean fewer inputs at once");
        return EX_OSERR;
    }
    if (batch_is_repeated(b) && !b->settings->no_site)
        run_pass(b, BATCH_LEARN);
    run_pass(b, BATCH_CLEAN);
    if (b->by_source)
        run_pass(b, BATCH_AGAIN);
    batch_workers_free(b->workers);
    b->workers = NULL;
    batch_commit(b);
    batch_end(b);
    return EX_OK;
}
