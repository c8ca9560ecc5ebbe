/* match.c - find the passages of a normalised stream that stand in it twice.
 *
 * 1. A hash only proposes: every link is compared byte by byte.
 * 2. Time is linear whatever the text: a word start looks at a table slot a bounded
 *    number of probes away, tries a bounded number of earlier places, none where a
 *    long link already covers it, and all comparing together has a budget.
 * 3. Nothing depends on addresses, time or order of arrival: one text, one result.
 *
 * The way: a shingle at every word start; a table of where each stood first and
 * last; a shared shingle is extended both ways to a piece; pieces that follow one
 * another over small gaps are chained; the words in the gaps are aligned.
 *
 * Most of a page stands once, so the table has to be small rather than clever: four
 * bytes a slot (the word at which the shingle stood first) and four a word (link[]:
 * from the first occurrence to the last, from each other to the one before). */
#include "match.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "shingle.h"

enum {
    K = 32,           /* normalised bytes of a shingle */
    BATCH = 1024,     /* words hashed at a time */
    PROBES = 16,      /* of the table, before a shingle is given up */
    CANDIDATES = 4,   /* earlier places tried at a word start */
    OPEN_MAX = 16,    /* pieces that run on at one place */
    LONG_PIECE = 256, /* bytes: a piece that needs no other beside it */
    WORK_PER_BYTE = 32,
    GAP_MAX = 60,     /* normalised characters between two links of a chain */
    GAP_BYTES = 4 * GAP_MAX,
    LINK_MIN = 8,     /* bytes that a link keeps when it overlaps the one before */
    TAILS_MAX = 32,   /* chains that a piece may go on from */
};

static const uint64_t seed = 0x77696e6e6f77;
static const uint32_t none = UINT32_MAX;

struct piece {
    struct link link;
    uint32_t next; /* of its chain; none: the last */
};

struct finder {
    const struct norm *n;
    uint32_t *slots, slots_mask;
    uint32_t *link;
    struct piece *pieces;
    size_t npieces, pieces_cap, pieces_max;
    struct link open[OPEN_MAX]; /* pieces whose b reaches past the present word */
    unsigned nopen;
    uint64_t work, budget;
    int status;
};

void matches_free(struct matches *m)
{
    free(m->links);
    free(m->chains);
    *m = (struct matches){0};
}

/* --- pieces ------------------------------------------------------------------------ */

static bool starts_char(const struct norm *n, uint32_t pos)
{
    return pos >= n->len || (n->bytes[pos] & 0xC0) != 0x80;
}

/* The maximal equal run around equal shingles at a and b, in whole characters. */
static struct link extend(struct finder *f, uint32_t a, uint32_t b)
{
    const struct norm *n = f->n;
    uint32_t a_end = a + K, b_end = b + K, back = 0;
    while (b_end < n->len && n->bytes[a_end] == n->bytes[b_end]) {
        a_end++;
        b_end++;
    }
    while (back < a && n->bytes[a - back - 1] == n->bytes[b - back - 1])
        back++;
    f->work += (b_end - b) + back;
    while (back > 0 && !starts_char(n, a - back))
        back--;
    while (!starts_char(n, a_end) || !starts_char(n, b_end)) {
        a_end--;
        b_end--;
    }
    return (struct link){a - back, b - back, a_end - (a - back)};
}

static void add_piece(struct finder *f, struct link link)
{
    struct piece *pieces = array_grow(f->pieces, &f->pieces_cap, f->npieces + 1, sizeof *pieces);
    if (!pieces) {
        f->status = WINNOW_ENOMEM;
        return;
    }
    f->pieces = pieces;
    f->pieces[f->npieces++] = (struct piece){link, none};
    f->open[f->nopen++] = link;
}

static bool is_open(const struct finder *f, uint32_t distance)
{
    for (unsigned i = 0; i < f->nopen; i++)
        if (f->open[i].b - f->open[i].a == distance)
            return true;
    return false;
}

/* Forgets the pieces that end before pos; is one left that makes others needless? */
static bool settle_open(struct finder *f, uint32_t pos)
{
    bool covered = false;
    unsigned kept = 0;
    for (unsigned i = 0; i < f->nopen; i++) {
        struct link l = f->open[i];
        if (l.b + l.len <= pos)
            continue;
        covered |= l.len >= LONG_PIECE && l.b + l.len - pos >= K;
        f->open[kept++] = l;
    }
    f->nopen = kept;
    return covered;
}

static void try_candidate(struct finder *f, uint32_t a, uint32_t b)
{
    f->work++;
    bool full = f->nopen == OPEN_MAX || f->npieces >= f->pieces_max || f->work >= f->budget;
    if (!full && !is_open(f, b - a))
        add_piece(f, extend(f, a, b));
}

/* The first occurrence and the latest ones: the first is the one that stays when a
 * passage stands a hundred times, a late one may share more of the context. */
static void try_candidates(struct finder *f, uint32_t first, uint32_t pos)
{
    try_candidate(f, norm_word(f->n, first), pos);
    uint32_t word = f->link[first];
    for (unsigned i = 1; i < CANDIDATES && word != first; i++) {
        try_candidate(f, norm_word(f->n, word), pos);
        word = f->link[word];
    }
}

/* Where the shingle at pos stands, or would; NULL where the table is crowded. */
static uint32_t *find_slot(const struct finder *f, uint64_t hash, uint32_t pos)
{
    const struct norm *n = f->n;
    for (unsigned i = 0; i < PROBES; i++) {
        uint32_t *slot = &f->slots[(hash + i) & f->slots_mask];
        if (*slot == none || memcmp(n->bytes + norm_word(n, *slot), n->bytes + pos, K) == 0)
            return slot;
    }
    return NULL;
}

static void visit(struct finder *f, uint32_t word, uint64_t hash)
{
    uint32_t pos = norm_word(f->n, word);
    bool covered = settle_open(f, pos);
    uint32_t *slot = find_slot(f, hash, pos);
    if (!slot)
        return;
    if (*slot == none) {
        *slot = f->link[word] = word;
        return;
    }
    uint32_t first = *slot;
    if (!covered)
        try_candidates(f, first, pos);
    f->link[word] = f->link[first];
    f->link[first] = word;
}

static int open_finder(struct finder *f, const struct norm *n)
{
    uint64_t slots = 64;
    while (slots < n->nwords + (uint64_t)n->nwords / 3)
        slots *= 2;
    *f = (struct finder){.n = n, .slots_mask = (uint32_t)(slots - 1)};
    f->budget = (uint64_t)WORK_PER_BYTE * n->len;
    f->pieces_max = n->nwords;
    f->slots = malloc(slots * sizeof *f->slots);
    f->link = malloc((n->nwords + (size_t)1) * sizeof *f->link);
    if (!f->slots || !f->link)
        return WINNOW_ENOMEM;
    memset(f->slots, 0xFF, slots * sizeof *f->slots);
    return WINNOW_OK;
}

static void close_finder(struct finder *f)
{
    free(f->slots);
    free(f->link);
    free(f->pieces);
}

static int find_pieces(struct finder *f)
{
    struct shingles batch = {0};
    for (uint32_t from = 0; from < f->n->nwords && f->status == WINNOW_OK; from += BATCH) {
        f->status = shingle_all(f->n, from, from + BATCH, K, seed, &batch);
        for (size_t i = 0; i < batch.count && f->status == WINNOW_OK; i++)
            visit(f, from + (uint32_t)i, batch.items[i].hash);
        if (batch.count < BATCH)
            break; /* the stream's end */
    }
    shingles_free(&batch);
    return f->status;
}

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
    while (over < link->len && !starts_char(n, link->a + over))
        over++;
    if (over >= link->len || (over > 0 && link->len - over < LINK_MIN))
        return false;
    *link = (struct link){link->a + over, link->b + over, link->len - over};
    return true;
}

/* How far apart, weighing a shift of the diagonal double; none: too far. */
static uint32_t gap_cost(const struct norm *n, const struct tail *t, const struct link *link)
{
    uint32_t gap_a = link->a - t->a_end, gap_b = link->b - t->b_end;
    if (gap_a > GAP_BYTES || gap_b > GAP_BYTES)
        return none;
    /* A character weighs no more than its bytes: most gaps need no weighing. */
    if ((gap_a > GAP_MAX && norm_weight(n, t->a_end, link->a) > GAP_MAX) ||
        (gap_b > GAP_MAX && norm_weight(n, t->b_end, link->b) > GAP_MAX))
        return none;
    uint32_t shift = gap_a > gap_b ? gap_a - gap_b : gap_b - gap_a;
    return gap_a + gap_b + shift;
}

/* The tail from which the piece goes on best, the piece being trimmed to it; else NULL. */
static struct tail *find_tail(const struct norm *n, struct tails *tails, struct link *link)
{
    struct tail *best = NULL;
    struct link trimmed_best = *link;
    uint32_t cost_best = none;
    for (unsigned i = 0; i < tails->count; i++) {
        struct link trimmed = *link;
        if (!trim_to_tail(n, &tails->items[i], &trimmed))
            continue;
        uint32_t cost = gap_cost(n, &tails->items[i], &trimmed);
        if (cost < cost_best) {
            best = &tails->items[i];
            cost_best = cost;
            trimmed_best = trimmed;
        }
    }
    *link = trimmed_best;
    return best;
}

static void drop_far_tails(struct tails *tails, uint32_t b)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < tails->count; i++)
        if (b <= tails->items[i].b_end || b - tails->items[i].b_end <= GAP_BYTES)
            tails->items[kept++] = tails->items[i];
    tails->count = kept;
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
static size_t chain_pieces(struct finder *f, uint32_t *heads)
{
    struct tails tails = {.count = 0};
    size_t count = 0;
    for (uint32_t i = 0; i < f->npieces; i++) {
        struct link *link = &f->pieces[i].link;
        drop_far_tails(&tails, link->b);
        struct tail *tail = find_tail(f->n, &tails, link);
        if (tail) {
            f->pieces[tail->piece].next = i;
        } else {
            tail = new_tail(&tails);
            heads[count++] = i;
        }
        *tail = (struct tail){i, link->a + link->len, link->b + link->len};
    }
    return count;
}

/* --- bridges ----------------------------------------------------------------------- */

struct token {
    uint32_t start, len;
};

/* The words of from..to; what stands before the first word start is one as well.
 * BRIDGE_MAX + 1 where there are more. */
static unsigned tokens_of(const struct norm *n, uint32_t from, uint32_t to,
                          struct token ret[BRIDGE_MAX])
{
    unsigned count = 0;
    uint32_t word = norm_word_at(n, from);
    while (from < to) {
        while (word < n->nwords && norm_word(n, word) <= from)
            word++;
        uint32_t end = word < n->nwords && norm_word(n, word) < to ? norm_word(n, word) : to;
        if (count == BRIDGE_MAX)
            return BRIDGE_MAX + 1;
        ret[count++] = (struct token){from, end - from};
        from = end;
    }
    return count;
}

static bool same_token(const struct norm *n, struct token x, struct token y)
{
    return x.len == y.len && memcmp(n->bytes + x.start, n->bytes + y.start, x.len) == 0;
}

size_t match_bridge(const struct norm *n, uint32_t a, uint32_t a_end, uint32_t b,
                    uint32_t b_end, struct link ret[BRIDGE_MAX])
{
    struct token x[BRIDGE_MAX], y[BRIDGE_MAX];
    unsigned nx = tokens_of(n, a, a_end, x), ny = tokens_of(n, b, b_end, y);
    if (nx == 0 || ny == 0 || nx > BRIDGE_MAX || ny > BRIDGE_MAX)
        return 0;
    /* Longest common subsequence; best[i][j]: bytes shared by x[i..] and y[j..]. */
    uint32_t best[BRIDGE_MAX + 1][BRIDGE_MAX + 1];
    for (unsigned i = nx + 1; i-- > 0;)
        for (unsigned j = ny + 1; j-- > 0;) {
            if (i == nx || j == ny) {
                best[i][j] = 0;
                continue;
            }
            best[i][j] = best[i + 1][j] > best[i][j + 1] ? best[i + 1][j] : best[i][j + 1];
            if (same_token(n, x[i], y[j]) && best[i + 1][j + 1] + x[i].len > best[i][j])
                best[i][j] = best[i + 1][j + 1] + x[i].len;
        }
    size_t count = 0;
    for (unsigned i = 0, j = 0; i < nx && j < ny;) {
        if (same_token(n, x[i], y[j]) && best[i][j] == best[i + 1][j + 1] + x[i].len) {
            ret[count++] = (struct link){x[i].start, y[j].start, x[i].len};
            i++;
            j++;
        } else if (best[i][j] == best[i + 1][j]) {
            i++;
        } else {
            j++;
        }
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

static int push_bridge(struct matches *m, const struct norm *n, uint32_t first, struct link to)
{
    if (m->nlinks == first)
        return WINNOW_OK;
    struct link from = m->links[m->nlinks - 1], bridge[BRIDGE_MAX];
    size_t count = match_bridge(n, from.a + from.len, to.a, from.b + from.len, to.b, bridge);
    int status = WINNOW_OK;
    for (size_t i = 0; i < count && status == WINNOW_OK; i++)
        status = push_link(m, first, bridge[i]);
    return status;
}

static uint64_t chain_bytes(const struct finder *f, uint32_t head)
{
    uint64_t bytes = 0;
    for (uint32_t i = head; i != none; i = f->pieces[i].next)
        bytes += f->pieces[i].link.len;
    return bytes;
}

static int write_chain(const struct finder *f, uint32_t head, struct matches *m)
{
    struct chain *chains = array_grow(m->chains, &m->chains_cap, m->nchains + 1, sizeof *chains);
    if (!chains)
        return WINNOW_ENOMEM;
    m->chains = chains;
    uint32_t first = (uint32_t)m->nlinks;
    for (uint32_t i = head; i != none; i = f->pieces[i].next) {
        struct link link = f->pieces[i].link;
        int status = push_bridge(m, f->n, first, link);
        if (status == WINNOW_OK)
            status = push_link(m, first, link);
        if (status != WINNOW_OK)
            return status;
    }
    struct chain c = {.first = first, .count = (uint32_t)m->nlinks - first};
    for (uint32_t i = 0; i < c.count; i++)
        c.matched += m->links[first + i].len;
    m->chains[m->nchains++] = c;
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

static int write_chains(struct finder *f, uint32_t min_bytes, struct matches *ret)
{
    uint32_t *heads = malloc((f->npieces + 1) * sizeof *heads);
    if (!heads)
        return WINNOW_ENOMEM;
    if (f->npieces > 0)
        qsort(f->pieces, f->npieces, sizeof *f->pieces, by_later_place);
    size_t count = chain_pieces(f, heads);
    int status = WINNOW_OK;
    for (size_t i = 0; i < count && status == WINNOW_OK; i++)
        if (chain_bytes(f, heads[i]) >= min_bytes)
            status = write_chain(f, heads[i], ret);
    if (status == WINNOW_OK && ret->nchains > 0)
        qsort(ret->chains, ret->nchains, sizeof *ret->chains, by_length);
    free(heads);
    return status;
}

int match_find(const struct norm *n, uint32_t min_bytes, struct matches *ret)
{
    struct finder f;
    ret->nlinks = ret->nchains = 0;
    int status = open_finder(&f, n);
    if (status != WINNOW_OK)
        goto out;
    status = find_pieces(&f);
    if (status == WINNOW_OK)
        status = write_chains(&f, min_bytes, ret);
    ret->work = f.work;
out:
    close_finder(&f);
    return status;
}
