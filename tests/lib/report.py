# SPDX-License-Identifier: BSD-2-Clause
"""One line a test, details of a failure under it, and the closing count."""

import difflib
import sys


class Report:
    def __init__(self, only=None, verbose=False):
        self.passed = self.failed = self.skipped = 0
        self.only = only
        self.skips = {}  # name -> why it does not run here
        self.judged = set()  # names of tests that have run already, elsewhere
        self.sample = set()  # names of tests: of their suites no others are wanted
        self.times = {}  # suite -> seconds
        self.verbose = verbose
        self.failures = []

    def wants(self, name):
        """Whether to run a test: it was asked for, and can run here."""
        if name in self.judged or (self.only is not None and self.only not in name):
            return False
        if self.left_out(name):
            return False
        if name in self.skips:
            self.skip(name, self.skips[name])
            return False
        return True

    def left_out(self, name):
        suite = name.split("/")[0] + "/"
        return name not in self.sample and any(n.startswith(suite) for n in self.sample)

    def ok(self, name, seconds=None):
        self.passed += 1
        took = f"  ({seconds:.2f} s)" if seconds is not None else ""
        print(f"ok    {name}{took}", flush=True)

    def fail(self, name, reason, details=""):
        self.failed += 1
        self.failures.append(name)
        print(f"FAIL  {name}: {reason}", flush=True)
        for line in details.splitlines():
            print(f"      | {line}")
        sys.stdout.flush()

    def skip(self, name, reason):
        self.skipped += 1
        print(f"skip  {name}: {reason}", flush=True)

    def note(self, line):
        """What is no result, from a harness elsewhere."""
        print(line, flush=True)

    def time(self, suite, seconds):
        self.times[suite] = self.times.get(suite, 0.0) + seconds

    def finish(self):
        for suite, seconds in self.times.items():
            print(f"time  {suite} {seconds:.0f} s")
        if self.failures:
            print("failed: " + " ".join(self.failures))
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        print(f"{self.passed} passed, {self.failed} failed{skipped}", flush=True)
        # A run in which nothing ran proves nothing; only skips said aloud may end well.
        return 1 if self.failed or self.passed + self.skipped == 0 else 0


def text(data):
    return data.decode(errors="backslashreplace")


def difference(expected, actual, lines=24):
    """A short unified diff of two outputs, oracle first."""
    diff = difflib.unified_diff(
        text(expected).splitlines(),
        text(actual).splitlines(),
        "oracle",
        "ramet",
        lineterm="",
        n=1,
    )
    shown = list(diff)
    more = [f"... {len(shown) - lines} more lines"] if len(shown) > lines else []
    return "\n".join(shown[:lines] + more)


def tail(data, lines=12):
    return "\n".join(text(data).splitlines()[-lines:])
