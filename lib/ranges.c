/* ranges.c - ranges kept sorted and joined, so that a question takes a binary search. */
#include "ranges.h"

#include <stdlib.h>

#include "arena.h"
#include "winnow.h"

void ranges_free(struct ranges *r)
{
    free(r->items);
    *r = (struct ranges){0};
}

int ranges_add(struct ranges *r, uint32_t start, uint32_t end)
{
    struct text_range *items = array_grow(r->items, &r->cap, r->count + 1, sizeof *items);
    if (!items)
        return WINNOW_ENOMEM;
    r->items = items;
    r->items[r->count++] = (struct text_range){start, end};
    return WINNOW_OK;
}

static int by_start(const void *a, const void *b)
{
    const struct text_range *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

void ranges_settle(struct ranges *r)
{
    size_t kept = 0;
    if (r->count > 0)
        qsort(r->items, r->count, sizeof *r->items, by_start);
    for (size_t i = 1; i < r->count; i++) {
        struct text_range *last = &r->items[kept];
        if (r->items[i].start > last->end)
            r->items[++kept] = r->items[i];
        else if (r->items[i].end > last->end)
            last->end = r->items[i].end;
    }
    r->count = r->count > 0 ? kept + 1 : 0;
}

/* The first range that ends behind pos; r->count where there is none. */
static size_t behind(const struct ranges *r, uint32_t pos)
{
    size_t low = 0, high = r->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (r->items[mid].end <= pos)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool ranges_hold(const struct ranges *r, uint32_t start, uint32_t end)
{
    size_t i = behind(r, start);
    return i < r->count && r->items[i].start <= start && r->items[i].end >= end;
}

bool ranges_touch(const struct ranges *r, uint32_t start, uint32_t end)
{
    size_t i = behind(r, start);
    return i < r->count && r->items[i].start < end;
}
