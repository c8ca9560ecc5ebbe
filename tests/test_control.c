/* test_control.c - the control socket of winnowd: who asks is answered, whatever others send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"

enum { DEADLINE_MS = 60000 };

/* --- a server that notes what it was asked ------------------------------------------------- */

struct server {
    char folder[128];
    int state;
    struct control *control;
    unsigned statuses, flushes, retries, releases;
    uint64_t ids[CONTROL_IDS];
    size_t nids;
    int status;       /* what every call returns */
    size_t long_path; /* bytes of the path that is told of each id */
};

static int on_status(void *ctx, FILE *answer, struct winnow_error *err)
{
    struct server *s = ctx;
    s->statuses++;
    fputs("cleaned 12\nwaiting 3\n", answer);
    if (s->status != WINNOW_OK)
        snprintf(err->text, sizeof err->text, "it is\nbroken; mend it");
    return s->status;
}

static int on_flush(void *ctx, struct winnow_error *err)
{
    struct server *s = ctx;
    s->flushes++;
    if (s->status != WINNOW_OK)
        snprintf(err->text, sizeof err->text, "no drop/; make it");
    return s->status;
}

static void note_ids(struct server *s, const uint64_t *ids, size_t count)
{
    memcpy(s->ids, ids, count * sizeof *ids);
    s->nids = count;
}

static int on_retry(void *ctx, const uint64_t *ids, size_t count, care_told_fn *told,
                    void *told_ctx, struct winnow_error *err)
{
    struct server *s = ctx;
    char *path = malloc(s->long_path + 16);
    (void)err;
    s->retries++;
    note_ids(s, ids, count);
    memset(path, 'x', s->long_path);
    strcpy(path + s->long_path, "a b\n%\xd0\xb6");
    for (size_t i = 0; i < count; i++)
        if (ids[i] % 2)
            told(told_ctx, ids[i], WINNOW_OK, path);
        else
            told(told_ctx, ids[i], WINNOW_EIO, "full\nok\n\x1b[2J; make room");
    free(path);
    return s->status;
}

static int on_release(void *ctx, const uint64_t *ids, size_t count, care_told_fn *told,
                      void *told_ctx, struct winnow_error *err)
{
    struct server *s = ctx;
    (void)err;
    s->releases++;
    note_ids(s, ids, count);
    for (size_t i = 0; i < count; i++)
        told(told_ctx, ids[i], WINNOW_OK, "");
    return s->status;
}

static const struct control_calls calls = {on_status, on_flush, on_retry, on_release};

static void open_control(struct server *s)
{
    struct winnow_error err = {0};
    if (control_new(s->state, &calls, s, &s->control, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
}

static int start(void **state)
{
    struct server *s = calloc(1, sizeof *s);
    strcpy(s->folder, "/tmp/winnow-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    s->state = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(s->state >= 0);
    open_control(s);
    *state = s;
    return 0;
}

static int stop(void **state)
{
    struct server *s = *state;
    control_free(s->control);
    close(s->state);
    rmdir(s->folder);
    free(s);
    return 0;
}

/* --- clients --------------------------------------------------------------------------------- */

static int try_to_connect(const struct server *s)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/control", s->state);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static int connect_to(const struct server *s)
{
    int fd = try_to_connect(s);
    if (fd < 0)
        fail_msg("cannot connect: %s", strerror(errno));
    return fd;
}

static void send_to(int fd, const char *data, size_t len)
{
    assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
}

/* Steps until the server has nothing more to do. */
static void settle(struct server *s)
{
    struct pollfd p = {.fd = control_fd(s->control), .events = POLLIN};
    while (poll(&p, 1, 0) == 1)
        control_step(s->control);
}

/* Lets the server work until the client has all that it gets; to be freed. */
static char *read_answer(struct server *s, int fd)
{
    char *answer = calloc(1, 4 << 20);
    size_t len = 0;
    for (;;) {
        struct pollfd p[] = {{.fd = control_fd(s->control), .events = POLLIN},
                             {.fd = fd, .events = POLLIN}};
        if (poll(p, 2, DEADLINE_MS) <= 0)
            fail_msg("no answer; so far: %.200s", answer);
        if (p[0].revents)
            control_step(s->control);
        if (!p[1].revents)
            continue;
        ssize_t n = recv(fd, answer + len, (4 << 20) - len - 1, 0);
        if (n <= 0)
            return answer;
        len += (size_t)n;
    }
}

static char *ask_bytes(struct server *s, const char *request, size_t len)
{
    int fd = connect_to(s);
    send_to(fd, request, len);
    char *answer = read_answer(s, fd);
    close(fd);
    return answer;
}

static void expect(struct server *s, const char *request, const char *answer)
{
    char *got = ask_bytes(s, request, strlen(request));
    assert_string_equal(got, answer);
    free(got);
}

static void expect_error(struct server *s, const char *request, const char *words)
{
    char *got = ask_bytes(s, request, strlen(request));
    if (strncmp(got, "error: ", 7) != 0 || !strstr(got, words) ||
        strchr(got, '\n') != got + strlen(got) - 1)
        fail_msg("no error with \"%s\": %.300s", words, got);
    free(got);
}

/* --- requests ---------------------------------------------------------------------------------- */

static void answers_status_with_the_lines_it_is_given(void **state)
{
    expect(*state, "status\n", "cleaned 12\nwaiting 3\nok\n");
    expect(*state, "  status \n", "cleaned 12\nwaiting 3\nok\n");
}

static void a_flush_is_answered_when_it_was_begun(void **state)
{
    struct server *s = *state;
    expect(s, "flush\n", "ok\n");
    assert_int_equal(s->flushes, 1);
}

static void a_call_that_fails_is_told_as_one_line(void **state)
{
    struct server *s = *state;
    s->status = WINNOW_EIO;
    expect(s, "flush\n", "error: no drop/; make it\n");
    expect(s, "status\n", "cleaned 12\nwaiting 3\nerror: it is?broken; mend it\n");
}

static void tells_of_each_id_on_a_line_whatever_its_name_holds(void **state)
{
    struct server *s = *state;
    expect(s, "retry 1763800000123457 4 9\n",
           "1763800000123457 done a%20b%0A%25%D0%B6\n"
           "4 failed full?ok??[2J; make room\n"
           "9 done a%20b%0A%25%D0%B6\n"
           "ok 2 of 3\n");
    expect(s, "release 18446744073709551615\n", "18446744073709551615 done -\nok 1 of 1\n");
}

static void ids_come_in_their_order_and_once(void **state)
{
    static const uint64_t want[] = {7, 3, 5};
    struct server *s = *state;
    char *got = ask_bytes(s, "retry 7 3 7  3 5\n", 17);
    free(got);
    assert_int_equal(s->nids, 3);
    assert_memory_equal(s->ids, want, sizeof want);
}

static void refuses_what_is_no_request(void **state)
{
    static const char *const words[] = {"\n",        "   \n",  "stat\n",         "STATUS\n",
                                        "statuss\n", "ok\n",   "retry\tall 3\n", "\x1b[2J\n",
                                        "\xff\xfe\n"};
    struct server *s = *state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        expect_error(s, words[i], "; ");
    assert_int_equal(s->statuses + s->flushes + s->retries + s->releases, 0);
}

static void refuses_ids_that_are_none(void **state)
{
    static const char *const words[] = {
        "retry\n",   "release\n",     "retry all\n",   "retry 0\n", "retry 01\n",
        "retry -1\n", "retry +1\n",   "retry 0x10\n",  "retry 1 2x\n",
        "retry 18446744073709551616\n", "flush 1\n",   "status 1\n"};
    struct server *s = *state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        expect_error(s, words[i], "; ");
    assert_int_equal(s->statuses + s->flushes + s->retries + s->releases, 0);
}

static void takes_as_many_ids_as_it_says_and_no_more(void **state)
{
    struct server *s = *state;
    char request[CONTROL_MOST] = "release";
    for (int i = 1; i <= CONTROL_IDS; i++)
        sprintf(request + strlen(request), " %d", i);
    size_t len = strlen(request);
    strcpy(request + len, "\n");
    char *got = ask_bytes(s, request, strlen(request));
    assert_non_null(strstr(got, "ok 64 of 64\n"));
    free(got);
    strcpy(request + len, " 65\n");
    expect_error(s, request, "at most 64");
    assert_int_equal(s->releases, 1);
}

static void a_nul_hides_nothing(void **state)
{
    struct server *s = *state;
    char *got = ask_bytes(s, "flush\0 1\n", 9);
    assert_int_equal(strncmp(got, "error: ", 7), 0);
    assert_int_equal(s->flushes, 0);
    free(got);
}

static void a_request_may_come_in_pieces(void **state)
{
    struct server *s = *state;
    int fd = connect_to(s);
    for (const char *p = "retry 1 3\n"; *p; p++) {
        assert_int_equal(s->retries, 0);
        send_to(fd, p, 1);
        settle(s);
    }
    char *got = read_answer(s, fd);
    assert_non_null(strstr(got, "ok 2 of 2\n"));
    free(got);
    close(fd);
}

static void a_request_without_end_is_refused(void **state)
{
    struct server *s = *state;
    char request[CONTROL_MOST + 1];
    memset(request, 'r', CONTROL_MOST);
    request[CONTROL_MOST] = '\0';
    expect_error(s, request, "longer than");
    request[CONTROL_MOST - 1] = '\n';
    expect_error(s, request, "no such request");
}

/* --- clients that mean no good ------------------------------------------------------------------ */

static void garbage_of_any_kind_hurts_nobody(void **state)
{
    struct server *s = *state;
    uint32_t x = 7;
    char bytes[600];
    for (int round = 0; round < 300; round++) {
        size_t len = 1 + (x >> 8) % sizeof bytes;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)((x = x * 1664525u + 1013904223u) >> 24);
        bytes[len - 1] = '\n';
        char *got = ask_bytes(s, bytes, len);
        assert_int_equal(strncmp(got, "error: ", 7), 0);
        free(got);
    }
    expect(s, "flush\n", "ok\n");
}

static void who_hangs_up_is_forgotten(void **state)
{
    static const char *const sent[] = {"", "ret", "status\n", "flush\n"};
    struct server *s = *state;
    for (int round = 0; round < 100; round++) {
        int fd = connect_to(s);
        send_to(fd, sent[round % 4], strlen(sent[round % 4]));
        if (round % 3 == 0)
            settle(s);
        close(fd);
        settle(s);
    }
    expect(s, "flush\n", "ok\n");
}

static void who_does_not_read_holds_up_nobody(void **state)
{
    struct server *s = *state;
    char request[CONTROL_MOST] = "retry";
    s->long_path = 16000; /* more than a socket holds */
    for (int i = 1; i <= CONTROL_IDS; i++)
        sprintf(request + strlen(request), " %d", 2 * i + 1);
    strcat(request, "\n");
    int fd = connect_to(s);
    send_to(fd, request, strlen(request));
    settle(s);
    assert_int_equal(s->retries, 1);
    expect(s, "flush\n", "ok\n");
    /* And all of it is there when it reads after all. */
    char *got = read_answer(s, fd);
    assert_true(strlen(got) > 64 * 16000);
    assert_string_equal(got + strlen(got) - 12, "ok 64 of 64\n");
    free(got);
    close(fd);
}

static void carries_out_one_request_a_step(void **state)
{
    struct server *s = *state;
    int fds[5];
    for (int i = 0; i < 5; i++)
        fds[i] = connect_to(s);
    settle(s);
    for (int i = 0; i < 5; i++)
        send_to(fds[i], "flush\n", 6);
    for (unsigned i = 1; i <= 5; i++) {
        control_step(s->control);
        assert_int_equal(s->flushes, i);
    }
    for (int i = 0; i < 5; i++)
        close(fds[i]);
}

static void silent_clients_lose_their_place(void **state)
{
    struct server *s = *state;
    int fds[CONTROL_CLIENTS];
    for (int i = 0; i < CONTROL_CLIENTS; i++) {
        fds[i] = connect_to(s);
        send_to(fds[i], "fl", 2);
    }
    settle(s);
    /* One more has to wait, and nothing but the timer ends that. */
    int fd = connect_to(s);
    send_to(fd, "flush\n", 6);
    settle(s);
    assert_int_equal(s->flushes, 0);
    char *got = read_answer(s, fd);
    assert_string_equal(got, "ok\n");
    free(got);
    close(fd);
    for (int i = 0; i < CONTROL_CLIENTS; i++) {
        got = read_answer(s, fds[i]);
        assert_string_equal(got, "");
        free(got);
        close(fds[i]);
    }
}

static void rests_while_nobody_asks(void **state)
{
    struct server *s = *state;
    struct pollfd p = {.fd = control_fd(s->control), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 0), 0);
    expect(s, "flush\n", "ok\n");
    settle(s);
    assert_int_equal(poll(&p, 1, 0), 0);
}

static void goes_on_when_descriptors_are_there_again(void **state)
{
    struct server *s = *state;
    struct rlimit all, few;
    struct pollfd p = {.fd = control_fd(s->control), .events = POLLIN};
    int fd = connect_to(s);
    send_to(fd, "flush\n", 6);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
    few = all;
    few.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    settle(s); /* ends: it does not spin on what it cannot accept */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
    assert_int_equal(poll(&p, 1, 0), 0);
    assert_int_equal(s->flushes, 0);
    char *got = read_answer(s, fd);
    assert_string_equal(got, "ok\n");
    free(got);
    close(fd);
}

/* --- the socket ---------------------------------------------------------------------------------- */

static void the_socket_is_for_its_owner_and_its_group(void **state)
{
    struct server *s = *state;
    struct stat st;
    control_free(s->control);
    mode_t mask = umask(0);
    open_control(s);
    umask(0777);
    control_free(s->control);
    open_control(s);
    umask(mask);
    assert_int_equal(fstatat(s->state, "control", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0660);
    expect(s, "flush\n", "ok\n");
}

static void strangers_cannot_connect(void **state)
{
    struct server *s = *state;
    int status;
    if (geteuid() != 0)
        skip();
    pid_t pid = fork();
    if (pid == 0) {
        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(2);
        _exit(try_to_connect(s) < 0 && errno == EACCES ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void a_dead_servers_socket_is_replaced(void **state)
{
    struct server *s = *state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    control_free(s->control);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%.90s/control", s->folder);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    close(fd);
    open_control(s);
    expect(s, "flush\n", "ok\n");
}

static void what_is_no_socket_stays_and_is_named(void **state)
{
    struct server *s = *state;
    struct winnow_error err = {0};
    control_free(s->control);
    s->control = NULL;
    int fd = openat(s->state, "control", O_CREAT | O_WRONLY, 0600);
    close(fd);
    assert_int_equal(control_new(s->state, &calls, s, &s->control, &err), WINNOW_EIO);
    assert_null(s->control);
    assert_non_null(strstr(err.text, "not a socket; "));
    assert_int_equal(unlinkat(s->state, "control", 0), 0);
}

static void a_folder_that_cannot_be_written_is_told(void **state)
{
    struct server *s = *state;
    struct winnow_error err = {0};
    struct control *c = NULL;
    int gone = open("/proc/self", O_RDONLY | O_DIRECTORY);
    assert_int_equal(control_new(gone, &calls, s, &c, &err), WINNOW_EIO);
    assert_null(c);
    assert_non_null(strstr(err.text, "state/control: "));
    close(gone);
}

static void a_spool_may_lie_deeper_than_a_sockets_path(void **state)
{
    struct server *s = *state;
    char name[101];
    int folders[4], top = s->state;
    memset(name, 'd', 100);
    name[100] = '\0';
    control_free(s->control);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(mkdirat(s->state, name, 0777), 0);
        folders[i] = openat(s->state, name, O_RDONLY | O_DIRECTORY);
        s->state = folders[i];
    }
    open_control(s);
    expect(s, "flush\n", "ok\n");
    control_free(s->control);
    s->control = NULL;
    for (int i = 3; i >= 0; i--) {
        assert_int_equal(unlinkat(i ? folders[i - 1] : top, name, AT_REMOVEDIR), 0);
        close(folders[i]);
    }
    s->state = top;
}

static void its_end_takes_the_socket_away(void **state)
{
    struct server *s = *state;
    int fd = connect_to(s);
    settle(s);
    control_free(s->control);
    s->control = NULL;
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
    assert_int_equal(faccessat(s->state, "control", F_OK, 0), -1);
    control_free(NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(answers_status_with_the_lines_it_is_given),
        T(a_flush_is_answered_when_it_was_begun),
        T(a_call_that_fails_is_told_as_one_line),
        T(tells_of_each_id_on_a_line_whatever_its_name_holds),
        T(ids_come_in_their_order_and_once),
        T(refuses_what_is_no_request),
        T(refuses_ids_that_are_none),
        T(takes_as_many_ids_as_it_says_and_no_more),
        T(a_nul_hides_nothing),
        T(a_request_may_come_in_pieces),
        T(a_request_without_end_is_refused),
        T(garbage_of_any_kind_hurts_nobody),
        T(who_hangs_up_is_forgotten),
        T(who_does_not_read_holds_up_nobody),
        T(carries_out_one_request_a_step),
        T(silent_clients_lose_their_place),
        T(rests_while_nobody_asks),
        T(goes_on_when_descriptors_are_there_again),
        T(the_socket_is_for_its_owner_and_its_group),
        T(strangers_cannot_connect),
        T(a_dead_servers_socket_is_replaced),
        T(what_is_no_socket_stays_and_is_named),
        T(a_folder_that_cannot_be_written_is_told),
        T(a_spool_may_lie_deeper_than_a_sockets_path),
        T(its_end_takes_the_socket_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
