# SPDX-License-Identifier: BSD-2-Clause
"""Linux as the oracle: builds the guest tests for the host, lays out busybox's applets for dash,
and runs either in a fresh directory with a small environment."""

import glob
import os
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

import paths
import proc

APPLETS = os.path.join(paths.ORACLE, "applets")
HOST_CFLAGS = ["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-I", paths.ROOT]
DIRECTIVE = re.compile(r"^(?://|#) (args|stdin|timeout|skip|status|needs|disk|vmm): ?(.*)$")


def directives(path):
    """Settings in a test's title comment: args, stdin, timeout (seconds), skip (reason), needs,
    disk (disks.py), vmm (the only ones it is for)."""
    found = {}
    with open(path, encoding="utf-8") as source:
        for number, line in enumerate(source):
            match = DIRECTIVE.match(line.rstrip("\n"))
            if match:
                found[match.group(1)] = match.group(2)
            if number > 20:
                break
    return found


def sources(name):
    """Paths of the guest tests of that name (or pattern), whatever subject's folder they are in."""
    return glob.glob(os.path.join(paths.TESTS, "guest", "*", name + ".c"))


def source(name):
    return sources(name)[0]


def build(name):
    """Compiles tests/guest/*/NAME.c for the host when it is missing or older than its source.
    Returns the compiler's complaint, or None."""
    program_source = source(name)
    header = os.path.join(paths.TESTS, "guest", "check.h")
    program = os.path.join(paths.ORACLE, name)
    newest = max(os.path.getmtime(program_source), os.path.getmtime(header))
    if os.path.exists(program) and os.path.getmtime(program) >= newest:
        return None
    os.makedirs(paths.ORACLE, exist_ok=True)
    compiler = os.environ.get("HOST_CC", "gcc")
    done = subprocess.run(
        [compiler, *HOST_CFLAGS, "-o", program, program_source, "-lm", "-lrt", "-lpthread"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else None


def build_all():
    """Compiles all guest tests for the host; what does not compile is reported when it is run."""
    names = [os.path.basename(path)[:-2] for path in sources("*")]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(build, names))


def lay_out_applets():
    """A directory of busybox applet links with sh = dash, as shell.img has them in /bin.
    Returns what is missing on this host, or None."""
    busybox, dash = shutil.which("busybox"), shutil.which("dash")
    if not busybox or not dash:
        return "the host needs the packages busybox and dash as the oracle"
    if os.path.exists(os.path.join(APPLETS, ".complete")):
        return None
    shutil.rmtree(APPLETS, ignore_errors=True)
    os.makedirs(APPLETS)
    listing = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    for applet in listing.stdout.split():
        if applet not in ("sh", "ash", "dash"):
            os.symlink(busybox, os.path.join(APPLETS, applet))
    for shell in ("sh", "dash"):
        os.symlink(dash, os.path.join(APPLETS, shell))
    with open(os.path.join(APPLETS, ".complete"), "w", encoding="ascii"):
        pass
    return None


def run(argv, stdin, limit, path, extra=None):
    """Runs argv on Linux in an empty TMPDIR, which is also its working directory."""
    with tempfile.TemporaryDirectory(prefix="oracle-") as scratch:
        env = {"PATH": path, "TMPDIR": scratch, "TESTDIR": paths.ORACLE, "HOME": "/"}
        env.update(extra or {})
        return proc.run(argv, stdin, limit, env=env, cwd=scratch)
