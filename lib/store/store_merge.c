/* store_merge.c - runs merged in tiers, so that a lookup asks few of them.
 *
 * Tier t is of runs between F^t and F^(t+1) times half of sizes.flush.  Where a tier has F
 * of them they become one run of the next: so an index of n hashes has at most F - 1 runs
 * in each of log_F(n / flush) tiers, and each hash is written that often.
 *
 * A merge is no part of a commit: where it fails, for want of space or because a run is
 * damaged, all runs stay as they are, and it is tried again after some commits. */
#include "store/store_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "err.h"

enum { PAUSE_MOST = 64 /* commits */ };

static unsigned tier_of(const struct disk_store *d, const struct held_run *r)
{
    unsigned tier = 0;
    uint64_t entries = r->is.info.entries / (d->sizes.flush / 2);
    for (; entries >= d->sizes.factor; entries /= d->sizes.factor)
        tier++;
    return tier;
}

static bool can_merge(const struct held_run *r)
{
    return r->run && !r->is_damaged;
}

static size_t count_tier(const struct disk_store *d, unsigned tier)
{
    size_t count = 0;
    for (size_t i = 0; i < d->runs.count; i++)
        count += can_merge(&d->runs.items[i]) && tier_of(d, &d->runs.items[i]) == tier;
    return count;
}

/* The lowest tier that is full. */
static bool find_full(const struct disk_store *d, unsigned *ret)
{
    for (unsigned tier = 0; tier < 64; tier++)
        if (count_tier(d, tier) >= d->sizes.factor) {
            *ret = tier;
            return true;
        }
    return false;
}

/* --- the documents whose hashes are let go ----------------------------------------------------- */

struct dead {
    uint32_t first, last; /* documents */
    unsigned char *bits;  /* NULL: none is dead */
};

static bool is_kept(void *ctx, uint32_t number)
{
    const struct dead *dead = ctx;
    if (!dead->bits || number < dead->first || number > dead->last)
        return true;
    uint32_t i = number - dead->first;
    return !(dead->bits[i / 8] >> i % 8 & 1);
}

static int mark_dead(struct disk_store *d, struct dead *dead, struct winnow_error *err)
{
    for (uint32_t i = 0; i <= dead->last - dead->first; i++) {
        struct catalog_doc doc;
        bool found = false;
        int status = store_record(d, dead->first + i, &doc, &found, err);
        if (status != WINNOW_OK)
            return status;
        if (found && (doc.state == DOC_REPLACED || doc.state == DOC_FORGOTTEN))
            dead->bits[i / 8] |= (unsigned char)(1 << i % 8);
    }
    return WINNOW_OK;
}

/* --- one merge ------------------------------------------------------------------------------------ */

struct merge {
    struct disk_store *d;
    unsigned tier;
    struct run **runs;
    size_t count;
    bool are_filtered; /* all of them */
    struct dead dead;
    struct catalog_run made; /* number 0: not yet */
    char path[STORE_PATH_MOST];
};

static bool takes_part(const struct merge *m, const struct held_run *r)
{
    return can_merge(r) && tier_of(m->d, r) == m->tier;
}

static int choose_runs(struct merge *m, struct winnow_error *err)
{
    const struct held_runs *runs = &m->d->runs;
    m->runs = calloc(runs->count, sizeof(struct run *));
    if (!m->runs)
        return err_nomem(err);
    m->are_filtered = true;
    m->dead.first = UINT32_MAX;
    for (size_t i = 0; i < runs->count; i++) {
        const struct held_run *r = &runs->items[i];
        if (!takes_part(m, r))
            continue;
        m->runs[m->count++] = r->run;
        m->are_filtered &= r->is_filtered;
        if (r->is.info.first_number < m->dead.first)
            m->dead.first = r->is.info.first_number;
        if (r->is.info.last_number > m->dead.last)
            m->dead.last = r->is.info.last_number;
    }
    return WINNOW_OK;
}

/* Most indexes have few dead documents, and many have none at all. */
static int find_dead(struct merge *m, struct winnow_error *err)
{
    const uint64_t *states = m->d->committed.states;
    struct dead *dead = &m->dead;
    if (states[DOC_REPLACED] + states[DOC_FORGOTTEN] == 0 || dead->first > dead->last)
        return WINNOW_OK;
    dead->bits = calloc((dead->last - dead->first) / 8 + 1, 1);
    return dead->bits ? mark_dead(m->d, dead, err) : err_nomem(err);
}

static int write_merged(struct merge *m, struct winnow_error *err)
{
    uint32_t number = m->d->state.next_run;
    store_run_path(m->d->folder, number, m->path);
    int status = run_merge(m->runs, m->count, is_kept, &m->dead, m->path, &m->made.info, err);
    if (status == WINNOW_OK)
        m->made.number = number;
    return status;
}

/* Makes the new run the one that is named.  The state that is pending stays so. */
static int name_merged(struct merge *m, struct winnow_error *err)
{
    struct disk_store *d = m->d;
    struct catalog_state state = d->committed;
    int status = store_need_catalog(d, err);
    for (size_t i = 0; i < d->runs.count && status == WINNOW_OK; i++)
        if (takes_part(m, &d->runs.items[i]))
            status = catalog_drop_run(d->catalog, d->runs.items[i].is.number, err);
    if (status == WINNOW_OK)
        status = catalog_put_run(d->catalog, &m->made, err);
    state.next_run = m->made.number + 1;
    if (status == WINNOW_OK)
        status = catalog_put_state(d->catalog, &state, err);
    if (status != WINNOW_OK) {
        store_end_transaction(d);
        return status;
    }
    d->in_transaction = false;
    status = catalog_commit(d->catalog, err);
    if (status != WINNOW_OK)
        d->is_broken = store_need_catalog(d, NULL) != WINNOW_OK;
    else
        d->state.next_run = d->committed.next_run = state.next_run;
    return status;
}

/* The new run takes the place of the old ones, in memory and on the disk. */
static int drop_old(struct merge *m, struct winnow_error *err)
{
    struct held_runs *runs = &m->d->runs;
    char path[STORE_PATH_MOST];
    int status = store_hold_run(m->d->folder, &m->made, runs, err);
    if (status != WINNOW_OK) {
        m->d->is_broken = true; /* what is held is not what is named */
        return status;
    }
    runs->items[runs->count - 1].is_filtered = m->are_filtered;
    for (size_t i = runs->count - 1; i-- > 0;) {
        if (!takes_part(m, &runs->items[i]))
            continue;
        store_run_path(m->d->folder, runs->items[i].is.number, path);
        store_drop_run(runs, i);
        unlink(path);
    }
    return WINNOW_OK;
}

static int (*const steps[])(struct merge *m, struct winnow_error *err) = {
    choose_runs, find_dead, write_merged, name_merged, drop_old,
};

static int merge_tier(struct disk_store *d, unsigned tier, struct winnow_error *err)
{
    struct merge m = {.d = d, .tier = tier};
    int status = WINNOW_OK;
    size_t i = 0;
    for (; i < sizeof steps / sizeof *steps && status == WINNOW_OK; i++)
        status = steps[i](&m, err);
    if (status != WINNOW_OK && m.made.number == d->state.next_run && !d->is_broken)
        unlink(m.path); /* nobody names it */
    free(m.runs);
    free(m.dead.bits);
    return status;
}

/* --- when ------------------------------------------------------------------------------------------- */

static bool mark_damaged(struct held_runs *runs)
{
    bool any = false;
    for (size_t i = 0; i < runs->count; i++) {
        struct held_run *r = &runs->items[i];
        uint64_t at;
        if (can_merge(r) && run_is_damaged(r->run, &at))
            any = r->is_damaged = true;
    }
    return any;
}

static void remember_failure(struct disk_store *d, const struct winnow_error *why)
{
    d->merge_pause = d->merge_pause ? d->merge_pause * 2 : 1;
    if (d->merge_pause > PAUSE_MOST)
        d->merge_pause = PAUSE_MOST;
    d->merge_wait = d->merge_pause;
    err_set(&d->merge_error, why->status, "runs could not be merged (%.400s); nothing is lost, "
            "and it is tried again", why->text);
}

void store_merge(struct disk_store *d)
{
    struct winnow_error why = {0};
    unsigned tier;
    if (d->merge_wait && d->merge_wait--)
        return;
    while (!d->is_broken && find_full(d, &tier)) {
        int status = merge_tier(d, tier, &why);
        if (status == WINNOW_EDATA && mark_damaged(&d->runs))
            continue; /* without those */
        if (status != WINNOW_OK) {
            remember_failure(d, &why);
            return;
        }
        d->merge_pause = 0;
        d->merge_error = (struct winnow_error){0};
    }
}
