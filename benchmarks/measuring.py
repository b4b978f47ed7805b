"""Measurement of one run of an engine in its own process: seconds, memory, scratch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

OURS = "Playtally"
WITHOUT_KERNEL = "Playtally, no kernel"
BAD_ROWS = "Playtally, 1 % bad rows"
VARIANTS: dict[str, tuple[str, ...]] = {OURS: (), WITHOUT_KERNEL: ("--no-kernel",), BAD_ROWS: ("--bad-rows", "skip")}


@dataclass(frozen=True, slots=True)
class Run:
    """The measurements of one run."""

    engine: str
    seconds: float
    peak_bytes: int  # largest ru_maxrss of the process, mapped pages included
    scratch_bytes: int  # peak size of the output folder, minus its size at the end
    steps: dict[str, float] = field(default_factory=dict)  # seconds of each step, ours only


def measure(engine: str, source: Path, folder: Path) -> Run:
    """Run an engine over the file, in a temporary folder below ``folder``; raise RuntimeError if it fails."""
    output = Path(tempfile.mkdtemp(prefix=f"{engine}-", dir=folder))
    is_ours = engine in VARIANTS
    if is_ours:
        module = ["processing", str(source), str(output), "--json", *VARIANTS[engine]]
    else:
        module = ["benchmarks.rivals", engine, str(source), str(output)]
    with Watch(output) as watch, tempfile.TemporaryFile() as answer:
        began = time.monotonic()
        process = subprocess.Popen([sys.executable, "-m", *module], stdout=answer, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        answer.seek(0)
        report = json.loads(answer.read()) if is_ours and not process.returncode else {}
    left = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    shutil.rmtree(output, ignore_errors=True)
    if process.returncode:
        raise RuntimeError(f"{engine} on {source.name} ended with {process.returncode}")
    return Run(engine, seconds, usage.ru_maxrss << 10, max(watch.most - left, 0), report.get("seconds", {}))


class Watch:
    """A watch over a folder that records its peak size in bytes, twice a second."""

    def __init__(self, folder: Path) -> None:
        self.most = 0
        self._folder = folder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.5):
            total = 0
            for folder, _folders, files in os.walk(self._folder):
                for name in files:
                    try:
                        total += Path(folder, name).stat().st_blocks * 512
                    except FileNotFoundError:
                        continue
            self.most = max(self.most, total)
