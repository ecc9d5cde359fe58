// SPDX-License-Identifier: BSD-2-Clause
// Walks of directory trees: ftw() and nftw().
#ifndef _FTW_H
#define _FTW_H

#include <sys/cdefs.h>
#include <sys/stat.h>

// What a file is: the third argument of the function.
#define FTW_F   0 // a file
#define FTW_D   1 // a directory, before what is in it
#define FTW_DNR 2 // a directory that cannot be read
#define FTW_NS  3 // stat() failed
#define FTW_SL  4 // a symbolic link
#define FTW_DP  5 // a directory, after what is in it
#define FTW_SLN 6 // a symbolic link that leads nowhere

// Options of nftw(): follow no links, stay in the file system, change into the directory of each
// file, directories after what is in them, results are FTW_CONTINUE and its kin.
#define FTW_PHYS         1
#define FTW_MOUNT        2
#define FTW_CHDIR        4
#define FTW_DEPTH        8
#define FTW_ACTIONRETVAL 16

// With FTW_ACTIONRETVAL: go on, end with this result, leave out what is in this directory, leave
// out what is left of the one this file is in.
enum { FTW_CONTINUE, FTW_STOP, FTW_SKIP_SUBTREE, FTW_SKIP_SIBLINGS };

// The fourth argument of nftw()'s function.
struct FTW {
    int base;  // where the last name begins in the path
    int level; // how deep it is
};

__BEGIN_DECLS
// Call the function for every file of a tree, the root first, until it returns other than 0, which
// is the result. -1 with errno when the walk itself fails. The number is of descriptors that may be
// open; one is.
int ftw(const char *, int (*)(const char *, const struct stat *, int), int);
int nftw(const char *, int (*)(const char *, const struct stat *, int, struct FTW *), int, int);
__END_DECLS

#endif
