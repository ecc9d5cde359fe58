# SPDX-License-Identifier: BSD-2-Clause
"""Types what docs/porting.md tells its reader to type, and wants to see what it says he will see.

The page's first `sh` block ports a program, the second runs it, the `text` block after that is the
output. So the page cannot promise what no longer works. As its reader has it, what runs the VMs is
what the machine has: KVM, or picoprocesses.
"""

import os
import re
import shutil

import paths
import proc
import report as reporting

PAGE = os.path.join(paths.ROOT, "docs", "porting.md")
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BUILD_LIMIT = 300.0
RUN_LIMIT = 30.0


def blocks():
    """The commands that build, those that run, and what the latter print."""
    with open(PAGE, encoding="utf-8") as page:
        found = BLOCK.findall(page.read())
    if [kind for kind, _ in found] != ["sh", "sh", "text"]:
        raise ValueError("docs/porting.md: expected blocks sh, sh, text")
    return [body for _, body in found]


def shell(commands, limit):
    # As the reader's shell, not as a make that may be around us.
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    return proc.run(["sh", "-eu", "-c", commands], limit=limit, env=env, cwd=paths.ROOT)


def build(report):
    shutil.rmtree(paths.PORTING, ignore_errors=True)  # a stale program would hide a failure
    built = shell(blocks()[0], BUILD_LIMIT)
    trouble = built.trouble() or (f"exit status {built.status}" if built.status else None)
    if trouble:
        report.fail("porting/build", trouble, reporting.tail(built.out + built.err))
    else:
        report.ok("porting/build", built.seconds)


def run(report, running, expected):
    ran = shell(running, RUN_LIMIT)
    trouble = ran.trouble() or (f"exit status {ran.status}" if ran.status else None)
    if trouble is None and ran.out != expected.encode():
        trouble = "other output than the page says"
    if trouble:
        details = reporting.difference(expected.encode(), ran.out) + "\n" + reporting.tail(ran.err)
        report.fail("porting/run", trouble, details)
    else:
        report.ok("porting/run", ran.seconds)


def suite(report, _options):
    if not report.wants("porting/build") and not report.wants("porting/run"):
        return
    build(report)
    _, running, expected = blocks()
    run(report, running, expected)
