/* parse.c - the table of HTML parsers, and what holds for all of them.
 *
 * 1. The preferred parser comes first; libxml2, which is always there, last.
 * 2. A parser that finds a page too costly hands it on: the page is then read by
 *    the next, which keeps fewer things in memory.  No page is lost by that. */
#include "parse.h"

#include <stdlib.h>

#include "err.h"

static const struct parser *const parsers[] = {
#if WINNOW_HAVE_LEXBOR
    &parser_lexbor,
#endif
    &parser_libxml2,
};

enum {
    PARSERS = sizeof parsers / sizeof *parsers,
    DEPTH_MOST = 8192, /* nested elements: every parser walks its stack now and then */
};

const struct parser *parser_at(size_t i)
{
    return i < PARSERS ? parsers[i] : NULL;
}

static const struct parser *parser_after(const struct parser *parser)
{
    size_t i = 0;
    while (i < PARSERS && parsers[i] != parser)
        i++;
    return parser_at(i + 1);
}

/* Brings what node fields cannot hold into their range. */
static struct winnow_limits bounded(const struct winnow_limits *limits)
{
    struct winnow_limits ret = *limits;
    if (ret.max_depth > DEPTH_MOST)
        ret.max_depth = DEPTH_MOST;
    if (ret.max_depth < 8)
        ret.max_depth = 8; /* html, body, table, tbody, tr, td and what is in it */
    if (ret.max_attrs > UINT16_MAX)
        ret.max_attrs = UINT16_MAX;
    if (ret.max_nodes > NODE_NONE - 2)
        ret.max_nodes = NODE_NONE - 2;
    return ret;
}

/* Text is longer than its HTML only by entities: "&nGt;", 5 bytes, is 6 in UTF-8. */
static size_t text_max(size_t html_len)
{
    return html_len + html_len / 4 + 64;
}

int parse_too_many(const struct winnow_limits *limits, struct winnow_error *err)
{
    return err_set(err, WINNOW_ELIMIT,
                   "the page has more than %zu elements and texts; raise max_nodes to clean it",
                   limits->max_nodes);
}

int parse_html(const struct parser *parser, struct slice html,
               const struct winnow_limits *limits, struct tree *ret, struct winnow_error *err)
{
    struct winnow_limits all = bounded(limits);
    tree_init(ret, text_max(html.len));
    int status = PARSE_TOO_COSTLY;
    while (parser && status == PARSE_TOO_COSTLY) {
        tree_free(ret);
        status = parser->parse(html, &all, ret, err);
        parser = parser_after(parser);
    }
    if (status == PARSE_TOO_COSTLY)
        return err_set(err, WINNOW_ELIMIT,
                       "the page is made so that parsing it takes too much time or memory; "
                       "look at its HTML before cleaning it by other means");
    if (status == WINNOW_OK && ret->count == 0 &&
        tree_open_tag(ret, NODE_NONE, TAG_HTML) == NODE_NONE)
        return err_nomem(err);
    return status;
}
