# SPDX-License-Identifier: BSD-2-Clause
"""What bench/ prints and concludes, without judging any speed: every program gives the figures it
is asked for, on Linux and in VMs, and the targets' verdicts follow from figures only."""

import importlib.machinery
import importlib.util
import os
import sys
import tempfile

import faults
import paths

sys.path.insert(0, os.path.join(paths.ROOT, "bench"))

import measure  # noqa: E402
import page  # noqa: E402
import plots  # noqa: E402
import study  # noqa: E402
import subjects  # noqa: E402
import targets  # noqa: E402


def script(name):
    """A program of bench/ as a module."""
    loader = importlib.machinery.SourceFileLoader(f"bench_{name}",
                                                  os.path.join(paths.ROOT, "bench", name))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


RUN = script("run")


# --- the programs ---

def figures(argv, *names):
    """Runs one that prints a line for each name, above zero, and nothing for another."""
    found = measure.results(argv)
    assert sorted(found) == sorted(names), f"{sorted(found)} instead of {sorted(names)}"
    for name, (p50, p99, _) in found.items():
        assert 0 < p50 <= p99, f"{name}: p50 {p50}, p99 {p99}"


def on_both(program, arguments, names):
    for side in measure.linux, measure.ramet:
        figures(side(program, *arguments), *names)


def test_fork():
    on_both("fork", ["1", "2"], [f"fork_{what}_{mb}mb" for what in ("child", "return")
                                 for mb in (1, 2)])


def test_fork_burst():
    on_both("fork", ["--burst", "4"], RUN.BURSTS)


def test_first_write():
    on_both("first_write", [], RUN.WRITES)


def test_sweep():
    names = ["fork_child", "fork_return", "fork_exit_wait", "spawn_main"]
    figures(measure.linux("sweep", "2", "3", "5", *measure.linux("child")), *names)
    figures(measure.ramet("sweep", "2", "3", "5", "/bench/child"), *names)


def test_clones():
    """All three meetings, and as many processes at the second as it says; on Ramet perhaps a spare
    of the first one's besides (host/kvm/spare/spare.h)."""
    for argv, spares in (measure.linux("clones", "20"), 0), (measure.ramet("clones", "20"), 1):
        with measure.Meeting(argv) as meeting:
            counts = []
            for _ in range(3):
                meeting.ready()
                counts.append(len(meeting.members()))
                meeting.go()
            found = measure.parse(meeting.finish()[0])
        assert counts[0] == 1 and 21 <= counts[1] <= 21 + spares, counts
        assert list(found) == ["clones_20"] and found["clones_20"][0] > 0, found


def test_turns():
    """Medians over rounds, of each name by itself."""
    argv = ["/bin/sh", "-c", "echo a $1 9 us; echo b 2 3 MB/s", "sh"]
    other, = measure.in_turns([[*argv, "1"], ["echo", "c 4 5 us"]])
    assert other == {"a": (1, 9, "us"), "b": (2, 3, "MB/s"), "c": (4, 5, "us")}, other
    runs = [{"a": (p50, 10 - p50, "us")} for p50 in (5, 1, 3)]
    assert measure.medians(runs) == {"a": (3, 7, "us")}, measure.medians(runs)


# --- the targets ---

class Started:
    """A run of the boot study that went well."""

    def __init__(self, subject, mode, n=targets.INSTANCES, ms=(1.0, 2.0, 3.0)):
        self.subject = next(s for s in study.subjects.SUBJECTS if s.name == subject)
        self.mode, self.wanted, self.ready, self.bounded, self.ms = mode, n, n, False, ms

    def start_ms(self):
        return self.ms


def results(*runs):
    found = study.Results()
    found.runs = list(runs)
    return found


def complete():
    """Data with whatever bench/run and the study can name."""
    names = [name for _, names in RUN.GROUPS for name in names]
    names += [name + "_process" for _, names in RUN.picoprocesses.GROUPS for name in names]
    rows = [{"name": name, "p50": "6", "baseline_p50": "2"} for name in names]
    runs = [Started(subject.name, mode) for subject in study.subjects.SUBJECTS
            for mode in ("alone", "interval")]
    return targets.Data(rows, results(*runs), 60)


def verdicts(data):
    return {target.what: target.verdict(data)[1] for target in targets.TARGETS}


def test_targets_without_figures():
    found = set(verdicts(targets.Data([], study.Results())).values())
    assert found == {targets.NOT_MEASURED}, found
    assert f"0 of {len(targets.TARGETS)} targets met" in targets.text(
        targets.Data([], study.Results()))


def test_targets_know_the_names():
    """What bench/run prints and the study runs is what the targets look for."""
    absent = [what for what, verdict in verdicts(complete()).items()
              if verdict == targets.NOT_MEASURED]
    assert not absent, absent


def test_plots_know_the_subjects():
    absent = [subject.name for subject in subjects.SUBJECTS if subject.name not in plots.COLOURS]
    assert not absent, f"without a colour: {absent}"


def test_targets_limits():
    for sign, at_limit, good in ("<", "NOT MET", 0.999), ("<=", "met", 0.999), (">=", "met", 1.001):
        for figure, wanted in (1, at_limit), (good, "met"), (2 - good, "NOT MET"):
            target = targets.Target("x", sign, 1, "", "", lambda _, figure=figure: figure)
            assert target.verdict(None) == (figure, wanted), (sign, figure)


def test_targets_no_numbers():
    for figure in None, float("nan"), float("inf"):
        target = targets.Target("x", ">=", 1, "", "", lambda _, figure=figure: figure)
        assert target.row(None)[1:4] == ["", ">= 1", targets.NOT_MEASURED], target.row(None)
    for row in ({"p50": "6", "baseline_p50": ""}, {"p50": "6", "baseline_p50": "0.000"},
                {"p50": "", "baseline_p50": "2"}, {}):
        data = targets.Data([{"name": "pipe_throughput_64k", **row}], study.Results())
        assert set(verdicts(data).values()) == {targets.NOT_MEASURED}, row


def test_targets_another_experiment():
    """Fewer starts, some that failed, no room: nothing of what 256 would have taken."""
    def found(**changed):
        run = Started("ramet", "interval")
        for key, value in changed.items():
            setattr(run, key, value)
        return targets.Data([], results(run)).start_ms("interval", "ramet", 2, targets.INSTANCES)

    assert found() == 3.0
    for changed in ({"wanted": 32, "ready": 32}, {"ready": 255}, {"bounded": True},
                    {"mode": "burst"}):
        assert found(**changed) is None, changed


def test_targets_ratios():
    data = complete()
    assert data.ratio("fork_child_4mb") == 3.0 and data.ratio("nonesuch") is None
    rows = [{"name": "a", "p50": "6", "baseline_p50": ""}, {"name": "b", "p50": "1",
                                                            "baseline_p50": "4"}]
    assert targets.Data(rows, study.Results()).ratio("a", "b") == 1.5


def test_targets_on_the_page():
    """Figures come from the folder's files; a time that is no number is none."""
    with tempfile.TemporaryDirectory() as folder:
        def minutes(text):
            with open(os.path.join(folder, page.SECONDS), "w", encoding="ascii") as f:
                f.write(text)
            return page.figures(folder, study.Results()).seconds

        assert page.figures(folder, study.Results()).seconds is None
        assert minutes("600\n") == 600 and minutes("") is None and minutes("soon\n") is None
        with open(os.path.join(folder, page.BENCH_CSV), "w", encoding="ascii") as f:
            f.write("name,unit,p50,p99,baseline_p50,ratio\nboot_main,us,2500.000,1,,\n")
        data = page.figures(folder, study.Results())
        assert verdicts(data)["cold boot to main"] == "met", verdicts(data)


def checked(function):
    """A benchmark that fails is a test that fails."""
    def call():
        try:
            function()
        except measure.Failed as wrong:
            raise AssertionError(str(wrong)) from None

    return call


def suite(report, _options):
    unbuilt = paths.unbuilt(measure.RAMET, measure.BENCH_IMAGE, *measure.linux("sweep"))
    if unbuilt:
        report.fail("bench", unbuilt)
        return
    measure.LIMIT = paths.limit(measure.LIMIT)
    needs_kvm = ("fork", "first_write", "sweep", "clones")
    has_kvm = paths.kvm_gate(report, "bench")
    for name, function in list(globals().items()):
        full = "bench/" + name.removeprefix("test_")
        if not name.startswith("test_"):
            continue
        needed = name.removeprefix("test_").startswith(needs_kvm)
        if (has_kvm if needed else paths.rest()) and report.wants(full):
            faults.one(report, full, checked(function))
