/* fuzz.h - what the fuzzers ask of every page, and how they say that it is not so. */
#ifndef WINNOW_FUZZ_H
#define WINNOW_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slice.h"
#include "utf8.h"
#include "winnow.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(holds, what)                                        \
    do {                                                         \
        if (!(holds)) {                                          \
            fprintf(stderr, "property broken: %s\n", what);      \
            abort();                                             \
        }                                                        \
    } while (0)

struct text {
    char *data;
    size_t len;
};

static inline int add(void *ctx, const char *data, size_t len)
{
    struct text *t = ctx;
    t->data = realloc(t->data, t->len + len + 1);
    MUST(t->data, "there is memory");
    memcpy(t->data + t->len, data, len);
    t->len += len;
    t->data[t->len] = '\0';
    return 0;
}

static inline bool is_text(const char *s)
{
    return s && utf8_valid_prefix(slice_of(s)) == strlen(s);
}

static inline struct text render(const struct winnow_page *page, enum winnow_format format)
{
    struct text t = {calloc(1, 1), 0};
    MUST(winnow_render(page, format, add, &t, NULL) == WINNOW_OK, "a page can be rendered");
    MUST(utf8_valid_prefix((struct slice){t.data, t.len}) == t.len, "the output is UTF-8");
    return t;
}

static inline void check_cover(const struct winnow_page *page)
{
    size_t len, at = 0;
    const char *text = winnow_page_text(page, &len);
    MUST(utf8_valid_prefix((struct slice){text, len}) == len, "the text is UTF-8");
    for (size_t i = 0; i < winnow_page_spans(page); i++) {
        struct winnow_span s = winnow_page_span(page, i);
        MUST(s.start == at && s.end > s.start, "spans follow one another");
        MUST(is_text(s.reason) && *s.reason && s.stage, "every span has a reason");
        MUST(s.start == len || (text[s.start] & 0xc0) != 0x80, "no span starts inside a character");
        MUST(s.verdict != WINNOW_REPLACED ||
                 utf8_valid_prefix((struct slice){s.with, s.with_len}) == s.with_len,
             "what is put in is UTF-8");
        at = s.end;
    }
    MUST(at == len, "the spans make up the text");
}

#endif
