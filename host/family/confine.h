// SPDX-License-Identifier: BSD-2-Clause
// Confinement: what a member's process may still do to the host once guest code runs in or under
// it.
#ifndef HOST_CONFINE_H
#define HOST_CONFINE_H

#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

#include "host/family/family.h"

// A rule may also demand a descriptor in its first argument, by what it is for. Where there is
// none, the rule allows nothing.
enum confine_fd {
    FD_ANY,
    FD_STDIO,
    FD_STDERR,
    FD_CONTROL,
    FD_ANSWERS,
    FD_GDB,
    FD_DISK,
    FD_TEMPLATE,
    FD_WINDOW
};

// (argument & mask) == value; mask 0: no condition.
struct confine_match {
    unsigned arg;
    uint64_t mask, value;
};

struct confine_rule {
    int call;
    enum confine_fd fd;
    struct confine_match match[2];
};

// The kernel looks at the low 32 bits of an int; a caller may leave anything above them.
#define INT(arg, value)                                                                            \
    {                                                                                              \
        arg, 0xffffffffu, value                                                                    \
    }
#define LONG(arg, value)                                                                           \
    {                                                                                              \
        arg, ~UINT64_C(0), value                                                                   \
    }
#define WITHOUT(arg, bits)                                                                         \
    {                                                                                              \
        arg, bits, 0                                                                               \
    }
#define ALLOW(name)                                                                                \
    {                                                                                              \
        .call = SCMP_SYS(name)                                                                     \
    }
#define ALLOW_FD(name, what)                                                                       \
    {                                                                                              \
        .call = SCMP_SYS(name), .fd = what                                                         \
    }
#define ALLOW_IF(name, ...)                                                                        \
    {                                                                                              \
        .call = SCMP_SYS(name), .match = { __VA_ARGS__ }                                           \
    }

// Ended by one without rules.
struct confine_table {
    const struct confine_rule *rules;
    size_t size; // bytes
    int wanted;  // 0: not in this family
};
#define CONFINE_TABLE(table, when)                                                                 \
    {                                                                                              \
        (table), sizeof(table), (when)                                                             \
    }

#define CONFINE_KEEP_MAX 32u // descriptors of a caller

// For the family's first member, just before it first runs a guest; clones and spawned members
// inherit it all. Closes every descriptor but stdio, the control socket and `keep`, then sets
// PR_SET_NO_NEW_PRIVS and a seccomp filter under which a system call that neither `tables` nor
// confine.c lists ends the process with SIGSYS. Cannot be undone. Does not block. 0 or -errno;
// after an error the caller must not run a guest.
int confine(struct family *f, const struct confine_table *tables, const int *keep, unsigned n);

#endif
