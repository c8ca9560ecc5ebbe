/* utf8.h - tell UTF-8 from what is not, and mend it. */
#ifndef WINNOW_UTF8_H
#define WINNOW_UTF8_H

#include "buf.h"
#include "slice.h"

/* Bytes of the valid UTF-8 prefix: s.len where all of s is valid. */
size_t utf8_valid_prefix(struct slice s);

bool utf8_is_ascii(struct slice s);

/* Adds s to *out with one U+FFFD for every maximal subpart of what is no character (The
 * Unicode Standard, section 3.9).  Returns how many, and sets *good to the characters
 * beyond ASCII that were whole.  give_up: stop past 64 bad ones where they outnumber these.
 * A failure is in out->status, and what was added by then stands. */
size_t utf8_mend(struct slice s, bool give_up, struct buf *out, size_t *good);

#endif
