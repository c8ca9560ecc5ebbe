/* index_open.c - the index of --index, opened with what can be said about its folder. */
#include "index_open.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "say.h"

int index_find(const char *folder)
{
    struct stat st;
    if (stat(folder, &st) != 0)
        say("%s: %s; an index is made by winnow clean --index %s", folder, strerror(errno), folder);
    else if (!S_ISDIR(st.st_mode))
        say("%s: not a folder; name the folder of an index", folder);
    else if (access(folder, R_OK | X_OK) != 0)
        say("%s: %s; check its permissions", folder, strerror(errno));
    else
        return EX_OK;
    return EX_NOINPUT;
}

/* A folder that is not there yet is the library's to make. */
static int find_for_writing(const char *folder)
{
    struct stat st;
    if (stat(folder, &st) != 0 && errno == ENOENT)
        return EX_OK;
    if (access(folder, F_OK) != 0)
        say("%s: cannot be made: %s; choose another folder", folder, strerror(errno));
    else if (!S_ISDIR(st.st_mode))
        say("%s: not a folder; name the folder of an index, or one to be made", folder);
    else if (access(folder, W_OK | X_OK) != 0)
        say("%s: cannot be written: %s; check its permissions and its disk", folder,
            strerror(errno));
    else
        return EX_OK;
    return EX_CANTCREAT;
}

int index_open(const char *folder, bool read_only, struct winnow_index **ret)
{
    struct winnow_error err = {0};
    int code = !folder ? EX_OK : read_only ? index_find(folder) : find_for_writing(folder);
    if (code != EX_OK)
        return code;
    int status = winnow_index_open(folder, read_only, ret, &err);
    if (status != WINNOW_OK)
        say("%s", err.text);
    return exit_code_of(status);
}

void index_ask(const struct settings *s, struct winnow *w, struct winnow_index *index)
{
    struct winnow_index_use use = {.no_site = s->no_site,
                                   .across = s->across_given ? s->across
                                                             : WINNOW_ACROSS_AS_RECORDED};
    winnow_use_index(w, index, &use);
}

int index_use(const struct settings *s, struct winnow *w, struct winnow_index **ret)
{
    int code = s->index ? index_open(s->index, true, ret) : EX_OK;
    if (code == EX_OK && s->index)
        index_ask(s, w, *ret);
    return code;
}
