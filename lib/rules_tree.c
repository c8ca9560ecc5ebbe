/* rules_tree.c - rules on a page's elements, in the order that the format's readers keep. */
#include "rules_tree.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "rules_tokens.h"
#include "text.h"

/* --- what all share ------------------------------------------------------------------ */

/* The libxml2 tree is made before anything is taken out of ours, where any rule will ask. */
static int open_xpath(struct tree_pass *t, struct winnow_error *err)
{
    const struct rule_set *set = &t->p->rules;
    for (size_t f = 0; f < set->count; f++)
        if (set->files[f]->has_xpath)
            return xpath_doc_new(&t->p->tree, &t->p->xpath, err);
    return WINNOW_OK;
}

static int select_by(struct tree_pass *t, const struct rule_file *file, const struct rule *rule,
                     const struct xpath_expr *expr, struct xpath_result *ret,
                     struct winnow_error *err)
{
    struct winnow_error why = {0};
    struct page *p = t->p;
    bool told = p->xpath_late; /* by the first that was not tried */
    *ret = (struct xpath_result){0};
    p->xpath_late = xpath_is_spent(p->xpath);
    int status = xpath_select(p->xpath, expr, ret, &why);
    if (status == WINNOW_ERULES && told)
        return WINNOW_OK;
    if (status == WINNOW_ERULES) {
        page_note(p, "%s:%u: %s; the line is not applied", file->name, rule->line, why.text);
        return WINNOW_OK;
    }
    return status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}

/* A string that is not empty, and a yes, count as one. */
static size_t found_count(const struct xpath_result *r)
{
    size_t nodes = r->count + r->nattrs;
    return nodes > 0 ? nodes : r->string && *r->string && strcmp(r->string, "false") != 0;
}

int tree_select(struct tree_pass *t, const struct rule_file *file, const struct rule *rule,
                struct xpath_result *ret, struct winnow_error *err)
{
    *ret = (struct xpath_result){0};
    if (!rule->usable)
        return WINNOW_OK;
    int status = select_by(t, file, rule, rule->xpath, ret, err);
    if (status == WINNOW_OK)
        rules_count(t->p, file, rule, found_count(ret));
    return status;
}

/* move_into: what was moved out of the node stays, what was moved into it goes too. */
static void remove_around_moved(struct tree_pass *t, uint32_t node, uint32_t reason)
{
    const struct node *nodes = t->p->tree.nodes;
    uint32_t from = nodes[node].text_start;
    for (size_t i = 0; i < t->nmoved; i++) { /* in the order of the page */
        uint32_t moved = t->moved[i].node;
        bool below = moved > node && moved < nodes[node].end;
        bool held = xpath_holds(t->p->xpath, node, moved);
        if (below && !held && nodes[moved].text_start >= from) {
            verdict_remove(&t->p->verdicts, from, nodes[moved].text_start, reason);
            from = nodes[moved].text_end;
        } else if (!below && held) {
            verdict_remove(&t->p->verdicts, nodes[moved].text_start, nodes[moved].text_end,
                           reason);
        }
    }
    if (from < nodes[node].text_end)
        verdict_remove(&t->p->verdicts, from, nodes[node].text_end, reason);
}

void tree_remove(struct tree_pass *t, uint32_t node, uint32_t reason)
{
    const struct node *n = &t->p->tree.nodes[node];
    if (t->nmoved > 0)
        remove_around_moved(t, node, reason);
    else
        verdict_remove(&t->p->verdicts, n->text_start, n->text_end, reason);
    if (t->p->xpath)
        xpath_remove(t->p->xpath, node);
}

/* --- strip and its kin ------------------------------------------------------------------ */

/* Takes an attribute out of both trees; of ours it is given back when the rules are done. */
static int remove_attr(struct tree_pass *t, uint32_t attr, struct winnow_error *err)
{
    struct attr *from = &t->p->tree.attrs[attr];
    if (from->name.len == 0)
        return WINNOW_OK; /* it is out */
    struct taken_attr *taken = array_grow(t->taken, &t->taken_cap, t->ntaken + 1, sizeof *taken);
    if (!taken)
        return err_nomem(err);
    t->taken = taken;
    taken[t->ntaken++] = (struct taken_attr){attr, from->name};
    from->name = (struct slice){"", 0};
    xpath_remove_attr(t->p->xpath, attr);
    return WINNOW_OK;
}

static void give_back_attrs(struct tree_pass *t)
{
    for (size_t i = 0; i < t->ntaken; i++)
        t->p->tree.attrs[t->taken[i].attr].name = t->taken[i].name;
    free(t->taken);
}

static int apply_strip(struct tree_pass *t, const struct rule_file *file, const struct rule *rule,
                       struct winnow_error *err)
{
    struct xpath_result r;
    int status = tree_select(t, file, rule, &r, err);
    if (status != WINNOW_OK)
        return status;
    uint32_t reason = r.count > 0 ? rules_verdict_reason(t->p, "rules", file, rule, "removed") : 0;
    for (size_t i = 0; i < r.count; i++)
        tree_remove(t, r.nodes[i], reason);
    for (size_t i = 0; i < r.nattrs && status == WINNOW_OK; i++)
        status = remove_attr(t, r.attrs[i], err);
    xpath_result_free(&r);
    return status;
}

static bool attr_holds(const struct tree *tree, uint32_t node, const char *name, struct slice part)
{
    struct slice value = tree_get_attr(tree, node, name);
    return value.len >= part.len && value.p && memmem(value.p, value.len, part.p, part.len);
}

/* The page as a whole is never one of them: no-ads on <body> is no advertisement. */
static int apply_strip_part(struct tree_pass *t, const struct rule_file *file,
                            const struct rule *rule, struct winnow_error *err)
{
    (void)err;
    const struct tree *tree = &t->p->tree;
    struct slice part = rule->value;
    uint32_t reason = 0;
    size_t found = 0;
    if (!rule->usable || rule->part != PART_SUBSTRING || part.len == 0 ||
        !rules_have_time(t->p, file, rule))
        return WINNOW_OK;
    for (uint32_t i = 0; i < tree->count; i++) {
        unsigned tag = tree->nodes[i].tag;
        if (tree->nodes[i].nattrs == 0 || tag == TAG_HTML || tag == TAG_BODY ||
            (!attr_holds(tree, i, "class", part) && !attr_holds(tree, i, "id", part)))
            continue;
        if (found++ == 0)
            reason = rules_verdict_reason(t->p, "rules", file, rule, "removed");
        tree_remove(t, i, reason);
        i = tree->nodes[i].end - 1; /* what stands in it is gone with it */
    }
    rules_count(t->p, file, rule, found);
    return WINNOW_OK;
}

/* Images have no text; those of a source are gone for the expressions that follow. */
static int apply_strip_image_src(struct tree_pass *t, const struct rule_file *file,
                                 const struct rule *rule, struct winnow_error *err)
{
    (void)err;
    const struct tree *tree = &t->p->tree;
    size_t found = 0;
    if (!rules_have_time(t->p, file, rule))
        return WINNOW_OK;
    for (uint32_t i = 0; rule->usable && rule->value.len > 0 && i < tree->count; i++) {
        if (tree->nodes[i].tag != TAG_IMG || !attr_holds(tree, i, "src", rule->value))
            continue;
        found++;
        if (t->p->xpath)
            xpath_remove(t->p->xpath, i);
    }
    rules_count(t->p, file, rule, found);
    return WINNOW_OK;
}

/* --- what changes an element and keeps its text ------------------------------------------- */

/* The first block that starts at byte pos of the text or behind it. */
static size_t block_at(const struct page *p, uint32_t pos)
{
    size_t low = 0, high = p->nblocks;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (p->blocks[mid].start < pos)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void set_kind(struct page *p, uint32_t node, enum block_kind kind, unsigned level)
{
    const struct node *n = &p->tree.nodes[node];
    for (size_t i = block_at(p, n->text_start); i < p->nblocks; i++) {
        struct block *b = &p->blocks[i];
        if (b->end > n->text_end)
            return;
        if (b->kind == BLOCK_UNSHOWN || b->kind == BLOCK_CODE)
            continue;
        b->kind = (uint8_t)kind;
        b->level = (uint8_t)level;
    }
}

/* wrap_in(tag): the blocks of the element become what the tag says.  Tags that say
 * nothing about blocks (i, figure, center) change no text. */
static int apply_wrap(struct tree_pass *t, const struct rule_file *file, const struct rule *rule,
                      struct winnow_error *err)
{
    static const struct {
        const char *tag;
        enum block_kind kind;
        unsigned level;
    } kinds[] = {
        {"blockquote", BLOCK_QUOTE, 0}, {"figcaption", BLOCK_CAPTION, 0}, {"li", BLOCK_ITEM, 1},
        {"p", BLOCK_PARAGRAPH, 0},      {"h1", BLOCK_HEADING, 1},         {"h2", BLOCK_HEADING, 2},
        {"h3", BLOCK_HEADING, 3},       {"h4", BLOCK_HEADING, 4},         {"h5", BLOCK_HEADING, 5},
        {"h6", BLOCK_HEADING, 6},
    };
    struct xpath_result r;
    int status = tree_select(t, file, rule, &r, err);
    for (size_t k = 0; status == WINNOW_OK && k < sizeof kinds / sizeof *kinds; k++)
        for (size_t i = 0; slice_is(text_trim(rule->arg), kinds[k].tag) && i < r.count; i++)
            set_kind(t->p, r.nodes[i], kinds[k].kind, kinds[k].level);
    if (status == WINNOW_OK)
        xpath_result_free(&r);
    return status;
}

/* The element goes and what it holds stays: a heading's text is a paragraph's then. */
static int apply_dissolve(struct tree_pass *t, const struct rule_file *file,
                          const struct rule *rule, struct winnow_error *err)
{
    struct page *p = t->p;
    struct xpath_result r;
    int status = tree_select(t, file, rule, &r, err);
    if (status != WINNOW_OK)
        return status;
    for (size_t i = 0; i < r.count; i++) {
        const struct node *n = &p->tree.nodes[r.nodes[i]];
        for (size_t b = block_at(p, n->text_start); b < p->nblocks; b++) {
            if (p->blocks[b].end > n->text_end)
                break;
            if (p->blocks[b].node == r.nodes[i] && p->blocks[b].kind != BLOCK_UNSHOWN)
                p->blocks[b].kind = BLOCK_PARAGRAPH;
        }
    }
    xpath_result_free(&r);
    return WINNOW_OK;
}

/* Keeps them in the order of the page. */
static int remember_moved(struct tree_pass *t, const struct value_node *node,
                          struct winnow_error *err)
{
    struct value_node *moved = array_grow(t->moved, &t->moved_cap, t->nmoved + 1, sizeof *moved);
    if (!moved)
        return err_nomem(err);
    size_t at = t->nmoved++;
    t->moved = moved;
    for (; at > 0 && moved[at - 1].node > node->node; at--)
        moved[at] = moved[at - 1];
    moved[at] = *node;
    return WINNOW_OK;
}

/* move_into(there): nodes.  They belong to the first element that `there` finds; in
 * the text they stay where the page has them, for its order never changes. */
static int apply_move(struct tree_pass *t, const struct rule_file *file, const struct rule *rule,
                      struct winnow_error *err)
{
    struct xpath_result r, into = {0};
    int status = tree_select(t, file, rule, &r, err);
    if (status == WINNOW_OK && r.count > 0)
        status = select_by(t, file, rule, rule->into, &into, err);
    for (size_t i = 0; status == WINNOW_OK && into.count > 0 && i < r.count; i++)
        if (t->nmoved == MOVED_MOST) {
            page_note(t->p, "%s:%u: %d elements of a page can be moved; the others stay where "
                            "they are", file->name, rule->line, MOVED_MOST);
            break;
        } else if (xpath_move(t->p->xpath, r.nodes[i], into.nodes[0])) {
            status = remember_moved(t, &(struct value_node){r.nodes[i], file, rule}, err);
        }
    xpath_result_free(&into);
    xpath_result_free(&r);
    return status;
}

/* Two <br> or more are the gap between two paragraphs. */
static void convert_double_br(struct page *p)
{
    size_t b = 0;
    unsigned breaks = 0;
    for (uint32_t i = 0; i < p->tree.count; i++) {
        if (p->tree.nodes[i].tag != TAG_BR)
            continue;
        uint32_t pos = p->tree.nodes[i].text_start;
        size_t before = b;
        while (b < p->nblocks && p->blocks[b].start < pos)
            b++;
        breaks = b == before ? breaks + 1 : 1;
        if (b < p->nblocks && breaks >= 2 && p->blocks[b].gap == GAP_LINE) {
            p->blocks[b].gap = GAP_BLANK;
            p->blocks[b].blank_before = 1;
        }
    }
}

/* --- the order --------------------------------------------------------------------------- */

/* In this order, each over all files; the body is found between the two tables. */
static const struct step {
    enum directive_id id;
    int (*apply)(struct tree_pass *t, const struct rule_file *file, const struct rule *rule,
                 struct winnow_error *err);
} before_body[] = {
    {DIRECTIVE_WRAP_IN, apply_wrap},
    {DIRECTIVE_DISSOLVE, apply_dissolve},
    {DIRECTIVE_MOVE_INTO, apply_move},
    {DIRECTIVE_STRIP, apply_strip},
    {DIRECTIVE_STRIP_ATTR, apply_strip},
    {DIRECTIVE_STRIP_ID_OR_CLASS, apply_strip_part},
    {DIRECTIVE_STRIP_IMAGE_SRC, apply_strip_image_src},
}, after_body[] = {
    {DIRECTIVE_POST_STRIP_ATTR, apply_strip},
};

static int apply_steps(struct tree_pass *t, const struct step *steps, size_t count, bool global,
                       struct winnow_error *err)
{
    const struct rule_set *set = &t->p->rules;
    int status = WINNOW_OK;
    for (size_t s = 0; s < count; s++)
        for (size_t f = 0; f < set->count; f++)
            for (size_t i = 0; i < set->files[f]->count && status == WINNOW_OK; i++)
                if (set->files[f]->rules[i].directive->id == steps[s].id &&
                    (set->matches[f].step == MATCH_GLOBAL) == global)
                    status = steps[s].apply(t, set->files[f], &set->files[f]->rules[i], err);
    return status;
}

/* The class and the id of an element, in one look at its attributes. */
static void names_of(const struct tree *tree, uint32_t node, struct slice *classes,
                     struct slice *id)
{
    const struct node *n = &tree->nodes[node];
    *classes = *id = (struct slice){NULL, 0};
    for (uint32_t a = n->attrs; a < n->attrs + n->nattrs; a++) {
        const struct attr *attr = &tree->attrs[a];
        if (!classes->p && slice_is(attr->name, "class"))
            *classes = attr->value;
        else if (!id->p && slice_is(attr->name, "id"))
            *id = attr->value;
    }
}

/* Whole classes and ids: one walk a file, however many it names.  The page as a whole
 * is never one of them. */
static int apply_tokens(struct tree_pass *t, const struct rule_file *file)
{
    const struct tree *tree = &t->p->tree;
    uint32_t *reasons = NULL; /* of the file's rules; 0: none made yet */
    for (uint32_t i = 0; file->tokens && i < tree->count; i++) {
        unsigned tag = tree->nodes[i].tag;
        if (tree->nodes[i].nattrs == 0 || tag == TAG_HTML || tag == TAG_BODY)
            continue;
        struct slice classes, id;
        names_of(tree, i, &classes, &id);
        size_t found = classes.p || id.p ? tokens_find(file->tokens, classes, id) : SIZE_MAX;
        if (found == SIZE_MAX)
            continue;
        if (!reasons && !(reasons = calloc(file->count, sizeof *reasons)))
            return WINNOW_ENOMEM;
        const struct rule *rule = &file->rules[found];
        if (reasons[found] == 0)
            reasons[found] = rules_verdict_reason(t->p, "rules", file, rule, "removed");
        rules_count(t->p, file, rule, 1);
        tree_remove(t, i, reasons[found]);
        i = tree->nodes[i].end - 1;
    }
    free(reasons);
    return WINNOW_OK;
}

enum { BEFORE = sizeof before_body / sizeof *before_body,
       AFTER = sizeof after_body / sizeof *after_body };

/* The site's own files strip, then the body is found, then the XPaths that hold for every
 * page strip: a long list of filters must not spend the time that a page's XPath has
 * before its body is found.  Whole names cost no XPath and wait for nothing. */
static int apply_all(struct tree_pass *t, struct winnow_error *err)
{
    const struct rule_set *set = &t->p->rules;
    int status = apply_steps(t, before_body, BEFORE, false, err);
    for (size_t f = 0; status == WINNOW_OK && f < set->count; f++)
        if (apply_tokens(t, set->files[f]) != WINNOW_OK)
            status = err_nomem(err);
    if (status == WINNOW_OK)
        status = tree_find_body(t, err);
    if (status == WINNOW_OK)
        status = apply_steps(t, before_body, BEFORE, true, err);
    if (status == WINNOW_OK)
        status = apply_steps(t, after_body, AFTER, false, err);
    return status == WINNOW_OK ? apply_steps(t, after_body, AFTER, true, err) : status;
}

int rules_apply_tree(struct page *p, struct winnow_error *err)
{
    struct tree_pass t = {.p = p};
    int status = open_xpath(&t, err);
    if (status == WINNOW_OK)
        status = tree_read_values(&t, err);
    if (status == WINNOW_OK)
        status = apply_all(&t, err);
    if (status == WINNOW_OK && rules_flag(p, DIRECTIVE_CONVERT_DOUBLE_BR_TAGS, false))
        convert_double_br(p);
    if (status == WINNOW_OK && verdict_settle(&p->verdicts) != WINNOW_OK)
        status = err_nomem(err);
    give_back_attrs(&t);
    free(t.values);
    free(t.moved);
    return status;
}
