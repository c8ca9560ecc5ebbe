/* detect.h - the charset that bytes show by their look.
 *
 * Each returns NULL where they show none. */
#ifndef WINNOW_DETECT_H
#define WINNOW_DETECT_H

#include "charset.h"
#include "slice.h"

/* UTF-16 without a BOM, shown by the NULs of its line ends at least. */
const struct charset *detect_wide(struct slice bytes);

/* ISO-2022-JP is ASCII bytes: its escape sequences are all that shows it. */
const struct charset *detect_escapes(struct slice bytes);

/* A guess by the letters of the text, of a page those between the tags. */
const struct charset *detect_by_letters(struct slice bytes);

#endif
