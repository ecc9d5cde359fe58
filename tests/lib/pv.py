# SPDX-License-Identifier: BSD-2-Clause
"""The pv suite: the conformance guest (tests/pv) on each implementer of abi/pv.h. All must print
tests/pv/expected, to the byte, and end with 0."""

import os

import paths
import proc
import report as reporting

LIMIT = 90.0
STDIN = b"typed\n"  # tests/pv/calls.c reads it where standard input is a stream
IMAGE = os.path.join(paths.BUILD, "images", "pv.img")


class Monitor:
    """ramet run: the monitor, with everything a family has."""

    name = "monitor"
    needs = (paths.RAMET, IMAGE)

    @staticmethod
    def gate(report, full):
        return paths.kvm_gate(report, full)

    @staticmethod
    def command():
        return paths.ramet_run(IMAGE)

    @staticmethod
    def lines(out):
        """What the guest wrote, of what came out."""
        return out


class SmallMonitor(Monitor):
    """The same with little memory and few slots: the layout is not always the default one."""

    name = "monitor-small"

    @staticmethod
    def command():
        options = ["--mem", "34M", "--window-size", "4M", "--max-procs", "4"]
        return paths.ramet_run(IMAGE, options=options)


# A back end is a class like these: more of them may follow.
BACKENDS = [Monitor, SmallMonitor]


def one(report, full, backend, expected):
    outcome = proc.run(backend.command(), STDIN, LIMIT)
    out = backend.lines(outcome.out)
    trouble = outcome.trouble()
    if trouble is None and out != expected:
        trouble = "output differs"
    if trouble is None and outcome.status != 0:
        trouble = f"exit status {outcome.status}"
    if trouble is None:
        report.ok(full, outcome.seconds)
        return
    details = reporting.difference(expected, out)
    if outcome.err:
        details += "\nstderr:\n" + reporting.tail(outcome.err)
    report.fail(full, trouble, details)


def suite(report, _options):
    with open(os.path.join(paths.TESTS, "pv", "expected"), "rb") as f:
        expected = f.read()
    for backend in BACKENDS:
        full = "pv/" + backend.name
        if not report.wants(full) or not backend.gate(report, full):
            continue
        absent = paths.missing(*backend.needs)
        if absent:
            report.fail(full, f"{absent} is not built")
        else:
            one(report, full, backend, expected)
