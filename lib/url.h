/* url.h - where a page came from, as far as it or its caller says. */
#ifndef WINNOW_URL_H
#define WINNOW_URL_H

#include "page.h"

/* Stage "url": the page's URL by the first who knows it: the caller (option,
 * sidecar, HTTP), a saved-from comment, a folder that is named like a host,
 * <link rel=canonical>, og:url.  Also the host, the generator. */
int url_run(struct page *p, struct winnow_error *err);

/* The host of a URL or a bare host, lower case, without port, user and "www.", as
 * arena memory; NULL where there is none. */
const char *url_host(struct arena *a, struct slice url);

#endif
