/* judge_stream.c - a text as one normalised stream: its lines, words and sentences.
 *
 * Here is decided where a line may be cut: at its edges and between sentences, never
 * in a word. */
#include "judge_parts.h"

#include <stdlib.h>
#include <string.h>

#include "sentence.h"
#include "text.h"

enum {
    SHORT_TEXT = 96, /* bytes: of longer lines the end and the weight are kept */
    STEP = 1024,     /* bytes */
};

/* --- lines --------------------------------------------------------------------------- */

static bool push_mark(struct detector *d, uint32_t start, uint32_t text_start)
{
    if (!GROW(d, d->marks, d->nlines, d->marks_cap))
        return false;
    d->marks[d->nlines] = (struct mark){start, text_start};
    return true;
}

static void push_long_line(struct detector *d, uint32_t text_end, uint32_t weight)
{
    if (GROW(d, d->longs, d->nlongs, d->longs_cap))
        d->longs[d->nlongs++] = (struct long_line){(uint32_t)d->nlines, text_end, weight};
}

static void add_line(struct detector *d, struct slice text)
{
    uint32_t start = d->norm.len, at = (uint32_t)(text.p - d->text.p);
    if (!push_mark(d, start, at))
        return;
    uint64_t before = d->norm.weight;
    d->status = norm_add(&d->norm, text, at, false);
    if (d->status != WINNOW_OK || d->norm.len == start)
        return;
    if (text.len > SHORT_TEXT)
        push_long_line(d, at + (uint32_t)text.len, (uint32_t)(d->norm.weight - before));
    d->nlines++;
}

static void make_gone(struct detector *d)
{
    size_t words = d->nlines / 64 + 1;
    d->gone = calloc(2 * words, sizeof *d->gone);
    if (!d->gone)
        d->status = WINNOW_ENOMEM;
    else
        d->gone_now = d->gone + words;
}

/* For every STEP bytes of the stream the line that holds the first, and for every STEP
 * of the text the first long line that does not start before them. */
static void make_hints(struct detector *d)
{
    size_t count = d->norm.len / STEP + 2, long_count = d->text.len / STEP + 2;
    d->line_hints = malloc((count + long_count) * sizeof *d->line_hints);
    if (!d->line_hints) {
        d->status = WINNOW_ENOMEM;
        return;
    }
    d->long_hints = d->line_hints + count;
    uint32_t line = 0, next = 0;
    for (size_t i = 0; i < count; i++) {
        while (line + 1 < d->nlines && d->marks[line + 1].start <= i * STEP)
            line++;
        d->line_hints[i] = line;
    }
    for (size_t i = 0; i < long_count; i++) {
        while (next < d->nlongs && d->marks[d->longs[next].line].text_start < i * STEP)
            next++;
        d->long_hints[i] = next;
    }
}

void stream_build(struct detector *d)
{
    struct slice rest = d->text, line;
    d->status = norm_reserve(&d->norm, d->text.len);
    while (d->status == WINNOW_OK && text_next_line(&rest, &line))
        if ((line = text_trim_line(line)).len > 0)
            add_line(d, line);
    if (d->status == WINNOW_OK && push_mark(d, d->norm.len, (uint32_t)d->text.len)) {
        make_gone(d);
        make_hints(d);
    }
}

/* NULL where line i is a short one. */
static const struct long_line *find_long_line(const struct detector *d, uint32_t i)
{
    uint32_t next = d->long_hints[d->marks[i].text_start / STEP];
    while (next < d->nlongs && d->longs[next].line < i)
        next++;
    return next < d->nlongs && d->longs[next].line == i ? &d->longs[next] : NULL;
}

struct line stream_line(const struct detector *d, uint32_t i)
{
    const struct mark *m = &d->marks[i];
    struct line l = {.start = m->start, .end = m[1].start, .text_start = m->text_start};
    struct slice rest = {d->text.p + m->text_start, m[1].text_start - m->text_start}, text;
    const struct long_line *known = rest.len > SHORT_TEXT ? find_long_line(d, i) : NULL;
    if (known) {
        l.text_end = known->text_end;
        l.weight = known->weight;
        return l;
    }
    (void)text_next_line(&rest, &text);
    l.text_end = l.text_start + (uint32_t)text_trim_line(text).len;
    l.weight = norm_weight(&d->norm, l.start, l.end);
    return l;
}

uint32_t stream_line_at(const struct detector *d, uint32_t pos)
{
    uint32_t low = d->line_hints[pos / STEP], high = d->line_hints[pos / STEP + 1] + 1;
    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;
        if (d->marks[mid].start <= pos)
            low = mid;
        else
            high = mid;
    }
    return low;
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

uint32_t stream_char(const struct detector *d, uint32_t pos)
{
    size_t len;
    return text_char(d->text, norm_text_at(&d->norm, pos), &len);
}

bool stream_is_number(const struct detector *d, uint32_t pos)
{
    unsigned char c = d->norm.bytes[pos];
    return c < 0x80 ? c >= '0' && c <= '9' : text_is_number(stream_char(d, pos));
}

bool stream_is_capital(const struct detector *d, uint32_t pos)
{
    return text_is_capital(stream_char(d, pos));
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

/* What prose has no use for. */
static const bool is_symbol[256] = {
    ['{'] = true, ['}'] = true, ['<'] = true,  ['>'] = true, [';'] = true, ['='] = true,
    ['|'] = true, ['_'] = true, ['\\'] = true, ['^'] = true, ['~'] = true, ['`'] = true,
};

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
        symbols += is_symbol[(unsigned char)s.p[i]];
        spaces += s.p[i] == ' ';
    }
    bool statement = last == ';' && (spaces < STATEMENT_SPACES || symbols > 2);
    return statement || symbols * CODE_SHARE >= s.len;
}

/* --- from letter to letter ------------------------------------------------------------ */

/* A place in the stream, and where its character starts in the text.  To find the
 * second anew takes long (norm_text_at folds up to some hundred bytes); from the place
 * of a letter nearby it is a few steps, as long as what lies between is ASCII, or
 * letters that are their own fold. */
struct spot {
    uint32_t pos, at;
};

static bool is_ascii_kept(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

bool stream_ends_in_letter(const struct detector *d, uint32_t i)
{
    const char *p = d->text.p;
    uint32_t start = d->marks[i].text_start, next = d->marks[i + 1].text_start;
    return next - start >= 2 && p[next - 1] == '\n' && is_ascii_kept((unsigned char)p[next - 2]);
}

/* The bytes that the character at `at` has in the stream, where it stands there at pos;
 * 0: it is dropped; more than four: who knows. */
static uint32_t kept_len(const struct detector *d, uint32_t at, uint32_t pos)
{
    unsigned char c = (unsigned char)d->text.p[at];
    if (c < 0x80)
        return is_ascii_kept(c);
    uint32_t len = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    bool same = c >= 0xC2 && len <= d->text.len - at && len <= d->norm.len - pos &&
                memcmp(d->text.p + at, d->norm.bytes + pos, len) == 0;
    return same ? len : UINT32_MAX;
}

/* The place of pos; *p is that of a character before it, or of pos.  *ret_gap: where
 * the text before it ends that belongs to the stream. */
static bool step_to(const struct detector *d, struct spot *p, uint32_t pos, uint32_t *ret_gap)
{
    uint32_t most = d->text.len - p->at < pos - p->pos + GAP_TEXT_MAX
                        ? (uint32_t)d->text.len
                        : p->at + (pos - p->pos) + GAP_TEXT_MAX;
    uint32_t i = p->at, at = p->pos, gap = i;
    while (i < most) {
        uint32_t len = kept_len(d, i, at);
        if (len > 4)
            return false;
        if (len > 0 && at >= pos)
            break;
        i += len ? len : 1;
        at += len;
        gap = len ? i : gap;
    }
    if (i >= most || at != pos)
        return false;
    *p = (struct spot){pos, i};
    *ret_gap = gap;
    return true;
}

/* The same backwards: *p is the place of a character behind it. */
static bool step_back_to(const struct detector *d, struct spot *p, uint32_t pos)
{
    uint32_t reach = p->pos - pos + GAP_TEXT_MAX, i = p->at, at = p->pos;
    uint32_t least = i > reach ? i - reach : 0;
    while (at > pos && i > least) {
        uint32_t from = i - 1;
        while (from > least && ((unsigned char)d->text.p[from] & 0xC0) == 0x80)
            from--;
        uint32_t len = kept_len(d, from, at - (i - from < at ? i - from : at));
        if (len > at - pos || (len > 0 && len != i - from))
            return false;
        at -= len;
        i = from;
    }
    if (at != pos)
        return false;
    *p = (struct spot){pos, i};
    return true;
}

/* The offset at which the character before pos ends, by going back from `at`, before
 * which nothing but it and what is dropped stands. */
static bool step_back(const struct detector *d, uint32_t at, uint32_t pos, uint32_t *ret)
{
    uint32_t least = at > GAP_TEXT_MAX ? at - GAP_TEXT_MAX : 0;
    while (at > least && (unsigned char)d->text.p[at - 1] < 0x80 &&
           !is_ascii_kept((unsigned char)d->text.p[at - 1]))
        at--;
    if (at == least)
        return false;
    uint32_t len = 1;
    while (len < 4 && len < at && ((unsigned char)d->text.p[at - len] & 0xC0) == 0x80)
        len++;
    if (len > pos || kept_len(d, at - len, pos - len) != len)
        return false;
    *ret = at;
    return true;
}

/* --- sentences ------------------------------------------------------------------------ */

/* Where the text before pos ends, of which the character starts at `at`. */
static uint32_t gap_start(const struct detector *d, const struct line *l, uint32_t pos, uint32_t at)
{
    uint32_t start;
    if (pos <= l->start)
        return l->text_start;
    /* A character that becomes several has no gap in it: that is no letter of its own. */
    if ((pos >= l->end || kept_len(d, at, pos) <= 4) && step_back(d, at, pos, &start))
        return start;
    return stream_text_end(d, pos - 1);
}

/* Of a rule of a million dashes the first, so that nothing is read for each chain
 * anew. */
static struct slice gap_between(const struct detector *d, uint32_t start, uint32_t end)
{
    uint32_t len = end > start ? end - start : 0;
    return (struct slice){d->text.p + start, len < GAP_TEXT_MAX ? len : GAP_TEXT_MAX};
}

struct slice stream_gap(const struct detector *d, const struct line *l, uint32_t pos)
{
    uint32_t end = pos < l->end ? norm_text_at(&d->norm, pos) : l->text_end;
    return gap_between(d, gap_start(d, l, pos, end), end);
}

/* A question or a call with no space behind it: "What was discussed?Answer". */
static bool asks(struct slice gap, size_t *ret_end, size_t *ret_next)
{
    if (gap.len != 1 || (gap.p[0] != '?' && gap.p[0] != '!'))
        return false;
    *ret_end = *ret_next = gap.len;
    return true;
}

/* Does a sentence end in the gap, before the character at `at` of the text?  A mark
 * has a space behind it, or more than one byte. */
static bool ends_sentence(const struct detector *d, struct slice gap, uint32_t at,
                          uint32_t *ret_text_end, uint32_t *ret_text_next)
{
    size_t end, next, len;
    if (gap.len == 0 || (gap.len == 1 && gap.p[0] == ' '))
        return false;
    uint32_t first = text_char(d->text, at, &len);
    if (text_is_small(first) ||
        !(sentence_gap(gap, &end, &next) || (text_is_capital(first) && asks(gap, &end, &next))))
        return false;
    uint32_t start = (uint32_t)(gap.p - d->text.p);
    *ret_text_end = start + (uint32_t)end;
    *ret_text_next = start + (uint32_t)next;
    return true;
}

/* The same for the gap before pos, within line l, of which the character starts at `at`. */
static bool edge_at(const struct detector *d, const struct line *l, uint32_t pos, uint32_t at,
                    uint32_t *ret_text_end, uint32_t *ret_text_next)
{
    struct slice gap = gap_between(d, gap_start(d, l, pos, at), at);
    return ends_sentence(d, gap, at, ret_text_end, ret_text_next);
}

bool stream_sentence_edge(const struct detector *d, const struct line *l, uint32_t pos,
                          uint32_t *ret_text_end, uint32_t *ret_text_next)
{
    if (pos <= l->start) {
        *ret_text_end = *ret_text_next = l->text_start;
        return true;
    }
    if (pos >= l->end) {
        *ret_text_end = *ret_text_next = l->text_end;
        return true;
    }
    return edge_at(d, l, pos, norm_text_at(&d->norm, pos), ret_text_end, ret_text_next);
}

/* The same at a word behind *p (or, backwards, before it), which becomes its place. */
static bool word_edge(const struct detector *d, const struct line *l, struct spot *p,
                      uint32_t pos, uint32_t *ret_text_end, uint32_t *ret_text_next)
{
    uint32_t gap;
    if (pos > p->pos && step_to(d, p, pos, &gap))
        return ends_sentence(d, gap_between(d, gap, p->at), p->at, ret_text_end, ret_text_next);
    if (pos > p->pos || !step_back_to(d, p, pos))
        *p = (struct spot){pos, norm_text_at(&d->norm, pos)};
    return edge_at(d, l, pos, p->at, ret_text_end, ret_text_next);
}

bool stream_seek_start(const struct detector *d, const struct line *l, uint32_t *from,
                       uint32_t to, uint32_t *ret_text_end, uint32_t *ret_text_start)
{
    if (*from <= l->start || *from >= l->end)
        return stream_sentence_edge(d, l, *from, ret_text_end, ret_text_start);
    struct spot p = {*from, norm_text_at(&d->norm, *from)};
    if (edge_at(d, l, p.pos, p.at, ret_text_end, ret_text_start))
        return true;
    struct norm_walk words = norm_walk(&d->norm, norm_word_at(&d->norm, *from + 1));
    for (uint32_t pos; norm_walk_next(&words, &pos) && pos < to;)
        if (word_edge(d, l, &p, pos, ret_text_end, ret_text_start)) {
            *from = pos;
            return true;
        }
    return false;
}

bool stream_seek_end(const struct detector *d, const struct line *l, uint32_t from, uint32_t *to,
                     uint32_t *ret_text_next)
{
    uint32_t end, pos = *to;
    if (pos <= from || pos >= l->end)
        return pos > from && stream_sentence_edge(d, l, pos, &end, ret_text_next);
    struct spot p = {pos, norm_text_at(&d->norm, pos)};
    if (edge_at(d, l, p.pos, p.at, &end, ret_text_next))
        return true;
    while (--pos > from)
        if (stream_is_word_start(d, pos) && word_edge(d, l, &p, pos, &end, ret_text_next)) {
            *to = pos;
            return true;
        }
    return false;
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
