/* page.h - one page on its way: one immutable text, blocks over it, verdicts on it. */
#ifndef WINNOW_PAGE_H
#define WINNOW_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "rules.h"
#include "slice.h"
#include "tree.h"
#include "verdict.h"
#include "winnow.h"

enum block_kind {
    BLOCK_PARAGRAPH,
    BLOCK_HEADING, /* level 1 to 6 */
    BLOCK_ITEM,    /* of a list; level: how deep the list is */
    BLOCK_CELL,    /* of a table */
    BLOCK_QUOTE,
    BLOCK_CODE, /* white space is kept */
    BLOCK_CAPTION,
    BLOCK_LINE,    /* of a dump */
    BLOCK_UNSHOWN, /* script, style, title: no text of the page */
};

/* How a block follows the one before it when both are written. */
enum block_gap {
    GAP_LINE,  /* on a new line: a list item, a line after <br>, a line of a dump */
    GAP_BLANK, /* after a blank line: a paragraph, a heading */
    GAP_CELL,  /* on the same line, after a tab: the next cell of a row */
};

/* A line of the page: what is written on one line.  <br> starts a new block. */
struct block {
    uint32_t start, end; /* bytes of the page's text, white space at the edges left out */
    uint8_t kind;        /* enum block_kind */
    uint8_t level;
    uint8_t gap;         /* enum block_gap */
    uint8_t blank_before; /* blank lines between it and the block before, at most 255 */
    uint32_t node;       /* the element that holds it; NODE_NONE in a dump */
};

enum { FOUND_MOST = 8 }; /* kinds of values that rules read */

struct meta_item {
    const char *name, *value, *from;
};

/* A passage that another document of the index has too; its strings are in the arena. */
struct page_shared {
    const char *document, *source;
    uint32_t start, end;             /* of the page's text */
    uint32_t other_start, other_end; /* of the other's clean text */
    bool cut, other_cut;             /* the copy is cut short: here, there */
};

/* How the page stands to another document as a whole: see struct winnow_relation. */
struct page_relation {
    const char *kind; /* static */
    const char *document, *source;
    uint32_t number; /* of the other document in the store */
    unsigned share;  /* percent */
    bool cut;
};

struct page {
    const struct winnow *winnow;
    const struct winnow_input *in; /* only while the page is being cleaned */
    struct winnow_limits limits;   /* all set */
    struct arena arena;

    struct slice bytes; /* input: the page's own bytes, unpacked */
    struct buf unpacked;
    struct slice utf8; /* decode */
    struct buf decoded;
    struct buf rewritten;  /* rules: the HTML after find_string/replace_string */
    enum winnow_kind kind; /* HTML or DUMP, never AUTO */

    const char *text; /* the page's text; never changes once it stands */
    uint32_t text_len;
    struct tree tree; /* empty for a dump */
    bool has_tree;
    struct xpath_doc *xpath; /* of the tree, once a rule has asked; or NULL */

    const char *url, *url_from; /* where the page came from; NULL: not known */
    const char *host; /* of the URL or the folder; lower case, without "www."; or NULL */
    const char *host_from;
    const char *generator; /* as <meta name=generator> says; NULL: not known */
    char day[11]; /* of the page itself, YYYY-MM-DD, where its head or URL says; else "" */
    struct rules *all_rules; /* the set that the page is cleaned with, shared */
    struct rule_set rules;   /* the rule files that apply, in order */
    struct found_value found[FOUND_MOST]; /* by rules, in the tree */
    size_t nfound;
    uint64_t shown; /* bytes of the blocks that are shown, before any removal */
    bool repaired;  /* the repair stage replaced something */
    bool suspect;   /* a rule file took, or would have taken, more than it may */
    uint64_t rules_ns, rules_since_ns; /* processor time of its rules; since when they run */
    bool xpath_late; /* the page's XPath had no more time, and the page says so */
    bool rules_late; /* they had no more time, and the page says so */
    const struct rule_file *body_file; /* whose body line named the page's own elements */

    struct block *blocks;
    size_t nblocks, blocks_cap;
    struct verdicts verdicts;

    struct meta_item *meta;
    size_t nmeta, meta_cap;
    const char **notes;
    size_t nnotes, notes_cap;

    int status; /* the first failure of a note or meta item: WINNOW_ENOMEM */

    size_t again_note, again_notes_end; /* notes of the stages "site" to "across": a page that
                                           is cleaned again says its own */
    bool from_record;        /* made again by record_load: no tree, no rules */
    struct slice rules_json; /* then: what the record says of the rules, as JSON */
    struct span *repairs;    /* what the stage "repair" replaced, in the order of the text */
    size_t nrepairs;

    const char *site;     /* of an index: the host, or the folder; NULL: none, or not asked */
    const char *source;   /* which document it is: URL or path; NULL: its bytes say */
    bool has_index;       /* it was compared with an index: what follows tells how */
    const char *document; /* its key in the index, 32 hexadecimal digits; or NULL */
    uint32_t first; /* its place in the order of documents; 0: behind all others */
    enum winnow_across across;
    struct page_shared *shared;
    size_t nshared, shared_cap;
    struct page_relation *relations;
    size_t nrelations, relations_cap;
    struct buf unstripped; /* the clean text before any of it was stripped: what the index is
                              to remember; empty where nothing was */

    char id[33]; /* XXH3-128 of the page's bytes, in hexadecimal */
    uint64_t stage_ns[16];
};

/* Both copy their strings into the page's arena; a failure shows in page->status. */
void page_note(struct page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void page_meta(struct page *p, const char *name, struct slice value, const char *from);
const char *page_get_meta(const struct page *p, const char *name); /* NULL: not known */

/* The first block that ends behind byte pos of the text. */
size_t page_block_behind(const struct page *p, uint32_t pos);

/* Bytes start..end of the page's text that blocks show. */
uint64_t page_shown(const struct page *p, uint32_t start, uint32_t end);

/* Is anything of the block still to be written? */
bool page_block_kept(const struct page *p, const struct block *b);

#endif
