/* decode.h - any charset to UTF-8, never mojibake in silence. */
#ifndef WINNOW_DECODE_H
#define WINNOW_DECODE_H

#include "buf.h"
#include "slice.h"
#include "winnow.h"

struct decoded {
    struct slice text;  /* valid UTF-8 without BOM and NULs: a slice of the input
                           where nothing had to change, else of the buffer */
    char charset[40];   /* "UTF-8", "WINDOWS-1251" ... as iconv writes it */
    const char *from;   /* who said so: "bom", "utf-8", "http", "meta", "detector", "fallback" */
    size_t replaced;    /* undecodable sequences that became U+FFFD */
    size_t nuls;        /* NUL characters that were left out */
};

/* Finds the charset: BOM, then valid UTF-8, then HTTP, then meta (where the bytes
 * look like HTML), then a detector over the whole text, then windows-1252.
 * A charset that is declared but does not fit (it leaves many sequences
 * undecodable) gives way to the next in that order.  WINNOW_EDATA where the bytes
 * are no text at all (binary); where the caller says what they are (kind is not
 * AUTO) valid UTF-8 is text whatever it starts with. */
int decode(struct slice bytes, const char *http_charset, enum winnow_kind kind,
           size_t max_bytes, struct buf *buffer, struct decoded *ret, struct winnow_error *err);

#endif
