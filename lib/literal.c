/* literal.c - reads an expression for strings of which every match holds one.
 *
 * A piece of an expression is either exact, every match of it is one of a few words,
 * or needs something: every match of it holds one of a few words somewhere.  Exact
 * pieces that follow one another are multiplied out for as long as they stay few and
 * short; where that ends, the product is something that the whole needs, and the
 * rarest of what is needed wins.
 *
 * What stands in an assertion is read past: it matches no bytes of its own.  What
 * may match differently from how it reads (recursion, conditions, \Q, (*ACCEPT))
 * ends the reading, and nothing is known. */
#include "literal.h"

#include <string.h>

enum {
    DEPTH_MOST = 12, /* of groups; a level takes some 5 KiB of stack */
    NAME_MOST = 32,  /* of a group: bytes */
    RARE_ENOUGH = 32, /* as -log2: no page is long enough to hold it by chance */
};

/* --- words and sets of them --------------------------------------------------------------- */

struct piece {
    bool exact;               /* every match is one of words */
    struct literal_set words; /* where exact */
    struct literal_set needs; /* every match holds one; may be empty, and is while words serve */
};

static void set_empty_word(struct literal_set *set)
{
    set->count = 1;
    set->items[0].len = 0;
    set->items[0].folds = 0;
}

static void piece_nothing_known(struct piece *p)
{
    p->exact = false;
    p->words.count = p->needs.count = 0;
}

static void piece_matches_empty(struct piece *p)
{
    p->exact = true;
    p->needs.count = 0;
    set_empty_word(&p->words);
}

unsigned literal_rarity(uint8_t c)
{
    static const uint8_t letters[26] = {4, 6, 5, 5, 3, 6, 6, 5, 4, 9, 7, 5, 5,
                                        4, 4, 5, 10, 4, 4, 3, 5, 7, 6, 8, 6, 9};
    if (c >= 'a' && c <= 'z')
        return letters[c - 'a'];
    if (c >= 'A' && c <= 'Z')
        return 8;
    if (c == ' ')
        return 3;
    return c != '\0' && strchr("/\"=<>-.:\n", c) ? 5 : 7;
}

/* 0: of no use. */
static unsigned word_rarity(const struct literal *w)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < w->len; i++)
        sum += literal_rarity(w->bytes[i]);
    return w->len < 2 ? 0 : sum;
}

static unsigned set_rarity(const struct literal_set *set)
{
    unsigned least = set->count > 0 ? UINT32_MAX : 0;
    for (unsigned i = 0; i < set->count; i++) {
        unsigned rarity = word_rarity(&set->items[i]);
        least = rarity < least ? rarity : least;
    }
    for (unsigned n = set->count; n > 1 && least > 1; n /= 2)
        least--;
    return least;
}

/* To find one string costs a fraction of finding several, so one that is rare enough
 * is better than several that are rarer still. */
static unsigned set_worth(const struct literal_set *set)
{
    unsigned rarity = set_rarity(set);
    return (rarity < RARE_ENOUGH ? rarity : RARE_ENOUGH) + (set->count == 1 && rarity > 0 ? 8 : 0);
}

static void keep_better(struct literal_set *best, const struct literal_set *set)
{
    unsigned worth = set_worth(set), had = set_worth(best);
    if (worth > had || (worth == had && set_rarity(set) > set_rarity(best)))
        *best = *set;
}

static bool set_unite(struct literal_set *a, const struct literal_set *b)
{
    if (b->count > LITERALS_MOST - a->count)
        return false;
    memcpy(a->items + a->count, b->items, b->count * sizeof *b->items);
    a->count += b->count;
    return true;
}

static unsigned longest(const struct literal_set *set)
{
    unsigned len = 0;
    for (unsigned i = 0; i < set->count; i++)
        len = set->items[i].len > len ? set->items[i].len : len;
    return len;
}

static struct literal word_join(const struct literal *a, const struct literal *b)
{
    struct literal w = *a;
    memcpy(w.bytes + w.len, b->bytes, b->len);
    w.folds |= b->len > 0 ? b->folds << w.len : 0;
    w.len = (uint8_t)(w.len + b->len);
    return w;
}

/* Each word of a followed by each of b, in a; false where that is too many or too long. */
static bool set_multiply(struct literal_set *a, const struct literal_set *b)
{
    struct literal_set product;
    if (a->count * b->count > LITERALS_MOST || longest(a) + longest(b) > LITERAL_BYTES)
        return false;
    product.count = 0;
    for (unsigned i = 0; i < a->count; i++)
        for (unsigned j = 0; j < b->count; j++)
            product.items[product.count++] = word_join(&a->items[i], &b->items[j]);
    *a = product;
    return true;
}

/* An exact piece needs one of its words. */
static void piece_loosen(struct piece *p)
{
    if (p->exact)
        keep_better(&p->needs, &p->words);
    p->exact = false;
}

/* --- the expression's characters ---------------------------------------------------------- */

struct reader {
    const char *at, *end;
    bool caseless, extended; /* as they hold here: (?i) changes them */
    bool lost;               /* something unknown was met */
    unsigned depth;
};

static void lose(struct reader *r, struct piece *ret)
{
    r->lost = true;
    r->at = r->end;
    piece_nothing_known(ret);
}

static bool is_next(const struct reader *r, char c)
{
    return r->at < r->end && *r->at == c;
}

static bool take(struct reader *r, const char *s)
{
    size_t len = strlen(s);
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, s, len) != 0)
        return false;
    r->at += len;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(char c)
{
    return is_letter(c) || is_digit(c) || c == '_';
}

static bool is_ascii(char c)
{
    return (unsigned char)c < 0x80;
}

/* A name and what closes it. */
static bool take_name(struct reader *r, char close)
{
    const char *at = r->at;
    while (at < r->end && is_name(*at))
        at++;
    if (at == r->at || at == r->end || *at != close || at - r->at > NAME_MOST)
        return false;
    r->at = at + 1;
    return true;
}

/* White space and comments, where x says that they are none of the expression. */
static void skip_ignored(struct reader *r)
{
    while (r->extended && r->at < r->end) {
        if (*r->at == '#') {
            const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
            r->at = newline ? newline + 1 : r->end;
        } else if (*r->at == ' ' || (*r->at >= '\t' && *r->at <= '\r')) {
            r->at++;
        } else {
            return;
        }
    }
}

/* What x leaves out besides ASCII white space, and what may end its comments. */
static bool has_odd_space(struct slice expression)
{
    static const char *const odd[] = {"\r", "\xc2\x85", "\xe2\x80\x8e", "\xe2\x80\x8f",
                                      "\xe2\x80\xa8", "\xe2\x80\xa9"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        if (memmem(expression.p, expression.len, odd[i], strlen(odd[i])))
            return true;
    return memchr(expression.p, '\0', expression.len) != NULL;
}

/* --- atoms -------------------------------------------------------------------------------- */

static size_t utf8_len(char c)
{
    unsigned char u = (unsigned char)c;
    return u < 0x80 ? 1 : u < 0xe0 ? 2 : u < 0xf0 ? 3 : 4;
}

/* Adds a character as a word of its own.  False where its other cases are more than
 * one ASCII letter: K has the Kelvin sign, S the long s, and what is not ASCII is not
 * looked up. */
static bool add_character(struct reader *r, const char *c, size_t len, struct literal_set *set)
{
    struct literal *w = &set->items[set->count];
    bool folds = r->caseless && is_letter(*c);
    char small = (char)(*c | 0x20);
    if (r->caseless && (len > 1 || (folds && (small == 'k' || small == 's'))))
        return false;
    memcpy(w->bytes, c, len);
    if (folds)
        w->bytes[0] = (uint8_t)small;
    w->folds = folds;
    w->len = (uint8_t)len;
    set->count++;
    return true;
}

static void read_character(struct reader *r, struct piece *ret)
{
    size_t len = utf8_len(*r->at);
    if (len > (size_t)(r->end - r->at)) {
        lose(r, ret);
        return;
    }
    piece_nothing_known(ret);
    ret->exact = add_character(r, r->at, len, &ret->words);
    r->at += len;
}

/* Behind the p of \p, \P. */
static bool take_property(struct reader *r)
{
    if (r->at < r->end && is_letter(*r->at)) {
        r->at++;
        return true;
    }
    const char *close = is_next(r, '{') ? memchr(r->at, '}', (size_t)(r->end - r->at)) : NULL;
    if (!close)
        return false;
    r->at = close + 1;
    return true;
}

/* Behind the x of \x{20AC}; \x20 is written otherwise. */
static bool take_hex(struct reader *r)
{
    return take(r, "{") && take_name(r, '}');
}

static bool is_backreference(const struct reader *r, char c)
{
    return c >= '1' && c <= '9' && !(r->at < r->end && is_digit(*r->at));
}

/* Behind a backslash. */
static void read_escape(struct reader *r, struct piece *ret)
{
    static const char controls[] = "ntrfea", control_bytes[] = "\n\t\r\f\x1b\a";
    if (r->at == r->end || !is_ascii(*r->at) || *r->at == '\0') {
        lose(r, ret);
        return;
    }
    char c = *r->at++;
    const char *control = strchr(controls, c);
    piece_nothing_known(ret);
    if (control || !(is_letter(c) || is_digit(c)))
        ret->exact = add_character(r, control ? &control_bytes[control - controls] : &c, 1,
                                   &ret->words);
    else if (strchr("bBAzZGK", c))
        piece_matches_empty(ret);
    else if (!(strchr("dDwWsShHvVNRX", c) || ((c == 'p' || c == 'P') && take_property(r)) ||
               (c == 'x' && take_hex(r)) || is_backreference(r, c)))
        lose(r, ret);
}

/* [:alpha:] in a class: nothing else may start with [: there. */
static bool take_posix_name(struct reader *r)
{
    r->at += 2;
    take(r, "^");
    return take_name(r, ':') && take(r, "]");
}

/* One member of a class; false where it is more than a character as it stands. */
static bool read_member(struct reader *r, struct literal_set *set, struct piece *ret)
{
    char c = *r->at, next = r->end - r->at > 1 ? r->at[1] : '\0';
    if (c == '\\') {
        if (next == '\0' || strchr("QEc", next) || !is_ascii(next))
            lose(r, ret);
        else
            r->at += 2;
        return false;
    }
    if (c == '[' && (next == ':' || next == '.' || next == '=')) {
        if (next != ':' || !take_posix_name(r))
            lose(r, ret);
        return false;
    }
    r->at++;
    return is_ascii(c) && c != '-' && c != '[' && set->count < LITERALS_MOST &&
           add_character(r, &c, 1, set);
}

/* Behind [: a few characters are as many words, all else one unknown character. */
static void read_class(struct reader *r, struct piece *ret)
{
    struct literal_set set = {0};
    bool plain = !take(r, "^"), first = true;
    for (; r->at < r->end && (first || *r->at != ']'); first = false)
        plain = read_member(r, &set, ret) && plain;
    if (r->lost || !take(r, "]")) {
        lose(r, ret);
        return;
    }
    piece_nothing_known(ret);
    ret->exact = plain;
    if (plain)
        ret->words = set;
}

/* --- groups ------------------------------------------------------------------------------- */

static void read_alternatives(struct reader *r, struct piece *ret);

/* Behind the opening: up to the closing parenthesis, which ends what (?i) began. */
static void read_body(struct reader *r, bool caseless, bool extended, struct piece *ret)
{
    if (r->depth == DEPTH_MOST) {
        lose(r, ret);
        return;
    }
    r->depth++;
    read_alternatives(r, ret);
    r->depth--;
    r->caseless = caseless;
    r->extended = extended;
    if (!take(r, ")"))
        lose(r, ret);
}

/* Behind (?: flags for what follows, i) or i:...). */
static void read_flags(struct reader *r, struct piece *ret)
{
    bool caseless = r->caseless, extended = r->extended, on = true;
    for (; r->at < r->end && *r->at != ')' && *r->at != ':'; r->at++) {
        if (*r->at == '-' && on)
            on = false;
        else if (*r->at == 'i')
            r->caseless = on;
        else if (*r->at == 'x' && r->at[-1] != 'x')
            r->extended = on;
        else if (*r->at != 's' && *r->at != 'm')
            break;
    }
    piece_matches_empty(ret);
    if (take(r, ":"))
        read_body(r, caseless, extended, ret);
    else if (!take(r, ")"))
        lose(r, ret);
}

/* Behind (*: verbs that only say where else not to look. */
static void read_verb(struct reader *r, struct piece *ret)
{
    static const char *const verbs[] = {"COMMIT)", "PRUNE)", "SKIP)", "THEN)", "FAIL)", "F)"};
    piece_matches_empty(ret);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (take(r, verbs[i]))
            return;
    lose(r, ret);
}

/* Behind ( . */
static void read_group(struct reader *r, struct piece *ret)
{
    static const char *const assertions[] = {"?=", "?!", "?<=", "?<!"};
    static const char *const plain[] = {"?:", "?>", "?|"};
    bool caseless = r->caseless, extended = r->extended;
    for (size_t i = 0; i < sizeof assertions / sizeof *assertions; i++)
        if (take(r, assertions[i])) {
            read_body(r, caseless, extended, ret);
            piece_matches_empty(ret);
            return;
        }
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (take(r, plain[i])) {
            read_body(r, caseless, extended, ret);
            return;
        }
    if (take(r, "*"))
        read_verb(r, ret);
    else if (take(r, "?P<") || take(r, "?<"))
        take_name(r, '>') ? read_body(r, caseless, extended, ret) : lose(r, ret);
    else if (take(r, "?"))
        read_flags(r, ret);
    else
        read_body(r, caseless, extended, ret);
}

/* --- sequences and alternatives ----------------------------------------------------------- */

/* Behind {: 3} 3,} 3,5}.  Numbers past 9 are told apart from 0 and 1, no more. */
static bool take_counts(struct reader *r, unsigned *min, unsigned *max)
{
    const char *at = r->at;
    unsigned n[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        const char *begin = at;
        for (; at < r->end && is_digit(*at); at++)
            n[i] = n[i] >= 10 ? 10 : n[i] * 10 + (unsigned)(*at - '0');
        if (at == r->end || (i == 0 && at == begin))
            return false;
        if (i == 1 && at == begin)
            n[1] = 10;
        if (i == 0 && *at != ',') {
            n[1] = n[0];
            break;
        }
        at += i == 0;
    }
    if (at == r->end || *at != '}')
        return false;
    r->at = at + 1;
    *min = n[0];
    *max = n[1];
    return true;
}

static bool take_quantifier(struct reader *r, unsigned *min, unsigned *max)
{
    if (r->at == r->end || !strchr("?*+{", *r->at) || *r->at == '\0')
        return false;
    char c = *r->at++;
    *min = c == '+';
    *max = c == '?' ? 1 : 10;
    if (c == '{' && !take_counts(r, min, max)) {
        r->lost = true;
        return false;
    }
    if (!take(r, "?"))
        take(r, "+");
    return true;
}

static void piece_repeat(struct piece *p, unsigned min, unsigned max)
{
    struct literal_set nothing;
    set_empty_word(&nothing);
    if (min > 0 && max > 1)
        piece_loosen(p);
    else if (min == 0 && max == 1 && p->exact && set_unite(&p->words, &nothing))
        p->needs.count = 0;
    else if (min == 0)
        piece_nothing_known(p);
}

static void read_atom(struct reader *r, struct piece *ret)
{
    char c = *r->at;
    if (c == '\0' || c == '?' || c == '*' || c == '+' || c == '{') {
        lose(r, ret);
    } else if (c == '\\') {
        r->at++;
        read_escape(r, ret);
    } else if (c == '[') {
        r->at++;
        read_class(r, ret);
    } else if (c == '(') {
        r->at++;
        read_group(r, ret);
    } else if (c == '^' || c == '$') {
        r->at++;
        piece_matches_empty(ret);
    } else if (c == '.') {
        r->at++;
        piece_nothing_known(ret);
    } else {
        read_character(r, ret);
    }
}

static void read_item(struct reader *r, struct piece *ret)
{
    unsigned min, max;
    read_atom(r, ret);
    for (skip_ignored(r); take_quantifier(r, &min, &max); skip_ignored(r))
        piece_repeat(ret, min, max);
}

static void extend(struct literal_set *run, const struct literal_set *words,
                   struct literal_set *needs)
{
    if (set_multiply(run, words))
        return;
    keep_better(needs, run);
    *run = *words;
}

static void end_run(struct literal_set *run, struct literal_set *needs)
{
    keep_better(needs, run);
    set_empty_word(run);
}

/* words of the result: those that end what was read so far.  plain: the bytes that
 * are the same in all of them, one string where words may be many. */
static void read_sequence(struct reader *r, struct piece *ret)
{
    struct piece item;
    struct literal_set plain;
    set_empty_word(&plain);
    piece_matches_empty(ret);
    for (skip_ignored(r); r->at < r->end && !r->lost && *r->at != '|' && *r->at != ')';
         skip_ignored(r)) {
        read_item(r, &item);
        keep_better(&ret->needs, &item.needs);
        if (item.exact && item.words.count == 1)
            extend(&plain, &item.words, &ret->needs);
        else
            end_run(&plain, &ret->needs);
        if (item.exact && set_multiply(&ret->words, &item.words))
            continue;
        ret->exact = false;
        end_run(&ret->words, &ret->needs);
        if (item.exact)
            ret->words = item.words;
    }
    keep_better(&ret->needs, &plain);
    if (!ret->exact)
        keep_better(&ret->needs, &ret->words);
}

static void add_alternative(struct piece *p, struct piece *other)
{
    if (p->exact && other->exact && set_unite(&p->words, &other->words)) {
        p->needs.count = 0;
        return;
    }
    piece_loosen(p);
    piece_loosen(other);
    if (p->needs.count == 0 || other->needs.count == 0 || !set_unite(&p->needs, &other->needs))
        p->needs.count = 0;
}

static void read_alternatives(struct reader *r, struct piece *ret)
{
    struct piece other;
    read_sequence(r, ret);
    while (!r->lost && take(r, "|")) {
        read_sequence(r, &other);
        add_alternative(ret, &other);
    }
}

void literal_required(struct slice expression, bool caseless, bool extended,
                      struct literal_set *ret)
{
    struct reader r = {.at = expression.p,
                       .end = expression.p + expression.len,
                       .caseless = caseless,
                       .extended = extended};
    struct piece whole;
    ret->count = 0;
    if (has_odd_space(expression))
        return;
    read_alternatives(&r, &whole);
    if (r.lost || r.at < r.end)
        return;
    piece_loosen(&whole);
    *ret = whole.needs;
}
