/* norm.c - fold a page's text into the stream that two copies of a passage share.
 *
 * 1. Nothing is read beyond the pieces: a broken sequence is passed over a byte at
 *    a time.
 * 2. norm_text_at never falls, and gives characters' first bytes.
 * 3. The cost of a byte is bounded: marks are put in canonical order 32 at a time,
 *    so a letter under a million of them costs no more than a million letters.
 * 4. An anchor is a place from which folding needs nothing of what came before: no
 *    mark waits there, and the character makes no syllable with those before it.
 *    The first such place that is looked at ANCHOR_EVERY bytes of text behind the
 *    last anchor becomes one, and none lies ASCII_STEP bytes further.  So what a
 *    place comes from is found within as many bytes of the anchor before it, or it
 *    is a mark that belongs to the marks waiting there.
 *
 * ASCII is folded by norm_ascii.c.  Han and Hangul syllables are their own fold.
 * What any other character of the first two planes becomes is found out when it is
 * first met, and then stands in a table of this stream's own, so that nothing is
 * shared and a short text pays for its own alphabet alone.  Letters of two bytes and
 * Han go through loops that do nothing else.  Of the time that it takes to look up
 * every character's properties that leaves a sixth for Russian, a seventh for
 * Chinese, a fifth for Arabic, a third for German and Vietnamese. */
#include "norm.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "norm_parts.h"

enum {
    MARKS_MAX = 32,      /* sorted at a time */
    DECOMPOSED_MAX = 64, /* characters; the longest in Unicode is 18 */
};

/* Characters that stand for an apostrophe, though Unicode calls some letters.
 */
static const utf8proc_int32_t apostrophes[] = {
    0x00B4, 0x02B9, 0x02BB, 0x02BC, 0x02BD, 0x02C8, 0x2018, 0x2019, 0x201B, 0x2032, 0xFF07,
};

/* Scripts whose words are not set apart by spaces, Hangul aside. */
static const struct {
    utf8proc_int32_t first, last;
    bool heavy; /* one character a syllable or word */
} unspaced[] = {
    {0x0E00, 0x0EFF, false},  /* Thai, Lao */
    {0x0F00, 0x109F, false},  /* Tibetan, Myanmar */
    {0x1780, 0x17FF, false},  /* Khmer */
    {0x2E80, 0x2FDF, true},   /* radicals */
    {0x3005, 0x3007, true},   /* iteration mark, zero */
    {0x3041, 0x30FF, true},   /* kana */
    {0x3105, 0x312F, true},   /* bopomofo */
    {0x31F0, 0x31FF, true},   /* kana extensions */
    {0x3400, 0x9FFF, true},   /* Han */
    {0xF900, 0xFAFF, true},   /* Han, compatibility */
    {0x1B000, 0x1B16F, true}, /* kana supplements */
    {0x20000, 0x3FFFF, true}, /* Han extensions */
};

enum {
    HANGUL_FIRST = 0xAC00,
    HANGUL_LAST = 0xD7A3,
    JAMO_L = 0x1100,
    JAMO_V = 0x1161,
    JAMO_T = 0x11A7,
    JAMO_LS = 19,
    JAMO_VS = 21,
    JAMO_TS = 28,
    TATWEEL = 0x0640,
    ZERO_WIDTH_SPACE = 0x200B,
};

/* What one character of a decomposition does. */
enum role {
    ENDS_WORD, /* dropped, and a word ends, but the marks before wait on */
    SEPARATES, /* dropped, and a word ends */
    JOINS,     /* dropped, and the word goes on */
    WAITS,     /* a mark that is put in order among others */
    LETTER,    /* may start a word */
    CHARACTER, /* always starts one */
    MARK,      /* never does */
};

struct part {
    utf8proc_int32_t c;
    uint8_t role;   /* enum role */
    uint8_t class;  /* canonical combining class */
    uint8_t weight; /* as norm_weight counts */
    uint8_t len;    /* of its UTF-8 */
    unsigned char utf8[4];
};

/* What a character becomes, in 32 bits: most are kept as one character of at
 * most three bytes, or dropped. */
enum {
    FOLD_LEN = 24,            /* of the UTF-8 in the bits below: two bits */
    FOLD_WEIGHT = 26,         /* two bits */
    FOLD_STARTS = 1 << 28,    /* starts a word, wherever it stands */
    FOLD_CONTINUES = 1 << 29, /* starts none, wherever it stands */
    FOLD_KIND = 30,           /* two bits, enum fold_kind */
};

enum fold_kind {
    UNKNOWN,
    KEPT,    /* nothing to put in order or to compose; a separator has no bytes */
    NO_PART, /* as if it were not there */
    PARTS,   /* the rest of the bits: where in norm_cache.parts its number and
                parts are */
};

/* Is it kept as one letter, which starts a word only behind something else? */
static inline bool is_letter(uint32_t fold)
{
    return fold >> FOLD_WEIGHT == (1 | (uint32_t)KEPT << (FOLD_KIND - FOLD_WEIGHT));
}

/* Letters and symbols that are decomposed: nearly all are in the first two
 * planes. */
enum { REMEMBERED = 0x20000, PAGE = 64, PAGES = REMEMBERED / PAGE };

/* Characters of two bytes, among them whole alphabets, have a table of their
 * own. */
enum { PAIRS = 0x800 };

struct norm_cache {
    uint32_t pairs[PAIRS];
    uint16_t page_of[PAGES]; /* 0: none yet */
    uint32_t (*pages)[PAGE];
    size_t npages, pages_cap;
    struct part *parts; /* the number of those that follow is the c of the first */
    size_t nparts, parts_cap;
};

/* Where a text is being folded: to the end of n, or only to find a place. Marks
 * are put in order in the stream itself. */
struct folding {
    struct norm *n; /* NULL: the place is sought that is `ahead` bytes away */
    struct norm_cache *cache;
    const unsigned char *text; /* and i is the next character in it */
    size_t i, len;
    uint64_t due; /* the i from which on an anchor is wanted */
    uint32_t at;  /* where text stands in the page's text */
    bool in_word;
    utf8proc_int32_t last; /* appended last; 0 where Hangul cannot go on from it */
    unsigned nmarks;       /* at the stream's end, that marks to come are put in order
                      with */
    uint32_t marks_at;
    uint32_t ahead;
    bool found;
    uint32_t found_at;
    uint8_t classes[MARKS_MAX], lens[MARKS_MAX]; /* of the marks */
};

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
    if (n->cache) {
        free(n->cache->pages);
        free(n->cache->parts);
        free(n->cache);
    }
    norm_init(n);
}

void norm_clear(struct norm *n)
{
    n->len = n->nwords = 0;
    n->weight = n->end = 0;
    n->nblocks = n->nhints = n->nanchors = 0;
}

/* --- characters
 * ----------------------------------------------------------------- */

static bool is_apostrophe(utf8proc_int32_t c)
{
    for (size_t i = 0; i < sizeof apostrophes / sizeof *apostrophes; i++)
        if (apostrophes[i] == c)
            return true;
    return false;
}

static bool is_unspaced(utf8proc_int32_t c, bool *heavy)
{
    if (c < unspaced[0].first)
        return false;
    for (size_t i = 0; i < sizeof unspaced / sizeof *unspaced && unspaced[i].first <= c; i++)
        if (c <= unspaced[i].last) {
            *heavy = unspaced[i].heavy;
            return true;
        }
    return false;
}

static bool is_hangul(utf8proc_int32_t c)
{
    return c >= HANGUL_FIRST && c <= HANGUL_LAST;
}

static bool is_mark(utf8proc_category_t category)
{
    return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

/* Letters and numbers; marks too. */
static bool is_kept(utf8proc_category_t category)
{
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

/* The syllable that a conjoining jamo makes of what stands before it, or 0. */
static utf8proc_int32_t compose_hangul(utf8proc_int32_t last, utf8proc_int32_t jamo)
{
    utf8proc_int32_t l = last - JAMO_L, v = jamo - JAMO_V, t = jamo - JAMO_T;
    if (l >= 0 && l < JAMO_LS && v >= 0 && v < JAMO_VS)
        return HANGUL_FIRST + (l * JAMO_VS + v) * JAMO_TS;
    if (is_hangul(last) && (last - HANGUL_FIRST) % JAMO_TS == 0 && t > 0 && t < JAMO_TS)
        return last + t;
    return 0;
}

static unsigned char_weight(utf8proc_int32_t c)
{
    bool heavy = is_hangul(c);
    if (is_mark(utf8proc_category(c)))
        return 0;
    if (!heavy && !is_unspaced(c, &heavy))
        return 1;
    return heavy ? 3 : 1;
}

/* A character that is decomposed and folded, or needs not be. */
static struct part part_of(utf8proc_int32_t c)
{
    const utf8proc_property_t *props = utf8proc_get_property(c);
    bool heavy;
    struct part ret = {.c = c, .class = (uint8_t)props->combining_class};
    ret.len = (uint8_t)utf8proc_encode_char(c, ret.utf8);
    if (!is_kept(props->category)) {
        bool joins = props->ignorable || is_apostrophe(c) || c == '\'';
        ret.role = joins ? JOINS : SEPARATES;
    } else if (props->combining_class > 0) {
        ret.role = WAITS;
    } else {
        ret.weight = (uint8_t)char_weight(c);
        ret.role = is_mark(props->category) ? MARK : is_unspaced(c, &heavy) ? CHARACTER : LETTER;
    }
    return ret;
}

/* What c becomes; how many. */
static size_t parts_of(utf8proc_int32_t c, struct part ret[DECOMPOSED_MAX])
{
    const utf8proc_property_t *props = utf8proc_get_property(c);
    if (c == ZERO_WIDTH_SPACE) {
        ret[0] = (struct part){.c = c, .role = ENDS_WORD};
        return 1;
    }
    if (props->ignorable || c == TATWEEL || is_apostrophe(c))
        return 0;
    bool plain = props->decomp_seqindex == UINT16_MAX && props->casefold_seqindex == UINT16_MAX;
    if (plain || is_hangul(c)) {
        ret[0] = part_of(c);
        return 1;
    }
    utf8proc_int32_t folded[DECOMPOSED_MAX];
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(
        c, folded, DECOMPOSED_MAX,
        UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE, &boundary);
    if (count > DECOMPOSED_MAX)
        count = DECOMPOSED_MAX;
    /* An accent that stands alone decomposes to a space under it: punctuation. */
    if (count > 1 && folded[0] == ' ')
        count = 1;
    for (utf8proc_ssize_t i = 0; i < count; i++)
        ret[i] = part_of(folded[i]);
    return count > 0 ? (size_t)count : 0;
}

/* The character at text[0] and its length; -1 and 1 where a sequence is broken.
 */
static inline utf8proc_int32_t read_char(const unsigned char *text, size_t len, size_t *ret_len)
{
    unsigned char first = text[0];
    if (first >= 0xC2 && first < 0xE0 && len > 1 && (text[1] & 0xC0) == 0x80) {
        *ret_len = 2;
        return (first & 0x1F) << 6 | (text[1] & 0x3F);
    }
    if (first > 0xE0 && first < 0xF0 && first != 0xED && len > 2 && (text[1] & 0xC0) == 0x80 &&
        (text[2] & 0xC0) == 0x80) {
        *ret_len = 3;
        return (first & 0x0F) << 12 | (text[1] & 0x3F) << 6 | (text[2] & 0x3F);
    }
    utf8proc_int32_t c;
    utf8proc_ssize_t got = utf8proc_iterate(text, (utf8proc_ssize_t)len, &c);
    *ret_len = got > 0 ? (size_t)got : 1;
    return got > 0 ? c : -1;
}

/* --- what characters become, remembered
 * ------------------------------------------- */

/* The fold of one part that needs nothing but to be appended or dropped; else
 * 0. */
static uint32_t simple_fold(const struct part *part)
{
    bool jamo = part->c >= JAMO_L && part->c < JAMO_L + 0x100;
    if (part->role == SEPARATES)
        return (uint32_t)KEPT << FOLD_KIND;
    if (part->role < LETTER || jamo || is_hangul(part->c) || part->c > 0xFFFF)
        return 0;
    uint32_t len = part->len, ret = 0;
    for (uint32_t i = 0; i < len; i++)
        ret |= (uint32_t)part->utf8[i] << 8 * i;
    ret |= part->role == CHARACTER ? FOLD_STARTS : part->role == MARK ? FOLD_CONTINUES : 0;
    return ret | len << FOLD_LEN | (uint32_t)part->weight << FOLD_WEIGHT |
           (uint32_t)KEPT << FOLD_KIND;
}

static uint32_t remember_parts(struct norm_cache *cache, const struct part *parts, size_t count)
{
    if (cache->parts_cap - cache->nparts < count + 1) {
        size_t cap = cache->parts_cap + cache->parts_cap / 2 + DECOMPOSED_MAX + 1;
        struct part *grown = realloc(cache->parts, cap * sizeof *grown);
        if (!grown)
            return UNKNOWN;
        cache->parts = grown;
        cache->parts_cap = cap;
    }
    struct part *to = &cache->parts[cache->nparts];
    uint32_t ret = (uint32_t)cache->nparts | (uint32_t)PARTS << FOLD_KIND;
    to[0] = (struct part){.c = (utf8proc_int32_t)count};
    memcpy(to + 1, parts, count * sizeof *parts);
    cache->nparts += count + 1;
    return ret;
}

static bool add_page(struct norm_cache *cache, uint32_t page)
{
    if (cache->npages == cache->pages_cap) {
        size_t cap = cache->pages_cap + cache->pages_cap / 2 + 8;
        uint32_t(*pages)[PAGE] = realloc(cache->pages, cap * sizeof *pages);
        if (!pages)
            return false;
        cache->pages = pages;
        cache->pages_cap = cap;
    }
    memset(cache->pages[cache->npages], 0, sizeof *cache->pages);
    cache->page_of[page] = (uint16_t)++cache->npages;
    return true;
}

/* What c, below REMEMBERED, is known to become. */
static inline uint32_t known_fold(const struct norm_cache *cache, uint32_t c)
{
    if (c < PAIRS)
        return cache->pairs[c];
    unsigned page = cache->page_of[c / PAGE];
    return page > 0 ? cache->pages[page - 1][c % PAGE] : UNKNOWN;
}

/* UNKNOWN where there is no memory. */
static uint32_t learn_fold(struct norm_cache *cache, uint32_t c)
{
    struct part parts[DECOMPOSED_MAX];
    if (c >= PAIRS && cache->page_of[c / PAGE] == 0 && !add_page(cache, c / PAGE))
        return UNKNOWN;
    size_t count = parts_of((utf8proc_int32_t)c, parts);
    uint32_t fold = count == 1 ? simple_fold(&parts[0]) : UNKNOWN;
    if (count == 0)
        fold = (uint32_t)NO_PART << FOLD_KIND;
    else if (fold == UNKNOWN)
        fold = remember_parts(cache, parts, count);
    if (c < PAIRS)
        cache->pairs[c] = fold;
    else
        cache->pages[cache->page_of[c / PAGE] - 1][c % PAGE] = fold;
    return fold;
}

/* --- appending; room has been made
 * ---------------------------------------------- */

/* Passes over so many bytes that come from `at`, in search of a place. */
static void pass(struct folding *f, uint32_t len, uint32_t at)
{
    if (f->ahead >= len) {
        f->ahead -= len;
    } else if (!f->found) {
        f->found = true;
        f->found_at = at;
    }
}

/* Puts a mark among those at the stream's end in canonical order: é is e and
 * its accent, in whatever order an editor typed two accents.  Those of equal
 * classes stay as they were. */
static void insert_mark(struct folding *f, const struct part *part)
{
    struct norm *n = f->n;
    uint32_t pos = n->len;
    unsigned to = f->nmarks++;
    for (; to > 0 && f->classes[to - 1] > part->class; to--) {
        f->classes[to] = f->classes[to - 1];
        f->lens[to] = f->lens[to - 1];
        pos -= f->lens[to];
    }
    f->classes[to] = part->class;
    f->lens[to] = part->len;
    if (pos < n->len)
        memmove(n->bytes + pos + part->len, n->bytes + pos, n->len - pos);
    memcpy(n->bytes + pos, part->utf8, part->len);
    n->len += part->len;
}

static void append_mark(struct folding *f, const struct part *part)
{
    if (f->nmarks == 0)
        f->marks_at = f->at + (uint32_t)f->i;
    f->last = 0;
    if (f->n) {
        insert_mark(f, part);
    } else {
        f->nmarks++;
        pass(f, part->len, f->marks_at);
    }
}

static void append_syllable(struct folding *f, utf8proc_int32_t syllable)
{
    if (f->n) { /* as long in UTF-8 as what it takes the place of */
        utf8proc_encode_char(syllable, f->n->bytes + f->n->len - 3);
        f->n->weight += f->last < HANGUL_FIRST ? 2 : 0;
    }
    f->last = syllable;
}

static void append_letter(struct folding *f, const struct part *part)
{
    struct norm *n = f->n;
    if (n) {
        bool starts = part->role == CHARACTER || (part->role == LETTER && !f->in_word);
        n->blocks[n->len / 64].starts |= (uint64_t)starts << n->len % 64;
        n->weight += part->weight;
        memcpy(n->bytes + n->len, part->utf8, sizeof part->utf8);
        n->len += part->len;
    } else {
        pass(f, part->len, f->at + (uint32_t)f->i);
    }
    f->in_word = true;
    f->last = part->c;
}

/* Makes an anchor of the character at hand, from its given part on. */
static int push_anchor(struct folding *f, uint32_t part)
{
    f->due = f->i + ANCHOR_EVERY;
    return norm_push_anchor(f->n, f->at + (uint32_t)f->i, part);
}

/* The given part of the character at hand. */
static int fold_part(struct folding *f, const struct part *part, uint32_t number)
{
    if (part->role == ENDS_WORD) {
        f->in_word = false;
        return WINNOW_OK;
    }
    if (part->role != WAITS || f->nmarks == MARKS_MAX)
        f->nmarks = 0;
    utf8proc_int32_t syllable =
        part->role == LETTER && part->c >= JAMO_V ? compose_hangul(f->last, part->c) : 0;
    int status = WINNOW_OK;
    if (syllable)
        append_syllable(f, syllable);
    else if (f->nmarks == 0 && f->i >= f->due)
        status = push_anchor(f, number);
    if (part->role == WAITS)
        append_mark(f, part);
    else if (part->role >= LETTER && !syllable)
        append_letter(f, part);
    else if (part->role < LETTER) {
        f->in_word = f->in_word && part->role == JOINS;
        f->last = 0;
    }
    return status;
}

/* --- folding a text
 * ------------------------------------------------------------------ */

/* The character c at f->i, from one of its parts on. */
static int fold_slowly(struct folding *f, utf8proc_int32_t c, uint32_t from)
{
    struct part own[DECOMPOSED_MAX];
    const struct part *parts = own;
    size_t count;
    uint32_t fold = c < REMEMBERED ? known_fold(f->cache, (uint32_t)c) : UNKNOWN;
    if (fold >> FOLD_KIND == PARTS) {
        parts = &f->cache->parts[fold & ~((uint32_t)PARTS << FOLD_KIND)];
        count = (size_t)parts++->c;
    } else {
        count = parts_of(c, own);
    }
    int status = f->n && count > 4 ? norm_make_room(f->n) : WINNOW_OK;
    for (size_t i = from; i < count && status == WINNOW_OK; i++)
        status = fold_part(f, &parts[i], (uint32_t)i);
    return status;
}

/* Han, which is its own fold; not to the end of the block, which Unicode still
 * fills. */
static inline bool is_han(utf8proc_int32_t c)
{
    return c >= 0x4E00 && c <= 0x9FEF;
}

enum {
    HAN_FOLD = (unsigned)KEPT << FOLD_KIND | FOLD_STARTS | 3 << FOLD_WEIGHT | 3 << FOLD_LEN,
    HANGUL_FOLD = (unsigned)KEPT << FOLD_KIND | 3 << FOLD_WEIGHT | 3 << FOLD_LEN,
};

/* What the character c becomes, if that is known; PARTS too where it must be
 * found out each time. */
static inline uint32_t look_up(const struct norm_cache *cache, utf8proc_int32_t c,
                               const unsigned char *utf8)
{
    if (c < 0)
        return (uint32_t)NO_PART << FOLD_KIND;
    if (is_han(c) || is_hangul(c))
        return (is_han(c) ? HAN_FOLD : HANGUL_FOLD) | utf8[0] | (uint32_t)utf8[1] << 8 |
               (uint32_t)utf8[2] << 16;
    if (c >= REMEMBERED)
        return (uint32_t)PARTS << FOLD_KIND;
    return known_fold(cache, (uint32_t)c);
}

/* --- runs of characters that are kept as one
 * ---------------------------------------- */

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

/* --- any text
 * -------------------------------------------------------------------------- */

/* A character that is kept as one, or a separator. */
static inline int fold_kept(struct folding *f, utf8proc_int32_t c, uint32_t fold)
{
    struct norm *n = f->n;
    f->nmarks = 0;
    int status = f->i >= f->due ? push_anchor(f, 0) : WINNOW_OK;
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
static int fold_simple(struct folding *f, size_t end, utf8proc_int32_t *ret, size_t *ret_len)
{
    int status = WINNOW_OK;
    *ret_len = 0;
    size_t len;
    do {
        const unsigned char *p = f->text + f->i;
        utf8proc_int32_t c = read_char(p, f->len - f->i, &len);
        uint32_t fold = look_up(f->cache, c, p);
        if (fold == UNKNOWN)
            fold = learn_fold(f->cache, (uint32_t)c);
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
    utf8proc_int32_t c;
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
    status = c < 0 ? WINNOW_ENOMEM : fold_slowly(f, c, 0);
    f->i += len;
    return status;
}

/* Are the eight bytes at p ASCII? */
static inline bool are_ascii(const unsigned char *p)
{
    uint64_t eight;
    memcpy(&eight, p, sizeof eight);
    return (eight & 0x8080808080808080u) == 0;
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
    int status = f->i >= f->due ? push_anchor(f, 0) : WINNOW_OK;
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

/* What stands at `at` of a page's text, from where it is folded.  Not all is
 * zeroed: lines are short, and there are many. */
static void start_folding(struct folding *f, struct norm_cache *cache, const char *text, size_t len,
                          uint32_t at)
{
    f->n = NULL;
    f->cache = cache;
    f->text = (const unsigned char *)text;
    f->i = 0;
    f->len = len;
    f->due = UINT64_MAX;
    f->at = at;
    f->in_word = false;
    f->last = 0;
    f->nmarks = 0;
    f->marks_at = at;
    f->ahead = 0;
    f->found = false;
    f->found_at = at;
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
    start_folding(&f, n->cache, text.p, text.len, at);
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

/* --- places in the text
 * ------------------------------------------------------------ */

/* The ASCII at hand. */
static void pass_ascii(struct folding *f)
{
    size_t i = f->i;
    uint32_t ahead = f->ahead;
    for (; i < f->len && f->text[i] < 128; i++) {
        unsigned kept = norm_ascii[f->text[i]] > JOINER;
        if (kept && ahead == 0)
            break;
        ahead -= kept;
    }
    f->found = i < f->len && f->text[i] < 128;
    f->found_at = f->at + (uint32_t)i;
    f->i = i;
    f->ahead = ahead;
    f->nmarks = 0;
    f->last = 0;
}

static void pass_kept(struct folding *f, utf8proc_int32_t c, uint32_t len)
{
    pass(f, len, f->at + (uint32_t)f->i);
    f->nmarks = 0;
    f->last = is_hangul(c) ? c : 0;
}

/* Folds on until it is found, at most so many bytes; then it is among the
 * marks. */
static void seek(struct folding *f, uint32_t part, size_t most)
{
    f->len = f->len < most ? f->len : most;
    for (size_t len; f->i < f->len && !f->found; f->i += len, part = 0) {
        len = 0;
        if (f->text[f->i] < 128) {
            pass_ascii(f);
            continue;
        }
        const unsigned char *p = f->text + f->i;
        utf8proc_int32_t c = read_char(p, f->len - f->i, &len);
        uint32_t fold = look_up(f->cache, c, p);
        if (fold >> FOLD_KIND == KEPT)
            pass_kept(f, c, fold >> FOLD_LEN & 3);
        else if (fold >> FOLD_KIND != NO_PART)
            fold_slowly(f, c, part);
    }
}

uint32_t norm_text_at(const struct norm *n, uint32_t pos)
{
    const struct norm_anchor *from = norm_anchor_of(n, pos);
    struct folding f;
    start_folding(&f, n->cache, n->piece - ((int64_t)n->piece_at - from->at), n->end - from->at,
                  from->at);
    f.ahead = pos - from->pos;
    seek(&f, from->part, ANCHOR_EVERY + ASCII_STEP + 4);
    return f.found ? f.found_at : f.marks_at;
}

/* --- measuring
 * -------------------------------------------------------------------- */

/* Letters among which is no mark. */
static const struct {
    utf8proc_int32_t first, last;
    uint32_t weight;
} letters[] = {
    {0x80, 0x2FF, 1},  {0x370, 0x482, 1},   {0x48A, 0x58F, 1},   {0x5D0, 0x5EA, 1},
    {0x620, 0x64A, 1}, {0x4E00, 0x9FFF, 3}, {0xAC00, 0xD7A3, 3},
};

static uint32_t weight_of(utf8proc_int32_t c)
{
    for (size_t i = 0; i < sizeof letters / sizeof *letters && letters[i].first <= c; i++)
        if (c <= letters[i].last)
            return letters[i].weight;
    return char_weight(c);
}

uint32_t norm_weight(const struct norm *n, uint32_t from, uint32_t to)
{
    uint32_t weight = 0;
    while (from < to) {
        if (to - from >= 8 && are_ascii(n->bytes + from)) {
            weight += 8;
            from += 8;
            continue;
        }
        if (n->bytes[from] < 128) {
            weight++;
            from++;
            continue;
        }
        size_t len;
        utf8proc_int32_t c = read_char(n->bytes + from, to - from, &len);
        weight += c >= 0 ? weight_of(c) : 0;
        from += (uint32_t)len;
    }
    return weight;
}
