/* pool_nest.c - nurseries: started, heard, replaced.
 *
 * A nursery that dies takes its pages with it and is started again; one that cannot start is
 * tried again after pauses that grow, and each time it is told why. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool/box.h"
#include "pool/pool_parts.h"

enum {
    START_US = 60 * 1000000,  /* to read the rules and be ready */
    STEADY_US = 5 * 1000000,  /* lived so long: not a failed start */
    QUIET_FAILURES = 2,       /* in a row, that nobody is told of */
    PAUSE_US = 100 * 1000,
    PAUSE_MOST_US = 30 * 1000000,
    MESSAGES_A_STEP = 256,
};

extern char **environ;

/* --- starting ----------------------------------------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__)
enum { KEEPS_STDERR = 1 }; /* sanitizers write there */
#else
enum { KEEPS_STDERR = 0 };
#endif

/* The nursery gets its socket and /dev/null, and none of our descriptors. */
static int set_files(posix_spawn_file_actions_t *files, int socket)
{
    int rc = posix_spawn_file_actions_adddup2(files, socket, BOX_CONTROL);
    for (int fd = 0; fd < (KEEPS_STDERR ? STDERR_FILENO : BOX_CONTROL) && rc == 0; fd++)
        rc = posix_spawn_file_actions_addopen(files, fd, "/dev/null", O_RDWR, 0);
    return rc ? rc : posix_spawn_file_actions_addclosefrom_np(files, BOX_CONTROL + 1);
}

/* Signals as a new program expects them, and a group of its own: Ctrl-C is for the owner. */
static int set_attributes(posix_spawnattr_t *attr)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int rc = posix_spawnattr_setsigmask(attr, &none);
    if (rc == 0)
        rc = posix_spawnattr_setsigdefault(attr, &all);
    if (rc == 0)
        rc = posix_spawnattr_setpgroup(attr, 0);
    return rc ? rc
              : posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                   POSIX_SPAWN_SETPGROUP);
}

static int spawn(const char *program, int socket, pid_t *ret)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    char *argv[] = {(char *)"winnow-worker", NULL};
    int rc = posix_spawn_file_actions_init(&files);
    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init(&attr);
    if (rc == 0) {
        rc = set_files(&files, socket);
        if (rc == 0)
            rc = set_attributes(&attr);
        if (rc == 0)
            rc = posix_spawn(ret, program, &files, &attr, argv, environ);
        posix_spawnattr_destroy(&attr);
    }
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

static int send_terms(struct nest *n, const struct rule_errors *known, struct winnow_error *err)
{
    struct pool *p = n->pool;
    struct wire w = {.data = p->room, .max = sizeof p->room};
    struct terms *t = &n->plan->terms;
    t->strict = known != NULL;
    t->known = known ? *known : (struct rule_errors){.count = 0};
    wire_put_u32(&w, POST_TERMS);
    terms_put(&w, t);
    if (post_send(n->control.fd, &w, NULL, 0, MSG_DONTWAIT) == 0)
        return WINNOW_OK;
    return fault_errno(err, "name fewer rule folders, or by shorter paths",
                       "the settings do not reach winnow-worker");
}

static void nest_ready(struct source *s, uint32_t events);

/* Not there, not to be executed, another machine's: what to do differs from a full table. */
static int no_program(int why, const char *program, struct winnow_error *err)
{
    bool lasting = why == ENOENT || why == EACCES || why == ENOEXEC || why == ENOTDIR;
    errno = why;
    int status = fault_errno(err, lasting ? "install it, or say where it is" : "try again",
                             "%.300s cannot be started", program);
    if (lasting && err)
        err->status = WINNOW_EUSAGE;
    return lasting ? WINNOW_EUSAGE : status;
}

static int open_nest(struct nest *n, const struct rule_errors *known, struct winnow_error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return fault_errno(err, "try again", "no socket for winnow-worker");
    n->control.fd = pair[0];
    int status = send_terms(n, known, err); /* the socket keeps them for it */
    if (status == WINNOW_OK && pool_watch(n->pool, &n->control, EPOLLIN) != 0)
        status = fault_errno(err, "try again", "winnow-worker cannot be watched");
    int rc = status == WINNOW_OK ? spawn(n->plan->program, pair[1], &n->pid) : 0;
    close(pair[1]);
    if (rc != 0) {
        n->pid = -1;
        status = no_program(rc, n->plan->program, err);
    }
    if (status != WINNOW_OK)
        source_close(&n->control);
    return status;
}

int nest_start(struct pool *p, const struct plan *plan, const struct rule_errors *known,
               struct nest **ret, struct winnow_error *err)
{
    struct nest *n = calloc(1, sizeof *n);
    if (!n || !(n->plan = plan_copy(plan))) {
        free(n);
        return fault_nomem(err);
    }
    n->pool = p;
    n->pid = -1;
    n->control = (struct source){-1, nest_ready};
    n->started_us = now_us();
    int status = open_nest(n, known, err);
    if (status != WINNOW_OK) {
        plan_free(n->plan);
        free(n);
        return status;
    }
    n->next = p->nests;
    p->nests = n;
    pool_arm(p, n->started_us + START_US);
    *ret = n;
    return WINNOW_OK;
}

/* --- ending --------------------------------------------------------------------------------- */

/* Our own child, not waited for yet: nobody else has its pid.  Its wait status; one that had
 * ended already keeps its own. */
static int kill_and_reap(struct nest *n)
{
    int status = 0;
    pid_t rc;
    if (n->pid <= 0)
        return 0;
    (void)kill(n->pid, SIGKILL);
    do
        rc = waitpid(n->pid, &status, 0);
    while (rc < 0 && errno == EINTR);
    n->pid = -1;
    return rc < 0 ? 0 : status;
}

/* Kills it, and no more. */
void nest_end(struct nest *n)
{
    if (n->state == NEST_GONE)
        return;
    struct nest **at = &n->pool->nests;
    while (*at != n)
        at = &(*at)->next;
    *at = n->next;
    source_close(&n->control);
    (void)kill_and_reap(n);
    n->state = NEST_GONE;
    n->next = n->pool->gone;
    n->pool->gone = n;
}

void nest_leave(struct nest *n)
{
    if (n->state == NEST_RETIRED && n->jobs == 0)
        nest_end(n);
}

static uint64_t pause_of(unsigned failures)
{
    uint64_t us = failures > 1 ? PAUSE_US : 0;
    for (unsigned i = 2; i < failures && us < PAUSE_MOST_US; i++)
        us *= 2;
    return us < PAUSE_MOST_US ? us : PAUSE_MOST_US;
}

static void plan_restart(struct pool *p, bool was_steady, bool tell, const struct winnow_error *why)
{
    uint64_t now = now_us();
    p->current = NULL;
    p->failures = was_steady ? 1 : p->failures + 1;
    p->retry_us = now + pause_of(p->failures);
    pool_arm(p, p->retry_us);
    p->error = *why;
    p->failed = tell || p->failures > QUIET_FAILURES;
}

void nest_lose(struct nest *n, const struct winnow_error *why)
{
    struct pool *p = n->pool;
    if (n->state == NEST_GONE)
        return;
    bool was_ready = n->state != NEST_STARTING;
    bool steady = was_ready && now_us() - n->started_us >= STEADY_US;
    nest_end(n);
    if (n == p->current)
        plan_restart(p, steady, n->said_why, why);
    for (struct pool_job *j = p->first, *next; j; j = next) {
        next = j->next;
        if (j->nest != n || j->ended || j->orphan)
            continue;
        job_judge(j, POOL_STOPPED, "%s; clean it again", why->text);
        job_orphan(j);
        if (next && next->over) /* by what the caller did */
            next = p->first;
    }
    if (n == p->coming) {
        p->coming = NULL;
        p->calls.reloaded(p->ctx, why->status, why->text);
    }
}

/* The other end is closed: how did it end? */
static void nest_died(struct nest *n)
{
    struct winnow_error why = {.status = WINNOW_EIO};
    const char *when = n->state == NEST_STARTING ? "before it was ready" : "with pages to clean";
    int status = kill_and_reap(n);
    if (WIFSIGNALED(status))
        fault_set(&why, WINNOW_EIO, "the winnow-worker that starts the others died %s (SIG%s)", when,
                  sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?");
    else
        fault_set(&why, WINNOW_EIO, "the winnow-worker that starts the others ended %s (code %d)",
                  when, WEXITSTATUS(status));
    nest_lose(n, &why);
}

/* --- hearing --------------------------------------------------------------------------------- */

/* From now on pages go to n. */
static void take_office(struct nest *n)
{
    struct pool *p = n->pool;
    struct nest *old = p->current;
    n->state = NEST_READY;
    if (n != p->coming)
        return;
    struct plan *plan = plan_copy(n->plan);
    if (plan) { /* else a restart would use the old one */
        plan_free(p->plan);
        p->plan = plan;
    }
    p->coming = NULL;
    p->current = n;
    p->failures = 0;
    if (old && old->state == NEST_STARTING)
        nest_end(old);
    else if (old) {
        old->state = NEST_RETIRED;
        nest_leave(old);
    }
    p->calls.reloaded(p->ctx, WINNOW_OK, "");
}

static void on_ready(struct nest *n, struct wire_in *in)
{
    struct winnow_error why;
    const char *version = wire_string(in);
    if (version && strcmp(version, winnow_version()) == 0 && rule_errors_take(in, &n->errors)) {
        take_office(n);
        return;
    }
    fault_set(&why, WINNOW_EUSAGE, "%.200s is %.40s, and this is %.40s; install both from one build",
              n->plan->program, version ? version : "another program", winnow_version());
    n->said_why = true;
    nest_lose(n, &why);
}

static void on_failed(struct nest *n, struct wire_in *in)
{
    struct winnow_error why;
    int status = (int)wire_u32(in);
    const char *text = wire_string(in);
    fault_set(&why, status > 0 && status <= WINNOW_EBUSY ? status : WINNOW_EUSAGE, "%s",
              text ? text : "winnow-worker cannot start");
    n->said_why = true;
    nest_lose(n, &why);
}

static void on_unborn(struct pool_job *j, int why)
{
    job_judge(j, POOL_STOPPED, "no process could be made for the page: %s; clean it again",
              strerror(why));
    job_ended(j, 0);
}

static void on_ended(struct pool_job *j, struct wire_in *in)
{
    int status = (int)wire_u32(in);
    j->result.cpu_us = (unsigned long)wire_u64(in);
    j->result.max_rss = (unsigned long)wire_u64(in);
    job_ended(j, status);
}

static void on_job(struct nest *n, uint32_t kind, struct wire_in *in, int fds[POST_FDS])
{
    struct pool_job *j = job_find(n->pool, wire_u64(in));
    if (!j || j->nest != n)
        return;
    if (kind == POST_BORN) {
        job_born(j, fds[0]);
        fds[0] = -1;
    } else if (kind == POST_UNBORN) {
        on_unborn(j, (int)wire_u32(in));
    } else if (kind == POST_ENDED) {
        on_ended(j, in);
    }
}

/* False where nothing more is to be heard now. */
static bool hear(struct nest *n)
{
    struct wire_in in;
    int fds[POST_FDS], rc = post_take(n->control.fd, n->pool->room, &in, fds, MSG_DONTWAIT);
    if (rc < 0 && (errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS))
        return false;
    if (rc <= 0) {
        nest_died(n);
        return false;
    }
    uint32_t kind = wire_u32(&in);
    if (kind == POST_READY && n->state == NEST_STARTING)
        on_ready(n, &in);
    else if (kind == POST_FAILED && n->state == NEST_STARTING)
        on_failed(n, &in);
    else
        on_job(n, kind, &in, fds);
    for (size_t i = 0; i < POST_FDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return n->state != NEST_GONE;
}

static void nest_ready(struct source *s, uint32_t events)
{
    struct nest *n = (struct nest *)s; /* its first member */
    (void)events;
    for (int i = 0; i < MESSAGES_A_STEP && hear(n); i++)
        ;
}

/* --- time -------------------------------------------------------------------------------------- */

static void start_again(struct pool *p)
{
    struct winnow_error err = {0};
    p->retry_us = 0;
    if (nest_start(p, p->plan, NULL, &p->current, &err) != WINNOW_OK)
        plan_restart(p, false, true, &err);
}

static uint64_t sooner(uint64_t one, uint64_t other)
{
    return !one || (other && other < one) ? other : one;
}

uint64_t nests_tick(struct pool *p, uint64_t now)
{
    uint64_t ret = 0;
    for (struct nest *n = p->nests, *next; n; n = next) {
        next = n->next;
        if (n->state != NEST_STARTING)
            continue;
        if (now < n->started_us + START_US) {
            ret = sooner(ret, n->started_us + START_US);
            continue;
        }
        struct winnow_error why;
        fault_set(&why, WINNOW_EIO, "winnow-worker was not ready after %d s; use fewer rules, or a "
                                    "machine with more time", START_US / 1000000);
        nest_lose(n, &why);
        next = p->nests;
    }
    if (!p->current && now >= p->retry_us)
        start_again(p);
    return p->current ? ret : sooner(ret, p->retry_us);
}
