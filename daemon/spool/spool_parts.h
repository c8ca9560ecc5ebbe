/* spool_parts.h - what the files of the spool share among themselves. */
#ifndef WINNOW_SPOOL_PARTS_H
#define WINNOW_SPOOL_PARTS_H

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "spool.h"

enum {
    ID_SIZE = 24,      /* an id in decimal, with its NUL */
    INPUT_MOST = ID_SIZE + 4 + PATH_MAX, /* "<id>/in/<path>" */
};

/* Some 146,000 years: there is always a later one. */
#define ID_MOST (UINT64_C(1) << 62)

/* --- words ------------------------------------------------------------------- */

/* A path as a message has it: one that is long without its middle, so that there is room
 * left to say what to do. */
struct path_text {
    char text[180];
};
struct path_text path_text(const char *path);

struct id_text {
    char text[ID_SIZE];
};
struct id_text id_text(uint64_t id);
/* Strict: decimal digits, no 0 in front.  false: no id. */
bool id_parse(const char *text, uint64_t *ret);

/* --- places: the folder of a path, and the name in it; errno tells ------------ */

enum walk {
    WALK_OPEN, /* the folders are there, or it is ENOENT */
    WALK_MAKE, /* they may be missing */
    WALK_NEW,  /* they probably are */
};

struct place {
    int fd;           /* of the folder, for *at calls only (O_PATH) */
    bool own;         /* else it is the base, and not to be closed */
    const char *name; /* in the caller's path */
};

/* -1 and errno: ENOTDIR also where a part is a symbolic link. */
int place_open(int base, const char *path, enum walk walk, struct place *ret);
void place_close(const struct place *p); /* keeps errno */

/* The place of <id>/in/<path> below base (work/ or quarantine/). */
int input_place(int base, uint64_t id, const char *path, enum walk walk, struct place *ret);

/* A folder, for *at calls only; -1. */
int folder_open(int base, const char *name);
void fd_close(int fd); /* keeps errno */

/* --- listing ------------------------------------------------------------------- */

/* Calls each for all that is in the folder base/name but . and ..; d_type as getdents has
 * it.  Stops when each returns not 0, and returns that; -1 and errno. */
typedef int entry_fn(void *ctx, int fd, const char *name, unsigned char type);
int fd_each(int fd, entry_fn *each, void *ctx); /* of a folder that is open for reading */
int folder_each(int base, const char *name, entry_fn *each, void *ctx);

/* Is name in fd a folder?  Asks where d_type does not say. */
bool entry_is_folder(int fd, const char *name, unsigned char type);

struct ids {
    uint64_t *items;
    size_t count, room;
    size_t others; /* names that are none */
};
/* The ids that a folder has, in order; free(ret->items).  -1 and errno. */
int ids_list(int fd, struct ids *ret);

/* --- what is in <id>/ ------------------------------------------------------------ */

/* Finds the input of base/<id>: its path, to ret.  1: there is none; -1 and errno.  Where
 * there is more than a claim makes, the path of the folder that has it. */
int input_find(int base, uint64_t id, char ret[PATH_MAX]);

/* Removes base/name and all in it: files before folders.  What is missing is no failure.
 * -1 and errno. */
int tree_remove(int base, const char *name);

/* The n-th name to try, from 1: name, name~2, name~3 ...; in the end name~<id>, which no
 * other file has.  Of no more than `most` bytes: name is cut, between characters. */
void name_try(char ret[NAME_MAX + 1], const char *name, unsigned n, uint64_t id, size_t most);
enum { NAMES_MOST = 64 /* tries, the last with the id */ };

/* Joins name and suffix: false where it is no name that fits. */
bool name_join(char ret[NAME_MAX + 1], const char *name, const char *suffix);

#endif
