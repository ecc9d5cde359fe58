# SPDX-License-Identifier: BSD-2-Clause
"""`ramet serve` under the harness' control: its families by what they do, its clients."""

import os
import signal
import subprocess
import time

import paths
import proc
from fault_template import Template

LIMIT = 20.0
HOLD = "echo READY; echo begun; sleep 100"


def wait_until(test, what, limit=LIMIT):
    deadline = time.monotonic() + paths.limit(limit)
    while not test():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def read_word(pid, file):
    with open(f"/proc/{pid}/{file}", encoding="ascii", errors="replace") as f:
        return f.read().split()[0]


class Server:
    """`ramet serve` of a template of dash running `script`. Use as a context: what it has started
    is killed in the end, whatever became of it."""

    def __init__(self, script, pool=2, options=(), template=None):
        self.template = template or Template(script)
        assert self.template.made.status == 0, f"{self.template.made.err!r}"
        self.pool = pool
        self.path = os.path.join(self.template.folder.name, "socket")
        self.argv = paths.ramet("serve", "--pool", str(pool), *options, "--template",
                                self.template.path, "--socket", self.path)  # fmt: skip
        self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, start_new_session=True,
                                        preexec_fn=proc.default_signals)  # fmt: skip
        wait_until(lambda: self.process.poll() is not None or len(self.ready()) == pool,
                   "no families are ready")  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        everybody = [self.process.pid, *proc.descendants(self.process.pid)]
        proc.kill_all(everybody)
        self.process.wait()
        self.process.stderr.close()
        self.template.folder.cleanup()

    def ready(self):
        """(supervisor, monitor) of each family that waits: the one in epoll_wait(2), the other in
        recvmsg(2), or a picoprocess in STUB_READY; both hold still."""
        found = []
        table = proc.process_table()
        for pid in [p for p, (parent, _) in table.items() if parent == self.process.pid]:
            monitors = proc.monitors(pid)
            try:
                # x86-64 numbers; a taken family's supervisor is in poll(2).
                if len(monitors) == 1 and read_word(pid, "syscall") == "232" and \
                   read_word(monitors[0], "syscall") in ("47", "196"):  # fmt: skip
                    found.append((pid, monitors[0]))
            except (OSError, IndexError):
                continue
        return found

    def used(self):
        """The supervisors of families that have been taken, when all others are ready."""
        wait_until(lambda: len(self.ready()) == self.pool, "no others are ready")
        return self.others()

    def others(self):
        """Supervisors of families that are not ready: taken, or still being made."""
        waiting = {pid for pid, _ in self.ready()}
        table = proc.process_table()
        return [p for p, (parent, state) in table.items()
                if parent == self.process.pid and p not in waiting and state != "Z"]  # fmt: skip

    def full(self):
        """All families are ready and there are no others."""
        wait_until(lambda: len(self.ready()) == self.pool and not self.others(),
                   f"{len(self.ready())} ready, {len(self.others())} others")  # fmt: skip

    def client(self, **more):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                 "preexec_fn": proc.default_signals, **more}  # fmt: skip
        return subprocess.Popen([paths.RAMET, "run", "--template", self.path], **pipes)

    def run(self, stdin=b""):
        """(status, standard output, standard error) of a client."""
        client = self.client()
        out, err = client.communicate(stdin, timeout=paths.limit(LIMIT))
        return proc.shell_status(client.returncode), out, err

    def begin(self, word=b"begun\n"):
        """A client whose program has printed a line."""
        client = self.client()
        line = client.stdout.readline()
        assert line == word, f"{line!r} {client.stderr.read()!r}"
        return client

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        assert proc.ended(self.process, LIMIT) == 0, f"{self.process.stderr.read()!r}"


def ended(client, status, word=b""):
    """A client that ends with a status, and one line on stderr with the word, or none."""
    out, err = client.communicate(timeout=paths.limit(LIMIT))
    got = proc.shell_status(client.returncode)
    assert got == status, f"status {got}, not {status}; {out!r} {err!r}"
    assert word in err and err.count(b"\n") == (word != b""), f"{err!r}"
