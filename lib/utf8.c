/* utf8.c - tell UTF-8 from what is not, and mend it.
 *
 * The common page is valid, and is read here once by an automaton of 32 bytes a turn; what
 * stands at the error, and how long it is, is worked out only there. */
#include "utf8.h"

#include <stdint.h>

/* The length of the sequence at p[0..n-1], whose first byte is not ASCII.  Where it is no
 * character, the length of its maximal subpart: the bytes that one U+FFFD stands for (The
 * Unicode Standard, section 3.9). */
static size_t sequence_length(const unsigned char *p, size_t n, bool *whole)
{
    unsigned char lead = p[0];
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    size_t len = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    *whole = false;
    if (lead < 0xC2 || lead > 0xF4)
        return 1;
    for (size_t i = 1; i < len; i++) {
        if (i == n || p[i] < low || p[i] > high)
            return i;
        low = 0x80;
        high = 0xBF;
    }
    *whole = true;
    return len;
}

/* An automaton whose states are bit positions: a byte's word holds, at the position of each
 * state, the state that follows.  One load and one shift a byte, and no branch, so mixed
 * text is as fast as any. */
enum {
    U_OK = 0,   /* between characters */
    U_BAD = 6,  /* and nothing leads out of it */
    U_ONE = 12, /* one more trail byte */
    U_TWO = 18,
    U_THREE = 24,
    U_E0 = 30, /* behind these leads, not every trail byte may follow */
    U_ED = 36,
    U_F0 = 42,
    U_F4 = 48,
};

#define ROW(ok, one, two, three, e0, ed, f0, f4)                                                   \
    ((uint64_t)(ok) << U_OK | (uint64_t)U_BAD << U_BAD | (uint64_t)(one) << U_ONE |                \
     (uint64_t)(two) << U_TWO | (uint64_t)(three) << U_THREE | (uint64_t)(e0) << U_E0 |            \
     (uint64_t)(ed) << U_ED | (uint64_t)(f0) << U_F0 | (uint64_t)(f4) << U_F4)
#define LEAD(next) ROW(next, U_BAD, U_BAD, U_BAD, U_BAD, U_BAD, U_BAD, U_BAD)
#define TRAIL(e0, ed, f0, f4) ROW(U_BAD, U_OK, U_ONE, U_TWO, e0, ed, f0, f4)

static const uint64_t next_states[256] = {
    [0x00 ... 0x7F] = LEAD(U_OK),
    [0x80 ... 0x8F] = TRAIL(U_BAD, U_ONE, U_BAD, U_TWO),
    [0x90 ... 0x9F] = TRAIL(U_BAD, U_ONE, U_TWO, U_BAD),
    [0xA0 ... 0xBF] = TRAIL(U_ONE, U_BAD, U_TWO, U_BAD),
    [0xC0 ... 0xC1] = LEAD(U_BAD), /* overlong */
    [0xC2 ... 0xDF] = LEAD(U_ONE),
    [0xE0] = LEAD(U_E0), /* no overlong */
    [0xE1 ... 0xEC] = LEAD(U_TWO),
    [0xED] = LEAD(U_ED), /* no surrogate */
    [0xEE ... 0xEF] = LEAD(U_TWO),
    [0xF0] = LEAD(U_F0), /* no overlong */
    [0xF1 ... 0xF3] = LEAD(U_THREE),
    [0xF4] = LEAD(U_F4), /* nothing past U+10FFFF */
    [0xF5 ... 0xFF] = LEAD(U_BAD),
};

enum { BLOCK = 32 };

static bool is_ascii_block(const unsigned char *p)
{
    uint64_t w[BLOCK / 8];
    memcpy(w, p, sizeof w);
    return ((w[0] | w[1] | w[2] | w[3]) & UINT64_C(0x8080808080808080)) == 0;
}

bool utf8_is_ascii(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    while (s.len - i >= BLOCK && is_ascii_block(p + i))
        i += BLOCK;
    while (i < s.len && p[i] < 0x80)
        i++;
    return i == s.len;
}

/* Bytes of whole blocks without an error; the last character may be unfinished. */
static size_t valid_blocks(const unsigned char *p, size_t n)
{
    uint64_t state = U_OK;
    size_t i = 0;
    for (; n - i >= BLOCK; i += BLOCK) {
        if ((state & 63) == U_OK && is_ascii_block(p + i))
            continue;
        for (size_t k = 0; k < BLOCK; k++)
            state = next_states[p[i + k]] >> (state & 63);
        if ((state & 63) == U_BAD)
            break;
    }
    return i;
}

size_t utf8_valid_prefix(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = valid_blocks(p, s.len);
    bool whole = true;
    /* Back to where the last character starts: it may go on behind the blocks. */
    for (bool trail = true; i > 0 && trail;)
        trail = (p[--i] & 0xC0) == 0x80;
    while (i < s.len && whole) {
        size_t len = p[i] < 0x80 ? 1 : sequence_length(p + i, s.len - i, &whole);
        i += whole ? len : 0;
    }
    return i;
}

size_t utf8_mend(struct slice s, bool give_up, struct buf *out, size_t *good)
{
    size_t i = 0, bad = 0;
    *good = 0;
    while (i < s.len && out->status == WINNOW_OK) {
        struct slice rest = {s.p + i, s.len - i};
        size_t valid = utf8_valid_prefix(rest);
        bool whole;
        buf_add(out, rest.p, valid);
        for (size_t k = 0; k < valid; k++)
            *good += (unsigned char)rest.p[k] >= 0xC2;
        i += valid;
        if (i == s.len)
            break;
        i += sequence_length((const unsigned char *)s.p + i, s.len - i, &whole);
        bad++;
        buf_add(out, "\xEF\xBF\xBD", 3);
        if (give_up && bad > 64 && bad > *good)
            break;
    }
    return bad;
}
