/* across_candidates.c - which earlier documents to compare a page with.
 *
 * Those that share the most fingerprints, and then, of the rest, whoever has most of what
 * none of the chosen has: so a page that quotes several is compared with each of them (of
 * more than CANDIDATES with some), and a passage that stands in a thousand documents costs
 * no more than a few. */
#include <stdlib.h>
#include <string.h>

#include "across_parts.h"
#include "arena.h"
#include "err.h"

enum { LOOKED_AT = 64 /* documents whose state is asked for */ };

/* How many of the page's fingerprints a document has, and how many of those left over. */
struct tally {
    uint32_t number, first; /* of its hits, in order of documents */
    uint32_t prints, left;
};

struct tallies {
    struct tally *items;
    size_t count;
    struct store_hit *hits; /* ordered by document */
    bool *covered;          /* a print: has one of the chosen documents it? */
};

void candidates_free(struct candidates *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->items[i].found.removals.items);
    c->count = 0;
}

static int by_number(const void *a, const void *b)
{
    const struct store_hit *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return (x->print > y->print) - (x->print < y->print);
}

/* Most fingerprints first; of equals the earlier document. */
static int by_prints(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    if (x->prints != y->prints)
        return x->prints > y->prints ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static void tallies_free(struct tallies *t)
{
    free(t->items);
    free(t->hits);
    free(t->covered);
}

static int tally_hits(const struct winnow_index *ix, struct tallies *ret)
{
    size_t n = ix->hits.count;
    *ret = (struct tallies){.items = malloc((n + 1) * sizeof *ret->items),
                            .hits = malloc((n + 1) * sizeof *ret->hits),
                            .covered = calloc(ix->prints.nask + 1, sizeof *ret->covered)};
    if (!ret->items || !ret->hits || !ret->covered)
        return WINNOW_ENOMEM;
    if (n > 0)
        memcpy(ret->hits, ix->hits.items, n * sizeof *ret->hits);
    qsort(ret->hits, n, sizeof *ret->hits, by_number);
    for (size_t i = 0; i < n; i++) {
        struct tally *last = ret->count > 0 ? &ret->items[ret->count - 1] : NULL;
        if (last && last->number == ret->hits[i].number)
            last->prints++;
        else
            ret->items[ret->count++] =
                (struct tally){.number = ret->hits[i].number, .first = (uint32_t)i, .prints = 1};
    }
    qsort(ret->items, ret->count, sizeof *ret->items, by_prints);
    return WINNOW_OK;
}

/* What the catalog says of a document. */
struct looked {
    struct doc_key key;
    enum doc_state state;
    uint32_t first;
};

/* May the page be compared with it? */
static bool is_open(uint32_t number, const struct looked *is, const struct store_doc *own)
{
    if (is->state != DOC_LIVE && is->state != DOC_SUPERSEDED)
        return false;
    if (memcmp(&is->key, &own->key, sizeof own->key) == 0)
        return false;
    return is->first < own->first || (own->state == DOC_SUPERSEDED && own->other == number);
}

static void cover(struct tallies *t, const struct tally *chosen)
{
    for (uint32_t i = 0; i < chosen->prints; i++)
        t->covered[t->hits[chosen->first + i].print] = true;
}

static uint32_t count_left(const struct tallies *t, const struct tally *one)
{
    uint32_t ret = 0;
    for (uint32_t i = 0; i < one->prints; i++)
        ret += !t->covered[t->hits[one->first + i].print];
    return ret;
}

static void take(struct tallies *t, struct tally *one, const struct looked *is,
                 struct candidates *ret)
{
    ret->items[ret->count++] = (struct candidate){.number = one->number, .prints = one->prints,
                                                  .first = is->first, .state = is->state};
    cover(t, one);
    one->prints = 0;
}

/* state DOC_NONE: not to be compared with. */
static int look(struct winnow_index *ix, uint32_t number, const struct store_doc *own,
                struct looked *ret, struct winnow_error *err)
{
    struct looked is = {.state = DOC_NONE};
    int status = store_look(ix->store, number, &is.key, &is.state, NULL, &is.first, err);
    if (status == WINNOW_EDATA) { /* one document is damaged: the others are not */
        is.state = DOC_NONE;
        status = WINNOW_OK;
    }
    if (status != WINNOW_OK)
        return status;
    if (!is_open(number, &is, own))
        is.state = DOC_NONE;
    *ret = is;
    return WINNOW_OK;
}

/* Takes the first ones that are open, and leaves of the others only those. */
static int take_top(struct winnow_index *ix, struct tallies *t, const struct store_doc *own,
                    struct looked looked[LOOKED_AT], struct candidates *ret,
                    struct winnow_error *err)
{
    int status = WINNOW_OK;
    t->count = t->count < LOOKED_AT ? t->count : LOOKED_AT;
    for (size_t i = 0; i < t->count && status == WINNOW_OK; i++) {
        status = look(ix, t->items[i].number, own, &looked[i], err);
        if (status != WINNOW_OK || looked[i].state == DOC_NONE)
            t->items[i].prints = 0;
        else if (ret->count < CANDIDATES_TOP)
            take(t, &t->items[i], &looked[i], ret);
    }
    return status;
}

static void take_more(struct tallies *t, const struct looked looked[LOOKED_AT],
                      struct candidates *ret)
{
    while (ret->count < CANDIDATES) {
        size_t best = t->count;
        for (size_t i = 0; i < t->count; i++) {
            t->items[i].left = count_left(t, &t->items[i]);
            if (t->items[i].left > (best < t->count ? t->items[best].left : 0))
                best = i;
        }
        if (best == t->count)
            return;
        take(t, &t->items[best], &looked[best], ret);
    }
}

int candidates_choose(struct winnow_index *ix, const struct store_doc *own,
                      struct candidates *ret, struct winnow_error *err)
{
    struct tallies t;
    struct looked looked[LOOKED_AT];
    int status = tally_hits(ix, &t);
    if (status != WINNOW_OK)
        err_nomem(err);
    ret->count = 0;
    if (status == WINNOW_OK)
        status = take_top(ix, &t, own, looked, ret, err);
    if (status == WINNOW_OK)
        take_more(&t, looked, ret);
    tallies_free(&t);
    return status;
}
