/* sentence.h - where sentences end, by their marks, in any script. */
#ifndef WINNOW_SENTENCE_H
#define WINNOW_SENTENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "slice.h"

/* s is what stands between two letters.  Does a sentence end in it?  Then *ret_end
 * is the offset behind its mark and closing quotes, and *ret_next the offset at
 * which the next one starts. */
bool sentence_gap(struct slice s, size_t *ret_end, size_t *ret_next);

/* Does s hold a mark that can end a sentence; dots that say it goes on? */
bool sentence_has_mark(struct slice s);
bool sentence_has_ellipsis(struct slice s);

#endif
