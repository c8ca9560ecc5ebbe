/* test_notify.c - what systemd and the journal are told, and what a name in it may not do. */
#include "program.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "notify.h"
#include "shown.h"

/* --- helpers ------------------------------------------------------------------------------ */

/* A socket that takes what is sent to it, at a path. */
static int listen_at(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0 && strlen(path) < sizeof at.sun_path);
    strcpy(at.sun_path, path);
    unlink(path);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* The next datagram; "" where none was sent: sending is done when the call is back. */
static const char *received(int fd, size_t *ret_len)
{
    static char bytes[65536];
    ssize_t n = recv(fd, bytes, sizeof bytes - 1, MSG_DONTWAIT);
    n = n < 0 ? 0 : n;
    bytes[n] = '\0';
    if (ret_len)
        *ret_len = (size_t)n;
    return bytes;
}

static int manager;

static int manager_start(void **state)
{
    folder_start(state);
    manager = listen_at(path_of("notify"));
    return setenv("NOTIFY_SOCKET", path_of("notify"), 1);
}

static int manager_stop(void **state)
{
    unsetenv("NOTIFY_SOCKET");
    close(manager);
    return folder_stop(state);
}

/* Standard error goes to a file while run runs; what stands in it then.  To be freed. */
static char *stderr_of(void (*run)(void))
{
    size_t len;
    int kept = dup(STDERR_FILENO), fd = open(path_of("err"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(kept >= 0 && fd >= 0);
    dup2(fd, STDERR_FILENO);
    run();
    dup2(kept, STDERR_FILENO);
    char *ret = read_fd(fd, &len);
    close(fd);
    close(kept);
    return ret;
}

static void expect_stderr(void (*run)(void), const char *want)
{
    char *got = stderr_of(run);
    assert_string_equal(got, want);
    free(got);
}

/* --- the service manager --------------------------------------------------------------------- */

static void the_manager_hears_of_each_state(void **state)
{
    (void)state;
    unsigned long long usec;
    struct timespec now;
    notify_ready();
    assert_string_equal(received(manager, NULL), "READY=1");
    notify_stopping();
    assert_string_equal(received(manager, NULL), "STOPPING=1");
    notify_alive();
    assert_string_equal(received(manager, NULL), "WATCHDOG=1");
    notify_reloading();
    clock_gettime(CLOCK_MONOTONIC, &now);
    assert_int_equal(sscanf(received(manager, NULL), "RELOADING=1\nMONOTONIC_USEC=%llu", &usec), 1);
    unsigned long long then = (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000;
    assert_true(usec <= then && usec + 60 * 1000000ull > then);
}

static void a_status_is_one_line_whatever_is_in_it(void **state)
{
    (void)state;
    notify_status("%d in work, last %s", 3, "a\nREADY=1\nb\x1b[1m");
    assert_string_equal(received(manager, NULL), "STATUS=3 in work, last a\\nREADY=1\\nb\\x1b[1m");
    char longest[2000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    notify_status("%s", longest);
    assert_true(strlen(received(manager, NULL)) < 600);
}

static void without_a_manager_nothing_happens(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    notify_ready();
    notify_status("x");
    assert_string_equal(received(manager, NULL), "");
    setenv("NOTIFY_SOCKET", path_of("notify"), 1);
}

static void signs_of_life_are_due_twice_as_often_as_asked(void **state)
{
    (void)state;
    char pid[24];
    unsetenv("WATCHDOG_USEC");
    assert_int_equal(notify_watchdog_ms(), -1);
    setenv("WATCHDOG_USEC", "30000000", 1);
    assert_int_equal(notify_watchdog_ms(), 15000);
    setenv("WATCHDOG_USEC", "1000", 1);
    assert_int_equal(notify_watchdog_ms(), 1);
    setenv("WATCHDOG_PID", "1", 1); /* another process is watched */
    assert_int_equal(notify_watchdog_ms(), -1);
    snprintf(pid, sizeof pid, "%d", getpid());
    setenv("WATCHDOG_PID", pid, 1);
    setenv("WATCHDOG_USEC", "nonsense", 1);
    assert_int_equal(notify_watchdog_ms(), -1);
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
}

/* --- standard error --------------------------------------------------------------------------- */

static void say_four(void)
{
    notify_say(NOTIFY_ERROR, NULL, "e");
    notify_say(NOTIFY_WARNING, NULL, "w %d", 1);
    notify_say(NOTIFY_INFO, NULL, "i");
    notify_say(NOTIFY_FILE, NULL, "f");
}

static void standard_error_has_a_line_a_message_up_to_the_level(void **state)
{
    (void)state;
    notify_begin(0);
    expect_stderr(say_four, "winnowd: error: e\n");
    notify_begin(2);
    expect_stderr(say_four, "winnowd: error: e\nwinnowd: warning: w 1\nwinnowd: i\n");
    notify_begin(3);
    expect_stderr(say_four, "winnowd: error: e\nwinnowd: warning: w 1\nwinnowd: i\nwinnowd: f\n");
}

static void say_of_a_file(void)
{
    const struct notify_file file = {.id = 7, .path = "a\nwinnowd: all is lost\x1b[2J\xff.html"};
    errno = ENOSPC;
    notify_event(NOTIFY_QUARANTINED, &file, "%s", "no\rpage");
    assert_int_equal(errno, ENOSPC);
}

static void a_name_cannot_forge_a_line(void **state)
{
    (void)state;
    notify_begin(2);
    expect_stderr(say_of_a_file, "winnowd: warning: a\\nwinnowd: all is lost\\x1b[2J\\xff.html: no\\rpage\n");
}

static void who_speaks_into_the_void_keeps_its_errno(void **state)
{
    (void)state;
    int kept = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    errno = ENOSPC;
    notify_say(NOTIFY_ERROR, NULL, "x");
    int why = errno;
    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_int_equal(why, ENOSPC);
}

static void say_long(void)
{
    char longest[9000];
    memset(longest, '\x01', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const struct notify_file file = {.path = longest, .out = longest, .kind = longest};
    notify_say(NOTIFY_ERROR, &file, "%s", longest);
}

static void long_messages_are_cut(void **state)
{
    (void)state;
    char *got = stderr_of(say_long);
    size_t len = strlen(got);
    assert_true(len > 1000 && len < 5000);
    assert_string_equal(got + len - 4, "...\n");
    free(got);
}

/* --- the journal ----------------------------------------------------------------------------------- */

/* The value of a field of the journal's protocol: NAME=value\n, or NAME\n, 8 bytes of length,
 * the value, \n. */
static bool field(const char *bytes, size_t len, const char *name, const char *want)
{
    size_t n = strlen(name), wanted = strlen(want);
    const char *end = bytes + len;
    while (bytes < end) {
        const char *stop = memchr(bytes, '\n', (size_t)(end - bytes)), *equals;
        assert_non_null(stop);
        equals = memchr(bytes, '=', (size_t)(stop - bytes));
        const char *value = equals ? equals + 1 : stop + 9;
        size_t size = (size_t)(stop - value);
        if (!equals) {
            uint64_t le;
            memcpy(&le, stop + 1, 8);
            size = (size_t)le;
        }
        size_t name_len = (size_t)((equals ? equals : stop) - bytes);
        if (name_len == n && !memcmp(bytes, name, n))
            return size == wanted && !memcmp(value, want, size);
        bytes = value + size + 1;
    }
    return false;
}

enum { SEEN = 0, NO_NAMESPACE = 77 };

/* In a child, whose /run is its own: a journal that we have made. */
static void talk_to_our_journal(void)
{
    char stream[64];
    struct stat info;
    size_t len;
    const struct notify_file file = {
        .id = 1763800000123456, .path = "x\n\xff", .out = "x.html", .kind = "crash"};
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("tmpfs", "/run", "tmpfs", 0, NULL))
        _exit(NO_NAMESPACE);
    if (mkdir("/run/systemd", 0755) || mkdir("/run/systemd/journal", 0755))
        _exit(NO_NAMESPACE);
    int journal = listen_at("/run/systemd/journal/socket");
    int fd = open("/run/err", O_RDWR | O_CREAT, 0600);
    dup2(fd, STDERR_FILENO);
    fstat(STDERR_FILENO, &info);
    snprintf(stream, sizeof stream, "%lu:%lu", (unsigned long)info.st_dev, (unsigned long)info.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    notify_begin(2);
    notify_event(NOTIFY_QUARANTINED, &file, "crashed");
    const char *got = received(journal, &len);
    if (!field(got, len, "MESSAGE", "x\\n\\xff: crashed") || !field(got, len, "PRIORITY", "4") ||
        !field(got, len, "WINNOW_ID", "1763800000123456") || !field(got, len, "WINNOW_PATH", "x\n\xff") ||
        !field(got, len, "WINNOW_OUT", "x.html") || !field(got, len, "WINNOW_KIND", "crash") ||
        !field(got, len, "SYSLOG_IDENTIFIER", "winnowd") ||
        !field(got, len, "MESSAGE_ID", "eca237f4a2244a0c93614052ba3fcfe3"))
        _exit(1);
    notify_say(NOTIFY_ERROR, NULL, "plain");
    got = received(journal, &len);
    if (!field(got, len, "MESSAGE", "plain") || !field(got, len, "PRIORITY", "3") ||
        memmem(got, len, "MESSAGE_ID", 10) || memmem(got, len, "WINNOW_", 7))
        _exit(2);
    if (fstat(STDERR_FILENO, &info) || info.st_size != 0)
        _exit(3);
    /* A journal that takes nothing: then the stream itself has it. */
    close(journal);
    notify_say(NOTIFY_ERROR, NULL, "refused");
    if (fstat(STDERR_FILENO, &info) || info.st_size == 0)
        _exit(4);
    _exit(SEEN);
}

static void the_journal_has_fields_and_standard_error_what_it_does_not_take(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        talk_to_our_journal();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_NAMESPACE) {
        print_message("no mount namespace of our own (not root?): the journal is not tried\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), SEEN);
}

/* Standard error was the journal's when we were started, and is a file now. */
static void standard_error_that_was_sent_elsewhere_is_no_journal(void **state)
{
    (void)state;
    setenv("JOURNAL_STREAM", "1:1", 1);
    notify_begin(0);
    expect_stderr(say_four, "winnowd: error: e\n");
    setenv("JOURNAL_STREAM", "nonsense", 1);
    notify_begin(0);
    expect_stderr(say_four, "winnowd: error: e\n");
    unsetenv("JOURNAL_STREAM");
}

static void each_event_has_an_id_of_its_own(void **state)
{
    (void)state;
    FILE *f = fopen(WINNOW_SOURCE_DIR "/docs/winnowd.8", "r");
    assert_non_null(f);
    char line[400], source[33], seen[NOTIFY_EVENTS][33];
    char *page = calloc(1, 1 << 20);
    assert_true(fread(page, 1, (1 << 20) - 1, f) > 1000);
    fclose(f);
    unsigned count = 0;
    assert_non_null(f = fopen(WINNOW_SOURCE_DIR "/daemon/notify.c", "r"));
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, " [NOTIFY_%*[A-Z_]] = {NOTIFY_%*[A-Z], \"%32[0-9a-f]\"", source) != 1 ||
            strlen(source) != 32)
            continue;
        for (unsigned i = 0; i < count; i++)
            assert_string_not_equal(seen[i], source);
        assert_true(count < NOTIFY_EVENTS);
        strcpy(seen[count++], source);
        if (!strstr(page, source))
            fail_msg("winnowd.8 does not name the message id %s", source);
    }
    fclose(f);
    free(page);
    assert_int_equal(count, NOTIFY_EVENTS);
}

/* --- what is shown of bytes ---------------------------------------------------------------------- */

static void expect_shown(const char *bytes, const char *want)
{
    char got[64];
    assert_string_equal(shown(bytes, strlen(bytes), got, sizeof got), want);
}

static void text_is_shown_and_what_is_none_is_escaped(void **state)
{
    (void)state;
    char small[8], *exact = malloc(2); /* nothing is read behind the end */
    memcpy(exact, "\xe2\x82", 2);
    assert_string_equal(shown(exact, 1, small, sizeof small), "\\xe2");
    exact = realloc(exact, 1);
    assert_string_equal(shown(exact, 1, small, sizeof small), "\\xe2");
    free(exact);
    expect_shown("", "");
    expect_shown("plain \xd0\x96\xe2\x82\xac\xf0\x9f\x98\x80", "plain \xd0\x96\xe2\x82\xac\xf0\x9f\x98\x80");
    expect_shown("\t\n\r\x01\x7f", "\\t\\n\\r\\x01\\x7f");
    expect_shown("\xc2\x9b[2J", "\\xc2\\x9b[2J");               /* a control of the second set */
    expect_shown("a\xe2\x80\xae""b", "a\\xe2\\x80\\xae""b");      /* turns the direction */
    expect_shown("\xc0\xaf\xed\xa0\x80\xf5", "\\xc0\\xaf\\xed\\xa0\\x80\\xf5");
    expect_shown("\xe0\x80\xaf\xf0\x80\x80\xaf", "\\xe0\\x80\\xaf\\xf0\\x80\\x80\\xaf"); /* too long */
    expect_shown("\xe2\x82", "\\xe2\\x82");                      /* cut off */
    assert_string_equal(shown("1234567", 7, small, sizeof small), "1234567");
    assert_string_equal(shown("12345678", 8, small, sizeof small), "1234...");
    assert_string_equal(shown("123\n5678", 8, small, sizeof small), "123...");
    assert_string_equal(shown("123\xe2\x82\xac\xe2\x82\xac", 9, small, sizeof small), "123...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manager_hears_of_each_state),
        cmocka_unit_test(a_status_is_one_line_whatever_is_in_it),
        cmocka_unit_test(without_a_manager_nothing_happens),
        cmocka_unit_test(signs_of_life_are_due_twice_as_often_as_asked),
        cmocka_unit_test(standard_error_has_a_line_a_message_up_to_the_level),
        cmocka_unit_test(a_name_cannot_forge_a_line),
        cmocka_unit_test(who_speaks_into_the_void_keeps_its_errno),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(the_journal_has_fields_and_standard_error_what_it_does_not_take),
        cmocka_unit_test(standard_error_that_was_sent_elsewhere_is_no_journal),
        cmocka_unit_test(each_event_has_an_id_of_its_own),
        cmocka_unit_test(text_is_shown_and_what_is_none_is_escaped),
    };
    return cmocka_run_group_tests(tests, manager_start, manager_stop);
}
