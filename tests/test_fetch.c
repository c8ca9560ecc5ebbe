/* test_fetch.c - fetching, against a small web server of our own on loopback. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "../cli/fetch.h"

/* --- the server: one thread, one connection after the other ------------------- */

struct server {
    int listener;
    unsigned short port;
    pthread_t thread;
    pthread_mutex_t lock;
    unsigned requests;
    char request[4096]; /* the last one */
};

static struct server first, second;

static bool send_all(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static bool send_text(int fd, const char *text)
{
    return send_all(fd, text, strlen(text));
}

/* Waits until the client goes: nothing more comes from us. */
static void stay_silent(int fd)
{
    char bytes[256];

    while (recv(fd, bytes, sizeof bytes, 0) > 0)
        ;
}

/* Sends a piece again and again until the client goes. */
static void send_forever(int fd, const char *piece)
{
    while (send_text(fd, piece))
        ;
}

/* size zeros as gzip; the caller frees. */
static unsigned char *gzip_zeros(size_t size, size_t *len)
{
    static unsigned char zeros[1 << 16];
    z_stream z = {0};
    size_t cap = size / 500 + 1000;
    unsigned char *out = malloc(cap);

    if (!out || deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    z.next_out = out;
    z.avail_out = (uInt)cap;
    for (size_t done = 0; done < size; done += sizeof zeros) {
        z.next_in = zeros;
        z.avail_in = sizeof zeros;
        deflate(&z, done + sizeof zeros < size ? Z_NO_FLUSH : Z_FINISH);
    }
    *len = z.total_out;
    deflateEnd(&z);
    return out;
}

static void serve_gzip(int fd, size_t unpacked)
{
    size_t len;
    unsigned char *body = gzip_zeros(unpacked, &len);
    char head[200];

    snprintf(head, sizeof head,
             "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", len);
    if (send_text(fd, head))
        send_all(fd, body, len);
    free(body);
}

static void serve_bomb(int fd)
{
    serve_gzip(fd, (size_t)64 << 20);
}

static void serve_small_gzip(int fd)
{
    serve_gzip(fd, (size_t)1 << 16);
}

static void serve_announced(int fd)
{
    send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n");
    stay_silent(fd);
}

static void serve_endless(int fd)
{
    send_text(fd, "HTTP/1.1 200 OK\r\n\r\n");
    send_forever(fd, "One more line of a page without end.\n");
}

static void serve_endless_headers(int fd)
{
    send_text(fd, "HTTP/1.1 200 OK\r\n");
    send_forever(fd, "X-More: and more of it\r\n");
}

static void serve_endless_continue(int fd)
{
    send_forever(fd, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void serve_endless_error(int fd)
{
    send_text(fd, "HTTP/1.1 404 Not Found\r\n\r\n");
    send_forever(fd, "Sorry. Sorry. Sorry.\n");
}

static void serve_redirect_with_endless_body(int fd)
{
    send_text(fd, "HTTP/1.1 302 Found\r\nLocation: /page\r\n\r\n");
    send_forever(fd, "Nobody reads what stands below a redirect.\n");
}

static void serve_to_second(int fd)
{
    char head[200];

    snprintf(
        head, sizeof head,
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/page\r\nContent-Length: 0\r\n\r\n",
        second.port);
    send_text(fd, head);
}

#define PAGE "<p>The bridge was opened on Monday.</p>\n"
#define PAGE_LEN "40"

/* Tables are laid out by hand. */
/* clang-format off */
static const struct route {
    const char *path;
    const char *answer;
    void (*serve)(int fd); /* where the answer is no fixed text */
} routes[] = {
    {"/page", "HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=\"windows-1251\"\r\n"
              "Content-Length: " PAGE_LEN "\r\n\r\n" PAGE, NULL},
    {"/untyped", "HTTP/1.1 200 OK\r\nContent-Length: " PAGE_LEN "\r\n\r\n" PAGE, NULL},
    {"/empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL},
    {"/moved", "HTTP/1.1 301 Moved\r\nLocation: /moved-again\r\nSet-Cookie: who=me\r\n"
               "Content-Length: 0\r\n\r\n", NULL},
    {"/moved-again", "HTTP/1.1 302 Found\r\nLocation: /page\r\nContent-Length: 0\r\n\r\n", NULL},
    {"/loop", "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n", NULL},
    {"/to-file", "HTTP/1.1 302 Found\r\nLocation: file:///etc/hostname\r\n"
                 "Content-Length: 0\r\n\r\n", NULL},
    {"/to-ftp", "HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/page\r\n"
                "Content-Length: 0\r\n\r\n", NULL},
    {"/to-login", "HTTP/1.1 302 Found\r\nLocation: http://me:hunter2@127.0.0.1/page\r\n"
                  "Content-Length: 0\r\n\r\n", NULL},
    {"/missing", "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nNot here\n", NULL},
    {"/broken", "HTTP/1.1 503 Unavailable\r\nContent-Length: 6\r\n\r\nLater\n", NULL},
    {"/nowhere", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", NULL},
    {"/short", "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\nThe bridge was op", NULL},
    {"/no-gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " PAGE_LEN
                 "\r\n\r\n" PAGE, NULL},
    {"/nothing", "", NULL},
    {"/type-bare", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                   "Content-Length: 0\r\n\r\n", NULL},
    {"/type-second", "HTTP/1.1 200 OK\r\nContent-Type: text/html;version=1; CharSet = KOI8-R ;x=y"
                     "\r\nContent-Length: 0\r\n\r\n", NULL},
    {"/type-odd", "HTTP/1.1 200 OK\r\nContent-Type: ;;charset='utf-8\r\n"
                  "Content-Length: 0\r\n\r\n", NULL},
    {"/type-evil", "HTTP/1.1 200 OK\r\nContent-Type: text/<b>; charset=\x1b[2J\r\n"
                   "Content-Length: 0\r\n\r\n", NULL},
    {"/bomb", NULL, serve_bomb},
    {"/gzip", NULL, serve_small_gzip},
    {"/announced", NULL, serve_announced},
    {"/endless", NULL, serve_endless},
    {"/endless-headers", NULL, serve_endless_headers},
    {"/endless-continue", NULL, serve_endless_continue},
    {"/endless-redirect", NULL, serve_redirect_with_endless_body},
    {"/endless-error", NULL, serve_endless_error},
    {"/silent", NULL, stay_silent},
    {"/to-second", NULL, serve_to_second},
};
/* clang-format on */

/* Reads a request into s->request; false where the client only came to leave. */
static bool request_read(struct server *s, int fd)
{
    char bytes[sizeof s->request];
    size_t len = 0;
    ssize_t n;

    while (len < sizeof bytes - 1) {
        n = recv(fd, bytes + len, sizeof bytes - 1 - len, 0);
        if (n <= 0)
            return false;
        len += (size_t)n;
        bytes[len] = '\0';
        if (strstr(bytes, "\r\n\r\n"))
            break;
    }
    pthread_mutex_lock(&s->lock);
    memcpy(s->request, bytes, len + 1);
    s->requests++;
    pthread_mutex_unlock(&s->lock);
    return true;
}

/* A proxy's request names a whole URL: the path is what we go by. */
static const char *request_path(const char *request)
{
    const char *p = strchr(request, ' ') + 1;

    return strncmp(p, "http://", 7) == 0 ? strchr(p + 7, '/') : p;
}

static void serve(struct server *s, int fd)
{
    const char *path = request_path(s->request);
    size_t len = strcspn(path, " ?");

    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strlen(routes[i].path) != len || strncmp(routes[i].path, path, len) != 0)
            continue;
        if (routes[i].serve)
            routes[i].serve(fd);
        else
            send_text(fd, routes[i].answer);
        return;
    }
    send_text(fd, "HTTP/1.1 500 No such route\r\nContent-Length: 0\r\n\r\n");
}

static void *server_run(void *ctx)
{
    struct server *s = ctx;

    for (;;) {
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0)
            return NULL; /* server_stop has shut the listener down */
        if (request_read(s, fd))
            serve(s, fd);
        close(fd);
    }
}

static void server_start(struct server *s)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;

    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(s->listener >= 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(listen(s->listener, 16), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&addr, &len), 0);
    s->port = ntohs(addr.sin_port);
    pthread_mutex_init(&s->lock, NULL);
    assert_int_equal(pthread_create(&s->thread, NULL, server_run, s), 0);
}

static void server_stop(struct server *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    pthread_mutex_destroy(&s->lock);
}

static unsigned server_requests(struct server *s)
{
    unsigned n;

    pthread_mutex_lock(&s->lock);
    n = s->requests;
    pthread_mutex_unlock(&s->lock);
    return n;
}

static bool server_heard(struct server *s, const char *text)
{
    bool heard;

    pthread_mutex_lock(&s->lock);
    heard = strcasestr(s->request, text) != NULL;
    pthread_mutex_unlock(&s->lock);
    return heard;
}

static int start(void **state)
{
    static const char *const proxies[] = {"http_proxy", "all_proxy", "no_proxy", "ALL_PROXY",
                                          "NO_PROXY"};

    (void)state;
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
        unsetenv(proxies[i]);
    server_start(&first);
    server_start(&second);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    server_stop(&first);
    server_stop(&second);
    return 0;
}

/* --- one fetch ------------------------------------------------------------------ */

static char message[1024];

static const char *judge_none(const struct sockaddr *addr)
{
    (void)addr;
    return NULL;
}

static const char *judge_second(const struct sockaddr *addr)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)addr;

    return ntohs(in->sin_port) == second.port ? "the second server" : NULL;
}

/* A fetch of the first server, of which every address is allowed. */
static int fetch(const char *path, struct fetch_options o, struct fetched *ret)
{
    char url[200];

    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", first.port, path);
    if (!o.judge)
        o.judge = judge_none;
    if (!o.total_ms)
        o.total_ms = 20000; /* a guard: nothing here takes so long */
    message[0] = '\0';
    return fetch_url(url, &o, ret, message, sizeof message);
}

static void assert_says(const char *text)
{
    if (!strstr(message, text))
        fail_msg("\"%s\" does not say \"%s\"", message, text);
    assert_null(strchr(message, '\n'));
}

static void assert_fails(const char *path, struct fetch_options o, int status, const char *says)
{
    struct fetched got = {.len = 77};

    assert_int_equal(fetch(path, o, &got), status);
    assert_says(says);
    assert_says("; ");
    assert_int_equal(got.len, 77); /* untouched */
    assert_null(got.data);
}

/* --- addresses ------------------------------------------------------------------ */

static const char *judge_text(const char *text)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
        return fetch_not_public((struct sockaddr *)&in);
    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    return fetch_not_public((struct sockaddr *)&in6);
}

static void knows_the_addresses_that_are_not_public(void **state)
{
    /* clang-format off */
    static const char *const addresses[] = {
        "0.0.0.0", "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255",
        "100.100.100.200", "127.0.0.1", "127.255.255.255", "168.63.129.16", "169.254.0.1",
        "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.1", "192.0.0.192",
        "192.0.2.7", "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.0",
        "198.19.255.255", "198.51.100.9", "203.0.113.9", "224.0.0.1", "239.255.255.255",
        "240.0.0.0", "255.255.255.254", "255.255.255.255",
        "::", "::1", "::2", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.1.2.3",
        "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::c0a8:101", "64:ff9b:1::1",
        "100::1", "2001::1", "2001:0:808:808::f5ff:fffe", "2001:10::1", "2001:db8::1",
        "2002:7f00:1::1", "2002:a00:1::1", "2002:c0a8:101::1", "3fff:0:1::1", "4000::1",
        "5f00::1", "fc00::1", "fd00:ec2::254", "fdff:ffff::1", "fe80::1", "febf::1", "fec0::1",
        "ff02::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        if (!judge_text(addresses[i]))
            fail_msg("%s is taken for public", addresses[i]);
}

static void knows_the_addresses_that_are_public(void **state)
{
    /* clang-format off */
    static const char *const addresses[] = {
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
        "126.255.255.255", "128.0.0.0", "168.63.129.17", "169.253.255.255", "169.255.0.0",
        "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.88.98.255",
        "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.101.0",
        "203.0.112.255", "203.0.114.0", "223.255.255.255",
        "::ffff:8.8.8.8", "64:ff9b::808:808", "2001:200::1", "2001:4860:4860::8888",
        "2001:db7:ffff::1", "2001:db9::1", "2002:808:808::1", "2606:4700::1111", "2a00:1450::1",
        "3ffe::1", "3fff:1000::1",
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        if (judge_text(addresses[i]))
            fail_msg("%s is taken for %s", addresses[i], judge_text(addresses[i]));
}

static void names_what_an_address_is(void **state)
{
    struct sockaddr local = {.sa_family = AF_UNIX};

    (void)state;
    assert_string_equal(judge_text("127.8.9.1"), "loopback");
    assert_string_equal(judge_text("::ffff:127.8.9.1"), "loopback");
    assert_string_equal(judge_text("169.254.169.254"), "link-local");
    assert_string_equal(judge_text("255.255.255.255"), "broadcast");
    assert_string_equal(judge_text("::1"), "loopback");
    assert_string_equal(judge_text("fd00::1"), "a private network");
    assert_string_equal(judge_text("fe80::1"), "link-local");
    assert_string_equal(judge_text("ff02::1"), "multicast");
    assert_non_null(fetch_not_public(&local));
}

static void refuses_loopback_before_it_connects(void **state)
{
    struct fetched got = {0};
    unsigned before = server_requests(&first);

    (void)state;
    assert_int_equal(fetch("/page", (struct fetch_options){.judge = fetch_not_public}, &got),
                     EX_UNAVAILABLE);
    assert_says("127.0.0.1, loopback");
    assert_says("--allow-private");
    assert_int_equal(server_requests(&first), before);
}

static void refuses_a_name_for_the_address_behind_it(void **state)
{
    struct fetched got = {0};
    char url[100];

    (void)state;
    snprintf(url, sizeof url, "http://localhost:%u/page", first.port);
    assert_int_equal(fetch_url(url, NULL, &got, message, sizeof message), EX_UNAVAILABLE);
    assert_says("loopback");
    /* Numbers in clothes: the same address written otherwise. */
    snprintf(url, sizeof url, "http://0x7f.1:%u/page", first.port);
    assert_int_equal(fetch_url(url, NULL, &got, message, sizeof message), EX_UNAVAILABLE);
    assert_says("loopback");
}

static void fetches_loopback_where_that_is_allowed(void **state)
{
    struct fetch_options o = {.judge = fetch_not_public, .allow_private = true};
    struct fetched got = {0};

    (void)state;
    assert_int_equal(fetch("/page", o, &got), 0);
    fetched_free(&got);
}

static void judges_the_address_of_every_redirect(void **state)
{
    struct fetched got = {0};
    unsigned before = server_requests(&second);

    (void)state;
    assert_int_equal(fetch("/to-second", (struct fetch_options){0}, &got), 0);
    assert_int_equal(server_requests(&second), before + 1);
    fetched_free(&got);
    assert_fails("/to-second", (struct fetch_options){.judge = judge_second}, EX_UNAVAILABLE,
                 "/to-second: redirects to http://127.0.0.1:");
    assert_says("the second server");
    assert_int_equal(server_requests(&second), before + 1);
}

/* --- what comes back --------------------------------------------------------------- */

static void returns_the_page_and_what_http_said_of_it(void **state)
{
    struct fetched got = {0};

    (void)state;
    assert_int_equal(fetch("/page", (struct fetch_options){0}, &got), 0);
    assert_int_equal(got.len, strlen(PAGE));
    assert_memory_equal(got.data, PAGE, strlen(PAGE));
    assert_string_equal(got.charset, "windows-1251");
    assert_non_null(strstr(got.url, "/page"));
    fetched_free(&got);
    assert_int_equal(fetch("/untyped", (struct fetch_options){0}, &got), 0);
    assert_string_equal(got.charset, "");
    fetched_free(&got);
}

static void reads_content_types_as_servers_write_them(void **state)
{
    static const struct {
        const char *path, *charset;
    } types[] = {
        {"/type-bare", ""},
        {"/type-second", "KOI8-R"},
        {"/type-odd", "utf-8"},
        {"/type-evil", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct fetched got = {0};
        assert_int_equal(fetch(types[i].path, (struct fetch_options){0}, &got), 0);
        assert_string_equal(got.charset, types[i].charset);
        fetched_free(&got);
    }
}

/* For libcurl alone: there is never any memory. */
static void *no_malloc(size_t size)
{
    (void)size;
    return NULL;
}

static void *no_realloc(void *p, size_t size)
{
    (void)p;
    (void)size;
    return NULL;
}

static void *no_calloc(size_t n, size_t size)
{
    (void)n;
    (void)size;
    return NULL;
}

static char *no_strdup(const char *s)
{
    (void)s;
    return NULL;
}

static void no_memory_is_the_machines_failure(void **state)
{
    struct fetched got = {.len = 77};

    (void)state;
    /* Whoever initialises libcurl first says whose memory it takes. */
    assert_int_equal(curl_global_init_mem(CURL_GLOBAL_DEFAULT, no_malloc, free, no_realloc,
                                          no_strdup, no_calloc),
                     CURLE_OK);
    assert_int_equal(fetch("/page", (struct fetch_options){0}, &got), EX_OSERR);
    curl_global_cleanup();
    assert_says("no memory left; ");
    assert_int_equal(got.len, 77);
}

static void an_empty_page_is_a_page(void **state)
{
    struct fetched got = {0};

    (void)state;
    assert_int_equal(fetch("/empty", (struct fetch_options){0}, &got), 0);
    assert_int_equal(got.len, 0);
    assert_non_null(got.data);
    fetched_free(&got);
}

static void says_who_asks_and_takes_compressed_pages(void **state)
{
    struct fetched got = {0};

    (void)state;
    assert_int_equal(fetch("/gzip", (struct fetch_options){0}, &got), 0);
    assert_int_equal(got.len, 1 << 16);
    assert_int_equal(got.data[0], 0);
    assert_int_equal(got.data[got.len - 1], 0);
    assert_true(server_heard(&first, "\r\nUser-Agent: winnow/"));
    assert_true(server_heard(&first, "\r\nAccept-Encoding: "));
    assert_true(server_heard(&first, "gzip"));
    fetched_free(&got);
}

static void follows_redirects_and_says_where_they_led(void **state)
{
    struct fetched got = {0};
    char url[100];

    (void)state;
    assert_int_equal(fetch("/moved", (struct fetch_options){0}, &got), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/page", first.port);
    assert_string_equal(got.url, url);
    assert_int_equal(got.len, strlen(PAGE));
    fetched_free(&got);
}

static void carries_no_cookies_along(void **state)
{
    struct fetched got = {0};

    (void)state;
    assert_int_equal(fetch("/moved", (struct fetch_options){0}, &got), 0);
    assert_false(server_heard(&first, "\r\nCookie:"));
    assert_false(server_heard(&first, "\r\nReferer:"));
    fetched_free(&got);
}

static void gives_up_after_ten_redirects(void **state)
{
    unsigned before = server_requests(&first);

    (void)state;
    assert_fails("/loop", (struct fetch_options){0}, EX_UNAVAILABLE, "redirects again and again");
    assert_int_equal(server_requests(&first), before + 11);
}

/* --- bounds ------------------------------------------------------------------------ */

static void stops_a_page_that_unpacks_to_more_than_the_limit(void **state)
{
    struct fetch_options o = {.max_bytes = 1 << 20};

    (void)state;
    assert_fails("/bomb", o, EX_DATAERR, "limit of 1048576 bytes; raise --max-size");
}

static void stops_a_page_without_end(void **state)
{
    (void)state;
    assert_fails("/endless", (struct fetch_options){.max_bytes = 1 << 20}, EX_DATAERR, "limit");
}

static void refuses_a_large_page_before_its_first_byte(void **state)
{
    (void)state;
    assert_fails("/announced", (struct fetch_options){0}, EX_DATAERR, "limit of 67108864 bytes");
}

static void takes_a_page_of_just_the_limit(void **state)
{
    struct fetched got = {0};

    (void)state;
    assert_int_equal(fetch("/gzip", (struct fetch_options){.max_bytes = 1 << 16}, &got), 0);
    assert_int_equal(got.len, 1 << 16);
    fetched_free(&got);
    assert_fails("/gzip", (struct fetch_options){.max_bytes = (1 << 16) - 1}, EX_DATAERR, "limit");
    assert_int_equal(fetch("/page", (struct fetch_options){.max_bytes = strlen(PAGE)}, &got), 0);
    fetched_free(&got);
}

static void stops_headers_without_end(void **state)
{
    (void)state;
    assert_fails("/endless-headers", (struct fetch_options){0}, EX_UNAVAILABLE,
                 "headers without end");
    assert_fails("/endless-continue", (struct fetch_options){0}, EX_UNAVAILABLE,
                 "headers without end");
}

static void passes_over_what_stands_below_a_redirect(void **state)
{
    struct fetched got = {0};

    (void)state;
    assert_int_equal(fetch("/endless-redirect", (struct fetch_options){.max_bytes = 4096}, &got),
                     0);
    assert_int_equal(got.len, strlen(PAGE));
    fetched_free(&got);
}

static void gives_up_on_a_host_that_stays_silent(void **state)
{
    (void)state;
    assert_fails("/silent", (struct fetch_options){.total_ms = 200}, EX_UNAVAILABLE,
                 "took too long");
}

/* --- what is no page ------------------------------------------------------------------ */

static void an_error_status_is_an_error(void **state)
{
    (void)state;
    assert_fails("/missing", (struct fetch_options){0}, EX_UNAVAILABLE, "HTTP status 404");
    assert_fails("/broken", (struct fetch_options){0}, EX_UNAVAILABLE, "HTTP status 503");
    assert_fails("/endless-error", (struct fetch_options){0}, EX_UNAVAILABLE, "HTTP status 404");
    assert_fails("/nowhere", (struct fetch_options){0}, EX_UNAVAILABLE, "HTTP status 302");
}

static void half_a_page_is_an_error(void **state)
{
    (void)state;
    assert_fails("/short", (struct fetch_options){0}, EX_UNAVAILABLE, "in the middle of the page");
    assert_fails("/no-gzip", (struct fetch_options){0}, EX_UNAVAILABLE, "compression");
    assert_fails("/nothing", (struct fetch_options){0}, EX_UNAVAILABLE, "answered nothing");
}

static void a_closed_port_is_an_error(void **state)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, so that nobody else listens there */
    struct fetch_options o = {.judge = judge_none};
    struct fetched got = {0};
    char url[100];

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", ntohs(addr.sin_port));
    assert_int_equal(fetch_url(url, &o, &got, message, sizeof message), EX_UNAVAILABLE);
    assert_says("no connection");
    close(fd);
}

static void only_http_and_https_are_fetched(void **state)
{
    static const char *const urls[] = {"file:///etc/hostname", "ftp://127.0.0.1/x",
                                       "gopher://127.0.0.1/x", "scp://127.0.0.1/x"};
    struct fetched got = {0};

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct fetch_options o = {.allow_private = true};
        assert_int_equal(fetch_url(urls[i], &o, &got, message, sizeof message), EX_USAGE);
        assert_says("neither http nor https");
    }
    assert_fails("/to-file", (struct fetch_options){0}, EX_UNAVAILABLE, "neither http nor https");
    assert_fails("/to-ftp", (struct fetch_options){0}, EX_UNAVAILABLE, "neither http nor https");
}

static void sends_no_password_and_shows_none(void **state)
{
    struct fetched got = {0};
    unsigned before = server_requests(&first);
    char url[100];

    (void)state;
    snprintf(url, sizeof url, "http://me:hunter2@127.0.0.1:%u/page", first.port);
    assert_int_equal(fetch_url(url, NULL, &got, message, sizeof message), EX_USAGE);
    assert_says("user name or password");
    assert_null(strstr(message, "hunter2"));
    assert_int_equal(fetch_url("http://me:hunter2@[/", NULL, &got, message, sizeof message),
                     EX_USAGE);
    assert_null(strstr(message, "hunter2"));
    assert_int_equal(server_requests(&first), before);
    assert_fails("/to-login", (struct fetch_options){0}, EX_UNAVAILABLE, "user name or password");
    assert_null(strstr(message, "hunter2"));
}

static void a_message_is_one_line_without_control_characters(void **state)
{
    struct fetched got = {0};

    (void)state;
    assert_int_equal(fetch_url("http://exa\x1b[2J\nmple/", NULL, &got, message, sizeof message),
                     EX_USAGE);
    assert_says("is no URL");
    for (const char *p = message; *p; p++)
        assert_true((unsigned char)*p >= 0x20);
}

static void long_urls_do_not_overrun_the_message(void **state)
{
    struct fetched got = {0};
    char url[5000], small[20] = "";

    (void)state;
    memset(url, 'a', sizeof url - 1);
    url[sizeof url - 1] = '\0';
    memcpy(url, "ftp://", 6);
    assert_int_equal(fetch_url(url, NULL, &got, small, sizeof small), EX_USAGE);
    assert_int_equal(strlen(small), sizeof small - 1);
}

static void does_not_use_the_environments_proxy(void **state)
{
    struct fetched got = {0};
    unsigned before = server_requests(&second);
    char proxy[100];

    (void)state;
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", second.port);
    setenv("http_proxy", proxy, 1);
    setenv("all_proxy", proxy, 1);
    assert_int_equal(fetch("/page", (struct fetch_options){0}, &got), 0);
    fetched_free(&got);
    assert_int_equal(server_requests(&second), before);
    assert_int_equal(fetch("/page", (struct fetch_options){.allow_private = true}, &got), 0);
    fetched_free(&got);
    assert_int_equal(server_requests(&second), before + 1);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_addresses_that_are_not_public),
        cmocka_unit_test(knows_the_addresses_that_are_public),
        cmocka_unit_test(names_what_an_address_is),
        cmocka_unit_test(refuses_loopback_before_it_connects),
        cmocka_unit_test(refuses_a_name_for_the_address_behind_it),
        cmocka_unit_test(fetches_loopback_where_that_is_allowed),
        cmocka_unit_test(judges_the_address_of_every_redirect),
        cmocka_unit_test(returns_the_page_and_what_http_said_of_it),
        cmocka_unit_test(reads_content_types_as_servers_write_them),
        cmocka_unit_test(no_memory_is_the_machines_failure),
        cmocka_unit_test(an_empty_page_is_a_page),
        cmocka_unit_test(says_who_asks_and_takes_compressed_pages),
        cmocka_unit_test(follows_redirects_and_says_where_they_led),
        cmocka_unit_test(carries_no_cookies_along),
        cmocka_unit_test(gives_up_after_ten_redirects),
        cmocka_unit_test(stops_a_page_that_unpacks_to_more_than_the_limit),
        cmocka_unit_test(stops_a_page_without_end),
        cmocka_unit_test(refuses_a_large_page_before_its_first_byte),
        cmocka_unit_test(takes_a_page_of_just_the_limit),
        cmocka_unit_test(stops_headers_without_end),
        cmocka_unit_test(passes_over_what_stands_below_a_redirect),
        cmocka_unit_test(gives_up_on_a_host_that_stays_silent),
        cmocka_unit_test(an_error_status_is_an_error),
        cmocka_unit_test(half_a_page_is_an_error),
        cmocka_unit_test(a_closed_port_is_an_error),
        cmocka_unit_test(only_http_and_https_are_fetched),
        cmocka_unit_test(sends_no_password_and_shows_none),
        cmocka_unit_test(a_message_is_one_line_without_control_characters),
        cmocka_unit_test(long_urls_do_not_overrun_the_message),
        cmocka_unit_test(does_not_use_the_environments_proxy),
    };

    return cmocka_run_group_tests_name("fetch", tests, start, stop);
}
