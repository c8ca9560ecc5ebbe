/* test_repair.c - split words are joined, and nothing else is touched. */
#include "testing.h"

#define BITRIX "match_text: /./\nrepair_set: bitrix\n"

static void expect_repair(const char *text, const char *want)
{
    char with_newline[2000];
    snprintf(with_newline, sizeof with_newline, "%s\n", want);
    expect_clean("x.txt", BITRIX, NULL, text, with_newline);
}

/* "fr om" and "from" in lower case, with a capital, in capitals. */
static void in_case(char *s, int letters)
{
    for (; *s && letters > 0; s++, letters--)
        if (*s != ' ')
            *s = (char)(*s & ~32);
}

static void joins_the_halves_that_no_text_has_as_two_words(void **state)
{
    (void)state;
    static const char *const splits[][2] = {
        {"fr om", "from"},     {"wh ere", "where"},   {"sel ect", "select"},
        {"upd ate", "update"}, {"ins ert", "insert"}, {"cre ate", "create"},
        {"val ue", "value"},   {"lim it", "limit"},
    };
    static const int capitals[] = {0, 1, 20};
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++)
        for (size_t c = 0; c < sizeof capitals / sizeof *capitals; c++) {
            char split[20], whole[20], text[200], want[200];
            snprintf(split, sizeof split, "%s", splits[i][0]);
            snprintf(whole, sizeof whole, "%s", splits[i][1]);
            in_case(split, capitals[c]);
            in_case(whole, capitals[c]);
            snprintf(text, sizeof text, "They saw %s the boats, twice %s.", split, split);
            snprintf(want, sizeof want, "They saw %s the boats, twice %s.", whole, whole);
            expect_repair(text, want);
        }
}

static void joins_in_to_and_se_t_only_behind_their_verb(void **state)
{
    (void)state;
    expect_repair("He came in to see us, and the se t was small.",
                  "He came in to see us, and the se t was small.");
    expect_repair("Ins ert in to it what you like.", "Insert into it what you like.");
    expect_repair("To upd ate it, se t the clock.", "To update it, set the clock.");
}

static void joins_other_verbs_only_before_their_object(void **state)
{
    (void)state;
    expect_repair("Wie alt er ist, weiß niemand; uni on Monday; Dr Op came.",
                  "Wie alt er ist, weiß niemand; uni on Monday; Dr Op came.");
    expect_repair("First alt er   table, then dr op   index and uni on sel ect.",
                  "First alter   table, then drop   index and union select.");
    expect_repair("It calls load_ file('x') and ex ec('y').",
                  "It calls load_file('x') and exec('y').");
}

static void leaves_halves_that_are_no_split(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "fr  om two spaces",       "fr, om punctuation", "afr om and fr omen",
        "fr\xc2\xa0om no-break space", "Fr Om is a name",    "fR om is odd",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_repair(texts[i], texts[i]);
}

static void notes_what_stood_there(void **state)
{
    (void)state;
    struct winnow *w = winnow_with("x.txt", BITRIX);
    const char *text = "News fr om afar.\n";
    struct winnow_page *page =
        clean_page(w, (struct winnow_input){.data = text, .len = strlen(text)});
    struct winnow_span s = winnow_page_span(page, 1);
    assert_int_equal(s.verdict, WINNOW_REPLACED);
    assert_int_equal(s.start, 7);
    assert_int_equal(s.end, 8);
    assert_int_equal(s.with_len, 0);
    assert_string_equal(s.stage, "repair");
    expect_whole(page);
    winnow_page_free(page);
    winnow_free(w);
}

static void repairs_a_line_as_long_as_a_page_may_be(void **state)
{
    (void)state;
    struct winnow_options options = {.limits = {.max_bytes = 64}};
    struct winnow *w = NULL;
    char path[] = "/tmp/winnow-repair-XXXXXX";
    const char *rules = "match_text: /./\nrepair(/(l)ong/): $1arge\n";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, rules, strlen(rules)), (ssize_t)strlen(rules));
    close(fd);
    assert_int_equal(winnow_new(&options, &w, NULL), WINNOW_OK);
    assert_int_equal(winnow_add_rules(w, path, NULL), WINNOW_OK);
    unlink(path);
    const char *text = "A long line that fills all but a few of the bytes there are\n";
    struct winnow_page *page =
        clean_page(w, (struct winnow_input){.data = text, .len = strlen(text)});
    char *got = page_render(page, WINNOW_TEXT);
    assert_string_equal(got, "A large line that fills all but a few of the bytes there are\n");
    assert_null(winnow_page_note(page, 0));
    free(got);
    winnow_page_free(page);
    winnow_free(w);
}

/* A block of nothing but halves is no longer than its bytes allow: no quadratic walk. */
static void stays_linear_on_a_block_of_halves(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    char *text = malloc(COUNT * 6 + 1);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(text + 6 * i, i % 2 ? "in to " : "uni on", 6);
    text[COUNT * 6] = '\0';
    struct winnow *w = winnow_with("x.txt", BITRIX);
    char *got = clean_text(w, text, NULL);
    assert_non_null(strstr(got, "in to"));
    free(got);
    free(text);
    winnow_free(w);
}

static void changes_nothing_in_wanted_texts(void **state)
{
    (void)state;
    struct winnow *w = winnow_with("x.txt", BITRIX);
    size_t ran = 0;
    for (unsigned i = 1; i < 200; i++) {
        char path[300], *text = calloc(1, 4000000);
        snprintf(path, sizeof path, WINNOW_SHARED_DIR "/data/wcxb/ground-truth/%04u.json", i);
        FILE *f = fopen(path, "r");
        size_t len = f ? fread(text, 1, 3999999, f) : 0;
        if (f)
            fclose(f);
        if (len > 0) {
            struct winnow_page *page = clean_page(
                w, (struct winnow_input){.data = text, .len = len, .kind = WINNOW_KIND_DUMP});
            for (size_t k = 0; k < winnow_page_spans(page); k++)
                assert_int_not_equal(winnow_page_span(page, k).verdict, WINNOW_REPLACED);
            winnow_page_free(page);
            ran++;
        }
        free(text);
    }
    winnow_free(w);
    if (ran == 0) {
        print_message("skipped: no wanted texts at " WINNOW_SHARED_DIR "\n");
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_the_halves_that_no_text_has_as_two_words),
        cmocka_unit_test(joins_in_to_and_se_t_only_behind_their_verb),
        cmocka_unit_test(joins_other_verbs_only_before_their_object),
        cmocka_unit_test(leaves_halves_that_are_no_split),
        cmocka_unit_test(notes_what_stood_there),
        cmocka_unit_test(repairs_a_line_as_long_as_a_page_may_be),
        cmocka_unit_test(stays_linear_on_a_block_of_halves),
        cmocka_unit_test(changes_nothing_in_wanted_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
