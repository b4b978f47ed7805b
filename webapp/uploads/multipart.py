"""Streaming parser of multipart forms: files go straight to the data volume, hashed on the way.

Nothing is spooled to a temporary folder and nothing is copied. Fields are text. The sender must be checked before
the first byte of a file is written, and an incomplete file leaves nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import IO

from flask import Request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData, Preamble

from common import fault_points
from store import disk_space, file_locks
from store.accept_upload import Received
from store.disk_space import NO_ROOM, Space
from store.files import Files
from webapp.errors.handlers import InsufficientStorage, OverQuota
from webapp.uploads import request_body
from webapp.uploads.hashing_writer import HashedFile

PIECE = 1 << 20  # bytes read from the socket at a time
LONGEST_FIELD = 1 << 16
MOST_PARTS = 1000
NO_FORM = "Upload the file as multipart/form-data, in a field named file."
FORM_OVERHEAD = 1 << 16  # bytes that a form may have besides its files
NO_LIMIT = sys.maxsize  # Flask takes None to mean the configured limit, which is for ordinary forms

Check = Callable[[Mapping[str, str]], None]
Look = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class ReceivedForm:
    """The fields of a form, and its files in incoming/."""

    fields: dict[str, str] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be sent, in bytes; None: no limit but the disk."""

    file: int | None = None  # of one file
    account: int | None = None  # of all files together, which is what is left of the account's quota
    announced: int | None = None  # the size that the sender announced, for which space is reserved on the disk

    def after(self, received: int) -> Limits:
        """Return what is left of the limits after ``received`` bytes of other files."""
        left = {"account": self.account, "announced": self.announced}
        return replace(self, **{name: bytes_ - received for name, bytes_ in left.items() if bytes_ is not None})


@contextmanager
def receive(
    request: Request, files: Files, *, limits: Limits, check: Check, look: Look | None = None
) -> Iterator[ReceivedForm]:
    """Read the whole form; files that were not accepted by the end of the block are removed.

    ``check`` is called with the fields before a file, and raises to refuse it before a byte is written; ``look`` is
    called with its first bytes, and raises to refuse it before the rest is read.

    Raises:
        BadRequest: the body is not a form, or the client disconnected before its end.
        RequestEntityTooLarge: a file exceeds the site's limit.
        InsufficientStorage: the disk is full.
        OverQuota: the account would exceed its quota.
    """
    with _arriving() as form:
        with plain_refusals():
            events = _events(_body(request, files, limits), _decoder(request))
            limits = replace(limits, announced=request.content_length)
            for head in events:
                _take(form, head, events, files, limits, check, look)
        yield form


@contextmanager
def receive_body(
    request: Request, files: Files, *, name: str, limits: Limits, look: Look | None = None
) -> Iterator[ReceivedForm]:
    """Read a body that is the file itself; otherwise like :func:`receive`, and it raises the same."""
    with _arriving() as form:
        with plain_refusals():
            pieces = iter(partial(_body(request, files, limits).read, PIECE), b"")
            limits = replace(limits, announced=request.content_length)
            form.received.append(write_down(files, shown_name(name), _looked_at(pieces, look), limits))
            if form.received[0].bytes < (request.content_length or 0):  # under gunicorn a truncated body just ends
                raise BadRequest("We didn't receive the whole file. Please try again.")
        yield form


@contextmanager
def _arriving() -> Iterator[ReceivedForm]:
    form = ReceivedForm()
    try:
        yield form
    finally:
        for one in form.received:
            one.path.unlink(missing_ok=True)  # an accepted file has already been moved
            one.let_go()


def _looked_at(pieces: Iterator[bytes], look: Look | None) -> Iterator[bytes]:
    """Yield the pieces unchanged, after calling ``look`` with the first."""
    for number, piece in enumerate(pieces):
        if number == 0 and look is not None:
            look(piece)
        yield piece


def _body(request: Request, files: Files, limits: Limits) -> IO[bytes]:
    request.max_content_length = NO_LIMIT if limits.file is None else limits.file + FORM_OVERHEAD
    stream = request.stream  # raises if Content-Length exceeds the limit
    length = request.content_length or 0
    if limits.account is not None and length > limits.account + FORM_OVERHEAD:
        raise OverQuota
    if disk_space.room(files) < length:
        raise InsufficientStorage
    request_body.await_file(request.environ)
    return stream


class _Decoder(MultipartDecoder):
    """A multipart decoder that also takes the file names of old clients: headers that are not UTF-8 are Latin-1."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        try:
            return super()._parse_headers(data)
        except UnicodeDecodeError:
            return super()._parse_headers(data.decode("latin-1").encode())


def _decoder(request: Request) -> MultipartDecoder:
    boundary = request.mimetype_params.get("boundary")
    if request.mimetype != "multipart/form-data" or not boundary:
        raise BadRequest(NO_FORM)
    return _Decoder(boundary.encode(), max_form_memory_size=4 * PIECE, max_parts=MOST_PARTS)


def _events(stream: IO[bytes], decoder: MultipartDecoder) -> Iterator[Event]:
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, NeedData):
            decoder.receive_data(stream.read(PIECE) or None)
        elif not isinstance(event, Preamble):
            yield event


def _take(
    form: ReceivedForm,
    head: Event,
    events: Iterator[Event],
    files: Files,
    limits: Limits,
    check: Check,
    look: Look | None,
) -> None:
    if isinstance(head, Field):
        form.fields[head.name] = _text(head.name, _data(events))
    elif isinstance(head, File) and head.name == "file" and head.filename:
        check(form.fields)
        limits = limits.after(sum(one.bytes for one in form.received))
        form.received.append(write_down(files, shown_name(head.filename), _looked_at(_data(events), look), limits))
    else:
        for _ in _data(events):
            pass  # a file field without a file


def _data(events: Iterator[Event]) -> Iterator[bytes]:
    """Yield the data of the part that has just begun."""
    for event in events:
        assert isinstance(event, Data)
        if event.data:
            yield event.data
        if not event.more_data:
            return


def _text(name: str, pieces: Iterator[bytes]) -> str:
    text = b""
    for piece in pieces:
        text += piece
        if len(text) > LONGEST_FIELD:
            raise RequestEntityTooLarge
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise BadRequest(f"The field {name} is not UTF-8.") from None


def write_down(files: Files, name: str, pieces: Iterator[bytes], limits: Limits = Limits()) -> Received:
    """Write the pieces to a file in incoming/, hashed and fsynced, and keep its lock; a failure leaves no file."""
    path = files.paths.new_incoming()
    with ExitStack() as undo:
        undo.callback(path.unlink, missing_ok=True)
        hashed = HashedFile(path)
        # Space reserved after the last written byte is released at the end.
        with path.open("r+b") as same_file, Space(files, same_file.fileno()) as space, hashed as file:
            hold = undo.enter_context(file_locks.lock_shared(path))
            written = 0
            for piece in pieces:
                written += len(piece)
                if limits.file is not None and written > limits.file:
                    raise RequestEntityTooLarge
                if limits.account is not None and written > limits.account:
                    raise OverQuota
                space.cover(written, limits.announced)
                file.write(piece)
                fault_points.point("upload.begun")
            sha256 = file.finish()
        fault_points.point("upload.written")
        undo.pop_all()
        return Received(path=path, name=name, bytes=written, sha256=sha256, hold=hold)


def shown_name(file_name: str) -> str:
    """Return the name without what a page cannot show or a database cannot store (NUL, line ends, lone surrogates)."""
    shown = "".join(character for character in file_name if character.isprintable())
    return shown if shown.strip() else "upload.csv"


@contextmanager
def plain_refusals() -> Iterator[None]:
    """Turn errors of the decoder and of the disk into HTTP errors: BadRequest and InsufficientStorage."""
    try:
        yield
    except ValueError as error:
        raise BadRequest("We didn't receive the whole form. Please try again.") from error
    except OSError as error:
        if error.errno in NO_ROOM:
            raise InsufficientStorage from error
        raise
