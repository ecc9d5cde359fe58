# SPDX-License-Identifier: BSD-2-Clause
"""The qemu suite: all guest tests and all scripts of tests/real once more, their families run by
stock QEMU without KVM (docs/qemu.md). `tests/run --vmm qemu` runs any suite that way, by its name.
"""

import guest
import oracle
import paths
import real


def suite(report, options):
    if not paths.boot_gate(report, "qemu"):
        return
    absent = paths.missing(paths.RAMET, paths.TESTS_IMAGE, paths.SHELL_IMAGE)
    problem = f"{absent} is not built" if absent else oracle.lay_out_applets()
    if problem:
        report.fail("qemu", problem)
        return
    before, paths.VMM = paths.VMM, "qemu"
    try:
        for area, module in ("guest", guest), ("real", real):
            for name in module.names():
                full = f"qemu/{area}/{name}"
                if report.wants(full):
                    module.one(report, full, name, options)
    finally:
        paths.VMM = before
