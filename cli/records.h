/* records.h - files of records: one for itself, or one a line. */
#ifndef WINNOW_RECORDS_H
#define WINNOW_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Which file, and for messages. */
struct record_file {
    FILE *stream;
    const char *path;
    char *data; /* the record that was read last */
    size_t len, cap;
    size_t line; /* where it begins, from 1; in a file of one record 0 */
    bool whole;  /* the file is one record over many lines */
};

/* Opens a file of records, or standard input ("-").  0 or EX_NOINPUT after a message. */
int records_open(const char *path, struct record_file *ret);

/* Reads the next record; blank lines are passed over.  False at the end, or after a message
 * with *code set. */
bool records_next(struct record_file *f, int *code);

void records_close(struct record_file *f);

/* Is it a file of records by its name? */
bool records_are_in(const char *path);

#endif
