/* test_repair.c - split words are joined, and nothing else is touched. */
#include <ctype.h>
#include <stdbool.h>

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
    expect_repair("He came in to ins ert it, and se t it in to the slot.",
                  "He came in to insert it, and set it into the slot.");
    expect_repair("To upd ate it, se t the clock and come in to dinner.",
                  "To update it, set the clock and come in to dinner.");
    expect_repair("Insert a coin, update the list: he came in to see the se t.",
                  "Insert a coin, update the list: he came in to see the se t.");
}

static void joins_other_verbs_only_before_their_object(void **state)
{
    (void)state;
    expect_repair("Wie alt er ist, weiß niemand; uni on Monday; Dr Op came.",
                  "Wie alt er ist, weiß niemand; uni on Monday; Dr Op came.");
    expect_repair("First alt er   table, then dr op   index and uni on sel ect.",
                  "First alter table, then drop index and union select.");
    expect_repair("It calls load_ file('x') and ex ec('y').",
                  "It calls load_file('x') and exec('y').");
    expect_repair("My ex ec told me; they sel ect him and left uni on Monday.",
                  "My ex ec told me; they select him and left uni on Monday.");
    expect_repair("Put into out file, not i nto out file.", "Put into out file, not into outfile.");
}

static void leaves_halves_that_are_no_split(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "fr  om two spaces",       "fr, om punctuation", "afr om and fr omen",
        "fr\xc2\xa0om no-break space", "Fr Om is a name",    "fR om is odd",
        "fr\tom a tab",         "a 12 Wh meter",           "the val, ue",         "site fr OM",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_repair(texts[i], texts[i]);
}

static void narrows_only_the_gap_that_the_filter_widened(void **state)
{
    (void)state;
    expect_repair("cre ate   event", "create event");
    expect_repair("cre ate     events", "create   events");
    expect_repair("cre ate   nothing   here", "create   nothing   here");
    expect_repair("alt er table, alter   table", "alter table, alter   table");
    expect_repair("Walt er   Viewer and Kalt er Index", "Walter Viewer and Kalt er Index");
    expect_repair("alt er \t table", "alter\ttable");
    expect_repair("wie alt er\n\ntable", "wie alt er\n\ntable");
    expect_repair("wie alt er \302\240 table", "wie alt er \302\240 table");
}

static void joins_the_longer_words_that_begin_so(void **state)
{
    (void)state;
    expect_repair("Old val ues, lim ited wh ereas one ins erted: the se ttings of a mindse t.",
                  "Old values, limited whereas one inserted: the settings of a mindset.");
    expect_repair("Val uefa, lim itx, wh ereabc, fr omen.", "Val uefa, lim itx, wh ereabc, fr omen.");
}

/* --- what the filter does, done to texts of many kinds --------------------------------------- */

/* A text as it was, and as the filter leaves it. */
struct filtered {
    char whole[8000], split[8000];
};

static void add(struct filtered *f, const char *whole, const char *split)
{
    assert_true(strlen(f->split) + strlen(split) < sizeof f->split);
    strcat(f->whole, whole);
    strcat(f->split, split);
}

enum letters { LOWER, TITLE, UPPER, CASES };

/* A word with a mark where the filter cuts it: "sel|ect", and "alt|er~table" for a gap
 * that it widens. */
static void add_word(struct filtered *f, const char *marked, enum letters letters)
{
    bool first = true;
    for (; *marked; marked++) {
        char c = letters == UPPER || (letters == TITLE && first) ? (char)toupper(*marked) : *marked;
        char plain[] = {c, '\0'};
        if (*marked == '|')
            add(f, "", " ");
        else if (*marked == '~')
            add(f, " ", "   ");
        else
            add(f, plain, plain);
        first = false;
    }
}

/* What the filter's table names: a word, or a word and its partner. */
static const char *const pairs[][2] = {
    {"uni|on", "sel|ect"},     {"sel|ect", "fr|om"},   {"fr|om", "wh|ere"},
    {"fr|om", "lim|it"},       {"upd|ate", "se|t"},    {"ins|ert", "val|ue"},
    {"ins|ert", "in|to"},      {"ins|ert", "se|t"},    {"ins|ert", "sele|ct"},
    {"alt|er~table", NULL},    {"cre|ate~event", NULL}, {"dr|op~index", NULL},
    {"alt|er~database", NULL}, {"cre|ate~view", NULL}, {"dr|op~function", NULL},
    {"load_|file(", NULL},     {"ex|ec(", NULL},
};

/* What stands around and between: before, between the partners, after. */
static const char *const places[][3] = {
    {"", " ", ""},
    {"", " the boats that lay in the harbour ", " the storm came."},
    {"They said: \"", ", and later on (", ")\" - no more."},
    {"Die Fischer fragten: ", ", wie alt er war; dr Op kam nicht ", ", sagte er."},
    {"Рыбаки говорили: «", "», а потом ещё и «", "», и больше ничего."},
    {"渔民说：", " 港口的船 ", "。"},
    {"Les marins, ", " ... puis l'été, l'hiver ", " !"},
    {"Row 7;", "; 8;", ";9"},
    {"First line\nof a text, ", "\n\nand a wide gap\n", "\nthe last line"},
};

static const char *far(void)
{
    return " Nobody in the harbour town remembered a winter as long as that one. The ice lay on "
           "the water until the middle of spring, the ferries stood still, and what the shops "
           "had to sell came over the hills on sledges. Children walked to the island to school "
           "and back, and the old men said that their fathers had told them of such a year, when "
           "the bread was baked of barley and moss and a letter took a month. In the evenings "
           "they sat by the stove of the harbour office, where the telegraph was, and waited for "
           "news of the ships that had gone out before the frost. When the thaw came it came in "
           "one night, with a sound like guns, and in the morning the sea was open again. ";
}

static void make_filtered(struct filtered *f, size_t pair, size_t place, enum letters letters,
                          bool wide)
{
    *f = (struct filtered){"", ""};
    add(f, places[place][0], places[place][0]);
    add_word(f, pairs[pair][0], letters);
    add(f, places[place][1], places[place][1]);
    if (wide)
        add(f, far(), far());
    add_word(f, pairs[pair][1] ? pairs[pair][1] : "it", letters);
    add(f, places[place][2], places[place][2]);
}

static struct winnow *repairer(void)
{
    struct winnow_options options = {.keep_repeats = 1};
    struct winnow *w = NULL;
    char path[] = "/tmp/winnow-repair-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, BITRIX, strlen(BITRIX)), (ssize_t)strlen(BITRIX));
    close(fd);
    assert_int_equal(winnow_new(&options, &w, NULL), WINNOW_OK);
    assert_int_equal(winnow_add_rules(w, path, NULL), WINNOW_OK);
    unlink(path);
    return w;
}

static char *repaired(struct winnow *w, const char *text, enum winnow_kind kind)
{
    struct winnow_page *page = clean_page(
        w, (struct winnow_input){.data = text, .len = strlen(text), .kind = kind});
    expect_whole(page);
    char *ret = page_render(page, WINNOW_TEXT);
    winnow_page_free(page);
    return ret;
}

/* Line ends at the edges do not count. */
static void expect_mended(struct winnow *w, const char *split, enum winnow_kind kind,
                          const char *whole)
{
    char *got = repaired(w, split, kind), *again;
    while (*got && got[strlen(got) - 1] == '\n')
        got[strlen(got) - 1] = '\0';
    assert_string_equal(got, whole);
    again = repaired(w, got, WINNOW_KIND_DUMP);
    again[strlen(again) - 1] = '\0';
    assert_string_equal(again, got);
    free(again);
    free(got);
}

static void mends_whatever_the_filter_splits(void **state)
{
    (void)state;
    static struct filtered f;
    struct winnow *w = repairer();
    size_t count = 0;
    for (size_t pair = 0; pair < sizeof pairs / sizeof *pairs; pair++)
        for (size_t place = 0; place < sizeof places / sizeof *places; place++)
            for (int letters = LOWER; letters < 2 * CASES; letters++, count++) {
                make_filtered(&f, pair, place, letters % CASES, letters >= CASES);
                expect_mended(w, f.split, WINNOW_KIND_DUMP, f.whole);
                expect_mended(w, f.whole, WINNOW_KIND_DUMP, f.whole);
            }
    print_message("%zu texts that the filter split came out whole\n", count);
    winnow_free(w);
}

/* Each pair with each other in one line, the cases mixed. */
static void mends_many_splits_in_one_line(void **state)
{
    (void)state;
    static struct filtered f;
    struct winnow *w = repairer();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
            const char *const words[] = {pairs[i][0], pairs[k][0], pairs[i][1], pairs[k][1]};
            f = (struct filtered){"", ""};
            for (size_t n = 0; n < 4; n++) {
                if (words[n])
                    add_word(&f, words[n], (enum letters)((i + n) % CASES));
                add(&f, n % 2 ? ", a boat " : " \303\274ber ", n % 2 ? ", a boat " : " \303\274ber ");
            }
            add(&f, "end", "end");
            expect_mended(w, f.split, WINNOW_KIND_DUMP, f.whole);
        }
    winnow_free(w);
}

/* The markup between stays out of the way; HTML folds the gap by itself. */
static void mends_the_same_in_html(void **state)
{
    (void)state;
    static struct filtered f;
    static char html[9000];
    struct winnow *w = repairer();
    for (size_t pair = 0; pair < sizeof pairs / sizeof *pairs; pair++)
        for (size_t place = 1; place < sizeof places / sizeof *places - 1; place++)
            for (int letters = LOWER; letters < CASES; letters++) {
                make_filtered(&f, pair, place, (enum letters)letters, false);
                snprintf(html, sizeof html, "<!DOCTYPE html><body><p>%s</p></body>", f.split);
                expect_mended(w, html, WINNOW_KIND_HTML, f.whole);
            }
    expect_mended(w, "<p>Fish fr <b>om</b> afar, alt er   <i>table</i>s, <u>sel</u> ect.",
                  WINNOW_KIND_HTML, "Fish from afar, alter tables, select.");
    winnow_free(w);
}

/* Partners stand in other blocks than their verbs. */
static void finds_the_verb_in_another_line(void **state)
{
    (void)state;
    expect_repair("Ins ert it.\n\nThen come in to the house.",
                  "Insert it.\n\nThen come into the house.");
    expect_repair("The uni on met.\nThey sel ect a chair.", "The union met.\nThey select a chair.");
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

/* Split words kept the passages apart. */
static void finds_repeats_that_only_the_repair_made_equal(void **state)
{
    (void)state;
    const char *text =
        "the e ere talks had been held,\n"
        "and went in to town ate\n"
        "жжжжжжжжжжж жжжame fs om the coast, wh ere the talks had been held,\n"
        "town\n"
        "</body></html>n came fs om the coast, wh ere the talks had been held,\n"
        "and went in to town before the upd ate was read.</p>s\n"
        "жжжжжжжжжжж the coast, wh ere the talks had been held,\n"
        "om the coast, wh ere the talks had been held,\n"
        "went in to town before the upd ate was read.</p>";
    struct winnow *w = NULL;
    assert_int_equal(winnow_new(NULL, &w, NULL), WINNOW_OK);
    assert_int_equal(winnow_add_rules(w, WINNOW_SOURCE_DIR "/rules", NULL), WINNOW_OK);
    struct winnow_page *page =
        clean_page(w, (struct winnow_input){
                          .data = text, .len = strlen(text), .kind = WINNOW_KIND_DUMP});
    char *once = page_render(page, WINNOW_TEXT);
    struct winnow_page *again =
        clean_page(w, (struct winnow_input){
                          .data = once, .len = strlen(once), .kind = WINNOW_KIND_DUMP});
    char *twice = page_render(again, WINNOW_TEXT);
    expect_whole(page);
    assert_null(strstr(once, "wh ere"));
    assert_string_equal(twice, once);
    free(once);
    free(twice);
    winnow_page_free(page);
    winnow_page_free(again);
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
        cmocka_unit_test(narrows_only_the_gap_that_the_filter_widened),
        cmocka_unit_test(joins_the_longer_words_that_begin_so),
        cmocka_unit_test(mends_whatever_the_filter_splits),
        cmocka_unit_test(mends_many_splits_in_one_line),
        cmocka_unit_test(mends_the_same_in_html),
        cmocka_unit_test(finds_the_verb_in_another_line),
        cmocka_unit_test(notes_what_stood_there),
        cmocka_unit_test(repairs_a_line_as_long_as_a_page_may_be),
        cmocka_unit_test(finds_repeats_that_only_the_repair_made_equal),
        cmocka_unit_test(stays_linear_on_a_block_of_halves),
        cmocka_unit_test(changes_nothing_in_wanted_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
