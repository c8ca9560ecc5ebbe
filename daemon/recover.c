/* recover.c - what a crash left in work/ is ended, or begun anew.
 *
 * The manifest says which files were decided; of those the steps that follow are done
 * again, each of which does nothing where it was done.  In the order of the decisions: the
 * index learned of documents in that order, and later ones may yield to earlier ones. */
#include "recover.h"

#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "notify.h"
#include "spool/reason.h"

#define TOLD_MOST ((size_t)1 << 31)

/* A folder of work/. */
struct found {
    uint64_t id;
    char *path;        /* NULL: there is no file in it */
    size_t decision;   /* its place among the decisions, from 1; 0: none */
    enum manifest_kind kind;
    char *out;
};

struct recovery {
    struct spool *spool;
    struct manifest *manifest;
    struct indexer *index; /* NULL: none */
    bool replace;
    struct found *items;
    size_t count, cap, decisions;
    bool has_told;
    struct winnow_error *err;
    int status;
};

/* --- what there is ---------------------------------------------------------------------------- */

static int note_found(void *ctx, uint64_t id, const char *path)
{
    struct recovery *r = ctx;
    if (r->count == r->cap) {
        size_t cap = 2 * r->cap + 64;
        struct found *items = realloc(r->items, cap * sizeof *items);
        if (!items)
            return r->status = fault_nomem(r->err);
        r->items = items;
        r->cap = cap;
    }
    struct found *f = &r->items[r->count];
    *f = (struct found){.id = id, .path = path ? strdup(path) : NULL};
    if (path && !f->path)
        return r->status = fault_nomem(r->err);
    r->count++;
    spool_know_id(r->spool, id);
    return 0;
}

static int by_id(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static int by_decision(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    return x->decision != y->decision ? (x->decision > y->decision) - (x->decision < y->decision)
                                      : by_id(a, b);
}

static int list_work(struct recovery *r)
{
    int status = spool_each(r->spool, false, note_found, r, r->err);
    if (status == WINNOW_OK)
        status = r->status;
    if (status == WINNOW_OK && r->count > 0)
        qsort(r->items, r->count, sizeof *r->items, by_id);
    return status;
}

/* The last decision about a file counts: an earlier name may have been taken since. */
static int note_decision(void *ctx, const struct manifest_entry *entry)
{
    struct recovery *r = ctx;
    struct found key = {.id = entry->id};
    spool_know_id(r->spool, entry->id);
    struct found *f = r->count > 0
                          ? bsearch(&key, r->items, r->count, sizeof *r->items, by_id)
                          : NULL;
    if (!f)
        return 0;
    char *out = entry->out ? strdup(entry->out) : NULL;
    if (entry->out && !out)
        return r->status = fault_nomem(r->err);
    free(f->out);
    f->out = out;
    f->kind = entry->kind;
    f->decision = ++r->decisions;
    return 0;
}

static void tell_damage(void *ctx, const char *file, uint64_t at, const char *text)
{
    (void)ctx;
    notify_say(NOTIFY_WARNING, NULL, "%s, byte %llu: %s", file, (unsigned long long)at, text);
}

/* --- ending decisions ------------------------------------------------------------------------- */

struct telling {
    char *told;
    size_t len;
};

static int retake_task(struct winnow_index *index, void *arg, struct winnow_error *err)
{
    const struct telling *t = arg;
    return winnow_index_retake(index, t->told, t->len, err);
}

static int commit_task(struct winnow_index *index, void *arg, struct winnow_error *err)
{
    (void)arg;
    return winnow_index_commit(index, err);
}

static int retake(struct recovery *r, const struct found *f)
{
    struct telling t = {0};
    if (!r->index)
        return WINNOW_OK;
    int status = spool_read(r->spool, f->id, SPOOL_TOLD, TOLD_MOST, &t.told, &t.len, r->err);
    if (status != WINNOW_OK)
        return status == SPOOL_GONE ? WINNOW_OK : status;
    status = indexer_run(r->index, retake_task, &t, r->err);
    free(t.told);
    if (status == WINNOW_EDATA) {
        struct notify_file file = {.id = f->id, .path = f->path};
        notify_say(NOTIFY_WARNING, &file, "is not remembered: %s", r->err ? r->err->text : "");
        return WINNOW_OK;
    }
    r->has_told = true;
    return status;
}

/* A file that somebody put in the way since the decision keeps its name: ours gets another,
 * and the manifest a new line. */
static int publish_elsewhere(struct recovery *r, struct found *f)
{
    char *name = NULL;
    int status = spool_out_name(r->spool, f->id, f->path, false, NULL, NULL, &name, r->err);
    if (status == WINNOW_OK) {
        struct manifest_entry entry = {.id = f->id, .kind = f->kind, .path = f->path, .out = name,
                                       .attempts = 1, .time = (int64_t)(f->id / 1000000)};
        status = manifest_append(r->manifest, &entry, 1, r->err);
    }
    if (status == WINNOW_OK)
        status = spool_publish(r->spool, f->id, name, false, r->err);
    free(name);
    return status;
}

static int end_decision(struct recovery *r, struct found *f)
{
    if (f->kind == MANIFEST_QUARANTINED)
        return spool_quarantine(r->spool, f->id, r->err);
    if (f->kind != MANIFEST_CLEANED || !f->out)
        return WINNOW_OK;
    int status = spool_publish(r->spool, f->id, f->out, r->replace, r->err);
    if (status == WINNOW_EUSAGE)
        status = publish_elsewhere(r, f);
    return status == WINNOW_OK ? retake(r, f) : status;
}

static int finish_decided(struct recovery *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->items[i].decision == 0 || r->items[i].kind == MANIFEST_QUARANTINED)
            continue;
        int status = spool_finish(r->spool, r->items[i].id, r->err);
        if (status != WINNOW_OK)
            return status;
    }
    return WINNOW_OK;
}

static int end_decided(struct recovery *r, struct recovered *ret)
{
    int status = WINNOW_OK;
    if (r->count > 0)
        qsort(r->items, r->count, sizeof *r->items, by_decision);
    for (size_t i = 0; i < r->count && status == WINNOW_OK; i++)
        if (r->items[i].decision > 0) {
            status = end_decision(r, &r->items[i]);
            ret->ended++;
        }
    if (status == WINNOW_OK && ret->ended > 0)
        status = spool_sync(r->spool, r->err);
    if (status == WINNOW_OK && r->has_told)
        status = indexer_run(r->index, commit_task, NULL, r->err);
    return status == WINNOW_OK ? finish_decided(r) : status;
}

/* --- beginning the others anew ------------------------------------------------------------------- */

static int begin_anew(struct recovery *r, const struct found *f, struct jobs *jobs,
                      struct recovered *ret)
{
    if (!f->path) {
        ret->swept++;
        return spool_finish(r->spool, f->id, r->err);
    }
    int status = spool_claim_sidecar(r->spool, f->id, f->path, r->err);
    if (status != WINNOW_OK && status != SPOOL_GONE)
        return status;
    spool_drop_results(r->spool, f->id);
    struct job *job = job_create(f->id, f->path);
    if (!job)
        return fault_nomem(r->err);
    job->failures = reason_failures(r->spool, f->id);
    TAILQ_INSERT_TAIL(jobs, job, link);
    ret->again++;
    return WINNOW_OK;
}

static int begin_undecided(struct recovery *r, struct jobs *jobs, struct recovered *ret)
{
    int status = WINNOW_OK;
    for (size_t i = 0; i < r->count && status == WINNOW_OK; i++)
        if (r->items[i].decision == 0)
            status = begin_anew(r, &r->items[i], jobs, ret);
    return status;
}

static void recovery_free(struct recovery *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->items[i].path);
        free(r->items[i].out);
    }
    free(r->items);
}

int recover_run(struct spool *spool, struct manifest *manifest, struct indexer *index,
                bool replace, struct jobs *jobs, struct recovered *ret, struct winnow_error *err)
{
    struct recovered done = {0};
    struct recovery r = {.spool = spool, .manifest = manifest, .index = index,
                         .replace = replace, .err = err};
    int status = list_work(&r);
    if (status == WINNOW_OK)
        status = manifest_each(spool->state, r.count > 0 ? r.items[0].id : UINT64_MAX,
                               note_decision, tell_damage, &r, err);
    if (status == WINNOW_OK)
        status = r.status;
    if (status == WINNOW_OK)
        status = end_decided(&r, &done);
    if (status == WINNOW_OK)
        status = begin_undecided(&r, jobs, &done);
    recovery_free(&r);
    if (status == WINNOW_OK)
        *ret = done;
    return status;
}
