/* match.c - find the passages of a normalised stream that stand in it twice.
 *
 * 1. A hash only proposes: every link is compared byte by byte.
 * 2. Time is linear whatever the text: a word start looks at a bounded number of table
 *    slots, tries a bounded number of earlier places, none where a long piece already
 *    covers it; and comparing, pieces and alignments each have a budget that grows
 *    with the text, so that a crowded stretch starves none but itself.
 * 3. Memory is linear too: two bytes of table for a byte of text at most.  Where words
 *    are too dense for that (more than three in eight bytes) shingles are winnowed.
 * 4. Nothing depends on addresses, time or order of arrival: one text, one result.
 *
 * The way: a shingle at every word start; a table of where each stood first and the
 * last few times; a shared shingle is extended both ways to a piece; pieces that follow
 * one another over small gaps are chained; the words in the gaps are aligned.
 *
 * Most of a page stands once, and a large page's table is in no cache.  So a slot has
 * four bytes, a place in the stream and, in the bits that a place leaves, a piece of
 * the hash: strangers are passed over without a look at their text.  What a long piece
 * covers is not entered, for it stands in the table already. */
#include "match.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "shingle.h"

enum {
    K = MATCH_K,
    BATCH = 1024,     /* words hashed at a time */
    AHEAD = 12,       /* shingles whose slots are fetched before they are needed */
    PROBES = 32,      /* slots looked at before a shingle is given up */
    CANDIDATES = 4,   /* earlier places remembered and tried */
    OPEN_MAX = 16,    /* pieces that run on at one place */
    LONG_PIECE = 256, /* bytes: a piece that needs no other beside it */
    SLOTS_FREE = 1 << 15, /* of a table, whatever the text's length */
    /* Budgets: so much, and so much more a byte.  Of 2,700 pages that were looked at
     * the worst took three bytes of work a byte, and had 273 pieces. */
    WORK_FREE = 1 << 18,
    WORK_PER_BYTE = 4,
    WORK_OF_PIECE = 16, /* what an extension costs beside the bytes it compares */
    CELLS_FREE = 1 << 18, /* of the tables by which gaps are aligned */
    CELLS_PER_BYTE = 1,
    PIECES_FREE = 4096,
    PIECE_BYTES = 128, /* one piece more in so many bytes */
    GAP_MAX = 60,     /* normalised characters between two links of a chain */
    GAP_BYTES = 4 * GAP_MAX,
    LINK_MIN = 8,     /* bytes that a link keeps when it overlaps the one before */
    TAILS_MAX = 32,   /* chains that a piece may go on from */
};

static const uint32_t none = UINT32_MAX;

struct piece {
    struct link link;
    uint32_t next; /* of its chain; none: the last */
};

struct finder {
    const struct norm *n;
    struct shingle_key key;
    unsigned window; /* of winnowing; 1: all shingles */
    uint32_t *slots; /* nslots, and PROBES beyond them */
    uint32_t nslots;
    unsigned pos_bits; /* of a slot; above them stand bits of the hash */
    struct piece *pieces;
    size_t npieces, pieces_cap;
    uint32_t piece_bytes;
    struct link open[OPEN_MAX]; /* pieces whose b reaches past the present word */
    unsigned nopen;
    uint32_t covered; /* shingles before this place lie in a long piece */
    uint64_t work;
    uint64_t cells; /* of alignments */
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

/* How many bytes from p and q on are equal, of at most max. */
static uint32_t equal_ahead(const unsigned char *p, const unsigned char *q, uint32_t max)
{
    uint32_t len = 0;
    while (max - len >= 8 && memcmp(p + len, q + len, 8) == 0)
        len += 8;
    while (len < max && p[len] == q[len])
        len++;
    return len;
}

/* The same before p and q. */
static uint32_t equal_behind(const unsigned char *p, const unsigned char *q, uint32_t max)
{
    uint32_t len = 0;
    while (max - len >= 8 && memcmp(p - len - 8, q - len - 8, 8) == 0)
        len += 8;
    while (len < max && p[-1 - (ptrdiff_t)len] == q[-1 - (ptrdiff_t)len])
        len++;
    return len;
}

/* The maximal equal run around equal shingles at a and b, in whole characters. */
static struct link extend(struct finder *f, uint32_t a, uint32_t b)
{
    const struct norm *n = f->n;
    uint32_t ahead = K + equal_ahead(n->bytes + a + K, n->bytes + b + K, n->len - b - K);
    uint32_t back = equal_behind(n->bytes + a, n->bytes + b, a);
    f->work += WORK_OF_PIECE + ahead + back;
    while (back > 0 && !starts_char(n, a - back))
        back--;
    while (!starts_char(n, a + ahead) || !starts_char(n, b + ahead))
        ahead--;
    return (struct link){a - back, b - back, back + ahead};
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
    uint32_t last = link.b + link.len - K;
    if (link.len >= LONG_PIECE && f->covered <= last)
        f->covered = last + 1;
}

static bool is_open(const struct finder *f, uint32_t distance)
{
    for (unsigned i = 0; i < f->nopen; i++)
        if (f->open[i].b - f->open[i].a == distance)
            return true;
    return false;
}

/* Forgets the pieces that end before pos. */
static void settle_open(struct finder *f, uint32_t pos)
{
    f->work += f->nopen;
    unsigned kept = 0;
    for (unsigned i = 0; i < f->nopen; i++)
        if (f->open[i].b + f->open[i].len > pos)
            f->open[kept++] = f->open[i];
    f->nopen = kept;
}

/* May more be compared at pos, and more pieces be kept? */
static bool is_afforded(const struct finder *f, uint32_t pos)
{
    return f->work < WORK_FREE + (uint64_t)WORK_PER_BYTE * pos &&
           f->npieces < PIECES_FREE + pos / f->piece_bytes;
}

static void try_candidate(struct finder *f, uint32_t a, uint32_t b)
{
    f->work++;
    if (f->nopen < OPEN_MAX && !is_open(f, b - a) && is_afforded(f, b))
        add_piece(f, extend(f, a, b));
}

/* --- the table ---------------------------------------------------------------------- */

/* Where a shingle stood before. */
struct seen {
    uint32_t *slots[CANDIDATES]; /* their places rise */
    unsigned count;
    uint32_t *free; /* a slot for one place more; NULL where the table is crowded */
};

/* By the lower half of the hash: winnowing prefers small hashes, so the upper bits of
 * those that it keeps are no longer spread. */
static uint32_t *home(const struct finder *f, uint64_t hash)
{
    return f->slots + (((uint64_t)(uint32_t)hash * f->nslots) >> 32);
}

static uint32_t pack(const struct finder *f, const struct shingle *s)
{
    return (uint32_t)(s->hash >> 32 << f->pos_bits) | s->pos;
}

static uint32_t place(const struct finder *f, const uint32_t *slot)
{
    return *slot & (uint32_t)(((uint64_t)1 << f->pos_bits) - 1);
}

static void add_seen(const struct finder *f, uint32_t *slot, struct seen *seen)
{
    unsigned i = seen->count++;
    for (; i > 0 && place(f, seen->slots[i - 1]) > place(f, slot); i--)
        seen->slots[i] = seen->slots[i - 1];
    seen->slots[i] = slot;
}

static struct seen look_up(const struct finder *f, const struct shingle *s)
{
    struct seen seen = {.count = 0};
    uint32_t *slot = home(f, s->hash);
    uint64_t wanted = pack(f, s);
    for (unsigned i = 0; i < PROBES && seen.count < CANDIDATES; i++, slot++) {
        if (*slot == none) {
            seen.free = slot;
            break;
        }
        if ((*slot ^ wanted) >> f->pos_bits == 0 &&
            memcmp(f->n->bytes + place(f, slot), f->n->bytes + s->pos, K) == 0)
            add_seen(f, slot, &seen);
    }
    return seen;
}

/* The first place stays for good, of the later ones the latest. */
static void remember(struct finder *f, const struct shingle *s, const struct seen *seen)
{
    if (seen->count == CANDIDATES)
        *seen->slots[1] = pack(f, s);
    else if (seen->free)
        *seen->free = pack(f, s);
}

/* The first place and the latest ones: the first is the one that stays when a passage
 * stands a hundred times, a late one may share more of the context. */
static void try_candidates(struct finder *f, const struct shingle *s, const struct seen *seen)
{
    if (!is_afforded(f, s->pos))
        return;
    settle_open(f, s->pos);
    try_candidate(f, place(f, seen->slots[0]), s->pos);
    for (unsigned i = seen->count; i-- > 1;)
        try_candidate(f, place(f, seen->slots[i]), s->pos);
}

static void visit(struct finder *f, const struct shingle *s)
{
    struct seen seen = look_up(f, s);
    if (seen.count > 0)
        try_candidates(f, s, &seen);
    remember(f, s, &seen);
}

/* As many slots as keep the table half empty, but no more than half as many as the
 * text has bytes. */
static uint32_t choose_slots(const struct norm *n, uint32_t text_bytes)
{
    uint64_t want = 2 * (uint64_t)n->nwords, most = text_bytes / 2;
    if (most < SLOTS_FREE)
        most = SLOTS_FREE;
    return (uint32_t)(want < most ? want : most) + 1;
}

/* The bytes of the text that the stream was made of: words may be many more than they
 * (one character can stand for six), or far fewer. */
static uint32_t text_bytes(const struct norm *n)
{
    return n->len > 0 ? norm_text_at(n, n->len - 1) - norm_text_at(n, 0) + 1 : 1;
}

static int open_finder(struct finder *f, const struct norm *n, const struct shingle_key *key)
{
    uint32_t bytes = text_bytes(n);
    *f = (struct finder){.n = n, .key = *key, .window = 1, .nslots = choose_slots(n, bytes)};
    while (f->pos_bits < 32 && n->len >> f->pos_bits > 0)
        f->pos_bits++;
    if (n->nwords > f->nslots - f->nslots / 4)
        f->window = (unsigned)(5 * (uint64_t)n->nwords / f->nslots); /* a third full */
    f->piece_bytes = n->len > bytes ? PIECE_BYTES * (n->len / bytes + 1) : PIECE_BYTES;
    size_t size = (f->nslots + (size_t)PROBES) * sizeof *f->slots;
    f->slots = malloc(size);
    if (!f->slots)
        return WINNOW_ENOMEM;
    memset(f->slots, 0xFF, size);
    return WINNOW_OK;
}

static void close_table(struct finder *f)
{
    free(f->slots);
    f->slots = NULL;
}

/* Visits the shingles that stand behind those visited before and are not covered. */
static void visit_all(struct finder *f, const struct shingles *s)
{
    for (size_t i = 0; i < s->count && f->status == WINNOW_OK; i++) {
        if (i + AHEAD < s->count)
            __builtin_prefetch(home(f, s->items[i + AHEAD].hash));
        if (s->items[i].pos < f->covered)
            continue;
        visit(f, &s->items[i]);
        if (f->covered <= s->items[i].pos)
            f->covered = s->items[i].pos + 1;
    }
}

/* The first word of the next batch.  A batch reaches into the next one, so that every
 * window that starts behind what is covered lies in one of them. */
static uint32_t next_batch(const struct finder *f, uint32_t from)
{
    uint32_t next = f->n->nwords - from > BATCH ? from + BATCH : f->n->nwords;
    uint32_t word = norm_word_at(f->n, f->covered), overlap = f->window - 1;
    return word > overlap && word - overlap > next ? word - overlap : next;
}

static int find_pieces(struct finder *f)
{
    struct shingles all = {0}, kept = {0};
    uint32_t nwords = f->n->nwords, size = BATCH + f->window - 1;
    for (uint32_t from = 0; from < nwords && f->status == WINNOW_OK; from = next_batch(f, from)) {
        uint32_t to = nwords - from > size ? from + size : nwords;
        f->status = shingle_all(f->n, from, to, K, &f->key, &all);
        if (f->status == WINNOW_OK && f->window > 1)
            f->status = shingle_winnow(&all, f->window, &kept);
        if (f->status == WINNOW_OK)
            visit_all(f, f->window > 1 ? &kept : &all);
    }
    shingles_free(&all);
    shingles_free(&kept);
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
static size_t chain_pieces(struct finder *f, uint32_t *heads)
{
    struct tails tails = {.count = 0};
    size_t count = 0;
    for (uint32_t i = 0; i < f->npieces; i++) {
        struct link *link = &f->pieces[i].link;
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
    uint64_t head; /* its first bytes, for a quick look */
};

enum { HEAD = sizeof(uint64_t) };

static struct token token_of(const struct norm *n, uint32_t start, uint32_t len)
{
    struct token t = {start, len, 0};
    memcpy(&t.head, n->bytes + start, len < HEAD ? len : HEAD);
    return t;
}

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
        ret[count++] = token_of(n, from, end - from);
        from = end;
    }
    return count;
}

static bool same_token(const struct norm *n, struct token x, struct token y)
{
    return x.len == y.len && x.head == y.head &&
           (x.len <= HEAD || memcmp(n->bytes + x.start, n->bytes + y.start, x.len) == 0);
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

/* What aligning a gap may cost, at most: one cell for two of its words. */
static uint64_t gap_cells(const struct norm *n, const struct link *from, const struct link *to)
{
    uint64_t x = norm_word_at(n, to->a) - norm_word_at(n, from->a + from->len) + 1;
    uint64_t y = norm_word_at(n, to->b) - norm_word_at(n, from->b + from->len) + 1;
    return x * y;
}

static int push_bridge(struct finder *f, struct matches *m, uint32_t first, struct link to)
{
    if (m->nlinks == first || f->cells > CELLS_FREE + (uint64_t)CELLS_PER_BYTE * f->n->len)
        return WINNOW_OK;
    struct link from = m->links[m->nlinks - 1], bridge[BRIDGE_MAX];
    f->cells += gap_cells(f->n, &from, &to);
    size_t count = match_bridge(f->n, from.a + from.len, to.a, from.b + from.len, to.b, bridge);
    int status = WINNOW_OK;
    for (size_t i = 0; i < count && status == WINNOW_OK; i++)
        if (bridge[i].a < bridge[i].b) /* of overlapping copies a word may meet itself */
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

static int write_chain(struct finder *f, uint32_t head, struct matches *m)
{
    struct chain *chains = array_grow(m->chains, &m->chains_cap, m->nchains + 1, sizeof *chains);
    if (!chains)
        return WINNOW_ENOMEM;
    m->chains = chains;
    uint32_t first = (uint32_t)m->nlinks;
    for (uint32_t i = head; i != none; i = f->pieces[i].next) {
        struct link link = f->pieces[i].link;
        int status = push_bridge(f, m, first, link);
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

int match_find_keyed(const struct norm *n, uint32_t min_bytes, const struct shingle_key *key,
                     struct matches *ret)
{
    struct finder f;
    ret->nlinks = ret->nchains = 0;
    int status = open_finder(&f, n, key);
    if (status == WINNOW_OK)
        status = find_pieces(&f);
    close_table(&f); /* before the chains need room */
    if (status == WINNOW_OK)
        status = write_chains(&f, min_bytes, ret);
    ret->work = f.work + f.cells;
    free(f.pieces);
    return status;
}

int match_find(const struct norm *n, uint32_t min_bytes, struct matches *ret)
{
    struct shingle_key key = shingle_key_of_stream(n);
    return match_find_keyed(n, min_bytes, &key, ret);
}
