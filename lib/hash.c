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

void hash_128(struct slice s, unsigned char ret[16])
{
    XXH128_canonical_t bytes;
    XXH128_canonicalFromHash(&bytes, XXH3_128bits(s.p ? s.p : "", s.len));
    memcpy(ret, bytes.digest, 16);
}

void hash_name(struct slice s, char ret[33])
{
    unsigned char bytes[16];
    hash_128(s, bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}
