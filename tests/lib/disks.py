# SPDX-License-Identifier: BSD-2-Clause
"""Scratch disks of a guest test (directive `disk`): plain files, which the VM gets by --disk and
the oracle as loop devices of Linux, so that both see a block device. Afterwards the files must be
the same: what a program wrote is compared without trusting what it reads.

    // disk: 1M 64K:ro      the program finds their names in DISK and DISK2
"""

import os
import shutil
import subprocess
import tempfile

UNITS = {"K": 1 << 10, "M": 1 << 20}


class NoLoop(Exception):
    """Linux cannot give us a block device here."""


def variable(index):
    return "DISK" if index == 0 else f"DISK{index + 1}"


class Disks:
    """The files of one run. Use as a context manager; `loop` makes block devices of them."""

    def __init__(self, directive, loop):
        self.words = directive.split()
        self.loop = loop
        self.devices = []

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="disks-")
        self.files = []
        try:
            for word in self.words:
                self._make(word)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make(self, word):
        size, _, mode = word.partition(":")
        path = os.path.join(self.folder, str(len(self.files)))
        with open(path, "wb") as f:
            # Not zeros: what is read before it is written must come from the disk as well.
            f.write(b"ramet" * (int(size[:-1]) * UNITS[size[-1]] // 5 + 1))
            f.truncate(int(size[:-1]) * UNITS[size[-1]])
        self.files.append((path, mode))
        if self.loop:
            flags = ["--read-only"] if mode == "ro" else []
            self.devices.append(attach(path, flags))

    def __exit__(self, *_):
        for device in self.devices:
            subprocess.run(["losetup", "--detach", device], check=False)
        shutil.rmtree(self.folder)

    def options(self):
        """Of `ramet run`."""
        for path, mode in self.files:
            yield from ["--disk", f"{path}:{mode}" if mode else path]
        for setting in self.settings():
            yield from ["--env", setting]

    def qemu(self):
        """Of a QEMU microvm. virtio 1.x, which QEMU's mmio transport must be told."""
        if self.files:
            yield from ["-global", "virtio-mmio.force-legacy=false"]
        for i, (path, mode) in enumerate(self.files):
            readonly = "on" if mode == "ro" else "off"
            yield from ["-drive", f"if=none,id=d{i},format=raw,file={path},readonly={readonly}"]
            yield from ["-device", f"virtio-blk-device,drive=d{i}"]

    def settings(self):
        """What tells the program where its disks are, as NAME=VALUE."""
        return [f"{variable(i)}=/dev/vd{chr(ord('a') + i)}" for i in range(len(self.files))]

    def environment(self):
        return {variable(i): device for i, device in enumerate(self.devices)}

    def contents(self):
        # A loop device has a cache of its own.
        for device in self.devices:
            fd = os.open(device, os.O_RDONLY)
            os.fsync(fd)
            os.close(fd)
        return [open(path, "rb").read() for path, _ in self.files]


def attach(path, flags):
    if not shutil.which("losetup"):
        raise NoLoop("no losetup for the oracle's disk")
    done = subprocess.run(
        ["losetup", "--find", "--show", *flags, path], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NoLoop("no loop device for the oracle: " + done.stderr.strip())
    return done.stdout.strip()
