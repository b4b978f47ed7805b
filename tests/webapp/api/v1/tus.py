"""A client that speaks tus, for the tests of resumable uploads."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from store.database import db
from store.files import Files
from store.models import Job

CONTENT = b"Song,Date,Number of Plays\nUmbrella,2020-01-02,200\n"
PIECE = {"Content-Type": "application/offset+octet-stream"}


@dataclass(frozen=True)
class Script:
    """A client that speaks tus."""

    client: FlaskClient
    headers: dict[str, str]

    def call(self, method: str, address: str = "/api/v1/uploads", **more: object) -> TestResponse:
        headers = {**self.headers, **more.pop("headers", {})}
        return self.client.open(address, method=method, headers=headers, **more)

    def begin(self, length: int | str = len(CONTENT), said: dict[str, str] | None = None, **headers: str) -> str:
        answer = self.call("POST", headers={"Upload-Length": str(length), **metadata(said or {}), **headers})
        assert answer.status_code == 201, answer.text
        return str(answer.headers["Location"])

    def send(self, address: str, offset: int, piece: bytes, **headers: str) -> TestResponse:
        return self.call("PATCH", address, headers={"Upload-Offset": str(offset), **PIECE, **headers}, data=piece)

    def offset(self, address: str) -> int:
        return int(self.call("HEAD", address).headers["Upload-Offset"])


def metadata(said: dict[str, str]) -> dict[str, str]:
    pairs = [f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items()]
    return {"Upload-Metadata": ",".join(pairs)} if pairs else {}


def incoming(files: Files) -> list[str]:
    return sorted(path.name for path in files.incoming_files())


def jobs(app: Flask) -> list[Job]:
    with app.app_context():
        return list(db.session.scalars(select(Job)))


def broken_off(script: Script, address: str, offset: int, piece: bytes, **headers: str) -> TestResponse:
    """A piece whose connection breaks when these bytes have come."""
    headers |= {"Upload-Offset": str(offset), **PIECE}
    announced = {"CONTENT_LENGTH": str(len(piece) + 10)}
    stream = io.BytesIO(piece)
    return script.call("PATCH", address, headers=headers, input_stream=stream, environ_overrides=announced)
