"""Limits of resumable uploads: the site's, the account's and the disk's."""

from __future__ import annotations

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from store import disk_space, quota
from store.models import Resumable
from webapp.app_context import resources
from webapp.errors.handlers import InsufficientStorage, OverQuota
from webapp.errors.problems import Problem
from webapp.uploads.multipart import Limits


def refuse_too_much(owner_id: int, length: int | None, *, besides: str | None = None) -> None:
    """Refuse an upload that exceeds the site's limit or the account's quota.

    ``length`` is in bytes, None if unknown. ``besides`` is the id of the upload itself, which the quota must not count.

    Raises:
        RequestEntityTooLarge, OverQuota
    """
    settings = resources().settings
    if settings.max_upload_bytes is not None and (length or 0) > settings.max_upload_bytes:
        raise RequestEntityTooLarge
    room = quota.room(owner_id, settings.quota_bytes, besides)
    if room is not None and (length or 1) > room:
        raise OverQuota


def limits_of_body(row: Resumable, offset: int) -> Limits:
    """Return how long the file may become; refuse a request whose Content-Length already exceeds that.

    Raises:
        Problem: too-large, since the piece goes beyond the announced length.
        RequestEntityTooLarge, OverQuota, InsufficientStorage
    """
    settings, end = resources().settings, offset + (request.content_length or 0)
    limits = Limits(
        file=settings.max_upload_bytes if row.bytes is None else row.bytes,
        account=quota.room(row.owner_id, settings.quota_bytes, besides=row.id),
    )
    if row.bytes is not None and end > row.bytes:
        raise Problem("too-large", f"The upload has a length of {row.bytes:,} bytes, and this piece goes beyond it.")
    if limits.file is not None and end > limits.file:
        raise RequestEntityTooLarge
    if limits.account is not None and max(end, row.bytes or 0) > limits.account:
        raise OverQuota
    if disk_space.room(resources().files) < end - offset:
        raise InsufficientStorage
    return limits
