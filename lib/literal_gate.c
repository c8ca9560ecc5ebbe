/* literal_gate.c - which of many strings a text holds, in one pass over it.
 *
 * Tables say for four bytes in a row which strings may have them, each at its rarest
 * place.  A string that was found is looked for no more, so a common one costs little. */
#include <stdlib.h>

#include "literal.h"

enum { WINDOW = 4 };

struct literal_gate {
    struct literal items[GATE_MOST];
    uint8_t offsets[GATE_MOST]; /* where the window begins in each */
    unsigned count;
    uint64_t tables[WINDOW][256]; /* bit i: string i may have the byte there */
};

struct literal_gate *literal_gate_new(void)
{
    return calloc(1, sizeof(struct literal_gate));
}

void literal_gate_free(struct literal_gate *g)
{
    free(g);
}

static void add_one(struct literal_gate *g, const struct literal *w)
{
    unsigned offset = literal_window(w, WINDOW);
    uint64_t bit = UINT64_C(1) << g->count;
    g->items[g->count] = *w;
    g->offsets[g->count++] = (uint8_t)offset;
    for (unsigned j = 0; j < WINDOW; j++) {
        uint8_t c = w->bytes[offset + j];
        g->tables[j][c] |= bit;
        if (w->folds >> (offset + j) & 1)
            g->tables[j][c & ~0x20] |= bit;
    }
}

uint64_t literal_gate_add(struct literal_gate *g, const struct literal_set *set)
{
    uint64_t ret = 0;
    if (set->count == 0 || set->count > GATE_MOST - g->count)
        return 0;
    for (unsigned i = 0; i < set->count; i++)
        if (set->items[i].len < WINDOW)
            return 0;
    for (unsigned i = 0; i < set->count; i++) {
        ret |= UINT64_C(1) << g->count;
        add_one(g, &set->items[i]);
    }
    return ret;
}

/* Those of `which` that stand in the text with their window at `at`. */
static uint64_t at_window(const struct literal_gate *g, const uint8_t *text, size_t len, size_t at,
                          uint64_t which)
{
    uint64_t ret = 0;
    for (unsigned i = 0; which != 0; i++, which >>= 1) {
        size_t offset = g->offsets[i];
        if ((which & 1) && at >= offset && len - (at - offset) >= g->items[i].len &&
            literal_is_at(&g->items[i], text + at - offset))
            ret |= UINT64_C(1) << i;
    }
    return ret;
}

uint64_t literal_gate_scan(const struct literal_gate *g, struct slice text)
{
    const uint8_t *bytes = (const uint8_t *)text.p;
    uint64_t seen = 0;
    for (size_t at = 0; at + WINDOW <= text.len; at++) {
        uint64_t which = g->tables[0][bytes[at]] & g->tables[1][bytes[at + 1]] &
                         g->tables[2][bytes[at + 2]] & g->tables[3][bytes[at + 3]] & ~seen;
        if (which)
            seen |= at_window(g, bytes, text.len, at, which);
    }
    return seen;
}
