/* declared.h - the charset that HTTP or the page itself names.
 *
 * Each returns NULL where none is named, or none that we know. */
#ifndef WINNOW_DECLARED_H
#define WINNOW_DECLARED_H

#include "charset.h"
#include "slice.h"

/* In "windows-1251", or a whole "text/html; charset=windows-1251"; http may be NULL. */
const struct charset *declared_in_http(const char *http);

/* In <meta> or the XML declaration, where the bytes look like HTML.  Never UTF-16 or
 * UTF-32. */
const struct charset *declared_in_page(struct slice bytes);

#endif
