/* catalog_check.c - reads a catalog's pages as LMDB lays them out, without LMDB.
 *
 * LMDB maps the file and trusts it: a wrong number in a page makes it read anywhere.  Here
 * each page is read into memory, and no number in it is believed before it was compared.
 *
 *     page     0  u64  its number           10  u16  kind: branch, leaf, overflow, meta
 *             12  u16  lower: end of the offsets    (overflow: u32, how many pages)
 *             14  u16  upper: begin of the nodes
 *             16  u16  offsets of the nodes, in the order of their keys; then room; then nodes
 *
 *     node     0  u32  bytes of the value (branch: low bits of the child's number)
 *              4  u16  flags: 1 the value is on overflow pages, 2 it is a tree
 *                      (branch: high bits of the child's number)
 *              6  u16  bytes of the key, then key and value, or the number of the first
 *                      overflow page (u64)
 *
 *     meta    16  u32  0xbeefc0de, version  40  tree of free pages, tree of tables
 *             24  u64  address, map size   136  u64  last page, transaction
 *     tree     0  u32  pad (here: page size)    u16  flags, depth
 *              8  u64  branch, leaf, overflow pages, entries, root
 *
 * Pages 0 and 1 are metas; transaction N writes number N & 1, so that the other is of N - 1.
 * Nothing in a meta is a checksum, and one wrong bit may make the older one the newer, which
 * is as whole, but lacks the last commit.  Against that every transaction writes its number
 * into the tree (CATALOG_TXN): each meta has to find its own there.  The pages of the older
 * one are whole too: LMDB uses none again that the last two transactions could reach.
 *
 * 1. A page is read within the file, and reached once: that ends every walk.
 * 2. A free page is nobody's: a writer would write over it.
 * 3. What a bit may be wrong in without harm, namely room that nothing uses, is passed over. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "store/catalog_parts.h"
#include "store/disk.h"

enum { PAGE_HEAD = 16, NODE_HEAD = 8, TREE_BYTES = 48, META_BYTES = 136 };
enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4, PAGE_META = 8 };
enum { NODE_BIG = 1, NODE_TREE = 2 };
enum { DEPTH_MOST = 32, KEY_MOST = 511, TRIES = 5, TOLD_MOST = 1000 };
/* The tree of free pages keeps beside its own flags one of how the file was opened. */
enum { LMDB_VERSION = 1, INTEGER_KEY = MDB_INTEGERKEY, ENV_FLAGS = MDB_NOSUBDIR };

static const uint32_t lmdb_magic = 0xbeefc0de;
static const uint64_t no_page = ~(uint64_t)0;
/* Pages that were taken and given back in one transaction may lack at the file's end. */
static const uint64_t lack_most = 1 << 20;

struct tree {
    uint32_t pad;
    uint16_t flags, depth;
    uint64_t branches, leaves, overflows, entries, root;
};

struct meta {
    uint64_t number; /* of its page */
    uint32_t page_bytes;
    struct tree free, tables;
    uint64_t last, txn;
};

struct problem {
    uint64_t at;
    char text[160];
};

struct check {
    const char *path;
    int fd;
    uint64_t bytes, pages; /* of the file */
    uint32_t page_bytes;
    const struct meta *meta;
    unsigned char *used; /* a bit a page */
    struct tree trees[TABLES];
    bool has[TABLES];
    bool has_txn;
    uint64_t txn; /* that the tree tells of */
    struct problem *told;
    size_t count; /* of problems; told has the first TOLD_MOST */
    bool no_memory;
};

/* --- telling --------------------------------------------------------------------------------- */

static void tell(struct check *c, uint64_t at, const char *text)
{
    if (!c->told && !(c->told = calloc(TOLD_MOST, sizeof *c->told)))
        c->no_memory = true;
    if (c->told && c->count < TOLD_MOST) {
        c->told[c->count].at = at;
        snprintf(c->told[c->count].text, sizeof c->told->text, "%s", text);
    }
    c->count++;
}

static bool tell_page(struct check *c, uint64_t page, const char *text)
{
    tell(c, page <= UINT64_MAX / c->page_bytes ? page * c->page_bytes : 0, text);
    return false;
}

/* --- numbers --------------------------------------------------------------------------------- */

static uint16_t u16(const char *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint32_t u32(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t u64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static struct tree tree_of(const char *p)
{
    return (struct tree){u32(p),      u16(p + 4),  u16(p + 6),  u64(p + 8),
                         u64(p + 16), u64(p + 24), u64(p + 32), u64(p + 40)};
}

/* --- pages ------------------------------------------------------------------------------------- */

/* Takes so many pages as used; false where they are not in the file, or another has them. */
static bool take_pages(struct check *c, uint64_t first, uint64_t count, const char *what)
{
    uint64_t last = c->meta->last;
    if (first < 2 || first > last || count - 1 > last - first)
        return tell_page(c, 0, what);
    for (uint64_t i = first; i < first + count; i++) {
        unsigned char *byte = &c->used[i / 8], bit = (unsigned char)(1u << i % 8);
        if (*byte & bit)
            return tell_page(c, i, "the page is used twice");
        *byte |= bit;
    }
    return true;
}

static bool read_page(struct check *c, uint64_t page, char *ret)
{
    if (page >= c->pages)
        return tell_page(c, c->pages, "the file ends before a page that is in use");
    if (disk_read(c->fd, c->path, ret, c->page_bytes, page * c->page_bytes, NULL))
        return tell_page(c, page, "the page cannot be read");
    if (u64(ret) != page)
        return tell_page(c, page, "the page has another number");
    return true;
}

/* A page in hand: its nodes were found to lie in it. */
struct page {
    char *bytes;
    uint64_t number;
    bool is_leaf;
    uint32_t count;
};

static const char *node_at(const struct page *p, uint32_t i)
{
    return p->bytes + u16(p->bytes + PAGE_HEAD + 2 * i);
}

static struct slice key_at(const struct page *p, uint32_t i)
{
    const char *node = node_at(p, i);
    return (struct slice){node + NODE_HEAD, u16(node + 6)};
}

static uint64_t child_at(const struct page *p, uint32_t i)
{
    const char *node = node_at(p, i);
    return u32(node) | (uint64_t)u16(node + 4) << 32;
}

/* Bytes that node i takes; 0: it does not lie in the page. */
static uint32_t node_bytes(const struct check *c, const struct page *p, uint32_t i)
{
    uint32_t at = u16(p->bytes + PAGE_HEAD + 2 * i), upper = u16(p->bytes + 14);
    if (at < upper || at > c->page_bytes || c->page_bytes - at < NODE_HEAD)
        return 0;
    uint32_t left = c->page_bytes - at - NODE_HEAD, key = u16(p->bytes + at + 6);
    if (key > KEY_MOST || key > left)
        return 0;
    uint32_t value = 0;
    if (p->is_leaf)
        value = u16(p->bytes + at + 4) & NODE_BIG ? 8 : u32(p->bytes + at);
    if (value > left - key)
        return 0;
    uint32_t len = NODE_HEAD + key + value;
    return len + (len & 1);
}

/* Nodes lie one beside the other up to the page's end: where their sum is right, none is
 * over another without a gap elsewhere, and LMDB leaves no gaps. */
static bool nodes_fit(struct check *c, const struct page *p)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t n = node_bytes(c, p, i);
        if (!n)
            return tell_page(c, p->number, "an entry does not lie in its page");
        sum += n;
    }
    if (sum != c->page_bytes - u16(p->bytes + 14))
        return tell_page(c, p->number, "the entries of the page do not fill it");
    return true;
}

/* Reads a branch or leaf into p->bytes and checks all that needs no other page. */
static bool open_page(struct check *c, uint64_t number, bool is_leaf, struct page *p)
{
    if (!take_pages(c, number, 1, "a page leads to one that is not there") ||
        !read_page(c, number, p->bytes))
        return false;
    uint32_t lower = u16(p->bytes + 12), upper = u16(p->bytes + 14);
    p->number = number;
    p->is_leaf = is_leaf;
    if (u16(p->bytes + 10) != (is_leaf ? PAGE_LEAF : PAGE_BRANCH))
        return tell_page(c, number, "the page is of another kind");
    if (lower < PAGE_HEAD || lower > upper || upper > c->page_bytes || lower % 2)
        return tell_page(c, number, "the bounds of the page are wrong");
    p->count = (lower - PAGE_HEAD) / 2;
    if (p->count < (is_leaf ? 1u : 2u))
        return tell_page(c, number, "the page has too few entries");
    return nodes_fit(c, p);
}

/* --- trees ------------------------------------------------------------------------------------- */

struct frame {
    struct page page;
    uint32_t next;          /* the child that comes now */
    struct slice low, high; /* keys are from low on and below high; p NULL: no bound */
};

struct walk {
    struct check *c;
    const struct tree *tree;
    uint16_t key; /* bytes of a key; 0: any */
    bool (*entry)(struct walk *w, const struct page *p, uint32_t i);
    enum catalog_table table; /* for entry */
    uint64_t branches, leaves, overflows, entries;
    size_t depth;
    struct frame frames[DEPTH_MOST];
};

static int key_order(const struct walk *w, struct slice a, struct slice b)
{
    if (w->tree->flags & INTEGER_KEY) {
        uint64_t x = w->key == 4 ? u32(a.p) : u64(a.p), y = w->key == 4 ? u32(b.p) : u64(b.p);
        return (x > y) - (x < y);
    }
    int order = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Keys rise, and lie within the bounds.  The first one of a branch stands for nothing. */
static bool keys_fit(const struct walk *w, const struct frame *f)
{
    const struct page *p = &f->page;
    uint32_t first = p->is_leaf ? 0 : 1;
    for (uint32_t i = first; i < p->count; i++) {
        struct slice key = key_at(p, i);
        if (w->key ? key.len != w->key : key.len == 0)
            return tell_page(w->c, p->number, "a key has the wrong length");
        if (i > first && key_order(w, key_at(p, i - 1), key) >= 0)
            return tell_page(w->c, p->number, "the keys of the page are out of order");
    }
    if ((f->low.p && key_order(w, key_at(p, first), f->low) < 0) ||
        (f->high.p && key_order(w, key_at(p, p->count - 1), f->high) >= 0))
        return tell_page(w->c, p->number, "a key stands in the wrong page");
    return true;
}

static bool push(struct walk *w, uint64_t number, struct slice low, struct slice high)
{
    struct frame *f = &w->frames[w->depth];
    f->low = low;
    f->high = high;
    f->next = 0;
    if (!f->page.bytes && !(f->page.bytes = malloc(w->c->page_bytes))) {
        w->c->no_memory = true;
        return false;
    }
    bool is_leaf = w->depth + 1 == w->tree->depth;
    if (!open_page(w->c, number, is_leaf, &f->page) || !keys_fit(w, f))
        return false;
    *(is_leaf ? &w->leaves : &w->branches) += 1;
    w->depth++;
    return true;
}

static void leaf(struct walk *w, const struct page *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        w->entry(w, p, i);
    w->entries += p->count;
}

/* The next page in hand: a child of the one on top, or the one above. */
static void step(struct walk *w)
{
    struct frame *f = &w->frames[w->depth - 1];
    if (f->page.is_leaf || f->next == f->page.count) {
        if (f->page.is_leaf)
            leaf(w, &f->page);
        w->depth--;
        return;
    }
    uint32_t i = f->next++;
    struct slice low = i ? key_at(&f->page, i) : f->low;
    struct slice high = i + 1 < f->page.count ? key_at(&f->page, i + 1) : f->high;
    (void)push(w, child_at(&f->page, i), low, high);
}

static bool counts_fit(const struct walk *w)
{
    const struct tree *t = w->tree;
    return w->branches == t->branches && w->leaves == t->leaves && w->overflows == t->overflows &&
           w->entries == t->entries;
}

static void walk_pages(struct walk *w)
{
    const struct slice none = {NULL, 0};
    (void)push(w, w->tree->root, none, none);
    while (w->depth && !w->c->no_memory)
        step(w);
    for (size_t i = 0; i < DEPTH_MOST; i++)
        free(w->frames[i].page.bytes);
}

/* Walks one tree; page: where it is written that there is one. */
static void walk_tree(struct check *c, const struct tree *tree, uint16_t key,
                      enum catalog_table table,
                      bool (*entry)(struct walk *w, const struct page *p, uint32_t i),
                      uint64_t page)
{
    struct walk w = {.c = c, .tree = tree, .key = key, .table = table, .entry = entry};
    size_t before = c->count;
    if (tree->root == no_page) {
        if (tree->depth || !counts_fit(&w))
            tell_page(c, page, "an empty tree has entries");
        return;
    }
    if (tree->depth == 0 || tree->depth > DEPTH_MOST) {
        tell_page(c, page, "the depth of a tree is wrong");
        return;
    }
    walk_pages(&w);
    if (c->count == before && !c->no_memory && !counts_fit(&w))
        tell_page(c, page, "a tree has not as many pages or entries as are written of it");
}

/* --- entries ------------------------------------------------------------------------------------- */

/* The value of an entry on overflow pages, from the heap; NULL: there is something wrong. */
static char *read_big(struct walk *w, const struct page *p, const char *node, uint64_t len)
{
    struct check *c = w->c;
    uint64_t first = u64(node + NODE_HEAD + u16(node + 6));
    uint64_t need = (PAGE_HEAD - 1 + len) / c->page_bytes + 1;
    char head[PAGE_HEAD], *ret = NULL;
    const uint64_t at = first * c->page_bytes;
    if (first < 2 || first >= c->pages || need > c->pages - first) {
        tell_page(c, p->number, "a value is on pages that are not there");
        return NULL;
    }
    if (disk_read(c->fd, c->path, head, sizeof head, at, NULL) || u64(head) != first ||
        u16(head + 10) != PAGE_OVERFLOW || u32(head + 12) < need) {
        tell_page(c, first, "the page is not one that a value is on");
        return NULL;
    }
    if (!take_pages(c, first, u32(head + 12), "a value is on pages that are not there"))
        return NULL;
    w->overflows += u32(head + 12);
    if (!(ret = malloc((size_t)len + 1)))
        c->no_memory = true;
    else if (disk_read(c->fd, c->path, ret, (size_t)len, at + PAGE_HEAD, NULL)) {
        tell_page(c, first, "the value on this page cannot be read");
        free(ret);
        ret = NULL;
    }
    return ret;
}

/* Calls use with the entry's value, wherever it stands. */
static bool with_value(struct walk *w, const struct page *p, uint32_t i,
                       bool (*use)(struct walk *w, const struct page *p, struct slice key,
                                   struct slice value))
{
    const char *node = node_at(p, i);
    struct slice key = key_at(p, i), value = {key.p + key.len, u32(node)};
    if (u16(node + 4) & ~NODE_BIG)
        return tell_page(w->c, p->number, "an entry is of another kind");
    if (!(u16(node + 4) & NODE_BIG))
        return use(w, p, key, value);
    char *big = read_big(w, p, node, value.len);
    if (!big)
        return false;
    bool ret = use(w, p, key, (struct slice){big, value.len});
    free(big);
    return ret;
}

/* The free pages of a transaction: how many, then their numbers, falling. */
static bool free_value(struct walk *w, const struct page *p, struct slice key, struct slice value)
{
    uint64_t count = value.len >= 8 ? u64(value.p) : UINT64_MAX, txn = u64(key.p);
    if (!txn || txn > w->c->meta->txn || value.len % 8 || count > value.len / 8 - 1)
        return tell_page(w->c, p->number, "a list of free pages is wrong");
    for (uint64_t i = 1; i <= count; i++) {
        uint64_t page = u64(value.p + 8 * i);
        if (i > 1 && page >= u64(value.p + 8 * (i - 1)))
            return tell_page(w->c, p->number, "a list of free pages is out of order");
        if (!take_pages(w->c, page, 1, "a free page is not in the file"))
            return false;
    }
    return true;
}

static bool free_entry(struct walk *w, const struct page *p, uint32_t i)
{
    return with_value(w, p, i, free_value);
}

static int table_of(struct slice name)
{
    for (int i = 0; i < TABLES; i++)
        if (slice_is(name, catalog_tables[i].name))
            return i;
    return -1;
}

static bool table_entry(struct walk *w, const struct page *p, uint32_t i)
{
    const char *node = node_at(p, i);
    struct slice key = key_at(p, i);
    int table = table_of(key);
    if (table < 0)
        return tell_page(w->c, p->number, "there is a table that winnow does not make");
    if (u16(node + 4) != NODE_TREE || u32(node) != TREE_BYTES)
        return tell_page(w->c, p->number, "a table is none");
    w->c->trees[table] = tree_of(key.p + key.len);
    if (w->c->trees[table].flags != catalog_tables[table].flags || w->c->trees[table].pad)
        return tell_page(w->c, p->number, "a table is of another kind");
    w->c->has[table] = true;
    return true;
}

static bool record_value(struct walk *w, const struct page *p, struct slice key, struct slice value)
{
    struct slice content = {value.p + CATALOG_SUM, value.len - CATALOG_SUM};
    if (value.len < CATALOG_SUM || u64(value.p) != catalog_sum(w->table, key, content)) {
        char text[100];
        snprintf(text, sizeof text, "a record of the table \"%s\" has a wrong checksum",
                 catalog_tables[w->table].name);
        return tell_page(w->c, p->number, text);
    }
    if (w->table == TABLE_META && slice_is(key, CATALOG_TXN) && content.len == 8) {
        w->c->has_txn = true;
        w->c->txn = u64(content.p);
    }
    return true;
}

static bool record_entry(struct walk *w, const struct page *p, uint32_t i)
{
    return with_value(w, p, i, record_value);
}

/* --- metas ----------------------------------------------------------------------------------------- */

static int meta_problem(const char *path, uint64_t at, const char *what, struct winnow_error *err)
{
    return err_set(err, WINNOW_EDATA,
                   "%s: at byte %llu %s; winnow index compact makes it again from the texts", path,
                   (unsigned long long)at, what);
}

/* Reads the meta at a byte of the file: what LMDB asks of it, and that it is the one. */
static int read_meta(int fd, const char *path, uint64_t at, uint64_t number, struct meta *ret,
                     struct winnow_error *err)
{
    char bytes[PAGE_HEAD + META_BYTES];
    const char *m = bytes + PAGE_HEAD;
    int status = disk_read(fd, path, bytes, sizeof bytes, at, err);
    if (status)
        return status;
    if (u32(m) == __builtin_bswap32(lmdb_magic))
        return err_set(err, WINNOW_EUSAGE,
                       "%s: this index was made on a machine of another byte order; use it there, "
                       "or make a new one",
                       path);
    if (u32(m) != lmdb_magic || u16(bytes + 10) != PAGE_META || u64(bytes) != number)
        return meta_problem(path, at, "there is no first page of a catalog", err);
    if (u32(m + 4) != LMDB_VERSION)
        return err_set(err, WINNOW_EUSAGE,
                       "%s: its pages are of version %u, this winnow knows %d; use the winnow that "
                       "made it, or make a new index (or the file is damaged at byte %llu)",
                       path, u32(m + 4), LMDB_VERSION, (unsigned long long)at + PAGE_HEAD + 4);
    *ret = (struct meta){number,          u32(m + 24),  tree_of(m + 24),
                         tree_of(m + 72), u64(m + 120), u64(m + 128)};
    ret->free.pad = 0; /* that of the first tree is the page size */
    if (ret->page_bytes < 512 || ret->page_bytes > 32768 ||
        (ret->page_bytes & (ret->page_bytes - 1)))
        return meta_problem(path, at, "the size of a page is wrong", err);
    return WINNOW_OK;
}

static int read_metas(int fd, const char *path, struct meta metas[2], struct winnow_error *err)
{
    int status = read_meta(fd, path, 0, 0, &metas[0], err);
    if (!status)
        status = read_meta(fd, path, metas[0].page_bytes, 1, &metas[1], err);
    if (!status && metas[0].page_bytes != metas[1].page_bytes)
        status = meta_problem(path, metas[0].page_bytes, "the first two pages differ", err);
    return status;
}

/* Of the two one is of an even transaction, and they follow on each other. */
static void check_pair(struct check *c, const struct meta metas[2])
{
    uint64_t a = metas[0].txn, b = metas[1].txn;
    if (a == 0 && b == 0)
        return;
    if (a % 2 || b % 2 == 0 || (a - b != 1 && b - a != 1))
        tell(c, 0, "the numbers of the last two transactions do not fit together");
    for (int i = 0; i < 2; i++) {
        const struct tree *f = &metas[i].free, *t = &metas[i].tables;
        if ((f->flags & ~ENV_FLAGS) != INTEGER_KEY || t->flags || t->pad)
            tell_page(c, metas[i].number, "the flags of a first page are wrong");
    }
}

static void start(struct check *c, const struct meta *meta)
{
    free(c->used);
    c->meta = meta;
    memset(c->has, 0, sizeof c->has);
    c->has_txn = false;
    /* A last page far behind the file's end is damage, and no reason to take memory. */
    uint64_t lack = meta->last >= c->pages ? meta->last - c->pages + 1 : 0;
    c->used = NULL;
    if (meta->last < 1 || lack > lack_most / c->page_bytes + 1)
        tell_page(c, meta->number, "its last page is not in the file: was it cut off?");
    else if (!(c->used = calloc(1, (size_t)(meta->last / 8) + 1)))
        c->no_memory = true;
}

/* What a meta leads to: the tables, and the transaction that wrote them. */
static void check_tables(struct check *c, const struct meta *meta)
{
    start(c, meta);
    if (!c->used)
        return;
    size_t before = c->count;
    walk_tree(c, &meta->tables, 0, TABLE_META, table_entry, meta->number);
    if (c->has[TABLE_META])
        walk_tree(c, &c->trees[TABLE_META], 0, TABLE_META, record_entry, meta->number);
    bool is_empty = meta->tables.root == no_page;
    if (c->count == before && !c->no_memory &&
        (is_empty ? meta->txn != 0 : !c->has_txn || c->txn != meta->txn))
        tell_page(c, meta->number, "the first page leads to what another transaction wrote");
}

/* LMDB reads the older one only where it takes it for the newer.  A commit whose first page
 * could not be written has led it to its own tables under the number that stood there, and
 * the next commit writes over those: what is not the older one's own is no damage. */
static void check_older(struct check *c, const struct meta *meta)
{
    size_t before = c->count;
    check_tables(c, meta);
    if (!c->has_txn || c->txn != meta->txn)
        c->count = before;
}

static void check_rest(struct check *c, const struct meta *meta)
{
    if (!c->used)
        return;
    for (int i = 0; i < TABLES; i++) {
        if (!c->has[i] && meta->txn)
            tell_page(c, meta->number, "a table is missing");
        if (c->has[i] && i != TABLE_META)
            walk_tree(c, &c->trees[i], catalog_tables[i].key, (enum catalog_table)i, record_entry,
                      meta->number);
    }
    walk_tree(c, &meta->free, 8, TABLE_META, free_entry, meta->number);
}

/* --- the whole ------------------------------------------------------------------------------------- */

static int check_once(struct check *c, const struct meta metas[2], bool all)
{
    const struct meta *newer = &metas[metas[0].txn < metas[1].txn];
    const struct meta *older = &metas[newer == metas];
    c->count = 0;
    c->page_bytes = metas[0].page_bytes;
    c->pages = c->bytes / c->page_bytes;
    check_pair(c, metas);
    check_older(c, older);
    check_tables(c, newer);
    if (all && !c->no_memory)
        check_rest(c, newer);
    free(c->used);
    c->used = NULL;
    return c->no_memory ? WINNOW_ENOMEM : WINNOW_OK;
}

static bool has_moved(struct check *c, const struct meta metas[2])
{
    struct meta now[2];
    return read_metas(c->fd, c->path, now, NULL) || now[0].txn != metas[0].txn ||
           now[1].txn != metas[1].txn;
}

/* A writer may be at work: what looks wrong then may only be newer. */
static int check_file(struct check *c, bool all, struct winnow_error *err)
{
    for (int i = 0; i < TRIES; i++) {
        struct stat st;
        struct meta metas[2];
        if (fstat(c->fd, &st))
            return disk_fail(err, c->path, "cannot read its size", errno);
        c->bytes = (uint64_t)st.st_size;
        int status = c->bytes ? read_metas(c->fd, c->path, metas, err) : WINNOW_OK;
        if (status || !c->bytes)
            return status;
        if (check_once(c, metas, all))
            return err_nomem(err);
        if (!c->count || !has_moved(c, metas))
            return WINNOW_OK;
    }
    return err_set(err, WINNOW_EUSAGE,
                   "%s: it is being written all the time; try again when the writer is done",
                   c->path);
}

static int check_path(struct check *c, bool all, struct winnow_error *err)
{
    if (sizeof(size_t) != 8)
        return WINNOW_OK; /* LMDB's pages are others there */
    c->fd = open(c->path, O_RDONLY | O_CLOEXEC);
    if (c->fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return err_set(err, WINNOW_EUSAGE,
                       "%s: there is no such file: is this the folder of an "
                       "index?",
                       c->path);
    if (c->fd < 0)
        return disk_fail(err, c->path, "cannot open", errno);
    int status = check_file(c, all, err);
    close(c->fd);
    return status;
}

int catalog_check_head(const char *path, struct winnow_error *err)
{
    struct check c = {.path = path};
    int status = check_path(&c, false, err);
    if (!status && c.count)
        status = meta_problem(path, c.told[0].at, c.told[0].text, err);
    free(c.told);
    return status;
}

static void hand_over(const struct check *c, store_problem_fn *found, void *ctx)
{
    char text[300];
    for (size_t i = 0; i < c->count && i < TOLD_MOST; i++) {
        snprintf(text, sizeof text,
                 "%s; winnow index compact makes the catalog again from the "
                 "texts",
                 c->told[i].text);
        found(ctx, c->path, c->told[i].at, text);
    }
}

/* What keeps the file from being walked at all is a problem too. */
int catalog_check(const char *folder, store_problem_fn *found, void *ctx, size_t *problems,
                  struct winnow_error *err)
{
    struct winnow_error why = {0};
    char *path = NULL;
    if (asprintf(&path, "%s/" CATALOG_FILE, folder) < 0)
        return err_nomem(err);
    struct check c = {.path = path};
    int status = check_path(&c, true, &why);
    bool is_damage = status == WINNOW_EDATA;
    if (is_damage && found)
        found(ctx, path, 0, why.text);
    if (!status && found)
        hand_over(&c, found, ctx);
    if (is_damage || !status)
        *problems += is_damage ? 1 : c.count;
    else
        err_set(err, (enum winnow_status)status, "%s", why.text);
    free(c.told);
    free(path);
    return is_damage ? WINNOW_OK : status;
}
