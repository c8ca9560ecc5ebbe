/* css_parse.c - read a CSS selector list (Selectors Level 4, of it what a page's source shows).
 *
 * 1. Strict: what a browser would drop as no selector is refused, not repaired.  A rule
 *    that no browser applies has never been tried on a page.
 * 2. Bounded: length, parts and depth have a limit each, and the tree is one block. */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "css_tree.h"

struct parser {
    const char *p, *end;
    struct css_tree *tree;
    unsigned depth;
    bool in_has;
    enum css_status status; /* the first thing that went wrong */
};

static bool fail(struct parser *s, enum css_status why)
{
    if (s->status == CSS_OK)
        s->status = why;
    return false;
}

/* --- characters ------------------------------------------------------------------------- */

/* The next byte, or NUL at the end: the text holds none. */
static char peek(const struct parser *s, size_t ahead)
{
    return (size_t)(s->end - s->p) > ahead ? s->p[ahead] : '\0';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool starts_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool continues_name(char c)
{
    return starts_name(c) || is_digit(c) || c == '-';
}

static bool skip_space(struct parser *s)
{
    const char *from = s->p;
    while (s->p < s->end && is_space(*s->p))
        s->p++;
    return s->p > from;
}

static bool take(struct parser *s, char c)
{
    if (peek(s, 0) != c || s->p == s->end)
        return false;
    s->p++;
    return true;
}

/* The bytes of the character at p, or 0 where there is none (RFC 3629). */
static size_t character(const unsigned char *p, size_t left, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    *code = n == 1 ? *p : *p & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (p[i] & 0x3fu);
    }
    return *code < least[n] || (*code >= 0xd800 && *code < 0xe000) || *code > 0x10ffff ? 0 : n;
}

/* Is it text that XPath and a line of a rule file can hold? */
static bool text_is_sound(const char *p, size_t len)
{
    uint32_t code = 0;
    for (size_t i = 0, n; i < len; i += n) {
        n = character((const unsigned char *)p + i, len - i, &code);
        if (n == 0 || (code < ' ' && code != '\t') || code == 0xfffe || code == 0xffff)
            return false;
    }
    return true;
}

/* --- names and strings ------------------------------------------------------------------ */

static void put(struct css_tree *t, char c)
{
    if (t->nstrings < sizeof t->strings)
        t->strings[t->nstrings++] = c;
}

static void put_code(struct css_tree *t, uint32_t code)
{
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        code = 0xfffd;
    if (code < 0x80) {
        put(t, (char)code);
        return;
    }
    unsigned more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    put(t, (char)(lead[more] | code >> 6 * more));
    while (more-- > 0)
        put(t, (char)(0x80 | (code >> 6 * more & 0x3f)));
}

/* What stands behind a backslash: one to six hex digits and one white space, or a
 * character that stands for itself. */
static bool read_escape(struct parser *s)
{
    uint32_t code = 0;
    size_t n = 0;
    if (s->p == s->end || *s->p == '\n' || *s->p == '\r' || *s->p == '\f')
        return fail(s, CSS_SYNTAX);
    while (n < 6 && hex_digit(peek(s, n)) >= 0)
        code = code * 16 + (uint32_t)hex_digit(peek(s, n++));
    if (n == 0) {
        put(s->tree, *s->p++);
        return true;
    }
    s->p += n;
    if (s->p < s->end && is_space(*s->p))
        s->p++;
    put_code(s->tree, code);
    return true;
}

static bool at_name(const struct parser *s)
{
    char c = peek(s, 0), next = peek(s, 1);
    if (c == '-')
        return starts_name(next) || next == '-' || next == '\\';
    return starts_name(c) || c == '\\';
}

static bool read_name(struct parser *s, struct css_string *ret)
{
    struct css_tree *t = s->tree;
    size_t from = t->nstrings;
    if (!at_name(s))
        return fail(s, CSS_SYNTAX);
    while (continues_name(peek(s, 0)) || peek(s, 0) == '\\') {
        if (!take(s, '\\'))
            put(t, *s->p++);
        else if (!read_escape(s))
            return false;
    }
    *ret = (struct css_string){t->strings + from, t->nstrings - from};
    return text_is_sound(ret->p, ret->len) || fail(s, CSS_CHARACTERS);
}

static bool read_quoted(struct parser *s, struct css_string *ret)
{
    struct css_tree *t = s->tree;
    size_t from = t->nstrings;
    char quote = *s->p++;
    while (s->p < s->end && *s->p != quote) {
        if (*s->p == '\n' || *s->p == '\r' || *s->p == '\f')
            return fail(s, CSS_SYNTAX);
        if (!take(s, '\\'))
            put(t, *s->p++);
        else if (!read_escape(s))
            return false;
    }
    if (!take(s, quote))
        return fail(s, CSS_SYNTAX);
    *ret = (struct css_string){t->strings + from, t->nstrings - from};
    return text_is_sound(ret->p, ret->len) || fail(s, CSS_CHARACTERS);
}

/* HTML's names have no case; the letters stand in the tree's own strings. */
static void lower(struct css_tree *t, struct css_string *name)
{
    char *p = t->strings + (name->p - t->strings);
    for (size_t i = 0; i < name->len; i++)
        p[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] + 32) : p[i];
}

static bool is_word(struct css_string s, const char *word)
{
    return strlen(word) == s.len && strncasecmp(s.p, word, s.len) == 0;
}

/* --- conditions ------------------------------------------------------------------------- */

static struct css_simple *push_simple(struct parser *s, struct css_compound *c, enum css_kind kind)
{
    struct css_simple **at = &c->simples;
    if (s->tree->nsimples == CSS_SIMPLES_MOST) {
        fail(s, CSS_TOO_LARGE);
        return NULL;
    }
    struct css_simple *ret = &s->tree->simples[s->tree->nsimples++];
    *ret = (struct css_simple){.kind = kind};
    while (*at)
        at = &(*at)->next;
    return *at = ret;
}

static bool read_named(struct parser *s, struct css_compound *c, enum css_kind kind)
{
    struct css_simple *simple = push_simple(s, c, kind);
    s->p++;
    return simple && read_name(s, &simple->value);
}

/* HTML compares the values of these without regard to case (HTML standard, "Case-
 * sensitivity of selectors"). */
static bool folds_value(struct css_string name)
{
    static const char *const names[] = {
        "accept", "accept-charset", "align", "alink", "axis", "bgcolor", "charset", "checked",
        "clear", "codetype", "color", "compact", "declare", "defer", "dir", "direction",
        "disabled", "enctype", "face", "frame", "hreflang", "http-equiv", "lang", "language",
        "link", "media", "method", "multiple", "nohref", "noresize", "noshade", "nowrap",
        "readonly", "rel", "rev", "rules", "scope", "scrolling", "selected", "shape", "target",
        "text", "type", "valign", "valuetype", "vlink",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_word(name, names[i]))
            return true;
    return false;
}

/* i: letters of either case are equal; s: they are not. */
static bool read_case_flag(struct parser *s, struct css_simple *simple)
{
    struct css_string flag;
    simple->fold = folds_value(simple->name);
    skip_space(s);
    if (!at_name(s))
        return true;
    if (!read_name(s, &flag))
        return false;
    if (!is_word(flag, "i") && !is_word(flag, "s"))
        return fail(s, CSS_SYNTAX);
    simple->fold = is_word(flag, "i");
    skip_space(s);
    return true;
}

static bool read_attr_value(struct parser *s, struct css_simple *simple)
{
    char op = peek(s, 0);
    if (op != '=' && (!memchr("^$*~|", op, 5) || peek(s, 1) != '='))
        return fail(s, op == '|' ? CSS_NAMESPACE : CSS_SYNTAX);
    simple->op = op;
    s->p += op == '=' ? 1 : 2;
    skip_space(s);
    bool quoted = peek(s, 0) == '"' || peek(s, 0) == '\'';
    return (quoted ? read_quoted(s, &simple->value) : read_name(s, &simple->value)) &&
           read_case_flag(s, simple);
}

static bool read_attr(struct parser *s, struct css_compound *c)
{
    struct css_simple *simple = push_simple(s, c, CSS_ATTR);
    if (!simple)
        return false;
    s->p++;
    skip_space(s);
    if (peek(s, 0) == '*' || peek(s, 0) == '|')
        return fail(s, CSS_NAMESPACE);
    if (!read_name(s, &simple->name))
        return false;
    lower(s->tree, &simple->name);
    skip_space(s);
    if (peek(s, 0) != ']' && !read_attr_value(s, simple))
        return false;
    return take(s, ']') || fail(s, CSS_SYNTAX);
}

/* --- an+b ------------------------------------------------------------------------------- */

enum { NUMBER_MOST = 1000000 };

/* Digits, none too many. */
static bool read_number(struct parser *s, long *ret)
{
    long n = 0;
    if (!is_digit(peek(s, 0)))
        return false;
    while (is_digit(peek(s, 0))) {
        n = n * 10 + (*s->p++ - '0');
        if (n > NUMBER_MOST)
            return fail(s, CSS_TOO_LARGE);
    }
    *ret = n;
    return true;
}

static bool take_word(struct parser *s, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(s->end - s->p) < len || strncasecmp(s->p, word, len) != 0 ||
        continues_name(peek(s, len)))
        return false;
    s->p += len;
    return true;
}

/* What may stand behind "n": + or - and a number, white space around the sign. */
static bool read_offset(struct parser *s, long *ret)
{
    skip_space(s);
    char sign = peek(s, 0);
    if (sign != '+' && sign != '-')
        return true;
    s->p++;
    skip_space(s);
    if (!read_number(s, ret))
        return fail(s, CSS_SYNTAX);
    *ret = sign == '-' ? -*ret : *ret;
    return true;
}

static bool read_an_plus_b(struct parser *s, struct css_simple *simple)
{
    long n = 1, sign = 1;
    if (take_word(s, "odd") || take_word(s, "even")) {
        simple->a = 2;
        simple->b = (s->p[-1] | 32) == 'd'; /* od-d */
        return true;
    }
    if (peek(s, 0) == '+' || peek(s, 0) == '-')
        sign = *s->p++ == '-' ? -1 : 1;
    bool number = read_number(s, &n);
    if (s->status != CSS_OK)
        return false;
    if ((peek(s, 0) | 32) != 'n') {
        simple->b = sign * n;
        return number || fail(s, CSS_SYNTAX);
    }
    s->p++;
    simple->a = sign * n;
    return read_offset(s, &simple->b);
}

/* --- pseudo-classes --------------------------------------------------------------------- */

static bool read_list(struct parser *s, bool relative, const struct css_member **ret);

enum pseudo_form { ALONE, PLACED, LISTED };

static const struct pseudo {
    const char *name;
    enum pseudo_form form;
    enum css_kind kind;
    bool from_start, from_end, of_type;
} pseudos[] = {
    {"first-child", ALONE, CSS_PLACE, true, false, false},
    {"last-child", ALONE, CSS_PLACE, false, true, false},
    {"only-child", ALONE, CSS_PLACE, true, true, false},
    {"first-of-type", ALONE, CSS_PLACE, true, false, true},
    {"last-of-type", ALONE, CSS_PLACE, false, true, true},
    {"only-of-type", ALONE, CSS_PLACE, true, true, true},
    {"empty", ALONE, CSS_EMPTY, false, false, false},
    {"root", ALONE, CSS_ROOT, false, false, false},
    {"nth-child", PLACED, CSS_PLACE, true, false, false},
    {"nth-last-child", PLACED, CSS_PLACE, false, true, false},
    {"nth-of-type", PLACED, CSS_PLACE, true, false, true},
    {"nth-last-of-type", PLACED, CSS_PLACE, false, true, true},
    {"not", LISTED, CSS_NOT, false, false, false},
    {"is", LISTED, CSS_IS, false, false, false},
    {"where", LISTED, CSS_IS, false, false, false},
    {"has", LISTED, CSS_HAS, false, false, false},
};

/* What content blockers add to CSS. */
static bool is_procedural(struct css_string name)
{
    static const char *const names[] = {
        "has-text", "contains", "upward", "nth-ancestor", "xpath", "remove", "remove-attr",
        "remove-class", "style", "matches-css", "matches-css-before", "matches-css-after",
        "matches-attr", "matches-path", "matches-media", "matches-prop", "matches-property",
        "min-text-length", "watch-attr", "watch-attrs", "others", "if", "if-not", "shadow",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_word(name, names[i]))
            return true;
    return name.len > 5 && strncasecmp(name.p, "-abp-", 5) == 0;
}

static bool push_place(struct parser *s, struct css_compound *c, const struct pseudo *is,
                       bool from_end)
{
    struct css_simple *simple = push_simple(s, c, CSS_PLACE);
    if (!simple)
        return false;
    simple->from_end = from_end;
    simple->of_type = is->of_type;
    simple->b = 1;
    if (is->form != PLACED)
        return true;
    simple->b = 0;
    skip_space(s);
    if (!read_an_plus_b(s, simple))
        return false;
    skip_space(s);
    return true;
}

static bool read_alone(struct parser *s, struct css_compound *c, const struct pseudo *is)
{
    if (is->kind != CSS_PLACE)
        return push_simple(s, c, is->kind) != NULL;
    return (!is->from_start || push_place(s, c, is, false)) &&
           (!is->from_end || push_place(s, c, is, true));
}

static bool read_listed(struct parser *s, struct css_compound *c, const struct pseudo *is)
{
    bool has = is->kind == CSS_HAS, before = s->in_has;
    struct css_simple *simple = push_simple(s, c, is->kind);
    if (!simple)
        return false;
    if (has && before) /* CSS forbids one in another */
        return fail(s, CSS_SYNTAX);
    if (s->depth == CSS_DEPTH_MOST)
        return fail(s, CSS_TOO_LARGE);
    s->depth++;
    s->in_has = before || has;
    bool ok = read_list(s, has, &simple->list);
    s->in_has = before;
    s->depth--;
    return ok;
}

static bool read_pseudo(struct parser *s, struct css_compound *c)
{
    struct css_string name;
    const struct pseudo *is = NULL;
    s->p++;
    bool element = take(s, ':');
    if (!read_name(s, &name))
        return false;
    for (size_t i = 0; i < sizeof pseudos / sizeof *pseudos && !is; i++)
        if (is_word(name, pseudos[i].name))
            is = &pseudos[i];
    if (element || !is)
        return fail(s, is_procedural(name) ? CSS_PROCEDURAL : CSS_PSEUDO);
    if (is->form == ALONE)
        return peek(s, 0) != '(' ? read_alone(s, c, is) : fail(s, CSS_SYNTAX);
    if (!take(s, '('))
        return fail(s, CSS_SYNTAX);
    bool ok = is->form == PLACED ? push_place(s, c, is, is->from_end) : read_listed(s, c, is);
    return ok && (take(s, ')') || fail(s, CSS_SYNTAX));
}

/* --- compounds, members, lists -------------------------------------------------------- */

static bool read_type(struct parser *s, struct css_compound *c)
{
    if (!take(s, '*')) {
        if (!at_name(s))
            return true;
        if (!read_name(s, &c->type))
            return false;
        lower(s->tree, &c->type);
    }
    return peek(s, 0) != '|' || fail(s, CSS_NAMESPACE);
}

static bool read_compound(struct parser *s, struct css_compound *c)
{
    const char *from = s->p;
    if (!read_type(s, c))
        return false;
    for (;;) {
        char next = peek(s, 0);
        bool ok = true;
        if (next == '#')
            ok = read_named(s, c, CSS_ID);
        else if (next == '.')
            ok = read_named(s, c, CSS_CLASS);
        else if (next == '[')
            ok = read_attr(s, c);
        else if (next == ':')
            ok = read_pseudo(s, c);
        else
            return s->p > from || fail(s, CSS_SYNTAX);
        if (!ok)
            return false;
    }
}

static bool push_compound(struct parser *s, struct css_member *m, char combinator)
{
    if (s->tree->ncompounds == CSS_COMPOUNDS_MOST)
        return fail(s, CSS_TOO_LARGE);
    struct css_compound *c = &s->tree->compounds[s->tree->ncompounds++];
    *c = (struct css_compound){.combinator = combinator, .left = m->last};
    if (m->last)
        m->last->right = c;
    else
        m->first = c;
    m->last = c;
    return read_compound(s, c);
}

/* What stands between two compounds; 0: the member ends here. */
static char read_combinator(struct parser *s)
{
    bool space = skip_space(s);
    char c = peek(s, 0);
    if (c == '>' || c == '+' || c == '~') {
        s->p++;
        skip_space(s);
        return c;
    }
    return space && s->p < s->end && c != ',' && c != ')' ? ' ' : '\0';
}

static bool read_member(struct parser *s, bool relative, struct css_member *m)
{
    char combinator = '\0';
    skip_space(s);
    if (relative) {
        combinator = read_combinator(s);
        combinator = combinator ? combinator : ' ';
    }
    do {
        if (!push_compound(s, m, combinator))
            return false;
    } while ((combinator = read_combinator(s)) != '\0');
    return true;
}

static bool read_list(struct parser *s, bool relative, const struct css_member **ret)
{
    const struct css_member **at = ret;
    do {
        if (s->tree->nmembers == CSS_MEMBERS_MOST)
            return fail(s, CSS_TOO_LARGE);
        struct css_member *m = &s->tree->members[s->tree->nmembers++];
        *m = (struct css_member){0};
        *at = m;
        at = &m->next;
        if (!read_member(s, relative, m))
            return false;
    } while (take(s, ','));
    return true;
}

enum css_status css_parse(const char *selector, size_t len, struct css_tree *ret)
{
    struct parser s = {.p = selector, .end = selector + len, .tree = ret};
    if (len > CSS_LEN_MOST)
        return CSS_TOO_LARGE;
    if (!text_is_sound(selector, len))
        return CSS_CHARACTERS;
    ret->nsimples = ret->ncompounds = ret->nmembers = ret->nstrings = 0;
    ret->list = NULL;
    if (read_list(&s, false, &ret->list) && s.p < s.end)
        fail(&s, CSS_SYNTAX);
    return s.status;
}
