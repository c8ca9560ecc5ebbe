/* control.h - how winnow queue talks to a running winnowd: state/control, a Unix socket.
 *
 * One request a connection: a line of words, blanks between them, ids in decimal, at most
 * CONTROL_MOST bytes with its newline; then lines of answer, the last of which begins with
 * "ok" or "error: "; then the end.
 *
 *     status               name and value a line, as the metrics have them
 *     flush                look at all of drop/ now; retry what waits to be retried
 *     retry ID|all         from quarantine back into drop/
 *     release ID|all       from quarantine; the file is then in the folder that is given:
 *                          release ID FOLDER, with %XX as in the manifest */
#ifndef WINNOW_CONTROL_H
#define WINNOW_CONTROL_H

enum { CONTROL_MOST = 16 * 1024 /* bytes of a request */ };

#endif
