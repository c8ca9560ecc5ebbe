/* batch_parts.h - what the files of a batch share.
 *
 *     batch.c        the passes
 *     batch_load.c   an input's bytes, which may be wanted twice
 *     batch_one.c    a page in this process
 *     batch_pool.c   pages in workers, and their results in the order of the inputs
 *     batch_turn.c   a page that a worker has, until it is its turn
 *     batch_held.c   bytes that wait, in memory or in a file
 *     batch_write.c  a page's result goes to its place
 *     batch_index.c  what the index hears, and when
 *
 * Only these include it. */
#ifndef WINNOW_BATCH_PARTS_H
#define WINNOW_BATCH_PARTS_H

#include "batch.h"
#include "say.h"

struct batch_item {
    struct loaded loaded; /* where it is kept */
    char *source;         /* from the heap, once it is written; "": it has none */
    int code;             /* not 0: it cannot be read or learned, which was said */
    bool kept, fetched, again;
    bool stopped;         /* its worker was stopped once, by no fault of the page */
};

enum batch_pass {
    BATCH_LEARN,
    BATCH_CLEAN,
    BATCH_AGAIN, /* records that a later input has made untrue */
};

/* --- batch.c ------------------------------------------------------------------------------ */

bool batch_is_repeated(const struct batch *b); /* are inputs read more than once? */
bool batch_can_rewrite(const struct batch *b); /* are records written again? */

/* Is this pass one for input i? */
bool batch_concerns(const struct batch *b, enum batch_pass pass, size_t i);

/* The run ends: with this code, after a message. */
void batch_end_run(struct batch *b, int code);

/* Ends the run, with a message, if a signal asked for that; input i is the first not done. */
bool batch_is_stopped(struct batch *b, size_t i);

/* Input i has come to nothing. */
void batch_count_failure(struct batch *b, int code);

/* --- batch_load.c --------------------------------------------------------------------------- */

/* Reads input i, or takes what is kept of it: *ret, which is `own` where it is not kept.  0,
 * or an exit code after a message, which comes once. */
int batch_load(struct batch *b, size_t i, struct loaded *own, const struct loaded **ret);

/* Is it certain to be read without a message, and at once? */
bool batch_loads_quietly(const struct batch *b, size_t i);

/* Can it be read once more? */
bool batch_can_load_again(const struct batch *b, size_t i);

/* A descriptor for a worker to read input i from, which was loaded; -1 and errno. */
int batch_open(const struct batch *b, size_t i, const struct loaded *l);

/* --- batch_one.c ---------------------------------------------------------------------------- */

void batch_one(struct batch *b, enum batch_pass pass, size_t i);

/* --- batch_pool.c --------------------------------------------------------------------------- */

/* A pass over all inputs, by b->workers.  progress NULL: it is not shown. */
void batch_workers_run(struct batch *b, enum batch_pass pass, struct progress *progress);

/* --- batch_write.c -------------------------------------------------------------------------- */

/* A page, or what was rendered of one. */
struct batch_result {
    const struct winnow_page *page; /* NULL: the bytes */
    const char *data;
    size_t len;
};

/* 0, or an exit code after a message. */
int batch_write(struct batch *b, size_t i, const struct batch_result *result);

/* --- batch_index.c -------------------------------------------------------------------------- */

/* What was learned and cleaned since the last commit becomes durable. */
void batch_commit(struct batch *b);

/* Input i, of so many bytes, has reached the index. */
void batch_count_pending(struct batch *b, size_t i, size_t bytes);

/* The record of input i may be written again. */
void batch_note_written(struct batch *b, size_t i, const char *source);

/* A page came that is more complete than the document of this source. */
void batch_note_superseded(struct batch *b, const char *source);

/* The result of input i is written, but the index does not have it.  Returns the exit code. */
int batch_cannot_take(const struct batch *b, size_t i, const struct winnow_error *err);

#endif
