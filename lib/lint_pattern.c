/* lint_pattern.c - expressions that can run away: a look at their source.
 *
 * 1. The expression becomes an automaton of positions (Glushkov 1961): each place where
 *    it takes a character, and which place may follow which.
 * 2. Time is exponential where one text can be read in two ways that come back to the
 *    same place: (a+)+, (a|a)*, (a?b?)*.  That is a cycle through (q, q) and (p, r),
 *    p not r, in the automaton's square (Weber and Seidl 1991), or two edges in one.
 * 3. It only shows where something behind the repeat can fail: an expression that may
 *    end within the repeat has matched by then.
 * 4. What is not understood (assertions, references, atomic groups, verbs) is a wall that
 *    no text passes: less is found, and nothing false.
 * 5. Two repeats of any character, line ends too, with nothing between them are told as
 *    well: they try each place of the page with each. */
#include <stdint.h>
#include <string.h>

#include "lint.h"
#include "text.h"

enum {
    PLACES_MOST = 128,
    ITEMS_MOST = 2000,   /* looked at; counted repeats are read twice */
    GROUPS_MOST = 24,    /* nested */
    WIDE_LEAST = 240,    /* of 256: "any character" */
    STEPS_OF_PLACE = 1000, /* for clearing what was seen */
};

/* A set of characters: ASCII as it is, others by a hash into the upper half. */
struct chars {
    uint64_t bits[4];
};

/* A set of places. */
struct places {
    uint64_t bits[2];
};

struct machine {
    struct slice source;
    size_t at; /* in source */
    bool nocase, dot_all, extended;
    bool gave_up; /* too large, or not understood */
    bool wide_pair;
    unsigned nested, items;
    struct chars reads[PLACES_MOST];
    struct places next[PLACES_MOST];   /* which place may follow */
    struct places twice[PLACES_MOST]; /* and in two ways */
    size_t count;
};

/* A part of the expression. */
struct piece {
    struct places first, last;
    bool empty; /* may take nothing */
    bool wide;  /* an unbounded repeat of any character */
};

/* --- sets --------------------------------------------------------------------------------- */

static bool has_place(const struct places *s, size_t i)
{
    return s->bits[i / 64] >> (i % 64) & 1;
}

static void add_place(struct places *s, size_t i)
{
    s->bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static struct places join(struct places a, struct places b)
{
    return (struct places){{a.bits[0] | b.bits[0], a.bits[1] | b.bits[1]}};
}

static void add_char(struct chars *s, unsigned c)
{
    s->bits[c / 64] |= UINT64_C(1) << (c % 64);
}

static bool has_char(const struct chars *s, unsigned c)
{
    return s->bits[c / 64] >> (c % 64) & 1;
}

static void add_range(struct chars *s, unsigned from, unsigned to)
{
    for (unsigned c = from; c <= to && c < 256; c++)
        add_char(s, c);
}

static void invert(struct chars *s)
{
    for (size_t i = 0; i < 4; i++)
        s->bits[i] = ~s->bits[i];
}

static void add_all(struct chars *s, const struct chars *from)
{
    for (size_t i = 0; i < 4; i++)
        s->bits[i] |= from->bits[i];
}

static bool meet(const struct chars *a, const struct chars *b)
{
    uint64_t any = 0;
    for (size_t i = 0; i < 4; i++)
        any |= a->bits[i] & b->bits[i];
    return any != 0;
}

static void fold_case(struct chars *s)
{
    for (unsigned c = 'a'; c <= 'z'; c++) {
        if (has_char(s, c) || has_char(s, c - 32)) {
            add_char(s, c);
            add_char(s, c - 32);
        }
    }
}

/* --- the machine in the making ------------------------------------------------------------ */

static void connect(struct machine *m, struct places from, struct places to)
{
    for (size_t i = 0; i < m->count; i++) {
        if (!has_place(&from, i))
            continue;
        for (size_t k = 0; k < 2; k++)
            m->twice[i].bits[k] |= m->next[i].bits[k] & to.bits[k];
        m->next[i] = join(m->next[i], to);
    }
}

/* A piece that takes one character of the set; an empty set is a wall. */
static struct piece place(struct machine *m, struct chars reads)
{
    struct piece ret = {.empty = false};
    if (m->count == PLACES_MOST) {
        m->gave_up = true;
        return ret;
    }
    if (m->nocase)
        fold_case(&reads);
    m->reads[m->count] = reads;
    add_place(&ret.first, m->count);
    add_place(&ret.last, m->count);
    m->count++;
    return ret;
}

static struct piece wall(struct machine *m)
{
    return place(m, (struct chars){{0}});
}

static struct piece follow(struct machine *m, struct piece a, struct piece b)
{
    connect(m, a.last, b.first);
    return (struct piece){.first = a.empty ? join(a.first, b.first) : a.first,
                          .last = b.empty ? join(a.last, b.last) : b.last,
                          .empty = a.empty && b.empty};
}

/* --- reading ------------------------------------------------------------------------------ */

static bool at_end(const struct machine *m)
{
    return m->at >= m->source.len;
}

static char peek(const struct machine *m)
{
    return at_end(m) ? '\0' : m->source.p[m->at];
}

static bool take(struct machine *m, const char *s)
{
    size_t n = strlen(s);
    if (m->source.len - m->at < n || memcmp(m->source.p + m->at, s, n) != 0)
        return false;
    m->at += n;
    return true;
}

/* The next character, as a number of our sets. */
static unsigned take_char(struct machine *m)
{
    unsigned char c = (unsigned char)m->source.p[m->at++];
    unsigned hash = c;
    if (c < 128)
        return c;
    while (!at_end(m) && ((unsigned char)peek(m) & 0xc0) == 0x80)
        hash = hash * 31 + (unsigned char)m->source.p[m->at++];
    return 128 + hash % 128;
}

/* What a class of one letter holds; false where the letter is none. */
static bool class_of(char letter, struct chars *ret)
{
    *ret = (struct chars){{0}};
    switch (letter | 32) {
    case 'd':
        add_range(ret, '0', '9');
        break;
    case 'w':
        add_range(ret, '0', '9');
        add_range(ret, 'a', 'z');
        add_range(ret, 'A', 'Z');
        add_char(ret, '_');
        break;
    case 's':
        add_range(ret, 9, 13);
        add_char(ret, ' ');
        break;
    case 'h':
        add_char(ret, ' ');
        add_char(ret, '\t');
        break;
    case 'v':
        add_range(ret, 10, 13);
        break;
    default:
        return false;
    }
    if (letter >= 'A' && letter <= 'Z')
        invert(ret);
    return true;
}

/* Behind a backslash: a set; false where it is no plain character. */
static bool take_escape(struct machine *m, struct chars *ret)
{
    static const char letters[] = "ntrfae", codes[] = "\n\t\r\f\a\033";
    char c = peek(m);
    const char *known = c ? strchr(letters, c) : NULL;
    if (at_end(m)) {
        m->gave_up = true;
        return false;
    }
    if (class_of(c, ret)) {
        m->at++;
        return true;
    }
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
        m->at++;
        if (known)
            add_char(ret, (unsigned char)codes[known - letters]);
        return known != NULL;
    }
    add_char(ret, take_char(m));
    return true;
}

/* The one character that the set holds; 256 where it holds more or none. */
static unsigned only_char(const struct chars *s)
{
    unsigned ret = 256, n = 0;
    for (unsigned c = 0; c < 256; c++)
        if (has_char(s, c)) {
            ret = c;
            n++;
        }
    return n == 1 ? ret : 256;
}

/* A character, a class or a range within "[...]"; false where it is not understood. */
static bool take_member(struct machine *m, struct chars *set)
{
    struct chars one = {{0}};
    const char *rest = m->source.p + m->at, *end = m->source.p + m->source.len;
    if (end - rest > 1 && *rest == '[' && strchr(":.=", rest[1]))
        return false; /* [[:alpha:]] */
    if (!take(m, "\\"))
        add_char(&one, take_char(m));
    else if (!take_escape(m, &one))
        return false;
    unsigned low = only_char(&one);
    rest = m->source.p + m->at;
    if (low < 256 && end - rest > 1 && rest[0] == '-' && rest[1] != ']') {
        m->at++;
        if (peek(m) == '\\')
            return false;
        unsigned high = take_char(m);
        if (low < 128 && high < 128)
            add_range(&one, low, high);
        else
            add_range(&one, 128, 255); /* hashes have no order */
    }
    add_all(set, &one);
    return true;
}

/* Behind "[". */
static struct piece take_set(struct machine *m)
{
    struct chars set = {{0}};
    bool negated = take(m, "^"), known = true;
    for (bool first = true; known && !at_end(m) && (first || peek(m) != ']'); first = false)
        known = take_member(m, &set);
    if (!known || !take(m, "]")) {
        m->gave_up = true;
        return wall(m);
    }
    if (m->nocase)
        fold_case(&set);
    if (negated)
        invert(&set);
    return place(m, set);
}

static struct piece take_choice(struct machine *m);

/* Leaves what stands behind "(" up to its ")" unread. */
static void skip_group(struct machine *m)
{
    for (unsigned depth = 1; depth > 0 && !at_end(m);) {
        char c = m->source.p[m->at++];
        if (c == '\\' && !at_end(m))
            m->at++;
        else if (c == '[')
            while (!at_end(m) && m->source.p[m->at++] != ']')
                ;
        depth += c == '(' ? 1u : c == ')' ? -1u : 0u;
    }
}

/* "(?<name>", "(?'name'", "(?P<name>": past the name; false where it is none. */
static bool take_name(struct machine *m)
{
    size_t before = m->at;
    bool named = take(m, "?P<") || take(m, "?'") || (take(m, "?<") && peek(m) != '=' && peek(m) != '!');
    if (!named) {
        m->at = before;
        return false;
    }
    while (!at_end(m) && peek(m) != '>' && peek(m) != '\'')
        m->at++;
    m->at += !at_end(m);
    return true;
}

/* Behind "(". */
static struct piece take_group(struct machine *m)
{
    bool plain = peek(m) != '?' && peek(m) != '*';
    if (take(m, "?#")) { /* a comment */
        skip_group(m);
        return (struct piece){.empty = true};
    }
    if (!plain && !take(m, "?:") && !take_name(m)) {
        /* Options and verbs change what stands behind them; assertions and atomic groups
         * are walls. */
        bool option = m->at + 1 < m->source.len && strchr("imsxnJUa-^", m->source.p[m->at + 1]);
        m->gave_up |= option || peek(m) == '*';
        skip_group(m);
        return wall(m);
    }
    if (++m->nested > GROUPS_MOST) {
        m->gave_up = true;
        return wall(m);
    }
    struct piece ret = take_choice(m);
    m->nested--;
    if (!take(m, ")"))
        m->gave_up = true;
    return ret;
}

/* One item, without its repeat. */
static struct piece take_item(struct machine *m)
{
    struct chars set = {{0}};
    if (take(m, "("))
        return take_group(m);
    if (take(m, "["))
        return take_set(m);
    if (take(m, "\\Q")) {
        m->gave_up = true;
        return wall(m);
    }
    if (take(m, "\\")) {
        char c = peek(m);
        if (c == 'R') {
            m->at++;
            add_range(&set, 10, 13);
            return place(m, set);
        }
        if (!take_escape(m, &set)) { /* \b, \K, \1, \x41, \p{L}, ... */
            if (c == 'K') /* cannot fail */
                return (struct piece){.empty = true};
            if (peek(m) == '{')
                while (!at_end(m) && m->source.p[m->at++] != '}')
                    ;
            return wall(m);
        }
        return place(m, set);
    }
    if (take(m, "^") || take(m, "$"))
        return wall(m);
    if (take(m, ".")) {
        if (!m->dot_all)
            add_char(&set, '\n');
        invert(&set);
        return place(m, set);
    }
    add_char(&set, take_char(m));
    return place(m, set);
}

static void skip_blank(struct machine *m)
{
    while (m->extended && !at_end(m) && strchr(" \t\r\n", peek(m)))
        m->at++;
    if (m->extended && peek(m) == '#')
        m->at = m->source.len;
}

struct repeat {
    unsigned least;
    bool many, unbounded, possessive, given;
};

static unsigned take_number(struct machine *m)
{
    unsigned n = 0;
    while (peek(m) >= '0' && peek(m) <= '9')
        n = n < 1000 ? n * 10 + (unsigned)(m->source.p[m->at++] - '0') : (m->at++, n);
    return n;
}

/* "{n}", "{n,}", "{n,m}"; anything else is no repeat. */
static bool take_braces(struct machine *m, struct repeat *ret)
{
    size_t before = m->at;
    if (take(m, "{") && peek(m) >= '0' && peek(m) <= '9') {
        unsigned least = take_number(m), most = least;
        bool comma = take(m, ","), open = comma && peek(m) == '}';
        if (comma && !open)
            most = take_number(m);
        if (take(m, "}")) {
            *ret = (struct repeat){.least = least, .many = open || most > 1, .unbounded = open,
                                   .given = true};
            return true;
        }
    }
    m->at = before;
    return false;
}

static struct repeat take_repeat(struct machine *m)
{
    struct repeat ret = {.least = 1};
    if (take(m, "*"))
        ret = (struct repeat){0, true, true, false, true};
    else if (take(m, "+"))
        ret = (struct repeat){1, true, true, false, true};
    else if (take(m, "?"))
        ret = (struct repeat){.given = true};
    else
        take_braces(m, &ret);
    if (ret.given && take(m, "+"))
        ret.possessive = true;
    else if (ret.given)
        take(m, "?");
    return ret;
}

/* Any character, the end of a line too? */
static bool is_wide(const struct machine *m, const struct piece *p)
{
    struct chars all = {{0}};
    unsigned n = 0;
    for (size_t i = 0; i < m->count; i++)
        if (has_place(&p->first, i))
            add_all(&all, &m->reads[i]);
    for (unsigned c = 0; c < 256; c++)
        n += has_char(&all, c);
    return n >= WIDE_LEAST && has_char(&all, '\n');
}

/* Takes back all places from `count` on; none before knows of them yet. */
static void forget(struct machine *m, size_t count)
{
    for (; m->count > count; m->count--) {
        m->reads[m->count - 1] = (struct chars){{0}};
        m->next[m->count - 1] = m->twice[m->count - 1] = (struct places){{0}};
    }
}

/* {2,5} becomes two, of which the second may be left out: enough to see two ways. */
static struct piece take_repeated(struct machine *m)
{
    size_t start = m->at, count = m->count;
    if (++m->items > ITEMS_MOST)
        m->gave_up = true;
    struct piece ret = take_item(m);
    skip_blank(m);
    struct repeat r = take_repeat(m);
    size_t end = m->at;
    if (r.possessive) {
        forget(m, count);
        ret = wall(m);
    } else if (r.unbounded) {
        ret.wide = is_wide(m, &ret);
        connect(m, ret.last, ret.first);
    } else if (r.many) {
        m->at = start;
        struct piece again = take_item(m);
        again.empty |= r.least < 2;
        ret = follow(m, ret, again);
        m->at = end;
    }
    ret.empty |= r.least == 0;
    return ret;
}

static struct piece take_sequence(struct machine *m)
{
    struct piece ret = {.empty = true};
    bool wide = false; /* such a repeat stands before, with nothing sure between */
    for (skip_blank(m); !at_end(m) && peek(m) != '|' && peek(m) != ')' && !m->gave_up;
         skip_blank(m)) {
        struct piece item = take_repeated(m);
        m->wide_pair |= wide && item.wide;
        wide = item.wide || (wide && item.empty);
        ret = follow(m, ret, item);
    }
    return ret;
}

static struct piece take_choice(struct machine *m)
{
    struct piece ret = take_sequence(m);
    while (take(m, "|") && !m->gave_up) {
        struct piece other = take_sequence(m);
        ret.first = join(ret.first, other.first);
        ret.last = join(ret.last, other.last);
        ret.empty |= other.empty;
    }
    return ret;
}

/* --- two ways to one place ---------------------------------------------------------------- */

/* reach[i]: the places that can come after i. */
static void find_reach(const struct machine *m, struct places *reach)
{
    memcpy(reach, m->next, m->count * sizeof *reach);
    for (size_t k = 0; k < m->count; k++)
        for (size_t i = 0; i < m->count; i++)
            if (has_place(&reach[i], k))
                reach[i] = join(reach[i], reach[k]);
}

/* Are both on one cycle? */
static bool on_cycle(const struct places *reach, size_t a, size_t b)
{
    return has_place(&reach[a], b) && has_place(&reach[b], a);
}

struct walk {
    const struct machine *m;
    struct places reach[PLACES_MOST]; /* the places that can come after */
    uint8_t seen[2][PLACES_MOST][PLACES_MOST];
    struct pair_at {
        uint8_t a, b, parted;
    } todo[2 * PLACES_MOST * PLACES_MOST];
    size_t count;
    unsigned long *steps;
};

static void visit(struct walk *w, size_t a, size_t b, bool parted)
{
    parted |= a != b;
    if (w->seen[parted][a][b])
        return;
    w->seen[parted][a][b] = 1;
    w->todo[w->count++] = (struct pair_at){(uint8_t)a, (uint8_t)b, parted};
}

/* Visits all pairs that follow a pair on one text, within q's cycle. */
static void visit_next(struct walk *w, size_t q, struct pair_at at)
{
    const struct machine *m = w->m;
    for (size_t a = 0; a < m->count; a++) {
        if (!has_place(&m->next[at.a], a) || !on_cycle(w->reach, q, a))
            continue;
        for (size_t b = 0; b < m->count; b++)
            if (has_place(&m->next[at.b], b) && on_cycle(w->reach, q, b) &&
                meet(&m->reads[a], &m->reads[b]))
                visit(w, a, b, at.parted);
        *w->steps -= m->count < *w->steps ? m->count : *w->steps;
    }
}

/* Can a text lead from q back to q in two ways? */
static bool parts_and_meets(struct walk *w, size_t q)
{
    memset(w->seen, 0, sizeof w->seen);
    w->count = 0;
    w->todo[w->count++] = (struct pair_at){(uint8_t)q, (uint8_t)q, 0};
    for (size_t i = 0; i < w->count && *w->steps > 0; i++) {
        visit_next(w, q, w->todo[i]);
        if (w->seen[1][q][q])
            return true;
    }
    return false;
}

/* May the whole expression end on q's cycle? */
static bool may_end_at(const struct machine *m, const struct places *reach,
                       const struct places *last, size_t q)
{
    for (size_t i = 0; i < m->count; i++)
        if (has_place(last, i) && on_cycle(reach, q, i))
            return true;
    return false;
}

static bool doubles_on_cycle(const struct machine *m, const struct places *reach, size_t q)
{
    for (size_t i = 0; i < m->count; i++)
        if (has_place(&m->twice[q], i) && on_cycle(reach, q, i))
            return true;
    return false;
}

/* No way leads through a wall. */
static void drop_walls(struct machine *m)
{
    struct places open = {{0}};
    for (size_t i = 0; i < m->count; i++) {
        if (meet(&m->reads[i], &m->reads[i]))
            add_place(&open, i);
        else
            m->next[i] = m->twice[i] = (struct places){{0}};
    }
    for (size_t i = 0; i < m->count; i++)
        for (size_t k = 0; k < 2; k++) {
            m->next[i].bits[k] &= open.bits[k];
            m->twice[i].bits[k] &= open.bits[k];
        }
}

static bool runs_away(struct machine *m, const struct places *last, struct walk *w)
{
    const struct places *reach = w->reach;
    drop_walls(m);
    find_reach(m, w->reach);
    w->m = m;
    for (size_t q = 0; q < m->count && *w->steps > 0; q++) {
        if (!has_place(&reach[q], q) || may_end_at(m, reach, last, q))
            continue;
        *w->steps -= *w->steps < STEPS_OF_PLACE ? *w->steps : STEPS_OF_PLACE;
        if (doubles_on_cycle(m, reach, q) || parts_and_meets(w, q))
            return true;
    }
    return false;
}

/* --- the check ---------------------------------------------------------------------------- */

/* "/.../flags" without its slashes; false where the text is a literal. */
static bool open_expression(struct slice text, struct machine *ret)
{
    *ret = (struct machine){.source = text};
    if (text.len < 3 || text.p[0] != '/')
        return false;
    size_t close = text.len - 1;
    for (; close > 0 && text.p[close] != '/'; close--) {
        ret->nocase |= text.p[close] == 'i';
        ret->dot_all |= text.p[close] == 's';
        ret->extended |= text.p[close] == 'x';
    }
    if (close == 0)
        return false;
    ret->source = (struct slice){text.p + 1, close - 1};
    return true;
}

static void look_at(struct lint *l, const struct rule *rule, struct slice text)
{
    struct machine m;
    if (l->steps == 0 || !open_expression(text, &m))
        return;
    struct piece all = take_choice(&m);
    if (m.gave_up || !at_end(&m))
        return;
    unsigned column = lint_column(rule, text.p);
    struct walk *w = lint_scratch(l, sizeof *w);
    if (!w)
        return;
    w->steps = &l->steps;
    if (runs_away(&m, &all.last, w))
        lint_report(l, rule->line, column,
                    "the same text can be read in many ways here, as by (a+)+b, and all are tried "
                    "where the rest does not match; repeat once, or make it atomic: (?>...)");
    else if (m.wide_pair)
        lint_report(l, rule->line, column,
                    "two repeats of any character stand side by side and try each place of the "
                    "page with each; leave one out");
}

void lint_runaway(struct lint *l, const struct rule *rule)
{
    if (rule->pattern)
        look_at(l, rule, rule->value);
    if (rule->from)
        look_at(l, rule, text_trim(rule->arg));
}
