/* parse.h - HTML to our tree: one interface, two parsers behind it. */
#ifndef WINNOW_PARSE_H
#define WINNOW_PARSE_H

#include "slice.h"
#include "tree.h"
#include "winnow.h"

struct parser {
    const char *name; /* "lexbor", "libxml2" */
    const char *(*version)(void);
    void (*init)(void); /* what all its threads share; any thread, any number of times */
    /* Fills a tree that tree_init made.  0, a status, or PARSE_TOO_COSTLY where this
     * parser would need more than parse_cost_max bytes, or the like of time. */
    int (*parse)(struct slice html, const struct winnow_limits *limits, struct tree *ret,
                 struct winnow_error *err);
};

enum { PARSE_TOO_COSTLY = -1 };

/* What a parser may take for a page besides our tree, in bytes.  lexbor
 * needs 3 bytes a byte for real pages; lists of links 17; all tags and no text 60. */
static inline size_t parse_cost_max(size_t html_len)
{
    return (32u << 20) + 16 * html_len;
}

#if WINNOW_HAVE_LEXBOR
extern const struct parser parser_lexbor;
#endif
extern const struct parser parser_libxml2;

/* The parsers that this build has, the preferred one first; NULL past the last. */
const struct parser *parser_at(size_t i);

/* Makes what the parsers' libraries keep for the whole process, once, however many
 * threads call it.  parse_html and XPath do so by themselves. */
void parser_init(void);

/* WINNOW_ELIMIT: the page has more nodes than max_nodes. */
int parse_too_many(const struct winnow_limits *limits, struct winnow_error *err);

/* Parses UTF-8 HTML into *ret, which is initialised here and freed by the caller
 * with tree_free, also after a failure.  Bounded by limits (all set, and within what
 * winnow_new allows; a max_depth below 8 counts as 8): what is nested too deep, or
 * takes too much work to nest, keeps its text, further attributes are left out, and
 * all three are counted in the tree.  Words between which a line ended stay apart.
 * Too many nodes is WINNOW_ELIMIT.  A page that is too costly for the parser is given
 * to the next one of the table. */
int parse_html(const struct parser *parser, struct slice html,
               const struct winnow_limits *limits, struct tree *ret, struct winnow_error *err);

#endif
