/* hash.c - XXH3 of bytes. */
#include "hash.h"

#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_bytes(struct slice s)
{
    uint64_t h = XXH3_64bits(s.p ? s.p : "", s.len);
    return h ? h : 1;
}

void hash_name(struct slice s, char ret[33])
{
    XXH128_hash_t h = XXH3_128bits(s.p ? s.p : "", s.len);
    snprintf(ret, 33, "%016llx%016llx", (unsigned long long)h.high64, (unsigned long long)h.low64);
}
