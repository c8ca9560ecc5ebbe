/* remote.h - a store whose answers come from the index's owner, by questions (question.h).
 *
 * It knows one page at a time.  What the page puts stays here, seen by the page alone, until
 * the owner is told of it; its document then has a number above all others. */
#ifndef WINNOW_REMOTE_H
#define WINNOW_REMOTE_H

#include "store/store.h"
#include "winnow.h"

struct remote;

/* *ret belongs to its store (remote_store), whose store_close ends both. */
WINNOW_CHECK int remote_new(winnow_ask_fn *ask, void *ctx, struct remote **ret,
                            struct winnow_error *err);
struct store *remote_store(struct remote *r);

/* Another page comes, of this site (empty: none).  wants_site: its table is wanted also where
 * the document is known. */
WINNOW_CHECK int remote_begin(struct remote *r, struct slice site, bool wants_site,
                              struct winnow_error *err);

/* As the owner has said; false before store_find. */
bool remote_is_read_only(const struct remote *r);

/* Appends what the owner is to be told of the page, and forgets it.  delta: of its site, or
 * empty.  WINNOW_EUSAGE where there is no page. */
WINNOW_CHECK int remote_told(struct remote *r, struct slice delta, struct buf *ret,
                             struct winnow_error *err);

#endif
