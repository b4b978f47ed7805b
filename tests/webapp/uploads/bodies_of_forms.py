"""Bodies of multipart forms, and what is received of them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, Any

from flask import Request

from store.files import Files
from webapp.uploads import multipart
from webapp.uploads.multipart import Limits, ReceivedForm, receive

BOUNDARY = "gCu7-boundary"
CONTENT = b"Song,Date,Number of Plays\r\n--almost a boundary\r\n\r\n" * 1000
NO_LIMITS = Limits()
END = f"--{BOUNDARY}--\r\n".encode()


class GoneError(Exception):
    """Stands for whatever a check says."""


def field(name: str, value: str) -> bytes:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def file(content: bytes, name: str = "plays.csv", to: str = "file") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{to}"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n"


def request_with(body: bytes | IO[bytes], length: int | None = None, **environ: Any) -> Request:
    stream = io.BytesIO(body) if isinstance(body, bytes) else body
    return Request(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
            "CONTENT_LENGTH": str(len(body) if isinstance(body, bytes) and length is None else length),
            "wsgi.input": stream,
            **environ,
        }
    )


def taken(
    request: Request, files: Files, limits: Limits = NO_LIMITS, check: multipart.Check = lambda fields: None
) -> tuple[ReceivedForm, list[bytes]]:
    with receive(request, files, limits=limits, check=check) as form:
        return form, [one.path.read_bytes() for one in form.received]


def incoming(files: Files) -> list[Path]:
    return list((files.data_dir / "incoming").iterdir())
