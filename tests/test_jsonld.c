/* test_jsonld.c - JSON-LD: what is read from it, what is not, and what it may cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "jsonld.h"

/* --- helpers ----------------------------------------------------------------------- */

/* One value of a page with these scripts, NULL past the last. */
static void expect_of(const char *const *scripts, enum jsonld_value which, const char *want)
{
    struct jsonld ld;
    jsonld_init(&ld);
    for (size_t i = 0; scripts[i]; i++)
        jsonld_read(&ld, slice_of(scripts[i]));
    assert_int_equal(ld.status, WINNOW_OK);
    struct slice got = buf_slice(&ld.values[which]);
    if (!slice_is(got, want))
        fail_msg("%s: wanted \"%s\", got \"%.*s\"", scripts[0], want, (int)got.len, got.p);
    jsonld_free(&ld);
}

static void expect(const char *script, enum jsonld_value which, const char *want)
{
    expect_of((const char *const[]){script, NULL}, which, want);
}

#define ARTICLE "\"@type\":\"NewsArticle\",\"headline\":\"Fog\","

static void expect_title(const char *script, const char *want)
{
    expect(script, JSONLD_TITLE, want);
}

static void expect_author(const char *author, const char *want)
{
    char script[2000];
    snprintf(script, sizeof script, "{" ARTICLE "\"author\":%s}", author);
    expect(script, JSONLD_AUTHOR, want);
}

/* head, part n times, tail; free it. */
static char *repeat(const char *head, const char *part, size_t n, const char *tail)
{
    size_t len = strlen(part), at = strlen(head);
    char *ret = malloc(at + n * len + strlen(tail) + 1);
    assert_non_null(ret);
    memcpy(ret, head, at);
    for (size_t i = 0; i < n; i++, at += len)
        memcpy(ret + at, part, len);
    memcpy(ret + at, tail, strlen(tail) + 1);
    return ret;
}

static void expect_repeated_title(const char *head, const char *part, size_t n, const char *tail,
                                  const char *want)
{
    char *script = repeat(head, part, n, tail);
    expect_title(script, want);
    free(script);
}

/* --- what is read -------------------------------------------------------------------- */

static void reads_what_an_article_says(void **state)
{
    (void)state;
    const char *script = "{\"@context\":\"https://schema.org\",\"@type\":\"NewsArticle\","
                         "\"headline\":\"Fog over the sound\","
                         "\"datePublished\":\"2024-02-03T10:00\","
                         "\"dateModified\":\"2024-02-05\",\"inLanguage\":\"en-GB\","
                         "\"author\":{\"@type\":\"Person\",\"name\":\"Ada Moor\"},"
                         "\"publisher\":{\"name\":\"The Tideway\"}}";
    expect(script, JSONLD_TITLE, "Fog over the sound");
    expect(script, JSONLD_AUTHOR, "Ada Moor");
    expect(script, JSONLD_DATE, "2024-02-03T10:00");
    expect(script, JSONLD_MODIFIED, "2024-02-05");
    expect(script, JSONLD_LANGUAGE, "en-GB");
    expect(script, JSONLD_SITE, "The Tideway");
}

static void finds_the_article_in_an_array_a_graph_and_a_main_entity(void **state)
{
    (void)state;
    expect_title("[{\"@type\":\"Organization\",\"name\":\"X\"},{\"@type\":\"BlogPosting\","
                 "\"headline\":\"Fog\"}]", "Fog");
    expect_title("{\"@graph\":[{\"@type\":\"WebSite\",\"name\":\"X\"},"
                 "{\"@type\":[\"Article\",\"BlogPosting\"],\"headline\":\"Fog\"}]}", "Fog");
    expect_title("{\"@type\":\"ItemPage\",\"mainEntity\":"
                 "{\"@type\":\"http://schema.org/TechArticle\",\"headline\":\"Fog\"}}", "Fog");
    expect_title("{\"@type\":\"QAPage\",\"mainEntity\":{\"@type\":\"Question\","
                 "\"name\":\"Why fog?\"}}", "Why fog?");
    expect_title("{\"@type\":[\"Thing\",\"Article\",7],\"name\":\"Fog\"}", "Fog");
    expect_title("[[{\"@graph\":{\"headline\":\"Fog\"}}]]", "Fog");
}

static void reads_no_name_of_what_is_no_article(void **state)
{
    (void)state;
    static const char *const types[] = {"Product", "BreadcrumbList", "Organization", "ImageObject",
                                        "WebPage", "WebSite", "Person", "ArticleList"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char script[200];
        snprintf(script, sizeof script,
                 "{\"@type\":\"%s\",\"name\":\"X\",\"about\":[\"headline\",\"Article\"]}",
                 types[i]);
        expect_title(script, "");
    }
    expect_title("{\"@type\":\"FAQPage\",\"headline\":\"\",\"mainEntity\":[{\"@type\":\"Question\","
                 "\"name\":\"X\"}]}", "");
    expect_title("{\"@type\":\"ItemList\",\"itemListElement\":[{\"item\":"
                 "{\"@type\":\"Article\",\"headline\":\"X\"}}]}", "");
    expect_title("{\"headline\":{\"text\":\"X\"}}", "");
    expect_title("\"headline\"", "");
}

static void takes_a_headline_of_any_type_but_an_article_s_before_it(void **state)
{
    (void)state;
    expect_title("{\"@type\":\"CreativeWork\",\"headline\":\"Fog\"}", "Fog");
    expect_title("{\"headline\":\"Fog\"}", "Fog");
    expect_title("[{\"@type\":\"WebPage\",\"headline\":\"Fog | Tideway\"},{\"headline\":\"Fog!\"},"
                 "{\"@type\":\"Article\",\"headline\":\"Fog\"}]", "Fog");
    expect_title("[{\"@type\":\"Article\",\"headline\":\"Fog\"},"
                 "{\"@type\":\"WebPage\",\"headline\":\"Fog | Tideway\"}]", "Fog");
}

static void dates_no_page_by_its_template(void **state)
{
    (void)state;
    const char *script = "{\"@type\":\"WebPage\",\"headline\":\"Fog\","
                         "\"datePublished\":\"2020-01-01\",\"dateModified\":\"2021-01-01\"}";
    expect(script, JSONLD_DATE, "");
    expect(script, JSONLD_MODIFIED, "");
}

static void takes_the_date_of_creation_where_none_of_publication_is_said(void **state)
{
    (void)state;
    expect("{" ARTICLE "\"dateCreated\":\"2020-01-02\"}", JSONLD_DATE, "2020-01-02");
    expect("{" ARTICLE "\"dateCreated\":\"2020-01-02\",\"datePublished\":\"2020-01-03\"}",
           JSONLD_DATE, "2020-01-03");
    expect("{" ARTICLE "\"dateCreated\":\"2020-01-02\",\"datePublished\":\"soon\"}", JSONLD_DATE,
           "2020-01-02");
    expect("{" ARTICLE "\"datePublished\":20200102}", JSONLD_DATE, "");
}

static void joins_authors_and_names_each_once(void **state)
{
    (void)state;
    expect_author("\"Ada Moor\"", "Ada Moor");
    expect_author("[{\"name\":\"Ada Moor\"},\"Bo Lund\",{\"name\":\"Ada Moor\"}]",
                  "Ada Moor, Bo Lund");
    expect_author("{\"name\":[\"Ada Moor\"]}", "Ada Moor");
    expect_author("[{\"@type\":\"Person\"},7,null,[],\" \",\"Bo\"]", "Bo");
    expect_author("\"https://social.example/ada\"", "");
    expect("{" ARTICLE "\"author\":[],\"creator\":\"Bo\"}", JSONLD_AUTHOR, "Bo");
    expect_author("[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\",\"l\",\"m\","
                  "\"n\",\"o\",\"p\",\"q\"]",
                  "a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p");
}

static void follows_an_author_s_id_within_the_document(void **state)
{
    (void)state;
    expect("{\"@graph\":[{" ARTICLE "\"author\":{\"@id\":\"#ada\"}},{\"@id\":\"#ada\"},"
           "{\"@id\":\"#ada\",\"name\":\"Ada Moor\"}]}", JSONLD_AUTHOR, "Ada Moor");
    expect("[{" ARTICLE "\"author\":[{\"@id\":\"#ada\"}]},"
           "{\"@id\":\"#ada\",\"name\":\"Ada Moor\"}]", JSONLD_AUTHOR, "Ada Moor");
    expect("[{" ARTICLE "\"author\":{\"@id\":\"#bo\"}},{\"@id\":\"#ada\",\"name\":\"Ada Moor\"}]",
           JSONLD_AUTHOR, "");
}

static void follows_no_more_ids_than_a_page_may_cost(void **state)
{
    (void)state;
    const char *end = "{\"@id\":\"#ada\"}]},{\"@id\":\"#ada\",\"name\":\"Ada Moor\"}]";
    char *most = repeat("[{" ARTICLE "\"author\":[", "{\"@id\":\"#x\"},", 31, end);
    char *more = repeat("[{" ARTICLE "\"author\":[", "{\"@id\":\"#x\"},", 32, end);
    expect(most, JSONLD_AUTHOR, "Ada Moor");
    expect(more, JSONLD_AUTHOR, "");
    free(most);
    free(more);
}

static void lets_the_first_article_speak_alone(void **state)
{
    (void)state;
    const char *const scripts[] = {
        "{\"@type\":\"Article\"}",
        "{" ARTICLE "\"keywords\":\"sea\"}",
        "{\"@type\":\"Article\",\"headline\":\"Other\",\"author\":\"Bo\"}",
        NULL,
    };
    expect_of(scripts, JSONLD_TITLE, "Fog");
    expect_of(scripts, JSONLD_AUTHOR, "");
    expect_of(scripts + 2, JSONLD_AUTHOR, "Bo");
}

static void decodes_entities_once(void **state)
{
    (void)state;
    expect_title("{\"headline\":\"Tom &amp; &quot;Jo&#39;s&quot; &#x2019;&#8217; \\u00e9\"}",
                 "Tom & \"Jo's\" \u2019\u2019 \u00e9");
    expect_title("{\"headline\":\"&amp;amp; &amp;lt;\"}", "&amp; &lt;");
    expect_title("{\"headline\":\"&#65;&#xe9;&#x20ac;&#x1F600;\"}", "A\u00e9\u20ac\U0001F600");
    expect_title("{\"headline\":\"a & b; &; &# &#; &#x; &nosuch; &#xg; &#9a;&\"}",
                 "a & b; &; &# &#; &#x; &nosuch; &#xg; &#9a;&");
    expect_title("{\"headline\":\"&#0;&#10;&#127;&#128;&#xd800;\"}",
                 "&#0;&#10;&#127;&#128;&#xd800;");
    expect_title("{\"headline\":\"&#x110000;&#99999999;&#4294967361;\"}",
                 "&#x110000;&#99999999;&#4294967361;");
    expect_author("\"Ada &amp; Bo\"", "Ada & Bo");
}

static void reads_on_past_wrappers_and_raw_line_ends(void **state)
{
    (void)state;
    expect_title("<!-- {\"headline\":\"Fog\"} -->", "Fog");
    expect_title("\n//<![CDATA[\n{\"headline\":\"Fog\"}\n//]]>", "Fog");
    expect_title("/*<![CDATA[*/[{\"headline\":\"<![CDATA[\"}]/*]]>*/", "<![CDATA[");
    expect_title("{\"headline\":\"Fog\"};", "Fog");
    expect_title("{\"headline\":\"Fog\tover\nthe\rsound\\\\\"}", "Fog over the sound\\");
    expect_title("{\"headline\":\"Fog }] \\\"over\\\" {[\", \"n\":123456789012345678901234567890}",
                 "Fog }] \"over\" {[");
    expect_title("{\"headline\":\"Fog at 5\\\" }\"}", "Fog at 5\" }");
}

/* --- what is not --------------------------------------------------------------------- */

static void says_nothing_where_it_is_no_json(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "{", "}", "[", "]", "{\"headline\"", "{\"headline\":\"X", "{\"headline\":\"X\\",
        "{\"headline\":\"X\",}", "{\"headline\":\"X\"]", "{\"headline\":\"\\ud800\"}",
        "{\"headline\":\"X\\u0000Y\"}", "{\"headline\":\"X\\q\"}", "{\"headline\":'X'}",
        "{\"headline\":\"\xff\"}", "{\"headline\":\"\xc3\"}", "var headline = \"headline\";",
        "<![CDATA[ \"headline\"", "{\"headline\":1e999}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_title(bad[i], "");
    const char nul[] = "{\"headline\":\"X\0Y\"}";
    struct jsonld ld;
    jsonld_init(&ld);
    jsonld_read(&ld, (struct slice){nul, sizeof nul - 1});
    assert_int_equal(ld.status, WINNOW_OK);
    assert_true(slice_is(buf_slice(&ld.values[JSONLD_TITLE]), "X Y"));
    jsonld_free(&ld);
}

static void survives_a_script_that_ends_anywhere(void **state)
{
    (void)state;
    const char *script = "<!--[{" ARTICLE "\"author\":[{\"name\":\"A &amp; \\u00e9\"},\"B\"]}]-->";
    for (size_t len = 0; len <= strlen(script); len++) {
        char *exact = malloc(len + 1); /* so that a sanitizer sees a byte too far */
        struct jsonld ld;
        assert_non_null(exact);
        memcpy(exact, script, len);
        exact = realloc(exact, len ? len : 1);
        assert_non_null(exact);
        jsonld_init(&ld);
        jsonld_read(&ld, (struct slice){exact, len});
        assert_int_equal(ld.status, WINNOW_OK);
        assert_int_equal(ld.values[JSONLD_TITLE].len, len < strlen(script) - 3 ? 0 : 3);
        jsonld_free(&ld);
        free(exact);
    }
}

static void takes_no_value_that_is_too_long(void **state)
{
    (void)state;
    expect_repeated_title("{\"headline\":\"", "x", JSONLD_VALUE_MOST + 1, "\"}", "");
    char *longest = repeat("", "x", JSONLD_VALUE_MOST, "");
    char *script = repeat("{\"headline\":\"", "x", JSONLD_VALUE_MOST, "\"}");
    expect_title(script, longest);
    free(script);
    free(longest);
    char *name = repeat("\"", "x", JSONLD_VALUE_MOST, "\"");
    char *two = repeat("{\"headline\":\"Fog\",\"author\":[\"y\",", name, 1, "]}");
    expect(two, JSONLD_AUTHOR, "");
    free(two);
    free(name);
}

static void passes_over_what_is_nested_too_deep(void **state)
{
    (void)state;
    char *deep = repeat("", "[", JSONLD_DEPTH_MOST - 1, "");
    char *end = repeat("", "]", JSONLD_DEPTH_MOST - 1, "}");
    char *head = repeat("{\"headline\":\"Fog\",\"x\":", deep, 1, "");
    expect_repeated_title(head, "", 0, end, "Fog");
    char *deeper = repeat(head, "[]", 1, end);
    expect_title(deeper, "");
    free(deeper);
    free(head);
    free(end);
    free(deep);
    expect_repeated_title("{\"headline\":\"X\",\"x\":", "[", 500000, "", "");
    expect_title("[[[[[{\"headline\":\"X\"}]]]]]", ""); /* nobody writes that */
}

static void parses_no_more_values_than_memory_is_good_for(void **state)
{
    (void)state;
    expect_repeated_title("{\"headline\":\"Fog\",\"x\":[", "{},", JSONLD_ITEMS_MOST / 2 - 10,
                          "{}]}", "Fog");
    expect_repeated_title("{\"headline\":\"Fog\",\"x\":[", "{},", JSONLD_ITEMS_MOST / 2, "{}]}",
                          "");
}

static void parses_a_page_s_scripts_up_to_a_bound_together(void **state)
{
    (void)state;
    char *big = repeat("{\"@type\":\"X\",\"n\":\"\\\"headline\\\"\",\"headline\":[\"", "x",
                       JSONLD_BYTES_MOST - 100, "\"]}");
    const char *small = "{\"headline\":\"A title that takes a page beyond the bytes that may be "
                        "parsed of all its scripts\"}";
    expect_of((const char *const[]){small, NULL}, JSONLD_TITLE,
              "A title that takes a page beyond the bytes that may be parsed of all its scripts");
    expect_of((const char *const[]){big, small, NULL}, JSONLD_TITLE, "");
    expect_of((const char *const[]){big, "{\"headline\":\"Fog\"}", NULL}, JSONLD_TITLE, "Fog");
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_an_article_says),
        cmocka_unit_test(finds_the_article_in_an_array_a_graph_and_a_main_entity),
        cmocka_unit_test(reads_no_name_of_what_is_no_article),
        cmocka_unit_test(takes_a_headline_of_any_type_but_an_article_s_before_it),
        cmocka_unit_test(dates_no_page_by_its_template),
        cmocka_unit_test(takes_the_date_of_creation_where_none_of_publication_is_said),
        cmocka_unit_test(joins_authors_and_names_each_once),
        cmocka_unit_test(follows_an_author_s_id_within_the_document),
        cmocka_unit_test(follows_no_more_ids_than_a_page_may_cost),
        cmocka_unit_test(lets_the_first_article_speak_alone),
        cmocka_unit_test(decodes_entities_once),
        cmocka_unit_test(reads_on_past_wrappers_and_raw_line_ends),
        cmocka_unit_test(says_nothing_where_it_is_no_json),
        cmocka_unit_test(survives_a_script_that_ends_anywhere),
        cmocka_unit_test(takes_no_value_that_is_too_long),
        cmocka_unit_test(passes_over_what_is_nested_too_deep),
        cmocka_unit_test(parses_no_more_values_than_memory_is_good_for),
        cmocka_unit_test(parses_a_page_s_scripts_up_to_a_bound_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
