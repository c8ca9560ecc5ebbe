/* render.h - a page as text, as a record, or with every reason. */
#ifndef WINNOW_RENDER_H
#define WINNOW_RENDER_H

#include "page.h"

int render_page(const struct page *p, enum winnow_format format, winnow_write_fn *write,
                void *ctx, struct winnow_error *err);

/* Append every block, kept or not, and why. */
void explain_text(const struct page *p, struct buf *ret);
void explain_html(const struct page *p, struct buf *ret);

#endif
