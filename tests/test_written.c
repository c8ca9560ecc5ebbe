/* test_written.c - the clean text knows where each of its bytes came from. */
#include "testing.h"

#include "clean.h"
#include "written.h"

/* A page cleaned without rules, and its clean text with the map. */
struct fixture {
    struct winnow *w;
    struct winnow_input in;
    struct page page;
    struct written written;
};

static void open_page(struct fixture *f, const char *text)
{
    f->w = winnow_with(NULL, NULL);
    f->in = (struct winnow_input){.data = text, .len = strlen(text)};
    page_init(&f->page, f->w, &f->in);
    assert_int_equal(clean_run(&f->page, NULL), WINNOW_OK);
    assert_int_equal(written_make(&f->page, true, &f->written), WINNOW_OK);
}

static void close_page(struct fixture *f)
{
    written_free(&f->written);
    page_end(&f->page);
    winnow_free(f->w);
}

/* Every byte of a run stands in the page where the run says. */
static void expect_true_map(const struct fixture *f)
{
    uint32_t at = 0, from = 0;
    for (size_t i = 0; i < f->written.count; i++) {
        struct run r = f->written.runs[i];
        assert_true(r.at >= at && r.from >= from && r.len > 0);
        assert_memory_equal(f->written.text.data + r.at, f->page.text + r.from, r.len);
        at = r.at + r.len;
        from = r.from + r.len;
    }
    assert_true(at <= f->written.text.len);
}

static void expect_range(const struct fixture *f, const char *part, const char *want)
{
    const char *at = strstr(f->written.text.data, part);
    uint32_t start, end, from = (uint32_t)(at - f->written.text.data);
    assert_non_null(at);
    assert_true(written_range(&f->written, from, from + (uint32_t)strlen(part), &start, &end));
    assert_int_equal(end - start, strlen(want));
    assert_memory_equal(f->page.text + start, want, end - start);
}

static void maps_folded_html_back_to_its_bytes(void **state)
{
    (void)state;
    struct fixture f;
    open_page(&f, "<p> one \n  <b>two</b>\n\n three </p><p>four<script>x</script>five");
    assert_string_equal(f.written.text.data, "one two three\n\nfourfive\n");
    expect_true_map(&f);
    expect_range(&f, "one two", "one \n  two");
    expect_range(&f, " two ", "two");
    expect_range(&f, "fourfive", "fourxfive");
    close_page(&f);
}

static void maps_the_lines_of_a_dump(void **state)
{
    (void)state;
    struct fixture f;
    open_page(&f, "  one\x01  two \r\n\r\n\r\nthree\xc2\xa0\n");
    assert_string_equal(f.written.text.data, "  one  two\n\nthree\n");
    expect_true_map(&f);
    expect_range(&f, "one  two", "one\x01  two");
    expect_range(&f, "two\n\nthree", "two \r\n\r\n\r\nthree");
    close_page(&f);
}

static void says_what_lies_between_two_words(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t start, end;
    open_page(&f, "<p>fr \n <i></i> om");
    assert_string_equal(f.written.text.data, "fr om\n");
    written_between(&f.written, 2, 3, &start, &end);
    assert_int_equal(end - start, 4);
    assert_memory_equal(f.page.text + start, " \n  ", 4);
    written_between(&f.written, 0, 2, &start, &end);
    assert_memory_equal(f.page.text + start, "fr", 2);
    assert_int_equal(end - start, 2);
    close_page(&f);
}

static void finds_nothing_where_nothing_came_from_the_page(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t start = 7, end = 7;
    open_page(&f, "<p>one</p><p>two</p>");
    assert_false(written_range(&f.written, 3, 5, &start, &end)); /* the blank line */
    assert_false(written_range(&f.written, 90, 95, &start, &end));
    assert_int_equal(start, 7);
    close_page(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_folded_html_back_to_its_bytes),
        cmocka_unit_test(maps_the_lines_of_a_dump),
        cmocka_unit_test(says_what_lies_between_two_words),
        cmocka_unit_test(finds_nothing_where_nothing_came_from_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
