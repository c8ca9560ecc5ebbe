/* prescan.h - bounds HTML before a parser that cannot bound itself reads it. */
#ifndef WINNOW_PRESCAN_H
#define WINNOW_PRESCAN_H

#include "buf.h"
#include "slice.h"
#include "winnow.h"

struct prescan {
    size_t flattened, unnested, attrs_dropped; /* as in struct tree */
};

/* Sets *ret to html, or to a bounded rewriting of it in out where an element stands
 * too deep or has too many attributes.  Text stays as it is.  WINNOW_ENOMEM. */
int prescan(struct slice html, const struct winnow_limits *limits, struct buf *out,
            struct slice *ret, struct prescan *counts);

#endif
