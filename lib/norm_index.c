/* norm_index.c - the room of a normalised stream, where its words start, and the places
 * of the text that it remembers.
 *
 * 1. A block of 64 bytes has a bit for each that starts a word, and the number of words
 *    before it: the word at a place is found at once, and the place of a word by a hint
 *    for every 64th and a search among the blocks between two hints.  A list of places
 *    would take four bytes for a letter that stands alone.
 * 2. Anchors rise in pos.  Of those with the same pos only the last is kept: what lies
 *    between was dropped.
 * 3. Where a text was announced, bytes and blocks never take more than it can need. */
#include "norm_parts.h"

#include <stdlib.h>

enum { WORDS_A_HINT = 64 };

/* A quarter more than it has, so that appending is linear; not double, because these
 * arrays are most of what a page costs; and no more than `most`, unless it is needed.
 * NULL: no memory, and items as it was. */
static void *grow(void *items, size_t *cap, size_t need, uint64_t most, size_t size)
{
    size_t more = *cap + *cap / 4;
    if (more > most)
        more = (size_t)most;
    if (more < need)
        more = need;
    if (more > SIZE_MAX / size)
        return NULL;
    void *grown = realloc(items, more * size);
    if (grown)
        *cap = more;
    return grown;
}

/* --- room ------------------------------------------------------------------------------- */

static uint64_t bytes_most(const struct norm *n)
{
    return n->most > 0 ? n->most : UINT32_MAX;
}

static int reserve_bytes(struct norm *n, size_t need)
{
    size_t cap = n->cap;
    if (cap >= need)
        return WINNOW_OK;
    unsigned char *bytes = grow(n->bytes, &cap, need, bytes_most(n), 1);
    if (!bytes)
        return WINNOW_ENOMEM;
    n->bytes = bytes;
    n->cap = cap < UINT32_MAX ? (uint32_t)cap : UINT32_MAX;
    return WINNOW_OK;
}

/* Blocks for so many bytes, and the one behind them. */
static size_t blocks_for(uint64_t bytes)
{
    return (size_t)(bytes / 64 + 2);
}

static int reserve_blocks(struct norm *n, size_t need)
{
    if (n->blocks_cap >= need)
        return WINNOW_OK;
    struct norm_block *blocks =
        grow(n->blocks, &n->blocks_cap, need, blocks_for(bytes_most(n)), sizeof *blocks);
    if (!blocks)
        return WINNOW_ENOMEM;
    n->blocks = blocks;
    return WINNOW_OK;
}

int norm_reserve(struct norm *n, size_t text_len)
{
    if (text_len > UINT32_MAX - ROOM - n->len)
        return WINNOW_OK; /* it may yet be mostly spaces */
    size_t need = n->len + text_len + ROOM;
    n->most = n->len + (uint64_t)GROWTH_MAX * text_len + ROOM;
    int status = reserve_bytes(n, need);
    return status == WINNOW_OK ? reserve_blocks(n, blocks_for(need)) : status;
}

int norm_make_room(struct norm *n)
{
    if (UINT32_MAX - n->len < ROOM)
        return WINNOW_ELIMIT;
    size_t need = (size_t)n->len + ROOM, nblocks = blocks_for(need);
    int status = reserve_bytes(n, need);
    if (status == WINNOW_OK)
        status = reserve_blocks(n, nblocks);
    if (status == WINNOW_OK && n->nblocks < nblocks) {
        memset(n->blocks + n->nblocks, 0, (nblocks - n->nblocks) * sizeof *n->blocks);
        n->nblocks = nblocks;
    }
    return status;
}

/* --- anchors ---------------------------------------------------------------------------- */

int norm_push_anchor(struct norm *n, uint32_t at, uint32_t part)
{
    if (n->nanchors > 0 && n->anchors[n->nanchors - 1].pos == n->len)
        n->nanchors--;
    if (n->nanchors == n->anchors_cap) {
        struct norm_anchor *anchors =
            grow(n->anchors, &n->anchors_cap, n->nanchors + 32, SIZE_MAX, sizeof *anchors);
        if (!anchors)
            return WINNOW_ENOMEM;
        n->anchors = anchors;
    }
    n->anchors[n->nanchors++] = (struct norm_anchor){n->len, at, part};
    return WINNOW_OK;
}

const struct norm_anchor *norm_anchor_of(const struct norm *n, uint32_t pos)
{
    size_t i = n->blocks[pos / 64].anchor;
    while (i + 1 < n->nanchors && n->anchors[i + 1].pos <= pos)
        i++; /* at most as often as the block has bytes */
    return &n->anchors[i];
}

/* --- words ------------------------------------------------------------------------------ */

static const uint64_t ones = 0x0101010101010101u;

/* In each byte, how many bits are set in it and those below. */
static uint64_t bits_up_to(uint64_t bits)
{
    bits -= bits >> 1 & 0x5555555555555555u;
    bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
    return ((bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0Fu) * ones;
}

static uint32_t count_bits(uint64_t bits)
{
    return (uint32_t)(bits_up_to(bits) >> 56);
}

/* bits without the lowest i that are set; i is less than are. */
static uint64_t drop_bits(uint64_t bits, uint32_t i)
{
    uint64_t sums = bits_up_to(bits);
    /* The bytes whose sum is not more than i are passed over. */
    uint64_t passed = (((i * ones | 0x80 * ones) - sums) & 0x80 * ones) >> 7;
    unsigned shift = (unsigned)(passed * ones >> 56) * 8;
    i -= (uint32_t)(sums << 8 >> shift & 0xFF);
    bits = bits >> shift << shift;
    while (i-- > 0)
        bits &= bits - 1;
    return bits;
}

static int push_hint(struct norm *n, uint32_t block)
{
    if (n->nhints == n->hints_cap) {
        uint32_t *hints = grow(n->hints, &n->hints_cap, n->nhints + 16, SIZE_MAX, sizeof *hints);
        if (!hints)
            return WINNOW_ENOMEM;
        n->hints = hints;
    }
    n->hints[n->nhints++] = block;
    return WINNOW_OK;
}

/* The block that was last is looked at again: it may have been filled. */
int norm_seal(struct norm *n, uint32_t from)
{
    uint32_t words = n->blocks[from / 64].before, anchor = n->blocks[from / 64].anchor;
    int status = WINNOW_OK;
    for (uint32_t i = from / 64; i <= n->len / 64 && status == WINNOW_OK; i++) {
        while (anchor + 1 < n->nanchors && n->anchors[anchor + 1].pos <= i * 64)
            anchor++;
        n->blocks[i].before = words;
        n->blocks[i].anchor = anchor;
        words += count_bits(n->blocks[i].starts);
        if (words > n->nhints * WORDS_A_HINT)
            status = push_hint(n, i);
    }
    n->nwords = words;
    return status;
}

uint32_t norm_word_at(const struct norm *n, uint32_t pos)
{
    if (pos >= n->len)
        return n->nwords;
    const struct norm_block *block = &n->blocks[pos / 64];
    return block->before + count_bits(block->starts & (((uint64_t)1 << pos % 64) - 1));
}

/* The block in which word i starts.  Two hints lie far apart only where words
 * are very long. */
static uint32_t block_of(const struct norm *n, uint32_t i)
{
    size_t hint = i / WORDS_A_HINT;
    uint32_t low = n->hints[hint];
    uint32_t high = hint + 1 < n->nhints ? n->hints[hint + 1] : n->len / 64;
    while (low < high) {
        uint32_t mid = high - (high - low) / 2;
        if (n->blocks[mid].before <= i)
            low = mid;
        else
            high = mid - 1;
    }
    return low;
}

struct norm_walk norm_walk(const struct norm *n, uint32_t i)
{
    if (i >= n->nwords)
        return (struct norm_walk){0};
    uint32_t block = block_of(n, i);
    return (struct norm_walk){
        .blocks = n->blocks,
        .left = drop_bits(n->blocks[block].starts, i - n->blocks[block].before),
        .block = block,
        .nblocks = n->len / 64 + 1,
    };
}

uint32_t norm_word(const struct norm *n, uint32_t i)
{
    const struct norm_block *block = &n->blocks[block_of(n, i)];
    uint64_t left = drop_bits(block->starts, i - block->before);
    return (uint32_t)(block - n->blocks) * 64 + (uint32_t)__builtin_ctzll(left);
}
