/* hash.h - XXH3, for all but fingerprints. */
#ifndef WINNOW_HASH_H
#define WINNOW_HASH_H

#include <stdint.h>

#include "slice.h"

uint64_t hash_bytes(struct slice s); /* never 0 */

/* XXH3-128, the most significant byte first. */
void hash_128(struct slice s, unsigned char ret[16]);

/* The same as 32 hexadecimal digits and a NUL. */
void hash_name(struct slice s, char ret[33]);

#endif
