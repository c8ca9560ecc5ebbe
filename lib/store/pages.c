/* pages.c - asks the system for memory by itself, past malloc.
 *
 * malloc hands out again what was in use, and that is in small pages for good, whatever it
 * is advised. */
#include "store/pages.h"

#include <stdint.h>
#include <sys/mman.h>

static const size_t huge_page = 2 << 20;

/* So much is taken from the system. */
static size_t whole(size_t bytes)
{
    size_t unit = bytes >= huge_page ? huge_page : 4096;
    return (bytes + unit - 1) / unit * unit;
}

static void *map(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* Maps a huge page more, and gives back what lies before the first one and after. */
static void *map_huge(size_t bytes)
{
    char *p = map(bytes + huge_page);
    if (!p)
        return NULL;
    size_t before = (huge_page - ((uintptr_t)p & (huge_page - 1))) & (huge_page - 1);
    if (before)
        munmap(p, before);
    if (before < huge_page)
        munmap(p + before + bytes, huge_page - before);
    (void)madvise(p + before, bytes, MADV_HUGEPAGE);
    return p + before;
}

void *pages_new(size_t bytes)
{
    if (bytes == 0 || bytes > SIZE_MAX / 2)
        return NULL;
    return bytes >= huge_page ? map_huge(whole(bytes)) : map(whole(bytes));
}

void pages_free(void *p, size_t bytes)
{
    if (p)
        munmap(p, whole(bytes));
}
