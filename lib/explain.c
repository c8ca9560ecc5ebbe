/* explain.c - every block of a page, kept or not, and why. */
#include "render.h"

#include <stdio.h>

#include "text.h"

static const char *const kinds[] = {
    [BLOCK_PARAGRAPH] = "paragraph", [BLOCK_HEADING] = "heading", [BLOCK_ITEM] = "item",
    [BLOCK_CELL] = "cell",           [BLOCK_QUOTE] = "quote",     [BLOCK_CODE] = "code",
    [BLOCK_CAPTION] = "caption",     [BLOCK_LINE] = "line",       [BLOCK_UNSHOWN] = "unshown",
};

enum { SHOWN = 72 }; /* characters of a block that are shown */

/* The first characters of bytes start..end, white space folded, "..." where cut. */
static void add_excerpt(const struct page *p, uint32_t start, uint32_t end, struct buf *ret)
{
    struct slice raw = {p->text + start, end - start};
    size_t i = 0, len;
    bool space = false;
    for (unsigned shown = 0; i < raw.len && shown < SHOWN; i += len) {
        if ((len = text_space_len(raw, i)) > 0) {
            space = shown > 0;
            continue;
        }
        text_char(raw, i, &len);
        if (space)
            buf_addc(ret, ' ');
        shown += 1 + space;
        space = false;
        buf_add(ret, raw.p + i, len);
    }
    if (i < raw.len)
        buf_adds(ret, "...");
}

/* What became of a block: '+' kept, '-' removed, '~' some of it. */
static char sign_of(const struct page *p, const struct block *b)
{
    bool kept = false, gone = false;
    for (size_t i = verdict_at(&p->verdicts, b->start); i < p->verdicts.count; i++) {
        const struct span *s = &p->verdicts.spans[i];
        if (s->start >= b->end)
            break;
        kept |= s->verdict == WINNOW_KEPT;
        gone |= s->verdict != WINNOW_KEPT;
    }
    return !gone ? '+' : kept ? '~' : '-';
}

/* The reasons of a block's spans; the places too where only some of it went. */
static void add_reasons(const struct page *p, const struct block *b, char sign, struct buf *ret)
{
    for (size_t i = verdict_at(&p->verdicts, b->start); i < p->verdicts.count; i++) {
        const struct span *s = &p->verdicts.spans[i];
        const char *why = p->verdicts.reasons[s->reason].text;
        if (s->start >= b->end)
            break;
        if (s->verdict == WINNOW_KEPT && !s->protect)
            continue;
        buf_addf(ret, "%28s^ ", "");
        if (sign == '~')
            buf_addf(ret, "%u-%u: ", s->start > b->start ? s->start : b->start,
                     s->end < b->end ? s->end : b->end);
        buf_adds(ret, why);
        if (s->verdict == WINNOW_REPLACED) {
            buf_adds(ret, ", now \"");
            buf_add(ret, s->with.p, s->with.len);
            buf_adds(ret, "\"");
        }
        buf_addc(ret, '\n');
    }
}

/* How the page stands to others of the index: as a whole, and passage by passage. */
static void add_across(const struct page *p, struct buf *ret)
{
    for (size_t i = 0; i < p->nrelations; i++) {
        const struct page_relation *r = &p->relations[i];
        buf_addf(ret, "# %s: %s %s (%u %%%s)\n", r->kind, r->document, r->source, r->share,
                 r->cut ? ", cut short" : "");
    }
    for (size_t i = 0; i < p->nshared; i++) {
        const struct page_shared *s = &p->shared[i];
        buf_addf(ret, "# shared: %u-%u stands in %s %s from byte %u to %u%s\n", s->start, s->end,
                 s->document, s->source, s->other_start, s->other_end,
                 s->cut ? ", cut short" : s->other_cut ? ", cut short there" : "");
    }
}

void explain_text(const struct page *p, struct buf *ret)
{
    for (size_t i = 0; i < p->nmeta; i++)
        buf_addf(ret, "# %s: %s%s%s%s\n", p->meta[i].name, p->meta[i].value,
                 *p->meta[i].from ? "  (" : "", p->meta[i].from, *p->meta[i].from ? ")" : "");
    for (size_t i = 0; i < p->nnotes; i++)
        buf_addf(ret, "# note: %s\n", p->notes[i]);
    add_across(p, ret);
    for (size_t i = 0; i < p->nblocks; i++) {
        const struct block *b = &p->blocks[i];
        char sign = sign_of(p, b);
        char where[32];
        snprintf(where, sizeof where, "%u-%u", b->start, b->end);
        buf_addf(ret, "%c %-15s %-9s ", sign, where, kinds[b->kind]);
        add_excerpt(p, b->start, b->end, ret);
        buf_addc(ret, '\n');
        add_reasons(p, b, sign, ret);
    }
}

/* --- as a web page ------------------------------------------------------------------------ */

static void add_escaped(struct slice s, struct buf *ret)
{
    for (size_t i = 0; i < s.len; i++)
        switch (s.p[i]) {
        case '&':
            buf_adds(ret, "&amp;");
            break;
        case '<':
            buf_adds(ret, "&lt;");
            break;
        case '>':
            buf_adds(ret, "&gt;");
            break;
        case '"':
            buf_adds(ret, "&quot;");
            break;
        default:
            buf_addc(ret, s.p[i]);
        }
}

static void add_span(const struct page *p, const struct block *b, const struct span *s,
                     struct buf *ret)
{
    uint32_t start = s->start > b->start ? s->start : b->start;
    uint32_t end = s->end < b->end ? s->end : b->end;
    const char *element = s->verdict == WINNOW_KEPT ? "span" : "del";
    buf_addf(ret, "<%s title=\"%u-%u ", element, start, end);
    add_escaped(slice_of(p->verdicts.reasons[s->reason].text), ret);
    buf_adds(ret, "\">");
    add_escaped((struct slice){p->text + start, end - start}, ret);
    buf_addf(ret, "</%s>", element);
    if (s->verdict == WINNOW_REPLACED && start == s->start) {
        buf_adds(ret, "<ins>");
        add_escaped(s->with, ret);
        buf_adds(ret, "</ins>");
    }
}

void explain_html(const struct page *p, struct buf *ret)
{
    const char *title = page_get_meta(p, "title");
    buf_adds(ret, "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>");
    add_escaped(slice_of(title ? title : "winnow explain"), ret);
    buf_adds(ret, "</title>\n<style>\n"
                  "body { font: 1rem/1.4 sans-serif; max-width: 60rem; margin: 2rem auto }\n"
                  "p { margin: .3rem 0; white-space: pre-wrap }\n"
                  "del { background: #fdd; color: #933 } ins { background: #ffc }\n"
                  "small { color: #666; font: .75rem monospace }\n"
                  "</style>\n<dl>\n");
    for (size_t i = 0; i < p->nmeta; i++) {
        buf_adds(ret, "<dt><small>");
        add_escaped(slice_of(p->meta[i].name), ret);
        buf_adds(ret, "</small> ");
        add_escaped(slice_of(p->meta[i].value), ret);
        buf_adds(ret, "\n");
    }
    for (size_t i = 0; i < p->nnotes; i++) {
        buf_adds(ret, "<dt><small>note</small> ");
        add_escaped(slice_of(p->notes[i]), ret);
        buf_adds(ret, "\n");
    }
    buf_adds(ret, "</dl>\n");
    for (size_t i = 0; i < p->nblocks; i++) {
        const struct block *b = &p->blocks[i];
        const char *last = NULL;
        buf_addf(ret, "<p><small>%s</small> ", kinds[b->kind]);
        for (size_t k = verdict_at(&p->verdicts, b->start);
             k < p->verdicts.count && p->verdicts.spans[k].start < b->end; k++) {
            const struct span *s = &p->verdicts.spans[k];
            add_span(p, b, s, ret);
            if (s->verdict != WINNOW_KEPT && p->verdicts.reasons[s->reason].text != last) {
                last = p->verdicts.reasons[s->reason].text;
                buf_adds(ret, " <small>");
                add_escaped(slice_of(last), ret);
                buf_adds(ret, "</small>");
            }
        }
        buf_adds(ret, "</p>\n");
    }
}
