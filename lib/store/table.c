/* table.c - open addressing over small slots, never more than three quarters full. */
#include "store/table.h"

#include <stdlib.h>
#include <string.h>

#include "winnow.h"

/* The low half chooses the slot and is the tag: so a table grows without its keys. */
static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash ^ hash >> 32);
}

uint32_t *table_find(struct table *t, uint64_t hash, table_same_fn *same, const void *ctx)
{
    if (!t->cap)
        return NULL;
    uint32_t tag = tag_of(hash);
    for (size_t i = tag & (t->cap - 1); t->slots[i].value; i = (i + 1) & (t->cap - 1))
        if (t->slots[i].tag == tag && same(ctx, t->slots[i].value))
            return &t->slots[i].value;
    return NULL;
}

static void place(struct table_slot *slots, size_t cap, struct table_slot slot)
{
    size_t i = slot.tag & (cap - 1);
    while (slots[i].value)
        i = (i + 1) & (cap - 1);
    slots[i] = slot;
}

static int grow(struct table *t)
{
    size_t cap = t->cap ? t->cap * 2 : 64;
    struct table_slot *slots = calloc(cap, sizeof *slots);
    if (!slots)
        return WINNOW_ENOMEM;
    for (size_t i = 0; i < t->cap; i++)
        if (t->slots[i].value)
            place(slots, cap, t->slots[i]);
    free(t->slots);
    t->slots = slots;
    t->cap = cap;
    return WINNOW_OK;
}

int table_reserve(struct table *t, size_t more)
{
    while (t->count + more > t->cap / 4 * 3)
        if (grow(t) != WINNOW_OK)
            return WINNOW_ENOMEM;
    return WINNOW_OK;
}

int table_add(struct table *t, uint64_t hash, uint32_t value)
{
    if (table_reserve(t, 1) != WINNOW_OK)
        return WINNOW_ENOMEM;
    place(t->slots, t->cap, (struct table_slot){tag_of(hash), value});
    t->count++;
    return WINNOW_OK;
}

void table_clear(struct table *t)
{
    if (t->cap)
        memset(t->slots, 0, t->cap * sizeof *t->slots);
    t->count = 0;
}

void table_free(struct table *t)
{
    free(t->slots);
    *t = (struct table){0};
}
