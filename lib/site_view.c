/* site_view.c - a page seen as lines: each with the hash of its normalised text, sorted by it.
 *
 * Counting and marking both see the page so; were it otherwise, a line would be counted
 * under one name and looked for under another. */
#include "site_parts.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "norm.h"

enum { TITLE_LEAST = 8 }; /* normalised characters of a heading that is looked for in the title */

/* Told from the hash of a line: of what a title has beside the page's heading. */
#define TITLE_SALT UINT64_C(0x7469746c65)

void view_free(struct view *v)
{
    lines_free(&v->lines);
    buf_free(&v->keys);
    free(v->items);
    free(v->sorted);
    free(v->slots);
}

struct slice view_words(const struct view *v, size_t i)
{
    const struct line *line = &v->lines.items[i];
    return (struct slice){v->lines.text.data + line->start, line->end - line->start};
}

struct slice view_key(const struct view *v, size_t i)
{
    return (struct slice){buf_slice(&v->keys).p + v->items[i].key, v->items[i].key_len};
}

/* A line without letters is known by its signs. */
static int set_key(struct view *v, size_t i, struct norm *n)
{
    struct vline *line = &v->items[i];
    norm_clear(n);
    int status = norm_add(n, view_words(v, i), 0, false);
    if (status != WINNOW_OK)
        return status;
    struct slice key = {(const char *)n->bytes, n->len};
    if (key.len == 0)
        key = view_words(v, i);
    line->key = (uint32_t)v->keys.len;
    line->key_len = (uint32_t)key.len;
    line->block = v->lines.items[i].block;
    line->weight = (uint32_t)n->weight;
    line->hash = hash_bytes(key);
    buf_add(&v->keys, key.p, key.len);
    return v->keys.status;
}

static int by_hash(const void *a, const void *b, void *ctx)
{
    const struct vline *items = ctx;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (items[x].hash != items[y].hash)
        return items[x].hash < items[y].hash ? -1 : 1;
    return x < y ? -1 : x > y;
}

static int view_fill(struct view *v)
{
    struct norm n;
    int status = WINNOW_OK;
    norm_init(&n);
    for (size_t i = 0; i < v->count && status == WINNOW_OK; i++) {
        status = set_key(v, i, &n);
        v->sorted[i] = (uint32_t)i;
    }
    norm_free(&n);
    if (status == WINNOW_OK)
        qsort_r(v->sorted, v->count, sizeof *v->sorted, by_hash, v->items);
    return status;
}

int view_make(const struct page *p, struct view *ret)
{
    *ret = (struct view){.page = p};
    buf_init(&ret->keys, UINT32_MAX - 1);
    int status = lines_make(p, &ret->lines);
    ret->count = status == WINNOW_OK ? ret->lines.count : 0;
    ret->items = calloc(ret->count + 1, sizeof *ret->items);
    ret->sorted = calloc(ret->count + 1, sizeof *ret->sorted);
    if (!ret->items || !ret->sorted)
        return WINNOW_ENOMEM;
    return status == WINNOW_OK ? view_fill(ret) : status;
}

/* --- looking for lines ------------------------------------------------------------------------ */

size_t view_equals_end(const struct view *v, size_t from)
{
    size_t end = from + 1;
    while (end < v->count && v->items[v->sorted[end]].hash == v->items[v->sorted[from]].hash)
        end++;
    return end;
}

size_t view_sorted_from(const struct view *v, uint64_t hash)
{
    size_t low = 0, high = v->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (v->items[v->sorted[mid]].hash < hash)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

uint64_t view_title_rest(const struct view *v, size_t i)
{
    struct slice title = view_key(v, 0), part = view_key(v, i);
    if (i == 0 || v->items[i].weight < TITLE_LEAST || part.len >= title.len)
        return 0;
    size_t rest = title.len - part.len;
    bool starts = memcmp(title.p, part.p, part.len) == 0;
    if (!starts && memcmp(title.p + rest, part.p, part.len) != 0)
        return 0;
    return hash_bytes((struct slice){starts ? title.p + part.len : title.p, rest}) ^ TITLE_SALT ^
           starts;
}
