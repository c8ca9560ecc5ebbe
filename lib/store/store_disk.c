/* store_disk.c - a store in a folder: documents and fingerprints that outlive the process.
 *
 *     lock             the writer holds it
 *     catalog.mdb      LMDB: documents, keys, sites, runs, recent hashes, the texts' end
 *     run-000001 ...   sorted fingerprints, never changed (run.c)
 *     texts-000001 ... the documents, only appended to (texts.c)
 *
 * What the catalog names is true; everything else is a leftover.
 *
 * A commit, in this order:
 *
 * 1. The texts are appended behind their committed end, and synced.
 * 2. Where the hashes that are in no run reach sizes.flush, a run is written of them all,
 *    synced, and given the next number.  Fewer go into the catalog, as recent ones, so that
 *    the small commits of a service do not make a run each.
 * 3. One transaction of the catalog names all of it.  That is the commit.
 * 4. Then merges, each in the same way: the new run is written and synced, a transaction
 *    swaps the names, the old files go.
 * 5. No step touches a byte that the catalog names.  What it does not name is removed when
 *    a writer opens, and only then: so no crash needs a hand.
 *
 * What a crash leaves, and what the next opening sees of the commit:
 *
 *     1 texts ---- 2 run ---- 3 transaction ----------- 4 merged run ---- swap ---- unlink
 *     |            |          |                         |                 |         |
 *     bytes behind a run that LMDB shows the old state  a run that        the merged run
 *     the end      nobody     until its last page is    nobody names      is named; the old
 *                  names      synced, then the new one                    ones nobody names
 *     '---------- nothing of it ----------'  '----------------- all of it ----------------'
 *
 * A reader takes the run list and its view of the catalog when it opens, in one
 * transaction that it keeps; where a run has gone meanwhile it takes them again. */
#include "store/store_disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "store/disk.h"
#include "store/store_parts.h"

enum { OPEN_TRIES = 5 };

static struct disk_store *disk_store_of(struct store *s)
{
    return (struct disk_store *)s;
}

/* --- the catalog ---------------------------------------------------------------------------- */

static int broken(const struct disk_store *d, struct winnow_error *err)
{
    return err_set(err, WINNOW_EIO, "%s: a commit failed half-way; close the index and open it "
                   "again: it is then as before or after that commit", d->folder);
}

int store_need_catalog(struct disk_store *d, struct winnow_error *err)
{
    if (d->in_transaction)
        return WINNOW_OK;
    if (d->is_broken)
        return broken(d, err);
    int status = catalog_begin(d->catalog, err);
    d->in_transaction = status == WINNOW_OK;
    return status;
}

void store_end_transaction(struct disk_store *d)
{
    if (d->in_transaction)
        catalog_abort(d->catalog);
    d->in_transaction = false;
}

int store_record(struct disk_store *d, uint32_t number, struct catalog_doc *ret, bool *found,
                 struct winnow_error *err)
{
    const struct pending_doc *pending = pending_find(&d->pending, number);
    if (pending) {
        *ret = pending->now;
        *found = true;
        return WINNOW_OK;
    }
    int status = store_need_catalog(d, err);
    return status == WINNOW_OK ? catalog_get_doc(d->catalog, number, ret, found, err) : status;
}

/* The newest document of a key, of any state; 0: none. */
static int newest(struct disk_store *d, const struct doc_key *key, uint32_t *number,
                  struct catalog_doc *ret, struct winnow_error *err)
{
    bool found = false;
    uint32_t n = pending_named(&d->pending, key);
    int status = n ? WINNOW_OK : store_need_catalog(d, err);
    if (status == WINNOW_OK && !n)
        status = catalog_find(d->catalog, key, &n, err);
    if (status == WINNOW_OK && n)
        status = store_record(d, n, ret, &found, err);
    if (status == WINNOW_OK)
        *number = found ? n : 0;
    return status;
}

static int disk_find(struct store *s, const struct doc_key *key, uint32_t *number,
                     struct winnow_error *err)
{
    struct catalog_doc doc;
    uint32_t n;
    int status = newest(disk_store_of(s), key, &n, &doc, err);
    if (status == WINNOW_OK)
        *number = n && doc.state != DOC_FORGOTTEN ? n : 0;
    return status;
}

/* --- documents -------------------------------------------------------------------------------- */

/* The strings of a pending document, and its text where there is one, moved into room. */
static int copy_pending(const struct store_doc *full, bool with_text, struct store_doc *ret,
                        struct buf *room, struct winnow_error *err)
{
    struct store_doc doc = *full;
    struct slice *parts[] = {&doc.source, &doc.url, &doc.site, &doc.text};
    size_t at = 0;
    if (!with_text)
        doc.text.len = 0;
    buf_clear(room);
    for (size_t i = 0; i < 4; i++)
        buf_add(room, parts[i]->p, parts[i]->len);
    if (room->status != WINNOW_OK)
        return err_nomem(err);
    for (size_t i = 0; i < 4; i++) {
        parts[i]->p = buf_slice(room).p + at;
        at += parts[i]->len;
    }
    *ret = doc;
    return WINNOW_OK;
}

/* Strings and text from where they are.  A damaged block costs no more than what was asked
 * of it: without its text a document is known by what the catalog has of it. */
static int fetch_strings(struct disk_store *d, uint32_t number, const struct catalog_doc *is,
                         bool with_text, struct store_doc *ret, struct buf *room,
                         struct winnow_error *err)
{
    const struct pending_doc *pending = pending_find(&d->pending, number);
    if (is->state == DOC_FORGOTTEN)
        return WINNOW_OK;
    if (pending && pending->has_text)
        return copy_pending(&pending->full, with_text, ret, room, err);
    if (is->place.file == 0)
        return WINNOW_OK;
    int status = texts_get(d->texts, &is->place, with_text, ret, room, err);
    if (status == WINNOW_OK && ret->number != number)
        status = err_set(err, WINNOW_EDATA, "%s: the text of document %u is another one's; run "
                         "winnow index compact", d->folder, number);
    if (status != WINNOW_EDATA || with_text)
        return status;
    *ret = (struct store_doc){0};
    store_forget_strings(ret);
    return WINNOW_OK;
}

static int disk_get(struct store *s, uint32_t number, bool with_text, struct store_doc *ret,
                    struct buf *room, struct winnow_error *err)
{
    struct disk_store *d = disk_store_of(s);
    struct catalog_doc is;
    struct store_doc doc = {0};
    bool found = false;
    store_forget_strings(&doc);
    int status = store_record(d, number, &is, &found, err);
    if (status == WINNOW_OK && found)
        status = fetch_strings(d, number, &is, with_text, &doc, room, err);
    if (status != WINNOW_OK)
        return status;
    if (found) {
        doc.number = number;
        doc.state = is.state;
        doc.other = is.other;
        doc.first = is.first ? is.first : number;
        doc.key = is.key;
        doc.content = is.content;
    }
    *ret = doc;
    return WINNOW_OK;
}

static int disk_look(struct store *s, uint32_t number, struct doc_key *key, enum doc_state *state,
                     uint32_t *other, uint32_t *first, struct winnow_error *err)
{
    struct catalog_doc is;
    bool found = false;
    int status = store_record(disk_store_of(s), number, &is, &found, err);
    if (status != WINNOW_OK)
        return status;
    *state = found ? is.state : DOC_NONE;
    if (found) {
        *key = is.key;
        *other = is.other;
        *first = is.first ? is.first : number;
    }
    return WINNOW_OK;
}

/* --- putting ------------------------------------------------------------------------------------ */

static int need_writer(const struct disk_store *d, struct winnow_error *err)
{
    if (d->read_only)
        return err_set(err, WINNOW_EUSAGE, "%s: the index was opened to read only", d->folder);
    return d->is_broken ? broken(d, err) : WINNOW_OK;
}

static void change_state(struct disk_store *d, struct pending_doc *doc, enum doc_state state,
                         uint32_t other)
{
    d->state.states[doc->now.state]--;
    d->state.states[state]++;
    doc->now.state = state;
    doc->now.other = other;
}

/* Where a document that is put goes: a stub of its key, or behind all others. */
struct slot {
    uint32_t number;
    uint32_t old; /* the newest document of the key; 0: none */
    struct catalog_doc was;
    bool fills;
};

static int find_slot(struct disk_store *d, const struct doc_key *key, struct slot *ret,
                     struct winnow_error *err)
{
    struct slot slot = {0};
    int status = newest(d, key, &slot.old, &slot.was, err);
    if (status != WINNOW_OK)
        return status;
    slot.fills = slot.old && slot.was.state == DOC_STUB;
    slot.number = slot.fills ? slot.old : d->state.next_number;
    if (slot.number == UINT32_MAX)
        return err_set(err, WINNOW_ELIMIT, "%s: the index is full: it has 4294967294 documents; "
                       "begin a new one", d->folder);
    *ret = slot;
    return WINNOW_OK;
}

/* The document's record with its new state; nothing can fail any more. */
static struct pending_doc *take_slot(struct disk_store *d, const struct slot *slot,
                                     const struct store_doc *doc)
{
    enum doc_state state = doc->state == DOC_STUB ? DOC_STUB : DOC_LIVE;
    struct catalog_doc now = {.key = doc->key, .content = doc->content, .state = state,
                              .first = doc->first ? doc->first : slot->number};
    if (slot->fills) {
        struct pending_doc *filled = pending_touch(&d->pending, slot->number, &slot->was);
        d->state.states[filled->now.state]--;
        d->state.states[state]++;
        filled->now = now;
        return filled;
    }
    d->state.next_number++;
    d->state.states[state]++;
    if (slot->old && store_is_replaceable(slot->was.state))
        change_state(d, pending_touch(&d->pending, slot->old, &slot->was), DOC_REPLACED,
                     slot->number);
    struct pending_doc *made = pending_touch(&d->pending, slot->number, &now);
    pending_name(&d->pending, made);
    return made;
}

static int disk_put(struct store *s, const struct store_doc *doc, const uint64_t *hashes,
                    size_t count, uint32_t *number, struct winnow_error *err)
{
    struct disk_store *d = disk_store_of(s);
    struct slot slot;
    struct store_doc full;
    bool is_stub = doc->state == DOC_STUB;
    int status = need_writer(d, err);
    if (status == WINNOW_OK)
        status = find_slot(d, &doc->key, &slot, err);
    if (status != WINNOW_OK)
        return status;
    void *data = is_stub ? NULL : pending_copy(doc, hashes, count, &full);
    if ((!is_stub && !data) || pending_reserve(&d->pending) != WINNOW_OK ||
        (!is_stub && young_add(&d->young, slot.number, hashes, count) != WINNOW_OK)) {
        free(data);
        return err_nomem(err);
    }
    struct pending_doc *put = take_slot(d, &slot, doc);
    store_filter_add(d, hashes, is_stub ? 0 : count);
    if (!is_stub)
        pending_fill(&d->pending, put, &full, data, count);
    *number = slot.number;
    return WINNOW_OK;
}

static int disk_set_state(struct store *s, uint32_t number, enum doc_state state, uint32_t other,
                          struct winnow_error *err)
{
    struct disk_store *d = disk_store_of(s);
    struct catalog_doc is;
    bool found = false;
    int status = need_writer(d, err);
    if (status == WINNOW_OK)
        status = store_record(d, number, &is, &found, err);
    if (status != WINNOW_OK)
        return status;
    if (!found)
        return store_no_such_document(number, err);
    if (pending_reserve(&d->pending) != WINNOW_OK)
        return err_nomem(err);
    change_state(d, pending_touch(&d->pending, number, &is), state, other);
    return WINNOW_OK;
}

/* --- sites ---------------------------------------------------------------------------------------- */

static int disk_get_site(struct store *s, struct slice name, struct buf *ret,
                         struct winnow_error *err)
{
    struct disk_store *d = disk_store_of(s);
    const struct pending_site *site = pending_site(&d->pending, name);
    if (site) {
        buf_add(ret, site->blob.p, site->blob.len);
        return ret->status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
    }
    int status = store_need_catalog(d, err);
    return status == WINNOW_OK ? catalog_get_site(d->catalog, name, ret, err) : status;
}

/* Whether no commit has had this site. */
static int is_new_site(struct disk_store *d, struct slice name, bool *ret,
                       struct winnow_error *err)
{
    struct buf blob;
    buf_init(&blob, SIZE_MAX);
    int status = store_need_catalog(d, err);
    if (status == WINNOW_OK)
        status = catalog_get_site(d->catalog, name, &blob, err);
    if (status == WINNOW_OK)
        *ret = blob.len == 0;
    buf_free(&blob);
    return status;
}

static int disk_put_site(struct store *s, struct slice name, struct slice blob,
                         struct winnow_error *err)
{
    struct disk_store *d = disk_store_of(s);
    bool is_known = pending_site(&d->pending, name), is_new = false;
    int status = need_writer(d, err);
    if (status == WINNOW_OK && !is_known)
        status = is_new_site(d, name, &is_new, err);
    if (status != WINNOW_OK)
        return status;
    if (pending_put_site(&d->pending, name, blob, is_new) != WINNOW_OK)
        return err_nomem(err);
    d->state.sites += is_new;
    return WINNOW_OK;
}

struct site_walk {
    struct disk_store *d;
    int (*each)(void *ctx, struct slice name, struct slice blob);
    void *ctx;
    bool stopped;
};

static int walk_committed_site(void *ctx, struct slice name, struct slice blob)
{
    struct site_walk *w = ctx;
    if (!pending_site(&w->d->pending, name))
        w->stopped = w->each(w->ctx, name, blob) != 0;
    return w->stopped;
}

static int disk_each_site(struct store *s,
                          int (*each)(void *ctx, struct slice name, struct slice blob), void *ctx,
                          struct winnow_error *err)
{
    struct disk_store *d = disk_store_of(s);
    struct site_walk w = {d, each, ctx, false};
    for (size_t i = 0; i < d->pending.sites_count && !w.stopped; i++)
        w.stopped = each(ctx, d->pending.sites[i].name, d->pending.sites[i].blob) != 0;
    int status = w.stopped ? WINNOW_OK : store_need_catalog(d, err);
    if (w.stopped || status != WINNOW_OK)
        return status;
    status = catalog_each_site(d->catalog, walk_committed_site, &w, err);
    return w.stopped ? WINNOW_OK : status;
}

static int disk_each_doc(struct store *s, int (*each)(void *ctx, const struct store_doc *doc),
                         void *ctx, struct winnow_error *err)
{
    struct disk_store *d = disk_store_of(s);
    struct buf room;
    int status = WINNOW_OK;
    bool stopped = false;
    buf_init(&room, SIZE_MAX);
    for (uint32_t n = 1; n < d->state.next_number && status == WINNOW_OK && !stopped; n++) {
        struct store_doc doc;
        status = disk_get(s, n, false, &doc, &room, err);
        if (status == WINNOW_OK && doc.state != DOC_NONE)
            stopped = each(ctx, &doc) != 0;
    }
    buf_free(&room);
    return status;
}

/* --- what it is made of ------------------------------------------------------------------------------ */

struct text_count {
    const struct disk_store *d;
    struct store_stat *stat;
};

static int count_text_file(void *ctx, const char *name)
{
    struct text_count *c = ctx;
    char path[STORE_PATH_MOST];
    uint32_t number;
    struct stat st;
    if (store_file_of(name, &number) != STORE_TEXTS || number > c->d->committed.text_file ||
        number < c->d->committed.text_first)
        return WINNOW_OK;
    store_path(c->d->folder, name, path);
    c->stat->text_files++;
    c->stat->text_bytes += stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
    return WINNOW_OK;
}

static int disk_stat(struct store *s, struct store_stat *ret, struct winnow_error *err)
{
    struct disk_store *d = disk_store_of(s);
    struct store_stat stat = {
        .prints = d->young.count,
        .sites = d->state.sites,
        .other_bytes = catalog_bytes(d->catalog),
        .runs = d->runs.count,
        .recent = d->recent + d->pending.texts,
    };
    for (size_t i = 0; i <= DOC_FORGOTTEN; i++)
        stat.documents += stat.states[i] = d->state.states[i];
    for (size_t i = 0; i < d->runs.count; i++) {
        stat.prints += d->runs.items[i].is.info.entries;
        stat.print_bytes += d->runs.items[i].is.info.bytes;
    }
    int status =
        store_each_file(d->folder, count_text_file, &(struct text_count){d, &stat}, err);
    if (status == WINNOW_OK)
        *ret = stat;
    return status;
}

static void disk_damage(struct store *s, store_problem_fn *found, void *ctx)
{
    struct disk_store *d = disk_store_of(s);
    char path[STORE_PATH_MOST];
    for (size_t i = 0; i < d->runs.count; i++) {
        const struct held_run *r = &d->runs.items[i];
        uint64_t at = 0;
        store_run_path(d->folder, r->is.number, path);
        if (!r->run)
            found(ctx, path, 0, r->why);
        else if (run_is_damaged(r->run, &at))
            found(ctx, path, at, "a block is damaged: repeats whose fingerprints it holds are "
                  "missed; winnow index compact makes them again");
    }
    if (d->merge_error.status != WINNOW_OK)
        found(ctx, d->folder, 0, d->merge_error.text);
}

/* --- opening and closing ------------------------------------------------------------------------------- */

static void disk_close(struct store *s)
{
    struct disk_store *d = disk_store_of(s);
    store_end_transaction(d);
    store_free_runs(&d->runs);
    texts_close(d->texts);
    catalog_close(d->catalog); /* after the files: now another may write */
    pending_free(&d->pending);
    young_free(&d->young);
    filter_free(&d->filter);
    free(d->folder);
    free(d);
}

static const struct store_ops disk_ops = {
    .find = disk_find,
    .get = disk_get,
    .look = disk_look,
    .lookup = disk_store_lookup,
    .put = disk_put,
    .set_state = disk_set_state,
    .get_site = disk_get_site,
    .put_site = disk_put_site,
    .each_site = disk_each_site,
    .each_doc = disk_each_doc,
    .commit = disk_store_commit,
    .rollback = disk_store_rollback,
    .stat = disk_stat,
    .damage = disk_damage,
    .close = disk_close,
};

static int take_folder(struct disk_store *d, struct winnow_error *err)
{
    if (strlen(d->folder) > STORE_PATH_MOST - 300)
        return disk_fail(err, d->folder, "cannot open", ENAMETOOLONG);
    if (d->sizes.flush < 2 || d->sizes.factor < 2)
        return err_set(err, WINNOW_EUSAGE, "%s: a run of %u hashes, or a merge of %u runs, is too "
                       "small; give 2 at the least", d->folder, d->sizes.flush, d->sizes.factor);
    return WINNOW_OK;
}

static int take_catalog(struct disk_store *d, struct winnow_error *err)
{
    int status = WINNOW_OK;
    if (d->store.params.key == 0)
        status = store_random_key(&d->store.params.key, err);
    if (status == WINNOW_OK)
        status = catalog_open(d->folder, &d->store.params, d->read_only, &d->catalog, err);
    return status;
}

static bool has_gone(const struct disk_store *d)
{
    char path[STORE_PATH_MOST];
    for (size_t i = 0; i < d->runs.count; i++) {
        store_run_path(d->folder, d->runs.items[i].is.number, path);
        if (!d->runs.items[i].run && access(path, F_OK) != 0)
            return true;
    }
    return false;
}

/* One view of the catalog, and the runs of that view. */
static int take_view(struct disk_store *d, struct winnow_error *err)
{
    int status = WINNOW_OK;
    for (int i = 0; i < OPEN_TRIES && status == WINNOW_OK; i++) {
        store_end_transaction(d);
        store_free_runs(&d->runs);
        status = store_need_catalog(d, err);
        if (status == WINNOW_OK)
            status = catalog_get_state(d->catalog, &d->committed, err);
        if (status == WINNOW_OK)
            status = store_hold_runs(d->folder, d->catalog, &d->runs, err);
        if (!d->read_only || !has_gone(d))
            break;
    }
    if (d->committed.next_number == 0)
        d->committed.next_number = 1;
    if (d->committed.next_run == 0)
        d->committed.next_run = 1;
    d->state = d->committed;
    return status;
}

struct recall {
    struct disk_store *d;
    int status;
};

static int recall_recent(void *ctx, uint32_t number, const uint64_t *hashes, size_t count)
{
    struct recall *r = ctx;
    r->status = young_add(&r->d->young, number, hashes, count);
    r->d->recent++;
    return r->status;
}

static int take_recent(struct disk_store *d, struct winnow_error *err)
{
    struct recall r = {d, WINNOW_OK};
    int status = catalog_each_recent(d->catalog, recall_recent, &r, err);
    return r.status != WINNOW_OK ? err_nomem(err) : status;
}

/* Does the catalog name other text files by now? */
static bool texts_are_new(struct disk_store *d)
{
    struct catalog_state now;
    bool ret = false;
    store_end_transaction(d);
    if (store_need_catalog(d, NULL) == WINNOW_OK &&
        catalog_get_state(d->catalog, &now, NULL) == WINNOW_OK)
        ret = now.text_first != d->committed.text_first;
    return ret;
}

static int take_texts(struct disk_store *d, struct winnow_error *err)
{
    bool gone = false;
    int status = texts_open(d->folder, d->committed.text_file, d->committed.text_bytes,
                            d->read_only, &d->texts, err);
    if (status == WINNOW_OK && d->read_only) /* a compaction may take them from the folder */
        status = texts_hold(d->texts, d->committed.text_first, &gone, err);
    if (status == WINNOW_OK && gone && texts_are_new(d))
        status = err_set(err, WINNOW_EBUSY, "%s: it was written anew while it was opened; open it "
                         "again", d->folder);
    return status;
}

static int sweep_folder(struct disk_store *d, struct winnow_error *err)
{
    if (d->read_only)
        return WINNOW_OK;
    return store_sweep(d->folder, &d->runs, &d->committed, err);
}

static int (*const opening[])(struct disk_store *d, struct winnow_error *err) = {
    take_folder,
    take_catalog, /* and the writer's lock, which it holds */
    take_view,    /* the last commit's state, and its runs */
    take_recent,  /* hashes that are in no run */
    take_texts,
    sweep_folder, /* last: it removes what all of the above does not name */
};

int store_disk(const char *folder, const struct store_params *params, bool read_only,
               struct store **ret, struct winnow_error *err)
{
    static const struct store_sizes sizes = {STORE_FLUSH, STORE_FACTOR};
    return store_disk_sized(folder, params, &sizes, read_only, ret, err);
}

int store_disk_sized(const char *folder, const struct store_params *params,
                     const struct store_sizes *sizes, bool read_only, struct store **ret,
                     struct winnow_error *err)
{
    struct disk_store *d = calloc(1, sizeof *d);
    if (!d)
        return err_nomem(err);
    d->store = (struct store){&disk_ops, *params};
    d->sizes = *sizes;
    d->read_only = read_only;
    d->folder = strdup(folder);
    int status = d->folder ? WINNOW_OK : err_nomem(err);
    for (size_t i = 0; i < sizeof opening / sizeof *opening && status == WINNOW_OK; i++)
        status = opening[i](d, err);
    if (status != WINNOW_OK) {
        disk_close(&d->store);
        return status;
    }
    *ret = &d->store;
    return WINNOW_OK;
}
