/* rules_lines.c - rules on the lines of a page: dropped, cut, tickers, kept.
 *
 * Every rule sees all lines, whatever the others drop, so their order says only
 * whose reason is noted.  keep_line beats them all. */
#include <stdlib.h>

#include "arena.h"
#include "err.h"
#include "lines.h"
#include "page.h"
#include "pattern.h"
#include "rules.h"

/* One rule at work on a page. */
struct line_pass {
    struct page *p;
    const struct lines *lines;
    const struct rule_file *file;
    const struct rule *rule;
    struct budget budget;
    struct search *value, *from; /* of the rule's patterns; from is NULL where there is none */
    uint32_t reason; /* made when the first line is taken */
    bool keep;       /* the lines taken are protected, not removed */
    size_t taken;    /* lines */
    bool stopped;    /* a search took too long */
};

static void take_lines(struct line_pass *t, size_t first, size_t last)
{
    struct page *p = t->p;
    if (first < last && t->reason == 0)
        t->reason = rules_verdict_reason(p, "rules", t->file, t->rule,
                                         t->keep ? "kept" : "removed");
    t->taken += first < last ? last - first : 0;
    for (size_t i = first; i < last; i++) {
        const struct block *b = &p->blocks[t->lines->items[i].block];
        if (t->keep)
            verdict_protect(&p->verdicts, b->start, b->end, t->reason);
        else
            verdict_remove(&p->verdicts, b->start, b->end, t->reason);
    }
}

/* The next match of a search from byte *at of the view on, and the lines that it
 * touches; *at moves behind it.  A rule whose pattern takes too long takes nothing. */
static bool next_match(struct line_pass *t, struct search *search, size_t *at, size_t *first,
                       size_t *last)
{
    size_t start, end;
    struct slice view = buf_slice(&t->lines->text);
    enum pattern_result found = search_find(search, view, *at, &start, &end);
    t->stopped |= found == PATTERN_STOPPED;
    if (found != PATTERN_FOUND)
        return false;
    lines_range(t->lines, start, end, first, last);
    *at = end > start ? end : end + 1;
    while (*at < view.len && ((unsigned char)view.p[*at] & 0xc0) == 0x80)
        (*at)++; /* never into the middle of a character */
    return true;
}

static void drop_line(struct line_pass *t)
{
    size_t at = 0, first, last;
    while (next_match(t, t->value, &at, &first, &last)) {
        take_lines(t, first, last);
        if (last > first && t->lines->items[last - 1].end > at)
            at = t->lines->items[last - 1].end; /* one match a line is enough */
    }
}

/* A block of a dump: the lines around a match up to the next blank ones. */
static void drop_block(struct line_pass *t)
{
    size_t at = 0, first, last;
    while (next_match(t, t->value, &at, &first, &last)) {
        if (first == last)
            continue;
        while (first > 0 && !lines_gap_before(t->lines, first))
            first--;
        while (last < t->lines->count && !lines_gap_before(t->lines, last))
            last++;
        take_lines(t, first, last);
        if (t->lines->items[last - 1].end > at)
            at = t->lines->items[last - 1].end;
    }
}

/* From a match of the argument to the next match of the value, both included; an
 * opening without its closing drops nothing. */
static void drop_between(struct line_pass *t)
{
    size_t at = 0, first, last, close_first, close_last;
    while (next_match(t, t->from, &at, &first, &last)) {
        if (!next_match(t, t->value, &at, &close_first, &close_last))
            return;
        take_lines(t, first, close_last);
    }
}

static void cut_before(struct line_pass *t)
{
    size_t at = 0, first, last;
    if (next_match(t, t->value, &at, &first, &last))
        take_lines(t, 0, t->rule->keep ? first : last);
}

static void cut_after(struct line_pass *t)
{
    size_t at = 0, first, last;
    if (next_match(t, t->value, &at, &first, &last))
        take_lines(t, t->rule->keep ? last : first, t->lines->count);
}

/* Head is the first half of the page's lines, tail the second. */
static bool in_zone(const struct line_pass *t, size_t first, size_t last)
{
    if (t->rule->zone == ZONE_HEAD)
        return last <= t->lines->count / 2 + 1;
    return t->rule->zone == ZONE_ANY || first >= t->lines->count / 2;
}

/* A ticker is a run of lines that all match: one line of its form is no ticker. */
static void ticker(struct line_pass *t)
{
    size_t at = 0, first = 0, last = 0, run = 0, run_end = 0;
    bool found;
    do {
        found = next_match(t, t->value, &at, &first, &last);
        if (found && run_end > run && first <= run_end) {
            run_end = last > run_end ? last : run_end;
            continue;
        }
        if (run_end - run >= t->rule->min_run && in_zone(t, run, run_end))
            take_lines(t, run, run_end);
        run = first;
        run_end = last;
    } while (found);
}

static void keep_line(struct line_pass *t)
{
    t->keep = true;
    drop_line(t);
}

static const struct step {
    enum directive_id id;
    void (*apply)(struct line_pass *t);
} steps[] = {
    {DIRECTIVE_KEEP_LINE, keep_line},       {DIRECTIVE_DROP_LINE, drop_line},
    {DIRECTIVE_DROP_BLOCK, drop_block},     {DIRECTIVE_DROP_BETWEEN, drop_between},
    {DIRECTIVE_CUT_BEFORE, cut_before},     {DIRECTIVE_CUT_AFTER, cut_after},
    {DIRECTIVE_TICKER, ticker},
};

static const struct step *step_of(const struct rule *rule)
{
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
        if (steps[s].id == rule->directive->id)
            return &steps[s];
    return NULL;
}

static void run_step(struct line_pass *t, const struct step *step)
{
    t->value = search_open(t->rule->pattern, &t->budget);
    t->from = t->rule->from ? search_open(t->rule->from, &t->budget) : NULL;
    size_t marks = t->p->verdicts.nmarks;
    if (t->value && (t->from || !t->rule->from))
        step->apply(t);
    else
        t->p->status = WINNOW_ENOMEM;
    if (t->stopped) { /* how far it came is the machine's chance */
        verdict_forget(&t->p->verdicts, marks);
        rules_note_stopped(t->p, t->file, t->rule);
    } else {
        rules_count(t->p, t->file, t->rule, t->taken);
    }
    search_close(t->value);
    search_close(t->from);
}

static void apply_file(struct page *p, const struct lines *lines, size_t f,
                       struct section_answers *answers)
{
    const struct rule_file *file = p->rules.files[f];
    for (size_t i = 0; i < file->count; i++) {
        const struct rule *rule = &file->rules[i];
        const struct step *step = rule->usable ? step_of(rule) : NULL;
        struct line_pass t = {.p = p, .lines = lines, .file = file, .rule = rule};
        if (step && rules_have_time(p, file, rule) &&
            rules_section_applies(p, answers, f, rule->section, buf_slice(&lines->text)))
            run_step(&t, step);
    }
}

bool rules_has_lines(const struct page *p)
{
    for (size_t f = 0; f < p->rules.count; f++)
        for (size_t i = 0; i < p->rules.files[f]->count; i++)
            if (p->rules.files[f]->rules[i].directive->flags & DIRECTIVE_LINES)
                return true;
    return false;
}

int rules_apply_lines(struct page *p, const struct lines *lines, struct winnow_error *err)
{
    struct section_answers answers = {0};
    for (size_t f = 0; f < p->rules.count; f++)
        apply_file(p, lines, f, &answers);
    rules_sections_free(p, &answers);
    int status = verdict_settle(&p->verdicts);
    return status == WINNOW_OK && p->status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}
