// SPDX-License-Identifier: BSD-2-Clause
// System V IPC: keys and permissions, Linux's numbers (from <ramet/ipc.h>).
#ifndef _SYS_IPC_H
#define _SYS_IPC_H

#include <ramet/ipc.h>
#include <sys/cdefs.h>
#include <sys/types.h>

struct ipc_perm {
    union { // the older name is what programs know that are no GNU's
        key_t __key;
        key_t key;
    };
    uid_t uid;
    gid_t gid;
    uid_t cuid;
    gid_t cgid;
    mode_t mode;
    unsigned short __seq;
    unsigned short __pad[3];
    unsigned long __reserved[2];
};

__BEGIN_DECLS
key_t ftok(const char *, int);
__END_DECLS

#endif
