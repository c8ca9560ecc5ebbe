/* prepare.c - a cleaner that needs no file any more.
 *
 * What is opened later than here, in the box, kills a page.  winnow_prepare loads files; the
 * rest (seeds, tables, the gate of rules that match any page) is made by cleaning a page that
 * goes everywhere. */
#include "pool/prepare.h"

#include "fault.h"

static const char first_page[] =
    "<!doctype html><title>First</title><meta name=description content=\"first\">"
    "<script type=\"application/ld+json\">{\"@type\":\"Article\",\"headline\":\"First\"}</script>"
    "<p>The first page is cleaned before any other, and nobody ever reads it.</p>"
    "<p>A passage that stands here twice shows what becomes of passages that do.</p>"
    "<p>A passage that stands here twice shows what becomes of passages that do.</p>";

/* Bytes of no declared charset, for the detector. */
static const char first_dump[] =
    "\xCF\xE5\xF0\xE2\xE0\xFF \xF1\xF2\xF0\xE0\xED\xE8\xF6\xE0 \xEE\xF7\xE8\xF9\xE0\xE5\xF2"
    "\xF1\xFF \xEF\xE5\xF0\xE2\xEE\xE9, \xE8 \xE5\xB8 \xED\xE8\xEA\xF2\xEE \xED\xE5 "
    "\xF7\xE8\xF2\xE0\xE5\xF2.\n";

static int write_nowhere(void *ctx, const char *data, size_t len)
{
    (void)ctx, (void)data, (void)len;
    return 0;
}

/* Rules that fail a page fail the pages that follow: they tell. */
static void clean_first(struct winnow *w, const char *data, size_t len)
{
    struct winnow_input in = {
        .data = data, .len = len, .name = "first", .url = "http://first.invalid/"};
    struct winnow_page *page = NULL;
    if (winnow_clean(w, &in, &page, NULL) != WINNOW_OK)
        return;
    for (enum winnow_format f = WINNOW_TEXT; f <= WINNOW_JSONL; f++)
        if (winnow_render(page, f, write_nowhere, NULL, NULL) != WINNOW_OK)
            break;
    winnow_page_free(page);
}

/* --- errors in rule files ---------------------------------------------------------------- */

struct lint {
    const struct rule_errors *known;
    struct rule_errors *found;
    bool refused;
    struct winnow_error *err; /* of the first that is not known */
};

static uint64_t hash_more(uint64_t hash, const char *s)
{
    while (*s)
        hash = (hash ^ (unsigned char)*s++) * 0x100000001b3; /* FNV-1a, Fowler, Noll, Vo */
    return (hash ^ 0xff) * 0x100000001b3;
}

static bool is_known(const struct rule_errors *known, uint64_t hash)
{
    for (uint32_t i = 0; i < known->count; i++)
        if (known->hashes[i] == hash)
            return true;
    return known->more != 0;
}

/* Lines move when a file is edited above them: they do not count. */
static void note_error(void *ctx, const struct winnow_finding *f)
{
    struct lint *l = ctx;
    if (!f->is_error)
        return;
    uint64_t hash = hash_more(hash_more(hash_more(0xcbf29ce484222325, f->file), f->kind), f->text);
    if (l->found->count < TERMS_ERRORS_MOST)
        l->found->hashes[l->found->count++] = hash;
    else
        l->found->more = 1;
    if (l->refused || is_known(l->known, hash))
        return;
    l->refused = true;
    fault_set(l->err, WINNOW_ERULES, "%s:%u: %s", f->file, f->line, f->text);
}

static int lint_all(const struct terms *t, struct rule_errors *errors, struct winnow_error *err)
{
    struct winnow_error first = {0};
    struct lint l = {&t->known, errors, false, &first};
    for (size_t i = 0; i < t->nrules; i++) {
        size_t count;
        int status = winnow_rules_lint(t->rules[i], note_error, &l, &count, err);
        if (status != WINNOW_OK)
            return status;
    }
    return l.refused && t->strict ? fault_set(err, WINNOW_ERULES, "%s", first.text) : WINNOW_OK;
}

/* --- the cleaner ------------------------------------------------------------------------- */

static int add_rules(struct winnow *w, const struct terms *t, struct winnow_error *err)
{
    int status = WINNOW_OK;
    for (size_t i = 0; i < t->nrules && status == WINNOW_OK; i++)
        status = winnow_add_rules(w, t->rules[i], err);
    if (status == WINNOW_OK || status == WINNOW_ENOMEM)
        return status;
    err->status = WINNOW_ERULES; /* also where a folder cannot be read */
    return WINNOW_ERULES;
}

int prepare(const struct terms *t, struct winnow **ret, struct rule_errors *errors,
            struct winnow_error *err)
{
    struct winnow *w = NULL;
    int status = winnow_new(&t->options, &w, err);
    if (status == WINNOW_OK)
        status = add_rules(w, t, err);
    if (status == WINNOW_OK && t->lints)
        status = lint_all(t, errors, err);
    if (status == WINNOW_OK)
        status = winnow_prepare(w, err);
    if (status != WINNOW_OK) {
        winnow_free(w);
        return status;
    }
    clean_first(w, first_page, sizeof first_page - 1);
    clean_first(w, first_dump, sizeof first_dump - 1);
    *ret = w;
    return WINNOW_OK;
}
