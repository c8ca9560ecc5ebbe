/* spool_open.c - a spool opened: folders, lock, and whether the file system can do it.
 *
 * The lock is one of the open file (F_OFD_SETLK): it ends with its process, however that
 * dies, and who only looks can ask for it without taking it. */
#include "spool_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fault.h"
#include "fsck.h"

#define PROBE ".winnow-probe"

static const struct folder {
    const char *name;
    size_t at; /* in struct spool */
    mode_t mode;
} folders[] = {
    {"state", offsetof(struct spool, state), 0750},
    {"drop", offsetof(struct spool, drop), 0777},
    {"work", offsetof(struct spool, work), 0750},
    {"out", offsetof(struct spool, out), 0777},
    {"quarantine", offsetof(struct spool, quarantine), 0750},
};
enum { FOLDERS = sizeof folders / sizeof *folders };

static int *fd_of(struct spool *s, const struct folder *f)
{
    return (int *)((char *)s + f->at);
}

void spool_close(struct spool *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < FOLDERS; i++)
        fd_close(*fd_of(s, &folders[i]));
    fd_close(s->root);
    fd_close(s->lock);
    free(s->path);
    free(s);
}

/* --- folders ---------------------------------------------------------------------------- */

static int open_folder(struct spool *s, const struct folder *f, bool own, struct winnow_error *err)
{
    int fd = -1;
    /* Not O_PATH: they are listed, and synced. */
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if ((fd = openat(s->root, f->name, flags)) < 0 && errno == ENOENT && own &&
        mkdirat(s->root, f->name, f->mode) == 0)
        fd = openat(s->root, f->name, flags);
    if (fd < 0 && errno == ENOENT && !own)
        return WINNOW_OK;
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
        return fault_set(err, WINNOW_EUSAGE, "%s/%s: not a folder (links are not followed); make it "
                         "one of the spool's own file system", path_text(s->path).text, f->name);
    if (fd < 0)
        return fault_errno(err, "check its permissions and the disk", "%s/%s: cannot be opened",
                           path_text(s->path).text, f->name);
    *fd_of(s, f) = fd;
    return WINNOW_OK;
}

void spool_renew_out(struct spool *s)
{
    struct stat ours, there;
    const struct folder *f = folders;
    while (strcmp(f->name, "out") != 0)
        f++;
    if (fstat(s->out, &ours) == 0 && fstatat(s->root, f->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
        ours.st_ino == there.st_ino && ours.st_dev == there.st_dev)
        return;
    struct spool renewed = {.path = s->path, .root = s->root, .out = -1};
    if (open_folder(&renewed, f, true, NULL) != WINNOW_OK)
        return; /* the next output says why */
    (void)dup3(renewed.out, s->out, O_CLOEXEC);
    close(renewed.out);
}

static int open_root(struct spool *s, const char *path, bool own, struct winnow_error *err)
{
    s->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->root < 0 && own && errno == ENOENT) {
        if (mkdir(path, 0777) != 0)
            return fault_errno(err, "make the folder that it is in, or name another spool",
                               "%s: cannot be made", path_text(path).text);
        s->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (s->root < 0)
        return fault_errno(err, "name the folder of a spool", "%s: cannot be opened",
                           path_text(path).text);
    s->path = realpath(path, NULL);
    if (!s->path)
        return fault_errno(err, "check its permissions", "%s: cannot be found out where it is",
                           path_text(path).text);
    return WINNOW_OK;
}

/* --- the lock --------------------------------------------------------------------------- */

static struct flock whole_file(short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

static long owner_of(int lock)
{
    char text[32] = "";
    ssize_t len = pread(lock, text, sizeof text - 1, 0);
    return len > 0 ? strtol(text, NULL, 10) : 0;
}

static int is_locked(struct spool *s, struct winnow_error *err)
{
    long pid = owner_of(s->lock);
    return fault_set(err, WINNOW_EBUSY, "%s: another winnowd%s%.0ld has it; stop that one, or name "
                     "another spool", path_text(s->path).text, pid > 0 ? ", process " : "",
                     pid > 0 ? pid : 0);
}

static int take_lock(struct spool *s, struct winnow_error *err)
{
    struct flock lock = whole_file(F_WRLCK);
    s->lock = openat(s->state, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
                     0640);
    if (s->lock < 0)
        return fault_errno(err, "check its permissions and the disk",
                           "%s/state/lock: cannot be opened", path_text(s->path).text);
    if (fcntl(s->lock, F_OFD_SETLK, &lock) != 0) {
        if (errno == EAGAIN || errno == EACCES)
            return is_locked(s, err);
        return fault_errno(err, "put the spool on a file system that has locks",
                           "%s/state/lock: cannot be locked", path_text(s->path).text);
    }
    /* Who it is, for the one who comes second; a full disk may keep it from being said. */
    char text[32];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(s->lock, 0) == 0 && pwrite(s->lock, text, (size_t)len, 0) < 0)
        errno = 0;
    return WINNOW_OK;
}

bool spool_is_owned(const struct spool *s)
{
    struct flock lock = whole_file(F_RDLCK);
    int fd = openat(s->state, "lock", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno != ENOENT && errno != EBADF; /* who may not look must take it as owned */
    bool owned = fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
    close(fd);
    return owned;
}

/* --- trials ------------------------------------------------------------------------------ */

/* The way that a file goes. */
static const struct {
    size_t from, to;
} ways[] = {
    {offsetof(struct spool, work), offsetof(struct spool, quarantine)},
    {offsetof(struct spool, quarantine), offsetof(struct spool, out)},
    {offsetof(struct spool, out), offsetof(struct spool, drop)},
    {offsetof(struct spool, drop), offsetof(struct spool, work)},
};
enum { WAYS = sizeof ways / sizeof *ways };

static int fd_at(const struct spool *s, size_t at)
{
    return *(const int *)((const char *)s + at);
}

static void remove_probe(const struct spool *s)
{
    for (size_t i = 0; i < WAYS; i++)
        unlinkat(fd_at(s, ways[i].from), PROBE, 0);
}

static int move_probe(const struct spool *s)
{
    for (size_t i = 0; i < WAYS; i++)
        if (renameat2(fd_at(s, ways[i].from), PROBE, fd_at(s, ways[i].to), PROBE,
                      RENAME_NOREPLACE) != 0)
            return -1;
    return 0;
}

static int cannot_rename(const struct spool *s, struct winnow_error *err)
{
    const struct path_text path = path_text(s->path);
    switch (errno) {
    case EXDEV:
        return fault_set(err, WINNOW_EUSAGE, "%s: its folders lie on several file systems, and files "
                         "go through them by rename; put all of them on one", path.text);
    case EINVAL:
    case ENOSYS:
    case ENOTSUP:
        return fault_set(err, WINNOW_EUSAGE, "%s: its file system has no rename that replaces "
                         "nothing (RENAME_NOREPLACE); put the spool on ext4, XFS, Btrfs or tmpfs",
                         path.text);
    default:
        return fault_errno(err, "let the user of winnowd write in all of its folders",
                           "%s: a file cannot be moved through its folders", path.text);
    }
}

/* A FUSE server is not asked to sync (but for virtiofs, which looks the same from here): what
 * is decided there would not be durable. */
static int refuse_fuse(const struct spool *s, struct winnow_error *err)
{
    enum { FUSE = 0x65735546 };
    struct statfs info;
    if (fstatfs(s->root, &info) != 0 || info.f_type != FUSE)
        return WINNOW_OK;
    return fault_set(err, WINNOW_EUSAGE, "%s: a FUSE file system does not say when files are on the "
                     "disk; put the spool on ext4, XFS, Btrfs or tmpfs", path_text(s->path).text);
}

/* Sends an empty file the whole way. */
static int try_renames(const struct spool *s, struct winnow_error *err)
{
    int status = refuse_fuse(s, err);
    if (status != WINNOW_OK)
        return status;
    remove_probe(s);
    int fd = openat(s->work, PROBE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == ENOSPC || errno == EDQUOT))
        return WINNOW_OK; /* a full disk is no reason not to start: it is waited for */
    int code = fd < 0 ? -1 : move_probe(s);
    if (code != 0 && (errno == ENOSPC || errno == EDQUOT))
        code = 0;
    status = code == 0 ? WINNOW_OK : cannot_rename(s, err);
    fd_close(fd);
    remove_probe(s);
    return status;
}

/* --- open -------------------------------------------------------------------------------- */

static int open_own(struct spool *s, struct winnow_error *err)
{
    int status = open_folder(s, &folders[0], true, err);
    if (status == WINNOW_OK)
        status = take_lock(s, err);
    for (size_t i = 1; i < FOLDERS && status == WINNOW_OK; i++)
        status = open_folder(s, &folders[i], true, err);
    return status == WINNOW_OK ? try_renames(s, err) : status;
}

static int open_look(struct spool *s, struct winnow_error *err)
{
    int status = WINNOW_OK;
    for (size_t i = 0; i < FOLDERS && status == WINNOW_OK; i++)
        status = open_folder(s, &folders[i], false, err);
    if (status == WINNOW_OK && s->state < 0 && s->work < 0)
        return fault_set(err, WINNOW_EUSAGE, "%s: not a spool; name the folder that has drop/, work/, "
                         "out/, quarantine/ and state/", path_text(s->path).text);
    return status;
}

int spool_open(const char *path, enum spool_use use, struct spool **ret, struct winnow_error *err)
{
    struct spool *s = calloc(1, sizeof *s);
    if (!s)
        return fault_nomem(err);
    s->root = s->lock = -1;
    for (size_t i = 0; i < FOLDERS; i++)
        *fd_of(s, &folders[i]) = -1;
    int status = open_root(s, path, use == SPOOL_OWN, err);
    if (status == WINNOW_OK)
        status = use == SPOOL_OWN ? open_own(s, err) : open_look(s, err);
    if (status != WINNOW_OK) {
        spool_close(s);
        return status;
    }
    *ret = s;
    return WINNOW_OK;
}

/* --- what is asked of all of it ------------------------------------------------------------- */

void spool_know_id(struct spool *s, uint64_t id)
{
    if (id > s->last_id)
        s->last_id = id;
}

uint64_t spool_new_id(struct spool *s)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t id = now.tv_sec > 0 ? (uint64_t)now.tv_sec * 1000000 : 0;
    id += (uint64_t)now.tv_nsec / 1000;
    s->last_id = id > s->last_id ? id : s->last_id + 1;
    return s->last_id;
}

int spool_sync(const struct spool *s, struct winnow_error *err)
{
    if (syncfs(s->root) == 0)
        return WINNOW_OK;
    return fault_errno(err, "what was written may be lost and is done again; check the disk",
                       "%s: cannot be made durable", path_text(s->path).text);
}
