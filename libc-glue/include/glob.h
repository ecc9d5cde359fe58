// SPDX-License-Identifier: BSD-2-Clause
// Path name patterns, with the flag values of Linux C libraries; libc-glue/file/glob.c has them.
#ifndef _GLOB_H
#define _GLOB_H

#include <stddef.h>
#include <sys/cdefs.h>

#define GLOB_ERR      0x0001 // stop at a directory that cannot be read
#define GLOB_MARK     0x0002 // a slash after directories
#define GLOB_NOSORT   0x0004
#define GLOB_DOOFFS   0x0008 // leave gl_offs slots free in front
#define GLOB_NOCHECK  0x0010 // no match: the pattern itself
#define GLOB_APPEND   0x0020
#define GLOB_NOESCAPE 0x0040
#define GLOB_PERIOD   0x0080 // wildcards match a leading dot
#define GLOB_BRACE    0x0400 // {a,b}
#define GLOB_NOMAGIC  0x0800 // as NOCHECK when there is no wildcard
#define GLOB_TILDE    0x1000 // ~ and ~user
#define GLOB_ONLYDIR  0x2000

#define GLOB_NOSPACE 1
#define GLOB_ABORTED 2
#define GLOB_NOMATCH 3
#define GLOB_NOSYS   4

typedef struct {
    size_t gl_pathc;
    char **gl_pathv; // allocated; globfree() gives it back
    size_t gl_offs;
    int gl_flags;
} glob_t;

__BEGIN_DECLS
int glob(const char *__restrict, int, int (*)(const char *, int), glob_t *__restrict);
void globfree(glob_t *);
__END_DECLS

#endif
