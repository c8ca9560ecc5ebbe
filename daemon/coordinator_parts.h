/* coordinator_parts.h - what the files of the coordinator share.
 *
 *     take.c       drop/ -> queued     claims, and when there is room for none
 *     dispatch.c   queued -> running   pages to workers, pieces of results, questions
 *     lanes.c                          which page is next, and which gives its place away
 *     outcome.c    running -> deciding what an ending means: published, once more, quarantine
 *     serve.c      settings, winnow queue, metrics, signs of life
 *     coordinator.c                    the loop, beginning and end
 *
 * Only these include it. */
#ifndef WINNOW_COORDINATOR_PARTS_H
#define WINNOW_COORDINATOR_PARTS_H

#include "commit.h"
#include "control.h"
#include "coordinator.h"
#include "metrics.h"
#include "pool/rule_paths.h"
#include "watch.h"

struct coordinator {
    struct config config;
    const struct coordinator_start *start;
    struct rule_paths rules;       /* that the pool has, or is given by a reload */
    struct config *next;           /* while a reload is under way */
    struct rule_paths next_rules;
    bool reload_again;             /* SIGHUP came meanwhile */

    struct spool *spool;
    struct spool care;               /* the same, with a descriptor of its own to sync by: what
                                        it is told of a lost write the committer is told too */
    struct manifest *manifest;
    struct indexer *index;           /* NULL: none */
    struct commit *commit;
    struct pool *pool;
    struct watch *watch;
    struct control *control;
    int epoll, signals;

    struct jobs lists[JOB_DECIDING]; /* by state; those with the committer are in none */
    size_t counts[JOB_STATES];
    void *paths;                     /* tsearch: jobs that are not visible yet, by path */
    size_t slow;                     /* of those, pages that take long */
    size_t held;                     /* running ones whose question waits for others */
    bool ask_again;                  /* one of those others has ended */
    unsigned endings;                /* how many have */
    bool stopping;
    bool look_now;                   /* there may be files to claim */
    bool is_full;                    /* no room on the disk: nothing is claimed or cleaned */
    uint64_t space_due_ns, metrics_due_ns, alive_due_ns, begin_due_ns;
    unsigned failures;               /* of the committer, in a row */
    uint64_t groups_seen;            /* of its counts */
    struct metrics metrics;
};

uint64_t coordinator_now_ns(void); /* CLOCK_MONOTONIC */

/* Moves a job to the list of a state. */
void coordinator_move(struct coordinator *c, struct job *job, enum job_state state);

/* --- take.c ----------------------------------------------------------------------------- */

void take_check_space(struct coordinator *c); /* now and then: is_full */
void take_set_full(struct coordinator *c, const char *why); /* a write has found no room */

/* May the page write so much more?  Large results are looked at now and then: others want to
 * write too. */
bool take_leaves_room(struct coordinator *c, const struct job *job, size_t more);

/* A page's results could not be written: is there room now that they are gone, so that it
 * is the page that is too large, and not the disk too full? */
bool take_was_too_large(struct coordinator *c, uint64_t bytes);
bool take_has_room(const struct coordinator *c); /* for one more file */

/* Two files of one path come one after the other: their outputs' order is theirs.  false: one
 * is in work (or there is no memory). */
bool take_path(struct coordinator *c, struct job *job);
void take_leave(struct coordinator *c, struct job *job); /* it is no longer in work */
void take_files(struct coordinator *c);

/* --- dispatch.c --------------------------------------------------------------------------- */

extern const struct pool_calls dispatch_calls; /* their ctx is the coordinator */

void dispatch_waiting(struct coordinator *c);   /* due attempts are queued */
void dispatch_queued(struct coordinator *c);
void dispatch_answers(struct coordinator *c);
void dispatch_note_ending(struct coordinator *c); /* others need not wait for it any more */
void dispatch_questions(struct coordinator *c); /* those that had to wait, where it is time */
void dispatch_drop_results(struct coordinator *c, struct job *job); /* and its asking */

/* --- lanes.c ------------------------------------------------------------------------------ */

struct job *lanes_next(struct coordinator *c);    /* NULL: none may begin */
void lanes_make_room(struct coordinator *c);      /* for pages that wait for slow ones */
void lanes_mark_slow(struct coordinator *c, struct job *job);

/* --- outcome.c ---------------------------------------------------------------------------- */

void outcome_of(struct coordinator *c, struct job *job, const struct pool_result *result);

/* A file that no worker can be given: it cannot be opened, it is no file any more. */
void outcome_unreadable(struct coordinator *c, struct job *job, const char *text);
void outcome_gone(struct coordinator *c, struct job *job); /* somebody has removed it from work/ */

/* --- serve.c ------------------------------------------------------------------------------ */

extern const struct control_calls serve_control_calls;

/* The settings for the others, as the configuration has them. */
struct pool_settings serve_pool_settings(const struct config *config,
                                         const struct rule_paths *rules);
struct watch_settings serve_watch_settings(const struct config *config);
struct commit_settings serve_commit_settings(const struct config *config);
WINNOW_CHECK int serve_rule_paths(const struct config *config, struct rule_paths *ret,
                                  struct winnow_error *err);

void serve_reload(struct coordinator *c);                            /* SIGHUP */
void serve_reload_again(struct coordinator *c);                      /* where it came twice */
void serve_reloaded(void *ctx, int status, const char *text);        /* the pool's word */
void serve_regular(struct coordinator *c);                           /* what is due by time */
void serve_metrics(struct coordinator *c);                           /* written now */

#endif
