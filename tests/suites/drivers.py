# SPDX-License-Identifier: BSD-2-Clause
"""The drivers suite: ramet-cc --drivers links what was asked for and nothing else, and the note in
the program says so. Judged by the symbols in the program, against those of the drivers' objects."""

import os
import subprocess
import tempfile

import faults
import paths

CC = os.path.join(paths.BUILD, "bin", "ramet-cc")
OBJECTS = os.path.join(paths.BUILD, "obj", "guest")
SHARED = {"virtio", "virtqueue", "dma", "mmio", "pci"}
# Which objects each driver needs; no program has any other.
NEEDS = {
    "blk": {"drivers/virtio/blk", "kernel/dev/blkdev"},
    "console": {"drivers/virtio/console", "kernel/dev/chardev"},
    "rng": {"drivers/virtio/rng", "kernel/dev/chardev"},
}


def symbols(path):
    """Functions and objects a file defines."""
    text = subprocess.run(
        ["nm", "--defined-only", path], capture_output=True, text=True, check=True
    ).stdout
    return {line.split()[2] for line in text.splitlines() if line.split()[1] in "TtRrDdBb"}


def of(objects):
    found = set()
    for name in objects:
        found |= symbols(os.path.join(OBJECTS, name + ".o"))
    return found


def link(drivers, folder):
    source, program = os.path.join(folder, "p.c"), os.path.join(folder, "p.elf")
    with open(source, "w", encoding="ascii") as f:
        f.write("int main(void) { return 0; }\n")
    options = [] if drivers is None else [f"--drivers={drivers}"]
    return subprocess.run(
        [CC, "-O2", *options, "-o", program, source], capture_output=True, text=True, check=False
    ), program


def note(program, folder):
    image = os.path.join(folder, "p.img")
    said = subprocess.run(
        [paths.MKIMAGE, "-o", image, "--program", f"/p={program}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    line = [l for l in said.splitlines() if l.startswith("drivers linked:")]
    return line[0].partition(":")[2].split() if line else []


def check(drivers, expected):
    """Only code of `expected` is in a program linked so."""
    everything = {o for needed in NEEDS.values() for o in needed}
    shared = {f"drivers/virtio/{name}" for name in SHARED}
    wanted = {o for d in expected for o in NEEDS[d]}
    with tempfile.TemporaryDirectory() as folder:
        done, program = link(drivers, folder)
        assert done.returncode == 0, done.stderr
        have = symbols(program)
        # Names that other parts of the kernel have as well say nothing.
        others = [
            os.path.relpath(os.path.join(top, f), OBJECTS)[:-2]
            for top, _, files in os.walk(OBJECTS)
            for f in files
            if f.endswith(".o")
        ]
        common = of(set(others) - everything - shared)
        allowed = of(wanted | (shared if expected else set())) | common
        strange = have & (of(everything | shared) - allowed)
        assert not strange, f"--drivers={drivers}: has {' '.join(sorted(strange)[:8])}"
        for driver in expected:
            assert f"ramet_driver_{driver}" in have, f"--drivers={drivers}: no {driver}"
        said = [d for d in note(program, folder) if d != "none"]
        assert said == list(expected), f"--drivers={drivers}: the note says {said}"


def test_none():
    check("none", [])


def test_default():
    check(None, ["blk", "console", "rng"])


def test_some():
    check("rng", ["rng"])
    check("blk", ["blk"])
    check("console,blk", ["blk", "console"])


def test_hello():
    """The smallest program there is has none."""
    have = symbols(os.path.join(paths.BUILD, "apps", "hello.elf"))
    found = [s for s in have if s.startswith(("virtio", "virtq", "ramet_driver", "blkdev"))]
    assert not found, f"hello has {found}"


def test_unknown():
    with tempfile.TemporaryDirectory() as folder:
        done, _ = link("floppy", folder)
        assert done.returncode != 0 and "floppy" in done.stderr, done.stderr
        assert done.stderr.count("\n") == 1, done.stderr


def suite(report, _options):
    unbuilt = paths.unbuilt(CC, paths.MKIMAGE, os.path.join(paths.BUILD, "apps", "hello.elf"))
    if unbuilt:
        report.fail("drivers", unbuilt)
        return
    for name, function in list(globals().items()):
        full = "drivers/" + name.removeprefix("test_")
        if name.startswith("test_") and report.wants(full):
            faults.one(report, full, function)
