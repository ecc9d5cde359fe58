# SPDX-License-Identifier: BSD-2-Clause
"""The qemu suite: guest tests and scripts of tests/real once more, their families run by stock QEMU
without KVM (docs/qemu.md). `tests/run --vmm qemu` runs any suite that way, all of its tests.

Not every test is here. The image is the same one as on the monitor, so what the kernel and the C
library do alone (formats, files, paths, permissions, most of pipes and signals) is proven by the
guest and real suites, and beside the same shim by the shim suite. Here is what host/qemu does by
itself, with a monitor for each VM and device state and memory copied between two QEMUs:

- a clone, in a row, many at once, of clones, and what the two share and do not;
- spawn, exec, and what passes to a new program;
- ends of all kinds, and who is told of them;
- signals, timers and upcalls, which reach a VM through its doorbell;
- large transfers through the window, and waits for it;
- disks, the console, standard input;
- scripts that use all of it at once.
"""

import guest
import oracle
import paths
import real

GUEST = [
    "churn", "fork_again", "fork_basic", "fork_cow", "fork_stdio", "fork_stress", "vfork_shared",
    "exec_errors", "exec_fds", "exec_signals", "spawn", "vfork_exec",
    "exit_status", "kill_reuse", "orphan", "sigchld", "wait_status",
    "sig_alarm", "sig_fatal", "sig_fault", "sig_group", "sig_stop", "sig_storm", "time",
    "fd_share", "locks", "map_shared", "memory", "mprotect", "pipe_bulk", "poll",
    "dev", "disk_fork", "disk_hold", "disk_io", "stdin_pipe",
    "libc_float", "limits",
]  # fmt: skip
REAL = ["background", "many_at_once", "many_sequential", "nested", "pipelines", "signals_kill",
        "traps"]  # fmt: skip


def suite(report, options):
    if not paths.boot_gate(report, "qemu"):
        return
    absent = paths.missing(paths.RAMET, paths.TESTS_IMAGE, paths.SHELL_IMAGE)
    problem = f"{absent} is not built" if absent else oracle.lay_out_applets()
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
