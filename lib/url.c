/* url.c - where a page came from, found before it is parsed.
 *
 * Rules that rewrite the HTML must be known before it becomes a tree, so the few
 * head elements that matter are read from the bytes. */
#include "url.h"

#include <stdio.h>
#include <string.h>

#include "err.h"
#include "text.h"

enum { HEAD_MOST = 256 * 1024 }; /* bytes in which the head's elements are looked for */

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

/* The host of a URL or a bare host, lower case, without port, user and "www."; NULL
 * where there is none. */
static const char *url_host(struct arena *a, struct slice url)
{
    for (size_t i = 0; i + 3 <= url.len && i < 16; i++)
        if (memcmp(url.p + i, "://", 3) == 0) {
            url = (struct slice){url.p + i + 3, url.len - i - 3};
            break;
        }
    size_t end = 0;
    while (end < url.len && !memchr("/?#", url.p[end], 3))
        end++;
    for (size_t i = 0; i < end; i++)
        if (url.p[i] == '@') { /* a user stands before it */
            url = (struct slice){url.p + i + 1, url.len - i - 1};
            end -= i + 1;
            i = 0;
        }
    char *host = arena_copy(a, (struct slice){url.p, end});
    if (!host)
        return NULL;
    char *port = strchr(host, ':');
    if (port)
        *port = '\0';
    for (char *c = host; *c; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
        if (!is_host_char(*c))
            return NULL;
    }
    if (strncmp(host, "www.", 4) == 0 && strchr(host + 4, '.'))
        host += 4;
    size_t len = strlen(host);
    while (len > 0 && host[len - 1] == '.')
        host[--len] = '\0';
    return len > 0 ? host : NULL;
}

/* --- a host among the folders of a path ------------------------------------------- */

/* example.org, not "v1.2" or "notes.txt.d": letters only in the last label, at
 * least two of them, and a name before it that starts with a letter or digit. */
static bool reads_like_host(struct slice s)
{
    size_t dot = s.len;
    while (dot > 0 && s.p[dot - 1] != '.')
        dot--;
    if (dot < 2 || s.len - dot < 2 || s.len > 253 || s.p[0] == '.' || s.p[0] == '-')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
        if (!is_host_char(c) || (i >= dot && (c < 'a' || c > 'z')))
            return false;
    }
    return true;
}

/* The folder nearest to the file that reads like a host. */
static struct slice host_in_path(const char *path)
{
    struct slice ret = {NULL, 0};
    for (const char *slash; (slash = strchr(path, '/')) != NULL; path = slash + 1) {
        struct slice folder = {path, (size_t)(slash - path)};
        if (reads_like_host(folder))
            ret = folder;
    }
    return ret;
}

/* --- the head, without a parser ----------------------------------------------------- */

static struct slice slice_until(const char *from, const char *end, const char *stops)
{
    const char *p = from;
    while (p < end && !strchr(stops, *p))
        p++;
    return (struct slice){from, (size_t)(p - from)};
}

/* The value of an attribute in the bytes of one tag; p NULL where it has none. */
static struct slice raw_attr(struct slice tag, const char *name)
{
    size_t len = strlen(name);
    struct slice rest = tag;
    const char *end = tag.p + tag.len, *p;
    while ((p = text_find_nocase(rest, name)) != NULL) {
        const char *q = p + len;
        rest = (struct slice){q, (size_t)(end - q)};
        if (p == tag.p || !strchr(" \t\r\n\"'/", p[-1]))
            continue;
        while (q < end && strchr(" \t\r\n", *q))
            q++;
        if (q == end || *q != '=')
            continue;
        for (q++; q < end && strchr(" \t\r\n", *q); q++)
            ;
        if (q < end && (*q == '"' || *q == '\''))
            return slice_until(q + 1, end, *q == '"' ? "\"" : "'");
        return slice_until(q, end, " \t\r\n>");
    }
    return (struct slice){NULL, 0};
}

/* What the head says, one line a value: <element key="is" ... want="value">. */
static const struct head_value {
    const char *element, *key, *is, *want;
} canonical = {"<link", "rel", "canonical", "href"},
  og_url = {"<meta", "property", "og:url", "content"},
  generator = {"<meta", "name", "generator", "content"},
  published = {"<meta", "property", "article:published_time", "content"};

static const char *head_value(struct page *p, const struct head_value *v)
{
    struct slice rest = p->utf8;
    if (rest.len > HEAD_MOST)
        rest.len = HEAD_MOST;
    const char *end = rest.p + rest.len, *at;
    while ((at = text_find_nocase(rest, v->element)) != NULL) {
        struct slice tag = slice_until(at, end, ">");
        rest = (struct slice){at + tag.len, (size_t)(end - at) - tag.len};
        if (!text_equal_nocase(text_trim(raw_attr(tag, v->key)), slice_of(v->is)))
            continue;
        struct slice value = raw_attr(tag, v->want);
        if (value.len > 0)
            return arena_copy(&p->arena, text_trim(value));
    }
    return NULL;
}

/* <!-- saved from url=(0023)https://example.org/x --> */
static const char *saved_from(struct page *p)
{
    struct slice head = p->utf8;
    if (head.len > 4096)
        head.len = 4096;
    const char *at = text_find_nocase(head, "saved from url=(");
    const char *close = at ? memchr(at, ')', (size_t)(head.p + head.len - at)) : NULL;
    if (!close)
        return NULL;
    struct slice url = slice_until(close + 1, head.p + head.len, " \t\r\n>");
    return url.len > 0 ? arena_copy(&p->arena, url) : NULL;
}

/* No white space and no control characters: what a page says of itself is shown. */
static bool is_web_url(const char *url)
{
    if (!url || (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0))
        return false;
    for (; *url; url++)
        if ((unsigned char)*url <= ' ' || *url == 0x7f)
            return false;
    return true;
}

static void set_host(struct page *p, struct slice url, const char *from)
{
    p->host = url_host(&p->arena, url);
    p->host_from = from;
}

static void set_url(struct page *p, const char *url, const char *from)
{
    if (p->url || !is_web_url(url))
        return;
    p->url = url;
    p->url_from = from;
    if (!p->host)
        set_host(p, slice_of(url), from);
}

/* --- the day ------------------------------------------------------------------------ */

/* YYYY?MM?DD with the same separator twice, as a date can be; else false. */
static bool read_day(struct slice s, char separator, char ret[11])
{
    if (s.len < 10 || s.p[4] != separator || s.p[7] != separator)
        return false;
    for (size_t i = 0; i < 10; i++)
        if (i != 4 && i != 7 && (s.p[i] < '0' || s.p[i] > '9'))
            return false;
    int month = (s.p[5] - '0') * 10 + s.p[6] - '0', day = (s.p[8] - '0') * 10 + s.p[9] - '0';
    if (s.p[0] < '1' || s.p[0] > '2' || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    snprintf(ret, 11, "%.4s-%.2s-%.2s", s.p, s.p + 5, s.p + 8);
    return true;
}

/* The day of the page itself: rules that are valid for a time ask.  Today's date never
 * counts: the same page must come out the same tomorrow. */
static void find_day(struct page *p)
{
    const char *said = p->kind == WINNOW_KIND_HTML ? head_value(p, &published) : NULL;
    if (said && read_day(slice_of(said), '-', p->day))
        return;
    for (const char *at = p->url; at && (at = strchr(at, '/')) != NULL;) {
        at++;
        if (read_day(slice_of(at), '/', p->day) || read_day(slice_of(at), '-', p->day))
            return;
    }
}

int url_run(struct page *p, struct winnow_error *err)
{
    const struct winnow_input *in = p->in;
    if (in->url) {
        const char *url = arena_copy(&p->arena, slice_of(in->url));
        const char *from = arena_copy(&p->arena, slice_of(in->url_from ? in->url_from : "caller"));
        if (!url || !from)
            return err_nomem(err);
        if (is_web_url(url))
            set_url(p, url, from);
        else /* a bare host, as --site gives it */
            set_host(p, slice_of(url), from);
    }
    if (p->kind == WINNOW_KIND_HTML)
        set_url(p, saved_from(p), "saved-from comment");
    struct slice folder = in->name ? host_in_path(in->name) : (struct slice){NULL, 0};
    if (!p->host && folder.len > 0)
        set_host(p, folder, "folder");
    if (p->kind == WINNOW_KIND_HTML) {
        set_url(p, head_value(p, &canonical), "canonical");
        set_url(p, head_value(p, &og_url), "og:url");
        p->generator = head_value(p, &generator);
    }
    find_day(p);
    return WINNOW_OK;
}
