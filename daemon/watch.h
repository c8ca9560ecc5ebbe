/* watch.h - which files below drop/ are ready to be claimed.
 *
 * 1. The folder is the truth; inotify only says where to look again.  Events can be lost, be
 *    about a name that is gone, or never come (hard links, O_TMPFILE, folders moved in): so
 *    every folder is listed after its watch stands, again when events were lost, and all of
 *    drop/ now and then.
 * 2. A file is ready when nobody has it open for writing (a read lease can be had), or where
 *    no lease can be asked for, when size and time have rested for settle_ms.
 * 3. Regular files only; names with a part that the patterns of `ignore` match are passed
 *    over, and so is <name>.url where <name> is there or may still come: a sidecar goes with
 *    its page.
 * 4. What is held in memory is bounded: the rest is found by the next listing.
 *
 * The owner asks for files when it has room for them: what it does not ask for stays where
 * it is. */
#ifndef WINNOW_WATCH_H
#define WINNOW_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "winnow.h"

struct watch;

struct watch_settings {
    unsigned settle_ms;   /* where leases cannot be had */
    unsigned rescan_s;    /* all of drop/ is listed so often */
    unsigned poll_ms;     /* the same where inotify is blind (NFS, FUSE, ...) or refused */
    bool always_poll;
    const char *const *ignore; /* fnmatch patterns for one part of a path */
    size_t nignore;
};

/* A failure that hides files (a folder that cannot be read, no watches left) is told once;
 * it does not stop the others. */
typedef void watch_told_fn(void *ctx, const char *text);

/* Watches the folder at drop_path (an open descriptor of it is drop_fd, which stays the
 * caller's).  Where the folder is replaced or unmounted, it is opened anew by its path and
 * *drop_fd is renewed: watch_root. */
WINNOW_CHECK int watch_new(const char *drop_path, const struct watch_settings *settings,
                           watch_told_fn *told, void *ctx, struct watch **ret,
                           struct winnow_error *err);
void watch_set(struct watch *w, const struct watch_settings *settings); /* copies */
int watch_root(const struct watch *w); /* drop/ as it is now; -1: it is gone, for now */

int watch_fd(const struct watch *w);   /* readable: watch_next may have something */

/* Milliseconds until something may be ready though no event comes: a file that settles, a
 * rescan; -1: never. */
int watch_timeout(const struct watch *w);

/* The next file that is ready: its path below drop/, good until the next call.  false: none
 * now.  Works for a bounded time: ask again after watch_fd or watch_timeout; *more says that
 * there is something to look at right now. */
bool watch_next(struct watch *w, const char **ret_path, bool *more);

/* The file that watch_next gave could not be claimed: it is given again later. */
void watch_again(struct watch *w, const char *path);

void watch_rescan(struct watch *w); /* list all of drop/ now */

/* Files that are seen and not ready, and folders that are watched: for the metrics. */
void watch_counts(const struct watch *w, uint64_t *waiting, uint64_t *folders, uint64_t *overflows);

void watch_free(struct watch *w);

#endif
