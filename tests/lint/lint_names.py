# SPDX-License-Identifier: BSD-2-Clause
"""A function's name is its own within a program, static ones too: gdb's `break`, a backtrace and
grep then mean one place.

What is defined counts, not what is declared. A name that two programs have is no trouble.
"""

import re

import lint_functions
import tree

# A program, and the folders with its sources. Those of INNER lie below another's and are no part of
# it.
PROGRAMS = {
    "the kernel's image": ("kernel/", "arch/x86_64/", "drivers/", "libc-glue/"),
    "ramet": ("host/",),
    "mkimage": ("tools/mkimage/", "host/image/"),
    "the shim": ("arch/x86_64/shim/",),
    "a picoprocess's stub": ("host/process/stub/", "host/virtio/mmio.c", "host/virtio/blk.c"),
}
INNER = ("arch/x86_64/shim/", "host/process/stub/")
ATTRIBUTE = re.compile(r"__attribute__\(\((?:[^()]|\([^()]*\))*\)\)")
NAME = re.compile(r"\b(\w+)\(")
# To be renamed: spares and rehearsal.
ALLOWED = {"main"}


def functions(path):
    """(line, name) of every function the file defines."""
    text = tree.lines(path) or []
    for first, length in lint_functions.c_functions(path):
        definition = " ".join(text[first - 1 : first + length - 1])
        match = NAME.search(ATTRIBUTE.sub("", definition))
        if match:
            yield first, match.group(1)


def parts(folders):
    for path in tree.c_files():
        if path.startswith(folders) and (folders[0] in INNER or not path.startswith(INNER)):
            yield path


def main():
    complaints, count = [], 0
    for program, folders in PROGRAMS.items():
        places = {}
        for path in parts(folders):
            for line, name in functions(path):
                places.setdefault(name, []).append(f"{path}:{line}")
        count += len(places)
        for name, where in sorted(places.items()):
            if len(where) > 1 and name not in ALLOWED:
                complaints.append(f"{name}() is defined twice in {program}: {' '.join(where)}")
    tree.end(complaints, f"names of {count} functions")


main()
