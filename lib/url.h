/* url.h - where a page came from, as far as it or its caller says. */
#ifndef WINNOW_URL_H
#define WINNOW_URL_H

#include "page.h"

/* Stage "url": the page's URL by the first who knows it: the caller (option,
 * sidecar, HTTP), a saved-from comment, a folder that is named like a host,
 * <link rel=canonical>, og:url.  Also the host, the generator. */
int url_run(struct page *p, struct winnow_error *err);

#endif
