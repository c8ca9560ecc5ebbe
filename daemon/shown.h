/* shown.h - bytes that others chose, made fit for a terminal or a log. */
#ifndef WINNOW_SHOWN_H
#define WINNOW_SHOWN_H

#include <stddef.h>

/* Writes at most room bytes, NUL and all, of the len bytes at `bytes` into ret (room: 8 at
 * least): UTF-8 as it is; control characters, characters that turn the direction of writing,
 * and what is no UTF-8 as \n, \t, \x1b ...; what does not fit ends in "...".  Returns ret. */
const char *shown(const char *bytes, size_t len, char *ret, size_t room);

#endif
