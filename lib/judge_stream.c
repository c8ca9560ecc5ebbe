/* judge_stream.c - a text as one normalised stream: its lines, words and sentences.
 *
 * Here is decided where a line may be cut: at its edges and between sentences, never
 * in a word. */
#include "judge_parts.h"

#include <string.h>

#include "sentence.h"
#include "text.h"

/* --- lines --------------------------------------------------------------------------- */

static void add_line(struct detector *d, struct slice text)
{
    uint32_t start = d->norm.len, at = (uint32_t)(text.p - d->text.p);
    if (!GROW(d, d->lines, d->nlines, d->lines_cap))
        return;
    uint64_t before = d->norm.weight;
    d->status = norm_add(&d->norm, text, at, false);
    if (d->status != WINNOW_OK || d->norm.len == start)
        return;
    uint32_t weight = (uint32_t)(d->norm.weight - before);
    d->lines[d->nlines++] = (struct line){.start = start,
                                          .end = d->norm.len,
                                          .text_start = at,
                                          .text_end = at + (uint32_t)text.len,
                                          .weight = weight};
}

void stream_build(struct detector *d)
{
    struct slice rest = d->text, line;
    d->status = norm_reserve(&d->norm, d->text.len);
    while (d->status == WINNOW_OK && text_next_line(&rest, &line))
        if ((line = text_trim_line(line)).len > 0)
            add_line(d, line);
}

uint32_t stream_line_at(const struct detector *d, uint32_t pos)
{
    size_t low = 0, high = d->nlines;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (d->lines[mid].start <= pos)
            low = mid;
        else
            high = mid;
    }
    return (uint32_t)low;
}

/* --- characters and words ------------------------------------------------------------ */

/* Looks at no more than it must: a character has at most four bytes, and what has
 * more is marks on marks. */
bool stream_weighs(const struct detector *d, uint32_t from, uint32_t to, uint32_t least)
{
    return to - from >= 8 * least || norm_weight(&d->norm, from, to) >= least;
}

uint32_t stream_chars(const struct line *l, uint32_t bytes)
{
    return (uint32_t)((uint64_t)bytes * l->weight / (l->end - l->start));
}

bool stream_is_word_start(const struct detector *d, uint32_t pos)
{
    return norm_starts_word(&d->norm, pos);
}

uint32_t stream_text_end(const struct detector *d, uint32_t pos)
{
    uint32_t at = norm_text_at(&d->norm, pos);
    do
        at++;
    while (at < d->text.len && ((unsigned char)d->text.p[at] & 0xC0) == 0x80);
    return at;
}

/* --- rows and code ------------------------------------------------------------------- */

/* Indented, ending like a statement, or full of symbols that prose has no use for: by
 * the text alone, for clean text has no elements. */
bool stream_is_rigid(const struct detector *d, const struct line *l)
{
    struct slice s = {d->text.p + l->text_start, l->text_end - l->text_start};
    size_t symbols = 0, spaces = 0;
    char last = s.p[s.len - 1];
    if (s.p[0] == '\t' || (s.len > 1 && s.p[0] == ' ' && s.p[1] == ' ') ||
        memchr(s.p, '\t', s.len) || last == '{' || last == '}')
        return true;
    for (size_t i = 0; i < s.len; i++) {
        symbols += s.p[i] && strchr("{}<>;=|\\_^~`", s.p[i]) != NULL;
        spaces += s.p[i] == ' ';
    }
    bool statement = last == ';' && (spaces < STATEMENT_SPACES || symbols > 2);
    return statement || symbols * CODE_SHARE >= s.len;
}

/* --- sentences ------------------------------------------------------------------------ */

/* Of a rule of a million dashes the first, so that nothing is read for each chain
 * anew. */
struct slice stream_gap(const struct detector *d, const struct line *l, uint32_t pos)
{
    uint32_t start = pos > l->start ? stream_text_end(d, pos - 1) : l->text_start;
    uint32_t end = pos < l->end ? norm_text_at(&d->norm, pos) : l->text_end;
    uint32_t len = end > start ? end - start : 0;
    return (struct slice){d->text.p + start, len < GAP_TEXT_MAX ? len : GAP_TEXT_MAX};
}

/* A question or a call with no space behind it: "What was discussed?Answer". */
static bool asks(struct slice gap, size_t *ret_end, size_t *ret_next)
{
    if (gap.len != 1 || (gap.p[0] != '?' && gap.p[0] != '!'))
        return false;
    *ret_end = *ret_next = gap.len;
    return true;
}

bool stream_sentence_edge(const struct detector *d, const struct line *l, uint32_t pos,
                          uint32_t *ret_text_end, uint32_t *ret_text_next)
{
    size_t end, next;
    if (pos <= l->start) {
        *ret_text_end = *ret_text_next = l->text_start;
        return true;
    }
    if (pos >= l->end) {
        *ret_text_end = *ret_text_next = l->text_end;
        return true;
    }
    struct slice gap = stream_gap(d, l, pos);
    char first = d->text.p[norm_text_at(&d->norm, pos)];
    bool small = first >= 'a' && first <= 'z', capital = first >= 'A' && first <= 'Z';
    if (small || !(sentence_gap(gap, &end, &next) || (capital && asks(gap, &end, &next))))
        return false;
    uint32_t start = (uint32_t)(gap.p - d->text.p);
    *ret_text_end = start + (uint32_t)end;
    *ret_text_next = start + (uint32_t)next;
    return true;
}

/* Not the "Read more" behind an ellipsis. */
bool stream_is_own_sentence(const struct detector *d, const struct line *l, uint32_t pos,
                            uint32_t bytes)
{
    uint32_t end, next;
    return stream_chars(l, bytes) >= MIN_SENTENCE &&
           stream_sentence_edge(d, l, pos, &end, &next) &&
           !sentence_has_ellipsis(stream_gap(d, l, pos));
}
