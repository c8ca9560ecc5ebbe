/* young.c - a hash table whose bucket is one line of the cache.
 *
 *     bucket, 64 bytes: | hash hash hash hash hash | number x 5 | count | passed |
 *
 * A lookup of many hashes asks for the lines some steps ahead, so that the waits for
 * memory overlap.  A full bucket passes what comes on to the next one and remembers it
 * for good: a search that meets no such mark ends after one line.
 *
 * Buckets stand in the order of their keys (run_keys).  Winnowing keeps small hashes, but
 * keys are even; and who takes all entries out for a run has next to nothing to sort. */
#include "store/young.h"

#include "arena.h"
#include "store/pages.h"

enum {
    BUCKET = 5,   /* entries */
    STRETCH = 32, /* hashes whose lines are asked for before they are used */
};

struct young_bucket {
    uint64_t hashes[BUCKET];
    uint32_t numbers[BUCKET];
    uint16_t count;
    uint16_t passed; /* not 0: some that belong here stand further on */
};

_Static_assert(sizeof(struct young_bucket) == 64, "a bucket is a line of the cache");

static struct young_bucket *bucket_of(const struct young *y, uint64_t key)
{
    return y->buckets + (size_t)(((unsigned __int128)key * y->cap) >> 64);
}

static struct young_bucket *next_of(const struct young *y, const struct young_bucket *b)
{
    size_t next = (size_t)(b - y->buckets) + 1;
    return y->buckets + (next < y->cap ? next : 0);
}

/* The buckets of at most STRETCH hashes, which are asked for. */
static void find_buckets(const struct young *y, const uint64_t *hashes, size_t count,
                         struct young_bucket *ret[STRETCH])
{
    uint64_t keys[STRETCH];
    run_keys(hashes, count, keys);
    for (size_t i = 0; i < count; i++) {
        ret[i] = bucket_of(y, keys[i]);
        __builtin_prefetch(ret[i], 1);
    }
}

void young_free(struct young *y)
{
    pages_free(y->buckets, y->cap * sizeof *y->buckets);
    *y = (struct young){0};
}

void young_clear(struct young *y)
{
    for (size_t i = 0; i < y->cap; i++)
        y->buckets[i].count = y->buckets[i].passed = 0;
    y->count = 0;
}

/* Where the document gets an entry of its own for the hash: from its bucket on, the first
 * one with room.  NULL where it has one, or enough others do.  The marks of taken out
 * entries stay, so a chain may be long, but it never goes round. */
static struct young_bucket *place_of(const struct young *y, struct young_bucket *first,
                                     uint64_t hash, uint32_t number)
{
    struct young_bucket *b = first, *room = NULL;
    size_t others = 0;
    do {
        for (size_t i = 0; i < b->count; i++)
            if (b->hashes[i] == hash &&
                (b->numbers[i] == number || ++others == STORE_DOCS_MOST))
                return NULL;
        if (!room && b->count < BUCKET)
            room = b;
        if (!b->passed && room)
            return room;
        b->passed = 1;
        b = next_of(y, b);
    } while (b != first);
    return room;
}

static void add_one(struct young *y, struct young_bucket *first, uint64_t hash, uint32_t number)
{
    struct young_bucket *b = place_of(y, first, hash, number);
    if (!b)
        return;
    b->hashes[b->count] = hash;
    b->numbers[b->count++] = number;
    y->count++;
}

/* Buckets for so many entries: seven in ten places taken at the most. */
static size_t buckets_for(size_t entries)
{
    return entries * 2 / 7 + 16;
}

static size_t grown(const struct young *y, size_t more)
{
    size_t need = buckets_for(y->count + more);
    if (need <= y->cap)
        return y->cap;
    return need > y->cap + y->cap / 2 ? need : y->cap + y->cap / 2;
}

static int make_room(struct young *y, size_t more)
{
    size_t cap = grown(y, more);
    if (cap == y->cap)
        return WINNOW_OK;
    struct young larger = {.buckets = pages_new(cap * sizeof *y->buckets), .cap = cap};
    if (!larger.buckets)
        return WINNOW_ENOMEM;
    for (size_t n = 0; n < y->cap; n++) {
        const struct young_bucket *b = &y->buckets[n];
        struct young_bucket *to[STRETCH];
        find_buckets(&larger, b->hashes, b->count, to);
        for (size_t i = 0; i < b->count; i++)
            add_one(&larger, to[i], b->hashes[i], b->numbers[i]);
    }
    young_free(y);
    *y = larger;
    return WINNOW_OK;
}

int young_add(struct young *y, uint32_t number, const uint64_t *hashes, size_t count)
{
    if (count == 0)
        return WINNOW_OK;
    if (make_room(y, count) != WINNOW_OK)
        return WINNOW_ENOMEM;
    for (size_t at = 0, n; at < count; at += n) {
        struct young_bucket *to[STRETCH];
        n = count - at < STRETCH ? count - at : STRETCH;
        find_buckets(y, hashes + at, n, to);
        for (size_t i = 0; i < n; i++)
            add_one(y, to[i], hashes[at + i], number);
    }
    return WINNOW_OK;
}

/* The hits of one hash; ret has room for STORE_DOCS_MOST more. */
static void find_one(const struct young *y, const struct young_bucket *first, uint64_t hash,
                     uint32_t print, struct store_hits *ret)
{
    const struct young_bucket *b = first;
    do {
        for (size_t i = 0; i < b->count; i++)
            if (b->hashes[i] == hash)
                ret->items[ret->count++] = (struct store_hit){print, b->numbers[i]};
        if (!b->passed)
            return;
        b = next_of(y, b);
    } while (b != first);
}

/* Room for the hits of so many hashes more. */
static int room_for_hits(struct store_hits *hits, size_t hashes)
{
    struct store_hit *items = array_grow(
        hits->items, &hits->cap, hits->count + hashes * STORE_DOCS_MOST, sizeof *items);
    if (!items)
        return WINNOW_ENOMEM;
    hits->items = items;
    return WINNOW_OK;
}

int young_lookup(const struct young *y, const uint64_t *hashes, size_t count,
                 struct store_hits *ret)
{
    if (y->count == 0)
        return WINNOW_OK;
    for (size_t at = 0, n; at < count; at += n) {
        struct young_bucket *in[STRETCH];
        n = count - at < STRETCH ? count - at : STRETCH;
        find_buckets(y, hashes + at, n, in);
        if (room_for_hits(ret, n) != WINNOW_OK)
            return WINNOW_ENOMEM;
        for (size_t i = 0; i < n; i++)
            find_one(y, in[i], hashes[at + i], (uint32_t)(at + i), ret);
    }
    return WINNOW_OK;
}

void young_remove(struct young *y, bool (*gone)(void *ctx, uint32_t number), void *ctx)
{
    for (struct young_bucket *b = y->buckets; b < y->buckets + y->cap; b++)
        for (size_t i = 0; i < b->count;) {
            if (!gone(ctx, b->numbers[i])) {
                i++;
                continue;
            }
            b->count--;
            b->hashes[i] = b->hashes[b->count];
            b->numbers[i] = b->numbers[b->count];
            y->count--;
        }
}

void young_each(const struct young *y,
                void (*each)(void *ctx, const uint64_t *hashes, size_t count), void *ctx)
{
    for (size_t n = 0; n < y->cap; n++)
        each(ctx, y->buckets[n].hashes, y->buckets[n].count);
}

void young_entries(const struct young *y, struct run_entry *ret)
{
    for (const struct young_bucket *b = y->buckets; b < y->buckets + y->cap; b++)
        for (size_t i = 0; i < b->count; i++)
            *ret++ = (struct run_entry){.hash = b->hashes[i], .number = b->numbers[i]};
}

size_t young_bytes(const struct young *y)
{
    return y->cap * sizeof *y->buckets;
}

size_t young_bytes_with(const struct young *y, size_t more)
{
    return grown(y, more) * sizeof *y->buckets;
}
