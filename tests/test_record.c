/* test_record.c - a record gives the page's text back, and the page; or says that it cannot. */
#include <stdbool.h>

#include "page_public.h"
#include "record.h"
#include "testing.h"

#define ANY "match_text: /./\n"

/* Thirty words, and as many others. */
#define FERRY                                                                                  \
    "The ferry left the harbour before dawn with nine passengers, two bicycles and a crate of " \
    "oranges, and by noon it had passed the lighthouse where the keeper waved from the gallery"
#define BAKERY                                                                                  \
    "Every morning the baker on the corner carries forty loaves across the square, counts them " \
    "twice, sells them all before nine, and spends the rest of the day reading in the shade"
#define FERRY_ODD                                                                                \
    "The fzqerry left thzqe harbozqur befozqre dazqwn wizqth nizqne passzqengers, twzqo bicyzqcles " \
    "anzqd a cratzqe ozqf orazqnges, anzqd by nozqon izqt hazqd pazqssed thzqe lighzqthouse " \
    "whzqere thzqe keezqper wazqved frzqom thzqe galzqlery"

static const struct sample {
    const char *name, *bytes;
    size_t len; /* 0: up to the NUL */
    const char *rules;
} samples[] = {
    {"nothing", "", 0, NULL},
    {"only blank lines", "\n \n\t\n", 0, NULL},
    {"a dump", "A headline\n\n" FERRY ".\n" BAKERY ".\n", 0, NULL},
    {"a dump without a last line end", "One line", 0, NULL},
    {"CR LF", "One\r\n\r\n\r\nTwo \t\r\n  Three\r\n", 0, NULL},
    {"CR alone", "One\rTwo\r\rThree", 0, NULL},
    {"tabs and spaces", "\tOne\t\ttwo   three \n\n\n   four\t\n", 0, NULL},
    {"control characters", FERRY "\x01.\n" BAKERY ".\nOn\x02" "e \x03 two\x7f\n\x0b\x0c three\x1b[0m\n", 0, NULL},
    {"astral characters", "\xf0\x9f\x9a\xa2 sails \xf0\x9d\x95\x8f\n\xf0\x9f\x9a\xa2\n", 0, NULL},
    {"NULs, and bytes that are no UTF-8", "One\0 two\n\xff\xfe caf\xc3 \xe2\x82 x\n", 22, NULL},
    {"no-break and wide spaces", "\xc2\xa0One\xe3\x80\x80two\xc2\xa0\n\xe2\x80\x83three\n", 0, NULL},
    {"a dump with a repeat", FERRY ".\n\n" BAKERY ".\n\n" FERRY ".\n", 0, NULL},
    {"HTML", "<!DOCTYPE html><html><head><title>The ferry</title><style>p{}</style></head>\n"
             "<body>\n  <h1>The  ferry</h1>\n\t<p>" FERRY ".</p>\n\n  <p>One<br>two <b>three</b>"
             "\n four</p><ul>\n<li>a</li>\n <li>b<ul><li>c</li></ul></li></ul><blockquote>\n <p>"
             "Said</p></blockquote></body></html>", 0, NULL},
    {"a table", "<table>\n<caption> All </caption><tr>\n<td>one</td> <td> two</td></tr><tr><th>"
                "three<p>four</p></th><td>five</td></tr></table>", 0, NULL},
    {"preformatted text", "<p>x <script>var a = 1;</script> y</p><pre>  one\n\n\ttwo   three \n</pre>"
                          "<p>&#1;a&nbsp;&amp;&nbsp;b&#x1f6a2;</p>", 0, NULL},
    {"only a script", "<!DOCTYPE html><html><body><script>var a = \"</p>\";</script></body></html>",
     0, NULL},
    {"HTML with a repeat", "<html><body><p>" FERRY ".</p><p>" BAKERY ".</p><div>\n <p>" FERRY
                           ".</p></div></body></html>", 0, NULL},
    {"lines dropped", "A headline\nMenu\n" FERRY ".\nMenu\nFooter\n", 0,
     ANY "drop_line: Menu\ndrop_line: Footer\n"},
    {"all of it dropped", "Menu\nMenu\n", 0, ANY "drop_line: Menu\n"},
    {"a protected line", "About us\nA headline\nText.\n", 0,
     ANY "cut_before: A headline\nkeep_line: About us\n"},
    {"elements dropped", "<html><body><div class=menu>Home</div><p>Text</p><p class=x>More</p>"
                         "</body></html>", 0, ANY "strip_id_or_class: menu\nstrip: //p[@class='x']\n"},
    {"words joined", "They came fr om the sea, wh ere  they had se\xc3\xa9n it.\n", 0,
     ANY "repair_set: bitrix\n"},
    {"words joined in HTML", "<p>They came fr\n om the <b>sea</b>, wh <i>ere</i> they</p>", 0,
     ANY "repair_set: bitrix\n"},
    {"a word replaced by none, and at the edges", "drop it here drop\ndrop\n", 0,
     ANY "repair(/drop/):\nrepair(/here/): there and\ttwo\n"},
    {"words replaced in a removed line", "Menu colour\n" FERRY " colour\n", 0,
     ANY "drop_line: Menu colour\nrepair(/colour/): color\n"},
    {"a copy that is one only when it is mended", FERRY ".\n\n" BAKERY ".\n\n" FERRY_ODD ".\n", 0,
     ANY "repair(/zq/):\n"},
};

enum { SAMPLES = sizeof samples / sizeof *samples };

static struct winnow_page *clean_sample(struct winnow *w, const struct sample *s)
{
    return clean_page(w, (struct winnow_input){
                             .data = s->bytes,
                             .len = s->len ? s->len : strlen(s->bytes),
                             .url = "https://harbour.example/a?b=\"1\"",
                             .name = "pages/a.html",
                             .source = "/pages/a.html",
                         });
}

static char *record_of(const struct sample *s, enum winnow_format format)
{
    struct winnow *w = winnow_with("x.txt", s->rules);
    struct winnow_page *page = clean_sample(w, s);
    expect_whole(page);
    char *ret = page_render(page, format);
    winnow_page_free(page);
    winnow_free(w);
    return ret;
}

static const struct sample *sample_of(const char *name)
{
    for (size_t i = 0; i < SAMPLES; i++)
        if (strcmp(samples[i].name, name) == 0)
            return &samples[i];
    fail_msg("there is no sample %s", name);
    return NULL;
}

static char *record_named(const char *name)
{
    return record_of(sample_of(name), WINNOW_JSONL);
}

/* The record with the first `from` made `to`. */
static char *edited(const char *record, const char *from, const char *to)
{
    const char *at = strstr(record, from);
    if (!at)
        fail_msg("\"%s\" is not in %s", from, record);
    size_t size = strlen(record) + strlen(to) + 1;
    char *ret = malloc(size);
    snprintf(ret, size, "%.*s%s%s", (int)(at - record), record, to, at + strlen(from));
    return ret;
}

/* --- what comes back ---------------------------------------------------------------------- */

static void restores_the_text_byte_for_byte(void **state)
{
    (void)state;
    static const enum winnow_format formats[] = {WINNOW_JSON, WINNOW_JSONL};
    for (size_t i = 0; i < SAMPLES * 2; i++) {
        const struct sample *s = &samples[i / 2];
        struct winnow *w = winnow_with("x.txt", s->rules);
        struct winnow_page *page = clean_sample(w, s);
        char *record = page_render(page, formats[i % 2]);
        struct text got = {calloc(1, 1), 0};
        struct winnow_error err = {0};
        if (winnow_restore(record, strlen(record), text_add, &got, &err) != WINNOW_OK)
            fail_msg("%s: %s", s->name, err.text);
        size_t len;
        const char *want = winnow_page_text(page, &len);
        if (len != got.len || memcmp(want, got.data, len) != 0)
            fail_msg("%s: wanted \"%.*s\", got \"%s\"", s->name, (int)len, want, got.data);
        free(got.data);
        free(record);
        winnow_page_free(page);
        winnow_free(w);
    }
}

/* By a cleaner without rules. */
static struct winnow_page *reclean(struct winnow *w, const char *record)
{
    struct winnow_page *page = NULL;
    struct winnow_error err = {0};
    if (winnow_reclean(w, record, strlen(record), &page, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return page;
}

static void makes_the_same_record_of_a_page_made_again(void **state)
{
    (void)state;
    static const enum winnow_format formats[] = {WINNOW_JSON, WINNOW_JSONL};
    struct winnow *w = winnow_with(NULL, NULL);
    for (size_t i = 0; i < SAMPLES * 2; i++) {
        char *record = record_of(&samples[i / 2], formats[i % 2]);
        struct winnow_page *page = reclean(w, record);
        expect_whole(page);
        char *again = page_render(page, formats[i % 2]);
        expect_same_text(samples[i / 2].name, again, record);
        winnow_page_free(page);
        free(again);
        free(record);
    }
    winnow_free(w);
}

/* What is explained of the blocks: behind the lines on the page as a whole. */
static const char *blocks_of(const char *explained)
{
    const char *end;
    while (*explained == '#' && (end = strchr(explained, '\n')) != NULL)
        explained = end + 1;
    return explained;
}

static void explains_a_page_made_again_alike(void **state)
{
    (void)state;
    struct winnow *w = winnow_with(NULL, NULL);
    for (size_t i = 0; i < SAMPLES; i++) {
        struct winnow *rules = winnow_with("x.txt", samples[i].rules);
        struct winnow_page *page = clean_sample(rules, &samples[i]);
        char *record = page_render(page, WINNOW_JSONL), *want = page_render(page, WINNOW_EXPLAIN);
        struct winnow_page *again = reclean(w, record);
        char *got = page_render(again, WINNOW_EXPLAIN);
        expect_same_text(samples[i].name, blocks_of(got), blocks_of(want));
        winnow_page_free(page);
        winnow_page_free(again);
        winnow_free(rules);
        free(record);
        free(want);
        free(got);
    }
    winnow_free(w);
}

static void expect_in(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is missing in %s", part, text);
}

static void tells_of_repairs_that_went_with_a_copy(void **state)
{
    (void)state;
    char *record = record_named("a copy that is one only when it is mended");
    expect_in(record, "\"stage\":\"repeat\"");
    expect_in(record, "\"replaced\":[]");
    expect_in(record, "\"overruled\":[{\"start\":");
    free(record);
}

/* A page that is cleaned again can lose what it had before. */
static void keeps_repairs_that_find_their_place_taken(void **state)
{
    (void)state;
    struct winnow *w = winnow_with(NULL, NULL);
    char *record = record_named("words joined");
    struct winnow_page *page = reclean(w, record);
    struct page *p = &page->page;
    uint32_t reason = verdict_reason(&p->verdicts, (struct reason){.stage = "site", .text = "x"});
    verdict_remove(&p->verdicts, 0, p->text_len, reason);
    assert_int_equal(verdict_settle(&p->verdicts), WINNOW_OK);
    char *emptied = page_render(page, WINNOW_JSONL);
    expect_in(emptied, "\"replaced\":[]");
    winnow_page_free(page);
    page = reclean(w, emptied);
    char *again = page_render(page, WINNOW_JSONL);
    expect_same_text("the record", again, record);
    winnow_page_free(page);
    free(record);
    free(emptied);
    free(again);
    winnow_free(w);
}

static void knows_the_page_by_its_names_again(void **state)
{
    (void)state;
    struct winnow *w = winnow_with(NULL, NULL);
    char *record = record_named("HTML");
    struct winnow_page *page = reclean(w, record);
    const struct page *p = &page->page;
    assert_string_equal(p->source, "/pages/a.html");
    assert_string_equal(p->url, "https://harbour.example/a?b=\"1\"");
    assert_string_equal(p->host, "harbour.example");
    assert_string_equal(page_get_meta(p, "title"), "The ferry");
    assert_int_equal(strlen(p->id), 32);
    assert_int_equal(p->kind, WINNOW_KIND_HTML);
    winnow_page_free(page);
    free(record);
    winnow_free(w);
}

/* The record of a page whose notes are "before", those of `again`, "after". */
static char *record_with_notes(struct winnow *w)
{
    struct winnow_page *page = clean_sample(w, sample_of("all of it dropped"));
    struct page *p = &page->page;
    p->nnotes = 0;
    page_note(p, "before");
    page_note(p, "of another document");
    page_note(p, "after");
    p->again_note = 1;
    p->again_notes_end = 2;
    char *ret = page_render(page, WINNOW_JSONL);
    winnow_page_free(page);
    return ret;
}

static void leaves_notes_to_the_stages_that_run_again(void **state)
{
    (void)state;
    struct winnow *w = winnow_with("x.txt", ANY "drop_line: Menu\n");
    char *record = record_with_notes(w);
    struct winnow_page *page = reclean(w, record);
    assert_string_equal(winnow_page_note(page, 0), "before");
    assert_string_equal(winnow_page_note(page, 1), "after");
    assert_non_null(strstr(winnow_page_note(page, 2), "nothing is left of this page"));
    assert_null(winnow_page_note(page, 3));
    winnow_page_free(page);
    free(record);
    winnow_free(w);
}

static int stop(void *ctx, const char *data, size_t len)
{
    (void)ctx, (void)data, (void)len;
    return 1;
}

static void says_that_the_caller_stopped_writing(void **state)
{
    (void)state;
    char *record = record_named("a dump");
    assert_int_equal(winnow_restore(record, strlen(record), stop, NULL, NULL), WINNOW_EIO);
    free(record);
}

/* --- what the index said -------------------------------------------------------------------- */

static struct page_shared passages[] = {
    {"00112233445566778899aabbccddeeff", "https://a.example/", 1, 5, 10, 14, true, false},
    {"ffeeddccbbaa99887766554433221100", NULL, 6, 7, 0, 1, false, true},
    {"ffeeddccbbaa99887766554433221100", NULL, 7, 8, 1, 2, false, false},
};

static struct page_relation relations[] = {
    {.kind = "duplicate-of", .document = "00112233445566778899aabbccddeeff",
     .source = "https://a.example/", .share = 97, .cut = true},
};

static void tells_what_the_page_shares_with_which_documents(void **state)
{
    (void)state;
    struct winnow *w = winnow_with(NULL, NULL);
    struct winnow_page *page = clean_sample(w, sample_of("a dump"));
    struct page *p = &page->page;
    char *record = page_render(page, WINNOW_JSONL);
    assert_null(strstr(record, "\"across\""));
    free(record);
    p->has_index = true;
    p->document = "0123456789abcdef0123456789abcdef";
    p->shared = passages;
    p->nshared = 3;
    p->relations = relations;
    p->nrelations = 1;
    record = page_render(page, WINNOW_JSONL);
    expect_in(record,
              "\"across\":{\"mode\":\"annotate\",\"document\":\"0123456789abcdef0123456789abcdef\","
              "\"relations\":[{\"kind\":\"duplicate-of\",\"document\":"
              "\"00112233445566778899aabbccddeeff\",\"source\":\"https://a.example/\",\"share\":97,"
              "\"cut\":true}],\"shared\":[{\"document\":\"00112233445566778899aabbccddeeff\","
              "\"source\":\"https://a.example/\",\"start\":1,\"end\":5,\"other_start\":10,"
              "\"other_end\":14,\"cut\":\"this\"},");
    expect_in(record, "\"source\":null,\"start\":6,\"end\":7,\"other_start\":0,\"other_end\":1,"
                      "\"cut\":\"other\"}");
    expect_in(record, "\"other_end\":2,\"cut\":null}]}");
    p->shared = NULL;
    p->relations = NULL;
    winnow_page_free(page);
    struct winnow_page *again = reclean(w, record); /* asks no index, and says nothing of one */
    char *without = page_render(again, WINNOW_JSONL);
    assert_null(strstr(without, "\"across\""));
    winnow_page_free(again);
    free(without);
    free(record);
    winnow_free(w);
}

/* The source may be no UTF-8, and then the record cannot tell it to the byte. */
static void knows_its_document_again(void **state)
{
    (void)state;
    static const char name[] = "0123456789abcdef0123456789abcdef";
    static const struct {
        const char *document;
        bool right;
    } tries[] = {
        {"\"0123456789abcdef0123456789abcdef\"", true},
        {"null", true},
        {"7", false},
        {"\"\"", false},
        {"\"0123456789abcdef0123456789abcde\"", false},
        {"\"0123456789abcdef0123456789abcdef0\"", false},
        {"\"0123456789ABCDEF0123456789abcdef\"", false},
        {"\"0123456789abcdef0123456789abcdeg\"", false},
    };
    struct winnow *w = winnow_with(NULL, NULL);
    char *record = record_named("a dump");
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        char across[200];
        snprintf(across, sizeof across, "\"across\":{\"document\":%s},\"version\"",
                 tries[i].document);
        char *with = edited(record, "\"version\"", across);
        struct winnow_page *page = NULL;
        struct winnow_error err = {0};
        int status = winnow_reclean(w, with, strlen(with), &page, &err);
        assert_int_equal(status, tries[i].right ? WINNOW_OK : WINNOW_EDATA);
        if (i == 0)
            assert_string_equal(page->page.document, name);
        else if (tries[i].right)
            assert_null(page->page.document);
        else
            expect_in(err.text, "\"across\"");
        winnow_page_free(page);
        free(with);
    }
    char *none = edited(record, "\"version\"", "\"across\":[],\"version\"");
    assert_int_equal(winnow_reclean(w, none, strlen(none), &(struct winnow_page *){NULL}, NULL),
                     WINNOW_EDATA);
    free(none);
    free(record);
    winnow_free(w);
}

/* Paths are bytes, and so is what reasons say of them. */
static void writes_what_is_no_utf8_as_well_as_it_can(void **state)
{
    (void)state;
    struct winnow *w = winnow_with(NULL, NULL);
    struct winnow_page *page = clean_sample(w, sample_of("a dump"));
    struct page *p = &page->page;
    struct page_shared shared = {.document = "00112233445566778899aabbccddeeff",
                                 .source = "/caf\xe9", .end = 5, .other_end = 5};
    struct page_relation relation = {.kind = "duplicate-of", .document = shared.document,
                                     .source = "/th\xe9"};
    uint32_t reason = verdict_reason(
        &p->verdicts, (struct reason){.stage = "across", .text = "stands in na\xc3"});
    p->has_index = true;
    p->shared = &shared;
    p->relations = &relation;
    p->nshared = p->nrelations = 1;
    verdict_remove(&p->verdicts, 0, 5, reason);
    assert_int_equal(verdict_settle(&p->verdicts), WINNOW_OK);
    char *record = page_render(page, WINNOW_JSONL);
    expect_in(record, "\"source\":\"/caf\xef\xbf\xbd\",\"start\"");
    expect_in(record, "\"source\":\"/th\xef\xbf\xbd\",\"share\"");
    expect_in(record, "\"reason\":\"stands in na\xef\xbf\xbd\"");
    p->shared = NULL;
    p->relations = NULL;
    winnow_page_free(page);
    free(record);
    winnow_free(w);
}

/* --- records that are none ---------------------------------------------------------------- */

/* Neither function takes it, and both say why. */
static void expect_refused(const char *record, size_t len, const char *why)
{
    struct winnow *w = winnow_with(NULL, NULL);
    struct winnow_page *page = NULL;
    struct text text = {calloc(1, 1), 0};
    struct winnow_error err = {0};
    int status = winnow_restore(record, len, text_add, &text, &err);
    if (status != WINNOW_EDATA || !strstr(err.text, why))
        fail_msg("wanted \"%s\", got %d \"%s\" for %.*s", why, status, err.text, (int)len, record);
    assert_int_equal(text.len, 0);
    assert_int_equal(winnow_reclean(w, record, len, &page, &err), WINNOW_EDATA);
    expect_in(err.text, why);
    assert_null(page);
    free(text.data);
    winnow_free(w);
}

static void refuses_what_is_no_record(void **state)
{
    (void)state;
    static const char *const none[] = {"", "{", "[]", "{}", "7", "\"a\"", "null", "{\"id\":1}",
                                       "\xff\xfe", "{\"removed\":[]}x"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        expect_refused(none[i], strlen(none[i]), "no record");
}

static void refuses_every_beginning_of_a_record(void **state)
{
    (void)state;
    char *record = record_named("words joined");
    for (size_t len = 0; len + 1 < strlen(record); len++)
        expect_refused(record, len, "no record");
    free(record);
}

static void says_that_a_record_is_of_another_winnow(void **state)
{
    (void)state;
    char *record = record_named("a dump");
    char *newer = edited(record, "\"version\":1,", "\"version\":2,");
    expect_refused(newer, strlen(newer), "a newer winnow wrote it");
    char *older = edited(record, "\"version\":1,", "");
    expect_refused(older, strlen(older), "an older winnow wrote it");
    free(older);
    free(newer);
    free(record);
}

static void refuses_a_text_that_is_not_the_page_s(void **state)
{
    (void)state;
    static const struct {
        const char *sample, *from, *to, *why;
    } edits[] = {
        {"a dump", "left the harbour", "left thy harbour", "\"hash\""},
        {"a dump", "left the harbour", "left the old harbour", "\"length\""},
        {"a dump", "\"hash\":\"", "\"hash\":\"0", "\"hash\""},
        {"a dump", "\"text\":", "\"test\":", "\"text\" or \"length\" is missing"},
        {"a dump", "\"removed\":[", "\"removed\":[7", "\"removed\"[0]"},
        {"a dump", "\"removed\":[]", "\"removed\":7", "\"removed\" is missing"},
        {"a dump", "\"kept\":[", "\"kept\":[7", "\"kept\" does not fit"},
        {"a dump", "\"kept\":[", "\"kept\":[7,0", "\"kept\" does not fit"},
        {"a dump", "\"kept\":[", "\"kept\":[-1,[0,\"\"]", "\"kept\" does not fit"},
        {"a dump", "\"kept\":[", "\"kept\":[9999,[0,\"\"]", "\"kept\" does not fit"},
        {"a dump", "\"kept\":[", "\"kept\":[0,[9999,\"\"]", "\"kept\" does not fit"},
        {"a dump", "\"kept\":[", "\"kept\":[0,[1]", "\"kept\" does not fit"},
        {"a dump", "\"kept\":[", "\"kept\":[0,[0,\"x\"]", "\"length\""},
        {"astral characters", "\"kept\":[", "\"kept\":[1,[1,\"x\"]", "UTF-8"},
        {"lines dropped", "\"start\":11", "\"start\":10", "not as long as"},
        {"lines dropped", "\"start\":11", "\"start\":-1", "no \"start\" and"},
        {"lines dropped", "\"start\":11", "\"start\":11.5", "no \"start\" and"},
        {"lines dropped", "\"start\":11", "\"start\":99999999999", "no \"start\" and"},
        {"lines dropped", "\"end\":15", "\"end\":4294967296", "no \"start\" and"},
        {"lines dropped", "\"start\":11,\"end\":15", "\"start\":4294967291,\"end\":4294967295",
         "nothing stands before byte"},
        {"lines dropped", "\"stage\":\"rules\",", "", "a member is missing"},
        {"lines dropped", "\"text\":\"Menu\"", "\"text\":\"Menu\",\"with\":\"\"", "another list"},
        {"a dump with a repeat", "\"repeats\":[", "\"repeats\":[9,", "no range"},
        {"words joined", ",\"with\":\"\"", "", "another list"},
    };
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        char *record = record_named(edits[i].sample);
        char *wrong = edited(record, edits[i].from, edits[i].to);
        expect_refused(wrong, strlen(wrong), edits[i].why);
        free(wrong);
        free(record);
    }
}

static void refuses_pieces_that_overlap(void **state)
{
    (void)state;
    char *record = record_named("lines dropped");
    const char *first = strstr(record, "{\"start\":11");
    char twice[300];
    snprintf(twice, sizeof twice, "\"removed\":[%.*s,", (int)(strchr(first, '}') + 1 - first), first);
    char *wrong = edited(record, "\"removed\":[", twice);
    expect_refused(wrong, strlen(wrong), "two pieces have byte 11");
    free(wrong);
    free(record);
}

/* The text is right, and the page is not. */
static void refuses_a_page_that_does_not_fit_its_text(void **state)
{
    (void)state;
    static const struct {
        const char *sample, *from, *to, *why;
    } edits[] = {
        {"a dump", "\"id\":\"", "\"id\":\"x", "\"id\" is no"},
        {"a dump", "\"kind\":\"dump\"", "\"kind\":\"book\"", "\"kind\""},
        {"a dump", "\"notes\":[", "\"notes\":[7", "\"notes\"[0]"},
        {"a dump", "\"charset\":\"", "\"charset\":7,\"c\":\"", "\"charset\" is no string"},
        {"a dump", "\"suspect\":false", "\"suspect\":0", "\"suspect\""},
        {"a dump", "\"shown\":", "\"shown\":9", "\"suspect\" or \"shown\""},
        {"a dump", "\"rules\":[],\"ver", "\"rules\":{},\"ver", "\"rules\" is missing"},
        {"a dump", "\"blocks\":[", "\"bricks\":[", "\"blocks\" is missing"},
        {"a dump", "\"blocks\":[", "\"blocks\":[7,", "\"blocks\"[0] is no block"},
        {"a dump", "[0,10,\"line\"]", "[0,10]", "\"blocks\"[0] is no block"},
        {"a dump", "[0,10,\"line\"]", "[0,10,\"rope\"]", "\"blocks\"[0] is no block"},
        {"a dump", "[0,10,\"line\"]", "[0,10,\"line256\"]", "\"blocks\"[0] is no block"},
        {"a dump", "[0,10,\"line\"]", "[0,10,\"line\",256]", "\"blocks\"[0] is no block"},
        {"a dump", "[0,10,\"line\"]", "[0,10,\"line\",-2]", "\"blocks\"[0] is no block"},
        {"a dump", "[0,10,\"line\"]", "[0,0,\"line\"]", "does not fit its text"},
        {"a dump", "[0,10,\"line\"]", "[0,9999,\"line\"]", "does not fit its text"},
        {"a dump", "[0,10,\"line\"]", "[0,10,\"line\"],[9,11,\"p\"]", "\"blocks\"[1], byte 9"},
        {"astral characters", "[0,", "[1,", "\"blocks\"[0], byte 1"},
        {"lines dropped", "\"stage\":\"rules\"", "\"stage\":\"rulers\"", "stage \"rulers\""},
        {"lines dropped", "\"stage\":\"rules\"", "\"stage\":\"repair\"", "does not fit it"},
        {"words joined", "\"stage\":\"repair\"", "\"stage\":\"rules\"", "does not fit it"},
        {"words joined", "\"version\"", "\"overruled\":[{\"start\":11,\"end\":14,\"stage\":\"repair\","
                                        "\"reason\":\"x\",\"with\":\"\"}],\"version\"", "twice"},
        {"a dump", "\"version\"", "\"overruled\":[{\"start\":11,\"end\":14,\"stage\":\"repair\","
                                  "\"reason\":\"x\"}],\"version\"", "does not fit it"},
        {"a dump", "\"version\"", "\"protected\":[7],\"version\"", "\"protected\"[0]"},
        {"astral characters", "\"version\"", "\"protected\":[{\"start\":1,\"end\":4,\"stage\":"
                                             "\"rules\",\"reason\":\"x\"}],\"version\"",
         "does not fit it"},
    };
    struct winnow *w = winnow_with(NULL, NULL);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        char *record = record_named(edits[i].sample);
        char *wrong = edited(record, edits[i].from, edits[i].to);
        struct winnow_page *page = NULL;
        struct winnow_error err = {0};
        int status = winnow_reclean(w, wrong, strlen(wrong), &page, &err);
        if (status != WINNOW_EDATA || !strstr(err.text, edits[i].why))
            fail_msg("wanted \"%s\", got %d \"%s\" for %s", edits[i].why, status, err.text, wrong);
        assert_null(page);
        free(wrong);
        free(record);
    }
    winnow_free(w);
}

/* Restored, the text is the page's; made again, the page is one. */
static void expect_none_or_right(struct winnow *w, const char *record, size_t len,
                                 const struct text *want)
{
    struct text got = {calloc(1, 1), 0};
    struct winnow_page *page = NULL;
    int status = winnow_restore(record, len, text_add, &got, NULL);
    assert_true(status == WINNOW_OK || status == WINNOW_EDATA);
    if (status == WINNOW_OK && (got.len != want->len || memcmp(got.data, want->data, got.len) != 0))
        fail_msg("restored \"%s\" from %.*s", got.data, (int)len, record);
    int again = winnow_reclean(w, record, len, &page, NULL);
    assert_true(again == WINNOW_EDATA || (again == WINNOW_OK && status == WINNOW_OK));
    if (again == WINNOW_OK) {
        expect_whole(page);
        free(page_render(page, WINNOW_JSONL));
        free(page_render(page, WINNOW_EXPLAIN_HTML));
        winnow_page_free(page);
    }
    free(got.data);
}

static void survives_every_changed_byte(void **state)
{
    (void)state;
    static const char *const names[] = {"words joined in HTML", "a protected line",
                                        "astral characters"};
    static const char others[] = {'0', '9', '"', '-', ',', ']', ' ', '\0', '\x7f', '\x80', '\xff'};
    struct winnow *w = winnow_with(NULL, NULL);
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        char *record = record_named(names[n]);
        size_t len = strlen(record);
        struct text want = {calloc(1, 1), 0};
        assert_int_equal(winnow_restore(record, len, text_add, &want, NULL), WINNOW_OK);
        for (size_t i = 0; i < len; i++)
            for (size_t k = 0; k < sizeof others + 2; k++) {
                char was = record[i];
                record[i] = k < sizeof others ? others[k] : k == sizeof others ? was ^ 1 : was ^ 32;
                expect_none_or_right(w, record, len, &want);
                record[i] = was;
            }
        free(want.data);
        free(record);
    }
    winnow_free(w);
}

static void holds_a_page_made_again_to_the_limits(void **state)
{
    (void)state;
    static const struct winnow_limits limits[] = {{.max_bytes = 100}, {.max_nodes = 2}};
    char *record = record_named("a dump");
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct winnow_options options = {.limits = limits[i]};
        struct winnow *w = NULL;
        struct winnow_page *page = NULL;
        assert_int_equal(winnow_new(&options, &w, NULL), WINNOW_OK);
        assert_int_equal(winnow_reclean(w, record, strlen(record), &page, NULL), WINNOW_ELIMIT);
        winnow_free(w);
    }
    free(record);
}

/* A gap that stands once can be crossed often. */
static void refuses_gaps_that_make_more_than_the_record_says(void **state)
{
    (void)state;
    struct text record = {calloc(1, 1), 0};
    char insert[4096];
    memset(insert, 'x', sizeof insert);
    const char *head = "{\"version\":1,\"removed\":[],\"replaced\":[],\"text\":\"\",\"length\":10,"
                       "\"kept\":[0,[0,\"";
    text_add(&record, head, strlen(head));
    text_add(&record, insert, sizeof insert);
    text_add(&record, "\"]", 2);
    for (int i = 0; i < 2000; i++)
        text_add(&record, ",0,0", 4);
    text_add(&record, "]}", 2);
    expect_refused(record.data, record.len, "\"length\"");
    free(record.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restores_the_text_byte_for_byte),
        cmocka_unit_test(makes_the_same_record_of_a_page_made_again),
        cmocka_unit_test(explains_a_page_made_again_alike),
        cmocka_unit_test(tells_of_repairs_that_went_with_a_copy),
        cmocka_unit_test(keeps_repairs_that_find_their_place_taken),
        cmocka_unit_test(knows_the_page_by_its_names_again),
        cmocka_unit_test(leaves_notes_to_the_stages_that_run_again),
        cmocka_unit_test(says_that_the_caller_stopped_writing),
        cmocka_unit_test(tells_what_the_page_shares_with_which_documents),
        cmocka_unit_test(knows_its_document_again),
        cmocka_unit_test(writes_what_is_no_utf8_as_well_as_it_can),
        cmocka_unit_test(refuses_what_is_no_record),
        cmocka_unit_test(refuses_every_beginning_of_a_record),
        cmocka_unit_test(says_that_a_record_is_of_another_winnow),
        cmocka_unit_test(refuses_a_text_that_is_not_the_page_s),
        cmocka_unit_test(refuses_pieces_that_overlap),
        cmocka_unit_test(refuses_a_page_that_does_not_fit_its_text),
        cmocka_unit_test(survives_every_changed_byte),
        cmocka_unit_test(holds_a_page_made_again_to_the_limits),
        cmocka_unit_test(refuses_gaps_that_make_more_than_the_record_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
