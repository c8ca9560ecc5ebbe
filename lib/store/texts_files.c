/* texts_files.c - the files of the texts: found, opened, read by blocks, begun and ended.
 *
 * A file that is read stays open for the next one who asks; the one that is written to is
 * opened apart from those, and only when something is appended.  A reader may hold all files
 * of its view from the start: the writer of a compaction takes their names away. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "err.h"
#include "store/disk.h"
#include "store/texts_parts.h"

static const uint64_t file_most = (uint64_t)1 << 30;

const char *texts_path(struct texts *t, uint32_t file)
{
    snprintf(t->path, sizeof t->path, "%s/texts-%06u", t->folder, file);
    return t->path;
}

int texts_damaged(const char *path, uint64_t at, const char *what, struct winnow_error *err)
{
    return err_set(err, WINNOW_EDATA, "%s: at byte %llu %s; winnow index compact keeps the rest",
                   path, (unsigned long long)at, what);
}

/* --- open files -------------------------------------------------------------------------------- */

void texts_files_drop(struct texts *t)
{
    for (size_t i = 0; i < TEXTS_BLOCKS_KEPT; i++)
        texts_block_drop(&t->blocks[i]);
    for (size_t i = 0; i < TEXTS_FILES_OPEN; i++) {
        if (t->files[i].number)
            close(t->files[i].fd);
        t->files[i].number = 0;
    }
}

static int size_of(int fd, const char *path, uint64_t *ret, struct winnow_error *err)
{
    struct stat st;
    if (fstat(fd, &st))
        return disk_fail(err, path, "cannot read its size", errno);
    *ret = (uint64_t)st.st_size;
    return WINNOW_OK;
}

static int check_file(int fd, const char *path, uint64_t size, struct winnow_error *err)
{
    char head[TEXTS_FILE_HEAD];
    if (size < TEXTS_FILE_HEAD)
        return WINNOW_OK;
    int status = disk_read(fd, path, head, sizeof head, 0, err);
    return status ? status : texts_head_check(head, path, err);
}

/* *gone: there is no such file, and *ret is untouched. */
static int open_if_there(struct texts *t, uint32_t number, int advice, struct texts_file *ret,
                         bool *gone, struct winnow_error *err)
{
    const char *path = texts_path(t, number);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *gone = fd < 0 && errno == ENOENT;
    if (fd < 0)
        return *gone ? WINNOW_OK : disk_fail(err, path, "cannot open", errno);
    uint64_t size = 0;
    (void)posix_fadvise(fd, 0, 0, advice);
    int status = size_of(fd, path, &size, err);
    if (!status)
        status = check_file(fd, path, size, err);
    if (status)
        close(fd);
    else
        *ret = (struct texts_file){number, fd, size, 0};
    return status;
}

int texts_file_open(struct texts *t, uint32_t number, int advice, struct texts_file *ret,
                    struct winnow_error *err)
{
    bool gone;
    int status = open_if_there(t, number, advice, ret, &gone, err);
    if (!status && gone)
        return err_set(err, WINNOW_EDATA,
                       "%s: it is missing; put it back, or let winnow index "
                       "compact do without its documents",
                       t->path);
    return status;
}

static int file_order(const void *a, const void *b)
{
    uint32_t x = ((const struct texts_file *)a)->number, y = ((const struct texts_file *)b)->number;
    return (x > y) - (x < y);
}

static struct texts_file *held_file(struct texts *t, uint32_t number)
{
    const struct texts_file want = {.number = number};
    if (!t->held_count)
        return NULL;
    return bsearch(&want, t->held, t->held_count, sizeof want, file_order);
}

static struct texts_file *oldest_file(struct texts *t)
{
    struct texts_file *ret = &t->files[0];
    for (size_t i = 0; i < TEXTS_FILES_OPEN && ret->number; i++)
        if (!t->files[i].number || t->files[i].used < ret->used)
            ret = &t->files[i];
    return ret;
}

int texts_file_use(struct texts *t, uint32_t number, struct texts_file **ret,
                   struct winnow_error *err)
{
    struct texts_file *f = held_file(t, number);
    texts_path(t, number);
    for (size_t i = 0; i < TEXTS_FILES_OPEN && !f; i++)
        if (t->files[i].number == number)
            f = &t->files[i];
    if (!f) {
        struct texts_file opened;
        int status = texts_file_open(t, number, POSIX_FADV_RANDOM, &opened, err);
        if (status)
            return status;
        f = oldest_file(t);
        if (f->number)
            close(f->fd);
        *f = opened;
    }
    f->used = ++t->clock;
    *ret = f;
    return WINNOW_OK;
}

/* --- all files --------------------------------------------------------------------------------- */

static int number_order(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The number of a text file's name; 0: it is none. */
static uint32_t number_of(const char *name)
{
    unsigned number = 0;
    char again[32];
    if (sscanf(name, "texts-%9u", &number) != 1)
        return 0;
    snprintf(again, sizeof again, "texts-%06u", number);
    return strcmp(again, name) == 0 ? number : 0;
}

int texts_files_list(struct texts *t, uint32_t **ret, size_t *count, struct winnow_error *err)
{
    uint32_t *items = NULL;
    size_t n = 0, cap = 0;
    DIR *dir = opendir(t->folder);
    if (!dir)
        return disk_fail(err, t->folder, "cannot open the folder", errno);
    for (struct dirent *e; (e = readdir(dir));) {
        uint32_t number = number_of(e->d_name);
        if (!number || number > t->end_file)
            continue;
        uint32_t *grown = array_grow(items, &cap, n + 1, sizeof *items);
        if (!grown) {
            free(items);
            closedir(dir);
            return err_nomem(err);
        }
        items = grown;
        items[n++] = number;
    }
    closedir(dir);
    if (n)
        qsort(items, n, sizeof *items, number_order);
    *ret = items;
    *count = n;
    return WINNOW_OK;
}

/* --- a reader's files ------------------------------------------------------------------------- */

void texts_held_free(struct texts *t)
{
    for (size_t i = 0; i < t->held_count; i++)
        close(t->held[i].fd);
    free(t->held);
    t->held = NULL;
    t->held_count = 0;
}

/* The files that are there are listed, rather than those that should be counted up: a wrong
 * number in a catalog costs no more than there are files. */
static int hold_files(struct texts *t, uint32_t first, uint32_t last, const uint32_t *files,
                      size_t count, struct winnow_error *err)
{
    t->held = count ? calloc(count, sizeof *t->held) : NULL;
    if (count && !t->held)
        return err_nomem(err);
    for (size_t i = 0; i < count; i++) {
        bool gone = false;
        if (files[i] < first || files[i] > last)
            continue;
        int status = open_if_there(t, files[i], POSIX_FADV_RANDOM, &t->held[t->held_count], &gone,
                                   err);
        if (status)
            return status;
        t->held_count += !gone;
    }
    return WINNOW_OK;
}

int texts_hold(struct texts *t, uint32_t first, bool *gone, struct winnow_error *err)
{
    /* The last file is not begun where no byte of it counts; they are numbered from 1. */
    uint32_t last = t->end_file && !t->end_bytes ? t->end_file - 1 : t->end_file;
    uint32_t *files = NULL;
    size_t count = 0;
    first = first ? first : 1;
    texts_held_free(t);
    int status = texts_files_list(t, &files, &count, err);
    if (!status)
        status = hold_files(t, first, last, files, count, err);
    free(files);
    if (status)
        texts_held_free(t);
    else
        *gone = last >= first && t->held_count <= last - first;
    return status;
}

/* --- blocks ------------------------------------------------------------------------------------ */

/* The bytes of a file from `at` on; the file may have grown since it was opened. */
static int bytes_left(struct texts_file *f, const char *path, uint64_t at, uint64_t need,
                      uint64_t *ret, struct winnow_error *err)
{
    if (at > f->size || need > f->size - at) {
        int status = size_of(f->fd, path, &f->size, err);
        if (status)
            return status;
    }
    *ret = at < f->size ? f->size - at : 0;
    return WINNOW_OK;
}

int texts_read_head(struct texts *t, struct texts_file *f, uint64_t at, struct texts_head *ret,
                    struct winnow_error *err)
{
    char bytes[TEXTS_BLOCK_HEAD];
    uint64_t left = 0;
    int status = bytes_left(f, t->path, at, TEXTS_BLOCK_HEAD, &left, err);
    if (status)
        return status;
    if (left < TEXTS_BLOCK_HEAD)
        return texts_damaged(t->path, at, "the file has ended", err);
    status = disk_read(f->fd, t->path, bytes, sizeof bytes, at, err);
    if (status)
        return status;
    /* A block that was appended since may end behind the size that we know. */
    status = bytes_left(f, t->path, at, texts_block_claim(bytes), &left, err);
    if (!status && !texts_block_is(bytes, f->number, at, left, ret))
        return texts_damaged(t->path, at, "there is no whole block", err);
    return status;
}

int texts_read_body(struct texts *t, struct texts_file *f, uint64_t at, const struct texts_head *h,
                    struct texts_block *b, struct winnow_error *err)
{
    size_t len = (size_t)(texts_block_bytes(h) - TEXTS_BLOCK_HEAD);
    const char *what = NULL;
    buf_clear(&t->codec.packed);
    char *body = buf_room(&t->codec.packed, len);
    b->file = 0;
    if (!body)
        return err_nomem(err);
    int status = disk_read(f->fd, t->path, body, len, at + TEXTS_BLOCK_HEAD, err);
    if (status)
        return status;
    status = texts_block_unpack(&t->codec, body, h, b, &what);
    if (status)
        return what ? texts_damaged(t->path, at, what, err) : err_nomem(err);
    b->at = at;
    b->file = f->number;
    return WINNOW_OK;
}

/* --- the file that is written to ------------------------------------------------------------------ */

void texts_out_close(struct texts *t)
{
    if (t->out >= 0)
        close(t->out);
    t->out = -1;
}

int texts_out_sync(struct texts *t, struct winnow_error *err)
{
    return t->out < 0 ? WINNOW_OK : disk_sync(t->out, texts_path(t, t->end_file), err);
}

/* A commit that failed may have left files behind the end. */
static int remove_later(struct texts *t, struct winnow_error *err)
{
    for (uint32_t file = t->end_file + 1; file; file++)
        if (unlink(texts_path(t, file)))
            return errno == ENOENT ? WINNOW_OK : disk_fail(err, t->path, "cannot remove", errno);
    return WINNOW_OK;
}

/* Opens the file that the end is in, and cuts off what lies behind. */
static int open_end(struct texts *t, struct winnow_error *err)
{
    uint64_t size = 0;
    int status = remove_later(t, err);
    if (status || !t->end_bytes) /* the file that the end is in is not begun */
        return status;
    t->out = open(texts_path(t, t->end_file), O_RDWR | O_CLOEXEC);
    if (t->out < 0)
        return disk_fail(err, t->path, "cannot open for writing", errno);
    status = size_of(t->out, t->path, &size, err);
    if (!status)
        status = check_file(t->out, t->path, size, err);
    if (!status && size < t->end_bytes)
        status = err_set(err, WINNOW_EDATA,
                         "%s: it ends at byte %llu, the catalog says %llu; it was cut off: run "
                         "winnow index verify, then compact",
                         t->path, (unsigned long long)size, (unsigned long long)t->end_bytes);
    if (!status && size > t->end_bytes && ftruncate(t->out, (off_t)t->end_bytes))
        status = disk_fail(err, t->path, "cannot cut off what is not committed", errno);
    if (status)
        texts_out_close(t);
    return status;
}

static int start_file(struct texts *t, struct winnow_error *err)
{
    char head[TEXTS_FILE_HEAD];
    if (t->end_file == UINT32_MAX)
        return err_set(err, WINNOW_ELIMIT, "%s: there are too many text files", t->folder);
    uint32_t number = t->end_bytes || !t->end_file ? t->end_file + 1 : t->end_file;
    int fd = open(texts_path(t, number), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return disk_fail(err, t->path, "cannot make the file", errno);
    texts_head_fill(head, number);
    int status = disk_write(fd, t->path, head, sizeof head, 0, err);
    if (!status)
        status = disk_sync_folder(t->path, err);
    if (status) {
        close(fd);
        return status;
    }
    t->out = fd;
    t->end_file = number;
    t->end_bytes = TEXTS_FILE_HEAD;
    return WINNOW_OK;
}

int texts_out_ready(struct texts *t, struct winnow_error *err)
{
    int status = t->out < 0 ? open_end(t, err) : WINNOW_OK;
    if (status || (t->out >= 0 && t->end_bytes < file_most))
        return status;
    status = texts_out_sync(t, err);
    texts_out_close(t);
    return status ? status : start_file(t, err);
}
