/* asking.h - the pages that are being cleaned elsewhere, as their index holds them.
 *
 * What an index's own files see of it is this; the rest is asking_parts.h. */
#ifndef WINNOW_ASKING_H
#define WINNOW_ASKING_H

struct flights;

void flights_free(struct flights *f); /* no asking is left; NULL does nothing */

#endif
