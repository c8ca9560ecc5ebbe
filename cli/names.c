/* names.c - strings numbered in the order of their coming, and marks on pairs of numbers.
 *
 * Hash tables with open slots, at most half full.  A list comes from anywhere, so the
 * hash has a seed: nobody can choose strings that all meet in one slot. */
#include "names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SLOTS_LEAST = 1024 };

/* The finishing step of splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
    return h ^ h >> 31;
}

static uint64_t hash_bytes(uint64_t seed, const char *p, size_t len)
{
    uint64_t h = seed ^ len;
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        h = mix(h ^ word) + seed;
    }
    uint64_t rest = 0;
    if (len > 0)
        memcpy(&rest, p, len);
    return mix(h ^ rest);
}

static uint64_t make_seed(void)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = (uint64_t)(uintptr_t)&make_seed;
    return seed | 1;
}

/* --- names -------------------------------------------------------------------------------- */

/* The slot of a string, or the free one where it belongs. */
static size_t slot_of(const struct names *n, const char *p, size_t len)
{
    size_t at = hash_bytes(n->seed, p, len) & (n->nslots - 1);
    while (n->slots[at]) {
        const char *item = n->items[n->slots[at] - 1];
        if (strncmp(item, p, len) == 0 && item[len] == '\0')
            break;
        at = (at + 1) & (n->nslots - 1);
    }
    return at;
}

static bool grow_slots(struct names *n)
{
    size_t slots = n->nslots ? 2 * n->nslots : SLOTS_LEAST;
    uint32_t *fresh = calloc(slots, sizeof *fresh);
    if (!fresh)
        return false;
    free(n->slots);
    n->slots = fresh;
    n->nslots = slots;
    n->seed = n->seed ? n->seed : make_seed();
    for (size_t i = 0; i < n->count; i++)
        fresh[slot_of(n, n->items[i], strlen(n->items[i]))] = (uint32_t)i + 1;
    return true;
}

static bool grow_items(struct names *n)
{
    size_t cap = n->cap ? 2 * n->cap : SLOTS_LEAST;
    char **items = realloc(n->items, cap * sizeof *items);
    if (!items)
        return false;
    n->items = items;
    n->cap = cap;
    return true;
}

uint32_t names_add(struct names *n, const char *p, size_t len)
{
    if (n->count >= n->nslots / 2 && !grow_slots(n))
        return NAME_NONE;
    size_t at = slot_of(n, p, len);
    if (n->slots[at])
        return n->slots[at] - 1;
    if (n->count == NAME_NONE - 1 || (n->count == n->cap && !grow_items(n)))
        return NAME_NONE;
    char *copy = strndup(p, len);
    if (!copy)
        return NAME_NONE;
    n->items[n->count++] = copy;
    n->bytes += len;
    n->slots[at] = (uint32_t)n->count;
    return n->slots[at] - 1;
}

uint32_t names_find(const struct names *n, const char *p, size_t len)
{
    if (n->nslots == 0)
        return NAME_NONE;
    uint32_t found = n->slots[slot_of(n, p, len)];
    return found ? found - 1 : NAME_NONE;
}

void names_free(struct names *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->items[i]);
    free(n->items);
    free(n->slots);
    *n = (struct names){0};
}

/* --- pairs -------------------------------------------------------------------------------- */

static size_t pair_slot(const struct pair_marks *m, uint64_t key)
{
    size_t at = mix(key ^ m->seed) & (m->nslots - 1);
    while (m->marks[at] && m->keys[at] != key)
        at = (at + 1) & (m->nslots - 1);
    return at;
}

static bool grow_pairs(struct pair_marks *m)
{
    struct pair_marks next = {.nslots = m->nslots ? 2 * m->nslots : SLOTS_LEAST,
                              .count = m->count,
                              .seed = m->seed ? m->seed : make_seed()};
    next.keys = calloc(next.nslots, sizeof *next.keys);
    next.marks = calloc(next.nslots, 1);
    if (!next.keys || !next.marks) {
        pair_marks_free(&next);
        return false;
    }
    for (size_t i = 0; i < m->nslots; i++) {
        if (!m->marks[i])
            continue;
        size_t at = pair_slot(&next, m->keys[i]);
        next.keys[at] = m->keys[i];
        next.marks[at] = m->marks[i];
    }
    pair_marks_free(m);
    *m = next;
    return true;
}

bool pair_marks_add(struct pair_marks *m, uint32_t a, uint32_t b, unsigned bits)
{
    uint64_t key = (uint64_t)a << 32 | b;
    if (m->count >= m->nslots / 2 && !grow_pairs(m))
        return false;
    size_t at = pair_slot(m, key);
    m->count += m->marks[at] == 0;
    m->keys[at] = key;
    m->marks[at] |= (unsigned char)bits;
    return true;
}

unsigned pair_marks_of(const struct pair_marks *m, uint32_t a, uint32_t b)
{
    return m->nslots ? m->marks[pair_slot(m, (uint64_t)a << 32 | b)] : 0;
}

void pair_marks_free(struct pair_marks *m)
{
    free(m->keys);
    free(m->marks);
    *m = (struct pair_marks){0};
}
