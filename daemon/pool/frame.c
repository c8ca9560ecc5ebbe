/* frame.c - the bounds of what a worker may say. */
#include "pool/frame.h"

#include "pool/pool.h"

_Static_assert(sizeof(struct frame_head) == FRAME_HEAD, "a head has no padding");
_Static_assert(POOL_SUPERSEDED == 1 << (FRAME_PARTS - 1), "each part has its type");

size_t frame_most(unsigned type)
{
    static const size_t most[] = {[FRAME_ASK] = FRAME_ASK_MOST, [FRAME_DONE] = FRAME_DONE_MOST};
    if (type < FRAME_PARTS)
        return 1u << type == POOL_LEARN ? 0 : FRAME_PIECE_MOST; /* LEARN is a wish, no part */
    return type < sizeof most / sizeof *most ? most[type] : 0;
}
