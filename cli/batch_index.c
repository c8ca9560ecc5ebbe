/* batch_index.c - what the index hears of a batch, and when that is made durable. */
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "batch_parts.h"
#include "output.h"

enum {
    COMMIT_EVERY = 256,      /* documents, */
    COMMIT_BYTES = 64 << 20, /* or so much text: the index holds it until then */
};

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

void batch_commit(struct batch *b)
{
    struct winnow_error err = {0};
    if (b->pending == 0)
        return;
    b->pending = b->pending_bytes = 0;
    if (end_results(b) != EX_OK) {
        batch_end_run(b, EX_IOERR);
        return;
    }
    int status = winnow_index_commit(b->index, &err);
    if (status == WINNOW_OK)
        return;
    say("%s; results that are written stay, but the index knows nothing of them: run it again, "
        "from %s on",
        err.text, b->inputs->items[b->first_pending].path);
    batch_end_run(b, exit_code_of(status));
}

void batch_count_pending(struct batch *b, size_t i, size_t bytes)
{
    if (b->pending++ == 0)
        b->first_pending = i;
    b->pending_bytes += bytes;
    if (b->pending >= COMMIT_EVERY || b->pending_bytes >= COMMIT_BYTES)
        batch_commit(b);
}

int batch_cannot_take(const struct batch *b, size_t i, const struct winnow_error *err)
{
    say("%s: its result is written, but the index cannot take it: %s", b->inputs->items[i].path,
        err->text);
    return exit_code_of((int)err->status);
}

/* --- records that become untrue ------------------------------------------------------------- */

static int by_source(const void *a, const void *b)
{
    return strcmp(((const struct batch_item *)a)->source, ((const struct batch_item *)b)->source);
}

void batch_note_written(struct batch *b, size_t i, const char *source)
{
    struct batch_item *item = &b->items[i];
    if (item->source || !batch_can_rewrite(b))
        return;
    item->source = strdup(source ? source : "");
    if (item->source)
        tsearch(item, &b->by_source, by_source);
}

void batch_note_superseded(struct batch *b, const char *source)
{
    struct batch_item key = {.source = (char *)source};
    struct batch_item **hit = tfind(&key, &b->by_source, by_source);
    if (hit)
        (*hit)->again = true;
}
