# SPDX-License-Identifier: BSD-2-Clause
"""The report's figures, by gnuplot: each a script with its data inside, run for SVG and for PNG."""

import csv
import math
import os
import subprocess

GNUPLOT = "gnuplot"
FONT = "DejaVu Sans,11"
WIDTH, HEIGHT = 1100, 620
# One colour a subject in every figure: Ramet's monitor warm, its picoprocesses pink and teal, TCG
# blue, QEMU on KVM green.
COLOURS = {
    "process": "#555555", "ramet-process": "#e91e90", "ramet-process-template": "#880e4f",
    "ramet-process-serve": "#00838f", "ramet-process-pool": "#4dd0e1",
    "ramet-process-floor": "#f4a9d0",
    "ramet": "#d62728", "ramet-template": "#ff7f0e",
    "ramet-serve": "#8c564b",
    "ramet-floor": "#e7a1a1", "tcg-microvm": "#1f77b4", "tcg-floor": "#9ec9e8",
    "tcg-ramet": "#bcbd22", "tcg-pc": "#17406b", "tcg-linux": "#a0722a", "kvm-microvm": "#2ca02c",
    "kvm-floor": "#9bd39b", "kvm-pc": "#14531a",
}  # fmt: skip
PANELS = ["process", "ramet-process", "ramet-process-template", "ramet-process-serve",
          "ramet-process-pool", "ramet", "ramet-template", "tcg-microvm", "tcg-floor"]
COMMON = """
set termoption noenhanced
set grid back lt 1 lw 0.5 lc rgb "#d8d8d8"
set border 3
set tics nomirror
set key outside right top vertical Left reverse spacing 1.2 samplen 2
set datafile missing "?"
"""


class Failed(Exception):
    """What gnuplot said."""


def draw(folder, name, body, width=WIDTH, height=HEIGHT):
    """NAME.svg and NAME.png in the folder."""
    for ending, terminal in (
        ("svg", f'svg size {width},{height} font "{FONT}" background "white"'),
        ("png", f'pngcairo size {width},{height} font "{FONT}" background "white"'),
    ):
        path = os.path.join(folder, f"{name}.{ending}")
        script = f'set terminal {terminal}\nset output "{path}"\n{COMMON}{body}\n'
        try:
            done = subprocess.run([GNUPLOT], input=script, capture_output=True, text=True,
                                  check=False)
        except OSError as error:
            raise Failed(f"{error.strerror} (tools/setup installs it)") from None
        if done.returncode != 0 or not os.path.getsize(path):
            raise Failed(f"{name}: {done.stderr.strip()}")


def block(name, rows):
    """A named data block; a row is a tuple of numbers (nan: missing) or of quoted text."""
    lines = [" ".join("?" if isinstance(v, float) and math.isnan(v) else str(v) for v in row)
             for row in rows]
    return f"${name} << EOD\n" + "\n".join(lines) + "\nEOD\n"


def variable(name):
    return name.replace("-", "_")


def samples(run):
    """(seconds, MB used, instances running) over time; few enough for a figure."""
    with open(run.prefix + ".memory.csv", encoding="ascii") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    step = max(1, len(rows) // 400)
    return [(float(r["time_us"]) / 1e6, float(r["used_kb"]) / 1024, int(r["running"]))
            for r in rows[::step]]


def interval_panel(run):
    """One subject: a bar from start to ready for every instance, and over it how many run and how
    much memory is gone."""
    name = variable(run.subject.name)
    colour = COLOURS[run.subject.name]
    bars = [(float(row["started_us"]) / 1e6,
             int(row["instance"]),
             (float(row["ready_us"]) - float(row["started_us"])) / 1e6)
            for row in run.rows if row["ready_us"]]
    data = block(name + "_bars", bars) + block(name + "_memory", samples(run))
    low, median, high = run.start_ms()
    return data + f"""
set title "{run.subject.title}: start {low:.1f} / {median:.1f} / {high:.1f} ms" offset 0,-0.6
plot ${name}_bars using 1:2:3:(0) with vectors nohead lw 1.5 lc rgb "{colour}" notitle, \\
     ${name}_memory using 1:3 with steps lw 2 lc rgb "#000000" notitle, \\
     ${name}_memory using 1:2 axes x1y2 with lines lw 2 dt "." lc rgb "#7b3294" notitle
"""


def interval(results, folder):
    """Memory, instances running, start and ready of each instance, over time."""
    runs = [run for panel in PANELS for run in results.of("interval")
            if run.subject.name == panel]
    if not runs:
        return False
    rows = (len(runs) + 1) // 2
    height = 60 + 265 * rows
    top, bottom, gap = 1 - 75 / height, 50 / height, 85 / height
    body = f"""
set border 11
set multiplot layout {rows},2 title \\
    "One start every 5 ms. Bars: from start to ready (minimum / median / maximum above). Black: \\
running. Dotted, right: memory (MB)" margins 0.065,0.92,{bottom:.3f},{top:.3f} \\
    spacing 0.16,{gap:.3f}
set xlabel "seconds" offset 0,0.6
set ylabel "instance" offset 1
set y2label "MB" offset -0.5
set y2tics
set xrange [0:*]
set yrange [0:*]
set y2range [0:*]
""" + "".join(interval_panel(run) for run in runs) + "unset multiplot\n"
    draw(folder, "interval", body, height=height)
    return True


def by_subject(runs):
    found = {}
    for run in runs:
        found.setdefault(run.subject.name, []).append(run)
    return found


def burst(results, folder):
    """Minimum, median and maximum start time by the number started at once."""
    data, plots = "", []
    for at, (name, runs) in enumerate(by_subject(results.of("burst")).items()):
        # A little to the right of each other, or the bars would hide one another.
        rows = sorted((run.started * 1.025 ** at, *run.start_ms()) for run in runs)
        data += block(variable(name), [(n, median, low, high) for n, low, median, high in rows])
        style = f'lc rgb "{COLOURS[name]}"'
        plots.append(f'${variable(name)} using 1:2:3:4 with yerrorbars pt 7 ps 0.6 {style} notitle')
        plots.append(f'${variable(name)} using 1:2 with linespoints lw 2 pt 7 ps 0.6 {style} '
                     f'title "{runs[0].subject.title}"')
    if not plots:
        return False
    draw(folder, "burst", data + """
set title "N instances started at once: from start to ready. Points: median; bars: min. to max."
set xlabel "instances started at once (log scale)"
set ylabel "milliseconds (log scale)"
set logscale xy
set logscale x 2
set format y "%g"
set xrange [*:*] noextend
set yrange [*:*] noextend
set offsets graph 0.03, graph 0.03, graph 0.03, graph 0.03
set xtics (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, "\\n1280" 1280)
plot """ + ", \\\n     ".join(plots))
    return True


def growth(results, folder):
    """Start time by the number of instances that already run."""
    data, plots = "", []
    for run in results.of("growth"):
        name = variable(run.subject.name)
        data += block(name, run.windows())
        style = f'lc rgb "{COLOURS[run.subject.name]}"'
        plots.append(f"${name} using 1:3:2:4 with yerrorbars pt 7 ps 0.5 {style} notitle")
        plots.append(f"${name} using 1:3 with linespoints lw 2 pt 7 ps 0.5 {style} "
                     f'title "{run.subject.title}"')
    if not plots:
        return False
    draw(folder, "growth", data + """
set title "As many starts at a time as processors: does a start suffer from those that run?"
set xlabel "instances running already (points: medians of a sixteenth; bars: min. to max.)"
set ylabel "milliseconds from start to ready (log scale)"
set logscale y
set format y "%g"
set xrange [0:*]
set yrange [*:*] noextend
set offsets 0, graph 0.02, graph 0.05, graph 0.05
plot """ + ", \\\n     ".join(plots))
    return True


def memory(rows, folder):
    """rows: (subject, MB by MemAvailable, MB by Pss)."""
    if not rows:
        return False
    data = block("each", [(f'"{subject.title}"', max(available, 0.03), max(pss, 0.03))
                          for subject, available, pss in rows])
    draw(folder, "memory", data + """
set title "Memory of one more instance"
set ylabel "MB (log scale)"
set logscale y
set format y "%g"
set yrange [0.02:*]
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.85 border -1
set xtics rotate by -30 noenhanced
set rmargin 8
set key inside left top
plot $each using 2:xtic(1) lc rgb "#4c72b0" title "fall of MemAvailable", \\
     $each using 3 lc rgb "#dd8452" title "Pss of its processes"
""")
    return True


SWEEP_LINES = [("fork_child", "fork, child's first act", "#d62728"),
               ("fork_return", "fork, return in parent", "#ff9896"),
               ("spawn_main", "posix_spawn, main()", "#1f77b4")]


def sweep(rows, axis, folder):
    """rows of sweep.csv; Ramet with lines, Linux dashed."""
    data, plots = "", []
    for name, title, colour in SWEEP_LINES:
        for side, dash, label in (("ramet", 1, "Ramet"), ("linux", 2, "Linux")):
            points = [(r["value"], r["p50_us"], r["p99_us"]) for r in rows
                      if (r["axis"], r["side"], r["name"]) == (axis, side, name)]
            if not points:
                continue
            data += block(f"{side}_{name}", points)
            plots.append(f"${side}_{name} using 1:2 with linespoints lw 2 dt {dash} pt "
                         f'{7 if dash == 1 else 6} ps 0.7 lc rgb "{colour}" '
                         f'title "{label}: {title}"')
    if not plots:
        return False
    label = {"touched_mb": "MB touched by the parent", "live": "other living processes"}[axis]
    draw(folder, "sweep_" + axis, data + f"""
set title "Fork and spawn by: {label} (medians)"
set xlabel "{label} (log scale)"
set ylabel "microseconds (log scale)"
set logscale xy
set format y "%g"
set xrange [*:*] noextend
set yrange [*:*] noextend
set offsets graph 0.03, graph 0.03, graph 0.05, graph 0.05
plot """ + ", \\\n     ".join(plots))
    return True
