/* arena.h - memory that a page takes in pieces and gives back at once. */
#ifndef WINNOW_ARENA_H
#define WINNOW_ARENA_H

#include <stddef.h>

#include "slice.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *last;
    size_t used, max; /* bytes taken from the system; its bound */
};

void arena_init(struct arena *a, size_t max);
void arena_free(struct arena *a);

/* n zeroed bytes, aligned for anything; NULL where memory or the bound ends. */
void *arena_alloc(struct arena *a, size_t n);

/* A NUL-terminated copy. */
char *arena_copy(struct arena *a, struct slice s);
char *arena_printf(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Grows an array from the heap (not an arena) to hold at least need items of
 * size bytes: doubles *cap.  Returns the new array (the old one is gone) or NULL
 * (the old one is as it was). */
void *array_grow(void *items, size_t *cap, size_t need, size_t size);

#endif
