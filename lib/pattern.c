/* pattern.c - literal lines and PCRE2 expressions, always searched under limits. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "pattern.h"

#include <fnmatch.h>
#include <pcre2.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "literal.h"
#include "text.h"
#include "utf8.h"

/* What searches may cost before they are stopped and the rule named.  A search
 * over an ordinary page takes thousands of steps, a runaway pattern billions. */
enum {
    STEP_LIMIT = 5000000, /* from one start */
    STEPS_PER_BYTE = 4,   /* and these: [\s\S]* walks back over a page byte by byte */
    DEPTH_LIMIT = 10000,
    HEAP_LIMIT_KIB = 20 * 1024,
    JIT_STACK_MOST = 1024 * 1024, /* bytes */
    WORK_UNASKED = 64 * 1024 * 1024, /* bytes of estimated work between looks at the clock */
    WORK_PER_ITEM = 16,              /* a callout costs what reading so many bytes does */
    STARTS_LEAST = 256,              /* in one call; fewer cost more than they save */
    STARTS_MOST = 4096,
    INTERPRETED_MOST = 16 * 1024, /* bytes; more are worth the time that machine code takes */
};

static const uint64_t budget_ns = 1000000000; /* CPU time of a rule on a page */

/* The expression as machine code; NULL until the first long search makes it. */
struct machine {
    _Atomic(pcre2_code *) code;
};

struct pattern {
    char *literal; /* white space folded; NULL for an expression */
    size_t literal_len;
    struct literal_finder *needs; /* of what a match holds; NULL: nothing is known */
    pcre2_code *code;             /* to be interpreted */
    struct machine *machine;
    bool watched;  /* calls us before each of its items */
    bool anchored; /* matches at the start of the text or nowhere */
};

/* The flags behind the closing slash, one line each. */
static const struct {
    char letter;
    uint32_t option;
} flags[] = {
    {'i', PCRE2_CASELESS},
    {'x', PCRE2_EXTENDED},
    {'s', PCRE2_DOTALL},
    {'u', PCRE2_UCP},
};

/* "/.../flags": the expression and its options.  False where it is no such thing. */
static bool split_expression(struct slice source, struct slice *ret, uint32_t *options)
{
    if (source.len < 2 || source.p[0] != '/')
        return false;
    size_t close = source.len;
    uint32_t found = 0;
    while (source.p[close - 1] != '/') {
        size_t i = 0;
        while (i < sizeof flags / sizeof *flags && flags[i].letter != source.p[close - 1])
            i++;
        if (i == sizeof flags / sizeof *flags)
            return false;
        found |= flags[i].option;
        close--;
    }
    if (close < 2)
        return false;
    *ret = (struct slice){source.p + 1, close - 2};
    *options = found;
    return true;
}

static int compile_literal(struct slice source, struct pattern *p, struct winnow_error *err)
{
    struct buf folded;
    buf_init(&folded, source.len + 1);
    text_fold_space(source, &folded);
    if (folded.status != WINNOW_OK || !buf_room(&folded, 0)) {
        buf_free(&folded);
        return err_nomem(err);
    }
    p->literal = folded.data;
    p->literal_len = folded.len;
    return WINNOW_OK;
}

/* Must the clock be looked at within one match, or can the starts be searched a few
 * at a time?  An assertion may read the whole page at every step; \G and the verbs,
 * (*COMMIT) among them, mean something else once a search is cut into pieces. */
static bool needs_watching(struct slice source)
{
    static const char *const marks[] = {"(?=", "(?!", "(?<", "(*", "\\G"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (memmem(source.p, source.len, marks[i], strlen(marks[i])))
            return true;
    return false;
}

static int find_needs(struct slice source, uint32_t options, struct pattern *p,
                      struct winnow_error *err)
{
    struct literal_set set;
    literal_required(source, options & PCRE2_CASELESS, options & PCRE2_EXTENDED, &set);
    if (set.count > 0)
        p->needs = literal_finder_new(&set);
    return set.count > 0 && !p->needs ? err_nomem(err) : WINNOW_OK;
}

static int compile_expression(struct slice source, uint32_t options, struct pattern *p,
                              unsigned *column, struct winnow_error *err)
{
    int code = 0;
    PCRE2_SIZE at = 0;
    p->watched = needs_watching(source);
    options |= p->watched ? PCRE2_AUTO_CALLOUT : PCRE2_USE_OFFSET_LIMIT;
    p->code = pcre2_compile((PCRE2_SPTR)source.p, source.len,
                            options | PCRE2_UTF | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                            &code, &at, NULL);
    if (!p->code) {
        char text[200];
        pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof text);
        *column = (unsigned)at + 2; /* 1 for the slash, and columns count from 1 */
        return err_set(err, WINNOW_ERULES, "%s", text);
    }
    uint32_t all = 0;
    (void)pcre2_pattern_info(p->code, PCRE2_INFO_ALLOPTIONS, &all);
    p->anchored = all & PCRE2_ANCHORED;
    p->machine = calloc(1, sizeof *p->machine);
    return p->machine ? find_needs(source, options, p, err) : err_nomem(err);
}

int pattern_compile(struct slice source, struct pattern **ret, unsigned *column,
                    struct winnow_error *err)
{
    struct slice expression;
    uint32_t options;
    *column = 1;
    bool is_expression = split_expression(source, &expression, &options);
    if (source.len == 0)
        return err_set(err, WINNOW_ERULES, "the pattern is empty");
    if (source.p[0] == '/' && !is_expression)
        return err_set(err, WINNOW_ERULES,
                       "it starts like an expression but does not end in / and flags out of "
                       "ixsu (write a line that starts with a slash as /^\\/.../)");
    struct pattern *p = calloc(1, sizeof *p);
    if (!p)
        return err_nomem(err);
    int status = is_expression
                     ? compile_expression(expression, options, p, column, err)
                     : compile_literal(source, p, err);
    if (status != WINNOW_OK)
        pattern_free(p);
    else
        *ret = p;
    return status;
}

void pattern_free(struct pattern *p)
{
    if (!p)
        return;
    free(p->literal);
    literal_finder_free(p->needs);
    pcre2_code_free(p->code);
    if (p->machine)
        pcre2_code_free(p->machine->code);
    free(p->machine);
    free(p);
}

const struct literal_set *pattern_needs(const struct pattern *p)
{
    return p->needs ? literal_finder_set(p->needs) : NULL;
}

bool pattern_is_literal(const struct pattern *p)
{
    return p->literal != NULL;
}

/* --- searching ----------------------------------------------------------------- */

/* Does a line, white space folded, read like the literal?  No copy is made. */
static bool line_is(const struct pattern *p, struct slice line)
{
    size_t i = 0, n = 0;
    for (;;) {
        size_t space = 0, len;
        while (i < line.len && (len = text_space_len(line, i)) > 0) {
            i += len;
            space = 1;
        }
        if (i == line.len)
            return n == p->literal_len;
        if (space && n > 0 && (n == p->literal_len || p->literal[n++] != ' '))
            return false;
        if (n == p->literal_len || p->literal[n++] != line.p[i++])
            return false;
    }
}

static enum pattern_result find_literal(const struct pattern *p, struct slice subject,
                                        size_t from, size_t *start, size_t *end)
{
    while (from < subject.len) {
        const char *newline = memchr(subject.p + from, '\n', subject.len - from);
        size_t stop = newline ? (size_t)(newline - subject.p) : subject.len;
        bool whole = from == 0 || subject.p[from - 1] == '\n';
        if (whole && line_is(p, (struct slice){subject.p + from, stop - from})) {
            *start = from;
            *end = stop;
            return PATTERN_FOUND;
        }
        from = stop + 1;
    }
    return PATTERN_NONE;
}

struct search {
    const struct pattern *pattern;
    struct budget *budget;
    pcre2_match_context *context;
    pcre2_match_data *data;
    const pcre2_code *code; /* the pattern's, as the last match was made with */
    pcre2_jit_stack *stack; /* made when the machine's own proves too small */
    PCRE2_SIZE seen;        /* where in the subject the last callout was */
    size_t asked;           /* bytes of all searches together */

    /* Where one of what a match holds was found last; SIZE_MAX: nowhere. */
    struct slice needed_in;
    size_t needed_from, needed_at;
};

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Takes work off the budget; false where nothing is left. */
static bool spend(struct budget *b, uint64_t work)
{
    b->work = work < UINT64_MAX - b->work ? b->work + work : UINT64_MAX;
    if (b->work < WORK_UNASKED || b->spent)
        return !b->spent;
    b->work = 0;
    uint64_t wall = clock_ns(CLOCK_MONOTONIC);
    if (b->deadline_ns == 0) {
        b->deadline_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) + budget_ns;
        b->wall_ns = wall + budget_ns;
    }
    /* No thread has had more of the CPU than time has passed, and to ask for that
     * takes no system call. */
    b->spent = wall >= b->wall_ns && clock_ns(CLOCK_THREAD_CPUTIME_ID) >= b->deadline_ns;
    return !b->spent;
}

/* Before every item of a watched pattern: it has read what lies between. */
static int on_item(pcre2_callout_block *at, void *ctx)
{
    struct search *s = ctx;
    PCRE2_SIZE now = at->current_position;
    uint64_t read = now > s->seen ? now - s->seen : s->seen - now;
    s->seen = now;
    return spend(s->budget, read + WORK_PER_ITEM) ? 0 : PCRE2_ERROR_CALLOUT;
}

void search_close(struct search *s)
{
    if (!s)
        return;
    pcre2_match_data_free(s->data);
    pcre2_match_context_free(s->context);
    pcre2_jit_stack_free(s->stack);
    free(s);
}

struct search *search_open(const struct pattern *p, struct budget *budget)
{
    struct search *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->pattern = p;
    s->budget = budget;
    if (p->literal)
        return s;
    s->context = pcre2_match_context_create(NULL);
    s->data = pcre2_match_data_create_from_pattern(p->code, NULL);
    if (!s->context || !s->data) {
        search_close(s);
        return NULL;
    }
    pcre2_set_depth_limit(s->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(s->context, HEAP_LIMIT_KIB);
    if (p->watched)
        pcre2_set_callout(s->context, on_item, s);
    return s;
}

/* The machine code of a pattern, which several threads may want at the same time. */
static const pcre2_code *machine_code(const struct pattern *p)
{
    pcre2_code *code = atomic_load(&p->machine->code), *others = NULL;
    if (code)
        return code;
    code = pcre2_code_copy(p->code);
    if (!code)
        return p->code;
    /* Where writable code is forbidden this fails, and the copy is interpreted. */
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    if (atomic_compare_exchange_strong(&p->machine->code, &others, code))
        return code;
    pcre2_code_free(code);
    return others;
}

static int match_once(struct search *s, struct slice subject, size_t from)
{
    int rc = pcre2_match(s->code, (PCRE2_SPTR)subject.p, subject.len, from,
                         PCRE2_NO_UTF_CHECK, s->data, s->context);
    if (rc != PCRE2_ERROR_JIT_STACKLIMIT || s->stack)
        return rc;
    s->stack = pcre2_jit_stack_create(32 * 1024, JIT_STACK_MOST, NULL);
    if (!s->stack)
        return rc;
    pcre2_jit_stack_assign(s->context, NULL, s->stack);
    return match_once(s, subject, from);
}

/* The fewer starts in a call, the more each may read. */
static size_t starts_of(size_t rest)
{
    size_t n = (size_t)WORK_UNASKED * 2 / (rest + 1);
    return n < STARTS_LEAST ? STARTS_LEAST : n < STARTS_MOST ? n : STARTS_MOST;
}

/* An unwatched pattern is searched a few starts at a time, each of which may read
 * all that follows it. */
static int match_in_pieces(struct search *s, struct slice subject, size_t from)
{
    for (;;) {
        size_t rest = subject.len - from, starts = starts_of(rest);
        size_t limit = rest > starts && !s->pattern->anchored ? from + starts : subject.len;
        pcre2_set_offset_limit(s->context, limit);
        int rc = match_once(s, subject, from);
        size_t tried = s->pattern->anchored ? 1
                       : rc >= 0            ? pcre2_get_startchar(s->data) - from + 1
                                            : limit - from + 1;
        if (!spend(s->budget, (uint64_t)tried * rest))
            return PCRE2_ERROR_CALLOUT;
        if (rc != PCRE2_ERROR_NOMATCH || limit == subject.len)
            return rc;
        from = limit + 1;
        while (from < subject.len && ((unsigned char)subject.p[from] & 0xc0) == 0x80)
            from++;
    }
}

/* Does subject hold, from `from` on, what a match must hold?  Who searches on from
 * match to match is answered by the last place until it is behind them. */
static bool has_needed(struct search *s, struct slice subject, size_t from)
{
    bool known = from > 0 && from >= s->needed_from && from <= s->needed_at &&
                 subject.p == s->needed_in.p && subject.len == s->needed_in.len;
    if (!s->pattern->needs)
        return true;
    if (!known) {
        s->needed_in = subject;
        s->needed_from = from;
        s->needed_at = literal_find(s->pattern->needs, subject, from);
    }
    return s->needed_at != SIZE_MAX;
}

static int match_with(struct search *s, const pcre2_code *code, struct slice subject, size_t from)
{
    s->code = code;
    s->seen = from;
    return s->pattern->watched ? match_once(s, subject, from) : match_in_pieces(s, subject, from);
}

/* Which code runs follows from what this search was asked, never from what other
 * pages were: so a page fares the same alone as among many.  The interpreter's
 * limits are met earlier than the machine's, so what they stop is tried again. */
static int match(struct search *s, struct slice subject, size_t from)
{
    s->asked += subject.len - from;
    if (s->asked <= INTERPRETED_MOST) {
        int rc = match_with(s, s->pattern->code, subject, from);
        if (rc >= 0 || rc == PCRE2_ERROR_NOMATCH || s->budget->spent)
            return rc;
    }
    return match_with(s, machine_code(s->pattern), subject, from);
}

static enum pattern_result find_expression(struct search *s, struct slice subject, size_t from,
                                           size_t *start, size_t *end)
{
    uint64_t steps = STEP_LIMIT + (uint64_t)subject.len * STEPS_PER_BYTE;
    if (s->budget->spent)
        return PATTERN_STOPPED;
    if (!has_needed(s, subject, from))
        return PATTERN_NONE;
    pcre2_set_match_limit(s->context, steps < UINT32_MAX ? (uint32_t)steps : UINT32_MAX);
    int rc = match(s, subject, from);
    if (rc < 0)
        return rc == PCRE2_ERROR_NOMATCH ? PATTERN_NONE : PATTERN_STOPPED;
    /* With \K in a lookahead the start may lie behind the end. */
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(s->data);
    *end = at[1];
    *start = at[0] < at[1] ? at[0] : at[1];
    return PATTERN_FOUND;
}

enum pattern_result search_find(struct search *s, struct slice subject, size_t from,
                                size_t *start, size_t *end)
{
    if (from > subject.len)
        return PATTERN_NONE;
    if (s->pattern->literal)
        return find_literal(s->pattern, subject, from, start, end);
    return find_expression(s, subject, from, start, end);
}

/* What stands for the match just found, into to[*room]; *room becomes what it takes. */
static int substitute(struct search *s, struct slice subject, size_t from, struct slice with,
                      char *to, PCRE2_SIZE *room)
{
    return pcre2_substitute(s->code, (PCRE2_SPTR)subject.p, subject.len, from,
                            PCRE2_NO_UTF_CHECK | PCRE2_SUBSTITUTE_MATCHED |
                                PCRE2_SUBSTITUTE_REPLACEMENT_ONLY |
                                PCRE2_SUBSTITUTE_UNSET_EMPTY |
                                PCRE2_SUBSTITUTE_OVERFLOW_LENGTH,
                            s->data, s->context, (PCRE2_SPTR)with.p, with.len,
                            (PCRE2_UCHAR *)to, room);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_char(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/* Does the pattern have the group that stands behind a $, by number or by name? */
static bool has_group(const struct pattern *p, struct slice group)
{
    uint32_t count = 0;
    unsigned long n = 0;
    char name[64];
    size_t digits = 0;
    if (group.len == 0 || group.len >= sizeof name)
        return false;
    for (; digits < group.len && is_digit(group.p[digits]); digits++)
        n = n < 100000 ? n * 10 + (unsigned long)(group.p[digits] - '0') : n;
    (void)pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &count);
    if (digits == group.len)
        return n <= count;
    memcpy(name, group.p, group.len);
    name[group.len] = '\0';
    return pcre2_substring_number_from_name(p->code, (PCRE2_SPTR)name) > 0;
}

/* $$ is a dollar; $1 ${1} $name ${name} are groups. */
int pattern_check_replacement(const struct pattern *p, struct slice with, unsigned *column,
                              struct winnow_error *err)
{
    for (size_t i = 0, end; i < with.len; i = end) {
        end = i + 1;
        if (with.p[i] != '$')
            continue;
        *column = (unsigned)i + 1;
        if (end < with.len && with.p[end] == '$') {
            end++;
            continue;
        }
        bool brace = end < with.len && with.p[end] == '{';
        size_t name = end + brace;
        bool number = name < with.len && is_digit(with.p[name]);
        for (end = name; end < with.len &&
                         (number ? is_digit(with.p[end]) : is_word_char(with.p[end]));)
            end++;
        if (!has_group(p, (struct slice){with.p + name, end - name}))
            return err_set(err, WINNOW_ERULES, "the pattern has no group \"%.*s\"; write $$ for a "
                           "dollar", (int)(end - name < 60 ? end - name : 60), with.p + name);
        if (brace && (end == with.len || with.p[end++] != '}'))
            return err_set(err, WINNOW_ERULES, "a } is missing behind ${");
    }
    return WINNOW_OK;
}

enum pattern_result search_replace(struct search *s, struct slice subject, size_t from,
                                   struct slice with, size_t *start, size_t *end,
                                   struct buf *ret)
{
    char small[256];
    PCRE2_SIZE len = sizeof small;
    if (s->pattern->literal || from > subject.len)
        return PATTERN_NONE;
    enum pattern_result found = find_expression(s, subject, from, start, end);
    if (found != PATTERN_FOUND)
        return found;
    int rc = substitute(s, subject, from, with, small, &len);
    if (rc >= 0) {
        buf_add(ret, small, len);
        return ret->status == WINNOW_OK ? PATTERN_FOUND : PATTERN_STOPPED;
    }
    char *to = rc == PCRE2_ERROR_NOMEMORY ? buf_room(ret, len) : NULL;
    if (!to || substitute(s, subject, from, with, to, &len) < 0)
        return PATTERN_STOPPED;
    ret->len += len;
    return PATTERN_FOUND;
}

enum pattern_result pattern_matches_name(const struct pattern *p, const char *name)
{
    struct budget budget = {0};
    size_t start, end;
    if (p->literal)
        return fnmatch(p->literal, name, FNM_CASEFOLD) == 0 ? PATTERN_FOUND : PATTERN_NONE;
    /* Names are bytes; an expression is for those that are UTF-8. */
    if (utf8_valid_prefix(slice_of(name)) != strlen(name))
        return PATTERN_NONE;
    struct search *s = search_open(p, &budget);
    enum pattern_result found =
        s ? search_find(s, slice_of(name), 0, &start, &end) : PATTERN_STOPPED;
    search_close(s);
    return found;
}
