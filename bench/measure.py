# SPDX-License-Identifier: BSD-2-Clause
"""Runs one bench program, on Ramet or on Linux, and reads what it prints.

Placement matters more than anything else here: waking a process on another processor costs ten
times what it costs on the same one. So two processes that talk are pinned, from outside and alike
on both sides, while the program waits in its rendezvous (bench/stats.h).
"""

import os
import re
import select
import statistics
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build")
RAMET = os.path.join(BUILD, "bin", "ramet")
BENCH_IMAGE = os.path.join(BUILD, "images", "bench.img")
BOOT_IMAGE = os.path.join(BUILD, "images", "boot.img")
FLOOR = os.path.join(BUILD, "bench", "host", "floor")
CLONE = os.path.join(BUILD, "bench", "host", "clone")
START = os.path.join(BUILD, "bench", "host", "start")
# Counters of --trace=exit (host/family/trace.c) that are no paravirtual calls.
NOT_CALLS = {"exceptions", "events", "devices", "vm-exits", "faults", "guest-faults", "emulated"}
PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
ROUNDS = 3  # of sides that take turns
LIMIT = 60.0  # seconds for one program; a healthy one takes a few


class Failed(Exception):
    """A program that gave no figures: the message says which and why."""


def linux(program, *arguments):
    return [os.path.join(BUILD, "bench", "linux", program), *arguments]


def ramet(program, *arguments, options=()):
    return [RAMET, "run", *options, "--exec", "/bench/" + program, BENCH_IMAGE, *arguments]


def parse(text):
    """name -> (p50, p99, unit) of the lines that are results."""
    found = {}
    for line in text.splitlines():
        match = re.fullmatch(r"(\w+) ([\d.]+) ([\d.]+) (\S+)", line)
        if match:
            name, p50, p99, unit = match.groups()
            found[name] = (float(p50), float(p99), unit)
    return found


def fail(argv, reason, err=""):
    lines = err.strip().splitlines()
    shown = " ".join(os.path.relpath(a, ROOT) if a.startswith("/") and os.path.exists(a) else a
                     for a in argv)
    raise Failed(f"{shown}: {reason}" + (f": {lines[-1]}" if lines else ""))


def run(argv):
    """Runs a program to its end; returns (standard output, standard error)."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        fail(argv, f"not done after {LIMIT:.0f} s")
    if done.returncode != 0:
        fail(argv, f"exit status {done.returncode}", done.stderr)
    return done.stdout, done.stderr


def results(argv):
    found = parse(run(argv)[0])
    if not found:
        fail(argv, "no results")
    return found


def medians(runs):
    """Of each name's p50 and p99 over runs."""
    return {name: (statistics.median(run[name][0] for run in runs),
                   statistics.median(run[name][1] for run in runs), unit)
            for name, (_, _, unit) in runs[0].items()}


def in_turns(*sides):
    """Figures of each side, which is a list of command lines. They take turns: a shared machine
    has slow minutes, and a ratio should not tell whose they were."""
    runs = [[] for _ in sides]
    for _ in range(ROUNDS):
        for side, found in zip(sides, runs):
            found.append({name: p for argv in side for name, p in results(argv).items()})
    return [medians(found) for found in runs]


def children(pid):
    """Direct children in the order of their creation."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(word) for word in f.read().split()]
    except OSError:
        return []


def process_group(pid):
    """Of a process that may be gone: then 0."""
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def two_processors():
    """The processors for two processes: two if there are two, else one twice."""
    cpus = sorted(os.sched_getaffinity(0))
    return cpus[:2] if len(cpus) > 1 else cpus * 2


class Meeting:
    """A running program that meets us: ready() waits for it, go() lets it go on."""

    def __init__(self, argv):
        self.argv = argv
        self.on_ramet = argv[0] == RAMET
        self.text = ""
        self.deadline = time.monotonic() + LIMIT
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, bufsize=0)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        # Killing the supervisor ends its monitors; Linux children die of a closed pipe or by name.
        kin = [] if self.on_ramet else children(self.process.pid)
        if self.process.poll() is None:
            self.process.kill()
            for pid in kin:
                os.kill(pid, 9)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()

    def read(self):
        """One more piece of output; '' at its end."""
        left = self.deadline - time.monotonic()
        if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
            fail(self.argv, f"not done after {LIMIT:.0f} s")
        return os.read(self.process.stdout.fileno(), 65536).decode()

    def ready(self):
        while "ready\n" not in self.text:
            piece = self.read()
            if not piece:
                fail(self.argv, "ended early", self.process.stderr.read().decode())
            self.text += piece
        self.text = self.text.replace("ready\n", "", 1)

    def go(self):
        self.process.stdin.write(b"\n")

    def finish(self):
        """Output to the end, and the exit status checked."""
        while piece := self.read():
            self.text += piece
        err = self.process.stderr.read().decode()
        if self.process.wait(LIMIT) != 0:
            fail(self.argv, f"exit status {self.process.returncode}", err)
        return self.text, err

    def members(self):
        """The processes that are the program: members of its family, or it and its children."""
        below = children(self.process.pid)
        if not self.on_ramet:
            return [self.process.pid, *below]
        # The first leads the members' process group; a watchdog is not in it.
        return [pid for pid in below if process_group(pid) == below[0]]


def pinned(argv, cpus):
    """Output and errors of two processes, the first on cpus[0] and the second on cpus[1]."""
    with Meeting(argv) as meeting:
        meeting.ready()
        members = meeting.members()
        if len(members) != 2:
            fail(argv, f"{len(members)} processes where 2 should talk")
        for pid, cpu in zip(members, cpus):
            os.sched_setaffinity(pid, {cpu})
        meeting.go()
        return meeting.finish()


def available_kb():
    """MemAvailable and the pages in the allocator's per-processor lists: those are free as well,
    tens of MB that clones take and give back without a trace in MemAvailable."""
    with open("/proc/meminfo", encoding="ascii") as f:
        available = int(re.search(r"MemAvailable:\s+(\d+)", f.read()).group(1))
    with open("/proc/zoneinfo", encoding="ascii") as f:
        lists = sum(int(n) for n in re.findall(r"^\s+count:\s+(\d+)", f.read(), re.M))
    return available + lists * PAGE_KB


def pss_kb(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            total += int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M).group(1))
    return total


def settled_kb():
    """MemAvailable once it stands still: the kernel frees and counts with a delay."""
    seen = [available_kb()]
    for _ in range(20):
        time.sleep(0.05)
        seen.append(available_kb())
        if len(seen) >= 4 and max(seen[-4:]) - min(seen[-4:]) < 512:
            break
    return sorted(seen[-4:])[len(seen[-4:]) // 2]


def clone_cost(argv, count):
    """What each of `count` clones costs: (KB of MemAvailable, KB of proportional set size), after
    the KB by which the machine's free memory drifted meanwhile, without our doing; and at the end
    the milliseconds until all of them lived."""
    with Meeting(argv) as meeting:
        meeting.ready()
        before, pss = settled_kb(), pss_kb(meeting.members())
        meeting.go()
        meeting.ready()
        during, pss = settled_kb(), pss_kb(meeting.members()) - pss
        meeting.go()
        meeting.ready()
        after = settled_kb()
        meeting.go()
        ms = parse(meeting.finish()[0])[f"clones_{count}"][0]
    return abs(after - before), ((before + after) / 2 - during) / count, pss / count, ms


def counted(err):
    """Counters of --trace=exit, summed over the VMs of a family, from what it printed."""
    total = {}
    for line in err.splitlines():
        if not re.match(r"ramet: \d+ exits:", line):
            continue
        for key, value in re.findall(r"([\w-]+)=(\d+)", line):
            total[key] = total.get(key, 0) + int(value)
    return total
