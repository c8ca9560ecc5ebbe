/* test_winnow.c - the public functions: records, metadata, sources of the URL, limits. */
#include <jansson.h>
#include <pthread.h>

#include "testing.h"

static struct winnow_page *page_of(struct winnow *w, const char *text, const char *name)
{
    return clean_page(w, (struct winnow_input){.data = text, .len = strlen(text), .name = name});
}

static const char *meta_of(const struct winnow_page *page, const char *name, const char **from)
{
    const char *found, *value;
    for (size_t i = 0; (found = winnow_page_meta(page, i, &value, from)) != NULL; i++)
        if (strcmp(found, name) == 0)
            return value;
    return NULL;
}

static void expect_meta(const char *html, const char *path, const char *name, const char *want,
                        const char *want_from)
{
    struct winnow *w = winnow_with(NULL, NULL);
    struct winnow_page *page = page_of(w, html, path);
    const char *from = "";
    const char *value = meta_of(page, name, &from);
    if (!want)
        assert_null(value);
    else if (!value || strcmp(value, want) != 0 || strcmp(from, want_from) != 0)
        fail_msg("%s of %s: got %s (%s), wanted %s (%s)", name, html, value ? value : "nothing",
                 from, want, want_from);
    winnow_page_free(page);
    winnow_free(w);
}

static void finds_metadata_and_says_where_it_came_from(void **state)
{
    (void)state;
    expect_meta("<title>A</title><h1>B</h1><meta property=og:title content=C>", NULL, "title", "B",
                "h1");
    expect_meta("<title>A</title><h1> B <b>c</b></h1>", NULL, "title", "B c", "h1");
    expect_meta("<title>A</title><p>x", NULL, "title", "A", "title");
    expect_meta("<html lang='de-AT'><p>x", NULL, "language", "de-AT", "html");
    expect_meta("<p><time datetime='2020-02-03T10:00'>today</time>", NULL, "date",
                "2020-02-03T10:00", "time");
    expect_meta("<meta name=Author content=' A. Writer '><p>x", NULL, "author", "A. Writer",
                "author");
    expect_meta("3 March 2021\nA title of a dump\ntext\n", NULL, "date", "2021-03-03",
                "a line that is a date");
    expect_meta("3 March 2021\nA title of a dump\ntext\n", NULL, "title", "A title of a dump",
                "first line");
    expect_meta("On 3 March 2021 it rained.\n", NULL, "date", NULL, NULL);
}

static void finds_the_url_in_the_order_of_trust(void **state)
{
    (void)state;
    const char *canonical = "<html><link rel=\"canonical\" href=\"https://c.example/x\"><p>x";
    expect_meta(canonical, NULL, "url", "https://c.example/x", "canonical");
    expect_meta(canonical, "drop/d.example/x.html", "host", "d.example", "folder");
    expect_meta("<html><meta property='og:url' content='https://o.example/y'><p>x", NULL, "url",
                "https://o.example/y", "og:url");
    expect_meta("<!-- saved from url=(0021)https://www.s.example/ -->\n<html><p>x", NULL, "host",
                "s.example", "saved-from comment");
    expect_meta("text\n", "v1.2/notes.old/page.txt", "host", "notes.old", "folder");
    expect_meta("text\n", "v1.2/page.txt", "host", NULL, NULL);
    expect_meta("<html><link rel=canonical href='javascript:x'><p>x", NULL, "url", NULL, NULL);
    expect_meta("<html><link rel=canonical href='http://x.example/\x1b[31m'><p>x", NULL, "url", NULL,
                NULL);
    expect_meta("<html><link rel=canonical href='http://x.example/\n# rules: y'><p>x", NULL, "url",
                NULL, NULL);
}

static void writes_a_record_that_makes_up_the_page(void **state)
{
    (void)state;
    const char *dump = "Home\n\nA tale of \"quotes\" & tabs\t\\ fr om here\n";
    struct winnow *w = winnow_with("x.txt", "match_text: /^Home$/\ndrop_line: Home\n"
                                            "repair_set: bitrix\n");
    struct winnow_page *page = page_of(w, dump, NULL);
    char *text = page_render(page, WINNOW_JSONL);
    json_t *o = json_loads(text, 0, NULL);
    assert_non_null(o);
    assert_int_equal(strchr(text, '\n') - text, (long)strlen(text) - 1);
    assert_string_equal(json_string_value(json_object_get(o, "text")),
                        "A tale of \"quotes\" & tabs\t\\ from here\n");
    assert_int_equal(strlen(json_string_value(json_object_get(o, "id"))), 32);
    json_t *removed = json_array_get(json_object_get(o, "removed"), 0);
    assert_int_equal(json_integer_value(json_object_get(removed, "start")), 0);
    assert_int_equal(json_integer_value(json_object_get(removed, "end")), 4);
    assert_string_equal(json_string_value(json_object_get(removed, "text")), "Home");
    json_t *replaced = json_array_get(json_object_get(o, "replaced"), 0);
    assert_string_equal(json_string_value(json_object_get(replaced, "text")), " ");
    assert_string_equal(json_string_value(json_object_get(replaced, "with")), "");
    json_decref(o);
    free(text);
    winnow_page_free(page);
    winnow_free(w);
}

/* A rule that does not compile, in a script of two bytes a letter, fills a note to its
 * limit: it is cut between letters and stands in the record. */
static void cuts_a_long_note_between_characters(void **state)
{
    (void)state;
    char rules[2000] = "match_text: /./\ndrop_line: /x(";
    for (size_t i = 0; i < 300; i++)
        strcat(rules, "ж");
    strcat(rules, "/\n");
    struct winnow *w = winnow_with("x.txt", rules);
    struct winnow_page *page = page_of(w, "text\n", NULL);
    char *text = page_render(page, WINNOW_JSONL);
    json_t *o = json_loads(text, 0, NULL);
    assert_non_null(o);
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(o, "metadata"), "notes")), 1);
    json_decref(o);
    free(text);
    winnow_page_free(page);
    winnow_free(w);
}

static void explains_notes_and_replacements_as_a_web_page(void **state)
{
    (void)state;
    struct winnow *w = winnow_with(
        "x.txt", "match_text: /./\nrepair(/hello/): good<bye\ndrop_line: /(/\n");
    struct winnow_page *page = page_of(w, "hello & all\n", NULL);
    char *html = page_render(page, WINNOW_EXPLAIN_HTML);
    assert_non_null(strstr(html, ">hello</del><ins>good&lt;bye</ins>"));
    assert_non_null(strstr(html, "<small>note</small> "));
    assert_non_null(strstr(html, " &amp; all"));
    free(html);
    winnow_page_free(page);
    winnow_free(w);
}

static void refuses_a_page_over_its_limits_and_says_so(void **state)
{
    (void)state;
    struct winnow_options options = {.limits = {.max_bytes = 1000, .max_nodes = 50}};
    struct winnow *w = NULL;
    struct winnow_page *page = NULL;
    struct winnow_error err = {0};
    char big[2000], nodes[800] = "<html>";
    memset(big, 'a', sizeof big);
    for (size_t i = 0; i < 100; i++)
        strcat(nodes, "<p>x");
    assert_int_equal(winnow_new(&options, &w, NULL), WINNOW_OK);
    struct winnow_input in = {.data = big, .len = sizeof big};
    assert_int_equal(winnow_clean(w, &in, &page, &err), WINNOW_ELIMIT);
    assert_non_null(strstr(err.text, "1000"));
    assert_null(page);
    memset(big, 'a', sizeof big);
    for (size_t i = 1; i < 200; i += 2)
        big[i] = '\n';
    in = (struct winnow_input){.data = big, .len = 200};
    assert_int_equal(winnow_clean(w, &in, &page, &err), WINNOW_ELIMIT);
    assert_non_null(strstr(err.text, "50 lines"));
    in = (struct winnow_input){.data = nodes, .len = strlen(nodes)};
    assert_int_equal(winnow_clean(w, &in, &page, &err), WINNOW_ELIMIT);
    assert_non_null(strstr(err.text, "50"));
    winnow_free(w);
}

static void refuses_limits_that_cannot_be(void **state)
{
    (void)state;
    struct winnow_options options = {.limits = {.max_depth = 100000}};
    struct winnow *w = NULL;
    struct winnow_error err = {0};
    assert_int_equal(winnow_new(&options, &w, &err), WINNOW_EUSAGE);
    assert_null(w);
    assert_true(*err.text);
}

static void keeps_the_text_when_the_input_is_gone(void **state)
{
    (void)state;
    struct winnow *w = winnow_with(NULL, NULL);
    char *input = strdup("A line that must outlive its buffer.\n");
    struct winnow_page *page = page_of(w, input, NULL);
    memset(input, 'x', strlen(input));
    free(input);
    char *got = page_render(page, WINNOW_TEXT);
    assert_string_equal(got, "A line that must outlive its buffer.\n");
    free(got);
    winnow_page_free(page);
    winnow_free(w);
}

static int stop(void *ctx, const char *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
    return -1;
}

static void says_when_writing_was_stopped(void **state)
{
    (void)state;
    struct winnow *w = winnow_with(NULL, NULL);
    struct winnow_page *page = page_of(w, "text\n", NULL);
    assert_int_equal(winnow_render(page, WINNOW_TEXT, stop, NULL, NULL), WINNOW_EIO);
    assert_int_equal(winnow_render(page, (enum winnow_format)99, stop, NULL, NULL), WINNOW_EUSAGE);
    winnow_page_free(page);
    winnow_free(w);
}

static void *clean_many(void *ctx)
{
    for (unsigned i = 0; i < 200; i++) {
        char *got = clean_text(ctx, "<p>Home<p>text<p class=x>gone", "http://a.example/");
        if (strcmp(got, "text\n") != 0)
            return got;
        free(got);
    }
    return NULL;
}

static void serves_several_threads_at_once(void **state)
{
    (void)state;
    pthread_t threads[4];
    struct winnow *w = winnow_with("a.example.txt", "strip: //p[@class='x']\ndrop_line: Home\n");
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, clean_many, w), 0);
    for (size_t i = 0; i < 4; i++) {
        void *wrong = NULL;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    winnow_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_metadata_and_says_where_it_came_from),
        cmocka_unit_test(finds_the_url_in_the_order_of_trust),
        cmocka_unit_test(writes_a_record_that_makes_up_the_page),
        cmocka_unit_test(cuts_a_long_note_between_characters),
        cmocka_unit_test(explains_notes_and_replacements_as_a_web_page),
        cmocka_unit_test(refuses_a_page_over_its_limits_and_says_so),
        cmocka_unit_test(refuses_limits_that_cannot_be),
        cmocka_unit_test(keeps_the_text_when_the_input_is_gone),
        cmocka_unit_test(says_when_writing_was_stopped),
        cmocka_unit_test(serves_several_threads_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
