/* test_winnowd.c - winnowd as its users have it: files are dropped, clean text comes out. */
#include <poll.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "program.h"

#define PAGE                                                                                     \
    "<html><head><title>The ferry</title></head><body><p>The ferry to the outer islands leaves " \
    "at seven in the morning, and whoever misses it waits for a day.</p><p>The crew counts the "   \
    "crates of milk and the letters, and writes both down in a book that has lain beside the "   \
    "wheel since the boat was built.</p></body></html>"
#define FERRY "The ferry to the outer islands leaves at seven"
#define OTHER                                                                                   \
    "<html><body><p>Bakers in the old town have begun to sell bread by the slice, for people who " \
    "live alone and throw the rest away.</p></body></html>"

#define CUT_GZIP "\x1f\x8b\x08"

/* --- a spool of its own for each test --------------------------------------------------------- */

static char spool[64];
static unsigned spools;

static const char *in_spool(const char *name)
{
    static char names[8][300];
    static unsigned next;
    char *ret = names[next++ % 8];
    snprintf(ret, sizeof names[0], "%s/%s", spool, name);
    return ret;
}

static void make_parents(const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s", name);
    for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        make_folder(path);
        *slash = '/';
    }
}

static int new_spool(void **state)
{
    (void)state;
    snprintf(spool, sizeof spool, "spool%u", ++spools);
    make_folder(spool);
    make_folder(in_spool("drop"));
    return 0;
}

static void drop(const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/drop/%s", spool, name);
    make_parents(path);
    make_file(path, text);
}

static struct run winnowd(const char *const *more)
{
    const char *args[16] = {"--set", "retry=10ms", "--set", "batch_wait=1ms", "--set", "settle=10ms",
                            "--set", "min_free=0"};
    size_t n = 8;
    for (size_t i = 0; more && more[i] && n < 14; i++)
        args[n++] = more[i];
    args[n] = path_of(spool);
    return run_launch((struct launch){.program = WINNOW_DAEMON, .args = args});
}

#define WINNOWD(...) winnowd((const char *const[]){__VA_ARGS__, NULL})

static void assert_once(void)
{
    struct run r = WINNOWD("--once");
    assert_code(&r, 0);
    run_free(&r);
}

static size_t entries_of(const char *name)
{
    size_t ret = 0;
    char command[700];
    snprintf(command, sizeof command, "find '%s' -type f | wc -l", path_of(in_spool(name)));
    FILE *f = popen(command, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%zu", &ret), 1);
    pclose(f);
    return ret;
}

/* What the shell says of the spool; $1 is its path. */
static void assert_shell(const char *what, const char *command)
{
    char line[2000];
    snprintf(line, sizeof line, "set -e; cd '%s'; %s", path_of(spool), command);
    if (system(line) != 0)
        fail_msg("not so: %s (%s)", what, command);
}

/* --- a winnowd that runs ------------------------------------------------------------------------ */

static pid_t running;

/* Who waits for something of it waits in vain when it is gone. */
static void assert_running(void)
{
    int status;
    if (running > 0 && waitpid(running, &status, WNOHANG) == running) {
        char *log = read_file(in_spool("log"));
        running = 0;
        fail_msg("winnowd has left (%x): %.600s", (unsigned)status, log);
    }
}

static const char *program = WINNOW_DAEMON;

static pid_t start(const char *const *more)
{
    const char *args[16] = {"winnowd",       "--set", "retry=10ms", "--set",
                            "min_free=0", "--set", "settle=10ms"};
    size_t n = 7;
    for (size_t i = 0; more && more[i] && n < 14; i++)
        args[n++] = more[i];
    args[n] = path_of(spool);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int log = open(path_of(in_spool("log")), O_WRONLY | O_CREAT | O_APPEND, 0644);
        dup2(log, 2);
        alarm(DEADLINE);
        execv(program, (char *const *)(uintptr_t)args);
        _exit(CANNOT_RUN);
    }
    return running = pid;
}

/* Waits for a file: for the folders that it will stand in first. */
static void wait_for(const char *name)
{
    double end = seconds_now() + DEADLINE;
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    assert_true(fd >= 0);
    while (!exists(name)) {
        char path[300], bytes[4096];
        snprintf(path, sizeof path, "%s", name);
        do
            *strrchr(path, '/') = '\0';
        while (!exists(path) && strchr(path, '/'));
        inotify_add_watch(fd, path_of(path), IN_CREATE | IN_MOVED_TO | IN_MODIFY);
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (!exists(name) && poll(&p, 1, 200) < 0 && errno != EINTR)
            fail_msg("poll: %s", strerror(errno));
        while (read(fd, bytes, sizeof bytes) > 0)
            continue;
        assert_running();
        if (seconds_now() > end)
            fail_msg("%s does not come", name);
    }
    close(fd);
}

static void wait_for_log(const char *text)
{
    double end = seconds_now() + DEADLINE;
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    wait_for(in_spool("log"));
    inotify_add_watch(fd, path_of(in_spool("log")), IN_MODIFY);
    for (;;) {
        char *log = read_file(in_spool("log")), bytes[4096];
        bool found = strstr(log, text) != NULL;
        if (!found && seconds_now() > end)
            fail_msg("no \"%s\" in: %.600s", text, log);
        free(log);
        if (found)
            break;
        assert_running();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        poll(&p, 1, 200);
        while (read(fd, bytes, sizeof bytes) > 0)
            continue;
    }
    close(fd);
}

static void wait_until_gone(const char *name)
{
    double end = seconds_now() + DEADLINE;
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    inotify_add_watch(fd, path_of(in_spool("drop")), IN_MOVED_FROM);
    while (exists(name)) {
        char bytes[4096];
        struct pollfd p = {.fd = fd, .events = POLLIN};
        poll(&p, 1, 200);
        while (read(fd, bytes, sizeof bytes) > 0)
            continue;
        assert_running();
        assert_true(seconds_now() < end);
    }
    close(fd);
}

static int end(pid_t pid, int number)
{
    int status;
    running = 0;
    kill(pid, number);
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* --- files in, text out ---------------------------------------------------------------------------- */

static void cleans_what_lies_in_drop_and_leaves(void **state)
{
    (void)state;
    drop("a.html", PAGE);
    assert_once();
    assert_file_holds(in_spool("out/a.html.txt"), FERRY);
    assert_file_holds(in_spool("out/a.html.json"), "\"title\": \"The ferry\"");
    assert_int_equal(entries_of("drop") + entries_of("work") + entries_of("quarantine"), 0);
}

static void keeps_the_path_below_drop(void **state)
{
    (void)state;
    drop("example.org/2026/11/a b.html", PAGE);
    assert_once();
    assert_file_holds(in_spool("out/example.org/2026/11/a b.html.json"), "\"host\": \"example.org\"");
}

static void a_sidecar_says_where_a_page_came_from(void **state)
{
    (void)state;
    drop("a.html", PAGE);
    drop("a.html.url", "https://example.org/ferry\n");
    assert_once();
    assert_file_holds(in_spool("out/a.html.json"), "https://example.org/ferry");
    assert_int_equal(entries_of("drop") + entries_of("work"), 0);
}

static void a_file_dropped_again_stands_beside_the_first(void **state)
{
    (void)state;
    drop("a.html", PAGE);
    assert_once();
    drop("a.html", OTHER);
    assert_once();
    assert_file_holds(in_spool("out/a.html.txt"), FERRY);
    assert_file_holds(in_spool("out/a.html~2.txt"), "Bakers in the old town");
    assert_true(exists(in_spool("out/a.html~2.json")));
}

static void a_file_dropped_again_replaces_the_first_where_that_is_wanted(void **state)
{
    (void)state;
    drop("a.html", PAGE);
    assert_once();
    drop("a.html", OTHER);
    struct run r = WINNOWD("--once", "--set", "on_existing=replace");
    assert_code(&r, 0);
    run_free(&r);
    assert_file_holds(in_spool("out/a.html.txt"), "Bakers in the old town");
    assert_int_equal(entries_of("out"), 2);
}

static void writes_only_what_is_asked_for(void **state)
{
    (void)state;
    drop("a.html", PAGE);
    struct run r = WINNOWD("--once", "--set", "write=text");
    assert_code(&r, 0);
    run_free(&r);
    assert_true(exists(in_spool("out/a.html.txt")));
    assert_false(exists(in_spool("out/a.html.json")));
}

static void of_two_copies_dropped_at_once_one_names_the_other(void **state)
{
    (void)state;
    char name[20];
    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "%d.html", i);
        drop(name, PAGE);
    }
    assert_once();
    assert_int_equal(entries_of("out"), 16);
    assert_shell("seven of eight are copies",
                 "test $(grep -l duplicate-of out/*.json | wc -l) = 7");
}

static void the_order_of_the_manifest_tells_every_outcome(void **state)
{
    (void)state;
    drop("a b.html", PAGE);
    drop("no page.html", CUT_GZIP);
    assert_once();
    assert_shell("a line for each", "test $(cat state/manifest-*.log | wc -l) = 2");
    assert_shell("cleaned", "grep -q ' cleaned .* a%20b.html a%20b.html ' state/manifest-*.log");
    assert_shell("quarantined", "grep -q ' quarantined .* no%20page.html - ' state/manifest-*.log");
}

static void a_folder_of_out_that_may_not_be_written_to_stops_nobody_else(void **state)
{
    (void)state;
    make_folder(in_spool("out"));
    make_folder(in_spool("out/locked"));
    drop("locked/a.html", PAGE);
    drop("open/b.html", OTHER);
    char lock[700], unlock[700];
    const char *path = path_of(in_spool("out/locked"));
    snprintf(lock, sizeof lock, "chattr +i '%s' 2> /dev/null", path);
    snprintf(unlock, sizeof unlock, "chattr -i '%s'", path);
    if (geteuid() == 0 ? system(lock) != 0 : chmod(path, 0555) != 0) {
        print_message("[ note     ] this file system locks no folder: skipped\n");
        skip();
    }
    struct run r = WINNOWD("--once");
    assert_int_equal(geteuid() == 0 ? system(unlock) : chmod(path, 0755), 0);
    assert_code(&r, 0);
    run_free(&r);
    assert_file_holds(in_spool("out/open/b.html.txt"), "Bakers in the old town");
    assert_shell("the other has a name of its own", "grep -q 'leaves at seven' out/a.html~*.txt");
    assert_int_equal(entries_of("work"), 0);
}

/* --- what is no page -------------------------------------------------------------------------------- */

static void what_is_no_page_goes_to_quarantine_with_its_reason(void **state)
{
    (void)state;
    drop("cut.html.gz", CUT_GZIP);
    drop("good.html", PAGE);
    assert_once();
    assert_file_holds(in_spool("out/good.html.txt"), FERRY);
    assert_shell("the file is there", "test $(cat quarantine/*/in/cut.html.gz | wc -c) = 3");
    assert_shell("with its reason", "grep -q '\"kind\": *\"data\"' quarantine/*/reason.json");
}

static void a_page_above_the_limit_is_kept_and_says_so(void **state)
{
    (void)state;
    char page[3000] = PAGE;
    memset(page + strlen(page), ' ', sizeof page - strlen(page) - 1);
    drop("a.html", page);
    struct run r = WINNOWD("--once", "--set", "max_size=1K");
    assert_code(&r, 0);
    run_free(&r);
    assert_shell("limit", "grep -q '\"kind\": *\"limit\"' quarantine/*/reason.json");
    assert_shell("whole", "grep -q 'leaves at seven' quarantine/*/in/a.html");
}

static void links_and_pipes_are_left_where_they_are(void **state)
{
    (void)state;
    make_file(in_spool("secret"), PAGE);
    assert_int_equal(symlink("../secret", path_of(in_spool("drop/link.html"))), 0);
    assert_int_equal(mkfifo(path_of(in_spool("drop/pipe.html")), 0644), 0);
    drop("a.html", PAGE);
    assert_once();
    assert_int_equal(entries_of("out"), 2);
    assert_true(exists(in_spool("drop/link.html")));
    assert_true(exists(in_spool("drop/pipe.html")));
}

/* --- a service ---------------------------------------------------------------------------------------- */

static void takes_files_as_they_come(void **state)
{
    (void)state;
    pid_t pid = start(NULL);
    wait_for(in_spool("state/control"));
    drop("example.org/a.html", PAGE);
    wait_for(in_spool("out/example.org/a.html.json"));
    drop("b.html", OTHER);
    wait_for(in_spool("out/b.html.json"));
    assert_int_equal(end(pid, SIGTERM), 0);
    assert_int_equal(entries_of("work"), 0);
}

static void a_page_is_not_read_before_its_writer_has_closed_it(void **state)
{
    (void)state;
    pid_t pid = start(NULL);
    wait_for(in_spool("state/control"));
    FILE *f = fopen(path_of(in_spool("drop/slow.html")), "w");
    fputs("<html><body><p>The first half of a page that is written slowly, ", f);
    fflush(f);
    drop("quick.html", OTHER); /* what is dropped later is seen later */
    wait_for(in_spool("out/quick.html.json"));
    assert_true(exists(in_spool("drop/slow.html")));
    fputs("and then its second half with the end of it.</p></body></html>", f);
    fclose(f);
    wait_for(in_spool("out/slow.html.json"));
    assert_file_holds(in_spool("out/slow.html.txt"), "second half with the end of it");
    assert_int_equal(end(pid, SIGTERM), 0);
}

static void goes_on_with_another_folder_in_the_place_of_out(void **state)
{
    (void)state;
    pid_t pid = start(NULL);
    wait_for(in_spool("state/control"));
    drop("a.html", PAGE);
    wait_for(in_spool("out/a.html.json"));
    assert_int_equal(rename(path_of(in_spool("out")), path_of(in_spool("taken"))), 0);
    drop("b.html", OTHER);
    drop("c.html", PAGE);
    for (int i = 0; !exists(in_spool("out")); i++) {
        char name[40];
        snprintf(name, sizeof name, "again%d.html", i);
        drop(name, OTHER);
        char at[60];
        snprintf(at, sizeof at, "drop/%s", name);
        wait_until_gone(in_spool(at));
    }
    drop("last.html", PAGE);
    wait_for(in_spool("out/last.html.json"));
    assert_int_equal(end(pid, SIGTERM), 0);
    assert_int_equal(entries_of("work"), 0);
}

static void goes_on_after_a_kill(void **state)
{
    (void)state;
    char name[20];
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "%d.html", i);
        drop(name, i % 2 ? PAGE : OTHER);
    }
    pid_t pid = start(NULL);
    wait_for(in_spool("out/3.html.json"));
    assert_int_equal(end(pid, SIGKILL), 128 + SIGKILL);
    assert_once();
    assert_int_equal(entries_of("out"), 80);
    assert_int_equal(entries_of("work") + entries_of("drop"), 0);
}

static void a_second_winnowd_is_refused(void **state)
{
    (void)state;
    pid_t pid = start(NULL);
    wait_for(in_spool("state/control"));
    struct run r = WINNOWD("--once");
    assert_code(&r, EX_TEMPFAIL);
    assert_err(&r, "another winnowd");
    run_free(&r);
    assert_int_equal(end(pid, SIGTERM), 0);
}

static void reads_settings_and_rules_anew_and_keeps_the_old_where_they_are_wrong(void **state)
{
    (void)state;
    char rules[700], conf[900];
    snprintf(rules, sizeof rules, "%s", path_of(in_spool("rules")));
    make_folder(in_spool("rules"));
    make_folder(in_spool("bad"));
    make_file(in_spool("rules/example.org.txt"), "strip_text: nothing here says this\n");
    snprintf(conf, sizeof conf, "write = text\nrules = %s\n", rules);
    make_file(in_spool("conf"), conf);
    pid_t pid = start((const char *const[]){"-c", path_of(in_spool("conf")), NULL});
    wait_for(in_spool("state/control"));
    make_file(in_spool("conf"), "wirte = text\n");
    kill(pid, SIGHUP);
    wait_for_log("stay as they were");
    wait_for_log("conf:1:");
    drop("a.html", PAGE);
    wait_for(in_spool("out/a.html.txt"));
    snprintf(conf, sizeof conf, "write = both\nrules = %s\n", rules);
    make_file(in_spool("conf"), conf);
    kill(pid, SIGHUP);
    wait_for_log("were read anew");
    drop("b.html", OTHER);
    wait_for(in_spool("out/b.html.json"));
    assert_false(exists(in_spool("out/a.html.json")));
    assert_int_equal(end(pid, SIGTERM), 0);
}

static void waits_for_room_and_loses_nothing(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("[ note     ] only root can mount a small disk: skipped\n");
        skip();
    }
    if (mount("small", path_of(spool), "tmpfs", 0, "size=1m,mode=0755") != 0) {
        print_message("[ note     ] no tmpfs can be mounted: skipped\n");
        skip();
    }
    make_folder(in_spool("drop"));
    char ballast[] = "dd if=/dev/zero of=ballast bs=1k count=2000 2> dd.log || true";
    pid_t pid = start((const char *const[]){"--set", "index=no", NULL});
    wait_for(in_spool("state/control"));
    drop("a.html", PAGE);
    wait_for(in_spool("out/a.html.json"));
    drop("b.html", OTHER);
    assert_shell("the disk is full", ballast);
    drop("c.html", "");
    assert_int_equal(unlink(path_of(in_spool("ballast"))), 0);
    wait_for(in_spool("out/b.html.json"));
    assert_file_holds(in_spool("out/b.html.txt"), "Bakers in the old town");
    assert_int_equal(end(pid, SIGTERM), 0);
    assert_int_equal(umount(path_of(spool)), 0);
}

/* A page of so many different paragraphs. */
static void drop_long(const char *name, unsigned paragraphs, const char *last)
{
    char path[300];
    snprintf(path, sizeof path, "%s/long", spool);
    FILE *f = fopen(path_of(path), "w");
    assert_non_null(f);
    fputs("<html><body>", f);
    for (unsigned i = 0; i < paragraphs; i++)
        fprintf(f, "<p>Box %u of the harbour's archive holds %u letters, %u of them unopened, and a "
                   "key with the number %u.</p>", i, i * 7919 % 997, i * 104729 % 499, i * 31 % 1009);
    fprintf(f, "<p>%s</p></body></html>", last);
    assert_int_equal(fclose(f), 0);
    char to[300];
    snprintf(to, sizeof to, "%s/drop/%s", spool, name);
    assert_int_equal(rename(path_of(path), path_of(to)), 0);
}

static void files_of_one_path_come_out_in_their_order(void **state)
{
    (void)state;
    pid_t pid = start((const char *const[]){"--set", "on_existing=replace", NULL});
    wait_for(in_spool("state/control"));
    drop_long("x.html", 20000, "This is the older one.");
    wait_until_gone(in_spool("drop/x.html"));
    drop_long("x.html", 1, "This is the newer one.");
    drop_long("y.html", 1, "This is another.");
    wait_for(in_spool("out/x.html.json"));
    wait_until_gone(in_spool("drop/x.html"));
    assert_int_equal(end(pid, SIGTERM), 0);
    assert_once();
    assert_file_holds(in_spool("out/x.html.txt"), "This is the newer one.");
    assert_shell("both were cleaned", "test $(grep -c ' cleaned .* x.html x.html ' "
                                      "state/manifest-*.log) = 2");
}

static void a_page_too_large_for_the_disk_goes_to_quarantine(void **state)
{
    (void)state;
    if (geteuid() != 0 || mount("small", path_of(spool), "tmpfs", 0, "size=5m,mode=0755") != 0) {
        print_message("[ note     ] no small disk can be mounted: skipped\n");
        skip();
    }
    make_folder(in_spool("drop"));
    drop_long("large.html", 24000, "The end.");
    drop("small.html", PAGE);
    struct run r = WINNOWD("--once", "--set", "index=no");
    assert_code(&r, 0);
    run_free(&r);
    assert_file_holds(in_spool("out/small.html.txt"), FERRY);
    assert_shell("its reason", "grep -q '\"kind\": *\"room\"' quarantine/*/reason.json");
    assert_int_equal(umount(path_of(spool)), 0);
}

/* winnowd beside a worker that some pages can harm: tests/crash/spool_poison.c. */
static const char *poisoned_program(void)
{
    char command[2000];
    make_folder("bin");
    snprintf(command, sizeof command,
             "cp --remove-destination '%s' '%s' && cp --remove-destination '%s' '%s'",
             WINNOW_DAEMON, path_of("bin/winnowd"), WINNOW_POISON, path_of("bin/winnow-worker"));
    assert_int_equal(system(command), 0);
    return path_of("bin/winnowd");
}

static void pages_that_hang_leave_room_for_others(void **state)
{
    (void)state;
    enum { HANGING = 12 };
    char name[40];
    static char path[512];
    snprintf(path, sizeof path, "%s", poisoned_program());
    program = path;
    pid_t pid = start((const char *const[]){"--set", "workers=2", "--set", "timeout=10min", NULL});
    program = WINNOW_DAEMON;
    wait_for(in_spool("state/control"));
    for (int i = 0; i < HANGING; i++) {
        snprintf(name, sizeof name, "hang%d.html", i);
        drop(name, "<p>winnow-poison: hang</p>");
    }
    drop("a.html", PAGE);
    wait_for(in_spool("out/a.html.json"));
    drop("b.html", OTHER);
    wait_for(in_spool("out/b.html.json"));
    assert_int_equal(entries_of("drop") + entries_of("quarantine"), 0);
    assert_int_equal(end(pid, SIGKILL), 128 + SIGKILL);
}

static void a_page_that_crashes_its_worker_goes_to_quarantine_with_its_attempts(void **state)
{
    (void)state;
    static char path[512];
    snprintf(path, sizeof path, "%s", poisoned_program());
    program = path;
    pid_t pid = start(NULL);
    program = WINNOW_DAEMON;
    wait_for(in_spool("state/control"));
    drop("crash.html", "<p>winnow-poison: crash</p>");
    drop("a.html", PAGE);
    wait_for(in_spool("out/a.html.json"));
    wait_for_log("quarantined");
    assert_int_equal(end(pid, SIGTERM), 0);
    /* "crashed", or under a sanitizer, which has the last word, "ended without a result". */
    assert_shell("three attempts",
                 "test $(grep -c '\"reason\": *\"its worker ' quarantine/*/reason.json) -ge 3");
    assert_file_holds(in_spool("out/a.html.txt"), FERRY);
}

/* --- the command line ----------------------------------------------------------------------------------- */

static void says_what_is_wrong_with_its_settings(void **state)
{
    (void)state;
    make_file(in_spool("conf"), "# mine\nspoool = /x\n");
    struct run r = WINNOWD("--check", "-c", path_of(in_spool("conf")));
    assert_code(&r, EX_CONFIG);
    assert_err(&r, "conf:2: ");
    assert_err(&r, "\"spool\"");
    run_free(&r);
}

static void shows_all_settings_as_a_file_that_it_takes(void **state)
{
    (void)state;
    struct run r = WINNOWD("--print");
    assert_code(&r, 0);
    make_file(in_spool("conf"), r.out);
    struct run again =
        WINNOWD("--print", "-c", path_of(in_spool("conf")));
    assert_code(&again, 0);
    assert_string_equal(again.out, r.out);
    run_free(&r);
    run_free(&again);
}

static void rules_that_cannot_be_read_are_told_at_the_start(void **state)
{
    (void)state;
    struct run r = WINNOWD("--once", "--set", "rules=/nowhere/at/all");
    assert_code(&r, EX_CONFIG);
    assert_err(&r, "/nowhere/at/all");
    run_free(&r);
    r = WINNOWD("--check", "--set", "rules=/nowhere/at/all");
    assert_code(&r, EX_CONFIG);
    assert_err(&r, "/nowhere/at/all");
    run_free(&r);
}

#define T(test) cmocka_unit_test_setup(test, new_spool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(cleans_what_lies_in_drop_and_leaves),
        T(keeps_the_path_below_drop),
        T(a_sidecar_says_where_a_page_came_from),
        T(a_file_dropped_again_stands_beside_the_first),
        T(a_file_dropped_again_replaces_the_first_where_that_is_wanted),
        T(writes_only_what_is_asked_for),
        T(of_two_copies_dropped_at_once_one_names_the_other),
        T(the_order_of_the_manifest_tells_every_outcome),
        T(a_folder_of_out_that_may_not_be_written_to_stops_nobody_else),
        T(what_is_no_page_goes_to_quarantine_with_its_reason),
        T(a_page_above_the_limit_is_kept_and_says_so),
        T(links_and_pipes_are_left_where_they_are),
        T(takes_files_as_they_come),
        T(a_page_is_not_read_before_its_writer_has_closed_it),
        T(goes_on_with_another_folder_in_the_place_of_out),
        T(goes_on_after_a_kill),
        T(a_second_winnowd_is_refused),
        T(reads_settings_and_rules_anew_and_keeps_the_old_where_they_are_wrong),
        T(waits_for_room_and_loses_nothing),
        T(files_of_one_path_come_out_in_their_order),
        T(a_page_too_large_for_the_disk_goes_to_quarantine),
        T(pages_that_hang_leave_room_for_others),
        T(a_page_that_crashes_its_worker_goes_to_quarantine_with_its_attempts),
        T(says_what_is_wrong_with_its_settings),
        T(shows_all_settings_as_a_file_that_it_takes),
        T(rules_that_cannot_be_read_are_told_at_the_start),
    };
    return cmocka_run_group_tests_name("winnowd", tests, folder_start, folder_stop);
}
