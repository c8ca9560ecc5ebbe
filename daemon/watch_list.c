/* watch_list.c - listing folders, a few names at a time.
 *
 * 1. There are two queues: folders that were made or moved in now, and those of a scan.  Each
 *    has one folder open, and goes on where it was.
 * 2. A scan begins at drop/ and comes to every folder that is there; a record that it
 *    did not come by is dropped at its end.
 * 3. When the table of waiting files is full, listings stop until there is room. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "watch_parts.h"

/* --- the queues */

static void unqueue(struct watch *w, struct folder *f)
{
    struct lane *l = &w->lanes[f->lane];

    *(f->due_prev ? &f->due_prev->due_next : &l->first) = f->due_next;
    *(f->due_next ? &f->due_next->due_prev : &l->last) = f->due_prev;
    f->due = false;
}

void list_add(struct watch *w, struct folder *f, enum lane_name lane)
{
    struct lane *l = &w->lanes[lane];

    if (f->due && f->lane <= lane)
        return;
    if (f->due)
        unqueue(w, f);
    f->due = true;
    f->lane = (unsigned char)lane;
    f->due_next = NULL;
    f->due_prev = l->last;
    *(l->last ? &l->last->due_next : &l->first) = f;
    l->last = f;
}

void list_below(struct watch *w, struct folder *f, enum lane_name lane)
{
    for (struct folder *at = f; at; at = folder_after(at, f))
        list_add(w, at, lane);
}

void list_close(struct lane *l)
{
    if (l->folder)
        close(l->fd);
    l->folder = NULL;
    l->at = l->end = 0;
}

void list_forget(struct watch *w, struct folder *f)
{
    if (f->due)
        unqueue(w, f);
    for (int i = 0; i < LANES; i++)
        if (w->lanes[i].folder == f)
            list_close(&w->lanes[i]);
}

/* --- what is listed when */

void list_all(struct watch *w)
{
    w->scan_again = w->scanning;
    if (w->scanning || !w->top)
        return;
    w->scanning = true;
    w->scan++;
    w->top->scan = w->scan;
    w->timers[TIMER_SCAN] = NEVER;
    list_add(w, w->top, LANE_OLD);
}

void list_unwatched(struct watch *w)
{
    for (struct folder *f = w->top; f; f = folder_after(f, w->top))
        if (f->wd < 0)
            list_add(w, f, LANE_OLD);
}

void list_missed(struct watch *w)
{
    for (struct folder *f = w->top; f; f = folder_after(f, w->top)) {
        if (f->missed)
            list_add(w, f, LANE_OLD);
        f->missed = false;
    }
}

static void drop_unseen(struct watch *w)
{
    struct folder *f = w->top, *next;

    for (; f; f = next) {
        if (f->scan == w->scan) {
            next = folder_after(f, w->top);
            continue;
        }
        struct folder *parent = f->parent, *beside = f->next;
        folder_drop(w, f);
        while (!beside && parent != w->top) {
            beside = parent->next;
            parent = parent->parent;
        }
        next = beside;
    }
}

/* Both queues are empty. */
static void list_done(struct watch *w)
{
    if (w->scanning) {
        drop_unseen(w);
        w->scanning = false;
        if (w->settings.rescan_s)
            w->timers[TIMER_SCAN] = w->now + (int64_t)w->settings.rescan_s * 1000;
        if (w->scan_again)
            list_all(w);
    }
    if (w->unwatched && w->timers[TIMER_POLL] == NEVER)
        w->timers[TIMER_POLL] = w->now + w->settings.poll_ms;
}

static bool has_work(const struct watch *w)
{
    return w->lanes[LANE_NEW].folder || w->lanes[LANE_NEW].first || w->lanes[LANE_OLD].folder ||
           w->lanes[LANE_OLD].first;
}

/* Nothing is left to list, and what that means was not said yet. */
static bool is_at_end(const struct watch *w)
{
    return !has_work(w) && (w->scanning || (w->unwatched && w->timers[TIMER_POLL] == NEVER));
}

bool list_waits(const struct watch *w)
{
    return w->top && (has_work(w) ? !waiting_full(w) : is_at_end(w));
}

/* --- a folder */

static void cannot_open(struct watch *w, struct folder *f)
{
    int why = errno;

    if (found_is_gone(why)) {
        if (f == w->top)
            root_check(w);
        else
            folder_drop(w, f); /* its new place is told by an event, or by a scan */
        return;
    }
    watch_tell(w, TROUBLE_FOLDER,
               "%s: a folder \"%s\" cannot be listed: %s: its files stay there, and so do those "
               "of others like it; give winnowd's user the right to read it",
               w->path, f->name, strerror(why));
    if (f->wd >= 0) /* else it is polled */
        folder_miss(w, f);
}

static void open_first(struct watch *w, struct lane *l)
{
    struct folder *f = l->first;

    unqueue(w, f);
    int fd = found_open(w, f, O_RDONLY | O_NONBLOCK);
    if (fd < 0) {
        cannot_open(w, f);
        return;
    }
    if (f->wd < 0)
        found_watch(w, f, fd); /* before it is listed */
    l->folder = f;
    l->fd = fd;
    l->at = l->end = 0;
}

static void read_more(struct watch *w, struct lane *l)
{
    ssize_t n = getdents64(l->fd, l->entries, sizeof l->entries);

    if (n < 0 && errno == EINTR)
        return;
    if (n < 0 && errno != ENOENT)
        folder_miss(w, l->folder);
    if (n <= 0) {
        list_close(l);
        return;
    }
    l->at = 0;
    l->end = (size_t)n;
}

static unsigned char type_of(int fd, const struct dirent64 *d)
{
    struct stat st;

    if (d->d_type != DT_UNKNOWN)
        return d->d_type;
    if (fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return DT_UNKNOWN;
    return S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : DT_UNKNOWN;
}

/* A folder that is known here, outside of a scan: nothing to do. */
static bool is_known(const struct watch *w, const struct folder *parent,
                     const struct dirent64 *d)
{
    const struct folder *f = w->scanning ? NULL : folder_by_ino(w, d->d_ino);

    return f && f->parent == parent && strcmp(f->name, d->d_name) == 0;
}

static bool look_at(struct watch *w, struct lane *l, const struct dirent64 *d,
                    enum lane_name lane)
{
    const char *name = d->d_name;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    unsigned char type = type_of(l->fd, d);
    if (type == DT_DIR && !is_known(w, l->folder, d))
        found_folder(w, l->folder, l->fd, name, lane, false);
    return type == DT_REG && !watch_ignores(w, name) && waiting_look(w, l->folder, l->fd, name);
}

static enum turn list_next(struct watch *w, enum lane_name lane)
{
    struct lane *l = &w->lanes[lane];

    if (w->top && is_at_end(w))
        list_done(w);
    if (!list_waits(w) || (!l->folder && !l->first))
        return TURN_NOTHING;
    if (!l->folder) {
        open_first(w, l);
    } else if (l->at == l->end) {
        read_more(w, l);
    } else {
        const struct dirent64 *d = (const struct dirent64 *)(l->entries + l->at);
        l->at += d->d_reclen;
        return look_at(w, l, d, lane) ? TURN_READY : TURN_LOOKED;
    }
    return TURN_LOOKED;
}

enum turn list_new(struct watch *w)
{
    return list_next(w, LANE_NEW);
}

enum turn list_old(struct watch *w)
{
    return list_next(w, LANE_OLD);
}
