/* watch_folder.c - the records of folders: a tree, and two tables over it.
 *
 * 1. A record costs less than 200 bytes, and no record holds a descriptor.
 * 2. Children never outlive their parent: a folder that is dropped takes all below it along.
 * 3. The tree is walked by loops: its depth is the disk's. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watch_parts.h"

/* --- the tables */

static size_t bucket_of(const struct folder_table *t, uint64_t key)
{
    return (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (t->nbuckets - 1);
}

static struct folder **ino_link(struct folder *f)
{
    return &f->next_by_ino;
}

static struct folder **wd_link(struct folder *f)
{
    return &f->next_by_wd;
}

static uint64_t ino_key(const struct folder *f)
{
    return f->ino;
}

static uint64_t wd_key(const struct folder *f)
{
    return (uint64_t)f->wd;
}

typedef struct folder **link_fn(struct folder *f);
typedef uint64_t key_fn(const struct folder *f);

static void table_grow(struct folder_table *t, link_fn *link, key_fn *key)
{
    struct folder_table more = {.nbuckets = t->nbuckets ? 2 * t->nbuckets : 64};

    more.buckets = calloc(more.nbuckets, sizeof *more.buckets);
    if (!more.buckets)
        return; /* a full table is slow, not wrong */
    for (size_t i = 0; i < t->nbuckets; i++) {
        for (struct folder *f = t->buckets[i], *next; f; f = next) {
            next = *link(f);
            struct folder **bucket = &more.buckets[bucket_of(&more, key(f))];
            *link(f) = *bucket;
            *bucket = f;
        }
    }
    free(t->buckets);
    *t = more;
}

static void table_add(struct folder_table *t, struct folder *f, uint64_t count, link_fn *link,
                      key_fn *key)
{
    if (count > t->nbuckets)
        table_grow(t, link, key);
    struct folder **bucket = &t->buckets[bucket_of(t, key(f))];
    *link(f) = *bucket;
    *bucket = f;
}

static void table_remove(struct folder_table *t, struct folder *f, link_fn *link, key_fn *key)
{
    struct folder **at = &t->buckets[bucket_of(t, key(f))];

    while (*at != f)
        at = link(*at);
    *at = *link(f);
}

struct folder *folder_by_ino(const struct watch *w, uint64_t ino)
{
    const struct folder_table *t = &w->by_ino;
    struct folder *f = t->nbuckets ? t->buckets[bucket_of(t, ino)] : NULL;

    while (f && f->ino != ino)
        f = f->next_by_ino;
    return f;
}

struct folder *folder_by_wd(const struct watch *w, int wd)
{
    const struct folder_table *t = &w->by_wd;
    struct folder *f = t->nbuckets ? t->buckets[bucket_of(t, (uint64_t)wd)] : NULL;

    while (f && f->wd != wd)
        f = f->next_by_wd;
    return f;
}

void folder_set_wd(struct watch *w, struct folder *f, int wd)
{
    if (f->wd == wd)
        return;
    if (f->wd >= 0)
        table_remove(&w->by_wd, f, wd_link, wd_key);
    w->unwatched += f->wd >= 0;
    f->wd = wd;
    if (wd < 0)
        return;
    w->unwatched--;
    table_add(&w->by_wd, f, w->folders, wd_link, wd_key);
}

/* --- the tree */

static void hang(struct folder *f, struct folder *parent)
{
    f->parent = parent;
    f->prev = NULL;
    f->next = parent ? parent->child : NULL;
    if (f->next)
        f->next->prev = f;
    if (parent)
        parent->child = f;
}

static void unhang(struct folder *f)
{
    if (f->next)
        f->next->prev = f->prev;
    if (f->prev)
        f->prev->next = f->next;
    else if (f->parent)
        f->parent->child = f->next;
}

bool folder_is_below(const struct folder *f, const struct folder *above)
{
    while (f && f != above)
        f = f->parent;
    return f != NULL;
}

struct folder *folder_after(const struct folder *f, const struct folder *top)
{
    if (f->child)
        return f->child;
    while (f != top && !f->next)
        f = f->parent;
    return f == top ? NULL : f->next;
}

void folder_move(struct watch *w, struct folder *f, struct folder *parent, char *name)
{
    found_let_go(w);
    unhang(f);
    hang(f, parent);
    free(f->name);
    f->name = name;
}

struct folder *folder_put(struct watch *w, struct folder *parent, const char *name, uint64_t ino)
{
    struct folder *f = calloc(1, sizeof *f);
    char *copy = strdup(name);

    if (!w->by_ino.nbuckets)
        table_grow(&w->by_ino, ino_link, ino_key);
    if (!w->by_wd.nbuckets)
        table_grow(&w->by_wd, wd_link, wd_key);
    if (!f || !copy || !w->by_ino.nbuckets || !w->by_wd.nbuckets) {
        free(f);
        free(copy);
        watch_tell(w, TROUBLE_MEMORY,
                   "%s: no memory for one more folder: it is listed later; free some memory",
                   w->path);
        return NULL;
    }
    f->name = copy;
    f->ino = ino;
    f->wd = -1;
    f->scan = w->scan;
    w->folders++;
    w->unwatched++;
    hang(f, parent);
    table_add(&w->by_ino, f, w->folders, ino_link, ino_key);
    return f;
}

static void folder_free(struct watch *w, struct folder *f)
{
    if (f->wd >= 0 && w->inotify >= 0)
        inotify_rm_watch(w->inotify, f->wd); /* fails where the folder is gone */
    folder_set_wd(w, f, -1);
    table_remove(&w->by_ino, f, ino_link, ino_key);
    w->unwatched--;
    w->folders--;
    if (w->hand == f)
        found_let_go(w);
    list_forget(w, f);
    waiting_forget(w, f);
    unhang(f);
    free(f->name);
    free(f);
}

void folder_drop(struct watch *w, struct folder *f)
{
    struct folder *at = f, *parent;

    do {
        while (at->child)
            at = at->child;
        parent = at->parent;
        bool is_last = at == f;
        folder_free(w, at);
        if (is_last)
            return;
        at = parent;
    } while (true);
}

void folder_miss(struct watch *w, struct folder *f)
{
    f->missed = true;
    watch_at(w, TIMER_MISSED, w->now + LATER_MS);
}

static bool prepend(char **at, const char *buf, const char *part)
{
    size_t len = strlen(part);

    if ((size_t)(*at - buf) < len + 1)
        return false;
    *at -= len;
    memcpy(*at, part, len);
    return true;
}

const char *folder_path(const struct folder *f, const char *name, char buf[PATH_MAX])
{
    char *at = buf + PATH_MAX - 1;

    *at = '\0';
    if (name && !prepend(&at, buf, name))
        return NULL;
    for (; f && f->parent; f = f->parent) {
        if (*at && !prepend(&at, buf, "/"))
            return NULL;
        if (!prepend(&at, buf, f->name))
            return NULL;
    }
    return at;
}
