/* judge_cover.c - how much of a line the chain covers: is it whole, or was it cut?
 *
 * A line is whole where it is matched from end to end but for an edited word.  It was
 * cut where it stops, or starts, and its counterpart goes on. */
#include "judge_parts.h"

#include "sentence.h"

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
           stream_chars(l, c.hole) <= HOLE_MAX && !gaps_differ(d, s, l) &&
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
    if (pos <= m->start || pos >= m->end || stream_is_number(d, pos - 1) ||
        stream_is_number(d, pos))
        return false;
    if (stream_is_word_start(d, pos) && stream_gap(d, m, pos).len > 0)
        return false;
    return !stream_is_capital(d, pos) || stream_is_capital(d, pos - 1);
}

enum cut cover_cut_at_start(const struct detector *d, enum side s, const struct line *l,
                            const struct line *m)
{
    uint32_t head = cover_of(d, s, l).head, head_m = cover_of(d, !s, m).head;
    if (head > 0 || head_m == 0)
        return UNCUT;
    if (breaks_word(d, m, m->start + head_m))
        return CUT_IN_WORD;
    return l->weight >= LONG_LINE && stream_is_capital(d, m->start) &&
                   !stream_is_capital(d, l->start)
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
