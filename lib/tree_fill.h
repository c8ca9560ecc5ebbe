/* tree_fill.h - puts nodes into a tree by their depth, for parsers.
 *
 * A parser says of every node how deep it stands, and nothing of what closes: the
 * next node closes what is open at its own depth or below it.  What stands deeper
 * than allowed thereby becomes a sibling at the greatest depth, in order. */
#ifndef WINNOW_TREE_FILL_H
#define WINNOW_TREE_FILL_H

#include <stdlib.h>

#include "arena.h"
#include "tree.h"

struct tree_fill {
    struct tree *tree;
    size_t max_depth; /* of levels, the root's included */
    uint32_t *open;   /* open[d]: the open element of depth d */
    size_t nopen;
};

static inline int fill_init(struct tree_fill *f, struct tree *t, size_t max_depth)
{
    *f = (struct tree_fill){.tree = t, .max_depth = max_depth};
    f->open = malloc(max_depth * sizeof *f->open);
    return f->open ? WINNOW_OK : WINNOW_ENOMEM;
}

static inline void fill_close(struct tree_fill *f, size_t depth)
{
    struct tree *t = f->tree;
    while (f->nopen > depth) {
        struct node *closed = &t->nodes[f->open[--f->nopen]];
        closed->end = (uint32_t)t->count;
        closed->text_end = (uint32_t)t->text.len;
    }
}

/* Closes what is open and frees; f may be half-made or zeroed. */
static inline void fill_end(struct tree_fill *f)
{
    if (f->tree)
        fill_close(f, 0);
    free(f->open);
    *f = (struct tree_fill){0};
}

/* A node without attributes at the end of the text; NULL where memory ends. */
static inline struct node *fill_node(struct tree_fill *f, size_t depth, unsigned tag)
{
    struct tree *t = f->tree;
    if (depth >= f->max_depth)
        depth = f->max_depth - 1;
    fill_close(f, depth);
    if (t->count == t->cap) {
        struct node *nodes = array_grow(t->nodes, &t->cap, t->count + 1, sizeof *nodes);
        if (!nodes)
            return NULL;
        t->nodes = nodes;
    }
    struct node *n = &t->nodes[t->count++];
    n->parent = depth == 0 ? NODE_NONE : f->open[depth - 1];
    n->end = (uint32_t)t->count;
    n->text_start = n->text_end = (uint32_t)t->text.len;
    n->attrs = (uint32_t)t->nattrs;
    n->nattrs = 0;
    n->tag = (uint16_t)tag;
    n->depth = (uint16_t)depth;
    return n;
}

static inline struct node *fill_open(struct tree_fill *f, size_t depth, unsigned tag)
{
    struct node *n = tag == UINT_MAX ? NULL : fill_node(f, depth, tag);
    if (n)
        f->open[f->nopen++] = (uint32_t)f->tree->count - 1;
    return n;
}

/* Of n, the node just opened; the slices are kept, not copied. */
static inline int fill_attr(struct tree *t, struct node *n, struct slice name, struct slice value)
{
    if (n->nattrs == UINT16_MAX || t->nattrs >= UINT32_MAX)
        return WINNOW_ELIMIT;
    if (t->nattrs == t->attrs_cap) {
        struct attr *attrs = array_grow(t->attrs, &t->attrs_cap, t->nattrs + 1, sizeof *attrs);
        if (!attrs)
            return WINNOW_ENOMEM;
        t->attrs = attrs;
    }
    t->attrs[t->nattrs++] = (struct attr){name, value};
    n->nattrs++;
    return WINNOW_OK;
}

static inline int fill_text(struct tree_fill *f, size_t depth, struct slice text)
{
    struct buf *b = &f->tree->text;
    char *room = buf_room(b, text.len);
    if (!room)
        return b->status;
    struct node *n = fill_node(f, depth, TAG_TEXT);
    if (!n)
        return WINNOW_ENOMEM;
    memcpy(room, text.p, text.len);
    room[text.len] = '\0';
    b->len += text.len;
    n->text_end = (uint32_t)b->len;
    return WINNOW_OK;
}

#endif
