/* written.c - kept blocks as lines of text, with a map back to the page.
 *
 * Whoever looks at the page as its reader will see it (renderers, the detector)
 * looks through this, so that what is seen is the same text that cleaning it again
 * would meet. */
#include "written.h"

#include <stdlib.h>

#include "text.h"

void written_free(struct written *w)
{
    buf_free(&w->text);
    free(w->runs);
}

/* The bytes just added to the text are the page's from `from` on. */
static void add_run(struct written *w, size_t len, uint32_t from)
{
    uint32_t at = (uint32_t)(w->text.len - len);
    struct run *last = w->count ? &w->runs[w->count - 1] : NULL;
    if (last && last->at + last->len == at && last->from + last->len == from) {
        last->len += (uint32_t)len;
        return;
    }
    struct run *runs = array_grow(w->runs, &w->cap, w->count + 1, sizeof *runs);
    if (!runs) {
        w->text.status = WINNOW_ENOMEM;
        return;
    }
    w->runs = runs;
    runs[w->count++] = (struct run){at, from, (uint32_t)len};
}

/* A piece of a block: bytes of the page's text, or of a replacement. */
struct piece {
    struct slice bytes;
    uint32_t from;
    bool of_page;
};

static void add_bytes(struct written *w, const struct piece *p, size_t start, size_t end)
{
    if (end == start)
        return;
    buf_add(&w->text, p->bytes.p + start, end - start);
    if (w->map && p->of_page && w->text.status == WINNOW_OK)
        add_run(w, end - start, p->from + (uint32_t)start);
}

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

/* The end of the bytes from i on that are written as they are: words with single
 * spaces between them; of code and dumps all but control characters. */
static size_t verbatim_end(struct slice s, size_t i, bool fold)
{
    for (; i < s.len; i++) {
        if (!is_blank(s.p[i]))
            continue;
        bool stays = fold ? s.p[i] == ' ' && i + 1 < s.len && !is_blank(s.p[i + 1])
                          : s.p[i] == ' ' || s.p[i] == '\t';
        if (!stays)
            break;
    }
    return i;
}

/* Control characters are no text, and white space of HTML is one space. */
static void write_piece(struct written *w, const struct piece *p, bool fold, bool *space)
{
    size_t i = 0;
    while (i < p->bytes.len) {
        for (; i < p->bytes.len && is_blank(p->bytes.p[i]); i++) {
            char c = p->bytes.p[i];
            if (!fold && (c == ' ' || c == '\t'))
                break;
            *space = *space || c == ' ' || (c >= '\t' && c <= '\r');
        }
        size_t end = verbatim_end(p->bytes, i, fold);
        if (end > i && *space)
            buf_addc(&w->text, ' ');
        *space = *space && end == i;
        add_bytes(w, p, i, end);
        i = end;
    }
}

/* Drops the first `skip` bytes written since `start` and keeps `len` of the rest:
 * what is left out can leave white space at the edges. */
static void keep_part(struct written *w, size_t start, size_t first_run, size_t skip, size_t len)
{
    if (skip > 0 && len > 0)
        memmove(w->text.data + start, w->text.data + start + skip, len);
    w->text.len = start + len;
    size_t count = first_run;
    for (size_t i = first_run; i < w->count; i++) {
        struct run r = w->runs[i];
        size_t from = r.at > start + skip ? r.at : start + skip;
        size_t to = r.at + r.len < start + skip + len ? r.at + r.len : start + skip + len;
        if (from < to)
            w->runs[count++] = (struct run){(uint32_t)(from - skip),
                                            r.from + (uint32_t)(from - r.at),
                                            (uint32_t)(to - from)};
    }
    w->count = count;
}

static bool in_text(const struct page *p, struct slice s)
{
    uintptr_t at = (uintptr_t)s.p, text = (uintptr_t)p->text;
    return at >= text && at - text < p->text_len;
}

static void write_block(struct written *w, const struct page *p, const struct block *b)
{
    bool fold = b->kind != BLOCK_LINE && b->kind != BLOCK_CODE, space = false;
    size_t start = w->text.len, first_run = w->count;
    struct piece piece;
    struct verdict_walk walk = verdict_walk(&p->verdicts, p->text, b->start, b->end);
    while (verdict_next(&walk, &piece.bytes, &piece.from)) {
        piece.of_page = in_text(p, piece.bytes);
        write_piece(w, &piece, fold, &space);
    }
    struct slice all = {w->text.data ? w->text.data + start : "", w->text.len - start};
    struct slice text = fold ? text_trim(all) : text_trim_line(all);
    if (w->text.status == WINNOW_OK)
        keep_part(w, start, first_run, text.len ? (size_t)(text.p - all.p) : 0, text.len);
}

static const char *const gaps[] = {
    [GAP_LINE] = "\n", [GAP_BLANK] = "\n\n", [GAP_CELL] = "\t"};

/* Room for all blocks and their gaps, so that the text need not grow. */
static size_t written_most(const struct page *p)
{
    size_t ret = 1;
    for (size_t i = 0; i < p->nblocks; i++)
        if (p->blocks[i].kind != BLOCK_UNSHOWN)
            ret += p->blocks[i].end - p->blocks[i].start + 2;
    return ret < UINT32_MAX - 1 ? ret : UINT32_MAX - 1;
}

int written_make(const struct page *p, bool map, struct written *ret)
{
    bool blank = false, line = false, first = true;
    *ret = (struct written){.map = map};
    buf_init(&ret->text, UINT32_MAX - 1);
    (void)buf_room(&ret->text, p->nblocks > 0 ? written_most(p) : 0);
    for (size_t i = 0; i < p->nblocks; i++) {
        const struct block *b = &p->blocks[i];
        size_t before = ret->text.len;
        /* A gap before something that is left out stands before what follows it. */
        blank |= b->gap == GAP_BLANK;
        line |= b->gap == GAP_LINE;
        if (b->kind == BLOCK_UNSHOWN)
            continue;
        enum block_gap gap = blank ? GAP_BLANK : line ? GAP_LINE : GAP_CELL;
        buf_adds(&ret->text, first ? "" : gaps[gap]);
        size_t from = ret->text.len;
        write_block(ret, p, b);
        if (ret->text.len == from) {
            ret->text.len = before;
            continue;
        }
        first = blank = line = false;
    }
    if (!first)
        buf_addc(&ret->text, '\n');
    return ret->text.status;
}

void block_write(const struct page *p, const struct block *b, struct buf *ret)
{
    struct written w = {.text = *ret};
    write_block(&w, p, b);
    *ret = w.text;
}

/* The first run that ends behind byte `at`: w->count where there is none. */
static size_t run_behind(const struct written *w, uint32_t at)
{
    size_t low = 0, high = w->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (w->runs[mid].at + w->runs[mid].len <= at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool written_holds(const struct written *w, uint32_t at)
{
    size_t i = run_behind(w, at);
    return i < w->count && w->runs[i].at <= at;
}

bool written_range(const struct written *w, uint32_t start, uint32_t end, uint32_t *ret_start,
                   uint32_t *ret_end)
{
    size_t first = run_behind(w, start), last = run_behind(w, end);
    if (first == w->count || w->runs[first].at >= end)
        return false;
    if (last == w->count || w->runs[last].at >= end)
        last--;
    const struct run *f = &w->runs[first], *l = &w->runs[last];
    *ret_start = f->from + (start > f->at ? start - f->at : 0);
    *ret_end = l->from + (end - l->at < l->len ? end - l->at : l->len);
    return true;
}

void written_between(const struct written *w, uint32_t start, uint32_t end, uint32_t *ret_start,
                     uint32_t *ret_end)
{
    size_t first = run_behind(w, start), last = run_behind(w, end > start ? end - 1 : end);
    *ret_start = *ret_end = 0;
    if (first < w->count && w->runs[first].at <= start)
        *ret_start = w->runs[first].from + (start - w->runs[first].at);
    else if (first > 0)
        *ret_start = w->runs[first - 1].from + w->runs[first - 1].len;
    if (end == start)
        *ret_end = *ret_start;
    else if (last < w->count)
        *ret_end = w->runs[last].from + (w->runs[last].at < end ? end - w->runs[last].at : 0);
    else if (last > 0)
        *ret_end = w->runs[last - 1].from + w->runs[last - 1].len;
}
