/* test_rules_values.c - values that rules read from a page: title, author, date, links. */

#include "rules_testing.h"

#include "page_public.h"
#include "rules.h"

#define HTML                                                                                       \
    "<!DOCTYPE html><html lang=en><head><title>T - Site</title>"                                   \
    "<meta name=generator content='Widget CMS 3'></head><body>"                                    \
    "<nav id=top-menu><a href=/>Home</a></nav><h1>A headline</h1>"                                 \
    "<div class='story main'><p>First.</p><div class=adbox>Buy!</div><p>Second.</p></div>"         \
    "<footer>Imprint</footer></body></html>"

static void reads_title_author_and_date_by_rule(void **state)
{
    (void)state;
    struct winnow *w =
        winnow_with("a.example.txt", "title: //h2\ntitle: //h1\nauthor: string(//nav/@id)\n"
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

/* The value that rules find on an HTML page of theirs; NULL: none. */
static void expect_found(const char *rules, const char *html, enum directive_id id,
                         const char *want, unsigned line)
{
    struct winnow *w = winnow_with("a.example.txt", rules);
    struct winnow_page *page = clean_page(w, (struct winnow_input){.data = html,
                                                                   .len = strlen(html),
                                                                   .url = "http://a.example/",
                                                                   .kind = WINNOW_KIND_HTML});
    const struct rule_file *file = NULL;
    const struct rule *by = NULL;
    const char *got = rules_find_value(&page->page, id, &file, &by);
    if (!want != !got || (want && strcmp(got, want) != 0))
        fail_msg("under\n%swanted \"%s\", got \"%s\"", rules, want ? want : "nothing",
                 got ? got : "nothing");
    if (want)
        assert_int_equal(by->line, line);
    winnow_page_free(page);
    winnow_free(w);
}

static void reads_strings_numbers_and_attributes(void **state)
{
    (void)state;
    const char *page = "<h1 data-t=' Attr  title '>  A\n headline </h1><h2 title=''>Two</h2>";
    expect_found("title: //h1\n", page, DIRECTIVE_TITLE, "A headline", 1);
    expect_found("title: //h1/text()\n", page, DIRECTIVE_TITLE, "A headline", 1);
    expect_found("title: //h1/@data-t\n", page, DIRECTIVE_TITLE, "Attr title", 1);
    expect_found("title: concat(//h2, ': ', //h1/@data-t)\n", page, DIRECTIVE_TITLE,
                 "Two: Attr title", 1);
    expect_found("title: substring-after(//h2, 'T')\n", page, DIRECTIVE_TITLE, "wo", 1);
}

static void passes_lines_over_that_find_nothing_or_blanks(void **state)
{
    (void)state;
    const char *page = "<h1> </h1><h2 title=' '>Two</h2>";
    expect_found("title: //h1\ntitle: //h2\n", page, DIRECTIVE_TITLE, "Two", 2);
    expect_found("title: //h6\ntitle: //h2/@title\ntitle: string(//h3)\ntitle: //h2\n", page,
                 DIRECTIVE_TITLE, "Two", 4);
    expect_found("title: //h1 | //h2\n", page, DIRECTIVE_TITLE, "Two", 1);
    expect_found("title: //h6\n", page, DIRECTIVE_TITLE, NULL, 0);
}

static void takes_the_first_title_and_date_but_joins_authors(void **state)
{
    (void)state;
    const char *page = "<p class=by>Ida Berg</p><p class=by> </p><p class=by>Ole\nDahl</p>"
                       "<meta name=author content='Eva Lund'><meta name=author content='Nils Moe'>";
    expect_found("author: //p[@class='by']\n", page, DIRECTIVE_AUTHOR, "Ida Berg, Ole Dahl", 1);
    expect_found("title: //p[@class='by']\n", page, DIRECTIVE_TITLE, "Ida Berg", 1);
    expect_found("date: //p[@class='by']\n", page, DIRECTIVE_DATE, "Ida Berg", 1);
    expect_found("author: string(//p[@class='by'])\n", page, DIRECTIVE_AUTHOR, "Ida Berg", 1);
    expect_found("author: //meta[@name='author']/@content\n", page, DIRECTIVE_AUTHOR,
                 "Eva Lund, Nils Moe", 1);
    expect_found("title: //meta[@name='author']/@content\n", page, DIRECTIVE_TITLE, "Eva Lund", 1);
}

static void takes_no_value_longer_than_a_title_can_be(void **state)
{
    (void)state;
    char *page = lines_of("word ", 1000, "</p><h2>Two</h2>"), *html = lines_of("<p>", 1, page);
    expect_found("title: //p\ntitle: //h2\n", html, DIRECTIVE_TITLE, "Two", 2);
    free(html);
    free(page);
}

/* As many names as fit, and no separator behind the last. */
static void joins_no_more_authors_than_fit(void **state)
{
    (void)state;
    char *html = lines_of("<address>Ida Berg of the Harbour Office</address>", 400, "");
    struct winnow *w = winnow_with("a.example.txt", "author: //address\n");
    struct winnow_page *page = clean_page(w, (struct winnow_input){.data = html,
                                                                   .len = strlen(html),
                                                                   .url = "http://a.example/",
                                                                   .kind = WINNOW_KIND_HTML});
    const char *got = meta_of(page, "author");
    assert_non_null(got);
    assert_in_range(strlen(got), 4000, 4096);
    assert_string_equal(got + strlen(got) - 6, "Office");
    winnow_page_free(page);
    winnow_free(w);
    free(html);
}

/* --- what gave a value ----------------------------------------------------------------------------- */

#define STORY                                                                                      \
    "<article><h2>A headline</h2><p class=by>Ida Berg</p><p>The first paragraph of it.</p>"        \
    "<p>The second, with some more words.</p></article><p>Imprint</p>"

static void leaves_out_of_a_named_body_what_was_written_down(void **state)
{
    (void)state;
    const char *values = "title: //h2\nauthor: //p[@class='by']\n";
    char rules[200];
    snprintf(rules, sizeof rules, "%sbody: //article\n", values);
    expect_html(rules, STORY, "The first paragraph of it.\n\nThe second, with some more words.\n");
    expect_html("body: //article\n", STORY,
                "A headline\n\nIda Berg\n\nThe first paragraph of it.\n\n"
                "The second, with some more words.\n");
    expect_html(values, STORY,
                "A headline\n\nIda Berg\n\nThe first paragraph of it.\n\n"
                "The second, with some more words.\n\nImprint\n");
}

static void keeps_a_value_that_stands_outside_or_is_all_of_the_body(void **state)
{
    (void)state;
    expect_html("title: //article\nbody: //article\n",
                "<article><p>The words.</p></article><p>Imprint</p>", "The words.\n");
    expect_html("title: //article/p\nbody: //article\n",
                "<article><p>The words.</p></article><p>Imprint</p>", "The words.\n");
    expect_html("title: string(//h2)\nbody: //article\n", STORY,
                "A headline\n\nIda Berg\n\nThe first paragraph of it.\n\n"
                "The second, with some more words.\n");
}

/* Half of the body is measured by what stands in it. */
static void leaves_out_a_name_whatever_stands_outside_the_body(void **state)
{
    (void)state;
    expect_html("author: //h3\nbody: //article\n",
                "<h3>Everybody who ever wrote for the paper, by name and by year</h3>"
                "<article><h3>Ida Berg</h3><p>The words of the story.</p></article>",
                "The words of the story.\n");
}

static void keeps_a_name_within_a_sentence(void **state)
{
    (void)state;
    const char *page = "<h1>Top</h1><article><p>Yesterday <b>Ida Berg</b> rowed out again.</p>"
                       "<p><b>Ida Berg</b></p></article>";
    expect_html("author: //b\nbody: //article\n", page, "Yesterday Ida Berg rowed out again.\n");
}

static void reads_values_before_anything_is_stripped(void **state)
{
    (void)state;
    expect_found("strip: //h2\ntitle: //h2\n", STORY, DIRECTIVE_TITLE, "A headline", 2);
}

/* --- links ------------------------------------------------------------------------------------------- */

static void reads_the_address_of_a_link(void **state)
{
    (void)state;
    const char *page =
        "<a name=top>Top</a><a class=n href='/2'>Next page</a><a class=n href='/3'>x</a>";
    expect_found("next_page_link: //a[@class='n']\n", page, DIRECTIVE_NEXT_PAGE_LINK, "/2", 1);
    expect_found("next_page_link: //a\n", page, DIRECTIVE_NEXT_PAGE_LINK, "/2", 1);
    expect_found("next_page_link: //a[.='x']/@href\n", page, DIRECTIVE_NEXT_PAGE_LINK, "/3", 1);
    expect_found("single_page_link: concat('/print', //a[2]/@href)\n", page,
                 DIRECTIVE_SINGLE_PAGE_LINK, "/print/2", 1);
    expect_found("next_page_link: //a[@name]\n", page, DIRECTIVE_NEXT_PAGE_LINK, NULL, 0);
}

static void asks_if_page_contains_for_the_link_above_it_alone(void **state)
{
    (void)state;
    const char *page = "<p>Words</p><a href='/all' id=all>All</a><a href='/2' id=two>Next</a>";
    expect_found("single_page_link: //a[@id='all']\nif_page_contains: //h6\n", page,
                 DIRECTIVE_SINGLE_PAGE_LINK, NULL, 0);
    expect_found("single_page_link: //a[@id='all']\nif_page_contains: //p\n", page,
                 DIRECTIVE_SINGLE_PAGE_LINK, "/all", 1);
    expect_found("if_page_contains: //h6\nsingle_page_link: //a[@id='all']\n", page,
                 DIRECTIVE_SINGLE_PAGE_LINK, "/all", 2);
    expect_found("single_page_link: //a[@id='all']\nstrip: //h4\nnext_page_link: //a[@id='two']\n"
                 "title: //p\nif_page_contains: //h6\n",
                 page, DIRECTIVE_SINGLE_PAGE_LINK, "/all", 1);
    expect_found("single_page_link: //a[@id='all']\nnext_page_link: //a[@id='two']\n"
                 "title: //p\nif_page_contains: //h6\n",
                 page, DIRECTIVE_NEXT_PAGE_LINK, NULL, 0);
    expect_found("single_page_link: //a[@id='all']\nif_page_contains: //h6\n"
                 "single_page_link: //a[@id='two']\n",
                 page, DIRECTIVE_SINGLE_PAGE_LINK, "/2", 3);
}

static void understands_a_yes_or_no_in_if_page_contains(void **state)
{
    (void)state;
    const char *page = "<p>Words</p><a href='/all'>All</a>";
    expect_found("single_page_link: //a\nif_page_contains: count(//p) = 1\n", page,
                 DIRECTIVE_SINGLE_PAGE_LINK, "/all", 1);
    expect_found("single_page_link: //a\nif_page_contains: count(//p) > 1\n", page,
                 DIRECTIVE_SINGLE_PAGE_LINK, NULL, 0);
    expect_found("single_page_link: //a\nif_page_contains: contains(//p, 'Nothing')\n", page,
                 DIRECTIVE_SINGLE_PAGE_LINK, NULL, 0);
    expect_found("single_page_link: //a\nif_page_contains: //a/@href\n", page,
                 DIRECTIVE_SINGLE_PAGE_LINK, "/all", 1);
}

static void sees_a_native_advertisement_by_its_clue(void **state)
{
    (void)state;
    const char *page = "<meta name=s content=''><p class=label>Sponsored</p>";
    expect_found("native_ad_clue: //p[@class='label']\n", page, DIRECTIVE_NATIVE_AD_CLUE, "yes", 1);
    expect_found("native_ad_clue: //meta/@content\n", page, DIRECTIVE_NATIVE_AD_CLUE, "yes", 1);
    expect_found("native_ad_clue: contains(//p, 'Sponsored')\n", page, DIRECTIVE_NATIVE_AD_CLUE,
                 "yes", 1);
    expect_found("native_ad_clue: contains(//p, 'Nothing')\n", page, DIRECTIVE_NATIVE_AD_CLUE, NULL,
                 0);
    expect_found("native_ad_clue: //h6\n", page, DIRECTIVE_NATIVE_AD_CLUE, NULL, 0);
}

static void add_matched(void *ctx, const struct winnow_rule *r)
{
    *(size_t *)ctx += r->matched;
}

/* Else a line that gives a string every day would look as if it found nothing. */
static void a_string_counts_as_a_match(void **state)
{
    (void)state;
    static const struct {
        const char *rules;
        size_t matched;
    } table[] = {
        {"author: substring-after(//p, 'By ')\n", 1},
        {"author: substring-after(//p, 'Of ')\n", 0},
        {"native_ad_clue: contains(//p, 'Ann')\n", 1},
        {"native_ad_clue: contains(//p, 'Bob')\n", 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct winnow *w = winnow_with("a.example.txt", table[i].rules);
        struct winnow_page *page =
            clean_from(w, "<!DOCTYPE html><p>By Ann Lee</p>", "http://a.example/");
        size_t matched = 0;
        winnow_page_rules(page, add_matched, &matched);
        assert_int_equal(matched, table[i].matched);
        winnow_page_free(page);
        winnow_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_string_counts_as_a_match),
        cmocka_unit_test(reads_title_author_and_date_by_rule),
        cmocka_unit_test(reads_strings_numbers_and_attributes),
        cmocka_unit_test(passes_lines_over_that_find_nothing_or_blanks),
        cmocka_unit_test(takes_the_first_title_and_date_but_joins_authors),
        cmocka_unit_test(takes_no_value_longer_than_a_title_can_be),
        cmocka_unit_test(joins_no_more_authors_than_fit),
        cmocka_unit_test(leaves_out_of_a_named_body_what_was_written_down),
        cmocka_unit_test(keeps_a_value_that_stands_outside_or_is_all_of_the_body),
        cmocka_unit_test(leaves_out_a_name_whatever_stands_outside_the_body),
        cmocka_unit_test(keeps_a_name_within_a_sentence),
        cmocka_unit_test(reads_values_before_anything_is_stripped),
        cmocka_unit_test(reads_the_address_of_a_link),
        cmocka_unit_test(asks_if_page_contains_for_the_link_above_it_alone),
        cmocka_unit_test(understands_a_yes_or_no_in_if_page_contains),
        cmocka_unit_test(sees_a_native_advertisement_by_its_clue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
