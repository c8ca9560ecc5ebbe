/* main.c - winnow-worker: cleans pages in a box, for winnowd and winnow clean -j. */
#include <stdio.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "pool/box.h"
#include "pool/nursery.h"

/* Was this program started by one that talks to it? */
static int has_owner(void)
{
    int type;
    socklen_t len = sizeof type;
    return getsockopt(BOX_CONTROL, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
           type == SOCK_SEQPACKET;
}

int main(void)
{
    if (!has_owner()) {
        fputs("winnow-worker: winnowd and winnow clean -j start this program; it does nothing "
              "by hand\n",
              stderr);
        return EX_USAGE;
    }
    /* Not by exit: what runs at exit may want what the box forbids. */
    _exit(nursery_run());
}
