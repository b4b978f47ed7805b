"""The results of a benchmark: ratios, a Markdown table, lines for the history, and a chart."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.measuring import OURS, Run

HISTORY_COLUMNS = ("date", "commit", "machine", "shape", "seconds", "steps", "peak_mib", "scratch_ratio", "ratios")


@dataclass(frozen=True, slots=True)
class Result:
    """The runs over the file of one shape."""

    shape: str
    file_bytes: int
    runs: tuple[Run, ...]

    def seconds(self, engine: str) -> float:
        """Return the median seconds of the engine's runs."""
        return median(run.seconds for run in self.runs if run.engine == engine)

    def peak_bytes(self, engine: str) -> int:
        """Return the largest peak memory of the engine's runs."""
        return max(run.peak_bytes for run in self.runs if run.engine == engine)

    def engines(self) -> list[str]:
        """Return the engines that ran, ours first."""
        return list(dict.fromkeys(run.engine for run in self.runs))

    def ratios(self) -> dict[str, float]:
        """Return the ratio of our time to that of each other engine."""
        return {engine: self.seconds(OURS) / self.seconds(engine) for engine in self.engines() if engine != OURS}

    def steps(self) -> dict[str, float]:
        """Return the seconds of each of our steps, from our median run."""
        ours = sorted((run for run in self.runs if run.engine == OURS), key=lambda run: run.seconds)
        return ours[len(ours) // 2].steps

    def scratch_ratio(self) -> float:
        """Return the ratio of our peak scratch space to the size of the input."""
        return max(run.scratch_bytes for run in self.runs if run.engine == OURS) / self.file_bytes


def as_markdown(results: list[Result]) -> str:
    """Return a table with a row for each shape and engine."""
    lines = ["| shape | engine | seconds (median) | ours / it | peak memory, MiB |", "|---|---|---|---|---|"]
    for result in results:
        ratios = result.ratios()
        for engine in result.engines():
            ratio = f"{ratios[engine]:.2f}" if engine in ratios else ""
            peak = f"{result.peak_bytes(engine) / (1 << 20):,.0f}"
            lines.append(f"| {result.shape} | {engine} | {result.seconds(engine):.1f} | {ratio} | {peak} |")
    return "\n".join(lines)


def append_history(path: Path, results: list[Result], *, date: str, commit: str, machine: str) -> None:
    """Append a line for each shape; create the file with a header if it is missing."""
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(HISTORY_COLUMNS)
        for result in results:
            steps = " ".join(f"{step}={seconds:.2f}" for step, seconds in result.steps().items())
            ratios = " ".join(f"{engine}={ratio:.2f}" for engine, ratio in result.ratios().items())
            peak = result.peak_bytes(OURS) >> 20
            scratch = f"{result.scratch_ratio():.2f}"
            seconds = f"{result.seconds(OURS):.2f}"
            writer.writerow((date, commit, machine, result.shape, seconds, steps, peak, scratch, ratios))


def draw(path: Path, results: list[Result]) -> None:
    """Draw a chart with a bar for each shape and engine."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(results), figsize=(4 * len(results), 3), layout="constrained", squeeze=False)
    for axis, result in zip(axes[0], results, strict=True):
        engines = result.engines()
        colours = ["#4b3fd1" if engine == OURS else "#b9b7c9" for engine in engines]
        bars = axis.barh(engines, [result.seconds(engine) for engine in engines], color=colours)
        axis.bar_label(bars, fmt="%.1f s", padding=3)
        axis.invert_yaxis()
        axis.margins(x=0.2)
        axis.set_title(f"{result.shape}, {result.file_bytes / 1e9:.1f} GB")
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
