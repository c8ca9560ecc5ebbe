/* bench_clean.c - whole cleaning of HTML against the bare parse of the same bytes.
 *
 * usage: bench_clean [FOLDER] [ROUNDS]
 *
 * Reads every *.html and *.html.gz of FOLDER (default: the WCXB pages beside the
 * sources) into memory, unpacked, then in every round parses all of them with
 * lexbor, with libxml2, and cleans them with the rules that ship.  Machines are
 * noisy, so what counts are the ratios within one run; each figure is the best of
 * the rounds.  One thread. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libxml/HTMLparser.h>
#include <zlib.h>
#if WINNOW_HAVE_LEXBOR
#include <lexbor/html/html.h>
#endif

#include "winnow.h"

struct bytes {
    char *data;
    size_t len;
};

struct pages {
    struct bytes *items;
    size_t count, cap, total;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what, const char *name)
{
    fprintf(stderr, "bench_clean: %s: %s\n", name, what);
    exit(1);
}

/* --- pages ------------------------------------------------------------------------------ */

/* gzread reads plain files as they are. */
static struct bytes read_page(const char *path)
{
    struct bytes b = {NULL, 0};
    size_t cap = 0;
    gzFile f = gzopen(path, "rb");
    if (!f)
        die("cannot be opened", path);
    for (;;) {
        if (b.len + 65536 > cap) {
            cap = cap ? 2 * cap : 1 << 18;
            b.data = realloc(b.data, cap);
            if (!b.data)
                die("out of memory", path);
        }
        int n = gzread(f, b.data + b.len, 65536);
        if (n < 0)
            die("cannot be read", path);
        if (n == 0)
            break;
        b.len += (size_t)n;
    }
    gzclose(f);
    return b;
}

static struct pages read_pages(const char *folder)
{
    struct pages p = {0};
    DIR *dir = opendir(folder);
    if (!dir)
        die("no such folder; name one with *.html or *.html.gz in it", folder);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char path[4096];
        if (!strstr(e->d_name, ".html"))
            continue;
        if (p.count == p.cap) {
            p.cap = p.cap ? 2 * p.cap : 256;
            p.items = realloc(p.items, p.cap * sizeof *p.items);
            if (!p.items)
                die("out of memory", folder);
        }
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        p.items[p.count] = read_page(path);
        p.total += p.items[p.count++].len;
    }
    closedir(dir);
    return p;
}

/* --- what is measured ------------------------------------------------------------------- */

#if WINNOW_HAVE_LEXBOR
static uint64_t parse_lexbor(const struct pages *p)
{
    uint64_t before = now_ns();
    for (size_t i = 0; i < p->count; i++) {
        lxb_html_document_t *d = lxb_html_document_create();
        if (lxb_html_document_parse(d, (const lxb_char_t *)p->items[i].data, p->items[i].len) !=
            LXB_STATUS_OK)
            die("does not parse", "lexbor");
        lxb_html_document_destroy(d);
    }
    return now_ns() - before;
}
#endif

static uint64_t parse_libxml2(const struct pages *p)
{
    uint64_t before = now_ns();
    for (size_t i = 0; i < p->count; i++)
        xmlFreeDoc(htmlReadMemory(p->items[i].data, (int)p->items[i].len, NULL, "UTF-8",
                                  HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_RECOVER |
                                      XML_PARSE_HUGE));
    return now_ns() - before;
}

enum { STAGES_MOST = 32 };

static int count_bytes(void *ctx, const char *data, size_t len)
{
    (void)data;
    *(size_t *)ctx += len;
    return 0;
}

/* Cleans all; adds each stage's time, and last the rendering's. */
static uint64_t clean_all(struct winnow *w, const struct pages *p, uint64_t stages[STAGES_MOST],
                          size_t *failed)
{
    uint64_t before = now_ns();
    memset(stages, 0, STAGES_MOST * sizeof *stages);
    *failed = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct winnow_page *page = NULL;
        struct winnow_input in = {.data = p->items[i].data, .len = p->items[i].len};
        size_t written = 0, s = 0;
        uint64_t ns, start;
        if (winnow_clean(w, &in, &page, NULL) != WINNOW_OK) {
            (*failed)++;
            continue;
        }
        for (; winnow_page_stage(page, s, &ns); s++)
            stages[s] += ns;
        start = now_ns();
        if (winnow_render(page, WINNOW_TEXT, count_bytes, &written, NULL) != WINNOW_OK)
            (*failed)++;
        winnow_page_free(page);
        stages[s] += now_ns() - start;
    }
    return now_ns() - before;
}

/* --- report --------------------------------------------------------------------------------- */

static void row(const char *name, uint64_t ns, const struct pages *p, uint64_t base)
{
    printf("%-24s %8.1f ms %8.1f MB/s %8.3f\n", name, (double)ns / 1e6,
           (double)p->total * 1e3 / (double)ns, (double)ns / (double)base);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : WINNOW_SOURCE_DIR "/../shared/data/wcxb/html";
    int rounds = argc > 2 ? atoi(argv[2]) : 3;
    struct pages p = read_pages(folder);
    struct winnow *w = NULL;
    uint64_t lexbor = UINT64_MAX, libxml2 = UINT64_MAX, clean = UINT64_MAX;
    uint64_t stages[STAGES_MOST], best[STAGES_MOST];
    size_t failed = 0;
    if (winnow_new(NULL, &w, NULL) != WINNOW_OK ||
        winnow_add_rules(w, WINNOW_SOURCE_DIR "/rules", NULL) != WINNOW_OK)
        die("cannot be read", "rules");
    for (int r = 0; r < rounds || r == 0; r++) {
        uint64_t ns;
#if WINNOW_HAVE_LEXBOR
        ns = parse_lexbor(&p);
        lexbor = ns < lexbor ? ns : lexbor;
#endif
        ns = parse_libxml2(&p);
        libxml2 = ns < libxml2 ? ns : libxml2;
        ns = clean_all(w, &p, stages, &failed);
        if (ns < clean) {
            clean = ns;
            memcpy(best, stages, sizeof best);
        }
    }
    uint64_t base = lexbor != UINT64_MAX ? lexbor : libxml2;
    printf("%zu pages, %.1f MB, best of %d; cleaned with %s; %zu failed\n\n", p.count,
           (double)p.total / 1e6, rounds > 0 ? rounds : 1, winnow_parser(), failed);
    printf("%-24s %11s %13s %8s\n", "", "time", "speed", "ratio");
    if (lexbor != UINT64_MAX)
        row("bare lexbor parse", lexbor, &p, base);
    row("bare libxml2 parse", libxml2, &p, base);
    row("winnow clean", clean, &p, base);
    size_t s = 0;
    struct winnow_page *page = NULL;
    struct winnow_input empty = {.data = "", .len = 0};
    const char *name;
    if (winnow_clean(w, &empty, &page, NULL) != WINNOW_OK)
        die("cannot be cleaned", "an empty page");
    for (char line[40]; (name = winnow_page_stage(page, s, NULL)) != NULL; s++) {
        snprintf(line, sizeof line, "  %s", name);
        row(line, best[s], &p, base);
    }
    row("  render, free", best[s], &p, base);
    printf("\nspeed of cleaning / bare parse: %.2f\n", (double)base / (double)clean);
    winnow_page_free(page);
    winnow_free(w);
    for (size_t i = 0; i < p.count; i++)
        free(p.items[i].data);
    free(p.items);
    return 0;
}
