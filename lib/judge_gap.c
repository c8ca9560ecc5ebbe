/* judge_gap.c - what stands in the gaps of a line that a chain covers: an edit, or
 * something else than the other side says?
 *
 * No language is known.  Another number, another name and another word in the place of
 * one are something else; so is a phrase or a sentence that only one side has.  A word
 * that was dropped, added or misspelt is an edit. */
#include "judge_parts.h"

#include "sentence.h"
#include "text.h"

/* --- numbers and names ------------------------------------------------------------------ */

static bool has_number(const struct detector *d, uint32_t from, uint32_t to)
{
    while (from < to && !stream_is_number(d, from))
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

/* Does the word that holds pos start with a capital? */
static bool is_capital_word(const struct detector *d, uint32_t pos)
{
    uint32_t word = norm_word_at(&d->norm, pos + 1);
    uint32_t at = word > 0 ? norm_word(&d->norm, word - 1) : pos;
    return stream_is_capital(d, at);
}

/* Does a whole word in from..to start with one? */
static bool has_capital_word(const struct detector *d, uint32_t from, uint32_t to)
{
    for (uint32_t word = norm_word_at(&d->norm, from); word + 1 < d->norm.nwords; word++) {
        if (norm_word(&d->norm, word + 1) > to)
            return false;
        if (stream_is_capital(d, norm_word(&d->norm, word)))
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

/* How many characters the sides of the gap have in common, in any order; of each side at
 * most ALIKE_MAX are looked at. */
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

bool gaps_differ(const struct detector *d, enum side s, const struct line *l)
{
    return number_differs(d, s, l) || meaning_differs(d, s, l);
}

bool gaps_have_content(const struct detector *d, enum side s, const struct line *l)
{
    struct gap g;
    for (size_t i = chain_link_behind(d, s, l->start); next_gap(d, s, l, &i, &g);)
        if (is_content(d, s, l, &g))
            return true;
    return false;
}
