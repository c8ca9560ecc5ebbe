/* rules_testing.h - what the tests of rules share: folders of rule files, and what a
 * page has to say about the rules that it met. */
#ifndef WINNOW_RULES_TESTING_H
#define WINNOW_RULES_TESTING_H

#include "testing.h"

#include <ftw.h>
#include <sys/stat.h>

/* A rule that applies to every dump. */
#define ANY "match_text: /./\n"

/* --- folders of rule files ------------------------------------------------------------- */

struct rules_folder {
    char path[100];
};

static inline struct rules_folder folder_open(void)
{
    struct rules_folder f = {"/tmp/winnow-test-XXXXXX"};
    assert_non_null(mkdtemp(f.path));
    return f;
}

/* The path of a name in the folder.  Four may be in use at a time. */
static inline const char *folder_path(const struct rules_folder *f, const char *name)
{
    static char paths[4][400];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", f->path, name);
    return path;
}

static inline void folder_put(const struct rules_folder *f, const char *name, const char *text)
{
    FILE *file = fopen(folder_path(f, name), "wb");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static inline int folder_remove_one(const char *path, const struct stat *s, int type,
                                    struct FTW *ftw)
{
    (void)s;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void folder_close(struct rules_folder *f)
{
    nftw(f->path, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A cleaner with all the rule files of a folder. */
static inline struct winnow *winnow_of(const struct rules_folder *f)
{
    struct winnow_error err = {0};
    struct winnow *w = winnow_with(NULL, NULL);
    if (winnow_add_rules(w, f->path, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return w;
}

/* --- pages -------------------------------------------------------------------------------- */

static inline struct winnow_page *clean_from(struct winnow *w, const char *text, const char *url)
{
    return clean_page(w, (struct winnow_input){.data = text, .len = strlen(text), .url = url});
}

static inline int notes_hold(const struct winnow_page *page, const char *part)
{
    const char *note;
    for (size_t i = 0; (note = winnow_page_note(page, i)) != NULL; i++)
        if (strstr(note, part))
            return 1;
    return 0;
}

static inline void expect_rendered(const struct winnow_page *page, const char *want)
{
    char *got = page_render(page, WINNOW_TEXT);
    assert_string_equal(got, want);
    free(got);
    expect_whole(page);
}

/* An HTML page of a.example under one file of rules for it, given without its wrapping. */
static inline void expect_html(const char *rules, const char *html, const char *want)
{
    struct winnow *w = winnow_with("a.example.txt", rules);
    char head[] = "<!DOCTYPE html><title>T</title>";
    struct text text = {calloc(1, 1), 0};
    text_add(&text, head, strlen(head));
    text_add(&text, html, strlen(html));
    struct winnow_page *page = clean_from(w, text.data, "http://a.example/");
    char *got = page_render(page, WINNOW_TEXT);
    if (strcmp(got, want) != 0)
        fail_msg("under\n%swanted \"%s\", got \"%s\"", rules, want, got);
    expect_whole(page);
    free(got);
    free(text.data);
    winnow_page_free(page);
    winnow_free(w);
}

/* The value of a kind of metadata, or NULL. */
static inline const char *meta_of(const struct winnow_page *page, const char *name)
{
    const char *key, *value, *from;
    for (size_t i = 0; (key = winnow_page_meta(page, i, &value, &from)) != NULL; i++)
        if (strcmp(key, name) == 0)
            return value;
    return NULL;
}

/* A line many times over, and what follows it; free it. */
static inline char *lines_of(const char *line, size_t count, const char *last)
{
    size_t len = strlen(line);
    char *text = malloc(len * count + strlen(last) + 1);
    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * len, line, len);
    memcpy(text + len * count, last, strlen(last) + 1);
    return text;
}

/* --- findings --------------------------------------------------------------------------------- */

static inline void note_finding(void *ctx, const struct winnow_finding *f)
{
    char line[900];
    snprintf(line, sizeof line, "%u:%u:%s %s\n", f->line, f->column,
             f->is_error ? "" : " warning:", f->text);
    text_add(ctx, line, strlen(line));
}

#endif
