/* test_rules_match.c - which rule files speak for a page, in which order, and since when. */

#include "rules_testing.h"

/* "a.example.txt host, global.txt global" against the files of a page. */
static void expect_files(const struct winnow_page *page, const char *want)
{
    struct text got = {calloc(1, 1), 0};
    struct winnow_rule_file f;
    for (size_t i = 0; (f = winnow_page_rule_file(page, i)).name != NULL; i++) {
        char one[300];
        const char *slash = strrchr(f.name, '/');
        int n = snprintf(one, sizeof one, "%s%s %s", i > 0 ? ", " : "", slash ? slash + 1 : f.name,
                         f.step);
        text_add(&got, one, (size_t)n);
    }
    assert_string_equal(got.data, want);
    free(got.data);
}

static void expect_files_of(const struct rules_folder *f, const char *text, const char *url,
                            const char *want)
{
    struct winnow *w = winnow_of(f);
    struct winnow_page *page = clean_from(w, text, url);
    expect_files(page, want);
    winnow_page_free(page);
    winnow_free(w);
}

static void finds_the_file_of_a_host_and_of_its_parent(void **state)
{
    (void)state;
    const char *rule = "drop_line: Home\n";
    expect_clean("example.org.txt", rule, "https://www.Example.org/a", "Home\ntext\n", "text\n");
    expect_clean(".example.org.txt", rule, "https://blog.example.org/a", "Home\ntext\n", "text\n");
    expect_clean("example.org.txt", rule, "https://blog.example.org/", "Home\ntext\n",
                 "Home\ntext\n");
    expect_clean("example.org.txt", rule, "https://example.org.evil.net/", "Home\ntext\n",
                 "Home\ntext\n");
    expect_clean("org.txt", rule, "https://example.org/", "Home\ntext\n", "Home\ntext\n");
    expect_clean(".org.txt", rule, "https://example.org/", "Home\ntext\n", "Home\ntext\n");
    expect_clean("global.txt", rule, NULL, "Home\ntext\n", "text\n");
}

static void finds_a_file_by_folder_name_and_url(void **state)
{
    (void)state;
    static const struct {
        const char *match, *name, *url;
        int applies;
    } cases[] = {
        {"match_dir: blog-*", "drop/blog-7/a.txt", NULL, 1},
        {"match_dir: blog-*", "drop/other/a.txt", NULL, 0},
        {"match_dir: a.txt", "drop/a.txt", NULL, 0},
        {"match_file: *.dump.txt", "x/a.dump.txt", NULL, 1},
        {"match_url: /\\/news\\//", NULL, "https://a.example/news/1", 1},
        {"match_url: /\\/news\\//", NULL, "https://a.example/olds/1", 0},
        {"match_host: *.a.example", NULL, "https://x.a.example/", 1},
        {"match_host: a.example", "in/a.example/page.txt", NULL, 1},
        {"match_text: /^Imprint$/", NULL, NULL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char rules[200];
        snprintf(rules, sizeof rules, "%s\ndrop_line: Home\n", cases[i].match);
        struct winnow *w = winnow_with("x.txt", rules);
        struct winnow_page *page = clean_page(
            w, (struct winnow_input){
                   .data = "Home\ntext\n", .len = 10, .name = cases[i].name, .url = cases[i].url});
        char *got = page_render(page, WINNOW_TEXT);
        assert_string_equal(got, cases[i].applies ? "text\n" : "Home\ntext\n");
        free(got);
        winnow_page_free(page);
        winnow_free(w);
    }
}

static void asks_the_host_then_its_parent_then_what_matches_then_the_file_for_all(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "global.txt", "drop_line: Home\n");
    folder_put(&f, "a.txt", "match_html: /<p>/\ndrop_line: Home\n");
    folder_put(&f, ".a.example.txt", "drop_line: Home\n");
    folder_put(&f, "blog.a.example.txt", "drop_line: Home\n");
    expect_files_of(
        &f, "<!DOCTYPE html><p>text", "http://blog.a.example/",
        "blog.a.example.txt host, .a.example.txt parent, a.txt match, global.txt global");
    expect_files_of(&f, "<!DOCTYPE html><i>text</i>", "http://www.blog.a.example/x",
                    "blog.a.example.txt host, .a.example.txt parent, global.txt global");
    expect_files_of(&f, "<!DOCTYPE html><p>text", "http://x.blog.a.example/",
                    "a.txt match, global.txt global");
    expect_files_of(&f, "<!DOCTYPE html><p>text", NULL, "a.txt match, global.txt global");
    folder_close(&f);
}

static void puts_a_file_that_the_text_finds_before_the_file_for_all(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "global.txt", "drop_line: Home\n");
    folder_put(&f, "z.txt", "match_text: /^Imprint$/\ndrop_line: Imprint\n");
    folder_put(&f, "b.txt", "match_url: /example/\ndrop_line: Home\n");
    expect_files_of(&f, "Home\ntext\nImprint\n", "http://a.example/",
                    "b.txt match, z.txt match, global.txt global");
    folder_close(&f);
}

static void puts_a_higher_priority_first_within_a_step_alone(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "a.txt", ANY "drop_line: Home\n");
    folder_put(&f, "b.txt", ANY "priority: 5\ndrop_line: Home\n");
    folder_put(&f, "c.txt", "priority: 40\n" ANY "drop_line: Home\n");
    folder_put(&f, "d.txt", "priority: 5\n" ANY "drop_line: Home\n");
    folder_put(&f, "global.txt", "priority: 1000\n");
    folder_put(&f, "a.example.txt", "priority: 0\n");
    expect_files_of(&f, "text\n", "http://a.example/",
                    "a.example.txt host, c.txt match, b.txt match, d.txt match, a.txt match, "
                    "global.txt global");
    folder_close(&f);
}

static void names_the_line_that_matched(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "a.txt", "# two ways\nmatch_text: /nowhere/\nmatch_text: /text/\n");
    struct winnow *w = winnow_of(&f);
    struct winnow_page *page = clean_from(w, "text\n", NULL);
    assert_int_equal(winnow_page_rule_file(page, 0).line, 3);
    assert_string_equal(winnow_page_rule_file(page, 0).path, folder_path(&f, "a.txt"));
    assert_null(winnow_page_rule_file(page, 1).name);
    winnow_page_free(page);
    winnow_free(w);
    folder_close(&f);
}

/* --- validity ----------------------------------------------------------------------------- */

static void asks_the_day_of_the_page_whether_a_file_is_valid(void **state)
{
    (void)state;
    static const struct {
        const char *published, *url;
        int applies;
    } cases[] = {
        {"2019-12-31T23:59:59Z", "http://a.example/", 0},
        {"2020-01-01", "http://a.example/", 1},
        {"2020-06-30T08:00:00+02:00", "http://a.example/", 1},
        {"2020-07-01", "http://a.example/", 0},
        {NULL, "http://a.example/2020/03/05/port", 1},
        {NULL, "http://a.example/news/2021/03/05/port", 0},
        {NULL, "http://a.example/2019-03-05", 0},
        {"2020-03-05", "http://a.example/2021/03/05/port", 1}, /* the page knows better */
        {NULL, "http://a.example/port", 1},
        {"last Tuesday", "http://a.example/port", 1},
        {NULL, "http://a.example/2020/13/05/port", 1},
        {"soon", "http://a.example/2021/03/05/port", 0},
    };
    struct winnow *w = winnow_with("a.example.txt", "valid_from: 2020-01-01\n"
                                                    "valid_until: 2020-06-30\ndrop_line: Home\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char html[300];
        snprintf(html, sizeof html, "<html><head>%s%s%s</head><body><p>Home<p>Text",
                 cases[i].published ? "<meta property=\"article:published_time\" content=\"" : "",
                 cases[i].published ? cases[i].published : "", cases[i].published ? "\">" : "");
        char *got = clean_text(w, html, cases[i].url);
        if (strcmp(got, cases[i].applies ? "Text\n" : "Home\n\nText\n") != 0)
            fail_msg("case %zu: got \"%s\"", i, got);
        free(got);
    }
    winnow_free(w);
}

static void asks_the_url_of_a_dump_for_its_day(void **state)
{
    (void)state;
    const char *rule = "valid_until: 2020-06-30\ndrop_line: Home\n";
    expect_clean("a.example.txt", rule, "http://a.example/2020/06/30/x", "Home\ntext\n", "text\n");
    expect_clean("a.example.txt", rule, "http://a.example/2020/07/01/x", "Home\ntext\n",
                 "Home\ntext\n");
    expect_clean("a.example.txt", rule, "http://a.example/x", "Home\ntext\n", "text\n");
}

static void takes_the_file_that_is_valid_of_two_for_a_host(void **state)
{
    (void)state;
    struct rules_folder f = folder_open(), g = folder_open();
    folder_put(&f, "a.example.txt", "valid_until: 2020-06-30\nbody: //div[@id='old']\n");
    folder_put(&g, "a.example.txt", "valid_from: 2020-07-01\nbody: //div[@id='new']\n");
    struct winnow *w = winnow_of(&f);
    assert_int_equal(winnow_add_rules(w, g.path, NULL), WINNOW_OK);
    const char *html = "<p>Top<div id=old>Old words</div><div id=new>New words</div>";
    char *old = clean_text(w, html, "http://a.example/2020/01/01/");
    char *new = clean_text(w, html, "http://a.example/2021/01/01/");
    assert_string_equal(old, "Old words\n");
    assert_string_equal(new, "New words\n");
    free(old);
    free(new);
    winnow_free(w);
    folder_close(&f);
    folder_close(&g);
}

/* --- what several files say -------------------------------------------------------------------- */

static void believes_the_first_file_that_says_a_scalar(void **state)
{
    (void)state;
    static const struct {
        const char *host, *global, *want;
    } cases[] = {
        {"", "prune: no\n", "Words of it.\n\nSend\n"},
        {"prune: yes\n", "prune: no\n", "Words of it.\n"},
        {"prune: no\nprune: yes\n", "", "Words of it.\n\nSend\n"},
        {"prune: perhaps\n", "prune: yes\n", "Words of it.\n"}, /* a broken line says nothing */
        {"", "", "Words of it.\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rules_folder f = folder_open();
        char host[200];
        snprintf(host, sizeof host, "body: //article\n%s", cases[i].host);
        folder_put(&f, "a.example.txt", host);
        folder_put(&f, "global.txt", cases[i].global);
        struct winnow *w = winnow_of(&f);
        char *got =
            clean_text(w, "<h1>T</h1><article><p>Words of it.</p><form>Send</form></article>",
                       "http://a.example/");
        assert_string_equal(got, cases[i].want);
        free(got);
        winnow_free(w);
        folder_close(&f);
    }
}

static void adds_up_what_several_files_drop(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "global.txt", "drop_line: Imprint\n");
    folder_put(&f, "a.example.txt", "drop_line: Home\n");
    struct winnow *w = winnow_of(&f);
    char *got = clean_text(w, "Home\ntext\nImprint\n", "http://a.example/");
    assert_string_equal(got, "text\n");
    free(got);
    winnow_free(w);
    folder_close(&f);
}

static void reads_the_title_by_the_first_file_that_finds_one(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "global.txt", "title: //h1\nauthor: //address\n");
    folder_put(&f, "a.example.txt", "title: //h6\ntitle: //h2\n");
    struct winnow *w = winnow_of(&f);
    struct winnow_page *page =
        clean_from(w, "<h1>One</h1><h2>Two</h2><address>Ida Berg</address>", "http://a.example/");
    assert_string_equal(meta_of(page, "title"), "Two");
    assert_string_equal(meta_of(page, "author"), "Ida Berg");
    winnow_page_free(page);
    winnow_free(w);
    folder_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_file_of_a_host_and_of_its_parent),
        cmocka_unit_test(finds_a_file_by_folder_name_and_url),
        cmocka_unit_test(asks_the_host_then_its_parent_then_what_matches_then_the_file_for_all),
        cmocka_unit_test(puts_a_file_that_the_text_finds_before_the_file_for_all),
        cmocka_unit_test(puts_a_higher_priority_first_within_a_step_alone),
        cmocka_unit_test(names_the_line_that_matched),
        cmocka_unit_test(asks_the_day_of_the_page_whether_a_file_is_valid),
        cmocka_unit_test(asks_the_url_of_a_dump_for_its_day),
        cmocka_unit_test(takes_the_file_that_is_valid_of_two_for_a_host),
        cmocka_unit_test(believes_the_first_file_that_says_a_scalar),
        cmocka_unit_test(adds_up_what_several_files_drop),
        cmocka_unit_test(reads_the_title_by_the_first_file_that_finds_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
