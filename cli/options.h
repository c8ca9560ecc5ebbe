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
    FOR_INDEX = 8,
    FOR_RECLEAN = 16,
    FOR_RESTORE = 32,
    FOR_QUEUE = 64,
    FOR_PAGES = FOR_CLEAN | FOR_EXPLAIN,
    FOR_INPUTS = FOR_PAGES | FOR_RULES, /* commands that read pages */
    FOR_ASKING = FOR_PAGES | FOR_RECLEAN, /* that ask an index about them */
    FOR_ALL = FOR_INPUTS | FOR_INDEX | FOR_RECLEAN | FOR_RESTORE | FOR_QUEUE,
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
    const char *index;         /* the folder; NULL: none */
    enum winnow_across across; /* passages of earlier documents */
    bool across_given;
    bool no_site;
    unsigned jobs; /* pages at once; 0 and 1: one, in this process */
    size_t line; /* of a file of records, from 1; 0: not given */
    const char *html;
    char **args; /* what is left: inputs */
    size_t nargs;
};

/* Reads argv behind the command's name.  0, or EX_USAGE after a message. */
int options_read(int argc, char **argv, unsigned command, struct settings *ret);

/* The options of a command, one a line, for --help. */
void options_print(unsigned command);

#endif
