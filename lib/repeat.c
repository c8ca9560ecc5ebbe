/* repeat.c - the passages of a page that stand twice: judged until none is left.
 *
 * The judge (judge.c) is given the clean text as it would be written now, so it
 * sees exactly what cleaning the result again would see; what goes is marked on the
 * page, and the next round looks at what is left.  When a round removes nothing,
 * cleaning the result again removes nothing either.  ROUNDS_MAX bounds the rounds
 * of a page that is made to need many; ordinary pages take two.
 *
 * Headings are known only here, in HTML: a heading beside its equal goes first. */
#include "repeat.h"

#include <stdlib.h>
#include <string.h>

#include "cleaner.h"
#include "err.h"
#include "judge.h"
#include "norm.h"
#include "text.h"
#include "written.h"

enum { ROUNDS_MAX = 64 };

/* What went, over all rounds, in bytes of the page's text. */
struct marked {
    struct removal removal;
    uint32_t reason;
};

struct stage {
    struct page *page;
    struct marked *marked;
    size_t count, cap;
    bool all;        /* what a page's form makes recur goes as well */
    size_t text_len; /* of the clean text that the last round saw */
    int status;
};

static void mark(struct stage *s, struct removal r)
{
    struct marked *marked = array_grow(s->marked, &s->cap, s->count + 1, sizeof *marked);
    if (!marked) {
        s->status = WINNOW_ENOMEM;
        return;
    }
    s->marked = marked;
    /* Its words are written at the end, when all survivors are known. */
    uint32_t reason = verdict_reason(&s->page->verdicts,
                                     (struct reason){.stage = "repeat", .text = "repeats"});
    s->marked[s->count++] = (struct marked){r, reason};
    verdict_remove(&s->page->verdicts, r.start, r.end, reason);
}

/* --- headings -------------------------------------------------------------------------- */

static int norm_of_block(const struct page *p, const struct block *b, struct norm *ret)
{
    struct slice piece;
    uint32_t at;
    int status = WINNOW_OK;
    struct verdict_walk w = verdict_walk(&p->verdicts, p->text, b->start, b->end);
    norm_clear(ret);
    while (status == WINNOW_OK && verdict_next(&w, &piece, &at))
        status = norm_add(ret, piece, at, false);
    return status;
}

static bool same_norm(const struct norm *a, const struct norm *b)
{
    return a->len > 0 && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static bool is_kept(const struct page *p, const struct block *b)
{
    return b->kind != BLOCK_UNSHOWN && page_block_kept(p, b);
}

/* Of a heading and its equal beside it the better heading stays, or the first. */
static void judge_heading(struct stage *s, const struct block *before, const struct block *b)
{
    bool first_goes = b->kind == BLOCK_HEADING && before->kind != BLOCK_HEADING &&
                      before->kind != BLOCK_CELL;
    const struct block *goes = first_goes ? before : b, *stays = first_goes ? b : before;
    mark(s, (struct removal){.start = goes->start, .end = goes->end,
                             .other_start = stays->start, .other_end = stays->end});
}

static void run_headings(struct stage *s)
{
    struct page *p = s->page;
    const struct block *before = NULL;
    struct norm of_before, of_this;
    norm_init(&of_before);
    norm_init(&of_this);
    for (size_t i = 0; i < p->nblocks && s->status == WINNOW_OK; i++) {
        const struct block *b = &p->blocks[i];
        if (!is_kept(p, b))
            continue;
        bool heading = before && (b->kind == BLOCK_HEADING || before->kind == BLOCK_HEADING);
        if (heading)
            s->status = norm_of_block(p, before, &of_before);
        if (heading && s->status == WINNOW_OK)
            s->status = norm_of_block(p, b, &of_this);
        if (heading && s->status == WINNOW_OK && same_norm(&of_before, &of_this)) {
            judge_heading(s, before, b);
            if (b->kind != BLOCK_HEADING || before->kind == BLOCK_HEADING)
                continue; /* the first stays the one to compare with */
        }
        before = b;
    }
    norm_free(&of_before);
    norm_free(&of_this);
    if (s->status == WINNOW_OK)
        s->status = verdict_settle(&p->verdicts);
}

/* --- a round ------------------------------------------------------------------------------ */

static bool is_replaced(const struct verdicts *v, size_t i, uint32_t from, uint32_t to)
{
    const struct span *span = &v->spans[i];
    return span->verdict == WINNOW_REPLACED && span->start >= from && span->end <= to;
}

/* What was put in for other text at the edge of what goes, goes with it: where the edge of
 * what was found lies in no text of the page's own.  Within its block. */
static void take_replaced(const struct page *p, const struct written *w,
                          const struct removal *found, struct removal *r)
{
    const struct verdicts *v = &p->verdicts;
    size_t b = page_block_behind(p, r->start), last_b = page_block_behind(p, r->end - 1);
    if (b == p->nblocks || last_b == p->nblocks)
        return;
    if (!written_holds(w, found->start))
        for (size_t i = verdict_at(v, r->start);
             i > 0 && is_replaced(v, i - 1, p->blocks[b].start, r->start); i--)
            r->start = v->spans[i - 1].start;
    if (!written_holds(w, found->end - 1))
        for (size_t i = verdict_at(v, r->end - 1) + 1;
             i < v->count && is_replaced(v, i, r->end, p->blocks[last_b].end); i++)
            r->end = v->spans[i].end;
}

static bool find_range(const struct stage *s, const struct written *w, const struct removal *found,
                       struct removal *ret)
{
    struct removal r = {.cut = found->cut};
    if (!written_range(w, found->start, found->end, &r.start, &r.end) ||
        !written_range(w, found->other_start, found->other_end, &r.other_start, &r.other_end))
        return false;
    take_replaced(s->page, w, found, &r);
    *ret = r;
    return true;
}

/* Where one passage goes on as another, the white space between them goes too. */
static void mark_all(struct stage *s, const struct written *w, const struct removals *found)
{
    const char *text = s->page->text;
    for (size_t i = 0; i < found->count && s->status == WINNOW_OK; i++) {
        const struct removal *f = &found->items[i];
        struct removal r, next;
        if (!find_range(s, w, f, &r))
            continue;
        if (i + 1 < found->count && f[1].start == f->end && find_range(s, w, &f[1], &next) &&
            next.start > r.end &&
            text_is_blank((struct slice){text + r.end, next.start - r.end}))
            r.end = next.start;
        mark(s, r);
    }
}

/* Judges what is kept; false where nothing went, also because a rule protects it. */
static bool run_round(struct stage *s)
{
    struct written w;
    struct removals found = {0};
    size_t before = s->count;
    s->status = written_make(s->page, true, &w);
    bool same = w.text.len == s->text_len;
    s->text_len = w.text.len;
    if (s->status == WINNOW_OK && !same)
        s->status = judge_repeats(buf_slice(&w.text), s->all, &found);
    if (s->status == WINNOW_OK)
        mark_all(s, &w, &found);
    if (s->status == WINNOW_OK && s->count > before)
        s->status = verdict_settle(&s->page->verdicts);
    free(found.items);
    written_free(&w);
    return s->status == WINNOW_OK && s->count > before;
}

/* --- survivors ---------------------------------------------------------------------------- */

/* Where what was to survive stands now. */
struct found {
    uint32_t start, end;             /* the range that holds all of it */
    uint32_t longest_start, longest; /* its longest piece, and that piece's bytes */
};

static void find(struct found *f, uint32_t start, uint32_t end)
{
    f->start = start < f->start ? start : f->start;
    f->end = end > f->end ? end : f->end;
    if (end - start > f->longest) {
        f->longest_start = start;
        f->longest = end - start;
    }
}

/* The range says most, unless it holds the copy itself or far more than that. */
static void name_survivor(struct removal *r, const struct found *f)
{
    bool holds_itself = f->start < r->end && r->start < f->end;
    if (f->longest == 0)
        return;
    if (holds_itself || (f->end - f->start) / 2 > r->end - r->start) {
        r->other_start = f->longest_start;
        r->other_end = f->longest_start + f->longest;
    } else {
        r->other_start = f->start;
        r->other_end = f->end;
    }
}

/* Follows a survivor that was itself removed later, whole or in part, in favour of
 * another, to what stayed.  What had gone before lies in its range, but not in it. */
static void resolve(const struct stage *s, size_t index)
{
    const struct verdicts *v = &s->page->verdicts;
    struct removal *r = &s->marked[index].removal;
    uint32_t first_later = s->marked[index].reason + 1, count = (uint32_t)(s->count - index - 1);
    struct found f = {.start = UINT32_MAX};
    for (size_t i = verdict_at(v, r->other_start);
         i < v->count && v->spans[i].start < r->other_end; i++) {
        const struct span *span = &v->spans[i];
        uint32_t from = span->start > r->other_start ? span->start : r->other_start;
        uint32_t to = span->end < r->other_end ? span->end : r->other_end;
        if (span->verdict != WINNOW_REMOVED) {
            if (!text_is_blank((struct slice){s->page->text + from, to - from}))
                find(&f, from, to);
        } else if (span->reason >= first_later && span->reason - first_later < count) {
            const struct removal *o = &s->marked[index + 1 + span->reason - first_later].removal;
            find(&f, o->other_start, o->other_end);
        }
    }
    name_survivor(r, &f);
}

/* Does what stays of `next` go on where that of r ends? */
static bool goes_on(const struct stage *s, const struct removal *r, const struct removal *next)
{
    return next->start == r->end && next->cut == r->cut && next->other_start >= r->other_end &&
           text_is_seam((struct slice){s->page->text + r->other_end,
                                       next->other_start - r->other_end});
}

static bool names_same(const struct removal *r, const struct removal *next)
{
    return next->other_start == r->other_start && next->other_end == r->other_end &&
           next->cut == r->cut;
}

/* Gives removals first..last, of which one goes on where the other ended, or which name
 * the same, one reason. */
static void write_reason(struct stage *s, size_t first, size_t last)
{
    struct verdicts *v = &s->page->verdicts;
    const struct removal *r = &s->marked[first].removal;
    uint32_t other_end = s->marked[last].removal.other_end;
    const char *text = arena_printf(&s->page->arena, "repeats bytes %u-%u of this page%s",
                                    r->other_start, other_end, r->cut ? ", cut short" : "");
    if (!text)
        s->status = WINNOW_ENOMEM;
    for (size_t i = first; i <= last && text; i++) {
        struct reason *reason = &v->reasons[s->marked[i].reason];
        reason->text = text;
        reason->other_start = r->other_start;
        reason->other_end = other_end;
    }
}

/* Survivors are followed from the last that was removed to the first: whoever survived
 * it has survived. */
static void write_reasons(struct stage *s)
{
    for (size_t i = s->count; i-- > 0;)
        resolve(s, i);
    for (size_t i = 0, first = 0; i < s->count && s->status == WINNOW_OK; i++) {
        const struct removal *r = &s->marked[i].removal;
        const struct removal *next = i + 1 < s->count ? &s->marked[i + 1].removal : NULL;
        if (next && (names_same(r, next) || goes_on(s, r, next)))
            continue;
        write_reason(s, first, i);
        first = i + 1;
    }
    if (s->status == WINNOW_OK)
        verdict_join(&s->page->verdicts);
}

int repeat_run(struct page *p, struct winnow_error *err)
{
    struct stage s = {.page = p, .all = p->winnow && p->winnow->options.all_repeats};
    run_headings(&s);
    for (int i = 0; i < ROUNDS_MAX && run_round(&s); i++)
        ;
    if (s.status == WINNOW_OK && s.count > 0)
        write_reasons(&s);
    int status = s.status != WINNOW_OK ? s.status : p->verdicts.status;
    free(s.marked);
    if (status == WINNOW_ENOMEM)
        return err_nomem(err);
    if (status != WINNOW_OK)
        return err_set(err, status, "the page's text grows past 4 GiB when it is normalised; "
                                    "split it");
    return WINNOW_OK;
}
