/* lint_lines.c - checks of single lines: replacements, class parts, URLs, dates. */
#include <string.h>
#include <time.h>

#include "lint.h"
#include "text.h"

/* --- the colon that ends a name ----------------------------------------------------------- */

/* How many more parentheses open in s than close; a close too many does not count. */
static unsigned left_open(struct slice s)
{
    unsigned depth = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] == '(')
            depth++;
        else if (s.p[i] == ')' && depth > 0)
            depth--;
    }
    return depth;
}

/* Other readers of the format end the name at the first colon, wherever it stands. */
void lint_wrong_colon(struct lint *l, const struct rule *rule)
{
    if (!rule->has_arg || rule->directive->flags & DIRECTIVE_LINES)
        return; /* lines' rules are this reader's own */
    const char *colon = memchr(rule->arg.p, ':', rule->arg.len);
    const char *later = memmem(rule->value.p, rule->value.len, "):", 2);
    bool replaces = rule->directive->id == DIRECTIVE_REPLACE_STRING;
    if (later && left_open(rule->arg) > 0)
        lint_report(l, rule->line, lint_column(rule, later),
                    "the name ends at the first \"):\" of the line, and a parenthesis is open "
                    "there; was this one meant?%s",
                    replaces ? " Then write find_string and replace_string on two lines" : "");
    else if (colon)
        lint_report(l, rule->line, lint_column(rule, colon),
                    "other readers of the format end the name at this colon and pass the line "
                    "over%s", replaces ? "; write find_string and replace_string on two lines" : "");
}

/* --- parts of classes --------------------------------------------------------------------- */

/* Parts that stand within longer words of ids and classes ("nav" in "navigation") on two
 * in five pages or more, counted on 1,497 pages of as many sites, and such a word. */
static const struct {
    const char *part, *within;
} common[] = {
    {"con", "content"},   {"head", "header"},     {"foot", "footer"},  {"app", "wrapper"},
    {"wrap", "wrapper"},  {"col", "color"},       {"sub", "subtitle"}, {"link", "links"},
    {"com", "comment"},   {"cat", "location"},    {"nav", "navigation"}, {"row", "browser"},
    {"bar", "sidebar"},   {"top", "stop"},        {"item", "items"},   {"tab", "table"},
    {"tag", "stage"},     {"side", "inside"},     {"back", "background"}, {"ste", "system"},
    {"icon", "icons"},    {"box", "checkbox"},
};

enum { PART_LEAST = 3 }; /* characters: pairs of letters stand in nearly any word */

static const char *word_around(struct slice part)
{
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (slice_is(part, common[i].part))
            return common[i].within;
    return NULL;
}

void lint_short_part(struct lint *l, const struct rule *rule)
{
    if (rule->directive->id != DIRECTIVE_STRIP_ID_OR_CLASS || rule->part != PART_SUBSTRING)
        return;
    struct slice part = rule->value; /* compiling has dropped its quotes */
    const char *around = word_around(part);
    if (part.len == 0 || (part.len >= PART_LEAST && !around))
        return;
    struct slice shown = lint_shown(part);
    if (around)
        lint_report(l, rule->line, rule->column,
                    "\"%.*s\" also stands within words such as \"%s\", and goes with them; for the "
                    "word alone write strip_id_or_class(token): %.*s", (int)shown.len, shown.p,
                    around, (int)shown.len, shown.p);
    else
        lint_report(l, rule->line, rule->column,
                    "\"%.*s\" is so short that it stands within other words; for the word alone "
                    "write strip_id_or_class(token): %.*s", (int)shown.len, shown.p,
                    (int)shown.len, shown.p);
}

/* --- lines that can do nothing ------------------------------------------------------------ */

static bool starts_nocase(struct slice s, const char *start)
{
    size_t n = strlen(start);
    return s.len >= n && text_equal_nocase((struct slice){s.p, n}, slice_of(start));
}

static void dead_part(struct lint *l, const struct rule *rule)
{
    struct slice part = rule->value;
    if (part.len == 0)
        lint_report(l, rule->line, rule->column, "nothing stands between the quotes; the line does nothing");
    else if (part.len > 2 && part.p[0] == '/' && part.p[1] == '/')
        lint_report(l, rule->line, rule->column,
                    "an XPath, which no id or class holds; write strip: in place of "
                    "strip_id_or_class:");
}

/* A host has no "www.", which is dropped, no scheme and no folder. */
static void dead_host(struct lint *l, const struct rule *rule)
{
    struct slice v = rule->value;
    if (v.p[0] == '/')
        return; /* an expression */
    if (memchr(v.p, '/', v.len))
        lint_report(l, rule->line, rule->column, "no host holds a slash; write the host alone");
    else if (starts_nocase(v, "www.") && v.len > 4)
        lint_report(l, rule->line, rule->column,
                    "\"www.\" is dropped from hosts before they are compared; write %.*s",
                    (int)lint_shown((struct slice){v.p + 4, v.len - 4}).len, v.p + 4);
}

static void dead_name(struct lint *l, const struct rule *rule)
{
    if (rule->value.p[0] != '/' && memchr(rule->value.p, '/', rule->value.len))
        lint_report(l, rule->line, rule->column,
                    "compared with one name, which holds no slash; write the last part of the path");
}

static const struct {
    enum directive_id id;
    void (*look)(struct lint *l, const struct rule *rule);
} dead_lines[] = {
    {DIRECTIVE_STRIP_ID_OR_CLASS, dead_part},
    {DIRECTIVE_MATCH_HOST, dead_host},
    {DIRECTIVE_MATCH_FILE, dead_name},
    {DIRECTIVE_MATCH_DIR, dead_name},
};

void lint_dead_line(struct lint *l, const struct rule *rule)
{
    for (size_t i = 0; i < sizeof dead_lines / sizeof *dead_lines; i++)
        if (rule->usable && dead_lines[i].id == rule->directive->id)
            dead_lines[i].look(l, rule);
}

/* --- URLs, headers, dates ----------------------------------------------------------------- */

void lint_bad_url(struct lint *l, const struct rule *rule)
{
    if (rule->directive->id != DIRECTIVE_TEST_URL)
        return;
    bool http = starts_nocase(rule->value, "http://") || starts_nocase(rule->value, "https://");
    size_t scheme = starts_nocase(rule->value, "https") ? 8 : 7;
    if (!http)
        lint_report(l, rule->line, rule->column,
                    "no URL of a page; write it from its http:// or https:// on");
    else if (rule->value.len == scheme || strchr("/?#:", rule->value.p[scheme]))
        lint_report(l, rule->line, rule->column, "the URL has no host");
}

void lint_empty_name(struct lint *l, const struct rule *rule)
{
    if (rule->directive->id == DIRECTIVE_HTTP_HEADER && text_trim(rule->arg).len == 0)
        lint_report(l, rule->line, 1, "a header without a name; write http_header(name): value");
}

/* Dates are YYYY-MM-DD, and stand in order as text does. */
void lint_stale(struct lint *l, const struct rule *rule)
{
    char today[16];
    struct tm tm;
    time_t now = time(NULL);
    if (rule->directive->id != DIRECTIVE_VALID_UNTIL || !rule->usable || !gmtime_r(&now, &tm) ||
        strftime(today, sizeof today, "%Y-%m-%d", &tm) != 10)
        return;
    if (memcmp(rule->value.p, today, 10) < 0)
        lint_report(l, rule->line, rule->column,
                    "the file says that it was valid until %.10s; look whether the site has "
                    "changed, and set a later date", rule->value.p);
}
