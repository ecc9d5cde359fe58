# SPDX-License-Identifier: BSD-2-Clause
"""What the lints have in common: which files are the project's own, and how to end.

The files are those git tracks or would track (so nothing under build/), read once as text.
"""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
C_ENDINGS = (".c", ".h")


def tracked():
    """What git tracks or would track, or None where there is no git or no repository."""
    try:
        listing = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return set(listing.stdout.splitlines()) if listing.returncode == 0 else None


def files():
    """Paths relative to the root, sorted. Without git (a source archive) all that is no product."""
    found = tracked()
    if found is None:
        found = set()
        for folder, subfolders, names in os.walk(ROOT):
            subfolders[:] = [s for s in subfolders if s not in ("build", ".git", "__pycache__")]
            found.update(os.path.relpath(os.path.join(folder, n), ROOT) for n in names)
        found.discard("compile_commands.json")
    return sorted(
        p
        for p in found
        if not p.startswith("build/") and os.path.isfile(os.path.join(ROOT, p))
    )


def lines(path):
    """The file's lines without their ends, or None when it is not text."""
    with open(os.path.join(ROOT, path), "rb") as f:
        data = f.read()
    if b"\0" in data:
        return None
    return data.decode("utf-8", errors="replace").splitlines()


def c_files():
    return [p for p in files() if p.endswith(C_ENDINGS)]


def end(complaints, summary):
    """Prints every complaint and the summary; the exit status is the verdict."""
    for complaint in complaints:
        print(complaint)
    print(f"{summary}: {len(complaints)} complaint(s)")
    sys.exit(1 if complaints else 0)
