/* rules_load.c - rule files in memory: a set of folders, looked up by name.
 *
 * A set is a snapshot.  Every byte is read when a folder is added, so what is edited
 * later reaches no page before the set is replaced as a whole, and a file that cannot
 * be read shows at once.  Nothing is parsed before a page asks.
 *
 * Where a cache remembers a large folder, a file is read when it is first asked for, and
 * no snapshot before that.  One that cannot be read then fails the page. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arena.h"
#include "err.h"
#include "hash.h"
#include "literal.h"
#include "pattern.h"
#include "rules.h"
#include "rules_folder.h"
#include "rules_tokens.h"
#include "xpath.h"

/* A file of the set. */
struct entry {
    struct added *added;    /* whose text it is */
    struct rule_text *text;
    struct slice stem;      /* of the text's name */
    size_t same_stem;       /* the next entry of this stem; RULES_NONE: none */
    struct rule_file *file; /* made when first asked for */
};

struct added {
    char *path;
    bool is_file; /* not a folder: its one text has the name that is the path */
    struct folder folder;
};

struct rules {
    struct added **added; /* in the order they were */
    size_t nadded, added_cap;
    struct entry *entries; /* in the order of their folders, then by name */
    size_t count, cap;
    size_t *matchers; /* entries whose text may match pages of any host */
    size_t nmatchers, matchers_cap;
    size_t *by_stem; /* hash table of entries, slots a power of two */
    size_t slots;
    pthread_mutex_t lock; /* of the entries' files, the pointers, of unread texts, the gate */
    struct literal_gate *gate;
    atomic_size_t users;
};

/* --- one file ---------------------------------------------------------------------- */

/* "rules/example.org.txt": enough to find the file, the same on every machine. */
static const char *short_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    while (slash && slash > path && slash[-1] != '/')
        slash--;
    return slash ? slash : path;
}

static struct slice stem_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    struct slice stem = slice_of(slash ? slash + 1 : name);
    if (stem.len > 4 && memcmp(stem.p + stem.len - 4, ".txt", 4) == 0)
        stem.len -= 4;
    return stem;
}

/* Takes path over, also where memory fails. */
static struct rule_file *file_new(char *path, struct slice bytes)
{
    struct rule_file *file = path ? calloc(1, sizeof *file) : NULL;
    if (!file) {
        free(path);
        return NULL;
    }
    pthread_mutex_init(&file->lock, NULL);
    file->path = path;
    file->name = short_name(path);
    file->bytes = bytes;
    return file;
}

void rule_file_free(struct rule_file *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->count; i++) {
        xpath_expr_free(file->rules[i].xpath);
        xpath_expr_free(file->rules[i].into);
        pattern_free(file->rules[i].pattern);
        pattern_free(file->rules[i].from);
    }
    rule_file_forget_problems(file);
    tokens_free(file->tokens);
    free(file->problems);
    free(file->rules);
    free(file->sections);
    free(file->path);
    folder_free(&file->own);
    pthread_mutex_destroy(&file->lock);
    free(file);
}

int rule_file_read(const char *path, rule_problem_fn *problem, void *ctx,
                   struct rule_file **ret, struct winnow_error *err)
{
    struct folder own = {0};
    int status = folder_read(path, NULL, &own, err);
    if (status != WINNOW_OK)
        return status;
    if (own.count != 1 || strcmp(own.texts[0]->name, path) != 0) {
        folder_free(&own);
        return err_set(err, WINNOW_EIO, "%s: a folder; name a rule file", path);
    }
    struct rule_file *file = file_new(strdup(path), own.texts[0]->bytes);
    if (!file) {
        folder_free(&own);
        return err_nomem(err);
    }
    file->own = own;
    status = rule_file_parse(file, problem, ctx, err);
    if (status == WINNOW_OK)
        *ret = file;
    else
        rule_file_free(file);
    return status;
}

/* --- the set -------------------------------------------------------------------------- */

struct rules *rules_new(void)
{
    struct rules *rules = calloc(1, sizeof *rules);
    if (!rules)
        return NULL;
    pthread_mutex_init(&rules->lock, NULL);
    atomic_init(&rules->users, 1);
    return rules;
}

struct rules *rules_share(struct rules *rules)
{
    atomic_fetch_add(&rules->users, 1);
    return rules;
}

static void added_free(struct added *a)
{
    if (!a)
        return;
    folder_free(&a->folder);
    free(a->path);
    free(a);
}

void rules_release(struct rules *rules)
{
    if (!rules || atomic_fetch_sub(&rules->users, 1) != 1)
        return;
    for (size_t i = 0; i < rules->count; i++)
        rule_file_free(rules->entries[i].file);
    for (size_t i = 0; i < rules->nadded; i++)
        added_free(rules->added[i]);
    free(rules->added);
    free(rules->entries);
    free(rules->matchers);
    free(rules->by_stem);
    literal_gate_free(rules->gate);
    pthread_mutex_destroy(&rules->lock);
    free(rules);
}

/* The slot of this stem, or the free one where it would go. */
static size_t *slot_of(const struct rules *rules, size_t *slots, size_t count, struct slice stem)
{
    size_t i = (size_t)hash_bytes(stem) & (count - 1);
    while (slots[i] != RULES_NONE && !slice_eq(rules->entries[slots[i]].stem, stem))
        i = (i + 1) & (count - 1);
    return &slots[i];
}

/* Makes the table anew: twice as many slots as files, so that searches end soon. */
static int index_stems(struct rules *rules)
{
    size_t slots = 16;
    while (slots < 2 * rules->count)
        slots *= 2;
    size_t *table = malloc(slots * sizeof *table);
    if (!table)
        return WINNOW_ENOMEM;
    for (size_t i = 0; i < slots; i++)
        table[i] = RULES_NONE;
    for (size_t i = rules->count; i-- > 0;) { /* from the last, so the first comes first */
        size_t *slot = slot_of(rules, table, slots, rules->entries[i].stem);
        rules->entries[i].same_stem = *slot;
        *slot = i;
    }
    free(rules->by_stem);
    rules->by_stem = table;
    rules->slots = slots;
    return WINNOW_OK;
}

static int add_entries(struct rules *rules, struct added *a)
{
    size_t n = a->folder.count;
    struct entry *entries =
        array_grow(rules->entries, &rules->cap, rules->count + n + 1, sizeof *entries);
    if (!entries)
        return WINNOW_ENOMEM;
    rules->entries = entries;
    size_t *matchers = array_grow(rules->matchers, &rules->matchers_cap,
                                  rules->nmatchers + n + 1, sizeof *matchers);
    if (!matchers)
        return WINNOW_ENOMEM;
    rules->matchers = matchers;
    for (size_t i = 0; i < n; i++) {
        struct rule_text *text = a->folder.texts[i];
        if (text->may_match)
            matchers[rules->nmatchers++] = rules->count;
        entries[rules->count++] =
            (struct entry){.added = a, .text = text, .stem = stem_of(text->name)};
    }
    return WINNOW_OK;
}

static int add_folder(struct rules *rules, struct added *a)
{
    size_t count = rules->count, nmatchers = rules->nmatchers;
    struct added **added =
        array_grow(rules->added, &rules->added_cap, rules->nadded + 1, sizeof *added);
    if (!added)
        return WINNOW_ENOMEM;
    rules->added = added;
    a->is_file = a->folder.count == 1 && strcmp(a->folder.texts[0]->name, a->path) == 0;
    if (add_entries(rules, a) != WINNOW_OK || index_stems(rules) != WINNOW_OK) {
        rules->count = count;
        rules->nmatchers = nmatchers;
        return WINNOW_ENOMEM;
    }
    added[rules->nadded++] = a;
    return WINNOW_OK;
}

/* Was this folder or file added before, by whatever name? */
static bool is_added(const struct rules *rules, const char *path)
{
    struct stat one, other;
    if (stat(path, &one) != 0)
        return false;
    for (size_t i = 0; i < rules->nadded; i++)
        if (stat(rules->added[i]->path, &other) == 0 && one.st_dev == other.st_dev &&
            one.st_ino == other.st_ino)
            return true;
    return false;
}

int rules_add(struct rules *rules, const char *path, const char *cache, struct winnow_error *err)
{
    if (*path && is_added(rules, path))
        return WINNOW_OK; /* it counts once, where it came first */
    struct added *a = calloc(1, sizeof *a);
    if (!a || !(a->path = strdup(path))) {
        added_free(a);
        return err_nomem(err);
    }
    int status = folder_read(path, cache, &a->folder, err);
    if (status == WINNOW_OK && add_folder(rules, a) != WINNOW_OK)
        status = err_nomem(err);
    if (status != WINNOW_OK)
        added_free(a);
    return status;
}

int rules_add_again(struct rules *rules, const struct rules *like, struct winnow_error *err)
{
    int status = WINNOW_OK;
    for (size_t i = 0; i < like->nadded && status == WINNOW_OK; i++)
        status = rules_add(rules, like->added[i]->path, NULL, err);
    return status;
}

/* --- looking up ------------------------------------------------------------------------ */

size_t rules_named(const struct rules *rules, struct slice stem)
{
    return rules->slots ? *slot_of(rules, rules->by_stem, rules->slots, stem) : RULES_NONE;
}

size_t rules_named_next(const struct rules *rules, size_t entry)
{
    return rules->entries[entry].same_stem;
}

size_t rules_matcher(const struct rules *rules, size_t i)
{
    return i < rules->nmatchers ? rules->matchers[i] : RULES_NONE;
}

size_t rules_count_files(const struct rules *rules)
{
    return rules->count;
}

static int make_file(struct entry *e, struct winnow_error *err)
{
    char *path = e->added->is_file ? strdup(e->added->path)
                                   : path_join(e->added->path, e->text->name);
    int status = path ? WINNOW_OK : err_nomem(err);
    if (status == WINNOW_OK && e->text->unread)
        status = folder_read_late(&e->added->folder, e->text, path, err);
    if (status != WINNOW_OK) {
        free(path);
        return status;
    }
    e->file = file_new(path, e->text->bytes);
    return e->file ? WINNOW_OK : err_nomem(err);
}

/* The lock is held. */
static int file_of(struct rules *rules, size_t entry, struct rule_file **ret,
                   struct winnow_error *err)
{
    struct entry *e = &rules->entries[entry];
    int status = e->file ? WINNOW_OK : make_file(e, err);
    if (status == WINNOW_OK)
        *ret = e->file;
    return status;
}

int rules_file(struct rules *rules, size_t entry, struct rule_file **ret, struct winnow_error *err)
{
    pthread_mutex_lock(&rules->lock);
    int status = file_of(rules, entry, ret, err);
    pthread_mutex_unlock(&rules->lock);
    return status;
}

/* A section's lines are asked only where the file speaks. */
static void gate_file(struct literal_gate *gate, struct rule_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        struct rule *rule = &file->rules[i];
        const struct literal_set *needs =
            rule->directive->id == DIRECTIVE_MATCH_TEXT && rule->usable &&
                    rule->section == SECTION_NONE
                ? pattern_needs(rule->pattern)
                : NULL;
        rule->gate = needs ? literal_gate_add(gate, needs) : 0;
    }
}

static int make_gate(struct rules *rules, struct literal_gate **ret, struct winnow_error *err)
{
    struct literal_gate *gate = literal_gate_new();
    int status = gate ? WINNOW_OK : err_nomem(err);
    for (size_t i = 0; i < rules->nmatchers && status == WINNOW_OK; i++) {
        struct rule_file *file;
        status = file_of(rules, rules->matchers[i], &file, err);
        if (status == WINNOW_OK)
            status = rule_file_compile(file, NULL, NULL, err);
        if (status == WINNOW_OK)
            gate_file(gate, file);
    }
    if (status == WINNOW_OK)
        *ret = gate;
    else
        literal_gate_free(gate);
    return status;
}

int rules_gate(struct rules *rules, const struct literal_gate **ret, struct winnow_error *err)
{
    int status = WINNOW_OK;
    pthread_mutex_lock(&rules->lock);
    if (!rules->gate)
        status = make_gate(rules, &rules->gate, err);
    if (status == WINNOW_OK)
        *ret = rules->gate;
    pthread_mutex_unlock(&rules->lock);
    return status;
}

/* The entry of another set that was read from the same path. */
static size_t entry_like(const struct rules *rules, const struct entry *like)
{
    size_t i = rules_named(rules, like->stem);
    for (; i != RULES_NONE; i = rules->entries[i].same_stem) {
        const struct entry *e = &rules->entries[i];
        if (e->added->is_file == like->added->is_file &&
            strcmp(e->added->path, like->added->path) == 0 &&
            strcmp(e->text->name, like->text->name) == 0)
            return i;
    }
    return RULES_NONE;
}

/* Of a text that no page has asked for, the cache says which bytes it had. */
static bool is_same(const struct rule_text *text, struct slice bytes)
{
    return text->unread ? text->hash == hash_bytes(bytes) : slice_eq(text->bytes, bytes);
}

bool rules_has_same(struct rules *rules, const struct rules *other, size_t entry)
{
    size_t i = entry_like(rules, &other->entries[entry]);
    if (i == RULES_NONE)
        return false;
    pthread_mutex_lock(&rules->lock);
    bool ret = is_same(rules->entries[i].text, other->entries[entry].text->bytes);
    pthread_mutex_unlock(&rules->lock);
    return ret;
}
