/* spool_testing.h - a spool in a folder of its own, and system calls that fail when told to.
 *
 * The calls that change folders and files are ours here: each counts, may be the last one
 * before the process dies, may fail, and may find that somebody was quicker. */
#ifndef WINNOW_SPOOL_TESTING_H
#define WINNOW_SPOOL_TESTING_H

#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "spool/spool.h"

enum call { CALL_RENAME, CALL_MKDIR, CALL_UNLINK, CALL_WRITE, CALL_SYNC, CALL_CUT, CALLS };

static struct {
    unsigned calls;    /* so far */
    unsigned die_at;   /* the call before which the process ends; 0: none */
    struct {
        unsigned seen;
        int failing;       /* with this errno; 0: none fails */
        unsigned from, to; /* the first to fail, counted from 1, and the last */
    } of[CALLS];
    void (*before_rename)(void); /* once */
    size_t write_most; /* bytes a write takes; 0: all */
} act;

static void act_nothing(void)
{
    memset(&act, 0, sizeof act);
}

/* Calls of that kind fail, counted from now. */
static inline void act_fail(enum call which, int why, unsigned from, unsigned to)
{
    act.of[which].seen = 0;
    act.of[which].failing = why;
    act.of[which].from = from;
    act.of[which].to = to;
}

static bool act_on(enum call call)
{
    unsigned n = ++act.of[call].seen;
    if (++act.calls == act.die_at)
        _exit(77);
    if (!act.of[call].failing || n < act.of[call].from || n > act.of[call].to)
        return true;
    errno = act.of[call].failing;
    return false;
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    if (!act_on(CALL_RENAME))
        return -1;
    void (*before)(void) = act.before_rename;
    act.before_rename = NULL;
    if (before)
        before();
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return act_on(CALL_RENAME)
               ? (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, 0)
               : -1;
}

int mkdirat(int folder, const char *name, mode_t mode)
{
    return act_on(CALL_MKDIR) ? (int)syscall(SYS_mkdirat, folder, name, mode) : -1;
}

int unlinkat(int folder, const char *name, int flags)
{
    return act_on(CALL_UNLINK) ? (int)syscall(SYS_unlinkat, folder, name, flags) : -1;
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    if (!act_on(CALL_WRITE))
        return -1;
    if (act.write_most && len > act.write_most)
        len = act.write_most;
    return syscall(SYS_pwrite64, fd, data, len, at);
}

int fdatasync(int fd)
{
    return act_on(CALL_SYNC) ? (int)syscall(SYS_fdatasync, fd) : -1;
}

int fsync(int fd)
{
    return act_on(CALL_SYNC) ? (int)syscall(SYS_fsync, fd) : -1;
}

int syncfs(int fd)
{
    return act_on(CALL_SYNC) ? (int)syscall(SYS_syncfs, fd) : -1;
}

int ftruncate(int fd, off_t len)
{
    return act_on(CALL_CUT) ? (int)syscall(SYS_ftruncate, fd, len) : -1;
}

/* Runs step in a process of its own that dies before its n-th call; true: it did. */
static inline bool dies_before(unsigned n, void (*step)(void))
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        act_nothing();
        act.die_at = n;
        step();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) == 77;
}

/* --- a spool --------------------------------------------------------------------- */

static char root[64];
static struct spool *spool;
static struct winnow_error err;

/* Every test has a spool of its own. */
static inline int spool_set_up(void **state)
{
    (void)state;
    act_nothing();
    snprintf(root, sizeof root, "/tmp/winnow-spool-XXXXXX");
    assert_non_null(mkdtemp(root));
    assert_int_equal(spool_open(root, SPOOL_OWN, &spool, &err), WINNOW_OK);
    act_nothing();
    return 0;
}

static inline int spool_tear_down(void **state)
{
    char command[128];
    (void)state;
    act_nothing();
    spool_close(spool);
    spool = NULL;
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

/* Puts a file below one of the spool's folders, making the folders on its way. */
static inline void put(int base, const char *path, const char *text)
{
    int folder;
    const char *name;
    assert_int_equal(spool_walk(base, path, true, &folder, &name, &err), WINNOW_OK);
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    close(folder);
}

/* Is there that file, with that text?  NULL: with any, or a folder. */
static inline bool has(int base, const char *path, const char *text)
{
    int folder;
    const char *name;
    char is[256] = "";
    if (spool_walk(base, path, false, &folder, &name, &err) != WINNOW_OK)
        return false;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    close(folder);
    if (fd < 0)
        return false;
    ssize_t len = text ? read(fd, is, sizeof is - 1) : 0;
    close(fd);
    return !text || (len >= 0 && strcmp(is, text) == 0);
}

/* "in/<path>" of an id, below work/ or quarantine/. */
static inline bool has_input(int base, uint64_t id, const char *path, const char *text)
{
    char whole[PATH_MAX + 64];
    snprintf(whole, sizeof whole, "%llu/in/%s", (unsigned long long)id, path);
    int folder;
    struct stat st;
    snprintf(whole, sizeof whole, "%llu", (unsigned long long)id);
    if ((folder = openat(base, whole, O_RDONLY | O_DIRECTORY)) < 0)
        return false;
    int in = openat(folder, "in", O_RDONLY | O_DIRECTORY);
    close(folder);
    bool ret = in >= 0 && fstat(in, &st) == 0 && has(in, path, text);
    if (in >= 0)
        close(in);
    return ret;
}

static inline bool has_id_folder(int base, uint64_t id)
{
    char name[32];
    struct stat st;
    snprintf(name, sizeof name, "%llu", (unsigned long long)id);
    return fstatat(base, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A result of the id. */
static inline void result(uint64_t id, enum spool_file file, const char *text)
{
    int fd;
    assert_int_equal(spool_create(spool, id, file, &fd, &err), WINNOW_OK);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* A claimed file with that path. */
static inline uint64_t claimed(const char *path, const char *text)
{
    uint64_t id = spool_new_id(spool);
    put(spool->drop, path, text);
    assert_int_equal(spool_claim(spool, path, id, &err), WINNOW_OK);
    return id;
}

#endif
