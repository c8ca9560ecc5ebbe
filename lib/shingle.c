/* shingle.c - hash a normalised stream at its words, and thin the hashes.
 *
 * Words, not bytes, are where a shingle starts: a sixth of the hashes, and a copy
 * nearly always starts at one.  Hashing k = 32 bytes anew at each word costs no
 * more than rolling over the six bytes of the word before, needs no prefix kept,
 * and XXH3 with a seed is harder to make collide than a polynomial.  A hash is a
 * hint all the same: who uses it compares the bytes. */
#include "shingle.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "arena.h"

void shingles_free(struct shingles *s)
{
    free(s->items);
    *s = (struct shingles){0};
}

static int reserve(struct shingles *s, size_t count)
{
    struct shingle *items = array_grow(s->items, &s->cap, count, sizeof *items);
    if (!items)
        return WINNOW_ENOMEM;
    s->items = items;
    return WINNOW_OK;
}

int shingle_all(const struct norm *n, uint32_t from_word, uint32_t to_word, unsigned k,
                uint64_t seed, struct shingles *ret)
{
    if (to_word > n->nwords)
        to_word = n->nwords;
    if (from_word > to_word)
        from_word = to_word;
    int status = reserve(ret, to_word - from_word + 1);
    if (status != WINNOW_OK)
        return status;
    ret->count = 0;
    for (uint32_t i = from_word; i < to_word; i++) {
        uint32_t pos = norm_word(n, i);
        if (n->len - pos < k)
            break; /* and so for all that follow */
        ret->items[ret->count++] = (struct shingle){
            .hash = XXH3_64bits_withSeed(n->bytes + pos, k, seed), .pos = pos};
    }
    return WINNOW_OK;
}

/* The rightmost smallest of items[from..to), which is not empty. */
static size_t smallest(const struct shingle *items, size_t from, size_t to)
{
    size_t min = from;
    for (size_t i = from + 1; i < to; i++)
        if (items[i].hash <= items[min].hash)
            min = i;
    return min;
}

int shingle_winnow(const struct shingles *all, unsigned w, struct shingles *ret)
{
    size_t window = w > 0 ? w : 1;
    if (window > all->count)
        window = all->count;
    int status = reserve(ret, all->count + 1);
    if (status != WINNOW_OK)
        return status;
    ret->count = 0;
    if (all->count == 0)
        return WINNOW_OK;

    /* A window is searched anew only when its smallest has left it: every (w+1)/2
     * shingles of ordinary text, at worst (they rise without end) every time. */
    size_t min = smallest(all->items, 0, window);
    ret->items[ret->count++] = all->items[min];
    for (size_t end = window; end < all->count; end++) {
        size_t start = end + 1 - window, before = min;
        if (min < start)
            min = smallest(all->items, start, end + 1);
        else if (all->items[end].hash <= all->items[min].hash)
            min = end;
        if (min != before)
            ret->items[ret->count++] = all->items[min];
    }
    return WINNOW_OK;
}
