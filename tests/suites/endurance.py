# SPDX-License-Identifier: BSD-2-Clause
"""Endurance: very many forks, very many members at once, very many killed from outside, and nothing
left behind: no process, no descriptor, no memory of the supervisor's, no object in the window. By
hand (`make endurance`, on the back end that VMM= says); the process suite runs it with small
numbers. Each prints a line of figures. tests/guest/process/endure.c is what runs inside."""

import contextlib
import os
import random
import select
import time

import faults
import paths
import proc
from family import Family

EMBRYO = 3  # seconds: a clone that was killed before it reported is given up by then
GROWTH_KB = 1024  # of the supervisor's memory that is no leak: pages of pids, buffers


@contextlib.contextmanager
def endure(mode, count, kills=False):
    """The program, about to begin: the family, and a function to call before its end that says
    how many KB the supervisor has gained. At the end nothing is left; with `kills`, no process. A
    member that is killed in the middle of a system call may leave a file or a pipe
    (kernel/file/fd.c)."""
    flags = ["--exec", "/tests/endure", "--max-procs", "1100", "--check-leaks"]
    with Family(paths.ramet_run(paths.TESTS_IMAGE, mode, str(count), options=flags)) as family:
        family.expect("begin\n", limit=60)
        before = held(family.process.pid)
        family.send("go\n")
        yield family, lambda: gained(family, before)
        time.sleep(EMBRYO if kills else 0)
        family.process.stdin.close()
        family.expect("leaks: ", limit=60)
        leaks = family.expect("\n", limit=60)
        allowed = leaks == "none" or (kills and leaks.startswith("0 processes, "))
        assert allowed, f"leaks: {leaks}"
        assert family.process.wait(paths.limit(60)) == 0, "status"
    left = proc.descendants(os.getpid())
    assert not left, f"left: {[proc.command_line(pid) for pid in left]}"


def memory(pid, *kinds):
    """KB of a process' memory, of these kinds."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        lines = dict(line.split(":", 1) for line in rollup.read().splitlines()[1:])
    return sum(int(lines[kind].split()[0]) for kind in kinds)


def held(pid):
    """Descriptors and private memory of the supervisor."""
    return len(os.listdir(f"/proc/{pid}/fd")), memory(pid, "Private_Clean", "Private_Dirty")


def gained(family, before):
    pid = family.process.pid
    # A parent hears of an end a moment before the process is gone.
    family.wait_for_monitors(lambda pids: len(pids) == 1, "members left")
    after = held(pid)
    assert after[0] <= before[0], f"{after[0]} descriptors, {before[0]} before"
    grown = after[1] - before[1]
    assert grown < GROWTH_KB, f"the supervisor has grown by {grown} KB"
    # Its first program, and on the process back end the watchdog.
    children = len(proc.descendants(pid))
    assert children <= 2, f"{children} processes left"
    return f"supervisor {grown:+} KB, {after[0]} descriptors"


def forks(count):
    """One after the other."""
    with endure("forks", count) as (family, supervisor):
        begin = time.monotonic()
        said = family.expect(" forks", limit=60 + count / 100)
        seconds = time.monotonic() - begin
        assert said == f"{count} of {count}", said
        figures = supervisor()
    return f"{count} forks in {seconds:.1f} s, {count / seconds:.0f} a second; {figures}"


def alive(count):
    """All at once, asleep; all are killed then."""
    with endure("alive", count) as (family, supervisor):
        begin = time.monotonic()
        said = family.expect(" sleep\n", limit=180)
        up = time.monotonic() - begin
        assert said == f"{count} of {count}", said
        members = family.monitors()
        assert len(members) == count + 1, f"{len(members)} members"
        total = sum(memory(pid, "Pss") for pid in members) // 1024
        begin = time.monotonic()
        family.send("go\n")
        said = family.expect(" killed\n", limit=180)
        down = time.monotonic() - begin
        assert said == str(count), said
        figures = supervisor()
    return f"{count + 1} members up in {up:.1f} s, {total} MB, killed in {down:.1f} s; {figures}"


def kill_until_said(family, word, limit):
    """SIGKILL to members at random, but the first, until the family says so. How many."""
    killed, deadline = 0, time.monotonic() + paths.limit(limit)
    while not select.select([family.output], [], [], 0.002)[0]:
        assert time.monotonic() < deadline, f"{killed} killed, and no {word!r}"
        members = family.monitors()[1:]
        if members:
            proc.kill_all([random.choice(members)])
            killed += 1
    return killed


def kills(count):
    """Random members are killed while the family goes on forking."""
    with endure("killed", count, kills=True) as (family, supervisor):
        family.expect(" work\n")
        begin = time.monotonic()
        killed = kill_until_said(family, " killed", 60 + count / 5)
        seconds = time.monotonic() - begin
        said = family.expect(" ended otherwise", limit=60)
        assert said.startswith(f"{count} killed, "), said
        figures = supervisor()
    return f"{killed} SIGKILLs in {seconds:.1f} s, workers: {said} otherwise; {figures}"


# Name -> the test, and how much of it by hand and in the process suite.
TESTS = {
    "forks": (forks, 100_000, 1_000),
    "alive": (alive, 999, 60),
    "kills": (kills, 1_000, 30),
}


def suite(report, _options):
    unbuilt = paths.unbuilt(paths.RAMET, paths.TESTS_IMAGE)
    if unbuilt:
        report.fail("endurance", unbuilt)
        return
    for name, (function, count, _) in TESTS.items():
        full = f"endurance/{name}"
        if report.wants(full):
            faults.one(report, full, lambda: print(f"      | {function(count)}", flush=True))
