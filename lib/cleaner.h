/* cleaner.h - what a struct winnow holds: options, limits, rule files. */
#ifndef WINNOW_CLEANER_H
#define WINNOW_CLEANER_H

#include "parse.h"
#include "rules.h"
#include "winnow.h"

struct winnow {
    struct winnow_options options;
    struct winnow_limits limits; /* all set */
    const struct parser *parser;
    struct rules rules;
    struct rule_file *only; /* under test: applies to every page, and no other does */
};

#endif
