/* worker.c - the life of a process that cleans one page.
 *
 * It closes what is not its own, steps into the smaller box, reads its page, lets page.c
 * clean it, and ends.  Nothing is freed: the process is. */
#include "pool/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_MORE = 64 * 1024 };

/* Sanitizers tell what they found on standard error. */
#if defined(__SANITIZE_ADDRESS__)
enum { KEEPS_STDERR = 1 };
#else
enum { KEEPS_STDERR = 0 };
#endif

static int close_others(void)
{
    if (KEEPS_STDERR) {
        if (close_range(STDIN_FILENO, STDOUT_FILENO, 0) != 0 ||
            close_range(BOX_CONTROL, BOX_CONTROL, 0) != 0)
            return -1;
    } else if (close_range(0, BOX_PAGE - 1, 0) != 0) {
        return -1;
    }
    return close_range(BOX_SOCKET + 1, ~0u, 0);
}

/* Room for more of the page: what its size promised, later twice as much each time. */
static bool make_room(char **data, size_t *room, size_t len, size_t most)
{
    size_t want = *room ? *room * 2 : len + 1;
    want = want < READ_MORE ? READ_MORE : want > most ? most : want;
    char *more = realloc(*data, want);
    if (!more)
        return false;
    *data = more;
    *room = want;
    return true;
}

/* Reads the page whole, or one byte more than it may have: so the library refuses it in its
 * own words.  0, or an errno. */
static int read_page(const struct worker *w, struct order *o)
{
    size_t most = w->max_bytes + 1, room = 0, len = 0;
    char *data = NULL;
    size_t promised = o->size < most ? (size_t)o->size : most - 1;
    for (;;) {
        if (len == room && (len == most || !make_room(&data, &room, promised, most)))
            break;
        ssize_t n = pread(BOX_PAGE, data + len, room - len, (off_t)len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    if (len == room && len < most)
        return ENOMEM;
    o->input.data = data;
    o->input.len = len;
    return 0;
}

static int refuse_unread(struct worker *w, int why)
{
    char text[200];
    if (why == ENOMEM)
        snprintf(text, sizeof text, "no memory for the page; let workers have more");
    else
        snprintf(text, sizeof text, "the page cannot be read: %s; see what its disk says",
                 strerror(why));
    return talk_done(&w->talk, why == ENOMEM ? WINNOW_ENOMEM : WINNOW_EIO, false, "", text);
}

_Noreturn void worker_run(struct worker *w, struct order *order)
{
    if (close_others() != 0 || box_tighten(&w->box, w->nursery) != 0)
        _exit(1);
    w->talk.fd = BOX_SOCKET;
    int why = read_page(w, order);
    _exit((why == 0 ? page_run(w, order) : refuse_unread(w, why)) == 0 ? 0 : 1);
}
