// SPDX-License-Identifier: BSD-2-Clause
// A program that is a file of the family and not of the image: `cp /bin/sh z; ./z`.
//
// The host takes a program's bytes in one piece, which the pages of a file are not: so they are
// copied into memory of the caller's, like any program reads a file. It goes with the rest of RAM
// when exec succeeds. Whether they are a program the host decides, from a copy of its own. What
// others write to the file meanwhile may or may not be in it; afterwards it has no effect: the new
// program has its own copy. Neighbours: exec.c, abi/pv.h (PV_PROGRAM_FILE).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/mman.h"
#include "kernel/fs/path.h"
#include "kernel/proc/exec.h"
#include "kernel/sys.h"

// PV_PROGRAM_MAX is the host's bound, and checked by it again. The mapping is the image's even when
// this fails: exec_forget() drops it.
static int read_all(struct exec_image *image, struct inode *ip)
{
    uint64_t size = ip->size, off = 0;
    if (size == 0)
        return -ENOEXEC;
    if (size > PV_PROGRAM_MAX)
        return -ENOMEM;
    long at = sys_mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at < 0)
        return (int)at;
    image->file = (void *)(uintptr_t)at;
    image->file_len = size;
    // A file that has become shorter ends in zeros.
    return inode_ops(ip)->read(ip, image->file, size, &off) < 0 ? -EIO : 0;
}

// -ENOEXEC comes from the host, by the check before the commit: execvp() then tries the shell.
int exec_file_read(struct exec_image *image, const char *path)
{
    struct walk w;
    int r = path_walk(AT_FDCWD, path, WALK_FOLLOW, &w);
    if (r < 0)
        return r;
    // The name may have become another file's since it was looked up: what counts is this one, its
    // set-user-ID bit, too.
    r = inode_is(w.inode, S_IFREG) && inode_ops(w.inode)->read ? inode_may(w.inode, X_OK, 0)
                                                               : -EACCES;
    if (r == 0)
        r = read_all(image, w.inode);
    if (r == 0)
        exec_set_ids(image, w.inode->mode, w.inode->uid, w.inode->gid);
    walk_done(&w);
    return r;
}
