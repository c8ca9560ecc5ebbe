/* spool_walk.c - from a path to the folder it is in, part by part.
 *
 * Every part is opened by its name in the folder before it, and never as a symbolic link:
 * who can write in drop/ or out/ can lead us nowhere else.  It also lifts PATH_MAX from
 * what the kernel is given: only a name must fit. */
#include "spool_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fault.h"

bool spool_path_ok(const char *path)
{
    size_t len = 0;
    for (;; path++) {
        size_t part = strcspn(path, "/");
        if (part == 0 || (part == 1 && path[0] == '.') ||
            (part == 2 && path[0] == '.' && path[1] == '.'))
            return false;
        len += part + 1; /* the slash, or the NUL */
        if (len > PATH_MAX)
            return false;
        path += part;
        if (*path == '\0')
            return true;
    }
}

void fd_close(int fd)
{
    int why = errno;
    if (fd >= 0)
        close(fd);
    errno = why;
}

/* O_PATH: we only pass through, and that needs no permission to read. */
int folder_open(int base, const char *name)
{
    return openat(base, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int make_open(int base, const char *name, enum walk walk)
{
    int fd = walk == WALK_NEW ? -1 : folder_open(base, name);
    if (fd >= 0 || (walk != WALK_NEW && errno != ENOENT) || walk == WALK_OPEN)
        return fd;
    if (mkdirat(base, name, 0777) != 0 && errno != EEXIST)
        return -1;
    return folder_open(base, name);
}

void place_close(const struct place *p)
{
    if (p->own)
        fd_close(p->fd);
}

int place_open(int base, const char *path, enum walk walk, struct place *ret)
{
    struct place at = {.fd = base, .name = path};
    for (const char *slash; (slash = strchr(at.name, '/')); at.name = slash + 1) {
        char part[NAME_MAX + 1];
        size_t len = (size_t)(slash - at.name);
        int fd = -1;
        if (len < sizeof part) {
            memcpy(part, at.name, len);
            part[len] = '\0';
            fd = make_open(at.fd, part, walk);
        } else {
            errno = ENAMETOOLONG;
        }
        place_close(&at);
        if (fd < 0)
            return -1;
        at.fd = fd;
        at.own = true;
    }
    *ret = at;
    return 0;
}

int input_place(int base, uint64_t id, const char *path, enum walk walk, struct place *ret)
{
    char whole[INPUT_MOST];
    int len = snprintf(whole, sizeof whole, "%s/in/%s", id_text(id).text, path);
    if (len < 0 || (size_t)len >= sizeof whole) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (place_open(base, whole, walk, ret) != 0)
        return -1;
    const char *slash = strrchr(path, '/');
    ret->name = slash ? slash + 1 : path;
    return 0;
}

int spool_walk(int base, const char *path, bool make, int *ret_fd, const char **ret_name,
               struct winnow_error *err)
{
    struct place at;
    if (!spool_path_ok(path))
        return fault_set(err, WINNOW_EUSAGE, "%s: no path below a spool's folder; give one without "
                         "\".\", \"..\" and empty parts", path_text(path).text);
    if (place_open(base, path, make ? WALK_MAKE : WALK_OPEN, &at) != 0) {
        int gone = errno == ENOENT && !make;
        int status = fault_errno(err, "check the folders on its way", "%s: its folder cannot be "
                                 "opened", path_text(path).text);
        return gone ? SPOOL_GONE : status;
    }
    int fd = at.own ? at.fd : folder_open(base, ".");
    if (fd < 0)
        return fault_errno(err, "check the spool", "%s: its folder cannot be opened",
                           path_text(path).text);
    *ret_fd = fd;
    *ret_name = at.name;
    return WINNOW_OK;
}
