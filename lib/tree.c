/* tree.c - the names of a page's flat tree, and reading it; tree_fill.h builds it.
 *
 * 1. Nodes, attributes and text only ever grow: an index once given stays good.
 * 2. A name that tags.h does not list gets a number of the tree's own; the names
 *    are hashed, so that a page of nothing but new names stays linear.
 *
 * Offsets are 32 bits: a page is at most 2 GiB (struct winnow_limits) and its text
 * at most a quarter longer than its HTML. */
#include "tree.h"

#include <stdlib.h>

#include "arena.h"
#include "hash.h"

void tree_init(struct tree *t, size_t max_text)
{
    *t = (struct tree){0};
    buf_init(&t->text, max_text < UINT32_MAX ? max_text : UINT32_MAX - 1);
}

void tree_free(struct tree *t)
{
    free(t->nodes);
    free(t->attrs);
    free(t->names);
    free(t->name_slots);
    buf_free(&t->text);
    if (t->owner_free)
        t->owner_free(t->owner);
    tree_init(t, t->text.max);
}

/* --- names --------------------------------------------------------------------- */

/* The slot that holds the name, or the free one where it belongs. */
static uint32_t *find_slot(const struct tree *t, struct slice name)
{
    size_t mask = t->name_slots_cap - 1;
    size_t i = hash_bytes(name) & mask;
    while (t->name_slots[i] != 0 && !slice_eq(t->names[t->name_slots[i] - 1], name))
        i = (i + 1) & mask;
    return &t->name_slots[i];
}

static bool grow_slots(struct tree *t)
{
    size_t cap = t->name_slots_cap == 0 ? 64 : t->name_slots_cap * 2;
    uint32_t *slots = calloc(cap, sizeof *slots);
    if (!slots)
        return false;
    free(t->name_slots);
    t->name_slots = slots;
    t->name_slots_cap = cap;
    for (size_t i = 0; i < t->nnames; i++)
        *find_slot(t, t->names[i]) = (uint32_t)i + 1;
    return true;
}

static unsigned add_name(struct tree *t, struct slice name)
{
    if (t->nnames == TREE_MAX_NAMES)
        return TAG_COUNT + TREE_MAX_NAMES - 1;
    if (t->nnames == TREE_MAX_NAMES - 1)
        name = slice_of("unknown");
    struct slice *names = array_grow(t->names, &t->names_cap, t->nnames + 1, sizeof *names);
    if (!names)
        return UINT_MAX;
    t->names = names;
    names[t->nnames++] = name;
    *find_slot(t, name) = (uint32_t)t->nnames;
    return TAG_COUNT + (unsigned)t->nnames - 1;
}

unsigned tree_tag_of(struct tree *t, struct slice name)
{
    unsigned tag = tag_of(name);
    if (tag != TAG_COUNT)
        return tag;
    if (t->nnames * 2 >= t->name_slots_cap && !grow_slots(t))
        return UINT_MAX;
    uint32_t *slot = find_slot(t, name);
    return *slot != 0 ? TAG_COUNT + *slot - 1 : add_name(t, name);
}

/* --- reading ------------------------------------------------------------------- */

struct slice tree_tag_name(const struct tree *t, uint32_t node)
{
    unsigned tag = t->nodes[node].tag;
    return tag < TAG_COUNT ? slice_of(tag_name((enum tag)tag)) : t->names[tag - TAG_COUNT];
}

struct slice tree_get_attr(const struct tree *t, uint32_t node, const char *name)
{
    const struct node *n = &t->nodes[node];
    for (size_t i = n->attrs; i < (size_t)n->attrs + n->nattrs; i++)
        if (slice_is(t->attrs[i].name, name))
            return t->attrs[i].value;
    return (struct slice){NULL, 0};
}

struct slice tree_node_text(const struct tree *t, uint32_t node)
{
    const struct node *n = &t->nodes[node];
    return (struct slice){t->text.data ? t->text.data + n->text_start : "",
                          n->text_end - n->text_start};
}
