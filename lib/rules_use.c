/* rules_use.c - what each rule did to a page: its matches, its reasons, its share.
 *
 * Rules rot: a site changes its layout, and a line that named the article finds
 * nothing, or names everything.  What is counted here lets people see it. */
#include <stdlib.h>
#include <time.h>

#include "arena.h"
#include "page.h"
#include "rules.h"

/* The place of a rule's count; NULL where memory ends. */
static uint32_t *count_of(struct page *p, const struct rule_file *file, const struct rule *rule)
{
    size_t f = 0;
    while (f < p->rules.count && p->rules.files[f] != file)
        f++;
    if (f == p->rules.count)
        return NULL;
    struct match *match = &p->rules.matches[f];
    if (!match->counts)
        match->counts = calloc(file->count, sizeof *match->counts);
    if (!match->counts) {
        p->status = WINNOW_ENOMEM;
        return NULL;
    }
    return &match->counts[rule - file->rules];
}

void rules_count(struct page *p, const struct rule_file *file, const struct rule *rule, size_t n)
{
    uint32_t *count = count_of(p, file, rule);
    if (!count || *count == COUNT_STOPPED)
        return;
    uint32_t had = *count > 0 ? *count - 1 : 0;
    *count = n < UINT32_MAX / 2 - had ? had + (uint32_t)n + 1 : UINT32_MAX / 2;
}

/* --- time ------------------------------------------------------------------------------- */

/* A rule has a second of its own (pattern.h, xpath.h).  Many of them, each below that,
 * are bounded here; what a page of a hostile file gets of its rules then depends on the
 * machine, and the note tells. */
static const uint64_t RULES_NS = UINT64_C(5) * 1000 * 1000 * 1000;

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void rules_clock_start(struct page *p)
{
    p->rules_since_ns = cpu_ns() - p->rules_ns;
}

void rules_clock_stop(struct page *p)
{
    p->rules_ns = cpu_ns() - p->rules_since_ns;
}

bool rules_have_time(struct page *p, const struct rule_file *file, const struct rule *rule)
{
    if (!p->rules_late && cpu_ns() - p->rules_since_ns < RULES_NS)
        return true;
    if (!p->rules_late)
        page_note(p, "%s:%u: the rules before it took all the time that a page's rules have; "
                     "it and those after it are not tried: use fewer, or simpler ones",
                  file->name, rule->line);
    p->rules_late = true;
    return false;
}

void rules_note_stopped(struct page *p, const struct rule_file *file, const struct rule *rule)
{
    uint32_t *count = count_of(p, file, rule);
    if (count)
        *count = COUNT_STOPPED;
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

enum body_state rules_body_state(const struct page *p, size_t f)
{
    const struct rule_file *file = p->rules.files[f];
    const uint32_t *counts = p->rules.matches[f].counts;
    if (p->body_file == file)
        return BODY_MATCHED;
    for (size_t i = 0; counts && i < file->count; i++)
        if (file->rules[i].directive->id == DIRECTIVE_BODY && counts[i] > 0)
            return BODY_MISSED;
    return BODY_UNTRIED;
}

/* --- a rule file's share of a page ------------------------------------------------------ */

unsigned rules_max_drop(const struct page *p, const struct rule_file *file)
{
    if (file->max_drop != MAX_DROP_UNSAID)
        return file->max_drop;
    for (size_t f = 0; f < p->rules.count; f++)
        if (p->rules.files[f]->max_drop != MAX_DROP_UNSAID)
            return p->rules.files[f]->max_drop;
    return MAX_DROP_DEFAULT;
}

/* What each file took, into its match. */
static void measure(struct page *p)
{
    for (size_t i = 0; i < p->verdicts.count; i++) {
        const struct span *s = &p->verdicts.spans[i];
        const struct rule_file *file = p->verdicts.reasons[s->reason].file;
        if (s->verdict != WINNOW_REMOVED || !file)
            continue;
        for (size_t f = 0; f < p->rules.count; f++)
            if (p->rules.files[f] == file)
                p->rules.matches[f].took += page_shown(p, s->start, s->end);
    }
}

void rules_measure(struct page *p)
{
    measure(p);
    for (size_t f = 0; f < p->rules.count; f++) {
        const struct rule_file *file = p->rules.files[f];
        uint64_t took = p->rules.matches[f].took;
        unsigned most = rules_max_drop(p, file);
        if (p->shown == 0 || took * 100 <= p->shown * most)
            continue;
        page_note(p, "%s takes %.1f%% of this page, more than its max_drop of %u%%: is it out of "
                     "date?  winnow rules show tells what each line matched",
                  file->name, 100.0 * (double)took / (double)p->shown, most);
        p->suspect = true;
    }
}
