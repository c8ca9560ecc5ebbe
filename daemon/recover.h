/* recover.h - what a crash left in work/ is ended, or begun anew. */
#ifndef WINNOW_RECOVER_H
#define WINNOW_RECOVER_H

#include "job.h"

struct recovered {
    size_t ended;  /* decisions whose steps were done to their end */
    size_t again;  /* files that are cleaned again */
    size_t swept;  /* claims without a file */
};

/* Ends every decision of the manifest whose file is still in work/, in the order of the
 * decisions; removes results that were not decided; and appends the files that are to be
 * cleaned (again) to *jobs, by id.  index may be NULL. */
WINNOW_CHECK int recover_run(struct spool *spool, struct manifest *manifest,
                             struct indexer *index, bool replace, struct jobs *jobs,
                             struct recovered *ret, struct winnow_error *err);

#endif
