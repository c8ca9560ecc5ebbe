/* batch.h - inputs through cleaners: learned, cleaned, written, remembered. */
#ifndef WINNOW_BATCH_H
#define WINNOW_BATCH_H

#include "inputs.h"

struct batch {
    struct winnow *cleaner;        /* pages are cleaned in this process; NULL: */
    struct batch_workers *workers; /* several at once, in others (batch_pool.h) */
    struct winnow_index *index;    /* NULL: none */
    const struct settings *settings;
    const struct inputs *inputs;
    /* What comes of it: */
    size_t failed; /* inputs that came to nothing */
    int code;      /* of the last one of them */
    int over;      /* not 0: nothing more could be done, and with this exit code it ends */

    /* Its own: */
    struct batch_item *items; /* one an input */
    void *by_source;          /* those that were written */
    size_t kept;              /* bytes of inputs in memory */
    size_t pending, first_pending; /* documents since the last commit; the first's input */
    size_t pending_bytes;          /* their texts' */
    bool written;                  /* below the output folder, since then */
};

/* Runs all inputs.  0, or EX_OSERR after a message where it could not begin. */
int batch_run(struct batch *b);

#endif
