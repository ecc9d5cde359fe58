# SPDX-License-Identifier: BSD-2-Clause
"""The report's page: what machine it was, tables, and the figures that bench/plots.py draws."""

import csv
import glob
import os
import subprocess
import time

import plots
import study
import subjects
import targets


FLOORS = [("ramet-process", "process"), ("ramet-process-template", "process"),
          ("ramet-process-serve", "process"), ("ramet-process", "ramet-process-floor"),
          ("ramet-process-template", "ramet-process-floor"),
          ("ramet", "ramet-floor"), ("ramet-template", "ramet-floor"),
          ("tcg-microvm", "tcg-floor"),
          ("tcg-ramet", "tcg-floor"), ("tcg-linux", "tcg-floor"), ("kvm-microvm", "kvm-floor")]
BENCH_CSV = "bench.csv"  # what bench/run wrote
SECONDS = "seconds"  # what all of the folder took, if it was measured in one go


def first(path, key="", default="?"):
    """A file's first line, or what follows the colon of the first line that begins with key."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            for line in f:
                if line.startswith(key):
                    return line.partition(":")[2].strip() if key else line.strip()
    except OSError:
        pass
    return default


def qemu_version():
    try:
        done = subprocess.run([subjects.QEMU, "--version"], capture_output=True, text=True,
                              check=False)
    except OSError:
        return "none"
    return done.stdout.splitlines()[0] if done.stdout else "?"


def kvm_kind():
    kinds = {"kvm_intel": "VMX", "kvm_amd": "SVM", "kvm_pvm": "PVM: no hardware virtualisation, "
             "ring-0 code of guests is emulated"}
    found = [kind for module, kind in kinds.items() if os.path.isdir("/sys/module/" + module)]
    if subjects.no_kvm():
        return subjects.no_kvm()
    return ", ".join(found) or "built in"


def machine():
    rows = [
        ("processor", f"{first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} of them"),
        ("memory", f"{study.total_mb()} MB"),
        ("kernel", os.uname().release),
        ("KVM", kvm_kind()),
        ("QEMU", qemu_version()),
        ("huge pages", first("/sys/kernel/mm/transparent_hugepage/enabled")),
        ("load when the page was written", first("/proc/loadavg")),
        ("date", time.strftime("%Y-%m-%d %H:%M %Z")),
        ("revision", revision()),
    ]
    return table(["", ""], rows)


def revision():
    done = subprocess.run(["git", "-C", subjects.ROOT, "describe", "--always", "--dirty"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or "?"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |",
             "|" + "|".join("---" if i == 0 else "---:" for i in range(len(head))) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def short(value):
    """Three digits that matter."""
    if value != value:  # nan
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def boot_table(results, mode):
    rows = []
    for run in results.of(mode):
        low, median, high = run.start_ms()
        more = f" of {run.wanted}, bounded by memory" if run.bounded else ""
        rows.append([run.subject.title, f"{run.started}{more}", short(low), short(median),
                     short(run.percentile(0.99)), short(high), short(run.per_second()),
                     short(run.number("cpu_ms_each")), short(run.number("available_mb_each")),
                     short(run.number("pss_mb_each")), run.settings.get("load", "?")])
    return table(["subject", "N", "min ms", "median ms", "p99 ms", "max ms", "starts/s",
                  "CPU ms each", "MB each", "Pss MB each", "load before"], rows)


def like_for_like(results):
    """Each beside its floor, and picoprocesses beside a static Linux program: by the median start
    alone and by processor time, which bears a busy machine better."""
    alone = {run.subject.name: run for run in results.of("alone")}
    rows = []
    for name, floor in FLOORS:
        if name in alone and floor in alone:
            run, base = alone[name], alone[floor]
            rows.append([run.subject.title, base.subject.title,
                         short(run.start_ms()[1] / base.start_ms()[1]),
                         short(run.number("cpu_ms_each") / base.number("cpu_ms_each"))])
    return table(["subject", "beside", "start time: ratio", "CPU: ratio"], rows)


def read_csv(path):
    try:
        with open(path, encoding="utf-8") as f:
            return list(csv.DictReader(line for line in f if not line.startswith("#")))
    except OSError:
        return []


def process_table(rows):
    keys = ("ramet_us", "linux_us", "ratio", "ramet_cpu_us", "linux_cpu_us", "calls", "exits",
            "faults")
    # A bar would end the cell.
    shown = [[row["what"].replace("|", "\\|"),
              *(short(float(row[key])) if row[key] else "" for key in keys)] for row in rows]
    return table(["operation", "Ramet us", "Linux us", "ratio", "Ramet CPU us", "Linux CPU us",
                  "calls", "exits", "faults"], shown)


def sweep_table(rows, axis):
    """A line per point, Ramet and Linux in pairs of columns."""
    names = [name for name, _, _ in plots.SWEEP_LINES]
    cells = {(r["value"], r["side"], r["name"]): r["p50_us"] for r in rows if r["axis"] == axis}
    values = list(dict.fromkeys(value for value, _, _ in cells))
    head = ["MB touched" if axis == "touched_mb" else "living"]
    head += [f"{side} {name} us" for name in names for side in ("Ramet", "Linux")]
    return table(head, [[value, *(short(float(cells.get((value, side, name), "nan")))
                                  for name in names for side in ("ramet", "linux"))]
                        for value in values])


def skipped(results):
    lines = [f"- {subject.title} (`{subject.name}`): {reason}"
             for subject, reason in results.skipped]
    lines += [f"- **failed:** {subject.title} (`{subject.name}`): {reason}"
              for subject, reason in results.failed]
    return "\n".join(lines) + "\n" if lines else "none\n"


def figure(drawn, name, title):
    return f"![{title}]({name}.png)\n\n([SVG]({name}.svg))\n" if drawn else ""


def figures(folder, results):
    """What bench/targets.py compares with the project's limits."""
    try:
        seconds = float(first(os.path.join(folder, SECONDS)))
    except ValueError:
        seconds = None
    return targets.Data(read_csv(os.path.join(folder, BENCH_CSV)), results, seconds)


def write(folder, results):
    """Draws the figures and writes report.md; its path."""
    data = figures(folder, results)
    operations = read_csv(os.path.join(folder, "process.csv"))
    sweeps = read_csv(os.path.join(folder, "sweep.csv"))
    for old in glob.glob(os.path.join(folder, "*.png")) + glob.glob(os.path.join(folder, "*.svg")):
        os.remove(old)
    memory = [(subject, *study.each_mb(results, subject)) for subject in subjects.SUBJECTS
              if subject.name in results.subjects()]
    parts = [
        "# Ramet: boot, clone and process study\n",
        "Written by `bench/report`; docs/performance.md says how to read it.\n",
        "## Targets\n", table(targets.HEAD, targets.rows(data)), targets.count(data) + ".\n",
        "## The machine\n", machine(),
        "## One start at a time\n", boot_table(results, "alone"), like_for_like(results),
        "## One start every 5 ms\n",
        figure(plots.interval(results, folder), "interval", "256 instances, one every 5 ms"),
        boot_table(results, "interval"),
        "## N started at once\n",
        figure(plots.burst(results, folder), "burst", "start time by N"),
        boot_table(results, "burst"),
        "## As many at a time as processors\n",
        figure(plots.growth(results, folder), "growth", "start time by instances running"),
        boot_table(results, "growth"),
        "## Memory\n",
        figure(plots.memory(memory, folder), "memory", "memory of an instance"),
        "## Not measured\n", skipped(results),
    ]
    if operations:
        parts += ["## Processes\n", process_table(operations)]
    for axis in ("touched_mb", "live"):
        if any(row["axis"] == axis for row in sweeps):
            parts += [figure(plots.sweep(sweeps, axis, folder), "sweep_" + axis, axis),
                      sweep_table(sweeps, axis)]
    path = os.path.join(folder, "report.md")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(parts))
    return path
