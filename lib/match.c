/* match.c - find the passages of a normalised stream that stand in it twice.
 *
 * 1. A hash only proposes: every link is compared byte by byte.
 * 2. Time is linear whatever the text: a word start looks at a bounded number of table
 *    slots, tries a bounded number of earlier places, none where a long piece already
 *    covers it; and comparing and pieces each have a budget that grows with the text,
 *    so that a crowded stretch starves none but itself.
 * 3. Memory is linear too: three bytes of table for a byte of text at most.  Where words
 *    are too dense for that (more than three in eight bytes) shingles are winnowed.
 * 4. Nothing depends on addresses, time or order of arrival: one text, one result.
 *
 * The way: a shingle at every word start; a table of where each stood first and the
 * last few times; a shared shingle is extended both ways to a piece; match_chain.c makes
 * chains of pieces that follow one another, match_bridge.c aligns the words between them.
 *
 * Most of a page stands once, and a large page's table is in no cache.  So a slot has
 * four bytes, a place in the stream and, in the bits that a place leaves, a piece of
 * the hash: strangers are passed over without a look at their text.  What a long piece
 * covers is not entered, for it stands in the table already. */
#include "match_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arena.h"
#include "shingle.h"

enum {
    K = MATCH_K,
    BATCH = 1024,     /* words hashed at a time */
    AHEAD = 12,       /* shingles between fetching a slot, its text and needing both */
    PROBES = 32,      /* slots looked at before a shingle is given up */
    CANDIDATES = 4,   /* earlier places remembered and tried */
    OPEN_MAX = 16,    /* pieces that run on at one place */
    LONG_PIECE = 256, /* bytes: a piece that needs no other beside it */
    TEXT_FREE = 1 << 16, /* bytes: a smaller text is taken for one of so many */
    HUGE_PAGE = 1 << 21,
    /* Budgets: so much, and so much more a byte.  Of 2,700 pages that were looked at
     * the worst took three bytes of work a byte, and had 273 pieces. */
    WORK_FREE = 1 << 18,
    WORK_PER_BYTE = 4,
    WORK_OF_PIECE = 16, /* what an extension costs beside the bytes it compares */
    PIECES_FREE = 4096,
    PIECE_BYTES = 128, /* one piece more in so many bytes */
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
    int status;
};

void matches_free(struct matches *m)
{
    free(m->links);
    free(m->chains);
    *m = (struct matches){0};
}

/* --- pieces ------------------------------------------------------------------------ */

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
    while (back > 0 && !match_starts_char(n, a - back))
        back--;
    while (!match_starts_char(n, a + ahead) || !match_starts_char(n, b + ahead))
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
           (f->npieces < PIECES_FREE ||
            (f->npieces - PIECES_FREE + 1) * (uint64_t)f->piece_bytes <= pos);
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

static uint32_t place(const struct finder *f, uint32_t slot)
{
    return slot & (uint32_t)(((uint64_t)1 << f->pos_bits) - 1);
}

static void add_seen(const struct finder *f, uint32_t *slot, struct seen *seen)
{
    unsigned i = seen->count++;
    for (; i > 0 && place(f, *seen->slots[i - 1]) > place(f, *slot); i--)
        seen->slots[i] = seen->slots[i - 1];
    seen->slots[i] = slot;
}

/* Is it a shingle of that piece of the hash? */
static bool may_be(const struct finder *f, uint32_t slot, uint32_t wanted)
{
    return (uint64_t)(slot ^ wanted) >> f->pos_bits == 0;
}

/* At most so many of its places, and a free slot if they are all. */
static void look_up(const struct finder *f, const struct shingle *s, unsigned most,
                    struct seen *ret)
{
    const unsigned char *bytes = f->n->bytes;
    uint32_t *slot = home(f, s->hash), wanted = pack(f, s);
    ret->count = 0;
    ret->free = NULL;
    for (unsigned i = 0; i < PROBES && ret->count < most; i++, slot++) {
        if (*slot == none) {
            ret->free = slot;
            break;
        }
        if (may_be(f, *slot, wanted) &&
            memcmp(bytes + place(f, *slot), bytes + s->pos, K) == 0)
            add_seen(f, slot, ret);
    }
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
    settle_open(f, s->pos);
    try_candidate(f, place(f, *seen->slots[0]), s->pos);
    for (unsigned i = seen->count; i-- > 1;)
        try_candidate(f, place(f, *seen->slots[i]), s->pos);
}

/* In a crowded stretch it is enough that a shingle stands in the table at all. */
static void visit(struct finder *f, const struct shingle *s)
{
    struct seen seen;
    bool afforded = is_afforded(f, s->pos);
    look_up(f, s, afforded ? CANDIDATES : 1, &seen);
    if (seen.count > 0 && afforded)
        try_candidates(f, s, &seen);
    remember(f, s, &seen);
}

/* The bytes of the text that the stream was made of: words may be many more than they
 * (one character can stand for six), or far fewer. */
static uint32_t text_bytes(const struct norm *n)
{
    return n->len > 0 ? norm_text_at(n, n->len - 1) - norm_text_at(n, 0) + 1 : 1;
}

/* Where more than three words stand in eight bytes, so wide that few are kept. */
static unsigned choose_window(uint32_t nwords, uint32_t bytes)
{
    uint32_t room = (bytes < TEXT_FREE ? TEXT_FREE : bytes) / 2 + 1;
    return nwords > room - room / 4 ? (unsigned)(5 * (uint64_t)nwords / room) : 1;
}

/* As many slots as keep the table half empty: of the windows of w two in w + 1 are kept. */
static uint32_t choose_slots(uint32_t nwords, unsigned window)
{
    return (uint32_t)(4 * (uint64_t)nwords / (window + 1)) + 1;
}

/* A large table is a page of the processor's for every few slots that are looked at: it
 * asks for large pages, and does as well without. */
static uint32_t *alloc_slots(size_t size)
{
    if (size < HUGE_PAGE)
        return malloc(size);
    size = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    uint32_t *slots = aligned_alloc(HUGE_PAGE, size);
    if (slots)
        (void)madvise(slots, size, MADV_HUGEPAGE);
    return slots;
}

static int open_finder(struct finder *f, const struct norm *n, const struct shingle_key *key)
{
    uint32_t bytes = text_bytes(n);
    *f = (struct finder){.n = n, .key = *key, .window = choose_window(n->nwords, bytes)};
    f->nslots = choose_slots(n->nwords, f->window);
    while (f->pos_bits < 32 && n->len >> f->pos_bits > 0)
        f->pos_bits++;
    f->piece_bytes = n->len > bytes ? PIECE_BYTES * (n->len / bytes + 1) : PIECE_BYTES;
    size_t size = (f->nslots + (size_t)PROBES) * sizeof *f->slots;
    f->slots = alloc_slots(size);
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

static void fetch_slot(const struct finder *f, const struct shingle *s)
{
    __builtin_prefetch(home(f, s->hash));
}

/* The text at the place that the slot names, where it will be compared. */
static void fetch_text(const struct finder *f, const struct shingle *s)
{
    uint32_t slot = *home(f, s->hash);
    if (slot != none && may_be(f, slot, pack(f, s)))
        __builtin_prefetch(f->n->bytes + place(f, slot));
}

/* Visits the shingles that stand behind those visited before and are not covered. */
static void visit_all(struct finder *f, const struct shingles *s)
{
    for (size_t i = 0; i < s->count && f->status == WINNOW_OK; i++) {
        if (i + 2 * AHEAD < s->count)
            fetch_slot(f, &s->items[i + 2 * AHEAD]);
        if (i + AHEAD < s->count)
            fetch_text(f, &s->items[i + AHEAD]);
        if (s->items[i].pos < f->covered)
            continue;
        visit(f, &s->items[i]);
        if (f->covered <= s->items[i].pos)
            f->covered = s->items[i].pos + 1;
    }
}

/* The first word of the next batch, none that is covered. */
static uint32_t next_batch(const struct finder *f, uint32_t from)
{
    uint32_t next = f->n->nwords - from > BATCH ? from + BATCH : f->n->nwords;
    uint32_t word = norm_word_at(f->n, f->covered);
    return word > next ? word : next;
}

/* Of windows a batch reaches into the next one, so that each lies whole in one of them. */
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

int match_find_keyed(const struct norm *n, uint32_t min_bytes, const struct shingle_key *key,
                     struct matches *ret)
{
    struct finder f;
    ret->nlinks = ret->nchains = 0;
    int status = open_finder(&f, n, key);
    if (status == WINNOW_OK)
        status = find_pieces(&f);
    close_table(&f); /* before the chains need room */
    ret->work = f.work;
    if (status == WINNOW_OK)
        status = match_chain(n, f.pieces, f.npieces, min_bytes, ret);
    free(f.pieces);
    return status;
}

int match_find(const struct norm *n, uint32_t min_bytes, struct matches *ret)
{
    struct shingle_key key = shingle_key_of_stream(n);
    return match_find_keyed(n, min_bytes, &key, ret);
}
