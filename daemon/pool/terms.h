/* terms.h - the settings of a nursery, as the owner writes them and the nursery reads them. */
#ifndef WINNOW_POOL_TERMS_H
#define WINNOW_POOL_TERMS_H

#include <sys/types.h>

#include "pool/pool.h"
#include "pool/wire.h"

enum {
    TERMS_RULES_MOST = 256,
    TERMS_ERRORS_MOST = 4096, /* errors in rule files that are told of */
};

/* Errors of rule files, each by a hash: those of the rules at work do not hinder a reload. */
struct rule_errors {
    uint64_t hashes[TERMS_ERRORS_MOST];
    uint32_t count;
    uint32_t more; /* not 0: there were more, and all are let pass */
};

struct terms {
    const char *rules[TERMS_RULES_MOST]; /* in the message */
    size_t nrules;
    struct winnow_options options; /* all limits set */
    bool has_index;
    struct winnow_index_use use;
    uint64_t memory;      /* bytes */
    uint32_t cpu_seconds; /* for one page */
    uint32_t lints;       /* not 0: errors in rule files are to be told of */
    uint32_t strict;      /* not 0: other errors than these are refused */
    struct rule_errors known;
};

/* The settings with nothing left at 0.  WINNOW_EUSAGE where there are too many rules. */
WINNOW_CHECK int terms_from(const struct pool_settings *settings, struct terms *ret,
                            struct winnow_error *err);

void terms_put(struct wire *w, const struct terms *terms);
bool terms_take(struct wire_in *in, struct terms *ret);

void rule_errors_put(struct wire *w, const struct rule_errors *e);
bool rule_errors_take(struct wire_in *in, struct rule_errors *ret);

#endif
