/* test_fsck.c - a spool that is whole has no findings, and each kind of damage has one. */
#include "spool_testing.h"

#include "spool/fsck.h"
#include "spool/manifest.h"
#include "spool/reason.h"

static struct {
    size_t count;
    char file[16][128], text[16][256];
} told;

static void find(void *ctx, const char *file, uint64_t at, const char *text)
{
    (void)ctx;
    (void)at;
    if (told.count < 16) {
        snprintf(told.file[told.count], sizeof told.file[0], "%s", file);
        snprintf(told.text[told.count], sizeof told.text[0], "%s", text);
    }
    told.count++;
}

static size_t check(bool running)
{
    size_t problems = 12345;
    told.count = 0;
    assert_int_equal(spool_fsck(spool, running, find, NULL, &problems, &err), WINNOW_OK);
    assert_int_equal(problems, told.count);
    return problems;
}

/* One finding, about that file, with those words. */
static void check_one(const char *file, const char *words)
{
    assert_int_equal(check(false), 1);
    assert_string_equal(told.file[0], file);
    if (!strstr(told.text[0], words))
        fail_msg("\"%s\" is not in \"%s\"", words, told.text[0]);
}

static void decide(uint64_t id, enum manifest_kind kind, const char *path)
{
    struct manifest *m = NULL;
    struct manifest_entry e = {.id = id, .kind = kind, .time = 1, .path = path, .out = path};
    assert_int_equal(manifest_open(spool->state, &m, &err), WINNOW_OK);
    assert_int_equal(manifest_append(m, &e, 1, &err), WINNOW_OK);
    manifest_close(m);
}

static void quarantine(uint64_t id, const char *path)
{
    struct reason why = {"crash", "text", "what"};
    put(spool->drop, path, "x");
    assert_int_equal(spool_claim(spool, path, id, &err), WINNOW_OK);
    assert_int_equal(reason_write(spool, id, path, &why, &err), WINNOW_OK);
    decide(id, MANIFEST_QUARANTINED, path);
    assert_int_equal(spool_quarantine(spool, id, &err), WINNOW_OK);
}

static void finds_nothing_in_a_spool_that_is_whole(void **state)
{
    (void)state;
    assert_int_equal(check(false), 0);
    for (uint64_t id = 1; id <= 30; id++)
        decide(id, MANIFEST_CLEANED, "a");
    decide(5, MANIFEST_CLEANED, "a"); /* its output got another name */
    quarantine(40, "h/a");
    quarantine(41, "h/b");
    put(spool->drop, "h/b", "x");
    decide(41, MANIFEST_RETRIED, "h/b");
    decide(41, MANIFEST_RETRIED, "h/b"); /* told again after a crash */
    assert_int_equal(spool_forget(spool, 41, &err), WINNOW_OK);
    put(spool->state, "index/x", "");
    put(spool->state, "metrics.prom", "");
    put(spool->state, "metrics.prom.tmp", "");
    put(spool->state, "control", "");
    assert_int_equal(check(false), 0);
    assert_int_equal(check(true), 0);
}

static void tells_of_missing_folders(void **state)
{
    (void)state;
    struct spool *own = spool;
    assert_int_equal(unlinkat(spool->root, "quarantine", AT_REMOVEDIR), 0);
    assert_int_equal(spool_open(root, SPOOL_LOOK, &spool, &err), WINNOW_OK);
    check_one("quarantine", "missing");
    spool_close(spool);
    spool = own;
}

static void tells_what_the_next_start_will_end_unless_one_runs(void **state)
{
    (void)state;
    put(spool->work, "7/in/h/a", "x");
    check_one("work/7", "nothing was decided");
    assert_int_equal(check(true), 0);
    decide(7, MANIFEST_CLEANED, "h/a");
    check_one("work/7", "not all taken");
    assert_int_equal(check(true), 0);
    assert_int_equal(spool_finish(spool, 7, &err), WINNOW_OK);
    assert_int_equal(mkdirat(spool->work, "8", 0700), 0);
    check_one("work/8", "broken off");
    assert_int_equal(check(true), 0);
}

static void tells_of_quarantine_without_reason_or_decision(void **state)
{
    (void)state;
    quarantine(7, "h/a");
    assert_int_equal(check(false), 0);
    assert_int_equal(unlinkat(spool->quarantine, "7/reason.json", 0), 0);
    check_one("quarantine/7", "reason.json");
    put(spool->quarantine, "7/reason.json", "{");
    check_one("quarantine/7/reason.json", "cannot be read");
    assert_int_equal(spool_forget(spool, 7, &err), WINNOW_OK);
    assert_int_equal(check(true), 0);
    assert_int_equal(check(false), 1);
    assert_non_null(strstr(told.text[0], "gone"));
    quarantine(8, "h/a");
    decide(8, MANIFEST_RELEASED, "h/a");
    decide(7, MANIFEST_RETRIED, "h/a");
    check_one("quarantine/8", "released");
    assert_int_equal(check(true), 0);
    put(spool->quarantine, "9/in/a", "");
    put(spool->quarantine, "9/reason.json", "{\"kind\": \"data\", \"reason\": \"x\"}");
    decide(8, MANIFEST_RETRIED, "h/a");
    assert_int_equal(spool_forget(spool, 8, &err), WINNOW_OK);
    check_one("quarantine/9", "not in the manifest");
}

static void tells_of_foreign_files(void **state)
{
    (void)state;
    static const char *const files[] = {"work/x", "quarantine/007", "state/manifest.log"};
    for (size_t i = 0; i < 3; i++) {
        put(spool->root, files[i], "");
        check_one(files[i], "not of winnowd");
        assert_int_equal(check(true), 1);
        assert_int_equal(unlinkat(spool->root, files[i], 0), 0);
    }
    quarantine(7, "a");
    put(spool->quarantine, "7/extra\n", "");
    check_one("quarantine/7/extra\n", "not of winnowd");
}

static void tells_of_ids_that_were_decided_twice(void **state)
{
    (void)state;
    decide(7, MANIFEST_CLEANED, "a");
    decide(7, MANIFEST_CLEANED, "b");
    assert_int_equal(check(false), 1);
    assert_non_null(strstr(told.text[0], "id 7 was decided twice"));
    decide(8, MANIFEST_CLEANED, "a");
    decide(8, MANIFEST_QUARANTINED, "a");
    assert_int_equal(check(true), 2);
    assert_non_null(strstr(told.text[1], "cleaned, then quarantined"));
}

/* The only file of the manifest, opened. */
static int open_manifest(char name[64])
{
    char command[128];
    snprintf(command, sizeof command, "ls %s/state | grep manifest-", root);
    FILE *f = popen(command, "r");
    assert_non_null(fgets(name, 64, f));
    pclose(f);
    name[strcspn(name, "\n")] = '\0';
    return openat(spool->state, name, O_RDWR);
}

static void tells_of_damage_with_file_and_byte(void **state)
{
    (void)state;
    char name[64], file[128];
    for (uint64_t id = 1; id <= 3; id++)
        decide(id, MANIFEST_CLEANED, "a");
    int fd = open_manifest(name);
    snprintf(file, sizeof file, "state/%s", name);
    assert_int_equal(pwrite(fd, "X", 1, 3), 1);
    check_one(file, "no line of a manifest");
    assert_int_equal(pwrite(fd, "1", 1, 3), 1);
    assert_int_equal(check(false), 0);
    off_t end = lseek(fd, 0, SEEK_END);
    assert_int_equal(pwrite(fd, "w1 4 clean", 10, end), 10);
    check_one(file, "cut off");
    assert_int_equal(check(true), 0); /* it is being written */
    close(fd);
}

static void is_quick_with_many_decisions(void **state)
{
    (void)state;
    enum { GROUP = 64, GROUPS = 1600 };
    static struct manifest_entry all[GROUP];
    struct manifest *m = NULL;
    assert_int_equal(manifest_open(spool->state, &m, &err), WINNOW_OK);
    for (unsigned g = 0; g < GROUPS; g++) {
        for (unsigned i = 0; i < GROUP; i++)
            all[i] = (struct manifest_entry){.id = 1 + (g * GROUP + i) * 7919u % 1000003u,
                                             .kind = MANIFEST_CLEANED,
                                             .path = "example.org/some/page.html",
                                             .out = "example.org/some/page.html"};
        assert_int_equal(manifest_append(m, all, GROUP, &err), WINNOW_OK);
    }
    manifest_close(m);
    assert_int_equal(check(false), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, spool_set_up, spool_tear_down)
        TEST(finds_nothing_in_a_spool_that_is_whole),
        TEST(tells_of_missing_folders),
        TEST(tells_what_the_next_start_will_end_unless_one_runs),
        TEST(tells_of_quarantine_without_reason_or_decision),
        TEST(tells_of_foreign_files),
        TEST(tells_of_ids_that_were_decided_twice),
        TEST(tells_of_damage_with_file_and_byte),
        TEST(is_quick_with_many_decisions),
    };
    return cmocka_run_group_tests_name("fsck", tests, NULL, NULL);
}
