/* store_commit.c - a commit of the store on disk, step by step, and its undoing.
 *
 * The order of the steps, and what a crash between two of them leaves, is said in
 * store_disk.c. */
#include "store/store_disk.h"

#include <stdlib.h>
#include <unistd.h>

#include "err.h"

struct commit {
    struct disk_store *d;
    struct store_doc *docs;    /* that are to be written, in the order of the pending ones */
    struct text_place *places; /* where they are */
    size_t count;
    struct catalog_run run; /* number 0: the hashes make none yet */
};

/* What was put and forgotten before it was committed never reaches the disk. */
static bool is_written(const struct pending_doc *doc)
{
    return doc->has_text && doc->now.state != DOC_FORGOTTEN;
}

/* --- 1. texts ------------------------------------------------------------------------------ */

static int list_docs(struct commit *c, struct winnow_error *err)
{
    const struct pending *p = &c->d->pending;
    c->docs = calloc(p->texts + 1, sizeof *c->docs);
    c->places = calloc(p->texts + 1, sizeof *c->places);
    if (!c->docs || !c->places)
        return err_nomem(err);
    for (size_t i = 0; i < p->count; i++) {
        if (!is_written(&p->docs[i]))
            continue;
        struct store_doc doc = p->docs[i].full;
        doc.state = p->docs[i].now.state;
        doc.other = p->docs[i].now.other;
        c->docs[c->count++] = doc;
    }
    return WINNOW_OK;
}

static int write_texts(struct commit *c, struct winnow_error *err)
{
    int status = list_docs(c, err);
    return status != WINNOW_OK || c->count == 0
               ? status
               : texts_append(c->d->texts, c->docs, c->count, c->places, err);
}

/* --- 2. fingerprints ------------------------------------------------------------------------- */

static int write_run(struct commit *c, struct winnow_error *err)
{
    const struct young *y = &c->d->young;
    char path[STORE_PATH_MOST];
    if (y->count < c->d->sizes.flush)
        return WINNOW_OK;
    struct run_entry *entries = malloc(y->count * sizeof *entries);
    if (!entries)
        return err_nomem(err);
    young_entries(y, entries);
    store_run_path(c->d->folder, c->d->state.next_run, path);
    int status = run_write(path, entries, y->count, &c->run.info, err);
    free(entries);
    if (status == WINNOW_OK)
        c->run.number = c->d->state.next_run++;
    return status;
}

/* --- 3. the catalog ---------------------------------------------------------------------------- */

static int put_docs(struct commit *c, struct winnow_error *err)
{
    struct disk_store *d = c->d;
    int status = WINNOW_OK;
    for (size_t i = 0, written = 0; i < d->pending.count && status == WINNOW_OK; i++) {
        struct pending_doc *doc = &d->pending.docs[i];
        if (is_written(doc))
            doc->now.place = c->places[written++];
        status = catalog_put_doc(d->catalog, doc->number, &doc->now, err);
        if (status == WINNOW_OK && doc->is_named &&
            pending_named(&d->pending, &doc->now.key) == doc->number)
            status = catalog_name(d->catalog, &doc->now.key, doc->number, err);
    }
    return status;
}

static int put_sites(struct commit *c, struct winnow_error *err)
{
    const struct pending *p = &c->d->pending;
    int status = WINNOW_OK;
    for (size_t i = 0; i < p->sites_count && status == WINNOW_OK; i++)
        status = catalog_put_site(c->d->catalog, p->sites[i].name, p->sites[i].blob, err);
    return status;
}

static int put_recent(struct commit *c, struct winnow_error *err)
{
    const struct pending *p = &c->d->pending;
    int status = WINNOW_OK;
    for (size_t i = 0; i < p->count && status == WINNOW_OK; i++)
        if (is_written(&p->docs[i]) && p->docs[i].hashes)
            status = catalog_put_recent(c->d->catalog, p->docs[i].number,
                                        pending_hashes(&p->docs[i]), p->docs[i].hashes, err);
    return status;
}

static int put_prints(struct commit *c, struct winnow_error *err)
{
    if (c->run.number == 0)
        return put_recent(c, err);
    int status = catalog_drop_recent(c->d->catalog, err);
    return status == WINNOW_OK ? catalog_put_run(c->d->catalog, &c->run, err) : status;
}

static int put_state(struct commit *c, struct winnow_error *err)
{
    texts_end(c->d->texts, &c->d->state.text_file, &c->d->state.text_bytes);
    return catalog_put_state(c->d->catalog, &c->d->state, err);
}

/* A transaction that failed before its last page was written is gone, and the catalog can
 * be read again; where it cannot, only a new opening can tell. */
static int end_transaction(struct commit *c, struct winnow_error *err)
{
    struct disk_store *d = c->d;
    d->in_transaction = false;
    int status = catalog_commit(d->catalog, err);
    if (status != WINNOW_OK && store_need_catalog(d, NULL) != WINNOW_OK)
        d->is_broken = true;
    return status;
}

static int begin_transaction(struct commit *c, struct winnow_error *err)
{
    return store_need_catalog(c->d, err);
}

/* --- the whole ----------------------------------------------------------------------------------- */

static int (*const steps[])(struct commit *c, struct winnow_error *err) = {
    write_texts,
    write_run,
    begin_transaction,
    put_docs,
    put_sites,
    put_prints,
    put_state,
    end_transaction, /* the commit */
};

static void undo(struct commit *c)
{
    char path[STORE_PATH_MOST];
    if (c->run.number && !c->d->is_broken) {
        store_run_path(c->d->folder, c->run.number, path);
        unlink(path);
    }
    if (c->d->in_transaction)
        store_end_transaction(c->d);
    disk_store_rollback(&c->d->store);
}

/* What is committed is made the state in memory. */
static int take_over(struct commit *c)
{
    struct disk_store *d = c->d;
    texts_committed(d->texts);
    d->committed = d->state;
    d->recent += d->pending.texts;
    pending_clear(&d->pending);
    if (c->run.number == 0)
        return WINNOW_OK;
    d->recent = 0;
    young_clear(&d->young);
    int status = store_hold_run(d->folder, &c->run, &d->runs, &d->merge_error);
    if (status == WINNOW_OK)
        d->runs.items[d->runs.count - 1].is_filtered = true; /* as all that was young */
    return status;
}

static bool has_pending(const struct disk_store *d)
{
    return d->pending.count || d->pending.sites_count;
}

static int commit_pending(struct disk_store *d, struct winnow_error *err)
{
    struct commit c = {.d = d};
    int status = WINNOW_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == WINNOW_OK; i++)
        status = steps[i](&c, err);
    if (status != WINNOW_OK)
        undo(&c);
    else
        (void)take_over(&c); /* what fails now is told by store_damage */
    free(c.docs);
    free(c.places);
    return status;
}

int disk_store_commit(struct store *s, struct winnow_error *err)
{
    struct disk_store *d = (struct disk_store *)s;
    int status = has_pending(d) ? commit_pending(d, err) : WINNOW_OK;
    if (status == WINNOW_OK && !d->read_only)
        store_merge(d);
    return status;
}

static bool is_pending(void *ctx, uint32_t number)
{
    const struct pending_doc *doc = pending_find(ctx, number);
    return doc && doc->has_text;
}

void disk_store_rollback(struct store *s)
{
    struct disk_store *d = (struct disk_store *)s;
    if (d->pending.prints)
        young_remove(&d->young, is_pending, &d->pending);
    if (!d->read_only)
        texts_rollback(d->texts);
    pending_clear(&d->pending);
    d->state = d->committed;
}
