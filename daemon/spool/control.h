/* control.h - how winnow queue talks to a running winnowd: state/control, a Unix socket.
 *
 * One request a connection: a line of words, blanks between them, ids in decimal, at most
 * CONTROL_MOST bytes with its newline; then lines of answer, the last of which begins with
 * "ok" or "error: "; then the end.
 *
 *     status               name and value a line, as the metrics have them
 *     flush                look at all of drop/ now; retry what waits to be retried
 *     retry ID...          from quarantine back into drop/
 *     release ID...        out of quarantine, for good.  Who asks has copied the file to where
 *                          it is wanted, and made that durable, before: winnowd may write
 *                          nowhere but in its spool, and forgets the file
 *
 * retry and release take at most CONTROL_IDS ids, and answer with a line for each, in their
 * order:
 *
 *     <id> done <path>     path: below drop/, as it is named there now, with %XX as in the
 *                          manifest; "-" where there is none to tell
 *     <id> failed <text>   the file is still in quarantine
 *
 * Whoever may write to the socket (mode 0660: its owner and its group) may ask. */
#ifndef WINNOW_CONTROL_H
#define WINNOW_CONTROL_H

enum {
    CONTROL_MOST = 16 * 1024, /* bytes of a request */
    CONTROL_IDS = 64,         /* ids in it: each has its steps while pages wait */
    CONTROL_ASK_MS = 5000,    /* for a request to come, and again for its answer to be read */
};

#endif
