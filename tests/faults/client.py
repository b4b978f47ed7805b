"""A client of the site that takes note of every answer, and of none."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from launcher.client import Client
from tests.faults.files import PlayFile

PATIENCE = 90  # seconds for an answer; a locked database is waited for


@dataclass(frozen=True, slots=True)
class Reply:
    """What the site answered, and how long that took."""

    status: int
    body: bytes
    headers: dict[str, str]
    seconds: float

    def json(self) -> dict[str, Any]:
        """The body, empty where it is not an object."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def ask(
    base: str, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Reply | None:
    """One request; None when nobody listened, or the connection broke before the answer was whole."""
    began = time.monotonic()
    connection = HTTPConnection(urlsplit(base).netloc, timeout=PATIENCE)
    try:
        connection.request(method, path, body, (headers or {}) | {"Connection": "close"})
        with connection.getresponse() as answer:
            found = answer.read()
            return Reply(answer.status, found, dict(answer.headers), time.monotonic() - began)
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class Caller:
    """An account of the API; no call raises because the site is away."""

    base: str
    access: str

    @classmethod
    def login(cls, base: str, name: str, password: str) -> Caller:
        """Log in on a site that is well."""
        return cls(base, Client.login(base, name, password).access)

    def upload(self, file: PlayFile) -> Reply | None:
        """Send a file whole."""
        body, kind = form(file)
        return ask(self.base, "POST", "/api/process_file/", body, self.token() | {"Content-Type": kind})

    def get(self, path: str) -> Reply | None:
        """Ask for a path, or for an address as the site gives them."""
        return ask(self.base, "GET", urlsplit(path).path, None, self.token())

    def job(self, job_id: str) -> Reply | None:
        """All about a job."""
        return self.get(f"/api/v1/jobs/{job_id}")

    def result(self, job_id: str) -> Reply | None:
        """What came of a job."""
        return self.get(f"/api/csv_task_result/{job_id}/")

    def token(self) -> dict[str, str]:
        """The header that says who calls."""
        return {"Authorization": f"Bearer {self.access}"}


def form(file: PlayFile) -> tuple[bytes, str]:
    """The body that carries a file, and its content type."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
    return head.encode() + file.data + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
