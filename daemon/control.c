/* control.c - winnowd's end of the control socket: requests in, answers out.
 *
 * One epoll descriptor holds the socket, its connections and a timer for their deadlines:
 * whoever waits for that one hears of all of them, and has no deadline to count.
 *
 *     slots of clients        0 .. CONTROL_CLIENTS - 1
 *     the socket              AT_SOCKET
 *     the timer               AT_TIMER */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"

enum {
    AT_SOCKET = CONTROL_CLIENTS,
    AT_TIMER,
    SLOTS,
    REST_MS = 1000, /* for the machine to have descriptors again */
};

#define NAME "control"

struct client {
    int fd;
    int64_t due_ms;
    size_t len;             /* of the request, so far */
    char *answer;           /* NULL: still asking */
    size_t answer_len, sent;
    char request[CONTROL_MOST];
};

struct control {
    int state_fd, listener, timer, epoll;
    const struct control_calls *calls;
    void *ctx;
    struct client *clients[CONTROL_CLIENTS];
    size_t nclients;
    bool is_listening;
    int64_t rest_until_ms; /* 0: no need to */
    bool has_served;       /* a request in this step */
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool epoll_set(struct control *c, int op, int fd, uint32_t events, uint32_t slot)
{
    struct epoll_event event = {.events = events, .data = {.u32 = slot}};
    return epoll_ctl(c->epoll, op, fd, &event) == 0;
}

/* --- answers ------------------------------------------------------------------------------ */

/* A message is one line, whatever it quotes. */
static void put_text(FILE *answer, const char *text)
{
    for (; *text; text++)
        putc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, answer);
}

static void put_path(FILE *answer, const char *path)
{
    if (!*path)
        putc('-', answer);
    for (const unsigned char *p = (const unsigned char *)path; *p; p++)
        fprintf(answer, *p <= 0x20 || *p == '%' || *p >= 0x7f ? "%%%02X" : "%c", *p);
}

struct telling {
    FILE *answer;
    size_t done;
};

static void tell(void *ctx, uint64_t id, int status, const char *text)
{
    struct telling *t = ctx;
    fprintf(t->answer, "%llu %s ", (unsigned long long)id, status == 0 ? "done" : "failed");
    (status == 0 ? put_path : put_text)(t->answer, text);
    putc('\n', t->answer);
    t->done += status == 0;
}

/* --- requests ----------------------------------------------------------------------------- */

struct request {
    const char *verb;
    uint64_t ids[CONTROL_IDS];
    size_t count;
};

typedef int ids_call(void *ctx, const uint64_t *ids, size_t count, care_told_fn *told,
                     void *told_ctx, struct winnow_error *err);

static int take_ids(struct control *c, ids_call *call, const struct request *r, FILE *answer,
                    struct winnow_error *err)
{
    struct telling telling = {answer, 0};
    if (r->count == 0)
        return fault_set(err, WINNOW_EUSAGE, "%s takes ids; winnow queue ls lists them", r->verb);
    int status = call(c->ctx, r->ids, r->count, tell, &telling, err);
    if (status == WINNOW_OK)
        fprintf(answer, "ok %zu of %zu\n", telling.done, r->count);
    return status;
}

static int ask_retry(struct control *c, const struct request *r, FILE *answer,
                     struct winnow_error *err)
{
    return take_ids(c, c->calls->retry, r, answer, err);
}

static int ask_release(struct control *c, const struct request *r, FILE *answer,
                       struct winnow_error *err)
{
    return take_ids(c, c->calls->release, r, answer, err);
}

static int ask_status(struct control *c, const struct request *r, FILE *answer,
                      struct winnow_error *err)
{
    (void)r;
    int status = c->calls->status(c->ctx, answer, err);
    if (status == WINNOW_OK)
        fputs("ok\n", answer);
    return status;
}

static int ask_flush(struct control *c, const struct request *r, FILE *answer,
                     struct winnow_error *err)
{
    (void)r;
    int status = c->calls->flush(c->ctx, err);
    if (status == WINNOW_OK)
        fputs("ok\n", answer);
    return status;
}

static const struct verb {
    const char *name;
    int (*run)(struct control *c, const struct request *r, FILE *answer, struct winnow_error *err);
    size_t most_ids;
} verbs[] = {
    {"status", ask_status, 0},
    {"flush", ask_flush, 0},
    {"retry", ask_retry, CONTROL_IDS},
    {"release", ask_release, CONTROL_IDS},
};

static const struct verb *verb_of(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

/* Digits alone, without a sign or a leading zero: an id has one form. */
static bool read_id(const char *word, uint64_t *ret)
{
    char *end;
    if (*word < '1' || *word > '9')
        return false;
    errno = 0;
    *ret = strtoull(word, &end, 10);
    return !*end && errno == 0;
}

static bool has_id(const struct request *r, uint64_t id)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->ids[i] == id)
            return true;
    return false;
}

/* An id that is named twice is meant once. */
static int read_ids(char *words, size_t most, struct request *r, struct winnow_error *err)
{
    uint64_t id;
    for (char *word; (word = strtok_r(NULL, " ", &words)) != NULL;) {
        if (!read_id(word, &id))
            return fault_set(err, WINNOW_EUSAGE,
                             "\"%.40s\" is no id; winnow queue ls lists them", word);
        if (has_id(r, id))
            continue;
        if (r->count == most)
            return fault_set(err, WINNOW_EUSAGE, "%s takes at most %zu ids; send fewer at once",
                             r->verb, most);
        r->ids[r->count++] = id;
    }
    return WINNOW_OK;
}

static int read_and_run(struct control *c, char *line, FILE *answer, struct winnow_error *err)
{
    struct request r = {0};
    char *words = NULL;
    for (const unsigned char *p = (unsigned char *)line; *p; p++)
        if (*p < ' ' || *p >= 0x7f)
            return fault_set(err, WINNOW_EUSAGE, "not a line of words; send what control.h says");
    r.verb = strtok_r(line, " ", &words);
    const struct verb *v = r.verb ? verb_of(r.verb) : NULL;
    if (!v)
        return fault_set(err, WINNOW_EUSAGE,
                         "no such request; ask for status, flush, retry or release");
    int status = read_ids(words, v->most_ids, &r, err);
    return status == WINNOW_OK ? v->run(c, &r, answer, err) : status;
}

/* Makes the answer to a whole line, or to one that is too long (NULL).  false: no memory. */
static bool serve(struct control *c, struct client *client, char *line)
{
    struct winnow_error err = {0};
    FILE *answer = open_memstream(&client->answer, &client->answer_len);
    if (!answer)
        return false;
    int status = line ? read_and_run(c, line, answer, &err)
                      : fault_set(&err, WINNOW_EUSAGE,
                                  "the request is longer than %d bytes; send fewer ids at once",
                                  CONTROL_MOST);
    if (status != WINNOW_OK) {
        fputs("error: ", answer);
        put_text(answer, err.text);
        putc('\n', answer);
    }
    bool is_whole = !ferror(answer);
    is_whole = fclose(answer) == 0 && is_whole && client->answer;
    c->has_served = true;
    client->due_ms = now_ms() + CONTROL_ASK_MS;
    return is_whole;
}

/* --- clients ------------------------------------------------------------------------------ */

static void drop_client(struct control *c, size_t slot)
{
    struct client *client = c->clients[slot];
    close(client->fd);
    free(client->answer);
    free(client);
    c->clients[slot] = NULL;
    c->nclients--;
}

/* false: the connection has ended. */
static bool send_answer(struct control *c, struct client *client, size_t slot)
{
    while (client->sent < client->answer_len) {
        ssize_t n = send(client->fd, client->answer + client->sent,
                         client->answer_len - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return epoll_set(c, EPOLL_CTL_MOD, client->fd, EPOLLOUT, (uint32_t)slot);
        if (n <= 0)
            return false;
        client->sent += (size_t)n;
    }
    return false;
}

/* The same. */
static bool read_request(struct control *c, struct client *client, size_t slot)
{
    ssize_t n = recv(client->fd, client->request + client->len, CONTROL_MOST - client->len,
                     MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    char *line_end = memchr(client->request + client->len, '\n', (size_t)n);
    client->len += (size_t)n;
    if (!line_end && client->len < CONTROL_MOST)
        return true;
    if (line_end)
        *line_end = '\0';
    /* A NUL in the line would hide what stands behind it. */
    if (line_end && strlen(client->request) != (size_t)(line_end - client->request))
        client->request[0] = '\1';
    return serve(c, client, line_end ? client->request : NULL) && send_answer(c, client, slot);
}

static void step_client(struct control *c, size_t slot)
{
    struct client *client = c->clients[slot];
    if (!client || (!client->answer && c->has_served))
        return; /* it is readable in the next step too */
    if (!(client->answer ? send_answer : read_request)(c, client, slot))
        drop_client(c, slot);
}

static size_t free_slot(const struct control *c)
{
    size_t slot = 0;
    while (slot < CONTROL_CLIENTS && c->clients[slot])
        slot++;
    return slot;
}

/* Takes the connection over, or closes it. */
static void add_client(struct control *c, int fd)
{
    size_t slot = free_slot(c);
    struct client *client = malloc(sizeof *client);
    if (!client || !epoll_set(c, EPOLL_CTL_ADD, fd, EPOLLIN, (uint32_t)slot)) {
        free(client);
        close(fd);
        return;
    }
    client->fd = fd;
    client->due_ms = now_ms() + CONTROL_ASK_MS;
    client->len = client->sent = client->answer_len = 0;
    client->answer = NULL;
    c->clients[slot] = client;
    c->nclients++;
}

static void accept_clients(struct control *c)
{
    while (c->nclients < CONTROL_CLIENTS) {
        int fd = accept4(c->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            add_client(c, fd);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        /* No descriptors left: the socket would stay readable, and we would spin. */
        if (errno != EAGAIN)
            c->rest_until_ms = now_ms() + REST_MS;
        return;
    }
}

/* --- time --------------------------------------------------------------------------------- */

static void drop_late_clients(struct control *c, int64_t now)
{
    for (size_t slot = 0; slot < CONTROL_CLIENTS; slot++)
        if (c->clients[slot] && c->clients[slot]->due_ms <= now)
            drop_client(c, slot);
}

static void listen_where_there_is_room(struct control *c, int64_t now)
{
    if (c->rest_until_ms <= now)
        c->rest_until_ms = 0;
    bool wanted = c->nclients < CONTROL_CLIENTS && c->rest_until_ms == 0;
    if (wanted != c->is_listening &&
        epoll_set(c, EPOLL_CTL_MOD, c->listener, wanted ? EPOLLIN : 0, AT_SOCKET))
        c->is_listening = wanted;
}

static int64_t next_due(const struct control *c)
{
    int64_t due = c->rest_until_ms;
    for (size_t slot = 0; slot < CONTROL_CLIENTS; slot++)
        if (c->clients[slot] && (due == 0 || c->clients[slot]->due_ms < due))
            due = c->clients[slot]->due_ms;
    return due;
}

/* Nothing due: the timer is off, and an idle winnowd sleeps. */
static void set_timer(struct control *c)
{
    int64_t due = next_due(c);
    struct itimerspec when = {.it_value = {due / 1000, due % 1000 * 1000000}};
    timerfd_settime(c->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* --- the server --------------------------------------------------------------------------- */

int control_fd(const struct control *c)
{
    return c->epoll;
}

void control_step(struct control *c)
{
    struct epoll_event events[SLOTS];
    int n = epoll_wait(c->epoll, events, SLOTS, 0);
    c->has_served = false;
    for (int i = 0; i < n; i++) {
        if (events[i].data.u32 < CONTROL_CLIENTS)
            step_client(c, events[i].data.u32);
        else if (events[i].data.u32 == AT_SOCKET)
            accept_clients(c);
    }
    int64_t now = now_ms();
    drop_late_clients(c, now);
    listen_where_there_is_room(c, now);
    set_timer(c); /* setting it anew makes it silent */
}

/* One that lies there is a dead winnowd's: we have the lock. */
static int remove_stale(int state_fd, struct winnow_error *err)
{
    struct stat st;
    if (fstatat(state_fd, NAME, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? WINNOW_OK
                               : fault_errno(err, "check the folder's permissions",
                                             "state/" NAME ": cannot be looked at");
    if (!S_ISSOCK(st.st_mode))
        return fault_set(err, WINNOW_EIO,
                         "state/" NAME ": not a socket; move it away, it is winnowd's name");
    if (unlinkat(state_fd, NAME, 0) != 0)
        return fault_errno(err, "check the folder's permissions",
                           "state/" NAME ": cannot be removed");
    return WINNOW_OK;
}

/* By the descriptor of the folder: the path of a spool may be longer than a socket's may be.
 * Until it listens nobody can connect, so nobody does before it has its mode. */
static int bind_socket(struct control *c, struct winnow_error *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/" NAME, c->state_fd);
    c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->listener < 0 || bind(c->listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        fchmodat(c->state_fd, NAME, 0660, 0) != 0 || listen(c->listener, CONTROL_CLIENTS) != 0)
        return fault_errno(err, "is /proc there, and may state/ be written?",
                           "state/" NAME ": cannot be made");
    return WINNOW_OK;
}

static int begin_waiting(struct control *c, struct winnow_error *err)
{
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    c->is_listening = true;
    if (c->epoll < 0 || c->timer < 0 ||
        !epoll_set(c, EPOLL_CTL_ADD, c->listener, EPOLLIN, AT_SOCKET) ||
        !epoll_set(c, EPOLL_CTL_ADD, c->timer, EPOLLIN, AT_TIMER))
        return fault_errno(err, "raise the limits on open files",
                           "state/" NAME ": cannot be waited for");
    return WINNOW_OK;
}

int control_new(int state_fd, const struct control_calls *calls, void *ctx, struct control **ret,
                struct winnow_error *err)
{
    int status = remove_stale(state_fd, err);
    if (status != WINNOW_OK)
        return status;
    struct control *c = calloc(1, sizeof *c);
    if (!c)
        return fault_nomem(err);
    c->state_fd = state_fd;
    c->listener = c->timer = c->epoll = -1;
    c->calls = calls;
    c->ctx = ctx;
    status = bind_socket(c, err);
    if (status == WINNOW_OK)
        status = begin_waiting(c, err);
    if (status == WINNOW_OK)
        *ret = c;
    else
        control_free(c);
    return status;
}

void control_free(struct control *c)
{
    if (!c)
        return;
    for (size_t slot = 0; slot < CONTROL_CLIENTS; slot++)
        if (c->clients[slot])
            drop_client(c, slot);
    const int fds[] = {c->listener, c->timer, c->epoll};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    unlinkat(c->state_fd, NAME, 0);
    free(c);
}
