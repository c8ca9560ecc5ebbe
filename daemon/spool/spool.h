/* spool.h - the folders of a spool, and the steps of a file through them.
 *
 *     drop/                what scrapers put here, any depth
 *     work/<id>/           claimed:  in/<path below drop>, and its sidecar in/<path>.url
 *                          while it is cleaned: failures (a line each), and the results
 *                          text, record, told
 *     out/                 <path>.txt, <path>.json
 *     quarantine/<id>/     in/<path>, reason.json
 *     state/               lock, manifest-*.log, index/, control, metrics.prom
 *
 * All of it lies on one file system: a step is one rename.
 *
 *     drop --claim--> work --(decided: manifest)--> publish: out, then finish: gone
 *                       |                     \---> quarantine
 *                       +--give_back--> drop
 *
 * 1. <id> is the time of the claim in microseconds since 1970, made larger where two would
 *    be equal: never used twice, and in the order of time.
 * 2. Paths below drop/ are bytes.  None has "", "." or ".." as a part, and nothing here
 *    follows a symbolic link.
 * 3. Nothing here syncs but what says so: commit.c orders that.
 * 4. Each step may be cut anywhere and taken again.  A folder of work/ or quarantine/ that
 *    has no input (any more) is what a step left: spool_finish and spool_forget remove it.
 *
 * One owner at a time, by a lock; any number may look. */
#ifndef WINNOW_SPOOL_H
#define WINNOW_SPOOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "winnow.h"

enum spool_use { SPOOL_OWN, SPOOL_LOOK };

struct spool {
    char *path;                                     /* absolute */
    int root, drop, work, out, quarantine, state;   /* folders */
    int lock;                                       /* -1: only looking */
    uint64_t last_id;
};

enum { SPOOL_GONE = -1 /* the file is not there (any more): nothing is wrong */ };

/* Opens it; the owner makes what is missing (drop/ and out/ by the umask; the others for it
 * alone to write, and its group to look: 0750), takes the lock, and tries what it needs: one
 * file system, renames that replace nothing.  Who only looks finds -1 where a folder is
 * missing.  WINNOW_EBUSY: another winnowd has it; WINNOW_EUSAGE; WINNOW_EIO. */
WINNOW_CHECK int spool_open(const char *path, enum spool_use use, struct spool **ret,
                            struct winnow_error *err);
void spool_close(struct spool *s);

/* Somebody has put another folder in the place of out/, or taken it away: from now on the
 * new one is meant (made, where there is none).  For the owner, now and then; any thread may be
 * using s->out meanwhile. */
void spool_renew_out(struct spool *s);

uint64_t spool_new_id(struct spool *s);
void spool_know_id(struct spool *s, uint64_t id); /* later ones are larger */

/* Moves drop/<path>, and its sidecar <path>.url where there is one, to work/<id>/in/.
 * SPOOL_GONE, also where it is no regular file (any more); WINNOW_EUSAGE: it cannot be
 * claimed where it lies (another file system, a folder without permission), until its owner
 * changes that; WINNOW_EIO: not now.  Then the file is in drop/. */
WINNOW_CHECK int spool_claim(struct spool *s, const char *path, uint64_t id,
                             struct winnow_error *err);

/* For a claim that was found after a crash: takes the sidecar along where the claim was cut
 * before that (it is in drop/, its page is not, and work/<id>/ has none). */
WINNOW_CHECK int spool_claim_sidecar(struct spool *s, uint64_t id, const char *path,
                                     struct winnow_error *err);

/* Opens the claimed file, for reading: a regular file, by O_NOFOLLOW and O_NONBLOCK.
 * SPOOL_GONE; WINNOW_EUSAGE where it may not be read; WINNOW_EDATA where it is no regular
 * file.  The caller closes it. */
WINNOW_CHECK int spool_open_input(const struct spool *s, uint64_t id, const char *path, int *ret_fd,
                                  struct stat *ret_stat, struct winnow_error *err);

/* The URL of its sidecar, or of its attribute user.xdg.origin.url: in ret, "" where there is
 * none; *from is "sidecar" or "user.xdg.origin.url", as winnow_input.url_from has it. */
void spool_read_url(const struct spool *s, uint64_t id, const char *path, char ret[8192],
                    const char **from);

/* The files of work/<id>/ that are not the input. */
enum spool_file { SPOOL_TEXT, SPOOL_RECORD, SPOOL_TOLD, SPOOL_FAILURES, SPOOL_FILES };
extern const char *const spool_file_names[SPOOL_FILES]; /* "text", "record", "told", ... */

/* Makes (empty) and opens one for writing, or for appending (SPOOL_FAILURES). */
WINNOW_CHECK int spool_create(const struct spool *s, uint64_t id, enum spool_file file, int *ret_fd,
                              struct winnow_error *err);
/* Reads one whole, to be freed; SPOOL_GONE; WINNOW_ELIMIT above max_bytes. */
WINNOW_CHECK int spool_read(const struct spool *s, uint64_t id, enum spool_file file,
                            size_t max_bytes, char **ret, size_t *ret_len,
                            struct winnow_error *err);
void spool_drop_results(const struct spool *s, uint64_t id); /* text, record, told: if there */
/* told alone, which must be gone.  WINNOW_EIO. */
WINNOW_CHECK int spool_drop_told(const struct spool *s, uint64_t id, struct winnow_error *err);

/* A name below out/ for <path>, that nothing has now: <path>, or <path>~2, ~3 ..., and
 * one cut to fit (with ~<id>) where name or suffix are too long; a folder's part that a file
 * has is changed in the same way.  taken, which may be NULL, says what else is not free.
 * replace: regular files are no hindrance, nor is what is taken.  Makes the folders, so that
 * no other name can get in their way.  To be freed. */
typedef bool spool_taken_fn(void *ctx, const char *name);
WINNOW_CHECK int spool_out_name(const struct spool *s, uint64_t id, const char *path, bool replace,
                                spool_taken_fn *taken, void *ctx, char **ret,
                                struct winnow_error *err);

/* Moves work/<id>/text to out/<name>.txt, then record to out/<name>.json: what there is of
 * them; again after a crash it goes on where it was.  Makes the folders.  replace: regular
 * files of these names give way (an old record goes before the new text comes, so that no
 * two are seen that do not belong together).  WINNOW_EUSAGE: a foreign file has that name
 * since; then nothing was moved, or (replace) it is no file. */
WINNOW_CHECK int spool_publish(const struct spool *s, uint64_t id, const char *name, bool replace,
                               struct winnow_error *err);

/* Removes work/<id>/ and all that is in it: results, then the input, then folders.  Done
 * already: WINNOW_OK. */
WINNOW_CHECK int spool_finish(const struct spool *s, uint64_t id, struct winnow_error *err);

/* Moves work/<id>/ to quarantine/<id>/; reason.json (reason.h) was written into it before.
 * Done already: WINNOW_OK. */
WINNOW_CHECK int spool_quarantine(const struct spool *s, uint64_t id, struct winnow_error *err);

/* Moves the file of work/<id>/ (from_quarantine: quarantine/<id>/) back to drop/<path>, with
 * its sidecar (which goes first: a page may be claimed as soon as it is there).  Where drop/
 * has another file of that name: to <path>~2 and so on, which *ret_path (may be NULL; to be
 * freed) says.  work/<id>/ is then removed; quarantine/<id>/ stays until spool_forget: the
 * manifest is told between.  SPOOL_GONE where there is no file (any more). */
WINNOW_CHECK int spool_give_back(const struct spool *s, uint64_t id, bool from_quarantine,
                                 char **ret_path, struct winnow_error *err);

/* Removes quarantine/<id>/ and all that is in it.  Done already: WINNOW_OK. */
WINNOW_CHECK int spool_forget(const struct spool *s, uint64_t id, struct winnow_error *err);

/* What is claimed, or in quarantine, by id; path is NULL where the folder has no input (a
 * claim that was broken off).  Goes on until each returns not 0, which is then returned. */
typedef int spool_each_fn(void *ctx, uint64_t id, const char *path);
WINNOW_CHECK int spool_each(const struct spool *s, bool quarantine, spool_each_fn *each, void *ctx,
                            struct winnow_error *err);

/* How many that are, without a look into them. */
WINNOW_CHECK int spool_count(const struct spool *s, bool quarantine, uint64_t *ret,
                             struct winnow_error *err);

/* Makes durable all that was written and renamed in the spool: syncfs.  One descriptor for
 * all of an owner's time: so it is told of every write that failed since the last sync, also
 * of one that another program's sync was told of before (a new descriptor would not be).  A
 * failure is told once, and what it concerns must be written again. */
WINNOW_CHECK int spool_sync(const struct spool *s, struct winnow_error *err);

/* Is this a path that may stand below drop/: relative, no part of it "", "." or "..", shorter
 * than PATH_MAX? */
bool spool_path_ok(const char *path);

/* Opens the folder of a path, part by part, following no link: *ret_fd is the folder's, to be
 * closed (never base itself), *ret_name points at the last part.  make: makes them. */
WINNOW_CHECK int spool_walk(int base, const char *path, bool make, int *ret_fd,
                            const char **ret_name, struct winnow_error *err);

#endif
