# SPDX-License-Identifier: BSD-2-Clause
"""Harnesses beside each other, one report. A lane is a process that prints what tests/run prints: a
line a test, details under a failure, times, the count. Their lines become the lines of one report,
a whole test at a time. Used by tests/run for its own lanes and by svm.py for the harness that runs
in a machine of its own."""

import os
import re
import selectors

RESULT = re.compile(r"(ok   |FAIL |skip |time ) (.+)")
COUNT = re.compile(r"\d+ passed, \d+ failed(, \d+ skipped)?")
DETAIL = "      | "
ALIVE = "alive"  # said now and then by a machine that runs


class Lane:
    """One lane's output, from a stream of bytes: complete lines go to the report."""

    def __init__(self, name, stream, report):
        self.name = name
        self.stream = stream
        self.report = report
        self.partial = b""
        self.failure = None  # (name, reason, details) of a FAIL whose details still come
        self.begun = False  # something has come
        self.judged = set()  # names of the tests that have
        self.complete = False  # the count has come

    def read(self):
        """Takes what is there; False at the end."""
        data = os.read(self.stream.fileno(), 65536)
        self.begun = self.begun or bool(data)
        *lines, self.partial = (self.partial + data).split(b"\n")
        for line in lines:
            self.line(line.decode(errors="replace").rstrip("\r"))
        if not data:
            self.flush()
        return bool(data)

    def line(self, text):
        if text == ALIVE:
            return
        if self.failure and text.startswith(DETAIL):
            self.failure[2].append(text[len(DETAIL):])
            return
        self.flush()
        match = RESULT.fullmatch(text)
        if match:
            self.result(match.group(1).strip(), match.group(2))
        elif COUNT.fullmatch(text):
            self.complete = True
        elif text and not text.startswith("failed: "):
            self.report.note(text)

    def result(self, kind, rest):
        name, _, reason = rest.partition(": ")
        if kind != "time":
            self.judged.add(name.split()[0])
        if kind == "ok":
            self.report.ok(rest)
        elif kind == "skip":
            self.report.skip(name, reason)
        elif kind == "time":
            suite, seconds = rest.split()[:2]
            self.report.time(suite, float(seconds))
        else:
            self.failure = (name, reason, [])

    def flush(self):
        if self.failure:
            name, reason, details = self.failure
            self.failure = None
            self.report.fail(name, reason, "\n".join(details))


def merge(lanes, silence=None, start=None):
    """Reads all lanes to their ends. Those that `silence` seconds pass without a line of any, or
    `start` seconds without the first one, are returned: they hang."""
    limit = start or silence
    with selectors.DefaultSelector() as ready:
        for lane in lanes:
            ready.register(lane.stream, selectors.EVENT_READ, lane)
        while ready.get_map():
            events = ready.select(limit)
            limit = silence
            if not events:
                return [key.data for key in ready.get_map().values()]
            for key, _ in events:
                if not key.data.read():
                    ready.unregister(key.fileobj)
    return []
