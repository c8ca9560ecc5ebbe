/* output.h - results: to standard output, or to files that are whole or not there. */
#ifndef WINNOW_OUTPUT_H
#define WINNOW_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "winnow.h"

/* Writes a page to standard output.  0 or an exit code after a message. */
int output_stdout(const struct winnow_page *page, enum winnow_format format, const char *input);

/* Writes a page to path, making its folders; the file appears when it is complete. */
int output_file(const struct winnow_page *page, enum winnow_format format, const char *input,
                const char *path);

/* Flushes standard output: a full disk shows here.  0 or EX_IOERR after a message. */
int output_end(void);

/* A winnow_write_fn whose ctx is a FILE. */
int write_stream(void *stream, const char *data, size_t len);

/* Makes durable what was written below folder: all of its file system.  0 or EX_IOERR after
 * a message. */
int output_sync(const char *folder);

/* A file in the making. */
struct output {
    FILE *stream;
    const char *path, *input; /* where it goes; what it is made of, for messages */
    char *temp;
    bool durable; /* it and its name are on the disk before output_close returns */
};

/* Begins it, with its folders.  0 or an exit code after a message; then there is nothing
 * to end. */
int output_open(const char *path, const char *input, struct output *ret);

/* The same for what takes the place of path's only copy: with its owner and mode, as far as
 * that is allowed, and durable. */
int output_replace(const char *path, const char *input, struct output *ret);

/* Ends it: where code is 0 and all is written the file takes path's place, else nothing is
 * left of it.  Returns code, or its own failure's after a message. */
int output_close(struct output *o, int code);

#endif
