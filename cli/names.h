/* names.h - strings numbered from 0 in the order of their coming, and marks on pairs of numbers. */
#ifndef WINNOW_NAMES_H
#define WINNOW_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_NONE UINT32_MAX

/* Begins as {0}. */
struct names {
    char **items;
    size_t count, cap;
    uint32_t *slots; /* an item's number + 1; 0: free */
    size_t nslots;
    size_t bytes; /* of all strings */
    uint64_t seed;
};

/* The number of a string, which is copied where it is new; NAME_NONE: no memory. */
uint32_t names_add(struct names *n, const char *p, size_t len);

/* NAME_NONE: it is none of them. */
uint32_t names_find(const struct names *n, const char *p, size_t len);
void names_free(struct names *n);

/* Begins as {0}. */
struct pair_marks {
    uint64_t *keys;
    unsigned char *marks; /* 0: the slot is free */
    size_t count, nslots;
    uint64_t seed;
};

/* Adds bits to the marks of a pair; false: no memory. */
bool pair_marks_add(struct pair_marks *m, uint32_t a, uint32_t b, unsigned bits);
unsigned pair_marks_of(const struct pair_marks *m, uint32_t a, uint32_t b);
void pair_marks_free(struct pair_marks *m);

#endif
