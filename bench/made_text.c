/* made_text.c - make documents of words drawn from an alias table. */
#include "made_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "measure.h"

enum {
    BITS = 17,
    WORDS = 1 << BITS,
    LETTERS_MOST = 23,
    WORDS_LEAST = 300, /* of a document; 600 on the average */
    WORDS_SPAN = 601,
    PARAGRAPH_LEAST = 40,
    PARAGRAPH_SPAN = 81,
    SENTENCE_LEAST = 8,
    SENTENCE_SPAN = 18,
    AGAIN = 27,   /* percent of words that the document has had before */
    GOES_ON = 30, /* and of those, so many go on as it did there */
    PARAGRAPHS_MOST = (WORDS_LEAST + WORDS_SPAN) / PARAGRAPH_LEAST + 1,
    DOCUMENT_MOST = (WORDS_LEAST + WORDS_SPAN) * 2 * (LETTERS_MOST + 4),
};

/* Chosen, with AGAIN and GOES_ON, after 401 English pages of 300 to 900 words.  Words of
 * their text: the first, the first 100, 1,000 and 10,000 are 3.5, 39, 68 and 96 percent,
 * bytes a word 6.4, different ones of a page 48 percent; zstd 1 leaves 44 percent of it. */
static const double OFFSET = 2.7, EXPONENT = 1.05;

/* Walker's alias method: a word is drawn by one random number. */
struct word {
    uint32_t limit; /* of 2^32: below it this word, else the other */
    uint32_t other;
    uint8_t len;
    char letters[LETTERS_MOST];
};

struct text {
    char *bytes;
    size_t len;
    size_t starts[PARAGRAPHS_MOST + 1]; /* of paragraphs */
    size_t count;
    uint32_t drawn[WORDS_LEAST + WORDS_SPAN]; /* its words */
    size_t ndrawn, again; /* again: the word to go on with; 0: none */
};

struct made {
    struct word *words;
    struct text text, other;
};

/* --- words -------------------------------------------------------------------------------- */

/* Consonants and vowels take turns, each as often as it stands here. */
static void make_word(struct word *w, unsigned rank, uint64_t *random)
{
    static const char consonants[] = "ttttttnnnnnsssssrrrrrhhhhdddlllccmmwwffggyppbbvkxjqz";
    static const char vowels[] = "eeeeeeeeaaaaaooooiiiiuu";
    double letters = 0.36 + 0.4 * log2(rank + 2.0) + (double)(next_random(random) % 300) / 100;
    bool vowel = next_random(random) % 3 == 0;
    w->len = (uint8_t)(letters < 1 ? 1 : letters > LETTERS_MOST ? LETTERS_MOST : letters);
    for (unsigned i = 0; i < w->len; i++, vowel = !vowel) {
        uint64_t draw = next_random(random);
        w->letters[i] = vowel ? vowels[draw % (sizeof vowels - 1)]
                              : consonants[draw % (sizeof consonants - 1)];
    }
}

/* Fills the alias table from shares whose average is 1. */
static void make_aliases(struct word *words, double *shares)
{
    uint32_t *small = must(malloc(WORDS * sizeof *small));
    uint32_t *large = must(malloc(WORDS * sizeof *large));
    size_t nsmall = 0, nlarge = 0;
    for (uint32_t i = 0; i < WORDS; i++)
        if (shares[i] < 1)
            small[nsmall++] = i;
        else
            large[nlarge++] = i;
    while (nsmall > 0 && nlarge > 0) {
        uint32_t s = small[--nsmall], l = large[nlarge - 1];
        words[s].limit = (uint32_t)(shares[s] * 4294967295.0);
        words[s].other = l;
        shares[l] -= 1 - shares[s];
        if (shares[l] < 1)
            small[nsmall++] = large[--nlarge];
    }
    while (nlarge > 0)
        words[large[--nlarge]].limit = UINT32_MAX;
    while (nsmall > 0) /* a rounding error was left */
        words[small[--nsmall]].limit = UINT32_MAX;
    free(small);
    free(large);
}

static struct word *make_words(void)
{
    struct word *words = must(calloc(WORDS, sizeof *words));
    double *shares = must(malloc(WORDS * sizeof *shares)), sum = 0;
    uint64_t random = 1;
    for (unsigned i = 0; i < WORDS; i++) {
        make_word(&words[i], i, &random);
        sum += shares[i] = pow(i + 1 + OFFSET, -EXPONENT);
    }
    for (unsigned i = 0; i < WORDS; i++)
        shares[i] *= WORDS / sum;
    make_aliases(words, shares);
    for (unsigned i = 0; i < WORDS; i++)
        if (words[i].limit == UINT32_MAX)
            words[i].other = i;
    free(shares);
    return words;
}

/* --- texts -------------------------------------------------------------------------------- */

/* A new word, one that the document has had, or what came after the last such. */
static uint32_t draw_word(const struct made *m, struct text *t, uint64_t *random)
{
    uint64_t draw = next_random(random);
    uint32_t i = (uint32_t)(draw >> (64 - BITS));
    unsigned percent = (uint32_t)draw % 100;
    if (t->again > 0 && percent < GOES_ON)
        return t->drawn[t->again++];
    t->again = 0;
    if (t->ndrawn > 0 && percent >= 100 - AGAIN) {
        t->again = i % t->ndrawn;
        return t->drawn[t->again++];
    }
    return next_random(random) >> 32 < m->words[i].limit ? i : m->words[i].other;
}

static void put_word(struct made *m, struct text *t, uint64_t *random)
{
    uint32_t i = draw_word(m, t, random);
    const struct word *w = &m->words[i];
    t->drawn[t->ndrawn++] = i;
    memcpy(t->bytes + t->len, w->letters, LETTERS_MOST); /* a fixed length is one move */
    t->len += w->len;
}

static void put_paragraph(struct made *m, struct text *t, size_t words, uint64_t *random)
{
    t->starts[t->count++] = t->len;
    for (size_t sentence; words > 0; words -= sentence) {
        sentence = SENTENCE_LEAST + next_random(random) % SENTENCE_SPAN;
        if (sentence > words)
            sentence = words;
        size_t start = t->len;
        for (size_t i = 0; i < sentence; i++) {
            put_word(m, t, random);
            if (next_random(random) % 14 == 0 && i + 1 < sentence)
                t->bytes[t->len++] = ',';
            t->bytes[t->len++] = ' ';
        }
        t->bytes[start] = (char)(t->bytes[start] - 'a' + 'A');
        t->bytes[t->len - 1] = '.';
        t->bytes[t->len++] = ' ';
    }
    t->bytes[t->len - 1] = '\n';
    t->bytes[t->len++] = '\n';
}

static void put_text(struct made *m, uint64_t i, struct text *t)
{
    uint64_t random = i << 20 ^ 0x5151u;
    size_t words = WORDS_LEAST + next_random(&random) % WORDS_SPAN;
    t->len = t->count = t->ndrawn = t->again = 0;
    while (words > 0) {
        size_t some = PARAGRAPH_LEAST + next_random(&random) % PARAGRAPH_SPAN;
        if (some > words || words - some < PARAGRAPH_LEAST)
            some = words;
        put_paragraph(m, t, some, &random);
        words -= some;
    }
    t->starts[t->count] = t->len;
    t->len--; /* one line break at the end */
}

/* --- documents ---------------------------------------------------------------------------- */

static enum made_kind kind_of(uint64_t i, uint64_t *random)
{
    *random = ~i << 20;
    uint64_t draw = next_random(random) % 100;
    if (i == 0 || draw >= MADE_COPIES + MADE_CUTS + MADE_QUOTES)
        return MADE_NEW;
    return draw < MADE_COPIES ? MADE_COPY : draw < MADE_COPIES + MADE_CUTS ? MADE_CUT : MADE_QUOTE;
}

static void cut(struct text *t, uint64_t *random)
{
    t->len = t->len * (30 + next_random(random) % 61) / 100;
    t->bytes[t->len++] = '\n';
}

/* Puts one or two paragraphs of the other before the text's last one. */
static void quote(struct made *m, uint64_t *random)
{
    struct text *t = &m->text, *o = &m->other;
    size_t count = 1 + next_random(random) % 2, first = next_random(random) % o->count;
    size_t start = o->starts[first];
    size_t end = o->starts[first + count < o->count ? first + count : o->count];
    size_t at = t->starts[t->count - 1];
    memmove(t->bytes + at + (end - start), t->bytes + at, t->len - at);
    memcpy(t->bytes + at, o->bytes + start, end - start - 1);
    t->bytes[at + (end - start) - 1] = '\n'; /* the other's last one has none */
    t->len += end - start;
}

enum made_kind made_document(struct made *m, uint64_t i, struct slice *ret)
{
    uint64_t random, unused;
    enum made_kind kind = kind_of(i, &random);
    uint64_t other = kind == MADE_NEW ? i : next_random(&random) % i;
    while (kind_of(other, &unused) != MADE_NEW && kind != MADE_NEW)
        other--; /* document 0 is new */
    put_text(m, kind == MADE_QUOTE ? i : other, &m->text);
    if (kind == MADE_QUOTE) {
        put_text(m, other, &m->other);
        quote(m, &random);
    } else if (kind == MADE_CUT) {
        cut(&m->text, &random);
    }
    *ret = (struct slice){m->text.bytes, m->text.len};
    return kind;
}

struct made *made_new(void)
{
    struct made *m = must(calloc(1, sizeof *m));
    m->words = make_words();
    m->text.bytes = must(malloc(DOCUMENT_MOST));
    m->other.bytes = must(malloc(DOCUMENT_MOST));
    return m;
}

void made_free(struct made *m)
{
    if (!m)
        return;
    free(m->words);
    free(m->text.bytes);
    free(m->other.bytes);
    free(m);
}
