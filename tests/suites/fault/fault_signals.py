# SPDX-License-Identifier: BSD-2-Clause
"""Signals to the `ramet run` process, as whoever runs containers sends them: they are the first
program's, and nobody waits for ever for one that does not end."""

import signal
import time

import paths
from family import Family

LOOP = "while :; do sleep 0.1; done"


def shell(script, *options):
    return Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", script, options=options))


def test_traps():
    """Each comes to the first program's trap, which decides how the family ends."""
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGQUIT):
        name = sig.name.removeprefix("SIG")
        with shell(f"trap 'echo got {name}; exit 5' {name}; echo ready; {LOOP}") as family:
            family.expect("ready")
            family.kill(family.process.pid, sig)
            family.expect(f"got {name}")
            assert family.finish() == 5, name


def test_goes_on():
    """A program that reads its configuration anew at SIGHUP runs on."""
    with shell(f"trap 'echo again' HUP; echo ready; {LOOP}", "--stop-timeout", "1") as family:
        family.expect("ready")
        for _ in range(2):
            family.kill(family.process.pid, signal.SIGHUP)
            family.expect("again")
        time.sleep(1.5)
        assert family.process.poll() is None, "it was given a time to end in"
        family.kill(family.process.pid, signal.SIGTERM)
        assert family.finish() == 128 + signal.SIGTERM


def test_group():
    """The signals of a terminal's end and keys are for all that run in its foreground. (Not INT: a
    shell's background command ignores that.)"""
    child = f"(trap 'echo child; exit' HUP; echo ready; {LOOP})"
    script = f"{child} & trap 'echo parent' HUP; wait; wait"
    with shell(script) as family:
        family.expect("ready")
        time.sleep(0.2)
        family.kill(family.process.pid, signal.SIGHUP)
        family.expect("child")


def test_stop_timeout():
    """A family that does not end is ended."""
    for sig in (signal.SIGTERM, signal.SIGINT):
        name = sig.name.removeprefix("SIG")
        with shell(f"trap '' {name}; echo ready; {LOOP}", "--stop-timeout", "1") as family:
            family.expect("ready")
            begin = time.monotonic()
            family.kill(family.process.pid, sig)
            status = family.finish()
            took = time.monotonic() - begin
            assert status == 128 + signal.SIGKILL, f"status {status}"
            assert 0.9 <= took < paths.limit(6), f"{took:.1f} s"


def test_at_once():
    """--stop-timeout 0: nobody is asked."""
    with shell(f"trap '' TERM; echo ready; {LOOP}", "--stop-timeout", "0") as family:
        family.expect("ready")
        family.kill(family.process.pid, signal.SIGTERM)
        assert family.finish() == 128 + signal.SIGTERM
