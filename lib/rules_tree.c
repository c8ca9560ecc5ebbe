/* rules_tree.c - rules on HTML: strings replaced before parsing, elements marked
 * after, values read. */
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "page.h"
#include "rules.h"
#include "text.h"
#include "xpath.h"

/* --- find_string, replace_string ------------------------------------------------------ */

/* Replaces every occurrence; returns how many there were. */
static size_t replace_all(struct slice html, struct slice find, struct slice with,
                          struct buf *ret)
{
    size_t count = 0;
    const char *end = html.p + html.len, *at;
    while ((at = memmem(html.p, (size_t)(end - html.p), find.p, find.len)) != NULL) {
        buf_add(ret, html.p, (size_t)(at - html.p));
        buf_add(ret, with.p, with.len);
        html.p = at + find.len;
        count++;
    }
    if (count > 0)
        buf_add(ret, html.p, (size_t)(end - html.p));
    return count;
}

static int replace_one(struct page *p, const struct rule_file *file, const struct rule *rule,
                       struct slice find, struct slice with, struct winnow_error *err)
{
    struct buf next;
    if (find.len == 0)
        return WINNOW_OK;
    buf_init(&next, p->limits.max_bytes);
    size_t count = replace_all(p->utf8, find, with, &next);
    if (next.status == WINNOW_ENOMEM) {
        buf_free(&next);
        return err_nomem(err);
    }
    if (next.status == WINNOW_ELIMIT) {
        page_note(p, "%s:%u: the replacement makes the page larger than the limit of %zu bytes; "
                     "it is not applied", file->name, rule->line, p->limits.max_bytes);
        buf_free(&next);
        return WINNOW_OK;
    }
    if (count == 0) {
        buf_free(&next);
        return WINNOW_OK;
    }
    page_note(p, "%s:%u: replaced %zu strings of the HTML before parsing", file->name, rule->line,
              count);
    buf_free(&p->rewritten);
    p->rewritten = next;
    p->utf8 = buf_slice(&next);
    return WINNOW_OK;
}

static int rewrite_by(struct page *p, const struct rule_file *file, struct winnow_error *err)
{
    struct slice find = {NULL, 0};
    int status = WINNOW_OK;
    for (size_t i = 0; i < file->count && status == WINNOW_OK; i++) {
        const struct rule *rule = &file->rules[i];
        if (rule->directive->id == DIRECTIVE_FIND_STRING) {
            find = rule->value;
        } else if (rule->directive->id == DIRECTIVE_REPLACE_STRING) {
            struct slice what = rule->has_arg ? rule->arg : find;
            status = replace_one(p, file, rule, what, rule->value, err);
            find = rule->has_arg ? find : (struct slice){NULL, 0};
        }
    }
    return status;
}

int rules_rewrite(struct page *p, struct winnow_error *err)
{
    int status = WINNOW_OK;
    for (size_t i = 0; p->kind == WINNOW_KIND_HTML && i < p->rules.count; i++)
        if (status == WINNOW_OK)
            status = rewrite_by(p, p->rules.files[i], err);
    return status;
}

/* --- elements --------------------------------------------------------------------------- */

static int select_nodes(struct page *p, const struct rule_file *file, const struct rule *rule,
                        struct xpath_result *ret, struct winnow_error *err)
{
    struct winnow_error why = {0};
    int status = WINNOW_OK;
    *ret = (struct xpath_result){0};
    if (!rule->usable)
        return WINNOW_OK;
    if (!p->xpath) /* made when the first rule asks, and kept for the others */
        status = xpath_doc_new(&p->tree, &p->xpath, err);
    if (status != WINNOW_OK)
        return status;
    status = xpath_select(p->xpath, rule->xpath, ret, &why);
    if (status == WINNOW_ERULES) {
        page_note(p, "%s:%u: %s; the line is not applied", file->name, rule->line, why.text);
        return WINNOW_OK;
    }
    return status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}

static void remove_node(struct page *p, uint32_t node, uint32_t reason)
{
    const struct node *n = &p->tree.nodes[node];
    verdict_remove(&p->verdicts, n->text_start, n->text_end, reason);
}

static int apply_strip(struct page *p, const struct rule_file *file, const struct rule *rule,
                       struct winnow_error *err)
{
    struct xpath_result r;
    int status = select_nodes(p, file, rule, &r, err);
    if (status != WINNOW_OK)
        return status;
    uint32_t reason = r.count > 0 ? rules_verdict_reason(p, "rules", file, rule, "removed") : 0;
    for (size_t i = 0; i < r.count; i++)
        remove_node(p, r.nodes[i], reason);
    xpath_result_free(&r);
    return WINNOW_OK;
}

/* The format's readers drop quotes around the value and look for a substring. */
static struct slice unquoted(struct slice s)
{
    while (s.len > 0 && (s.p[0] == '"' || s.p[0] == '\'')) {
        s.p++;
        s.len--;
    }
    while (s.len > 0 && (s.p[s.len - 1] == '"' || s.p[s.len - 1] == '\''))
        s.len--;
    return s;
}

static bool attr_holds(const struct tree *tree, uint32_t node, const char *name, struct slice part)
{
    struct slice value = tree_get_attr(tree, node, name);
    return value.len >= part.len && value.p && memmem(value.p, value.len, part.p, part.len);
}

static int apply_strip_id_or_class(struct page *p, const struct rule_file *file,
                                   const struct rule *rule, struct winnow_error *err)
{
    (void)err;
    const struct tree *tree = &p->tree;
    struct slice part = unquoted(rule->value);
    uint32_t reason = 0;
    for (uint32_t i = 0; part.len > 0 && i < tree->count; i++) {
        if (tree->nodes[i].nattrs == 0 ||
            (!attr_holds(tree, i, "class", part) && !attr_holds(tree, i, "id", part)))
            continue;
        if (reason == 0)
            reason = rules_verdict_reason(p, "rules", file, rule, "removed");
        remove_node(p, i, reason);
        i = tree->nodes[i].end - 1; /* what stands in it is gone with it */
    }
    return WINNOW_OK;
}

/* All nodes of the first body rule that finds text are the body; nested ones are
 * skipped, and the rest of the page is removed. */
static int apply_body(struct page *p, const struct rule_file *file, const struct rule *rule,
                      struct winnow_error *err)
{
    struct xpath_result r;
    if (p->has_body)
        return WINNOW_OK;
    int status = select_nodes(p, file, rule, &r, err);
    if (status != WINNOW_OK)
        return status;
    uint32_t blank_end = 0; /* what stands in a blank element is blank */
    for (size_t i = 0; i < r.count && !p->has_body; i++) {
        if (r.nodes[i] < blank_end)
            continue;
        p->has_body = text_trim(tree_node_text(&p->tree, r.nodes[i])).len > 0;
        blank_end = p->tree.nodes[r.nodes[i]].end;
    }
    uint32_t reason =
        p->has_body ? rules_verdict_reason(p, "rules", file, rule, "outside the body named") : 0;
    uint32_t from = 0;
    for (size_t i = 0; p->has_body && i < r.count; i++) {
        const struct node *n = &p->tree.nodes[r.nodes[i]];
        verdict_remove(&p->verdicts, from, n->text_start, reason);
        from = n->text_end > from ? n->text_end : from;
    }
    if (p->has_body)
        verdict_remove(&p->verdicts, from, p->text_len, reason);
    xpath_result_free(&r);
    return WINNOW_OK;
}

/* The order in which the directives count, over all files. */
static const struct {
    enum directive_id id;
    int (*apply)(struct page *p, const struct rule_file *file, const struct rule *rule,
                 struct winnow_error *err);
} steps[] = {
    {DIRECTIVE_STRIP, apply_strip},
    {DIRECTIVE_STRIP_ATTR, apply_strip},
    {DIRECTIVE_POST_STRIP_ATTR, apply_strip},
    {DIRECTIVE_STRIP_ID_OR_CLASS, apply_strip_id_or_class},
    {DIRECTIVE_BODY, apply_body},
};

int rules_apply_tree(struct page *p, struct winnow_error *err)
{
    int status = WINNOW_OK;
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
        for (size_t f = 0; f < p->rules.count; f++) {
            const struct rule_file *file = p->rules.files[f];
            for (size_t i = 0; i < file->count && status == WINNOW_OK; i++)
                if (file->rules[i].directive->id == steps[s].id)
                    status = steps[s].apply(p, file, &file->rules[i], err);
        }
    if (status == WINNOW_OK && verdict_settle(&p->verdicts) != WINNOW_OK)
        status = err_nomem(err);
    return status;
}

/* --- values ------------------------------------------------------------------------------- */

static const char *value_of(struct page *p, const struct xpath_result *r)
{
    struct buf folded;
    struct slice raw = r->string     ? slice_of(r->string)
                       : r->count > 0 ? tree_node_text(&p->tree, r->nodes[0])
                                      : (struct slice){"", 0};
    buf_init(&folded, raw.len + 1);
    text_fold_space(raw, &folded);
    const char *ret = folded.len > 0 ? arena_copy(&p->arena, buf_slice(&folded)) : NULL;
    if (folded.status != WINNOW_OK || (folded.len > 0 && !ret))
        p->status = WINNOW_ENOMEM;
    buf_free(&folded);
    return ret;
}

static const char *value_by(struct page *p, const struct rule_file *file, const struct rule *rule)
{
    struct xpath_result r;
    if (select_nodes(p, file, rule, &r, NULL) != WINNOW_OK) {
        p->status = WINNOW_ENOMEM;
        return NULL;
    }
    const char *ret = value_of(p, &r);
    xpath_result_free(&r);
    return ret;
}

const char *rules_find_value(struct page *p, enum directive_id id, const struct rule_file **file,
                             const struct rule **by)
{
    const char *ret = NULL;
    for (size_t f = 0; !ret && f < p->rules.count; f++)
        for (size_t i = 0; !ret && i < p->rules.files[f]->count; i++) {
            *file = p->rules.files[f];
            *by = &(*file)->rules[i];
            if ((*by)->directive->id == id)
                ret = value_by(p, *file, *by);
        }
    return ret;
}
