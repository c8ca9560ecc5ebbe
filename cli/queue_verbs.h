/* queue_verbs.h - the verbs of winnow queue, for --help. */
#ifndef WINNOW_QUEUE_VERBS_H
#define WINNOW_QUEUE_VERBS_H

/* One a line. */
void queue_print_verbs(void);

#endif
