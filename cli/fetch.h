/* fetch.h - a page from the web, bounded, and only from the public internet. */
#ifndef WINNOW_FETCH_H
#define WINNOW_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Names what keeps an address out of the public internet ("loopback", "a private
 * network"), or NULL where it belongs to it. */
typedef const char *fetch_judge_fn(const struct sockaddr *addr);

/* The judge that is used where none is given.  IPv4 addresses inside IPv6 ones
 * (mapped, NAT64, 6to4) are judged by the IPv4 address. */
const char *fetch_not_public(const struct sockaddr *addr);

/* 0 takes the default. */
struct fetch_options {
    size_t max_bytes;      /* of the decoded page; default 64 MiB */
    long connect_ms;       /* for one connection, name resolution included; default 10,000 */
    long total_ms;         /* for everything; default 60,000 */
    long max_redirects;    /* default 10 */
    bool allow_private;    /* any address; and the environment's proxies, which hide it */
    fetch_judge_fn *judge; /* asked for every connection unless allow_private */
};

struct fetched {
    char *data; /* decoded; never NULL */
    size_t len;
    char *url;        /* where the page came from in the end, after redirects */
    char charset[40]; /* "" where HTTP did not say */
};

/* Fetches url.  0, or an exit code of sysexits.h: EX_USAGE (no URL that can be
 * fetched), EX_DATAERR (over max_bytes), EX_UNAVAILABLE (refused or failed),
 * EX_OSERR (no memory); then message is one line, "URL: reason; what to do".
 * options may be NULL. *ret is to be freed with fetched_free. */
int fetch_url(const char *url, const struct fetch_options *options, struct fetched *ret,
              char *message, size_t message_size);

void fetched_free(struct fetched *f);

#endif
