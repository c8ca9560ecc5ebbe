/* prescan.c - find tags that stand too deep or have too many attributes, and leave them out.
 *
 * libxml2 keeps every open element on a stack that it walks at many a tag, and
 * compares every attribute with those before it: a page of a million <div>, or a tag
 * of 40,000 attributes, takes it seconds to hours.  So its input is walked once
 * beforehand, with a stack of tag numbers:
 *
 * 1. The depth counted here is at least the depth that libxml2 will reach, as far as
 *    both see the same tags; parse_libxml2.c checks the true one.
 * 2. A start tag past max_depth is left out, and the end tag that belongs to it; where
 *    a line ends there a <br> stays, so that no two words meet.
 * 3. CDATA in svg and math is text to HTML and nothing to libxml2: it is written as
 *    text.
 * 4. A page that needs none of this is not copied. */
#include "prescan.h"

#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

#include "hash.h"
#include "tags.h"

enum {
    DEPTH_ONCE_WALKED = 64, /* open elements, where walking the stack was overdone */
    NAME_SLOTS = 32 * 1024, /* of the set of names; a power of two */
    NAMES_MOST = 16 * 1024, /* libxml2's dictionary stops growing near that */
    UNKNOWN_TAGS = 64,      /* other names are hashed to as many numbers */
    TAG_NUMBERS = TAG_COUNT + UNKNOWN_TAGS,
};

struct scan {
    const char *p, *end;
    const char *copied; /* what stands before it is in out or left out */
    struct buf *out;
    bool rewritten;
    struct prescan *counts;

    uint16_t *stack; /* of tag numbers */
    size_t depth, max_depth;
    unsigned max_attrs;
    uint32_t open[TAG_NUMBERS]; /* how often each stands on the stack */
    uint32_t left[TAG_NUMBERS]; /* start tags left out whose end tags are to come */
    size_t nleft;
    bool at_break;              /* a <br> was written, and no text since */
    size_t walked, walked_most; /* sum of the stack's depth at every tag */

    uint32_t *names; /* hashes of attribute and unknown element names; 0 is free */
    size_t nnames;
};

struct scan_tag {
    const char *start, *end; /* from < to past > */
    const char *copied;      /* as it was before the tag's attributes */
    size_t out_len;
    unsigned tag;
    bool self_closed;
    bool admitted; /* its name is known, or one of the first of the page */
};

/* --- output ---------------------------------------------------------------------- */

/* Puts text in place of from..to. */
static void replace(struct scan *s, const char *from, const char *to, const char *text)
{
    buf_add(s->out, s->copied, (size_t)(from - s->copied));
    buf_adds(s->out, text);
    s->copied = to;
    s->rewritten = true;
}

static void leave_out(struct scan *s, const struct scan_tag *tag)
{
    bool ends_line = (tag_flags(tag->tag) & TAG_BLOCK) || tag->tag == TAG_BR;
    /* Attributes of it may have been left out already: back to before the tag. */
    s->copied = tag->copied;
    s->out->len = tag->out_len;
    replace(s, tag->start, tag->end, ends_line && !s->at_break ? "<br>" : "");
    s->at_break |= ends_line;
}

/* --- names ------------------------------------------------------------------------ */

/* Upper and lower case alike; never 0. */
static uint32_t hash_folded(struct slice name)
{
    uint64_t hash = 0;
    char low[64];
    while (name.len > 0) {
        size_t n = name.len < sizeof low ? name.len : sizeof low;
        for (size_t i = 0; i < n; i++)
            low[i] = name.p[i] | 0x20;
        hash = hash * 31 + hash_bytes((struct slice){low, n});
        name.p += n;
        name.len -= n;
    }
    uint32_t ret = (uint32_t)hash;
    return ret != 0 ? ret : 1;
}

/* Is it one of the first NAMES_MOST names of the page? */
static bool admit_name(struct scan *s, uint32_t hash)
{
    size_t i = hash % NAME_SLOTS;
    while (s->names[i] != 0 && s->names[i] != hash)
        i = (i + 1) % NAME_SLOTS;
    if (s->names[i] == hash)
        return true;
    if (s->nnames == NAMES_MOST)
        return false;
    s->names[i] = hash;
    s->nnames++;
    return true;
}

/* --- the stack --------------------------------------------------------------------- */

static void push(struct scan *s, unsigned tag)
{
    s->stack[s->depth++] = (uint16_t)tag;
    s->open[tag]++;
}

static void pop(struct scan *s)
{
    s->open[s->stack[--s->depth]]--;
}

static bool has_flag(const struct scan *s, size_t up, unsigned flag)
{
    return up < s->depth && (tag_flags(s->stack[s->depth - 1 - up]) & flag);
}

/* <li> ends the <li> before it, <tr> the cell and the row, any block a <p>. */
static void close_implied(struct scan *s, unsigned tag)
{
    unsigned flags = tag_flags(tag);
    if (flags & TAG_IMPLIED) {
        for (size_t up = 0; up < 6 && has_flag(s, up, TAG_IMPLIED); up++) {
            if (s->stack[s->depth - 1 - up] != tag)
                continue;
            for (size_t n = up + 1; n > 0; n--)
                pop(s);
            return;
        }
    }
    if ((flags & TAG_BLOCK) && s->depth > 0 && s->stack[s->depth - 1] == TAG_P)
        pop(s);
}

/* What an end tag cannot reach across: </span> does not end a <div>. */
static unsigned rank(unsigned tag)
{
    switch (tag) {
    case TAG_P: return 10;
    case TAG_DIV: return 150;
    case TAG_TD:
    case TAG_TH: return 160;
    case TAG_TR: return 170;
    case TAG_THEAD:
    case TAG_TBODY:
    case TAG_TFOOT: return 180;
    case TAG_TABLE: return 190;
    case TAG_HEAD:
    case TAG_BODY: return 200;
    case TAG_HTML: return 220;
    default: return 100;
    }
}

static bool can_close(const struct scan *s, unsigned tag)
{
    if (s->open[tag] == 0)
        return false;
    for (size_t i = s->depth; s->stack[i - 1] != tag; i--)
        if (rank(s->stack[i - 1]) > rank(tag))
            return false;
    return true;
}

static void forget_left(struct scan *s)
{
    memset(s->left, 0, sizeof s->left);
    s->nleft = 0;
}

/* libxml2 walks the stack at most tags.  A page that stands deep and is all tags has
 * to make do with a lower stack. */
static bool too_much_walking(struct scan *s)
{
    s->walked += s->depth;
    return s->walked > s->walked_most && s->depth >= DEPTH_ONCE_WALKED;
}

static void scan_end_tag(struct scan *s, const struct scan_tag *tag)
{
    if (too_much_walking(s) && s->stack[s->depth - 1] != tag->tag) {
        leave_out(s, tag);
        return;
    }
    if (s->left[tag->tag] > 0) {
        s->left[tag->tag]--;
        s->nleft--;
        leave_out(s, tag);
        return;
    }
    if (!can_close(s, tag->tag))
        return;
    while (s->stack[s->depth - 1] != tag->tag)
        pop(s);
    pop(s);
    if (s->nleft > 0)
        forget_left(s);
}

static void scan_start_tag(struct scan *s, const struct scan_tag *tag)
{
    if (tag->tag == TAG_SCRIPT || tag->tag == TAG_STYLE)
        return;
    unsigned flags = tag_flags(tag->tag);
    bool closed = tag->self_closed || (flags & TAG_VOID);
    /* A void element leaves at once; a block among them may end a <p> first. */
    bool walks = too_much_walking(s) && (!(flags & TAG_VOID) || (flags & TAG_BLOCK));
    bool fits = !walks && tag->admitted;
    if (fits && !closed)
        close_implied(s, tag->tag);
    if (fits && closed)
        return;
    if (fits && s->depth < s->max_depth) {
        push(s, tag->tag);
        return;
    }
    if (!closed) {
        s->left[tag->tag]++;
        s->nleft++;
    }
    (*(fits ? &s->counts->flattened : &s->counts->unnested))++;
    leave_out(s, tag);
}

/* --- the scanner ------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *find(const char *p, const char *end, const char *what)
{
    const char *found = memmem(p, (size_t)(end - p), what, strlen(what));
    return found ? found : end;
}

static const char *past(const char *p, const char *end, const char *what)
{
    const char *found = find(p, end, what);
    return found == end ? end : found + strlen(what);
}

static const char *past_value(const char *p, const char *end)
{
    if (p < end && (*p == '"' || *p == '\'')) {
        const char *quote = memchr(p + 1, *p, (size_t)(end - p - 1));
        return quote ? quote + 1 : end;
    }
    while (p < end && !is_space(*p) && *p != '>')
        p++;
    return p;
}

static void scan_name(struct scan *s, struct scan_tag *tag)
{
    const char *start = s->p;
    while (s->p < s->end && !is_space(*s->p) && *s->p != '>' && *s->p != '/')
        s->p++;
    struct slice name = {start, (size_t)(s->p - start)};
    tag->tag = tag_of(name);
    tag->admitted = true;
    if (tag->tag != TAG_COUNT)
        return;
    uint32_t hash = hash_folded(name);
    tag->tag = TAG_COUNT + hash % UNKNOWN_TAGS;
    tag->admitted = admit_name(s, hash);
}

/* Past an attribute, of which *hash is the name's. */
static const char *past_attr(const char *p, const char *end, uint32_t *hash)
{
    const char *name = p;
    while (p < end && !is_space(*p) && *p != '>' && *p != '/' && *p != '=')
        p++;
    *hash = hash_folded((struct slice){name, (size_t)(p - name)});
    const char *name_end = p;
    while (p < end && is_space(*p))
        p++;
    if (p == end || *p != '=')
        return name_end;
    p++;
    while (p < end && is_space(*p))
        p++;
    return past_value(p, end);
}

/* Walks the attributes to past the >, leaving out those that are too many, of the
 * element or of names in the page. */
static void scan_attrs(struct scan *s, struct scan_tag *tag)
{
    for (size_t n = 0;;) {
        while (s->p < s->end && (is_space(*s->p) || *s->p == '/'))
            s->p++;
        if (s->p == s->end || *s->p == '>')
            break;
        const char *attr = s->p;
        uint32_t hash;
        const char *next = past_attr(attr, s->end, &hash);
        s->p = next > attr ? next : attr + 1; /* a lone = is passed over */
        if (n < s->max_attrs && admit_name(s, hash)) {
            n++;
            continue;
        }
        s->counts->attrs_dropped++;
        replace(s, attr, s->p, "");
    }
    tag->self_closed = s->p < s->end && s->p[-1] == '/';
    if (s->p < s->end)
        s->p++;
    tag->end = s->p;
}

/* Script and style end with their own end tag and nothing else. */
static void skip_raw(struct scan *s, unsigned tag)
{
    const char *name = tag_name((enum tag)tag);
    size_t len = strlen(name);
    while (s->p < s->end) {
        const char *p = memchr(s->p, '<', (size_t)(s->end - s->p));
        if (!p || (size_t)(s->end - p) < len + 2) {
            s->p = s->end;
            return;
        }
        if (p[1] == '/' && strncasecmp(p + 2, name, len) == 0) {
            s->p = p;
            return;
        }
        s->p = p + 1;
    }
}

static void write_cdata(struct scan *s, const char *start)
{
    const char *text = start + strlen("<![CDATA[");
    const char *end = find(text, s->end, "]]>");
    s->p = past(text, s->end, "]]>");
    replace(s, start, s->p, "");
    for (; text < end; text++) {
        if (*text == '<')
            buf_adds(s->out, "&lt;");
        else if (*text == '&')
            buf_adds(s->out, "&amp;");
        else
            buf_addc(s->out, *text);
    }
    s->at_break = false;
}

static bool starts(const struct scan *s, const char *what)
{
    size_t len = strlen(what);
    return (size_t)(s->end - s->p) >= len && memcmp(s->p, what, len) == 0;
}

/* At a <: walks past what it opens. */
static void scan_markup(struct scan *s)
{
    struct scan_tag tag = {.start = s->p, .copied = s->copied, .out_len = s->out->len};
    bool closes = s->end - s->p > 2 && s->p[1] == '/' && is_letter(s->p[2]);
    if (starts(s, "<!--")) {
        s->p = past(s->p + 4, s->end, "-->");
    } else if (starts(s, "<![CDATA[") && s->open[TAG_SVG] + s->open[TAG_MATH] > 0) {
        write_cdata(s, s->p);
    } else if (closes) {
        s->p += 2;
        scan_name(s, &tag);
        tag.end = s->p = past(s->p, s->end, ">");
        scan_end_tag(s, &tag);
    } else if (s->end - s->p > 1 && is_letter(s->p[1])) {
        s->p++;
        scan_name(s, &tag);
        scan_attrs(s, &tag);
        scan_start_tag(s, &tag);
        if (!tag.self_closed && (tag.tag == TAG_SCRIPT || tag.tag == TAG_STYLE))
            skip_raw(s, tag.tag);
    } else if (starts(s, "<!") || starts(s, "<?") || starts(s, "</")) {
        s->p = past(s->p, s->end, ">");
    } else {
        s->p++; /* a < that opens nothing is text */
        s->at_break = false;
    }
}

static void scan_page(struct scan *s)
{
    while (s->p < s->end && s->out->status == WINNOW_OK) {
        const char *markup = memchr(s->p, '<', (size_t)(s->end - s->p));
        if (!markup)
            return;
        if (markup > s->p)
            s->at_break = false;
        s->p = markup;
        scan_markup(s);
    }
}

int prescan(struct slice html, const struct winnow_limits *limits, struct buf *out,
            struct slice *ret, struct prescan *counts)
{
    *counts = (struct prescan){0};
    struct scan *s = calloc(1, sizeof *s);
    uint16_t *stack = malloc(limits->max_depth * sizeof *stack);
    uint32_t *names = calloc(NAME_SLOTS, sizeof *names);
    int status = s && stack && names ? WINNOW_OK : WINNOW_ENOMEM;
    if (status != WINNOW_OK)
        goto out;
    *s = (struct scan){
        .p = html.p,
        .end = html.p + html.len,
        .copied = html.p,
        .out = out,
        .counts = counts,
        .stack = stack,
        .max_depth = limits->max_depth,
        .max_attrs = limits->max_attrs,
        .walked_most = (32u << 20) + 8 * html.len,
        .names = names,
    };
    scan_page(s);
    if (s->rewritten)
        buf_add(out, s->copied, (size_t)(s->end - s->copied));
    status = out->status;
    if (status == WINNOW_OK)
        *ret = s->rewritten ? buf_slice(out) : html;
out:
    free(names);
    free(stack);
    free(s);
    return status;
}
