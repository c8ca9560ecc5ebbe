/* watch_root.c - drop/ itself: opened by its path, and again when it is another.
 *
 * A folder that is removed while we have it open tells nothing of it, so the folder that
 * holds drop/ is watched too; and each scan compares what is open with what the path
 * names, for the case that something above was renamed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "watch_parts.h"

#define WATCHED_BESIDE                                                                             \
    (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MOVE_SELF | IN_DELETE_SELF |         \
     IN_ONLYDIR)

/* Others write there and inotify does not see it; leases mean something else there. */
static const struct blind {
    uint32_t magic;
    const char *name;
} blind[] = {
    {0x6969, "NFS"},         {0xff534d42, "SMB"},        {0xfe534d42, "SMB"},
    {0x517b, "SMB"},         {0x65735546, "FUSE"},       {0x794c7630, "overlayfs"},
    {0x01021997, "9p"},      {0x00c36400, "Ceph"},       {0x5346414f, "AFS"},
    {0x6b414653, "AFS"},     {0x73757245, "Coda"},       {0x786f4256, "vboxsf"},
    {0xbacbacbc, "vmhgfs"},  {0x01161970, "GFS2"},       {0x7461636f, "OCFS2"},
    {0x0bd00bd0, "Lustre"},  {0x47504653, "GPFS"},
};

static const char *blind_name(int fd)
{
    struct statfs fs;

    if (fstatfs(fd, &fs) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof blind / sizeof *blind; i++)
        if ((uint32_t)fs.f_type == blind[i].magic)
            return blind[i].name;
    return NULL;
}

static void close_inotify(struct watch *w)
{
    if (w->inotify >= 0)
        close(w->inotify); /* leaves the epoll set by that */
    w->inotify = w->beside = -1;
    w->events_at = w->events_end = 0;
}

static void watch_beside(struct watch *w)
{
    char above[PATH_MAX] = ".";
    size_t len = (size_t)(w->base - w->path);

    if (len == 1)
        memcpy(above, "/", 2);
    else if (len > 1 && len < sizeof above) {
        memcpy(above, w->path, len - 1);
        above[len - 1] = '\0';
    }
    w->beside = inotify_add_watch(w->inotify, above, WATCHED_BESIDE);
}

static void open_inotify(struct watch *w)
{
    struct epoll_event readable = {.events = EPOLLIN};

    if (w->settings.always_poll)
        return;
    w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->inotify >= 0 && epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->inotify, &readable) == 0) {
        watch_beside(w);
        return;
    }
    watch_tell(w, TROUBLE_INOTIFY,
               "%s: inotify cannot be had: %s: it is listed every %u ms; raise the limit: "
               "sysctl fs.inotify.max_user_instances=1024",
               w->path, strerror(errno), w->settings.poll_ms);
    close_inotify(w);
}

static void root_is_gone(struct watch *w)
{
    watch_tell(w, TROUBLE_GONE,
               "%s: cannot be opened: %s: nothing is taken until it is there; make the folder, "
               "and give winnowd's user the right to read and write it",
               w->path, strerror(errno));
    if (w->root >= 0)
        close(w->root);
    w->root = -1;
    watch_at(w, TIMER_ROOT, w->now + ROOT_MS);
}

static void choose_way(struct watch *w)
{
    const char *name = blind_name(w->root);

    w->leases = !name;
    if (!name)
        return;
    close_inotify(w);
    watch_tell(w, TROUBLE_POLLED,
               "%s is on %s, where changes are not told: it is listed every %u ms, and a file is "
               "taken when it has rested for %u ms; a local disk is faster",
               w->path, name, w->settings.poll_ms, w->settings.settle_ms);
}

void root_open(struct watch *w)
{
    struct statx st;

    open_inotify(w);
    w->root = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (w->root < 0 || statx(w->root, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &st) != 0) {
        root_is_gone(w);
        return;
    }
    w->troubles &= ~(1u << TROUBLE_GONE);
    w->dev = makedev(st.stx_dev_major, st.stx_dev_minor);
    w->mount = st.stx_mask & STATX_MNT_ID ? st.stx_mnt_id : 0;
    choose_way(w);
    w->top = folder_put(w, NULL, "", st.stx_ino);
    if (!w->top) {
        watch_at(w, TIMER_ROOT, w->now + ROOT_MS);
        return;
    }
    found_watch(w, w->top, w->root);
    list_all(w);
}

void root_close(struct watch *w)
{
    close_inotify(w); /* and with it all watches */
    if (w->top)
        folder_drop(w, w->top);
    if (w->root >= 0)
        close(w->root);
    w->top = NULL;
    w->root = -1;
    w->scanning = w->scan_again = w->renew = false;
    for (int i = 0; i < TIMERS; i++)
        w->timers[i] = NEVER;
}

void root_check(struct watch *w)
{
    struct stat st;
    bool is_there = stat(w->path, &st) == 0;

    if (!w->top)
        w->renew = is_there;
    else if (!is_there || st.st_ino != w->top->ino || st.st_dev != w->dev)
        w->renew = true;
    if (!w->top && !w->renew)
        watch_at(w, TIMER_ROOT, w->now + ROOT_MS);
}
