/* manifest.h - what became of every file: an append-only record, a line each.
 *
 *     w1 <id> <kind> <time> <page> <attempts> <path> <out> <check>\n
 *
 * Fields are separated by one blank; time is in seconds since 1970; page is the id of the
 * page (32 hexadecimal digits), or "-"; path is below drop/, out below out/ and without its
 * suffix (or "-"), both with %XX for bytes below 0x21, "%", 0x7f and above; check is the
 * CRC-32 of all before it, 8 hexadecimal digits.
 *
 * 1. A line that is durable is a decision: it is never taken back, and the steps that follow
 *    from it may be done again.
 * 2. A line that is cut off or does not check ends a file's sense there: it never was,
 *    if it is the last; in the middle it is damage, which fsck tells.
 * 3. Files are state/manifest-<id>.log: all lines of ids that were decided before the next
 *    one began.  An owner begins a new one after SEGMENT_MOST bytes, or after a failed sync. */
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

/* Opens it for appending: a torn last line is cut off.  WINNOW_EIO. */
WINNOW_CHECK int manifest_open(int state_fd, struct manifest **ret, struct winnow_error *err);
void manifest_close(struct manifest *m);

/* Appends the entries and makes them durable (the file, and its name when it is new): all,
 * or (where it fails) none of them count: they are cut off again where that can be done, and
 * the next append begins a new file. */
WINNOW_CHECK int manifest_append(struct manifest *m, const struct manifest_entry *entries,
                                 size_t count, struct winnow_error *err);

/* Calls each for every entry, oldest first, of the files that may have decisions about ids
 * from `since` on (0: all); what is damaged is told to found (may be NULL) and passed over.
 * entry's strings are good during the call. */
typedef int manifest_each_fn(void *ctx, const struct manifest_entry *entry);
typedef void manifest_found_fn(void *ctx, const char *file, uint64_t at, const char *text);
WINNOW_CHECK int manifest_each(int state_fd, uint64_t since, manifest_each_fn *each,
                               manifest_found_fn *found, void *ctx, struct winnow_error *err);

#endif
