/* lanes.c - pages that take long run beside the others, a few at a time.
 *
 * Nothing tells a page that hangs before it does.  The pool lets pages that take long keep
 * going beside the others, as far as it has places; where more come, the one that has run the
 * longest is put down and begins again later, as a slow one.  Slow ones run a few at a time,
 * so that they leave places to pages of which nothing is known yet: those never wait for
 * them. */
#include "coordinator_parts.h"

static unsigned slow_most(const struct coordinator *c)
{
    return pool_workers(c->pool);
}

static size_t slow_running(const struct coordinator *c)
{
    const struct job *job;
    size_t ret = 0;
    TAILQ_FOREACH(job, &c->lists[JOB_RUNNING], link)
        ret += job->is_slow;
    return ret;
}

struct job *lanes_next(struct coordinator *c)
{
    struct job *job;
    bool may_slow = c->slow > 0 && slow_running(c) < slow_most(c);
    TAILQ_FOREACH(job, &c->lists[JOB_QUEUED], link)
        if (!job->is_slow || may_slow)
            return job;
    return NULL;
}

void lanes_mark_slow(struct coordinator *c, struct job *job)
{
    c->slow += !job->is_slow;
    job->is_slow = true;
}

static bool somebody_waits(const struct coordinator *c)
{
    const struct job *job;
    TAILQ_FOREACH(job, &c->lists[JOB_QUEUED], link)
        if (!job->is_slow)
            return true;
    return false;
}

/* The list is in the order in which they began. */
void lanes_make_room(struct coordinator *c)
{
    struct job *job;
    if (!pool_is_held_up(c->pool) || !somebody_waits(c))
        return;
    TAILQ_FOREACH(job, &c->lists[JOB_RUNNING], link) {
        if (job->is_slow || !pool_takes_long(job->page))
            continue;
        lanes_mark_slow(c, job);
        job->is_preempted = true;
        pool_stop_job(job->page);
        return;
    }
}
