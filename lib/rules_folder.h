/* rules_folder.h - the rule files of a folder, read into memory at once. */
#ifndef WINNOW_RULES_FOLDER_H
#define WINNOW_RULES_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "slice.h"
#include "winnow.h"

struct chunk;

/* The bytes of one file. */
struct rule_text {
    const char *name;   /* below the folder; of a file named alone, its path */
    struct slice bytes;
    bool may_match;     /* they hold "match_" */
    int why;            /* it could not be read: errno, or one of ours; else 0 */
};

struct folder {
    struct rule_text **texts; /* by name */
    size_t count, cap;
    struct chunk *chunks; /* what all of it stands in */
};

/* Reads every *.txt of the folder, or the one file, that path names.  WINNOW_EIO where
 * any cannot be read, naming the first by name.  *ret is to be freed with folder_free. */
int folder_read(const char *path, struct folder *ret, struct winnow_error *err);
void folder_free(struct folder *f);

/* The paths of every *.txt of a folder in the order of their names, or path itself
 * where it is a file; free each and the array. */
int rules_list(const char *path, char ***ret, size_t *count, struct winnow_error *err);

/* folder/name; NULL: no memory.  free() it. */
char *path_join(const char *folder, const char *name);

#endif
