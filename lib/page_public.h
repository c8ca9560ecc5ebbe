/* page_public.h - the page that callers of the library hold. */
#ifndef WINNOW_PAGE_PUBLIC_H
#define WINNOW_PAGE_PUBLIC_H

#include "page.h"

struct winnow_page {
    struct page page;
};

#endif
