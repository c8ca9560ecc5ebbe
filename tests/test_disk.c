/* test_disk.c - the system calls of a store: what a call does in part is finished, and what
 * fails is told and leaves nothing behind.
 *
 * pread, pwrite, fdatasync and renameat2 are ours here: they do what the test says. */
#include "testing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "store/disk.h"

/* What the next calls do: each in part only, the first so many interrupted, or failing. */
static struct {
    size_t most; /* bytes a call; 0: all */
    int interrupted, failing, sync_failing, rename_failing;
    int calls, syncs;
} act;

static bool fails(void)
{
    act.calls++;
    if (act.interrupted > 0) {
        act.interrupted--;
        errno = EINTR;
        return true;
    }
    errno = act.failing;
    return act.failing != 0;
}

ssize_t pread(int fd, void *data, size_t len, off_t at)
{
    if (fails())
        return -1;
    return syscall(SYS_pread64, fd, data, act.most && len > act.most ? act.most : len, at);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    if (fails())
        return -1;
    return syscall(SYS_pwrite64, fd, data, act.most && len > act.most ? act.most : len, at);
}

int fdatasync(int fd)
{
    act.syncs++;
    errno = act.sync_failing;
    return act.sync_failing ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    errno = act.rename_failing;
    return act.rename_failing
               ? -1
               : (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

/* --- a folder ---------------------------------------------------------------------------------- */

struct place {
    char folder[64], path[96];
};

static int setup(void **state)
{
    static struct place p;
    memset(&act, 0, sizeof act);
    strcpy(p.folder, "/tmp/winnow-test-XXXXXX");
    assert_non_null(mkdtemp(p.folder));
    snprintf(p.path, sizeof p.path, "%s/thing", p.folder);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    char command[128];
    memset(&act, 0, sizeof act);
    snprintf(command, sizeof command, "rm -rf '%s'", p->folder);
    return system(command);
}

static size_t files_in(const struct place *p, const char *prefix)
{
    size_t n = 0;
    DIR *dir = opendir(p->folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] && strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
             !strncmp(e->d_name, prefix, strlen(prefix));
    closedir(dir);
    return n;
}

static int make(const struct place *p, const char *text, bool replace, struct winnow_error *err)
{
    int fd;
    char *temp;
    int status = disk_create(p->path, &fd, &temp, err);
    if (status)
        return status;
    status = disk_write(fd, temp, text, strlen(text), 0, err);
    if (status) {
        disk_discard(fd, temp);
        return status;
    }
    return disk_publish(fd, temp, p->path, replace, err);
}

static void expect_text(const struct place *p, const char *want)
{
    char got[100] = {0};
    int fd = open(p->path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(disk_read(fd, p->path, got, strlen(want), 0, NULL), WINNOW_OK);
    assert_string_equal(got, want);
    close(fd);
}

/* --- tests ---------------------------------------------------------------------------------------- */

static void goes_on_after_interruptions_and_parts(void **state)
{
    const struct place *p = *state;
    act.most = 3;
    act.interrupted = 2;
    assert_int_equal(make(p, "written in many calls", false, NULL), WINNOW_OK);
    assert_int_equal(act.calls, 9);
    act.interrupted = 2;
    expect_text(p, "written in many calls");
}

static void tells_where_a_file_ends_too_soon(void **state)
{
    const struct place *p = *state;
    struct winnow_error err = {0};
    char got[20] = "untouched";
    assert_int_equal(make(p, "12345", false, NULL), WINNOW_OK);
    int fd = open(p->path, O_RDONLY);
    assert_int_equal(disk_read(fd, p->path, got, 10, 3, &err), WINNOW_EDATA);
    assert_non_null(strstr(err.text, p->path));
    assert_non_null(strstr(err.text, "ends at byte 5"));
    assert_int_equal(disk_read(fd, p->path, got, 10, UINT64_MAX - 3, &err), WINNOW_EDATA);
    assert_int_equal(disk_read(fd, p->path, got, 0, 5, &err), WINNOW_OK);
    close(fd);
}

static void names_the_file_the_reason_and_what_to_do(void **state)
{
    const struct place *p = *state;
    struct winnow_error err = {0};
    act.failing = ENOSPC;
    assert_int_equal(make(p, "text", false, &err), WINNOW_EIO);
    assert_non_null(strstr(err.text, p->folder));
    assert_non_null(strstr(err.text, "No space left on device"));
    assert_non_null(strstr(err.text, "free some space"));
    act.failing = 0;
    assert_int_equal(disk_fail(&err, "x", "cannot read", ELOOP), WINNOW_EIO);
    assert_non_null(strstr(err.text, "x: cannot read: "));
}

static void a_failed_write_leaves_no_file(void **state)
{
    const struct place *p = *state;
    act.failing = EIO;
    assert_int_equal(make(p, "text", false, NULL), WINNOW_EIO);
    assert_int_equal(files_in(p, ""), 0);
}

static void a_failed_sync_is_not_tried_again_and_leaves_no_file(void **state)
{
    const struct place *p = *state;
    const int codes[] = {EIO, EINTR, ENOSPC};
    for (size_t i = 0; i < 3; i++) {
        act.sync_failing = codes[i];
        act.syncs = 0;
        assert_int_equal(make(p, "text", false, NULL), WINNOW_EIO);
        assert_int_equal(act.syncs, 1);
        assert_int_equal(files_in(p, ""), 0);
    }
}

static void an_unfinished_file_has_a_name_to_know_it_by(void **state)
{
    const struct place *p = *state;
    int fd[2];
    char *temp[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(disk_create(p->path, &fd[i], &temp[i], NULL), WINNOW_OK);
    assert_int_equal(files_in(p, DISK_TEMP), 2);
    assert_string_not_equal(temp[0], temp[1]);
    assert_int_equal(files_in(p, "thing"), 0);
    for (int i = 0; i < 2; i++)
        disk_discard(fd[i], temp[i]);
    assert_int_equal(files_in(p, ""), 0);
    disk_discard(-1, NULL);
}

static void never_takes_the_place_of_a_file_unless_told_to(void **state)
{
    const struct place *p = *state;
    /* EINVAL: a filesystem that knows no such rename. */
    const int codes[] = {0, EINVAL, ENOSYS};
    assert_int_equal(make(p, "first", false, NULL), WINNOW_OK);
    for (size_t i = 0; i < 3; i++) {
        struct winnow_error err = {0};
        act.rename_failing = codes[i];
        assert_int_equal(make(p, "other", false, &err), WINNOW_EIO);
        assert_non_null(strstr(err.text, "File exists; move that file away"));
        expect_text(p, "first");
        assert_int_equal(files_in(p, ""), 1);
    }
    assert_int_equal(make(p, "other", true, NULL), WINNOW_OK);
    expect_text(p, "other");
    assert_int_equal(files_in(p, ""), 1);
}

static void publishes_where_the_filesystem_cannot_rename_so(void **state)
{
    const struct place *p = *state;
    act.rename_failing = EINVAL;
    assert_int_equal(make(p, "text", false, NULL), WINNOW_OK);
    expect_text(p, "text");
    assert_int_equal(files_in(p, ""), 1);
}

static void the_umask_says_who_may_read(void **state)
{
    const struct place *p = *state;
    struct stat st;
    mode_t old = umask(027);
    assert_int_equal(make(p, "text", false, NULL), WINNOW_OK);
    umask(old);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
}

static void syncs_a_folder_or_says_that_there_is_none(void **state)
{
    const struct place *p = *state;
    struct winnow_error err = {0};
    char path[128];
    assert_int_equal(disk_sync_folder(p->path, NULL), WINNOW_OK);
    assert_int_equal(disk_sync_folder("here", NULL), WINNOW_OK);
    snprintf(path, sizeof path, "%s/", p->folder);
    assert_int_equal(disk_sync_folder(path, NULL), WINNOW_OK);
    snprintf(path, sizeof path, "%s/none/thing", p->folder);
    assert_int_equal(disk_sync_folder(path, &err), WINNOW_EIO);
    assert_non_null(strstr(err.text, "check the path"));
    int fd = 7;
    char *temp = NULL;
    assert_int_equal(disk_create(path, &fd, &temp, &err), WINNOW_EIO);
    assert_int_equal(fd, 7);
    assert_null(temp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(goes_on_after_interruptions_and_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(tells_where_a_file_ends_too_soon, setup, teardown),
        cmocka_unit_test_setup_teardown(names_the_file_the_reason_and_what_to_do, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_write_leaves_no_file, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_sync_is_not_tried_again_and_leaves_no_file, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_unfinished_file_has_a_name_to_know_it_by, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(never_takes_the_place_of_a_file_unless_told_to, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(publishes_where_the_filesystem_cannot_rename_so, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_umask_says_who_may_read, setup, teardown),
        cmocka_unit_test_setup_teardown(syncs_a_folder_or_says_that_there_is_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
