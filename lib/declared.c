/* declared.c - the charset that HTTP or the page itself names.
 *
 * The page is bytes of an unknown charset here, so this is no parser: it looks where HTML
 * says that browsers look, and believes what can be read as ASCII. */
#include "declared.h"

#include <strings.h>

#include "input.h"

enum {
    META_WINDOW = 16 << 10, /* bytes in which a page may name its charset */
    XML_MAX = 256,          /* bytes of an XML declaration */
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct slice skip_spaces(struct slice s)
{
    while (s.len && is_space(*s.p))
        s = (struct slice){s.p + 1, s.len - 1};
    return s;
}

static struct slice slice_from(struct slice s, size_t start)
{
    return (struct slice){s.p + start, s.len - start};
}

static bool starts_with(struct slice s, const char *word)
{
    size_t len = strlen(word);
    return s.len >= len && strncasecmp(s.p, word, len) == 0;
}

/* The value at the start of s: in quotes, or up to one of the bytes in stop. */
static struct slice take_value(struct slice s, const char *stop)
{
    char quotes[2] = {0};
    s = skip_spaces(s);
    if (s.len && (*s.p == '"' || *s.p == '\'')) {
        quotes[0] = *s.p;
        stop = quotes;
        s = slice_from(s, 1);
    }
    size_t len = 0;
    while (len < s.len && !(s.p[len] && strchr(stop, s.p[len])))
        len++;
    return (struct slice){s.p, len};
}

/* What follows `word =` in s; p is NULL where there is none. */
static struct slice value_after(struct slice s, const char *word, const char *stop)
{
    size_t len = strlen(word);
    for (; s.len > len; s = slice_from(s, 1)) {
        if (!starts_with(s, word))
            continue;
        struct slice rest = skip_spaces(slice_from(s, len));
        if (rest.len && *rest.p == '=')
            return take_value(slice_from(rest, 1), stop);
    }
    return (struct slice){NULL, 0};
}

const struct charset *declared_in_http(const char *http)
{
    struct slice all = slice_of(http);
    if (!all.p)
        return NULL;
    struct slice value = value_after(all, "charset", "; \t,");
    return charset_of_label(value.p ? value : all);
}

/* One attribute of a tag; moves *s behind it.  false at the tag's end. */
static bool next_attr(struct slice *s, struct slice *name, struct slice *value)
{
    while (s->len && (is_space(*s->p) || *s->p == '/'))
        *s = slice_from(*s, 1);
    if (s->len == 0 || *s->p == '>')
        return false;
    size_t len = 1; /* a "=" at the start is part of the name */
    while (len < s->len && !is_space(s->p[len]) && !strchr("=/>", s->p[len]))
        len++;
    *name = (struct slice){s->p, len};
    *s = skip_spaces(slice_from(*s, len));
    *value = (struct slice){NULL, 0};
    if (s->len && *s->p == '=') {
        *value = take_value(slice_from(*s, 1), "> \t\r\n\f");
        bool quoted = value->p[-1] == '"' || value->p[-1] == '\'';
        size_t used = (size_t)(value->p - s->p) + value->len;
        *s = slice_from(*s, used + (quoted && used < s->len));
    }
    return true;
}

/* The label in the attributes at the start of *s, which moves behind them: charset="x", or
 * http-equiv with content="text/html; charset=x". */
static struct slice meta_label(struct slice *s)
{
    struct slice name, value, label = {NULL, 0}, content = {NULL, 0};
    bool content_type = false;
    while (next_attr(s, &name, &value)) {
        if (name.len == 7 && starts_with(name, "charset"))
            label = value;
        else if (name.len == 7 && starts_with(name, "content"))
            content = value_after(value, "charset", "; \t\r\n\"'");
        else if (name.len == 10 && starts_with(name, "http-equiv"))
            content_type = starts_with(skip_spaces(value), "content-type");
    }
    return label.p || !content_type ? label : content;
}

/* The label in an XML declaration, which is at the start of s. */
static struct slice xml_label(struct slice s)
{
    const char *close = memchr(s.p, '>', s.len);
    if (close)
        s.len = (size_t)(close - s.p);
    if (s.len > XML_MAX)
        s.len = XML_MAX;
    return value_after(s, "encoding", "? ");
}

/* The next declaration in *s, which moves behind it; p is NULL past the last. */
static struct slice next_declaration(struct slice *s)
{
    const char *open;
    while (s->len && (open = memchr(s->p, '<', s->len)) != NULL) {
        struct slice label = {NULL, 0};
        *s = slice_from(*s, (size_t)(open - s->p) + 1);
        if (starts_with(*s, "!--")) {
            const char *close = memmem(s->p, s->len, "-->", 3);
            *s = slice_from(*s, close ? (size_t)(close - s->p) : 0);
        } else if (starts_with(*s, "?xml")) {
            label = xml_label(*s);
        } else if (s->len > 4 && starts_with(*s, "meta") && (is_space(s->p[4]) || s->p[4] == '/')) {
            *s = slice_from(*s, 4);
            label = meta_label(s);
        }
        if (label.p)
            return label;
    }
    return (struct slice){NULL, 0};
}

const struct charset *declared_in_page(struct slice bytes)
{
    if (input_kind(bytes, WINNOW_KIND_AUTO) != WINNOW_KIND_HTML)
        return NULL;
    struct slice head = bytes, label;
    if (head.len > META_WINDOW)
        head.len = META_WINDOW;
    while ((label = next_declaration(&head)).p) {
        const struct charset *cs = charset_of_label(label);
        /* It could be read as ASCII, so it is no UTF-16. */
        if (cs && charset_is_wide(cs))
            cs = charset_named("utf8");
        if (cs)
            return cs;
    }
    return NULL;
}
