/* commit.c - outcomes made durable, in groups, by a thread of its own.
 *
 * Syncing a file system costs about the same for one file as for sixty, and the one who
 * waits for it can do nothing else: so outcomes gather while a group is on its way, and
 * the coordinator never syncs. */
#include "commit.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"
#include "notify.h"
#include "spool/reason.h"

enum {
    CLOSE_MS = 100,       /* of rest, before the index commits what there is */
    INDEX_EVERY = 256,    /* documents */
    INDEX_BYTES = 32 << 20, /* or so much of what it was told */
    NAME_TRIES = 8,       /* when others write into out/ */
};

#define TOLD_MOST ((size_t)1 << 31)

struct commit {
    struct spool *spool;
    struct indexer *index; /* NULL: none */
    pthread_t thread;

    pthread_mutex_t manifest_lock;
    struct manifest *manifest;

    pthread_mutex_t lock; /* of all that follows, down to the next blank line */
    pthread_cond_t more;
    struct commit_settings settings;
    struct jobs incoming, gone;
    size_t nincoming, ngiven; /* ngiven: that were not handed back */
    uint64_t first_ns; /* when the first of incoming came */
    struct job **seen; /* became visible, and the coordinator was not told */
    size_t nseen, seen_cap;
    bool hurry, stop, ended_group;
    uint64_t busy_since_ns, groups;
    double last_s;
    struct winnow_error failure;
    int event;

    /* the thread's own */
    struct jobs group, published; /* in the order of their decision */
    size_t npublished, untold;    /* untold: the index has not committed them */
    size_t told_bytes;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void wake_coordinator(struct commit *c)
{
    uint64_t one = 1;
    while (write(c->event, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

/* --- 1: what can be told of a page is believed or not ------------------------------------- */

struct telling {
    struct question *question;
    char *told;
    size_t len;
};

static int read_told(struct commit *c, const struct job *job, struct telling *t,
                     struct winnow_error *err)
{
    int status = spool_read(c->spool, job->id, SPOOL_TOLD, TOLD_MOST, &t->told, &t->len, err);
    return status == SPOOL_GONE ? WINNOW_OK : status;
}

static int check_task(struct winnow_index *index, void *arg, struct winnow_error *err)
{
    const struct telling *t = arg;
    (void)index;
    return winnow_asking_check(t->question->asking, t->told, t->len, err);
}

static void tell_refusal(const struct job *job, const char *why)
{
    struct notify_file file = {.id = job->id, .path = job->path};
    notify_say(NOTIFY_WARNING, &file, "is not remembered: %s", why);
}

/* Once it is decided, what lies in work/<id>/told is taken after a crash without a question. */
static int check_told(struct commit *c, struct job *job, struct winnow_error *err)
{
    struct telling t = {.question = &job->question};
    int status = job->question.asking ? read_told(c, job, &t, err) : WINNOW_OK;
    if (status == WINNOW_OK && t.told)
        status = indexer_run(c->index, check_task, &t, err);
    free(t.told);
    if (status != WINNOW_OK && status != WINNOW_EDATA)
        return status;
    if (status == WINNOW_OK && t.told)
        return WINNOW_OK;
    tell_refusal(job, status == WINNOW_EDATA ? err->text : "its worker has not asked for it");
    job->is_told = false;
    return spool_drop_told(c->spool, job->id, err);
}

static int check_group(struct commit *c, struct winnow_error *err)
{
    struct job *job;
    int status = WINNOW_OK;
    TAILQ_FOREACH(job, &c->group, link)
        if (status == WINNOW_OK && job->is_told)
            status = check_told(c, job, err);
    return status;
}

/* --- 1, 2, 3: the decision ------------------------------------------------------------------ */

static int write_reasons(struct commit *c, struct winnow_error *err)
{
    struct job *job;
    int status = WINNOW_OK;
    TAILQ_FOREACH(job, &c->group, link) {
        if (job->kind != MANIFEST_QUARANTINED)
            continue;
        struct reason reason = {job->verdict.kind, job->verdict.text, job->verdict.what_to_do};
        status = reason_write(c->spool, job->id, job->path, &reason, err);
        if (status != WINNOW_OK)
            break;
    }
    return status;
}

static int sync_all(struct commit *c, struct winnow_error *err)
{
    struct job *job;
    int status = spool_sync(c->spool, err);
    if (status == WINNOW_OK)
        TAILQ_FOREACH(job, &c->published, link)
            job->is_durable = true;
    return status;
}

/* Has another outcome of this group the name? */
static bool is_taken(void *ctx, const char *name)
{
    const struct commit *c = ctx;
    const struct job *job;
    TAILQ_FOREACH(job, &c->group, link)
        if (job->out && strcmp(job->out, name) == 0)
            return true;
    return false;
}

static int name_output(struct commit *c, struct job *job, bool replace, struct winnow_error *err)
{
    char *name = NULL;
    if (job->kind != MANIFEST_CLEANED)
        return WINNOW_OK;
    int status = spool_out_name(c->spool, job->id, job->path, replace, is_taken, c, &name, err);
    if (status != WINNOW_OK)
        return status;
    free(job->out);
    job->out = name;
    return WINNOW_OK;
}

static struct manifest_entry entry_of(const struct job *job)
{
    struct manifest_entry e = {.id = job->id,
                               .kind = job->kind,
                               .time = (int64_t)time(NULL),
                               .attempts = job->failures + (job->kind == MANIFEST_CLEANED),
                               .path = job->path,
                               .out = job->out};
    memcpy(e.page, job->page_id, sizeof e.page);
    return e;
}

int commit_append(struct commit *c, const struct manifest_entry *entries, size_t count,
                  struct winnow_error *err)
{
    pthread_mutex_lock(&c->manifest_lock);
    int status = manifest_append(c->manifest, entries, count, err);
    pthread_mutex_unlock(&c->manifest_lock);
    return status;
}

static int append_group(struct commit *c, struct winnow_error *err)
{
    struct job *job;
    size_t count = 0;
    TAILQ_FOREACH(job, &c->group, link)
        count++;
    struct manifest_entry *entries = calloc(count, sizeof *entries);
    if (!entries)
        return fault_nomem(err);
    count = 0;
    TAILQ_FOREACH(job, &c->group, link)
        entries[count++] = entry_of(job);
    int status = commit_append(c, entries, count, err);
    free(entries);
    return status;
}

static int decide(struct commit *c, bool replace, struct winnow_error *err)
{
    struct job *job;
    TAILQ_FOREACH(job, &c->group, link) {
        int status = name_output(c, job, replace, err);
        if (status != WINNOW_OK)
            return status;
    }
    return append_group(c, err);
}

/* --- 4: visible --------------------------------------------------------------------------------- */

/* Somebody else wrote into out/ under the name that was decided: the decision is made anew. */
static int rename_output(struct commit *c, struct job *job, struct winnow_error *err)
{
    int status = name_output(c, job, false, err);
    if (status != WINNOW_OK)
        return status;
    struct manifest_entry entry = entry_of(job);
    return commit_append(c, &entry, 1, err);
}

static int publish(struct commit *c, struct job *job, bool replace, struct winnow_error *err)
{
    if (job->kind == MANIFEST_QUARANTINED)
        return spool_quarantine(c->spool, job->id, err);
    int status = spool_publish(c->spool, job->id, job->out, replace, err);
    for (int i = 0; status == WINNOW_EUSAGE && i < NAME_TRIES; i++) {
        status = rename_output(c, job, err);
        if (status == WINNOW_OK)
            status = spool_publish(c->spool, job->id, job->out, replace, err);
    }
    return status;
}

static void show(struct commit *c, struct job *job)
{
    pthread_mutex_lock(&c->lock);
    c->seen[c->nseen++] = job;
    pthread_mutex_unlock(&c->lock);
}

static int publish_group(struct commit *c, bool replace, struct winnow_error *err)
{
    struct job *job;
    TAILQ_FOREACH(job, &c->group, link) {
        int status = publish(c, job, replace, err);
        if (status != WINNOW_OK)
            return status;
        show(c, job);
    }
    wake_coordinator(c);
    return WINNOW_OK;
}

/* --- 5, 6: the index --------------------------------------------------------------------------- */

/* In the indexer's thread: what a page told is taken, and it keeps no other waiting. */
static int take_task(struct winnow_index *index, void *arg, struct winnow_error *err)
{
    struct telling *t = arg;
    (void)index;
    int status = t->told ? winnow_asking_take(t->question->asking, t->told, t->len, err)
                         : WINNOW_OK;
    winnow_asking_free(t->question->asking);
    t->question->asking = NULL;
    return status;
}

static int tell(struct commit *c, struct job *job, struct winnow_error *err)
{
    struct telling t = {.question = &job->question};
    int status = job->is_told ? read_told(c, job, &t, err) : WINNOW_OK;
    if (status != WINNOW_OK)
        return status;
    job->is_told = t.told != NULL;
    status = indexer_run(c->index, take_task, &t, err);
    free(t.told);
    if (status == WINNOW_EDATA) { /* not even then does one page stop the others */
        tell_refusal(job, err->text);
        job->is_told = false;
        return spool_drop_told(c->spool, job->id, err);
    }
    c->told_bytes += t.len;
    c->untold += job->is_told;
    return status;
}

static int tell_index(struct commit *c, struct winnow_error *err)
{
    struct job *job;
    int status = WINNOW_OK;
    TAILQ_FOREACH(job, &c->group, link)
        if (status == WINNOW_OK && job->question.asking)
            status = tell(c, job, err);
    return status;
}

static int commit_task(struct winnow_index *index, void *arg, struct winnow_error *err)
{
    (void)arg;
    return winnow_index_commit(index, err);
}

static int commit_index(struct commit *c, struct winnow_error *err)
{
    struct job *job;
    int status = WINNOW_OK;
    if (c->untold > 0)
        status = indexer_run(c->index, commit_task, NULL, err);
    if (status != WINNOW_OK)
        return status;
    c->untold = c->told_bytes = 0;
    TAILQ_FOREACH(job, &c->published, link)
        job->is_indexed = true;
    return WINNOW_OK;
}

/* --- 7: gone --------------------------------------------------------------------------------- */

static int finish(struct commit *c, struct winnow_error *err)
{
    struct job *job, *next;
    for (job = TAILQ_FIRST(&c->published); job; job = next) {
        next = TAILQ_NEXT(job, link);
        if (!job->is_durable || !job->is_indexed)
            continue;
        int status =
            job->kind == MANIFEST_CLEANED ? spool_finish(c->spool, job->id, err) : WINNOW_OK;
        if (status != WINNOW_OK)
            return status;
        TAILQ_REMOVE(&c->published, job, link);
        c->npublished--;
        pthread_mutex_lock(&c->lock);
        TAILQ_INSERT_TAIL(&c->gone, job, link);
        pthread_mutex_unlock(&c->lock);
    }
    return WINNOW_OK;
}

/* --- the thread ------------------------------------------------------------------------------ */

static void end_group(struct commit *c)
{
    struct job *job;
    while ((job = TAILQ_FIRST(&c->group))) {
        TAILQ_REMOVE(&c->group, job, link);
        job->is_indexed = !job->is_told;
        TAILQ_INSERT_TAIL(&c->published, job, link);
        c->npublished++;
    }
}

/* An empty group only ends what was published before. */
static int commit_group(struct commit *c, const struct commit_settings *s, struct winnow_error *err)
{
    bool is_empty = TAILQ_EMPTY(&c->group);
    int status = check_group(c, err);
    if (status == WINNOW_OK)
        status = write_reasons(c, err);
    if (status == WINNOW_OK)
        status = sync_all(c, err);
    if (status == WINNOW_OK && !is_empty)
        status = decide(c, s->replace, err);
    if (status == WINNOW_OK)
        status = publish_group(c, s->replace, err);
    if (status == WINNOW_OK)
        status = tell_index(c, err);
    if (status != WINNOW_OK)
        return status;
    end_group(c);
    if (is_empty || c->untold >= INDEX_EVERY || c->told_bytes >= INDEX_BYTES)
        status = commit_index(c, err);
    return status == WINNOW_OK ? finish(c, err) : status;
}

static void wait_until(struct commit *c, uint64_t due_ns)
{
    struct timespec t = {.tv_sec = (time_t)(due_ns / 1000000000u),
                         .tv_nsec = (long)(due_ns % 1000000000u)};
    pthread_cond_timedwait(&c->more, &c->lock, &t);
}

/* Waits until a group is full, or has waited long enough, or what was published can be
 * ended because nothing comes.  The lock is held. */
static void wait_for_group(struct commit *c)
{
    uint64_t rest_ns = now_ns() + CLOSE_MS * UINT64_C(1000000);
    while (!c->stop) {
        uint64_t now = now_ns();
        if (c->nincoming >= c->settings.batch || (c->nincoming > 0 && c->hurry))
            return;
        if (c->nincoming > 0) {
            uint64_t due = c->first_ns + c->settings.batch_ms * UINT64_C(1000000);
            if (now >= due)
                return;
            wait_until(c, due);
        } else if (c->npublished > 0) {
            if (now >= rest_ns)
                return;
            wait_until(c, rest_ns);
        } else {
            pthread_cond_wait(&c->more, &c->lock);
        }
    }
}

/* Takes the next group, which may be empty.  false: all is done, and no more will come. */
static bool take_group(struct commit *c, struct commit_settings *settings)
{
    pthread_mutex_lock(&c->lock);
    c->busy_since_ns = 0;
    wait_for_group(c);
    *settings = c->settings;
    for (unsigned i = 0; i < c->settings.batch && c->nincoming > 0; i++, c->nincoming--) {
        struct job *job = TAILQ_FIRST(&c->incoming);
        TAILQ_REMOVE(&c->incoming, job, link);
        TAILQ_INSERT_TAIL(&c->group, job, link);
    }
    c->first_ns = c->busy_since_ns = now_ns();
    c->hurry = c->hurry && c->nincoming > 0;
    bool more = !TAILQ_EMPTY(&c->group) || c->npublished > 0;
    pthread_mutex_unlock(&c->lock);
    return more;
}

static void note_group(struct commit *c, int status, const struct winnow_error *err)
{
    pthread_mutex_lock(&c->lock);
    c->groups++;
    c->last_s = (double)(now_ns() - c->busy_since_ns) / 1e9;
    c->ended_group = true;
    if (status != WINNOW_OK) {
        c->failure = *err;
        c->failure.status = (enum winnow_status)status;
        c->busy_since_ns = 0;
    }
    pthread_mutex_unlock(&c->lock);
    wake_coordinator(c);
}

static void *run(void *arg)
{
    struct commit *c = arg;
    struct commit_settings settings;
    int status = WINNOW_OK;
    while (status == WINNOW_OK && take_group(c, &settings)) {
        struct winnow_error err = {0};
        status = commit_group(c, &settings, &err);
        note_group(c, status, &err);
    }
    return NULL;
}

/* --- the coordinator's side -------------------------------------------------------------------- */

int commit_fd(const struct commit *c)
{
    return c->event;
}

void commit_set(struct commit *c, const struct commit_settings *settings)
{
    pthread_mutex_lock(&c->lock);
    c->settings = *settings;
    pthread_mutex_unlock(&c->lock);
}

/* Room for the job among those that are seen: made here, where it can fail. */
static bool make_room(struct commit *c, size_t more)
{
    if (c->seen_cap >= more)
        return true;
    struct job **seen = realloc(c->seen, 2 * more * sizeof *seen);
    if (!seen)
        return false;
    c->seen = seen;
    c->seen_cap = 2 * more;
    return true;
}

int commit_add(struct commit *c, struct job *job, struct winnow_error *err)
{
    pthread_mutex_lock(&c->lock);
    bool ok = make_room(c, c->ngiven + 1);
    if (ok) {
        c->ngiven++;
        job->state = JOB_DECIDING;
        if (c->nincoming++ == 0 && c->busy_since_ns == 0)
            c->first_ns = now_ns();
        TAILQ_INSERT_TAIL(&c->incoming, job, link);
        pthread_cond_signal(&c->more);
    }
    pthread_mutex_unlock(&c->lock);
    return ok ? WINNOW_OK : fault_nomem(err);
}

void commit_hurry(struct commit *c)
{
    pthread_mutex_lock(&c->lock);
    c->hurry = true;
    pthread_cond_signal(&c->more);
    pthread_mutex_unlock(&c->lock);
}

static void drain_event(struct commit *c)
{
    uint64_t count;
    while (read(c->event, &count, sizeof count) < 0 && errno == EINTR)
        continue;
}

int commit_reap(struct commit *c, const struct commit_calls *calls, void *ctx)
{
    struct jobs gone = TAILQ_HEAD_INITIALIZER(gone);
    struct job *job;
    drain_event(c);
    pthread_mutex_lock(&c->lock);
    bool any = c->nseen > 0 || c->ended_group;
    for (size_t i = 0; i < c->nseen; i++)
        calls->visible(ctx, c->seen[i]);
    c->nseen = 0;
    c->ended_group = false;
    TAILQ_CONCAT(&gone, &c->gone, link);
    pthread_mutex_unlock(&c->lock);
    while ((job = TAILQ_FIRST(&gone))) {
        TAILQ_REMOVE(&gone, job, link);
        c->ngiven--;
        calls->gone(ctx, job);
    }
    return any;
}

int commit_failed(struct commit *c, struct winnow_error *err)
{
    pthread_mutex_lock(&c->lock);
    int status = c->failure.status;
    if (status != WINNOW_OK && err)
        *err = c->failure;
    pthread_mutex_unlock(&c->lock);
    return status;
}

double commit_busy_s(struct commit *c)
{
    pthread_mutex_lock(&c->lock);
    double ret = c->busy_since_ns ? (double)(now_ns() - c->busy_since_ns) / 1e9 : 0;
    pthread_mutex_unlock(&c->lock);
    return ret;
}

void commit_counts(struct commit *c, uint64_t *groups, double *last_s)
{
    pthread_mutex_lock(&c->lock);
    *groups = c->groups;
    *last_s = c->last_s;
    pthread_mutex_unlock(&c->lock);
}

/* Signals are the coordinator's. */
static int start_thread(struct commit *c)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int why = pthread_create(&c->thread, NULL, run, c);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return why;
}

static void init_locks(struct commit *c)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&c->more, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&c->lock, NULL);
    pthread_mutex_init(&c->manifest_lock, NULL);
}

static void free_jobs(struct commit *c, struct jobs *jobs)
{
    struct job *job;
    while ((job = TAILQ_FIRST(jobs))) {
        TAILQ_REMOVE(jobs, job, link);
        if (c->index)
            indexer_end(c->index, &job->question);
        job_destroy(job);
    }
}

static void free_parts(struct commit *c)
{
    struct jobs *const lists[] = {&c->incoming, &c->group, &c->published, &c->gone};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        free_jobs(c, lists[i]);
    pthread_cond_destroy(&c->more);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->manifest_lock);
    if (c->event >= 0)
        close(c->event);
    free(c->seen);
    free(c);
}

int commit_new(struct spool *spool, struct manifest *manifest, struct indexer *index,
               const struct commit_settings *settings, struct commit **ret,
               struct winnow_error *err)
{
    struct commit *c = calloc(1, sizeof *c);
    if (!c)
        return fault_nomem(err);
    c->spool = spool;
    c->manifest = manifest;
    c->index = index;
    c->settings = *settings;
    TAILQ_INIT(&c->incoming);
    TAILQ_INIT(&c->gone);
    TAILQ_INIT(&c->group);
    TAILQ_INIT(&c->published);
    init_locks(c);
    c->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int why = c->event < 0 ? errno : start_thread(c);
    if (why != 0) {
        free_parts(c);
        errno = why;
        return fault_errno(err, "free memory or raise the limits, then start it again",
                           "the committer cannot be started");
    }
    *ret = c;
    return WINNOW_OK;
}

void commit_free(struct commit *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_signal(&c->more);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    free_parts(c);
}
