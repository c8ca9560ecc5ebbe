/* site.c - the stage: counts the lines of a page for its site, marks those that are the
 * site's.
 *
 * Counting and marking see the page alike (site_view.c), and what is marked follows from the
 * table and this page alone (site_judge.c). */
#include "site.h"

#include <string.h>

#include "err.h"
#include "site_parts.h"

enum {
    NEW_LEAST = 100,    /* normalised characters; a page that brings less is a copy */
    PROSE_LEAST = 100,  /* the same, of a line that is no label */
    PAGE_LINES = 16384, /* counted of a page: half from its head, half from its tail */
    FEW_DOCUMENTS = 8,  /* of a site: what is shared may still be one text in versions */
    WORDS_SHARE = 4,    /* a line's words are stored once every fourth document carries it */
    VOTE_LOOKS = 64,    /* at lines of the same text, for their neighbours */
    TITLE_PARTS = 4,    /* lines of a page that may be its title's heading */
};

/* --- counting --------------------------------------------------------------------------------- */

static bool is_counted(const struct view *v, size_t i)
{
    return i < PAGE_LINES / 2 || v->count - i <= PAGE_LINES / 2;
}

/* A copy brings nothing new; so does a page of the template alone.  A later version brings
 * something, but more of its prose is known from one document alone. */
static bool is_copy(const struct view *v, const struct site_table *t)
{
    uint64_t fresh = 0, prose = 0;
    for (size_t i = 0, end; i < v->count; i = end) {
        const struct vline *line = &v->items[v->sorted[i]];
        const struct site_line *known = site_table_find(t, line->hash);
        end = view_equals_end(v, i);
        fresh += known ? 0 : line->weight;
        prose += known && known->count == 1 && line->weight >= PROSE_LEAST ? line->weight : 0;
    }
    return fresh < NEW_LEAST || (t->documents > 1 && prose / 2 > fresh);
}

/* What line i stands beside, and how many documents have that. */
struct neighbour {
    uint32_t name, known;
};

static struct neighbour neighbour_of(const struct view *v, size_t i, bool after,
                                     const struct site_table *t)
{
    if (after ? i + 1 == v->count : i == 0)
        return (struct neighbour){after ? BESIDE_END : BESIDE_START, t->documents};
    uint64_t hash = v->items[after ? i + 1 : i - 1].hash;
    const struct site_line *line = site_table_find(t, hash);
    return (struct neighbour){beside_name(hash), line ? line->count : 0};
}

/* Votes for the neighbour that a line has most often on this page; of several for the one
 * that leads already, or that most pages have: that of the menu, not that of a heading. */
static void vote(const struct view *v, size_t from, size_t end, bool after,
                 const struct site_table *t, struct beside *ret)
{
    struct neighbour all[VOTE_LOOKS], best = {0, 0};
    size_t count = end - from < VOTE_LOOKS ? end - from : VOTE_LOOKS, most = 0;
    for (size_t i = 0; i < count; i++)
        all[i] = neighbour_of(v, v->sorted[from + i], after, t);
    for (size_t i = 0; i < count; i++) {
        size_t times = 0;
        for (size_t k = 0; k < count; k++)
            times += all[k].name == all[i].name;
        bool wins_tie =
            best.name != ret->name && (all[i].name == ret->name || all[i].known > best.known);
        if (times > most || (times == most && wins_tie)) {
            most = times;
            best = all[i];
        }
    }
    beside_vote(ret, best.name);
}

/* Counts a line for the document that is being learned, once; NULL: no memory. */
static struct site_line *count_line(struct site_table *t, uint64_t hash)
{
    uint32_t document = t->documents + 1;
    struct site_line *line = site_table_add(t, hash);
    if (!line || (line->count > 0 && line->last == document))
        return line;
    if (line->count++ == 0)
        line->first = document;
    line->last = document;
    return line;
}

static const char *name_of(const struct page *p)
{
    return p->url ? p->url : p->source ? p->source : p->in ? p->in->name : NULL;
}

static int count_equals(const struct view *v, size_t from, size_t end, struct site_table *t)
{
    size_t first = v->sorted[from];
    struct site_line *line = count_line(t, v->items[first].hash);
    if (!line)
        return WINNOW_ENOMEM;
    if (line->count < 2)
        return WINNOW_OK; /* the blob holds no more of it than that */
    vote(v, from, end, false, t, &line->before);
    vote(v, from, end, true, t, &line->after);
    if (line->words_len > 0 || line->count < t->documents / WORDS_SHARE)
        return WINNOW_OK;
    line->example = site_table_example(t, name_of(v->page));
    return site_table_set_words(t, line, view_words(v, first));
}

static int count_title(const struct view *v, struct site_table *t)
{
    size_t parts = 0;
    for (size_t i = 1; i < v->count && parts < TITLE_PARTS; i++) {
        uint64_t rest = view_title_rest(v, i);
        if (rest && !count_line(t, rest))
            return WINNOW_ENOMEM;
        parts += rest != 0;
    }
    return WINNOW_OK;
}

static int count_lines(const struct view *v, struct site_table *t)
{
    int status = WINNOW_OK;
    for (size_t i = 0, end; i < v->count && status == WINNOW_OK; i = end) {
        end = view_equals_end(v, i);
        if (is_counted(v, v->sorted[i]))
            status = count_equals(v, i, end, t);
    }
    if (status == WINNOW_OK)
        status = count_title(v, t);
    return status == WINNOW_OK ? site_table_end_document(t) : status;
}

/* --- counting slots ----------------------------------------------------------------------------- */

static struct site_slot *slot_for(struct site_table *t, uint64_t before, uint64_t after, bool add)
{
    struct site_slot *rarest = &t->slots[0];
    for (size_t i = 0; i < t->nslots; i++) {
        if (t->slots[i].before == before && t->slots[i].after == after)
            return &t->slots[i];
        if (t->slots[i].echoes < rarest->echoes)
            rarest = &t->slots[i];
    }
    if (!add || (t->nslots == SITE_SLOTS && rarest->echoes > 1))
        return NULL;
    struct site_slot *ret = t->nslots < SITE_SLOTS ? &t->slots[t->nslots++] : rarest;
    *ret = (struct site_slot){.before = before, .after = after};
    return ret;
}

/* Where the pages of the site echo themselves: for a rule file to say it. */
static int count_slots(struct view *v, struct site_table *t)
{
    int status = view_judge(v, t, false);
    for (size_t i = 0; i < v->nslots && status == WINNOW_OK; i++) {
        const struct slot *slot = &v->slots[i];
        size_t first = slot->first + slot->label;
        uint64_t before = first > 0 ? v->items[first - 1].hash : 0;
        uint64_t after = slot->last < v->count ? v->items[slot->last].hash : 0;
        struct site_slot *known = slot_for(t, before, after, slot->echo);
        if (!known)
            continue;
        known->echoes += slot->echo;
        known->others += !slot->echo;
        if (slot->echo && slot->last - first > known->lines)
            known->lines = (uint32_t)(slot->last - first);
    }
    return status;
}

static int fail(int status, struct winnow_error *err)
{
    if (status == WINNOW_OK)
        return status;
    if (status == WINNOW_ENOMEM)
        return err_nomem(err);
    return err_set(err, status, "the page's text grows past 4 GiB when it is normalised; split it");
}

int site_learn(struct site_table *t, const struct page *p, bool *ret_counted,
               struct winnow_error *err)
{
    struct view v;
    int status = view_make(p, &v);
    bool counted = status == WINNOW_OK && !is_copy(&v, t);
    if (counted)
        status = count_lines(&v, t);
    if (counted && status == WINNOW_OK)
        status = count_slots(&v, t);
    view_free(&v);
    if (status == WINNOW_OK)
        *ret_counted = counted;
    return fail(status, err);
}

/* --- marking ------------------------------------------------------------------------------------ */

/* The site as a reader knows it: without "folder". */
static const char *site_words(const struct page *p)
{
    return p->host ? p->host : "its folder";
}

static uint32_t reason_for(struct page *p, const char *text)
{
    if (!text)
        p->status = WINNOW_ENOMEM;
    return text ? verdict_reason(&p->verdicts, (struct reason){.stage = "site", .text = text}) : 0;
}

static uint32_t share_reason(struct page *p, const struct site_share *share)
{
    return reason_for(p,
                      arena_printf(&p->arena, "shared by %u of %u pages%s of %s", share->count,
                                   share->of, share->in_a_row ? " in a row" : "", site_words(p)));
}

static bool same_share(const struct site_share *a, const struct site_share *b)
{
    return a->count == b->count && a->of == b->of && a->in_a_row == b->in_a_row;
}

/* Neighbours whose reasons have the same words share one. */
static void mark(struct page *p, const struct view *v)
{
    const struct site_share *before = NULL;
    uint32_t reason = 0, echo = 0;
    for (size_t i = 0; i < v->count && p->status == WINNOW_OK; i++) {
        const struct vline *line = &v->items[i];
        const struct block *b = &p->blocks[line->block];
        if (line->in_place) {
            if (!before || !same_share(before, &line->share))
                reason = share_reason(p, &line->share);
            before = &line->share;
            verdict_remove(&p->verdicts, b->start, b->end, reason);
        } else if (v->slots[line->slot].echo) {
            if (!echo)
                echo =
                    reason_for(p, arena_printf(&p->arena,
                                               "says again, between lines that the "
                                               "pages of %s share, what this page says elsewhere",
                                               site_words(p)));
            verdict_remove(&p->verdicts, b->start, b->end, echo);
        }
    }
}

/* Of a few documents all may be versions of one text: then what they share is prose, and
 * more than what this page has of its own. */
static bool is_risky(const struct view *v, uint32_t documents)
{
    uint64_t prose = 0, own = 0;
    for (size_t i = 0; i < v->count; i++) {
        const struct vline *line = &v->items[i];
        own += line->in_place ? 0 : line->weight;
        prose += line->in_place && line->weight >= PROSE_LEAST ? line->weight : 0;
    }
    return documents < FEW_DOCUMENTS && prose > own;
}

int site_run(struct page *p, const struct site_table *t, bool counted, struct winnow_error *err)
{
    struct view v;
    int status = view_make(p, &v);
    if (status == WINNOW_OK)
        status = view_judge(&v, t, !counted);
    bool risky = status == WINNOW_OK && is_risky(&v, t->documents + !counted);
    if (status == WINNOW_OK && v.nslots > 0 && !risky)
        mark(p, &v);
    else if (status == WINNOW_OK && v.count > 0)
        page_note(p, "%s of this page is shared by the pages of %s; it was left as it is",
                  risky ? "most" : "all", site_words(p));
    if (status == WINNOW_OK)
        status = verdict_settle(&p->verdicts);
    view_free(&v);
    return fail(status == WINNOW_OK ? p->status : status, err);
}

/* --- names -------------------------------------------------------------------------------------- */

void site_name(const struct page *p, struct buf *ret)
{
    const char *path = p->in ? p->in->source : NULL;
    if (p->host) {
        buf_adds(ret, p->host);
        return;
    }
    if (!path || path[0] != '/')
        path = p->in ? p->in->name : NULL;
    const char *slash = path ? strrchr(path, '/') : NULL;
    if (!slash)
        return;
    buf_adds(ret, "folder ");
    buf_add(ret, path, slash > path ? (size_t)(slash - path) : 1);
}
