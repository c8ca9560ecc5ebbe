/* bench_index.c - an index fed with document after document: how fast, how large.
 *
 * usage: bench_index [--documents N[,N...]] [--memory] [--store FLUSH,FACTOR] [--folder DIR]
 *
 * Each made document (made_text.h says how, and how many are copies) goes the way that
 * across.c and index.c send it: it is fingerprinted, the index is asked, the earlier
 * documents worth a look are read and compared, and then it is put; every COMMIT documents
 * all of it is committed.  Making documents is not counted.  Each size runs in a process
 * of its own, so that its memory can be told; --memory takes the index without a folder,
 * --store another struct store_sizes than the default.
 *
 * MB/s are of the documents' text.  Machines are noisy, so XXH3 and memcpy of the same
 * texts in the same run say how fast this one is. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "across_parts.h"
#include "hash.h"
#include "made_text.h"
#include "measure.h"

enum {
    COMMIT = 8192,
    BATCH = 512, /* documents that are made at once */
    TIMED_OF = 4, /* one document in so many is timed by its stages: the clock costs */
    SIZES_MOST = 8,
    MEMORY_MOST = 512 * 1024 * 1024, /* bytes of an index without a folder */
};

enum stage { ASK, LOOKUP, CHOOSE, READ, COMPARE, KEEP, PUT, COMMITS, STAGES };

static const struct {
    const char *name, *about;
} stages[STAGES] = {
    [ASK] = {"ask", "fingerprints to ask by"},
    [LOOKUP] = {"lookup", "who has them"},
    [CHOOSE] = {"choose", "candidates"},
    [READ] = {"read", "their texts from the store"},
    [COMPARE] = {"compare", "with their texts"},
    [KEEP] = {"keep", "fingerprints to keep"},
    [PUT] = {"put", "into the store"},
    [COMMITS] = {"commit", "and merge"},
};

/* What a run of one size has come to; seconds and bytes. */
struct result {
    uint64_t documents, bytes;
    double cpu, wall, late_cpu; /* late: of the last tenth */
    uint64_t late_bytes;
    double stage[STAGES], commit_wall; /* stages: of the timed documents, but for COMMITS */
    uint64_t timed;
    double xxh3, copy;
    uint64_t anon, anon_before, resident;
    uint64_t made[MADE_KINDS], found[MADE_KINDS], compared;
    struct store_stat stat;
};

struct feed {
    struct winnow_index index;
    struct made *made;
    char *texts, *copies; /* of a batch, one behind the other */
    size_t texts_len, texts_cap;
    size_t starts[BATCH + 1];
    enum made_kind kinds[BATCH];
    uint64_t since_commit;
    bool is_timed; /* the present document */
    double mark;   /* when its present stage began */
    struct result r;
};

static void check(int status, const struct winnow_error *err, const char *what)
{
    if (status != WINNOW_OK)
        die(err->text[0] ? err->text : "failed", what);
}

static void begin(struct feed *r)
{
    if (r->is_timed)
        r->mark = measure_clock(CLOCK_THREAD_CPUTIME_ID);
}

static void end(struct feed *r, enum stage stage)
{
    if (!r->is_timed)
        return;
    double now = measure_clock(CLOCK_THREAD_CPUTIME_ID);
    r->r.stage[stage] += now - r->mark;
    r->mark = now;
}

/* --- texts -------------------------------------------------------------------------------- */

static void add_text(struct feed *r, size_t i, struct slice text)
{
    if (r->texts_cap - r->texts_len < text.len) {
        r->texts_cap = 2 * (r->texts_cap + text.len);
        r->texts = must(realloc(r->texts, r->texts_cap));
        r->copies = must(realloc(r->copies, r->texts_cap));
    }
    memcpy(r->texts + r->texts_len, text.p, text.len);
    r->starts[i] = r->texts_len;
    r->starts[i + 1] = r->texts_len += text.len;
}

static struct slice text_of(const struct feed *r, size_t i)
{
    return (struct slice){r->texts + r->starts[i], r->starts[i + 1] - r->starts[i]};
}

static volatile uint64_t sink; /* keeps what is measured */

static void make_batch(struct feed *r, uint64_t first, size_t count)
{
    r->texts_len = 0;
    for (size_t i = 0; i < count; i++) {
        struct slice text;
        r->kinds[i] = made_document(r->made, first + i, &text);
        add_text(r, i, text);
    }
    double start = measure_clock(CLOCK_THREAD_CPUTIME_ID);
    memcpy(r->copies, r->texts, r->texts_len);
    sink += (uint64_t)(unsigned char)r->copies[r->texts_len / 2];
    double middle = measure_clock(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < count; i++)
        sink += hash_bytes(text_of(r, i));
    r->r.copy += middle - start;
    r->r.xxh3 += measure_clock(CLOCK_THREAD_CPUTIME_ID) - middle;
}

/* --- one document ------------------------------------------------------------------------- */

/* Does the candidate's text have a passage of this one? */
static bool compare(struct feed *r, struct candidate *c, struct slice text)
{
    struct store_doc doc;
    struct buf room;
    struct winnow_error err = {0};
    buf_init(&room, SIZE_MAX / 2);
    check(store_get(r->index.store, c->number, true, &doc, &room, &err), &err, "get");
    end(r, READ);
    check(judge_across(doc.text, text, &c->found), &err, "compare");
    end(r, COMPARE);
    buf_free(&room);
    r->r.compared++;
    return c->found.removals.count > 0;
}

static bool ask(struct feed *r, const struct store_doc *own, struct slice text)
{
    struct winnow_index *ix = &r->index;
    struct candidates candidates = {.count = 0};
    struct winnow_error err = {0};
    bool found = false;
    begin(r);
    check(prints_make(&ix->prints, &ix->store->params, text), &err, "fingerprint");
    end(r, ASK);
    check(store_lookup(ix->store, ix->prints.ask, ix->prints.nask, &ix->hits, &err), &err,
          "lookup");
    end(r, LOOKUP);
    struct store_doc last = *own;
    last.first = UINT32_MAX; /* a new document comes behind all others */
    check(candidates_choose(ix, &last, &candidates, &err), &err, "choose");
    end(r, CHOOSE);
    for (size_t i = 0; i < candidates.count; i++)
        found |= compare(r, &candidates.items[i], text);
    candidates_free(&candidates);
    return found;
}

static void put(struct feed *r, const struct store_doc *doc)
{
    struct winnow_index *ix = &r->index;
    struct winnow_error err = {0};
    begin(r);
    check(prints_make(&ix->prints, &ix->store->params, doc->text), &err, "fingerprint");
    end(r, KEEP);
    check(store_put(ix->store, doc, ix->prints.keep, ix->prints.nkeep, NULL, &err), &err, "put");
    end(r, PUT);
}

static void add(struct feed *r, uint64_t number, enum made_kind kind, struct slice text)
{
    char source[64];
    int len = snprintf(source, sizeof source, "https://news.example/%u/story-%llu.html",
                       (unsigned)(number % 5000), (unsigned long long)number);
    struct store_doc doc = {
        .state = DOC_LIVE,
        .time = 1700000000 + (int64_t)number,
        .source = {source, (size_t)len},
        .url = {source, (size_t)len},
        .site = {"news.example", 12},
        .text = text,
    };
    hash_128(doc.source, doc.key.bytes);
    hash_128(text, doc.content.bytes);
    r->is_timed = number % TIMED_OF == 0;
    r->r.timed += r->is_timed;
    r->r.made[kind]++;
    r->r.found[kind] += ask(r, &doc, text);
    put(r, &doc);
    r->r.documents++;
    r->r.bytes += text.len;
}

struct options {
    uint64_t sizes[SIZES_MOST];
    size_t count;
    bool memory;
    struct store_sizes store; /* flush 0: its own */
    const char *parent;
};

/* --- one size ----------------------------------------------------------------------------- */

static void commit(struct feed *r)
{
    struct winnow_error err = {0};
    double cpu = measure_clock(CLOCK_PROCESS_CPUTIME_ID), wall = measure_clock(CLOCK_MONOTONIC);
    check(store_commit(r->index.store, &err), &err, "commit");
    r->r.stage[COMMITS] += measure_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    r->r.commit_wall += measure_clock(CLOCK_MONOTONIC) - wall;
    r->since_commit = 0;
}

static void note_memory(struct feed *r)
{
    uint64_t anon = measure_memory("RssAnon");
    r->r.anon = anon > r->r.anon ? anon : r->r.anon;
    r->r.resident = measure_memory("VmHWM");
}

static void add_batch(struct feed *r, uint64_t first, size_t count)
{
    make_batch(r, first, count);
    double cpu = measure_clock(CLOCK_PROCESS_CPUTIME_ID), wall = measure_clock(CLOCK_MONOTONIC);
    for (size_t i = 0; i < count; i++)
        add(r, first + i, r->kinds[i], text_of(r, i));
    r->since_commit += count;
    if (r->since_commit >= COMMIT)
        commit(r);
    r->r.cpu += measure_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    r->r.wall += measure_clock(CLOCK_MONOTONIC) - wall;
    note_memory(r);
}

static void add_until(struct feed *r, uint64_t documents)
{
    while (r->r.documents < documents) {
        uint64_t left = documents - r->r.documents;
        add_batch(r, r->r.documents, left < BATCH ? (size_t)left : BATCH);
    }
}

static void open_index(struct feed *r, const struct options *o, const char *folder)
{
    struct winnow_error err = {0};
    struct store_params params = prints_params();
    params.key = 20240229;
    int status = WINNOW_OK;
    if (!folder)
        status = store_memory(&params, MEMORY_MOST, &r->index.store, &err);
    else if (o->store.flush)
        status = store_disk_sized(folder, &params, &o->store, false, &r->index.store, &err);
    else
        status = store_disk(folder, &params, false, &r->index.store, &err);
    check(status, &err, "open");
    prints_init(&r->index.prints);
}

static void close_index(struct feed *r)
{
    store_hits_free(&r->index.hits);
    prints_free(&r->index.prints);
    store_close(r->index.store);
    made_free(r->made);
    free(r->texts);
    free(r->copies);
}

static void run_size(const struct options *o, uint64_t documents, const char *folder,
                     struct result *ret)
{
    struct feed r = {.made = made_new()};
    struct winnow_error err = {0};
    make_batch(&r, 0, BATCH);
    r.r = (struct result){.anon_before = measure_memory("RssAnon")};
    open_index(&r, o, folder);
    add_until(&r, documents - documents / 10);
    double cpu = r.r.cpu;
    uint64_t bytes = r.r.bytes;
    add_until(&r, documents);
    double start = measure_clock(CLOCK_PROCESS_CPUTIME_ID), wall = measure_clock(CLOCK_MONOTONIC);
    commit(&r);
    r.r.cpu += measure_clock(CLOCK_PROCESS_CPUTIME_ID) - start;
    r.r.wall += measure_clock(CLOCK_MONOTONIC) - wall;
    r.r.late_cpu = r.r.cpu - cpu;
    r.r.late_bytes = r.r.bytes - bytes;
    note_memory(&r);
    check(store_stat(r.index.store, &r.r.stat, &err), &err, "stat");
    close_index(&r);
    *ret = r.r;
}

/* --- the report --------------------------------------------------------------------------- */

static void print_speeds(const struct result *all, size_t count)
{
    printf("%10s %9s %10s %9s %9s %9s %9s %9s %9s\n", "documents", "MB text", "docs/s", "MB/s CPU",
           "late", "MB/s wall", "of first", "XXH3 GB/s", "memcpy");
    for (size_t i = 0; i < count; i++) {
        const struct result *r = &all[i];
        double mb = (double)r->bytes / 1e6;
        printf("%10llu %9.1f %10.0f %9.1f %9.1f %9.1f %9.2f %9.1f %9.1f\n",
               (unsigned long long)r->documents, mb, (double)r->documents / r->cpu, mb / r->cpu,
               (double)r->late_bytes / 1e6 / r->late_cpu, mb / r->wall,
               mb / r->cpu / ((double)all[0].bytes / 1e6 / all[0].cpu), mb / 1e3 / r->xxh3,
               mb / 1e3 / r->copy);
    }
}

static void print_stages(const struct result *all, size_t count)
{
    printf("\nmicroseconds of CPU a document\n%10s", "documents");
    for (int s = 0; s < STAGES; s++)
        printf(" %8s", stages[s].name);
    printf(" %8s %8s %8s\n", "all", "(waits)", "compared");
    for (size_t i = 0; i < count; i++) {
        const struct result *r = &all[i];
        double n = (double)r->documents;
        printf("%10.0f", n);
        for (int s = 0; s < STAGES; s++)
            printf(" %8.2f", r->stage[s] / (s == COMMITS ? n : (double)r->timed) * 1e6);
        printf(" %8.2f %8.2f %8.3f\n", r->cpu / n * 1e6,
               (r->commit_wall - r->stage[COMMITS]) / n * 1e6, (double)r->compared / n);
    }
    for (int s = 0; s < STAGES; s++)
        printf("%s%s: %s", s == 0 ? "  " : s == COMMITS / 2 ? ";\n  " : "; ", stages[s].name,
               stages[s].about);
    printf(";\n  (waits): for the disk in commits; compared: earlier texts a document\n");
}

static void print_sizes(const struct result *all, size_t count)
{
    printf("\nbytes a document, memory at most in MiB (the benchmark's own not in `index`)\n"
           "%10s %8s %8s %8s %8s %8s %8s %9s %9s %9s\n", "documents", "prints", "B/print",
           "prints B", "texts B", "else B", "runs", "index", "anon.", "resident");
    for (size_t i = 0; i < count; i++) {
        const struct result *r = &all[i];
        const struct store_stat *s = &r->stat;
        double n = (double)r->documents;
        printf("%10.0f %8.1f %8.2f %8.0f %8.0f %8.0f %8llu %9.0f %9.0f %9.0f\n", n,
               (double)s->prints / n, (double)s->print_bytes / (double)s->prints,
               (double)s->print_bytes / n, (double)s->text_bytes / n, (double)s->other_bytes / n,
               (unsigned long long)s->runs, (double)(r->anon - r->anon_before) / 1048576,
               (double)r->anon / 1048576, (double)r->resident / 1048576);
    }
}

static void print_found(const struct result *all, size_t count)
{
    static const char *const names[MADE_KINDS] = {"new", "copies", "cut", "quoting"};
    printf("\nfound to share a passage with an earlier one, of so many (a quoted paragraph of "
           "fewer than\n180 letters is none)\n%10s", "documents");
    for (int k = 0; k < MADE_KINDS; k++)
        printf(" %17s", names[k]);
    printf("\n");
    for (size_t i = 0; i < count; i++) {
        printf("%10llu", (unsigned long long)all[i].documents);
        for (int k = 0; k < MADE_KINDS; k++)
            printf(" %8llu/%-8llu", (unsigned long long)all[i].found[k],
                   (unsigned long long)all[i].made[k]);
        printf("\n");
    }
}

static void measure_size(const struct options *o, size_t i, struct result *ret)
{
    char *folder = o->memory ? NULL : measure_make_folder(o->parent);
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        run_size(o, o->sizes[i], folder, ret);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        die("cannot run a process", "fork");
    if (folder)
        measure_drop_folder(folder);
    free(folder);
    if (status)
        exit(1);
}

static void measure_all(const struct options *o)
{
    struct result *all = mmap(NULL, SIZES_MOST * sizeof *all, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        die("out of memory", "results");
    for (size_t i = 0; i < o->count; i++)
        measure_size(o, i, &all[i]);
    printf("one thread; of 100 documents %d are copies, %d cut short, %d quote; a commit every %d\n"
           "\n", MADE_COPIES, MADE_CUTS, MADE_QUOTES, COMMIT);
    print_speeds(all, o->count);
    print_stages(all, o->count);
    print_sizes(all, o->count);
    print_found(all, o->count);
    munmap(all, SIZES_MOST * sizeof *all);
}

static void read_sizes(const char *s, struct options *o)
{
    for (o->count = 0;; s++) {
        char *stop;
        uint64_t n = strtoull(s, &stop, 10);
        if (n < 10 || n > UINT32_MAX || (*stop && *stop != ',') || o->count == SIZES_MOST)
            die("say for instance 10000,100000", "--documents");
        o->sizes[o->count++] = n;
        s = stop;
        if (*s == '\0')
            return;
    }
}

static void read_store_sizes(const char *s, struct options *o)
{
    if (sscanf(s, "%u,%u", &o->store.flush, &o->store.factor) != 2)
        die("say for instance 1048576,6", "--store");
}

int main(int argc, char **argv)
{
    static const struct option names[] = {{"documents", required_argument, NULL, 'd'},
                                          {"folder", required_argument, NULL, 'f'},
                                          {"memory", no_argument, NULL, 'm'},
                                          {"store", required_argument, NULL, 's'},
                                          {0}};
    struct options o = {.sizes = {10000}, .count = 1};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;)
        switch (c) {
        case 'd':
            read_sizes(optarg, &o);
            break;
        case 'f':
            o.parent = optarg;
            break;
        case 'm':
            o.memory = true;
            break;
        case 's':
            read_store_sizes(optarg, &o);
            break;
        default:
            return 64;
        }
    measure_all(&o);
    return 0;
}
