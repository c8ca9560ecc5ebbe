/* pages.h - one input through the cleaner, with its messages. */
#ifndef WINNOW_PAGES_H
#define WINNOW_PAGES_H

#include "inputs.h"

/* Reads and cleans one input; notes go to standard error unless --quiet.  0 or an
 * exit code after a message.  *ret is to be freed with winnow_page_free. */
int page_clean(struct winnow *w, const struct input *in, const struct settings *s,
               struct winnow_page **ret);

/* The same for one that was read. */
int page_clean_loaded(struct winnow *w, const struct input *in, const struct settings *s,
                      const struct loaded *l, struct winnow_page **ret);

/* What was read, as the library takes it: good as long as l stays where it is. */
struct winnow_input page_input(const struct input *in, const struct settings *s,
                               const struct loaded *l);

#endif
