"""Responses with files: parts, whole or by range, and zips that are generated while they are sent.

Files for a spreadsheet are escaped while they are sent, so they have no Content-Length, ranges or ETag.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from flask import Response, abort, request, send_file
from zipstream import ZIP_STORED, ZipStream

from store.files import REJECTED
from store.models import Job, Part
from webapp.app_context import resources
from webapp.downloads.formula_escaping import pieces_of, safe_table, safe_totals

_CSV, _SPREADSHEET = ".csv", "-spreadsheet.csv"  # endings of names
# The extensions of a compressed file: csv.gz, zip.
_PACKED = re.compile(r"(\.(csv|txt|tsv))?\.(gz|zip|bz2|xz|zst)$", re.IGNORECASE)

_RANGE = re.compile(
    r"bytes=(?:-([0-9]{1,18})|([0-9]{1,18})-([0-9]{0,18}))"
)  # a single range: the last n bytes, or from-to
_LOST = (
    "This file is no longer on our disk; that is a fault on our side. Delete its job, then upload your own file again."
)


def send_part(part: Part) -> Response:
    """Send a part; supports Range, and conditional requests with its sha256 as ETag."""
    return _send(_existing_part(part), part_name(part), part.media_type, etag=part.sha256)


def send_part_for_spreadsheet(part: Part) -> Response:
    """Send a part with formulas escaped."""
    return _stream(safe_totals(pieces_of(_existing_part(part))), "text/csv", part_name(part, _SPREADSHEET))


def send_input(job: Job) -> Response:
    """Send the file as it was uploaded, under a safe form of its name."""
    path = resources().files.upload(job.upload_id)
    packed = _PACKED.search(job.upload.name)
    name = stem(job.upload.name) + (packed[0].lower() if packed else _CSV)
    return _send(_existing(path), name, "text/csv", etag=job.upload.sha256)


def send_left_out(job: Job) -> Response:
    """Send the rows left out; 404 if there are none."""
    return _send(_existing(_path(job, REJECTED)), _left_out_name(job), "text/csv", etag=True)


def send_left_out_for_spreadsheet(job: Job) -> Response:
    """Send the rows left out with formulas escaped."""
    path = _existing(_path(job, REJECTED))
    return _stream(safe_table(path), "text/csv", _left_out_name(job, _SPREADSHEET))


def send_zip(job: Job) -> Response:
    """Send all parts and the rows left out, stored in one zip whose length is known in advance."""
    archive = ZipStream(compress_type=ZIP_STORED, sized=True)
    for part in job.parts:
        archive.add_path(_existing_part(part), part_name(part))
    if _path(job, REJECTED).exists():
        archive.add_path(_path(job, REJECTED), _left_out_name(job))
    answer = Response(iter(archive), mimetype="application/zip")
    answer.content_length = len(archive)
    _name(answer, f"{stem(job.upload.name)}-totals.zip")
    return answer


def send_zip_for_spreadsheet(job: Job) -> Response:
    """Send all parts and the rows left out in one zip, with formulas escaped."""
    archive = ZipStream(compress_type=ZIP_STORED)
    for part in job.parts:
        archive.add(safe_totals(pieces_of(_existing_part(part))), part_name(part, _SPREADSHEET))
    if _path(job, REJECTED).exists():
        archive.add(safe_table(_path(job, REJECTED)), _left_out_name(job, _SPREADSHEET))
    return _stream(iter(archive), "application/zip", f"{stem(job.upload.name)}-totals-spreadsheet.zip")


def part_name(part: Part, ending: str | None = None) -> str:
    """Return the file name of a downloaded part: plays-2024-03.csv, part 1 -> plays-2024-03-totals-00001.csv"""
    return f"{stem(part.job.upload.name)}-totals-{part.number:05d}{ending or Path(part.name).suffix}"


def stem(upload_name: str) -> str:
    """Make the name of an upload safe for any disk: no folders, leading dots, special characters or extensions."""
    base = re.split(r"[/\\]", upload_name)[-1]
    base = re.sub(r"(\.(csv|txt|tsv|gz|zip|bz2|xz|zst))+$", "", base, flags=re.IGNORECASE)
    return re.sub(r"[^\w.-]+", "_", base).strip("._")[:80] or "plays"


def _send(path: Path, name: str, media_type: str, etag: str | bool) -> Response:
    _ignore_odd_range(path.stat().st_size)
    answer = send_file(path, mimetype=media_type, conditional=True, etag=etag)
    _name(answer, name)
    return answer


def _ignore_odd_range(size: int) -> None:
    """Ignore a range that is malformed or covers more than the whole file, as RFC 9110 asks."""
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    if found is None or (found[1] and int(found[1]) >= size) or (found[3] and int(found[3]) < int(found[2])):
        request.environ.pop("HTTP_RANGE", None)


def _stream(content: Iterator[bytes], mimetype: str, name: str) -> Response:
    answer = Response(content, mimetype=mimetype)
    _name(answer, name)
    answer.headers.set("Accept-Ranges", "none")
    return answer


def _name(answer: Response, name: str) -> None:
    """Set Content-Disposition as RFC 6266 defines it, with an ASCII fallback for old clients."""
    plain = re.sub(r"^(?=[-.])", "plays", unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode())
    whole = {} if plain == name else {"filename*": f"UTF-8''{quote(name, safe='')}"}
    answer.headers.set("Content-Disposition", "attachment", filename=plain, **whole)


def _existing(path: Path, sentence: str | None = None) -> Path:
    if not path.is_file():
        abort(404, sentence)
    return path


def _existing_part(part: Part) -> Path:
    return _existing(_path(part.job, part.name), _LOST)  # the reconciler reports the missing file to the operators


def _path(job: Job, name: str) -> Path:
    return resources().files.result(job.id, job.attempt, name)


def _left_out_name(job: Job, ending: str = _CSV) -> str:
    return f"{stem(job.upload.name)}-left-out{ending}"
