/* xpath.h - XPath over our tree, by libxml2: made only for pages whose rules ask. */
#ifndef WINNOW_XPATH_H
#define WINNOW_XPATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tree.h"
#include "winnow.h"

struct xpath_doc;  /* a libxml2 tree of one page */
struct xpath_expr; /* a compiled expression; read-only once made */

/* Makes a libxml2 tree from ours; each node knows the index it was made from. */
int xpath_doc_new(const struct tree *tree, struct xpath_doc **ret, struct winnow_error *err);
void xpath_doc_free(struct xpath_doc *doc);

/* WINNOW_ERULES with libxml2's own words and the column where it does not compile. */
int xpath_compile(const char *expr, struct xpath_expr **ret, struct winnow_error *err);
void xpath_expr_free(struct xpath_expr *expr);

struct xpath_result {
    uint32_t *nodes; /* of our tree, in document order, without doubles */
    size_t count;
    uint32_t *attrs; /* of our tree: attributes that the expression finds, any order */
    size_t nattrs;
    char *string; /* where the expression's value is no node-set (or a set of
                     attributes: then the first one's value); else NULL */
};

/* Evaluates under bounds, WINNOW_ERULES where they are passed or it fails.  Bounds of
 * nodes, steps and depth decide alike on every machine.  One does not: a page's XPath
 * has 1 s of processor time, because libxml2 does not count all its work.  What takes
 * near that long (pages made to hurt, or a rule that makes the text of a large page for
 * each of its nodes) may be found on one machine and refused on a slower one; the note
 * about the refused rule tells. */
int xpath_select(struct xpath_doc *doc, const struct xpath_expr *expr,
                 struct xpath_result *ret, struct winnow_error *err);
void xpath_result_free(struct xpath_result *r);

/* Has the page's XPath taken all its time, so that nothing more is tried? */
bool xpath_is_spent(struct xpath_doc *doc);

/* Changes to the libxml2 tree, seen by later expressions; our own stays as it is.
 * Taking out what is out, or what the page is too large for, does nothing. */
void xpath_remove(struct xpath_doc *doc, uint32_t node);
void xpath_remove_attr(struct xpath_doc *doc, uint32_t attr);
/* Makes node the last child of `into`; false where it holds it. */
bool xpath_move(struct xpath_doc *doc, uint32_t node, uint32_t into);
/* Does ancestor hold node, or is it node, as the tree stands now? */
bool xpath_holds(const struct xpath_doc *doc, uint32_t ancestor, uint32_t node);

#endif
