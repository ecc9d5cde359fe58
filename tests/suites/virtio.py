# SPDX-License-Identifier: BSD-2-Clause
"""The virtio suite: the drivers against QEMU's devices, over PCI with MSI-X and over MMIO. The disk
tests of tests/guest run there with Linux as the oracle; tests/virtio/probe.c tries the rest."""

import os
import select
import subprocess
import tempfile

import faults
import guest
import paths
import proc
import qemu
import report as reporting
import shim

PCI, MMIO = "pci", "mmio"
MACHINES = {PCI: "q35", MMIO: "microvm,pcie=off"}
LIMIT = 60.0
built = tempfile.TemporaryDirectory(prefix="virtio-")


def probe():
    """tests/virtio/probe.c as a kernel file."""
    program, kernel = (os.path.join(built.name, n) for n in ("probe", "probe.elf"))
    if not os.path.exists(kernel):
        cc = os.path.join(paths.BUILD, "bin", "ramet-cc")
        source = os.path.join(paths.TESTS, "virtio", "probe.c")
        subprocess.run([cc, "-O2", "-o", program, source], check=True)
        subprocess.run([paths.MKIMAGE, "-q", "-o", kernel, "--format", "elf",
                        "--program", f"/probe={program}"], check=True)  # fmt: skip
    return kernel


def device(transport, name, *properties):
    """A virtio device: `blk`, `rng`, `serial`."""
    suffix = "device" if transport == MMIO else "pci"
    return ["-device", ",".join([f"virtio-{name}-{suffix}", *properties])]


def machine(transport, kernel, words):
    modern = ["-global", "virtio-mmio.force-legacy=false"] if transport == MMIO else []
    return [*qemu.kernel(kernel, words, MACHINES[transport]), *modern]


def ends(console, *wanted):
    """The machine powers off, having printed all that is wanted."""
    outcome, complaint = qemu.program_outcome(console.end(LIMIT))
    assert complaint is None, complaint
    assert not outcome.timed_out, f"did not end; said {outcome.out!r}"
    assert outcome.status == 0, f"status {outcome.status}; said {outcome.out!r}"
    for text in wanted:
        assert text in outcome.out, f"no {text!r} in {outcome.out!r} {outcome.err!r}"


def drive(path, name, *more):
    return ["-drive", ",".join([f"if=none,id={name},format=raw,file={path}", *more])]


def disk_test(name, *properties):
    """A disk test of tests/guest on PCI: same output as on Linux, same bytes on the disks."""
    test = guest.Test(name)

    class Report:
        """What it cannot compare it says by raising."""

        def skip(self, _full, reason):
            raise proc.Skip(reason)

        def fail(self, _full, reason, details=""):
            raise AssertionError(f"{reason}\n{details}")

    expected, written = test.expected(Report(), name)
    with test.disks(loop=False) as d:
        words = shim.words(test, d.settings())
        arguments = machine(PCI, paths.TESTS_ELF, words)
        for i, (path, mode) in enumerate(d.files):
            arguments += drive(path, f"d{i}", "readonly=" + ("on" if mode == "ro" else "off"))
            arguments += device(PCI, "blk", f"drive=d{i}", *properties)
        actual, complaint = qemu.program_outcome(qemu.boot(arguments, LIMIT))
        assert complaint is None, complaint
        assert actual.out == expected.out, reporting.difference(expected.out, actual.out)
        assert d.contents() == written, "the disk differs"


def test_disk_pci():
    disk_test("disk_io", "disable-legacy=on")


def test_disk_transitional():
    """A device that could be driven the old way is driven the new way."""
    disk_test("disk_io", "disable-legacy=off")


def test_disk_read_only():
    disk_test("disk_ro")


def test_large_blocks():
    """4 KB blocks: nothing smaller reaches the device, whatever the program asks for."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"-" * (1 << 20))
        file.flush()
        blocks = "logical_block_size=4096,physical_block_size=4096"
        arguments = machine(PCI, probe(), "parts") + drive(file.name, "d")
        arguments += device(PCI, "blk", "drive=d", blocks)
        ends(qemu.Console(arguments), b"block 4096 holds across")
        file.seek(4090)
        assert file.read(12) == b"---across---"


def test_slow_disk():
    """60 requests a second: the VM sleeps, and every interrupt comes."""
    for transport in MACHINES:
        with tempfile.NamedTemporaryFile() as file:
            file.truncate(1 << 20)
            arguments = machine(transport, probe(), "slow")
            arguments += drive(file.name, "d", "throttling.iops-total=60")
            arguments += device(transport, "blk", "drive=d")
            ends(qemu.Console(arguments), b"busy for less")


def test_entropy():
    for transport in MACHINES:
        arguments = machine(transport, probe(), "entropy") + device(transport, "rng")
        ends(qemu.Console(arguments), b"entropy differs")


def test_console():
    """/dev/hvc0 beside a serial line: what is typed there comes there, and is answered there."""
    for transport in MACHINES:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("in", "out"):
                os.mkfifo(os.path.join(folder, "pipe." + name))
            # Opened for both directions, a FIFO's open() waits for nobody.
            there = os.open(os.path.join(folder, "pipe.in"), os.O_RDWR)
            back = os.open(os.path.join(folder, "pipe.out"), os.O_RDWR)
            arguments = machine(transport, probe(), "console") + device(transport, "serial")
            arguments += ["-chardev", f"pipe,id=c,path={folder}/pipe"]
            arguments += ["-device", "virtconsole,chardev=c"]
            console = qemu.Console(arguments)
            try:
                talk(there, back)
            finally:
                outcome = console.end(LIMIT)
                os.close(there)
                os.close(back)
            assert outcome.status == 0, f"status {outcome.status} {outcome.out!r} {outcome.err!r}"


def talk(there, back):
    assert until(back, b"ready\n")
    for line in (b"one\n", b"two " * 50 + b"\n"):
        os.write(there, line)
        assert until(back, b"echo " + line)
    os.write(there, b"end\n")


def until(fd, wanted):
    """Reads until it has come; the whole machine has LIMIT seconds."""
    seen = b""
    while wanted not in seen:
        assert select.select([fd], [], [], LIMIT)[0], f"no {wanted!r}; saw {seen!r}"
        seen += os.read(fd, 65536)
    return True


def test_console_as_stdio():
    """A machine without a serial line: the console is descriptors 0, 1 and 2."""
    arguments = machine(PCI, probe(), "stdio") + device(PCI, "serial")
    arguments += ["-chardev", "stdio,id=c", "-device", "virtconsole,chardev=c"]
    console = qemu.Console(arguments, b"", serial="none")
    assert console.read(b"ready\n", LIMIT), f"saw {console.out!r}"
    console.type(b"one\n")
    assert console.read(b"echo one\n", LIMIT), f"saw {console.out!r}"
    console.type(b"end\n")
    assert console.end(LIMIT).status == 0


def test_nothing():
    """Without devices there are no names for them."""
    ends(qemu.Console(machine(PCI, probe(), "")), b"vda -1 hvc0 -1 hwrng -1\n")


def suite(report, _options):
    if not paths.boot_gate(report, "virtio"):
        return
    unbuilt = paths.unbuilt(paths.TESTS_ELF, paths.MKIMAGE)
    if unbuilt:
        report.fail("virtio", unbuilt)
        return
    for name, function in list(globals().items()):
        full = "virtio/" + name.removeprefix("test_")
        if name.startswith("test_") and report.wants(full):
            faults.one(report, full, function)
