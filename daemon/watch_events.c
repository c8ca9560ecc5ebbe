/* watch_events.c - what inotify says, and where it makes us look.
 *
 * 1. An event is a reason to look at a name, and nothing more: by then it may be gone, or
 *    be another file.
 * 2. Lost events cost a scan.
 * 3. The kernel's queue is emptied a buffer at a time, and the next is read when all of this
 *    one was looked at. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "watch_parts.h"

typedef enum turn event_fn(struct watch *w, struct folder *f, const struct inotify_event *e);

/* A watch is gone.  Its folder may be there all the same. */
static enum turn folder_gone(struct watch *w, struct folder *f, const struct inotify_event *e)
{
    char name[NAME_MAX + 1];
    struct folder *parent = f->parent;
    size_t len = strlen(f->name);

    (void)e;
    if (!parent || len >= sizeof name) {
        w->renew = true;
        return TURN_LOOKED;
    }
    memcpy(name, f->name, len + 1);
    folder_drop(w, f);
    int fd = found_hand(w, parent);
    if (fd >= 0)
        found_folder(w, parent, fd, name, LANE_NEW, false);
    return TURN_LOOKED;
}

/* It went somewhere.  Below drop/ its new parent has told, or will: then it is a new one. */
static enum turn folder_went(struct watch *w, struct folder *f, const struct inotify_event *e)
{
    (void)e;
    found_let_go(w); /* what is open does not say where it is */
    if (!f->parent)
        w->renew = true;
    else if (found_hand(w, f) < 0)
        folder_drop(w, f);
    return TURN_LOOKED;
}

static enum turn folder_came(struct watch *w, struct folder *f, const struct inotify_event *e)
{
    int fd = found_hand(w, f);

    if (fd >= 0)
        found_folder(w, f, fd, e->name, LANE_NEW, (e->mask & IN_MOVED_TO) != 0);
    return TURN_LOOKED;
}

static enum turn file_came(struct watch *w, struct folder *f, const struct inotify_event *e)
{
    if (watch_ignores(w, e->name))
        return TURN_LOOKED;
    /* Made: most are still being written, and their close will tell. */
    if ((e->mask & IN_CREATE) && w->nwaiting < MOST_WAITING) {
        waiting_put(w, f, e->name, WAITING_NEW, w->now + NEW_MS);
        return TURN_LOOKED;
    }
    int fd = found_hand(w, f);
    return fd >= 0 && waiting_look(w, f, fd, e->name) ? TURN_READY : TURN_LOOKED;
}

/* The first line that fits is taken. */
static const struct meaning {
    uint32_t mask;
    bool has_name;
    event_fn *act;
} meanings[] = {
    {IN_IGNORED | IN_UNMOUNT | IN_DELETE_SELF, false, folder_gone},
    {IN_MOVE_SELF, false, folder_went},
    {IN_ISDIR, true, folder_came},
    {IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO, true, file_came},
};

static enum turn act_on(struct watch *w, const struct inotify_event *e)
{
    struct folder *f = folder_by_wd(w, e->wd);

    for (size_t i = 0; f && i < sizeof meanings / sizeof *meanings; i++)
        if ((e->mask & meanings[i].mask) && (!meanings[i].has_name || e->len))
            return meanings[i].act(w, f, e);
    return TURN_LOOKED;
}

/* The folder that holds drop/ tells of a drop/ that is new; it is quiet otherwise. */
static void act_beside(struct watch *w, const struct inotify_event *e)
{
    if (!e->len || strcmp(e->name, w->base) == 0)
        root_check(w);
}

static enum turn act(struct watch *w, const struct inotify_event *e)
{
    if (e->mask & IN_Q_OVERFLOW) {
        w->overflows++;
        root_check(w); /* what was lost may have been about drop/ itself */
        list_all(w);
        return TURN_LOOKED;
    }
    if (e->wd != w->beside)
        return act_on(w, e);
    act_beside(w, e);
    return TURN_LOOKED;
}

static bool read_events(struct watch *w)
{
    ssize_t n;

    do
        n = read(w->inotify, w->events, sizeof w->events);
    while (n < 0 && errno == EINTR);
    w->events_at = 0;
    w->events_end = n > 0 ? (size_t)n : 0;
    return n > 0;
}

enum turn events_next(struct watch *w)
{
    if (w->inotify < 0 || (w->events_at == w->events_end && !read_events(w)))
        return TURN_NOTHING;
    const struct inotify_event *e = (const struct inotify_event *)(w->events + w->events_at);
    w->events_at += sizeof *e + e->len;
    return act(w, e);
}
