/* run_parts.h - what the files of a run share: its shape, its bits, a mapped run, and how
 * groups are read in their order.  The layout is drawn in run.c.
 *
 * Only run*.c include it. */
#ifndef WINNOW_RUN_PARTS_H
#define WINNOW_RUN_PARTS_H

#include <endian.h>
#include <string.h>

#include "store/run.h"

enum {
    RUN_VERSION = 1,
    RUN_ORDER = 0x01020304, /* as the writing machine stores it */
    RUN_KEY_BITS = 44,      /* of the mixed hash that are kept; run.c says why so many */
    RUN_HOMES = 64,         /* of a group */
    RUN_HOMES_LOG = 6,
    RUN_GROUP_MOST = 1023,  /* entries of a group; what is beyond is left out */
    RUN_LINE = 64,          /* bytes of a line of the directory */
    RUN_LINE_GROUPS = 28,   /* groups that a line tells of */
    RUN_BLOCK = 4096,       /* bytes under one checksum */
    RUN_BLOCK_SUMS = RUN_BLOCK / 8, /* checksums in a block of the table */
    RUN_PAD = 32,           /* bytes after the last group: wide reads stay in the file */
};

static const uint64_t run_entries_most = UINT64_C(1) << 36;

/* The first bytes of a file; the checksums of the table's blocks follow. */
struct run_header {
    char magic[8];
    uint64_t checksum; /* of what follows it in the header's blocks */
    uint32_t order, version;
    uint32_t block, key_bits; /* RUN_BLOCK, RUN_KEY_BITS */
    uint32_t home_bits;       /* log2 of the number of homes */
    uint32_t homes;           /* RUN_HOMES */
    uint32_t first_number, last_number;
    uint64_t entries, table_blocks, bytes;
};

static const char run_magic[8] = {'w', 'i', 'n', 'n', 'o', 'w', 'r', '\n'};

/* Where everything is.  The first line is given, the others follow from it. */
struct run_shape {
    uint64_t entries, table_blocks;
    uint32_t first_number, last_number;
    unsigned home_bits;

    unsigned rest_bits, number_bits; /* of an entry */
    unsigned entry_bits;             /* these and its one in the map of homes */
    uint64_t groups;
    uint64_t head_blocks, line_blocks, group_blocks;
    uint64_t table_at, lines_at, groups_at, bytes; /* bytes of the file */
};

/* home_bits within RUN_HOMES_LOG..RUN_KEY_BITS - 6, entries within run_entries_most,
 * table_blocks below 2^32: then no sum in it overflows. */
void run_shape_lay(struct run_shape *s);

/* log2 of the number of homes that makes a run of so many entries smallest. */
unsigned run_home_bits(uint64_t entries);

/* The kept bits of a hash, mixed.  Hashes come from winnowing, which takes minima: they
 * crowd at the low end, and only after a bijective mix are groups equally full. */
static inline uint64_t run_key(uint64_t hash)
{
    hash ^= hash >> 32;
    hash *= UINT64_C(0x9E3779B97F4A7C15);
    hash ^= hash >> 29;
    hash *= UINT64_C(0xD1342543DE82EF95);
    hash ^= hash >> 32;
    return hash >> (64 - RUN_KEY_BITS);
}

/* --- bits, the lowest of a byte first ------------------------------------------------------ */

static inline uint64_t run_load64(const unsigned char *p)
{
    uint64_t ret;
    memcpy(&ret, p, sizeof ret);
    return le64toh(ret);
}

static inline uint32_t run_load32(const unsigned char *p)
{
    uint32_t ret;
    memcpy(&ret, p, sizeof ret);
    return le32toh(ret);
}

static inline uint64_t run_mask(unsigned width /* below 64 */)
{
    return (UINT64_C(1) << width) - 1;
}

/* width: at most 57.  Reads up to 7 bytes behind them. */
static inline uint64_t run_bits(const unsigned char *p, uint64_t bit, unsigned width)
{
    return run_load64(p + (bit >> 3)) >> (bit & 7) & run_mask(width);
}

/* 64 bits.  Reads 9 bytes. */
static inline uint64_t run_word(const unsigned char *p, uint64_t bit)
{
    p += bit >> 3;
    unsigned shift = bit & 7;
    return run_load64(p) >> shift | (uint64_t)p[8] << 1 << (63 - shift);
}

/* --- a mapped run -------------------------------------------------------------------------- */

struct run {
    char *path;
    unsigned char *map;
    struct run_shape shape;
    struct run_info info;
    uint64_t *good; /* a bit for each block: it was read, and its checksum fits */
    bool damaged;
    uint64_t damage_at; /* byte of the file */
};

/* Where a group is. */
struct run_group {
    uint64_t before; /* entries of earlier groups */
    uint64_t start;  /* bit of the groups' bytes at which its map of homes starts */
    unsigned count;  /* of its entries */
};

static inline uint64_t run_rests(const struct run_group *g)
{
    return g->start + RUN_HOMES + g->count;
}

static inline uint64_t run_numbers(const struct run_shape *s, const struct run_group *g)
{
    return run_rests(g) + (uint64_t)g->count * s->rest_bits;
}

static inline uint64_t run_end(const struct run_shape *s, const struct run_group *g)
{
    return g->start + RUN_HOMES + (uint64_t)g->count * s->entry_bits;
}

void run_set_damaged(struct run *r, uint64_t at);
bool run_check_block(struct run *r, uint64_t block);

static inline bool run_block_is_good(const struct run *r, uint64_t block)
{
    return r->good[block >> 6] >> (block & 63) & 1;
}

/* Are these blocks undamaged?  Those that were not read yet are read and checked. */
static inline bool run_are_good(struct run *r, uint64_t block, uint64_t last)
{
    for (; block <= last; block++)
        if (!run_block_is_good(r, block) && !run_check_block(r, block))
            return false;
    return true;
}

static inline uint64_t run_first_block(const struct run_shape *s, const struct run_group *g)
{
    return s->groups_at / RUN_BLOCK + g->start / (8 * RUN_BLOCK);
}

static inline uint64_t run_last_block(const struct run_shape *s, const struct run_group *g)
{
    return s->groups_at / RUN_BLOCK + (run_end(s, g) - 1) / (8 * RUN_BLOCK);
}

static inline uint64_t run_line_of(const struct run_shape *s, uint64_t group)
{
    return s->lines_at + group / RUN_LINE_GROUPS * RUN_LINE;
}

/* Looks a group up in the directory: false where that is damaged.  The group's own bytes
 * are still to be checked.  Inline, as it is half of a look-up. */
static inline bool run_find_group(struct run *r, uint64_t number, struct run_group *ret)
{
    const struct run_shape *s = &r->shape;
    uint64_t at = run_line_of(s, number);
    if (!run_are_good(r, at / RUN_BLOCK, at / RUN_BLOCK))
        return false;
    const unsigned char *line = r->map + at;
    unsigned ends = run_load32(line + number % RUN_LINE_GROUPS * 2);
    unsigned start = ends & 0xFFFF, count = (ends >> 16) - start;
    uint64_t before = (run_load64(line + RUN_LINE - 8) >> 16) + start;
    if (count > RUN_GROUP_MOST || before + count > s->entries) {
        run_set_damaged(r, at);
        return false;
    }
    ret->before = before;
    ret->start = number * RUN_HOMES + before * s->entry_bits;
    ret->count = count;
    return true;
}

/* Reads groups one after the other. */
struct run_cursor {
    struct run *run;
    uint64_t group;  /* the next one */
    uint64_t before; /* entries read so far */
    uint64_t cooled; /* bytes of the file that were given back */
    unsigned count, at;
    struct run_entry items[RUN_GROUP_MOST]; /* of one group; hash is the key */
};

void run_cursor_init(struct run_cursor *c, struct run *r);

/* Fills items (none are left: count 0) from the next group that has some.  False where the
 * run is damaged. */
bool run_cursor_fill(struct run_cursor *c);

/* --- writing ------------------------------------------------------------------------------- */

/* Sorts by hash, then number.  Hashes differ in their lowest bits only. */
void run_sort(struct run_entry *entries, size_t count, unsigned bits);

/* Of sorted entries keeps, for each hash, the first STORE_DOCS_MOST documents, each once;
 * returns how many. */
size_t run_keep_first(struct run_entry *entries, size_t count);

struct run_writer;

/* Starts a file: shape's entries are a bound, from which its table is made; numbers
 * lie in first..last; home_bits is the caller's choice. */
int run_writer_new(const char *path, const struct run_shape *shape, struct run_writer **ret,
                   struct winnow_error *err);
void run_writer_free(struct run_writer *w); /* takes away what was not published */

/* Entries by key (in hash), then number. */
int run_writer_add(struct run_writer *w, const struct run_entry *entries, size_t count,
                   struct winnow_error *err);
int run_writer_publish(struct run_writer *w, struct run_info *ret, struct winnow_error *err);

#endif
