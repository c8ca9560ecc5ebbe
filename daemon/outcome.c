/* outcome.c - what the end of a page means: published, tried once more, or quarantine. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coordinator_parts.h"
#include "fault.h"
#include "notify.h"
#include "spool/reason.h"

enum { AGAIN_DOUBLINGS = 6 };

enum next {
    NEXT_PUBLISH,
    NEXT_QUARANTINE, /* at once: it would be the same again */
    NEXT_FAILED,     /* once more, until there were enough attempts */
    NEXT_AGAIN,      /* once more, for it was not the page's fault */
};

struct meaning {
    int key;
    enum next next;
    const char *kind; /* the word in reason.json */
    const char *what_to_do;
};

static const char check_page[] = "look at the page; when it is mended or winnow is, "
                                 "\"winnow queue retry\" cleans it again";
static const char raise_limit[] = "raise the setting if the page is worth it, then \"winnow queue "
                                  "retry\"";
static const char distrusted[] = "its worker asked the index what no page may ask";
static const char report_crash[] = "a page should never do that: please report it with the page; "
                                   "\"winnow queue retry\" tries it again";

/* By enum pool_end. */
static const struct meaning ends[] = {
    {POOL_CLEANED, NEXT_PUBLISH, NULL, NULL},
    {POOL_DIED, NEXT_FAILED, "crash", report_crash},
    {POOL_TIMED_OUT, NEXT_FAILED, "timeout", raise_limit},
    {POOL_BROKE, NEXT_FAILED, "protocol", report_crash},
    {POOL_STOPPED, NEXT_AGAIN, NULL, NULL},
};

/* By what the library said of the page. */
static const struct meaning refusals[] = {
    {WINNOW_EDATA, NEXT_QUARANTINE, "data", check_page},
    {WINNOW_ELIMIT, NEXT_QUARANTINE, "limit", raise_limit},
    {WINNOW_ENOMEM, NEXT_FAILED, "memory", raise_limit},
    {WINNOW_EUSAGE, NEXT_QUARANTINE, "usage", check_page},
    {WINNOW_EIO, NEXT_FAILED, "io", "check the disk, then \"winnow queue retry\""},
    {WINNOW_ERULES, NEXT_FAILED, "rules", "check the rules with \"winnow rules lint\""},
    {WINNOW_EBUSY, NEXT_AGAIN, NULL, NULL},
};

static const struct meaning *meaning_of(const struct job *job, const struct pool_result *result)
{
    static const struct meaning other = {0, NEXT_FAILED, "protocol", report_crash};
    if (job->is_distrusted)
        return &other;
    const struct meaning *table = ends;
    size_t count = sizeof ends / sizeof *ends;
    int key = (int)result->end;
    if (result->end == POOL_REFUSED) {
        table = refusals;
        count = sizeof refusals / sizeof *refusals;
        key = result->status;
    }
    for (size_t i = 0; i < count; i++)
        if (table[i].key == key)
            return &table[i];
    return &other;
}

/* --- the ways on ---------------------------------------------------------------------------------- */

static void wait_for_next(struct coordinator *c, struct job *job, uint64_t ms)
{
    dispatch_drop_results(c, job);
    job->due_ns = coordinator_now_ns() + ms * UINT64_C(1000000);
    coordinator_move(c, job, JOB_WAITING);
}

static void hand_over(struct coordinator *c, struct job *job)
{
    struct winnow_error err = {0};
    TAILQ_REMOVE(&c->lists[job->state], job, link);
    enum job_state before = job->state;
    if (commit_add(c->commit, job, &err) == WINNOW_OK) {
        c->counts[before]--;
        c->counts[JOB_DECIDING]++;
        if (c->counts[JOB_RUNNING] == 0 && c->counts[JOB_QUEUED] == 0)
            commit_hurry(c->commit);
        return;
    }
    TAILQ_INSERT_TAIL(&c->lists[before], job, link);
    free(job->verdict.text);
    job->verdict.text = NULL;
    wait_for_next(c, job, c->config.retry_ms);
}

static void quarantine(struct coordinator *c, struct job *job, const struct meaning *m,
                       const char *text)
{
    dispatch_drop_results(c, job);
    job->kind = MANIFEST_QUARANTINED;
    job->verdict = (struct verdict){m->kind, strdup(text), m->what_to_do};
    if (!job->verdict.text) {
        wait_for_next(c, job, c->config.retry_ms);
        return;
    }
    hand_over(c, job);
}

static void fail(struct coordinator *c, struct job *job, const struct meaning *m, const char *text)
{
    struct winnow_error err = {0};
    struct notify_file file = {.id = job->id, .path = job->path, .kind = m->kind};
    job->failures++;
    c->metrics.values[METRIC_ATTEMPTS_FAILED]++;
    if (reason_note_failure(c->spool, job->id, text, &err) != WINNOW_OK)
        notify_say(NOTIFY_WARNING, &file, "%s", err.text);
    if (job->failures >= c->config.attempts) {
        quarantine(c, job, m, text);
        return;
    }
    notify_say(NOTIFY_INFO, &file, "attempt %u of %u failed: %s", job->failures,
               c->config.attempts, text);
    unsigned doublings = job->failures < 16 ? job->failures - 1 : 15;
    wait_for_next(c, job, (uint64_t)c->config.retry_ms << doublings);
}

/* What lasts is not asked for in a hurry: each time the pause is twice as long. */
static void try_again(struct coordinator *c, struct job *job, const char *why)
{
    unsigned doublings = job->again < AGAIN_DOUBLINGS ? job->again : AGAIN_DOUBLINGS;
    job->again++;
    if (!job->is_delayed) /* else it was told */
        notify_say(NOTIFY_WARNING, &(struct notify_file){.id = job->id, .path = job->path},
                   "is cleaned again: %s", why);
    wait_for_next(c, job, (uint64_t)c->config.retry_ms << doublings);
}

/* --- published ------------------------------------------------------------------------------------ */

/* Was the page written to while it was read? */
static bool has_changed(const struct coordinator *c, const struct job *job)
{
    struct stat now;
    struct winnow_error err;
    int fd;
    if (spool_open_input(c->spool, job->id, job->path, &fd, &now, &err) != WINNOW_OK)
        return true;
    close(fd);
    const struct stat *old = &job->before;
    return now.st_ino != old->st_ino || now.st_size != old->st_size ||
           now.st_mtim.tv_sec != old->st_mtim.tv_sec || now.st_mtim.tv_nsec != old->st_mtim.tv_nsec;
}

static bool close_results(struct job *job)
{
    bool ok = true;
    for (size_t i = 0; i < SPOOL_FILES; i++) {
        if (job->files[i] >= 0 && close(job->files[i]) != 0)
            ok = false;
        job->files[i] = -1;
    }
    return ok;
}

/* A page of which nothing is left has a text too: an empty one. */
static bool make_empty(struct coordinator *c, struct job *job, enum pool_part part,
                       enum spool_file file)
{
    struct winnow_error err;
    return !(job->wanted & part) || job->files[file] >= 0 ||
           spool_create(c->spool, job->id, file, &job->files[file], &err) == WINNOW_OK;
}

static void publish(struct coordinator *c, struct job *job, const struct pool_result *result)
{
    if (!make_empty(c, job, POOL_TEXT, SPOOL_TEXT) ||
        !make_empty(c, job, POOL_JSON, SPOOL_RECORD) || !close_results(job) ||
        has_changed(c, job)) {
        try_again(c, job, "its results cannot be written, or it has changed meanwhile");
        return;
    }
    job->kind = MANIFEST_CLEANED;
    memcpy(job->page_id, result->page, sizeof job->page_id);
    c->metrics.values[METRIC_BYTES_IN] += (uint64_t)job->before.st_size;
    hand_over(c, job);
}

/* --- the end of a page ---------------------------------------------------------------------------- */

static void count_end(struct coordinator *c, const struct pool_result *result)
{
    c->metrics.values[METRIC_WORKERS_DIED] += result->end == POOL_DIED;
    c->metrics.values[METRIC_WORKERS_TIMED_OUT] += result->end == POOL_TIMED_OUT;
}

/* Its results could not be written. */
static void find_no_room(struct coordinator *c, struct job *job)
{
    static const struct meaning too_large = {0, NEXT_FAILED, "room", "make room on the spool's disk, "
                                             "then \"winnow queue retry\""};
    uint64_t bytes = job->bytes_written;
    int why = job->write_error;
    bool is_room = why == ENOSPC || why == EDQUOT;
    dispatch_drop_results(c, job);
    if (why == ENOSPC && take_was_too_large(c, bytes)) {
        fail(c, job, &too_large, "its text and record do not fit on the disk");
        return;
    }
    take_set_full(c, is_room ? "a result cannot be written for want of room" : strerror(why));
    wait_for_next(c, job, c->config.retry_ms);
}

void outcome_of(struct coordinator *c, struct job *job, const struct pool_result *result)
{
    const struct meaning *m = meaning_of(job, result);
    job->page = NULL;
    c->held -= job->is_held;
    job->is_held = false;
    count_end(c, result);
    if (!c->commit) { /* all is begun again (coordinator.c) */
        wait_for_next(c, job, 0);
        return;
    }
    if (job->is_full) {
        find_no_room(c, job);
        return;
    }
    if (result->end == POOL_TIMED_OUT)
        lanes_mark_slow(c, job);
    if (result->end == POOL_STOPPED && job->is_preempted) {
        job->is_preempted = false;
        dispatch_drop_results(c, job);
        coordinator_move(c, job, JOB_QUEUED);
        return;
    }
    job->is_preempted = false;
    switch (m->next) {
    case NEXT_PUBLISH:
        publish(c, job, result);
        break;
    case NEXT_QUARANTINE:
        memcpy(job->page_id, result->page, sizeof job->page_id);
        quarantine(c, job, m, result->text);
        break;
    case NEXT_FAILED:
        fail(c, job, m, job->is_distrusted ? distrusted : result->text);
        break;
    case NEXT_AGAIN:
        try_again(c, job, result->text);
        break;
    }
}

void outcome_unreadable(struct coordinator *c, struct job *job, const char *text)
{
    static const struct meaning m = {0, NEXT_QUARANTINE, "unreadable",
                                     "check its owner and mode, then \"winnow queue retry\""};
    quarantine(c, job, &m, text);
}

/* There is nothing left to decide about. */
void outcome_gone(struct coordinator *c, struct job *job)
{
    struct winnow_error err = {0};
    notify_say(NOTIFY_ERROR, &(struct notify_file){.id = job->id, .path = job->path},
               "is gone from work/: somebody else has removed it; it has no outcome");
    dispatch_drop_results(c, job);
    if (spool_finish(c->spool, job->id, &err) != WINNOW_OK)
        notify_say(NOTIFY_WARNING, NULL, "%s", err.text);
    TAILQ_REMOVE(&c->lists[job->state], job, link);
    c->counts[job->state]--;
    take_leave(c, job);
    job_destroy(job);
}
