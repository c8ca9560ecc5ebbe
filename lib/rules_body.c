/* rules_body.c - the page's own content, as a rule file names it.
 *
 * 1. All nodes of the first body line that finds text are the body; nested ones are
 *    skipped, and the rest of the page is removed.
 * 2. A body line that would leave less of the page than max_drop allows is passed over,
 *    with a note: an article that is so small a part of its page is more often a rule
 *    that has rotted.  Better too much than nothing.
 * 3. Within the body goes what the format's readers take away too: elements that an
 *    inline style hides, those that gave the title, author and date, and, unless the file
 *    says `prune: no`, what is there to be clicked.
 * 4. No such rule of thumb takes half of the body: then it stays. */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "rules_prune.h"
#include "rules_tree.h"
#include "text.h"

struct body {
    struct tree_pass *t;
    const struct rule_file *file;
    const struct rule *rule;
    uint32_t *nodes; /* disjoint, in order */
    size_t count;
    uint64_t text; /* bytes of it that are not blank */
    bool doubted;  /* a line named one that leaves too little */
};

static uint64_t text_size(const struct page *p, uint32_t node)
{
    return text_trim(tree_node_text(&p->tree, node)).len;
}

/* --- the nodes ------------------------------------------------------------------------ */

static int compare_nodes(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Nodes that were moved into the body belong to it. */
static int add_moved(struct body *b, struct xpath_result *r)
{
    const struct tree_pass *t = b->t;
    uint32_t *grown = realloc(r->nodes, (r->count + t->nmoved) * sizeof *grown);
    if (!grown)
        return WINNOW_ENOMEM;
    r->nodes = grown;
    size_t own = r->count;
    for (size_t m = 0; m < t->nmoved; m++)
        for (size_t i = 0; i < own; i++)
            if (xpath_holds(t->p->xpath, r->nodes[i], t->moved[m].node)) {
                r->nodes[r->count++] = t->moved[m].node;
                break;
            }
    qsort(r->nodes, r->count, sizeof *r->nodes, compare_nodes);
    return WINNOW_OK;
}

/* Takes the nodes of r over, without those that stand in others; *ret stays empty
 * where none has text. */
static int take_nodes(struct body *b, struct xpath_result *r)
{
    const struct page *p = b->t->p;
    uint32_t end = 0;
    if (r->count > 0 && b->t->nmoved > 0 && add_moved(b, r) != WINNOW_OK)
        return WINNOW_ENOMEM;
    b->count = 0;
    b->text = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (r->nodes[i] < end)
            continue;
        end = p->tree.nodes[r->nodes[i]].end;
        b->text += text_size(p, r->nodes[i]);
        r->nodes[b->count++] = r->nodes[i];
    }
    b->nodes = r->nodes;
    r->nodes = NULL;
    return WINNOW_OK;
}

/* Bytes of the body's nodes that blocks show and nothing has stripped. */
static uint64_t left_in_body(const struct body *b)
{
    const struct page *p = b->t->p;
    uint64_t ret = 0;
    for (size_t n = 0; n < b->count; n++) {
        const struct node *node = &p->tree.nodes[b->nodes[n]];
        struct verdict_walk walk =
            verdict_walk(&p->verdicts, p->text, node->text_start, node->text_end);
        struct slice piece;
        uint32_t start;
        while (verdict_next(&walk, &piece, &start))
            ret += page_shown(p, start, start + (uint32_t)piece.len);
    }
    return ret;
}

/* Does the body leave as much of the page as max_drop asks for? */
static bool is_believed(const struct body *b)
{
    struct page *p = b->t->p;
    unsigned most = rules_max_drop(p, b->file);
    uint64_t all = p->shown, left = left_in_body(b);
    if (left * 100 >= all * (100 - most))
        return true;
    page_note(p, "%s:%u: the body named is %.1f%% of the page, less than its max_drop of %u%% "
                 "leaves; the line is passed over: is it out of date?",
              b->file->name, b->rule->line, all > 0 ? 100.0 * (double)left / (double)all : 0.0,
              most);
    return false;
}

static int try_body(struct body *b, const struct rule_file *file, const struct rule *rule,
                    struct winnow_error *err)
{
    struct xpath_result r;
    int status = tree_select(b->t, file, rule, &r, err);
    if (status != WINNOW_OK)
        return status;
    free(b->nodes);
    b->nodes = NULL;
    b->file = file;
    b->rule = rule;
    if (take_nodes(b, &r) != WINNOW_OK)
        status = err_nomem(err);
    if (b->text > 0 && !is_believed(b)) {
        b->text = 0;
        b->doubted = true;
    }
    xpath_result_free(&r);
    return status;
}

/* --- what goes within it ---------------------------------------------------------------- */

/* Nodes of one kind, to be removed together or not at all. */
struct removal {
    uint32_t *nodes;
    size_t count, cap;
    uint64_t text;
};

static bool in_body(const struct body *b, uint32_t node)
{
    size_t low = 0, high = b->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (b->nodes[mid] < node)
            low = mid + 1;
        else
            high = mid;
    }
    return low > 0 && node < b->t->p->tree.nodes[b->nodes[low - 1]].end;
}

static void removal_add(struct removal *r, struct page *p, uint32_t node)
{
    uint32_t *grown = array_grow(r->nodes, &r->cap, r->count + 1, sizeof *grown);
    if (!grown) {
        p->status = WINNOW_ENOMEM;
        return;
    }
    r->nodes = grown;
    grown[r->count++] = node;
    r->text += text_size(p, node);
}

/* Removes them unless they are half of the body. */
static void removal_apply(const struct body *b, struct removal *r, uint32_t reason)
{
    for (size_t i = 0; 2 * r->text < b->text && i < r->count; i++)
        tree_remove(b->t, r->nodes[i], reason);
    free(r->nodes);
    *r = (struct removal){0};
}

/* Every element of the body that is asked for, none within another. */
static void remove_where(const struct body *b, bool (*is)(const void *ctx, uint32_t node),
                         const void *ctx, const char *why)
{
    struct page *p = b->t->p;
    struct removal r = {0};
    for (size_t n = 0; n < b->count; n++)
        for (uint32_t i = b->nodes[n] + 1; i < p->tree.nodes[b->nodes[n]].end; i++)
            if (p->tree.nodes[i].tag != TAG_TEXT && is(ctx, i)) {
                removal_add(&r, p, i);
                i = p->tree.nodes[i].end - 1;
            }
    uint32_t reason =
        r.count > 0 ? rules_verdict_reason(p, "rules", b->file, b->rule, why) : 0;
    removal_apply(b, &r, reason);
}

/* Is the name longer than the property, to the left?  backface-visibility hides nothing. */
static bool is_longer_name(const char *start, const char *at)
{
    char before = at > start ? at[-1] : ' ';
    return before == '-' || before == '_' || ((before | 32) >= 'a' && (before | 32) <= 'z');
}

/* property: value, in any case and spacing. */
static bool style_says(struct slice style, const char *property, const char *value)
{
    struct slice rest = style;
    const char *at, *end = style.p + style.len;
    while ((at = text_find_nocase(rest, property)) != NULL) {
        bool longer = is_longer_name(style.p, at);
        at += strlen(property);
        rest = (struct slice){at, (size_t)(end - at)};
        struct slice after = text_trim(rest);
        if (longer || after.len == 0 || after.p[0] != ':')
            continue;
        after = text_trim((struct slice){after.p + 1, after.len - 1});
        size_t n = strlen(value);
        if (after.len >= n && text_equal_nocase((struct slice){after.p, n}, slice_of(value)))
            return true;
    }
    return false;
}

static bool is_hidden(const void *ctx, uint32_t node)
{
    struct slice style = tree_get_attr(ctx, node, "style");
    return style.len > 0 && (style_says(style, "display", "none") ||
                             style_says(style, "visibility", "hidden"));
}

static bool is_to_click(const void *ctx, uint32_t node)
{
    return is_control(ctx, node);
}

static bool is_link_group(const void *ctx, uint32_t node)
{
    return is_mostly_links(ctx, node);
}

static int prune(const struct body *b)
{
    struct link_counts counts;
    if (link_counts_make(b->t->p, &counts) != WINNOW_OK)
        return WINNOW_ENOMEM;
    remove_where(b, is_to_click, &b->t->p->tree, "a control, pruned from the body named");
    remove_where(b, is_link_group, &counts, "mostly links, pruned from the body named");
    link_counts_free(&counts);
    return WINNOW_OK;
}

/* Is the node's text whole lines of the page?  A name within a sentence is none of its
 * title's business. */
static bool is_whole_lines(const struct page *p, uint32_t node)
{
    const struct node *n = &p->tree.nodes[node];
    for (size_t i = page_block_behind(p, n->text_start);
         i < p->nblocks && p->blocks[i].start < n->text_end; i++)
        if (p->blocks[i].start < n->text_start || p->blocks[i].end > n->text_end)
            return false;
    return true;
}

/* The nodes of one line are removed together. */
static void remove_values(const struct body *b)
{
    const struct tree_pass *t = b->t;
    for (size_t i = 0; i < t->nvalues;) {
        struct removal r = {0};
        const struct value_node *first = &t->values[i];
        for (; i < t->nvalues && t->values[i].rule == first->rule; i++)
            if (in_body(b, t->values[i].node) && is_whole_lines(t->p, t->values[i].node))
                removal_add(&r, t->p, t->values[i].node);
        uint32_t reason = r.count == 0 ? 0
                                       : rules_verdict_reason(t->p, "rules", first->file, first->rule,
                                                              "written down as a value found");
        removal_apply(b, &r, reason);
    }
}

/* Does a node of the body hold this one, as nodes were moved? */
static bool is_held(const struct body *b, uint32_t node)
{
    for (size_t i = 0; i < b->count; i++)
        if (xpath_holds(b->t->p->xpath, b->nodes[i], node))
            return true;
    return false;
}

/* What was moved out of the body is none of it. */
static void remove_moved(const struct body *b)
{
    const struct tree_pass *t = b->t;
    for (size_t i = 0; i < t->nmoved; i++) {
        const struct value_node *m = &t->moved[i];
        if (in_body(b, m->node) && !is_held(b, m->node))
            tree_remove(b->t, m->node, rules_verdict_reason(t->p, "rules", m->file, m->rule,
                                                            "moved out of the body named"));
    }
}

static void remove_rest(const struct body *b)
{
    struct page *p = b->t->p;
    uint32_t from = 0;
    uint32_t reason =
        rules_verdict_reason(p, "rules", b->file, b->rule, "outside the body named");
    for (size_t i = 0; i < b->count; i++) {
        const struct node *n = &p->tree.nodes[b->nodes[i]];
        verdict_remove(&p->verdicts, from, n->text_start, reason);
        from = n->text_end;
    }
    verdict_remove(&p->verdicts, from, p->text_len, reason);
}

int tree_find_body(struct tree_pass *t, struct winnow_error *err)
{
    struct page *p = t->p;
    struct body b = {.t = t};
    int status = verdict_settle(&p->verdicts) == WINNOW_OK ? WINNOW_OK : err_nomem(err);
    for (size_t f = 0; f < p->rules.count; f++)
        for (size_t i = 0; i < p->rules.files[f]->count; i++)
            if (p->rules.files[f]->rules[i].directive->id == DIRECTIVE_BODY && b.text == 0 &&
                status == WINNOW_OK)
                status = try_body(&b, p->rules.files[f], &p->rules.files[f]->rules[i], err);
    if (status == WINNOW_OK && b.text > 0) {
        p->body_file = b.file;
        remove_rest(&b);
        remove_moved(&b);
        remove_where(&b, is_hidden, &p->tree, "hidden by its style in the body named");
        remove_values(&b);
    }
    if (p->body_file && rules_flag(p, DIRECTIVE_PRUNE, true) && prune(&b) != WINNOW_OK)
        status = err_nomem(err);
    p->suspect |= b.doubted && !p->body_file;
    free(b.nodes);
    return status;
}
