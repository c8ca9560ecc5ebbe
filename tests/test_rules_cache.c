/* test_rules_cache.c - large folders whose listing is remembered: what is read when, what
 * is believed, what is noticed. */

#include "rules_testing.h"

#include "program.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "hash.h"
#include "rules.h"

enum {
    FILES = 300,
    TOO_LARGE = 5 << 20, /* bytes; such a file cannot be read, not even by root */
};

/* The clock of this program, so that no test waits for a folder to grow old: it stands
 * at this time, or (0) is ten seconds ahead of the machine's. */
static struct timespec clock_stands;

int clock_gettime(clockid_t id, struct timespec *ret)
{
    int status = (int)syscall(SYS_clock_gettime, id, ret);
    if (status == 0 && id == CLOCK_REALTIME && clock_stands.tv_sec != 0)
        *ret = clock_stands;
    else if (status == 0 && id == CLOCK_REALTIME)
        ret->tv_sec += 10;
    return status;
}

/* --- a large folder and its cache -------------------------------------------------------- */

struct big {
    struct rules_folder rules, home;
    char cache[150]; /* below home, and not there yet */
};

static const char *name_of(unsigned i)
{
    static char names[4][40];
    static unsigned next;
    char *name = names[next++ % 4];
    snprintf(name, sizeof names[0], "h%03u.example.txt", i);
    return name;
}

static struct big big_open(unsigned files)
{
    struct big b = {.rules = folder_open(), .home = folder_open()};
    char rule[60];
    snprintf(b.cache, sizeof b.cache, "%s/cache/winnow", b.home.path);
    for (unsigned i = 0; i < files; i++) {
        snprintf(rule, sizeof rule, "drop_line: Word %u\n", i);
        folder_put(&b.rules, name_of(i), rule);
    }
    return b;
}

static void big_close(struct big *b)
{
    folder_close(&b->rules);
    folder_close(&b->home);
}

static int try_open(const struct big *b, struct winnow **ret, struct winnow_error *err)
{
    struct winnow_options options = {.cache = b->cache};
    assert_int_equal(winnow_new(&options, ret, NULL), WINNOW_OK);
    int status = winnow_add_rules(*ret, b->rules.path, err);
    if (status != WINNOW_OK)
        winnow_free(*ret);
    return status;
}

static struct winnow *open_cached(const struct big *b)
{
    struct winnow_error err = {0};
    struct winnow *w = NULL;
    if (try_open(b, &w, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return w;
}

/* A run that does nothing but remember. */
static void run_once(const struct big *b)
{
    winnow_free(open_cached(b));
}

/* The file of the cache; free it.  NULL: none. */
static char *cache_file(const struct big *b)
{
    char *real = realpath(b->rules.path, NULL), name[33], path[400];
    assert_non_null(real);
    hash_name(slice_of(real), name);
    free(real);
    snprintf(path, sizeof path, "%s/rules-%s", b->cache, name);
    return access(path, F_OK) == 0 ? strdup(path) : NULL;
}

static void expect_remembered(const struct big *b, bool want)
{
    char *path = cache_file(b);
    assert_int_equal(path != NULL, want);
    free(path);
}

/* In place: the folder's times stay. */
static void make_unreadable(const struct big *b, const char *name)
{
    assert_int_equal(truncate(folder_path(&b->rules, name), TOO_LARGE), 0);
}

/* Does a run leave files that it does not need? */
static bool is_recalled(const struct big *b)
{
    struct winnow *w = NULL;
    make_unreadable(b, name_of(FILES - 1));
    bool ret = try_open(b, &w, NULL) == WINNOW_OK;
    if (ret)
        winnow_free(w);
    folder_put(&b->rules, name_of(FILES - 1), "drop_line: Word 299\n");
    return ret;
}

#define PAGE "Word 0\nWord 1\nWord 7\nHome\n"

static void expect_text(struct winnow *w, unsigned host, const char *want)
{
    char url[60];
    snprintf(url, sizeof url, "http://h%03u.example/", host);
    char *got = clean_text(w, PAGE, url);
    assert_string_equal(got, want);
    free(got);
}

static void expect_failed(struct winnow *w, const struct big *b, unsigned host, const char *why)
{
    char url[60];
    struct winnow_error err = {0};
    struct winnow_page *page = NULL;
    snprintf(url, sizeof url, "http://h%03u.example/", host);
    struct winnow_input in = {.data = PAGE, .len = strlen(PAGE), .url = url};
    assert_int_equal(winnow_clean(w, &in, &page, &err), WINNOW_EIO);
    assert_null(page);
    if (!strstr(err.text, folder_path(&b->rules, name_of(host))) || !strstr(err.text, why))
        fail_msg("neither %s nor \"%s\" in: %s", name_of(host), why, err.text);
}

/* --- what is read when --------------------------------------------------------------------- */

static void reads_only_what_is_asked_for_from_the_second_run_on(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    expect_remembered(&b, false);
    run_once(&b);
    expect_remembered(&b, true);
    make_unreadable(&b, name_of(5));
    struct winnow *w = open_cached(&b);
    expect_text(w, 1, "Word 0\nWord 7\nHome\n");
    expect_text(w, 7, "Word 0\nWord 1\nHome\n");
    winnow_free(w);
    big_close(&b);
}

static void fails_the_page_whose_file_cannot_be_read_and_no_other(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    run_once(&b);
    struct winnow *w = open_cached(&b);
    make_unreadable(&b, name_of(5));
    unlink(folder_path(&b.rules, name_of(0)));
    unlink(folder_path(&b.rules, name_of(2)));
    assert_int_equal(mkfifo(folder_path(&b.rules, name_of(2)), 0600), 0);
    for (int i = 0; i < 2; i++) {
        expect_failed(w, &b, 5, "4194304 bytes");
        expect_failed(w, &b, 0, "No such file");
        expect_failed(w, &b, 2, "not a regular file");
        expect_text(w, 1, "Word 0\nWord 7\nHome\n");
    }
    folder_put(&b.rules, name_of(5), "drop_line: Home\n");
    expect_text(w, 5, "Word 0\nWord 1\nWord 7\n");
    winnow_free(w);
    big_close(&b);
}

static void reads_at_once_the_files_that_may_match_pages_of_any_host(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    folder_put(&b.rules, "any.txt", "match_text: /^Home$/\ndrop_line: Word 0\n");
    run_once(&b);
    struct winnow *w = open_cached(&b);
    folder_put(&b.rules, "any.txt", "match_text: /^Home$/\ndrop_line: Word 1\n");
    expect_text(w, 5, "Word 1\nWord 7\nHome\n");
    winnow_free(w);
    w = open_cached(&b);
    expect_text(w, 5, "Word 0\nWord 7\nHome\n");
    winnow_free(w);
    make_unreadable(&b, "any.txt");
    struct winnow_error err = {0};
    assert_int_equal(try_open(&b, &w, &err), WINNOW_EIO);
    assert_non_null(strstr(err.text, folder_path(&b.rules, "any.txt")));
    big_close(&b);
}

static void reads_all_at_once_without_a_cache(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    run_once(&b);
    make_unreadable(&b, name_of(5));
    struct winnow *w = winnow_with(NULL, NULL);
    assert_int_equal(winnow_add_rules(w, b.rules.path, NULL), WINNOW_EIO);
    winnow_free(w);
    b.cache[0] = '\0';
    assert_int_equal(try_open(&b, &w, NULL), WINNOW_EIO);
    big_close(&b);
}

static void reads_a_file_through_the_folder_that_was_added(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    char other[110];
    run_once(&b);
    struct winnow *w = open_cached(&b);
    snprintf(other, sizeof other, "%s-moved", b.rules.path);
    assert_int_equal(rename(b.rules.path, other), 0);
    expect_text(w, 1, "Word 0\nWord 7\nHome\n");
    winnow_free(w);
    assert_int_equal(rename(other, b.rules.path), 0);
    big_close(&b);
}

/* --- what comes out ---------------------------------------------------------------------------- */

/* Pages of all hosts and of one that no file knows; free it. */
static char *clean_all(struct winnow *w, unsigned hosts)
{
    struct text all = {calloc(1, 1), 0};
    for (unsigned i = 0; i <= hosts; i++) {
        char url[60], page[120];
        snprintf(url, sizeof url, "http://h%03u.example/", i);
        snprintf(page, sizeof page, "Word %u\nWord %u\nAny\nAll\nSub\ntext\n", i, i + 1);
        char *got = clean_text(w, page, i % 3 ? url : "http://a.sub.example/");
        text_add(&all, got, strlen(got));
        free(got);
    }
    return all.data;
}

static void cleans_every_page_as_without_a_cache(void **state)
{
    (void)state;
    enum { MANY = 500 };
    struct big b = big_open(MANY);
    folder_put(&b.rules, "any.txt", "match_text: /^Word 1\\d$/\ndrop_line: Any\n");
    folder_put(&b.rules, "url.txt", "match_host: h2*.example\ndrop_line: text\n");
    folder_put(&b.rules, "global.txt", "drop_line: All\n");
    folder_put(&b.rules, ".sub.example.txt", "drop_line: Sub\n");
    struct winnow *whole = winnow_of(&b.rules), *first = open_cached(&b), *second = open_cached(&b);
    make_unreadable(&b, "h499.example.txt");
    assert_int_equal(winnow_add_rules(second, b.rules.path, NULL), WINNOW_OK); /* it is recalled */
    winnow_free(second);
    second = open_cached(&b);
    folder_put(&b.rules, "h499.example.txt", "drop_line: Word 499\n");
    char *want = clean_all(whole, MANY), *got = clean_all(first, MANY);
    assert_string_equal(got, want);
    free(got);
    got = clean_all(second, MANY);
    assert_string_equal(got, want);
    assert_null(strstr(got, "All"));
    free(got);
    free(want);
    winnow_free(whole);
    winnow_free(first);
    winnow_free(second);
    big_close(&b);
}

struct asker {
    struct winnow *w;
    size_t wrong;
};

/* What goes wrong is counted, for cmocka's failures belong to the thread of the test. */
static void *ask_all(void *arg)
{
    struct asker *me = arg;
    for (unsigned i = 0; i < FILES; i++) {
        char url[60], page[60];
        struct winnow_page *p = NULL;
        struct text got = {NULL, 0};
        snprintf(url, sizeof url, "http://h%03u.example/", i);
        snprintf(page, sizeof page, "Word %u\ntext\n", i);
        struct winnow_input in = {.data = page, .len = strlen(page), .url = url};
        if (winnow_clean(me->w, &in, &p, NULL) != WINNOW_OK ||
            winnow_render(p, WINNOW_TEXT, text_add, &got, NULL) != WINNOW_OK ||
            strcmp(got.data, "text\n") != 0)
            me->wrong++;
        free(got.data);
        winnow_page_free(p);
    }
    return NULL;
}

static void lets_threads_ask_for_the_same_files_at_once_and_the_rules_be_replaced(void **state)
{
    (void)state;
    enum { ASKERS = 4 };
    struct big b = big_open(FILES);
    run_once(&b);
    struct asker askers[ASKERS];
    pthread_t threads[ASKERS];
    struct winnow *w = open_cached(&b);
    for (size_t i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){.w = w};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_all, &askers[i]), 0);
    }
    int status = winnow_reload_rules(w, NULL, NULL, NULL);
    for (size_t i = 0; i < ASKERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(askers[i].wrong, 0);
    }
    assert_int_equal(status, WINNOW_OK);
    winnow_free(w);
    big_close(&b);
}

/* --- read again ---------------------------------------------------------------------------------- */

static void replaces_recalled_rules_by_all_that_the_folder_holds(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    run_once(&b);
    struct winnow *w = open_cached(&b);
    folder_put(&b.rules, name_of(1), "drop_line: Home\n");
    folder_put(&b.rules, name_of(7), "match_text: /./\ndrop_line: Word 0\n");
    assert_int_equal(winnow_reload_rules(w, NULL, NULL, NULL), WINNOW_OK);
    folder_put(&b.rules, name_of(1), "drop_line: Word 7\n"); /* a snapshot now */
    expect_text(w, 1, "Word 1\nWord 7\n");
    winnow_free(w);
    big_close(&b);
}

static void replaces_rules_by_what_is_read_at_once(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    run_once(&b);
    struct winnow *w = open_cached(&b);
    assert_int_equal(winnow_reload_rules(w, NULL, NULL, NULL), WINNOW_OK);
    make_unreadable(&b, name_of(5));
    assert_int_equal(winnow_reload_rules(w, NULL, NULL, NULL), WINNOW_EIO);
    expect_text(w, 5, PAGE);
    winnow_free(w);
    big_close(&b);
}

static void bears_an_old_error_in_a_file_that_no_page_has_asked_for(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    folder_put(&b.rules, name_of(3), "drop_line: /(/\n");
    run_once(&b);
    struct winnow *w = open_cached(&b);
    for (int i = 0; i < 2; i++)
        assert_int_equal(winnow_reload_rules(w, NULL, NULL, NULL), WINNOW_OK);
    winnow_free(w);
    w = open_cached(&b);
    folder_put(&b.rules, name_of(1), "drop_line: /(/\n");
    assert_int_equal(winnow_reload_rules(w, NULL, NULL, NULL), WINNOW_ERULES);
    winnow_free(w);
    big_close(&b);
}

/* --- what is noticed -------------------------------------------------------------------------- */

static void put_replacing(const struct big *b, const char *name, const char *text)
{
    folder_put(&b->rules, "new", text);
    assert_int_equal(rename(folder_path(&b->rules, "new"), folder_path(&b->rules, name)), 0);
}

static void notices_files_that_are_new_renamed_replaced_or_gone(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    run_once(&b);
    folder_put(&b.rules, "any.txt", "match_text: /./\ndrop_line: Home\n");
    struct winnow *w = open_cached(&b);
    expect_text(w, 1, "Word 0\nWord 7\n");
    winnow_free(w);
    assert_int_equal(
        rename(folder_path(&b.rules, name_of(7)), folder_path(&b.rules, "h900.example.txt")), 0);
    w = open_cached(&b);
    expect_text(w, 900, "Word 0\nWord 1\n");
    expect_text(w, 7, "Word 0\nWord 1\nWord 7\n");
    winnow_free(w);
    put_replacing(&b, name_of(9), "match_text: /./\ndrop_line: Word 0\n");
    w = open_cached(&b);
    expect_text(w, 1, "Word 7\n");
    winnow_free(w);
    unlink(folder_path(&b.rules, "any.txt"));
    unlink(folder_path(&b.rules, name_of(1)));
    w = open_cached(&b);
    expect_text(w, 1, "Word 1\nWord 7\nHome\n");
    winnow_free(w);
    assert_true(is_recalled(&b));
    big_close(&b);
}

/* The one thing that a cache gives up. */
static void lists_anew_once_a_page_meets_a_match_line_that_was_added_in_place(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    run_once(&b);
    folder_put(&b.rules, name_of(7), "match_text: /./\ndrop_line: Home\n");
    struct winnow *w = open_cached(&b);
    expect_text(w, 1, "Word 0\nWord 7\nHome\n");
    expect_remembered(&b, true);
    expect_text(w, 7, "Word 0\nWord 1\nWord 7\n");
    expect_remembered(&b, false);
    winnow_free(w);
    w = open_cached(&b);
    expect_text(w, 1, "Word 0\nWord 7\n");
    expect_remembered(&b, true);
    winnow_free(w);
    big_close(&b);
}

/* --- what is not remembered ------------------------------------------------------------------- */

static void never_remembers_a_folder_of_256_files(void **state)
{
    (void)state;
    struct big b = big_open(256);
    folder_put(&b.rules, "README", "no rule file");
    run_once(&b);
    expect_remembered(&b, false);
    assert_int_not_equal(access(b.cache, F_OK), 0); /* nor is anything made for it */
    folder_put(&b.rules, "one-more.txt", "");
    run_once(&b);
    expect_remembered(&b, true);
    big_close(&b);
}

/* A run at t and so many nanoseconds. */
static void run_at(const struct big *b, struct timespec t, int64_t ns)
{
    ns += t.tv_nsec;
    clock_stands = (struct timespec){t.tv_sec + ns / 1000000000, ns % 1000000000};
    run_once(b);
    clock_stands.tv_sec = 0;
}

static struct stat set_mtime(const struct big *b, time_t seconds)
{
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    struct stat st;
    assert_int_equal(utimensat(AT_FDCWD, b->rules.path, times, 0), 0);
    assert_int_equal(stat(b->rules.path, &st), 0);
    return st;
}

static void never_remembers_a_folder_that_changed_in_the_last_two_seconds(void **state)
{
    (void)state;
    const int64_t two = 2000000000;
    struct big b = big_open(FILES);
    struct stat st = set_mtime(&b, 1000000000); /* all its files may be new, its ctime says */
    run_at(&b, st.st_ctim, two - 1);
    expect_remembered(&b, false);
    st = set_mtime(&b, st.st_ctim.tv_sec + 1000);
    run_at(&b, st.st_ctim, two);
    expect_remembered(&b, false);
    run_at(&b, st.st_mtim, two - 1);
    expect_remembered(&b, false);
    run_at(&b, st.st_mtim, two);
    expect_remembered(&b, true);
    big_close(&b);
    b = big_open(FILES);
    st = set_mtime(&b, 1000000000);
    run_at(&b, st.st_ctim, two);
    expect_remembered(&b, true);
    big_close(&b);
}

static void never_remembers_a_folder_with_a_file_that_cannot_be_read(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    struct winnow *w = NULL;
    make_unreadable(&b, name_of(1));
    assert_int_equal(try_open(&b, &w, NULL), WINNOW_EIO);
    expect_remembered(&b, false);
    big_close(&b);
}

/* --- what is believed -------------------------------------------------------------------------- */

/* The cache of a large folder, as the library itself asks for it. */
static struct rules_cache find(const struct big *b)
{
    struct rules_cache c = {0};
    int dir = open(b->rules.path, O_RDONLY | O_DIRECTORY);
    assert_true(rules_cache_find(b->cache, b->rules.path, dir, &c));
    close(dir);
    return c;
}

static bool is_believed(struct rules_cache *c)
{
    bool ret = rules_cache_load(c);
    assert_int_equal(ret, c->texts != NULL);
    for (size_t i = 0; i < c->count; i++)
        if (!is_rule_file(c->texts[i].name) || strchr(c->texts[i].name, '/'))
            fail_msg("believes in a file \"%s\"", c->texts[i].name);
    free(c->texts);
    free(c->bytes);
    c->texts = NULL;
    c->bytes = NULL;
    c->count = 0;
    return ret;
}

/* Writes over what the file holds, and cuts it there; with a checksum that is right where
 * asked. */
static void put_bytes(const char *path, const char *bytes, size_t len, bool sealed)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    uint64_t sum = hash_bytes((struct slice){bytes, len - 8});
    assert_int_equal(pwrite(fd, bytes, len, 0), len);
    if (sealed)
        assert_int_equal(pwrite(fd, &sum, 8, (off_t)len - 8), 8);
    assert_int_equal(ftruncate(fd, (off_t)len), 0);
    close(fd);
}

static char *get_bytes(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    char *bytes = read_fd(fd, len);
    close(fd);
    return bytes;
}

static void ignores_what_is_cut_off_or_has_a_flipped_bit(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    size_t len;
    run_once(&b);
    struct rules_cache c = find(&b);
    char *bytes = get_bytes(c.file, &len);
    assert_true(is_believed(&c));
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= (char)(1 << i % 8);
        put_bytes(c.file, bytes, len, false);
        if (is_believed(&c))
            fail_msg("byte %zu of %zu may differ", i, len);
        bytes[i] ^= (char)(1 << i % 8);
    }
    for (size_t i = len; i-- > 0;) {
        assert_int_equal(truncate(c.file, (off_t)i), 0);
        if (is_believed(&c))
            fail_msg("%zu bytes of %zu are enough", i, len);
    }
    free(bytes);
    rules_cache_free(&c);
    assert_false(is_recalled(&b));
    run_once(&b);
    assert_true(is_recalled(&b));
    big_close(&b);
}

static void ignores_a_listing_that_is_wrong_under_a_right_checksum(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    size_t len;
    run_once(&b);
    struct rules_cache c = find(&b);
    char *bytes = get_bytes(c.file, &len);
    size_t names = 64 + strlen(c.folder) + 1; /* where the first file begins */
    put_bytes(c.file, bytes, len, true);
    assert_true(is_believed(&c));
    for (size_t i = 0; i + 8 < len; i++) {
        char was = bytes[i];
        for (int bit = 0; bit < 8; bit += i < names ? 1 : 3) {
            bytes[i] = (char)(was ^ 1 << bit);
            put_bytes(c.file, bytes, len, true);
            if (is_believed(&c) && i < names)
                fail_msg("byte %zu of the head may differ", i);
        }
        bytes[i] = was;
    }
    for (size_t i = 8; i < len; i++) {
        put_bytes(c.file, bytes, i, true);
        if (is_believed(&c))
            fail_msg("%zu sealed bytes of %zu are enough", i, len);
    }
    bytes = realloc(bytes, len + 1);
    memset(bytes + len - 8, 0, 9);
    put_bytes(c.file, bytes, len + 1, true);
    assert_false(is_believed(&c)); /* one byte too many */
    free(bytes);
    rules_cache_free(&c);
    big_close(&b);
}

enum { ENTRY = 8 + 1 + sizeof "h000.example.txt" }; /* bytes */

static void ignores_a_listing_of_too_few_files_or_with_an_unknown_mark(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    size_t len;
    run_once(&b);
    struct rules_cache c = find(&b);
    char *bytes = get_bytes(c.file, &len);
    size_t names = len - 8 - FILES * ENTRY; /* where the first file begins */
    for (uint64_t count = 256; count <= 257; count++) {
        memcpy(bytes + 56, &count, sizeof count);
        put_bytes(c.file, bytes, names + count * ENTRY + 8, true);
        assert_int_equal(is_believed(&c), count == 257);
    }
    for (char mark = 0; mark < 4; mark++) {
        bytes[names + 8] = mark;
        put_bytes(c.file, bytes, names + 257 * ENTRY + 8, true);
        assert_int_equal(is_believed(&c), mark < 2);
    }
    free(bytes);
    rules_cache_free(&c);
    big_close(&b);
}

static void ignores_a_listing_of_more_than_sixteen_mebibytes(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    size_t len;
    run_once(&b);
    struct rules_cache c = find(&b);
    char *bytes = get_bytes(c.file, &len);
    bytes = realloc(bytes, (16 << 20) + 1);
    assert_non_null(bytes);
    memset(bytes + len - 8 - 5, 'x', (size_t)(16 << 20) + 1 - (len - 8 - 5)); /* a last name */
    for (size_t large = (16 << 20); large <= (16 << 20) + 1; large++) {
        memcpy(bytes + large - 8 - 5, ".txt", 5);
        put_bytes(c.file, bytes, large, true);
        assert_int_equal(is_believed(&c), large == 16 << 20);
        bytes[large - 9] = 'x';
    }
    free(bytes);
    rules_cache_free(&c);
    big_close(&b);
}

/* The listing with the name of the second file put in another's place. */
static bool believes_name(struct rules_cache *c, const char *bytes, size_t len, const char *name)
{
    char *copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    char *at = memmem(copy, len, "h001.example.txt", 17);
    assert_non_null(at);
    memcpy(at, name, 16);
    put_bytes(c->file, copy, len, true);
    free(copy);
    return is_believed(c);
}

static void ignores_a_listing_with_a_name_that_no_folder_gives(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    size_t len;
    run_once(&b);
    struct rules_cache c = find(&b);
    char *bytes = get_bytes(c.file, &len);
    assert_true(believes_name(&c, bytes, len, "h001.example.txt"));
    assert_true(believes_name(&c, bytes, len, "h001.elpmaxe.txt"));
    assert_false(believes_name(&c, bytes, len, "h001/example.txt"));
    assert_false(believes_name(&c, bytes, len, "h001.example.tex"));
    assert_false(believes_name(&c, bytes, len, "h000.example.txt")); /* twice */
    assert_false(believes_name(&c, bytes, len, "h003.example.txt")); /* not by name */
    assert_false(believes_name(&c, bytes, len, "h001.exa\0ple.txt"));
    free(bytes);
    rules_cache_free(&c);
    big_close(&b);
}

static void ignores_a_file_that_others_could_have_written(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    size_t len;
    run_once(&b);
    struct rules_cache c = find(&b);
    char *bytes = get_bytes(c.file, &len), aside[400];
    assert_true(is_believed(&c));
    chmod(c.file, 0620);
    assert_false(is_believed(&c));
    chmod(c.file, 0602);
    assert_false(is_believed(&c));
    chmod(c.file, 0644);
    assert_true(is_believed(&c));
    if (geteuid() == 0) {
        assert_int_equal(chown(c.file, NOBODY, NOBODY), 0);
        assert_false(is_believed(&c));
        assert_int_equal(chown(c.file, 0, 0), 0);
    }
    snprintf(aside, sizeof aside, "%s.aside", c.file);
    assert_int_equal(rename(c.file, aside), 0);
    assert_int_equal(symlink(aside, c.file), 0);
    assert_false(is_believed(&c));
    unlink(c.file);
    assert_int_equal(mkfifo(c.file, 0600), 0);
    assert_false(is_believed(&c));
    unlink(c.file);
    put_bytes(c.file, bytes, len, true);
    assert_int_equal(truncate(c.file, (16 << 20) + 1), 0);
    assert_false(is_believed(&c));
    free(bytes);
    rules_cache_free(&c);
    big_close(&b);
}

static void ignores_what_was_remembered_of_another_folder(void **state)
{
    (void)state;
    struct big a = big_open(FILES), b = big_open(FILES);
    run_once(&a);
    run_once(&b);
    struct rules_cache of_a = find(&a), of_b = find(&b);
    assert_true(is_believed(&of_a));
    assert_int_equal(rename(of_b.file, of_a.file), 0);
    assert_false(is_believed(&of_a));
    rules_cache_free(&of_a);
    rules_cache_free(&of_b);
    big_close(&a);
    big_close(&b);
}

static void ignores_what_was_remembered_of_the_folder_in_another_state(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    run_once(&b);
    struct rules_cache c = find(&b);
    const struct stat was = c.state;
    assert_true(is_believed(&c));
    for (int i = 0; i < 6; i++) {
        c.state = was;
        c.state.st_dev += i == 0;
        c.state.st_ino += i == 1;
        c.state.st_mtim.tv_sec -= i == 2;
        c.state.st_mtim.tv_nsec ^= i == 3;
        c.state.st_ctim.tv_sec -= i == 4;
        c.state.st_ctim.tv_nsec ^= i == 5;
        assert_false(is_believed(&c));
    }
    rules_cache_free(&c);
    big_close(&b);
}

static void leaves_a_whole_file_where_several_processes_write_at_once(void **state)
{
    (void)state;
    enum { WRITERS = 4, TIMES = 40 };
    struct big b = big_open(FILES);
    run_once(&b);
    struct rules_cache c = find(&b);
    struct folder f = {0};
    pid_t writers[WRITERS];
    assert_int_equal(folder_read(b.rules.path, NULL, &f, NULL), WINNOW_OK);
    for (int i = 0; i < WRITERS; i++) {
        fflush(NULL);
        writers[i] = fork();
        assert_true(writers[i] >= 0);
        if (writers[i] == 0) {
            for (int k = 0; k < TIMES; k++)
                rules_cache_save(&c, f.texts, f.count - (size_t)i * 10);
            _exit(0);
        }
    }
    for (int k = 0; k < TIMES; k++)
        assert_true(is_believed(&c));
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(waitpid(writers[i], NULL, 0), writers[i]);
    assert_true(is_believed(&c));
    assert_int_equal(unlink(c.file), 0);
    assert_int_equal(rmdir(b.cache), 0); /* nothing else is left there */
    folder_free(&f);
    rules_cache_free(&c);
    big_close(&b);
}

/* --- a cache that cannot be written ---------------------------------------------------------------- */

static void reads_all_where_there_can_be_no_cache(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    folder_put(&b.home, "cache", "a file");
    for (int i = 0; i < 2; i++) {
        struct winnow *w = open_cached(&b);
        expect_text(w, 1, "Word 0\nWord 7\nHome\n");
        winnow_free(w);
    }
    assert_false(is_recalled(&b));
    big_close(&b);
}

/* Runs the test's question without root's rights. */
static bool is_recalled_for_nobody(const struct big *b)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct winnow *w = NULL;
        if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0 || try_open(b, &w, NULL) != WINNOW_OK)
            _exit(1);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void uses_a_cache_that_it_can_read_and_not_write(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("not root: skipped\n");
        skip();
    }
    struct big b = big_open(FILES);
    chmod(b.rules.path, 0755);
    chmod(b.home.path, 0755);
    run_once(&b);
    char *file = cache_file(&b);
    chmod(folder_path(&b.home, "cache"), 0755);
    chmod(b.cache, 0755);
    assert_true(is_recalled_for_nobody(&b)); /* it reads all, and writes nothing */
    make_unreadable(&b, name_of(1));
    assert_false(is_recalled_for_nobody(&b)); /* 0600: it cannot be read */
    chmod(file, 0644);
    assert_true(is_recalled_for_nobody(&b));
    free(file);
    big_close(&b);
}

/* --- the program ---------------------------------------------------------------------------------- */

static struct run clean_by_program(const struct big *b, const char *env)
{
    const char *args[] = {"clean",  "--no-default-rules", "--rules", b->rules.path,
                          "--site", "h001.example",       NULL,      NULL};
    args[6] = folder_path(&b->home, "page.txt");
    return run_launch((struct launch){.args = args, .env = env, .cwd = b->home.path});
}

static void finds_its_cache_by_the_environment(void **state)
{
    (void)state;
    struct big b = big_open(FILES);
    const char *home = b.home.path;
    struct {
        const char *cache, *env, *base, *value;
        int code;
    } runs[] = {
        {"cache/winnow", "XDG_CACHE_HOME", home, "/cache", EX_OK},
        {".cache/winnow", "HOME", home, "", EX_OK},
        {".cache/winnow", "HOME", home, "/elsewhere", EX_CONFIG},
        {"here/.cache/winnow", "HOME", "", "here", EX_CONFIG}, /* its folder is home */
        {"cache/winnow", "XDG_CACHE_HOME", "", "cache", EX_CONFIG},
        {".cache/winnow", "XDG_CACHE_HOME", "", "cache", EX_OK}, /* in ~/.cache, then */
    };
    folder_put(&b.home, "page.txt", PAGE);
    mkdir(folder_path(&b.home, "here"), 0700);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        char env[200];
        snprintf(b.cache, sizeof b.cache, "%s/%s", home, runs[i].cache);
        run_once(&b);
        expect_remembered(&b, true);
        make_unreadable(&b, name_of(5)); /* where the program recalls nothing, it fails */
        snprintf(env, sizeof env, "%s=%s%s", runs[i].env, runs[i].base, runs[i].value);
        setenv("HOME", i == 5 ? home : "/nonexistent", 1);
        struct run r = clean_by_program(&b, env);
        assert_code(&r, runs[i].code);
        if (runs[i].code == EX_OK)
            assert_string_equal(r.out, "Word 0\nWord 7\nHome\n");
        run_free(&r);
        folder_put(&b.rules, name_of(5), "drop_line: Word 5\n");
    }
    big_close(&b);
}

int main(void)
{
    unsetenv("XDG_CACHE_HOME");
    setenv("HOME", "/nonexistent", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_only_what_is_asked_for_from_the_second_run_on),
        cmocka_unit_test(fails_the_page_whose_file_cannot_be_read_and_no_other),
        cmocka_unit_test(reads_at_once_the_files_that_may_match_pages_of_any_host),
        cmocka_unit_test(reads_all_at_once_without_a_cache),
        cmocka_unit_test(reads_a_file_through_the_folder_that_was_added),
        cmocka_unit_test(cleans_every_page_as_without_a_cache),
        cmocka_unit_test(lets_threads_ask_for_the_same_files_at_once_and_the_rules_be_replaced),
        cmocka_unit_test(replaces_recalled_rules_by_all_that_the_folder_holds),
        cmocka_unit_test(replaces_rules_by_what_is_read_at_once),
        cmocka_unit_test(bears_an_old_error_in_a_file_that_no_page_has_asked_for),
        cmocka_unit_test(notices_files_that_are_new_renamed_replaced_or_gone),
        cmocka_unit_test(lists_anew_once_a_page_meets_a_match_line_that_was_added_in_place),
        cmocka_unit_test(never_remembers_a_folder_of_256_files),
        cmocka_unit_test(never_remembers_a_folder_that_changed_in_the_last_two_seconds),
        cmocka_unit_test(never_remembers_a_folder_with_a_file_that_cannot_be_read),
        cmocka_unit_test(ignores_what_is_cut_off_or_has_a_flipped_bit),
        cmocka_unit_test(ignores_a_listing_that_is_wrong_under_a_right_checksum),
        cmocka_unit_test(ignores_a_listing_of_too_few_files_or_with_an_unknown_mark),
        cmocka_unit_test(ignores_a_listing_of_more_than_sixteen_mebibytes),
        cmocka_unit_test(ignores_a_listing_with_a_name_that_no_folder_gives),
        cmocka_unit_test(ignores_a_file_that_others_could_have_written),
        cmocka_unit_test(ignores_what_was_remembered_of_another_folder),
        cmocka_unit_test(ignores_what_was_remembered_of_the_folder_in_another_state),
        cmocka_unit_test(leaves_a_whole_file_where_several_processes_write_at_once),
        cmocka_unit_test(reads_all_where_there_can_be_no_cache),
        cmocka_unit_test(uses_a_cache_that_it_can_read_and_not_write),
        cmocka_unit_test(finds_its_cache_by_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
