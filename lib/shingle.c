/* shingle.c - hash a normalised stream at its words, and thin the hashes.
 *
 * The choices, as bench_detect --study measures them:
 *
 * Word starts, not every character: a fifth of the fingerprints, and a copy nearly
 * always starts at a word.  k = 32 bytes: of 1000 shingles 50 stand by chance in other
 * pages too where k is 16, 4 where it is 24, 1 at 32, no fewer at 48 or 64.  w = 8: two
 * fingerprints in nine words; 16 finds half as many of the copies that are cut after
 * eight words, 4 twice as many, but anchors find all of them.
 *
 * k is in bytes, so 32 letters of English are 16 of Russian or 10 characters of
 * Chinese: three to seven words in any of them.  Fewer letters where a letter takes two
 * bytes means more matches by chance, which cost some time, and shorter copies found.
 *
 * The hash is made afresh at each word start, of four loads and three products.  A
 * hash that rolls has to pass over every byte, one after the other, and is read at a
 * sixth of them; three words' products run side by side.  Against ours:
 *
 *                           ASCII   Russian  Chinese
 *     XXH3 afresh           0.95    0.95     1.0      of our speed
 *     rolling, cyclic       0.2     0.2      0.8      letters 64 apart cancel out
 *     prefixes, 2^61-1      0.2     0.1      0.3      the only one with a proof
 *     prefixes, 2^64        0.2     0.2      0.7      Thue-Morse words collide, whatever
 *                                                     the key
 *
 * Winnowing keeps no queue: see shingle_winnow. */
#include "shingle.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "hash.h"

/* Products of 128 bits, folded: every bit of both factors moves every bit. */
__extension__ typedef unsigned __int128 wide;

enum {
    USUAL_K = 32, /* of which the compiler knows the loops */
    USUAL_W = 8,
    RANK_MASK = 2 * SHINGLE_WINDOW_MAX - 1,
};

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

/* --- keys ------------------------------------------------------------------------------ */

/* SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
 * OOPSLA 2014): secrets that share nothing to be seen. */
static uint64_t next_secret(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

struct shingle_key shingle_key_of(uint64_t number)
{
    struct shingle_key key;
    for (size_t i = 0; i < sizeof key.secrets / sizeof *key.secrets; i++)
        key.secrets[i] = next_secret(&number);
    return key;
}

struct shingle_key shingle_key_of_stream(const struct norm *n)
{
    return shingle_key_of(hash_bytes((struct slice){(const char *)n->bytes, n->len}));
}

/* --- all shingles ------------------------------------------------------------------------ */

static inline uint64_t load(const unsigned char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static inline uint64_t fold(uint64_t x, uint64_t y)
{
    wide product = (wide)x * y;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Sixteen bytes at a time, the last sixteen always: k need not divide by them. */
static inline __attribute__((always_inline)) uint64_t
hash(const unsigned char *p, unsigned k, const struct shingle_key *key)
{
    const uint64_t *secrets = key->secrets;
    uint64_t h = secrets[0] ^ k;
    for (unsigned i = 0; i + 16 < k; i += 16)
        h = fold(load(p + i) ^ secrets[1], load(p + i + 8) ^ h);
    h = fold(load(p + k - 16) ^ secrets[2], load(p + k - 8) ^ h);
    return fold(h ^ secrets[3], secrets[1] | 1);
}

/* Writes the shingles of words from..to that have room, and returns how many. */
static inline __attribute__((always_inline)) size_t
hash_words(const struct norm *n, uint32_t from, uint32_t to, unsigned k,
           const struct shingle_key *key, struct shingle *ret)
{
    struct shingle_key local = *key; /* which no store to ret can change */
    const unsigned char *bytes = n->bytes;
    struct norm_walk words = norm_walk(n, from);
    size_t count = 0;
    uint32_t pos;
    while (count < to - from && norm_walk_next(&words, &pos) && n->len - pos >= k)
        ret[count++] = (struct shingle){hash(bytes + pos, k, &local), pos};
    return count;
}

int shingle_all(const struct norm *n, uint32_t from_word, uint32_t to_word, unsigned k,
                const struct shingle_key *key, struct shingles *ret)
{
    if (k < SHINGLE_MIN)
        k = SHINGLE_MIN;
    if (to_word > n->nwords)
        to_word = n->nwords;
    if (from_word > to_word)
        from_word = to_word;
    int status = reserve(ret, to_word - from_word + 1);
    if (status != WINNOW_OK)
        return status;
    ret->count = k == USUAL_K ? hash_words(n, from_word, to_word, USUAL_K, key, ret->items)
                              : hash_words(n, from_word, to_word, k, key, ret->items);
    return WINNOW_OK;
}

/* --- winnowed ones ----------------------------------------------------------------------- */

/* Shingle i of two blocks in one number, so that the smallest tells where it stands: its
 * hash, but in the last bits how far it is from the right, where equals are kept. */
static inline uint64_t rank(const struct shingle *items, uint32_t i)
{
    return (items[i].hash | RANK_MASK) - i;
}

static inline uint64_t smaller(uint64_t x, uint64_t y)
{
    return x < y ? x : y;
}

/* Writes the kept shingles of the windows of w that start in items[0..w) and end before
 * items[count], *last being the one kept before.  Returns how many. */
static inline __attribute__((always_inline)) size_t
winnow_block(const struct shingle *items, uint32_t w, size_t count, const struct shingle **last,
             struct shingle *ret)
{
    uint64_t to_end[SHINGLE_WINDOW_MAX]; /* the smallest from each to the block's end */
    uint64_t min = UINT64_MAX, behind = UINT64_MAX;
    for (uint32_t i = w; i-- > 0;)
        to_end[i] = min = smaller(min, rank(items, i));

    const struct shingle *before = *last;
    uint32_t windows = count - w < w ? (uint32_t)(count - w) + 1 : w;
    size_t kept = 0;
    for (uint32_t i = 0; i < windows; i++) {
        if (i > 0)
            behind = smaller(behind, rank(items, i + w - 1));
        const struct shingle *s = &items[RANK_MASK - (smaller(to_end[i], behind) & RANK_MASK)];
        ret[kept] = *s;
        kept += s != before;
        before = s;
    }
    *last = before;
    return kept;
}

/* A window reaches over one block's end at most, so its smallest is that of two parts
 * which are known (van Herk, 1992): two comparisons a shingle and no branch, for of
 * hashes a processor can guess none. */
int shingle_winnow(const struct shingles *all, unsigned w, struct shingles *ret)
{
    uint32_t window = w < 1 ? 1 : w > SHINGLE_WINDOW_MAX ? SHINGLE_WINDOW_MAX : w;
    if (window > all->count)
        window = (uint32_t)all->count;
    int status = reserve(ret, all->count + 1);
    if (status != WINNOW_OK)
        return status;
    const struct shingle *last = NULL;
    ret->count = 0;
    size_t i = 0;
    if (window == USUAL_W) /* as a constant, and its blocks full: no loop is left of it */
        for (; i + 2 * USUAL_W - 1 <= all->count; i += USUAL_W)
            ret->count += winnow_block(all->items + i, USUAL_W, 2 * USUAL_W - 1, &last,
                                       ret->items + ret->count);
    for (; window > 0 && i + window <= all->count; i += window)
        ret->count += winnow_block(all->items + i, window, all->count - i, &last,
                                   ret->items + ret->count);
    return WINNOW_OK;
}

/* --- anchored ones ----------------------------------------------------------------------- */

/* The first shingle from `from` on that stands at pos or behind it. */
static size_t seek(const struct shingles *all, size_t from, uint32_t pos)
{
    size_t low = from, high = all->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (all->items[mid].pos < pos)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Does the block hold that shingle, and words enough? */
static bool is_anchored(const struct norm *n, const struct shingle_block *b,
                        const struct shingle *s, unsigned k, uint32_t min_words)
{
    return s->pos < b->end && b->end - s->pos >= k &&
           norm_word_at(n, b->end) - norm_word_at(n, b->start) >= min_words;
}

/* Appends s, which may have been appended last. */
static void append_once(struct shingles *ret, struct shingle s)
{
    if (ret->count == 0 || ret->items[ret->count - 1].pos != s.pos)
        ret->items[ret->count++] = s;
}

int shingle_anchor(const struct norm *n, const struct shingles *all,
                   const struct shingles *winnowed, unsigned k,
                   const struct shingle_block *blocks, size_t nblocks, uint32_t min_words,
                   struct shingles *ret)
{
    if (k < SHINGLE_MIN)
        k = SHINGLE_MIN;
    int status = reserve(ret, winnowed->count + nblocks + 1);
    if (status != WINNOW_OK)
        return status;
    ret->count = 0;
    size_t next = 0, first = 0;
    for (size_t i = 0; i < nblocks; i++) {
        first = seek(all, first, blocks[i].start);
        if (first == all->count)
            break;
        if (!is_anchored(n, &blocks[i], &all->items[first], k, min_words))
            continue;
        while (next < winnowed->count && winnowed->items[next].pos <= all->items[first].pos)
            append_once(ret, winnowed->items[next++]);
        append_once(ret, all->items[first]);
    }
    while (next < winnowed->count)
        append_once(ret, winnowed->items[next++]);
    return WINNOW_OK;
}
