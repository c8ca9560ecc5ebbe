/* young.c - a hash table whose bucket is one line of the cache.
 *
 *     bucket, 64 bytes: | hash hash hash hash hash | number x 5 | count | passed |
 *
 * A lookup of many hashes asks for the lines some steps ahead, so that the waits for
 * memory overlap.  A full bucket passes what comes on to the next one and remembers it
 * for good: a search that meets no such mark ends after one line. */
#include "store/young.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "arena.h"

enum {
    BUCKET = 5,   /* entries */
    AHEAD = 16,   /* lines that are asked for before they are used */
    STRETCH = 64, /* hashes for whose hits room is made at once */
    HUGE_PAGE = 2 << 20,
};

struct young_bucket {
    uint64_t hashes[BUCKET];
    uint32_t numbers[BUCKET];
    uint16_t count;
    uint16_t passed; /* not 0: some that belong here stand further on */
};

_Static_assert(sizeof(struct young_bucket) == 64, "a bucket is a line of the cache");

/* Winnowing keeps small hashes: their high bits are not even, so they are mixed. */
static struct young_bucket *bucket_of(const struct young *y, uint64_t hash)
{
    uint64_t mixed = (hash ^ hash >> 29) * 0x9E3779B97F4A7C15u;
    return y->buckets + (size_t)(((unsigned __int128)mixed * y->cap) >> 64);
}

static struct young_bucket *next_of(const struct young *y, const struct young_bucket *b)
{
    size_t next = (size_t)(b - y->buckets) + 1;
    return y->buckets + (next < y->cap ? next : 0);
}

static void ask_for(const struct young *y, const uint64_t *hashes, size_t count, size_t i)
{
    if (i < count)
        __builtin_prefetch(bucket_of(y, hashes[i]), 1);
}

void young_free(struct young *y)
{
    free(y->buckets);
    *y = (struct young){0};
}

void young_clear(struct young *y)
{
    for (size_t i = 0; i < y->cap; i++)
        y->buckets[i].count = y->buckets[i].passed = 0;
    y->count = 0;
}

/* Where the document gets an entry of its own for the hash: the first bucket with room of
 * the hash's chain.  NULL where it has one, or enough others do.  The marks of taken out
 * entries stay, so a chain may be long, but it never goes round. */
static struct young_bucket *place_of(const struct young *y, uint64_t hash, uint32_t number)
{
    struct young_bucket *const first = bucket_of(y, hash), *b = first, *room = NULL;
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

static void add_one(struct young *y, uint64_t hash, uint32_t number)
{
    struct young_bucket *b = place_of(y, hash, number);
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

/* A large table stands on huge pages where the system has them: else each look into it
 * waits for the page's address as well. */
static struct young_bucket *make_buckets(size_t cap)
{
    size_t bytes = cap * sizeof(struct young_bucket);
    bool is_large = bytes >= HUGE_PAGE;
    size_t unit = is_large ? HUGE_PAGE : 64, whole = (bytes + unit - 1) / unit * unit;
    struct young_bucket *ret = aligned_alloc(unit, whole);
    if (ret && is_large)
        (void)madvise(ret, whole, MADV_HUGEPAGE);
    return ret;
}

static int make_room(struct young *y, size_t more)
{
    size_t cap = grown(y, more);
    if (cap == y->cap)
        return WINNOW_OK;
    struct young larger = {.buckets = make_buckets(cap), .cap = cap};
    if (!larger.buckets)
        return WINNOW_ENOMEM;
    young_clear(&larger);
    for (size_t n = 0; n < y->cap; n++) {
        const struct young_bucket *b = &y->buckets[n];
        for (size_t i = 0; i < b->count; i++)
            add_one(&larger, b->hashes[i], b->numbers[i]);
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
    for (size_t i = 0; i < AHEAD; i++)
        ask_for(y, hashes, count, i);
    for (size_t i = 0; i < count; i++) {
        ask_for(y, hashes, count, i + AHEAD);
        add_one(y, hashes[i], number);
    }
    return WINNOW_OK;
}

/* The hits of one hash; ret has room for STORE_DOCS_MOST more. */
static void find_one(const struct young *y, uint64_t hash, uint32_t print, struct store_hits *ret)
{
    const struct young_bucket *const first = bucket_of(y, hash), *b = first;
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
    for (size_t i = 0; i < AHEAD; i++)
        ask_for(y, hashes, count, i);
    for (size_t i = 0; i < count; i++) {
        ask_for(y, hashes, count, i + AHEAD);
        if (i % STRETCH == 0 && room_for_hits(ret, STRETCH) != WINNOW_OK)
            return WINNOW_ENOMEM;
        find_one(y, hashes[i], (uint32_t)i, ret);
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
