/* run_merge.c - merges runs into one, of which each reads its groups in their order.
 *
 * The space of keys is cut into slices that hold some thousand entries of all runs.  A
 * slice's entries are gathered, sorted and written before the next one is begun: that is
 * quicker than to compare the runs' heads for every entry, and as bounded. */
#include "store/run_parts.h"

#include <stdlib.h>

#include "arena.h"
#include "err.h"

enum {
    SLICE_BITS = 11, /* log2 of the entries that a slice is meant to have */
    SAMPLES = 1000,  /* numbers of a run that keep is asked about beforehand */
};

struct merge {
    struct run_cursor *cursors;
    size_t count; /* of runs */
    bool (*keep)(void *ctx, uint32_t number);
    void *ctx;
    struct run_entry *slice;
    size_t used, cap;
};

static int set_damaged(const struct run *r, struct winnow_error *err)
{
    uint64_t at = r->shape.lines_at;
    run_is_damaged(r, &at);
    return err_set(err, WINNOW_EDATA,
                   "%s: is damaged at byte %llu and cannot be merged; have the index made again "
                   "without it (winnow index compact)",
                   r->path, (unsigned long long)at);
}

static bool is_kept(const struct merge *m, uint32_t number)
{
    return !m->keep || m->keep(m->ctx, number);
}

/* Adds the entries of one run with keys up to last to the slice. */
static int gather(struct merge *m, struct run_cursor *c, uint64_t last, struct winnow_error *err)
{
    for (;;) {
        if (c->at == c->count && !run_cursor_fill(c))
            return set_damaged(c->run, err);
        if (c->count == 0)
            return WINNOW_OK;
        struct run_entry *slice =
            array_grow(m->slice, &m->cap, m->used + RUN_GROUP_MOST, sizeof *slice);
        if (!slice)
            return err_nomem(err);
        m->slice = slice;
        for (; c->at < c->count; c->at++) {
            if (c->items[c->at].hash > last)
                return WINNOW_OK;
            if (is_kept(m, c->items[c->at].number))
                m->slice[m->used++] = c->items[c->at];
        }
    }
}

static int merge_slices(struct merge *m, unsigned slice_bits /* of a key, that vary in one */,
                        struct run_writer *w, struct winnow_error *err)
{
    int status = WINNOW_OK;
    uint64_t slices = UINT64_C(1) << (RUN_KEY_BITS - slice_bits);
    for (uint64_t slice = 0; slice < slices && !status; slice++) {
        m->used = 0;
        for (size_t i = 0; i < m->count && !status; i++)
            status = gather(m, &m->cursors[i], slice << slice_bits | run_mask(slice_bits), err);
        if (status)
            break;
        run_sort(m->slice, m->used, slice_bits);
        status = run_writer_add(w, m->slice, run_keep_first(m->slice, m->used), err);
    }
    return status;
}

/* How many of a run's entries keep is likely to want.  Only the size hangs on it. */
static uint64_t guess_kept(const struct merge *m, const struct run_shape *s)
{
    uint64_t range = (uint64_t)s->last_number - s->first_number + 1, kept = 0;
    uint64_t samples = range < SAMPLES ? range : SAMPLES;
    if (!m->keep)
        return s->entries;
    for (uint64_t i = 0; i < samples; i++)
        kept += is_kept(m, s->first_number + (uint32_t)(i * range / samples));
    return s->entries / samples * kept;
}

/* The shape of all runs together: a bound on the entries, the likely number of homes. */
static struct run_shape shape_of(const struct merge *m)
{
    struct run_shape ret = {.first_number = UINT32_MAX};
    uint64_t likely = 0;
    for (size_t i = 0; i < m->count; i++) {
        const struct run_shape *s = &m->cursors[i].run->shape;
        if (s->entries == 0)
            continue;
        uint64_t room = run_entries_most + 1 - ret.entries;
        ret.entries += s->entries < room ? s->entries : room; /* one too many is refused */
        likely += guess_kept(m, s);
        ret.first_number = s->first_number < ret.first_number ? s->first_number : ret.first_number;
        ret.last_number = s->last_number > ret.last_number ? s->last_number : ret.last_number;
    }
    if (ret.entries == 0)
        ret.first_number = 0;
    unsigned most = run_home_bits(ret.entries), bits = run_home_bits(likely);
    /* Where the guess is wrong, no group may overflow: it has four times its entries. */
    ret.home_bits = bits + 2 < most ? most - 2 : bits < most ? bits : most;
    return ret;
}

static int merge_into(struct merge *m, const char *path, struct run_info *ret,
                      struct winnow_error *err)
{
    struct run_writer *w;
    struct run_shape shape = shape_of(m);
    unsigned bits = run_home_bits(shape.entries);
    int status = run_writer_new(path, &shape, &w, err);
    if (status)
        return status;
    bits = bits > SLICE_BITS ? RUN_KEY_BITS - bits + SLICE_BITS : RUN_KEY_BITS;
    status = merge_slices(m, bits, w, err);
    if (!status)
        status = run_writer_publish(w, ret, err);
    run_writer_free(w);
    return status;
}

int run_merge(struct run *const *runs, size_t count, bool (*keep)(void *ctx, uint32_t number),
              void *ctx, const char *path, struct run_info *ret, struct winnow_error *err)
{
    struct merge m = {.count = count, .keep = keep, .ctx = ctx};
    m.cursors = calloc(count + 1, sizeof *m.cursors);
    if (!m.cursors)
        return err_nomem(err);
    for (size_t i = 0; i < count; i++)
        run_cursor_init(&m.cursors[i], runs[i]);
    int status = merge_into(&m, path, ret, err);
    free(m.cursors);
    free(m.slice);
    return status;
}
