/* queue_copy.c - a file of quarantine copied to where its owner wants it.
 *
 * winnow queue copies, and not winnowd: that one may write nowhere but in its spool.  A copy
 * appears whole, under the file's path below drop/, and is not made twice:
 *
 *     name free                  the copy gets it
 *     the same bytes are there   that is the copy: an earlier release was cut off behind it
 *     other bytes                they stay; the same with <name>~<id>, which no other has
 *
 * The sidecar <name>.url comes first and under the same rule: a page never stands there
 * without it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <sysexits.h>
#include <unistd.h>

#include "queue_parts.h"
#include "say.h"
#include "whole.h"

enum { PIECE = 64 * 1024, URL_MOST = 8192 };

#define URL_ATTRIBUTE "user.xdg.origin.url"

enum there { FREE, SAME, OTHER };

struct copying {
    uint64_t id;
    int to;              /* the folder that the copy goes to */
    int page, sidecar;   /* what is copied; sidecar -1: there is none */
};

/* --- bytes ----------------------------------------------------------------------------------- */

/* Reads until buf is full or the file ends. */
static ssize_t read_piece(int fd, char *buf, off_t at)
{
    size_t len = 0;
    while (len < PIECE) {
        ssize_t n = pread(fd, buf + len, PIECE - len, at + (off_t)len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

/* 1: equal, 0: not, -1 and errno: cannot be read. */
static int compare(int a, int b)
{
    char *one = malloc(2 * PIECE), *two = one ? one + PIECE : NULL;
    int equal = one ? 1 : -1;
    for (off_t at = 0; equal == 1; at += PIECE) {
        ssize_t n = read_piece(a, one, at), m = read_piece(b, two, at);
        if (n < 0 || m < 0)
            equal = -1;
        else if (n != m || memcmp(one, two, (size_t)n) != 0)
            equal = 0;
        else if (n < PIECE)
            break;
    }
    free(one);
    return equal;
}

static bool copy_bytes(int from, int to)
{
    char *buf = malloc(PIECE);
    bool is_good = buf != NULL;
    for (off_t at = 0; is_good; at += PIECE) {
        ssize_t n = read_piece(from, buf, at);
        is_good = n >= 0 && write_whole(to, buf, (size_t)n);
        if (n < PIECE)
            break;
    }
    free(buf);
    return is_good;
}

/* Its times, and where it came from: helpful, and no reason to keep a file here. */
static void copy_about(int from, int to)
{
    char url[URL_MOST];
    struct stat st;
    ssize_t len = fgetxattr(from, URL_ATTRIBUTE, url, sizeof url);
    if (len > 0 && fsetxattr(to, URL_ATTRIBUTE, url, (size_t)len, 0) != 0)
        errno = 0;
    if (fstat(from, &st) == 0 && futimens(to, (struct timespec[]){st.st_atim, st.st_mtim}) != 0)
        errno = 0;
}

/* --- names ----------------------------------------------------------------------------------- */

static int look(const struct copying *c, int from, const char *name, enum there *ret)
{
    struct stat st;
    *ret = OTHER;
    if (fstatat(c->to, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        *ret = FREE;
        return errno == ENOENT ? 0 : -1;
    }
    if (from < 0 || !S_ISREG(st.st_mode))
        return 0;
    int fd = openat(c->to, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int equal = fd >= 0 ? compare(from, fd) : -1;
    if (fd >= 0)
        close(fd);
    if (equal == 1)
        *ret = SAME;
    return equal < 0 ? -1 : 0;
}

/* Writes the file under a name of its own, and gives it its name when it is whole. */
static int copy_file(const struct copying *c, int from, const char *name)
{
    char temp[64];
    snprintf(temp, sizeof temp, ".winnow-%" PRIu64, c->id);
    unlinkat(c->to, temp, 0); /* of a release that was cut off */
    int fd = openat(c->to, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0)
        return -1;
    bool is_good = copy_bytes(from, fd);
    copy_about(from, fd);
    is_good = is_good && fsync(fd) == 0;
    is_good = close(fd) == 0 && is_good;
    /* linkat replaces nothing, and is known to file systems that renameat2 is not. */
    is_good = is_good && (renameat2(c->to, temp, c->to, name, RENAME_NOREPLACE) == 0 ||
                          (errno == EINVAL && linkat(c->to, temp, c->to, name, 0) == 0));
    int why = errno;
    unlinkat(c->to, temp, 0);
    errno = why;
    return is_good ? 0 : -1;
}

/* 0: the copy is there under this name; 1: something else is; -1 and errno. */
static int copy_as(const struct copying *c, const char *name)
{
    char sidecar[NAME_MAX + 1];
    enum there page, beside = SAME;
    if (strlen(name) + 5 > sizeof sidecar && c->sidecar >= 0)
        return 1;
    snprintf(sidecar, sizeof sidecar, "%.*s.url", NAME_MAX - 4, name);
    if (look(c, c->page, name, &page) != 0 ||
        (c->sidecar >= 0 && look(c, c->sidecar, sidecar, &beside) != 0))
        return -1;
    if (page == OTHER || beside == OTHER)
        return 1;
    if (beside == FREE && copy_file(c, c->sidecar, sidecar) != 0)
        return -1;
    return page == FREE ? copy_file(c, c->page, name) : 0;
}

/* <name>~<id>, cut to fit with a sidecar's suffix. */
static void name_by_id(const struct copying *c, const char *name, char ret[NAME_MAX + 1])
{
    char suffix[32];
    int len = snprintf(suffix, sizeof suffix, "~%" PRIu64, c->id);
    snprintf(ret, NAME_MAX + 1, "%.*s%s", NAME_MAX - 4 - len, name, suffix);
}

/* --- one entry ------------------------------------------------------------------------------- */

static int cannot(const struct entry *e, const char *what, const char *what_to_do)
{
    say("%" PRIu64 ": %s: %s; %s", e->id, what, strerror(errno), what_to_do);
    return errno == EACCES || errno == EPERM ? EX_NOPERM : EX_IOERR;
}

static int open_regular(int folder, const char *name, struct stat *st)
{
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode))
        return fd;
    if (fd >= 0) {
        close(fd);
        errno = ENOENT;
    }
    return -1;
}

/* Opens the entry's file and its sidecar.  The folder in/ is opened first: with it the path
 * could be longer than paths may be. */
static int open_entry(const struct queue *q, const struct entry *e, struct copying *c)
{
    char in[48], sidecar[NAME_MAX + 1];
    const char *name;
    struct stat st;
    int folder = -1;
    snprintf(in, sizeof in, "%" PRIu64 "/in", e->id);
    int base = openat(q->spool->quarantine, in, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (base >= 0 && spool_walk(base, e->path, false, &folder, &name, NULL) == WINNOW_OK) {
        c->page = open_regular(folder, name, &st);
        snprintf(sidecar, sizeof sidecar, "%.*s.url", NAME_MAX - 4, name);
        if (strlen(name) + 4 <= NAME_MAX)
            c->sidecar = open_regular(folder, sidecar, &st);
    }
    int why = errno;
    if (base >= 0)
        close(base);
    if (folder >= 0)
        close(folder);
    errno = why;
    return c->page >= 0 ? 0 : -1;
}

/* The path of the copy below the folder: that of the file, with another name at its end. */
static char *path_with(const char *path, const char *name)
{
    char *ret = NULL;
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash + 1 - path) : 0;
    return asprintf(&ret, "%.*s%s", folder, path, name) < 0 ? NULL : ret;
}

static int copy_entry(const struct entry *e, const struct copying *c, const char *name, char **ret)
{
    char other[NAME_MAX + 1];
    int code = copy_as(c, name);
    if (code == 1) {
        name_by_id(c, name, other);
        name = other;
        code = copy_as(c, name);
    }
    if (code == 0 && (*ret = path_with(e->path, name)) != NULL)
        return EX_OK;
    if (code <= 0)
        return cannot(e, "cannot be copied", "see to the folder of -o, then release it again");
    say("%" PRIu64 ": other files have its names in the folder of -o; choose another folder", e->id);
    return EX_CANTCREAT;
}

int copy_out(const struct queue *q, const struct entry *entry, int to_fd, char **ret)
{
    struct copying c = {.id = entry->id, .to = -1, .page = -1, .sidecar = -1};
    struct winnow_error err = {0};
    const char *name;
    int code = EX_OK;
    errno = 0;
    if (open_entry(q, entry, &c) != 0)
        code = cannot(entry, "cannot be read", "do it as the spool's owner or as root");
    else if (spool_walk(to_fd, entry->path, true, &c.to, &name, &err) != WINNOW_OK) {
        say("%" PRIu64 ": its folder below that of -o: %s", entry->id, err.text);
        code = EX_CANTCREAT;
    } else
        code = copy_entry(entry, &c, name, ret);
    const int fds[] = {c.page, c.sidecar, c.to};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return code;
}
