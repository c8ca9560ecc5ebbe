/* run_sort.c - sorts fingerprints in place, and keeps the first documents of each.
 *
 * A radix sort from the top byte down: keys are uniform (run_key), so three bytes part
 * tens of millions of entries into piles of one or two, and no second array is needed.
 * The number is the low end of the sort's key: a hash that every document has, a pile of
 * millions, costs four passes and no more. */
#include "store/run_parts.h"

enum {
    PILES = 256,
    PILE_BITS = 8,
    SMALL = 24, /* entries that are sorted by insertion */
    NUMBER_BITS = 32,
    AHEAD = 8, /* entries of a pile that are asked for: no machine follows so many piles */
};

static inline bool is_before(const struct run_entry *a, const struct run_entry *b)
{
    return a->hash != b->hash ? a->hash < b->hash : a->number < b->number;
}

static void sort_small(struct run_entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct run_entry e = entries[i];
        size_t at = i;
        for (; at > 0 && is_before(&e, &entries[at - 1]); at--)
            entries[at] = entries[at - 1];
        entries[at] = e;
    }
}

/* The topmost byte of the last `bits` of hash and number, taken as one.  A hash whose bits
 * end within the byte lends it some from above, which are equal in all entries here. */
static inline unsigned pile_of(const struct run_entry *e, unsigned bits)
{
    if (bits <= NUMBER_BITS)
        return e->number >> (bits - PILE_BITS) & (PILES - 1);
    bits -= NUMBER_BITS;
    return (unsigned)(e->hash >> (bits > PILE_BITS ? bits - PILE_BITS : 0)) & (PILES - 1);
}

static unsigned bits_below(unsigned bits)
{
    if (bits > NUMBER_BITS && bits - NUMBER_BITS < PILE_BITS)
        return NUMBER_BITS;
    return bits - PILE_BITS;
}

/* Swaps every entry into its pile; next and ends are the piles' bounds. */
static void sort_into_piles(struct run_entry *entries, unsigned bits, size_t next[PILES],
                            const size_t ends[PILES])
{
    for (unsigned pile = 0; pile < PILES; pile++)
        while (next[pile] < ends[pile]) {
            struct run_entry e = entries[next[pile]];
            for (unsigned to; (to = pile_of(&e, bits)) != pile;) {
                struct run_entry *at = &entries[next[to]++], other = *at;
                __builtin_prefetch(at + AHEAD, 1);
                *at = e;
                e = other;
            }
            entries[next[pile]++] = e;
        }
}

/* Fills next and ends; true where all entries are of one pile. */
static bool count_piles(const struct run_entry *entries, size_t count, unsigned bits,
                        size_t next[PILES], size_t ends[PILES])
{
    memset(ends, 0, PILES * sizeof *ends);
    for (size_t i = 0; i < count; i++)
        ends[pile_of(&entries[i], bits)]++;
    bool is_one = ends[pile_of(entries, bits)] == count;
    size_t sum = 0;
    for (unsigned pile = 0; pile < PILES; pile++) {
        next[pile] = sum;
        sum += ends[pile];
        ends[pile] = sum;
    }
    return is_one;
}

/* As deep as bytes of hash and number. */
static void sort_bits(struct run_entry *entries, size_t count, unsigned bits)
{
    size_t next[PILES], ends[PILES];
    if (count <= SMALL) {
        sort_small(entries, count);
        return;
    }
    while (bits > 0 && count_piles(entries, count, bits, next, ends))
        bits = bits_below(bits);
    if (bits == 0)
        return;
    sort_into_piles(entries, bits, next, ends);
    bits = bits_below(bits);
    for (size_t pile = 0, start = 0; bits > 0 && pile < PILES; start = ends[pile++])
        if (ends[pile] - start > 1)
            sort_bits(entries + start, ends[pile] - start, bits);
}

/* What is nearly in order is put in order by few moves; false where it would take many. */
static bool sort_nearly(struct run_entry *entries, size_t count)
{
    size_t moves = 0;
    for (size_t i = 1; i < count; i++) {
        struct run_entry e = entries[i];
        size_t at = i;
        for (; at > 0 && is_before(&e, &entries[at - 1]); at--)
            entries[at] = entries[at - 1];
        entries[at] = e;
        moves += i - at;
        if (moves > 1000 + 4 * i)
            return false;
    }
    return true;
}

void run_sort(struct run_entry *entries, size_t count, unsigned bits)
{
    if (sort_nearly(entries, count))
        return;
    sort_bits(entries, count, bits + NUMBER_BITS);
}

size_t run_keep_first(struct run_entry *entries, size_t count)
{
    size_t kept = 0, same = 0; /* entries of this hash that were kept */
    for (size_t i = 0; i < count; i++) {
        bool is_same = kept > 0 && entries[i].hash == entries[kept - 1].hash;
        same = is_same ? same : 0;
        if (same == STORE_DOCS_MOST)
            continue;
        if (is_same && entries[i].number == entries[kept - 1].number)
            continue;
        entries[kept++] = entries[i];
        same++;
    }
    return kept;
}
