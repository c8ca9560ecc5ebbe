/* norm_parts.h - what the files of the normalised stream share: its room, the folding of
 * ASCII, what other characters become, and the place at which a text is being folded.
 *
 * Only norm*.c and their test include it. */
#ifndef WINNOW_NORM_PARTS_H
#define WINNOW_NORM_PARTS_H

#include "norm.h"

enum {
    /* Bytes of text between two anchors: a place is found by folding that many again, and
     * an anchor costs twelve. */
    ANCHOR_EVERY = 128,
    /* Text that is folded between two looks at whether an anchor is due. */
    ASCII_STEP = 64,
    /* Bytes of the stream that a byte of text becomes at most; U+0390 needs three, and for
     * a character that would need more norm_parts_of sees to it. */
    GROWTH_MAX = 3,
    /* Bytes of text folded between two looks at the room, and the room that they need; a
     * step may write a word beyond its end, and a character reach beyond the chunk's. */
    CHUNK = 1024,
    ROOM = GROWTH_MAX * CHUNK + 64,
};

/* --- norm_index.c: the stream's room, its words and its anchors ------------------------- */

/* Room for ROOM more bytes, and their blocks zeroed.  WINNOW_ENOMEM, WINNOW_ELIMIT. */
int norm_make_room(struct norm *n);

/* Remembers that what is at n->len comes from that place of the text.  WINNOW_ENOMEM. */
int norm_push_anchor(struct norm *n, uint32_t at, uint32_t part);

/* The last anchor that is not behind pos; there is one. */
const struct norm_anchor *norm_anchor_of(const struct norm *n, uint32_t pos);

/* Brings nwords, hints and the blocks up to len; `from` is where the stream ended when
 * this was done last.  WINNOW_ENOMEM. */
int norm_seal(struct norm *n, uint32_t from);

/* --- norm_ascii.c: ASCII ----------------------------------------------------------------- */

enum {
    SEPARATOR = 0, /* dropped, and a word ends */
    JOINER = 1,    /* dropped, and the word goes on: an apostrophe */
};

/* What an ASCII character becomes: one of these, or the character that is kept. */
extern const unsigned char norm_ascii[128];

/* Appends the ASCII in front of text, of at most ASCII_STEP bytes, for which there is
 * room; returns its length.  *in_word: does the stream stand within a word? */
typedef size_t norm_ascii_fold(struct norm *n, const unsigned char *text, size_t max,
                               bool *in_word);
norm_ascii_fold norm_ascii_plain;

/* The fastest that this processor has. */
norm_ascii_fold *norm_ascii_best(void);

/* Are the eight bytes at p ASCII? */
static inline bool are_ascii(const unsigned char *p)
{
    uint64_t eight;
    memcpy(&eight, p, sizeof eight);
    return (eight & 0x8080808080808080u) == 0;
}

/* --- norm_chars.c: what a character becomes ---------------------------------------------- */

enum {
    HANGUL_FIRST = 0xAC00,
    HANGUL_LAST = 0xD7A3,
    JAMO_L = 0x1100,
    JAMO_V = 0x1161,
    JAMO_T = 0x11A7,
    JAMO_LAST = 0x11FF,
    JAMO_LS = 19,
    JAMO_VS = 21,
    JAMO_TS = 28,
};

static inline bool is_hangul(int32_t c)
{
    return c >= HANGUL_FIRST && c <= HANGUL_LAST;
}

/* Han, which is its own fold; not to the end of the block, which Unicode still fills. */
static inline bool is_han(int32_t c)
{
    return c >= 0x4E00 && c <= 0x9FEF;
}

/* What one character of a decomposition does. */
enum role {
    ENDS_WORD, /* dropped, and a word ends, but the marks before wait on */
    SEPARATES, /* dropped, and a word ends */
    JOINS,     /* dropped, and the word goes on */
    WAITS,     /* a mark that is put in order among others */
    LETTER,    /* may start a word */
    CHARACTER, /* always starts one */
    MARK,      /* never does */
};

struct part {
    int32_t c;
    uint8_t role;   /* enum role */
    uint8_t class;  /* canonical combining class */
    uint8_t weight; /* as norm_weight counts */
    uint8_t len;    /* of its UTF-8 */
    unsigned char utf8[4];
};

enum { PARTS_MAX = 8 /* of a character; one that has more stays itself */ };

/* Writes what c becomes; returns how many parts. */
size_t norm_parts_of(int32_t c, struct part ret[PARTS_MAX]);

/* A fold says in 32 bits what a character becomes: most are kept as one character of at
 * most three bytes, or dropped. */
enum {
    FOLD_LEN = 24,            /* of the UTF-8 in the bits below: two bits */
    FOLD_WEIGHT = 26,         /* two bits */
    FOLD_STARTS = 1 << 28,    /* starts a word, wherever it stands */
    FOLD_CONTINUES = 1 << 29, /* starts none, wherever it stands */
    FOLD_KIND = 30,           /* two bits, enum fold_kind */
};

enum fold_kind {
    UNKNOWN,
    KEPT,    /* nothing to put in order or to compose; a separator has no bytes */
    NO_PART, /* as if it were not there */
    PARTS,   /* the other bits: where norm_cache.parts has their number, and then them */
};

enum {
    HAN_FOLD = (unsigned)KEPT << FOLD_KIND | FOLD_STARTS | 3 << FOLD_WEIGHT | 3 << FOLD_LEN,
    HANGUL_FOLD = (unsigned)KEPT << FOLD_KIND | 3 << FOLD_WEIGHT | 3 << FOLD_LEN,
};

/* Is it kept as one letter, which starts a word only behind something else? */
static inline bool is_letter(uint32_t fold)
{
    return fold >> FOLD_WEIGHT == (1 | (uint32_t)KEPT << (FOLD_KIND - FOLD_WEIGHT));
}

enum {
    /* Letters and symbols that are decomposed: nearly all are in the first two planes. */
    REMEMBERED = 0x20000,
    PAGE = 64,
    PAGES = REMEMBERED / PAGE,
    /* Characters of two bytes, among them whole alphabets, have a table of their own. */
    PAIRS = 0x800,
};

/* The folds of the characters that a stream has met. */
struct norm_cache {
    uint32_t pairs[PAIRS];
    uint16_t page_of[PAGES]; /* 0: none yet */
    uint32_t (*pages)[PAGE];
    size_t npages, pages_cap;
    struct part *parts; /* the number of those that follow is the c of the first */
    size_t nparts, parts_cap;
};

void norm_cache_free(struct norm_cache *cache);

/* Finds out the fold of c, below REMEMBERED; UNKNOWN where there is no memory. */
uint32_t norm_learn_fold(struct norm_cache *cache, uint32_t c);

/* What c, below REMEMBERED, is known to become. */
static inline uint32_t known_fold(const struct norm_cache *cache, uint32_t c)
{
    if (c < PAIRS)
        return cache->pairs[c];
    unsigned page = cache->page_of[c / PAGE];
    return page > 0 ? cache->pages[page - 1][c % PAGE] : UNKNOWN;
}

/* What c becomes, which stands at utf8, if that is known; PARTS too where it must be found
 * out each time.  Below zero: nothing. */
static inline uint32_t look_up(const struct norm_cache *cache, int32_t c, const unsigned char *utf8)
{
    if (c < 0)
        return (uint32_t)NO_PART << FOLD_KIND;
    if (is_han(c) || is_hangul(c))
        return (is_han(c) ? HAN_FOLD : HANGUL_FOLD) | utf8[0] | (uint32_t)utf8[1] << 8 |
               (uint32_t)utf8[2] << 16;
    if (c >= REMEMBERED)
        return (uint32_t)PARTS << FOLD_KIND;
    return known_fold(cache, (uint32_t)c);
}

/* As read_char, of any character. */
int32_t norm_read_any(const unsigned char *text, size_t len, size_t *ret_len);

/* The character at text[0] and its length; -1 and 1 where a sequence is broken. */
static inline int32_t read_char(const unsigned char *text, size_t len, size_t *ret_len)
{
    unsigned char first = text[0];
    if (first >= 0xC2 && first < 0xE0 && len > 1 && (text[1] & 0xC0) == 0x80) {
        *ret_len = 2;
        return (first & 0x1F) << 6 | (text[1] & 0x3F);
    }
    if (first > 0xE0 && first < 0xF0 && first != 0xED && len > 2 && (text[1] & 0xC0) == 0x80 &&
        (text[2] & 0xC0) == 0x80) {
        *ret_len = 3;
        return (first & 0x0F) << 12 | (text[1] & 0x3F) << 6 | (text[2] & 0x3F);
    }
    return norm_read_any(text, len, ret_len);
}

/* --- norm_compose.c: a text, and the parts of its characters ----------------------------- */

enum { MARKS_MAX = 32 /* put in order at a time */ };

/* Where a text is being folded: to the end of n, or only to find a place.  Marks are put
 * in order in the stream itself. */
struct folding {
    struct norm *n; /* NULL: the place is sought that is `ahead` bytes away */
    struct norm_cache *cache;
    const unsigned char *text; /* and i is the next character in it */
    size_t i, len;
    uint64_t due; /* the i from which on an anchor is wanted */
    uint32_t at;  /* where text stands in the page's text */
    bool in_word;
    int32_t last;    /* appended last; 0 where Hangul cannot go on from it */
    unsigned nmarks; /* at the stream's end, that marks to come are put in order with */
    uint32_t marks_at;
    uint32_t ahead;
    bool found;
    uint32_t found_at;
    uint8_t classes[MARKS_MAX], lens[MARKS_MAX]; /* of the marks */
};

/* Starts to fold what stands at `at` of a page's text; n and due are for who appends. */
void norm_start(struct folding *f, struct norm_cache *cache, const char *text, size_t len,
                uint32_t at);

/* Makes an anchor of the character at hand, from its given part on.  WINNOW_ENOMEM. */
int norm_anchor_here(struct folding *f, uint32_t part);

/* Folds the character at hand, which is c, from the given of its parts on; f->i stays.
 * WINNOW_ENOMEM. */
int norm_compose(struct folding *f, int32_t c, uint32_t from);

/* Passes over so many bytes of the stream that come from `at`, in search of a place. */
static inline void pass(struct folding *f, uint32_t len, uint32_t at)
{
    if (f->ahead >= len) {
        f->ahead -= len;
    } else if (!f->found) {
        f->found = true;
        f->found_at = at;
    }
}

#endif
