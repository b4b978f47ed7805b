"""The client's resumable uploads, against a site with mishaps."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.static.conftest import CLIENT
from tests.static.tus_stub import JOB, KEPT_OF_A_CUT_PIECE, TusStub


@pytest.fixture
def stub() -> Iterator[TusStub]:
    with TusStub() as stub:
        threading.Thread(target=stub.serve_forever).start()
        yield stub
        stub.shutdown()


@pytest.fixture
def client(module: ModuleType, stub: TusStub) -> Any:
    return module.Client(stub.base, "first")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "plays é.csv"
    path.write_bytes(os.urandom(10_001))
    return path


def test_a_file_arrives_in_pieces_with_its_name_and_options(client: Any, stub: TusStub, path: Path) -> None:
    assert client.upload(path, {"bad_rows": "skip"}) == JOB
    assert stub.content == path.read_bytes()
    metadata = dict(entry.split(" ") for entry in stub.metadata.split(","))
    values = {name: base64.b64decode(value).decode() for name, value in metadata.items()}
    assert values == {"filename": "plays é.csv", "bad_rows": "skip"}


@pytest.mark.parametrize("mishaps", [["cut"], ["lost"], ["", "", "lost"], ["busy", "conflict", "", "cut", "lost"]])
def test_a_file_arrives_whole_whatever_happens(client: Any, stub: TusStub, path: Path, mishaps: list[str]) -> None:
    stub.mishaps = mishaps
    assert client.upload(path) == JOB
    assert stub.content == path.read_bytes()
    assert stub.made == 1


def test_a_site_that_never_recovers_is_given_up(client: Any, stub: TusStub, path: Path, module: ModuleType) -> None:
    stub.mishaps = ["busy"] * 100
    with pytest.raises(module.Failure, match="503"):
        client.upload(path)
    assert len(stub.mishaps) == 100 - 4


@pytest.mark.usefixtures("processes")
def test_killed_in_mid_upload_it_goes_on_where_it_was(client: Any, stub: TusStub, path: Path) -> None:
    stub.mishaps = ["hold"]
    command = [sys.executable, str(CLIENT), "--site", stub.base, "--token", "first", "upload", str(path)]
    killed = subprocess.Popen(command)
    assert stub.stands.wait(30)
    killed.kill()
    killed.wait()
    assert len(stub.content) == KEPT_OF_A_CUT_PIECE
    assert client.upload(path) == JOB
    assert stub.content == path.read_bytes()
    assert stub.made == 1


def test_a_file_that_changed_meanwhile_begins_again(client: Any, stub: TusStub, path: Path, module: ModuleType) -> None:
    stub.mishaps = ["cut", *["busy"] * 4]
    with pytest.raises(module.Failure):
        client.upload(path)
    path.write_bytes(os.urandom(9_000))
    assert client.upload(path) == JOB
    assert stub.content == path.read_bytes()
    assert stub.made == 2


def test_an_upload_that_the_site_forgot_begins_again(
    client: Any, stub: TusStub, path: Path, module: ModuleType
) -> None:
    stub.mishaps = ["cut", *["busy"] * 4]
    with pytest.raises(module.Failure):
        client.upload(path)
    stub.made, stub.content = 0, b""
    assert client.upload(path) == JOB
    assert stub.made == 1


def test_a_file_sent_before_goes_on_with_that_job(client: Any, stub: TusStub, path: Path) -> None:
    stub.refusal = {"detail": "You already uploaded this file.", "job": JOB}
    assert client.upload(path, {"bad_rows": "skip"}) == JOB


def test_a_token_that_runs_out_in_mid_upload_is_renewed(client: Any, stub: TusStub, path: Path) -> None:
    client.refresh, stub.access = "refresh", "not the first"
    assert client.upload(path) == JOB
    assert client.token == "second"


@pytest.fixture
def certificate(stub: TusStub, tmp_path: Path) -> Path:
    """The certificate, signed by nobody else, with which the site speaks HTTPS from now on."""
    made, key = tmp_path / "made.pem", tmp_path / "key.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    words += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", made, "-keyout", key]
    subprocess.run(words, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    stub.socket = context.wrap_socket(stub.socket, server_side=True)
    stub.base = stub.base.replace("http:", "https:")
    return made


def test_a_certificate_is_checked(
    stub: TusStub, certificate: Path, path: Path, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(module.Failure, match=r"The certificate of https:.* is not good") as failure:
        module.Client(stub.base, "first").upload(path)
    assert failure.value.exit_code == 2
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert module.Client(stub.base, "first").upload(path) == JOB
