/* index_open.h - the index of --index, opened with what can be said about its folder. */
#ifndef WINNOW_INDEX_OPEN_H
#define WINNOW_INDEX_OPEN_H

#include <stdbool.h>

#include "options.h"

/* To read only, or as its writer (then it is made where it is missing); folder NULL: one in
 * memory.  0, or an exit code after a message: EX_NOINPUT (there is none), EX_CANTCREAT (it
 * cannot be made), else by the library's status. */
int index_open(const char *folder, bool read_only, struct winnow_index **ret);

/* For what reads it without an open index: is there a folder?  0 or EX_NOINPUT. */
int index_find(const char *folder);

/* Opens s->index to read only, if it is given, and has w ask it. */
int index_use(const struct settings *s, struct winnow *w, struct winnow_index **ret);

/* Has w ask index as the settings say. */
void index_ask(const struct settings *s, struct winnow *w, struct winnow_index *index);

#endif
