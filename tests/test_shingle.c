/* test_shingle.c - hashes at word starts, and the promise of winnowing. */
#include "testing.h"

#include "shingle.h"

enum { K = 32, W = 8 };

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
    struct shingles s = {0};
    assert_int_equal(shingle_all(n, 0, n->nwords, K, 1, &s), WINNOW_OK);
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
    while (want < n.nwords && n.len - n.words[want] >= K)
        want++;
    assert_int_equal(s.count, want);
    for (size_t i = 0; i < s.count; i++)
        assert_int_equal(s.items[i].pos, n.words[i]);
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
    assert_int_equal(shingle_all(&n, 5, 9, K, 1, &part), WINNOW_OK);
    assert_int_equal(part.count, 4);
    assert_memory_equal(&part.items[0].hash, &all.items[5].hash, sizeof(uint64_t));
    assert_int_equal(shingle_all(&n, 1000, 2000, K, 1, &part), WINNOW_OK);
    assert_int_equal(part.count, 0);
    shingles_free(&all);
    shingles_free(&part);
    norm_free(&n);
}

static void hashes_by_the_seed(void **state)
{
    (void)state;
    struct norm n = norm_of("the same words under two seeds are not the same hash");
    struct shingles x = {0}, y = {0};
    assert_int_equal(shingle_all(&n, 0, 1, K, 1, &x), WINNOW_OK);
    assert_int_equal(shingle_all(&n, 0, 1, K, 2, &y), WINNOW_OK);
    assert_true(x.items[0].hash != y.items[0].hash);
    shingles_free(&x);
    shingles_free(&y);
    norm_free(&n);
}

/* Two texts around one run of `shared` shingles; do the winnowed ones meet? */
static bool winnowed_meet(size_t shared, uint64_t seed)
{
    static char run[2000], x[6000], y[6000];
    uint64_t random = seed;
    *run = *x = *y = '\0';
    add_words(run, shared + K, &random);
    struct norm n = norm_of(run);
    /* The run ends K characters after its last word start. */
    uint32_t letters = n.words[shared - 1] + K;
    char *end = run;
    for (uint32_t seen = 0; seen < letters; end++)
        seen += *end != ' ';
    *end = '\0';
    norm_free(&n);
    add_words(x, 30, &random);
    add_words(y, 37, &random);
    strcat(x, run);
    strcat(y, run);
    strcat(x, "x ");
    strcat(y, "y ");
    add_words(x, 30, &random);
    add_words(y, 30, &random);

    struct norm nx = norm_of(x), ny = norm_of(y);
    struct shingles ax = all_of(&nx), ay = all_of(&ny), wx = {0}, wy = {0};
    assert_int_equal(shingle_winnow(&ax, W, &wx), WINNOW_OK);
    assert_int_equal(shingle_winnow(&ay, W, &wy), WINNOW_OK);
    bool met = share_one(&wx, &wy);
    shingles_free(&ax);
    shingles_free(&ay);
    shingles_free(&wx);
    shingles_free(&wy);
    norm_free(&nx);
    norm_free(&ny);
    return met;
}

static void finds_every_shared_run_that_fills_a_window(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 500; seed++)
        assert_true(winnowed_meet(W, seed));
}

/* The promise ends there: were it kept for less, nothing would have been thinned. */
static void may_miss_a_run_one_word_short_of_a_window(void **state)
{
    (void)state;
    size_t missed = 0;
    for (uint64_t seed = 1; seed <= 500; seed++)
        missed += !winnowed_meet(W - 1, seed);
    assert_true(missed > 0);
    assert_true(missed < 250);
}

static void expect_winnowed(const uint64_t *hashes, size_t count, unsigned w, const char *want)
{
    struct shingle items[20];
    for (size_t i = 0; i < count; i++)
        items[i] = (struct shingle){hashes[i], (uint32_t)i};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_every_word_start_that_has_room),
        cmocka_unit_test(has_no_shingle_of_a_text_below_its_length),
        cmocka_unit_test(takes_part_of_the_words_where_asked),
        cmocka_unit_test(hashes_by_the_seed),
        cmocka_unit_test(finds_every_shared_run_that_fills_a_window),
        cmocka_unit_test(may_miss_a_run_one_word_short_of_a_window),
        cmocka_unit_test(keeps_the_smallest_of_each_window),
        cmocka_unit_test(keeps_the_rightmost_of_equals),
        cmocka_unit_test(keeps_one_of_less_than_a_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
