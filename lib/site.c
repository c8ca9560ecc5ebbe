/* site.c - the stage: counts the lines of a page for its site, marks those that are the
 * site's.
 *
 * Counting (site_delta.c) and marking see the page alike (site_view.c), and what is marked
 * follows from the table and this page alone (site_judge.c). */
#include "site.h"

#include <string.h>

#include "err.h"
#include "site_delta.h"

enum { FEW_DOCUMENTS = 8 /* of a site: what is shared may still be one text in versions */ };

/* --- counting --------------------------------------------------------------------------------- */

static int fail(int status, struct winnow_error *err)
{
    if (status == WINNOW_OK)
        return status;
    if (status == WINNOW_ENOMEM)
        return err_nomem(err);
    return err_set(err, status, "the page's text grows past 4 GiB when it is normalised; split it");
}

int site_learn_delta(struct site_table *t, const struct page *p, struct buf *delta,
                     bool *ret_counted, struct winnow_error *err)
{
    struct view v;
    struct site_delta d = {.count = 0};
    bool counted = false;
    int status = view_make(p, &v);
    if (status == WINNOW_OK)
        status = site_delta_make(&v, &d);
    if (status == WINNOW_OK)
        status = site_delta_count(&d, t, &counted);
    if (counted && status == WINNOW_OK)
        status = site_delta_see_slots(&d, &v, t);
    if (delta && status == WINNOW_OK) {
        site_delta_write(&d, delta);
        status = delta->status;
    }
    site_delta_free(&d);
    view_free(&v);
    if (status == WINNOW_OK)
        *ret_counted = counted;
    return fail(status, err);
}

int site_learn(struct site_table *t, const struct page *p, bool *ret_counted,
               struct winnow_error *err)
{
    return site_learn_delta(t, p, NULL, ret_counted, err);
}

/* The table may have changed since the page was read: whether it is a copy is decided anew. */
int site_add_delta(struct site_table *t, struct slice delta, struct winnow_error *err)
{
    struct site_delta d;
    bool counted = false;
    int status = site_delta_read(delta, &d);
    if (status == WINNOW_EDATA)
        return err_set(err, status, "what is told of a site does not fit together");
    if (status == WINNOW_OK) {
        status = site_delta_count(&d, t, &counted);
        if (counted && status == WINNOW_OK)
            site_delta_count_slots(&d, t);
        site_delta_free(&d);
    }
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
