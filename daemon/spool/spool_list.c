/* spool_list.c - what stands in the folders: ids in order, and the input of one.
 *
 * A claim makes one chain of folders in <id>/in/ and puts one file at its end, with its
 * sidecar: so the path is read from the folders alone, and no note of it can be lost. */
#include "spool_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fault.h"

/* --- any folder ------------------------------------------------------------------ */

static bool is_dots(const char *name)
{
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

int fd_each(int fd, entry_fn *each, void *ctx)
{
    _Alignas(struct dirent64) char block[32 * 1024];
    for (;;) {
        ssize_t len = getdents64(fd, block, sizeof block);
        if (len <= 0)
            return (int)len;
        for (ssize_t at = 0; at < len;) {
            const struct dirent64 *d = (const struct dirent64 *)(block + at);
            int code = is_dots(d->d_name) ? 0 : each(ctx, fd, d->d_name, d->d_type);
            if (code)
                return code;
            at += d->d_reclen;
        }
    }
}

int folder_each(int base, const char *name, entry_fn *each, void *ctx)
{
    int fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int code = fd_each(fd, each, ctx);
    fd_close(fd);
    return code;
}

bool entry_is_folder(int fd, const char *name, unsigned char type)
{
    struct stat st;
    if (type != DT_UNKNOWN)
        return type == DT_DIR;
    return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* --- ids ------------------------------------------------------------------------- */

static int take_id(void *ctx, int fd, const char *name, unsigned char type)
{
    struct ids *ids = ctx;
    uint64_t id;
    if (!id_parse(name, &id) || !entry_is_folder(fd, name, type)) {
        ids->others++;
        return 0;
    }
    if (ids->count == ids->room) {
        size_t room = ids->room ? ids->room * 2 : 256;
        uint64_t *more = reallocarray(ids->items, room, sizeof *more);
        if (!more)
            return -1;
        ids->items = more;
        ids->room = room;
    }
    ids->items[ids->count++] = id;
    return 0;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

int ids_list(int fd, struct ids *ret)
{
    struct ids ids = {0};
    if (fd >= 0 && folder_each(fd, ".", take_id, &ids) != 0) {
        free(ids.items);
        return -1;
    }
    if (ids.count)
        qsort(ids.items, ids.count, sizeof *ids.items, by_number);
    *ret = ids;
    return 0;
}

/* --- the input of one ------------------------------------------------------------- */

/* What one folder of the chain has: at most two names are of interest. */
struct level {
    char names[2][NAME_MAX + 1];
    size_t count;
    bool folder; /* the first one is */
};

static int see(void *ctx, int fd, const char *name, unsigned char type)
{
    struct level *level = ctx;
    if (level->count == 2) {
        level->count++;
        return 1; /* more than a claim makes */
    }
    if (level->count == 0)
        level->folder = entry_is_folder(fd, name, type);
    snprintf(level->names[level->count++], sizeof level->names[0], "%s", name);
    return 0;
}

static bool is_sidecar(const char *name, const char *page)
{
    size_t len = strlen(page);
    return strncmp(name, page, len) == 0 && strcmp(name + len, ".url") == 0;
}

/* The page among what the folder has; NULL: it cannot be told. */
static const char *page_of(const struct level *level)
{
    if (level->count == 1)
        return level->names[0];
    if (level->count == 2 && is_sidecar(level->names[1], level->names[0]))
        return level->names[0];
    if (level->count == 2 && is_sidecar(level->names[0], level->names[1]))
        return level->names[1];
    return NULL;
}

static bool path_add(char path[PATH_MAX], size_t *len, const char *name)
{
    size_t more = strlen(name), slash = *len > 0;
    if (more + slash >= PATH_MAX - *len)
        return false;
    if (slash)
        path[*len] = '/';
    memcpy(path + *len + slash, name, more + 1);
    *len += slash + more;
    return true;
}

/* Goes down the chain from fd, which is closed; 0, 1, -1 as input_find. */
static int go_down(int fd, char ret[PATH_MAX])
{
    size_t len = 0;
    for (;;) {
        struct level level = {0};
        int code = fd_each(fd, see, &level);
        if (code < 0 || level.count == 0) {
            fd_close(fd);
            return code < 0 ? -1 : 1;
        }
        const char *page = page_of(&level);
        /* At the top there is no folder to name: then any of them, the others stay. */
        if (!page && len == 0)
            page = level.names[0];
        if (!page || !path_add(ret, &len, page) || level.count > 1 || !level.folder) {
            fd_close(fd);
            return 0;
        }
        int next = openat(fd, page, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        fd_close(fd);
        if (next < 0)
            return errno == ENOENT ? 1 : -1;
        fd = next;
    }
}

int input_find(int base, uint64_t id, char ret[PATH_MAX])
{
    struct place in;
    if (input_place(base, id, "", WALK_OPEN, &in) != 0)
        return errno == ENOENT ? 1 : -1;
    int fd = openat(in.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    place_close(&in);
    return fd < 0 ? -1 : go_down(fd, ret);
}

static int cannot_list(bool quarantine, struct winnow_error *err)
{
    return fault_errno(err, "check its permissions and the disk", "%s/ cannot be listed",
                       quarantine ? "quarantine" : "work");
}

int spool_each(const struct spool *s, bool quarantine, spool_each_fn *each, void *ctx,
               struct winnow_error *err)
{
    struct ids ids;
    int base = quarantine ? s->quarantine : s->work, status = WINNOW_OK;
    if (ids_list(base, &ids) != 0)
        return cannot_list(quarantine, err);
    for (size_t i = 0; i < ids.count && status == WINNOW_OK; i++) {
        char path[PATH_MAX];
        int code = input_find(base, ids.items[i], path);
        if (code < 0)
            status = fault_errno(err, "check its permissions and the disk", "%s/%s cannot be read",
                                 quarantine ? "quarantine" : "work", id_text(ids.items[i]).text);
        else
            status = each(ctx, ids.items[i], code == 0 ? path : NULL);
    }
    free(ids.items);
    return status;
}

int spool_count(const struct spool *s, bool quarantine, uint64_t *ret, struct winnow_error *err)
{
    struct ids ids;
    if (ids_list(quarantine ? s->quarantine : s->work, &ids) != 0)
        return cannot_list(quarantine, err);
    *ret = ids.count;
    free(ids.items);
    return WINNOW_OK;
}
