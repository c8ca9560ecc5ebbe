/* blocks.c - a tree, or the lines of a dump, as one flat array of blocks.
 *
 * A block is what is written on one line: block elements end it, and so does
 * <br>.  So the lines of the clean text are the blocks of the page, and cleaning
 * that text again meets the same blocks. */
#include "blocks.h"

#include <stdlib.h>

#include "err.h"
#include "hash.h"
#include "text.h"

static int push_block(struct page *p, struct block b)
{
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
        if (push_block(p, b) != WINNOW_OK)
            return WINNOW_ENOMEM;
        blank = 0;
    }
    return WINNOW_OK;
}

/* --- a tree ------------------------------------------------------------------------- */

struct builder {
    struct page *p;
    const struct tree *tree;
    bool open;            /* a block has begun */
    struct block block;   /* it */
    uint8_t gap;          /* what the elements since the last block ask for */
    uint32_t cell;        /* the cell of the last block, NODE_NONE outside */
    unsigned cell_blocks; /* blocks that this cell has had */
    uint32_t link_end;    /* texts before this node stand inside <a> */
    uint32_t pre_end;     /* texts before this node stand inside <pre> */
    uint32_t *ends;       /* stack: where the open block elements end */
    uint32_t *nodes;      /* and which they are */
    size_t depth, depth_cap, nodes_cap;
};

static bool in_element(const struct builder *s, uint32_t node, enum tag tag)
{
    for (; node != NODE_NONE; node = s->tree->nodes[node].parent)
        if (s->tree->nodes[node].tag == tag)
            return true;
    return false;
}

/* What a block is, by its nearest block elements; the first line that fits. */
static const struct {
    uint16_t tag;
    uint8_t kind, level;
} kinds[] = {
    {TAG_H1, BLOCK_HEADING, 1},     {TAG_H2, BLOCK_HEADING, 2},
    {TAG_H3, BLOCK_HEADING, 3},     {TAG_H4, BLOCK_HEADING, 4},
    {TAG_H5, BLOCK_HEADING, 5},     {TAG_H6, BLOCK_HEADING, 6},
    {TAG_LI, BLOCK_ITEM, 0},        {TAG_TD, BLOCK_CELL, 0},
    {TAG_TH, BLOCK_CELL, 0},        {TAG_BLOCKQUOTE, BLOCK_QUOTE, 0},
    {TAG_PRE, BLOCK_CODE, 0},       {TAG_XMP, BLOCK_CODE, 0},
    {TAG_CAPTION, BLOCK_CAPTION, 0}, {TAG_FIGCAPTION, BLOCK_CAPTION, 0},
};

static void name_kind(struct builder *s, struct block *b)
{
    uint8_t items = 0;
    b->kind = BLOCK_PARAGRAPH;
    for (size_t d = s->depth; d-- > 0;) {
        uint16_t tag = s->tree->nodes[s->nodes[d]].tag;
        items += tag == TAG_LI && items < 255;
        for (size_t i = 0; b->kind == BLOCK_PARAGRAPH && i < sizeof kinds / sizeof *kinds; i++)
            if (kinds[i].tag == tag) {
                b->kind = kinds[i].kind;
                b->level = kinds[i].level;
            }
    }
    if (b->kind == BLOCK_ITEM)
        b->level = items;
}

static uint32_t cell_of(const struct builder *s)
{
    for (size_t d = s->depth; d-- > 0;) {
        uint16_t tag = s->tree->nodes[s->nodes[d]].tag;
        if (tag == TAG_TD || tag == TAG_TH)
            return s->nodes[d];
        if (tag == TAG_TABLE)
            break;
    }
    return NODE_NONE;
}

/* The next cell of a row goes on in the line of the last, where that had one. */
static uint8_t gap_of(struct builder *s)
{
    uint32_t cell = cell_of(s);
    bool next = cell != NODE_NONE && s->cell != NODE_NONE && cell != s->cell &&
                s->cell_blocks == 1 && s->tree->nodes[cell].parent == s->tree->nodes[s->cell].parent;
    s->cell_blocks = cell == s->cell ? s->cell_blocks + 1 : 1;
    s->cell = cell;
    return next ? GAP_CELL : s->gap;
}

static uint64_t path_of(const struct builder *s)
{
    uint64_t path = 0;
    for (size_t d = 0; d < s->depth; d++)
        path = hash_mix(path, s->tree->nodes[s->nodes[d]].tag);
    return path;
}

static struct slice block_text(const struct builder *s)
{
    return (struct slice){s->p->text + s->block.start, s->block.end - s->block.start};
}

static int end_block(struct builder *s)
{
    if (!s->open)
        return WINNOW_OK;
    s->open = false;
    struct block b = s->block;
    struct slice raw = block_text(s);
    struct slice text = text_trim(raw);
    if (text.len == 0)
        return WINNOW_OK;
    name_kind(s, &b);
    if (b.kind == BLOCK_CODE)
        text = text_trim_line(raw);
    b.start = (uint32_t)(text.p - s->p->text);
    b.end = b.start + (uint32_t)text.len;
    b.gap = gap_of(s);
    b.blank_before = b.gap == GAP_BLANK;
    b.node = s->depth > 0 ? s->nodes[s->depth - 1] : 0;
    b.depth = s->tree->nodes[b.node].depth;
    b.path = path_of(s);
    struct slice classes = tree_get_attr(s->tree, b.node, "class");
    b.classes = classes.p ? hash_bytes(classes) : 0;
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
    uint32_t *ends = array_grow(s->ends, &s->depth_cap, s->depth + 1, sizeof *ends);
    if (ends)
        s->ends = ends;
    uint32_t *nodes = array_grow(s->nodes, &s->nodes_cap, s->depth + 1, sizeof *nodes);
    if (nodes)
        s->nodes = nodes;
    if (!ends || !nodes)
        return WINNOW_ENOMEM;
    s->ends[s->depth] = s->tree->nodes[node].end;
    s->nodes[s->depth++] = node;
    return WINNOW_OK;
}

static int begin_element(struct builder *s, uint32_t node)
{
    uint16_t tag = s->tree->nodes[node].tag;
    unsigned flags = tag_flags(tag);
    if (tag == TAG_BR)
        return end_block(s);
    if (tag == TAG_A && s->tree->nodes[node].end > s->link_end)
        s->link_end = s->tree->nodes[node].end;
    if (!(flags & TAG_BLOCK))
        return WINNOW_OK;
    if (end_block(s) != WINNOW_OK)
        return WINNOW_ENOMEM;
    if (is_set_off(tag) && !(tag == TAG_UL && in_element(s, s->tree->nodes[node].parent, TAG_LI)))
        s->gap = GAP_BLANK;
    if ((tag == TAG_PRE || tag == TAG_XMP) && s->tree->nodes[node].end > s->pre_end)
        s->pre_end = s->tree->nodes[node].end;
    return push_element(s, node);
}

/* Ends the block elements that node does not stand in. */
static int end_elements(struct builder *s, uint32_t node)
{
    while (s->depth > 0 && s->ends[s->depth - 1] <= node) {
        if (end_block(s) != WINNOW_OK)
            return WINNOW_ENOMEM;
        if (is_set_off(s->tree->nodes[s->nodes[s->depth - 1]].tag))
            s->gap = GAP_BLANK;
        s->depth--;
    }
    return WINNOW_OK;
}

static void add_bytes(struct builder *s, uint32_t start, uint32_t end, bool link)
{
    if (!s->open)
        s->block = (struct block){.start = start};
    s->open = true;
    s->block.end = end;
    s->block.link_bytes += link ? end - start : 0;
}

/* Every line of preformatted text is a block. */
static int add_code(struct builder *s, uint32_t start, uint32_t end, bool link)
{
    while (start < end) {
        const char *newline = memchr(s->p->text + start, '\n', end - start);
        uint32_t stop = newline ? (uint32_t)(newline - s->p->text) : end;
        if (stop > start)
            add_bytes(s, start, stop, link);
        if (newline) {
            bool blank = !s->open;
            if (end_block(s) != WINNOW_OK)
                return WINNOW_ENOMEM;
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
    bool link = node < s->link_end;
    if (n->text_start == n->text_end)
        return WINNOW_OK;
    if (node < s->pre_end)
        return add_code(s, n->text_start, n->text_end, link);
    add_bytes(s, n->text_start, n->text_end, link);
    return WINNOW_OK;
}

/* Script, style, title and their like: one block, and no text of the page. */
static int add_unshown(struct builder *s, uint32_t node)
{
    const struct node *n = &s->tree->nodes[node];
    if (n->text_start == n->text_end)
        return WINNOW_OK;
    if ((tag_flags(n->tag) & TAG_BLOCK) && end_block(s) != WINNOW_OK)
        return WINNOW_ENOMEM;
    const char *what = arena_printf(&s->p->arena, "<%.*s> is not shown as text",
                                    (int)tree_tag_name(s->tree, node).len,
                                    tree_tag_name(s->tree, node).p);
    uint32_t reason =
        verdict_reason(&s->p->verdicts, (struct reason){.stage = "blocks", .text = what});
    verdict_remove(&s->p->verdicts, n->text_start, n->text_end, reason);
    if (s->open && text_trim(block_text(s)).len == 0)
        s->open = false; /* only the white space between elements */
    if (s->open)
        return WINNOW_OK; /* inside a line of text: the verdict alone is enough */
    return push_block(s->p, (struct block){.start = n->text_start, .end = n->text_end,
                                           .kind = BLOCK_UNSHOWN, .node = node,
                                           .depth = n->depth});
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
    free(s.ends);
    free(s.nodes);
    return status;
}

int blocks_run(struct page *p, struct winnow_error *err)
{
    int status = p->has_tree ? blocks_of_tree(p) : blocks_of_dump(p);
    if (status == WINNOW_OK)
        status = verdict_settle(&p->verdicts);
    return status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}
