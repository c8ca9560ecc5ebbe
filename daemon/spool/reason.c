/* reason.c - the attempts that failed, and reason.json.
 *
 * Paths and messages come from pages: what is no UTF-8 is replaced in the text, and the
 * path's bytes are kept beside it. */
#include "reason.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"
#include "whole.h"
#include "spool_parts.h"

enum {
    FAILURES_MOST = 256 * 1024, /* bytes of failures that are read */
    REASON_MOST = 1024 * 1024,  /* bytes of reason.json that are read */
    LINE_TEXT = 1000,           /* bytes of a failure's text */
};
#define REASON_NAME "reason.json"

/* --- failures -------------------------------------------------------------------------------- */

/* "<seconds> <text>\n"; control characters become blanks, so that a line stays one. */
static size_t failure_line(char *ret, size_t room, const char *text)
{
    size_t len = (size_t)snprintf(ret, room - 1, "%lld %.*s", (long long)time(NULL), LINE_TEXT,
                                  text);
    if (len > room - 2)
        len = room - 2;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)ret[i] < 0x20 || ret[i] == 0x7F)
            ret[i] = ' ';
    ret[len++] = '\n';
    return len;
}

int reason_note_failure(const struct spool *s, uint64_t id, const char *text,
                        struct winnow_error *err)
{
    char line[LINE_TEXT + 64];
    int fd, status = spool_create(s, id, SPOOL_FAILURES, &fd, err);
    if (status != WINNOW_OK)
        return status;
    size_t len = failure_line(line, sizeof line, text);
    ssize_t n;
    while ((n = write(fd, line, len)) < 0 && errno == EINTR)
        continue;
    if (n != (ssize_t)len) {
        errno = n < 0 ? errno : ENOSPC;
        status = fault_errno(err, "check the disk", "work/%s/failures: cannot be written",
                             id_text(id).text);
    }
    fd_close(fd);
    return status;
}

unsigned reason_failures(const struct spool *s, uint64_t id)
{
    char *text;
    size_t len;
    unsigned count = 0;
    if (spool_read(s, id, SPOOL_FAILURES, FAILURES_MOST, &text, &len, NULL) != WINNOW_OK)
        return 0;
    for (size_t i = 0; i < len; i++)
        count += text[i] == '\n';
    free(text);
    return count;
}

/* --- UTF-8, base64, time ------------------------------------------------------------------------ */

/* How many bytes the character at p has; 0: it is none.  (RFC 3629.) */
static size_t utf8_length(const unsigned char *p)
{
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xC2 && p[0] <= 0xDF)
        return (p[1] & 0xC0) == 0x80 ? 2 : 0;
    if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        if ((p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80)
            return 0;
        return (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ? 0 : 3;
    }
    if (p[0] < 0xF0 || p[0] > 0xF4 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80 ||
        (p[3] & 0xC0) != 0x80)
        return 0;
    return (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F) ? 0 : 4;
}

/* A JSON string; U+FFFD for each byte that is no UTF-8.  *is_exact: there was none. */
static json_t *text_json(const char *text, bool *is_exact)
{
    size_t len = strlen(text), n = 0;
    char *copy = malloc(3 * len + 1);
    *is_exact = true;
    if (!copy)
        return NULL;
    for (const char *p = text; *p;) {
        size_t step = utf8_length((const unsigned char *)p);
        if (step == 0)
            *is_exact = false;
        memcpy(copy + n, step ? p : "\xEF\xBF\xBD", step ? step : 3);
        n += step ? step : 3;
        p += step ? step : 1;
    }
    json_t *ret = json_stringn(copy, n);
    free(copy);
    return ret;
}

static json_t *base64_json(const char *bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = strlen(bytes), n = 0;
    const unsigned char *p = (const unsigned char *)bytes;
    char *text = malloc((len + 2) / 3 * 4 + 1);
    if (!text)
        return NULL;
    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        unsigned three = (unsigned)p[i] << 16 | (have > 1 ? (unsigned)p[i + 1] << 8 : 0) |
                         (have > 2 ? p[i + 2] : 0);
        text[n++] = digits[three >> 18];
        text[n++] = digits[three >> 12 & 63];
        text[n++] = have > 1 ? digits[three >> 6 & 63] : '=';
        text[n++] = have > 2 ? digits[three & 63] : '=';
    }
    json_t *ret = json_stringn(text, n);
    free(text);
    return ret;
}

static json_t *time_json(long long seconds)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    char text[40];
    if (!gmtime_r(&t, &tm) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return json_null();
    return json_string(text);
}

/* --- reason.json -------------------------------------------------------------------------------- */

static int add_text(json_t *to, const char *name, const char *text)
{
    bool is_exact;
    return json_object_set_new(to, name, text_json(text ? text : "", &is_exact));
}

static int add_path(json_t *to, const char *path)
{
    bool is_exact;
    if (json_object_set_new(to, "path", text_json(path, &is_exact)) != 0)
        return -1;
    return is_exact ? 0 : json_object_set_new(to, "path_bytes", base64_json(path));
}

static int add_attempt(json_t *attempts, char *line)
{
    char *text;
    long long seconds = strtoll(line, &text, 10);
    json_t *attempt = json_object();
    int code = json_object_set_new(attempt, "time", time_json(seconds));
    if (code == 0)
        code = add_text(attempt, "reason", text + (*text == ' '));
    if (code == 0)
        return json_array_append_new(attempts, attempt);
    json_decref(attempt);
    return -1;
}

static int add_attempts(json_t *to, const struct spool *s, uint64_t id)
{
    char *text = NULL, *rest = NULL;
    size_t len;
    json_t *attempts = json_array();
    int code = json_object_set_new(to, "attempts", attempts);
    if (code != 0 ||
        spool_read(s, id, SPOOL_FAILURES, FAILURES_MOST, &text, &len, NULL) != WINNOW_OK)
        return code;
    for (char *line = strtok_r(text, "\n", &rest); line && code == 0;
         line = strtok_r(NULL, "\n", &rest))
        code = add_attempt(attempts, line);
    free(text);
    return code;
}

static char *reason_text(const struct spool *s, uint64_t id, const char *path,
                         const struct reason *reason)
{
    json_t *all = json_object();
    int code = add_text(all, "id", id_text(id).text);
    if (code == 0)
        code = add_path(all, path);
    if (code == 0)
        code = add_text(all, "kind", reason->kind);
    if (code == 0)
        code = add_text(all, "reason", reason->text);
    if (code == 0)
        code = add_text(all, "what_to_do", reason->what_to_do);
    if (code == 0)
        code = json_object_set_new(all, "time", time_json((long long)time(NULL)));
    if (code == 0)
        code = add_text(all, "winnow", winnow_version());
    if (code == 0)
        code = add_attempts(all, s, id);
    char *ret = code == 0 ? json_dumps(all, JSON_INDENT(2)) : NULL;
    json_decref(all);
    return ret;
}

static int write_text(int fd, const char *text)
{
    return write_whole(fd, text, strlen(text)) ? 0 : -1;
}

static int write_reason(const struct spool *s, uint64_t id, const char *text)
{
    int folder = folder_open(s->work, id_text(id).text);
    if (folder < 0)
        return -1;
    int fd = openat(folder, REASON_NAME,
                    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    int code = fd < 0 ? -1 : write_text(fd, text);
    if (code == 0)
        code = write_text(fd, "\n");
    fd_close(fd);
    fd_close(folder);
    return code;
}

int reason_write(const struct spool *s, uint64_t id, const char *path,
                 const struct reason *reason, struct winnow_error *err)
{
    char *text = reason_text(s, id, path, reason);
    if (!text)
        return fault_nomem(err);
    int code = write_reason(s, id, text), why = errno;
    free(text);
    errno = why;
    if (code != 0)
        return fault_errno(err, "check the disk; it is tried again",
                           "work/%s/" REASON_NAME ": cannot be written", id_text(id).text);
    return WINNOW_OK;
}

/* --- read -------------------------------------------------------------------------------------- */

static int not_sound(uint64_t id, const char *why, struct winnow_error *err)
{
    return fault_set(err, WINNOW_EDATA, "quarantine/%s/" REASON_NAME ": %s; the file is unharmed: "
                     "retry or release it", id_text(id).text, why);
}

/* jansson asks for more; bounded, whatever size the file has. */
struct bounded {
    int fd;
    size_t left;
};

static size_t read_some(void *buffer, size_t len, void *ctx)
{
    struct bounded *b = ctx;
    if (len > b->left)
        len = b->left;
    ssize_t n;
    while ((n = read(b->fd, buffer, len)) < 0 && errno == EINTR)
        continue;
    if (n < 0)
        return (size_t)-1;
    b->left -= (size_t)n;
    return (size_t)n;
}

static int take_reason(const json_t *all, uint64_t id, char **ret_kind, char **ret_text,
                       struct winnow_error *err)
{
    const char *kind = json_string_value(json_object_get(all, "kind"));
    const char *text = json_string_value(json_object_get(all, "reason"));
    if (!kind || !text)
        return not_sound(id, "has no kind or no reason", err);
    char *kind_copy = strdup(kind), *text_copy = strdup(text);
    if (!kind_copy || !text_copy) {
        free(kind_copy);
        free(text_copy);
        return fault_nomem(err);
    }
    *ret_kind = kind_copy;
    *ret_text = text_copy;
    return WINNOW_OK;
}

int reason_read(const struct spool *s, uint64_t id, char **ret_kind, char **ret_text,
                struct winnow_error *err)
{
    int folder = folder_open(s->quarantine, id_text(id).text);
    int fd = folder < 0 ? -1
                        : openat(folder, REASON_NAME,
                                 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    fd_close(folder);
    if (fd < 0)
        return errno == ENOENT ? SPOOL_GONE
                               : fault_errno(err, "check its permissions",
                                             "quarantine/%s/" REASON_NAME ": cannot be opened",
                                             id_text(id).text);
    struct bounded b = {fd, REASON_MOST};
    json_t *all = json_load_callback(read_some, &b, 0, NULL);
    close(fd);
    if (!all)
        return not_sound(id, "is no JSON", err);
    int status = take_reason(all, id, ret_kind, ret_text, err);
    json_decref(all);
    return status;
}
