/* nursery.h - the process that forks a worker for each page. */
#ifndef WINNOW_POOL_NURSERY_H
#define WINNOW_POOL_NURSERY_H

enum { NURSERY_CHILDREN_MOST = 4096 };

/* Serves the owner at the other end of the socket BOX_CONTROL, until it closes it.  The exit
 * code of the process. */
int nursery_run(void);

#endif
