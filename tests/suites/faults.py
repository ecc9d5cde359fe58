# SPDX-License-Identifier: BSD-2-Clause
"""The fault suite: what happens when something dies, runs out or is not what it should be. A test
is a function that raises AssertionError with the reason; the suite adds time and leak checks."""

import subprocess
import time
import traceback

import fault_cli
import fault_death
import fault_disk
import fault_host
import fault_hostile
import fault_limits
import fault_qemu
import fault_serve
import fault_serve_death
import fault_signals
import fault_spare
import fault_stdio
import fault_template
import fault_tty
import paths
import proc

MODULES = [
    fault_cli, fault_death, fault_disk, fault_host, fault_hostile, fault_limits, fault_qemu,
    fault_serve, fault_serve_death, fault_signals, fault_spare, fault_stdio, fault_template,
    fault_tty,
]  # fmt: skip


def tests():
    """(name, function) of every test in the modules, in the order they are written."""
    for module in MODULES:
        area = module.__name__.removeprefix("fault_")
        for name, function in vars(module).items():
            if name.startswith("test_"):
                yield f"{area}_{name.removeprefix('test_')}", function


def one(report, full, function):
    begin = time.monotonic()
    try:
        function()
        trouble = None
    except proc.Skip as reason:
        report.skip(full, str(reason))
        return
    except AssertionError as error:
        trouble = str(error) or "assertion failed"
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        # A family that is gone too early breaks pipes and pids under the test's hands.
        trouble = f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
    seconds = time.monotonic() - begin
    left = proc.leftovers()
    if trouble is None and left:
        trouble = f"{len(left)} process(es) left behind: {left[0]}"
    if trouble is None:
        report.ok(full, seconds)
    else:
        reason, _, details = trouble.partition("\n")
        report.fail(full, reason, details)


def suite(report, _options):
    unbuilt = paths.unbuilt(paths.RAMET, paths.SHELL_IMAGE, paths.TESTS_IMAGE,
                            paths.HOSTILE_IMAGE, paths.DRIVERLESS_IMAGE)  # fmt: skip
    if unbuilt:
        report.fail("faults", unbuilt)
        return
    has_kvm = paths.kvm_gate(report, "faults")
    for name, function in tests():
        full = "faults/" + name
        # The QEMU back end's own tests need no KVM.
        if (paths.rest() if name.startswith("qemu_") else has_kvm) and report.wants(full):
            one(report, full, function)
