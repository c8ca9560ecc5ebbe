/* watch_look.c - is this file ready?
 *
 * 1. A read lease can be had only while nobody has the file open for writing, under any
 *    name.  It is given back at once, by the close: whoever wants to write meanwhile waits
 *    for microseconds (with O_NONBLOCK: gets EWOULDBLOCK, and has to try again).
 * 2. A lease that is broken sends a signal, which for SIGIO ends the process.  SIGURG is
 *    asked for in its place: it does nothing by default, and no setting of the process has to
 *    be touched.
 * 3. Where no lease can be had (the file is another user's and CAP_LEASE is missing, network
 *    file systems), and for an empty file, which many programs make before they fill it, the
 *    file has to rest.
 *
 * A writer that closes the file in the middle of its work and opens it again cannot be told
 * from one that is done: such a writer must use a name that `ignore` matches, and rename. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "watch_parts.h"

enum { SIDECAR_MOST = 8 * 1024 /* bytes */ };

/* <name>.url is a sidecar; ".url" alone is not. */
static size_t sidecar_stem(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".url") == 0 ? len - 4 : 0;
}

static bool has_page(int fd, const char *name)
{
    char page[NAME_MAX + 1];
    struct stat st;
    size_t stem = sidecar_stem(name);

    if (stem > NAME_MAX)
        return false;
    memcpy(page, name, stem);
    page[stem] = '\0';
    return fstatat(fd, page, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* A small file that holds a URL: its page may still come. */
static bool holds_url(int file, const struct stat *st)
{
    char head[64] = "";

    if (st->st_size > SIDECAR_MOST)
        return false;
    if (pread(file, head, sizeof head - 1, 0) <= 0)
        return false;
    const char *at = strncmp(head, "\xef\xbb\xbf", 3) == 0 ? head + 3 : head;
    at += strspn(at, " \t\r\n");
    return strncmp(at, "http://", 7) == 0 || strncmp(at, "https://", 8) == 0;
}

static enum seen try_lease(const struct watch *w, int file)
{
    if (!w->leases || fcntl(file, F_SETSIG, SIGURG) != 0)
        return SEEN_RESTING;
    if (fcntl(file, F_SETLEASE, F_RDLCK) == 0)
        return w->settings.always_settle ? SEEN_RESTING : SEEN_READY;
    return errno == EAGAIN ? SEEN_BUSY : SEEN_RESTING;
}

static enum seen look_open(const struct watch *w, int file, const char *name,
                           const struct stat *st)
{
    enum seen seen = try_lease(w, file);

    if (seen == SEEN_BUSY)
        return seen;
    if (sidecar_stem(name) && holds_url(file, st))
        return SEEN_NOTHING;
    return st->st_size == 0 ? SEEN_RESTING : seen;
}

static enum seen not_opened(struct watch *w, const char *name)
{
    switch (errno) {
    case ENOENT: case ENOTDIR: case ELOOP: case ENXIO: case ESTALE:
        return SEEN_NOTHING;
    case EWOULDBLOCK: /* somebody has a write lease */
        return SEEN_BUSY;
    case EACCES: case EPERM:
        watch_tell(w, TROUBLE_FILE,
                   "%s: a file named \"%s\" may not be read: it stays there, and so do others "
                   "like it; give winnowd's user the right to read it", w->path, name);
        return SEEN_NOTHING;
    default:
        return SEEN_UNKNOWN;
    }
}

enum seen look_file(struct watch *w, int fd, const char *name, struct stat *ret)
{
    if (fstatat(fd, name, ret, AT_SYMLINK_NOFOLLOW) != 0)
        return not_opened(w, name);
    /* Nothing else is opened: that alone would wake who waits at a fifo. */
    if (!S_ISREG(ret->st_mode) || (sidecar_stem(name) && has_page(fd, name)))
        return SEEN_NOTHING;
    int file = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0)
        return not_opened(w, name);
    enum seen seen = look_open(w, file, name, ret);
    close(file);
    return seen;
}
