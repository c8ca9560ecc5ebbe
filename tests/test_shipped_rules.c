/* test_shipped_rules.c - the rule files that ship: each name they strip, and pages made to
 * wear them out. */
#include <stdbool.h>

#include "testing.h"

static struct winnow *shipped_rules(void)
{
    struct winnow *w = winnow_with(NULL, NULL);
    assert_int_equal(winnow_add_rules(w, WINNOW_SOURCE_DIR "/rules", NULL), WINNOW_OK);
    return w;
}

/* "strip_id_or_class(KIND): NAME"; false: another line. */
static bool read_name(char *line, const char **kind, const char **name)
{
    static const char start[] = "strip_id_or_class(";
    line[strcspn(line, "\n")] = '\0';
    char *close = strstr(line, "): ");
    if (strncmp(line, start, strlen(start)) != 0 || !close)
        return false;
    *close = '\0';
    *kind = line + strlen(start);
    *name = close + 3;
    return true;
}

/* An element of the name, and others whose names only hold it or are in the other attribute. */
static void expect_name(struct winnow *w, const char *kind, const char *name)
{
    char page[2000];
    const char *attribute = strcmp(kind, "id") == 0 ? "id" : "class";
    const char *other = strcmp(kind, "id") == 0 ? "class" : "id";
    bool both = strcmp(kind, "token") == 0;
    snprintf(page, sizeof page,
             "<!DOCTYPE html><meta name=generator content=\"WordPress 6\"><h1>The pier</h1>"
             "<div %s=\"%s\">It goes</div><div %s=\"the-%s\">It stays</div>"
             "<div %s=\"%s-way\">It stays too</div><div %s=\"%s\">%s</div>",
             attribute, name, attribute, name, attribute, name, other, name,
             both ? "It goes" : "<p>A part of another kind</p>");
    char *got = clean_text(w, page, NULL);
    if (strstr(got, "It goes") || !strstr(got, "It stays") || !strstr(got, "It stays too") ||
        (!both && !strstr(got, "A part of another kind")))
        fail_msg("strip_id_or_class(%s): %s leaves\n%s", kind, name, got);
    free(got);
}

static size_t expect_names(struct winnow *w, const char *file)
{
    char path[600], line[1000];
    const char *kind, *name;
    size_t count = 0;
    snprintf(path, sizeof path, WINNOW_SOURCE_DIR "/rules/%s", file);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        if (read_name(line, &kind, &name)) {
            expect_name(w, kind, name);
            count++;
        }
    fclose(f);
    return count;
}

static void takes_every_part_that_is_named_and_none_whose_name_is_longer(void **state)
{
    (void)state;
    struct winnow *w = shipped_rules();
    assert_true(expect_names(w, "global.txt") >= 100);
    assert_true(expect_names(w, "wordpress.txt") >= 30);
    winnow_free(w);
}

static char *add_piece(char *to, const char *piece)
{
    size_t len = strlen(piece);
    memcpy(to, piece, len);
    return to + len;
}

/* pieces: what stands first, what a great many times, what last. */
static void expect_not_stopped(struct winnow *w, const char *const pieces[3])
{
    enum { COUNT = 20000 };
    char *text = malloc(strlen(pieces[0]) + COUNT * strlen(pieces[1]) + strlen(pieces[2]));
    assert_non_null(text);
    char *end = add_piece(text, pieces[0]);
    for (size_t n = 0; n < COUNT; n++)
        end = add_piece(end, pieces[1]);
    end = add_piece(end, pieces[2]);
    struct winnow_input in = {.data = text, .len = (size_t)(end - text), .kind = WINNOW_KIND_DUMP};
    struct winnow_page *page = clean_page(w, in);
    for (size_t n = 0; winnow_page_note(page, n); n++)
        if (strstr(winnow_page_note(page, n), "too long"))
            fail_msg("a page of \"%s\": %s", pieces[1], winnow_page_note(page, n));
    winnow_page_free(page);
    free(text);
}

static void is_stopped_by_no_page_of_its_own_words(void **state)
{
    (void)state;
    static const char *const pieces[][3] = {
        {"Your email address will not be published.\n", "Comment *\n", ""},
        {"", "Leave a Reply\n", "Your email address will not be published.\n"},
        {"", "Share this:\n", "More\n"},
        {"Share this:\n", "More\n", ""},
        {"Like Loading...\n", "Related\n", "In \"Harbour\"\n"},
        {"", "Privacy Overview\n", ""},
        {"", "Manage Consent Preferences\nStrictly Necessary Cookies\n", ""},
        {"", "Functional Always active\n", ""},
        {"", "Latest news\n10:15 The port is closed\n", ""},
        {"Latest news\n", "10:15 The port is closed\n", ""},
        {"Latest news\n10:15 The port is closed\n",
         "It stands on a rock and its lamp, which the keeper lights by hand every evening of the "
         "year, can be seen far.\n", ""},
    };
    struct winnow_options options = {.keep_repeats = 1};
    struct winnow *w = NULL;
    assert_int_equal(winnow_new(&options, &w, NULL), WINNOW_OK);
    assert_int_equal(winnow_add_rules(w, WINNOW_SOURCE_DIR "/rules", NULL), WINNOW_OK);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        expect_not_stopped(w, pieces[i]);
    winnow_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_every_part_that_is_named_and_none_whose_name_is_longer),
        cmocka_unit_test(is_stopped_by_no_page_of_its_own_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
