/* test_cases.c - page cases: files and no code.
 *
 * tests/cases/NAME.html or NAME.txt is a page, NAME.want.txt beside it what has to
 * come out under the rules that ship.  Every page, and real ones where
 * ../shared is there, must hold the properties: one verdict a byte, and cleaning
 * what is clean changes nothing. */
#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "testing.h"

#define CASES WINNOW_SOURCE_DIR "/tests/cases"

static struct winnow *shipped_rules(void)
{
    struct winnow *w = winnow_with(NULL, NULL);
    assert_int_equal(winnow_add_rules(w, WINNOW_SOURCE_DIR "/rules", NULL), WINNOW_OK);
    return w;
}

static struct text read_file(const char *path)
{
    struct text t = {calloc(1, 1), 0};
    char piece[65536];
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("%s cannot be opened", path);
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
        text_add(&t, piece, n);
    fclose(f);
    return t;
}

/* Cleans a file, checks the properties, returns the clean text. */
static char *clean_file(struct winnow *w, const char *path, const char *name)
{
    struct text t = read_file(path);
    struct winnow_input in = {.data = t.data, .len = t.len, .name = name};
    struct winnow_page *page = clean_page(w, in);
    expect_whole(page);
    char *clean = page_render(page, WINNOW_TEXT);
    expect_stable(w, page, in);
    winnow_page_free(page);
    free(t.data);
    return clean;
}

/* False: the file is none of those that are to be checked. */
typedef bool each_fn(struct winnow *w, const char *folder, const char *name);

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Calls each for every step-th file of a folder; how many of them it checked. */
static size_t for_each(const char *folder, size_t step, each_fn *each)
{
    struct dirent **names = NULL;
    struct winnow *w = shipped_rules();
    int count = scandir(folder, &names, NULL, by_name);
    size_t ran = 0;
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.' && (size_t)i % step == 0)
            ran += each(w, folder, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    winnow_free(w);
    return ran;
}

static int ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

/* --- our own cases ------------------------------------------------------------------------- */

static bool expect_case(struct winnow *w, const char *folder, const char *name)
{
    char path[600], want_path[600];
    if (ends_with(name, ".want.txt") || ends_with(name, ".md"))
        return false;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(want_path, sizeof want_path, "%s/%.*s.want.txt", folder,
             (int)(strrchr(name, '.') - name), name);
    struct text want = read_file(want_path);
    char *got = clean_file(w, path, name);
    expect_same_text(name, got, want.data);
    free(got);
    free(want.data);
    return true;
}

static void cleans_every_page_case_to_what_is_wanted(void **state)
{
    (void)state;
    assert_true(for_each(CASES, 1, expect_case) >= 8);
}

/* --- real pages, where they are there -------------------------------------------------------- */

static int is_word_byte(char c)
{
    return (unsigned char)c >= 0x80 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* The next word of *s, case folded by the caller's comparison; length 0 at the end.
 * Quotes and dashes are punctuation, in whatever encoding length. */
static size_t next_word(const char **s)
{
    static const char *const marks[] = {"‘", "’", "“", "”", "–", "—", "©", "\xc2\xa0"};
    size_t n = 0;
    for (;;) {
        size_t skip = 0;
        for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
            if (strncmp(*s + n, marks[i], strlen(marks[i])) == 0)
                skip = strlen(marks[i]);
        if (skip == 0 && is_word_byte((*s)[n])) {
            n++;
            continue;
        }
        if (n > 0 || !**s)
            return n;
        *s += skip ? skip : 1;
    }
}

static void expect_same_words(const char *name, const char *got, const char *want)
{
    for (size_t word = 1;; word++) {
        size_t g = next_word(&got), w = next_word(&want);
        if (g != w || strncasecmp(got, want, g) != 0)
            fail_msg("%s: word %zu is \"%.*s\", wanted \"%.*s\"", name, word, (int)(g ? g : 0), got,
                     (int)(w ? w : 0), want);
        if (g == 0)
            return;
        got += g;
        want += w;
    }
}

static bool expect_seed(struct winnow *w, const char *folder, const char *name)
{
    char path[600], want_path[600];
    if (!ends_with(name, ".in.txt"))
        return false;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(want_path, sizeof want_path, "%s/%.*s.want.txt", folder, (int)strlen(name) - 7, name);
    struct text want = read_file(want_path);
    char *got = clean_file(w, path, "page"); /* without being told the site */
    expect_same_words(name, got, want.data);
    free(got);
    free(want.data);
    return true;
}

static void cleans_the_four_seeds_to_the_word(void **state)
{
    (void)state;
    if (!is_folder(WINNOW_SHARED_DIR "/cases/seeds")) {
        print_message("skipped: " WINNOW_SHARED_DIR "/cases/seeds is not there\n");
        skip();
    }
    assert_int_equal(for_each(WINNOW_SHARED_DIR "/cases/seeds", 1, expect_seed), 4);
}

static bool expect_properties(struct winnow *w, const char *folder, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    free(clean_file(w, path, name));
    return true;
}

static void holds_the_properties_on_real_pages(void **state)
{
    (void)state;
    size_t pages = for_each(WINNOW_SHARED_DIR "/data/wcxb/html", 30, expect_properties) +
                   for_each(WINNOW_SHARED_DIR "/cases/site/dumps", 20, expect_properties) +
                   for_each(WINNOW_SHARED_DIR "/cases/site/pages", 20, expect_properties);
    if (pages == 0) {
        print_message("skipped: no real pages at " WINNOW_SHARED_DIR "\n");
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cleans_every_page_case_to_what_is_wanted),
        cmocka_unit_test(cleans_the_four_seeds_to_the_word),
        cmocka_unit_test(holds_the_properties_on_real_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
