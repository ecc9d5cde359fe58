# SPDX-License-Identifier: BSD-2-Clause
"""What one operation costs, on Ramet and beside it on Linux: time, the host's processor time, and
on Ramet paravirtual calls, VM exits and page faults.

All by one method: the same program does the operation FEW and MANY times (bench/guest/repeat.c, or
a loop in a shell script), and what is divided by MANY - FEW is the difference, so that start and
end of the family drop out. Time is what the program itself measures, where it does.
"""

import dataclasses
import os
import resource
import shutil
import statistics
import time

import measure

SHELL_IMAGE = os.path.join(measure.BUILD, "images", "shell.img")
APPLETS = os.path.join(measure.BUILD, "bench", "applets")
LOOP = "i=0; while [ $i -lt $1 ]; do i=$((i + 1)); %s; done"


@dataclasses.dataclass
class Operation:
    """One row. A pair is two processes that meet us to be pinned: on one processor or on two."""

    name: str
    what: str
    few: int
    many: int
    pair: str = ""  # "", "one" or "two" processors
    script: str = ""  # a shell script's body instead of repeat.c's operation

    @property
    def program(self):
        return self.name.split("_")[0]


OPERATIONS = [
    Operation("getpid", "getpid()", 10000, 2000000),
    Operation("pipe", "4 KB through a pipe, one process", 1000, 100000),
    Operation("file", "create, write 4 KB, close", 100, 5000),
    Operation("signal", "a signal to oneself", 1000, 100000),
    Operation("switch_one_cpu", "a byte to another process and back, one processor", 100, 3000,
              "one"),
    Operation("switch_two_cpus", "the same, two processors", 100, 20000, "two"),
    Operation("signals_two_cpus", "a signal to another process and back", 100, 3000, "two"),
    Operation("stream_two_cpus", "64 KB to another process", 200, 5000, "two"),
    Operation("fork", "fork, exit, wait", 10, 210),
    Operation("exec", "fork, exec, exit, wait", 10, 210),
    Operation("spawn", "posix_spawn, exit, wait", 10, 210),
    Operation("shell_loop", "a turn of an empty loop in dash", 1000, 100000, script=":"),
    Operation("shell_fork", "a subshell: (exit 0)", 10, 210, script="(exit 0)"),
    Operation("shell_run", "a program: /bin/true", 10, 210, script="$2/true"),
    Operation("shell_pipe", "a pipeline: echo x | cat", 10, 210, script="echo x | $2/cat >&2"),
    Operation("shell_subst", "x=$(cat FILE)", 10, 210, script="x=$($2/cat $2/../etc/group)"),
]


@dataclasses.dataclass
class Cost:
    """Per operation. Counts are None for Linux."""

    us: float
    cpu_us: float
    calls: float = None
    exits: float = None
    faults: float = None


def applets():
    """A folder of links to the host's busybox, so that both sides run the same programs."""
    folder = os.path.join(APPLETS, "bin")
    os.makedirs(os.path.join(APPLETS, "etc"), exist_ok=True)
    os.makedirs(folder, exist_ok=True)
    shutil.copy(os.path.join(measure.ROOT, "apps", "etc", "group"), os.path.join(APPLETS, "etc"))
    for name in ("true", "cat"):
        path = os.path.join(folder, name)
        if not os.path.islink(path):
            os.symlink(shutil.which("busybox"), path)
    return folder


def command(operation, on_ramet, count, options=()):
    if operation.script:
        words = ["-c", LOOP % operation.script, "sh", str(count)]
        if on_ramet:
            return [measure.RAMET, "run", *options, SHELL_IMAGE, *words, "/bin"]
        return ["dash", *words, applets()]
    if on_ramet:
        return measure.ramet("repeat", operation.program, str(count), "/bench/child",
                             options=options)
    return measure.linux("repeat", operation.program, str(count), *measure.linux("child"))


def processors(pair):
    """The processors for two processes; None for one that runs where it likes."""
    cpus = sorted(os.sched_getaffinity(0))
    if pair == "two" and len(cpus) < 2:
        raise measure.Failed("needs two processors")
    return {"": None, "one": cpus[:1] * 2, "two": cpus[:2]}[pair]


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(operation, on_ramet, count, options=()):
    """(seconds, processor seconds, seconds by its own clock or None, standard error)."""
    argv, cpus = command(operation, on_ramet, count, options), processors(operation.pair)
    begin, cpu = time.monotonic(), children_cpu()
    out, err = measure.pinned(argv, cpus) if cpus else measure.run(argv)
    took, used = time.monotonic() - begin, children_cpu() - cpu
    own = [p50 for name, (p50, _, _) in measure.parse(out).items() if name.startswith("repeat_")]
    return took, used, own[0] * count / 1e6 if own else None, err


def cost(operation, on_ramet):
    """One round: time and processor time."""
    few, many = (run(operation, on_ramet, n) for n in (operation.few, operation.many))
    times = operation.many - operation.few
    if many[2] is not None:
        us = many[2] * 1e6 / operation.many
    else:
        us = (many[0] - few[0]) * 1e6 / times
    return Cost(us, max(0.0, many[1] - few[1]) * 1e6 / times)


def counts(operation):
    """(calls, exits, faults) per operation on Ramet; None for what this host does not count."""
    totals = [measure.counted(run(operation, True, n, ["--trace=exit"])[3])
              for n in (operation.few, operation.many)]
    if not totals[1]:
        raise measure.Failed(f"{operation.name}: --trace=exit printed no counts")
    less, more = totals
    per = {key: max(0, more[key] - less.get(key, 0)) / (operation.many - operation.few)
           for key in more}
    calls = sum(per[key] for key in per if key not in measure.NOT_CALLS)
    return calls, per.get("vm-exits"), per.get("faults")


def both(operation, rounds):
    """(Cost on Ramet, Cost on Linux): medians over rounds, the sides taking turns."""
    sides = {True: [], False: []}
    for _ in range(rounds):
        for on_ramet, found in sides.items():
            found.append(cost(operation, on_ramet))
    ours, theirs = (Cost(statistics.median(c.us for c in found),
                         statistics.median(c.cpu_us for c in found)) for found in sides.values())
    ours.calls, ours.exits, ours.faults = counts(operation)
    return ours, theirs
