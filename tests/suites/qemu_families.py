# SPDX-License-Identifier: BSD-2-Clause
"""The qemu suite: a sample of the guest tests and scripts of tests/real once more, their families
run by stock QEMU without KVM (docs/qemu.md). `tests/run --vmm qemu` runs any suite that way, all of
its tests.

The image is the same one on every back end, so what the kernel and the C library do alone (formats,
files, paths, permissions, most of pipes and signals) is proven by the process suite, and beside the
same shim by the shim suite. Here are a few of each subject in which host/qemu has a part, with a
monitor for each VM and device state and memory copied between two QEMUs:

- a clone, in a row, many at once, of clones, and what the two share and do not;
- spawn, exec, and what passes to a new program;
- ends of all kinds, and who is told of them;
- signals, timers and upcalls, which reach a VM through its doorbell;
- large transfers through the window, and waits for it;
- disks, the console, standard input;
- scripts that use all of it at once.

Rounds of hundreds are not: faults/qemu_two_hundred_forks makes as many clones, with a program's
output and status looked at each time, and fork_stress has many alive at once.
"""

import guest
import oracle
import paths
import real

GUEST = [
    "fork_again", "fork_basic", "fork_cow", "fork_stress", "vfork_shared",
    "exec_fds", "exec_signals", "spawn", "vfork_exec",
    "exit_status", "orphan", "sigchld", "wait_status",
    "sig_alarm", "sig_fatal", "sig_fault", "sig_group", "sig_stop", "time",
    "fd_share", "map_shared", "memory", "mprotect", "pipe_bulk", "poll",
    "dev", "disk_fork", "disk_hold", "disk_io", "stdin_pipe",
]  # fmt: skip
REAL = ["background", "many_at_once", "pipelines", "signals_kill"]


def suite(report, options):
    if not paths.boot_gate(report, "qemu"):
        return
    unbuilt = paths.unbuilt(paths.RAMET, paths.TESTS_IMAGE, paths.SHELL_IMAGE)
    problem = unbuilt or oracle.lay_out_applets()
    if problem:
        report.fail("qemu", problem)
        return
    before, paths.VMM = paths.VMM, "qemu"
    try:
        for area, module, names in ("guest", guest, GUEST), ("real", real, REAL):
            for name in names:
                full = f"qemu/{area}/{name}"
                if report.wants(full):
                    module.one(report, full, name, options)
    finally:
        paths.VMM = before
