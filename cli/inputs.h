/* inputs.h - the inputs that a command line names, and what each one holds. */
#ifndef WINNOW_INPUTS_H
#define WINNOW_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "options.h"

enum input_kind { INPUT_FILE, INPUT_STDIN, INPUT_URL };

struct input {
    enum input_kind kind;
    char *path; /* of the file, or the URL, or "standard input" */
    char *name; /* its path below the output folder, without the format's suffix */
};

struct inputs {
    struct input *items;
    size_t count, cap;
    bool folder; /* a folder was named: there may be any number */
};

/* Lists what the arguments name: files, folders with all regular files in them (by
 * name; not those below the folders of -o and --index), URLs, "-".  None is standard input.
 * Arguments that cannot be read are named and counted in *failed; *code becomes the
 * last one's exit code and is untouched where there is none, or where it lies inside
 * a folder.  0, or EX_OSERR after a message. */
int inputs_list(const struct settings *s, struct inputs *ret, size_t *failed, int *code);
void inputs_free(struct inputs *in);

/* Which file an input is, also one that became standard input; false: none. */
bool input_file(const struct input *in, struct stat *ret);

/* An input's bytes, and what is known of where they came from. */
struct loaded {
    char *data;
    size_t len;
    char *url; /* NULL: not known */
    const char *url_from;
    char charset[40]; /* as HTTP said; "" */
    char *source; /* which document it is: its absolute path, the URL it was fetched from;
                     NULL: standard input does not say */
};

/* 0, or an exit code after a message. */
int input_load(const struct input *in, const struct settings *s, struct loaded *ret);
void loaded_free(struct loaded *l);

#endif
