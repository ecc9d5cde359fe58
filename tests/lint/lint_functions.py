# SPDX-License-Identifier: BSD-2-Clause
"""Function length: none over 80 lines; median and 95th percentile are reported per folder.

The tree is formatted by machine, so a function is what lies between a line in column 0 that opens
its body and the next '}' in column 0; its length counts both. Python functions are measured by ast.
"""

import ast
import os
import re

import tree

LIMIT = 80
# The last line of a signature, possibly with the brace on it; not a struct, array or enum.
SIGNATURE = re.compile(r"^[A-Za-z_].*\)\s*(\{)?\s*$|^\s+.*\)\s*(\{)?$")


def c_functions(path):
    """(first line, length) of each function defined in the file."""
    text = tree.lines(path) or []
    start = None
    for number, line in enumerate(text):
        if start is None:
            brace_below = line == "{" and number and SIGNATURE.match(text[number - 1])
            brace_beside = re.match(r"^[A-Za-z_].*\)\s*\{$", line)
            if brace_below or brace_beside:
                start = number
                while start and not re.match(r"^[A-Za-z_]", text[start]):
                    start -= 1
        elif line.startswith("}"):
            yield start + 1, number - start + 1
            start = None


def python_functions(path):
    with open(os.path.join(tree.ROOT, path), encoding="utf-8") as source:
        for node in ast.walk(ast.parse(source.read())):
            if isinstance(node, ast.FunctionDef):
                yield node.lineno, node.end_lineno - node.lineno + 1


def is_python(path):
    if path.endswith(".py"):
        return True
    first = (tree.lines(path) or [""])[:1]
    return "." not in os.path.basename(path) and bool(first) and "python" in first[0]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0


def main():
    lengths, complaints = {}, []
    for path in tree.files():
        if path.endswith(tree.C_ENDINGS):
            found = c_functions(path)
        elif is_python(path):
            found = python_functions(path)
        else:
            continue
        for line, length in found:
            lengths.setdefault(path.split("/")[0], []).append(length)
            if length > LIMIT:
                complaints.append(f"{path}:{line}: function of {length} lines (limit {LIMIT})")
    for folder, values in sorted(lengths.items()):
        print(
            f"{folder:10} {len(values):5} functions, median {percentile(values, 0.5):3}, "
            f"95 % {percentile(values, 0.95):3}, longest {max(values):3}"
        )
    everything = [v for values in lengths.values() for v in values]
    tree.end(complaints, f"{len(everything)} functions, median {percentile(everything, 0.5)}")


if __name__ == "__main__":
    main()
