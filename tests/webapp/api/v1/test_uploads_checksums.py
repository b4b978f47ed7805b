"""Pieces that come with a checksum count when they are proved."""

from __future__ import annotations

import base64
import hashlib

import pytest
from flask import Flask

from store import resumable_uploads
from store.files import Files
from tests.webapp.api.v1.tus import CONTENT, Script, broken_off


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512", "md5"])
def test_a_piece_that_does_not_come_to_its_checksum_is_460_and_counts_for_nothing(
    script: Script, algorithm: str
) -> None:
    def checksum(piece: bytes) -> dict[str, str]:
        digest = hashlib.new(algorithm, piece).digest()
        return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}

    address = script.begin()
    assert script.send(address, 0, CONTENT[:9], **checksum(CONTENT[:9])).status_code == 204
    answer = script.send(address, 9, CONTENT[9:], **checksum(b"other"))
    assert (answer.status_code, answer.json["status"]) == (460, 460)
    assert script.offset(address) == 9
    assert "Playtally-Job" in script.send(address, 9, CONTENT[9:], **checksum(CONTENT[9:])).headers


def test_a_piece_with_a_checksum_that_breaks_off_counts_for_nothing(script: Script) -> None:
    address = script.begin()
    script.send(address, 0, CONTENT[:9])
    sha1 = base64.b64encode(hashlib.sha1(CONTENT[9:]).digest()).decode()
    assert broken_off(script, address, 9, CONTENT[9:15], **{"Upload-Checksum": f"sha1 {sha1}"}).status_code == 400
    assert script.offset(address) == 9
    assert "Playtally-Job" in script.send(address, 9, CONTENT[9:]).headers


def test_bytes_that_a_killed_process_left_unproved_count_for_nothing(app: Flask, script: Script, files: Files) -> None:
    address = script.begin()
    script.send(address, 0, CONTENT[:9])
    upload_id = address.rpartition("/")[2]
    with app.app_context():
        resumable_uploads.expect_proof(upload_id, 9)
    with files.paths.incoming(upload_id).open("ab") as file:
        file.write(b"unproved")
    assert script.offset(address) == 9
    script.send(address, 9, CONTENT[9:12])
    assert script.offset(address) == 12


@pytest.mark.parametrize("checksum", ["crc32 AAAA", "sha1", "sha1 ***", "", "sha1 AAAA, md5 AAAA"])
def test_a_checksum_that_is_none_is_400_or_460(script: Script, checksum: str) -> None:
    address = script.begin()
    assert script.send(address, 0, CONTENT, **{"Upload-Checksum": checksum}).status_code in (400, 460)
    assert script.offset(address) == 0
