/* watch_waiting.c - the files that were seen and are not ready: a bounded table by name, and a
 * heap by the time when each is looked at again.
 *
 * 1. Each look that a timer makes ends with the file given, forgotten, or due later.
 * 2. Those that may stay long have half of the table.  So the other half is free again
 *    after a few settle_ms, and a listing that stops when the table is full goes on.
 * 3. What does not fit is not lost: its folder is listed again. */
#include <stdlib.h>
#include <string.h>

#include "watch_parts.h"

enum { RESTLESS = 4 /* changes; then it counts as busy */ };

static bool stays_long(const struct waiting *e)
{
    return e->kind == WAITING_BUSY || e->kind == WAITING_AGAIN;
}

static struct waiting **bucket(struct watch *w, const struct folder *f, const char *name)
{
    uint64_t hash = (uint64_t)(uintptr_t)f * 0x9e3779b97f4a7c15u;

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    return &w->files[(hash >> 32) % MOST_WAITING];
}

static struct waiting *find(struct watch *w, const struct folder *f, const char *name)
{
    struct waiting *e = f->waiting ? *bucket(w, f, name) : NULL;

    while (e && (e->folder != f || strcmp(e->name, name) != 0))
        e = e->next;
    return e;
}

/* --- the heap: no file is due before the one at (i - 1) / 2 */

static void place(struct watch *w, struct waiting *e, size_t at)
{
    w->heap[at] = e;
    e->at = at;
}

static void rise(struct watch *w, struct waiting *e)
{
    size_t at = e->at;

    for (; at > 0 && w->heap[(at - 1) / 2]->due > e->due; at = (at - 1) / 2)
        place(w, w->heap[(at - 1) / 2], at);
    place(w, e, at);
}

static void sink(struct watch *w, struct waiting *e)
{
    size_t at = e->at, below;

    for (; (below = 2 * at + 1) < w->nwaiting; at = below) {
        if (below + 1 < w->nwaiting && w->heap[below + 1]->due < w->heap[below]->due)
            below++;
        if (w->heap[below]->due >= e->due)
            break;
        place(w, w->heap[below], at);
    }
    place(w, e, at);
}

static void set_due(struct watch *w, struct waiting *e, int64_t due)
{
    e->due = due;
    rise(w, e);
    sink(w, e);
}

/* --- the table */

static void forget(struct watch *w, struct waiting *e)
{
    struct waiting **at = bucket(w, e->folder, e->name), *last;

    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    e->folder->waiting--;
    w->nbusy -= stays_long(e);
    last = w->heap[--w->nwaiting];
    if (last != e) {
        place(w, last, e->at);
        set_due(w, last, last->due);
    }
    free(e);
}

static struct waiting *add(struct watch *w, struct folder *f, const char *name)
{
    size_t size = strlen(name) + 1;
    struct waiting *e, **at = bucket(w, f, name);

    if (w->nwaiting == MOST_WAITING || !(e = calloc(1, sizeof *e + size)))
        return NULL;
    memcpy(e->name, name, size);
    e->folder = f;
    e->next = *at;
    e->kind = WAITING_NEW;
    e->due = NEVER;
    *at = e;
    f->waiting++;
    place(w, e, w->nwaiting++);
    return e;
}

static void miss(struct watch *w, struct folder *f, struct waiting *e)
{
    if (e)
        forget(w, e);
    folder_miss(w, f);
}

/* Files it under a kind.  NULL: no room; its folder is listed again. */
static struct waiting *keep(struct watch *w, struct folder *f, const char *name,
                            struct waiting *e, enum waiting_kind kind, int64_t due)
{
    bool is_long = kind == WAITING_BUSY || kind == WAITING_AGAIN;

    if ((is_long && !(e && stays_long(e)) && w->nbusy >= MOST_BUSY) ||
        (!e && !(e = add(w, f, name)))) {
        miss(w, f, e);
        return NULL;
    }
    w->nbusy += is_long;
    w->nbusy -= stays_long(e);
    e->kind = kind;
    set_due(w, e, due);
    return e;
}

bool waiting_put(struct watch *w, struct folder *f, const char *name, enum waiting_kind kind,
                 int64_t due)
{
    return keep(w, f, name, find(w, f, name), kind, due) != NULL;
}

bool waiting_full(const struct watch *w)
{
    return w->nwaiting >= MOST_WAITING - ROOM_FOR_EVENTS;
}

void waiting_forget(struct watch *w, struct folder *f)
{
    for (size_t i = 0; i < MOST_WAITING && f->waiting; i++) {
        for (struct waiting **at = &w->files[i]; *at;) {
            if ((*at)->folder == f)
                forget(w, *at);
            else
                at = &(*at)->next;
        }
    }
}

/* --- what a look means */

/* first_ms, doubled with each try. */
static int64_t pause_ms(unsigned first_ms, unsigned tries)
{
    uint64_t ms = (uint64_t)(first_ms ? first_ms : 1) << (tries < 24 ? tries : 24);

    return ms > BUSY_MOST_MS ? BUSY_MOST_MS : (int64_t)ms;
}

/* Looked at after as long again as it has been busy: a close that no event tells is seen
 * soon, and one that takes an hour costs nothing. */
static void is_busy(struct watch *w, struct folder *f, const char *name, struct waiting *e)
{
    unsigned tries = e && e->kind == WAITING_BUSY && e->due <= w->now ? e->tries + 1 : 0;

    e = keep(w, f, name, e, WAITING_BUSY, w->now + pause_ms(NEW_MS, tries));
    if (e)
        e->tries = tries;
}

static bool is_as_it_was(const struct waiting *e, const struct stat *st)
{
    return e->ino == st->st_ino && e->size == st->st_size &&
           e->mtime.tv_sec == st->st_mtim.tv_sec && e->mtime.tv_nsec == st->st_mtim.tv_nsec &&
           e->ctime.tv_sec == st->st_ctim.tv_sec && e->ctime.tv_nsec == st->st_ctim.tv_nsec;
}

static void remember(struct waiting *e, const struct stat *st)
{
    e->ino = st->st_ino;
    e->size = st->st_size;
    e->mtime = st->st_mtim;
    e->ctime = st->st_ctim;
}

/* True: it has rested for settle_ms. */
static bool has_rested(struct watch *w, struct folder *f, const char *name, struct waiting *e,
                       const struct stat *st)
{
    bool seen_before = e && e->ino != 0 && e->kind != WAITING_NEW && e->kind != WAITING_AGAIN;

    if (seen_before && is_as_it_was(e, st)) {
        if (e->due <= w->now)
            return true;
        return false;
    }
    unsigned tries = seen_before ? e->tries + 1 : 0;
    unsigned settle_ms = w->settings.settle_ms;
    int64_t due = w->now + settle_ms;
    if (tries > RESTLESS && pause_ms(settle_ms, tries - RESTLESS) > settle_ms)
        due = w->now + pause_ms(settle_ms, tries - RESTLESS);
    e = keep(w, f, name, e, tries > RESTLESS ? WAITING_BUSY : WAITING_RESTING, due);
    if (e) {
        e->tries = tries;
        remember(e, st);
    }
    return false;
}

static bool judge(struct watch *w, struct folder *f, const char *name, enum seen seen,
                  const struct stat *st)
{
    struct waiting *e = find(w, f, name);

    switch (seen) {
    case SEEN_BUSY:
        is_busy(w, f, name, e);
        return false;
    case SEEN_UNKNOWN:
        miss(w, f, e);
        return false;
    case SEEN_RESTING:
        if (!has_rested(w, f, name, e, st))
            return false;
        break;
    case SEEN_READY:
    case SEEN_NOTHING:
        break;
    }
    if (e)
        forget(w, e);
    return seen != SEEN_NOTHING;
}

bool waiting_look(struct watch *w, struct folder *f, int fd, const char *name)
{
    struct stat st;
    enum seen seen = look_file(w, fd, name, &st);

    if (!judge(w, f, name, seen, &st))
        return false;
    w->given_at = folder_path(f, name, w->given);
    if (!w->given_at)
        watch_tell(w, TROUBLE_LONG,
                   "%s: the path of a file \"%s\" is longer than %d bytes: it stays there, and "
                   "so do others like it; use shorter names", w->path, name, PATH_MAX - 1);
    return w->given_at != NULL;
}

enum turn waiting_next(struct watch *w)
{
    char name[NAME_MAX + 1];
    struct waiting *e = w->nwaiting ? w->heap[0] : NULL;

    if (!e || e->due > w->now)
        return TURN_NOTHING;
    struct folder *f = e->folder;
    int fd = found_hand(w, f);
    if (fd < 0) {
        forget(w, e);
        return TURN_LOOKED;
    }
    memcpy(name, e->name, strlen(e->name) + 1);
    return waiting_look(w, f, fd, name) ? TURN_READY : TURN_LOOKED;
}
