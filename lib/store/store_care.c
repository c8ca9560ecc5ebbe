/* store_care.c - reads all of a folder and says what is damaged or does not fit together.
 *
 * 1. The catalog's bytes are checked before LMDB, which trusts them, sees one: where that
 *    finds anything, what needs the catalog is left out, and the other files are checked
 *    for themselves.
 * 2. Then each file for itself: every block of every run and text file.
 * 3. Then what they say of each other. */
#include "store/store_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "err.h"
#include "store/disk.h"

struct check {
    const char *folder;
    store_problem_fn *found;
    void *ctx;
    size_t problems;
    int lock;
    struct catalog *catalog; /* NULL: it cannot be asked */
    bool in_transaction;
    struct catalog_state state;
    struct catalog_run *runs; /* that it names */
    size_t runs_count, runs_cap;
    unsigned char *seen; /* documents whose text is where the catalog says, a bit each */
    uint64_t states[DOC_FORGOTTEN + 1], sites;
    char path[STORE_PATH_MOST]; /* of the file in hand */
    struct winnow_error *err;
    int status;
};

static void tell(struct check *c, const char *name, uint64_t at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void tell(struct check *c, const char *name, uint64_t at, const char *format, ...)
{
    char path[STORE_PATH_MOST], text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    c->problems++;
    store_path(c->folder, name, path);
    if (c->found)
        c->found(c->ctx, path, at, text);
}

/* A store_problem_fn for what other files find: it counts. */
static void pass_on(void *ctx, const char *file, uint64_t at, const char *text)
{
    struct check *c = ctx;
    c->problems++;
    if (c->found)
        c->found(c->ctx, file, at, text);
}

/* --- the catalog -------------------------------------------------------------------------- */

/* No writer may work meanwhile; on a disk that cannot be written to there is none. */
static int keep_writers_out(struct check *c)
{
    store_path(c->folder, "lock", c->path);
    c->lock = open(c->path, O_RDONLY | O_CLOEXEC);
    if (c->lock < 0 || flock(c->lock, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return WINNOW_OK;
    return err_set(c->err, WINNOW_EBUSY, "%s: a process writes to this index; wait for it to "
                   "end", c->folder);
}

/* An empty catalog is what one that was lost looks like to LMDB. */
static bool has_catalog(struct check *c)
{
    struct stat st;
    store_path(c->folder, STORE_CATALOG, c->path);
    return stat(c->path, &st) == 0 && st.st_size > 0;
}

static int look_into_catalog(struct check *c)
{
    size_t problems = 0;
    if (!has_catalog(c)) {
        tell(c, STORE_CATALOG, 0, "it is missing or empty; put it back, or winnow index compact makes it again");
        return WINNOW_OK;
    }
    int status = catalog_check(c->folder, c->found, c->ctx, &problems, c->err);
    c->problems += problems;
    if (status != WINNOW_OK || problems)
        return status;
    struct store_params any = {0};
    status = catalog_open(c->folder, &any, true, &c->catalog, c->err);
    return status;
}

static int list_run(void *ctx, const struct catalog_run *run)
{
    struct check *c = ctx;
    struct catalog_run *runs =
        array_grow(c->runs, &c->runs_cap, c->runs_count + 1, sizeof *runs);
    if (!runs)
        return WINNOW_ENOMEM;
    c->runs = runs;
    runs[c->runs_count++] = *run;
    return WINNOW_OK;
}

static int take_state(struct check *c)
{
    if (!c->catalog)
        return WINNOW_OK;
    int status = catalog_begin(c->catalog, c->err);
    if (status != WINNOW_OK)
        return status;
    c->in_transaction = true;
    status = catalog_get_state(c->catalog, &c->state, c->err);
    if (status == WINNOW_OK)
        status = catalog_each_run(c->catalog, list_run, c, c->err);
    if (status == WINNOW_OK && !(c->seen = calloc(c->state.next_number / 8 + 1, 1)))
        return err_nomem(c->err);
    return status;
}

/* --- runs ---------------------------------------------------------------------------------- */

static void run_damage(void *ctx, uint64_t at)
{
    struct check *c = ctx;
    pass_on(c, c->path, at, "a block of the run is damaged; repeats whose fingerprints it holds "
            "are missed: winnow index compact makes them again");
}

/* info NULL: the catalog cannot say what the run should be. */
static void check_run(struct check *c, uint32_t number, const struct run_info *info)
{
    struct winnow_error why = {0};
    struct run *r = NULL;
    store_run_path(c->folder, number, c->path);
    int status = run_open(c->path, info, &r, &why);
    if (status == WINNOW_OK)
        status = run_verify(r, run_damage, c);
    else
        pass_on(c, c->path, 0, why.text);
    if (status == WINNOW_OK && info && info->last_number >= c->state.next_number)
        pass_on(c, c->path, 0, "the run names documents that the catalog does not have; winnow "
                "index compact makes it again");
    run_close(r);
}

static bool is_named_run(const struct check *c, uint32_t number)
{
    for (size_t i = 0; i < c->runs_count; i++)
        if (c->runs[i].number == number)
            return true;
    return false;
}

static void tell_leftover(struct check *c, const char *name)
{
    store_path(c->folder, name, c->path);
    if (c->found)
        c->found(c->ctx, c->path, 0, "a leftover that nothing names: no harm, the next writer "
                 "removes it");
}

static int check_file(void *ctx, const char *name)
{
    struct check *c = ctx;
    uint32_t number;
    enum store_file kind = store_file_of(name, &number);
    bool is_run = kind == STORE_RUN;
    if (is_run && !c->catalog)
        check_run(c, number, NULL);
    else if (kind == STORE_LEFTOVER || (is_run && !is_named_run(c, number)) ||
             (kind == STORE_TEXTS && c->catalog &&
              (number > c->state.text_file || number < c->state.text_first)))
        tell_leftover(c, name);
    return WINNOW_OK;
}

static int check_runs(struct check *c)
{
    for (size_t i = 0; i < c->runs_count; i++)
        check_run(c, c->runs[i].number, &c->runs[i].info);
    return store_each_file(c->folder, check_file, c, c->err);
}

/* --- texts --------------------------------------------------------------------------------- */


static int find_newest(void *ctx, const char *name)
{
    uint32_t *newest = ctx, number;
    if (store_file_of(name, &number) == STORE_TEXTS && number > *newest)
        *newest = number;
    return WINNOW_OK;
}

/* The end of the texts where the catalog cannot tell: all that is there. */
int store_guess_end(const char *folder, uint32_t *file, uint64_t *bytes, struct winnow_error *err)
{
    char name[32], path[STORE_PATH_MOST];
    struct stat st;
    uint32_t newest = 0;
    int status = store_each_file(folder, find_newest, &newest, err);
    if (status != WINNOW_OK)
        return status;
    snprintf(name, sizeof name, "texts-%06u", newest);
    store_path(folder, name, path);
    *bytes = newest && stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
    *file = newest;
    return WINNOW_OK;
}

static bool same_place(const struct text_place *a, const struct text_place *b)
{
    return a->file == b->file && a->block == b->block && a->slot == b->slot;
}

static bool same_keys(const struct catalog_doc *a, const struct store_doc *b)
{
    return memcmp(&a->key, &b->key, sizeof a->key) == 0 &&
           memcmp(&a->content, &b->content, sizeof a->content) == 0;
}

static int check_text(void *ctx, const struct store_doc *doc, const struct text_place *place)
{
    struct check *c = ctx;
    struct catalog_doc is;
    char name[32];
    bool found = false;
    if (!c->catalog || place->file < c->state.text_first)
        return WINNOW_OK;
    snprintf(name, sizeof name, "texts-%06u", place->file);
    if (doc->number && doc->number < c->state.next_number)
        c->status = catalog_get_doc(c->catalog, doc->number, &is, &found, c->err);
    if (c->status != WINNOW_OK)
        return 1;
    if (!found || !same_place(&is.place, place))
        tell(c, name, place->block, "document %u stands here, but the catalog says otherwise; "
             "winnow index compact puts it right", doc->number);
    else if (!same_keys(&is, doc))
        tell(c, name, place->block, "document %u has other keys here than in the catalog; winnow "
             "index compact puts it right", doc->number);
    else
        c->seen[doc->number / 8] |= (unsigned char)(1 << doc->number % 8);
    return 0;
}

/* What a compaction that broke off has not removed yet may have gaps. */
static void pass_on_text(void *ctx, const char *file, uint64_t at, const char *text)
{
    const struct check *c = ctx;
    const char *slash = strrchr(file, '/');
    uint32_t number;
    if (store_file_of(slash ? slash + 1 : file, &number) == STORE_TEXTS &&
        number < c->state.text_first)
        return;
    pass_on(ctx, file, at, text);
}

static int check_texts(struct check *c)
{
    struct texts *t = NULL;
    uint32_t file = c->state.text_file;
    uint64_t bytes = c->state.text_bytes;
    int status = c->catalog ? WINNOW_OK : store_guess_end(c->folder, &file, &bytes, c->err);
    if (status == WINNOW_OK && file)
        status = texts_open(c->folder, file, bytes, true, &t, c->err);
    if (status == WINNOW_OK && t)
        status = texts_each(t, check_text, pass_on_text, c, c->err);
    texts_close(t);
    return c->status != WINNOW_OK ? c->status : status;
}

/* --- what they say of each other ------------------------------------------------------------- */

static bool has_text(enum doc_state state)
{
    return state == DOC_LIVE || state == DOC_SUPERSEDED;
}

static int check_name(struct check *c, uint32_t number, const struct catalog_doc *doc)
{
    uint32_t named = 0;
    int status = catalog_find(c->catalog, &doc->key, &named, c->err);
    if (status != WINNOW_OK)
        return status;
    if (named < number || named >= c->state.next_number)
        tell(c, STORE_CATALOG, 0, "the key of document %u means document %u; winnow index compact "
             "puts it right", number, named);
    return WINNOW_OK;
}

static int check_doc(struct check *c, uint32_t number)
{
    struct catalog_doc doc;
    bool found = false;
    int status = catalog_get_doc(c->catalog, number, &doc, &found, c->err);
    if (status != WINNOW_OK || !found)
        return status;
    if (doc.state > DOC_FORGOTTEN || doc.other >= c->state.next_number || doc.first > number) {
        tell(c, STORE_CATALOG, 0, "the record of document %u makes no sense", number);
        return WINNOW_OK;
    }
    c->states[doc.state]++;
    if (has_text(doc.state) && !(c->seen[number / 8] >> number % 8 & 1))
        tell(c, STORE_CATALOG, 0, "document %u has no text that can be read; winnow index compact "
             "lets it go", number);
    return check_name(c, number, &doc);
}

static int count_site(void *ctx, struct slice name, struct slice blob)
{
    struct check *c = ctx;
    (void)name, (void)blob;
    c->sites++;
    return 0;
}

static int check_recent(void *ctx, uint32_t number, const uint64_t *hashes, size_t count)
{
    struct check *c = ctx;
    (void)hashes, (void)count;
    if (number == 0 || number >= c->state.next_number)
        tell(c, STORE_CATALOG, 0, "there are fingerprints of a document %u, which is none", number);
    return 0;
}

static void check_counts(struct check *c)
{
    static const char *const names[] = {"", "learned", "live", "superseded", "replaced",
                                        "forgotten"};
    for (size_t i = DOC_STUB; i <= DOC_FORGOTTEN; i++)
        if (c->states[i] != c->state.states[i])
            tell(c, STORE_CATALOG, 0, "it counts %llu %s documents and has %llu; winnow index compact "
                 "puts it right", (unsigned long long)c->state.states[i], names[i],
                 (unsigned long long)c->states[i]);
    if (c->sites != c->state.sites)
        tell(c, STORE_CATALOG, 0, "it counts %llu sites and has %llu; winnow index compact puts it "
             "right", (unsigned long long)c->state.sites, (unsigned long long)c->sites);
}

static int check_together(struct check *c)
{
    int status = WINNOW_OK;
    if (!c->catalog)
        return WINNOW_OK;
    for (uint32_t n = 1; n < c->state.next_number && status == WINNOW_OK; n++)
        status = check_doc(c, n);
    if (status == WINNOW_OK)
        status = catalog_each_site(c->catalog, count_site, c, c->err);
    if (status == WINNOW_OK)
        status = catalog_each_recent(c->catalog, check_recent, c, c->err);
    if (status == WINNOW_OK)
        check_counts(c);
    return status;
}

/* --- the whole --------------------------------------------------------------------------------- */

static int (*const checks[])(struct check *c) = {
    keep_writers_out, look_into_catalog, take_state, check_runs, check_texts, check_together,
};

static void end_check(struct check *c)
{
    if (c->in_transaction)
        catalog_abort(c->catalog);
    catalog_close(c->catalog);
    if (c->lock >= 0)
        close(c->lock);
    free(c->runs);
    free(c->seen);
}

int store_verify(const char *folder, store_problem_fn *found, void *ctx, size_t *problems,
                 struct winnow_error *err)
{
    struct check c = {.folder = folder, .found = found, .ctx = ctx, .lock = -1, .err = err};
    int status;
    if (strlen(folder) > STORE_PATH_MOST - 300)
        return disk_fail(err, folder, "cannot open", ENAMETOOLONG);
    status = store_is_there(folder, err);
    for (size_t i = 0; i < sizeof checks / sizeof *checks && status == WINNOW_OK; i++)
        status = checks[i](&c);
    end_check(&c);
    if (status == WINNOW_OK)
        *problems = c.problems;
    return status;
}
