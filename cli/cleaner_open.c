/* cleaner_open.c - a cleaner as the settings ask for it, with the rule folders that count. */
#include "cleaner_open.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "commands.h"
#include "say.h"

struct winnow_options cleaner_options(const struct settings *s)
{
    return (struct winnow_options){.keep_repeats = s->keep_repeats,
                                   .all_repeats = s->all_repeats,
                                   .limits = {.max_bytes = s->max_size}};
}

int cleaner_rules(const struct settings *s, struct rule_paths *ret)
{
    struct winnow_error err = {0};
    int status = WINNOW_OK;
    *ret = (struct rule_paths){0};
    for (size_t i = 0; i < s->nrules && status == WINNOW_OK; i++)
        status = rule_paths_add(ret, s->rules[i], &err);
    if (status == WINNOW_OK && !s->no_default_rules)
        status = rule_paths_add_defaults(ret, true, &err);
    if (status != WINNOW_OK)
        say("%s", err.text);
    return exit_code_of(status);
}

/* Where listings of large rule folders are remembered; NULL: nowhere. */
static const char *find_cache(char *path, size_t size)
{
    const char *base = getenv("XDG_CACHE_HOME"), *below = "/winnow";
    if (!base || *base != '/') {
        base = getenv("HOME");
        below = "/.cache/winnow";
    }
    int n = base && *base == '/' ? snprintf(path, size, "%s%s", base, below) : -1;
    return n < 0 || (size_t)n >= size ? NULL : path;
}

static int add_all(struct winnow *w, const struct rule_paths *rules)
{
    struct winnow_error err = {0};
    for (size_t i = 0; i < rules->count; i++)
        if (winnow_add_rules(w, rules->items[i], &err) != WINNOW_OK) {
            say("%s", err.text);
            return EX_CONFIG;
        }
    return EX_OK;
}

static int open_with(const struct settings *s, const struct rule_paths *rules, struct winnow **ret)
{
    char cache[PATH_MAX];
    struct winnow_options options = cleaner_options(s);
    struct winnow_error err = {0};
    struct winnow *w = NULL;
    options.cache = find_cache(cache, sizeof cache);
    int status = winnow_new(&options, &w, &err);
    if (status != WINNOW_OK) {
        say("%s", err.text);
        return exit_code_of(status);
    }
    int code = add_all(w, rules);
    if (code == EX_OK)
        *ret = w;
    else
        winnow_free(w);
    return code;
}

int cleaner_open(const struct settings *s, struct winnow **ret)
{
    struct rule_paths rules;
    int code = cleaner_rules(s, &rules);
    if (code == EX_OK)
        code = open_with(s, &rules, ret);
    rule_paths_free(&rules);
    return code;
}
