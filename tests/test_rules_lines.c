/* test_rules_lines.c - rules on lines: dropped, cut, kept, repaired, in time. */

#include "rules_testing.h"

#define DUMP                                                                                       \
    "Home\nAbout us\n\nA headline\n\nThe first paragraph of it.\nThe second.\n\nMore "             \
    "news\nFooter\n"

#define HTML                                                                                       \
    "<!DOCTYPE html><html lang=en><head><title>T - Site</title>"                                   \
    "<meta name=generator content='Widget CMS 3'></head><body>"                                    \
    "<nav id=top-menu><a href=/>Home</a></nav><h1>A headline</h1>"                                 \
    "<div class='story main'><p>First.</p><div class=adbox>Buy!</div><p>Second.</p></div>"         \
    "<footer>Imprint</footer></body></html>"

static void drops_the_lines_that_match(void **state)
{
    (void)state;
    expect_clean(
        "x.txt", ANY "drop_line: Home\ndrop_line: /^Foot/\n", NULL, DUMP,
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
                 "1 a\n2 b\ntext\nmore\ntext here\n3 c\n4 d\n",
                 "1 a\n2 b\ntext\nmore\ntext here\n");
    expect_clean("x.txt", ANY "ticker(min_run=2,zone=head): /^\\d /\n", NULL,
                 "1 a\n2 b\ntext\nmore\ntext here\n3 c\n4 d\n",
                 "text\nmore\ntext here\n3 c\n4 d\n");
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

static void applies_line_rules_to_html_too(void **state)
{
    (void)state;
    expect_clean("x.txt",
                 "match_generator: /Widget/\ncut_before: A headline\n"
                 "drop_line: Imprint\ndrop_line: Buy!\n",
                 NULL, HTML, "A headline\n\nFirst.\n\nSecond.\n");
    expect_clean("x.txt", "match_html: /class='story/\nrepair(/Second/): 2nd\n", NULL,
                 "<p>First.<p class='story'>Second.", "First.\n\n2nd.\n");
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

static void count_stopped(void *ctx, const struct winnow_rule *r)
{
    *(int *)ctx += r->stopped && r->tried && r->matched == 0;
}

/* How far it came is the machine's chance, so it takes nothing at all. */
static void a_stopped_rule_takes_nothing(void **state)
{
    (void)state;
    struct winnow *w = winnow_with("x.txt", ANY "drop_line: /^(?:gone|(a+)+)$/\n");
    struct text text = {calloc(1, 1), 0};
    char line[4000];
    memset(line, 'a', sizeof line - 2);
    memcpy(line + sizeof line - 2, "b", 2);
    text_add(&text, "gone\nkept\n", 10);
    text_add(&text, line, strlen(line));
    struct winnow_page *page =
        clean_page(w, (struct winnow_input){.data = text.data, .len = text.len});
    char *got = page_render(page, WINNOW_TEXT);
    assert_non_null(winnow_page_note(page, 0));
    assert_int_equal(strncmp(got, "gone\nkept\naaa", 13), 0);
    int stopped = 0;
    winnow_page_rules(page, count_stopped, &stopped);
    assert_int_equal(stopped, 1);
    free(got);
    free(text.data);
    winnow_page_free(page);
    winnow_free(w);
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
        {"Question: why?\n\n\n",
         "\xc2\xa9 1991-2017 \"Interfax News Agency\" JSC. All rights "
         "reserved\n",
         "interfax.com.txt"},
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
                                  "\n\n\xc3\xa9\xc3\xa9\xc3\xa9"
                                  "7\nend\n");
            memcpy(text, "one", 3);
            memset(text + 3, 'a', 6 + shift);
            for (char *c = text + 9 + shift; ((unsigned char)*c & 0xc0) == 0x80; c++)
                *c = 'a';
            struct winnow *w = winnow_with("x.txt", cases[i].rule);
            char *got = clean_text(w, text, NULL);
            assert_true(strncmp(got, "one", 3) == 0);
            assert_null(strstr(got, "\xc3\xa9"
                                    "7"));
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
    const char *head =
        ANY "section: long\nmatch_text: /(?:[a-m]|[n-z])+[0-9]/i\nmatch_text: /^last$/\n";
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
        cmocka_unit_test(applies_line_rules_to_html_too),
        cmocka_unit_test(names_the_rule_in_the_reason),
        cmocka_unit_test(stops_and_names_a_pattern_that_runs_away),
        cmocka_unit_test(a_stopped_rule_takes_nothing),
        cmocka_unit_test(bounds_what_a_rule_spends_on_a_page),
        cmocka_unit_test(applies_the_rules_that_ship_to_a_page_of_nothing_but_their_words),
        cmocka_unit_test(finds_what_stands_far_down_a_page_of_wide_characters),
        cmocka_unit_test(asks_a_section_once_however_many_rules_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
