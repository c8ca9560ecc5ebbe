/* test_jobs_cli.c - winnow clean -j: pages in several workers, and the same bytes as from one
 * process. */
#include <dirent.h>
#include <fts.h>

#include "index_program.h"

static const char *const numbers[] = {"1", "2", "4"};

enum { NUMBERS = sizeof numbers / sizeof *numbers };

/* --- what is compared ----------------------------------------------------------------------- */

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* All files below a folder, names and bytes, as one string; "" where there is none. */
static char *tree_of(const char *name)
{
    char *roots[] = {(char *)(uintptr_t)path_of(name), NULL}, *ret = NULL;
    size_t len, below = strlen(roots[0]);
    FILE *to = open_memstream(&ret, &len);
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);

    assert_true(to && walk);
    for (FTSENT *e; (e = fts_read(walk)) != NULL;) {
        char *bytes;
        int fd;
        if (e->fts_info != FTS_F)
            continue;
        fd = open(e->fts_path, O_RDONLY);
        assert_true(fd >= 0);
        bytes = read_fd(fd, NULL);
        fprintf(to, "=== %s\n%s\n", e->fts_path + below, bytes);
        free(bytes);
        close(fd);
    }
    fts_close(walk);
    assert_int_equal(fclose(to), 0);
    return ret;
}

static void assert_same(const char *what, const char *number, const char *got, const char *want)
{
    size_t at = 0;

    while (got[at] && got[at] == want[at])
        at++;
    if (got[at] || want[at])
        fail_msg("%s of -j %s parts from that of -j 1 after \"%.*s\": \"%.200s\", not \"%.200s\"",
                 what, number, at < 80 ? (int)at : 80, want + (at < 80 ? 0 : at - 80), got + at,
                 want + at);
}

/* What a run has left: its words, its files, what its index knows. */
struct outcome {
    struct run run;
    char *files, *index, *next;
};

static void outcome_free(struct outcome *o)
{
    run_free(&o->run);
    free(o->files);
    free(o->index);
    free(o->next);
}

static char *output_of(struct run r)
{
    char *ret = r.out;

    assert_code(&r, 0);
    free(r.err);
    return ret;
}

/* Texts stand packed with the time at which they came: their size differs by some bytes. */
static void forget_size_of_texts(char *stat)
{
    static const char name[] = "\"text_bytes\": ";
    char *at = strstr(stat, name);

    assert_non_null(at);
    for (at += strlen(name); *at >= '0' && *at <= '9'; at++)
        *at = '#';
}

/* What the index says of itself, and of a page that comes later: whom that copies. */
static void ask_index(struct outcome *o)
{
    o->index = output_of(RUN("index", "stat", "--format", "json", path_of("kept")));
    forget_size_of_texts(o->index);
    o->next = output_of(RUN("clean", "--format", "json", "--index", path_of("kept"),
                            path_of("next.txt")));
    assert_done(RUN("index", "verify", path_of("kept")), "");
}

static bool has_index(const char *const *args)
{
    while (*args && strcmp(*args, "--index") != 0)
        args++;
    return *args != NULL;
}

static void copy_folder(const char *from, const char *to)
{
    char *command = NULL;

    assert_true(asprintf(&command, "cp -r '%s' '%s'", path_of(from), path_of(to)) > 0);
    assert_int_equal(system(command), 0);
    free(command);
}

/* args stand behind "clean -j N"; the folder "out" is made anew for each run, and the index
 * "kept" is a copy of the same one: each that is made has a key of its own. */
static struct outcome outcome_of(const char *number, const char *in, const char *const *args)
{
    const char *all[28] = {"clean", "-j", number};
    struct outcome ret = {0};

    folder_remove(path_of("out"));
    folder_remove(path_of("kept"));
    if (has_index(args))
        copy_folder("begun", "kept");
    for (size_t i = 0; args[i] && i + 4 < sizeof all / sizeof *all; i++)
        all[i + 3] = args[i];
    ret.run = run_launch((struct launch){.args = all, .in = in});
    ret.files = tree_of("out");
    if (exists("kept"))
        ask_index(&ret);
    return ret;
}

static void assert_same_outcome(const char *number, const struct outcome *got,
                                const struct outcome *want)
{
    if (got->run.code != want->run.code)
        fail_msg("exit code %d with -j %s, and %d with -j 1; stderr: %.500s", got->run.code, number,
                 want->run.code, got->run.err);
    assert_same("standard error", number, got->run.err, want->run.err);
    assert_same("standard output", number, got->run.out, want->run.out);
    assert_same("the output folder", number, got->files, want->files);
    assert_int_equal(got->index != NULL, want->index != NULL);
    if (want->index) {
        assert_same("the index", number, got->index, want->index);
        assert_same("the next page's record", number, got->next, want->next);
    }
}

/* One run for each number; returns that of the last. */
static struct outcome run_all(const char *in, const char *const *args)
{
    char *own[24] = {0}, *own_in = in ? strdup(in) : NULL; /* path_of forgets */
    struct outcome want = {0}, got = {0};

    for (size_t i = 0; args[i] && i + 1 < sizeof own / sizeof *own; i++)
        own[i] = strdup(args[i]);
    want = outcome_of(numbers[0], own_in, (const char *const *)own);
    for (size_t i = 1; i < NUMBERS; i++) {
        outcome_free(&got);
        got = outcome_of(numbers[i], own_in, (const char *const *)own);
        assert_same_outcome(numbers[i], &got, &want);
    }
    outcome_free(&want);
    for (size_t i = 0; own[i]; i++)
        free(own[i]);
    free(own_in);
    return got;
}

#define RUN_ALL(...) run_all(NULL, (const char *const[]){__VA_ARGS__, NULL})
#define RUN_ALL_READING(in, ...) run_all(in, (const char *const[]){__VA_ARGS__, NULL})

/* --- pages ---------------------------------------------------------------------------------- */

static void make_story(const char *name, unsigned seed, const char *before, const char *after)
{
    FILE *f = fopen(path_of(name), "wb");

    assert_non_null(f);
    fputs(before, f);
    print_story(f, seed);
    fputs(after, f);
    assert_int_equal(fclose(f), 0);
}

/* Copies, a teaser before its whole and one behind it, pages of two sites, passages of each
 * other, a page with a note, pages that are none. */
static void make_mixed(void)
{
    char name[100];

    make_folder("mixed");
    make_file("mixed/aa.txt", TEASER);
    make_file("mixed/bb.txt", WHOLE);
    make_file("mixed/bc.txt", WHOLE);
    make_file("mixed/bd.txt", TEASER);
    make_file("mixed/be.txt", "");
    make_file("mixed/bf.bin", "\x7f"
                              "ELF\x02\x01\x01\x03\xf0\x9f\x01\x02\x03\x04\x05\x06\x0e\x0f");
    make_file("mixed/bg.html", "<!doctype html><p>Gr\xfc\xdf"
                               "e aus Tilsit, wo die K\xe4hne liegen.</p>");
    make_file("mixed/bh.html.gz", "\x1f\x8b\x08\x00no gzip at all");
    make_pages("mixed/ulla.example", 1, 12);
    make_pages("mixed/sarr.example", 7, 16); /* six of them stand on the other site too */
    for (unsigned i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "mixed/shared%02u.txt", i);
        make_story(name, 40 + i, i % 2 ? SECOND : FIRST, i % 3 ? THIRD : "");
    }
    make_story("next.txt", 99, FIRST, THIRD);
}

static int make_all(void **state)
{
    folder_start(state);
    make_mixed();
    make_story("begun.txt", 98, "", "");
    assert_done(RUN("clean", "--index", path_of("begun"), path_of("begun.txt")), "story 98");
    return 0;
}

/* --- the same bytes ------------------------------------------------------------------------- */

static void records_are_the_same_however_many_work(void **state)
{
    struct outcome o = RUN_ALL("--format", "json", "-o", path_of("out"), path_of("mixed"));

    (void)state;
    assert_code(&o.run, 1);
    assert_err(&o.run, "bf.bin");
    assert_non_null(strstr(o.files, "superseded-by"));
    assert_non_null(strstr(o.files, "duplicate-of"));
    outcome_free(&o);
}

static void an_index_is_the_same_however_many_work(void **state)
{
    struct outcome o = RUN_ALL("--format", "json", "-o", path_of("out"), "--index", path_of("kept"),
                               path_of("mixed"));

    (void)state;
    assert_non_null(strstr(o.files, "superseded-by"));
    outcome_free(&o);
}

static void texts_are_the_same_however_many_work(void **state)
{
    struct outcome o = RUN_ALL("-o", path_of("out"), "--index", path_of("kept"), "--across",
                               "strip", "-q", path_of("mixed"));

    (void)state;
    outcome_free(&o);
    o = RUN_ALL("-o", path_of("out"), "--across", "off", path_of("mixed"));
    outcome_free(&o);
}

static void lines_on_standard_output_are_the_same(void **state)
{
    struct outcome o =
        RUN_ALL("--format", "jsonl", "--index", path_of("kept"), path_of("mixed"));

    (void)state;
    assert_out(&o.run, "shared11.txt");
    outcome_free(&o);
    o = RUN_ALL("--format", "jsonl", "--across", "off", "--no-site", path_of("mixed"));
    outcome_free(&o);
}

static void options_reach_the_workers(void **state)
{
    struct outcome o;

    (void)state;
    make_folder("rules");
    make_file("rules/far.example.txt", "find_string: Gr\nreplace_string: Kl\n");
    o = RUN_ALL("--format", "json", "-o", path_of("out"), "--site", "far.example", "--rules",
                path_of("rules"), "--no-default-rules", "--keep-repeats", "--as", "html",
                "--max-size", "1K", "--no-site", path_of("mixed"));
    assert_err(&o.run, "the limit");
    outcome_free(&o);
    o = RUN_ALL("--format", "json", "-o", path_of("out"), "--url", "http://near.example/a",
                "--all-repeats", path_of("mixed/bg.html"));
    assert_non_null(strstr(o.files, "near.example"));
    outcome_free(&o);
}

/* Messages about pages and about paths stand in the order of the inputs; with --no-site there
 * is one pass, in which both are told. */
static void messages_come_in_the_order_of_the_inputs(void **state)
{
    const char *args[] = {"--format", "jsonl", "--no-site", NULL, NULL, NULL, NULL, NULL, NULL, NULL};
    struct outcome o;

    (void)state;
    make_folder("order");
    assert_int_equal(mkfifo(path_of("order/pipe"), 0644), 0);
    args[3] = path_of("mixed/bf.bin");
    args[4] = path_of("order/pipe");
    args[5] = path_of("mixed/bh.html.gz");
    args[6] = path_of("mixed/bg.html");
    args[7] = path_of("order/pipe");
    args[8] = path_of("mixed/bb.txt");
    o = run_all(NULL, args);
    assert_code(&o.run, 1);
    assert_err(&o.run, "not a regular file");
    outcome_free(&o);
    args[2] = "-q";
    o = run_all(NULL, args);
    assert_code(&o.run, 1);
    outcome_free(&o);
}

static void one_page_is_the_same_and_so_is_its_code(void **state)
{
    struct outcome o = RUN_ALL(path_of("mixed/bb.txt"));

    (void)state;
    assert_code(&o.run, 0);
    assert_out(&o.run, "The new lamp");
    outcome_free(&o);
    o = RUN_ALL(path_of("mixed/bf.bin"));
    assert_code(&o.run, EX_DATAERR);
    outcome_free(&o);
    o = RUN_ALL(path_of("mixed/none.txt"));
    assert_code(&o.run, EX_NOINPUT);
    outcome_free(&o);
}

static void standard_input_goes_to_a_worker_too(void **state)
{
    struct outcome o = RUN_ALL_READING(path_of("mixed/bb.txt"), "--format", "jsonl",
                                       path_of("mixed/aa.txt"), "-", path_of("mixed/bc.txt"));

    (void)state;
    assert_code(&o.run, 0);
    assert_out(&o.run, "eleven miles off");
    outcome_free(&o);
}

/* More than is copied for a worker, and results that are kept in files until their turn. */
static void large_pages_are_the_same(void **state)
{
    FILE *f;
    struct outcome o;

    (void)state;
    make_folder("large");
    f = fopen(path_of("large/a.txt"), "wb");
    assert_non_null(f);
    for (unsigned seed = 1000; seed < 4000; seed++)
        print_story(f, seed);
    assert_int_equal(fclose(f), 0);
    make_file("large/b.txt", WHOLE);
    o = RUN_ALL("--format", "json", "-o", path_of("out"), path_of("large"));
    assert_code(&o.run, 0);
    outcome_free(&o);
}

/* More pages than have a turn at a time, and than a commit waits for. */
static void many_pages_are_the_same(void **state)
{
    struct outcome o;

    (void)state;
    make_pages("many", 1, 40);
    make_folder("many/more");
    for (unsigned i = 0; i < 560; i++) {
        char name[100];
        snprintf(name, sizeof name, "many/more/m%03u.txt", i);
        make_story(name, 100 + i % 500, "", "");
    }
    o = RUN_ALL("--format", "jsonl", "--index", path_of("kept"), path_of("many"));
    assert_code(&o.run, 0);
    outcome_free(&o);
}

static void a_target_that_cannot_be_made_costs_one_page(void **state)
{
    struct outcome o;

    (void)state;
    make_folder("made");
    make_file("made/a.txt", WHOLE);
    make_file("made/b", WHOLE);
    make_file("made/b.txt.d", TEASER);
    /* A folder stands where b's text would be. */
    for (size_t i = 0; i < NUMBERS; i++) {
        struct run r;
        folder_remove(path_of("made-out"));
        make_folder("made-out");
        make_folder("made-out/b.txt");
        r = RUN("clean", "-j", numbers[i], "-o", path_of("made-out"), path_of("made"));
        assert_code(&r, 1);
        assert_one_error(&r);
        assert_err(&r, "b.txt: cannot be created");
        assert_true(exists("made-out/a.txt") && exists("made-out/b.txt.d.txt"));
        run_free(&r);
    }
    o = RUN_ALL("-o", path_of("out"), path_of("made"));
    assert_code(&o.run, 0);
    outcome_free(&o);
}

/* --- workers that are lost ------------------------------------------------------------------ */

/* The processes that a process has started. */
static size_t children_of(pid_t pid, pid_t *ret, size_t most)
{
    char path[64];
    size_t n = 0;
    int child;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *f = fopen(path, "r");
    while (f && n < most && fscanf(f, "%d", &child) == 1)
        ret[n++] = child;
    if (f)
        fclose(f);
    return n;
}

/* Bytes of memory that a process has now. */
static size_t memory_of(pid_t pid)
{
    char path[64];
    size_t all, here = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    f = fopen(path, "r");
    if (f && fscanf(f, "%zu %zu", &all, &here) != 2)
        here = 0;
    if (f)
        fclose(f);
    return here * (size_t)sysconf(_SC_PAGESIZE);
}

/* The worker that has the large page, which takes it a while: its memory tells. */
static pid_t find_worker(pid_t winnow, bool *ended, int *status, pid_t *nursery)
{
    pid_t nurseries[4], workers[64];

    for (;;) {
        size_t n = children_of(winnow, nurseries, 4);
        for (size_t i = 0; i < n; i++) {
            size_t base = memory_of(nurseries[i]), m = children_of(nurseries[i], workers, 64);
            for (size_t k = 0; k < m; k++)
                if (memory_of(workers[k]) > base + ((size_t)24 << 20)) {
                    *nursery = nurseries[i];
                    return workers[k];
                }
        }
        *ended = waitpid(winnow, status, WNOHANG) == winnow;
        if (*ended)
            return -1;
    }
}

static pid_t start(const char *const *args, int err)
{
    pid_t pid;

    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        run_child(&(struct launch){.args = args}, err, err);
    return pid;
}

static void make_slow(const char *in)
{
    char name[100];
    FILE *f;

    make_pages(in, 1, 6);
    snprintf(name, sizeof name, "%s/p03b.txt", in);
    f = fopen(path_of(name), "wb");
    assert_non_null(f);
    for (unsigned seed = 5000; seed < 5000 + 24000; seed++)
        print_story(f, seed);
    assert_int_equal(fclose(f), 0);
}

/* Runs over the slow folder, kills that page's worker or its nursery, and returns winnow's
 * exit code and words. */
static int run_killing(bool kills_nursery, const char *index, char **err)
{
    const char *args[] = {"clean", "-j",  "2", "--format", "json", "-o",
                          NULL,    "--index", NULL, NULL, NULL};
    int fd = memfd_create("err", MFD_CLOEXEC), status = 0;
    bool ended = false;
    pid_t winnow, worker, nursery = -1;

    args[6] = path_of("out");
    args[8] = path_of(index);
    args[9] = path_of("slow");
    folder_remove(path_of("out"));
    winnow = start(args, fd);
    worker = find_worker(winnow, &ended, &status, &nursery);
    if (ended)
        fail_msg("no worker was seen at work");
    assert_int_equal(kill(kills_nursery ? nursery : worker, SIGKILL), 0);
    while (waitpid(winnow, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    *err = read_fd(fd, NULL);
    close(fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void a_worker_that_is_killed_costs_its_page_alone(void **state)
{
    char *err;
    int code;

    (void)state;
    make_slow("slow");
    code = run_killing(false, "slow-index", &err);
    if (code != 1 || !strstr(err, "slow/p03b.txt: ") || !strstr(err, "SIGKILL"))
        fail_msg("exit code %d: %.500s", code, err);
    assert_ptr_equal(strchr(err, '\n'), err + strlen(err) - 1); /* it is said once */
    free(err);
    assert_false(exists("out/p03b.txt.json"));
    assert_int_equal(figure("slow-index", "documents"), 6);
    for (unsigned i = 1; i <= 6; i++) {
        char name[100];
        snprintf(name, sizeof name, "out/p%02u.txt.json", i);
        assert_true(exists(name));
    }
}

static void a_nursery_that_is_killed_costs_no_page(void **state)
{
    char *err, *got, *want;
    int code;

    (void)state;
    code = run_killing(true, "nursery-index", &err);
    if (code != 0 || *err)
        fail_msg("exit code %d: %.500s", code, err);
    free(err);
    got = tree_of("out");
    assert_done(RUN("clean", "-o", path_of("one"), "--format", "json", path_of("slow")), "");
    want = tree_of("one");
    assert_same("the output folder", "2", got, want);
    free(got);
    free(want);
    assert_int_equal(figure("nursery-index", "documents"), 7);
}

/* --- what is refused ------------------------------------------------------------------------ */

static void a_number_of_jobs_that_is_none_is_refused(void **state)
{
    static const char *const wrong[] = {"x", "-1", "", "2x", "1.5", "257", "99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_refused(RUN("clean", "-j", wrong[i], path_of("mixed/bb.txt")), EX_USAGE, "--jobs");
    assert_done(RUN("clean", "-j", "0", path_of("mixed/bb.txt")), "The new lamp");
    assert_done(RUN("clean", "--jobs", "256", path_of("mixed/bb.txt")), "The new lamp");
}

static void rules_that_cannot_be_read_are_said_as_with_one(void **state)
{
    struct outcome o = RUN_ALL("--rules", path_of("no-rules"), path_of("mixed/bb.txt"));

    (void)state;
    assert_code(&o.run, EX_CONFIG);
    assert_one_error(&o.run);
    outcome_free(&o);
}

/* A copy of the program stands where there is no winnow-worker. */
static void without_workers_the_way_out_is_said(void **state)
{
    char *before = strdup(program_path()), *command = NULL;

    (void)state;
    make_folder("alone");
    assert_true(asprintf(&command, "cp '%s' '%s'", before, path_of("alone/winnow")) > 0);
    assert_int_equal(system(command), 0);
    free(command);
    setenv("WINNOW_PROGRAM", path_of("alone/winnow"), 1);
    assert_refused(RUN("clean", "-j", "2", path_of("mixed/bb.txt")), EX_OSERR, "-j 1 ");
    assert_done(RUN("clean", "-j", "1", path_of("mixed/bb.txt")), "The new lamp");
    setenv("WINNOW_PROGRAM", before, 1);
    free(before);
}

/* A kernel that knows no Landlock. */
static void without_a_box_nothing_is_cleaned(void **state)
{
    struct run r;

    (void)state;
    if (!can_fail())
        skip();
    r = run_failing("inject=landlock_create_ruleset:error=ENOSYS",
                    (const char *const[]){"clean", "-j", "2", path_of("mixed/bb.txt"), NULL});
    assert_refused(r, EX_OSERR, "-j 1 ");
}

/* --- being stopped -------------------------------------------------------------------------- */

/* Standard input that does not end keeps what stands behind it from being begun. */
static void a_stopped_run_keeps_what_it_has_done(void **state)
{
    const char *args[] = {"clean", "-j", "2", "--no-site", "--index", NULL,
                          "-o",    NULL, NULL, "-",        NULL,      NULL};
    static const char text[] = WHOLE;
    int ends[2], err = memfd_create("err", MFD_CLOEXEC), status;
    char in[64], *words;
    pid_t pid;

    (void)state;
    args[5] = path_of("stopped");
    args[7] = path_of("stopped-out");
    args[8] = path_of("mixed/ulla.example/p01.txt");
    args[10] = path_of("next.txt");
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    snprintf(in, sizeof in, "/proc/self/fd/%d", ends[0]);
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[1]);
        run_child(&(struct launch){.args = args, .in = in}, err, err);
    }
    close(ends[0]);
    /* More than a pipe holds: when the last of it is in, the first was read. */
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(kill(pid, SIGTERM), 0);
    close(ends[1]); /* the document in hand is complete */
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    words = read_fd(err, NULL);
    close(err);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 128 + SIGTERM ||
        !strstr(words, "stopped by a signal before") || !strstr(words, "next.txt"))
        fail_msg("status %d: %.300s", status, words);
    free(words);
    assert_true(exists("stopped-out/p01.txt") && exists("stopped-out/stdin.txt"));
    assert_false(exists("stopped-out/next.txt"));
    assert_int_equal(figure("stopped", "documents"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_the_same_however_many_work),
        cmocka_unit_test(an_index_is_the_same_however_many_work),
        cmocka_unit_test(texts_are_the_same_however_many_work),
        cmocka_unit_test(lines_on_standard_output_are_the_same),
        cmocka_unit_test(options_reach_the_workers),
        cmocka_unit_test(messages_come_in_the_order_of_the_inputs),
        cmocka_unit_test(one_page_is_the_same_and_so_is_its_code),
        cmocka_unit_test(standard_input_goes_to_a_worker_too),
        cmocka_unit_test(large_pages_are_the_same),
        cmocka_unit_test(many_pages_are_the_same),
        cmocka_unit_test(a_target_that_cannot_be_made_costs_one_page),
        cmocka_unit_test(a_worker_that_is_killed_costs_its_page_alone),
        cmocka_unit_test(a_nursery_that_is_killed_costs_no_page),
        cmocka_unit_test(a_number_of_jobs_that_is_none_is_refused),
        cmocka_unit_test(rules_that_cannot_be_read_are_said_as_with_one),
        cmocka_unit_test(without_workers_the_way_out_is_said),
        cmocka_unit_test(without_a_box_nothing_is_cleaned),
        cmocka_unit_test(a_stopped_run_keeps_what_it_has_done),
    };

    return cmocka_run_group_tests_name("jobs_cli", tests, make_all, folder_stop);
}
