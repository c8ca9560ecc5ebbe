/* test_css.c - CSS selectors as rules: which of a page's words a selector takes.
 *
 * A page's words are capital letters; a table says which of them stay. */
#include "testing.h"

#include "css.h"

struct meaning {
    const char *selector, *html, *kept;
};

static char *translate(const char *selector)
{
    char *text = NULL;
    size_t len = 0;
    enum css_status status = css_translate(selector, strlen(selector), &text, &len);
    if (status != CSS_OK)
        fail_msg("%s: %s", selector, css_status_text(status));
    assert_int_equal(strlen(text), len);
    return text;
}

static void expect_line(const char *selector, const char *line)
{
    char *text = translate(selector);
    assert_string_equal(text, line);
    free(text);
}

static void expect_status(const char *selector, enum css_status want)
{
    char *text = NULL;
    size_t len = 77;
    enum css_status got = css_translate(selector, strlen(selector), &text, &len);
    if (got != want)
        fail_msg("%s: %s, not: %s", selector, css_status_text(got), css_status_text(want));
    assert_null(text);
    assert_int_equal(len, 77);
}

/* What the library has to say of an expression on this page; NULL: nothing. */
static const char *complaint(const struct winnow_page *page)
{
    const char *note;
    for (size_t i = 0; (note = winnow_page_note(page, i)) != NULL; i++)
        if (strstr(note, "XPath") || strstr(note, "not applied"))
            return note;
    return NULL;
}

/* The page's capitals that the rules leave. */
static void expect_kept(const struct meaning *m)
{
    char *rules = translate(m->selector), kept[64];
    struct winnow *w = winnow_with("global.txt", rules);
    struct winnow_page *page =
        clean_page(w, (struct winnow_input){
                          .data = m->html, .len = strlen(m->html), .kind = WINNOW_KIND_HTML});
    char *text = page_render(page, WINNOW_TEXT);
    size_t n = 0;
    for (const char *c = text; *c && n + 1 < sizeof kept; c++)
        if (*c >= 'A' && *c <= 'Z')
            kept[n++] = *c;
    kept[n] = '\0';
    if (strcmp(kept, m->kept) != 0 || complaint(page))
        fail_msg("%s kept \"%s\", not \"%s\" of %s\n%s%s", m->selector, kept, m->kept, m->html,
                 rules, complaint(page) ? complaint(page) : "");
    free(text);
    free(rules);
    winnow_page_free(page);
    winnow_free(w);
}

#define EXPECT_ALL(table)                                                                          \
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)                                      \
    expect_kept(&table[i])

/* --- compounds -------------------------------------------------------------------------------- */

static void a_type_takes_its_elements_in_any_case(void **state)
{
    static const struct meaning table[] = {
        {"aside", "<p>A</p><aside>B</aside>", "A"},
        {"ASIDE", "<p>A</p><ASIDE>B</ASIDE>", "A"},
        {"x-ad", "<p>A</p><x-ad>B</x-ad>", "A"},
        {"my\\:ad", "<p>A</p><my:ad>B</my:ad>", "A"},
    };
    (void)state;
    EXPECT_ALL(table);
}

static void a_class_is_one_whole_token(void **state)
{
    static const struct meaning table[] = {
        {"p.ad", "<p class='x ad y'>A</p><p class='ads'>B</p><p class='AD'>C</p><p>D</p>", "BCD"},
        {"p.a.b", "<p class='b a'>A</p><p class='a'>B</p><p class='b'>C</p>", "BC"},
        {"*.ad", "<p class='ad\tx'>A</p><p class='x-ad'>B</p>", "B"},
        {".ad", "<p class='x ad'>A</p><p class='ads'>B</p><p id='ad'>C</p>", "BC"},
        {"p.a\\20 b", "<p class='a b'>A</p>", "A"},
    };
    (void)state;
    EXPECT_ALL(table);
}

static void an_id_is_compared_whole(void **state)
{
    static const struct meaning table[] = {
        {"p#ad", "<p id='ad'>A</p><p id='ad2'>B</p><p id='x ad'>C</p><div id='ad'>D</div>", "BCD"},
        {"#ad", "<p id='ad'>A</p><p id='ad2'>B</p><p class='ad'>C</p>", "BC"},
    };
    (void)state;
    EXPECT_ALL(table);
}

static void lone_classes_and_ids_need_no_xpath(void **state)
{
    (void)state;
    expect_line(".ad-box", "strip_id_or_class(class): ad-box\n");
    expect_line("*#top_ad", "strip_id_or_class(id): top_ad\n");
    expect_line("#\\31 0", "strip_id_or_class(id): 10\n");
    expect_line(" .a,#b ", "strip_id_or_class(class): a\nstrip_id_or_class(id): b\n");
    expect_line("div", "strip: //div\n");
    expect_line("p[title]", "strip: //p[@title]\n");
}

static void attributes_are_compared_in_every_way(void **state)
{
    static const char html[] = "<p title='abc'>A</p><p title='abc-d'>B</p><p title='x abc'>C</p>"
                               "<p title=''>D</p><p>E</p><p title='ABC'>F</p><p title='xabcx'>G</p>";
    static const struct meaning table[] = {
        {"p[title]", html, "E"},
        {"p[ title = abc ]", html, "BCDEFG"},
        {"p[TITLE=\"abc\"]", html, "BCDEFG"},
        {"p[title^='abc']", html, "CDEFG"},
        {"p[title$=abc]", html, "BDEFG"},
        {"p[title*=abc]", html, "DEF"},
        {"p[title~=abc]", html, "BDEFG"},
        {"p[title|=abc]", html, "CDEFG"},
        {"p[title|=ab]", html, "ABCDEFG"},
        {"p[title='']", html, "ABCEFG"},
        {"p[title='' i]", html, "ABCEFG"},
        {"p[title^='']", html, "ABCDEFG"},
        {"p[title$='']", html, "ABCDEFG"},
        {"p[title*='']", html, "ABCDEFG"},
        {"p[title~='']", html, "ABCDEFG"},
        {"p[title~='x abc']", html, "ABCDEFG"},
        {"p[title$='a much longer value than any of them']", html, "ABCDEFG"},
    };
    (void)state;
    EXPECT_ALL(table);
}

static void case_is_folded_where_asked_or_where_html_does_so(void **state)
{
    static const char html[] = "<p title='aBc-D'>A</p><p title='x Abc'>B</p><p title='q'>C</p>";
    static const struct meaning table[] = {
        {"p[title^='AbC' i]", html, "BC"},
        {"p[title$=abC I]", html, "AC"},
        {"p[title*='BC'i]", html, "C"},
        {"p[title~='aBC' i]", html, "AC"},
        {"p[title|=abc i]", html, "BC"},
        {"p[title='X ABC' i]", html, "AC"},
        {"p[title='X ABC' s]", html, "ABC"},
        {"a[rel=SPONSORED]", "<a rel=sponsored>A</a><a rel=x>B</a>", "B"},
        {"a[rel=SPONSORED s]", "<a rel=sponsored>A</a><a rel=x>B</a>", "AB"},
    };
    (void)state;
    EXPECT_ALL(table);
}

static void strange_names_and_values_are_matched_as_they_are(void **state)
{
    static const struct meaning table[] = {
        {"p[data-x='it\\'s']", "<p data-x=\"it's\">A</p><p data-x=its>B</p>", "B"},
        {"p[data-x='say \\22hi\\22']", "<p data-x='say \"hi\"'>A</p><p>B</p>", "B"},
        {"p[data-x=\"it's \\\"x\\\"\"]", "<p data-x='it&#39;s \"x\"'>A</p><p>B</p>", "B"},
        {"p[xml\\:lang=de]", "<p xml:lang=de>A</p><p>B</p>", "B"},
        {"p.md\\:w-1\\/2", "<p class='md:w-1/2'>A</p><p>B</p>", "B"},
        {"p.\\31 0", "<p class='10'>A</p><p class='1 0'>B</p>", "B"},
        {"p.r\xc3\xa9"
         "clame",
         "<p class='r\xc3\xa9"
         "clame'>A</p><p>B</p>",
         "B"},
        {"p[data-x$='\xc3\xa9z']",
         "<p data-x='a\xc3\xa9z'>A</p><p data-x='\xc3\xa9za'>B</p>", "B"},
        {".r\\e9 c", "<p class='r\xc3\xa9"
                     "c'>A</p><p>B</p>",
         "B"},
    };
    (void)state;
    EXPECT_ALL(table);
    if (strncmp(winnow_parser(), "lexbor", 6) == 0) /* libxml2 drops the attribute */
        expect_kept(&(struct meaning){"p[\\@click]", "<p @click=x>A</p><p>B</p>", "B"});
}

/* --- combinators ----------------------------------------------------------------------------- */

static void combinators_ask_for_what_stands_around(void **state)
{
    static const char html[] = "<div class=a><p>A</p><section><p>B</p><p>C</p></section><p>D</p>"
                               "</div><p>E</p><p>F</p>";
    static const struct meaning table[] = {
        {".a p", html, "EF"},         {"div.a>p", html, "BCEF"},  {".a > section p", html, "ADEF"},
        {".a + p", html, "ABCDF"},    {".a ~ p", html, "ABCD"},   {"section+p", html, "ABCEF"},
        {"p + p", html, "ABDE"},      {"p ~ p", html, "ABE"},     {".a > *", html, "EF"},
        {"div section > p + p", html, "ABDEF"},
    };
    (void)state;
    EXPECT_ALL(table);
}

static void a_list_takes_what_any_of_it_takes(void **state)
{
    static const struct meaning table[] = {
        {".a,p.b , #c", "<p class=a>A</p><p class=b>B</p><p id=c>C</p><p>D</p>", "D"},
    };
    (void)state;
    EXPECT_ALL(table);
}

/* --- pseudo-classes -------------------------------------------------------------------------- */

static void places_are_counted_among_elements(void **state)
{
    static const char html[] = "<ul><li>A</li><li>B</li><li>C</li><li>D</li><li>E</li></ul>";
    static const struct meaning table[] = {
        {"li:first-child", html, "BCDE"},
        {"li:last-child", html, "ABCD"},
        {"li:only-child", html, "ABCDE"},
        {"li:only-child", "<ul><li>A</li></ul>", ""},
        {"li:nth-child(2)", html, "ACDE"},
        {"li:nth-child(odd)", html, "BD"},
        {"li:nth-child( EVEN )", html, "ACE"},
        {"li:nth-child(2n+1)", html, "BD"},
        {"li:nth-child(3n - 1)", html, "ACD"},
        {"li:nth-child(n+3)", html, "AB"},
        {"li:nth-child(-n+2)", html, "CDE"},
        {"li:nth-child(-2n+3)", html, "BDE"},
        {"li:nth-child(n)", html, ""},
        {"li:nth-child(0)", html, "ABCDE"},
        {"li:nth-child(-3)", html, "ABCDE"},
        {"li:nth-child(-n)", html, "ABCDE"},
        {"li:nth-child(3n)", html, "ABDE"},
        {"li:nth-last-child(1)", html, "ABCD"},
        {"li:nth-last-child(-n+2)", html, "ABC"},
        {"div p:nth-child(2)", "<div>x<b>A</b>y<p>B</p><p>C</p></div>", "AC"},
    };
    (void)state;
    EXPECT_ALL(table);
}

static void places_of_a_type_count_that_type_alone(void **state)
{
    static const char html[] = "<div><h2>A</h2><p>B</p><h3>C</h3><p>D</p><p>E</p><h4>F</h4></div>";
    static const struct meaning table[] = {
        {"p:first-of-type", html, "ACDEF"},   {"p:last-of-type", html, "ABCDF"},
        {"p:nth-of-type(2)", html, "ABCEF"},  {"p:nth-last-of-type(3)", html, "ACDEF"},
        {"h3:only-of-type", html, "ABDEF"},   {"p:only-of-type", html, "ABCDEF"},
        {"div :is(p):not(p:first-of-type)", html, "ABCF"},
    };
    (void)state;
    EXPECT_ALL(table);
    expect_status(".x:first-of-type", CSS_OF_TYPE);
    expect_status(".y *:nth-of-type(2)", CSS_OF_TYPE);
}

static void not_is_and_where_take_lists(void **state)
{
    static const char html[] = "<div class=x><p class=a>A</p><p class='a b'>B</p><p>C</p></div>"
                               "<p class=a>D</p>";
    static const struct meaning table[] = {
        {"p:not(.a)", html, "ABD"},
        {"p.a:not(.b)", html, "BC"},
        {"p:not(.b, :not([class]))", html, "BC"},
        {"p:not(.x p)", html, "ABC"},
        {"p:is(.b, .x > :first-child)", html, "CD"},
        {":where(div, section) > .b", html, "ACD"},
        {"p:not(*)", html, "ABCD"},
        {"p:not([class=A])", html, ""},
    };
    (void)state;
    EXPECT_ALL(table);
}

static void has_looks_down_and_to_the_right(void **state)
{
    static const char html[] = "<div id=k><section><a class=ad>A</a></section>B</div>"
                               "<div id=l><a>C</a></div><p>D</p>";
    static const struct meaning table[] = {
        {"div:has(.ad)", html, "CD"},
        {"div:has(> .ad)", html, "ABCD"},
        {"div:has(> a)", html, "ABD"},
        {"div:has(> section > .ad)", html, "CD"},
        {"div:has(section a)", html, "CD"},
        {"div:has(+ p)", html, "ABD"},
        {"div:has(~ p)", html, "D"},
        {"div:has(+ div + p)", html, "CD"},
        {"div:has(.nothing, > a)", html, "ABD"},
        {"div:not(:has(.ad))", html, "ABD"},
        {"div:has(:not(a, section))", html, "ABCD"},
    };
    (void)state;
    EXPECT_ALL(table);
}

static void empty_elements_and_the_root_are_known(void **state)
{
    static const struct meaning table[] = {
        {"p:empty + p", "<p></p><p>A</p><p>B</p>", "B"},
        {":root > body > .x", "<p class=x>A</p><div><p class=x>B</p></div>", "B"},
    };
    (void)state;
    EXPECT_ALL(table);
}

/* --- what is refused ------------------------------------------------------------------------- */

static void what_css_does_not_know_is_refused_and_not_guessed(void **state)
{
    static const char *const wrong[] = {
        "",       ",",       ".a,",     ">.a",        ".a>",      ".a > > .b", "..a",
        ".1a",    "#",       "[a",      "[a=",        "[a='x]",   "[a=1x]",    "[a='x' z]",
        ".a{}",   "a b c !", ":not()",  ":not(.a",    ".a)",      ":has()",    ":nth-child()",
        ".-1",    "p\\",     "[]",      ":first-child()", ":nth-child(2x)", ":nth-child(n+)",
        ":not",   ":has(:has(a))",      "p:nth-child(+ 2)",       "##a",       "a::b:",
        ":is(.a,)",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char *text = NULL;
        size_t len;
        enum css_status status = css_translate(wrong[i], strlen(wrong[i]), &text, &len);
        if (status != CSS_SYNTAX && status != CSS_PSEUDO)
            fail_msg("\"%s\": %s: %s", wrong[i], css_status_text(status), text ? text : "");
    }
}

static void what_needs_a_browser_is_refused_by_its_kind(void **state)
{
    (void)state;
    expect_status(".a:has-text(x)", CSS_PROCEDURAL);
    expect_status("div:-abp-has(.a)", CSS_PROCEDURAL);
    expect_status(".a:upward(2)", CSS_PROCEDURAL);
    expect_status(".a:style(top:0)", CSS_PROCEDURAL);
    expect_status("a:hover", CSS_PSEUDO);
    expect_status("a::before", CSS_PSEUDO);
    expect_status("p::first-child", CSS_PSEUDO);
    expect_status("svg|a", CSS_NAMESPACE);
    expect_status("[*|href]", CSS_NAMESPACE);
    expect_status("[x|href]", CSS_NAMESPACE);
}

static void what_takes_the_whole_page_is_refused(void **state)
{
    (void)state;
    expect_status("body", CSS_WHOLE_PAGE);
    expect_status("html.ads", CSS_WHOLE_PAGE);
    expect_status("*", CSS_WHOLE_PAGE);
    expect_status("body > *", CSS_WHOLE_PAGE);
    expect_status(":root", CSS_WHOLE_PAGE);
    expect_status(".a, body", CSS_WHOLE_PAGE);
    expect_status(":not(.a)", CSS_WHOLE_PAGE);
    expect_status(":is(body)", CSS_WHOLE_PAGE);
    expect_status(":has(p)", CSS_WHOLE_PAGE);
    expect_status(":root > :first-child", CSS_WHOLE_PAGE);
}

static void what_no_rule_line_can_hold_is_refused(void **state)
{
    char *text = NULL;
    size_t len = 0;
    (void)state;
    expect_status(".a\xff", CSS_CHARACTERS);
    expect_status("[a='\\a x']", CSS_CHARACTERS);
    expect_status("[a='\x01']", CSS_CHARACTERS);
    assert_int_equal(css_translate(".a\0b", 4, &text, &len), CSS_CHARACTERS);
    assert_null(text);
}

static char *repeat(const char *before, const char *part, size_t times, const char *after)
{
    char *ret = calloc(1, strlen(before) + times * strlen(part) + strlen(after) + 1);
    assert_non_null(ret);
    strcpy(ret, before);
    for (size_t i = 0, at = strlen(before); i < times; i++, at += strlen(part))
        strcpy(ret + at, part);
    strcat(ret, after);
    return ret;
}

static void length_depth_and_parts_are_bounded(void **state)
{
    static const struct {
        const char *before, *part;
        size_t times;
        const char *after;
    } table[] = {
        {".", "a", 5000, ""},
        {"p", ":not(p", 100, ""},
        {"p", ".a", 1000, ""},
        {"p", " p", 1000, ""},
        {"p", ",p", 1000, ""},
        {"p", ":nth-child(9", 1, "9999999999999999999)"},
        {"p[a='", "\"'", 2000, "']"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char *s = repeat(table[i].before, table[i].part, table[i].times, table[i].after);
        char *text = NULL;
        size_t len;
        enum css_status status = css_translate(s, strlen(s), &text, &len);
        if (status != CSS_TOO_LARGE && i + 1 < sizeof table / sizeof *table)
            fail_msg("%.20s...: %s", s, css_status_text(status));
        free(text);
        free(s);
    }
    expect_kept(&(struct meaning){"p:not(:not(:not(:not(:not(:not(.a))))))",
                                  "<p class=a>A</p><p>B</p>", "B"});
    expect_status("p:not(:not(:not(:not(:not(:not(:not(.a)))))))", CSS_TOO_LARGE);
}

static void whatever_is_translated_compiles(void **state)
{
    static const char *const parts[] = {
        "div", "*", ".a", "#b", "[c]", "[d='e' i]", "[f$=g]", ":not(.h)", ":has(> i)", " ", ">", "+",
        "~", ",", ":nth-child(2n+1)", ":is(a, b c)", "'", "\\", "\"", "(", ")", "[", "]", "\xc3\xa9",
        ":last-child", "p", "[x\\:y]", ":empty", "::x", "-", "1",
    };
    unsigned long seed = 12345;
    size_t good = 0;
    (void)state;
    for (int round = 0; round < 3000; round++) {
        char s[200] = "", *text = NULL;
        size_t len = 0;
        for (int i = 0; i < 6; i++) {
            seed = seed * 6364136223846793005UL + 1442695040888963407UL;
            strcat(s, parts[(seed >> 33) % (sizeof parts / sizeof *parts)]);
        }
        if (css_translate(s, strlen(s), &text, &len) != CSS_OK)
            continue;
        good++;
        if (good <= 150) {
            struct meaning m = {s, "<p class=q>A</p>", ""};
            struct winnow *w = winnow_with("global.txt", text);
            struct winnow_page *page = clean_page(
                w, (struct winnow_input){.data = m.html, .len = strlen(m.html),
                                         .kind = WINNOW_KIND_HTML});
            if (complaint(page))
                fail_msg("%s: %s: %s", s, text, complaint(page));
            winnow_page_free(page);
            winnow_free(w);
        }
        free(text);
    }
    assert_true(good > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type_takes_its_elements_in_any_case),
        cmocka_unit_test(a_class_is_one_whole_token),
        cmocka_unit_test(an_id_is_compared_whole),
        cmocka_unit_test(lone_classes_and_ids_need_no_xpath),
        cmocka_unit_test(attributes_are_compared_in_every_way),
        cmocka_unit_test(case_is_folded_where_asked_or_where_html_does_so),
        cmocka_unit_test(strange_names_and_values_are_matched_as_they_are),
        cmocka_unit_test(combinators_ask_for_what_stands_around),
        cmocka_unit_test(a_list_takes_what_any_of_it_takes),
        cmocka_unit_test(places_are_counted_among_elements),
        cmocka_unit_test(places_of_a_type_count_that_type_alone),
        cmocka_unit_test(not_is_and_where_take_lists),
        cmocka_unit_test(has_looks_down_and_to_the_right),
        cmocka_unit_test(empty_elements_and_the_root_are_known),
        cmocka_unit_test(what_css_does_not_know_is_refused_and_not_guessed),
        cmocka_unit_test(what_needs_a_browser_is_refused_by_its_kind),
        cmocka_unit_test(what_takes_the_whole_page_is_refused),
        cmocka_unit_test(what_no_rule_line_can_hold_is_refused),
        cmocka_unit_test(length_depth_and_parts_are_bounded),
        cmocka_unit_test(whatever_is_translated_compiles),
    };
    return cmocka_run_group_tests_name("css", tests, NULL, NULL);
}
