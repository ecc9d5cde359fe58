# SPDX-License-Identifier: BSD-2-Clause
"""What --gdb is for picoprocesses alone: the whole family is traced, and lives on beside the one
that gdb has. For the process suite, which runs the gdb suite's tests as well."""

import os
import signal
import time

import gdb
import paths
import proc
from family import Family

FORKS = "i=0; while [ $i -lt 40 ]; do i=$((i+1)); busybox true; echo x | cat; done; echo done"


def shell(script, port, *options):
    flags = ["--gdb", str(port), *options]
    return Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", script, options=flags))


def nothing_left(family, pids, limit=5):
    deadline = time.monotonic() + paths.limit(limit)
    while proc.by_age(pids) and time.monotonic() < deadline:
        proc.reap()
        time.sleep(0.01)
    left = [pid for pid in proc.by_age(pids) if proc.command_line(pid)]
    assert not left, f"left of {family.process.pid}: {left}"


def test_forks_beside():
    """A target that is let go forks, execs and waits; its children are free."""
    port = gdb.free_port()
    with shell(FORKS, port) as family:
        family.expect("waits for gdb")
        with gdb.Client(port) as client:
            assert client.ask(f"Z0,{client.register(gdb.RIP) + 1:x},1") == "OK"
            assert client.ask("c") == "W00"
        family.expect("done")
        assert family.finish() == 0


def test_others_run():
    """While gdb has one member, the others run, fork and get their events."""
    port = gdb.free_port()
    script = "(sleep 0.3; echo second) & busybox true; echo a | cat; echo first; wait; echo over"
    with shell(script, f"{port}:2") as family:
        family.expect("waits for gdb")
        family.expect("first")
        with gdb.Client(port) as client:
            time.sleep(0.1)
            assert client.ask("?").startswith("T05")
            assert client.ask("c").startswith("W")
        family.expect("second")
        family.expect("over")
        assert family.finish() == 0


def test_spawned():
    """A program that is started afresh in the slot stops at its first instruction."""
    port = gdb.free_port()
    with shell("busybox true; echo next", f"{port}:2") as family:
        family.expect("waits for gdb")
        with gdb.Client(port) as client:
            assert client.register(gdb.RIP) >= 0x200000, "not in a program"
            answer = client.ask("c")
            while answer.startswith("T05"):  # exec
                answer = client.ask("c")
            assert answer == "W00", answer
        family.expect("next")
        assert family.finish() == 0


def test_family_ends():
    """gdb hears that the family has ended around a target that stands still."""
    port = gdb.free_port()
    with shell("sleep 100", port, "--stop-timeout", "0") as family:
        family.expect("waits for gdb")
        with gdb.Client(port) as client:
            assert client.ask("?").startswith("T05")
            pids = proc.descendants(family.process.pid)
            family.process.terminate()
            assert client.receive() == "X09"
        assert family.finish() == 143
        nothing_left(family, pids)


def test_supervisor_killed():
    """Nothing is left of a family that is being debugged when its supervisor is killed."""
    port = gdb.free_port()
    with shell("sleep 100; :", port) as family:
        family.expect("waits for gdb")
        with gdb.Client(port) as client:
            client.send("c")
            deadline = time.monotonic() + paths.limit(5)
            while len(pids := proc.descendants(family.process.pid)) < 3:
                assert time.monotonic() < deadline, f"no debugger: {len(pids)} processes"
                time.sleep(0.01)
            family.process.kill()
            nothing_left(family, pids)


def test_member_killed():
    """A target that is killed from outside while gdb has it is gone for gdb, too."""
    port = gdb.free_port()
    with shell("busybox sleep 100; echo $?", f"{port}:2") as family:
        family.expect("waits for gdb")
        with gdb.Client(port) as client:
            assert client.ask("?").startswith("T05")
            proc.kill_all(family.monitors()[-1:])
            assert client.receive() == "X09"
        family.expect("137")
        assert family.finish() == 0


def test_stopped_from_outside():
    """SIGSTOP and SIGCONT of the host stop and resume a member that gdb has."""
    with gdb.waiting("spin") as (family, port), gdb.Client(port) as client:
        client.send("c")
        pid = family.monitors()[0]
        family.kill(pid, signal.SIGSTOP)
        time.sleep(0.1)
        family.kill(pid, signal.SIGCONT)
        time.sleep(0.1)
        assert client.interrupt().startswith("T02")
        client.send("k")
        assert family.finish() == 137


def test_ordinary_user():
    """It takes no privilege."""
    if os.getuid() != 0:
        return  # all the other tests have shown it
    port = gdb.free_port()
    command = paths.ramet_run(paths.TESTS_IMAGE, "run", options=[
        "--gdb", str(port), "--exec", "/tests/debuggee"])  # fmt: skip
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    with Family([*user, *command]) as family:
        family.expect("waits for gdb")
        said = gdb.gdb(port, "break climb if depth == 3", "continue", "backtrace", "detach")
        gdb.in_order(said, "Breakpoint 1, climb", "#3 ", "in climb", "#4 ", "in main", "detached")
        family.expect("child exits 5")
        assert family.finish() == 0


def tests():
    """Name -> function, with those of the gdb suite that are for any VM."""
    found = {}
    for module in (gdb.__dict__, globals()):
        for name, function in module.items():
            if name.startswith("test_") and name != "test_on_qemu":
                found[name.removeprefix("test_")] = function
    return found
