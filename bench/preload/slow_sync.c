/* slow_sync.c - calls that sync take longer, as on a disk that really flushes.
 *
 * Preloaded into winnowd by bench_daemon --sync-ms, which lets its own loop wait as long.  Some
 * machines acknowledge a flush before anything is safe, or have a cache that outlives the
 * power; there a sync costs next to nothing, and a comparison on them says nothing of others.
 *
 * WINNOW_SYNC_US: microseconds that each call takes more. */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void wait_more(void)
{
    const char *value = getenv("WINNOW_SYNC_US");
    long us = value ? strtol(value, NULL, 10) : 0;
    struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

typedef int sync_fn(int fd);

static int call(const char *name, int fd)
{
    sync_fn *real = (sync_fn *)dlsym(RTLD_NEXT, name);
    wait_more();
    return real(fd);
}

int fsync(int fd)
{
    return call("fsync", fd);
}

int fdatasync(int fd)
{
    return call("fdatasync", fd);
}

int syncfs(int fd)
{
    return call("syncfs", fd);
}
