# SPDX-License-Identifier: BSD-2-Clause
"""Who takes part in the boot study: one row each, and how one instance of it is started.

Every instance prints READY and stays. The same program (bench/guest/ready.c) runs on our monitor,
as a picoprocess, on QEMU through the shim, in a Linux guest as its only process, and as a Linux
process; the floors (bench/guest/floor_pv.S, bench/boot-floor.S) are the least that can print a line
at all.

On QEMU everything stands side by side under TCG, which needs no help of the host; under /dev/kvm
what runs there. On a nested host without hardware virtualisation (PVM) ring 0 is emulated, so the
machines with firmware are hundreds of times slower than they would be on hardware: their rows are
optional, small, and say nothing about KVM elsewhere.
"""

import atexit
import dataclasses
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build")
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

import linux_guest  # noqa: E402
from linux_guest import Failed  # noqa: E402

READY = "instance ready"
FLOOR = "floor"  # the line of bench/boot-floor.S
RAMET = os.path.join(BUILD, "bin", "ramet")
QEMU = "qemu-system-x86_64"
KVM = "/dev/kvm"
# By what runs it: a template is for one of them.
TEMPLATE = {vmm: os.path.join(BUILD, "bench", f"ready-{vmm}.tpl") for vmm in ("kvm", "process")}
SOCKET = {vmm: os.path.join(BUILD, "bench", f"ready-{vmm}-{os.getpid()}.socket")
          for vmm in TEMPLATE}  # a server each
SERVER_LIMIT = 10.0  # seconds for its start
PREPARED = "prepared"
NO_LIMIT = 1 << 20
# What no guest here needs; without ACPI microvm has its smallest firmware. Linux does need a clock.
MICROVM = "microvm,acpi=off,pit=off,pic=off,rtc=off,auto-kernel-cmdline=off"
MICROVM_LINUX = "microvm,acpi=off,rtc=on"


@dataclasses.dataclass
class Subject:
    """A row of the table. `missing` returns why it cannot run here, or None."""

    name: str
    title: str  # in plots and tables
    host: str  # "kvm", "tcg" or "process": what runs it
    command: object  # () -> argv of one instance
    missing: object = lambda: None
    most: int = NO_LIMIT  # instances: where one takes seconds of processor time
    timeout: str = "60s"
    ready: str = READY
    warm_up: int = 4
    optional: bool = False  # may fail to run: said aloud, but no failure of the study


def image(name):
    return os.path.join(BUILD, "images", name)


def no_kvm():
    return None if os.access(KVM, os.R_OK | os.W_OK) else "/dev/kvm cannot be opened"


def no_qemu():
    return None if shutil.which(QEMU) else f"there is no {QEMU}"


def no_qemu_kvm():
    return no_kvm() or no_qemu()


def make_template(vmm):
    """A VM saved in the middle of ready.c: when it has printed PREPARED and READY comes next."""
    argv = [RAMET, "template", "--vmm", vmm, "--until", PREPARED, "--output", TEMPLATE[vmm],
            image("ready.img"), PREPARED]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise Failed((done.stderr.strip().splitlines() or ["no template"])[-1])


def no_picoprocess():
    """The line that ramet says instead of the program's, where it cannot make one."""
    argv = [RAMET, "run", "--vmm=process", image("floor.img")]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as tried:  # fmt: skip
        line = tried.stdout.readline().strip()
        tried.terminate()
    return None if line == READY else line or "it ends without a word"


def no_template():
    if no_kvm():
        return no_kvm()
    done = subprocess.run([RAMET, "template", "--help"], stdin=subprocess.DEVNULL,
                          capture_output=True, check=False)
    return "this ramet has no `template` command" if done.returncode else None


def ramet(name):
    return lambda: [RAMET, "run", image(name)]


def process(name):
    return lambda: [RAMET, "run", "--vmm=process", image(name)]


def template(vmm="kvm"):
    make_template(vmm)
    return [RAMET, "run", "--template", TEMPLATE[vmm]]


servers = []  # that run


@atexit.register
def end_servers():
    while servers:
        servers[-1].terminate()
        servers.pop().wait()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return len(file.read().split())


def served(vmm="kvm", pool=4):
    """A client of a server that this process keeps until its end, or end_servers()."""
    make_template(vmm)
    socket = f"{SOCKET[vmm]}-{pool}"
    argv = [RAMET, "serve", "--vmm", vmm, "--pool", str(pool), "--template", TEMPLATE[vmm],
            "--socket", socket]  # fmt: skip
    server = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    servers.append(server)
    deadline = time.monotonic() + SERVER_LIMIT
    while children(server.pid) < pool or not os.path.exists(socket):
        if server.poll() is not None or time.monotonic() > deadline:
            raise Failed("ramet serve does not start")
        time.sleep(0.01)
    time.sleep(0.2)  # the last of its families
    return [RAMET, "run", "--template", socket]


def qemu(machine, accelerator, kernel, *more, memory="64"):
    return lambda: [
        QEMU, "-M", machine, "-accel", accelerator, "-m", memory, "-nodefaults", "-display", "none",
        "-serial", "stdio", "-no-reboot", "-kernel", kernel, *more,
    ]  # fmt: skip


def linux_files():
    """(kernel, initial file system whose only program is ready.c); fetched and made once."""
    kernel = linux_guest.find(linux_guest.unpack(linux_guest.kernel_package()), "vmlinuz-.*")
    archive = linux_guest.Archive()
    archive.device("dev/console", 5, 1)
    archive.file("init", os.path.join(BUILD, "bench", "linux", "ready"))
    path = os.path.join(BUILD, "bench", "linux-initrd")
    with open(path, "wb") as out:
        out.write(archive.finish())
    return kernel, path


def linux_guest_command():
    kernel, initrd = linux_files()
    words = "console=ttyS0 quiet panic=-1 random.trust_cpu=on"
    return qemu(MICROVM_LINUX, "tcg", kernel, "-initrd", initrd, "-append", words, memory="128")()


def no_linux_guest():
    if no_qemu():
        return no_qemu()
    try:
        linux_files()
    except (Failed, OSError, subprocess.CalledProcessError) as reason:
        return f"no kernel of Debian's: {reason}"
    return None


READY_ELF = image("ready.elf")
FLOOR_ELF = os.path.join(BUILD, "bench", "boot-floor.elf")

SUBJECTS = [
    Subject("process", "Linux process", "process",
            lambda: [os.path.join(BUILD, "bench", "linux", "ready")]),
    Subject("ramet-process", "Ramet, picoprocess", "process", process("ready.img"),
            no_picoprocess),
    Subject("ramet-process-template", "picoprocess, from a template", "process",
            lambda: template("process"), no_picoprocess),
    Subject("ramet-process-serve", "picoprocess, kept ready", "process", lambda: served("process"),
            no_picoprocess),
    Subject("ramet-process-pool", "picoprocess, 512 kept ready", "process",
            lambda: served("process", 512), no_picoprocess),
    Subject("ramet-process-floor", "picoprocess' floor: two calls", "process", process("floor.img"),
            no_picoprocess),
    Subject("ramet", "Ramet", "kvm", ramet("ready.img"), no_kvm),
    Subject("ramet-template", "Ramet, from a template", "kvm", template, no_template),
    Subject("ramet-serve", "Ramet, kept ready", "kvm", served, no_template),
    Subject("ramet-floor", "Ramet's floor: two calls", "kvm", ramet("floor.img"), no_kvm),
    Subject("tcg-microvm", "Ramet on microvm, TCG", "tcg", qemu(MICROVM, "tcg", READY_ELF),
            no_qemu),
    Subject("tcg-ramet", "ramet run on QEMU, TCG", "tcg",
            lambda: [RAMET, "run", "--vmm", "qemu", "--accel", "tcg", "--pool", "0",
                     image("ready.img")], no_qemu, most=256),
    Subject("tcg-floor", "14 instructions, microvm, TCG", "tcg", qemu(MICROVM, "tcg", FLOOR_ELF),
            no_qemu, ready=FLOOR),
    Subject("tcg-pc", "Ramet on pc, TCG", "tcg", qemu("pc", "tcg", READY_ELF), no_qemu, most=256),
    Subject("tcg-linux", "Linux on microvm, TCG", "tcg", linux_guest_command, no_linux_guest,
            most=8, timeout="300s", warm_up=1),
    Subject("kvm-microvm", "Ramet on microvm, KVM", "kvm", qemu(MICROVM, "kvm", READY_ELF),
            no_qemu_kvm, most=256, optional=True),
    Subject("kvm-floor", "14 instructions, microvm, KVM", "kvm",
            qemu(MICROVM, "kvm", FLOOR_ELF), no_qemu_kvm, most=256, ready=FLOOR, optional=True),
    Subject("kvm-pc", "Ramet on pc, KVM", "kvm", qemu("pc", "kvm", READY_ELF), no_qemu_kvm,
            most=8, timeout="120s", warm_up=1, optional=True),
]  # fmt: skip
