/* record_kept.c - what writing left out of what is kept, so that it can be put back.
 *
 * The clean text is what is kept of the page with white space folded, control characters
 * left out, line ends between blocks, replacements in their places.  The script tells the
 * difference:
 *
 *     [copy, gap, copy, gap, ...]
 *
 * Each pair copies so many bytes of the clean text and then crosses a gap, [skip, "insert"]:
 * it skips so many bytes (what only the clean text has) and inserts a string (what only the
 * page has).  A gap that was there before is written as its number, the first being 0: pages
 * are indented alike from line to line.  Behind the last gap all is copied.
 *
 * What comes out are the kept bytes of the page's text, one after another; removed and
 * replaced ones stand between them where their places say.  The script of a dump is mostly
 * empty: its lines are written as they stand. */
#include <jansson.h>
#include <stdlib.h>

#include "arena.h"
#include "err.h"
#include "record_parts.h"

/* --- making ------------------------------------------------------------------------------ */

struct maker {
    const struct page *page;
    const struct written *w;
    json_t *script;
    json_t *numbers; /* of the gaps, by name_gap */
    bool failed;
    size_t span;       /* that holds, or follows, the last byte looked at */
    uint32_t at, from; /* bytes of the clean text, of the page's, that are told */
    uint32_t copy;     /* bytes to copy that no pair has yet */
    struct buf gap, name;
};

/* The kept bytes from m->from to `to`. */
static void gather_gap(struct maker *m, uint32_t to)
{
    const struct verdicts *v = &m->page->verdicts;
    buf_clear(&m->gap);
    while (m->from < to) {
        while (v->spans[m->span].end <= m->from)
            m->span++;
        const struct span *s = &v->spans[m->span];
        uint32_t end = s->end < to ? s->end : to;
        if (s->verdict == WINNOW_KEPT)
            buf_add(&m->gap, m->page->text + m->from, end - m->from);
        m->from = end;
    }
    m->failed |= m->gap.status != WINNOW_OK;
}

/* A page's text has no NUL, so this names one gap. */
static const char *name_gap(struct maker *m, size_t skip)
{
    buf_clear(&m->name);
    buf_addf(&m->name, "%zu ", skip);
    buf_add(&m->name, m->gap.data, m->gap.len);
    m->failed |= m->name.status != WINNOW_OK;
    return buf_slice(&m->name).p;
}

static json_t *new_gap(struct maker *m, size_t skip, const char *name)
{
    json_t *number = json_integer((json_int_t)json_object_size(m->numbers)), *gap = json_array();
    m->failed |= json_object_set_new(m->numbers, name, number) != 0;
    m->failed |= json_array_append_new(gap, json_integer((json_int_t)skip)) != 0;
    m->failed |= json_array_append_new(gap, json_stringn(buf_slice(&m->gap).p, m->gap.len)) != 0;
    return gap;
}

static void push_gap(struct maker *m, size_t skip)
{
    const char *name = name_gap(m, skip);
    json_t *number = json_object_get(m->numbers, name);
    m->failed |= json_array_append_new(m->script, json_integer(m->copy)) != 0;
    m->failed |= json_array_append_new(m->script,
                                       number ? json_incref(number) : new_gap(m, skip, name)) != 0;
    m->copy = 0;
}

/* Between two runs the clean text has what stands up to `at`, the page what is kept up to
 * `from`.  Most lines of a dump end alike in both: there is no gap. */
static void cross(struct maker *m, uint32_t at, uint32_t from)
{
    struct slice written = {buf_slice(&m->w->text).p + m->at, at - m->at};
    gather_gap(m, from);
    m->at = at;
    if (slice_eq(written, buf_slice(&m->gap)))
        m->copy += (uint32_t)written.len;
    else
        push_gap(m, written.len);
}

json_t *kept_script(const struct page *p, const struct written *w)
{
    struct maker m = {.page = p, .w = w, .script = json_array(), .numbers = json_object()};
    m.failed = !m.script || !m.numbers;
    buf_init(&m.gap, p->text_len);
    buf_init(&m.name, SIZE_MAX);
    for (size_t i = 0; i < w->count && !m.failed; i++) {
        const struct run *run = &w->runs[i];
        cross(&m, run->at, run->from);
        m.at += run->len;
        m.from += run->len;
        m.copy += run->len;
    }
    if (!m.failed)
        cross(&m, (uint32_t)w->text.len, p->text_len);
    buf_free(&m.gap);
    buf_free(&m.name);
    json_decref(m.numbers);
    if (!m.failed)
        return m.script;
    json_decref(m.script);
    return NULL;
}

/* --- applying ---------------------------------------------------------------------------- */

struct gap {
    uint32_t skip;
    struct slice insert;
};

struct gaps {
    struct gap *items;
    size_t count, cap;
};

/* A new gap, or the number of an old one.  WINNOW_EDATA where it is neither. */
static int read_gap(struct gaps *gaps, const json_t *value, struct gap *ret)
{
    uint32_t number;
    struct gap gap = {.insert = record_string(json_array_get(value, 1))};
    if (record_number(value, UINT32_MAX, &number) && number < gaps->count) {
        *ret = gaps->items[number];
        return WINNOW_OK;
    }
    if (json_array_size(value) != 2 || !gap.insert.p ||
        !record_number(json_array_get(value, 0), UINT32_MAX, &gap.skip))
        return WINNOW_EDATA;
    struct gap *items = array_grow(gaps->items, &gaps->cap, gaps->count + 1, sizeof *items);
    if (!items)
        return WINNOW_ENOMEM;
    gaps->items = items;
    *ret = items[gaps->count++] = gap;
    return WINNOW_OK;
}

/* Where the pieces go. */
struct taker {
    kept_fn *take;
    void *ctx;
    int status; /* its own */
};

static bool take(struct taker *to, struct slice kept)
{
    to->status = to->take(to->ctx, kept);
    return to->status == WINNOW_OK;
}

/* One pair; *text is what is left of the clean text. */
static int apply_pair(struct gaps *gaps, const json_t *copy, const json_t *gap, struct slice *text,
                      struct taker *to)
{
    struct gap g;
    uint32_t n;
    int status = read_gap(gaps, gap, &g);
    if (status != WINNOW_OK)
        return status;
    if (!record_number(copy, text->len, &n) || g.skip > text->len - n)
        return WINNOW_EDATA;
    if (take(to, (struct slice){text->p, n}))
        take(to, g.insert);
    *text = (struct slice){text->p + n + g.skip, text->len - n - g.skip};
    return WINNOW_OK;
}

int kept_apply(const json_t *script, struct slice text, kept_fn *take_kept, void *ctx,
               struct winnow_error *err)
{
    struct gaps gaps = {0};
    struct taker to = {.take = take_kept, .ctx = ctx};
    size_t i = 0, count = json_array_size(script);
    int status = json_is_array(script) && count % 2 == 0 ? WINNOW_OK : WINNOW_EDATA;
    for (; i < count && status == WINNOW_OK && to.status == WINNOW_OK; i += 2)
        status =
            apply_pair(&gaps, json_array_get(script, i), json_array_get(script, i + 1), &text, &to);
    free(gaps.items);
    if (status == WINNOW_EDATA)
        return record_bad(err, "\"kept\" does not fit \"text\" at its entry %zu", i);
    if (status == WINNOW_ENOMEM)
        return err_nomem(err);
    if (to.status == WINNOW_OK)
        take(&to, text);
    return to.status;
}
