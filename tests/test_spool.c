/* test_spool.c - a file goes through the folders, and is nowhere lost and nowhere twice. */
#include "spool_testing.h"

#include <sys/xattr.h>

#include "spool/fsck.h"
#include "spool/reason.h"

/* Names that have broken peers: every one is a file's like any other. */
static const char *const odd_names[] = {
    "a.html", "host/a.html", "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w.html", " ", "-rf",
    "a\nb", "caf\xe9.html", "\xff\xfe", "%41%", "a.url/b.url", "~", "x~2", ".hidden", "\x01\x7f",
};
enum { ODD_NAMES = sizeof odd_names / sizeof *odd_names };

static char *long_name(char ret[], size_t len)
{
    memset(ret, 'n', len);
    ret[len] = '\0';
    return ret;
}

/* A path of len bytes, of parts of 200 and the rest. */
static char *long_path(size_t len)
{
    static char path[PATH_MAX + 1];
    for (size_t i = 0; i < len; i++)
        path[i] = i % 200 == 199 && i + 1 < len ? '/' : 'p';
    path[len] = '\0';
    return path;
}

static struct {
    size_t count;
    uint64_t ids[64];
    char paths[64][PATH_MAX];
    bool has_path[64];
} seen;

static int see(void *ctx, uint64_t id, const char *path)
{
    (void)ctx;
    seen.ids[seen.count] = id;
    seen.has_path[seen.count] = path != NULL;
    snprintf(seen.paths[seen.count++], PATH_MAX, "%s", path ? path : "");
    return 0;
}

static void see_all(bool quarantine)
{
    seen.count = 0;
    assert_int_equal(spool_each(spool, quarantine, see, NULL, &err), WINNOW_OK);
}

static bool is_empty(int base)
{
    uint64_t count;
    assert_int_equal(spool_count(spool, base == spool->quarantine, &count, &err), WINNOW_OK);
    return count == 0;
}

/* --- opening --------------------------------------------------------------------------------- */

static void makes_its_folders_and_leaves_nothing_else(void **state)
{
    (void)state;
    const int folders[] = {spool->drop, spool->work, spool->out, spool->quarantine};
    for (size_t i = 0; i < 4; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d/.winnow-probe", folders[i]);
        assert_true(folders[i] >= 0);
        assert_int_not_equal(access(path, F_OK), 0);
    }
    assert_true(spool->path[0] == '/');
}

static void has_one_owner_and_any_number_who_look(void **state)
{
    (void)state;
    struct spool *other = NULL, *look = NULL;
    assert_int_equal(spool_open(root, SPOOL_OWN, &other, &err), WINNOW_EBUSY);
    assert_null(other);
    assert_non_null(strstr(err.text, "process"));
    assert_int_equal(spool_open(root, SPOOL_LOOK, &look, &err), WINNOW_OK);
    assert_true(spool_is_owned(look));
    spool_close(spool);
    assert_false(spool_is_owned(look));
    assert_int_equal(spool_open(root, SPOOL_OWN, &spool, &err), WINNOW_OK);
    assert_true(spool_is_owned(look));
    spool_close(look);
}

static void is_free_again_when_its_owner_is_killed(void **state)
{
    (void)state;
    spool_close(spool);
    spool = NULL;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct spool *mine;
        if (spool_open(root, SPOOL_OWN, &mine, NULL) == WINNOW_OK)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(spool_open(root, SPOOL_OWN, &spool, &err), WINNOW_OK);
}

static void refuses_a_file_system_that_cannot_do_its_steps(void **state)
{
    (void)state;
    static const int whys[] = {EINVAL, EXDEV, EACCES};
    static const char *const words[] = {"RENAME_NOREPLACE", "several file systems", "denied"};
    spool_close(spool);
    spool = NULL;
    for (size_t i = 0; i < 3; i++) {
        act_nothing();
        act_fail(CALL_RENAME, whys[i], 1, 1);
        assert_int_not_equal(spool_open(root, SPOOL_OWN, &spool, &err), WINNOW_OK);
        assert_null(spool);
        assert_non_null(strstr(err.text, words[i]));
    }
    act_nothing();
    act_fail(CALL_RENAME, ENOSPC, 2, 2); /* a full disk is waited for */
    assert_int_equal(spool_open(root, SPOOL_OWN, &spool, &err), WINNOW_OK);
    assert_int_equal(spool_new_id(spool) < spool_new_id(spool), 1);
}

static void refuses_links_for_folders_and_what_is_no_spool(void **state)
{
    (void)state;
    char path[128];
    struct spool *look = NULL;
    spool_close(spool);
    spool = NULL;
    snprintf(path, sizeof path, "%s/drop", root);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink("out", path), 0);
    assert_int_equal(spool_open(root, SPOOL_OWN, &spool, &err), WINNOW_EUSAGE);
    assert_int_equal(spool_open("/usr", SPOOL_LOOK, &look, &err), WINNOW_EUSAGE);
    assert_int_equal(spool_open("/nowhere/spool", SPOOL_OWN, &look, &err), WINNOW_EIO);
    snprintf(path, sizeof path, "%s/state/lock", root);
    assert_int_equal(spool_open(path, SPOOL_LOOK, &look, &err), WINNOW_EIO);
    assert_null(look);
}

static void never_gives_an_id_twice(void **state)
{
    (void)state;
    uint64_t last = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t id = spool_new_id(spool);
        assert_true(id > last);
        last = id;
    }
    spool_know_id(spool, last + 1000000000);
    assert_true(spool_new_id(spool) > last + 1000000000);
    spool_know_id(spool, 5);
    assert_true(spool_new_id(spool) > last + 1000000000);
}

static void tells_which_paths_may_be(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "a/./b", "../a"};
    static const char *const good[] = {"a", "...", "a/...", ".a", "..a/b", "a/b..", " "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(spool_path_ok(bad[i]));
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(spool_path_ok(good[i]));
    assert_true(spool_path_ok(long_path(PATH_MAX - 1)));
    assert_false(spool_path_ok(long_path(PATH_MAX)));
    assert_int_equal(spool_claim(spool, "../a", 5, &err), WINNOW_EUSAGE);
}

/* --- claim ---------------------------------------------------------------------------------- */

static void claims_files_of_any_name_and_finds_them_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < ODD_NAMES; i++) {
        uint64_t id = claimed(odd_names[i], "text");
        assert_false(has(spool->drop, odd_names[i], NULL));
        assert_true(has_input(spool->work, id, odd_names[i], "text"));
        see_all(false);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.ids[0], id);
        assert_string_equal(seen.paths[0], odd_names[i]);
        assert_int_equal(spool_finish(spool, id, &err), WINNOW_OK);
    }
}

static void claims_the_longest_paths_there_are(void **state)
{
    (void)state;
    char name[NAME_MAX + 1];
    const char *path = long_name(name, NAME_MAX);
    assert_int_equal(spool_finish(spool, claimed(path, "x"), &err), WINNOW_OK);
    path = long_path(PATH_MAX - 1);
    uint64_t id = claimed(path, "x");
    see_all(false);
    assert_string_equal(seen.paths[0], path);
    char *back = NULL;
    assert_int_equal(spool_give_back(spool, id, false, &back, &err), WINNOW_OK);
    assert_string_equal(back, path);
    free(back);
    assert_true(has(spool->drop, path, "x"));

    char deep[PATH_MAX]; /* as many folders as a path can have */
    for (size_t i = 0; i < PATH_MAX - 1; i++)
        deep[i] = i % 2 ? '/' : 'd';
    deep[PATH_MAX - 1] = '\0';
    id = claimed(deep, "deep");
    see_all(false);
    assert_string_equal(seen.paths[0], deep);
    assert_int_equal(spool_finish(spool, id, &err), WINNOW_OK);
    assert_true(is_empty(spool->work));
}

static void takes_the_sidecar_along(void **state)
{
    (void)state;
    char url[8192];
    const char *from;
    put(spool->drop, "h/a.html.url", "https://example.org/a?b=c\r\nmore\n");
    uint64_t id = claimed("h/a.html", "page");
    assert_true(has_input(spool->work, id, "h/a.html.url", NULL));
    see_all(false);
    assert_string_equal(seen.paths[0], "h/a.html");
    spool_read_url(spool, id, "h/a.html", url, &from);
    assert_string_equal(url, "https://example.org/a?b=c");
    assert_string_equal(from, "sidecar");
}

static void takes_no_sidecar_that_is_no_file_or_whose_name_would_be_too_long(void **state)
{
    (void)state;
    char url[8192], name[NAME_MAX + 1];
    const char *from;
    put(spool->drop, "a.html.url/inside", "https://example.org/");
    uint64_t id = claimed("a.html", "page");
    assert_true(has(spool->drop, "a.html.url/inside", NULL));
    spool_read_url(spool, id, "a.html", url, &from);
    assert_string_equal(url, "");
    assert_null(from);
    claimed(long_name(name, NAME_MAX - 1), "page");
}

static void reads_the_origin_that_a_browser_noted(void **state)
{
    (void)state;
    char url[8192], path[128];
    const char *from;
    put(spool->drop, "a.html", "page");
    snprintf(path, sizeof path, "%s/drop/a.html", root);
    if (setxattr(path, "user.xdg.origin.url", "http://example.org/o", 20, 0) != 0)
        skip();
    uint64_t id = spool_new_id(spool);
    assert_int_equal(spool_claim(spool, "a.html", id, &err), WINNOW_OK);
    spool_read_url(spool, id, "a.html", url, &from);
    assert_string_equal(url, "http://example.org/o");
    assert_string_equal(from, "user.xdg.origin.url");
}

static void passes_over_a_sidecar_that_is_no_url(void **state)
{
    (void)state;
    char url[8192];
    const char *from;
    put(spool->drop, "a.html.url", "[InternetShortcut]\n");
    uint64_t id = claimed("a.html", "page");
    spool_read_url(spool, id, "a.html", url, &from);
    assert_string_equal(url, "");
}

static void claims_no_links_folders_pipes_or_what_is_gone(void **state)
{
    (void)state;
    char path[128];
    put(spool->drop, "folder/file", "x");
    snprintf(path, sizeof path, "%s/drop/link", root);
    assert_int_equal(symlink("folder/file", path), 0);
    snprintf(path, sizeof path, "%s/drop/pipe", root);
    assert_int_equal(mkfifo(path, 0666), 0);
    static const char *const names[] = {"link", "pipe", "folder", "gone", "gone/too"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(spool_claim(spool, names[i], spool_new_id(spool), &err), SPOOL_GONE);
    assert_true(is_empty(spool->work));
    assert_true(has(spool->drop, "folder/file", "x"));
}

static void follows_no_link_out_of_drop(void **state)
{
    (void)state;
    char path[128], outside[128];
    snprintf(outside, sizeof outside, "%s/outside", root);
    snprintf(path, sizeof path, "%s/drop/host", root);
    assert_int_equal(mkdir(outside, 0777), 0);
    assert_int_equal(symlink(outside, path), 0);
    int fd = open(outside, O_RDONLY | O_DIRECTORY);
    put(fd, "secret", "s");
    assert_int_equal(spool_claim(spool, "host/secret", spool_new_id(spool), &err), WINNOW_EUSAGE);
    assert_non_null(strstr(err.text, "symbolic link"));
    assert_true(has(fd, "secret", "s"));
    assert_true(is_empty(spool->work));
    close(fd);
}

/* Between look and move the name is given to something else. */
static void swap_for_link(void)
{
    assert_int_equal(unlinkat(spool->drop, "a.html", 0), 0);
    assert_int_equal(symlinkat("/etc/passwd", spool->drop, "a.html"), 0);
}

static void swap_for_folder(void)
{
    assert_int_equal(unlinkat(spool->drop, "a.html", 0), 0);
    put(spool->drop, "a.html/one", "1");
    put(spool->drop, "a.html/two", "2");
}

static void swap_for_nothing(void)
{
    assert_int_equal(unlinkat(spool->drop, "a.html", 0), 0);
}

static void puts_back_what_took_the_place_of_a_file_while_it_was_claimed(void **state)
{
    (void)state;
    static void (*const swaps[])(void) = {swap_for_link, swap_for_folder, swap_for_nothing};
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        struct stat st;
        put(spool->drop, "a.html", "x");
        act.before_rename = swaps[i];
        assert_int_equal(spool_claim(spool, "a.html", spool_new_id(spool), &err), SPOOL_GONE);
        assert_true(is_empty(spool->work));
        if (i == 2)
            break;
        assert_int_equal(fstatat(spool->drop, "a.html", &st, AT_SYMLINK_NOFOLLOW), 0);
        snprintf(name, sizeof name, "before-%zu", i);
        assert_int_equal(renameat(spool->drop, "a.html", spool->drop, name), 0);
    }
    assert_true(has(spool->drop, "before-1/two", "2"));
}

static void leaves_the_file_in_drop_when_a_step_of_the_claim_fails(void **state)
{
    (void)state;
    static const int whys[] = {ENOSPC, EIO, EXDEV, EACCES};
    put(spool->drop, "h/a.html", "x");
    put(spool->drop, "h/a.html.url", "https://example.org/");
    for (enum call call = CALL_RENAME; call <= CALL_MKDIR; call++) {
        for (unsigned n = 1; n <= (call == CALL_RENAME ? 2 : 3); n++) {
            for (size_t i = 0; i < 4; i++) {
                act_nothing();
                act_fail(call, whys[i], n, n);
                assert_int_equal(spool_claim(spool, "h/a.html", spool_new_id(spool), &err),
                                 whys[i] == ENOSPC || whys[i] == EIO ? WINNOW_EIO : WINNOW_EUSAGE);
                act_nothing();
                assert_true(has(spool->drop, "h/a.html", "x"));
                assert_true(has(spool->drop, "h/a.html.url", NULL));
                assert_true(is_empty(spool->work));
            }
        }
    }
    assert_non_null(strstr(err.text, "drop/h/a.html"));
    assert_int_equal(spool_claim(spool, "h/a.html", spool_new_id(spool), &err), WINNOW_OK);
}

static void claim_seven(void)
{
    (void)!spool_claim(spool, "h/a.html", 7, NULL);
}

/* Wherever it dies: the page is at one place, and what is found goes on. */
static void loses_nothing_wherever_a_claim_is_killed(void **state)
{
    (void)state;
    bool died = true;
    for (unsigned n = 1; died; n++) {
        put(spool->drop, "h/a.html", "x");
        put(spool->drop, "h/a.html.url", "https://example.org/");
        died = dies_before(n, claim_seven);
        bool dropped = has(spool->drop, "h/a.html", "x");
        assert_int_not_equal(dropped, has_input(spool->work, 7, "h/a.html", "x"));
        see_all(false);
        if (dropped) {
            assert_true(has(spool->drop, "h/a.html.url", NULL));
            assert_true(seen.count == 0 || !seen.has_path[0]);
        } else {
            assert_string_equal(seen.paths[0], "h/a.html");
            assert_int_equal(spool_claim_sidecar(spool, 7, "h/a.html", &err), WINNOW_OK);
            assert_true(has_input(spool->work, 7, "h/a.html.url", NULL));
        }
        assert_int_equal(spool_finish(spool, 7, &err), WINNOW_OK);
    }
}

static void takes_no_sidecar_from_a_page_that_came_later(void **state)
{
    (void)state;
    uint64_t id = claimed("a.html", "old");
    put(spool->drop, "a.html", "new");
    put(spool->drop, "a.html.url", "https://example.org/new");
    assert_int_equal(spool_claim_sidecar(spool, id, "a.html", &err), WINNOW_OK);
    assert_true(has(spool->drop, "a.html.url", NULL));
    assert_int_equal(spool_claim_sidecar(spool, id, "nowhere/b", &err), WINNOW_OK);
}

/* --- files of work -------------------------------------------------------------------------------- */

static void opens_the_input_only_where_it_is_a_file(void **state)
{
    (void)state;
    int fd;
    struct stat st;
    uint64_t id = claimed("h/a.html", "12345");
    assert_int_equal(spool_open_input(spool, id, "h/a.html", &fd, &st, &err), WINNOW_OK);
    assert_int_equal(st.st_size, 5);
    close(fd);
    assert_int_equal(spool_open_input(spool, id, "h/b.html", &fd, &st, &err), SPOOL_GONE);
    assert_int_equal(spool_open_input(spool, id + 1, "h/a.html", &fd, &st, &err), SPOOL_GONE);
    assert_int_equal(spool_open_input(spool, id, "h", &fd, &st, &err), WINNOW_EDATA);
}

static void writes_and_reads_results_and_bounds_them(void **state)
{
    (void)state;
    char *text;
    size_t len;
    uint64_t id = claimed("a.html", "x");
    result(id, SPOOL_TEXT, "longer than before");
    result(id, SPOOL_TEXT, "text");
    result(id, SPOOL_FAILURES, "one\n");
    result(id, SPOOL_FAILURES, "two\n");
    assert_int_equal(spool_read(spool, id, SPOOL_TEXT, 4, &text, &len, &err), WINNOW_OK);
    assert_string_equal(text, "text");
    free(text);
    assert_int_equal(spool_read(spool, id, SPOOL_TEXT, 3, &text, &len, &err), WINNOW_ELIMIT);
    assert_int_equal(spool_read(spool, id, SPOOL_TOLD, 3, &text, &len, &err), SPOOL_GONE);
    spool_drop_results(spool, id);
    assert_int_equal(spool_read(spool, id, SPOOL_TEXT, 4, &text, &len, &err), SPOOL_GONE);
    assert_int_equal(spool_read(spool, id, SPOOL_FAILURES, 99, &text, &len, &err), WINNOW_OK);
    assert_string_equal(text, "one\ntwo\n");
    free(text);
}

/* --- names and publishing ---------------------------------------------------------------------------- */

static char *name_for(const char *path, bool replace)
{
    char *name = NULL;
    assert_int_equal(spool_out_name(spool, 4200, path, replace, NULL, NULL, &name, &err), WINNOW_OK);
    assert_true(spool_path_ok(name));
    return name;
}
#define assert_name(path, want)                                                              \
    do {                                                                                     \
        char *name_ = name_for(path, false);                                                 \
        assert_string_equal(name_, want);                                                    \
        free(name_);                                                                         \
    } while (0)

static void names_outputs_by_what_is_free(void **state)
{
    (void)state;
    for (size_t i = 0; i < ODD_NAMES; i++)
        assert_name(odd_names[i], odd_names[i]);
    put(spool->out, "h/a.html.txt", "");
    assert_name("h/a.html", "h/a.html~2");
    put(spool->out, "h/a.html~2.json", "");
    assert_name("h/a.html", "h/a.html~3");
    put(spool->out, "file", "");
    assert_name("file/a.html", "file~2/a.html");
    assert_int_equal(symlinkat("/tmp", spool->out, "link"), 0);
    assert_name("link/a.html", "link~2/a.html");
    put(spool->out, "dir.txt/x", "");
    assert_name("dir", "dir~2");
    for (unsigned n = 2; n < 80; n++) {
        char busy[32];
        snprintf(busy, sizeof busy, "busy%s%.0u.txt", n > 2 ? "~" : "", n > 2 ? n - 1 : 0);
        put(spool->out, busy, "");
    }
    assert_name("busy", "busy~4200");
}

static bool is_taken(void *ctx, const char *name)
{
    return strcmp(ctx, name) == 0;
}

static void asks_which_names_are_on_their_way(void **state)
{
    (void)state;
    char *name = NULL;
    char taken[] = "a";
    assert_int_equal(spool_out_name(spool, 1, "a", false, is_taken, taken, &name, &err), WINNOW_OK);
    assert_string_equal(name, "a~2");
    free(name);
    /* a.json will be a file. */
    assert_int_equal(spool_out_name(spool, 1, "a.json/b", false, is_taken, taken, &name, &err),
                     WINNOW_OK);
    assert_string_equal(name, "a.json~2/b");
    free(name);
    assert_int_equal(spool_out_name(spool, 1, "a", true, is_taken, taken, &name, &err), WINNOW_OK);
    assert_string_equal(name, "a");
    free(name);
}

static void cuts_names_that_leave_no_room_for_a_suffix(void **state)
{
    (void)state;
    char part[NAME_MAX + 1], path[PATH_MAX + 1], want[PATH_MAX + 8];
    assert_name(long_name(part, NAME_MAX - 5), part);
    snprintf(want, sizeof want, "%s~4200", long_name(path, NAME_MAX - 10));
    assert_name(long_name(part, NAME_MAX - 4), want);
    /* Not in the middle of a character. */
    snprintf(want, sizeof want, "%s~4200", long_name(path, NAME_MAX - 11));
    snprintf(path, sizeof path, "%s\xc3\xa9tailtail", long_name(part, NAME_MAX - 11));
    assert_name(path, want);
    char *name = name_for(long_path(PATH_MAX - 1), false);
    assert_true(strlen(name) < PATH_MAX - 5 && strstr(name, "~4200"));
    free(name);
}

static void shows_text_and_record(void **state)
{
    (void)state;
    for (size_t i = 0; i < ODD_NAMES; i++) {
        char path[PATH_MAX];
        uint64_t id = claimed(odd_names[i], "in");
        result(id, SPOOL_TEXT, "text");
        result(id, SPOOL_RECORD, "record");
        char *name = name_for(odd_names[i], false);
        assert_int_equal(spool_publish(spool, id, name, false, &err), WINNOW_OK);
        snprintf(path, sizeof path, "%s.txt", name);
        assert_true(has(spool->out, path, "text"));
        snprintf(path, sizeof path, "%s.json", name);
        assert_true(has(spool->out, path, "record"));
        assert_int_equal(spool_publish(spool, id, name, false, &err), WINNOW_OK);
        assert_int_equal(spool_finish(spool, id, &err), WINNOW_OK);
        assert_int_equal(spool_publish(spool, id, name, false, &err), WINNOW_OK);
        free(name);
    }
    assert_true(is_empty(spool->work));
}

static uint64_t results_of(const char *path)
{
    uint64_t id = claimed(path, "in");
    result(id, SPOOL_TEXT, "text");
    result(id, SPOOL_RECORD, "record");
    return id;
}

static void never_overwrites_a_foreign_output(void **state)
{
    (void)state;
    uint64_t id = results_of("a");
    put(spool->out, "a.txt", "mine");
    assert_int_equal(spool_publish(spool, id, "a", false, &err), WINNOW_EUSAGE);
    assert_true(has(spool->out, "a.txt", "mine"));
    put(spool->out, "b.json", "mine");
    assert_int_equal(spool_publish(spool, id, "b", false, &err), WINNOW_EUSAGE);
    assert_true(has(spool->out, "b.json", "mine"));
    assert_false(has(spool->out, "b.txt", NULL)); /* the two stay together */
    put(spool->out, "file", "");
    assert_int_equal(spool_publish(spool, id, "file/a", false, &err), WINNOW_EUSAGE);
    assert_int_equal(spool_publish(spool, id, "c", false, &err), WINNOW_OK);
    assert_true(has(spool->out, "c.txt", "text") && has(spool->out, "c.json", "record"));
}

static void replaces_old_outputs_where_that_is_wanted(void **state)
{
    (void)state;
    uint64_t id = results_of("a");
    put(spool->out, "a.txt", "old");
    put(spool->out, "a.json", "old");
    assert_int_equal(spool_publish(spool, id, "a", true, &err), WINNOW_OK);
    assert_true(has(spool->out, "a.txt", "text") && has(spool->out, "a.json", "record"));
}

static void replaces_no_folders_links_or_pipes(void **state)
{
    (void)state;
    uint64_t id = results_of("a");
    put(spool->out, "d.txt/x", "");
    put(spool->out, "e.json/x", "");
    assert_int_equal(mkfifoat(spool->out, "f.txt", 0666), 0);
    assert_int_equal(symlinkat("/etc/passwd", spool->out, "g.json"), 0);
    static const char *const names[] = {"d", "e", "f", "g"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(spool_publish(spool, id, names[i], true, &err), WINNOW_EUSAGE);
        char *name = name_for(names[i], true);
        assert_int_equal(strlen(name), 3); /* and such names are not given */
        free(name);
    }
    assert_int_equal(spool_publish(spool, id, "a", true, &err), WINNOW_OK);
}

static void follows_no_link_out_of_out(void **state)
{
    (void)state;
    uint64_t id = results_of("a");
    assert_int_equal(symlinkat(root, spool->out, "host"), 0);
    assert_int_equal(spool_publish(spool, id, "host/a", false, &err), WINNOW_EUSAGE);
    assert_int_equal(spool_publish(spool, id, "../a", false, &err), WINNOW_EUSAGE);
    char path[128];
    snprintf(path, sizeof path, "%s/a.txt", root);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void remove_folder(void)
{
    assert_int_equal(unlinkat(spool->out, "h", AT_REMOVEDIR), 0);
}

static void makes_a_folder_again_that_a_consumer_removed(void **state)
{
    (void)state;
    uint64_t id = results_of("h/a");
    act.before_rename = remove_folder;
    assert_int_equal(spool_publish(spool, id, "h/a", false, &err), WINNOW_OK);
    assert_true(has(spool->out, "h/a.txt", "text") && has(spool->out, "h/a.json", "record"));
}

static bool replacing;

static void publish_and_finish(void)
{
    if (spool_publish(spool, 7, "h/a", replacing, NULL) == WINNOW_OK)
        (void)!spool_finish(spool, 7, NULL);
}

static void claim_results_seven(void)
{
    put(spool->drop, "h/a", "in");
    put(spool->drop, "h/a.url", "https://example.org/");
    assert_int_equal(spool_claim(spool, "h/a", 7, &err), WINNOW_OK);
    result(7, SPOOL_TEXT, "text");
    result(7, SPOOL_RECORD, "record");
    result(7, SPOOL_TOLD, "told");
}

static void ends_publish_and_finish_wherever_they_are_killed(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        bool died = true;
        replacing = round == 1;
        for (unsigned n = 1; died; n++) {
            claim_results_seven();
            if (replacing) {
                put(spool->out, "h/a.txt", "old");
                put(spool->out, "h/a.json", "old");
            }
            died = dies_before(n, publish_and_finish);
            /* Never a record without its text. */
            if (has(spool->out, "h/a.json", "record"))
                assert_true(has(spool->out, "h/a.txt", "text"));
            if (has(spool->out, "h/a.txt", "text"))
                assert_false(has(spool->out, "h/a.json", "old"));
            assert_int_equal(spool_publish(spool, 7, "h/a", replacing, &err), WINNOW_OK);
            assert_true(has(spool->out, "h/a.txt", "text"));
            assert_true(has(spool->out, "h/a.json", "record"));
            assert_int_equal(spool_finish(spool, 7, &err), WINNOW_OK);
            assert_true(is_empty(spool->work));
            assert_int_equal(unlinkat(spool->out, "h/a.txt", 0), 0);
            assert_int_equal(unlinkat(spool->out, "h/a.json", 0), 0);
            assert_true(n < 100);
        }
    }
}

static void tells_when_out_is_full_and_goes_on_when_it_is_not(void **state)
{
    (void)state;
    uint64_t id = results_of("h/a");
    for (unsigned n = 1; n <= 2; n++) {
        act_nothing();
        act_fail(CALL_RENAME, ENOSPC, n, n);
        assert_int_equal(spool_publish(spool, id, "h/a", false, &err), WINNOW_EIO);
        assert_non_null(strstr(err.text, "No space left"));
        assert_false(has(spool->out, "h/a.json", NULL));
    }
    act_nothing();
    assert_int_equal(spool_publish(spool, id, "h/a", false, &err), WINNOW_OK);
    assert_true(has(spool->out, "h/a.txt", "text") && has(spool->out, "h/a.json", "record"));
}

/* --- the ends ------------------------------------------------------------------------------------ */

static void removes_a_claim_with_all_that_is_in_it(void **state)
{
    (void)state;
    uint64_t id = results_of("h/a");
    char path[256];
    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof path, "%llu/in/%d/%d/%d/x", (unsigned long long)id, i % 7, i % 11, i);
        put(spool->work, path, "");
    }
    assert_int_equal(spool_finish(spool, id, &err), WINNOW_OK);
    assert_true(is_empty(spool->work));
    assert_int_equal(spool_finish(spool, id, &err), WINNOW_OK);
}

static void removes_nothing_outside_a_claim(void **state)
{
    (void)state;
    uint64_t id = claimed("a", "x");
    char path[128];
    put(spool->drop, "h/precious", "p");
    snprintf(path, sizeof path, "%s/work/%llu/in/link", root, (unsigned long long)id);
    assert_int_equal(symlink("../../../drop/h", path), 0);
    assert_int_equal(spool_finish(spool, id, &err), WINNOW_OK);
    assert_true(has(spool->drop, "h/precious", "p"));
}

static void tells_what_it_cannot_remove_and_removes_it_later(void **state)
{
    (void)state;
    uint64_t id = results_of("h/a");
    for (unsigned n = 1; n <= 5; n++) {
        act_nothing();
        act_fail(CALL_UNLINK, EIO, n, n);
        id = results_of("h/a");
        assert_int_equal(spool_finish(spool, id, &err), WINNOW_EIO);
        act_nothing();
        assert_int_equal(spool_finish(spool, id, &err), WINNOW_OK);
        assert_false(has_id_folder(spool->work, id));
    }
}

static void quarantines_by_one_rename(void **state)
{
    (void)state;
    uint64_t id = claimed("h/a", "x");
    act_nothing();
    act_fail(CALL_RENAME, EIO, 1, 1);
    assert_int_equal(spool_quarantine(spool, id, &err), WINNOW_EIO);
    assert_true(has_input(spool->work, id, "h/a", "x"));
    act_nothing();
    assert_int_equal(spool_quarantine(spool, id, &err), WINNOW_OK);
    assert_int_equal(act.calls, 1);
    assert_int_equal(spool_quarantine(spool, id, &err), WINNOW_OK);
    assert_true(has_input(spool->quarantine, id, "h/a", "x"));
    assert_int_equal(spool_quarantine(spool, id + 1, &err), WINNOW_EIO);
}

static void gives_back_under_a_free_name_with_the_sidecar(void **state)
{
    (void)state;
    char *path = NULL;
    put(spool->drop, "h/a.url", "https://example.org/");
    uint64_t id = claimed("h/a", "old");
    put(spool->drop, "h/a", "new");
    assert_int_equal(spool_give_back(spool, id, false, &path, &err), WINNOW_OK);
    assert_string_equal(path, "h/a~2");
    free(path);
    assert_true(has(spool->drop, "h/a", "new") && has(spool->drop, "h/a~2", "old"));
    assert_true(has(spool->drop, "h/a~2.url", NULL));
    assert_false(has(spool->drop, "h/a.url", NULL));
    assert_true(is_empty(spool->work));
    assert_int_equal(spool_give_back(spool, id, false, &path, &err), SPOOL_GONE);
}

static void gives_back_any_name(void **state)
{
    (void)state;
    char name[NAME_MAX + 1];
    for (size_t i = 0; i < ODD_NAMES; i++) {
        uint64_t id = claimed(odd_names[i], "x");
        assert_int_equal(spool_give_back(spool, id, false, NULL, &err), WINNOW_OK);
        assert_true(has(spool->drop, odd_names[i], "x"));
    }
    uint64_t id = claimed(long_name(name, NAME_MAX), "old");
    put(spool->drop, name, "new");
    assert_int_equal(spool_give_back(spool, id, false, NULL, &err), WINNOW_OK);
    strcpy(name + NAME_MAX - 6, "~2");
    assert_true(has(spool->drop, name, "old"));
}

static void keeps_the_folder_of_quarantine_until_the_manifest_is_told(void **state)
{
    (void)state;
    struct reason why = {"crash", "text", "what"};
    uint64_t id = claimed("h/a", "x");
    assert_int_equal(reason_write(spool, id, "h/a", &why, &err), WINNOW_OK);
    assert_int_equal(spool_quarantine(spool, id, &err), WINNOW_OK);
    assert_int_equal(spool_give_back(spool, id, true, NULL, &err), WINNOW_OK);
    assert_true(has_id_folder(spool->quarantine, id));
    see_all(true);
    assert_int_equal(seen.count, 1);
    assert_false(seen.has_path[0]);
    assert_int_equal(spool_give_back(spool, id, true, NULL, &err), SPOOL_GONE);
    assert_int_equal(spool_forget(spool, id, &err), WINNOW_OK);
    assert_int_equal(spool_forget(spool, id, &err), WINNOW_OK);
    assert_true(is_empty(spool->quarantine));
}

static void give_back_seven(void)
{
    (void)!spool_give_back(spool, 7, false, NULL, NULL);
}

static void loses_nothing_wherever_giving_back_is_killed(void **state)
{
    (void)state;
    bool died = true;
    for (unsigned n = 1; died; n++) {
        claim_results_seven();
        died = dies_before(n, give_back_seven);
        assert_int_not_equal(has(spool->drop, "h/a", "in"), has_input(spool->work, 7, "h/a", "in"));
        (void)!spool_give_back(spool, 7, false, NULL, &err);
        assert_true(has(spool->drop, "h/a", "in") && has(spool->drop, "h/a.url", NULL));
        assert_true(is_empty(spool->work));
    }
}

static void goes_on_with_what_a_claim_cannot_have_made(void **state)
{
    (void)state;
    /* A folder was swapped in, and the claim was killed before it could look. */
    put(spool->work, "7/in/h/a/one", "1");
    put(spool->work, "7/in/h/a/two", "2");
    put(spool->work, "8/in/x", "8");
    put(spool->work, "8/in/y", "8");
    put(spool->work, "8/in/z", "8");
    int fd;
    struct stat st;
    see_all(false);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.paths[0], "h/a");
    assert_int_equal(spool_open_input(spool, 7, "h/a", &fd, &st, &err), WINNOW_EDATA);
    assert_int_equal(spool_give_back(spool, 7, false, NULL, &err), WINNOW_OK);
    assert_true(has(spool->drop, "h/a/one", "1") && has(spool->drop, "h/a/two", "2"));
    assert_int_equal(spool_give_back(spool, 8, false, NULL, &err), WINNOW_OK);
    assert_true(has(spool->drop, "x", "8") && has(spool->drop, "y", "8") && has(spool->drop, "z", "8"));
    assert_true(is_empty(spool->work));
}

static void lists_ids_in_order_and_stops_when_told(void **state)
{
    (void)state;
    uint64_t count;
    for (unsigned i = 0; i < 20; i++) {
        char path[64];
        snprintf(path, sizeof path, "%u/in/a", 100 - i);
        put(spool->quarantine, path, "");
    }
    put(spool->quarantine, "0100/in/a", "");
    put(spool->quarantine, "99999999999999999999/in/a", "");
    put(spool->quarantine, "foreign", "");
    see_all(true);
    assert_int_equal(seen.count, 20);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(seen.ids[i], 81 + i);
    assert_int_equal(spool_count(spool, true, &count, &err), WINNOW_OK);
    assert_int_equal(count, 20);
}

static void is_durable_by_one_sync_or_says_that_it_is_not(void **state)
{
    (void)state;
    act_nothing();
    assert_int_equal(spool_sync(spool, &err), WINNOW_OK);
    assert_int_equal(act.of[CALL_SYNC].seen, 1);
    act_fail(CALL_SYNC, EIO, 1, 1);
    assert_int_equal(spool_sync(spool, &err), WINNOW_EIO);
    assert_int_equal(spool_sync(spool, &err), WINNOW_OK);
}

/* --- reason.json ------------------------------------------------------------------------------------ */

static void says_why_with_every_attempt(void **state)
{
    (void)state;
    char *kind, *text;
    struct reason why = {"crash", "its worker crashed \xff (SIGSEGV)", "send us the page"};
    uint64_t id = claimed("caf\xe9\n.html", "x");
    assert_int_equal(reason_failures(spool, id), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(reason_note_failure(spool, id, "line one\nline two", &err), WINNOW_OK);
    assert_int_equal(reason_failures(spool, id), 3);
    assert_int_equal(reason_write(spool, id, "caf\xe9\n.html", &why, &err), WINNOW_OK);
    assert_int_equal(reason_write(spool, id, "caf\xe9\n.html", &why, &err), WINNOW_OK);
    assert_int_equal(spool_quarantine(spool, id, &err), WINNOW_OK);
    assert_int_equal(reason_read(spool, id, &kind, &text, &err), WINNOW_OK);
    assert_string_equal(kind, "crash");
    assert_string_equal(text, "its worker crashed \xef\xbf\xbd (SIGSEGV)");
    free(kind);
    free(text);

    char path[128], json[4096];
    snprintf(path, sizeof path, "%llu/reason.json", (unsigned long long)id);
    int fd = openat(spool->quarantine, path, O_RDONLY);
    ssize_t len = read(fd, json, sizeof json - 1);
    assert_true(len > 0);
    close(fd);
    json[len] = '\0';
    assert_non_null(strstr(json, "\"path_bytes\": \"Y2Fm6QouaHRtbA==\""));
    const char *at = json;
    for (int i = 0; i < 3; i++, at++)
        assert_non_null(at = strstr(at, "line one line two"));
}

static void takes_no_reason_that_is_none(void **state)
{
    (void)state;
    char *kind, *text;
    static const char *const bad[] = {"", "{", "[]", "{\"kind\": 1, \"reason\": \"x\"}",
                                      "{\"kind\": \"x\"}", "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(spool->quarantine, "5/reason.json", bad[i]);
        assert_int_equal(reason_read(spool, 5, &kind, &text, &err), WINNOW_EDATA);
    }
    assert_int_equal(reason_read(spool, 6, &kind, &text, &err), SPOOL_GONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, spool_set_up, spool_tear_down)
        TEST(makes_its_folders_and_leaves_nothing_else),
        TEST(has_one_owner_and_any_number_who_look),
        TEST(is_free_again_when_its_owner_is_killed),
        TEST(refuses_a_file_system_that_cannot_do_its_steps),
        TEST(refuses_links_for_folders_and_what_is_no_spool),
        TEST(never_gives_an_id_twice),
        TEST(tells_which_paths_may_be),
        TEST(claims_files_of_any_name_and_finds_them_again),
        TEST(claims_the_longest_paths_there_are),
        TEST(takes_the_sidecar_along),
        TEST(takes_no_sidecar_that_is_no_file_or_whose_name_would_be_too_long),
        TEST(reads_the_origin_that_a_browser_noted),
        TEST(passes_over_a_sidecar_that_is_no_url),
        TEST(claims_no_links_folders_pipes_or_what_is_gone),
        TEST(follows_no_link_out_of_drop),
        TEST(puts_back_what_took_the_place_of_a_file_while_it_was_claimed),
        TEST(leaves_the_file_in_drop_when_a_step_of_the_claim_fails),
        TEST(loses_nothing_wherever_a_claim_is_killed),
        TEST(takes_no_sidecar_from_a_page_that_came_later),
        TEST(opens_the_input_only_where_it_is_a_file),
        TEST(writes_and_reads_results_and_bounds_them),
        TEST(names_outputs_by_what_is_free),
        TEST(asks_which_names_are_on_their_way),
        TEST(cuts_names_that_leave_no_room_for_a_suffix),
        TEST(shows_text_and_record),
        TEST(never_overwrites_a_foreign_output),
        TEST(replaces_old_outputs_where_that_is_wanted),
        TEST(replaces_no_folders_links_or_pipes),
        TEST(follows_no_link_out_of_out),
        TEST(makes_a_folder_again_that_a_consumer_removed),
        TEST(ends_publish_and_finish_wherever_they_are_killed),
        TEST(tells_when_out_is_full_and_goes_on_when_it_is_not),
        TEST(removes_a_claim_with_all_that_is_in_it),
        TEST(removes_nothing_outside_a_claim),
        TEST(tells_what_it_cannot_remove_and_removes_it_later),
        TEST(quarantines_by_one_rename),
        TEST(gives_back_under_a_free_name_with_the_sidecar),
        TEST(gives_back_any_name),
        TEST(keeps_the_folder_of_quarantine_until_the_manifest_is_told),
        TEST(loses_nothing_wherever_giving_back_is_killed),
        TEST(goes_on_with_what_a_claim_cannot_have_made),
        TEST(lists_ids_in_order_and_stops_when_told),
        TEST(is_durable_by_one_sync_or_says_that_it_is_not),
        TEST(says_why_with_every_attempt),
        TEST(takes_no_reason_that_is_none),
    };
    return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
