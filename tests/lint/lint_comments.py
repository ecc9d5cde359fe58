# SPDX-License-Identifier: BSD-2-Clause
"""Comments of C name only what is there, and there are enough of them.

A file named in a comment is one of the tree: by its path from the root, by the end of that path
(`kvm/upcall.c`), or by its name. A function `foo()` and a constant `FOO_BAR` occur somewhere in
code, not only in comments; the C library's write a parameter `len` as LEN, and FEATURES_OK stands
for VIRTIO_STATUS_FEATURES_OK. What belongs to others (POSIX, Linux, a specification) and occurs in
no code of ours is listed in tests/lint/comments.list.

Whole-line comments are counted as a share of the lines that are not blank.
"""

import fnmatch
import re

import tree

LIST = "tests/lint/comments.list"
FILE = re.compile(r"(?<![\w/.<*-])([\w.-]+(?:/[\w.-]+)*\.(?:[chS]|ld|py|md|sh))(?![\w>/*-]|\.\w)")
PATTERN = re.compile(r"(?<![\w/.<])((?:[\w.-]+/)*[\w.-]*\*[\w.-]*\.[chS])\b")
FUNCTION = re.compile(r"(?<![\w.>])([A-Za-z_]\w+)\(\)")
CONSTANT = re.compile(r"(?<![\w-])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?![\w*-])")
WORD = re.compile(r"\w+")
# A string, a character or a comment: what comes first wins.
TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/', re.S)
COUNTED = ("kernel/", "host/", "drivers/", "arch/x86_64/shim/", "libc-glue/")
SHARE = 15.0  # per cent, over all of COUNTED: a little below what has been reached


def split(text):
    """The code with its comments blanked, and (line number, text) of each line of comment."""
    comments = []

    def blank(match):
        found = match.group(0)
        if not found.startswith("/"):
            return found
        first = text.count("\n", 0, match.start()) + 1
        comments.extend((first + i, line) for i, line in enumerate(found.split("\n")))
        return "\n" * found.count("\n")

    return TOKEN.sub(blank, text), comments


def allowed():
    names = set()
    for line in tree.lines(LIST):
        names.update(line.partition("#")[0].split())
    return names


def complaints_of(path, comments, words, endings, spared):
    for number, line in comments:
        for name in FILE.findall(line):
            if name not in endings and name not in spared:
                yield f"{path}:{number}: names the file {name}, which is not there"
        for name in PATTERN.findall(line):
            if not fnmatch.filter(endings, name):
                yield f"{path}:{number}: names the files {name}, which are not there"
        for name in FUNCTION.findall(line):
            if name not in words and name not in spared:
                yield f"{path}:{number}: names {name}(), which no code has"
        for name in CONSTANT.findall(line):
            if name not in words and name.lower() not in words and name not in spared:
                yield f"{path}:{number}: names {name}, which no code has"


def ends(names, separator):
    """Every name and what is left of it without its first parts."""
    found = set()
    for name in names:
        parts = name.split(separator)
        found.update(separator.join(parts[i:]) for i in range(len(parts)))
    return found


def share(sources):
    """Whole-line comments per hundred lines that are not blank, by folder and in all."""
    counts = {}
    for path, (text, comments) in sources.items():
        if not path.startswith(COUNTED):
            continue
        lines = text.splitlines()
        whole = sum(lines[n - 1].strip().startswith(("//", "/*")) or
                    lines[n - 1].strip() == c.strip() for n, c in comments)  # fmt: skip
        for key in (path.split("/")[0], "all"):
            have = counts.setdefault(key, [0, 0])
            have[0] += whole
            have[1] += sum(bool(line.strip()) for line in lines)
    for key, (whole, total) in counts.items():
        print(f"{key:10} {whole:5} comment lines of {total:6} ({100 * whole / total:.1f} %)")
    return 100 * counts["all"][0] / counts["all"][1]


def main():
    words, sources = set(), {}
    for path in tree.files():
        text = "\n".join(tree.lines(path) or [])
        if path.endswith(tree.C_ENDINGS):
            code, comments = split(text)
            sources[path] = text, comments
            words.update(WORD.findall(code))
        elif not path.endswith((".md", ".list")):
            words.update(WORD.findall(text))
    # Said short: without the first parts of the name.
    words |= ends({w for w in words if w.isupper()}, "_")
    endings, spared = ends(tree.files(), "/"), allowed()
    complaints = []
    for path, (_, comments) in sources.items():
        complaints += complaints_of(path, comments, words, endings, spared)
    reached = share(sources)
    if reached < SHARE:
        complaints.append(f"comments: {reached:.1f} % (at least {SHARE} %)")
    tree.end(complaints, f"comments of {len(sources)} files, {reached:.1f} % of the lines")


main()
