/* queue_talk.c - a question to the winnowd that has a spool, and its answer. */
#include "queue_talk.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "say.h"

enum {
    TALK_MS = 60000,             /* a disk in need takes its time */
    ANSWER_MOST = 4 * 1024 * 1024, /* bytes; CONTROL_IDS paths, each byte as %XX, are less */
};

struct answer {
    char *data;
    size_t len, cap;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int refuse(const struct spool *s)
{
    switch (errno) {
    case ENOENT:
    case ECONNREFUSED:
        say("%s: no winnowd answers; another program has the spool, or it is just starting: try "
            "again",
            s->path);
        return EX_UNAVAILABLE;
    case EACCES:
    case EPERM:
        say("%s/state/control: %s; ask as its owner, as one of its group, or as root", s->path,
            strerror(errno));
        return EX_NOPERM;
    case EAGAIN:
        say("%s: winnowd does not listen; look at its journal, then try again", s->path);
        return EX_TEMPFAIL;
    }
    say("%s/state/control: %s; look at winnowd's journal, then try again", s->path,
        strerror(errno));
    return EX_IOERR;
}

/* By the descriptor of the folder: a path may be longer than a socket's may be. */
static int call_up(const struct spool *s, int *ret)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const struct timeval patience = {TALK_MS / 1000, 0};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/control", s->state);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
        int code = refuse(s);
        if (fd >= 0)
            close(fd);
        return code;
    }
    *ret = fd;
    return EX_OK;
}

/* A server that has said its word already may have closed: then there is an answer to read. */
static int send_all(const struct spool *s, int fd, const char *request)
{
    size_t len = strlen(request);
    while (len > 0) {
        ssize_t n = send(fd, request, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            return EX_OK;
        if (n < 0)
            return refuse(s);
        request += n;
        len -= (size_t)n;
    }
    return EX_OK;
}

static bool make_room(struct answer *a)
{
    size_t cap = a->cap ? 2 * a->cap : 4096;
    if (a->len + 1 < a->cap)
        return true;
    char *data = cap <= ANSWER_MOST ? realloc(a->data, cap) : NULL;
    if (!data)
        return false;
    a->data = data;
    a->cap = cap;
    return true;
}

static int wait_for(const struct spool *s, int fd, int64_t until_ms)
{
    for (;;) {
        int64_t left = until_ms - now_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int n = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (n > 0)
            return EX_OK;
        if (n < 0 && errno == EINTR)
            continue;
        say("%s: winnowd does not answer within %d s; winnow queue ls tells what was done", s->path,
            TALK_MS / 1000);
        return EX_TEMPFAIL;
    }
}

static int read_all(const struct spool *s, int fd, struct answer *a)
{
    int64_t until_ms = now_ms() + TALK_MS;
    for (;;) {
        int code = wait_for(s, fd, until_ms);
        if (code != EX_OK)
            return code;
        if (!make_room(a)) {
            say("%s: winnowd's answer is too long; is it of another version?", s->path);
            return EX_SOFTWARE;
        }
        ssize_t n = recv(fd, a->data + a->len, a->cap - a->len - 1, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) /* what is missing then, its last line tells */
            return EX_OK;
        a->len += (size_t)n;
    }
}

/* The last line, cut off from the others; NULL: the answer was broken off. */
static char *cut_last_line(struct answer *a)
{
    if (a->len == 0 || a->data[a->len - 1] != '\n' || memchr(a->data, '\0', a->len))
        return NULL;
    a->data[--a->len] = '\0';
    char *newline = memrchr(a->data, '\n', a->len);
    char *last = newline ? newline + 1 : a->data;
    if (newline)
        *newline = '\0';
    else
        a->len = 0;
    return strncmp(last, "ok", 2) == 0 || strncmp(last, "error: ", 7) == 0 ? last : NULL;
}

static int read_answer(const struct spool *s, struct answer *a, talk_line_fn *line, void *ctx)
{
    char *rest = NULL, *last = cut_last_line(a);
    if (!last) {
        say("%s: winnowd went away before it had answered; winnow queue ls tells what was done",
            s->path);
        return EX_TEMPFAIL;
    }
    if (line && a->len > 0 && last != a->data)
        for (char *at = strtok_r(a->data, "\n", &rest); at; at = strtok_r(NULL, "\n", &rest))
            line(ctx, at);
    if (*last == 'o')
        return EX_OK;
    say("%s: %s", s->path, last + 7);
    return EX_IOERR;
}

int talk(const struct spool *s, const char *request, talk_line_fn *line, void *ctx)
{
    struct answer a = {0};
    int fd = -1, code = call_up(s, &fd);
    if (code != EX_OK)
        return code;
    code = send_all(s, fd, request);
    if (code == EX_OK)
        code = read_all(s, fd, &a);
    if (code == EX_OK)
        code = read_answer(s, &a, line, ctx);
    close(fd);
    free(a.data);
    return code;
}
