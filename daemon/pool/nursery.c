/* nursery.c - the process that forks a worker for each page.
 *
 * It never sees a byte of a page.  Children are waited for here and nowhere else, so the
 * number of a child that was not waited for yet is its own: a pidfd made from it, or a
 * priority set by it, reaches no other process. */
#include "pool/nursery.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"
#include "pool/post.h"
#include "pool/prepare.h"
#include "pool/worker.h"

enum { NICE_OF_LONG = 19 };

struct child {
    pid_t pid;
    uint64_t job;
};

struct nursery {
    struct worker worker;
    struct child children[NURSERY_CHILDREN_MOST];
    size_t count;
    sigset_t wait_mask; /* while waiting: SIGCHLD comes */
    unsigned char room[POST_MOST];
};

/* --- what the owner is told ------------------------------------------------------------- */

static int say(struct wire *w, const int *fds, size_t nfds)
{
    return post_send(BOX_CONTROL, w, fds, nfds, 0);
}

static int say_job(enum post_kind kind, uint64_t job, const uint32_t *value, const int *fd)
{
    unsigned char room[32];
    struct wire w = {.data = room, .max = sizeof room};
    wire_put_u32(&w, kind);
    wire_put_u64(&w, job);
    if (value)
        wire_put_u32(&w, *value);
    return say(&w, fd, fd && *fd >= 0 ? 1 : 0);
}

static int say_ended(uint64_t job, int status, const struct rusage *use)
{
    unsigned char room[64];
    struct wire w = {.data = room, .max = sizeof room};
    uint64_t cpu_us = (uint64_t)(use->ru_utime.tv_sec + use->ru_stime.tv_sec) * 1000000u +
                      (uint64_t)(use->ru_utime.tv_usec + use->ru_stime.tv_usec);
    wire_put_u32(&w, POST_ENDED);
    wire_put_u64(&w, job);
    wire_put_u32(&w, (uint32_t)status);
    wire_put_u64(&w, cpu_us);
    wire_put_u64(&w, (uint64_t)use->ru_maxrss);
    return say(&w, NULL, 0);
}

static int say_ready(struct nursery *n, const struct rule_errors *errors)
{
    struct wire w = {.data = n->room, .max = sizeof n->room};
    wire_put_u32(&w, POST_READY);
    wire_put_string(&w, winnow_version());
    rule_errors_put(&w, errors);
    return say(&w, NULL, 0);
}

static int say_failed(const struct winnow_error *err)
{
    unsigned char room[sizeof err->text + 32];
    struct wire w = {.data = room, .max = sizeof room};
    wire_put_u32(&w, POST_FAILED);
    wire_put_u32(&w, err->status);
    wire_put_string(&w, err->text);
    return say(&w, NULL, 0);
}

/* --- children ---------------------------------------------------------------------------- */

static int bury(struct nursery *n)
{
    int status;
    struct rusage use;
    pid_t pid;
    while ((pid = wait4(-1, &status, WNOHANG, &use)) > 0) {
        size_t i = 0;
        while (i < n->count && n->children[i].pid != pid)
            i++;
        if (i == n->count)
            continue;
        uint64_t job = n->children[i].job;
        n->children[i] = n->children[--n->count];
        if (say_ended(job, status, &use) != 0)
            return -1;
    }
    return 0;
}

static int say_born(uint64_t job, pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    int rc = say_job(POST_BORN, job, NULL, &fd);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* page and socket have the numbers that the box knows: nothing else is open here. */
static int bear(struct nursery *n, uint64_t job, struct order *order)
{
    pid_t pid = n->count < NURSERY_CHILDREN_MOST ? fork() : (errno = EAGAIN, -1);
    if (pid == 0)
        worker_run(&n->worker, order);
    if (pid < 0) {
        uint32_t why = (uint32_t)errno;
        return say_job(POST_UNBORN, job, &why, NULL);
    }
    n->children[n->count++] = (struct child){pid, job};
    return say_born(job, pid);
}

static int take_job(struct nursery *n, struct wire_in *in, const int fds[POST_FDS])
{
    struct order order = {0};
    uint64_t job = wire_u64(in);
    order.wanted = wire_u32(in);
    order.input.kind = (enum winnow_kind)wire_u32(in);
    order.size = wire_u64(in);
    order.input.name = wire_string(in);
    order.input.url = wire_string(in);
    order.input.url_from = wire_string(in);
    order.input.charset = wire_string(in);
    order.input.source = wire_string(in);
    if (!in->bad && fds[0] == BOX_PAGE && fds[1] == BOX_SOCKET)
        return bear(n, job, &order);
    uint32_t why = in->bad ? EPROTO : EMFILE;
    return say_job(POST_UNBORN, job, &why, NULL);
}

static void renice(const struct nursery *n, uint64_t job)
{
    for (size_t i = 0; i < n->count; i++)
        if (n->children[i].job == job)
            (void)setpriority(PRIO_PROCESS, (id_t)n->children[i].pid, NICE_OF_LONG);
}

/* --- waiting ------------------------------------------------------------------------------ */

static int take_message(struct nursery *n)
{
    struct wire_in in;
    int fds[POST_FDS], rc = post_take(BOX_CONTROL, n->room, &in, fds, 0);
    if (rc <= 0)
        return -1;
    switch (wire_u32(&in)) {
    case POST_JOB:
        rc = take_job(n, &in, fds);
        break;
    case POST_RENICE:
        renice(n, wire_u64(&in));
        rc = 0;
        break;
    default:
        rc = -1;
    }
    for (size_t i = 0; i < POST_FDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return rc;
}

/* Until the owner is gone; workers go with their nursery (PR_SET_PDEATHSIG). */
static void serve(struct nursery *n)
{
    struct pollfd control = {.fd = BOX_CONTROL, .events = POLLIN};
    for (;;) {
        int rc = ppoll(&control, 1, NULL, &n->wait_mask);
        if (rc < 0 && errno != EINTR)
            return;
        if (bury(n) != 0 || (rc > 0 && take_message(n) != 0))
            return;
    }
}

static void wake(int signal)
{
    (void)signal;
}

/* SIGCHLD comes only while we wait, so none is missed between a look and the wait. */
static void watch_children(struct nursery *n)
{
    sigset_t blocked;
    struct sigaction act = {.sa_handler = wake, .sa_flags = SA_NOCLDSTOP};
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, &n->wait_mask);
    sigdelset(&n->wait_mask, SIGCHLD);
    sigaction(SIGCHLD, &act, NULL);
    signal(SIGPIPE, SIG_IGN); /* an owner that went is told by write */
}

static int make_remote(struct worker *w, const struct terms *t, struct winnow_error *err)
{
    if (!t->has_index)
        return WINNOW_OK;
    int status = winnow_index_remote(talk_ask, &w->talk, &w->remote, err);
    if (status == WINNOW_OK)
        winnow_use_index(w->cleaner, w->remote, &t->use);
    return status;
}

/* A worker that cannot step into its box would be its page's fault, page after page: so one
 * without a page tries it first. */
static int try_worker(const struct worker *w, struct winnow_error *err)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(box_tighten(&w->box, w->nursery) == 0 ? 0 : 1);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return WINNOW_OK;
    return fault_set(err, WINNOW_EIO, "a worker cannot be put into its box; free memory and raise the "
                                      "limits of processes, then try again");
}

static int begin(struct nursery *n, const struct terms *t, struct rule_errors *errors,
                 struct winnow_error *err)
{
    struct worker *w = &n->worker;
    int status = prepare(t, &w->cleaner, errors, err);
    if (status == WINNOW_OK)
        status = make_remote(w, t, err);
    w->max_bytes = t->options.limits.max_bytes;
    w->memory = t->memory;
    w->nursery = getpid();
    watch_children(n);
    malloc_trim(0); /* once here, not in each child */
    if (status == WINNOW_OK)
        status = box_enter(t->memory, t->cpu_seconds, &w->box, err);
    return status == WINNOW_OK ? try_worker(w, err) : status;
}

/* The kernel's choice when memory is gone: pages before the owner. */
static void offer_to_oom_killer(void)
{
    FILE *f = fopen("/proc/self/oom_score_adj", "we");
    if (!f)
        return;
    (void)fputs("300", f);
    (void)fclose(f);
}

int nursery_run(void)
{
    static struct nursery n; /* too large for a stack */
    static struct terms terms;
    static struct rule_errors errors;
    struct winnow_error err = {0};
    struct wire_in in;
    int fds[POST_FDS];
    if (post_take(BOX_CONTROL, n.room, &in, fds, 0) <= 0 || wire_u32(&in) != POST_TERMS ||
        !terms_take(&in, &terms))
        return 1;
    offer_to_oom_killer();
    if (begin(&n, &terms, &errors, &err) != WINNOW_OK) {
        (void)say_failed(&err);
        return 1;
    }
    if (say_ready(&n, &errors) != 0)
        return 1;
    serve(&n);
    return 0;
}
