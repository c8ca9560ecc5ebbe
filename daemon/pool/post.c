/* post.c - messages and descriptors over the socket between owner and nursery. */
#include "pool/post.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for the descriptors of a message, aligned as CMSG_* want it. */
union ancillary {
    struct cmsghdr header;
    char room[CMSG_SPACE(POST_FDS * sizeof(int))];
};

int post_send(int fd, const struct wire *message, const int *fds, size_t nfds, int flags)
{
    union ancillary a;
    struct iovec io = {message->data, message->len};
    struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};
    if (message->full || nfds > POST_FDS) {
        errno = EMSGSIZE;
        return -1;
    }
    if (nfds > 0) {
        memset(&a, 0, sizeof a);
        m.msg_control = &a;
        m.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(nfds * sizeof(int)),
                              .cmsg_level = SOL_SOCKET,
                              .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
    }
    ssize_t n;
    do
        n = sendmsg(fd, &m, flags | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -1 : 0;
}

/* The kernel gives no more descriptors than there is room for, so these are all. */
static void take_fds(struct msghdr *m, int fds[POST_FDS])
{
    size_t count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n && count < POST_FDS; i++)
            memcpy(&fds[count++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
    }
}

static void close_all(int fds[POST_FDS])
{
    for (size_t i = 0; i < POST_FDS; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
}

int post_take(int fd, void *room, struct wire_in *ret, int fds[POST_FDS], int flags)
{
    union ancillary a;
    struct iovec io = {room, POST_MOST};
    struct msghdr m = {
        .msg_iov = &io, .msg_iovlen = 1, .msg_control = &a, .msg_controllen = sizeof a};
    ssize_t n;
    for (size_t i = 0; i < POST_FDS; i++)
        fds[i] = -1;
    do
        n = recvmsg(fd, &m, flags | MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ECONNRESET ? 0 : -1;
    take_fds(&m, fds);
    if (m.msg_flags & MSG_TRUNC) {
        close_all(fds);
        errno = EMSGSIZE;
        return -1;
    }
    *ret = (struct wire_in){room, (size_t)n, false};
    return n > 0 ? 1 : 0;
}
