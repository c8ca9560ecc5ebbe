/* css.c - a CSS selector list to lines of a rule file, in XPath 1.0.
 *
 * A selector says what stands left of and above an element; so does the XPath, as
 * conditions of the element, from right to left:
 *
 *     div > p .a   =   any element[class a and ancestor::p[parent::div]]
 *
 * The other way, //div/p//a, libxml2 joins sets of nodes by comparing each with each.
 * Only :has() looks right and down, and is written from left to right. */
#include "css.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "css_tree.h"

enum { LINE_MOST = 32 * 1024 }; /* bytes of an expression: half of what the library reads */

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"

struct writer {
    char *p;
    size_t len, cap;
    enum css_status status;
};

static void put(struct writer *w, const char *p, size_t len)
{
    if (w->status != CSS_OK)
        return;
    if (len >= w->cap - w->len) {
        size_t cap = 2 * (w->len + len) + 256;
        char *grown = realloc(w->p, cap);
        if (!grown) {
            w->status = CSS_NOMEM;
            return;
        }
        w->p = grown;
        w->cap = cap;
    }
    if (len > 0)
        memcpy(w->p + w->len, p, len);
    w->len += len;
    w->p[w->len] = '\0';
}

static void puts_to(struct writer *w, const char *s)
{
    put(w, s, strlen(s));
}

__attribute__((format(printf, 2, 3))) static void print(struct writer *w, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    puts_to(w, text);
}

/* --- strings and names ------------------------------------------------------------------ */

/* Between quotes that it does not hold; of both kinds, in parts. */
static void put_literal(struct writer *w, struct css_string s)
{
    char quote = memchr(s.p, '\'', s.len) ? '"' : '\'';
    if (quote == '\'' || !memchr(s.p, '"', s.len)) {
        put(w, &quote, 1);
        put(w, s.p, s.len);
        put(w, &quote, 1);
        return;
    }
    puts_to(w, "concat('");
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] == '\'')
            puts_to(w, "',\"'\",'");
        else
            put(w, s.p + i, 1);
    }
    puts_to(w, "')");
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(struct css_string s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_letter(s.p[i]) && !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '-' &&
            s.p[i] != '_')
            return false;
    return s.len > 0;
}

/* A name that XPath reads as one; the others (@click, x:y) are compared as strings. */
static bool is_plain_name(struct css_string s)
{
    return is_word(s) && (is_letter(*s.p) || *s.p == '_');
}

static bool holds_space(struct css_string s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] == ' ' || (s.p[i] >= '\t' && s.p[i] <= '\r'))
            return true;
    return false;
}

static size_t characters(struct css_string s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

/* A node test that names an element: "div", "*", "*[name()='x:y']". */
static void put_name_test(struct writer *w, struct css_string type)
{
    if (is_plain_name(type)) {
        put(w, type.p, type.len);
        return;
    }
    puts_to(w, "*");
    if (type.len == 0)
        return;
    puts_to(w, "[name()=");
    put_literal(w, type);
    puts_to(w, "]");
}

/* --- attributes ------------------------------------------------------------------------- */

struct asked {
    struct css_string name, value;
    bool fold;
};

static void put_attr(struct writer *w, const struct asked *a)
{
    puts_to(w, a->fold ? "translate(@" : "@");
    if (is_plain_name(a->name)) {
        put(w, a->name.p, a->name.len);
    } else {
        puts_to(w, "*[name()=");
        put_literal(w, a->name);
        puts_to(w, "]");
    }
    puts_to(w, a->fold ? ",'" UPPER "','" LOWER "')" : "");
}

/* The value, perhaps with something before or behind it, in lower case where case is
 * folded. */
static void put_value(struct writer *w, const struct asked *a, const char *before,
                      const char *after)
{
    char text[2 * CSS_LEN_MOST + 32];
    int len = snprintf(text, sizeof text, "%s%.*s%s", before, (int)a->value.len, a->value.p, after);
    for (int i = 0; a->fold && i < len; i++)
        text[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    put_literal(w, (struct css_string){text, (size_t)len});
}

static void put_token(struct writer *w, const struct asked *a)
{
    puts_to(w, "contains(concat(' ',normalize-space(");
    put_attr(w, a);
    puts_to(w, "),' '),");
    put_value(w, a, " ", " ");
    puts_to(w, ")");
}

static void put_equal(struct writer *w, const struct asked *a)
{
    put_attr(w, a);
    puts_to(w, "=");
    put_value(w, a, "", "");
}

static void put_call(struct writer *w, const char *call, const struct asked *a, const char *after)
{
    puts_to(w, call);
    put_attr(w, a);
    puts_to(w, ",");
    put_value(w, a, "", after);
    puts_to(w, ")");
}

/* XPath 1.0 has no ends-with().  Where the value is longer than the attribute, the
 * whole attribute is compared, which is too short to be equal. */
static void put_ends_with(struct writer *w, const struct asked *a)
{
    const struct asked plain = {.name = a->name};
    puts_to(w, "substring(");
    put_attr(w, a);
    puts_to(w, ",string-length(");
    put_attr(w, &plain);
    print(w, ")-%zu)=", characters(a->value) - 1);
    put_value(w, a, "", "");
}

static void put_dashed(struct writer *w, const struct asked *a)
{
    puts_to(w, "(");
    put_equal(w, a);
    puts_to(w, " or ");
    put_call(w, "starts-with(", a, "-");
    puts_to(w, ")");
}

static void put_attr_test(struct writer *w, const struct css_simple *s)
{
    const struct asked a = {s->name, s->value, s->fold && s->value.len > 0 && s->op};
    bool never = s->value.len == 0 && s->op && strchr("^$*~", s->op);
    if (never || (s->op == '~' && holds_space(s->value))) {
        puts_to(w, "false()");
        return;
    }
    switch (s->op) {
    case '=':
        put_equal(w, &a);
        return;
    case '^':
        put_call(w, "starts-with(", &a, "");
        return;
    case '*':
        put_call(w, "contains(", &a, "");
        return;
    case '$':
        put_ends_with(w, &a);
        return;
    case '~':
        put_token(w, &a);
        return;
    case '|':
        put_dashed(w, &a);
        return;
    }
    put_attr(w, &a);
}

/* --- the place among siblings ------------------------------------------------------------ */

static void put_siblings(struct writer *w, const struct css_compound *c, const struct css_simple *s)
{
    puts_to(w, s->from_end ? "following-sibling::" : "preceding-sibling::");
    put_name_test(w, s->of_type ? c->type : (struct css_string){"", 0});
}

static void put_count(struct writer *w, const struct css_compound *c, const struct css_simple *s)
{
    puts_to(w, "count(");
    put_siblings(w, c, s);
    puts_to(w, ")");
}

/* before: how many siblings stand before the element that a*0+b names. */
static void put_every(struct writer *w, const struct css_compound *c, const struct css_simple *s,
                      long before)
{
    long step = labs(s->a);
    if (before > 0 || s->a < 0) {
        put_count(w, c, s);
        print(w, "%s%ld", s->a < 0 ? "<=" : ">=", before);
    }
    if (step == 1) {
        puts_to(w, before > 0 || s->a < 0 ? "" : "true()");
        return;
    }
    puts_to(w, before > 0 || s->a < 0 ? " and (" : "(");
    put_count(w, c, s);
    print(w, "%s%ld) mod %ld=0", before < 0 ? "+" : "-", labs(before), step);
}

static void put_place(struct writer *w, const struct css_compound *c, const struct css_simple *s)
{
    long before = s->b - 1;
    if (s->of_type && c->type.len == 0) {
        w->status = w->status == CSS_OK ? CSS_OF_TYPE : w->status;
    } else if (before < 0 && s->a <= 0) {
        puts_to(w, "false()");
    } else if (s->a != 0) {
        put_every(w, c, s, before);
    } else if (before > 0) {
        put_count(w, c, s);
        print(w, "=%ld", before);
    } else {
        puts_to(w, "not(");
        put_siblings(w, c, s);
        puts_to(w, ")");
    }
}

/* --- elements ---------------------------------------------------------------------------- */

static void put_conditions(struct writer *w, const struct css_compound *c, bool type, bool left);

/* axis::name[conditions], or only the first of the axis, if it is such an element. */
static void put_step(struct writer *w, const char *axis, bool first_only,
                     const struct css_compound *c, bool left)
{
    puts_to(w, axis);
    put_name_test(w, first_only ? (struct css_string){"", 0} : c->type);
    puts_to(w, first_only ? "[1][" : "[");
    size_t before = w->len;
    put_conditions(w, c, first_only, left);
    if (w->len == before && w->len > 0)
        w->len--; /* no condition, no bracket */
    else
        puts_to(w, "]");
}

static void put_left(struct writer *w, const struct css_compound *c)
{
    static const struct {
        char combinator;
        const char *axis;
    } axes[] = {{' ', "ancestor::"},
                {'>', "parent::"},
                {'+', "preceding-sibling::"},
                {'~', "preceding-sibling::"}};
    for (size_t i = 0; i < sizeof axes / sizeof *axes; i++)
        if (axes[i].combinator == c->combinator)
            put_step(w, axes[i].axis, c->combinator == '+', c->left, true);
}

static void put_member(struct writer *w, const struct css_member *m)
{
    size_t before = w->len;
    put_conditions(w, m->last, true, true);
    if (w->len == before)
        puts_to(w, "true()");
}

/* From the element that :has() is asked of, downwards or to the right. */
static void put_relative(struct writer *w, const struct css_member *m)
{
    static const struct {
        char combinator;
        const char *axis;
    } axes[] = {{' ', "descendant::"},
                {'>', "child::"},
                {'+', "following-sibling::"},
                {'~', "following-sibling::"}};
    for (const struct css_compound *c = m->first; c; c = c->right) {
        puts_to(w, c == m->first ? "" : "/");
        for (size_t i = 0; i < sizeof axes / sizeof *axes; i++)
            if (axes[i].combinator == c->combinator)
                put_step(w, axes[i].axis, c->combinator == '+', c, false);
    }
}

static void put_list(struct writer *w, const struct css_simple *s)
{
    puts_to(w, s->kind == CSS_NOT ? "not(" : "(");
    for (const struct css_member *m = s->list; m && w->status == CSS_OK; m = m->next) {
        puts_to(w, m == s->list ? "" : " or ");
        if (s->kind == CSS_HAS)
            put_relative(w, m);
        else
            put_member(w, m);
    }
    puts_to(w, ")");
}

static void put_simple(struct writer *w, const struct css_compound *c, const struct css_simple *s)
{
    const struct asked id = {{"id", 2}, s->value, false}, class = {{"class", 5}, s->value, false};
    switch (s->kind) {
    case CSS_ID:
        put_equal(w, &id);
        return;
    case CSS_CLASS:
        if (holds_space(s->value))
            puts_to(w, "false()");
        else
            put_token(w, &class);
        return;
    case CSS_ATTR:
        put_attr_test(w, s);
        return;
    case CSS_PLACE:
        put_place(w, c, s);
        return;
    case CSS_EMPTY:
        puts_to(w, "not(node())");
        return;
    case CSS_ROOT:
        puts_to(w, "not(parent::*)");
        return;
    case CSS_NOT:
    case CSS_IS:
    case CSS_HAS:
        put_list(w, s);
        return;
    }
}

/* All that is asked of an element, joined by "and"; nothing where nothing is. */
static void put_conditions(struct writer *w, const struct css_compound *c, bool type, bool left)
{
    size_t before = w->len;
    if (w->len > LINE_MOST && w->status == CSS_OK)
        w->status = CSS_TOO_LARGE;
    if (w->status != CSS_OK)
        return;
    if (type && c->type.len > 0) {
        puts_to(w, "self::");
        put_name_test(w, c->type);
    }
    for (const struct css_simple *s = c->simples; s; s = s->next) {
        puts_to(w, w->len > before ? " and " : "");
        put_simple(w, c, s);
    }
    if (left && c->left) {
        puts_to(w, w->len > before ? " and " : "");
        put_left(w, c);
    }
}

/* --- lines -------------------------------------------------------------------------------- */

static bool is_type(const struct css_compound *c, const char *name)
{
    return c->type.len == strlen(name) && memcmp(c->type.p, name, c->type.len) == 0;
}

static bool is_root(const struct css_compound *c)
{
    for (const struct css_simple *s = c->simples; s; s = s->next)
        if (s->kind == CSS_ROOT)
            return true;
    return is_type(c, "html") || is_type(c, "body");
}

/* Does it say by a name of its own what it means?  :not(.a) and :first-child do not. */
static bool has_name(const struct css_compound *c)
{
    for (const struct css_simple *s = c->simples; s; s = s->next)
        if (s->kind == CSS_ID || s->kind == CSS_CLASS || s->kind == CSS_ATTR)
            return true;
    return c->type.len > 0 && !(c->type.len == 1 && c->type.p[0] == '*');
}

/* Does it name what holds the page, or everything in that? */
static bool is_whole_page(const struct css_compound *c)
{
    while (c->left && !has_name(c))
        c = c->left;
    return is_root(c) || !has_name(c);
}

/* One class or one id of any element: no XPath is needed for that. */
static const char *cheap_name(const struct css_member *m)
{
    const struct css_simple *s = m->last->simples;
    if (m->last->left || m->last->type.len > 0 || !s || s->next || !is_word(s->value))
        return NULL;
    return s->kind == CSS_ID ? "id" : s->kind == CSS_CLASS ? "class" : NULL;
}

static void put_line(struct writer *w, const struct css_member *m)
{
    const char *cheap = cheap_name(m);
    size_t before = w->len;
    if (is_whole_page(m->last)) {
        w->status = CSS_WHOLE_PAGE;
    } else if (cheap) {
        print(w, "strip_id_or_class(%s): ", cheap);
        put(w, m->last->simples->value.p, m->last->simples->value.len);
    } else {
        puts_to(w, "strip: ");
        put_step(w, "//", false, m->last, true);
    }
    puts_to(w, "\n");
    if (w->status == CSS_OK && w->len - before > LINE_MOST)
        w->status = CSS_TOO_LARGE;
}

enum css_status css_translate(const char *selector, size_t len, char **ret, size_t *ret_len)
{
    struct writer w = {0};
    struct css_tree *tree = malloc(sizeof *tree);
    if (!tree)
        return CSS_NOMEM;
    w.status = css_parse(selector, len, tree);
    if (w.status == CSS_OK)
        for (const struct css_member *m = tree->list; m && w.status == CSS_OK; m = m->next)
            put_line(&w, m);
    free(tree);
    if (w.status != CSS_OK) {
        free(w.p);
        return w.status;
    }
    *ret = w.p;
    *ret_len = w.len;
    return CSS_OK;
}

const char *css_status_text(enum css_status status)
{
    static const char *const texts[CSS_STATUS_COUNT] = {
        [CSS_OK] = "no fault",
        [CSS_SYNTAX] = "no selectors of CSS",
        [CSS_PROCEDURAL] = "procedural (:has-text(), :upward(), :remove() and their kin)",
        [CSS_PSEUDO] = "states and pseudo-elements that a page's source does not show",
        [CSS_NAMESPACE] = "with a namespace",
        [CSS_OF_TYPE] = "of-type without a type",
        [CSS_WHOLE_PAGE] = "for the whole page",
        [CSS_CHARACTERS] = "with characters that no rule can hold",
        [CSS_TOO_LARGE] = "too long or too deep",
        [CSS_NOMEM] = "out of memory",
    };
    return status >= 0 && status < CSS_STATUS_COUNT ? texts[status] : "unknown";
}
