# SPDX-License-Identifier: BSD-2-Clause
"""The confinement suite: what a monitor may still do, read from the outside, and what happens to
one that tries more. Every monitor counts: the first program's, clones, and those that ran exec."""

import os
import re
import shutil
import subprocess
import tempfile
import time

import faults
import paths
import proc
from family import Family

# What a monitor keeps open: stdio is the harness' pipes, the control socket is the only socket.
KEPT = re.compile(
    r"pipe:|/dev/kvm$|anon_inode:kvm-(vm|vcpu:0)$|socket:|" + re.escape(paths.SHELL_IMAGE)
)
# A picoprocess.
KEPT_ALONE = re.compile(r"pipe:|/memfd:ramet-text |" + re.escape(paths.SHELL_IMAGE))
# A monitor of QEMU: the template's memory, and what its QEMU is made of; of each one.
KEPT_WITH_QEMU = re.compile(r"pipe:|/memfd:ramet-(ram|template) |socket:")
QEMU_SOCKETS = 5  # control, lease, QMP, doorbell, serial line


def shell(script):
    return Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", script))


def status_fields(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        return dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)


def descriptors(pid):
    folder = f"/proc/{pid}/fd"
    return [os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)]


def test_filter():
    """Every monitor of a family with a pipeline has the filter and can gain no privileges."""
    with shell("sleep 100 | (sleep 100) & echo ready; wait") as family:
        family.expect("ready")
        for pid in family.wait_for_monitors(lambda pids: len(pids) >= 3, "the pipeline"):
            fields = status_fields(pid)
            assert fields["Seccomp"] == "2", f"monitor {pid}: Seccomp {fields['Seccomp']}"
            assert fields["NoNewPrivs"] == "1", f"monitor {pid}: NoNewPrivs {fields['NoNewPrivs']}"
        assert status_fields(family.process.pid)["Seccomp"] in "02", "supervisor"


def count_of(pid, kind, wanted):
    """How many descriptors of a kind it has: one that is still making its VM has none, for now."""
    deadline = time.monotonic() + paths.limit(2)
    while True:
        count = sum(kind in name for name in descriptors(pid))
        if count == wanted or time.monotonic() > deadline:
            return count
        time.sleep(0.01)


def test_descriptors():
    """A descriptor that `ramet` was started with does not reach a monitor, nor does what only the
    supervisor needs; a clone does not keep its parent's VM."""
    with open("/etc/passwd", "rb") as leak:
        os.set_inheritable(leak.fileno(), True)
        command = paths.ramet_run(paths.SHELL_IMAGE, "-c", "sleep 100 & echo ready; wait")
        # A shell in between: Popen itself would close the descriptor.
        link = ["sh", "-c", f'exec "$@" 9< /etc/passwd', "sh", *command]
        with Family(link) as family:
            family.expect("ready")
            for pid in family.wait_for_monitors(lambda pids: len(pids) >= 2, "the sleeper"):
                names = descriptors(pid)
                kept = {"kvm": KEPT, "process": KEPT_ALONE, "qemu": KEPT_WITH_QEMU}[paths.VMM]
                strange = [name for name in names if not kept.match(name)]
                assert not strange, f"monitor {pid} has {strange}"
                expected = {"kvm": {"kvm-vm": 1, "kvm-vcpu": 1, "socket:": 2},
                            "process": {"pipe:": 3, paths.SHELL_IMAGE: 1},
                            "qemu": {"ramet-ram": 1, "ramet-template": 1,
                                     "socket:": QEMU_SOCKETS}}[paths.VMM]  # fmt: skip
                for kind, wanted in expected.items():
                    count = count_of(pid, kind, wanted)
                    assert count == wanted, f"monitor {pid} has {count} of {kind}: {names}"


def not_of_a_picoprocess():
    if paths.VMM == "process":
        raise proc.Skip("a picoprocess has no C library to call: process/escapes makes the calls")


def call_in(pid, call):
    """Makes process `pid` call a C function, as code injected into a monitor would."""
    script = ["-ex", "set confirm off", "-ex", f"call {call}", "-ex", "detach"]
    done = subprocess.run(
        ["gdb", "-nx", "-batch", "-p", str(pid), *script],
        capture_output=True,
        text=True,
        timeout=paths.limit(30),
        check=False,
    )
    return done.stdout + done.stderr


def test_violation():
    """Code that took over a monitor and asks for a socket ends the monitor, not more: the parent
    sees a signalled child, the supervisor says why, the family goes on."""
    not_of_a_picoprocess()
    if not shutil.which("gdb"):
        raise AssertionError("gdb is needed to call a function in a monitor")
    # getppid is allowed: shows that the call itself is not what kills.
    with shell('sleep 100 & echo ready; wait $!; echo "child: $?"; echo on | cat') as family:
        family.expect("ready")
        sleeper = family.wait_for_monitors(lambda pids: len(pids) >= 2, "the sleeper")[-1]
        said = call_in(sleeper, "((int (*)(void))getppid)()")
        assert f"$1 = {family.process.pid}" in said, f"gdb could not call a function\n{said}"
        assert sleeper in family.monitors(), "an allowed call ended the monitor"
        said = call_in(sleeper, "((int (*)(int, int, int))socket)(1, 1, 0)")
        assert "SIGSYS" in said, f"no SIGSYS\n{said}"
        family.expect("its host process made a system call it is not allowed")
        family.expect("child: 159")
        family.expect("on\n")
        assert family.finish() == 0, "the family did not end well"


def test_disk_descriptors():
    """Of a picoprocess: those of the disks, in any order with the image's, and no others."""
    if paths.VMM != "process":
        raise proc.Skip("disk has it")
    with tempfile.NamedTemporaryFile(prefix="disk-") as disk:
        disk.truncate(65536)
        options = ["--disk", disk.name, "--disk", disk.name + ":ro"]
        command = paths.ramet_run(paths.SHELL_IMAGE, "-c", "sleep 100 & echo ready; wait",
                                  options=options)  # fmt: skip
        # Two descriptors of before lie between those that are kept and do not reach a member.
        link = ["sh", "-c", 'exec "$@" 4< /etc/passwd 6< /etc/passwd', "sh", *command]
        with Family(link) as family:
            family.expect("ready")
            for pid in family.wait_for_monitors(lambda pids: len(pids) >= 2, "the sleeper"):
                names = descriptors(pid)
                strange = [name for name in names if not KEPT_ALONE.match(name)]
                assert strange == [disk.name, disk.name], f"member {pid} has {names}"
                assert len(names) == 7, f"member {pid} has {names}"


def test_disk():
    """A monitor can read and write its disk and nothing else of it: not its size, not its mode."""
    if paths.VMM == "qemu":
        raise proc.Skip("a monitor of QEMU has no disk (see descriptors)")
    not_of_a_picoprocess()
    if not shutil.which("gdb"):
        raise AssertionError("gdb is needed to call a function in a monitor")
    with tempfile.NamedTemporaryFile(prefix="disk-") as disk:
        disk.truncate(65536)
        script = 'sleep 100 & echo ready; wait $!; echo "child: $?"; echo on > /dev/vda'
        options = ["--disk", disk.name]
        with Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", script, options=options)) as family:
            family.expect("ready")
            sleeper = family.wait_for_monitors(lambda pids: len(pids) >= 2, "the sleeper")[-1]
            names = descriptors(sleeper)
            assert names.count(disk.name) == 1, f"{names}"
            folder = f"/proc/{sleeper}/fd"
            fd = next(n for n in os.listdir(folder)
                      if os.readlink(os.path.join(folder, n)) == disk.name)  # fmt: skip
            said = call_in(sleeper, f"((long (*)(int, long, int))lseek)({fd}, 0, 2)")
            assert "$1 = 65536" in said, said
            said = call_in(sleeper, f"((long (*)(int, long, int))lseek)({fd}, 0, 0)")
            assert "SIGSYS" in said, f"no SIGSYS\n{said}"
            family.expect("child: 159")
            assert family.finish() == 0, "the family did not end well"
        with open(disk.name, "rb") as file:
            assert file.read(3) == b"on\n"


def tests():
    """(name, function) of every test here."""
    for name, function in list(globals().items()):
        if name.startswith("test_"):
            yield name.removeprefix("test_"), function


def suite(report, _options):
    if not paths.kvm_gate(report, "confine"):
        return
    unbuilt = paths.unbuilt(paths.RAMET, paths.SHELL_IMAGE)
    if unbuilt:
        report.fail("confine", unbuilt)
        return
    proc.reap()
    for name, function in tests():
        full = "confine/" + name
        if report.wants(full):
            faults.one(report, full, function)
