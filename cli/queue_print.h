/* queue_print.h - names, ages and sizes on standard output, for people and for programs.
 *
 * The name of a file is any bytes, and often a stranger's: none of them moves the cursor of a
 * terminal, ends a line, or turns the direction of writing. */
#ifndef WINNOW_QUEUE_PRINT_H
#define WINNOW_QUEUE_PRINT_H

#include <stdint.h>

/* As it is, but for "%", control characters, those that turn the writing, and what is no
 * UTF-8: these as %XX, a byte each. */
void print_path(const char *path);

/* The same of a message, where "%" stays and the others become "?". */
void print_words(const char *text);

/* A JSON string; what is no UTF-8 becomes U+FFFD. */
void print_json_string(const char *s);

/* "path": "...", and where that does not say all, "path_bytes": its bytes in base64; null
 * for NULL. */
void print_json_path(const char *path);

/* "42 s", "3 min", "5 h", "12 d". */
const char *age_words(int64_t seconds, char ret[32]);

/* "512 bytes", "3.4 MiB". */
const char *size_words(uint64_t bytes, char ret[32]);

#endif
