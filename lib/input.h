/* input.h - what is it?  Bytes of any kind to the bytes of one page. */
#ifndef WINNOW_INPUT_H
#define WINNOW_INPUT_H

#include "buf.h"
#include "slice.h"
#include "winnow.h"

/* Takes in->data as it is or unpacks gzip (several members too) into *unpacked.
 * *ret is the page's bytes: a slice of either.  WINNOW_EDATA where the gzip is cut
 * off or damaged, WINNOW_ELIMIT past max_bytes (checked while unpacking), each
 * with what to do. */
int input_open(const struct winnow_input *in, size_t max_bytes, struct buf *unpacked,
               struct slice *ret, struct winnow_error *err);

/* HTML or a dump?  utf8 is the decoded page; hint is what the caller said. */
enum winnow_kind input_kind(struct slice utf8, enum winnow_kind hint);

#endif
