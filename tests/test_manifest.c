/* test_manifest.c - decisions stand once they are durable, and nothing else ever counts. */
#include "spool_testing.h"

#include <dirent.h>

#include "spool/manifest.h"

/* --- what is read ----------------------------------------------------------------------- */

enum { MOST = 4096 };
static struct {
    uint64_t ids[MOST];
    size_t count, found;
    char path[PATH_MAX], out[PATH_MAX], page[33]; /* of the last */
    bool has_out;
    enum manifest_kind kind;
    char file[64];
    uint64_t at;
} got;

static int take(void *ctx, const struct manifest_entry *e)
{
    (void)ctx;
    assert_true(got.count < MOST);
    got.ids[got.count++] = e->id;
    snprintf(got.path, sizeof got.path, "%s", e->path);
    got.has_out = e->out != NULL;
    snprintf(got.out, sizeof got.out, "%s", e->out ? e->out : "");
    memcpy(got.page, e->page, sizeof got.page);
    got.kind = e->kind;
    return 0;
}

static void find(void *ctx, const char *file, uint64_t at, const char *text)
{
    (void)ctx;
    assert_true(strlen(text) > 0);
    got.found++;
    snprintf(got.file, sizeof got.file, "%s", file);
    got.at = at;
}

static void read_since(uint64_t since)
{
    memset(&got, 0, sizeof got);
    assert_int_equal(manifest_each(spool->state, since, take, find, NULL, &err), WINNOW_OK);
}

static void read_all(void)
{
    read_since(0);
}

static bool got_ids(size_t count, const uint64_t *ids)
{
    return got.count == count && memcmp(got.ids, ids, count * sizeof *ids) == 0;
}
#define assert_ids(...)                                                                      \
    do {                                                                                     \
        const uint64_t want[] = {__VA_ARGS__};                                               \
        read_all();                                                                          \
        assert_true(got_ids(sizeof want / sizeof *want, want));                              \
    } while (0)

/* --- what is written --------------------------------------------------------------------- */

static struct manifest *m;

static int set_up(void **state)
{
    spool_set_up(state);
    assert_int_equal(manifest_open(spool->state, &m, &err), WINNOW_OK);
    act_nothing();
    return 0;
}

static int tear_down(void **state)
{
    manifest_close(m);
    m = NULL;
    return spool_tear_down(state);
}

static struct manifest_entry entry(uint64_t id)
{
    return (struct manifest_entry){.id = id, .kind = MANIFEST_CLEANED, .time = 1763800000,
                                   .page = "00112233445566778899aabbccddeeff", .attempts = 1,
                                   .path = "example.org/a.html", .out = "example.org/a.html"};
}

static int append(uint64_t id)
{
    struct manifest_entry e = entry(id);
    return manifest_append(m, &e, 1, &err);
}

static void reopen(void)
{
    manifest_close(m);
    m = NULL;
    assert_int_equal(manifest_open(spool->state, &m, &err), WINNOW_OK);
}

/* The files that there are, oldest first. */
static size_t list(char names[][64], size_t most)
{
    struct dirent **all;
    char path[128];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/state", root);
    int n = scandir(path, &all, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (strncmp(all[i]->d_name, "manifest-", 9) == 0) {
            assert_true(count < most);
            snprintf(names[count++], 64, "%.63s", all[i]->d_name);
        }
        free(all[i]);
    }
    free(all);
    return count;
}

static char *load(const char *name, size_t *ret_len)
{
    struct stat st;
    int fd = openat(spool->state, name, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    char *data = malloc((size_t)st.st_size + 1);
    assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
    close(fd);
    *ret_len = (size_t)st.st_size;
    return data;
}

static void store(const char *name, const char *data, size_t len)
{
    int fd = openat(spool->state, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    close(fd);
}

/* --- tests ------------------------------------------------------------------------------- */

static void gives_back_what_it_was_given_in_order(void **state)
{
    (void)state;
    struct manifest_entry all[] = {entry(7), entry(3), entry(9)};
    all[2].kind = MANIFEST_QUARANTINED;
    all[2].out = NULL;
    all[2].page[0] = '\0';
    assert_int_equal(manifest_append(m, all, 3, &err), WINNOW_OK);
    assert_ids(7, 3, 9);
    assert_false(got.has_out);
    assert_string_equal(got.page, "");
    assert_int_equal(got.kind, MANIFEST_QUARANTINED);
    assert_string_equal(got.path, "example.org/a.html");
    reopen();
    assert_int_equal(append(11), WINNOW_OK);
    assert_ids(7, 3, 9, 11);
    assert_int_equal(got.found, 0);
    assert_true(manifest_largest(m) >= 11);
}

static void keeps_every_byte_of_a_path(void **state)
{
    (void)state;
    char every[256], longest[PATH_MAX];
    for (int i = 0; i < 255; i++)
        every[i] = (char)(i + 1);
    every[255] = '\0';
    memset(longest, '\xff', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *paths[] = {every, longest, "-", "a b\nc", "%41", "\x01"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct manifest_entry e = entry(i + 1);
        e.path = paths[i];
        e.out = paths[i];
        assert_int_equal(manifest_append(m, &e, 1, &err), WINNOW_OK);
        read_all();
        assert_int_equal(got.count, i + 1);
        assert_string_equal(got.path, paths[i]);
        assert_true(got.has_out);
        assert_string_equal(got.out, paths[i]);
    }
}

static void refuses_a_path_that_is_too_long_and_writes_nothing(void **state)
{
    (void)state;
    char longer[PATH_MAX + 1];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    struct manifest_entry all[] = {entry(1), entry(2)};
    all[1].path = longer;
    assert_int_equal(manifest_append(m, all, 2, &err), WINNOW_EUSAGE);
    read_all();
    assert_int_equal(got.count, 0);
}

/* Ten lines, and the file's bytes. */
static char *ten_lines(char name[64], size_t *ret_len)
{
    char names[2][64];
    struct manifest_entry all[10];
    for (size_t i = 0; i < 10; i++)
        all[i] = entry(100 + i);
    assert_int_equal(manifest_append(m, all, 10, &err), WINNOW_OK);
    assert_int_equal(list(names, 2), 1);
    memcpy(name, names[0], 64);
    return load(name, ret_len);
}

static size_t newlines(const char *data, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += data[i] == '\n';
    return count;
}

static void counts_whole_lines_only_wherever_it_is_cut(void **state)
{
    (void)state;
    char name[64];
    size_t len;
    char *data = ten_lines(name, &len);
    for (size_t cut = 0; cut <= len; cut++) {
        size_t whole = newlines(data, cut);
        store(name, data, cut);
        read_all();
        assert_int_equal(got.count, whole);
        assert_int_equal(got.found, 0);
        reopen();
        assert_int_equal(append(500), WINNOW_OK);
        read_all();
        assert_int_equal(got.count, whole + 1);
        assert_int_equal(got.ids[whole], 500);
        assert_int_equal(got.found, 0);
        manifest_close(m);
        m = NULL;
        char names[4][64];
        for (size_t n = list(names, 4); n-- > 0;)
            unlinkat(spool->state, names[n], 0);
    }
    free(data);
}

/* What is left are lines that were written, and at most two of them are missing. */
static void check_flipped(const char *name, const char *data, size_t at)
{
    size_t line = newlines(data, at), missing = 1 + (data[at] == '\n' && line < 9), next = 0;
    bool is_tail = line + missing == 10;
    read_all();
    assert_int_equal(got.count, 10 - missing);
    for (size_t i = 0; i < got.count; i++, next++) {
        if (next == line)
            next += missing;
        assert_int_equal(got.ids[i], 100 + next);
    }
    /* A damaged last line may be one that was cut off. */
    assert_int_equal(got.found, is_tail ? 0 : 1);
    if (!is_tail) {
        assert_string_equal(got.file, name);
        assert_true(got.at <= at);
    }
}

static void notices_every_byte_that_is_changed(void **state)
{
    (void)state;
    static const unsigned char flips[] = {0x01, 0x20, 0x80, 0xff};
    char name[64];
    size_t len;
    char *data = ten_lines(name, &len), *changed = malloc(len);
    for (size_t at = 0; at < len; at++) {
        for (size_t i = 0; i < sizeof flips; i++) {
            memcpy(changed, data, len);
            changed[at] = (char)((unsigned char)changed[at] ^ flips[i]);
            if (changed[at] == '\n')
                continue; /* one line becomes two that are none: told the same */
            store(name, changed, len);
            check_flipped(name, data, at);
        }
    }
    free(changed);
    free(data);
}

static void takes_any_bytes_for_what_they_are(void **state)
{
    (void)state;
    char names[2][64], junk[5000];
    unsigned seed = 7;
    assert_int_equal(append(1), WINNOW_OK);
    assert_int_equal(list(names, 2), 1);
    for (int round = 0; round < 200; round++) {
        size_t len = (size_t)round * 23;
        for (size_t i = 0; i < len; i++) {
            seed = seed * 1103515245 + 12345;
            junk[i] = round % 2 ? "w1 0\n%-cleaned"[seed >> 16 & 7] : (char)(seed >> 16);
        }
        store(names[0], junk, len);
        read_all();
        assert_int_equal(got.count, 0);
    }
    reopen();
    assert_int_equal(append(2), WINNOW_OK);
    assert_ids(2);
}

static void does_not_count_what_could_not_be_synced(void **state)
{
    (void)state;
    char names[4][64];
    size_t len;
    assert_int_equal(append(1), WINNOW_OK);
    act_fail(CALL_SYNC, EIO, 1, 1);
    assert_int_equal(append(2), WINNOW_EIO);
    act_nothing();
    assert_ids(1);
    assert_int_equal(append(3), WINNOW_OK);
    assert_ids(1, 3);

    /* The disk kept the line all the same. */
    assert_int_equal(list(names, 4), 2);
    char *first = load(names[0], &len);
    char *twice = malloc(2 * len);
    memcpy(twice, first, len);
    memcpy(twice + len, first, len);
    store(names[0], twice, 2 * len);
    assert_ids(1, 3);
    reopen();
    assert_int_equal(append(4), WINNOW_OK);
    assert_ids(1, 3, 4);
    assert_int_equal(got.found, 0);
    free(first);
    free(twice);
}

static void never_syncs_again_what_could_not_be_synced(void **state)
{
    (void)state;
    char names[4][64];
    assert_int_equal(append(1), WINNOW_OK);
    act_fail(CALL_SYNC, EIO, 1, 1);
    assert_int_equal(append(2), WINNOW_EIO);
    act_nothing();
    size_t before = list(names, 4);
    struct stat old, now;
    assert_int_equal(fstatat(spool->state, names[0], &old, 0), 0);
    assert_int_equal(append(3), WINNOW_OK);
    assert_int_equal(fstatat(spool->state, names[0], &now, 0), 0);
    assert_int_equal(before, 2);
    assert_int_equal(old.st_size, now.st_size);
}

static void goes_on_when_a_disk_that_failed_for_long_is_well_again(void **state)
{
    (void)state;
    assert_int_equal(append(1), WINNOW_OK);
    act_fail(CALL_SYNC, EIO, 1, 1000);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(append(2), WINNOW_EIO);
        assert_ids(1);
    }
    act_nothing();
    assert_int_equal(append(3), WINNOW_OK);
    assert_ids(1, 3);
    reopen();
    assert_ids(1, 3);
    assert_int_equal(got.found, 0);
}

static void counts_nothing_of_a_write_that_a_full_disk_cut(void **state)
{
    (void)state;
    char names[4][64];
    assert_int_equal(append(1), WINNOW_OK);
    act_fail(CALL_WRITE, ENOSPC, 2, 2);
    act.write_most = 40;
    assert_int_equal(append(2), WINNOW_EIO);
    assert_non_null(strstr(err.text, "No space left"));
    act_nothing();
    assert_ids(1);
    assert_int_equal(append(3), WINNOW_OK);
    assert_ids(1, 3);
    assert_int_equal(list(names, 4), 1);
}

static void ends_a_file_that_cannot_be_cut_off_by_another(void **state)
{
    (void)state;
    char names[4][64];
    assert_int_equal(append(1), WINNOW_OK);
    act_fail(CALL_CUT, EIO, 1, 1);
    act_fail(CALL_SYNC, EIO, 1, 1);
    assert_int_equal(append(2), WINNOW_EIO);
    act_nothing();
    assert_ids(1); /* though its line is still there */
    assert_int_equal(append(3), WINNOW_OK);
    assert_ids(1, 3);
    assert_int_equal(got.found, 0);
    assert_int_equal(list(names, 4), 2);
}

static void finishes_writes_that_are_done_in_part_or_interrupted(void **state)
{
    (void)state;
    act_fail(CALL_WRITE, EINTR, 1, 3);
    act.write_most = 7;
    assert_int_equal(append(1), WINNOW_OK);
    act_fail(CALL_SYNC, EINTR, 1, 3);
    assert_int_equal(append(2), WINNOW_OK);
    act_nothing();
    assert_ids(1, 2);
}

static void is_durable_with_its_name_before_it_is_told(void **state)
{
    (void)state;
    assert_int_equal(append(1), WINNOW_OK);
    assert_int_equal(act.of[CALL_SYNC].seen, 3); /* the new file, its folder, the line */
    act_nothing();
    assert_int_equal(append(2), WINNOW_OK);
    assert_int_equal(act.of[CALL_SYNC].seen, 1);
    assert_int_equal(act.of[CALL_WRITE].seen, 1);
    act_nothing();
    reopen(); /* what a killed process has written may be in memory only */
    assert_true(act.of[CALL_SYNC].seen >= 2);
    assert_true(act.of[CALL_WRITE].seen >= 1);
}

static void cannot_be_opened_while_what_counts_is_not_certain(void **state)
{
    (void)state;
    struct manifest *other = NULL;
    assert_int_equal(append(1), WINNOW_OK);
    for (unsigned n = 1; n <= 2; n++) {
        act_fail(CALL_SYNC, EIO, n, n);
        assert_int_equal(manifest_open(spool->state, &other, &err), WINNOW_EIO);
        assert_null(other);
    }
    act_nothing();
}

/* Appends until there is a second file; the first id of it. */
static uint64_t fill_two_files(void)
{
    static char path[4000];
    char names[4][64];
    memset(path, '\x01', sizeof path - 1);
    for (uint64_t id = 1; id < MOST; id++) {
        struct manifest_entry e = entry(id);
        e.path = path;
        assert_int_equal(manifest_append(m, &e, 1, &err), WINNOW_OK);
        if (id % 16 == 0 && list(names, 4) == 2)
            return id;
    }
    fail();
    return 0;
}

static void begins_a_new_file_when_one_is_full_and_reads_both(void **state)
{
    (void)state;
    uint64_t last = fill_two_files();
    read_all();
    assert_int_equal(got.count, last);
    assert_int_equal(got.found, 0);
    reopen();
    assert_int_equal(append(last + 1), WINNOW_OK);
    read_all();
    assert_int_equal(got.count, last + 1);
}

static void reads_only_the_files_that_can_know_an_id(void **state)
{
    (void)state;
    uint64_t last = fill_two_files();
    uint64_t newer = manifest_largest(m) + 5;
    assert_int_equal(append(newer), WINNOW_OK);
    read_since(newer);
    assert_true(got.count < last);
    assert_int_equal(got.ids[got.count - 1], newer);
    read_since(1);
    assert_int_equal(got.count, last + 1);
}

static void tells_of_a_file_that_lost_its_end(void **state)
{
    (void)state;
    char names[4][64];
    size_t len;
    fill_two_files();
    assert_int_equal(list(names, 4), 2);
    char *data = load(names[0], &len);
    store(names[0], data, len - 5);
    read_all();
    assert_int_equal(got.found, 1);
    assert_string_equal(got.file, names[0]);
    free(data);
}

static void keeps_the_lines_of_another_that_wrote_meanwhile(void **state)
{
    (void)state;
    struct manifest *other = NULL;
    assert_int_equal(append(1), WINNOW_OK);
    assert_int_equal(manifest_open(spool->state, &other, &err), WINNOW_OK);
    struct manifest_entry e = entry(2);
    assert_int_equal(manifest_append(other, &e, 1, &err), WINNOW_OK);
    manifest_close(other);
    assert_int_equal(append(3), WINNOW_OK);
    assert_ids(1, 2, 3);
    assert_int_equal(got.found, 0);
}

static void append_two(void)
{
    struct manifest *mine = NULL;
    if (manifest_open(spool->state, &mine, NULL) != WINNOW_OK)
        return;
    struct manifest_entry all[] = {entry(2), entry(3)};
    if (manifest_append(mine, all, 2, NULL) != WINNOW_OK)
        return;
    manifest_close(mine);
}

static void is_whole_wherever_its_writer_is_killed(void **state)
{
    (void)state;
    bool died = true;
    unsigned n;
    for (n = 1; died; n++) {
        assert_int_equal(append(1), WINNOW_OK);
        died = dies_before(n, append_two);
        reopen();
        read_all();
        assert_true(got.count == 1 || got.count == 3);
        assert_int_equal(got.found, 0);
        char names[4][64];
        manifest_close(m);
        for (size_t i = list(names, 4); i-- > 0;)
            unlinkat(spool->state, names[i], 0);
        assert_int_equal(manifest_open(spool->state, &m, &err), WINNOW_OK);
    }
    assert_true(n > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(gives_back_what_it_was_given_in_order),
        TEST(keeps_every_byte_of_a_path),
        TEST(refuses_a_path_that_is_too_long_and_writes_nothing),
        TEST(counts_whole_lines_only_wherever_it_is_cut),
        TEST(notices_every_byte_that_is_changed),
        TEST(takes_any_bytes_for_what_they_are),
        TEST(does_not_count_what_could_not_be_synced),
        TEST(never_syncs_again_what_could_not_be_synced),
        TEST(goes_on_when_a_disk_that_failed_for_long_is_well_again),
        TEST(counts_nothing_of_a_write_that_a_full_disk_cut),
        TEST(ends_a_file_that_cannot_be_cut_off_by_another),
        TEST(finishes_writes_that_are_done_in_part_or_interrupted),
        TEST(is_durable_with_its_name_before_it_is_told),
        TEST(cannot_be_opened_while_what_counts_is_not_certain),
        TEST(begins_a_new_file_when_one_is_full_and_reads_both),
        TEST(reads_only_the_files_that_can_know_an_id),
        TEST(tells_of_a_file_that_lost_its_end),
        TEST(keeps_the_lines_of_another_that_wrote_meanwhile),
        TEST(is_whole_wherever_its_writer_is_killed),
    };
    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
