/* index_program.h - what the tests of winnow index and winnow reclean share: pages that
 * differ, pages of one site, and a long text that others copy. */
#ifndef WINNOW_TEST_INDEX_PROGRAM_H
#define WINNOW_TEST_INDEX_PROGRAM_H

#include "program.h"

#define HEAD "How the harbour of Ulla got its second lighthouse back\n"
#define FIRST                                                                                      \
    "When the storm of nineteen eighty-six had taken the lantern, nobody on the island thought "   \
    "that it would ever be lit again, for the ships had long been steering by satellites and "     \
    "the keeper had moved to the mainland to live with his daughter.\n"
#define SECOND                                                                                     \
    "It was a class of schoolchildren who wrote the first letter to the ministry, and when no "    \
    "answer came they wrote a second one, with a drawing of the tower in it, and then a third, "   \
    "until a clerk who had spent his summers on Ulla put the matter before a committee.\n"
#define THIRD                                                                                      \
    "The new lamp was lit last Saturday; it uses less current than a kettle, can be seen from "    \
    "eleven miles off, and goes out by itself at sunrise, which the old keeper, who had come "     \
    "over for the day, called the only thing about it that he would have to get used to.\n"
#define WHOLE HEAD FIRST SECOND THIRD

/* The beginning of the same, cut in mid-word. */
#define TEASER                                                                                     \
    HEAD FIRST "It was a class of schoolchildren who wrote the first letter to the ministry, and " \
               "when no answer came they wrote a second one, with a drawing of the tow...\n"

/* What stands on every page of a site. */
#define MENU_TOP "Home News Weather Ferries Tides Contact\nSubscribe to the letter of the island\n"
#define MENU_END                                                                                   \
    "All rights belong to the harbour board of Ulla and Sarr\nBack to the top of this page\n"

/* Some sentences that no other seed gives. */
static inline void print_story(FILE *f, unsigned seed)
{
    static const char *const words[] = {
        "boat",  "grey",   "captain", "rope",  "winter", "bread",  "school", "salt",
        "house", "letter", "engine",  "tide",  "garden", "bridge", "market", "song",
        "light", "stone",  "cousin",  "wheel", "barrel", "mirror", "ladder", "coat",
        "paper", "goose",  "oven",    "fence", "candle", "basket", "hammer", "cloud"};
    uint32_t x = seed * 2654435761u + 12345u;

    for (unsigned line = 0; line < 4; line++) {
        fprintf(f, "On day %u of story %u", line + 1, seed);
        for (unsigned i = 0; i < 24; i++) {
            x = x * 1664525u + 1013904223u;
            fprintf(f, " %s", words[x >> 27]);
        }
        fprintf(f, " were counted.\n");
    }
}

/* A page of a site: its menu around a story. */
static inline void make_page(const char *name, unsigned seed)
{
    FILE *f = fopen(path_of(name), "wb");

    assert_non_null(f);
    fputs(MENU_TOP, f);
    print_story(f, seed);
    fputs(MENU_END, f);
    assert_int_equal(fclose(f), 0);
}

static inline void make_pages(const char *in, unsigned from, unsigned to)
{
    make_folder(in);
    for (unsigned i = from; i <= to; i++) {
        char name[160];
        snprintf(name, sizeof name, "%s/p%02u.txt", in, i);
        make_page(name, i);
    }
}

static inline void assert_file_lacks(const char *name, const char *text)
{
    char *bytes = read_file(name);

    if (strstr(bytes, text))
        fail_msg("%s holds \"%s\": %.300s", name, text, bytes);
    free(bytes);
}

/* Asserts that a run did what it should; frees it. */
static inline void assert_done(struct run r, const char *holds)
{
    assert_code(&r, 0);
    assert_out(&r, holds);
    run_free(&r);
}

static inline void assert_refused(struct run r, int code, const char *says)
{
    assert_code(&r, code);
    assert_one_error(&r);
    assert_err(&r, says);
    assert_int_equal(r.out_len, 0);
    run_free(&r);
}

/* Runs winnow with a system call that fails, where strace can see to that. */
#define RUN_FAILING(call, ...)                                                                     \
    run_failing("inject=" call ":error=EIO", (const char *const[]){__VA_ARGS__, NULL})

static inline struct run run_failing(const char *inject, const char *const *args)
{
    const char *all[24] = {"-c", "p=$1; shift; exec strace -qq -f -o /dev/null -e \"$p\" \"$@\"",
                           "sh", inject};
    char *before = strdup(program_path());
    struct run r;

    all[4] = before;
    for (size_t i = 0; args[i] && i + 6 < sizeof all / sizeof *all; i++)
        all[5 + i] = args[i];
    setenv("WINNOW_PROGRAM", "/bin/sh", 1);
    /* The leak check is a tracer itself, and there can be one. */
    r = run_launch((struct launch){.args = all, .env = "ASAN_OPTIONS=detect_leaks=0"});
    setenv("WINNOW_PROGRAM", before, 1);
    free(before);
    return r;
}

/* Is there an strace, and may it trace? */
static inline bool can_fail(void)
{
    return system("strace -qq -o /dev/null true 2> /dev/null") == 0;
}

/* A figure of winnow index stat. */
static inline unsigned long figure(const char *index, const char *name)
{
    struct run r = RUN("index", "stat", "--format", "json", path_of(index));
    char key[64];
    const char *at;
    unsigned long n;

    assert_code(&r, 0);
    snprintf(key, sizeof key, "\"%s\": ", name);
    at = strstr(r.out, key);
    if (!at)
        fail_msg("no %s in %s", name, r.out);
    n = strtoul(at + strlen(key), NULL, 10);
    run_free(&r);
    return n;
}

#endif
