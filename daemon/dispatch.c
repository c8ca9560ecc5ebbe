/* dispatch.c - pages to workers; their questions, and the pieces of what they answer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coordinator_parts.h"
#include "fault.h"
#include "notify.h"
#include "whole.h"

enum {
    HOLD_MS = 100,    /* for which a page may keep others waiting while it is cleaned */
    NOTES_TOLD = 16,  /* of a page, to the log */
    NOTE_MOST = 1000, /* bytes of one */
};

/* --- giving pages away ------------------------------------------------------------------------- */

void dispatch_waiting(struct coordinator *c)
{
    uint64_t now = coordinator_now_ns();
    struct job *job, *next;
    for (job = TAILQ_FIRST(&c->lists[JOB_WAITING]); job; job = next) {
        next = TAILQ_NEXT(job, link);
        if (job->due_ns <= now)
            coordinator_move(c, job, JOB_QUEUED);
    }
}

static unsigned wanted(const struct coordinator *c)
{
    return (c->config.text ? POOL_TEXT : 0) | (c->config.record ? POOL_JSON : 0) |
           (c->index ? POOL_TOLD : 0);
}

/* The document is the file by its name: what is dropped again under it is a newer version. */
static bool name_document(struct coordinator *c, struct job *job)
{
    if (!job->question.source &&
        asprintf(&job->question.source, "%s/drop/%s", c->spool->path, job->path) < 0)
        job->question.source = NULL;
    return job->question.source != NULL;
}

static int give(struct coordinator *c, struct job *job, int fd, struct winnow_error *err)
{
    char url[8192];
    const char *from = NULL;
    if (!name_document(c, job))
        return fault_nomem(err);
    spool_read_url(c->spool, job->id, job->path, url, &from);
    struct pool_page page = {.fd = fd,
                             .name = job->path,
                             .url = *url ? url : NULL,
                             .url_from = *url ? from : NULL,
                             .source = job->question.source,
                             .wanted = job->wanted = wanted(c)};
    return pool_add(c->pool, &page, job, &job->page, err);
}

/* A file that nobody can open now may be readable later: but it is not waited for here. */
static void start_job(struct coordinator *c, struct job *job)
{
    struct winnow_error err = {0};
    int fd = -1;
    int status = spool_open_input(c->spool, job->id, job->path, &fd, &job->before, &err);
    if (status == SPOOL_GONE) {
        outcome_gone(c, job);
        return;
    }
    if (status == WINNOW_EUSAGE || status == WINNOW_EDATA) {
        outcome_unreadable(c, job, err.text);
        return;
    }
    if (status == WINNOW_OK)
        status = give(c, job, fd, &err);
    if (fd >= 0)
        close(fd);
    if (status == WINNOW_OK) {
        coordinator_move(c, job, JOB_RUNNING);
        return;
    }
    notify_say(NOTIFY_WARNING, &(struct notify_file){.id = job->id, .path = job->path},
               "cannot be given to a worker: %s", err.text);
    dispatch_drop_results(c, job);
    job->due_ns = coordinator_now_ns() + c->config.retry_ms * UINT64_C(1000000);
    coordinator_move(c, job, JOB_WAITING);
}

void dispatch_queued(struct coordinator *c)
{
    struct job *job;
    if (c->stopping || c->is_full || !c->commit)
        return;
    while (pool_has_room(c->pool) && (job = lanes_next(c)))
        start_job(c, job);
    lanes_make_room(c);
}

/* --- results ------------------------------------------------------------------------------------ */

void dispatch_note_ending(struct coordinator *c)
{
    c->endings++;
    c->ask_again = true;
}

void dispatch_drop_results(struct coordinator *c, struct job *job)
{
    for (size_t i = 0; i < SPOOL_FILES; i++) {
        if (job->files[i] >= 0)
            close(job->files[i]);
        job->files[i] = -1;
    }
    spool_drop_results(c->spool, job->id);
    dispatch_note_ending(c);
    job->asked_ns = 0;
    job->notes = 0;
    job->is_released = false;
    if (c->index)
        indexer_end(c->index, &job->question);
    c->held -= job->is_held;
    job->bytes_out = job->bytes_written = 0;
    job->is_told = job->is_full = job->is_delayed = job->is_held = job->is_distrusted = false;
}

static const struct {
    enum pool_part part;
    enum spool_file file;
} places[] = {
    {POOL_TEXT, SPOOL_TEXT},
    {POOL_JSON, SPOOL_RECORD},
    {POOL_TOLD, SPOOL_TOLD},
};

static bool store_piece(struct coordinator *c, struct job *job, enum spool_file file,
                        const char *data, size_t len)
{
    struct winnow_error err = {0};
    if (job->files[file] < 0 &&
        spool_create(c->spool, job->id, file, &job->files[file], &err) != WINNOW_OK)
        return false;
    if (!take_leaves_room(c, job, len)) {
        errno = ENOSPC;
        return false;
    }
    if (!write_whole(job->files[file], data, len))
        return false;
    job->bytes_out += file == SPOOL_TOLD ? 0 : len;
    job->bytes_written += len;
    job->is_told |= file == SPOOL_TOLD;
    return true;
}

/* A page may have a million notes: the record has all of them. */
static void tell_note(struct job *job, const char *data, size_t len)
{
    if (job->notes++ < NOTES_TOLD)
        notify_say(NOTIFY_FILE, &(struct notify_file){.id = job->id, .path = job->path}, "%.*s",
                   (int)(len < NOTE_MOST ? len : NOTE_MOST), data);
}

static int on_output(void *ctx, struct pool_job *page, enum pool_part part, const char *data,
                     size_t len)
{
    struct coordinator *c = ctx;
    struct job *job = pool_context(page);
    if (part == POOL_NOTE) {
        tell_note(job, data, len);
        return 0;
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (places[i].part != part || store_piece(c, job, places[i].file, data, len))
            continue;
        job->is_full = true;
        job->write_error = errno;
        return -1;
    }
    return 0;
}

/* --- questions ---------------------------------------------------------------------------------- */

static int on_ask(void *ctx, struct pool_job *page, const void *request, size_t len)
{
    struct coordinator *c = ctx;
    struct job *job = pool_context(page);
    if (!c->index || job->question.request)
        return -1; /* none to ask, or two questions at once: no worker of ours does that */
    char *copy = malloc(len + 1);
    if (!copy) {
        pool_stop_job(page);
        return 0;
    }
    if (len > 0)
        memcpy(copy, request, len);
    job->question.owner = job;
    if (job->asked_ns == 0)
        job->asked_ns = coordinator_now_ns();
    job->endings = c->endings;
    indexer_ask(c->index, &job->question, copy, len);
    return 0;
}

static void hold(struct coordinator *c, struct job *job)
{
    job->is_held = true;
    c->held++;
    c->ask_again |= job->endings != c->endings; /* it may have been that one */
    if (c->commit)
        commit_hurry(c->commit);
}

/* An index that cannot be read may be readable later: the page waits, and is cleaned again. */
static void stop_for_index(struct job *job)
{
    notify_say(NOTIFY_WARNING, &(struct notify_file){.id = job->id, .path = job->path},
               "the index cannot be asked: %s", job->question.error.text);
    job->is_delayed = true;
    pool_stop_job(job->page);
}

static void on_answered(void *ctx, struct question *q)
{
    struct coordinator *c = ctx;
    struct job *job = q->owner;
    switch (q->how) {
    case ANSWER_READY:
        if (pool_answer(job->page, q->answer, q->answer_len, &q->error) != WINNOW_OK)
            stop_for_index(job);
        break;
    case ANSWER_WAIT:
        hold(c, job);
        break;
    case ANSWER_DISTRUSTED:
        job->is_distrusted = true;
        pool_stop_job(job->page);
        break;
    case ANSWER_REPEAT:
        pool_stop_job(job->page);
        break;
    default:
        stop_for_index(job);
    }
}

void dispatch_answers(struct coordinator *c)
{
    if (c->index)
        indexer_reap(c->index, on_answered, c);
}

/* A page that takes long keeps others waiting no longer. */
static void release_slow(struct coordinator *c)
{
    uint64_t now = coordinator_now_ns();
    struct job *job;
    TAILQ_FOREACH(job, &c->lists[JOB_RUNNING], link) {
        if (job->asked_ns == 0 || job->is_held || job->is_released ||
            job->question.is_with_indexer || now - job->asked_ns < HOLD_MS * UINT64_C(1000000))
            continue;
        indexer_release(c->index, &job->question);
        job->is_released = true;
        dispatch_note_ending(c);
    }
}

void dispatch_questions(struct coordinator *c)
{
    struct job *job;
    if (c->held > 0 && c->index)
        release_slow(c);
    if (!c->ask_again || !c->commit)
        return;
    c->ask_again = false;
    TAILQ_FOREACH(job, &c->lists[JOB_RUNNING], link) {
        if (!job->is_held)
            continue;
        job->is_held = false;
        c->held--;
        job->endings = c->endings;
        job->asked_ns = coordinator_now_ns(); /* its own waiting is not its fault */
        indexer_ask(c->index, &job->question, NULL, 0);
    }
}

static void on_done(void *ctx, struct pool_job *page, const struct pool_result *result)
{
    outcome_of(ctx, pool_context(page), result);
}

const struct pool_calls dispatch_calls = {
    .ask = on_ask,
    .output = on_output,
    .done = on_done,
    .reloaded = serve_reloaded,
};
