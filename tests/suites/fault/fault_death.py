# SPDX-License-Identifier: BSD-2-Clause
"""Deaths from outside: a monitor or the supervisor is killed by the host while the family runs."""

import re
import signal
import time

import paths
import proc
from family import Family


def shell(script, *options):
    return Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", script, options=options))


def newest(family, count, what):
    """The youngest monitor once there are `count` of them."""
    return family.wait_for_monitors(lambda pids: len(pids) >= count, what)[-1]


def test_child_killed():
    """kill -9 of a child's monitor is a child killed by SIGKILL; the family goes on."""
    script = 'echo ready; sleep 100 & wait $!; echo "child: $?"; echo on | cat; (exit 3); echo $?'
    with shell(script) as family:
        family.expect("ready")
        family.kill(newest(family, 2, "the sleeper"))
        family.expect("child: 137")
        family.expect("on\n3\n")
        assert family.finish() == 0, "the family did not end well"


def test_pipe_writer_killed():
    """What a killed VM held is let go: the reader of its pipe sees end of file."""
    with shell('echo ready; sleep 100 | cat; echo "end of file: $?"') as family:
        family.expect("ready")
        pids = family.wait_for_monitors(lambda pids: len(pids) >= 3, "sleep and cat")
        # sleep is forked first; cat waits for it.
        family.kill(pids[1])
        family.expect("end of file: 0")
        assert family.finish() == 0


def test_pipe_reader_killed():
    """The writer gets SIGPIPE when its reader's VM is killed."""
    # The writer forks `yes` only when the reader stands, so that the reader is the third member.
    script = (
        'mkfifo /tmp/go; echo ready; { read go < /tmp/go; yes; echo "yes: $?" >&2; } | '
        '{ echo > /tmp/go; exec sleep 100; }; echo "reader: $?"'
    )
    with shell(script) as family:
        family.expect("ready")
        pids = family.wait_for_monitors(lambda pids: len(pids) >= 4, "yes and sleep")
        time.sleep(0.1)
        family.kill(pids[2])
        output = family.expect("reader: ")
        assert "yes: 141" in output, output
        family.expect("137\n")
        assert family.finish() == 0, "the family did not end well"


def test_killed_asleep():
    """Members that are killed in their sleep wake nobody but those they concern: n deaths among n
    members must not be n^2 wake-ups."""
    script = (
        'mkfifo /tmp/f; for i in 1 2 3 4 5 6 7 8; do sleep 1000 & all="$all $!"; done; '
        "cat /tmp/f & exec 3> /tmp/f; echo ready; read go; "
        'wait $all; echo "all gone"; exec 3>&-; wait; read go'
    )
    counted = ["--trace=exit"] if paths.VMM != "process" else []  # a picoprocess counts no waits
    with shell(script, *counted) as family:
        family.expect("ready")
        # The first is the shell, the last cat. All are asleep by then: they have nothing to do.
        pids = family.wait_for_monitors(lambda pids: len(pids) == 10, "eight sleepers and cat")
        time.sleep(paths.limit(0.5))
        for pid in pids[1:9]:
            family.kill(pid)
            time.sleep(0.05)
        family.send("\n")
        family.expect("all gone")
        if counted:
            family.expect(" 10 exits:")
            waits = int(re.search(r" wait=([0-9]+)", family.expect("\n")).group(1))
            assert waits < 6, f"cat was woken {waits} times"
        family.send("\n")
        assert family.finish() == 0


def test_killed_while_busy():
    """Kills in the middle of heavy traffic, so that some hit a critical section of the window: the
    rest of the family must neither hang nor see its structures broken."""
    script = (
        "while read round; do { yes | cat > /dev/null; } 2> /dev/null; "
        'echo "round $round over"; done; seq 1 1000 | sort -n | tail -n 1; echo alive'
    )
    with shell(script) as family:
        for i in range(15):
            # A process may be over a moment before its monitor is.
            family.wait_for_monitors(lambda pids: len(pids) == 1, "the shell alone")
            family.send(f"{i}\n")
            pids = family.wait_for_monitors(lambda pids: len(pids) >= 3, "yes and cat")
            time.sleep(0.003 * i)
            family.kill(pids[1 + i % 2])
            family.expect(f"round {i} over")
        family.process.stdin.close()
        family.expect("1000\nalive\n")
        assert proc.ended(family.process, 10) == 0


def test_first_killed():
    """Killing the first program's monitor ends the family with 137."""
    with shell("echo ready; sleep 100 & sleep 100; :") as family:
        family.expect("ready")
        pids = family.wait_for_monitors(lambda pids: len(pids) >= 3, "two sleepers")
        family.kill(pids[0])
        assert family.finish() == 137, "not the status of a killed program"


def test_supervisor_killed():
    """No monitor survives its supervisor."""
    with shell("echo ready; sleep 100 & sleep 100 & yes > /dev/null & wait") as family:
        family.expect("ready")
        pids = family.wait_for_monitors(lambda pids: len(pids) >= 4, "three children")
        family.kill(family.process.pid)
        family.process.wait()
        deadline = time.monotonic() + paths.limit(2)
        while alive := [p for p in pids if proc.process_table().get(p, (0, "Z"))[1] not in "ZX"]:
            assert time.monotonic() < deadline, f"{len(alive)} monitors outlive their supervisor"
            time.sleep(0.01)


def test_supervisor_terminated():
    """TERM and INT end the whole family, with a shell's status for it."""
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with shell("echo ready; sleep 100 & yes > /dev/null & wait") as family:
            family.expect("ready")
            family.wait_for_monitors(lambda pids: len(pids) >= 3, "two children")
            family.kill(family.process.pid, sig)
            status = family.finish()
            assert status == 128 + sig, f"{sig.name}: status {status}"


def test_stopped_supervisor():
    """A stopped and continued supervisor loses nothing."""
    script = 'echo ready; i=0; while [ $i -lt 50 ]; do (exit 1); i=$((i+1)); done; echo "n $i"'
    with shell(script) as f:
        f.expect("ready")
        f.kill(f.process.pid, signal.SIGSTOP)
        time.sleep(0.3)
        f.kill(f.process.pid, signal.SIGCONT)
        f.expect("n 50")
        assert f.finish() == 0


def test_first_exits_before_children():
    """The family ends with its first program, whatever still runs."""
    with shell("sleep 100 & yes > /dev/null & echo leaving; exit 7") as family:
        family.expect("leaving")
        assert family.finish() == 7


def test_crashes():
    """Faults of the first program are its status: SIGSEGV, SIGILL, SIGABRT."""
    deaths = {"null": 139, "code": 139, "stack": 139, "trap": 132, "abort": 134}
    for how, status in deaths.items():
        argv = paths.ramet_run(paths.TESTS_IMAGE, how, options=["--exec", "/tests/limits"])
        outcome = proc.run(argv, limit=20)
        assert outcome.status == status, f"{how}: status {outcome.status} instead of {status}"
        assert outcome.trouble() is None, outcome.trouble()
