/* arena.c - a page's memory: a chain of chunks, freed together. */
#include "arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_LEAST = 16 * 1024 }; /* bytes */

struct arena_chunk {
    struct arena_chunk *before;
    size_t used, size; /* bytes of data */
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

void arena_free(struct arena *a)
{
    while (a->last) {
        struct arena_chunk *before = a->last->before;
        free(a->last);
        a->last = before;
    }
    a->used = 0;
}

static struct arena_chunk *add_chunk(struct arena *a, size_t least)
{
    size_t size = least > CHUNK_LEAST ? least : CHUNK_LEAST;
    if (size > a->max - a->used)
        return NULL;
    struct arena_chunk *chunk = malloc(sizeof *chunk + size);
    if (!chunk)
        return NULL;
    chunk->before = a->last;
    chunk->used = 0;
    chunk->size = size;
    a->last = chunk;
    a->used += size;
    return chunk;
}

void *arena_alloc(struct arena *a, size_t n)
{
    const size_t align = alignof(max_align_t);
    if (n > SIZE_MAX - align - sizeof(struct arena_chunk))
        return NULL;
    n = (n + align - 1) / align * align;
    struct arena_chunk *chunk = a->last;
    if (!chunk || n > chunk->size - chunk->used)
        chunk = add_chunk(a, n);
    if (!chunk)
        return NULL;
    char *ret = chunk->data + chunk->used;
    chunk->used += n;
    return memset(ret, 0, n);
}

char *arena_copy(struct arena *a, struct slice s)
{
    char *ret = s.len < SIZE_MAX ? arena_alloc(a, s.len + 1) : NULL;
    if (ret && s.len > 0)
        memcpy(ret, s.p, s.len);
    return ret;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *ret = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (ret)
        vsnprintf(ret, (size_t)n + 1, format, again);
    va_end(again);
    return ret;
}

void *array_grow(void *items, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return items;
    size_t grown = *cap < 16 ? 16 : *cap;
    while (grown < need)
        grown = grown > SIZE_MAX / 2 ? need : grown * 2;
    if (grown > SIZE_MAX / size)
        return NULL;
    void *ret = realloc(items, grown * size);
    if (ret)
        *cap = grown;
    return ret;
}
