/* record.h - records as they are written, and pages made again from them.
 *
 * A record is an object of JSON.  Beside what its reader wants of a page, it has what
 * makes the page's text again, byte for byte:
 *
 *     "text"      what is written of the page
 *     "kept"      how that becomes what is kept of the page's text (record_kept.c)
 *     "removed", "replaced"  the rest of the page's text, piece by piece
 *     "length", "hash"  of the page's text, so that nothing else is taken for it
 *     "blocks"    what stands on one line, as the stages behind "meta" see it
 *     "protected", "overruled"  what else these stages must know, where there is any
 *     "version"   of all this */
#ifndef WINNOW_RECORD_H
#define WINNOW_RECORD_H

#include "page.h"
#include "written.h"

enum { RECORD_VERSION = 1 }; /* raised when older readers would misread what is written */

/* How a block is named in a record: by enum block_kind. */
enum { BLOCK_KINDS = BLOCK_UNSHOWN + 1 };
extern const char *const record_kinds[BLOCK_KINDS];

/* What a page says of which the stages have left nothing: the one note that the end of
 * cleaning adds, and adds again. */
extern const char record_emptied[];

/* Adds the page as a record and a newline to *ret, indented or on one line. */
void render_record(const struct page *p, bool indent, struct buf *ret);

/* Makes the page again as it stood behind the stage "meta"; p is as page_init leaves it,
 * without an input.  What rules replaced waits in p->repairs for record_repair.
 * WINNOW_EDATA where the record is none, is of an older or newer kind, or does not fit
 * together; WINNOW_ELIMIT where the page is larger than the cleaner's limits. */
int record_load(struct page *p, struct slice record, struct winnow_error *err);

/* Remembers what the stage "repair" has replaced: a later removal takes replacements with
 * it, and the record is to tell of them all the same.  WINNOW_ENOMEM. */
int record_keep_repairs(struct page *p);

/* Stage "repair" of a page from a record: what was replaced is replaced again, as far as it
 * is still kept.  WINNOW_ENOMEM. */
int record_repair(struct page *p);

#endif
