/* options.h - what the command line says, from one table of options. */
#ifndef WINNOW_OPTIONS_H
#define WINNOW_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "winnow.h"

/* Which commands know an option: bits. */
enum command_bit {
    FOR_CLEAN = 1,
    FOR_EXPLAIN = 2,
    FOR_RULES = 4,
    FOR_PAGES = FOR_CLEAN | FOR_EXPLAIN,
    FOR_ALL = FOR_PAGES | FOR_RULES,
};

enum { RULES_MOST = 64 }; /* folders of rules */

struct settings {
    const char *out;
    enum winnow_format format;
    bool format_given;
    const char *url, *site;
    enum winnow_kind kind;
    const char *rules[RULES_MOST];
    size_t nrules;
    bool no_default_rules, keep_repeats, all_repeats, allow_private, force, quiet, help;
    size_t max_size; /* bytes; 0: the library's default */
    const char *html;
    char **args; /* what is left: inputs */
    size_t nargs;
};

/* Reads argv behind the command's name.  0, or EX_USAGE after a message. */
int options_read(int argc, char **argv, unsigned command, struct settings *ret);

/* The options of a command, one a line, for --help. */
void options_print(unsigned command);

#endif
