"""Submit received files: accept them, create their jobs and enqueue those."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from flask import request

from common import fault_points
from store import accept_upload, jobs, queues, quota
from store.accept_upload import AlreadySentError, Received
from store.database import db
from store.models import Job
from store.options import DEFAULTS, JobOptions
from store.states import JobState
from webapp.app_context import resources
from webapp.errors.handlers import OverQuota
from webapp.security.rate_limits import count_upload
from webapp.uploads.multipart import Check, Limits, Look, ReceivedForm, receive, receive_body

_log = logging.getLogger(__name__)


@contextmanager
def received_form(owner_id: int, check: Check, look: Look | None = None) -> Iterator[ReceivedForm]:
    """Receive the form of this request, with its files; see :func:`webapp.uploads.multipart.receive`.

    Raises, besides: TooManyRequests, if the account exceeds the rate limit for uploads.
    """
    count_upload(owner_id)
    with receive(request, resources().files, limits=_limits(owner_id), check=check, look=look) as form:
        _check_quota(owner_id, form)
        yield form


@contextmanager
def received_body(owner_id: int, name: str, look: Look) -> Iterator[ReceivedForm]:
    """Receive a body that is the file itself; see :func:`webapp.uploads.multipart.receive_body`."""
    count_upload(owner_id)
    with receive_body(request, resources().files, name=name, limits=_limits(owner_id), look=look) as form:
        _check_quota(owner_id, form)
        yield form


def _limits(owner_id: int) -> Limits:
    settings = resources().settings
    limits = Limits(file=settings.max_upload_bytes, account=quota.room(owner_id, settings.quota_bytes))
    db.session.remove()  # an upload takes minutes: release the database connection for other requests
    return limits


def _check_quota(owner_id: int, form: ReceivedForm) -> None:
    """Check the quota again after the upload, since other uploads of the account may have finished meanwhile."""
    room = quota.room(owner_id, resources().settings.quota_bytes)
    if room is not None and sum(one.bytes for one in form.received) > room:
        raise OverQuota


def chosen_options(fields: Mapping[str, str], before: JobOptions | None = None) -> JobOptions:
    """Return the options named in a form, with those ``before`` as defaults; raise OptionsError if one is wrong."""
    given = {name: fields[name] for name in DEFAULTS if name in fields}
    if "header_line" in given:
        given["header_line"] = given["header_line"].strip()  # typed by hand; in other options a blank may be intended
    return (before or JobOptions()).with_changes(given)


def start(
    owner_id: int,
    form: ReceivedForm,
    received: Received,
    options: JobOptions,
    request_key: str | None = None,
    webhook_url: str | None = None,
) -> Job:
    """Accept a file of the form, create its job and enqueue it.

    Raises:
        AlreadySentError, KeyUsedError, OverQuotaError
    """
    try:
        quota_bytes = resources().settings.quota_bytes
        job = accept_upload.accept(
            resources().files, owner_id, received, options, request_key, webhook_url, quota_bytes
        )
    except AlreadySentError as earlier:
        _log.info("upload refused: 409, duplicate file", extra={"job": earlier.job_id, "code": 409})
        raise
    _note_accepted(job.id, form, received)
    tell(job)
    fault_points.point("upload.enqueued")
    return job


def start_again(job: Job, options: JobOptions, request_key: str | None = None, webhook_url: str | None = None) -> Job:
    """Create and enqueue a new job for the same file with other options.

    Raises:
        KeyUsedError, RunOverQuotaError
        TooManyRequests: the account exceeds the rate limit for uploads.
    """
    count_upload(job.owner_id)
    again = jobs.run_again(job, options, request_key, webhook_url, resources().settings.quota_bytes)
    tell(again)
    return again


def has_file(job: Job) -> bool:
    """Return whether the file of a job still exists, so that it can be processed again."""
    return job.state is not JobState.EXPIRED and resources().files.upload(job.upload_id).is_file()


def stop(job: Job) -> None:
    """Cancel a job; do nothing if it has ended."""
    job_id, attempt = job.id, job.attempt  # another request may delete the row meanwhile
    jobs.cancel(job_id, jobs.keep_until(resources().settings.keep_days))
    queues.forget(resources().redis, job_id=job_id, attempt=attempt)


def _note_accepted(job_id: str, form: ReceivedForm, received: Received) -> None:
    seconds = max(time.monotonic() - form.began, 0.001)  # for the whole form, like the speed
    speed = sum(one.bytes for one in form.received) / 1e6 / seconds
    figures = {"bytes": received.bytes, "seconds": round(seconds, 3), "mb_per_second": round(speed, 1)}
    words = "upload accepted: %d bytes in %.1f s, %.0f MB/s"
    _log.info(words, received.bytes, seconds, speed, extra={"job": job_id, "attempt": 1, **figures})


def tell(job: Job) -> None:
    """Enqueue the job's current attempt. If Redis is unreachable the job waits until the reconciler enqueues it."""
    queues.enqueue(resources().redis, job_id=job.id, attempt=job.attempt, queue=job.queue, file_bytes=job.upload.bytes)
