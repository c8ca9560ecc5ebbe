/* fsck.h - does all of a spool fit together?  Reads, and changes nothing.
 *
 * Told are: folders that are missing; work/<id>/ without input, or claimed and not decided
 * while no winnowd has the spool (a start mends that); decisions whose steps were not taken;
 * quarantine/<id>/ without reason.json or without a decision; files that are none of ours
 * in work/, quarantine/ and state/; damage of the manifest, with file and byte; an id that
 * was decided twice. */
#ifndef WINNOW_FSCK_H
#define WINNOW_FSCK_H

#include "spool.h"

typedef void fsck_found_fn(void *ctx, const char *file, uint64_t at, const char *text);

/* running: a winnowd has the spool; what it is about to do is no finding.  *problems counts. */
WINNOW_CHECK int spool_fsck(const struct spool *s, bool running, fsck_found_fn *found, void *ctx,
                            size_t *problems, struct winnow_error *err);

/* Does a winnowd have the spool? */
bool spool_is_owned(const struct spool *s);

#endif
