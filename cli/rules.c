/* rules.c - winnow rules: the table of its verbs, and those that check rule files. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "commands.h"
#include "findings.h"
#include "output.h"
#include "rules_verbs.h"
#include "say.h"

static int code_of(int status, const struct winnow_error *err)
{
    if (status == WINNOW_OK)
        return EX_OK;
    say("%s", err->text);
    return status == WINNOW_EIO ? EX_NOINPUT : exit_code_of(status);
}

int rules_lint(const struct settings *s)
{
    struct findings found;
    int ret = EX_OK;
    findings_begin(&found, s);
    for (size_t i = 1; i < s->nargs; i++) {
        struct winnow_error err = {0};
        size_t errors = 0;
        int code = code_of(winnow_rules_lint(s->args[i], findings_add, &found, &errors, &err), &err);
        ret = code == EX_OK ? ret : code;
    }
    findings_end(&found, NULL, 0);
    findings_say_counts(&found);
    return ret != EX_OK ? ret : found.errors > 0 ? EX_CONFIG : EX_OK;
}

struct test_counts {
    size_t ran, failed, skipped;
};

static void print_test_counts(const char *path, const struct test_counts *c)
{
    printf("%s: %zu tests, %zu failed", path, c->ran, c->failed);
    if (c->skipped > 0)
        printf(", %zu skipped: a test_url alone would have to be fetched", c->skipped);
    putchar('\n');
}

static int test_one(const struct settings *s, const char *path, struct findings *found,
                    struct test_counts *all)
{
    struct winnow_error err = {0};
    struct test_counts c = {0};
    int code = code_of(winnow_rules_test(path, findings_add, found, &c.ran, &c.failed, &c.skipped,
                                         &err), &err);
    all->ran += c.ran;
    all->failed += c.failed;
    all->skipped += c.skipped;
    if (code == EX_OK && !s->quiet && s->format == WINNOW_TEXT)
        print_test_counts(path, &c);
    return code;
}

int rules_test(const struct settings *s)
{
    struct findings found;
    struct test_counts all = {0};
    int ret = EX_OK;
    findings_begin(&found, s);
    for (size_t i = 1; i < s->nargs; i++) {
        int code = test_one(s, s->args[i], &found, &all);
        ret = code == EX_OK ? ret : code;
    }
    const struct findings_count more[] = {
        {"tests", all.ran}, {"failed", all.failed}, {"skipped", all.skipped}};
    findings_end(&found, more, sizeof more / sizeof *more);
    return ret != EX_OK ? ret : all.failed > 0 ? EX_CONFIG : EX_OK;
}

static const struct verb {
    const char *name;
    int (*run)(const struct settings *s);
    const char *usage, *help;
    bool makes_json, may_be_bare;
} verbs[] = {
    {"lint", rules_lint, "FILE|DIR...", "what is wrong with rule files, and what was meant",
     true, false},
    {"test", rules_test, "FILE|DIR...", "run the tests that they hold", true, false},
    {"show", rules_show, "FILE|DIR|URL|-...", "which rules speak for a page, and what they match",
     false, false},
    {"status", rules_status, "FILE|DIR...", "what rules did on many pages, and which look rotten",
     false, false},
    {"import", rules_import, "-o DIR SOURCE...", "checkouts of public rules, filter lists", false,
     false},
    {"learn", rules_learn, "--index DIR [SITE]", "a rule file from what a site's pages share",
     false, true},
};

enum { VERBS = sizeof verbs / sizeof *verbs };

/* "lint or test", "lint, test or status". */
static const char *name_verbs(char *ret, size_t size)
{
    size_t at = 0;
    *ret = '\0';
    for (size_t v = 0; v < VERBS && at < size; v++)
        at += (size_t)snprintf(ret + at, size - at, "%s%s",
                               v == 0 ? "" : v + 1 == VERBS ? " or " : ", ", verbs[v].name);
    return ret;
}

void rules_print_verbs(void)
{
    for (size_t v = 0; v < VERBS; v++)
        printf("  rules %-6s %-18s %s\n", verbs[v].name, verbs[v].usage, verbs[v].help);
}

int command_rules(const struct settings *s)
{
    char names[200];
    for (size_t v = 0; s->nargs > 0 && v < VERBS; v++) {
        if (strcmp(s->args[0], verbs[v].name) != 0)
            continue;
        if (s->nargs == 1 && !verbs[v].may_be_bare) {
            say("rules %s takes %s: %s", verbs[v].name, verbs[v].usage, verbs[v].help);
            return EX_USAGE;
        }
        if (s->format != WINNOW_TEXT && !verbs[v].makes_json) {
            say("rules %s writes text alone; leave --format out, or take the records of winnow "
                "clean --format json", verbs[v].name);
            return EX_USAGE;
        }
        int code = verbs[v].run(s);
        return output_end() == EX_OK ? code : EX_IOERR;
    }
    say("rules takes %s, and what it works on; winnow rules --help says more",
        name_verbs(names, sizeof names));
    return EX_USAGE;
}
