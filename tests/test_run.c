/* test_run.c - run files: what was put in is found, merged as if put in at once, and no
 * byte of a file can change unnoticed. */
#include "testing.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "hash.h"
#include "store/run_parts.h"

enum { PATH = 200 };

/* --- a folder, hashes, and what is expected of them --------------------------------------------- */

static char folder[] = "/tmp/winnow-run-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static size_t files_of_folder(bool remove_them)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    size_t ret = 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        ret++;
        if (remove_them)
            unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
    return ret;
}

static int empty_folder(void **state)
{
    (void)state;
    files_of_folder(true);
    return 0;
}

static int remove_folder(void **state)
{
    empty_folder(state);
    return rmdir(folder);
}

static const char *path_of(char ret[PATH], const char *name)
{
    snprintf(ret, PATH, "%s/%s", folder, name);
    return ret;
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 32 ^ *state;
}

/* As winnowing leaves them: the smallest of eight. */
static uint64_t next_hash(uint64_t *state)
{
    uint64_t ret = UINT64_MAX;
    for (int i = 0; i < 8; i++) {
        uint64_t h = next_random(state) * UINT64_C(0x9E3779B97F4A7C15);
        ret = h < ret ? h : ret;
    }
    return ret;
}

/* count entries of documents of 20 hashes, in any order; every tenth is of one of some
 * popular hashes.  Free them. */
static struct run_entry *make_entries(size_t count, uint64_t seed)
{
    struct run_entry *ret = malloc((count + 1) * sizeof *ret);
    assert_non_null(ret);
    uint64_t popular[50];
    for (size_t i = 0; i < 50; i++)
        popular[i] = next_hash(&seed);
    for (size_t i = 0; i < count; i++) {
        bool is_popular = next_random(&seed) % 10 == 0;
        ret[i].hash = is_popular ? popular[next_random(&seed) % 50] : next_hash(&seed);
        ret[i].number = (uint32_t)(1000 + (i * 7919 % (count + 1)) / 20);
    }
    return ret;
}

static struct run_entry *copy_of(const struct run_entry *entries, size_t count)
{
    struct run_entry *ret = malloc((count + 1) * sizeof *ret);
    assert_non_null(ret);
    return memcpy(ret, entries, count * sizeof *ret);
}

static int by_hash_and_number(const void *a, const void *b)
{
    const struct run_entry *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Sorts them by hash and number and keeps, of each hash, the first documents: what a run
 * of them is to hold. */
static size_t keep_expected(struct run_entry *entries, size_t count)
{
    size_t kept = 0, same = 0;
    qsort(entries, count, sizeof *entries, by_hash_and_number);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && by_hash_and_number(&entries[i], &entries[kept - 1]) == 0)
            continue;
        same = kept > 0 && entries[i].hash == entries[kept - 1].hash ? same + 1 : 1;
        if (same <= STORE_DOCS_MOST)
            entries[kept++] = entries[i];
    }
    return kept;
}

/* --- runs -------------------------------------------------------------------------------------- */

static struct run_info write_run(const char *name, const struct run_entry *entries, size_t count)
{
    char path[PATH];
    struct run_entry *copy = copy_of(entries, count);
    struct run_info ret = {0};
    struct winnow_error err = {0};
    if (run_write(path_of(path, name), copy, count, &ret, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    free(copy);
    return ret;
}

static struct run *open_run(const char *name, const struct run_info *info)
{
    char path[PATH];
    struct run *ret = NULL;
    struct winnow_error err = {0};
    if (run_open(path_of(path, name), info, &ret, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return ret;
}

static struct store_hits look_up(struct run *r, const uint64_t *hashes, size_t count)
{
    struct store_hits ret = {0};
    assert_int_equal(run_lookup(r, hashes, count, &ret), WINNOW_OK);
    return ret;
}

static void found_nothing(void *ctx, uint64_t at)
{
    (void)ctx;
    fail_msg("damaged at byte %llu", (unsigned long long)at);
}

static void count_found(void *ctx, uint64_t at)
{
    (void)at;
    ++*(size_t *)ctx;
}

/* The hashes of sorted entries, each once.  Free them. */
static uint64_t *hashes_of(const struct run_entry *entries, size_t count, size_t *ret_count)
{
    uint64_t *ret = calloc(count + 1, sizeof *ret);
    assert_non_null(ret);
    *ret_count = 0;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || entries[i].hash != entries[i - 1].hash)
            ret[(*ret_count)++] = entries[i].hash;
    return ret;
}

/* The run finds exactly these entries (sorted, the first of each hash) when asked for all
 * of their hashes. */
static void expect_entries(struct run *r, const struct run_entry *want, size_t count)
{
    size_t nhashes, at = 0;
    uint64_t *hashes = hashes_of(want, count, &nhashes);
    struct store_hits hits = look_up(r, hashes, nhashes);
    assert_int_equal(hits.count, count);
    for (; at < count; at++) {
        assert_int_equal(hashes[hits.items[at].print], want[at].hash);
        assert_int_equal(hits.items[at].number, want[at].number);
    }
    assert_int_equal(run_info(r)->entries, count);
    assert_int_equal(run_verify(r, found_nothing, NULL), WINNOW_OK);
    free(hits.items);
    free(hashes);
}

static void expect_no_strangers(struct run *r)
{
    uint64_t hashes[1000], seed = 99;
    for (size_t i = 0; i < 1000; i++)
        hashes[i] = next_hash(&seed);
    struct store_hits hits = look_up(r, hashes, 1000);
    assert_int_equal(hits.count, 0);
    free(hits.items);
}

static void finds_what_was_written_and_nothing_else(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 63, 64, 255, 2000, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct run_entry *entries = make_entries(sizes[i], i + 1);
        struct run_info info = write_run("run", entries, sizes[i]);
        struct run *r = open_run("run", &info);
        expect_entries(r, entries, keep_expected(entries, sizes[i]));
        expect_no_strangers(r);
        run_cool(r);
        expect_no_strangers(r);
        run_close(r);
        free(entries);
        empty_folder(NULL);
    }
}

static void tells_the_file_and_the_documents(void **state)
{
    (void)state;
    char path[PATH];
    struct stat st;
    struct run_entry entries[] = {{5, 70}, {9, 12}, {5, 4000000000}};
    struct run_info info = write_run("run", entries, 3);
    assert_int_equal(stat(path_of(path, "run"), &st), 0);
    assert_int_equal(info.bytes, st.st_size);
    assert_int_equal(info.entries, 3);
    assert_int_equal(info.first_number, 12);
    assert_int_equal(info.last_number, 4000000000);
    struct run *r = open_run("run", NULL);
    assert_int_equal(run_info(r)->checksum, info.checksum);
    keep_expected(entries, 3);
    expect_entries(r, entries, 3);
    run_close(r);
}

/* The bound that the index's size goal stands on; the fixed parts are the small file's. */
static void takes_five_bytes_an_entry(void **state)
{
    (void)state;
    const size_t count = 200000;
    struct run_entry *entries = malloc(count * sizeof *entries);
    uint64_t seed = 5;
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct run_entry){next_hash(&seed), (uint32_t)(i / 138)};
    struct run_info info = write_run("run", entries, count);
    assert_true(info.bytes - 3 * 4096 <= info.entries * 5);
    free(entries);
}

static void keeps_the_first_documents_of_a_popular_hash(void **state)
{
    (void)state;
    enum { DOCS = 300 };
    struct run_entry entries[2 * DOCS];
    for (uint32_t i = 0; i < DOCS; i++) {
        entries[2 * i] = (struct run_entry){77, 10 + i * 7 % DOCS};
        entries[2 * i + 1] = (struct run_entry){78 + i, 10 + i};
    }
    struct run_info info = write_run("run", entries, 2 * DOCS);
    struct run *r = open_run("run", &info);
    uint64_t hash = 77;
    struct store_hits hits = look_up(r, &hash, 1);
    assert_int_equal(hits.count, STORE_DOCS_MOST);
    for (uint32_t i = 0; i < hits.count; i++)
        assert_int_equal(hits.items[i].number, 10 + i);
    free(hits.items);
    run_close(r);
}

static void names_a_document_once_for_a_hash(void **state)
{
    (void)state;
    struct run_entry entries[20];
    for (size_t i = 0; i < 20; i++)
        entries[i] = (struct run_entry){3, i < 19 ? 5 : 6};
    struct run_info info = write_run("run", entries, 20);
    struct run *r = open_run("run", &info);
    struct run_entry want[] = {{3, 5}, {3, 6}};
    expect_entries(r, want, 2);
    run_close(r);
}

/* A hash that falls in the first 64th of all keys. */
static uint64_t next_crowded(uint64_t *seed)
{
    for (;;) {
        uint64_t ret = next_hash(seed);
        if (run_key(ret) >> (RUN_KEY_BITS - 6) == 0)
            return ret;
    }
}

/* Entries that are all of the first group, which is meant to have some 64. */
static void make_crowd(struct run_entry *entries, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct run_entry){next_crowded(&seed), (uint32_t)i};
}

static void finds_all_in_a_crowded_group(void **state)
{
    (void)state;
    /* The map of homes ends in its third word, at its end, and in the words behind. */
    static const size_t sizes[] = {100, 127, 128, 129, 130, 131, 192, 193, 500, RUN_GROUP_MOST};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct run_entry entries[RUN_GROUP_MOST];
        uint64_t strangers[1000], seed = 17, at;
        make_crowd(entries, sizes[i], i + 1);
        write_run("run", entries, sizes[i]);
        struct run *r = open_run("run", NULL);
        expect_entries(r, entries, keep_expected(entries, sizes[i]));
        for (size_t n = 0; n < 1000; n++)
            strangers[n] = next_crowded(&seed);
        struct store_hits hits = look_up(r, strangers, 1000);
        assert_int_equal(hits.count, 0);
        assert_false(run_is_damaged(r, &at));
        run_close(r);
        empty_folder(NULL);
    }
}

static int by_key(const void *a, const void *b)
{
    uint64_t x = run_key(((const struct run_entry *)a)->hash);
    uint64_t y = run_key(((const struct run_entry *)b)->hash);
    return x < y ? -1 : x > y;
}

/* Nobody's text makes so many: who chose the hashes loses some of them. */
static void leaves_out_what_a_group_has_no_room_for(void **state)
{
    (void)state;
    enum { CROWD = RUN_GROUP_MOST + 200 };
    struct run_entry entries[CROWD + 1];
    uint64_t seed = 5;
    make_crowd(entries, CROWD, 3);
    do /* one in a later group is not among them */
        entries[CROWD] = (struct run_entry){next_hash(&seed), 7};
    while (run_key(entries[CROWD].hash) >> (RUN_KEY_BITS - 1) == 0);
    write_run("run", entries, CROWD + 1);
    qsort(entries, CROWD, sizeof *entries, by_key);
    entries[RUN_GROUP_MOST] = entries[CROWD];
    struct run *r = open_run("run", NULL);
    expect_entries(r, entries, keep_expected(entries, RUN_GROUP_MOST + 1));
    run_close(r);
}

static void appends_to_the_hits_there_are(void **state)
{
    (void)state;
    struct run_entry entries[] = {{1, 1}, {2, 2}};
    write_run("run", entries, 2);
    struct run *r = open_run("run", NULL);
    uint64_t hashes[] = {8, 2};
    struct store_hits hits = look_up(r, hashes, 2);
    assert_int_equal(run_lookup(r, hashes, 2, &hits), WINNOW_OK);
    assert_int_equal(hits.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(hits.items[i].print, 1);
        assert_int_equal(hits.items[i].number, 2);
    }
    free(hits.items);
    run_close(r);
}

/* --- merging ------------------------------------------------------------------------------------- */

enum { RUNS = 5, MERGED = 30000 };

/* Five runs of unequal size, of overlapping documents; one is empty. */
static void write_parts(const struct run_entry *entries, struct run *ret[RUNS])
{
    static const size_t ends[RUNS] = {100, 100, 2000, 15000, MERGED};
    for (size_t i = 0, start = 0; i < RUNS; start = ends[i++]) {
        char name[20];
        snprintf(name, sizeof name, "part%zu", i);
        write_run(name, entries + start, ends[i] - start);
        ret[i] = open_run(name, NULL);
    }
}

static void close_all(struct run *runs[RUNS])
{
    for (size_t i = 0; i < RUNS; i++)
        run_close(runs[i]);
}

static struct run *merge_runs(struct run *runs[RUNS], bool (*keep)(void *ctx, uint32_t number),
                              void *ctx)
{
    char path[PATH];
    struct run_info info;
    struct winnow_error err = {0};
    if (run_merge(runs, RUNS, keep, ctx, path_of(path, "merged"), &info, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return open_run("merged", &info);
}

static void merges_as_if_written_at_once(void **state)
{
    (void)state;
    struct run *parts[RUNS];
    struct run_entry *entries = make_entries(MERGED, 3);
    write_parts(entries, parts);
    struct run *merged = merge_runs(parts, NULL, NULL);
    struct run_info whole = write_run("whole", entries, MERGED);
    assert_int_equal(run_info(merged)->entries, whole.entries);
    assert_int_equal(run_info(merged)->first_number, whole.first_number);
    assert_int_equal(run_info(merged)->last_number, whole.last_number);
    expect_entries(merged, entries, keep_expected(entries, MERGED));
    expect_no_strangers(merged);
    run_close(merged);
    close_all(parts);
    free(entries);
}

static bool is_wanted(void *ctx, uint32_t number)
{
    return number % *(uint32_t *)ctx == 0;
}

static void leaves_out_documents_that_are_not_kept(void **state)
{
    (void)state;
    static uint32_t divisors[] = {2, 30, 1000000};
    for (size_t i = 0; i < 3; i++) {
        struct run *parts[RUNS];
        struct run_entry *entries = make_entries(MERGED, 4);
        /* No popular ones: of those a run has forgotten later documents already. */
        size_t count = 0, all = keep_expected(entries, MERGED);
        write_parts(entries, parts);
        struct run *merged = merge_runs(parts, is_wanted, &divisors[i]);
        for (size_t at = 0; at < all; at++)
            if (is_wanted(&divisors[i], entries[at].number))
                entries[count++] = entries[at];
        uint64_t seen = run_info(merged)->entries;
        assert_true(i == 2 ? seen == 0 : seen >= count && seen < all);
        for (size_t at = 0; at < count; at++) {
            struct store_hits hits = look_up(merged, &entries[at].hash, 1);
            bool found = false;
            for (size_t h = 0; h < hits.count; h++) {
                assert_true(is_wanted(&divisors[i], hits.items[h].number));
                found |= hits.items[h].number == entries[at].number;
            }
            assert_true(found);
            free(hits.items);
        }
        run_close(merged);
        close_all(parts);
        free(entries);
        empty_folder(NULL);
    }
}

static void merges_no_runs_to_an_empty_one(void **state)
{
    (void)state;
    char path[PATH];
    struct run_info info;
    assert_int_equal(run_merge(NULL, 0, NULL, NULL, path_of(path, "merged"), &info, NULL),
                     WINNOW_OK);
    struct run *r = open_run("merged", &info);
    expect_entries(r, NULL, 0);
    run_close(r);
}

/* --- damage -------------------------------------------------------------------------------------- */

struct bytes {
    unsigned char *data;
    size_t len;
};

static struct bytes read_file(const char *name)
{
    char path[PATH];
    FILE *f = fopen(path_of(path, name), "rb");
    assert_non_null(f);
    struct bytes ret = {malloc(1 << 20), 0};
    ret.len = fread(ret.data, 1, 1 << 20, f);
    fclose(f);
    return ret;
}

static void write_file(const char *name, const unsigned char *data, size_t len)
{
    char path[PATH];
    FILE *f = fopen(path_of(path, name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    fclose(f);
}

static int try_open(const char *name, const struct run_info *info, struct run **ret)
{
    char path[PATH];
    struct winnow_error err = {0};
    int status = run_open(path_of(path, name), info, ret, &err);
    if (status) {
        assert_int_equal(err.status, status);
        assert_non_null(strstr(err.text, path)); /* says which file */
    }
    return status;
}

enum { SMALL = 300 };

/* Opens a file with one wrong byte, asks it for all that it held: true where the damage is
 * noticed, and no answer was wrong. */
static bool notices_damage(const struct run_entry *entries, const uint64_t hashes[SMALL])
{
    struct run *r = NULL;
    size_t found = 0;
    uint64_t at = UINT64_MAX;
    if (try_open("damaged", NULL, &r) != WINNOW_OK)
        return r == NULL;
    struct store_hits hits = look_up(r, hashes, SMALL);
    bool was_seen = run_is_damaged(r, &at);
    if (hits.count < SMALL)
        assert_true(was_seen);
    for (size_t i = 0; i < hits.count; i++)
        assert_int_equal(hits.items[i].number, entries[hits.items[i].print].number);
    int status = run_verify(r, count_found, &found);
    assert_int_equal(status, found ? WINNOW_EDATA : WINNOW_OK);
    assert_true(!found || run_is_damaged(r, &at));
    assert_true(!found || at < run_info(r)->bytes);
    free(hits.items);
    run_close(r);
    return found > 0;
}

static void notices_every_wrong_byte(void **state)
{
    (void)state;
    struct run_entry entries[SMALL];
    uint64_t hashes[SMALL], seed = 8;
    char path[PATH];
    for (size_t i = 0; i < SMALL; i++) {
        hashes[i] = next_hash(&seed);
        entries[i] = (struct run_entry){hashes[i], (uint32_t)i + 1};
    }
    write_run("run", entries, SMALL);
    struct bytes file = read_file("run");
    write_file("damaged", file.data, file.len);
    int fd = open(path_of(path, "damaged"), O_WRONLY);
    for (size_t at = 0; at < file.len; at++) {
        unsigned char wrong = file.data[at] ^ (unsigned char)(1 << at % 8);
        assert_int_equal(pwrite(fd, &wrong, 1, (off_t)at), 1);
        if (!notices_damage(entries, hashes))
            fail_msg("byte %zu was not missed", at);
        assert_int_equal(pwrite(fd, &file.data[at], 1, (off_t)at), 1);
    }
    close(fd);
    assert_false(notices_damage(entries, hashes));
    free(file.data);
}

static void passes_over_a_damaged_block_and_finds_the_rest(void **state)
{
    (void)state;
    const size_t count = 20000;
    struct run_entry *entries = make_entries(count, 11);
    write_run("run", entries, count);
    struct bytes file = read_file("run");
    size_t wrong = file.len / 2, kept = keep_expected(entries, count);
    file.data[wrong] ^= 4;
    write_file("damaged", file.data, file.len);
    struct run *r = open_run("damaged", NULL);
    uint64_t at = 0;
    assert_false(run_is_damaged(r, &at));
    size_t nhashes;
    uint64_t *hashes = hashes_of(entries, kept, &nhashes);
    struct store_hits hits = look_up(r, hashes, nhashes);
    assert_true(run_is_damaged(r, &at));
    assert_int_equal(at, wrong / 4096 * 4096);
    assert_in_range(hits.count, kept / 2, kept - 1);
    free(hits.items);
    free(hashes);
    run_close(r);
    free(file.data);
    free(entries);
}

static void merges_no_damaged_run(void **state)
{
    (void)state;
    char path[PATH];
    struct run_entry *entries = make_entries(5000, 12);
    write_run("good", entries, 5000);
    struct bytes file = read_file("good");
    for (size_t part = 1; part < file.len / 4096; part++) {
        struct run_info info = {.bytes = 1};
        struct winnow_error err = {0};
        file.data[part * 4096 + 9] ^= 1;
        write_file("damaged", file.data, file.len);
        file.data[part * 4096 + 9] ^= 1;
        struct run *runs[] = {open_run("good", NULL), open_run("damaged", NULL)};
        assert_int_equal(run_merge(runs, 2, NULL, NULL, path_of(path, "merged"), &info, &err),
                         WINNOW_EDATA);
        assert_non_null(strstr(err.text, "damaged: is damaged at byte"));
        assert_int_equal(info.bytes, 1);
        run_close(runs[0]);
        run_close(runs[1]);
        assert_int_equal(files_of_folder(false), 2);
    }
    free(file.data);
    free(entries);
}

static void refuses_a_file_that_was_cut_off(void **state)
{
    (void)state;
    char path[PATH];
    struct run *r = NULL;
    struct run_entry *entries = make_entries(SMALL, 1);
    write_run("run", entries, SMALL);
    struct bytes file = read_file("run");
    for (size_t len = file.len; len-- > 0;) {
        assert_int_equal(truncate(path_of(path, "run"), (off_t)len), 0);
        assert_int_equal(try_open("run", NULL, &r), WINNOW_EDATA);
        assert_null(r);
    }
    file.data = realloc(file.data, file.len + 4096);
    memset(file.data + file.len, 0, 4096);
    write_file("longer", file.data, file.len + 4096);
    assert_int_equal(try_open("longer", NULL, &r), WINNOW_EDATA);
    write_file("longer", file.data, file.len + 1);
    assert_int_equal(try_open("longer", NULL, &r), WINNOW_EDATA);
    free(file.data);
    free(entries);
}

/* Makes the header's checksum fit whatever stands in it. */
static void seal_header(struct bytes *file)
{
    uint64_t sum = hash_bytes((struct slice){(char *)file->data + 16, 4096 - 16});
    memcpy(file->data + 8, &sum, 8);
}

/* And the checksums of all blocks, of a file whose header and table are a block each. */
static void seal_blocks(struct bytes *file)
{
    for (size_t at = 8192; at < file->len; at += 4096) {
        uint64_t sum = hash_bytes((struct slice){(char *)file->data + at, 4096});
        memcpy(file->data + 4096 + (at / 4096 - 2) * 8, &sum, 8);
    }
    uint64_t sum = hash_bytes((struct slice){(char *)file->data + 4096, 4096});
    memcpy(file->data + 72, &sum, 8);
    seal_header(file);
}

static void survives_any_header(void **state)
{
    (void)state;
    static const uint64_t values[] = {0,
                                      1,
                                      5,
                                      6,
                                      7,
                                      37,
                                      38,
                                      39,
                                      44,
                                      63,
                                      64,
                                      255,
                                      4095,
                                      4096,
                                      INT32_MAX,
                                      UINT32_MAX,
                                      UINT64_C(1) << 36,
                                      UINT64_C(1) << 61,
                                      INT64_MAX,
                                      UINT64_MAX};
    struct run_entry *entries = make_entries(SMALL, 1);
    write_run("run", entries, SMALL);
    struct bytes file = read_file("run");
    unsigned char header[72];
    memcpy(header, file.data, sizeof header);
    for (size_t at = 16; at < 72; at += 4)
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            struct run *r = NULL;
            size_t damage = 0;
            memcpy(file.data + at, &values[i], at < 48 ? 4 : 8);
            if (at < 68)
                seal_header(&file);
            write_file("hostile", file.data, file.len);
            if (try_open("hostile", NULL, &r) == WINNOW_OK) {
                expect_no_strangers(r);
                (void)!run_verify(r, count_found, &damage);
                run_close(r);
            }
            memcpy(file.data, header, sizeof header);
        }
    free(file.data);
    free(entries);
}

/* Blocks with fitting checksums that no writer made: nothing they say is trusted. */
static void survives_any_block(void **state)
{
    (void)state;
    uint64_t seed = 6;
    char path[PATH];
    struct run_entry *entries = make_entries(SMALL, 1);
    entries[0].number = 1020; /* numbers of 5 bits, of which not all are of documents */
    write_run("run", entries, SMALL);
    struct bytes file = read_file("run");
    size_t noticed = 0;
    for (int trial = 0; trial < 3000; trial++) {
        struct bytes hostile = {malloc(file.len), file.len};
        memcpy(hostile.data, file.data, file.len);
        for (int i = 0; i < 1 + trial % 40; i++) {
            /* of the one line of the directory, or of the groups */
            size_t at =
                trial % 2 ? 8192 + next_random(&seed) % 64 : 12288 + next_random(&seed) % 1600;
            hostile.data[at] = (unsigned char)next_random(&seed);
        }
        for (size_t at = 12288; trial % 7 == 0 && at < file.len; at++)
            hostile.data[at] = 0xFF;
        seal_blocks(&hostile);
        write_file("hostile", hostile.data, hostile.len);
        struct run *r = open_run("hostile", NULL);
        size_t damage = 0;
        for (int i = 0; i < 4; i++) {
            uint64_t hashes[256];
            for (size_t h = 0; h < 256; h++)
                hashes[h] = i ? next_hash(&seed) : entries[h].hash;
            struct store_hits hits = look_up(r, hashes, 256);
            for (size_t h = 0; h < hits.count; h++)
                assert_in_range(hits.items[h].number, 1000, 1020);
            free(hits.items);
        }
        struct run_info info;
        int status = run_merge(&r, 1, NULL, NULL, path_of(path, "merged"), &info, NULL);
        assert_int_equal(run_verify(r, count_found, &damage), status);
        noticed += damage;
        unlink(path);
        run_close(r);
        free(hostile.data);
    }
    assert_true(noticed > 1000);
    free(file.data);
    free(entries);
}

/* A run of two groups with fitting checksums, to be made one that no writer makes. */
enum { HOSTILE = 100 };
struct hostile {
    struct run_entry entries[HOSTILE]; /* by key */
    struct bytes file;
    struct run_shape shape;
    struct run_group groups[2];
};

static void make_hostile(struct hostile *h)
{
    uint64_t seed = 22;
    struct run_header head;
    for (uint32_t i = 0; i < HOSTILE; i++) /* numbers of 5 bits, which hold up to 1031 */
        h->entries[i] = (struct run_entry){next_hash(&seed), 1000 + i % 21};
    write_run("run", h->entries, HOSTILE);
    qsort(h->entries, HOSTILE, sizeof *h->entries, by_key);
    h->file = read_file("run");
    memcpy(&head, h->file.data, sizeof head);
    h->shape = (struct run_shape){.entries = head.entries,
                                  .table_blocks = head.table_blocks,
                                  .first_number = head.first_number,
                                  .last_number = head.last_number,
                                  .home_bits = head.home_bits};
    run_shape_lay(&h->shape);
    assert_int_equal(h->shape.groups, 2);
    struct run *r = open_run("run", NULL);
    for (uint64_t i = 0; i < 2; i++)
        assert_true(run_find_group(r, i, &h->groups[i]));
    run_close(r);
}

/* Bits of the groups. */
static uint64_t bits_at(const struct hostile *h, uint64_t bit, unsigned width)
{
    return run_bits(h->file.data + h->shape.groups_at, bit, width);
}

static void set_bits(struct hostile *h, uint64_t bit, unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < width; i++) {
        unsigned char *byte = &h->file.data[h->shape.groups_at + (bit + i) / 8];
        unsigned shift = (bit + i) % 8;
        *byte = (unsigned char)((*byte & ~(1u << shift)) | (value >> i & 1) << shift);
    }
}

/* All that reads the file in its order sees that it is none of ours. */
static void expect_no_run(struct hostile *h)
{
    char path[PATH];
    struct run_info info = {.bytes = 1};
    size_t found = 0;
    uint64_t at = 0;
    seal_blocks(&h->file);
    write_file("hostile", h->file.data, h->file.len);
    struct run *r = open_run("hostile", NULL);
    assert_int_equal(run_merge(&r, 1, NULL, NULL, path_of(path, "merged"), &info, NULL),
                     WINNOW_EDATA);
    assert_int_equal(info.bytes, 1);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(run_verify(r, count_found, &found), WINNOW_EDATA);
    assert_int_equal(found, 1);
    (void)run_is_damaged(r, &at);
    assert_true(at < h->file.len);
    run_close(r);
}

/* A look-up of this hash tells of the damage, and gives no number that is not the run's. */
static void expect_lookup_tells(struct hostile *h, uint64_t hash)
{
    uint64_t at = 0;
    seal_blocks(&h->file);
    write_file("hostile", h->file.data, h->file.len);
    struct run *r = open_run("hostile", NULL);
    struct store_hits hits = look_up(r, &hash, 1);
    for (size_t i = 0; i < hits.count; i++)
        assert_in_range(hits.items[i].number, 1000, 1020);
    assert_true(run_is_damaged(r, &at));
    assert_int_equal(at, h->shape.groups_at);
    free(hits.items);
    run_close(r);
}

/* The last 1 of the second group's map is gone: it has one entry less than is said of it,
 * and whoever reads it would take an entry of the group before for the last. */
static void notices_a_map_of_too_few_entries(void **state)
{
    (void)state;
    struct hostile h;
    make_hostile(&h);
    const struct run_group *g = &h.groups[1];
    uint64_t last = run_rests(g);
    assert_true(g->count <= h.groups[0].count);
    while (!bits_at(&h, --last, 1))
        ;
    set_bits(&h, last, 1, 0);
    expect_no_run(&h);
    free(h.file.data);
}

/* The last entry of a group stands behind all of its homes: of the last group that is a key
 * that no hash has. */
static void notices_an_entry_behind_the_last_home(void **state)
{
    (void)state;
    for (int group = 0; group < 2; group++) {
        struct hostile h;
        make_hostile(&h);
        const uint64_t end = run_rests(&h.groups[group]) - 1;
        uint64_t last = end;
        while (!bits_at(&h, last, 1))
            last--;
        set_bits(&h, last, 1, 0);
        set_bits(&h, end, 1, 1);
        expect_no_run(&h);
        free(h.file.data);
        empty_folder(NULL);
    }
}

/* More ones than entries, in a group that has as many as one can. */
static void notices_a_map_of_too_many_entries(void **state)
{
    (void)state;
    struct hostile h = {.shape = {.table_blocks = 1, .home_bits = 10, .entries = RUN_GROUP_MOST}};
    struct run_entry entries[RUN_GROUP_MOST];
    make_crowd(entries, RUN_GROUP_MOST, 1);
    write_run("run", entries, RUN_GROUP_MOST);
    h.file = read_file("run");
    run_shape_lay(&h.shape);
    for (unsigned i = 0; i < RUN_HOMES + RUN_GROUP_MOST; i++)
        set_bits(&h, i, 1, 1);
    expect_no_run(&h);
    free(h.file.data);
}

static void notices_a_document_that_is_not_of_the_run(void **state)
{
    (void)state;
    struct hostile h;
    make_hostile(&h);
    for (uint64_t number = 21; number < 32; number += 10) {
        set_bits(&h, run_numbers(&h.shape, &h.groups[0]) + 5 * 7, 5, number);
        expect_no_run(&h);
        expect_lookup_tells(&h, h.entries[7].hash);
    }
    free(h.file.data);
}

static void notices_entries_out_of_order(void **state)
{
    (void)state;
    struct hostile h;
    make_hostile(&h);
    const unsigned width = h.shape.rest_bits;
    size_t i = 0; /* with the next one in one home */
    while (run_key(h.entries[i].hash) >> width != run_key(h.entries[i + 1].hash) >> width)
        i++;
    assert_true(i + 1 < h.groups[0].count);
    uint64_t at = run_rests(&h.groups[0]) + i * width, rest = bits_at(&h, at, width);
    set_bits(&h, at, width, bits_at(&h, at + width, width));
    set_bits(&h, at + width, width, rest);
    expect_no_run(&h);
    free(h.file.data);
}

static void notices_that_there_are_fewer_entries_than_are_said(void **state)
{
    (void)state;
    struct hostile h;
    make_hostile(&h);
    uint64_t entries = HOSTILE + 1;
    memcpy(h.file.data + offsetof(struct run_header, entries), &entries, sizeof entries);
    expect_no_run(&h);
    free(h.file.data);
}

/* The map's last 0 is gone: the ones of its last home go on into what follows. */
static void a_lookup_notices_a_map_without_an_end(void **state)
{
    (void)state;
    struct hostile h;
    uint64_t hash, seed = 1;
    make_hostile(&h);
    do
        hash = next_hash(&seed);
    while (run_key(hash) >> h.shape.rest_bits != RUN_HOMES - 1);
    set_bits(&h, run_rests(&h.groups[0]) - 1, 1, 1);
    expect_lookup_tells(&h, hash);
    free(h.file.data);
}

/* Nothing but ones: the first home never ends, and no other one begins in it. */
static void a_lookup_notices_a_map_of_ones(void **state)
{
    (void)state;
    struct hostile h;
    make_hostile(&h);
    const struct run_group *g = &h.groups[0];
    for (unsigned i = 0; i < RUN_HOMES + g->count; i++)
        set_bits(&h, g->start + i, 1, 1);
    for (size_t i = 0; i < g->count; i++)
        if (run_key(h.entries[i].hash) >> h.shape.rest_bits != 0)
            expect_lookup_tells(&h, h.entries[i].hash);
    free(h.file.data);
}

static void refuses_another_file_than_the_catalog_names(void **state)
{
    (void)state;
    struct run *r = NULL;
    struct run_entry *entries = make_entries(SMALL, 1);
    struct run_info info = write_run("run", entries, SMALL);
    entries[0].hash++;
    struct run_info another = write_run("another", entries, SMALL);
    assert_int_equal(another.bytes, info.bytes);
    assert_int_equal(try_open("another", &info, &r), WINNOW_EDATA);
    for (int field = 0; field < 5; field++) {
        struct run_info wrong = info;
        wrong.bytes += field == 0;
        wrong.entries += field == 1;
        wrong.first_number += field == 2;
        wrong.last_number += field == 3;
        wrong.checksum += field == 4;
        assert_int_equal(try_open("run", &wrong, &r), WINNOW_EDATA);
    }
    assert_null(r);
    free(entries);
}

static void refuses_what_is_no_run(void **state)
{
    (void)state;
    char path[PATH];
    struct run *r = NULL;
    unsigned char zeros[8192] = {0};
    assert_int_equal(try_open("missing", NULL, &r), WINNOW_EIO);
    write_file("zeros", zeros, sizeof zeros);
    assert_int_equal(try_open("zeros", NULL, &r), WINNOW_EDATA);
    assert_int_equal(mkdir(path_of(path, "folder"), 0700), 0);
    assert_int_equal(try_open("folder", NULL, &r), WINNOW_EDATA);
    rmdir(path);
    assert_null(r);
}

/* Who opens one as a file waits for somebody to write into it. */
static void waits_for_no_writer_of_a_fifo(void **state)
{
    (void)state;
    char path[PATH];
    int status;
    assert_int_equal(mkfifo(path_of(path, "fifo"), 0600), 0);
    pid_t pid = fork();
    if (!pid) {
        struct run *r = NULL;
        alarm(20);
        _exit(run_open(path, NULL, &r, NULL));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -1, WINNOW_EDATA);
}

static void refuses_a_newer_version_and_another_byte_order(void **state)
{
    (void)state;
    struct run *r = NULL;
    struct run_entry *entries = make_entries(SMALL, 1);
    write_run("run", entries, SMALL);
    struct bytes file = read_file("run");
    file.data[20]++;
    seal_header(&file);
    write_file("newer", file.data, file.len);
    assert_int_equal(try_open("newer", NULL, &r), WINNOW_EUSAGE);
    file.data[20]--;
    for (size_t i = 0; i < 2; i++) {
        unsigned char byte = file.data[16 + i];
        file.data[16 + i] = file.data[19 - i];
        file.data[19 - i] = byte;
    }
    seal_header(&file);
    write_file("other", file.data, file.len);
    assert_int_equal(try_open("other", NULL, &r), WINNOW_EUSAGE);
    free(file.data);
    free(entries);
}

/* --- failures of writing ------------------------------------------------------------------------- */

static void leaves_nothing_behind_on_a_full_disk(void **state)
{
    (void)state;
    char path[PATH];
    struct rlimit before, small;
    struct run_entry *entries = make_entries(3000, 2);
    struct run_info info = write_run("part", entries, 3000), ret = {.bytes = 7};
    struct run *part = open_run("part", NULL);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (rlim_t limit = 0; limit < info.bytes; limit += 1000) {
        struct winnow_error err = {0}, merge_err = {0};
        struct run_entry *copy = copy_of(entries, 3000);
        small = (struct rlimit){limit, before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
        int status = run_write(path_of(path, "run"), copy, 3000, &ret, &err);
        int merged = run_merge(&part, 1, NULL, NULL, path, &ret, &merge_err);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_int_equal(status, WINNOW_EIO);
        assert_int_equal(merged, WINNOW_EIO);
        assert_true(strlen(err.text) > 0);
        assert_string_not_equal(merge_err.text, "");
        assert_int_equal(files_of_folder(false), 1);
        assert_int_equal(ret.bytes, 7);
        free(copy);
    }
    run_close(part);
    free(entries);
}

static void writes_over_no_file(void **state)
{
    (void)state;
    char path[PATH];
    struct run_info info;
    struct run_entry entries[] = {{1, 1}}, others[] = {{2, 2}, {3, 3}};
    struct run_info first = write_run("run", entries, 1);
    assert_int_equal(run_write(path_of(path, "run"), others, 2, &info, NULL), WINNOW_EIO);
    assert_int_equal(run_write(path_of(path, "none/run"), others, 2, &info, NULL), WINNOW_EIO);
    assert_int_equal(files_of_folder(false), 1);
    struct run *r = open_run("run", &first);
    expect_entries(r, entries, 1);
    run_close(r);
}

#define TEST(name) cmocka_unit_test_teardown(name, empty_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finds_what_was_written_and_nothing_else),
        TEST(tells_the_file_and_the_documents),
        TEST(takes_five_bytes_an_entry),
        TEST(keeps_the_first_documents_of_a_popular_hash),
        TEST(names_a_document_once_for_a_hash),
        TEST(finds_all_in_a_crowded_group),
        TEST(leaves_out_what_a_group_has_no_room_for),
        TEST(appends_to_the_hits_there_are),
        TEST(merges_as_if_written_at_once),
        TEST(leaves_out_documents_that_are_not_kept),
        TEST(merges_no_runs_to_an_empty_one),
        TEST(notices_every_wrong_byte),
        TEST(passes_over_a_damaged_block_and_finds_the_rest),
        TEST(merges_no_damaged_run),
        TEST(refuses_a_file_that_was_cut_off),
        TEST(survives_any_header),
        TEST(survives_any_block),
        TEST(notices_a_map_of_too_few_entries),
        TEST(notices_an_entry_behind_the_last_home),
        TEST(notices_a_map_of_too_many_entries),
        TEST(notices_a_document_that_is_not_of_the_run),
        TEST(notices_entries_out_of_order),
        TEST(notices_that_there_are_fewer_entries_than_are_said),
        TEST(a_lookup_notices_a_map_without_an_end),
        TEST(a_lookup_notices_a_map_of_ones),
        TEST(refuses_another_file_than_the_catalog_names),
        TEST(refuses_what_is_no_run),
        TEST(waits_for_no_writer_of_a_fifo),
        TEST(refuses_a_newer_version_and_another_byte_order),
        TEST(leaves_nothing_behind_on_a_full_disk),
        TEST(writes_over_no_file),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
