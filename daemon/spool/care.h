/* care.h - files taken out of quarantine again: winnow queue retry and release.
 *
 * For one winnowd, or for winnow queue where no winnowd has the spool.
 *
 *     retry:    quarantine/<id>/in/<path> --rename--> drop/<path>     1
 *               all of it durable                                     2
 *               a line in the manifest, "retried", with its name      3
 *               quarantine/<id>/ removed                              4
 *
 *     release:  (who asks has copied the file out, and made that durable)
 *               a line in the manifest, "released"                    1
 *               quarantine/<id>/ removed                              2
 *
 * 1. The file itself is at one place at any moment: a retry that is cut off after its first
 *    step leaves a folder without a file, and doing it again writes the line and removes
 *    the folder.
 * 2. A release that is cut off after its first step leaves the file in quarantine, and the
 *    same line is written again when it is done again: "retried" and "released" tell what was
 *    done, and may stand twice.
 * 3. Each id is told of once, in their order. */
#ifndef WINNOW_CARE_H
#define WINNOW_CARE_H

#include <stddef.h>

#include "manifest.h"
#include "spool.h"

enum { CARE_MOST = 64 /* ids at once */ };

/* Status 0: done, and text is the path below drop/ that the file has now ("": there was none
 * any more, or it was released).  Else why not; the file is still in quarantine. */
typedef void care_told_fn(void *ctx, uint64_t id, int status, const char *text);

/* Who writes the manifest: manifest_append, or whoever does it for all. */
typedef int care_append_fn(void *ctx, const struct manifest_entry *entries, size_t count,
                           struct winnow_error *err);

struct care {
    const struct spool *spool;
    care_append_fn *append;
    void *append_ctx;
    care_told_fn *told;
    void *told_ctx;
};

/* At most CARE_MOST ids, none of them twice.  Not 0: something that concerns all failed (the
 * disk, the manifest); it may be done again. */
WINNOW_CHECK int spool_retry(const struct care *c, const uint64_t *ids, size_t count,
                             struct winnow_error *err);
WINNOW_CHECK int spool_release(const struct care *c, const uint64_t *ids, size_t count,
                               struct winnow_error *err);

#endif
