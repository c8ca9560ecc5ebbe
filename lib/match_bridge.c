/* match_bridge.c - align the words of two short ranges of a stream.
 *
 * The longest common subsequence of their words, long by its bytes: a table of what
 * two rests share, from the ends to the starts, and a walk through it.  Which words are
 * the same is found first, a word's row of the other side as the bits of a number: so
 * nothing in filling the table has to be guessed by the processor. */
#include "match.h"

#include <string.h>

struct token {
    uint64_t head; /* its first bytes, for a quick look */
    uint32_t start, len;
};

enum { HEAD = sizeof(uint64_t) };

_Static_assert(BRIDGE_MAX <= 64, "a row of words is the bits of a number");

struct table {
    unsigned nx, ny;
    uint64_t same[BRIDGE_MAX]; /* bit j of i: words x[i] and y[j] are the same */
    uint32_t best[BRIDGE_MAX + 1][BRIDGE_MAX + 1]; /* bytes that x[i..] and y[j..] share */
};

static struct token token_of(const struct norm *n, uint32_t start, uint32_t len)
{
    struct token t = {0, start, len};
    memcpy(&t.head, n->bytes + start, len < HEAD ? len : HEAD);
    return t;
}

/* The words of from..to; what stands before the first word start is one as well.
 * BRIDGE_MAX + 1 where there are more. */
static unsigned tokens_of(const struct norm *n, uint32_t from, uint32_t to,
                          struct token ret[BRIDGE_MAX])
{
    unsigned count = 0;
    struct norm_walk words = norm_walk(n, norm_word_at(n, from));
    while (from < to) {
        uint32_t end = from;
        while (end == from) /* at the first word start that is `from` itself */
            if (!norm_walk_next(&words, &end) || end > to)
                end = to;
        if (count == BRIDGE_MAX)
            return BRIDGE_MAX + 1;
        ret[count++] = token_of(n, from, end - from);
        from = end;
    }
    return count;
}

/* Which of y are the same word as x. */
static uint64_t same_tokens(const struct norm *n, const struct token *x, const struct token *y,
                            unsigned ny)
{
    uint64_t same = 0;
    for (unsigned j = 0; j < ny; j++)
        same |= (uint64_t)(x->head == y[j].head && x->len == y[j].len) << j;
    if (x->len <= HEAD)
        return same;
    for (uint64_t left = same; left != 0; left &= left - 1) {
        unsigned j = (unsigned)__builtin_ctzll(left);
        if (memcmp(n->bytes + x->start, n->bytes + y[j].start, x->len) != 0)
            same &= ~((uint64_t)1 << j);
    }
    return same;
}

static inline uint32_t larger(uint32_t x, uint32_t y)
{
    return x > y ? x : y;
}

static void fill_table(struct table *t, const struct token *x)
{
    memset(t->best[t->nx], 0, (t->ny + 1) * sizeof **t->best);
    for (unsigned i = t->nx; i-- > 0;) {
        const uint32_t *below = t->best[i + 1];
        uint32_t *row = t->best[i], last = row[t->ny] = 0;
        for (unsigned j = t->ny; j-- > 0;) {
            uint32_t with = t->same[i] >> j & 1 ? below[j + 1] + x[i].len : 0;
            row[j] = last = larger(last, larger(below[j], with));
        }
    }
}

static size_t walk_table(const struct table *t, const struct token *x, const struct token *y,
                         struct link *ret)
{
    size_t count = 0;
    for (unsigned i = 0, j = 0; i < t->nx && j < t->ny;) {
        if (t->same[i] >> j & 1 && t->best[i][j] == t->best[i + 1][j + 1] + x[i].len) {
            ret[count++] = (struct link){x[i].start, y[j].start, x[i].len};
            i++;
            j++;
        } else if (t->best[i][j] == t->best[i + 1][j]) {
            i++;
        } else {
            j++;
        }
    }
    return count;
}

size_t match_bridge(const struct norm *n, uint32_t a, uint32_t a_end, uint32_t b,
                    uint32_t b_end, struct link ret[BRIDGE_MAX])
{
    struct token x[BRIDGE_MAX], y[BRIDGE_MAX];
    struct table t; /* large, and filled as far as it is read */
    t.nx = tokens_of(n, a, a_end, x);
    if (t.nx == 0 || t.nx > BRIDGE_MAX)
        return 0;
    t.ny = tokens_of(n, b, b_end, y);
    if (t.ny == 0 || t.ny > BRIDGE_MAX)
        return 0;
    uint64_t any = 0;
    for (unsigned i = 0; i < t.nx; i++)
        any |= t.same[i] = same_tokens(n, &x[i], y, t.ny);
    if (any == 0)
        return 0;
    fill_table(&t, x);
    return walk_table(&t, x, y, ret);
}
