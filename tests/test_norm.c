/* test_norm.c - what two texts must share to be the same text. */
#include "testing.h"

#include <utf8proc.h>

#include "norm.h"
#include "norm_parts.h"

static struct norm norm_of(const char *text)
{
    struct norm n;
    norm_init(&n);
    assert_int_equal(norm_add(&n, slice_of(text), 0, false), WINNOW_OK);
    return n;
}

static void expect_norm(const char *text, const char *want)
{
    struct norm n = norm_of(text);
    char got[500];
    assert_true(n.len < sizeof got);
    if (n.len > 0)
        memcpy(got, n.bytes, n.len);
    got[n.len] = '\0';
    assert_string_equal(got, want);
    norm_free(&n);
}

static void expect_same(const char *x, const char *y)
{
    struct norm a = norm_of(x), b = norm_of(y);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.bytes, b.bytes, a.len);
    norm_free(&a);
    norm_free(&b);
}

/* The words of a text, each with a bar before it. */
static void expect_words(const char *text, const char *want)
{
    struct norm n = norm_of(text);
    char got[500] = "";
    for (uint32_t i = 0, word = 0; i < n.len; i++) {
        if (word < n.nwords && norm_word(&n, word) == i) {
            strcat(got, "|");
            word++;
        }
        strncat(got, (const char *)n.bytes + i, 1);
    }
    assert_string_equal(got, want);
    norm_free(&n);
}

static void keeps_letters_and_digits_only(void **state)
{
    (void)state;
    expect_norm("Tea, at 5 o'clock - (perhaps)!", "teaat5oclockperhaps");
    expect_norm("", "");
    expect_norm(" -- \n*** ", "");
    expect_norm("a \u00a8 b \u02d8 c", "abc"); /* accents that stand alone */
}

static void makes_one_of_the_ways_to_write_a_word(void **state)
{
    (void)state;
    expect_same("The council's", "the council\u2019s");
    expect_same("The councils", "the council\u2018s");
    expect_same("The councils", "the council\u00b4s");
    expect_same("from here", "fr om he\u00adre");
    expect_same("discussed? Answer: we", "discussed?Answer: we");
    expect_same("one\u00a0\u2014 two", "one-two");
    expect_same("zero\u200bwidth", "zero width");
    expect_same("broken \ufffd mark", "broken mark");
}

static void folds_what_unicode_calls_equal(void **state)
{
    (void)state;
    expect_same("caf\u00e9", "cafe\u0301");
    expect_same("\u1ec7", "e\u0302\u0323"); /* marks in either order */
    expect_same("\u1ec7", "e\u0323\u0302");
    expect_same("\uff21\uff22\uff11", "ab1");
    expect_same("\ufb01nd", "find");
    expect_same("STRASSE", "stra\u00dfe");
    expect_same("\u041c\u041e\u0421\u041a\u0412\u0410", "\u043c\u043e\u0441\u043a\u0432\u0430");
    expect_same("\u30ac", "\uff76\uff9e");       /* half-width kana */
    expect_same("\ud55c", "\u1112\u1161\u11ab"); /* a syllable of three jamo */
    expect_same("\u0643\u062a\u0640\u0640\u0627\u0628", "\u0643\u062a\u0627\u0628"); /* tatweel */
}

static void keeps_numbers_apart(void **state)
{
    (void)state;
    expect_norm("1,234.5 \u0663", "12345\u0663");
}

static void starts_a_word_after_whatever_parts_words(void **state)
{
    (void)state;
    expect_words("the council's well-known end.Next", "|the|councils|well|known|end|next");
    expect_words("fr om", "|fr|om");
}

static void starts_a_word_at_every_character_of_an_unspaced_script(void **state)
{
    (void)state;
    struct norm n = norm_of("\u4eca\u5929\u5f88\u597d");
    assert_int_equal(n.nwords, 4);
    norm_free(&n);
    n = norm_of("\ud55c\uad6d \uc0ac\ub78c"); /* Korean has spaces */
    assert_int_equal(n.nwords, 2);
    norm_free(&n);
}

static void goes_on_within_a_word_where_asked(void **state)
{
    (void)state;
    const char *text = "beginning offer";
    struct norm n;
    norm_init(&n);
    assert_int_equal(norm_add(&n, (struct slice){text, 5}, 0, false), WINNOW_OK);
    assert_int_equal(norm_add(&n, (struct slice){text + 5, 7}, 5, true), WINNOW_OK);
    assert_int_equal(n.nwords, 2);
    assert_int_equal(norm_add(&n, (struct slice){text + 12, 3}, 12, false), WINNOW_OK);
    assert_int_equal(n.nwords, 3);
    for (uint32_t i = 0, at = 0; i < n.len; i++, at += text[at + 1] == ' ' ? 2 : 1)
        assert_int_equal(norm_text_at(&n, i), at);
    norm_free(&n);
}

/* Two jamo make a syllable, but not across the pieces' border. */
static void finds_places_in_pieces_that_touch(void **state)
{
    (void)state;
    const char *text = "\u1112\u1161x";
    struct norm n;
    norm_init(&n);
    assert_int_equal(norm_add(&n, (struct slice){text, 3}, 0, false), WINNOW_OK);
    assert_int_equal(norm_add(&n, (struct slice){text + 3, 4}, 3, true), WINNOW_OK);
    assert_int_equal(n.len, 7);
    for (uint32_t i = 0; i < n.len; i++)
        assert_int_equal(norm_text_at(&n, i), i < 6 ? i / 3 * 3 : i);
    norm_free(&n);
}

static void maps_each_byte_to_its_source_character(void **state)
{
    (void)state;
    const char *text = "A \u00c9t\u00e9, \ufb01n";
    struct norm n;
    norm_init(&n);
    assert_int_equal(norm_add(&n, slice_of(text), 100, false), WINNOW_OK);
    /* a e ' t e ' f i n */
    const uint32_t want[] = {100, 102, 102, 102, 104, 105, 105, 105, 109, 109, 112};
    assert_int_equal(n.len, sizeof want / sizeof *want);
    for (uint32_t i = 0; i < n.len; i++)
        assert_int_equal(norm_text_at(&n, i), want[i]);
    norm_free(&n);
}

static void expect_weight(const char *text, uint32_t want)
{
    struct norm n = norm_of(text);
    assert_int_equal(norm_weight(&n, 0, n.len), want);
    assert_int_equal(n.weight, want);
    norm_free(&n);
}

static void weighs_scripts_alike(void **state)
{
    (void)state;
    struct norm n = norm_of("abc \u0434\u0430 caf\u00e9 \u4eca\u5929");
    assert_int_equal(norm_weight(&n, 0, n.len), 3 + 2 + 4 + 6);
    assert_int_equal(n.weight, 3 + 2 + 4 + 6);
    assert_int_equal(norm_weight(&n, 2, 2), 0);
    norm_free(&n);
    expect_weight("\ud55c\u1112\u1161\u11ab\u1112", 3 + 3 + 1);
}

static void weighs_vowel_signs_as_letters_and_accents_as_nothing(void **state)
{
    (void)state;
    expect_weight("\u0939\u093f\u0928\u094d\u0926\u0940", 5); /* Hindi; the virama: 0 */
    expect_weight("\u0e17\u0e35\u0e48", 2);                   /* Thai; the tone: 0 */
    expect_weight("\u1780\u17b6", 2);                         /* Khmer */
    expect_weight("e\u0301\u0323", 1);
    expect_weight("\u30ac", 3);
    expect_weight("\u05d1\u05bc\u05b0", 1); /* Hebrew's points */
}

static void passes_over_broken_sequences(void **state)
{
    (void)state;
    /* In memory of its own size, for the sanitizer to see a step too far. */
    static const char broken[] = {'a', (char)0xe4, (char)0xb8, 'b', (char)0xff, (char)0xe4};
    char *text = malloc(sizeof broken);
    assert_non_null(text);
    memcpy(text, broken, sizeof broken);
    struct norm n;
    norm_init(&n);
    assert_int_equal(norm_add(&n, (struct slice){text, sizeof broken}, 0, false), WINNOW_OK);
    assert_int_equal(n.len, 2);
    assert_memory_equal(n.bytes, "ab", 2);
    norm_free(&n);
    free(text);
}

static void survives_a_letter_under_many_marks(void **state)
{
    (void)state;
    enum { MARKS = 100000 };
    char *text = malloc(1 + 2 * MARKS);
    assert_non_null(text);
    text[0] = 'e';
    for (size_t i = 0; i < MARKS; i++)
        memcpy(text + 1 + 2 * i, i % 2 ? "\u0301" : "\u0323", 2);
    struct norm n;
    norm_init(&n);
    assert_int_equal(norm_add(&n, (struct slice){text, 1 + 2 * MARKS}, 0, false), WINNOW_OK);
    assert_int_equal(n.len, 1 + 2 * MARKS);
    assert_int_equal(norm_weight(&n, 0, n.len), 1);
    norm_free(&n);
    free(text);
}

static void leaves_a_character_that_would_become_too_long_as_it_is(void **state)
{
    (void)state;
    expect_words("a\ufdfab", "|a\ufdfab");  /* eighteen characters */
    expect_words("a \ufdfb", "|a|\ufdfb");  /* eight, but fourteen bytes */
    expect_words("a\u337fb", "|a|\u337fb"); /* twelve, and no letter */
    expect_weight("a\ufdfa\u337f", 1 + 1 + 3);
    expect_same("\u3303", "\u30a2\u30fc\u30eb"); /* nine bytes of three */
    expect_same("\u0390", "\u03b9\u0308\u0301"); /* six of two */
    expect_same("\u321d", "\uc624\uc804");       /* five jamo, but two syllables */
}

static void grows_past_any_first_guess(void **state)
{
    (void)state;
    enum { TIMES = 20000, EACH = 5 };
    char *text = malloc(TIMES * EACH);
    assert_non_null(text);
    struct norm n;
    norm_init(&n);
    for (uint32_t i = 0; i < TIMES; i++) { /* two bytes become six */
        memcpy(text + i * EACH, "\u0390 x\n", EACH);
        struct slice line = {text + i * EACH, EACH - 1};
        assert_int_equal(norm_add(&n, line, i * EACH, false), WINNOW_OK);
    }
    assert_int_equal(n.len, 7 * TIMES);
    assert_int_equal(norm_text_at(&n, n.len - 1), TIMES * EACH - 2);
    norm_free(&n);
    free(text);
}

static void can_be_cleared_and_freed_when_it_was_too_long(void **state)
{
    (void)state;
    struct norm n;
    norm_init(&n);
    n.len = UINT32_MAX - 10;
    assert_int_equal(norm_add(&n, slice_of("one two"), 0, false), WINNOW_ELIMIT);
    norm_clear(&n);
    assert_int_equal(norm_add(&n, slice_of(""), 0, false), WINNOW_OK);
    assert_int_equal(norm_add(&n, slice_of("one two"), 0, false), WINNOW_OK);
    assert_int_equal(n.nwords, 2);
    n.len = UINT32_MAX - 10;
    assert_int_equal(norm_add(&n, slice_of("one two"), 0, false), WINNOW_ELIMIT);
    norm_free(&n);
    norm_free(&n);
}

/* --- the model: the same, with all that may be said written down ------------------------ */

struct model {
    unsigned char *bytes, *starts; /* starts: does a word start at the byte? */
    uint32_t *map;                 /* where each byte's character starts in the text */
    uint32_t len, nwords;
    uint32_t marks[32], marks_at;
    unsigned nmarks;
    uint32_t last;
    bool in_word;
};

static void model_append(struct model *m, uint32_t c, uint32_t at)
{
    utf8proc_ssize_t len = utf8proc_encode_char((utf8proc_int32_t)c, m->bytes + m->len);
    for (utf8proc_ssize_t i = 0; i < len; i++) {
        m->starts[m->len] = 0;
        m->map[m->len++] = at;
    }
    m->last = c;
}

static unsigned class_of(uint32_t c)
{
    return (unsigned)utf8proc_get_property((utf8proc_int32_t)c)->combining_class;
}

static void model_flush(struct model *m)
{
    for (unsigned class = 1; class < 256 && m->nmarks > 0; class ++)
        for (unsigned i = 0; i < m->nmarks; i++)
            if (class_of(m->marks[i]) == class)
                model_append(m, m->marks[i], m->marks_at);
    m->nmarks = 0;
}

static bool is_among(uint32_t c, const uint32_t *ranges, size_t count)
{
    for (size_t i = 0; i + 1 < count; i += 2)
        if (c >= ranges[i] && c <= ranges[i + 1])
            return true;
    return false;
}

static const uint32_t apostrophes[] = {0xB4,   0xB4,   0x2B9,  0x2B9,  0x2BB,  0x2BD,
                                       0x2C8,  0x2C8,  0x2018, 0x2019, 0x201B, 0x201B,
                                       0x2032, 0x2032, 0xFF07, 0xFF07};
static const uint32_t unspaced[] = {0xE00,  0x109F, 0x1780,  0x17FF,  0x2E80,  0x2FDF,
                                    0x3005, 0x3007, 0x3041,  0x30FF,  0x3105,  0x312F,
                                    0x31F0, 0x31FF, 0x3300,  0x33FF,  0x3400,  0x9FFF,
                                    0xF900, 0xFAFF, 0x1B000, 0x1B16F, 0x20000, 0x3FFFF};
#define AMONG(c, ranges) is_among((c), (ranges), sizeof(ranges) / sizeof *(ranges))

/* A syllable of the one before and this, in the last's place. */
static bool model_compose(struct model *m, uint32_t c)
{
    uint32_t l = m->last - 0x1100, v = c - 0x1161, t = c - 0x11A7;
    if (l < 19 && v < 21)
        m->last = 0xAC00 + (l * 21 + v) * 28;
    else if (m->last - 0xAC00 < 11172 && (m->last - 0xAC00) % 28 == 0 && t > 0 && t < 28)
        m->last += t;
    else
        return false;
    utf8proc_encode_char((utf8proc_int32_t)m->last, m->bytes + m->len - 3);
    return true;
}

static void model_letter(struct model *m, uint32_t c, uint32_t at, bool starts)
{
    uint32_t pos = m->len;
    model_append(m, c, at);
    m->starts[pos] = starts;
    m->nwords += starts;
    m->in_word = true;
}

static bool model_keeps(uint32_t c)
{
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

static void model_part(struct model *m, uint32_t c, uint32_t at)
{
    const utf8proc_property_t *props = utf8proc_get_property((utf8proc_int32_t)c);
    bool kept = model_keeps(c);
    bool mark = props->category >= UTF8PROC_CATEGORY_MN && props->category <= UTF8PROC_CATEGORY_ME;
    if (class_of(c) == 0 || m->nmarks == 32)
        model_flush(m);
    if (!kept) {
        m->in_word = m->in_word && (props->ignorable || AMONG(c, apostrophes) || c == '\'');
        m->last = 0;
    } else if (class_of(c) > 0) {
        m->marks_at = m->nmarks == 0 ? at : m->marks_at;
        m->marks[m->nmarks++] = c;
    } else if (!model_compose(m, c)) {
        model_letter(m, c, at, !mark && (!m->in_word || AMONG(c, unspaced)));
    }
}

/* Would c, of which these are the parts, take more than thrice its bytes? */
static bool is_too_long(uint32_t c, const int32_t *parts, utf8proc_ssize_t count)
{
    unsigned char utf8[4];
    utf8proc_ssize_t len = 0;
    for (utf8proc_ssize_t i = 0; i < count; i++)
        if (model_keeps((uint32_t)parts[i]) &&
            (i == 0 || parts[i] < 0x1161 || parts[i] > 0x11FF)) /* not of a syllable */
            len += utf8proc_encode_char(parts[i], utf8);
    return count > 8 || len > 3 * utf8proc_encode_char((utf8proc_int32_t)c, utf8);
}

static void model_char(struct model *m, utf8proc_int32_t c, uint32_t at)
{
    utf8proc_int32_t parts[64];
    int boundary = 0;
    if (c < 128 && c != '\'' && c != '`') { /* as its property says */
        c = c >= 'A' && c <= 'Z' ? c + 32 : c;
        model_part(m, (uint32_t)c, at);
        return;
    }
    if (c < 128) { /* an apostrophe; the marks do not wait beyond it */
        model_part(m, '\'', at);
        return;
    }
    if (c == 0x200B) {
        m->in_word = false;
        return;
    }
    if (utf8proc_get_property(c)->ignorable || c == 0x640 || AMONG((uint32_t)c, apostrophes))
        return;
    if (c >= 0xAC00 && c <= 0xD7A3) {
        model_part(m, (uint32_t)c, at);
        return;
    }
    utf8proc_ssize_t count = utf8proc_decompose_char(
        c, parts, 64, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE,
        &boundary);
    if (count > 1 && parts[0] == ' ')
        count = 1;
    if (is_too_long((uint32_t)c, parts, count)) {
        model_flush(m);
        model_letter(m, (uint32_t)c, at, !m->in_word || AMONG((uint32_t)c, unspaced));
        return;
    }
    for (utf8proc_ssize_t i = 0; i < count; i++)
        model_part(m, (uint32_t)parts[i], at);
}

static void model_add(struct model *m, struct slice text, uint32_t at)
{
    m->in_word = false;
    m->last = 0;
    for (size_t i = 0; i < text.len;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t got = utf8proc_iterate((const unsigned char *)text.p + i,
                                                (utf8proc_ssize_t)(text.len - i), &c);
        if (got > 0)
            model_char(m, c, at + (uint32_t)i);
        i += got > 0 ? (size_t)got : 1;
    }
    model_flush(m);
}

static uint64_t model_weight(const struct model *m)
{
    uint64_t ret = 0;
    for (uint32_t i = 0; i < m->len;) {
        utf8proc_int32_t c;
        i += (uint32_t)utf8proc_iterate(m->bytes + i, (utf8proc_ssize_t)(m->len - i), &c);
        utf8proc_category_t category = utf8proc_category(c);
        bool mark = category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
        bool heavy = c >= 0x2E80 && AMONG((uint32_t)c, unspaced);
        if (mark)
            ret += class_of((uint32_t)c) == 0;
        else
            ret += heavy || (c >= 0xAC00 && c <= 0xD7A3) ? 3 : 1;
    }
    return ret;
}

/* The places too, unless there are too many for a test. */
static void expect_model(const struct norm *n, const struct model *m, bool places)
{
    struct norm_walk walk = norm_walk(n, 0);
    uint32_t word = 0, at;
    assert_int_equal(n->len, m->len);
    assert_int_equal(n->nwords, m->nwords);
    assert_memory_equal(n->bytes, m->bytes, n->len);
    assert_int_equal(n->weight, model_weight(m));
    assert_int_equal(n->weight, norm_weight(n, 0, n->len));
    for (uint32_t i = 0; i < n->len; i++) {
        assert_int_equal(norm_word_at(n, i), word);
        assert_int_equal(norm_starts_word(n, i), m->starts[i]);
        if (places)
            assert_int_equal(norm_text_at(n, i), m->map[i]);
        if (!m->starts[i])
            continue;
        assert_int_equal(norm_word(n, word++), i);
        assert_true(norm_walk_next(&walk, &at));
        assert_int_equal(at, i);
    }
    assert_int_equal(norm_word_at(n, n->len), n->nwords);
    assert_false(norm_walk_next(&walk, &at));
}

/* The text's next piece from byte i on: a line or all. */
static struct slice piece_at(struct slice text, size_t i, bool by_line)
{
    const char *end = by_line ? memchr(text.p + i, '\n', text.len - i) : NULL;
    return (struct slice){text.p + i, end ? (size_t)(end - text.p) - i : text.len - i};
}

/* Folds text by the line or at once, with the fastest way for ASCII and with the plain. */
static void expect_like_model(struct slice text, bool by_line, bool places)
{
    size_t most = 3 * text.len + 16;
    struct norm n, plain;
    struct model m = {
        .bytes = malloc(most), .starts = malloc(most), .map = malloc(most * sizeof *m.map)};
    assert_true(m.bytes && m.starts && m.map);
    norm_init(&n);
    norm_init(&plain);
    assert_int_equal(norm_add(&plain, slice_of(""), 0, false), WINNOW_OK);
    plain.fold_ascii = norm_ascii_plain;
    for (size_t i = 0; i < text.len;) {
        struct slice piece = piece_at(text, i, by_line);
        model_add(&m, piece, (uint32_t)i);
        assert_int_equal(norm_add(&n, piece, (uint32_t)i, false), WINNOW_OK);
        assert_int_equal(norm_add(&plain, piece, (uint32_t)i, false), WINNOW_OK);
        i += piece.len + 1;
    }
    expect_model(&n, &m, places);
    expect_model(&plain, &m, false);
    norm_free(&n);
    norm_free(&plain);
    free(m.bytes);
    free(m.starts);
    free(m.map);
}

static uint32_t random_below(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*seed >> 33) % below);
}

/* Characters that meet in every way: marks of several classes, jamo and syllables, what is
 * dropped with and without an end of the word, what becomes longer, and what would become
 * too long. */
static const int32_t odd[] = {
    'a',     'B',     '7',     ' ',    '-',    '\'',   '`',    '\n',   0xAD,   0xE9,
    0xDF,    0x149,   0x23A,   0x301,  0x323,  0x344,  0x345,  0x390,  0x439,  0x430,
    0x2BC,   0x600,   0x640,   0x94D,  0x915,  0xE01,  0xE31,  0x1100, 0x1112, 0x1161,
    0x11AB,  0x11A8,  0x3131,  0xAC00, 0xAC01, 0x1EC7, 0x1F82, 0x200B, 0x2019, 0x3099,
    0x304B,  0x304C,  0x4E00,  0x9FEF, 0x9FF0, 0x9FFF, 0xFDFA, 0xFF76, 0xFF9E, 0x1D400,
    0x1F600, 0x20000, 0x2F800, 0xFDFB, 0x337F, 0x3303, 0x321D, 0x93F,
};

/* A text of one of several kinds: any bytes, any characters, an alphabet, odd ones. */
static size_t make_random(uint64_t *seed, unsigned char *ret, size_t max)
{
    enum { FEW = 5, NODD = sizeof odd / sizeof *odd };
    uint32_t kind = random_below(seed, 7), few[FEW], base = random_below(seed, 0x11000);
    uint32_t nfew = 1 + random_below(seed, FEW);
    size_t len = 0;
    for (size_t i = 0; i < FEW; i++)
        few[i] = random_below(seed, NODD);
    while (len + 4 <= max) {
        int32_t c = 0;
        switch (kind) {
        case 0:
            ret[len++] = (unsigned char)random_below(seed, 256);
            continue;
        case 1:
            c = (int32_t)random_below(seed, 0x110000);
            break;
        case 2:
            c = (int32_t)random_below(seed, 128);
            break;
        case 3:
            c = (int32_t)(base + random_below(seed, 64));
            break;
        case 4:
            c = odd[random_below(seed, NODD)];
            break;
        case 5:
            c = odd[few[random_below(seed, nfew)]];
            break;
        default:
            c = odd[random_below(seed, 40) > 0 ? few[random_below(seed, nfew)]
                                               : random_below(seed, NODD)];
        }
        len += (size_t)utf8proc_encode_char(c, ret + len);
    }
    return len;
}

static void says_of_random_texts_what_the_model_says(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 600; i++) {
        uint64_t seed = i;
        size_t max = 4 + random_below(&seed, 4000);
        unsigned char *made = malloc(max);
        assert_non_null(made);
        size_t len = make_random(&seed, made, max);
        char *text = malloc(len); /* of its own size, for the sanitizer */
        assert_non_null(text);
        memcpy(text, made, len);
        free(made);
        expect_like_model((struct slice){text, len}, i % 2, true);
        free(text);
    }
}

static void says_of_every_character_what_the_model_says(void **state)
{
    (void)state;
    enum { LAST = 0x30000, ROUND = 8 };
    unsigned char *text = malloc(LAST * ROUND);
    assert_non_null(text);
    size_t len = 0;
    for (int32_t c = 1; c < LAST; c++) {
        if (c >= 0xD800 && c < 0xE000)
            continue;
        text[len++] = 'e';
        len += (size_t)utf8proc_encode_char(c, text + len);
        memcpy(text + len, "x ", c % 3);
        len += (size_t)(c % 3);
    }
    expect_like_model((struct slice){(const char *)text, len}, false, false);
    free(text);
}

/* What is dropped may lie between a place and the last that was kept, or between two marks
 * that belong together. */
static void finds_a_place_behind_a_lot_that_is_dropped(void **state)
{
    (void)state;
    static const char *const between[] = {"-", " ", "\u00ad", "\u2019", "\u200b", "\u3000"};
    static const char *const around[][2] = {
        {"a", "b"},
        {"e\u0323", "\u0301"},
        {"\u1112", "\u1161"},
        {"\u0439", "\u0301\u0323x"},
    };
    for (size_t i = 0; i < sizeof between / sizeof *between; i++)
        for (size_t j = 0; j < sizeof around / sizeof *around; j++) {
            struct text t = {calloc(1, 1), 0};
            text_add(&t, around[j][0], strlen(around[j][0]));
            for (int k = 0; k < 3000; k++)
                text_add(&t, between[i], strlen(between[i]));
            text_add(&t, around[j][1], strlen(around[j][1]));
            expect_like_model((struct slice){t.data, t.len}, false, true);
            free(t.data);
        }
}

static void finds_words_however_long_or_short(void **state)
{
    (void)state;
    struct text t = {calloc(1, 1), 0};
    for (int i = 0; i < 3000; i++)
        text_add(&t, "a ", 2);
    for (int i = 0; i < 70; i++) {
        for (int j = 0; j < 1000; j++)
            text_add(&t, "ab", 2);
        text_add(&t, " x y ", 5);
    }
    expect_like_model((struct slice){t.data, t.len}, false, false);
    free(t.data);
}

static void expect_equal(const struct norm *x, const struct norm *y)
{
    assert_int_equal(x->len, y->len);
    assert_int_equal(x->weight, y->weight);
    assert_memory_equal(x->bytes, y->bytes, x->len);
    for (uint32_t i = 0; i <= x->len / 64; i++)
        assert_int_equal(x->blocks[i].starts, y->blocks[i].starts);
}

/* ASCII of so many bytes and another byte behind it, or any bytes. */
static void make_ascii(uint64_t *seed, unsigned char *ret, size_t max, bool any)
{
    size_t ascii = random_below(seed, 2 * ASCII_STEP);
    for (size_t i = 0; i < max; i++)
        if (any)
            ret[i] = (unsigned char)random_below(seed, i < ascii ? 128 : 256);
        else
            ret[i] = i == ascii ? 0xC3 : (unsigned char)"a'`'Z 0-z9_{@"[random_below(seed, 13)];
}

static void folds_ascii_alike_by_the_byte_and_in_steps(void **state)
{
    (void)state;
    struct norm x, y;
    norm_init(&x);
    norm_init(&y);
    norm_ascii_fold *best = norm_ascii_best();
    if (best == norm_ascii_plain)
        print_message("this processor has the plain way only\n");
    uint64_t seed = 1;
    bool x_inside = false, y_inside = false;
    for (int i = 0; i < 400 * ASCII_STEP; i++) {
        size_t max = 1 + (size_t)i % ASCII_STEP; /* every length, each many times */
        unsigned char *text = malloc(max);       /* of its own size, for the sanitizer */
        assert_non_null(text);
        make_ascii(&seed, text, max, i / ASCII_STEP % 2);
        assert_int_equal(norm_make_room(&x), WINNOW_OK);
        assert_int_equal(norm_make_room(&y), WINNOW_OK);
        assert_int_equal(norm_ascii_plain(&x, text, max, &x_inside),
                         best(&y, text, max, &y_inside));
        assert_int_equal(x_inside, y_inside);
        free(text);
    }
    expect_equal(&x, &y);
    norm_free(&x);
    norm_free(&y);
}

/* At every place of a block, so that the starts fall on both sides of its end. */
static void folds_each_ascii_byte_alike_wherever_it_stands(void **state)
{
    (void)state;
    norm_ascii_fold *best = norm_ascii_best();
    struct norm x, y;
    norm_init(&x);
    norm_init(&y);
    for (unsigned byte = 0; byte < 256; byte++)
        for (size_t at = 0; at < ASCII_STEP; at++) {
            unsigned char text[ASCII_STEP];
            bool x_inside = at % 2, y_inside = x_inside;
            memset(text, 'a', sizeof text);
            text[at] = (unsigned char)byte;
            assert_int_equal(norm_make_room(&x), WINNOW_OK);
            assert_int_equal(norm_make_room(&y), WINNOW_OK);
            assert_int_equal(norm_ascii_plain(&x, text, sizeof text, &x_inside),
                             best(&y, text, sizeof text, &y_inside));
            assert_int_equal(x_inside, y_inside);
        }
    expect_equal(&x, &y);
    norm_free(&x);
    norm_free(&y);
}

static void starts_anew_when_it_was_cleared(void **state)
{
    (void)state;
    struct norm n = norm_of("one two caf\u00e9"), fresh = norm_of("three 4");
    norm_clear(&n);
    assert_int_equal(norm_add(&n, slice_of("three 4"), 0, false), WINNOW_OK);
    assert_int_equal(n.len, fresh.len);
    assert_int_equal(n.nwords, fresh.nwords);
    assert_int_equal(n.weight, fresh.weight);
    assert_int_equal(norm_word(&n, 1), 5);
    assert_int_equal(norm_text_at(&n, 5), 6);
    norm_free(&n);
    norm_free(&fresh);
}

static size_t memory_of(const struct norm *n)
{
    return n->cap + n->blocks_cap * sizeof *n->blocks + n->hints_cap * sizeof *n->hints +
           n->anchors_cap * sizeof *n->anchors;
}

static size_t memory_for(struct slice text, bool by_line)
{
    struct norm n;
    norm_init(&n);
    assert_int_equal(norm_reserve(&n, text.len), WINNOW_OK);
    for (size_t i = 0; i < text.len;) {
        struct slice piece = piece_at(text, i, by_line);
        assert_int_equal(norm_add(&n, piece, (uint32_t)i, false), WINNOW_OK);
        i += piece.len + 1;
    }
    size_t ret = memory_of(&n);
    norm_free(&n);
    return ret;
}

enum { TEXT_SIZE = 1 << 18 };

/* About TEXT_SIZE bytes of a piece after plain ones; free its p. */
static struct slice make_many(const char *piece, size_t plain)
{
    char *text = malloc(TEXT_SIZE);
    assert_non_null(text);
    size_t len = strlen(piece), filled = plain;
    memset(text, 'a', plain);
    for (; filled + len <= TEXT_SIZE; filled += len)
        memcpy(text + filled, piece, len);
    return (struct slice){text, filled};
}

static void takes_less_than_two_bytes_for_one_of_usual_text(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "a\n",
        "a ",
        "a",
        "Here is one line of a page.\n",
        "\u4eca\u5929\u5f88\u597d",
        "e\u0301\u0323",
        "a-\n",
        "\u043c\u043e\u0441\u043a\u0432\u0430 ",
        "\u0939\u093f\u0928\u094d\u0926\u0940 ",
    };
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct slice text = make_many(pieces[i], 0);
        assert_true(memory_for(text, true) < 2 * text.len);
        free((char *)text.p);
    }
}

static void takes_at_most_four_bytes_for_one_of_any_text(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "\u0390", "\u0390\n",     "\u0390 ", "\u3303", "\u3303\n", "\ufdfa",     "\u337f",
        "\u3316", "\u30d1\u0390", "\u1f82",  "\u00bd", "\u321d",   "\U0001d7ff", "\ufdf4",
    };
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        for (size_t plain = 0; plain < TEXT_SIZE; plain += TEXT_SIZE / 8) {
            struct slice text = make_many(pieces[i], plain);
            assert_true(memory_for(text, false) <= 4 * text.len);
            assert_true(memory_for(text, true) <= 4 * text.len);
            free((char *)text.p);
        }
}

static void makes_no_character_more_than_thrice_as_long(void **state)
{
    (void)state;
    struct norm n;
    norm_init(&n);
    for (int32_t c = 1; c < 0x110000; c++) {
        unsigned char utf8[4];
        size_t len = (size_t)utf8proc_encode_char(c, utf8);
        norm_clear(&n);
        assert_int_equal(norm_add(&n, (struct slice){(const char *)utf8, len}, 0, false),
                         WINNOW_OK);
        assert_true(n.len <= GROWTH_MAX * len);
    }
    norm_free(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_letters_and_digits_only),
        cmocka_unit_test(makes_one_of_the_ways_to_write_a_word),
        cmocka_unit_test(folds_what_unicode_calls_equal),
        cmocka_unit_test(keeps_numbers_apart),
        cmocka_unit_test(starts_a_word_after_whatever_parts_words),
        cmocka_unit_test(starts_a_word_at_every_character_of_an_unspaced_script),
        cmocka_unit_test(goes_on_within_a_word_where_asked),
        cmocka_unit_test(finds_places_in_pieces_that_touch),
        cmocka_unit_test(maps_each_byte_to_its_source_character),
        cmocka_unit_test(weighs_scripts_alike),
        cmocka_unit_test(weighs_vowel_signs_as_letters_and_accents_as_nothing),
        cmocka_unit_test(passes_over_broken_sequences),
        cmocka_unit_test(survives_a_letter_under_many_marks),
        cmocka_unit_test(leaves_a_character_that_would_become_too_long_as_it_is),
        cmocka_unit_test(grows_past_any_first_guess),
        cmocka_unit_test(can_be_cleared_and_freed_when_it_was_too_long),
        cmocka_unit_test(says_of_random_texts_what_the_model_says),
        cmocka_unit_test(says_of_every_character_what_the_model_says),
        cmocka_unit_test(finds_a_place_behind_a_lot_that_is_dropped),
        cmocka_unit_test(finds_words_however_long_or_short),
        cmocka_unit_test(folds_ascii_alike_by_the_byte_and_in_steps),
        cmocka_unit_test(folds_each_ascii_byte_alike_wherever_it_stands),
        cmocka_unit_test(starts_anew_when_it_was_cleared),
        cmocka_unit_test(takes_less_than_two_bytes_for_one_of_usual_text),
        cmocka_unit_test(takes_at_most_four_bytes_for_one_of_any_text),
        cmocka_unit_test(makes_no_character_more_than_thrice_as_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
