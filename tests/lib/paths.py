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
SLOWER = {"kvm": 1.0, "qemu": 4.0}


def relative(path):
    return os.path.relpath(path, ROOT)


def missing(*paths):
    """The first of paths that is not there, relative to the root, or None."""
    for path in paths:
        if not os.path.exists(path):
            return relative(path)
    return None


def kvm_problem():
    """Why no VM can be started here, or None."""
    if VMM == "qemu":
        return None if shutil.which("qemu-system-x86_64") else "no qemu-system-x86_64"
    if not os.path.exists("/dev/kvm"):
        return "no /dev/kvm"
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "/dev/kvm may not be opened"
    return None


def kvm_gate(report, suite):
    """True when VMs can run. Otherwise says so: a skip by hand, a failure in CI, where a silent
    machine without KVM would turn the whole suite into a pass (RAMET_NO_KVM=1 is the way out)."""
    problem = kvm_problem()
    if problem is None:
        return True
    if os.environ.get("CI") == "true" and os.environ.get("RAMET_NO_KVM") != "1":
        report.fail(suite, problem + " (CI=true; set RAMET_NO_KVM=1 to skip)")
    else:
        report.skip(suite, problem)
    return False


def boot_gate(report, suite):
    """True when QEMU is there to boot images with; else a skip by hand and a failure in CI."""
    if shutil.which("qemu-system-x86_64"):
        return True
    problem = "no qemu-system-x86_64 (tools/setup boot)"
    if os.environ.get("CI") == "true":
        report.fail(suite, problem)
    else:
        report.skip(suite, problem)
    return False


def limit(seconds):
    """A time limit for KVM, as one for the VMM that is tested."""
    return seconds * SLOWER[VMM]


def ramet_run(*arguments, options=()):
    """The command line of `ramet run` on the VMM that is tested. QEMU is tested as on a machine
    without KVM."""
    vmm = {"kvm": ["--vmm=kvm"], "qemu": ["--vmm=qemu", "--accel=tcg"]}[VMM]
    return [RAMET, "run", *vmm, *options, *arguments]
