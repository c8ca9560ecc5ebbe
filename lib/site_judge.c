/* site_judge.c - finds which lines of a page are its site's, by the table and the page alone:
 *
 *     lines of the page -> shared? -> in their place? -> the rest falls into slots
 *                          (count)    (neighbours)       -> slots that only echo others */
#include "site_parts.h"

#include <stdlib.h>

#include "hash.h"

enum {
    ECHO_WEIGHT = 200, /* normalised characters, at most: a title or an item of the contents */
    ECHO_LINES = 200,  /* of a slot that may echo */
    ECHO_SLOTS = 4096, /* of a page; one that has more is no ordinary page */
    ECHO_LOOKS = 64,   /* at lines of the same text */
    HEADER_CELLS = 12, /* of a table's head */
    TABLE_NEAR = 32,   /* elements between a cell's text and its table */
};

/* --- what is shared, and in its place ----------------------------------------------------------- */

static void find_shared(struct view *v, const struct site_table *t, bool one_more)
{
    for (size_t i = 0; i < v->count; i++) {
        struct vline *line = &v->items[i];
        line->known = site_table_find(t, line->hash);
        line->shared = line->known && v->page->blocks[line->block].kind != BLOCK_CODE &&
                       site_line_is_shared(t, line->known, one_more, &line->share);
    }
}

/* Is the shared line i used to stand where it does, as its neighbours see it?  Its own view
 * says less: in a forum a name always stands before "Member", and "Member" behind any. */
static bool is_in_place(const struct view *v, size_t i)
{
    const struct vline *line = &v->items[i];
    const struct vline *a = i > 0 ? line - 1 : NULL, *b = i + 1 < v->count ? line + 1 : NULL;
    uint32_t name = beside_name(line->hash), count = line->shared ? line->known->count : 0;
    if (!line->shared)
        return false;
    return (!a && beside_is(&line->known->before, count, BESIDE_START)) ||
           (!b && beside_is(&line->known->after, count, BESIDE_END)) ||
           (a && a->shared && beside_is(&a->known->after, a->known->count, name)) ||
           (b && b->shared && beside_is(&b->known->before, b->known->count, name));
}

/* The table that a cell's line stands in; NODE_NONE: none near. */
static uint32_t table_of(const struct view *v, size_t i)
{
    const struct block *b = &v->page->blocks[v->items[i].block];
    const struct tree *tree = &v->page->tree;
    uint32_t node = b->kind == BLOCK_CELL ? b->node : NODE_NONE;
    for (int up = 0; node != NODE_NONE && up < TABLE_NEAR; up++) {
        if (tree->nodes[node].tag == TAG_TABLE)
            return node;
        node = tree->nodes[node].parent;
    }
    return NODE_NONE;
}

/* The head of a table whose cells are the page's own is its own. */
static void keep_headers(struct view *v)
{
    for (size_t i = 0, end; i < v->count; i = end) {
        end = i + 1;
        uint32_t table = v->items[i].in_place ? table_of(v, i) : NODE_NONE;
        if (table == NODE_NONE)
            continue;
        while (end < v->count && v->items[end].in_place && table_of(v, end) == table)
            end++;
        bool own = (i > 0 && !v->items[i - 1].in_place && table_of(v, i - 1) == table) ||
                   (end < v->count && !v->items[end].in_place && table_of(v, end) == table);
        for (size_t k = i; own && end - i <= HEADER_CELLS && k < end; k++)
            v->items[k].in_place = false;
    }
}

static void find_places(struct view *v)
{
    for (size_t i = 0; i < v->count; i++)
        v->items[i].in_place = is_in_place(v, i);
    keep_headers(v);
}

/* --- slots ------------------------------------------------------------------------------------ */

/* Does the line stand in the page but once? */
static bool is_single(const struct view *v, size_t i)
{
    size_t from = view_sorted_from(v, v->items[i].hash);
    return from + 1 == v->count || v->items[v->sorted[from + 1]].hash != v->items[i].hash;
}

static int add_slot(struct view *v, size_t first, bool label)
{
    struct slot *slots = array_grow(v->slots, &v->slots_cap, v->nslots + 1, sizeof *slots);
    if (!slots)
        return WINNOW_ENOMEM;
    v->slots = slots;
    slots[v->nslots++] = (struct slot){.first = (uint32_t)first, .label = label};
    return WINNOW_OK;
}

static int find_slots(struct view *v)
{
    for (size_t i = 0; i < v->count; i++) {
        if (v->items[i].in_place)
            continue;
        bool goes_on = i > 0 && !v->items[i - 1].in_place;
        bool label = v->items[i].shared && is_single(v, i);
        if ((!goes_on || label) && add_slot(v, i, label) != WINNOW_OK)
            return WINNOW_ENOMEM;
        struct slot *slot = &v->slots[v->nslots - 1];
        slot->last = (uint32_t)i + 1;
        slot->weight += v->items[i].weight;
        v->items[i].slot = (uint32_t)(v->nslots - 1);
        if (slot->weight > v->slots[v->main_slot].weight)
            v->main_slot = v->nslots - 1;
    }
    return WINNOW_OK;
}

/* --- echoes ----------------------------------------------------------------------------------- */

/* Does a line of this text stand, to stay, in another slot? */
static bool stands_elsewhere(const struct view *v, uint64_t hash, uint32_t slot)
{
    size_t at = view_sorted_from(v, hash);
    for (size_t looks = 0; at < v->count && looks < ECHO_LOOKS; at++, looks++) {
        const struct vline *line = &v->items[v->sorted[at]];
        if (line->hash != hash)
            return false;
        if (!line->in_place && line->slot != slot && !v->slots[line->slot].echo)
            return true;
    }
    return false;
}

static bool is_title(const struct view *v, const struct site_table *t, bool one_more)
{
    struct site_share share;
    for (size_t i = 1; i < v->count; i++) {
        const struct vline *line = &v->items[i];
        uint64_t rest = line->in_place || line->slot == 0 ? 0 : view_title_rest(v, i);
        const struct site_line *known = rest ? site_table_find(t, rest) : NULL;
        if (known && !v->slots[line->slot].echo && site_line_is_shared(t, known, one_more, &share))
            return true;
    }
    return false;
}

/* "1.2 Results" in a table of contents is "Results" in the text. */
static uint64_t hash_unnumbered(const struct view *v, size_t i)
{
    struct slice key = view_key(v, i);
    while (key.len > 0 && *key.p >= '0' && *key.p <= '9') {
        key.p++;
        key.len--;
    }
    return hash_bytes(key);
}

static bool is_echo(const struct view *v, const struct slot *slot, const struct site_table *t,
                    bool one_more)
{
    for (size_t i = slot->first + slot->label; i < slot->last; i++) {
        uint32_t number = v->items[i].slot;
        if (v->items[i].weight > ECHO_WEIGHT)
            return false; /* whole passages are for the search for repeats */
        if (!stands_elsewhere(v, v->items[i].hash, number) &&
            !stands_elsewhere(v, hash_unnumbered(v, i), number) &&
            !(i == 0 && is_title(v, t, one_more)))
            return false;
    }
    return true;
}

/* Does the site's line i stand in its place but once?  The page's edges do. */
static bool stands_once(const struct view *v, size_t i)
{
    size_t at = i < v->count ? view_sorted_from(v, v->items[i].hash) : v->count, places = 0;
    for (size_t looks = 0; at < v->count && places < 2; at++, looks++) {
        const struct vline *line = &v->items[v->sorted[at]];
        if (line->hash != v->items[i].hash)
            break;
        if (looks == ECHO_LOOKS)
            return false;
        places += line->in_place;
    }
    return places < 2;
}

/* Between lines that come again and again stand the parts of a list, with names that do too:
 * a forum's posts and who wrote them.  A label alone in a text is worth two lines behind it. */
static bool may_echo(const struct view *v, const struct slot *slot)
{
    size_t lines = slot->last - slot->first;
    if (slot == &v->slots[v->main_slot] || lines > ECHO_LINES || (slot->label && lines < 3))
        return false;
    return (slot->label || stands_once(v, slot->first > 0 ? slot->first - 1 : SIZE_MAX)) &&
           stands_once(v, slot->last);
}

static int by_weight(const void *a, const void *b)
{
    const struct slot *x = *(struct slot *const *)a, *y = *(struct slot *const *)b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? -1 : 1;
    return x->first < y->first ? -1 : 1;
}

/* The smallest slot is asked first, and of what it echoes a copy stays: whatever goes
 * later must itself stand in what stays then. */
static int find_echoes(struct view *v, const struct site_table *t, bool one_more)
{
    if (v->nslots < 2 || v->nslots > ECHO_SLOTS)
        return WINNOW_OK;
    struct slot **order = malloc(v->nslots * sizeof *order);
    if (!order)
        return WINNOW_ENOMEM;
    for (size_t i = 0; i < v->nslots; i++)
        order[i] = &v->slots[i];
    qsort(order, v->nslots, sizeof *order, by_weight);
    for (size_t i = 0; i < v->nslots; i++)
        if (may_echo(v, order[i]))
            order[i]->echo = is_echo(v, order[i], t, one_more);
    free(order);
    return WINNOW_OK;
}

int view_judge(struct view *v, const struct site_table *t, bool one_more)
{
    find_shared(v, t, one_more);
    find_places(v);
    int status = find_slots(v);
    return status == WINNOW_OK ? find_echoes(v, t, one_more) : status;
}
