/* bench_store.c - which store for the fingerprints: LMDB alone, RocksDB, or sorted runs.
 *
 * usage: bench_store [--prints N[,N...]] [--stores NAME[,NAME...]] [--folder DIR]
 *
 * Documents come one after the other, PRINTS fingerprints each.  Each first asks for its
 * fingerprints and then puts them; all of them are committed, and synced, every COMMIT
 * documents.  One document in COPY_OF_IN is a copy of an earlier one, and all of its
 * fingerprints are known; of the others none is.  Hashes lean to small numbers as
 * winnowing leaves them.  N is where figures are taken (50M: fifty million), the last one
 * is the size.
 *
 * Each store runs in a process of its own, so that its memory can be told.  The
 * processor's time counts all threads; making documents is not counted, waiting until
 * nothing is done in the background is.  Machines are noisy, so what counts is the
 * comparison in one run. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"
#include "stores/stores.h"

enum {
    COMMIT = 8192, /* documents */
    COPY_OF_IN = 20,
    DRAWS = 5, /* the smallest of so many numbers is a hash */
    MARKS_MOST = 8,
    KINDS_MOST = 16,
};

#define LMDB lmdb_lookup, lmdb_insert, lmdb_commit, lmdb_settle, lmdb_close
#define OURS ours_lookup, ours_insert, ours_commit, ours_settle, ours_close
#if WINNOW_HAVE_ROCKSDB
#define ROCKS rocks_open, rocks_lookup, rocks_insert, rocks_commit, rocks_settle, rocks_close
#else
#define ROCKS NULL, NULL, NULL, NULL, NULL, NULL
#endif

const struct kind kinds[] = {
    {"lmdb", "LMDB, hash -> documents", LMDB_PLAIN, lmdb_open, LMDB},
    {"lmdb-writemap", "the same, MDB_WRITEMAP", LMDB_WRITEMAP, lmdb_open, LMDB},
    {"lmdb-buckets", "LMDB, 16 bits -> rest, document", LMDB_BUCKETS, lmdb_open, LMDB},
    {"rocksdb", "RocksDB, written", ROCKS_WRITE, ROCKS},
    {"rocksdb-ingest", "RocksDB, sorted files ingested", ROCKS_INGEST, ROCKS},
    {"runs", "sorted runs, LMDB as catalog", 0, ours_open, OURS},
    {0},
};

struct options {
    uint64_t marks[MARKS_MOST]; /* fingerprints */
    size_t nmarks;
    const char *stores, *parent;
};

/* The figures at a mark. */
struct row {
    double cpu, wall;           /* seconds since the start */
    double late_cpu;            /* of the last tenth before the mark */
    uint64_t prints, late_prints;
    uint64_t disk, disk_peak, anon, resident; /* bytes */
    struct tally tally;
};

/* --- documents ---------------------------------------------------------------------------- */

/* The document whose text document i has. */
static uint64_t original_of(uint64_t i)
{
    for (;;) {
        uint64_t random = i;
        if (i == 0 || next_random(&random) % COPY_OF_IN)
            return i;
        i = next_random(&random) % i;
    }
}

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void make_document(uint64_t i, uint64_t ret[PRINTS])
{
    uint64_t random = original_of(i) << 20 ^ 0xA5A5A5A5u;
    for (size_t p = 0; p < PRINTS; p++) {
        ret[p] = next_random(&random);
        for (int d = 1; d < DRAWS; d++) {
            uint64_t other = next_random(&random);
            ret[p] = other < ret[p] ? other : ret[p];
        }
    }
    qsort(ret, PRINTS, sizeof *ret, compare_hashes);
}

/* --- one store ---------------------------------------------------------------------------- */

struct run {
    const struct kind *kind;
    void *store;
    const char *folder;
    uint64_t (*batch)[PRINTS];
    uint64_t documents;
    double idle_cpu, idle_wall; /* what is not counted */
    double cpu_start, wall_start;
    struct row now;
};

static void take_times(struct run *r)
{
    r->now.cpu = measure_clock(CLOCK_PROCESS_CPUTIME_ID) - r->cpu_start - r->idle_cpu;
    r->now.wall = measure_clock(CLOCK_MONOTONIC) - r->wall_start - r->idle_wall;
}

static void take_sizes(struct run *r)
{
    double cpu = measure_clock(CLOCK_THREAD_CPUTIME_ID), wall = measure_clock(CLOCK_MONOTONIC);
    uint64_t anon = measure_memory("RssAnon");
    r->now.disk = measure_folder(r->folder);
    r->now.disk_peak = r->now.disk > r->now.disk_peak ? r->now.disk : r->now.disk_peak;
    r->now.anon = anon > r->now.anon ? anon : r->now.anon;
    r->now.resident = measure_memory("VmHWM");
    r->idle_cpu += measure_clock(CLOCK_THREAD_CPUTIME_ID) - cpu;
    r->idle_wall += measure_clock(CLOCK_MONOTONIC) - wall;
}

static void make_batch(struct run *r, size_t count)
{
    double cpu = measure_clock(CLOCK_THREAD_CPUTIME_ID), wall = measure_clock(CLOCK_MONOTONIC);
    for (size_t i = 0; i < count; i++)
        make_document(r->documents + i, r->batch[i]);
    r->idle_cpu += measure_clock(CLOCK_THREAD_CPUTIME_ID) - cpu;
    r->idle_wall += measure_clock(CLOCK_MONOTONIC) - wall;
}

static void run_batch(struct run *r, size_t count)
{
    make_batch(r, count);
    for (size_t i = 0; i < count; i++) {
        uint32_t number = (uint32_t)(r->documents + i + 1);
        r->kind->lookup(r->store, r->batch[i], PRINTS, &r->now.tally);
        r->kind->insert(r->store, number, r->batch[i], PRINTS);
    }
    r->kind->commit(r->store);
    r->documents += count;
    r->now.prints += count * PRINTS;
    take_sizes(r);
}

static void run_to(struct run *r, uint64_t prints)
{
    while (r->now.prints < prints) {
        uint64_t left = (prints - r->now.prints + PRINTS - 1) / PRINTS;
        run_batch(r, left < COMMIT ? (size_t)left : COMMIT);
    }
}

static void run_store(const struct kind *kind, const char *folder, const struct options *o,
                      struct row *rows)
{
    struct run r = {.kind = kind, .folder = folder};
    r.batch = must(malloc(COMMIT * sizeof *r.batch));
    r.store = kind->open(folder, kind->variant);
    r.cpu_start = measure_clock(CLOCK_PROCESS_CPUTIME_ID);
    r.wall_start = measure_clock(CLOCK_MONOTONIC);
    for (size_t i = 0; i < o->nmarks; i++) {
        run_to(&r, o->marks[i] - o->marks[i] / 10);
        take_times(&r);
        double cpu = r.now.cpu;
        uint64_t prints = r.now.prints;
        run_to(&r, o->marks[i]);
        kind->settle(r.store);
        take_times(&r);
        take_sizes(&r);
        r.now.late_cpu = r.now.cpu - cpu;
        r.now.late_prints = r.now.prints - prints;
        rows[i] = r.now;
    }
    kind->close(r.store);
    free(r.batch);
}

/* --- the report --------------------------------------------------------------------------- */

static void print_row(const struct kind *kind, const struct row *row)
{
    double prints = (double)row->prints;
    printf("%-32s %8.1f %9.2f %9.2f %9.2f %9.1f %9.1f %8.0f %8.0f\n", kind->about, prints / 1e6,
           prints / 1e6 / row->cpu, (double)row->late_prints / 1e6 / row->late_cpu,
           prints / 1e6 / row->wall, (double)row->disk / prints, (double)row->disk_peak / prints,
           (double)row->anon / 1048576, (double)row->resident / 1048576);
}

static void print_head(void)
{
    printf("%d fingerprints a document, a commit every %d documents, one document in %d is a "
           "copy;\nM/s: million fingerprints a second, each looked up and inserted; late: the "
           "last tenth\n\n%-32s %8s %9s %9s %9s %9s %9s %8s %8s\n%-32s %8s %9s %9s %9s %9s %9s "
           "%8s %8s\n",
           PRINTS, COMMIT, COPY_OF_IN, "", "million", "M/s of", "late M/s", "M/s of", "disk,",
           "at most", "anon.", "resident", "store", "prints", "CPU", "of CPU", "wall", "B/print",
           "B/print", "MiB", "MiB");
}

/* One may find some too many (see ours.c), and none too few. */
static bool finds_the_same(const struct row *a, const struct row *b)
{
    uint64_t most = a->tally.prints > b->tally.prints ? a->tally.prints : b->tally.prints;
    uint64_t least = a->tally.prints + b->tally.prints - most;
    return most - least <= a->prints / 100000;
}

/* Runs a store in a process of its own; first: the rows of the store before. */
static bool measure_store(const struct kind *kind, const struct options *o, struct row *rows,
                          const struct row *first)
{
    char *folder = measure_make_folder(o->parent);
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        run_store(kind, folder, o, rows);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        die("cannot run a process", kind->name);
    measure_drop_folder(folder);
    free(folder);
    if (status) {
        printf("%-32s failed\n", kind->about);
        return false;
    }
    for (size_t i = 0; i < o->nmarks; i++) {
        print_row(kind, &rows[i]);
        if (!finds_the_same(&rows[i], &first[i]))
            die("it finds other fingerprints than the first store", kind->name);
    }
    return true;
}

static bool is_asked_for(const struct kind *kind, const char *list)
{
    size_t len = strlen(kind->name);
    for (const char *p = list; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncmp(p, kind->name, len) == 0 && (p[len] == '\0' || p[len] == ','))
            return true;
    }
    return !list;
}

static void measure_all(const struct options *o)
{
    size_t len = KINDS_MOST * MARKS_MOST * sizeof(struct row);
    struct row(*rows)[MARKS_MOST] = mmap(NULL, len, PROT_READ | PROT_WRITE,
                                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const struct row *first = NULL;
    if (rows == MAP_FAILED)
        die("out of memory", "rows");
    print_head();
    for (size_t i = 0; kinds[i].name; i++) {
        if (!is_asked_for(&kinds[i], o->stores))
            continue;
        if (!kinds[i].open)
            printf("%-32s not built in\n", kinds[i].about);
        else if (measure_store(&kinds[i], o, rows[i], first ? first : rows[i]) && !first)
            first = rows[i];
    }
    if (first)
        printf("\nfound by each: %.1f %% of the fingerprints\n",
               100 * (double)first[o->nmarks - 1].tally.prints /
                   (double)first[o->nmarks - 1].prints);
    munmap(rows, len);
}

static void read_marks(const char *s, struct options *o)
{
    o->nmarks = 0;
    do {
        char *end;
        uint64_t n = strtoull(s, &end, 10);
        n *= *end == 'M' ? 1000000 : 1;
        end += *end == 'M';
        if (n < PRINTS || n > (uint64_t)1 << 36 || (*end && *end != ',') ||
            o->nmarks == MARKS_MOST || (o->nmarks && n <= o->marks[o->nmarks - 1]))
            die("say for instance 10M,50M", "--prints");
        o->marks[o->nmarks++] = n;
        s = end + 1;
        if (*end == '\0')
            return;
    } while (true);
}

int main(int argc, char **argv)
{
    static const struct option names[] = {{"prints", required_argument, NULL, 'p'},
                                          {"stores", required_argument, NULL, 's'},
                                          {"folder", required_argument, NULL, 'f'},
                                          {0}};
    struct options o = {.marks = {5000000}, .nmarks = 1};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;)
        switch (c) {
        case 'p':
            read_marks(optarg, &o);
            break;
        case 's':
            o.stores = optarg;
            break;
        case 'f':
            o.parent = optarg;
            break;
        default:
            return 64;
        }
    measure_all(&o);
    return 0;
}
