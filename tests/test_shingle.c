/* test_shingle.c - hashes at word starts, and what winnowing and anchors promise: each at
 * its edge, always kept there and not one step before it. */
#include "testing.h"

#include "shingle.h"

enum { K = 32, W = 8, TRIALS = 2000 };

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* count words of 2 to 7 letters. */
static void add_words(char *text, size_t count, uint64_t *random)
{
    char *p = text + strlen(text);
    for (size_t i = 0; i < count; i++) {
        size_t len = 2 + next_random(random) % 6;
        for (size_t j = 0; j < len; j++)
            *p++ = (char)('a' + next_random(random) % 26);
        *p++ = ' ';
    }
    *p = '\0';
}

static struct norm norm_of(const char *text)
{
    struct norm n;
    norm_init(&n);
    assert_int_equal(norm_add(&n, slice_of(text), 0, false), WINNOW_OK);
    return n;
}

static struct shingles all_of(const struct norm *n)
{
    struct shingle_key key = shingle_key_of(1);
    struct shingles s = {0};
    assert_int_equal(shingle_all(n, 0, n->nwords, K, &key, &s), WINNOW_OK);
    return s;
}

static struct shingles winnowed_of(const struct shingles *all)
{
    struct shingles s = {0};
    assert_int_equal(shingle_winnow(all, W, &s), WINNOW_OK);
    return s;
}

static bool share_one(const struct shingles *x, const struct shingles *y)
{
    for (size_t i = 0; i < x->count; i++)
        for (size_t j = 0; j < y->count; j++)
            if (x->items[i].hash == y->items[j].hash)
                return true;
    return false;
}

static void hashes_every_word_start_that_has_room(void **state)
{
    (void)state;
    char text[500] = "";
    uint64_t random = 1;
    add_words(text, 40, &random);
    struct norm n = norm_of(text);
    struct shingles s = all_of(&n);
    size_t want = 0;
    while (want < n.nwords && n.len - norm_word(&n, (uint32_t)want) >= K)
        want++;
    assert_int_equal(s.count, want);
    for (size_t i = 0; i < s.count; i++)
        assert_int_equal(s.items[i].pos, norm_word(&n, (uint32_t)i));
    shingles_free(&s);
    norm_free(&n);
}

static void has_no_shingle_of_a_text_below_its_length(void **state)
{
    (void)state;
    struct norm n = norm_of("thirty-one letters are not enough");
    assert_int_equal(n.len, 28);
    struct shingles s = all_of(&n), w = {0};
    assert_int_equal(s.count, 0);
    assert_int_equal(shingle_winnow(&s, W, &w), WINNOW_OK);
    assert_int_equal(w.count, 0);
    norm_free(&n);
    n = norm_of("but thirty-two letters are just enough");
    assert_int_equal(n.len, K);
    shingles_free(&s);
    s = all_of(&n);
    assert_int_equal(s.count, 1);
    shingles_free(&s);
    shingles_free(&w);
    norm_free(&n);
}

static void takes_part_of_the_words_where_asked(void **state)
{
    (void)state;
    char text[500] = "";
    uint64_t random = 2;
    add_words(text, 40, &random);
    struct norm n = norm_of(text);
    struct shingles all = all_of(&n), part = {0};
    struct shingle_key key = shingle_key_of(1);
    assert_int_equal(shingle_all(&n, 5, 9, K, &key, &part), WINNOW_OK);
    assert_int_equal(part.count, 4);
    assert_memory_equal(&part.items[0].hash, &all.items[5].hash, sizeof(uint64_t));
    assert_int_equal(shingle_all(&n, 1000, 2000, K, &key, &part), WINNOW_OK);
    assert_int_equal(part.count, 0);
    shingles_free(&all);
    shingles_free(&part);
    norm_free(&n);
}

/* --- the hash ---------------------------------------------------------------------- */

static uint64_t hash_of(const char *text, unsigned k, uint64_t number)
{
    struct norm n = norm_of(text);
    struct shingle_key key = shingle_key_of(number);
    struct shingles s = {0};
    assert_int_equal(shingle_all(&n, 0, 1, k, &key, &s), WINNOW_OK);
    assert_int_equal(s.count, 1);
    uint64_t ret = s.items[0].hash;
    shingles_free(&s);
    norm_free(&n);
    return ret;
}

static void hashes_by_the_key(void **state)
{
    (void)state;
    const char *text = "the same words under two keys are not the same hash";
    assert_true(hash_of(text, K, 1) == hash_of(text, K, 1));
    for (uint64_t number = 2; number < 100; number++)
        assert_true(hash_of(text, K, 1) != hash_of(text, K, number));
}

static void makes_another_key_of_a_page_that_differs_by_a_letter(void **state)
{
    (void)state;
    struct norm x = norm_of("A page that says this"), y = norm_of("A page that says thus");
    struct shingle_key of_x = shingle_key_of_stream(&x), of_y = shingle_key_of_stream(&y);
    for (size_t i = 0; i < 4; i++)
        assert_true(of_x.secrets[i] != of_y.secrets[i]);
    struct norm again = norm_of("a PAGE that says 'this'");
    struct shingle_key of_again = shingle_key_of_stream(&again);
    assert_memory_equal(&of_x, &of_again, sizeof of_x);
    norm_free(&x);
    norm_free(&y);
    norm_free(&again);
}

static void hashes_each_of_k_bytes_and_no_more(void **state)
{
    (void)state;
    static const unsigned lengths[] = {16, 17, 24, 31, 32, 33, 48, 63, 64};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        unsigned k = lengths[i];
        char text[100];
        memset(text, 'a', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        uint64_t plain = hash_of(text, k, 1);
        for (unsigned at = 0; at < k + 4; at++) {
            text[at] = 'b';
            assert_int_equal(hash_of(text, k, 1) != plain, at < k);
            text[at] = 'a';
        }
    }
}

static void takes_the_least_length_for_less(void **state)
{
    (void)state;
    assert_true(hash_of("sixteen and more letters", 3, 1) ==
                hash_of("sixteen and more letters", SHINGLE_MIN, 1));
}

/* --- what is promised --------------------------------------------------------------- */

/* Two random texts around one run: the letters up to `bytes` behind the last of `words`
 * word starts.  Where a block is wanted, the run starts one in both. */
struct trial {
    struct norm x, y;
    struct shingles all_x, all_y;
    struct shingle_block block_x, block_y;
};

static struct trial make_trial(uint32_t words, uint32_t bytes, uint64_t random)
{
    static char run[2000], x[6000], y[6000];
    *run = *x = *y = '\0';
    add_words(run, words + 2 * bytes, &random);
    struct norm n = norm_of(run);
    uint32_t letters = norm_word(&n, words - 1) + bytes, seen = 0;
    norm_free(&n);
    char *end = run;
    while (seen < letters)
        seen += *end++ != ' ';
    *end = '\0';
    add_words(x, 30, &random);
    add_words(y, 37, &random);
    struct norm before_x = norm_of(x), before_y = norm_of(y);
    strcat(strcat(x, run), "x ");
    strcat(strcat(y, run), "y ");
    add_words(x, 30, &random);
    add_words(y, 30, &random);
    struct trial t = {.x = norm_of(x), .y = norm_of(y)};
    t.all_x = all_of(&t.x);
    t.all_y = all_of(&t.y);
    t.block_x = (struct shingle_block){before_x.len, t.x.len};
    t.block_y = (struct shingle_block){before_y.len, before_y.len + letters};
    norm_free(&before_x);
    norm_free(&before_y);
    return t;
}

static void free_trial(struct trial *t)
{
    norm_free(&t->x);
    norm_free(&t->y);
    shingles_free(&t->all_x);
    shingles_free(&t->all_y);
}

static bool all_meet(uint32_t bytes, uint64_t seed)
{
    struct trial t = make_trial(1, bytes, seed);
    bool met = share_one(&t.all_x, &t.all_y);
    free_trial(&t);
    return met;
}

static bool winnowed_meet(uint32_t words, uint32_t bytes, uint64_t seed)
{
    struct trial t = make_trial(words, bytes, seed);
    struct shingles x = winnowed_of(&t.all_x), y = winnowed_of(&t.all_y);
    bool met = share_one(&x, &y);
    shingles_free(&x);
    shingles_free(&y);
    free_trial(&t);
    return met;
}

/* A block of x, and one of y that is the same cut short after so many bytes. */
static bool anchored_meet(uint32_t bytes, uint64_t seed)
{
    struct trial t = make_trial(1, bytes, seed);
    struct shingles wx = winnowed_of(&t.all_x), wy = winnowed_of(&t.all_y), x = {0}, y = {0};
    assert_int_equal(shingle_anchor(&t.x, &t.all_x, &wx, K, &t.block_x, 1, 25, &x), WINNOW_OK);
    assert_int_equal(shingle_anchor(&t.y, &t.all_y, &wy, K, &t.block_y, 1, 0, &y), WINNOW_OK);
    bool met = share_one(&x, &y);
    shingles_free(&wx);
    shingles_free(&wy);
    shingles_free(&x);
    shingles_free(&y);
    free_trial(&t);
    return met;
}

static void all_shingles_meet_in_k_bytes_and_in_no_less(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= TRIALS; seed++) {
        assert_true(all_meet(K, seed));
        assert_false(all_meet(K - 1, seed));
    }
}

static void finds_every_shared_run_that_fills_a_window(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= TRIALS; seed++)
        assert_true(winnowed_meet(W, K, seed));
}

/* The promise ends there: were it kept for less, nothing would have been thinned. */
static void may_miss_a_run_one_word_or_byte_short_of_a_window(void **state)
{
    (void)state;
    size_t word = 0, byte = 0;
    for (uint64_t seed = 1; seed <= TRIALS; seed++) {
        word += !winnowed_meet(W - 1, K, seed);
        byte += !winnowed_meet(W, K - 1, seed);
    }
    assert_in_range(word, 1, TRIALS / 2);
    assert_in_range(byte, 1, TRIALS / 2);
}

static void finds_a_block_that_was_cut_down_to_k_bytes(void **state)
{
    (void)state;
    size_t by_windows = 0;
    for (uint64_t seed = 1; seed <= TRIALS; seed++) {
        assert_true(anchored_meet(K, seed));
        assert_false(anchored_meet(K - 1, seed));
        by_windows += winnowed_meet(1, K, seed);
    }
    assert_in_range(by_windows, 1, TRIALS / 4); /* without anchors: few */
}

/* --- anchors ------------------------------------------------------------------------- */

static void expect_anchored(const struct shingle_block *blocks, size_t count, uint32_t min_words,
                            const char *want)
{
    /* Twelve words of eight letters: every eighth byte starts one. */
    struct norm n = norm_of("aaaaaaaa bbbbbbbb cccccccc dddddddd eeeeeeee ffffffff "
                            "gggggggg hhhhhhhh iiiiiiii jjjjjjjj kkkkkkkk llllllll");
    struct shingle winnowed_items[] = {{0, 8}, {0, 32}, {0, 64}};
    struct shingles all = all_of(&n), winnowed = {winnowed_items, 3, 3}, s = {0};
    assert_int_equal(shingle_anchor(&n, &all, &winnowed, K, blocks, count, min_words, &s),
                     WINNOW_OK);
    char got[200] = "";
    for (size_t i = 0; i < s.count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%u ", s.items[i].pos);
    assert_string_equal(got, want);
    shingles_free(&all);
    shingles_free(&s);
    norm_free(&n);
}

static void anchors_the_first_shingle_of_every_block(void **state)
{
    (void)state;
    const struct shingle_block two[] = {{0, 48}, {48, 96}};
    expect_anchored(two, 2, 0, "0 8 32 48 64 ");
    expect_anchored(two, 2, 6, "0 8 32 48 64 ");
    expect_anchored(NULL, 0, 0, "8 32 64 ");
}

static void anchors_no_block_with_too_few_words_or_bytes(void **state)
{
    (void)state;
    const struct shingle_block words[] = {{0, 48}, {48, 96}};
    expect_anchored(words, 2, 7, "8 32 64 ");
    const struct shingle_block bytes[] = {{0, 31}, {40, 72}};
    expect_anchored(bytes, 2, 0, "8 32 40 64 ");
    const struct shingle_block last[] = {{72, 96}};
    expect_anchored(last, 1, 0, "8 32 64 ");
}

static void anchors_a_block_that_starts_in_a_word_at_the_next(void **state)
{
    (void)state;
    const struct shingle_block block[] = {{41, 96}};
    expect_anchored(block, 1, 0, "8 32 48 64 ");
}

static void keeps_a_shingle_that_is_winnowed_and_an_anchor_once(void **state)
{
    (void)state;
    const struct shingle_block blocks[] = {{8, 40}, {64, 96}};
    expect_anchored(blocks, 2, 0, "8 32 64 ");
}

/* --- winnowing ----------------------------------------------------------------------- */

static void expect_winnowed(const uint64_t *hashes, size_t count, unsigned w, const char *want)
{
    struct shingle items[20];
    for (size_t i = 0; i < count; i++)
        items[i] = (struct shingle){hashes[i] << 7, (uint32_t)i};
    struct shingles all = {items, count, count}, s = {0};
    assert_int_equal(shingle_winnow(&all, w, &s), WINNOW_OK);
    char got[200] = "";
    for (size_t i = 0; i < s.count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%u ", s.items[i].pos);
    assert_string_equal(got, want);
    shingles_free(&s);
}

static void keeps_the_smallest_of_each_window(void **state)
{
    (void)state;
    const uint64_t mixed[] = {77, 74, 42, 17, 98, 50, 17, 98, 8, 88, 67, 39, 77, 74, 42, 17, 98};
    expect_winnowed(mixed, 17, 4, "3 6 8 11 15 ");
    const uint64_t rising[] = {1, 2, 3, 4, 5, 6};
    expect_winnowed(rising, 6, 3, "0 1 2 3 ");
}

static void keeps_the_rightmost_of_equals(void **state)
{
    (void)state;
    const uint64_t equal[] = {5, 5, 5, 5, 5};
    expect_winnowed(equal, 5, 3, "2 3 4 ");
}

static void keeps_one_of_less_than_a_window(void **state)
{
    (void)state;
    const uint64_t few[] = {9, 4, 6};
    expect_winnowed(few, 3, 10, "1 ");
    expect_winnowed(few, 0, 10, "");
}

/* As the paper says it, window by window. */
static size_t winnow_plainly(const struct shingles *all, size_t w, uint32_t *ret)
{
    size_t count = 0;
    w = w > all->count ? all->count : w;
    for (size_t start = 0; w > 0 && start + w <= all->count; start++) {
        size_t min = start;
        for (size_t i = start; i < start + w; i++)
            if (all->items[i].hash >> 7 <= all->items[min].hash >> 7)
                min = i;
        if (count == 0 || ret[count - 1] != min)
            ret[count++] = (uint32_t)min;
    }
    return count;
}

static void keeps_what_the_paper_keeps(void **state)
{
    (void)state;
    struct shingle items[300];
    uint64_t random = 9;
    for (unsigned w = 1; w <= SHINGLE_WINDOW_MAX; w++)
        for (size_t count = 0; count <= 300; count += 1 + w / 2) {
            uint32_t want[300];
            for (size_t i = 0; i < count; i++) /* few values: many are equal */
                items[i] = (struct shingle){next_random(&random) % (w + 5) << 7, (uint32_t)i};
            struct shingles all = {items, count, count}, s = {0};
            assert_int_equal(shingle_winnow(&all, w, &s), WINNOW_OK);
            assert_int_equal(s.count, winnow_plainly(&all, w, want));
            for (size_t i = 0; i < s.count; i++)
                assert_int_equal(s.items[i].pos, want[i]);
            shingles_free(&s);
        }
}

static void takes_the_largest_window_for_more(void **state)
{
    (void)state;
    struct shingle items[200];
    for (size_t i = 0; i < 200; i++)
        items[i] = (struct shingle){i << 7, (uint32_t)i};
    struct shingles all = {items, 200, 200}, s = {0};
    assert_int_equal(shingle_winnow(&all, 1000, &s), WINNOW_OK);
    assert_int_equal(s.count, 200 - SHINGLE_WINDOW_MAX + 1);
    shingles_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_every_word_start_that_has_room),
        cmocka_unit_test(has_no_shingle_of_a_text_below_its_length),
        cmocka_unit_test(takes_part_of_the_words_where_asked),
        cmocka_unit_test(hashes_by_the_key),
        cmocka_unit_test(makes_another_key_of_a_page_that_differs_by_a_letter),
        cmocka_unit_test(hashes_each_of_k_bytes_and_no_more),
        cmocka_unit_test(takes_the_least_length_for_less),
        cmocka_unit_test(all_shingles_meet_in_k_bytes_and_in_no_less),
        cmocka_unit_test(finds_every_shared_run_that_fills_a_window),
        cmocka_unit_test(may_miss_a_run_one_word_or_byte_short_of_a_window),
        cmocka_unit_test(finds_a_block_that_was_cut_down_to_k_bytes),
        cmocka_unit_test(anchors_the_first_shingle_of_every_block),
        cmocka_unit_test(anchors_no_block_with_too_few_words_or_bytes),
        cmocka_unit_test(anchors_a_block_that_starts_in_a_word_at_the_next),
        cmocka_unit_test(keeps_a_shingle_that_is_winnowed_and_an_anchor_once),
        cmocka_unit_test(keeps_the_smallest_of_each_window),
        cmocka_unit_test(keeps_the_rightmost_of_equals),
        cmocka_unit_test(keeps_one_of_less_than_a_window),
        cmocka_unit_test(keeps_what_the_paper_keeps),
        cmocka_unit_test(takes_the_largest_window_for_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
