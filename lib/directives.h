/* directives.h - every name that a line of a rule file may start with. */
#ifndef WINNOW_DIRECTIVES_H
#define WINNOW_DIRECTIVES_H

#include <stdbool.h>
#include <stddef.h>

#include "slice.h"

enum arg_kind {
    ARG_NONE,
    ARG_MAY,   /* name: value, or name(arg): value */
    ARG_MUST,  /* name(arg): value */
};

enum value_kind {
    VALUE_TEXT,    /* anything, also nothing */
    VALUE_SOME,    /* anything but nothing */
    VALUE_XPATH,
    VALUE_PATTERN,
    VALUE_BOOL,    /* yes or no */
    VALUE_NUMBER,
    VALUE_PERCENT, /* 0 to 100, % may follow */
    VALUE_DATE,    /* YYYY-MM-DD */
};

enum directive_flag {
    DIRECTIVE_LINES = 1,   /* works on the lines of a page: may stand in a section */
    DIRECTIVE_MATCH = 2,   /* says to which pages the file, or its section, applies */
    DIRECTIVE_RESERVED = 4, /* read and checked; says nothing about a page's text */
    DIRECTIVE_TEST = 8,    /* of the file's own tests: may stand anywhere */
};

/* X(ENUM, name, argument, value, flags) */
#define DIRECTIVES(X) \
    X(TITLE, "title", ARG_NONE, VALUE_XPATH, 0)                                  \
    X(AUTHOR, "author", ARG_NONE, VALUE_XPATH, 0)                                \
    X(DATE, "date", ARG_NONE, VALUE_XPATH, 0)                                    \
    X(BODY, "body", ARG_NONE, VALUE_XPATH, 0)                                    \
    X(STRIP, "strip", ARG_NONE, VALUE_XPATH, 0)                                  \
    X(STRIP_ATTR, "strip_attr", ARG_NONE, VALUE_XPATH, 0)                        \
    X(POST_STRIP_ATTR, "post_strip_attr", ARG_NONE, VALUE_XPATH, 0)              \
    X(STRIP_ID_OR_CLASS, "strip_id_or_class", ARG_MAY, VALUE_SOME, 0)            \
    X(FIND_STRING, "find_string", ARG_NONE, VALUE_SOME, 0)                       \
    X(REPLACE_STRING, "replace_string", ARG_MAY, VALUE_TEXT, 0)                  \
    X(MATCH_HOST, "match_host", ARG_NONE, VALUE_PATTERN, DIRECTIVE_MATCH)        \
    X(MATCH_URL, "match_url", ARG_NONE, VALUE_PATTERN, DIRECTIVE_MATCH)          \
    X(MATCH_DIR, "match_dir", ARG_NONE, VALUE_PATTERN, DIRECTIVE_MATCH)          \
    X(MATCH_FILE, "match_file", ARG_NONE, VALUE_PATTERN, DIRECTIVE_MATCH)        \
    X(MATCH_TEXT, "match_text", ARG_NONE, VALUE_PATTERN, DIRECTIVE_MATCH)        \
    X(MATCH_HTML, "match_html", ARG_NONE, VALUE_PATTERN, DIRECTIVE_MATCH)        \
    X(MATCH_GENERATOR, "match_generator", ARG_NONE, VALUE_PATTERN, DIRECTIVE_MATCH) \
    X(SECTION, "section", ARG_NONE, VALUE_SOME, 0)                               \
    X(DROP_LINE, "drop_line", ARG_NONE, VALUE_PATTERN, DIRECTIVE_LINES)          \
    X(DROP_BLOCK, "drop_block", ARG_NONE, VALUE_PATTERN, DIRECTIVE_LINES)        \
    X(DROP_BETWEEN, "drop_between", ARG_MUST, VALUE_PATTERN, DIRECTIVE_LINES)    \
    X(CUT_BEFORE, "cut_before", ARG_MAY, VALUE_PATTERN, DIRECTIVE_LINES)         \
    X(CUT_AFTER, "cut_after", ARG_MAY, VALUE_PATTERN, DIRECTIVE_LINES)           \
    X(TICKER, "ticker", ARG_MAY, VALUE_PATTERN, DIRECTIVE_LINES)                 \
    X(KEEP_LINE, "keep_line", ARG_NONE, VALUE_PATTERN, DIRECTIVE_LINES)          \
    X(REPAIR, "repair", ARG_MUST, VALUE_TEXT, DIRECTIVE_LINES)                   \
    X(REPAIR_SET, "repair_set", ARG_NONE, VALUE_SOME, DIRECTIVE_LINES)           \
    X(TEST_IN, "test_in", ARG_NONE, VALUE_TEXT, DIRECTIVE_TEST)                  \
    X(TEST_OUT, "test_out", ARG_NONE, VALUE_TEXT, DIRECTIVE_TEST)                \
    X(TEST_URL, "test_url", ARG_NONE, VALUE_SOME, DIRECTIVE_TEST)                \
    X(TEST_FILE, "test_file", ARG_NONE, VALUE_SOME, DIRECTIVE_TEST)              \
    X(TEST_CONTAINS, "test_contains", ARG_NONE, VALUE_SOME, DIRECTIVE_TEST)      \
    X(TEST_NOT_CONTAINS, "test_not_contains", ARG_NONE, VALUE_SOME, DIRECTIVE_TEST) \
    X(PRIORITY, "priority", ARG_NONE, VALUE_NUMBER, 0)                           \
    X(VALID_FROM, "valid_from", ARG_NONE, VALUE_DATE, 0)                         \
    X(VALID_UNTIL, "valid_until", ARG_NONE, VALUE_DATE, 0)                       \
    X(MAX_DROP, "max_drop", ARG_NONE, VALUE_PERCENT, 0)                          \
    X(STRIP_IMAGE_SRC, "strip_image_src", ARG_NONE, VALUE_SOME, 0)               \
    X(STRIP_COMMENTS, "strip_comments", ARG_NONE, VALUE_BOOL, DIRECTIVE_RESERVED) \
    X(SKIP_ID_OR_CLASS, "skip_id_or_class", ARG_NONE, VALUE_SOME, DIRECTIVE_RESERVED) \
    X(PRUNE, "prune", ARG_NONE, VALUE_BOOL, 0)                                   \
    X(TIDY, "tidy", ARG_NONE, VALUE_BOOL, DIRECTIVE_RESERVED)                    \
    X(PARSER, "parser", ARG_NONE, VALUE_SOME, DIRECTIVE_RESERVED)                \
    X(AUTODETECT_ON_FAILURE, "autodetect_on_failure", ARG_NONE, VALUE_BOOL, DIRECTIVE_RESERVED) \
    X(AUTODETECT_NEXT_PAGE, "autodetect_next_page", ARG_NONE, VALUE_BOOL, DIRECTIVE_RESERVED) \
    X(SKIP_JSON_LD, "skip_json_ld", ARG_NONE, VALUE_BOOL, 0)                     \
    X(WRAP_IN, "wrap_in", ARG_MUST, VALUE_XPATH, 0)                              \
    X(DISSOLVE, "dissolve", ARG_NONE, VALUE_XPATH, 0)                            \
    X(MOVE_INTO, "move_into", ARG_MUST, VALUE_XPATH, 0)                          \
    X(CONVERT_DOUBLE_BR_TAGS, "convert_double_br_tags", ARG_NONE, VALUE_BOOL, 0) \
    X(INSERT_DETECTED_IMAGE, "insert_detected_image", ARG_NONE, VALUE_BOOL, DIRECTIVE_RESERVED) \
    X(FOOTNOTES, "footnotes", ARG_NONE, VALUE_TEXT, DIRECTIVE_RESERVED)          \
    X(SRC_LAZY_LOAD_ATTR, "src_lazy_load_attr", ARG_NONE, VALUE_SOME, DIRECTIVE_RESERVED) \
    X(NATIVE_AD_CLUE, "native_ad_clue", ARG_NONE, VALUE_XPATH, 0)                \
    X(SINGLE_PAGE_LINK, "single_page_link", ARG_NONE, VALUE_XPATH, 0)            \
    X(SINGLE_PAGE_LINK_IN_FEED, "single_page_link_in_feed", ARG_NONE, VALUE_XPATH, DIRECTIVE_RESERVED) \
    X(NEXT_PAGE_LINK, "next_page_link", ARG_NONE, VALUE_XPATH, 0)                \
    X(IF_PAGE_CONTAINS, "if_page_contains", ARG_NONE, VALUE_XPATH, 0)            \
    X(HTTP_HEADER, "http_header", ARG_MUST, VALUE_TEXT, DIRECTIVE_RESERVED)      \
    X(REQUIRES_LOGIN, "requires_login", ARG_NONE, VALUE_BOOL, DIRECTIVE_RESERVED) \
    X(LOGIN_URI, "login_uri", ARG_NONE, VALUE_TEXT, DIRECTIVE_RESERVED)          \
    X(LOGIN_USERNAME_FIELD, "login_username_field", ARG_NONE, VALUE_TEXT, DIRECTIVE_RESERVED) \
    X(LOGIN_PASSWORD_FIELD, "login_password_field", ARG_NONE, VALUE_TEXT, DIRECTIVE_RESERVED) \
    X(LOGIN_EXTRA_FIELDS, "login_extra_fields", ARG_NONE, VALUE_TEXT, DIRECTIVE_RESERVED) \
    X(NOT_LOGGED_IN_XPATH, "not_logged_in_xpath", ARG_NONE, VALUE_TEXT, DIRECTIVE_RESERVED)

enum directive_id {
#define X(id, name, arg, value, flags) DIRECTIVE_##id,
    DIRECTIVES(X)
#undef X
    DIRECTIVE_COUNT
};

struct directive {
    const char *name;
    enum directive_id id;
    enum arg_kind arg;
    enum value_kind value;
    unsigned flags;
};

/* NULL where no directive has this name. */
const struct directive *directive_of(struct slice name);

/* The name that was probably meant, or NULL where none comes near. */
const char *directive_near(struct slice name);

#endif
