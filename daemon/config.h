/* config.h - winnowd.conf: its settings, their names, units and bounds in one table.
 *
 *     # a comment
 *     name = value
 *
 * Lists are several lines of one name, or words on one line; the first line of a name takes
 * the default's place.  A word or a path may stand in quotes, with \" and \\ in them.  There
 * are no sections, and no comments behind a value. */
#ifndef WINNOW_CONFIG_H
#define WINNOW_CONFIG_H

#include <stdbool.h>
#include <stdio.h>

#include "winnow.h"

enum config_existing { EXISTING_KEEP, EXISTING_REPLACE };

struct config_list {
    char **items;
    size_t count;
};

struct config {
    char *spool;            /* the folder; absolute */
    /* cleaning */
    struct config_list rules; /* before those that ship */
    bool default_rules;
    bool keep_repeats, all_repeats;
    bool index;             /* keep one, in state/index */
    enum winnow_across across;
    bool site;              /* remove what a site's pages share */
    bool text, record;      /* what is written: <path>.txt, <path>.json */
    enum config_existing existing; /* a path that comes again: out/ keeps both, or the new */
    size_t max_size;        /* bytes of a page */
    /* workers */
    unsigned workers;       /* 0: as many as there are processors */
    unsigned timeout_ms;
    size_t memory;          /* bytes a worker may map */
    unsigned attempts;      /* of a page that fails, before quarantine */
    unsigned retry_ms;      /* before the second attempt; twice that before the third ... */
    /* the queue */
    unsigned batch;         /* outcomes that are made durable together, at most */
    unsigned batch_ms;      /* an outcome waits so long for others */
    unsigned max_work;      /* files claimed at once */
    unsigned long long min_free; /* bytes; below it nothing is claimed */
    unsigned min_free_inodes;
    /* watching */
    unsigned settle_ms, rescan_s, poll_ms;
    bool settle_always, poll;
    struct config_list ignore;
    /* what it tells */
    char *metrics;          /* NULL: state/metrics.prom */
    unsigned metrics_s;
    unsigned log;           /* 0 errors, 1 warnings, 2 what happens, 3 every file */
};

/* Every setting at its default. */
WINNOW_CHECK int config_default(struct config *ret, struct winnow_error *err);

/* Reads a file over the defaults.  Each finding (unknown name with the probable one, value out of
 * bounds, name given twice) is told to found, which may be NULL, with file, line and what to do,
 * at most CONFIG_FOUND_MOST of them; WINNOW_EUSAGE where there was one, and err has the first
 * with its file and line.  WINNOW_EIO where the file cannot be read, WINNOW_ELIMIT where it is
 * too large to be one.  *ret is untouched then.
 * In config_fixed_changes there is no file: file is NULL and line 0. */
enum { CONFIG_FOUND_MOST = 20, CONFIG_BYTES_MOST = 1 << 20 };
typedef void config_found_fn(void *ctx, const char *file, unsigned line, const char *text);
WINNOW_CHECK int config_read(const char *path, config_found_fn *found, void *ctx,
                             struct config *ret, struct winnow_error *err);

/* One setting, as from a line "name = value" (winnowd --set), but that paths may begin where
 * the program stands.  A list is replaced.  WINNOW_EUSAGE; *c is as it was then. */
WINNOW_CHECK int config_set(struct config *c, const char *name, const char *value,
                            struct winnow_error *err);

/* Every setting with its value, as a file that config_read takes: --check, --print. */
void config_print(const struct config *c, FILE *to);

/* The settings that differ and cannot be changed while winnowd runs, told one by one; how many
 * there are. */
size_t config_fixed_changes(const struct config *old, const struct config *new,
                            config_found_fn *found, void *ctx);

void config_free(struct config *c);

#endif
