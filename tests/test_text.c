/* test_text.c - white space, words and lines of UTF-8 text. */
#include "testing.h"

#include "text.h"

static void expect_slice(struct slice got, const char *want)
{
    if (!slice_is(got, want))
        fail_msg("got \"%.*s\", wanted \"%s\"", (int)got.len, got.p, want);
}

static void trims_every_kind_of_white_space(void **state)
{
    (void)state;
    expect_slice(text_trim(slice_of(" \t\xc2\xa0\xe2\x80\x83 a b\xe3\x80\x80\xef\xbb\xbf\xe2\x80\x8b")),
                 "a b");
    expect_slice(text_trim(slice_of("\xc2\xa0\xe2\x80\xaf")), "");
    expect_slice(text_trim(slice_of("é…")), "é…");
    /* A sequence that is cut off is no white space. */
    expect_slice(text_trim((struct slice){"a\xe2\x80", 3}), "a\xe2\x80");
    expect_slice(text_trim((struct slice){"\xc2", 1}), "\xc2");
}

static void keeps_the_indentation_of_a_line(void **state)
{
    (void)state;
    expect_slice(text_trim_line(slice_of(" \t  a ")), " \t  a");
    expect_slice(text_trim_line(slice_of("\xc2\xa0  a")), "  a");
    expect_slice(text_trim_line(slice_of("   ")), "");
}

static void folds_white_space_to_single_spaces(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    text_fold_space(slice_of(" \n one\xc2\xa0\xc2\xa0two \t three\n"), &b);
    expect_slice(buf_slice(&b), "one two three");
    buf_clear(&b);
    text_fold_space(slice_of(" \n "), &b);
    expect_slice(buf_slice(&b), "");
    buf_free(&b);
}

static void takes_lines_off_whatever_ends_them(void **state)
{
    (void)state;
    static const char *const want[] = {"one", "two", "", "three", "four"};
    struct slice rest = slice_of("one\ntwo\r\n\rthree\nfour"), line;
    size_t n = 0;
    while (text_next_line(&rest, &line)) {
        assert_true(n < 5);
        expect_slice(line, want[n++]);
    }
    assert_int_equal(n, 5);
}

static void knows_letters_marks_and_digits_of_any_script(void **state)
{
    (void)state;
    static const char *const words[] = {"a", "Z", "7", "é", "ж", "水", "ع", "ก", "ี", "한"};
    static const char *const others[] = {" ", "-", "_", "’", "—", "。", "©", "\xef\xbf\xbd", "\xc2\xa0"};
    size_t len;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        assert_true(text_is_word(text_char(slice_of(words[i]), 0, &len)));
        assert_int_equal(len, strlen(words[i]));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(text_is_word(text_char(slice_of(others[i]), 0, &len)));
}

static uint32_t first_char(const char *s)
{
    size_t len;
    return text_char(slice_of(s), 0, &len);
}

static void knows_numbers_and_capitals_of_any_script(void **state)
{
    (void)state;
    static const char *const numbers[] = {"7", "٣", "३", "๓", "３", "Ⅳ", "½"};
    static const char *const capitals[] = {"A", "É", "Ж", "Σ", "ǅ"};
    static const char *const small[] = {"a", "é", "ж", "σ"};
    static const char *const others[] = {"水", "أ", "が", "-"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_true(text_is_number(first_char(numbers[i])));
    for (size_t i = 0; i < sizeof capitals / sizeof *capitals; i++)
        assert_true(text_is_capital(first_char(capitals[i])) &&
                    !text_is_small(first_char(capitals[i])));
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        assert_true(text_is_small(first_char(small[i])) && !text_is_capital(first_char(small[i])));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(text_is_number(first_char(others[i])) ||
                     text_is_capital(first_char(others[i])) ||
                     text_is_small(first_char(others[i])));
}

static void finds_ascii_in_any_case(void **state)
{
    (void)state;
    struct slice hay = slice_of("<p><LINK rel=x><link>");
    assert_ptr_equal(text_find_nocase(hay, "<link"), hay.p + 3);
    assert_ptr_equal(text_find_nocase(hay, "rel"), hay.p + 9);
    assert_null(text_find_nocase(hay, "<links"));
    assert_null(text_find_nocase(slice_of("<lin"), "<link"));
    assert_true(text_equal_nocase(slice_of("Og:URL"), slice_of("og:url")));
    assert_false(text_equal_nocase(slice_of("og:url"), slice_of("og:ur")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trims_every_kind_of_white_space),
        cmocka_unit_test(keeps_the_indentation_of_a_line),
        cmocka_unit_test(folds_white_space_to_single_spaces),
        cmocka_unit_test(takes_lines_off_whatever_ends_them),
        cmocka_unit_test(knows_letters_marks_and_digits_of_any_script),
        cmocka_unit_test(knows_numbers_and_capitals_of_any_script),
        cmocka_unit_test(finds_ascii_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
