/* test_blocks.c - trees and dumps as blocks, and how they are written. */
#include "testing.h"

/* Cleans without rules: what is written is the blocks. */
static void expect_written(const char *page, const char *want)
{
    expect_clean("x.txt", NULL, NULL, page, want);
}

static void writes_each_block_element_on_a_line(void **state)
{
    (void)state;
    expect_written("<body><div>one<span> more</span></div><div>two</div><section>three</section>",
                   "one more\ntwo\n\nthree\n");
}

static void sets_off_paragraphs_headings_and_lists(void **state)
{
    (void)state;
    expect_written("<h1>T</h1><p>one<p>two<ul><li>a<li>b<ul><li>c</ul></ul><p>three",
                   "T\n\none\n\ntwo\n\na\nb\nc\n\nthree\n");
}

static void starts_a_line_at_br(void **state)
{
    (void)state;
    expect_written("<p>one<br>two<br><br>three</p>", "one\ntwo\nthree\n");
}

static void folds_white_space_outside_code_only(void **state)
{
    (void)state;
    expect_written("<p>  one \n\t two </p><pre>  a  b\n\n    c</pre>", "one two\n\n  a  b\n\n    c\n");
}

static void joins_the_cells_of_a_row(void **state)
{
    (void)state;
    expect_written("<table><tr><th>a<th>b<tr><td>1<td><p>2</p></table>", "a\tb\n1\t2\n");
}

static void leaves_cells_with_more_than_a_line_apart(void **state)
{
    (void)state;
    expect_written("<table><tr><td><p>one</p><p>two</p></td><td>three</td></tr></table>",
                   "one\n\ntwo\n\nthree\n");
}

static void never_shows_scripts_styles_and_titles(void **state)
{
    (void)state;
    struct winnow *w = winnow_with(NULL, NULL);
    const char *html = "<html><head><title>T</title><style>p{}</style></head><body>one"
                       "<script>var x='<p>two</p>'</script> three<template><p>four</p></template>"
                       "</body></html>";
    struct winnow_page *page =
        clean_page(w, (struct winnow_input){.data = html, .len = strlen(html)});
    char *text = page_render(page, WINNOW_TEXT), *why = page_render(page, WINNOW_EXPLAIN);
    assert_string_equal(text, "one three\n");
    assert_non_null(strstr(why, "<script> is not shown as text"));
    assert_non_null(strstr(why, "<style> is not shown as text"));
    assert_non_null(strstr(why, "<title> is not shown as text"));
    expect_whole(page);
    free(text);
    free(why);
    winnow_page_free(page);
    winnow_free(w);
}

static void keeps_the_lines_and_gaps_of_a_dump(void **state)
{
    (void)state;
    expect_written("\n\none  two\n  three\r\n\r\n\r\n\xc2\xa0\nfour   \n",
                   "one  two\n  three\n\nfour\n");
}

static void writes_no_control_characters(void **state)
{
    (void)state;
    expect_written("A line of a log that goes on for a good while, in which\x01\x02 words are \x1b[31mred\x7f\tto the end\n",
                   "A line of a log that goes on for a good while, in which words are [31mred\tto the end\n");
}

static void writes_nothing_of_an_empty_page(void **state)
{
    (void)state;
    expect_written("", "");
    expect_written(" \n\n\t\n", "");
    expect_written("<html><body></body></html>", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_each_block_element_on_a_line),
        cmocka_unit_test(sets_off_paragraphs_headings_and_lists),
        cmocka_unit_test(starts_a_line_at_br),
        cmocka_unit_test(folds_white_space_outside_code_only),
        cmocka_unit_test(joins_the_cells_of_a_row),
        cmocka_unit_test(leaves_cells_with_more_than_a_line_apart),
        cmocka_unit_test(never_shows_scripts_styles_and_titles),
        cmocka_unit_test(keeps_the_lines_and_gaps_of_a_dump),
        cmocka_unit_test(writes_no_control_characters),
        cmocka_unit_test(writes_nothing_of_an_empty_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
