# SPDX-License-Identifier: BSD-2-Clause
"""Files: the licence line first, at most 400 lines of at most 100 columns, no tabs or trailing
blanks in C, few #if, no crowded folder, and nothing that ties the tree to one machine or one
package host."""

import os
import re

import tree

MAX_LINES = 400
MAX_COLUMNS = 100
MAX_FILES = 30  # sources in one folder; the headers newlib lacks lie as POSIX names them
IFS_PER_1000 = 5.0
CODE = (".c", ".h", ".S", ".ld", ".py", ".sh", ".mk")
SPDX = re.compile(r"^(//|#|/\*) ?SPDX-License-Identifier: BSD-2-Clause( \*/)?$")
CONDITIONAL = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b")
GUARD = re.compile(r"^\s*#\s*ifndef \w+_H_?$")

# Written in pieces, or this file would find itself.
FORBIDDEN = [
    (re.compile("/wo" r"rk/\w"), "an absolute path of one machine"),
    (re.compile(r"/ho" r"me/\w"), "an absolute path of one machine"),
    (re.compile("/ro" r"ot/\w"), "an absolute path of one machine"),
    (re.compile("/tmp" r"/(?:n|bash_jobs)\b"), "an absolute path of one machine"),
    (re.compile("htt" r"ps?://"), "a network address (packages come from apt by name)"),
]
DOCUMENTS = (".md", ".txt")


def is_code(path):
    """Sources and scripts, by ending or, for names without one, by their first line."""
    name = os.path.basename(path)
    if name in ("Makefile", ".clang-format", ".clang-tidy", ".editorconfig"):
        return True
    if "." in name:
        return name.endswith(CODE)
    first = (tree.lines(path) or [""])[:1]
    return bool(first) and first[0].startswith("#!")


def licence(path, text):
    # A script's first line belongs to the kernel; the licence is its second.
    at = 1 if text and text[0].startswith("#!") else 0
    if len(text) <= at or not SPDX.match(text[at]):
        yield f"{path}:{at + 1}: the first line is not the SPDX licence line"


def shape(path, text):
    if len(text) > MAX_LINES:
        yield f"{path}: {len(text)} lines (limit {MAX_LINES})"
    for number, line in enumerate(text, 1):
        if len(line) > MAX_COLUMNS:
            yield f"{path}:{number}: {len(line)} columns (limit {MAX_COLUMNS})"
        if line != line.rstrip():
            yield f"{path}:{number}: trailing blanks"
        if path.endswith(tree.C_ENDINGS) and "\t" in line:
            yield f"{path}:{number}: a tab"


def words(path, text):
    for number, line in enumerate(text, 1):
        for pattern, what in FORBIDDEN:
            if pattern.search(line):
                if path.endswith(DOCUMENTS) and "network" in what:
                    continue  # documents may cite a specification by its address
                yield f"{path}:{number}: {what}"


def conditionals(folder_lines):
    """#if per 1,000 lines of C in each folder; include guards do not count."""
    for folder, (ifs, total) in sorted(folder_lines.items()):
        density = 1000.0 * ifs / total
        print(f"{folder:10} {total:6} lines of C, {ifs} #if ({density:.1f} per 1000)")
        if total > 1000 and density > IFS_PER_1000:
            yield f"{folder}/: {density:.1f} #if per 1000 lines (limit {IFS_PER_1000})"


def crowded(paths):
    """Folders with more sources than a reader takes in at a glance."""
    folders = {}
    for path in paths:
        if path.endswith(CODE) and not path.startswith("libc-glue/include/"):
            folder = os.path.dirname(path)
            folders[folder] = folders.get(folder, 0) + 1
    for folder, files in sorted(folders.items()):
        if files > MAX_FILES:
            yield f"{folder}/: {files} source files (limit {MAX_FILES})"


def main():
    complaints, folder_lines, count = [], {}, 0
    for path in tree.files():
        text = tree.lines(path)
        if text is None:
            complaints.append(f"{path}: not text")
            continue
        count += 1
        if is_code(path):
            complaints += [*licence(path, text), *shape(path, text)]
        complaints += words(path, text)
        if path.endswith(tree.C_ENDINGS):
            ifs = sum(bool(CONDITIONAL.match(l)) and not GUARD.match(l) for l in text)
            have = folder_lines.setdefault(path.split("/")[0], [0, 0])
            have[0] += ifs
            have[1] += len(text)
    complaints += conditionals(folder_lines)
    complaints += crowded(tree.files())
    tree.end(complaints, f"{count} files")


main()
