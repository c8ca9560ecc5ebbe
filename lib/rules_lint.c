/* rules_lint.c - what is wrong with rule files: the table of checks, and their walk.
 *
 * 1. What reading and compiling a file report comes first, then the checks; each kind of
 *    finding is one row of the table.
 * 2. A check reports only what is surely so, for the readers of the site-config format
 *    as for this one: a false alarm makes people look away from the true ones.
 * 3. The findings of a file come in the order of its lines. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "lint.h"
#include "parse.h"
#include "rules_walk.h"
#include "text.h"
#include "utf8.h"
#include "xpath.h"

enum {
    TEXT_MOST = 400,              /* bytes of a message */
    SHOWN_MOST = 60,              /* bytes of a value in it */
    PATTERN_STEPS = 40 * 1000 * 1000, /* of a file: a tenth of a second */
};

/* kind, is it an error, the check of a rule, the check of a file */
static const struct lint_check checks[] = {
    {"xpath-fails", true, lint_xpath_fails, NULL},
    {"strip-no-nodes", false, lint_strip_no_nodes, NULL},
    {"mixed-case", false, lint_mixed_case, NULL},
    {"dead", false, lint_dead_xpath, NULL},
    {"dead", false, lint_dead_line, NULL},
    {"dead", false, NULL, lint_dead_sections},
    {"dead", false, NULL, lint_dead_pairs},
    {"takes-all", false, lint_takes_all, NULL},
    {"css-part", false, lint_css_part, NULL},
    {"name-twice", false, lint_name_twice, NULL},
    {"short-part", false, lint_short_part, NULL},
    {"wrong-colon", false, lint_wrong_colon, NULL},
    {"runaway", false, lint_runaway, NULL},
    {"bad-url", false, lint_bad_url, NULL},
    {"empty-name", false, lint_empty_name, NULL},
    {"stale", false, lint_stale, NULL},
    {"bad-range", true, NULL, lint_bad_range},
    {"duplicate", false, NULL, lint_duplicates},
    {"shadowed", false, NULL, lint_shadowed},
    {"file-name", false, NULL, lint_file_name},
    {"test", false, NULL, lint_idle_tests},
};

/* --- findings ----------------------------------------------------------------------------- */

struct lint_finding {
    struct rule_problem problem; /* its text is ours */
    size_t number;               /* in the order in which they were found */
};

/* A rule_problem_fn whose ctx is a struct lint: keeps a copy. */
static void keep(void *ctx, const struct rule_problem *problem)
{
    struct lint *l = ctx;
    struct lint_finding *found = array_grow(l->found, &l->cap, l->count + 1, sizeof *found);
    size_t len = utf8_valid_prefix(slice_of(problem->text));
    char *text = strndup(problem->text, len);
    if (found)
        l->found = found;
    if (!found || !text) {
        free(text);
        l->status = WINNOW_ENOMEM;
        return;
    }
    found[l->count] = (struct lint_finding){*problem, l->count};
    found[l->count++].problem.text = text;
}

void lint_report(struct lint *l, unsigned line, unsigned column, const char *format, ...)
{
    char text[TEXT_MOST];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    keep(l, &(struct rule_problem){l->check->kind, text, line, column, l->check->is_error});
}

static int by_place(const void *a, const void *b)
{
    const struct lint_finding *x = a, *y = b;
    if (x->problem.line != y->problem.line)
        return x->problem.line < y->problem.line ? -1 : 1;
    if (x->problem.column != y->problem.column)
        return x->problem.column < y->problem.column ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Passes the findings on in the order of the lines, and frees them. */
static void hand_over(struct lint *l, struct finder *to)
{
    if (l->count > 0)
        qsort(l->found, l->count, sizeof *l->found, by_place);
    for (size_t i = 0; i < l->count; i++) {
        if (l->status == WINNOW_OK)
            finder_pass_on(to, &l->found[i].problem);
        free((char *)(uintptr_t)l->found[i].problem.text);
    }
    free(l->found);
}

/* --- what checks ask for ------------------------------------------------------------------ */

unsigned lint_column(const struct rule *rule, const char *p)
{
    ptrdiff_t column = (ptrdiff_t)rule->column + (p - rule->value.p);
    return column > 0 ? (unsigned)column : 1;
}

bool lint_has_xpath(const struct rule *rule)
{
    return rule->directive->value == VALUE_XPATH && rule->usable;
}

struct slice lint_shown(struct slice s)
{
    s.len = s.len < SHOWN_MOST ? s.len : SHOWN_MOST;
    s.len = utf8_valid_prefix(s);
    return s;
}

/* Elements and attributes that site files ask for, so that few steps of an XPath find
 * nothing and leave what follows them untried. */
static const char made_page[] =
    "<!DOCTYPE html><html lang=en class=page><head><title>Ferry news</title>"
    "<meta charset=utf-8><meta name=author content=Marit><meta property=og:title content=Ferry>"
    "<meta itemprop=datePublished content=2020-01-02><link rel=canonical href=http://f.example/>"
    "<style>p{}</style><script type=application/ld+json>{}</script></head>"
    "<body id=top class=story><header><nav><ul><li class=item><a href=/ title=Home>Home</a></li>"
    "</ul></nav></header><main id=main role=main><article id=content class='post entry'>"
    "<h1 class=title id=title>The ferry</h1><h2>It sails</h2><h3>Again</h3><h4>x</h4>"
    "<time datetime=2020-01-02>2 January</time><address>Quay</address>"
    "<div id=body class='body text'><div><div><p class=lead>One <b>two</b> <i>three</i> "
    "<em>four</em> <strong>five</strong> <span class=date>six</span><br>seven</p></div></div>"
    "<p>Eight <a class=author rel=author href=/m>Marit</a></p><blockquote><p>Nine</p></blockquote>"
    "<figure><picture><img src=a.png alt=a width=1 height=1></picture>"
    "<figcaption>A boat</figcaption></figure><table><tr><th>a</th><td>b</td></tr></table>"
    "<ol><li>c</li></ol><dl><dt>d</dt><dd>e</dd></dl><pre>f</pre><small>g</small><hr>"
    "<iframe src=/v></iframe><video src=v></video><noscript>h</noscript>"
    "<form action=/s><input name=q><button>Go</button><label>l</label></form></div></article>"
    "<section><div class=comments><font color=red>k</font><center>m</center></div></section>"
    "<aside class=sidebar><p>Other</p></aside></main><footer><p>Imprint</p></footer></body></html>";

struct xpath_doc *lint_page(struct lint *l)
{
    static const struct winnow_limits limits = {1u << 20, 10000, 512, 256};
    struct tree tree;
    if (l->page)
        return l->page;
    int status = parse_html(parser_at(0), slice_of(made_page), &limits, &tree, NULL);
    if (status == WINNOW_OK)
        status = xpath_doc_new(&tree, &l->page, NULL);
    tree_free(&tree);
    if (status != WINNOW_OK)
        l->status = WINNOW_ENOMEM; /* nothing else can fail on a page that we made */
    return l->page;
}

void *lint_scratch(struct lint *l, size_t size)
{
    if (size <= l->scratch_size)
        return l->scratch;
    free(l->scratch);
    l->scratch = malloc(size);
    l->scratch_size = l->scratch ? size : 0;
    if (!l->scratch)
        l->status = WINNOW_ENOMEM;
    return l->scratch;
}

/* --- the walk ----------------------------------------------------------------------------- */

static void run_check(struct lint *l, const struct lint_check *check)
{
    l->check = check;
    if (check->of_file)
        check->of_file(l);
    for (size_t i = 0; check->of_rule && i < l->file->count && l->status == WINNOW_OK; i++)
        check->of_rule(l, &l->file->rules[i]);
}

static int lint_file(struct finder *f, const char *path, void *ctx, struct winnow_error *err)
{
    struct lint l = {.steps = PATTERN_STEPS};
    struct rule_file *file = NULL;
    (void)ctx;
    int status = rule_file_read(path, keep, &l, &file, err);
    if (status == WINNOW_OK)
        status = rule_file_compile(file, keep, &l, err);
    l.file = file;
    for (size_t i = 0; status == WINNOW_OK && i < sizeof checks / sizeof *checks; i++)
        if (l.status == WINNOW_OK)
            run_check(&l, &checks[i]);
    if (status == WINNOW_OK && l.status != WINNOW_OK)
        status = err_nomem(err);
    hand_over(&l, f);
    free(l.scratch);
    xpath_doc_free(l.page);
    rule_file_free(file);
    return status;
}

int winnow_rules_lint(const char *path, winnow_finding_fn *found, void *ctx, size_t *errors,
                      struct winnow_error *err)
{
    struct finder f = {.found = found, .ctx = ctx};
    int status = finder_walk(&f, path, lint_file, NULL, err);
    if (status == WINNOW_OK)
        *errors = f.errors;
    return status;
}
