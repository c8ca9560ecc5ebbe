/* tree.h - a page's elements as flat arrays in document order.
 *
 * nodes[0] is the root (html, or whatever the page starts with).  A node's
 * descendants follow it directly: they are the nodes i+1 .. nodes[i].end-1, so a
 * subtree is a range, the next sibling of i is nodes[i].end, and no walk needs a
 * stack.  The page's text is every text node in order, one behind the other;
 * every node knows the byte range of the text below it. */
#ifndef WINNOW_TREE_H
#define WINNOW_TREE_H

#include <limits.h>
#include <stdint.h>

#include "buf.h"
#include "slice.h"
#include "tags.h"

#define NODE_NONE UINT32_MAX

struct attr {
    struct slice name; /* lower case */
    struct slice value;
};

struct node {
    uint32_t parent;               /* NODE_NONE for the root */
    uint32_t end;                  /* the node after the last descendant */
    uint32_t text_start, text_end; /* bytes of the page's text */
    uint32_t attrs;                /* the first of nattrs in tree.attrs */
    uint16_t nattrs;
    uint16_t tag; /* TAG_TEXT, an enum tag, or TAG_COUNT + index in tree.names */
    uint16_t depth;
};

struct tree {
    struct node *nodes;
    size_t count, cap;
    struct attr *attrs;
    size_t nattrs, attrs_cap;
    struct slice *names; /* elements that tags.h does not list */
    size_t nnames, names_cap;
    uint32_t *name_slots; /* hash of names: index + 1, 0 is free; twice names_cap at least */
    size_t name_slots_cap;
    struct buf text; /* becomes the page's text */

    /* What the limits cost this page. */
    size_t flattened; /* elements nested too deep: what they hold stands at the deepest level */
    /* Elements of any depth whose nesting would have taken too much work (a long stack
     * walked at every tag, formatting reopened, ever new names): what they hold stands
     * in the element around them. */
    size_t unnested;
    size_t attrs_dropped; /* attributes left out */

    void *owner; /* what the parser keeps alive for the slices */
    void (*owner_free)(void *owner);
};

void tree_init(struct tree *t, size_t max_text /* bytes */);
void tree_free(struct tree *t);

/* The number of a name, as node.tag holds it: of tags.h, or of the tree's own names
 * (the slice is kept, not copied).  A tree has at most TREE_MAX_NAMES of them: all
 * further ones share the last, "unknown".  UINT_MAX where memory ends. */
enum { TREE_MAX_NAMES = 32768 };
unsigned tree_tag_of(struct tree *t, struct slice name);

/* Reading. */
struct slice tree_tag_name(const struct tree *t, uint32_t node);
/* p is NULL where the node has no such attribute. */
struct slice tree_get_attr(const struct tree *t, uint32_t node, const char *name);
/* The text below a node, as it stands in the page (white space and all). */
struct slice tree_node_text(const struct tree *t, uint32_t node);

#endif
