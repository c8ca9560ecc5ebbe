/* coordinator.h - winnowd at work: files from drop/ through boxed workers to out/. */
#ifndef WINNOW_COORDINATOR_H
#define WINNOW_COORDINATOR_H

#include <stdbool.h>

#include "config.h"

/* Reads the configuration again (SIGHUP): *ret is to be freed.  Says itself what is wrong. */
typedef int coordinator_reread_fn(void *ctx, struct config *ret);

struct coordinator_start {
    struct config *config; /* becomes the coordinator's */
    coordinator_reread_fn *reread;
    void *ctx;
    bool once; /* leave when nothing is left in drop/ and work/ */
};

/* Works until SIGTERM or SIGINT, or (once) until all is done.  0, or a status after a
 * message: then it could not begin, or cannot go on. */
WINNOW_CHECK int coordinator_run(const struct coordinator_start *start, struct winnow_error *err);

#endif
