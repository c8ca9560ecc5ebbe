/* test_meta.c - which source of a title, an author and a date counts before which. */
#include "testing.h"

#define LD(json) "<script type=\"application/ld+json\">" json "</script>"

/* A rule's file has a folder of its own name in every run. */
static int ends_with(const char *s, const char *end)
{
    size_t len = strlen(s), n = strlen(end);
    return len >= n && strcmp(s + len - n, end) == 0;
}

static void expect_meta(const char *rules, const char *html, const char *name, const char *want,
                        const char *want_from)
{
    struct winnow *w = winnow_with("tideway.example.txt", rules);
    struct winnow_page *page =
        clean_page(w, (struct winnow_input){.data = html,
                                            .len = strlen(html),
                                            .url = "https://tideway.example/fog",
                                            .kind = WINNOW_KIND_HTML});
    const char *found, *value = NULL, *from = NULL;
    for (size_t i = 0; (found = winnow_page_meta(page, i, &value, &from)) != NULL; i++)
        if (strcmp(found, name) == 0)
            break;
    if (!found && want)
        fail_msg("%s: wanted %s \"%s\", got none", html, name, want);
    if (found && (!want || strcmp(value, want) != 0 || !ends_with(from, want_from)))
        fail_msg("%s: wanted %s \"%s\" from %s, got \"%s\" from %s", html, name,
                 want ? want : "(none)", want_from ? want_from : "nowhere", value, from);
    winnow_page_free(page);
    winnow_free(w);
}

static const char page[] =
    "<html><head><title>Fog - Tideway</title><meta name=author content='Desk'>"
    "<meta property='article:published_time' content='2024-01-01'>" LD(
        "{\"@type\":\"Article\",\"headline\":\"Fog &amp; ice\","
        "\"author\":[\"Ada Moor\",\"Bo Lund\"],"
        "\"datePublished\":\"2024-02-02\",\"dateModified\":\"2024-03-03\","
        "\"publisher\":{\"name\":\"Tideway\"},\"inLanguage\":\"en\"}") "</head>"
    "<body><p class=by>Cy Dahl</p><p>Text</p></body></html>";

static void asks_json_ld_before_the_head(void **state)
{
    (void)state;
    expect_meta(NULL, page, "title", "Fog & ice", "JSON-LD");
    expect_meta(NULL, page, "author", "Ada Moor, Bo Lund", "JSON-LD");
    expect_meta(NULL, page, "date", "2024-02-02", "JSON-LD");
    expect_meta(NULL, page, "site", "Tideway", "JSON-LD");
    expect_meta(NULL, page, "language", "en", "JSON-LD");
}

static void asks_rules_before_json_ld(void **state)
{
    (void)state;
    expect_meta("author: //p[@class='by']\n", page, "author", "Cy Dahl",
                "/tideway.example.txt:1 (author)");
    expect_meta("author: //p[@class='by']\n", page, "date", "2024-02-02", "JSON-LD");
}

static void leaves_json_ld_unread_where_a_rule_says_so(void **state)
{
    (void)state;
    expect_meta("skip_json_ld: yes\n", page, "title", "Fog - Tideway", "title");
    expect_meta("skip_json_ld: yes\n", page, "author", "Desk", "author");
    expect_meta("skip_json_ld: yes\n", page, "date", "2024-01-01", "article:published_time");
    expect_meta("skip_json_ld: yes\n", page, "site", NULL, NULL);
    expect_meta("skip_json_ld: no\n", page, "author", "Ada Moor, Bo Lund", "JSON-LD");
}

static void asks_a_change_s_date_last(void **state)
{
    (void)state;
    const char *changed = LD("{\"headline\":\"Fog\",\"dateModified\":\"2024-03-03\"}") "<p>x";
    expect_meta(NULL, changed, "date", "2024-03-03", "JSON-LD");
    expect_meta(NULL, LD("{\"headline\":\"Fog\",\"dateModified\":\"2024-03-03\"}")
                "<p><time datetime='2024-02-02'>x</time>", "date", "2024-02-02", "time");
}

static void takes_the_page_s_own_heading_before_what_machines_are_told(void **state)
{
    (void)state;
    expect_meta(NULL, LD("{\"headline\":\"Fog, told short\"}")
                "<meta property='og:title' content='Fog | Tideway'><h1>Fog <i>again</i></h1>",
                "title", "Fog again", "h1");
    expect_meta(NULL, "<meta property='og:title' content='Fog | Tideway'><title>x</title><p>x",
                "title", "Fog | Tideway", "og:title");
}

static void takes_no_heading_that_only_names_the_site(void **state)
{
    (void)state;
    const char *site = "<meta property='og:site_name' content='Tideway'>";
    char html[400];
    snprintf(html, sizeof html, "%s<title>Fog</title><h1> TIDEWAY </h1><p>x", site);
    expect_meta(NULL, html, "title", "Fog", "title");
    snprintf(html, sizeof html, "%s<h1>Tideway</h1><p>x", site);
    expect_meta(NULL, html, "title", "Tideway", "h1");
    expect_meta(NULL, LD("{\"headline\":\"Fog\",\"publisher\":{\"name\":\"Tideway\"}}")
                "<h1>Tideway</h1>", "title", "Fog", "JSON-LD");
}

static void knows_json_ld_by_the_type_of_its_script(void **state)
{
    (void)state;
    const char *json = "{\"headline\":\"Fog\"}";
    static const struct {
        const char *type, *want;
    } types[] = {
        {"type='application/ld+json'", "Fog"},
        {"type=' Application/LD+JSON; charset=utf-8'", "Fog"},
        {"type='application/json'", NULL},
        {"type='application/ld'", NULL},
        {"type=''", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char html[300];
        snprintf(html, sizeof html, "<html><body><p>x</p><script %s>%s</script></body></html>",
                 types[i].type, json);
        expect_meta(NULL, html, "title", types[i].want, "JSON-LD");
    }
}

static void keeps_a_title_of_json_ld_on_one_line(void **state)
{
    (void)state;
    expect_meta(NULL, LD("{\"headline\":\"Fog\\n\\t over &nbsp; the\\u001b sound\"}") "<p>x",
                "title", "Fog over the sound", "JSON-LD");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_json_ld_before_the_head),
        cmocka_unit_test(asks_rules_before_json_ld),
        cmocka_unit_test(leaves_json_ld_unread_where_a_rule_says_so),
        cmocka_unit_test(asks_a_change_s_date_last),
        cmocka_unit_test(takes_the_page_s_own_heading_before_what_machines_are_told),
        cmocka_unit_test(takes_no_heading_that_only_names_the_site),
        cmocka_unit_test(knows_json_ld_by_the_type_of_its_script),
        cmocka_unit_test(keeps_a_title_of_json_ld_on_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
