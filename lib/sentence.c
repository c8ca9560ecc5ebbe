/* sentence.c - where sentences end, by their marks, in any script.
 *
 * No word lists and no language: what stands between two letters decides. */
#include "sentence.h"

#include "text.h"

struct mark {
    const char *text;
    bool spaced; /* ends a sentence only with a space behind it */
};

static const struct mark sentence_marks[] = {
    {".", true},  {"!", true},  {"?", true},  {"…", true},  {"؟", true},
    {"۔", true},  {"।", true},  {"։", true},  {"።", true},  {"⋯", true},
    {"。", false}, {"！", false}, {"？", false}, {"．", false}, {"｡", false},
};

static const char *const closers[] = {
    "\"", "'", ")", "]", "}", "”", "’", "»", "›", "」", "』", "）", "】", "》", "〉", "“",
};

static const struct mark *mark_at(struct slice s, size_t i)
{
    for (size_t m = 0; m < sizeof sentence_marks / sizeof *sentence_marks; m++) {
        size_t len = strlen(sentence_marks[m].text);
        if (s.len - i >= len && memcmp(s.p + i, sentence_marks[m].text, len) == 0)
            return &sentence_marks[m];
    }
    return NULL;
}

static size_t closer_len(struct slice s, size_t i)
{
    for (size_t c = 0; c < sizeof closers / sizeof *closers; c++) {
        size_t len = strlen(closers[c]);
        if (s.len - i >= len && memcmp(s.p + i, closers[c], len) == 0)
            return len;
    }
    return 0;
}

bool sentence_has_mark(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (mark_at(s, i))
            return true;
    return false;
}

bool sentence_has_ellipsis(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        struct slice rest = {s.p + i, s.len - i};
        bool dots = rest.len >= 2 && memcmp(rest.p, "..", 2) == 0;
        bool one = rest.len >= 3 && (memcmp(rest.p, "…", 3) == 0 || memcmp(rest.p, "⋯", 3) == 0);
        if (dots || one)
            return true;
    }
    return false;
}

bool sentence_gap(struct slice s, size_t *ret_end, size_t *ret_next)
{
    const struct mark *mark = NULL, *next;
    size_t i = 0, n;
    while (i < s.len && !(mark = mark_at(s, i)))
        i++;
    if (!mark)
        return false;
    while (i < s.len && ((next = mark_at(s, i)) || (n = closer_len(s, i)) > 0)) {
        mark = next ? next : mark;
        i += next ? strlen(next->text) : n;
    }
    size_t end = i;
    while (i < s.len && (n = text_space_len(s, i)) > 0)
        i += n;
    if (i == end && mark->spaced)
        return false;
    *ret_end = end;
    *ret_next = i;
    return true;
}
