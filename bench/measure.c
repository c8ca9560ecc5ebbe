/* measure.c - clocks, memory and disk, as the system tells of them. */
#include "measure.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void die(const char *what, const char *name)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, name, what);
    exit(1);
}

void *must(void *p)
{
    if (!p)
        die("out of memory", "sorry");
    return p;
}

double measure_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

uint64_t measure_memory(const char *name)
{
    char line[256];
    unsigned long long kib = 0;
    size_t len = strlen(name);
    FILE *f = fopen("/proc/self/status", "r");
    if (!f)
        return 0;
    while (fgets(line, sizeof line, f))
        if (strncmp(line, name, len) == 0 && line[len] == ':')
            kib = strtoull(line + len + 1, NULL, 10);
    fclose(f);
    return (uint64_t)kib * 1024;
}

/* nftw takes no context; benchmarks measure one folder at a time. */
static uint64_t folder_bytes;

static int add_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)path, (void)at;
    if (type == FTW_F)
        folder_bytes += (uint64_t)st->st_blocks * 512;
    return 0; /* a file that has just gone is no error */
}

uint64_t measure_folder(const char *folder)
{
    folder_bytes = 0;
    nftw(folder, add_file, 16, FTW_PHYS);
    return folder_bytes;
}

char *measure_make_folder(const char *parent)
{
    char *path = NULL;
    if (!parent)
        parent = getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp";
    if (asprintf(&path, "%s/winnow-bench-XXXXXX", parent) < 0 || !mkdtemp(path))
        die(strerror(errno), parent);
    return path;
}

static int drop_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

void measure_drop_folder(const char *folder)
{
    nftw(folder, drop_file, 16, FTW_DEPTH | FTW_PHYS);
}
