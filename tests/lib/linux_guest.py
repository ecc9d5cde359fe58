# SPDX-License-Identifier: BSD-2-Clause
"""A Linux of its own for a test or a benchmark: Debian's cloud kernel and an initial file system.

Packages are fetched and unpacked below build/cache, which `make clean` keeps; nothing is installed
and nothing needs root. Used by svm.py and bench/subjects.py.
"""

import os
import re
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CACHE = os.path.join(ROOT, "build", "cache", "linux")


class Failed(Exception):
    """What is missing, in a few words."""


# ---- what is fetched ----


def kernel_package():
    """The package of Debian's newest cloud kernel."""
    done = subprocess.run(
        ["apt-cache", "depends", "linux-image-cloud-amd64"],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Depends: (linux-image-\S+)", done.stdout)
    if not found:
        raise Failed("apt knows no linux-image-cloud-amd64")
    return found.group(1)


def unpack(package):
    """Fetches a package once; the folder it is unpacked in."""
    folder = os.path.join(CACHE, package)
    if os.path.exists(folder + ".done"):
        return folder
    os.makedirs(CACHE, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    done = subprocess.run(["apt-get", "-q", "download", package], cwd=CACHE, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    archives = [name for name in os.listdir(CACHE) if name.startswith(package + "_")]
    if done.returncode or not archives:
        raise Failed(f"cannot download {package}")
    subprocess.run(["dpkg-deb", "-x", os.path.join(CACHE, archives[0]), folder], check=True)
    os.remove(os.path.join(CACHE, archives[0]))
    with open(folder + ".done", "w", encoding="ascii"):
        pass
    return folder


def find(folder, pattern):
    for path, _, names in os.walk(folder):
        for name in names:
            if re.fullmatch(pattern, name):
                return os.path.join(path, name)
    raise Failed(f"no {pattern} in {folder}")


# ---- the initial file system ----


class Archive:
    """A cpio archive in the "newc" format (Linux: Documentation/driver-api/early-userspace)."""

    def __init__(self):
        self.data = bytearray()
        self.folders = set()
        self.inode = 0

    def _entry(self, name, mode, content=b"", device=(0, 0)):
        self.inode += 1
        fields = [self.inode, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name) + 1, 0]
        self.data += b"070701" + "".join(f"{field:08x}" for field in fields).encode()
        self.data += name.encode() + b"\0"
        self.data += bytes(-len(self.data) % 4) + content
        self.data += bytes(-len(self.data) % 4)

    def folder(self, name):
        if not name or name in self.folders:
            return
        self.folder(os.path.dirname(name))
        self.folders.add(name)
        self._entry(name, 0o040755)

    def file(self, name, path, mode=0o755):
        self.folder(os.path.dirname(name))
        with open(path, "rb") as source:
            self._entry(name, 0o100000 | mode, source.read())

    def text(self, name, text):
        self._entry(name, 0o100644, text.encode())

    def device(self, name, major, minor):
        self.folder(os.path.dirname(name))
        self._entry(name, 0o020600, device=(major, minor))

    def finish(self):
        self._entry("TRAILER!!!", 0)
        return bytes(self.data)
