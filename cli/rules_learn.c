/* rules_learn.c - winnow rules learn: a site's rule file, from what its pages share. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "findings.h"
#include "index_open.h"
#include "output.h"
#include "rules_verbs.h"
#include "say.h"

static int code_of(int status, const struct winnow_error *err)
{
    if (status != WINNOW_OK)
        say("%s", err->text);
    return exit_code_of(status);
}

static void print_site(void *ctx, const char *site, uint64_t documents)
{
    (void)ctx;
    printf("%10" PRIu64 "  ", documents);
    print_plain(site, strlen(site));
    putchar('\n');
}

static int list_sites(const struct settings *s, struct winnow_index *index)
{
    struct winnow_error err = {0};
    if (!s->quiet)
        printf("%10s  site\n", "pages");
    return code_of(winnow_index_sites(index, print_site, NULL, &err), &err);
}

static int write_rules(struct winnow_index *index, const char *site, FILE *stream)
{
    struct winnow_error err = {0};
    return code_of(winnow_rules_learn(index, site, write_stream, stream, &err), &err);
}

static int learn(const struct settings *s, struct winnow_index *index)
{
    struct output o;
    const char *site = s->args[1];
    if (!s->out)
        return write_rules(index, site, stdout);
    int code = output_open(s->out, site, &o);
    return code == EX_OK ? output_close(&o, write_rules(index, site, o.stream)) : code;
}

int rules_learn(const struct settings *s)
{
    struct winnow_index *index = NULL;
    if (!s->index || s->nargs > 2) {
        say("rules learn takes --index DIR and one site; without a site it lists those that the "
            "index knows");
        return EX_USAGE;
    }
    int code = index_open(s->index, true, &index);
    if (code == EX_OK)
        code = s->nargs == 2 ? learn(s, index) : list_sites(s, index);
    winnow_index_close(index);
    return code;
}
