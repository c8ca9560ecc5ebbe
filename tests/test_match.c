/* test_match.c - chains of equal text, and what finding them may cost. */
#include "testing.h"

#include "match.h"

static const char passage[] = "The ferry left the northern pier at dawn with forty crates of oranges";

static struct norm norm_of(struct slice text)
{
    struct norm n;
    norm_init(&n);
    assert_int_equal(norm_add(&n, text, 0, false), WINNOW_OK);
    return n;
}

static struct matches find(const struct norm *n)
{
    struct matches m = {0};
    assert_int_equal(match_find(n, 40, &m), WINNOW_OK);
    for (size_t i = 0; i < m.nchains; i++) {
        uint32_t a = 0, b = 0;
        for (uint32_t j = 0; j < m.chains[i].count; j++) {
            const struct link *l = &m.links[m.chains[i].first + j];
            assert_true(l->a >= a && l->b >= b && l->a < l->b);
            assert_memory_equal(n->bytes + l->a, n->bytes + l->b, l->len);
            a = l->a + l->len;
            b = l->b + l->len;
        }
    }
    return m;
}

static void finds_nothing_in_a_text_that_says_all_once(void **state)
{
    (void)state;
    struct norm n = norm_of(slice_of(passage));
    struct matches m = find(&n);
    assert_int_equal(m.nchains, 0);
    matches_free(&m);
    norm_free(&n);
}

static void extends_a_match_to_its_last_letter_on_both_sides(void **state)
{
    (void)state;
    char text[400];
    snprintf(text, sizeof text, "alone xy%sq. Then again zy%sr", passage, passage);
    struct norm n = norm_of(slice_of(text));
    struct matches m = find(&n);
    assert_int_equal(m.nchains, 1);
    assert_int_equal(m.chains[0].count, 1);
    struct link l = m.links[m.chains[0].first];
    assert_int_equal(l.a, 6); /* the y */
    assert_int_equal(l.len, 1 + 57);
    matches_free(&m);
    norm_free(&n);
}

static void never_splits_a_character(void **state)
{
    (void)state;
    /* The Cyrillic п and the Greek ο share their last byte, о and п their first. */
    const char *text = "п пароход уходит на рассвете с апельсинами о. "
                       "ο пароход уходит на рассвете с апельсинами п.";
    struct norm n = norm_of(slice_of(text));
    struct matches m = find(&n);
    assert_int_equal(m.nchains, 1);
    struct link l = m.links[m.chains[0].first];
    assert_true((n.bytes[l.a] & 0xc0) != 0x80);
    assert_true((n.bytes[l.a + l.len] & 0xc0) != 0x80);
    assert_int_equal(norm_text_at(&n, l.a), 3);
    matches_free(&m);
    norm_free(&n);
}

static void chains_over_an_edited_word(void **state)
{
    (void)state;
    const char *text =
        "The old ferry left the northern pier at dawn with forty crates of oranges and a brown dog. "
        "Quite another line stands between. "
        "The old ferry left the northern pier at dusk with forty crates of oranges and a brown dog.";
    struct norm n = norm_of(slice_of(text));
    struct matches m = find(&n);
    assert_int_equal(m.nchains, 1);
    assert_int_equal(m.chains[0].count, 2);
    const struct link *l = &m.links[m.chains[0].first];
    /* "d" of both words is shared, "awn" and "usk" are not */
    assert_int_equal(l[1].a - l[0].a - l[0].len, 3);
    assert_int_equal(l[1].b - l[0].b - l[0].len, 3);
    matches_free(&m);
    norm_free(&n);
}

static void aligns_the_words_of_a_gap(void **state)
{
    (void)state;
    struct norm n = norm_of(slice_of("one two three four five / one three 4 five six"));
    struct link links[BRIDGE_MAX];
    uint32_t a_end = n.words[5];
    size_t count = match_bridge(&n, 0, a_end, a_end, n.len, links);
    assert_int_equal(count, 3); /* one, three, five */
    assert_int_equal(links[1].a, n.words[2]);
    assert_int_equal(links[1].b, n.words[6]);
    norm_free(&n);
}

static void aligns_nothing_of_a_range_with_too_many_words(void **state)
{
    (void)state;
    char text[4 * (BRIDGE_MAX + 1) + 1] = "";
    for (int i = 0; i <= BRIDGE_MAX; i++)
        strcat(text, "a b ");
    struct norm n = norm_of(slice_of(text));
    struct link links[BRIDGE_MAX];
    assert_int_equal(match_bridge(&n, 0, n.len / 2, n.len / 2, n.len, links), 0);
    norm_free(&n);
}

/* --- what it costs ------------------------------------------------------------------ */

enum { LARGE = 1 << 20 };

static uint64_t work_per_byte(const char *unit, size_t unit_len)
{
    char *text = malloc(LARGE);
    assert_non_null(text);
    for (size_t i = 0; i < LARGE; i++)
        text[i] = unit[i % unit_len];
    struct norm n = norm_of((struct slice){text, LARGE});
    struct matches m = {0};
    assert_int_equal(match_find(&n, 40, &m), WINNOW_OK);
    uint64_t ret = m.work / LARGE;
    matches_free(&m);
    norm_free(&n);
    free(text);
    return ret;
}

static void costs_the_same_a_byte_for_one_character_and_every_period(void **state)
{
    (void)state;
    char unit[101];
    assert_in_range(work_per_byte("a", 1), 0, 2);
    for (size_t period = 2; period <= 100; period++) {
        for (size_t i = 0; i < period; i++)
            unit[i] = (char)("abcde fghijk lm nopqr"[(i * i + period) % 21]);
        unit[period - 1] = ' ';
        assert_in_range(work_per_byte(unit, period), 0, 8);
    }
}

static void costs_little_more_for_a_text_of_three_words(void **state)
{
    (void)state;
    /* Every passage of such a text stands somewhere else, a little longer. */
    char *text = malloc(LARGE);
    assert_non_null(text);
    uint64_t random = 1;
    for (size_t i = 0; i < LARGE; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        text[i] = i % 6 == 5 ? ' ' : i % 6 ? text[i - 1] : "xyz"[(random >> 33) % 3];
    }
    struct norm n = norm_of((struct slice){text, LARGE});
    struct matches m = {0};
    assert_int_equal(match_find(&n, 40, &m), WINNOW_OK);
    assert_in_range(m.work / LARGE, 0, 10);
    assert_in_range(m.nlinks, 0, n.nwords);
    matches_free(&m);
    norm_free(&n);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_nothing_in_a_text_that_says_all_once),
        cmocka_unit_test(extends_a_match_to_its_last_letter_on_both_sides),
        cmocka_unit_test(never_splits_a_character),
        cmocka_unit_test(chains_over_an_edited_word),
        cmocka_unit_test(aligns_the_words_of_a_gap),
        cmocka_unit_test(aligns_nothing_of_a_range_with_too_many_words),
        cmocka_unit_test(costs_the_same_a_byte_for_one_character_and_every_period),
        cmocka_unit_test(costs_little_more_for_a_text_of_three_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
