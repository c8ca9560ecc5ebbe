/* test_site_table.c - lines counted within bounds, and the blob that holds them. */
#include "testing.h"

#include "hash.h"
#include "site_table.h"

/* --- making tables ------------------------------------------------------------------------ */

static struct site_line *carry(struct site_table *t, uint64_t hash)
{
    struct site_line *line = site_table_add(t, hash);
    assert_non_null(line);
    if (line->count++ == 0)
        line->first = t->documents + 1;
    line->last = t->documents + 1;
    return line;
}

static uint64_t number(uint64_t n)
{
    return hash_bytes((struct slice){(const char *)&n, sizeof n});
}

/* A document with these many lines that no other has. */
static void carry_own(struct site_table *t, size_t lines)
{
    for (size_t i = 0; i < lines; i++)
        carry(t, number((uint64_t)t->documents << 20 | i));
}

static void end_document(struct site_table *t)
{
    assert_int_equal(site_table_end_document(t), WINNOW_OK);
}

/* Two documents with two lines in common, one of them long, and a slot. */
static void fill(struct site_table *t)
{
    char longer[2 * SITE_WORDS_MOST + 1];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    site_table_init(t);
    for (int d = 0; d < 2; d++) {
        struct site_line *line = carry(t, 7);
        beside_vote(&line->after, 99);
        if (d == 1) {
            line->example = site_table_example(t, "http://fjord-post.example/2");
            assert_int_equal(site_table_set_words(t, line, slice_of("Kontakt øss")), WINNOW_OK);
        }
        line = carry(t, UINT64_C(1) << 63);
        if (d == 1)
            assert_int_equal(site_table_set_words(t, line, slice_of(longer)), WINNOW_OK);
        carry_own(t, 3);
        end_document(t);
    }
    t->slots[t->nslots++] = (struct site_slot){7, 0, 2, 0, 3};
}

static struct buf blob_of(const struct site_table *t)
{
    struct buf b;
    buf_init(&b, 1 << 24);
    assert_int_equal(site_table_write(t, &b), WINNOW_OK);
    return b;
}

/* --- the blob ----------------------------------------------------------------------------- */

static void reads_no_bytes_as_an_empty_table(void **state)
{
    (void)state;
    struct site_table t;
    assert_int_equal(site_table_read((struct slice){"", 0}, &t, NULL), WINNOW_OK);
    assert_int_equal(t.documents, 0);
    assert_null(site_table_find(&t, 7));
    site_table_free(&t);
}

static void reads_back_what_it_wrote(void **state)
{
    (void)state;
    struct site_table t, back;
    fill(&t);
    struct buf b = blob_of(&t);
    assert_int_equal(site_table_read(buf_slice(&b), &back, NULL), WINNOW_OK);
    struct buf again = blob_of(&back);
    assert_true(slice_eq(buf_slice(&b), buf_slice(&again)));
    const struct site_line *line = site_table_find(&back, 7);
    assert_non_null(line);
    assert_int_equal(line->count, 2);
    assert_int_equal(line->first, 1);
    assert_int_equal(line->last, 2);
    assert_true(beside_is(&line->after, line->count, 99));
    assert_true(slice_is(site_line_words(&back, line), "Kontakt øss"));
    assert_string_equal(back.examples[line->example - 1], "http://fjord-post.example/2");
    assert_int_equal(back.slots[0].lines, 3);
    line = site_table_find(&back, UINT64_C(1) << 63);
    assert_int_equal(line->words_len, SITE_WORDS_MOST);
    assert_true(line->cut);
    site_table_free(&t);
    site_table_free(&back);
    buf_free(&b);
    buf_free(&again);
}

static void refuses_a_blob_that_is_cut_or_goes_on(void **state)
{
    (void)state;
    struct site_table t, back = {.documents = 5};
    struct winnow_error err;
    fill(&t);
    struct buf b = blob_of(&t);
    for (size_t len = 1; len < b.len; len++) {
        char *cut = malloc(len); /* so that a reader past its end is seen */
        assert_non_null(cut);
        memcpy(cut, b.data, len);
        assert_int_equal(site_table_read((struct slice){cut, len}, &back, &err), WINNOW_EDATA);
        free(cut);
    }
    buf_addc(&b, 0);
    assert_int_equal(site_table_read(buf_slice(&b), &back, &err), WINNOW_EDATA);
    assert_non_null(strstr(err.text, "damaged or of another version"));
    assert_int_equal(back.documents, 5); /* untouched */
    site_table_free(&t);
    buf_free(&b);
}

static void refuses_another_version(void **state)
{
    (void)state;
    struct site_table t, back;
    fill(&t);
    struct buf b = blob_of(&t);
    b.data[4]++;
    assert_int_equal(site_table_read(buf_slice(&b), &back, NULL), WINNOW_EDATA);
    site_table_free(&t);
    buf_free(&b);
}

static void refuses_a_line_that_stands_twice(void **state)
{
    (void)state;
    enum { LINE = 8 + 1 + 1 + 1 }; /* hash, count, first, lost */
    struct site_table t, back;
    site_table_init(&t);
    carry(&t, 7);
    carry(&t, 8);
    end_document(&t);
    struct buf b = blob_of(&t);
    memcpy(b.data + b.len - LINE, b.data + b.len - 2 * LINE, 8);
    assert_int_equal(site_table_read(buf_slice(&b), &back, NULL), WINNOW_EDATA);
    site_table_free(&t);
    buf_free(&b);
}

/* Any byte of a blob may be wrong: what is read then is a table that can be written. */
static void survives_any_wrong_byte(void **state)
{
    (void)state;
    struct site_table t, back;
    fill(&t);
    struct buf b = blob_of(&t);
    for (size_t i = 0; i < b.len; i++)
        for (unsigned change = 1; change < 256; change = change * 2 + 1) {
            b.data[i] = (char)(b.data[i] ^ (int)change);
            if (site_table_read(buf_slice(&b), &back, NULL) == WINNOW_OK) {
                struct buf again = blob_of(&back);
                buf_free(&again);
                site_table_free(&back);
            }
            b.data[i] = (char)(b.data[i] ^ (int)change);
        }
    site_table_free(&t);
    buf_free(&b);
}

static void takes_no_line_break_out_of_a_blob(void **state)
{
    (void)state;
    struct site_table t, back;
    site_table_init(&t);
    for (int d = 0; d < 2; d++) {
        struct site_line *line = carry(&t, 7);
        if (d == 1)
            assert_int_equal(site_table_set_words(&t, line, slice_of("a\rdrop_line: b")),
                             WINNOW_OK);
        end_document(&t);
    }
    struct buf b = blob_of(&t);
    assert_int_equal(site_table_read(buf_slice(&b), &back, NULL), WINNOW_EDATA);
    site_table_free(&t);
    buf_free(&b);
}

/* --- bounds ------------------------------------------------------------------------------- */

static void takes_at_most_150_bytes_for_a_document_of_ten_lines(void **state)
{
    (void)state;
    struct site_table t;
    site_table_init(&t);
    for (int d = 0; d < 60; d++) {
        carry_own(&t, 10);
        end_document(&t);
    }
    struct buf b = blob_of(&t);
    assert_true(b.len <= 60 * 150);
    site_table_free(&t);
    buf_free(&b);
}

/* A line of every twentieth document, and one of most, among ten thousand. */
static void loses_no_frequent_line_and_no_more_than_it_says(void **state)
{
    (void)state;
    struct site_table t;
    site_table_init(&t);
    for (int d = 0; d < 10000; d++) {
        if (d % 20 == 19)
            carry(&t, 7);
        if (d % 5 != 0)
            carry(&t, 8);
        if (d % 200 == 0)
            carry(&t, 9);
        if (d >= 9000 && d % 2)
            carry(&t, 10); /* as a new menu */
        carry_own(&t, 20);
        end_document(&t);
    }
    assert_int_equal(t.lost, 10000 / SITE_BUCKET);
    const struct site_line *often = site_table_find(&t, 7), *most = site_table_find(&t, 8);
    assert_non_null(often);
    assert_true(often->count <= 500 && often->count + t.lost >= 500);
    assert_non_null(most);
    assert_int_equal(most->count, 8000);
    assert_null(site_table_find(&t, 9));
    assert_non_null(site_table_find(&t, 10));
    assert_int_equal(site_table_find(&t, 10)->count, 500);
    assert_true(t.count <= 21 * SITE_BUCKET);
    site_table_free(&t);
}

static void keeps_the_words_of_lines_that_stay(void **state)
{
    (void)state;
    struct site_table t;
    fill(&t);
    for (int d = 0; d < SITE_BUCKET; d++) {
        carry(&t, 7);
        carry(&t, UINT64_C(1) << 63);
        carry_own(&t, 5);
        end_document(&t);
    }
    assert_int_equal(t.lost, 1);
    assert_true(slice_is(site_line_words(&t, site_table_find(&t, 7)), "Kontakt øss"));
    assert_false(site_table_find(&t, 7)->cut);
    assert_true(site_table_find(&t, UINT64_C(1) << 63)->cut);
    site_table_free(&t);
}

static void stays_bounded_under_large_pages_and_keeps_what_they_share(void **state)
{
    (void)state;
    struct site_table t;
    site_table_init(&t);
    for (int d = 0; d < 12; d++) {
        struct site_line *line = carry(&t, 7);
        if (d == 1)
            assert_int_equal(site_table_set_words(&t, line, slice_of("Home")), WINNOW_OK);
        carry_own(&t, 20000);
        end_document(&t);
        assert_true(t.count <= SITE_LINES_MOST);
    }
    const struct site_line *line = site_table_find(&t, 7);
    assert_non_null(line);
    assert_int_equal(line->count, 12);
    assert_true(slice_is(site_line_words(&t, line), "Home"));
    struct buf b = blob_of(&t);
    assert_true(b.len < 2 * 1024 * 1024);
    site_table_free(&t);
    buf_free(&b);
}

/* Lines that all pages share, too many of them: they go too, and soon. */
static void gives_up_a_table_that_is_full_of_frequent_lines(void **state)
{
    (void)state;
    struct site_table t;
    site_table_init(&t);
    for (int d = 0; d < 20; d++) {
        for (uint64_t i = 0; i < SITE_LINES_MOST + 10; i++)
            carry(&t, number(i));
        end_document(&t);
        assert_true(t.count <= SITE_LINES_MOST);
        assert_true(t.lost <= t.documents);
    }
    site_table_free(&t);
}

static void names_only_documents_that_lines_still_refer_to(void **state)
{
    (void)state;
    struct site_table t;
    char name[20];
    site_table_init(&t);
    for (unsigned d = 0; d < 4 * SITE_BUCKET; d++) {
        snprintf(name, sizeof name, "page %u", d);
        struct site_line *line = carry(&t, 7);
        if (d == 1)
            line->example = site_table_example(&t, name);
        carry(&t, number(d))->example = site_table_example(&t, name);
        end_document(&t);
    }
    const struct site_line *line = site_table_find(&t, 7);
    assert_string_equal(t.examples[line->example - 1], "page 1");
    assert_int_equal(t.nexamples, 1);
    site_table_free(&t);
}

/* --- what is shared ----------------------------------------------------------------------- */

static bool is_shared(uint32_t documents, uint32_t count, uint32_t first, uint32_t last, bool more)
{
    struct site_table t = {.documents = documents};
    struct site_line line = {.hash = 7, .count = count, .first = first, .last = last};
    struct site_share share;
    return site_line_is_shared(&t, &line, more, &share);
}

static void shares_a_line_of_three_documents_and_more_than_half(void **state)
{
    (void)state;
    assert_true(is_shared(3, 3, 1, 3, false));
    assert_true(is_shared(2, 2, 1, 2, true));
    assert_false(is_shared(2, 2, 1, 2, false));
    assert_false(is_shared(6, 3, 1, 6, false));
    assert_true(is_shared(5, 3, 1, 5, false));
}

static void shares_a_line_that_nearly_all_of_many_in_a_row_carried(void **state)
{
    (void)state;
    assert_true(is_shared(1000, 18, 500, 519, false));
    assert_false(is_shared(1000, 9, 500, 508, false));
    assert_false(is_shared(1000, 18, 500, 530, false));
}

static void knows_a_neighbour_by_the_majority(void **state)
{
    (void)state;
    struct beside b = {0};
    static const uint32_t mostly[] = {5, 5, 9, 5, 8, 5, 5, 5};
    for (size_t i = 0; i < 8; i++)
        beside_vote(&b, mostly[i]);
    assert_true(beside_is(&b, 8, 5));
    struct beside never = {0};
    for (uint32_t i = 0; i < 9; i++)
        beside_vote(&never, 100 + i);
    assert_false(beside_is(&never, 9, 108));
}

/* A path may be any bytes; a blob with such a name could not be read again. */
static void names_no_document_by_what_is_no_text(void **state)
{
    (void)state;
    struct site_table t;
    site_table_init(&t);
    assert_int_equal(site_table_example(&t, "/dumps/\xff.txt"), 0);
    assert_int_equal(site_table_example(&t, "/dumps/a\nb.txt"), 0);
    assert_int_equal(site_table_example(&t, "/dumps/a.txt"), 1);
    site_table_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_no_bytes_as_an_empty_table),
        cmocka_unit_test(reads_back_what_it_wrote),
        cmocka_unit_test(refuses_a_blob_that_is_cut_or_goes_on),
        cmocka_unit_test(refuses_another_version),
        cmocka_unit_test(refuses_a_line_that_stands_twice),
        cmocka_unit_test(survives_any_wrong_byte),
        cmocka_unit_test(takes_no_line_break_out_of_a_blob),
        cmocka_unit_test(takes_at_most_150_bytes_for_a_document_of_ten_lines),
        cmocka_unit_test(loses_no_frequent_line_and_no_more_than_it_says),
        cmocka_unit_test(keeps_the_words_of_lines_that_stay),
        cmocka_unit_test(stays_bounded_under_large_pages_and_keeps_what_they_share),
        cmocka_unit_test(gives_up_a_table_that_is_full_of_frequent_lines),
        cmocka_unit_test(names_only_documents_that_lines_still_refer_to),
        cmocka_unit_test(shares_a_line_of_three_documents_and_more_than_half),
        cmocka_unit_test(shares_a_line_that_nearly_all_of_many_in_a_row_carried),
        cmocka_unit_test(knows_a_neighbour_by_the_majority),
        cmocka_unit_test(names_no_document_by_what_is_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
