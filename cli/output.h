/* output.h - results: to standard output, or to files that are whole or not there. */
#ifndef WINNOW_OUTPUT_H
#define WINNOW_OUTPUT_H

#include "winnow.h"

/* Writes a page to standard output.  0 or an exit code after a message. */
int output_stdout(const struct winnow_page *page, enum winnow_format format, const char *input);

/* Writes a page to path, making its folders; the file appears when it is complete. */
int output_file(const struct winnow_page *page, enum winnow_format format, const char *input,
                const char *path);

/* Flushes standard output: a full disk shows here.  0 or EX_IOERR after a message. */
int output_end(void);

#endif
