/* job.h - a claimed file on its way: what is known of it, and whose it is.
 *
 *      queued --add_page--> running --result--> deciding --(commit.c)--> gone
 *        ^  ^                  |                   |
 *        |  +--- waiting <-----+ failed, once more |
 *        +-------- changed while it was read ------+
 *
 * A job belongs to the coordinator's thread, and from commit_add until commit_reap to the
 * committer's. */
#ifndef WINNOW_JOB_H
#define WINNOW_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "indexer.h"
#include "pool/pool.h"
#include "spool/manifest.h"
#include "spool/spool.h"

enum job_state {
    JOB_QUEUED,   /* for a worker */
    JOB_RUNNING,  /* with one */
    JOB_WAITING,  /* for its next attempt: until `due` */
    JOB_DECIDING, /* with the committer, and not visible yet */
    JOB_STATES,
};

/* Why a file goes to quarantine. */
struct verdict {
    const char *kind;  /* a constant word */
    char *text;        /* to be freed */
    const char *what_to_do; /* a constant */
};

struct job {
    TAILQ_ENTRY(job) link; /* in the list of its state */
    enum job_state state;
    uint64_t id;
    char *path;            /* below drop/ */
    unsigned failures;     /* attempts that failed */
    unsigned again;        /* attempts that were no fault of the page's, in a row */
    uint64_t claimed_ns, due_ns; /* CLOCK_MONOTONIC */

    /* while it runs */
    struct pool_job *page;
    unsigned wanted;       /* enum pool_part */
    struct stat before;    /* the input, when it was opened */
    int files[SPOOL_FILES]; /* results; -1: not open */
    struct question question; /* to the index; its owner is the job */
    bool is_held;          /* its question waits for pages that it shares text with */
    bool is_released;      /* it keeps no others waiting any more */
    uint64_t asked_ns;     /* CLOCK_MONOTONIC, its first question; 0: none yet */
    unsigned endings;      /* of other pages, as of its last question */
    unsigned notes;        /* that it has brought */
    uint64_t bytes_out, bytes_written; /* text and record; told too */
    bool is_full;          /* a result could not be written: */
    int write_error;       /* why */
    bool is_delayed;       /* the index could not be read */
    bool is_distrusted;    /* it asked what no worker of ours asks */
    bool has_path;         /* it stands among the paths in work */
    bool is_slow;          /* it takes long: one of a few at a time, beside the others */
    bool is_preempted;     /* it was stopped to make room, and begins again as a slow one */

    /* while it is decided */
    enum manifest_kind kind;
    struct verdict verdict; /* MANIFEST_QUARANTINED */
    char page_id[33];
    char *out;             /* MANIFEST_CLEANED: its name below out/ */
    bool is_told;          /* there is something for the index */
    bool is_durable, is_indexed; /* its output; what the index was told of it */
};

TAILQ_HEAD(jobs, job);

/* path is copied.  NULL: no memory. */
struct job *job_create(uint64_t id, const char *path);
/* Closes and frees what it has; its questions were ended.  NULL does nothing. */
void job_destroy(struct job *job);

#endif
