"""Clients of tus as people have them, on lines that break: each file arrives whole, once, and is added up."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.conftest import Site
from tests.end_to_end.cutting import Cut, CuttingProxy

HERE = Path(__file__).parent
CLIENTS = {
    "tuspy": (sys.executable, HERE / "send_by_tuspy.py"),
    "tus-js-client": ("node", HERE / "send_by_tus_js.cjs"),
}
CHUNK = 1 << 20
CUTS = 20
ROWS = 600_000  # 23 MB
A_REQUEST = 4096  # what one weighs beside its body, and more
SEED = int(os.environ.get("CUTS_SEED", "20261125"))


@dataclass
class Sender:
    """A client in a process of its own, which is started again when it was killed."""

    words: Sequence[str | Path]
    starts: int = 0
    _process: subprocess.Popen[str] | None = field(default=None, repr=False)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()

    def send(self, *arguments: str | Path) -> str:
        """Gives what it prints at its end."""
        while True:
            self.starts += 1
            self._process = subprocess.Popen(
                [*self.words, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            printed, errors = self._process.communicate(timeout=300)
            if self._process.returncode == 0:
                return printed.strip()
            assert self._process.returncode == -signal.SIGKILL, errors


def made_up(path: Path, seed: int) -> Counter[tuple[str, str]]:
    """Write plays of few songs on few days; gives the totals."""
    chosen, totals = random.Random(seed), Counter[tuple[str, str]]()
    with path.open("w") as file:
        file.write("Song,Date,Number of Plays\n")
        for _ in range(ROWS):
            song, day, plays = f"Song number {chosen.randrange(300)}", chosen.randrange(1, 29), chosen.randrange(10**6)
            totals[song, f"2020-02-{day:02d}"] += plays
            file.write(f"{song},2020-02-{day:02d},{plays}\n")
    return totals


@pytest.mark.parametrize("name", CLIENTS)
def test_a_file_whose_upload_is_cut_twenty_times_arrives_whole_and_is_added_up(
    running_site: Site, tmp_path: Path, name: str
) -> None:
    client = running_site.client(f"cut-{name}")
    path = tmp_path / "plays.csv"
    totals = made_up(path, SEED + len(name))
    sender = Sender(CLIENTS[name])
    port = int(urlsplit(running_site.base).port or 0)
    with CuttingProxy(port, cuts=CUTS, gap=path.stat().st_size // 15, seed=SEED, kill_client=sender.kill) as line:
        job_id = sender.send(f"{line.base}/api/v1/uploads", client.access, path, str(CHUNK), tmp_path / "addresses")

    print(
        f"seed {SEED}: {path.stat().st_size} bytes, {line.sent} sent, cut {Counter(line.made)}, {sender.starts} starts"
    )
    assert (len(line.made), set(line.made)) == (CUTS, set(Cut))
    pieces = path.stat().st_size // CHUNK + 1
    assert line.sent <= path.stat().st_size + CUTS * CHUNK + (pieces + 3 * CUTS) * A_REQUEST
    result = client.wait(job_id)
    digest = hashlib.sha256()
    for piece in client.download(result["input_file"]):
        digest.update(piece)
    assert digest.hexdigest() == hashlib.sha256(path.read_bytes()).hexdigest()
    (part,) = result["output_files"]
    rows = csv.DictReader(io.StringIO(b"".join(client.download(part["output_file"])).decode()))
    found = {(row["Song"], row["Date"]): int(row["Total Number of Plays for Date"]) for row in rows}
    assert found == totals
    assert list((running_site.data_dir / "incoming").iterdir()) == []
