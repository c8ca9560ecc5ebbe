/* input.c - what came in: plain or gzip, HTML or a dump.
 *
 * 1. Unpacking never makes more than max_bytes: a bomb stops at the bound.
 * 2. A gzip that is cut off or damaged is an error, never half a page: who reads the
 *    half would not know that a half is missing.
 * 3. The kind is decided on the first 64 KB, in time linear in them.
 *
 * HTML is told from a dump by where the text stands, not by whether tags occur: in a
 * page nearly all of it stands inside elements that are closed again; in a text about
 * HTML, or with some code in it, most stands outside. */
#include "input.h"

#include <strings.h>
#include <zlib.h>

#include "err.h"
#include "tags.h"

/* --- gzip -------------------------------------------------------------------------- */

enum {
    GZIP_WINDOW = 15 + 16, /* the largest window, and a gzip header */
    FEED_MAX = 1 << 30,    /* zlib counts in unsigned int */
    ROOM_FIRST = 64 << 10,
};

static bool is_gzip(struct slice s)
{
    return s.len >= 2 && memcmp(s.p, "\x1f\x8b", 2) == 0;
}

static bool is_zeros(struct slice s)
{
    return s.len == 0 || (s.p[0] == 0 && memcmp(s.p, s.p + 1, s.len - 1) == 0);
}

static int fail_damaged(size_t read, size_t made, const char *why, struct winnow_error *err)
{
    return err_set(err, WINNOW_EDATA,
                   "the gzip is damaged after %zu bytes, which gave %zu of the page (%s); "
                   "fetch it again",
                   read, made, why ? why : "invalid data");
}

static int fail_cut_off(size_t read, size_t made, struct winnow_error *err)
{
    return err_set(err, WINNOW_EDATA,
                   "the gzip is cut off: its %zu bytes give %zu of the page and no end; "
                   "fetch it again",
                   read, made);
}

static int fail_too_large(const char *what, size_t max_bytes, struct winnow_error *err)
{
    return err_set(err, WINNOW_ELIMIT,
                   "%s more than %zu bytes, the limit for one page; raise it "
                   "(--max-size; max_size of winnowd) if the page is really that large",
                   what, max_bytes);
}

/* Unpacks as much as the room allows.  Past the bound a byte goes to a place of its own:
 * only so do we learn whether the page ends exactly there. */
static int inflate_some(z_stream *z, size_t max_bytes, struct buf *out)
{
    Bytef beyond;
    size_t room = max_bytes - out->len;
    size_t want = out->len < ROOM_FIRST ? ROOM_FIRST : out->len;
    if (room > want)
        room = want;
    if (room > FEED_MAX)
        room = FEED_MAX;
    z->next_out = room ? (Bytef *)buf_room(out, room) : &beyond;
    z->avail_out = room ? (uInt)room : 1;
    if (!z->next_out)
        return Z_MEM_ERROR;
    int code = inflate(z, Z_NO_FLUSH);
    if (room) {
        out->len += room - z->avail_out;
        out->data[out->len] = '\0';
    } else if (z->avail_out == 0) {
        out->status = WINNOW_ELIMIT;
    }
    return code;
}

/* One member: from its header to its checksum.  *left is what follows. */
static int unpack_member(z_stream *z, struct slice all, size_t max_bytes, struct slice *left,
                         struct buf *out, struct winnow_error *err)
{
    int code = Z_OK;
    while (code != Z_STREAM_END) {
        z->next_in = (Bytef *)left->p;
        z->avail_in = left->len < FEED_MAX ? (uInt)left->len : FEED_MAX;
        code = inflate_some(z, max_bytes, out);
        size_t used = (size_t)((const char *)z->next_in - left->p);
        *left = (struct slice){left->p + used, left->len - used};
        if (out->status == WINNOW_ELIMIT)
            return fail_too_large("the gzip holds", max_bytes, err);
        if (code == Z_MEM_ERROR)
            return err_nomem(err);
        if (code == Z_BUF_ERROR || (code == Z_OK && left->len == 0 && z->avail_out > 0))
            return fail_cut_off(all.len, out->len, err);
        if (code != Z_OK && code != Z_STREAM_END)
            return fail_damaged(all.len - left->len, out->len, z->msg, err);
    }
    return WINNOW_OK;
}

static int unpack(struct slice all, size_t max_bytes, struct buf *out, struct winnow_error *err)
{
    z_stream z = {0};
    struct slice left = all;
    if (max_bytes > out->max)
        max_bytes = out->max;
    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return err_nomem(err);
    int status;
    do {
        status = unpack_member(&z, all, max_bytes, &left, out, err);
    } while (status == WINNOW_OK && is_gzip(left) && inflateReset(&z) == Z_OK);
    inflateEnd(&z);
    /* Tapes and block devices pad with zeros, and gzip itself passes them over. */
    if (status == WINNOW_OK && !is_zeros(left))
        status = fail_damaged(all.len - left.len, out->len, "something else follows", err);
    return status;
}

int input_open(const struct winnow_input *in, size_t max_bytes, struct buf *unpacked,
               struct slice *ret, struct winnow_error *err)
{
    struct slice all = {in->data ? in->data : "", in->data ? in->len : 0};
    if (is_gzip(all)) {
        buf_clear(unpacked);
        int status = unpack(all, max_bytes, unpacked, err);
        if (status == WINNOW_OK)
            *ret = buf_slice(unpacked);
        return status;
    }
    if (all.len > max_bytes)
        return fail_too_large("the page has", max_bytes, err);
    *ret = all;
    return WINNOW_OK;
}

/* --- HTML or a dump? --------------------------------------------------------------- */

enum {
    WINDOW = 64 << 10,  /* bytes that are looked at */
    BROKEN_MAX = 16,    /* tags without an end, after which we stop looking for ends */
    OPEN_MAX = 64,      /* elements open at a time; deeper ones are passed over */
    BR_LINE_MAX = 1000, /* bytes of text that one <br> can end */
    TAGS_MIN = 4,       /* of what does not start with one */
    PAGE_TAGS_MIN = 16, /* of what is longer than the window */
    ATTRIBUTE_MOST = 256, /* bytes in which a tag's first = is looked for */
};

struct open_element {
    enum tag tag;
    bool bare;
    size_t start;   /* survey.text when it was opened */
    size_t covered; /* text in it that stands in closed elements or ends in <br> */
};

struct survey {
    const char *start, *p, *end;
    size_t text;   /* bytes of text so far, without white space */
    size_t mark;   /* the same, at the last tag */
    size_t markup; /* bytes of tags, scripts and styles */
    size_t tags;   /* known ones, that stand as markup and not as a word in a sentence */
    size_t broken;
    bool no_comment_end;
    bool is_page; /* starts with a tag, and goes on behind the window */
    bool implied; /* an element ended because the next of its kind began */
    struct open_element open[OPEN_MAX + 1]; /* open[0] is the page itself */
    size_t depth;
};

struct found_tag {
    enum tag tag;
    size_t len;        /* with < and > */
    bool closes, bare; /* bare: no attributes */
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == ':';
}

static bool starts_with(const char *p, const char *end, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(end - p) >= len && strncasecmp(p, word, len) == 0;
}

/* The end of the tag whose name ends at p: behind its ">", or NULL.  A ">" in quotes is
 * part of a value, and a value of data may be longer than the window. */
static const char *tag_end(const struct survey *s, const char *p)
{
    char quote = 0;
    for (; p < s->end; p++) {
        if (quote) {
            if (*p == quote)
                quote = 0;
        } else if (*p == '>') {
            return p + 1;
        } else if (*p == '<') {
            return NULL;
        } else if ((*p == '"' || *p == '\'') && p[-1] == '=') {
            quote = *p;
        }
    }
    return quote && s->is_page ? s->end : NULL;
}

/* Is there a tag at p, which points at a "<"?  One of an unknown name has attributes, or a
 * "-" in its name, or closes something: a <T> or a <name> in a text is none. */
static bool read_tag(struct survey *s, const char *p, struct found_tag *ret)
{
    const char *name = p + 1, *stop, *behind;
    bool closes = name < s->end && *name == '/';
    name += closes;
    if (name >= s->end || !is_letter(*name) || s->broken >= BROKEN_MAX)
        return false;
    for (stop = name; stop < s->end && is_name(*stop); stop++)
        ;
    if (stop == s->end || !(is_space(*stop) || *stop == '/' || *stop == '>'))
        return false;
    enum tag tag = tag_of((struct slice){name, (size_t)(stop - name)});
    behind = tag_end(s, stop);
    s->broken += !behind;
    if (!behind || (tag == TAG_COUNT && !closes && !memchr(name, '-', (size_t)(stop - name)) &&
                    !memchr(stop, '=', (size_t)(behind - stop))))
        return false;
    *ret = (struct found_tag){tag, (size_t)(behind - p), closes, *stop == '>'};
    return true;
}

/* "The <p> element": a tag without attributes with a gap or a quote on both sides is
 * talked about, not used. */
static bool is_mention(const struct survey *s, const char *p, const struct found_tag *t)
{
    const char *behind = p + t->len;
    if (!t->bare || p == s->start || behind == s->end)
        return false;
    return strchr(" `'\"(", p[-1]) && strchr(" `'\"),.;:?!\r\n", *behind);
}

static void add_text(struct survey *s, const char *to)
{
    for (; s->p < to; s->p++)
        s->text += !is_space(*s->p);
}

static void open_element(struct survey *s, const struct found_tag *t)
{
    if (s->depth < OPEN_MAX)
        s->open[++s->depth] = (struct open_element){t->tag, t->bare, s->text, 0};
}

/* Closes open[i] and what was left open in it: all its text is covered. */
static void close_element(struct survey *s, size_t i)
{
    s->open[i - 1].covered += s->text - s->open[i].start;
    s->depth = i - 1;
}

static void close_tag(struct survey *s, enum tag tag)
{
    for (size_t i = s->depth; i > 0; i--)
        if (s->open[i].tag == tag) {
            close_element(s, i);
            return;
        }
}

static void end_line(struct survey *s)
{
    size_t line = s->text - s->mark;
    s->open[s->depth].covered += line < BR_LINE_MAX ? line : BR_LINE_MAX;
}

/* Passes over the content of script, style and their like. */
static void skip_raw(struct survey *s, enum tag tag)
{
    const char *name = tag_name(tag);
    size_t len = strlen(name);
    for (const char *p = s->p; (p = memchr(p, '<', (size_t)(s->end - p))) != NULL; p++)
        if ((size_t)(s->end - p) > len + 2 && p[1] == '/' && !strncasecmp(p + 2, name, len)) {
            s->p = p;
            return;
        }
    s->p = s->end;
}

static void open_tag(struct survey *s, const struct found_tag *t)
{
    unsigned flags = tag_flags(t->tag);
    if (t->tag == TAG_BR || t->tag == TAG_HR)
        end_line(s);
    if (flags & TAG_VOID)
        return;
    if ((flags & TAG_IMPLIED) && s->open[s->depth].tag == t->tag) {
        close_element(s, s->depth);
        s->implied = true;
    }
    open_element(s, t);
    if (flags & TAG_RAW)
        skip_raw(s, t->tag);
}

static void take_tag(struct survey *s, const struct found_tag *t)
{
    const char *from = s->p;
    s->p += t->len;
    if (t->tag != TAG_COUNT) { /* of others the content counts as what stands around it */
        s->tags++;
        if (t->closes)
            close_tag(s, t->tag);
        else
            open_tag(s, t);
        s->mark = s->text;
    }
    s->markup += (size_t)(s->p - from);
}

/* Passes over a comment at s->p; false where it has no end. */
static bool skip_comment(struct survey *s)
{
    if (s->no_comment_end || !starts_with(s->p, s->end, "<!--"))
        return false;
    const char *close = memmem(s->p + 4, (size_t)(s->end - s->p) - 4, "-->", 3);
    s->no_comment_end = !close;
    if (close)
        s->p = close + 3;
    return close != NULL;
}

/* Passes over what may stand before a page starts; true where that alone says markup. */
static bool skip_prolog(struct survey *s)
{
    if (starts_with(s->p, s->end, "\xef\xbb\xbf"))
        s->p += 3;
    do {
        while (s->p < s->end && is_space(*s->p))
            s->p++;
    } while (skip_comment(s));
    return starts_with(s->p, s->end, "<?xml") || starts_with(s->p, s->end, "<!doctype ");
}

/* What is never closed counts only where pages leave it open: html and body; <p> after <p>;
 * and in a long page that starts with a tag, what its end closes behind the window. */
static bool runs_to_end(const struct survey *s, const struct open_element *e)
{
    return e->tag == TAG_HTML || e->tag == TAG_BODY ||
           (s->implied && (tag_flags(e->tag) & TAG_IMPLIED)) ||
           (s->is_page && !e->bare && s->tags >= PAGE_TAGS_MIN);
}

static void survey_text(struct survey *s)
{
    while (s->p < s->end) {
        const char *open = memchr(s->p, '<', (size_t)(s->end - s->p));
        struct found_tag tag;
        add_text(s, open ? open : s->end);
        if (!open || skip_comment(s))
            continue;
        if (read_tag(s, open, &tag) && !is_mention(s, open, &tag))
            take_tag(s, &tag);
        else
            add_text(s, open + 1);
    }
    for (; s->depth > 0; s->depth--) {
        struct open_element *e = &s->open[s->depth];
        e[-1].covered += runs_to_end(s, e) ? s->text - e->start : e->covered;
    }
}

/* Elements that begin a page, and nothing else. */
static bool begins_page(enum tag tag)
{
    static const enum tag tags[] = {TAG_HTML, TAG_HEAD, TAG_BODY,  TAG_TITLE, TAG_META,
                                    TAG_BASE, TAG_LINK, TAG_STYLE, TAG_SCRIPT};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (tags[i] == tag)
            return true;
    return false;
}

/* Does a known element start here, with attributes that fill the whole window? */
static bool opens_long_tag(const struct survey *s)
{
    const char *stop = s->p + 1;
    if (s->p == s->end || *s->p != '<')
        return false;
    while (stop < s->end && is_name(*stop))
        stop++;
    size_t left = (size_t)(s->end - stop);
    return left > 0 && is_space(*stop) && !memchr(stop, '<', left) &&
           tag_of((struct slice){s->p + 1, (size_t)(stop - s->p - 1)}) < TAG_COUNT &&
           memchr(stop, '=', left < ATTRIBUTE_MOST ? left : ATTRIBUTE_MOST);
}

static bool looks_like_html(struct slice utf8)
{
    struct survey s = {.start = utf8.p, .p = utf8.p};
    struct found_tag first;
    if (utf8.len == 0)
        return false;
    s.end = utf8.p + (utf8.len < WINDOW ? utf8.len : WINDOW);
    if (skip_prolog(&s))
        return true;
    s.is_page = utf8.len > WINDOW;
    if (s.is_page && opens_long_tag(&s))
        return true;
    bool at_start = s.p < s.end && *s.p == '<' && read_tag(&s, s.p, &first);
    if (at_start && begins_page(first.tag))
        return true;
    s.is_page &= at_start;
    survey_text(&s);
    size_t covered = s.open[0].covered, outside = s.text - covered;
    return at_start ? covered >= outside || s.markup >= s.text
                    : s.tags >= TAGS_MIN && covered / 3 >= outside;
}

enum winnow_kind input_kind(struct slice utf8, enum winnow_kind hint)
{
    if (hint != WINNOW_KIND_AUTO)
        return hint;
    return looks_like_html(utf8) ? WINNOW_KIND_HTML : WINNOW_KIND_DUMP;
}
