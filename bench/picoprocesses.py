# SPDX-License-Identifier: BSD-2-Clause
"""Rows of picoprocesses (docs/process.md), whose names end in _process: each beside the same
program as Linux processes, the sides taking turns. What forks is compared with fork(2) of as much
touched memory, what boots with a static program, a shell loop with dash and busybox on the host.
"""

import statistics
import tempfile

import measure
import operations
import subjects
from measure import linux

SIZES = ["1", "4", "16", "64", "128"]  # MB touched
CLONES = 100
CROWD = 1000  # living members at once
CROWD_OPTIONS = ["--max-procs", str(CROWD + 10)]
FORK_RAM = ["--mem", "256M"]
BOOTS = "40"
CLONE_SAMPLES = "60"
DISK_BYTES = 16 << 20
SHELL_TURNS = (20, 170)
SHELL = {"shell_run": "$2/true", "shell_subst": "x=$(echo a | $2/cat)", "shell_fork": "(exit 0)",
         "shell_pipe": "echo x | $2/cat > /dev/null"}  # fmt: skip
TALKS = ["pipe", "socket"]
PIPES = [f"{kind}_{what}" for kind in TALKS
         for what in ("latency_1b", "throughput_1b", "throughput_4k", "throughput_64k")]


def ramet(program, *arguments, options=()):
    return measure.ramet(program, *arguments, options=["--vmm=process", *options])


def named(table, measured, baseline):
    for name in measured:
        table.row(name + "_process", measured[name], baseline.get(name))


def fork(table):
    named(table, *measure.in_turns([ramet("fork", *SIZES, options=FORK_RAM)],
                                   [linux("fork", *SIZES)]))


def first_write(table):
    named(table, *measure.in_turns([ramet("first_write")], [linux("first_write")]))


def process(table):
    named(table, *measure.in_turns([ramet("process", "/bench/child")],
                                   [linux("process", *linux("child"))]))


def boot(table):
    start = [measure.START, "boot_main", BOOTS]
    run = [measure.RAMET, "run", "--vmm=process", measure.BOOT_IMAGE]
    named(table, *measure.in_turns([[*start, *run]], [[*start, *linux("child")]]))


def template(table):
    """From a request to a resident server to the clone's line."""
    *_, socket = subjects.served("process")
    ask = [measure.CLONE, "template_clone", CLONE_SAMPLES, socket, subjects.READY]
    clone, start = measure.in_turns([ask], [[measure.START, "start", BOOTS, *linux("child")]])
    table.row("template_clone_process", clone["template_clone"], start["start"])


def pipe(table):
    cpus = measure.two_processors()
    for suffix, pair in ("", cpus), ("_one_cpu", cpus[:1] * 2):
        if pair[0] == pair[1] and not suffix:
            continue
        for kind in TALKS:
            if not table.wants(*[name + suffix + "_process" for name in PIPES
                                 if name.startswith(kind)]):
                continue
            sides = [side("pipe", suffix, kind) for side in (ramet, linux)]
            runs = [[measure.parse(measure.pinned(argv, pair)[0]) for argv in sides]
                    for _ in range(measure.ROUNDS)]
            named(table, *(measure.medians(side) for side in zip(*runs)))


def disk(table):
    with tempfile.NamedTemporaryFile(prefix="bench-disk-") as file:
        file.write(bytes(DISK_BYTES))
        file.flush()
        ours = ramet("disk", "/dev/vda", options=["--disk", file.name])
        named(table, *measure.in_turns([ours], [linux("disk", file.name)]))


def seconds(body, turns, on_ramet):
    operation = operations.Operation("shell", "", 0, 0, script=body)
    return operations.run(operation, on_ramet, turns, ["--vmm=process"] if on_ramet else ())[0]


def shell(table):
    """A turn of a loop in dash: what more turns take longer."""
    few, many = SHELL_TURNS
    for name, body in SHELL.items():
        us = [[(seconds(body, many, side) - seconds(body, few, side)) * 1e6 / (many - few)
               for side in (True, False)] for _ in range(measure.ROUNDS)]
        ours, theirs = ((statistics.median(side), max(side), "us") for side in zip(*us))
        table.row(name + "_process", ours, theirs)


def clones(table):
    for name, count, options in ("clone_memory", CLONES, ()), ("clones_1000", CROWD, CROWD_OPTIONS):
        sides = [measure.clone_cost(argv, count) for argv in (
            ramet("clones", str(count), options=options), linux("clones", str(count)))]
        if count == CROWD:
            table.row(name + "_process", *((ms, ms, "ms") for _, _, _, ms in sides))
            table.row(name + "_memory_process",
                      *((kb * count / 1024, kb * count / 1024, "MB") for _, kb, _, _ in sides))
        else:
            table.row(name + "_process", *((kb, kb, "KB") for _, kb, _, _ in sides))


GROUPS = [
    (fork, [f"fork_{what}_{size}mb" for what in ("child", "return") for size in SIZES]),
    (first_write, ["fork_write_page", "fork_write_page_hot", "fork_write_page_parent"]),
    (process, ["fork_exit_wait", "fork_exec", "spawn"]),
    (boot, ["boot_main"]),
    (template, ["template_clone"]),
    (shell, list(SHELL)),
    (pipe, [name + suffix for name in PIPES for suffix in ("", "_one_cpu")]),
    (disk, [f"disk_{how}_{size}" for how in ("read", "write") for size in ("4k", "1m")]),
    (clones, ["clone_memory", "clones_1000", "clones_1000_memory"]),
]
