/* text.h - white space, words and lines of UTF-8 text. */
#ifndef WINNOW_TEXT_H
#define WINNOW_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "slice.h"

/* Bytes of the white space character at s.p[i], 0 where there is none: ASCII
 * space and controls, NBSP, the Unicode spaces, zero-width space, BOM.  NBSP and
 * its like too: editors pad empty paragraphs with them. */
size_t text_space_len(struct slice s, size_t i);

/* s without white space at its edges. */
struct slice text_trim(struct slice s);

/* The same, but for the indentation of a line that is not blank. */
struct slice text_trim_line(struct slice line);

/* Appends s, each run of white space as one space, none at the edges. */
void text_fold_space(struct slice s, struct buf *ret);

/* The character at s.p[i] of valid UTF-8, and its length in *len. */
uint32_t text_char(struct slice s, size_t i, size_t *len);

/* Is the character part of a word (a letter, mark or digit); a digit or number of any
 * script; a capital, or a small letter, where the script has both? */
bool text_is_word(uint32_t c);
bool text_is_number(uint32_t c);
bool text_is_capital(uint32_t c);
bool text_is_small(uint32_t c);

/* Takes the next line off *rest, without its end (\n, \r\n or \r); false at the end. */
bool text_next_line(struct slice *rest, struct slice *line);

/* Nothing but white space and control characters of ASCII? */
bool text_is_blank(struct slice s);

/* Is it what can stand between two lines of one passage: marks, a break, a bullet? */
enum { TEXT_SEAM_MOST = 16 /* bytes */ };
bool text_is_seam(struct slice s);

/* ASCII case only: names of elements, hosts and directives. */
bool text_equal_nocase(struct slice a, struct slice b);
const char *text_find_nocase(struct slice hay, const char *needle /* lower case */);

#endif
