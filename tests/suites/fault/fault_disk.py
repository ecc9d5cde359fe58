# SPDX-License-Identifier: BSD-2-Clause
"""Disks: what survives when everything is killed, files that shrink or may not be written, families
that share one, programs without the driver."""

import os
import subprocess
import tempfile

import paths
import proc
from family import Family

KB = 1024


class Disk:
    """A scratch file of that size."""

    def __init__(self, size):
        self.file = tempfile.NamedTemporaryFile(prefix="disk-")
        self.file.truncate(size)
        self.name = self.file.name

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def bytes(self, start=0, size=-1):
        with open(self.name, "rb") as f:
            f.seek(start)
            return f.read(size)


def shell(script, *disks):
    options = [word for disk in disks for word in ("--disk", disk)]
    return Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", script, options=options))


def test_killed():
    """What two processes have written and made safe is in the file when all is killed."""
    with Disk(256 * KB) as disk:
        options = ["--disk", disk.name, "--env", "DISK=/dev/vda", "--exec", "/tests/disk_hold"]
        with Family(paths.ramet_run(paths.TESTS_IMAGE, "hold", options=options)) as f:
            f.expect("safe")
            for pid in [f.process.pid, *f.monitors()]:
                f.kill(pid)
            f.finish()
        assert disk.bytes() == b"A" * 128 * KB + b"B" * 128 * KB, "not what was written"


def test_truncated():
    """A file that is cut short under a running family: EIO beyond its end, and it stays short."""
    if paths.VMM == "qemu":
        raise proc.Skip("QEMU reads zeros beyond the end, and a write makes the file long again")
    script = (
        "echo ready; read go; "
        "dd if=/dev/vda of=/dev/null bs=4k skip=8 count=1 || echo cannot read; "
        "dd if=/dev/zero of=/dev/vda bs=4k seek=8 count=1 conv=notrunc || echo cannot write; "
        "dd if=/dev/zero of=/dev/vda bs=4k seek=3 count=1 conv=notrunc,fsync && echo wrote"
    )
    with Disk(64 * KB) as disk, shell(script, disk.name) as f:
        f.expect("ready")
        os.truncate(disk.name, 16 * KB)
        f.send("go\n")
        f.expect("Input/output error")
        f.expect("cannot read")
        f.expect("cannot write")
        f.expect("wrote")
        assert f.finish() == 0
        assert len(disk.bytes()) == 16 * KB, "the file has grown again"


def test_read_only():
    """FILE:ro is opened for reading only, and is never written."""
    script = (
        "dd if=/dev/zero of=/dev/vda count=1 conv=notrunc || echo refused; "
        "dd if=/dev/vda bs=5 count=1 2> /dev/null"
    )
    with Disk(64 * KB) as disk:
        with open(disk.name, "r+b") as file:
            file.write(b"hello")
        os.chmod(disk.name, 0o444)
        with shell(script, disk.name + ":ro") as f:
            f.expect("Operation not permitted")
            f.expect("refused")
            f.expect("hello")
            assert f.finish() == 0


def test_two_families():
    """Two families on one file see what the other wrote, without a flush."""
    script = (
        "while read what where; do "
        'if [ "$what" = get ]; then dd if=/dev/vda bs=512 count=1 skip=$where 2> /dev/null | '
        "head -c 5; echo; "
        'else echo "$what" | dd of=/dev/vda bs=512 seek=$where conv=notrunc 2> /dev/null; echo ok; '
        "fi; done"
    )
    with Disk(64 * KB) as disk, shell(script, disk.name) as a, shell(script, disk.name) as b:
        for i in range(5):
            a.send(f"fromA {i}\n")
            a.expect("ok")
            b.send(f"get {i}\n")
            b.expect("fromA")
            b.send(f"fromB {i}\n")
            b.expect("ok")
            a.send(f"get {i}\n")
            a.expect("fromB")
        assert a.finish() == 0 and b.finish() == 0


def test_four():
    """As many disks as there can be, each its own, by name and number."""
    with Disk(8 * KB) as a, Disk(8 * KB) as b, Disk(8 * KB) as c, Disk(8 * KB) as d:
        script = "for i in a b c d; do echo disk$i > /dev/vd$i; done; ls -l /dev/vd?; sync"
        with shell(script, a.name, b.name, c.name, d.name) as f:
            for number in ("0", "16", "32", "48"):
                f.expect(f"254,{number:>4}")
            assert f.finish() == 0
        for disk, letter in zip((a, b, c, d), "abcd"):
            assert disk.bytes(0, 6) == f"disk{letter}\n".encode(), letter


def test_device_of_the_host():
    """A block device of the host is a disk as well."""
    with Disk(64 * KB) as disk:
        made = subprocess.run(
            ["losetup", "--find", "--show", disk.name], capture_output=True, text=True, check=False
        )
        if made.returncode:
            raise proc.Skip("no loop device")
        device = made.stdout.strip()
        try:
            with shell("echo inside > /dev/vda; sync", device) as f:
                assert f.finish() == 0
        finally:
            subprocess.run(["losetup", "--detach", device], check=False)
        assert disk.bytes(0, 7) == b"inside\n"


def test_without_driver():
    """A program without the driver is none the worse for a disk, and cannot open it."""
    with Disk(8 * KB) as disk:
        argv = paths.ramet_run(paths.DRIVERLESS_IMAGE, options=["--disk", disk.name])
        outcome = proc.run(argv, limit=20)
        assert outcome.trouble() is None, outcome.trouble()
        assert outcome.out == b"-1 6 1\n", f"{outcome.out!r} {outcome.err!r}"
