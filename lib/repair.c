/* repair.c - words that a content system split are joined, and rules' own repairs.
 *
 * Bitrix' filter against SQL injection puts a space into SQL words of visitors'
 * and editors' text alike: "fr om", "wh ere".  It keeps the case, and the halves
 * of a pair ("sel ect ... fr om") need not both be there.  Halves that no text
 * has as two words are joined wherever they stand; "in to" and "se t", which
 * texts do have, only behind their verb. */
#include "repair.h"

#include <string.h>

#include "err.h"
#include "pattern.h"
#include "text.h"
#include "written.h"

enum { PASSES_MAX = 8 };

/* One rule at work on the clean text as it would be written. */
struct pass {
    struct page *page;
    const struct rule_file *file;
    const struct rule *rule;
    struct written clean;
    uint32_t reason; /* made at the first change */
    bool changed;
};

/* Replaces what the page has between two places of the clean text: the first kept
 * piece of it by `with`, the others by nothing. */
static void replace(struct pass *r, const char *from, const char *to, struct slice with)
{
    struct page *p = r->page;
    uint32_t start, end, at;
    struct slice piece;
    written_between(&r->clean, (uint32_t)(from - r->clean.text.data),
                    (uint32_t)(to - r->clean.text.data), &start, &end);
    struct verdict_walk w = verdict_walk(&p->verdicts, p->text, start, end);
    char *copy = arena_copy(&p->arena, with);
    if (!copy) {
        p->status = WINNOW_ENOMEM;
        return;
    }
    if (!r->reason)
        r->reason = rules_verdict_reason(p, "repair", r->file, r->rule, "repaired");
    for (struct slice left = {copy, with.len}; verdict_next(&w, &piece, &at); left.len = 0) {
        verdict_replace(&p->verdicts, at, at + (uint32_t)piece.len, left, r->reason);
        r->changed = true;
    }
}

/* --- repair_set: bitrix --------------------------------------------------------------- */

struct split {
    const char *head, *tail; /* "fr", "om" */
    const char *after;       /* one of these words must stand before it in the block */
    const char *before;      /* one of these must follow: at once where near is set */
    bool near;
};

#define OBJECTS "table database schema view index event function procedure trigger user column"

/* What the filter splits.  Words are separated by spaces; a split word counts as
 * the whole one. */
static const struct split bitrix[] = {
    {"fr", "om", NULL, NULL, false},
    {"wh", "ere", NULL, NULL, false},
    {"sel", "ect", NULL, NULL, false},
    {"upd", "ate", NULL, NULL, false},
    {"ins", "ert", NULL, NULL, false},
    {"cre", "ate", NULL, NULL, false},
    {"val", "ue", NULL, NULL, false},
    {"lim", "it", NULL, NULL, false},
    {"ex", "ec", NULL, "(", true},
    {"load_", "file", NULL, "(", true},
    {"alt", "er", NULL, OBJECTS, true},
    {"dr", "op", NULL, OBJECTS, true},
    {"uni", "on", NULL, "select all", false},
    {"in", "to", "insert select", NULL, false},
    {"se", "t", "update", NULL, false},
};

struct word {
    uint32_t start, end;
};

/* The words of a block, one at a time: letters, digits and underscores, or one
 * other character that is no space. */
static bool next_word(struct slice text, size_t *at, struct word *ret)
{
    while (*at < text.len && text_space_len(text, *at) > 0)
        *at += text_space_len(text, *at);
    if (*at >= text.len)
        return false;
    size_t len;
    ret->start = (uint32_t)*at;
    bool word = text_is_word(text_char(text, *at, &len)) || text.p[*at] == '_';
    do {
        *at += len;
        if (*at >= text.len)
            break;
        uint32_t c = text_char(text, *at, &len);
        if (!word || !(text_is_word(c) || c == '_'))
            break;
    } while (true);
    ret->end = (uint32_t)*at;
    return true;
}

static struct slice word_text(struct slice text, struct word w)
{
    return (struct slice){text.p + w.start, w.end - w.start};
}

/* Case is kept: "Fr om", "FR OM", not "fr Om". */
static bool halves_fit(struct slice head, struct slice tail, const struct split *s)
{
    if (!text_equal_nocase(head, slice_of(s->head)) || !text_equal_nocase(tail, slice_of(s->tail)))
        return false;
    bool upper_head = head.p[head.len - 1] >= 'A' && head.p[head.len - 1] <= 'Z';
    for (size_t i = 0; i < tail.len; i++) {
        bool upper = tail.p[i] >= 'A' && tail.p[i] <= 'Z';
        if (upper != (upper_head && head.len > 1))
            return head.len == 1 && !upper;
    }
    return true;
}

static bool in_list(struct slice word, const char *list)
{
    while (*list) {
        const char *end = strchrnul(list, ' ');
        if (text_equal_nocase(word, (struct slice){list, (size_t)(end - list)}))
            return true;
        list = *end ? end + 1 : end;
    }
    return false;
}

/* Is there a word of list, whole or split by one space, in from..to of text? */
static bool has_word(struct slice text, size_t from, size_t to, const char *list)
{
    struct slice part = {text.p, to};
    struct word last = {0, 0}, w;
    char joined[32];
    while (next_word(part, &from, &w)) {
        size_t len = (last.end - last.start) + (w.end - w.start);
        if (in_list(word_text(part, w), list))
            return true;
        if (last.end > 0 && w.start == last.end + 1 && len < sizeof joined) {
            memcpy(joined, part.p + last.start, last.end - last.start);
            memcpy(joined + (last.end - last.start), part.p + w.start, w.end - w.start);
            if (in_list((struct slice){joined, len}, list))
                return true;
        }
        last = w;
    }
    return false;
}

enum { CONTEXT = 600 }; /* bytes before and after in which a split word's partner is looked for */

static bool is_inside_character(struct slice text, size_t i)
{
    return i < text.len && ((unsigned char)text.p[i] & 0xc0) == 0x80;
}

static bool context_fits(struct slice text, struct word head, struct word tail,
                         const struct split *s)
{
    size_t from = head.start > CONTEXT ? head.start - CONTEXT : 0;
    size_t at = tail.end, to = text.len - at > CONTEXT ? at + CONTEXT : text.len;
    struct word next;
    while (is_inside_character(text, from))
        from++;
    while (is_inside_character(text, to))
        to--;
    if (s->after && !has_word(text, from, head.start, s->after))
        return false;
    if (!s->before)
        return true;
    if (!s->near)
        return has_word(text, at, to, s->before);
    return next_word(text, &at, &next) && in_list(word_text(text, next), s->before);
}

static const struct split *split_at(struct slice text, struct word head, struct word tail)
{
    if (tail.start != head.end + 1 || text.p[head.end] != ' ')
        return NULL;
    for (size_t i = 0; i < sizeof bitrix / sizeof *bitrix; i++)
        if (halves_fit(word_text(text, head), word_text(text, tail), &bitrix[i]) &&
            context_fits(text, head, tail, &bitrix[i]))
            return &bitrix[i];
    return NULL;
}

/* Joins the halves in one line of the clean text. */
static void repair_bitrix(struct pass *r, struct slice line)
{
    struct word head = {0, 0}, tail;
    size_t at = 0;
    while (next_word(line, &at, &tail)) {
        if (head.end > 0 && split_at(line, head, tail)) {
            replace(r, line.p + head.end, line.p + tail.start, (struct slice){"", 0});
            tail.start = head.start;
        }
        head = tail;
    }
}

static const struct {
    const char *name;
    void (*repair)(struct pass *r, struct slice line);
} sets[] = {
    {"bitrix", repair_bitrix},
};

bool repair_set_exists(struct slice name)
{
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (slice_is(name, sets[i].name))
            return true;
    return false;
}

/* --- the rules ------------------------------------------------------------------------------ */

static void apply_set(struct pass *r)
{
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        struct slice rest = buf_slice(&r->clean.text), line;
        while (slice_is(r->rule->value, sets[s].name) && text_next_line(&rest, &line))
            sets[s].repair(r, line);
    }
}

/* repair(/pattern/): replacement, within each line. */
static enum pattern_result apply_pattern(struct pass *r, struct search *search,
                                         struct slice line)
{
    size_t at = 0, start, end;
    struct buf with;
    enum pattern_result found;
    buf_init(&with, r->page->limits.max_bytes);
    while ((found = search_replace(search, line, at, r->rule->value, &start, &end, &with)) ==
           PATTERN_FOUND) {
        if (!slice_eq(buf_slice(&with), (struct slice){line.p + start, end - start}))
            replace(r, line.p + start, line.p + end, buf_slice(&with));
        with.len = 0;
        at = end > start ? end : end + 1;
        while (is_inside_character(line, at))
            at++;
    }
    buf_free(&with);
    return found;
}

static void apply_patterns(struct pass *r)
{
    struct slice rest = buf_slice(&r->clean.text), line;
    struct budget budget = {0};
    struct search *search = search_open(r->rule->from, &budget);
    enum pattern_result found = PATTERN_NONE;
    if (!search)
        r->page->status = WINNOW_ENOMEM;
    while (search && found != PATTERN_STOPPED && text_next_line(&rest, &line))
        found = apply_pattern(r, search, line);
    if (found == PATTERN_STOPPED)
        rules_note_stopped(r->page, r->file, r->rule);
    search_close(search);
}

/* One rule of file f on the clean text as it stands; true where it changed something. */
static bool run_pass(struct page *p, size_t f, const struct rule *rule,
                     struct section_answers *answers)
{
    struct pass r = {.page = p, .file = p->rules.files[f], .rule = rule};
    if (written_make(p, true, &r.clean) != WINNOW_OK)
        p->status = WINNOW_ENOMEM;
    else if (rules_section_applies(p, answers, f, rule->section, buf_slice(&r.clean.text)))
        rule->directive->id == DIRECTIVE_REPAIR_SET ? apply_set(&r) : apply_patterns(&r);
    written_free(&r.clean);
    if (verdict_settle(&p->verdicts) != WINNOW_OK)
        p->status = WINNOW_ENOMEM;
    return r.changed && p->status == WINNOW_OK;
}

/* A set is applied until nothing changes, as the filter was; a pattern once. */
static void apply_rule(struct page *p, size_t f, const struct rule *rule,
                       struct section_answers *answers)
{
    int passes = rule->directive->id == DIRECTIVE_REPAIR_SET ? PASSES_MAX : 1;
    while (passes > 0 && run_pass(p, f, rule, answers))
        passes--;
}

int repair_run(struct page *p, struct winnow_error *err)
{
    struct section_answers answers = {0};
    for (size_t f = 0; f < p->rules.count; f++)
        for (size_t i = 0; i < p->rules.files[f]->count; i++) {
            const struct rule *rule = &p->rules.files[f]->rules[i];
            enum directive_id id = rule->directive->id;
            if (rule->usable && (id == DIRECTIVE_REPAIR || id == DIRECTIVE_REPAIR_SET))
                apply_rule(p, f, rule, &answers);
        }
    rules_sections_free(p, &answers);
    return p->status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}
