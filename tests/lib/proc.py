# SPDX-License-Identifier: BSD-2-Clause
"""Running one program under a time limit and finding every process it leaves behind.

The harness makes itself the subreaper of everything below it, so a monitor whose supervisor died
becomes a child of the harness instead of vanishing under init: after each test "has this process
any child?" is the whole leak check, with no cgroup, no name matching and no privileges.
"""

import ctypes
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field

import paths

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
GRACE = 1.0  # seconds a family may take to be gone after its first process ended


class Skip(Exception):
    """This machine cannot run the test; str() says why."""


@dataclass
class Outcome:
    """What a program did. status is 128+n for a death by signal n, as a shell has it."""

    status: int = -1
    out: bytes = b""
    err: bytes = b""
    timed_out: bool = False
    left: list = field(default_factory=list)  # command lines of processes left behind
    seconds: float = 0.0

    def trouble(self):
        """The reason why the run itself (not its output) is wrong, or None."""
        if self.timed_out:
            return "time limit"
        if self.left:
            return f"{len(self.left)} process(es) left behind: {self.left[0]}"
        return None


def become_subreaper():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def die_with_parent():
    """In a child before its exec: it is killed when we end, however that comes about."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def process_table():
    """pid -> (parent pid, state letter), of every process visible now."""
    table = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:
                # The command name may hold spaces and brackets: read from the last ')'.
                fields = stat.read().rpartition(b")")[2].split()
        except OSError:
            continue
        table[int(name)] = (int(fields[1]), fields[0].decode())
    return table


def descendants(root):
    """Pids of the living (not zombie) processes below root, in no order."""
    table = process_table()
    found, frontier = [], {root}
    while frontier:
        frontier = {p for p, (parent, _) in table.items() if parent in frontier}
        found += [p for p in frontier if table[p][1] not in "ZX"]
    return found


def by_age(pids):
    """The living of them, oldest first. Not by number: those start again at the bottom."""
    born = {}
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as stat:
                born[pid] = int(stat.read().rpartition(b")")[2].split()[19])  # proc(5): starttime
        except OSError:
            continue
    return sorted(born, key=lambda pid: (born[pid], pid))


def monitors(root):
    """Of those, the VMs' own processes, in order of age: one process group, which the first of them
    leads. QEMUs are not in it, nor what is about to become one and still has ramet's name."""
    ours, leader = {}, None
    for pid in by_age(descendants(root)):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii", errors="replace") as comm:
                if comm.read() != "ramet\n":
                    continue
            ours[pid] = os.getpgid(pid)
        except OSError:
            continue
        if leader is None and ours[pid] == pid:
            leader = pid
    return [pid for pid, group in ours.items() if group == leader]


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "?"


def reap():
    """Collects orphans that ended; safe only while no Popen of ours is still running."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def kill_all(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def leftovers(grace=GRACE):
    """Command lines of what is still below us after the grace time; all of it is then killed."""
    deadline = time.monotonic() + paths.limit(grace)
    while True:
        reap()
        pids = descendants(os.getpid())
        if not pids or time.monotonic() > deadline:
            break
        time.sleep(0.01)
    lines = [f"{pid} {command_line(pid)}" for pid in pids]
    while pids:
        kill_all(pids)
        time.sleep(0.02)
        reap()
        pids = descendants(os.getpid())
    return lines


def shell_status(returncode):
    return 128 - returncode if returncode < 0 else returncode


def ended(process, limit):
    """Waits for a Popen: its status as a shell sees it. Kills it and fails if it takes too long."""
    try:
        return shell_status(process.wait(paths.limit(limit)))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError(f"did not end within {limit:.0f} s") from None


def default_signals():
    # A test starts like an interactive shell's child, whatever started the harness: Python ignores
    # SIGPIPE, nohup SIGHUP, a script's `&` SIGINT and SIGQUIT, and all of them would be inherited.
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def run(argv, stdin=b"", limit=30.0, env=None, cwd=None):
    """Runs argv to its end and returns its Outcome; never raises for what the program does."""
    begin = time.monotonic()
    proc = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=default_signals,
    )
    result = Outcome()
    try:
        result.out, result.err = proc.communicate(stdin, timeout=paths.limit(limit))
    except subprocess.TimeoutExpired:
        result.timed_out = True
        kill_all(descendants(os.getpid()))
        result.out, result.err = proc.communicate()
    result.status = shell_status(proc.returncode)
    result.seconds = time.monotonic() - begin
    result.left = leftovers()
    return result
