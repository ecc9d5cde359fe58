// SPDX-License-Identifier: BSD-2-Clause
// What the system says about itself: names, limits, processors.

#include "kernel/api/errno.h"
#include "kernel/api/utsname.h"
#include "kernel/arch.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/sys.h"

#define RELEASE "1.0"

// Zeros to the end of the field: what it held before would otherwise reach the program.
static void put_uts(char *to, size_t size, const char *from, size_t len)
{
    size_t n = min_u64(len, size - 1);
    memset(to, 0, size);
    memcpy(to, from, n);
}

static void put_uts_string(char to[K_UTS_LEN], const char *from)
{
    put_uts(to, K_UTS_LEN, from, strlen(from));
}

long sys_uname(struct k_utsname *name)
{
    if (user_writable(name, sizeof *name) < 0)
        return -EFAULT;
    const char *host = window_root()->hostname; // one word or another while somebody sets it
    size_t len = strnlen(host, sizeof window_root()->hostname);
    if (!len) { // nobody has set it
        host = boot_info->hostname;
        len = strnlen(host, sizeof boot_info->hostname);
    }
    put_uts_string(name->sysname, "Ramet");
    put_uts(name->nodename, K_UTS_LEN, host, len);
    put_uts_string(name->release, RELEASE);
    put_uts_string(name->version, "#1");
    put_uts_string(name->machine, "x86_64");
    put_uts_string(name->domainname, "(none)");
    return 0;
}

long sys_sethostname(const char *name, size_t len)
{
    struct wroot *root = window_root();
    if (proc_self->euid != 0)
        return -EPERM;
    if (len >= sizeof root->hostname)
        return -EINVAL;
    if (user_readable(name, len) < 0)
        return -EFAULT;
    put_uts(root->hostname, sizeof root->hostname, name, len);
    return 0;
}

long sys_nprocessors(void)
{
    return boot_info->cpus;
}

long sys_sched_yield(void)
{
    long r = 0;
    sys_enter();
    // To another thread, if one is ready. Else a wait that is over at once lets the host run
    // others; the way out looks at signals.
    if (!thread_hooks || !thread_hooks->yield())
        pv_wait(window_door(lock_self_slot())->bell, 0, 0);
    sys_leave(&r);
    return r;
}
