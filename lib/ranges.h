/* ranges.h - a set of ranges of a text, asked for what it holds. */
#ifndef WINNOW_RANGES_H
#define WINNOW_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_range {
    uint32_t start, end;
};

/* All zeros is an empty one.  Asked only behind ranges_settle. */
struct ranges {
    struct text_range *items; /* settled: rising, apart from one another; from the heap */
    size_t count, cap;
};

void ranges_free(struct ranges *r);

/* Adds start..end.  WINNOW_ENOMEM. */
int ranges_add(struct ranges *r, uint32_t start, uint32_t end);

/* Sorts what was added, and joins what touches or overlaps. */
void ranges_settle(struct ranges *r);

bool ranges_hold(const struct ranges *r, uint32_t start, uint32_t end); /* all of it */
bool ranges_touch(const struct ranges *r, uint32_t start, uint32_t end); /* any of it */

#endif
