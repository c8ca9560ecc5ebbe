/* charset.h - the charsets that we read: what they are called, and their text to UTF-8. */
#ifndef WINNOW_CHARSET_H
#define WINNOW_CHARSET_H

#include "buf.h"
#include "slice.h"

struct charset; /* a row of the table: lives for ever, and equal ones are one */

/* The charset of a label as pages and headers write it ("iso-8859-1", "Windows_1251"), or
 * NULL: no such row, or no label. */
const struct charset *charset_of_label(struct slice label);
const struct charset *charset_named(const char *label /* may be NULL */);

const char *charset_name(const struct charset *cs); /* as iconv writes it */
bool charset_is_utf8(const struct charset *cs);
bool charset_is_wide(const struct charset *cs); /* UTF-16 and UTF-32: also ASCII is wide */

/* What came of it.  good and bad decide whether it fits; bad counts, beside what cannot be
 * decoded, characters that nobody writes: they show that the charset is another. */
struct charset_trial {
    size_t good, bad; /* characters */
    size_t replaced;  /* U+FFFD written */
    bool cut;         /* the last of them for a character that the end cut off */
};

/* Turns all of bytes into UTF-8 in *out, whose old text is forgotten.  give_up: stop where
 * it plainly does not fit.  false where this system has no such converter; a failure to
 * hold the text is in out->status. */
bool charset_try(const struct charset *cs, struct slice bytes, bool give_up, struct buf *out,
                 struct charset_trial *ret);

/* Loads now what charset_try would load from the system's files with the first text of each
 * charset, and holds it until charset_release.  WINNOW_ENOMEM, WINNOW_EIO; a converter that
 * the system does not have is no error. */
struct charset_held;
int charset_hold_all(struct charset_held **ret, struct winnow_error *err);
void charset_release(struct charset_held *held /* may be NULL */);

#endif
