# SPDX-License-Identifier: BSD-2-Clause
"""The process suite: all tests of faults, confine, gdb, guest and real with families of
picoprocesses (docs/process.md), and a guest that makes system calls of its own
(tests/fuzz/escape.c). It needs nothing of its machine, so it is the first to tell of a fault that
any back end would have, and the only one that runs all of them where there is no KVM. `tests/run
--vmm process faults` runs one of those suites that way, under its own names."""

import ctypes
import mmap
import os
import shutil
import tempfile
import time

import confine
import endurance
import faults
import guest
import oracle
import paths
import proc
import process_containers
import process_debug
import process_templates
import real
import server
from family import Family

# How the attempts of tests/fuzz/escape.c end that are not simply SIGSYS.
REFUSED = {
    "report: a member again": "Operation not permitted",
    "clone, its pid at another's door": "Invalid argument",
    "kick of nobody": "No such process",
    "kill of nobody": "No such process",
    "unclaim of a slot in use": "Invalid argument",
    "unclaim of a free slot": "Invalid argument",
    "clone for a slot in use": "Device or resource busy",
    "pread64 of the disk": "0",
    "pwrite64 of the disk's end": "0",
    "pread64 of the read-only disk": "0",
    "fdatasync of the disk": "0",
    "int 0x80": "signal 11",
    "far jump to 32-bit code": "signal 11",
    "rt_sigreturn of garbage": "signal 11",
    "children without end": "0",
    "a child that lies": "0",
    "a child that nobody sees": "0",
    "a child that dies at once": "0",
    "exit behind the stub's back": "signal 9",
    "exit with 0 behind it": "signal 9",
}
SIGSYS = "signal 31"
MADV_COLLAPSE, MAP_FIXED, HUGE = 25, 16, 2 << 20
ATTEMPTS = 119  # at least
DISK_SIZE = 1 << 20  # as escape.c has it


def check_escapes():
    """Every attempt ends as it should, disks stay what they were, and the family goes on."""
    with tempfile.NamedTemporaryFile() as disk, tempfile.NamedTemporaryFile() as locked:
        disk.truncate(DISK_SIZE)
        locked.write(b"locked" * 1000 + bytes(144))
        locked.flush()
        options = ["--disk", disk.name, "--disk", locked.name + ":ro", "--exec", "/bin/escape"]
        outcome = proc.run(paths.ramet_run(paths.HOSTILE_IMAGE, options=options), limit=60)
        with open(disk.name, "rb") as file:
            assert file.read() == bytes(DISK_SIZE), "the disk has grown or is not what it was"
        with open(locked.name, "rb") as file:
            assert file.read() == b"locked" * 1000 + bytes(144), "the read-only disk was written"
    shown = outcome.out.decode(errors="replace")
    assert outcome.trouble() is None and outcome.status == 0, f"{outcome.trouble()}\n{shown}"
    lines = shown.splitlines()
    assert lines[-1] == "all tried" and len(lines) > ATTEMPTS, shown
    for line in lines[:-1]:
        name, _, end = line.rpartition(": ")
        wanted = REFUSED.get(name, SIGSYS)
        assert end == wanted, f"{line} (want {wanted})"


def one_attempt(name, *options):
    """Makes it, says so, and waits."""
    script = f"escape '{name}'; echo made; sleep 2"
    return paths.ramet_run(paths.HOSTILE_IMAGE, "-c", script, options=options)


def check_children_without_end():
    """No more processes than the family may have members, and nothing of them stays."""
    with Family(one_attempt("children without end", "--max-procs", "8")) as family:
        most, end = 0, time.monotonic() + 1
        while time.monotonic() < end:
            most = max(most, len(family.monitors()))
        family.expect("made", limit=30)
        assert family.finish() == 0 and most <= 8, f"{most} processes"


def check_supervisor_killed():
    """Members that have not asked to die with the supervisor do so all the same."""
    with Family(one_attempt("a child that nobody sees")) as family:
        family.expect("made")
        members = family.monitors()
        assert len(members) >= 2, "no unseen child"
        family.process.kill()
        deadline = time.monotonic() + 5
        while proc.by_age(members) and time.monotonic() < deadline:
            proc.reap()
            time.sleep(0.01)
        assert not proc.by_age(members), "it lives on"


def check_kill_at_random():
    """Members are killed from outside while they fork and exec: the family goes on."""
    script = ("trap 'echo over; exit 0' TERM; "
              "while :; do busybox true; echo a | cat > /dev/null; done 2> /dev/null")  # fmt: skip
    with Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", script)) as family:
        killed, deadline = 0, time.monotonic() + 120
        while killed < 30 and time.monotonic() < deadline:
            members = family.monitors()
            if len(members) > 1:
                proc.kill_all(members[-1:])
                killed += 1
            time.sleep(0.005)
        family.process.terminate()
        family.expect("over")
        assert family.finish() == 0 and killed == 30, f"{killed} killed"


def check_processors():
    """Members that have begun, or slept, where their parent ran may run anywhere afterwards."""
    script = ("for i in 1 2 3 4 5 6 7 8; do busybox true; (exit 0); done; while :; do :; done & "
              "busybox yes > /dev/null & echo busy; while :; do :; done")  # fmt: skip
    with Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", script)) as family:
        family.expect("busy")
        time.sleep(paths.limit(0.2))
        members = family.wait_for_monitors(lambda pids: len(pids) == 3, "three busy ones")
        wanted = os.sched_getaffinity(0)
        for pid in members:
            found = os.sched_getaffinity(pid)
            assert found == wanted, f"{found}, not {wanted}"


def need_huge_pages():
    """Skips where the host has no huge page to give for shared memory: asked for at a place where
    one can be, which Python's own mmap does not see to."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    room = libc.mmap(None, 2 * HUGE, 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    place = (room + HUGE - 1) & ~(HUGE - 1)
    shared = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | MAP_FIXED
    libc.mmap(place, HUGE, mmap.PROT_READ | mmap.PROT_WRITE, shared, -1, 0)
    ctypes.memset(place, 1, 1)
    refused = libc.madvise(ctypes.c_void_p(place), ctypes.c_size_t(HUGE), MADV_COLLAPSE)
    libc.munmap(ctypes.c_void_p(room), ctypes.c_size_t(2 * HUGE))
    if refused:
        raise proc.Skip(f"no huge pages: {os.strerror(ctypes.get_errno())}")


def check_huge_pages():
    """What members share lies on huge pages when programs have been started more than once: the
    beginning of the window, and text, which is mapped at its own place and cannot be written."""
    script = ("for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do (exit 0); busybox true; done; "
              "busybox sleep 100 & (sleep 100; :) & echo ready; wait")  # fmt: skip
    need_huge_pages()
    with Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", script)) as family:
        family.expect("ready")
        time.sleep(paths.limit(0.2))
        members = family.wait_for_monitors(lambda pids: len(pids) == 4, "the sleepers")
        for pid in members:
            huge, piece = set(), None
            with open(f"/proc/{pid}/smaps", encoding="ascii") as smaps:
                for line in smaps:
                    words = line.split()
                    if "-" in words[0]:
                        start = int(words[0].split("-")[0], 16)
                        piece = (start, words[1], words[5] if len(words) > 5 else "")
                    elif words[0] in ("ShmemPmdMapped:", "FilePmdMapped:") and words[1] != "0":
                        huge.add(piece)
            assert (0x400000, "r-xp", "/memfd:ramet-text") in huge, f"{pid}: {huge}"
            assert (0xC00000000, "rw-s", "/memfd:ramet-window") in huge, f"{pid}: {huge}"


def check_at_the_limit():
    """A process that has been waited for is none of those that there may be, even if the host is
    still tearing it down."""
    script = "i=0; while [ $i -lt 40 ]; do busybox true || echo failed; i=$((i+1)); done; echo end"
    options = ["--max-procs", "2"]
    outcome = proc.run(paths.ramet_run(paths.SHELL_IMAGE, "-c", script, options=options), limit=30)
    failed = outcome.out.count(b"failed")  # the host may be held up itself, now and then
    assert outcome.out.endswith(b"end\n") and failed <= 3, f"{outcome}"


def check_image_cut():
    """A program whose text is in the text cache dies like any other when the rest of its image is
    gone."""
    script = ("i=0; while [ $i -lt 10 ]; do busybox true; i=$((i+1)); done; echo ready; read go; "
              "busybox true; echo $?")  # fmt: skip
    with tempfile.NamedTemporaryFile() as image:
        with open(paths.SHELL_IMAGE, "rb") as original:
            shutil.copyfileobj(original, image)
        image.flush()
        with Family(paths.ramet_run(image.name, "-c", script)) as family:
            family.expect("ready")
            image.truncate(100000)
            family.send("\n")
            # The shell may need what is gone itself.
            status = family.finish(limit=5)
            assert status in (0, 135), f"status {status}"


def check_served_processors():
    """What a program clones at once after its client has come may run anywhere, too."""
    script = "echo READY; read go; (while :; do :; done) & (while :; do :; done) & echo busy; wait"
    with server.Server(script, pool=1) as s:
        client = s.client()
        client.stdin.write(b"\n")
        client.stdin.flush()
        assert client.stdout.readline() == b"busy\n"
        time.sleep(paths.limit(0.3))
        wanted = os.sched_getaffinity(0)
        for supervisor in s.used():
            first = proc.monitors(supervisor)[0]  # may sleep where its children began
            for pid in [supervisor, *proc.descendants(supervisor)]:
                found = os.sched_getaffinity(pid)
                assert found == wanted or pid == first, f"{pid}: {found}, not {wanted}"
        client.kill()
        client.communicate()


def check_moved_from_outside():
    """Where a user says that a family's processes are to run they stay."""
    last = sorted(os.sched_getaffinity(0))[-1:]
    script = "read go; i=0; while [ $i -lt 40 ]; do (exit 0); i=$((i+1)); done; echo done; sleep 9"
    for moved in "supervisor", "both":
        with Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", script)) as family:
            members = family.wait_for_monitors(lambda pids: len(pids) == 1, "the shell")
            pids = [family.process.pid, *(members if moved == "both" else [])]
            for pid in pids:
                os.sched_setaffinity(pid, last)
            family.send("\n")
            family.expect("done")
            time.sleep(paths.limit(0.1))
            found = [os.sched_getaffinity(pid) for pid in pids]
            assert all(f == set(last) for f in found), f"{moved}: {found}"


def check_floods():
    """TERM ends a family soon, whatever its members ask the supervisor for without end."""
    for how in ("nobody", "kicks", "children"):
        script = f"escape flood {how} & escape flood {how} & echo made; wait"
        options = ["--max-procs", "64"]
        command = paths.ramet_run(paths.HOSTILE_IMAGE, "-c", script, options=options)
        with Family(command) as family:
            family.expect("made")
            time.sleep(0.3)
            begin = time.monotonic()
            family.process.terminate()
            status = family.finish()
            took = time.monotonic() - begin
            assert status == 143 and took < paths.limit(1), f"{how}: {status} after {took:.1f} s"


def short_endurance(name):
    function, _, count = endurance.TESTS[name]
    return lambda: function(count)


CHECKS = {
    **{f"endure_{name}": short_endurance(name) for name in endurance.TESTS},
    "escapes": check_escapes, "floods": check_floods,
    "processors": check_processors, "served_processors": check_served_processors,
    "moved_from_outside": check_moved_from_outside, "huge_pages": check_huge_pages,
    "at_the_limit": check_at_the_limit, "image_cut": check_image_cut,
    "children_without_end": check_children_without_end,
    "supervisor_killed": check_supervisor_killed, "kill_at_random": check_kill_at_random,
}  # fmt: skip


def check(report, full, function):
    begin = time.monotonic()
    try:
        function()
    except proc.Skip as reason:
        report.skip(full, str(reason))
        return
    except (AssertionError, OSError) as error:
        reason, _, details = str(error).partition("\n")
        report.fail(full, reason or "assertion failed", details)
        return
    report.ok(full, time.monotonic() - begin)


def of_other_suites():
    """(name, function) of the tests of suites that are about any back end. One that needs what
    picoprocesses do not have says so itself (proc.Skip)."""
    for suite_name, module in ("faults", faults), ("confine", confine):
        for name, function in module.tests():
            if not name.startswith("qemu_"):
                yield f"{suite_name}/{name}", function


def suite(report, options):
    unbuilt = paths.unbuilt(paths.RAMET, paths.TESTS_IMAGE, paths.SHELL_IMAGE,
                            paths.HOSTILE_IMAGE, paths.DRIVERLESS_IMAGE,
                            process_containers.CONTAINER)  # fmt: skip
    problem = unbuilt or oracle.lay_out_applets()
    if problem:
        report.fail("process", problem)
        return
    before, paths.VMM = paths.VMM, "process"
    try:
        for name, function in CHECKS.items():
            if report.wants(f"process/{name}"):
                check(report, f"process/{name}", function)
        own = [*process_templates.tests(), *process_containers.tests()]
        for name, function in [*own, *of_other_suites()]:
            if report.wants(f"process/{name}"):
                faults.one(report, f"process/{name}", function)
        for name, function in process_debug.tests().items():
            if report.wants(f"process/gdb/{name}"):
                check(report, f"process/gdb/{name}", function)
        for area, module in ("guest", guest), ("real", real):
            for name in module.names():
                full = f"process/{area}/{name}"
                if report.wants(full):
                    module.one(report, full, name, options)
    finally:
        paths.VMM = before
