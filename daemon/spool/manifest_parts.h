/* manifest_parts.h - what the files of the manifest share among themselves. */
#ifndef WINNOW_MANIFEST_PARTS_H
#define WINNOW_MANIFEST_PARTS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "manifest.h"

enum {
    /* bytes of a line: two paths with %XX for every byte, and the rest */
    LINE_MOST = 2 * 3 * PATH_MAX + 256,
    FILE_NAME_SIZE = 48, /* "manifest-<number>.log" */
};

/* --- one line (manifest_line.c) --------------------------------------------------- */

enum line_kind { LINE_NONE, LINE_ENTRY, LINE_AFTER };

struct line {
    enum line_kind kind;
    struct manifest_entry entry; /* its strings are path and out below */
    uint64_t after, length;
    char path[PATH_MAX], out[PATH_MAX];
};

/* Reads the line of len bytes (its newline not among them): LINE_NONE where it is none, or
 * does not check. */
enum line_kind line_read(const char *data, size_t len, struct line *ret);

/* Writes one, with its newline, of at most LINE_MOST bytes: its length; 0: a path is too
 * long. */
size_t line_write_entry(char ret[LINE_MOST], const struct manifest_entry *entry);
size_t line_write_after(char ret[LINE_MOST], uint64_t number, uint64_t length);

/* --- the files (manifest_files.c) ---------------------------------------------------- */

struct segment {
    uint64_t number;
    uint64_t counts;     /* bytes that count, as the next one says; UINT64_MAX: all */
    uint64_t after;      /* the number of the one before, by its first line; 0: none */
};

struct segments {
    struct segment *items; /* in order */
    size_t count, room;
};

void segment_name(uint64_t number, char ret[FILE_NAME_SIZE]);
bool segment_parse(const char *name, uint64_t *ret);

/* The files that there are, and how much of each counts, of those from `since` on.  To be
 * freed by free(ret->items). */
int segments_list(int state_fd, uint64_t since, struct segments *ret, struct winnow_error *err);

/* What is found while a file is read. */
struct scan {
    int (*line)(void *ctx, uint64_t at, const struct line *line); /* not 0 stops it */
    /* Bytes from `at` to `to` that are no line: torn where they are the file's end. */
    void (*bad)(void *ctx, uint64_t at, uint64_t to, bool torn);
    void *ctx;
};

struct scanned {
    uint64_t good; /* where the last line ends that is one */
    uint64_t size; /* what there was to read */
    int stopped;   /* what line returned, if not 0 */
};

/* Reads fd up to most bytes.  -1 and errno. */
int segment_scan(int fd, uint64_t most, const struct scan *scan, struct scanned *ret);

#endif
