/* store_parts.h - what the files of the stores share with each other and nobody else. */
#ifndef WINNOW_STORE_PARTS_H
#define WINNOW_STORE_PARTS_H

#include "store/store.h"

/* Orders hits by print, then by number, and leaves each pair once. */
void store_hits_sort(struct store_hits *hits);

/* Whether a newer document of its key makes one of this state DOC_REPLACED. */
static inline bool store_is_replaceable(enum doc_state state)
{
    return state == DOC_LIVE || state == DOC_SUPERSEDED;
}

/* What a forgotten document keeps of itself: keys, number and state. */
void store_forget_strings(struct store_doc *doc);

int store_no_such_document(uint32_t number, struct winnow_error *err); /* WINNOW_EUSAGE */

/* A key from the system's random numbers; not 0. */
int store_random_key(uint64_t *ret, struct winnow_error *err);

#endif
