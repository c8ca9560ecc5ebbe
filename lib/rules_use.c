/* rules_use.c - what each rule did to a page: its matches, its reasons, its share.
 *
 * Rules rot: a site changes its layout, and a line that named the article finds
 * nothing, or names everything.  What is counted here lets people see it. */
#include <stdlib.h>

#include "arena.h"
#include "page.h"
#include "rules.h"

void rules_count(struct page *p, const struct rule_file *file, const struct rule *rule, size_t n)
{
    size_t f = 0;
    while (f < p->rules.count && p->rules.files[f] != file)
        f++;
    if (f == p->rules.count)
        return;
    struct match *match = &p->rules.matches[f];
    if (!match->counts)
        match->counts = calloc(file->count, sizeof *match->counts);
    if (!match->counts) {
        p->status = WINNOW_ENOMEM;
        return;
    }
    uint32_t *count = &match->counts[rule - file->rules];
    uint32_t had = *count > 0 ? *count - 1 : 0;
    *count = n < UINT32_MAX / 2 - had ? had + (uint32_t)n + 1 : UINT32_MAX / 2;
}

void rules_note_stopped(struct page *p, const struct rule_file *file, const struct rule *rule)
{
    page_note(p, "%s:%u: the pattern takes too long on this page and was stopped; simplify it",
              file->name, rule->line);
}

const char *rules_reason(struct page *p, const struct rule_file *file, const struct rule *rule,
                         const char *what)
{
    return arena_printf(&p->arena, "%s by %s:%u (%s)", what, file->name, rule->line,
                        rule->directive->name);
}

uint32_t rules_verdict_reason(struct page *p, const char *stage, const struct rule_file *file,
                              const struct rule *rule, const char *what)
{
    return verdict_reason(&p->verdicts,
                          (struct reason){.stage = stage,
                                          .text = rules_reason(p, file, rule, what),
                                          .file = file});
}

/* --- a rule file's share of a page ------------------------------------------------------ */

/* Bytes of span s that blocks show; *b is the first block that may reach into it. */
static uint64_t shown_in(const struct page *p, const struct span *s, size_t *b)
{
    uint64_t ret = 0;
    while (*b < p->nblocks && p->blocks[*b].end <= s->start)
        (*b)++;
    for (size_t i = *b; i < p->nblocks && p->blocks[i].start < s->end; i++) {
        const struct block *at = &p->blocks[i];
        if (at->kind == BLOCK_UNSHOWN)
            continue;
        uint32_t from = at->start > s->start ? at->start : s->start;
        uint32_t to = at->end < s->end ? at->end : s->end;
        ret += to > from ? to - from : 0;
    }
    return ret;
}

static uint64_t shown_of_page(const struct page *p)
{
    uint64_t ret = 0;
    for (size_t i = 0; i < p->nblocks; i++)
        if (p->blocks[i].kind != BLOCK_UNSHOWN)
            ret += p->blocks[i].end - p->blocks[i].start;
    return ret;
}

/* What each file took, into its match. */
static void measure(struct page *p)
{
    size_t b = 0;
    for (size_t i = 0; i < p->verdicts.count; i++) {
        const struct span *s = &p->verdicts.spans[i];
        const struct rule_file *file = p->verdicts.reasons[s->reason].file;
        if (s->verdict != WINNOW_REMOVED || !file)
            continue;
        uint64_t shown = shown_in(p, s, &b);
        for (size_t f = 0; f < p->rules.count; f++)
            if (p->rules.files[f] == file)
                p->rules.matches[f].took += shown;
    }
}

void rules_measure(struct page *p)
{
    uint64_t all = shown_of_page(p);
    measure(p);
    p->shown = all;
    for (size_t f = 0; f < p->rules.count; f++) {
        const struct rule_file *file = p->rules.files[f];
        uint64_t took = p->rules.matches[f].took;
        if (all == 0 || took * 100 <= all * file->max_drop)
            continue;
        page_note(p, "%s takes %u%% of this page, more than its max_drop of %u%%: is it out of "
                     "date?  winnow rules show tells what each line matched",
                  file->name, (unsigned)(took * 100 / all), file->max_drop);
        p->suspect = true;
    }
}
