/* clean.c - the way of a page: start reading here.
 *
 * Each stage is a line of the table.  No stage calls another, and none deletes:
 * up to "blocks" a page becomes one text and an array of blocks over it, and from
 * there on stages mark ranges of that text with a verdict and a reason. */
#include "clean.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "across.h"
#include "blocks.h"
#include "cleaner.h"
#include "decode.h"
#include "err.h"
#include "hash.h"
#include "index.h"
#include "input.h"
#include "lines.h"
#include "meta.h"
#include "parse.h"
#include "record.h"
#include "repair.h"
#include "repeat.h"
#include "rules.h"
#include "site.h"
#include "url.h"
#include "xpath.h"

/* What a page may take beside its text and tree: reasons, notes, values. */
enum { ARENA_MOST = 64 * 1024 * 1024 };

static int open_input(struct page *p, struct winnow_error *err)
{
    int status = input_open(p->in, p->limits.max_bytes, &p->unpacked, &p->bytes, err);
    if (status == WINNOW_OK)
        hash_name(p->bytes, p->id);
    return status;
}

static int decode_run(struct page *p, struct winnow_error *err)
{
    struct decoded d;
    int status = decode(p->bytes, p->in->charset, p->in->kind, p->limits.max_bytes, &p->decoded,
                        &d, err);
    if (status != WINNOW_OK)
        return status;
    p->utf8 = d.text;
    p->kind = input_kind(d.text, p->in->kind);
    page_meta(p, "charset", slice_of(d.charset), d.from);
    if (strcmp(d.from, "detector") == 0)
        page_note(p, "no charset is declared that fits; read as %s by the look of it", d.charset);
    if (strcmp(d.from, "fallback") == 0)
        page_note(p, "no charset is declared and none was recognised; read as %s", d.charset);
    if (d.replaced > 0)
        page_note(p, "%zu sequences are no valid %s and became U+FFFD", d.replaced, d.charset);
    if (d.nuls > 0)
        page_note(p, "%zu NUL characters were left out", d.nuls);
    return WINNOW_OK;
}

static int rewrite_run(struct page *p, struct winnow_error *err)
{
    rules_clock_start(p);
    int status = rules_match_source(p, err);
    if (status == WINNOW_OK)
        status = rules_rewrite(p, err);
    rules_clock_stop(p);
    return status;
}

/* A dump's text may be a slice of the caller's bytes: the page keeps its own. */
static int keep_text(struct page *p)
{
    struct buf *own = p->rewritten.data ? &p->rewritten : p->decoded.data ? &p->decoded
                                                                          : &p->unpacked;
    if (own->data && p->utf8.p >= own->data && p->utf8.p <= own->data + own->len)
        return WINNOW_OK;
    buf_init(&p->decoded, p->limits.max_bytes);
    buf_add(&p->decoded, p->utf8.p, p->utf8.len);
    p->utf8 = buf_slice(&p->decoded);
    return p->decoded.status;
}

static int parse_run(struct page *p, struct winnow_error *err)
{
    struct slice text = p->utf8;
    if (p->kind == WINNOW_KIND_HTML) {
        int status = parse_html(p->winnow->parser, p->utf8, &p->limits, &p->tree, err);
        p->has_tree = true; /* to be freed, whatever became of it */
        if (status != WINNOW_OK)
            return status;
        text = buf_slice(&p->tree.text);
        if (p->tree.flattened > 0)
            page_note(p, "%zu elements are nested deeper than %u; their text is kept, as if it "
                         "stood at that depth", p->tree.flattened, p->limits.max_depth);
        if (p->tree.unnested > 0)
            page_note(p, "%zu tags made the page too costly to nest and were left out; their text "
                         "is kept", p->tree.unnested);
        if (p->tree.attrs_dropped > 0)
            page_note(p, "%zu attributes beyond the first %u of an element were left out",
                      p->tree.attrs_dropped, p->limits.max_attrs);
    } else {
        if (keep_text(p) != WINNOW_OK)
            return err_nomem(err);
        text = p->utf8;
    }
    p->text = text.p;
    p->text_len = (uint32_t)text.len;
    return verdict_init(&p->verdicts, p->text_len) == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}

/* Rules that know the page by its text see all of it, those on lines what rules on
 * elements have left. */
static int apply_rules(struct page *p, struct lines *lines, struct winnow_error *err)
{
    int status = rules_match_text(p, lines, err);
    if (status == WINNOW_OK && p->has_tree)
        status = rules_apply_tree(p, err);
    if (status != WINNOW_OK || !rules_has_lines(p))
        return status;
    if (p->has_tree) {
        lines_free(lines);
        if (lines_make(p, lines) != WINNOW_OK)
            return err_nomem(err);
    }
    return rules_apply_lines(p, lines, err);
}

static int rules_run(struct page *p, struct winnow_error *err)
{
    struct lines lines;
    rules_clock_start(p);
    p->shown = page_shown(p, 0, p->text_len);
    int status = lines_make(p, &lines) == WINNOW_OK ? apply_rules(p, &lines, err) : err_nomem(err);
    lines_free(&lines);
    rules_clock_stop(p);
    if (status == WINNOW_OK)
        rules_measure(p);
    return status;
}

static int name_site(struct page *p, struct winnow_error *err)
{
    struct buf name;
    buf_init(&name, UINT32_MAX);
    site_name(p, &name);
    int status = name.status;
    if (status == WINNOW_OK && name.len > 0 && !(p->site = arena_copy(&p->arena, buf_slice(&name))))
        status = WINNOW_ENOMEM;
    buf_free(&name);
    return status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}

/* What the site's pages share.  A page is one of them: it counts before it is judged. */
static int site_stage(struct page *p, struct winnow_error *err)
{
    struct winnow_index *index = p->winnow->index;
    struct site_table *table;
    struct store_doc own;
    struct buf room;
    if (!index)
        return WINNOW_OK;
    int status = name_site(p, err);
    if (status == WINNOW_OK)
        status = index_learn(index, p, err);
    if (status != WINNOW_OK || p->winnow->use.no_site)
        return status;
    buf_init(&room, UINT32_MAX);
    status = index_find(index, p, &own, &room, err);
    if (status == WINNOW_OK)
        status = index_site(index, p, &table, err);
    if (status == WINNOW_OK && table)
        status = site_run(p, table, own.state != DOC_NONE, err);
    buf_free(&room);
    return status;
}

static int repair_stage(struct page *p, struct winnow_error *err)
{
    if (p->from_record)
        return record_repair(p) == WINNOW_OK ? WINNOW_OK : err_nomem(err);
    rules_clock_start(p);
    int status = repair_run(p, err);
    rules_clock_stop(p);
    if (status == WINNOW_OK && record_keep_repairs(p) != WINNOW_OK)
        status = err_nomem(err);
    return status;
}

static int repeat_stage(struct page *p, struct winnow_error *err)
{
    return p->winnow->options.keep_repeats ? WINNOW_OK : repeat_run(p, err);
}

/* Repairs can make passages equal that were not. */
static int repeat_again(struct page *p, struct winnow_error *err)
{
    return p->repaired ? repeat_stage(p, err) : WINNOW_OK;
}

static const struct stage {
    const char *name;
    int (*run)(struct page *p, struct winnow_error *err);
} stages[] = {
    {"input", open_input},     /* gzip or plain -> the page's bytes, bounded */
    {"decode", decode_run},    /* any charset -> UTF-8; HTML or a dump? */
    {"url", url_run},          /* where it came from, which site */
    {"rewrite", rewrite_run},  /* rules of the site: strings replaced in the HTML */
    {"parse", parse_run},      /* HTML -> tree; the page's text stands from here on */
    {"blocks", blocks_run},    /* tree or lines -> blocks over the text */
    {"rules", rules_run},      /* what rule files say about elements and lines */
    {"meta", meta_run},        /* title, author, date, language */
    {"site", site_stage},      /* lines that this site's other pages share */
    {"repeat", repeat_stage},  /* passages that stand twice, or once cut short */
    {"across", across_run},    /* passages that stood in an earlier document */
    {"repair", repair_stage},    /* split words joined */
    {"again", repeat_again},   /* passages that stand twice now that they are mended */
};

enum { STAGES = sizeof stages / sizeof *stages };

/* A page that is only learned is done before it, one that is cleaned again begins with it. */
static const char first_on_text[] = "site", last_that_compares[] = "across";

_Static_assert(STAGES <= sizeof((struct page){0}.stage_ns) / sizeof(uint64_t),
               "stage_ns has a place for every stage");

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A page of which nothing is left is never emptied in silence. */
static void note_if_empty(struct page *p)
{
    bool shown = false;
    for (size_t i = 0; i < p->nblocks; i++) {
        if (p->blocks[i].kind != BLOCK_UNSHOWN && page_block_kept(p, &p->blocks[i]))
            return;
        shown |= p->blocks[i].kind != BLOCK_UNSHOWN;
    }
    if (shown)
        page_note(p, "%s", record_emptied);
    else if (p->from_record)
        return; /* its notes say so already */
    else if (p->text_len > 0 && p->kind == WINNOW_KIND_HTML && !p->rewritten.data)
        page_note(p, "this page shows no text: what it holds is for scripts");
    else if (p->rewritten.data)
        page_note(p, "nothing of this page is shown; replace_string lines have changed its HTML");
}

static size_t stage_at(const char *name)
{
    size_t i = 0;
    while (i < STAGES && strcmp(stages[i].name, name) != 0)
        i++;
    return i;
}

static int run_stages(struct page *p, size_t first, size_t end, struct winnow_error *err)
{
    uint64_t before = now_ns();
    for (size_t i = first; i < end; i++) {
        if (i == stage_at(first_on_text))
            p->again_note = p->nnotes;
        int status = stages[i].run(p, err);
        if (status == WINNOW_OK && p->status != WINNOW_OK)
            status = err_nomem(err);
        if (status != WINNOW_OK)
            return status;
        uint64_t after = now_ns();
        p->stage_ns[i] = after - before;
        before = after;
        if (i == stage_at(last_that_compares))
            p->again_notes_end = p->nnotes;
    }
    return WINNOW_OK;
}

static int clean_from(struct page *p, size_t first, struct winnow_error *err)
{
    int status = run_stages(p, first, STAGES, err);
    if (status != WINNOW_OK)
        return status;
    note_if_empty(p);
    return p->status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}

int clean_run(struct page *p, struct winnow_error *err)
{
    return clean_from(p, 0, err);
}

int clean_again(struct page *p, struct winnow_error *err)
{
    return clean_from(p, stage_at(first_on_text), err);
}

int clean_learn(struct page *p, struct winnow_error *err)
{
    int status = run_stages(p, 0, stage_at(first_on_text), err);
    if (status == WINNOW_OK && p->winnow->index)
        status = name_site(p, err);
    if (status == WINNOW_OK && p->winnow->index)
        status = index_learn(p->winnow->index, p, err);
    return status;
}

const char *clean_stage_name(size_t i)
{
    return i < STAGES ? stages[i].name : NULL;
}

void page_init(struct page *p, struct winnow *w, const struct winnow_input *in)
{
    *p = (struct page){.winnow = w, .in = in, .limits = w->limits};
    p->all_rules = cleaner_rules(w);
    arena_init(&p->arena, ARENA_MOST);
    buf_init(&p->unpacked, w->limits.max_bytes);
    buf_init(&p->decoded, w->limits.max_bytes);
    buf_init(&p->rewritten, w->limits.max_bytes);
    buf_init(&p->unstripped, UINT32_MAX);
    if (in->source && !(p->source = arena_copy(&p->arena, slice_of(in->source))))
        p->status = WINNOW_ENOMEM;
}

void page_end(struct page *p)
{
    xpath_doc_free(p->xpath);
    if (p->has_tree)
        tree_free(&p->tree);
    verdict_free(&p->verdicts);
    free(p->blocks);
    for (size_t f = 0; f < p->rules.count; f++)
        free(p->rules.matches[f].counts);
    free(p->rules.files);
    free(p->rules.matches);
    rules_release(p->all_rules);
    free(p->shared);
    free(p->relations);
    free(p->repairs);
    free(p->meta);
    free(p->notes);
    buf_free(&p->unpacked);
    buf_free(&p->decoded);
    buf_free(&p->rewritten);
    buf_free(&p->unstripped);
    arena_free(&p->arena);
}
