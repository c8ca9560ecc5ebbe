/* queue_parts.h - what the verbs of winnow queue share: the spool, its entries, its folders. */
#ifndef WINNOW_QUEUE_PARTS_H
#define WINNOW_QUEUE_PARTS_H

#include "options.h"
#include "spool/spool.h"

struct queue {
    const struct settings *settings;
    struct spool *spool; /* only looked at */
    bool is_owned;       /* some program has it: a winnowd, or for a moment a winnow queue */
};

/* Each gets a spool that is there, and returns an exit code. */
int queue_ls(struct queue *q);
int queue_status(struct queue *q);
int queue_retry(struct queue *q);
int queue_release(struct queue *q);

/* --- entries of work/ and quarantine/ ------------------------------------------------------- */

struct entry {
    uint64_t id;
    char *path; /* below drop/; NULL: the folder has no file */
    bool is_quarantined;
};

struct entries {
    struct entry *items;
    size_t count, cap;
};

/* Adds those of one folder.  0 or an exit code after a message. */
int entries_read(const struct queue *q, bool quarantine, struct entries *e);
void entries_sort(struct entries *e); /* by id */
const struct entry *entries_find(const struct entries *e, uint64_t id); /* sorted; NULL */
void entries_free(struct entries *e);

/* --- folders -------------------------------------------------------------------------------- */

struct tally {
    uint64_t files, bytes;
    int64_t oldest; /* since when one lies there, in seconds since 1970; 0: there is none */
};

/* Counts the regular files of a folder of the spool; a sidecar counts with its page.  0 or an
 * exit code after a message. */
int tally_folder(const struct queue *q, const char *name, struct tally *ret);

/* --- files out of quarantine ---------------------------------------------------------------- */

/* Copies the file of an entry, and its sidecar, to below the folder to_fd, where it has the
 * name *ret (to be freed) then.  What lies there with the same bytes is that copy; with other
 * bytes it stays, and the copy's name gets the id.  Durable after the next syncfs of to_fd.
 * 0 or an exit code after a message. */
int copy_out(const struct queue *q, const struct entry *entry, int to_fd, char **ret);

#endif
