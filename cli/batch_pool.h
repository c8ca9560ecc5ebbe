/* batch_pool.h - pages of a batch that are cleaned by workers, several at once. */
#ifndef WINNOW_BATCH_POOL_H
#define WINNOW_BATCH_POOL_H

#include "options.h"

struct batch_workers;

/* Starts so many (settings->jobs) in their box, with the rules.  has_index: they ask one.
 * 0, or an exit code after a message. */
int batch_workers_new(const struct settings *s, bool has_index, struct batch_workers **ret);

/* Ends them, and what they have not done.  Before the index is closed; NULL does nothing. */
void batch_workers_free(struct batch_workers *w);

#endif
