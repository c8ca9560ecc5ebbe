/* rules_stage.c - files for a folder, made beside it and moved in together at the end.
 *
 * 1. New files wait in a folder of their own within the folder that they are for; one
 *    syncfs brings all to the disk, then each is one rename.  A sync for each of the
 *    tens of thousands of files that a filter list makes takes minutes.
 * 2. Until then nothing has changed: a full disk is noticed while they wait.
 * 3. How much may wait is bounded: a few bytes of a list can ask for many of a rule file. */
#include "rules_stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "say.h"
#include "whole.h"

enum {
    FILES_MOST = 200 * 1000,
    BYTES_MOST = 1024 * 1024 * 1024,
};

static int cannot(const char *dir, const char *name, int code)
{
    say("%s/%s: cannot be written: %s; check the folder and its permissions", dir, name,
        strerror(errno));
    return code;
}

static int no_memory(const struct stage *s)
{
    say("%s: out of memory; import fewer files at a time", s->dir);
    return EX_OSERR;
}

/* --- folders ------------------------------------------------------------------------------ */

static int make_folders(const char *dir)
{
    char *path = strdup(dir);
    if (!path)
        return -1;
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0777); /* what failed shows at the last one */
        *slash = '/';
    }
    int rc = mkdir(path, 0777) == 0 || errno == EEXIST ? 0 : -1;
    free(path);
    return rc;
}

/* --- what a killed import left ---------------------------------------------------------- */

#define TEMP_PREFIX ".winnow-import-"

enum { STALE_AFTER = 60 }; /* seconds; one that has just been made is not locked yet */

/* Does nobody work in the folder any more?  Who does holds a lock on it. */
static bool is_stale(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
           time(NULL) - st.st_mtim.tv_sec > STALE_AFTER && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static void remove_stale(int dir_fd, const char *name)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 && is_stale(fd) ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlinkat(fd, e->d_name, 0);
    unlinkat(dir_fd, name, AT_REMOVEDIR);
    closedir(dir);
}

static void remove_all_stale(int dir_fd)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        if (strncmp(e->d_name, TEMP_PREFIX, sizeof TEMP_PREFIX - 1) == 0)
            remove_stale(dir_fd, e->d_name);
    closedir(dir);
}

int stage_open(struct stage *s, const char *dir)
{
    *s = (struct stage){.dir = dir,
                        .dir_fd = -1,
                        .temp_fd = -1,
                        .files_most = FILES_MOST,
                        .bytes_most = BYTES_MOST};
    if (make_folders(dir) == 0)
        s->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir_fd >= 0) {
        remove_all_stale(s->dir_fd);
        return EX_OK;
    }
    say("%s: cannot be made: %s; check the path and its permissions", dir, strerror(errno));
    return EX_CANTCREAT;
}

/* Where the new files wait; made for the first of them. */
static int open_temp(struct stage *s)
{
    if (s->temp_fd >= 0)
        return EX_OK;
    char *temp = NULL;
    if (asprintf(&temp, "%s/" TEMP_PREFIX "XXXXXX", s->dir) < 0)
        return no_memory(s);
    if (!mkdtemp(temp)) {
        say("%s: cannot be written to: %s; check the folder and its permissions", s->dir,
            strerror(errno));
        free(temp);
        return EX_CANTCREAT;
    }
    s->temp = temp;
    s->temp_fd = open(temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (s->temp_fd >= 0)
        flock(s->temp_fd, LOCK_EX); /* see is_stale */
    return s->temp_fd >= 0 ? EX_OK : cannot(s->dir, strrchr(temp, '/') + 1, EX_CANTCREAT);
}

void stage_close(struct stage *s)
{
    for (size_t i = 0; s->temp_fd >= 0 && i < s->waiting.count; i++)
        unlinkat(s->temp_fd, s->waiting.items[i], 0); /* those moved in are not there */
    if (s->temp)
        rmdir(s->temp);
    if (s->temp_fd >= 0)
        close(s->temp_fd);
    if (s->dir_fd >= 0)
        close(s->dir_fd);
    free(s->temp);
    names_free(&s->names);
    names_free(&s->waiting);
    names_free(&s->gone);
    *s = (struct stage){.dir_fd = -1, .temp_fd = -1};
}

/* --- reading ------------------------------------------------------------------------------ */

static int read_fd(int fd, size_t max, char **ret, size_t *len)
{
    struct stat st;
    size_t n = 0;
    ssize_t got;
    errno = EINVAL;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return -1;
    errno = EFBIG;
    if ((unsigned long long)st.st_size > max)
        return -1;
    char *bytes = malloc((size_t)st.st_size + 1);
    while (bytes && (got = read(fd, bytes + n, (size_t)st.st_size - n)) != 0) {
        if (got < 0 && errno != EINTR) {
            free(bytes);
            return -1;
        }
        n += got > 0 ? (size_t)got : 0;
    }
    if (!bytes)
        return -1;
    bytes[n] = '\0';
    *ret = bytes;
    *len = n;
    return 0;
}

int file_read(int at, const char *path, size_t max, char **ret, size_t *len)
{
    int fd = openat(at, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int rc = read_fd(fd, max, ret, len), why = errno;
    close(fd);
    errno = why;
    return rc;
}

enum stage_found stage_read(const struct stage *s, const char *name, char **ret, size_t *len)
{
    bool waits = names_find(&s->waiting, name, strlen(name)) != NAME_NONE;
    if (file_read(waits ? s->temp_fd : s->dir_fd, name, RULE_FILE_MOST, ret, len) == 0)
        return STAGE_FILE;
    return errno == ENOENT ? STAGE_NOTHING : STAGE_NO_FILE;
}

bool stage_has(const struct stage *s, const char *name)
{
    return names_find(&s->names, name, strlen(name)) != NAME_NONE;
}

/* --- writing ------------------------------------------------------------------------------ */

int stage_keep(struct stage *s, const char *name)
{
    return names_add(&s->names, name, strlen(name)) == NAME_NONE ? no_memory(s) : EX_OK;
}

int stage_drop(struct stage *s, const char *name)
{
    return names_add(&s->gone, name, strlen(name)) == NAME_NONE ? no_memory(s) : EX_OK;
}

int stage_put(struct stage *s, const char *name, const char *data, size_t len)
{
    if (s->waiting.count == s->files_most || len > s->bytes_most - s->bytes) {
        say("%s: the sources make more than %zu files or %zu bytes; nothing is written: import "
            "fewer at a time",
            s->dir, s->files_most, s->bytes_most);
        return EX_DATAERR;
    }
    int code = open_temp(s);
    if (code != EX_OK)
        return code;
    if (names_add(&s->waiting, name, strlen(name)) == NAME_NONE)
        return no_memory(s);
    int fd = openat(s->temp_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && write_whole(fd, data, len);
    int why = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        why = errno;
        ok = false;
    }
    errno = why;
    if (!ok)
        return cannot(s->dir, name, EX_IOERR);
    s->bytes += len;
    return stage_keep(s, name);
}

int stage_publish(struct stage *s)
{
    if (s->waiting.count > 0 && syncfs(s->temp_fd) != 0)
        return cannot(s->dir, "", EX_IOERR);
    for (size_t i = 0; i < s->waiting.count; i++)
        if (renameat(s->temp_fd, s->waiting.items[i], s->dir_fd, s->waiting.items[i]) != 0)
            return cannot(s->dir, s->waiting.items[i], EX_CANTCREAT);
    for (size_t i = 0; i < s->gone.count; i++)
        if (unlinkat(s->dir_fd, s->gone.items[i], 0) != 0 && errno != ENOENT)
            return cannot(s->dir, s->gone.items[i], EX_CANTCREAT);
    return fsync(s->dir_fd) == 0 || errno == EINVAL ? EX_OK : cannot(s->dir, "", EX_IOERR);
}
