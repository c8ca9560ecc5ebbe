/* question.h - what a process that cleans a page asks the owner of the index, as bytes.
 *
 * A question is its kind (1 byte) and:
 *
 *     FIND    version 1 | key 16 | wants_site 1 | site string
 *     PRINTS  total 4 | from 4 | hashes from .. of all the page's, 8 each
 *     LOOKUP  from 4
 *     LOOK    numbers of documents, 4 each
 *     TEXT    number 4
 *
 * An answer is its status (1 byte: enum winnow_status), damage that nobody was told of yet
 * (how many 1, then for each: file string | at 8 | text string), and, where the status is
 * WINNOW_OK (else why, as a string):
 *
 *     FIND    read_only 1 | k, w, least, normaliser 4 each | hash key 8 | record | has_site 1 |
 *             site's blob as a string
 *     PRINTS, LOOKUP    how many 4, then for each: print 4 | number 4
 *     LOOK    for each: status 1 | state 1 | other 4 | first 4 | key 16
 *     TEXT    record | source, url, text as strings
 *     record: number 4 | state 1 | other 4 | first 4 | key 16 | content 16
 *
 * Strings and numbers are those of wire.h.  A page asks in this order:
 *
 * 1. FIND says which document it is, and which site's.  The blob comes where the document is
 *    new or it is wanted.
 * 2. PRINTS announces all its fingerprints, in pieces; all but the last get no hits.  Then
 *    the owner knows which pages share some, and who waits for whom.  The last one's answer
 *    has the hits of the first QUESTION_PIECE; LOOKUP asks for the others, piece by piece.
 * 3. LOOK and TEXT concern documents that these hits named, and its own. */
#ifndef WINNOW_QUESTION_H
#define WINNOW_QUESTION_H

#include <stdint.h>

enum { QUESTION_VERSION = 1 };

enum question {
    QUESTION_FIND = 1,
    QUESTION_PRINTS,
    QUESTION_LOOKUP,
    QUESTION_LOOK,
    QUESTION_TEXT,
    QUESTIONS,
};

/* What one page may ask. */
enum {
    QUESTION_PRINTS_MOST = 1 << 21, /* about 40 MB of text; what stands behind is not compared */
    QUESTION_PIECE = 4096,          /* in one question: the owner never works long at one */
    QUESTION_FINDS_MOST = 8,
    QUESTION_SITE_MOST = 65536,     /* bytes of a site's name */
    QUESTION_LOOKS_MOST = 256,      /* documents */
    QUESTION_LOOKS = 64,            /* in one question */
    QUESTION_TEXTS_MOST = 24,       /* texts; a page is compared with 16, and its own version */
    QUESTION_TEXT_MOST = 64 << 20,  /* bytes of one; a longer one is not compared */
    QUESTION_BYTES_MOST = 256 << 20, /* of all of them */
    QUESTION_DAMAGE = 16,           /* pieces of damage in one answer */
};

#endif
