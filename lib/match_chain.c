/* match_chain.c - chain the pieces that follow one another over small gaps.
 *
 * 1. Time is linear: a piece looks at a bounded number of chains to go on from, and the
 *    alignments of gaps have a budget that grows with the text.
 * 2. Pieces are taken in the order of their places, ties by the earlier place: one text,
 *    one result.
 *
 * Pieces go in the order of their later places; the last piece of each chain that may
 * still go on is a tail.  A piece joins the tail it is nearest to, or starts a chain. */
#include "match_parts.h"

#include <stdlib.h>

#include "arena.h"

enum {
    GAP_MAX = 60, /* normalised characters between two links of a chain */
    GAP_BYTES = 4 * GAP_MAX,
    LINK_MIN = 8,         /* bytes that a link keeps when it overlaps the one before */
    TAILS_MAX = 32,       /* chains that a piece may go on from */
    CELLS_FREE = 1 << 18, /* of the tables by which gaps are aligned */
    CELLS_PER_BYTE = 1,   /* and so many more a byte of the stream */
};

struct chainer {
    const struct norm *n;
    struct piece *pieces;
    size_t npieces;
    uint64_t cells; /* of alignments */
};

/* --- chains ------------------------------------------------------------------------ */

static int by_later_place(const void *x, const void *y)
{
    const struct link *p = &((const struct piece *)x)->link, *q = &((const struct piece *)y)->link;
    if (p->b != q->b)
        return p->b < q->b ? -1 : 1;
    return (p->a > q->a) - (p->a < q->a);
}

struct tail {
    uint32_t piece; /* the chain's last */
    uint32_t a_end, b_end;
};

struct tails {
    struct tail items[TAILS_MAX];
    unsigned count;
};

/* What of `link` lies behind the tail: a repeated word beside an edit makes two
 * pieces overlap. */
static bool trim_to_tail(const struct norm *n, const struct tail *t, struct link *link)
{
    uint32_t over = 0;
    if (t->a_end > link->a)
        over = t->a_end - link->a;
    if (t->b_end > link->b && t->b_end - link->b > over)
        over = t->b_end - link->b;
    while (over < link->len && !match_starts_char(n, link->a + over))
        over++;
    if (over >= link->len || (over > 0 && link->len - over < LINK_MIN))
        return false;
    *link = (struct link){link->a + over, link->b + over, link->len - over};
    return true;
}

/* How far apart, weighing a shift of the diagonal double. */
static uint32_t gap_cost(const struct tail *t, const struct link *link)
{
    uint32_t gap_a = link->a - t->a_end, gap_b = link->b - t->b_end;
    uint32_t shift = gap_a > gap_b ? gap_a - gap_b : gap_b - gap_a;
    return gap_a > GAP_BYTES || gap_b > GAP_BYTES ? none : gap_a + gap_b + shift;
}

/* A character weighs no more than its bytes: most gaps need no weighing. */
static bool is_near(const struct norm *n, uint32_t from, uint32_t to)
{
    return to - from <= GAP_MAX || norm_weight(n, from, to) <= GAP_MAX;
}

/* Could the link go on from the tail?  Most could not. */
static bool goes_on(const struct tail *t, const struct link *link)
{
    return link->a + link->len > t->a_end && link->a <= (uint64_t)t->a_end + GAP_BYTES &&
           link->b <= (uint64_t)t->b_end + GAP_BYTES;
}

/* The tail from which the piece goes on best, the piece being trimmed to it; else NULL. */
static struct tail *find_tail(const struct norm *n, struct tails *tails, struct link *link)
{
    struct tail *best = NULL;
    struct link trimmed_best = *link;
    uint32_t cost_best = none;
    for (unsigned i = 0; i < tails->count; i++) {
        struct tail *t = &tails->items[i];
        struct link trimmed = *link;
        if (!goes_on(t, link) || !trim_to_tail(n, t, &trimmed))
            continue;
        uint32_t cost = gap_cost(t, &trimmed);
        if (cost < cost_best && is_near(n, t->a_end, trimmed.a) &&
            is_near(n, t->b_end, trimmed.b)) {
            best = t;
            cost_best = cost;
            trimmed_best = trimmed;
        }
    }
    *link = trimmed_best;
    return best;
}

/* Room for a new tail: the one that ends first gives way. */
static struct tail *new_tail(struct tails *tails)
{
    if (tails->count < TAILS_MAX)
        return &tails->items[tails->count++];
    unsigned oldest = 0;
    for (unsigned i = 1; i < TAILS_MAX; i++)
        if (tails->items[i].b_end < tails->items[oldest].b_end)
            oldest = i;
    return &tails->items[oldest];
}

/* Links the pieces, which are sorted; heads gets the first piece of each chain. */
static size_t chain_pieces(struct chainer *c, uint32_t *heads)
{
    struct tails tails = {.count = 0};
    size_t count = 0;
    for (uint32_t i = 0; i < c->npieces; i++) {
        struct link *link = &c->pieces[i].link;
        struct tail *tail = find_tail(c->n, &tails, link);
        if (tail) {
            c->pieces[tail->piece].next = i;
        } else {
            tail = new_tail(&tails);
            heads[count++] = i;
        }
        *tail = (struct tail){i, link->a + link->len, link->b + link->len};
    }
    return count;
}

/* --- chains, written out ----------------------------------------------------------- */

/* Appends a link, joined to the one before where nothing lies between. */
static int push_link(struct matches *m, uint32_t first, struct link link)
{
    struct link *last = m->nlinks > first ? &m->links[m->nlinks - 1] : NULL;
    if (last && last->a + last->len == link.a && last->b + last->len == link.b) {
        last->len += link.len;
        return WINNOW_OK;
    }
    struct link *links = array_grow(m->links, &m->links_cap, m->nlinks + 1, sizeof *links);
    if (!links)
        return WINNOW_ENOMEM;
    m->links = links;
    m->links[m->nlinks++] = link;
    return WINNOW_OK;
}

/* What aligning a gap may cost, at most: one cell for two of its words. */
static uint64_t gap_cells(const struct norm *n, const struct link *from, const struct link *to)
{
    uint64_t x = norm_word_at(n, to->a) - norm_word_at(n, from->a + from->len) + 1;
    uint64_t y = norm_word_at(n, to->b) - norm_word_at(n, from->b + from->len) + 1;
    return x * y;
}

static int push_bridge(struct chainer *c, struct matches *m, uint32_t first, struct link to)
{
    if (m->nlinks == first || c->cells > CELLS_FREE + (uint64_t)CELLS_PER_BYTE * c->n->len)
        return WINNOW_OK;
    struct link from = m->links[m->nlinks - 1], bridge[BRIDGE_MAX];
    c->cells += gap_cells(c->n, &from, &to);
    size_t count = match_bridge(c->n, from.a + from.len, to.a, from.b + from.len, to.b, bridge);
    int status = WINNOW_OK;
    for (size_t i = 0; i < count && status == WINNOW_OK; i++)
        if (bridge[i].a < bridge[i].b) /* of overlapping copies a word may meet itself */
            status = push_link(m, first, bridge[i]);
    return status;
}

static uint64_t chain_bytes(const struct chainer *c, uint32_t head)
{
    uint64_t bytes = 0;
    for (uint32_t i = head; i != none; i = c->pieces[i].next)
        bytes += c->pieces[i].link.len;
    return bytes;
}

static int write_chain(struct chainer *c, uint32_t head, struct matches *m)
{
    struct chain *chains = array_grow(m->chains, &m->chains_cap, m->nchains + 1, sizeof *chains);
    if (!chains)
        return WINNOW_ENOMEM;
    m->chains = chains;
    uint32_t first = (uint32_t)m->nlinks;
    for (uint32_t i = head; i != none; i = c->pieces[i].next) {
        struct link link = c->pieces[i].link;
        int status = push_bridge(c, m, first, link);
        if (status == WINNOW_OK)
            status = push_link(m, first, link);
        if (status != WINNOW_OK)
            return status;
    }
    struct chain chain = {.first = first, .count = (uint32_t)m->nlinks - first};
    for (uint32_t i = 0; i < chain.count; i++)
        chain.matched += m->links[first + i].len;
    m->chains[m->nchains++] = chain;
    return WINNOW_OK;
}

/* The longer; then the earlier: first is in the order of the later places, then of
 * the earlier ones. */
static int by_length(const void *x, const void *y)
{
    const struct chain *p = x, *q = y;
    if (p->matched != q->matched)
        return p->matched > q->matched ? -1 : 1;
    return (p->first > q->first) - (p->first < q->first);
}

int match_chain(const struct norm *n, struct piece *pieces, size_t npieces, uint32_t min_bytes,
                struct matches *ret)
{
    struct chainer c = {.n = n, .pieces = pieces, .npieces = npieces};
    uint32_t *heads = malloc((npieces + 1) * sizeof *heads);
    if (!heads)
        return WINNOW_ENOMEM;
    if (npieces > 0)
        qsort(pieces, npieces, sizeof *pieces, by_later_place);
    size_t count = chain_pieces(&c, heads);
    int status = WINNOW_OK;
    for (size_t i = 0; i < count && status == WINNOW_OK; i++)
        if (chain_bytes(&c, heads[i]) >= min_bytes)
            status = write_chain(&c, heads[i], ret);
    if (status == WINNOW_OK && ret->nchains > 0)
        qsort(ret->chains, ret->nchains, sizeof *ret->chains, by_length);
    free(heads);
    ret->work += c.cells;
    return status;
}
