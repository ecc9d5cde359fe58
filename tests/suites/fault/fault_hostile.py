# SPDX-License-Identifier: BSD-2-Clause
"""A program that goes behind its kernel's back (tests/fuzz/hostile.c), and a monitor that was taken
over: what is left of the family, of the host's other processes, and of the means to end it all."""

import os
import re
import shutil
import subprocess
import time

import paths
import proc
from family import Family


def family(script, *options):
    return Family(paths.ramet_run(paths.HOSTILE_IMAGE, "-c", script, options=options))


def beside(mode, *options):
    """Runs a mode under a shell that goes on afterwards; what the mode printed and its status."""
    script = f'hostile {mode}; echo "status $?"; seq 1 100 | tail -n 1'
    command = paths.ramet_run(paths.HOSTILE_IMAGE, "-c", script, options=options)
    outcome = proc.run(command, limit=30)
    shown = (outcome.out + outcome.err).decode(errors="replace")
    assert outcome.trouble() is None, f"{outcome.trouble()}\n{shown}"
    found = re.search(r"status (\d+)\n100\n$", outcome.out.decode(errors="replace"))
    assert found and outcome.status == 0, f"the family did not go on\n{shown}"
    return shown, int(found.group(1))


def ends_by(mode, signal_number):
    shown, status = beside(mode)
    assert status == 128 + signal_number, f"status {status}\n{shown}"


def test_calls():
    """Calls with edges of everything for arguments come back, and change nothing for others."""
    shown, status = beside("calls")
    assert status == 0 and "calls is over" in shown, shown


def test_slots():
    shown, status = beside("slots")
    assert status == 0 and shown.count(": 1\n") == 9, shown


def test_release():
    shown, status = beside("release")
    assert status == 0 and shown.count("release: 1\n") == 8 and "data kept: 1" in shown, shown


def test_rights():
    """PROTECT of anything but the program's own memory is refused."""
    shown, status = beside("rights")
    assert status == 0 and "WRONG" not in shown, shown
    assert "too long: 1" in shown and "over the guard: 1" in shown, shown


def test_tables():
    """PROTECT runs out of tables, and gets them back. The shim has tables for all of RAM, and a
    picoprocess has the host's."""
    if paths.VMM != "kvm":
        raise proc.Skip("only the monitor's PROTECT runs out of tables")
    shown, status = beside("tables", "--mem", "128M")
    assert status == 0 and "WRONG" not in shown and shown.count(": 1\n") == 3, shown


def test_kernel_data():
    shown, status = beside("kernel")
    assert status == 0 and shown.count(": 1\n") == 3, shown


def test_host_pages():
    """Page tables, ring-0 code, call page, boot_info and image are not the guest's to write; but a
    picoprocess may write its boot_info (docs/process.md says why), which is its own."""
    for mode in ("pt", "readpt", "stubs", "call", "boot", "image"):
        if mode == "boot" and paths.VMM == "process":
            shown, status = beside(mode)
            assert status == 0 and "boot is over" in shown, shown
        else:
            ends_by(mode, 11)


def test_memory_nowhere():
    ends_by("nowhere", 11)


def test_foreign_port():
    ends_by("port", 11)


def test_deaf():
    """kill -9 of a VM that takes no events works, by force, after the grace time."""
    script = 'hostile deaf & sleep 0.2; kill -9 $!; wait $!; echo "deaf: $?"; echo on | cat'
    with family(script) as f:
        f.expect("deaf begins")
        f.expect("deaf: 137", limit=5)
        f.expect("on\n")
        assert f.finish() == 0


def test_untold():
    """An EXIT that tells nobody, as in a kernel's panic, is a death that its parent hears of."""
    script = "hostile untold & wait $!; echo \"untold: $?\"; echo on | cat"
    with family(script) as f:
        f.expect("untold: 134", limit=5)
        f.expect("on\n")
        assert f.finish() == 0


def test_stray_clone():
    """A clone that only the host knows of ends with its family."""
    argv = paths.ramet_run(paths.HOSTILE_IMAGE, "-c", "hostile stray; exit 6")
    outcome = proc.run(argv, limit=10)
    assert outcome.trouble() is None, outcome.trouble()
    assert outcome.status == 6, f"status {outcome.status}"


def still_ends(mode, statuses=(143,)):
    """TERM ends the family soon, however busy its VMs are, and whatever is left of the kernel that
    would take it as a signal."""
    script = f"hostile {mode} & hostile {mode} & hostile {mode} & wait"
    with family(script, "--stop-timeout", "0") as f:
        f.expect(f"{mode} begins")
        time.sleep(0.3)
        begin = time.monotonic()
        f.kill(f.process.pid, 15)
        status = f.finish(limit=5)
        assert status in statuses, f"status {status}"
        assert time.monotonic() - begin < 2, "slow to end"


def test_flood():
    """The supervisor hears TERM while VMs send it messages without end."""
    still_ends("flood")


def test_scribble():
    """The host does not rely on what is in the window. The first program does: it may be gone
    before TERM comes, by a panic or a fault."""
    still_ends("scribble", statuses=(143, 134, 139))


# ---- a monitor under somebody else's control, played by gdb ----


def state():
    """The struct member of the process, as gdb finds it."""
    if paths.VMM == "process":
        raise proc.Skip("picoprocesses have neither a monitor nor the family's page")
    start = {"kvm": "monitor_start", "qemu": "qemu_monitor_start"}[paths.VMM]
    return start + "::monitor.member"


def in_monitor(pid, *commands):
    if not shutil.which("gdb"):
        raise AssertionError("gdb is needed to play an attacker in a monitor")
    argv = ["gdb", "-nx", "-batch", "-p", str(pid), "-ex", "set confirm off"]
    for command in commands:
        argv += ["-ex", command]
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=paths.limit(30), check=False
    )
    return done.stdout + done.stderr


HOSTAGE_SCRIPT = "sleep 100 & echo ready; wait $!; echo over; read x"


def test_foreign_pid():
    """A pid that a monitor put into the family's page is not signalled unless it is a monitor's."""
    victim = subprocess.Popen(["sleep", "100"])
    try:
        with family(HOSTAGE_SCRIPT) as f:
            f.expect("ready")
            sleeper = f.wait_for_monitors(lambda pids: len(pids) >= 2, "the sleeper")[-1]
            said = in_monitor(
                sleeper,
                f"set var {state()}.family->shared->slots[2].pid = {victim.pid}",
                f"print {state()}.family->shared->slots[2].pid",
            )
            assert f"= {victim.pid}" in said, f"could not forge the pid\n{said}"
            f.kill(f.process.pid, 15)
            assert f.finish() == 143
        assert victim.poll() is None, "a process that is no part of the family was killed"
    finally:
        victim.kill()
        victim.wait()


def test_hidden_monitor():
    """A monitor that removes itself from the family's page ends with the family all the same."""
    with family(HOSTAGE_SCRIPT) as f:
        f.expect("ready")
        sleeper = f.wait_for_monitors(lambda pids: len(pids) >= 2, "the sleeper")[-1]
        said = in_monitor(
            sleeper,
            f"set var {state()}.family->shared->slots[2].pid = 0",
            f"print {state()}.family->shared->slots[2].pid",
        )
        assert "= 0" in said, f"could not hide the monitor\n{said}"
        f.kill(f.process.pid, 15)
        assert f.finish(limit=5) == 143
