/* batch.c - the fingerprints since the last commit, in a table in memory. */
#include "stores/stores.h"

#include <stdlib.h>
#include <string.h>

#include "measure.h"

enum { BITS = 22, MOST = 3 << 20, DIGIT = 11 };

void batch_init(struct batch *p)
{
    *p = (struct batch){.cap = 1 << 20, .bits = BITS};
    p->items = must(malloc(p->cap * sizeof *p->items));
    p->spare = must(malloc(p->cap * sizeof *p->spare));
    p->slots = must(calloc((size_t)1 << BITS, sizeof *p->slots));
}

void batch_free(struct batch *p)
{
    free(p->items);
    free(p->spare);
    free(p->slots);
}

void batch_clear(struct batch *p)
{
    p->count = 0;
    memset(p->slots, 0, ((size_t)1 << p->bits) * sizeof *p->slots);
}

static size_t slot_of(const struct batch *p, uint64_t hash)
{
    return (size_t)(hash * 0x9E3779B97F4A7C15u >> (64 - p->bits));
}

void batch_lookup(const struct batch *p, uint64_t hash, bool known, struct tally *tally)
{
    size_t mask = ((size_t)1 << p->bits) - 1;
    for (size_t i = slot_of(p, hash); p->slots[i]; i = (i + 1) & mask) {
        const struct entry *e = &p->items[p->slots[i] - 1];
        if (e->hash != hash)
            continue;
        tally->prints += !known;
        known = true;
        tally->pairs++;
        tally->numbers += e->number;
    }
}

static void grow(struct batch *p)
{
    p->cap *= 2;
    if (p->cap > MOST)
        p->cap = MOST; /* the table stays below three quarters */
    if (p->count >= p->cap)
        die("too many fingerprints in a commit", "batch");
    p->items = must(realloc(p->items, p->cap * sizeof *p->items));
    p->spare = must(realloc(p->spare, p->cap * sizeof *p->spare));
}

void batch_add(struct batch *p, uint64_t hash, uint32_t number, bool known)
{
    size_t mask = ((size_t)1 << p->bits) - 1, i = slot_of(p, hash);
    if (p->count == p->cap)
        grow(p);
    while (p->slots[i])
        i = (i + 1) & mask;
    p->items[p->count] = (struct entry){hash, number, known};
    p->slots[i] = (uint32_t)++p->count;
}

/* One pass of a radix sort: by DIGIT bits of the hash from `shift` on. */
static void sort_by(struct batch *p, unsigned shift)
{
    size_t starts[1 << DIGIT] = {0}, sum = 0;
    struct entry *from = p->items;
    for (size_t i = 0; i < p->count; i++)
        starts[from[i].hash >> shift & ((1 << DIGIT) - 1)]++;
    for (size_t i = 0; i < (size_t)1 << DIGIT; i++) {
        size_t n = starts[i];
        starts[i] = sum;
        sum += n;
    }
    for (size_t i = 0; i < p->count; i++)
        p->spare[starts[from[i].hash >> shift & ((1 << DIGIT) - 1)]++] = from[i];
    p->items = p->spare;
    p->spare = from;
}

void batch_sort(struct batch *p)
{
    for (unsigned shift = 0; shift < 64; shift += DIGIT)
        sort_by(p, shift);
}
