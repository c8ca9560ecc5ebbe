/* css_tree.h - a selector list as css_parse.c reads it and css.c writes it. */
#ifndef WINNOW_CSS_TREE_H
#define WINNOW_CSS_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "css.h"

enum {
    CSS_LEN_MOST = 4096, /* bytes of a selector list */
    CSS_DEPTH_MOST = 6,  /* of :not(), :is(), :has() in one another */
    CSS_SIMPLES_MOST = 256,
    CSS_COMPOUNDS_MOST = 128,
    CSS_MEMBERS_MOST = 128,
};

/* Unescaped; no NUL in it and none behind it. */
struct css_string {
    const char *p;
    size_t len;
};

enum css_kind {
    CSS_ID,
    CSS_CLASS,
    CSS_ATTR,
    CSS_PLACE, /* the an+b-th of its siblings */
    CSS_EMPTY,
    CSS_ROOT,
    CSS_NOT,
    CSS_IS,
    CSS_HAS,
};

struct css_member;

/* One condition: .x, [a=b], :nth-child(2n+1), :not(...) */
struct css_simple {
    enum css_kind kind;
    struct css_string name, value;
    char op;   /* of [name op value]: '=' '^' '$' '*' '~' '|', or 0: the attribute is there */
    bool fold; /* ASCII letters of either case are equal */
    long a, b; /* of an+b */
    bool from_end, of_type;
    const struct css_member *list;
    struct css_simple *next;
};

/* What stands between two combinators. */
struct css_compound {
    struct css_string type;      /* empty: any element */
    struct css_simple *simples;  /* in the order in which they were written */
    char combinator;             /* before it: ' ' '>' '+' '~'; 0: it is the first */
    struct css_compound *left, *right;
};

/* One selector of a list. */
struct css_member {
    struct css_compound *first, *last;
    const struct css_member *next;
};

struct css_tree {
    struct css_simple simples[CSS_SIMPLES_MOST];
    struct css_compound compounds[CSS_COMPOUNDS_MOST];
    struct css_member members[CSS_MEMBERS_MOST];
    size_t nsimples, ncompounds, nmembers;
    char strings[2 * CSS_LEN_MOST + 16]; /* \0 becomes three bytes */
    size_t nstrings;
    const struct css_member *list;
};

/* Reads a selector list into ret, which need not be cleared. */
enum css_status css_parse(const char *selector, size_t len, struct css_tree *ret);

#endif
