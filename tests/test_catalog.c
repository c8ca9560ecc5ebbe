/* test_catalog.c - the records of a store on disk: what was committed is there, what was
 * not is not, and no wrong byte passes for a right one. */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "hash.h"
#include "store/catalog_parts.h"

static const struct store_params params = {32, 8, 25, 1, 0};

/* --- a folder, and a catalog in it ------------------------------------------------------------- */

struct place {
    char folder[64], file[96];
};

static void make_place(struct place *p)
{
    strcpy(p->folder, "/tmp/winnow-test-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    snprintf(p->file, sizeof p->file, "%s/catalog.mdb", p->folder);
}

static void remove_place(const struct place *p)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", p->folder);
    assert_int_equal(system(command), 0);
}

static struct catalog *open_with(const struct place *p, struct store_params *own, bool read_only)
{
    struct catalog *c = NULL;
    struct winnow_error err = {0};
    if (catalog_open(p->folder, own, read_only, &c, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return c;
}

static struct catalog *open_writer(const struct place *p)
{
    struct store_params own = params;
    return open_with(p, &own, false);
}

static struct catalog *open_reader(const struct place *p)
{
    struct store_params own = params;
    return open_with(p, &own, true);
}

static struct winnow_error failure;
#define OK(call)                                                                                   \
    do {                                                                                           \
        failure = (struct winnow_error){0};                                                        \
        if ((call) != WINNOW_OK)                                                                   \
            fail_msg("%s: %s", #call, failure.text);                                               \
    } while (0)

static void expect_refused(const struct place *p, struct store_params own, bool read_only,
                           int status, const char *words)
{
    struct catalog *c = NULL;
    struct winnow_error err = {0};
    assert_int_equal(catalog_open(p->folder, &own, read_only, &c, &err), status);
    assert_null(c);
    if (!strstr(err.text, words) || !strstr(err.text, p->folder))
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static struct doc_key key_of(uint32_t n)
{
    struct doc_key key;
    hash_128((struct slice){(char *)&n, sizeof n}, key.bytes);
    return key;
}

static struct catalog_doc doc_of(uint32_t n)
{
    return (struct catalog_doc){.key = key_of(n),
                                .content = key_of(n + 1000000),
                                .state = DOC_LIVE,
                                .other = n / 3,
                                .place = {1 + n / 100, n % 7, 32 + 1000 * (uint64_t)n},
                                .first = n % 3 ? n : 1 + n / 2};
}

static void put_docs(struct catalog *c, uint32_t from, uint32_t to)
{
    for (uint32_t n = from; n < to; n++) {
        struct catalog_doc doc = doc_of(n);
        OK(catalog_put_doc(c, n, &doc, &failure));
        OK(catalog_name(c, &doc.key, n, &failure));
    }
}

static void expect_docs(struct catalog *c, uint32_t from, uint32_t to)
{
    for (uint32_t n = from; n < to; n++) {
        struct catalog_doc got, want = doc_of(n);
        bool found = false;
        uint32_t number = 0;
        OK(catalog_get_doc(c, n, &got, &found, &failure));
        assert_true(found);
        assert_memory_equal(&got.key, &want.key, sizeof got.key);
        assert_memory_equal(&got.content, &want.content, sizeof got.content);
        assert_int_equal(got.state, want.state);
        assert_int_equal(got.other, want.other);
        assert_int_equal(got.place.file, want.place.file);
        assert_int_equal(got.place.slot, want.place.slot);
        assert_int_equal(got.place.block, want.place.block);
        assert_int_equal(got.first, want.first);
        OK(catalog_find(c, &want.key, &number, &failure));
        assert_int_equal(number, n);
    }
}

static bool has_doc(struct catalog *c, uint32_t n)
{
    struct catalog_doc doc;
    bool found = false;
    OK(catalog_get_doc(c, n, &doc, &found, &failure));
    return found;
}

/* A blob that repeats nothing. */
static void make_blob(struct text *t, size_t len, uint64_t seed)
{
    for (size_t i = 0; i < len; i += 8) {
        uint64_t word = hash_bytes((struct slice){(char *)&seed, sizeof seed});
        seed = word;
        text_add(t, (char *)&word, len - i < 8 ? len - i : 8);
    }
}

static void put_site(struct catalog *c, const char *name, size_t len, uint64_t seed)
{
    struct text blob = {0};
    make_blob(&blob, len, seed);
    OK(catalog_put_site(c, slice_of(name), (struct slice){blob.data, blob.len}, &failure));
    free(blob.data);
}

static void expect_site(struct catalog *c, const char *name, size_t len, uint64_t seed)
{
    struct text blob = {0};
    struct buf got;
    buf_init(&got, 1 << 24);
    make_blob(&blob, len, seed);
    OK(catalog_get_site(c, slice_of(name), &got, &failure));
    assert_int_equal(got.len, len);
    assert_memory_equal(got.data, blob.data, len);
    buf_free(&got);
    free(blob.data);
}

/* --- everything in a catalog as one text, to compare ------------------------------------------------- */

static void say(struct text *t, const char *word, uint64_t n)
{
    char line[64];
    text_add(t, line,
             (size_t)snprintf(line, sizeof line, "%s %llu\n", word, (unsigned long long)n));
}

static int say_site(void *ctx, struct slice name, struct slice blob)
{
    text_add(ctx, name.p, name.len);
    say(ctx, " site", hash_bytes(blob));
    return 0;
}

static int say_recent(void *ctx, uint32_t number, const uint64_t *hashes, size_t count)
{
    say(ctx, "recent", number);
    for (size_t i = 0; i < count; i++)
        say(ctx, "hash", hashes[i]);
    return 0;
}

static int say_run(void *ctx, const struct catalog_run *run)
{
    const uint64_t words[] = {run->number,        run->info.bytes,        run->info.entries,
                              run->info.checksum, run->info.first_number, run->info.last_number};
    say(ctx, "run", hash_bytes((struct slice){(const char *)words, sizeof words}));
    return 0;
}

static int say_docs(struct text *t, struct catalog *c, uint32_t count)
{
    for (uint32_t n = 1; n <= count; n++) {
        struct catalog_doc doc;
        struct doc_key key = key_of(n);
        bool found = false;
        uint32_t number;
        int status = catalog_get_doc(c, n, &doc, &found, NULL);
        if (!status)
            status = catalog_find(c, &key, &number, NULL);
        if (status)
            return status;
        say(t, "named", number);
        say(t, "doc", found ? hash_bytes((struct slice){(char *)&doc.key, 32}) : 0);
        say(t, "block", found ? doc.place.block + doc.state + doc.other + doc.first : 0);
    }
    return 0;
}

static int say_all(struct text *t, const char *folder, uint32_t docs)
{
    struct catalog *c;
    struct store_params own = params;
    struct catalog_state state = {0};
    int status = catalog_open(folder, &own, true, &c, NULL);
    if (status)
        return status;
    status = catalog_begin(c, NULL);
    if (!status)
        status = catalog_get_state(c, &state, NULL);
    say(t, "key", own.key);
    say(t, "state", state.next_number + state.text_bytes + state.sites);
    if (!status)
        status = say_docs(t, c, docs);
    if (!status)
        status = catalog_each_site(c, say_site, t, NULL);
    if (!status)
        status = catalog_each_recent(c, say_recent, t, NULL);
    if (!status)
        status = catalog_each_run(c, say_run, t, NULL);
    catalog_close(c);
    return status;
}

/* One of every kind of record and page: overflow pages, branches, free pages. */
enum { SMALL_DOCS = 90 };
static void fill_small(const struct place *p)
{
    struct catalog *c = open_writer(p);
    uint64_t hashes[300];
    for (size_t i = 0; i < 300; i++)
        hashes[i] = hash_bytes((struct slice){(char *)&i, sizeof i});
    for (uint32_t round = 0; round < 3; round++) {
        OK(catalog_begin(c, &failure));
        put_docs(c, 1 + 30 * round, 31 + 30 * round);
        put_site(c, "shop.example.org", 4500 - 100 * round, round);
        put_site(c, "news.example.org", 300, round);
        if (round)
            OK(catalog_drop_recent(c, &failure));
        for (uint32_t n = 1; n < 6; n++)
            OK(catalog_put_recent(c, 30 * round + n, hashes, n == 3 ? 300 : 10, &failure));
        struct catalog_run run = {round + 1, {1 << round, 2, 3, 4, round}};
        OK(catalog_put_run(c, &run, &failure));
        struct catalog_state state = {.next_number = 31 + 30 * round,
                                      .next_run = 2 + round,
                                      .text_file = 1,
                                      .text_bytes = 500,
                                      .sites = 2};
        OK(catalog_put_state(c, &state, &failure));
        OK(catalog_commit(c, &failure));
    }
    catalog_close(c);
}

/* --- files as bytes --------------------------------------------------------------------------------- */

static size_t read_all(const char *path, char **ret)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    size_t len = (size_t)ftell(f);
    rewind(f);
    *ret = malloc(len + 1);
    assert_int_equal(fread(*ret, 1, len, f), len);
    fclose(f);
    return len;
}

static void write_at(const char *path, size_t at, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, (off_t)at), len);
    close(fd);
}

static size_t problems_of(const struct place *p, store_problem_fn *found, void *ctx)
{
    size_t problems = 0;
    (void)catalog_check(p->folder, found, ctx, &problems, NULL);
    return problems;
}

static long size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) ? -1 : (long)st.st_size;
}

static bool is_noticed(const struct place *p)
{
    size_t problems = 0;
    int status = catalog_check(p->folder, NULL, NULL, &problems, NULL);
    return status || problems;
}

/* --- records ------------------------------------------------------------------------------------------ */

static void gives_back_what_was_committed(void **state)
{
    (void)state;
    struct place p;
    make_place(&p);
    struct catalog *c = open_writer(&p);
    OK(catalog_begin(c, &failure));
    put_docs(c, 1, 3000);
    put_site(c, "shop.example.org", 100000, 1);
    put_site(c, "", 10, 2);
    OK(catalog_commit(c, &failure));
    catalog_close(c);
    c = open_reader(&p);
    OK(catalog_begin(c, &failure));
    expect_docs(c, 1, 3000);
    expect_site(c, "shop.example.org", 100000, 1);
    expect_site(c, "", 10, 2);
    expect_site(c, "none.example.org", 0, 0);
    assert_false(has_doc(c, 3000));
    assert_false(has_doc(c, 0));
    catalog_close(c);
    assert_int_equal(problems_of(&p, NULL, NULL), 0);
    remove_place(&p);
}

static void forgets_what_was_not_committed(void **state)
{
    (void)state;
    struct place p;
    make_place(&p);
    struct catalog *c = open_writer(&p);
    OK(catalog_begin(c, &failure));
    put_docs(c, 1, 10);
    OK(catalog_commit(c, &failure));
    OK(catalog_begin(c, &failure));
    put_docs(c, 10, 20);
    assert_true(has_doc(c, 15));
    catalog_abort(c);
    OK(catalog_begin(c, &failure));
    put_docs(c, 20, 30);
    catalog_close(c);
    c = open_writer(&p);
    OK(catalog_begin(c, &failure));
    expect_docs(c, 1, 10);
    assert_false(has_doc(c, 15));
    assert_false(has_doc(c, 25));
    catalog_close(c);
    remove_place(&p);
}

static void a_key_means_the_number_it_was_last_given(void **state)
{
    (void)state;
    struct place p;
    make_place(&p);
    struct catalog *c = open_writer(&p);
    struct doc_key key = key_of(7), other = key_of(8);
    uint32_t number = 99;
    OK(catalog_begin(c, &failure));
    OK(catalog_name(c, &key, 3, &failure));
    OK(catalog_name(c, &key, 5, &failure));
    OK(catalog_find(c, &key, &number, &failure));
    assert_int_equal(number, 5);
    OK(catalog_find(c, &other, &number, &failure));
    assert_int_equal(number, 0);
    catalog_close(c);
    remove_place(&p);
}

static void a_document_with_no_first_version_is_its_own(void **state)
{
    (void)state;
    struct place p;
    struct catalog_doc doc = doc_of(7), got;
    bool found = false;
    make_place(&p);
    struct catalog *c = open_writer(&p);
    OK(catalog_begin(c, &failure));
    doc.first = 0;
    OK(catalog_put_doc(c, 7, &doc, &failure));
    OK(catalog_put_doc(c, 70000, &doc, &failure));
    doc.first = 7;
    OK(catalog_put_doc(c, 8, &doc, &failure));
    OK(catalog_commit(c, &failure));
    OK(catalog_begin(c, &failure));
    const uint32_t want[][2] = {{7, 7}, {8, 7}, {70000, 70000}};
    for (size_t i = 0; i < 3; i++) {
        OK(catalog_get_doc(c, want[i][0], &got, &found, &failure));
        assert_int_equal(got.first, want[i][1]);
    }
    got.first = 99;
    OK(catalog_get_doc(c, 9, &got, &found, &failure));
    assert_false(found);
    assert_int_equal(got.first, 99);
    catalog_close(c);
    remove_place(&p);
}

static void a_record_that_is_put_again_is_replaced(void **state)
{
    (void)state;
    struct place p;
    make_place(&p);
    struct catalog *c = open_writer(&p);
    struct catalog_doc doc = doc_of(2), got;
    bool found;
    OK(catalog_begin(c, &failure));
    put_docs(c, 1, 50);
    doc.state = DOC_SUPERSEDED;
    doc.other = 49;
    OK(catalog_put_doc(c, 2, &doc, &failure));
    put_site(c, "a.example.org", 20000, 1);
    put_site(c, "a.example.org", 30, 2);
    OK(catalog_commit(c, &failure));
    OK(catalog_begin(c, &failure));
    OK(catalog_get_doc(c, 2, &got, &found, &failure));
    assert_int_equal(got.state, DOC_SUPERSEDED);
    assert_int_equal(got.other, 49);
    expect_docs(c, 3, 50);
    expect_site(c, "a.example.org", 30, 2);
    catalog_close(c);
    assert_int_equal(problems_of(&p, NULL, NULL), 0);
    remove_place(&p);
}

static void recent_hashes_and_runs_come_by_number(void **state)
{
    (void)state;
    struct place p;
    struct text got = {calloc(1, 1), 0}, want = {calloc(1, 1), 0};
    const uint64_t hashes[] = {9, 3, 3, 7};
    make_place(&p);
    struct catalog *c = open_writer(&p);
    OK(catalog_begin(c, &failure));
    OK(catalog_put_recent(c, 300, hashes, 4, &failure));
    OK(catalog_put_recent(c, 2, hashes, 1, &failure));
    OK(catalog_put_recent(c, 5, hashes, 0, &failure));
    for (uint32_t n = 3; n; n--) {
        struct catalog_run run = {n, {n * 100, n * 10, n, 2 * n, n * 77}};
        OK(catalog_put_run(c, &run, &failure));
    }
    OK(catalog_drop_run(c, 2, &failure));
    OK(catalog_each_recent(c, say_recent, &got, &failure));
    OK(catalog_each_run(c, say_run, &got, &failure));
    say_recent(&want, 2, hashes, 1);
    say_recent(&want, 5, hashes, 0);
    say_recent(&want, 300, hashes, 4);
    for (uint32_t n = 1; n < 4; n += 2)
        say_run(&want, &(struct catalog_run){n, {n * 100, n * 10, n, 2 * n, n * 77}});
    assert_string_equal(got.data, want.data);
    OK(catalog_drop_recent(c, &failure));
    got.len = 0;
    OK(catalog_each_recent(c, say_recent, &got, &failure));
    assert_int_equal(got.len, 0);
    catalog_close(c);
    free(got.data);
    free(want.data);
    remove_place(&p);
}

static void the_state_is_what_was_put_last(void **state)
{
    (void)state;
    struct place p;
    make_place(&p);
    struct catalog *c = open_writer(&p);
    struct catalog_state got, want = {7, 3, 1, 2, 1ull << 40, {0, 1, 2, 3, 4, 5}, 9};
    OK(catalog_begin(c, &failure));
    OK(catalog_get_state(c, &got, &failure));
    assert_int_equal(got.next_number, 1);
    assert_int_equal(got.next_run, 1);
    assert_int_equal(got.text_file, 0);
    OK(catalog_put_state(c, &want, &failure));
    OK(catalog_commit(c, &failure));
    OK(catalog_begin(c, &failure));
    memset(&got, 0, sizeof got);
    OK(catalog_get_state(c, &got, &failure));
    assert_int_equal(got.text_bytes, want.text_bytes);
    assert_memory_equal(got.states, want.states, sizeof got.states);
    assert_int_equal(got.sites, 9);
    catalog_close(c);
    remove_place(&p);
}

static void a_reader_keeps_its_view_while_a_writer_goes_on(void **state)
{
    (void)state;
    struct place p;
    make_place(&p);
    struct catalog *w = open_writer(&p), *r = open_reader(&p);
    OK(catalog_begin(w, &failure));
    put_docs(w, 1, 200);
    OK(catalog_commit(w, &failure));
    OK(catalog_begin(r, &failure));
    for (uint32_t i = 1; i < 20; i++) {
        OK(catalog_begin(w, &failure));
        put_docs(w, i * 200, i * 200 + 200);
        OK(catalog_commit(w, &failure));
        assert_int_equal(problems_of(&p, NULL, NULL), 0);
    }
    expect_docs(r, 1, 200);
    assert_false(has_doc(r, 200));
    catalog_abort(r);
    OK(catalog_begin(r, &failure));
    expect_docs(r, 1, 4000);
    catalog_close(r);
    catalog_close(w);
    remove_place(&p);
}

static void *read_in_a_thread(void *ctx)
{
    const struct place *p = ctx;
    struct store_params own = params;
    struct catalog *c;
    intptr_t seen = 0;
    for (int i = 0; i < 50; i++) {
        if (catalog_open(p->folder, &own, true, &c, NULL) || catalog_begin(c, NULL))
            return (void *)(intptr_t)-1;
        struct catalog_state state;
        if (catalog_get_state(c, &state, NULL))
            return (void *)(intptr_t)-1;
        bool found = false;
        struct catalog_doc doc;
        if (state.next_number > 1 &&
            (catalog_get_doc(c, state.next_number - 1, &doc, &found, NULL) || !found))
            return (void *)(intptr_t)-1;
        seen = state.next_number;
        catalog_close(c);
    }
    return (void *)seen;
}

static void commit_one(struct catalog *w, uint32_t n)
{
    struct catalog_state s = {.next_number = n + 1, .next_run = 1};
    OK(catalog_begin(w, &failure));
    put_docs(w, n, n + 1);
    OK(catalog_put_state(w, &s, &failure));
    OK(catalog_commit(w, &failure));
}

static void threads_of_one_process_read_and_write_at_once(void **state)
{
    (void)state;
    struct place p;
    pthread_t threads[3];
    make_place(&p);
    struct catalog *w = open_writer(&p);
    commit_one(w, 1); /* a reader that is done before the next one has seen this */
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_in_a_thread, &p), 0);
    for (uint32_t n = 2; n < 60; n++)
        commit_one(w, n);
    for (int i = 0; i < 3; i++) {
        void *seen;
        assert_int_equal(pthread_join(threads[i], &seen), 0);
        assert_true((intptr_t)seen > 0);
    }
    catalog_close(w);
    remove_place(&p);
}

/* Waits until it is told to, then commits so often that pages nobody reads are used again. */
static int write_when_told(const struct place *p, int told)
{
    char byte;
    if (read(told, &byte, 1) != 1)
        return 97;
    struct catalog *c = open_writer(p);
    for (uint32_t i = 1; i < 20; i++) {
        OK(catalog_begin(c, &failure));
        put_docs(c, i * 100, i * 100 + 100);
        OK(catalog_commit(c, &failure));
    }
    catalog_close(c);
    return 53;
}

/* What LMDB holds a reader's pages by belongs to the process: were the file opened twice in
 * it, the second one's end would let go of the first one's. */
static void a_second_reader_that_goes_takes_nothing_from_the_first(void **state)
{
    (void)state;
    struct place p;
    int told[2], status;
    make_place(&p);
    struct catalog *w = open_writer(&p);
    OK(catalog_begin(w, &failure));
    put_docs(w, 1, 100);
    OK(catalog_commit(w, &failure));
    catalog_close(w);
    assert_int_equal(pipe(told), 0);
    pid_t pid = fork(); /* before anything is open */
    if (!pid)
        _exit(write_when_told(&p, told[0]));
    struct catalog *first = open_reader(&p), *second = open_reader(&p);
    OK(catalog_begin(first, &failure));
    catalog_close(second);
    assert_int_equal(write(told[1], "", 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 53);
    expect_docs(first, 1, 100);
    assert_false(has_doc(first, 100));
    catalog_close(first);
    close(told[0]);
    close(told[1]);
    remove_place(&p);
}

static void asks_for_a_transaction(void **state)
{
    (void)state;
    struct place p;
    struct winnow_error err = {0};
    struct catalog_doc doc = doc_of(1);
    bool found;
    make_place(&p);
    struct catalog *c = open_writer(&p);
    assert_int_equal(catalog_get_doc(c, 1, &doc, &found, &err), WINNOW_EUSAGE);
    assert_non_null(strstr(err.text, "transaction"));
    assert_int_equal(catalog_put_doc(c, 1, &doc, &err), WINNOW_EUSAGE);
    assert_int_equal(catalog_commit(c, &err), WINNOW_EUSAGE);
    catalog_abort(c);
    OK(catalog_begin(c, &failure));
    assert_int_equal(catalog_begin(c, &err), WINNOW_EUSAGE);
    catalog_close(c);
    c = open_reader(&p);
    OK(catalog_begin(c, &failure));
    assert_int_equal(catalog_put_doc(c, 1, &doc, &err), WINNOW_EUSAGE);
    assert_int_equal(catalog_drop_recent(c, &err), WINNOW_EUSAGE);
    catalog_close(c);
    remove_place(&p);
}

/* --- opening --------------------------------------------------------------------------------------------- */

static void makes_a_random_key_and_keeps_it(void **state)
{
    (void)state;
    struct place p, q;
    struct store_params a = params, b = params, again = params, given = params;
    make_place(&p);
    make_place(&q);
    catalog_close(open_with(&p, &a, false));
    catalog_close(open_with(&q, &b, false));
    assert_true(a.key != 0);
    assert_true(a.key != b.key);
    catalog_close(open_with(&p, &again, true));
    assert_true(again.key == a.key);
    remove_place(&q);
    make_place(&q);
    given.key = 4711;
    catalog_close(open_with(&q, &given, false));
    again = params;
    catalog_close(open_with(&q, &again, false));
    assert_true(again.key == 4711);
    remove_place(&p);
    remove_place(&q);
}

static void refuses_other_parameters_and_names_them(void **state)
{
    (void)state;
    struct place p;
    make_place(&p);
    catalog_close(open_writer(&p));
    for (int read_only = 0; read_only < 2; read_only++) {
        struct store_params other = params;
        other.k = 24;
        expect_refused(&p, other, read_only, WINNOW_EUSAGE, "k = 32, and this winnow needs 24");
        other = params;
        other.normaliser = 2;
        expect_refused(&p, other, read_only, WINNOW_EUSAGE, "normaliser = 1");
        other = params;
        other.w = 9;
        expect_refused(&p, other, read_only, WINNOW_EUSAGE, "make a new one");
    }
    struct store_params any = {0};
    catalog_close(open_with(&p, &any, true));
    assert_int_equal(any.k, 32);
    assert_int_equal(any.least, 25);
    remove_place(&p);
}

static void refuses_a_reader_where_there_is_no_index(void **state)
{
    (void)state;
    struct place p;
    make_place(&p);
    expect_refused(&p, params, true, WINNOW_EUSAGE, "there is no such file");
    assert_int_equal(access(p.file, F_OK), -1);
    close(open(p.file, O_CREAT | O_WRONLY, 0666));
    expect_refused(&p, params, true, WINNOW_EUSAGE, "there is no index yet");
    catalog_close(open_writer(&p));
    catalog_close(open_reader(&p));
    remove_place(&p);
}

/* Writes a record of "params" as another winnow would have. */
static void put_raw_params(const struct place *p, uint32_t version, uint32_t order)
{
    struct catalog_env *e;
    MDB_txn *txn;
    const uint32_t words[] = {version, order, 32, 8, 25, 1, 77, 0};
    const struct slice record = {(const char *)words, sizeof words};
    OK(catalog_env_open(p->file, false, &e, &failure));
    OK(catalog_env_begin(e, p->file, false, &txn, &failure));
    assert_int_equal(catalog_env_put(e, txn, TABLE_META, slice_of("params"), &record, 1, 0), 0);
    OK(catalog_env_commit(e, p->file, txn, &failure));
    catalog_env_close(e);
}

static void refuses_an_index_of_a_newer_winnow(void **state)
{
    (void)state;
    struct place p;
    make_place(&p);
    catalog_close(open_writer(&p));
    put_raw_params(&p, 1, 0x01020304);
    catalog_close(open_reader(&p));
    put_raw_params(&p, 2, 0x01020304);
    expect_refused(&p, params, true, WINNOW_EUSAGE, "made by a newer winnow (version 2");
    expect_refused(&p, params, false, WINNOW_EUSAGE, "use that one, or make a new index");
    remove_place(&p);
}

static void refuses_an_index_of_another_byte_order(void **state)
{
    (void)state;
    struct place p;
    char *bytes;
    make_place(&p);
    catalog_close(open_writer(&p));
    put_raw_params(&p, 1, 0x04030201);
    expect_refused(&p, params, true, WINNOW_EUSAGE, "another byte order");
    remove_place(&p);
    make_place(&p);
    catalog_close(open_writer(&p));
    (void)read_all(p.file, &bytes);
    for (size_t at = 16; at < 8192; at += 4096) {
        char swapped[4] = {bytes[at + 3], bytes[at + 2], bytes[at + 1], bytes[at]};
        write_at(p.file, at, swapped, 4);
    }
    expect_refused(&p, params, false, WINNOW_EUSAGE, "another byte order");
    free(bytes);
    remove_place(&p);
}

static void refuses_a_file_that_is_no_catalog(void **state)
{
    (void)state;
    struct place p;
    char text[20000];
    make_place(&p);
    memset(text, 'x', sizeof text);
    close(open(p.file, O_CREAT | O_WRONLY, 0666));
    write_at(p.file, 0, text, sizeof text);
    expect_refused(&p, params, false, WINNOW_EDATA, "no first page of a catalog");
    expect_refused(&p, params, true, WINNOW_EDATA, "no first page of a catalog");
    assert_int_equal(problems_of(&p, NULL, NULL), 1);
    remove_place(&p);
}

static void has_one_writer(void **state)
{
    (void)state;
    struct place p;
    int status;
    make_place(&p);
    struct catalog *c = open_writer(&p);
    expect_refused(&p, params, false, WINNOW_EBUSY, "another process writes to this index");
    pid_t pid = fork();
    if (!pid) {
        struct store_params own = params;
        struct catalog *second;
        _exit(catalog_open(p.folder, &own, false, &second, NULL));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), WINNOW_EBUSY);
    catalog_close(open_reader(&p));
    catalog_close(c);
    catalog_close(open_writer(&p));
    remove_place(&p);
}

/* A catalog that is gone, is empty, or is one page. */
static void expect_lost(const struct place *p)
{
    const long sizes[] = {-1, 0, sysconf(_SC_PAGESIZE)};
    for (size_t i = 0; i < 3; i++) {
        long bytes = sizes[i];
        unlink(p->file);
        if (bytes >= 0) {
            close(open(p->file, O_CREAT | O_WRONLY, 0666));
            assert_int_equal(truncate(p->file, bytes), 0);
        }
        for (int read_only = 0; read_only < 2; read_only++)
            expect_refused(p, params, read_only, WINNOW_EDATA, "put it back, or winnow index compact");
        assert_int_equal(size_of(p->file), bytes);
    }
}

static void refuses_to_begin_anew_beside_texts_or_runs(void **state)
{
    (void)state;
    static const char *const names[] = {"texts-000002", "run-000007"};
    for (size_t i = 0; i < 2; i++) {
        struct place p;
        char path[128];
        make_place(&p);
        catalog_close(open_writer(&p));
        snprintf(path, sizeof path, "%s/%s", p.folder, names[i]);
        close(open(path, O_CREAT | O_WRONLY, 0666));
        catalog_close(open_writer(&p));
        expect_lost(&p);
        unlink(path);
        unlink(p.file);
        catalog_close(open_writer(&p));
        remove_place(&p);
    }
}

static void makes_the_folder_but_not_its_parents(void **state)
{
    (void)state;
    struct place p, q;
    make_place(&p);
    q = p;
    strcat(q.folder, "/new");
    catalog_close(open_writer(&q));
    catalog_close(open_reader(&q));
    strcat(q.folder, "er/still");
    expect_refused(&q, params, false, WINNOW_EIO, "No such file");
    remove_place(&p);
}

/* --- where it cannot be written ---------------------------------------------------------------------------- */

/* Runs in a process of its own, of a user who may not write; says its status. */
static int as_nobody(int (*run)(const struct place *p), const struct place *p)
{
    int status;
    pid_t pid = fork();
    if (!pid) {
        if (!geteuid() && setresuid(65534, 65534, 65534))
            _exit(99);
        _exit(run(p));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int read_docs(const struct place *p)
{
    struct catalog *c = open_reader(p);
    OK(catalog_begin(c, &failure));
    expect_docs(c, 1, SMALL_DOCS);
    catalog_close(c);
    return 50;
}

static int write_docs(const struct place *p)
{
    expect_refused(p, params, false, WINNOW_EIO, "check who may read and write it");
    return 51;
}

static int fail_to_read(const struct place *p)
{
    expect_refused(p, params, true, WINNOW_EIO, "catalog.mdb-lock: cannot open it for writing");
    return 54;
}

static void reads_what_it_may_not_write_where_a_writer_knows_of_it(void **state)
{
    (void)state;
    /* LMDB's lock file may be written, or read, or is not there. */
    static const struct {
        mode_t mode;
        int (*run)(const struct place *p);
        int says;
    } cases[] = {{0666, read_docs, 50}, {0444, fail_to_read, 54}, {0, fail_to_read, 54}};
    struct place p;
    char path[128];
    make_place(&p);
    fill_small(&p);
    snprintf(path, sizeof path, "%s/catalog.mdb-lock", p.folder);
    assert_int_equal(chmod(p.file, 0444), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(cases[i].mode ? chmod(path, cases[i].mode) : unlink(path), 0);
        assert_int_equal(chmod(p.folder, 0555), 0);
        assert_int_equal(as_nobody(cases[i].run, &p), cases[i].says);
        assert_int_equal(as_nobody(write_docs, &p), 51);
        assert_int_equal(chmod(p.folder, 0755), 0);
    }
    remove_place(&p);
}

static int fail_to_read_catalog(const struct place *p)
{
    expect_refused(p, params, true, WINNOW_EIO, "catalog.mdb: cannot open");
    return 55;
}

static void what_may_not_be_read_is_no_matter_of_a_lock(void **state)
{
    (void)state;
    struct place p;
    make_place(&p);
    fill_small(&p);
    assert_int_equal(chmod(p.folder, 0755), 0);
    assert_int_equal(chmod(p.file, 0600), 0);
    assert_int_equal(as_nobody(geteuid() ? read_docs : fail_to_read_catalog, &p), geteuid() ? 50 : 55);
    remove_place(&p);
}

/* Fills a catalog until it fails; then what was committed is there, and it goes on when
 * there is room again. */
static void fill_until_it_fails(const struct place *p, const char *words)
{
    struct winnow_error err = {0};
    struct catalog *c = open_writer(p);
    uint32_t done = 1;
    int status = 0;
    while (!status && done < 100000) {
        OK(catalog_begin(c, &failure));
        put_docs(c, done, done + 50);
        status = catalog_commit(c, &err);
        done += status ? 0 : 50;
    }
    assert_int_equal(status, WINNOW_EIO);
    if (!strstr(err.text, words))
        fail_msg("%s", err.text);
    for (int i = 0; i < 3; i++) {
        OK(catalog_begin(c, &failure));
        expect_docs(c, 1, done);
        assert_false(has_doc(c, done));
        put_docs(c, done, done + 50);
        assert_int_equal(catalog_commit(c, &err), WINNOW_EIO);
        assert_int_equal(problems_of(p, NULL, NULL), 0);
    }
    catalog_close(c);
    c = open_reader(p);
    OK(catalog_begin(c, &failure));
    expect_docs(c, 1, done);
    catalog_close(c);
}

static void a_limit_on_the_size_of_files_loses_nothing(void **state)
{
    (void)state;
    struct place p;
    struct rlimit old, limit;
    make_place(&p);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = (struct rlimit){300000, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    fill_until_it_fails(&p, "cannot write");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    struct catalog *c = open_writer(&p);
    OK(catalog_begin(c, &failure));
    put_docs(c, 10001, 10100);
    OK(catalog_commit(c, &failure));
    catalog_close(c);
    assert_int_equal(problems_of(&p, NULL, NULL), 0);
    remove_place(&p);
}

/* A small disk, which goes away whatever becomes of the test. */
struct disk {
    struct place place;
    bool is_mounted;
};

static int make_disk(void **state)
{
    static struct disk d;
    make_place(&d.place);
    d.is_mounted = mount("none", d.place.folder, "tmpfs", 0, "size=600k") == 0;
    *state = &d;
    return 0;
}

static int remove_disk(void **state)
{
    struct disk *d = *state;
    /* A test that failed has files open. */
    if (d->is_mounted && umount2(d->place.folder, MNT_DETACH))
        return -1;
    return rmdir(d->place.folder);
}

static int read_large(const struct place *p)
{
    struct catalog *c = open_reader(p);
    OK(catalog_begin(c, &failure));
    expect_docs(c, 10001, 10100);
    catalog_close(c);
    return 50;
}

static void survives_a_full_disk(void **state)
{
    const struct disk *d = *state;
    const struct place *p = &d->place;
    if (!d->is_mounted) {
        print_message("skipped: no tmpfs can be mounted here\n");
        return;
    }
    fill_until_it_fails(p, "ree some space");
    assert_int_equal(mount("none", p->folder, "tmpfs", MS_REMOUNT, "size=2m"), 0);
    struct catalog *c = open_writer(p);
    OK(catalog_begin(c, &failure));
    put_docs(c, 10001, 10100);
    OK(catalog_commit(c, &failure));
    catalog_close(c);
    /* And a filesystem that is mounted for reading only. */
    assert_int_equal(mount("none", p->folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    expect_refused(p, params, false, WINNOW_EIO, "Read-only file system");
    c = open_reader(p);
    OK(catalog_begin(c, &failure));
    expect_docs(c, 10001, 10100);
    catalog_close(c);
    assert_int_equal(as_nobody(read_large, p), 50);
}

static int write_with_little_room(const struct place *p)
{
    struct rlimit limit = {(rlim_t)300 << 20, (rlim_t)300 << 20};
    if (setrlimit(RLIMIT_AS, &limit))
        return 98;
    struct catalog *c = open_writer(p);
    OK(catalog_begin(c, &failure));
    put_docs(c, 1, 2000);
    OK(catalog_commit(c, &failure));
    OK(catalog_begin(c, &failure));
    expect_docs(c, 1, 2000);
    catalog_close(c);
    return 52;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static void does_with_little_address_space(void **state)
{
    (void)state;
    struct place p;
    int status;
    if (SANITIZED) {
        print_message("skipped: a sanitizer needs the address space itself\n");
        return;
    }
    make_place(&p);
    pid_t pid = fork();
    if (!pid)
        _exit(write_with_little_room(&p));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 52);
    remove_place(&p);
}

/* --- damage ------------------------------------------------------------------------------------------------- */

/* A writer that ends in the middle of a transaction. */
static void a_killed_writer_leaves_the_last_commit(void **state)
{
    (void)state;
    struct place p;
    int status;
    make_place(&p);
    fill_small(&p);
    pid_t pid = fork();
    if (!pid) {
        struct catalog *c = open_writer(&p);
        OK(catalog_begin(c, &failure));
        put_docs(c, SMALL_DOCS + 1, 2000);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    struct catalog *c = open_writer(&p);
    OK(catalog_begin(c, &failure));
    expect_docs(c, 1, SMALL_DOCS);
    assert_false(has_doc(c, SMALL_DOCS + 1));
    put_docs(c, SMALL_DOCS + 1, 500);
    OK(catalog_commit(c, &failure));
    catalog_close(c);
    assert_int_equal(problems_of(&p, NULL, NULL), 0);
    remove_place(&p);
}

static void a_file_that_was_cut_off_is_noticed_at_every_page(void **state)
{
    (void)state;
    struct place p;
    char *bytes;
    make_place(&p);
    fill_small(&p);
    size_t len = read_all(p.file, &bytes);
    for (size_t pages = len / 4096; pages-- > 1;) {
        assert_int_equal(truncate(p.file, (off_t)(pages * 4096)), 0);
        if (is_noticed(&p))
            continue;
        /* Then only free pages are gone. */
        struct text all = {0};
        assert_int_equal(say_all(&all, p.folder, SMALL_DOCS), WINNOW_OK);
        free(all.data);
        assert_true(pages > 4);
    }
    assert_int_equal(truncate(p.file, 2 * 4096), 0);
    expect_refused(&p, params, true, WINNOW_EDATA, "");
    expect_refused(&p, params, false, WINNOW_EDATA, "");
    free(bytes);
    remove_place(&p);
}

static void note_place(void *ctx, const char *file, uint64_t at, const char *text)
{
    uint64_t *ret = ctx;
    assert_non_null(strstr(file, "/catalog.mdb"));
    assert_non_null(strstr(text, "compact"));
    *ret = at;
}

/* A file that is in use is put back as it was two commits ago: every page of it is right. */
static void refuses_an_older_file_in_the_place_of_one_in_use(void **state)
{
    (void)state;
    struct place p;
    char *bytes;
    make_place(&p);
    fill_small(&p);
    struct catalog *r = open_reader(&p), *w = open_writer(&p);
    size_t len = read_all(p.file, &bytes);
    for (uint32_t n = 200; n < 202; n++) {
        OK(catalog_begin(w, &failure));
        put_docs(w, n, n + 1);
        OK(catalog_commit(w, &failure));
    }
    catalog_close(w);
    write_at(p.file, 0, bytes, len);
    assert_int_equal(problems_of(&p, NULL, NULL), 0);
    expect_refused(&p, params, true, WINNOW_EDATA, "its first pages are damaged");
    expect_refused(&p, params, false, WINNOW_EDATA, "its first pages are damaged");
    catalog_close(r);
    catalog_close(open_reader(&p));
    free(bytes);
    remove_place(&p);
}

/* --- lists of free pages, as catalog_check.c draws them ------------------------------------- */

struct free_pages {
    char *bytes;
    uint64_t last; /* page */
    bool is_free[1000];
    size_t longest, count; /* the longest list: where its pages begin, and how many */
};

static uint64_t word_at(const char *bytes, size_t at)
{
    uint64_t ret;
    memcpy(&ret, bytes + at, sizeof ret);
    return ret;
}

static void note_list(struct free_pages *f, size_t at)
{
    uint64_t count = word_at(f->bytes, at);
    for (uint64_t i = 1; i <= count; i++)
        f->is_free[word_at(f->bytes, at + 8 * i)] = true;
    if (count > f->count) {
        f->count = count;
        f->longest = at + 8;
    }
}

/* Of a catalog whose tree of free pages is one leaf. */
static struct free_pages find_free(const struct place *p)
{
    struct free_pages ret = {0};
    enum { TXN = 16 + 128, LAST = 16 + 120, ROOT = 16 + 24 + 40, DEPTH = 16 + 24 + 6 };
    size_t len = read_all(p->file, &ret.bytes);
    size_t meta = word_at(ret.bytes, TXN) > word_at(ret.bytes, 4096 + TXN) ? 0 : 4096;
    size_t root = word_at(ret.bytes, meta + ROOT) * 4096;
    ret.last = word_at(ret.bytes, meta + LAST);
    assert_int_equal(ret.bytes[meta + DEPTH], 1);
    assert_true(root < len && ret.last < 1000);
    size_t nodes = (word_at(ret.bytes, root + 12) % 65536 - 16) / 2;
    for (size_t i = 0; i < nodes; i++) {
        size_t node = root + word_at(ret.bytes, root + 16 + 2 * i) % 65536;
        note_list(&ret, node + 8 + 8); /* behind its head and its key */
    }
    assert_true(ret.count > 2);
    return ret;
}

/* Says of one free page that it is another, so that the list still falls. */
static size_t replace_free(const struct place *p, const struct free_pages *f, uint64_t page)
{
    size_t at = f->longest;
    for (size_t i = 1; i < f->count && word_at(f->bytes, at + 8) > page; i++)
        at += 8;
    write_at(p->file, at, &page, sizeof page);
    return at;
}

static void no_page_that_is_in_use_is_free(void **state)
{
    (void)state;
    struct place p;
    size_t used = 0, overflows = 0;
    make_place(&p);
    fill_small(&p);
    struct free_pages f = find_free(&p);
    for (uint64_t page = 2; page <= f.last; page++) {
        uint64_t told = 0;
        if (f.is_free[page])
            continue;
        size_t at = replace_free(&p, &f, page);
        if (problems_of(&p, note_place, &told) != 1)
            fail_msg("page %llu is free and in use", (unsigned long long)page);
        assert_int_equal(told, page * 4096);
        write_at(p.file, at, f.bytes + at, 8);
        used++;
        overflows += f.bytes[page * 4096 + 10] == 4;
    }
    assert_true(overflows >= 2 && used > overflows);
    assert_false(is_noticed(&p));
    free(f.bytes);
    remove_place(&p);
}

/* LMDB takes free pages from the list's end, and looks for those in a row. */
static void a_list_of_free_pages_falls(void **state)
{
    (void)state;
    struct place p;
    char swapped[16];
    uint64_t told = 0;
    make_place(&p);
    fill_small(&p);
    struct free_pages f = find_free(&p);
    memcpy(swapped, f.bytes + f.longest + 8, 8);
    memcpy(swapped + 8, f.bytes + f.longest, 8);
    write_at(p.file, f.longest, swapped, sizeof swapped);
    assert_int_equal(problems_of(&p, note_place, &told), 1);
    assert_int_equal(told, f.longest / 4096 * 4096);
    expect_refused(&p, params, false, WINNOW_EDATA, "a list of free pages is out of order");
    free(f.bytes);
    remove_place(&p);
}

static void a_wrong_record_is_told_with_its_place(void **state)
{
    (void)state;
    struct place p;
    char *bytes;
    uint64_t at = 0;
    make_place(&p);
    fill_small(&p);
    size_t len = read_all(p.file, &bytes);
    struct doc_key want = key_of(85);
    const char *found = memmem(bytes, len, want.bytes, 16);
    assert_non_null(found);
    size_t where = (size_t)(found - bytes) + 1;
    for (; found; found = memmem(found + 1, len - (size_t)(found + 1 - bytes), want.bytes, 16)) {
        where = (size_t)(found - bytes) + 1;
        write_at(p.file, where, "?", 1);
    }
    assert_true(problems_of(&p, note_place, &at) >= 1);
    assert_true(at % 4096 == 0);
    expect_refused(&p, params, false, WINNOW_EDATA, "damaged at byte");
    free(bytes);
    remove_place(&p);
}

/* Where the check finds nothing, LMDB has to read just what it read before. */
struct flips {
    const struct place *p;
    char *bytes;
    size_t len;
    const struct text *all;
    size_t noticed;
};

static void flip(const struct flips *f, size_t at, unsigned char mask)
{
    char c = (char)(f->bytes[at] ^ mask);
    write_at(f->p->file, at, &c, 1);
}

static int reads_the_same(const struct flips *f)
{
    struct text now = {0};
    if (say_all(&now, f->p->folder, SMALL_DOCS))
        return 1;
    int ret = now.len != f->all->len || memcmp(now.data, f->all->data, now.len) != 0;
    free(now.data);
    return ret;
}

/* In a child: LMDB maps the file, and may crash. */
static void expect_harmless(const struct flips *f, const size_t *places, size_t count)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (!pid) {
        for (size_t i = 0; i < count; i++) {
            flip(f, places[i], (unsigned char)(1u << places[i] % 8));
            if (reads_the_same(f)) {
                fprintf(stderr, "byte %zu is wrong and not noticed\n", places[i]);
                _exit(1);
            }
            flip(f, places[i], 0);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void every_wrong_bit_is_noticed_or_harmless(void **state)
{
    (void)state;
    struct place p;
    struct text all = {0};
    make_place(&p);
    fill_small(&p);
    assert_int_equal(say_all(&all, p.folder, SMALL_DOCS), WINNOW_OK);
    struct flips f = {.p = &p, .all = &all};
    f.len = read_all(p.file, &f.bytes);
    size_t *quiet = malloc(f.len * sizeof *quiet), count = 0, unnoticed = 0, noticed_before = 0;
    for (size_t at = 0; at < f.len; at++) {
        /* Of room that nothing uses a sample will do. */
        if (at % 4096 == 0)
            noticed_before = f.noticed;
        if (at % 4096 > 64 && f.noticed == noticed_before && at % 61)
            continue;
        flip(&f, at, (unsigned char)(1u << at % 8));
        bool noticed = is_noticed(&p);
        flip(&f, at, 0);
        f.noticed += noticed;
        if (!noticed && ((at % 4096 < 160 && f.bytes[at]) || unnoticed++ % 29 == 0))
            quiet[count++] = at;
    }
    for (size_t i = 0; i < count; i += 512)
        expect_harmless(&f, quiet + i, count - i < 512 ? count - i : 512);
    assert_false(is_noticed(&p));
    assert_true(f.noticed > 16384);
    free(quiet);
    free(f.bytes);
    free(all.data);
    remove_place(&p);
}

/* Transactions 5 to 8 have every pattern of low bits: one wrong bit may make the newer first
 * page look like an older one that fits. */
/* Where the newer first page has come to say the number before the other's, it cannot be
 * told from one that could not be written, which LMDB gives back its old number. */
static bool looks_undone(const struct place *p, size_t page)
{
    char *bytes;
    uint64_t txn[2];
    read_all(p->file, &bytes);
    for (size_t i = 0; i < 2; i++)
        memcpy(&txn[i], bytes + i * 4096 + 16 + 128, sizeof txn[i]);
    free(bytes);
    return txn[page] + 1 == txn[!page];
}

static void a_wrong_bit_never_hides_the_last_commit(void **state)
{
    (void)state;
    struct place p;
    make_place(&p);
    fill_small(&p);
    for (uint32_t round = 0; round < 4; round++) {
        for (size_t bit = 0; bit < 2 * 64; bit++) {
            size_t at = (bit / 64) * 4096 + 16 + 128 + bit % 64 / 8;
            struct flips f = {.p = &p};
            f.len = read_all(p.file, &f.bytes);
            flip(&f, at, (unsigned char)(1u << bit % 8));
            assert_true(looks_undone(&p, at / 4096) || is_noticed(&p));
            flip(&f, at, 0);
            free(f.bytes);
        }
        struct catalog *c = open_writer(&p);
        OK(catalog_begin(c, &failure));
        put_docs(c, 200 + round, 201 + round);
        OK(catalog_commit(c, &failure));
        catalog_close(c);
    }
    remove_place(&p);
}

static void survives_any_bytes_in_the_place_of_a_page(void **state)
{
    (void)state;
    struct place p;
    char *bytes, page[4096];
    make_place(&p);
    fill_small(&p);
    size_t len = read_all(p.file, &bytes);
    uint64_t seed = 1;
    for (int i = 0; i < 3000; i++) {
        seed = hash_bytes((struct slice){(char *)&seed, sizeof seed});
        size_t at = seed % (len / 4096) * 4096, n = seed >> 40 & 63;
        memcpy(page, bytes + at, 4096);
        for (size_t k = 0; k <= n; k++) {
            seed = hash_bytes((struct slice){(char *)&seed, sizeof seed});
            page[seed >> 32 & (seed & 1 ? 4095 : 63)] = (char)(seed >> 8);
        }
        write_at(p.file, at, page, 4096);
        (void)is_noticed(&p);
        write_at(p.file, at, bytes + at, 4096);
    }
    assert_false(is_noticed(&p));
    free(bytes);
    remove_place(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_was_committed),
        cmocka_unit_test(forgets_what_was_not_committed),
        cmocka_unit_test(a_key_means_the_number_it_was_last_given),
        cmocka_unit_test(a_record_that_is_put_again_is_replaced),
        cmocka_unit_test(a_document_with_no_first_version_is_its_own),
        cmocka_unit_test(recent_hashes_and_runs_come_by_number),
        cmocka_unit_test(the_state_is_what_was_put_last),
        cmocka_unit_test(a_reader_keeps_its_view_while_a_writer_goes_on),
        cmocka_unit_test(threads_of_one_process_read_and_write_at_once),
        cmocka_unit_test(a_second_reader_that_goes_takes_nothing_from_the_first),
        cmocka_unit_test(asks_for_a_transaction),
        cmocka_unit_test(makes_a_random_key_and_keeps_it),
        cmocka_unit_test(refuses_other_parameters_and_names_them),
        cmocka_unit_test(refuses_a_reader_where_there_is_no_index),
        cmocka_unit_test(refuses_an_index_of_a_newer_winnow),
        cmocka_unit_test(refuses_an_index_of_another_byte_order),
        cmocka_unit_test(refuses_a_file_that_is_no_catalog),
        cmocka_unit_test(has_one_writer),
        cmocka_unit_test(refuses_to_begin_anew_beside_texts_or_runs),
        cmocka_unit_test(makes_the_folder_but_not_its_parents),
        cmocka_unit_test(reads_what_it_may_not_write_where_a_writer_knows_of_it),
        cmocka_unit_test(what_may_not_be_read_is_no_matter_of_a_lock),
        cmocka_unit_test(a_limit_on_the_size_of_files_loses_nothing),
        cmocka_unit_test_setup_teardown(survives_a_full_disk, make_disk, remove_disk),
        cmocka_unit_test(does_with_little_address_space),
        cmocka_unit_test(a_killed_writer_leaves_the_last_commit),
        cmocka_unit_test(a_file_that_was_cut_off_is_noticed_at_every_page),
        cmocka_unit_test(refuses_an_older_file_in_the_place_of_one_in_use),
        cmocka_unit_test(no_page_that_is_in_use_is_free),
        cmocka_unit_test(a_list_of_free_pages_falls),
        cmocka_unit_test(a_wrong_record_is_told_with_its_place),
        cmocka_unit_test(every_wrong_bit_is_noticed_or_harmless),
        cmocka_unit_test(a_wrong_bit_never_hides_the_last_commit),
        cmocka_unit_test(survives_any_bytes_in_the_place_of_a_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
