"""Sending files: parts whole or by range, several as one zip that is made while it is sent."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Response, abort, send_file
from zipstream import ZIP_STORED, ZipStream

from store.files import REJECTED
from store.models import Job, Part
from webapp.resources import resources


def send_part(part: Part) -> Response:
    """One output file; knows Range, If-Range and If-None-Match by its sha256."""
    return _send(_path(part.job, part.name), part_name(part), etag=part.sha256)


def send_input(job: Job) -> Response:
    """The file as it was uploaded, under a safe form of its name."""
    path = resources().files.upload(job.upload_id)
    return _send(path, f"{stem(job.upload.name)}.csv", etag=job.upload.sha256)


def send_left_out(job: Job) -> Response:
    """The rows that were left out; 404 where there are none."""
    return _send(_path(job, REJECTED), _left_out_name(job), etag=True)


def send_zip(job: Job) -> Response:
    """All parts, and the rows left out, stored in one zip whose length is known before it begins."""
    archive = ZipStream(compress_type=ZIP_STORED, sized=True)
    for part in job.parts:
        archive.add_path(_existing(_path(job, part.name)), part_name(part))
    if _path(job, REJECTED).exists():
        archive.add_path(_path(job, REJECTED), _left_out_name(job))
    answer = Response(iter(archive), mimetype="application/zip")
    answer.content_length = len(archive)
    answer.headers.set("Content-Disposition", "attachment", filename=f"{stem(job.upload.name)}-totals.zip")
    return answer


def part_name(part: Part) -> str:
    """What a downloaded part is called: plays-2024-03.csv, part 1 -> plays-2024-03-totals-00001.csv"""
    return f"{stem(part.job.upload.name)}-totals-{part.number:05d}.csv"


def stem(upload_name: str) -> str:
    """The name of an upload made safe for any disk: no folders, no leading dots, no odd characters, no ending."""
    base = re.split(r"[/\\]", upload_name)[-1]
    base = re.sub(r"(\.(csv|txt|tsv|gz|zip|bz2|xz|zst))+$", "", base, flags=re.IGNORECASE)
    return re.sub(r"[^\w.-]+", "_", base).strip("._")[:80] or "plays"


def _send(path: Path, name: str, etag: str | bool) -> Response:
    return send_file(
        _existing(path), mimetype="text/csv", as_attachment=True, download_name=name, conditional=True, etag=etag
    )


def _existing(path: Path) -> Path:
    if not path.is_file():
        abort(404)
    return path


def _path(job: Job, name: str) -> Path:
    return resources().files.result(job.id, job.attempt, name)


def _left_out_name(job: Job) -> str:
    return f"{stem(job.upload.name)}-left-out.csv"
