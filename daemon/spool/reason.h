/* reason.h - why a file is in quarantine: reason.json.
 *
 *     {"id": "1763800000123456", "path": "example.org/a.html", "path_bytes": "...",
 *      "kind": "crash", "reason": "...", "what_to_do": "...", "time": "2026-11-22T08:00:00Z",
 *      "winnow": "winnow 0.1.0", "attempts": [{"time": ..., "reason": ...}, ...]}
 *
 * path_bytes, base64, only where the path is no UTF-8. */
#ifndef WINNOW_REASON_H
#define WINNOW_REASON_H

#include "spool.h"

struct reason {
    const char *kind;   /* a word: "data", "limit", "crash", "timeout", "box", "memory", ... */
    const char *text;   /* what happened */
    const char *what_to_do;
};

/* Appends a line to work/<id>/failures: an attempt that failed. */
WINNOW_CHECK int reason_note_failure(const struct spool *s, uint64_t id, const char *text,
                                     struct winnow_error *err);
/* How many there are; 0 also where the file cannot be read. */
unsigned reason_failures(const struct spool *s, uint64_t id);

/* Writes work/<id>/reason.json, with the failures as attempts. */
WINNOW_CHECK int reason_write(const struct spool *s, uint64_t id, const char *path,
                              const struct reason *reason, struct winnow_error *err);

/* Reads quarantine/<id>/reason.json: kind and reason, each to be freed.  SPOOL_GONE;
 * WINNOW_EDATA where it is none of ours. */
WINNOW_CHECK int reason_read(const struct spool *s, uint64_t id, char **ret_kind, char **ret_text,
                             struct winnow_error *err);

#endif
