/* pages.h - large tables in memory that is looked into here and there. */
#ifndef WINNOW_PAGES_H
#define WINNOW_PAGES_H

#include <stddef.h>

/* Zeros, at a line of the cache; NULL: no memory.  Large ones stand on huge pages where
 * the system has them: else each look waits for the page's address as well. */
void *pages_new(size_t bytes);
void pages_free(void *p /* or NULL */, size_t bytes /* as they were asked for */);

#endif
