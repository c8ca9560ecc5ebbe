/* pool.h - pages cleaned in boxed processes, several at once.
 *
 * The owner (winnowd's coordinator, or winnow clean -j) never parses a page.  It starts one
 * nursery, the program winnow-worker, which reads the rules, puts itself into a box
 * (box.h) and then forks one worker for each page: a worker sees one page, and dies
 * with it.
 *
 *      owner ----- control socket ------ nursery      jobs, who was born, who died of what
 *        |                                  | fork
 *        +-------- a page's socket ------ worker      questions to the index, results
 *
 * 1. A worker has one descriptor of the page, for reading, and its socket; no path, no
 *    network, no other process.
 * 2. Whatever a worker writes is bounded and checked; what does not fit the protocol ends
 *    it, as POOL_BROKE, and nothing else.
 * 3. Every page that was added ends with exactly one call of done.
 * 4. A page that takes long gives its place to others (`LONG_MS` in pool.c): pages wait for
 *    the machine, never for one page.
 *
 * For one thread. */
#ifndef WINNOW_POOL_H
#define WINNOW_POOL_H

#include <stdbool.h>

#include "winnow.h"

struct pool;
struct pool_job;

struct pool_settings {
    const char *program; /* winnow-worker; NULL: found beside this program, or where it is
                            installed */
    const char *const *rules; /* folders or files, in the order of winnow_add_rules */
    size_t nrules;
    struct winnow_options options; /* cache is not used: a box has no paths */
    bool has_index;                /* workers ask the owner's index, by `use` */
    struct winnow_index_use use;
    unsigned workers;        /* pages at once; 0: as many as there are processors */
    unsigned timeout_ms;     /* for one page, by the clock; 0: 60 s */
    size_t memory;           /* bytes a worker may map; 0: 4 GiB */
    bool will_reload;        /* the rule files' errors are listed at the start, so that
                                pool_reload can tell new ones; takes time with large folders */
};

/* What is wanted of a page, and what the pieces of output are. */
enum pool_part {
    POOL_TEXT = 1 << 0,
    POOL_JSON = 1 << 1,
    POOL_JSONL = 1 << 2,
    POOL_TOLD = 1 << 3,  /* for winnow_asking_take */
    POOL_LEARN = 1 << 4, /* wanted alone, with POOL_TOLD: winnow_learn, no cleaning */
    POOL_NOTE = 1 << 5,  /* a note of the page, one a piece; comes always */
    POOL_SUPERSEDED = 1 << 6, /* the source of a document that is less complete than the page,
                                 with its NUL, one a piece */
};

struct pool_page {
    int fd; /* a file or memfd, for reading, read from its beginning; stays the caller's,
               who may close it after pool_add */
    const char *name, *url, *url_from, *charset, *source; /* as in struct winnow_input */
    enum winnow_kind kind;
    unsigned wanted; /* enum pool_part */
};

enum pool_end {
    POOL_CLEANED,
    POOL_REFUSED,   /* the library said why: status and text */
    POOL_DIED,      /* by a signal: crash, out of its memory's bounds, forbidden call */
    POOL_TIMED_OUT,
    POOL_BROKE,     /* it wrote what no worker of ours writes */
    POOL_STOPPED,   /* by pool_stop, or its nursery died: not the page's fault; try again */
};

struct pool_result {
    enum pool_end end;
    int status;       /* POOL_REFUSED: enum winnow_status */
    int signal;       /* POOL_DIED */
    const char *text; /* what happened, and what to do; "" where it was cleaned */
    char page[33];    /* the page's id, 32 hexadecimal digits; "": not known */
    bool suspect;     /* winnow_page_suspect */
    unsigned long wall_us, cpu_us;
    unsigned long max_rss; /* KiB */
};

/* Called by pool_step; ctx is pool_new's, and job's own is pool_context. */
struct pool_calls {
    /* A question for winnow_asking_answer.  pool_answer answers it, now or later.  Not 0: the
     * worker is not to be trusted, and ends as POOL_BROKE. */
    int (*ask)(void *ctx, struct pool_job *job, const void *request, size_t len);
    /* A piece of a result; they come in order, part after part.  Not 0: cannot be taken; the
     * worker is killed, and the page ends as POOL_STOPPED. */
    int (*output)(void *ctx, struct pool_job *job, enum pool_part part, const char *data,
                  size_t len);
    /* The page's end; its process is gone, and job after this call. */
    void (*done)(void *ctx, struct pool_job *job, const struct pool_result *result);
    /* The outcome of pool_reload: 0, or a status and why; then the old rules stay. */
    void (*reloaded)(void *ctx, int status, const char *text);
};

/* Starts the nursery and waits until it stands in its box with its rules.  WINNOW_ERULES;
 * WINNOW_EUSAGE where the machine has no such box: that is never passed over. */
WINNOW_CHECK int pool_new(const struct pool_settings *settings, const struct pool_calls *calls,
                          void *ctx, struct pool **ret, struct winnow_error *err);

int pool_fd(const struct pool *p); /* readable when pool_step has something to do */

/* Waits for at most so long (-1: without end) and makes the calls that are due.  WINNOW_EIO
 * where the nursery died and cannot be started again: now; it is tried again at the next
 * step. */
WINNOW_CHECK int pool_step(struct pool *p, int timeout_ms, struct winnow_error *err);

unsigned pool_workers(const struct pool *p); /* pages at once */
bool pool_has_room(const struct pool *p);  /* for one more page, now */
/* Pages that take long have more than the places which are theirs: some wait for them. */
bool pool_is_held_up(const struct pool *p);
bool pool_takes_long(const struct pool_job *job); /* without its waiting for answers */
size_t pool_count(const struct pool *p);   /* pages that were added and have not ended */

/* Gives a page to a worker.  WINNOW_EUSAGE where there is no room; WINNOW_EIO, WINNOW_ENOMEM. */
WINNOW_CHECK int pool_add(struct pool *p, const struct pool_page *page, void *job_context,
                          struct pool_job **ret, struct winnow_error *err);
void *pool_context(const struct pool_job *job);

/* Answers the question that the job has put; the bytes are copied. */
WINNOW_CHECK int pool_answer(struct pool_job *job, const void *data, size_t len,
                             struct winnow_error *err);

void pool_stop_job(struct pool_job *job); /* ends as POOL_STOPPED, at a later step */

/* Starts a new nursery with other settings; when it stands, pages go to it, and the old one
 * ends with its last page.  calls->reloaded tells. */
WINNOW_CHECK int pool_reload(struct pool *p, const struct pool_settings *settings,
                             struct winnow_error *err);

/* Kills what runs, without a call of done.  NULL does nothing. */
void pool_free(struct pool *p);

#endif
