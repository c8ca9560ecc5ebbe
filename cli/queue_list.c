/* queue_list.c - winnow queue ls: what waits, what is in work, what is in quarantine and why. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "queue_parts.h"
#include "queue_print.h"
#include "say.h"
#include "spool/reason.h"

enum { LINES_MOST = 1000 /* entries that people are shown */ };

/* --- entries -------------------------------------------------------------------------------- */

static int no_memory(void)
{
    say("out of memory; free some, then try again");
    return EX_OSERR;
}

struct adding {
    struct entries *to;
    bool is_quarantined, is_full;
};

static bool add_entry(struct entries *e, struct entry entry)
{
    if (e->count == e->cap) {
        size_t cap = e->cap ? 2 * e->cap : 64;
        struct entry *items = reallocarray(e->items, cap, sizeof *items);
        if (!items)
            return false;
        e->items = items;
        e->cap = cap;
    }
    e->items[e->count++] = entry;
    return true;
}

static int add_each(void *ctx, uint64_t id, const char *path)
{
    struct adding *a = ctx;
    struct entry entry = {id, path ? strdup(path) : NULL, a->is_quarantined};
    if ((path && !entry.path) || !add_entry(a->to, entry)) {
        free(entry.path);
        a->is_full = true;
        return 1;
    }
    return 0;
}

int entries_read(const struct queue *q, bool quarantine, struct entries *e)
{
    struct adding a = {e, quarantine, false};
    struct winnow_error err = {0};
    int status = spool_each(q->spool, quarantine, add_each, &a, &err);
    if (a.is_full)
        return no_memory();
    if (status != WINNOW_OK)
        say("%s", err.text);
    return exit_code_of(status);
}

static int by_id(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

void entries_sort(struct entries *e)
{
    if (e->count > 1)
        qsort(e->items, e->count, sizeof *e->items, by_id);
}

const struct entry *entries_find(const struct entries *e, uint64_t id)
{
    struct entry key = {.id = id};
    return e->count ? bsearch(&key, e->items, e->count, sizeof key, by_id) : NULL;
}

void entries_free(struct entries *e)
{
    for (size_t i = 0; i < e->count; i++)
        free(e->items[i].path);
    free(e->items);
}

/* --- what is known of one ------------------------------------------------------------------- */

struct known {
    char *kind, *reason; /* of quarantine; NULL: cannot be read */
    unsigned failures;   /* of work */
    bool is_cleaned;     /* its results lie there and wait for their decision */
};

static void know(const struct queue *q, const struct entry *e, struct known *ret)
{
    char name[48];
    struct stat st;
    *ret = (struct known){0};
    if (e->is_quarantined) {
        if (reason_read(q->spool, e->id, &ret->kind, &ret->reason, NULL) != WINNOW_OK)
            ret->kind = ret->reason = NULL;
        return;
    }
    ret->failures = reason_failures(q->spool, e->id);
    for (int f = SPOOL_TEXT; f <= SPOOL_RECORD; f++) {
        snprintf(name, sizeof name, "%" PRIu64 "/%s", e->id, spool_file_names[f]);
        ret->is_cleaned |= fstatat(q->spool->work, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    }
}

static void forget(struct known *k)
{
    free(k->kind);
    free(k->reason);
}

static int64_t age_of(const struct entry *e, int64_t now)
{
    return now - (int64_t)(e->id / 1000000);
}

static const char *state_of(const struct entry *e, const struct known *k)
{
    if (!e->path)
        return "no-file";
    return e->is_quarantined ? "quarantined" : k->is_cleaned ? "cleaned" : "claimed";
}

/* --- for people ----------------------------------------------------------------------------- */

static void print_why(const struct entry *e, const struct known *k)
{
    printf("%18s", "");
    if (!e->path)
        fputs(e->is_quarantined ? "a retry was broken off; winnow queue retry ends it"
                                : "a claim was broken off; the next start of winnowd removes it",
              stdout);
    else if (!e->is_quarantined)
        printf("attempts that failed: %u", k->failures);
    else if (k->reason) {
        print_words(k->kind);
        fputs(": ", stdout);
        print_words(k->reason);
    } else
        fputs("reason.json cannot be read; winnow queue fsck tells more", stdout);
    putchar('\n');
}

static void print_line(const struct queue *q, const struct entry *e, int64_t now)
{
    char age[32];
    struct known k;
    know(q, e, &k);
    printf("%-16" PRIu64 "  %-11s  %7s  ", e->id, state_of(e, &k), age_words(age_of(e, now), age));
    print_path(e->path ? e->path : "");
    putchar('\n');
    if (!e->path || e->is_quarantined || k.failures > 0)
        print_why(e, &k);
    forget(&k);
}

static void print_text(const struct queue *q, const struct tally *drop, const struct entries *e,
                       int64_t now)
{
    char age[32];
    printf("in drop/: %" PRIu64 " files", drop->files);
    if (drop->files > 0)
        printf(", the oldest for %s", age_words(now - drop->oldest, age));
    putchar('\n');
    for (size_t i = 0; i < e->count && i < LINES_MOST; i++)
        print_line(q, &e->items[i], now);
    if (e->count > LINES_MOST)
        printf("and %zu more; --format json writes all\n", e->count - LINES_MOST);
}

/* --- for programs --------------------------------------------------------------------------- */

static void print_object(const struct queue *q, const struct entry *e, int64_t now)
{
    struct known k;
    know(q, e, &k);
    printf("{\"id\": \"%" PRIu64 "\", \"state\": \"%s\", \"age\": %" PRId64 ", ", e->id,
           state_of(e, &k), age_of(e, now));
    print_json_path(e->path);
    if (!e->is_quarantined)
        printf(", \"failures\": %u", k.failures);
    else if (k.reason) {
        fputs(", \"kind\": ", stdout);
        print_json_string(k.kind);
        fputs(", \"reason\": ", stdout);
        print_json_string(k.reason);
    }
    putchar('}');
    forget(&k);
}

static void print_json(const struct queue *q, const struct tally *drop, const struct entries *e,
                       int64_t now)
{
    printf("{\"drop\": {\"files\": %" PRIu64 ", \"oldest\": %" PRId64 "}, \"entries\": [",
           drop->files, drop->files > 0 ? now - drop->oldest : 0);
    for (size_t i = 0; i < e->count; i++) {
        fputs(i ? ",\n" : "\n", stdout);
        print_object(q, &e->items[i], now);
    }
    fputs("]}\n", stdout);
}

int queue_ls(struct queue *q)
{
    struct entries e = {0};
    struct tally drop;
    int code = tally_folder(q, "drop", &drop);
    for (int quarantine = 0; code == EX_OK && quarantine < 2; quarantine++)
        code = entries_read(q, quarantine, &e);
    entries_sort(&e);
    if (code == EX_OK)
        (q->settings->format == WINNOW_TEXT ? print_text : print_json)(q, &drop, &e, time(NULL));
    entries_free(&e);
    return code;
}
