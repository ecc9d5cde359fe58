# SPDX-License-Identifier: BSD-2-Clause
"""Part of the boot suite: virtio devices on every bus that a stock machine has them on, driven by
the image's own drivers; and devices that the shim cannot use, each named on the console.
"""

import tempfile

import paths
import qemu

LINE = b"a hundred requests, a byte each, ".ljust(99, b".") + b"\n"
# Slow enough that the driver sleeps and an interrupt must wake it: else it looks once a second, and
# of the requests that then come all at once QEMU lets about eight pass.
DRIVE = "if=none,id=d,format=raw,snapshot=on,throttling.iops-read=80,file="
INTERRUPTED = 7.0  # seconds; 1.5 are usual
SCRIPT = (
    "read x < /dev/vda; echo $x; read x < /dev/hwrng && echo random; "
    "echo more > /dev/vda && echo written; exit 4"
)
WANTED = LINE + b"random\nwritten\n"

BLK_PCI = ["-device", "virtio-blk-pci,drive=d"]
RNG_PCI = ["-device", "virtio-rng-pci"]
MMIO = ["-device", "virtio-blk-device,drive=d", "-device", "virtio-rng-device"]
MODERN = ["-global", "virtio-mmio.force-legacy=false"]


def run(machine, devices, script=SCRIPT):
    """The machine's Outcome, with a disk that begins with LINE as drive d."""
    with tempfile.NamedTemporaryFile() as disk:
        disk.write(LINE)
        disk.truncate(65536)
        disk.flush()
        append = f'-c "{script}"'
        arguments = qemu.kernel(paths.SHELL_ELF, append, machine)
        return qemu.boot([*arguments, "-drive", DRIVE + disk.name, *devices])


def driven(machine, *devices):
    result = run(machine, devices)
    assert not result.trouble(), f"{result.trouble()}\n{result.out!r}"
    program, complaint = qemu.program_outcome(result)
    assert complaint is None, complaint
    assert program.status == 4, f"status {program.status}: {result.out!r} {result.err!r}"
    assert program.out == WANTED, f"{program.out!r}, not {WANTED!r}"
    assert result.seconds < INTERRUPTED, f"{result.seconds:.1f} s: interrupts are lost"


def test_pci():
    """By ports on one machine, in memory on the other."""
    driven("pc", *BLK_PCI, *RNG_PCI)
    driven("q35", *BLK_PCI, *RNG_PCI)


def test_pci_bridges():
    """Behind a PCI Express port, and in function 3 behind a bridge behind it."""
    port = ["-device", "pcie-root-port,id=port0,chassis=1"]
    bridge = ["-device", "pcie-pci-bridge,id=bridge0,bus=port0"]
    driven("q35", *port, *BLK_PCI[:1], BLK_PCI[1] + ",bus=port0", *RNG_PCI)
    function_0 = ["-device", "virtio-rng-pci,bus=bridge0,addr=5.0,multifunction=on"]
    driven("q35", *port, *bridge, *function_0, "-device",
           "virtio-blk-pci,drive=d,bus=bridge0,addr=5.3")  # fmt: skip


def test_pci_without_firmware():
    """Nobody has given these devices addresses."""
    driven("microvm,pcie=on", *BLK_PCI, *RNG_PCI)


def test_mmio():
    """By ACPI's tables, and by the command line."""
    driven("microvm", *MODERN, *MMIO)
    driven("microvm,acpi=off", *MODERN, *MMIO)


def unusable(machine, devices, reason):
    result = run(machine, devices, "echo /dev/vd* /dev/hwrn*")
    assert not result.trouble(), f"{result.trouble()}\n{result.out!r}"
    lines = result.out.splitlines()
    complaints = [l for l in lines if l.startswith(b"ramet: ")]
    assert len(complaints) == 1 and reason in complaints[0], f"{result.out!r} has no {reason!r}"
    assert lines[-1] == b"/dev/vd* /dev/hwrng", f"{lines[-1]!r}"


def test_unusable():
    """One that cannot be used is named, and the next one is."""
    old = ["-device", "virtio-blk-pci,drive=d,disable-modern=on", *RNG_PCI]
    unusable("pc", old, b": no virtio 1.x registers")
    mute = ["-device", "virtio-blk-pci,drive=d,vectors=0", *RNG_PCI]
    unusable("pc", mute, b": no message interrupts")
    legacy = ["-device", "virtio-blk-device,drive=d"]
    result = run("microvm", legacy, "echo /dev/vd*")
    assert b"virtio-mmio.force-legacy=false" in result.out, f"{result.out!r}"
    assert result.out.endswith(b"/dev/vd*\n"), f"{result.out!r}"


def tests():
    return [("devices_" + n.removeprefix("test_"), f) for n, f in globals().items()
            if n.startswith("test_")]  # fmt: skip
