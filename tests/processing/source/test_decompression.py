"""Unpacking: all members, nothing after damage, and no bomb."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processing.errors import RefusedError
from processing.file_types import find_compression, only_member
from processing.options import Options
from processing.source import decompression
from processing.source.decompression import Unpacked
from tests.examples import examples

TEXT = b"".join(b"Song %d,2024-03-%02d,%d\n" % (n % 70, n % 28 + 1, n * n) for n in range(3000))


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


def zipped(data: bytes, name: str = "plays.csv") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file.getvalue()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd,
    "zip": zipped,
}
EACH = pytest.mark.parametrize("compression", PACK)


def unpack(packed: bytes, folder: Path, options: Options | None = None, *, size: int = 1000) -> bytes:
    """All bytes that come out, the kind told by the first ones as for an upload."""
    source = folder / "upload"
    source.write_bytes(packed)
    compression = find_compression(packed[:4096])
    assert compression is not None
    with Unpacked(source, compression, options or Options()) as unpacked:
        pieces = list(iter(lambda: unpacked.read(size), b""))
        assert max(map(len, pieces), default=0) <= size
        assert 0.9 < unpacked.fraction <= 1
        return b"".join(pieces)


@EACH
def test_what_was_packed_comes_out(compression: str, tmp_path: Path) -> None:
    assert unpack(PACK[compression](TEXT), tmp_path) == TEXT


@pytest.mark.parametrize("compression", ["gzip", "bzip2", "xz", "zstd"])
def test_several_members_come_out_one_behind_another(compression: str, tmp_path: Path) -> None:
    pack = PACK[compression]
    assert unpack(pack(TEXT[:5000]) + pack(b"") + pack(TEXT[5000:]), tmp_path, size=77) == TEXT


@pytest.mark.parametrize("zeros", [1, decompression._PACKED_AT_ONCE, 3 * decompression._PACKED_AT_ONCE])
def test_what_comes_behind_zeros_that_fill_up_a_member_is_not_lost(zeros: int, tmp_path: Path) -> None:
    packed = gzip.compress(TEXT[:5000]) + bytes(zeros) + gzip.compress(TEXT[5000:]) + bytes(zeros)
    assert unpack(packed, tmp_path) == TEXT


@EACH
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0.05, 1, exclude_max=True))
def test_a_file_that_is_cut_off_is_refused(compression: str, place: float, tmp_path: Path) -> None:
    packed = PACK[compression](TEXT)
    with pytest.raises(RefusedError) as refusal:
        unpack(packed[: max(int(len(packed) * place), 12)], tmp_path)
    assert refusal.value.code == "archive_damaged"


@pytest.mark.parametrize("compression", ["gzip", "bzip2", "xz", "zip"])  # Arrow's zstd carries no checksum
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 30))
def test_a_file_with_a_changed_byte_is_refused_or_none_of_its_content_changed(
    compression: str, seed: int, tmp_path: Path
) -> None:
    packed, draw = bytearray(PACK[compression](TEXT)), random.Random(seed)
    packed[draw.randrange(20, len(packed))] ^= 1 << draw.randrange(8)
    try:
        assert unpack(bytes(packed), tmp_path) == TEXT
    except RefusedError as refusal:
        assert refusal.code.startswith("archive_")  # noqa: PT017 - either end is right


@EACH
def test_a_bomb_is_refused_by_its_ratio_once_it_is_large(
    compression: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decompression, "FREE_BYTES", 1 << 20)
    bomb = PACK[compression](b"A,2024-01-01,1\n" * 400_000)
    with pytest.raises(RefusedError) as refusal:
        unpack(bomb, tmp_path, Options(max_unpacked_ratio=50), size=1 << 16)
    assert (refusal.value.key, refusal.value.params["packed"]) == ("unpacks_too_large", len(bomb))
    assert 1_000_000 <= refusal.value.params["unpacked"] < 2_000_000


@EACH
def test_a_file_that_unpacks_to_more_than_is_allowed_is_refused(compression: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as refusal:
        unpack(PACK[compression](TEXT), tmp_path, Options(max_unpacked_bytes=len(TEXT) - 1))
    assert refusal.value.key == "unpacks_too_large"
    assert unpack(PACK[compression](TEXT), tmp_path, Options(max_unpacked_bytes=len(TEXT))) == TEXT


def test_a_zip_may_hold_folders_and_what_systems_leave_in_it(tmp_path: Path) -> None:
    source = tmp_path / "in.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("reports/", b"")
        archive.writestr("reports/plays.csv", TEXT)
        archive.writestr("__MACOSX/reports/._plays.csv", b"x")
        archive.writestr("reports/.DS_Store", b"x")
    assert only_member(source).filename == "reports/plays.csv"
