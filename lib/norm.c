/* norm.c - fold a page's text into the stream that two copies of a passage share.
 *
 * 1. Nothing is read beyond the pieces: a broken sequence is passed over a byte at a time.
 * 2. norm_text_at never falls, and gives characters' first bytes.
 * 3. The cost of a byte is bounded: marks are put in canonical order 32 at a time, so a
 *    letter under a million of them costs no more than a million letters.
 * 4. An anchor is a place from which folding needs nothing of what came before: no mark
 *    waits there, and the character makes no syllable with those before it.  The first
 *    such place that is looked at ANCHOR_EVERY bytes of text behind the last anchor
 *    becomes one, and none lies ASCII_STEP bytes further.  So what a place comes from is
 *    found within as many bytes of the anchor before it, or it is a mark that belongs to
 *    the marks waiting there.
 *
 * Of the time that it takes to look up the properties of every character, measured on
 * pages' texts, this takes: ASCII an eighth (without AVX2 and BMI2 six tenths or more),
 * Russian a sixth, Chinese a seventh, Arabic a fifth, Greek, Hindi, Japanese, Korean,
 * Vietnamese and German a quarter to two fifths.  How:
 *
 * - ASCII is folded by itself (norm_ascii.c), in steps of 64 bytes.
 * - Han and Hangul syllables are their own fold: nothing is looked up.
 * - What another character of the first two planes becomes is found out when it is first
 *   met, and then is 32 bits of a table (norm_chars.c).
 * - Letters of two bytes, and Han, go through loops that do nothing else.
 * - Only what becomes several characters, or goes together with others, goes the slow way
 *   (norm_compose.c): Vietnamese, Greek, German umlauts. */
#include "norm.h"

#include <stdlib.h>

#include "norm_parts.h"

void norm_init(struct norm *n)
{
    *n = (struct norm){0};
}

void norm_free(struct norm *n)
{
    free(n->bytes);
    free(n->blocks);
    free(n->hints);
    free(n->anchors);
    norm_cache_free(n->cache);
    norm_init(n);
}

void norm_clear(struct norm *n)
{
    n->len = n->nwords = 0;
    n->weight = n->end = n->most = 0;
    n->nblocks = n->nhints = n->nanchors = 0;
}

/* --- runs of characters that are kept as one ---------------------------------------------- */

static inline void store_fold(unsigned char *to, uint32_t fold)
{
    to[0] = (unsigned char)fold;
    to[1] = (unsigned char)(fold >> 8);
    to[2] = (unsigned char)(fold >> 16);
}

/* What a run changes when it has been appended, up to `to`. */
static void end_run(struct folding *f, const unsigned char *to, uint32_t weight, size_t used)
{
    f->n->len = (uint32_t)(to - f->n->bytes);
    f->n->weight += weight;
    f->i += used;
    f->in_word = true;
    f->last = 0;
    f->nmarks = 0;
}

/* Letters of two bytes, as far as it is known what they become. */
static void fold_pairs(struct folding *f, size_t end)
{
    struct norm *n = f->n;
    const uint32_t *pairs = f->cache->pairs;
    const unsigned char *from = f->text + f->i, *p = from;
    const unsigned char *stop = p + (end - f->i < ASCII_STEP ? end - f->i : ASCII_STEP) - 1;
    unsigned char *start = n->bytes + n->len, *to = start;
    while (p < stop && (p[0] & 0xE0) == 0xC0 && (p[1] & 0xC0) == 0x80) {
        uint32_t fold = pairs[(p[0] & 0x1F) << 6 | (p[1] & 0x3F)];
        if (!is_letter(fold))
            break;
        store_fold(to, fold);
        to += fold >> FOLD_LEN & 3;
        p += 2;
    }
    if (to == start)
        return;
    n->blocks[n->len / 64].starts |= (uint64_t)!f->in_word << n->len % 64;
    end_run(f, to, (uint32_t)(p - from) / 2, (size_t)(p - from));
}

/* Han. */
static void fold_han(struct folding *f, size_t end)
{
    struct norm *n = f->n;
    const unsigned char *from = f->text + f->i, *p = from;
    const unsigned char *stop = p + (end - f->i < ASCII_STEP ? end - f->i : ASCII_STEP) - 2;
    uint32_t pos = n->len;
    while (p < stop && p[0] >= 0xE4 && p[0] <= 0xE9 && (p[1] & 0xC0) == 0x80 &&
           (p[2] & 0xC0) == 0x80 &&
           is_han((p[0] & 0x0F) << 12 | (p[1] & 0x3F) << 6 | (p[2] & 0x3F))) {
        memcpy(n->bytes + pos, p, 3);
        n->blocks[pos / 64].starts |= (uint64_t)1 << pos % 64;
        pos += 3;
        p += 3;
    }
    if (p > from)
        end_run(f, n->bytes + pos, (uint32_t)(p - from), (size_t)(p - from));
}

/* --- any text ----------------------------------------------------------------------------- */

/* A character that is kept as one, or a separator. */
static inline int fold_kept(struct folding *f, int32_t c, uint32_t fold)
{
    struct norm *n = f->n;
    f->nmarks = 0;
    int status = f->i >= f->due ? norm_anchor_here(f, 0) : WINNOW_OK;
    unsigned kept = fold >> FOLD_LEN & 3;
    if (fold & FOLD_STARTS || (kept > 0 && !f->in_word && !(fold & FOLD_CONTINUES)))
        n->blocks[n->len / 64].starts |= (uint64_t)1 << n->len % 64;
    store_fold(n->bytes + n->len, fold);
    n->len += kept;
    n->weight += fold >> FOLD_WEIGHT & 3;
    f->in_word = kept > 0;
    f->last = is_hangul(c) ? c : 0;
    return status;
}

static bool is_han_lead(unsigned char first)
{
    return first >= 0xE4 && first <= 0xE9;
}

/* Folds a character, and those behind it for which there is no faster way,
 * while they are kept as one or dropped.  Gives the first other one, or a
 * length of 0. */
static int fold_simple(struct folding *f, size_t end, int32_t *ret, size_t *ret_len)
{
    int status = WINNOW_OK;
    *ret_len = 0;
    size_t len;
    do {
        const unsigned char *p = f->text + f->i;
        int32_t c = read_char(p, f->len - f->i, &len);
        uint32_t fold = look_up(f->cache, c, p);
        if (fold == UNKNOWN)
            fold = norm_learn_fold(f->cache, (uint32_t)c);
        if (fold >> FOLD_KIND != KEPT && fold >> FOLD_KIND != NO_PART) {
            *ret = fold == UNKNOWN ? -1 : c;
            *ret_len = len;
            break;
        }
        if (fold >> FOLD_KIND == KEPT)
            status = fold_kept(f, c, fold);
        f->i += len;
    } while (status == WINNOW_OK && f->i < end && f->text[f->i] >= 0xE0 &&
             !is_han_lead(f->text[f->i]));
    return status;
}

static int fold_wide(struct folding *f, size_t end)
{
    int32_t c;
    size_t len, from = f->i;
    bool due = from >= f->due;
    if (!due && f->text[from] < 0xE0)
        fold_pairs(f, end);
    else if (!due && is_han_lead(f->text[from]))
        fold_han(f, end);
    if (f->i > from)
        return WINNOW_OK;
    int status = fold_simple(f, end, &c, &len);
    if (status != WINNOW_OK || len == 0)
        return status;
    status = c < 0 ? WINNOW_ENOMEM : norm_compose(f, c, 0);
    f->i += len;
    return status;
}

/* The ASCII character at hand, which stands among others. */
static void fold_lone_ascii(struct folding *f)
{
    struct norm *n = f->n;
    unsigned folded = norm_ascii[f->text[f->i++]];
    if (folded > JOINER) {
        n->blocks[n->len / 64].starts |= (uint64_t)!f->in_word << n->len % 64;
        n->bytes[n->len++] = (unsigned char)folded;
        n->weight++;
    }
    f->in_word = folded > JOINER || (folded == JOINER && f->in_word);
}

/* One or two characters between others are not worth a large step. */
static int fold_ascii(struct folding *f, size_t end)
{
    const unsigned char *p = f->text + f->i;
    size_t max = end - f->i < ASCII_STEP ? end - f->i : ASCII_STEP;
    int status = f->i >= f->due ? norm_anchor_here(f, 0) : WINNOW_OK;
    f->nmarks = 0;
    f->last = 0;
    if (status != WINNOW_OK)
        return status;
    if (max > 2 && (p[1] | p[2]) >= 128)
        fold_lone_ascii(f);
    else if (max < 8 || !are_ascii(p))
        f->i += norm_ascii_plain(f->n, p, max, &f->in_word);
    else
        f->i += f->n->fold_ascii(f->n, p, max, &f->in_word);
    return WINNOW_OK;
}

static int fold_all(struct folding *f)
{
    int status = WINNOW_OK;
    while (f->i < f->len && status == WINNOW_OK) {
        size_t end = f->len - f->i < CHUNK ? f->len : f->i + CHUNK;
        status = norm_make_room(f->n);
        while (f->i < end && status == WINNOW_OK)
            status = f->text[f->i] < 128 ? fold_ascii(f, end) : fold_wide(f, end);
    }
    return status;
}

/* The cache, and what else is not made for an empty stream. */
static int make_ready(struct norm *n)
{
    n->fold_ascii = norm_ascii_best();
    n->cache = calloc(1, sizeof *n->cache);
    return n->cache ? norm_make_room(n) : WINNOW_ENOMEM;
}

int norm_add(struct norm *n, struct slice text, uint32_t at, bool inside_word)
{
    struct folding f;
    int status = n->cache ? WINNOW_OK : make_ready(n);
    if (status != WINNOW_OK || text.len == 0)
        return status;
    norm_start(&f, n->cache, text.p, text.len, at);
    f.n = n;
    f.in_word = inside_word;
    /* A piece that goes on where the last one stopped is folded by itself. */
    uint64_t due = 0;
    if (n->nanchors > 0 && at > n->end)
        due = (uint64_t)n->anchors[n->nanchors - 1].at + ANCHOR_EVERY;
    f.due = due > at ? due - at : 0;
    n->piece = text.p;
    n->piece_at = at;
    n->end = (uint64_t)at + text.len;
    uint32_t from = n->len;
    status = fold_all(&f);
    return status == WINNOW_OK ? norm_seal(n, from) : status;
}
