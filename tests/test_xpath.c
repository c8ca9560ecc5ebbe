/* test_xpath.c - XPath over our tree: what is found, what is refused, what it may cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "parse.h"
#include "xpath.h"

static const struct winnow_limits plenty = {
    .max_bytes = 64 << 20,
    .max_nodes = 4000000,
    .max_depth = 512,
    .max_attrs = 256,
};

static const char page[] =
    "<html><head><title>Title</title></head><body>"
    "<div id=\"one\" class=\"a b\"><h1>Head</h1><p>First <b>bold</b> end</p></div>"
    "<div id=\"two\" class=\"c\"><p>Second</p><my-card>Card</my-card></div>"
    "<ul><li>1</li><li>2</li><li>3</li></ul></body></html>";

struct fixture {
    struct tree tree;
    struct xpath_doc *doc;
};

static void open_page(struct fixture *f, const struct parser *parser, struct slice html)
{
    struct winnow_error err = {0};
    if (parse_html(parser, html, &plenty, &f->tree, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    assert_int_equal(xpath_doc_new(&f->tree, &f->doc, &err), WINNOW_OK);
}

static void close_page(struct fixture *f)
{
    xpath_doc_free(f->doc);
    tree_free(&f->tree);
}

static int try(struct fixture *f, const char *expr, struct xpath_result *ret,
               struct winnow_error *err)
{
    struct xpath_expr *e = NULL;
    int status = xpath_compile(expr, &e, err);
    if (status == WINNOW_OK)
        status = xpath_select(f->doc, e, ret, err);
    xpath_expr_free(e);
    return status;
}

static struct xpath_result expect_ok(struct fixture *f, const char *expr)
{
    struct xpath_result ret = {0};
    struct winnow_error err = {0};
    if (try(f, expr, &ret, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return ret;
}

/* The texts of the nodes found, with | between them, on a tree of every parser. */
static void expect_nodes(const char *expr, const char *want)
{
    for (size_t i = 0; parser_at(i); i++) {
        struct fixture f;
        struct buf got;
        buf_init(&got, 1 << 20);
        buf_adds(&got, "");
        open_page(&f, parser_at(i), slice_of(page));
        struct xpath_result r = expect_ok(&f, expr);
        assert_null(r.string);
        for (size_t n = 0; n < r.count; n++) {
            struct slice text = tree_node_text(&f.tree, r.nodes[n]);
            buf_adds(&got, n > 0 ? "|" : "");
            buf_add(&got, text.p, text.len);
        }
        assert_string_equal(got.data, want);
        buf_free(&got);
        xpath_result_free(&r);
        close_page(&f);
    }
}

static void expect_words(const char *expr, const char *want)
{
    struct fixture f;
    open_page(&f, parser_at(0), slice_of(page));
    struct xpath_result r = expect_ok(&f, expr);
    assert_null(r.nodes);
    assert_int_equal(r.count, 0);
    assert_non_null(r.string);
    assert_string_equal(r.string, want);
    xpath_result_free(&r);
    close_page(&f);
}

static void expect_refused(const char *expr, const char *says)
{
    struct fixture f;
    struct winnow_error err = {0};
    struct xpath_result r = {.count = 77};
    open_page(&f, parser_at(0), slice_of(page));
    assert_int_equal(try(&f, expr, &r, &err), WINNOW_ERULES);
    assert_int_equal(err.status, WINNOW_ERULES);
    if (!strstr(err.text, says))
        fail_msg("\"%s\" does not say \"%s\"", err.text, says);
    assert_int_equal(r.count, 77);
    close_page(&f);
}

/* --- what is found -------------------------------------------------------------------- */

static void finds_elements_by_name_id_and_class(void **state)
{
    (void)state;
    expect_nodes("//h1", "Head");
    expect_nodes("//div[@id='two']/p", "Second");
    expect_nodes("//div[contains(concat(' ', @class, ' '), ' b ')]//b", "bold");
    expect_nodes("/html/head/title", "Title");
    expect_nodes("//my-card", "Card");
    expect_nodes("id('one')//h1", "");
    expect_nodes("//nothing", "");
}

static void finds_texts(void **state)
{
    (void)state;
    expect_nodes("//p/text()", "First | end|Second");
    expect_nodes("//p[starts-with(., 'First bold')]", "First bold end");
}

static void walks_every_axis(void **state)
{
    (void)state;
    expect_nodes("//li[2]/following-sibling::li", "3");
    expect_nodes("//li[2]/preceding-sibling::li", "1");
    expect_nodes("//b/ancestor::div/h1", "Head");
    expect_nodes("//h1/following::p", "First bold end|Second");
    expect_nodes("//ul/preceding::p[1]", "Second");
    expect_nodes("//b/..", "First bold end");
    expect_nodes("//li[last()]", "3");
    expect_nodes("//li[position() > 1]", "2|3");
}

static void gives_nodes_in_document_order_and_once(void **state)
{
    (void)state;
    expect_nodes("//li[3] | //h1 | //li[1] | //ul/li[3]", "Head|1|3");
    expect_nodes("//li/ancestor-or-self::*[self::ul or self::li]", "123|1|2|3");
    expect_nodes("//li[3]/preceding-sibling::li", "1|2");
}

static void gives_strings_numbers_and_booleans_as_text(void **state)
{
    (void)state;
    expect_words("string(//h1)", "Head");
    expect_words("count(//li)", "3");
    expect_words("count(//li) = 3", "true");
    expect_words("substring-after(//p, 'First ')", "bold end");
    expect_words("normalize-space(concat(//h1, '  x '))", "Head x");
}

static void gives_the_first_attribute_as_text(void **state)
{
    (void)state;
    expect_words("//div/@class", "a b");
    expect_words("//div[2]/@*", "two");
}

static void gives_nothing_for_the_document_itself(void **state)
{
    (void)state;
    expect_nodes("/", "");
    expect_nodes("//@nothing", "");
}

static void selects_again_and_again_on_one_page(void **state)
{
    (void)state;
    struct fixture f;
    struct winnow_error err = {0};
    struct xpath_result bad = {0};
    open_page(&f, parser_at(0), slice_of(page));
    for (int i = 0; i < 50; i++) {
        struct xpath_result r = expect_ok(&f, "//li");
        assert_int_equal(r.count, 3);
        xpath_result_free(&r);
        assert_int_equal(try(&f, "//li[nosuch()]", &bad, &err), WINNOW_ERULES);
    }
    close_page(&f);
}

static const char shared_xpath[] = "//p[contains(., 'bold')] | //li[position() = last()]";

static void *select_often(void *expr)
{
    struct fixture f;
    size_t found = 0;
    open_page(&f, parser_at(0), slice_of(page));
    for (int i = 0; i < 200; i++) {
        struct xpath_result r = {0};
        struct winnow_error err = {0};
        if (xpath_select(f.doc, expr, &r, &err) == WINNOW_OK)
            found += r.count;
        xpath_result_free(&r);
    }
    close_page(&f);
    return (void *)found;
}

static void serves_many_threads_with_one_expression(void **state)
{
    (void)state;
    struct winnow_error err = {0};
    struct xpath_expr *expr = NULL;
    pthread_t threads[4];
    assert_int_equal(xpath_compile(shared_xpath, &expr, &err), WINNOW_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, select_often, expr), 0);
    for (size_t i = 0; i < 4; i++) {
        void *found;
        pthread_join(threads[i], &found);
        assert_int_equal((size_t)found, 400);
    }
    xpath_expr_free(expr);
}

/* --- what is refused -------------------------------------------------------------------- */

static void says_where_an_expression_does_not_compile(void **state)
{
    (void)state;
    expect_refused("//div[", "column");
    expect_refused("//div[@class='x'", "does not compile");
    expect_refused("", "does not compile");
    expect_refused("//div]]", "column 6");
}

static void refuses_functions_variables_and_prefixes_that_nobody_knows(void **state)
{
    (void)state;
    expect_refused("//p[matches(., 'x')]", "fails");
    expect_refused("//p[$x]", "fails");
    expect_refused("//re:p", "fails");
    expect_refused("count(1)", "fails");
}

static void refuses_endless_and_too_deep_expressions(void **state)
{
    (void)state;
    struct winnow_error err = {0};
    struct xpath_expr *e = NULL;
    char *open = malloc(200001);
    memset(open, '(', 200000);
    open[200000] = '\0';
    assert_int_equal(xpath_compile(open, &e, &err), WINNOW_ERULES);
    open[60000] = '\0';
    assert_int_equal(xpath_compile(open, &e, &err), WINNOW_ERULES);
    assert_null(e);
    free(open);
}

static void says_nothing_on_stderr(void **state)
{
    (void)state;
    FILE *said = tmpfile();
    int before = dup(STDERR_FILENO);
    assert_non_null(said);
    assert_int_equal(dup2(fileno(said), STDERR_FILENO), STDERR_FILENO);
    struct fixture f;
    struct winnow_error err = {0};
    struct xpath_result r = {0};
    static const char *const exprs[] = {"//p[", "//p[nosuch()]", "//p[$x]", "//x:y", "count(1)",
                                        "//div]]", "concat(1)", "//p['"};
    open_page(&f, parser_at(0), slice_of(page));
    int refused = 0;
    for (size_t i = 0; i < sizeof exprs / sizeof *exprs; i++)
        refused += try(&f, exprs[i], &r, &err) == WINNOW_ERULES;
    close_page(&f);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    fseek(said, 0, SEEK_END);
    assert_int_equal(ftell(said), 0);
    assert_int_equal(refused, sizeof exprs / sizeof *exprs);
    fclose(said);
}

/* --- what it may cost --------------------------------------------------------------------- */

static struct buf repeated(const char *start, size_t starts, const char *piece, size_t pieces)
{
    struct buf ret;
    buf_init(&ret, 16 << 20);
    for (size_t i = 0; i < starts; i++)
        buf_adds(&ret, start);
    for (size_t i = 0; i < pieces; i++)
        buf_adds(&ret, piece);
    assert_int_equal(ret.status, WINNOW_OK);
    return ret;
}

/* Each expression on a fresh page: found or refused.  Unbounded they take minutes and
 * more, which the runner's limit sees. */
static void expect_end(struct buf html, const char *const *exprs)
{
    for (; *exprs; exprs++) {
        struct fixture f;
        struct winnow_error err = {0};
        struct xpath_result r = {0};
        open_page(&f, parser_at(0), buf_slice(&html));
        int status = try(&f, *exprs, &r, &err);
        if (status != WINNOW_OK)
            assert_int_equal(status, WINNOW_ERULES);
        xpath_result_free(&r);
        close_page(&f);
    }
    buf_free(&html);
}

static void stops_expressions_that_would_not_end(void **state)
{
    (void)state;
    static const char *const exprs[] = {
        "//*[count(//*[count(//*) > 1]) > 1]",
        "count(//*/following::*/preceding::*)",
        "//p/following::b",
        "//p[//p[//p[. = 'z']]]",
        "//p[contains(string(/), 'zz')]",
        "//div//p",
        "//div//p//b",
        "//*[contains(., 'zz')]",
        NULL,
    };
    expect_end(repeated("", 0, "<p>x<b>y</b></p>", 3000), exprs);
    expect_end(repeated("<div>", 400, "<p>x<b>y</b></p>", 10000), exprs);
    expect_end(repeated("<div>", 400, "x", 4 << 20), exprs);
    expect_end(repeated("<div>", 400, "<p>", 39000), exprs);
    expect_end(repeated("", 0, "<div><p>", 60000), exprs);
}

static void says_that_an_expression_takes_too_many_steps(void **state)
{
    (void)state;
    struct fixture f;
    struct winnow_error err = {0};
    struct xpath_result r = {0};
    struct buf html = repeated("", 0, "<p>x<b>y</b></p>", 3000);
    open_page(&f, parser_at(0), buf_slice(&html));
    assert_int_equal(try(&f, "//p[//p[//p[. = 'z']]]", &r, &err), WINNOW_ERULES);
    assert_non_null(strstr(err.text, "too many steps"));
    xpath_result_free(&r);
    r = expect_ok(&f, "//p[2]/b");
    xpath_result_free(&r);
    close_page(&f);
    buf_free(&html);
}

static void tries_plain_expressions_on_large_pages_and_says_where_it_does_not(void **state)
{
    (void)state;
    struct fixture f;
    struct winnow_error err = {0};
    struct xpath_result r = {0};
    struct buf html = repeated("", 0, "<p class=a>x", 50000);
    open_page(&f, parser_at(0), buf_slice(&html));
    r = expect_ok(&f, "//p[@class='a']");
    assert_int_equal(r.count, 50000);
    xpath_result_free(&r);
    assert_int_equal(try(&f, "//p | //b", &r, &err), WINNOW_ERULES);
    assert_non_null(strstr(err.text, "not tried"));
    close_page(&f);
    buf_free(&html);
}

/* --- rule files of others -------------------------------------------------------------------- */

static const char *const xpath_directives[] = {
    "title", "author", "date", "body", "strip", "single_page_link", "next_page_link",
};

/* The XPath of a rule line, or NULL. */
static char *xpath_of_line(char *line)
{
    line += strspn(line, " \t");
    char *colon = strchr(line, ':');
    if (!colon || *line == '#')
        return NULL;
    size_t len = (size_t)(colon - line);
    char *value = colon + 1 + strspn(colon + 1, " \t");
    value[strcspn(value, "\r\n")] = '\0';
    for (size_t n = strlen(value); n > 0 && strchr(" \t", value[n - 1]); n--)
        value[n - 1] = '\0';
    if (*value == '\0' || strncmp(value, "http", 4) == 0)
        return NULL;
    for (size_t i = 0; i < sizeof xpath_directives / sizeof *xpath_directives; i++)
        if (strlen(xpath_directives[i]) == len && memcmp(line, xpath_directives[i], len) == 0)
            return value;
    return NULL;
}

static void run_rule_file(const char *path, struct fixture *f, size_t *ran, size_t *failed)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;
    assert_non_null(file);
    while (getline(&line, &cap, file) >= 0) {
        char *expr = xpath_of_line(line);
        struct winnow_error err = {0};
        struct xpath_expr *e = NULL;
        struct xpath_result r = {0};
        if (!expr)
            continue;
        if (xpath_compile(expr, &e, &err) != WINNOW_OK)
            fail_msg("%s: %s", path, err.text);
        (*ran)++;
        int status = xpath_select(f->doc, e, &r, &err);
        if (status != WINNOW_OK) {
            assert_int_equal(status, WINNOW_ERULES);
            (*failed)++;
        }
        xpath_result_free(&r);
        xpath_expr_free(e);
    }
    free(line);
    fclose(file);
}

static void compiles_the_rules_that_others_wrote(void **state)
{
    (void)state;
#ifdef WINNOW_SHARED_DIR
    static const char folder[] = WINNOW_SHARED_DIR "/data/ftr-site-config";
#else
    static const char folder[] = "../shared/data/ftr-site-config";
#endif
    DIR *dir = opendir(folder);
    if (!dir) {
        print_message("%s is not there: skipped\n", folder);
        skip();
    }
    struct fixture f;
    open_page(&f, parser_at(0), slice_of(page));
    size_t ran = 0, failed = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        size_t len = strlen(entry->d_name);
        char path[600];
        if (len < 4 || strcmp(entry->d_name + len - 4, ".txt") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        run_rule_file(path, &f, &ran, &failed);
    }
    closedir(dir);
    print_message("%zu XPaths compile, %zu of them fail on a page\n", ran, failed);
    assert_true(ran > 5000);
    assert_true(failed <= 4);
    close_page(&f);
}

/* --- what is changed ------------------------------------------------------------------- */

/* The first node that an expression finds on the page as it stands. */
static uint32_t first_of(struct fixture *f, const char *expr)
{
    struct xpath_result r = expect_ok(f, expr);
    assert_true(r.count > 0);
    uint32_t ret = r.nodes[0];
    xpath_result_free(&r);
    return ret;
}

/* What a string expression says of the page as it stands. */
static void expect_now(struct fixture *f, const char *expr, const char *want)
{
    struct xpath_result r = expect_ok(f, expr);
    assert_non_null(r.string);
    if (strcmp(r.string, want) != 0)
        fail_msg("%s: wanted \"%s\", got \"%s\"", expr, want, r.string);
    xpath_result_free(&r);
}

static void hides_a_removed_node_and_all_below_it(void **state)
{
    (void)state;
    struct fixture f;
    open_page(&f, parser_at(0), slice_of(page));
    uint32_t bold = first_of(&f, "//b"), one = first_of(&f, "//div[@id='one']");
    uint32_t item = first_of(&f, "//li[2]");
    xpath_remove(f.doc, one);
    expect_now(&f, "count(//b | //h1 | //div[@id='one'])", "0");
    expect_now(&f, "string((//p)[1])", "Second");
    expect_now(&f, "string(//body/*[1]/@id)", "two");
    xpath_remove(f.doc, bold); /* below what is gone */
    xpath_remove(f.doc, one);  /* gone already */
    xpath_remove(f.doc, item);
    xpath_remove(f.doc, UINT32_MAX);
    expect_now(&f, "string(//ul)", "13");
    expect_now(&f, "string(//li[2])", "3");
    expect_now(&f, "string(//li[.='3']/preceding-sibling::li)", "1");
    close_page(&f);
}

static void hides_a_removed_attribute_and_keeps_the_others(void **state)
{
    (void)state;
    struct fixture f;
    open_page(&f, parser_at(0), slice_of(page));
    struct xpath_result r = expect_ok(&f, "//div[1]/@class | //div[2]/@id");
    assert_int_equal(r.count, 0);
    assert_int_equal(r.nattrs, 2);
    assert_true(slice_is(f.tree.attrs[r.attrs[0]].value, "a b"));
    assert_true(slice_is(f.tree.attrs[r.attrs[1]].value, "two"));
    for (size_t turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < r.nattrs; i++)
            xpath_remove_attr(f.doc, r.attrs[i]);
    xpath_remove_attr(f.doc, UINT32_MAX);
    expect_now(&f, "count(//div[contains(@class,'a')])", "0");
    expect_now(&f, "concat(count(//div), //div[1]/@id, //div[2]/@class)", "2onec");
    expect_now(&f, "count(//@*)", "2");
    xpath_result_free(&r);
    close_page(&f);
}

static void finds_a_moved_node_at_the_end_of_where_it_went(void **state)
{
    (void)state;
    struct fixture f;
    open_page(&f, parser_at(0), slice_of(page));
    uint32_t head = first_of(&f, "//h1"), two = first_of(&f, "//div[@id='two']");
    uint32_t one = first_of(&f, "//div[@id='one']");
    assert_true(xpath_holds(f.doc, one, head));
    assert_true(xpath_move(f.doc, head, two));
    assert_false(xpath_holds(f.doc, one, head));
    assert_true(xpath_holds(f.doc, two, head));
    expect_now(&f, "string(//div[@id='two'])", "SecondCardHead");
    expect_now(&f, "string(//div[@id='one'])", "First bold end");
    expect_now(&f, "string(//div[@id='two']/*[last()])", "Head");
    expect_now(&f, "string(//h1/preceding::p[1])", "Second");
    assert_true(xpath_move(f.doc, two, one)); /* with what it holds */
    expect_now(&f, "string(//div[@id='one'])", "First bold endSecondCardHead");
    assert_true(xpath_holds(f.doc, one, head));
    close_page(&f);
}

static void moves_nothing_into_itself_below_itself_or_into_a_text(void **state)
{
    (void)state;
    struct fixture f;
    open_page(&f, parser_at(0), slice_of(page));
    uint32_t one = first_of(&f, "//div[@id='one']"), bold = first_of(&f, "//b");
    uint32_t text = first_of(&f, "//h1/text()");
    assert_false(xpath_move(f.doc, one, one));
    assert_false(xpath_move(f.doc, one, bold));
    assert_false(xpath_move(f.doc, bold, text));
    assert_false(xpath_move(f.doc, UINT32_MAX, one));
    assert_false(xpath_move(f.doc, one, UINT32_MAX));
    assert_true(xpath_holds(f.doc, one, one));
    assert_false(xpath_holds(f.doc, bold, one));
    assert_false(xpath_holds(f.doc, UINT32_MAX, one));
    expect_now(&f, "string(//div[@id='one'])", "HeadFirst bold end");
    close_page(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_elements_by_name_id_and_class),
        cmocka_unit_test(finds_texts),
        cmocka_unit_test(walks_every_axis),
        cmocka_unit_test(gives_nodes_in_document_order_and_once),
        cmocka_unit_test(gives_strings_numbers_and_booleans_as_text),
        cmocka_unit_test(gives_the_first_attribute_as_text),
        cmocka_unit_test(gives_nothing_for_the_document_itself),
        cmocka_unit_test(selects_again_and_again_on_one_page),
        cmocka_unit_test(serves_many_threads_with_one_expression),
        cmocka_unit_test(says_where_an_expression_does_not_compile),
        cmocka_unit_test(refuses_functions_variables_and_prefixes_that_nobody_knows),
        cmocka_unit_test(says_nothing_on_stderr),
        cmocka_unit_test(refuses_endless_and_too_deep_expressions),
        cmocka_unit_test(stops_expressions_that_would_not_end),
        cmocka_unit_test(says_that_an_expression_takes_too_many_steps),
        cmocka_unit_test(tries_plain_expressions_on_large_pages_and_says_where_it_does_not),
        cmocka_unit_test(compiles_the_rules_that_others_wrote),
        cmocka_unit_test(hides_a_removed_node_and_all_below_it),
        cmocka_unit_test(hides_a_removed_attribute_and_keeps_the_others),
        cmocka_unit_test(finds_a_moved_node_at_the_end_of_where_it_went),
        cmocka_unit_test(moves_nothing_into_itself_below_itself_or_into_a_text),
    };
    return cmocka_run_group_tests_name("xpath", tests, NULL, NULL);
}
