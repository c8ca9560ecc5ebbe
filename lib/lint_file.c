/* lint_file.c - checks that need all lines of a file, or its name. */
#include <stdlib.h>
#include <string.h>

#include "lint.h"
#include "text.h"

/* Of lines that are compared each with each: a file has tens, and one that is made to
 * hurt may have a hundred thousand. */
enum { COMPARED_MOST = 300, FIND_MOST = 2000 /* bytes */, NAME_MOST = 255 };

/* The usable line of a directive that counts, the first; NULL: none. */
static const struct rule *first_of(const struct rule_file *file, enum directive_id id)
{
    for (size_t i = 0; i < file->count; i++)
        if (file->rules[i].directive->id == id && file->rules[i].usable)
            return &file->rules[i];
    return NULL;
}

void lint_bad_range(struct lint *l)
{
    const struct rule *from = first_of(l->file, DIRECTIVE_VALID_FROM);
    const struct rule *until = first_of(l->file, DIRECTIVE_VALID_UNTIL);
    if (from && until && memcmp(from->value.p, until->value.p, 10) > 0)
        lint_report(l, until->line, until->column,
                    "the file is valid until %.10s and from %.10s (line %u): never; swap them",
                    until->value.p, from->value.p, from->line);
}

/* --- the same line twice ------------------------------------------------------------------ */

/* What may rightly stand twice: it counts by its place. */
static bool may_repeat(const struct rule *rule)
{
    static const enum directive_id ids[] = {
        DIRECTIVE_TEST_IN, DIRECTIVE_TEST_OUT, DIRECTIVE_TEST_URL, DIRECTIVE_TEST_FILE,
        DIRECTIVE_TEST_CONTAINS, DIRECTIVE_TEST_NOT_CONTAINS, DIRECTIVE_FIND_STRING,
        DIRECTIVE_REPLACE_STRING, DIRECTIVE_REPAIR, DIRECTIVE_IF_PAGE_CONTAINS,
        DIRECTIVE_SINGLE_PAGE_LINK, DIRECTIVE_NEXT_PAGE_LINK, DIRECTIVE_WRAP_IN,
        DIRECTIVE_MOVE_INTO,
    };
    static const enum directive_id one_by_one[] = {
        /* Readers that remove at once find other nodes the second time. */
        DIRECTIVE_STRIP, DIRECTIVE_STRIP_ATTR, DIRECTIVE_POST_STRIP_ATTR, DIRECTIVE_DISSOLVE,
    };
    enum directive_id id = rule->directive->id;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (ids[i] == id)
            return true;
    for (size_t i = 0; i < sizeof one_by_one / sizeof *one_by_one; i++)
        if (one_by_one[i] == id)
            return xpath_may_move(rule->value);
    return false;
}

static int compare_slices(struct slice a, struct slice b)
{
    int d = memcmp(a.p ? a.p : "", b.p ? b.p : "", a.len < b.len ? a.len : b.len);
    return d ? d : (a.len > b.len) - (a.len < b.len);
}

static int compare_lines(const struct rule *a, const struct rule *b)
{
    if (a->directive->id != b->directive->id)
        return a->directive->id < b->directive->id ? -1 : 1;
    if (a->section != b->section)
        return a->section < b->section ? -1 : 1;
    if (a->has_arg != b->has_arg)
        return a->has_arg ? 1 : -1;
    int d = compare_slices(a->arg, b->arg);
    return d ? d : compare_slices(a->value, b->value);
}

static int by_line(const void *a, const void *b)
{
    const struct rule *x = *(const struct rule *const *)a, *y = *(const struct rule *const *)b;
    int d = compare_lines(x, y);
    return d ? d : (x->line > y->line) - (x->line < y->line);
}

void lint_duplicates(struct lint *l)
{
    size_t count = l->file->count;
    const struct rule **rules = malloc((count + 1) * sizeof *rules);
    if (!rules) {
        l->status = WINNOW_ENOMEM;
        return;
    }
    for (size_t i = 0; i < count; i++)
        rules[i] = &l->file->rules[i];
    qsort(rules, count, sizeof *rules, by_line);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (compare_lines(rules[first], rules[i]) != 0)
            first = i;
        else if (!may_repeat(rules[i]))
            lint_report(l, rules[i]->line, rules[i]->column,
                        "the same as line %u; leave one of them out", rules[first]->line);
    }
    free(rules);
}

/* --- lines that another makes useless ----------------------------------------------------- */

/* Why b can do nothing, as a stands above it; NULL: it can. */
typedef const char *shadow_fn(const struct rule *a, const struct rule *b);

static const char *body_shadows(const struct rule *a, const struct rule *b)
{
    return xpath_covers(a->value, b->value)
               ? "never reached: where this finds text, the body of line %u has found some"
               : NULL;
}

static const char *value_shadows(const struct rule *a, const struct rule *b)
{
    (void)b;
    return xpath_is_constant(a->value) ? "never reached: line %u is a fixed text, which always wins"
                                       : NULL;
}

static const char *strip_shadows(const struct rule *a, const struct rule *b)
{
    return !xpath_may_move(a->value) && xpath_covers(a->value, b->value)
               ? "nothing is left for this: line %u has removed all of it"
               : NULL;
}

static bool is_yes(struct slice s)
{
    return memchr("yYtT1", s.p[0], 5) != NULL;
}

static const char *scalar_shadows(const struct rule *a, const struct rule *b)
{
    bool same = a->directive->value == VALUE_BOOL
                    ? is_yes(a->value) == is_yes(b->value)
                    : text_equal_nocase(a->value, b->value);
    return same ? NULL : "line %u says otherwise; keep the one that is meant";
}

static const struct {
    enum directive_id id;
    shadow_fn *shadows;
} shadows[] = {
    {DIRECTIVE_BODY, body_shadows},
    {DIRECTIVE_TITLE, value_shadows},
    {DIRECTIVE_AUTHOR, value_shadows},
    {DIRECTIVE_DATE, value_shadows},
    {DIRECTIVE_STRIP, strip_shadows},
    {DIRECTIVE_PRUNE, scalar_shadows},
    {DIRECTIVE_TIDY, scalar_shadows},
    {DIRECTIVE_PARSER, scalar_shadows},
    {DIRECTIVE_AUTODETECT_ON_FAILURE, scalar_shadows},
    {DIRECTIVE_AUTODETECT_NEXT_PAGE, scalar_shadows},
    {DIRECTIVE_SKIP_JSON_LD, scalar_shadows},
    {DIRECTIVE_CONVERT_DOUBLE_BR_TAGS, scalar_shadows},
    {DIRECTIVE_INSERT_DETECTED_IMAGE, scalar_shadows},
    {DIRECTIVE_REQUIRES_LOGIN, scalar_shadows},
    {DIRECTIVE_PRIORITY, scalar_shadows},
    {DIRECTIVE_MAX_DROP, scalar_shadows},
    {DIRECTIVE_VALID_FROM, scalar_shadows},
    {DIRECTIVE_VALID_UNTIL, scalar_shadows},
};

/* The first COMPARED_MOST lines of a directive that compiled. */
static size_t gather(const struct rule_file *file, enum directive_id id, const struct rule **ret)
{
    size_t n = 0;
    for (size_t i = 0; i < file->count && n < COMPARED_MOST; i++)
        if (file->rules[i].directive->id == id && file->rules[i].usable)
            ret[n++] = &file->rules[i];
    return n;
}

static void look_for_shadow(struct lint *l, const struct rule **rules, size_t i, shadow_fn *shadow)
{
    for (size_t k = 0; k < i; k++) {
        if (compare_lines(rules[k], rules[i]) == 0)
            continue; /* a duplicate, which is another kind */
        const char *why = shadow(rules[k], rules[i]);
        if (!why)
            continue;
        const char *number = strstr(why, "%u");
        lint_report(l, rules[i]->line, rules[i]->column, "%.*s%u%s", (int)(number - why), why,
                    rules[k]->line, number + 2);
        return;
    }
}

/* --- replacements ------------------------------------------------------------------------- */

struct pair {
    struct slice find, with;
    const struct rule *rule; /* the replace_string */
};

static size_t gather_pairs(const struct rule_file *file, struct pair *ret)
{
    struct slice find = {"", 0};
    size_t n = 0;
    for (size_t i = 0; i < file->count && n < COMPARED_MOST; i++) {
        const struct rule *rule = &file->rules[i];
        if (rule->directive->id == DIRECTIVE_FIND_STRING) {
            find = rule->value;
        } else if (rule->directive->id == DIRECTIVE_REPLACE_STRING && rule->has_arg) {
            ret[n++] = (struct pair){rule->arg, rule->value, rule};
        } else if (rule->directive->id == DIRECTIVE_REPLACE_STRING && find.len > 0) {
            ret[n++] = (struct pair){find, rule->value, rule};
            find.len = 0;
        }
    }
    return n;
}

static bool holds(struct slice hay, struct slice needle)
{
    return needle.len <= hay.len && memmem(hay.p, hay.len, needle.p, needle.len);
}

/* May text come to stand there, wholly or in part, where `with` is put in? */
static bool may_form(struct slice text, struct slice with)
{
    if (with.len == 0 || text.len > FIND_MOST || with.len > FIND_MOST)
        return true; /* with nothing put in, neighbours meet */
    if (holds(text, with) || holds(with, text))
        return true;
    for (size_t n = 1; n < text.len && n < with.len; n++)
        if (memcmp(text.p, with.p + with.len - n, n) == 0 ||
            memcmp(text.p + text.len - n, with.p, n) == 0)
            return true;
    return false;
}

/* The pair above i after which the text that i looks for is never there; NULL: none. */
static const struct pair *emptied_by(const struct pair *pairs, size_t i)
{
    for (size_t a = 0; a < i; a++) {
        if (pairs[a].find.len == 0 || !holds(pairs[i].find, pairs[a].find))
            continue;
        size_t k = a;
        while (k < i && !may_form(pairs[a].find, pairs[k].with))
            k++;
        if (k == i)
            return &pairs[a];
    }
    return NULL;
}

static void shadowed_pairs(struct lint *l)
{
    struct pair pairs[COMPARED_MOST];
    size_t n = gather_pairs(l->file, pairs);
    for (size_t i = 0; i < n; i++) {
        const struct pair *by = emptied_by(pairs, i);
        if (by)
            lint_report(l, pairs[i].rule->line, 1,
                        "what this replaces holds what line %u has replaced everywhere; it does "
                        "nothing", by->rule->line);
    }
}

void lint_shadowed(struct lint *l)
{
    const struct rule *rules[COMPARED_MOST];
    for (size_t s = 0; s < sizeof shadows / sizeof *shadows; s++) {
        size_t n = gather(l->file, shadows[s].id, rules);
        for (size_t i = 1; i < n; i++)
            look_for_shadow(l, rules, i, shadows[s].shadows);
    }
    shadowed_pairs(l);
}

/* --- dead --------------------------------------------------------------------------------- */

void lint_dead_pairs(struct lint *l)
{
    struct pair pairs[COMPARED_MOST];
    size_t n = gather_pairs(l->file, pairs);
    for (size_t i = 0; i < n; i++)
        if (pairs[i].find.len == 0)
            lint_report(l, pairs[i].rule->line, 1,
                        "no text is named that could be replaced; it does nothing");
        else if (slice_eq(pairs[i].find, pairs[i].with))
            lint_report(l, pairs[i].rule->line, 1, "replaces a text by itself; it does nothing");
}

/* Is there a match_* line in the section, and does one of them compile? */
static void count_matches(const struct rule_file *file, unsigned *all, unsigned *usable)
{
    for (size_t i = 0; i < file->count; i++) {
        const struct rule *rule = &file->rules[i];
        if (!(rule->directive->flags & DIRECTIVE_MATCH) || rule->section == SECTION_NONE)
            continue;
        all[rule->section]++;
        usable[rule->section] += rule->usable;
    }
}

void lint_dead_sections(struct lint *l)
{
    unsigned all[SECTIONS_MOST] = {0}, usable[SECTIONS_MOST] = {0};
    count_matches(l->file, all, usable);
    for (size_t i = 0; i < l->file->count; i++) {
        const struct rule *rule = &l->file->rules[i];
        int s = rule->section;
        if (s != SECTION_NONE && !(rule->directive->flags & DIRECTIVE_MATCH) && all[s] > 0 &&
            usable[s] == 0)
            lint_report(l, rule->line, rule->column,
                        "no match_* line of its section compiles, so it is never applied");
    }
}

/* --- the file's name ---------------------------------------------------------------------- */

static bool speaks_for_itself(const struct rule_file *file)
{
    for (size_t i = 0; i < file->count; i++)
        if (file->rules[i].directive->flags & DIRECTIVE_MATCH &&
            file->rules[i].section == SECTION_NONE)
            return true;
    return false;
}

/* Why no host has this name; NULL: one may. */
static const char *wrong_name(const char *stem)
{
    size_t len = strlen(stem);
    if (strncmp(stem, "fingerprint.", 12) == 0)
        return "only readers that know pages by fingerprints find this file; add a match_html line";
    if (strncmp(stem, "www.", 4) == 0 && strchr(stem + 4, '.'))
        return "\"www.\" is dropped from hosts before their files are looked for; leave it out";
    for (const char *c = stem; *c; c++) {
        if (*c >= 'A' && *c <= 'Z')
            return "hosts are looked up in lower case; write the name so, or add a match_* line";
        bool host = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '.' ||
                    *c == '-' || (unsigned char)*c >= 128;
        if (!host)
            return "a host holds only letters, digits, dots and hyphens, so none has this name; "
                   "add a match_* line";
    }
    const char *inner = stem[0] == '.' ? stem + 1 : stem;
    if (!strchr(inner, '.'))
        return "a host has a dot within, so none has this name; add a match_* line";
    if (strstr(stem, "..") || stem[len - 1] == '.')
        return "a host has no two dots together and none at its end; correct the name";
    return NULL;
}

/* The file's name without ".txt" into stem[NAME_MOST + 1]; false where it has another
 * ending: such files are never read from a folder. */
static bool stem_of(const char *path, char *stem)
{
    const char *slash = strrchr(path, '/');
    struct slice name = slice_of(slash ? slash + 1 : path);
    if (name.len <= 4 || name.len > NAME_MOST || memcmp(name.p + name.len - 4, ".txt", 4) != 0)
        return false;
    memcpy(stem, name.p, name.len - 4);
    stem[name.len - 4] = '\0';
    return true;
}

void lint_file_name(struct lint *l)
{
    char stem[NAME_MOST + 1];
    if (!stem_of(l->file->path, stem) || speaks_for_itself(l->file) || strcmp(stem, "global") == 0)
        return;
    const char *why = wrong_name(stem);
    if (why)
        lint_report(l, 0, 0, "%s", why);
}

/* --- tests -------------------------------------------------------------------------------- */

void lint_idle_tests(struct lint *l)
{
    bool page = false;
    for (size_t i = 0; i < l->file->count; i++) {
        const struct rule *rule = &l->file->rules[i];
        enum directive_id id = rule->directive->id;
        page |= id == DIRECTIVE_TEST_IN || id == DIRECTIVE_TEST_FILE || id == DIRECTIVE_TEST_URL;
        if (!page && (id == DIRECTIVE_TEST_CONTAINS || id == DIRECTIVE_TEST_NOT_CONTAINS))
            lint_report(l, rule->line, 1,
                        "no test_in, test_file or test_url stands above it; it tests nothing");
    }
}
