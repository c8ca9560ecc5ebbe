/* ours.c - winnow's own store on disk: sorted runs, and LMDB for what is transactional.
 *
 * It is driven by its one interface, with documents that have a key and no text: so its
 * figures are those of the whole store, with a record of each document that the others do
 * not write.  It keeps 44 bits of a hash and may find one in a million too many. */
#include "stores/stores.h"

#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "store/store.h"

struct ours {
    struct store *store;
    struct store_hits hits;
};

static void check(int status, const struct winnow_error *err)
{
    if (status != WINNOW_OK)
        die(err->text, "store");
}

void *ours_open(const char *folder, int variant)
{
    struct ours *s = must(calloc(1, sizeof *s));
    struct store_params params = {.k = 32, .w = 8, .least = 25, .normaliser = 1, .key = 1};
    struct winnow_error err = {0};
    (void)variant;
    check(store_disk(folder, &params, false, &s->store, &err), &err);
    return s;
}

void ours_lookup(void *self, const uint64_t *hashes, size_t count, struct tally *tally)
{
    struct ours *s = self;
    struct winnow_error err = {0};
    check(store_lookup(s->store, hashes, count, &s->hits, &err), &err);
    for (size_t i = 0; i < s->hits.count; i++) {
        tally->prints += i == 0 || s->hits.items[i].print != s->hits.items[i - 1].print;
        tally->pairs++;
        tally->numbers += s->hits.items[i].number;
    }
}

void ours_insert(void *self, uint32_t number, const uint64_t *hashes, size_t count)
{
    struct ours *s = self;
    struct store_doc doc = {.state = DOC_LIVE};
    struct winnow_error err = {0};
    uint64_t mixed = number * 0x9E3779B97F4A7C15u; /* keys come in no order */
    memcpy(doc.key.bytes, &mixed, sizeof mixed);
    doc.content = doc.key;
    check(store_put(s->store, &doc, hashes, count, NULL, &err), &err);
}

void ours_commit(void *self)
{
    struct ours *s = self;
    struct winnow_error err = {0};
    check(store_commit(s->store, &err), &err);
}

void ours_settle(void *s)
{
    (void)s; /* merges are part of a commit */
}

void ours_close(void *self)
{
    struct ours *s = self;
    store_hits_free(&s->hits);
    store_close(s->store);
    free(s);
}
