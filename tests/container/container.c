// SPDX-License-Identifier: BSD-2-Clause
// Runs a command as a container does that has no privileges: under a filter of system calls.
//
//     container docker COMMAND [ARGS...]     what Docker's default profile does to such a process
//     container listener COMMAND [ARGS...]   somebody hears notifications already
//     container no-seccomp COMMAND [ARGS...] seccomp(2) itself is denied
//
// Docker's profile is a list of what is allowed; all else is EPERM, but numbers beyond the newest
// it knows are ENOSYS, which its runtime puts before it. Here it is turned round: what is denied of
// Linux's calls is a list, which is shorter. Sources: Docker, "Seccomp security profiles"; runc's
// pull request 2750; seccomp(2).
// Neighbour: tests/suites/process_containers.py.

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CANNOT_SET_UP 125 // as docker(1) has it
#define FIRST_UNKNOWN 463 // the profile's newest is mseal, 462
#define NEW_SPACES                                                                                 \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET)

#define CODE_MAX 256

// Without privileges. ptrace and process_vm_readv are allowed since Linux 4.8.
static const int denied[] = {
    SYS_acct,
    SYS_add_key,
    SYS_bpf,
    SYS_clock_settime,
    SYS_create_module,
    SYS_delete_module,
    SYS_fanotify_init,
    SYS_finit_module,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fsopen,
    SYS_fspick,
    SYS_get_mempolicy,
    SYS_init_module,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_io_uring_setup,
    SYS_ioperm,
    SYS_iopl,
    SYS_kcmp,
    SYS_kexec_file_load,
    SYS_kexec_load,
    SYS_keyctl,
    SYS_lookup_dcookie,
    SYS_mbind,
    SYS_mount,
    SYS_mount_setattr,
    SYS_move_mount,
    SYS_move_pages,
    SYS_open_by_handle_at,
    SYS_open_tree,
    SYS_perf_event_open,
    SYS_personality,
    SYS_pidfd_getfd,
    SYS_pivot_root,
    SYS_process_madvise,
    SYS_quotactl,
    SYS_reboot,
    SYS_request_key,
    SYS_set_mempolicy,
    SYS_setdomainname,
    SYS_sethostname,
    SYS_setns,
    SYS_settimeofday,
    SYS_swapoff,
    SYS_swapon,
    SYS_syslog,
    SYS_umount2,
    SYS_unshare,
    SYS_userfaultfd,
    SYS_vhangup,
};

// A filter in the making; room[] is enough for the longest below.
struct program {
    struct sock_filter code[CODE_MAX];
    unsigned short n;
};

static void add(struct program *p, struct sock_filter what)
{
    p->code[p->n++] = what;
}

static void load_word(struct program *p, unsigned at)
{
    add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at));
}

// Ends with `action` where what is loaded compares so (BPF_JEQ, BPF_JGE, BPF_JSET) with `value`.
static void end_if(struct program *p, unsigned comparison, unsigned value, unsigned action)
{
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | comparison | BPF_K, value, 0, 1));
    add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void end(struct program *p, unsigned action)
{
    add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void docker(struct program *p)
{
    const unsigned eperm = SECCOMP_RET_ERRNO | EPERM, enosys = SECCOMP_RET_ERRNO | ENOSYS;
    load_word(p, offsetof(struct seccomp_data, nr));
    end_if(p, BPF_JGE, FIRST_UNKNOWN, enosys);
    end_if(p, BPF_JEQ, SYS_clone3, enosys);
    for (unsigned i = 0; i < sizeof denied / sizeof denied[0]; i++)
        end_if(p, BPF_JEQ, (unsigned)denied[i], eperm);
    // clone(2) may make no namespaces; all else that is left may do as it likes.
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0));
    end(p, SECCOMP_RET_ALLOW);
    load_word(p, offsetof(struct seccomp_data, args[0]));
    end_if(p, BPF_JSET, NEW_SPACES, eperm);
    end(p, SECCOMP_RET_ALLOW);
}

static void no_seccomp(struct program *p)
{
    load_word(p, offsetof(struct seccomp_data, nr));
    end_if(p, BPF_JEQ, SYS_seccomp, SECCOMP_RET_ERRNO | EPERM);
    end(p, SECCOMP_RET_ALLOW);
}

// Whoever has the descriptor hears of personality(2), which nobody here calls. A listener is there
// as long as its descriptor is, so that one is kept at exec.
static void listener(struct program *p)
{
    load_word(p, offsetof(struct seccomp_data, nr));
    end_if(p, BPF_JEQ, SYS_personality, SECCOMP_RET_USER_NOTIF);
    end(p, SECCOMP_RET_ALLOW);
}

static const struct way {
    const char *name;
    void (*make)(struct program *p);
    unsigned flags;
} ways[] = {
    {"docker", docker, 0},
    {"listener", listener, SECCOMP_FILTER_FLAG_NEW_LISTENER},
    {"no-seccomp", no_seccomp, 0},
};

static int confine_as(const struct way *way)
{
    struct program p = {.n = 0};
    way->make(&p);
    const struct sock_fprog filter = {.len = p.n, .filter = p.code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    const long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, way->flags, &filter);
    return fd < 0 || (fd > 0 && fcntl((int)fd, F_SETFD, 0) < 0) ? -1 : 0;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 2 && i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(argv[1], ways[i].name) != 0)
            continue;
        if (confine_as(&ways[i]) == 0)
            execvp(argv[2], argv + 2);
        perror("container");
        return CANNOT_SET_UP;
    }
    fprintf(stderr, "usage: container docker|listener|no-seccomp COMMAND [ARGS...]\n");
    return CANNOT_SET_UP;
}
