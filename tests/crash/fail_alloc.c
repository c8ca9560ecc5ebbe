/* fail_alloc.c - memory that runs out: the n-th allocation of one program fails.
 *
 * A library for LD_PRELOAD.  Of the environment:
 *
 *     FAIL_ALLOC_IN     the program's name, without folders; other programs are left alone
 *     FAIL_ALLOC_AT     n, from 1; "n+": and all that follow; 0: none
 *     FAIL_ALLOC_COUNT  a file that gets the number of allocations at the end, and "failed"
 *                       where one did
 *
 * A thread's allocations count with its program's.  The C library's own come here too (strdup,
 * asprintf, opendir), but for what the loader does.  Not for programs with a sanitizer. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEEN __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static atomic_ulong seen;
static atomic_bool failed;
static unsigned long at;
static bool on;      /* all that follow fail too */
static bool counts;  /* this is the program that is meant */

/* The environment is read before the program begins, and without memory. */
__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("FAIL_ALLOC_IN"), *n = getenv("FAIL_ALLOC_AT");
    if (!name || !n || strcmp(name, program_invocation_short_name) != 0)
        return;
    char *end;
    at = strtoul(n, &end, 10);
    on = *end == '+';
    counts = true;
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("FAIL_ALLOC_COUNT");
    char text[64];
    if (!counts || !path)
        return;
    int len = snprintf(text, sizeof text, "%lu %s\n", atomic_load(&seen),
                       atomic_load(&failed) ? "failed" : "passed");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, (size_t)len) != len)
        return;
    close(fd);
}

static bool fails(void)
{
    if (!counts)
        return false;
    unsigned long n = atomic_fetch_add(&seen, 1) + 1;
    if (at == 0 || (on ? n < at : n != at))
        return false;
    atomic_store(&failed, true);
    errno = ENOMEM;
    return true;
}

SEEN void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

SEEN void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

SEEN void *realloc(void *old, size_t size)
{
    return fails() ? NULL : __libc_realloc(old, size);
}
