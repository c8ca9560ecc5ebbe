/* rules_folder.h - the rule files of a folder, read into memory at once, or as far as
 * needed where the folder's listing is remembered. */
#ifndef WINNOW_RULES_FOLDER_H
#define WINNOW_RULES_FOLDER_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules_cache.h"
#include "slice.h"
#include "winnow.h"

struct chunk;

/* The bytes of one file. */
struct rule_text {
    const char *name;   /* below the folder; of a file named alone, its path */
    struct slice bytes;
    bool may_match;     /* they hold "match_" */
    bool unread;        /* known by a remembered listing alone */
    uint64_t hash;      /* of an unread text: XXH3-64 of the bytes when it was listed */
    int why;            /* it could not be read: errno, or one of ours; else 0 */
};

struct folder {
    struct rule_text **texts; /* by name */
    size_t count, cap;
    struct chunk *chunks; /* what all of it stands in, but for what the cache recalls */
    struct rules_cache cache;
    DIR *dir; /* where texts are unread; else NULL */
};

/* Reads every *.txt of the folder, or the one file, that path names.  WINNOW_EIO where
 * any cannot be read, naming the first by name.  *ret is to be freed with folder_free.
 *
 * cache is a folder, or NULL.  There the listing of a large folder is remembered; while it
 * holds, only the texts that may match are read, and the others stay unread. */
int folder_read(const char *path, const char *cache, struct folder *ret, struct winnow_error *err);
void folder_free(struct folder *f);

/* Reads a text of the folder that is unread; path is what messages call it.  WINNOW_EIO,
 * and it stays unread.  Not for two threads at once. */
int folder_read_late(struct folder *f, struct rule_text *text, const char *path,
                     struct winnow_error *err);

/* Does the name end as a rule file's does, with something before? */
bool is_rule_file(const char *name);

/* The paths of every *.txt of a folder in the order of their names, or path itself
 * where it is a file; free each and the array. */
int rules_list(const char *path, char ***ret, size_t *count, struct winnow_error *err);

/* folder/name; NULL: no memory.  free() it. */
char *path_join(const char *folder, const char *name);

#endif
