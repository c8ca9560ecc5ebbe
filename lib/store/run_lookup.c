/* run_lookup.c - finds who has which of a document's hashes.
 *
 * Nearly all are in no run, and each falls on another page of the file: the time goes into
 * waiting for memory.  So a batch goes through in steps, each of which asks for what the
 * next one reads, for all hashes, before any is read:
 *
 *     key -> line of the directory -> map of homes, and where the rest should be -> compare
 *
 * Then it goes into wrong guesses of branches, for hashes have no pattern: bits are counted
 * and found by arithmetic on all bytes of a word at once, and what usually differs is
 * compared without asking first whether it is there. */
#include "store/run_parts.h"

#include <sys/mman.h>

#include "arena.h"

enum {
    BATCH = 256,
    THREE_COUNT = 128, /* entries of a group whose map of homes fits three words */
};

#define INLINE __attribute__((always_inline)) static inline

struct query {
    uint64_t key;
    struct run_group group;
    uint32_t print;
    bool is_good; /* the group's blocks were checked before */
};

static inline uint64_t group_of(const struct run_shape *s, uint64_t key)
{
    return key >> (s->rest_bits + RUN_HOMES_LOG);
}

/* --- bits of a word --------------------------------------------------------------------------- */

static const uint64_t each_byte = UINT64_C(0x0101010101010101);

/* For each byte of the word, the number of 1s in it and in the bytes below. */
INLINE uint64_t count_ones(uint64_t word)
{
    word -= word >> 1 & each_byte * 0x55;
    word = (word & each_byte * 0x33) + (word >> 2 & each_byte * 0x33);
    return ((word + (word >> 4)) & each_byte * 0x0F) * each_byte;
}

/* How many of the bytes of counts, each at most 64 and not below the one before, are no
 * more than n (below 64).  A byte of the difference has its top bit where that is so. */
INLINE unsigned bytes_up_to(uint64_t counts, unsigned n)
{
    uint64_t up_to = ((n | 0x80) * each_byte - counts) & each_byte * 0x80;
    return (unsigned)((up_to >> 7) * each_byte >> 56);
}

INLINE unsigned ones_of(uint64_t word, bool has_popcnt)
{
    return has_popcnt ? (unsigned)__builtin_popcountll(word) : (unsigned)(count_ones(word) >> 56);
}

/* The place of the word's 1 that has n others below it; where there is none, something up
 * to 64.  (PDEP would be quicker on some processors and ten times slower on others.) */
INLINE unsigned select_one(uint64_t word, uint64_t counts, unsigned n)
{
    unsigned byte = (bytes_up_to(counts, n) & 7) * 8;
    n -= (unsigned)(counts << 8 >> byte) & 0xFF;
    /* The byte's bits, one in each of eight bytes. */
    uint64_t bits = (word >> byte & 0xFF) * each_byte & UINT64_C(0x8040201008040201);
    bits = (bits + each_byte * 0x7F) >> 7 & each_byte;
    return byte + bytes_up_to(bits * each_byte, n);
}

/* --- one home --------------------------------------------------------------------------------- */

/* The bit of the map that follows its 0 number n; the map's end where it has no such. */
static unsigned find_zero(const unsigned char *p, const struct run_group *g, unsigned n)
{
    for (unsigned at = 0; at < RUN_HOMES + g->count; at += 64) {
        uint64_t zeros = ~run_word(p, g->start + at), counts = count_ones(zeros);
        unsigned all = (unsigned)(counts >> 56);
        if (n < all)
            return at + select_one(zeros, counts, n) + 1;
        n -= all;
    }
    return RUN_HOMES + g->count;
}

/* The same where the map is in three words, without a branch.  Of a damaged map it makes
 * a bit that is not past the third word by more than one. */
INLINE unsigned find_zero_of_three(const unsigned char *p, const struct run_group *g, unsigned n,
                                   bool has_popcnt)
{
    uint64_t first = ~run_word(p, g->start), second = ~run_word(p, g->start + 64);
    uint64_t third = ~run_word(p, g->start + 128);
    unsigned sum = ones_of(first, has_popcnt), sum2 = sum + ones_of(second, has_popcnt);
    unsigned past_first = n >= sum, past_second = n >= sum2;
    uint64_t word = first ^ ((first ^ second) & -(uint64_t)past_first);
    word ^= (second ^ third) & -(uint64_t)past_second;
    n -= (sum & -past_first) + ((sum2 - sum) & -past_second);
    return (past_first + past_second) * 64 + select_one(word, count_ones(word), n) + 1;
}

/* The bit of the map at which a home's own bits start. */
INLINE unsigned find_home(const unsigned char *p, const struct run_group *g, unsigned home,
                          bool has_popcnt)
{
    if (home == 0)
        return 0;
    return g->count <= THREE_COUNT ? find_zero_of_three(p, g, home - 1, has_popcnt)
                                   : find_zero(p, g, home - 1);
}

static int add_hit(struct store_hits *hits, uint32_t print, uint32_t number)
{
    struct store_hit *items =
        array_grow(hits->items, &hits->cap, hits->count + 1, sizeof *hits->items);
    if (!items)
        return WINNOW_ENOMEM;
    hits->items = items;
    items[hits->count++] = (struct store_hit){print, number};
    return WINNOW_OK;
}

/* Adds the entries i.. of the home whose bits start at bit, where they are the key's. */
static int add_entries(struct run *r, const struct query *q, unsigned i, unsigned bit,
                       struct store_hits *ret)
{
    const struct run_shape *s = &r->shape;
    const struct run_group *g = &q->group;
    const unsigned char *p = r->map + s->groups_at;
    uint64_t rests = run_rests(g), numbers = run_numbers(s, g);
    int status = WINNOW_OK;
    for (; i < g->count && run_bits(p, g->start + bit, 1) && !status; i++, bit++) {
        uint64_t rest = run_bits(p, rests + (uint64_t)i * s->rest_bits, s->rest_bits);
        uint64_t number = run_bits(p, numbers + (uint64_t)i * s->number_bits, s->number_bits);
        if (rest != (q->key & run_mask(s->rest_bits)))
            continue;
        if (number <= s->last_number - s->first_number)
            status = add_hit(ret, q->print, s->first_number + (uint32_t)number);
        else
            run_set_damaged(r, run_first_block(s, g) * RUN_BLOCK);
    }
    return status;
}

/* Compares the entries of the key's home. */
INLINE int compare(struct run *r, const struct query *q, bool has_popcnt, struct store_hits *ret)
{
    const struct run_shape *s = &r->shape;
    const struct run_group *g = &q->group;
    const unsigned char *p = r->map + s->groups_at;
    unsigned home = (unsigned)(q->key >> s->rest_bits) & (RUN_HOMES - 1);
    unsigned bit = find_home(p, g, home, has_popcnt), i = bit - home;
    unsigned count = (unsigned)__builtin_ctzll(~run_bits(p, g->start + bit, 57));
    if (i + count > g->count || i > g->count) {
        run_set_damaged(r, run_first_block(s, g) * RUN_BLOCK);
        return WINNOW_OK;
    }
    /* Two of them, or what lies behind them: RUN_PAD has room for it. */
    uint64_t rest = q->key & run_mask(s->rest_bits), at = run_rests(g) + i * s->rest_bits;
    bool is_first = run_bits(p, at, s->rest_bits) == rest;
    bool is_second = run_bits(p, at + s->rest_bits, s->rest_bits) == rest;
    if (((count > 0) & is_first) | ((count > 1) & is_second) | (count > 2))
        return add_entries(r, q, i, bit, ret);
    return WINNOW_OK;
}

/* --- a batch ---------------------------------------------------------------------------------- */

INLINE int compare_all(struct run *r, const struct query *q, size_t count, bool has_popcnt,
                       struct store_hits *ret)
{
    int status = WINNOW_OK;
    for (size_t i = 0; i < count && !status; i++) {
        const struct run_group *g = &q[i].group;
        if (q[i].is_good ||
            run_are_good(r, run_first_block(&r->shape, g), run_last_block(&r->shape, g)))
            status = compare(r, &q[i], has_popcnt, ret);
    }
    return status;
}

static int compare_plain(struct run *r, const struct query *q, size_t count, struct store_hits *ret)
{
    return compare_all(r, q, count, false, ret);
}

#ifdef __x86_64__
__attribute__((target("popcnt,bmi,bmi2"))) static int compare_fast(struct run *r,
                                                                   const struct query *q,
                                                                   size_t count,
                                                                   struct store_hits *ret)
{
    return compare_all(r, q, count, true, ret);
}

static bool has_fast(void)
{
    return __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2");
}
#else
#define compare_fast compare_plain
static bool has_fast(void)
{
    return false;
}
#endif

/* Asks for the first line of the map, and for the one that the key's rest is most likely
 * in.  A page that was never read may be on the disk: it is asked for there. */
static inline void ask_for_group(struct run *r, struct query *q)
{
    const struct run_shape *s = &r->shape;
    const struct run_group *g = &q->group;
    uint64_t block = run_first_block(s, g), last = run_last_block(s, g);
    unsigned home = (unsigned)(q->key >> s->rest_bits) & (RUN_HOMES - 1);
    uint64_t guess = run_rests(g) + (home * g->count / RUN_HOMES) * s->rest_bits;
    q->is_good = last - block <= 1 && run_block_is_good(r, block) && run_block_is_good(r, last);
    if (!q->is_good) {
        size_t bytes = (size_t)(last - block + 1) * RUN_BLOCK;
        madvise(r->map + block * RUN_BLOCK, bytes, MADV_WILLNEED);
        return;
    }
    __builtin_prefetch(r->map + s->groups_at + g->start / 8);
    __builtin_prefetch(r->map + s->groups_at + guess / 8);
}

/* Returns how many queries there are left: those whose group has entries. */
static size_t find_groups(struct run *r, struct query *q, size_t count)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        struct query *to = &q[left];
        uint64_t key = q[i].key;
        to->print = q[i].print;
        to->key = key;
        if (!run_find_group(r, group_of(&r->shape, key), &to->group) || to->group.count == 0)
            continue;
        ask_for_group(r, to);
        left++;
    }
    return left;
}

static int look_up_batch(struct run *r, const uint64_t *hashes, size_t from, size_t count,
                         struct store_hits *ret)
{
    struct query queries[BATCH];
    for (size_t i = 0; i < count; i++) {
        queries[i].key = run_key(hashes[from + i]);
        queries[i].print = (uint32_t)(from + i);
        __builtin_prefetch(r->map + run_line_of(&r->shape, group_of(&r->shape, queries[i].key)));
    }
    count = find_groups(r, queries, count);
    return has_fast() ? compare_fast(r, queries, count, ret)
                      : compare_plain(r, queries, count, ret);
}

int run_lookup(struct run *r, const uint64_t *hashes, size_t count, struct store_hits *ret)
{
    int status = WINNOW_OK;
    for (size_t from = 0; from < count && !status; from += BATCH)
        status = look_up_batch(r, hashes, from, count - from < BATCH ? count - from : BATCH, ret);
    return status;
}
