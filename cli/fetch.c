/* fetch.c - fetch a page over http or https.
 *
 * 1. Every connection, also that of a redirect, goes to an address that the judge
 *    lets pass.  The judge sees the very address that is connected to, not a name:
 *    a name may resolve to something else the second time.
 * 2. What is kept is at most max_bytes, counted after decompression; headers,
 *    redirects and time are bounded too.
 * 3. Nothing of the user goes along: no cookies, no .netrc, no name and password
 *    from a URL, no proxy that the environment names. */
#include "fetch.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "winnow.h"

#define DEFAULT_MAX_BYTES ((size_t)64 << 20)
#define MAX_HEADER_BYTES ((size_t)256 << 10) /* all responses of one fetch together */
#define SHOWN 300                            /* bytes of a URL in a message */

/* --- addresses -------------------------------------------------------------- */

/* The first line that matches decides; IPv4 addresses that match none are public.
 * From the special-purpose registries of IANA (RFC 6890 and its successors). */
static const struct net {
    const char *prefix;
    unsigned bits;
    unsigned embeds;  /* where an IPv4 address stands in it, which decides; 0: nowhere */
    const char *what; /* NULL: public */
} nets[] = {
    {"0.0.0.0", 8, 0, "this network"},
    {"10.0.0.0", 8, 0, "a private network"},
    {"100.64.0.0", 10, 0, "a carrier's shared network"},
    {"127.0.0.0", 8, 0, "loopback"},
    {"168.63.129.16", 32, 0, "a cloud's host service"}, /* public by number only */
    {"169.254.0.0", 16, 0, "link-local"}, /* the clouds' metadata services live here */
    {"172.16.0.0", 12, 0, "a private network"},
    {"192.0.0.0", 24, 0, "reserved for protocols"},
    {"192.0.2.0", 24, 0, "for documentation"},
    {"192.88.99.0", 24, 0, "a tunnel relay"},
    {"192.168.0.0", 16, 0, "a private network"},
    {"198.18.0.0", 15, 0, "for benchmarks"},
    {"198.51.100.0", 24, 0, "for documentation"},
    {"203.0.113.0", 24, 0, "for documentation"},
    {"224.0.0.0", 4, 0, "multicast"},
    {"255.255.255.255", 32, 0, "broadcast"},
    {"240.0.0.0", 4, 0, "reserved"},

    {"::1", 128, 0, "loopback"},
    {"::", 128, 0, "this network"},
    {"::ffff:0:0", 96, 12, NULL},
    {"64:ff9b::", 96, 12, NULL}, /* NAT64, the way to IPv4 where a network has only IPv6 */
    {"2001::", 23, 0, "reserved for protocols"}, /* Teredo too: it hides two addresses */
    {"2001:db8::", 32, 0, "for documentation"},
    {"2002::", 16, 2, NULL}, /* 6to4 */
    {"3fff::", 20, 0, "for documentation"},
    {"2000::", 3, 0, NULL},
    {"fc00::", 7, 0, "a private network"},
    {"fe80::", 10, 0, "link-local"},
    {"fec0::", 10, 0, "a private network"},
    {"ff00::", 8, 0, "multicast"},
    {"::", 0, 0, "reserved"},
};

static bool prefix_matches(const unsigned char *addr, const unsigned char *prefix, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (memcmp(addr, prefix, whole) != 0)
        return false;
    return rest == 0 || ((addr[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

static const char *address_judge(int family, const unsigned char *addr)
{
    unsigned char prefix[16];

    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        const struct net *net = &nets[i];
        if (inet_pton(family, net->prefix, prefix) != 1)
            continue; /* of the other family */
        if (!prefix_matches(addr, prefix, net->bits))
            continue;
        return net->embeds ? address_judge(AF_INET, addr + net->embeds) : net->what;
    }
    return NULL;
}

/* The address's bytes, or NULL where it is of no family that we know. */
static const unsigned char *address_bytes(const struct sockaddr *addr)
{
    switch (addr->sa_family) {
    case AF_INET:
        return (const unsigned char *)&((const struct sockaddr_in *)(const void *)addr)->sin_addr;
    case AF_INET6:
        return (const unsigned char *)&((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr;
    default:
        return NULL;
    }
}

const char *fetch_not_public(const struct sockaddr *addr)
{
    const unsigned char *bytes = address_bytes(addr);

    return bytes ? address_judge(addr->sa_family, bytes) : "no internet address";
}

/* --- one transfer ----------------------------------------------------------- */

/* Why we stopped a transfer ourselves. */
enum stop { STOP_NOT, STOP_LIMIT, STOP_HEADERS, STOP_MEMORY };

struct transfer {
    CURL *easy;
    struct fetch_options o; /* all set */
    char *data;
    size_t len, cap;
    size_t header_bytes;
    enum stop stop;
    const char *refused;            /* what the judge said last */
    char address[INET6_ADDRSTRLEN]; /* of whom */
    char shown[SHOWN];              /* the URL as messages name it: without its password */
};

static bool transfer_grow(struct transfer *t, size_t need)
{
    size_t cap = t->cap > t->o.max_bytes / 2 ? t->o.max_bytes : t->cap * 2;
    char *data;

    if (cap < need)
        cap = need;
    data = realloc(t->data, cap);
    if (!data)
        return false;
    t->data = data;
    t->cap = cap;
    return true;
}

/* libcurl's write function.  The bytes are decoded already, so that a page which
 * unpacks without end stops here. */
static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    size_t len = size * n; /* size is 1, says libcurl */

    if (len > t->o.max_bytes - t->len) {
        t->stop = STOP_LIMIT;
        return CURL_WRITEFUNC_ERROR;
    }
    if (len > t->cap - t->len && !transfer_grow(t, t->len + len)) {
        t->stop = STOP_MEMORY;
        return CURL_WRITEFUNC_ERROR;
    }
    memcpy(t->data + t->len, bytes, len);
    t->len += len;
    return len;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    size_t len = size * n;

    (void)bytes;
    if (len > MAX_HEADER_BYTES - t->header_bytes) {
        t->stop = STOP_HEADERS;
        return 0;
    }
    t->header_bytes += len;
    return len;
}

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *t = ctx;
    const char *refused = t->o.allow_private ? NULL : t->o.judge(&address->addr);
    const unsigned char *bytes = address_bytes(&address->addr);

    (void)purpose;
    if (refused) {
        t->refused = refused;
        if (!bytes || !inet_ntop(address->family, bytes, t->address, sizeof t->address))
            snprintf(t->address, sizeof t->address, "?");
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static struct fetch_options options_filled(const struct fetch_options *o)
{
    struct fetch_options filled = o ? *o : (struct fetch_options){0};

    if (!filled.max_bytes)
        filled.max_bytes = DEFAULT_MAX_BYTES;
    if (!filled.connect_ms)
        filled.connect_ms = 10000;
    if (!filled.total_ms)
        filled.total_ms = 60000;
    if (!filled.max_redirects)
        filled.max_redirects = 10;
    if (!filled.judge)
        filled.judge = fetch_not_public;
    return filled;
}

/* "winnow/0.1.0" of "winnow 0.1.0". */
static void user_agent(char *ret, size_t size)
{
    snprintf(ret, size, "%s", winnow_version());
    for (char *p = ret; *p; p++)
        if (*p == ' ')
            *p = '/';
}

static int transfer_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") |
           curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS) |
           curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
}

/* Sets everything; 0, or non-zero where libcurl took something ill: then nothing
 * may be fetched, since a bound would be missing. */
static int transfer_set(struct transfer *t, CURLU *url)
{
    CURL *easy = t->easy;
    char agent[64];
    int bad = transfer_protocols(easy);

    user_agent(agent, sizeof agent);
    bad |= curl_easy_setopt(easy, CURLOPT_CURLU, url);
    bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, agent);
    bad |= curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, ""); /* all that libcurl can undo */
    bad |= curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_MAXREDIRS, t->o.max_redirects);
    bad |= curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, t->o.connect_ms);
    bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, t->o.total_ms);
    bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->o.max_bytes);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
    if (!t->o.allow_private)
        bad |= curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* not the environment's */
    return bad;
}

/* --- what it says ------------------------------------------------------------ */

/* What libcurl's failures mean to whoever asked for a page; the first line is for
 * all others. */
static const struct failure {
    CURLcode code;
    int status;
    const char *why, *advice;
} failures[] = {
    {CURLE_OK, EX_UNAVAILABLE, NULL, "try again later"},
    {CURLE_COULDNT_RESOLVE_HOST, EX_UNAVAILABLE, "the host's name is not known",
     "check its spelling and the network"},
    {CURLE_COULDNT_RESOLVE_PROXY, EX_UNAVAILABLE, "the proxy's name is not known",
     "check http_proxy and https_proxy in the environment"},
    {CURLE_COULDNT_CONNECT, EX_UNAVAILABLE, "no connection to the host",
     "check the address and the network"},
    {CURLE_OPERATION_TIMEDOUT, EX_UNAVAILABLE, "took too long", "try again later"},
    {CURLE_TOO_MANY_REDIRECTS, EX_UNAVAILABLE, "redirects again and again",
     "name the URL that it should lead to"},
    {CURLE_UNSUPPORTED_PROTOCOL, EX_UNAVAILABLE, "redirects to what is neither http nor https",
     "name a page of the web"},
    {CURLE_URL_MALFORMAT, EX_UNAVAILABLE, "redirects to what is no URL",
     "name the URL that it should lead to"},
    {CURLE_LOGIN_DENIED, EX_UNAVAILABLE, "redirects to a URL with a user name or password",
     "save the page with a browser and name the file"},
    {CURLE_FILESIZE_EXCEEDED, EX_DATAERR, "is larger than the limit", "raise --max-size"},
    {CURLE_PARTIAL_FILE, EX_UNAVAILABLE, "the connection ended in the middle of the page",
     "try again later"},
    {CURLE_GOT_NOTHING, EX_UNAVAILABLE, "the host answered nothing", "try again later"},
    {CURLE_BAD_CONTENT_ENCODING, EX_UNAVAILABLE, "its compression is damaged or unknown",
     "save the page with a browser and name the file"},
    {CURLE_PEER_FAILED_VERIFICATION, EX_UNAVAILABLE, "the host's certificate is not valid",
     "check the URL, the clock and the package ca-certificates"},
    {CURLE_OUT_OF_MEMORY, EX_OSERR, "no memory left", "lower --max-size"},
};

static const struct failure stops[] = {
    [STOP_LIMIT] = {CURLE_WRITE_ERROR, EX_DATAERR, "is larger than the limit", "raise --max-size"},
    [STOP_HEADERS] = {CURLE_WRITE_ERROR, EX_UNAVAILABLE, "sends headers without end",
                      "save the page with a browser and name the file"},
    [STOP_MEMORY] = {CURLE_OUT_OF_MEMORY, EX_OSERR, "no memory left", "lower --max-size"},
};

static const struct failure *failure_find(const struct transfer *t, CURLcode code)
{
    if (t->stop != STOP_NOT)
        return &stops[t->stop];
    for (size_t i = 1; i < sizeof failures / sizeof *failures; i++)
        if (failures[i].code == code)
            return &failures[i];
    return &failures[0];
}

/* Servers choose URLs and header lines: nothing of them may move a terminal's
 * cursor or start a second line. */
static void message_tame(char *message)
{
    for (unsigned char *p = (unsigned char *)message; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            *p = '?';
}

/* Says why an address was refused, and whose it is: after a redirect not that of
 * the URL which the user named. */
static int say_refused(const struct transfer *t, char *message, size_t size)
{
    long redirects = 0;
    const char *url = NULL;

    curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_COUNT, &redirects);
    curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url);
    if (redirects > 0 && url)
        snprintf(message, size,
                 "%s: redirects to %.*s, no address of the public internet (%s, %s); "
                 "--allow-private fetches it anyway",
                 t->shown, SHOWN / 2, url, t->address, t->refused);
    else
        snprintf(message, size,
                 "%s: is no address of the public internet (%s, %s); "
                 "--allow-private fetches it anyway",
                 t->shown, t->address, t->refused);
    return EX_UNAVAILABLE;
}

static int say_status(const struct transfer *t, long http, char *message, size_t size)
{
    snprintf(message, size, "%s: the host answered with HTTP status %ld and no page; %s", t->shown,
             http, http >= 500 ? "try again later" : "check the URL");
    return EX_UNAVAILABLE;
}

static int say_failure(const struct transfer *t, CURLcode code, const char *detail, char *message,
                       size_t size)
{
    const struct failure *f = failure_find(t, code);

    if (f->status == EX_DATAERR)
        snprintf(message, size, "%s: %s of %zu bytes; %s", t->shown, f->why, t->o.max_bytes,
                 f->advice);
    else if (f->why)
        snprintf(message, size, "%s: %s; %s", t->shown, f->why, f->advice);
    else
        snprintf(message, size, "%s: %s; %s", t->shown,
                 detail[0] ? detail : curl_easy_strerror(code), f->advice);
    return f->status;
}

/* --- the whole way ------------------------------------------------------------ */

/* Writes the URL without name and password into shown, so that no log learns them.
 * True where it had any. */
static bool url_show(CURLU *url, char *shown, size_t size)
{
    char *user = NULL, *password = NULL, *text = NULL;
    bool secret = false;

    secret |= curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK;
    secret |= curl_url_get(url, CURLUPART_PASSWORD, &password, 0) == CURLUE_OK;
    curl_url_set(url, CURLUPART_USER, NULL, 0);
    curl_url_set(url, CURLUPART_PASSWORD, NULL, 0);
    if (curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK)
        snprintf(shown, size, "%s", text);
    curl_free(user);
    curl_free(password);
    curl_free(text);
    return secret;
}

static bool url_is_web(CURLU *url)
{
    char *scheme = NULL;
    bool web;

    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return false;
    web = strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0;
    curl_free(scheme);
    return web;
}

/* Reads text into url and its harmless form into shown. */
static int url_read(CURLU *url, const char *text, char *shown, size_t shown_size, char *message,
                    size_t size)
{
    CURLUcode bad = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);

    if (bad) {
        /* With an @ it may hold a password, and who knows where. */
        snprintf(message, size, "%.*s: is no URL (%s); write it as https://host/path", SHOWN,
                 strchr(text, '@') ? "the URL" : text, curl_url_strerror(bad));
        return EX_USAGE;
    }
    if (url_show(url, shown, shown_size)) {
        snprintf(message, size,
                 "%s: holds a user name or password, which winnow does not send; leave it out",
                 shown);
        return EX_USAGE;
    }
    if (!url_is_web(url)) {
        snprintf(message, size, "%s: is neither http nor https; save the page and name the file",
                 shown);
        return EX_USAGE;
    }
    return 0;
}

/* Copies s up to its first byte that is none of a charset's name. */
static void copy_token(char *ret, size_t size, const char *s)
{
    size_t n = 0;

    for (; n + 1 < size && (isalnum((unsigned char)s[n]) || (s[n] && strchr("/._:+-", s[n]))); n++)
        ret[n] = s[n];
    ret[n] = '\0';
}

/* Finds the charset in `text/html; charset="utf-8"`.  The type itself is passed over:
 * servers name it wrongly, and the bytes tell what is no page. */
static void content_type_read(const char *header, struct fetched *ret)
{
    const char *p = header;

    while ((p = strchr(p, ';')) != NULL) {
        p++;
        p += strspn(p, " \t");
        if (strncasecmp(p, "charset", 7) != 0)
            continue;
        p += 7;
        p += strspn(p, " \t");
        if (*p != '=')
            continue;
        p++;
        p += strspn(p, " \t\"'");
        copy_token(ret->charset, sizeof ret->charset, p);
        return;
    }
}

/* Hands the transfer's bytes over to *ret. */
static int transfer_finish(struct transfer *t, struct fetched *ret)
{
    struct fetched f = {.len = t->len};
    const char *url = NULL, *type = NULL;

    curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url);
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
    if (type)
        content_type_read(type, &f);
    f.url = strdup(url ? url : t->shown);
    f.data = t->data ? t->data : calloc(1, 1);
    if (!f.url || !f.data) {
        free(f.url);
        if (!t->data)
            free(f.data);
        return EX_OSERR;
    }
    t->data = NULL;
    *ret = f;
    return 0;
}

static int transfer_run(struct transfer *t, CURLU *url, struct fetched *ret, char *message,
                        size_t size)
{
    char detail[CURL_ERROR_SIZE] = "";
    CURLcode code;
    long http = 0;

    if (transfer_set(t, url) || curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, detail))
        return say_failure(t, CURLE_FAILED_INIT, "", message, size);
    code = curl_easy_perform(t->easy);
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &http);
    if (code == CURLE_COULDNT_CONNECT && t->refused)
        return say_refused(t, message, size);
    if (code == CURLE_HTTP_RETURNED_ERROR || (!code && (http < 200 || http > 299)))
        return say_status(t, http, message, size);
    if (!code && !transfer_finish(t, ret))
        return 0;
    return say_failure(t, code ? code : CURLE_OUT_OF_MEMORY, detail, message, size);
}

int fetch_url(const char *text, const struct fetch_options *options, struct fetched *ret,
              char *message, size_t message_size)
{
    struct transfer t = {.o = options_filled(options)};
    CURLU *url = NULL;
    int status;

    if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
        snprintf(message, message_size, "libcurl does not start; check its installation");
        return EX_UNAVAILABLE;
    }
    url = curl_url();
    t.easy = curl_easy_init();
    if (!url || !t.easy) {
        snprintf(message, message_size, "no memory left; lower --max-size");
        status = EX_OSERR;
        goto out;
    }
    status = url_read(url, text, t.shown, sizeof t.shown, message, message_size);
    if (!status)
        status = transfer_run(&t, url, ret, message, message_size);
    if (status)
        message_tame(message);
out:
    curl_easy_cleanup(t.easy);
    curl_url_cleanup(url);
    curl_global_cleanup();
    free(t.data);
    return status;
}

void fetched_free(struct fetched *f)
{
    free(f->data);
    free(f->url);
    *f = (struct fetched){0};
}
