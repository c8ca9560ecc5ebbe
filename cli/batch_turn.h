/* batch_turn.h - one input on its way through a worker, and its outcome until its turn comes.
 *
 *   turn_begin --> running --on_done--> ended --(all before it are settled)--> turn_free
 *                    |  ^
 *                ask v  | answered
 *                  waiting: a page that it shares text with comes first */
#ifndef WINNOW_BATCH_TURN_H
#define WINNOW_BATCH_TURN_H

#include "batch_held.h"
#include "pool/pool.h"

enum turn_end {
    TURN_UNENDED,
    TURN_PASSED_OVER, /* this pass is none for it */
    TURN_CLEANED,
    TURN_SAID,    /* it came to nothing, and a message has told */
    TURN_REFUSED, /* by the library */
    TURN_LOST,    /* its worker died, or was ended */
    TURN_STOPPED, /* its worker was stopped: no fault of the page */
    TURN_UNASKED, /* the index could not be asked */
};

struct turn {
    enum turn_end end;
    int code;                /* not TURN_CLEANED: the exit code */
    struct winnow_error why; /* and what is to be said */

    struct pool_job *job; /* NULL: it has none any more */
    struct winnow_asking *asking;
    struct held question; /* put, and not answered yet */
    bool asks;
    char *source; /* from the heap; NULL: it has none */
    size_t bytes; /* of the input */

    struct held result, told;
    struct held notes, superseded; /* strings, each with a NUL behind it */
    size_t held;                   /* bytes of all these */
};

/* The end is decided: what is said comes later. */
void turn_fail(struct turn *t, enum turn_end end, int code, const char *text);

/* Takes a piece of what the worker writes.  0, or an errno. */
int turn_take(struct turn *t, enum pool_part part, const char *data, size_t len);

/* Nothing more comes: all that was taken can be read.  0, or an errno. */
int turn_end_taking(struct turn *t);

/* Nobody needs to wait for it any more. */
void turn_end_asking(struct turn *t);

/* Forgets all of it; it has no job any more. */
void turn_free(struct turn *t);

#endif
