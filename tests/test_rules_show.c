/* test_rules_show.c - winnow rules show and status: what they print, and how they end. */

#include "program.h"

#define HTML "<!DOCTYPE html><title>T</title>"

/* Rules of two folders and a page of a.example. */
static int set_up(void **state)
{
    (void)state;
    folder_make();
    make_folder("mine");
    make_folder("theirs");
    make_file("mine/a.example.txt", "body: //none\nbody: //article\nbody: //p\nstrip: //em\n");
    make_file("theirs/a.example.txt", "strip: //h6\n");
    make_file("theirs/.example.txt", "strip: //h5\n");
    make_file("theirs/site.txt", "# any page with an em\nmatch_html: /<em>/\ndrop_line: Ad\n");
    make_file("theirs/global.txt", "strip_id_or_class(class): promo\nstrip_id_or_class(id): side\n"
                                   "strip_id_or_class(token): box\nstrip_id_or_class: menu\n");
    make_file("page.html", HTML "<h6>Top</h6><article><p>Words of it.</p><em>x</em><p class=promo>"
                                "Buy</p></article>");
    return 0;
}

static int clear_up(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

/* The rules of both folders, and nothing of what is installed. */
#define RULES "--no-default-rules", "--rules", path_of("mine"), "--rules", path_of("theirs")

/* The parts stand in the output, in this order. */
static void expect_in_order(const struct run *r, const char *const *parts)
{
    const char *at = r->out;
    for (size_t i = 0; parts[i]; i++) {
        const char *found = strstr(at, parts[i]);
        if (!found)
            fail_msg("no \"%s\" after \"%.60s\" in: %s", parts[i], at, r->out);
        at = found + strlen(parts[i]);
    }
}

/* --- show ---------------------------------------------------------------------------------- */

static void shows_the_files_of_a_page_and_why_and_what_they_took(void **state)
{
    (void)state;
    struct run r = RUN("rules", "show", RULES, "--url", "http://a.example/x", path_of("page.html"));
    assert_code(&r, EX_OK);
    expect_in_order(
        &r, (const char *const[]){"1. ", "mine/a.example.txt: the page's host; took ", "2. ",
                                  "theirs/a.example.txt: the page's host; took ", "3. ",
                                  "theirs/site.txt: line 2 matches the page; took 0.0%", "4. ",
                                  "theirs/global.txt: for every page; took ", NULL});
    run_free(&r);
}

static void shows_what_each_line_matched_in_the_order_in_which_they_ran(void **state)
{
    (void)state;
    struct run r = RUN("rules", "show", RULES, "--url", "http://a.example/x", path_of("page.html"));
    expect_in_order(&r, (const char *const[]){
                            "matched  rule", "       1  mine/a.example.txt:4: strip: //em\n",
                            "       1  theirs/a.example.txt:1: strip: //h6\n",
                            "       1  theirs/global.txt:1: strip_id_or_class(class): promo\n",
                            "       0  mine/a.example.txt:1: body: //none\n",
                            "       1  mine/a.example.txt:2: body: //article\n",
                            "       -  mine/a.example.txt:3: body: //p\n",
                            "       0  theirs/global.txt:4: strip_id_or_class: menu\n",
                            "       0  theirs/site.txt:3: drop_line: Ad\n",
                            "       -  and 2 classes and ids that the page does not have\n", NULL});
    assert_not_out(&r, "side");
    run_free(&r);
}

/* The host is nowhere: fetching it would fail. */
static void shows_the_files_of_a_url_without_fetching_it(void **state)
{
    (void)state;
    struct run r = RUN("rules", "show", RULES, "http://blog.a.example/never/there");
    assert_code(&r, EX_OK);
    assert_out(&r, "theirs/global.txt: for every page\n");
    assert_not_out(&r, "mine/");
    assert_not_out(&r, "took");
    assert_not_out(&r, "site.txt");
    assert_out(&r, "       -  theirs/global.txt:4: strip_id_or_class: menu\n");
    assert_string_equal(r.err, "");
    run_free(&r);
    make_file("theirs/.a.example.txt", "strip: //h4\n");
    r = RUN("rules", "show", RULES, "http://blog.a.example/never/there");
    expect_in_order(
        &r, (const char *const[]){"1. ", "theirs/.a.example.txt: the host with one label off\n",
                                  "2. ", "global.txt", NULL});
    run_free(&r);
    unlink(path_of("theirs/.a.example.txt"));
}

static void shows_several_pages_under_their_names(void **state)
{
    (void)state;
    struct run r = RUN("rules", "show", RULES, path_of("page.html"), "http://b.example/");
    assert_code(&r, EX_OK);
    expect_in_order(&r, (const char *const[]){"=== ", "page.html\n", "site.txt: line 2",
                                              "=== http://b.example/\n", "global.txt", NULL});
    run_free(&r);
}

static void says_that_no_file_speaks_for_a_page(void **state)
{
    (void)state;
    struct run r =
        RUN("rules", "show", "--no-default-rules", "--rules", path_of("mine"), "http://b.example/");
    assert_code(&r, EX_OK);
    assert_string_equal(r.out, "no rule file speaks for this page\n");
    run_free(&r);
}

static void fails_where_it_has_no_page_and_shows_the_others(void **state)
{
    (void)state;
    struct run r = RUN("rules", "show", RULES, path_of("nowhere.html"), path_of("page.html"));
    assert_true(r.code != EX_OK);
    assert_out(&r, "site.txt: line 2");
    assert_err(&r, "nowhere.html");
    run_free(&r);
    r = RUN("rules", "show", RULES);
    assert_code(&r, EX_USAGE);
    run_free(&r);
}

static void cuts_a_long_line_between_characters(void **state)
{
    (void)state;
    make_folder("wide");
    for (size_t shift = 0; shift < 4; shift++) {
        char rules[600];
        size_t n = (size_t)snprintf(rules, sizeof rules, "drop_line: %.*s", (int)shift, "abc");
        for (size_t i = 0; i < 60; i++)
            n += (size_t)snprintf(rules + n, sizeof rules - n, "\xe2\x82\xac");
        make_file("wide/global.txt", rules);
        struct run r = RUN("rules", "show", "--no-default-rules", "--rules", path_of("wide"),
                           path_of("page.html"));
        assert_code(&r, EX_OK);
        assert_utf8(&r);
        assert_out(&r, "\xe2\x82\xac...\n");
        run_free(&r);
    }
}

/* --- status ----------------------------------------------------------------------------------- */

/* A folder of pages that have an <em> up to the last `without`. */
static void make_pages(const char *name, unsigned with, unsigned without)
{
    char path[100];
    make_folder(name);
    for (unsigned i = 0; i < with + without; i++) {
        snprintf(path, sizeof path, "%s/p%03u.html", name, i);
        make_file(path, i < with ? HTML "<article><p>Words of it.</p></article><em>x</em>"
                                 : HTML "<article><p>Words of it.</p></article><i>x</i>");
    }
}

static void ends_well_where_nothing_rots(void **state)
{
    (void)state;
    make_pages("well", 12, 0);
    struct run r = RUN("rules", "status", "--no-default-rules", "--rules", path_of("mine"), "--url",
                       "http://a.example/", path_of("well"));
    assert_code(&r, EX_OK);
    expect_in_order(&r, (const char *const[]){"pages", "with body", "took", "      12         12",
                                              "mine/a.example.txt\n", NULL});
    assert_not_out(&r, "matches nothing");
    run_free(&r);
}

static void ends_with_78_where_a_line_rots_and_names_page_and_line(void **state)
{
    (void)state;
    make_pages("ill", 12, 12);
    struct run r = RUN("rules", "status", "--no-default-rules", "--rules", path_of("mine"), "--url",
                       "http://a.example/", path_of("ill"));
    assert_code(&r, EX_CONFIG);
    expect_in_order(&r,
                    (const char *const[]){"mine/a.example.txt:4: the line matches nothing since ",
                                          "ill/p012.html: 12 pages in a row", NULL});
    run_free(&r);
    r = RUN("rules", "status", "-q", "--no-default-rules", "--rules", path_of("mine"), "--url",
            "http://a.example/", path_of("ill"));
    assert_code(&r, EX_CONFIG);
    assert_not_out(&r, "with body");
    assert_out(&r, "p012.html");
    run_free(&r);
}

static void tells_the_same_of_records_as_of_pages(void **state)
{
    (void)state;
    make_pages("kept", 12, 12);
    struct run pages = RUN("rules", "status", "--no-default-rules", "--rules", path_of("mine"),
                           "--url", "http://a.example/", path_of("kept"));
    struct run clean = RUN("clean", "--format", "jsonl", "--no-default-rules", "--rules",
                           path_of("mine"), "--url", "http://a.example/", path_of("kept"));
    assert_code(&clean, EX_OK);
    make_file("kept.jsonl", clean.out);
    struct run records = RUN("rules", "status", "--no-default-rules", path_of("kept.jsonl"));
    assert_code(&records, EX_CONFIG);
    assert_out(&records, "kept.jsonl:13: 12 pages in a row");
    size_t table = (size_t)(strchr(strchr(pages.out, '\n') + 1, '\n') - pages.out);
    assert_int_equal(strncmp(pages.out, records.out, table), 0);
    run_free(&pages);
    run_free(&clean);
    run_free(&records);
}

static void refuses_a_record_that_is_none_by_file_and_line(void **state)
{
    (void)state;
    make_file("bad.jsonl", "{\"shown\":1,\"rules\":[]}\n\n{\"shown\":1}\n");
    make_file("bad.json", "no JSON");
    struct run r = RUN("rules", "status", "--no-default-rules", path_of("bad.jsonl"));
    assert_code(&r, EX_DATAERR);
    assert_err(&r, "bad.jsonl:3: no record of winnow clean");
    assert_one_error(&r);
    run_free(&r);
    r = RUN("rules", "status", "--no-default-rules", path_of("bad.json"));
    assert_code(&r, EX_DATAERR);
    assert_err(&r, "bad.json");
    run_free(&r);
    r = RUN("rules", "status", "--no-default-rules", path_of("nowhere.jsonl"));
    assert_true(r.code != EX_OK && r.code != EX_CONFIG);
    run_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_the_files_of_a_page_and_why_and_what_they_took),
        cmocka_unit_test(shows_what_each_line_matched_in_the_order_in_which_they_ran),
        cmocka_unit_test(shows_the_files_of_a_url_without_fetching_it),
        cmocka_unit_test(shows_several_pages_under_their_names),
        cmocka_unit_test(says_that_no_file_speaks_for_a_page),
        cmocka_unit_test(fails_where_it_has_no_page_and_shows_the_others),
        cmocka_unit_test(cuts_a_long_line_between_characters),
        cmocka_unit_test(ends_well_where_nothing_rots),
        cmocka_unit_test(ends_with_78_where_a_line_rots_and_names_page_and_line),
        cmocka_unit_test(tells_the_same_of_records_as_of_pages),
        cmocka_unit_test(refuses_a_record_that_is_none_by_file_and_line),
    };
    return cmocka_run_group_tests(tests, set_up, clear_up);
}
