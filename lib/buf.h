/* buf.h - a byte buffer that is made with its maximum and remembers its first failure.
 *
 * After a failure every further call does nothing, so a writer checks once, at
 * the end (the idea is curl's dynbuf). */
#ifndef WINNOW_BUF_H
#define WINNOW_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "slice.h"
#include "winnow.h"

struct buf {
    char *data; /* NUL-terminated where not NULL; the NUL is not in len */
    size_t len, cap, max;
    int status; /* the first failure: WINNOW_ENOMEM or WINNOW_ELIMIT */
};

void buf_init(struct buf *b, size_t max /* bytes */);
void buf_free(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory; forgets a failure */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes room for n bytes beyond len and returns where they go (the caller raises
 * len itself), or NULL. */
char *buf_room(struct buf *b, size_t n);

static inline struct slice buf_slice(const struct buf *b)
{
    return (struct slice){b->data ? b->data : "", b->len};
}

#endif
