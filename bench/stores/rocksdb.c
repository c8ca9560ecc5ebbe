/* rocksdb.c - RocksDB as the store of fingerprints, as well as it can be set up.
 *
 *     key   | hash, big-endian, 8 |
 *     value | number, 4 | number, 4 | ...   the documents, native
 *
 * A key of its own for each hash, and not for each pair, is what makes a lookup a point
 * lookup, which the Bloom filter answers.  Lookups are batched (MultiGet, sorted), blocks
 * have a hash index, the cache is 512 MB, and blocks are compressed by LZ4: hashes do not
 * get smaller, but what stands around them does, at no cost that can be measured.  Tried
 * and no faster: universal compaction, dynamic levels, zstd, other sizes of memory tables.
 *
 * Written: each commit is one sorted write batch, synced in the log, into tables in memory
 * of 64 MB with Bloom filters of their own (without: half the speed).  Ingested: each
 * commit is one sorted file that RocksDB takes over (SstFileWriter, IngestExternalFile),
 * without log and memory table. */
#include "stores/stores.h"

#if WINNOW_HAVE_ROCKSDB

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rocksdb/c.h>

#include "measure.h"

enum {
    CACHE_BYTES = 512 << 20,
    BLOOM_BITS = 10,
    MEMTABLE_BYTES = 64 << 20,
    VALUE_MOST = 4096,
};

struct rocks {
    char *folder;
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_cache_t *cache;
    rocksdb_column_family_handle_t *family;
    rocksdb_readoptions_t *read;
    rocksdb_writeoptions_t *write;
    rocksdb_ingestexternalfileoptions_t *ingest_options;
    struct batch batch;
    bool ingest, known[PRINTS]; /* known: what the last lookup has found */
};

static void check(char *error)
{
    if (error)
        die(error, "rocksdb");
}

static void set_tables(struct rocks *s)
{
    rocksdb_block_based_table_options_t *t = rocksdb_block_based_options_create();
    s->cache = rocksdb_cache_create_lru(CACHE_BYTES);
    rocksdb_block_based_options_set_block_cache(t, s->cache);
    rocksdb_block_based_options_set_filter_policy(
        t, rocksdb_filterpolicy_create_bloom_full(BLOOM_BITS));
    rocksdb_block_based_options_set_format_version(t, 5);
    rocksdb_block_based_options_set_data_block_index_type(
        t, rocksdb_block_based_table_data_block_index_type_binary_search_and_hash);
    rocksdb_options_set_block_based_table_factory(s->options, t);
    rocksdb_block_based_options_destroy(t);
}

static void set_options(struct rocks *s)
{
    rocksdb_options_t *o = s->options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(o, 1);
    rocksdb_options_set_compression(o, rocksdb_lz4_compression);
    rocksdb_options_set_max_background_jobs(o, 2);
    rocksdb_options_set_write_buffer_size(o, MEMTABLE_BYTES);
    rocksdb_options_set_max_write_buffer_number(o, 4);
    rocksdb_options_set_memtable_prefix_bloom_size_ratio(o, 0.1);
    rocksdb_options_set_memtable_whole_key_filtering(o, 1);
    rocksdb_options_set_level0_file_num_compaction_trigger(o, 8);
    rocksdb_options_set_level0_slowdown_writes_trigger(o, 24);
    rocksdb_options_set_level0_stop_writes_trigger(o, 40);
    rocksdb_options_set_target_file_size_base(o, 128 << 20);
    rocksdb_options_set_max_bytes_for_level_base(o, (uint64_t)1 << 30);
    rocksdb_options_set_bytes_per_sync(o, 1 << 20);
    rocksdb_options_set_max_open_files(o, -1);
    rocksdb_options_set_stats_dump_period_sec(o, 0);
    set_tables(s);
}

void *rocks_open(const char *folder, int variant)
{
    struct rocks *s = must(calloc(1, sizeof *s));
    const char *name = "default";
    char *error = NULL;
    s->folder = must(strdup(folder));
    s->ingest = variant == ROCKS_INGEST;
    set_options(s);
    const rocksdb_options_t *options = s->options;
    s->db = rocksdb_open_column_families(s->options, folder, 1, &name, &options, &s->family,
                                         &error);
    check(error);
    s->read = rocksdb_readoptions_create();
    s->write = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(s->write, 1);
    s->ingest_options = rocksdb_ingestexternalfileoptions_create();
    rocksdb_ingestexternalfileoptions_set_move_files(s->ingest_options, 1);
    batch_init(&s->batch);
    return s;
}

static void count_value(rocksdb_pinnableslice_t *value, struct tally *tally)
{
    size_t len;
    const char *p = rocksdb_pinnableslice_value(value, &len);
    tally->prints++;
    for (size_t i = 0; i + 4 <= len; i += 4) {
        uint32_t number;
        memcpy(&number, p + i, 4);
        tally->pairs++;
        tally->numbers += number;
    }
    rocksdb_pinnableslice_destroy(value);
}

void rocks_lookup(void *self, const uint64_t *hashes, size_t count, struct tally *tally)
{
    struct rocks *s = self;
    uint64_t bytes[PRINTS];
    const char *keys[PRINTS] = {0};
    size_t lens[PRINTS] = {0};
    rocksdb_pinnableslice_t *values[PRINTS] = {0};
    char *errors[PRINTS] = {0};
    for (size_t i = 0; i < count; i++) {
        bytes[i] = __builtin_bswap64(hashes[i]);
        keys[i] = (const char *)&bytes[i];
        lens[i] = sizeof bytes[i];
    }
    rocksdb_batched_multi_get_cf(s->db, s->read, s->family, count, keys, lens, values, errors,
                                 true);
    for (size_t i = 0; i < count; i++) {
        check(errors[i]);
        s->known[i] = values[i] != NULL;
        if (values[i])
            count_value(values[i], tally);
        batch_lookup(&s->batch, hashes[i], s->known[i], tally);
    }
}

/* A document is looked up before it is inserted. */
void rocks_insert(void *self, uint32_t number, const uint64_t *hashes, size_t count)
{
    struct rocks *s = self;
    for (size_t i = 0; i < count; i++)
        batch_add(&s->batch, hashes[i], number, s->known[i]);
}

/* The value of the entries at i, all of one hash: what the store has, and theirs.  Returns
 * how many entries they are. */
static size_t make_value(struct rocks *s, size_t i, uint64_t key, char ret[VALUE_MOST],
                         size_t *len)
{
    const struct batch *p = &s->batch;
    size_t n = 0;
    *len = 0;
    if (p->items[i].known) {
        char *error = NULL;
        char *old = rocksdb_get(s->db, s->read, (const char *)&key, sizeof key, len, &error);
        check(error);
        if (*len > VALUE_MOST / 2)
            die("a fingerprint of too many documents", "rocksdb");
        memcpy(ret, must(old), *len);
        free(old);
    }
    for (; i + n < p->count && p->items[i + n].hash == p->items[i].hash; n++)
        if (*len + 4 <= VALUE_MOST) {
            memcpy(ret + *len, &p->items[i + n].number, 4);
            *len += 4;
        }
    return n;
}

static void commit_written(struct rocks *s)
{
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    char value[VALUE_MOST], *error = NULL;
    size_t len;
    for (size_t i = 0; i < s->batch.count;) {
        uint64_t key = __builtin_bswap64(s->batch.items[i].hash);
        i += make_value(s, i, key, value, &len);
        rocksdb_writebatch_put(batch, (const char *)&key, sizeof key, value, len);
    }
    rocksdb_write(s->db, s->write, batch, &error);
    check(error);
    rocksdb_writebatch_destroy(batch);
}

static void commit_ingested(struct rocks *s)
{
    rocksdb_envoptions_t *env = rocksdb_envoptions_create();
    rocksdb_sstfilewriter_t *w = rocksdb_sstfilewriter_create(env, s->options);
    char value[VALUE_MOST], path[4096], *error = NULL;
    const char *file = path;
    size_t len;
    snprintf(path, sizeof path, "%s/new.sst", s->folder);
    rocksdb_sstfilewriter_open(w, path, &error);
    check(error);
    for (size_t i = 0; i < s->batch.count;) {
        uint64_t key = __builtin_bswap64(s->batch.items[i].hash);
        i += make_value(s, i, key, value, &len);
        rocksdb_sstfilewriter_put(w, (const char *)&key, sizeof key, value, len, &error);
        check(error);
    }
    rocksdb_sstfilewriter_finish(w, &error);
    check(error);
    rocksdb_ingest_external_file(s->db, &file, 1, s->ingest_options, &error);
    check(error);
    rocksdb_sstfilewriter_destroy(w);
    rocksdb_envoptions_destroy(env);
}

void rocks_commit(void *self)
{
    struct rocks *s = self;
    batch_sort(&s->batch);
    if (s->ingest)
        commit_ingested(s);
    else
        commit_written(s);
    batch_clear(&s->batch);
}

static bool is_busy(struct rocks *s)
{
    static const char *const names[] = {
        "rocksdb.num-running-flushes", "rocksdb.num-running-compactions",
        "rocksdb.mem-table-flush-pending", "rocksdb.compaction-pending"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint64_t value = 0;
        if (rocksdb_property_int(s->db, names[i], &value) == 0 && value)
            return true;
    }
    return false;
}

void rocks_settle(void *self)
{
    struct rocks *s = self;
    rocksdb_flushoptions_t *flush = rocksdb_flushoptions_create();
    char *error = NULL;
    rocksdb_flush(s->db, flush, &error);
    check(error);
    rocksdb_flushoptions_destroy(flush);
    while (is_busy(s))
        usleep(1000);
}

void rocks_close(void *self)
{
    struct rocks *s = self;
    rocksdb_column_family_handle_destroy(s->family);
    rocksdb_close(s->db);
    rocksdb_options_destroy(s->options);
    rocksdb_cache_destroy(s->cache);
    rocksdb_readoptions_destroy(s->read);
    rocksdb_writeoptions_destroy(s->write);
    rocksdb_ingestexternalfileoptions_destroy(s->ingest_options);
    batch_free(&s->batch);
    free(s->folder);
    free(s);
}

#endif
