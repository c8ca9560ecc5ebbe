/* rules_values.c - values that rules read from a page's tree: title, author, date, links.
 *
 * They are read before anything is stripped, and kept on the page for the stages that
 * write them down. */
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "rules_tree.h"
#include "text.h"

/* How a kind of value is read. */
static const struct reading {
    enum directive_id id;
    bool all;   /* every node counts, not the first alone */
    bool link;  /* the address, not the text */
    bool is_text; /* the nodes are no text of the body */
} readings[] = {
    {DIRECTIVE_SINGLE_PAGE_LINK, false, true, false},
    {DIRECTIVE_NEXT_PAGE_LINK, false, true, false},
    {DIRECTIVE_NATIVE_AD_CLUE, false, false, false},
    {DIRECTIVE_TITLE, false, false, true},
    {DIRECTIVE_AUTHOR, true, false, true},
    {DIRECTIVE_DATE, false, false, true},
};

enum { VALUE_MOST = 4096 }; /* bytes; what is longer is no title and no name */

static void add_value(struct page *p, struct slice raw, struct buf *ret)
{
    struct buf folded;
    buf_init(&folded, raw.len + 1);
    text_fold_space(raw, &folded);
    if (folded.len > 0 && folded.len <= VALUE_MOST && folded.len + 2 <= ret->max - ret->len) {
        buf_adds(ret, ret->len > 0 ? ", " : "");
        buf_add(ret, folded.data, folded.len);
    }
    if (folded.status != WINNOW_OK)
        p->status = WINNOW_ENOMEM;
    buf_free(&folded);
}

static struct slice text_of(const struct page *p, uint32_t node, bool link)
{
    struct slice href = tree_get_attr(&p->tree, node, "href");
    return link ? (href.p ? href : (struct slice){"", 0}) : tree_node_text(&p->tree, node);
}

/* The nodes that gave a value are remembered. */
static void remember(struct tree_pass *t, const struct rule_file *file, const struct rule *rule,
                     const struct xpath_result *r, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct value_node *grown =
            array_grow(t->values, &t->values_cap, t->nvalues + 1, sizeof *grown);
        if (!grown) {
            t->p->status = WINNOW_ENOMEM;
            return;
        }
        t->values = grown;
        grown[t->nvalues++] = (struct value_node){r->nodes[i], file, rule};
    }
}

static const char *value_of(struct tree_pass *t, const struct reading *how,
                            const struct rule_file *file, const struct rule *rule,
                            const struct xpath_result *r)
{
    struct page *p = t->p;
    struct buf value;
    size_t used = 0;
    buf_init(&value, VALUE_MOST);
    if (r->string && r->nattrs == 0)
        add_value(p, slice_of(r->string), &value);
    for (size_t i = 0; r->string && i < r->nattrs && (how->all || value.len == 0); i++)
        add_value(p, p->tree.attrs[r->attrs[i]].value, &value);
    for (; used < r->count && !r->string && (how->all || value.len == 0); used++)
        add_value(p, text_of(p, r->nodes[used], how->link), &value);
    const char *ret = value.len > 0 ? arena_copy(&p->arena, buf_slice(&value)) : NULL;
    if (value.status == WINNOW_ENOMEM || (value.len > 0 && !ret))
        p->status = WINNOW_ENOMEM;
    if (ret && how->is_text)
        remember(t, file, rule, r, used);
    buf_free(&value);
    return ret;
}

/* Does it find something, or is it true? */
static bool is_yes(const struct xpath_result *r)
{
    return r->count > 0 || r->nattrs > 0 ||
           (r->string && *r->string && strcmp(r->string, "false") != 0);
}

/* if_page_contains binds to the last link rule above it: the link counts only where
 * the expression finds something. */
static int condition_holds(struct tree_pass *t, const struct rule_file *file, size_t i, bool *ret,
                           struct winnow_error *err)
{
    struct xpath_result r;
    *ret = true;
    for (i++; i < file->count; i++) {
        enum directive_id id = file->rules[i].directive->id;
        if (id == DIRECTIVE_SINGLE_PAGE_LINK || id == DIRECTIVE_NEXT_PAGE_LINK)
            return WINNOW_OK;
        if (id == DIRECTIVE_IF_PAGE_CONTAINS)
            break;
    }
    if (i == file->count)
        return WINNOW_OK;
    int status = tree_select(t, file, &file->rules[i], &r, err);
    if (status == WINNOW_OK) {
        *ret = is_yes(&r);
        xpath_result_free(&r);
    }
    return status;
}

static int read_by(struct tree_pass *t, const struct reading *how, const struct rule_file *file,
                   size_t i, struct found_value *ret, struct winnow_error *err)
{
    const struct rule *rule = &file->rules[i];
    struct xpath_result r;
    bool holds = true;
    int status = tree_select(t, file, rule, &r, err);
    if (status != WINNOW_OK)
        return status;
    bool found = r.count > 0 || r.string;
    if (found && how->link)
        status = condition_holds(t, file, i, &holds, err);
    if (status == WINNOW_OK && found && holds) {
        const char *value = how->id == DIRECTIVE_NATIVE_AD_CLUE
                                ? (is_yes(&r) ? "yes" : NULL)
                                : value_of(t, how, file, rule, &r);
        *ret = (struct found_value){how->id, value, file, rule};
    }
    xpath_result_free(&r);
    return status;
}

int tree_read_values(struct tree_pass *t, struct winnow_error *err)
{
    struct page *p = t->p;
    int status = WINNOW_OK;
    for (size_t n = 0; n < sizeof readings / sizeof *readings; n++) {
        struct found_value found = {0};
        for (size_t f = 0; f < p->rules.count && !found.value; f++)
            for (size_t i = 0; i < p->rules.files[f]->count && !found.value; i++)
                if (p->rules.files[f]->rules[i].directive->id == readings[n].id &&
                    status == WINNOW_OK)
                    status = read_by(t, &readings[n], p->rules.files[f], i, &found, err);
        if (found.value && p->nfound < FOUND_MOST)
            p->found[p->nfound++] = found;
    }
    return status;
}

const char *rules_find_value(const struct page *p, enum directive_id id,
                             const struct rule_file **file, const struct rule **by)
{
    for (size_t i = 0; i < p->nfound; i++)
        if (p->found[i].id == id) {
            *file = p->found[i].file;
            *by = p->found[i].by;
            return p->found[i].value;
        }
    return NULL;
}
