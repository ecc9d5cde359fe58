# SPDX-License-Identifier: BSD-2-Clause
"""The differential fuzzer's harness: runs tests/diff on Linux and on Ramet and compares line by
line.

tests/diff/run searches by hand; the suite here runs a few fixed seeds. What is known to differ is
in tests/diff/known and left out on both sides.
"""

import os
import shutil
import tempfile

import paths
import proc
import report as reporting

LINUX = os.path.join(paths.BUILD, "diff", "linux")
IMAGE = os.path.join(paths.BUILD, "images", "diff.img")
KNOWN = os.path.join(paths.TESTS, "diff", "known")
AREAS = ["files", "pipes", "signals", "streams", "formats", "times", "memory", "processes", "locks",
         "environ"]  # fmt: skip
SEEDS = [1, 2, 3]
COUNT = 200
LIMIT = 120.0


class Known:
    """tests/diff/known: operations that are left out ("op AREA.OP: why") and lines of Linux's that
    may differ ("line AREA.OP TEXT: why": the line contains TEXT)."""

    def __init__(self, empty=False):
        self.ops, self.texts = [], []
        if empty:
            return
        with open(KNOWN, encoding="utf-8") as table:
            for row in table:
                row = row.rstrip("\n")
                if row and not row.startswith("#"):
                    self.add(row)

    def add(self, row):
        what, _, reason = row.partition(": ")
        kind, name, *text = what.split(" ", 2)
        if not reason or kind not in ("op", "line") or len(text) != (kind == "line"):
            raise ValueError(f"tests/diff/known: {row}")
        if kind == "op":
            self.ops.append(name)
        else:
            area, _, op = name.partition(".")
            self.texts.append((area, op, text[0]))

    def allows(self, line):
        """Whether Linux's line is one that may differ."""
        words = line.split(" ", 3)
        return len(words) > 2 and any(
            words[0] == area and words[2] == op and text in line for area, op, text in self.texts
        )


class Difference:
    """The first line that differs; `common` are the lines before it."""

    def __init__(self, common, linux, ramet):
        self.common, self.linux, self.ramet = common, linux, ramet
        first = linux.split(" ", 1)[0] if linux else ""
        self.area = first if first in AREAS else None

    def __str__(self):
        before = "\n".join("       " + line for line in self.common[-3:])
        return f"{before}\n Linux {self.linux}\n Ramet {self.ramet}"


def arguments(area, seed, count, known, indices):
    words = [str(seed), str(count), area, ",".join(known.ops) or "-"]
    return words + ([",".join(map(str, indices))] if indices is not None else [])


def scratch():
    """A fresh directory on a tmpfs: what Linux' file systems of disks do differently is not
    the matter."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return tempfile.mkdtemp(prefix="ramet-diff-", dir=where)


def on_linux(words):
    folder = scratch()
    try:
        environment = {"PATH": "/bin:/usr/bin", "DIFF_DIR": folder}
        return proc.run([LINUX, *words], b"", LIMIT, env=environment)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def on_ramet(words):
    return proc.run(paths.ramet_run(IMAGE, *words), b"", paths.limit(LIMIT))


def compare(area, seed, count, known, indices=None):
    """The first Difference of an area's operations on both, or None."""
    words = arguments(area, seed, count, known, indices)
    one, other = on_linux(words), on_ramet(words)
    linux = reporting.text(one.out).splitlines() + [f"status {one.status}"]
    ramet = reporting.text(other.out).splitlines() + [f"status {other.status}"]
    for i, line in enumerate(linux):
        mine = ramet[i] if i < len(ramet) else "(nothing more)"
        if line != mine and not known.allows(line):
            return Difference(linux[:i], line, mine)
    return None


def minimise(area, seed, count, known):
    """The fewest operations, by their indices, that still differ (Zeller's delta debugging: drop
    halves, then quarters, ...). Not every smaller list is tried, so fewer may exist."""
    kept, parts = list(range(count)), 2
    found = compare(area, seed, count, known)
    if found and found.linux.split(" ")[1:2] and found.linux.split(" ")[1].isdigit():
        kept = kept[: int(found.linux.split(" ")[1]) + 1]
    while len(kept) > 1:
        size = max(1, len(kept) // parts)
        for at in range(0, len(kept), size):
            fewer = kept[:at] + kept[at + size :]
            if fewer and compare(area, seed, count, known, fewer):
                kept, parts = fewer, max(2, parts - 1)
                break
        else:
            if size == 1:
                break
            parts = min(len(kept), 2 * parts)
    return kept


def suite(report, options):
    unbuilt = paths.unbuilt(LINUX, IMAGE)
    if unbuilt:
        report.fail("diff", unbuilt)
        return
    if not paths.kvm_gate(report, "diff"):
        return
    known = Known()
    for seed in SEEDS:
        name = f"diff/seed_{seed}"
        if report.wants(name):
            found = compare("all", seed, COUNT, known)
            if found:
                report.fail(name, f"{found.area or 'the end'} differs", str(found))
            else:
                report.ok(name)
