/* fuzz_repeat.c - pages that say things twice, made from any bytes; more than survival is asked.
 *
 *  1. The same page gives the same record, whatever was cleaned in between.
 *  2. Every repeat that goes names a passage that is none of its own bytes and is kept.
 *     Where only whole lines were copied it has all but a twelfth of what went, sentence
 *     by sentence, or half of it and the page the rest; elsewhere the page has most.
 *  3. No word is cut, none is joined to another, and no line is cut but between sentences.
 *  4. What is written is the page without what went; cleaning it again changes nothing.
 *  5. Where only whole lines were copied, every sentence of the page is still there.
 * The bytes are throws of dice: they choose sentences by number, and what is done to
 * them.  test_repeat_properties.c throws the same dice. */
#include "fuzz.h"

#include "norm.h"
#include "text.h"

enum {
    PAGE_MAX = 20000, /* bytes */
    SENTENCES_MAX = 2000,
    EDIT_MAX = 32, /* normalised characters that may pass for an edited word or two */
};

/* --- dice --------------------------------------------------------------------------------- */

struct dice {
    const uint8_t *p;
    size_t left;
};

/* Below n; 0 where all dice are thrown. */
static size_t throw_die(struct dice *d, size_t n)
{
    size_t ret = 0;
    for (size_t faces = 1; faces < n && d->left > 0; faces *= 256, d->left--)
        ret = ret * 256 + *d->p++;
    return ret % n;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 31)) * 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9u;
    return x ^ (x >> 32);
}

/* --- sentences ------------------------------------------------------------------------------ */

/* A script: words are made of consonants, each with a vowel behind it or none. */
struct script {
    const char *consonants, *vowels; /* characters without anything between */
    const char *space, *stop;
    bool capitals;
    unsigned letters; /* pairs in a word, at most */
};

static const struct script scripts[] = {
    {"bdfghklmnprstvw", "aeiou", " ", ".", true, 3},
    {"бвгджзклмнпрст", "аеиоуы", " ", ".", false, 3},
    {"بتجحدرزسشعفقكلمن", "اوي", " ", "؟", false, 3},
    {"कगचजटडतदनपबमरलव", "ािीुेो", " ", "।", false, 3},
    {"กขคงจชดตทนบปพมรล", "ะาิีุู", "", " ", false, 3},
    {"山水火木金土日月人口手足大小中天地田川石竹花草雨雪风云東西南北春夏秋冬車馬牛羊魚鳥虫貝",
     "", "", "。", false, 2},
    {"かきくけこさしすせそたちつてとなにぬねのはひふへほ", "", "", "。", false, 4},
    {"가나다라마바사아자차카타파하고노도로모보소오조초", "", " ", ".", false, 4},
    {"bcdfghjklmnpqrstvwxyz", "äöüéèa", " ", "!", true, 4},
};

/* Character n (modulo their count) of chars. */
static struct slice nth_char(const char *chars, uint64_t n)
{
    size_t len = strlen(chars), count = 0, i = 0, at;
    if (len == 0)
        return (struct slice){chars, 0};
    for (size_t k = 0; k < len; k++)
        count += (chars[k] & 0xc0) != 0x80;
    n %= count;
    for (;; i = at) {
        for (at = i + 1; at < len && (chars[at] & 0xc0) == 0x80; at++)
            ;
        if (n-- == 0)
            return (struct slice){chars + i, at - i};
    }
}

/* A sentence being written: room for the longest. */
struct sentence {
    char data[1024];
    size_t len;
};

static void write_chars(struct sentence *t, struct slice s)
{
    MUST(s.len <= sizeof t->data - t->len, "there is room for a sentence");
    memcpy(t->data + t->len, s.p, s.len);
    t->len += s.len;
}

static void write_word(struct sentence *t, const struct script *s, uint64_t rank)
{
    uint64_t h = mix(rank * 31 + (uint64_t)(s - scripts));
    for (unsigned n = 1 + (unsigned)(h % s->letters); n > 0; n--, h = mix(h)) {
        write_chars(t, nth_char(s->consonants, h >> 8));
        if ((h >> 40) % 8 != 0)
            write_chars(t, nth_char(s->vowels, h >> 20));
    }
}

/* Sentence `number`: always the same, of words that are the rarer the more there are. */
static void write_sentence(struct sentence *t, size_t number)
{
    const struct script *s = &scripts[number % (sizeof scripts / sizeof *scripts)];
    uint64_t h = mix(number + 1);
    t->len = 0;
    for (size_t n = 5 + h % 24; n > 0; n--) {
        h = mix(h);
        uint64_t most = 1u << (h % 12); /* one word in twelve is the most frequent one */
        if (t->len > 0)
            write_chars(t, slice_of(s->space));
        write_word(t, s, most + (h >> 16) % most);
    }
    if (s->capitals)
        t->data[0] = (char)(t->data[0] - 'a' + 'A');
    write_chars(t, slice_of(s->stop));
}

/* --- a page --------------------------------------------------------------------------------- */

struct made {
    struct text text;
    struct dice dice;
    bool exact; /* only whole lines are copied, and nothing is changed */
    size_t sentences[SENTENCES_MAX], nsentences;
};

static void add_str(struct made *m, const char *s)
{
    add(&m->text, s, strlen(s));
}

static bool at_line_start(const struct made *m)
{
    return m->text.len == 0 || m->text.data[m->text.len - 1] == '\n';
}

static void put_sentence_of(struct made *m, size_t number)
{
    struct sentence t;
    if (m->nsentences == SENTENCES_MAX)
        return;
    if (!at_line_start(m))
        add_str(m, " ");
    write_sentence(&t, number);
    add(&m->text, t.data, t.len);
    m->sentences[m->nsentences++] = number;
}

static void put_sentence(struct made *m)
{
    put_sentence_of(m, throw_die(&m->dice, 200));
}

static void put_line_end(struct made *m)
{
    add_str(m, "\n");
}

/* Four sentences of one script that always stand together. */
static void put_paragraph(struct made *m)
{
    size_t number = 200 + 37 * throw_die(&m->dice, 32), n = sizeof scripts / sizeof *scripts;
    if (!at_line_start(m))
        put_line_end(m);
    for (size_t i = 0; i < 4; i++)
        put_sentence_of(m, number + i * n);
    put_line_end(m);
}

static void put_short_line(struct made *m)
{
    static const char *const lines[] = {"Read more", "Question:", "- ", "1\t2\t3", "la la la",
                                        "=====", "Answer: ", "* * *"};
    if (!at_line_start(m))
        put_line_end(m);
    add_str(m, lines[throw_die(&m->dice, sizeof lines / sizeof *lines)]);
    if (throw_die(&m->dice, 2))
        put_line_end(m);
}

/* Byte `at` of the text or the start of the character that it belongs to. */
static size_t char_at(const struct made *m, size_t at)
{
    while (at > 0 && at < m->text.len && ((unsigned char)m->text.data[at] & 0xc0) == 0x80)
        at--;
    return at;
}

/* Appends bytes start..end of the page to it. */
static void put_range(struct made *m, size_t start, size_t end)
{
    char *copy = malloc(end - start + 1);
    MUST(copy, "there is memory");
    memcpy(copy, m->text.data + start, end - start);
    add(&m->text, copy, end - start);
    free(copy);
}

/* Lines of the page again, as many as the dice say. */
static void put_lines_again(struct made *m)
{
    size_t start = m->text.len ? throw_die(&m->dice, m->text.len) : 0, end;
    size_t lines = 1 + throw_die(&m->dice, 5);
    if (!at_line_start(m))
        put_line_end(m);
    while (start > 0 && m->text.data[start - 1] != '\n')
        start--;
    for (end = start; end < m->text.len && lines > 0; end++)
        lines -= m->text.data[end] == '\n';
    put_range(m, start, end);
}

static void put_range_again(struct made *m)
{
    if (m->text.len == 0)
        return;
    size_t start = char_at(m, throw_die(&m->dice, m->text.len));
    size_t len = throw_die(&m->dice, 600);
    size_t end = char_at(m, start + len < m->text.len ? start + len : m->text.len);
    put_range(m, start, end);
}

/* The page loses its last characters, and the line ends there. */
static void cut_here(struct made *m)
{
    static const char *const ends[] = {"\n", "...\n", "…\n", "… Read more\n"};
    size_t cut = throw_die(&m->dice, 256);
    m->text.len = char_at(m, m->text.len > cut ? m->text.len - cut : 0);
    add_str(m, ends[throw_die(&m->dice, sizeof ends / sizeof *ends)]);
}

/* A character of the last few hundred becomes another. */
static void edit(struct made *m)
{
    static const char *const with[] = {"x", " ", "7", "", "’", "-", "e", ". "};
    size_t back = 1 + throw_die(&m->dice, 400);
    if (m->text.len < back)
        return;
    size_t at = char_at(m, m->text.len - back), len;
    (void)text_char((struct slice){m->text.data, m->text.len}, at, &len);
    struct text rest = {calloc(1, 1), 0};
    add(&rest, m->text.data + at + len, m->text.len - at - len);
    m->text.len = at;
    add_str(m, with[throw_die(&m->dice, sizeof with / sizeof *with)]);
    add(&m->text, rest.data, rest.len);
    free(rest.data);
}

/* Any text, even what no encoding allows: decoding mends it. */
static void put_raw(struct made *m)
{
    for (size_t n = 1 + throw_die(&m->dice, 24); n > 0 && m->dice.left > 0; n--) {
        char c = (char)throw_die(&m->dice, 128);
        add(&m->text, c ? &c : " ", 1);
    }
}

static void put_page_again(struct made *m)
{
    size_t len = m->text.len;
    if (throw_die(&m->dice, 4) > 0 || len > PAGE_MAX / 2)
        return;
    if (!at_line_start(m))
        put_line_end(m);
    put_range(m, 0, m->text.len);
}

typedef void step_fn(struct made *m);

/* What the dice choose from; the first EXACT of them copy whole lines. */
static step_fn *const steps[] = {
    put_sentence, put_sentence, put_paragraph, put_paragraph, put_line_end, put_short_line,
    put_lines_again, put_page_again,
    put_range_again, cut_here, edit, edit, put_raw,
};
enum { STEPS = sizeof steps / sizeof *steps, EXACT = 8 };

/* Makes a page of the bytes; free m->text.data. */
static void make_page(struct made *m, const uint8_t *data, size_t size)
{
    *m = (struct made){.text = {calloc(1, 1), 0}, .dice = {data, size}};
    MUST(m->text.data, "there is memory");
    m->exact = throw_die(&m->dice, 2) == 0;
    while (m->dice.left > 0 && m->text.len < PAGE_MAX)
        steps[throw_die(&m->dice, m->exact ? EXACT : STEPS)](m);
    if (m->text.len > PAGE_MAX)
        m->exact = false; /* its last step may be cut off */
    m->text.len = char_at(m, m->text.len < PAGE_MAX ? m->text.len : PAGE_MAX);
    m->text.data[m->text.len] = '\0';
}

/* --- what is asked -------------------------------------------------------------------------- */

static struct winnow_page *clean_dump(struct winnow *w, struct text t)
{
    struct winnow_page *page = NULL;
    struct winnow_input in = {.data = t.data, .len = t.len, .charset = "UTF-8",
                              .kind = WINNOW_KIND_DUMP};
    MUST(winnow_clean(w, &in, &page, NULL) == WINNOW_OK, "any text can be cleaned");
    return page;
}

/* The page cleaned once more gives the record that it gave. */
static void check_same(struct winnow *w, struct text page_text, const char *record)
{
    struct winnow_page *page = clean_dump(w, page_text);
    struct text again = render(page, WINNOW_JSONL);
    MUST(strcmp(record, again.data) == 0, "the same page gives the same result");
    free(again.data);
    winnow_page_free(page);
}

static bool is_repeat(struct winnow_span s)
{
    return s.verdict == WINNOW_REMOVED && strcmp(s.stage, "repeat") == 0;
}

static void add_norm(struct norm *n, const char *p, size_t len)
{
    MUST(norm_add(n, (struct slice){p, len}, 0, false) == WINNOW_OK, "a text can be normalised");
}

/* What of bytes start..end of the page is written, normalised. */
static void norm_of_kept(const struct winnow_page *page, size_t start, size_t end, struct norm *ret)
{
    size_t len;
    const char *text = winnow_page_text(page, &len);
    norm_clear(ret);
    for (size_t i = 0; i < winnow_page_spans(page); i++) {
        struct winnow_span s = winnow_page_span(page, i);
        size_t from = s.start > start ? s.start : start, to = s.end < end ? s.end : end;
        if (from < to && s.verdict == WINNOW_KEPT)
            add_norm(ret, text + from, to - from);
        if (from < to && s.verdict == WINNOW_REPLACED)
            add_norm(ret, s.with, s.with_len);
    }
}

/* The length of the longest sequence that a and b have in common, in bytes: a bit for each
 * byte of a (Crochemore and others, A fast and practical bit-vector algorithm for the
 * longest common subsequence problem, 2001). */
static size_t common(const struct norm *a, const struct norm *b)
{
    size_t words = a->len / 64 + 1, ret = 0;
    uint64_t *places = calloc(256 * words, sizeof *places), *row = malloc(words * sizeof *row);
    MUST(places && row, "there is memory");
    memset(row, 0xff, words * sizeof *row);
    for (size_t i = 0; i < a->len; i++)
        places[a->bytes[i] * words + i / 64] |= (uint64_t)1 << (i % 64);
    for (size_t j = 0; j < b->len; j++) {
        uint64_t carry = 0;
        for (size_t k = 0; k < words; k++) {
            uint64_t hits = row[k] & places[b->bytes[j] * words + k], sum = row[k] + hits;
            uint64_t over = sum < hits;
            sum += carry;
            over |= sum < carry;
            row[k] = sum | (row[k] & ~hits);
            carry = over;
        }
    }
    for (size_t i = 0; i < a->len; i++)
        ret += !(row[i / 64] >> (i % 64) & 1);
    free(places);
    free(row);
    return ret;
}

/* Takes the next line or sentence off *rest; false at the end. */
static bool next_sentence(struct slice *rest, struct slice *ret)
{
    static const char *const ends[] = {"\n", ". ", "! ", "? ", "। ", "؟ ", "。 "};
    if (rest->len == 0)
        return false;
    ret->p = rest->p;
    ret->len = rest->len;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const char *end = memmem(ret->p, ret->len, ends[i], strlen(ends[i]));
        if (end)
            ret->len = (size_t)(end - ret->p) + strlen(ends[i]);
    }
    rest->p += ret->len;
    rest->len -= ret->len;
    return true;
}

/* Normalised bytes of a sentence that a passage lacks. */
static size_t lacking(const struct norm *one, const struct norm *passage)
{
    if (one->len == 0 || memmem(passage->bytes, passage->len, one->bytes, one->len))
        return 0;
    return one->len - common(one, passage);
}

/* The same, but any pieces of some length will do. */
static size_t lacking_pieces(const struct norm *one, const struct norm *page)
{
    enum { PIECE = 16 };
    size_t len = one->len < PIECE ? one->len : PIECE, ret = 0;
    for (size_t i = 0; i < one->len;) {
        size_t at = i + len <= one->len ? i : one->len - len;
        bool found = memmem(page->bytes, page->len, one->bytes + at, len) != NULL;
        ret += !found;
        i = found ? at + len : i + 1;
    }
    return ret;
}

/* Normalised bytes that are gone, and how many of them, sentence by sentence, the named
 * passage lacks, and the page. */
struct loss {
    size_t all, of_named, of_page;
};

static struct loss loss_of(struct slice gone, const struct norm *named, const struct norm *page)
{
    struct slice sentence;
    struct loss ret = {0};
    struct norm one;
    norm_init(&one);
    while (next_sentence(&gone, &sentence)) {
        norm_clear(&one);
        add_norm(&one, sentence.p, sentence.len);
        ret.all += one.len;
        /* A line may say one passage twice over, and the one that stays says it once. */
        size_t whole = lacking(&one, named), pieces = lacking_pieces(&one, named);
        ret.of_named += whole < pieces ? whole : pieces;
        ret.of_page += lacking_pieces(&one, page);
    }
    norm_free(&one);
    return ret;
}

/* Where copies were cut and edited, what took the place of one may have gone itself, in
 * favour of two: then the reason names one of them, and the page has both. */
static void check_loss(struct loss l, bool exact)
{
    bool named = l.of_named <= l.all / 12 + 4; /* a copy may differ by a word */
    /* Of a row of copies the named one may say once what went many times over. */
    bool row = l.of_named <= l.all / 2 && l.of_page <= l.all / 12 + 4;
    MUST(named || row || !exact, "the passage that a repeat names says the same");
    MUST(named || l.of_page <= l.all / 3 + 16, "what goes is still said on the page");
}

static void check_named(const struct winnow_page *page, bool exact)
{
    struct norm named, kept;
    size_t len;
    const char *text = winnow_page_text(page, &len);
    norm_init(&named);
    norm_init(&kept);
    norm_of_kept(page, 0, len, &kept);
    for (size_t i = 0; i < winnow_page_spans(page); i++) {
        struct winnow_span s = winnow_page_span(page, i);
        if (!is_repeat(s))
            continue;
        MUST(s.other_start < s.other_end && s.other_end <= len, "a repeat names a passage");
        MUST(s.other_end <= s.start || s.end <= s.other_start, "a repeat names no part of itself");
        norm_of_kept(page, s.other_start, s.other_end, &named);
        MUST(named.len > 0, "the passage that a repeat names is kept");
        check_loss(loss_of((struct slice){text + s.start, s.end - s.start}, &named, &kept), exact);
    }
    norm_free(&named);
    norm_free(&kept);
}

/* The word character before byte at of s, or behind it, if one adjoins. */
static bool adjoins(struct slice s, size_t at, bool before)
{
    size_t len;
    if (before ? at == 0 : at >= s.len)
        return false;
    while (before && ((unsigned char)s.p[--at] & 0xc0) == 0x80)
        ;
    return text_is_word(text_char(s, at, &len));
}

/* Does a line or a sentence end between the words before and behind byte at? */
static bool ends_there(struct slice s, size_t at)
{
    static const char *const ends[] = {"\n", "\r", ".", "!", "?", "…", "؟", "۔", "।", "։",
                                       "。", "⋯", "！", "？", "．", "｡"};
    size_t start = at, end = at;
    while (start > 0 && !adjoins(s, start, true))
        start--;
    while (end < s.len && !adjoins(s, end, false))
        end++;
    if (start == 0 || end == s.len)
        return true;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (memmem(s.p + start, end - start, ends[i], strlen(ends[i])))
            return true;
    return false;
}

static void check_edge(struct slice s, size_t start, size_t end)
{
    bool before = adjoins(s, start, true), behind = adjoins(s, end, false);
    MUST(!before || !adjoins(s, start, false), "no word is cut at its start");
    MUST(!behind || !adjoins(s, end, true), "no word is cut at its end");
    MUST(!before || !behind, "no words are joined");
    MUST(ends_there(s, start), "what goes starts with a line or a sentence");
    MUST(ends_there(s, end), "what goes ends with a line or a sentence");
}

static void check_edges(const struct winnow_page *page)
{
    struct slice s;
    s.p = winnow_page_text(page, &s.len);
    for (size_t i = 0, next; i < winnow_page_spans(page); i = next) {
        next = i + 1;
        if (!is_repeat(winnow_page_span(page, i)))
            continue;
        while (next < winnow_page_spans(page) && is_repeat(winnow_page_span(page, next)))
            next++; /* several copies, one behind the other */
        check_edge(s, winnow_page_span(page, i).start, winnow_page_span(page, next - 1).end);
    }
}

/* Takes white space and controls out of t. */
static void keep_ink(struct text *t)
{
    struct slice s = {t->data, t->len};
    size_t len, to = 0;
    for (size_t i = 0; i < s.len; i += len)
        if ((len = text_space_len(s, i)) == 0) {
            (void)text_char(s, i, &len);
            memmove(t->data + to, t->data + i, len);
            to += len;
        }
    t->data[t->len = to] = '\0';
}

static void check_written(const struct winnow_page *page, struct text written)
{
    struct text kept = {calloc(1, 1), 0}, ink = {calloc(1, 1), 0};
    size_t len;
    const char *text = winnow_page_text(page, &len);
    for (size_t i = 0; i < winnow_page_spans(page); i++) {
        struct winnow_span s = winnow_page_span(page, i);
        if (s.verdict == WINNOW_KEPT)
            add(&kept, text + s.start, s.end - s.start);
        if (s.verdict == WINNOW_REPLACED)
            add(&kept, s.with, s.with_len);
    }
    add(&ink, written.data, written.len);
    keep_ink(&kept);
    keep_ink(&ink);
    MUST(strcmp(kept.data, ink.data) == 0, "what is written is what was kept");
    free(kept.data);
    free(ink.data);
}

static void check_stable(struct winnow *w, struct text written)
{
    struct winnow_page *page = clean_dump(w, written);
    struct text twice = render(page, WINNOW_TEXT);
    MUST(strcmp(written.data, twice.data) == 0, "cleaning what is clean changes nothing");
    free(twice.data);
    winnow_page_free(page);
}

/* Of each sentence one copy is left; of a few words at a line's end, in a script without
 * full stops, nobody knows that they are one. */
static void check_sentences(const struct made *m, struct text written)
{
    struct norm all, one;
    norm_init(&all);
    norm_init(&one);
    add_norm(&all, written.data, written.len);
    for (size_t i = 0; i < m->nsentences && m->exact; i++) {
        struct sentence t;
        write_sentence(&t, m->sentences[i]);
        norm_clear(&one);
        add_norm(&one, t.data, t.len);
        MUST(norm_weight(&one, 0, one.len) <= EDIT_MAX ||
                 memmem(all.bytes, all.len, one.bytes, one.len), "every sentence is still there");
    }
    norm_free(&all);
    norm_free(&one);
}

/* --- all of it ------------------------------------------------------------------------------ */

static struct winnow *cleaner;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    MUST(winnow_new(NULL, &cleaner, NULL) == WINNOW_OK, "a cleaner can be made");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct made m;
    make_page(&m, data, size);
    struct winnow_page *page = clean_dump(cleaner, m.text);
    struct text written = render(page, WINNOW_TEXT), record = render(page, WINNOW_JSONL);
    check_cover(page);
    check_named(page, m.exact);
    check_edges(page);
    check_written(page, written);
    check_sentences(&m, written);
    check_stable(cleaner, written);
    check_same(cleaner, m.text, record.data);
    free(m.text.data);
    free(written.data);
    free(record.data);
    winnow_page_free(page);
    return 0;
}
