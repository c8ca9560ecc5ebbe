/* queue_talk.h - a question to the winnowd that has a spool; see spool/control.h. */
#ifndef WINNOW_QUEUE_TALK_H
#define WINNOW_QUEUE_TALK_H

#include "spool/spool.h"

/* A line of the answer, but for the last one. */
typedef void talk_line_fn(void *ctx, char *line);

/* Asks, with a line that ends in a newline, and calls line (which may be NULL) for those of
 * the answer when all of it is here.  0, or an exit code after a message: EX_UNAVAILABLE,
 * nobody answers; EX_TEMPFAIL, not in time, or not to the end; EX_NOPERM; EX_IOERR, it could
 * not do it. */
int talk(const struct spool *s, const char *request, talk_line_fn *line, void *ctx);

#endif
