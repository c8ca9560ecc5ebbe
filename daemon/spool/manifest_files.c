/* manifest_files.c - the files of the manifest, listed and read. */
#include "manifest_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "spool_parts.h"

#define NAME_BEGINS "manifest-"
#define NAME_ENDS ".log"

enum { BLOCK = 256 * 1024 /* bytes read at once; more than a line */ };

void segment_name(uint64_t number, char ret[FILE_NAME_SIZE])
{
    snprintf(ret, FILE_NAME_SIZE, NAME_BEGINS "%s" NAME_ENDS, id_text(number).text);
}

bool segment_parse(const char *name, uint64_t *ret)
{
    char number[ID_SIZE];
    size_t len = strlen(name), begins = strlen(NAME_BEGINS), ends = strlen(NAME_ENDS);
    if (len <= begins + ends || len - begins - ends >= sizeof number ||
        memcmp(name, NAME_BEGINS, begins) != 0 || strcmp(name + len - ends, NAME_ENDS) != 0)
        return false;
    memcpy(number, name + begins, len - begins - ends);
    number[len - begins - ends] = '\0';
    return id_parse(number, ret);
}

/* --- reading one --------------------------------------------------------------------------- */

struct reader {
    int fd;
    uint64_t most, at; /* at: where block begins in the file */
    size_t len;        /* in block */
    uint64_t bad_from; /* bytes from here on were no line; UINT64_MAX: none */
    uint64_t good;
    int stopped;
    char *block;
    struct line line;
};

/* Fills the block up; what was added, -1. */
static ssize_t fill(struct reader *r)
{
    uint64_t from = r->at + r->len;
    size_t room = BLOCK - r->len;
    if (room > r->most - from)
        room = (size_t)(r->most - from);
    for (;;) {
        ssize_t n = room > 0 ? pread(r->fd, r->block + r->len, room, (off_t)from) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n > 0)
            r->len += (size_t)n;
        return n;
    }
}

static void tell_bad(struct reader *r, const struct scan *scan, uint64_t to, bool torn)
{
    if (r->bad_from == UINT64_MAX)
        return;
    if (scan->bad)
        scan->bad(scan->ctx, r->bad_from, to, torn);
    r->bad_from = UINT64_MAX;
}

static int take_line(struct reader *r, const struct scan *scan, size_t from, size_t len)
{
    uint64_t at = r->at + from;
    if (line_read(r->block + from, len, &r->line) == LINE_NONE) {
        if (r->bad_from == UINT64_MAX)
            r->bad_from = at;
        return 0;
    }
    tell_bad(r, scan, at, false);
    r->good = at + len + 1;
    return scan->line ? scan->line(scan->ctx, at, &r->line) : 0;
}

/* Takes the whole lines of the block and keeps what follows them. */
static int take_block(struct reader *r, const struct scan *scan)
{
    size_t from = 0;
    int code = 0;
    while (code == 0) {
        const char *newline = memchr(r->block + from, '\n', r->len - from);
        if (!newline)
            break;
        size_t len = (size_t)(newline - r->block) - from;
        code = take_line(r, scan, from, len);
        from += len + 1;
    }
    if (from == 0 && r->len == BLOCK) { /* longer than any line */
        if (r->bad_from == UINT64_MAX)
            r->bad_from = r->at;
        from = r->len;
    }
    memmove(r->block, r->block + from, r->len - from);
    r->at += from;
    r->len -= from;
    return code;
}

static int scan_all(struct reader *r, const struct scan *scan)
{
    ssize_t n;
    while (r->stopped == 0 && (n = fill(r)) != 0) {
        if (n < 0)
            return -1;
        r->stopped = take_block(r, scan);
    }
    if (r->stopped != 0)
        return 0;
    uint64_t end = r->at + r->len;
    if (r->len > 0 && r->bad_from == UINT64_MAX)
        r->bad_from = r->at;
    tell_bad(r, scan, end, true);
    return 0;
}

int segment_scan(int fd, uint64_t most, const struct scan *scan, struct scanned *ret)
{
    struct reader *r = malloc(sizeof *r);
    if (!r)
        return -1;
    *r = (struct reader){.fd = fd, .most = most, .bad_from = UINT64_MAX, .block = malloc(BLOCK)};
    int code = r->block ? scan_all(r, scan) : -1;
    *ret = (struct scanned){r->good, r->at + r->len, r->stopped};
    free(r->block);
    free(r);
    return code;
}

/* --- which there are ------------------------------------------------------------------------ */

static int take_name(void *ctx, int fd, const char *name, unsigned char type)
{
    struct segments *all = ctx;
    uint64_t number;
    if (!segment_parse(name, &number) || entry_is_folder(fd, name, type))
        return 0;
    if (all->count == all->room) {
        size_t room = all->room ? all->room * 2 : 16;
        struct segment *more = reallocarray(all->items, room, sizeof *more);
        if (!more)
            return -1;
        all->items = more;
        all->room = room;
    }
    all->items[all->count++] = (struct segment){.number = number, .counts = UINT64_MAX};
    return 0;
}

static int by_number(const void *a, const void *b)
{
    const struct segment *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static void note_counts(struct segments *all, uint64_t number, uint64_t length)
{
    for (size_t i = all->count; i-- > 0;) {
        if (all->items[i].number == number) {
            all->items[i].counts = length;
            return;
        }
    }
}

/* What the first line says of the file before. */
static int read_first(int state_fd, struct segments *all, struct segment *segment)
{
    char name[FILE_NAME_SIZE], text[256];
    struct line line;
    segment_name(segment->number, name);
    int fd = openat(state_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : pread(fd, text, sizeof text, 0);
    fd_close(fd);
    if (len < 0)
        return errno == ENOENT ? 0 : -1;
    const char *newline = memchr(text, '\n', (size_t)len);
    if (newline && line_read(text, (size_t)(newline - text), &line) == LINE_AFTER) {
        segment->after = line.after;
        note_counts(all, line.after, line.length);
    }
    return 0;
}

/* Those before the last that was begun before `since` have nothing about it. */
static void leave_out_old(struct segments *all, uint64_t since)
{
    size_t first = 0;
    while (first + 1 < all->count && all->items[first + 1].number <= since)
        first++;
    if (first == 0)
        return;
    all->count -= first;
    memmove(all->items, all->items + first, all->count * sizeof *all->items);
}

int segments_list(int state_fd, uint64_t since, struct segments *ret, struct winnow_error *err)
{
    struct segments all = {0};
    int code = folder_each(state_fd, ".", take_name, &all);
    if (code == 0 && all.count > 0) {
        qsort(all.items, all.count, sizeof *all.items, by_number);
        leave_out_old(&all, since);
    }
    for (size_t i = 0; code == 0 && i < all.count; i++)
        code = read_first(state_fd, &all, &all.items[i]);
    if (code != 0) {
        free(all.items);
        return fault_errno(err, "check its permissions and the disk",
                           "state/: the manifest cannot be read");
    }
    *ret = all;
    return WINNOW_OK;
}

/* --- all entries ----------------------------------------------------------------------------- */

struct walk_entries {
    manifest_each_fn *each;
    manifest_found_fn *found;
    void *ctx;
    const char *file;
};

static int give_entry(void *ctx, uint64_t at, const struct line *line)
{
    struct walk_entries *w = ctx;
    (void)at;
    return line->kind == LINE_ENTRY ? w->each(w->ctx, &line->entry) : 0;
}

static void give_bad(void *ctx, uint64_t at, uint64_t to, bool torn)
{
    struct walk_entries *w = ctx;
    (void)to;
    if (!torn && w->found)
        w->found(w->ctx, w->file, at, "is no line of a manifest; what it told is lost");
}

static int walk_segment(int state_fd, const struct segment *segment, struct walk_entries *w,
                        struct winnow_error *err)
{
    char name[FILE_NAME_SIZE];
    struct scan scan = {give_entry, give_bad, w};
    struct scanned scanned;
    segment_name(segment->number, name);
    int fd = openat(state_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return fault_errno(err, "check its permissions and the disk", "state/%s: cannot be opened",
                           name);
    w->file = name;
    int code = segment_scan(fd, segment->counts, &scan, &scanned);
    fd_close(fd);
    if (code != 0)
        return fault_errno(err, "check the disk", "state/%s: cannot be read", name);
    if (scanned.stopped == 0 && w->found && segment->counts != UINT64_MAX &&
        scanned.good < segment->counts)
        w->found(w->ctx, name, scanned.good, "ends too early; what stood there is lost");
    return scanned.stopped;
}

int manifest_each(int state_fd, uint64_t since, manifest_each_fn *each, manifest_found_fn *found,
                  void *ctx, struct winnow_error *err)
{
    struct segments all;
    struct walk_entries w = {.each = each, .found = found, .ctx = ctx};
    int status = segments_list(state_fd, since, &all, err);
    if (status != WINNOW_OK)
        return status;
    for (size_t i = 0; i < all.count && status == WINNOW_OK; i++)
        status = walk_segment(state_fd, &all.items[i], &w, err);
    free(all.items);
    return status;
}
