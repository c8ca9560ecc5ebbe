/* test_across.c - pages that are compared with those before them: what is told, what goes,
 * and that it does not hang on the order in which they came. */
#include <stdbool.h>

#include "testing.h"

/* --- pages and an index ------------------------------------------------------------------ */

static const char harbour[] =
    "The harbour bridge will close on Monday\n"
    "The old bridge over the harbour mouth closes on Monday for repairs that engineers expect "
    "to last until the end of October, the port authority said.\n"
    "Inspectors had found cracks in two of the eleven bearings in spring, and a third was "
    "leaking grease into the tidal basin below the northern tower.\n"
    "Ferries will run every twelve minutes between the fish market and the customs house, and "
    "the tram turns back at the museum until the work is done.\n"
    "Shopkeepers on the island fear for the summer trade; the town council has promised them "
    "half of the rent for every month in which the bridge stays closed.\n";

/* What a list of news shows of it: cut in mid-word. */
static const char teaser[] =
    "The harbour bridge will close on Monday\n"
    "The old bridge over the harbour mouth closes on Monday for repairs that engineers expect "
    "to last until the end of October, the port authority said.\n"
    "Inspectors had found cracks in two of the eleven bearings in spring, and a third was lea\n";

static const char garden[] =
    "Pears against a wall\n"
    "A pear that grows against a south wall ripens two weeks before its sisters in the open, "
    "and late frost hardly ever finds its blossom there.\n"
    "Prune it in August, when the sap is slow: three eyes from the stem, never more, and keep "
    "the leader straight with a cane of hazel.\n";

/* Another page that quotes a paragraph of the first one. */
static const char digest[] =
    "Letters from the coast\n"
    "My neighbour has begun to paint his boat again, which he does each year when the swallows "
    "come, and each year in another blue.\n"
    "Ferries will run every twelve minutes between the fish market and the customs house, and "
    "the tram turns back at the museum until the work is done.\n"
    "He says that he will row across, bridge or no bridge, and that the ferry was always late "
    "when he was a boy and will be late again.\n";

struct rig {
    struct winnow *w;
    struct winnow_index *index;
};

static struct rig rig_with(enum winnow_across across)
{
    struct rig r;
    struct winnow_error err = {0};
    struct winnow_index_use use = {.across = across};
    r.w = winnow_with(NULL, NULL);
    if (winnow_index_open(NULL, 0, &r.index, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    winnow_use_index(r.w, r.index, &use);
    return r;
}

static void rig_free(struct rig *r)
{
    winnow_free(r->w);
    winnow_index_close(r->index);
}

static struct winnow_page *rig_clean(struct rig *r, const char *source, const char *text)
{
    return clean_page(r->w, (struct winnow_input){.data = text, .len = strlen(text),
                                                  .source = source, .kind = WINNOW_KIND_DUMP});
}

static void rig_add(struct rig *r, const struct winnow_page *page)
{
    struct winnow_error err = {0};
    if (winnow_index_add(r->index, page, &err) != WINNOW_OK ||
        winnow_index_commit(r->index, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
}

/* Cleans, adds, and forgets the page. */
static void rig_feed(struct rig *r, const char *source, const char *text)
{
    struct winnow_page *page = rig_clean(r, source, text);
    expect_whole(page);
    rig_add(r, page);
    winnow_page_free(page);
}

/* Cleans a document that is in the index again, as reclean does, and returns its text. */
static char *text_again(struct rig *r, const char *source, const char *text)
{
    struct winnow_page *page = rig_clean(r, source, text);
    char *ret = page_render(page, WINNOW_TEXT);
    winnow_page_free(page);
    return ret;
}

static void expect_relation(const struct winnow_page *page, const char *kind, const char *source)
{
    struct winnow_relation relation = winnow_page_relation(page, 0);
    assert_non_null(relation.kind);
    assert_string_equal(relation.kind, kind);
    assert_string_equal(relation.source, source);
    assert_null(winnow_page_relation(page, 1).kind);
}

static void expect_stranger(const struct winnow_page *page)
{
    assert_null(winnow_page_relation(page, 0).kind);
    assert_null(winnow_page_shared(page, 0).document);
}

static struct winnow_index_stat stat_of(const struct rig *r)
{
    struct winnow_index_stat stat;
    assert_int_equal(winnow_index_stat(r->index, &stat, NULL), WINNOW_OK);
    return stat;
}

/* --- what is told ---------------------------------------------------------------------------- */

static void says_nothing_of_strangers(void **state)
{
    (void)state;
    struct rig r = rig_with(WINNOW_ACROSS_ANNOTATE);
    rig_feed(&r, "harbour", harbour);
    struct winnow_page *page = rig_clean(&r, "garden", garden);
    expect_stranger(page);
    winnow_page_free(page);
    rig_free(&r);
}

static void a_copy_under_another_name_is_a_duplicate(void **state)
{
    (void)state;
    struct rig r = rig_with(WINNOW_ACROSS_ANNOTATE);
    rig_feed(&r, "harbour", harbour);
    struct winnow_page *page = rig_clean(&r, "mirror", harbour);
    expect_relation(page, "duplicate-of", "harbour");
    assert_int_equal(winnow_page_relation(page, 0).share, 100);
    assert_false(winnow_page_relation(page, 0).cut);
    char *text = page_render(page, WINNOW_TEXT);
    assert_string_equal(text, harbour);
    free(text);
    winnow_page_free(page);
    rig_free(&r);
}

static void a_teaser_after_the_article_is_contained_in_it_and_cut_short(void **state)
{
    (void)state;
    struct rig r = rig_with(WINNOW_ACROSS_ANNOTATE);
    rig_feed(&r, "harbour", harbour);
    struct winnow_page *page = rig_clean(&r, "teaser", teaser);
    expect_relation(page, "duplicate-of", "harbour");
    assert_true(winnow_page_relation(page, 0).cut);
    struct winnow_shared shared = winnow_page_shared(page, 0);
    assert_string_equal(shared.source, "harbour");
    assert_int_equal(shared.start, 0);
    assert_int_equal(shared.end, strlen(teaser) - 1);
    assert_int_equal(shared.other_start, 0);
    assert_int_equal(shared.other_end, strstr(harbour, "leaking") + 3 - harbour);
    assert_true(shared.cut);
    assert_false(shared.other_cut);
    winnow_page_free(page);
    rig_free(&r);
}

static void an_article_supersedes_the_teaser_before_it(void **state)
{
    (void)state;
    struct rig r = rig_with(WINNOW_ACROSS_STRIP);
    rig_feed(&r, "teaser", teaser);
    struct winnow_page *page = rig_clean(&r, "harbour", harbour);
    expect_relation(page, "supersedes", "teaser");
    assert_true(winnow_page_relation(page, 0).cut);
    char *text = page_render(page, WINNOW_TEXT);
    assert_string_equal(text, harbour); /* nothing goes in favour of the lesser copy */
    free(text);
    rig_add(&r, page);
    winnow_page_free(page);
    assert_int_equal(stat_of(&r).superseded, 1);
    assert_int_equal(stat_of(&r).documents, 1);
    rig_free(&r);
}

static void a_superseded_page_that_is_cleaned_again_says_so(void **state)
{
    (void)state;
    struct rig r = rig_with(WINNOW_ACROSS_ANNOTATE);
    rig_feed(&r, "teaser", teaser);
    rig_feed(&r, "harbour", harbour);
    struct winnow_page *page = rig_clean(&r, "teaser", teaser);
    expect_relation(page, "superseded-by", "harbour");
    winnow_page_free(page);
    page = rig_clean(&r, "harbour", harbour);
    expect_relation(page, "supersedes", "teaser");
    winnow_page_free(page);
    rig_free(&r);
}

static void a_quoted_paragraph_is_told_with_both_places(void **state)
{
    (void)state;
    struct rig r = rig_with(WINNOW_ACROSS_ANNOTATE);
    rig_feed(&r, "harbour", harbour);
    struct winnow_page *page = rig_clean(&r, "digest", digest);
    assert_null(winnow_page_relation(page, 0).kind);
    struct winnow_shared shared = winnow_page_shared(page, 0);
    const char *here = strstr(digest, "Ferries"), *there = strstr(harbour, "Ferries");
    assert_int_equal(shared.start, here - digest);
    assert_int_equal(shared.end, strstr(here, ".\n") + 1 - digest);
    assert_int_equal(shared.other_start, there - harbour);
    assert_int_equal(shared.other_end, strstr(there, ".\n") - harbour); /* its last letter */
    assert_null(winnow_page_shared(page, 1).document);
    winnow_page_free(page);
    rig_free(&r);
}

/* --- what goes ------------------------------------------------------------------------------- */

static void strip_takes_the_quoted_paragraph_and_nothing_else(void **state)
{
    (void)state;
    struct rig r = rig_with(WINNOW_ACROSS_STRIP);
    rig_feed(&r, "harbour", harbour);
    struct winnow_page *page = rig_clean(&r, "digest", digest);
    expect_whole(page);
    char *text = page_render(page, WINNOW_TEXT);
    assert_null(strstr(text, "Ferries"));
    assert_non_null(strstr(text, "in another blue.\nHe says that"));
    assert_non_null(strstr(text, "late again.\n"));
    free(text);
    bool told = false;
    for (size_t i = 0; i < winnow_page_spans(page); i++) {
        struct winnow_span span = winnow_page_span(page, i);
        if (strcmp(span.stage, "across") == 0) {
            assert_non_null(strstr(span.reason, "stands in document "));
            assert_non_null(strstr(span.reason, "(harbour) from byte "));
            told = true;
        }
    }
    assert_true(told);
    winnow_page_free(page);
    rig_free(&r);
}

static void what_the_earlier_copy_was_cut_short_of_stays_in_the_later(void **state)
{
    (void)state;
    char cut[1024], whole[1024];
    const char *inspectors = strstr(harbour, "Inspectors"), *shops = strstr(harbour, "Shopkeepers");
    const char *gone = strstr(inspectors, " northern tower.");
    snprintf(cut, sizeof cut, "%.*s%s%s", (int)(gone - inspectors), inspectors,
             gone + strlen(" northern tower."), strchr(garden, '\n') + 1);
    snprintf(whole, sizeof whole, "%.*s%s", (int)(shops - inspectors), inspectors,
             strstr(digest, "He says"));
    struct rig r = rig_with(WINNOW_ACROSS_STRIP);
    rig_feed(&r, "cut", cut);
    char *text = text_again(&r, "whole", whole);
    assert_null(strstr(text, "Ferries")); /* this stands there whole */
    assert_non_null(strstr(text, "below the northern tower."));
    free(text);
    rig_free(&r);
}

static void off_compares_nothing(void **state)
{
    (void)state;
    struct rig r = rig_with(WINNOW_ACROSS_OFF);
    rig_feed(&r, "harbour", harbour);
    struct winnow_page *page = rig_clean(&r, "mirror", harbour);
    expect_stranger(page);
    winnow_page_free(page);
    rig_free(&r);
}

/* --- identity --------------------------------------------------------------------------------- */

static void a_document_is_no_duplicate_of_itself_and_counts_once(void **state)
{
    (void)state;
    struct rig r = rig_with(WINNOW_ACROSS_STRIP);
    for (int i = 0; i < 3; i++) {
        struct winnow_page *page = rig_clean(&r, "harbour", harbour);
        expect_stranger(page);
        char *text = page_render(page, WINNOW_TEXT);
        assert_string_equal(text, harbour);
        free(text);
        rig_add(&r, page);
        winnow_page_free(page);
        assert_int_equal(stat_of(&r).documents, 1);
    }
    rig_free(&r);
}

static void a_new_version_takes_the_place_of_the_old_one(void **state)
{
    (void)state;
    struct rig r = rig_with(WINNOW_ACROSS_ANNOTATE);
    rig_feed(&r, "page", harbour);
    struct winnow_page *page = rig_clean(&r, "page", digest);
    expect_stranger(page); /* its own older version is no other document */
    rig_add(&r, page);
    winnow_page_free(page);
    assert_int_equal(stat_of(&r).documents, 1);
    assert_int_equal(stat_of(&r).replaced, 1);
    page = rig_clean(&r, "mirror", harbour);
    assert_null(winnow_page_relation(page, 0).kind); /* what is replaced is no more */
    winnow_page_free(page);
    rig_free(&r);
}

static void a_page_with_a_new_line_is_no_copy_of_its_own_copy(void **state)
{
    (void)state;
    char newer[sizeof harbour + 64];
    struct rig r = rig_with(WINNOW_ACROSS_STRIP);
    rig_feed(&r, "page", harbour);
    rig_feed(&r, "mirror", harbour);
    for (int version = 0; version < 3; version++) {
        snprintf(newer, sizeof newer, "%sUpdated on day %d of the closure\n", harbour, version);
        struct winnow_page *page = rig_clean(&r, "page", newer);
        expect_stranger(page);
        rig_add(&r, page);
        winnow_page_free(page);
        page = rig_clean(&r, "mirror", harbour); /* and the copy stays the copy */
        expect_relation(page, "duplicate-of", "page");
        winnow_page_free(page);
    }
    rig_free(&r);
}

static void a_page_that_says_something_else_now_is_compared_with_all(void **state)
{
    (void)state;
    struct rig r = rig_with(WINNOW_ACROSS_ANNOTATE);
    rig_feed(&r, "front page", garden);
    rig_feed(&r, "harbour", harbour);
    struct winnow_page *page = rig_clean(&r, "front page", harbour);
    expect_relation(page, "duplicate-of", "harbour");
    winnow_page_free(page);
    rig_free(&r);
}

static void a_page_without_a_source_is_known_by_its_bytes(void **state)
{
    (void)state;
    struct rig r = rig_with(WINNOW_ACROSS_ANNOTATE);
    rig_feed(&r, NULL, harbour);
    rig_feed(&r, NULL, harbour);
    assert_int_equal(stat_of(&r).documents, 1);
    rig_free(&r);
}

static void cleaning_again_does_not_look_at_what_came_later(void **state)
{
    (void)state;
    struct rig r = rig_with(WINNOW_ACROSS_STRIP);
    rig_feed(&r, "harbour", harbour);
    rig_feed(&r, "mirror", harbour);
    struct winnow_page *page = rig_clean(&r, "harbour", harbour);
    expect_stranger(page);
    winnow_page_free(page);
    rig_free(&r);
}

static void what_is_forgotten_is_found_no_more(void **state)
{
    (void)state;
    size_t count = 0;
    struct rig r = rig_with(WINNOW_ACROSS_ANNOTATE);
    rig_feed(&r, "harbour", harbour);
    assert_int_equal(winnow_index_forget(r.index, "no such thing", &count, NULL), WINNOW_OK);
    assert_int_equal(count, 0);
    assert_int_equal(winnow_index_forget(r.index, "harbour", &count, NULL), WINNOW_OK);
    assert_int_equal(count, 1);
    struct winnow_page *page = rig_clean(&r, "mirror", harbour);
    expect_stranger(page);
    winnow_page_free(page);
    rig_free(&r);
}

/* --- order --------------------------------------------------------------------------------------- */

struct work {
    const char *source, *text;
};

static bool has_relation(const struct winnow_page *page, const char *kind)
{
    struct winnow_relation relation;
    for (size_t i = 0; (relation = winnow_page_relation(page, i)).kind; i++)
        if (strcmp(relation.kind, kind) == 0)
            return true;
    return false;
}

/* Of every order in which works can come, the same are left at the end. */
static void expect_any_order(const struct work works[3], uint64_t documents, uint64_t superseded,
                             const char *stays)
{
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t o = 0; o < 6; o++) {
        struct rig r = rig_with(WINNOW_ACROSS_ANNOTATE);
        for (size_t i = 0; i < 3; i++)
            rig_feed(&r, works[orders[o][i]].source, works[orders[o][i]].text);
        for (size_t i = 0; i < 3; i++) {
            struct winnow_page *page = rig_clean(&r, works[i].source, works[i].text);
            bool is_lesser = has_relation(page, "duplicate-of") ||
                             has_relation(page, "superseded-by");
            if (strcmp(works[i].source, stays) == 0)
                assert_false(is_lesser);
            else if (documents == 1)
                assert_true(is_lesser);
            winnow_page_free(page);
        }
        assert_true(stat_of(&r).superseded <= superseded);
        rig_free(&r);
    }
}

static void the_whole_article_stays_in_whatever_order_its_copies_come(void **state)
{
    (void)state;
    char shorter[sizeof teaser];
    snprintf(shorter, sizeof shorter, "%.*s", (int)(strstr(teaser, "Inspectors") - teaser + 60),
             teaser);
    const struct work works[3] = {{"harbour", harbour}, {"teaser", teaser}, {"shorter", shorter}};
    expect_any_order(works, 1, 2, "harbour");
}

static void of_equal_copies_one_stays_whatever_comes_between(void **state)
{
    (void)state;
    const struct work works[3] = {{"garden", garden}, {"harbour", harbour}, {"teaser", teaser}};
    expect_any_order(works, 2, 1, "garden");
}

static void set_across(struct rig *r, enum winnow_across across)
{
    struct winnow_index_use use = {.across = across};
    winnow_use_index(r->w, r->index, &use);
}

/* The page's letter, and then the article's first three paragraphs: more than the teaser
 * has of them, but not its headline. */
static void write_quoting(char *ret, size_t size)
{
    snprintf(ret, size, "%.*s%.*s", (int)(strstr(digest, "Ferries") - digest), digest,
             (int)(strstr(harbour, "Shopkeepers") - strstr(harbour, "The old")),
             strstr(harbour, "The old"));
}

static void nothing_goes_in_favour_of_what_was_superseded(void **state)
{
    (void)state;
    char quoting[1024];
    struct rig r = rig_with(WINNOW_ACROSS_ANNOTATE);
    write_quoting(quoting, sizeof quoting);
    rig_feed(&r, "teaser", teaser);
    rig_feed(&r, "quoting", quoting);
    set_across(&r, WINNOW_ACROSS_STRIP);
    char *before = text_again(&r, "quoting", quoting);
    rig_feed(&r, "harbour", harbour); /* from now on the teaser may yield */
    char *after = text_again(&r, "quoting", quoting);
    assert_null(strstr(before, "The old bridge"));
    assert_string_equal(after, quoting);
    free(before);
    free(after);
    rig_free(&r);
}

/* Told of by annotate or removed by strip, cleaned again early or late, in any order:
 * the passage that three documents share stands in one of the outputs at the end. */
static void a_shared_passage_is_never_lost_from_all_outputs(void **state)
{
    (void)state;
    const struct work works[3] = {{"teaser", teaser}, {"digest", NULL}, {"harbour", harbour}};
    const char *passage = "The old bridge over the harbour mouth";
    char quoting[1024];
    write_quoting(quoting, sizeof quoting);
    for (unsigned bits = 0; bits < 1u << 9; bits++) {
        struct rig r = rig_with(WINNOW_ACROSS_ANNOTATE);
        char *outputs[3] = {NULL, NULL, NULL};
        for (unsigned i = 0; i < 3; i++) {
            const char *text = works[i].text ? works[i].text : quoting;
            set_across(&r, bits >> i & 1 ? WINNOW_ACROSS_STRIP : WINNOW_ACROSS_ANNOTATE);
            struct winnow_page *page = rig_clean(&r, works[i].source, text);
            outputs[i] = page_render(page, WINNOW_TEXT);
            rig_add(&r, page);
            winnow_page_free(page);
            set_across(&r, WINNOW_ACROSS_STRIP);
            for (unsigned k = 0; k <= i; k++) /* some are cleaned again before the next comes */
                if (bits >> (3 + i + k) & 1) {
                    free(outputs[k]);
                    outputs[k] = text_again(&r, works[k].source,
                                            works[k].text ? works[k].text : quoting);
                }
        }
        bool stands = false;
        for (unsigned i = 0; i < 3; i++) {
            stands |= strstr(outputs[i], passage) != NULL;
            free(outputs[i]);
        }
        if (!stands)
            fail_msg("lost with bits %#x", bits);
        rig_free(&r);
    }
}

/* --- works made of paragraphs, in any order and mode ------------------------------------------ */

enum { PARAGRAPHS = 12, DOCUMENTS = 6, PARAGRAPH_MOST = 512 };

/* Numbers that look random and are the same in every run (Marsaglia's xorshift). */
static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    return *seed ^= *seed << 5;
}

/* Paragraph i: forty made words, its own. */
static void write_paragraph(unsigned i, char ret[PARAGRAPH_MOST])
{
    uint32_t seed = 7919 * (i + 1);
    size_t len = 0;
    for (int w = 0; w < 40; w++) {
        for (unsigned k = 0, n = 2 + next_random(&seed) % 6; k < n; k++)
            ret[len++] = (char)('a' + next_random(&seed) % 26);
        ret[len++] = w == 39 ? '.' : ' ';
    }
    ret[len] = '\0';
    ret[0] = (char)(ret[0] - 32);
}

static void write_document(unsigned paragraphs, char *ret)
{
    *ret = '\0';
    for (unsigned i = 0; i < PARAGRAPHS; i++)
        if (paragraphs >> i & 1) {
            write_paragraph(i, ret + strlen(ret));
            strcat(ret, "\n");
        }
}

static void expect_nothing_lost(const unsigned holds[DOCUMENTS], char *const outputs[DOCUMENTS],
                                uint32_t run)
{
    char paragraph[PARAGRAPH_MOST];
    for (unsigned i = 0; i < PARAGRAPHS; i++) {
        bool asked = false, stands = false;
        write_paragraph(i, paragraph);
        for (unsigned d = 0; d < DOCUMENTS; d++) {
            asked |= holds[d] >> i & 1;
            stands |= strstr(outputs[d], paragraph) != NULL;
        }
        if (asked && !stands)
            fail_msg("run %u: paragraph %u stands in no output", run, i);
    }
}

/* Documents come, each told or stripped, and any of them is cleaned again at any time. */
static void run_history(uint32_t run)
{
    static char text[PARAGRAPHS * PARAGRAPH_MOST];
    uint32_t seed = 2463534242u + run * 977;
    unsigned holds[DOCUMENTS];
    char *outputs[DOCUMENTS], source[16];
    struct rig r = rig_with(WINNOW_ACROSS_STRIP);
    for (unsigned d = 0; d < DOCUMENTS; d++) {
        holds[d] = next_random(&seed) % (1u << PARAGRAPHS) | 1u << d;
        set_across(&r, next_random(&seed) % 2 ? WINNOW_ACROSS_STRIP : WINNOW_ACROSS_ANNOTATE);
        snprintf(source, sizeof source, "d%u", d);
        write_document(holds[d], text);
        struct winnow_page *page = rig_clean(&r, source, text);
        outputs[d] = page_render(page, WINNOW_TEXT);
        rig_add(&r, page);
        winnow_page_free(page);
        set_across(&r, WINNOW_ACROSS_STRIP);
        while (next_random(&seed) % 3 > 0) {
            unsigned again = next_random(&seed) % (d + 1);
            snprintf(source, sizeof source, "d%u", again);
            write_document(holds[again], text);
            free(outputs[again]);
            outputs[again] = text_again(&r, source, text);
        }
    }
    expect_nothing_lost(holds, outputs, run);
    for (unsigned d = 0; d < DOCUMENTS; d++)
        free(outputs[d]);
    rig_free(&r);
}

static void no_history_loses_a_paragraph_from_all_outputs(void **state)
{
    (void)state;
    for (uint32_t run = 0; run < 150; run++)
        run_history(run);
}

/* --- what the index remembers -------------------------------------------------------------- */

static void a_third_copy_is_known_though_the_second_was_stripped(void **state)
{
    (void)state;
    size_t count;
    struct rig r = rig_with(WINNOW_ACROSS_STRIP);
    rig_feed(&r, "harbour", harbour);
    rig_feed(&r, "mirror", harbour);
    assert_int_equal(winnow_index_forget(r.index, "harbour", &count, NULL), WINNOW_OK);
    struct winnow_page *page = rig_clean(&r, "third", harbour);
    expect_relation(page, "duplicate-of", "mirror");
    winnow_page_free(page);
    char *text = text_again(&r, "mirror", harbour); /* the original is gone: the copy stays */
    assert_string_equal(text, harbour);
    free(text);
    rig_free(&r);
}

static void what_was_forgotten_is_not_brought_back_by_a_page_that_superseded_it(void **state)
{
    (void)state;
    size_t count;
    struct rig r = rig_with(WINNOW_ACROSS_ANNOTATE);
    rig_feed(&r, "teaser", teaser);
    struct winnow_page *page = rig_clean(&r, "harbour", harbour);
    expect_relation(page, "supersedes", "teaser");
    assert_int_equal(winnow_index_forget(r.index, "teaser", &count, NULL), WINNOW_OK);
    rig_add(&r, page);
    winnow_page_free(page);
    assert_int_equal(stat_of(&r).forgotten, 1);
    assert_int_equal(stat_of(&r).superseded, 0);
    rig_free(&r);
}

static void a_source_that_is_no_utf8_or_very_long_is_shown_as_far_as_it_can_be(void **state)
{
    (void)state;
    char source[1024] = "caf\xe9-";
    for (size_t i = strlen(source); i + 2 < sizeof source; i += 2)
        memcpy(source + i, "\xd0\xb6", 3); /* a letter of two bytes */
    struct rig r = rig_with(WINNOW_ACROSS_STRIP);
    rig_feed(&r, source, harbour);
    struct winnow_page *page = rig_clean(&r, "mirror", harbour);
    assert_memory_equal(winnow_page_relation(page, 0).source, "caf\xef\xbf\xbd-", 7);
    free(page_render(page, WINNOW_JSON));
    winnow_page_free(page);
    rig_free(&r);
}

static void a_near_copy_is_a_duplicate_but_a_page_with_more_is_not(void **state)
{
    (void)state;
    char near[sizeof harbour], more[2 * sizeof harbour];
    struct rig r = rig_with(WINNOW_ACROSS_ANNOTATE);
    snprintf(near, sizeof near, "%s", harbour);
    memcpy(strstr(near, "council"), "COUNCIL", 7);
    char *word = strstr(near, "old bridge");
    memmove(word, word + 4, strlen(word + 4) + 1);
    snprintf(more, sizeof more, "%s%s", harbour, strchr(garden, '\n') + 1);
    rig_feed(&r, "harbour", harbour);
    struct winnow_page *page = rig_clean(&r, "near", near);
    expect_relation(page, "duplicate-of", "harbour");
    winnow_page_free(page);
    page = rig_clean(&r, "more", more);
    expect_relation(page, "supersedes", "harbour");
    winnow_page_free(page);
    rig_free(&r);
}

static void many_copies_of_one_passage_cost_no_more_than_a_few(void **state)
{
    (void)state;
    char source[32], text[2048];
    struct rig r = rig_with(WINNOW_ACROSS_ANNOTATE);
    for (int i = 0; i < 200; i++) {
        snprintf(source, sizeof source, "copy %d", i);
        snprintf(text, sizeof text, "Number %d of the row\n%s", i, harbour);
        rig_feed(&r, source, text);
    }
    struct winnow_page *page = rig_clean(&r, "one more", harbour);
    struct winnow_relation relation = winnow_page_relation(page, 0);
    assert_non_null(relation.kind);
    assert_string_equal(relation.source, "copy 0"); /* of equals the earliest */
    winnow_page_free(page);
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_nothing_of_strangers),
        cmocka_unit_test(a_copy_under_another_name_is_a_duplicate),
        cmocka_unit_test(a_teaser_after_the_article_is_contained_in_it_and_cut_short),
        cmocka_unit_test(an_article_supersedes_the_teaser_before_it),
        cmocka_unit_test(a_superseded_page_that_is_cleaned_again_says_so),
        cmocka_unit_test(a_quoted_paragraph_is_told_with_both_places),
        cmocka_unit_test(strip_takes_the_quoted_paragraph_and_nothing_else),
        cmocka_unit_test(what_the_earlier_copy_was_cut_short_of_stays_in_the_later),
        cmocka_unit_test(off_compares_nothing),
        cmocka_unit_test(a_document_is_no_duplicate_of_itself_and_counts_once),
        cmocka_unit_test(a_new_version_takes_the_place_of_the_old_one),
        cmocka_unit_test(a_page_with_a_new_line_is_no_copy_of_its_own_copy),
        cmocka_unit_test(a_page_that_says_something_else_now_is_compared_with_all),
        cmocka_unit_test(a_page_without_a_source_is_known_by_its_bytes),
        cmocka_unit_test(cleaning_again_does_not_look_at_what_came_later),
        cmocka_unit_test(what_is_forgotten_is_found_no_more),
        cmocka_unit_test(the_whole_article_stays_in_whatever_order_its_copies_come),
        cmocka_unit_test(of_equal_copies_one_stays_whatever_comes_between),
        cmocka_unit_test(nothing_goes_in_favour_of_what_was_superseded),
        cmocka_unit_test(a_shared_passage_is_never_lost_from_all_outputs),
        cmocka_unit_test(no_history_loses_a_paragraph_from_all_outputs),
        cmocka_unit_test(a_third_copy_is_known_though_the_second_was_stripped),
        cmocka_unit_test(what_was_forgotten_is_not_brought_back_by_a_page_that_superseded_it),
        cmocka_unit_test(a_source_that_is_no_utf8_or_very_long_is_shown_as_far_as_it_can_be),
        cmocka_unit_test(a_near_copy_is_a_duplicate_but_a_page_with_more_is_not),
        cmocka_unit_test(many_copies_of_one_passage_cost_no_more_than_a_few),
    };
    return cmocka_run_group_tests_name("across", tests, NULL, NULL);
}
