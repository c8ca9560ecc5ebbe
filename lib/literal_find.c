/* literal_find.c - finds the first of a few strings in a text.
 *
 * One string is known by two of its bytes, the rarest: a block of text is compared
 * with both at once in a loop that compilers turn into vectors, and only a block with
 * a hit is looked at again.  Several are known by a window of two to four of their
 * bytes, where a table for each of its bytes says which of them have it there. */
#include "literal.h"

#include <limits.h>
#include <stdlib.h>

enum {
    WINDOW_MOST = 4,
    BLOCK = 256, /* bytes */
};

/* A byte of a string, and how far from its begin. */
struct probe {
    uint8_t offset, byte, fold; /* text | fold is byte */
};

struct literal_finder {
    struct literal_set set;
    struct probe rare, other;           /* of the only string */
    unsigned window;                    /* of several: its bytes */
    uint8_t offsets[LITERALS_MOST];     /* where it begins in each */
    uint32_t tables[WINDOW_MOST][256]; /* bit i: string i may have the byte there */
};

bool literal_is_at(const struct literal *w, const uint8_t *text)
{
    for (unsigned i = 0; i < w->len; i++)
        if ((uint8_t)(text[i] | (w->folds >> i & 1 ? 0x20 : 0)) != w->bytes[i])
            return false;
    return true;
}

/* --- one string ------------------------------------------------------------------------ */

static struct probe probe_of(const struct literal *w, unsigned skipped)
{
    unsigned best = skipped == 0; /* not the one that is taken */
    for (unsigned i = 0; i < w->len; i++)
        if (i != skipped && literal_rarity(w->bytes[i]) >= literal_rarity(w->bytes[best]))
            best = i;
    return (struct probe){(uint8_t)best, w->bytes[best], w->folds >> best & 1 ? 0x20 : 0};
}

static bool block_has(const uint8_t *text, struct probe a, struct probe b)
{
    uint8_t found = 0;
    const uint8_t *at_a = text + a.offset, *at_b = text + b.offset;
    for (unsigned i = 0; i < BLOCK; i++)
        found |= (uint8_t)(((at_a[i] | a.fold) == a.byte) & ((at_b[i] | b.fold) == b.byte));
    return found;
}

static size_t find_one(const struct literal_finder *f, const uint8_t *text, size_t starts,
                       size_t from)
{
    while (from < starts) {
        size_t rest = starts - from, stop = from + (rest < BLOCK ? rest : BLOCK);
        if (rest < BLOCK || block_has(text + from, f->rare, f->other))
            for (; from < stop; from++)
                if (literal_is_at(&f->set.items[0], text + from))
                    return from;
        from = stop;
    }
    return SIZE_MAX;
}

/* --- several --------------------------------------------------------------------------- */

unsigned literal_window(const struct literal *w, unsigned window)
{
    unsigned best = 0, most = 0;
    for (unsigned i = 0; i + window <= w->len; i++) {
        unsigned sum = 0;
        for (unsigned j = 0; j < window; j++)
            sum += literal_rarity(w->bytes[i + j]);
        if (sum > most) {
            most = sum;
            best = i;
        }
    }
    return best;
}

static void add_window(struct literal_finder *f, unsigned item)
{
    const struct literal *w = &f->set.items[item];
    unsigned offset = literal_window(w, f->window);
    f->offsets[item] = (uint8_t)offset;
    for (unsigned j = 0; j < f->window; j++) {
        uint8_t c = w->bytes[offset + j];
        f->tables[j][c] |= (uint32_t)1 << item;
        if (w->folds >> (offset + j) & 1)
            f->tables[j][c & ~0x20] |= (uint32_t)1 << item;
    }
    for (unsigned j = f->window; j < WINDOW_MOST; j++)
        for (unsigned c = 0; c < 256; c++)
            f->tables[j][c] |= (uint32_t)1 << item;
}

/* Where the first of the strings in which's bits begins whose window is at `at`. */
static size_t first_of(const struct literal_finder *f, const uint8_t *text, size_t len,
                       size_t from, size_t at, uint32_t which)
{
    size_t first = SIZE_MAX;
    for (unsigned i = 0; which != 0; i++, which >>= 1) {
        size_t offset = f->offsets[i];
        if (!(which & 1) || at - from < offset || len - (at - offset) < f->set.items[i].len)
            continue;
        if (at - offset < first && literal_is_at(&f->set.items[i], text + at - offset))
            first = at - offset;
    }
    return first;
}

/* Which strings may have their window at `at`, which is close to the text's end? */
static uint32_t windows_near_end(const struct literal_finder *f, const uint8_t *text, size_t len,
                                 size_t at)
{
    uint32_t which = len - at >= f->window ? UINT32_MAX : 0;
    for (size_t j = 0; which != 0 && j < f->window; j++)
        which &= f->tables[j][text[at + j]];
    return which;
}

static size_t find_several(const struct literal_finder *f, const uint8_t *text, size_t len,
                           size_t from)
{
    for (size_t at = from; at < len; at++) {
        uint32_t which = len - at < WINDOW_MOST
                             ? windows_near_end(f, text, len, at)
                             : f->tables[0][text[at]] & f->tables[1][text[at + 1]] &
                                   f->tables[2][text[at + 2]] & f->tables[3][text[at + 3]];
        size_t found = which ? first_of(f, text, len, from, at, which) : SIZE_MAX;
        if (found != SIZE_MAX)
            return found;
    }
    return SIZE_MAX;
}

/* --- the finder --------------------------------------------------------------------------- */

static void choose_probes(struct literal_finder *f)
{
    const struct literal *w = &f->set.items[0];
    f->rare = probe_of(w, UINT_MAX);
    f->other = w->len > 1 ? probe_of(w, f->rare.offset) : f->rare;
}

static void choose_windows(struct literal_finder *f)
{
    f->window = WINDOW_MOST;
    for (unsigned i = 0; i < f->set.count; i++)
        f->window = f->set.items[i].len < f->window ? f->set.items[i].len : f->window;
    for (unsigned i = 0; i < f->set.count; i++)
        add_window(f, i);
}

struct literal_finder *literal_finder_new(const struct literal_set *set)
{
    struct literal_finder *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->set = *set;
    if (set->count == 1)
        choose_probes(f);
    else
        choose_windows(f);
    return f;
}

const struct literal_set *literal_finder_set(const struct literal_finder *f)
{
    return &f->set;
}

void literal_finder_free(struct literal_finder *f)
{
    free(f);
}

size_t literal_find(const struct literal_finder *f, struct slice text, size_t from)
{
    const uint8_t *bytes = (const uint8_t *)text.p;
    if (f->set.count > 1)
        return find_several(f, bytes, text.len, from);
    size_t len = f->set.items[0].len;
    return find_one(f, bytes, text.len < len ? 0 : text.len - len + 1, from);
}
