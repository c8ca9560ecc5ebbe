/* cleaner_open.c - a cleaner with its rule folders, the user's before those that ship. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "commands.h"
#include "say.h"

static int add(struct winnow *w, const char *path)
{
    struct winnow_error err = {0};
    int status = winnow_add_rules(w, path, &err);
    if (status != WINNOW_OK)
        say("%s", err.text);
    return status == WINNOW_OK ? EX_OK : EX_CONFIG;
}

/* base/below, if there is such a folder. */
static int add_if_there(struct winnow *w, const char *base, const char *below)
{
    char path[PATH_MAX];
    int n = base ? snprintf(path, sizeof path, "%s%s", base, below) : -1;
    if (n < 0 || (size_t)n >= sizeof path || access(path, F_OK) != 0)
        return EX_OK;
    return add(w, path);
}

/* The rules that ship stand beside the program: bin/winnow, share/winnow/rules. */
static int add_shipped(struct winnow *w)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return EX_OK;
    path[n] = '\0';
    for (int up = 0; up < 2; up++) { /* the program, then bin */
        char *slash = strrchr(path, '/');
        if (!slash)
            return EX_OK;
        *slash = '\0';
    }
    return add_if_there(w, path, "/share/winnow/rules");
}

static int add_defaults(struct winnow *w)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    int code = config && *config ? add_if_there(w, config, "/winnow/rules")
                                 : add_if_there(w, getenv("HOME"), "/.config/winnow/rules");
    if (code == EX_OK)
        code = add_if_there(w, "/etc", "/winnow/rules");
    return code == EX_OK ? add_shipped(w) : code;
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

int cleaner_open(const struct settings *s, struct winnow **ret)
{
    char cache[PATH_MAX];
    struct winnow_options options = {.keep_repeats = s->keep_repeats,
                                     .all_repeats = s->all_repeats,
                                     .cache = find_cache(cache, sizeof cache),
                                     .limits = {.max_bytes = s->max_size}};
    struct winnow_error err = {0};
    struct winnow *w = NULL;
    int status = winnow_new(&options, &w, &err);
    if (status != WINNOW_OK) {
        say("%s", err.text);
        return exit_code_of(status);
    }
    int code = EX_OK;
    for (size_t i = 0; i < s->nrules && code == EX_OK; i++)
        code = add(w, s->rules[i]);
    if (code == EX_OK && !s->no_default_rules)
        code = add_defaults(w);
    if (code == EX_OK)
        *ret = w;
    else
        winnow_free(w);
    return code;
}
