"""The pictures of the page: small SVG files, the same from the same figures, for light and dark themes."""

# The keyword arguments of matplotlib have no types.
# pyright: reportUnknownMemberType=false

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures import Figures, LoadRecord, Record, spread
from benchmarks.gates import OURS
from benchmarks.plans import TITLES

INK: Final = "#010203"
"""Stands for the colour of text, which the reader's theme decides."""

ACCENT: Final = "#2f81f7"
QUIET: Final = "#8b949e"
LINES: Final = ("#d29922", "#3fb950", "#db61a2", "#a371f7", "#f0883e", "#39c5cf")
THEME: Final = (
    "<style>svg{color:#1f2328}@media(prefers-color-scheme:dark){svg{color:#e6edf3}}"
    "text{font-family:system-ui,sans-serif}</style>"
)
WORK: Final = {
    "text": "text echo",
    "json": "typed JSON echo",
    "http": "HTTP, 1 KiB body",
    "connect": "connect and disconnect",
    "group-100": "delivery, group of 100",
    "group-json": "delivery of JSON, group of 100",
}


def draw(record: Record, load: LoadRecord | None, folder: Path) -> None:
    """Write all pictures that there are figures for."""
    folder.mkdir(exist_ok=True)
    with mpl.rc_context(
        {
            "svg.hashsalt": "fast_channels",
            "svg.fonttype": "none",
            "font.family": "DejaVu Sans",
            "font.size": 9,
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlesize": 10,
            "axes.titlelocation": "left",
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "legend.frameon": False,
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "savefig.facecolor": "none",
        }
    ):
        _write(folder / "instructions.svg", _instructions(record.figures))
        _write(folder / "delivery.svg", _delivery(record.figures))
        _write(folder / "latency.svg", _latency(record.figures))
        _write(folder / "memory.svg", _memory(record.figures))
        if load is not None:
            _write(folder / "load.svg", _load(load))


def _write(path: Path, figure: Figure) -> None:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue().replace(INK, "currentColor")
    text = re.sub(r"(<svg [^>]*>)", rf"\1{THEME}", text, count=1)
    path.write_text("".join(f"{line.rstrip()}\n" for line in text.splitlines()), encoding="utf-8")


def _axes(rows: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, [figure.add_subplot(rows, columns, index + 1) for index in range(rows * columns)]


def _bars(axes: Axes, title: str, values: Mapping[str, float], form: str) -> None:
    """Draw a horizontal bar for each contestant, the smallest at the top."""
    names = sorted(values, key=lambda name: -values[name])
    colors = [ACCENT if name == OURS else QUIET for name in names]
    bars = axes.barh([TITLES[name] for name in names], [values[name] for name in names], color=colors)
    axes.bar_label(bars, fmt=form, padding=3)
    axes.margins(x=0.18)
    axes.set_title(title)
    axes.get_xaxis().set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(left=False)


def _of(figures: Figures, scenario: str, unit: str) -> dict[str, float]:
    found = figures.get(scenario, {})
    return {name: spread(one[unit]).median for name, one in found.items() if unit in one}


def _instructions(figures: Figures) -> Figure:
    figure, all_axes = _axes(3, 2, 9, 8)
    figure.suptitle("Thousands of instructions per event", x=0.01, ha="left", fontsize=11)
    for axes, (scenario, title) in zip(all_axes, WORK.items(), strict=True):
        _bars(axes, title, _of(figures, scenario, "instructions"), "%.1f")
    return figure


def _delivery(figures: Figures) -> Figure:
    figure, (axes,) = _axes(1, 1, 7, 4)
    sizes = [size for size in (10, 100, 1000, 5000) if f"group-{size}" in figures]
    costs = {size: _of(figures, f"group-{size}", "cpu") for size in sizes}
    names = [name for name in TITLES if sum(name in found for found in costs.values()) > 1]
    colors = iter(LINES)
    for name in names:
        points = [(size, found[name]) for size, found in costs.items() if name in found]
        color = ACCENT if name == OURS else QUIET if name == "raw" else next(colors)
        xs, ys = zip(*points, strict=True)
        axes.plot(xs, ys, marker="o", color=color, label=TITLES[name], linewidth=2.5 if name == OURS else 1.2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel("members of the group")
    axes.set_title("CPU time of a delivery to one member, µs")
    axes.yaxis.set_major_formatter("{x:g}")
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def _latency(figures: Figures) -> Figure:
    figure, both = _axes(1, 2, 9, 3)
    for axes, unit in zip(both, ("p50", "p99"), strict=True):
        _bars(axes, f"latency behind uvicorn, {unit}, ms", _of(figures, "uvicorn-text", unit), "%.2f")
    return figure


def _memory(figures: Figures) -> Figure:
    figure, both = _axes(1, 2, 9, 3)
    titles = {"size-text": "bytes of an idle connection", "size-layer": "the same, with a memory layer"}
    for axes, (scenario, title) in zip(both, titles.items(), strict=True):
        _bars(axes, title, _of(figures, scenario, "bytes"), "%.0f")
    return figure


def _load(load: LoadRecord) -> Figure:
    figure, (memory, tasks, latency) = _axes(3, 1, 8, 6)
    seconds = [one.second for one in load.samples]
    _line(memory, "memory of the server, MiB", seconds, [one.memory for one in load.samples], ACCENT)
    _line(tasks, "tasks of its event loop", seconds, [one.tasks for one in load.samples], ACCENT)
    _line(latency, "latency of an answer, ms", seconds, [one.p50 for one in load.samples], ACCENT, "p50")
    _line(latency, "latency of an answer, ms", seconds, [one.p99 for one in load.samples], LINES[0], "p99")
    latency.set_yscale("log")
    latency.minorticks_off()
    latency.yaxis.set_major_formatter("{x:g}")
    latency.legend(ncols=2)
    latency.set_xlabel("seconds")
    return figure


def _line(
    axes: Axes,
    title: str,
    xs: Sequence[float],
    ys: Sequence[float],
    color: str,
    label: str | None = None,
) -> None:
    axes.plot(xs, ys, color=color, label=label, linewidth=1.5)
    axes.set_title(title)
    if label is None:
        axes.set_ylim(0, max(ys) * 1.15)
