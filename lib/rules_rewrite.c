/* rules_rewrite.c - find_string and replace_string: the HTML before it is parsed. */
#include <string.h>

#include "err.h"
#include "page.h"
#include "rules.h"

/* Replaces every occurrence; returns how many there were. */
static size_t replace_all(struct slice html, struct slice find, struct slice with,
                          struct buf *ret)
{
    size_t count = 0;
    const char *end = html.p + html.len, *at;
    while (ret->status == WINNOW_OK &&
           (at = memmem(html.p, (size_t)(end - html.p), find.p, find.len)) != NULL) {
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
    if (find.len == 0 || !rules_have_time(p, file, rule))
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
    rules_count(p, file, rule, count);
    if (count == 0) {
        buf_free(&next);
        return WINNOW_OK;
    }
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
