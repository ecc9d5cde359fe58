# SPDX-License-Identifier: BSD-2-Clause
"""Runs bench/boot_study for each subject and reads its CSV files.

Two figures, as published boot-time studies of library operating systems have them: INTERVAL starts
one instance every 5 ms and shows memory and instances over time; BURST starts N at once, for
growing N, and shows the start times by N. A third, GROWTH, starts as many at a time as there are
processors: how much does an instance suffer from those that already run? A table, ALONE, has starts
one at a time.
"""

import csv
import dataclasses
import os
import signal
import subprocess

import subjects

STUDY = os.path.join(subjects.BUILD, "bench", "host", "boot_study")
KEEP_FREE_SHARE = 4  # a quarter of all memory stays free: other programs want to live


@dataclasses.dataclass
class Plan:
    """How many of what. Subjects that are heavy (Subject.most) get less of each."""

    alone: int  # one at a time
    interval: int  # instances of the 5 ms figure
    bursts: list
    growth: int
    share: int  # of Subject.most: one in so many

    def runs(self, subject):
        """(mode, n, options) for one subject."""
        most = subject.most // self.share
        yield "alone", min(self.alone, most), ["--concurrency", "1"]
        yield "interval", min(self.interval, most), ["--interval", "5ms"]
        for n in [n for n in self.bursts if n <= most] or [most]:
            yield "burst", n, []
        if self.growth <= most:
            processors = str(len(os.sched_getaffinity(0)))
            yield "growth", self.growth, ["--concurrency", processors]


FULL = Plan(30, 256, [64, 128, 256, 512, 1024, 1280], 1024, 1)
QUICK = Plan(8, 32, [16, 32, 64], 64, 4)


class Run:
    """One CSV file of boot_study: its settings and its rows."""

    def __init__(self, subject, mode, prefix):
        self.subject, self.mode, self.prefix = subject, mode, prefix
        with open(prefix + ".csv", encoding="utf-8", errors="replace") as f:
            lines = f.read().splitlines()
        pairs = [line[2:].split("=", 1) for line in lines if line.startswith("# ")]
        self.settings = dict(pairs)
        self.rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
        self.started = int(self.settings["started"])
        self.ready = int(self.settings["ready"])
        self.wanted = int(self.settings["wanted"])
        self.bounded = self.settings["bounded"] == "1"

    def number(self, key):
        return float(self.settings.get(key, "nan"))

    def start_ms(self):
        """(minimum, median, maximum)."""
        return tuple(self.number("start_ms_" + key) for key in ("min", "median", "max"))

    def times_ms(self, rows):
        """Start times, sorted."""
        return sorted((float(row["ready_us"]) - float(row["started_us"])) / 1000
                      for row in rows if row["ready_us"])

    def windows(self):
        """(instances started before, minimum, median, maximum), for a sixteenth of them each."""
        width = max(1, len(self.rows) // 16)
        for at in range(0, len(self.rows), width):
            times = self.times_ms(self.rows[at:at + width])
            if times:
                yield at + width / 2, times[0], times[len(times) // 2], times[-1]

    def percentile(self, share):
        times = self.times_ms(self.rows)
        return times[min(len(times) - 1, int(len(times) * share))] if times else float("nan")

    def per_second(self):
        """Starts per second of the whole run."""
        return 1000 * self.ready / self.number("all_ready_ms")


def total_mb():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20


def one(subject, argv, mode, n, options, folder, again):
    """Runs boot_study once (or finds its files); a Run, or the reason why there is none."""
    prefix = os.path.join(folder, f"{subject.name}-{mode}-{n}")
    study = [STUDY, "--n", str(n), "--name", f"{subject.name}/{mode}", "--ready", subject.ready,
            "--out", prefix, "--timeout", subject.timeout, "--warm-up", str(subject.warm_up),
            "--keep-free", str(total_mb() // KEEP_FREE_SHARE), *options]
    if again:
        study.append("--again")
    process = subprocess.Popen([*study, "--", *argv], stdin=subprocess.DEVNULL)
    try:
        status = process.wait()
    except BaseException:
        # ^C went to both of us; a mere exception here did not. It ends its instances itself.
        process.send_signal(signal.SIGTERM)
        process.wait()
        raise
    if status == 130:
        raise KeyboardInterrupt
    if status != 0:
        return f"{mode} with {n} instances failed (status {status})"
    return Run(subject, mode, prefix)


class Results:
    """All runs, and who did not take part."""

    def __init__(self):
        self.runs = []
        self.skipped = []  # (subject, reason): cannot run here, or need not
        self.failed = []  # (subject, reason): should have

    def of(self, mode, subject=None):
        return [run for run in self.runs if run.mode == mode and subject in (None, run.subject)]

    def subjects(self):
        return list(dict.fromkeys(run.subject.name for run in self.runs))


def measure_subject(plan, subject, folder, again):
    """Its runs, the last of which may be a reason why there are no more."""
    try:
        argv = subject.command()
    except subjects.Failed as reason:
        yield str(reason)
        return
    try:
        for mode, n, options in plan.runs(subject):
            run = one(subject, argv, mode, n, options, folder, again)
            yield run
            if isinstance(run, str) or run.bounded:
                return  # more of them will do no better, nor will there be memory for them
    finally:
        subjects.end_servers()


def measure(plan, folder, only=None, again=False):
    """Runs everything; prints as it goes."""
    os.makedirs(folder, exist_ok=True)
    results = Results()
    for subject in subjects.SUBJECTS:
        if only and only not in subject.name:
            continue
        reason = subject.missing()
        if reason:
            print(f"{subject.name:22} skipped: {reason}", flush=True)
            results.skipped.append((subject, reason))
            continue
        for run in measure_subject(plan, subject, folder, again):
            if not isinstance(run, str):
                results.runs.append(run)
                continue
            print(f"{subject.name:22} {'skipped' if subject.optional else 'FAILED'}: {run}",
                  flush=True)
            (results.skipped if subject.optional else results.failed).append((subject, run))
    return results


def found(plan, folder):
    """What earlier runs have left, in place of measure()."""
    results = Results()
    for subject in subjects.SUBJECTS:
        for mode, n, _ in plan.runs(subject):
            prefix = os.path.join(folder, f"{subject.name}-{mode}-{n}")
            if os.path.exists(prefix + ".csv"):
                results.runs.append(Run(subject, mode, prefix))
        if subject.name not in results.subjects():
            results.skipped.append((subject, "no files of it"))
    return results


def each_mb(results, subject):
    """Memory per instance, by MemAvailable and by Pss: of the run with most instances, where what
    other programs did meanwhile is divided by most."""
    most = max((run for run in results.runs if run.subject is subject), key=lambda run: run.started)
    return most.number("available_mb_each"), most.number("pss_mb_each")
