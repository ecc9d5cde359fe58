# SPDX-License-Identifier: BSD-2-Clause
"""Limits reached: processes, the window's memory, a VM's own memory. An error, never a hang, and
what was given back can be used again."""

import re

import paths
import proc


def limits(what, *options, limit=90.0):
    argv = paths.ramet_run(
        paths.TESTS_IMAGE, what, options=[*options, "--exec", "/tests/limits"]
    )
    outcome = proc.run(argv, limit=limit)
    shown = (outcome.out + outcome.err).decode(errors="replace")
    assert outcome.trouble() is None, f"{outcome.trouble()}\n{shown}"
    assert outcome.status == 0, f"status {outcome.status}\n{shown}"
    assert " NO" not in outcome.out.decode(errors="replace"), f"a check failed\n{shown}"
    return outcome.out.decode(errors="replace")


def test_max_procs():
    shown = limits("fork", "--max-procs", "16")
    assert "fork: EAGAIN\n" in shown, f"no EAGAIN\n{shown}"


def test_crowd():
    """Hundreds of readers that one pipe's end wakes: one wait for each or little more, though many
    share a bit of the wait queue with two that talk meanwhile. (By hand: /tests/crowd 1000.)"""
    if paths.VMM == "qemu":
        raise proc.Skip("hundreds of QEMUs take gigabytes")
    many = 250
    counted = ["--trace=exit"] if paths.VMM == "kvm" else []  # a picoprocess counts no waits
    argv = [*counted, "--max-procs", str(many + 2), "--exec", "/tests/crowd"]
    argv = paths.ramet_run(paths.TESTS_IMAGE, str(many), "readers", options=argv)
    outcome = proc.run(argv, limit=90)
    assert outcome.trouble() is None and outcome.status == 0, f"{outcome.trouble()} {outcome.out!r}"
    assert b"alive together: yes" in outcome.out and b" NO" not in outcome.out, outcome.out
    if not counted:
        return
    waits = [int(n) for n in re.findall(rb"\d+ exits:.* wait=([0-9]+)", outcome.err)]
    assert many - 5 <= len(waits) <= many + 2, f"{len(waits)} processes waited"
    often = [n for n in waits if n > 90]
    assert len(often) <= 2, f"{sum(waits)} waits, often: {often}"


def test_fork_bomb():
    """An unbounded bomb ends by itself at the limit; the family's status is the shell's."""
    script = "b() { b & b & wait; }; b"
    argv = paths.ramet_run(paths.SHELL_IMAGE, "-c", script, options=["--max-procs", "40"])
    outcome = proc.run(argv, limit=60)
    assert outcome.trouble() is None, outcome.trouble()
    assert outcome.status in (0, 2), f"status {outcome.status}"
    assert b"fork" in outcome.err.lower(), f"no shell said so: {outcome.err[:200]!r}"


def test_fork_bomb_inside_a_survivor():
    """A shell that only watches the bomb goes on when it is over."""
    # 2^9 shells at most: without an end, every shell that cannot fork makes room for one that can,
    # for ever. Orphans fork on after the bomb's own end: over is when nobody else is in /proc. Only
    # builtins until then, since the survivor's own forks fail as well.
    bomb = "b() { [ $1 -gt 0 ] || return; b $(($1 - 1)) & b $(($1 - 1)) & wait; }"
    bomb = f"({bomb}; b 8) 2> /dev/null"
    watch = "while set -- /proc/[0-9]*; [ $# -gt 1 ]; do :; done"
    script = f"{bomb} & {watch}; echo survivor | cat"
    argv = paths.ramet_run(paths.SHELL_IMAGE, "-c", script, options=["--max-procs", "40"])
    outcome = proc.run(argv, limit=60)
    assert outcome.trouble() is None, outcome.trouble()
    assert outcome.out == b"survivor\n", f"{outcome.out[:200]!r} {outcome.err[:200]!r}"


def test_window_full_of_file():
    shown = limits("files", "--window-size", "16M")
    assert shown.count("write: ENOSPC\n") == 2, f"no ENOSPC\n{shown}"


def test_window_full_of_names():
    shown = limits("names", "--window-size", "16M")
    assert "create: ENOSPC\n" in shown or "create: ENFILE\n" in shown, f"no error\n{shown}"


def test_window_full_of_pipes():
    shown = limits("pipes", "--window-size", "16M")
    assert any(f"pipe: {e}\n" in shown for e in ("EMFILE", "ENFILE", "ENOMEM")), shown


def test_memory():
    shown = limits("memory", "--mem", "32M")
    assert "malloc: ENOMEM\n" in shown, f"no ENOMEM\n{shown}"


def test_large_memory():
    """A VM may be given more than it touches: RAM is sparse."""
    argv = paths.ramet_run(paths.SHELL_IMAGE, "-c", "echo large", options=["--mem", "512M"])
    outcome = proc.run(argv, limit=20)
    assert outcome.status == 0, f"status {outcome.status} {outcome.err[:200]!r}"
    assert outcome.out == b"large\n", f"{outcome.out!r}"


def test_many_families():
    """Eight families at once do not disturb each other."""
    one = '"$@" -c "seq 1 2000 | sort -n | tail -n 1" &'
    script = f"for f in 1 2 3 4 5 6 7 8; do {one} done; wait"
    command = paths.ramet_run(paths.SHELL_IMAGE)
    outcome = proc.run(["sh", "-c", script, "sh", *command], limit=60)
    assert outcome.trouble() is None, outcome.trouble()
    assert outcome.out == b"2000\n" * 8, f"{outcome.out!r} {outcome.err[:200]!r}"
