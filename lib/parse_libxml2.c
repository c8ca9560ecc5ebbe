/* parse_libxml2.c - HTML to our tree by libxml2's HTML parser, as SAX events.
 *
 * 1. No libxml2 tree is made: every event goes into our arrays at once.  Names live
 *    in libxml2's dictionary and values in an arena; both are the tree's owner.
 * 2. The input is UTF-8 whatever its meta elements say.
 * 3. prescan bounds depth and attributes beforehand; here the true depth and the
 *    number of nodes are checked, and the parser is stopped where they pass. */
#include "parse.h"

#include <libxml/HTMLparser.h>
#include <libxml/dict.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlversion.h>
#include <pthread.h>
#include <stdlib.h>

#include "arena.h"
#include "err.h"
#include "prescan.h"
#include "tree_fill.h"

/* What the tree's slices point into. */
struct owner {
    xmlDict *names;
    struct arena values;
};

struct seen_name {
    const xmlChar *name; /* of the dictionary: the same name is the same pointer */
    unsigned tag;
};

struct sax {
    struct tree_fill fill;
    struct tree *tree;
    struct owner *owner;
    htmlParserCtxt *ctxt;
    const struct winnow_limits *limits;
    size_t depth, depth_most; /* of libxml2's open elements */
    bool in_text;             /* the last node is a text that goes on */
    int status;
    struct seen_name seen[256];
};

static void free_owner(void *p)
{
    struct owner *owner = p;
    if (owner->names)
        xmlDictFree(owner->names);
    arena_free(&owner->values);
    free(owner);
}

static struct owner *new_owner(struct tree *t, xmlDict *names, size_t max_values)
{
    struct owner *owner = calloc(1, sizeof *owner);
    if (!owner)
        return NULL;
    t->owner = owner;
    t->owner_free = free_owner;
    arena_init(&owner->values, max_values);
    if (names && xmlDictReference(names) == 0)
        owner->names = names;
    return owner;
}

/* --- events ------------------------------------------------------------------------- */

static void stop(struct sax *s, int status)
{
    if (s->status == WINNOW_OK)
        s->status = status;
    xmlStopParser(s->ctxt);
}

static unsigned tag_of_name(struct sax *s, const xmlChar *name)
{
    struct seen_name *seen = &s->seen[((uintptr_t)name >> 3) % 256];
    if (seen->name != name)
        *seen = (struct seen_name){name, tree_tag_of(s->tree, slice_of((const char *)name))};
    return seen->tag;
}

/* Whatever libxml2 reports beside the first element stands in it. */
static size_t node_depth(const struct sax *s)
{
    return s->depth == 0 && s->tree->count > 0 ? 1 : s->depth;
}

static int add_attrs(struct sax *s, const xmlChar **atts)
{
    struct node *n = &s->tree->nodes[s->tree->count - 1];
    for (; atts[0]; atts += 2) {
        if (n->nattrs == s->limits->max_attrs) {
            s->tree->attrs_dropped++;
            return WINNOW_OK;
        }
        struct slice value = slice_of(atts[1] ? (const char *)atts[1] : "");
        if (value.len > 0)
            value.p = arena_copy(&s->owner->values, value);
        if (!value.p)
            return WINNOW_ENOMEM;
        int status = fill_attr(s->tree, n, slice_of((const char *)atts[0]), value);
        if (status != WINNOW_OK)
            return status;
    }
    return WINNOW_OK;
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar **atts)
{
    struct sax *s = ctx;
    if (s->status != WINNOW_OK)
        return;
    s->in_text = false;
    if (!fill_open(&s->fill, node_depth(s), tag_of_name(s, name)))
        stop(s, WINNOW_ENOMEM);
    else if (s->tree->count > s->limits->max_nodes)
        stop(s, WINNOW_ELIMIT);
    else if (++s->depth > s->depth_most)
        stop(s, PARSE_TOO_COSTLY);
    else if (atts)
        s->status = add_attrs(s, atts);
}

static void on_end(void *ctx, const xmlChar *name)
{
    (void)name;
    struct sax *s = ctx;
    s->in_text = false;
    if (s->depth > 0)
        s->depth--;
}

static void on_text(void *ctx, const xmlChar *text, int len)
{
    struct sax *s = ctx;
    if (s->status != WINNOW_OK || len <= 0)
        return;
    struct slice piece = {(const char *)text, (size_t)len};
    if (s->in_text) {
        buf_add(&s->tree->text, piece.p, piece.len);
        s->tree->nodes[s->tree->count - 1].text_end = (uint32_t)s->tree->text.len;
        s->status = s->tree->text.status;
        return;
    }
    if (s->tree->count == 0 && !fill_open(&s->fill, 0, TAG_HTML))
        stop(s, WINNOW_ENOMEM);
    else if (s->tree->count >= s->limits->max_nodes)
        stop(s, WINNOW_ELIMIT);
    else
        s->status = fill_text(&s->fill, node_depth(s), piece);
    s->in_text = true;
}

static void on_comment(void *ctx, const xmlChar *value)
{
    (void)value;
    struct sax *s = ctx;
    s->in_text = false;
}

#if LIBXML_VERSION >= 21200
static void on_error(void *ctx, const xmlError *error)
#else
static void on_error(void *ctx, xmlError *error)
#endif
{
    (void)ctx;
    (void)error;
}

static void set_events(htmlParserCtxt *ctxt, struct sax *s)
{
    *ctxt->sax = (xmlSAXHandler){
        .startElement = on_start,
        .endElement = on_end,
        .characters = on_text,
        .cdataBlock = on_text,
        .ignorableWhitespace = on_text,
        .comment = on_comment,
        .serror = on_error,
        .initialized = XML_SAX2_MAGIC,
    };
    ctxt->userData = s;
}

/* --- one page -------------------------------------------------------------------------- */

static int run(struct sax *s, struct slice html)
{
    static const int options = HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC |
                               HTML_PARSE_COMPACT | XML_PARSE_HUGE;
    htmlParserCtxt *ctxt = htmlCreateMemoryParserCtxt(html.p, (int)html.len);
    if (!ctxt)
        return WINNOW_ENOMEM;
    int status = WINNOW_ENOMEM;
    s->ctxt = ctxt;
    s->owner = new_owner(s->tree, ctxt->dict, parse_cost_max(html.len));
    if (!s->owner)
        goto out;
    htmlCtxtUseOptions(ctxt, options);
    set_events(ctxt, s);
    xmlSwitchEncoding(ctxt, XML_CHAR_ENCODING_UTF8);
    htmlParseDocument(ctxt);
    status = s->status;
    if (status == WINNOW_OK && ctxt->errNo == XML_ERR_NO_MEMORY)
        status = WINNOW_ENOMEM;
out:
    if (ctxt->myDoc)
        xmlFreeDoc(ctxt->myDoc);
    htmlFreeParserCtxt(ctxt);
    return status;
}

static int parse_bounded(struct slice html, const struct winnow_limits *limits, struct tree *ret)
{
    struct sax *s = calloc(1, sizeof *s);
    if (!s)
        return WINNOW_ENOMEM;
    s->tree = ret;
    s->limits = limits;
    s->depth_most = (size_t)limits->max_depth * 2 + 64;
    int status = fill_init(&s->fill, ret, limits->max_depth);
    if (status == WINNOW_OK)
        status = run(s, html);
    fill_end(&s->fill);
    free(s);
    return status;
}

static int parse(struct slice html, const struct winnow_limits *limits, struct tree *ret,
                 struct winnow_error *err)
{
    struct buf rewritten;
    struct prescan counts;
    struct slice bounded = html;
    /* Escaped CDATA grows: & becomes &amp;. */
    buf_init(&rewritten, html.len > SIZE_MAX / 6 ? SIZE_MAX : html.len * 6);
    int status = prescan(html, limits, &rewritten, &bounded, &counts);
    if (status == WINNOW_OK && bounded.len > INT32_MAX)
        status = err_set(err, WINNOW_ELIMIT,
                         "the page is larger than libxml2 can read, 2 GiB; split it, or read it "
                         "with a winnow that is built with lexbor");
    else if (status == WINNOW_OK && bounded.len > 0)
        status = parse_bounded(bounded, limits, ret);
    ret->flattened += counts.flattened;
    ret->unnested += counts.unnested;
    ret->attrs_dropped += counts.attrs_dropped;
    buf_free(&rewritten);
    if (status == WINNOW_ENOMEM)
        return err_nomem(err);
    if (status == WINNOW_ELIMIT && bounded.len <= INT32_MAX)
        return parse_too_many(limits, err);
    return status;
}

/* libxml2 would do it at the first use of it, and old versions not for two threads. */
static void init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, xmlInitParser);
}

static const char *version(void)
{
    return LIBXML_DOTTED_VERSION;
}

const struct parser parser_libxml2 = {"libxml2", version, init, parse};
