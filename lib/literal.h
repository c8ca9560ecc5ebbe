/* literal.h - strings of which a text must hold one where an expression matches it.
 *
 * Most pages lack the words that a pattern needs, and to see that takes a fraction
 * of what a search takes.  So `/\bfr om\b|FR OM/` is read here for {"fr om", "FR OM"}:
 * what holds neither cannot match.
 *
 * 1. Every match holds one of the set, within the bytes that it runs over.
 * 2. Where an expression holds what is not known here, the set is empty. */
#ifndef WINNOW_LITERAL_H
#define WINNOW_LITERAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

enum {
    LITERAL_BYTES = 24, /* a longer string is known by its better part */
    LITERALS_MOST = 24,
};

struct literal {
    uint8_t bytes[LITERAL_BYTES];
    uint32_t folds; /* bit i: bytes[i] is a small letter and stands for both cases */
    uint8_t len;
};

struct literal_set {
    unsigned count; /* 0: nothing is known */
    struct literal items[LITERALS_MOST];
};

/* Reads a PCRE2 expression that compiles with PCRE2_UTF (and with PCRE2_CASELESS,
 * PCRE2_EXTENDED as said); fills *ret. */
void literal_required(struct slice expression, bool caseless, bool extended,
                      struct literal_set *ret);

/* How rare a byte is in pages and their texts, as -log2, roughly: 3 is common. */
unsigned literal_rarity(uint8_t byte);

/* A set made ready for looking; any number of threads may look at once. */
struct literal_finder;

/* NULL: no memory.  The set, which is not empty, is copied. */
struct literal_finder *literal_finder_new(const struct literal_set *set);
void literal_finder_free(struct literal_finder *f);
const struct literal_set *literal_finder_set(const struct literal_finder *f);

/* A place where a string of the set begins in text, at `from` or behind; SIZE_MAX
 * where there is none.  With several strings it need not be the first place.  What it
 * reads are the bytes from `from` to the end of that string, each a few times. */
size_t literal_find(const struct literal_finder *f, struct slice text, size_t from);

/* Does the string stand at text, which has at least its length? */
bool literal_is_at(const struct literal *w, const uint8_t *text);

/* Where the rarest so many bytes of the string begin, which has them. */
unsigned literal_window(const struct literal *w, unsigned bytes);

/* Many sets looked for in one pass. */
struct literal_gate;

enum { GATE_MOST = 64 }; /* strings */

struct literal_gate *literal_gate_new(void); /* NULL: no memory */
void literal_gate_free(struct literal_gate *g);

/* Takes a set in, and returns the bits that stand for its strings; 0 where it cannot:
 * there is no more room, or a string has less than four bytes. */
uint64_t literal_gate_add(struct literal_gate *g, const struct literal_set *set);

/* The bits of the strings that the text holds. */
uint64_t literal_gate_scan(const struct literal_gate *g, struct slice text);

#endif
