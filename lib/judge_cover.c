/* judge_cover.c - how much of a line the chain covers: is it whole, or was it cut?
 *
 * A line is whole where it is matched from end to end but for an edited word.  It was
 * cut where it stops, or starts, and its counterpart goes on. */
#include "judge_parts.h"

#include "sentence.h"
#include "text.h"

struct cover cover_of(const struct detector *d, enum side s, const struct line *l)
{
    struct cover c = {0};
    uint32_t pos = l->start;
    bool any = false;
    for (size_t i = chain_link_behind(d, s, l->start); i < d->nlinks; i++) {
        uint32_t from = link_at(&d->links[i], s), to = from + d->links[i].len;
        if (from >= l->end)
            break;
        from = from < l->start ? l->start : from;
        to = to > l->end ? l->end : to;
        if (!any)
            c.head = from - pos;
        c.hole = from - pos > c.hole ? from - pos : c.hole;
        c.covered += to - from;
        pos = to;
        any = true;
    }
    c.tail = l->end - pos;
    c.hole = c.tail > c.hole ? c.tail : c.hole;
    if (!any)
        c.head = c.tail;
    return c;
}

/* --- whole lines ---------------------------------------------------------------------- */

/* Characters of a line that may be unmatched: an eighth; of a short line a word, but
 * at a chain's edge, where only resemblance speaks for it, less. */
static uint32_t slack(const struct line *l, enum position where)
{
    static const uint32_t share[] = {[INSIDE] = 2, [AT_EDGE] = 4, [AT_OPEN_EDGE] = 8};
    uint32_t word = l->weight / share[where] < WORD_MAX ? l->weight / share[where] : WORD_MAX;
    return l->weight / 8 > word ? l->weight / 8 : word;
}

static bool is_number_at(const struct detector *d, uint32_t pos)
{
    unsigned char c = d->norm.bytes[pos];
    return c < 0x80 ? c >= '0' && c <= '9' : text_is_number(stream_char(d, pos));
}

static bool has_number(const struct detector *d, uint32_t from, uint32_t to)
{
    while (from < to && !is_number_at(d, from))
        from++;
    return from < to;
}

/* Is a number of the line unmatched? */
static bool number_differs(const struct detector *d, enum side s, const struct line *l)
{
    uint32_t pos = l->start;
    for (size_t i = chain_link_behind(d, s, pos); i < d->nlinks && pos < l->end; i++) {
        uint32_t from = link_at(&d->links[i], s);
        if (has_number(d, pos, from < l->end ? from : l->end))
            return true;
        pos = from + d->links[i].len;
    }
    return has_number(d, pos, l->end);
}

static bool is_capital(const struct detector *d, uint32_t pos)
{
    return text_is_capital(stream_char(d, pos));
}

/* Does the word that holds pos start with a capital? */
static bool is_capital_word(const struct detector *d, uint32_t pos)
{
    uint32_t word = norm_word_at(&d->norm, pos + 1);
    uint32_t at = word > 0 ? norm_word(&d->norm, word - 1) : pos;
    return is_capital(d, at);
}

/* Does a whole word in from..to start with one? */
static bool has_capital_word(const struct detector *d, uint32_t from, uint32_t to)
{
    for (uint32_t word = norm_word_at(&d->norm, from); word + 1 < d->norm.nwords; word++) {
        if (norm_word(&d->norm, word + 1) > to)
            return false;
        if (is_capital(d, norm_word(&d->norm, word)))
            return true;
    }
    return false;
}

/* Words that start in from..to. */
static uint32_t words_in(const struct detector *d, uint32_t from, uint32_t to)
{
    return norm_word_at(&d->norm, to) - norm_word_at(&d->norm, from);
}

/* --- gaps ------------------------------------------------------------------------------ */

/* What lies between two links, or before the first and behind the last in their lines, on
 * both sides: from..to of the stream. */
struct gap {
    uint32_t from[2], to[2];
};

static struct gap gap_at(const struct detector *d, size_t i)
{
    struct gap g;
    for (int s = A; s <= B; s++) {
        const struct link *before = i > 0 ? &d->links[i - 1] : NULL, *next = &d->links[i];
        g.from[s] = before ? link_at(before, s) + before->len
                           : d->marks[stream_line_at(d, link_at(next, s))].start;
        g.to[s] = i < d->nlinks ? link_at(next, s)
                                : d->marks[stream_line_at(d, g.from[s] - 1) + 1].start;
    }
    return g;
}

/* Without the words at its start that both sides have: before a chain's first link there
 * may be such. */
static struct gap trim_gap(const struct detector *d, struct gap g)
{
    const unsigned char *bytes = d->norm.bytes;
    uint32_t n = 0, word = 0;
    while (g.from[A] + n < g.to[A] && g.from[B] + n < g.to[B] &&
           bytes[g.from[A] + n] == bytes[g.from[B] + n]) {
        n++;
        if (stream_is_word_start(d, g.from[A] + n) && stream_is_word_start(d, g.from[B] + n))
            word = n;
    }
    g.from[A] += word;
    g.from[B] += word;
    return g;
}

/* How many characters of from..to also stand in other_from..other_to, in any order; of
 * each at most ALIKE_MAX are looked at. */
static uint32_t chars_in_common(const struct detector *d, const struct gap *g,
                                uint32_t ret_count[2])
{
    uint32_t chars[2][ALIKE_MAX], common = 0;
    for (int s = A; s <= B; s++) {
        ret_count[s] = 0;
        for (uint32_t pos = g->from[s]; pos < g->to[s] && ret_count[s] < ALIKE_MAX;) {
            size_t len;
            struct slice stream = {(const char *)d->norm.bytes, d->norm.len};
            chars[s][ret_count[s]++] = text_char(stream, pos, &len);
            pos += (uint32_t)len;
        }
    }
    for (uint32_t i = 0; i < ret_count[A]; i++)
        for (uint32_t j = 0; j < ret_count[B]; j++)
            if (chars[A][i] == chars[B][j]) {
                chars[B][j] = 0;
                common++;
                break;
            }
    return common;
}

/* Do the sides say different things in the gap?  One name for another, or a word for
 * another, is no edit; a word that was dropped, added or misspelt is. */
static bool says_otherwise(const struct detector *d, const struct gap *whole)
{
    uint32_t count[2];
    struct gap trimmed = trim_gap(d, *whole);
    const struct gap *g = &trimmed;
    if (g->from[A] >= g->to[A] || g->from[B] >= g->to[B])
        return false;
    if (is_capital_word(d, g->from[A]) && is_capital_word(d, g->from[B]))
        return true;
    uint32_t common = chars_in_common(d, g, count);
    uint32_t fewer = count[A] < count[B] ? count[A] : count[B];
    return common * 4 < fewer * 3;
}

/* What stands behind an ellipsis at the line's end. */
static bool is_read_more(const struct detector *d, enum side s, const struct line *l,
                         const struct gap *g)
{
    return g->to[s] == l->end && sentence_has_ellipsis(stream_gap(d, l, g->from[s]));
}

/* Has side s in the gap what the other lacks, and is it more than a word: a phrase, or a
 * sentence of line l? */
static bool is_content(const struct detector *d, enum side s, const struct line *l,
                       const struct gap *g)
{
    uint32_t own = g->to[s] - g->from[s], other = g->to[!s] - g->from[!s], end, next;
    if (stream_chars(l, own) > HOLE_MAX)
        return other <= own / 2;
    if (own == 0 || other > own / 2 || is_read_more(d, s, l, g))
        return false;
    if (other == 0 && g->from[s] > l->start && has_capital_word(d, g->from[s], g->to[s]))
        return true; /* a name that was put in */
    if (stream_chars(l, own) < MIN_SENTENCE || words_in(d, g->from[s], g->to[s]) < 2)
        return false;
    return stream_chars(l, own) > WORD_MAX ||
           (stream_sentence_edge(d, l, g->from[s], &end, &next) &&
            stream_sentence_edge(d, l, g->to[s], &end, &next));
}

/* The gaps that lie in line l of side s, one at each call; *i is the first link of the line
 * before the first call. */
static bool next_gap(const struct detector *d, enum side s, const struct line *l, size_t *i,
                     struct gap *ret)
{
    for (; *i <= d->nlinks; ++*i) {
        struct gap g = gap_at(d, *i);
        if (g.from[s] >= l->end)
            return false;
        if (g.from[s] >= l->start && g.to[s] <= l->end) {
            ++*i;
            *ret = g;
            return true;
        }
    }
    return false;
}

static bool meaning_differs(const struct detector *d, enum side s, const struct line *l)
{
    struct gap g;
    for (size_t i = chain_link_behind(d, s, l->start); next_gap(d, s, l, &i, &g);)
        if (is_content(d, s, l, &g) || (!is_read_more(d, s, l, &g) && says_otherwise(d, &g)))
            return true;
    return false;
}

bool cover_has_content(const struct detector *d, enum side s, const struct line *l)
{
    struct gap g;
    for (size_t i = chain_link_behind(d, s, l->start); next_gap(d, s, l, &i, &g);)
        if (is_content(d, s, l, &g))
            return true;
    return false;
}

/* Does a line end on the other side where line l goes on and the two differ?  Then
 * one was cut there, and what follows is another line. */
static bool is_broken_on_other(const struct detector *d, enum side s, const struct line *l)
{
    for (size_t i = chain_link_behind(d, s, l->start); i + 1 < d->nlinks; i++) {
        const struct link *link = &d->links[i], *next = link + 1;
        uint32_t from = link_at(link, !s) + link->len, to = link_at(next, !s);
        if (link_at(next, s) >= l->end)
            return false;
        if (stream_line_at(d, from - 1) != stream_line_at(d, to))
            return true;
    }
    return false;
}

static bool has_own_sentence(const struct detector *d, const struct line *l,
                             const struct cover *c)
{
    return stream_is_own_sentence(d, l, l->start + c->head, c->head) ||
           stream_is_own_sentence(d, l, l->end - c->tail, c->tail);
}

/* Is half of its first or last word matched?  The other copy was cut in it. */
static bool has_half_word(const struct detector *d, const struct line *l, const struct cover *c)
{
    return (c->head > 0 && !stream_is_word_start(d, l->start + c->head)) ||
           (c->tail > 0 && !stream_is_word_start(d, l->end - c->tail));
}

bool cover_is_exact(const struct detector *d, enum side s, const struct line *l)
{
    return cover_of(d, s, l).covered == l->end - l->start;
}

/* A number is no edited word ("Price: 15" is not "Price: 19"), and among lines that
 * resemble one another in a row nothing is: they are a list of variants. */
bool cover_is_whole(const struct detector *d, enum side s, const struct line *l,
                    enum position where)
{
    struct cover c = cover_of(d, s, l);
    uint32_t len = l->end - l->start;
    if (c.covered == 0 || is_broken_on_other(d, s, l))
        return false;
    if (c.covered == len)
        return true;
    return !d->overlaps && stream_chars(l, len - c.covered) <= slack(l, where) &&
           stream_chars(l, c.hole) <= HOLE_MAX && !number_differs(d, s, l) &&
           !meaning_differs(d, s, l) &&
           !has_own_sentence(d, l, &c) && !has_half_word(d, l, &c);
}

/* --- lines that go on beyond the chain ------------------------------------------------- */

/* Does line l go on beyond the chain at pos, where it leaves rest bytes of it? */
static bool goes_beyond(const struct detector *d, const struct line *l, uint32_t pos,
                        uint32_t rest)
{
    uint32_t most = slack(l, AT_EDGE) < HOLE_MAX ? slack(l, AT_EDGE) : HOLE_MAX;
    return stream_chars(l, rest) > most || stream_is_own_sentence(d, l, pos, rest);
}

bool cover_leaves_head(const struct detector *d, enum side s, const struct line *l)
{
    uint32_t head = cover_of(d, s, l).head;
    return goes_beyond(d, l, l->start + head, head);
}

bool cover_leaves_tail(const struct detector *d, enum side s, const struct line *l)
{
    uint32_t tail = cover_of(d, s, l).tail;
    return goes_beyond(d, l, l->end - tail, tail);
}

/* --- lines that were cut --------------------------------------------------------------- */

/* Is a word of line m broken at pos?  In a script without spaces it is where nothing
 * lies between.  No number is, which may be another one, and no capital in a word,
 * which is where a programmer joined two. */
static bool breaks_word(const struct detector *d, const struct line *m, uint32_t pos)
{
    if (pos <= m->start || pos >= m->end || is_number_at(d, pos - 1) || is_number_at(d, pos))
        return false;
    if (stream_is_word_start(d, pos) && stream_gap(d, m, pos).len > 0)
        return false;
    return !is_capital(d, pos) || is_capital(d, pos - 1);
}

enum cut cover_cut_at_start(const struct detector *d, enum side s, const struct line *l,
                            const struct line *m)
{
    uint32_t head = cover_of(d, s, l).head, head_m = cover_of(d, !s, m).head;
    if (head > 0 || head_m == 0)
        return UNCUT;
    if (breaks_word(d, m, m->start + head_m))
        return CUT_IN_WORD;
    return l->weight >= LONG_LINE && is_capital(d, m->start) && !is_capital(d, l->start)
               ? CUT_IN_SENTENCE
               : UNCUT;
}

/* Does line l, of which the last tail bytes are unmatched, say by an ellipsis that it
 * was cut: where the match stops, or at its own end? */
static bool says_it_was_cut(const struct detector *d, const struct line *l, uint32_t tail)
{
    return sentence_has_ellipsis(stream_gap(d, l, l->end)) ||
           (tail > 0 && sentence_has_ellipsis(stream_gap(d, l, l->end - tail)));
}

enum cut cover_cut_at_end(const struct detector *d, enum side s, const struct line *l,
                          const struct line *m)
{
    uint32_t tail = cover_of(d, s, l).tail, tail_m = cover_of(d, !s, m).tail;
    if (says_it_was_cut(d, l, tail) && !sentence_has_ellipsis(stream_gap(d, m, m->end - tail_m)))
        return CUT_IN_WORD;
    if (tail > 0 || tail_m == 0)
        return UNCUT;
    if (breaks_word(d, m, m->end - tail_m))
        return CUT_IN_WORD;
    return l->weight >= LONG_LINE && !sentence_has_mark(stream_gap(d, l, l->end)) ? CUT_IN_SENTENCE
                                                                                  : UNCUT;
}
