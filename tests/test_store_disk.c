/* test_store_disk.c - what of a store in a folder outlives processes, crashes and damage. */
#include "store_testing.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int set_up(void **state)
{
    *state = folder_new();
    return 0;
}

static int tear_down(void **state)
{
    folder_remove(*state);
    return 0;
}

/* --- opening -------------------------------------------------------------------------------- */

static struct store *open_sized(const char *folder, uint32_t flush, uint32_t factor, bool read_only)
{
    struct store *s = NULL;
    struct winnow_error err = {0};
    const struct store_sizes sizes = {flush, factor};
    if (store_disk_sized(folder, &plain_params, &sizes, read_only, &s, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return s;
}

/* Its runs are small: 16 documents of put_many fill one. */
static struct store *open_small(const char *folder, bool read_only)
{
    return open_sized(folder, 4096, 6, read_only);
}

/* --- helpers -------------------------------------------------------------------------------- */

/* The first problem that was told, and how many there were. */
struct problems {
    size_t count;
    char file[300], text[300];
};

static void note_problem(void *ctx, const char *file, uint64_t at, const char *text)
{
    struct problems *p = ctx;
    (void)at;
    if (p->count++)
        return;
    snprintf(p->file, sizeof p->file, "%s", file);
    snprintf(p->text, sizeof p->text, "%s", text);
}

static size_t verify(const char *folder, struct problems *p)
{
    size_t problems = 0;
    struct winnow_error err = {0};
    struct problems unused = {0};
    p = p ? p : &unused;
    *p = (struct problems){0};
    if (store_verify(folder, note_problem, p, &problems, &err) != WINNOW_OK)
        fail_msg("verify: %s", err.text);
    return problems;
}

static void assert_sound(const char *folder)
{
    struct problems p;
    if (verify(folder, &p))
        fail_msg("%s: %s", p.file, p.text);
}

/* The fingerprints of text n, from its text alone: a store_prints_fn. */
static int prints_again(void *ctx, const struct store_params *params, struct slice text,
                        uint64_t **hashes, size_t *count)
{
    uint64_t *prints = ctx;
    unsigned n = 0;
    assert_int_equal(params->k, plain_params.k);
    assert_int_equal(sscanf(text.p, "The ferry of day %u ", &n), 1);
    for (uint32_t i = 0; i < PRINTS; i++)
        prints[i] = print_of(n, i);
    *hashes = prints;
    *count = PRINTS;
    return WINNOW_OK;
}

static void compact(const char *folder, struct problems *p)
{
    uint64_t prints[PRINTS];
    struct winnow_error err = {0};
    struct problems unused = {0};
    p = p ? p : &unused;
    *p = (struct problems){0};
    if (store_compact(folder, &plain_params, prints_again, prints, note_problem, p, &err) !=
        WINNOW_OK)
        fail_msg("compact: %s", err.text);
}

static void damage_byte(const char *path, off_t at)
{
    char byte;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x5a;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static off_t size_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

/* Documents of many prints each, until at least so many runs are written; ends with a
 * commit.  Document n has the prints of put_plain's, and more. */
enum { MANY = 280, MANY_MORE = 7000 };

static void put_prints(struct store *s, uint32_t n, uint32_t count)
{
    static uint64_t prints[MANY_MORE];
    struct store_doc doc = doc_with(n, n);
    struct winnow_error err = {0};
    for (uint32_t i = 0; i < count; i++)
        prints[i] = i < PRINTS ? print_of(n, i) : ((uint64_t)n << 32 | i) * 0xD1342543DE82EF95u;
    if (store_put(s, &doc, prints, count, NULL, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
}

static void put_many(struct store *s, uint32_t n)
{
    put_prints(s, n, MANY);
}

static struct store_stat stat_of(struct store *s)
{
    struct store_stat stat;
    assert_int_equal(store_stat(s, &stat, NULL), WINNOW_OK);
    return stat;
}

/* Commits of 16 documents of so many prints: each a run.  From number `first` on. */
static uint32_t put_runs_of(struct store *s, uint32_t first, uint32_t runs, uint32_t prints)
{
    for (uint32_t n = first; n < first + 16 * runs; n++) {
        put_prints(s, n, prints);
        if ((n - first) % 16 == 15)
            commit(s);
    }
    return first + 16 * runs;
}

static uint32_t put_runs(struct store *s, uint32_t first, uint32_t runs)
{
    return put_runs_of(s, first, runs, MANY);
}

/* --- what lasts --------------------------------------------------------------------------- */

static void what_was_committed_is_there_again(void **state)
{
    struct store *s = open_small(*state, false);
    uint64_t key = s->params.key;
    for (uint32_t n = 1; n <= 300; n++) {
        put_plain(s, n);
        if (n % 100 == 0)
            commit(s);
    }
    store_close(s);
    for (int read_only = 0; read_only < 2; read_only++) {
        s = open_small(*state, read_only);
        assert_int_equal(s->params.key, key);
        for (uint32_t n = 1; n <= 300; n++)
            assert_whole(s, n, n);
        store_close(s);
    }
    assert_sound(*state);
}

static void what_was_not_committed_is_gone(void **state)
{
    struct store *s = open_small(*state, false);
    put_plain(s, 1);
    commit(s);
    put_plain(s, 2);
    put_with(s, 1, 3);
    store_close(s);
    s = open_small(*state, false);
    assert_whole(s, 1, 1);
    assert_int_equal(number_of(s, 2), 0);
    assert_int_equal(count_hits(s, print_of(2, 0), NULL), 0);
    assert_int_equal(put_plain(s, 4), 2);
    commit(s);
    assert_whole(s, 2, 4);
    store_close(s);
    assert_sound(*state);
}

static void stubs_states_and_sites_last(void **state)
{
    struct buf blob;
    struct store *s = open_small(*state, false);
    buf_init(&blob, 100);
    put_stub(s, 1);
    put_plain(s, 2);
    put_plain(s, 3);
    put_with(s, 3, 4);
    assert_int_equal(store_set_state(s, 2, DOC_SUPERSEDED, 4, NULL), WINNOW_OK);
    assert_int_equal(store_put_site(s, slice_of("a"), slice_of("blob"), NULL), WINNOW_OK);
    commit(s);
    store_close(s);
    assert_sound(*state);
    s = open_small(*state, false);
    assert_int_equal(state_of(s, 1), DOC_STUB);
    assert_int_equal(state_of(s, 2), DOC_SUPERSEDED);
    assert_int_equal(state_of(s, 3), DOC_REPLACED);
    assert_int_equal(number_of(s, 3), 4);
    assert_int_equal(stat_of(s).states[DOC_LIVE], 1);
    assert_int_equal(store_get_site(s, slice_of("a"), &blob, NULL), WINNOW_OK);
    assert_true(slice_is(buf_slice(&blob), "blob"));
    assert_int_equal(put_plain(s, 1), 1);
    commit(s);
    assert_whole(s, 1, 1);
    store_close(s);
    buf_free(&blob);
}

static void small_commits_make_no_runs(void **state)
{
    struct store *s = open_small(*state, false);
    for (uint32_t n = 1; n <= 50; n++) {
        put_plain(s, n);
        commit(s);
    }
    assert_int_equal(stat_of(s).runs, 0);
    assert_int_equal(stat_of(s).recent, 50);
    store_close(s);
    s = open_small(*state, false);
    assert_int_equal(stat_of(s).recent, 50);
    assert_whole(s, 50, 50);
    store_close(s);
}

static void runs_are_written_and_merged_and_keep_every_print(void **state)
{
    struct store *s = open_small(*state, false);
    uint64_t most = 0;
    put_plain(s, 1); /* recent, then in a run with others */
    commit(s);
    uint32_t end = put_runs(s, 2, 13);
    for (int open = 0; open < 2; open++) {
        assert_int_equal(stat_of(s).recent, 0);
        most = stat_of(s).runs;
        assert_true(most > 1 && most < 6);
        for (uint32_t n = 1; n < end; n++)
            assert_whole(s, n, n);
        store_close(s);
        assert_sound(*state);
        s = open_small(*state, false);
    }
    store_close(s);
}

static void a_merge_lets_dead_documents_go(void **state)
{
    struct store *s = open_small(*state, false);
    put_runs(s, 1, 5);
    assert_int_equal(stat_of(s).runs, 5);
    uint64_t before = stat_of(s).prints;
    assert_int_equal(store_set_state(s, 1, DOC_FORGOTTEN, 0, NULL), WINNOW_OK);
    assert_int_equal(store_set_state(s, 2, DOC_SUPERSEDED, 3, NULL), WINNOW_OK);
    put_with(s, 80, 1000); /* replaces it */
    put_runs(s, 81, 1);
    assert_int_equal(stat_of(s).runs, 1);
    assert_true(stat_of(s).prints < before + 15 * MANY);
    assert_int_equal(count_hits(s, print_of(1, 0), NULL), 0);
    assert_int_equal(count_hits(s, print_of(2, 0), NULL), 1);
    assert_int_equal(count_hits(s, print_of(80, 0), NULL), 0);
    assert_int_equal(count_hits(s, print_of(79, 0), NULL), 1);
    store_close(s);
    assert_sound(*state);
}

static void a_writers_opening_removes_leftovers(void **state)
{
    static const char *const names[] = {"run-000099", "texts-000077", ".tmp-run-000001-abc",
                                        "mine.txt"};
    char path[300];
    struct store *s = open_small(*state, false);
    put_plain(s, 1);
    commit(s);
    store_close(s);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", (char *)*state, names[i]);
        close(open(path, O_CREAT | O_WRONLY, 0600));
    }
    assert_sound(*state); /* they are told of, and no problem */
    store_close(open_small(*state, true));
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", (char *)*state, names[i]);
        assert_int_equal(access(path, F_OK), 0);
    }
    s = open_small(*state, false);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", (char *)*state, names[i]);
        assert_int_equal(access(path, F_OK) == 0, i == 3);
    }
    assert_whole(s, 1, 1);
    store_close(s);
}

/* --- who may open ------------------------------------------------------------------------------ */

static int try_open(const char *folder, const struct store_params *params, bool read_only,
                    struct winnow_error *err)
{
    struct store *s = NULL;
    int status = store_disk(folder, params, read_only, &s, err);
    if (status == WINNOW_OK)
        store_close(s);
    else
        assert_null(s);
    return status;
}

static void a_second_writer_is_refused_and_a_reader_is_not(void **state)
{
    struct winnow_error err = {0};
    struct store *s = open_small(*state, false);
    put_plain(s, 1);
    commit(s);
    assert_int_equal(try_open(*state, &plain_params, false, &err), WINNOW_EBUSY);
    assert_int_equal(try_open(*state, &plain_params, true, &err), WINNOW_OK);
    assert_int_equal(store_compact(*state, &plain_params, prints_again, NULL, NULL, NULL, &err),
                     WINNOW_EBUSY);
    put_plain(s, 2);
    commit(s);
    store_close(s);
    assert_int_equal(try_open(*state, &plain_params, false, &err), WINNOW_OK);
    assert_sound(*state);
}

static void other_parameters_are_refused(void **state)
{
    struct winnow_error err = {0};
    store_close(open_small(*state, false));
    struct store_params other = plain_params;
    other.w++;
    assert_int_equal(try_open(*state, &other, false, &err), WINNOW_EUSAGE);
    assert_int_equal(try_open(*state, &other, true, &err), WINNOW_EUSAGE);
    assert_int_equal(try_open(*state, &plain_params, true, &err), WINNOW_OK);
}

static void a_reader_makes_nothing_and_puts_nothing(void **state)
{
    struct winnow_error err = {0};
    char path[300];
    snprintf(path, sizeof path, "%s/none", (char *)*state);
    assert_int_equal(try_open(path, &plain_params, true, &err), WINNOW_EUSAGE);
    assert_int_equal(access(path, F_OK), -1);
    store_close(open_small(*state, false));
    struct store *s = open_small(*state, true);
    struct store_doc doc = doc_with(1, 1);
    assert_int_equal(store_put(s, &doc, NULL, 0, NULL, &err), WINNOW_EUSAGE);
    assert_int_equal(store_put_site(s, slice_of("a"), slice_of("b"), &err), WINNOW_EUSAGE);
    assert_int_equal(store_set_state(s, 1, DOC_LIVE, 0, &err), WINNOW_EUSAGE);
    commit(s);
    store_close(s);
}

/* No assertion in a child: it would run the tests that follow. */
static bool sees(struct store *s, uint32_t n)
{
    struct doc_key key = key_of(n);
    uint32_t number = 0;
    uint64_t print = print_of(n, 1);
    struct store_hits hits = {0};
    bool ret = store_find(s, &key, &number, NULL) == WINNOW_OK && number == n &&
               store_lookup(s, &print, 1, &hits, NULL) == WINNOW_OK && hits.count == 1;
    store_hits_free(&hits);
    return ret;
}

/* Opens, waits for the other's commits and merges, and looks again. */
static int read_meanwhile(const char *folder, int ready, int go)
{
    struct store *r = NULL;
    char c = 'r';
    if (store_disk(folder, &plain_params, true, &r, NULL) != WINNOW_OK)
        return 1;
    if (write(ready, &c, 1) != 1 || read(go, &c, 1) != 1)
        return 2;
    for (uint32_t n = 1; n <= 16; n++)
        if (!sees(r, n))
            return 3;
    if (sees(r, 17))
        return 4;
    store_close(r);
    if (store_disk(folder, &plain_params, true, &r, NULL) != WINNOW_OK || !sees(r, 17))
        return 5;
    store_close(r);
    return 0;
}

static void a_reader_sees_the_state_of_its_opening(void **state)
{
    int ready[2], go[2], how = 0;
    char c;
    struct store *w = open_small(*state, false);
    put_runs(w, 1, 1);
    store_close(w);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(read_meanwhile(*state, ready[1], go[0]));
    close(ready[1]); /* so that a child that ends is seen to */
    assert_int_equal(read(ready[0], &c, 1), 1);
    w = open_small(*state, false);
    put_runs(w, 17, 6);
    assert_int_equal(write(go[1], "g", 1), 1);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    store_close(w);
    close(ready[0]);
    close(go[0]);
    close(go[1]);
}

/* Readers that come and go while a writer commits and merges. */
static int read_again_and_again(const char *folder, int go)
{
    char c;
    struct pollfd end = {.fd = go, .events = POLLIN};
    do {
        struct store *r = NULL;
        if (store_disk(folder, &plain_params, true, &r, NULL) != WINNOW_OK)
            return 1;
        uint32_t last = 1;
        struct store_stat stat;
        if (store_stat(r, &stat, NULL) != WINNOW_OK)
            return 2;
        last = (uint32_t)stat.documents;
        if (last % 16 != 0 || !sees(r, 1) || !sees(r, last) || !sees(r, last / 2))
            return 3;
        store_close(r);
    } while (poll(&end, 1, 0) == 0);
    return read(go, &c, 1) == 1 ? 0 : 4;
}

static void readers_come_and_go_while_a_writer_merges(void **state)
{
    int go[2], how = 0;
    struct store *w = open_small(*state, false);
    uint32_t n = put_runs(w, 1, 1);
    assert_int_equal(pipe(go), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(read_again_and_again(*state, go[0]));
    put_runs(w, n, 12);
    assert_int_equal(write(go[1], "e", 1), 1);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    store_close(w);
    close(go[0]);
    close(go[1]);
}

/* --- crashes ------------------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

enum {
    OF_A_COMMIT = 5, /* documents */
    STOPS_MOST = 1000, /* of a process before it is killed: two a system call */
};

/* A child that stops at each of its system calls, for its parent to choose one. */
static void be_traced(void)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
}

/* Lets it go through so many stops, two a system call, and kills it there.  How it ended:
 * it may have done all before. */
static int kill_at(pid_t child, uint64_t stops)
{
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    for (; stops > 0 && WIFSTOPPED(how); stops--) {
        assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
        assert_int_equal(waitpid(child, &how, 0), child);
    }
    if (WIFSTOPPED(how)) {
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &how, 0), child);
    }
    return how;
}

/* Goes on from what is there with commits of some documents each, until it is killed: one
 * of a commit has prints enough for a run. */
static void write_until_killed(const char *folder)
{
    struct store *s = NULL;
    be_traced();
    if (store_disk(folder, &plain_params, false, &s, NULL) != WINNOW_OK)
        _exit(9);
    for (uint32_t n = (uint32_t)stat_of(s).documents + 1;; n += OF_A_COMMIT) {
        for (uint32_t i = 0; i < OF_A_COMMIT; i++)
            if (i == 1)
                put_many(s, n + i);
            else
                put_plain(s, n + i);
        char name[20];
        snprintf(name, sizeof name, "site%u", n);
        if (store_set_state(s, n, DOC_SUPERSEDED, n + 1, NULL) != WINNOW_OK ||
            store_put_site(s, slice_of(name), slice_of(name), NULL) != WINNOW_OK ||
            store_commit(s, NULL) != WINNOW_OK)
            _exit(8);
    }
}

static void assert_some_commits_state(const char *folder, uint64_t least)
{
    struct store *s = open_small(folder, false);
    struct store_stat stat = stat_of(s);
    assert_int_equal(stat.documents % OF_A_COMMIT, 0);
    assert_true(stat.documents >= least);
    assert_int_equal(stat.states[DOC_SUPERSEDED], stat.documents / OF_A_COMMIT);
    assert_int_equal(stat.sites, stat.documents / OF_A_COMMIT);
    for (uint32_t n = 1; n <= stat.documents; n++)
        assert_whole(s, n, n);
    store_close(s);
}

static void a_writer_killed_at_any_call_leaves_a_commits_state(void **state)
{
    uint64_t random = 20, documents = 0;
    for (int round = 0; round < 100; round++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            write_until_killed(*state);
        int how = kill_at(child, next_random(&random) % STOPS_MOST);
        assert_true(WIFSIGNALED(how));
        struct store *s = open_small(*state, false);
        assert_true(stat_of(s).documents >= documents);
        documents = stat_of(s).documents;
        store_close(s);
        if (round % 5 == 0)
            assert_sound(*state);
    }
    assert_sound(*state);
    assert_some_commits_state(*state, documents);
    assert_sound(*state);
}

static void a_full_disk_is_an_error_and_then_it_goes_on(void **state)
{
    struct winnow_error err = {0};
    struct rlimit old, small;
    struct store *s = open_small(*state, false);
    signal(SIGXFSZ, SIG_IGN);
    put_plain(s, 1);
    commit(s);
    struct store_stat before = stat_of(s);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    for (rlim_t most = 800; most < 6000000; most *= 5) {
        small.rlim_cur = most;
        for (uint32_t n = 2; n < 18; n++)
            put_many(s, n);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        int status = store_commit(s, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        if (status == WINNOW_OK)
            break;
        assert_int_equal(status, WINNOW_EIO);
        assert_int_equal(number_of(s, 2), 0);
        assert_int_equal(stat_of(s).documents, before.documents);
        assert_int_equal(stat_of(s).prints, before.prints);
        assert_whole(s, 1, 1);
    }
    if (number_of(s, 2) == 0)
        put_runs(s, 2, 1);
    for (uint32_t n = 1; n < 18; n++)
        assert_whole(s, n, n);
    store_close(s);
    assert_sound(*state);
}

static void a_failed_merge_is_no_failed_commit(void **state)
{
    struct rlimit old, small;
    struct problems p = {0};
    struct store *s = open_sized(*state, 16 * MANY_MORE, 6, false);
    signal(SIGXFSZ, SIG_IGN);
    put_runs_of(s, 1, 5, MANY_MORE);
    for (uint32_t n = 81; n < 97; n++)
        put_prints(s, n, MANY_MORE);
    /* More than a run and the catalog, less than six runs. */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 1200 << 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    commit(s);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(stat_of(s).runs, 6);
    store_damage(s, note_problem, &p);
    assert_int_equal(p.count, 1);
    for (uint32_t n = 1; n < 97; n++)
        assert_whole(s, n, n);
    for (int i = 0; i < 3; i++) /* it waits a commit or two */
        commit(s);
    assert_int_equal(stat_of(s).runs, 1);
    p.count = 0;
    store_damage(s, note_problem, &p);
    assert_int_equal(p.count, 0);
    store_close(s);
    assert_sound(*state);
}

/* --- the filter before the runs ------------------------------------------------------------------- */

/* All prints of the documents 1 to last, asked for at once, are those documents' alone. */
static void assert_prints_of(struct store *s, uint32_t last)
{
    struct store_hits hits = {0};
    uint64_t *prints = calloc(last * PRINTS, sizeof *prints);
    for (uint32_t i = 0; i < last * PRINTS; i++)
        prints[i] = print_of(i / PRINTS + 1, i % PRINTS);
    assert_int_equal(store_lookup(s, prints, last * PRINTS, &hits, NULL), WINNOW_OK);
    assert_int_equal(hits.count, last * PRINTS);
    for (uint32_t i = 0; i < last * PRINTS; i++) {
        assert_int_equal(hits.items[i].print, i);
        assert_int_equal(hits.items[i].number, i / PRINTS + 1);
    }
    store_hits_free(&hits);
    free(prints);
}

/* Looks so many prints up that nobody has: of a store of fewer than eight times as many
 * that has runs, the filter is made then. */
static void look_for_foreign(struct store *s, uint32_t count)
{
    struct store_hits hits = {0};
    uint64_t *prints = calloc(count, sizeof *prints);
    for (uint32_t i = 0; i < count; i++)
        prints[i] = print_of(1000000 + i, 0);
    assert_int_equal(store_lookup(s, prints, count, &hits, NULL), WINNOW_OK);
    assert_int_equal(hits.count, 0);
    store_hits_free(&hits);
    free(prints);
}

static void finds_every_print_while_runs_come_and_merge(void **state)
{
    uint32_t n = 1;
    for (uint32_t flush = 50; flush <= 800; flush *= 4) {
        struct store *s = open_sized(*state, flush, 2 + flush / 400, false);
        uint32_t first = n;
        for (; n < first + 200; n++) {
            put_plain(s, n);
            if (n % 7 == 0) {
                assert_prints_of(s, n);
                commit(s);
                assert_prints_of(s, n);
            }
        }
        commit(s);
        store_close(s);
        assert_sound(*state);
        s = open_sized(*state, flush, 2, true);
        assert_int_equal(count_hits(s, print_of(1, 1), NULL), 1); /* no filter yet */
        assert_prints_of(s, n - 1);
        store_close(s);
    }
}

static void finds_what_comes_after_the_filter_and_after_a_rollback(void **state)
{
    struct store *s = open_sized(*state, 50, 3, false);
    for (uint32_t n = 1; n <= 10; n++)
        put_plain(s, n);
    commit(s);
    assert_int_equal(stat_of(s).runs, 1);
    look_for_foreign(s, 1000);
    assert_int_equal(put_plain(s, 11), 11);
    assert_prints_of(s, 11);
    store_rollback(s);
    assert_int_equal(count_hits(s, print_of(11, 0), NULL), 0);
    assert_prints_of(s, 10);
    for (uint32_t n = 11; n <= 400; n++) { /* more than it was made for */
        put_plain(s, n);
        if (n % 10 == 0)
            commit(s);
    }
    assert_prints_of(s, 400);
    store_close(s);
}

/* How many hits each print of the documents 1 to last has, asked for one by one. */
static void count_each(struct store *s, uint32_t last, size_t *ret)
{
    for (uint32_t i = 0; i < last * PRINTS; i++)
        ret[i] = count_hits(s, print_of(i / PRINTS + 1, i % PRINTS), NULL);
}

static void make_two_runs(const char *folder);
static void run_path(const char *folder, unsigned number, char path[300]);

static void a_damaged_run_gives_with_a_filter_what_it_gives_without(void **state)
{
    char path[300];
    size_t without[32 * PRINTS], with[32 * PRINTS], sum = 0;
    make_two_runs(*state);
    run_path(*state, 1, path);
    damage_byte(path, size_of(path) / 2);
    struct store *s = open_small(*state, true);
    count_each(s, 32, without);
    store_close(s);
    s = open_small(*state, true);
    look_for_foreign(s, 4096);
    count_each(s, 32, with);
    store_close(s);
    for (size_t i = 0; i < 32 * PRINTS; i++)
        sum += without[i];
    assert_true(sum > 16 * PRINTS && sum < 32 * PRINTS);
    assert_memory_equal(with, without, sizeof with);
}

static void a_reader_keeps_its_texts_through_a_compaction(void **state)
{
    struct winnow_error err = {0};
    struct store *s = open_disk(*state, false), *reader;
    struct store_doc doc;
    struct buf room;
    put_plain(s, 1);
    commit(s);
    store_close(s);
    reader = open_disk(*state, true);
    assert_int_equal(store_compact(*state, &plain_params, prints_again, NULL, NULL, NULL, &err),
                     WINNOW_OK);
    buf_init(&room, SIZE_MAX / 2);
    assert_int_equal(store_get(reader, 1, true, &doc, &room, &err), WINNOW_OK);
    assert_true(doc.text.len > 0);
    buf_free(&room);
    store_close(reader);
}

static void sizes_that_make_no_sense_are_refused(void **state)
{
    static const struct store_sizes bad[] = {{0, 6}, {1, 6}, {100, 0}, {100, 1}};
    struct store *s = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(store_disk_sized(*state, &plain_params, &bad[i], false, &s, NULL),
                         WINNOW_EUSAGE);
    assert_null(s);
}

/* --- damage ---------------------------------------------------------------------------------------- */

/* An index of two runs: documents 1 to 16, and 17 to 32. */
static void make_two_runs(const char *folder)
{
    struct store *s = open_small(folder, false);
    put_runs(s, 1, 2);
    assert_int_equal(stat_of(s).runs, 2);
    store_close(s);
}

static void run_path(const char *folder, unsigned number, char path[300])
{
    snprintf(path, 300, "%s/run-%06u", folder, number);
}

static size_t hits_of(struct store *s, uint32_t first, uint32_t last)
{
    size_t hits = 0;
    for (uint32_t n = first; n <= last; n++)
        for (uint32_t i = 0; i < PRINTS; i++)
            hits += count_hits(s, print_of(n, i), NULL);
    return hits;
}

static void a_damaged_block_of_a_run_costs_that_block(void **state)
{
    char path[300];
    struct problems p = {0};
    make_two_runs(*state);
    run_path(*state, 1, path);
    damage_byte(path, size_of(path) / 2);
    struct store *s = open_small(*state, false);
    hits_of(s, 1, 16);
    assert_int_equal(hits_of(s, 17, 32), 16 * PRINTS);
    assert_int_equal(put_plain(s, 100), 33);
    commit(s);
    store_close(s);
    assert_true(verify(*state, &p) > 0);
    assert_string_equal(p.file, path);
    compact(*state, NULL);
    assert_sound(*state);
    s = open_small(*state, false);
    assert_int_equal(hits_of(s, 1, 32), 32 * PRINTS);
    assert_whole(s, 33, 100);
    store_close(s);
}

/* The damage: the header of run 1 is overwritten, or the file is gone. */
static void lose_a_run(const char *folder, bool missing)
{
    char path[300];
    struct problems p = {0};
    make_two_runs(folder);
    run_path(folder, 1, path);
    if (missing)
        unlink(path);
    else
        damage_byte(path, 20);
    struct store *s = open_small(folder, false);
    store_damage(s, note_problem, &p);
    assert_int_equal(p.count, 1);
    assert_string_equal(p.file, path);
    assert_int_equal(hits_of(s, 1, 16), 0);
    assert_int_equal(hits_of(s, 17, 32), 16 * PRINTS);
    uint32_t end = put_runs(s, 33, 5); /* merges the others, without it */
    assert_int_equal(stat_of(s).runs, 2);
    assert_int_equal(hits_of(s, 17, end - 1), (end - 17) * PRINTS);
    store_close(s);
    assert_int_equal(verify(folder, &p), 1);
    compact(folder, NULL);
    assert_sound(folder);
    s = open_small(folder, true);
    assert_int_equal(stat_of(s).runs, 1);
    assert_int_equal(hits_of(s, 1, end - 1), (end - 1) * PRINTS);
    store_close(s);
}

static void a_missing_run_costs_that_run(void **state)
{
    lose_a_run(*state, true);
}

static void a_run_with_a_damaged_header_costs_that_run(void **state)
{
    lose_a_run(*state, false);
}

static void a_damaged_text_costs_the_documents_of_its_block(void **state)
{
    char path[300];
    struct store_doc doc;
    struct buf room;
    struct winnow_error err = {0};
    struct store *s = open_small(*state, false);
    buf_init(&room, 1 << 20);
    for (uint32_t n = 1; n <= 3; n++) {
        put_plain(s, n);
        commit(s);
    }
    store_close(s);
    snprintf(path, sizeof path, "%s/texts-000001", (char *)*state);
    damage_byte(path, size_of(path) / 2);
    s = open_small(*state, false);
    assert_whole(s, 1, 1);
    assert_whole(s, 3, 3);
    assert_int_equal(store_get(s, 2, true, &doc, &room, &err), WINNOW_EDATA);
    assert_int_equal(store_get(s, 2, false, &doc, &room, &err), WINNOW_OK);
    assert_int_equal(doc.state, DOC_LIVE);
    store_close(s);
    assert_true(verify(*state, NULL) > 0);
    compact(*state, NULL);
    assert_sound(*state);
    s = open_small(*state, false);
    assert_whole(s, 1, 1);
    assert_whole(s, 3, 3);
    assert_int_equal(number_of(s, 2), 0);
    store_close(s);
    buf_free(&room);
}

/* Opening fails and names the remedy; the remedy works. */
static void mend_catalog(const char *folder)
{
    struct winnow_error err = {0};
    for (int read_only = 0; read_only < 2; read_only++) {
        assert_int_equal(try_open(folder, &plain_params, read_only, &err), WINNOW_EDATA);
        assert_non_null(strstr(err.text, "winnow index compact"));
    }
    assert_true(verify(folder, NULL) > 0);
    compact(folder, NULL);
    assert_sound(folder);
    struct store *s = open_small(folder, false);
    for (uint32_t n = 1; n <= 32; n++)
        assert_whole(s, n, n);
    assert_int_equal(number_of(s, 200), 34);
    assert_int_equal(state_of(s, 33), DOC_REPLACED);
    assert_int_equal(state_of(s, 34), DOC_LIVE);
    assert_int_equal(put_plain(s, 300), 35);
    commit(s);
    store_close(s);
    assert_sound(folder);
}

static void make_versions(const char *folder)
{
    make_two_runs(folder);
    struct store *s = open_small(folder, false);
    put_with(s, 200, 33);
    commit(s);
    put_with(s, 200, 34);
    commit(s);
    store_close(s);
}

static void a_damaged_catalog_is_made_again_from_the_texts(void **state)
{
    char path[300];
    make_versions(*state);
    snprintf(path, sizeof path, "%s/catalog.mdb", (char *)*state);
    for (off_t at = 0; at < size_of(path); at += 512)
        damage_byte(path, at);
    mend_catalog(*state);
    snprintf(path, sizeof path, "%s/catalog.damaged", (char *)*state);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_missing_catalog_is_made_again_from_the_texts(void **state)
{
    char path[300];
    make_versions(*state);
    snprintf(path, sizeof path, "%s/catalog.mdb", (char *)*state);
    unlink(path);
    mend_catalog(*state);
}

/* --- compaction ------------------------------------------------------------------------------------ */

/* Whether any text of the folder's text files, as they are on the disk, says so. */
static bool disk_has_text(const char *folder, const char *words);

static void compaction_takes_forgotten_texts_off_the_disk(void **state)
{
    struct store *s = open_small(*state, false);
    for (uint32_t n = 1; n <= 20; n++)
        put_plain(s, n);
    commit(s);
    for (uint32_t n = 21; n <= 40; n++)
        put_plain(s, n);
    assert_int_equal(store_set_state(s, 7, DOC_FORGOTTEN, 0, NULL), WINNOW_OK);
    put_with(s, 9, 99);
    commit(s);
    store_close(s);
    assert_true(disk_has_text(*state, "The ferry of day 7 "));
    compact(*state, NULL);
    assert_sound(*state);
    assert_false(disk_has_text(*state, "The ferry of day 7 "));
    assert_false(disk_has_text(*state, "The ferry of day 9 "));
    assert_true(disk_has_text(*state, "The ferry of day 8 "));
    s = open_small(*state, false);
    assert_int_equal(state_of(s, 7), DOC_FORGOTTEN);
    assert_int_equal(state_of(s, 9), DOC_REPLACED);
    assert_int_equal(count_hits(s, print_of(7, 0), NULL), 0);
    for (uint32_t n = 10; n <= 40; n++)
        assert_whole(s, n, n);
    assert_whole(s, 41, 99);
    assert_int_equal(put_plain(s, 50), 42);
    commit(s);
    store_close(s);
    assert_sound(*state);
    compact(*state, NULL);
    compact(*state, NULL);
    s = open_small(*state, false);
    assert_whole(s, 42, 50);
    assert_whole(s, 40, 40);
    store_close(s);
    assert_sound(*state);
}

static void compaction_keeps_stubs_states_and_sites(void **state)
{
    struct buf blob;
    struct store *s = open_small(*state, false);
    buf_init(&blob, 100);
    put_stub(s, 1);
    put_plain(s, 2);
    put_plain(s, 3);
    assert_int_equal(store_set_state(s, 2, DOC_SUPERSEDED, 3, NULL), WINNOW_OK);
    assert_int_equal(store_put_site(s, slice_of("a"), slice_of("blob"), NULL), WINNOW_OK);
    commit(s);
    store_close(s);
    compact(*state, NULL);
    assert_sound(*state);
    s = open_small(*state, false);
    assert_int_equal(state_of(s, 1), DOC_STUB);
    assert_int_equal(state_of(s, 2), DOC_SUPERSEDED);
    assert_whole(s, 2, 2);
    assert_int_equal(store_get_site(s, slice_of("a"), &blob, NULL), WINNOW_OK);
    assert_true(slice_is(buf_slice(&blob), "blob"));
    assert_int_equal(put_plain(s, 1), 1);
    commit(s);
    assert_whole(s, 1, 1);
    store_close(s);
    buf_free(&blob);
}

static void compaction_of_an_empty_index_is_fine(void **state)
{
    struct store *s = open_small(*state, false);
    store_close(s);
    compact(*state, NULL);
    s = open_small(*state, false);
    put_plain(s, 1);
    commit(s);
    assert_int_equal(store_set_state(s, 1, DOC_FORGOTTEN, 0, NULL), WINNOW_OK);
    commit(s);
    store_close(s);
    compact(*state, NULL); /* nothing is left of it */
    assert_sound(*state);
    s = open_small(*state, false);
    assert_int_equal(put_plain(s, 2), 2);
    commit(s);
    assert_whole(s, 2, 2);
    store_close(s);
    assert_sound(*state);
}

static void compact_traced(const char *folder)
{
    uint64_t prints[PRINTS];
    be_traced();
    _exit(store_compact(folder, &plain_params, prints_again, prints, NULL, NULL, NULL));
}

static void compaction_killed_at_any_call_harms_nothing(void **state)
{
    uint64_t random = 3;
    unsigned killed = 0;
    make_two_runs(*state);
    struct store *s = open_small(*state, false);
    assert_int_equal(store_set_state(s, 5, DOC_FORGOTTEN, 0, NULL), WINNOW_OK);
    commit(s);
    store_close(s);
    for (int round = 0; round < 40; round++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            compact_traced(*state);
        killed += WIFSIGNALED(kill_at(child, next_random(&random) % STOPS_MOST));
        assert_sound(*state);
        s = open_small(*state, false);
        for (uint32_t n = 1; n <= 32; n++)
            if (n != 5)
                assert_whole(s, n, n);
        assert_int_equal(number_of(s, 5), 0);
        store_close(s);
    }
    assert_true(killed >= 10);
}

#include "store/texts.h"

struct search {
    const char *words;
    bool found;
};

static int search_text(void *ctx, const struct store_doc *doc, const struct text_place *place)
{
    struct search *s = ctx;
    (void)place;
    s->found |= memmem(doc->text.p, doc->text.len, s->words, strlen(s->words)) != NULL;
    return 0;
}

static bool disk_has_text(const char *folder, const char *words)
{
    struct search s = {words, false};
    char path[300];
    for (unsigned file = 1; file < 20; file++) {
        struct texts *t;
        snprintf(path, sizeof path, "%s/texts-%06u", folder, file);
        if (access(path, F_OK) != 0)
            continue;
        assert_int_equal(texts_open(folder, file, (uint64_t)size_of(path), true, &t, NULL), 0);
        assert_int_equal(texts_each(t, search_text, NULL, &s, NULL), WINNOW_OK);
        texts_close(t);
    }
    return s.found;
}

static void verify_tells_where_there_is_no_index(void **state)
{
    size_t problems = 0;
    struct winnow_error err = {0};
    assert_int_equal(store_verify(*state, NULL, NULL, &problems, &err), WINNOW_EUSAGE);
    assert_int_equal(store_compact(*state, &plain_params, prints_again, NULL, NULL, NULL, &err),
                     WINNOW_EUSAGE);
}

/* Whatever the bytes are: an answer, and no harm. */
static void any_bytes_are_safe_to_verify_and_to_open(void **state)
{
    uint64_t random = 7;
    for (int round = 0; round < 40; round++) {
        char *folder = folder_new(), path[300];
        static const char *const names[] = {"catalog.mdb", "texts-000001"};
        struct store *s = open_small(folder, false);
        for (uint32_t n = 1; n <= 5; n++)
            put_plain(s, n);
        commit(s);
        store_close(s);
        snprintf(path, sizeof path, "%s/%s", folder, names[round % 2]);
        for (int i = 0; i < 1 + round / 4; i++)
            damage_byte(path, (off_t)(next_random(&random) % (uint64_t)size_of(path)));
        size_t problems = 0;
        (void)store_verify(folder, NULL, NULL, &problems, NULL);
        struct winnow_error err = {0};
        (void)try_open(folder, &plain_params, true, &err);
        (void)try_open(folder, &plain_params, false, &err);
        compact(folder, NULL);
        assert_sound(folder);
        folder_remove(folder);
    }
    (void)state;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_committed_is_there_again),
        TEST(what_was_not_committed_is_gone),
        TEST(stubs_states_and_sites_last),
        TEST(small_commits_make_no_runs),
        TEST(runs_are_written_and_merged_and_keep_every_print),
        TEST(a_merge_lets_dead_documents_go),
        TEST(a_writers_opening_removes_leftovers),
        TEST(a_second_writer_is_refused_and_a_reader_is_not),
        TEST(other_parameters_are_refused),
        TEST(a_reader_makes_nothing_and_puts_nothing),
        TEST(a_reader_sees_the_state_of_its_opening),
        TEST(readers_come_and_go_while_a_writer_merges),
        TEST(a_writer_killed_at_any_call_leaves_a_commits_state),
        TEST(a_full_disk_is_an_error_and_then_it_goes_on),
        TEST(a_failed_merge_is_no_failed_commit),
        TEST(finds_every_print_while_runs_come_and_merge),
        TEST(finds_what_comes_after_the_filter_and_after_a_rollback),
        TEST(a_damaged_run_gives_with_a_filter_what_it_gives_without),
        TEST(a_reader_keeps_its_texts_through_a_compaction),
        TEST(sizes_that_make_no_sense_are_refused),
        TEST(a_damaged_block_of_a_run_costs_that_block),
        TEST(a_missing_run_costs_that_run),
        TEST(a_run_with_a_damaged_header_costs_that_run),
        TEST(a_damaged_text_costs_the_documents_of_its_block),
        TEST(a_damaged_catalog_is_made_again_from_the_texts),
        TEST(a_missing_catalog_is_made_again_from_the_texts),
        TEST(compaction_takes_forgotten_texts_off_the_disk),
        TEST(compaction_keeps_stubs_states_and_sites),
        TEST(compaction_of_an_empty_index_is_fine),
        TEST(compaction_killed_at_any_call_harms_nothing),
        TEST(verify_tells_where_there_is_no_index),
        TEST(any_bytes_are_safe_to_verify_and_to_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
