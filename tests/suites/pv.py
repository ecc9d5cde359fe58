# SPDX-License-Identifier: BSD-2-Clause
"""The pv suite: the conformance guest (tests/pv) on each implementer of abi/pv.h. All must print
tests/pv/expected, to the byte, and end with 0."""

import os
import tempfile

import paths
import proc
import qemu
import report as reporting

LIMIT = 90.0
DISK = "DISK"  # in options: a file of a megabyte
STDIN = b"typed\n"  # tests/pv/calls.c reads it where standard input is a stream
IMAGE = os.path.join(paths.BUILD, "images", "pv.img")
BOOTABLE = os.path.join(paths.BUILD, "images", "pv.elf")


class Monitor:
    """ramet run: the monitor, with everything a family has."""

    def __init__(self, name, *options):
        self.name = name
        self.options = options
        self.needs = (paths.RAMET, IMAGE)

    def gate(self, report, full):
        return paths.kvm_gate(report, full)

    def run(self):
        """An Outcome and a complaint, or None for one of the two."""
        with tempfile.NamedTemporaryFile() as disk:
            disk.truncate(1 << 20)
            options = [disk.name if word == DISK else word for word in self.options]
            return proc.run(paths.ramet_run(IMAGE, options=options), STDIN, LIMIT), None


class Picoprocess(Monitor):
    """The same family as confined processes."""

    def __init__(self, name, *options):
        super().__init__(name, "--vmm", "process", *options)

    def gate(self, report, full):
        return paths.rest()


class QemuMonitor(Monitor):
    """The same family on stock QEMU: the shim in each VM, a monitor beside it."""

    def __init__(self, name, *options):
        super().__init__(name, "--vmm", "qemu", *options)

    def gate(self, report, full):
        return paths.rest() and paths.boot_gate(report, full)


class Shim:
    """The ring-0 shim alone, on a stock PC that is emulated. What it says itself begins with
    "ramet: "."""

    def __init__(self, name, machine, *arguments):
        self.name = name
        self.machine = machine
        self.arguments = arguments
        self.needs = (BOOTABLE,)

    def gate(self, report, full):
        return paths.rest() and paths.boot_gate(report, full)

    def run(self):
        machine = qemu.kernel(BOOTABLE, machine=self.machine)
        outcome = qemu.boot([*machine, *self.arguments], LIMIT, STDIN)
        outcome, complaint = qemu.program_outcome(outcome)
        if outcome:
            lines = outcome.out.splitlines(keepends=True)
            outcome.out = b"".join(l for l in lines if not l.startswith(b"ramet: "))
        return outcome, complaint


# QEMU's memory-mapped devices are legacy ones unless told otherwise.
MODERN = ("-global", "virtio-mmio.force-legacy=false")

# Little memory and few slots: the layout is not always the default one.
SMALL = ("--mem", "34M", "--window-size", "4M", "--max-procs", "4")

# More may follow: an object with these four.
BACKENDS = [
    Picoprocess("process"),
    Picoprocess("process-small", *SMALL),
    Picoprocess("process-disk", "--disk", DISK),
    Monitor("monitor"),
    Monitor("monitor-small", *SMALL),
    Monitor("monitor-disk", "--disk", DISK),
    QemuMonitor("companion"),
    QemuMonitor("companion-disk", "--disk", DISK),
    Shim("shim-pc", "pc"),
    # Without WRFSBASE: PV_BOOT_SET_TP.
    Shim("shim-old-processor", "pc", "-cpu", "qemu64"),
    Shim("shim-devices", "pc", "-device", "virtio-rng-pci", "-device", "virtio-serial-pci"),
    Shim("shim-microvm-device", "microvm", *MODERN, "-device", "virtio-rng-device"),
    Shim("shim-q35", "q35"),
    Shim("shim-microvm", "microvm"),
]


def one(report, full, backend, expected):
    outcome, trouble = backend.run()
    if trouble is None:
        trouble = outcome.trouble()
    if trouble is None and outcome.out != expected:
        trouble = "output differs"
    if trouble is None and outcome.status != 0:
        trouble = f"exit status {outcome.status}"
    if trouble is None:
        report.ok(full, outcome.seconds)
        return
    details = reporting.difference(expected, outcome.out) if outcome else ""
    if outcome and outcome.err:
        details += "\nstderr:\n" + reporting.tail(outcome.err)
    report.fail(full, trouble, details)


def suite(report, _options):
    with open(os.path.join(paths.TESTS, "pv", "expected"), "rb") as f:
        expected = f.read()
    for backend in BACKENDS:
        full = "pv/" + backend.name
        if not backend.gate(report, full) or not report.wants(full):
            continue
        unbuilt = paths.unbuilt(*backend.needs)
        if unbuilt:
            report.fail(full, unbuilt)
        else:
            one(report, full, backend, expected)
