/* test_index_cli.c - winnow clean with an index, winnow index, winnow rules learn: what is
 * remembered, what is said of it, and what fails without harm. */
#include <sched.h>
#include <sys/mount.h>

#include "index_program.h"
#include "winnow.h"

/* --- what is remembered --------------------------------------------------------------------- */

static void an_index_is_made_where_it_is_missing(void **state)
{
    (void)state;
    make_file("a.txt", WHOLE);
    assert_false(exists("made"));
    assert_done(RUN("clean", "--index", path_of("made"), path_of("a.txt")), FIRST);
    assert_int_equal(figure("made", "documents"), 1);
    assert_int_equal(figure("made", "learned"), 0);
}

static void a_document_cleaned_twice_is_no_copy_of_itself(void **state)
{
    (void)state;
    make_file("a.txt", WHOLE);
    for (int i = 0; i < 3; i++) {
        struct run r = RUN("clean", "--index", path_of("twice"), "--across", "strip", "--format",
                           "json", path_of("a.txt"));
        assert_code(&r, 0);
        assert_out(&r, "lighthouse back");
        assert_not_out(&r, "duplicate-of");
        run_free(&r);
    }
    assert_int_equal(figure("twice", "documents"), 1);
}

static void a_path_and_its_long_form_are_one_document(void **state)
{
    (void)state;
    make_file("a.txt", WHOLE);
    assert_done(RUN("clean", "--index", path_of("paths"), path_of("a.txt")), FIRST);
    assert_done(run_launch((struct launch){
                    .args = (const char *const[]){"clean", "--index", "paths", "./a.txt", NULL},
                    .cwd = folder}),
                FIRST);
    assert_int_equal(figure("paths", "documents"), 1);
}

static void a_new_version_takes_the_place_of_the_old(void **state)
{
    (void)state;
    make_file("v.txt", HEAD FIRST);
    assert_done(RUN("clean", "--index", path_of("version"), path_of("v.txt")), FIRST);
    make_file("v.txt", HEAD FIRST SECOND);
    assert_done(RUN("clean", "--index", path_of("version"), path_of("v.txt")), SECOND);
    assert_int_equal(figure("version", "documents"), 1);
    assert_int_equal(figure("version", "replaced"), 1);
}

static void standard_input_is_known_by_its_url(void **state)
{
    static const char *const texts[] = {HEAD FIRST, HEAD FIRST SECOND};
    const char *args[] = {"clean", "--index", NULL, "--url", "https://ulla.example/a", "-", NULL};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        make_file("s.txt", texts[i]);
        args[2] = path_of("by-url");
        assert_done(run_launch((struct launch){.args = args, .in = path_of("s.txt")}), FIRST);
    }
    assert_int_equal(figure("by-url", "documents"), 1);
    assert_int_equal(figure("by-url", "replaced"), 1);
}

/* --- copies --------------------------------------------------------------------------------- */

static void a_copy_is_told_of_and_stays(void **state)
{
    struct run r;

    (void)state;
    make_file("a.txt", WHOLE);
    make_file("b.txt", WHOLE);
    assert_done(RUN("clean", "--index", path_of("told"), path_of("a.txt")), FIRST);
    r = RUN("clean", "--index", path_of("told"), "--format", "json", path_of("b.txt"));
    assert_code(&r, 0);
    assert_out(&r, "duplicate-of");
    assert_out(&r, path_of("a.txt"));
    run_free(&r);
    assert_done(RUN("clean", "--index", path_of("told"), path_of("b.txt")), FIRST);
}

static void strip_removes_what_stood_before(void **state)
{
    struct run r;

    (void)state;
    make_file("a.txt", WHOLE);
    make_file("c.txt", "What the neighbours say of it.\n" FIRST SECOND "They said no more.\n");
    assert_done(RUN("clean", "--index", path_of("strip"), path_of("a.txt")), FIRST);
    r = RUN("clean", "--index", path_of("strip"), "--across", "strip", path_of("c.txt"));
    assert_code(&r, 0);
    assert_not_out(&r, "satellites");
    assert_not_out(&r, "schoolchildren");
    assert_out(&r, "They said no more.");
    run_free(&r);
}

static void off_does_not_ask(void **state)
{
    struct run r;

    (void)state;
    make_file("a.txt", WHOLE);
    make_file("b.txt", WHOLE);
    assert_done(RUN("clean", "--index", path_of("off"), path_of("a.txt")), FIRST);
    r = RUN("clean", "--index", path_of("off"), "--across", "off", "--format", "json",
            path_of("b.txt"));
    assert_code(&r, 0);
    assert_not_out(&r, "duplicate-of");
    run_free(&r);
}

static void explain_reads_the_index_and_adds_nothing(void **state)
{
    (void)state;
    make_file("a.txt", WHOLE);
    make_file("b.txt", WHOLE);
    assert_done(RUN("clean", "--index", path_of("read"), path_of("a.txt")), FIRST);
    assert_done(RUN("explain", "--index", path_of("read"), "--across", "strip", path_of("b.txt")),
                path_of("a.txt"));
    assert_int_equal(figure("read", "documents"), 1);
    assert_int_equal(figure("read", "learned"), 0);
}

static void a_batch_knows_its_own_without_an_index(void **state)
{
    struct run r;

    (void)state;
    make_folder("own");
    make_file("own/a.txt", WHOLE);
    make_file("own/b.txt", "What the neighbours say of it.\n" FIRST SECOND "They said no more.\n");
    r = RUN("clean", "--across", "strip", "-o", path_of("own-out"), path_of("own"));
    assert_code(&r, 0);
    assert_file_holds("own-out/a.txt", "satellites");
    assert_file_lacks("own-out/b.txt", "satellites");
    run_free(&r);
    r = RUN("clean", "--across", "off", "--no-site", "-o", path_of("own-out2"), path_of("own"));
    assert_code(&r, 0);
    assert_file_holds("own-out2/b.txt", "satellites");
    run_free(&r);
}

/* The record of both says so, though the first was written before the second was read. */
static void a_record_that_a_later_input_supersedes_is_written_again(void **state)
{
    struct run r;

    (void)state;
    make_folder("better");
    make_file("better/a.txt", TEASER);
    make_file("better/b.txt", WHOLE);
    r = RUN("clean", "--index", path_of("better-index"), "--format", "json", "-o",
            path_of("better-out"), path_of("better"));
    assert_code(&r, 0);
    assert_file_holds("better-out/b.txt.json", "\"supersedes\"");
    assert_file_holds("better-out/b.txt.json", "better/a.txt");
    assert_file_holds("better-out/a.txt.json", "\"superseded-by\"");
    assert_file_holds("better-out/a.txt.json", "better/b.txt");
    run_free(&r);
    assert_int_equal(figure("better-index", "documents"), 1);
    assert_int_equal(figure("better-index", "superseded"), 1);
}

/* --- sites ---------------------------------------------------------------------------------- */

static void what_a_site_repeats_goes_from_every_page_of_a_batch(void **state)
{
    struct run r;

    (void)state;
    make_pages("site", 1, 5);
    r = RUN("clean", "--index", path_of("site-index"), "-o", path_of("site-out"), path_of("site"));
    assert_code(&r, 0);
    run_free(&r);
    for (unsigned i = 1; i <= 5; i++) { /* the first as well: all were learned before */
        char name[100];
        snprintf(name, sizeof name, "site-out/p%02u.txt", i);
        assert_file_lacks(name, "Subscribe");
        assert_file_lacks(name, "All rights");
        assert_file_holds(name, "On day 4 of story");
    }
    assert_int_equal(figure("site-index", "documents"), 5);
    assert_int_equal(figure("site-index", "learned"), 0);
}

static void the_lines_of_a_site_may_stay(void **state)
{
    struct run r;

    (void)state;
    make_pages("stay", 1, 5);
    r = RUN("clean", "--no-site", "-o", path_of("stay-out"), path_of("stay"));
    assert_code(&r, 0);
    run_free(&r);
    assert_file_holds("stay-out/p01.txt", "Subscribe");
    assert_file_holds("stay-out/p05.txt", "Subscribe");
}

static void a_single_page_is_cleaned_with_what_is_known(void **state)
{
    struct run r;

    (void)state;
    make_pages("single", 1, 6);
    for (unsigned i = 1; i <= 6; i++) {
        char name[100];
        snprintf(name, sizeof name, "single/p%02u.txt", i);
        r = RUN("clean", "--index", path_of("single-index"), path_of(name));
        assert_code(&r, 0);
        if (i == 1)
            assert_out(&r, "Subscribe");
        if (i == 6)
            assert_not_out(&r, "Subscribe");
        run_free(&r);
    }
}

static void a_page_from_standard_input_is_read_once_for_both_passes(void **state)
{
    const char *args[] = {"clean", "--format", "jsonl", "-", NULL, NULL};
    struct run r;

    (void)state;
    make_pages("pipe", 1, 3);
    args[4] = path_of("pipe");
    r = run_launch((struct launch){.args = args, .in = path_of("pipe/p02.txt")});
    assert_code(&r, 0);
    assert_out(&r, "of story 2");
    assert_out(&r, "of story 3");
    run_free(&r);
}

static void an_input_that_cannot_be_read_is_said_once(void **state)
{
    struct run r;

    (void)state;
    make_pages("unread", 1, 2);
    make_file("unread/x.txt", "");
    assert_int_equal(chmod(path_of("unread/x.txt"), 0), 0);
    make_folder("unread-out");
    assert_int_equal(chmod(path_of("unread-out"), 0777), 0);
    r = run_launch(
        (struct launch){.args = (const char *const[]){"clean", "-o", path_of("unread-out"),
                                                      path_of("unread"), NULL},
                        .nobody = true});
    if (r.code == CANNOT_RUN) {
        run_free(&r);
        skip(); /* the program lies where nobody cannot go */
    }
    assert_code(&r, 1);
    assert_one_error(&r);
    assert_err(&r, "x.txt");
    run_free(&r);
}

static void learn_lists_sites_and_writes_a_rule_file(void **state)
{
    struct run r;

    (void)state;
    make_pages("learn", 1, 8);
    r = RUN("clean", "--index", path_of("learn-index"), "--site", "ulla.example", "-o",
            path_of("learn-out"), path_of("learn"));
    assert_code(&r, 0);
    run_free(&r);
    r = RUN("rules", "learn", "--index", path_of("learn-index"));
    assert_code(&r, 0);
    assert_out(&r, "ulla.example");
    assert_out(&r, " 8 ");
    run_free(&r);
    r = RUN("rules", "learn", "--index", path_of("learn-index"), "-o", path_of("ulla.example.txt"),
            "ulla.example");
    assert_code(&r, 0);
    assert_int_equal(r.out_len, 0);
    run_free(&r);
    assert_file_holds("ulla.example.txt", "drop_");
    r = RUN("rules", "test", path_of("ulla.example.txt"));
    assert_code(&r, 0);
    assert_out(&r, " 0 failed");
    run_free(&r);
    assert_refused(RUN("rules", "learn", "--index", path_of("learn-index"), "sarr.example"),
                   EX_USAGE, "sarr.example");
}

/* --- care ----------------------------------------------------------------------------------- */

static void forget_takes_ids_paths_and_urls(void **state)
{
    struct run r;

    (void)state;
    make_pages("care", 1, 3);
    r = RUN("clean", "--index", path_of("care-index"), "-o", path_of("care-out"), path_of("care"));
    assert_code(&r, 0);
    run_free(&r);
    assert_done(run_launch((struct launch){
                    .args = (const char *const[]){"index", "forget", "care-index", "care/p01.txt",
                                                  path_of("care/p02.txt"), NULL},
                    .cwd = folder}),
                "2 documents");
    assert_int_equal(figure("care-index", "documents"), 1);
    assert_int_equal(figure("care-index", "forgotten"), 2);
    r = RUN("index", "forget", path_of("care-index"), "care/p01.txt", "https://ulla.example/none");
    assert_code(&r, EX_NOINPUT);
    assert_err(&r, "https://ulla.example/none");
    assert_int_equal(r.out_len, 0);
    run_free(&r);
    assert_done(RUN("index", "compact", path_of("care-index")), "");
    assert_done(RUN("index", "verify", path_of("care-index")), "");
    assert_int_equal(figure("care-index", "documents"), 1);
}

static void what_is_forgotten_is_compared_no_more(void **state)
{
    struct run r;

    (void)state;
    make_file("a.txt", WHOLE);
    make_file("b.txt", WHOLE);
    assert_done(RUN("clean", "--index", path_of("gone"), path_of("a.txt")), FIRST);
    assert_done(RUN("index", "forget", path_of("gone"), path_of("a.txt")), "1 document");
    r = RUN("clean", "--index", path_of("gone"), "--format", "json", path_of("b.txt"));
    assert_code(&r, 0);
    assert_not_out(&r, "duplicate-of");
    run_free(&r);
}

static void stat_is_a_table_for_people(void **state)
{
    struct run r;

    (void)state;
    make_file("a.txt", WHOLE);
    assert_done(RUN("clean", "--index", path_of("table"), path_of("a.txt")), FIRST);
    r = RUN("index", "stat", path_of("table"));
    assert_code(&r, 0);
    assert_out(&r, "             1  documents\n");
    assert_out(&r, "a document\n");
    run_free(&r);
}

/* Turns a byte of the largest file in a folder over. */
static void damage(const char *index)
{
    char command[1500];

    snprintf(
        command, sizeof command,
        "cd '%s' && f=$(find . -type f -size +0 ! -name '*.mdb*' -printf '%%s %%p\\n' | sort -n | "
        "tail -1 | cut -d' ' -f2-) && python3 -c \"import sys; p=sys.argv[1]; "
        "b=bytearray(open(p,'rb').read()); b[len(b)//2]^=255; open(p,'wb').write(b)\" \"$f\"",
        path_of(index));
    assert_int_equal(system(command), 0);
}

static void verify_names_what_is_damaged(void **state)
{
    struct run r;

    (void)state;
    make_pages("sound", 1, 6);
    r = RUN("clean", "--index", path_of("sound-index"), "-o", path_of("sound-out"),
            path_of("sound"));
    assert_code(&r, 0);
    run_free(&r);
    r = RUN("index", "verify", path_of("sound-index"));
    assert_code(&r, 0);
    assert_int_equal(r.out_len, 0);
    run_free(&r);
    damage("sound-index");
    r = RUN("index", "verify", path_of("sound-index"));
    assert_code(&r, EX_DATAERR);
    assert_out(&r, ":");
    run_free(&r);
}

/* --- what fails ----------------------------------------------------------------------------- */

static void there_must_be_an_index_to_be_read(void **state)
{
    (void)state;
    make_file("a.txt", WHOLE);
    make_file("plain", "no folder\n");
    assert_refused(RUN("index", "stat", path_of("none")), EX_NOINPUT, "none: ");
    assert_refused(RUN("index", "verify", path_of("none")), EX_NOINPUT, "none: ");
    assert_refused(RUN("index", "compact", path_of("none")), EX_NOINPUT, "none: ");
    assert_refused(RUN("index", "forget", path_of("none"), "x"), EX_NOINPUT, "none: ");
    assert_refused(RUN("explain", "--index", path_of("none"), path_of("a.txt")), EX_NOINPUT,
                   "none: ");
    assert_refused(RUN("index", "stat", path_of("plain")), EX_NOINPUT, "not a folder");
    assert_false(exists("none"));
}

static void an_index_that_cannot_be_made_costs_no_output(void **state)
{
    struct run r;

    (void)state;
    make_file("a.txt", WHOLE);
    make_file("plain", "no folder\n");
    make_folder("kept");
    make_file("kept/a.txt", "What was here before.\n");
    assert_refused(
        RUN("clean", "--index", path_of("plain"), "-o", path_of("kept"), path_of("a.txt")),
        EX_CANTCREAT, "plain: not a folder");
    r = RUN("clean", "--index", path_of("plain/below"), "-o", path_of("kept"), path_of("a.txt"));
    assert_true(r.code != 0);
    assert_one_error(&r);
    run_free(&r);
    assert_file_holds("kept/a.txt", "What was here before.");
}

static void a_folder_of_other_files_does_not_become_an_index(void **state)
{
    struct run r;

    (void)state;
    make_pages("foreign", 1, 2);
    make_file("a.txt", WHOLE);
    r = RUN("index", "stat", path_of("foreign"));
    assert_true(r.code != 0);
    assert_one_error(&r);
    run_free(&r);
    r = RUN("clean", "--index", path_of("foreign"), path_of("foreign"), "-o", path_of("f-out"));
    assert_refused(r, EX_USAGE, "folder of the index");
    assert_refused(
        RUN("clean", "--index", path_of("foreign"), path_of("a.txt"), "-o", path_of("foreign")),
        EX_USAGE, "folder of the index");
}

static void who_may_not_write_is_told_so(void **state)
{
    struct run r;

    (void)state;
    make_folder("locked");
    make_file("a.txt", WHOLE);
    r = run_launch(
        (struct launch){.args = (const char *const[]){"clean", "--index", path_of("locked"),
                                                      path_of("a.txt"), NULL},
                        .nobody = true});
    if (r.code == CANNOT_RUN) {
        run_free(&r);
        skip(); /* the program lies where nobody cannot go */
    }
    assert_refused(r, EX_CANTCREAT, "permissions");
}

static void a_second_writer_is_refused(void **state)
{
    struct winnow_index *index;

    (void)state;
    make_file("a.txt", WHOLE);
    assert_int_equal(winnow_index_open(path_of("busy"), 0, &index, NULL), 0);
    assert_refused(RUN("clean", "--index", path_of("busy"), path_of("a.txt")), EX_TEMPFAIL, "busy");
    assert_refused(RUN("index", "compact", path_of("busy")), EX_TEMPFAIL, "busy");
    winnow_index_close(index);
    assert_done(RUN("clean", "--index", path_of("busy"), path_of("a.txt")), FIRST);
}

static void an_index_below_the_inputs_is_no_input(void **state)
{
    struct run r;

    (void)state;
    make_pages("nest", 1, 3);
    for (int i = 0; i < 2; i++) {
        r = RUN("clean", "--index", path_of("nest/index"), "-o", path_of("nest/out"),
                path_of("nest"));
        assert_code(&r, 0);
        assert_string_equal(r.err, "");
        run_free(&r);
    }
    assert_int_equal(figure("nest/index", "documents"), 3);
}

/* A disk of so many bytes on a folder, seen by this process and its children alone. */
static bool mount_small(const char *name, const char *size)
{
    make_folder(name);
    return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("small", path_of(name), "tmpfs", 0, size) == 0;
}

static void a_full_disk_leaves_results_and_an_index_that_opens(void **state)
{
    struct run r;

    (void)state;
    make_pages("disk-in", 1, 60);
    if (!mount_small("disk", "size=72k"))
        skip();
    r = RUN("clean", "--index", path_of("disk/index"), "-o", path_of("disk-out"),
            path_of("disk-in"));
    if (r.code == 0)
        fail_msg("60 documents fit into 72 kB: make the disk smaller");
    assert_code(&r, EX_IOERR);
    assert_err(&r, "disk/index");
    assert_err(&r, "run it again, from");
    run_free(&r);
    assert_true(exists("disk-out/p01.txt") && exists("disk-out/p60.txt"));
    assert_int_equal(mount("small", path_of("disk"), "tmpfs", MS_REMOUNT, "size=20m"), 0);
    r = RUN("clean", "--index", path_of("disk/index"), "-o", path_of("disk-out"),
            path_of("disk-in"));
    assert_code(&r, 0);
    run_free(&r);
    assert_int_equal(figure("disk/index", "documents"), 60);
    assert_int_equal(mount("small", path_of("disk"), "tmpfs", MS_REMOUNT | MS_RDONLY, ""), 0);
    r = RUN("clean", "--index", path_of("disk/index"), path_of("disk-in/p01.txt"));
    assert_refused(r, EX_CANTCREAT, "disk/index");
    r = RUN("explain", "--index", path_of("disk/index"), path_of("disk-in/p01.txt"));
    assert_code(&r, 0);
    run_free(&r);
    assert_int_equal(umount(path_of("disk")), 0);
}

/* What is remembered must not outlive the result that it tells of. */
static void results_are_durable_before_the_index_remembers_them(void **state)
{
    struct run r;

    (void)state;
    if (!can_fail())
        skip();
    make_file("a.txt", WHOLE);
    r = RUN_FAILING("syncfs", "clean", "--index", path_of("durable"), "-o", path_of("durable-out"),
                    path_of("a.txt"));
    assert_code(&r, EX_IOERR);
    assert_one_error(&r);
    assert_err(&r, "durable-out");
    run_free(&r);
    assert_file_holds("durable-out/a.txt", FIRST);
    assert_int_equal(figure("durable", "documents"), 0);
    r = RUN_FAILING("syncfs", "clean", "--index", path_of("durable"), path_of("a.txt"));
    assert_code(&r, 0); /* who reads standard output sees to it */
    run_free(&r);
    assert_int_equal(figure("durable", "documents"), 1);
    r = RUN_FAILING("syncfs", "clean", "-o", path_of("durable-out"), path_of("a.txt"));
    assert_code(&r, 0); /* nothing remembers them */
    run_free(&r);
}

/* --- being stopped -------------------------------------------------------------------------- */

/* Starts winnow with a pipe as its standard input, and returns when it reads from it. */
static pid_t start_reading(const char *const *args, int *to)
{
    static const char text[] = WHOLE;
    int ends[2], out = memfd_create("out", MFD_CLOEXEC);
    pid_t pid;

    assert_true(out >= 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char path[64];
        struct launch l = {.args = args, .in = path};
        snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
        close(ends[1]);
        run_child(&l, out, out);
    }
    close(ends[0]);
    close(out);
    /* More than a pipe holds: when the last of it is in, the first was read. */
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
    *to = ends[1];
    return pid;
}

static int end_of(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void a_stopped_run_keeps_what_it_has_done(void **state)
{
    const char *args[] = {"clean", "--no-site", "--index", NULL, "-o", NULL, "-", NULL, NULL};
    pid_t pid;
    int to;

    (void)state;
    make_file("late.txt", WHOLE);
    args[3] = path_of("stopped");
    args[5] = path_of("stopped-out");
    args[7] = path_of("late.txt");
    pid = start_reading(args, &to);
    assert_int_equal(kill(pid, SIGTERM), 0);
    close(to); /* the document in hand is complete */
    assert_int_equal(end_of(pid), 128 + SIGTERM);
    assert_true(exists("stopped-out/stdin.txt"));
    assert_false(exists("stopped-out/late.txt"));
    assert_int_equal(figure("stopped", "documents"), 1);
}

/* A page of much text that is quickly cleaned. */
static void make_large(const char *name, size_t len)
{
    FILE *f = fopen(path_of(name), "wb");

    assert_non_null(f);
    fputs("<!DOCTYPE html><title>Large</title><p>One line of it.</p><script>", f);
    for (size_t i = 0; i < len; i += 16)
        fputs("ship, sail, sea;", f);
    fputs("</script>\n", f);
    assert_int_equal(fclose(f), 0);
}

/* Two that are large, and one that does not end. */
static void large_pages_are_committed_before_there_are_many(void **state)
{
    const char *args[] = {"clean", "--no-site", "--index", NULL, "-o", NULL, NULL, NULL, "-", NULL};
    pid_t pid;
    int to;

    (void)state;
    if (program_is_sanitized())
        skip(); /* it would take long */
    make_large("large1.html", 33 << 20);
    make_large("large2.html", 33 << 20);
    args[3] = path_of("large");
    args[5] = path_of("large-out");
    args[6] = path_of("large1.html");
    args[7] = path_of("large2.html");
    pid = start_reading(args, &to);
    assert_int_equal(figure("large", "documents"), 2);
    close(to);
    assert_int_equal(end_of(pid), 0);
    assert_int_equal(figure("large", "documents"), 3);
}

static void a_second_signal_ends_a_run_at_once(void **state)
{
    const char *args[] = {"clean", "--index", NULL, "-", NULL};
    pid_t pid;
    int to, status = 0;

    (void)state;
    args[2] = path_of("ended");
    pid = start_reading(args, &to);
    while (waitpid(pid, &status, WNOHANG) == 0) /* two that come at once are one */
        kill(pid, SIGTERM);
    close(to);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_int_equal(figure("ended", "documents"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_is_made_where_it_is_missing),
        cmocka_unit_test(a_document_cleaned_twice_is_no_copy_of_itself),
        cmocka_unit_test(a_path_and_its_long_form_are_one_document),
        cmocka_unit_test(a_new_version_takes_the_place_of_the_old),
        cmocka_unit_test(standard_input_is_known_by_its_url),
        cmocka_unit_test(a_copy_is_told_of_and_stays),
        cmocka_unit_test(strip_removes_what_stood_before),
        cmocka_unit_test(off_does_not_ask),
        cmocka_unit_test(explain_reads_the_index_and_adds_nothing),
        cmocka_unit_test(a_batch_knows_its_own_without_an_index),
        cmocka_unit_test(a_record_that_a_later_input_supersedes_is_written_again),
        cmocka_unit_test(what_a_site_repeats_goes_from_every_page_of_a_batch),
        cmocka_unit_test(the_lines_of_a_site_may_stay),
        cmocka_unit_test(a_single_page_is_cleaned_with_what_is_known),
        cmocka_unit_test(a_page_from_standard_input_is_read_once_for_both_passes),
        cmocka_unit_test(an_input_that_cannot_be_read_is_said_once),
        cmocka_unit_test(learn_lists_sites_and_writes_a_rule_file),
        cmocka_unit_test(forget_takes_ids_paths_and_urls),
        cmocka_unit_test(what_is_forgotten_is_compared_no_more),
        cmocka_unit_test(stat_is_a_table_for_people),
        cmocka_unit_test(verify_names_what_is_damaged),
        cmocka_unit_test(there_must_be_an_index_to_be_read),
        cmocka_unit_test(an_index_that_cannot_be_made_costs_no_output),
        cmocka_unit_test(a_folder_of_other_files_does_not_become_an_index),
        cmocka_unit_test(who_may_not_write_is_told_so),
        cmocka_unit_test(a_second_writer_is_refused),
        cmocka_unit_test(an_index_below_the_inputs_is_no_input),
        cmocka_unit_test(a_full_disk_leaves_results_and_an_index_that_opens),
        cmocka_unit_test(results_are_durable_before_the_index_remembers_them),
        cmocka_unit_test(a_stopped_run_keeps_what_it_has_done),
        cmocka_unit_test(large_pages_are_committed_before_there_are_many),
        cmocka_unit_test(a_second_signal_ends_a_run_at_once),
    };

    return cmocka_run_group_tests_name("index_cli", tests, folder_start, folder_stop);
}
