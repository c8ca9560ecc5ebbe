/* test_repeat_properties.c - what holds of every page that says things twice: pages of
 * random sentences in nine scripts, with copies, cut, edited, nested, one over the other.
 *
 * Pages and what is asked of them are the fuzzer's; here the dice are a generator's.  A
 * failure tells its page's seed, and WINNOW_SEED=<seed> tries that page alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static unsigned long seed; /* of the page at hand */

static _Noreturn void fail_page(void)
{
    fail_msg("see the line above; the page's seed: %lu", seed);
    for (;;)
        ;
}

#define abort fail_page
#include "fuzz/fuzz_repeat.c"
#undef abort

enum { TRIALS = 400 /* pages of each test */, DICE_MAX = 700 };

typedef void trial_fn(const struct made *m, const struct winnow_page *page, struct text written);

/* Dice for the page of the seed: few more often than many. */
static size_t fill(uint8_t dice[DICE_MAX])
{
    uint64_t h = mix(seed + 0x5EED);
    size_t n = (size_t)8 << (h % 6);
    n += (h >> 8) % n;
    n = n < DICE_MAX ? n : DICE_MAX;
    for (size_t i = 0; i < n; i++, h += 0x9E3779B97F4A7C15u)
        dice[i] = (uint8_t)(mix(h) >> 24);
    return n;
}

static void try_page(trial_fn *trial)
{
    uint8_t dice[DICE_MAX];
    struct made m;
    make_page(&m, dice, fill(dice));
    struct winnow_page *page = clean_dump(cleaner, m.text);
    struct text written = render(page, WINNOW_TEXT);
    trial(&m, page, written);
    free(m.text.data);
    free(written.data);
    winnow_page_free(page);
}

static void try_pages(unsigned long first, trial_fn *trial)
{
    const char *only = getenv("WINNOW_SEED");
    for (unsigned long i = 0; i < (only ? 1 : TRIALS); i++) {
        seed = only ? strtoul(only, NULL, 10) : first + i;
        try_page(trial);
    }
}

/* --- tests -------------------------------------------------------------------------------- */

static void try_same(const struct made *m, const struct winnow_page *page, struct text written)
{
    static struct made other; /* the page before this one */
    struct text record = render(page, WINNOW_JSONL);
    (void)written;
    check_same(cleaner, m->text, record.data);
    if (other.text.data) {
        winnow_page_free(clean_dump(cleaner, other.text));
        check_same(cleaner, m->text, record.data);
    }
    free(other.text.data);
    other = (struct made){0};
    if (seed % TRIALS != TRIALS - 1 && !getenv("WINNOW_SEED")) {
        other.text = (struct text){calloc(1, 1), 0};
        add(&other.text, m->text.data, m->text.len);
    }
    free(record.data);
}

static void gives_the_same_page_the_same_result_whatever_came_before(void **state)
{
    (void)state;
    try_pages(10000, try_same);
}

static void try_named(const struct made *m, const struct winnow_page *page, struct text written)
{
    (void)written;
    check_named(page, m->exact);
}

static void names_for_all_that_goes_a_passage_that_stays_and_says_the_same(void **state)
{
    (void)state;
    try_pages(20000, try_named);
}

static void try_sentences(const struct made *m, const struct winnow_page *page, struct text written)
{
    (void)page;
    check_sentences(m, written);
}

static void keeps_a_copy_of_every_sentence_where_whole_lines_were_copied(void **state)
{
    (void)state;
    try_pages(30000, try_sentences);
    try_pages(40000, try_sentences); /* two pages of three are of other kinds */
}

static void try_edges(const struct made *m, const struct winnow_page *page, struct text written)
{
    (void)m;
    (void)written;
    check_edges(page);
}

static void cuts_no_word_and_no_sentence_and_joins_none(void **state)
{
    (void)state;
    try_pages(50000, try_edges);
}

static void try_written(const struct made *m, const struct winnow_page *page, struct text written)
{
    (void)m;
    check_cover(page);
    check_written(page, written);
}

static void writes_all_that_did_not_go_as_valid_utf8(void **state)
{
    (void)state;
    try_pages(60000, try_written);
}

static void try_stable(const struct made *m, const struct winnow_page *page, struct text written)
{
    (void)m;
    (void)page;
    check_stable(cleaner, written);
}

static void changes_nothing_in_what_it_has_cleaned(void **state)
{
    (void)state;
    try_pages(70000, try_stable);
}

/* --- the dice are worth throwing ------------------------------------------------------------ */

static size_t gone, cut, exact_pages; /* counted over the pages of a test */

static void count_repeats(const struct made *m, const struct winnow_page *page, struct text written)
{
    (void)written;
    exact_pages += m->exact;
    for (size_t i = 0; i < winnow_page_spans(page); i++) {
        struct winnow_span s = winnow_page_span(page, i);
        gone += is_repeat(s);
        cut += is_repeat(s) && strstr(s.reason, "cut short") != NULL;
    }
}

static void throws_dice_that_make_copies_whole_and_cut(void **state)
{
    (void)state;
    if (getenv("WINNOW_SEED"))
        skip();
    gone = cut = exact_pages = 0;
    try_pages(80000, count_repeats);
    assert_in_range(exact_pages, TRIALS / 5, TRIALS / 2);
    assert_in_range(gone, TRIALS, 100 * TRIALS);
    assert_in_range(cut, TRIALS / 10, 100 * TRIALS);
}

static int open_cleaner(void **state)
{
    (void)state;
    return LLVMFuzzerInitialize(NULL, NULL);
}

static int close_cleaner(void **state)
{
    (void)state;
    winnow_free(cleaner);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_same_page_the_same_result_whatever_came_before),
        cmocka_unit_test(names_for_all_that_goes_a_passage_that_stays_and_says_the_same),
        cmocka_unit_test(keeps_a_copy_of_every_sentence_where_whole_lines_were_copied),
        cmocka_unit_test(cuts_no_word_and_no_sentence_and_joins_none),
        cmocka_unit_test(writes_all_that_did_not_go_as_valid_utf8),
        cmocka_unit_test(changes_nothing_in_what_it_has_cleaned),
        cmocka_unit_test(throws_dice_that_make_copies_whole_and_cut),
    };
    return cmocka_run_group_tests(tests, open_cleaner, close_cleaner);
}
