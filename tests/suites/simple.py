# SPDX-License-Identifier: BSD-2-Clause
"""Suites whose members judge themselves by ending with 0: hosted unit tests, lints, the second
compiler, and the fuzzers, which end with 0 when their time is over."""

import os
import sys

import paths
import proc
import report as reporting

UNIT_LIMIT = 120.0
LINT_LIMIT = 60.0
BUILD_LIMIT = 180.0
FUZZ_TIME = "20"  # seconds each; the environment may say otherwise, `make fuzz` is the long one
FUZZ_GRACE = 60.0


def judge(report, full, argv, limit, env=None):
    outcome = proc.run(argv, limit=limit, env=env, cwd=paths.ROOT)
    trouble = outcome.trouble()
    if trouble is None and outcome.status != 0:
        trouble = f"exit status {outcome.status}"
    if trouble is None:
        report.ok(full, outcome.seconds)
    else:
        report.fail(full, trouble, reporting.tail(outcome.out + outcome.err, 30))


def programs(report, suite, folder):
    """Names of the programs in a folder; a failure of the suite when there is none."""
    found = []
    if os.path.isdir(folder):
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                found.append(name)
    if not found and report.only is None:
        report.fail(suite, f"{paths.relative(folder)} is not built (make test-programs)")
    return found


def unit(report, _options):
    for name in programs(report, "unit", paths.UNIT):
        full = "unit/" + name
        if report.wants(full):
            judge(report, full, [os.path.join(paths.UNIT, name)], UNIT_LIMIT)
    # Tests of a whole program from outside, which no compiler makes.
    if report.wants("unit/test_mkimage"):
        script = os.path.join(paths.TESTS, "unit", "host", "test_mkimage.sh")
        judge(report, "unit/test_mkimage", [script, paths.MKIMAGE], UNIT_LIMIT)


def fuzz(report, _options):
    seconds = os.environ.get("FUZZ_TIME", FUZZ_TIME)
    for name in programs(report, "fuzz", paths.FUZZ):
        full = "fuzz/" + name
        if not report.wants(full):
            continue
        corpus = os.path.join(paths.FUZZ, "corpus-" + name)
        os.makedirs(corpus, exist_ok=True)
        argv = [
            os.path.join(paths.FUZZ, name),
            "-max_len=24576",
            f"-max_total_time={seconds}",
            f"-artifact_prefix={paths.FUZZ}/",
            corpus,
        ]
        judge(report, full, argv, float(seconds) + FUZZ_GRACE)


def build(report, _options):
    """Targets of the Makefile that check something. Not as part of a make around us."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    for target in ("clang", "cppcheck"):
        full = "build/" + target
        if report.wants(full):
            judge(report, full, ["make", "-s", target], BUILD_LIMIT, env)


def lint(report, _options):
    folder = os.path.join(paths.TESTS, "lint")
    for name in sorted(os.listdir(folder)):
        full = "lint/" + name.removesuffix(".py")
        if name.startswith("lint_") and name.endswith(".py") and report.wants(full):
            judge(report, full, [sys.executable, os.path.join(folder, name)], LINT_LIMIT)
