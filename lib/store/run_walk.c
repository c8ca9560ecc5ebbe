/* run_walk.c - the keys of a run, one after the other, for who wants to know which there are.
 *
 * Outside of the runs a key stands in the top bits of its 64: there it is an even number,
 * whatever the hashes are, and larger where it comes later in a run. */
#include <stdlib.h>

#include "store/run_parts.h"

static uint64_t raise(uint64_t key)
{
    return key << (64 - RUN_KEY_BITS);
}

void run_keys(const uint64_t *hashes, size_t count, uint64_t *ret)
{
    for (size_t i = 0; i < count; i++)
        ret[i] = raise(run_key(hashes[i]));
}

static int walk(struct run_cursor *c,
                void (*each)(void *ctx, const uint64_t *keys, size_t count), void *ctx)
{
    uint64_t keys[RUN_GROUP_MOST];
    while (run_cursor_fill(c)) {
        if (c->count == 0)
            return WINNOW_OK;
        for (unsigned i = 0; i < c->count; i++)
            keys[i] = raise(c->items[i].hash);
        each(ctx, keys, c->count);
    }
    return WINNOW_EDATA;
}

int run_each_key(struct run *r, void (*each)(void *ctx, const uint64_t *keys, size_t count),
                 void *ctx)
{
    struct run_cursor *c = malloc(sizeof *c);
    if (!c)
        return WINNOW_ENOMEM;
    run_cursor_init(c, r);
    int status = walk(c, each, ctx);
    free(c);
    return status;
}
