# SPDX-License-Identifier: BSD-2-Clause
"""The boot study's starter (bench/boot_study.c), with one-line shell scripts as instances."""

import contextlib
import csv
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import paths
import proc
import report as reporting

sys.path.insert(0, os.path.join(paths.ROOT, "bench"))

import study as runs  # noqa: E402
import subjects  # noqa: E402

STUDY = os.path.join(paths.BUILD, "bench", "host", "boot_study")
STAY = "echo ready; exec sleep 1000"
LIMIT = 20.0


def command(script, *options, n=3, warm_up=0):
    return [STUDY, "--n", str(n), "--warm-up", str(warm_up), "--hold", "0ms", *options, "--",
            "/bin/sh", "-c", script]


def study(status, script, *options, n=3, warm_up=0, word=""):
    """Runs a study; checks its status, that it left nothing, and that `word` is in a message."""
    outcome = proc.run(command(script, *options, n=n, warm_up=warm_up), limit=LIMIT)
    shown = reporting.text(outcome.out + outcome.err)
    assert outcome.trouble() is None, f"{outcome.trouble()}\n{shown}"
    assert outcome.status == status, f"status {outcome.status} instead of {status}\n{shown}"
    assert word in shown, f"no {word!r} in\n{shown}"
    return shown


def rows(prefix):
    """(rows of PREFIX.csv, its settings)."""
    with open(prefix + ".csv", encoding="ascii") as f:
        lines = f.read().splitlines()
    settings = dict(line[2:].split("=", 1) for line in lines if line.startswith("# "))
    return list(csv.DictReader(line for line in lines if not line.startswith("#"))), settings


def recorded(status, script, *options, n=3, warm_up=0):
    with tempfile.TemporaryDirectory() as folder:
        prefix = os.path.join(folder, "x")
        study(status, script, "--out", prefix, *options, n=n, warm_up=warm_up)
        assert sorted(os.listdir(folder)) == ["x.csv", "x.memory.csv"], os.listdir(folder)
        return rows(prefix)


def outcomes(*arguments, **more):
    return [row["outcome"] for row in recorded(*arguments, **more)[0]]


def test_all_ready():
    table, settings = recorded(0, STAY, n=5, warm_up=2)
    assert [row["outcome"] for row in table] == ["stopped"] * 5, table
    for row in table:
        times = [float(row[k]) for k in ("started_us", "spawned_us", "ready_us", "ended_us")]
        assert times == sorted(times), row
    assert settings["ready"] == "5" and settings["failed"] == "0", settings


def test_ready_in_two_pieces():
    assert outcomes(0, "printf 'x\\nrea'; sleep 0.1; printf dy; exec sleep 1000") == ["stopped"] * 3


def test_ready_on_stderr():
    study(0, "echo ready >&2; exec sleep 1000")


def test_another_text():
    study(1, "echo Ready; exit", word="last line: Ready")
    study(0, "echo here I am; exec sleep 1000", "--ready", "here I am")


def test_never_ready():
    started = time.monotonic()
    shown = outcomes(1, "echo almost read; exec sleep 1000", "--timeout", "300ms")
    assert shown == ["late"] * 3, shown
    assert time.monotonic() - started < 10


def test_dies_early():
    study(1, "echo out of order; exit 1", word="ended before it was ready; its last line: out of")
    assert outcomes(1, "exit 1") == ["early"] * 3


def test_gives_up():
    study(1, "exit 1", n=1000, word="gives up: the first ")


def test_fails_in_the_warm_up():
    study(1, "exit 1", n=1000, warm_up=2, word="no instance became ready in the warm-up")


def test_ready_and_gone():
    """The last words of one that has ended already count."""
    shown = outcomes(0, "echo ready", "--hold", "500ms")
    assert shown == ["ended"] * 3, shown


def test_floods():
    """More output than a pipe holds, before and after the text, from all at once."""
    script = "head -c 300000 /dev/zero | tr '\\0' x; echo ready; exec cat /dev/zero"
    assert outcomes(0, script, n=4) == ["stopped"] * 4


def test_not_a_program():
    outcome = proc.run([STUDY, "--n", "2", "--", "/nonexistent"], limit=LIMIT)
    assert outcome.status == 1 and b"cannot be executed" in outcome.err, outcome


def test_interval():
    table, _ = recorded(0, STAY, "--interval", "30ms", n=6)
    starts = [float(row["started_us"]) for row in table]
    for i, start in enumerate(starts):
        assert start >= i * 30000 - 1, starts
    assert starts[-1] < 5e6, starts


def test_concurrency():
    """One at a time: each starts after the one before is ready."""
    table, _ = recorded(0, "sleep 0.02; " + STAY, "--concurrency", "1", n=4)
    for before, after in zip(table, table[1:]):
        assert float(after["started_us"]) >= float(before["ready_us"]), table


def memory(key):
    with open("/proc/meminfo", encoding="ascii") as f:
        return int(re.search(rf"^{key}:\s+(\d+)", f.read(), re.M).group(1)) // 1024


def test_no_room():
    study(1, STAY, "--keep-free", str(memory("MemTotal")), warm_up=1,
          word="stops at 0 of 3 instances")


def test_bounded():
    """Room for a few of a thousand: they run, and a line says why no more do. Tried again, because
    how much memory is free is not ours to say."""
    fat = "x=$(head -c 40000000 /dev/zero | tr '\\0' x); echo ready; sleep 1000"
    for attempt in range(4):
        keep = str(max(0, memory("MemAvailable") - 400))
        with tempfile.TemporaryDirectory() as folder:
            prefix = os.path.join(folder, "x")
            try:
                study(0, fat, "--keep-free", keep, "--concurrency", "2", "--out", prefix, n=1000,
                      warm_up=1, word="of 1000 instances: ")
                assert rows(prefix)[1]["bounded"] == "1"
                return
            except AssertionError:
                if attempt == 3:
                    raise


def test_bounded_by_descriptors():
    argv = ["prlimit", "--nofile=40:40", *command(STAY, n=1000)]
    outcome = proc.run(argv, limit=LIMIT)
    shown = reporting.text(outcome.out + outcome.err)
    assert outcome.trouble() is None and outcome.status == 0, shown
    assert "of 1000 instances: no more processes or descriptors" in shown, shown


def test_resumed():
    with tempfile.TemporaryDirectory() as folder:
        out = ["--out", os.path.join(folder, "x")]
        study(0, STAY, *out, word="ready, start")
        study(0, STAY, *out, word="is complete")
        study(0, STAY, *out, "--again", word="ready, start")
        study(0, STAY, *out, n=4, word="4 of     4 ready")
        study(0, STAY + " # changed", *out, n=4, word="4 of     4 ready")
        study(1, "exit 1", *out, word="0 of     3 ready")
        study(1, "exit 1", *out, word="0 of     3 ready")  # a failed run is not complete


def test_read_by_the_report():
    """bench/study.py finds in the file what the starter printed."""
    with tempfile.TemporaryDirectory() as folder:
        prefix = os.path.join(folder, "x")
        shown = study(0, STAY, "--out", prefix, n=20)
        run = runs.Run(None, "burst", prefix)
    low, median, high = run.start_ms()
    assert f"start min {low:.1f} median {median:.1f} max {high:.1f} ms" in shown, shown
    windows = list(run.windows())
    assert run.ready == len(windows) == 20, windows
    # The settings have three decimals.
    for value, wanted in (run.times_ms(run.rows)[-1], high), (min(w[1] for w in windows), low):
        assert abs(value - wanted) < 0.002, (value, wanted)
    assert run.percentile(0.99) == run.times_ms(run.rows)[-1]


@contextlib.contextmanager
def silence():
    """Nothing printed, by us or by what we start."""
    sys.stdout.flush()
    kept = [os.dup(fd) for fd in (1, 2)]
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 1)
        os.dup2(null, 2)
        yield
    finally:
        sys.stdout.flush()
        for fd, copy in zip((1, 2), kept):
            os.dup2(copy, fd)
            os.close(copy)
        os.close(null)


def test_report_of_failures():
    """A subject that fails is a failure of the study; an optional or absent one is skipped."""
    def subject(name, script, **more):
        return subjects.Subject(name, name, "process", lambda: ["/bin/sh", "-c", script],
                                ready="ready", timeout="5s", warm_up=1, **more)

    everybody = subjects.SUBJECTS
    subjects.SUBJECTS = [
        subject("good", STAY), subject("bad", "exit 1"), subject("may", "exit 1", optional=True),
        subject("absent", STAY, missing=lambda: "not today"),
    ]  # fmt: skip
    try:
        with tempfile.TemporaryDirectory() as folder, silence():
            results = runs.measure(runs.Plan(2, 2, [2], 2, 1), folder)
    finally:
        subjects.SUBJECTS = everybody
    assert results.subjects() == ["good"] and len(results.runs) == 4, results.runs
    assert [s.name for s, _ in results.failed] == ["bad"], results.failed
    assert [s.name for s, _ in results.skipped] == ["may", "absent"], results.skipped


def test_strays():
    """Processes that left their instance's session are found all the same."""
    study(0, "setsid sleep 1000 & (setsid sleep 1000 &); " + STAY)
    study(0, "setsid sleep 1000 & echo ready", word="ready, start")


def broken_off(number):
    """Status and files after a signal in the middle of a run."""
    with tempfile.TemporaryDirectory() as folder:
        argv = command(STAY, "--interval", "20ms", "--out", os.path.join(folder, "x"), n=1000)
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, preexec_fn=proc.default_signals)
        deadline = time.monotonic() + 10
        while len(proc.descendants(process.pid)) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        status = proc.ended(process, 10)
        left = proc.leftovers()
        assert not left, left
        return status, os.listdir(folder)


def test_interrupted():
    assert broken_off(signal.SIGINT) == (130, [])
    assert broken_off(signal.SIGTERM) == (130, [])


def test_killed():
    assert broken_off(signal.SIGKILL) == (137, [])


def test_bad_options():
    for words, word in [
        (["--n", "0", "--", "x"], "not a number in range: 0"),
        (["--n", "-1", "--", "x"], "not a number in range"),
        (["--n", "5"], "a command"),
        (["--", "x"], "--n"),
        (["--n", "5", "--interval", "5", "--", "x"], "no time with a unit: 5"),
        (["--n", "5", "--interval", "-5ms", "--", "x"], "no time"),
        (["--n", "5", "--sample", "1us", "--", "x"], "--sample"),
        (["--n", "5", "--ready", "", "--", "x"], "--ready"),
        (["--n", "5", "--nonesuch", "--", "x"], "nonesuch"),
    ]:
        outcome = proc.run([STUDY, *words], limit=LIMIT)
        assert outcome.status == 2 and word in outcome.err.decode(), (words, outcome)


def suite(report, _options):
    if unbuilt := paths.unbuilt(STUDY):
        report.fail("study", unbuilt)
        return
    for name, test in sorted(globals().items()):
        full = "study/" + name.removeprefix("test_")
        if not name.startswith("test_") or not report.wants(full):
            continue
        try:
            begin = time.monotonic()
            test()
            report.ok(full, time.monotonic() - begin)
        except AssertionError as wrong:
            reason, _, details = (str(wrong) or "assertion failed").partition("\n")
            report.fail(full, reason, details)
