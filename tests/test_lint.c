/* test_lint.c - what winnow rules lint finds in rule files, and what it leaves alone. */
#include "testing.h"

#include <jansson.h>

#include "program.h"

/* "line:column: kind level text", a line each. */
static void note(void *ctx, const struct winnow_finding *f)
{
    char line[700];
    snprintf(line, sizeof line, "%u:%u: %s %s %s\n", f->line, f->column, f->kind,
             f->is_error ? "error" : "warning", f->text);
    text_add(ctx, line, strlen(line));
}

/* The findings in a file of this name; free them. */
static char *lint_bytes(const char *name, const char *rules, size_t len, size_t *errors)
{
    struct text found = {calloc(1, 1), 0};
    struct winnow_error err = {0};
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(rules, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    if (winnow_rules_lint(path_of(name), note, &found, errors, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    remove(path_of(name));
    return found.data;
}

static char *lint(const char *name, const char *rules)
{
    size_t errors = 0;
    return lint_bytes(name, rules, strlen(rules), &errors);
}

/* want: what the findings hold, up to NULL; without any, there is none.  As many
 * findings as are wanted. */
static void expect(const char *rules, const char *const want[])
{
    char *found = lint("ferry.example.txt", rules);
    size_t n = 0, lines = 0;
    for (; want[n]; n++)
        if (!strstr(found, want[n]))
            fail_msg("%sno \"%s\" in: %s", rules, want[n], found);
    for (const char *p = found; (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    if (lines != n)
        fail_msg("%s%zu findings, not %zu: %s", rules, lines, n, found);
    free(found);
}

#define EXPECT(rules, ...) expect(rules, (const char *const[]){__VA_ARGS__, NULL})
#define EXPECT_NOTHING(rules) expect(rules, (const char *const[]){NULL})

/* --- XPaths --------------------------------------------------------------------------- */

static void finds_xpaths_that_compile_and_fail(void **state)
{
    (void)state;
    EXPECT("strip: //p[contain(@class, 'x')]\n",
           "1:12: xpath-fails error XPath 1.0 has no function \"contain\", so the expression "
           "fails; did you mean contains()?");
    EXPECT("body: //nosuch[ends-with(@id, 'x')]\n", "fails; write substring(");
    EXPECT("body: //nosuch[contains(@class='x')]\n",
           "1:16: xpath-fails error contains() takes 2 arguments, not 1");
    EXPECT("title: concat(//h1)\n", "concat() takes 2 arguments or more, not 1");
    EXPECT("body: //nosuch[$x]\n", "xpath-fails error there is no variable $x");
    EXPECT("body: //svg:path\n", "xpath-fails error names of HTML have no prefixes, so "
                                 "\"svg:path\" fails; write *[name()='svg:path']");
    EXPECT("title: count('x')\n", "1:8: xpath-fails error");
    EXPECT_NOTHING("title: substring(normalize-space(//h1), 2)\n"
                   "body: //div[not(contains(concat(' ', @class, ' '), ' x:y $z '))]\n"
                   "date: id('when')/@datetime\nstrip: //p[position() = last()]\n"
                   "author: //a/child::text()\n");
}

static void finds_strips_and_bodies_that_give_no_elements(void **state)
{
    (void)state;
    EXPECT("strip: 'share'\n", "1:8: strip-no-nodes warning \"strip\" wants elements");
    EXPECT("body: substring-after(//p, 'x')\n", "1:7: strip-no-nodes warning \"body\"");
    EXPECT("strip: //a = 'x'\n", "strip-no-nodes");
    EXPECT("strip: (//a/@href)[1]\n", "\"strip\" of attributes removes no text; write strip_attr");
    EXPECT("dissolve: //a/@href | //b/attribute::id\n", "\"dissolve\" wants elements, and this "
                                                       "gives attributes");
    EXPECT("strip_attr: count(//a)\n", "\"strip_attr\" wants elements");
    EXPECT_NOTHING("strip_attr: //a/@href\npost_strip_attr: //@style\nstrip: //a[@href = 'x']\n"
                   "strip: //a/@href | //b\nstrip: (//p | //a)[last()]\nbody: id('x')/p\n"
                   "strip: //p/text()\nstrip: //div[count(p) = 2]/*\ntitle: 'Fixed'\n");
}

static void finds_capitals_in_the_names_of_html(void **state)
{
    (void)state;
    EXPECT("body: //DIV[@id='Main']\n", "1:9: mixed-case warning HTML's names are lower case, so "
                                        "\"DIV\" matches nothing; write \"div\"");
    EXPECT("strip: //img[@srcSet]/attribute::dataX/..\n", "1:15: mixed-case warning", "\"@datax\"");
    EXPECT_NOTHING("body: //div[@class='ArticleBody' or contains(., \"ABC\")]\n"
                   "strip: //svg/linearGradient | //svg[@viewBox] | //foreignObject | //feBlend\n");
}

static void finds_paths_that_start_beside_the_page(void **state)
{
    (void)state;
    EXPECT("strip: div[@class='x']\n", "1:8: dead warning this starts at the page's root, where "
                                       "only html stands; write //div");
    EXPECT("body: /table/tr\n", "1:7: dead warning");
    EXPECT("author: Marit\n", "1:9: dead warning \"Marit\" looks for an element at the page's root, where only "
                              "html stands; write //p for elements, and a text in quotes");
    EXPECT("single_page_link: concat(link/@href, '?all')\n", "1:26: dead");
    EXPECT_NOTHING("strip: /html/body/p\nstrip: //div[p/b]\nstrip: .//b\nstrip: */head\n"
                   "strip: descendant::i\n");
}

static void finds_conditions_that_never_or_always_hold(void **state)
{
    (void)state;
    EXPECT("strip: //p[0]\n", "1:11: dead warning places count from 1");
    EXPECT("strip: //p[contains(@class, '')]\n", "1:12: dead warning contains(..., '') holds");
    EXPECT("strip: //p[starts-with(., \"\")]\n", "starts-with(..., '') holds");
    EXPECT_NOTHING("strip: //p[10]\nstrip: //p[@a = 0]\nstrip: //p[contains('', @a)]\n");
}

/* --- lines ----------------------------------------------------------------------------- */

static void finds_class_parts_that_stand_within_other_words(void **state)
{
    (void)state;
    EXPECT("strip_id_or_class: ad\n", "1:20: short-part warning \"ad\" is so short");
    EXPECT("strip_id_or_class: 'nav'\n", "\"nav\" also stands within words such as "
                                         "\"navigation\"");
    EXPECT_NOTHING("strip_id_or_class: advert\nstrip_id_or_class(token): ad\n"
                   "strip_id_or_class: share\nstrip_id_or_class: top-ad\n");
}

static void finds_colons_at_which_other_readers_end_the_name(void **state)
{
    (void)state;
    EXPECT("replace_string(\"a\":1): b\n", "1:19: wrong-colon warning other readers of the format "
                                          "end the name at this colon");
    EXPECT("replace_string(f(a): b): c\n", "1:23: wrong-colon warning the name ends at the first");
    EXPECT_NOTHING("replace_string(<b>): <i>\nhttp_header(user-agent): a:b\n"
                   "drop_between(/a:/): /b/\nreplace_string(a)): b): c\n"
                   "replace_string(/a-): /b-\n");
}

static void finds_lines_that_can_do_nothing(void **state)
{
    (void)state;
    EXPECT("strip_id_or_class: ''\n", "dead warning nothing stands between the quotes");
    EXPECT("strip_id_or_class: //div\n", "dead warning an XPath");
    EXPECT("match_host: www.ferry.example\n", "dead warning \"www.\" is dropped");
    EXPECT("match_host: ferry.example/news\n", "dead warning no host holds a slash");
    EXPECT("match_dir: a/b\n", "dead warning compared with one name");
    EXPECT("replace_string(a): a\n", "1:1: dead warning replaces a text by itself");
    EXPECT("find_string: b\nreplace_string: b\n", "2:1: dead warning");
    EXPECT("replace_string(): a\n", "dead warning no text is named");
    EXPECT("match_text: x\nsection: s\nmatch_text: /(/\ndrop_line: a\n", "3:", "4:12: dead warning no match_* "
           "line of its section compiles");
    EXPECT_NOTHING("match_host: *.ferry.example\nmatch_host: /^www\\./\n"
                   "strip_id_or_class: a b\nsection: s\nmatch_text: y\ndrop_line: a\n"
                   "section: t\ndrop_line: a\n");
}

static void finds_useless_urls_and_headers(void **state)
{
    (void)state;
    EXPECT("test_url: ferry.example/a\n", "1:11: bad-url warning no URL of a page");
    EXPECT("test_url: https:///a\n", "bad-url warning the URL has no host");
    EXPECT("test_url: http://\n", "bad-url warning the URL has no host");
    EXPECT("http_header( ): x\n", "1:1: empty-name warning");
    EXPECT_NOTHING("test_url: HTTPS://ferry.example/\nhttp_header(a): b\nrequires_login: yes\n"
                   "login_uri: x\nlogin_username_field: y\n");
}

static void finds_dates_that_are_over_or_turned_round(void **state)
{
    (void)state;
    EXPECT("valid_until: 2001-02-03\n", "1:14: stale warning");
    EXPECT("valid_from: 9998-01-02\nvalid_until: 9998-01-01\n", "2:14: bad-range error");
    EXPECT_NOTHING("valid_from: 2001-01-01\nvalid_until: 9999-12-31\n");
    EXPECT_NOTHING("valid_from: 9999-12-31\nvalid_until: 9999-12-31\n");
}

/* --- files ------------------------------------------------------------------------------ */

static void finds_lines_that_stand_twice(void **state)
{
    (void)state;
    EXPECT("body: //p\ntitle: //h1\nbody: //p\n", "3:7: duplicate warning the same as line 1");
    EXPECT("strip_id_or_class: share\nstrip_id_or_class: share\nstrip_id_or_class: share\n",
           "2:20: duplicate warning the same as line 1", "3:20: duplicate warning the same as line 1");
    EXPECT("drop_line: a\ndrop_line: a\n", "duplicate");
    EXPECT_NOTHING("test_in: a\ntest_in: a\ntest_out: a\nsection: s\ndrop_line: a\nsection: t\n"
                   "drop_line: a\n");
    /* Readers that remove at once take the second paragraph too. */
    EXPECT_NOTHING("strip: //p[1]\nstrip: //p[1]\nreplace_string(aa): a\nreplace_string(aa): a\n");
}

static void finds_alternatives_that_are_never_reached(void **state)
{
    (void)state;
    EXPECT("body: //body\nbody: //div[@id='a']\n", "2:7: shadowed warning never reached");
    EXPECT("body: //p | //div\nbody: //div[@id='a']/b\n", "2:7: shadowed");
    EXPECT("title: 'Ferry'\ntitle: //h1\n", "2:8: shadowed warning never reached: line 1 is a fixed");
    EXPECT("prune: no\nprune: yes\n", "2:8: shadowed warning line 1 says otherwise");
    EXPECT_NOTHING("body: //div[@id='a']\nbody: //body\n");
    EXPECT_NOTHING("body: //div\nbody: //div/..\n");
    EXPECT_NOTHING("body: //div\nbody: //div/following::p\nbody: //divs\n");
    EXPECT_NOTHING("body: //div[@id='a']\nbody: //div[@id='a']/p | //b\n");
    EXPECT_NOTHING("title: //h1\ntitle: //h1[2]\ntitle: ' '\ntitle: //h2\n");
}

static void finds_strips_of_what_is_gone_already(void **state)
{
    (void)state;
    EXPECT("strip: //*[@id='a']\nstrip: //*[@id='a']/p\n", "2:8: shadowed warning nothing is left");
    EXPECT("strip: //div\nstrip: //div[@class='b']\n", "2:8: shadowed");
    EXPECT_NOTHING("strip: //div[1]\nstrip: //div[1]/p\n");
    EXPECT_NOTHING("strip: //div[not(p)]\nstrip: //div[not(p)]/b\n");
    EXPECT_NOTHING("strip: //div/p\nstrip: //div\nstrip: //div2\n");
}

static void finds_replacements_of_what_was_replaced_before(void **state)
{
    (void)state;
    EXPECT("replace_string(<hr>): -\nreplace_string(<hr><hr>): x\n", "2:1: shadowed warning");
    /* Neighbours meet, another pair makes it anew, the replacement makes it itself. */
    EXPECT_NOTHING("replace_string(<hr>):\nreplace_string(<hr>): x\n");
    EXPECT_NOTHING("replace_string(ab): -\nreplace_string(c): xaby\nreplace_string(ab): +\n");
    EXPECT_NOTHING("replace_string(ab): xa\nreplace_string(ab): +\n");
    EXPECT_NOTHING("replace_string(ab): bx\nreplace_string(ab): +\n");
}

static void finds_names_that_no_host_has(void **state)
{
    (void)state;
    static const struct {
        const char *name, *rules, *want;
    } cases[] = {
        {"Ferry.example.txt", "body: //p\n", "0:0: file-name warning hosts are looked up in lower"},
        {"www.ferry.example.txt", "body: //p\n", "\"www.\" is dropped"},
        {"ferry_boat.example.txt", "body: //p\n", "a host holds only"},
        {"a ferry.example.txt", "body: //p\n", "a host holds only"},
        {"ferry.txt", "body: //p\n", "a host has a dot within"},
        {".example.txt", "body: //p\n", "a host has a dot within"},
        {"ferry..example.txt", "body: //p\n", "no two dots"},
        {"fingerprint.ferry.txt", "body: //p\n", "fingerprints"},
        {"ferry.txt", "section: s\nmatch_text: x\ndrop_line: y\n", "file-name"},
        {"ferry.txt", "match_text: x\n", NULL},
        {"global.txt", "body: //p\n", NULL},
        {".ferry.example.txt", "body: //p\n", NULL},
        {"ferry-2.example.org.txt", "body: //p\n", NULL},
        {"Ferry", "body: //p\n", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *found = lint(cases[i].name, cases[i].rules);
        if (cases[i].want ? !strstr(found, cases[i].want) : *found)
            fail_msg("%s: %s", cases[i].name, found);
        free(found);
    }
}

static void finds_expectations_without_a_page(void **state)
{
    (void)state;
    EXPECT("test_contains: a\ntest_in: b\ntest_contains: b\n", "1:1: test warning");
    EXPECT_NOTHING("test_url: http://ferry.example/\ntest_contains: a\n");
}

static void reports_every_line_that_is_no_utf8_and_reads_the_others(void **state)
{
    (void)state;
    static const char rules[] = "body: //p\xff\ntitle: //h1\nstrip: \xc3\nstrip: //p[0]\n";
    size_t errors = 0;
    char *found = lint_bytes("ferry.example.txt", rules, sizeof rules - 1, &errors);
    assert_int_equal(errors, 2);
    assert_non_null(strstr(found, "1:10: not-utf8 error"));
    assert_non_null(strstr(found, "3:8: not-utf8 error"));
    assert_non_null(strstr(found, "4:11: dead"));
    free(found);
}

static void says_what_a_lost_line_was_meant_to_be(void **state)
{
    (void)state;
    EXPECT("https://ferry.example/a\n", "1:1: unknown-directive error a URL by itself; write test_url:");
    EXPECT("test_content: a\n", "did you mean \"test_contains\"?");
    EXPECT("titl: //h1\n", "did you mean \"title\"?");
    EXPECT("test_rul: http://ferry.example/\n", "did you mean \"test_url\"?");
    EXPECT("See https: there\n", "start the line with #");
}

/* --- patterns ----------------------------------------------------------------------------- */

static void finds_patterns_that_run_away(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "/(a+)+b/", "/(?:a|a)*b/", "/(a*)*=$/", "/(?:a?b?)*c/", "/(?:\\w+\\s*)+$/", "/(x{1,3})+y/",
        "/(?:a|ab|b)*c/", "/(?:.|\\s)*x/", "/(?:A|a)*b/i", "/( a + ) + b/x",
        "/(?<n>\\d+\\.?)+ EUR/", "/[\\s\\S]*[\\s\\S]*x/", "/x.*[\\s\\S]*?.*y/s",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char rules[100];
        snprintf(rules, sizeof rules, "drop_line: %s\n", bad[i]);
        EXPECT(rules, "1:12: runaway warning");
    }
    EXPECT("drop_between(/(a+)+b/): /c/\n", "1:14: runaway");
}

static void leaves_patterns_alone_that_do_not_run_away(void **state)
{
    (void)state;
    static const char *const good[] = {
        "/(?:[^\\n]+\\n)+x/", "/(?:a+b)+c/", "/(a+)+/", "/(?>a+)+b/", "/(?:a+)++b/", "/(a+)+\\K/",
        "/(?:^.+$\\n?)+x/", "/^(?:\\d{1,3}\\.){3}\\d+ x/", "/\\A[\\s\\S]*\\K^Share\\.$/",
        "/(?:\\n+[^\\n]{1,160}$)*\\n*\\z/", "/[\\s\\S]*a[\\s\\S]*b/", "/(?:[a-z]+\\s)+x/",
        "/(?:é+ü)+x/", "/(?:\\s*,\\s*\\w+)+;/", "/(a+)+(?#end)/", "/(?:a|b)*c/", "/(?:A|a)*b/",
        "/(a+)+(*COMMIT)b/", "/.*.*x/", "/[a-/", "a line (a+)+b",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char rules[100];
        snprintf(rules, sizeof rules, "drop_line: %s\n", good[i]);
        char *found = lint("ferry.example.txt", rules);
        if (strstr(found, "runaway"))
            fail_msg("%s%s", rules, found);
        free(found);
    }
    char *found = lint("ferry.example.txt", "drop_line: /((((((((((((((((((((((((((((((a{2}){2}){2}){2}"
                                            "){2}){2}){2}){2}){2}){2}){2}){2}){2}){2}){2}){2}){2}){2}"
                                            "){2}){2}){2}){2}){2}){2}){2}){2}){2}){2}){2})+)+b/\n");
    free(found);
}

/* --- the order, and the rules that ship ------------------------------------------------------ */

static void reports_in_the_order_of_the_lines(void **state)
{
    (void)state;
    char *found = lint("ferry.example.txt", "strip: //p[0]\nnosuch: x\nstrip: //P\nbody: //[\n");
    const char *first = strstr(found, "1:"), *second = strstr(found, "\n2:"),
               *third = strstr(found, "\n3:"), *fourth = strstr(found, "\n4:");
    assert_true(first == found && second && third > second && fourth > third);
    free(found);
}

static void finds_nothing_wrong_with_the_rules_that_ship(void **state)
{
    (void)state;
    struct text found = {calloc(1, 1), 0};
    size_t errors = 0;
    assert_int_equal(winnow_rules_lint(WINNOW_SOURCE_DIR "/rules", note, &found, &errors, NULL),
                     WINNOW_OK);
    assert_string_equal(found.data, "");
    free(found.data);
}

static void finds_the_known_defects_of_the_public_files(void **state)
{
    (void)state;
    const char *folder_of_files = WINNOW_SHARED_DIR "/data/ftr-site-config";
    struct text found = {calloc(1, 1), 0};
    size_t errors = 0, fails = 0;
    if (access(folder_of_files, R_OK) != 0) {
        free(found.data);
        print_message("no %s: skipped\n", folder_of_files);
        skip();
    }
    assert_int_equal(winnow_rules_lint(folder_of_files, note, &found, &errors, NULL), WINNOW_OK);
    for (const char *p = found.data; (p = strstr(p, " xpath-fails ")) != NULL; p++)
        fails++;
    assert_int_equal(fails, 4);
    assert_true(errors >= fails && errors < 20); /* of 20,087 lines */
    assert_null(strstr(found.data, "runaway"));
    free(found.data);
}

/* --- the program ------------------------------------------------------------------------------ */

static void writes_findings_as_json(void **state)
{
    (void)state;
    make_file("json.example.txt", "strip: //p[0]\ntitel: \"\\x\x1b\ntitel: y\n");
    struct run r = RUN("rules", "lint", "--format", "json", path_of("json.example.txt"));
    assert_code(&r, EX_CONFIG);
    assert_string_equal(r.err, "");
    json_t *o = json_loads(r.out, 0, NULL);
    if (!o)
        fail_msg("no JSON: %s", r.out);
    json_t *one = json_array_get(json_object_get(o, "findings"), 0);
    assert_int_equal(json_array_size(json_object_get(o, "findings")), 3);
    assert_int_equal(json_integer_value(json_object_get(one, "line")), 1);
    assert_int_equal(json_integer_value(json_object_get(one, "column")), 11);
    assert_string_equal(json_string_value(json_object_get(one, "kind")), "dead");
    assert_string_equal(json_string_value(json_object_get(one, "level")), "warning");
    assert_string_equal(json_string_value(json_object_get(one, "file")), path_of("json.example.txt"));
    assert_int_equal(json_integer_value(json_object_get(o, "errors")), 2);
    assert_int_equal(json_integer_value(json_object_get(o, "warnings")), 1);
    one = json_object_get(o, "kinds");
    assert_int_equal(json_integer_value(json_object_get(one, "unknown-directive")), 2);
    json_decref(o);
    run_free(&r);
}

static void writes_a_finding_a_line_as_jsonl(void **state)
{
    (void)state;
    make_file("b\"\\\n\xff.example.txt", "a \x1b[31m: \"x\n");
    struct run r = RUN("rules", "lint", "--format=jsonl", path_of("b\"\\\n\xff.example.txt"));
    assert_code(&r, EX_CONFIG);
    char *line = r.out;
    size_t n = 0;
    for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1, n++) {
        *end = '\0';
        json_t *o = json_loads(line, 0, NULL);
        if (!o)
            fail_msg("no JSON: %s", line);
        json_decref(o);
    }
    assert_int_equal(n, 2);
    run_free(&r);
    remove(path_of("b\"\\\n\xff.example.txt"));
}

static void counts_by_kind_on_stderr_and_lets_no_control_character_through(void **state)
{
    (void)state;
    make_file("count.example.txt", "a\x1b[31m: x\nb: y\nstrip: //p[0]\n");
    struct run r = RUN("rules", "lint", path_of("count.example.txt"));
    assert_code(&r, EX_CONFIG);
    assert_string_equal(r.err, "winnow: 2 errors, 1 warning (unknown-directive 2, dead 1)\n");
    assert_null(strchr(r.out, '\x1b'));
    assert_out(&r, "count.example.txt:3:11: warning: places");
    run_free(&r);
    r = RUN("rules", "lint", "--quiet", path_of("count.example.txt"));
    assert_string_equal(r.err, "");
    assert_not_out(&r, "warning");
    run_free(&r);
    make_file("good.example.txt", "strip: //p[0]\n");
    r = RUN("rules", "lint", path_of("good.example.txt"), path_of("good.example.txt"));
    assert_code(&r, 0);
    assert_err(&r, "0 errors, 2 warnings (dead 2)");
    run_free(&r);
}

static void names_its_verbs(void **state)
{
    (void)state;
    struct run r = RUN("rules");
    assert_code(&r, EX_USAGE);
    assert_err(&r, "rules takes lint");
    run_free(&r);
    r = RUN("rules", "lint");
    assert_code(&r, EX_USAGE);
    assert_err(&r, "rules lint takes FILE|DIR...");
    run_free(&r);
    r = RUN("rules", "lint", "/nowhere/rules");
    assert_code(&r, EX_NOINPUT);
    run_free(&r);
}

static void finds_lines_that_take_everything(void **state)
{
    (void)state;
    EXPECT("drop_line: //\n", "1:12: takes-all warning this matches every line");
    EXPECT("drop_block: /x*/\n", "takes-all");
    EXPECT("drop_line: /./u\n", "takes-all");
    EXPECT("strip: //*\n", "1:8: takes-all warning this finds the page as a whole");
    EXPECT("strip: /html\n", "takes-all");
    EXPECT_NOTHING("drop_line: /^$/\ndrop_line: /^[A-Z]/\ndrop_line: /\\w+/\nkeep_line: /./\n"
                   "strip: //p\n");
}

static void finds_classes_as_css_writes_them(void **state)
{
    (void)state;
    EXPECT("strip_id_or_class: .teaser\n", "1:20: css-part warning this is how CSS writes classes");
    EXPECT("strip_id_or_class: card.wide\n", "css-part");
    EXPECT("strip_id_or_class(id): #foot\n", "css-part");
    EXPECT_NOTHING("strip_id_or_class: card-wide\nstrip_id_or_class: teaser box.\n");
}

static void finds_a_directive_in_its_own_value(void **state)
{
    (void)state;
    EXPECT("strip_id_or_class: strip_id_or_class: teaser-box\n", "name-twice");
    EXPECT_NOTHING("strip: //strip\ntest_in: test_in: as a text\ntest_out: test_in: as a text\n");
}

static void passes_over_lines_with_a_nul(void **state)
{
    static const char rules[] = "strip: //p\0/x\nstrip: //aside\n";
    size_t errors = 0;
    (void)state;
    char *found = lint_bytes("ferry.example.txt", rules, sizeof rules - 1, &errors);
    assert_non_null(strstr(found, "1:1: nul error a NUL byte; the line is passed over"));
    assert_int_equal(errors, 1);
    free(found);
}

static void finds_replacements_by_groups_that_are_not_there(void **state)
{
    (void)state;
    EXPECT("repair(/(a)b/): $2\n", "1:17: argument error the pattern has no group \"2\"");
    EXPECT("repair(/(a)b/): x$\n", "no group");
    EXPECT("repair(/(?<n>a)b/): ${n\n", "a } is missing behind ${");
    EXPECT_NOTHING("repair(/(a)(x)?b/): $1$2${1}$$\nrepair(/(?<name>a)b/): ${name}$name\n"
                   "repair(/(l)ong/): $1arge\n");
}

static void goes_on_behind_a_file_that_cannot_be_read(void **state)
{
    struct text found = {calloc(1, 1), 0};
    size_t errors = 0;
    (void)state;
    make_folder("some");
    make_folder("some/a.example.txt");
    make_file("some/b.example.txt", "strip: //[\n");
    assert_int_equal(winnow_rules_lint(path_of("some"), note, &found, &errors, NULL), WINNOW_OK);
    assert_non_null(strstr(found.data, "0:0: unreadable error "));
    assert_non_null(strstr(found.data, "bad-xpath error"));
    assert_int_equal(errors, 2);
    free(found.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_xpaths_that_compile_and_fail),
        cmocka_unit_test(finds_lines_that_take_everything),
        cmocka_unit_test(finds_classes_as_css_writes_them),
        cmocka_unit_test(finds_a_directive_in_its_own_value),
        cmocka_unit_test(passes_over_lines_with_a_nul),
        cmocka_unit_test(finds_replacements_by_groups_that_are_not_there),
        cmocka_unit_test(goes_on_behind_a_file_that_cannot_be_read),
        cmocka_unit_test(finds_strips_and_bodies_that_give_no_elements),
        cmocka_unit_test(finds_capitals_in_the_names_of_html),
        cmocka_unit_test(finds_paths_that_start_beside_the_page),
        cmocka_unit_test(finds_conditions_that_never_or_always_hold),
        cmocka_unit_test(finds_class_parts_that_stand_within_other_words),
        cmocka_unit_test(finds_colons_at_which_other_readers_end_the_name),
        cmocka_unit_test(finds_lines_that_can_do_nothing),
        cmocka_unit_test(finds_useless_urls_and_headers),
        cmocka_unit_test(finds_dates_that_are_over_or_turned_round),
        cmocka_unit_test(finds_lines_that_stand_twice),
        cmocka_unit_test(finds_alternatives_that_are_never_reached),
        cmocka_unit_test(finds_strips_of_what_is_gone_already),
        cmocka_unit_test(finds_replacements_of_what_was_replaced_before),
        cmocka_unit_test(finds_names_that_no_host_has),
        cmocka_unit_test(finds_expectations_without_a_page),
        cmocka_unit_test(reports_every_line_that_is_no_utf8_and_reads_the_others),
        cmocka_unit_test(says_what_a_lost_line_was_meant_to_be),
        cmocka_unit_test(finds_patterns_that_run_away),
        cmocka_unit_test(leaves_patterns_alone_that_do_not_run_away),
        cmocka_unit_test(reports_in_the_order_of_the_lines),
        cmocka_unit_test(finds_nothing_wrong_with_the_rules_that_ship),
        cmocka_unit_test(finds_the_known_defects_of_the_public_files),
        cmocka_unit_test(writes_findings_as_json),
        cmocka_unit_test(writes_a_finding_a_line_as_jsonl),
        cmocka_unit_test(counts_by_kind_on_stderr_and_lets_no_control_character_through),
        cmocka_unit_test(names_its_verbs),
    };
    return cmocka_run_group_tests_name("lint", tests, folder_start, folder_stop);
}
