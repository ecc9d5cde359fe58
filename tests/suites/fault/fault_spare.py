# SPDX-License-Identifier: BSD-2-Clause
"""Clones made ahead of time: they are used, they go when they are not, and whatever happens to one
nobody knows of, no process of the family notices."""

import contextlib
import os
import re
import signal
import time

import paths
import proc
from family import Family

# A subshell is fork(); that it sleeps gives its parent's monitor the time.
FORKS = "i=0; while [ $i -lt 24 ]; do (sleep 0.01; exit 1); s=$s$?; i=$((i + 1)); done; "
# Forks as long as it is told to.
ON_DEMAND = 'while read line && [ "$line" = more ]; do (sleep 0.01; :); echo done; done; '
KEPT = 4.0  # seconds: host/kvm/spare/lifecycle.c


def needs_two():
    if paths.VMM != "kvm":
        raise proc.Skip("only the monitor makes clones ahead of time (QEMU's pool: fault_qemu)")
    if os.cpu_count() < 2:
        raise proc.Skip("one processor: a clone made ahead would delay its own parent")


def needs_fork_spares():
    """Where the kernel cannot tell written pages there are spares for spawns only."""
    needs_two()
    release = tuple(int(n) for n in re.findall(r"\d+", os.uname().release)[:2])
    if release < (6, 7):
        raise proc.Skip("no PAGEMAP_SCAN before Linux 6.7: no clones are made ahead of time")


def shell(script, *options):
    return Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", script, options=options))


def clones(script, *options):
    """How many of the clones a script's run made were spares, how many were not; its output."""
    argv = paths.ramet_run("--trace=proc", *options, paths.SHELL_IMAGE, "-c", script)
    outcome = proc.run(argv, limit=20)
    assert outcome.trouble() is None and outcome.status == 0, outcome.err[-300:]
    spares = len(re.findall(rb"clone of a spare [\d.]+ ms", outcome.err))
    return spares, len(re.findall(rb"clone [\d.]+ ms", outcome.err)), outcome.out


def test_used_by_forks():
    """Forks after the first few find a VM that is ready, if the kernel can tell written pages."""
    needs_fork_spares()
    spares, others, out = clones(FORKS + "echo $s")
    assert out == b"1" * 24 + b"\n", out
    assert spares >= 1 and spares + others == 24, f"{spares} spares, {others} others"


def test_used_by_spawns():
    """And so do spawns, everywhere."""
    needs_two()
    script = "for i in 0 1 2 3 4 5 6 7 8 9 a b c d e f g h i j; do sleep 0.01; done"
    argv = paths.ramet_run("--trace=proc", paths.SHELL_IMAGE, "-c", script)
    for _ in range(5):  # a busy machine has none in time
        outcome = proc.run(argv, limit=20)
        assert outcome.trouble() is None and outcome.status == 0, outcome.err[-300:]
        if b" spawn of a spare /bin/busybox " in outcome.err:
            return
    raise AssertionError(outcome.err[-300:])


def test_off():
    """--pool 0: nothing is made that nobody has asked for."""
    needs_two()
    spares, others, out = clones(FORKS + "echo $s", "--pool", "0")
    assert (spares, others, out) == (0, 24, b"1" * 24 + b"\n"), (spares, others, out)


@contextlib.contextmanager
def with_spare(script):
    """A family whose shell has forked, has a spare and waits for a line of input: (family, pid of
    the spare). Any line makes it go on with `script`."""
    with shell(ON_DEMAND + script) as family:
        for _ in range(100):  # a busy machine has none in time, and then pauses
            family.send("more\n")
            family.expect("done")
            time.sleep(0.02)
            pids = family.monitors()
            if len(pids) == 2:
                break
        else:
            raise AssertionError(f"no spare after 100 forks: {len(pids)} monitors")
        yield family, pids[1]


STATUS = "(echo child; exit 7); echo status $?"


def test_spare_killed():
    """A spare that is killed is missed by nobody: the next fork makes a clone of its own."""
    needs_fork_spares()
    with with_spare(STATUS) as (family, spare):
        family.kill(spare)
        family.wait_for_monitors(lambda pids: len(pids) == 1, "the spare's end")
        family.send("go\n")
        family.expect("child\nstatus 7\n")
        assert family.finish() == 0


def test_spare_stopped():
    """A spare that cannot get up is a process like any other whose monitor is stopped."""
    needs_fork_spares()
    with with_spare(STATUS) as (family, spare):
        family.kill(spare, signal.SIGSTOP)
        family.send("go\n")
        time.sleep(0.1)
        with contextlib.suppress(ProcessLookupError):  # all may be over without it
            family.kill(spare, signal.SIGCONT)
        family.expect("child\nstatus 7\n")
        assert family.finish() == 0


def test_owner_killed():
    """A spare does not outlive the process it was made for."""
    needs_two()
    sleeper = "sh -c 'echo ready; exec sleep 100'"
    script = f"({FORKS} {sleeper}; :) & wait $!; echo gone $?; read line"
    with shell(script) as family:
        family.expect("ready")
        subshell = family.monitors()[1]
        family.kill(subshell)
        family.expect("gone 137")
        # The sleep is orphaned and lives on; the shell has forked once, and has no spare.
        family.wait_for_monitors(lambda pids: len(pids) == 2, "the spare's end", limit=KEPT / 2)
        family.send("go\n")
        assert family.finish() == 0


def test_owner_ends():
    """Nor one that ends by itself, or becomes another program."""
    needs_two()
    for end, left in ("exit 0", 1), ("exec sleep 100", 2):
        with shell(f"({FORKS} {end}) & echo started; read line") as family:
            family.expect("started")
            family.wait_for_monitors(lambda pids: len(pids) == left, end, limit=KEPT / 2)
            family.send("go\n")
            assert family.finish() == 0


def test_expires():
    """A spare that nobody needs ends by itself, and the next fork is none the worse."""
    needs_fork_spares()
    with with_spare(STATUS) as (family, _):
        family.wait_for_monitors(lambda pids: len(pids) == 1, "its end", limit=KEPT + 2)
        family.send("go\n")
        family.expect("child\nstatus 7\n")
        assert family.finish() == 0


def test_kills_at_random():
    """Kills of the youngest monitor, spare or not, while the shell forks: each fork gives a child,
    which ends by itself or is killed, and the shell lives."""
    needs_two()
    script = (
        "i=0; while [ $i -lt 60 ]; do (exit 3); case $? in 3|137) ;; *) echo odd $?;; esac;"
        " sleep 0.002; i=$((i + 1)); done; echo end"
    )
    with shell(script) as family:
        while b"end" not in family.seen and family.process.poll() is None:
            pids = family.monitors()
            if len(pids) > 1:
                try:
                    family.kill(pids[-1])
                except ProcessLookupError:
                    pass
            time.sleep(0.007)
            if "end" in drain(family):
                break
        seen = family.seen.decode()
        assert "odd" not in seen and "end" in seen, seen[-300:]
        assert family.finish() == 0


def drain(family):
    """What has come so far, without waiting."""
    os.set_blocking(family.output, False)
    try:
        family.seen += os.read(family.output, 65536) or b""
    except BlockingIOError:
        pass
    finally:
        os.set_blocking(family.output, True)
    return family.seen.decode(errors="replace")
