# SPDX-License-Identifier: BSD-2-Clause
"""A machine with KVM where there is none: AMD's SVM, emulated by QEMU, under a Linux of its own.

Debian's cloud kernel boots under `qemu-system-x86_64 -accel tcg -cpu EPYC,+svm,+npt` from a disk
that holds this tree and what the harness calls (svm_disk.py). tests/svm/init runs one command
there, `tests/run --part kvm --inside SUITES`, whose lines come out of the second serial line and
are merged into our report. Nothing is installed and nothing needs root. What cannot run there is
named in tests/svm/skips, and of which suites only a part runs there when everything is to run in
tests/svm/sample, with the reasons."""

import os
import re
import shlex
import subprocess

import lanes
import linux_guest
import oracle
import paths
import proc
import qemu
import report as reporting
import svm_disk
from linux_guest import find

WORK = os.path.join(paths.BUILD, "svm")
CONSOLE = os.path.join(WORK, "console.log")
INIT = os.path.join(paths.TESTS, "svm", "init")
SKIPS = os.path.join(paths.TESTS, "svm", "skips")
SAMPLE = os.path.join(paths.TESTS, "svm", "sample")
MODULES = ("kvm-amd", "virtio_pci", "virtio_blk", "loop")  # and what they depend on
# A host that is busy starves the machine of its timer: no check of it, no watchdog. The TSC is the
# host's on both processors, so it is a good clock; the HPET is a slow one, a device of QEMU's, and
# not in step with the TSC that the monitor's guests read.
KERNEL_OPTIONS = (
    "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check nowatchdog tsc=reliable"
)
MEMORY = "3G"
# An emulated machine on a busy host comes to a stop now and then, most often on its way up, before
# its kernel has printed a line. It is switched off and on again, and goes on where it was.
SILENCE = 120.0  # seconds without a sign of life: the machine says "alive" each 10
BOOT = 150.0  # the same, until the first one
BOOTS = 10
STUCK = 3  # boots in a row without a test that ended


def skips():
    """Name of a test -> why it cannot run there."""
    with open(SKIPS, encoding="ascii") as file:
        lines = [l.strip() for l in file if l.strip() and not l.startswith("#")]
    return dict(line.split(": ", 1) for line in lines)


def sample():
    """Names of the tests that a run of everything takes of the suites they are of."""
    with open(SAMPLE, encoding="ascii") as file:
        return {name for line in file if not line.startswith("#") for name in line.split()}


# ---- what the machine is made of ----


def module_files(folder, name):
    """Paths of a kernel module and all it depends on, in the order to load them."""
    path = find(folder, "[-_]".join(re.split("[-_]", name)) + r"\.ko")
    with open(path, "rb") as module:
        depends = re.search(rb"\0depends=([^\0]*)\0", module.read()).group(1).decode()
    files = []
    for other in filter(None, depends.split(",")):
        files += [p for p in module_files(folder, other) if p not in files]
    return files + [path]


def initial_files(kernel, busybox, command):
    archive = linux_guest.Archive()
    archive.folder("proc")
    archive.folder("disk")
    archive.device("dev/console", 5, 1)
    archive.file("bin/busybox", os.path.join(busybox, "bin", "busybox"))
    archive.file("init", INIT)
    modules = dict.fromkeys(path for name in MODULES for path in module_files(kernel, name))
    for number, path in enumerate(modules):
        archive.file(f"modules/{number:02}-{os.path.basename(path)}", path)
    archive.text("command", command)
    return archive.finish()


def start(command):
    """Boots the machine with a shell command to run; its second serial line is stdout. Its two
    processors take turns: with a thread each, interrupts between them have been lost."""
    kernel = linux_guest.unpack(linux_guest.kernel_package())
    busybox = linux_guest.unpack("busybox-static")
    initrd, disk = os.path.join(WORK, "initrd"), os.path.join(WORK, "disk")
    with open(initrd, "wb") as out:
        out.write(initial_files(kernel, busybox, command))
    svm_disk.make(disk)
    return subprocess.Popen(
        [
            qemu.QEMU, "-accel", "tcg,thread=single", "-cpu", "EPYC,+svm,+npt", "-smp", "2",
            "-m", MEMORY,
            "-nographic", "-nodefaults", "-no-reboot", "-serial", f"file:{CONSOLE}",
            "-serial", "stdio", "-drive", f"file={disk},format=raw,if=virtio,snapshot=on",
            "-kernel", find(kernel, "vmlinuz-.*"), "-initrd", initrd,
            "-append", KERNEL_OPTIONS,
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        preexec_fn=proc.die_with_parent,
    )  # fmt: skip


# ---- the run ----


def command(suites, options, judged):
    """What the machine runs, a script: the harness, without the tests that are `judged`."""
    words = ["tests/run", "--part", "kvm", "--inside", "--judged", "/tmp/judged", *suites]
    words += ["--only", options.only] if options.only else []
    words += [] if options.check_leaks else ["--no-leaks"]
    words += ["--sample"] if options.sample else []
    names = shlex.quote(" ".join(sorted(judged)))
    root = shlex.quote(paths.ROOT)
    return f"echo {names} > /tmp/judged; cd {root}; exec python3 {shlex.join(words)}"


def last_words():
    with open(CONSOLE, "rb") as console:
        return reporting.tail(qemu.ESCAPES.sub(b"", console.read()), 30)


def boot(report, script):
    """Runs the script in a machine of its own until that goes off, or hangs. Its lane."""
    machine = start(script)
    lane = lanes.Lane("svm", machine.stdout, report)
    if lanes.merge([lane], SILENCE, BOOT):
        machine.kill()
    machine.wait()
    lane.flush()
    return lane


def run(report, suites, options):
    """Runs the suites' KVM part in the machine; whatever goes wrong is a failure of `svm`."""
    os.makedirs(WORK, exist_ok=True)
    oracle.build_all()  # there is no compiler in the machine
    oracle.lay_out_applets()
    judged, stuck = set(), 0
    for _ in range(BOOTS):
        try:
            lane = boot(report, command(suites, options, judged))
        except (linux_guest.Failed, svm_disk.Failed) as failed:
            report.fail("svm", str(failed))
            return
        if lane.complete:
            return
        judged |= lane.judged
        stuck = 0 if lane.judged else stuck + 1
        if stuck == STUCK:
            break
        report.note(f"svm: the machine came to a stop, {len(judged)} tests done; once more")
    report.fail("svm", "the machine comes to a stop again and again", last_words())
