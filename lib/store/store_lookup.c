/* store_lookup.c - who has which hashes: young ones, and all runs, behind one filter.
 *
 * A look into a run costs a wait for memory, and nearly all hashes are in no run.  So a
 * filter over the keys of all of them is asked first.
 *
 * 1. The filter has every key of young and of each run that says is_filtered; the others
 *    are asked for every hash.  So nothing is missed, whatever happens to a run.
 * 2. It is made by reading all runs, once so many hashes were looked up that it pays: one
 *    page that is cleaned against a large index does not wait for it.
 * 3. What is put is added at once.  A run that is written or merged holds no other keys; a
 *    rollback leaves keys behind that nobody has, which cost a look each. */
#include "store/store_disk.h"

#include "err.h"

enum {
    BATCH = 1024,             /* hashes */
    COOL_EVERY = 4 << 20,     /* hashes that runs were asked for */
    WORTH = 8,                /* entries for each hash that was looked up: then it pays */
};

/* Mapped runs count as the process's memory until they are cooled; smaller ones may stay. */
static const uint64_t cool_bytes = (uint64_t)512 << 20;

/* --- the filter ----------------------------------------------------------------------------- */

static void add_keys(void *ctx, const uint64_t *keys, size_t count)
{
    filter_add(ctx, keys, count);
}

static void add_hashes(void *ctx, const uint64_t *hashes, size_t count)
{
    uint64_t keys[BATCH];
    for (size_t n; count > 0; hashes += n, count -= n) {
        n = count < BATCH ? count : BATCH;
        run_keys(hashes, n, keys);
        filter_add(ctx, keys, n);
    }
}

void store_filter_add(struct disk_store *d, const uint64_t *hashes, size_t count)
{
    if (d->filter.lines)
        add_hashes(&d->filter, hashes, count);
}

static uint64_t count_entries(const struct disk_store *d)
{
    uint64_t ret = d->young.count;
    for (size_t i = 0; i < d->runs.count; i++)
        ret += d->runs.items[i].run ? d->runs.items[i].is.info.entries : 0;
    return ret;
}

/* Where there is no memory for it, the old one stays, and it is tried again later. */
static void make_filter(struct disk_store *d, uint64_t entries)
{
    struct filter made;
    d->looked_up = 0;
    if (filter_make(entries, &made) != WINNOW_OK)
        return;
    filter_free(&d->filter);
    d->filter = made;
    for (size_t i = 0; i < d->runs.count; i++) {
        struct held_run *r = &d->runs.items[i];
        r->is_filtered = r->run && run_each_key(r->run, add_keys, &d->filter) == WINNOW_OK;
    }
    young_each(&d->young, add_hashes, &d->filter);
}

static void consider_filter(struct disk_store *d, size_t count)
{
    d->looked_up += count;
    if (d->runs.count == 0 || (d->filter.lines && !filter_is_full(&d->filter)))
        return;
    uint64_t entries = count_entries(d);
    if (d->looked_up >= entries / WORTH)
        make_filter(d, entries);
    if (d->filter.lines && filter_is_useless(&d->filter))
        filter_free(&d->filter);
}

/* --- looking ---------------------------------------------------------------------------------- */

static void cool_runs(struct disk_store *d)
{
    uint64_t bytes = 0;
    if (d->probed < COOL_EVERY)
        return;
    d->probed = 0;
    for (size_t i = 0; i < d->runs.count; i++)
        bytes += d->runs.items[i].is.info.bytes;
    for (size_t i = 0; bytes > cool_bytes && i < d->runs.count; i++)
        if (d->runs.items[i].run)
            run_cool(d->runs.items[i].run);
}

static int look_into_runs(struct disk_store *d, bool are_filtered, const uint64_t *hashes,
                          size_t count, struct store_hits *ret)
{
    int status = WINNOW_OK;
    for (size_t i = 0; i < d->runs.count && status == WINNOW_OK; i++) {
        const struct held_run *r = &d->runs.items[i];
        if (!r->run || r->is_filtered != are_filtered)
            continue;
        status = run_lookup(r->run, hashes, count, ret);
        d->probed += count;
    }
    return status;
}

static int look_into_all(struct disk_store *d, const uint64_t *hashes, size_t count,
                         struct store_hits *ret)
{
    int status = young_lookup(&d->young, hashes, count, ret);
    if (status == WINNOW_OK)
        status = look_into_runs(d, true, hashes, count, ret);
    return status == WINNOW_OK ? look_into_runs(d, false, hashes, count, ret) : status;
}

/* Moves prints of hits: they are indexes of some hashes, and become those of all. */
static void rename_prints(struct store_hits *hits, size_t from, const uint32_t *names)
{
    for (; from < hits->count; from++)
        hits->items[from].print = names[hits->items[from].print];
}

/* A batch: of the hashes that the filter lets pass, wherever it knows of all. */
static int look_up_filtered(struct disk_store *d, const uint64_t *hashes, size_t first,
                            size_t count, struct store_hits *ret)
{
    uint64_t keys[BATCH], some[BATCH];
    uint32_t passed[BATCH];
    size_t from = ret->count;
    run_keys(hashes + first, count, keys);
    size_t n = filter_pass(&d->filter, keys, count, passed);
    for (size_t i = 0; i < n; i++) {
        passed[i] += (uint32_t)first;
        some[i] = hashes[passed[i]];
    }
    int status = young_lookup(&d->young, some, n, ret);
    if (status == WINNOW_OK)
        status = look_into_runs(d, true, some, n, ret);
    rename_prints(ret, from, passed);
    return status;
}

static int look_up(struct disk_store *d, const uint64_t *hashes, size_t count,
                   struct store_hits *ret)
{
    if (!d->filter.lines)
        return look_into_all(d, hashes, count, ret);
    int status = WINNOW_OK;
    for (size_t at = 0; at < count && status == WINNOW_OK; at += BATCH)
        status = look_up_filtered(d, hashes, at, count - at < BATCH ? count - at : BATCH, ret);
    return status == WINNOW_OK ? look_into_runs(d, false, hashes, count, ret) : status;
}

int disk_store_lookup(struct store *s, const uint64_t *hashes, size_t count,
                      struct store_hits *ret, struct winnow_error *err)
{
    struct disk_store *d = (struct disk_store *)s;
    consider_filter(d, count);
    int status = look_up(d, hashes, count, ret);
    cool_runs(d);
    return status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}
