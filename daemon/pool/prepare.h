/* prepare.h - a cleaner that needs no file any more. */
#ifndef WINNOW_POOL_PREPARE_H
#define WINNOW_POOL_PREPARE_H

#include "pool/terms.h"

/* Makes a cleaner with all of its rules, and whatever the libraries below it would open or
 * compile with the first page that needs it.  The errors of the rule files are put into
 * *errors if the terms ask for them.  WINNOW_ERULES where rules cannot be read, or have an
 * error that the terms do not let pass. */
WINNOW_CHECK int prepare(const struct terms *terms, struct winnow **ret,
                         struct rule_errors *errors, struct winnow_error *err);

#endif
