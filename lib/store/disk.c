/* disk.c - the system calls of a store: read and written whole, synced, named safely.
 *
 * 1. A call that was interrupted or did a part is gone on with; only a sync is not.
 * 2. A file gets its name when its bytes are on the disk, and the name is on the disk
 *    before the caller hears of it:  create .tmp-..., write, fdatasync, rename, fsync of
 *    the folder.  So after a power cut a name stands for a whole file, or is not there. */
#include "store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "err.h"

static const struct {
    int code;
    const char *text;
} remedies[] = {
    {ENOSPC, "free some space on that disk"},
    {EDQUOT, "the quota is used up: free some space or have it raised"},
    {EFBIG, "raise the limit on the size of files (ulimit -f)"},
    {EACCES, "check who may read and write it"},
    {EPERM, "check who may read and write it"},
    {EROFS, "the filesystem is read-only: mount it for writing, or use another folder"},
    {EIO, "the disk may be failing: see the system's log, and have a copy"},
    {ENOENT, "check the path"},
    {ENOTDIR, "check the path: a part of it is no folder"},
    {EEXIST, "move that file away"},
    {EMFILE, "raise the limit on open files (ulimit -n)"},
    {ENFILE, "the system has too many files open"},
    {ENOMEM, "free some memory"},
    {ENAMETOOLONG, "use a shorter path"},
};

static const char *remedy(int code)
{
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (remedies[i].code == code)
            return remedies[i].text;
    return "see what the system says of it, then try again";
}

int disk_fail(struct winnow_error *err, const char *path, const char *doing, int code)
{
    return err_set(err, WINNOW_EIO, "%s: %s: %s; %s", path, doing, strerror(code), remedy(code));
}

int disk_read(int fd, const char *path, void *data, size_t len, uint64_t at,
              struct winnow_error *err)
{
    char *to = data;
    if (at > INT64_MAX || len > INT64_MAX - at)
        return err_set(err, WINNOW_EDATA, "%s: there is no byte %llu", path,
                       (unsigned long long)at);
    while (len) {
        ssize_t n = pread(fd, to, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return disk_fail(err, path, "cannot read", errno);
        if (n == 0)
            return err_set(err, WINNOW_EDATA,
                           "%s: ends at byte %llu, %zu bytes too soon; "
                           "it was cut off",
                           path, (unsigned long long)at, len);
        to += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return WINNOW_OK;
}

int disk_write(int fd, const char *path, const void *data, size_t len, uint64_t at,
               struct winnow_error *err)
{
    const char *from = data;
    if (at > INT64_MAX || len > INT64_MAX - at)
        return disk_fail(err, path, "cannot write", EFBIG);
    while (len) {
        ssize_t n = pwrite(fd, from, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return disk_fail(err, path, "cannot write", n < 0 ? errno : ENOSPC);
        from += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return WINNOW_OK;
}

int disk_sync(int fd, const char *path, struct winnow_error *err)
{
    return fdatasync(fd) ? disk_fail(err, path, "cannot sync", errno) : WINNOW_OK;
}

/* Bytes of path that name its folder, the slash with them; 0: it is the current one. */
static size_t folder_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

static char *folder_of(const char *path)
{
    size_t len = folder_len(path);
    return len ? strndup(path, len) : strdup("./");
}

static int sync_open_folder(const char *folder, struct winnow_error *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed = 0;
    if (fd < 0)
        return disk_fail(err, folder, "cannot open the folder", errno);
    /* EINVAL: this filesystem knows no sync of a folder, and has nothing to lose. */
    if (fsync(fd) && errno != EINVAL)
        failed = errno;
    close(fd);
    return failed ? disk_fail(err, folder, "cannot sync the folder", failed) : WINNOW_OK;
}

int disk_sync_folder(const char *path, struct winnow_error *err)
{
    char *folder = folder_of(path);
    if (!folder)
        return err_nomem(err);
    int status = sync_open_folder(folder, err);
    free(folder);
    return status;
}

/* folder/.tmp-name-<16 digits by chance> */
static char *temp_name(const char *path)
{
    size_t len = folder_len(path);
    uint64_t chance = 0;
    char *ret = NULL;
    /* Too early after start for chance: then the process number, which O_EXCL makes do. */
    if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) != sizeof chance)
        chance = (uint64_t)getpid();
    if (asprintf(&ret, "%.*s" DISK_TEMP "%s-%016llx", (int)len, path, path + len,
                 (unsigned long long)chance) < 0)
        return NULL;
    return ret;
}

int disk_create(const char *path, int *fd, char **temp, struct winnow_error *err)
{
    char *name = temp_name(path);
    if (!name)
        return err_nomem(err);
    int made = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (made < 0) {
        int status = disk_fail(err, name, "cannot make the file", errno);
        free(name);
        return status;
    }
    *fd = made;
    *temp = name;
    return WINNOW_OK;
}

/* Renames where there is nothing yet: 0, or errno's value. */
static int rename_new(const char *from, const char *to)
{
    if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    /* This filesystem cannot (NFS for one); a link never takes the place of a file. */
    if (link(from, to))
        return errno;
    unlink(from);
    return 0;
}

static int give_name(const char *temp, const char *path, bool replace, struct winnow_error *err)
{
    int code = replace ? (rename(temp, path) ? errno : 0) : rename_new(temp, path);
    if (code)
        return disk_fail(err, path, "cannot give the new file this name", code);
    int status = disk_sync_folder(path, err);
    if (status && !replace)
        unlink(path); /* nobody knows of it yet, and its name may not last */
    return status;
}

int disk_publish(int fd, char *temp, const char *path, bool replace, struct winnow_error *err)
{
    int status = disk_sync(fd, temp, err);
    /* NFS tells on closing of what it could not write; the descriptor is gone all the same. */
    if (close(fd) && errno != EINTR && !status)
        status = disk_fail(err, temp, "cannot close", errno);
    if (!status)
        status = give_name(temp, path, replace, err);
    if (status)
        unlink(temp);
    free(temp);
    return status;
}

void disk_discard(int fd, char *temp)
{
    if (fd >= 0)
        close(fd);
    if (temp)
        unlink(temp);
    free(temp);
}
