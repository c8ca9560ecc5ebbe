/* test_pattern.c - what a match must hold, and that looking for it first changes no search. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "testing.h"

#include <dirent.h>
#include <pcre2.h>
#include <pthread.h>

#include "literal.h"
#include "pattern.h"

/* --- chance, the same each time ----------------------------------------------------------- */

struct chance {
    uint64_t state;
};

static unsigned below(struct chance *c, unsigned n)
{
    c->state ^= c->state << 13;
    c->state ^= c->state >> 7;
    c->state ^= c->state << 17;
    return (unsigned)((c->state >> 20) % n);
}

static const char *one_of(struct chance *c, const char *const *strings, size_t count)
{
    return strings[below(c, (unsigned)count)];
}

#define ONE_OF(c, strings) one_of(c, strings, sizeof(strings) / sizeof *(strings))

struct line {
    char text[1 << 15];
    size_t len;
};

static void add(struct line *l, const char *s)
{
    size_t n = strlen(s);
    if (n < sizeof l->text - l->len) {
        memcpy(l->text + l->len, s, n + 1);
        l->len += n;
    }
}

static struct slice slice_of_line(const struct line *l)
{
    return (struct slice){l->text, l->len};
}

/* --- the same search by PCRE2 alone ------------------------------------------------------- */

struct reference {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
};

static uint32_t options_of(const char *flags)
{
    return (strchr(flags, 'i') ? PCRE2_CASELESS : 0) | (strchr(flags, 'x') ? PCRE2_EXTENDED : 0) |
           (strchr(flags, 's') ? PCRE2_DOTALL : 0) | (strchr(flags, 'u') ? PCRE2_UCP : 0);
}

static bool reference_open(const char *expression, size_t len, const char *flags,
                           struct reference *ret)
{
    int code;
    PCRE2_SIZE at;
    ret->code = pcre2_compile((PCRE2_SPTR)expression, len,
                              options_of(flags) | PCRE2_UTF | PCRE2_MULTILINE |
                                  PCRE2_NEVER_BACKSLASH_C,
                              &code, &at, NULL);
    if (!ret->code)
        return false;
    ret->data = pcre2_match_data_create_from_pattern(ret->code, NULL);
    ret->context = pcre2_match_context_create(NULL);
    assert_non_null(ret->data);
    assert_non_null(ret->context);
    pcre2_set_match_limit(ret->context, 20000);
    return true;
}

static void reference_close(struct reference *r)
{
    pcre2_match_context_free(r->context);
    pcre2_match_data_free(r->data);
    pcre2_code_free(r->code);
}

/* As pcre2_match returns; *began is where the match was tried from. */
static int reference_find(struct reference *r, struct slice text, size_t from, size_t *start,
                          size_t *end, size_t *began)
{
    int rc = pcre2_match(r->code, (PCRE2_SPTR)text.p, text.len, from, 0, r->data, r->context);
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(r->data);
    if (rc >= 0) {
        *began = pcre2_get_startchar(r->data);
        *end = at[1];
        *start = at[0] < at[1] ? at[0] : at[1];
    }
    return rc;
}

/* --- a pattern both ways ------------------------------------------------------------------ */

/* A pattern as a rule file has it, and what PCRE2 alone makes of it. */
struct both {
    const char *source;
    struct pattern *pattern;
    struct reference reference;
    struct literal_finder *needs; /* NULL: nothing is known */
    unsigned found, known;        /* how often */
};

/* False where it does not compile, which both must say. */
static bool both_open(const char *source, struct both *ret)
{
    const char *flags = strrchr(source, '/') + 1;
    size_t len = (size_t)(flags - source) - 2;
    struct literal_set set;
    unsigned column;
    memset(ret, 0, sizeof *ret);
    ret->source = source;
    bool compiles = reference_open(source + 1, len, flags, &ret->reference);
    if (pattern_compile(slice_of(source), &ret->pattern, &column, NULL) != WINNOW_OK)
        ret->pattern = NULL;
    if (compiles != (ret->pattern != NULL))
        fail_msg("%s compiles for one only", source);
    if (!compiles)
        return false;
    literal_required((struct slice){source + 1, len}, strchr(flags, 'i'), strchr(flags, 'x'), &set);
    if (set.count > 0)
        ret->needs = literal_finder_new(&set);
    return true;
}

static void both_close(struct both *b)
{
    literal_finder_free(b->needs);
    pattern_free(b->pattern);
    reference_close(&b->reference);
}

static size_t next_start(struct slice text, size_t start, size_t end)
{
    size_t at = end > start ? end : end + 1;
    while (at < text.len && ((unsigned char)text.p[at] & 0xc0) == 0x80)
        at++;
    return at;
}

/* Searches from match to match and compares each. */
static void expect_same(struct both *b, struct slice text)
{
    struct budget budget = {0};
    struct search *s = search_open(b->pattern, &budget);
    size_t from = 0, start, end, began, got_start, got_end;
    assert_non_null(s);
    while (from <= text.len) {
        int rc = reference_find(&b->reference, text, from, &start, &end, &began);
        if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
            break; /* takes too long */
        enum pattern_result got = search_find(s, text, from, &got_start, &got_end);
        if (got != (rc >= 0 ? PATTERN_FOUND : PATTERN_NONE) ||
            (rc >= 0 && (got_start != start || got_end != end)))
            fail_msg("%s from %zu: %d, not %d, in \"%.*s\"", b->source, from, (int)got, rc,
                     (int)text.len, text.p);
        if (rc < 0)
            break;
        if (b->needs && end >= began &&
            literal_find(b->needs, (struct slice){text.p, end}, began) == SIZE_MAX)
            fail_msg("%s matches %zu-%zu without what it needs in \"%.*s\"", b->source, began, end,
                     (int)text.len, text.p);
        b->found++;
        b->known += b->needs != NULL;
        from = next_start(text, start, end);
    }
    search_close(s);
}

/* --- texts that a pattern may match ------------------------------------------------------- */

static const char *const letters[] = {"a", "b", "A", "B", "k", "K", "s", "S", " ", "x", "1", "-",
                                      "\n", "\xc3\xa9", "\xc3\x89", "\xe2\x84\xaa", "\xc5\xbf",
                                      "/", "#", "\xe2\x80\xa8", "ab", "[", "{", "]"};

static bool is_ascii_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A piece of the source, its syntax left out at times, its case changed at times. */
static void add_piece(struct chance *c, const char *source, struct line *ret)
{
    size_t len = strlen(source), at = below(c, (unsigned)len), n = 1 + below(c, 12);
    for (; n > 0 && at < len; n--, at++) {
        char s[2] = {source[at], '\0'};
        if (!((unsigned char)s[0] < 0x80) || (strchr("()?*+|^$\\", s[0]) && below(c, 8) > 0))
            continue;
        if (is_ascii_letter(s[0]) && below(c, 8) == 0)
            s[0] ^= 0x20;
        add(ret, s);
    }
}

static void make_text(struct chance *c, const char *source, struct line *ret)
{
    ret->len = 0;
    ret->text[0] = '\0';
    for (unsigned n = below(c, 14); n > 0; n--)
        if (below(c, 3) == 0)
            add_piece(c, source, ret);
        else
            add(ret, ONE_OF(c, letters));
}

/* Long enough for machine code: the text behind much that holds little. */
static void lengthen(struct chance *c, struct line *text)
{
    struct line tail = *text;
    text->len = 0;
    while (text->len < 17000)
        add(text, below(c, 50) ? "zq zq" : ONE_OF(c, letters));
    add(text, tail.text);
}

/* --- patterns by chance ------------------------------------------------------------------- */

static const char *const atoms[] = {
    "a", "b", "ab", "ba", "k", "s", "K", "aS", "1", " ", "-", "\xc3\xa9", "\xe2\x84\xaa", "x", "#",
    ".", "^", "$", "\\b", "\\B", "\\A", "\\z", "\\Z", "\\G", "\\K", "\\d", "\\w", "\\W", "\\s",
    "\\S", "\\R", "\\X", "\\h", "\\N", "\\n", "\\t", "\\.", "\\/", "\\-", "\\#", "\\ ", "\\[",
    "\\x{61}", "\\x61", "\\x{20AC}", "\\p{L}", "\\pL", "\\P{Lu}", "\\1", "\\2", "\\01", "\\61",
    "\\Qa\\E", "\\Qa|b*\\E", "\\E", "\\ca", "\\o{141}", "\\g1", "\\k<n>", "\\N{U+61}", "\\e",
    "[ab]", "[^a]", "[a-b]", "[a-x]", "[]a]", "[^]a]", "[a\\]b]", "[aK]", "[[:alpha:]]",
    "[[:^alpha:]b]",
    "[a[]", "[\\Qa]\\E]", "[\\ca]", "[\\c]]", "[\\d]", "[a b]", "[#]", "[[:<:]]", "[[.a]",
    "[\xc3\xa9\xc5\xbf]", "[\\E]]", "[a\\Eb]", "{", "{,2}", "{a", "}", "]", "(*COMMIT)",
    "(*PRUNE)", "(*SKIP)", "(*THEN)", "(*F)", "(*ACCEPT)", "(*UTF)", "(*COMMIT:a)", "(?i)",
    "(?-i)", "(?x)", "(?-x)", "(?xx)", "(?s)", "(?^)", "(?i-x)", "(?#a)", "(?#a)*", "(?R)", "(?1)",
    "(?P>n)", "(?C)", "(?(1)a|b)", "(?(?=a)b|a)", "(?(DEFINE)a)", "#a\n", "# b", "\xe2\x80\xa8",
    "\xc2\x85", "\n", "\r", "a b", "b #", "(?:)", "()", "(?=)", "|", "ab|ba", "|a",
};

static const char *const openings[] = {"(", "(", "(?:", "(?:", "(?:", "(?>", "(?|", "(?i:", "(?x:",
                                       "(?-i:", "(?s-x:", "(?^:", "(?=", "(?!", "(?<=", "(?<!",
                                       "(?<n>", "(?P<n>", "(?'n'", "(?*", "(?(1)", "(*atomic:",
                                       "(*pla:"};

static const char *const quantifiers[] = {"?", "*", "+", "??", "*?", "+?", "?+", "*+", "++", "{2}",
                                          "{0}", "{1}", "{0,1}", "{1,2}", "{1,}", "{0,}", "{2,3}",
                                          "{2}{2}", "{12}", "{,1}", "{ 1}", " ?", " +", "+ +",
                                          "{1}?", "{1}+", " # a\n*", "(?#a)?"};

/* What an atom may match, as far as that takes no thought. */
static const char *sample_of(const char *atom)
{
    static const char *const samples[][2] = {
        {".", "a"}, {"\\d", "1"}, {"\\w", "b"}, {"\\s", " "}, {"\\S", "x"}, {"\\n", "\n"},
        {"\\x{61}", "a"}, {"\\x61", "a"}, {"\\p{L}", "\xc3\xa9"}, {"[ab]", "b"}, {"[a-b]", "a"},
        {"[^a]", "b"}, {"[]a]", "]"}, {"[aK]", "K"}, {"[[:alpha:]]", "a"}, {"[a[]", "["},
        {"\\.", "."}, {"\\-", "-"}, {"\\/", "/"}, {"\\ ", " "}, {"\\Qa\\E", "a"}, {"ab|ba", "ab"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        if (strcmp(atom, samples[i][0]) == 0)
            return samples[i][1];
    return strpbrk(atom, "\\[](){}|*?^$") ? "" : atom;
}

static void cut(struct line *l, size_t len)
{
    l->len = len;
    l->text[len] = '\0';
}

/* Once more, or not at all, or as it is. */
static void repeat_sample(struct chance *c, size_t item, struct line *sample)
{
    struct line once = *sample;
    if (below(c, 3) == 0)
        cut(sample, item);
    else if (below(c, 2))
        add(sample, once.text + item);
}

/* An expression, and behind sample a text that it may well match. */
static void make_expression(struct chance *c, unsigned depth, struct line *ret,
                            struct line *sample)
{
    size_t begin = sample->len, chosen = SIZE_MAX;
    for (unsigned n = 1 + below(c, 5); n > 0; n--) {
        size_t item = sample->len;
        if (depth > 0 && below(c, 3) == 0) {
            const char *opening = ONE_OF(c, openings);
            add(ret, opening);
            make_expression(c, depth - 1, ret, sample);
            add(ret, ")");
            if (strpbrk(opening, "=!") && below(c, 2))
                cut(sample, item);
        } else {
            /* Mostly what holds something, so that there is something to know. */
            const char *atom = below(c, 4) ? atoms[below(c, 10)] : ONE_OF(c, atoms);
            add(ret, atom);
            add(sample, sample_of(atom));
        }
        if (below(c, 4) == 0) {
            add(ret, ONE_OF(c, quantifiers));
            repeat_sample(c, item, sample);
        }
        if (depth > 0 && below(c, 6) == 0) {
            add(ret, "|");
            if (chosen == SIZE_MAX && below(c, 2))
                chosen = sample->len;
            else if (chosen == SIZE_MAX)
                cut(sample, begin);
        }
    }
    if (chosen != SIZE_MAX)
        cut(sample, chosen);
}

static void make_pattern(struct chance *c, struct line *ret, struct line *sample)
{
    static const char *const flags[] = {"", "", "", "i", "x", "ix", "u", "iu", "s"};
    cut(ret, 0);
    cut(sample, 0);
    add(ret, "/");
    make_expression(c, below(c, 4), ret, sample);
    add(ret, "/");
    add(ret, ONE_OF(c, flags));
}

/* The sample, at times nearly, between other things. */
static void make_likely_text(struct chance *c, const char *source, const struct line *sample,
                             struct line *ret)
{
    struct line all;
    make_text(c, source, ret);
    if (below(c, 2))
        cut(ret, 0);
    add(ret, sample->text);
    make_text(c, source, &all);
    if (below(c, 2))
        add(ret, all.text);
    for (size_t i = 0; i < ret->len; i++)
        if (is_ascii_letter(ret->text[i]) && below(c, 12) == 0)
            ret->text[i] ^= 0x20;
}

static void patterns_by_chance_match_what_pcre2_alone_matches(void **state)
{
    (void)state;
    struct chance c = {0x9e3779b97f4a7c15u};
    unsigned found = 0, known = 0, compiled = 0;
    struct line source, sample, text;
    for (unsigned i = 0; i < 16000; i++) {
        struct both b;
        make_pattern(&c, &source, &sample);
        if (!both_open(source.text, &b))
            continue;
        compiled++;
        for (unsigned j = 0; j < 10; j++) {
            make_likely_text(&c, source.text, &sample, &text);
            expect_same(&b, slice_of_line(&text));
        }
        if (i % 64 == 0) {
            lengthen(&c, &text);
            expect_same(&b, slice_of_line(&text));
        }
        found += b.found;
        known += b.known;
        both_close(&b);
    }
    /* A generator that matched nothing would show nothing. */
    assert_in_range(compiled, 4000, 16000);
    assert_true(found > 20000);
    assert_true(known > 5000);
}

/* --- the rules that ship ------------------------------------------------------------------ */

/* The file without the names of its directives: the lines of its tests as pages have
 * them, and its patterns as text that nearly matches. */
static void read_rules(const char *path, struct line *rules, struct line *text)
{
    char line[4096];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    rules->len = text->len = 0;
    while (fgets(line, sizeof line, f)) {
        const char *value = strncmp(line, "test_in: ", 9) == 0 ? line + 9 : line;
        add(rules, line);
        add(text, value);
    }
    fclose(f);
}

/* Some bytes of the text other than they were; what is not ASCII stays. */
static void damage(struct chance *c, struct line *text)
{
    for (unsigned n = 1 + below(c, 40); n > 0; n--) {
        size_t at = below(c, (unsigned)text->len);
        if ((unsigned char)text->text[at] < 0x80)
            text->text[at] = "a .\nR:,SA"[below(c, 9)];
    }
}

static unsigned try_rule(struct chance *c, const char *source, const struct line *text)
{
    struct both b;
    struct line t;
    if (!both_open(source, &b))
        fail_msg("%s does not compile", source);
    pcre2_set_match_limit(b.reference.context, 5000000);
    expect_same(&b, slice_of_line(text));
    for (unsigned i = 0; i < 60; i++) {
        t = *text;
        damage(c, &t);
        expect_same(&b, slice_of_line(&t));
        make_text(c, source, &t);
        expect_same(&b, slice_of_line(&t));
    }
    unsigned found = b.found;
    both_close(&b);
    return found;
}

/* "/.../flags" in a line: the value, and the argument. */
static unsigned try_rules(struct chance *c, struct line *rules, const struct line *text)
{
    unsigned found = 0;
    for (char *line = strtok(rules->text, "\n"); line; line = strtok(NULL, "\n")) {
        char *value = strstr(line, ": /"), *arg = strstr(line, "(/"), *close = strstr(line, "/): ");
        if (*line == '#' || strncmp(line, "test_", 5) == 0 || !value)
            continue;
        found += try_rule(c, value + 2, text);
        if (arg && close && arg < close) {
            close[1] = '\0';
            found += try_rule(c, arg + 1, text);
        }
    }
    return found;
}

static void patterns_that_ship_match_what_pcre2_alone_matches(void **state)
{
    (void)state;
    struct chance c = {88172645463325252u};
    unsigned found = 0;
    DIR *dir = opendir(WINNOW_SOURCE_DIR "/rules");
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        struct line rules, text;
        char path[600];
        if (!strstr(e->d_name, ".txt"))
            continue;
        snprintf(path, sizeof path, "%s/rules/%s", WINNOW_SOURCE_DIR, e->d_name);
        read_rules(path, &rules, &text);
        found += try_rules(&c, &rules, &text);
    }
    closedir(dir);
    assert_true(found > 100);
}

/* --- what is known ------------------------------------------------------------------------ */

/* The set as "one|another", a letter of both cases as "a~". */
static void spell(const struct literal_set *set, struct line *ret)
{
    ret->len = 0;
    ret->text[0] = '\0';
    for (unsigned i = 0; i < set->count; i++) {
        add(ret, i > 0 ? "|" : "");
        for (unsigned j = 0; j < set->items[i].len; j++) {
            char c[3] = {(char)set->items[i].bytes[j], set->items[i].folds >> j & 1 ? '~' : '\0'};
            add(ret, c);
        }
    }
}

static void expect_needs(const char *source, const char *want)
{
    const char *flags = strrchr(source, '/') + 1;
    struct literal_set set;
    struct line got;
    literal_required((struct slice){source + 1, (size_t)(flags - source) - 2}, strchr(flags, 'i'),
                     strchr(flags, 'x'), &set);
    spell(&set, &got);
    if (strcmp(got.text, want) != 0)
        fail_msg("%s needs \"%s\", not \"%s\"", source, want, got.text);
}

static void knows_what_every_match_must_hold(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"/tide table/", "tide table"},
        {"/^tide\\.$/", "tide."},
        {"/\\btide\\b\\s+table/", "table"},
        {"/(?:high|low) tide/", "high tide|low tide"},
        {"/(?:high|low) tide table/", " tide table"},
        {"/(?:high|low)/", "high|low"},
        {"/\\b(?:[Tt]i de|TI DE)\\b/", "Ti de|ti de|TI DE"},
        {"/t(id|ab)e/", "tide|tabe"},
        {"/tides?-?table/", "tides-table|tidestable|tide-table|tidetable"},
        {"/tides?-?timetable/", "timetable"},
        {"/x[ab]?y/", "xay|xby|xy"},
        {"/(?:tide )+table/", "table"},
        {"/(?:tide){2,}/", "tide"},
        {"/tide(?:s.*|\\d)out/", "tide"},
        {"/(?=other)tide(?!s)/", "tide"},
        {"/ti(?<=i)de/", "tide"},
        {"/ti(?<!x)de/", "tide"},
        {"/tide[a-z]out/", "tide"},
        {"/tide *out/x", "tid"},
        {"/(tide)\\1/", "tide"},
        {"/tide(*COMMIT)[\\s\\S]*out/", "tide"},
        {"/fog/i", "f~o~g~"},
        {"/(?i)fog/", "f~o~g~"},
        {"/fog(?i:am)/", "foga~m~"},
        {"/(?i:fo)g/", "f~o~g"},
        {"/a # tide\n  table/x", "atable"},
        {"/a\\ b\\#c/x", "a b#c"},
        {"/tide[[:space:]]\\d/", "tide"},
        {"/\xc2\xa9 1991/", "\xc2\xa9 1991"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_needs(cases[i][0], cases[i][1]);
}

static void knows_nothing_where_it_is_not_sure(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "/tide|/",         "/(?:tide)?/",      "/(?:tide)*/",     "/(?:tide){0,3}/",
        "/tide|\\d/",      "/tide(*ACCEPT)s/", "/\\Qtide\\E/",    "/(?(1)tide|s)/",
        "/(?R)?tide/",     "/(?:tide)(?1)()/", "/(?=tide)/",      "/(?!tide)/",
        "/ti{,2}de/",      "/(?xx)tide/",      "/tide(?#a)?/",    "/(*UTF)tide/",
        "/[^t]/",          "/\\x74/",          "/(?C)tide/",      "/t/",
        "/tide\xe2\x80\xa8?/x", "/\\N{U+61}tide/", "/[\\Qtide]\\E]/", "/(?^i)tide/",
        "/[\\c]tide]/",    "/(?:tide)\\E*/",  "/\\101tide/",
    };
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        expect_needs(sources[i], "");
}

static void gives_up_on_groups_that_nest_too_deep(void **state)
{
    (void)state;
    struct line source = {.len = 0};
    add(&source, "/");
    for (unsigned i = 0; i < 200; i++)
        add(&source, "(");
    add(&source, "tide");
    for (unsigned i = 0; i < 200; i++)
        add(&source, ")");
    add(&source, "/");
    expect_needs(source.text, "");
}

/* --- case --------------------------------------------------------------------------------- */

static void add_code_point(struct text *t, uint32_t c)
{
    char s[4] = {(char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 0x3f)),
                 (char)(0x80 | (c >> 6 & 0x3f)), (char)(0x80 | (c & 0x3f))};
    if (c < 0x800) {
        s[2] = (char)(0xc0 | c >> 6);
        memcpy(t->data + t->len, s + 2, 2);
        t->len += 2;
    } else if (c < 0x10000) {
        s[1] = (char)(0xe0 | c >> 12);
        memcpy(t->data + t->len, s + 1, 3);
        t->len += 3;
    } else {
        memcpy(t->data + t->len, s, 4);
        t->len += 4;
    }
}

static size_t find_in(const char *source, struct text text)
{
    struct reference r;
    const char *flags = strrchr(source, '/') + 1;
    size_t start = SIZE_MAX, end, began;
    assert_true(reference_open(source + 1, (size_t)(flags - source) - 2, flags, &r));
    pcre2_set_match_limit(r.context, UINT32_MAX);
    if (reference_find(&r, (struct slice){text.data, text.len}, 0, &start, &end, &began) < 0)
        start = SIZE_MAX;
    reference_close(&r);
    return start;
}

/* What literal.c takes for granted of Unicode. */
static void no_letter_but_k_and_s_has_a_case_beyond_ascii(void **state)
{
    (void)state;
    struct text all = {malloc((size_t)0x110000 * 4), 0};
    assert_non_null(all.data);
    for (uint32_t c = 0x80; c < 0x110000; c++)
        if (c < 0xd800 || c > 0xdfff)
            add_code_point(&all, c);
    char source[16];
    for (char letter = 'a'; letter <= 'z'; letter++) {
        bool other = letter == 'k' || letter == 's';
        snprintf(source, sizeof source, "/%c/i", letter);
        assert_int_equal(find_in(source, all) != SIZE_MAX, other);
        snprintf(source, sizeof source, "/%c/iu", letter);
        assert_int_equal(find_in(source, all) != SIZE_MAX, other);
    }
    free(all.data);
}

static enum pattern_result search_once(const char *source, struct slice text)
{
    struct pattern *p = NULL;
    struct budget budget = {0};
    unsigned column;
    size_t start, end;
    assert_int_equal(pattern_compile(slice_of(source), &p, &column, NULL), WINNOW_OK);
    struct search *s = search_open(p, &budget);
    assert_non_null(s);
    enum pattern_result found = search_find(s, text, 0, &start, &end);
    search_close(s);
    pattern_free(p);
    return found;
}

static void finds_words_whose_case_lies_beyond_ascii(void **state)
{
    (void)state;
    assert_int_equal(search_once("/kiosk/i", slice_of("a \xe2\x84\xaaIO\xc5\xbf\xe2\x84\xaa")),
                     PATTERN_FOUND);
    assert_int_equal(search_once("/\xc3\x89tage/i", slice_of("\xc3\xa9TAGE")), PATTERN_FOUND);
    assert_int_equal(search_once("/\xc5\xbfum/i", slice_of("SUM")), PATTERN_FOUND);
}

/* --- looking ------------------------------------------------------------------------------ */

static struct literal_set some_words(struct chance *c)
{
    struct literal_set set = {.count = 1 + below(c, 3) * below(c, 9)};
    for (unsigned i = 0; i < set.count; i++) {
        struct literal *w = &set.items[i];
        w->len = (uint8_t)(2 + below(c, 3) * below(c, 5));
        for (unsigned j = 0; j < w->len; j++) {
            w->bytes[j] = (uint8_t)"aab/\xc3"[below(c, 5)];
            if (below(c, 4) == 0 && w->bytes[j] >= 'a' && w->bytes[j] <= 'z')
                w->folds |= 1u << j;
        }
    }
    return set;
}

static bool word_is_at(const struct literal *w, struct slice text, size_t at)
{
    if (at > text.len || text.len - at < w->len)
        return false;
    for (unsigned i = 0; i < w->len; i++) {
        uint8_t c = (uint8_t)text.p[at + i];
        if (c != w->bytes[i] && !(w->folds >> i & 1 && c == w->bytes[i] - 0x20))
            return false;
    }
    return true;
}

static bool any_is_at(const struct literal_set *set, struct slice text, size_t at)
{
    for (unsigned i = 0; i < set->count; i++)
        if (word_is_at(&set->items[i], text, at))
            return true;
    return false;
}

static void finds_a_place_wherever_there_is_one(void **state)
{
    (void)state;
    struct chance c = {42424242424242u};
    for (unsigned round = 0; round < 60000; round++) {
        struct literal_set set = some_words(&c);
        struct literal_finder *f = literal_finder_new(&set);
        size_t len = below(&c, 2) ? below(&c, 40) : below(&c, 1500);
        char *bytes = malloc(len ? len : 1); /* of its own, so that one byte too many shows */
        assert_non_null(f);
        assert_non_null(bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = below(&c, 40) ? "zzAzB"[below(&c, 5)] : "aab/\xc3"[below(&c, 5)];
        if (len > 30)
            memcpy(bytes + below(&c, (unsigned)len - 24), set.items[0].bytes, set.items[0].len);
        for (size_t i = 0; i + 1 < set.items[0].len && len > 30; i++) /* all but the last byte */
            bytes[len - set.items[0].len + 1 + i] = (char)set.items[0].bytes[i];
        struct slice text = {bytes, len};
        size_t from = len > 0 ? below(&c, (unsigned)len) / (1 + below(&c, 9)) : 0, first = from;
        while (first < len && !any_is_at(&set, text, first))
            first++;
        size_t found = literal_find(f, text, from);
        if (first == len)
            assert_true(found == SIZE_MAX);
        else
            assert_true(found >= first && any_is_at(&set, text, found));
        free(bytes);
        literal_finder_free(f);
    }
}

/* A text read through to its end is not read again for each start behind it: were it,
 * what is put there meanwhile would be seen. */
static void looks_once_for_what_is_missing(void **state)
{
    (void)state;
    char text[] = "no water here, none at all, and no boats";
    struct slice t = slice_of(text);
    struct pattern *p = NULL;
    struct budget budget = {0};
    unsigned column;
    size_t start, end;
    assert_int_equal(pattern_compile(slice_of("/\\bTIDE\\b/"), &p, &column, NULL), WINNOW_OK);
    struct search *s = search_open(p, &budget);
    assert_non_null(s);
    assert_int_equal(search_find(s, t, 0, &start, &end), PATTERN_NONE);
    memcpy(text + 23, "TIDE", 4);
    assert_int_equal(search_find(s, t, 1, &start, &end), PATTERN_NONE);
    /* A search from the begin is a new one, and so is one of another text. */
    assert_int_equal(search_find(s, t, 0, &start, &end), PATTERN_FOUND);
    assert_int_equal(start, 23);
    assert_int_equal(search_find(s, (struct slice){text, 20}, 0, &start, &end), PATTERN_NONE);
    assert_int_equal(search_find(s, t, 1, &start, &end), PATTERN_FOUND);
    search_close(s);
    pattern_free(p);
}

/* Alone, PCRE2 would have to be stopped. */
static void tries_nothing_where_the_words_are_missing(void **state)
{
    (void)state;
    struct pattern *p = NULL;
    struct budget budget = {0};
    struct line text = {.len = 0};
    unsigned column;
    size_t start, end;
    add(&text, "tide ");
    while (text.len < 3000)
        add(&text, "aaaaaaaaae");
    assert_int_equal(pattern_compile(slice_of("/(?:a|a|e)*tide/"), &p, &column, NULL), WINNOW_OK);
    struct search *s = search_open(p, &budget);
    assert_non_null(s);
    assert_int_equal(search_find(s, slice_of_line(&text), 0, &start, &end), PATTERN_FOUND);
    assert_int_equal(search_find(s, slice_of_line(&text), end, &start, &end), PATTERN_NONE);
    search_close(s);
    pattern_free(p);
}

static void finds_each_match_of_many(void **state)
{
    (void)state;
    struct line text = {.len = 0};
    struct both b;
    for (unsigned i = 0; i < 500; i++)
        add(&text, i % 3 ? "tide " : "no tide out ");
    assert_true(both_open("/\\b(?:tide|fog) out\\b/", &b));
    expect_same(&b, slice_of_line(&text));
    assert_int_equal(b.found, 167);
    both_close(&b);
}

/* --- interpreted and machine code --------------------------------------------------------- */

static void tries_as_machine_code_what_the_interpreter_stops(void **state)
{
    (void)state;
    uint32_t jit = 0;
    struct line text = {.len = 0};
    pcre2_config(PCRE2_CONFIG_JIT, &jit);
    if (!jit)
        skip();
    while (text.len < 14000)
        add(&text, "ab");
    add(&text, "c");
    assert_int_equal(search_once("/^(?:a|b)*?(?:c)/", slice_of_line(&text)), PATTERN_FOUND);
    assert_int_equal(search_once("/^(?:(a)|(b))*c/", slice_of_line(&text)), PATTERN_FOUND);
}

struct shared {
    const struct pattern *pattern;
    struct slice text;
    unsigned found;
};

static void *search_shared(void *ctx)
{
    struct shared *t = ctx;
    struct budget budget = {0};
    size_t start = 0, end = 0, from = 0;
    struct search *s = search_open(t->pattern, &budget);
    while (s && search_find(s, t->text, from, &start, &end) == PATTERN_FOUND) {
        t->found++;
        from = end;
    }
    search_close(s);
    return NULL;
}

static void threads_share_a_pattern(void **state)
{
    (void)state;
    enum { THREADS = 4, ROUNDS = 50 };
    struct line text = {.len = 0};
    unsigned column;
    for (unsigned i = 0; i < 4000; i++)
        add(&text, "tide 12 ");
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct pattern *p = NULL;
        pthread_t threads[THREADS];
        struct shared work[THREADS];
        assert_int_equal(pattern_compile(slice_of("/\\btide \\d+/"), &p, &column, NULL), WINNOW_OK);
        for (unsigned i = 0; i < THREADS; i++) {
            work[i] = (struct shared){p, slice_of_line(&text), 0};
            assert_int_equal(pthread_create(&threads[i], NULL, search_shared, &work[i]), 0);
        }
        for (unsigned i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
            assert_int_equal(work[i].found, 4000);
        }
        pattern_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_every_match_must_hold),
        cmocka_unit_test(knows_nothing_where_it_is_not_sure),
        cmocka_unit_test(gives_up_on_groups_that_nest_too_deep),
        cmocka_unit_test(no_letter_but_k_and_s_has_a_case_beyond_ascii),
        cmocka_unit_test(finds_words_whose_case_lies_beyond_ascii),
        cmocka_unit_test(finds_a_place_wherever_there_is_one),
        cmocka_unit_test(looks_once_for_what_is_missing),
        cmocka_unit_test(tries_nothing_where_the_words_are_missing),
        cmocka_unit_test(finds_each_match_of_many),
        cmocka_unit_test(patterns_that_ship_match_what_pcre2_alone_matches),
        cmocka_unit_test(patterns_by_chance_match_what_pcre2_alone_matches),
        cmocka_unit_test(tries_as_machine_code_what_the_interpreter_stops),
        cmocka_unit_test(threads_share_a_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
