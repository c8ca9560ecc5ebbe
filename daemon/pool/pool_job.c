/* pool_job.c - pages: added, judged, ended.
 *
 * A page is over when its process is (the nursery says so) and its socket is read to its end;
 * only then is done called.  What was judged stays: a killed worker cannot talk itself out. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool/pool_parts.h"

enum {
    LONG_MS = 50,        /* has its turn so long, then others have theirs beside it */
    LINGER_US = 5000000, /* to be gone after the last word, or a signal */
};

/* --- adding -------------------------------------------------------------------------------- */

static int describe(const struct pool_page *page, uint64_t id, struct wire *w,
                    struct winnow_error *err)
{
    struct stat st;
    bool sized = fstat(page->fd, &st) == 0 && st.st_size > 0;
    wire_put_u32(w, POST_JOB);
    wire_put_u64(w, id);
    wire_put_u32(w, page->wanted);
    wire_put_u32(w, (uint32_t)page->kind);
    wire_put_u64(w, sized ? (uint64_t)st.st_size : 0);
    wire_put_string(w, page->name);
    wire_put_string(w, page->url);
    wire_put_string(w, page->url_from);
    wire_put_string(w, page->charset);
    wire_put_string(w, page->source);
    if (w->full)
        return fault_set(err, WINNOW_EUSAGE,
                         "the page's name, URL and source are longer than %d bytes; shorten them",
                         POST_JOB_MOST);
    return WINNOW_OK;
}

/* A message to the nursery, with the page and the worker's end of its socket. */
static int post(struct pool_job *j, const struct pool_page *page, int end, struct winnow_error *err)
{
    struct wire w = {.data = j->pool->room, .max = POST_JOB_MOST};
    int status = describe(page, j->id, &w, err), fds[POST_FDS] = {page->fd, end};
    if (status != WINNOW_OK)
        return status;
    int rc = post_send(j->nest->control.fd, &w, fds, POST_FDS, MSG_DONTWAIT);
    /* A nursery that died a moment ago is found dead by the next step: so is the page. */
    if (rc != 0 && errno != EPIPE && errno != ECONNRESET)
        return fault_errno(err, "try again", "winnow-worker does not take the page");
    j->posted = rc == 0 ? w.len : 0;
    return WINNOW_OK;
}

static int open_job(struct pool_job *j, const struct pool_page *page, struct winnow_error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return fault_errno(err, "close some files, or try again", "no socket for the page");
    j->socket.fd = pair[0];
    int status = WINNOW_OK;
    if (pool_watch(j->pool, &j->socket, EPOLLIN) != 0)
        status = fault_errno(err, "try again", "the page's socket cannot be watched");
    if (status == WINNOW_OK)
        status = post(j, page, pair[1], err);
    close(pair[1]);
    if (status != WINNOW_OK)
        source_close(&j->socket);
    return status;
}

static void link_job(struct pool_job *j)
{
    struct pool *p = j->pool;
    j->prev = p->last;
    *(p->last ? &p->last->next : &p->first) = j;
    p->last = j;
    p->count++;
    p->standing[j->standing]++;
    p->unborn_bytes += j->posted;
    j->nest->jobs++;
}

static void orphan_ready(struct source *s, uint32_t events);

int job_new(struct pool *p, const struct pool_page *page, void *context, struct pool_job **ret,
            struct winnow_error *err)
{
    enum { ROOM = FRAME_HEAD + FRAME_PIECE_MOST };
    struct pool_job *j = calloc(1, sizeof *j);
    if (!j || !(j->in = malloc(ROOM))) {
        free(j);
        return fault_nomem(err);
    }
    j->in_room = ROOM;
    j->pool = p;
    j->nest = p->current;
    j->context = context;
    j->wanted = page->wanted | POOL_NOTE;
    j->socket = (struct source){-1, job_ready};
    j->pidfd = (struct source){-1, orphan_ready};
    j->id = ++p->next_id;
    int status = open_job(j, page, err);
    if (status != WINNOW_OK) {
        job_free(j);
        return status;
    }
    j->added_us = j->since_us = now_us();
    j->due_us = j->since_us + LONG_MS * 1000;
    link_job(j);
    pool_arm(p, j->due_us);
    *ret = j;
    return WINNOW_OK;
}

void job_free(struct pool_job *j)
{
    source_close(&j->socket);
    source_close(&j->pidfd);
    free(j->in);
    free(j->out);
    free(j);
}

struct pool_job *job_find(const struct pool *p, uint64_t id)
{
    struct pool_job *j = p->first;
    while (j && j->id != id)
        j = j->next;
    return j;
}

/* --- judging -------------------------------------------------------------------------------- */

bool job_kill(struct pool_job *j)
{
    return j->pidfd.fd >= 0 &&
           syscall(SYS_pidfd_send_signal, j->pidfd.fd, SIGKILL, NULL, 0) == 0;
}

static void kill_worker(struct pool_job *j)
{
    if (j->pidfd.fd >= 0) {
        (void)job_kill(j);
    } else if (j->born && !j->ended) { /* there was no descriptor free for its pidfd */
        struct winnow_error why;
        fault_set(&why, WINNOW_EIO, "a worker cannot be killed: no descriptor is free; allow more "
                                    "open files");
        nest_lose(j->nest, &why);
    }
}

void job_hang_up(struct pool_job *j)
{
    source_close(&j->socket);
}

void job_linger(struct pool_job *j)
{
    j->due_us = now_us() + LINGER_US;
    pool_arm(j->pool, j->due_us);
}

/* Not here and now: done is called by pool_step alone. */
void job_hurry(struct pool_job *j)
{
    j->due_us = now_us();
    pool_arm(j->pool, j->due_us);
}

void job_judge(struct pool_job *j, enum pool_end end, const char *format, ...)
{
    if (j->judged || j->over)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(j->text, sizeof j->text, format, args);
    va_end(args);
    make_plain(j->text, strlen(j->text));
    j->judged = true;
    j->end = end;
    job_hang_up(j);
    job_linger(j);
    kill_worker(j);
    if (j->ended)
        job_hurry(j);
}

void make_plain(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = '?';
}

/* --- what became of it ------------------------------------------------------------------------ */

static const struct {
    int signal;
    const char *means;
} signals[] = {
    {SIGSYS, "made a system call that its box forbids (SIGSYS)"},
    {SIGSEGV, "crashed (SIGSEGV)"},
    {SIGBUS, "crashed (SIGBUS)"},
    {SIGILL, "crashed (SIGILL)"},
    {SIGFPE, "crashed (SIGFPE)"},
    {SIGABRT, "gave up (SIGABRT)"},
    {SIGXCPU, "used more than its processor time (SIGXCPU)"},
    {SIGKILL, "was killed (SIGKILL): the machine had no memory left, or somebody did it"},
};

static void tell_death(struct pool_job *j, int signal)
{
    char other[40];
    const char *means = NULL, *name = sigabbrev_np(signal);
    for (size_t i = 0; i < sizeof signals / sizeof *signals && !means; i++)
        if (signals[i].signal == signal)
            means = signals[i].means;
    if (!means) {
        snprintf(other, sizeof other, "died of SIG%s", name ? name : "?");
        means = other;
    }
    snprintf(j->text, sizeof j->text,
             "its worker %s; look at the page, and tell the makers of winnow", means);
    j->end = POOL_DIED;
    j->result.signal = signal;
}

static void tell_exit(struct pool_job *j)
{
    if (WIFSIGNALED(j->wait_status)) {
        tell_death(j, WTERMSIG(j->wait_status));
    } else if (!j->done || WEXITSTATUS(j->wait_status) != 0) {
        snprintf(j->text, sizeof j->text, "its worker ended without a result (code %d)",
                 WEXITSTATUS(j->wait_status));
        j->end = POOL_BROKE;
    } else {
        j->end = j->result.status == WINNOW_OK ? POOL_CLEANED : POOL_REFUSED;
    }
}

static void unlink_job(struct pool_job *j)
{
    struct pool *p = j->pool;
    *(j->prev ? &j->prev->next : &p->first) = j->next;
    *(j->next ? &j->next->prev : &p->last) = j->prev;
    p->count--;
    j->next = p->over; /* events of this step may still name it */
    p->over = j;
}

void job_settle(struct pool_job *j)
{
    if (j->over || !j->ended || j->socket.fd >= 0)
        return;
    struct pool *p = j->pool;
    struct nest *nest = j->nest;
    if (!j->judged)
        tell_exit(j);
    j->over = true;
    j->result.end = j->end;
    j->result.text = j->text;
    if (j->end != POOL_REFUSED)
        j->result.status = WINNOW_OK;
    j->result.wall_us = (unsigned long)(now_us() - j->added_us);
    source_close(&j->pidfd);
    unlink_job(j);
    p->calls.done(p->ctx, j, &j->result);
    nest->jobs--;
    nest_leave(nest);
}

/* --- what the nursery says -------------------------------------------------------------------- */

static void no_longer_unborn(struct pool_job *j)
{
    j->pool->unborn_bytes -= j->posted;
    j->posted = 0;
}

void job_born(struct pool_job *j, int pidfd)
{
    no_longer_unborn(j);
    if (j->born) {
        if (pidfd >= 0)
            close(pidfd);
        return;
    }
    j->born = true;
    j->pidfd.fd = pidfd;
    if (j->judged)
        kill_worker(j);
}

/* Its process is gone; what its socket holds is still read. */
void job_ended(struct pool_job *j, int wait_status)
{
    if (j->ended)
        return;
    no_longer_unborn(j);
    j->ended = true;
    j->wait_status = wait_status;
    j->pool->standing[j->standing]--;
    job_linger(j);
    job_settle(j);
}

/* The pidfd of a worker whose nursery is gone says when it is, too. */
static void orphan_ready(struct source *s, uint32_t events)
{
    struct pool_job *j = (struct pool_job *)((char *)s - offsetof(struct pool_job, pidfd));
    (void)events;
    job_ended(j, 0);
}

void job_orphan(struct pool_job *j)
{
    j->orphan = true;
    if (j->pidfd.fd < 0 || pool_watch(j->pool, &j->pidfd, EPOLLIN) != 0)
        job_ended(j, 0);
}

/* --- time --------------------------------------------------------------------------------------- */

static uint64_t timeout_us(const struct pool_job *j)
{
    return (uint64_t)j->nest->plan->timeout_ms * 1000;
}

/* The clock stands still while the page waits for the owner. */
void job_stand(struct pool_job *j, enum standing standing)
{
    uint64_t now = now_us(), long_us = LONG_MS * 1000;
    if (j->standing != WAITING)
        j->ran_us += now - j->since_us;
    j->since_us = now;
    if (standing == RUNNING && j->ran_us >= long_us)
        standing = LONG;
    j->pool->standing[j->standing]--;
    j->pool->standing[standing]++;
    j->standing = standing;
    uint64_t most = standing == RUNNING ? long_us : timeout_us(j);
    uint64_t left = most > j->ran_us ? most - j->ran_us : 0;
    j->due_us = standing == WAITING ? 0 : now + left;
    if (j->due_us)
        pool_arm(j->pool, j->due_us);
    if (j->to_stop)
        job_hurry(j);
}

/* Takes its turn from a page: others run beside it, and before it. */
static void make_long(struct pool_job *j)
{
    unsigned char room[16];
    struct wire w = {.data = room, .max = sizeof room};
    wire_put_u32(&w, POST_RENICE);
    wire_put_u64(&w, j->id);
    (void)post_send(j->nest->control.fd, &w, NULL, 0, MSG_DONTWAIT); /* no more than a favour */
    job_stand(j, LONG);
}

/* It was told to go, or said that it would, and is still there. */
static void insist(struct pool_job *j)
{
    if (j->ended) { /* who else can hold its socket? */
        job_hang_up(j);
        job_settle(j);
    } else if (!j->judged) {
        job_judge(j, POOL_BROKE, "its worker did not end after its last word");
    } else if (j->nest->state != NEST_GONE) {
        struct winnow_error why;
        fault_set(&why, WINNOW_EIO, "a worker that was killed is not reported as gone");
        nest_lose(j->nest, &why);
    } else {
        job_ended(j, 0); /* the kernel has it, and it has nothing of ours */
    }
}

static void look_at(struct pool_job *j)
{
    j->due_us = 0;
    if (j->to_stop && !j->judged)
        job_judge(j, POOL_STOPPED, "it was stopped");
    else if (j->ended || j->judged || j->done || j->socket.fd < 0)
        insist(j);
    else if (j->standing == RUNNING)
        make_long(j);
    else if (j->standing == LONG)
        job_judge(j, POOL_TIMED_OUT,
                  "it was not cleaned after %u ms; allow more time, or look at the page",
                  j->nest->plan->timeout_ms);
}

/* Pages are few (pool.c, `JOBS_A_WORKER`). */
uint64_t jobs_tick(struct pool *p, uint64_t now)
{
    uint64_t ret = 0;
    for (struct pool_job *j = p->first, *next; j; j = next) {
        next = j->next;
        if (j->due_us && j->due_us <= now)
            look_at(j);
        if (next && next->over) /* with its nursery */
            next = p->first;
        if (!j->over && j->due_us && (!ret || j->due_us < ret))
            ret = j->due_us;
    }
    return ret;
}
