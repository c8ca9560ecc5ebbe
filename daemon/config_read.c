/* config_read.c - winnowd.conf, line by line.
 *
 * 1. Every line that is wrong is told, not the first alone; then nothing of the file counts.
 * 2. The file is read whole, and never more than CONFIG_BYTES_MOST of it: a path that is
 *    mistyped may name anything.
 *
 * It is read here and not by a library for .ini files, since those take a line that is
 * indented for a part of the one above, ":" for "=", and what stands behind ";" for a
 * comment: each would change a path in silence. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "config_table.h"
#include "fault.h"
#include "shown.h"
#include "whole.h"

struct reader {
    const char *path;      /* as it is shown */
    config_found_fn *found;
    void *ctx;
    struct config c;
    unsigned line;
    unsigned said[SETTINGS_MOST]; /* the line of each setting; 0: not yet */
    unsigned findings;
    struct winnow_error first; /* of them, with file and line */
    bool failed;               /* out of memory: not the file's fault */
};

static void report(struct reader *r, const char *text)
{
    if (r->findings++ == 0)
        fault_set(&r->first, WINNOW_EUSAGE, "%s:%u: %s", r->path, r->line, text);
    if (r->findings <= CONFIG_FOUND_MOST && r->found)
        r->found(r->ctx, r->path, r->line, text);
}

/* --- the file's bytes ------------------------------------------------------------------ */

static int open_file(const char *path, const char *show, int *ret_fd, struct winnow_error *err)
{
    struct stat info;
    /* Without blocking: a pipe that nobody writes to would hold the service for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return fault_errno(err, "name a file that can be read with -c", "%s", show);
    if (fstat(fd, &info) == 0 && (S_ISREG(info.st_mode) || S_ISCHR(info.st_mode))) {
        *ret_fd = fd;
        return WINNOW_OK;
    }
    close(fd);
    return fault_set(err, WINNOW_EIO, "%s is %s; name a plain file with -c", show,
                     S_ISDIR(info.st_mode) ? "a folder" : "no plain file");
}

/* *ret is to be freed. */
static int load_file(const char *path, const char *show, char **ret, size_t *ret_len,
                     struct winnow_error *err)
{
    int fd = -1, status = open_file(path, show, &fd, err);
    if (status)
        return status;
    char *bytes = malloc(CONFIG_BYTES_MOST + 1);
    ssize_t len = bytes ? read_whole(fd, bytes, CONFIG_BYTES_MOST + 1) : 0;
    if (!bytes)
        status = fault_nomem(err);
    else if (len < 0)
        status = fault_errno(err, "see whether its disk is well", "%s", show);
    else if (len > CONFIG_BYTES_MOST)
        status = fault_set(err, WINNOW_ELIMIT, "%s is larger than %d KiB; that is no "
                           "configuration, name another file with -c", show,
                           CONFIG_BYTES_MOST / 1024);
    close(fd);
    if (status) {
        free(bytes);
        return status;
    }
    *ret = bytes;
    *ret_len = (size_t)len;
    return WINNOW_OK;
}

/* --- its lines -------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts blanks from both ends of start .. *end; ends it with a NUL, where its end then is. */
static char *trim(char *start, char **end)
{
    while (start < *end && is_blank(*start))
        start++;
    while (*end > start && is_blank((*end)[-1]))
        (*end)--;
    **end = '\0';
    return start;
}

static void tell_twice(struct reader *r, const struct setting *s, unsigned before)
{
    char text[128];
    snprintf(text, sizeof text, "%s stands in line %u already; remove one of them", s->name, before);
    report(r, text);
}

static void take_setting(struct reader *r, const struct setting *s, const char *value)
{
    unsigned *said = &r->said[s - settings];
    struct winnow_error why = {0};
    char text[512];
    if (*said && !s->kind->is_list) {
        tell_twice(r, s, *said);
        return;
    }
    int status = s->kind->read(s, value, NULL, *said > 0, &r->c, &why);
    *said = r->line;
    if (status == WINNOW_ENOMEM)
        r->failed = true;
    if (!status)
        return;
    snprintf(text, sizeof text, "%s: %.*s", s->name, (int)sizeof text - 64, why.text);
    report(r, text);
}

/* name = value, from text on to end. */
static void take_pair(struct reader *r, char *text, char *equals, char *end)
{
    struct winnow_error why = {0};
    char *value = trim(equals + 1, &end), *name = trim(text, &equals);
    const struct setting *s = setting_find(name);
    if (s) {
        take_setting(r, s, value);
    } else {
        setting_unknown(name, &why);
        report(r, why.text);
    }
}

static void take_line(struct reader *r, char *line, char *end)
{
    char *text = trim(line, &end), *equals = memchr(text, '=', (size_t)(end - text));
    if (text == end || *text == '#' || *text == ';')
        return;
    if (setting_has_control(text, (size_t)(end - text)))
        report(r, "a control character is here; this is no text, or write the value without it");
    else if (*text == '[')
        report(r, "there are no sections here; remove the line, and name the settings alone");
    else if (!equals)
        report(r, "no \"=\" is here; write name = value, or # before a comment");
    else
        take_pair(r, text, equals, end);
}

static void take_lines(struct reader *r, char *bytes, size_t len)
{
    char *end = bytes + len, *line = bytes;
    if (len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
        line += 3; /* a byte order mark: some editors leave one */
    while (line < end && !r->failed && r->findings <= CONFIG_FOUND_MOST) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        stop = stop ? stop : end;
        r->line++;
        take_line(r, line, stop);
        line = stop + 1;
    }
}

static int tell_outcome(const struct reader *r, struct winnow_error *err)
{
    if (r->failed)
        return fault_nomem(err);
    if (r->findings == 1)
        return fault_set(err, WINNOW_EUSAGE, "%s", r->first.text);
    return fault_set(err, WINNOW_EUSAGE, "%.*s (and %s%u more)", 480, r->first.text,
                     r->findings > CONFIG_FOUND_MOST ? "at least " : "", r->findings - 1);
}

int config_read(const char *path, config_found_fn *found, void *ctx, struct config *ret,
                struct winnow_error *err)
{
    char show[256], *bytes = NULL;
    size_t len = 0;
    struct reader r = {.path = shown(path, strlen(path), show, sizeof show), .found = found, .ctx = ctx};
    int status = load_file(path, show, &bytes, &len, err);
    if (!status)
        status = config_default(&r.c, err);
    if (!status) {
        take_lines(&r, bytes, len);
        status = r.findings > 0 || r.failed ? tell_outcome(&r, err) : WINNOW_OK;
    }
    free(bytes);
    if (status) {
        config_free(&r.c);
        return status;
    }
    *ret = r.c;
    return WINNOW_OK;
}
