/* css.h - CSS selectors as lines of a rule file. */
#ifndef WINNOW_CSS_H
#define WINNOW_CSS_H

#include <stddef.h>

enum css_status {
    CSS_OK,
    CSS_SYNTAX,      /* no selector that CSS knows */
    CSS_PROCEDURAL,  /* what only a content blocker does: :has-text(), :upward() */
    CSS_PSEUDO,      /* a pseudo-class or element that a page's source does not show */
    CSS_NAMESPACE,   /* svg|a */
    CSS_OF_TYPE,     /* :first-of-type of any type: XPath 1.0 cannot say it */
    CSS_WHOLE_PAGE,  /* html, body, *: it would leave nothing */
    CSS_CHARACTERS,  /* not UTF-8, or characters that XPath cannot hold */
    CSS_TOO_LARGE,   /* longer, deeper or with more parts than is read */
    CSS_NOMEM,
    CSS_STATUS_COUNT
};

/* Writes a selector list as lines of a rule file, one for each of its members, each
 * with its line end: "strip_id_or_class(class): x" and "strip_id_or_class(id): x"
 * where that says it, else "strip: XPATH".  A list is translated whole or not at all.
 * *ret is NUL-terminated, *ret_len its length in bytes; free it. */
enum css_status css_translate(const char *selector, size_t len, char **ret, size_t *ret_len);

/* What a status says of a selector, for people: "pseudo-classes other than ..." */
const char *css_status_text(enum css_status status);

#endif
