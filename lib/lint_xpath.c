/* lint_xpath.c - XPaths looked at word by word: what fails, finds nothing, or no nodes.
 *
 * The words are those of XPath 1.0, section 3.7: a name is an operator where an operand
 * stands before it, a function before "(", an axis before "::".  The expression has
 * compiled, so nothing here need say what is malformed. */
#include <stdlib.h>
#include <string.h>

#include "lint.h"
#include "text.h"
#include "xpath.h"

enum word_kind {
    WORD_NAME,     /* of an element, or * */
    WORD_ATTR,     /* of an attribute, without @ */
    WORD_FUNCTION, /* before "(" */
    WORD_NODE_TYPE, /* text, node, comment, processing-instruction before "(" */
    WORD_AXIS,     /* before "::" */
    WORD_LITERAL,  /* with its quotes */
    WORD_NUMBER,
    WORD_VARIABLE,
    WORD_OPERATOR, /* and, or, =, |, +, ... */
    WORD_SIGN,     /* / // ( ) [ ] , . .. @ :: */
};

struct word {
    enum word_kind kind;
    struct slice text;
};

enum {
    WORDS_MOST = 512, /* longer expressions are not looked at */
    NESTED_MOST = 16, /* parentheses */
};

struct words {
    struct word at[WORDS_MOST];
    size_t count;
};

static bool is_sign(const struct word *w, const char *sign)
{
    return (w->kind == WORD_SIGN || w->kind == WORD_OPERATOR) && slice_is(w->text, sign);
}

/* --- words -------------------------------------------------------------------------------- */

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 128;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t name_len(struct slice s)
{
    size_t i = 0;
    while (i < s.len && (is_name_start(s.p[i]) || is_digit(s.p[i]) || s.p[i] == '-' ||
                         s.p[i] == '.'))
        i++;
    return i;
}

/* "a", "a:b", "a:*". */
static size_t qname_len(struct slice s)
{
    size_t n = name_len(s);
    if (n + 1 < s.len && s.p[n] == ':' && s.p[n + 1] == '*')
        return n + 2;
    if (n + 1 < s.len && s.p[n] == ':' && is_name_start(s.p[n + 1]))
        return n + 1 + name_len((struct slice){s.p + n + 1, s.len - n - 1});
    return n;
}

static size_t sign_len(struct slice s)
{
    static const char *const two[] = {"//", "..", "::", "!=", "<=", ">="};
    for (size_t i = 0; i < sizeof two / sizeof *two; i++)
        if (s.len >= 2 && memcmp(s.p, two[i], 2) == 0)
            return 2;
    return 1;
}

/* Does an operand stand before the next word? */
static bool after_operand(const struct words *ws)
{
    if (ws->count == 0)
        return false;
    const struct word *before = &ws->at[ws->count - 1];
    if (before->kind == WORD_OPERATOR || before->kind == WORD_AXIS)
        return false;
    return before->kind != WORD_SIGN || is_sign(before, ")") || is_sign(before, "]") ||
           is_sign(before, ".") || is_sign(before, "..");
}

static enum word_kind kind_of_name(const struct words *ws, struct slice name, struct slice rest)
{
    static const char *const types[] = {"text", "node", "comment", "processing-instruction"};
    while (rest.len > 0 && is_blank(*rest.p)) {
        rest.p++;
        rest.len--;
    }
    if (after_operand(ws))
        return WORD_OPERATOR;
    if (rest.len > 1 && rest.p[0] == ':' && rest.p[1] == ':')
        return WORD_AXIS;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (rest.len > 0 && rest.p[0] == '(' && slice_is(name, types[i]))
            return WORD_NODE_TYPE;
    if (rest.len > 0 && rest.p[0] == '(')
        return WORD_FUNCTION;
    const struct word *last = ws->count > 0 ? &ws->at[ws->count - 1] : NULL;
    bool attr = last && (is_sign(last, "@") ||
                         (is_sign(last, "::") && ws->count > 1 &&
                          slice_is(ws->at[ws->count - 2].text, "attribute")));
    return attr ? WORD_ATTR : WORD_NAME;
}

/* The word at the start of s; of length 0 where it cannot be told. */
static struct word next_word(const struct words *ws, struct slice s)
{
    struct word w = {WORD_SIGN, {s.p, 0}};
    char c = s.p[0];
    if (c == '"' || c == '\'') {
        const char *close = memchr(s.p + 1, c, s.len - 1);
        w.kind = WORD_LITERAL;
        w.text.len = close ? (size_t)(close - s.p) + 1 : 0;
    } else if (is_digit(c) || (c == '.' && s.len > 1 && is_digit(s.p[1]))) {
        w.kind = WORD_NUMBER;
        while (w.text.len < s.len && (is_digit(s.p[w.text.len]) || s.p[w.text.len] == '.'))
            w.text.len++;
    } else if (is_name_start(c)) {
        bool operator = after_operand(ws);
        w.text.len = operator ? name_len(s) : qname_len(s);
        w.kind = kind_of_name(ws, w.text, (struct slice){s.p + w.text.len, s.len - w.text.len});
    } else if (c == '$') {
        w.kind = WORD_VARIABLE;
        w.text.len = 1 + qname_len((struct slice){s.p + 1, s.len - 1});
    } else if (c == '*') {
        w.text.len = 1;
        w.kind = after_operand(ws) ? WORD_OPERATOR : kind_of_name(ws, w.text, (struct slice){"", 0});
    } else {
        w.text.len = sign_len(s);
        w.kind = strchr("|=!<>+-", c) ? WORD_OPERATOR : WORD_SIGN;
    }
    return w;
}

/* False where the expression is too long or cannot be told apart. */
static bool split_words(struct slice expr, struct words *ret)
{
    ret->count = 0;
    for (size_t i = 0; i < expr.len;) {
        if (is_blank(expr.p[i])) {
            i++;
            continue;
        }
        if (ret->count == WORDS_MOST)
            return false;
        struct word w = next_word(ret, (struct slice){expr.p + i, expr.len - i});
        if (w.text.len == 0)
            return false;
        ret->at[ret->count++] = w;
        i += w.text.len;
    }
    return ret->count > 0;
}

/* A range of words. */
struct part {
    const struct word *p, *end;
};

/* +1 where the word opens, -1 where it closes, else 0. */
static int opens(const struct word *w)
{
    if (is_sign(w, "(") || is_sign(w, "["))
        return 1;
    return is_sign(w, ")") || is_sign(w, "]") ? -1 : 0;
}

/* The word after the one that closes what *open opens. */
static const struct word *past_close(const struct word *open, const struct word *end)
{
    int depth = 0;
    for (const struct word *w = open; w < end; w++) {
        depth += opens(w);
        if (depth == 0)
            return w + 1;
    }
    return end;
}

/* Takes the next part up to a sign of the top level off *rest; false at the end. */
static bool next_part(struct part *rest, const char *sign, struct part *ret)
{
    int depth = 0;
    if (rest->p >= rest->end)
        return false;
    const struct word *w = rest->p;
    for (; w < rest->end; w++) {
        depth += opens(w);
        if (depth == 0 && is_sign(w, sign))
            break;
    }
    *ret = (struct part){rest->p, w};
    rest->p = w < rest->end ? w + 1 : w;
    return true;
}

/* --- what fails when it is evaluated ------------------------------------------------------ */

enum { ANY_NUMBER = 99 };

/* XPath 1.0, section 4. */
static const struct function {
    const char *name;
    unsigned least, most; /* arguments */
} functions[] = {
    {"last", 0, 0},           {"position", 0, 0},        {"count", 1, 1},
    {"id", 1, 1},             {"local-name", 0, 1},      {"namespace-uri", 0, 1},
    {"name", 0, 1},           {"string", 0, 1},          {"concat", 2, ANY_NUMBER},
    {"starts-with", 2, 2},    {"contains", 2, 2},        {"substring-before", 2, 2},
    {"substring-after", 2, 2}, {"substring", 2, 3},      {"string-length", 0, 1},
    {"normalize-space", 0, 1}, {"translate", 3, 3},      {"boolean", 1, 1},
    {"not", 1, 1},            {"true", 0, 0},            {"false", 0, 0},
    {"lang", 1, 1},           {"number", 0, 1},          {"sum", 1, 1},
    {"floor", 1, 1},          {"ceiling", 1, 1},         {"round", 1, 1},
};

/* What later versions have, and what does the same. */
static const struct {
    const char *name, *instead;
} later[] = {
    {"ends-with", "substring(a, string-length(a) - string-length(b) + 1) = b"},
    {"lower-case", "translate(a, 'ABC...', 'abc...')"},
    {"upper-case", "translate(a, 'abc...', 'ABC...')"},
    {"matches", "contains() or starts-with()"},
    {"replace", "translate(), or find_string and replace_string"},
    {"tokenize", "substring-before() and substring-after()"},
    {"string-join", "concat()"},
    {"exists", "boolean()"},
    {"has-class", "contains(concat(' ', @class, ' '), ' name ')"},
};

static const struct function *function_of(struct slice name)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (slice_is(name, functions[i].name))
            return &functions[i];
    return NULL;
}

/* "contain", "startswith", "normalize-spaces". */
static bool starts_alike(struct slice name, const char *known)
{
    size_t n = 0, len = strlen(known);
    while (n < name.len && n < len && name.p[n] == known[n])
        n++;
    return n >= 5 && n + 4 >= len && n + 4 >= name.len;
}

static void report_function(struct lint *l, const struct rule *rule, struct slice name)
{
    const char *advice = "; look for a typing error in its name", *instead = "";
    struct slice shown = lint_shown(name);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (starts_alike(name, functions[i].name)) {
            advice = "; did you mean ";
            instead = functions[i].name;
        }
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (slice_is(name, later[i].name)) {
            advice = "; write ";
            instead = later[i].instead;
        }
    lint_report(l, rule->line, lint_column(rule, name.p),
                "XPath 1.0 has no function \"%.*s\", so the expression fails%s%s%s", (int)shown.len,
                shown.p, advice, instead, advice[2] == 'd' ? "()?" : "");
}

/* open: the "(" behind a function's name. */
static unsigned count_arguments(const struct word *open, const struct word *end)
{
    unsigned n = 0;
    struct part rest = {open + 1, past_close(open, end) - 1}, arg;
    while (next_part(&rest, ",", &arg))
        n++;
    return n;
}

/* Says what is wrong with a call; false where nothing is. */
static bool call_fails(struct lint *l, const struct rule *rule, const struct word *w,
                       const struct word *end)
{
    const struct function *f = function_of(w->text);
    if (!f) {
        report_function(l, rule, w->text);
        return true;
    }
    unsigned n = count_arguments(w + 1, end);
    if (n >= f->least && n <= f->most)
        return false;
    lint_report(l, rule->line, lint_column(rule, w->text.p),
                "%s() takes %u argument%s%s, not %u, so the expression fails", f->name, f->least,
                f->least == 1 ? "" : "s", f->most > f->least ? " or more" : "", n);
    return true;
}

static bool word_fails(struct lint *l, const struct rule *rule, const struct word *w,
                       const struct word *end)
{
    unsigned column = lint_column(rule, w->text.p);
    struct slice shown = lint_shown(w->text);
    if (w->kind == WORD_FUNCTION && !memchr(w->text.p, ':', w->text.len))
        return call_fails(l, rule, w, end);
    if (w->kind == WORD_VARIABLE) {
        lint_report(l, rule->line, column, "there is no variable %.*s, so the expression fails",
                    (int)shown.len, shown.p);
        return true;
    }
    if ((w->kind == WORD_NAME || w->kind == WORD_ATTR || w->kind == WORD_FUNCTION) &&
        memchr(w->text.p, ':', w->text.len)) {
        lint_report(l, rule->line, column,
                    "names of HTML have no prefixes, so \"%.*s\" fails; write *[name()='%.*s']",
                    (int)shown.len, shown.p, (int)shown.len, shown.p);
        return true;
    }
    return false;
}

void lint_xpath_fails(struct lint *l, const struct rule *rule)
{
    struct words ws;
    struct xpath_result r = {0};
    struct winnow_error err = {0};
    bool found = false;
    if (!lint_has_xpath(rule))
        return;
    if (split_words(rule->value, &ws))
        for (size_t i = 0; i < ws.count; i++)
            found |= word_fails(l, rule, &ws.at[i], ws.at + ws.count);
    if (found || !lint_page(l))
        return;
    int status = xpath_select(l->page, rule->xpath, &r, &err);
    if (status == WINNOW_ERULES)
        lint_report(l, rule->line, rule->column, "%s", err.text);
    else if (status != WINNOW_OK)
        l->status = status;
    else
        xpath_result_free(&r);
}

/* --- what an expression gives ------------------------------------------------------------- */

enum gives { GIVES_NODES = 1, GIVES_ATTRS = 2, GIVES_VALUE = 4 };

static bool is_value_operator(const struct word *w)
{
    return w->kind == WORD_OPERATOR && !slice_is(w->text, "|");
}

static unsigned gives(struct part e, unsigned nested);

/* Of a path: its last step, or what stands before its predicates. */
static unsigned path_gives(struct part e, unsigned nested)
{
    const struct word *step = e.p;
    int depth = 0;
    for (const struct word *w = e.p; w < e.end; w++) {
        depth += opens(w);
        if (depth == 0 && (is_sign(w, "/") || is_sign(w, "//")))
            step = w + 1;
    }
    if (step >= e.end)
        return GIVES_NODES; /* "/" */
    if (is_sign(step, "@") || (step->kind == WORD_AXIS && slice_is(step->text, "attribute")))
        return GIVES_ATTRS;
    if (step != e.p)
        return GIVES_NODES;
    if (is_sign(step, "("))
        return gives((struct part){step + 1, past_close(step, e.end) - 1}, nested + 1);
    if (step->kind == WORD_LITERAL || step->kind == WORD_NUMBER)
        return GIVES_VALUE;
    return step->kind == WORD_FUNCTION && !slice_is(step->text, "id") ? GIVES_VALUE : GIVES_NODES;
}

/* Bits of enum gives: what the value may hold. */
static unsigned gives(struct part e, unsigned nested)
{
    unsigned ret = 0;
    int depth = 0;
    struct part path;
    if (nested > NESTED_MOST || e.p >= e.end)
        return GIVES_NODES;
    for (const struct word *w = e.p; w < e.end; w++) {
        depth += opens(w);
        if (depth == 0 && is_value_operator(w))
            return GIVES_VALUE;
    }
    while (next_part(&e, "|", &path))
        ret |= path_gives(path, nested);
    return ret;
}

/* The directives that want elements, and whether attributes will do. */
static const struct {
    enum directive_id id;
    bool attrs;
} want_nodes[] = {
    {DIRECTIVE_BODY, false},      {DIRECTIVE_STRIP, false},
    {DIRECTIVE_STRIP_ATTR, true}, {DIRECTIVE_POST_STRIP_ATTR, true},
    {DIRECTIVE_DISSOLVE, false},  {DIRECTIVE_WRAP_IN, false},
    {DIRECTIVE_MOVE_INTO, false},
};

void lint_strip_no_nodes(struct lint *l, const struct rule *rule)
{
    struct words ws;
    size_t i = 0, n = sizeof want_nodes / sizeof *want_nodes;
    while (i < n && want_nodes[i].id != rule->directive->id)
        i++;
    if (i == n || !lint_has_xpath(rule) || !split_words(rule->value, &ws))
        return;
    unsigned what = gives((struct part){ws.at, ws.at + ws.count}, 0);
    if (what & GIVES_NODES || (what & GIVES_ATTRS && want_nodes[i].attrs))
        return;
    const char *name = rule->directive->name;
    if (what & GIVES_VALUE)
        lint_report(l, rule->line, rule->column,
                    "\"%s\" wants elements, and this gives a string, a number or yes and no; the "
                    "line does nothing", name);
    else if (rule->directive->id == DIRECTIVE_STRIP)
        lint_report(l, rule->line, rule->column,
                    "\"strip\" of attributes removes no text; write strip_attr where that is "
                    "meant, or name the element: //a[@href]");
    else
        lint_report(l, rule->line, rule->column,
                    "\"%s\" wants elements, and this gives attributes; name the element: "
                    "//a[@href]", name);
}

/* --- mixed case --------------------------------------------------------------------------- */

/* Names of SVG and MathML that keep their case in HTML. */
static bool keeps_case(struct slice name)
{
    static const char *const elements[] = {
        "altGlyph", "altGlyphDef", "altGlyphItem", "animateColor", "animateMotion",
        "animateTransform", "clipPath", "foreignObject", "glyphRef", "linearGradient",
        "radialGradient", "textPath", "viewBox", "preserveAspectRatio", "attributeName",
        "attributeType", "baseFrequency", "baseProfile", "calcMode", "clipPathUnits",
        "definitionURL", "diffuseConstant", "edgeMode", "filterUnits", "gradientTransform",
        "gradientUnits", "kernelMatrix", "keyPoints", "keySplines", "keyTimes", "lengthAdjust",
        "limitingConeAngle", "markerHeight", "markerUnits", "markerWidth", "maskContentUnits",
        "maskUnits", "numOctaves", "pathLength", "patternContentUnits", "patternTransform",
        "patternUnits", "pointsAtX", "pointsAtY", "pointsAtZ", "preserveAlpha",
        "primitiveUnits", "refX", "refY", "repeatCount", "repeatDur", "requiredExtensions",
        "requiredFeatures", "specularConstant", "specularExponent", "spreadMethod",
        "startOffset", "stdDeviation", "stitchTiles", "surfaceScale", "systemLanguage",
        "tableValues", "targetX", "targetY", "textLength", "viewTarget", "xChannelSelector",
        "yChannelSelector", "zoomAndPan",
    };
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (slice_is(name, elements[i]))
            return true;
    return name.len > 3 && memcmp(name.p, "fe", 2) == 0 && name.p[2] >= 'A' && name.p[2] <= 'Z';
}

static bool has_capital(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] >= 'A' && s.p[i] <= 'Z')
            return true;
    return false;
}

void lint_mixed_case(struct lint *l, const struct rule *rule)
{
    struct words ws;
    if (!lint_has_xpath(rule) || !split_words(rule->value, &ws) || ws.count == 1)
        return; /* one word is a text that lacks its quotes */
    for (size_t i = 0; i < ws.count; i++) {
        const struct word *w = &ws.at[i];
        if ((w->kind != WORD_NAME && w->kind != WORD_ATTR) || !has_capital(w->text) ||
            keeps_case(w->text))
            continue;
        char lower[64];
        size_t n = 0;
        for (; n < w->text.len && n < sizeof lower - 1; n++)
            lower[n] = w->text.p[n] >= 'A' && w->text.p[n] <= 'Z' ? (char)(w->text.p[n] + 32)
                                                                   : w->text.p[n];
        lower[n] = '\0';
        const char *at = w->kind == WORD_ATTR ? "@" : "";
        struct slice shown = lint_shown(w->text);
        lint_report(l, rule->line, lint_column(rule, w->text.p),
                    "HTML's names are lower case, so \"%s%.*s\" matches nothing; write \"%s%s\"",
                    at, (int)shown.len, shown.p, at, lower);
    }
}

/* --- dead --------------------------------------------------------------------------------- */

/* Starts a path at w?  Outside of predicates it then starts at the page. */
static bool path_starts(const struct words *ws, size_t i)
{
    if (i == 0)
        return true;
    const struct word *before = &ws->at[i - 1];
    return before->kind == WORD_OPERATOR || is_sign(before, "(") || is_sign(before, ",");
}

/* The only child of a page is html: div/p and /div/p find nothing. */
static void report_root(struct lint *l, const struct rule *rule, const struct words *ws, size_t i)
{
    const struct word *w = &ws->at[i], *name = w;
    if (is_sign(w, "/") && i + 1 < ws->count)
        name = w + 1;
    if (name->kind != WORD_NAME || slice_is(name->text, "html") || slice_is(name->text, "*") ||
        (has_capital(name->text) && ws->count > 1))
        return;
    struct slice shown = lint_shown(name->text);
    if (ws->count == 1)
        lint_report(l, rule->line, lint_column(rule, w->text.p),
                    "\"%.*s\" looks for an element at the page's root, where only html stands; "
                    "write //p for elements, and a text in quotes", (int)shown.len, shown.p);
    else
        lint_report(l, rule->line, lint_column(rule, w->text.p),
                    "this starts at the page's root, where only html stands; write //%.*s",
                    (int)shown.len, shown.p);
}

static bool is_empty_literal(const struct word *w)
{
    return w->kind == WORD_LITERAL && w->text.len == 2;
}

/* contains(x, ''), starts-with(x, ''). */
static void report_always(struct lint *l, const struct rule *rule, const struct word *w,
                          const struct word *end)
{
    struct part rest = {w + 2, past_close(w + 1, end) - 1}, arg;
    if (!slice_is(w->text, "contains") && !slice_is(w->text, "starts-with"))
        return;
    if (!next_part(&rest, ",", &arg) || !next_part(&rest, ",", &arg))
        return;
    if (arg.end - arg.p == 1 && is_empty_literal(arg.p))
        lint_report(l, rule->line, lint_column(rule, w->text.p),
                    "%.*s(..., '') holds for everything; name a text or leave it out",
                    (int)w->text.len, w->text.p);
}

void lint_dead_xpath(struct lint *l, const struct rule *rule)
{
    struct words ws;
    int predicates = 0;
    if (!lint_has_xpath(rule) || !split_words(rule->value, &ws))
        return;
    for (size_t i = 0; i < ws.count; i++) {
        const struct word *w = &ws.at[i];
        predicates += is_sign(w, "[") ? 1 : is_sign(w, "]") ? -1 : 0;
        if (predicates == 0 && path_starts(&ws, i))
            report_root(l, rule, &ws, i);
        if (w->kind == WORD_FUNCTION && i + 1 < ws.count)
            report_always(l, rule, w, ws.at + ws.count);
        if (is_sign(w, "[") && i + 2 < ws.count && w[1].kind == WORD_NUMBER &&
            slice_is(w[1].text, "0") && is_sign(&w[2], "]"))
            lint_report(l, rule->line, lint_column(rule, w->text.p),
                        "places count from 1, so [0] finds nothing; write [1]");
    }
}

/* --- one XPath and another ---------------------------------------------------------------- */

static bool same_words(const struct word *a, const struct word *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].kind != b[i].kind || !slice_eq(a[i].text, b[i].text))
            return false;
    return true;
}

/* Do the words only go down the tree, or choose? */
static bool goes_down(const struct word *w, const struct word *end)
{
    static const char *const down[] = {"child", "descendant", "descendant-or-self", "self"};
    int predicates = 0;
    for (; w < end; w++) {
        predicates += is_sign(w, "[") ? 1 : is_sign(w, "]") ? -1 : 0;
        if (predicates > 0)
            continue; /* a predicate only chooses */
        bool known = w->kind != WORD_AXIS;
        for (size_t i = 0; i < sizeof down / sizeof *down; i++)
            known |= w->kind == WORD_AXIS && slice_is(w->text, down[i]);
        if (!known || is_sign(w, "..") || is_sign(w, "@") || w->kind == WORD_OPERATOR)
            return false;
    }
    return true;
}

/* Is b the path a with more behind it, which only goes down or chooses? */
static bool path_extends(struct part a, struct part b)
{
    size_t na = (size_t)(a.end - a.p), nb = (size_t)(b.end - b.p);
    if (nb < na || !same_words(a.p, b.p, na))
        return false;
    const struct word *next = b.p + na;
    return next == b.end ||
           ((is_sign(next, "[") || is_sign(next, "/") || is_sign(next, "//")) &&
            goes_down(next, b.end));
}

/* //body, /html, ... : every page has it, around all text that it shows. */
static bool is_whole_page(struct part e)
{
    static const char *const names[] = {"body", "html", "*"};
    size_t n = (size_t)(e.end - e.p);
    if (n != 2 || e.p[1].kind != WORD_NAME || (!is_sign(e.p, "//") && !is_sign(e.p, "/")))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_is(e.p[1].text, names[i]))
            return is_sign(e.p, "//") || i > 0;
    return false;
}

static bool any_covers(const struct words *as, struct part b)
{
    struct part rest = {as->at, as->at + as->count}, a;
    while (next_part(&rest, "|", &a))
        if (path_extends(a, b) || is_whole_page(a))
            return true;
    return false;
}

bool xpath_covers(struct slice a, struct slice b)
{
    struct words as, bs;
    if (!split_words(a, &as) || !split_words(b, &bs) ||
        gives((struct part){as.at, as.at + as.count}, 0) != GIVES_NODES ||
        gives((struct part){bs.at, bs.at + bs.count}, 0) != GIVES_NODES)
        return false;
    struct part rest = {bs.at, bs.at + bs.count}, path;
    while (next_part(&rest, "|", &path))
        if (!any_covers(&as, path))
            return false;
    return true;
}

bool xpath_is_constant(struct slice expr)
{
    struct words ws;
    if (!split_words(expr, &ws) || ws.count != 1 || ws.at[0].kind != WORD_LITERAL)
        return false;
    struct slice inner = {ws.at[0].text.p + 1, ws.at[0].text.len - 2};
    return text_trim(inner).len > 0;
}

bool xpath_may_move(struct slice expr)
{
    static const char *const plain[] = {"contains", "starts-with", "concat", "normalize-space",
                                        "translate"};
    struct words ws;
    if (!split_words(expr, &ws))
        return true;
    for (size_t i = 0; i < ws.count; i++) {
        const struct word *w = &ws.at[i];
        bool known = w->kind != WORD_FUNCTION && w->kind != WORD_NUMBER && w->kind != WORD_AXIS;
        for (size_t k = 0; k < sizeof plain / sizeof *plain; k++)
            known |= w->kind == WORD_FUNCTION && slice_is(w->text, plain[k]);
        if (!known || (w->kind == WORD_OPERATOR && !slice_is(w->text, "=") &&
                       !slice_is(w->text, "and") && !slice_is(w->text, "or") &&
                       !slice_is(w->text, "|")))
            return true;
    }
    return false;
}
