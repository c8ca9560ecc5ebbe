/* health.c - rule files over many pages: which lines stopped matching, which take all.
 *
 * A line that used to match and then matches nothing on page after page is rot where
 * chance explains it badly.  Of h hits in t pages before nobody knows the share that the
 * line hits, only how likely each share is (Bayes, with all shares alike at first); over
 * all of them, m misses in a row have the chance of the product of
 * (t - h + i) / (t + 1 + i) for i from 1 to m.  Where that is below the line's part of
 * CHANCE (many lines are asked, and some run of theirs is always long), and after at least
 * RUN_LEAST pages, the run is reported with the page where it began.  The body lines of a file
 * count together, as one of them is enough. */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "hash.h"
#include "page_public.h"
#include "rules.h"

static const double CHANCE = 0.01;       /* that a report where nothing is wrong names any line */
static const double NEARLY_ALL = 0.99;   /* share of a page */

enum {
    RUN_LEAST = 5,    /* misses */
    GREEDY_LEAST = 3, /* pages of which nearly all is taken */
    FILES_MOST = 100000,
    LINES_MOST = 1000000, /* over all files */
};

/* Something that matches pages or does not. */
struct series {
    size_t hits, tries; /* before the run of misses that lasts */
    size_t misses;      /* in a row, up to now */
    char *since;        /* the page of the first of them */
};

struct line_health {
    unsigned line;
    struct series series;
};

struct file_health {
    char *name;
    size_t pages, with_body;
    bool has_body;
    double took, shown; /* bytes */
    struct series body;
    size_t greedy;      /* pages in a row of which it took too much */
    char *greedy_since;
    double least; /* share taken of the pages of that run, at least */
    struct line_health *lines; /* by line */
    size_t count, cap;
};

struct winnow_health {
    struct file_health *files;
    size_t count, cap;
    size_t lines;
    size_t *slots; /* hash of names: index + 1; 0: free */
    size_t nslots;
};

int winnow_health_new(struct winnow_health **ret, struct winnow_error *err)
{
    struct winnow_health *h = calloc(1, sizeof *h);
    if (!h)
        return err_nomem(err);
    *ret = h;
    return WINNOW_OK;
}

static void file_free(struct file_health *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->lines[i].series.since);
    free(f->lines);
    free(f->body.since);
    free(f->greedy_since);
    free(f->name);
}

void winnow_health_free(struct winnow_health *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->count; i++)
        file_free(&h->files[i]);
    free(h->files);
    free(h->slots);
    free(h);
}

/* --- looking up --------------------------------------------------------------------------- */

static size_t *slot_of(const struct winnow_health *h, struct slice name)
{
    size_t i = (size_t)hash_bytes(name) & (h->nslots - 1);
    while (h->slots[i] && !slice_is(name, h->files[h->slots[i] - 1].name))
        i = (i + 1) & (h->nslots - 1);
    return &h->slots[i];
}

static int grow_slots(struct winnow_health *h)
{
    if (2 * (h->count + 1) <= h->nslots)
        return WINNOW_OK;
    size_t n = h->nslots ? 2 * h->nslots : 64;
    size_t *slots = calloc(n, sizeof *slots);
    if (!slots)
        return WINNOW_ENOMEM;
    free(h->slots);
    h->slots = slots;
    h->nslots = n;
    for (size_t i = 0; i < h->count; i++)
        *slot_of(h, slice_of(h->files[i].name)) = i + 1;
    return WINNOW_OK;
}

/* NULL: no memory, or more files than anybody has. */
static struct file_health *file_of(struct winnow_health *h, const char *name)
{
    if (grow_slots(h) != WINNOW_OK)
        return NULL;
    size_t *slot = slot_of(h, slice_of(name));
    if (*slot)
        return &h->files[*slot - 1];
    struct file_health *files =
        h->count < FILES_MOST ? array_grow(h->files, &h->cap, h->count + 1, sizeof *files) : NULL;
    if (!files)
        return NULL;
    h->files = files;
    files[h->count] = (struct file_health){.name = strdup(name)};
    if (!files[h->count].name)
        return NULL;
    *slot = ++h->count;
    return &files[h->count - 1];
}

static struct line_health *line_of(struct winnow_health *h, struct file_health *f, unsigned line)
{
    size_t low = 0, high = f->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (f->lines[mid].line < line)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < f->count && f->lines[low].line == line)
        return &f->lines[low];
    struct line_health *lines =
        h->lines < LINES_MOST ? array_grow(f->lines, &f->cap, f->count + 1, sizeof *lines) : NULL;
    if (!lines)
        return NULL;
    f->lines = lines;
    memmove(lines + low + 1, lines + low, (f->count - low) * sizeof *lines);
    lines[low] = (struct line_health){.line = line};
    f->count++;
    h->lines++;
    return &lines[low];
}

/* --- one page ----------------------------------------------------------------------------- */

static int series_add(struct series *s, bool hit, const char *page)
{
    if (hit) {
        s->tries += s->misses + 1;
        s->hits++;
        s->misses = 0;
        return WINNOW_OK;
    }
    if (s->misses++ > 0)
        return WINNOW_OK;
    free(s->since);
    s->since = strdup(page);
    return s->since ? WINNOW_OK : WINNOW_ENOMEM;
}

static int add_line(struct winnow_health *h, struct file_health *f, unsigned line, bool hit,
                    const char *page)
{
    struct line_health *l = line_of(h, f, line);
    return l ? series_add(&l->series, hit, page) : WINNOW_ENOMEM;
}

/* What a file did to a page as a whole. */
static int add_share(struct file_health *f, double took, double shown, double max_drop,
                     const char *page)
{
    double share = shown > 0 ? took / shown : 0;
    f->pages++;
    f->took += took;
    f->shown += shown;
    if (share < NEARLY_ALL && share <= max_drop) {
        f->greedy = 0;
        return WINNOW_OK;
    }
    f->least = f->greedy == 0 || share < f->least ? share : f->least;
    if (f->greedy++ > 0)
        return WINNOW_OK;
    free(f->greedy_since);
    f->greedy_since = strdup(page);
    return f->greedy_since ? WINNOW_OK : WINNOW_ENOMEM;
}

static int add_body(struct file_health *f, enum body_state body, const char *page)
{
    if (body == BODY_UNTRIED)
        return WINNOW_OK;
    f->has_body = true;
    f->with_body += body == BODY_MATCHED;
    return series_add(&f->body, body == BODY_MATCHED, page);
}

/* Every line but those of the body, which count together. */
static int add_lines(struct winnow_health *h, struct file_health *f, const struct rule_file *file,
                     const uint32_t *counts, const char *page)
{
    int status = WINNOW_OK;
    for (size_t i = 0; counts && i < file->count && status == WINNOW_OK; i++)
        if (counts[i] > 0 && counts[i] != COUNT_STOPPED &&
            file->rules[i].directive->id != DIRECTIVE_BODY)
            status = add_line(h, f, file->rules[i].line, counts[i] > 1, page);
    return status;
}

int winnow_health_add(struct winnow_health *h, const struct winnow_page *page, const char *name,
                      struct winnow_error *err)
{
    const struct page *p = &page->page;
    int status = WINNOW_OK;
    for (size_t i = 0; i < p->rules.count && status == WINNOW_OK; i++) {
        const struct rule_file *file = p->rules.files[i];
        const struct match *match = &p->rules.matches[i];
        struct file_health *f = file_of(h, file->path);
        if (!f)
            return err_nomem(err);
        status = add_lines(h, f, file, match->counts, name);
        if (status == WINNOW_OK)
            status = add_body(f, rules_body_state(p, i), name);
        if (status == WINNOW_OK)
            status = add_share(f, (double)match->took, (double)p->shown, rules_max_drop(p, file) / 100.0, name);
    }
    return status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}

/* --- a record ----------------------------------------------------------------------------- */

static int add_record_lines(struct winnow_health *h, struct file_health *f, const json_t *rules,
                            const char *page)
{
    const char *line;
    json_t *value, *matched = json_object_get(rules, "matched");
    size_t i;
    int status = WINNOW_OK;
    json_object_foreach(matched, line, value)
    {
        unsigned long n = strtoul(line, NULL, 10);
        if (status == WINNOW_OK && n > 0 && n <= UINT32_MAX)
            status = add_line(h, f, (unsigned)n, true, page);
    }
    json_array_foreach(json_object_get(rules, "idle"), i, value)
    {
        json_int_t n = json_integer_value(value);
        if (status == WINNOW_OK && n > 0 && n <= UINT32_MAX)
            status = add_line(h, f, (unsigned)n, false, page);
    }
    return status;
}

static int add_record_file(struct winnow_health *h, const json_t *rules, double shown,
                           const char *page)
{
    const char *name = json_string_value(json_object_get(rules, "path"));
    const json_t *body = json_object_get(rules, "body");
    const json_t *max_drop = json_object_get(rules, "max_drop");
    struct file_health *f = name ? file_of(h, name) : NULL;
    if (!name)
        return WINNOW_OK;
    if (!f)
        return WINNOW_ENOMEM;
    int status = add_record_lines(h, f, rules, page);
    if (status == WINNOW_OK)
        status = add_body(f, !json_is_boolean(body)  ? BODY_UNTRIED
                             : json_is_true(body)    ? BODY_MATCHED
                                                     : BODY_MISSED, page);
    if (status == WINNOW_OK)
        status = add_share(f, (double)json_integer_value(json_object_get(rules, "took")), shown,
                           json_is_integer(max_drop)
                               ? (double)json_integer_value(max_drop) / 100.0 : 1, page);
    return status;
}

int winnow_health_add_record(struct winnow_health *h, const char *record, size_t len,
                             const char *name, struct winnow_error *err)
{
    json_error_t why;
    json_t *o = json_loadb(record, len, 0, &why);
    const json_t *rules = json_object_get(o, "rules"), *shown = json_object_get(o, "shown");
    size_t i;
    json_t *one;
    int status = WINNOW_OK;
    if (!json_is_array(rules) || !json_is_integer(shown)) {
        status = o ? err_set(err, WINNOW_EDATA, "%s: no record of winnow clean: \"rules\" or "
                             "\"shown\" is missing; make it with --format json", name)
                   : err_set(err, WINNOW_EDATA, "%s:%d:%d: no JSON: %s", name, why.line,
                             why.column, why.text);
    }
    json_array_foreach(rules, i, one)
    {
        if (status == WINNOW_OK && add_record_file(h, one, (double)json_integer_value(shown),
                                                   name) != WINNOW_OK)
            status = err_nomem(err);
    }
    json_decref(o);
    return status;
}

/* --- the report --------------------------------------------------------------------------- */

struct winnow_file_health winnow_health_file(const struct winnow_health *h, size_t i)
{
    if (i >= h->count)
        return (struct winnow_file_health){0};
    const struct file_health *f = &h->files[i];
    return (struct winnow_file_health){
        .file = f->name,
        .pages = f->pages,
        .with_body = f->with_body,
        .has_body = f->has_body,
        .took = f->shown > 0 ? f->took / f->shown : 0,
    };
}

/* Would chance explain the run of misses? */
static bool is_rot(const struct series *s, double allowed)
{
    double chance = 1;
    for (size_t i = 1; i <= s->misses && chance >= allowed; i++)
        chance *= (double)(s->tries - s->hits + i) / (double)(s->tries + 1 + i);
    return s->hits > 0 && s->misses >= RUN_LEAST && chance < allowed;
}

struct report {
    winnow_finding_fn *found;
    void *ctx;
    size_t count;
    double allowed; /* chance that a line may have */
};

__attribute__((format(printf, 5, 6))) static void tell(struct report *r,
                                                       const struct file_health *f, unsigned line,
                                                       const char *kind, const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    r->count++;
    if (r->found)
        r->found(r->ctx, &(struct winnow_finding){.file = f->name, .kind = kind, .line = line,
                                                  .text = text, .is_error = 1});
}

static void report_series(struct report *r, const struct file_health *f, unsigned line,
                          const char *what, const struct series *s)
{
    if (is_rot(s, r->allowed))
        tell(r, f, line, "idle",
             "%s matches nothing since %.200s: %zu pages in a row, and %zu of %zu before; has the "
             "site changed its layout?", what, s->since, s->misses, s->hits, s->tries);
}

static void report_file(struct report *r, const struct file_health *f)
{
    report_series(r, f, 0, "its body", &f->body);
    if (f->greedy >= GREEDY_LEAST)
        tell(r, f, 0, "greedy",
             "takes %s%.0f%% of every page since %.200s: %zu pages in a row; has the site changed "
             "its layout?", f->least < 0.995 ? "at least " : "", 100 * f->least, f->greedy_since,
             f->greedy);
    for (size_t i = 0; i < f->count; i++)
        report_series(r, f, f->lines[i].line, "the line", &f->lines[i].series);
}

size_t winnow_health_report(const struct winnow_health *h, winnow_finding_fn *found, void *ctx)
{
    struct report r = {found, ctx, 0, CHANCE / (double)(h->lines + h->count + 1)};
    for (size_t i = 0; i < h->count; i++)
        report_file(&r, &h->files[i]);
    return r.count;
}
