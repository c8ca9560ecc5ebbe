/* no_box.c - in the place of daemon/pool/box.c: no box at all, to show what it is that stops
 * attacks. */
#include "pool/box.h"

int box_enter(uint64_t memory, uint32_t cpu_seconds, struct box *ret, struct winnow_error *err)
{
    (void)memory, (void)err;
    *ret = (struct box){.filter = NULL, .filter_len = 0, .cpu_seconds = cpu_seconds};
    return WINNOW_OK;
}

int box_tighten(const struct box *box, pid_t nursery)
{
    (void)box, (void)nursery;
    return 0;
}
