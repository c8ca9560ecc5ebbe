/* spool_words.c - ids and paths as text. */
#include "spool_parts.h"

#include <errno.h>
#include <inttypes.h>

struct path_text path_text(const char *path)
{
    struct path_text ret;
    size_t len = strlen(path), part = (sizeof ret.text - 4) / 2;
    if (len < sizeof ret.text) {
        memcpy(ret.text, path, len + 1);
        return ret;
    }
    memcpy(ret.text, path, part);
    memcpy(ret.text + part, "...", 3);
    memcpy(ret.text + part + 3, path + len - part, part + 1);
    return ret;
}

struct id_text id_text(uint64_t id)
{
    struct id_text ret;
    snprintf(ret.text, sizeof ret.text, "%" PRIu64, id);
    return ret;
}

bool id_parse(const char *text, uint64_t *ret)
{
    uint64_t id = 0;
    if (text[0] < '1' || text[0] > '9')
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        unsigned digit = (unsigned)(*text - '0');
        if (id > (ID_MOST - digit) / 10)
            return false;
        id = id * 10 + digit;
    }
    *ret = id;
    return true;
}

/* The length of name cut to most bytes, not in the middle of a UTF-8 character. */
static size_t cut(const char *name, size_t most)
{
    size_t len = strlen(name);
    if (len <= most)
        return len;
    for (len = most; len > 0 && most - len < 3 && ((unsigned char)name[len] & 0xC0) == 0x80;)
        len--;
    return len;
}

void name_try(char ret[NAME_MAX + 1], const char *name, unsigned n, uint64_t id, size_t most)
{
    char suffix[ID_SIZE + 1] = "";
    if (n >= NAMES_MOST || (n == 1 && strlen(name) > most))
        snprintf(suffix, sizeof suffix, "~%s", id_text(id).text);
    else if (n > 1)
        snprintf(suffix, sizeof suffix, "~%u", n);
    size_t more = strlen(suffix), len = cut(name, most - more);
    memcpy(ret, name, len);
    memcpy(ret + len, suffix, more + 1);
}

bool name_join(char ret[NAME_MAX + 1], const char *name, const char *suffix)
{
    size_t len = strlen(name), more = strlen(suffix);
    if (more > NAME_MAX || len > NAME_MAX - more)
        return false;
    memcpy(ret, name, len);
    memcpy(ret + len, suffix, more + 1);
    return true;
}
