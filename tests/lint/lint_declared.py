# SPDX-License-Identifier: BSD-2-Clause
"""The C library's headers and its archives agree: what a header of the sysroot declares can be
linked, what the glue defines is declared, and an option that <unistd.h> says is there has its
functions.

One program takes the address of every function that a header declares and is linked like any other;
the linker says what is missing. Exceptions are in tests/lint/declared.list, each with a reason, and
one that is no exception any more is a complaint. Needs what `make` builds.
"""

import os
import re
import subprocess
import tempfile

import tree

SYSROOT = os.path.join(tree.ROOT, "build", "sysroot")
CC = os.path.join(tree.ROOT, "build", "bin", "ramet-cc")
LIST = "tests/lint/declared.list"
FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-w"]
# Parts of other headers, and what belongs to the compiler or to newlib alone.
INNER = re.compile(
    r"^(_|bits/|machine/|ramet/|rpc/|ssp/|sys/_|linux/|newlib\.h|reent\.h|sys/(reent|config|"
    r"custom_file|features|cdefs|lock|string|tree|queue|iconvnls)\.h|"
    r"(tgmath|envlock|regdef|threads|stdatomic)\.h)"
)
# What says that an option of POSIX is there, and a function of it.
OPTIONS = {
    "_POSIX_SPAWN": "posix_spawn",
    "_POSIX_THREADS": "pthread_create",
    "_POSIX_SEMAPHORES": "sem_open",
    "_POSIX_MESSAGE_PASSING": "mq_open",
    "_POSIX_TIMERS": "timer_create",
    "_POSIX_ASYNCHRONOUS_IO": "aio_read",
    "_POSIX_SHARED_MEMORY_OBJECTS": "shm_open",
    "_POSIX_MAPPED_FILES": "mmap",
    "_POSIX_MEMORY_PROTECTION": "mprotect",
    "_POSIX_MEMLOCK": "mlockall",
    "_POSIX_PRIORITY_SCHEDULING": "sched_setscheduler",
    "_POSIX_CLOCK_SELECTION": "clock_nanosleep",
    "_POSIX_MONOTONIC_CLOCK": "clock_gettime",
    "_POSIX_REGEXP": "regcomp",
    "_POSIX_JOB_CONTROL": "tcsetpgrp",
    "_POSIX_FSYNC": "fsync",
    "_POSIX_IPV6": "getaddrinfo",
    "_POSIX_BARRIERS": "pthread_barrier_wait",
    "_POSIX_SPIN_LOCKS": "pthread_spin_lock",
    "_POSIX_READER_WRITER_LOCKS": "pthread_rwlock_rdlock",
    "_XOPEN_REALTIME": "mq_open",
}


def headers():
    """Names of the sysroot's headers as programs write them."""
    found = set()
    for folder in ("overlay", "include"):
        top = os.path.join(SYSROOT, folder)
        for where, _, names in os.walk(top):
            for name in names:
                path = os.path.relpath(os.path.join(where, name), top)
                if path.endswith(".h") and not INNER.match(path):
                    found.add(path)
    return sorted(found)


def compile_c(source, *flags):
    """What ramet-cc says of a source given as text."""
    return subprocess.run([CC, *FLAGS, *flags, "-x", "c", "-"], input=source, capture_output=True,
                          text=True, check=False)  # fmt: skip


def declared(includes):
    """The functions that the headers declare, by the compiler's own list."""
    with tempfile.TemporaryDirectory() as folder:
        listing = os.path.join(folder, "list")
        done = compile_c(includes, "-c", "-aux-info", listing, "-o", os.path.join(folder, "o"))
        if done.returncode:
            return None, done.stderr
        with open(listing, encoding="utf-8") as lines:
            text = lines.read()
    names = set()
    for place, words in re.findall(r"^/\* (\S+):\d+:\w+ \*/ extern (.*)$", text, re.M):
        match = re.search(r"(\w+) \((?!\*)", words)
        if match and place.startswith(SYSROOT):
            names.add(match.group(1))
    return {n for n in names if not n.startswith("_")}, ""


def unresolved(includes, names):
    """Of the names, those that no archive has."""
    rows = "".join(f"#undef {n}\n    (void *){n},\n" for n in sorted(names))
    source = f"{includes}void *all[] = {{\n{rows}}};\n" \
             "int main(void) { return all[0] == (void *)&all; }\n"
    with tempfile.TemporaryDirectory() as folder:
        done = compile_c(source, "-o", os.path.join(folder, "program"))
    return set(re.findall(r"undefined reference to `(\w+)'", done.stderr)), done


def defined(archive):
    done = subprocess.run(["nm", "-g", "--defined-only", os.path.join(SYSROOT, "lib", archive)],
                          capture_output=True, text=True, check=True)  # fmt: skip
    return set(re.findall(r" [TW] ([A-Za-z]\w*)$", done.stdout, re.M))


def exceptions():
    """{name: kind} of the list; kind is "declared", "defined" or "option"."""
    found, complaints = {}, []
    for line in tree.lines(LIST):
        words, _, reason = line.partition(":")
        if not line or line.startswith("#"):
            continue
        kind, *names = words.split()
        if kind not in ("declared", "defined", "option") or not reason.strip():
            complaints.append(f"{LIST}: {line}")
        found.update({(kind, name): line for name in names})
    return found, complaints


def has_options(missing):
    """Options that are said to be there and are not."""
    tests = "".join(f"#if defined {o} && {o} > 0\nyes{o}\n#endif\n" for o in OPTIONS)
    done = compile_c("#include <unistd.h>\n" + tests, "-E")
    return {("option", o): f"is defined, and {OPTIONS[o]}() is not there"
            for o in re.findall(r"^yes(\w+)$", done.stdout, re.M)
            if OPTIONS[o] in missing}  # fmt: skip


def main():
    if not os.path.exists(os.path.join(SYSROOT, "lib", "libglue.a")):
        tree.end([], "nothing to look at: the C library is not built")
        return
    includes = "".join(f"#include <{h}>\n" for h in headers())
    names, trouble = declared(includes)
    if names is None:
        tree.end([f"the headers do not compile together: {trouble[:2000]}"], "")
        return
    missing, done = unresolved(includes, names)
    if done.returncode and not missing:
        tree.end([f"the program cannot be made: {done.stderr[:2000]}"], "")
        return
    known, complaints = exceptions()
    functions = set().union(*(defined(f"lib{a}.a") for a in ("glue", "regex", "musl")))
    faults = {("declared", n): "is declared, and no archive has it" for n in missing}
    faults.update({("defined", n): "is defined, and no header declares it"
                   for n in functions - names})  # fmt: skip
    faults.update(has_options(missing | {f for f in OPTIONS.values() if f not in names}))
    complaints += [f"{n} {what}" for (kind, n), what in sorted(faults.items())
                   if (kind, n) not in known]  # fmt: skip
    complaints += [f"{LIST}: {n} is no exception any more" for kind, n in sorted(known)
                   if (kind, n) not in faults]  # fmt: skip
    tree.end(complaints, f"{len(names)} functions declared, {len(functions)} defined by us")




main()
