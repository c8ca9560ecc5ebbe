/* rules_report.c - which rule files spoke for a page, and what each of their rules matched. */
#include <stdlib.h>

#include "page_public.h"
#include "rules.h"

static const char *const steps[] = {[MATCH_TEST] = "test", [MATCH_HOST] = "host",
                                    [MATCH_PARENT] = "parent", [MATCH_LINE] = "match",
                                    [MATCH_GLOBAL] = "global"};

struct winnow_rule_file winnow_page_rule_file(const struct winnow_page *page, size_t i)
{
    const struct page *p = &page->page;
    if (i >= p->rules.count)
        return (struct winnow_rule_file){0};
    const struct rule_file *file = p->rules.files[i];
    const struct match *match = &p->rules.matches[i];
    return (struct winnow_rule_file){
        .name = file->name,
        .path = file->path,
        .step = steps[match->step],
        .line = match->line ? match->line->line : 0,
        .took = (size_t)match->took,
    };
}

size_t winnow_page_shown(const struct winnow_page *page)
{
    return (size_t)page->page.shown;
}

int winnow_page_suspect(const struct winnow_page *page)
{
    return page->page.suspect;
}

/* Directives in the order in which they are applied; those of one rank go file by file,
 * as their lines stand. */
static const struct {
    enum directive_id id;
    unsigned rank;
} order[] = {
    {DIRECTIVE_HTTP_HEADER, 1},     {DIRECTIVE_REQUIRES_LOGIN, 1},
    {DIRECTIVE_REPLACE_STRING, 1},  {DIRECTIVE_SINGLE_PAGE_LINK, 2},
    {DIRECTIVE_NEXT_PAGE_LINK, 3},  {DIRECTIVE_IF_PAGE_CONTAINS, 3},
    {DIRECTIVE_NATIVE_AD_CLUE, 4},  {DIRECTIVE_TITLE, 5},
    {DIRECTIVE_AUTHOR, 6},          {DIRECTIVE_DATE, 7},
    {DIRECTIVE_WRAP_IN, 8},         {DIRECTIVE_DISSOLVE, 9},
    {DIRECTIVE_MOVE_INTO, 10},      {DIRECTIVE_STRIP, 11},
    {DIRECTIVE_STRIP_ATTR, 12},     {DIRECTIVE_STRIP_ID_OR_CLASS, 13},
    {DIRECTIVE_STRIP_IMAGE_SRC, 14}, {DIRECTIVE_BODY, 15},
    {DIRECTIVE_POST_STRIP_ATTR, 16}, {DIRECTIVE_KEEP_LINE, 17},
    {DIRECTIVE_DROP_LINE, 17},      {DIRECTIVE_DROP_BLOCK, 17},
    {DIRECTIVE_DROP_BETWEEN, 17},   {DIRECTIVE_CUT_BEFORE, 17},
    {DIRECTIVE_CUT_AFTER, 17},      {DIRECTIVE_TICKER, 17},
    {DIRECTIVE_REPAIR, 18},         {DIRECTIVE_REPAIR_SET, 18},
};

enum { RANKS = 18 };

static unsigned rank_of(enum directive_id id)
{
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (order[i].id == id)
            return order[i].rank;
    return 0;
}

static struct winnow_rule describe(const struct page *p, size_t f, const struct rule *rule)
{
    const struct match *match = &p->rules.matches[f];
    uint32_t count = match->counts ? match->counts[rule - p->rules.files[f]->rules] : 0;
    return (struct winnow_rule){
        .file = f,
        .line = rule->line,
        .directive = rule->directive->name,
        .arg = rule->has_arg ? rule->arg.p : NULL,
        .arg_len = rule->has_arg ? rule->arg.len : 0,
        .value = rule->value.p,
        .value_len = rule->value.len,
        .tried = count > 0,
        .matched = count > 0 ? count - 1 : 0,
    };
}

void winnow_page_rules(const struct winnow_page *page, winnow_rule_fn *each, void *ctx)
{
    const struct page *p = &page->page;
    for (unsigned rank = 1; rank <= RANKS; rank++)
        for (size_t f = 0; f < p->rules.count; f++)
            for (size_t i = 0; i < p->rules.files[f]->count; i++) {
                const struct rule *rule = &p->rules.files[f]->rules[i];
                if (rank_of(rule->directive->id) != rank)
                    continue;
                struct winnow_rule r = describe(p, f, rule);
                each(ctx, &r);
            }
}
