/* prints.c - fingerprint a text line by line: winnowed shingles, and those at which lines
 * start, so that a copy that is cut short after a few words still meets the whole. */
#include "prints.h"

#include <stdlib.h>

#include "arena.h"
#include "hash.h"
#include "text.h"

struct store_params prints_params(void)
{
    return (struct store_params){.k = PRINTS_K, .w = PRINTS_W, .least = PRINTS_LEAST,
                                 .normaliser = PRINTS_NORMALISER};
}

void prints_init(struct prints *p)
{
    *p = (struct prints){0};
    norm_init(&p->norm);
}

void prints_free(struct prints *p)
{
    norm_free(&p->norm);
    shingles_free(&p->all);
    shingles_free(&p->winnowed);
    shingles_free(&p->anchored);
    free(p->blocks);
    free(p->ask);
    free(p->keep);
    free(p->seen);
}

static int add_line(struct prints *p, struct slice text, struct slice line)
{
    uint32_t start = p->norm.len;
    int status = norm_add(&p->norm, line, (uint32_t)(line.p - text.p), false);
    if (status != WINNOW_OK || p->norm.len == start)
        return status;
    struct shingle_block *blocks =
        array_grow(p->blocks, &p->blocks_cap, p->nblocks + 1, sizeof *blocks);
    if (!blocks)
        return WINNOW_ENOMEM;
    p->blocks = blocks;
    p->blocks[p->nblocks++] = (struct shingle_block){start, p->norm.len};
    return WINNOW_OK;
}

static int normalise(struct prints *p, struct slice text)
{
    struct slice rest = text, line;
    norm_clear(&p->norm);
    p->nblocks = 0;
    int status = norm_reserve(&p->norm, text.len);
    while (status == WINNOW_OK && text_next_line(&rest, &line))
        if ((line = text_trim_line(line)).len > 0)
            status = add_line(p, text, line);
    return status;
}

/* An empty table of places for so many hashes: its size is a power of two, and twice that. */
static int clear_seen(struct prints *p, size_t count)
{
    size_t need = 16;
    while (need < 2 * count)
        need *= 2;
    uint64_t *seen = array_grow(p->seen, &p->seen_cap, need, sizeof *seen);
    if (!seen)
        return WINNOW_ENOMEM;
    p->seen = seen;
    p->seen_mask = need - 1;
    memset(seen, 0, need * sizeof *seen);
    return WINNOW_OK;
}

/* Was the hash seen before?  0 marks a free place: such a hash counts as new each time. */
static bool see(struct prints *p, uint64_t hash)
{
    size_t i = (hash * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & p->seen_mask;
    while (p->seen[i] != 0 && p->seen[i] != hash)
        i = (i + 1) & p->seen_mask;
    bool ret = p->seen[i] == hash && hash != 0;
    p->seen[i] = hash;
    return ret;
}

/* Each once: half a million equal rows have few that differ. */
static int take_hashes(struct prints *p, uint64_t **hashes, size_t *cap, size_t *count)
{
    uint64_t *grown = array_grow(*hashes, cap, p->anchored.count + 1, sizeof *grown);
    if (!grown || clear_seen(p, p->anchored.count) != WINNOW_OK) {
        *hashes = grown ? grown : *hashes;
        return WINNOW_ENOMEM;
    }
    *hashes = grown;
    *count = 0;
    for (size_t i = 0; i < p->anchored.count; i++)
        if (!see(p, p->anchored.items[i].hash))
            grown[(*count)++] = p->anchored.items[i].hash;
    return WINNOW_OK;
}

static int anchor(struct prints *p, const struct store_params *params, uint32_t least)
{
    return shingle_anchor(&p->norm, &p->all, &p->winnowed, params->k, p->blocks, p->nblocks, least,
                          &p->anchored);
}

static int fill(struct prints *p, const struct store_params *params, struct slice text)
{
    struct shingle_key key = shingle_key_of(params->key);
    int status = normalise(p, text);
    if (status == WINNOW_OK)
        status = shingle_all(&p->norm, 0, p->norm.nwords, params->k, &key, &p->all);
    if (status == WINNOW_OK)
        status = shingle_winnow(&p->all, params->w, &p->winnowed);
    if (status == WINNOW_OK)
        status = anchor(p, params, 0);
    if (status == WINNOW_OK)
        status = take_hashes(p, &p->ask, &p->ask_cap, &p->nask);
    if (status == WINNOW_OK)
        status = anchor(p, params, params->least);
    return status == WINNOW_OK ? take_hashes(p, &p->keep, &p->keep_cap, &p->nkeep) : status;
}

int prints_make(struct prints *p, const struct store_params *params, struct slice text)
{
    uint64_t of = hash_bytes(text);
    if (p->of == of)
        return WINNOW_OK;
    p->of = 0;
    p->nask = p->nkeep = 0;
    int status = fill(p, params, text);
    if (status == WINNOW_OK)
        p->of = of;
    return status;
}
