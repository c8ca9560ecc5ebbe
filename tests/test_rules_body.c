/* test_rules_body.c - the body that a rule file names, what goes within it, and when it
 * is not believed. */

#include "rules_testing.h"

#define FEED "next_page_link: //a\n" /* a rule that takes nothing */

/* --- which nodes ------------------------------------------------------------------------- */

static void joins_all_nodes_of_the_first_line_that_finds_text(void **state)
{
    (void)state;
    const char *page = "<p>Top</p><div class=s><p>One.</p></div><p>Ad</p><div class=s><p>Two.</p>"
                       "</div><div class=t>Three.</div>";
    expect_html("body: //div[@class='s']\nbody: //div[@class='t']\n", page, "One.\n\nTwo.\n");
    expect_html("body: //div[@class='t'] | //div[@class='s'][1]\n", page, "One.\n\nThree.\n");
    expect_html("body: //div[@class='none']\nbody: //div[@class='t']\n", page, "Three.\n");
}

static void takes_a_node_within_another_once(void **state)
{
    (void)state;
    expect_html("body: //article | //article//p\n",
                "<p>Top</p><article><p>One.</p><div><p>Two.</p></div></article>", "One.\n\nTwo.\n");
    expect_html("body: //div\n", "<p>Top</p><div>One.<div>Two.<div>Three.</div></div></div>",
                "One.\nTwo.\nThree.\n");
}

/* Else what is half of the body would look like less. */
static void counts_a_node_within_another_once(void **state)
{
    (void)state;
    expect_html(
        "body: //article | //article/p\n",
        "<p>Top</p><article><p>Ten.</p><p style='display:none'>Ten and a half.</p></article>",
        "Ten.\n\nTen and a half.\n");
}

static void passes_blank_nodes_over(void **state)
{
    (void)state;
    const char *page = "<p>Top</p><div id=a> \n </div><div id=b><p>Words.</p></div>";
    expect_html("body: //div[@id='a']\nbody: //div[@id='b']\n", page, "Words.\n");
    expect_html("body: //div\n", page, "Words.\n");
    expect_html("body: //div[@id='a']\n", page, "Top\n\nWords.\n");
}

static void finds_no_body_in_strings(void **state)
{
    (void)state;
    expect_html("body: string(//p)\nbody: //p/@class\nbody: count(//p)\n",
                "<p class=x>One.</p><p>Two.</p>", "One.\n\nTwo.\n");
    expect_html("body: //p[2]/text()\n", "<p>One.</p><p>Two.</p>", "Two.\n");
}

static void asks_the_files_in_their_order(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "global.txt", "body: //article\n");
    folder_put(&f, "a.example.txt", "body: //main\n");
    struct winnow *w = winnow_of(&f);
    char *first = clean_text(w, "<main><p>Main.</p></main><article><p>Article.</p></article>",
                             "http://a.example/");
    char *second = clean_text(w, "<div><p>Top</p></div><article><p>Article.</p></article>",
                              "http://a.example/");
    assert_string_equal(first, "Main.\n");
    assert_string_equal(second, "Article.\n");
    free(first);
    free(second);
    winnow_free(w);
    folder_close(&f);
}

/* --- hidden --------------------------------------------------------------------------------- */

static void leaves_out_what_a_style_hides_in_a_named_body(void **state)
{
    (void)state;
    static const struct {
        const char *style;
        int hides;
    } cases[] = {
        {"display:none", 1},
        {"DISPLAY : None", 1},
        {"color:red;\n display\t:\n none !important", 1},
        {"visibility : hidden", 1},
        {"visibility:Hidden;", 1},
        {"x-display: block; display:none", 1},
        {"display: block; display: none", 1},
        {"display: block", 0},
        {"display none", 0},
        {"visibility: visible", 0},
        {"backface-visibility: hidden", 0},
        {"-webkit-backface-visibility:hidden;", 0},
        {"overflow:hidden", 0},
        {"display:", 0},
        {"display", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char html[400];
        snprintf(html, sizeof html,
                 "<p>Top</p><article><p>Words to read here.</p><p style='%s'>Code 7</p></article>",
                 cases[i].style);
        expect_html("body: //article\n", html,
                    cases[i].hides ? "Words to read here.\n" : "Words to read here.\n\nCode 7\n");
        expect_html(FEED, html, "Top\n\nWords to read here.\n\nCode 7\n");
    }
}

static void keeps_what_is_hidden_where_it_is_half_of_the_body(void **state)
{
    (void)state;
    expect_html(
        "body: //article\n",
        "<p>Top</p><article><p>Ten.</p><p style='display:none'>Ten and a half.</p></article>",
        "Ten.\n\nTen and a half.\n");
    expect_html("body: //article\n",
                "<p>Top</p><article style='display:none'><p>Words.</p></article>", "Words.\n");
}

/* --- pruned ----------------------------------------------------------------------------------- */

#define LINKS "<ul><li><a href=1>One more</a><li><a href=2>Another</a></ul>"

static void prunes_what_is_there_to_be_clicked(void **state)
{
    (void)state;
    static const struct {
        const char *html, *kept;
    } cases[] = {
        {"<form>Your name</form>", "Your name"},
        {"<button>Send it</button>", "Send it"},
        {"<nav>Menu</nav>", "Menu"},
        {"<select><option>Any</select>", "Any"},
        {"<div><a href=1>One more</a> | <a href=2>Another</a></div>", "One more | Another"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char html[400], whole[200];
        snprintf(html, sizeof html, "<p>Top</p><article><p>The words of this body.</p>%s</article>",
                 cases[i].html);
        snprintf(whole, sizeof whole, "The words of this body.\n\n%s\n", cases[i].kept);
        expect_html("body: //article\n", html, "The words of this body.\n");
        expect_html("body: //article\nprune: yes\n", html, "The words of this body.\n");
        expect_html("body: //article\nprune: no\n", html, whole);
    }
}

static void prunes_nothing_of_a_page_without_a_named_body(void **state)
{
    (void)state;
    expect_html("prune: yes\n",
                "<article><p>The words of this page.</p><form>Send</form></article>",
                "The words of this page.\n\nSend\n");
}

static void prunes_no_single_link_and_no_sentence_with_links(void **state)
{
    (void)state;
    expect_html(
        "body: //article\n",
        "<p>Top</p><article><p>The words of this body.</p><div><a href=1>One</a></div></article>",
        "The words of this body.\n\nOne\n");
    expect_html("body: //article\n",
                "<p>Top</p><article><p>The words of this body, and more than its half of them.</p>"
                "<div>It says <a href=1>one</a> and then <a href=2>two</a> things.</div></article>",
                "The words of this body, and more than its half of them.\n\nIt says one and then "
                "two things.\n");
    expect_html(
        "body: //article\n",
        "<p>Top</p><article><p>The words of this long body.</p><p><a href=1>One</a> <a href=2>Two"
        "</a></p></article>",
        "The words of this long body.\n\nOne Two\n");
}

static void prunes_no_half_of_a_body(void **state)
{
    (void)state;
    expect_html(
        "body: //div[@id='b']\n",
        "<p>Top</p><div id=b><p>Words.</p><form><p>The story stands in a form.</p></form></div>",
        "Words.\n\nThe story stands in a form.\n");
    expect_html("body: //ul\n", "<p>Top</p>" LINKS, "One more\nAnother\n");
}

/* --- believed ------------------------------------------------------------------------------- */

/* A page of a thousand words and a short piece. */
static struct winnow_page *clean_long(struct winnow *w, size_t words)
{
    char *many =
        lines_of("<p>words of the long story</p>", words, "</div><div id=b>A piece.</div>");
    char *html = lines_of("<!DOCTYPE html><title>T</title><div id=a>", 1, many);
    struct winnow_page *page = clean_from(w, html, "http://a.example/");
    free(html);
    free(many);
    return page;
}

static void passes_a_body_over_that_leaves_next_to_nothing(void **state)
{
    (void)state;
    struct winnow *w = winnow_with("a.example.txt", "# old\nbody: //div[@id='b']\n");
    struct winnow_page *page = clean_long(w, 100);
    char *got = page_render(page, WINNOW_TEXT);
    assert_non_null(strstr(got, "long story"));
    assert_true(notes_hold(page, "a.example.txt:2: the body named is 0."));
    assert_true(winnow_page_suspect(page));
    free(got);
    winnow_page_free(page);
    page = clean_long(w, 5); /* a twentieth is enough */
    expect_rendered(page, "A piece.\n");
    assert_false(winnow_page_suspect(page));
    assert_null(winnow_page_note(page, 0));
    winnow_page_free(page);
    winnow_free(w);
}

static void goes_on_to_the_next_body_line_behind_one_that_it_does_not_believe(void **state)
{
    (void)state;
    struct winnow *w = winnow_with("a.example.txt",
                                   "body: //div[@id='b']\nbody: //div[@id='a']/p[position()<90]\n");
    struct winnow_page *page = clean_long(w, 100);
    char *got = page_render(page, WINNOW_TEXT);
    assert_non_null(strstr(got, "long story"));
    assert_null(strstr(got, "A piece."));
    free(got);
    winnow_page_free(page);
    winnow_free(w);
}

static void believes_a_file_that_may_drop_all(void **state)
{
    (void)state;
    struct winnow *w = winnow_with("a.example.txt", "max_drop: 100%\nbody: //div[@id='b']\n");
    struct winnow_page *page = clean_long(w, 100);
    expect_rendered(page, "A piece.\n");
    assert_false(winnow_page_suspect(page));
    winnow_page_free(page);
    winnow_free(w);
}

static void takes_max_drop_of_the_file_for_all_where_the_file_says_none(void **state)
{
    (void)state;
    static const struct {
        const char *host, *global;
        int believed;
    } cases[] = {
        {"", "max_drop: 100\n", 1},
        {"max_drop: 50\n", "max_drop: 100\n", 0},
        {"max_drop: 100\n", "max_drop: 50\n", 1},
        {"", "max_drop: 99\n", 0},
        {"", "", 0},
        {"max_drop: many\n", "max_drop: 100\n", 1},
        {"max_drop: 100\nmax_drop: 50\n", "", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rules_folder f = folder_open();
        char host[100];
        snprintf(host, sizeof host, "%sbody: //div[@id='b']\n", cases[i].host);
        folder_put(&f, "a.example.txt", host);
        folder_put(&f, "global.txt", cases[i].global);
        struct winnow *w = winnow_of(&f);
        struct winnow_page *page = clean_long(w, 100);
        if (winnow_page_suspect(page) == cases[i].believed)
            fail_msg("case %zu", i);
        winnow_page_free(page);
        winnow_free(w);
        folder_close(&f);
    }
}

static void believes_a_later_file_by_its_own_max_drop(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "a.example.txt", "max_drop: 50\nbody: //none\n");
    folder_put(&f, "global.txt", "max_drop: 100\nbody: //div[@id='b']\n");
    struct winnow *w = winnow_of(&f);
    struct winnow_page *page = clean_long(w, 100);
    expect_rendered(page, "A piece.\n");
    winnow_page_free(page);
    winnow_free(w);
    folder_close(&f);
}

static void says_that_a_file_takes_more_than_it_may(void **state)
{
    (void)state;
    static const struct {
        const char *rules;
        int suspect;
    } cases[] = {
        {ANY "max_drop: 40\ndrop_line: /^a/\n", 1},
        {ANY "max_drop: 60\ndrop_line: /^a/\n", 0},
        {ANY "drop_line: /^a/\n", 0},
        {ANY "drop_line: /./\n", 1},
        {ANY "max_drop: 100\ndrop_line: /./\n", 0},
        {ANY "max_drop: 0\ndrop_line: nowhere\n", 0},
        {ANY "max_drop: 0\ndrop_line: /^a/\nkeep_line: /./\n", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct winnow *w = winnow_with("x.txt", cases[i].rules);
        struct winnow_page *page = clean_from(w, "a one\nb two\na thr\nb fou\n", NULL);
        if (!winnow_page_suspect(page) != !cases[i].suspect ||
            !notes_hold(page, "x.txt takes ") != !cases[i].suspect)
            fail_msg("case %zu", i);
        winnow_page_free(page);
        winnow_free(w);
    }
}

static void counts_what_each_file_took_of_what_is_shown(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "a.txt", ANY "drop_line: /^a/\n");
    folder_put(&f, "b.txt", ANY "drop_line: /^[ab]/\n");
    folder_put(&f, "c.txt", ANY "drop_line: nowhere\n");
    struct winnow *w = winnow_of(&f);
    struct winnow_page *page = clean_from(w, "a one\n\n\nb two\nc thr\nd fou\n", NULL);
    assert_int_equal(winnow_page_shown(page), 20);
    assert_int_equal(winnow_page_rule_file(page, 0).took, 5);
    assert_int_equal(winnow_page_rule_file(page, 1).took, 5); /* the first reason counts */
    assert_int_equal(winnow_page_rule_file(page, 2).took, 0);
    winnow_page_free(page);
    winnow_free(w);
    folder_close(&f);
}

/* --- what is told ------------------------------------------------------------------------------- */

/* "1 body 2, 3 strip -" against the rules of a page: line, directive, what it matched. */
static void note_rule(void *ctx, const struct winnow_rule *r)
{
    struct text *t = ctx;
    char one[100];
    int n = snprintf(one, sizeof one, "%s%u %s ", t->len > 0 ? ", " : "", r->line, r->directive);
    text_add(t, one, (size_t)n);
    n = r->tried ? snprintf(one, sizeof one, "%zu", r->matched) : snprintf(one, sizeof one, "-");
    text_add(t, one, (size_t)n);
}

static void tells_what_each_rule_matched_in_the_order_in_which_they_ran(void **state)
{
    (void)state;
    struct winnow *w =
        winnow_with("a.example.txt", "drop_line: Ad\nbody: //none\nbody: //p | //i\nbody: //b\n"
                                     "strip: //em\nstrip: //[\ntitle: //h1\ntitle: //h2\n"
                                     "find_string: Old\nreplace_string: New\n"
                                     "section: s\nmatch_text: /never/\ndrop_line: Ad\n");
    struct winnow_page *page =
        clean_from(w, "<!DOCTYPE html><h1>Head</h1><p>Old Old <em>x</em>", "http://a.example/");
    struct text got = {calloc(1, 1), 0};
    winnow_page_rules(page, note_rule, &got);
    assert_string_equal(got.data,
                        "10 replace_string 2, 7 title 1, 8 title -, 5 strip 1, 6 strip -, "
                        "2 body 0, 3 body 1, 4 body -, 1 drop_line 0, 13 drop_line -");
    free(got.data);
    winnow_page_free(page);
    winnow_free(w);
}

static void writes_what_rules_matched_into_the_record(void **state)
{
    (void)state;
    struct winnow *w =
        winnow_with("a.example.txt", "body: //none\nbody: //article\nstrip: //em\nstrip: //h6\n");
    struct winnow_page *page = clean_from(
        w, "<p>Top</p><article><p>Words <em>x</em><em>y</em></article>", "http://a.example/");
    char *json = page_render(page, WINNOW_JSONL);
    assert_non_null(strstr(json, "\"max_drop\":95"));
    assert_non_null(strstr(json, "\"body\":true"));
    assert_non_null(strstr(json, "\"matched\":{\"3\":2}"));
    assert_non_null(strstr(json, "\"idle\":[4]"));
    assert_non_null(strstr(json, "a.example.txt\",\"took\":5"));
    free(json);
    winnow_page_free(page);
    winnow_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_all_nodes_of_the_first_line_that_finds_text),
        cmocka_unit_test(takes_a_node_within_another_once),
        cmocka_unit_test(counts_a_node_within_another_once),
        cmocka_unit_test(passes_blank_nodes_over),
        cmocka_unit_test(finds_no_body_in_strings),
        cmocka_unit_test(asks_the_files_in_their_order),
        cmocka_unit_test(leaves_out_what_a_style_hides_in_a_named_body),
        cmocka_unit_test(keeps_what_is_hidden_where_it_is_half_of_the_body),
        cmocka_unit_test(prunes_what_is_there_to_be_clicked),
        cmocka_unit_test(prunes_nothing_of_a_page_without_a_named_body),
        cmocka_unit_test(prunes_no_single_link_and_no_sentence_with_links),
        cmocka_unit_test(prunes_no_half_of_a_body),
        cmocka_unit_test(passes_a_body_over_that_leaves_next_to_nothing),
        cmocka_unit_test(goes_on_to_the_next_body_line_behind_one_that_it_does_not_believe),
        cmocka_unit_test(believes_a_file_that_may_drop_all),
        cmocka_unit_test(takes_max_drop_of_the_file_for_all_where_the_file_says_none),
        cmocka_unit_test(believes_a_later_file_by_its_own_max_drop),
        cmocka_unit_test(says_that_a_file_takes_more_than_it_may),
        cmocka_unit_test(counts_what_each_file_took_of_what_is_shown),
        cmocka_unit_test(tells_what_each_rule_matched_in_the_order_in_which_they_ran),
        cmocka_unit_test(writes_what_rules_matched_into_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
