/* bench_detect.c - the detector of repeats by its stages, on hard texts, and the study
 * by which its parameters were chosen.
 *
 * usage: bench_detect [--study | --hard] [--mb N] [FILE...]
 *
 * Texts are made here, of words as often as a language has them (rank 1, 1/2, 1/3 ...),
 * or are the files given.  Machines are noisy, so each figure is the best of the
 * rounds, and XXH3 of the same bytes in the same run is the measure.  Each hard text is
 * judged in a process of its own, so that its memory can be told: what it touched at
 * most, beyond the text.  One thread, and its processor time: what else runs counts
 * less. */
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "judge.h"
#include "match.h"
#include "norm.h"
#include "shingle.h"
#include "text.h"

enum {
    ROUNDS = 5,
    K = MATCH_K,
    W = 8,
    MIN_BYTES = 100, /* of a chain, as the judge asks */
    BATCH = 1024,
    TIME_MAX = 20, /* seconds for one hard text */
    WORDS = 20000,
    WORD_BYTES = 32,
};

static void die(const char *what)
{
    fprintf(stderr, "bench_detect: %s\n", what);
    exit(1);
}

static void *must(void *p)
{
    if (!p)
        die("out of memory");
    return p;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93u;
    return x ^ (x >> 32);
}

/* --- texts ------------------------------------------------------------------------------- */

struct text {
    char *p;
    size_t len, cap;
};

static void put(struct text *t, const char *s, size_t len)
{
    if (t->cap - t->len < len) {
        t->cap = 2 * t->cap + len + 4096;
        t->p = must(realloc(t->p, t->cap));
    }
    memcpy(t->p + t->len, s, len);
    t->len += len;
}

static void puts_to(struct text *t, const char *s)
{
    put(t, s, strlen(s));
}

static void put_char(struct text *t, uint32_t c)
{
    char s[3];
    if (c < 0x80) {
        s[0] = (char)c;
        put(t, s, 1);
    } else if (c < 0x800) {
        s[0] = (char)(0xC0 | c >> 6);
        s[1] = (char)(0x80 | (c & 63));
        put(t, s, 2);
    } else {
        s[0] = (char)(0xE0 | c >> 12);
        s[1] = (char)(0x80 | (c >> 6 & 63));
        s[2] = (char)(0x80 | (c & 63));
        put(t, s, 3);
    }
}

enum script { ENGLISH, GERMAN, RUSSIAN, ARABIC, CHINESE, SCRIPTS };

static const struct alphabet {
    const char *name, *stop;
    uint32_t first, count; /* its letters; 0: Latin, and of an umlaut one in `count` */
    unsigned shortest, longest; /* letters of a word */
} alphabets[SCRIPTS] = {
    [ENGLISH] = {"ASCII prose", ". ", 'a', 26, 2, 9},
    [GERMAN] = {"German", ". ", 0, 12, 2, 12},
    [RUSSIAN] = {"Russian", ". ", 0x430, 32, 2, 10},
    [ARABIC] = {"Arabic", ". ", 0x628, 20, 2, 7},
    [CHINESE] = {"Chinese", "\xe3\x80\x82", 0x4E00, 4000, 1, 3},
};

struct vocabulary {
    char (*words)[WORD_BYTES];
    double *sums; /* of 1/rank */
    const struct alphabet *alphabet;
};

static uint32_t letter(const struct alphabet *a, uint64_t *random)
{
    if (a->first)
        return a->first + (uint32_t)(next_random(random) % a->count);
    return next_random(random) % a->count ? 'a' + (uint32_t)(next_random(random) % 26)
                                          : 0xE4 + (uint32_t)(next_random(random) % 8);
}

static struct vocabulary make_vocabulary(enum script script)
{
    struct vocabulary v = {must(calloc(WORDS, WORD_BYTES)), must(calloc(WORDS, sizeof(double))),
                           &alphabets[script]};
    uint64_t random = 7 + script;
    struct text word = {0};
    double sum = 0;
    for (unsigned i = 0; i < WORDS; i++) {
        unsigned span = v.alphabet->longest - v.alphabet->shortest + 1;
        unsigned letters = v.alphabet->shortest + (unsigned)(next_random(&random) % span);
        word.len = 0;
        while (letters-- > 0 && word.len < WORD_BYTES - 4)
            put_char(&word, letter(v.alphabet, &random));
        memcpy(v.words[i], word.p, word.len);
        v.sums[i] = sum += 1.0 / (i + 3);
    }
    free(word.p);
    return v;
}

static void free_vocabulary(struct vocabulary *v)
{
    free(v->words);
    free(v->sums);
}

static const char *pick(const struct vocabulary *v, uint64_t *random)
{
    double x = (double)(next_random(random) >> 11) / 9007199254740992.0 * v->sums[WORDS - 1];
    unsigned low = 0, high = WORDS - 1;
    while (low < high) {
        unsigned mid = (low + high) / 2;
        if (v->sums[mid] < x)
            low = mid + 1;
        else
            high = mid;
    }
    return v->words[low];
}

static void put_sentence(struct text *t, const struct vocabulary *v, uint64_t *random)
{
    unsigned words = 6 + (unsigned)(next_random(random) % 18);
    for (unsigned i = 0; i < words; i++) {
        size_t start = t->len;
        puts_to(t, pick(v, random));
        if (i == 0 && t->p[start] >= 'a' && t->p[start] <= 'z')
            t->p[start] -= 'a' - 'A';
        if (v->alphabet->stop[1] == ' ' && i + 1 < words)
            puts_to(t, next_random(random) % 9 ? " " : ", ");
    }
    puts_to(t, v->alphabet->stop);
}

static void put_paragraph(struct text *t, const struct vocabulary *v, uint64_t *random)
{
    unsigned sentences = 1 + (unsigned)(next_random(random) % 6);
    while (sentences-- > 0)
        put_sentence(t, v, random);
    puts_to(t, "\n");
}

/* Prose in which, where `repeats` is set, one paragraph in so many stands again, every
 * second of them cut short. */
static struct text make_prose(enum script script, size_t len, unsigned repeats, uint64_t random)
{
    struct vocabulary v = make_vocabulary(script);
    struct text t = {0};
    size_t start = 0, end = 0;
    for (unsigned i = 0; t.len < len; i++) {
        size_t at = t.len;
        put_paragraph(&t, &v, &random);
        if (i % 17 == 0) {
            start = at;
            end = t.len;
        }
        if (repeats && i % repeats == repeats - 1) {
            size_t size = i / repeats % 2 ? (end - start) * 2 / 3 : end - start - 1;
            struct text copy = {0};
            put(&copy, t.p + start, size);
            put(&t, copy.p, copy.len);
            puts_to(&t, "\n");
            free(copy.p);
        }
    }
    free_vocabulary(&v);
    return t;
}

static struct text make_mixed(size_t len)
{
    struct text t = {0};
    while (t.len < len)
        for (int s = GERMAN; s < SCRIPTS; s++) {
            struct text part = make_prose((enum script)s, len / 16, 0, 100 + t.len);
            put(&t, part.p, part.len);
            free(part.p);
        }
    return t;
}

static struct text read_file(const char *path)
{
    struct text t = {0};
    char chunk[65536];
    FILE *f = fopen(path, "rb");
    if (!f)
        die("a file cannot be opened");
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
        put(&t, chunk, n);
    fclose(f);
    return t;
}

static struct slice slice_of_text(const struct text *t)
{
    return (struct slice){t->p, t->len};
}

/* The stream of a text, by lines as the judge makes it. */
static void normalise(const struct text *t, struct norm *ret)
{
    struct slice rest = slice_of_text(t), line;
    norm_clear(ret);
    while (text_next_line(&rest, &line))
        if (norm_add(ret, line, (uint32_t)(line.p - t->p), false) != WINNOW_OK)
            die("cannot normalise");
}

/* --- stages ------------------------------------------------------------------------------ */

struct stages {
    double xxh3, normalise, hash, winnow, match, judge; /* seconds */
};

static volatile uint64_t sink; /* keeps what is measured */

/* Hashes, and winnows where kept is given, a batch at a time as match.c does. */
static void fingerprint(const struct norm *n, struct shingles *all, struct shingles *kept)
{
    struct shingle_key key = shingle_key_of_stream(n);
    for (uint32_t from = 0; from < n->nwords; from += BATCH) {
        uint32_t to = n->nwords - from > BATCH ? from + BATCH : n->nwords;
        if (shingle_all(n, from, to, K, &key, all) != WINNOW_OK ||
            (kept && shingle_winnow(all, W, kept) != WINNOW_OK))
            die("out of memory");
        sink += kept ? kept->count : all->count;
    }
}

static void best(double *ret, double seconds)
{
    if (*ret == 0 || seconds < *ret)
        *ret = seconds;
}

static void time_judge(const struct text *t, double *ret)
{
    struct removals removals = {0};
    double start = now();
    if (judge_repeats(slice_of_text(t), false, &removals) != WINNOW_OK)
        die("cannot judge");
    best(ret, now() - start);
    free(removals.items);
}

static void time_match(const struct norm *n, double *ret)
{
    struct matches m = {0};
    double start = now();
    if (match_find(n, MIN_BYTES, &m) != WINNOW_OK)
        die("cannot match");
    best(ret, now() - start);
    matches_free(&m);
}

static struct stages time_stages(const struct text *t)
{
    struct stages s = {0};
    struct norm n;
    struct shingles all = {0}, kept = {0};
    norm_init(&n);
    for (int i = 0; i < ROUNDS; i++) {
        double start = now(), hashed = 0, winnowed = 0;
        sink += XXH3_64bits(t->p, t->len);
        best(&s.xxh3, now() - start);
        start = now();
        normalise(t, &n);
        best(&s.normalise, now() - start);
        start = now();
        fingerprint(&n, &all, NULL);
        best(&hashed, now() - start);
        start = now();
        fingerprint(&n, &all, &kept);
        best(&winnowed, now() - start);
        best(&s.hash, hashed);
        best(&s.winnow, winnowed);
        time_match(&n, &s.match);
        time_judge(t, &s.judge);
    }
    s.winnow -= s.hash; /* it was measured with the hashes */
    norm_free(&n);
    shingles_free(&all);
    shingles_free(&kept);
    return s;
}

static void print_stages(const char *name, const struct text *t)
{
    struct stages s = time_stages(t);
    double gb = (double)t->len / 1e9, fingerprints = s.normalise + s.hash + s.winnow;
    printf("%-14.14s %6.1f %10.2f %6.2f %6.2f %9.2f %7.2f %7.2f %7.1f%%\n", name, gb / s.xxh3,
           gb / s.normalise, gb / s.hash, gb / s.winnow, gb / fingerprints, gb / s.match,
           gb / s.judge, 100 * s.xxh3 / s.judge);
}

static void run_stages(char **files, int count, size_t len)
{
    printf("GB/s, one core; `to prints` is normalise + hash + winnow, `judge` all of the\n"
           "detector on a page (it takes all shingles and winnows none)\n\n"
           "%-14s %6s %10s %6s %6s %9s %7s %7s %8s\n", "text", "XXH3", "normalise", "hash",
           "winnow", "to prints", "match", "judge", "of XXH3");
    for (int i = 0; i < count; i++) {
        struct text t = read_file(files[i]);
        print_stages(files[i], &t);
        free(t.p);
    }
    for (int s = 0; s < SCRIPTS && count == 0; s++) {
        struct text t = make_prose((enum script)s, len, 50, 1);
        print_stages(alphabets[s].name, &t);
        free(t.p);
    }
    struct text mixed = make_mixed(len);
    if (count == 0)
        print_stages("mixed scripts", &mixed);
    free(mixed.p);
}

/* --- hard texts -------------------------------------------------------------------------- */

/* Puts symbols 0, 1, 2 ... as letters, words or lines. */
enum dress { LETTERS, LETTER_WORDS, LETTER_LINES, LONG_WORDS, CHINESE_LETTERS };

static void put_symbol(struct text *t, enum dress dress, unsigned symbol)
{
    static const char *const words[] = {"harbour ", "lantern ", "orchard ", "compass "};
    if (dress == LONG_WORDS)
        puts_to(t, words[symbol % 4]);
    else
        put_char(t, dress == CHINESE_LETTERS ? 0x4E00 + symbol : 'a' + symbol % 26);
    if (dress == LETTER_WORDS || dress == LETTER_LINES)
        puts_to(t, dress == LETTER_WORDS ? " " : "\n");
}

static struct text make_periodic(size_t len, enum dress dress, unsigned period)
{
    struct text t = {0};
    for (unsigned i = 0; t.len < len; i++)
        put_symbol(&t, dress, i % period * (i % period) % 25);
    return t;
}

static struct text make_random(size_t len, enum dress dress, unsigned symbols)
{
    struct text t = {0};
    uint64_t random = symbols;
    while (t.len < len)
        put_symbol(&t, dress, (unsigned)(next_random(&random) % symbols));
    return t;
}

static struct text make_thue_morse(size_t len, enum dress dress)
{
    struct text t = {0};
    for (unsigned i = 0; t.len < len; i++)
        put_symbol(&t, dress, (unsigned)__builtin_popcount(i) & 1);
    return t;
}

static struct text make_fibonacci(size_t len, enum dress dress)
{
    struct text t = {0};
    uint64_t phase = 0; /* a rotation by the golden ratio */
    while (t.len < len) {
        phase += 0x9E3779B97F4A7C15u;
        put_symbol(&t, dress, phase < 0x9E3779B97F4A7C15u);
    }
    return t;
}

/* A de Bruijn sequence of two symbols: every window of 24 once, by a shift register
 * (x^24 + x^7 + x^2 + x + 1 is primitive). */
static struct text make_de_bruijn(size_t len, enum dress dress)
{
    struct text t = {0};
    for (uint32_t r = 1; t.len < len; r = r >> 1 ^ (r & 1 ? 0xE10000u : 0))
        put_symbol(&t, dress, r & 1);
    return t;
}

enum { EDITED, CUT, PREFIXES, ROTATED };

/* One paragraph again and again: with another word in each, cut ever elsewhere, or with
 * its sentences in another order. */
static struct text make_copies(size_t len, int how)
{
    struct vocabulary v = make_vocabulary(ENGLISH);
    struct text t = {0}, source = {0};
    uint64_t random = 3;
    while (source.len < 1200)
        put_sentence(&source, &v, &random);
    for (size_t i = 0; t.len < len; i++) {
        size_t at = next_random(&random) % 1000;
        size_t from = how == PREFIXES ? 0 : at, to = how == PREFIXES ? 100 + at : source.len;
        if (how == CUT)
            to = from + 100 + next_random(&random) % (source.len - from - 99);
        if (how == EDITED || how == ROTATED) {
            put(&t, source.p + (how == ROTATED ? at : 0), how == ROTATED ? source.len - at : at);
            puts_to(&t, how == ROTATED ? "" : pick(&v, &random));
            from = how == ROTATED ? 0 : at;
            to = how == ROTATED ? at : source.len;
        }
        put(&t, source.p + from, to - from);
        puts_to(&t, "\n");
    }
    free(source.p);
    free_vocabulary(&v);
    return t;
}

/* s, then s word s, then that twice around another word ... */
static struct text make_nested(size_t len)
{
    struct vocabulary v = make_vocabulary(ENGLISH);
    struct text t = {0};
    uint64_t random = 4;
    put_paragraph(&t, &v, &random);
    while (t.len < len) {
        struct text half = {0};
        put(&half, t.p, t.len < len - t.len ? t.len : len - t.len);
        puts_to(&t, pick(&v, &random));
        puts_to(&t, "\n");
        put(&t, half.p, half.len);
        free(half.p);
    }
    free_vocabulary(&v);
    return t;
}

/* Phrases of five words, strewn in any order: many short pieces on many diagonals. */
static struct text make_phrases(size_t len, enum script script, unsigned count, unsigned words)
{
    struct vocabulary v = make_vocabulary(script);
    struct text t = {0}, *phrases = must(calloc(count, sizeof *phrases));
    uint64_t random = 5;
    for (unsigned i = 0; i < count; i++)
        for (unsigned j = 0; j < words; j++) {
            puts_to(&phrases[i], v.words[next_random(&random) % WORDS]);
            puts_to(&phrases[i], " ");
        }
    for (unsigned i = 0; t.len < len; i++) {
        const struct text *p = &phrases[next_random(&random) % count];
        put(&t, p->p, p->len);
        if (i % 8 == 7)
            puts_to(&t, "\n");
    }
    for (unsigned i = 0; i < count; i++)
        free(phrases[i].p);
    free(phrases);
    free_vocabulary(&v);
    return t;
}

/* Shared runs between which forty one-letter words differ or not: all to be aligned. */
static struct text make_gaps(size_t len)
{
    struct vocabulary v = make_vocabulary(ENGLISH);
    struct text t = {0}, runs[16] = {{0}};
    uint64_t random = 6;
    for (int i = 0; i < 16; i++)
        while (runs[i].len < 50) {
            puts_to(&runs[i], v.words[next_random(&random) % WORDS]);
            puts_to(&runs[i], " ");
        }
    for (unsigned i = 0; t.len < len; i++) {
        put(&t, runs[i % 16].p, runs[i % 16].len);
        for (int j = 0; j < 40; j++)
            put_symbol(&t, LETTER_WORDS, (unsigned)(next_random(&random) % 3));
        if (i % 16 == 15)
            puts_to(&t, "\n");
    }
    for (int i = 0; i < 16; i++)
        free(runs[i].p);
    free_vocabulary(&v);
    return t;
}

/* Words of k letters that a known key puts side by side in any table, in its first part
 * of so many. */
static struct text make_colliding(size_t len, const struct shingle_key *key)
{
    enum { TRIED = 4096, PARTS = 64, ROOM = K + 1 };
    static char words[TRIED * ROOM];
    struct text t = {0};
    struct shingles s = {0};
    struct norm n;
    uint64_t random = 8, bits = 0;
    norm_init(&n);
    while (t.len < len) {
        for (size_t i = 0; i < sizeof words; i++) {
            bits = i % 8 ? bits >> 8 : next_random(&random);
            words[i] = i % ROOM == K ? ' ' : (char)('a' + (bits & 0xFF) % 26);
        }
        norm_clear(&n);
        if (norm_add(&n, (struct slice){words, sizeof words}, 0, false) != WINNOW_OK ||
            shingle_all(&n, 0, n.nwords, K, key, &s) != WINNOW_OK)
            die("out of memory");
        for (size_t i = 0; i < s.count; i++)
            if ((uint32_t)s.items[i].hash < UINT32_MAX / PARTS)
                put(&t, words + i * ROOM, ROOM);
    }
    shingles_free(&s);
    norm_free(&n);
    return t;
}

static struct text make_row(size_t len, const char *unit)
{
    struct text t = {0};
    while (t.len < len)
        puts_to(&t, unit);
    return t;
}

enum maker { PROSE, REPEATS, PERIODIC, RANDOM, THUE_MORSE, FIBONACCI, DE_BRUIJN, COPIES, NESTED,
             PHRASES, GAPS, COLLIDING, ROW };

static const struct hard {
    const char *name;
    enum maker maker;
    int x, y;
    const char *unit;
    enum script like; /* whose prose it is measured by, where that is slower than ASCII's */
} hards[] = {
    {"prose that stands once", PROSE, ENGLISH, 0, NULL, ENGLISH},
    {"prose with ordinary repeats", REPEATS, ENGLISH, 50, NULL, ENGLISH},
    {"Russian prose with repeats", REPEATS, RUSSIAN, 50, NULL, RUSSIAN},
    {"Chinese prose with repeats", REPEATS, CHINESE, 50, NULL, CHINESE},
    {"one letter", PERIODIC, LETTERS, 1, NULL, ENGLISH},
    {"one letter, as words", PERIODIC, LETTER_WORDS, 1, NULL, ENGLISH},
    {"one letter, as lines", PERIODIC, LETTER_LINES, 1, NULL, ENGLISH},
    {"one Chinese character", PERIODIC, CHINESE_LETTERS, 1, NULL, CHINESE},
    {"random letters", RANDOM, LETTERS, 26, NULL, ENGLISH},
    {"random letters, as words", RANDOM, LETTER_WORDS, 26, NULL, ENGLISH},
    {"random letters, as lines", RANDOM, LETTER_LINES, 26, NULL, ENGLISH},
    {"random Chinese characters", RANDOM, CHINESE_LETTERS, 5000, NULL, CHINESE},
    {"random of two letters, words", RANDOM, LETTER_WORDS, 2, NULL, ENGLISH},
    {"random of two words", RANDOM, LONG_WORDS, 2, NULL, ENGLISH},
    {"random of four words", RANDOM, LONG_WORDS, 4, NULL, ENGLISH},
    {"random of two Chinese", RANDOM, CHINESE_LETTERS, 2, NULL, CHINESE},
    {"Thue-Morse of letters", THUE_MORSE, LETTER_WORDS, 0, NULL, ENGLISH},
    {"Thue-Morse of words", THUE_MORSE, LONG_WORDS, 0, NULL, ENGLISH},
    {"Fibonacci of letters", FIBONACCI, LETTER_WORDS, 0, NULL, ENGLISH},
    {"Fibonacci of lines", FIBONACCI, LETTER_LINES, 0, NULL, ENGLISH},
    {"Fibonacci of words", FIBONACCI, LONG_WORDS, 0, NULL, ENGLISH},
    {"de Bruijn of letters", DE_BRUIJN, LETTER_WORDS, 0, NULL, ENGLISH},
    {"de Bruijn of words", DE_BRUIJN, LONG_WORDS, 0, NULL, ENGLISH},
    {"copies with an edit each", COPIES, EDITED, 0, NULL, ENGLISH},
    {"copies cut at both ends", COPIES, CUT, 0, NULL, ENGLISH},
    {"copies cut at the end", COPIES, PREFIXES, 0, NULL, ENGLISH},
    {"copies turned around", COPIES, ROTATED, 0, NULL, ENGLISH},
    {"nested repeats", NESTED, 0, 0, NULL, ENGLISH},
    {"5000 phrases in any order", PHRASES, 5000, ENGLISH, NULL, ENGLISH},
    {"50 phrases in any order", PHRASES, 50, ENGLISH, NULL, ENGLISH},
    {"50 Russian phrases", PHRASES, 50, RUSSIAN, NULL, RUSSIAN},
    {"gaps of forty words", GAPS, 0, 0, NULL, ENGLISH},
    {"collisions with a known key", COLLIDING, 0, 0, NULL, ENGLISH},
    {"one line", ROW, 0, 0, "Two equal lines are no news to anybody who reads them.\n", ENGLISH},
    {"rules of dashes", ROW, 0, 0, "----------------------------------------\n", ENGLISH},
    {"letters under many marks", ROW, 0, 0, "a\xcc\x81\xcc\xa7\xcc\x82\xcc\xa3 ", ENGLISH},
    {"one character for six kana", ROW, 0, 0, "\xe3\x8c\x96", CHINESE},
    {"one character for four words", ROW, 0, 0, "\xef\xb7\xba", ENGLISH},
};

/* The key that who chooses collisions knows: numbers that the detector does not use. */
static const struct shingle_key known_key = {{0x9E3779B97F4A7C15u, 0xD6E8FEB86659FD93u,
                                              0xA0761D6478BD642Fu, 0xE7037ED1A0B428DBu}};

static struct text make_hard(const struct hard *h, size_t len)
{
    switch (h->maker) {
    case PROSE: case REPEATS: return make_prose((enum script)h->x, len, (unsigned)h->y, 1);
    case PERIODIC: return make_periodic(len, (enum dress)h->x, (unsigned)h->y);
    case RANDOM: return make_random(len, (enum dress)h->x, (unsigned)h->y);
    case THUE_MORSE: return make_thue_morse(len, (enum dress)h->x);
    case FIBONACCI: return make_fibonacci(len, (enum dress)h->x);
    case DE_BRUIJN: return make_de_bruijn(len, (enum dress)h->x);
    case COPIES: return make_copies(len, h->x);
    case NESTED: return make_nested(len);
    case PHRASES: return make_phrases(len, (enum script)h->y, (unsigned)h->x, 5);
    case GAPS: return make_gaps(len);
    case COLLIDING: return make_colliding(len, &known_key);
    case ROW: break;
    }
    return make_row(len, h->unit);
}

/* A line of /proc/self/status, in bytes. */
static double status_bytes(const char *name)
{
    char line[256];
    double kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0)
            kb = strtod(line + strlen(name), NULL);
    if (f)
        fclose(f);
    return 1024 * kb;
}

/* Forgets the peak so far, and gives back what is free. */
static void reset_peak(void)
{
    malloc_trim(0);
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (f) {
        fputs("5", f);
        fclose(f);
    }
}

struct cost {
    double normalise, match, all;     /* seconds */
    double norm_peak, match_peak, all_peak; /* bytes */
    double chains, links;
};

static void measure(const struct text *t, const struct shingle_key *key, struct cost *c)
{
    struct norm n;
    struct matches m = {0};
    norm_init(&n);
    reset_peak();
    double before = status_bytes("VmRSS:"), start;
    time_judge(t, &c->all);
    c->all_peak = status_bytes("VmHWM:") - before;
    reset_peak();
    before = status_bytes("VmRSS:");
    start = now();
    normalise(t, &n);
    c->normalise = now() - start;
    c->norm_peak = status_bytes("VmHWM:") - before;
    reset_peak();
    before = status_bytes("VmRSS:");
    start = now();
    int status = key ? match_find_keyed(&n, MIN_BYTES, key, &m) : match_find(&n, MIN_BYTES, &m);
    if (status != WINNOW_OK)
        die("cannot match");
    c->match = now() - start;
    c->match_peak = status_bytes("VmHWM:") - before;
    c->chains = (double)m.nchains;
    c->links = (double)m.nlinks;
}

/* In a process of its own; false where it took too long. */
static bool measure_once(const struct text *t, const struct shingle_key *key, struct cost *ret)
{
    int ends[2];
    if (pipe(ends) != 0)
        die("no pipe");
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        die("no process");
    if (child == 0) {
        struct cost c = {0};
        alarm(TIME_MAX);
        measure(t, key, &c);
        ssize_t wrote = write(ends[1], &c, sizeof c);
        _exit(wrote == sizeof c ? 0 : 1);
    }
    close(ends[1]);
    bool ok = read(ends[0], ret, sizeof *ret) == sizeof *ret;
    close(ends[0]);
    waitpid(child, NULL, 0);
    return ok;
}

/* The best of a few; the memory is that of one. */
static bool measure_apart(const struct text *t, const struct shingle_key *key, int rounds,
                          struct cost *ret)
{
    struct cost c;
    for (int i = 0; i < rounds; i++) {
        if (!measure_once(t, key, i == 0 ? ret : &c))
            return false;
        if (i == 0)
            continue;
        best(&ret->all, c.all);
        best(&ret->match, c.match);
        best(&ret->normalise, c.normalise);
    }
    return true;
}

/* Seconds a byte. */
struct rate {
    double match, all;
};

static void keep_slower(struct rate *ret, struct rate r)
{
    ret->match = r.match > ret->match ? r.match : ret->match;
    ret->all = r.all > ret->all ? r.all : ret->all;
}

static struct rate rate_of(const struct cost *c, const struct text *t)
{
    return (struct rate){c->match / (double)t->len, c->all / (double)t->len};
}

static void print_hard(const char *name, const struct cost *c, const struct text *t,
                       struct rate ordinary)
{
    double size = (double)t->len, ns = 1e9 / size;
    struct rate r = rate_of(c, t);
    printf("%-30s %6.2f %6.2f %6.2f %6.2f %6.2f %6.2f %6.2f %6.2f %8.0f\n", name,
           c->normalise * ns, c->match * ns, r.match / ordinary.match, c->all * ns,
           r.all / ordinary.all, c->norm_peak / size, c->match_peak / size, c->all_peak / size,
           c->chains);
    fflush(stdout);
}

/* Of every period from 1 to 100 the one that takes longest. */
static void run_periods(size_t len, enum dress dress, const char *name, struct rate ordinary)
{
    struct cost worst = {0}, c;
    struct text worst_text = {.len = 1};
    char label[64];
    unsigned worst_period = 0;
    for (unsigned period = 1; period <= 100; period++) {
        struct text t = make_periodic(len, dress, period);
        if (!measure_apart(&t, NULL, 1, &c))
            die("a period takes too long");
        if (rate_of(&c, &t).all > rate_of(&worst, &worst_text).all) {
            worst = c;
            worst_text.len = t.len;
            worst_period = period;
        }
        free(t.p);
    }
    snprintf(label, sizeof label, "periods 1-100, %s: %u", name, worst_period);
    print_hard(label, &worst, &worst_text, ordinary);
}

static void run_large(struct rate ordinary)
{
    struct text t = make_prose(ENGLISH, (size_t)100 << 20, 50, 1);
    struct cost c;
    if (measure_apart(&t, NULL, 2, &c))
        print_hard("100 MB of prose with repeats", &c, &t, ordinary);
    free(t.p);
}

static void run_hard(size_t len)
{
    struct rate ordinary[SCRIPTS] = {{0}};
    printf("ns and bytes of memory a byte of text; `times` is match, or all, against ordinary\n"
           "prose: the slower of ASCII and the text's own script; of periods the worst\n\n"
           "%-30s %6s %6s %6s %6s %6s %6s %6s %6s %8s\n", "text", "norm", "match", "times", "all",
           "times", "norm B", "matchB", "all B", "chains");
    for (size_t i = 0; i < sizeof hards / sizeof *hards; i++) {
        const struct hard *h = &hards[i];
        struct text t = make_hard(h, len);
        struct cost c;
        if (!measure_apart(&t, h->maker == COLLIDING ? &known_key : NULL, 3, &c)) {
            printf("%-30s took more than %d s\n", h->name, TIME_MAX);
        } else {
            if (h->maker == PROSE || h->maker == REPEATS) {
                keep_slower(&ordinary[h->like], ordinary[ENGLISH]);
                keep_slower(&ordinary[h->like], rate_of(&c, &t));
            }
            print_hard(h->name, &c, &t, ordinary[h->like]);
        }
        free(t.p);
    }
    run_periods(len / 8, LETTERS, "letters", ordinary[ENGLISH]);
    run_periods(len / 8, LETTER_WORDS, "words", ordinary[ENGLISH]);
    run_periods(len / 8, LETTER_LINES, "lines", ordinary[ENGLISH]);
    run_large(ordinary[ENGLISH]);
}

/* --- the study --------------------------------------------------------------------------- */

/* How a shingle may be hashed. */
enum way { XXH3_AFRESH, FOLD_AFRESH, FOLD_TWO_LANES, PREFIX_61, BUZHASH, PREFIX_64, WAYS };

static const struct {
    const char *name, *remark;
} ways[WAYS] = {
    [XXH3_AFRESH] = {"XXH3 afresh", "keyed"},
    [FOLD_AFRESH] = {"folded products afresh", "keyed; ours, in a row"},
    [FOLD_TWO_LANES] = {"folded products, two lanes", "keyed"},
    [PREFIX_61] = {"prefixes, mod 2^61-1", "keyed, provable"},
    [BUZHASH] = {"rolling, cyclic", "keyed table; letters 64 apart cancel out"},
    [PREFIX_64] = {"prefixes, mod 2^64", "Thue-Morse words collide under any key"},
};

__extension__ typedef unsigned __int128 wide;

static inline uint64_t fold(uint64_t x, uint64_t y)
{
    wide product = (wide)x * y;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t load(const unsigned char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static const uint64_t secrets[4] = {0x9E3779B97F4A7C15u, 0xD6E8FEB86659FD93u,
                                    0xA0761D6478BD642Fu, 0xE7037ED1A0B428DBu};

static uint64_t hash_in_a_row(const unsigned char *p)
{
    uint64_t h = fold(load(p) ^ secrets[1], load(p + 8) ^ secrets[0]);
    return fold(fold(load(p + 16) ^ secrets[2], load(p + 24) ^ h) ^ secrets[3], secrets[1]);
}

static uint64_t hash_two_lanes(const unsigned char *p)
{
    return fold(fold(load(p) ^ secrets[0], load(p + 8) ^ secrets[1]) ^ secrets[3],
                fold(load(p + 16) ^ secrets[2], load(p + 24) ^ secrets[3]) ^ secrets[1]);
}

static uint64_t hash_afresh(enum way way, const struct norm *n)
{
    uint64_t ret = 0;
    struct norm_walk words = norm_walk(n, 0);
    for (uint32_t pos; norm_walk_next(&words, &pos) && n->len - pos >= K;) {
        const unsigned char *p = n->bytes + pos;
        ret ^= way == XXH3_AFRESH   ? XXH3_64bits_withSeed(p, K, secrets[0])
               : way == FOLD_AFRESH ? hash_in_a_row(p)
                                    : hash_two_lanes(p);
    }
    return ret;
}

static uint64_t mod_61(wide x)
{
    uint64_t y = (uint64_t)(x & ((1ull << 61) - 1)) + (uint64_t)(x >> 61);
    return y >= (1ull << 61) - 1 ? y - ((1ull << 61) - 1) : y;
}

/* The hashes of all prefixes; a window's is the difference of two, taken where a word
 * starts. */
static uint64_t hash_prefixes(enum way way, const struct norm *n)
{
    const uint64_t base = secrets[0] >> 4 | 1, p61 = (1ull << 61) - 1;
    uint64_t ring[K] = {0}, h = 0, ret = 0, out = 1;
    struct norm_walk words = norm_walk(n, 0);
    uint32_t word;
    bool more = norm_walk_next(&words, &word);
    for (int i = 0; i < K; i++)
        out = way == PREFIX_64 ? out * base : mod_61((wide)out * base);
    for (uint32_t i = 0; i < n->len; i++) {
        uint64_t before = ring[i % K]; /* the prefix that ends where this window starts */
        ring[i % K] = h = way == PREFIX_64 ? h * base + n->bytes[i]
                                           : mod_61((wide)h * base + n->bytes[i]);
        if (more && word + K == i + 1) {
            ret ^= way == PREFIX_64 ? h - before * out : h + p61 - mod_61((wide)before * out);
            more = norm_walk_next(&words, &word);
        }
    }
    return ret;
}

/* A window rolls over every byte, and is read where a word starts. */
static uint64_t hash_cyclic(const struct norm *n)
{
    uint64_t table[256], h = 0, ret = 0, random = 1;
    struct norm_walk words = norm_walk(n, 0);
    uint32_t word;
    bool more = norm_walk_next(&words, &word);
    for (int i = 0; i < 256; i++)
        table[i] = next_random(&random);
    for (uint32_t i = 0; i < n->len; i++) {
        uint64_t gone = i >= K ? table[n->bytes[i - K]] : 0;
        h = (h << 1 | h >> 63) ^ table[n->bytes[i]] ^ (gone << K | gone >> (64 - K));
        if (more && word + K == i + 1) {
            ret ^= h;
            more = norm_walk_next(&words, &word);
        }
    }
    return ret;
}

static uint64_t hash_by(enum way way, const struct norm *n)
{
    if (way < PREFIX_61)
        return hash_afresh(way, n);
    return way == BUZHASH ? hash_cyclic(n) : hash_prefixes(way, n);
}

static void study_hashes(size_t len)
{
    static const enum script scripts[] = {ENGLISH, RUSSIAN, CHINESE};
    struct norm norms[3];
    double gb[3];
    printf("Hashes of 32 bytes at word starts, GB of text a second\n\n%-28s %7s %8s %8s\n", "hash",
           "ASCII", "Russian", "Chinese");
    for (int i = 0; i < 3; i++) {
        struct text t = make_prose(scripts[i], len, 0, 1);
        norm_init(&norms[i]);
        normalise(&t, &norms[i]);
        gb[i] = (double)t.len / 1e9;
        free(t.p);
    }
    for (enum way way = 0; way < WAYS; way++) {
        double seconds[3] = {0};
        for (int i = 0; i < 3 * ROUNDS; i++) {
            double start = now();
            sink += hash_by(way, &norms[i % 3]);
            best(&seconds[i % 3], now() - start);
        }
        printf("%-28s %7.2f %8.2f %8.2f  %s\n", ways[way].name, gb[0] / seconds[0],
               gb[1] / seconds[1], gb[2] / seconds[2], ways[way].remark);
    }
    for (int i = 0; i < 3; i++)
        norm_free(&norms[i]);
}

/* --- k, w and the sampling */

struct sampling {
    unsigned k, w;
    bool every_char;
};

/* The kept fingerprints of a text, sorted.  Every character: by a stream of our own. */
static struct shingles sample(const struct text *t, struct sampling how)
{
    struct norm n;
    struct shingles all = {0}, kept = {0};
    struct shingle_key key = shingle_key_of(1);
    norm_init(&n);
    normalise(t, &n);
    if (how.every_char) {
        all.items = must(malloc((n.len + 1) * sizeof *all.items));
        for (uint32_t i = 0; i + how.k <= n.len; i++)
            if ((n.bytes[i] & 0xC0) != 0x80)
                all.items[all.count++] = (struct shingle){
                    XXH3_64bits_withSeed(n.bytes + i, how.k, key.secrets[0]), i};
        all.cap = all.count;
    } else if (shingle_all(&n, 0, n.nwords, how.k, &key, &all) != WINNOW_OK) {
        die("out of memory");
    }
    if (shingle_winnow(&all, how.w, &kept) != WINNOW_OK)
        die("out of memory");
    shingles_free(&all);
    norm_free(&n);
    return kept;
}

static int by_hash(const void *x, const void *y)
{
    const struct shingle *p = x, *q = y;
    return (p->hash > q->hash) - (p->hash < q->hash);
}

static bool is_among(const struct shingles *sorted, uint64_t hash)
{
    struct shingle wanted = {.hash = hash};
    return sorted->count > 0 &&
           bsearch(&wanted, sorted->items, sorted->count, sizeof wanted, by_hash) != NULL;
}

/* How many fingerprints of y are x's too, x being sorted. */
static size_t shared(const struct shingles *x, const struct shingles *y)
{
    size_t ret = 0;
    for (size_t i = 0; i < y->count; i++)
        ret += is_among(x, y->items[i].hash);
    return ret;
}

enum plant { WHOLE, CUT_AT_8, CUT_AT_12, CUT_AT_25, EDIT_12, EDIT_20, EDIT_50, PLANTS };

static const char *const plant_names[PLANTS] = {"whole", "cut 8", "cut 12", "cut 25",
                                                "1 in 12", "1 in 20", "1 in 50"};

/* A copy of a paragraph's words: the first few, or with every so-manieth another. */
static void put_plant(struct text *t, const struct text *source, enum plant plant,
                      const struct vocabulary *v, uint64_t *random)
{
    static const unsigned limits[PLANTS] = {0, 8, 12, 25, 0, 0, 0};
    static const unsigned edits[PLANTS] = {0, 0, 0, 0, 12, 20, 50};
    unsigned word = 0;
    size_t i = 0;
    while (i < source->len && (limits[plant] == 0 || word < limits[plant])) {
        size_t end = i;
        while (end < source->len && source->p[end] != ' ')
            end++;
        if (edits[plant] && next_random(random) % edits[plant] == 0)
            puts_to(t, pick(v, random));
        else
            put(t, source->p + i, end - i);
        puts_to(t, " ");
        i = end + 1;
        word++;
    }
    puts_to(t, "\n");
}

/* The share of copies, each in other prose, that share a fingerprint with their source. */
static double found_share(struct sampling how, enum plant plant, enum script script)
{
    enum { TRIALS = 150 };
    struct vocabulary v = make_vocabulary(script);
    uint64_t random = 11;
    unsigned found = 0;
    for (int i = 0; i < TRIALS; i++) {
        struct text source = {0}, page = {0}, copy = {0};
        while (source.len < 500)
            put_sentence(&source, &v, &random);
        put_paragraph(&page, &v, &random);
        put(&page, source.p, source.len);
        puts_to(&page, "\n");
        put_paragraph(&page, &v, &random);
        put_paragraph(&copy, &v, &random);
        put_plant(&copy, &source, plant, &v, &random);
        put_paragraph(&copy, &v, &random);
        struct shingles x = sample(&page, how), y = sample(&copy, how);
        qsort(x.items, x.count, sizeof *x.items, by_hash);
        found += shared(&x, &y) > 0;
        shingles_free(&x);
        shingles_free(&y);
        free(source.p);
        free(page.p);
        free(copy.p);
    }
    free_vocabulary(&v);
    return 100.0 * found / TRIALS;
}

static void study_sampling(struct sampling how, const struct text *x, const struct text *y)
{
    uint64_t words = 0;
    for (size_t i = 0; i < y->len; i++)
        words += y->p[i] == ' ' || y->p[i] == '\n';
    double start = now();
    struct shingles kept_y = sample(y, how);
    double seconds = now() - start;
    struct shingles kept_x = sample(x, how);
    qsort(kept_x.items, kept_x.count, sizeof *kept_x.items, by_hash);
    printf("%2u %-5s %2u  %6.2f %7.2f %5.2f ", how.k, how.every_char ? "chars" : "words", how.w,
           (double)kept_y.count / (double)words,
           1000.0 * (double)shared(&kept_x, &kept_y) / (double)kept_y.count,
           (double)y->len / 1e9 / seconds);
    for (enum plant plant = 0; plant < PLANTS; plant++)
        printf(" %7.0f", found_share(how, plant, ENGLISH));
    printf("\n");
    shingles_free(&kept_x);
    shingles_free(&kept_y);
}

/* Without files the texts share only what the words' frequencies make them share; files
 * (two halves of many) share what a language does. */
static void run_study(char **files, int count, size_t len)
{
    static const unsigned lengths[] = {16, 24, 32, 48, 64}, windows[] = {4, 8, 16};
    struct text x = {0}, y = {0};
    study_hashes(len);
    for (int i = 0; i < count; i++) {
        struct text t = read_file(files[i]);
        put(i % 2 ? &x : &y, t.p, t.len);
        free(t.p);
    }
    if (count < 2) {
        x = make_prose(ENGLISH, len, 0, 1);
        y = make_prose(ENGLISH, len, 0, 999);
    }
    printf("\nShingles of k bytes by windows of w: fingerprints a word, how many of 1000 are by\n"
           "chance another text's too, GB/s with normalising, and %% of planted copies found\n"
           "without anchors: whole, cut after words, with a word in so many edited\n\n"
           "%2s %-5s %2s  %6s %7s %5s ", "k", "at", "w", "prints", "chance", "GB/s");
    for (enum plant plant = 0; plant < PLANTS; plant++)
        printf(" %7s", plant_names[plant]);
    printf("\n");
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (size_t j = 0; j < sizeof windows / sizeof *windows; j++)
            for (int every_char = 0; every_char <= (windows[j] == 8); every_char++)
                study_sampling((struct sampling){lengths[i], windows[j], every_char}, &x, &y);
    free(x.p);
    free(y.p);
}

int main(int argc, char **argv)
{
    size_t len = (size_t)8 << 20;
    bool hard = false, study = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--mb") == 0 && i + 1 < argc)
            len = (size_t)strtoul(argv[++i], NULL, 10) << 20;
        else if (strcmp(argv[i], "--hard") == 0)
            hard = true;
        else if (strcmp(argv[i], "--study") == 0)
            study = true;
        else
            die("usage: bench_detect [--study | --hard] [--mb N] [FILE...]");
    }
    if (study)
        run_study(argv + i, argc - i, len);
    if (!hard && !study)
        run_stages(argv + i, argc - i, len);
    if (hard)
        run_hard(len);
    return 0;
}
