/* pool_plan.c - settings, kept: copies of all that the caller may free. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool/pool_parts.h"

enum { WORKERS_MOST = 256, TIMEOUT_MS = 60 * 1000 };

#ifndef POOL_PROGRAM
#define POOL_PROGRAM "winnow-worker"
#endif

/* Where winnow-worker may be, from the folder of the program that runs. */
static const char *const places[] = {
    "/" POOL_PROGRAM,
    "/../libexec/winnow/" POOL_PROGRAM,
    "/../lib/winnow/" POOL_PROGRAM,
};

static int find_program(char ret[PATH_MAX], struct winnow_error *err)
{
    ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);
    if (n <= 0)
        return fault_errno(err, "mount /proc", "where this program stands cannot be known");
    ret[n] = '\0';
    char *slash = strrchr(ret, '/');
    size_t len = slash ? (size_t)(slash - ret) : 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int more = snprintf(ret + len, PATH_MAX - len, "%s", places[i]);
        if (more > 0 && (size_t)more < PATH_MAX - len && access(ret, X_OK) == 0)
            return WINNOW_OK;
    }
    ret[len] = '\0';
    return fault_set(err, WINNOW_EUSAGE,
                     "%.300s: there is no " POOL_PROGRAM " here, nor in ../libexec/winnow; "
                     "install it, or say where it is", ret);
}

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->terms.nrules; i++)
        free((char *)plan->terms.rules[i]);
    free(plan->program);
    free(plan);
}

struct plan *plan_copy(const struct plan *plan)
{
    struct plan *ret = malloc(sizeof *ret);
    if (!ret)
        return NULL;
    *ret = *plan;
    ret->program = strdup(plan->program);
    bool whole = ret->program;
    for (size_t i = 0; i < plan->terms.nrules; i++)
        whole = (ret->terms.rules[i] = strdup(plan->terms.rules[i])) && whole;
    if (whole)
        return ret;
    plan_free(ret);
    return NULL;
}

static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : (unsigned)n;
}

int plan_new(const struct pool_settings *s, struct plan **ret, struct winnow_error *err)
{
    char found[PATH_MAX];
    int status = s->program ? WINNOW_OK : find_program(found, err);
    struct plan *mine = status == WINNOW_OK ? malloc(sizeof *mine) : NULL;
    if (!mine)
        return status == WINNOW_OK ? fault_nomem(err) : status;
    status = terms_from(s, &mine->terms, err);
    mine->program = s->program ? (char *)s->program : found;
    mine->workers = s->workers ? s->workers : processors();
    mine->workers = mine->workers < WORKERS_MOST ? mine->workers : WORKERS_MOST;
    mine->timeout_ms = s->timeout_ms ? s->timeout_ms : TIMEOUT_MS;
    struct plan *copy = status == WINNOW_OK ? plan_copy(mine) : NULL;
    free(mine); /* its strings are others' */
    if (status == WINNOW_OK && !copy)
        status = fault_nomem(err);
    if (status == WINNOW_OK)
        *ret = copy;
    return status;
}
