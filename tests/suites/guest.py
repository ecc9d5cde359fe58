# SPDX-License-Identifier: BSD-2-Clause
"""The guest suite: each program of tests/guest runs on Linux and as a family of VMs; the bytes on
stdout and the exit status must be the same, and nothing may be left behind."""

import os
import shlex

import disks
import oracle
import paths
import proc
import report as reporting

LIMIT = 30.0
# Name -> what Linux says of the test. It says the same to every suite of a run: it is asked once.
KNOWN = {}


def names():
    """Those for the VMM that is tested: a few are about what only some of them have."""
    fit = [p for p in oracle.sources("*")
           if paths.VMM in oracle.directives(p).get("vmm", paths.VMM).split()]  # fmt: skip
    return sorted(os.path.basename(p)[:-2] for p in fit)


def leak_complaint(outcome):
    """What `ramet run --check-leaks` said, unless it counted nothing. A family whose first program
    was killed has nobody left to count: its processes are checked from outside all the same."""
    lines = [l for l in reporting.text(outcome.err).splitlines() if "leaks:" in l]
    if not lines:
        return None if outcome.status > 128 else "no leak count on stderr"
    return None if lines[-1].endswith("leaks: none") else lines[-1]


def compare(report, name, expected, actual, check_leaks):
    trouble = actual.trouble()
    if trouble is None and actual.out != expected.out:
        trouble = "output differs"
    if trouble is None and actual.status != expected.status:
        trouble = f"exit status {actual.status}, oracle {expected.status}"
    if trouble is None and check_leaks:
        trouble = leak_complaint(actual)
    if trouble is None:
        report.ok(name, actual.seconds)
        return
    details = reporting.difference(expected.out, actual.out)
    if actual.err:
        details += "\nstderr:\n" + reporting.tail(actual.err)
    report.fail(name, trouble, details)


def oracle_fault(outcome):
    """A test whose own oracle run is doubtful cannot judge anything."""
    if outcome.trouble():
        return outcome.trouble()
    if b": NO\n" in outcome.out or b" NO\n" in outcome.out:
        return "the oracle's own output says NO"
    return None


class Test:
    """One program of tests/guest: its settings, and what Linux says of it."""

    def __init__(self, name):
        source = oracle.source(name)
        self.name = name
        self.settings = oracle.directives(source)
        self.args = shlex.split(self.settings.get("args", ""))
        self.limit = float(self.settings.get("timeout", LIMIT))
        self.stdin = self.settings.get("stdin", "").encode().decode("unicode_escape").encode()

    def disks(self, loop):
        return disks.Disks(self.settings.get("disk", ""), loop=loop)

    def on_linux(self):
        """The outcome, and what it left on the disks (None: it has none)."""
        program = os.path.join(paths.ORACLE, self.name)
        with self.disks(loop=True) as d:
            outcome = oracle.run(
                [program, *self.args], self.stdin, self.limit, "/bin:/usr/bin", d.environment()
            )
            return outcome, d.contents()

    def expected(self, report, full):
        """The oracle's outcome and disks, or None when it has failed or cannot run, which is
        reported."""
        if self.name not in KNOWN:
            found = self.ask(report, full)
            if found is None:
                return None
            KNOWN[self.name] = found
        return KNOWN[self.name]

    def ask(self, report, full):
        complaint = oracle.build(self.name)
        if complaint:
            report.fail(full, "does not compile for the host", complaint)
            return None
        try:
            outcome, written = self.on_linux()
        except disks.NoLoop as reason:
            report.skip(full, str(reason))
            return None
        fault = oracle_fault(outcome)
        if fault:
            report.fail(full, "oracle: " + fault, reporting.tail(outcome.out + outcome.err))
            return None
        return outcome, written


def one(report, full, name, options):
    test = Test(name)
    known = test.expected(report, full)
    if known is None:
        return
    expected, written = known
    if options.backend == "linux":
        # The oracle against itself: shows that the test is deterministic and the harness works.
        compare(report, full, expected, test.on_linux()[0], False)
        return
    if "skip" in test.settings:
        report.skip(full, test.settings["skip"])
        return
    flags = ["--check-leaks"] if options.check_leaks else []
    with test.disks(loop=False) as d:
        flags += [*d.options(), "--exec", "/tests/" + name]
        command = paths.ramet_run(paths.TESTS_IMAGE, *test.args, options=flags)
        actual = proc.run(command, test.stdin, test.limit)
        if d.contents() != written:
            report.fail(full, "the disk differs")
            return
    compare(report, full, expected, actual, options.check_leaks)


def suite(report, options):
    if options.backend == "kvm":
        if not paths.kvm_gate(report, "guest"):
            return
        unbuilt = paths.unbuilt(paths.RAMET, paths.TESTS_IMAGE)
        if unbuilt:
            report.fail("guest", unbuilt)
            return
    for name in names():
        full = "guest/" + name
        if report.wants(full):
            one(report, full, name, options)
