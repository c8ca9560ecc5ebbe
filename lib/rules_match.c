/* rules_match.c - which rule files speak for a page, and in which order.
 *
 *  1. host.txt            the file named after the page's host
 *  2. .parent.txt         the host with one label off, never the bare domain
 *  3. what matches        files with a match_* line that holds, as they were added
 *  4. global.txt
 * Within a step the folders count in the order in which they were added.  Any one
 * match_* line is enough; a section's lines speak for that section alone. */
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "lines.h"
#include "page.h"
#include "pattern.h"
#include "rules.h"
#include "text.h"
#include "cleaner.h"

static bool set_has(const struct rule_set *set, const struct rule_file *file)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->files[i] == file)
            return true;
    return false;
}

static void note_problems(struct page *p, const struct rule_file *file)
{
    for (size_t i = 0; i < file->nproblems; i++)
        page_note(p, "%s", file->problems[i]);
}

static int add_file(struct page *p, struct rule_file *file, struct winnow_error *err)
{
    struct rule_set *set = &p->rules;
    if (set_has(set, file))
        return WINNOW_OK;
    int status = rule_file_compile(file, NULL, NULL, err);
    if (status != WINNOW_OK)
        return status;
    const struct rule_file **files =
        array_grow(set->files, &set->cap, set->count + 1, sizeof *files);
    if (!files)
        return err_nomem(err);
    set->files = files;
    set->files[set->count++] = file;
    note_problems(p, file);
    return WINNOW_OK;
}

/* --- one match_* line ---------------------------------------------------------------- */

static bool in_folders(const struct page *p, const struct rule *rule)
{
    char folder[256];
    if (!p->in->name)
        return false;
    for (const char *at = p->in->name, *slash; (slash = strchr(at, '/')); at = slash + 1) {
        size_t len = (size_t)(slash - at);
        if (len == 0 || len >= sizeof folder)
            continue;
        memcpy(folder, at, len);
        folder[len] = '\0';
        if (pattern_matches_name(rule->pattern, folder) == PATTERN_FOUND)
            return true;
    }
    return false;
}

static bool name_matches(const struct rule *rule, const char *name)
{
    return name && pattern_matches_name(rule->pattern, name) == PATTERN_FOUND;
}

static bool found_in(struct page *p, const struct rule_file *file, const struct rule *rule,
                     struct slice text)
{
    struct budget budget = {0};
    size_t start, end;
    struct search *s = search_open(rule->pattern, &budget);
    if (!s) {
        p->status = WINNOW_ENOMEM;
        return false;
    }
    enum pattern_result found = search_find(s, text, 0, &start, &end);
    search_close(s);
    if (found == PATTERN_STOPPED)
        rules_note_stopped(p, file, rule);
    return found == PATTERN_FOUND;
}

static const char *file_name(const struct page *p)
{
    const char *slash = p->in->name ? strrchr(p->in->name, '/') : NULL;
    return slash ? slash + 1 : p->in->name;
}

/* Does one line hold?  view is the text of the lines, NULL before there are any. */
static bool line_holds(struct page *p, const struct rule_file *file, const struct rule *rule,
                       const struct slice *view)
{
    if (!rule->usable)
        return false;
    switch (rule->directive->id) {
    case DIRECTIVE_MATCH_HOST:
        return name_matches(rule, p->host);
    case DIRECTIVE_MATCH_URL:
        return name_matches(rule, p->url);
    case DIRECTIVE_MATCH_FILE:
        return name_matches(rule, file_name(p));
    case DIRECTIVE_MATCH_GENERATOR:
        return name_matches(rule, p->generator);
    case DIRECTIVE_MATCH_DIR:
        return in_folders(p, rule);
    case DIRECTIVE_MATCH_HTML:
        return p->kind == WINNOW_KIND_HTML && found_in(p, file, rule, p->utf8);
    case DIRECTIVE_MATCH_TEXT:
        return view && found_in(p, file, rule, *view);
    default:
        return false;
    }
}

/* Does any match_* line of a section (SECTION_NONE: of the file itself) hold?
 * *any says whether there is one at all. */
static bool matches(struct page *p, const struct rule_file *file, int section,
                    const struct slice *view, bool *any)
{
    *any = false;
    for (size_t i = 0; i < file->count; i++) {
        const struct rule *rule = &file->rules[i];
        if (!(rule->directive->flags & DIRECTIVE_MATCH) || rule->section != section)
            continue;
        *any = true;
        if (line_holds(p, file, rule, view))
            return true;
    }
    return false;
}

static int add_matching(struct page *p, const struct slice *view, struct winnow_error *err)
{
    const struct rules *rules = &p->winnow->rules;
    for (size_t i = 0; i < rules->count; i++) {
        struct rule_file *file = rules->files[i];
        bool any;
        if (!file->has_match || set_has(&p->rules, file))
            continue;
        int status = rule_file_compile(file, NULL, NULL, err);
        if (status != WINNOW_OK)
            return status;
        if (matches(p, file, SECTION_NONE, view, &any))
            status = add_file(p, file, err);
        if (status != WINNOW_OK)
            return status;
    }
    return WINNOW_OK;
}

static int add_named(struct page *p, const char *stem, struct winnow_error *err)
{
    const struct rules *rules = &p->winnow->rules;
    for (size_t i = 0; i < rules->count; i++)
        if (strcmp(rules->files[i]->stem, stem) == 0) {
            int status = add_file(p, rules->files[i], err);
            if (status != WINNOW_OK)
                return status;
        }
    return WINNOW_OK;
}

static int add_by_host(struct page *p, struct winnow_error *err)
{
    if (!p->host)
        return WINNOW_OK;
    int status = add_named(p, p->host, err);
    const char *parent = strchr(p->host, '.');
    if (status == WINNOW_OK && parent && strchr(parent + 1, '.'))
        status = add_named(p, parent, err);
    return status;
}

int rules_match_source(struct page *p, struct winnow_error *err)
{
    if (p->winnow->only) /* a rule file under test speaks for every page */
        return add_file(p, p->winnow->only, err);
    int status = add_by_host(p, err);
    return status == WINNOW_OK ? add_matching(p, NULL, err) : status;
}

static int note_files(struct page *p, struct winnow_error *err)
{
    for (size_t i = 0; i < p->rules.count; i++)
        page_meta(p, "rules", slice_of(p->rules.files[i]->name), NULL);
    return p->status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}

int rules_match_text(struct page *p, struct winnow_error *err)
{
    struct lines lines;
    int status = WINNOW_OK;
    if (!p->winnow->only) {
        if (lines_make(p, &lines) != WINNOW_OK) {
            lines_free(&lines);
            return err_nomem(err);
        }
        struct slice view = buf_slice(&lines.text);
        status = add_matching(p, &view, err);
        lines_free(&lines);
        if (status == WINNOW_OK)
            status = add_named(p, "global", err);
    }
    return status == WINNOW_OK ? note_files(p, err) : status;
}

/* --- sections -------------------------------------------------------------------------- */

/* The place of a section's answer; NULL: no memory. */
static signed char *answer_of(struct page *p, struct section_answers *answers, size_t f,
                              int section)
{
    if (!answers->files)
        answers->files = calloc(p->rules.count, sizeof *answers->files);
    if (answers->files && !answers->files[f])
        answers->files[f] = calloc(p->rules.files[f]->nsections, 1);
    if (answers->files && answers->files[f])
        return &answers->files[f][section];
    p->status = WINNOW_ENOMEM;
    return NULL;
}

bool rules_section_applies(struct page *p, struct section_answers *answers, size_t f, int section,
                           struct slice view)
{
    bool any;
    if (section == SECTION_NONE)
        return true;
    signed char *answer = answer_of(p, answers, f, section);
    if (!answer)
        return false;
    if (*answer == 0)
        *answer = matches(p, p->rules.files[f], section, &view, &any) || !any ? 1 : -1;
    return *answer > 0;
}

void rules_sections_free(const struct page *p, struct section_answers *answers)
{
    for (size_t f = 0; answers->files && f < p->rules.count; f++)
        free(answers->files[f]);
    free(answers->files);
    answers->files = NULL;
}

/* --- what is said of a rule ------------------------------------------------------------- */

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
    return verdict_reason(&p->verdicts, (struct reason){.stage = stage,
                                                        .text = rules_reason(p, file, rule, what)});
}
