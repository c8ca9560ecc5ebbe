/* test_ranges.c - ranges are joined where they touch, and asked for what they hold. */
#include <stdbool.h>

#include "testing.h"

#include "ranges.h"

static void add(struct ranges *r, uint32_t start, uint32_t end)
{
    assert_int_equal(ranges_add(r, start, end), WINNOW_OK);
}

static void an_empty_set_holds_nothing(void **state)
{
    (void)state;
    struct ranges r = {0};
    ranges_settle(&r);
    assert_false(ranges_hold(&r, 0, 1));
    assert_false(ranges_touch(&r, 0, UINT32_MAX));
    ranges_free(&r);
}

static void ranges_that_touch_or_overlap_hold_what_lies_across_them(void **state)
{
    (void)state;
    struct ranges r = {0};
    add(&r, 30, 40);
    add(&r, 10, 20);
    add(&r, 20, 25);
    add(&r, 12, 15);
    add(&r, 38, 50);
    ranges_settle(&r);
    assert_int_equal(r.count, 2);
    assert_true(ranges_hold(&r, 10, 25));
    assert_true(ranges_hold(&r, 35, 50));
    assert_false(ranges_hold(&r, 9, 25));
    assert_false(ranges_hold(&r, 24, 31));
    assert_false(ranges_hold(&r, 45, 51));
    ranges_free(&r);
}

static void a_range_touches_what_it_shares_a_byte_with(void **state)
{
    (void)state;
    struct ranges r = {0};
    add(&r, 10, 20);
    add(&r, 40, 50);
    ranges_settle(&r);
    assert_true(ranges_touch(&r, 0, 11));
    assert_true(ranges_touch(&r, 19, 30));
    assert_true(ranges_touch(&r, 0, 100));
    assert_false(ranges_touch(&r, 0, 10));
    assert_false(ranges_touch(&r, 20, 40));
    assert_false(ranges_touch(&r, 50, 60));
    ranges_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_set_holds_nothing),
        cmocka_unit_test(ranges_that_touch_or_overlap_hold_what_lies_across_them),
        cmocka_unit_test(a_range_touches_what_it_shares_a_byte_with),
    };
    return cmocka_run_group_tests_name("ranges", tests, NULL, NULL);
}
