# SPDX-License-Identifier: BSD-2-Clause
"""The disk of the SVM machine (svm.py): an ext4 image of what the harness needs to run there. That
is this tree with what is built in it, at the same path, and programs of the host's own packages
with the libraries they are loaded with. Made at each run, in a few seconds, without root."""

import os
import re
import shutil
import subprocess
import tempfile

import paths

PYTHON = os.path.basename(os.path.realpath("/usr/bin/python3"))
# What the harness and the tests call there; a test that misses a program fails or says so. All are
# part of every Debian or named in tools/setup.
PACKAGES = [
    "busybox", "coreutils", "dash", "findutils", "gdb", "grep", "hostname", "mount", "sed",
    "util-linux", f"{PYTHON}-minimal", f"lib{PYTHON}-minimal", f"lib{PYTHON}-stdlib",
]  # fmt: skip
PROGRAMS = re.compile(r"(/usr)?/s?bin/|/usr/lib/python3|/usr/share/gdb/")
ETC = ("passwd", "group", "nsswitch.conf", "ld.so.cache", "hosts")
MERGED = ("bin", "sbin", "lib", "lib64")  # links into /usr, as Debian has them
FOLDERS = ("dev", "proc", "sys", "tmp", "root", "run", "var/tmp", "usr/lib", "usr/bin")
# Of the tree: what is not built, and what is. Objects are not needed, nor what was fetched.
TREE = ("apps", "bench", "docs", "tests", "build/bench/host", "build/bench/linux", "build/bin",
        "build/diff/linux", "build/guest/debuggee.elf", "build/guest/hello.elf",
        "build/images", "build/oracle")  # fmt: skip
BOOTABLE = re.compile(r"\.elf$")  # for QEMU; nothing boots them there
LOADER = "/lib64/ld-linux-x86-64.so.2"
SPARE_ROOM = 256 << 20  # for what the tests write there


class Failed(Exception):
    """Why there is no disk, in a few words."""


def package_files():
    """Programs of the packages, and what belongs to Python and gdb."""
    done = subprocess.run(
        ["dpkg-query", "-L", *PACKAGES], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Failed(done.stderr.strip().splitlines()[0])
    found = {p for p in done.stdout.splitlines() if PROGRAMS.match(p) and not os.path.isdir(p)}
    return sorted(found | {"/usr/bin/python3"})


def libraries(files):
    """Paths of the shared libraries that programs need, and theirs, and the loader."""
    known = where_libraries_are()
    found, new = {LOADER}, {f for f in files if not os.path.islink(f) and is_elf(f)} | {LOADER}
    while new:
        done = subprocess.run(["readelf", "-d", *new], capture_output=True, text=True, check=False)
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", done.stdout))
        new = {known[name] for name in needed if name in known} - found
        found |= new
    return sorted(found)


def where_libraries_are():
    """Name -> path, of all the loader knows."""
    done = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=False)
    return dict(re.findall(r"^\s+(\S+) \(libc6,x86-64.*\) => (\S+)$", done.stdout, re.MULTILINE))


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def copy(path, root):
    """One file or link of the host, to the same path below root; a merged folder is its target."""
    first, _, rest = path.lstrip("/").partition("/")
    target = os.path.join(root, "usr" if first in MERGED else "", first, rest)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if not os.path.lexists(target):
        shutil.copy2(path, target, follow_symlinks=False)


def copy_library(path, root):
    """By the name it is loaded with: a link to a file of another name becomes the file."""
    copy(path, root)
    if os.path.islink(path):
        copy(os.path.realpath(path), root)


def copy_tree(root):
    for name in TREE:
        path = os.path.join(paths.ROOT, name)
        if os.path.isfile(path):
            copy(path, root)
        for folder, _, names in os.walk(path):
            for file in names:
                if not BOOTABLE.search(file):
                    copy(os.path.join(folder, file), root)


def fill(root):
    for name in FOLDERS:
        os.makedirs(os.path.join(root, name), exist_ok=True)
    for name in MERGED:
        os.makedirs(os.path.join(root, "usr", name), exist_ok=True)
        os.symlink("usr/" + name, os.path.join(root, name))
    files = package_files()
    for path in files:
        copy(path, root)
    for path in libraries(files):
        copy_library(path, root)
    for name in ETC:
        copy("/etc/" + name, root)
    copy_tree(root)


def size_of(root):
    """Bytes, and files, below root."""
    total = files = 0
    for folder, _, names in os.walk(root):
        files += 1 + len(names)
        total += sum(os.lstat(os.path.join(folder, name)).st_size + 4096 for name in names)
    return total, files


def make(path):
    """Makes the image at path, by renaming: a machine may still run from the last one."""
    with tempfile.TemporaryDirectory(prefix="disk-", dir=os.path.dirname(path)) as work:
        root, image = os.path.join(work, "files"), os.path.join(work, "image")
        fill(root)
        total, files = size_of(root)
        with open(image, "wb") as empty:
            empty.truncate(total + SPARE_ROOM)
        done = subprocess.run(
            ["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-E",
             "root_owner=0:0", "-N", str(files + 4096), "-d", root, image],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise Failed("mke2fs: " + done.stderr.strip())
        os.rename(image, path)
