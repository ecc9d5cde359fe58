# SPDX-License-Identifier: BSD-2-Clause
"""Templates of picoprocesses, where they are not like those of VMs: who may start one, rights of
pages, what is left of the host's program in a member that waits, who can look into one that is
saved. What is the same for both is in fault/fault_template.py and fault_serve.py."""

import os
import shutil
import subprocess
import tempfile

import fault_host
import paths
import proc
import server
from fault_template import Template, clean, refused

MAKER, FEATURES = 16, 24  # offsets in struct template_header
# Of a first member: the stub, the interface's pages, RAM, scratch, image and window; vsyscall.
PLACES = [(0x80000, 0xB8000), (0x110000, 0x113000), (0x200000, 0x4000000),
          (0x600000000, 0x604200000), (0x800000000, 0x880000000), (0xC00000000, 0xC04000000),
          (0xFFFFFFFFFF600000, 0xFFFFFFFFFF601000)]  # fmt: skip


def change(template, at, data):
    with open(template.path, "r+b") as file:
        file.seek(at)
        file.write(data)


def test_maker():
    """A file does not decide by what its program is confined: it is refused, in one line."""
    with Template("echo READY; echo on") as t:
        run = [paths.RAMET, "run", "--template", t.path]
        refused(proc.run([*run, "--vmm=qemu"], limit=20), b"--vmm")
        if os.path.exists("/dev/kvm"):
            for vmm in ("auto", "kvm"):
                refused(proc.run([*run, f"--vmm={vmm}"], limit=20), b"made with --vmm=process")
        change(t, MAKER, b"kvm".ljust(8, b"\0"))
        refused(t.run(), b"made with --vmm=kvm")
        refused(proc.run([*run, "--kvm", "/nonexistent"], limit=20), b"made with --vmm=kvm")
        change(t, MAKER, b"other".ljust(8, b"\0"))
        refused(t.run(), b"made with --vmm=other")
        change(t, MAKER, b"\033[2J".ljust(8, b"\0"))
        refused(t.run(), b"damaged")


def test_without_kvm():
    """Without KVM they are what `template` and `run` take, after a line each that says so."""
    with Template("echo READY; echo on") as t:
        no_kvm = ["--kvm", "/nonexistent"]
        made = proc.run([paths.RAMET, "template", *no_kvm, "--until", "READY", "--output", t.path,
                         t.image, "-c", "echo READY; echo on"], limit=20)  # fmt: skip
        clean(made, b"READY\n", 0)
        assert made.err.count(b"confined processes instead of VMs") == 1, f"{made.err!r}"
        outcome = proc.run([paths.RAMET, "run", *no_kvm, "--template", t.path], limit=20)
        clean(outcome, b"on\n", 0)
        assert outcome.err.count(b"confined processes instead of VMs") == 1, f"{outcome.err!r}"


def test_other_machine():
    """A program has found out which vector registers there are, and goes on using them."""
    with Template("echo READY; echo on") as t:
        with open(t.path, "rb") as file:
            features = bytearray(file.read(FEATURES + 8)[FEATURES:])
        for byte, bit in ((0, 2), (1, 4), (2, 0x80)):
            other = bytearray(features)
            other[byte] ^= bit
            change(t, FEATURES, other)
            refused(t.run(), b"vector registers")
        change(t, FEATURES, features)
        clean(t.run(), b"on\n", 0)


def test_cut_under_a_server():
    """A file that is cut after its tables have been read: the families that are ready are good, the
    next one says why there is none."""
    with server.Server("echo READY; echo on", pool=1) as s:
        with open(s.template.path, "r+b") as file:
            # The tables stay, the pages behind them do not.
            file.truncate(8192)
        assert s.run() == (0, b"on\n", b"")
        s.process.stderr.flush()
        said = b""
        while b"\n" not in said:
            said += os.read(s.process.stderr.fileno(), 1000)
        assert said.startswith(b"ramet: "), f"{said!r}"
        s.stop()


def test_rights():
    """Pages have the rights they had, wherever in its life a program is saved: what it says from
    there on is what it says in one go."""
    run = paths.ramet_run(paths.TESTS_IMAGE, "first", options=["--exec", "/tests/mprotect"])
    whole = proc.run(run, limit=20)
    lines = whole.out.splitlines(keepends=True)
    assert whole.status == 0 and len(lines) > 100, f"{whole}"
    # Where it is one process, and the line is the first that says so.
    places = [i for i in range(115) if lines[i][:-1] not in b"".join(lines[:i])][::16]
    assert len(places) > 5, f"{places}"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "t")
        for i in places:
            made = proc.run(paths.ramet("template", "--exec", "/tests/mprotect", "--until",
                                        lines[i][:-1].decode(), "--output", path,
                                        paths.TESTS_IMAGE, "first"), limit=20)  # fmt: skip
            clean(made, b"".join(lines[: i + 1]), 0)
            clean(proc.run(paths.ramet("run", "--template", path), limit=20),
                  b"".join(lines[i + 1 :]), 0)  # fmt: skip


def without_disks(outcome):
    return [line for line in outcome.out.splitlines() if b" of the disk" not in line]


def test_escapes():
    """A guest that goes round the stub finds no more where it is to be saved, and none where it is
    resumed."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "t")
        run = paths.ramet_run(paths.HOSTILE_IMAGE, "-c", "escape", options=["--exec", "/bin/sh"])
        plain = proc.run(run, limit=60)
        assert plain.out.endswith(b"all tried\n"), f"{plain}"
        make = paths.ramet("template", "--exec", "/bin/sh", "--until", "READY", "--output", path,
                           paths.HOSTILE_IMAGE, "-c")  # fmt: skip
        never = proc.run([*make, "escape"], limit=60)
        assert (never.status, never.out) == (1, plain.out), f"{never.out!r}"
        clean(proc.run([*make, "echo READY; escape"], limit=60), b"READY\n", 0)
        # The image has another descriptor there, the one that would be a disk's.
        resumed = proc.run(paths.ramet("run", "--template", path), limit=60)
        assert resumed.status == 0 and without_disks(resumed) == without_disks(plain), f"{resumed}"


def test_nothing_left():
    """A member that waits for its client has the guest's memory and the stub, three descriptors,
    the image and the text cache, and is open to root only."""
    with server.Server("echo READY; echo on") as s:
        for _, member in s.ready():
            with open(f"/proc/{member}/maps", encoding="ascii", errors="replace") as maps:
                for line in maps:
                    start, end = (int(n, 16) for n in line.split()[0].split("-"))
                    assert any(a <= start and end <= b for a, b in PLACES), line
                    assert "rwx" not in line and "/bin/ramet" not in line, line
            folder = f"/proc/{member}/fd"
            names = [os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)]
            assert len(names) == 5 and s.template.image in names, f"{names}"
        assert s.run() == (0, b"on\n", b"")


def test_ordinary_user():
    """No privilege is needed to save one, and while it can be saved nobody of its user can look
    into it."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        raise proc.Skip("needs root and setpriv, to be somebody else")
    user = ["setpriv", f"--reuid={fault_host.NOBODY}", f"--regid={fault_host.NOBODY}",
            "--clear-groups", "--no-new-privs"]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        ramet, image = (shutil.copy(path, folder) for path in (paths.RAMET, paths.SHELL_IMAGE))
        os.chmod(image, 0o644)
        path = os.path.join(folder, "t")
        script = "echo begun; read x; echo READY; (echo $x); exit 4"
        argv = [*user, ramet, "template", "--vmm=process", "--until", "READY", "--output", path,
                image, "-c", script]  # fmt: skip
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as maker:  # fmt: skip
            assert maker.stdout.readline() == b"begun\n"
            member = proc.monitors(maker.pid)[0]
            assert os.stat(f"/proc/{member}/mem").st_uid == 0, "open to its user"
            out, err = maker.communicate(b"word\n", timeout=paths.limit(20))
        assert maker.returncode == 0 and out == b"READY\n", f"{out!r} {err!r}"
        run = [*user, ramet, "run", "--vmm=process", "--template", path]
        clean(proc.run(run, limit=20), b"word\n", 4)


def tests():
    """(name, function) of every test here, in the order they are written."""
    for name, function in list(globals().items()):
        if name.startswith("test_"):
            yield f"template_{name.removeprefix('test_')}", function
