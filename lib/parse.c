/* parse.c - the table of HTML parsers, and what holds for all of them.
 *
 * 1. The preferred parser comes first; libxml2, which is always there, last.
 * 2. A parser that finds a page too costly hands it on: the page is then read by
 *    the next, which keeps fewer things in memory.  No page is lost by that. */
#include "parse.h"

#include "err.h"
#include "tree_fill.h"

static const struct parser *const parsers[] = {
#if WINNOW_HAVE_LEXBOR
    &parser_lexbor,
#endif
    &parser_libxml2,
};

enum {
    PARSERS = sizeof parsers / sizeof *parsers,
    DEPTH_LEAST = 8, /* html, body, table, tbody, tr, td and what is in it */
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

void parser_init(void)
{
    for (size_t i = 0; i < PARSERS; i++)
        parsers[i]->init();
}

/* Text is longer than its HTML only by entities: "&nGt;", 5 bytes, is 6 in UTF-8. */
static size_t text_max(size_t html_len)
{
    return html_len + html_len / 4 + 64;
}

int parse_too_many(const struct winnow_limits *limits, struct winnow_error *err)
{
    return err_set(err, WINNOW_ELIMIT,
                   "the page has more than %zu elements and texts, the limit for one page; split it, or "
                   "raise max_nodes",
                   limits->max_nodes);
}

static int make_root(struct tree *t)
{
    struct tree_fill fill;
    int status = fill_init(&fill, t, 1);
    if (status == WINNOW_OK && !fill_open(&fill, 0, TAG_HTML))
        status = WINNOW_ENOMEM;
    fill_end(&fill);
    return status;
}

int parse_html(const struct parser *parser, struct slice html,
               const struct winnow_limits *limits, struct tree *ret, struct winnow_error *err)
{
    struct winnow_limits all = *limits;
    if (all.max_depth < DEPTH_LEAST)
        all.max_depth = DEPTH_LEAST;
    parser_init();
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
    if (status == WINNOW_OK && ret->count == 0 && make_root(ret) != WINNOW_OK)
        return err_nomem(err);
    return status;
}
