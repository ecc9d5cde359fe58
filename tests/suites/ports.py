# SPDX-License-Identifier: BSD-2-Clause
"""The ports suite: programs that need a ported library do what they do on Linux (`make ports`).

GNU less draws on a terminal by what the terminal library says of it: the same keys are typed to
Debian's less on the same terminal, and the lines it draws are compared. Runs on KVM where there is
one, else on QEMU."""

import os
import re
import shutil

import faults
import paths
from family import Family

LESS_IMAGE = os.path.join(paths.BUILD, "images", "less.img")
TEXT = os.path.join(paths.ROOT, "docs", "tour.md")
SIZE = (24, 60)  # narrow: long lines wrap
LIMIT = 60.0
STEPS = [(" ", "a page on"), ("/notice\n", "a match"), ("G", "the end"), ("g", "the beginning")]


def escape(text):
    """What moves, clears and marks in a terminal, out of the way."""
    return re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>M]|\([A-Z0-9])|[\x07\x08\x0f]", "", text)


def screens(argv, term):
    """What less draws for each step, raw."""
    drawn = []
    with Family(argv, tty=True, size=SIZE) as less:
        drawn.append(less.expect("tour.md", LIMIT))  # its prompt: the name of the file
        for keys, _ in STEPS:
            less.send(keys + "=")  # and where we are, with which it ends what it draws
            drawn.append(less.expect("(press RETURN)", LIMIT))
            less.send("\n")
        less.send("q")
        assert less.finish(LIMIT) == 0, f"TERM={term}: less did not end well"
    return drawn


def ramet(term):
    vmm = "kvm" if os.access("/dev/kvm", os.R_OK | os.W_OK) else "qemu"
    options = [f"--vmm={vmm}", "--env", f"TERM={term}"]
    return screens([paths.RAMET, "run", *options, LESS_IMAGE, "tour.md"], term)


def linux(term):
    folder = os.path.dirname(TEXT)
    command = f"cd '{folder}' && TERM={term} LESS= LESSOPEN= exec less tour.md"
    return screens(["sh", "-c", command], term)


def lines(drawn):
    return [line for line in escape(drawn).replace("\r", "").split("\n") if line.strip()]


def test_less():
    with open(TEXT, encoding="utf-8") as f:
        text = f.read()
    for term in ("xterm", "vt100", "linux"):
        ours = ramet(term)
        first = lines(ours[0])
        assert "# A tour of Ramet" in first, f"TERM={term}: the first page is {first}"
        assert ("\x1b[?1049h" in ours[0]) == (term == "xterm"), f"TERM={term}: {ours[0][:40]!r}"
        end = [line for line in text.splitlines() if line.strip()][-1]
        assert end in "".join(lines(ours[3])), f"TERM={term}: the last page is {lines(ours[3])}"


def test_less_beside_linux():
    """Every step draws the same lines, as long as both are less 590."""
    if not shutil.which("less"):
        raise faults.proc.Skip("no less here to compare with")
    ours, theirs = ramet("xterm"), linux("xterm")
    for (_, step), here, there in zip([("", "the first page"), *STEPS], ours, theirs):
        here, there = lines(here)[-20:], lines(there)[-20:]
        assert here == there, f"{step}: {here}\nless on Linux: {there}"


def suite(report, _options):
    absent = paths.missing(LESS_IMAGE)
    if absent:
        report.skip("ports", f"{absent} is not built (make ports; two minutes)")
        return
    for name, test in (("less", test_less), ("less_beside_linux", test_less_beside_linux)):
        if report.wants("ports/" + name):
            faults.one(report, "ports/" + name, test)
