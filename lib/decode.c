/* decode.c - find the charset of a page's bytes and turn them into UTF-8.
 *
 * 1. A page that is valid UTF-8 is passed over once and not copied.
 * 2. What is handed out is valid UTF-8 without BOM and NULs, whatever came in.
 * 3. A charset is tried on the whole text and kept only where it fits; one that does not
 *    is given up early.
 *
 * Who may say what the charset is stands in two tables, in the order of belief. */
#include "decode.h"

#include <stdio.h>

#include "binary.h"
#include "charset.h"
#include "declared.h"
#include "detect.h"
#include "err.h"
#include "utf8.h"

/* --- who says what the charset is -------------------------------------------------- */

struct evidence {
    struct slice bytes;
    const char *http; /* may be NULL */
};

static const struct charset *find_bom(struct evidence *e)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *label;
    } boms[] = {
        {"\xEF\xBB\xBF", 3, "utf8"},
        {"\xFF\xFE\0\0", 4, "utf32le"}, /* before utf16le, which starts the same */
        {"\0\0\xFE\xFF", 4, "utf32be"},
        {"\xFF\xFE", 2, "utf16le"},
        {"\xFE\xFF", 2, "utf16be"},
        {"\x84\x31\x95\x33", 4, "gb18030"},
    };
    for (size_t i = 0; i < sizeof boms / sizeof *boms; i++)
        if (e->bytes.len >= boms[i].len && !memcmp(e->bytes.p, boms[i].bytes, boms[i].len)) {
            e->bytes.p += boms[i].len;
            e->bytes.len -= boms[i].len;
            return charset_named(boms[i].label);
        }
    return NULL;
}

static const struct charset *find_wide(struct evidence *e)
{
    return detect_wide(e->bytes);
}

static const struct charset *find_escapes(struct evidence *e)
{
    return detect_escapes(e->bytes);
}

static const struct charset *find_utf8(struct evidence *e)
{
    (void)e;
    return charset_named("utf8");
}

static const struct charset *find_http(struct evidence *e)
{
    return declared_in_http(e->http);
}

static const struct charset *find_meta(struct evidence *e)
{
    return declared_in_page(e->bytes);
}

static const struct charset *find_detected(struct evidence *e)
{
    return detect_by_letters(e->bytes);
}

static const struct charset *find_fallback(struct evidence *e)
{
    (void)e;
    return charset_named("windows1252");
}

struct source {
    const char *from;
    const struct charset *(*find)(struct evidence *e);
    size_t need; /* good characters for every bad one */
};

enum { NEED_DECLARED_UTF8 = 1 };

/* What shows itself in bytes that otherwise look binary ... */
static const struct source wide_sources[] = {
    {"bom", find_bom, 20},
    {"detector", find_wide, 20},
    {NULL, NULL, 0},
};

/* ... and what is asked of bytes that look like text, in the order of belief. */
static const struct source sources[] = {
    {"detector", find_escapes, 20},
    {"utf-8", find_utf8, 4},
    {"http", find_http, 20},
    {"meta", find_meta, 20},
    {"detector", find_detected, 20},
    {"fallback", find_fallback, 0},
    {NULL, NULL, 0},
};

static bool fits(const struct charset_trial *t, size_t need)
{
    return t->bad <= (t->good + need / 2) / (need ? need : 1) || need == 0;
}

/* Asks the sources one after the other.  The one whose charset fits, its result in *out; or
 * NULL: none, or a failure that *out remembers. */
static const struct source *ask_sources(const struct source *source, struct evidence *e,
                                        struct buf *out, struct decoded *ret)
{
    for (; source->from; source++) {
        struct charset_trial t;
        struct slice whole = e->bytes;
        const struct charset *cs = source->find(e);
        size_t need = source->need;
        if (!cs)
            continue;
        if (charset_is_utf8(cs) && source->find != find_utf8)
            need = NEED_DECLARED_UTF8;
        if (!charset_try(cs, e->bytes, need > 0, out, &t))
            continue;
        if (!fits(&t, need) && out->status != WINNOW_ENOMEM) {
            buf_clear(out); /* also a limit: what is wrong is longer than what is right */
            if (!charset_is_utf8(cs))
                e->bytes = whole; /* what looked like a BOM is text */
            continue;
        }
        if (out->status != WINNOW_OK)
            return NULL;
        ret->from = source->from;
        ret->replaced = t.replaced;
        snprintf(ret->charset, sizeof ret->charset, "%s", charset_name(cs));
        return source;
    }
    return NULL;
}

static size_t drop_nuls(struct buf *b)
{
    char *nul = b->len ? memchr(b->data, 0, b->len) : NULL;
    if (!nul)
        return 0;
    char *to = nul;
    for (char *p = nul; p < b->data + b->len; p++)
        if (*p)
            *to++ = *p;
    size_t dropped = (size_t)(b->data + b->len - to);
    b->len -= dropped;
    b->data[b->len] = '\0';
    return dropped;
}

static struct slice drop_boms(struct slice s)
{
    while (s.len >= 3 && !memcmp(s.p, "\xEF\xBB\xBF", 3))
        s = (struct slice){s.p + 3, s.len - 3};
    return s;
}

/* Valid UTF-8 that needs no change but for a BOM: the common page, at the cost of one pass. */
static bool is_plain(struct slice bytes)
{
    return utf8_valid_prefix(bytes) == bytes.len &&
           (bytes.len == 0 || !memchr(bytes.p, 0, bytes.len)) && !detect_escapes(bytes);
}

static int decode_hard(struct evidence *e, struct buf *out, struct decoded *ret,
                       struct winnow_error *err)
{
    const struct source *source = ask_sources(wide_sources, e, out, ret);
    if (!source && out->status == WINNOW_OK) {
        int status = binary_refuse(e->bytes, err);
        if (status != WINNOW_OK)
            return status;
        source = ask_sources(sources, e, out, ret);
    }
    if (out->status == WINNOW_ELIMIT)
        return err_set(err, WINNOW_ELIMIT,
                       "as UTF-8 the page has more than %zu bytes, the limit for one page; raise "
                       "it (--max-size; max_size of winnowd) if the page is really that large",
                       out->max);
    if (out->status != WINNOW_OK)
        return err_nomem(err);
    if (!source)
        return err_set(err, WINNOW_EDATA,
                       "this system has no converter for the page's charset; install the C "
                       "library's gconv modules");
    ret->nuls = drop_nuls(out);
    ret->text = drop_boms(buf_slice(out));
    return WINNOW_OK;
}

static int decode_plain(struct slice bytes, size_t max_bytes, struct decoded *ret,
                        struct winnow_error *err)
{
    ret->text = drop_boms(bytes);
    ret->from = ret->text.len < bytes.len ? "bom" : "utf-8";
    strcpy(ret->charset, "UTF-8");
    if (ret->text.len > max_bytes)
        return err_set(err, WINNOW_ELIMIT,
                       "the page has %zu bytes, more than the limit of %zu; raise it "
                       "(--max-size; max_size of winnowd) if the page is really that large",
                       ret->text.len, max_bytes);
    return WINNOW_OK;
}

int decode(struct slice bytes, const char *http_charset, enum winnow_kind kind,
           size_t max_bytes, struct buf *buffer, struct decoded *ret, struct winnow_error *err)
{
    struct decoded made = {0};
    struct evidence e = {bytes, http_charset};
    size_t max = buffer->max;
    int status;
    if (bytes.len == 0)
        bytes.p = ""; /* may have been NULL */
    buf_clear(buffer);
    if (is_plain(bytes)) {
        status = decode_plain(bytes, max_bytes, &made, err);
        if (status == WINNOW_OK && kind == WINNOW_KIND_AUTO)
            status = binary_refuse(made.text, err);
    } else {
        buffer->max = max < max_bytes ? max : max_bytes;
        status = decode_hard(&e, buffer, &made, err);
        buffer->max = max;
    }
    if (status == WINNOW_OK)
        *ret = made;
    return status;
}
