/* worker.h - the life of a process that cleans one page. */
#ifndef WINNOW_POOL_WORKER_H
#define WINNOW_POOL_WORKER_H

#include "pool/box.h"
#include "pool/talk.h"

/* What all workers of a nursery have. */
struct worker {
    struct winnow *cleaner;
    struct winnow_index *remote; /* NULL: no index is asked */
    size_t max_bytes;            /* of a page, before it is unpacked */
    uint64_t memory;             /* bytes; for what is said when it was too little */
    struct box box;
    pid_t nursery;
    struct talk talk;
};

/* What is wanted of the one page. */
struct order {
    unsigned wanted; /* enum pool_part */
    uint64_t size;   /* bytes that its file had */
    struct winnow_input input; /* but for its data */
};

/* In a process that the nursery has forked: with BOX_PAGE and BOX_SOCKET open. */
_Noreturn void worker_run(struct worker *w, struct order *order);

/* Cleans the page and says what became of it; 0, or -1 where the owner is gone. */
int page_run(struct worker *w, struct order *order);

#endif
