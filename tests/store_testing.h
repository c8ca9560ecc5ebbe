/* store_testing.h - documents and fingerprints made of numbers, and folders that go again. */
#ifndef WINNOW_STORE_TESTING_H
#define WINNOW_STORE_TESTING_H

#include "testing.h"

#include <dirent.h>

#include "store/store.h"

enum { PRINTS = 20 /* of a document of store_put_plain */ };

static const struct store_params plain_params = {.k = 32, .w = 8, .least = 25, .normaliser = 1};

static inline struct doc_key key_of(uint32_t n)
{
    struct doc_key key = {{0}};
    memcpy(key.bytes + 4, &n, sizeof n);
    key.bytes[0] = 'k';
    return key;
}

/* Fingerprint i of document n: no other has it. */
static inline uint64_t print_of(uint32_t n, uint32_t i)
{
    return ((uint64_t)n << 16 | i) * 0x9E3779B97F4A7C15u;
}

/* The text of document n: the same whenever it is asked for. */
static inline char *text_of(uint32_t n)
{
    static char text[400];
    snprintf(text, sizeof text, "The ferry of day %u left the harbour late, with %u people and "
             "one dog on board; nobody had told the captain of the dog, whose name was number "
             "%u.\n\nIt came back in the evening.\n", n, n * 7, n * 13);
    return text;
}

/* Document n of the key; strings and text are made of n. */
static inline struct store_doc doc_with(uint32_t key, uint32_t n)
{
    static char source[64], site[32];
    snprintf(source, sizeof source, "https://ferries.example/%u", n);
    snprintf(site, sizeof site, "site%u.example", n % 10);
    return (struct store_doc){
        .key = key_of(key),
        .content = key_of(n + 1000000),
        .state = DOC_LIVE,
        .time = 1700000000 + n,
        .source = slice_of(source),
        .url = slice_of(source),
        .site = slice_of(site),
        .text = slice_of(text_of(n)),
    };
}

static inline uint32_t put_with(struct store *s, uint32_t key, uint32_t n)
{
    uint64_t prints[PRINTS];
    uint32_t number = 0;
    struct winnow_error err = {0};
    struct store_doc doc = doc_with(key, n);
    for (uint32_t i = 0; i < PRINTS; i++)
        prints[i] = print_of(n, i);
    if (store_put(s, &doc, prints, PRINTS, &number, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return number;
}

static inline uint32_t put_plain(struct store *s, uint32_t n)
{
    return put_with(s, n, n);
}

static inline uint32_t put_stub(struct store *s, uint32_t n)
{
    uint32_t number = 0;
    struct store_doc doc = doc_with(n, n);
    doc.state = DOC_STUB;
    assert_int_equal(store_put(s, &doc, NULL, 0, &number, NULL), WINNOW_OK);
    return number;
}

static inline void commit(struct store *s)
{
    struct winnow_error err = {0};
    if (store_commit(s, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
}

static inline uint32_t number_of(struct store *s, uint32_t key)
{
    struct doc_key k = key_of(key);
    uint32_t number = 0;
    struct winnow_error err = {0};
    if (store_find(s, &k, &number, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return number;
}

static inline enum doc_state state_of(struct store *s, uint32_t number)
{
    struct store_doc doc;
    struct buf room;
    buf_init(&room, 1 << 20);
    assert_int_equal(store_get(s, number, false, &doc, &room, NULL), WINNOW_OK);
    buf_free(&room);
    return doc.state;
}

/* How many documents have the fingerprint; *first is one of them. */
static inline size_t count_hits(struct store *s, uint64_t print, uint32_t *first)
{
    struct store_hits hits = {0};
    assert_int_equal(store_lookup(s, &print, 1, &hits, NULL), WINNOW_OK);
    size_t count = hits.count;
    if (count && first)
        *first = hits.items[0].number;
    store_hits_free(&hits);
    return count;
}

/* That document number is document n, whole, and its fingerprints lead to it. */
static inline void assert_whole(struct store *s, uint32_t number, uint32_t n)
{
    struct store_doc doc, want = doc_with(n, n);
    struct buf room;
    struct winnow_error err = {0};
    uint32_t first = 0;
    buf_init(&room, 1 << 20);
    if (store_get(s, number, true, &doc, &room, &err) != WINNOW_OK)
        fail_msg("document %u: %s", number, err.text);
    assert_int_equal(doc.number, number);
    assert_memory_equal(&doc.content, &want.content, sizeof doc.content);
    assert_true(slice_eq(doc.text, want.text));
    assert_true(slice_eq(doc.source, want.source));
    assert_true(slice_eq(doc.url, want.url));
    assert_true(slice_eq(doc.site, want.site));
    assert_int_equal(doc.time, want.time);
    assert_int_equal(count_hits(s, print_of(n, 0), &first), 1);
    assert_int_equal(first, number);
    assert_int_equal(count_hits(s, print_of(n, PRINTS - 1), NULL), 1);
    buf_free(&room);
}

/* --- folders --------------------------------------------------------------------------- */

static inline char *folder_new(void)
{
    char template[] = "/tmp/winnow-store-XXXXXX";
    assert_non_null(mkdtemp(template));
    return strdup(template);
}

static inline void folder_remove(char *folder)
{
    DIR *dir = opendir(folder);
    char path[600];
    for (struct dirent *e; dir && (e = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(folder);
    free(folder);
}

static inline struct store *open_disk(const char *folder, bool read_only)
{
    struct store *s = NULL;
    struct winnow_error err = {0};
    if (store_disk(folder, &plain_params, read_only, &s, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return s;
}

#endif
