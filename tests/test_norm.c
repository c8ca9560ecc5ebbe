/* test_norm.c - what two texts must share to be the same text. */
#include "testing.h"

#include "norm.h"

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
        if (word < n.nwords && n.words[word] == i) {
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
    expect_same("\u30ac", "\uff76\uff9e");             /* half-width kana */
    expect_same("\ud55c", "\u1112\u1161\u11ab");       /* a syllable of three jamo */
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
    struct norm n = norm_of("begin");
    assert_int_equal(norm_add(&n, slice_of("ning of"), 5, true), WINNOW_OK);
    assert_int_equal(n.nwords, 2);
    assert_int_equal(norm_add(&n, slice_of("fer"), 12, false), WINNOW_OK);
    assert_int_equal(n.nwords, 3);
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
    struct norm n;
    norm_init(&n);
    for (uint32_t i = 0; i < 20000; i++) /* one character becomes eighteen */
        assert_int_equal(norm_add(&n, slice_of("\ufdfa x"), i * 5, false), WINNOW_OK);
    assert_int_equal(n.len % 20000, 0);
    assert_int_equal(norm_text_at(&n, n.len - 1), 19999 * 5 + 4);
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
        cmocka_unit_test(maps_each_byte_to_its_source_character),
        cmocka_unit_test(weighs_scripts_alike),
        cmocka_unit_test(passes_over_broken_sequences),
        cmocka_unit_test(survives_a_letter_under_many_marks),
        cmocka_unit_test(grows_past_any_first_guess),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
