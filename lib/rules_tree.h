/* rules_tree.h - what the rules on a page's tree share: rules_tree.c runs them in
 * their order, rules_values.c reads values, rules_body.c finds the body.
 *
 * Elements that are stripped leave the libxml2 tree too, so that later expressions
 * see the page as the format's readers have it then; our own tree and text stay. */
#ifndef WINNOW_RULES_TREE_H
#define WINNOW_RULES_TREE_H

#include "page.h"
#include "rules.h"
#include "xpath.h"

struct xpath_expr;

/* An element that gave a value (title, author, date): no text of the body. */
struct value_node {
    uint32_t node;
    const struct rule_file *file;
    const struct rule *rule;
};

enum { MOVED_MOST = 200 }; /* elements of a page: each strip looks at all of them */

/* An attribute that is out of the tree while the rules are at work. */
struct taken_attr {
    uint32_t attr;
    struct slice name;
};

/* The rules at work on one page's tree. */
struct tree_pass {
    struct page *p;
    struct value_node *values;
    size_t nvalues, values_cap;
    struct value_node *moved; /* by move_into, in the order of the page */
    size_t nmoved, moved_cap;
    struct taken_attr *taken; /* by strip_attr */
    size_t ntaken, taken_cap;
};

/* Evaluates an expression of a rule and counts what it found; an expression that
 * fails on this page is noted, and finds nothing. */
int tree_select(struct tree_pass *t, const struct rule_file *file, const struct rule *rule,
                struct xpath_result *ret, struct winnow_error *err);

/* Marks a node's text as removed, and takes the node out of the libxml2 tree. */
void tree_remove(struct tree_pass *t, uint32_t node, uint32_t reason);

/* title, author, date, links and native_ad_clue: first of all. */
int tree_read_values(struct tree_pass *t, struct winnow_error *err);

/* body, and what goes within it. */
int tree_find_body(struct tree_pass *t, struct winnow_error *err);

#endif
