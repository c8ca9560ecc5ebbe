/* page.c - what stages note down about a page. */
#include "page.h"

#include <stdio.h>

#include "utf8.h"

void page_note(struct page *p, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    struct slice whole = slice_of(line); /* or cut, but not inside a character */
    whole.len = utf8_valid_prefix(whole);
    const char *copy = arena_copy(&p->arena, whole);
    const char **notes = array_grow(p->notes, &p->notes_cap, p->nnotes + 1, sizeof *notes);
    if (notes)
        p->notes = notes;
    if (!notes || !copy)
        p->status = WINNOW_ENOMEM;
    else
        p->notes[p->nnotes++] = copy;
}

void page_meta(struct page *p, const char *name, struct slice value, const char *from)
{
    struct meta_item item = {
        arena_copy(&p->arena, slice_of(name)),
        arena_copy(&p->arena, value),
        arena_copy(&p->arena, slice_of(from ? from : "")),
    };
    struct meta_item *meta = array_grow(p->meta, &p->meta_cap, p->nmeta + 1, sizeof *meta);
    if (meta)
        p->meta = meta;
    if (!meta || !item.name || !item.value || !item.from)
        p->status = WINNOW_ENOMEM;
    else
        p->meta[p->nmeta++] = item;
}

const char *page_get_meta(const struct page *p, const char *name)
{
    for (size_t i = 0; i < p->nmeta; i++)
        if (strcmp(p->meta[i].name, name) == 0)
            return p->meta[i].value;
    return NULL;
}

bool page_block_kept(const struct page *p, const struct block *b)
{
    struct slice piece;
    uint32_t at;
    struct verdict_walk w = verdict_walk(&p->verdicts, p->text, b->start, b->end);
    return verdict_next(&w, &piece, &at);
}

size_t page_block_behind(const struct page *p, uint32_t pos)
{
    size_t low = 0, high = p->nblocks;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (p->blocks[mid].end <= pos)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

uint64_t page_shown(const struct page *p, uint32_t start, uint32_t end)
{
    uint64_t ret = 0;
    for (size_t i = page_block_behind(p, start); i < p->nblocks && p->blocks[i].start < end; i++) {
        const struct block *b = &p->blocks[i];
        uint32_t from = b->start > start ? b->start : start, to = b->end < end ? b->end : end;
        ret += b->kind != BLOCK_UNSHOWN && to > from ? to - from : 0;
    }
    return ret;
}
