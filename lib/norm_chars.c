/* norm_chars.c - what a character beyond ASCII becomes, and how much it weighs.
 *
 * 1. A character becomes at most PARTS_MAX others, and at most GROWTH_MAX bytes for each
 *    of its own.  One that would become more stays itself and is a letter: U+FDFA, which
 *    is a sentence, and the squares in which a whole Japanese word stands.
 * 2. Only what a text holds is remembered, in a table that belongs to its stream: nothing
 *    is shared, and a short text pays for its own alphabet alone.
 * 3. Marks of class 0 are kept where they stand; those of a higher one are put in
 *    canonical order. */
#include <stdlib.h>
#include <utf8proc.h>

#include "norm_parts.h"

enum {
    TATWEEL = 0x0640,
    ZERO_WIDTH_SPACE = 0x200B,
};

/* Characters that stand for an apostrophe, though Unicode calls some letters. */
static const int32_t apostrophes[] = {
    0x00B4, 0x02B9, 0x02BB, 0x02BC, 0x02BD, 0x02C8, 0x2018, 0x2019, 0x201B, 0x2032, 0xFF07,
};

/* Scripts whose words are not set apart by spaces, Hangul aside. */
static const struct {
    int32_t first, last;
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
    {0x3300, 0x33FF, true},   /* squares that stay themselves */
    {0x3400, 0x9FFF, true},   /* Han */
    {0xF900, 0xFAFF, true},   /* Han, compatibility */
    {0x1B000, 0x1B16F, true}, /* kana supplements */
    {0x20000, 0x3FFFF, true}, /* Han extensions */
};

/* --- properties -------------------------------------------------------------------------- */

static bool is_apostrophe(int32_t c)
{
    for (size_t i = 0; i < sizeof apostrophes / sizeof *apostrophes; i++)
        if (apostrophes[i] == c)
            return true;
    return false;
}

static bool is_unspaced(int32_t c, bool *ret_heavy)
{
    for (size_t i = 0; i < sizeof unspaced / sizeof *unspaced && unspaced[i].first <= c; i++)
        if (c <= unspaced[i].last) {
            *ret_heavy = unspaced[i].heavy;
            return true;
        }
    return false;
}

static bool is_mark(const utf8proc_property_t *props)
{
    return props->category >= UTF8PROC_CATEGORY_MN && props->category <= UTF8PROC_CATEGORY_ME;
}

/* Letters and numbers; marks too. */
static bool is_kept(const utf8proc_property_t *props)
{
    return props->category >= UTF8PROC_CATEGORY_LU && props->category <= UTF8PROC_CATEGORY_NO;
}

static unsigned char_weight(int32_t c)
{
    const utf8proc_property_t *props = utf8proc_get_property(c);
    bool heavy = false;
    if (is_mark(props))
        return props->combining_class == 0 ? 1 : 0;
    if (is_hangul(c))
        return 3;
    return is_unspaced(c, &heavy) && heavy ? 3 : 1;
}

int32_t norm_read_any(const unsigned char *text, size_t len, size_t *ret_len)
{
    utf8proc_int32_t c;
    utf8proc_ssize_t got = utf8proc_iterate(text, (utf8proc_ssize_t)len, &c);
    *ret_len = got > 0 ? (size_t)got : 1;
    return got > 0 ? c : -1;
}

/* --- decomposition ----------------------------------------------------------------------- */

static enum role letter_role(int32_t c)
{
    bool heavy;
    return is_unspaced(c, &heavy) ? CHARACTER : LETTER;
}

static enum role role_of(int32_t c, const utf8proc_property_t *props)
{
    if (!is_kept(props))
        return props->ignorable || is_apostrophe(c) || c == '\'' ? JOINS : SEPARATES;
    if (props->combining_class > 0)
        return WAITS;
    return is_mark(props) ? MARK : letter_role(c);
}

/* A character that is decomposed and folded, or needs not be. */
static struct part part_of(int32_t c)
{
    const utf8proc_property_t *props = utf8proc_get_property(c);
    struct part ret = {
        .c = c,
        .role = (uint8_t)role_of(c, props),
        .class = (uint8_t)props->combining_class,
        .weight = (uint8_t)char_weight(c),
    };
    ret.len = (uint8_t)utf8proc_encode_char(c, ret.utf8);
    return ret;
}

/* c as a letter, whatever it is. */
static struct part letter_of(int32_t c)
{
    struct part ret = part_of(c);
    ret.role = (uint8_t)letter_role(c);
    return ret;
}

/* The bytes that the stream grows by.  A jamo behind another makes no syllable longer. */
static size_t kept_len(const struct part *parts, size_t count)
{
    size_t ret = 0;
    for (size_t i = 0; i < count; i++) {
        bool composed = i > 0 && parts[i].c >= JAMO_V && parts[i].c <= JAMO_LAST;
        if (parts[i].role >= WAITS && !composed)
            ret += parts[i].len;
    }
    return ret;
}

/* What c, which is decomposed or folded, becomes. */
static size_t decompose(int32_t c, struct part ret[PARTS_MAX])
{
    utf8proc_int32_t folded[PARTS_MAX];
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(
        c, folded, PARTS_MAX,
        UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE, &boundary);
    /* An accent that stands alone decomposes to a space under it: punctuation. */
    if (count > 1 && folded[0] == ' ')
        count = 1;
    struct part itself = letter_of(c);
    bool fits = count <= PARTS_MAX;
    for (utf8proc_ssize_t i = 0; fits && i < count; i++)
        ret[i] = part_of(folded[i]);
    if (count <= 0)
        return 0;
    if (fits && kept_len(ret, (size_t)count) <= GROWTH_MAX * (size_t)itself.len)
        return (size_t)count;
    ret[0] = itself;
    return 1;
}

size_t norm_parts_of(int32_t c, struct part ret[PARTS_MAX])
{
    const utf8proc_property_t *props = utf8proc_get_property(c);
    if (c == ZERO_WIDTH_SPACE) {
        ret[0] = (struct part){.c = c, .role = ENDS_WORD};
        return 1;
    }
    if (props->ignorable || c == TATWEEL || is_apostrophe(c))
        return 0;
    bool plain = props->decomp_seqindex == UINT16_MAX && props->casefold_seqindex == UINT16_MAX;
    if (!plain && !is_hangul(c))
        return decompose(c, ret);
    ret[0] = part_of(c);
    return 1;
}

/* --- what is remembered ------------------------------------------------------------------ */

void norm_cache_free(struct norm_cache *cache)
{
    if (!cache)
        return;
    free(cache->pages);
    free(cache->parts);
    free(cache);
}

/* The fold of one part that needs nothing but to be appended or dropped; else UNKNOWN. */
static uint32_t simple_fold(const struct part *part)
{
    bool jamo = part->c >= JAMO_L && part->c <= JAMO_LAST;
    if (part->role == SEPARATES)
        return (uint32_t)KEPT << FOLD_KIND;
    if (part->role < LETTER || jamo || is_hangul(part->c) || part->c > 0xFFFF)
        return UNKNOWN;
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
        size_t cap = cache->parts_cap + cache->parts_cap / 2 + 8 * PARTS_MAX;
        struct part *grown = realloc(cache->parts, cap * sizeof *grown);
        if (!grown)
            return UNKNOWN;
        cache->parts = grown;
        cache->parts_cap = cap;
    }
    struct part *to = &cache->parts[cache->nparts];
    uint32_t ret = (uint32_t)cache->nparts | (uint32_t)PARTS << FOLD_KIND;
    to[0] = (struct part){.c = (int32_t)count};
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

uint32_t norm_learn_fold(struct norm_cache *cache, uint32_t c)
{
    struct part parts[PARTS_MAX];
    if (c >= PAIRS && cache->page_of[c / PAGE] == 0 && !add_page(cache, c / PAGE))
        return UNKNOWN;
    size_t count = norm_parts_of((int32_t)c, parts);
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

/* --- measuring --------------------------------------------------------------------------- */

/* Letters among which is no mark. */
static const struct {
    int32_t first, last;
    uint32_t weight;
} letters[] = {
    {0x80, 0x2FF, 1},  {0x370, 0x482, 1},   {0x48A, 0x58F, 1},   {0x5D0, 0x5EA, 1},
    {0x620, 0x64A, 1}, {0x4E00, 0x9FFF, 3}, {0xAC00, 0xD7A3, 3},
};

static uint32_t weight_of(int32_t c)
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
        int32_t c = read_char(n->bytes + from, to - from, &len);
        weight += c >= 0 ? weight_of(c) : 0;
        from += (uint32_t)len;
    }
    return weight;
}
