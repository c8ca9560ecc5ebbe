/* spool_out.c - results made visible in out/, under names that are free.
 *
 * The text goes first and the record last: whoever waits for <name>.json finds both.  A
 * rename replaces nothing, so what stands in out/ is safe from us; where the settings want
 * old outputs replaced, only regular files give way. */
#include "spool_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fault.h"

#define TEXT_SUFFIX ".txt"
#define RECORD_SUFFIX ".json"

enum {
    SUFFIX_MOST = sizeof RECORD_SUFFIX - 1,
    FOLDERS_GONE = 8, /* tries, where a consumer removes empty folders */
};

/* --- names ----------------------------------------------------------------------------- */

struct naming {
    uint64_t id;
    bool replace;
    spool_taken_fn *taken;
    void *ctx;
    char name[PATH_MAX]; /* what was chosen so far */
    size_t len;
};

static bool add_part(struct naming *n, const char *part)
{
    size_t more = strlen(part), slash = n->len > 0;
    if (more + slash + SUFFIX_MOST >= PATH_MAX - n->len) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (slash)
        n->name[n->len++] = '/';
    memcpy(n->name + n->len, part, more + 1);
    n->len += more;
    return true;
}

static void cut_back(struct naming *n, size_t len)
{
    n->len = len;
    n->name[len] = '\0';
}

/* Will an output that is on its way have the name of this folder? */
static bool folder_taken(struct naming *n)
{
    static const char *const suffixes[] = {TEXT_SUFFIX, RECORD_SUFFIX};
    for (size_t i = 0; n->taken && i < 2; i++) {
        size_t more = strlen(suffixes[i]);
        if (n->len <= more || strcmp(n->name + n->len - more, suffixes[i]) != 0)
            continue;
        n->name[n->len - more] = '\0';
        bool taken = n->taken(n->ctx, n->name);
        n->name[n->len - more] = '.';
        if (taken)
            return true;
    }
    return false;
}

static int open_or_make(int fd, const char *part)
{
    int ret = folder_open(fd, part);
    if (ret >= 0 || errno != ENOENT)
        return ret;
    if (mkdirat(fd, part, 0777) != 0 && errno != EEXIST)
        return -1;
    return folder_open(fd, part);
}

/* Adds the folder part to the name, or one like it where a file is in the way; its
 * descriptor, or -1 and errno. */
static int name_folder(struct naming *n, int fd, const char *part)
{
    size_t before = n->len;
    for (unsigned i = 1; i <= NAMES_MOST; i++) {
        char try[NAME_MAX + 1];
        name_try(try, part, i, n->id, NAME_MAX);
        if (!add_part(n, try))
            return -1;
        bool taken = folder_taken(n);
        int next = taken ? -1 : open_or_make(fd, try);
        if (next >= 0)
            return next;
        if (!taken && errno != ENOTDIR && errno != ELOOP)
            return -1;
        cut_back(n, before);
    }
    errno = EEXIST;
    return -1;
}

/* 1: nothing is in the way; 0: something; -1 and errno. */
static int is_free(const struct naming *n, int fd, const char *name, const char *suffix)
{
    struct stat st;
    char whole[NAME_MAX + 1];
    if (!name_join(whole, name, suffix)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (fstatat(fd, whole, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 1 : -1;
    return n->replace && S_ISREG(st.st_mode);
}

static int name_file(struct naming *n, int fd, const char *part, unsigned first)
{
    size_t before = n->len;
    for (unsigned i = first; i <= NAMES_MOST; i++) {
        char try[NAME_MAX + 1];
        name_try(try, part, i, n->id, NAME_MAX - SUFFIX_MOST);
        if (!add_part(n, try))
            return -1;
        int free = n->replace || !n->taken || !n->taken(n->ctx, n->name);
        if (free)
            free = is_free(n, fd, try, TEXT_SUFFIX);
        if (free == 1)
            free = is_free(n, fd, try, RECORD_SUFFIX);
        if (free != 0)
            return free > 0 ? 0 : -1;
        cut_back(n, before);
    }
    errno = EEXIST;
    return -1;
}

/* Is it this one folder that does not let us in?  It must not stop all other pages. */
static bool is_refused(int why)
{
    return why == EACCES || why == EPERM || why == EROFS || why == EXDEV;
}

/* A folder that somebody else has made there need not be for us to write into: theirs, or
 * another file system's.  errno says why. */
static bool may_write(int out, int folder)
{
    struct stat ours, there;
    if (fstat(out, &ours) == 0 && fstat(folder, &there) == 0 && ours.st_dev != there.st_dev) {
        errno = EXDEV;
        return false;
    }
    return faccessat(folder, ".", W_OK | X_OK, AT_EACCESS) == 0 || !is_refused(errno);
}

/* Chooses part after part of path.  -1 and errno. */
static int choose(struct naming *n, int out, const char *path, unsigned first)
{
    int fd = out, code = 0;
    cut_back(n, 0);
    for (const char *slash; code == 0 && (slash = strchr(path, '/')); path = slash + 1) {
        char part[NAME_MAX + 1];
        size_t len = (size_t)(slash - path);
        if (len > NAME_MAX)
            len = NAME_MAX; /* no file of drop/ has such a folder */
        memcpy(part, path, len);
        part[len] = '\0';
        int next = name_folder(n, fd, part);
        if (fd != out)
            fd_close(fd);
        fd = next;
        code = fd < 0 ? -1 : 0;
    }
    if (code == 0 && fd != out && !may_write(out, fd))
        code = -1;
    if (code == 0)
        code = name_file(n, fd, path, first);
    if (fd != out)
        fd_close(fd);
    return code;
}

int spool_out_name(const struct spool *s, uint64_t id, const char *path, bool replace,
                   spool_taken_fn *taken, void *ctx, char **ret, struct winnow_error *err)
{
    struct naming n = {.id = id, .replace = replace, .taken = taken, .ctx = ctx};
    int code = choose(&n, s->out, path, 1);
    if (code != 0 && (errno == ENAMETOOLONG || is_refused(errno))) {
        /* then without its folders, with the id */
        const char *slash = strrchr(path, '/');
        code = choose(&n, s->out, slash ? slash + 1 : path, NAMES_MOST);
    }
    if (code != 0)
        return fault_errno(err, "check out/ and its disk; it is tried again",
                           "out/%s: no name can be found", path_text(path).text);
    char *name = strdup(n.name);
    if (!name)
        return fault_nomem(err);
    *ret = name;
    return WINNOW_OK;
}

/* --- publish ------------------------------------------------------------------------------ */

struct output {
    int work; /* the folder work/<id> */
    struct place at;
    bool replace;
};

static bool is_there(int fd, const char *name)
{
    return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* May what has the name give way?  EEXIST where not. */
static int gives_way(const struct output *o, const char *name)
{
    struct stat st;
    if (o->replace && fstatat(o->at.fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(st.st_mode))
        return 0;
    errno = EEXIST;
    return -1;
}

/* Moves a result to its name; 0 also where it was moved before.  ESTALE: the folder of out/
 * is gone. */
static int move(const struct output *o, enum spool_file file, const char *name)
{
    const char *from = spool_file_names[file];
    if (renameat2(o->work, from, o->at.fd, name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno == EEXIST)
        return gives_way(o, name) != 0 ? -1 : renameat(o->work, from, o->at.fd, name);
    if (errno != ENOENT)
        return -1;
    if (!is_there(o->work, from))
        return 0;
    errno = ESTALE;
    return -1;
}

/* A new text is never seen beside an old record. */
static int remove_old(const struct output *o, const char *record)
{
    if (!o->replace || !is_there(o->work, spool_file_names[SPOOL_TEXT]) ||
        !is_there(o->at.fd, record))
        return 0;
    return gives_way(o, record) != 0 ? -1 : unlinkat(o->at.fd, record, 0);
}

static int publish_into(const struct output *o)
{
    char text[NAME_MAX + 1], record[NAME_MAX + 1];
    if (!name_join(text, o->at.name, TEXT_SUFFIX) ||
        !name_join(record, o->at.name, RECORD_SUFFIX)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (remove_old(o, record) != 0 || move(o, SPOOL_TEXT, text) != 0)
        return -1;
    if (move(o, SPOOL_RECORD, record) == 0)
        return 0;
    /* The two stay together, for another name. */
    int why = errno;
    if (why == EEXIST)
        (void)renameat2(o->at.fd, text, o->work, spool_file_names[SPOOL_TEXT], RENAME_NOREPLACE);
    errno = why;
    return -1;
}

static int publish(const struct spool *s, struct output *o, const char *name)
{
    int code = -1;
    for (int tries = 0; tries < FOLDERS_GONE; tries++) {
        if (place_open(s->out, name, WALK_MAKE, &o->at) != 0) {
            if (errno == ENOENT)
                continue;
            return -1;
        }
        code = publish_into(o);
        place_close(&o->at);
        if (code == 0 || errno != ESTALE)
            break;
    }
    return code;
}

int spool_publish(const struct spool *s, uint64_t id, const char *name, bool replace,
                  struct winnow_error *err)
{
    struct output o = {.replace = replace};
    if (!spool_path_ok(name))
        return fault_set(err, WINNOW_EUSAGE, "out/%s: no name of an output; check the manifest with "
                         "winnow queue fsck", path_text(name).text);
    o.work = folder_open(s->work, id_text(id).text);
    if (o.work < 0 && errno == ENOENT)
        return WINNOW_OK; /* published and finished */
    int code = o.work < 0 ? -1 : publish(s, &o, name);
    fd_close(o.work);
    if (code == 0)
        return WINNOW_OK;
    if (errno == EEXIST || errno == ENOTDIR || errno == ELOOP || is_refused(errno))
        return fault_set(err, WINNOW_EUSAGE, "out/%s: something else has that name, or its folder is not "
                         "to be written to; the output is to have another", path_text(name).text);
    return fault_errno(err, "check out/ and its disk; it is tried again",
                       "out/%s: cannot be made visible", path_text(name).text);
}
