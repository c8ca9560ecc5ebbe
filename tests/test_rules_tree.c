/* test_rules_tree.c - rules on elements: stripped, wrapped, moved; strings replaced before. */

#include "rules_testing.h"

#define HTML                                                                                       \
    "<!DOCTYPE html><html lang=en><head><title>T - Site</title>"                                   \
    "<meta name=generator content='Widget CMS 3'></head><body>"                                    \
    "<nav id=top-menu><a href=/>Home</a></nav><h1>A headline</h1>"                                 \
    "<div class='story main'><p>First.</p><div class=adbox>Buy!</div><p>Second.</p></div>"         \
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
                 "http://a.example/", HTML, "A headline\n\nFirst.\n\nSecond.\n\nImprint\n");
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

/* --- strip ------------------------------------------------------------------------------- */

static void shows_later_expressions_a_page_without_what_was_stripped(void **state)
{
    (void)state;
    const char *page = "<article><p>Teaser.</p></article><article><p>Story.</p></article>";
    expect_html("body: (//article)[1]\n", page, "Teaser.\n");
    expect_html("strip: (//article)[1]\nbody: (//article)[1]\n", page, "Story.\n");
    expect_html("body: (//article)[1]\nstrip: (//article)[1]\n", page, "Story.\n");
    expect_html("strip: //article[1]/p\nstrip: (//p)[1]\n", page, "");
    expect_html("strip: (//p)[1]\nstrip: (//p)[1]\n", page, "");
}

static void shows_later_expressions_a_page_without_stripped_classes(void **state)
{
    (void)state;
    const char *page = "<article class='teaser box'><p>Teaser.</p></article>"
                       "<article><p>Story.</p></article>";
    static const char *const strips[] = {"strip_id_or_class: teaser\n",
                                         "strip_id_or_class(class): box\n"};
    for (size_t i = 0; i < sizeof strips / sizeof *strips; i++) {
        char rules[200];
        snprintf(rules, sizeof rules, "title: //title\n%sbody: (//article)[1]\n", strips[i]);
        expect_html(rules, page, "Story.\n");
        /* also where the body is the page's first expression */
        snprintf(rules, sizeof rules, "%sbody: (//article)[1]\n", strips[i]);
        expect_html(rules, page, "Story.\n");
    }
}

static void finds_nothing_within_what_is_stripped_already(void **state)
{
    (void)state;
    struct winnow *w = winnow_with("a.example.txt", "strip: //div\nstrip: //p\n");
    struct winnow_page *page = clean_from(w, "<div><p>In.</p></div><p>Out.", "http://a.example/");
    assert_true(winnow_page_spans(page) > 0);
    assert_non_null(strstr(winnow_page_span(page, 0).reason, "a.example.txt:1 (strip)"));
    winnow_page_free(page);
    winnow_free(w);
}

static void strips_an_attribute_and_keeps_its_element(void **state)
{
    (void)state;
    const char *page = "<p class=ad>Words.</p><p>More.</p>";
    expect_html("strip: //p[contains(@class,'ad')]\n", page, "More.\n");
    /* strip comes before strip_attr: the class is seen by what comes behind both */
    expect_html("strip_attr: //@class\nstrip_id_or_class: ad\n", page, "Words.\n\nMore.\n");
    expect_html("strip_attr: //@class\nstrip_id_or_class(token): ad\n", page, "Words.\n\nMore.\n");
    expect_html("strip_attr: //@class\nbody: //p[contains(@class,'ad')]\nbody: //p[2]\n", page,
                "More.\n");
    expect_html("strip_attr: //p[@class]\n", page, "More.\n");
}

static void shows_what_a_stripped_style_would_hide(void **state)
{
    (void)state;
    const char *page =
        "<article><p>Some words to begin with.</p>"
        "<p style='display:none'>More to unfold.</p><p>And an end of it.</p></article>";
    expect_html("body: //article\n", page, "Some words to begin with.\n\nAnd an end of it.\n");
    expect_html("body: //article\nstrip_attr: //@style\n", page,
                "Some words to begin with.\n\nMore to unfold.\n\nAnd an end of it.\n");
    expect_html("body: //article\npost_strip_attr: //@style\n", page,
                "Some words to begin with.\n\nAnd an end of it.\n");
}

static void strips_after_the_body_is_found_what_post_strip_attr_names(void **state)
{
    (void)state;
    const char *page = "<article><p>Words.</p><p class=x>End.</p></article>";
    expect_html("strip_attr: //p[@class='x']\nbody: //article[p/@class='x']\nbody: //p\n", page,
                "Words.\n");
    expect_html("post_strip_attr: //p[@class='x']\nbody: //article[p/@class='x']\n", page,
                "Words.\n");
    expect_html("post_strip_attr: //@class\nbody: //p[@class='x']\n", page, "End.\n");
}

static void strips_by_substring_token_class_or_id(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *want;
    } cases[] = {
        {"strip_id_or_class: ad", "None.\n"},
        {"strip_id_or_class(substring): ad", "None.\n"},
        {"strip_id_or_class(token): ad", "Header.\n\nLoad.\n\nNone.\n"},
        {"strip_id_or_class(class): ad", "Ident.\n\nHeader.\n\nLoad.\n\nNone.\n"},
        {"strip_id_or_class(id): ad", "Class.\n\nHeader.\n\nLoad.\n\nNone.\n"},
        {"strip_id_or_class(token): AD", "Class.\n\nIdent.\n\nHeader.\n\nLoad.\n\nNone.\n"},
        {"strip_id_or_class: nothing", "Class.\n\nIdent.\n\nHeader.\n\nLoad.\n\nNone.\n"},
        {"strip_id_or_class: \"header\"", "Class.\n\nIdent.\n\nLoad.\n\nNone.\n"},
        {"strip_id_or_class: 'header'", "Class.\n\nIdent.\n\nLoad.\n\nNone.\n"},
        {"strip_id_or_class(token): \"wide\"", "Ident.\n\nHeader.\n\nLoad.\n\nNone.\n"},
        {"strip_id_or_class: \"\"", "Class.\n\nIdent.\n\nHeader.\n\nLoad.\n\nNone.\n"},
        {"strip_id_or_class(word): ad", "Class.\n\nIdent.\n\nHeader.\n\nLoad.\n\nNone.\n"},
    };
    const char *page = "<p class='wide ad'>Class.</p><p id=ad>Ident.</p><p class=header>Header.</p>"
                       "<p id=load>Load.</p><p title=ad>None.</p>";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char rules[100];
        snprintf(rules, sizeof rules, "%s\n", cases[i].rule);
        expect_html(rules, page, cases[i].want);
    }
}

static void takes_a_class_of_many_by_the_first_line_that_names_it(void **state)
{
    (void)state;
    struct text rules = {calloc(1, 1), 0};
    char line[60];
    for (unsigned i = 0; i < 300; i++) {
        int n = snprintf(line, sizeof line, "strip_id_or_class(class): c%u\n", i);
        text_add(&rules, line, (size_t)n);
    }
    struct winnow *w = winnow_with("a.example.txt", rules.data);
    struct winnow_page *page = clean_from(
        w, "<p class='x\tc299\nc41'>One.</p><p class=c300>Two.</p>", "http://a.example/");
    assert_non_null(strstr(winnow_page_span(page, 0).reason, "a.example.txt:42 ("));
    expect_rendered(page, "Two.\n");
    winnow_page_free(page);
    winnow_free(w);
    free(rules.data);
}

static void hides_stripped_images_from_later_expressions(void **state)
{
    (void)state;
    const char *page = "<p><img src='/ads/1.png'> Bought.</p><p><img src='/photo.jpg'> Seen.</p>";
    expect_html("title: //title\nbody: //p[img][1]\n", page, "Bought.\n");
    expect_html("title: //title\nstrip_image_src: /ads/\nbody: (//p[img])[1]\n", page, "Seen.\n");
    expect_html("strip_image_src: '/ads/'\nbody: (//p[img])[1]\n", page, "Seen.\n");
    expect_html("strip_image_src: photo\n", page, "Bought.\n\nSeen.\n");
}

/* --- what an element is ------------------------------------------------------------------------ */

/* Each rule as `winnow explain` shows its page: "heading" stands before the words. */
static void expect_kind(const char *rules, const char *html, const char *kind, const char *words)
{
    struct winnow *w = winnow_with("a.example.txt", rules);
    struct winnow_page *page = clean_from(w, html, "http://a.example/");
    char *got = page_render(page, WINNOW_EXPLAIN), want[100];
    snprintf(want, sizeof want, "%-9s %s", kind, words);
    if (!strstr(got, want))
        fail_msg("under %s no \"%s\" in %s", rules, want, got);
    free(got);
    winnow_page_free(page);
    winnow_free(w);
}

static void wraps_blocks_in_what_a_tag_says(void **state)
{
    (void)state;
    static const struct {
        const char *tag, *kind;
    } cases[] = {
        {"blockquote", "quote"}, {"h2", "heading"},         {"h6", "heading"},
        {"li", "item"},          {"figcaption", "caption"}, {"p", "paragraph"},
        {"i", "paragraph"},      {"nonsense", "paragraph"}, {" blockquote ", "quote"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char rules[100];
        snprintf(rules, sizeof rules, "wrap_in(%s): //div[@class='q']\n", cases[i].tag);
        const char *html =
            "<p>Before.</p><div class=q><p>The words.</p><p>Others.</p></div><p>After.";
        expect_kind(rules, html, cases[i].kind, "The words.");
        expect_kind(rules, html, cases[i].kind, "Others.");
        expect_kind(rules, html, "paragraph", "Before.");
        expect_kind(rules, html, "paragraph", "After.");
    }
}

static void leaves_code_as_it_is_where_it_wraps(void **state)
{
    (void)state;
    expect_kind("wrap_in(h2): //div\n", "<div><pre>x = 1;</pre><p>Words.</p></div>", "code",
                "x = 1;");
    expect_kind("wrap_in(h2): //div\n", "<div><pre>x = 1;</pre><p>Words.</p></div>", "heading",
                "Words.");
}

static void dissolves_an_element_and_keeps_its_words(void **state)
{
    (void)state;
    const char *html = "<h2>The words.</h2><blockquote>A quote.</blockquote>";
    expect_kind("dissolve: //h3\n", html, "heading", "The words.");
    expect_kind("dissolve: //h2\n", html, "paragraph", "The words.");
    expect_kind("dissolve: //h2\n", html, "quote", "A quote.");
    expect_html("dissolve: //h2\n", html, "The words.\n\nA quote.\n");
}

/* --- moved ------------------------------------------------------------------------------------- */

static void keeps_what_is_moved_into_the_body(void **state)
{
    (void)state;
    const char *page = "<p id=lead>The lead.</p><p>Menu.</p><div id=story><p>The story.</p></div>"
                       "<p id=note>A note.</p>";
    expect_html("body: //div[@id='story']\n", page, "The story.\n");
    expect_html("move_into(//div[@id='story']): //p[@id='lead'] | //p[@id='note']\n"
                "body: //div[@id='story']\n",
                page, "The lead.\n\nThe story.\n\nA note.\n");
    expect_html("move_into(//div[@id='nowhere']): //p[@id='lead']\nbody: //div[@id='story']\n",
                page, "The story.\n");
}

static void finds_what_was_moved_where_it_is_then(void **state)
{
    (void)state;
    const char *page = "<p id=lead>The lead.</p><div id=ads><p>Buy!</p></div><p>End.</p>";
    expect_html("move_into(//div[@id='ads']): //p[@id='lead']\nstrip: //div[@id='ads']/p[2]\n",
                page, "Buy!\n\nEnd.\n");
}

static void moves_nothing_into_itself(void **state)
{
    (void)state;
    const char *page = "<div id=a><p id=b>Words.</p></div><p>End.</p>";
    expect_html("move_into(//p[@id='b']): //div[@id='a']\nbody: //div[@id='a']\n", page,
                "Words.\n");
    expect_html("move_into(//p[@id='b']): //p[@id='b']\nbody: //div[@id='a']\n", page, "Words.\n");
    expect_html("move_into(//div): //p[@id='b']\nbody: //div[@id='a']\n", page, "Words.\n");
}

/* A block that is moved out of the body goes with the rest. */
static void leaves_out_what_is_moved_out_of_the_body(void **state)
{
    (void)state;
    const char *page = "<div id=a><p>Story.</p><p id=b>Moved.</p></div><div id=c><p>End.</p></div>";
    expect_html("move_into(//div[@id='c']): //p[@id='b']\nbody: //div[@id='a']\n", page,
                "Story.\n");
}

/* Its new place says what becomes of it: stripping the old one spares it. */
static void strips_a_moved_element_with_its_new_place_alone(void **state)
{
    (void)state;
    const char *page = "<header><p id=lead>Lead.</p><p>Menu.</p></header><article><p>Story.</p>"
                       "</article>";
    expect_html("move_into(//article): //p[@id='lead']\nstrip: //header\nbody: //article\n", page,
                "Lead.\n\nStory.\n");
    expect_html("move_into(//article): //p[@id='lead']\nstrip: //article\n", page, "Menu.\n");
    expect_html("move_into(//header): //article\nstrip: //header\n", page, "");
}

static void lets_rules_on_lines_see_what_rules_on_elements_made(void **state)
{
    (void)state;
    const char *page = "<div>Ad<br><br>Story one.<br><br>Story two.</div>";
    expect_html("convert_double_br_tags: yes\ndrop_block: Ad\n", page,
                "Story one.\n\nStory two.\n");
}

/* What strip_attr took is out for the rules alone: the record still has the date. */
static void gives_attributes_back_to_what_reads_the_page_later(void **state)
{
    (void)state;
    struct winnow *w = winnow_with("a.example.txt", "strip_attr: //time/@datetime\n"
                                                    "strip_attr: //html/@lang\n");
    const char *html = "<html lang=nb><body><p>Words.</p><time datetime=2020-02-02>then</time>";
    struct winnow_page *page = clean_from(w, html, "http://a.example/");
    const char *name, *value, *from;
    int date = 0, language = 0;
    for (size_t i = 0; (name = winnow_page_meta(page, i, &value, &from)) != NULL; i++) {
        date |= strcmp(name, "date") == 0 && strcmp(value, "2020-02-02") == 0;
        language |= strcmp(name, "language") == 0 && strcmp(value, "nb") == 0;
    }
    assert_true(date && language);
    winnow_page_free(page);
    winnow_free(w);
}

static void never_takes_the_page_by_a_part_of_its_class(void **state)
{
    (void)state;
    const char *page = "<body class='no-ads wide'><p class=ads>Buy.</p><p>Words.</p>";
    expect_html("strip_id_or_class: ads\n", page, "Words.\n");
    expect_html("strip_id_or_class(token): wide\n", page, "Buy.\n\nWords.\n");
}

static void makes_a_blank_line_of_two_breaks(void **state)
{
    (void)state;
    const char *page = "<div>One.<br>Two.<br><br>Three.<br> <br>Four.<br><br><br>Five.</div>";
    expect_html("convert_double_br_tags: yes\n", page, "One.\nTwo.\n\nThree.\n\nFour.\n\nFive.\n");
    expect_html("convert_double_br_tags: no\n", page, "One.\nTwo.\nThree.\nFour.\nFive.\n");
}

static void finds_no_rule_where_the_page_has_nothing(void **state)
{
    (void)state;
    expect_html("strip: //*\n", "", "");
    expect_html("body: //body\nmove_into(//body): //html\nwrap_in(h1): //body\n", "", "");
    expect_html("strip: /\nstrip: //comment()\nstrip: 'words'\nbody: true()\n", "<p>Words.",
                "Words.\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_body_and_strips_within_it),
        cmocka_unit_test(strips_by_a_part_of_id_or_class),
        cmocka_unit_test(replaces_strings_before_parsing),
        cmocka_unit_test(shows_later_expressions_a_page_without_what_was_stripped),
        cmocka_unit_test(shows_later_expressions_a_page_without_stripped_classes),
        cmocka_unit_test(finds_nothing_within_what_is_stripped_already),
        cmocka_unit_test(strips_an_attribute_and_keeps_its_element),
        cmocka_unit_test(shows_what_a_stripped_style_would_hide),
        cmocka_unit_test(strips_after_the_body_is_found_what_post_strip_attr_names),
        cmocka_unit_test(strips_by_substring_token_class_or_id),
        cmocka_unit_test(takes_a_class_of_many_by_the_first_line_that_names_it),
        cmocka_unit_test(hides_stripped_images_from_later_expressions),
        cmocka_unit_test(wraps_blocks_in_what_a_tag_says),
        cmocka_unit_test(leaves_code_as_it_is_where_it_wraps),
        cmocka_unit_test(dissolves_an_element_and_keeps_its_words),
        cmocka_unit_test(keeps_what_is_moved_into_the_body),
        cmocka_unit_test(finds_what_was_moved_where_it_is_then),
        cmocka_unit_test(moves_nothing_into_itself),
        cmocka_unit_test(leaves_out_what_is_moved_out_of_the_body),
        cmocka_unit_test(strips_a_moved_element_with_its_new_place_alone),
        cmocka_unit_test(lets_rules_on_lines_see_what_rules_on_elements_made),
        cmocka_unit_test(gives_attributes_back_to_what_reads_the_page_later),
        cmocka_unit_test(never_takes_the_page_by_a_part_of_its_class),
        cmocka_unit_test(makes_a_blank_line_of_two_breaks),
        cmocka_unit_test(finds_no_rule_where_the_page_has_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
