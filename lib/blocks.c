/* blocks.c - a tree, or the lines of a dump, as one flat array of blocks.
 *
 * A block is what is written on one line: block elements end it, and so does
 * <br>.  So the lines of the clean text are the blocks of the page, and cleaning
 * that text again meets the same blocks. */
#include "blocks.h"

#include <stdlib.h>

#include "err.h"
#include "text.h"

/* WINNOW_ELIMIT past the most blocks that a page may have. */
static int push_block(struct page *p, struct block b)
{
    if (p->nblocks >= p->limits.max_nodes)
        return WINNOW_ELIMIT;
    struct block *blocks = array_grow(p->blocks, &p->blocks_cap, p->nblocks + 1, sizeof *blocks);
    if (!blocks)
        return WINNOW_ENOMEM;
    p->blocks = blocks;
    p->blocks[p->nblocks++] = b;
    return WINNOW_OK;
}

/* --- a dump ------------------------------------------------------------------------ */

static int blocks_of_dump(struct page *p)
{
    struct slice rest = {p->text, p->text_len}, line;
    unsigned blank = 0;
    while (text_next_line(&rest, &line)) {
        struct slice text = text_trim_line(line);
        if (text.len == 0) {
            blank += blank < 255;
            continue;
        }
        uint32_t start = (uint32_t)(text.p - p->text);
        struct block b = {.start = start, .end = start + (uint32_t)text.len, .kind = BLOCK_LINE,
                          .gap = blank ? GAP_BLANK : GAP_LINE, .blank_before = (uint8_t)blank,
                          .node = NODE_NONE};
        int status = push_block(p, b);
        if (status != WINNOW_OK)
            return status;
        blank = 0;
    }
    return WINNOW_OK;
}

/* --- a tree ------------------------------------------------------------------------- */

/* An open block element, with what its blocks are: the walk never looks up. */
struct open {
    uint32_t node, end; /* it, and the node after it */
    uint32_t cell;      /* the cell that it is or stands in, NODE_NONE: none */
    uint8_t kind, level;
    uint8_t items; /* list items around its blocks */
};

struct builder {
    struct page *p;
    const struct tree *tree;
    bool is_open;         /* a block has begun */
    struct block block;   /* it */
    uint8_t gap;          /* what the elements since the last block ask for */
    uint32_t cell;        /* the cell of the last block, NODE_NONE outside */
    unsigned cell_blocks; /* blocks that this cell has had */
    uint32_t pre_end;     /* texts before this node stand inside <pre> */
    struct open *stack;
    size_t depth, cap;
    uint32_t reasons[TAG_COUNT]; /* of elements that are not shown, once made */
};

/* What a block is, by the nearest element of this table. */
static const struct {
    uint16_t tag;
    uint8_t kind, level;
} kinds[] = {
    {TAG_H1, BLOCK_HEADING, 1},      {TAG_H2, BLOCK_HEADING, 2},
    {TAG_H3, BLOCK_HEADING, 3},      {TAG_H4, BLOCK_HEADING, 4},
    {TAG_H5, BLOCK_HEADING, 5},      {TAG_H6, BLOCK_HEADING, 6},
    {TAG_LI, BLOCK_ITEM, 0},         {TAG_TD, BLOCK_CELL, 0},
    {TAG_TH, BLOCK_CELL, 0},         {TAG_BLOCKQUOTE, BLOCK_QUOTE, 0},
    {TAG_PRE, BLOCK_CODE, 0},        {TAG_XMP, BLOCK_CODE, 0},
    {TAG_CAPTION, BLOCK_CAPTION, 0}, {TAG_FIGCAPTION, BLOCK_CAPTION, 0},
};

static const struct open outside = {.cell = NODE_NONE, .kind = BLOCK_PARAGRAPH};

/* The innermost open block element. */
static const struct open *top(const struct builder *s)
{
    return s->depth > 0 ? &s->stack[s->depth - 1] : &outside;
}

static struct open open_of(const struct builder *s, uint32_t node)
{
    struct open o = *top(s);
    uint16_t tag = s->tree->nodes[node].tag;
    o.node = node;
    o.end = s->tree->nodes[node].end;
    o.items += tag == TAG_LI && o.items < 255;
    o.cell = tag == TAG_TD || tag == TAG_TH ? node : tag == TAG_TABLE ? NODE_NONE : o.cell;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].tag == tag) {
            o.kind = kinds[i].kind;
            o.level = kinds[i].level;
        }
    if (o.kind == BLOCK_ITEM)
        o.level = o.items;
    return o;
}

/* The next cell of a row goes on in the line of the last, where that had one. */
static uint8_t gap_of(struct builder *s)
{
    uint32_t cell = top(s)->cell;
    bool next = cell != NODE_NONE && s->cell != NODE_NONE && cell != s->cell &&
                s->cell_blocks == 1 && s->tree->nodes[cell].parent == s->tree->nodes[s->cell].parent;
    s->cell_blocks = cell == s->cell ? s->cell_blocks + 1 : 1;
    s->cell = cell;
    return next ? GAP_CELL : s->gap;
}

static struct slice block_text(const struct builder *s)
{
    return (struct slice){s->p->text + s->block.start, s->block.end - s->block.start};
}

static int end_block(struct builder *s)
{
    if (!s->is_open)
        return WINNOW_OK;
    s->is_open = false;
    struct slice raw = block_text(s), text = text_trim(raw);
    if (text.len == 0)
        return WINNOW_OK;
    struct block b = {.kind = top(s)->kind, .level = top(s)->level,
                      .node = s->depth > 0 ? top(s)->node : 0, .gap = gap_of(s)};
    if (b.kind == BLOCK_CODE)
        text = text_trim_line(raw);
    b.start = (uint32_t)(text.p - s->p->text);
    b.end = b.start + (uint32_t)text.len;
    b.blank_before = b.gap == GAP_BLANK;
    s->gap = GAP_LINE;
    return push_block(s->p, b);
}

/* Elements that a blank line sets off; the other block elements just end a line. */
static bool is_set_off(uint16_t tag)
{
    switch (tag) {
    case TAG_P:
    case TAG_H1:
    case TAG_H2:
    case TAG_H3:
    case TAG_H4:
    case TAG_H5:
    case TAG_H6:
    case TAG_UL:
    case TAG_OL:
    case TAG_DL:
    case TAG_PRE:
    case TAG_TABLE:
    case TAG_BLOCKQUOTE:
    case TAG_FIGURE:
    case TAG_SECTION:
    case TAG_ARTICLE:
    case TAG_HR:
        return true;
    }
    return false;
}

static int push_element(struct builder *s, uint32_t node)
{
    struct open *stack = array_grow(s->stack, &s->cap, s->depth + 1, sizeof *stack);
    if (!stack)
        return WINNOW_ENOMEM;
    s->stack = stack;
    s->stack[s->depth] = open_of(s, node);
    s->depth++;
    return WINNOW_OK;
}

static int begin_element(struct builder *s, uint32_t node)
{
    uint16_t tag = s->tree->nodes[node].tag;
    if (tag == TAG_BR)
        return end_block(s);
    if (!(tag_flags(tag) & TAG_BLOCK))
        return WINNOW_OK;
    int status = end_block(s);
    if (status != WINNOW_OK)
        return status;
    if (is_set_off(tag) && !(tag == TAG_UL && top(s)->items > 0))
        s->gap = GAP_BLANK;
    if ((tag == TAG_PRE || tag == TAG_XMP) && s->tree->nodes[node].end > s->pre_end)
        s->pre_end = s->tree->nodes[node].end;
    return push_element(s, node);
}

/* Ends the block elements that node does not stand in. */
static int end_elements(struct builder *s, uint32_t node)
{
    while (s->depth > 0 && top(s)->end <= node) {
        int status = end_block(s);
        if (status != WINNOW_OK)
            return status;
        if (is_set_off(s->tree->nodes[top(s)->node].tag))
            s->gap = GAP_BLANK;
        s->depth--;
    }
    return WINNOW_OK;
}

static void add_bytes(struct builder *s, uint32_t start, uint32_t end)
{
    if (!s->is_open)
        s->block.start = start;
    s->is_open = true;
    s->block.end = end;
}

/* Every line of preformatted text is a block. */
static int add_code(struct builder *s, uint32_t start, uint32_t end)
{
    while (start < end) {
        const char *newline = memchr(s->p->text + start, '\n', end - start);
        uint32_t stop = newline ? (uint32_t)(newline - s->p->text) : end;
        if (stop > start)
            add_bytes(s, start, stop);
        if (newline) {
            bool blank = !s->is_open;
            int status = end_block(s);
            if (status != WINNOW_OK)
                return status;
            if (blank)
                s->gap = GAP_BLANK;
            stop++;
        }
        start = stop;
    }
    return WINNOW_OK;
}

static int add_text(struct builder *s, uint32_t node)
{
    const struct node *n = &s->tree->nodes[node];
    if (n->text_start == n->text_end)
        return WINNOW_OK;
    if (node < s->pre_end)
        return add_code(s, n->text_start, n->text_end);
    add_bytes(s, n->text_start, n->text_end);
    return WINNOW_OK;
}

/* One reason an element's name: a page may have a million scripts. */
static uint32_t unshown_reason(struct builder *s, uint16_t tag)
{
    if (s->reasons[tag] == 0)
        s->reasons[tag] = verdict_reason(
            &s->p->verdicts,
            (struct reason){.stage = "blocks",
                            .text = arena_printf(&s->p->arena, "<%s> is not shown as text",
                                                 tag_name(tag))});
    return s->reasons[tag];
}

/* Script, style, title and their like: one block, and no text of the page. */
static int add_unshown(struct builder *s, uint32_t node)
{
    const struct node *n = &s->tree->nodes[node];
    if (n->text_start == n->text_end)
        return WINNOW_OK;
    int status = tag_flags(n->tag) & TAG_BLOCK ? end_block(s) : WINNOW_OK;
    if (status != WINNOW_OK)
        return status;
    verdict_remove(&s->p->verdicts, n->text_start, n->text_end, unshown_reason(s, n->tag));
    if (s->is_open && text_trim(block_text(s)).len == 0)
        s->is_open = false; /* only the white space between elements */
    if (s->is_open)
        return WINNOW_OK; /* inside a line of text: the verdict alone is enough */
    return push_block(s->p, (struct block){.start = n->text_start, .end = n->text_end,
                                           .kind = BLOCK_UNSHOWN, .node = node});
}

static int blocks_of_tree(struct page *p)
{
    struct builder s = {.p = p, .tree = &p->tree, .cell = NODE_NONE};
    int status = WINNOW_OK;
    uint32_t i = 0;
    while (status == WINNOW_OK && i < p->tree.count) {
        const struct node *n = &p->tree.nodes[i];
        status = end_elements(&s, i);
        if (status != WINNOW_OK)
            break;
        /* head is walked: what stands in it is unshown, each for itself. */
        if ((tag_flags(n->tag) & TAG_UNSHOWN) && n->tag != TAG_HEAD) {
            status = add_unshown(&s, i);
            i = n->end;
            continue;
        }
        status = n->tag == TAG_TEXT ? add_text(&s, i) : begin_element(&s, i);
        i++;
    }
    if (status == WINNOW_OK)
        status = end_block(&s);
    free(s.stack);
    return status;
}

int blocks_run(struct page *p, struct winnow_error *err)
{
    int status = p->has_tree ? blocks_of_tree(p) : blocks_of_dump(p);
    if (status == WINNOW_OK)
        status = verdict_settle(&p->verdicts);
    if (status == WINNOW_ELIMIT)
        return err_set(err, status, "the page has more than %zu lines, the limit for one page; split it, "
                       "or raise max_nodes",
                       p->limits.max_nodes);
    return status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}
