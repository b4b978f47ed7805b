"""A small client of the JSON API that uses only the standard library, as a script elsewhere might."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PIECE = 1 << 20
TOO_EARLY = 425


class ApiError(Exception):
    """An unexpected response, with its ``status`` and ``body``."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"the site answered {status}: {body}")
        words = body.get("message") if isinstance(body, dict) else None
        self.sentence = words or f"The site answered with the code {status}."
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class Client:
    """A logged-in session of an account."""

    base: str  # such as http://127.0.0.1:8000
    access: str

    @classmethod
    def login(cls, base: str, username: str, password: str) -> Client:
        """Log in; raise ApiError if name or password are wrong, OSError if the site is unreachable."""
        body = json.dumps({"username": username, "password": password}).encode()
        answer = _json(_request(base, "POST", "/api/login/", body, {"Content-Type": "application/json"}))
        return cls(base, answer["access"])

    def upload(self, path: Path) -> str:
        """Upload a file in chunks; return the id of its job, or of the earlier one if the file was sent before."""
        boundary = uuid.uuid4().hex
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n'
            "Content-Type: text/csv\r\n\r\n"
        ).encode()
        tail = f"\r\n--{boundary}--\r\n".encode()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + path.stat().st_size + len(tail)),
        }
        body = _pieces(head, path, tail)
        try:
            answer = _json(_request(self.base, "POST", "/api/process_file/", body, headers | self._token()))
        except ApiError as error:
            if error.status != 409:
                raise
            answer = error.body
        return str(answer["uuid"])

    def result(self, job_id: str) -> dict[str, Any]:
        """Return the result of a job; raise ApiError with status 425 while it has not ended, 406 if it failed."""
        return _json(_request(self.base, "GET", f"/api/csv_task_result/{job_id}/", None, self._token()))

    def wait(self, job_id: str, seconds: float = 3600, pause: float = 0.5) -> dict[str, Any]:
        """Poll until the job has ended; raise TimeoutError after ``seconds``, ApiError if the job failed."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.result(job_id)
            except ApiError as error:
                if error.status != TOO_EARLY:
                    raise
            if time.monotonic() > deadline:
                raise TimeoutError(f"job {job_id} has not ended after {seconds:g} seconds")
            time.sleep(pause)

    def download(self, address: str) -> Iterator[bytes]:
        """Yield the bytes of an output file in chunks, from an address that :meth:`result` returned."""
        split = urlsplit(address)
        answer = _request(self.base, "GET", f"{split.path}?{split.query}".rstrip("?"), None, self._token())
        if answer.status != 200:
            raise ApiError(answer.status, answer.read())
        with answer:
            while piece := answer.read(PIECE):
                yield piece

    def _token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}


def _request(
    base: str, method: str, path: str, body: bytes | Iterator[bytes] | None, headers: dict[str, str]
) -> HTTPResponse:
    connection = HTTPConnection(urlsplit(base).netloc, timeout=600)
    connection.request(method, path, body, headers | {"Connection": "close"})
    return connection.getresponse()


def _json(answer: HTTPResponse) -> dict[str, Any]:
    with answer:
        text = answer.read()
    try:
        body: dict[str, Any] = json.loads(text)
    except ValueError:
        raise ApiError(answer.status, text[:500]) from None
    if answer.status not in (200, 201):
        raise ApiError(answer.status, body)
    return body


def _pieces(head: bytes, path: Path, tail: bytes) -> Iterator[bytes]:
    yield head
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            yield piece
    yield tail
