/* test_store_compact.c - a compaction that fails takes away what it made, and harms nothing. */
#include "store_testing.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static int set_up(void **state)
{
    *state = folder_new();
    return 0;
}

static int tear_down(void **state)
{
    folder_remove(*state);
    return 0;
}

/* --- helpers -------------------------------------------------------------------------------- */

enum { DOCS = 300, MANY = 1 << 20 /* fingerprints that fill a run */ };

/* The fingerprints of text n, from its text alone: a store_prints_fn. */
static int prints_again(void *ctx, const struct store_params *params, struct slice text,
                        uint64_t **hashes, size_t *count)
{
    uint64_t *prints = ctx;
    unsigned n = 0;
    (void)params;
    assert_int_equal(sscanf(text.p, "The ferry of day %u ", &n), 1);
    for (uint32_t i = 0; i < PRINTS; i++)
        prints[i] = print_of(n, i);
    *hashes = prints;
    *count = PRINTS;
    return WINNOW_OK;
}

static int compact(const char *folder, struct winnow_error *err)
{
    uint64_t prints[PRINTS];
    return store_compact(folder, &plain_params, prints_again, prints, NULL, NULL, err);
}

/* Words by chance, behind what prints_again reads. */
static void put_large(struct store *s)
{
    enum { LARGE = 400 << 10 };
    struct text t = {0};
    uint32_t seed = 1;
    text_add(&t, "The ferry of day 1000 ", 22);
    while (t.len < LARGE) {
        seed = seed * 1664525 + 1013904223;
        text_add(&t, &"abcdefghijklmnopqrstuvwxyz      "[seed >> 27], 1);
    }
    struct store_doc doc = doc_with(1000, 1000);
    doc.text = (struct slice){t.data, t.len};
    uint64_t *hashes = calloc(MANY, sizeof *hashes);
    for (uint64_t i = 0; i < MANY; i++)
        hashes[i] = (i + 1) * 0xD1342543DE82EF95u;
    assert_int_equal(store_put(s, &doc, hashes, MANY, NULL, NULL), WINNOW_OK);
    free(hashes);
    free(t.data);
}

/* Documents whose catalog is the largest file; with a large one the run is, then the text. */
static void fill(const char *folder, bool with_large)
{
    struct store *s = open_disk(folder, false);
    for (uint32_t n = 1; n <= DOCS; n++)
        put_plain(s, n);
    if (with_large)
        put_large(s);
    assert_int_equal(store_set_state(s, 7, DOC_FORGOTTEN, 0, NULL), WINNOW_OK);
    commit(s);
    store_close(s);
}

static void expect_filled(const char *folder, bool read_only)
{
    struct store *s = open_disk(folder, read_only);
    for (uint32_t n = 1; n <= DOCS; n++)
        if (n != 7)
            assert_whole(s, n, n);
    store_close(s);
}

static void name_of(const char *folder, const char *name, char ret[300])
{
    snprintf(ret, 300, "%s/%s", folder, name);
}

static int order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in the folder, sorted, as one text; free it.  LMDB's lock file and ours come and
 * go. */
static char *names_of(const char *folder)
{
    char *names[64];
    size_t count = 0;
    struct text t = {calloc(1, 1), 0};
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        if (!strstr(e->d_name, "lock") && count < 64)
            names[count++] = strdup(e->d_name);
    closedir(dir);
    qsort(names, count, sizeof *names, order);
    for (size_t i = 0; i < count; i++) {
        text_add(&t, names[i], strlen(names[i]));
        text_add(&t, "\n", 1);
        free(names[i]);
    }
    return t.data;
}

/* Compacts with a limit on the size of files. */
static int compact_with(const char *folder, rlim_t bytes, struct winnow_error *err)
{
    struct rlimit old, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = (struct rlimit){bytes, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int status = compact(folder, err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    return status;
}

/* What could not be written when it failed. */
enum { IN_TEXTS = 1, IN_RUN = 2, IN_CATALOG = 4 };

static unsigned file_of(const char *text)
{
    static const char *const files[] = {"texts-", "run-", "catalog.mdb"};
    for (unsigned i = 0; i < 3; i++)
        if (strstr(text, files[i]))
            return 1u << i;
    fail_msg("\"%s\" names no file", text);
    return 0;
}

/* Raises the limit until it works.  Returns which files it could not write before. */
static unsigned fail_at_every_size(const char *folder)
{
    unsigned failed = 0;
    char *before = names_of(folder);
    for (rlim_t bytes = 0;; bytes += 4096 + bytes / 3) {
        struct winnow_error err = {0};
        int status = compact_with(folder, bytes, &err);
        if (!status)
            break;
        assert_int_equal(status, WINNOW_EIO);
        failed |= file_of(err.text);
        char *after = names_of(folder);
        assert_string_equal(after, before);
        free(after);
    }
    free(before);
    return failed;
}

/* --- tests ---------------------------------------------------------------------------------- */

static void expect_gone_on(const char *folder)
{
    char path[300];
    name_of(folder, "texts-000001", path);
    assert_int_equal(access(path, F_OK), -1);
    name_of(folder, "texts-000002", path);
    assert_int_equal(access(path, F_OK), 0);
    expect_filled(folder, true);
    expect_filled(folder, false);
}

static void a_compaction_that_fails_leaves_no_file_behind(void **state)
{
    fill(*state, true);
    assert_int_equal(fail_at_every_size(*state), IN_TEXTS | IN_RUN | IN_CATALOG);
    expect_gone_on(*state);
}

static void a_compaction_whose_commit_fails_leaves_no_file_behind(void **state)
{
    fill(*state, false);
    assert_int_equal(fail_at_every_size(*state), IN_CATALOG);
    expect_gone_on(*state);
}

static void a_compaction_that_fails_harms_nothing(void **state)
{
    struct winnow_error err = {0};
    fill(*state, false);
    for (rlim_t bytes = 0; compact_with(*state, bytes, &err); bytes += 16 << 10)
        expect_filled(*state, true);
    expect_filled(*state, false);
}

static void where_the_catalog_is_lost_nothing_is_left_behind_either(void **state)
{
    char path[300];
    fill(*state, false);
    name_of(*state, "catalog.mdb", path);
    assert_int_equal(unlink(path), 0);
    assert_true(fail_at_every_size(*state) & IN_CATALOG);
    name_of(*state, "catalog.damaged", path);
    assert_int_equal(access(path, F_OK), -1);
    expect_filled(*state, true);
}

static void an_empty_catalog_beside_texts_is_made_again(void **state)
{
    char path[300];
    size_t problems = 0;
    struct store *s = NULL;
    struct winnow_error err = {0};
    fill(*state, false);
    name_of(*state, "catalog.mdb", path);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(store_disk(*state, &plain_params, true, &s, &err), WINNOW_EDATA);
    assert_non_null(strstr(err.text, "winnow index compact"));
    assert_int_equal(store_verify(*state, NULL, NULL, &problems, &err), WINNOW_OK);
    assert_true(problems > 0);
    if (compact(*state, &err))
        fail_msg("%s", err.text);
    expect_filled(*state, true);
    assert_int_equal(store_verify(*state, NULL, NULL, &problems, &err), WINNOW_OK);
    assert_int_equal(problems, 0);
}

static void a_compaction_beside_a_writer_takes_nothing_away(void **state)
{
    struct winnow_error err = {0};
    fill(*state, false);
    struct store *s = open_disk(*state, false);
    char path[300], *before;
    name_of(*state, "texts-000002", path); /* as a writer may have made one this moment */
    close(open(path, O_CREAT | O_WRONLY, 0666));
    before = names_of(*state);
    assert_int_equal(compact(*state, &err), WINNOW_EBUSY);
    char *after = names_of(*state);
    assert_string_equal(after, before);
    free(before);
    free(after);
    store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_compaction_that_fails_leaves_no_file_behind),
        TEST(a_compaction_whose_commit_fails_leaves_no_file_behind),
        TEST(a_compaction_that_fails_harms_nothing),
        TEST(where_the_catalog_is_lost_nothing_is_left_behind_either),
        TEST(an_empty_catalog_beside_texts_is_made_again),
        TEST(a_compaction_beside_a_writer_takes_nothing_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
