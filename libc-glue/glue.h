// SPDX-License-Identifier: BSD-2-Clause
// What every file of the glue shares: from the kernel's "-errno" to C's "-1 and errno".
//
// The glue is the only caller of kernel/sys.h. The libc's structures have the kernel's layouts
// under POSIX's names (layout.c asserts it), so a pointer is handed through with a cast, named K().
#ifndef RAMET_GLUE_H
#define RAMET_GLUE_H

#include <errno.h>

#include "kernel/api/thread.h"
#include "kernel/sys.h"

// The libc's struct pointer P as the kernel's struct TYPE pointer; layout.c vouches for it.
#define K(type, p)  ((struct type *)(void *)(p))
#define KC(type, p) ((const struct type *)(const void *)(p))

// R as C reports it: R itself, or -1 with errno set.
static inline long glue_ret(long r)
{
    if (r < 0) {
        errno = (int)-r;
        return -1;
    }
    return r;
}

// Around a call that is a cancellation point (XSH 2.9.5): the thread ends here if it was asked to,
// before the call or while the call waited.
static inline void glue_point_begin(void)
{
    struct k_thread *t = sys_thread_self();
    t->state |= K_CANCEL_POINT;
    if (t->pending && !(t->state & K_CANCEL_DISABLED) && t->end)
        t->end();
}

static inline void glue_point_end(long r)
{
    struct k_thread *t = sys_thread_self();
    t->state &= ~K_CANCEL_POINT;
    if (r == -EINTR && t->pending && !(t->state & K_CANCEL_DISABLED) && t->end)
        t->end();
}

// The result of a call that is a cancellation point, as C reports it.
#define GLUE_POINT(call)                                                                           \
    ({                                                                                             \
        glue_point_begin();                                                                        \
        long result_ = (call);                                                                     \
        glue_point_end(result_);                                                                   \
        glue_ret(result_);                                                                         \
    })

// What fork() does besides, in a program with threads or handlers (libc-glue/pthread/atfork.c).
struct fork_calls {
    void (*before)(void), (*parent)(void), (*child)(void);
};
extern const struct fork_calls *glue_fork; // NULL: nothing

#endif
