/* watch.h - which files below drop/ are ready to be claimed.
 *
 * 1. The folder is the truth; inotify only says where to look again.  Events can be lost, be
 *    about a name that is gone, or never come (hard links, O_TMPFILE, folders moved in): so
 *    every folder is listed after its watch stands, again when events were lost, and all of
 *    drop/ now and then.
 * 2. A file is ready when nobody has it open for writing (a read lease can be had).  Where no
 *    lease can be asked for (another user's file and no CAP_LEASE; network file systems), and
 *    for an empty file, it has to rest for settle_ms: size, times and inode as they were.
 *    A writer that closes in the middle of its work and opens again must use a name that
 *    `ignore` matches, and rename; one that writes elsewhere over a network is not seen but by
 *    that rest.
 * 3. Regular files only; names with a part that the patterns of `ignore` match are passed
 *    over, and so are files that may not be read, and other mounts: they stay where they are,
 *    and that is told once.
 * 4. <name>.url goes with <name> and is never given where that is there.  Alone it stays, if
 *    it is small and begins with http:// or https://: its page may still come (a sidecar is
 *    best written first).  Any other file is given, whatever its name ends in.
 * 5. What is held in memory is bounded (4,096 files that are not ready, less than 250 bytes a
 *    folder): the rest is found by the next listing.  No symbolic link is followed.
 *
 * The owner asks for files when it has room for them: what it does not ask for stays where
 * it is.  It claims a file that it was given, or calls watch_again, before it asks for the
 * next: a file that is seen in drop/ later is taken for a new one, and given again. */
#ifndef WINNOW_WATCH_H
#define WINNOW_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "winnow.h"

struct watch;

struct watch_settings {
    unsigned settle_ms;   /* where leases cannot be had */
    unsigned rescan_s;    /* all of drop/ is listed so often; 0: never */
    unsigned poll_ms;     /* the same where inotify is blind (NFS, FUSE, ...) or refused */
    bool always_poll;
    bool always_settle;   /* also what nobody has open for writing: it may be opened again */
    const char *const *ignore; /* fnmatch patterns for one part of a path */
    size_t nignore;
};

/* A failure that hides files (a folder that cannot be read, no watches left) is told once;
 * it does not stop the others. */
typedef void watch_told_fn(void *ctx, const char *text);

/* Watches the folder at drop_path.  Where that is missing, or replaced later, or unmounted, it
 * is opened by its path when it is there (again): see watch_root.  WINNOW_ENOMEM, WINNOW_EIO:
 * no descriptors left. */
WINNOW_CHECK int watch_new(const char *drop_path, const struct watch_settings *settings,
                           watch_told_fn *told, void *ctx, struct watch **ret,
                           struct winnow_error *err);
void watch_set(struct watch *w, const struct watch_settings *settings); /* copies */

/* drop/ as it is now, an open folder that stays the watch's; -1: it is gone, for now.  A path
 * that watch_next gives is below this one: ask after each watch_next whether it is another. */
int watch_root(const struct watch *w);

/* Readable (level-triggered): watch_next may have something.  The same for the watch's life.
 * Who has no room for files does not wait for it, nor for watch_timeout. */
int watch_fd(const struct watch *w);

/* Milliseconds until something may be ready though no event comes: a file that settles, a
 * rescan; 0: there is something to look at; -1: never. */
int watch_timeout(const struct watch *w);

/* The next file that is ready: its path below drop/, good until the next call.  false: none
 * now.  Works for a bounded time.  *more: ask again at once; else after watch_fd, which may
 * then be waited for by its edges too, or watch_timeout. */
bool watch_next(struct watch *w, const char **ret_path, bool *more);

/* The file that watch_next gave could not be claimed: it is given again after a second, or by
 * a later scan where too many wait. */
void watch_again(struct watch *w, const char *path);

void watch_rescan(struct watch *w); /* list all of drop/ now, a few names at each watch_next */

/* Files that are seen and not ready, and folders that are watched: for the metrics. */
void watch_counts(const struct watch *w, uint64_t *waiting, uint64_t *folders, uint64_t *overflows);

void watch_free(struct watch *w);

#endif
