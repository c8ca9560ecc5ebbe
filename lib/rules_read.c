/* rules_read.c - the bytes of a rule file to a list of rules.
 *
 *     line = blank | "#" text | name ["(" arg ")"] ":" [value]
 *
 * As the readers of the site-config format do it: white space at the edges is
 * dropped, a line without a colon and a name that nobody knows are passed over. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "rules.h"
#include "text.h"
#include "utf8.h"

struct reader {
    struct rule_file *file;
    rule_problem_fn *problem;
    void *ctx;
    unsigned line;
    bool past_sections; /* in a section beyond those that a file may have */
    int status;         /* WINNOW_ENOMEM */
};

__attribute__((format(printf, 6, 7))) static void report(const struct reader *r, const char *kind,
                                                         unsigned line, unsigned column,
                                                         bool is_error, const char *format, ...)
{
    char text[400];
    if (!r->problem)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    r->problem(r->ctx, &(struct rule_problem){kind, text, line, column, is_error});
}

/* An error in a line that its writer surely meant to be applied: pages say so too.  (What
 * no reader knows may be meant for another one.) */
__attribute__((format(printf, 4, 5))) static void refuse(struct reader *r, const char *kind,
                                                         unsigned column, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    report(r, kind, r->line, column, true, "%s", text);
    if (rule_file_keep_problem(r->file, r->line, text) != WINNOW_OK)
        r->status = WINNOW_ENOMEM;
}

/* --- one line ------------------------------------------------------------------- */

struct parts {
    struct slice name, arg, value;
    bool has_arg;
};

/* Does an expression, /.../ and its flags, end before p? */
static bool ends_expression(const char *open, const char *p)
{
    while (p > open && p[-1] >= 'a' && p[-1] <= 'z')
        p--;
    return p > open + 2 && p[-1] == '/';
}

/* With an argument the name ends at the first ")" that a colon follows: the
 * argument may hold colons and parentheses of its own.  An expression may hold
 * both together, and ends where its flags do. */
static const char *close_of_argument(struct slice line, const char *open)
{
    const char *end = line.p + line.len;
    const struct directive *d =
        directive_of(text_trim((struct slice){line.p, (size_t)(open - line.p)}));
    /* Arguments of other directives may start with a slash too: replace_string(/a): /b */
    bool expression = open + 1 < end && open[1] == '/' && d && d->flags & DIRECTIVE_LINES;
    for (const char *p = open; (p = memchr(p, ')', (size_t)(end - p))) != NULL; p++) {
        const char *q = p + 1;
        while (q < end && (*q == ' ' || *q == '\t'))
            q++;
        if (q < end && *q == ':' && (!expression || ends_expression(open, p)))
            return p;
    }
    return NULL;
}

static bool split_line(struct slice line, struct parts *ret)
{
    const char *end = line.p + line.len;
    const char *colon = memchr(line.p, ':', line.len);
    const char *open = memchr(line.p, '(', line.len);
    const char *close = NULL;
    if (!colon)
        return false;
    if (open && open < colon)
        close = close_of_argument(line, open);
    *ret = (struct parts){0};
    if (close) {
        colon = memchr(close, ':', (size_t)(end - close));
        ret->has_arg = true;
        ret->arg = (struct slice){open + 1, (size_t)(close - open - 1)};
        ret->name = text_trim((struct slice){line.p, (size_t)(open - line.p)});
    } else {
        ret->name = text_trim((struct slice){line.p, (size_t)(colon - line.p)});
    }
    ret->value = text_trim((struct slice){colon + 1, (size_t)(end - colon - 1)});
    return true;
}

static void report_unknown(const struct reader *r, struct slice name, unsigned column)
{
    const char *near = directive_near(name);
    int n = name.len < 60 ? (int)name.len : 60;
    if (slice_is(name, "http") || slice_is(name, "https"))
        report(r, "unknown-directive", r->line, column, true,
               "a URL by itself; write test_url: before it, or start the line with #");
    else if (memchr(name.p, ' ', name.len))
        report(r, "unknown-directive", r->line, column, true,
               "no such directive \"%.*s\"; start the line with # where it is a comment", n,
               name.p);
    else if (near)
        report(r, "unknown-directive", r->line, column, true, "no such directive \"%.*s\"; did you mean \"%s\"?", n,
               name.p, near);
    else
        report(r, "unknown-directive", r->line, column, true,
               "no such directive \"%.*s\"; winnow-rules(5) lists them", n, name.p);
}

static bool shape_is_right(struct reader *r, const struct directive *d,
                           const struct parts *parts, unsigned column)
{
    if (d->arg == ARG_MUST && !parts->has_arg) {
        refuse(r, "argument", column, "\"%s\" needs an argument: %s(...): value", d->name, d->name);
        return false;
    }
    if (d->arg == ARG_NONE && parts->has_arg)
        report(r, "argument", r->line, column, true,
               "\"%s\" takes no argument; the parenthesis is passed over", d->name);
    if (parts->value.len == 0 && d->value != VALUE_TEXT) {
        report(r, "empty-value", r->line, column, false, "\"%s\" has no value; the line does nothing", d->name);
        return false;
    }
    return true;
}

static int push_rule(struct rule_file *file, struct rule rule)
{
    struct rule *rules = array_grow(file->rules, &file->cap, file->count + 1, sizeof *rules);
    if (!rules)
        return WINNOW_ENOMEM;
    file->rules = rules;
    file->rules[file->count++] = rule;
    return WINNOW_OK;
}

static int open_section(struct reader *r, struct slice id)
{
    struct rule_file *file = r->file;
    if (file->nsections == SECTIONS_MOST) {
        r->past_sections = true;
        report(r, "section", r->line, 1, true,
               "more than %d sections; this one and its lines are not read: split the file",
               SECTIONS_MOST);
        return WINNOW_OK;
    }
    struct slice *sections =
        array_grow(file->sections, &file->sections_cap, file->nsections + 1, sizeof *sections);
    if (!sections)
        return WINNOW_ENOMEM;
    file->sections = sections;
    for (size_t i = 0; r->problem && i < file->nsections; i++)
        if (slice_eq(sections[i], id))
            report(r, "section", r->line, 1, true, "there is a section \"%.*s\" above; name this one otherwise",
                   (int)id.len, id.p);
    file->sections[file->nsections++] = id;
    return WINNOW_OK;
}

static int read_line(struct reader *r, struct slice raw)
{
    struct slice line = text_trim(raw);
    unsigned column = (unsigned)(line.p - raw.p) + 1;
    struct parts parts;
    if (line.len == 0 || line.p[0] == '#')
        return WINNOW_OK;
    if (memchr(line.p, '\0', line.len)) {
        refuse(r, "nul", column, "a NUL byte; the line is passed over");
        return WINNOW_OK;
    }
    if (!split_line(line, &parts)) {
        report(r, "no-directive", r->line, column, true,
               "neither a comment nor a directive; start it with # or write name: value");
        return WINNOW_OK;
    }
    const struct directive *d = directive_of(parts.name);
    if (!d) {
        report_unknown(r, parts.name, column);
        return WINNOW_OK;
    }
    if (!shape_is_right(r, d, &parts, column))
        return WINNOW_OK;
    if (d->id == DIRECTIVE_SECTION)
        return open_section(r, parts.value);
    bool scoped = d->flags & (DIRECTIVE_LINES | DIRECTIVE_MATCH);
    if (scoped && r->past_sections)
        return WINNOW_OK;
    if (!scoped && r->file->nsections > 0 && !(d->flags & (DIRECTIVE_TEST | DIRECTIVE_RESERVED)))
        report(r, "section", r->line, column, false,
               "\"%s\" stands in a section but holds for the whole file; move it above the "
               "first section", d->name);
    struct rule rule = {.directive = d, .line = r->line, .arg = parts.arg, .value = parts.value,
                        .has_arg = parts.has_arg && d->arg != ARG_NONE,
                        .column = (unsigned)(parts.value.p - raw.p) + 1,
                        .section = scoped ? (int)r->file->nsections - 1 : SECTION_NONE};
    return push_rule(r->file, rule);
}

/* --- what only the neighbours of a line can tell ---------------------------------- */

static void check_pairs(const struct reader *r)
{
    const struct rule *waiting = NULL; /* a find_string without its replace_string */
    bool in_test = false;
    for (size_t i = 0; i < r->file->count; i++) {
        const struct rule *rule = &r->file->rules[i];
        enum directive_id id = rule->directive->id;
        if (id == DIRECTIVE_FIND_STRING) {
            if (waiting)
                report(r, "unpaired-replacement", waiting->line, 1, true,
                       "find_string without a replace_string after it; it does nothing");
            waiting = rule;
        } else if (id == DIRECTIVE_REPLACE_STRING && !rule->has_arg) {
            if (!waiting)
                report(r, "unpaired-replacement", rule->line, 1, true,
                       "replace_string without a find_string before it; it does nothing");
            waiting = NULL;
        } else if (id == DIRECTIVE_TEST_IN || id == DIRECTIVE_TEST_FILE) {
            in_test = true;
        } else if (id == DIRECTIVE_TEST_OUT && !in_test) {
            report(r, "test", rule->line, 1, true,
                   "test_out without a test_in or test_file before it; it tests nothing");
        }
    }
    if (waiting)
        report(r, "unpaired-replacement", waiting->line, 1, true,
               "find_string without a replace_string after it; it does nothing");
}

/* --- the file --------------------------------------------------------------------- */

int rule_file_parse(struct rule_file *file, rule_problem_fn *problem, void *ctx,
                    struct winnow_error *err)
{
    struct reader r = {.file = file, .problem = problem, .ctx = ctx};
    struct slice rest = file->bytes, line;
    bool valid = utf8_valid_prefix(rest) == rest.len;
    file->count = file->nsections = 0; /* memory may have failed half-way before */
    rule_file_forget_problems(file);
    while (text_next_line(&rest, &line)) {
        r.line++;
        if (!valid && utf8_valid_prefix(line) != line.len)
            refuse(&r, "not-utf8", (unsigned)utf8_valid_prefix(line) + 1,
                   "not UTF-8; the line is passed over: save the file as UTF-8");
        else if (read_line(&r, line) != WINNOW_OK)
            return err_nomem(err);
        if (r.status != WINNOW_OK)
            return err_nomem(err);
    }
    check_pairs(&r);
    file->parsed = true;
    return WINNOW_OK;
}
