# SPDX-License-Identifier: BSD-2-Clause
"""Suites whose members judge themselves: hosted unit tests and lints pass by ending with 0."""

import os
import sys

import paths
import proc
import report as reporting

UNIT_LIMIT = 120.0
LINT_LIMIT = 60.0


def judge(report, full, argv, limit, env=None):
    outcome = proc.run(argv, limit=limit, env=env, cwd=paths.ROOT)
    trouble = outcome.trouble()
    if trouble is None and outcome.status != 0:
        trouble = f"exit status {outcome.status}"
    if trouble is None:
        report.ok(full, outcome.seconds)
    else:
        report.fail(full, trouble, reporting.tail(outcome.out + outcome.err, 30))


def unit(report, _options):
    if not os.path.isdir(paths.UNIT):
        if report.only is None:
            report.fail("unit", f"{paths.relative(paths.UNIT)} is not built")
        return
    found = [
        name
        for name in sorted(os.listdir(paths.UNIT))
        if os.path.isfile(os.path.join(paths.UNIT, name))
        and os.access(os.path.join(paths.UNIT, name), os.X_OK)
    ]
    if not found:
        report.fail("unit", f"no test in {paths.relative(paths.UNIT)}")
    for name in found:
        full = "unit/" + name
        if report.wants(full):
            judge(report, full, [os.path.join(paths.UNIT, name)], UNIT_LIMIT)


def lint(report, _options):
    folder = os.path.join(paths.TESTS, "lint")
    for name in sorted(os.listdir(folder)):
        full = "lint/" + name.removesuffix(".py")
        if name.startswith("lint_") and name.endswith(".py") and report.wants(full):
            judge(report, full, [sys.executable, os.path.join(folder, name)], LINT_LIMIT)
