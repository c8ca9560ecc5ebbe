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

static void weighs_scripts_alike(void **state)
{
    (void)state;
    struct norm n = norm_of("abc \u0434\u0430 caf\u00e9 \u4eca\u5929");
    assert_int_equal(norm_weight(&n, 0, n.len), 3 + 2 + 4 + 6);
    assert_int_equal(norm_weight(&n, 2, 2), 0);
    norm_free(&n);
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

static void grows_past_any_first_guess(void **state)
{
    (void)state;
    enum { TIMES = 20000, EACH = 6 };
    char *text = malloc(TIMES * EACH);
    assert_non_null(text);
    struct norm n;
    norm_init(&n);
    for (uint32_t i = 0; i < TIMES; i++) { /* one character becomes eighteen */
        memcpy(text + i * EACH, "\ufdfa x\n", EACH);
        struct slice line = {text + i * EACH, EACH - 1};
        assert_int_equal(norm_add(&n, line, i * EACH, false), WINNOW_OK);
    }
    assert_int_equal(n.len % TIMES, 0);
    assert_int_equal(norm_text_at(&n, n.len - 1), TIMES * EACH - 2);
    norm_free(&n);
    free(text);
}

/* --- the model: the same, with all that may be said written down
 * ------------------------- */

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
static const uint32_t unspaced[] = {
    0xE00,  0x109F, 0x1780, 0x17FF, 0x2E80, 0x2FDF, 0x3005, 0x3007,  0x3041,  0x30FF,  0x3105,
    0x312F, 0x31F0, 0x31FF, 0x3400, 0x9FFF, 0xF900, 0xFAFF, 0x1B000, 0x1B16F, 0x20000, 0x3FFFF};
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

static void model_part(struct model *m, uint32_t c, uint32_t at)
{
    const utf8proc_property_t *props = utf8proc_get_property((utf8proc_int32_t)c);
    bool kept = props->category >= UTF8PROC_CATEGORY_LU && props->category <= UTF8PROC_CATEGORY_NO;
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
        bool starts = !mark && (!m->in_word || AMONG(c, unspaced));
        model_append(m, c, at);
        m->starts[m->len - utf8proc_encode_char((utf8proc_int32_t)c, (unsigned char[4]){0})] =
            starts;
        m->nwords += starts;
        m->in_word = true;
    }
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

/* The places too, unless there are too many for a test. */
static void expect_model(const struct norm *n, const struct model *m, bool places)
{
    struct norm_walk walk = norm_walk(n, 0);
    uint32_t word = 0, at;
    assert_int_equal(n->len, m->len);
    assert_int_equal(n->nwords, m->nwords);
    assert_memory_equal(n->bytes, m->bytes, n->len);
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

/* Folds text, of which a byte becomes at most eleven, by the line or at once.
 */
static void expect_like_model(struct slice text, bool by_line, bool places)
{
    struct norm n;
    struct model m = {.bytes = malloc(11 * text.len + 16),
                      .starts = malloc(11 * text.len + 16),
                      .map = malloc((11 * text.len + 16) * sizeof *m.map)};
    assert_true(m.bytes && m.starts && m.map);
    norm_init(&n);
    for (size_t i = 0, len; i < text.len; i += len + 1) {
        const char *end = by_line ? memchr(text.p + i, '\n', text.len - i) : NULL;
        len = end ? (size_t)(end - text.p) - i : text.len - i;
        struct slice piece = {text.p + i, len};
        model_add(&m, piece, (uint32_t)i);
        assert_int_equal(norm_add(&n, piece, (uint32_t)i, false), WINNOW_OK);
    }
    expect_model(&n, &m, places);
    norm_free(&n);
    free(m.bytes);
    free(m.starts);
    free(m.map);
}

static uint32_t random_below(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*seed >> 33) % below);
}

/* Characters that meet in every way: marks of several classes, jamo and
 * syllables, what is dropped with and without an end of the word, what becomes
 * longer. */
static const int32_t odd[] = {
    'a',    'B',    '7',    ' ',    '-',    '\'',    '`',     '\n',    0xAD,    0xE9,   0xDF,
    0x149,  0x23A,  0x301,  0x323,  0x344,  0x345,   0x390,   0x439,   0x430,   0x2BC,  0x600,
    0x640,  0x94D,  0x915,  0xE01,  0xE31,  0x1100,  0x1112,  0x1161,  0x11AB,  0x11A8, 0x3131,
    0xAC00, 0xAC01, 0x1EC7, 0x1F82, 0x200B, 0x2019,  0x3099,  0x304B,  0x304C,  0x4E00, 0x9FEF,
    0x9FF0, 0x9FFF, 0xFDFA, 0xFF76, 0xFF9E, 0x1D400, 0x1F600, 0x20000, 0x2F800,
};

/* A text of one of several kinds: any bytes, any characters, an alphabet, odd
 * ones. */
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

/* What is dropped may lie between a place and the last that was kept, or
 * between two marks that belong together. */
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

static void folds_ascii_alike_by_the_byte_and_in_steps(void **state)
{
    (void)state;
    struct norm x, y;
    norm_init(&x);
    norm_init(&y);
    norm_ascii_fold *best = norm_ascii_best();
    uint64_t seed = 1;
    bool x_inside = false, y_inside = false;
    for (int i = 0; i < 20000; i++) {
        unsigned char text[ASCII_STEP];
        size_t max = 1 + random_below(&seed, ASCII_STEP), ascii = random_below(&seed, 100);
        for (size_t j = 0; j < max; j++)
            text[j] = j == ascii ? 0xC3 : (unsigned char)"a'`'Z 0-z9_{@"[random_below(&seed, 13)];
        assert_int_equal(norm_make_room(&x), WINNOW_OK);
        assert_int_equal(norm_make_room(&y), WINNOW_OK);
        assert_int_equal(norm_ascii_plain(&x, text, max, &x_inside),
                         best(&y, text, max, &y_inside));
        assert_int_equal(x_inside, y_inside);
    }
    assert_int_equal(x.len, y.len);
    assert_int_equal(x.weight, y.weight);
    assert_memory_equal(x.bytes, y.bytes, x.len);
    for (uint32_t i = 0; i <= x.len / 64; i++)
        assert_int_equal(x.blocks[i].starts, y.blocks[i].starts);
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

/* The memory, in bytes, that so many of a piece take; one that is a line is
 * added by itself. */
static size_t memory_for(const char *piece, size_t times)
{
    size_t len = strlen(piece), each = piece[len - 1] == '\n' ? len : len * times;
    char *text = malloc(len * times);
    assert_non_null(text);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * len, piece, len);
    struct norm n;
    norm_init(&n);
    assert_int_equal(norm_reserve(&n, len * times), WINNOW_OK);
    for (size_t at = 0; at < len * times; at += each) {
        struct slice line = {text + at, each - (piece[len - 1] == '\n')};
        assert_int_equal(norm_add(&n, line, (uint32_t)at, false), WINNOW_OK);
    }
    size_t ret = n.cap + n.blocks_cap * sizeof *n.blocks + n.hints_cap * sizeof *n.hints +
                 n.anchors_cap * sizeof *n.anchors;
    norm_free(&n);
    free(text);
    return ret;
}

static void takes_less_than_two_bytes_for_one_of_text(void **state)
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
    };
    enum { SIZE = 1 << 18 };
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t times = SIZE / strlen(pieces[i]);
        assert_true(memory_for(pieces[i], times) < 2 * times * strlen(pieces[i]));
    }
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
        cmocka_unit_test(passes_over_broken_sequences),
        cmocka_unit_test(survives_a_letter_under_many_marks),
        cmocka_unit_test(grows_past_any_first_guess),
        cmocka_unit_test(says_of_random_texts_what_the_model_says),
        cmocka_unit_test(says_of_every_character_what_the_model_says),
        cmocka_unit_test(finds_a_place_behind_a_lot_that_is_dropped),
        cmocka_unit_test(finds_words_however_long_or_short),
        cmocka_unit_test(folds_ascii_alike_by_the_byte_and_in_steps),
        cmocka_unit_test(starts_anew_when_it_was_cleared),
        cmocka_unit_test(takes_less_than_two_bytes_for_one_of_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
