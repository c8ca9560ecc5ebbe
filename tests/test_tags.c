/* test_tags.c - the table of elements and its lookup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tags.h"

static void keeps_the_table_sorted_for_its_search(void **state)
{
    (void)state;
    for (unsigned tag = TAG_TEXT + 2; tag < TAG_COUNT; tag++)
        if (strcmp(tag_name((enum tag)(tag - 1)), tag_name((enum tag)tag)) >= 0)
            fail_msg("%s stands before %s", tag_name((enum tag)(tag - 1)),
                     tag_name((enum tag)tag));
}

static void finds_every_name_of_the_table(void **state)
{
    (void)state;
    for (unsigned tag = TAG_TEXT + 1; tag < TAG_COUNT; tag++)
        assert_int_equal(tag_of(slice_of(tag_name((enum tag)tag))), tag);
}

static void finds_names_in_any_case(void **state)
{
    (void)state;
    assert_int_equal(tag_of(slice_of("BlockQuote")), TAG_BLOCKQUOTE);
    assert_int_equal(tag_of(slice_of("TD")), TAG_TD);
    assert_int_equal(tag_of(slice_of("H1")), TAG_H1);
}

static void takes_no_other_name_for_one_of_the_table(void **state)
{
    (void)state;
    static const char *const names[] = {"", "#text", "x", "divs", "di", "blockquotes", "h7", "[iv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(tag_of(slice_of(names[i])), TAG_COUNT);
}

static void knows_flags_and_none_of_strangers(void **state)
{
    (void)state;
    assert_true(tag_flags(TAG_SCRIPT) & TAG_RAW);
    assert_true(tag_flags(TAG_BR) & TAG_VOID);
    assert_int_equal(tag_flags(TAG_TEXT), 0);
    assert_int_equal(tag_flags(TAG_COUNT + 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_table_sorted_for_its_search),
        cmocka_unit_test(finds_every_name_of_the_table),
        cmocka_unit_test(finds_names_in_any_case),
        cmocka_unit_test(takes_no_other_name_for_one_of_the_table),
        cmocka_unit_test(knows_flags_and_none_of_strangers),
    };
    return cmocka_run_group_tests_name("tags", tests, NULL, NULL);
}
