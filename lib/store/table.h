/* table.h - finds a number by a hash and the caller's word that it is the right one.
 *
 * It holds no keys: the caller keeps them with what the numbers stand for. */
#ifndef WINNOW_TABLE_H
#define WINNOW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_slot {
    uint32_t tag;   /* of the hash, to tell most others apart without asking */
    uint32_t value; /* 0: the slot is empty */
};

/* All zeros is an empty table. */
struct table {
    struct table_slot *slots;
    size_t cap /* a power of two */, count;
};

typedef bool table_same_fn(const void *ctx, uint32_t value);

/* Where the value stands that has this hash and is the one; NULL: none.  It may be
 * changed there (not to 0), and moves with the next table_add. */
uint32_t *table_find(struct table *t, uint64_t hash, table_same_fn *same, const void *ctx);

/* Makes room: the next so many table_add cannot fail.  WINNOW_OK or WINNOW_ENOMEM. */
int table_reserve(struct table *t, size_t more);

/* Adds a value, which is not 0.  WINNOW_OK or WINNOW_ENOMEM. */
int table_add(struct table *t, uint64_t hash, uint32_t value);

void table_clear(struct table *t); /* keeps the memory */
void table_free(struct table *t);

#endif
