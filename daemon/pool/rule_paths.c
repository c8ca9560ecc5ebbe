/* rule_paths.c - which rule folders a cleaner reads, in the order in which they count. */
#include "pool/rule_paths.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"

int rule_paths_add(struct rule_paths *p, const char *path, struct winnow_error *err)
{
    if (p->count == RULE_PATHS_MOST)
        return fault_set(err, WINNOW_EUSAGE, "%s: more than %d rule folders; put them into one",
                         path, RULE_PATHS_MOST);
    char *copy = strdup(path);
    if (!copy)
        return fault_nomem(err);
    p->items[p->count++] = copy;
    return WINNOW_OK;
}

/* base/below, if there is such a folder. */
static int add_if_there(struct rule_paths *p, const char *base, const char *below,
                        struct winnow_error *err)
{
    char path[PATH_MAX];
    int n = base ? snprintf(path, sizeof path, "%s%s", base, below) : -1;
    if (n < 0 || (size_t)n >= sizeof path || access(path, F_OK) != 0)
        return WINNOW_OK;
    return rule_paths_add(p, path, err);
}

static int add_shipped(struct rule_paths *p, struct winnow_error *err)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return WINNOW_OK;
    path[n] = '\0';
    for (int up = 0; up < 2; up++) { /* the program, then bin or sbin */
        char *slash = strrchr(path, '/');
        if (!slash)
            return WINNOW_OK;
        *slash = '\0';
    }
    return add_if_there(p, path, "/share/winnow/rules", err);
}

int rule_paths_add_defaults(struct rule_paths *p, bool personal, struct winnow_error *err)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    int status = WINNOW_OK;
    if (personal)
        status = config && *config ? add_if_there(p, config, "/winnow/rules", err)
                                   : add_if_there(p, getenv("HOME"), "/.config/winnow/rules", err);
    if (status == WINNOW_OK)
        status = add_if_there(p, "/etc", "/winnow/rules", err);
    return status == WINNOW_OK ? add_shipped(p, err) : status;
}

void rule_paths_free(struct rule_paths *p)
{
    while (p->count > 0)
        free(p->items[--p->count]);
}
