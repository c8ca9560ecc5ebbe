/* pool.c - the public functions of the pool, and its step. */
#include "pool/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "pool/pool_parts.h"

enum {
    EVENTS_A_STEP = 64,
    JOBS_A_WORKER = 8,   /* that wait, or take long, beside those that run */
    LONG_A_WORKER = 2,   /* that take long and do not count */
    UNBORN_MOST = 64 * 1024, /* bytes of pages that the nursery did not take yet */
};

uint64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* --- what is watched ------------------------------------------------------------------------- */

int pool_watch(struct pool *p, struct source *s, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = s};
    return epoll_ctl(p->epoll, EPOLL_CTL_ADD, s->fd, &e);
}

/* Nobody else has the descriptor, so epoll forgets it too. */
void source_close(struct source *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

static void set_timer(struct pool *p, uint64_t due_us)
{
    struct itimerspec at = {.it_value = {.tv_sec = (time_t)(due_us / 1000000u),
                                         .tv_nsec = (long)(due_us % 1000000u) * 1000}};
    p->armed_us = due_us;
    (void)timerfd_settime(p->timer.fd, TFD_TIMER_ABSTIME, &at, NULL);
}

void pool_arm(struct pool *p, uint64_t due_us)
{
    if (!p->armed_us || due_us < p->armed_us)
        set_timer(p, due_us ? due_us : 1);
}

static void timer_ready(struct source *s, uint32_t events)
{
    struct pool *p = (struct pool *)((char *)s - offsetof(struct pool, timer));
    uint64_t times;
    (void)events;
    if (read(s->fd, &times, sizeof times) > 0) {
        p->ticked = true;
        p->armed_us = 0;
    }
}

/* --- the step ---------------------------------------------------------------------------------- */

static void tick(struct pool *p)
{
    uint64_t now = now_us(), nests = nests_tick(p, now), jobs = jobs_tick(p, now);
    p->ticked = false;
    if (nests)
        pool_arm(p, nests);
    if (jobs)
        pool_arm(p, jobs);
}

/* What ended in this step: no event names it any more. */
static void bury(struct pool *p)
{
    for (struct pool_job *j = p->over, *next; j; j = next) {
        next = j->next;
        job_free(j);
    }
    for (struct nest *n = p->gone, **at = &p->gone; (n = *at) != NULL;) {
        if (n->jobs > 0) { /* its workers are not gone yet */
            at = &n->next;
            continue;
        }
        *at = n->next;
        plan_free(n->plan);
        free(n);
    }
    p->over = NULL;
}

int pool_step(struct pool *p, int timeout_ms, struct winnow_error *err)
{
    struct epoll_event events[EVENTS_A_STEP];
    int n = epoll_wait(p->epoll, events, EVENTS_A_STEP, timeout_ms);
    if (n < 0 && errno != EINTR)
        return fault_errno(err, "start again", "pages cannot be waited for");
    for (int i = 0; i < n; i++) {
        struct source *s = events[i].data.ptr;
        if (s->fd >= 0)
            s->ready(s, events[i].events);
    }
    if (p->ticked)
        tick(p);
    bury(p);
    if (!p->failed)
        return WINNOW_OK;
    p->failed = false;
    return fault_set(err, WINNOW_EIO, "%s", p->error.text);
}

int pool_fd(const struct pool *p)
{
    return p->epoll;
}

/* --- making one --------------------------------------------------------------------------------- */

static int open_pool(struct pool *p, struct winnow_error *err)
{
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (p->epoll < 0 || p->timer.fd < 0 || pool_watch(p, &p->timer, EPOLLIN) != 0)
        return fault_errno(err, "close some files, or try again", "the pool cannot be made");
    return nest_start(p, p->plan, NULL, &p->current, err);
}

/* The first nursery has one try. */
static int wait_ready(struct pool *p, struct winnow_error *err)
{
    while (p->current && p->current->state == NEST_STARTING && p->failures == 0) {
        int status = pool_step(p, -1, err);
        if (status != WINNOW_OK && p->failures == 0)
            return status;
    }
    if (p->failures == 0)
        return WINNOW_OK;
    return fault_set(err, (int)p->error.status, "%s", p->error.text);
}

int pool_new(const struct pool_settings *settings, const struct pool_calls *calls, void *ctx,
             struct pool **ret, struct winnow_error *err)
{
    struct pool *p = calloc(1, sizeof *p);
    if (!p)
        return fault_nomem(err);
    p->calls = *calls;
    p->ctx = ctx;
    p->epoll = -1;
    p->timer = (struct source){-1, timer_ready};
    int status = plan_new(settings, &p->plan, err);
    if (status == WINNOW_OK)
        status = open_pool(p, err);
    if (status == WINNOW_OK)
        status = wait_ready(p, err);
    if (status == WINNOW_OK)
        *ret = p;
    else
        pool_free(p);
    return status;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    while (p->nests)
        nest_end(p->nests); /* workers die with it */
    for (struct pool_job *j = p->first, *next; j; j = next) {
        next = j->next;
        (void)job_kill(j);
        j->nest->jobs--;
        job_free(j);
    }
    bury(p);
    source_close(&p->timer);
    if (p->epoll >= 0)
        close(p->epoll);
    plan_free(p->plan);
    free(p);
}

int pool_reload(struct pool *p, const struct pool_settings *settings, struct winnow_error *err)
{
    struct plan *plan;
    struct nest *coming;
    struct rule_errors none = {.more = 1}; /* nothing is known: all is let pass */
    int status = plan_new(settings, &plan, err);
    if (status != WINNOW_OK)
        return status;
    bool known = p->current && p->current->state == NEST_READY && plan->terms.lints;
    status = nest_start(p, plan, known ? &p->current->errors : &none, &coming, err);
    plan_free(plan);
    if (status != WINNOW_OK)
        return status;
    if (p->coming)
        nest_end(p->coming); /* the later one counts */
    p->coming = coming;
    return WINNOW_OK;
}

/* --- pages ----------------------------------------------------------------------------------------- */

bool pool_has_room(const struct pool *p)
{
    const struct nest *n = p->current;
    if (!n || n->state != NEST_READY || p->unborn_bytes >= UNBORN_MOST)
        return false;
    size_t workers = n->plan->workers, free_of_charge = workers * LONG_A_WORKER;
    size_t counts = p->standing[RUNNING];
    if (p->standing[LONG] > free_of_charge)
        counts += p->standing[LONG] - free_of_charge;
    return counts < workers && p->count < workers * JOBS_A_WORKER;
}

unsigned pool_workers(const struct pool *p)
{
    return (unsigned)p->plan->workers;
}

bool pool_is_held_up(const struct pool *p)
{
    return p->current && p->standing[LONG] > p->current->plan->workers * (size_t)LONG_A_WORKER;
}

bool pool_takes_long(const struct pool_job *job)
{
    return job->standing == LONG;
}

size_t pool_count(const struct pool *p)
{
    return p->count;
}

int pool_add(struct pool *p, const struct pool_page *page, void *job_context,
             struct pool_job **ret, struct winnow_error *err)
{
    const unsigned all = POOL_TEXT | POOL_JSON | POOL_JSONL | POOL_TOLD | POOL_LEARN | POOL_NOTE |
                         POOL_SUPERSEDED;
    if (!pool_has_room(p))
        return fault_set(err, WINNOW_EUSAGE, "all workers have pages; wait for one");
    bool told = page->wanted & POOL_TOLD, learns = page->wanted & POOL_LEARN;
    if ((page->wanted & ~all) || (told && !p->current->plan->terms.has_index) ||
        (learns && (page->wanted & ~(unsigned)POOL_NOTE) != (POOL_LEARN | POOL_TOLD)))
        return fault_set(err, WINNOW_EUSAGE, "what is wanted of the page does not go together");
    return job_new(p, page, job_context, ret, err);
}

void *pool_context(const struct pool_job *job)
{
    return job->context;
}

void pool_stop_job(struct pool_job *job)
{
    job->to_stop = true;
    job_hurry(job);
}
