/* rules_cache.h - the listing of a large folder of rule files, remembered from run to run. */
#ifndef WINNOW_RULES_CACHE_H
#define WINNOW_RULES_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct rule_text;

enum { RULES_CACHE_LEAST = 257 }; /* files; fewer are read in no time */

/* Where the listing of one folder is remembered, and what was. */
struct rules_cache {
    char *file;        /* in the cache; NULL: nowhere */
    char *folder;      /* the real path of the folder */
    struct stat state; /* of the folder, before it is listed */
    bool settled;      /* a change from now on will show in its state */

    /* What loading adds. */
    char *bytes;             /* of the file: the names stand here */
    struct rule_text *texts; /* by name, all unread; NULL: nothing is known */
    size_t count;
};

/* Where the folder `path`, open as dir, is remembered below the folder `cache`.  false:
 * nowhere; then *ret is as it was.  *ret is to be freed with rules_cache_free. */
bool rules_cache_find(const char *cache, const char *path, int dir, struct rules_cache *ret);
void rules_cache_free(struct rules_cache *c);

/* Recalls the listing of the folder as it stands.  false: none is there, or none that can
 * be believed. */
bool rules_cache_load(struct rules_cache *c);

/* Remembers a listing, all of whose texts are read, in the order of their names, where
 * the folder is large and settled.  What fails is not remembered, no more. */
void rules_cache_save(const struct rules_cache *c, struct rule_text *const *texts, size_t count);

/* Makes the next run list the folder again. */
void rules_cache_forget(const struct rules_cache *c);

#endif
