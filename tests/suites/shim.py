# SPDX-License-Identifier: BSD-2-Clause
"""The shim suite: the guest tests once more, each on a stock PC under QEMU without KVM, where the
image's own ring-0 shim implements the paravirtual interface. Linux is the oracle again.

One VM is alone there. A test that forks says `// needs: family` and is compared up to its first
fork, which the shim announces on the console; one that forks at once is skipped. A test that wants
its standard input or output to be no terminal says `// needs: redirection`.

A run of everything takes the subjects in which the shim has a part, and of the others a few. Files,
paths and the C library's texts and streams are the kernel's and the library's alone: the process
suite has those tests, and `tests/run shim` has them here.
"""

import os

import guest
import oracle
import paths
import qemu
import report as reporting

FORKS = b"ramet: one VM alone cannot fork"
SKIPS = {"redirection": "needs redirection: standard input and output are the console"}
NEEDS = {"family", *SKIPS}
# The sample: folders of tests/guest, and names.
SUBJECTS = {"disk", "exec", "memory", "process", "signal"}
OTHERS = {"file_rw", "libc_float", "pipe_basic", "poll", "stdin_pipe", "time", "tty_flow"}


def words(test, settings):
    """The kernel command line. Its quotes are double ones only, and quote everything."""
    quoted = [f'"{a}"' if not a or " " in a else a for a in test.args]
    env = [f"ramet.env={s}" for s in settings]
    return " ".join([f"ramet.exec=/tests/{test.name}", *env, *quoted])


def compare_start(report, full, expected, actual):
    """Of a test that needs a family: what it printed before it forked is the oracle's beginning."""
    before, found, _ = actual.out.partition(FORKS)
    if not found:
        complaint = "says 'needs: family', but did not fork"
    elif not expected.out.startswith(before):
        complaint = "output differs before the first fork"
    elif not before:
        report.skip(full, "needs a family: forks at once")
        return
    else:
        lines = before.count(b"\n")
        report.ok(f"{full}: up to its first fork, {lines} line(s)", actual.seconds)
        return
    report.fail(full, complaint, reporting.difference(expected.out, before))


def one(report, full, name):
    test = guest.Test(name)
    needs = test.settings.get("needs")
    if needs and needs not in NEEDS:
        report.fail(full, f"'needs: {needs}' is none of {', '.join(sorted(NEEDS))}")
        return
    reason = test.settings.get("skip") or SKIPS.get(needs)
    if reason:
        report.skip(full, reason)
        return
    known = test.expected(report, full)
    if known is None:
        return
    expected, written = known
    with test.disks(loop=False) as d:
        kernel = qemu.kernel(paths.TESTS_ELF, words(test, d.settings()), "microvm")
        run(report, full, test, qemu.Console([*kernel, *d.qemu()]), expected)
        if test.settings.get("needs") != "family" and d.contents() != written:
            report.fail(full, "the disk differs")


def run(report, full, test, machine, expected):
    forks = machine.read(FORKS, test.limit)
    if test.settings.get("needs") == "family":
        compare_start(report, full, expected, machine.end())
        return
    actual, complaint = qemu.program_outcome(machine.end(test.limit))
    if forks:
        report.fail(full, "forks: say '// needs: family' in its title comment")
    elif complaint:
        report.fail(full, complaint, reporting.tail(machine.out))
    else:
        guest.compare(report, full, expected, actual, False)


def names(options):
    for name in guest.names():
        subject = os.path.basename(os.path.dirname(oracle.source(name)))
        if not options.sample or subject in SUBJECTS or name in OTHERS:
            yield name


def suite(report, options):
    if not paths.boot_gate(report, "shim"):
        return
    unbuilt = paths.unbuilt(paths.TESTS_ELF)
    if unbuilt:
        report.fail("shim", unbuilt)
        return
    for name in names(options):
        full = "shim/" + name
        if report.wants(full):
            one(report, full, name)
