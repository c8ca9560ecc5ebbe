/* take.c - files that are ready are claimed, as long as there is room for them. */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "coordinator_parts.h"
#include "notify.h"

enum {
    SPACE_MS = 500,        /* between two looks at the free space */
    TAKE_MOST = 64,        /* files in one go: others wait for the loop too */
    SLOW_MOST = 4096,      /* pages that take long: more than that is an attack */
    LOOK_EVERY = 16 << 20, /* bytes of a page's results */
    LARGE = 1 << 20,       /* bytes; smaller results fill no disk */
};

/* --- room ------------------------------------------------------------------------------------ */

static void set_full(struct coordinator *c, bool is_full, const char *why)
{
    if (c->is_full == is_full)
        return;
    c->is_full = is_full;
    c->metrics.values[METRIC_FULL] = is_full;
    c->look_now = true;
    if (is_full)
        notify_event(NOTIFY_DISK_FULL, NULL,
                     "%s: %s; nothing is claimed until there is room: files wait in drop/",
                     c->spool->path, why);
    else
        notify_event(NOTIFY_DISK_FREE, NULL, "%s: there is room again", c->spool->path);
}

/* There is room again only with something to spare: else it would come and go with each
 * file. */
void take_check_space(struct coordinator *c)
{
    uint64_t now = coordinator_now_ns();
    struct statvfs v;
    if (now < c->space_due_ns)
        return;
    c->space_due_ns = now + SPACE_MS * UINT64_C(1000000);
    spool_renew_out(c->spool);
    if (fstatvfs(c->spool->root, &v) != 0)
        return;
    unsigned long long free_bytes = (unsigned long long)v.f_bavail * v.f_frsize;
    unsigned long long spare = c->is_full ? c->config.min_free / 8 : 0;
    c->metrics.values[METRIC_FREE_BYTES] = free_bytes;
    if (free_bytes < c->config.min_free + spare)
        set_full(c, true, "the disk is nearly full (setting min_free)");
    else if (v.f_files > 0 && v.f_favail < c->config.min_free_inodes)
        set_full(c, true, "the disk has hardly any inodes left (setting min_free_inodes)");
    else
        set_full(c, false, NULL);
}

static bool has_room(const struct coordinator *c)
{
    struct statvfs v;
    return fstatvfs(c->spool->root, &v) != 0 ||
           (unsigned long long)v.f_bavail * v.f_frsize >= c->config.min_free;
}

bool take_leaves_room(struct coordinator *c, const struct job *job, size_t more)
{
    return (job->bytes_written + more) / LOOK_EVERY == job->bytes_written / LOOK_EVERY ||
           has_room(c);
}

bool take_was_too_large(struct coordinator *c, uint64_t bytes)
{
    return bytes >= LARGE && has_room(c);
}

/* Whoever has met it knows better than statvfs: quotas, reserved blocks. */
void take_set_full(struct coordinator *c, const char *why)
{
    set_full(c, true, why);
    c->space_due_ns = coordinator_now_ns() + 2 * SPACE_MS * UINT64_C(1000000);
}

/* --- claims ---------------------------------------------------------------------------------- */

static size_t in_work(const struct coordinator *c)
{
    size_t ret = 0;
    for (size_t i = 0; i < JOB_STATES; i++)
        ret += c->counts[i];
    return ret - c->slow; /* others do not wait for those */
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct job *)a)->path, ((const struct job *)b)->path);
}

bool take_path(struct coordinator *c, struct job *job)
{
    struct job **node = tsearch(job, &c->paths, by_path);
    return job->has_path = node && *node == job;
}

void take_leave(struct coordinator *c, struct job *job)
{
    if (job->has_path)
        tdelete(job, &c->paths, by_path);
    job->has_path = false;
    c->slow -= job->is_slow;
    job->is_slow = false;
}

static void claim(struct coordinator *c, const char *path)
{
    struct winnow_error err = {0};
    struct notify_file file = {.path = path};
    struct job *job = job_create(spool_new_id(c->spool), path);
    if (job && !take_path(c, job)) {
        watch_again(c->watch, path);
        job_destroy(job);
        return;
    }
    int status = job ? spool_claim(c->spool, path, job->id, &err) : WINNOW_ENOMEM;
    if (status == WINNOW_OK) {
        job->claimed_ns = coordinator_now_ns();
        c->metrics.values[METRIC_CLAIMED]++;
        TAILQ_INSERT_TAIL(&c->lists[JOB_QUEUED], job, link);
        c->counts[JOB_QUEUED]++;
        return;
    }
    if (status != SPOOL_GONE) {
        if (status != WINNOW_EUSAGE) /* a later listing comes to it anyway */
            watch_again(c->watch, path);
        if (errno == ENOSPC || errno == EDQUOT)
            take_set_full(c, "a file cannot be claimed for want of room");
        else
            notify_say(NOTIFY_WARNING, &file, "cannot be claimed: %s",
                       job ? err.text : "out of memory");
    }
    if (job)
        take_leave(c, job);
    job_destroy(job);
}

/* drop/ may have been replaced by another folder. */
static void renew_root(struct coordinator *c)
{
    int root = watch_root(c->watch);
    if (root >= 0)
        dup3(root, c->spool->drop, O_CLOEXEC);
}

bool take_has_room(const struct coordinator *c)
{
    return !c->stopping && !c->is_full && c->commit && c->slow < SLOW_MOST &&
           in_work(c) < c->config.max_work;
}

void take_files(struct coordinator *c)
{
    const char *path;
    bool more = false;
    if (!c->look_now || !take_has_room(c))
        return;
    for (int i = 0; i < TAKE_MOST && take_has_room(c); i++) {
        if (!watch_next(c->watch, &path, &more)) {
            c->look_now = more;
            return;
        }
        renew_root(c);
        claim(c, path);
    }
}
