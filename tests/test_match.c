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
    uint32_t a_end = norm_word(&n, 5);
    size_t count = match_bridge(&n, 0, a_end, a_end, n.len, links);
    assert_int_equal(count, 3); /* one, three, five */
    assert_int_equal(links[1].a, norm_word(&n, 2));
    assert_int_equal(links[1].b, norm_word(&n, 6));
    norm_free(&n);
}

static void aligns_words_that_are_equal_to_their_last_letter(void **state)
{
    (void)state;
    struct norm n = norm_of(slice_of("international internationale internationals / "
                                     "internationally internationalx internationals"));
    struct link links[BRIDGE_MAX];
    uint32_t a_end = norm_word(&n, 3);
    assert_int_equal(match_bridge(&n, 0, a_end, a_end, n.len, links), 1);
    assert_int_equal(links[0].len, 14);
    /* Of the last word a range may have but a part: that is one as well. */
    assert_int_equal(match_bridge(&n, 0, a_end, a_end, n.len - 1, links), 1);
    assert_int_equal(match_bridge(&n, 13, 26, n.len - 14, n.len - 1, links), 1);
    assert_int_equal(links[0].len, 13);
    assert_int_equal(links[0].b, n.len - 14);
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

/* --- what is promised ---------------------------------------------------------------- */

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static void add_letters(char *text, size_t count, uint64_t *random)
{
    char *p = text + strlen(text);
    while (count-- > 0)
        *p++ = (char)('a' + next_random(random) % 26);
    *p = '\0';
}

static void add_words(char *text, size_t count, uint64_t *random)
{
    for (; count > 0; count--) {
        add_letters(text, 2 + next_random(random) % 6, random);
        strcat(text, " ");
    }
}

/* Does a random text hold its run of so many letters twice?  What stands around the two
 * differs; the second starts a word where it is asked to. */
static bool finds_run(uint32_t letters, bool at_word, uint64_t random)
{
    char text[3000] = "", run[200] = "";
    add_letters(run, letters, &random);
    add_words(text, 20, &random);
    strcat(strcat(strcat(text, "1 "), run), " 2 ");
    add_words(text, 20, &random);
    strcat(strcat(strcat(text, at_word ? "3 " : "3"), run), " 4 ");
    add_words(text, 20, &random);
    struct norm n = norm_of(slice_of(text));
    struct matches m = {0};
    assert_int_equal(match_find(&n, letters, &m), WINNOW_OK);
    bool found = m.nchains == 1 && m.links[0].len == letters;
    matches_free(&m);
    norm_free(&n);
    return found;
}

static void finds_every_run_of_k_bytes_at_a_word_start_and_none_of_less(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        assert_true(finds_run(MATCH_K, true, seed));
        assert_false(finds_run(MATCH_K - 1, true, seed));
    }
}

static void does_not_promise_a_run_that_starts_no_word_in_one_copy(void **state)
{
    (void)state;
    assert_false(finds_run(2 * MATCH_K, false, 1));
}

/* One-letter words are denser than the table is large, so they are winnowed: so many
 * pairs of runs of so many letters among them.  The caller frees it. */
static struct slice dense_text(size_t pairs, uint32_t letters)
{
    /* Each run lies across the end of a batch of words. */
    enum { LETTERS = 1 << 17, APART = 1024 };
    char *text = malloc(2 * LETTERS);
    assert_non_null(text);
    uint64_t random = 1;
    for (size_t i = 0; i < LETTERS; i++) {
        text[2 * i] = (char)('a' + next_random(&random) % 26);
        text[2 * i + 1] = ' ';
    }
    for (size_t i = 0; i < pairs; i++) {
        char *a = text + 2 * (APART * (i + 1) - 2), *b = a + APART;
        memcpy(b, a, 2 * letters);
        a[-2] = a[2 * letters] = '1';
        b[-2] = b[2 * letters] = '2';
    }
    return (struct slice){text, 2 * LETTERS};
}

/* How many of them are found? */
static size_t found_of_dense(size_t pairs, uint32_t letters)
{
    struct slice text = dense_text(pairs, letters);
    struct norm n = norm_of(text);
    struct matches m = {0};
    assert_int_equal(match_find(&n, letters, &m), WINNOW_OK);
    size_t ret = m.nchains;
    matches_free(&m);
    norm_free(&n);
    free((char *)text.p);
    return ret;
}

static void finds_every_run_that_fills_a_window_where_words_are_dense(void **state)
{
    (void)state;
    enum { WINDOW = 5, PAIRS = 120 };
    assert_int_equal(found_of_dense(PAIRS, MATCH_K + WINDOW - 1), PAIRS);
    assert_in_range(found_of_dense(PAIRS, MATCH_K + WINDOW - 2), PAIRS / 2, PAIRS - 1);
}

/* Does the last of seven copies meet the one that shares its last letters? */
static bool meets_copy(int same)
{
    enum { LETTERS = 42 + 3 };
    char text[2000] = "";
    for (int i = 0; i < 7; i++) {
        char copy[100], mark = (char)('a' + (i == 6 ? same : i));
        snprintf(copy, sizeof copy, "%d allinonewordwithoutanyplaceforanothershing%c%c%c. ", i,
                 mark, mark, mark);
        strcat(text, copy);
    }
    struct norm n = norm_of(slice_of(text));
    struct matches m = find(&n);
    uint32_t last = n.len - LETTERS;
    bool met = false;
    for (size_t i = 0; i < m.nlinks; i++)
        met |= m.links[i].b == last && m.links[i].len == LETTERS;
    matches_free(&m);
    norm_free(&n);
    return met;
}

static void remembers_the_first_place_and_the_latest_three(void **state)
{
    (void)state;
    static const bool met[6] = {true, false, false, true, true, true};
    for (int same = 0; same < 6; same++)
        assert_int_equal(meets_copy(same), met[same]);
}

static void passes_over_what_a_long_piece_covers_and_no_word_more(void **state)
{
    (void)state;
    char text[3000] = "", covered[1000] = "", word[MATCH_K + 1] = "";
    uint64_t random = 1;
    add_words(covered, 80, &random);
    add_letters(word, MATCH_K, &random);
    strcat(strcat(strcat(text, "1 "), word), " 2 ");
    strcat(strcat(strcat(text, covered), "3 "), covered);
    strcat(strcat(text, word), " 4");
    struct norm n = norm_of(slice_of(text));
    struct matches m = {0};
    assert_int_equal(match_find(&n, MATCH_K, &m), WINNOW_OK);
    bool found = false;
    for (size_t i = 0; i < m.nlinks; i++)
        found |= m.links[i].a == 1 && m.links[i].len == MATCH_K;
    assert_true(found);
    matches_free(&m);
    norm_free(&n);
}

/* Of two earlier copies the second shares more letters, but all its words lie in what the
 * first shares. */
static void finds_the_longer_copy_behind_a_short_piece(void **state)
{
    (void)state;
    char text[2000] = "", word[2 * MATCH_K] = "", longer[2 * MATCH_K] = "", between[500] = "";
    uint64_t random = 2;
    add_letters(word, MATCH_K + 8, &random);
    add_letters(longer, MATCH_K, &random);
    add_words(between, 50, &random);
    snprintf(text, sizeof text, "1 three words before %s9. %s 2 %s%s8. 3 three words before %s%s.",
             word, between, word, longer, word, longer);
    struct norm n = norm_of(slice_of(text));
    struct matches m = {0};
    assert_int_equal(match_find(&n, MATCH_K, &m), WINNOW_OK);
    uint32_t longest = 0;
    for (size_t i = 0; i < m.nlinks; i++)
        longest = m.links[i].len > longest ? m.links[i].len : longest;
    assert_int_equal(longest, 2 * MATCH_K + 8);
    matches_free(&m);
    norm_free(&n);
}

static void takes_no_hash_for_a_text(void **state)
{
    (void)state;
    /* So many words that some agree in the bits of the hash that a slot has. */
    enum { COUNT = 1 << 17 };
    char *text = calloc(COUNT, 8);
    assert_non_null(text);
    uint64_t random = 1;
    for (size_t i = 0; i < COUNT; i++) {
        for (int j = 0; j < 7; j++)
            text[8 * i + j] = (char)('a' + next_random(&random) % 26);
        text[8 * i + 7] = ' ';
    }
    struct norm n = norm_of((struct slice){text, 8 * COUNT});
    struct matches m = {0};
    assert_int_equal(match_find(&n, 1, &m), WINNOW_OK);
    assert_int_equal(m.nchains, 0);
    matches_free(&m);
    norm_free(&n);
    free(text);
}

/* Two passages stand twice, with so many letters between them that differ: one chain? */
static bool chains_over_gaps(int earlier, int later)
{
    static const char rest[] = "while the captain counted every barrel that the crew had stowed";
    char text[1000], x[100], z[100];
    memset(x, 'x', sizeof x);
    memset(z, 'z', sizeof z);
    snprintf(text, sizeof text, "1%s %.*s %s 2 3%s %.*s %s 4", passage, earlier, x, rest, passage,
             later, z, rest);
    struct norm n = norm_of(slice_of(text));
    struct matches m = find(&n);
    bool ret = false;
    for (size_t i = 0; i < m.nchains; i++)
        ret |= m.chains[i].count > 1;
    matches_free(&m);
    norm_free(&n);
    return ret;
}

static void chains_over_sixty_characters_and_no_more_on_either_side(void **state)
{
    (void)state;
    static const int few[] = {1, 30, 60};
    for (size_t i = 0; i < sizeof few / sizeof *few; i++) {
        assert_true(chains_over_gaps(60, few[i]));
        assert_true(chains_over_gaps(few[i], 60));
        assert_false(chains_over_gaps(61, few[i]));
        assert_false(chains_over_gaps(few[i], 61));
    }
    assert_false(chains_over_gaps(61, 61));
}

/* Words of which two are in all, so that every passage of them stands again and again. */
static void add_crowd(char *text, size_t words, uint64_t *random)
{
    char *p = text + strlen(text);
    for (; words > 0; words--, p += 8)
        memcpy(p, next_random(random) % 2 ? "harbour " : "lantern ", 8);
    *p = '\0';
}

/* The longest link whose earlier passage starts in from..to. */
static uint32_t longest_from(const struct norm *n, uint32_t from, uint32_t to)
{
    struct matches m = find(n);
    uint32_t longest = 0;
    for (size_t i = 0; i < m.nlinks; i++)
        if (m.links[i].a >= from && m.links[i].a < to && m.links[i].len > longest)
            longest = m.links[i].len;
    matches_free(&m);
    return longest;
}

static void finds_words_again_that_stand_in_a_crowded_stretch(void **state)
{
    (void)state;
    enum { CROWD = 1 << 16, WORDS = 32, LETTERS = MATCH_K + 8, APART = 128 };
    char *text = malloc((CROWD + 2 * WORDS * APART) * 8), words[WORDS][LETTERS + 2] = {""};
    assert_non_null(text);
    uint64_t random = 1;
    *text = '\0';
    add_crowd(text, CROWD, &random);
    for (int i = 0; i < WORDS; i++) {
        add_letters(words[i], LETTERS, &random);
        strcat(words[i], " ");
        strcat(text, words[i]);
        add_crowd(text, APART, &random);
    }
    struct norm crowd = norm_of(slice_of(text));
    for (int i = 0; i < WORDS; i++) {
        add_words(text, APART / 2, &random);
        strcat(text, words[i]);
    }
    struct norm n = norm_of(slice_of(text));
    struct matches m = find(&n);
    size_t found = 0;
    for (size_t i = 0; i < m.nlinks; i++)
        found += m.links[i].b >= crowd.len && m.links[i].len >= LETTERS;
    assert_int_equal(found, WORDS);
    matches_free(&m);
    norm_free(&crowd);
    norm_free(&n);
    free(text);
}

static void finds_a_passage_behind_a_crowded_stretch(void **state)
{
    (void)state;
    enum { CROWD = 1 << 17, LETTERS = 7 };
    char *text = malloc(CROWD * (LETTERS + 1) + 3000);
    assert_non_null(text);
    uint64_t random = 1;
    char honest[1000] = "";
    add_words(honest, 100, &random);
    *text = '\0';
    add_crowd(text, CROWD, &random);
    strcat(strcat(strcat(strcat(text, "1 "), honest), "2 "), honest);
    struct norm n = norm_of(slice_of(text)), alone = norm_of(slice_of(honest));
    assert_int_equal(longest_from(&n, CROWD * LETTERS, n.len), alone.len);
    norm_free(&alone);
    norm_free(&n);
    free(text);
}

/* --- chosen collisions ----------------------------------------------------------------- */

/* Words of k letters, whose shingles a known key puts side by side in any table. */
static size_t find_colliding(const struct shingle_key *key, size_t count, char *ret)
{
    enum { TRIED = 1 << 18, WORD = MATCH_K + 1 };
    char *words = malloc(TRIED * WORD + 1);
    assert_non_null(words);
    uint64_t random = 1;
    for (size_t i = 0; i < TRIED * WORD; i++)
        words[i] = i % WORD == MATCH_K ? ' ' : (char)('a' + next_random(&random) % 26);
    struct norm n = norm_of((struct slice){words, TRIED * WORD});
    struct shingles s = {0};
    size_t found = 0;
    assert_int_equal(shingle_all(&n, 0, n.nwords, MATCH_K, key, &s), WINNOW_OK);
    for (size_t i = 0; i < s.count && found < count; i++)
        if ((uint32_t)s.items[i].hash >> 24 == 0)
            memcpy(ret + found++ * WORD, words + i * WORD, WORD);
    ret[found * WORD] = '\0';
    shingles_free(&s);
    norm_free(&n);
    free(words);
    return found;
}

/* How many passages of MATCH_K letters or more a key finds in it. */
static size_t chains_by(const struct norm *n, const struct shingle_key *key, uint64_t *ret_work)
{
    struct matches m = {0};
    assert_int_equal(match_find_keyed(n, MATCH_K, key, &m), WINNOW_OK);
    size_t ret = m.nchains;
    *ret_work = m.work;
    matches_free(&m);
    return ret;
}

static void hides_only_what_collides_from_who_knows_the_key(void **state)
{
    (void)state;
    enum { COUNT = 900, WORD = MATCH_K + 1 };
    struct shingle_key known = shingle_key_of(1);
    char *text = malloc(3 * COUNT * WORD);
    assert_non_null(text);
    assert_int_equal(find_colliding(&known, COUNT, text), COUNT);
    /* Each again, in the other order, so that each is a passage for itself. */
    for (size_t i = 0; i < COUNT; i++)
        memcpy(text + (COUNT + i) * WORD, text + (COUNT - 1 - i) * WORD, WORD);
    snprintf(text + 2 * COUNT * WORD, COUNT * WORD, "%s. And again: %s.", passage, passage);
    struct norm n = norm_of(slice_of(text));
    struct shingle_key own = shingle_key_of_stream(&n);
    uint64_t work;
    size_t by_own = chains_by(&n, &own, &work);
    assert_int_equal(by_own, COUNT + 1);
    size_t by_known = chains_by(&n, &known, &work);
    assert_in_range(by_known, 1, COUNT / 8); /* the honest passage among them */
    assert_in_range(work, 0, 8 * n.len);
    struct matches m = {0};
    assert_int_equal(match_find_keyed(&n, 40, &known, &m), WINNOW_OK);
    assert_int_equal(m.links[m.chains[0].first].len, 57);
    matches_free(&m);
    norm_free(&n);
    free(text);
}

static bool same_links(const struct matches *x, const struct matches *y)
{
    return x->nlinks == y->nlinks &&
           memcmp(x->links, y->links, x->nlinks * sizeof *x->links) == 0;
}

/* Where words are winnowed the key says which runs are found of those that are too short
 * to be promised: by that it can be told. */
static void finds_by_a_key_that_is_the_page_s_own(void **state)
{
    (void)state;
    struct slice text = dense_text(120, MATCH_K + 2);
    struct norm n = norm_of(text);
    struct shingle_key own = shingle_key_of_stream(&n), other = shingle_key_of(1);
    struct matches m[3] = {{0}};
    assert_int_equal(match_find(&n, MATCH_K, &m[0]), WINNOW_OK);
    assert_int_equal(match_find_keyed(&n, MATCH_K, &own, &m[1]), WINNOW_OK);
    assert_int_equal(match_find_keyed(&n, MATCH_K, &other, &m[2]), WINNOW_OK);
    assert_in_range(m[0].nlinks, 20, 119);
    assert_true(same_links(&m[0], &m[1]));
    assert_false(same_links(&m[0], &m[2]));
    for (int i = 0; i < 3; i++)
        matches_free(&m[i]);
    norm_free(&n);
    free((char *)text.p);
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

static void counts_what_it_compares(void **state)
{
    (void)state;
    enum { WORDS = 2000 };
    char *text = calloc(WORDS, 20);
    assert_non_null(text);
    uint64_t random = 3;
    add_words(text, WORDS, &random);
    size_t len = strlen(text);
    memcpy(text + len, text, len);
    struct norm n = norm_of((struct slice){text, 2 * len});
    struct matches m = {0};
    assert_int_equal(match_find(&n, 40, &m), WINNOW_OK);
    assert_int_equal(m.nchains, 1);
    assert_in_range(m.work, n.len / 2, n.len);
    matches_free(&m);
    norm_free(&n);
    free(text);
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
        cmocka_unit_test(aligns_words_that_are_equal_to_their_last_letter),
        cmocka_unit_test(aligns_nothing_of_a_range_with_too_many_words),
        cmocka_unit_test(finds_every_run_of_k_bytes_at_a_word_start_and_none_of_less),
        cmocka_unit_test(does_not_promise_a_run_that_starts_no_word_in_one_copy),
        cmocka_unit_test(finds_every_run_that_fills_a_window_where_words_are_dense),
        cmocka_unit_test(remembers_the_first_place_and_the_latest_three),
        cmocka_unit_test(passes_over_what_a_long_piece_covers_and_no_word_more),
        cmocka_unit_test(finds_the_longer_copy_behind_a_short_piece),
        cmocka_unit_test(takes_no_hash_for_a_text),
        cmocka_unit_test(chains_over_sixty_characters_and_no_more_on_either_side),
        cmocka_unit_test(finds_words_again_that_stand_in_a_crowded_stretch),
        cmocka_unit_test(finds_a_passage_behind_a_crowded_stretch),
        cmocka_unit_test(hides_only_what_collides_from_who_knows_the_key),
        cmocka_unit_test(finds_by_a_key_that_is_the_page_s_own),
        cmocka_unit_test(counts_what_it_compares),
        cmocka_unit_test(costs_the_same_a_byte_for_one_character_and_every_period),
        cmocka_unit_test(costs_little_more_for_a_text_of_three_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
