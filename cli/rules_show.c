/* rules_show.c - winnow rules show: which rule files speak for a page, and what each of
 * their lines matched. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "commands.h"
#include "findings.h"
#include "inputs.h"
#include "output.h"
#include "pages.h"
#include "rules_verbs.h"
#include "say.h"

enum { VALUE_SHOWN = 100 }; /* bytes of a rule's value */

struct shown {
    const struct winnow_page *page;
    bool no_page; /* a URL alone: nothing could match */
    size_t idle;  /* whole classes and ids that are not on the page */
};

static void print_files(const struct shown *sh)
{
    size_t shown = winnow_page_shown(sh->page);
    struct winnow_rule_file f;
    for (size_t i = 0; (f = winnow_page_rule_file(sh->page, i)).name != NULL; i++) {
        printf("%zu. ", i + 1);
        print_plain(f.path, strlen(f.path));
        fputs(": ", stdout);
        if (f.line > 0)
            printf("line %u matches the page", f.line);
        else
            printf("%s", strcmp(f.step, "host") == 0     ? "the page's host"
                         : strcmp(f.step, "parent") == 0 ? "the host with one label off"
                                                         : "for every page");
        if (!sh->no_page && shown > 0)
            printf("; took %.1f%% of its text", 100.0 * (double)f.took / (double)shown);
        putchar('\n');
    }
}

static bool is_word(const struct winnow_rule *r, const char *word)
{
    return r->arg && r->arg_len == strlen(word) && memcmp(r->arg, word, r->arg_len) == 0;
}

/* Lists of filters name thousands of classes: those that the page lacks are counted. */
static bool is_list_entry(const struct winnow_rule *r)
{
    return is_word(r, "token") || is_word(r, "class") || is_word(r, "id");
}

/* As much of a value as is shown, whole characters. */
static void print_value(const char *value, size_t len)
{
    size_t n = len < VALUE_SHOWN ? len : VALUE_SHOWN;
    while (n < len && n > 0 && ((unsigned char)value[n] & 0xc0) == 0x80)
        n--;
    print_plain(value, n);
    fputs(n < len ? "..." : "", stdout);
}

static void print_rule(void *ctx, const struct winnow_rule *r)
{
    struct shown *sh = ctx;
    if (!r->tried && is_list_entry(r)) {
        sh->idle++;
        return;
    }
    const char *file = winnow_page_rule_file(sh->page, r->file).name;
    if (r->tried && !r->stopped && !sh->no_page)
        printf("%8zu  ", r->matched);
    else
        printf("%8s  ", r->stopped ? "stopped" : "-");
    print_plain(file, strlen(file));
    printf(":%u: %s", r->line, r->directive);
    if (r->arg) {
        putchar('(');
        print_value(r->arg, r->arg_len);
        putchar(')');
    }
    fputs(": ", stdout);
    print_value(r->value, r->value_len);
    putchar('\n');
}

static void print_page(struct shown *sh)
{
    if (!winnow_page_rule_file(sh->page, 0).name) {
        printf("no rule file speaks for this page\n");
        return;
    }
    print_files(sh);
    printf("\n matched  rule, in the order in which they are applied (-: not tried)\n");
    winnow_page_rules(sh->page, print_rule, sh);
    if (sh->no_page)
        printf("files that know a page by its text or HTML show only with the page itself\n");
    if (sh->idle > 0)
        printf("%8s  and %zu classes and ids that the page does not have\n", "-", sh->idle);
}

/* For a URL alone the page is an empty one from there; nothing is fetched. */
static int clean_url(struct winnow *w, const char *url, struct winnow_page **ret)
{
    static const char empty[] = "<html></html>";
    struct winnow_input in = {.data = empty, .len = sizeof empty - 1, .url = url,
                              .url_from = "the command line", .kind = WINNOW_KIND_HTML};
    struct winnow_error err = {0};
    int status = winnow_clean(w, &in, ret, &err);
    if (status != WINNOW_OK)
        say("%s: %s", url, err.text);
    return status == WINNOW_OK ? EX_OK : exit_code_of(status);
}

static void print_title(const char *path)
{
    fputs("=== ", stdout);
    print_plain(path, strlen(path));
    putchar('\n');
}

static int show_one(struct winnow *w, const struct settings *s, const struct input *in, bool title)
{
    struct winnow_page *page = NULL;
    bool no_page = in->kind == INPUT_URL;
    int code = no_page ? clean_url(w, in->path, &page) : page_clean(w, in, s, &page);
    if (code != EX_OK)
        return code;
    if (title)
        print_title(in->path);
    print_page(&(struct shown){.page = page, .no_page = no_page});
    winnow_page_free(page);
    return EX_OK;
}

int rules_show(const struct settings *s)
{
    struct settings rest = *s;
    struct inputs in;
    struct winnow *w = NULL;
    size_t failed;
    int code = EX_OK;
    rest.args++;
    rest.nargs--;
    int listed = inputs_list(&rest, &in, &failed, &code);
    if (listed != EX_OK)
        return listed;
    int opened = cleaner_open(&rest, &w);
    for (size_t i = 0; opened == EX_OK && i < in.count; i++) {
        int one = show_one(w, &rest, &in.items[i], in.count > 1);
        code = one == EX_OK ? code : one;
    }
    winnow_free(w);
    inputs_free(&in);
    return opened == EX_OK ? code : opened;
}
