/* spool_remove.c - a folder removed with all that is in it.
 *
 * Without recursion, with at most DEEP descriptors, and without leaving the folder by "..":
 * what lies deeper than DEEP is moved up and is then no longer deep.  A folder is listed once
 * where that empties it: only the failing rmdir says that there is more. */
#include "spool_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
    DEEP = 12,
    PASSES_MOST = 1000000, /* of listings: somebody else fills it faster than we empty it */
};

struct level {
    int fd;
    bool listed;
    char name[NAME_MAX + 1];
};

/* The way from the folder's parent down to where we are. */
struct removal {
    int base;
    size_t depth;
    struct level levels[DEEP];
};

/* What a pass left: one folder in it, if any. */
struct left {
    bool found;
    char name[NAME_MAX + 1];
};

static int unlink_or_keep(void *ctx, int fd, const char *name, unsigned char type)
{
    struct left *left = ctx;
    if (!entry_is_folder(fd, name, type)) {
        if (unlinkat(fd, name, 0) == 0 || errno == ENOENT)
            return 0;
        return -1;
    }
    if (!left->found) {
        left->found = true;
        snprintf(left->name, sizeof left->name, "%s", name);
    }
    return 0;
}

static int parent_of(const struct removal *r)
{
    return r->depth > 1 ? r->levels[r->depth - 2].fd : r->base;
}

/* 0; 1: there is no such folder. */
static int push(struct removal *r, int fd, const char *name)
{
    struct level *level = &r->levels[r->depth];
    level->fd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (level->fd < 0)
        return errno == ENOENT ? 1 : -1;
    snprintf(level->name, sizeof level->name, "%s", name);
    level->listed = false;
    r->depth++;
    return 0;
}

/* Moves a folder that is too deep to where the removal began. */
static int lift(struct removal *r, int fd, const char *name)
{
    for (unsigned n = 1; n < 10000; n++) {
        char to[32];
        snprintf(to, sizeof to, "deep-%u", n);
        if (renameat2(fd, name, r->levels[0].fd, to, RENAME_NOREPLACE) == 0)
            return 0;
        if (errno != EEXIST)
            return errno == ENOENT ? 0 : -1;
    }
    return -1;
}

/* Empties the folder at the end of the way, or goes one step further down. */
static int step_down(struct removal *r, bool *empty)
{
    struct left left = {0};
    struct level *at = &r->levels[r->depth - 1];
    if (at->listed && lseek(at->fd, 0, SEEK_SET) != 0)
        return -1;
    at->listed = true;
    if (fd_each(at->fd, unlink_or_keep, &left) != 0)
        return -1;
    *empty = !left.found;
    if (!left.found)
        return 0;
    if (r->depth == DEEP)
        return lift(r, at->fd, left.name);
    return push(r, at->fd, left.name) < 0 ? -1 : 0;
}

/* Removes it, and those above that are empty by that; stops below one that is not. */
static int step_up(struct removal *r)
{
    while (r->depth > 0) {
        struct level *at = &r->levels[r->depth - 1];
        if (unlinkat(parent_of(r), at->name, AT_REMOVEDIR) != 0 && errno != ENOENT)
            return errno == ENOTEMPTY || errno == EEXIST ? 0 : -1;
        fd_close(at->fd);
        r->depth--;
    }
    return 0;
}

static void leave(struct removal *r)
{
    while (r->depth > 0)
        fd_close(r->levels[--r->depth].fd);
}

int tree_remove(int base, const char *name)
{
    struct removal r = {.base = base};
    int code = push(&r, base, name);
    if (code != 0)
        return code > 0 ? 0 : -1;
    for (long passes = 0; code == 0 && r.depth > 0; passes++) {
        bool empty = false;
        code = passes < PASSES_MOST ? step_down(&r, &empty) : -1;
        if (code == 0 && empty)
            code = step_up(&r);
    }
    leave(&r);
    return code;
}
