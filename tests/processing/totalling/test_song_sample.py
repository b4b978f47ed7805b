"""Songs for the borders of buckets: from all over a file, and from all over a stream that is sorted."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from processing.inspection.inspect import inspect
from processing.options import Options
from processing.totalling import song_sample
from processing.totalling.song_sample import sample_songs, text_bytes

LINES = [b"Song %06d,2024-01-31,1\n" % number for number in range(60_000)]


def songs_in(data: bytes, folder: Path) -> list[bytes]:
    source = folder / "in"
    source.write_bytes(data)
    return sample_songs(source, inspect(source), Options(), 500)


@pytest.mark.parametrize("is_packed", [False, True], ids=["file", "stream"])
@pytest.mark.parametrize("is_sorted", [False, True], ids=["shuffled", "sorted"])
def test_songs_come_from_all_over(
    is_packed: bool, is_sorted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(song_sample, "_STREAM_BYTES", 100_000)
    lines = LINES if is_sorted else random.Random(1).sample(LINES, len(LINES))
    data = b"Song,Date,Plays\n" + b"".join(lines)
    songs = songs_in(gzip.compress(data) if is_packed else data, tmp_path)
    assert len(songs) >= 400
    assert min(songs) < b"Song 006000"
    assert max(songs) > b"Song 045000"


def test_the_text_of_a_stream_is_estimated_by_its_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(song_sample, "_STREAM_BYTES", 400_000)
    data = b"Song,Date,Plays\n" + b"".join(random.Random(1).sample(LINES, len(LINES)))
    source = tmp_path / "in"
    source.write_bytes(gzip.compress(data))
    assert 0.4 < text_bytes(source, inspect(source), Options()) / len(data) < 2
    source.write_bytes(data)
    assert text_bytes(source, inspect(source), Options()) == len(data) - len(b"Song,Date,Plays\n")
