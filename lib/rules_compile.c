/* rules_compile.c - patterns, XPaths and arguments of a rule file, made ready once.
 *
 * A rule that does not compile is never applied; the file keeps what was wrong,
 * and every page that it touches says so. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "pattern.h"
#include "repair.h"
#include "rules.h"
#include "rules_tokens.h"
#include "text.h"
#include "utf8.h"
#include "xpath.h"

enum { NUMBER_MOST = 1000000 }; /* of a VALUE_NUMBER */

struct compiler {
    struct rule_file *file;
    rule_problem_fn *problem;
    void *ctx;
    bool in_argument;
    int status; /* WINNOW_ENOMEM */
};

int rule_file_keep_problem(struct rule_file *file, unsigned line, const char *text)
{
    char *problem = NULL;
    char **problems =
        array_grow(file->problems, &file->problems_cap, file->nproblems + 1, sizeof *problems);
    if (!problems)
        return WINNOW_ENOMEM;
    file->problems = problems;
    if (asprintf(&problem, "%s:%u: %s; the line is not applied", file->name, line, text) < 0)
        return WINNOW_ENOMEM;
    problems[file->nproblems++] = problem;
    return WINNOW_OK;
}

void rule_file_forget_problems(struct rule_file *file)
{
    while (file->nproblems > 0)
        free(file->problems[--file->nproblems]);
}

/* The kind of a value that does not compile. */
static const char *kind_of(const struct rule *rule)
{
    return rule->directive->value == VALUE_XPATH     ? "bad-xpath"
           : rule->directive->value == VALUE_PATTERN ? "bad-pattern"
                                                     : "bad-value";
}

/* Always false, so that a compiler of values ends with: return fail(...).  Says
 * nothing where memory ran out: the rule is not wrong, and the next page tries it. */
__attribute__((format(printf, 4, 5))) static bool fail(struct compiler *c, const struct rule *rule,
                                                       unsigned column, const char *format, ...)
{
    char text[400];
    va_list args;
    if (c->status != WINNOW_OK)
        return false;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (rule_file_keep_problem(c->file, rule->line, text) != WINNOW_OK)
        c->status = WINNOW_ENOMEM;
    if (c->problem && c->status == WINNOW_OK)
        c->problem(c->ctx, &(struct rule_problem){c->in_argument ? "argument" : kind_of(rule), text,
                                                  rule->line, column, true});
    return false;
}

/* Bytes of a value that a message shows: whole characters. */
static int shown_len(struct slice s)
{
    if (s.len > 120)
        s.len = utf8_valid_prefix((struct slice){s.p, 120});
    return (int)s.len;
}

/* --- values ----------------------------------------------------------------------- */

static bool compile_pattern(struct compiler *c, const struct rule *rule, struct slice source,
                            unsigned column, struct pattern **ret)
{
    struct winnow_error err = {0};
    unsigned at = 1;
    int status = pattern_compile(source, ret, &at, &err);
    if (status == WINNOW_ENOMEM)
        c->status = status;
    return status == WINNOW_OK || fail(c, rule, column + at - 1, "%s: %.*s", err.text,
                                       shown_len(source), source.p);
}

static int compile_expression(struct slice source, struct xpath_expr **ret,
                              struct winnow_error *err)
{
    char *expr = strndup(source.p, source.len);
    int status = expr ? xpath_compile(expr, ret, err) : err_nomem(err);
    free(expr);
    return status;
}

static bool compile_xpath(struct compiler *c, struct rule *rule)
{
    struct winnow_error err = {0};
    int status = compile_expression(rule->value, &rule->xpath, &err);
    if (status == WINNOW_ENOMEM)
        c->status = status;
    return status == WINNOW_OK || fail(c, rule, rule->column, "%s: %.*s", err.text,
                                       shown_len(rule->value), rule->value.p);
}

/* One number from low to high, digits alone. */
static bool is_number(struct slice s, unsigned low, unsigned high)
{
    unsigned n = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || n > high)
            return false;
        n = n * 10 + (unsigned)(s.p[i] - '0');
    }
    return s.len > 0 && n >= low && n <= high;
}

static bool is_percent(struct slice s)
{
    if (s.len > 0 && s.p[s.len - 1] == '%')
        s = text_trim((struct slice){s.p, s.len - 1});
    return is_number(s, 0, 100);
}

static bool is_date(struct slice s)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (s.len != 10 || s.p[4] != '-' || s.p[7] != '-' ||
        !is_number((struct slice){s.p, 4}, 1, 9999) ||
        !is_number((struct slice){s.p + 5, 2}, 1, 12))
        return false;
    unsigned year = (unsigned)(s.p[0] - '0') * 1000 + (unsigned)(s.p[1] - '0') * 100 +
                    (unsigned)(s.p[2] - '0') * 10 + (unsigned)(s.p[3] - '0');
    unsigned month = (unsigned)(s.p[5] - '0') * 10 + (unsigned)(s.p[6] - '0');
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return is_number((struct slice){s.p + 8, 2}, 1, days[month - 1] + (month == 2 && leap));
}

static bool compile_value(struct compiler *c, struct rule *rule)
{
    static const char *const yes_no[] = {"yes", "no", "true", "false", "1", "0"};
    switch (rule->directive->value) {
    case VALUE_XPATH:
        return compile_xpath(c, rule);
    case VALUE_PATTERN:
        return compile_pattern(c, rule, rule->value, rule->column, &rule->pattern);
    case VALUE_BOOL:
        for (size_t i = 0; i < sizeof yes_no / sizeof *yes_no; i++)
            if (text_equal_nocase(rule->value, slice_of(yes_no[i])))
                return true;
        return fail(c, rule, rule->column, "\"%.*s\" is neither yes nor no",
                    (int)rule->value.len, rule->value.p);
    case VALUE_NUMBER:
        return is_number(rule->value, 0, NUMBER_MOST) ||
               fail(c, rule, rule->column, "\"%.*s\" is no number from 0 to %d",
                    (int)rule->value.len, rule->value.p, NUMBER_MOST);
    case VALUE_PERCENT:
        return is_percent(rule->value) ||
               fail(c, rule, rule->column, "\"%.*s\" is no share from 0%% to 100%%",
                    (int)rule->value.len, rule->value.p);
    case VALUE_DATE:
        return is_date(rule->value) ||
               fail(c, rule, rule->column, "\"%.*s\" is no date; write it as YYYY-MM-DD",
                    (int)rule->value.len, rule->value.p);
    default:
        return true;
    }
}

/* --- arguments --------------------------------------------------------------------- */

static bool arg_is(struct slice arg, const char *word)
{
    return slice_is(text_trim(arg), word);
}

static bool compile_cut(struct compiler *c, struct rule *rule)
{
    rule->keep = true;
    if (!rule->has_arg || arg_is(rule->arg, "keep"))
        return true;
    rule->keep = false;
    return arg_is(rule->arg, "drop") ||
           fail(c, rule, 1, "%s(%.*s): the argument is keep or drop", rule->directive->name,
                (int)rule->arg.len, rule->arg.p);
}

static bool ticker_option(struct rule *rule, struct slice name, struct slice value)
{
    static const char *const zones[] = {[ZONE_ANY] = "any", [ZONE_HEAD] = "head",
                                        [ZONE_TAIL] = "tail"};
    if (slice_is(name, "zone")) {
        for (unsigned z = 0; z < sizeof zones / sizeof *zones; z++)
            if (slice_is(value, zones[z])) {
                rule->zone = z;
                return true;
            }
        return false;
    }
    if (!slice_is(name, "min_run") || value.len == 0 || value.len > 4)
        return false;
    rule->min_run = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return false;
        rule->min_run = rule->min_run * 10 + (unsigned)(value.p[i] - '0');
    }
    return rule->min_run > 0;
}

/* ticker(min_run=N,zone=head|tail|any); 3 lines anywhere where nothing is said. */
static bool compile_ticker(struct compiler *c, struct rule *rule)
{
    rule->min_run = 3;
    rule->zone = ZONE_ANY;
    struct slice rest = rule->arg;
    while (rest.len > 0) {
        const char *comma = memchr(rest.p, ',', rest.len);
        size_t n = comma ? (size_t)(comma - rest.p) : rest.len;
        const char *equals = memchr(rest.p, '=', n);
        size_t before = equals ? (size_t)(equals - rest.p) : n;
        struct slice name = text_trim((struct slice){rest.p, before});
        struct slice value =
            equals ? text_trim((struct slice){equals + 1, n - before - 1}) : (struct slice){"", 0};
        if (!ticker_option(rule, name, value))
            return fail(c, rule, 1,
                        "ticker(%.*s): write ticker(min_run=N,zone=head|tail|any), N from 1 to 9999",
                        (int)rule->arg.len, rule->arg.p);
        n += comma != NULL;
        rest.p += n;
        rest.len -= n;
    }
    return true;
}

/* The format's readers drop quotes around the value. */
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

static bool compile_quoted(struct compiler *c, struct rule *rule)
{
    (void)c;
    rule->value = unquoted(rule->value);
    return true;
}

/* strip_id_or_class(token|class|id|substring). */
static bool compile_part(struct compiler *c, struct rule *rule)
{
    rule->value = unquoted(rule->value);
    static const char *const kinds[] = {[PART_SUBSTRING] = "substring", [PART_TOKEN] = "token",
                                        [PART_CLASS] = "class", [PART_ID] = "id"};
    for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (rule->has_arg ? arg_is(rule->arg, kinds[k]) : k == PART_SUBSTRING) {
            rule->part = k;
            return true;
        }
    return fail(c, rule, 1, "strip_id_or_class(%.*s): the argument is substring, token, class or id",
                (int)rule->arg.len, rule->arg.p);
}

static bool compile_from(struct compiler *c, struct rule *rule)
{
    unsigned column = rule->column - (unsigned)(rule->value.p - rule->arg.p);
    return compile_pattern(c, rule, text_trim(rule->arg), column, &rule->from);
}

/* move_into(xpath): where to. */
static bool compile_into(struct compiler *c, struct rule *rule)
{
    struct winnow_error err = {0};
    int status = compile_expression(rule->arg, &rule->into, &err);
    if (status == WINNOW_ENOMEM)
        c->status = status;
    return status == WINNOW_OK || fail(c, rule, 1, "%s: %.*s", err.text,
                                       shown_len(rule->arg), rule->arg.p);
}

static bool compile_repair(struct compiler *c, struct rule *rule)
{
    if (!compile_from(c, rule))
        return false;
    if (pattern_is_literal(rule->from))
        return fail(c, rule, 1, "repair(%.*s): write the pattern as /.../", (int)rule->arg.len,
                    rule->arg.p);
    struct winnow_error err = {0};
    unsigned at = 1;
    return pattern_check_replacement(rule->from, rule->value, &at, &err) == WINNOW_OK ||
           fail(c, rule, rule->column + at - 1, "%s", err.text);
}

static bool compile_repair_set(struct compiler *c, struct rule *rule)
{
    return repair_set_exists(rule->value) ||
           fail(c, rule, rule->column, "no repair_set \"%.*s\"; there is: bitrix",
                (int)rule->value.len, rule->value.p);
}

static const struct {
    enum directive_id id;
    bool (*compile)(struct compiler *c, struct rule *rule);
} arguments[] = {
    {DIRECTIVE_CUT_BEFORE, compile_cut},       {DIRECTIVE_CUT_AFTER, compile_cut},
    {DIRECTIVE_TICKER, compile_ticker},        {DIRECTIVE_DROP_BETWEEN, compile_from},
    {DIRECTIVE_REPAIR, compile_repair},        {DIRECTIVE_REPAIR_SET, compile_repair_set},
    {DIRECTIVE_STRIP_ID_OR_CLASS, compile_part}, {DIRECTIVE_MOVE_INTO, compile_into},
    {DIRECTIVE_STRIP_IMAGE_SRC, compile_quoted},
};

static bool compile_arguments(struct compiler *c, struct rule *rule)
{
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++)
        if (arguments[i].id == rule->directive->id)
            return arguments[i].compile(c, rule);
    return true;
}

/* A rule that memory failed halfway is compiled anew. */
static void compile_rule(struct compiler *c, struct rule *rule)
{
    c->in_argument = false;
    bool usable = compile_value(c, rule);
    c->in_argument = true;
    usable = usable && compile_arguments(c, rule);
    if (c->status == WINNOW_OK) {
        rule->usable = usable;
        rule->tried = true;
        return;
    }
    xpath_expr_free(rule->xpath);
    xpath_expr_free(rule->into);
    pattern_free(rule->pattern);
    pattern_free(rule->from);
    rule->xpath = rule->into = NULL;
    rule->pattern = rule->from = NULL;
}

/* --- what holds for the file --------------------------------------------------------- */

/* The digits of a checked number or percentage. */
static unsigned number_of(struct slice s)
{
    unsigned n = 0;
    for (size_t i = 0; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++)
        n = n * 10 + (unsigned)(s.p[i] - '0');
    return n;
}

static void take_scalar(struct rule_file *file, const struct rule *rule)
{
    file->has_xpath |= rule->xpath && !(rule->directive->flags & DIRECTIVE_RESERVED);
    switch (rule->directive->id) {
    case DIRECTIVE_PRIORITY:
        file->priority = number_of(rule->value);
        break;
    case DIRECTIVE_MAX_DROP:
        file->max_drop = number_of(rule->value);
        break;
    case DIRECTIVE_VALID_FROM:
        file->valid_from = rule->value;
        break;
    case DIRECTIVE_VALID_UNTIL:
        file->valid_until = rule->value;
        break;
    default:
        break;
    }
}

/* From the last line up, so that the first of a kind wins. */
static void take_scalars(struct rule_file *file)
{
    file->max_drop = MAX_DROP_UNSAID;
    for (size_t i = file->count; i-- > 0;)
        if (file->rules[i].usable)
            take_scalar(file, &file->rules[i]);
}

static int compile_all(struct compiler *c)
{
    struct rule_file *file = c->file;
    for (size_t i = 0; i < file->count && c->status == WINNOW_OK; i++)
        if (!file->rules[i].tried)
            compile_rule(c, &file->rules[i]);
    if (c->status == WINNOW_OK)
        c->status = tokens_make(file, &file->tokens);
    if (c->status == WINNOW_OK)
        take_scalars(file);
    return c->status;
}

int rule_file_compile(struct rule_file *file, rule_problem_fn *problem, void *ctx,
                      struct winnow_error *err)
{
    struct compiler c = {.file = file, .problem = problem, .ctx = ctx};
    if (atomic_load_explicit(&file->compiled, memory_order_acquire))
        return WINNOW_OK;
    pthread_mutex_lock(&file->lock);
    if (!file->parsed)
        c.status = rule_file_parse(file, NULL, NULL, NULL);
    if (c.status == WINNOW_OK && !file->compiled && compile_all(&c) == WINNOW_OK)
        atomic_store_explicit(&file->compiled, true, memory_order_release);
    pthread_mutex_unlock(&file->lock);
    return c.status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}
