// SPDX-License-Identifier: BSD-2-Clause
// Walks: from a path of the program to an inode (kernel/fs/path.c).
#ifndef RAMET_KERNEL_PATH_H
#define RAMET_KERNEL_PATH_H

#include <stdint.h>
#include "kernel/fs/inode.h"

#define WALK_FOLLOW 0x01u // a symlink as the last component is followed
#define WALK_CREATE 0x02u // the last component may be missing
#define WALK_EMPTY  0x04u // AT_EMPTY_PATH: "" is dirfd itself
#define WALK_REAL   0x08u // search permission by the real ids: access()
// For calls on the name, not on what it leads to: a symlink is not followed even with a slash
// behind it, anything may have a slash, and the name may be missing.
#define WALK_PARENT 0x10u
#define WALK_OPEN   0x20u // O_CREAT: a slash behind the last component is -EISDIR

enum walk_last {
    WALK_NAME, // an ordinary name
    WALK_DOT,  // ".", or nothing ("")
    WALK_DOTDOT,
    WALK_ROOT, // nothing but slashes
};

struct walk {
    struct inode *dir;   // holds the last component, referenced; NULL after WALK_EMPTY found a file
    struct inode *inode; // referenced; NULL: missing
    enum walk_last last;
    int slash; // the path ended in a slash
    int error; // 0, or with WALK_PARENT -ENAMETOOLONG: the name, which is none that could exist
    uint32_t len;
    char name[FS_NAME_MAX + 1];
};

// Walks a path of the program (checked here: -EFAULT, -ENAMETOOLONG). On 0 the caller ends with
// walk_done().
int path_walk(int dirfd, const char *path, uint32_t flags, struct walk *w);
void walk_done(struct walk *w);
// What ".." of a directory is, referenced.
struct inode *path_up(struct inode *dir);
// Whether the walk found a directory that something is mounted over.
int walk_found_mount(const struct walk *w);
// The absolute path of a directory, seen from `root`, into the end of buf[FS_PATH_MAX]; where it
// starts in *at. 0, -ENOENT, or -ENAMETOOLONG. Takes rename_lock.
long path_of(struct inode *dir, const struct inode *root, char *buf, uint32_t *at);

#endif
