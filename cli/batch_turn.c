/* batch_turn.c - one input on its way through a worker, and its outcome until its turn comes. */
#include "batch_turn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void turn_fail(struct turn *t, enum turn_end end, int code, const char *text)
{
    if (t->end != TURN_UNENDED)
        return; /* what came first is the reason of what follows */
    t->end = end;
    t->code = code;
    snprintf(t->why.text, sizeof t->why.text, "%s", text);
}

static struct held *place_of(struct turn *t, enum pool_part part)
{
    switch (part) {
    case POOL_TEXT:
    case POOL_JSON:
    case POOL_JSONL:
        return &t->result;
    case POOL_TOLD:
        return &t->told;
    case POOL_NOTE:
        return &t->notes;
    case POOL_SUPERSEDED:
        return &t->superseded;
    case POOL_LEARN:
        break;
    }
    return NULL;
}

/* Notes come without their end, sources with it. */
static bool is_whole(enum pool_part part, const char *data, size_t len)
{
    return part != POOL_SUPERSEDED || (len > 0 && data[len - 1] == '\0');
}

int turn_take(struct turn *t, enum pool_part part, const char *data, size_t len)
{
    struct held *to = place_of(t, part);
    if (!to || !is_whole(part, data, len))
        return EPROTO;
    int why = held_add(to, data, len);
    if (why == 0 && part == POOL_NOTE)
        why = held_add(to, "", 1);
    t->held += len;
    return why;
}

int turn_end_taking(struct turn *t)
{
    struct held *const all[] = {&t->result, &t->told, &t->notes, &t->superseded};
    int why = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all && why == 0; i++)
        why = held_end(all[i]);
    return why;
}

void turn_end_asking(struct turn *t)
{
    winnow_asking_free(t->asking);
    t->asking = NULL;
}

void turn_free(struct turn *t)
{
    turn_end_asking(t);
    held_free(&t->question);
    held_free(&t->result);
    held_free(&t->told);
    held_free(&t->notes);
    held_free(&t->superseded);
    free(t->source);
    *t = (struct turn){.end = TURN_UNENDED};
}
