/* cleaner.h - what a struct winnow holds: options, limits, rule files.
 *
 * The rules are a set that pages share.  A new set takes the place of the old one as
 * a whole; pages at work keep the one that they began with. */
#ifndef WINNOW_CLEANER_H
#define WINNOW_CLEANER_H

#include "charset.h"
#include "parse.h"
#include "rules.h"
#include "winnow.h"

struct winnow {
    struct winnow_options options;
    struct winnow_limits limits; /* all set */
    const struct parser *parser;
    pthread_mutex_t lock; /* of `rules`, the pointer */
    struct rules *rules;
    struct rule_file *only; /* under test: applies to every page, and no other does */
    struct charset_held *converters; /* see winnow_prepare; or NULL */
    struct winnow_index *index; /* what pages are compared with; not ours; or NULL */
    struct winnow_index_use use;
};

/* The rules as they are now, with one user more; see rules_release. */
struct rules *cleaner_rules(struct winnow *w);

#endif
