/* slice.h - a pointer and a length into bytes that somebody else owns. */
#ifndef WINNOW_SLICE_H
#define WINNOW_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct slice {
    const char *p;
    size_t len; /* bytes */
};

static inline struct slice slice_of(const char *s)
{
    return (struct slice){s, s ? strlen(s) : 0};
}

/* A NUL-terminated copy from the heap; NULL: no memory. */
static inline char *slice_dup(struct slice s)
{
    char *ret = malloc(s.len + 1);
    if (!ret)
        return NULL;
    if (s.len > 0)
        memcpy(ret, s.p, s.len);
    ret[s.len] = '\0';
    return ret;
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool slice_is(struct slice a, const char *s)
{
    return slice_eq(a, slice_of(s));
}

#endif
