"""Columns converted between numpy and Arrow without a copy, and without pandas, which Arrow's own functions import."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def to_arrow(values: npt.NDArray[Any]) -> pa.Array:
    """Return integers as an Arrow array of the same type."""
    values = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def to_numpy(column: pa.Array) -> npt.NDArray[Any]:
    """Return an Arrow array of integers, or of dates (as days since 1970-01-01), without nulls as a numpy array."""
    assert not column.null_count
    dtype = np.dtype(np.int32 if column.type == pa.date32() else str(column.type))
    return np.frombuffer(column.buffers()[1], dtype, len(column), column.offset * dtype.itemsize)


def texts_to_arrow(texts: list[bytes]) -> pa.Array:
    """Return byte strings as a binary Arrow array."""
    offsets = np.zeros(len(texts) + 1, np.int32)
    np.cumsum([len(text) for text in texts], out=offsets[1:])
    return pa.Array.from_buffers(pa.binary(), len(texts), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))])


def text_scalar(text: str) -> pa.Scalar:
    """Return a text as a string scalar, which compute functions accept next to arrays."""
    return texts_to_arrow([text.encode()]).view(pa.string())[0]
