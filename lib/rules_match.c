/* rules_match.c - which rule files speak for a page, and in which order.
 *
 *  1. host.txt            the file named after the page's host
 *  2. .parent.txt         the host with one label off, never the bare domain
 *  3. what matches        files with a match_* line that holds
 *  4. global.txt
 * Within a step files of a higher priority come first, then the folders in the order
 * in which they were added.  Any one match_* line is enough; a section's lines speak
 * for that section alone. */
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "cleaner.h"
#include "err.h"
#include "lines.h"
#include "literal.h"
#include "page.h"
#include "pattern.h"
#include "rules.h"
#include "text.h"

/* The text of a page's lines, as match_text sees it. */
struct view {
    struct slice text;
    bool gated;    /* the text was scanned for what the lines need ... */
    uint64_t seen; /* ... and these strings of the gate stand in it */
};

static bool set_has(const struct rule_set *set, const struct rule_file *file)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->files[i] == file)
            return true;
    return false;
}

enum { PROBLEMS_NOTED = 3 }; /* of a file, on each page */

static void note_problems(struct page *p, const struct rule_file *file)
{
    size_t i = 0;
    for (; i < file->nproblems && i < PROBLEMS_NOTED; i++)
        page_note(p, "%s", file->problems[i]);
    if (i < file->nproblems)
        page_note(p, "%s: %zu more lines are not applied; winnow rules lint %s tells why",
                  file->name, file->nproblems - i, file->path);
}

/* Makes room for one more file at place i. */
static int open_place(struct rule_set *set, size_t i)
{
    const struct rule_file **files =
        array_grow(set->files, &set->cap, set->count + 1, sizeof *files);
    if (!files)
        return WINNOW_ENOMEM;
    set->files = files;
    struct match *matches =
        array_grow(set->matches, &set->matches_cap, set->count + 1, sizeof *matches);
    if (!matches)
        return WINNOW_ENOMEM;
    set->matches = matches;
    memmove(files + i + 1, files + i, (set->count - i) * sizeof *files);
    memmove(matches + i + 1, matches + i, (set->count - i) * sizeof *matches);
    set->count++;
    return WINNOW_OK;
}

/* Where the dates of a file are known and the page's own is too, that decides: a
 * layout ends, and what was printed in it stays. */
static bool is_valid_for(const struct page *p, const struct rule_file *file)
{
    if (!p->day[0])
        return true;
    return (!file->valid_from.p || memcmp(p->day, file->valid_from.p, 10) >= 0) &&
           (!file->valid_until.p || memcmp(p->day, file->valid_until.p, 10) <= 0);
}

static int add_file(struct page *p, struct rule_file *file, struct match match,
                    struct winnow_error *err)
{
    struct rule_set *set = &p->rules;
    size_t at = set->count;
    int status = rule_file_compile(file, NULL, NULL, err);
    if (status != WINNOW_OK || set_has(set, file) || !is_valid_for(p, file))
        return status;
    while (at > 0 && (set->matches[at - 1].step > match.step ||
                      (set->matches[at - 1].step == match.step &&
                       set->files[at - 1]->priority < file->priority)))
        at--;
    if (open_place(set, at) != WINNOW_OK)
        return err_nomem(err);
    set->files[at] = file;
    set->matches[at] = match;
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
    if (!rules_have_time(p, file, rule))
        return false;
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

/* Could the text hold what the line's pattern needs? */
static bool may_hold(const struct rule *rule, const struct view *view)
{
    return !view->gated || rule->gate == 0 || (rule->gate & view->seen);
}

/* Does one line hold?  view is NULL before there are lines. */
static bool line_holds(struct page *p, const struct rule_file *file, const struct rule *rule,
                       const struct view *view)
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
        return view && may_hold(rule, view) && found_in(p, file, rule, view->text);
    default:
        return false;
    }
}

/* The first match_* line of a section (SECTION_NONE: of the file itself) that holds,
 * or NULL.  *any says whether there is one at all. */
static const struct rule *find_match(struct page *p, const struct rule_file *file, int section,
                                     const struct view *view, bool *any)
{
    *any = false;
    for (size_t i = 0; i < file->count; i++) {
        const struct rule *rule = &file->rules[i];
        if (!(rule->directive->flags & DIRECTIVE_MATCH) || rule->section != section)
            continue;
        *any = true;
        if (view && view->gated && rule->directive->id != DIRECTIVE_MATCH_TEXT)
            continue; /* asked before the page was parsed */
        if (line_holds(p, file, rule, view))
            return rule;
    }
    return NULL;
}

/* A file of the set, compiled. */
static int open_file(struct page *p, size_t number, struct rule_file **ret,
                     struct winnow_error *err)
{
    struct rule_file *file;
    int status = rules_file(p->all_rules, number, &file, err);
    if (status == WINNOW_OK)
        status = rule_file_compile(file, NULL, NULL, err);
    if (status == WINNOW_OK)
        *ret = file;
    return status;
}

static int add_matching(struct page *p, const struct view *view, struct winnow_error *err)
{
    struct rule_file *file;
    int status = WINNOW_OK;
    bool any;
    for (size_t i = 0, n; (n = rules_matcher(p->all_rules, i)) != RULES_NONE; i++) {
        status = open_file(p, n, &file, err);
        if (status != WINNOW_OK)
            break;
        if (set_has(&p->rules, file))
            continue;
        const struct rule *line = find_match(p, file, SECTION_NONE, view, &any);
        if (line)
            status = add_file(p, file, (struct match){.step = MATCH_LINE, .line = line}, err);
        if (status != WINNOW_OK)
            break;
    }
    return status;
}

static int add_named(struct page *p, const char *stem, enum match_step step,
                     struct winnow_error *err)
{
    int status = WINNOW_OK;
    struct rule_file *file;
    for (size_t n = rules_named(p->all_rules, slice_of(stem));
         n != RULES_NONE && status == WINNOW_OK; n = rules_named_next(p->all_rules, n)) {
        status = open_file(p, n, &file, err);
        if (status == WINNOW_OK)
            status = add_file(p, file, (struct match){.step = step}, err);
    }
    return status;
}

static int add_by_host(struct page *p, struct winnow_error *err)
{
    if (!p->host)
        return WINNOW_OK;
    int status = add_named(p, p->host, MATCH_HOST, err);
    const char *parent = strchr(p->host, '.');
    if (status == WINNOW_OK && parent && strchr(parent + 1, '.'))
        status = add_named(p, parent, MATCH_PARENT, err);
    return status;
}

int rules_match_source(struct page *p, struct winnow_error *err)
{
    if (p->winnow->only) /* a rule file under test speaks for every page */
        return add_file(p, p->winnow->only, (struct match){.step = MATCH_TEST}, err);
    int status = add_by_host(p, err);
    if (status == WINNOW_OK)
        status = add_matching(p, NULL, err);
    return status == WINNOW_OK ? add_named(p, "global", MATCH_GLOBAL, err) : status;
}

static int note_files(struct page *p, struct winnow_error *err)
{
    for (size_t i = 0; i < p->rules.count; i++)
        page_meta(p, "rules", slice_of(p->rules.files[i]->name), NULL);
    return p->status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}

int rules_match_text(struct page *p, const struct lines *lines, struct winnow_error *err)
{
    struct view view = {.text = buf_slice(&lines->text), .gated = true};
    const struct literal_gate *gate;
    int status = WINNOW_OK;
    if (!p->winnow->only) {
        status = rules_gate(p->all_rules, &gate, err);
        if (status == WINNOW_OK) {
            view.seen = literal_gate_scan(gate, view.text);
            status = add_matching(p, &view, err);
        }
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
    const struct view lines = {.text = view};
    if (section == SECTION_NONE)
        return true;
    signed char *answer = answer_of(p, answers, f, section);
    if (!answer)
        return false;
    if (*answer == 0)
        *answer = find_match(p, p->rules.files[f], section, &lines, &any) || !any ? 1 : -1;
    return *answer > 0;
}

void rules_sections_free(const struct page *p, struct section_answers *answers)
{
    for (size_t f = 0; answers->files && f < p->rules.count; f++)
        free(answers->files[f]);
    free(answers->files);
    answers->files = NULL;
}

/* --- scalars ------------------------------------------------------------------------------ */

bool rules_flag(const struct page *p, enum directive_id id, bool otherwise)
{
    for (size_t f = 0; f < p->rules.count; f++)
        for (size_t i = 0; i < p->rules.files[f]->count; i++) {
            const struct rule *rule = &p->rules.files[f]->rules[i];
            if (rule->directive->id == id && rule->usable)
                return text_equal_nocase(rule->value, slice_of("yes")) ||
                       text_equal_nocase(rule->value, slice_of("true")) ||
                       slice_is(rule->value, "1");
        }
    return otherwise;
}
