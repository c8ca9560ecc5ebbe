/* filter.c - a Bloom filter whose every key is in one line of the cache.
 *
 *     key, 64 bits, even over all values
 *     |<- which line: key x lines / 2^64 ->|          a mix of it: 6 times 9 bits
 *
 *     line, 64 bytes: | 512 bits, of which each of its keys has set up to 6 |
 *
 * A look costs one wait for memory, and the waits of many keys overlap: lines are asked for
 * some keys ahead.  The line rises with the key: who adds keys in order, as runs have them,
 * goes through memory from front to back.
 *
 * At 8 bits a key, when it is full, two or three foreign keys in a hundred pass; at 12 one
 * in two hundred.  To make a larger one all runs must be read: a small one is made with
 * room for four times its keys, a large one, whose memory counts, for half as many more. */
#include "store/filter.h"

#include "store/pages.h"
#include "winnow.h"

enum {
    LINE = 64, /* bytes */
    WORDS = LINE / 8,
    LINE_BITS = LINE * 8,
    LOOKS = 6,       /* bits of a line that a key sets */
    LOOK_BITS = 9,   /* that tell one of the line's */
    FULL = 8,        /* bits a key; fewer: full */
    USELESS = 4,     /* bits a key: one foreign key in seven passes */
    ROOMY = 32,      /* bits a key of a new one */
    ENOUGH = 12,     /* the same, of one that is large */
    LEAST = 10,      /* the same, of the largest: below it would soon be full again */
    STRETCH = 64,    /* keys whose lines are asked for at once */
};

static const uint64_t large_bytes = UINT64_C(64) << 20, most_bytes = UINT64_C(512) << 20;

/* --- making ------------------------------------------------------------------------------- */

/* Bytes for so many keys; more than most_bytes where that is too many. */
static uint64_t bytes_for(uint64_t keys)
{
    uint64_t roomy = keys * ROOMY / 8, enough = keys * ENOUGH / 8;
    if (keys > most_bytes * 8 / LEAST)
        return UINT64_MAX; /* the products above may be wrong */
    if (roomy > large_bytes)
        roomy = enough > large_bytes ? enough : large_bytes;
    return roomy < most_bytes ? roomy : most_bytes;
}

int filter_make(uint64_t keys, struct filter *ret)
{
    uint64_t bytes = bytes_for(keys);
    if (bytes > most_bytes)
        return WINNOW_ELIMIT;
    size_t count = (size_t)bytes / LINE + 1;
    uint64_t *lines = pages_new(count * LINE);
    if (!lines)
        return WINNOW_ENOMEM;
    *ret = (struct filter){.lines = lines, .count = count};
    return WINNOW_OK;
}

void filter_free(struct filter *f)
{
    pages_free(f->lines, f->count * LINE);
    *f = (struct filter){0};
}

static bool has_fewer_bits(const struct filter *f, uint64_t bits /* a key */)
{
    return f->keys > (uint64_t)f->count * LINE_BITS / bits;
}

bool filter_is_full(const struct filter *f)
{
    return has_fewer_bits(f, FULL);
}

bool filter_is_useless(const struct filter *f)
{
    return has_fewer_bits(f, USELESS);
}

/* --- looking ------------------------------------------------------------------------------ */

static inline uint64_t *line_of(const struct filter *f, uint64_t key)
{
    return f->lines + (size_t)(((unsigned __int128)key * f->count) >> 64) * WORDS;
}

/* The line has used the key's top bits up: all others are brought there. */
static inline uint64_t mix(uint64_t key)
{
    key *= UINT64_C(0x9E3779B97F4A7C15);
    key ^= key >> 32;
    return key * UINT64_C(0xD6E8FEB86659FD93);
}

static inline unsigned bit_of(uint64_t mixed, unsigned look)
{
    return (unsigned)(mixed >> (64 - LOOK_BITS * (look + 1))) & (LINE_BITS - 1);
}

/* The lines of at most STRETCH keys, which are asked for: all before the first is read, so
 * that no look stands in the way of the next one's. */
static void find_lines(const struct filter *f, const uint64_t *keys, size_t count,
                       uint64_t *ret[STRETCH])
{
    for (size_t i = 0; i < count; i++) {
        ret[i] = line_of(f, keys[i]);
        __builtin_prefetch(ret[i]);
    }
}

void filter_add(struct filter *f, const uint64_t *keys, size_t count)
{
    uint64_t *lines[STRETCH];
    f->keys += count;
    for (size_t n; count > 0; keys += n, count -= n) {
        n = count < STRETCH ? count : STRETCH;
        find_lines(f, keys, n, lines);
        for (size_t i = 0; i < n; i++) {
            uint64_t mixed = mix(keys[i]);
            for (unsigned look = 0; look < LOOKS; look++) {
                unsigned bit = bit_of(mixed, look);
                lines[i][bit / 64] |= UINT64_C(1) << bit % 64;
            }
        }
    }
}

/* 1 or 0; without a branch: which of the bits is the first 0 has no pattern. */
static inline unsigned may_have(const uint64_t *line, uint64_t key)
{
    uint64_t mixed = mix(key), all = 1;
    for (unsigned look = 0; look < LOOKS; look++) {
        unsigned bit = bit_of(mixed, look);
        all &= line[bit / 64] >> bit % 64;
    }
    return (unsigned)all;
}

size_t filter_pass(const struct filter *f, const uint64_t *keys, size_t count, uint32_t *ret)
{
    uint64_t *lines[STRETCH];
    size_t passed = 0;
    for (size_t at = 0, n; at < count; at += n) {
        n = count - at < STRETCH ? count - at : STRETCH;
        find_lines(f, keys + at, n, lines);
        for (size_t i = 0; i < n; i++) {
            ret[passed] = (uint32_t)(at + i);
            passed += may_have(lines[i], keys[at + i]);
        }
    }
    return passed;
}
