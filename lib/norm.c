/* norm.c - fold a page's text into the stream that two copies of a passage share.
 *
 * 1. Nothing is read beyond the slice: a broken sequence is passed over a byte at
 *    a time.
 * 2. map never falls, and each entry points at a character's first byte.
 * 3. The cost of a byte is bounded: marks are put in canonical order 32 at a time,
 *    so a letter under a million of them costs no more than a million letters.
 *
 * Most text is ASCII, and most of it is kept, so ASCII goes through a table
 * without a branch; most of the rest is letters that are their own fold, which
 * one look at their properties shows. */
#include "norm.h"

#include <stdlib.h>
#include <utf8proc.h>

enum {
    SEPARATOR = 0, /* dropped, and a word ends */
    JOINER = 1,    /* dropped, and the word goes on: an apostrophe */
    ASCII_RUN = 1024, /* characters between two looks at the room left */
    MARKS_MAX = 32,   /* sorted at a time */
    DECOMPOSED_MAX = 64, /* characters; the longest in Unicode is 18 */
};

/* What an ASCII character becomes. */
static const unsigned char ascii_fold[128] = {
    ['\''] = JOINER, ['`'] = JOINER,
    ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4',
    ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9',
#define FOLD(upper, lower) [upper] = lower, [lower] = lower
    FOLD('A', 'a'), FOLD('B', 'b'), FOLD('C', 'c'), FOLD('D', 'd'), FOLD('E', 'e'),
    FOLD('F', 'f'), FOLD('G', 'g'), FOLD('H', 'h'), FOLD('I', 'i'), FOLD('J', 'j'),
    FOLD('K', 'k'), FOLD('L', 'l'), FOLD('M', 'm'), FOLD('N', 'n'), FOLD('O', 'o'),
    FOLD('P', 'p'), FOLD('Q', 'q'), FOLD('R', 'r'), FOLD('S', 's'), FOLD('T', 't'),
    FOLD('U', 'u'), FOLD('V', 'v'), FOLD('W', 'w'), FOLD('X', 'x'), FOLD('Y', 'y'),
    FOLD('Z', 'z'),
#undef FOLD
};

/* Characters that stand for an apostrophe, though Unicode calls some letters. */
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
    HANGUL_FIRST = 0xAC00, HANGUL_LAST = 0xD7A3,
    JAMO_L = 0x1100, JAMO_V = 0x1161, JAMO_T = 0x11A7,
    JAMO_LS = 19, JAMO_VS = 21, JAMO_TS = 28,
    TATWEEL = 0x0640, ZERO_WIDTH_SPACE = 0x200B,
};

/* Where norm_add stands in its text. */
struct folding {
    struct norm *n;
    uint32_t at; /* of the character being folded, in the page's text */
    bool in_word;
    utf8proc_int32_t last; /* appended last; 0 where Hangul cannot go on from it */
    utf8proc_int32_t marks[MARKS_MAX];
    uint8_t classes[MARKS_MAX]; /* canonical combining classes */
    unsigned nmarks;
    uint32_t marks_at;
};

void norm_init(struct norm *n)
{
    *n = (struct norm){0};
}

void norm_free(struct norm *n)
{
    free(n->bytes);
    free(n->map);
    free(n->words);
    norm_init(n);
}

void norm_clear(struct norm *n)
{
    n->len = 0;
    n->nwords = 0;
}

/* --- room ----------------------------------------------------------------------- */

/* A half more than asked for, so that appending is linear; not double, because
 * these arrays are most of what a page costs. */
static uint32_t grown(uint32_t have, uint32_t need)
{
    uint64_t cap = have + (uint64_t)have / 2;
    if (cap < need)
        cap = need;
    return cap < 4096 ? 4096 : cap > UINT32_MAX ? UINT32_MAX : (uint32_t)cap;
}

static int reserve_bytes(struct norm *n, uint32_t more)
{
    if (n->cap - n->len >= more)
        return WINNOW_OK;
    if (UINT32_MAX - n->len < more)
        return WINNOW_ELIMIT;
    uint32_t cap = grown(n->cap, n->len + more);
    unsigned char *bytes = realloc(n->bytes, cap);
    if (!bytes)
        return WINNOW_ENOMEM;
    n->bytes = bytes;
    uint32_t *map = realloc(n->map, cap * sizeof *map);
    if (!map)
        return WINNOW_ENOMEM;
    n->map = map;
    n->cap = cap;
    return WINNOW_OK;
}

static int reserve_words(struct norm *n, uint32_t more)
{
    if (n->words_cap - n->nwords >= more)
        return WINNOW_OK;
    if (UINT32_MAX - n->nwords < more)
        return WINNOW_ELIMIT;
    uint32_t cap = grown(n->words_cap, n->nwords + more);
    uint32_t *words = realloc(n->words, cap * sizeof *words);
    if (!words)
        return WINNOW_ENOMEM;
    n->words = words;
    n->words_cap = cap;
    return WINNOW_OK;
}

/* Room for `more` characters of UTF-8, each perhaps the start of a word. */
static int reserve(struct norm *n, uint32_t more)
{
    int status = reserve_bytes(n, 4 * more);
    return status == WINNOW_OK ? reserve_words(n, more) : status;
}

/* --- characters ----------------------------------------------------------------- */

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

/* --- appending; room has been made ---------------------------------------------- */

static void append(struct folding *f, utf8proc_int32_t c, uint32_t at)
{
    struct norm *n = f->n;
    utf8proc_ssize_t len = utf8proc_encode_char(c, n->bytes + n->len);
    for (utf8proc_ssize_t i = 0; i < len; i++)
        n->map[n->len++] = at;
    f->last = c;
}

/* Appends the waiting marks in canonical order: é is e and its accent, in whatever
 * order an editor typed two accents.  Insertion keeps equal classes as they were. */
static void flush_marks(struct folding *f)
{
    for (unsigned i = 1; i < f->nmarks; i++) {
        utf8proc_int32_t mark = f->marks[i];
        uint8_t class = f->classes[i];
        unsigned to = i;
        for (; to > 0 && f->classes[to - 1] > class; to--) {
            f->marks[to] = f->marks[to - 1];
            f->classes[to] = f->classes[to - 1];
        }
        f->marks[to] = mark;
        f->classes[to] = class;
    }
    for (unsigned i = 0; i < f->nmarks; i++)
        append(f, f->marks[i], f->marks_at);
    f->nmarks = 0;
}

static void hold_mark(struct folding *f, utf8proc_int32_t c, utf8proc_propval_t class)
{
    if (f->nmarks == 0)
        f->marks_at = f->at;
    f->marks[f->nmarks] = c;
    f->classes[f->nmarks++] = (uint8_t)class;
}

static void append_letter(struct folding *f, utf8proc_int32_t c, bool mark)
{
    struct norm *n = f->n;
    bool heavy;
    utf8proc_int32_t syllable = compose_hangul(f->last, c);
    if (syllable) { /* as long in UTF-8 as what it takes the place of */
        utf8proc_encode_char(syllable, n->bytes + n->len - 3);
        f->last = syllable;
        return;
    }
    if (!mark && (!f->in_word || is_unspaced(c, &heavy)))
        n->words[n->nwords++] = n->len;
    f->in_word = true;
    append(f, c, f->at);
}

/* One decomposed, folded character. */
static int fold_part(struct folding *f, utf8proc_int32_t c)
{
    const utf8proc_property_t *props = utf8proc_get_property(c);
    if (f->nmarks == MARKS_MAX || (f->nmarks > 0 && props->combining_class == 0)) {
        int status = reserve(f->n, MARKS_MAX);
        if (status != WINNOW_OK)
            return status;
        flush_marks(f);
    }
    if (!is_kept(props->category)) {
        f->in_word = f->in_word && (props->ignorable || is_apostrophe(c) || c == '\'');
        f->last = 0;
        return WINNOW_OK;
    }
    if (props->combining_class > 0) {
        hold_mark(f, c, props->combining_class);
        return WINNOW_OK;
    }
    int status = reserve(f->n, 1);
    if (status == WINNOW_OK)
        append_letter(f, c, is_mark(props->category));
    return status;
}

static int fold_char(struct folding *f, utf8proc_int32_t c)
{
    const utf8proc_property_t *props = utf8proc_get_property(c);
    if (c == ZERO_WIDTH_SPACE) {
        f->in_word = false;
        return WINNOW_OK;
    }
    if (props->ignorable || c == TATWEEL || is_apostrophe(c))
        return WINNOW_OK;
    bool plain = props->decomp_seqindex == UINT16_MAX && props->casefold_seqindex == UINT16_MAX;
    if (plain || is_hangul(c))
        return fold_part(f, c);

    utf8proc_int32_t parts[DECOMPOSED_MAX];
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(
        c, parts, DECOMPOSED_MAX,
        UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE, &boundary);
    if (count > DECOMPOSED_MAX)
        count = DECOMPOSED_MAX;
    /* An accent that stands alone decomposes to a space under it: punctuation. */
    if (count > 1 && parts[0] == ' ')
        count = 1;
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        int status = fold_part(f, parts[i]);
        if (status != WINNOW_OK)
            return status;
    }
    return WINNOW_OK;
}

/* Appends the ASCII at the front of text; *used is its length. */
static int fold_ascii(struct folding *f, struct slice text, uint32_t at, size_t *used)
{
    struct norm *n = f->n;
    size_t max = text.len < ASCII_RUN ? text.len : ASCII_RUN;
    int status = reserve(n, (uint32_t)max + MARKS_MAX);
    if (status != WINNOW_OK)
        return status;
    flush_marks(f);
    const unsigned char *p = (const unsigned char *)text.p;
    uint32_t len = n->len, nwords = n->nwords;
    unsigned in_word = f->in_word;
    size_t i = 0;
    for (; i < max && p[i] < 128; i++) {
        unsigned folded = ascii_fold[p[i]];
        unsigned kept = folded > JOINER;
        n->bytes[len] = (unsigned char)folded;
        n->map[len] = at + (uint32_t)i;
        n->words[nwords] = len;
        nwords += kept & ~in_word;
        len += kept;
        in_word = kept | (in_word & (folded == JOINER));
    }
    n->len = len;
    n->nwords = nwords;
    f->in_word = in_word;
    f->last = 0;
    *used = i;
    return WINNOW_OK;
}

int norm_add(struct norm *n, struct slice text, uint32_t at, bool inside_word)
{
    struct folding f = {.n = n, .in_word = inside_word};
    size_t i = 0, used;
    while (i < text.len) {
        struct slice rest = {text.p + i, text.len - i};
        int status;
        if ((unsigned char)rest.p[0] < 128) {
            status = fold_ascii(&f, rest, at + (uint32_t)i, &used);
        } else {
            utf8proc_int32_t c;
            utf8proc_ssize_t got = utf8proc_iterate((const utf8proc_uint8_t *)rest.p,
                                                    (utf8proc_ssize_t)rest.len, &c);
            used = got > 0 ? (size_t)got : 1;
            f.at = at + (uint32_t)i;
            status = got > 0 ? fold_char(&f, c) : WINNOW_OK;
        }
        if (status != WINNOW_OK)
            return status;
        i += used;
    }
    int status = reserve(n, MARKS_MAX);
    if (status == WINNOW_OK)
        flush_marks(&f);
    return status;
}

/* --- measuring -------------------------------------------------------------------- */

static unsigned char_weight(utf8proc_int32_t c)
{
    bool heavy = is_hangul(c);
    if (is_mark(utf8proc_category(c)))
        return 0;
    if (!heavy && !is_unspaced(c, &heavy))
        return 1;
    return heavy ? 3 : 1;
}

uint32_t norm_weight(const struct norm *n, uint32_t from, uint32_t to)
{
    uint32_t weight = 0;
    while (from < to) {
        if (n->bytes[from] < 128) {
            weight++;
            from++;
            continue;
        }
        utf8proc_int32_t c;
        utf8proc_ssize_t got = utf8proc_iterate(n->bytes + from, to - from, &c);
        weight += got > 0 ? char_weight(c) : 0;
        from += got > 0 ? (uint32_t)got : 1;
    }
    return weight;
}

uint32_t norm_word_at(const struct norm *n, uint32_t pos)
{
    uint32_t low = 0, high = n->nwords;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (n->words[mid] < pos)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}
