/* control.h - winnowd's end of the control socket: requests in, answers out.
 *
 * The words are drawn in spool/control.h.
 *
 * 1. Nothing here waits: a client that is slow, silent or gone costs its connection, of which
 *    there are CONTROL_CLIENTS at once, for CONTROL_ASK_MS at most.
 * 2. control_step carries out one request at most, so that pages do not wait for a row of
 *    them.
 * 3. Who may ask is said by the mode of the socket, and by that of the folder. */
#ifndef WINNOW_CONTROL_SERVER_H
#define WINNOW_CONTROL_SERVER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "spool/care.h"
#include "spool/control.h"
#include "winnow.h"

enum { CONTROL_CLIENTS = 16 };

struct control;

/* What is asked for; ctx is control_new's.  Each returns 0, or a status with the error's text,
 * which the client is told. */
struct control_calls {
    /* Writes lines "name value". */
    int (*status)(void *ctx, FILE *answer, struct winnow_error *err);
    int (*flush)(void *ctx, struct winnow_error *err);
    /* Tells of each id, as spool_retry and spool_release do. */
    int (*retry)(void *ctx, const uint64_t *ids, size_t count, care_told_fn *told, void *told_ctx,
                 struct winnow_error *err);
    int (*release)(void *ctx, const uint64_t *ids, size_t count, care_told_fn *told,
                   void *told_ctx, struct winnow_error *err);
};

/* Makes the socket "control" in the folder state_fd, which the caller keeps open, and keeps
 * the lock of: one that lies there already is a dead winnowd's.  WINNOW_EIO. */
WINNOW_CHECK int control_new(int state_fd, const struct control_calls *calls, void *ctx,
                             struct control **ret, struct winnow_error *err);

int control_fd(const struct control *c); /* readable: control_step has something to do */
void control_step(struct control *c);

/* Ends all connections and removes the socket.  NULL does nothing. */
void control_free(struct control *c);

#endif
