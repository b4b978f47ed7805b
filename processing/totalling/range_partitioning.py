"""Range partitioning: which bucket a song belongs to, by ranges of songs in code point order.

Ranges, not hashes: buckets in order are then songs in order, so the totals come out fully sorted, and as the same bytes
for any number of buckets.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from processing.arrays import to_arrow, to_numpy

Keys = npt.NDArray[np.uint64]


class Divider(Protocol):
    """What distributes rows over buckets."""

    @property
    def buckets(self) -> int:
        """The number of buckets."""

    def bucket_of(self, rows: pa.RecordBatch) -> npt.NDArray[np.uint16]:
        """Return the bucket of each row, schema arrow_reader.ROWS."""


_WORD = 8
_LONGEST = 256  # bytes of a border
_AT_ONCE = 1 << 14  # keys, whose working set stays in the processor's cache
# Masks for the first n of eight bytes that were read as a little-endian word.
_KEEP = np.array([(1 << (8 * n)) - 1 for n in range(_WORD + 1)], np.uint64)
_LOWEST, _HIGHEST = np.uint64(0), np.uint64((1 << 64) - 1)


@dataclass(frozen=True, slots=True)
class Splitters:
    """The borders between buckets: a prefix that most songs share, and what follows it in each border."""

    prefix: bytes
    suffixes: tuple[bytes, ...]  # ascending, no NUL at the end; bucket i holds from border i - 1 (included) to border i

    @property
    def buckets(self) -> int:
        """The number of buckets."""
        return len(self.suffixes) + 1

    def to_state(self) -> dict[str, Any]:
        """Return the borders as JSON-serializable state."""
        return {"prefix": self.prefix.hex(), "suffixes": [suffix.hex() for suffix in self.suffixes]}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Splitters:
        """Return the borders that were saved."""
        return cls(bytes.fromhex(state["prefix"]), tuple(map(bytes.fromhex, state["suffixes"])))

    def borders(self) -> list[bytes]:
        """Return the borders as songs: the lowest possible one of each bucket but the first."""
        return [self.prefix + suffix for suffix in self.suffixes]

    def bucket_of(self, rows: pa.RecordBatch) -> npt.NDArray[np.uint16]:
        """Return the bucket of each row, schema arrow_reader.ROWS; it never decreases along sorted songs."""
        if not self.suffixes:
            return np.zeros(len(rows), np.uint16)
        songs, longest = rows.column(0), max(map(len, self.suffixes))
        border = np.array([_two_words(suffix) for suffix in self.suffixes], np.uint64)
        key = song_keys(songs, self.prefix)
        first, counts = np.unique(border[:, 0], return_counts=True)
        reached = _borders_passed(first, key)
        bucket = np.concatenate([[0], np.cumsum(counts)]).astype(np.uint16)[reached]
        if longest <= _WORD:
            return bucket
        # Where the first word equals that of a border, the second one decides between the borders that share it.
        level = np.flatnonzero((reached > 0) & (first[np.maximum(reached, 1) - 1] == key))
        second, words = np.unique(border[:, 1]), _second_words(songs, len(self.prefix), level)
        passed = _borders_passed(second, words)
        bucket[level] = _shared_borders(border, first, second)[reached[level] - 1, passed]
        if longest > 2 * _WORD:
            below = border[np.maximum(bucket[level], 1) - 1]
            self._settle(bucket, songs, level[(below[:, 0] == key[level]) & (below[:, 1] == words)])
        return bucket

    def _settle(self, bucket: npt.NDArray[np.uint16], songs: pa.Array, undecided: npt.NDArray[np.intp]) -> None:
        """Compare whole songs where both words equal those of a border: they are few, and fewer are distinct."""
        coded = songs.take(to_arrow(undecided)).cast(pa.binary()).dictionary_encode()
        borders = self.borders()
        found = np.array([bisect_right(borders, song) for song in coded.dictionary.to_pylist()], np.uint16)
        if len(undecided):
            bucket[undecided] = found[to_numpy(coded.indices)]


@dataclass(frozen=True, slots=True)
class DaySplitters:
    """The borders around and within one song too big for a bucket: before it, between its days, after it."""

    song: str
    days: tuple[int, ...]  # ascending; days since 1970-01-01 at which the song's next bucket begins

    @property
    def buckets(self) -> int:
        """The number of buckets."""
        return len(self.days) + 3

    def bucket_of(self, rows: pa.RecordBatch) -> npt.NDArray[np.uint16]:
        """Return the bucket of each row, schema arrow_reader.ROWS; it never decreases along sorted rows."""
        songs = rows.column(0)
        found = 1 + np.searchsorted(np.array(self.days, np.int32), rows.column(1).to_numpy(), side="right")
        found[pc.less(songs, self.song).to_numpy(zero_copy_only=False)] = 0
        found[pc.greater(songs, self.song).to_numpy(zero_copy_only=False)] = self.buckets - 1
        bucket: npt.NDArray[np.uint16] = found.astype(np.uint16)
        return bucket


def choose_splitters(sample: list[bytes], buckets: int) -> Splitters:
    """Return borders that distribute the sampled songs evenly over at most ``buckets`` buckets."""
    if buckets < 2 or not sample:
        return Splitters(b"", ())
    ordered = sorted(sample)
    # A few odd songs must not hide the prefix of all others; they land in the first or last bucket.
    margin = len(ordered) // 100
    prefix = _shared_prefix(ordered[margin], ordered[-1 - margin])
    suffixes = [song[len(prefix) :] for song in ordered if song.startswith(prefix)]
    borders = {suffixes[number * len(suffixes) // buckets][:_LONGEST] for number in range(1, buckets)}
    # Short borders are compared faster, and do as well if they stay distinct.
    for length in (2 * _WORD, _WORD):
        shorter = {border[:length] for border in borders}
        borders = shorter if len(shorter) == len(borders) else borders
    # Without NULs at their ends borders compare as words, which are padded with them, just as they do as songs.
    # A border at or below the lowest song would separate nothing.
    chosen = sorted({border.rstrip(b"\0") for border in borders})
    chosen = [border for border in chosen if border > suffixes[0] and _LOWEST < _two_words(border)[0] < _HIGHEST]
    return Splitters(prefix, tuple(chosen))


def song_keys(songs: pa.Array, prefix: bytes) -> Keys:
    """Return the eight bytes after the prefix as numbers that sort as the songs do.

    Songs without the prefix get the lowest or highest key, by the side on which they sort.
    """
    offsets, data = _offsets_of(songs), songs.buffers()[2]
    starts = offsets[:-1].astype(np.int64)
    lengths = np.diff(offsets).astype(np.int64)
    text = np.frombuffer(data if data is not None else b"", np.uint8)
    keys = _words(text, starts + len(prefix), lengths - len(prefix))
    undecided = np.ones(len(keys), bool)
    for place in range(0, len(prefix), _WORD):
        piece = prefix[place : place + _WORD]
        wanted = np.uint64(int.from_bytes(piece.ljust(_WORD, b"\0"), "big"))
        found = _words(text, starts + place, np.minimum(lengths - place, len(piece)))
        keys[undecided & (found < wanted)] = _LOWEST
        keys[undecided & (found > wanted)] = _HIGHEST
        undecided &= found == wanted
    return keys


def _second_words(songs: pa.Array, prefix: int, chosen: npt.NDArray[np.intp]) -> Keys:
    """Return the eight bytes after the first word of the chosen songs, as song_keys() does."""
    offsets, data = _offsets_of(songs), songs.buffers()[2]
    text = np.frombuffer(data if data is not None else b"", np.uint8)
    skipped = prefix + _WORD
    return _words(text, offsets[chosen].astype(np.int64) + skipped, np.diff(offsets)[chosen].astype(np.int64) - skipped)


def _two_words(suffix: bytes) -> tuple[int, int]:
    padded = suffix[: 2 * _WORD].ljust(2 * _WORD, b"\0")
    return int.from_bytes(padded[:_WORD], "big"), int.from_bytes(padded[_WORD:], "big")


def _shared_borders(border: Keys, first: Keys, second: Keys) -> npt.NDArray[np.uint16]:
    """Return the bucket by index of the first word in ``first`` and number of words of ``second`` reached."""
    found = np.zeros((len(first), len(second) + 1), np.int64)
    np.add.at(found, (np.searchsorted(first, border[:, 0]), np.searchsorted(second, border[:, 1]) + 1), 1)
    before = np.concatenate([[0], np.cumsum(found.sum(axis=1))[:-1]])
    return (before[:, None] + np.cumsum(found, axis=1)).astype(np.uint16)


def _borders_passed(borders: Keys, keys: Keys) -> npt.NDArray[np.uint16]:
    """Return the number of borders that each key reaches: branchless searchsorted, twice as fast on random keys."""
    width = 1 << len(borders).bit_length()
    padded = np.full(width, _HIGHEST, np.uint64)
    padded[: len(borders)] = borders
    passed = np.empty(len(keys), np.uint16)
    for start in range(0, len(keys), _AT_ONCE):
        piece = keys[start : start + _AT_ONCE]
        place = np.zeros(len(piece), np.intp)
        step = width >> 1
        while step:
            place += (piece >= padded[place + (step - 1)]) * step
            step >>= 1
        passed[start : start + _AT_ONCE] = np.minimum(place, len(borders))
    return passed


def _shared_prefix(one: bytes, other: bytes) -> bytes:
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return one[:place]
    return min(one, other, key=len)


def _offsets_of(songs: pa.Array) -> npt.NDArray[np.int32]:
    return np.frombuffer(songs.buffers()[1], np.int32, len(songs) + 1, songs.offset * 4)


def _words(text: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> Keys:
    """Return up to eight bytes from each start as big-endian numbers, padded with zeros."""
    if len(text) < _WORD:
        text = np.concatenate([text, np.zeros(_WORD, np.uint8)])
    # One overlapping word for each byte of the text: a gather instead of eight.
    words: Keys = np.ndarray((len(text) - _WORD + 1,), "<u8", text, strides=(1,))
    last = len(words) - 1
    found = words[np.minimum(starts, last)]
    late = np.flatnonzero(starts > last)  # these would read past the end, so read the last word and shift
    if len(late):
        shift = np.minimum(starts[late] - last, _WORD - 1).astype(np.uint64) * np.uint64(8)
        found[late] >>= shift
    found &= _KEEP[np.clip(lengths, 0, _WORD)]
    return found.byteswap()
