# SPDX-License-Identifier: BSD-2-Clause
"""A stock PC for bootable images: QEMU without KVM, its serial line as stdin and stdout.

QEMU's own exit status is 0 when the guest powers the machine off, and 2n+1 when it writes n to the
debug-exit port; the shim does the first for exit status 0 and the second for all others, after a
line on the console that says it in words.
"""

import dataclasses
import os
import re
import select
import subprocess
import tempfile
import time

import proc

QEMU = "qemu-system-x86_64"
OVMF = "/usr/share/ovmf/OVMF.fd"  # firmware in one file, for -bios
OVMF_CODE = "/usr/share/OVMF/OVMF_CODE.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS.fd"
LAST_LINE = re.compile(rb"ramet: (exit status|killed by signal) (\d+)\n\Z")
ESCAPES = re.compile(rb"\x1b(?:\[[0-9;=?]*[A-Za-z]|c)")
LIMIT = 60.0


def command(*arguments, memory="256", serial="stdio"):
    return [
        QEMU, "-accel", "tcg", "-m", memory, "-display", "none", "-monitor", "none",
        "-serial", serial, "-nic", "none", "-no-reboot",
        "-device", "isa-debug-exit,iobase=0x501,iosize=2", *arguments,
    ]  # fmt: skip


def kernel(path, append=None, machine="pc"):
    words = ["-append", append] if append else []
    return ["-M", machine, "-kernel", path, *words]


def disk(path, kind="raw"):
    # snapshot: two tests may read one file, and no test changes it.
    return ["-drive", f"file={path},format={kind},snapshot=on"]


def flash(variables):
    """UEFI as a machine has it: its code, and a copy of its variables to write to."""
    return [
        "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={OVMF_CODE}",
        "-drive", f"if=pflash,unit=1,format=raw,file={variables}",
    ]  # fmt: skip


class Console:
    """A machine that is running; what it prints is in `out`, cleaned."""

    def __init__(self, arguments, typed=None, serial="stdio"):
        self.begin = time.monotonic()
        self.raw = b""
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command(*arguments, serial=serial),
            stdin=subprocess.PIPE if typed is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            start_new_session=True,
            preexec_fn=proc.default_signals,
        )
        if typed:
            self.type(typed)

    @property
    def out(self):
        """Plain newlines, and no terminal control sequences."""
        return ESCAPES.sub(b"", self.raw).replace(b"\r\n", b"\n")

    def type(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def read(self, until, limit):
        """Reads on until `until` has been printed (or the end, if None). False: it has not."""
        deadline = time.monotonic() + limit
        stream = self.process.stdout
        while until is None or until not in self.out:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([stream], [], [], left)[0]:
                return False
            block = os.read(stream.fileno(), 65536)
            if not block:
                return until is None
            self.raw += block
        return True

    def end(self, limit=0.0):
        """The Outcome; a machine that is not off within the time is killed."""
        result = proc.Outcome()
        result.timed_out = not self.read(None, limit)
        if result.timed_out:
            self.process.kill()
        result.status = proc.shell_status(self.process.wait())
        self.process.stdout.close()
        if self.process.stdin:
            self.process.stdin.close()
        self.errors.seek(0)
        result.out, result.err = self.out, self.errors.read()
        self.errors.close()
        result.seconds = time.monotonic() - self.begin
        result.left = proc.leftovers()
        return result


def boot(arguments, limit=LIMIT, typed=None):
    """Runs a machine to its end; `typed` is on its way before it listens."""
    return Console(arguments, typed).end(limit)


def program_outcome(result):
    """From the machine's outcome to the program's: the console's last line is taken off and
    becomes the status. None instead of an Outcome with a reason: QEMU and that line disagree."""
    match = LAST_LINE.search(result.out)
    status, out = 0, result.out
    if match:
        number = int(match.group(2))
        status = number + (128 if match.group(1) == b"killed by signal" else 0)
        out = result.out[: match.start()]
    wanted = (2 * status + 1) & 0xFF if status else 0
    if result.status != wanted and not result.timed_out:
        return None, f"QEMU's exit status {result.status}, but the console says status {status}"
    return dataclasses.replace(result, status=status, out=out), None
