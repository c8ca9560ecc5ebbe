/* across.c - the passages of a page that stood in other documents, and which of two
 * documents is a copy of the other.
 *
 * The index proposes documents (across_candidates.c); the judge compares the clean text
 * with theirs, as they were written (judge_across).  Of two documents the one that
 * contains the other stays, then the one that is not cut short, then the one that has
 * more of its own, then the earlier:
 *
 *     the page stands in the other              duplicate-of
 *     the other stands in the page              supersedes
 *     a later one has superseded the page       superseded-by
 *     neither                                   they share passages
 *
 * 1. A page is compared with what came before it, and with nothing else: cleaned again,
 *    it gets the same answer; but that a later, more complete copy is told.
 * 2. What is removed stays in another document.  A page yields to earlier documents that
 *    live, of these to the earliest, and to the one that superseded it; never to one that
 *    was superseded, which itself may yield.  And what a page shares with one that it
 *    supersedes is safe in it from all others: that one may come to yield it.  Numbers
 *    fall along the first kind of step, and the second leads to a page that keeps the
 *    passage: no order of cleaning, and cleaning again, makes a circle in which a passage
 *    is lost from all.
 * 3. The index remembers a text as it was before it yielded anything: which documents are
 *    copies of which does not hang on what was done about it. */
#include "across.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "across_parts.h"
#include "cleaner.h"
#include "err.h"
#include "ranges.h"
#include "text.h"
#include "utf8.h"

enum {
    SAME_DOCUMENT = 50, /* percent of a new version that the older one has too */
    CONTAINED = 90,     /* percent of a text that stands in another: it is contained in it */
    COPY_LEAST = 180,   /* normalised characters: a shorter one is a copy only if it was cut */
    MORE_LEAST = 100,   /* the same: of two equal texts one has so much more */
    SOURCE_MOST = 200,  /* bytes of a source in a reason */
    NAME_SHOWN = 12,    /* digits of a document's name in a reason */
};

struct stage {
    struct page *page;
    struct winnow_index *index;
    struct store_doc own; /* the page's document, as far as it is known */
    bool own_is_known;    /* this version of it was added before */
    struct written written;
    struct candidates candidates;
    bool stripped;
    struct ranges told; /* of the page, what the candidates so far share */
    struct ranges safe; /* what it shares with documents that it supersedes: that is kept */
};

/* --- comparing -------------------------------------------------------------------------- */

static unsigned percent(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (unsigned)(part * 100 / whole) : 0;
}

/* Of two texts that each stand in the other: is the page the one to keep? */
static bool is_better(const struct across *f)
{
    if (f->cut != f->other_cut)
        return f->other_cut;
    return f->weight - f->shared >= f->other_weight - f->other_shared + MORE_LEAST;
}

static void relate(struct candidate *c)
{
    const struct across *f = &c->found;
    bool other_counts = f->other_weight >= COPY_LEAST || f->other_cut;
    c->contained = f->removals.count > 0 && percent(f->shared, f->weight) >= CONTAINED;
    c->contains = f->removals.count > 0 && other_counts &&
                  percent(f->other_shared, f->other_weight) >= CONTAINED;
    c->supersedes = c->contains && (!c->contained || is_better(f));
}

/* A source is a path, or was made by somebody: bytes that need be no UTF-8. */
static const char *show_source(struct page *p, const struct store_doc *doc)
{
    struct slice source = doc->source.len ? doc->source : doc->url;
    struct buf text;
    size_t good;
    buf_init(&text, 3 * source.len + 1);
    utf8_mend(source, false, &text, &good);
    const char *ret = text.status == WINNOW_OK ? arena_copy(&p->arena, buf_slice(&text)) : NULL;
    buf_free(&text);
    return ret;
}

/* A candidate's document; one that is damaged is passed over with a note. */
static int compare(struct stage *s, struct candidate *c, struct winnow_error *err)
{
    char name[33];
    struct store_doc doc;
    struct buf room;
    struct winnow_error damage = {0};
    buf_init(&room, SIZE_MAX / 2);
    int status = store_get(s->index->store, c->number, true, &doc, &room, &damage);
    if (status == WINNOW_OK) {
        index_key_name(&doc.key, name);
        c->document = arena_copy(&s->page->arena, slice_of(name));
        c->source = show_source(s->page, &doc);
        status = c->document && c->source ? judge_across(doc.text, buf_slice(&s->written.text),
                                                         &c->found)
                                          : WINNOW_ENOMEM;
        if (status == WINNOW_OK)
            relate(c);
    }
    buf_free(&room);
    if (status == WINNOW_ENOMEM)
        return err_nomem(err);
    if (status == WINNOW_ELIMIT)
        page_note(s->page, "too long to be compared with document %.*s", NAME_SHOWN, c->document);
    else if (status == WINNOW_EDATA)
        page_note(s->page, "%s", damage.text);
    else if (status != WINNOW_OK)
        return err_set(err, status, "%s", damage.text);
    return WINNOW_OK;
}

/* Those that could not be read say nothing. */
static void drop_unread(struct candidates *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].document)
            c->items[kept++] = c->items[i];
    c->count = kept;
}

/* Documents that the page supersedes, for what they share is kept; those that live; the
 * earliest first, for it is the one that keeps what they share. */
static int by_place_in_order(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->supersedes != y->supersedes)
        return x->supersedes ? -1 : 1;
    if (x->state != y->state)
        return x->state == DOC_LIVE ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

static int compare_all(struct stage *s, struct winnow_error *err)
{
    struct candidates *c = &s->candidates;
    int status = WINNOW_OK;
    for (size_t i = 0; i < c->count && status == WINNOW_OK; i++)
        status = compare(s, &c->items[i], err);
    if (status != WINNOW_OK)
        return status;
    drop_unread(c);
    if (c->count > 0)
        qsort(c->items, c->count, sizeof *c->items, by_place_in_order);
    return status;
}

/* --- what the page is told ------------------------------------------------------------------ */

static void add_relation(struct page *p, struct page_relation r)
{
    struct page_relation *all =
        array_grow(p->relations, &p->relations_cap, p->nrelations + 1, sizeof *all);
    if (!all) {
        p->status = WINNOW_ENOMEM;
        return;
    }
    p->relations = all;
    p->relations[p->nrelations++] = r;
}

static bool is_superseder(const struct stage *s, const struct candidate *c)
{
    return s->own_is_known && s->own.state == DOC_SUPERSEDED && s->own.other == c->number;
}

/* Of many copies the one that has most of the page is named; of equals the earlier, which
 * stands first. */
static const struct candidate *best_copy(const struct candidates *all)
{
    const struct candidate *ret = NULL;
    for (size_t i = 0; i < all->count; i++) {
        const struct candidate *c = &all->items[i];
        if (c->contained && !c->supersedes && (!ret || c->found.shared > ret->found.shared))
            ret = c;
    }
    return ret;
}

static void add_relations(struct stage *s)
{
    const struct candidate *best = best_copy(&s->candidates);
    for (size_t i = 0; i < s->candidates.count; i++) {
        const struct candidate *c = &s->candidates.items[i];
        const struct across *f = &c->found;
        struct page_relation r = {.document = c->document, .source = c->source,
                                  .number = c->number};
        if (is_superseder(s, c)) {
            r.kind = "superseded-by";
            r.share = percent(f->shared, f->weight);
            r.cut = f->cut;
        } else if (c->supersedes) {
            r.kind = "supersedes";
            r.share = percent(f->other_shared, f->other_weight);
            r.cut = f->other_cut;
        } else if (c == best) {
            r.kind = "duplicate-of";
            r.share = percent(f->shared, f->weight);
            r.cut = f->cut;
        } else {
            continue;
        }
        add_relation(s->page, r);
    }
}

/* --- passages --------------------------------------------------------------------------------- */

static void add_shared(struct page *p, struct page_shared shared)
{
    struct page_shared *all = array_grow(p->shared, &p->shared_cap, p->nshared + 1, sizeof *all);
    if (!all) {
        p->status = WINNOW_ENOMEM;
        return;
    }
    p->shared = all;
    p->shared[p->nshared++] = shared;
}

static void strip(struct stage *s, const struct page_shared *shared)
{
    struct page *p = s->page;
    struct slice source = slice_of(*shared->source ? shared->source : "no source");
    source.len = source.len < SOURCE_MOST ? source.len : SOURCE_MOST;
    source.len = utf8_valid_prefix(source);
    const char *text = arena_printf(
        &p->arena, "stands in document %.*s (%.*s) from byte %u to %u%s", NAME_SHOWN,
        shared->document, (int)source.len, source.p, shared->other_start, shared->other_end,
        shared->cut ? ", cut short" : "");
    uint32_t reason = verdict_reason(&p->verdicts, (struct reason){.stage = "across", .text = text});
    verdict_remove(&p->verdicts, shared->start, shared->end, reason);
    s->stripped = true;
}

/* Passages i and the next follow one another in the clean text, as they do there. */
static bool goes_on(const struct stage *s, const struct removals *all, size_t i)
{
    const struct removal *r = &all->items[i], *next = r + 1;
    return i + 1 < all->count && next->start >= r->end &&
           text_is_seam((struct slice){s->written.text.data + r->end, next->start - r->end}) &&
           next->other_start >= r->other_end && next->other_start - r->other_end <= TEXT_SEAM_MOST &&
           next->cut == r->cut && next->other_cut == r->other_cut;
}

static int by_place(const void *a, const void *b)
{
    const struct removal *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

/* May what the page shares with the candidate go in favour of it? */
static bool yields_to(const struct stage *s, const struct candidate *c)
{
    return !c->supersedes && (c->state == DOC_LIVE || is_superseder(s, c));
}

/* From start to end of the clean text, what the candidate has from other_start on. */
static void tell(struct stage *s, const struct candidate *c, const struct removal *first,
                 const struct removal *last)
{
    struct page *p = s->page;
    struct page_shared shared = {.document = c->document, .source = c->source,
                                 .other_start = first->other_start,
                                 .other_end = last->other_end,
                                 .cut = first->cut, .other_cut = first->other_cut};
    if (!written_range(&s->written, first->start, last->end, &shared.start, &shared.end) ||
        ranges_hold(&s->told, shared.start, shared.end))
        return;
    add_shared(p, shared);
    if (p->across == WINNOW_ACROSS_STRIP && yields_to(s, c) &&
        !ranges_touch(&s->safe, shared.start, shared.end))
        strip(s, &shared);
}

/* What this candidate shares counts for the next ones: a passage never meets its own. */
static void remember_told(struct stage *s, const struct candidate *c, size_t before)
{
    struct page *p = s->page;
    int status = WINNOW_OK;
    for (size_t i = before; i < p->nshared && status == WINNOW_OK; i++) {
        status = ranges_add(&s->told, p->shared[i].start, p->shared[i].end);
        if (c->supersedes && status == WINNOW_OK)
            status = ranges_add(&s->safe, p->shared[i].start, p->shared[i].end);
    }
    ranges_settle(&s->told);
    ranges_settle(&s->safe);
    if (status != WINNOW_OK)
        p->status = status;
}

static void tell_all(struct stage *s, struct candidate *c)
{
    struct removals *all = &c->found.removals;
    size_t before = s->page->nshared;
    if (all->count > 0)
        qsort(all->items, all->count, sizeof *all->items, by_place);
    for (size_t i = 0, first = 0; i < all->count; i++) {
        if (goes_on(s, all, i))
            continue;
        tell(s, c, &all->items[first], &all->items[i]);
        first = i + 1;
    }
    remember_told(s, c, before);
}

/* White space between two passages that go, goes too. */
static void join_stripped(struct page *p)
{
    for (size_t i = 0; i + 1 < p->nshared && p->across == WINNOW_ACROSS_STRIP; i++) {
        const struct page_shared *a = &p->shared[i], *b = a + 1;
        if (b->start > a->end &&
            text_is_blank((struct slice){p->text + a->end, b->start - a->end})) {
            size_t at = verdict_at(&p->verdicts, a->start), next = verdict_at(&p->verdicts, b->start);
            if (p->verdicts.spans[at].verdict == WINNOW_REMOVED &&
                p->verdicts.spans[next].verdict == WINNOW_REMOVED)
                verdict_remove(&p->verdicts, a->end, b->start, p->verdicts.spans[at].reason);
        }
    }
}

/* --- the stage --------------------------------------------------------------------------------- */

/* How much of the page stood in the version of it that the index has, in percent. */
static int compare_version(struct stage *s, unsigned *ret, struct winnow_error *err)
{
    struct across found = {.weight = 0};
    struct store_doc doc;
    struct buf room;
    buf_init(&room, SIZE_MAX / 2);
    int status = store_get(s->index->store, s->own.number, true, &doc, &room, err);
    if (status == WINNOW_OK)
        status = judge_across(doc.text, buf_slice(&s->written.text), &found);
    if (status == WINNOW_OK)
        *ret = percent(found.shared, found.weight);
    free(found.removals.items);
    buf_free(&room);
    return status == WINNOW_ENOMEM ? err_nomem(err) : status;
}

/* The page's place in the order of documents.  A version that keeps half of the older one
 * keeps its place: else a page with a new date would be a copy of its own copies.  One that
 * says something else is a new document under an old name. */
static int find_place(struct stage *s, struct winnow_error *err)
{
    unsigned share = 0;
    int status = WINNOW_OK;
    if (s->own_is_known)
        return WINNOW_OK;
    if (s->own.state == DOC_LIVE || s->own.state == DOC_SUPERSEDED)
        status = compare_version(s, &share, err);
    if (status == WINNOW_EDATA || status == WINNOW_ELIMIT)
        status = WINNOW_OK; /* damaged, or too long: then it is a new one */
    if (share < SAME_DOCUMENT)
        s->own.first = UINT32_MAX;
    else
        s->page->first = s->own.first;
    s->own.state = DOC_NONE; /* what superseded the older version has not seen this one */
    return status;
}

/* Which document the page is, and whether just this version of it was added before. */
static int find_own(struct stage *s, struct buf *room, struct winnow_error *err)
{
    char name[33], content[33];
    struct page *p = s->page;
    struct doc_key key = index_key(p);
    int status = index_find(s->index, p, &s->own, room, err);
    if (status != WINNOW_OK)
        return status;
    index_key_name(&s->own.content, content);
    s->own_is_known = s->own.state != DOC_NONE &&
                      (s->own.state == DOC_STUB || strcmp(content, p->id) == 0);
    s->own.key = key;
    index_key_name(&key, name);
    if (!(p->document = arena_copy(&p->arena, slice_of(name))))
        return err_nomem(err);
    return WINNOW_OK;
}

static int run(struct stage *s, struct winnow_error *err)
{
    struct page *p = s->page;
    int status = find_place(s, err);
    if (status == WINNOW_OK)
        status = index_ask(s->index, buf_slice(&s->written.text), err);
    if (status == WINNOW_OK)
        status = candidates_choose(s->index, &s->own, &s->candidates, err);
    if (status == WINNOW_OK)
        status = compare_all(s, err);
    if (status != WINNOW_OK)
        return status;
    index_note_damage(s->index, p);
    add_relations(s);
    for (size_t i = 0; i < s->candidates.count; i++)
        tell_all(s, &s->candidates.items[i]);
    if (verdict_settle(&p->verdicts) != WINNOW_OK)
        return err_nomem(err);
    join_stripped(p);
    if (s->stripped) { /* the index remembers the whole, so that it knows the next copy */
        p->unstripped = s->written.text;
        buf_init(&s->written.text, 0);
    }
    return verdict_settle(&p->verdicts) == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}

int across_run(struct page *p, struct winnow_error *err)
{
    struct stage s = {.page = p, .index = p->winnow->index};
    struct buf room;
    if (!s.index)
        return WINNOW_OK;
    p->has_index = true;
    if (p->winnow->use.across != WINNOW_ACROSS_AS_RECORDED)
        p->across = p->winnow->use.across;
    buf_init(&room, UINT32_MAX);
    int status = find_own(&s, &room, err);
    if (status == WINNOW_OK && p->across != WINNOW_ACROSS_OFF) {
        status = written_make(p, true, &s.written) == WINNOW_OK ? run(&s, err) : err_nomem(err);
        candidates_free(&s.candidates);
        written_free(&s.written);
        ranges_free(&s.told);
        ranges_free(&s.safe);
    }
    buf_free(&room);
    return status;
}
