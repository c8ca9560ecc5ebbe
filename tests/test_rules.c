/* test_rules.c - rule files: read, matched, applied; lint; their own tests. */

#include "testing.h"

#define DUMP "Home\nAbout us\n\nA headline\n\nThe first paragraph of it.\nThe second.\n\nMore news\nFooter\n"

/* Applies to every dump of this file. */
#define ANY "match_text: /./\n"

static void drops_the_lines_that_match(void **state)
{
    (void)state;
    expect_clean("x.txt", ANY "drop_line: Home\ndrop_line: /^Foot/\n", NULL, DUMP,
                 "About us\n\nA headline\n\nThe first paragraph of it.\nThe second.\n\nMore news\n");
}

static void compares_a_literal_with_whole_lines_and_folds_white_space(void **state)
{
    (void)state;
    expect_clean("x.txt", ANY "drop_line:  Read   more \n", NULL,
                 "  Read\xc2\xa0 more  \nRead more about it\nA Read more\n",
                 "Read more about it\nA Read more\n");
}

static void drops_the_block_around_a_match(void **state)
{
    (void)state;
    expect_clean("x.txt", ANY "drop_block: /first/\n", NULL, DUMP,
                 "Home\nAbout us\n\nA headline\n\nMore news\nFooter\n");
}

static void drops_between_two_matches_and_nothing_without_the_second(void **state)
{
    (void)state;
    expect_clean("x.txt", ANY "drop_between(About us): /^The first/\n", NULL, DUMP,
                 "Home\n\nThe second.\n\nMore news\nFooter\n");
    expect_clean("x.txt", ANY "drop_between(Home): Nowhere\n", NULL, DUMP, DUMP);
}

static void a_gap_belongs_to_no_line(void **state)
{
    (void)state;
    expect_clean("x.txt", ANY "drop_between(/\\n\\n\\n/): /^end$/\n", NULL,
                 "before\n\n\nfirst\nend\nafter\n", "before\n\nafter\n");
    expect_clean("x.txt", ANY "drop_line: /$/\n", NULL, "one\ntwo\n", "");
}

static void reads_expressions_in_arguments_that_hold_parentheses_and_colons(void **state)
{
    (void)state;
    expect_clean("x.txt", ANY "drop_between(/^(?:Q|A):/i): /end(?:ing)?:/\n", NULL,
                 "a line\nq: what\nmore\nthe ending: this\nafter\n", "a line\nafter\n");
}

static void cuts_before_and_after_keeping_or_dropping_the_line(void **state)
{
    (void)state;
    expect_clean("x.txt", ANY "cut_before: A headline\ncut_after(drop): More news\n", NULL, DUMP,
                 "A headline\n\nThe first paragraph of it.\nThe second.\n");
    expect_clean("x.txt", ANY "cut_before(drop): A headline\ncut_after(keep): More news\n", NULL,
                 DUMP, "The first paragraph of it.\nThe second.\n\nMore news\n");
}

static void drops_a_ticker_but_no_single_line_of_its_form(void **state)
{
    (void)state;
    const char *rule = ANY "ticker(min_run=3): /^\\d\\d:\\d\\d /\n";
    expect_clean("x.txt", rule, NULL, "10:00 one\n10:01 two\n\n10:02 three\ntext\n", "text\n");
    expect_clean("x.txt", rule, NULL, "10:00 one\n10:01 two\ntext\n10:02 three\n",
                 "10:00 one\n10:01 two\ntext\n10:02 three\n");
}

static void looks_for_a_ticker_only_in_its_zone(void **state)
{
    (void)state;
    expect_clean("x.txt", ANY "ticker(min_run=2,zone=tail): /^\\d /\n", NULL,
                 "1 a\n2 b\ntext\nmore\ntext here\n3 c\n4 d\n", "1 a\n2 b\ntext\nmore\ntext here\n");
    expect_clean("x.txt", ANY "ticker(min_run=2,zone=head): /^\\d /\n", NULL,
                 "1 a\n2 b\ntext\nmore\ntext here\n3 c\n4 d\n", "text\nmore\ntext here\n3 c\n4 d\n");
}

static void keeps_a_line_whatever_would_drop_it(void **state)
{
    (void)state;
    expect_clean("x.txt", ANY "cut_before: A headline\nkeep_line: About us\n", NULL, DUMP,
                 "About us\n\nA headline\n\nThe first paragraph of it.\nThe second.\n\nMore news\n"
                 "Footer\n");
}

static void applies_a_section_only_where_its_match_holds(void **state)
{
    (void)state;
    const char *rules = ANY "section: talks\nmatch_text: /^Q:/\ndrop_line: More news\n"
                            "section: all\ndrop_line: Footer\n";
    expect_clean("x.txt", rules, NULL, "Q: why\nMore news\nFooter\n", "Q: why\n");
    expect_clean("x.txt", rules, NULL, "why\nMore news\nFooter\n", "why\nMore news\n");
}

static void repairs_what_an_expression_finds(void **state)
{
    (void)state;
    expect_clean("x.txt", ANY "repair(/(\\w)- (\\w)/): $1$2\n", NULL, "A bro- ken word.\n",
                 "A broken word.\n");
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
            w, (struct winnow_input){.data = "Home\ntext\n", .len = 10, .name = cases[i].name,
                                     .url = cases[i].url});
        char *got = page_render(page, WINNOW_TEXT);
        assert_string_equal(got, cases[i].applies ? "text\n" : "Home\ntext\n");
        free(got);
        winnow_page_free(page);
        winnow_free(w);
    }
}

/* --- HTML --------------------------------------------------------------------------------- */

#define HTML                                                                                \
    "<!DOCTYPE html><html lang=en><head><title>T - Site</title>"                           \
    "<meta name=generator content='Widget CMS 3'></head><body>"                            \
    "<nav id=top-menu><a href=/>Home</a></nav><h1>A headline</h1>"                         \
    "<div class='story main'><p>First.</p><div class=adbox>Buy!</div><p>Second.</p></div>" \
    "<footer>Imprint</footer></body></html>"

static void keeps_the_body_and_strips_within_it(void **state)
{
    (void)state;
    expect_clean("a.example.txt",
                 "body: //div[@id='none']\nbody: //div[contains(@class,'story')]\n"
                 "strip: //div[@class='adbox']\n",
                 "http://a.example/", HTML, "First.\n\nSecond.\n");
}

static void strips_by_a_part_of_id_or_class(void **state)
{
    (void)state;
    expect_clean("a.example.txt", "strip_id_or_class: \"adb\"\nstrip_id_or_class: menu\n",
                 "http://a.example/", HTML,
                 "A headline\n\nFirst.\n\nSecond.\n\nImprint\n");
}

static void replaces_strings_before_parsing(void **state)
{
    (void)state;
    expect_clean("a.example.txt",
                 "find_string: <nav id=top-menu>\nreplace_string: <script>\n"
                 "find_string: </nav>\nreplace_string: </script>\n"
                 "replace_string(Buy!): Sold: out\n",
                 "http://a.example/", HTML,
                 "A headline\n\nFirst.\n\nSold: out\n\nSecond.\n\nImprint\n");
}

static void applies_line_rules_to_html_too(void **state)
{
    (void)state;
    expect_clean("x.txt", "match_generator: /Widget/\ncut_before: A headline\n"
                          "drop_line: Imprint\ndrop_line: Buy!\n",
                 NULL, HTML, "A headline\n\nFirst.\n\nSecond.\n");
    expect_clean("x.txt", "match_html: /class='story/\nrepair(/Second/): 2nd\n", NULL,
                 "<p>First.<p class='story'>Second.", "First.\n\n2nd.\n");
}

static void reads_title_author_and_date_by_rule(void **state)
{
    (void)state;
    struct winnow *w = winnow_with(
        "a.example.txt", "title: //h2\ntitle: //h1\nauthor: string(//nav/@id)\n"
                         "date: //nothing\n");
    struct winnow_page *page = clean_page(
        w, (struct winnow_input){.data = HTML, .len = strlen(HTML), .url = "http://a.example/"});
    char *json = page_render(page, WINNOW_JSON);
    assert_non_null(strstr(json, "\"title\": \"A headline\""));
    assert_non_null(strstr(json, "\"author\": \"top-menu\""));
    assert_null(strstr(json, "\"date\""));
    assert_non_null(strstr(json, "a.example.txt:2 (title)"));
    assert_non_null(strstr(json, "\"language\": \"en\""));
    free(json);
    winnow_page_free(page);
    winnow_free(w);
}

static void names_the_rule_in_the_reason(void **state)
{
    (void)state;
    struct winnow *w = winnow_with("x.txt", "# a comment\n" ANY "drop_line: Home\n");
    struct winnow_page *page =
        clean_page(w, (struct winnow_input){.data = "Home\ntext\n", .len = 10});
    struct winnow_span s = winnow_page_span(page, 0);
    assert_int_equal(s.verdict, WINNOW_REMOVED);
    assert_non_null(strstr(s.reason, "/x.txt:3 (drop_line)"));
    assert_string_equal(s.stage, "rules");
    winnow_page_free(page);
    winnow_free(w);
}

static void stops_and_names_a_pattern_that_runs_away(void **state)
{
    (void)state;
    struct winnow *w = winnow_with("x.txt", ANY "drop_line: /^(a+)+$/\n");
    char text[4000];
    memset(text, 'a', sizeof text - 2);
    memcpy(text + sizeof text - 2, "b", 2);
    struct winnow_page *page =
        clean_page(w, (struct winnow_input){.data = text, .len = strlen(text)});
    const char *note = winnow_page_note(page, 0);
    assert_non_null(note);
    assert_non_null(strstr(note, "x.txt:2"));
    assert_non_null(strstr(note, "too long"));
    winnow_page_free(page);
    winnow_free(w);
}

static void leaves_out_a_line_that_does_not_compile_and_says_so(void **state)
{
    (void)state;
    struct winnow *w = winnow_with("x.txt", ANY "drop_line: /(/\ndrop_line: Home\n");
    struct winnow_page *page =
        clean_page(w, (struct winnow_input){.data = "Home\ntext\n", .len = 10});
    char *got = page_render(page, WINNOW_TEXT);
    assert_string_equal(got, "text\n");
    assert_non_null(strstr(winnow_page_note(page, 0), "x.txt:2"));
    free(got);
    winnow_page_free(page);
    winnow_free(w);
}

/* --- lint and test -------------------------------------------------------------------------- */

static void note_finding(void *ctx, const struct winnow_finding *f)
{
    char line[600];
    snprintf(line, sizeof line, "%u:%u:%s %s\n", f->line, f->column, f->is_error ? "" : " warning:",
             f->text);
    text_add(ctx, line, strlen(line));
}

static char *lint(const char *rules, size_t *errors)
{
    char path[] = "/tmp/winnow-lint-XXXXXX";
    struct text found = {calloc(1, 1), 0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, rules, strlen(rules)), (ssize_t)strlen(rules));
    close(fd);
    assert_int_equal(winnow_rules_lint(path, note_finding, &found, errors, NULL), WINNOW_OK);
    unlink(path);
    return found.data;
}

static void lint_says_what_is_wrong_and_what_was_meant(void **state)
{
    (void)state;
    static const struct {
        const char *rules, *want;
        size_t errors;
    } cases[] = {
        {"strip_id_or_clas: menu\n", "did you mean \"strip_id_or_class\"?", 1},
        {"  titel: //h1\n", "1:3: no such directive \"titel\"; did you mean \"title\"?", 1},
        {"frobnicate: x\n", "no such directive \"frobnicate\"; winnow-rules(5)", 1},
        {"just words\n", "neither a comment nor a directive", 1},
        {"strip: //div[\n", "1:", 1},
        {"drop_line: /a(b/\n", "missing closing parenthesis", 1},
        {"drop_line: /abc\n", "does not end in /", 1},
        {"drop_between: x\n", "needs an argument", 1},
        {"cut_after(maybe): x\n", "keep or drop", 1},
        {"ticker(min_run=0): /x/\n", "min_run=N", 1},
        {"repair_set: joomla\n", "there is: bitrix", 1},
        {"prune: perhaps\n", "neither yes nor no", 1},
        {"priority: banana\n", "1:11: \"banana\" is no number", 1},
        {"priority: 1000001\n", "is no number from 0 to 1000000", 1},
        {"priority: 99999999999999999999\n", "is no number", 1},
        {"max_drop: 500%\n", "1:11: \"500%\" is no share from 0% to 100%", 1},
        {"max_drop: %\n", "is no share", 1},
        {"valid_from: yesterday\n", "\"yesterday\" is no date; write it as YYYY-MM-DD", 1},
        {"valid_until: 2025-02-29\n", "is no date", 1},
        {"priority: 0\nmax_drop: 100 %\nvalid_from: 2024-02-29\n", "", 0},
        {"find_string: a\n", "find_string without a replace_string", 1},
        {"replace_string: a\n", "replace_string without a find_string", 1},
        {"test_out: a\n", "test_out without a test_in", 1},
        {"body:\n", "warning: \"body\" has no value", 0},
        {"section: a\nsection: a\n", "there is a section", 1},
        {"body: //p\nfind_string: a\nreplace_string:\nprune: no\ntest_url: http://x/\n", "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t errors = 99;
        char *found = lint(cases[i].rules, &errors);
        if (!strstr(found, cases[i].want) || errors != cases[i].errors)
            fail_msg("%s: got %zu errors: %s", cases[i].rules, errors, found);
        if (!*cases[i].want)
            assert_string_equal(found, "");
        free(found);
    }
}

/* A line many times over, and what follows it; free it. */
static char *lines_of(const char *line, size_t count, const char *last)
{
    size_t len = strlen(line);
    char *text = malloc(len * count + strlen(last) + 1);
    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * len, line, len);
    memcpy(text + len * count, last, strlen(last) + 1);
    return text;
}

static int notes_hold(const struct winnow_page *page, const char *part)
{
    const char *note;
    for (size_t i = 0; (note = winnow_page_note(page, i)) != NULL; i++)
        if (strstr(note, part))
            return 1;
    return 0;
}

/* Unbounded, the pages of these tests take minutes: the runner's own limit sees that. */
static void bounds_what_a_rule_spends_on_a_page(void **state)
{
    (void)state;
    static const char *const rules[] = {
        ANY "cut_after(drop): /^Share\\.$(?![\\s\\S]*^Share\\.$)(?=[\\s\\S]*never)/\n",
        ANY "drop_line: /^Share\\.(?:[\\s\\S]*[xz])+y$/\n",
        ANY "drop_between(/^(?=Share)(?![\\s\\S]*Sharp)(?=[\\s\\S]*never)/): /^Leave/\n",
    };
    char *text = lines_of("Share.\n\n", 80000, "Leave A Reply\n");
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct winnow *w = winnow_with("x.txt", rules[i]);
        struct winnow_page *page =
            clean_page(w, (struct winnow_input){.data = text, .len = strlen(text)});
        assert_true(notes_hold(page, "x.txt:2: the pattern takes too long"));
        for (size_t k = 0; k < winnow_page_spans(page); k++)
            assert_string_not_equal(winnow_page_span(page, k).stage, "rules");
        winnow_page_free(page);
        winnow_free(w);
    }
    free(text);
}

static void applies_the_rules_that_ship_to_a_page_of_nothing_but_their_words(void **state)
{
    (void)state;
    static const struct {
        const char *line, *last, *reason;
    } cases[] = {
        {"Share.\n\n", "Leave A Reply\n", "wordpress-smartmag.txt"},
        {"Question: why?\n\n\n", "\xc2\xa9 1991-2017 \"Interfax News Agency\" JSC. All rights "
                                 "reserved\n", "interfax.com.txt"},
        {"RATS\n", "In other news\n", "ecrats.org.txt"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = lines_of(cases[i].line, 120000, cases[i].last);
        struct winnow *w = NULL;
        assert_int_equal(winnow_new(NULL, &w, NULL), WINNOW_OK);
        assert_int_equal(winnow_add_rules(w, WINNOW_SOURCE_DIR "/rules", NULL), WINNOW_OK);
        struct winnow_page *page =
            clean_page(w, (struct winnow_input){.data = text, .len = strlen(text)});
        assert_false(notes_hold(page, "too long"));
        struct winnow_span last = winnow_page_span(page, winnow_page_spans(page) - 1);
        for (size_t k = winnow_page_spans(page); k > 0 && last.verdict != WINNOW_REMOVED; k--)
            last = winnow_page_span(page, k - 1);
        assert_non_null(strstr(last.reason, cases[i].reason));
        winnow_page_free(page);
        winnow_free(w);
        free(text);
    }
}

/* A long page is searched piece by piece: no match is lost where they meet, nor where
 * a character lies across, nor one that spans several. */
static void finds_what_stands_far_down_a_page_of_wide_characters(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *want;
    } cases[] = {
        {ANY "drop_line: /^\xc3\xa9{3}[0-9]$/\n", "one\nend\n"},
        {ANY "cut_after(drop): /\\A[\\s\\S]*\\K^\xc3\xa9+[0-9]$/\n", "one\n"},
        {ANY "drop_block: /^\xc3\xa9\xc3\xa9\xc3\xa9[0-9]\\nend$/\n", "one\n"},
    };
    for (size_t shift = 0; shift < 4; shift++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            char *text = lines_of("\xc3\xa9\xe2\x82\xac\xf0\x9f\x8d\x8e", 5000,
                                             "\n\n\xc3\xa9\xc3\xa9\xc3\xa9" "7\nend\n");
            memcpy(text, "one", 3);
            memset(text + 3, 'a', 6 + shift);
            for (char *c = text + 9 + shift; ((unsigned char)*c & 0xc0) == 0x80; c++)
                *c = 'a';
            struct winnow *w = winnow_with("x.txt", cases[i].rule);
            char *got = clean_text(w, text, NULL);
            assert_true(strncmp(got, "one", 3) == 0);
            assert_null(strstr(got, "\xc3\xa9" "7"));
            assert_int_equal(strstr(got, "end") != NULL, strstr(cases[i].want, "end") != NULL);
            free(got);
            free(text);
            winnow_free(w);
        }
}

static void asks_a_section_once_however_many_rules_it_has(void **state)
{
    (void)state;
    struct text rules = {calloc(1, 1), 0};
    const char *head = ANY "section: long\nmatch_text: /(?:[a-m]|[n-z])+[0-9]/i\nmatch_text: /^last$/\n";
    text_add(&rules, head, strlen(head));
    for (size_t i = 0; i < 4000; i++)
        text_add(&rules, "drop_line: /\\AHome$/\n", 21);
    char *text = lines_of("Home\n", 100000, "last\n");
    struct winnow *w = winnow_with("x.txt", rules.data);
    char *got = clean_text(w, text, NULL);
    assert_true(strlen(got) < strlen(text));
    free(got);
    free(text);
    free(rules.data);
    winnow_free(w);
}

static void reads_no_more_sections_than_a_file_may_have(void **state)
{
    (void)state;
    struct text rules = {calloc(1, 1), 0};
    size_t errors = 0;
    char line[80];
    text_add(&rules, ANY, strlen(ANY));
    for (unsigned i = 1; i <= 1001; i++) {
        int n = snprintf(line, sizeof line, "section: s%u\ndrop_line: Line %u\n", i, i);
        text_add(&rules, line, (size_t)n);
    }
    expect_clean("x.txt", rules.data, NULL, "Line 1\nLine 1000\nLine 1001\n", "Line 1001\n");
    char *found = lint(rules.data, &errors);
    assert_int_equal(errors, 1);
    assert_non_null(strstr(found, "2002:1: more than 1000 sections"));
    free(found);
    free(rules.data);
}

static void runs_the_tests_of_a_rule_file_and_sees_one_fail(void **state)
{
    (void)state;
    char path[] = "/tmp/winnow-rules-XXXXXX";
    const char *rules = "drop_line: Home\n"
                        "test_in: Home\ntest_in: text\ntest_out: text\n"
                        "test_in: Home\ntest_in: text\ntest_out: Home\ntest_out: text\n";
    struct text found = {calloc(1, 1), 0};
    size_t ran = 0, failed = 0, skipped = 0;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, rules, strlen(rules)), (ssize_t)strlen(rules));
    close(fd);
    assert_int_equal(winnow_rules_test(path, note_finding, &found, &ran, &failed, &skipped, NULL),
                     WINNOW_OK);
    assert_int_equal(ran, 2);
    assert_int_equal(failed, 1);
    assert_non_null(strstr(found.data, "5:1: test failed: want \"Home\", got \"text\""));
    unlink(path);
    free(found.data);
}

static void passes_the_tests_of_the_rules_that_ship(void **state)
{
    (void)state;
    struct text found = {calloc(1, 1), 0};
    size_t ran = 0, failed = 0, skipped = 0, errors = 0;
    const char *rules = WINNOW_SOURCE_DIR "/rules";
    assert_int_equal(winnow_rules_lint(rules, note_finding, &found, &errors, NULL), WINNOW_OK);
    assert_string_equal(found.data, "");
    assert_int_equal(winnow_rules_test(rules, note_finding, &found, &ran, &failed, &skipped, NULL),
                     WINNOW_OK);
    assert_string_equal(found.data, "");
    assert_true(ran >= 8);
    free(found.data);
}

static void says_which_rule_file_cannot_be_read(void **state)
{
    (void)state;
    struct winnow *w = winnow_with(NULL, NULL);
    struct winnow_error err = {0};
    assert_int_equal(winnow_add_rules(w, "/nowhere/rules", &err), WINNOW_EIO);
    assert_non_null(strstr(err.text, "/nowhere/rules"));
    winnow_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_the_lines_that_match),
        cmocka_unit_test(compares_a_literal_with_whole_lines_and_folds_white_space),
        cmocka_unit_test(drops_the_block_around_a_match),
        cmocka_unit_test(drops_between_two_matches_and_nothing_without_the_second),
        cmocka_unit_test(a_gap_belongs_to_no_line),
        cmocka_unit_test(reads_expressions_in_arguments_that_hold_parentheses_and_colons),
        cmocka_unit_test(cuts_before_and_after_keeping_or_dropping_the_line),
        cmocka_unit_test(drops_a_ticker_but_no_single_line_of_its_form),
        cmocka_unit_test(looks_for_a_ticker_only_in_its_zone),
        cmocka_unit_test(keeps_a_line_whatever_would_drop_it),
        cmocka_unit_test(applies_a_section_only_where_its_match_holds),
        cmocka_unit_test(repairs_what_an_expression_finds),
        cmocka_unit_test(finds_the_file_of_a_host_and_of_its_parent),
        cmocka_unit_test(finds_a_file_by_folder_name_and_url),
        cmocka_unit_test(keeps_the_body_and_strips_within_it),
        cmocka_unit_test(strips_by_a_part_of_id_or_class),
        cmocka_unit_test(replaces_strings_before_parsing),
        cmocka_unit_test(applies_line_rules_to_html_too),
        cmocka_unit_test(reads_title_author_and_date_by_rule),
        cmocka_unit_test(names_the_rule_in_the_reason),
        cmocka_unit_test(stops_and_names_a_pattern_that_runs_away),
        cmocka_unit_test(leaves_out_a_line_that_does_not_compile_and_says_so),
        cmocka_unit_test(lint_says_what_is_wrong_and_what_was_meant),
        cmocka_unit_test(bounds_what_a_rule_spends_on_a_page),
        cmocka_unit_test(applies_the_rules_that_ship_to_a_page_of_nothing_but_their_words),
        cmocka_unit_test(finds_what_stands_far_down_a_page_of_wide_characters),
        cmocka_unit_test(asks_a_section_once_however_many_rules_it_has),
        cmocka_unit_test(reads_no_more_sections_than_a_file_may_have),
        cmocka_unit_test(runs_the_tests_of_a_rule_file_and_sees_one_fail),
        cmocka_unit_test(passes_the_tests_of_the_rules_that_ship),
        cmocka_unit_test(says_which_rule_file_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
