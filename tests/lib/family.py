# SPDX-License-Identifier: BSD-2-Clause
"""A running family under the harness' control: talk to it through pipes or a terminal, look at its
monitors from the host, wait for words in its output."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import paths
import proc


class Family:
    """`ramet run` as a child, stdin and stdout in our hands. Use as a context manager: leaving it
    kills whatever still runs, so a failed test cannot disturb the next one."""

    def __init__(self, argv, tty=False, size=(24, 80)):
        self.seen = b""
        self.master = None
        if tty:
            self.master, slave = pty.openpty()
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
            self.before = termios.tcgetattr(slave)
            self.process = subprocess.Popen(
                argv, stdin=slave, stdout=slave, stderr=slave, preexec_fn=self.new_terminal
            )
            os.close(slave)
            self.input = self.output = self.master
        else:
            self.process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=proc.default_signals,
            )
            self.input = self.process.stdin.fileno()
            self.output = self.process.stdout.fileno()

    @staticmethod
    def new_terminal():
        proc.default_signals()
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.master is not None:
            os.close(self.master)
        else:
            for stream in (self.process.stdin, self.process.stdout):
                try:
                    stream.close()
                except BrokenPipeError:
                    pass

    def send(self, text):
        os.write(self.input, text.encode())

    def expect(self, word, limit=15.0):
        """Reads until word has come after what an earlier expect() consumed; returns what came
        before it. Fails with what was seen instead when the time is over or the output ends."""
        wanted = word.encode()
        deadline = time.monotonic() + paths.limit(limit)
        while wanted not in self.seen:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.output], [], [], left)[0]:
                raise AssertionError(f"no {word!r} within {limit:.0f} s; saw {self.seen[-300:]!r}")
            try:
                data = os.read(self.output, 65536)
            except OSError:  # a terminal whose other side is closed
                data = b""
            if not data:
                raise AssertionError(f"ended before {word!r}; saw {self.seen[-300:]!r}")
            self.seen += data
        before, _, self.seen = self.seen.partition(wanted)
        return before.decode(errors="replace")

    def monitors(self):
        """Host pids of the family's VMs, oldest first."""
        return proc.monitors(self.process.pid)

    def wait_for_monitors(self, test, what, limit=10.0):
        """Waits until test(list of monitors) holds and returns the list."""
        deadline = time.monotonic() + paths.limit(limit)
        while True:
            pids = self.monitors()
            if test(pids):
                return pids
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: {len(pids)} monitors after {limit:.0f} s")
            time.sleep(0.01)

    def kill(self, pid, sig=signal.SIGKILL):
        os.kill(pid, sig)

    def finish(self, limit=15.0):
        """Closes the family's stdin, waits for its end, returns its status as a shell sees it."""
        if self.master is None:
            self.process.stdin.close()
        try:
            return proc.shell_status(self.process.wait(paths.limit(limit)))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {limit:.0f} s") from None
