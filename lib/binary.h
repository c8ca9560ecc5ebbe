/* binary.h - is it text at all?  What is none is named. */
#ifndef WINNOW_BINARY_H
#define WINNOW_BINARY_H

#include "slice.h"
#include "winnow.h"

/* bytes of a charset in which ASCII is ASCII.  WINNOW_EDATA where they are no text: *err says
 * what they are and what to do. */
int binary_refuse(struct slice bytes, struct winnow_error *err);

#endif
