/* lines.c - the view of a page's blocks as lines of text. */
#include "lines.h"

#include <stdlib.h>

#include "written.h"

static int push_line(struct lines *l, uint32_t block, size_t from)
{
    struct line *items = array_grow(l->items, &l->cap, l->count + 1, sizeof *items);
    if (!items)
        return WINNOW_ENOMEM;
    l->items = items;
    items[l->count++] = (struct line){(uint32_t)from, (uint32_t)l->text.len, block};
    return WINNOW_OK;
}

/* Room for all lines and the gaps before them, so that the text need not grow. */
static size_t lines_most(const struct page *p)
{
    size_t ret = 1;
    for (size_t i = 0; i < p->nblocks; i++)
        if (p->blocks[i].kind != BLOCK_UNSHOWN)
            ret += p->blocks[i].end - p->blocks[i].start + p->blocks[i].blank_before + 2u;
    return ret < UINT32_MAX - 1 ? ret : UINT32_MAX - 1;
}

int lines_make(const struct page *p, struct lines *ret)
{
    *ret = (struct lines){0};
    buf_init(&ret->text, UINT32_MAX - 1);
    (void)buf_room(&ret->text, lines_most(p));
    unsigned blank = 0;
    for (size_t i = 0; i < p->nblocks; i++) {
        const struct block *b = &p->blocks[i];
        if (b->kind == BLOCK_UNSHOWN)
            continue;
        if (b->blank_before > blank)
            blank = b->blank_before;
        size_t before = ret->text.len;
        for (unsigned n = 0; n < blank && before > 0; n++)
            buf_addc(&ret->text, '\n');
        size_t from = ret->text.len;
        block_write(p, b, &ret->text);
        if (ret->text.len == from) {
            ret->text.len = before; /* nothing of it is kept: no line, but its gap counts */
            continue;
        }
        blank = 0;
        if (push_line(ret, (uint32_t)i, from) != WINNOW_OK)
            ret->text.status = WINNOW_ENOMEM;
        buf_addc(&ret->text, '\n');
    }
    return ret->text.status;
}

void lines_free(struct lines *l)
{
    buf_free(&l->text);
    free(l->items);
}

/* Is line i before byte start, so that a match from start to end does not touch it?
 * A newline belongs to no line; an empty match at a line's end touches it. */
static bool is_before(const struct line *line, size_t start, size_t end)
{
    return start == end ? line->end < start : line->end <= start;
}

void lines_range(const struct lines *l, size_t start, size_t end, size_t *first, size_t *last)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (is_before(&l->items[mid], start, end))
            low = mid + 1;
        else
            high = mid;
    }
    *first = low;
    while (low < l->count && (start == end ? l->items[low].start <= start
                                           : l->items[low].start < end))
        low++;
    *last = low;
}

bool lines_gap_before(const struct lines *l, size_t i)
{
    return i > 0 && l->items[i].start > l->items[i - 1].end + 1;
}
