/* coordinator.c - winnowd at work: the loop, beginning and end.
 *
 *     watch --take--> queued --dispatch--> workers --outcome--> committer --> out/
 *
 * One thread waits for everything and, but for winnow queue, never for the disk: that is
 * the committer's.  Where the committer fails (a full or broken disk) all work is put down
 * and begun again from what lies in the spool, exactly as after a crash: there is one way
 * back, and it is used at every start. */
#include "coordinator.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "coordinator_parts.h"
#include "fault.h"
#include "notify.h"
#include "recover.h"

enum {
    PAUSE_MS = 500,         /* after a failure of the committer; doubled with each in a row */
    PAUSE_DOUBLINGS = 6,
    IDLE_MS = 60 * 1000,
    HELD_LOOK_MS = 20,      /* while pages wait for others */
};

uint64_t coordinator_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void coordinator_move(struct coordinator *c, struct job *job, enum job_state state)
{
    TAILQ_REMOVE(&c->lists[job->state], job, link);
    c->counts[job->state]--;
    job->state = state;
    TAILQ_INSERT_TAIL(&c->lists[state], job, link);
    c->counts[state]++;
}

/* --- beginning, also in the middle -------------------------------------------------------------- */

static int open_index(struct coordinator *c, struct winnow_error *err)
{
    char *path = NULL;
    if (!c->config.index)
        return WINNOW_OK;
    if (asprintf(&path, "%s/state/index", c->spool->path) < 0)
        return fault_nomem(err);
    int status = indexer_new(path, &c->index, err);
    free(path);
    return status;
}

static void close_stores(struct coordinator *c)
{
    indexer_free(c->index);
    c->index = NULL;
    manifest_close(c->manifest);
    c->manifest = NULL;
}

static void say_recovered(const struct recovered *r)
{
    if (r->ended + r->again + r->swept > 0)
        notify_say(NOTIFY_INFO, NULL,
                   "from the last run: %zu decisions ended, %zu files cleaned again, %zu broken-off "
                   "claims swept",
                   r->ended, r->again, r->swept);
}

/* What lies in work/ is ended or queued. */
static int recover(struct coordinator *c, struct winnow_error *err)
{
    struct jobs jobs = TAILQ_HEAD_INITIALIZER(jobs);
    struct recovered done = {0};
    struct job *job;
    int status = recover_run(c->spool, c->manifest, c->index,
                             c->config.existing == EXISTING_REPLACE, &jobs, &done, err);
    while ((job = TAILQ_FIRST(&jobs))) {
        TAILQ_REMOVE(&jobs, job, link);
        if (status != WINNOW_OK) {
            job_destroy(job);
            continue;
        }
        job->claimed_ns = coordinator_now_ns();
        (void)!take_path(c, job);
        TAILQ_INSERT_TAIL(&c->lists[JOB_QUEUED], job, link);
        c->counts[JOB_QUEUED]++;
    }
    if (status == WINNOW_OK)
        say_recovered(&done);
    return status;
}

static int watch_events(struct coordinator *c, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.fd = fd}};
    return epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int begin(struct coordinator *c, struct winnow_error *err)
{
    struct commit_settings settings = serve_commit_settings(&c->config);
    int status = open_index(c, err);
    if (status == WINNOW_OK)
        status = manifest_open(c->spool->state, &c->manifest, err);
    if (status == WINNOW_OK)
        spool_know_id(c->spool, manifest_largest(c->manifest));
    if (status == WINNOW_OK)
        status = recover(c, err);
    if (status == WINNOW_OK)
        status = commit_new(c->spool, c->manifest, c->index, &settings, &c->commit, err);
    if (status == WINNOW_OK && (watch_events(c, commit_fd(c->commit), EPOLLIN) != 0 ||
                                (c->index && watch_events(c, indexer_fd(c->index), EPOLLIN) != 0)))
        status = fault_errno(err, "free memory, then start it again", "epoll");
    c->look_now = true;
    return status;
}

/* --- beginning anew ---------------------------------------------------------------------------------- */

static void free_jobs(struct coordinator *c, enum job_state state)
{
    struct job *job;
    while ((job = TAILQ_FIRST(&c->lists[state]))) {
        TAILQ_REMOVE(&c->lists[state], job, link);
        c->counts[state]--;
        if (c->index)
            indexer_end(c->index, &job->question);
        job_destroy(job);
    }
}

static void no_free(void *job)
{
    (void)job;
}

static void put_down(struct coordinator *c)
{
    tdestroy(c->paths, no_free); /* those that the committer had are freed already */
    c->paths = NULL;
    c->slow = 0;
    free_jobs(c, JOB_QUEUED);
    free_jobs(c, JOB_WAITING);
    close_stores(c);
}

static void schedule_begin(struct coordinator *c, const char *why)
{
    unsigned doublings = c->failures < PAUSE_DOUBLINGS ? c->failures : PAUSE_DOUBLINGS;
    c->failures++;
    c->metrics.values[METRIC_COMMIT_FAILURES]++;
    c->begin_due_ns = coordinator_now_ns() + ((uint64_t)PAUSE_MS << doublings) * 1000000;
    notify_event(NOTIFY_COMMIT_FAILED, NULL,
                 "%s; nothing is lost: files wait in work/ and drop/, and it is tried again", why);
}

static void end_commit(struct coordinator *c)
{
    commit_free(c->commit);
    c->commit = NULL;
    c->counts[JOB_DECIDING] = 0;
}

/* The committer has given up: all pages are put down; when none is with a worker any more
 * it begins again. */
static void begin_again(struct coordinator *c, const char *why)
{
    struct job *job;
    end_commit(c);
    TAILQ_FOREACH(job, &c->lists[JOB_RUNNING], link)
        pool_stop_job(job->page);
    schedule_begin(c, why);
}

/* Is it worth trying again?  What the administrator has to mend is not. */
static bool may_pass(int status)
{
    return status == WINNOW_EIO || status == WINNOW_ENOMEM;
}

static int try_begin(struct coordinator *c, struct winnow_error *err)
{
    if (c->commit || c->counts[JOB_RUNNING] > 0 || coordinator_now_ns() < c->begin_due_ns)
        return WINNOW_OK;
    put_down(c);
    int status = begin(c, err);
    if (status == WINNOW_OK)
        return status;
    if (c->commit)
        end_commit(c);
    put_down(c);
    if (c->start->once || !may_pass(status))
        return status;
    schedule_begin(c, err->text);
    return WINNOW_OK;
}

static int check_commit(struct coordinator *c, struct winnow_error *err)
{
    int status = c->commit ? commit_failed(c->commit, err) : WINNOW_OK;
    if (status == WINNOW_OK)
        return status;
    begin_again(c, err->text);
    return c->start->once && c->failures > PAUSE_DOUBLINGS ? status : WINNOW_OK;
}

/* --- outcomes ------------------------------------------------------------------------------------------ */

static void on_visible(void *ctx, struct job *job)
{
    struct coordinator *c = ctx;
    struct notify_file file = {.id = job->id, .path = job->path, .out = job->out,
                               .kind = job->verdict.kind};
    uint64_t *values = c->metrics.values;
    take_leave(c, job);
    c->counts[JOB_DECIDING]--;
    c->look_now = true;
    values[METRIC_LAST_OUTCOME] = (uint64_t)time(NULL);
    metrics_time(&c->metrics, TIMING_PAGE,
                 (double)(coordinator_now_ns() - job->claimed_ns) / 1e9);
    if (job->kind == MANIFEST_QUARANTINED) {
        values[METRIC_QUARANTINED]++;
        notify_event(NOTIFY_QUARANTINED, &file, "quarantined: %s", job->verdict.text);
        return;
    }
    values[METRIC_CLEANED]++;
    values[METRIC_BYTES_OUT] += job->bytes_out;
    notify_say(NOTIFY_FILE, &file, "cleaned");
}

static void on_gone(void *ctx, struct job *job)
{
    struct coordinator *c = ctx;
    c->failures = 0;
    job_destroy(job);
}

static void reap(struct coordinator *c)
{
    static const struct commit_calls calls = {on_visible, on_gone};
    uint64_t groups;
    double last_s;
    if (!c->commit || !commit_reap(c->commit, &calls, c))
        return;
    commit_counts(c->commit, &groups, &last_s);
    if (groups != c->groups_seen)
        metrics_time(&c->metrics, TIMING_COMMIT, last_s);
    c->groups_seen = groups;
    dispatch_note_ending(c);
}

/* --- the loop ---------------------------------------------------------------------------------------------- */

static void read_signals(struct coordinator *c)
{
    struct signalfd_siginfo info;
    while (read(c->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            serve_reload(c);
        } else if (!c->stopping) {
            c->stopping = true;
            if (c->commit)
                commit_hurry(c->commit);
            notify_stopping();
            notify_say(NOTIFY_INFO, NULL, "leaving: %zu pages are ended, the others wait in work/",
                       c->counts[JOB_RUNNING] + c->counts[JOB_DECIDING]);
        }
    }
}

static void sooner(int64_t *ms, uint64_t now, uint64_t due_ns)
{
    int64_t left = due_ns > now ? (int64_t)((due_ns - now + 999999) / 1000000) : 0;
    if (left < *ms)
        *ms = left;
}

/* Milliseconds until something is due. */
static int next_timeout(const struct coordinator *c)
{
    uint64_t now = coordinator_now_ns();
    int64_t ms = IDLE_MS;
    const struct job *job;
    int watch = watch_timeout(c->watch);
    if (take_has_room(c) && c->look_now)
        return 0;
    if (take_has_room(c) && watch >= 0 && watch < ms)
        ms = watch;
    TAILQ_FOREACH(job, &c->lists[JOB_WAITING], link)
        sooner(&ms, now, job->due_ns);
    if (!c->commit && c->counts[JOB_RUNNING] == 0)
        sooner(&ms, now, c->begin_due_ns);
    if (c->held > 0)
        sooner(&ms, now, now + HELD_LOOK_MS * UINT64_C(1000000));
    if (c->is_full)
        sooner(&ms, now, c->space_due_ns);
    if (notify_watchdog_ms() >= 0)
        sooner(&ms, now, c->alive_due_ns);
    sooner(&ms, now, c->metrics_due_ns);
    return (int)ms;
}

static int wait_for_events(struct coordinator *c, struct winnow_error *err)
{
    struct epoll_event events[16];
    int timeout = next_timeout(c);
    int n = epoll_wait(c->epoll, events, sizeof events / sizeof *events, timeout);
    if (n < 0 && errno != EINTR)
        return fault_errno(err, "start it again", "waiting for events");
    if (n == 0 || (timeout >= 0 && watch_timeout(c->watch) == 0))
        c->look_now = true;
    for (int i = 0; i < n; i++) {
        if (events[i].data.fd == watch_fd(c->watch))
            c->look_now = true;
        else if (events[i].data.fd == c->signals)
            read_signals(c);
        else if (events[i].data.fd == control_fd(c->control))
            control_step(c->control);
    }
    return WINNOW_OK;
}

/* The pool says itself when it cannot go on: pages wait until it can. */
static void step_pool(struct coordinator *c)
{
    struct winnow_error err = {0};
    if (pool_step(c->pool, 0, &err) != WINNOW_OK)
        notify_say(NOTIFY_ERROR, NULL, "%s", err.text);
}

static bool is_over(const struct coordinator *c)
{
    uint64_t waiting, folders, overflows;
    if (c->counts[JOB_RUNNING] > 0)
        return false;
    if (c->stopping)
        return !c->commit || c->counts[JOB_DECIDING] == 0;
    if (!c->start->once || !c->commit || c->look_now)
        return false;
    watch_counts(c->watch, &waiting, &folders, &overflows);
    return waiting == 0 && c->counts[JOB_QUEUED] + c->counts[JOB_WAITING] +
                               c->counts[JOB_DECIDING] == 0;
}

static int step(struct coordinator *c, struct winnow_error *err)
{
    int status = wait_for_events(c, err);
    if (status == WINNOW_OK)
        status = check_commit(c, err);
    if (status == WINNOW_OK)
        status = try_begin(c, err);
    if (status != WINNOW_OK)
        return status;
    reap(c);
    dispatch_answers(c);
    step_pool(c);
    serve_reload_again(c);
    take_check_space(c);
    take_files(c);
    dispatch_waiting(c);
    dispatch_queued(c);
    dispatch_questions(c);
    serve_regular(c);
    return WINNOW_OK;
}

static int loop(struct coordinator *c, struct winnow_error *err)
{
    int status = WINNOW_OK;
    while (status == WINNOW_OK && !is_over(c))
        status = step(c, err);
    return status;
}

/* --- the whole ------------------------------------------------------------------------------------------ */

static int open_signals(struct coordinator *c, struct winnow_error *err)
{
    sigset_t mine;
    sigemptyset(&mine);
    sigaddset(&mine, SIGTERM);
    sigaddset(&mine, SIGINT);
    sigaddset(&mine, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (c->epoll >= 0 && sigprocmask(SIG_BLOCK, &mine, NULL) == 0)
        c->signals = signalfd(-1, &mine, SFD_CLOEXEC | SFD_NONBLOCK);
    return c->signals >= 0 ? WINNOW_OK
                           : fault_errno(err, "raise the limit of open files, then start it again",
                                         "descriptors cannot be made");
}

static void tell_hidden(void *ctx, const char *text)
{
    (void)ctx;
    notify_say(NOTIFY_WARNING, NULL, "%s", text);
}

static int open_watch(struct coordinator *c, struct winnow_error *err)
{
    struct watch_settings settings = serve_watch_settings(&c->config);
    char *drop = NULL;
    if (asprintf(&drop, "%s/drop", c->spool->path) < 0)
        return fault_nomem(err);
    int status = watch_new(drop, &settings, tell_hidden, NULL, &c->watch, err);
    free(drop);
    return status;
}

static int open_pool(struct coordinator *c, struct winnow_error *err)
{
    int status = serve_rule_paths(&c->config, &c->rules, err);
    if (status != WINNOW_OK)
        return status;
    struct pool_settings settings = serve_pool_settings(&c->config, &c->rules);
    return pool_new(&settings, &dispatch_calls, c, &c->pool, err);
}

static int open_spool(struct coordinator *c, struct winnow_error *err)
{
    int status = spool_open(c->config.spool, SPOOL_OWN, &c->spool, err);
    if (status != WINNOW_OK)
        return status;
    c->care = *c->spool;
    c->care.root = openat(c->spool->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return c->care.root >= 0 ? WINNOW_OK
                             : fault_errno(err, "check the spool, then start it again", "%s",
                                           c->spool->path);
}

static int open_all(struct coordinator *c, struct winnow_error *err)
{
    int status = open_signals(c, err);
    if (status == WINNOW_OK)
        status = open_spool(c, err);
    if (status == WINNOW_OK)
        status = open_pool(c, err);
    if (status == WINNOW_OK)
        status = open_watch(c, err);
    if (status == WINNOW_OK)
        status = control_new(c->spool->state, &serve_control_calls, c, &c->control, err);
    if (status == WINNOW_OK && (watch_events(c, c->signals, EPOLLIN) != 0 ||
                                watch_events(c, pool_fd(c->pool), EPOLLIN) != 0 ||
                                watch_events(c, control_fd(c->control), EPOLLIN) != 0 ||
                                watch_events(c, watch_fd(c->watch), EPOLLIN | EPOLLET) != 0))
        status = fault_errno(err, "free memory, then start it again", "epoll");
    return status == WINNOW_OK ? try_begin(c, err) : status;
}

/* What the committer has it ends; pages that were put down wait in work/. */
static void close_all(struct coordinator *c)
{
    if (c->commit)
        end_commit(c);
    pool_free(c->pool);
    free_jobs(c, JOB_RUNNING);
    put_down(c);
    control_free(c->control);
    watch_free(c->watch);
    if (c->care.root >= 0)
        close(c->care.root);
    spool_close(c->spool);
    rule_paths_free(&c->rules);
    rule_paths_free(&c->next_rules);
    if (c->next)
        config_free(c->next);
    free(c->next);
    config_free(&c->config);
    if (c->signals >= 0)
        close(c->signals);
    if (c->epoll >= 0)
        close(c->epoll);
}

int coordinator_run(const struct coordinator_start *start, struct winnow_error *err)
{
    struct coordinator c = {.config = *start->config, .start = start, .epoll = -1, .signals = -1,
                            .care = {.root = -1}};
    *start->config = (struct config){0};
    for (size_t i = 0; i < JOB_DECIDING; i++)
        TAILQ_INIT(&c.lists[i]);
    c.metrics.values[METRIC_STARTED] = (uint64_t)time(NULL);
    notify_begin(c.config.log);
    int status = open_all(&c, err);
    if (status == WINNOW_OK) {
        notify_ready();
        notify_event(NOTIFY_STARTED, NULL, "%s watches %s/drop", winnow_version(), c.spool->path);
        status = loop(&c, err);
        serve_metrics(&c);
        notify_event(NOTIFY_STOPPED, NULL, "winnowd leaves %s", c.spool->path);
    }
    close_all(&c);
    return status;
}
