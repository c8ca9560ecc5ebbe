/* store_compact.c - a folder's files written anew, without what is dead or damaged.
 *
 * Where the catalog is sound:
 *
 * 1. The texts that live are appended to new files, behind the last one.
 * 2. One new run is merged of all that are sound, or made of the texts' fingerprints where
 *    one is not.
 * 3. One transaction of the catalog moves every document to its new place, and names the
 *    new run and the first of the new text files.
 * 4. The old files go: all that the catalog does not name.
 *
 * Where it is not, a new catalog is made in a folder of its own, by 1 to 3, and takes the
 * place of the damaged one by a rename; that stays beside it as catalog.damaged until the
 * end.  What only the catalog knew is lost then: which documents were superseded, replaced
 * or forgotten (all are live again; of one key the newest), stubs, and the sites' lines.
 *
 * A crash before the transaction, or the rename, leaves new files that nothing names; one
 * after it, old ones.  The next writer's opening removes either.  A failure before it takes
 * the new files away at once, for it may be of a full disk; where nobody knows whether the
 * transaction has reached the disk, they stay until that opening. */
#include "store/store_disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "err.h"
#include "store/disk.h"
#include "store/store_parts.h"

enum {
    BATCH_DOCS = 1024,
    BATCH_BYTES = 8 << 20, /* of text */
    ENTRIES_MOST = 4 << 20, /* fingerprints that are sorted at once */
};

struct batch {
    struct store_doc docs[BATCH_DOCS];
    struct text_place places[BATCH_DOCS];
    void *data[BATCH_DOCS]; /* the strings, from the heap */
    size_t count, bytes;
};

struct compact {
    const char *folder;
    struct store_params params;
    store_prints_fn *prints;
    void *prints_ctx;
    store_problem_fn *found;
    void *ctx;
    struct winnow_error *err;
    int lock;            /* held where no catalog holds it; -1 */
    bool is_lost;        /* the catalog is made anew */
    bool makes_prints;   /* from the texts */
    struct catalog *catalog; /* that is written to */
    bool in_transaction;
    struct catalog_state was, now;
    struct texts *from, *to;
    struct held_runs old;
    struct held_runs parts; /* runs that the new one is merged of, beside the sound old ones */
    struct catalog_run made;  /* number 0: there are no fingerprints */
    bool makes_files;         /* text files behind was.text_file, and runs from first_run on */
    bool is_named;            /* something may name them by now */
    uint32_t first_run;
    struct run_entry *entries;
    size_t entries_count, entries_cap;
    unsigned char *kept; /* documents that live and have their text, a bit each */
    size_t kept_bytes;
    struct batch *batch;
    char path[STORE_PATH_MOST];
    int status; /* of a call in a walk */
};

static void tell(struct compact *c, const char *name, const char *text)
{
    store_path(c->folder, name, c->path);
    if (c->found)
        c->found(c->ctx, c->path, 0, text);
}

static bool lives(enum doc_state state)
{
    return state == DOC_LIVE || state == DOC_SUPERSEDED;
}

static int keep(struct compact *c, uint32_t number)
{
    size_t need = (size_t)number / 8 + 1;
    if (need > c->kept_bytes) {
        size_t bytes = need * 2;
        unsigned char *kept = realloc(c->kept, bytes);
        if (!kept)
            return err_nomem(c->err);
        memset(kept + c->kept_bytes, 0, bytes - c->kept_bytes);
        c->kept = kept;
        c->kept_bytes = bytes;
    }
    c->kept[number / 8] |= (unsigned char)(1 << number % 8);
    return WINNOW_OK;
}

static bool is_kept(void *ctx, uint32_t number)
{
    const struct compact *c = ctx;
    return number / 8 < c->kept_bytes && (c->kept[number / 8] >> number % 8 & 1);
}

/* --- what there is --------------------------------------------------------------------------- */

/* Damage here is what we came for. */
static void note_damage(void *ctx, const char *file, uint64_t at, const char *text)
{
    struct compact *c = ctx;
    if (c->found)
        c->found(c->ctx, file, at, text);
}

static int judge_catalog(struct compact *c)
{
    struct stat st;
    size_t problems = 0;
    int status = store_is_there(c->folder, c->err);
    if (status == WINNOW_OK)
        status = store_lock(c->folder, &c->lock, c->err);
    if (status != WINNOW_OK)
        return status;
    store_path(c->folder, STORE_CATALOG, c->path);
    if (stat(c->path, &st) == 0 && st.st_size > 0)
        status = catalog_check(c->folder, note_damage, c, &problems, c->err);
    else
        problems = 1;
    c->is_lost = problems > 0;
    return status;
}

static int begin(struct compact *c)
{
    int status = catalog_begin(c->catalog, c->err);
    c->in_transaction = status == WINNOW_OK;
    return status;
}

static void let_go_of_lock(struct compact *c)
{
    if (c->lock >= 0)
        close(c->lock);
    c->lock = -1;
}

/* From here on such files are ours alone: the lock is held, and leftovers are gone or have
 * lower numbers. */
static void make_from(struct compact *c, uint32_t first_run)
{
    c->first_run = first_run;
    c->makes_files = true;
}

static int open_sound(struct compact *c)
{
    struct store_params own = {0};
    let_go_of_lock(c); /* the catalog takes it */
    int status = catalog_open(c->folder, &own, false, &c->catalog, c->err);
    if (status != WINNOW_OK)
        return status;
    c->params = own;
    status = begin(c);
    if (status == WINNOW_OK)
        status = catalog_get_state(c->catalog, &c->was, c->err);
    if (status == WINNOW_OK)
        status = store_hold_runs(c->folder, c->catalog, &c->old, c->err);
    c->now = c->was;
    if (status == WINNOW_OK)
        status = store_sweep(c->folder, &c->old, &c->was, c->err);
    if (status == WINNOW_OK)
        make_from(c, c->was.next_run);
    return status;
}

struct highest {
    uint32_t run;
};

static int find_highest_run(void *ctx, const char *name)
{
    struct highest *h = ctx;
    uint32_t number;
    if (store_file_of(name, &number) == STORE_RUN && number > h->run)
        h->run = number;
    return WINNOW_OK;
}

/* The new catalog goes on with numbers that no file has. */
static int open_lost(struct compact *c)
{
    struct highest h = {0};
    tell(c, STORE_CATALOG, "it is damaged or missing and is made again from the texts: what was "
         "superseded, replaced or forgotten is live again, and the sites' lines are to be learned "
         "anew");
    char folder[STORE_PATH_MOST];
    store_path(c->folder, STORE_CATALOG_NEW, folder);
    store_remove_folder(folder);
    int status = store_guess_end(c->folder, &c->was.text_file, &c->was.text_bytes, c->err);
    if (status == WINNOW_OK)
        status = store_each_file(c->folder, find_highest_run, &h, c->err);
    if (status == WINNOW_OK)
        make_from(c, h.run + 1);
    if (status == WINNOW_OK && c->params.key == 0)
        status = store_random_key(&c->params.key, c->err);
    if (status == WINNOW_OK && mkdir(folder, 0777) != 0)
        status = disk_fail(c->err, folder, "cannot make the folder", errno);
    if (status == WINNOW_OK)
        status = catalog_open(folder, &c->params, false, &c->catalog, c->err);
    if (status != WINNOW_OK)
        return status;
    c->now.next_number = 1;
    c->now.next_run = c->first_run;
    return begin(c);
}

static void see_damage(void *ctx, uint64_t at)
{
    struct compact *c = ctx;
    c->makes_prints = true;
    note_damage(c, c->path, at, "a block of the run is damaged; all fingerprints are made again");
}

static int judge_runs(struct compact *c)
{
    c->makes_prints = c->is_lost;
    for (size_t i = 0; i < c->old.count; i++) {
        struct held_run *r = &c->old.items[i];
        store_run_path(c->folder, r->is.number, c->path);
        if (!r->run) {
            c->makes_prints = true;
            note_damage(c, c->path, 0, r->why);
            continue;
        }
        int status = run_verify(r->run, see_damage, c);
        if (status == WINNOW_ENOMEM)
            return err_nomem(c->err);
    }
    return WINNOW_OK;
}

static int look(struct compact *c)
{
    int status = judge_catalog(c);
    if (status == WINNOW_OK)
        status = c->is_lost ? open_lost(c) : open_sound(c);
    return status == WINNOW_OK ? judge_runs(c) : status;
}

/* --- fingerprints ---------------------------------------------------------------------------- */

/* What was gathered becomes a run, which is one of those that are merged at the end. */
static int write_part(struct compact *c)
{
    struct catalog_run part = {.number = c->now.next_run};
    if (c->entries_count == 0)
        return WINNOW_OK;
    store_run_path(c->folder, part.number, c->path);
    int status = run_write(c->path, c->entries, c->entries_count, &part.info, c->err);
    if (status != WINNOW_OK)
        return status;
    c->now.next_run++;
    c->entries_count = 0;
    return store_hold_run(c->folder, &part, &c->parts, c->err);
}

static int gather(struct compact *c, uint32_t number, const uint64_t *hashes, size_t count)
{
    struct run_entry *entries = array_grow(c->entries, &c->entries_cap,
                                           c->entries_count + count, sizeof *entries);
    if (!entries)
        return err_nomem(c->err);
    c->entries = entries;
    for (size_t i = 0; i < count; i++)
        entries[c->entries_count++] = (struct run_entry){.hash = hashes[i], .number = number};
    return c->entries_count >= ENTRIES_MOST ? write_part(c) : WINNOW_OK;
}

static int make_prints(struct compact *c, const struct store_doc *doc)
{
    uint64_t *hashes = NULL;
    size_t count = 0;
    int status = c->prints(c->prints_ctx, &c->params, doc->text, &hashes, &count);
    if (status != WINNOW_OK)
        return err_set(c->err, (enum winnow_status)status, "%s: the fingerprints of document %u "
                       "cannot be made again", c->folder, doc->number);
    return gather(c, doc->number, hashes, count);
}

static int gather_recent(void *ctx, uint32_t number, const uint64_t *hashes, size_t count)
{
    struct compact *c = ctx;
    c->status = gather(c, number, hashes, count);
    return c->status;
}

static int write_recent(struct compact *c)
{
    if (c->makes_prints)
        return write_part(c);
    int status = catalog_each_recent(c->catalog, gather_recent, c, c->err);
    if (c->status != WINNOW_OK)
        return c->status;
    return status == WINNOW_OK ? write_part(c) : status;
}

static size_t list_sources(const struct compact *c, struct run **ret)
{
    size_t count = 0;
    for (size_t i = 0; i < c->old.count && !c->makes_prints; i++)
        ret[count++] = c->old.items[i].run;
    for (size_t i = 0; i < c->parts.count; i++)
        if (c->parts.items[i].run)
            ret[count++] = c->parts.items[i].run;
    return count;
}

static int merge_prints(struct compact *c)
{
    struct run **sources = calloc(c->old.count + c->parts.count + 1, sizeof *sources);
    if (!sources)
        return err_nomem(c->err);
    size_t count = list_sources(c, sources);
    int status = WINNOW_OK;
    store_run_path(c->folder, c->now.next_run, c->path);
    if (count > 0)
        status = run_merge(sources, count, is_kept, c, c->path, &c->made.info, c->err);
    if (count > 0 && status == WINNOW_OK)
        c->made.number = c->now.next_run++;
    free(sources);
    return status;
}

static int write_run(struct compact *c)
{
    int status = write_recent(c);
    return status == WINNOW_OK ? merge_prints(c) : status;
}

/* --- texts ----------------------------------------------------------------------------------- */

static void clear_batch(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        free(b->data[i]);
    b->count = b->bytes = 0;
}

/* The record of a document whose catalog is lost.  Of one key the newest document wins. */
static int make_record(struct compact *c, const struct store_doc *doc, struct catalog_doc *ret)
{
    struct catalog_doc other;
    uint32_t named = 0;
    bool found = false;
    *ret = (struct catalog_doc){
        .key = doc->key, .content = doc->content, .state = DOC_LIVE, .first = doc->number};
    int status = catalog_find(c->catalog, &doc->key, &named, c->err);
    if (status == WINNOW_OK && named > doc->number) {
        ret->state = DOC_REPLACED;
        ret->other = named;
        return WINNOW_OK;
    }
    if (status == WINNOW_OK && named)
        status = catalog_get_doc(c->catalog, named, &other, &found, c->err);
    if (status == WINNOW_OK && found) {
        other.state = DOC_REPLACED;
        other.other = doc->number;
        status = catalog_put_doc(c->catalog, named, &other, c->err);
    }
    return status == WINNOW_OK ? catalog_name(c->catalog, &doc->key, doc->number, c->err) : status;
}

static int find_record(struct compact *c, uint32_t number, struct catalog_doc *ret)
{
    bool found = false;
    int status = catalog_get_doc(c->catalog, number, ret, &found, c->err);
    if (status == WINNOW_OK && !found)
        return err_set(c->err, WINNOW_EDATA, "%s/" STORE_CATALOG ": the record of document %u has "
                       "gone; run winnow index verify", c->folder, number);
    return status;
}

static int place_doc(struct compact *c, const struct store_doc *doc,
                     const struct text_place *place)
{
    struct catalog_doc record = {0};
    int status = c->is_lost ? make_record(c, doc, &record) : find_record(c, doc->number, &record);
    record.place = *place;
    if (status == WINNOW_OK)
        status = catalog_put_doc(c->catalog, doc->number, &record, c->err);
    if (status == WINNOW_OK && doc->number >= c->now.next_number)
        c->now.next_number = doc->number + 1;
    if (status == WINNOW_OK && c->makes_prints)
        status = make_prints(c, doc);
    return status;
}

static int write_batch(struct compact *c)
{
    struct batch *b = c->batch;
    int status = b->count ? texts_append(c->to, b->docs, b->count, b->places, c->err) : WINNOW_OK;
    for (size_t i = 0; i < b->count && status == WINNOW_OK; i++)
        status = place_doc(c, &b->docs[i], &b->places[i]);
    clear_batch(b);
    return status;
}

static int push_doc(struct compact *c, const struct store_doc *doc)
{
    struct batch *b = c->batch;
    int status = keep(c, doc->number);
    if (status != WINNOW_OK)
        return status;
    b->data[b->count] = pending_copy(doc, NULL, 0, &b->docs[b->count]);
    if (!b->data[b->count])
        return err_nomem(c->err);
    b->count++;
    b->bytes += doc->text.len;
    return b->count == BATCH_DOCS || b->bytes >= BATCH_BYTES ? write_batch(c) : WINNOW_OK;
}

/* Whether it is the document that the catalog means, and it lives.  With no catalog a
 * number counts once: a compaction that broke off may have left copies. */
static int is_wanted(struct compact *c, const struct store_doc *doc,
                     const struct text_place *place, bool *ret)
{
    struct catalog_doc record;
    bool found = false;
    *ret = false;
    if (doc->number == 0 || doc->number == UINT32_MAX || is_kept(c, doc->number))
        return WINNOW_OK;
    if (c->is_lost) {
        *ret = true;
        return WINNOW_OK;
    }
    int status = catalog_get_doc(c->catalog, doc->number, &record, &found, c->err);
    if (status == WINNOW_OK)
        *ret = found && lives(record.state) && record.place.file == place->file &&
               record.place.block == place->block && record.place.slot == place->slot;
    return status;
}

static int copy_doc(void *ctx, const struct store_doc *doc, const struct text_place *place)
{
    struct compact *c = ctx;
    bool wanted;
    c->status = is_wanted(c, doc, place, &wanted);
    if (c->status == WINNOW_OK && wanted)
        c->status = push_doc(c, doc);
    return c->status;
}

static int copy_texts(struct compact *c)
{
    if (c->was.text_file == 0)
        return WINNOW_OK;
    int status = texts_open(c->folder, c->was.text_file, c->was.text_bytes, true, &c->from, c->err);
    if (status == WINNOW_OK)
        status = texts_open(c->folder, c->was.text_file + 1, 0, false, &c->to, c->err);
    if (status == WINNOW_OK)
        status = texts_each(c->from, copy_doc, note_damage, c, c->err);
    if (c->status != WINNOW_OK)
        return c->status;
    if (status == WINNOW_OK)
        status = write_batch(c);
    if (status == WINNOW_OK)
        texts_end(c->to, &c->now.text_file, &c->now.text_bytes);
    c->now.text_first = c->was.text_file + 1;
    return status;
}

/* --- the catalog ------------------------------------------------------------------------------- */

/* A record whose text is dead, or was lost, keeps its number and keys. */
static int bury(struct compact *c, uint32_t number, struct catalog_doc *doc)
{
    if (lives(doc->state)) {
        char text[128];
        snprintf(text, sizeof text, "document %u is lost: its text could not be read", number);
        tell(c, STORE_CATALOG, text);
        doc->state = DOC_FORGOTTEN;
    }
    doc->place = (struct text_place){0};
    return catalog_put_doc(c->catalog, number, doc, c->err);
}

static int settle_name(struct compact *c, uint32_t number, const struct catalog_doc *doc)
{
    uint32_t named = 0;
    int status = catalog_find(c->catalog, &doc->key, &named, c->err);
    if (status == WINNOW_OK && named < number)
        status = catalog_name(c->catalog, &doc->key, number, c->err);
    return status;
}

static int settle_doc(struct compact *c, uint32_t number)
{
    struct catalog_doc doc;
    bool found = false;
    int status = catalog_get_doc(c->catalog, number, &doc, &found, c->err);
    if (status != WINNOW_OK || !found)
        return status;
    if (doc.place.file && (!is_kept(c, number) || doc.place.file < c->now.text_first))
        status = bury(c, number, &doc);
    if (status == WINNOW_OK)
        status = settle_name(c, number, &doc);
    c->now.states[doc.state]++;
    return status;
}

static int count_site(void *ctx, struct slice name, struct slice blob)
{
    struct compact *c = ctx;
    (void)name, (void)blob;
    c->now.sites++;
    return 0;
}

static int settle_docs(struct compact *c)
{
    int status = WINNOW_OK;
    memset(c->now.states, 0, sizeof c->now.states);
    c->now.sites = 0;
    for (uint32_t n = 1; n < c->now.next_number && status == WINNOW_OK; n++)
        status = settle_doc(c, n);
    if (status == WINNOW_OK)
        status = catalog_each_site(c->catalog, count_site, c, c->err);
    return status;
}

static int name_files(struct compact *c)
{
    int status = catalog_drop_recent(c->catalog, c->err);
    for (size_t i = 0; i < c->old.count && status == WINNOW_OK; i++)
        status = catalog_drop_run(c->catalog, c->old.items[i].is.number, c->err);
    if (status == WINNOW_OK && c->made.number)
        status = catalog_put_run(c->catalog, &c->made, c->err);
    return status == WINNOW_OK ? catalog_put_state(c->catalog, &c->now, c->err) : status;
}

/* The first page, which makes the commit, is the last that is written: where that fails the
 * catalog lets nobody begin again, and where it lets us nothing of the commit holds. */
static bool may_have_committed(struct compact *c)
{
    if (catalog_begin(c->catalog, NULL) != WINNOW_OK)
        return true;
    catalog_abort(c->catalog);
    return false;
}

/* A catalog in a folder of its own names nothing until it takes its place. */
static int commit(struct compact *c)
{
    c->in_transaction = false;
    int status = catalog_commit(c->catalog, c->err);
    if (!c->is_lost)
        c->is_named = status == WINNOW_OK || may_have_committed(c);
    return status;
}

/* --- the end ------------------------------------------------------------------------------------- */

/* The new catalog takes the damaged one's name; LMDB's lock file would tell of the old. */
static int swap_catalog(struct compact *c)
{
    char damaged[STORE_PATH_MOST], now[STORE_PATH_MOST], made[STORE_PATH_MOST];
    if (!c->is_lost)
        return WINNOW_OK;
    catalog_close(c->catalog);
    c->catalog = NULL;
    store_path(c->folder, STORE_CATALOG_OLD, damaged);
    store_path(c->folder, STORE_CATALOG, now);
    store_path(c->folder, STORE_CATALOG_NEW "/" STORE_CATALOG, made);
    unlink(damaged);
    if (link(now, damaged) != 0 && errno != ENOENT)
        return disk_fail(c->err, damaged, "cannot keep the damaged catalog under this name", errno);
    store_path(c->folder, STORE_CATALOG_LOCK, c->path);
    unlink(c->path);
    if (rename(made, now) != 0) {
        int code = errno;
        unlink(damaged);
        return disk_fail(c->err, now, "cannot give the new catalog this name", code);
    }
    c->is_named = true;
    return disk_sync_folder(now, c->err);
}

static int remove_old(struct compact *c)
{
    struct held_runs named = {0};
    int status = WINNOW_OK;
    if (c->made.number)
        status = store_hold_run(c->folder, &c->made, &named, c->err);
    if (status == WINNOW_OK)
        status = store_sweep(c->folder, &named, &c->now, c->err);
    store_free_runs(&named);
    return status;
}

static int (*const steps[])(struct compact *c) = {
    look,
    copy_texts,  /* 1 */
    write_run,   /* 2 */
    settle_docs, /* 3 */
    name_files,
    commit,
    swap_catalog,
    remove_old, /* 4 */
};

/* --- its undoing -------------------------------------------------------------------------------- */

static int remove_made(void *ctx, const char *name)
{
    struct compact *c = ctx;
    uint32_t number;
    enum store_file kind = store_file_of(name, &number);
    if ((kind != STORE_TEXTS || number <= c->was.text_file) &&
        (kind != STORE_RUN || number < c->first_run))
        return WINNOW_OK;
    store_path(c->folder, name, c->path);
    unlink(c->path); /* what stays is a leftover, as after a crash */
    return WINNOW_OK;
}

static void undo(struct compact *c)
{
    if (!c->makes_files || c->is_named)
        return;
    (void)store_each_file(c->folder, remove_made, c, NULL);
    if (!c->is_lost)
        return;
    store_path(c->folder, STORE_CATALOG_NEW, c->path);
    store_remove_folder(c->path);
}

static void end(struct compact *c)
{
    if (c->in_transaction)
        catalog_abort(c->catalog);
    texts_close(c->from);
    texts_close(c->to);
    catalog_close(c->catalog);
    store_free_runs(&c->old);
    store_free_runs(&c->parts);
    if (c->batch)
        clear_batch(c->batch);
    free(c->batch);
    free(c->entries);
    free(c->kept);
    let_go_of_lock(c);
}

int store_compact(const char *folder, const struct store_params *params, store_prints_fn *prints,
                  void *prints_ctx, store_problem_fn *found, void *ctx, struct winnow_error *err)
{
    if (strlen(folder) > STORE_PATH_MOST - 300)
        return disk_fail(err, folder, "cannot open", ENAMETOOLONG);
    struct compact c = {
        .folder = folder,
        .params = *params,
        .prints = prints,
        .prints_ctx = prints_ctx,
        .found = found,
        .ctx = ctx,
        .err = err,
        .lock = -1,
        .batch = calloc(1, sizeof *c.batch),
    };
    int status = c.batch ? WINNOW_OK : err_nomem(err);
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == WINNOW_OK; i++)
        status = steps[i](&c);
    if (status != WINNOW_OK)
        undo(&c);
    end(&c);
    return status;
}
