/* test_rules_test.c - the tests that rule files hold: found, run, skipped, failed. */
#include "testing.h"

#include <sys/stat.h>

#include "program.h"

struct outcome {
    size_t ran, failed, skipped;
    char *found; /* "line: text", a line each */
};

static void note(void *ctx, const struct winnow_finding *f)
{
    char line[700];
    assert_string_equal(f->kind, "test");
    assert_true(f->is_error);
    snprintf(line, sizeof line, "%u: %s\n", f->line, f->text);
    text_add(ctx, line, strlen(line));
}

static struct outcome run_rules(const char *rules)
{
    struct text found = {calloc(1, 1), 0};
    struct outcome o = {0};
    struct winnow_error err = {0};
    make_file("ferry.example.txt", rules);
    if (winnow_rules_test(path_of("ferry.example.txt"), note, &found, &o.ran, &o.failed, &o.skipped,
                          &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    o.found = found.data;
    return o;
}

/* want: the findings, or what they hold; "": none. */
static void expect(const char *rules, size_t ran, size_t failed, size_t skipped, const char *want)
{
    struct outcome o = run_rules(rules);
    if (o.ran != ran || o.failed != failed || o.skipped != skipped || !strstr(o.found, want) ||
        (!*want && *o.found))
        fail_msg("%sran %zu, failed %zu, skipped %zu: %s", rules, o.ran, o.failed, o.skipped, o.found);
    free(o.found);
}

#define PAGE                                                                                   \
    "<html><body><div class=menu>Home and away</div><div id=text><p>The  ferry\nsails.</p>"   \
    "<p>It rains.</p></div></body></html>"

static void runs_lines_against_what_has_to_come_out(void **state)
{
    (void)state;
    expect("drop_line: Home\ntest_in: Home\ntest_in: text\ntest_out: text\n", 1, 0, 0, "");
    expect("test_in: Home\ntest_in: text\ntest_out: text\ntest_in: a\ntest_out: a\n", 2, 1, 0,
           "1: test failed: want \"text\", got \"Home\"");
    expect("drop_line: Home\ntest_in: Home\n", 1, 0, 0, "");
    expect("test_in: Home\n", 1, 1, 0, "want \"\" (the end), got \"Home\"");
}

static void looks_for_parts_of_what_comes_out(void **state)
{
    (void)state;
    expect("test_in: The  ferry\ntest_in: sails.\ntest_contains: The ferry  sails.\n", 1, 0, 0, "");
    expect("test_in: a b\ntest_contains: b\ntest_contains: c\n", 1, 1, 0,
           "3: test failed: \"c\" does not come out");
    expect("test_in: a b\ntest_not_contains: c\ntest_not_contains: b\n", 1, 1, 0,
           "3: test failed: \"b\" comes out, and should not");
    expect("test_in: a\ntest_contains: x\ntest_contains: y\ntest_in: b\ntest_contains: b\n", 2, 1, 0,
           "3: ");
}

static void reads_a_page_from_the_folder_of_the_rule_file(void **state)
{
    (void)state;
    make_folder("pages");
    make_file("pages/a.html", PAGE);
    expect("body: //div[@id='text']\ntest_file: pages/a.html\ntest_contains: The ferry sails.\n"
           "test_not_contains: Home\n", 1, 0, 0, "");
    expect("test_file: pages/a.html\ntest_contains: ferry\ntest_not_contains: Home\n", 1, 1, 0,
           "3: test failed: \"Home\" comes out");
    expect("body: //div[@id='text']\ntest_file: pages/a.html\ntest_out: The ferry sails.\n"
           "test_out: It rains.\n", 1, 0, 0, "");
    expect("test_file: pages/a.html\ntest_out: It rains.\n", 1, 1, 0, "1: test failed: want");
    expect("test_file: pages/a.html\ntest_file: pages/a.html\ntest_contains: ferry\n", 2, 0, 0, "");
    expect("test_in: a\ntest_file: pages/a.html\ntest_contains: ferry\n", 2, 1, 0, "1: ");
    expect("test_file: pages/a.html\ntest_in: a\ntest_contains: ferry\n", 2, 1, 0, "3: ");
}

static void a_page_that_cannot_be_read_fails_its_test_alone(void **state)
{
    (void)state;
    make_folder("pages");
    make_file("pages/a.html", PAGE);
    make_file("pages/binary.png", "\x89PNG\r\n\x1a\n");
    assert_true(exists("pages/pipe") || mkfifo(path_of("pages/pipe"), 0600) == 0);
    expect("test_file: pages/nowhere.html\ntest_contains: a\ntest_file: pages/a.html\n"
           "test_contains: ferry\n", 2, 1, 0, "nowhere.html: No such file");
    expect("test_file: pages\ntest_contains: a\n", 1, 1, 0, "not a regular file");
    expect("test_file: pages/pipe\ntest_contains: a\n", 1, 1, 0, "not a regular file");
    expect("test_file: pages/binary.png\ntest_contains: a\n", 1, 1, 0, "cannot be cleaned");
    if (truncate(path_of("pages/a.html"), 65L * 1024 * 1024) == 0)
        expect("test_file: pages/a.html\ntest_contains: a\n", 1, 1, 0, "larger than a page may be");
}

static void gives_a_page_the_url_before_or_behind_it(void **state)
{
    (void)state;
#define NEWS "section: news\nmatch_url: /\\/news\\//\ndrop_line: Home\n"
    expect(NEWS "test_url: http://ferry.example/news/1\ntest_in: Home\ntest_in: a\ntest_out: a\n", 1, 0,
           0, "");
    expect(NEWS "test_in: Home\ntest_in: a\ntest_url: http://ferry.example/news/1\ntest_out: a\n", 1, 0,
           0, "");
    expect(NEWS "test_url: http://ferry.example/\ntest_in: Home\ntest_in: a\ntest_out: a\n", 1, 1, 0,
           "4: ");
    expect(NEWS "test_in: Home\ntest_out: Home\ntest_url: http://ferry.example/news/1\n"
                "test_in: Home\ntest_contains: Home\n", 2, 1, 0, "8: ");
}

static void skips_urls_that_would_have_to_be_fetched(void **state)
{
    (void)state;
    expect("test_url: http://ferry.example/1\ntest_contains: a\ntest_url: http://ferry.example/2\n"
           "test_contains: b\ntest_url: http://ferry.example/3\ntest_url: http://ferry.example/4\n",
           0, 0, 4, "");
    expect("test_url: http://ferry.example/1\ntest_contains: a\ntest_in: a\ntest_out: a\n", 1, 0, 1, "");
}

static void the_program_counts_tests(void **state)
{
    (void)state;
    make_file("ferry.example.txt", "test_url: http://ferry.example/\ntest_contains: a\n"
                                   "test_in: a\ntest_out: a\ntest_in: a\ntest_out: b\n");
    struct run r = RUN("rules", "test", path_of("ferry.example.txt"));
    assert_code(&r, EX_CONFIG);
    assert_out(&r, "ferry.example.txt:5:1: test failed");
    assert_out(&r, "ferry.example.txt: 2 tests, 1 failed, 1 skipped: ");
    run_free(&r);
    r = RUN("rules", "test", "--format", "json", path_of("ferry.example.txt"));
    assert_out(&r, "\"errors\":1,\"warnings\":0,\"tests\":2,\"failed\":1,\"skipped\":1");
    assert_not_out(&r, "2 tests");
    run_free(&r);
    make_file("ferry.example.txt", "test_in: a\ntest_out: a\n");
    r = RUN("rules", "test", "-q", path_of("ferry.example.txt"));
    assert_code(&r, 0);
    assert_string_equal(r.out, "");
    run_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_lines_against_what_has_to_come_out),
        cmocka_unit_test(looks_for_parts_of_what_comes_out),
        cmocka_unit_test(reads_a_page_from_the_folder_of_the_rule_file),
        cmocka_unit_test(a_page_that_cannot_be_read_fails_its_test_alone),
        cmocka_unit_test(gives_a_page_the_url_before_or_behind_it),
        cmocka_unit_test(skips_urls_that_would_have_to_be_fetched),
        cmocka_unit_test(the_program_counts_tests),
    };
    return cmocka_run_group_tests_name("rules_test", tests, folder_start, folder_stop);
}
