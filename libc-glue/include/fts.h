// SPDX-License-Identifier: BSD-2-Clause
// BSD's walks of directory trees, as glibc has them.
#ifndef _FTS_H
#define _FTS_H

#include <sys/cdefs.h>
#include <sys/stat.h>
#include <sys/types.h>

// Options of fts_open(). One of FTS_LOGICAL and FTS_PHYSICAL should be there.
#define FTS_COMFOLLOW  0x0001 // follow links named by the caller
#define FTS_LOGICAL    0x0002 // follow all links
#define FTS_NOCHDIR    0x0004
#define FTS_NOSTAT     0x0008
#define FTS_PHYSICAL   0x0010 // follow none
#define FTS_SEEDOT     0x0020 // also return "." and ".."
#define FTS_XDEV       0x0040 // stay in the file system
#define FTS_WHITEOUT   0x0080
#define FTS_OPTIONMASK 0x00ff

// What an entry is. A directory comes twice, before and after what is in it; the second time not
// when it could not be read.
// fts_info
#define FTS_D       1
#define FTS_DC      2 // a directory that contains itself
#define FTS_DEFAULT 3
#define FTS_DNR     4
#define FTS_DOT     5
#define FTS_DP      6
#define FTS_ERR     7
#define FTS_F       8
#define FTS_INIT    9
#define FTS_NS      10
#define FTS_NSOK    11
#define FTS_SL      12
#define FTS_SLNONE  13
#define FTS_W       14

// What the caller wants done with an entry when the walk comes back to it.
// fts_set()
#define FTS_AGAIN   1
#define FTS_FOLLOW  2
#define FTS_NOINSTR 3
#define FTS_SKIP    4

#define FTS_NAMEONLY 0x0100 // fts_children()

// The roots have a parent, which is never returned.
#define FTS_ROOTPARENTLEVEL (-1)
#define FTS_ROOTLEVEL       0

typedef struct _ftsent {
    // With FTS_DC the directory that is this one; the directory this is in; the next beside it.
    struct _ftsent *fts_cycle, *fts_parent, *fts_link;
    // The walk does not touch these two, 0 at first.
    long fts_number;   // the caller's
    void *fts_pointer; // the caller's
    // What to open the file by, and its path from the root of the walk: the same here.
    char *fts_accpath, *fts_path;
    // Why the entry could not be read or looked at.
    int fts_errno;
    int fts_symfd;
    unsigned short fts_pathlen, fts_namelen;
    // Of the stat, for who asked for none.
    ino_t fts_ino;
    dev_t fts_dev;
    nlink_t fts_nlink;
    // How deep below the root, which is 0.
    short fts_level;
    unsigned short fts_info, fts_flags, fts_instr;
    // Zeros when it could not be had or was not wanted.
    struct stat *fts_statp;
    char fts_name[1];
} FTSENT;

typedef struct _fts FTS;

__BEGIN_DECLS
// Begins a walk of the trees below each path, which are sorted by the function if there is one.
// NULL with errno; EINVAL for an option there is not.
FTS *fts_open(char *const *, int, int (*)(const FTSENT **, const FTSENT **));
// The next entry, which is the walk's and good until the walk has gone past it. NULL at the end
// with errno 0, else with what went wrong.
FTSENT *fts_read(FTS *);
// The list of what is in the directory returned last (before the first call, of the roots), which
// is the walk's. NULL with errno 0 when there is nothing.
FTSENT *fts_children(FTS *, int);
// 0, or 1 with EINVAL.
int fts_set(FTS *, FTSENT *, int);
// Frees the walk and all entries.
int fts_close(FTS *);
__END_DECLS

#endif
