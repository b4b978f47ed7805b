"""Cursor pagination: the cursor is the last job of a page, so that new jobs neither repeat nor hide any."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime

from flask import request, url_for

from store.jobs import Cursor
from store.paths import ID
from webapp.errors.problems import Problem


def position(text: str | None) -> Cursor | None:
    """Decode a cursor; raise Problem bad-request if it is not one of ours."""
    if text is None:
        return None
    try:
        created_at, job_id = base64.urlsafe_b64decode(text.encode()).decode().split(" ")
        moment = datetime.fromisoformat(created_at).replace(tzinfo=UTC)
    except (ValueError, binascii.Error):
        moment, job_id = datetime.min.replace(tzinfo=UTC), ""
    if not ID.fullmatch(job_id):
        problem = {"option": "cursor", "reason": "is not one that next gave you"}
        raise Problem("bad-request", "Take the cursor from next, or leave it out.", errors=[problem])
    return Cursor(moment, job_id)


def next_address(cursor: Cursor) -> str:
    """Return the URL of the page after a cursor, with the filters of this one."""
    plain = f"{cursor.created_at.replace(tzinfo=None).isoformat()} {cursor.job_id}"
    values = request.args.to_dict(flat=False) | {"cursor": [base64.urlsafe_b64encode(plain.encode()).decode()]}
    return url_for(request.endpoint or "", _external=True, **values)  # type: ignore[arg-type]
