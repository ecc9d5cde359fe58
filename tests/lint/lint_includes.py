# SPDX-License-Identifier: BSD-2-Clause
"""Who may include what (the table of the design, section 9).

Project headers are included by their path from the root, so the arrow is readable in the line
itself: "abi/pv.h". Standard headers come in angle brackets; freestanding folders may use only those
the compiler itself brings.
"""

import re

import tree

INCLUDE = re.compile(r'^\s*#\s*include(?:_next)?\s*([<"])([^>"]+)[>"]')
FREESTANDING = {
    "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h", "limits.h", "stdnoreturn.h",
    "x86intrin.h", "cpuid.h",
}  # fmt: skip
ANY = None

# Of the kernel, to drivers: what they make and are made of, and what every kernel file needs.
CLASSES = ["kernel/dev/driver.h", "kernel/dev/blkdev.h", "kernel/dev/chardev.h"]
BASICS = ["kernel/lib.h", "kernel/arch.h", "kernel/pv.h", "kernel/window/waitq.h", "kernel/api/"]

# On the host, what is the same for every back end names none.
FAMILY = [
    "abi/", "host/backend.h", "host/clock.h", "host/options.h", "host/family/", "host/call/",
    "host/image/", "host/virtio/disk.h", "host/serve/serve.h",
]  # fmt: skip
ROOMS = ["family", "call", "image", "virtio", "gdb", "template", "serve", "kvm", "qemu", "process"]


def not_of(*back_ends):
    """The host's headers but those of other back ends."""
    rooms = [f"host/{room}/" for room in ROOMS if room not in back_ends]
    return ["host/backend.h", "host/clock.h", "host/options.h", *rooms]


# Of a picoprocess's stub, which has no C library: of others what needs none.
STUB = ["abi/", "host/process/stub/", "arch/x86_64/shim/boot/elf.h", "host/virtio/disk.h"]

# The window stands alone: on the paravirtual port, and knows none of the objects in it.
PORT = ["kernel/pv.h", "kernel/lib.h", "kernel/arch.h", "kernel/api/errno.h"]

# First matching folder wins. Each: (folder, project prefixes allowed, angle headers allowed).
RULES = [
    ("abi/", ["abi/"], {"stdint.h", "stddef.h"}),
    ("kernel/api/", ["kernel/api/"], {"stdint.h", "stddef.h"}),
    ("kernel/window/", ["abi/", "kernel/window/", *PORT], FREESTANDING),
    ("kernel/", ["abi/", "kernel/"], FREESTANDING),
    ("arch/x86_64/shim/", ["abi/", "arch/x86_64/"], FREESTANDING),
    ("arch/x86_64/", ["abi/", "arch/x86_64/", "kernel/arch.h", "kernel/api/"], FREESTANDING),
    ("drivers/virtio/", ["abi/", "drivers/virtio/", *CLASSES, *BASICS], FREESTANDING),
    ("libc-glue/include/", ["libc-glue/"], ANY),
    ("libc-glue/", ["libc-glue/", "kernel/sys.h", "kernel/api/"], ANY),
    ("net/", ["net/", "kernel/sys.h", "kernel/api/", "kernel/device"], ANY),
    ("apps/", [], ANY),
    ("tools/", ["abi/", "tools/", "host/"], ANY),
    ("host/family/", FAMILY, ANY),
    ("host/call/", FAMILY, ANY),
    ("host/process/stub/", STUB, ANY),
    ("host/process/", ["abi/", *not_of("kvm", "qemu")], ANY),
    ("host/kvm/", ["abi/", *not_of("qemu", "process")], ANY),
    ("host/qemu/", ["abi/", *not_of("kvm", "process")], ANY),
    ("host/", ["abi/", "host/"], ANY),
]


def rule_for(path):
    for folder, allowed, angle in RULES:
        if path.startswith(folder):
            return allowed, angle
    return None, ANY  # tests, bench: free


def resolve(path, name):
    """A quoted name as a path from the root: as written, or beside the including file."""
    beside = path.rpartition("/")[0] + "/" + name
    return name if "/" in name else beside


def check(path):
    allowed, angle = rule_for(path)
    for number, line in enumerate(tree.lines(path) or [], 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, name = match.groups()
        where = f"{path}:{number}: "
        if name.endswith(".c"):
            yield where + f"includes a .c file: {name}"
        if quote == "<":
            if angle is not ANY and name not in angle:
                yield where + f"<{name}> is not for this folder"
        elif allowed is not None and not any(resolve(path, name).startswith(a) for a in allowed):
            yield where + f'"{name}" is not for this folder ({" ".join(allowed) or "none"} are)'


def main():
    found = [p for p in tree.files() if p.endswith((".c", ".h", ".S"))]
    complaints = [c for p in found for c in check(p)]
    tree.end(complaints, f"includes of {len(found)} files")


main()
