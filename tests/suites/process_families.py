# SPDX-License-Identifier: BSD-2-Clause
"""The process suite: pv, guest tests and scripts of tests/real as families of picoprocesses
(docs/process.md), and a guest that makes system calls of its own (tests/fuzz/escape.c).
`tests/run --vmm process` runs guest, real, faults and confine that way, all of their tests."""

import time

import guest
import oracle
import paths
import proc
import real
from family import Family

# How the attempts of tests/fuzz/escape.c end that are not simply SIGSYS.
REFUSED = {
    "report: a member again": "Operation not permitted",
    "report: a slot nobody claimed": "Operation not permitted",
    "kick of nobody": "No such process",
    "kill of nobody": "No such process",
    "unclaim of a slot in use": "Invalid argument",
    "unclaim of a free slot": "Invalid argument",
    "clone for a slot in use": "Device or resource busy",
    "int 0x80": "signal 11",
    "far jump to 32-bit code": "signal 11",
    "rt_sigreturn of garbage": "signal 11",
    "a child that lies": "0",
    "a child that never reports": "0",
    "a child that dies at once": "0",
    "exit behind the stub's back": "signal 9",
}
SIGSYS = "signal 31"
ATTEMPTS = 80  # at least


def check_escapes():
    """Every attempt ends as it should, and the family goes on."""
    command = paths.ramet_run(paths.HOSTILE_IMAGE, options=["--exec", "/bin/escape"])
    outcome = proc.run(command, limit=60)
    shown = outcome.out.decode(errors="replace")
    assert outcome.trouble() is None and outcome.status == 0, f"{outcome.trouble()}\n{shown}"
    lines = shown.splitlines()
    assert lines[-1] == "all tried" and len(lines) > ATTEMPTS, shown
    for line in lines[:-1]:
        name, _, end = line.rpartition(": ")
        wanted = REFUSED.get(name, SIGSYS)
        assert end == wanted, f"{line} (want {wanted})"


def check_kill_at_random():
    """Members are killed from outside while they fork and exec: the family goes on."""
    script = ("i=0; while [ $i -lt 150 ]; do busybox true; echo a | cat > /dev/null; i=$((i+1));"
              " done 2> /dev/null; echo over")  # fmt: skip
    with Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", script)) as family:
        killed = 0
        while family.process.poll() is None and killed < 60:
            members = family.monitors()
            if len(members) > 1:
                proc.kill_all(members[-1:])
                killed += 1
            time.sleep(0.005)
        family.expect("over", limit=60)
        assert family.finish() == 0 and killed >= 20, f"{killed} killed"


CHECKS = {"escapes": check_escapes, "kill_at_random": check_kill_at_random}


def check(report, full, function):
    begin = time.monotonic()
    try:
        function()
    except (AssertionError, OSError) as error:
        reason, _, details = str(error).partition("\n")
        report.fail(full, reason or "assertion failed", details)
        return
    report.ok(full, time.monotonic() - begin)


def suite(report, options):
    absent = paths.missing(paths.RAMET, paths.TESTS_IMAGE, paths.SHELL_IMAGE, paths.HOSTILE_IMAGE)
    problem = f"{absent} is not built" if absent else oracle.lay_out_applets()
    if problem:
        report.fail("process", problem)
        return
    before, paths.VMM = paths.VMM, "process"
    try:
        for name, function in CHECKS.items():
            if report.wants(f"process/{name}"):
                check(report, f"process/{name}", function)
        for area, module in ("guest", guest), ("real", real):
            for name in module.names():
                full = f"process/{area}/{name}"
                if not name.startswith("disk_") and report.wants(full):
                    module.one(report, full, name, options)
    finally:
        paths.VMM = before
