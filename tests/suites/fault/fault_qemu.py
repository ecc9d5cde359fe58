# SPDX-License-Identifier: BSD-2-Clause
"""The QEMU back end's own faults: deaths of QEMUs and monitors, a QEMU that is missing or cannot
start, memory that does not fit. Run with the other faults, whatever runs the VMs there."""

import os
import re
import shutil
import signal
import stat
import tempfile
import time

import fault_disk
import paths
import proc
from family import Family

QEMU = "qemu-system-x86"  # the first 15 characters are a process' name


def needed():
    if not shutil.which("qemu-system-x86_64"):
        raise proc.Skip("no qemu-system-x86_64")


def run(*arguments, options=(), **more):
    needed()
    command = [paths.RAMET, "run", "--vmm=qemu", "--accel=tcg", *options, *arguments]
    return proc.run(command, limit=60, **more)


def shell(script, *options):
    needed()
    command = [paths.RAMET, "run", "--vmm=qemu", "--accel=tcg", *options]
    return Family([*command, paths.SHELL_IMAGE, "-c", script])


def qemus(family):
    """Pids of a family's QEMUs, oldest first."""
    found = []
    for pid in proc.by_age(proc.descendants(family.process.pid)):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii", errors="replace") as comm:
                if comm.read().strip() == QEMU[:15]:
                    found.append(pid)
        except OSError:
            pass
    return found


def ram(pid):
    """Which memory a monitor or its QEMU has: the same file in both."""
    for fd in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{fd}"
        if "ramet-ram" in os.readlink(path):
            return os.stat(path).st_ino
    return None


def qemu_of(family, monitor):
    return next(pid for pid in qemus(family) if ram(pid) == ram(monitor))


def wait_gone(pids, what):
    deadline = time.monotonic() + 5
    while alive := [p for p in pids if proc.process_table().get(p, (0, "Z"))[1] not in "ZX"]:
        assert time.monotonic() < deadline, f"{what}: {len(alive)} still there"
        time.sleep(0.01)


SCRIPT = 'sleep 100 & echo ready; wait $!; echo "child: $?"; echo on | cat; (exit 3); echo $?'


def test_child_killed():
    """kill -9 of a child's QEMU is a child killed by SIGKILL; the family goes on."""
    with shell(SCRIPT) as f:
        f.expect("ready")
        pids = f.wait_for_monitors(lambda pids: len(pids) >= 2, "the sleeper")
        f.kill(qemu_of(f, pids[1]))
        f.expect("child: 137")
        f.expect("on\n3\n")
        assert f.finish() == 0, "the family did not end well"


def test_busy_killed():
    """The same for one whose monitor is not asleep in a call."""
    script = 'yes > /dev/null & echo ready; wait $!; echo "child: $?"; echo on | cat'
    with shell(script) as f:
        f.expect("ready")
        pids = f.wait_for_monitors(lambda pids: len(pids) >= 2, "yes")
        f.kill(qemu_of(f, pids[1]))
        f.expect("child: 137")
        f.expect("on\n")
        assert f.finish() == 0


def test_first_killed():
    with shell("echo ready; sleep 100 & sleep 100; :") as f:
        f.expect("ready")
        pids = f.wait_for_monitors(lambda pids: len(pids) >= 3, "two sleepers")
        f.kill(qemu_of(f, pids[0]))
        assert f.finish() == 137, "not the status of a killed program"


def test_monitor_killed():
    """A monitor takes its QEMU with it, before its death is told."""
    with shell(SCRIPT) as f:
        f.expect("ready")
        monitor = f.wait_for_monitors(lambda pids: len(pids) >= 2, "the sleeper")[1]
        qemu = qemu_of(f, monitor)
        f.kill(monitor)
        f.expect("child: 137")
        assert proc.process_table().get(qemu, (0, "Z"))[1] in "ZX", "its QEMU is still there"
        f.expect("on\n3\n")
        assert f.finish() == 0


def test_supervisor_killed():
    """Neither monitors nor QEMUs survive the supervisor, those of the pool included."""
    with shell("echo ready; sleep 100 & yes > /dev/null & wait") as f:
        f.expect("ready")
        pids = f.wait_for_monitors(lambda pids: len(pids) >= 3, "two children")
        deadline = time.monotonic() + 5
        while len(qemus(f)) < 5 and time.monotonic() < deadline:
            time.sleep(0.05)
        everyone = pids + qemus(f)
        assert len(everyone) >= 8, f"no pool: {everyone}"
        f.kill(f.process.pid)
        f.process.wait()
        wait_gone(everyone, "after the supervisor")


def test_pool_killed():
    """QEMUs that nobody has yet are killed: clones are made with others."""
    with shell('echo ready; read x; (exit 3); echo "status $?"; echo on | cat') as f:
        f.expect("ready")
        time.sleep(0.5)
        mine = ram(f.monitors()[0])
        for pid in qemus(f):
            if ram(pid) != mine:
                f.kill(pid)
        f.send("go\n")
        f.expect("status 3\non\n")
        assert f.finish() == 0


def test_stopped_qemu():
    """A QEMU of the pool that does not answer: the fork fails in order, the next one works."""
    script = 'echo ready; read x; (exit 3); echo "status $?"; (exit 4); echo "status $?"'
    with shell(script, "--pool", "1") as f:
        f.expect("ready")
        time.sleep(0.5)
        mine = ram(f.monitors()[0])
        stopped = [pid for pid in qemus(f) if ram(pid) != mine]
        assert len(stopped) == 1, f"{stopped}"
        f.kill(stopped[0], signal.SIGSTOP)
        f.send("go\n")
        # The shell tells of fork's EAGAIN and gives up, as it does on Linux.
        f.expect("annot fork", limit=30)
        assert f.finish() == 2
    wait_gone(stopped, "the stopped QEMU")


def test_no_qemu():
    """Without QEMU: one line that names the package."""
    needed()
    env = {"PATH": "/nonexistent:"}
    for option in ("--vmm=qemu", "--accel=tcg"):
        command = [paths.RAMET, "run", option, "--kvm", "/nonexistent", paths.SHELL_IMAGE]
        outcome = proc.run(command, env=env)
        assert outcome.status == 2, f"status {outcome.status}"
        assert outcome.err.count(b"\n") == 1, outcome.err
        assert b"apt-get install qemu-system-x86" in outcome.err, outcome.err


def test_auto():
    """Without KVM a family's members are processes, and what those cannot do has QEMU do it; one
    line says so."""
    needed()
    run = [paths.RAMET, "run", "--kvm", "/nonexistent"]
    for options, instead in ([], b"using confined processes"), (["--accel=tcg"], b"using QEMU"):
        outcome = proc.run([*run, *options, paths.SHELL_IMAGE, "-c", "exit 5"], limit=30)
        assert outcome.status == 5, f"status {outcome.status}"
        assert outcome.err.count(b"\n") == 1 and instead in outcome.err, outcome.err


def test_does_not_start():
    """What a QEMU that ends at once has said is one line, the status 2."""
    with tempfile.TemporaryDirectory() as folder:
        fake = os.path.join(folder, "qemu-system-x86_64")
        with open(fake, "w", encoding="ascii") as script:
            script.write("#!/bin/sh\necho 'qemu-system-x86_64: no such machine' >&2\n"
                         "echo 'try another' >&2\nexit 1\n")  # fmt: skip
        os.chmod(fake, stat.S_IRWXU)
        env = {"PATH": folder + ":" + os.environ["PATH"]}
        outcome = run(paths.SHELL_IMAGE, "-c", ":", env=env)
    assert outcome.status == 2, f"status {outcome.status} {outcome.err!r}"
    assert outcome.err == b"ramet: QEMU: no such machine\n", outcome.err


def test_too_much_memory():
    outcome = run(paths.SHELL_IMAGE, options=["--mem", "3G"])
    assert outcome.status == 2 and outcome.err.count(b"\n") == 1, outcome.err
    assert b"3072 MB" in outcome.err and b"--mem" in outcome.err, outcome.err


def test_accelerator_without_qemu():
    command = [paths.RAMET, "run", "--vmm=kvm", "--accel=tcg", paths.SHELL_IMAGE]
    outcome = proc.run(command)
    assert outcome.status == 2 and b"--accel" in outcome.err, outcome.err


def test_two_hundred_forks():
    """In a row, each with its status and its output through a pipe."""
    script = (
        "i=0; while [ $i -lt 100 ]; do r=$(echo $i); [ $r = $i ] || echo WRONG $r; "
        "(exit $i); [ $? = $i ] || echo WRONG status; i=$((i+1)); done; echo counted $i"
    )
    outcome = run(paths.SHELL_IMAGE, "-c", script, options=["--check-leaks"])
    assert outcome.trouble() is None, outcome.trouble()
    assert outcome.out == b"counted 100\n", outcome.out
    assert b"leaks: none" in outcome.err, outcome.err


def test_disk_killed():
    """fault_disk.test_killed, through QEMU's disks."""
    needed()
    before, paths.VMM = paths.VMM, "qemu"
    try:
        fault_disk.test_killed()
    finally:
        paths.VMM = before


def test_demo_without_kvm():
    """`make run` where /dev/kvm is none, or there is none: its members are processes, as its first
    line says and no other; the transcript is that of KVM, where there is one, but for times and
    pids."""
    needed()
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise proc.Skip("hiding /dev/kvm takes root and unshare")
    demo = os.path.join(paths.ROOT, "apps", "demo")
    has_kvm = os.path.exists("/dev/kvm")
    hide = 'mount --bind /dev/null /dev/kvm && exec "$0"' if has_kvm else 'exec "$0"'
    said = demo_says(["unshare", "-m", "sh", "-c", hide, demo])
    begin = b"On confined processes instead of VMs (--vmm=qemu: VMs), because of /dev/kvm: "
    assert said.startswith(begin) and said.count(b"confined") == 1, said[:200]
    if has_kvm:
        clean = [re.sub(rb"^On .*|\d\d:\d\d|[A-Z][a-z]{2} +\d+|process \d+", b"", out)
                 for out in (said, demo_says([demo]))]  # fmt: skip
        assert clean[0] == clean[1], "the transcripts differ"


def demo_says(argv):
    """Its standard output. On stderr are the lines of --trace=proc, and nothing about QEMU."""
    outcome = proc.run(argv, limit=300, cwd=paths.ROOT)
    assert outcome.trouble() is None, outcome.trouble()
    assert outcome.status == 0, f"status {outcome.status}: {outcome.err[-300:]!r}"
    assert b"QEMU" not in outcome.err and b"/dev/kvm" not in outcome.err, outcome.err
    return outcome.out


def test_quiet():
    """-q: no line about what runs the VMs instead of KVM."""
    for options, lines in ((["-q"], 0), (["--quiet"], 0), ([], 1)):
        argv = [paths.RAMET, "run", *options, "--kvm", "/nonexistent", "--accel=tcg",
                paths.SHELL_IMAGE, "-c", ":"]  # fmt: skip
        outcome = proc.run(argv, limit=20)
        assert outcome.status == 0 and outcome.err.count(b"\n") == lines, f"{outcome.err!r}"
