# SPDX-License-Identifier: BSD-2-Clause
"""The real-program suite: the scripts of tests/real, run by dash with busybox's applets, once on
Linux with the host's own packages and once in shell.img, where every process is a VM."""

import os

import guest
import oracle
import paths
import proc
import report as reporting

LIMIT = 60.0
GUEST_TMP = "/tmp"


def names():
    folder = os.path.join(paths.TESTS, "real")
    return sorted(f[:-3] for f in os.listdir(folder) if f.endswith(".sh"))


def one(report, full, name, options):
    path = os.path.join(paths.TESTS, "real", name + ".sh")
    settings = oracle.directives(path)
    limit = float(settings.get("timeout", LIMIT))
    stdin = settings.get("stdin", "").encode().decode("unicode_escape").encode()
    with open(path, encoding="utf-8") as source:
        script = source.read()

    shell = os.path.join(oracle.APPLETS, "sh")
    linux = [shell, "-c", script]
    expected = oracle.run(linux, stdin, limit, oracle.APPLETS)
    fault = guest.oracle_fault(expected)
    wanted = int(settings.get("status", 0))
    if fault is None and expected.status != wanted:
        fault = f"exit status {expected.status}, the script says {wanted}"
    if fault:
        report.fail(full, "oracle: " + fault, reporting.tail(expected.out + expected.err))
        return
    if options.backend == "linux":
        again = oracle.run(linux, stdin, limit, oracle.APPLETS)
        guest.compare(report, full, expected, again, False)
        return
    if "skip" in settings:
        report.skip(full, settings["skip"])
        return
    flags = ["--check-leaks"] if options.check_leaks else []
    command = paths.ramet_run(paths.SHELL_IMAGE, "-c", script, options=flags)
    actual = proc.run(command, stdin, limit)
    guest.compare(report, full, expected, actual, options.check_leaks)


def suite(report, options):
    problem = oracle.lay_out_applets()
    if problem:
        if os.environ.get("CI") == "true":
            report.fail("real", problem)
        else:
            report.skip("real", problem)
        return
    if options.backend == "kvm":
        if not paths.kvm_gate(report, "real"):
            return
        unbuilt = paths.unbuilt(paths.RAMET, paths.SHELL_IMAGE)
        if unbuilt:
            report.fail("real", unbuilt)
            return
    for name in names():
        full = "real/" + name
        if report.wants(full):
            one(report, full, name, options)
