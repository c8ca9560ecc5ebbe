/* test_verdict.c - marks become spans that cover the text. */
#include "testing.h"

#include "verdict.h"

static struct verdicts with_text(uint32_t len)
{
    struct verdicts v;
    assert_int_equal(verdict_init(&v, len), WINNOW_OK);
    return v;
}

static uint32_t reason(struct verdicts *v, const char *text)
{
    return verdict_reason(v, (struct reason){.stage = "test", .text = text});
}

/* "0-3 kept; 3-7 gone" */
static void expect_spans(struct verdicts *v, const char *want)
{
    char got[2000] = "";
    assert_int_equal(verdict_settle(v), WINNOW_OK);
    for (size_t i = 0; i < v->count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%u-%u %s", i ? "; " : "",
                 v->spans[i].start, v->spans[i].end, v->reasons[v->spans[i].reason].text);
    assert_string_equal(got, want);
}

static void joins_removals_side_by_side_that_share_their_words(void **state)
{
    (void)state;
    struct verdicts v = with_text(10);
    uint32_t a = reason(&v, "copy"), b = reason(&v, v.reasons[a].text), c = reason(&v, "other");
    verdict_remove(&v, 1, 3, a);
    verdict_remove(&v, 3, 5, b);
    verdict_remove(&v, 5, 7, c);
    verdict_remove(&v, 8, 9, b);
    expect_spans(&v, "0-1 kept; 1-3 copy; 3-5 copy; 5-7 other; 7-8 kept; 8-9 copy; 9-10 kept");
    verdict_join(&v);
    expect_spans(&v, "0-1 kept; 1-5 copy; 5-7 other; 7-8 kept; 8-9 copy; 9-10 kept");
    verdict_free(&v);
}

static void keeps_all_where_nothing_is_marked(void **state)
{
    (void)state;
    struct verdicts v = with_text(5), empty = with_text(0);
    expect_spans(&v, "0-5 kept");
    expect_spans(&empty, "");
    verdict_free(&v);
    verdict_free(&empty);
}

static void gives_overlapping_bytes_to_the_first_mark(void **state)
{
    (void)state;
    struct verdicts v = with_text(20);
    uint32_t a = reason(&v, "a"), b = reason(&v, "b"), c = reason(&v, "c");
    verdict_remove(&v, 5, 10, a);
    verdict_remove(&v, 0, 20, b);
    verdict_remove(&v, 8, 12, c);
    expect_spans(&v, "0-5 b; 5-10 a; 10-20 b");
    verdict_free(&v);
}

static void leaves_what_an_earlier_settling_decided(void **state)
{
    (void)state;
    struct verdicts v = with_text(10);
    verdict_remove(&v, 2, 4, reason(&v, "first"));
    expect_spans(&v, "0-2 kept; 2-4 first; 4-10 kept");
    verdict_remove(&v, 0, 6, reason(&v, "later"));
    expect_spans(&v, "0-2 later; 2-4 first; 4-6 later; 6-10 kept");
    verdict_free(&v);
}

static void protects_bytes_from_every_later_mark(void **state)
{
    (void)state;
    struct verdicts v = with_text(10);
    verdict_remove(&v, 0, 10, reason(&v, "gone"));
    verdict_protect(&v, 3, 5, reason(&v, "held"));
    expect_spans(&v, "0-3 gone; 3-5 held; 5-10 gone");
    verdict_remove(&v, 0, 10, reason(&v, "again"));
    expect_spans(&v, "0-3 gone; 3-5 held; 5-10 gone");
    verdict_free(&v);
}

static void cuts_marks_at_the_end_of_the_text(void **state)
{
    (void)state;
    struct verdicts v = with_text(4);
    verdict_remove(&v, 2, 99, reason(&v, "end"));
    verdict_remove(&v, 7, 9, reason(&v, "outside"));
    verdict_remove(&v, 3, 3, reason(&v, "empty"));
    expect_spans(&v, "0-2 kept; 2-4 end");
    verdict_free(&v);
}

static void removes_a_replacement_with_what_holds_it(void **state)
{
    (void)state;
    struct verdicts v = with_text(10);
    verdict_replace(&v, 4, 5, (struct slice){"x", 1}, reason(&v, "mended"));
    expect_spans(&v, "0-4 kept; 4-5 mended; 5-10 kept");
    verdict_remove(&v, 2, 8, reason(&v, "gone"));
    expect_spans(&v, "0-2 kept; 2-8 gone; 8-10 kept");
    verdict_free(&v);
}

static void takes_a_replacement_whole_or_not_at_all(void **state)
{
    (void)state;
    struct verdicts v = with_text(20);
    uint32_t r = reason(&v, "with"), gone = reason(&v, "gone");
    verdict_remove(&v, 4, 6, gone);
    verdict_replace(&v, 5, 8, (struct slice){"x", 1}, r);
    verdict_replace(&v, 10, 12, (struct slice){"y", 1}, r);
    expect_spans(&v, "0-4 kept; 4-6 gone; 6-10 kept; 10-12 with; 12-20 kept");
    verdict_free(&v);
}

static void walks_kept_bytes_and_replacements_in_order(void **state)
{
    (void)state;
    struct verdicts v = with_text(10);
    verdict_remove(&v, 0, 2, reason(&v, "gone"));
    verdict_replace(&v, 4, 5, (struct slice){"XY", 2}, reason(&v, "with"));
    verdict_replace(&v, 7, 8, (struct slice){"", 0}, reason(&v, "empty"));
    assert_int_equal(verdict_settle(&v), WINNOW_OK);
    struct verdict_walk w = verdict_walk(&v, "0123456789", 1, 9);
    struct slice piece;
    uint32_t at;
    char got[40] = "";
    while (verdict_next(&w, &piece, &at))
        snprintf(got + strlen(got), sizeof got - strlen(got), "%u:%.*s ", at, (int)piece.len,
                 piece.p);
    assert_string_equal(got, "2:23 4:XY 5:56 8:8 ");
    verdict_free(&v);
}

/* Any marks at all: the spans stay a cover, and the first mark has each byte. */
static void covers_the_text_whatever_is_marked(void **state)
{
    (void)state;
    uint32_t seed = 12345;
    for (unsigned round = 0; round < 200; round++) {
        enum { LEN = 64 };
        struct verdicts v = with_text(LEN);
        int want[LEN];
        memset(want, 0, sizeof want);
        for (unsigned m = 0; m < 20; m++) {
            seed = seed * 1664525u + 1013904223u;
            uint32_t a = seed >> 8 & 63, b = seed >> 16 & 63;
            uint32_t r = reason(&v, "r");
            verdict_remove(&v, a, b, r);
            for (uint32_t i = a; i < b; i++)
                want[i] = want[i] ? want[i] : (int)r;
            if (m % 5 == 4)
                assert_int_equal(verdict_settle(&v), WINNOW_OK);
        }
        uint32_t at = 0;
        for (size_t i = 0; i < v.count; i++) {
            assert_int_equal(v.spans[i].start, at);
            for (; at < v.spans[i].end; at++)
                assert_int_equal(v.spans[i].reason, want[at]);
        }
        assert_int_equal(at, LEN);
        verdict_free(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_all_where_nothing_is_marked),
        cmocka_unit_test(gives_overlapping_bytes_to_the_first_mark),
        cmocka_unit_test(leaves_what_an_earlier_settling_decided),
        cmocka_unit_test(protects_bytes_from_every_later_mark),
        cmocka_unit_test(cuts_marks_at_the_end_of_the_text),
        cmocka_unit_test(removes_a_replacement_with_what_holds_it),
        cmocka_unit_test(takes_a_replacement_whole_or_not_at_all),
        cmocka_unit_test(walks_kept_bytes_and_replacements_in_order),
        cmocka_unit_test(covers_the_text_whatever_is_marked),
        cmocka_unit_test(joins_removals_side_by_side_that_share_their_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
