/* pattern.c - literal lines and PCRE2 expressions, always searched under limits. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "pattern.h"

#include <fnmatch.h>
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "text.h"
#include "utf8.h"

/* What one search may cost before it is stopped and the rule named.  A search
 * over an ordinary page takes thousands of steps, a runaway pattern billions. */
enum {
    STEP_LIMIT = 5000000,
    DEPTH_LIMIT = 10000,
    HEAP_LIMIT_KIB = 20 * 1024,
    JIT_STACK_MOST = 1024 * 1024, /* bytes */
};

struct pattern {
    char *literal; /* white space folded; NULL for an expression */
    size_t literal_len;
    pcre2_code *code;
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

static int compile_expression(struct slice source, uint32_t options, struct pattern *p,
                              unsigned *column, struct winnow_error *err)
{
    int code = 0;
    PCRE2_SIZE at = 0;
    p->code = pcre2_compile((PCRE2_SPTR)source.p, source.len,
                            options | PCRE2_UTF | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                            &code, &at, NULL);
    if (!p->code) {
        char text[200];
        pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof text);
        *column = (unsigned)at + 2; /* 1 for the slash, and columns count from 1 */
        return err_set(err, WINNOW_ERULES, "%s", text);
    }
    /* Where the machine forbids writable code the interpreter does as well. */
    (void)pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE);
    return WINNOW_OK;
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
    pcre2_code_free(p->code);
    free(p);
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
    pcre2_match_context *context;
    pcre2_match_data *data;
    pcre2_jit_stack *stack;
};

static void search_close(struct search *s)
{
    pcre2_match_data_free(s->data);
    pcre2_match_context_free(s->context);
    pcre2_jit_stack_free(s->stack);
}

static bool search_open(const struct pattern *p, struct search *s)
{
    *s = (struct search){pcre2_match_context_create(NULL),
                         pcre2_match_data_create_from_pattern(p->code, NULL),
                         pcre2_jit_stack_create(32 * 1024, JIT_STACK_MOST, NULL)};
    if (!s->context || !s->data)
        return false;
    pcre2_set_match_limit(s->context, STEP_LIMIT);
    pcre2_set_depth_limit(s->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(s->context, HEAP_LIMIT_KIB);
    if (s->stack)
        pcre2_jit_stack_assign(s->context, NULL, s->stack);
    return true;
}

static enum pattern_result result_of(int rc)
{
    return rc >= 0 ? PATTERN_FOUND : rc == PCRE2_ERROR_NOMATCH ? PATTERN_NONE : PATTERN_STOPPED;
}

enum pattern_result pattern_find(const struct pattern *p, struct slice subject, size_t from,
                                 size_t *start, size_t *end)
{
    if (from > subject.len)
        return PATTERN_NONE;
    if (p->literal)
        return find_literal(p, subject, from, start, end);
    struct search s;
    enum pattern_result ret = PATTERN_STOPPED;
    if (search_open(p, &s)) {
        ret = result_of(pcre2_match(p->code, (PCRE2_SPTR)subject.p, subject.len, from,
                                    PCRE2_NO_UTF_CHECK, s.data, s.context));
        if (ret == PATTERN_FOUND) {
            /* With \K in a lookahead the start may lie behind the end. */
            const PCRE2_SIZE *at = pcre2_get_ovector_pointer(s.data);
            *end = at[1];
            *start = at[0] < at[1] ? at[0] : at[1];
        }
    }
    search_close(&s);
    return ret;
}

enum pattern_result pattern_matches_name(const struct pattern *p, const char *s)
{
    size_t start, end;
    if (p->literal)
        return fnmatch(p->literal, s, FNM_CASEFOLD) == 0 ? PATTERN_FOUND : PATTERN_NONE;
    /* Names are bytes; an expression is for those that are UTF-8. */
    if (utf8_valid_prefix(slice_of(s)) != strlen(s))
        return PATTERN_NONE;
    return pattern_find(p, slice_of(s), 0, &start, &end);
}

enum pattern_result pattern_replace(const struct pattern *p, struct slice subject, size_t from,
                                    struct slice with, size_t *start, size_t *end,
                                    struct buf *ret)
{
    if (p->literal || from > subject.len)
        return PATTERN_NONE;
    struct search s;
    enum pattern_result found = PATTERN_STOPPED;
    if (!search_open(p, &s))
        goto out;
    found = result_of(pcre2_match(p->code, (PCRE2_SPTR)subject.p, subject.len, from,
                                  PCRE2_NO_UTF_CHECK, s.data, s.context));
    if (found != PATTERN_FOUND)
        goto out;
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(s.data);
    *start = at[0] < at[1] ? at[0] : at[1];
    *end = at[1];
    PCRE2_SIZE room = with.len + subject.len - from + 256;
    char *to = buf_room(ret, room);
    int rc = to ? pcre2_substitute(p->code, (PCRE2_SPTR)subject.p, subject.len, from,
                                   PCRE2_NO_UTF_CHECK | PCRE2_SUBSTITUTE_MATCHED |
                                       PCRE2_SUBSTITUTE_REPLACEMENT_ONLY,
                                   s.data, s.context, (PCRE2_SPTR)with.p, with.len,
                                   (PCRE2_UCHAR *)to, &room)
                : PCRE2_ERROR_NOMEMORY;
    if (rc < 0)
        found = PATTERN_STOPPED;
    else
        ret->len += room;
out:
    search_close(&s);
    return found;
}
