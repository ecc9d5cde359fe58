# SPDX-License-Identifier: BSD-2-Clause
"""Tables that stand for promises: every row of docs/invariants.md and docs/posix.md that names a
test names one that exists, every row of the first does name one, and whatever a test skips or
expects to differ from Linux has its row in docs/posix.md.

A test says so by a setting in its title comment, `// skip: REASON (posix.md: KEY)`, or, in the
differential tests, by a line of tests/diff/known, whose KEY is AREA.OP. KEY stands in back quotes
in the first column of a row.
"""

import glob
import os
import re

import tree

NAMED = re.compile(r"`((?:unit|guest|real|faults|fuzz|pv|confine|gdb|diff)/[\w.*-]+)`")
SKIP = re.compile(r"^(?://|#) skip: (.*)$")
KEY = re.compile(r"\(posix\.md: ([\w.-]+)\)$")
DIFFERENCES = "tests/diff/known"


def python_tests(pattern):
    """Names of the test functions in files matching the pattern, prefixed as the suites do it."""
    found = set()
    suites = os.path.join(tree.ROOT, "tests", "suites")
    for path in glob.glob(os.path.join(suites, "**", pattern), recursive=True):
        area = os.path.basename(path)[:-3].removeprefix("fault_")
        with open(path, encoding="utf-8") as source:
            for name in re.findall(r"^def test_(\w+)", source.read(), re.M):
                found.add(f"{area}_{name}" if pattern.startswith("fault_") else name)
    return found


def files_of(*pattern):
    paths = glob.glob(os.path.join(tree.ROOT, "tests", *pattern))
    return {os.path.splitext(os.path.basename(p))[0] for p in paths}


def all_tests():
    """Every name that `tests/run --only` would find, for the suites that the tables speak of."""
    with open(os.path.join(tree.ROOT, "tests", "suites", "pv.py"), encoding="utf-8") as f:
        back_ends = set(re.findall(r'"([a-z][\w-]*)"', f.read()))
    suites = {
        "unit": files_of("unit", "*", "test_*"),
        "guest": files_of("guest", "*", "*.c"),
        "real": files_of("real", "*.sh"),
        "fuzz": {name.removeprefix("fuzz_") for name in files_of("fuzz", "fuzz_*.c")},
        "faults": python_tests("fault_*.py"),
        "confine": python_tests("confine.py"),
        "gdb": python_tests("gdb.py"),
        "pv": back_ends,
        "diff": files_of("diff", "*.c"),
    }
    return {f"{suite}/{name}" for suite, names in suites.items() for name in names}


def rows(page):
    """(line number, cells) of each row of the page's tables."""
    for number, line in enumerate(tree.lines(page) or [], 1):
        if line.startswith("|") and not line.startswith(("|---", "| ---")):
            yield number, [cell.strip() for cell in line.strip("|").split("|")]


def names_that_exist(page, tests, demanded):
    for number, cells in list(rows(page)):
        header = not any("`" in cell or " " in cell for cell in cells)
        named = NAMED.findall(cells[-1])
        for name in named:
            if name not in tests:
                yield f"{page}:{number}: there is no test {name}"
        if demanded and not named and not header and cells[-1] != "guarded by":
            yield f"{page}:{number}: names no test"


def keys(page):
    return {k for _, cells in rows(page) for k in re.findall(r"^`([\w.-]+)`", cells[0])}


def unexplained(known):
    for path in tree.files():
        if not path.startswith(("tests/guest/", "tests/real/")):
            continue
        for number, line in enumerate(tree.lines(path) or [], 1):
            match = SKIP.match(line)
            key = KEY.search(match.group(1)) if match else None
            if match and (not key or key.group(1) not in known):
                yield f"{path}:{number}: is skipped, but docs/posix.md has no row for it"
    if os.path.exists(os.path.join(tree.ROOT, DIFFERENCES)):
        for number, line in enumerate(tree.lines(DIFFERENCES), 1):
            words = line.replace(":", " ").split()
            if words and words[0] in ("op", "line") and words[1] not in known:
                yield f"{DIFFERENCES}:{number}: docs/posix.md has no row {words[1]}"


def main():
    tests = all_tests()
    complaints = [*names_that_exist("docs/invariants.md", tests, True)]
    complaints += names_that_exist("docs/posix.md", tests, False)
    complaints += unexplained(keys("docs/posix.md"))
    tree.end(complaints, f"tables of {len(tests)} tests")


main()
