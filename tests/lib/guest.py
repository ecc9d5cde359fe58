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


def names():
    folder = os.path.join(paths.TESTS, "guest")
    return sorted(f[:-2] for f in os.listdir(folder) if f.endswith(".c"))


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


def one(report, full, name, options):
    source = os.path.join(paths.TESTS, "guest", name + ".c")
    settings = oracle.directives(source)
    args = shlex.split(settings.get("args", ""))
    limit = float(settings.get("timeout", LIMIT))
    stdin = settings.get("stdin", "").encode().decode("unicode_escape").encode()

    complaint = oracle.build(name)
    if complaint:
        report.fail(full, "does not compile for the host", complaint)
        return
    program = os.path.join(paths.ORACLE, name)

    def on_linux():
        with disks.Disks(settings.get("disk", ""), loop=True) as d:
            outcome = oracle.run([program, *args], stdin, limit, "/bin:/usr/bin", d.environment())
            return outcome, d.contents()

    try:
        expected, written = on_linux()
    except disks.NoLoop as reason:
        report.skip(full, str(reason))
        return
    fault = oracle_fault(expected)
    if fault:
        report.fail(full, "oracle: " + fault, reporting.tail(expected.out + expected.err))
        return
    if options.backend == "linux":
        # The oracle against itself: shows that the test is deterministic and the harness works.
        compare(report, full, expected, on_linux()[0], False)
        return
    if "skip" in settings:
        report.skip(full, settings["skip"])
        return
    flags = ["--check-leaks"] if options.check_leaks else []
    with disks.Disks(settings.get("disk", ""), loop=False) as d:
        flags += [*d.options(), "--exec", "/tests/" + name]
        actual = proc.run(paths.ramet_run(paths.TESTS_IMAGE, *args, options=flags), stdin, limit)
        if d.contents() != written:
            report.fail(full, "the disk differs")
            return
    compare(report, full, expected, actual, options.check_leaks)


def suite(report, options):
    if options.backend == "kvm":
        if not paths.kvm_gate(report, "guest"):
            return
        absent = paths.missing(paths.RAMET, paths.TESTS_IMAGE)
        if absent:
            report.fail("guest", f"{absent} is not built")
            return
    for name in names():
        full = "guest/" + name
        if report.wants(full):
            one(report, full, name, options)
