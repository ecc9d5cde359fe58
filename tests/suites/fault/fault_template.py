# SPDX-License-Identifier: BSD-2-Clause
"""Templates: what a family that starts from one has of it and what is its own; and everything that
can be wrong with making and using one."""

import os
import re
import shutil
import subprocess
import tempfile
import time

import paths
import proc


class Template:
    """A template of dash running `script`, which prints READY somewhere. Use as a context."""

    def __init__(self, script, image=None):
        self.folder = tempfile.TemporaryDirectory()
        self.image = os.path.join(self.folder.name, "shell.img")
        shutil.copy(image or paths.SHELL_IMAGE, self.image)
        self.path = os.path.join(self.folder.name, "shell.tpl")
        self.made = self.make(script)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def make(self, script, *options):
        flags = ["--until", "READY", "--output", self.path, *options]
        argv = paths.ramet("template", *flags, self.image, "-c", script)
        return proc.run(argv, limit=20)

    def run(self, stdin=b"", options=()):
        argv = paths.ramet("run", "--check-leaks", *options, "--template", self.path)
        return proc.run(argv, stdin, limit=20)


def clean(outcome, out, status):
    assert outcome.trouble() is None, outcome.trouble()
    assert outcome.out == out, f"{outcome.out!r}, not {out!r}; {outcome.err[-300:]!r}"
    assert outcome.status == status, f"status {outcome.status}; {outcome.err[-300:]!r}"


def refused(outcome, word, status=2):
    """One line that says why."""
    lines = [l for l in outcome.err.splitlines() if l.startswith(b"ramet: ")]
    assert outcome.status == status, f"status {outcome.status}, {outcome.err[-300:]!r}"
    assert len(lines) == 1 and word in lines[0], f"{outcome.err[-300:]!r}"


def test_state_is_kept():
    """Variables, files and descriptors; a family of its own, with its own processes and status."""
    script = (
        "x=5; echo kept > /tmp/f; exec 3< /tmp/f; echo READY;"
        " cat /tmp/f; read y <&3; echo $x $y $$; "
        "(exit 7); echo $?; seq 3 | tail -n 1; exit 3"
    )
    with Template(script) as t:
        clean(t.made, b"READY\n", 0)
        for _ in range(2):
            outcome = t.run()
            clean(outcome, b"kept\n5 kept 2\n7\n3\n", 3)
            assert b"leaks: none" in outcome.err, f"{outcome.err!r}"


def touched(made):
    """How many pages its rehearsal has found, by what `ramet template` says."""
    found = re.search(rb", (\d+) pages touched first\n", made.err)
    assert made.status == 0 and found, f"{made.err!r}"
    return int(found[1])


def test_rehearsal():
    """The program's first moments are learnt when the template is made, and nobody sees them: what
    it does then happens once in each family, and not before."""
    script = "echo READY; x=$(seq 3); echo $x; read y; echo got $y; exit 4"
    with Template(script) as t:
        clean(t.made, b"READY\n", 0)
        assert 10 < touched(t.made) < 1000, f"{t.made.err!r}"
        for _ in range(2):
            clean(t.run(b"one\n"), b"1 2 3\ngot one\n", 4)


def test_rehearsal_of_much():
    """Memory that is not in the template yet, and more than one range of it."""
    script = "x=$(seq 100000); echo READY; y=$x$x$x; echo ${#y}; echo ${#x}"
    with Template(script) as t:
        assert touched(t.made) > 10, f"{t.made.err!r}"
        clean(t.run(), b"1766682\n588894\n", 0)


def test_rehearsal_without_a_call():
    """A program that computes, for a while or for ever, still makes a template."""
    count = "echo READY; i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; echo $i"
    with Template(count) as t:
        assert touched(t.made) > 10, f"{t.made.err!r}"
        clean(t.run(), b"30000\n", 0)
    with Template("echo READY; while :; do :; done") as t:
        assert touched(t.made) > 10, f"{t.made.err!r}"


def test_input_is_its_own():
    with Template("echo READY; read x; echo got $x") as t:
        clean(t.run(b"one\n"), b"got one\n", 0)
        clean(t.run(b"two\n"), b"got two\n", 0)


def test_many_at_once():
    with Template("echo READY; read x; (echo child $x)") as t:
        argv = paths.ramet("run", "--template", t.path)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        running = [subprocess.Popen(argv, **pipes) for _ in range(20)]
        for i, family in enumerate(running):
            out, _ = family.communicate(b"%d\n" % i, timeout=paths.limit(20))
            assert out == b"child %d\n" % i, f"{out!r}"


def test_random_numbers_differ():
    script = "head -c 16 /dev/urandom > /dev/null; echo READY; exec od -N16 /dev/urandom"
    with Template(script) as t:
        first, second = t.run(), t.run()
        assert first.status == second.status == 0 and len(first.out) > 20, f"{first.err!r}"
        assert first.out != second.out, "the same random numbers twice"


def test_clocks():
    """Today's date, and a monotonic clock that has not stopped."""
    with Template("echo READY; date +%s; sleep 0.2; echo slept") as t:
        time.sleep(1.1)
        before, begin = int(time.time()), time.monotonic()
        outcome = t.run()
        took = time.monotonic() - begin
        date = int(outcome.out.split()[0])
        assert before <= date <= int(time.time()), f"{date}, not {before}"
        assert outcome.out.endswith(b"slept\n") and 0.2 <= took < 5, f"{took} s"


def test_text_in_pieces():
    with Template("printf REA; printf DYREADY; echo; echo after") as t:
        assert t.made.status == 0, f"{t.made.err!r}"
        clean(t.run(), b"\nafter\n", 0)


def test_never_ready():
    with Template("echo no such word; exit 0") as t:
        refused(t.made, b"has not printed", 1)
        assert os.listdir(t.folder.name) == ["shell.img"], os.listdir(t.folder.name)


def test_fails_before_it_is_ready():
    with Template("exit 9") as t:
        assert t.made.status == 9, f"status {t.made.status}"
        assert os.listdir(t.folder.name) == ["shell.img"], os.listdir(t.folder.name)


def test_more_than_one_process():
    with Template("sleep 30 & echo READY") as t:
        assert t.made.status != 0 and b"other processes" in t.made.err, f"{t.made.err!r}"
        assert os.listdir(t.folder.name) == ["shell.img"], os.listdir(t.folder.name)


def test_output():
    """A program's memory is in it: it is for its user's eyes, and goes where it is told to only."""
    with Template("echo READY") as t:
        assert os.stat(t.path).st_mode & 0o777 == 0o600, f"{os.stat(t.path).st_mode:o}"
        os.unlink(t.path)
        other = os.path.join(t.folder.name, "other")
        for name in (t.path, t.path + ".new"):
            os.symlink(other, name)
        clean(t.make("echo READY"), b"READY\n", 0)
        assert not os.path.islink(t.path) and not os.path.exists(other)


def test_other_image():
    with Template("echo READY") as t:
        os.utime(t.image, (1, 1))
        refused(t.run(), b"not the image")
        os.unlink(t.image)
        refused(t.run(), b"No such file")


def test_other_program():
    """One that is not the image's first, and forks: it is not taken for the first."""
    with Template("", paths.TESTS_IMAGE) as t:
        made = proc.run(paths.ramet("template", "--exec", "/tests/fork_again", "--until",
                                    "nothing:", "--output", t.path, t.image), limit=20)  # fmt: skip
        assert made.status == 0, f"{made.err!r}"
        outcome = t.run()
        assert outcome.trouble() is None, outcome.trouble()
        assert outcome.status == 0 and outcome.out.count(b"5 of 5 children") > 5, f"{outcome}"


def test_damaged():
    """Every prefix of it that ends in a table, and every byte of the tables changed: a line or a
    family, never a hang or a crash of the host's side."""
    with Template("echo READY") as t:
        with open(t.path, "rb") as f:
            whole = f.read()
        for size in (0, 4, 100, 4000, 4400, 5000, len(whole) - 4096, len(whole) - 1):
            with open(t.path, "wb") as f:
                f.write(whole[:size])
            assert t.run().status == 2, f"{size} bytes"
        tables = [*range(0, 96), *range(4280, 4600, 3), *range(len(whole) - 400, len(whole), 7)]
        for at in tables:
            with open(t.path, "wb") as f:
                f.write(whole[:at] + bytes([whole[at] ^ 0x81]) + whole[at + 1 :])
            run = paths.ramet("run", "--template", t.path)
            done = subprocess.run(
                run, stdin=subprocess.DEVNULL, capture_output=True, timeout=paths.limit(20),
                check=False,
            )
            assert done.returncode >= 0, f"byte {at}: signal {-done.returncode}"


def test_options():
    with Template("echo READY") as t:
        refused(t.run(options=["--mem", "32M"]), b"--template")
        refused(t.run(options=["--env", "A=b"]), b"--template")
        refused(t.run(options=["--vmm", "qemu"]), b"--vmm")
        run = paths.ramet("run")
        refused(proc.run([*run, "--template", t.path, t.image], limit=20), b"--template")
        refused(proc.run([*run, "--until", "x", t.image], limit=20), b"ramet template")
        refused(proc.run(paths.ramet("template", t.image), limit=20), b"--output")
        missing = os.path.join(t.folder.name, "no", "where")
        made = paths.ramet("template", "--until", "x", "--output", missing, t.image)
        refused(proc.run(made, limit=20), b"No such file")
