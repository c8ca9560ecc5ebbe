/* manifest.h - what became of every file: an append-only record, a line each.
 *
 *     w1 <id> <kind> <time> <page> <attempts> <path> <out> <check>\n
 *
 * Fields are separated by one blank; time is in seconds since 1970; page is the id of the
 * page (32 hexadecimal digits), or "-"; path is below drop/, out below out/ and without its
 * suffix (or "-"), both with %XX for bytes below 0x21, "%", 0x7f and above; check is the
 * CRC-32 of all before it, 8 hexadecimal digits.
 *
 * Files are state/manifest-<number>.log.  A new one is begun when one is full (SEGMENT_MOST)
 * or could not be synced; its first line says how much of the one before counts:
 *
 *     w1 after <number> <length> <check>\n        length in bytes
 *
 *     manifest-5.log   | lines that count            | lines whose sync failed |
 *                      0                        length
 *     manifest-9.log   | after 5 length | lines ...
 *
 * 1. A line that is durable is a decision: it is never taken back, and the steps that follow
 *    from it may be done again.
 * 2. A line that is cut off or does not check never was, if it is the last: manifest_open cuts
 *    it off.  In the middle it is damage, which fsck tells.
 * 3. A line whose sync failed may be on the disk or not, whatever the page cache says.  So it
 *    is cut off, and the next file is begun at once, durably, before manifest_append returns:
 *    then the line does not count, wherever a power cut leaves it.  Where that fails too the
 *    line is in doubt, until the next manifest_append or manifest_open that succeeds has
 *    settled it: nothing of work/<id>/ may be changed before.
 * 4. Whoever opens it to append makes certain what counts: the last file's lines are written
 *    once more (the page cache may hold what never reached the disk) and synced.  So open it
 *    before acting on what manifest_each tells.
 * 5. <number> is larger than every id in the files before: so those that can have decisions
 *    about ids from some one on are known by their names. */
#ifndef WINNOW_MANIFEST_H
#define WINNOW_MANIFEST_H

#include <stdint.h>

#include "winnow.h"

struct manifest;

enum manifest_kind {
    MANIFEST_CLEANED,     /* published as `out` */
    MANIFEST_QUARANTINED,
    MANIFEST_RETRIED,     /* taken out of quarantine, back into drop/ as `out` */
    MANIFEST_RELEASED,    /* taken out of quarantine, to where its owner said */
    MANIFEST_KINDS,
};
extern const char *const manifest_kinds[MANIFEST_KINDS]; /* "cleaned", "quarantined", ... */

struct manifest_entry {
    uint64_t id;
    enum manifest_kind kind;
    int64_t time;     /* seconds since 1970 */
    char page[33];    /* "": not known */
    unsigned attempts;
    const char *path;
    const char *out;  /* NULL: none */
};

/* Opens it for appending: a torn last line is cut off, and what is left is made durable.  For
 * the owner of the spool, once at a time.  WINNOW_EIO. */
WINNOW_CHECK int manifest_open(int state_fd, struct manifest **ret, struct winnow_error *err);
void manifest_close(struct manifest *m);

/* No id that it ever told of is larger: for spool_know_id. */
uint64_t manifest_largest(const struct manifest *m);

/* Appends the entries and makes them durable (the file, and its name when it is new): all,
 * or (where it fails) none of them count, see 3.  It may be called again after a failure.
 * WINNOW_EIO, WINNOW_ENOMEM; WINNOW_EUSAGE for a path that is longer than PATH_MAX. */
WINNOW_CHECK int manifest_append(struct manifest *m, const struct manifest_entry *entries,
                                 size_t count, struct winnow_error *err);

/* Calls each for every entry, oldest first, of the files that may have decisions about ids
 * from `since` on (0: all); what is damaged is told to found (may be NULL) and passed over.
 * entry's strings are good during the call.  What each returns, if not 0, ends it and is
 * returned. */
typedef int manifest_each_fn(void *ctx, const struct manifest_entry *entry);
typedef void manifest_found_fn(void *ctx, const char *file, uint64_t at, const char *text);
WINNOW_CHECK int manifest_each(int state_fd, uint64_t since, manifest_each_fn *each,
                               manifest_found_fn *found, void *ctx, struct winnow_error *err);

#endif
