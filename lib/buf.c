/* buf.c - the bounded byte buffer. */
#include "buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max)
{
    /* One byte of every buffer is the NUL at its end. */
    *b = (struct buf){.max = max < SIZE_MAX ? max : SIZE_MAX - 1};
}

void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->status = WINNOW_OK;
    if (b->data)
        b->data[0] = '\0';
}

/* The next capacity: twice the last one, but never past the maximum. */
static size_t grown(const struct buf *b, size_t need)
{
    size_t cap = b->cap < 256 ? 256 : b->cap;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    return cap > b->max + 1 ? b->max + 1 : cap;
}

char *buf_room(struct buf *b, size_t n)
{
    if (b->status != WINNOW_OK)
        return NULL;
    if (n > b->max - b->len) {
        b->status = WINNOW_ELIMIT;
        return NULL;
    }
    if (n + 1 > b->cap - b->len || !b->data) {
        size_t cap = grown(b, b->len + n + 1);
        char *data = realloc(b->data, cap);
        if (!data) {
            b->status = WINNOW_ENOMEM;
            return NULL;
        }
        b->data = data;
        b->cap = cap;
    }
    b->data[b->len + n] = '\0';
    return b->data + b->len;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
    char *to = buf_room(b, len);
    if (!to || len == 0)
        return;
    memcpy(to, data, len);
    b->len += len;
}

void buf_adds(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n >= 0) {
        char *to = buf_room(b, (size_t)n);
        if (to) {
            vsnprintf(to, (size_t)n + 1, format, again);
            b->len += (size_t)n;
        }
    }
    va_end(again);
}
