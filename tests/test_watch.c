/* test_watch.c - which files below drop/ are given, how often, and when not.
 *
 * A rig is a folder with a drop/ in it that is watched.  It claims what it is given by removing
 * it, and waits as winnowd does: by an edge of watch_fd or by watch_timeout, never for a time of
 * its own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "testing.h"
#include "watch.h"

enum { DEADLINE_S = 120, HOUR_MS = 3600 * 1000 };

static const char *const ignored[] = {".*", "*.part"};

struct rig {
    char dir[64], drop[96];
    struct watch *w;
    int epoll;
    bool leave; /* does not claim */
    char **names; /* what was given, in order */
    size_t count;
    size_t told;
    char text[512]; /* that was told last */
};

/* --- the rig */

static void hear(void *ctx, const char *text)
{
    struct rig *r = ctx;

    r->told++;
    snprintf(r->text, sizeof r->text, "%s", text);
}

static struct watch_settings quiet(void)
{
    return (struct watch_settings){.settle_ms = 30, .poll_ms = HOUR_MS, .ignore = ignored,
                                   .nignore = sizeof ignored / sizeof *ignored};
}

static void rig_folder(struct rig *r)
{
    memset(r, 0, sizeof *r);
    snprintf(r->dir, sizeof r->dir, "/tmp/winnow-watch-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    assert_int_equal(chmod(r->dir, 0777), 0);
    snprintf(r->drop, sizeof r->drop, "%s/drop", r->dir);
    assert_int_equal(mkdir(r->drop, 0777), 0);
    assert_int_equal(chmod(r->drop, 0777), 0);
    r->epoll = -1;
}

static void rig_watch(struct rig *r, struct watch_settings s)
{
    struct winnow_error err = {0};
    struct epoll_event readable = {.events = EPOLLIN | EPOLLET};

    if (watch_new(r->drop, &s, hear, r, &r->w, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    assert_int_equal(epoll_ctl(r->epoll, EPOLL_CTL_ADD, watch_fd(r->w), &readable), 0);
}

static void rig_begin(struct rig *r)
{
    rig_folder(r);
    rig_watch(r, quiet());
}

static void rig_unwatch(struct rig *r)
{
    watch_free(r->w);
    close(r->epoll);
    r->w = NULL;
}

static void rig_end(struct rig *r)
{
    char command[128];

    rig_unwatch(r);
    for (size_t i = 0; i < r->count; i++)
        free(r->names[i]);
    free(r->names);
    snprintf(command, sizeof command, "rm -rf %s", r->dir);
    assert_int_equal(system(command), 0);
}

static void take(struct rig *r, const char *path)
{
    if ((r->count & (r->count - 1)) == 0) {
        r->names = realloc(r->names, (r->count ? 2 * r->count : 1) * sizeof *r->names);
        assert_non_null(r->names);
    }
    r->names[r->count] = strdup(path);
    assert_non_null(r->names[r->count++]);
    if (!r->leave && unlinkat(watch_root(r->w), path, 0) != 0 && errno != ENOENT)
        fail_msg("%s: %s", path, strerror(errno));
}

/* Asks until there is nothing to do right now. */
static void take_now(struct rig *r)
{
    const char *path;
    bool more = true;

    while (more)
        if (watch_next(r->w, &path, &more))
            take(r, path);
}

static void wait_once(struct rig *r)
{
    struct epoll_event e;
    int ms = watch_timeout(r->w);

    if (epoll_wait(r->epoll, &e, 1, ms < 0 || ms > DEADLINE_S * 1000 ? DEADLINE_S * 1000 : ms) < 0)
        assert_int_equal(errno, EINTR);
    take_now(r);
}

static bool is_idle(struct rig *r)
{
    int ms = watch_timeout(r->w);

    return ms < 0 || ms > HOUR_MS / 2;
}

/* Goes on until nothing but an event could bring a file. */
static void take_all(struct rig *r)
{
    time_t end = time(NULL) + DEADLINE_S;

    take_now(r);
    while (!is_idle(r)) {
        wait_once(r);
        assert_true(time(NULL) < end);
    }
}

static void take_until(struct rig *r, size_t count)
{
    time_t end = time(NULL) + DEADLINE_S;

    take_now(r);
    while (r->count < count) {
        assert_true(time(NULL) < end);
        wait_once(r);
    }
}

static size_t waiting(const struct rig *r)
{
    uint64_t files, folders, overflows;

    watch_counts(r->w, &files, &folders, &overflows);
    return files;
}

static size_t folders(const struct rig *r)
{
    uint64_t files, count, overflows;

    watch_counts(r->w, &files, &count, &overflows);
    return count;
}

static size_t given(const struct rig *r, const char *path)
{
    size_t n = 0;

    for (size_t i = 0; i < r->count; i++)
        n += strcmp(r->names[i], path) == 0;
    return n;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void assert_each_once(struct rig *r, size_t count)
{
    assert_int_equal(r->count, count);
    qsort(r->names, r->count, sizeof *r->names, by_name);
    for (size_t i = 1; i < r->count; i++)
        assert_string_not_equal(r->names[i - 1], r->names[i]);
}

static void assert_only(struct rig *r, const char *path)
{
    take_all(r);
    if (r->count != 1)
        fail_msg("%zu files were given, not one", r->count);
    assert_string_equal(r->names[0], path);
}

/* --- what is put into it; paths are below its folder */

static const char *at(const struct rig *r, const char *path)
{
    static char full[4][600];
    static unsigned turn;
    char *ret = full[turn++ % 4];

    snprintf(ret, sizeof full[0], "%s/%s", r->dir, path);
    return ret;
}

static int open_for_writing(const struct rig *r, const char *path)
{
    int fd = open(at(r, path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

    assert_true(fd >= 0);
    return fd;
}

static void put_text(const struct rig *r, const char *path, const char *text)
{
    int fd = open_for_writing(r, path);

    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void put(const struct rig *r, const char *path)
{
    put_text(r, path, "The ferry sails at noon.\n");
}

static void put_folder(const struct rig *r, const char *path)
{
    assert_int_equal(mkdir(at(r, path), 0777), 0);
}

static void move(const struct rig *r, const char *from, const char *to)
{
    if (rename(at(r, from), at(r, to)) != 0)
        fail_msg("%s -> %s: %s", from, to, strerror(errno));
}

static void put_many(const struct rig *r, const char *folder, size_t count)
{
    char name[128];

    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s/page-%zu.html", folder, i);
        put(r, name);
    }
}

/* --- files */

static void gives_a_file_when_it_is_closed(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    take_all(&r);
    put(&r, "drop/a.html");
    assert_only(&r, "a.html");
    rig_end(&r);
}

static void gives_what_was_there_before(void **state)
{
    struct rig r;
    (void)state;

    rig_folder(&r);
    put_folder(&r, "drop/example.org");
    put(&r, "drop/example.org/a.html");
    rig_watch(&r, quiet());
    assert_only(&r, "example.org/a.html");
    rig_end(&r);
}

static void gives_a_file_that_is_moved_in(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    take_all(&r);
    put(&r, "a.html");
    move(&r, "a.html", "drop/b.html");
    take_now(&r); /* at once: no timer is needed */
    assert_int_equal(given(&r, "b.html"), 1);
    assert_only(&r, "b.html");
    rig_end(&r);
}

static void gives_a_hard_link(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    take_all(&r);
    put(&r, "a.html");
    assert_int_equal(link(at(&r, "a.html"), at(&r, "drop/b.html")), 0);
    assert_only(&r, "b.html");
    rig_end(&r);
}

/* Waits until the only file was looked at, and is waiting. */
static void look_and_wait(struct rig *r)
{
    for (int i = 0; i < 3; i++)
        wait_once(r);
    assert_int_equal(r->count, 0);
    assert_int_equal(waiting(r), 1);
}

static void waits_for_a_writer_to_close(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    take_all(&r);
    int fd = open_for_writing(&r, "drop/a.html");
    assert_int_equal(write(fd, "half", 4), 4);
    look_and_wait(&r);
    watch_rescan(r.w);
    take_now(&r);
    look_and_wait(&r);
    close(fd);
    take_now(&r);
    assert_only(&r, "a.html");
    rig_end(&r);
}

static void waits_for_a_writer_who_has_another_name_of_it(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    take_all(&r);
    int fd = open_for_writing(&r, "a.html");
    assert_int_equal(write(fd, "half", 4), 4);
    assert_int_equal(link(at(&r, "a.html"), at(&r, "drop/b.html")), 0);
    look_and_wait(&r);
    close(fd); /* no event: not below drop/ */
    assert_only(&r, "b.html");
    rig_end(&r);
}

static void gives_a_file_that_had_no_name(void **state)
{
    struct rig r;
    char proc[64];
    (void)state;

    rig_begin(&r);
    take_all(&r);
    int fd = open(r.drop, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    if (fd < 0) {
        print_message("no O_TMPFILE on this file system: skipped\n");
        rig_end(&r);
        skip();
    }
    assert_int_equal(write(fd, "half", 4), 4);
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
    assert_int_equal(linkat(AT_FDCWD, proc, AT_FDCWD, at(&r, "drop/a.html"), AT_SYMLINK_FOLLOW), 0);
    look_and_wait(&r);
    close(fd);
    assert_only(&r, "a.html");
    rig_end(&r);
}

static void an_empty_file_has_to_rest(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    take_all(&r);
    close(open_for_writing(&r, "drop/a.html"));
    take_now(&r);
    assert_int_equal(r.count, 0);
    assert_int_equal(waiting(&r), 1);
    assert_only(&r, "a.html");
    rig_end(&r);
}

static void gives_a_new_version_again(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    for (int i = 0; i < 3; i++) {
        put(&r, "drop/a.html");
        take_all(&r);
    }
    assert_int_equal(r.count, 3);
    rig_end(&r);
}

static void gives_a_file_once_though_it_stays(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    take_all(&r);
    r.leave = true;
    put(&r, "drop/a.html");
    assert_only(&r, "a.html");
    rig_end(&r);
}

static void gives_a_file_again_that_could_not_be_claimed(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    put_folder(&r, "drop/d");
    take_all(&r);
    r.leave = true;
    put(&r, "drop/d/a.html");
    take_until(&r, 1);
    watch_again(r.w, r.names[0]);
    take_now(&r);
    assert_int_equal(r.count, 1); /* not at once */
    r.leave = false;
    take_all(&r);
    assert_int_equal(given(&r, "d/a.html"), 2);
    assert_int_equal(r.count, 2);
    rig_end(&r);
}

/* --- names */

static void names_are_bytes(void **state)
{
    static const char *const odd[] = {
        "with space", "-rf", "new\nline", "\xff\xfe", "quo\"te'", "%41", "back\\slash", "\x1b[31m", "*",
        "~", "a.url", "..x",
    };
    struct rig r;
    struct watch_settings s = quiet();
    char name[300], longest[256];
    (void)state;

    rig_folder(&r);
    s.nignore = 0;
    rig_watch(&r, s);
    memset(longest, 'n', 255);
    longest[255] = '\0';
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        snprintf(name, sizeof name, "drop/%s", odd[i]);
        put(&r, name);
    }
    snprintf(name, sizeof name, "drop/%s", longest);
    put(&r, name);
    take_all(&r);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        assert_int_equal(given(&r, odd[i]), 1);
    assert_int_equal(given(&r, longest), 1);
    rig_end(&r);
}

static void passes_over_names_that_are_ignored(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    put_folder(&r, "drop/.git");
    put_folder(&r, "drop/half.part");
    take_all(&r);
    put(&r, "drop/.hidden");
    put(&r, "drop/a.html.part");
    put(&r, "drop/.git/b.html");
    put(&r, "drop/half.part/c.html");
    take_all(&r);
    watch_rescan(r.w);
    take_all(&r);
    assert_int_equal(r.count, 0);
    move(&r, "drop/a.html.part", "drop/a.html");
    move(&r, "drop/half.part", "drop/whole");
    take_all(&r);
    assert_int_equal(given(&r, "a.html"), 1);
    assert_int_equal(given(&r, "whole/c.html"), 1);
    assert_int_equal(r.count, 2);
    rig_end(&r);
}

static void takes_new_patterns(void **state)
{
    static const char *const others[] = {"*.tmp"};
    struct rig r;
    struct watch_settings s = quiet();
    (void)state;

    rig_begin(&r);
    put(&r, "drop/a.part");
    take_all(&r);
    s.ignore = others;
    s.nignore = 1;
    watch_set(r.w, &s);
    put(&r, "drop/b.tmp");
    assert_only(&r, "a.part");
    rig_end(&r);
}

static void a_sidecar_goes_with_its_page(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    take_all(&r);
    put_text(&r, "drop/a.html.url", "https://example.org/a\n");
    put_text(&r, "drop/b.html.url", "\n no URL at all");
    put(&r, "drop/b.html"); /* not claimed with its sidecar by the rig */
    r.leave = true;
    take_all(&r);
    assert_int_equal(r.count, 1);
    assert_string_equal(r.names[0], "b.html");
    put(&r, "drop/a.html");
    take_all(&r);
    assert_int_equal(r.count, 2);
    assert_string_equal(r.names[1], "a.html");
    rig_end(&r);
}

static void a_page_may_be_called_url(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    put_text(&r, "drop/page.url", "<p>The ferry sails at noon.</p>");
    assert_only(&r, "page.url");
    rig_end(&r);
}

static void passes_over_what_is_no_file(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    put_folder(&r, "elsewhere");
    put(&r, "elsewhere/a.html");
    put_folder(&r, "drop/d");
    for (int i = 0; i < 2; i++) { /* by events, then by a listing */
        const char *in = i ? "drop/d" : "drop";
        char name[64];
        snprintf(name, sizeof name, "%s/link", in);
        assert_int_equal(symlink(at(&r, "elsewhere/a.html"), at(&r, name)), 0);
        snprintf(name, sizeof name, "%s/folder", in);
        assert_int_equal(symlink(at(&r, "elsewhere"), at(&r, name)), 0);
        snprintf(name, sizeof name, "%s/fifo", in);
        assert_int_equal(mkfifo(at(&r, name), 0666), 0);
        snprintf(name, sizeof name, "%s/device", in);
        if (mknod(at(&r, name), S_IFCHR | 0666, makedev(1, 5)) != 0)
            assert_int_equal(errno, EPERM);
        snprintf(name, sizeof name, "%s/dangling", in);
        assert_int_equal(symlink("nowhere", at(&r, name)), 0);
        take_all(&r);
    }
    watch_rescan(r.w);
    take_all(&r);
    assert_int_equal(r.count, 0);
    assert_int_equal(waiting(&r), 0);
    rig_end(&r);
}

static void follows_no_link_in_the_middle_of_a_path(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    put_folder(&r, "drop/d");
    put_folder(&r, "drop/d/e");
    put_folder(&r, "elsewhere");
    put_folder(&r, "elsewhere/e");
    take_all(&r);
    put(&r, "drop/d/e/a.html"); /* the event says: look at d/e */
    put(&r, "elsewhere/e/a.html");
    move(&r, "drop/d", "old");
    assert_int_equal(symlink(at(&r, "elsewhere"), at(&r, "drop/d")), 0);
    take_all(&r);
    watch_rescan(r.w);
    take_all(&r);
    assert_int_equal(r.count, 0);
    assert_int_equal(access(at(&r, "elsewhere/e/a.html"), F_OK), 0);
    rig_end(&r);
}

static void follows_no_link_to_where_the_folder_went(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    put_folder(&r, "drop/d");
    put_folder(&r, "drop/d/e");
    take_all(&r);
    put(&r, "drop/d/e/a.html");
    move(&r, "drop/d", "old");
    assert_int_equal(symlink(at(&r, "old"), at(&r, "drop/d")), 0);
    take_all(&r);
    assert_int_equal(r.count, 0);
    assert_int_equal(folders(&r), 1);
    rig_end(&r);
}

static void follows_no_link_in_the_place_of_a_new_folder(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    put_folder(&r, "elsewhere");
    put(&r, "elsewhere/a.html");
    take_all(&r);
    put_folder(&r, "drop/d"); /* the event says: a folder */
    assert_int_equal(rmdir(at(&r, "drop/d")), 0);
    assert_int_equal(symlink(at(&r, "elsewhere"), at(&r, "drop/d")), 0);
    take_all(&r);
    assert_int_equal(r.count, 0);
    assert_int_equal(folders(&r), 1);
    rig_end(&r);
}

/* --- folders */

static void finds_files_of_a_folder_that_is_not_watched_yet(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    take_all(&r);
    put_folder(&r, "drop/d");
    put_folder(&r, "drop/d/e");
    put_folder(&r, "drop/d/e/f");
    put(&r, "drop/d/e/f/a.html");
    put(&r, "drop/d/b.html");
    take_all(&r);
    assert_int_equal(given(&r, "d/e/f/a.html"), 1);
    assert_int_equal(given(&r, "d/b.html"), 1);
    put(&r, "drop/d/e/f/c.html"); /* and it is watched now */
    take_all(&r);
    assert_int_equal(given(&r, "d/e/f/c.html"), 1);
    assert_int_equal(r.count, 3);
    rig_end(&r);
}

static void finds_files_of_a_folder_that_is_moved_in(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    take_all(&r);
    put_folder(&r, "d");
    put_folder(&r, "d/e");
    put_many(&r, "d/e", 50);
    put(&r, "d/a.html");
    move(&r, "d", "drop/d");
    take_all(&r);
    assert_int_equal(given(&r, "d/e/page-49.html"), 1);
    assert_each_once(&r, 51);
    rig_end(&r);
}

static void paths_follow_a_folder_that_is_renamed(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    put_folder(&r, "drop/d");
    put_folder(&r, "drop/d/e");
    take_all(&r);
    move(&r, "drop/d", "drop/new");
    put(&r, "drop/new/e/a.html");
    take_all(&r);
    put(&r, "drop/new/e/b.html");
    take_all(&r);
    assert_int_equal(given(&r, "new/e/a.html"), 1);
    assert_int_equal(given(&r, "new/e/b.html"), 1);
    assert_int_equal(r.count, 2);
    assert_int_equal(folders(&r), 3);
    rig_end(&r);
}

static void a_file_whose_folder_is_renamed_before_the_claim_is_given_again(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    put_folder(&r, "drop/d");
    take_all(&r);
    r.leave = true;
    put(&r, "drop/d/a.html");
    take_all(&r);
    move(&r, "drop/d", "drop/new");
    r.leave = false;
    take_all(&r);
    assert_int_equal(given(&r, "d/a.html"), 1);
    assert_int_equal(given(&r, "new/a.html"), 1);
    rig_end(&r);
}

static void folders_may_change_places(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    put_folder(&r, "drop/a");
    put_folder(&r, "drop/a/b");
    take_all(&r);
    move(&r, "drop/a/b", "drop/b");
    move(&r, "drop/a", "drop/b/a");
    put(&r, "drop/b/a/x.html");
    put(&r, "drop/b/y.html");
    watch_rescan(r.w); /* finds them before the events say so */
    take_all(&r);
    put(&r, "drop/b/a/z.html");
    take_all(&r);
    assert_int_equal(given(&r, "b/a/x.html"), 1);
    assert_int_equal(given(&r, "b/y.html"), 1);
    assert_int_equal(given(&r, "b/a/z.html"), 1);
    rig_end(&r);
}

static void lets_go_of_folders_that_are_gone(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    put_folder(&r, "drop/a");
    put_folder(&r, "drop/a/b");
    put_folder(&r, "drop/c");
    put_folder(&r, "drop/c/d");
    take_all(&r);
    assert_int_equal(folders(&r), 5);
    move(&r, "drop/a", "a");
    assert_int_equal(rmdir(at(&r, "drop/c/d")), 0);
    take_all(&r);
    assert_int_equal(folders(&r), 2);
    put(&r, "a/b/x.html");
    put(&r, "drop/c/y.html");
    assert_only(&r, "c/y.html");
    rig_end(&r);
}

static void watches_a_folder_that_is_made_anew(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    put_folder(&r, "drop/d");
    take_all(&r);
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(rmdir(at(&r, "drop/d")), 0);
        put_folder(&r, "drop/d");
        if (i % 2)
            take_all(&r);
        put(&r, "drop/d/a.html");
        take_all(&r);
        assert_int_equal(given(&r, "d/a.html"), i);
    }
    assert_int_equal(folders(&r), 2);
    rig_end(&r);
}

/* Folders in folders, until the path has more than this many bytes; ends in the last. */
static void descend(const char *drop, const char *name, size_t bytes)
{
    assert_int_equal(chdir(drop), 0);
    for (size_t n = 0; n <= bytes; n += strlen(name) + 1) {
        assert_int_equal(mkdir(name, 0777), 0);
        assert_int_equal(chdir(name), 0);
    }
}

static void goes_deep_and_no_deeper_than_a_path_can(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    descend(r.drop, "d", 3000);
    close(open("a.html", O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    assert_int_equal(fchdir(here), 0);
    take_all(&r);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.told, 0);
    descend(r.drop, "eeeeeeeee", 6000);
    close(open("b.html", O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    assert_int_equal(fchdir(here), 0);
    close(here);
    put(&r, "drop/c.html");
    take_all(&r);
    assert_int_equal(given(&r, "c.html"), 1);
    assert_int_equal(r.count, 2);
    assert_int_equal(r.told, 1);
    rig_end(&r);
}

/* --- drop/ itself */

static void goes_on_with_the_folder_that_has_the_name(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    put_folder(&r, "drop/d");
    take_all(&r);
    move(&r, "drop", "drop.old");
    put_folder(&r, "drop");
    put(&r, "drop/a.html");
    put(&r, "drop.old/b.html");
    put(&r, "drop.old/d/c.html");
    assert_only(&r, "a.html");
    put(&r, "drop/e.html");
    take_all(&r);
    assert_int_equal(r.count, 2);
    assert_int_equal(folders(&r), 1);
    rig_end(&r);
}

static void tells_once_that_drop_is_missing_and_takes_it_when_it_comes(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    take_all(&r);
    assert_int_equal(rmdir(r.drop), 0);
    take_now(&r);
    wait_once(&r);
    take_now(&r);
    assert_int_equal(watch_root(r.w), -1);
    assert_int_equal(r.told, 1);
    assert_true(watch_timeout(r.w) >= 0);
    put_folder(&r, "drop");
    put(&r, "drop/a.html");
    take_until(&r, 1);
    assert_only(&r, "a.html");
    assert_int_equal(r.told, 1);
    assert_true(watch_root(r.w) >= 0);
    rig_end(&r);
}

static void begins_without_drop(void **state)
{
    struct rig r;
    (void)state;

    rig_folder(&r);
    assert_int_equal(rmdir(r.drop), 0);
    rig_watch(&r, quiet());
    assert_int_equal(r.told, 1);
    assert_int_equal(watch_root(r.w), -1);
    put_folder(&r, "drop");
    put(&r, "drop/a.html");
    take_until(&r, 1);
    assert_string_equal(r.names[0], "a.html");
    rig_end(&r);
}

static void a_rescan_finds_that_something_above_was_renamed(void **state)
{
    struct rig r;
    (void)state;

    rig_folder(&r);
    put_folder(&r, "up");
    put_folder(&r, "up/spool");
    put_folder(&r, "up/spool/drop");
    snprintf(r.drop, sizeof r.drop, "%s/up/spool/drop", r.dir);
    rig_watch(&r, quiet());
    take_all(&r);
    move(&r, "up", "gone");
    put_folder(&r, "up");
    put_folder(&r, "up/spool");
    put_folder(&r, "up/spool/drop");
    put(&r, "up/spool/drop/a.html");
    watch_rescan(r.w);
    assert_only(&r, "a.html");
    rig_end(&r);
}

/* --- many */

static void gives_every_file_once_when_events_are_lost(void **state)
{
    struct rig r;
    uint64_t files, count, overflows;
    unsigned long most = 0;
    FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
    (void)state;

    if (!f || fscanf(f, "%lu", &most) != 1 || most > 100000)
        skip();
    fclose(f);
    rig_begin(&r);
    put_folder(&r, "drop/d");
    put_folder(&r, "drop/goes");
    take_all(&r);
    put_many(&r, "drop/d", most / 4);
    put_many(&r, "drop", most / 2);
    put_folder(&r, "drop/late"); /* nothing tells of it */
    move(&r, "drop/goes", "gone"); /* nor of that */
    put_many(&r, "drop/late", 10);
    take_all(&r);
    watch_counts(r.w, &files, &count, &overflows);
    assert_true(overflows > 0);
    assert_int_equal(files, 0);
    assert_int_equal(count, 3);
    assert_each_once(&r, most / 4 + most / 2 + 10);
    put(&r, "drop/late/again.html"); /* and it is watched now */
    take_all(&r);
    assert_int_equal(given(&r, "late/again.html"), 1);
    rig_end(&r);
}

static void gives_20000_files_once(void **state)
{
    struct rig r;
    (void)state;

    rig_folder(&r);
    put_many(&r, "drop", 20000);
    rig_watch(&r, quiet());
    take_all(&r);
    assert_each_once(&r, 20000);
    rig_end(&r);
}

static void gives_the_files_of_3000_folders_once(void **state)
{
    struct rig r;
    char name[64];
    (void)state;

    rig_folder(&r);
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "drop/%d", i);
        put_folder(&r, name);
        snprintf(name, sizeof name, "drop/%d/a.html", i);
        put(&r, name);
    }
    rig_watch(&r, quiet());
    take_all(&r);
    assert_int_equal(folders(&r), 3001);
    assert_each_once(&r, 3000);
    rig_end(&r);
}

/* More than the table holds: the others come by later listings. */
static void gives_10000_files_that_have_to_rest(void **state)
{
    struct rig r;
    char name[64];
    (void)state;

    rig_folder(&r);
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "drop/%d", i);
        close(open_for_writing(&r, name));
    }
    rig_watch(&r, quiet());
    take_now(&r);
    assert_true(waiting(&r) <= 4096);
    take_all(&r);
    assert_each_once(&r, 10000);
    rig_end(&r);
}

static void a_call_looks_at_some_names_only(void **state)
{
    struct rig r;
    const char *path;
    bool more = true;
    int calls = 0;
    (void)state;

    rig_folder(&r);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(symlink("nowhere", at(&r, (char[]){'d', 'r', 'o', 'p', '/', 'a' + i % 26,
                                                            'a' + i / 26 % 26, 'a' + i / 676, 0})),
                         0);
    rig_watch(&r, quiet());
    for (; more; calls++)
        assert_false(watch_next(r.w, &path, &more));
    assert_true(calls >= 20);
    rig_end(&r);
}

static void a_new_file_does_not_wait_behind_old_ones(void **state)
{
    struct rig r;
    const char *path;
    bool more;
    (void)state;

    rig_folder(&r);
    put_many(&r, "drop", 3000);
    rig_watch(&r, quiet());
    for (int i = 0; i < 10; i++) {
        assert_true(watch_next(r.w, &path, &more));
        take(&r, path);
    }
    put_folder(&r, "drop/d");
    put(&r, "moved");
    put(&r, "drop/d/new");
    move(&r, "moved", "drop/moved");
    for (int i = 0; i < 60; i++)
        if (watch_next(r.w, &path, &more))
            take(&r, path);
    assert_int_equal(given(&r, "moved"), 1);
    assert_int_equal(given(&r, "d/new"), 1);
    take_all(&r);
    assert_each_once(&r, 3002);
    rig_end(&r);
}

static void old_files_do_not_wait_for_ever_behind_new_ones(void **state)
{
    struct rig r;
    char name[64];
    (void)state;

    rig_folder(&r);
    put_many(&r, "drop", 100);
    rig_watch(&r, quiet());
    put(&r, "new");
    size_t old = 0;
    for (int i = 0; i < 2000; i++) {
        const char *path;
        bool more;
        snprintf(name, sizeof name, "drop/new-%d", i);
        assert_int_equal(link(at(&r, "new"), at(&r, name)), 0);
        assert_int_equal(rename(at(&r, name), at(&r, "drop/now")), 0);
        if (!watch_next(r.w, &path, &more))
            continue;
        old += strncmp(path, "page-", 5) == 0;
        take(&r, path);
    }
    assert_int_equal(old, 100);
    rig_end(&r);
}

/* --- where inotify or leases are missing */

static void polls_where_it_is_told_to(void **state)
{
    struct rig r;
    struct watch_settings s = quiet();
    (void)state;

    rig_folder(&r);
    s.always_poll = true;
    s.poll_ms = 5;
    put_folder(&r, "drop/d");
    rig_watch(&r, s);
    put(&r, "drop/a.html");
    take_until(&r, 1);
    put(&r, "drop/d/b.html");
    take_until(&r, 2);
    put_folder(&r, "drop/e");
    put(&r, "drop/e/c.html");
    take_until(&r, 3);
    move(&r, "drop/e", "drop/f");
    put(&r, "drop/f/d.html");
    take_until(&r, 4);
    for (int i = 0; i < 5; i++)
        wait_once(&r);
    assert_int_equal(given(&r, "d/b.html"), 1);
    assert_int_equal(given(&r, "e/c.html"), 1);
    assert_int_equal(given(&r, "f/d.html"), 1);
    assert_each_once(&r, 4);
    rig_end(&r);
}

/* Runs it in a process of its own, which may change what it is; skips where that says 77. */
static void in_child(void (*run)(struct rig *r), struct rig *r)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        run(r);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    r->w = NULL;
    r->epoll = -1;
    rig_end(r);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    if (status != 0)
        fail_msg("the child ended with status %#x", (unsigned)status);
}

static void must(bool is_so, int line)
{
    if (is_so)
        return;
    fprintf(stderr, "line %d\n", line);
    _exit(1);
}

#define MUST(what) must(what, __LINE__)

static void as_another_user(struct rig *r)
{
    struct watch_settings s = quiet();

    if (setgid(65534) != 0 || setuid(65534) != 0)
        _exit(77);
    s.always_poll = true; /* the first listing alone looks, and then the timers */
    rig_watch(r, s);
    take_now(r);
    MUST(r->count == 0 && waiting(r) == 2);
    put_text(r, "drop/grows.html", "more");
    while (r->count == 0)
        wait_once(r);
    MUST(r->count == 1 && strcmp(r->names[0], "rests.html") == 0 && waiting(r) == 1);
    take_all(r);
    MUST(r->count == 2 && given(r, "grows.html") == 1);
    rig_unwatch(r);
}

static void a_file_without_a_lease_has_to_rest(void **state)
{
    struct rig r;
    (void)state;

    if (geteuid() != 0)
        skip();
    rig_folder(&r);
    put(&r, "drop/rests.html");
    put(&r, "drop/grows.html");
    assert_int_equal(chmod(at(&r, "drop/grows.html"), 0666), 0);
    in_child(as_another_user, &r);
}

static void with_files_that_may_not_be_read(struct rig *r)
{
    if (setgid(65534) != 0 || setuid(65534) != 0)
        _exit(77);
    rig_watch(r, quiet());
    take_all(r);
    MUST(r->count == 1 && given(r, "open.html") == 1);
    MUST(r->told == 2);
    rig_unwatch(r);
}

static void what_may_not_be_read_stays_and_is_told_once(void **state)
{
    struct rig r;
    (void)state;

    if (geteuid() != 0)
        skip();
    rig_folder(&r);
    for (int i = 0; i < 5; i++) {
        char name[32];
        snprintf(name, sizeof name, "drop/%d.html", i);
        put(&r, name);
        assert_int_equal(chmod(at(&r, name), 0600), 0);
    }
    put_folder(&r, "drop/closed");
    assert_int_equal(chmod(at(&r, "drop/closed"), 0700), 0);
    put(&r, "drop/closed/b.html");
    put(&r, "drop/open.html");
    in_child(with_files_that_may_not_be_read, &r);
}

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool is_done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return is_done;
}

/* A user namespace has limits of its own. */
static void with_four_watches(struct rig *r)
{
    struct watch_settings s = quiet();

    if (unshare(CLONE_NEWUSER) != 0 || !write_file("/proc/sys/user/max_inotify_watches", "4"))
        _exit(77);
    s.poll_ms = 5;
    rig_watch(r, s);
    while (r->count < 10)
        wait_once(r);
    MUST(r->told == 1 && strstr(r->text, "max_user_watches") != NULL);
    for (int i = 0; i < 10; i++) {
        char name[64];
        snprintf(name, sizeof name, "drop/%d/b.html", i);
        put(r, name);
    }
    while (r->count < 20)
        wait_once(r);
    for (size_t i = 0; i < r->count; i++)
        MUST(given(r, r->names[i]) == 1);
    MUST(r->told == 1);
    rig_unwatch(r);
}

static void polls_what_there_are_no_watches_for(void **state)
{
    struct rig r;
    (void)state;

    rig_folder(&r);
    for (int i = 0; i < 10; i++) {
        char name[64];
        snprintf(name, sizeof name, "drop/%d", i);
        put_folder(&r, name);
        assert_int_equal(chmod(at(&r, name), 0777), 0);
        snprintf(name, sizeof name, "drop/%d/a.html", i);
        put(&r, name);
    }
    in_child(with_four_watches, &r);
}

static void with_mounts(struct rig *r)
{
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", at(r, "drop/other"), "tmpfs", 0, NULL) != 0 ||
        mount(at(r, "elsewhere"), at(r, "drop/bound"), NULL, MS_BIND, NULL) != 0)
        _exit(77);
    put(r, "drop/other/a.html");
    rig_watch(r, quiet());
    take_all(r);
    MUST(r->count == 1 && given(r, "c.html") == 1);
    MUST(r->told == 1 && strstr(r->text, "mounted") != NULL);
    rig_unwatch(r);
}

static void passes_over_what_is_mounted_there(void **state)
{
    struct rig r;
    (void)state;

    rig_folder(&r);
    put_folder(&r, "drop/other");
    put_folder(&r, "drop/bound");
    put_folder(&r, "elsewhere");
    put(&r, "elsewhere/b.html");
    put(&r, "drop/c.html");
    in_child(with_mounts, &r);
}

/* A lease that is broken sends a signal: it must not end the process that looked. */
static void lives_through_writers_who_come_while_it_looks(void **state)
{
    struct rig r;
    (void)state;

    rig_begin(&r);
    r.leave = true;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        for (int i = 0; i < 20000; i++)
            close(open(at(&r, "drop/a.html"), O_WRONLY | O_CREAT, 0666));
        put(&r, "drop/end.html");
        _exit(0);
    }
    while (given(&r, "end.html") == 0) {
        wait_once(&r);
        while (r.count > 1 && strcmp(r.names[r.count - 1], "a.html") == 0)
            free(r.names[--r.count]);
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    rig_end(&r);
}

static void asks_for_no_time_when_idle(void **state)
{
    struct rig r;
    struct watch_settings s = quiet();
    (void)state;

    rig_begin(&r);
    put_folder(&r, "drop/d");
    put(&r, "drop/d/a.html");
    take_all(&r);
    assert_int_equal(watch_timeout(r.w), -1);
    s.rescan_s = 3600;
    watch_set(r.w, &s);
    assert_true(watch_timeout(r.w) > 3000 * 1000);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_a_file_when_it_is_closed),
        cmocka_unit_test(gives_what_was_there_before),
        cmocka_unit_test(gives_a_file_that_is_moved_in),
        cmocka_unit_test(gives_a_hard_link),
        cmocka_unit_test(waits_for_a_writer_to_close),
        cmocka_unit_test(waits_for_a_writer_who_has_another_name_of_it),
        cmocka_unit_test(gives_a_file_that_had_no_name),
        cmocka_unit_test(an_empty_file_has_to_rest),
        cmocka_unit_test(gives_a_new_version_again),
        cmocka_unit_test(gives_a_file_once_though_it_stays),
        cmocka_unit_test(gives_a_file_again_that_could_not_be_claimed),
        cmocka_unit_test(names_are_bytes),
        cmocka_unit_test(passes_over_names_that_are_ignored),
        cmocka_unit_test(takes_new_patterns),
        cmocka_unit_test(a_sidecar_goes_with_its_page),
        cmocka_unit_test(a_page_may_be_called_url),
        cmocka_unit_test(passes_over_what_is_no_file),
        cmocka_unit_test(follows_no_link_in_the_middle_of_a_path),
        cmocka_unit_test(follows_no_link_to_where_the_folder_went),
        cmocka_unit_test(follows_no_link_in_the_place_of_a_new_folder),
        cmocka_unit_test(finds_files_of_a_folder_that_is_not_watched_yet),
        cmocka_unit_test(finds_files_of_a_folder_that_is_moved_in),
        cmocka_unit_test(paths_follow_a_folder_that_is_renamed),
        cmocka_unit_test(a_file_whose_folder_is_renamed_before_the_claim_is_given_again),
        cmocka_unit_test(folders_may_change_places),
        cmocka_unit_test(lets_go_of_folders_that_are_gone),
        cmocka_unit_test(watches_a_folder_that_is_made_anew),
        cmocka_unit_test(goes_deep_and_no_deeper_than_a_path_can),
        cmocka_unit_test(goes_on_with_the_folder_that_has_the_name),
        cmocka_unit_test(tells_once_that_drop_is_missing_and_takes_it_when_it_comes),
        cmocka_unit_test(begins_without_drop),
        cmocka_unit_test(a_rescan_finds_that_something_above_was_renamed),
        cmocka_unit_test(gives_every_file_once_when_events_are_lost),
        cmocka_unit_test(gives_20000_files_once),
        cmocka_unit_test(gives_the_files_of_3000_folders_once),
        cmocka_unit_test(gives_10000_files_that_have_to_rest),
        cmocka_unit_test(a_call_looks_at_some_names_only),
        cmocka_unit_test(a_new_file_does_not_wait_behind_old_ones),
        cmocka_unit_test(old_files_do_not_wait_for_ever_behind_new_ones),
        cmocka_unit_test(polls_where_it_is_told_to),
        cmocka_unit_test(a_file_without_a_lease_has_to_rest),
        cmocka_unit_test(what_may_not_be_read_stays_and_is_told_once),
        cmocka_unit_test(polls_what_there_are_no_watches_for),
        cmocka_unit_test(passes_over_what_is_mounted_there),
        cmocka_unit_test(lives_through_writers_who_come_while_it_looks),
        cmocka_unit_test(asks_for_no_time_when_idle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
