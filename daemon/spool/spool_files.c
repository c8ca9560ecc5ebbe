/* spool_files.c - the files of work/<id>/: the input and where it came from, and the results. */
#include "spool_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fault.h"
#include "whole.h"

const char *const spool_file_names[SPOOL_FILES] = {"text", "record", "told", "failures"};

enum { READ_FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

/* --- the input -------------------------------------------------------------------- */

static int open_in(const struct spool *s, uint64_t id, const char *path, const char *suffix)
{
    struct place in;
    char name[NAME_MAX + 1];
    if (input_place(s->work, id, path, WALK_OPEN, &in) != 0)
        return -1;
    int fd = -1;
    errno = ENAMETOOLONG;
    if (name_join(name, in.name, suffix))
        fd = openat(in.fd, name, READ_FLAGS);
    place_close(&in);
    return fd;
}

static int cannot_open(const char *path, struct winnow_error *err)
{
    int why = errno;
    const struct path_text shown = path_text(path);
    if (why == ENOENT)
        return SPOOL_GONE;
    if (why == ELOOP || why == ENXIO || why == ENODEV || why == ENOTDIR)
        return fault_set(err, WINNOW_EDATA, "%s: not a regular file; drop files, no links, pipes or "
                         "devices", shown.text);
    int status = fault_errno(err, why == EACCES || why == EPERM
                                      ? "let the user of winnowd read it, then retry it"
                                      : "check it and its disk, then retry it",
                             "%s: cannot be opened", shown.text);
    if (why == EACCES || why == EPERM)
        return err ? (int)(err->status = WINNOW_EUSAGE) : WINNOW_EUSAGE;
    return status;
}

int spool_open_input(const struct spool *s, uint64_t id, const char *path, int *ret_fd,
                     struct stat *ret_stat, struct winnow_error *err)
{
    struct stat st;
    int fd = open_in(s, id, path, "");
    if (fd < 0)
        return cannot_open(path, err);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        fd_close(fd);
        errno = ENXIO;
        return cannot_open(path, err);
    }
    *ret_fd = fd;
    *ret_stat = st;
    return WINNOW_OK;
}

/* Keeps the first line of text, if it is a URL. */
static bool take_url(char text[8192], ssize_t len)
{
    if (len <= 0)
        return false;
    text[len] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
}

static bool is_regular(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static bool read_sidecar(const struct spool *s, uint64_t id, const char *path, char ret[8192])
{
    int fd = open_in(s, id, path, ".url");
    if (fd < 0)
        return false;
    ssize_t len = -1;
    while (is_regular(fd) && (len = read(fd, ret, 8191)) < 0 && errno == EINTR)
        continue;
    close(fd);
    return take_url(ret, len);
}

static bool read_origin(const struct spool *s, uint64_t id, const char *path, char ret[8192])
{
    int fd = open_in(s, id, path, "");
    if (fd < 0)
        return false;
    ssize_t len = fgetxattr(fd, "user.xdg.origin.url", ret, 8191);
    close(fd);
    return take_url(ret, len);
}

void spool_read_url(const struct spool *s, uint64_t id, const char *path, char ret[8192],
                    const char **from)
{
    *from = "sidecar";
    if (read_sidecar(s, id, path, ret))
        return;
    *from = "user.xdg.origin.url";
    if (read_origin(s, id, path, ret))
        return;
    *from = NULL;
    ret[0] = '\0';
}

/* --- the results ------------------------------------------------------------------- */

static int file_failed(uint64_t id, enum spool_file file, const char *what, struct winnow_error *err)
{
    return fault_errno(err, "check the spool's disk and permissions; it is tried again",
                       "work/%s/%s %s", id_text(id).text, spool_file_names[file], what);
}

static int open_file(const struct spool *s, uint64_t id, enum spool_file file, int flags)
{
    int folder = folder_open(s->work, id_text(id).text);
    if (folder < 0)
        return -1;
    int fd = openat(folder, spool_file_names[file], flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
                    0666);
    fd_close(folder);
    return fd;
}

int spool_create(const struct spool *s, uint64_t id, enum spool_file file, int *ret_fd,
                 struct winnow_error *err)
{
    int how = file == SPOOL_FAILURES ? O_APPEND : O_TRUNC;
    int fd = open_file(s, id, file, O_WRONLY | O_CREAT | how);
    if (fd < 0)
        return file_failed(id, file, "cannot be made", err);
    *ret_fd = fd;
    return WINNOW_OK;
}

static int read_file(int fd, uint64_t id, enum spool_file file, size_t max_bytes, char **ret,
                     size_t *ret_len, struct winnow_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 0)
        return fault_set(err, WINNOW_EIO, "work/%s/%s: not a regular file; remove it",
                         id_text(id).text, spool_file_names[file]);
    if ((uintmax_t)st.st_size > max_bytes)
        return fault_set(err, WINNOW_ELIMIT, "work/%s/%s: larger than %zu bytes; winnowd writes no "
                         "such file: remove it", id_text(id).text, spool_file_names[file],
                         max_bytes);
    char *data = malloc((size_t)st.st_size + 1);
    if (!data)
        return fault_nomem(err);
    ssize_t len = read_whole(fd, data, (size_t)st.st_size);
    if (len < 0) {
        free(data);
        return file_failed(id, file, "cannot be read", err);
    }
    data[len] = '\0';
    *ret = data;
    *ret_len = (size_t)len;
    return WINNOW_OK;
}

int spool_read(const struct spool *s, uint64_t id, enum spool_file file, size_t max_bytes,
               char **ret, size_t *ret_len, struct winnow_error *err)
{
    int fd = open_file(s, id, file, O_RDONLY);
    if (fd < 0)
        return errno == ENOENT ? SPOOL_GONE : file_failed(id, file, "cannot be opened", err);
    int status = read_file(fd, id, file, max_bytes, ret, ret_len, err);
    close(fd);
    return status;
}

int spool_drop_told(const struct spool *s, uint64_t id, struct winnow_error *err)
{
    int folder = folder_open(s->work, id_text(id).text);
    int code = folder < 0 ? -1 : unlinkat(folder, spool_file_names[SPOOL_TOLD], 0);
    fd_close(folder);
    if (code == 0 || errno == ENOENT)
        return WINNOW_OK;
    return fault_errno(err, "check the spool's disk; it is tried again", "work/%s/%s cannot be "
                       "removed", id_text(id).text, spool_file_names[SPOOL_TOLD]);
}

void spool_drop_results(const struct spool *s, uint64_t id)
{
    static const enum spool_file results[] = {SPOOL_RECORD, SPOOL_TOLD, SPOOL_TEXT};
    int folder = folder_open(s->work, id_text(id).text);
    if (folder < 0)
        return;
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        unlinkat(folder, spool_file_names[results[i]], 0);
    fd_close(folder);
}
