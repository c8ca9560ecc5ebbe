/* commit.h - outcomes made durable, in groups, by a thread of its own.
 *
 * For each group, in this order:
 *
 *   1. what the index cannot believe is dropped, reason.json of what goes to quarantine
 *      written;
 *   2. spool_sync: results, reasons and claims are on the disk - and what the group
 *      before has published;
 *   3. manifest_append: this is the decision;
 *   4. results are moved to out/, files to quarantine/: visible;
 *   5. the index is told, in memory.
 *
 * and, when enough has gathered or nothing else is to do:
 *
 *   6. the index commits;
 *   7. work/<id>/ is removed, of what is published durably (by the next group's 2.) and
 *      known to the index durably.
 *
 * Whatever a crash leaves behind, recover.c ends from the manifest: before 3 a file was not
 * decided and is cleaned again, after it 4 to 7 are done (again).  Where a step fails the
 * committer stops for good: commit_failed; the coordinator then begins anew, as after a
 * crash. */
#ifndef WINNOW_COMMIT_H
#define WINNOW_COMMIT_H

#include "job.h"

struct commit;

struct commit_settings {
    unsigned batch, batch_ms; /* of a group; how long an outcome waits for others */
    bool replace;             /* an output takes the place of one of the same name */
};

/* index NULL: there is none. */
WINNOW_CHECK int commit_new(struct spool *spool, struct manifest *manifest, struct indexer *index,
                            const struct commit_settings *settings, struct commit **ret,
                            struct winnow_error *err);
void commit_set(struct commit *c, const struct commit_settings *settings);

/* Readable when commit_reap has something, or it failed. */
int commit_fd(const struct commit *c);

/* Gives the job away.  WINNOW_ENOMEM: it is still the caller's. */
WINNOW_CHECK int commit_add(struct commit *c, struct job *job, struct winnow_error *err);

/* Some page waits for the outcome of another, or nothing else is to do: the open group is
 * not to wait for more. */
void commit_hurry(struct commit *c);

/* Calls each for every job whose outcome became visible since (the job stays the committer's)
 * and for every one that is done and handed back.  Not 0: there were any, and what waits for
 * others may ask again. */
struct commit_calls {
    void (*visible)(void *ctx, struct job *job);
    void (*gone)(void *ctx, struct job *job); /* the coordinator's again, to be freed */
};
int commit_reap(struct commit *c, const struct commit_calls *calls, void *ctx);

/* 0, or the status of the step that failed, with its text; nothing more is done then. */
int commit_failed(struct commit *c, struct winnow_error *err);

/* Adds lines to the manifest between groups, as winnow queue asks for it. */
WINNOW_CHECK int commit_append(struct commit *c, const struct manifest_entry *entries,
                               size_t count, struct winnow_error *err);

/* Seconds for which the committer has been in one step; 0: it rests. */
double commit_busy_s(struct commit *c);
/* So many groups so far, and the seconds that the last one took. */
void commit_counts(struct commit *c, uint64_t *groups, double *last_s);

/* Ends what it was given, all steps, then the thread.  Jobs that failed to be decided are
 * freed: their files are in work/.  NULL does nothing. */
void commit_free(struct commit *c);

#endif
