# SPDX-License-Identifier: BSD-2-Clause
"""Documents name only what is there: links, headings linked to, files named in prose, code blocks
and comments, and what looks like a name from the code; and README.md leads to every page.

A name in back quotes with a known ending is a file of the tree: by its path from the root, beside
the page, as programs include it, or, if it has no folder, by its name anywhere. `sig*.c` and
`x.[ch]` match as in a shell. A name with an underscore must occur in the code.
"""

import fnmatch
import os
import re

import tree

LINK = re.compile(r"\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([^`\s]+)`")
ENDINGS = (".c", ".h", ".S", ".ld", ".py", ".md", ".sh", ".list", ".[ch]")
FOLDERS = "abi|apps|arch|bench|docs|drivers|host|kernel|libc-glue|net|tests|tools"
# A path from the root, as comments and code blocks write it.
ROOTED = re.compile(rf"(?<![\w./-])((?:{FOLDERS})/[\w./*\[\]-]*\.(?:c|h|S|ld|py|md|sh))\b")
IDENTIFIER = re.compile(r"\w+")
CODE_NAME = re.compile(r"[a-zA-Z]\w*_\w+(?=\(\)$|$)|[a-z]\w+(?=\(\)$)|--[a-z][\w-]+$")
# Files that exist only where a program is built or run, or that stand for any file.
EXAMPLES = {"hello.c", "config.sub", "configure.host", "prog.c"}
# Named because we do without it.
ABSENT = {"KVM_SET_GUEST_DEBUG"}
PLACEHOLDER = re.compile(r"_(X|Nmb)$")
# Not there yet, and named as such: the ring-0 shim.
PLANNED = ("arch/x86_64/shim",)


def anchors(text):
    """The names by which the headings of a page can be linked to."""
    found = set()
    for line in text:
        if line.startswith("#"):
            words = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
            found.add(words.replace(" ", "-"))
    return found


def exists(name, page, known):
    """Whether a file or folder of the tree answers to the name."""
    name = name.rstrip("/")
    beside = os.path.normpath(os.path.join(os.path.dirname(page), name))
    if name.startswith(PLANNED) or name.startswith("build/"):
        return True
    if "NAME" in name:
        return True
    for candidate in (name, beside, "libc-glue/include/" + name):
        if candidate in known or any(fnmatch.fnmatchcase(k, candidate) for k in known):
            return True
        if any(k.startswith(candidate + "/") for k in known):
            return True
    bare = "/" not in name
    return bare and any(fnmatch.fnmatchcase(os.path.basename(k), name) for k in known)


def links(page, text, known, reached):
    for number, line in enumerate(text, 1):
        for target in LINK.findall(line):
            if "://" in target:
                continue
            path, _, anchor = target.partition("#")
            path = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
            if path not in known and not os.path.isdir(os.path.join(tree.ROOT, path)):
                yield f"{page}:{number}: link to {target}: no such file"
                continue
            reached.setdefault(page, set()).add(path)
            if anchor and anchor not in anchors(tree.lines(path)):
                yield f"{page}:{number}: link to {target}: no such heading"


def names(page, text, known):
    for number, line in enumerate(text, 1):
        found = [q for q in QUOTED.findall(line) if q.endswith(ENDINGS)] + ROOTED.findall(line)
        for name in dict.fromkeys(found):
            if name.startswith("/") or name.startswith(".") or name in EXAMPLES:
                continue  # of a guest or a bare ending
            if not exists(name, page, known):
                yield f"{page}:{number}: names {name}, which is not there"


def code_names(page, text, words):
    for number, line in enumerate(text, 1):
        for quoted in re.findall(r"`([^`]+)`", line):
            match = CODE_NAME.match(quoted.split("=")[0].split(" ")[0])
            if quoted in ABSENT or PLACEHOLDER.search(quoted):
                continue
            if match and not set(IDENTIFIER.findall(match.group(0))) <= words:
                yield f"{page}:{number}: names {quoted}, which no source has"


def unreachable(known, reached):
    seen, todo = set(), ["README.md"]
    while todo:
        page = todo.pop()
        if page not in seen:
            seen.add(page)
            todo += [p for p in reached.get(page, ()) if p.endswith(".md")]
    for page in sorted(known):
        if page.startswith("docs/") and page.endswith(".md") and page not in seen:
            yield f"{page}: no way leads here from README.md"


def main():
    known = set(tree.files())
    texts = {path: tree.lines(path) for path in sorted(known)}
    del texts["tests/lint/lint_docs.py"]  # its examples are none
    pages = {p: t for p, t in texts.items() if p.endswith(".md")}
    sources = {p: t for p, t in texts.items() if t is not None and p not in pages}
    words = {w for text in sources.values() for line in text for w in IDENTIFIER.findall(line)}

    complaints, reached = [], {}
    for page, text in pages.items():
        complaints += links(page, text, known, reached)
        complaints += names(page, text, known)
        complaints += code_names(page, text, words)
    for path, text in sources.items():
        for number, line in enumerate(text, 1):
            for name in ROOTED.findall(line):
                if not exists(name, "", known):
                    complaints.append(f"{path}:{number}: names {name}, which is not there")
    complaints += unreachable(known, reached)
    tree.end(complaints, f"{len(pages)} documents")


main()
