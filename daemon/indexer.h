/* indexer.h - the index, in a thread of its own: all that touches it is a task for it.
 *
 * An index belongs to one thread (its catalog's writer lock does), its commits wait for the
 * disk, and its merges may take seconds: so the coordinator puts questions and is told when
 * they are answered, and the committer waits.  Tasks are done in the order in which they
 * come. */
#ifndef WINNOW_INDEXER_H
#define WINNOW_INDEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "winnow.h"

struct indexer;

/* What becomes of a question. */
enum answered {
    ANSWER_NONE,       /* none was put, or it is with the indexer */
    ANSWER_READY,
    ANSWER_WAIT,       /* for another page: put it again when one has ended */
    ANSWER_DISTRUSTED, /* no worker of ours asks that */
    ANSWER_REPEAT,     /* clean the page again: the index has lost what it told */
    ANSWER_FAILED,     /* the index cannot be read: error says why */
};

/* One page's questions, one at a time.  Made all zero; indexer_end before it is freed. */
struct question {
    TAILQ_ENTRY(question) link;
    void *owner;                  /* whose it is: the indexer does not look */
    char *source;                 /* of the page's document, from the heap; as the worker has it */
    struct winnow_asking *asking; /* the indexer's */
    char *request;                /* from the heap; NULL: none is put */
    size_t request_len;
    char *answer; /* ANSWER_READY: from the heap */
    size_t answer_len;
    enum answered how;
    struct winnow_error error;
    bool is_with_indexer;
};

/* Opens the index of a folder.  WINNOW_EBUSY and so on, as winnow_index_open says. */
WINNOW_CHECK int indexer_new(const char *folder, struct indexer **ret, struct winnow_error *err);

int indexer_fd(const struct indexer *ix); /* readable: indexer_reap has something */

/* Takes the request, which becomes the question's; NULL puts the last one again. */
void indexer_ask(struct indexer *ix, struct question *q, char *request, size_t len);

/* Calls each for every question that has its answer since. */
typedef void indexer_answered_fn(void *ctx, struct question *q);
void indexer_reap(struct indexer *ix, indexer_answered_fn *answered, void *ctx);

/* Ends a page's questions, also one that is on its way, and what it keeps others waiting by
 * (where it was not taken). */
void indexer_end(struct indexer *ix, struct question *q);

/* The page takes long: others wait for it no longer.  Not while a question is with the
 * indexer. */
void indexer_release(struct indexer *ix, struct question *q);

/* How many documents there are, as of some moments ago; never waits. */
uint64_t indexer_documents(struct indexer *ix);

/* Runs a task in the indexer's thread, waits for it and returns what it returns.  For any
 * thread but the indexer's. */
typedef int indexer_task_fn(struct winnow_index *index, void *arg, struct winnow_error *err);
WINNOW_CHECK int indexer_run(struct indexer *ix, indexer_task_fn *task, void *arg,
                             struct winnow_error *err);

/* What was not committed is gone.  All questions were ended.  NULL does nothing. */
void indexer_free(struct indexer *ix);

#endif
