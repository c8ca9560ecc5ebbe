/* rules.c - winnow rules lint, winnow rules test. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "commands.h"
#include "output.h"
#include "say.h"

static void print_finding(void *ctx, const struct winnow_finding *f)
{
    const struct settings *s = ctx;
    if (s->quiet && !f->is_error)
        return;
    printf("%s:", f->file);
    if (f->line)
        printf("%u:", f->line);
    if (f->column)
        printf("%u:", f->column);
    printf(" %s%s\n", f->is_error ? "" : "warning: ", f->text);
}

static int lint(const struct settings *s, const char *path)
{
    struct winnow_error err = {0};
    size_t errors = 0;
    int status = winnow_rules_lint(path, print_finding, (void *)s, &errors, &err);
    if (status != WINNOW_OK) {
        say("%s", err.text);
        return status == WINNOW_EIO ? EX_NOINPUT : exit_code_of(status);
    }
    return errors > 0 ? EX_CONFIG : EX_OK;
}

static int test(const struct settings *s, const char *path)
{
    struct winnow_error err = {0};
    size_t ran = 0, failed = 0;
    int status = winnow_rules_test(path, print_finding, (void *)s, &ran, &failed, &err);
    if (status != WINNOW_OK) {
        say("%s", err.text);
        return status == WINNOW_EIO ? EX_NOINPUT : exit_code_of(status);
    }
    if (!s->quiet)
        printf("%s: %zu tests, %zu failed\n", path, ran, failed);
    return failed > 0 ? EX_CONFIG : EX_OK;
}

static const struct {
    const char *name;
    int (*run)(const struct settings *s, const char *path);
} verbs[] = {{"lint", lint}, {"test", test}};

int command_rules(const struct settings *s)
{
    int ret = EX_OK;
    for (size_t v = 0; s->nargs > 1 && v < sizeof verbs / sizeof *verbs; v++) {
        if (strcmp(s->args[0], verbs[v].name) != 0)
            continue;
        for (size_t i = 1; i < s->nargs; i++) {
            int code = verbs[v].run(s, s->args[i]);
            ret = code == EX_OK ? ret : code;
        }
        return output_end() == EX_OK ? ret : EX_IOERR;
    }
    say("rules takes lint or test, and the rule files or folders; winnow rules --help says more");
    return EX_USAGE;
}
