/* run.c - opens a run file, checks its blocks, and finds groups in it.
 *
 * An entry says: this document has this hash.  What is kept of a hash is its key, the top
 * 44 bits after a bijective mix; entries are sorted by key, then number.  The 2^44 keys
 * are cut into 2^h equal homes, about one for each entry, and 64 homes are a group.
 *
 *     key    |<-------- h bits: home ------->|<- 44 - h: rest ->|
 *            |<- h - 6: group ->|<- 6 bits ->|
 *
 * The file, in blocks of 4096 bytes, each part padded with zeros to its last block's end:
 *
 *     header      struct run_header, then 8 bytes for each block of the table: its checksum
 *     table       8 bytes for each block of directory and groups: its checksum; made for a
 *                 bound on the entries, zeros where there are fewer
 *     directory   lines of 64 bytes, each of 28 groups:
 *                     2   x 29, entries of these groups before the first (0), the second ...,
 *                         and of all of them
 *                     6   entries of all groups before these
 *     groups      one after the other without a gap, n entries each:
 *                     64 + n        bits: for each home a 1 for each of its entries, then a 0
 *                     n x (44 - h)  the rests, by home and then by rest
 *                     n x d         numbers, less the run's first; d bits hold the last
 *                 then zeros: 1 to 64 bits to a full 8 bytes, and 32 bytes, so that a wide
 *                 read of the last one stays inside
 *
 * A group with e entries before it starts at bit 64 x group + e x (1 + 44 - h + d), so a
 * directory line is all that a look-up reads before it.  Integers are the machine's (the
 * header tells which); bits and all that is in blocks of directory and table are
 * little-endian.
 *
 * The size of an entry: 1 + 1/load bits for its place in the map (Elias and Fano's way
 * to keep a sorted list: 2 bits where fixed buckets of 16 would take 4.5), its rest, its
 * number, and 512 / 28 / 64 / load = 0.29 / load bits of directory; load is entries / homes,
 * 0.63 to 1.25.  A checksum adds 0.2 %.  Growing runs move bits from rest to home and from
 * rest to number, so an entry is the same size in all of them:
 *
 *     documents  entries (138 each)  h   rest  number  map + directory  bits   bytes
 *     10 k       1.38 M = 2^20.4     21  23    14      1 + 1.96         39.96  5.01
 *     1 M        138 M  = 2^27.0     27  17    20      1 + 1.25         39.25  4.92
 *     100 M      13.8 G = 2^33.7     34  10    27      1 + 1.60         39.60  4.96
 *
 * Why 44 bits: they must do for the largest run, as the rest of the hash is gone.  Another
 * hash has the same key as one of n entries with n / 2^44: 0.0008 % of look-ups at 1 M
 * documents, 0.08 % at 100 M, or for a document's 140 hashes 0.0011 and 0.11 false hits.
 * They cost a text that is read in vain, no more: who uses hits compares texts.  One bit
 * less would save 2.5 % of the file and double them.
 *
 * What is read may be any bytes.  The header is checked when the file is opened, every
 * other block when it is first read, and what a block says is bounded again whenever it is
 * used, since the system may read it anew from a failing disk.  What cannot be excluded: a
 * file that is made shorter while it is mapped raises SIGBUS.  Nobody does that to a file
 * that is written once. */
#include "store/run_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "hash.h"
#include "store/disk.h"

/* --- the shape ------------------------------------------------------------------------------- */

static uint64_t blocks_of(uint64_t bytes)
{
    return bytes / RUN_BLOCK + (bytes % RUN_BLOCK != 0);
}

static unsigned bits_of(uint32_t n)
{
    return n ? 32 - (unsigned)__builtin_clz(n) : 0;
}

void run_shape_lay(struct run_shape *s)
{
    s->rest_bits = RUN_KEY_BITS - s->home_bits;
    s->number_bits = bits_of(s->last_number - s->first_number);
    s->entry_bits = 1 + s->rest_bits + s->number_bits;
    s->groups = UINT64_C(1) << (s->home_bits - RUN_HOMES_LOG);
    uint64_t lines = (s->groups + RUN_LINE_GROUPS - 1) / RUN_LINE_GROUPS;
    uint64_t bits = s->groups * RUN_HOMES + s->entries * s->entry_bits;
    s->head_blocks = blocks_of(sizeof(struct run_header) + s->table_blocks * 8);
    s->line_blocks = blocks_of(lines * RUN_LINE);
    s->group_blocks = blocks_of((bits / 64 + 1) * 8 + RUN_PAD);
    s->table_at = s->head_blocks * RUN_BLOCK;
    s->lines_at = s->table_at + s->table_blocks * RUN_BLOCK;
    s->groups_at = s->lines_at + s->line_blocks * RUN_BLOCK;
    s->bytes = s->groups_at + s->group_blocks * RUN_BLOCK;
}

/* One more bit of home saves each entry one of rest, and costs 1.29 bits for each home
 * that there was. */
unsigned run_home_bits(uint64_t entries)
{
    unsigned ret = RUN_HOMES_LOG;
    while (ret < RUN_KEY_BITS - RUN_HOMES_LOG && UINT64_C(5) << ret < 4 * entries)
        ret++;
    return ret;
}

/* --- opening --------------------------------------------------------------------------------- */

static int set_damaged(const char *path, const char *what, struct winnow_error *err)
{
    return err_set(err, WINNOW_EDATA,
                   "%s: %s; have the index made again without it (winnow index compact)", path,
                   what);
}

static int check_kind(const char *path, const struct run_header *h, struct winnow_error *err)
{
    if (memcmp(h->magic, run_magic, sizeof run_magic) != 0)
        return set_damaged(path, "does not begin as a file of fingerprints", err);
    if (h->order != RUN_ORDER)
        return err_set(err, WINNOW_EUSAGE,
                       "%s: was written on a machine of another byte order, or its header is "
                       "damaged; use it there, or make the index anew",
                       path);
    if (h->version != RUN_VERSION)
        return err_set(err, WINNOW_EUSAGE,
                       "%s: version %u of the format, this program knows %u; use a newer "
                       "winnow, or make the index anew",
                       path, h->version, RUN_VERSION);
    return WINNOW_OK;
}

/* Do the header's numbers fit each other and the file? */
static bool lay_shape(const struct run_header *h, uint64_t bytes, struct run_shape *ret)
{
    if (h->block != RUN_BLOCK || h->key_bits != RUN_KEY_BITS || h->homes != RUN_HOMES)
        return false;
    if (h->home_bits < RUN_HOMES_LOG || h->home_bits > RUN_KEY_BITS - RUN_HOMES_LOG)
        return false;
    if (h->entries > run_entries_most || h->first_number > h->last_number)
        return false;
    if (h->bytes != bytes || h->table_blocks > bytes / RUN_BLOCK)
        return false;
    struct run_shape s = {
        .entries = h->entries,
        .table_blocks = h->table_blocks,
        .first_number = h->first_number,
        .last_number = h->last_number,
        .home_bits = h->home_bits,
    };
    run_shape_lay(&s);
    if (s.bytes != bytes || (s.line_blocks + s.group_blocks - 1) / RUN_BLOCK_SUMS >= s.table_blocks)
        return false;
    *ret = s;
    return true;
}

static uint64_t sum_header(const unsigned char *map, const struct run_shape *s)
{
    const size_t skipped = offsetof(struct run_header, order);
    return hash_bytes((struct slice){(const char *)map + skipped, s->table_at - skipped});
}

static int check_header(const char *path, const unsigned char *map, uint64_t bytes,
                        struct run_shape *ret, struct run_info *info, struct winnow_error *err)
{
    struct run_header h;
    struct run_shape s;
    memcpy(&h, map, sizeof h);
    int status = check_kind(path, &h, err);
    if (status)
        return status;
    if (!lay_shape(&h, bytes, &s))
        return set_damaged(path, "was cut off, or its header is damaged", err);
    if (sum_header(map, &s) != h.checksum)
        return set_damaged(path, "its header is damaged", err);
    *info = (struct run_info){.bytes = bytes,
                              .entries = h.entries,
                              .first_number = h.first_number,
                              .last_number = h.last_number,
                              .checksum = h.checksum};
    *ret = s;
    return WINNOW_OK;
}

static int map_file(const char *path, unsigned char **map, uint64_t *bytes,
                    struct winnow_error *err)
{
    struct stat st;
    void *p = MAP_FAILED;
    /* A FIFO of that name must not make us wait. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), code = errno;
    if (fd < 0)
        return disk_fail(err, path, "cannot open", code);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= RUN_BLOCK)
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    else
        errno = 0;
    code = errno;
    close(fd);
    if (p == MAP_FAILED && code)
        return disk_fail(err, path, "cannot map", code);
    if (p == MAP_FAILED)
        return set_damaged(path, "is too short for a file of fingerprints", err);
    *map = p;
    *bytes = (uint64_t)st.st_size;
    return WINNOW_OK;
}

static bool is_same_run(const struct run_info *a, const struct run_info *b)
{
    return a->bytes == b->bytes && a->entries == b->entries && a->first_number == b->first_number &&
           a->last_number == b->last_number && a->checksum == b->checksum;
}

static int open_run(struct run *r, const char *path, const struct run_info *info,
                    struct winnow_error *err)
{
    uint64_t bytes = 0;
    int status = map_file(path, &r->map, &bytes, err);
    if (status)
        return status;
    r->info.bytes = bytes; /* of the map, from now on */
    status = check_header(path, r->map, bytes, &r->shape, &r->info, err);
    if (status)
        return status;
    if (info && !is_same_run(info, &r->info))
        return set_damaged(path,
                           "is not the file that the catalog names, but an older or "
                           "another one",
                           err);
    r->path = strdup(path);
    r->good = calloc(bytes / RUN_BLOCK / 64 + 1, sizeof *r->good);
    if (!r->path || !r->good)
        return err_nomem(err);
    /* Look-ups fall anywhere: what lies beside a page is of no use. */
    madvise(r->map, (size_t)bytes, MADV_RANDOM);
    return WINNOW_OK;
}

int run_open(const char *path, const struct run_info *info, struct run **ret,
             struct winnow_error *err)
{
    struct run *r = calloc(1, sizeof *r);
    if (!r)
        return err_nomem(err);
    int status = open_run(r, path, info, err);
    if (status)
        run_close(r);
    else
        *ret = r;
    return status;
}

void run_close(struct run *r)
{
    if (!r)
        return;
    if (r->map)
        munmap(r->map, (size_t)r->info.bytes);
    free(r->path);
    free(r->good);
    free(r);
}

const struct run_info *run_info(const struct run *r)
{
    return &r->info;
}

void run_cool(struct run *r)
{
    madvise(r->map, (size_t)r->info.bytes, MADV_DONTNEED);
}

/* --- checking -------------------------------------------------------------------------------- */

void run_set_damaged(struct run *r, uint64_t at)
{
    if (!r->damaged)
        r->damage_at = at;
    r->damaged = true;
}

bool run_is_damaged(const struct run *r, uint64_t *at)
{
    if (r->damaged)
        *at = r->damage_at;
    return r->damaged;
}

/* The block's checksum as it was written; false where the table's block is damaged. */
static bool find_checksum(struct run *r, uint64_t block, uint64_t *ret)
{
    const struct run_shape *s = &r->shape;
    uint64_t i = block - s->head_blocks;
    if (i < s->table_blocks) {
        *ret = run_load64(r->map + sizeof(struct run_header) + i * 8);
        return true;
    }
    i -= s->table_blocks;
    uint64_t at = s->table_at + i * 8;
    if (!run_are_good(r, at / RUN_BLOCK, at / RUN_BLOCK))
        return false;
    *ret = run_load64(r->map + at);
    return true;
}

static bool fits_checksum(struct run *r, uint64_t block)
{
    uint64_t want;
    const char *p = (const char *)r->map + block * RUN_BLOCK;
    if (block < r->shape.head_blocks)
        return true; /* run_open has read these */
    return find_checksum(r, block, &want) && hash_bytes((struct slice){p, RUN_BLOCK}) == want;
}

bool run_check_block(struct run *r, uint64_t block)
{
    uint64_t bit = UINT64_C(1) << (block & 63);
    if (fits_checksum(r, block)) {
        r->good[block >> 6] |= bit;
        return true;
    }
    r->good[block >> 6] &= ~bit;
    run_set_damaged(r, block * RUN_BLOCK);
    return false;
}

/* --- reading all ----------------------------------------------------------------------------- */

static const uint64_t window = 4 << 20; /* bytes that are asked for, and given back, at once */

/* Of bytes start..end of the file, which may be past its end. */
static void advise(struct run *r, uint64_t start, uint64_t end, int advice)
{
    end = end < r->info.bytes ? end : r->info.bytes;
    if (start < end)
        madvise(r->map + start, (size_t)(end - start), advice);
}

/* A reader that goes from front to back has come to byte at: takes the next window from
 * the disk and gives back the last.  *cooled is a multiple of the window. */
static void move_window(struct run *r, uint64_t at, uint64_t *cooled)
{
    if (at < *cooled || at - *cooled < window)
        return;
    uint64_t start = at / window * window;
    advise(r, *cooled, start, MADV_DONTNEED);
    advise(r, start, start + 2 * window, MADV_WILLNEED);
    *cooled = start;
}

void run_cursor_init(struct run_cursor *c, struct run *r)
{
    c->run = r;
    c->group = c->before = 0;
    c->count = c->at = 0;
    c->cooled = r->shape.groups_at / window * window;
}

/* An entry's home is how many homes end before its 1 in the map. */
static bool decode_homes(struct run_cursor *c, const struct run_group *g)
{
    const unsigned char *p = c->run->map + c->run->shape.groups_at;
    unsigned bits = RUN_HOMES + g->count, n = 0;
    for (unsigned at = 0; at < bits; at += 64) {
        uint64_t word = run_word(p, g->start + at);
        if (bits - at < 64)
            word &= run_mask(bits - at);
        for (; word; word &= word - 1) {
            unsigned home = at + (unsigned)__builtin_ctzll(word) - n;
            if (n == g->count || home >= RUN_HOMES)
                return false;
            c->items[n++].hash = home;
        }
    }
    return n == g->count;
}

static bool decode_group(struct run_cursor *c, const struct run_group *g)
{
    const struct run_shape *s = &c->run->shape;
    const unsigned char *p = c->run->map + s->groups_at;
    uint64_t homes = c->group * RUN_HOMES, last = s->last_number - s->first_number;
    uint64_t rests = run_rests(g), numbers = run_numbers(s, g);
    if (!decode_homes(c, g))
        return false;
    for (unsigned i = 0; i < g->count; i++) {
        uint64_t rest = run_bits(p, rests + (uint64_t)i * s->rest_bits, s->rest_bits);
        uint64_t number = run_bits(p, numbers + (uint64_t)i * s->number_bits, s->number_bits);
        if (number > last)
            return false;
        c->items[i].hash = (homes + c->items[i].hash) << s->rest_bits | rest;
        c->items[i].number = s->first_number + (uint32_t)number;
        if (i > 0 && c->items[i].hash < c->items[i - 1].hash)
            return false; /* a merge counts on the order */
    }
    return true;
}

bool run_cursor_fill(struct run_cursor *c)
{
    struct run *r = c->run;
    struct run_group g;
    c->count = c->at = 0;
    for (; c->count == 0 && c->group < r->shape.groups; c->group++) {
        if (!run_find_group(r, c->group, &g))
            return false;
        uint64_t block = run_first_block(&r->shape, &g);
        move_window(r, block * RUN_BLOCK, &c->cooled);
        if (!run_are_good(r, block, run_last_block(&r->shape, &g)))
            return false;
        if (g.before != c->before || !decode_group(c, &g)) {
            run_set_damaged(r, block * RUN_BLOCK);
            return false;
        }
        c->count = g.count;
        c->before += g.count;
    }
    return c->count > 0 || c->before == r->shape.entries;
}

/* Whole blocks may still say what no writer would: such a run is not one of ours. */
static bool is_in_order(struct run *r, uint64_t *at)
{
    struct run_cursor *c = malloc(sizeof *c);
    bool ret = true;
    if (!c)
        return true;
    run_cursor_init(c, r);
    do
        ret = run_cursor_fill(c);
    while (ret && c->count > 0);
    *at = r->damaged ? r->damage_at : r->shape.lines_at;
    free(c);
    return ret;
}

int run_verify(struct run *r, void (*found)(void *ctx, uint64_t at), void *ctx)
{
    uint64_t at, cooled = 0, blocks = r->info.bytes / RUN_BLOCK;
    bool is_whole = sum_header(r->map, &r->shape) == r->info.checksum;
    if (!is_whole) {
        run_set_damaged(r, 0);
        found(ctx, 0);
    }
    for (uint64_t block = r->shape.head_blocks; block < blocks; block++) {
        move_window(r, block * RUN_BLOCK, &cooled);
        if (run_check_block(r, block))
            continue;
        is_whole = false;
        found(ctx, block * RUN_BLOCK);
    }
    if (is_whole && !is_in_order(r, &at)) {
        is_whole = false;
        found(ctx, at);
    }
    return is_whole ? WINNOW_OK : WINNOW_EDATA;
}
