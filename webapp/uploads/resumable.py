"""Resumable uploads, from the first piece to the job; the tus protocol itself is in webapp.api.v1."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Protocol

from flask import request

from common import fault_points
from store import disk_space, resumable_uploads
from store.database import db
from store.disk_space import give_back
from store.models import Resumable
from store.options import JobOptions
from store.quota import OverQuotaError
from webapp.app_context import resources
from webapp.errors.handlers import InsufficientStorage
from webapp.errors.problems import Problem
from webapp.security.rate_limits import count_upload
from webapp.uploads import request_body
from webapp.uploads.append import Digests, Follower, append
from webapp.uploads.limits import limits_of_body, refuse_too_much
from webapp.uploads.multipart import NO_LIMIT, Limits, Look, plain_refusals
from webapp.uploads.submit import tell

FIRST_BYTES = 1024  # enough to recognise other file types
LONGEST_WAIT = 3.0  # seconds for which a request waits for another that holds the lock of the same upload
BETWEEN_TRIES = 0.05

_log = logging.getLogger(__name__)
_digests = Digests()


class Proof(Protocol):
    """A checksum that the client sent with a piece."""

    def add(self, piece: bytes) -> None:
        """Update the checksum with the next bytes that arrived."""

    def check(self) -> None:
        """Raise a Problem unless the bytes so far have the client's checksum."""


@dataclass(slots=True)
class Arriving:
    """An upload at a moment: its row, its offset in bytes, and its ``file`` while this request holds the lock."""

    row: Resumable
    offset: int
    file: BinaryIO | None = None


def begin(
    owner_id: int, name: str, length: int | None, options: JobOptions, said: str | None, webhook_url: str | None
) -> Resumable:
    """Create an upload for an account; raise what :func:`multipart.receive` raises if it is too much.

    ``length`` is in bytes, None if not known yet; ``said`` is the header Upload-Metadata as it was sent.
    """
    count_upload(owner_id)
    refuse_too_much(owner_id, length)
    files = resources().files
    if disk_space.room(files) < (length or 0):
        raise InsufficientStorage
    row = resumable_uploads.create(
        files,
        owner_id,
        name=name,
        length=length,
        options=options,
        said=said,
        webhook_url=webhook_url,
        quota_bytes=resources().settings.quota_bytes,
    )
    return _own(row.id, owner_id)


@contextmanager
def locked(resumable_id: str, owner_id: int, *, patience: float | None = None) -> Iterator[Arriving]:
    """Lock an upload of an account for this request, and finish it first if an earlier request was interrupted.

    Raises:
        Problem: not-found; or upload-busy, if another request kept the lock for ``patience`` seconds.
    """
    row = _own(resumable_id, owner_id)
    file = None if row.job_id else _lock(resumable_id, LONGEST_WAIT if patience is None else patience)
    try:
        row = _own(resumable_id, owner_id)  # the previous holder may have finished or removed it
        if row.job_id:
            yield Arriving(row, row.bytes or 0)
            return
        if file is None:
            resumable_uploads.remove(resources().files, resumable_id)
            raise _unknown()
        arriving = Arriving(row, os.fstat(file.fileno()).st_size, file)
        if row.unproved_from is not None:
            os.ftruncate(file.fileno(), row.unproved_from)
        give_back(file.fileno())
        with suppress(OverQuotaError):  # bytes that a process that died had not recorded are then discarded
            _record_arrived(arriving)
        finish(arriving)
        yield arriving
    finally:
        if file is not None:
            file.close()


def standing(resumable_id: str, owner_id: int, *, patience: float | None = None) -> Arriving:
    """Return an upload with its offset, even while another request holds its lock; raise Problem not-found."""
    try:
        with locked(resumable_id, owner_id, patience=patience) as arriving:
            return arriving
    except Problem as problem:
        if problem.kind != "upload-busy":
            raise
    row = _own(resumable_id, owner_id)
    if row.job_id:
        return Arriving(row, row.bytes or 0)
    return Arriving(row, _promised(row))


def set_length(arriving: Arriving, length: int) -> None:
    """Record the length of an upload that was begun without one; raise as :func:`begin` does."""
    if arriving.row.bytes is None:
        refuse_too_much(arriving.row.owner_id, length, besides=arriving.row.id)
        resumable_uploads.set_length(arriving.row, length, resources().settings.quota_bytes)
        arriving.row.bytes = length


def add_body(arriving: Arriving, proof: Proof | None, look: Look) -> None:
    """Append the body of this request to the upload, and create the job after the last piece.

    What arrived of a body that breaks off is kept, unless it came with a checksum. ``look`` is called with the first
    bytes of the file and raises a Problem to refuse it, which removes the upload.

    Raises:
        Problem: from ``look`` or the proof.
        OverQuotaError: other uploads of the account used up the quota meanwhile.
        Other errors: those of :func:`append.append`.
    """
    assert arriving.file is not None, "an upload that has ended takes nothing"
    file, start = arriving.file.fileno(), arriving.offset
    limits = limits_of_body(arriving.row, start)
    if proof is not None:
        resumable_uploads.expect_proof(arriving.row.id, start)
        arriving.row.unproved_from = start
    db.session.remove()  # a piece takes minutes: release the database connection for other requests
    try:
        with plain_refusals():
            _take(arriving, limits, proof, look)
        if proof is not None:
            proof.check()
    except _RefusedError as refused:
        remove(arriving)
        raise refused.problem from None
    except BaseException:
        if proof is not None:
            os.ftruncate(file, start)
        _record_arrived(arriving)
        raise
    _record_arrived(arriving)
    fault_points.point("upload.written")
    _digests.of(arriving.row.id, arriving.offset).catch_up(file, arriving.offset, arriving.offset - start)
    finish(arriving)


def finish(arriving: Arriving) -> None:
    """Create the job of an upload that is complete, or find the one that exists; do nothing if it is not complete."""
    row, file = arriving.row, arriving.file
    if file is None or arriving.offset != row.bytes:
        return
    began = time.monotonic()
    digest = _digests.of(row.id, arriving.offset)
    left = arriving.offset - digest.offset
    db.session.remove()
    digest.advance(file.fileno(), arriving.offset)
    _digests.forget(row.id)
    seconds = time.monotonic() - began
    row.job_id, job = resumable_uploads.finish(resources().files, row, digest.hexdigest())
    words = "upload %s complete: %d bytes; hashing the last %d took %.1f s"
    _log.info(words, row.id, row.bytes, left, seconds, extra={"job": row.job_id, "bytes": row.bytes})
    if job is not None:
        tell(job)
        fault_points.point("upload.enqueued")


def remove(arriving: Arriving) -> None:
    """Remove an upload; a job that was created from it stays."""
    _digests.forget(arriving.row.id)
    resumable_uploads.remove(resources().files, arriving.row.id)


class _RefusedError(Exception):
    """The file is of a type that the site does not read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def _take(arriving: Arriving, limits: Limits, proof: Proof | None, look: Look) -> None:
    assert arriving.file is not None
    file, is_first = arriving.file.fileno(), arriving.offset < FIRST_BYTES
    request.max_content_length = NO_LIMIT  # Flask's own limit is meant for ordinary forms
    request_body.await_file(request.environ, silence=math.inf)  # the follower closes it instead
    is_asked_for = partial(resumable_uploads.is_asked_for, resources().redis, arriving.row.id)
    digest = _digests.of(arriving.row.id, arriving.offset)

    def wrote(piece: bytes, end: int) -> None:
        nonlocal is_first
        if proof is not None:
            proof.add(piece)
        follower.wrote(None if proof is not None else end)
        if is_first:
            is_first = False
            try:
                look(os.pread(file, FIRST_BYTES, 0))
            except Problem as problem:
                raise _RefusedError(problem) from None
        fault_points.point("upload.begun")

    start, body, announced = arriving.offset, request.stream, request.content_length
    with Follower(
        file, start, digest, hang_up=partial(request_body.hang_up, request.environ), is_asked_for=is_asked_for
    ) as follower:
        append(file, start, body, announced, files=resources().files, limits=limits, wrote=wrote)


def _record_arrived(arriving: Arriving) -> None:
    """Fsync what has arrived and record it, so that a client can rely on the offset.

    Raises:
        OverQuotaError: other uploads of the account used up the quota, and the unrecorded bytes were discarded.
    """
    assert arriving.file is not None
    file = arriving.file.fileno()
    os.fsync(file)
    size = os.fstat(file).st_size
    arriving.offset = size
    if size == arriving.row.arrived and arriving.row.unproved_from is None:
        return
    try:
        arriving.row.expires_at = resumable_uploads.renew(arriving.row, size, resources().settings.quota_bytes)
    except OverQuotaError:
        arriving.offset = min(size, arriving.row.arrived)
        os.ftruncate(file, arriving.offset)
        raise
    arriving.row.arrived, arriving.row.unproved_from = size, None


def _lock(resumable_id: str, patience: float) -> BinaryIO | None:
    """Lock and return the upload's file; None if there is none. A request that holds the lock is asked to release it.

    Raises:
        Problem: upload-busy, if the lock was not released in ``patience`` seconds.
    """
    db.session.remove()
    deadline = time.monotonic() + patience
    is_asked = False
    while True:
        try:
            file = resumable_uploads.lock(resources().files, resumable_id)
        except FileNotFoundError:
            return None
        if file is not None:
            if is_asked:
                resumable_uploads.is_asked_for(resources().redis, resumable_id)  # takes back our own request
            return file
        if time.monotonic() >= deadline:
            break
        if not is_asked:
            resumable_uploads.request_release(resources().redis, resumable_id)
            is_asked = True
        time.sleep(BETWEEN_TRIES)
    detail = "Another request is adding to this upload. Get its offset in a moment."
    raise Problem("upload-busy", detail, headers={"Retry-After": "2"})


def _promised(row: Resumable) -> int:
    """Return how many bytes of an upload are on the disk and will stay, while another request adds to it."""
    try:
        with resources().files.paths.incoming(row.id).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            os.fsync(file.fileno())
    except FileNotFoundError:
        return row.bytes or 0  # it has just been moved to its job
    return size if row.unproved_from is None else min(size, row.unproved_from)


def _own(resumable_id: str, owner_id: int) -> Resumable:
    row = resumable_uploads.find(resumable_id, owner_id)
    if row is None:
        raise _unknown()
    return row


def _unknown() -> Problem:
    return Problem("not-found", "There is no such upload. It expires after a day without a piece: create it again.")
