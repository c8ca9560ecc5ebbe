/* test_health.c - rule files over many pages: what counts as rot, and where it began. */

#include "rules_testing.h"

/* Pages of one site, named by their number, and what is known of its rule files. */
struct run {
    struct winnow *w;
    struct winnow_health *health, *of_records;
    unsigned pages;
};

static struct run run_begin(const char *rules)
{
    struct run r = {.w = winnow_with("a.example.txt", rules)};
    assert_int_equal(winnow_health_new(&r.health, NULL), WINNOW_OK);
    assert_int_equal(winnow_health_new(&r.of_records, NULL), WINNOW_OK);
    return r;
}

static void run_end(struct run *r)
{
    winnow_free(r->w);
    winnow_health_free(r->health);
    winnow_health_free(r->of_records);
}

/* Adds a page as it is, and once more by its record. */
static void add_page(struct run *r, struct winnow_input in)
{
    char name[30];
    struct winnow_page *page = clean_page(r->w, in);
    char *record = page_render(page, r->pages % 2 ? WINNOW_JSON : WINNOW_JSONL);
    snprintf(name, sizeof name, "page %u", ++r->pages);
    assert_int_equal(winnow_health_add(r->health, page, name, NULL), WINNOW_OK);
    assert_int_equal(winnow_health_add_record(r->of_records, record, strlen(record), name, NULL),
                     WINNOW_OK);
    free(record);
    winnow_page_free(page);
}

static void add(struct run *r, size_t times, const char *html)
{
    for (size_t i = 0; i < times; i++)
        add_page(r, (struct winnow_input){.data = html,
                                          .len = strlen(html),
                                          .url = "http://a.example/",
                                          .kind = WINNOW_KIND_HTML});
}

static void note_rot(void *ctx, const struct winnow_finding *f)
{
    char line[900];
    int n = snprintf(line, sizeof line, "%s %u: %s\n", f->kind, f->line, f->text);
    assert_non_null(strstr(f->file, "a.example.txt"));
    text_add(ctx, line, (size_t)n);
}

/* What is reported, the same of the pages and of their records; free it. */
static char *report(const struct run *r, size_t count)
{
    struct text pages = {calloc(1, 1), 0}, records = {calloc(1, 1), 0};
    assert_int_equal(winnow_health_report(r->health, NULL, NULL), count);
    assert_int_equal(winnow_health_report(r->health, note_rot, &pages), count);
    assert_int_equal(winnow_health_report(r->of_records, note_rot, &records), count);
    assert_string_equal(records.data, pages.data);
    free(records.data);
    return pages.data;
}

static void expect_report(const struct run *r, size_t count, const char *part, const char *more)
{
    char *got = report(r, count);
    if (!strstr(got, part) || !strstr(got, more))
        fail_msg("neither \"%s\" nor \"%s\" in \"%s\"", part, more, got);
    free(got);
}

#define WITH "<p>Words of the page.</p><em>Ad</em>"
#define WITHOUT "<p>Words of the page.</p>"

/* --- idle ---------------------------------------------------------------------------------- */

static void reports_a_line_that_stopped_matching_with_the_page_where_that_began(void **state)
{
    (void)state;
    struct run r = run_begin("# of the site\nstrip: //em\n");
    add(&r, 20, WITH);
    add(&r, 20, WITHOUT);
    expect_report(&r, 1, "idle 2: the line matches nothing since page 21: 20 pages in a row",
                  "and 20 of 20 before");
    run_end(&r);
}

static void reports_nothing_after_a_few_misses_or_where_they_end(void **state)
{
    (void)state;
    struct run r = run_begin("strip: //em\n");
    add(&r, 20, WITH);
    add(&r, 4, WITHOUT);
    expect_report(&r, 0, "", "");
    add(&r, 20, WITHOUT);
    expect_report(&r, 1, "page 21", "24 pages in a row");
    add(&r, 1, WITH);
    expect_report(&r, 0, "", "");
    run_end(&r);
}

static void bears_longer_misses_of_a_line_that_matched_now_and_then(void **state)
{
    (void)state;
    struct run r = run_begin("strip: //em\n");
    for (size_t i = 0; i < 10; i++) {
        add(&r, 1, WITH);
        add(&r, 9, WITHOUT);
    }
    add(&r, 30, WITHOUT);
    expect_report(&r, 0, "", "");
    add(&r, 60, WITHOUT);
    expect_report(&r, 1, "since page 92: 99 pages in a row", "and 10 of 91 before");
    run_end(&r);
}

static void says_nothing_of_a_line_that_never_matched(void **state)
{
    (void)state;
    struct run r = run_begin("strip: //em\nstrip: //h6\n");
    add(&r, 100, WITH);
    expect_report(&r, 0, "", "");
    run_end(&r);
}

static void counts_no_page_on_which_a_line_was_not_tried(void **state)
{
    (void)state;
    struct run r = run_begin("title: //h1\ntitle: //h2\n");
    add(&r, 20, "<h2>Two</h2><p>Words.");
    add(&r, 40, "<h1>One</h1><p>Words.");
    expect_report(&r, 0, "", "");
    run_end(&r);
}

/* --- the body ---------------------------------------------------------------------------------- */

static void counts_the_body_lines_of_a_file_together(void **state)
{
    (void)state;
    struct run r = run_begin("body: //article\nbody: //main\n");
    add(&r, 20, "<h6>Top</h6><article>Words of the page.</article>");
    add(&r, 40, "<h6>Top</h6><main>Words of the page.</main>");
    expect_report(&r, 0, "", "");
    add(&r, 20, "<h6>Top</h6><section>Words of the page.</section>");
    expect_report(&r, 1, "idle 0: its body", "since page 61: 20 pages in a row, and 60 of 60");
    struct winnow_file_health f = winnow_health_file(r.health, 0);
    assert_true(f.has_body);
    assert_int_equal(f.pages, 80);
    assert_int_equal(f.with_body, 60);
    assert_null(winnow_health_file(r.health, 1).file);
    run_end(&r);
}

static void asks_no_dump_for_a_body(void **state)
{
    (void)state;
    struct run r = run_begin("body: //article\n");
    const struct winnow_input dump = {
        .data = "Words.\n", .len = 7, .url = "http://a.example/", .kind = WINNOW_KIND_DUMP};
    add(&r, 20, "<h6>Top</h6><article>Words of the page.</article>");
    for (size_t i = 0; i < 40; i++)
        add_page(&r, dump);
    expect_report(&r, 0, "", "");
    assert_int_equal(winnow_health_file(r.of_records, 0).with_body, 20);
    run_end(&r);
}

static void takes_a_body_that_is_not_believed_for_a_miss(void **state)
{
    (void)state;
    struct run r = run_begin("body: //article\n");
    char *many = lines_of("<p>words of a long story</p>", 50, "<article>A piece.</article>");
    add(&r, 20, "<h6>Top</h6><article>Words of the page.</article>");
    add(&r, 20, many);
    expect_report(&r, 1, "idle 0: its body", "since page 21");
    free(many);
    run_end(&r);
}

/* --- greedy ---------------------------------------------------------------------------------------- */

static void reports_a_file_that_takes_nearly_all_of_page_after_page(void **state)
{
    (void)state;
    struct run r = run_begin("strip: //div\n");
    const char *taken = "<div>All the words that this page has to say to anybody who reads it, "
                        "and then some more of them, which nobody needs.</div>.";
    add(&r, 10, "<div>Ad</div><p>The words of the page.</p>");
    add(&r, 2, taken);
    expect_report(&r, 0, "", "");
    add(&r, 1, taken);
    expect_report(&r, 1, "greedy 0: takes at least 99% of every page since page 11",
                  "3 pages in a row");
    add(&r, 1, "<div>Ad</div><p>The words of the page.</p>");
    expect_report(&r, 0, "", "");
    run_end(&r);
}

static void reports_a_file_that_takes_more_than_its_max_drop(void **state)
{
    (void)state;
    struct run r = run_begin("max_drop: 30\nstrip: //em\n");
    add(&r, 3, "<p>1234567</p><em>123</em>");
    expect_report(&r, 0, "", "");
    add(&r, 3, "<p>123456</p><em>1234</em>");
    expect_report(&r, 1, "greedy 0: takes at least 40% of every page since page 4", "3 pages");
    struct winnow_file_health f = winnow_health_file(r.health, 0);
    assert_true(f.took > 0.349 && f.took < 0.351);
    assert_false(f.has_body);
    run_end(&r);
}

/* --- records ----------------------------------------------------------------------------------------- */

static void refuses_what_is_no_record(void **state)
{
    (void)state;
    static const char *const records[] = {
        "",
        "no JSON",
        "{",
        "[]",
        "7",
        "null",
        "{}",
        "{\"rules\":[]}",
        "{\"shown\":7}",
        "{\"rules\":{},\"shown\":7}",
        "{\"rules\":[],\"shown\":\"7\"}",
        "{\"rules\":[],\"shown\":7} {}",
        "{\"rules\":[],\"shown\":7",
        "\xff\xfe{}",
    };
    struct winnow_health *h = NULL;
    assert_int_equal(winnow_health_new(&h, NULL), WINNOW_OK);
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        struct winnow_error err = {0};
        if (winnow_health_add_record(h, records[i], strlen(records[i]), "a.jsonl:7", &err) !=
            WINNOW_EDATA)
            fail_msg("taken for a record: %s", records[i]);
        assert_non_null(strstr(err.text, "a.jsonl:7"));
    }
    assert_null(winnow_health_file(h, 0).file);
    winnow_health_free(h);
}

static void survives_records_of_odd_members(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "7",
        "{}",
        "{\"file\":7}",
        "{\"file\":\"x\"}",
        "{\"file\":\"x\",\"matched\":[],\"idle\":{}}",
        "{\"file\":\"x\",\"matched\":{\"-1\":2,\"0\":1,\"x\":3,\"99999999999999999999\":1}}",
        "{\"file\":\"x\",\"idle\":[-1,0,4294967296,\"x\",null,1e9]}",
        "{\"file\":\"x\",\"took\":\"much\",\"max_drop\":[],\"body\":7}",
        "{\"file\":\"x\",\"took\":-9223372036854775808,\"max_drop\":-7}",
        "{\"file\":\"\"}",
    };
    struct winnow_health *h = NULL;
    assert_int_equal(winnow_health_new(&h, NULL), WINNOW_OK);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        char record[300];
        int n = snprintf(record, sizeof record, "{\"shown\":100,\"rules\":[%s]}", rules[i]);
        assert_int_equal(winnow_health_add_record(h, record, (size_t)n, "x", NULL), WINNOW_OK);
    }
    assert_true(winnow_health_report(h, NULL, NULL) <= 2);
    winnow_health_free(h);
}

/* Each file has its own count, however many there are. */
static void tells_many_files_apart(void **state)
{
    (void)state;
    struct winnow_health *h = NULL;
    assert_int_equal(winnow_health_new(&h, NULL), WINNOW_OK);
    for (size_t turn = 0; turn < 2; turn++)
        for (unsigned i = 0; i < 500; i++) {
            char record[200];
            int n = snprintf(record, sizeof record,
                             "{\"shown\":100,\"rules\":[{\"path\":\"rules/%u.txt\",\"took\":%u,"
                             "\"max_drop\":100}]}",
                             i, i % 90);
            assert_int_equal(winnow_health_add_record(h, record, (size_t)n, "x", NULL), WINNOW_OK);
        }
    for (unsigned i = 0; i < 500; i++) {
        struct winnow_file_health f = winnow_health_file(h, i);
        char name[40];
        snprintf(name, sizeof name, "rules/%u.txt", i);
        assert_string_equal(f.file, name);
        assert_int_equal(f.pages, 2);
        assert_true(f.took > (i % 90) / 100.0 - 0.001 && f.took < (i % 90) / 100.0 + 0.001);
    }
    assert_null(winnow_health_file(h, 500).file);
    winnow_health_free(h);
}

/* A record of lines 1 to `lines` of one file, of which line 1 is idle where told. */
static void add_lines_record(struct winnow_health *h, unsigned lines, int first_idle)
{
    struct text t = {calloc(1, 1), 0};
    char part[80];
    text_add(&t, "{\"shown\":100,\"rules\":[{\"path\":\"a.txt\",\"took\":1,\"matched\":{",
             sizeof "{\"shown\":100,\"rules\":[{\"path\":\"a.txt\",\"took\":1,\"matched\":{" - 1);
    for (unsigned i = first_idle ? 2 : 1; i <= lines; i++) {
        int n = snprintf(part, sizeof part, "\"%u\":1%s", i, i < lines ? "," : "");
        text_add(&t, part, (size_t)n);
    }
    int n = snprintf(part, sizeof part, "},\"idle\":[%s]}]}", first_idle ? "1" : "");
    text_add(&t, part, (size_t)n);
    assert_int_equal(winnow_health_add_record(h, t.data, t.len, "x", NULL), WINNOW_OK);
    free(t.data);
}

static size_t rot_of(unsigned lines, unsigned hits, unsigned misses)
{
    struct winnow_health *h = NULL;
    assert_int_equal(winnow_health_new(&h, NULL), WINNOW_OK);
    for (unsigned i = 0; i < hits + misses; i++)
        add_lines_record(h, lines, i >= hits);
    size_t ret = winnow_health_report(h, NULL, NULL);
    winnow_health_free(h);
    return ret;
}

static void concludes_little_from_few_pages_and_from_one_line_of_many(void **state)
{
    (void)state;
    assert_int_equal(rot_of(2, 1, 10), 0); /* one hit says little of the share of hits */
    assert_int_equal(rot_of(2, 12, 10), 1);
    assert_int_equal(rot_of(2, 7, 8), 1);
    assert_int_equal(rot_of(700, 7, 8), 0); /* some line of 700 always does so */
    assert_int_equal(rot_of(700, 30, 30), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_a_line_that_stopped_matching_with_the_page_where_that_began),
        cmocka_unit_test(reports_nothing_after_a_few_misses_or_where_they_end),
        cmocka_unit_test(bears_longer_misses_of_a_line_that_matched_now_and_then),
        cmocka_unit_test(says_nothing_of_a_line_that_never_matched),
        cmocka_unit_test(counts_no_page_on_which_a_line_was_not_tried),
        cmocka_unit_test(counts_the_body_lines_of_a_file_together),
        cmocka_unit_test(asks_no_dump_for_a_body),
        cmocka_unit_test(takes_a_body_that_is_not_believed_for_a_miss),
        cmocka_unit_test(reports_a_file_that_takes_nearly_all_of_page_after_page),
        cmocka_unit_test(reports_a_file_that_takes_more_than_its_max_drop),
        cmocka_unit_test(refuses_what_is_no_record),
        cmocka_unit_test(survives_records_of_odd_members),
        cmocka_unit_test(concludes_little_from_few_pages_and_from_one_line_of_many),
        cmocka_unit_test(tells_many_files_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
