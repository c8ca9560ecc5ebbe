/* output.c - results, written whole or not at all. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "say.h"

int write_stream(void *stream, const char *data, size_t len)
{
    return fwrite(data, 1, len, stream) == len ? 0 : -1;
}

static int render_to(const struct winnow_page *page, enum winnow_format format, FILE *stream,
                     const char *input, const char *output)
{
    struct winnow_error err = {0};
    errno = 0;
    int status = winnow_render(page, format, write_stream, stream, &err);
    if (status == WINNOW_EIO)
        say("%s: cannot be written: %s; make room, then clean %s again", output, strerror(errno),
            input);
    else if (status != WINNOW_OK)
        say("%s: %s", input, err.text);
    return exit_code_of(status);
}

int output_stdout(const struct winnow_page *page, enum winnow_format format, const char *input)
{
    return render_to(page, format, stdout, input, "standard output");
}

int output_end(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EX_OK;
    say("standard output: cannot be written: %s; make room and run it again", strerror(errno));
    return EX_IOERR;
}

/* Makes the folders that path stands in. */
static int make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int rc = mkdir(path, 0777);
        int why = errno;
        *slash = '/';
        if (rc != 0 && why != EEXIST) {
            errno = why;
            return -1;
        }
    }
    return 0;
}

static int cannot_create(const char *path)
{
    say("%s: cannot be created: %s; check the folder and its permissions", path, strerror(errno));
    return EX_CANTCREAT;
}

/* mkostemp makes files for the owner alone; results are for whom the umask says. */
static void open_to_umask(int fd)
{
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd, 0666 & ~mask) != 0)
        return; /* a file system without modes */
}

/* A name for mkostemp in path's folder.  It does not hold path's own name: that may
 * be as long as a name can be. */
static char *temp_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash + 1 - path) : 0;
    char *temp = NULL;
    return asprintf(&temp, "%.*s.winnow-XXXXXX", folder, path) < 0 ? NULL : temp;
}

int output_sync(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code = fd >= 0 && syncfs(fd) == 0 ? EX_OK : EX_IOERR;
    if (code != EX_OK)
        say("%s: what was written may be lost if the power goes: %s; check the disk, then run it "
            "again",
            folder, strerror(errno));
    if (fd >= 0)
        close(fd);
    return code;
}

/* A device, a pipe: written to as it is, and never replaced by a file. */
static int open_special(const char *path, const char *input, struct output *ret)
{
    FILE *stream = fopen(path, "we");
    if (!stream)
        return cannot_create(path);
    *ret = (struct output){.stream = stream, .path = path, .input = input};
    return EX_OK;
}

int output_open(const char *path, const char *input, struct output *ret)
{
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode))
        return open_special(path, input, ret);
    char *temp = temp_path(path);
    if (!temp) {
        say("%s: out of memory; free some, then run it again for %s", path, input);
        return EX_OSERR;
    }
    int fd = make_folders(temp) == 0 ? mkostemp(temp, O_CLOEXEC) : -1;
    FILE *stream = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!stream) {
        int code = cannot_create(path);
        if (fd >= 0) {
            close(fd);
            unlink(temp);
        }
        free(temp);
        return code;
    }
    open_to_umask(fd);
    *ret = (struct output){.stream = stream, .path = path, .input = input, .temp = temp};
    return EX_OK;
}

/* What was not for everybody stays so: where the group cannot be kept, another one gets no
 * rights by it. */
static void keep_owner(int fd, const struct stat *old)
{
    mode_t mode = old->st_mode & 0777;
    if (fchown(fd, old->st_uid, old->st_gid) != 0 && fchown(fd, (uid_t)-1, old->st_gid) != 0)
        mode &= ~(mode_t)S_IRWXG;
    if (fchmod(fd, mode) != 0)
        return; /* a file system without modes */
}

int output_replace(const char *path, const char *input, struct output *ret)
{
    struct stat old;
    bool is_there = stat(path, &old) == 0;
    int code = output_open(path, input, ret);
    if (code != EX_OK)
        return code;
    ret->durable = true;
    if (is_there)
        keep_owner(fileno(ret->stream), &old);
    return EX_OK;
}

static int cannot_write(const struct output *o)
{
    say("%s: cannot be written: %s; make room, then clean %s again", o->path, strerror(errno),
        o->input);
    return EX_IOERR;
}

/* The name is the folder's. */
static int sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash + 1 - path)) : strdup(".");
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int code = fd >= 0 && fsync(fd) == 0 ? EX_OK : EX_IOERR;
    if (code != EX_OK)
        say("%s: written, but may be lost if the power goes: %s; check the disk", path,
            strerror(errno));
    if (fd >= 0)
        close(fd);
    free(folder);
    return code;
}

int output_close(struct output *o, int code)
{
    bool renamed = false;
    if (code == EX_OK && o->durable && o->temp &&
        (fflush(o->stream) != 0 || fdatasync(fileno(o->stream)) != 0))
        code = cannot_write(o);
    if (fclose(o->stream) != 0 && code == EX_OK)
        code = cannot_write(o);
    if (!o->temp)
        return code;
    if (code == EX_OK) {
        renamed = rename(o->temp, o->path) == 0;
        code = !renamed ? cannot_create(o->path) : o->durable ? sync_folder(o->path) : EX_OK;
    }
    if (!renamed)
        unlink(o->temp);
    free(o->temp);
    return code;
}

int output_file(const struct winnow_page *page, enum winnow_format format, const char *input,
                const char *path)
{
    struct output o;
    int code = output_open(path, input, &o);
    if (code != EX_OK)
        return code;
    return output_close(&o, render_to(page, format, o.stream, input, path));
}
