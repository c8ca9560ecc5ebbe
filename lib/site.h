/* site.h - stage "site": what a site's pages share is the template's, not the page's.
 *
 * A line is the site's where at least three of its documents carry it and more than half
 * of all (or nearly all of many in a row: a ticker of that day).  It is removed where it
 * stands in its place: beside another line of the site's that has it there on most pages,
 * or at the page's edge.  So "Documentation" goes from a menu, and stays as the
 * heading of an article; "Ingredients", between a text and a list that differ on every
 * page, has no place and stays, and so does a lone "Share this" amid a text: nothing tells
 * the two apart, and what is kept can still be removed.
 *
 * What the page has of its own between two lines of the site goes only where each of its
 * lines also stands elsewhere in the page and stays there: a table of contents, the path
 * to the page, its title once more with the site's name.
 *
 * A page is left as it is, with a note, where nothing of its own would be left, and where
 * so few documents are known that they may be versions of one text: then what they share
 * is prose, and more than what the page has of its own.
 *
 * The caller keeps the tables: loads one before, saves it after. */
#ifndef WINNOW_SITE_H
#define WINNOW_SITE_H

#include "page.h"
#include "site_table.h"

/* Appends the page's site: its host, else "folder /path" of its input; nothing where
 * neither is known.  A failure is in ret->status. */
void site_name(const struct page *p, struct buf *ret);

/* Counts the lines of a page that stand after rules and meta, each once.  A page that
 * brings next to nothing new is a copy, or template alone, and not counted: else three
 * copies would make all of their text the site's.  WINNOW_ENOMEM, WINNOW_ELIMIT: the table
 * is then good for nothing but site_table_free. */
WINNOW_CHECK int site_learn(struct site_table *t, const struct page *p, bool *ret_counted,
                            struct winnow_error *err);

/* The same, and what the page adds is appended to delta (may be NULL) as bytes, for a table
 * elsewhere. */
WINNOW_CHECK int site_learn_delta(struct site_table *t, const struct page *p, struct buf *delta,
                                  bool *ret_counted, struct winnow_error *err);

/* Adds what a page was found to add, as of now.  WINNOW_EDATA where the bytes are none, and
 * the table is as it was; else as site_learn. */
WINNOW_CHECK int site_add_delta(struct site_table *t, struct slice delta,
                                struct winnow_error *err);

/* Marks what is the site's, and settles the verdicts.  counted: the table counts this
 * page; else it is one document more, here only. */
WINNOW_CHECK int site_run(struct page *p, const struct site_table *t, bool counted,
                          struct winnow_error *err);

/* Writes what a table has learned as a rule file (winnow-rules(5)) for the site of this
 * name, with support counts, examples and tests.  WINNOW_EUSAGE where its pages share
 * nothing; WINNOW_EIO where write stops it. */
WINNOW_CHECK int site_rules(const struct site_table *t, const char *site, winnow_write_fn *write,
                            void *ctx, struct winnow_error *err);

#endif
