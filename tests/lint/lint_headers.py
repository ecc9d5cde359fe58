# SPDX-License-Identifier: BSD-2-Clause
"""Every header of the contracts compiles alone: abi/ and kernel/ freestanding with each installed
compiler, host/ with the first one."""

import os
import shutil
import subprocess

import tree

FREESTANDING = ["-ffreestanding", "-mno-red-zone"]


def compiles(compiler, path, flags):
    """The first line of the compiler's complaint about the header on its own, or None."""
    done = subprocess.run(
        [compiler, "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I.", *flags,
         "-x", "c", "-"],
        input=f'#include "{path}"\n',
        cwd=tree.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return None
    errors = [l for l in done.stderr.splitlines() if "error" in l]
    return errors[0] if errors else done.stderr.strip()


def main():
    complaints, count = [], 0
    compilers = [c for c in ("gcc", "clang") if shutil.which(c)]
    if not compilers:
        complaints.append("no compiler found")
    for path in tree.files():
        if not path.endswith(".h"):
            continue
        if path.startswith(("abi/", "kernel/")):
            flags, with_ = FREESTANDING, compilers
        elif path.startswith("host/"):
            flags, with_ = ["-D_GNU_SOURCE"], compilers[:1]
        else:
            continue
        count += 1
        for compiler in with_:
            complaint = compiles(compiler, path, flags)
            if complaint:
                complaints.append(f"{path} alone with {os.path.basename(compiler)}: {complaint}")
    tree.end(complaints, f"{count} headers, each compiled alone")


main()
