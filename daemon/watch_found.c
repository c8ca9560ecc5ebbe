/* watch_found.c - folders on the disk: opened part by part, known by their inode, watched.
 *
 * 1. No link is followed, at no part of a path: who may write to drop/ may not make us look
 *    elsewhere.
 * 2. Claims are renames, so what is mounted below drop/ is passed over: st_dev tells other
 *    file systems, the mount's id the same one bound there.
 * 3. A watch is set through /proc/self/fd: on the folder that was opened, whatever its path
 *    is by then.  It stands before the folder is listed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watch_parts.h"

#define WATCHED                                                                                    \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR |       \
     IN_EXCL_UNLINK)

/* --- opening */

int found_walk(const struct watch *w, char *path, int flags)
{
    int at = w->root;

    for (;;) {
        char *slash = strchr(path, '/');
        if (slash)
            *slash = '\0';
        int fd = openat(at, path, (slash ? O_PATH : flags) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int why = errno;
        if (at != w->root)
            close(at);
        errno = why;
        if (fd < 0 || !slash)
            return fd;
        at = fd;
        path = slash + 1;
    }
}

int found_open(const struct watch *w, const struct folder *f, int flags)
{
    char buf[PATH_MAX];
    struct stat st;
    const char *path = folder_path(f, NULL, buf);

    if (!path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = *path ? found_walk(w, buf + (path - buf), flags)
                   : openat(w->root, ".", flags | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || (fstat(fd, &st) == 0 && st.st_ino == f->ino && st.st_dev == w->dev))
        return fd;
    close(fd);
    errno = ENOENT;
    return -1;
}

void found_let_go(struct watch *w)
{
    if (w->hand)
        close(w->hand_fd);
    w->hand = NULL;
}

bool found_is_gone(int why)
{
    return why == ENOENT || why == ENOTDIR || why == ELOOP || why == ESTALE;
}

int found_hand(struct watch *w, struct folder *f)
{
    if (w->hand == f)
        return w->hand_fd;
    int fd = found_open(w, f, O_PATH);
    if (fd < 0) {
        if (!found_is_gone(errno))
            folder_miss(w, f);
        return -1;
    }
    found_let_go(w);
    w->hand = f;
    w->hand_fd = fd;
    return fd;
}

/* --- watching */

static void tell_unwatched(struct watch *w, int why)
{
    if (why == ENOSPC)
        watch_tell(w, TROUBLE_WATCHES,
                   "%s: no more inotify watches after %llu folders: the others are listed every "
                   "%u ms; raise the limit: sysctl fs.inotify.max_user_watches=%llu",
                   w->path, (unsigned long long)(w->folders - w->unwatched), w->settings.poll_ms,
                   (unsigned long long)w->folders * 4 + 524288);
    else
        watch_tell(w, TROUBLE_FOLDER,
                   "%s: a folder cannot be watched: %s: it and others like it are listed every "
                   "%u ms; give winnowd's user the right to read it, and see that /proc is there",
                   w->path, strerror(why), w->settings.poll_ms);
}

void found_watch(struct watch *w, struct folder *f, int fd)
{
    char path[32];

    if (w->inotify < 0)
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int wd = inotify_add_watch(w->inotify, path, WATCHED);
    if (wd < 0)
        tell_unwatched(w, errno);
    struct folder *other = wd < 0 ? NULL : folder_by_wd(w, wd);
    if (other && other != f)
        folder_set_wd(w, other, -1);
    folder_set_wd(w, f, wd < 0 ? -1 : wd);
}

/* --- what is found */

static bool is_here(struct watch *w, int fd, const char *name, uint64_t *ret_ino)
{
    struct statx st;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &st) != 0)
        return false;
    bool has_mount = (st.stx_mask & STATX_MNT_ID) != 0 && w->mount != 0;
    if (makedev(st.stx_dev_major, st.stx_dev_minor) != w->dev ||
        (has_mount && st.stx_mnt_id != w->mount)) {
        watch_tell(w, TROUBLE_MOUNT,
                   "%s: something is mounted on a folder \"%s\": it is passed over, and so are "
                   "others like it; give that file system a winnowd of its own", w->path, name);
        return false;
    }
    *ret_ino = st.stx_ino;
    return true;
}

/* A record whose folder has another place now. */
static bool has_moved(struct watch *w, struct folder *f, struct folder *parent, const char *name)
{
    if (f->parent == parent && strcmp(f->name, name) == 0)
        return false;
    char *copy = strdup(name);
    /* Records may be behind the disk, where no folder is below itself. */
    if (!copy || f == w->top || folder_is_below(parent, f)) {
        free(copy);
        w->renew = true;
        return false;
    }
    folder_move(w, f, parent, copy);
    return true;
}

static void put(struct watch *w, struct folder *parent, int fd, const char *name, uint64_t ino,
                enum lane_name lane, bool moved)
{
    struct folder *f = folder_by_ino(w, ino);
    bool is_new = !f;

    if (is_new && !(f = folder_put(w, parent, name, ino))) {
        folder_miss(w, parent);
        return;
    }
    moved |= !is_new && has_moved(w, f, parent, name);
    int wd = f->wd;
    found_watch(w, f, fd);
    bool to_scan = w->scanning && f->scan != w->scan;
    f->scan = w->scan;
    if (moved)
        list_below(w, f, lane);
    else if (is_new || to_scan || f->wd != wd)
        list_add(w, f, lane);
}

void found_folder(struct watch *w, struct folder *parent, int fd, const char *name,
                  enum lane_name lane, bool moved)
{
    char buf[PATH_MAX];
    uint64_t ino;

    if (watch_ignores(w, name))
        return;
    const char *path = folder_path(parent, name, buf);
    if (!path || path - buf < 3) { /* and one more name */
        watch_tell(w, TROUBLE_LONG,
                   "%s: the path of a folder \"%s\" is longer than %d bytes: it is passed over, "
                   "and so are others like it; use shorter names", w->path, name, PATH_MAX - 1);
        return;
    }
    int at = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (at < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
            folder_miss(w, parent);
        return;
    }
    if (is_here(w, at, name, &ino))
        put(w, parent, at, name, ino, lane, moved);
    close(at);
}
