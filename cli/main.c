/* main.c - the commands of winnow, and help. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "commands.h"
#include "index_verbs.h"
#include "output.h"
#include "queue_verbs.h"
#include "rules_verbs.h"
#include "say.h"

static const struct command {
    const char *name;
    unsigned bit;
    int (*run)(const struct settings *s);
    const char *usage, *help;
    void (*print_verbs)(void); /* NULL: it has none */
} commands[] = {
    {"clean", FOR_CLEAN, command_clean, "[OPTION]... [FILE|DIR|URL|-]...",
     "clean pages: the text without what is not the page's own", NULL},
    {"explain", FOR_EXPLAIN, command_explain, "[OPTION]... FILE|URL|-",
     "show every block of a page, kept or not, and why", NULL},
    {"rules", FOR_RULES, command_rules, "VERB [OPTION]... WHAT...",
     "check rule files, show what they do, import public ones", rules_print_verbs},
    {"index", FOR_INDEX, command_index, "VERB [OPTION]... DIR [WHAT]...",
     "what an index of earlier pages holds, and its care", index_print_verbs},
    {"queue", FOR_QUEUE, command_queue, "VERB [OPTION]... SPOOL [ID]...",
     "what waits in the spool of winnowd, and its quarantine", queue_print_verbs},
    {"reclean", FOR_RECLEAN, command_reclean, "[OPTION]... OUT...",
     "clean records again with what the index has learned since", NULL},
    {"restore", FOR_RESTORE, command_restore, "[OPTION]... RECORD|-",
     "write a page's text as it was before it was cleaned", NULL},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static int print_help(void)
{
    printf("usage: winnow COMMAND ...\n\nTurns scraped pages, HTML or text dumps of them, into "
           "clean text,\nwith a reason for every removal.\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  winnow %-8s %s\n", commands[i].name, commands[i].help);
    printf("  winnow COMMAND --help      the options of a command\n"
           "  winnow --version           this version, and its HTML parser\n\n"
           "exit codes: 0 done; 1 some of several inputs failed; 64 usage; 65 no page, or\n"
           "damage; 66 cannot be opened; 69 fetch failed, no winnowd; 71 no memory; 73 cannot be\n"
           "created; 74 cannot be read or written; 75 another program writes the index or has\n"
           "the spool; 77 no permission; 78 rules.\n"
           "man winnow tells more.\n");
    return output_end();
}

static int print_version(void)
{
    printf("%s (%s)\n", winnow_version(), winnow_parser());
    return output_end();
}

static int print_command_help(const struct command *c)
{
    printf("usage: winnow %s %s\n\n%s\n\n", c->name, c->usage, c->help);
    if (c->print_verbs) {
        c->print_verbs();
        putchar('\n');
    }
    options_print(c->bit);
    return output_end();
}

static const struct command *command_of(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "help";
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return argc > 2 && command_of(argv[2]) ? print_command_help(command_of(argv[2]))
                                               : print_help();
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0)
        return print_version();
    const struct command *c = command_of(name);
    if (!c) {
        say("%s: no such command; winnow --help lists them", name);
        return EX_USAGE;
    }
    struct settings s = {.format = WINNOW_TEXT};
    int code = options_read(argc - 1, argv + 1, c->bit, &s);
    if (code != EX_OK)
        return code;
    return s.help ? print_command_help(c) : c->run(&s);
}
