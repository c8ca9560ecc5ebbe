/* spool_steps.c - a file's steps: claimed, given back, to quarantine, gone.
 *
 * A claim looks at the file before and after it moves it: between the two its name may have
 * been given to something else, which then goes back.  Nothing is written but folders, so a
 * claim that is cut off leaves the file at one place or the other. */
#include "spool_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fault.h"

/* --- claim -------------------------------------------------------------------------- */

static bool is_regular(const struct place *at, const char *name)
{
    struct stat st;
    if (fstatat(at->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (S_ISREG(st.st_mode))
        return true;
    errno = ENOENT; /* no file is there */
    return false;
}

/* Moves a regular file of that name in one folder to the other. -1 and errno: it did not
 * move, or (EBUSY) what did was none, and cannot go back. */
static int move_regular(const struct place *from, const struct place *to, const char *name)
{
    if (!is_regular(from, name) ||
        renameat2(from->fd, name, to->fd, name, RENAME_NOREPLACE) != 0)
        return -1;
    if (is_regular(to, name))
        return 0;
    int why = errno;
    if (renameat2(to->fd, name, from->fd, name, RENAME_NOREPLACE) != 0) {
        errno = EBUSY;
        return -1;
    }
    errno = why;
    return -1;
}

/* The sidecar goes along where there is one. */
static int move_sidecar(const struct place *from, const struct place *to)
{
    char name[NAME_MAX + 1];
    if (!name_join(name, from->name, ".url") || move_regular(from, to, name) == 0)
        return 0;
    return errno == ENOENT ? 0 : -1;
}

static int move_both(const struct place *from, const struct place *to)
{
    if (move_regular(from, to, from->name) != 0)
        return -1;
    if (move_sidecar(from, to) == 0)
        return 0;
    int why = errno;
    if (renameat2(to->fd, to->name, from->fd, from->name, RENAME_NOREPLACE) != 0)
        why = EBUSY;
    errno = why;
    return -1;
}

/* Words for what keeps a file from being claimed, by errno; NULL: the disk's failure. */
static const char *hindrance(int why)
{
    switch (why) {
    case EXDEV:
        return "it lies on another file system than the spool: files below that folder cannot be "
               "claimed; mount the whole spool there, or drop them elsewhere";
    case EACCES:
    case EPERM:
        return "the user of winnowd may not move it; let that user write in its folder (group "
               "and setgid bit of drop/)";
    case ENAMETOOLONG:
        return "its path is too long; give it a shorter one";
    case ENOTDIR:
    case ELOOP:
        return "its folder is a symbolic link, which is not followed; drop a folder instead";
    default:
        return NULL;
    }
}

static int cannot_claim(const char *path, struct winnow_error *err)
{
    int why = errno;
    if (why == ENOENT)
        return SPOOL_GONE;
    if (why == EBUSY)
        return fault_set(err, WINNOW_EIO, "drop/%s: changed while it was claimed, and its name was "
                         "taken; what was there is in work/, and the next start goes on with it",
                         path_text(path).text);
    if (hindrance(why))
        return fault_set(err, WINNOW_EUSAGE, "drop/%s: cannot be claimed: %s",
                         path_text(path).text, hindrance(why));
    return fault_errno(err, "it stays where it is and is tried again; check the disk",
                       "drop/%s: cannot be claimed", path_text(path).text);
}

/* Is there a regular file, before anything is made for it? */
static int find_dropped(const struct spool *s, const char *path, struct place *ret)
{
    struct place from;
    if (place_open(s->drop, path, WALK_OPEN, &from) != 0)
        return -1;
    if (is_regular(&from, from.name)) {
        *ret = from;
        return 0;
    }
    place_close(&from);
    return -1;
}

static int claim_from(struct spool *s, const struct place *from, const char *path, uint64_t id)
{
    struct place to;
    if (mkdirat(s->work, id_text(id).text, 0777) != 0)
        return -1;
    int code = input_place(s->work, id, path, WALK_NEW, &to);
    if (code == 0) {
        code = move_both(from, &to);
        place_close(&to);
    }
    if (code != 0 && errno != EBUSY) {
        int why = errno;
        tree_remove(s->work, id_text(id).text);
        errno = why;
    }
    return code;
}

int spool_claim(struct spool *s, const char *path, uint64_t id, struct winnow_error *err)
{
    struct place from;
    if (!spool_path_ok(path))
        return fault_set(err, WINNOW_EUSAGE, "drop/%s: no path of a file; give it one without \".\", "
                         "\"..\" and empty parts", path_text(path).text);
    if (find_dropped(s, path, &from) != 0)
        return cannot_claim(path, err);
    int code = claim_from(s, &from, path, id);
    place_close(&from);
    if (code != 0)
        return cannot_claim(path, err);
    return WINNOW_OK;
}

int spool_claim_sidecar(struct spool *s, uint64_t id, const char *path, struct winnow_error *err)
{
    struct place from, to;
    if (!spool_path_ok(path) || place_open(s->drop, path, WALK_OPEN, &from) != 0)
        return WINNOW_OK; /* no folder, no sidecar */
    int code = 0;
    /* With a new page there, the sidecar is that page's. */
    if (faccessat(from.fd, from.name, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
        input_place(s->work, id, path, WALK_OPEN, &to) == 0) {
        code = move_sidecar(&from, &to);
        place_close(&to);
    }
    place_close(&from);
    if (code != 0 && errno != EEXIST)
        return fault_errno(err, "check the disk", "drop/%s.url: cannot be claimed",
                           path_text(path).text);
    return WINNOW_OK;
}

/* --- given back ------------------------------------------------------------------------ */

/* Moves the sidecar name.url to new_name.url: 0 also where there is none. */
static int return_sidecar(const struct place *from, const struct place *to, const char *new_name)
{
    char old_url[NAME_MAX + 1], new_url[NAME_MAX + 1];
    if (!name_join(old_url, from->name, ".url") || !name_join(new_url, new_name, ".url"))
        return 0;
    if (renameat2(from->fd, old_url, to->fd, new_url, RENAME_NOREPLACE) == 0)
        return 0;
    return errno == ENOENT ? 0 : -1;
}

static int return_page(const struct place *from, const struct place *to, const char *new_name)
{
    if (return_sidecar(from, to, new_name) != 0)
        return -1;
    if (renameat2(from->fd, from->name, to->fd, new_name, RENAME_NOREPLACE) == 0)
        return 0;
    int why = errno;
    char old_url[NAME_MAX + 1], new_url[NAME_MAX + 1];
    if (name_join(old_url, from->name, ".url") && name_join(new_url, new_name, ".url"))
        (void)renameat2(to->fd, new_url, from->fd, old_url, RENAME_NOREPLACE);
    errno = why;
    return -1;
}

/* Moves the page to the first name that is free, which ret then has. */
static int return_somewhere(const struct place *from, const struct place *to, uint64_t id,
                            char ret[NAME_MAX + 1])
{
    for (unsigned n = 1; n <= NAMES_MOST; n++) {
        /* From the second on with room for the sidecar's suffix. */
        name_try(ret, to->name, n, id, n == 1 ? NAME_MAX : NAME_MAX - 4);
        if (return_page(from, to, ret) == 0)
            return 0;
        if (errno != EEXIST)
            return -1;
    }
    return -1;
}

static int return_input(const struct spool *s, int base, uint64_t id, const char *path,
                        char new_name[NAME_MAX + 1])
{
    struct place from, to;
    if (input_place(base, id, path, WALK_OPEN, &from) != 0)
        return -1;
    int code = place_open(s->drop, path, WALK_MAKE, &to);
    if (code == 0) {
        code = return_somewhere(&from, &to, id, new_name);
        place_close(&to);
    }
    place_close(&from);
    return code;
}

static char *with_new_name(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    int len = slash ? (int)(slash + 1 - path) : 0;
    char *ret = NULL;
    return asprintf(&ret, "%.*s%s", len, path, name) < 0 ? NULL : ret;
}

static int cannot_return(bool from_quarantine, uint64_t id, struct winnow_error *err)
{
    return fault_errno(err, "check drop/ and its disk, then try again",
                       "%s/%s: cannot be given back", from_quarantine ? "quarantine" : "work",
                       id_text(id).text);
}

int spool_give_back(const struct spool *s, uint64_t id, bool from_quarantine, char **ret_path,
                    struct winnow_error *err)
{
    char path[PATH_MAX], name[NAME_MAX + 1];
    int base = from_quarantine ? s->quarantine : s->work;
    char *first = NULL;
    size_t count = 0;
    int code;
    /* One, but for what was found instead of a claim: then each. */
    while ((code = input_find(base, id, path)) == 0) {
        if (return_input(s, base, id, path, name) != 0)
            break;
        if (count++ == 0)
            first = with_new_name(path, name);
    }
    if (code == 1 && !from_quarantine)
        code = tree_remove(base, id_text(id).text) == 0 ? 1 : -1;
    if (code != 1 || (count > 0 && !first)) {
        int status = code != 1 ? cannot_return(from_quarantine, id, err) : fault_nomem(err);
        free(first);
        return status;
    }
    if (count > 0 && ret_path)
        *ret_path = first;
    else
        free(first);
    return count > 0 ? WINNOW_OK : SPOOL_GONE;
}

/* --- to quarantine, and gone ------------------------------------------------------------ */

int spool_quarantine(const struct spool *s, uint64_t id, struct winnow_error *err)
{
    struct stat st;
    const struct id_text name = id_text(id);
    if (renameat2(s->work, name.text, s->quarantine, name.text, RENAME_NOREPLACE) == 0)
        return WINNOW_OK;
    int why = errno;
    if (why == ENOENT && fstatat(s->quarantine, name.text, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return WINNOW_OK;
    errno = why;
    return fault_errno(err, "check the spool with winnow queue fsck",
                       "work/%s: cannot be moved to quarantine/", name.text);
}

static int remove_entry(int base, const char *where, uint64_t id, struct winnow_error *err)
{
    if (tree_remove(base, id_text(id).text) == 0)
        return WINNOW_OK;
    return fault_errno(err, "check its permissions and the disk; it is tried again at the next "
                       "start", "%s/%s cannot be removed", where, id_text(id).text);
}

int spool_finish(const struct spool *s, uint64_t id, struct winnow_error *err)
{
    return remove_entry(s->work, "work", id, err);
}

int spool_forget(const struct spool *s, uint64_t id, struct winnow_error *err)
{
    return remove_entry(s->quarantine, "quarantine", id, err);
}
