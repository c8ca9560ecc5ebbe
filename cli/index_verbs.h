/* index_verbs.h - the verbs of winnow index, for --help. */
#ifndef WINNOW_INDEX_VERBS_H
#define WINNOW_INDEX_VERBS_H

/* One a line. */
void index_print_verbs(void);

#endif
