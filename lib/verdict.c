/* verdict.c - marks on a page's text, merged into spans that cover it. */
#include "verdict.h"

#include <stdlib.h>

int verdict_init(struct verdicts *v, uint32_t text_len)
{
    *v = (struct verdicts){.text_len = text_len};
    verdict_reason(v, (struct reason){.stage = "clean", .text = "kept"});
    v->spans = array_grow(NULL, &v->cap, 1, sizeof *v->spans);
    if (!v->spans)
        return v->status = WINNOW_ENOMEM;
    if (text_len > 0)
        v->spans[v->count++] = (struct span){.end = text_len, .verdict = WINNOW_KEPT};
    return v->status;
}

void verdict_free(struct verdicts *v)
{
    free(v->spans);
    free(v->marks);
    free(v->reasons);
    *v = (struct verdicts){0};
}

uint32_t verdict_reason(struct verdicts *v, struct reason reason)
{
    if (!reason.text)
        v->status = WINNOW_ENOMEM; /* its text could not be written */
    struct reason *reasons =
        array_grow(v->reasons, &v->reasons_cap, v->nreasons + 1, sizeof *reasons);
    if (!reasons || v->status != WINNOW_OK) {
        v->reasons = reasons ? reasons : v->reasons;
        v->status = WINNOW_ENOMEM;
        return 0;
    }
    v->reasons = reasons;
    v->reasons[v->nreasons] = reason;
    return (uint32_t)v->nreasons++;
}

static void mark(struct verdicts *v, struct span m)
{
    if (m.end > v->text_len)
        m.end = v->text_len;
    if (v->status != WINNOW_OK || m.start >= m.end)
        return;
    struct span *marks = array_grow(v->marks, &v->marks_cap, v->nmarks + 1, sizeof *marks);
    if (!marks) {
        v->status = WINNOW_ENOMEM;
        return;
    }
    v->marks = marks;
    v->marks[v->nmarks++] = m;
}

void verdict_forget(struct verdicts *v, size_t n)
{
    if (n < v->nmarks)
        v->nmarks = n;
}

void verdict_remove(struct verdicts *v, uint32_t start, uint32_t end, uint32_t reason)
{
    mark(v, (struct span){.start = start, .end = end, .reason = reason,
                          .verdict = WINNOW_REMOVED});
}

void verdict_replace(struct verdicts *v, uint32_t start, uint32_t end, struct slice with,
                     uint32_t reason)
{
    mark(v, (struct span){.start = start, .end = end, .reason = reason,
                          .verdict = WINNOW_REPLACED, .with = with});
}

void verdict_protect(struct verdicts *v, uint32_t start, uint32_t end, uint32_t reason)
{
    mark(v, (struct span){.start = start, .end = end, .reason = reason,
                          .verdict = WINNOW_KEPT, .protect = true});
}

/* --- settling ------------------------------------------------------------------
 *
 * First the marks are made disjoint, the first mark (or a protection) winning:
 * they are sorted by start and swept with a heap of the open ones.  Then the
 * disjoint marks are laid over the spans, taking only what is kept and open; a removal
 * also takes the replacements that it covers. */

struct open_marks {
    uint32_t *heap; /* indices of marks; the winner on top */
    size_t count;
    const struct span *marks;
};

/* Protection beats all; then the earlier mark, which is the smaller index. */
static bool wins(const struct span *marks, uint32_t a, uint32_t b)
{
    if (marks[a].protect != marks[b].protect)
        return marks[a].protect;
    return a < b;
}

static void heap_push(struct open_marks *o, uint32_t mark)
{
    size_t i = o->count++;
    while (i > 0 && wins(o->marks, mark, o->heap[(i - 1) / 2])) {
        o->heap[i] = o->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    o->heap[i] = mark;
}

static void heap_pop(struct open_marks *o)
{
    uint32_t last = o->heap[--o->count];
    size_t i = 0;
    while (2 * i + 1 < o->count) {
        size_t child = 2 * i + 1;
        if (child + 1 < o->count && wins(o->marks, o->heap[child + 1], o->heap[child]))
            child++;
        if (!wins(o->marks, o->heap[child], last))
            break;
        o->heap[i] = o->heap[child];
        i = child;
    }
    o->heap[i] = last;
}

/* Sorts by start; the order of making is the index, so equal starts need none. */
static int by_start(const void *a, const void *b, void *marks)
{
    uint32_t x = ((const struct span *)marks)[*(const uint32_t *)a].start;
    uint32_t y = ((const struct span *)marks)[*(const uint32_t *)b].start;
    return (x > y) - (x < y);
}

static void push_span(struct span *spans, size_t *count, struct span s)
{
    struct span *last = *count ? &spans[*count - 1] : NULL;
    bool same = last && last->end == s.start && last->reason == s.reason &&
                last->verdict == s.verdict && last->protect == s.protect &&
                s.verdict != WINNOW_REPLACED;
    if (same)
        last->end = s.end;
    else if (s.start < s.end)
        spans[(*count)++] = s;
}

/* The marks as disjoint pieces, in order.  At most 2 a mark. */
static size_t disjoin(const struct span *marks, const uint32_t *order, size_t count,
                      struct open_marks *open, struct span *ret)
{
    size_t n = 0, next = 0;
    uint32_t pos = 0;
    while (next < count || open->count > 0) {
        if (open->count == 0)
            pos = marks[order[next]].start;
        while (next < count && marks[order[next]].start <= pos)
            heap_push(open, order[next++]);
        while (open->count > 0 && marks[open->heap[0]].end <= pos)
            heap_pop(open);
        if (open->count == 0)
            continue;
        struct span piece = marks[open->heap[0]];
        uint32_t stop = piece.end;
        if (next < count && marks[order[next]].start < stop)
            stop = marks[order[next]].start;
        /* A replacement is whole or not at all: cut, it is no replacement. */
        if (piece.verdict == WINNOW_REPLACED && (piece.start != pos || piece.end != stop)) {
            if (piece.start < pos) {
                heap_pop(open);
                continue;
            }
            stop = piece.end;
        }
        piece.start = pos;
        piece.end = stop;
        push_span(ret, &n, piece);
        pos = stop;
    }
    return n;
}

/* What was replaced goes with the passage that holds it. */
static bool is_removed_whole(const struct span *s, const struct span *marks, size_t m, size_t count)
{
    return s->verdict == WINNOW_REPLACED && m < count && marks[m].verdict == WINNOW_REMOVED &&
           marks[m].start <= s->start && marks[m].end >= s->end;
}

/* Lays disjoint marks over the old spans; at most old + 2 * marks come out. */
static size_t overlay(const struct verdicts *v, const struct span *marks, size_t count,
                      struct span *ret)
{
    size_t n = 0, m = 0;
    for (size_t i = 0; i < v->count; i++) {
        struct span rest = v->spans[i];
        while (m < count && marks[m].end <= rest.start)
            m++;
        bool open = rest.verdict == WINNOW_KEPT && !rest.protect;
        if (is_removed_whole(&rest, marks, m, count)) {
            struct span taken = marks[m];
            taken.start = rest.start;
            taken.end = rest.end;
            push_span(ret, &n, taken);
            continue;
        }
        for (size_t k = m; open && k < count && marks[k].start < rest.end; k++) {
            struct span taken = marks[k];
            if (taken.verdict == WINNOW_REPLACED &&
                (taken.start < rest.start || taken.end > rest.end))
                continue;
            if (taken.start < rest.start)
                taken.start = rest.start;
            if (taken.end > rest.end)
                taken.end = rest.end;
            struct span before = rest;
            before.end = taken.start;
            push_span(ret, &n, before);
            push_span(ret, &n, taken);
            rest.start = taken.end;
        }
        push_span(ret, &n, rest);
    }
    return n;
}

int verdict_settle(struct verdicts *v)
{
    if (v->status != WINNOW_OK || v->nmarks == 0)
        return v->status;
    size_t count = v->nmarks;
    struct open_marks open = {.marks = v->marks};
    uint32_t *order = malloc(count * sizeof *order);
    open.heap = malloc(count * sizeof *open.heap);
    struct span *flat = malloc(2 * count * sizeof *flat);
    size_t cap = v->count + 4 * count + 1;
    struct span *spans = malloc(cap * sizeof *spans);
    if (!order || !open.heap || !flat || !spans) {
        free(spans);
        v->status = WINNOW_ENOMEM;
        goto out;
    }
    for (size_t i = 0; i < count; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, count, sizeof *order, by_start, v->marks);
    size_t nflat = disjoin(v->marks, order, count, &open, flat);
    v->count = overlay(v, flat, nflat, spans);
    free(v->spans);
    v->spans = spans;
    v->cap = cap;
    v->nmarks = 0;
out:
    free(order);
    free(open.heap);
    free(flat);
    return v->status;
}

/* Does span t go on where s ends, for the same reason? */
static bool goes_on(const struct verdicts *v, const struct span *s, const struct span *t)
{
    const struct reason *a = &v->reasons[s->reason], *b = &v->reasons[t->reason];
    return s->verdict == WINNOW_REMOVED && t->verdict == WINNOW_REMOVED &&
           s->protect == t->protect && a->text == b->text && a->stage == b->stage &&
           a->file == b->file;
}

void verdict_join(struct verdicts *v)
{
    size_t kept = 0;
    for (size_t i = 1; i < v->count; i++) {
        if (goes_on(v, &v->spans[kept], &v->spans[i]))
            v->spans[kept].end = v->spans[i].end;
        else
            v->spans[++kept] = v->spans[i];
    }
    v->count = v->count > 0 ? kept + 1 : 0;
}

/* --- reading ------------------------------------------------------------------- */

size_t verdict_at(const struct verdicts *v, uint32_t pos)
{
    size_t low = 0, high = v->count;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (v->spans[mid].start <= pos)
            low = mid;
        else
            high = mid;
    }
    return low;
}

struct verdict_walk verdict_walk(const struct verdicts *v, const char *text, uint32_t start,
                                 uint32_t end)
{
    return (struct verdict_walk){.v = v, .text = text, .i = verdict_at(v, start),
                                 .pos = start, .end = end};
}

bool verdict_next(struct verdict_walk *w, struct slice *piece, uint32_t *start)
{
    for (; w->i < w->v->count && w->v->spans[w->i].start < w->end; w->i++) {
        const struct span *s = &w->v->spans[w->i];
        uint32_t from = s->start > w->pos ? s->start : w->pos;
        uint32_t to = s->end < w->end ? s->end : w->end;
        if (from >= to || s->verdict == WINNOW_REMOVED)
            continue;
        /* A replacement is written where it begins, once. */
        if (s->verdict == WINNOW_REPLACED && (from != s->start || s->with.len == 0))
            continue;
        *piece = s->verdict == WINNOW_REPLACED ? s->with
                                               : (struct slice){w->text + from, to - from};
        *start = from;
        w->pos = to;
        w->i++;
        return true;
    }
    return false;
}
