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

/* Directives in the order in which they are applied (rules_tree.c holds that of
 * elements); those of one rank go file by file, as their lines stand. */
static const struct {
    enum directive_id id;
    unsigned char rank;
    unsigned char global; /* rank in a file that speaks for every page; 0: the same */
} order[] = {
    {DIRECTIVE_HTTP_HEADER, 1, 0},     {DIRECTIVE_REQUIRES_LOGIN, 1, 0},
    {DIRECTIVE_REPLACE_STRING, 1, 0},  {DIRECTIVE_SINGLE_PAGE_LINK, 2, 0},
    {DIRECTIVE_NEXT_PAGE_LINK, 3, 0},  {DIRECTIVE_IF_PAGE_CONTAINS, 3, 0},
    {DIRECTIVE_NATIVE_AD_CLUE, 4, 0},  {DIRECTIVE_TITLE, 5, 0},
    {DIRECTIVE_AUTHOR, 6, 0},          {DIRECTIVE_DATE, 7, 0},
    {DIRECTIVE_WRAP_IN, 8, 18},        {DIRECTIVE_DISSOLVE, 9, 19},
    {DIRECTIVE_MOVE_INTO, 10, 20},     {DIRECTIVE_STRIP, 11, 21},
    {DIRECTIVE_STRIP_ATTR, 12, 22},    {DIRECTIVE_STRIP_ID_OR_CLASS, 13, 23},
    {DIRECTIVE_STRIP_IMAGE_SRC, 14, 24}, {DIRECTIVE_BODY, 16, 0},
    {DIRECTIVE_POST_STRIP_ATTR, 25, 0}, {DIRECTIVE_KEEP_LINE, 26, 0},
    {DIRECTIVE_DROP_LINE, 26, 0},      {DIRECTIVE_DROP_BLOCK, 26, 0},
    {DIRECTIVE_DROP_BETWEEN, 26, 0},   {DIRECTIVE_CUT_BEFORE, 26, 0},
    {DIRECTIVE_CUT_AFTER, 26, 0},      {DIRECTIVE_TICKER, 26, 0},
    {DIRECTIVE_REPAIR, 27, 0},         {DIRECTIVE_REPAIR_SET, 27, 0},
};

enum { RANK_WHOLE_NAMES = 15, RANKS = 27 };

static unsigned rank_of(const struct rule *rule, enum match_step step)
{
    if (rule->directive->id == DIRECTIVE_STRIP_ID_OR_CLASS && rule->part != PART_SUBSTRING)
        return RANK_WHOLE_NAMES;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (order[i].id == rule->directive->id)
            return step == MATCH_GLOBAL && order[i].global ? order[i].global : order[i].rank;
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
        .stopped = count == COUNT_STOPPED,
        .matched = count > 0 && count != COUNT_STOPPED ? count - 1 : 0,
    };
}

void winnow_page_rules(const struct winnow_page *page, winnow_rule_fn *each, void *ctx)
{
    const struct page *p = &page->page;
    for (unsigned rank = 1; rank <= RANKS; rank++)
        for (size_t f = 0; f < p->rules.count; f++)
            for (size_t i = 0; i < p->rules.files[f]->count; i++) {
                const struct rule *rule = &p->rules.files[f]->rules[i];
                if (rank_of(rule, p->rules.matches[f].step) != rank)
                    continue;
                struct winnow_rule r = describe(p, f, rule);
                each(ctx, &r);
            }
}
