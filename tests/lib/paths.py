# SPDX-License-Identifier: BSD-2-Clause
"""Where the build puts what the tests use, and whether this machine can run a VM."""

import os
import shutil

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")
TESTS = os.path.join(ROOT, "tests")
RAMET = os.path.join(BUILD, "bin", "ramet")
MKIMAGE = os.path.join(BUILD, "bin", "mkimage")
TESTS_IMAGE = os.path.join(BUILD, "images", "tests.img")
SHELL_IMAGE = os.path.join(BUILD, "images", "shell.img")
HOSTILE_IMAGE = os.path.join(BUILD, "images", "hostile.img")
DRIVERLESS_IMAGE = os.path.join(BUILD, "images", "driverless.img")
HELLO_IMAGE = os.path.join(BUILD, "images", "hello.img")
HELLO_ELF = os.path.join(BUILD, "images", "hello.elf")
SHELL_ELF = os.path.join(BUILD, "images", "shell.elf")
TESTS_ELF = os.path.join(BUILD, "images", "tests.elf")
ORACLE = os.path.join(BUILD, "oracle")
UNIT = os.path.join(BUILD, "unit")
FUZZ = os.path.join(BUILD, "fuzz")
PORTING = os.path.join(BUILD, "porting")

# What runs the VMs (tests/run --vmm), and how much longer things may take there than on KVM.
VMM = "kvm"
SLOWER = {"kvm": 1.0, "process": 1.0, "qemu": 4.0}
# What this process runs of the suites: "kvm", what needs KVM; "rest", what does not; or "all".
PART = "all"
# True in the SVM machine (svm.py), where nothing is compiled and all takes longer.
INSIDE = False
SLOWER_INSIDE = 8.0


def relative(path):
    return os.path.relpath(path, ROOT)


def missing(*paths):
    """The first of paths that is not there, relative to the root, or None."""
    for path in paths:
        if not os.path.exists(path):
            return relative(path)
    return None


def unbuilt(*paths):
    """A line about the first of what is made that is not there, or None."""
    absent = missing(*paths)
    return absent and f"{absent} is not built (make test-programs)"


def qemu_problem():
    """Why no QEMU can be started here, or None."""
    return None if shutil.which("qemu-system-x86_64") else "no qemu-system-x86_64 (tools/setup)"


def kvm_problem():
    """Why no VM can be started here, or None."""
    if VMM == "qemu":
        return qemu_problem()
    if VMM == "process":
        return None
    if not os.path.exists("/dev/kvm"):
        return "no /dev/kvm"
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "/dev/kvm may not be opened"
    return None


def gate(report, suite, problem):
    """True when there is no problem. Else says so: a skip by hand, a failure in CI, where a machine
    that lacks something would silently turn the whole suite into a pass."""
    if problem is None:
        return True
    if os.environ.get("CI") == "true":
        report.fail(suite, problem)
    else:
        report.skip(suite, problem)
    return False


def kvm_gate(report, suite):
    """True when this process is to run VMs on the VMM that is tested, and can."""
    return PART != "rest" and gate(report, suite, kvm_problem())


def boot_gate(report, suite):
    """True when QEMU is there to boot images with."""
    return gate(report, suite, qemu_problem())


def rest():
    """True when this process is to run what needs no KVM."""
    return PART != "kvm"


def limit(seconds):
    """A time limit for KVM, as one for the VMM and the machine that is tested."""
    return seconds * SLOWER[VMM] * (SLOWER_INSIDE if INSIDE else 1.0)


def ramet(command, *arguments):
    """A command line of `ramet template`, `serve` or `run --template`: QEMU has no templates, and
    is not asked for any."""
    return [RAMET, command, *([] if VMM == "qemu" else ["--vmm=" + VMM]), *arguments]


def ramet_run(*arguments, options=()):
    """The command line of `ramet run` on the VMM that is tested. QEMU is tested as on a machine
    without KVM."""
    vmm = ["--vmm=" + VMM] + (["--accel=tcg"] if VMM == "qemu" else [])
    return [RAMET, "run", *vmm, *options, *arguments]
