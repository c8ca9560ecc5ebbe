/* winnow.c - the public functions: thin, over clean.c, page.h and the rules. */
#include "winnow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clean.h"
#include "cleaner.h"
#include "err.h"
#include "index.h"
#include "page_public.h"
#include "record.h"
#include "render.h"
#include "rules.h"

#ifndef WINNOW_VERSION
#define WINNOW_VERSION "unreleased"
#endif

enum { BYTES_MOST = 1u << 31 }; /* offsets are 32 bits, with room to add */

static const struct winnow_limits defaults = {
    .max_bytes = 64 * 1024 * 1024,
    .max_nodes = 2000000,
    .max_depth = 512,
    .max_attrs = 256,
};

static struct winnow_limits with_defaults(struct winnow_limits l)
{
    l.max_bytes = l.max_bytes ? l.max_bytes : defaults.max_bytes;
    l.max_nodes = l.max_nodes ? l.max_nodes : defaults.max_nodes;
    l.max_depth = l.max_depth ? l.max_depth : defaults.max_depth;
    l.max_attrs = l.max_attrs ? l.max_attrs : defaults.max_attrs;
    return l;
}

/* The cleaner's own copy, which winnow_free frees. */
static bool take_options(struct winnow *w, const struct winnow_options *options)
{
    if (!options)
        return true;
    w->options = *options;
    w->options.cache = options->cache ? strdup(options->cache) : NULL;
    return !options->cache || w->options.cache;
}

int winnow_new(const struct winnow_options *options, struct winnow **ret, struct winnow_error *err)
{
    parser_init(); /* before the caller's threads are many */
    struct winnow *w = calloc(1, sizeof *w);
    if (!w)
        return err_nomem(err);
    pthread_mutex_init(&w->lock, NULL);
    if (!take_options(w, options)) {
        winnow_free(w);
        return err_nomem(err);
    }
    w->limits = with_defaults(w->options.limits);
    w->parser = parser_at(0);
    if (w->limits.max_bytes > BYTES_MOST || w->limits.max_depth > 4096 ||
        w->limits.max_attrs > 10000 || w->limits.max_nodes > BYTES_MOST) {
        winnow_free(w);
        return err_set(err, WINNOW_EUSAGE,
                       "a limit is too large; the most is 2 GiB a page, 2^31 nodes, 4096 "
                       "levels, 10000 attributes");
    }
    if (!(w->rules = rules_new())) {
        winnow_free(w);
        return err_nomem(err);
    }
    *ret = w;
    return WINNOW_OK;
}

void winnow_free(struct winnow *w)
{
    if (!w)
        return;
    rules_release(w->rules);
    rule_file_free(w->only);
    charset_release(w->converters);
    pthread_mutex_destroy(&w->lock);
    free((char *)w->options.cache);
    free(w);
}

int winnow_prepare(struct winnow *w, struct winnow_error *err)
{
    return w->converters ? WINNOW_OK : charset_hold_all(&w->converters, err);
}

int winnow_clean(struct winnow *w, const struct winnow_input *in, struct winnow_page **ret,
                 struct winnow_error *err)
{
    struct winnow_page *page = malloc(sizeof *page);
    if (!page)
        return err_nomem(err);
    page_init(&page->page, w, in);
    int status = clean_run(&page->page, err);
    page->page.in = NULL;
    if (status == WINNOW_OK)
        *ret = page;
    else
        winnow_page_free(page);
    return status;
}

int winnow_learn(struct winnow *w, const struct winnow_input *in, struct winnow_error *err)
{
    struct page page;
    page_init(&page, w, in);
    int status = clean_learn(&page, err);
    page_end(&page);
    return status;
}

/* Does the index know the document of a record that was made with one? */
static int expect_known(const struct page *p, struct winnow_error *err)
{
    struct store_doc doc = {.state = DOC_LIVE};
    struct buf room;
    buf_init(&room, UINT32_MAX);
    int status = WINNOW_OK;
    if (p->winnow->index && p->document)
        status = index_find(p->winnow->index, p, &doc, &room, err);
    buf_free(&room);
    if (status == WINNOW_OK && doc.state == DOC_NONE)
        status = err_set(err, WINNOW_EUSAGE,
                         "the index does not know this page's document; give the index that it was "
                         "cleaned with, or clean the page again");
    return status;
}

int winnow_reclean(struct winnow *w, const char *record, size_t len, struct winnow_page **ret,
                   struct winnow_error *err)
{
    struct winnow_input from = {0}; /* what the record tells of its input */
    struct winnow_page *page = malloc(sizeof *page);
    if (!page)
        return err_nomem(err);
    page_init(&page->page, w, &from);
    int status = record_load(&page->page, (struct slice){record, len}, err);
    from.source = page->page.source;
    if (status == WINNOW_OK)
        status = expect_known(&page->page, err);
    if (status == WINNOW_OK)
        status = clean_again(&page->page, err);
    page->page.in = NULL;
    if (status == WINNOW_OK)
        *ret = page;
    else
        winnow_page_free(page);
    return status;
}

void winnow_page_free(struct winnow_page *page)
{
    if (!page)
        return;
    page_end(&page->page);
    free(page);
}

int winnow_render(const struct winnow_page *page, enum winnow_format format,
                  winnow_write_fn *write, void *ctx, struct winnow_error *err)
{
    return render_page(&page->page, format, write, ctx, err);
}

const char *winnow_page_text(const struct winnow_page *page, size_t *len)
{
    *len = page->page.text_len;
    return page->page.text;
}

size_t winnow_page_spans(const struct winnow_page *page)
{
    return page->page.verdicts.count;
}

struct winnow_span winnow_page_span(const struct winnow_page *page, size_t i)
{
    const struct verdicts *v = &page->page.verdicts;
    if (i >= v->count)
        return (struct winnow_span){0};
    const struct span *s = &v->spans[i];
    const struct reason *r = &v->reasons[s->reason];
    return (struct winnow_span){
        .start = s->start,
        .end = s->end,
        .verdict = (enum winnow_verdict)s->verdict,
        .stage = r->stage,
        .reason = r->text,
        .with = s->with.p,
        .with_len = s->with.len,
        .other_start = r->other_start,
        .other_end = r->other_end,
    };
}

struct winnow_shared winnow_page_shared(const struct winnow_page *page, size_t i)
{
    if (i >= page->page.nshared)
        return (struct winnow_shared){0};
    const struct page_shared *s = &page->page.shared[i];
    return (struct winnow_shared){
        .document = s->document,
        .source = s->source,
        .start = s->start,
        .end = s->end,
        .other_start = s->other_start,
        .other_end = s->other_end,
        .cut = s->cut,
        .other_cut = s->other_cut,
    };
}

struct winnow_relation winnow_page_relation(const struct winnow_page *page, size_t i)
{
    if (i >= page->page.nrelations)
        return (struct winnow_relation){0};
    const struct page_relation *r = &page->page.relations[i];
    return (struct winnow_relation){.kind = r->kind, .document = r->document,
                                    .source = r->source, .share = r->share, .cut = r->cut};
}

const char *winnow_page_meta(const struct winnow_page *page, size_t i, const char **value,
                             const char **from)
{
    if (i >= page->page.nmeta)
        return NULL;
    const struct meta_item *item = &page->page.meta[i];
    *value = item->value;
    if (from)
        *from = item->from;
    return item->name;
}

const char *winnow_page_note(const struct winnow_page *page, size_t i)
{
    return i < page->page.nnotes ? page->page.notes[i] : NULL;
}

const char *winnow_page_stage(const struct winnow_page *page, size_t i, uint64_t *ns)
{
    const char *name = clean_stage_name(i);
    if (name && ns)
        *ns = page->page.stage_ns[i];
    return name;
}

const char *winnow_version(void)
{
    return "winnow " WINNOW_VERSION;
}

const char *winnow_parser(void)
{
    return parser_at(0)->name;
}
