/* lint_reach.c - checks of what a line reaches: everything, or by its spelling nothing. */
#include <string.h>

#include "directives.h"
#include "lint.h"
#include "pattern.h"
#include "text.h"
#include "xpath.h"

/* --- everything -------------------------------------------------------------------------- */

/* Lines that have nothing in common. */
static bool matches_any_line(const struct pattern *pattern)
{
    static const char *const lines[] = {"a", "7 April", "\xd0\x9f\xd0\xbe\xd1\x80\xd1\x82.", "-- Q"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct budget budget = {0};
        size_t start, end;
        struct search *s = search_open(pattern, &budget);
        enum pattern_result found =
            s ? search_find(s, slice_of(lines[i]), 0, &start, &end) : PATTERN_NONE;
        search_close(s);
        if (found != PATTERN_FOUND)
            return false;
    }
    return true;
}

/* Does the expression find html or body, so that the whole page is in it? */
static bool finds_page(struct lint *l, const struct rule *rule)
{
    struct xpath_doc *page = lint_page(l);
    struct xpath_result r = {0};
    if (!page || xpath_select(page, rule->xpath, &r, NULL) != WINNOW_OK)
        return false;
    bool ret = r.count > 0 && r.nodes[0] == 0; /* the root */
    xpath_result_free(&r);
    return ret;
}

void lint_takes_all(struct lint *l, const struct rule *rule)
{
    enum directive_id id = rule->directive->id;
    if (!rule->usable)
        return;
    if ((id == DIRECTIVE_DROP_LINE || id == DIRECTIVE_DROP_BLOCK) &&
        !pattern_is_literal(rule->pattern) && matches_any_line(rule->pattern))
        lint_report(l, rule->line, rule->column, "this matches every line, so nothing is left; say "
                                                 "what the lines to drop have in common");
    if (id == DIRECTIVE_STRIP && finds_page(l, rule))
        lint_report(l, rule->line, rule->column, "this finds the page as a whole, so nothing is "
                                                 "left; name the elements to strip");
}

/* --- by its spelling nothing -------------------------------------------------------------- */

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* a.b, .a, #a: how CSS writes classes and ids, and HTML does not. */
static bool reads_like_css(struct slice s)
{
    bool dot = s.len > 1 && (s.p[0] == '.' || s.p[0] == '#');
    for (size_t i = dot; i < s.len; i++) {
        if (!is_name_char(s.p[i]) && s.p[i] != '.')
            return false;
        dot |= s.p[i] == '.' && i > 0 && i + 1 < s.len && s.p[i + 1] != '.' && s.p[i - 1] != '.';
    }
    return dot;
}

void lint_css_part(struct lint *l, const struct rule *rule)
{
    if (rule->directive->id == DIRECTIVE_STRIP_ID_OR_CLASS && rule->usable &&
        reads_like_css(rule->value))
        lint_report(l, rule->line, rule->column,
                    "this is how CSS writes classes; in HTML no dot or # stands before them, and "
                    "spaces between them: one class a line");
}

/* name: name: value */
void lint_name_twice(struct lint *l, const struct rule *rule)
{
    const char *colon = memchr(rule->value.p, ':', rule->value.len);
    if (!colon || rule->directive->flags & DIRECTIVE_TEST)
        return;
    struct slice name = text_trim((struct slice){rule->value.p, (size_t)(colon - rule->value.p)});
    if (slice_is(name, rule->directive->name))
        lint_report(l, rule->line, rule->column, "\"%s:\" stands twice; leave one of them out",
                    rule->directive->name);
}
