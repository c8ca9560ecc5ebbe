/* run_write.c - writes a run file from sorted entries, in one go and with little memory.
 *
 * Two streams grow at once, directory and groups.  Each has a buffer of some blocks; a
 * full one is written with its blocks' checksums, which go to the table.  The header comes
 * last, then the file gets its name: before that nobody takes it for a run. */
#include "store/run_parts.h"

#include <stdlib.h>

#include "err.h"
#include "hash.h"
#include "store/disk.h"

enum { STREAM_BLOCKS = 64, STREAM_BYTES = STREAM_BLOCKS * RUN_BLOCK };

/* Bits and bytes that are on their way to a part of the file. */
struct stream {
    uint64_t at;  /* byte of the file at which the buffer starts */
    size_t used;  /* bytes */
    uint64_t acc; /* bits that do not fill 8 bytes yet */
    unsigned nacc;
    unsigned char data[STREAM_BYTES];
};

struct run_writer {
    char *path, *temp;
    int fd;
    struct run_shape shape; /* entries: so far */
    uint64_t group;         /* the one that is filled */
    uint64_t line_before;   /* entries before this directory line */
    unsigned char line[RUN_LINE];
    unsigned count; /* entries of the group */
    uint64_t keys[RUN_GROUP_MOST];
    uint32_t numbers[RUN_GROUP_MOST];
    struct stream lines, groups;
    int status; /* the first failure of writing */
    struct winnow_error err;
};

static void store64(unsigned char *p, uint64_t n)
{
    n = htole64(n);
    memcpy(p, &n, sizeof n);
}

/* --- streams --------------------------------------------------------------------------------- */

static void write_at(struct run_writer *w, const void *data, size_t len, uint64_t at)
{
    if (!w->status)
        w->status = disk_write(w->fd, w->temp, data, len, at, &w->err);
}

/* Writes the buffer's blocks, the last one filled up with zeros, and their checksums. */
static void stream_flush(struct run_writer *w, struct stream *s)
{
    unsigned char sums[STREAM_BLOCKS * 8];
    size_t blocks = (s->used + RUN_BLOCK - 1) / RUN_BLOCK;
    memset(s->data + s->used, 0, blocks * RUN_BLOCK - s->used);
    for (size_t i = 0; i < blocks; i++) {
        struct slice block = {(const char *)s->data + i * RUN_BLOCK, RUN_BLOCK};
        store64(sums + i * 8, hash_bytes(block));
    }
    uint64_t first = (s->at - w->shape.lines_at) / RUN_BLOCK;
    write_at(w, s->data, blocks * RUN_BLOCK, s->at);
    write_at(w, sums, blocks * 8, w->shape.table_at + first * 8);
    s->at += blocks * RUN_BLOCK;
    s->used = 0;
}

/* len divides STREAM_BYTES. */
static inline void put_bytes(struct run_writer *w, struct stream *s, const void *data, size_t len)
{
    memcpy(s->data + s->used, data, len);
    s->used += len;
    if (s->used == STREAM_BYTES)
        stream_flush(w, s);
}

/* width: 0 to 64; value has no bits above. */
static inline void put_bits(struct run_writer *w, struct stream *s, uint64_t value, unsigned width)
{
    unsigned char bytes[8];
    s->acc |= value << s->nacc;
    if (s->nacc + width < 64) {
        s->nacc += width;
        return;
    }
    store64(bytes, s->acc);
    put_bytes(w, s, bytes, sizeof bytes);
    unsigned room = 64 - s->nacc; /* bits of value that went */
    s->acc = room < 64 ? value >> room : 0;
    s->nacc = width - room;
}

/* --- groups ---------------------------------------------------------------------------------- */

/* For each home a 1 for each of its entries, then a 0. */
static void put_homes(struct run_writer *w)
{
    uint64_t words[(RUN_HOMES + RUN_GROUP_MOST + 63) / 64] = {0};
    unsigned bits = RUN_HOMES + w->count;
    for (unsigned i = 0; i < w->count; i++) {
        unsigned bit = ((unsigned)(w->keys[i] >> w->shape.rest_bits) & (RUN_HOMES - 1)) + i;
        words[bit / 64] |= UINT64_C(1) << (bit % 64);
    }
    for (unsigned at = 0; at < bits; at += 64)
        put_bits(w, &w->groups, words[at / 64], bits - at < 64 ? bits - at : 64);
}

static void put_line(struct run_writer *w)
{
    for (unsigned i = 0; i < 6; i++)
        w->line[RUN_LINE - 6 + i] = (unsigned char)(w->line_before >> 8 * i);
    put_bytes(w, &w->lines, w->line, RUN_LINE);
    memset(w->line, 0, sizeof w->line);
    w->line_before = w->shape.entries;
}

/* Writes the group that was filled and goes to the next one. */
static void put_group(struct run_writer *w)
{
    const struct run_shape *s = &w->shape;
    unsigned i = (unsigned)(w->group % RUN_LINE_GROUPS);
    put_homes(w);
    for (unsigned n = 0; n < w->count; n++)
        put_bits(w, &w->groups, w->keys[n] & run_mask(s->rest_bits), s->rest_bits);
    for (unsigned n = 0; n < w->count; n++)
        put_bits(w, &w->groups, w->numbers[n] - s->first_number, s->number_bits);
    w->shape.entries += w->count;
    w->count = 0;
    w->group++;
    unsigned end = (unsigned)(w->shape.entries - w->line_before);
    w->line[2 * i + 2] = (unsigned char)end;
    w->line[2 * i + 3] = (unsigned char)(end >> 8);
    if (i == RUN_LINE_GROUPS - 1)
        put_line(w);
}

int run_writer_add(struct run_writer *w, const struct run_entry *entries, size_t count,
                   struct winnow_error *err)
{
    const unsigned shift = w->shape.rest_bits + RUN_HOMES_LOG;
    for (size_t i = 0; i < count; i++) {
        uint64_t group = entries[i].hash >> shift;
        while (w->group < group)
            put_group(w);
        if (w->count == RUN_GROUP_MOST)
            continue; /* only chosen hashes crowd so; they lose a proposal, no text */
        w->keys[w->count] = entries[i].hash;
        w->numbers[w->count++] = entries[i].number;
    }
    return w->status ? err_set(err, (enum winnow_status)w->status, "%s", w->err.text) : WINNOW_OK;
}

/* --- the file -------------------------------------------------------------------------------- */

int run_writer_new(const char *path, const struct run_shape *shape, struct run_writer **ret,
                   struct winnow_error *err)
{
    if (shape->entries > run_entries_most)
        return err_set(err, WINNOW_ELIMIT,
                       "%s: a file of fingerprints holds at most %llu of them, "
                       "not %llu; merge fewer at once",
                       path, (unsigned long long)run_entries_most,
                       (unsigned long long)shape->entries);
    struct run_writer *w = calloc(1, sizeof *w);
    if (!w)
        return err_nomem(err);
    w->shape = *shape;
    run_shape_lay(&w->shape);
    w->shape.table_blocks =
        (w->shape.line_blocks + w->shape.group_blocks + RUN_BLOCK_SUMS - 1) / RUN_BLOCK_SUMS;
    run_shape_lay(&w->shape);
    w->shape.entries = 0;
    w->lines.at = w->shape.lines_at;
    w->groups.at = w->shape.groups_at;
    w->fd = -1;
    w->path = strdup(path);
    int status = w->path ? disk_create(path, &w->fd, &w->temp, err) : err_nomem(err);
    if (status)
        run_writer_free(w);
    else
        *ret = w;
    return status;
}

void run_writer_free(struct run_writer *w)
{
    if (!w)
        return;
    if (w->temp)
        disk_discard(w->fd, w->temp);
    free(w->path);
    free(w);
}

/* Ends both streams: the groups that have no entries too. */
static void put_rest(struct run_writer *w)
{
    static const unsigned char zeros[RUN_PAD] = {0};
    while (w->group < w->shape.groups)
        put_group(w);
    if (w->group % RUN_LINE_GROUPS)
        put_line(w);
    put_bits(w, &w->groups, 0, 64 - w->groups.nacc);
    for (size_t i = 0; i < sizeof zeros; i += 8)
        put_bytes(w, &w->groups, zeros, 8);
    stream_flush(w, &w->lines);
    stream_flush(w, &w->groups);
}

/* The table was written in pieces: its blocks are read again for their checksums. */
static int sum_table(struct run_writer *w, unsigned char *sums, struct winnow_error *err)
{
    unsigned char block[RUN_BLOCK];
    for (uint64_t i = 0; i < w->shape.table_blocks; i++) {
        uint64_t at = w->shape.table_at + i * RUN_BLOCK;
        int status = disk_read(w->fd, w->temp, block, sizeof block, at, err);
        if (status)
            return status;
        store64(sums + i * 8, hash_bytes((struct slice){(const char *)block, sizeof block}));
    }
    return WINNOW_OK;
}

static int write_header(struct run_writer *w, uint64_t *checksum, struct winnow_error *err)
{
    const struct run_shape *s = &w->shape;
    const size_t skipped = offsetof(struct run_header, order);
    unsigned char *head = calloc(1, (size_t)s->table_at);
    struct run_header h = {
        .order = RUN_ORDER,
        .version = RUN_VERSION,
        .block = RUN_BLOCK,
        .key_bits = RUN_KEY_BITS,
        .home_bits = s->home_bits,
        .homes = RUN_HOMES,
        .first_number = s->first_number,
        .last_number = s->last_number,
        .entries = s->entries,
        .table_blocks = s->table_blocks,
        .bytes = s->bytes,
    };
    if (!head)
        return err_nomem(err);
    int status = sum_table(w, head + sizeof h, err);
    memcpy(h.magic, run_magic, sizeof run_magic);
    memcpy(head, &h, sizeof h);
    h.checksum = hash_bytes((struct slice){(const char *)head + skipped, s->table_at - skipped});
    memcpy(head, &h, sizeof h);
    if (!status)
        status = disk_write(w->fd, w->temp, head, s->table_at, 0, err);
    *checksum = h.checksum;
    free(head);
    return status;
}

int run_writer_publish(struct run_writer *w, struct run_info *ret, struct winnow_error *err)
{
    uint64_t checksum = 0;
    put_rest(w);
    run_shape_lay(&w->shape);
    int status = run_writer_add(w, NULL, 0, err); /* what writing has met */
    if (!status)
        status = write_header(w, &checksum, err);
    if (status)
        return status;
    char *temp = w->temp;
    w->temp = NULL; /* both are gone, whatever happens */
    status = disk_publish(w->fd, temp, w->path, false, err);
    if (status)
        return status;
    *ret = (struct run_info){.bytes = w->shape.bytes,
                             .entries = w->shape.entries,
                             .first_number = w->shape.first_number,
                             .last_number = w->shape.last_number,
                             .checksum = checksum};
    return WINNOW_OK;
}

/* Turns hashes into keys; returns the shape of a run of these documents. */
static struct run_shape prepare(struct run_entry *entries, size_t count)
{
    struct run_shape ret = {.first_number = count ? UINT32_MAX : 0};
    for (size_t i = 0; i < count; i++) {
        uint32_t number = entries[i].number;
        entries[i].hash = run_key(entries[i].hash);
        ret.first_number = number < ret.first_number ? number : ret.first_number;
        ret.last_number = number > ret.last_number ? number : ret.last_number;
    }
    return ret;
}

int run_write(const char *path, struct run_entry *entries, size_t count, struct run_info *ret,
              struct winnow_error *err)
{
    struct run_writer *w;
    struct run_shape shape = prepare(entries, count);
    run_sort(entries, count, RUN_KEY_BITS);
    count = run_keep_first(entries, count);
    shape.entries = count;
    shape.home_bits = run_home_bits(count);
    int status = run_writer_new(path, &shape, &w, err);
    if (status)
        return status;
    status = run_writer_add(w, entries, count, err);
    if (!status)
        status = run_writer_publish(w, ret, err);
    run_writer_free(w);
    return status;
}
