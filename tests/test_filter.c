/* test_filter.c - the filter never says no to a key that it has, and seldom yes to another. */
#include "testing.h"

#include "store/filter.h"
#include "winnow.h"

enum { KEYS = 20000, SOME = 150 /* at a time, so that the last ones fill no stretch */ };

/* Key i of a kind; even over all 64 bits, as those of runs are. */
static uint64_t key_of_kind(uint64_t kind, uint64_t i)
{
    uint64_t key = (kind << 32 | i) * UINT64_C(0x9E3779B97F4A7C15);
    key ^= key >> 29;
    key *= UINT64_C(0xD1342543DE82EF95);
    return key ^ key >> 32;
}

static void fill(uint64_t kind, uint64_t from, size_t count, uint64_t *ret)
{
    for (size_t i = 0; i < count; i++)
        ret[i] = key_of_kind(kind, from + i);
}

static void add(struct filter *f, uint64_t kind, uint64_t count)
{
    uint64_t keys[SOME];
    for (uint64_t at = 0, n; at < count; at += n) {
        n = count - at < SOME ? count - at : SOME;
        fill(kind, at, (size_t)n, keys);
        filter_add(f, keys, (size_t)n);
    }
}

static size_t count_passed(const struct filter *f, uint64_t kind, uint64_t count)
{
    uint64_t keys[SOME];
    uint32_t passed[SOME];
    size_t ret = 0;
    for (uint64_t at = 0, n; at < count; at += n) {
        n = count - at < SOME ? count - at : SOME;
        fill(kind, at, (size_t)n, keys);
        ret += filter_pass(f, keys, (size_t)n, passed);
    }
    return ret;
}

static struct filter filter_for(uint64_t keys)
{
    struct filter f = {0};
    assert_int_equal(filter_make(keys, &f), WINNOW_OK);
    return f;
}

static void an_empty_one_lets_nothing_pass(void **state)
{
    (void)state;
    struct filter f = filter_for(0);
    assert_int_equal(count_passed(&f, 1, KEYS), 0);
    assert_false(filter_is_full(&f));
    filter_free(&f);
    assert_null(f.lines);
    filter_free(&f);
}

static void every_key_that_was_added_passes(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 1, 1000, KEYS, 100 * KEYS};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct filter f = filter_for(sizes[i]);
        add(&f, 1, KEYS);
        assert_int_equal(count_passed(&f, 1, KEYS), KEYS);
        assert_int_equal(f.keys, KEYS);
        filter_free(&f);
    }
}

static void the_smallest_and_the_largest_key_have_their_place(void **state)
{
    (void)state;
    const uint64_t keys[] = {0, 1, UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX};
    uint32_t passed[5];
    struct filter f = filter_for(1000);
    filter_add(&f, keys, 5);
    assert_int_equal(filter_pass(&f, keys, 5, passed), 5);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(passed[i], i);
    filter_free(&f);
}

static void names_those_that_pass_by_their_place_and_no_others(void **state)
{
    (void)state;
    uint64_t keys[SOME], added[SOME / 3];
    uint32_t passed[SOME];
    struct filter f = filter_for(KEYS);
    fill(1, 0, SOME, keys);
    for (size_t i = 0; i < SOME / 3; i++)
        added[i] = keys[3 * i + 1];
    filter_add(&f, added, SOME / 3);
    assert_int_equal(filter_pass(&f, keys, SOME, passed), SOME / 3);
    for (uint32_t i = 0; i < SOME / 3; i++)
        assert_int_equal(passed[i], 3 * i + 1);
    filter_free(&f);
}

static void few_foreign_keys_pass_until_it_is_full(void **state)
{
    (void)state;
    struct filter f = filter_for(KEYS);
    add(&f, 1, KEYS);
    assert_false(filter_is_full(&f));
    assert_true(count_passed(&f, 2, KEYS) < KEYS / 1000);
    for (uint64_t kind = 3; !filter_is_full(&f); kind++)
        add(&f, kind, 1000);
    assert_true(f.keys > 3 * KEYS);
    assert_true(count_passed(&f, 2, KEYS) < KEYS / 25);
    assert_false(filter_is_useless(&f));
    filter_free(&f);
}

static void an_overfull_one_is_told_of_and_loses_no_key(void **state)
{
    (void)state;
    struct filter f = filter_for(100);
    add(&f, 1, KEYS);
    assert_true(filter_is_full(&f));
    assert_true(filter_is_useless(&f));
    assert_int_equal(count_passed(&f, 1, KEYS), KEYS);
    filter_free(&f);
}

static void keeps_within_its_bound_and_says_so(void **state)
{
    (void)state;
    static const uint64_t too_many[] = {UINT64_C(410) << 20, UINT64_C(1) << 36, UINT64_MAX};
    struct filter f = {.keys = 7};
    for (size_t i = 0; i < sizeof too_many / sizeof *too_many; i++)
        assert_int_equal(filter_make(too_many[i], &f), WINNOW_ELIMIT);
    assert_int_equal(f.keys, 7);
    /* Memory that is not looked into is not taken. */
    assert_int_equal(filter_make(UINT64_C(409) << 20, &f), WINNOW_OK);
    assert_true(f.count <= (UINT64_C(512) << 20) / 64 + 1);
    assert_false(filter_is_full(&f));
    filter_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_lets_nothing_pass),
        cmocka_unit_test(every_key_that_was_added_passes),
        cmocka_unit_test(the_smallest_and_the_largest_key_have_their_place),
        cmocka_unit_test(names_those_that_pass_by_their_place_and_no_others),
        cmocka_unit_test(few_foreign_keys_pass_until_it_is_full),
        cmocka_unit_test(an_overfull_one_is_told_of_and_loses_no_key),
        cmocka_unit_test(keeps_within_its_bound_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
