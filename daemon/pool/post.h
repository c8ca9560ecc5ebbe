/* post.h - messages and descriptors over the socket between owner and nursery.
 *
 * The socket keeps messages apart (SOCK_SEQPACKET).  A message is a kind and its fields
 * (wire.h):
 *
 *   owner -> nursery   TERMS   once, before all others: what terms.h writes
 *                      JOB     u64 job, u32 wanted, u32 kind, u64 size, strings name, url,
 *                              url_from, charset, source; descriptors: page, socket
 *                      RENICE  u64 job
 *   nursery -> owner   READY   string version, u32 n, n times u64: errors in rule files
 *                      FAILED  u32 status, string why; the nursery ends
 *                      BORN    u64 job; descriptor: pidfd
 *                      UNBORN  u64 job, u32 errno: no process could be made
 *                      ENDED   u64 job, u32 wait status, u64 cpu_us, u64 max_rss KiB */
#ifndef WINNOW_POOL_POST_H
#define WINNOW_POOL_POST_H

#include "pool/wire.h"

enum post_kind {
    POST_TERMS = 1,
    POST_JOB,
    POST_RENICE,
    POST_READY,
    POST_FAILED,
    POST_BORN,
    POST_UNBORN,
    POST_ENDED,
};

enum {
    POST_MOST = 64 * 1024,     /* bytes of a message: an empty socket takes one at once */
    POST_JOB_MOST = 40 * 1024, /* bytes of a page's description */
    POST_FDS = 2,
};

/* Sends a message with nfds descriptors, which stay the caller's.  flags as for sendmsg.
 * -1 and errno. */
int post_send(int fd, const struct wire *message, const int *fds, size_t nfds, int flags);

/* Takes a message into *ret, which points into room (POST_MOST bytes), and its descriptors,
 * which are the caller's; fds[i] is -1 where there is none.  1; 0: the other end is closed;
 * -1 and errno (EMSGSIZE: longer than any of ours). */
int post_take(int fd, void *room, struct wire_in *ret, int fds[POST_FDS], int flags);

#endif
