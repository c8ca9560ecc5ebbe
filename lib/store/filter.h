/* filter.h - says of most keys that no run has them, without a look into any run.
 *
 * A blocked Bloom filter over the keys of all runs (run_keys).  It may say yes to a key that
 * nobody added, one in a hundred at the most until it is full; it never says no to one
 * that was added. */
#ifndef WINNOW_FILTER_H
#define WINNOW_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zeros is none. */
struct filter {
    uint64_t *lines; /* NULL: there is none */
    size_t count;    /* of lines */
    uint64_t keys;   /* that were added; one twice counts twice */
};

/* Makes an empty one for so many keys and more that will come.  WINNOW_ENOMEM, or
 * WINNOW_ELIMIT where it would take more than 512 MiB; *ret is untouched then. */
int filter_make(uint64_t keys, struct filter *ret);
void filter_free(struct filter *f);

void filter_add(struct filter *f, const uint64_t *keys, size_t count);

/* Writes the indexes of the keys that may have been added to ret, which has room for all;
 * returns how many. */
size_t filter_pass(const struct filter *f, const uint64_t *keys, size_t count, uint32_t *ret);

/* It has fewer bits a key than it is good with: a larger one should be made. */
bool filter_is_full(const struct filter *f);

/* So full that asking it is hardly worth its time. */
bool filter_is_useless(const struct filter *f);

#endif
