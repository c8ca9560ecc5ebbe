/* crash_index.c - makes an index, and says after a crash whether it is what was promised.
 *
 *     crash_index write   FOLDER LOG DOCUMENTS   commits made documents; goes on where it was
 *     crash_index compact FOLDER LOG             writes the folder's files anew
 *     crash_index spoil   FOLDER LOG             overwrites the beginning of its catalog
 *     crash_index check   FOLDER LOG             is it the state after a commit, whole?
 *     crash_index cut     FOLDER FLAG            the power goes: FLAG 1 flushes the journal
 *                                                of its filesystem first, 2 does not
 *
 * It is killed at every system call by crash.sh, which says how.
 *
 * 1. What commit c holds follows from c alone, so a run that was cut off goes on to the
 *    same end, and what the index should hold is made again in memory, by store_memory:
 *    the other implementation of the same promises.
 * 2. LOG gets a line after each commit that was said to be durable.  It lies outside of
 *    FOLDER, where the power stays.
 * 3. The index itself says how many commits it has: a site's blob, put with each.
 *
 * Ends with 0: all is well; 1: it is not, and what is wrong was printed; 2: wrongly called. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "store/store_disk.h"

enum {
    A_COMMIT = 3, /* documents */
    LINES = 20,   /* of a text; each has a fingerprint */
    SITES = 4,
    TRIES = 6, /* of one commit, and of opening */
};

/* So small that runs and merges, and merges of merged ones, come every few commits. */
static const struct store_sizes sizes = {.flush = 2 * A_COMMIT * LINES, .factor = 2};

static const struct store_params params = {
    .k = 32, .w = 8, .least = 25, .normaliser = 1, .key = 42};

static const char marker[] = "commits"; /* the site whose blob counts them */

static bool is_wrong;

static void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void wrong(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("wrong: ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
    is_wrong = true;
}

/* --- the made documents ------------------------------------------------------------------ */

/* A bijective mix (the finaliser of MurmurHash3). */
static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

/* A line that the document shares with its five neighbours, or that is its own. */
static void add_line(struct buf *b, uint32_t doc, uint32_t line)
{
    bool is_shared = line % 5 == 0;
    uint32_t owner = is_shared ? doc / 6 : doc;
    uint64_t chance = mix((uint64_t)owner << 32 | line << 1 | is_shared);
    buf_addf(b, "line %u of %s %u says %08llx\n", line, is_shared ? "group" : "document", owner,
             (unsigned long long)chance);
}

static uint64_t line_hash(struct slice line)
{
    uint64_t ret = 1;
    for (size_t i = 0; i < line.len; i++)
        ret = mix(ret ^ (unsigned char)line.p[i]);
    return ret;
}

/* A store_prints_fn: a hash a line. */
static int make_prints(void *ctx, const struct store_params *of, struct slice text,
                       uint64_t **hashes, size_t *count)
{
    size_t n = 0;
    uint64_t *made = malloc((text.len + 1) * sizeof *made);
    (void)ctx, (void)of;
    if (!made)
        return WINNOW_ENOMEM;
    while (text.len) {
        const char *end = memchr(text.p, '\n', text.len);
        size_t len = end ? (size_t)(end - text.p) : text.len;
        made[n++] = line_hash((struct slice){text.p, len});
        text.p += len + (end != NULL);
        text.len -= len + (end != NULL);
    }
    *hashes = made;
    *count = n;
    return WINNOW_OK;
}

/* Some documents fill in a stub, some replace an earlier one. */
static uint32_t key_of(uint32_t doc)
{
    while (doc % 11 == 5 && doc > 9 && doc % 13 != 0)
        doc -= 9;
    return doc % 13 == 0 ? doc - 10 : doc;
}

static bool is_stub(uint32_t doc)
{
    return doc % 13 == 3;
}

static struct doc_key make_key(uint64_t id)
{
    struct doc_key ret;
    uint64_t halves[2] = {mix(id), mix(id + 1000003)};
    memcpy(ret.bytes, halves, sizeof halves);
    return ret;
}

struct made {
    struct store_doc doc;
    struct buf text;
    uint64_t *hashes;
    size_t count;
    char url[64], site[16];
};

static void make_document(uint32_t doc, struct made *ret)
{
    *ret = (struct made){.hashes = NULL};
    buf_init(&ret->text, SIZE_MAX);
    ret->doc.key = make_key(key_of(doc));
    if (is_stub(doc)) {
        ret->doc.state = DOC_STUB;
        return;
    }
    for (uint32_t line = 0; line < LINES; line++)
        add_line(&ret->text, doc, line);
    snprintf(ret->url, sizeof ret->url, "https://site-%u.example/%u", doc % SITES, doc);
    snprintf(ret->site, sizeof ret->site, "site-%u", doc % SITES);
    ret->doc.content = make_key(UINT64_C(1) << 40 | doc);
    ret->doc.time = 1700000000 + doc;
    ret->doc.source = ret->doc.url = slice_of(ret->url);
    ret->doc.site = slice_of(ret->site);
    ret->doc.text = buf_slice(&ret->text);
    if (make_prints(NULL, &params, ret->doc.text, &ret->hashes, &ret->count) != WINNOW_OK)
        abort();
}

static void free_document(struct made *m)
{
    buf_free(&m->text);
    free(m->hashes);
}

/* --- a commit ------------------------------------------------------------------------------ */

/* Changes the state of the document that has the key of `doc`, where one lives. */
static int change(struct store *s, uint32_t doc, enum doc_state state, uint32_t other,
                  struct winnow_error *err)
{
    struct doc_key key = make_key(key_of(doc));
    struct store_doc is;
    struct buf room;
    uint32_t number = 0;
    int status = store_find(s, &key, &number, err);
    if (status != WINNOW_OK || number == 0 || number == other)
        return status;
    buf_init(&room, SIZE_MAX);
    status = store_get(s, number, false, &is, &room, err);
    buf_free(&room);
    return status == WINNOW_OK && is.state == DOC_LIVE
               ? store_set_state(s, number, state, other, err)
               : status;
}

static int put_document(struct store *s, uint32_t doc, struct winnow_error *err)
{
    struct made made;
    uint32_t number = 0;
    make_document(doc, &made);
    int status = store_put(s, &made.doc, made.hashes, made.count, &number, err);
    free_document(&made);
    if (status == WINNOW_OK && doc % 17 == 0)
        status = change(s, doc - 8, DOC_SUPERSEDED, number, err);
    if (status == WINNOW_OK && doc % 19 == 0)
        status = change(s, doc - 5, DOC_FORGOTTEN, 0, err);
    return status;
}

static int put_commit(struct store *s, uint32_t commit, struct winnow_error *err)
{
    char name[16], blob[32];
    int status = WINNOW_OK;
    for (uint32_t i = 1; i <= A_COMMIT && status == WINNOW_OK; i++)
        status = put_document(s, (commit - 1) * A_COMMIT + i, err);
    snprintf(name, sizeof name, "site-%u", commit % SITES);
    snprintf(blob, sizeof blob, "%u", commit);
    if (status == WINNOW_OK)
        status = store_put_site(s, slice_of(name), slice_of(blob), err);
    if (status == WINNOW_OK)
        status = store_put_site(s, slice_of(marker), slice_of(blob), err);
    return status == WINNOW_OK ? store_commit(s, err) : status;
}

/* How many commits the store has. */
static int count_commits(struct store *s, uint32_t *ret, struct winnow_error *err)
{
    struct buf blob;
    buf_init(&blob, SIZE_MAX);
    int status = store_get_site(s, slice_of(marker), &blob, err);
    if (status == WINNOW_OK)
        *ret = blob.len ? (uint32_t)strtoul(blob.data, NULL, 10) : 0;
    buf_free(&blob);
    return status;
}

/* --- write, compact ------------------------------------------------------------------------- */

static void say(const char *what, const char *text)
{
    printf("told: %s: %s\n", what, text);
    fflush(stdout);
}

static void say_problem(void *ctx, const char *file, uint64_t at, const char *text)
{
    (void)ctx, (void)file, (void)at;
    say("damage", text);
}

/* Opened before all else: a disk that is full for the index is not to keep the log from
 * saying what was promised. */
static int open_log(const char *log)
{
    int fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        wrong("%s cannot be opened", log);
    return fd;
}

static void add_to_log(int log, const char *line)
{
    if (write(log, line, strlen(line)) != (ssize_t)strlen(line))
        wrong("the log cannot be written");
}

/* Opens it, a few times: the fault may be over then. */
static struct store *open_index(const char *folder)
{
    struct store *s = NULL;
    for (int i = 0; i < TRIES; i++) {
        struct winnow_error err = {0};
        if (store_disk_sized(folder, &params, &sizes, false, &s, &err) == WINNOW_OK)
            return s;
        say("opening", err.text);
    }
    return NULL;
}

/* Commits once more, or says why not. */
static bool step(struct store *s, int log)
{
    struct winnow_error err = {0};
    char line[32];
    uint32_t done = 0;
    int status = count_commits(s, &done, &err);
    if (status == WINNOW_OK)
        status = put_commit(s, done + 1, &err);
    if (status != WINNOW_OK) {
        say("commit", err.text);
        store_rollback(s);
        return false;
    }
    store_damage(s, say_problem, NULL);
    snprintf(line, sizeof line, "%u\n", done + 1);
    add_to_log(log, line);
    return true;
}

/* How many commits it has.  After one that failed half-way it wants to be opened again. */
static uint32_t recount(struct store **s, const char *folder)
{
    struct winnow_error err = {0};
    uint32_t done = 0;
    if (count_commits(*s, &done, &err) == WINNOW_OK)
        return done;
    say("opening again", err.text);
    store_close(*s);
    *s = open_index(folder);
    if (*s && count_commits(*s, &done, &err) != WINNOW_OK)
        wrong("it was opened, and its commits cannot be counted: %s", err.text);
    return done;
}

static int mode_write(char **argv)
{
    int log = open_log(argv[1]), tries = TRIES;
    struct store *s = open_index(argv[0]);
    uint32_t commits = (uint32_t)strtoul(argv[2], NULL, 10) / A_COMMIT;
    uint32_t done = s ? recount(&s, argv[0]) : 0;
    while (s && !is_wrong && done < commits && tries > 0) {
        tries = step(s, log) ? TRIES : tries - 1;
        done = recount(&s, argv[0]);
    }
    if (done < commits)
        wrong("commit %u cannot be made", done + 1);
    store_close(s);
    close(log);
    return is_wrong;
}

static int mode_compact(char **argv)
{
    int log = open_log(argv[1]), status = WINNOW_EIO;
    add_to_log(log, "compact\n"); /* from now on what is dead may be gone */
    for (int i = 0; i < TRIES && status != WINNOW_OK; i++) {
        struct winnow_error err = {0};
        status = store_compact(argv[0], &params, make_prints, NULL, say_problem, NULL, &err);
        if (status != WINNOW_OK)
            say("compact", err.text);
    }
    if (status != WINNOW_OK)
        wrong("it cannot be compacted");
    close(log);
    return is_wrong;
}

/* --- check ------------------------------------------------------------------------------------- */

struct promise {
    uint32_t commits; /* that were said to be durable */
    bool compacts;    /* it was begun */
    bool was_spoilt;  /* its catalog, which compacting makes again */
};

static struct promise read_log(const char *log)
{
    struct promise ret = {0};
    char line[32];
    FILE *f = fopen(log, "r");
    while (f && fgets(line, sizeof line, f))
        if (strcmp(line, "compact\n") == 0)
            ret.compacts = true;
        else if (strcmp(line, "spoil\n") == 0)
            ret.was_spoilt = true;
        else
            ret.commits = (uint32_t)strtoul(line, NULL, 10);
    if (f)
        fclose(f);
    return ret;
}

/* What the index should be after so many commits. */
static struct store *make_model(uint32_t commits)
{
    struct store *s = NULL;
    struct winnow_error err = {0};
    int status = store_memory(&params, (size_t)1 << 30, &s, &err);
    for (uint32_t i = 1; i <= commits && status == WINNOW_OK; i++)
        status = put_commit(s, i, &err);
    if (status == WINNOW_OK)
        return s;
    printf("the model cannot be made: %s\n", err.text);
    exit(2);
}

/* Two stores side by side. */
struct pair {
    struct store *is, *should;
    bool compacts, was_spoilt;
    uint32_t commits;
};

static bool is_dead(enum doc_state state)
{
    return state == DOC_REPLACED || state == DOC_FORGOTTEN;
}

/* What a catalog alone knows is gone with it: states, stubs, sites. */
static bool outlives_catalog(enum doc_state state)
{
    return state == DOC_LIVE || state == DOC_SUPERSEDED;
}

static bool same_strings(const struct store_doc *a, const struct store_doc *b)
{
    return a->time == b->time && slice_eq(a->source, b->source) && slice_eq(a->url, b->url) &&
           slice_eq(a->site, b->site) && slice_eq(a->text, b->text);
}

static void compare_documents(const struct pair *p, uint32_t number, const struct store_doc *is,
                              const struct store_doc *should)
{
    bool may_be_gone = p->compacts && is_dead(should->state);
    if (may_be_gone && is->state == DOC_NONE)
        return;
    if (p->was_spoilt && !outlives_catalog(should->state))
        return;
    if (p->was_spoilt ? is->state != DOC_LIVE
                      : is->state != should->state || is->other != should->other)
        wrong("document %u is in state %d for %u, not in %d for %u", number, (int)is->state,
              is->other, (int)should->state, should->other);
    else if (memcmp(&is->key, &should->key, sizeof is->key) != 0 ||
             memcmp(&is->content, &should->content, sizeof is->content) != 0)
        wrong("document %u has other keys", number);
    else if (!same_strings(is, should) && !(may_be_gone && is->text.len == 0))
        wrong("document %u has another text, or other strings", number);
}

static void compare_document(const struct pair *p, uint32_t number)
{
    struct winnow_error err = {0};
    struct store_doc is, should;
    struct buf room[2];
    buf_init(&room[0], SIZE_MAX);
    buf_init(&room[1], SIZE_MAX);
    if (store_get(p->should, number, true, &should, &room[1], &err) != WINNOW_OK)
        wrong("the model has no document %u: %s", number, err.text);
    else if (store_get(p->is, number, true, &is, &room[0], &err) != WINNOW_OK)
        wrong("document %u cannot be read: %s", number, err.text);
    else
        compare_documents(p, number, &is, &should);
    buf_free(&room[0]);
    buf_free(&room[1]);
}

static bool finds_living(const struct pair *p, uint32_t number)
{
    struct store_doc doc;
    struct buf room;
    buf_init(&room, SIZE_MAX);
    bool ret = store_get(p->should, number, false, &doc, &room, NULL) == WINNOW_OK &&
               outlives_catalog(doc.state);
    buf_free(&room);
    return ret;
}

static void compare_find(const struct pair *p, uint32_t doc)
{
    struct winnow_error err = {0};
    struct doc_key key = make_key(doc);
    uint32_t is = 0, should = 0;
    if (store_find(p->should, &key, &should, NULL) != WINNOW_OK)
        wrong("the model cannot find");
    else if (store_find(p->is, &key, &is, &err) != WINNOW_OK)
        wrong("the key %u cannot be looked up: %s", doc, err.text);
    else if (is != should && !(p->was_spoilt && !finds_living(p, should)))
        wrong("the key %u means document %u, not %u", doc, is, should);
}

/* A merge may have let go of what is dead. */
static void drop_dead(const struct pair *p, struct store_hits *hits)
{
    struct buf room;
    size_t kept = 0;
    buf_init(&room, SIZE_MAX);
    for (size_t i = 0; i < hits->count; i++) {
        struct store_doc doc;
        int status = store_get(p->should, hits->items[i].number, false, &doc, &room, NULL);
        if (status != WINNOW_OK || !is_dead(doc.state))
            hits->items[kept++] = hits->items[i];
    }
    hits->count = kept;
    buf_free(&room);
}

static bool same_hits(const struct store_hits *a, const struct store_hits *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = a->items[i].print == b->items[i].print && a->items[i].number == b->items[i].number;
    return same;
}

/* Also those of a document that is not there yet. */
static void compare_lookup(const struct pair *p, uint32_t doc)
{
    struct winnow_error err = {0};
    struct store_hits is = {0}, should = {0};
    struct made made;
    make_document(doc, &made);
    if (store_lookup(p->should, made.hashes, made.count, &should, NULL) != WINNOW_OK)
        wrong("the model cannot look up");
    else if (store_lookup(p->is, made.hashes, made.count, &is, &err) != WINNOW_OK)
        wrong("the fingerprints of document %u cannot be looked up: %s", doc, err.text);
    drop_dead(p, &is);
    drop_dead(p, &should);
    if (!same_hits(&is, &should))
        wrong("the fingerprints of the made document %u have %zu hits, not %zu, or others", doc,
              is.count, should.count);
    store_hits_free(&is);
    store_hits_free(&should);
    free_document(&made);
}

static void compare_site(const struct pair *p, const char *name)
{
    struct winnow_error err = {0};
    struct buf is, should;
    buf_init(&is, SIZE_MAX);
    buf_init(&should, SIZE_MAX);
    if (store_get_site(p->should, slice_of(name), &should, NULL) != WINNOW_OK)
        wrong("the model has no sites");
    else if (store_get_site(p->is, slice_of(name), &is, &err) != WINNOW_OK)
        wrong("the site %s cannot be read: %s", name, err.text);
    else if (!slice_eq(buf_slice(&is), buf_slice(&should)))
        wrong("the site %s has another blob", name);
    buf_free(&is);
    buf_free(&should);
}

static int count_site(void *ctx, struct slice name, struct slice blob)
{
    size_t *count = ctx;
    (void)name, (void)blob;
    ++*count;
    return 0;
}

static void compare_sites(const struct pair *p)
{
    char name[16];
    size_t is = 0, should = 0;
    compare_site(p, marker);
    for (uint32_t i = 0; i < SITES; i++) {
        snprintf(name, sizeof name, "site-%u", i);
        compare_site(p, name);
    }
    if (store_each_site(p->is, count_site, &is, NULL) != WINNOW_OK ||
        store_each_site(p->should, count_site, &should, NULL) != WINNOW_OK || is != should)
        wrong("there are %zu sites, not %zu", is, should);
}

static void compare_counts(const struct pair *p)
{
    struct store_stat is, should;
    struct winnow_error err = {0};
    if (store_stat(p->is, &is, &err) != WINNOW_OK ||
        store_stat(p->should, &should, &err) != WINNOW_OK) {
        wrong("the counts cannot be read: %s", err.text);
        return;
    }
    for (int i = DOC_STUB; i <= DOC_FORGOTTEN; i++)
        if (is.states[i] != should.states[i] && !(p->compacts && is_dead((enum doc_state)i)))
            wrong("%llu documents are counted in state %d, not %llu",
                  (unsigned long long)is.states[i], i, (unsigned long long)should.states[i]);
}

static void tell_damage(void *ctx, const char *file, uint64_t at, const char *text)
{
    (void)ctx;
    wrong("damage: %s: byte %llu: %s", file, (unsigned long long)at, text);
}

static void compare(const struct pair *p)
{
    /* One commit more than there is: nothing of it may be seen. */
    uint32_t docs = (p->commits + 1) * A_COMMIT;
    for (uint32_t i = 1; i <= docs; i++) {
        compare_document(p, i); /* there are at most as many numbers */
        compare_find(p, i);
        compare_lookup(p, i);
    }
    if (!p->was_spoilt) {
        compare_sites(p);
        compare_counts(p);
    }
    store_damage(p->is, tell_damage, NULL);
}

/* Compares an open index with what it should be by its own count of commits. */
static void check_store(struct store *s, const struct promise *promise, uint32_t *commits)
{
    struct winnow_error err = {0};
    struct pair p = {s, NULL, promise->compacts, promise->was_spoilt, promise->commits};
    if (!p.was_spoilt && count_commits(s, &p.commits, &err) != WINNOW_OK) {
        wrong("its commits cannot be counted: %s", err.text);
        return;
    }
    *commits = p.commits;
    if (p.commits < promise->commits || p.commits > promise->commits + 1) {
        wrong("it has %u commits, where %u were said to be durable", p.commits, promise->commits);
        return;
    }
    p.should = make_model(p.commits);
    compare(&p);
    store_close(p.should);
}

/* Nothing lies about that no writer needs. */
static void check_names(const char *folder, struct store *s)
{
    struct store_stat stat = {0};
    uint64_t runs = 0, texts = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        uint32_t number;
        enum store_file kind = store_file_of(e->d_name, &number);
        runs += kind == STORE_RUN;
        texts += kind == STORE_TEXTS;
        if (kind == STORE_LEFTOVER)
            wrong("a writer has opened it, and %s is left", e->d_name);
    }
    if (dir)
        closedir(dir);
    if (store_stat(s, &stat, NULL) != WINNOW_OK || stat.runs != runs || stat.text_files != texts)
        wrong("a writer has opened it, and there are %llu runs and %llu text files where %llu and "
              "%llu are named", (unsigned long long)runs, (unsigned long long)texts,
              (unsigned long long)stat.runs, (unsigned long long)stat.text_files);
}

static uint32_t check_open(const char *folder, bool read_only, const struct promise *promise)
{
    struct winnow_error err = {0};
    struct store *s = NULL;
    uint32_t commits = 0;
    int status = store_disk_sized(folder, &params, &sizes, read_only, &s, &err);
    if (status != WINNOW_OK) {
        /* Before its first commit there may be nothing to read, or the beginning of it. */
        if (!read_only || promise->commits || (status != WINNOW_EUSAGE && status != WINNOW_EDATA))
            wrong("it cannot be opened to %s: %s", read_only ? "read" : "write", err.text);
        return 0;
    }
    check_store(s, promise, &commits);
    if (!read_only)
        check_names(folder, s);
    store_close(s);
    return commits;
}

static void tell_finding(void *ctx, const char *file, uint64_t at, const char *text)
{
    (void)ctx;
    printf("verify: %s: byte %llu: %s\n", file, (unsigned long long)at, text);
}

static void check_verify(const char *folder, bool is_made, const char *when)
{
    struct winnow_error err = {0};
    size_t problems = 0;
    int status = store_verify(folder, tell_finding, NULL, &problems, &err);
    if (status != WINNOW_OK && is_made)
        wrong("verify fails %s: %s", when, err.text);
    if (status == WINNOW_OK && problems && is_made)
        wrong("verify finds %zu problems %s", problems, when);
}

static int mode_check(char **argv)
{
    struct promise promise = read_log(argv[1]);
    check_verify(argv[0], promise.commits > 0, "before it is opened");
    uint32_t read = check_open(argv[0], true, &promise);
    uint32_t written = check_open(argv[0], false, &promise);
    if (read > written)
        wrong("a reader sees %u commits, and then a writer %u", read, written);
    check_verify(argv[0], true, "after it was opened");
    return is_wrong;
}

/* --- spoil, cut --------------------------------------------------------------------------------------- */

static int mode_spoil(char **argv)
{
    static const char nothing[8192];
    char path[STORE_PATH_MOST];
    int log = open_log(argv[1]);
    store_path(argv[0], "catalog.mdb", path);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    add_to_log(log, "spoil\n");
    if (fd < 0 || pwrite(fd, nothing, sizeof nothing, 0) != (ssize_t)sizeof nothing)
        wrong("%s cannot be overwritten", path);
    if (fd >= 0)
        close(fd);
    close(log);
    return is_wrong;
}

static int mode_cut(char **argv)
{
    uint32_t flag = (uint32_t)strtoul(argv[1], NULL, 10);
    int fd = open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Of ext4, XFS, F2FS: the filesystem stops where it is. */
    if (fd < 0 || ioctl(fd, _IOR('X', 125, uint32_t), &flag)) {
        perror(argv[0]);
        return 1;
    }
    close(fd);
    return 0;
}

static const struct {
    const char *name;
    int words;
    int (*run)(char **argv);
} modes[] = {
    {"write", 3, mode_write},
    {"compact", 2, mode_compact},
    {"spoil", 2, mode_spoil},
    {"check", 2, mode_check},
    {"cut", 2, mode_cut},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (argc == modes[i].words + 2 && strcmp(argv[1], modes[i].name) == 0)
            return modes[i].run(argv + 2);
    fprintf(stderr, "usage: crash_index write FOLDER LOG DOCUMENTS | compact FOLDER LOG | "
                    "spoil FOLDER LOG | check FOLDER LOG | cut FOLDER FLAG\n");
    return 2;
}
