/* box.h - the box that a nursery and its workers live in.
 *
 *                        nursery                     worker
 *   Landlock             no path may be opened, made or removed, no TCP port bound or
 *                        connected; no signal and no abstract socket beyond the box
 *   system calls         a worker's, and what it     memory, the clock, its page, its
 *                        takes to fork, wait and     socket, and to end
 *                        pass messages
 *   rlimits              memory, no file written,    and: processor time, no process
 *                        16 descriptors, no core
 *
 * 1. What is not allowed kills the process (SIGSYS), so that an attempt is seen.  A few calls
 *    that the C library makes on its own are refused politely instead (box.c, `calls`).
 * 2. Where the machine cannot do one of these there is no box, and no cleaning: the error
 *    says what to change. */
#ifndef WINNOW_POOL_BOX_H
#define WINNOW_POOL_BOX_H

#include <stdint.h>
#include <sys/types.h>

#include "winnow.h"

/* The descriptors that the box knows by number. */
enum {
    BOX_CONTROL = 3, /* nursery */
    BOX_PAGE = 4,    /* worker: the page, for reading */
    BOX_SOCKET = 5,  /* worker: to the owner */
};

struct sock_filter;

struct box {
    struct sock_filter *filter; /* a worker's; lives as long as the process */
    unsigned short filter_len;
    uint32_t cpu_seconds;
};

/* Puts this process, which has one thread, into the nursery's box.  WINNOW_EUSAGE where the
 * machine has no such box. */
WINNOW_CHECK int box_enter(uint64_t memory, uint32_t cpu_seconds, struct box *ret,
                           struct winnow_error *err);

/* In a process that the nursery forked: into a worker's box.  0, or -1. */
WINNOW_CHECK int box_tighten(const struct box *box, pid_t nursery);

#endif
