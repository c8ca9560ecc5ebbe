/* manifest.c - decisions appended, durably or not at all.
 *
 * A sync that failed tells nothing about what is on the disk, and asking again tells less:
 * the pages count as clean.  So a file whose sync failed is never written again, and the next
 * one says where it ends. */
#include "manifest_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"
#include "spool_parts.h"

enum {
    SEGMENT_MOST = 4 << 20, /* bytes, after which a new file is begun */
    COPY_BLOCK = 64 * 1024,
};

struct manifest {
    int state;        /* the folder */
    int fd;           /* -1: a new file is to be begun */
    uint64_t number;  /* of the last file; 0: there is none */
    uint64_t size;    /* of it, that counts, durably */
    uint64_t largest; /* id or number so far */
};

/* --- system calls, to their end ---------------------------------------------------------- */

static int write_all(int fd, const char *data, size_t len, uint64_t at)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, data, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? ENOSPC : errno;
            return -1;
        }
        data += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

static int sync_data(int fd)
{
    int code;
    while ((code = fdatasync(fd)) != 0 && errno == EINTR)
        continue;
    return code;
}

static int sync_folder(int fd)
{
    int code;
    while ((code = fsync(fd)) != 0 && errno == EINTR)
        continue;
    return code;
}

static int open_segment(int state, uint64_t number, int flags)
{
    char name[FILE_NAME_SIZE];
    segment_name(number, name);
    return openat(state, name, flags | O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
}

static int remove_segment(int state, uint64_t number)
{
    char name[FILE_NAME_SIZE];
    segment_name(number, name);
    return unlinkat(state, name, 0);
}

/* --- a new file ---------------------------------------------------------------------------- */

static uint64_t next_number(const struct manifest *m)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t number = now.tv_sec > 0 ? (uint64_t)now.tv_sec * 1000000 : 0;
    number += (uint64_t)now.tv_nsec / 1000;
    return number > m->largest ? number : m->largest + 1;
}

/* Writes what the file before counts, and makes it and the file's name durable. */
static int write_after(const struct manifest *m, int fd, uint64_t *ret_size)
{
    char line[LINE_MOST];
    size_t len = m->number ? line_write_after(line, m->number, m->size) : 0;
    if (write_all(fd, line, len, 0) != 0 || sync_data(fd) != 0 || sync_folder(m->state) != 0)
        return -1;
    *ret_size = len;
    return 0;
}

/* Begins a file, durably.  The one before is never written again, whether this succeeds or
 * not: a file that is thought removed may come back, and would end it here. */
static int begin(struct manifest *m)
{
    uint64_t number = next_number(m), size = 0;
    fd_close(m->fd);
    m->fd = -1;
    m->largest = number;
    int fd = open_segment(m->state, number, O_CREAT | O_EXCL);
    if (fd < 0)
        return -1;
    if (write_after(m, fd, &size) != 0) {
        int why = errno;
        close(fd);
        remove_segment(m->state, number);
        errno = why;
        return -1;
    }
    m->fd = fd;
    m->number = number;
    m->size = size;
    return 0;
}

/* --- appending -------------------------------------------------------------------------------- */

/* Can the file be gone on with?  Not where somebody else wrote to it since: those lines may be
 * decisions, and count, but what follows goes into a file of its own. */
static bool is_ours(struct manifest *m)
{
    struct stat st;
    if (m->fd < 0 || m->size >= SEGMENT_MOST || fstat(m->fd, &st) != 0)
        return false;
    uint64_t size = (uint64_t)st.st_size;
    if (size == m->size)
        return true;
    if (size > m->size)
        m->size = size;
    return false;
}

/* What was written does not count.  A file that only could not be written can be mended; one
 * that could not be synced is ended by the next. */
static void disown(struct manifest *m, bool synced)
{
    bool cut = ftruncate(m->fd, (off_t)m->size) == 0;
    if (!synced && cut && sync_data(m->fd) == 0)
        return;
    (void)begin(m); /* if not now, then before the next line */
}

static int append_text(struct manifest *m, const char *text, size_t len)
{
    int written = write_all(m->fd, text, len, m->size);
    if (written == 0 && sync_data(m->fd) == 0) {
        m->size += len;
        return 0;
    }
    int why = errno;
    disown(m, written == 0);
    errno = why;
    return -1;
}

/* The lines of the entries: *ret_len 0 where one cannot be written. */
static char *write_lines(const struct manifest_entry *entries, size_t count, size_t *ret_len)
{
    size_t len = 0, room = 0;
    char *text = NULL;
    for (size_t i = 0; i < count; i++) {
        if (room - len < LINE_MOST) {
            room = 2 * room + LINE_MOST;
            char *more = realloc(text, room);
            if (!more) {
                free(text);
                return NULL;
            }
            text = more;
        }
        size_t line = line_write_entry(text + len, &entries[i]);
        if (line == 0) {
            *ret_len = 0;
            return text;
        }
        len += line;
    }
    *ret_len = len;
    return text;
}

static int cannot_append(struct winnow_error *err)
{
    return fault_errno(err, "nothing was decided, and it is tried again; check the disk",
                       "state/: the manifest cannot be written");
}

int manifest_append(struct manifest *m, const struct manifest_entry *entries, size_t count,
                    struct winnow_error *err)
{
    size_t len = 0;
    if (count == 0)
        return WINNOW_OK;
    char *text = write_lines(entries, count, &len);
    if (!text)
        return fault_nomem(err);
    if (len == 0) {
        free(text);
        return fault_set(err, WINNOW_EUSAGE, "state/: the manifest takes no path of %d bytes or "
                         "more; give the file a shorter one", PATH_MAX);
    }
    int code = is_ours(m) ? 0 : begin(m);
    if (code == 0)
        code = append_text(m, text, len);
    int why = errno;
    free(text);
    errno = why;
    if (code != 0)
        return cannot_append(err);
    for (size_t i = 0; i < count; i++)
        if (entries[i].id > m->largest && entries[i].id < ID_MOST)
            m->largest = entries[i].id;
    return WINNOW_OK;
}

/* --- opening ------------------------------------------------------------------------------------ */

struct opening {
    struct manifest *m;
    size_t entries; /* in the file that is looked at */
};

static int see_line(void *ctx, uint64_t at, const struct line *line)
{
    struct opening *o = ctx;
    (void)at;
    if (line->kind != LINE_ENTRY)
        return 0;
    o->entries++;
    if (line->entry.id > o->m->largest)
        o->m->largest = line->entry.id;
    return 0;
}

/* Writes the first len bytes once more.  After a sync that failed the page cache has them as
 * clean, and the disk may not have them at all. */
static int write_again(int fd, uint64_t len)
{
    char block[COPY_BLOCK];
    for (uint64_t at = 0; at < len;) {
        size_t most = len - at < sizeof block ? (size_t)(len - at) : sizeof block;
        ssize_t n = pread(fd, block, most, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO;
        if (n <= 0 || write_all(fd, block, (size_t)n, at) != 0)
            return -1;
        at += (uint64_t)n;
    }
    return 0;
}

static bool is_regular(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return false;
    errno = EINVAL;
    return S_ISREG(st.st_mode);
}

/* Makes certain what counts of a file.  1: it has not one line. */
static int settle(struct opening *o, int fd, uint64_t counts, uint64_t *ret_good)
{
    struct scan scan = {.line = see_line, .ctx = o};
    struct scanned scanned;
    o->entries = 0;
    if (!is_regular(fd) || segment_scan(fd, counts, &scan, &scanned) != 0)
        return -1;
    if (scanned.good == 0)
        return 1;
    *ret_good = scanned.good;
    if (counts == UINT64_MAX && scanned.good < scanned.size &&
        ftruncate(fd, (off_t)scanned.good) != 0)
        return -1;
    return write_again(fd, scanned.good) != 0 || sync_data(fd) != 0 ? -1 : 0;
}

/* Settles one file; the last that has a line is the one to go on with.  0: and those before
 * it; 1: that was all. */
static int settle_segment(struct opening *o, const struct segment *segment)
{
    struct manifest *m = o->m;
    uint64_t good = 0;
    int fd = open_segment(m->state, segment->number, 0);
    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    int code = settle(o, fd, segment->counts, &good);
    if (code == 1) /* the first line was not written to its end */
        code = remove_segment(m->state, segment->number);
    if (code == 0 && good > 0 && m->number == 0) {
        m->fd = fd;
        m->number = segment->number;
        m->size = good;
        fd = -1;
    }
    fd_close(fd);
    return code == 0 ? o->entries > 0 : -1;
}

static int settle_all(struct manifest *m, const struct segments *all)
{
    struct opening o = {.m = m};
    int code = 0;
    if (all->count > 0)
        m->largest = all->items[all->count - 1].number;
    for (size_t i = all->count; code == 0 && i-- > 0;)
        code = settle_segment(&o, &all->items[i]);
    return code < 0 || sync_folder(m->state) != 0 ? -1 : 0;
}

int manifest_open(int state_fd, struct manifest **ret, struct winnow_error *err)
{
    struct segments all;
    int status = segments_list(state_fd, 0, &all, err);
    if (status != WINNOW_OK)
        return status;
    struct manifest *m = calloc(1, sizeof *m);
    if (!m) {
        free(all.items);
        return fault_nomem(err);
    }
    m->fd = -1;
    /* Not a copy of the descriptor: an owner may close its own before. */
    m->state = openat(state_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m->state < 0 || settle_all(m, &all) != 0) {
        status = fault_errno(err, "check the disk and the permissions of state/",
                             "state/: the manifest cannot be opened for writing");
        manifest_close(m);
        m = NULL;
    }
    free(all.items);
    if (status == WINNOW_OK)
        *ret = m;
    return status;
}

uint64_t manifest_largest(const struct manifest *m)
{
    return m->largest;
}

void manifest_close(struct manifest *m)
{
    if (!m)
        return;
    fd_close(m->fd);
    fd_close(m->state);
    free(m);
}
