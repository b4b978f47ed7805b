"""Run one attempt at a job: claim it, process its file, publish the results, and clean up."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from common import fault_points, logs
from common.settings import Settings
from processing.errors import RefusedError
from processing.pipeline import process_csv
from processing.result import Outcome
from store import attempts, jobs
from store.attempts import Claim, LeaseLostError, PublishedPart, Standing
from store.database import db
from store.files import Files
from worker.failures import failure_of
from worker.heartbeat import Heartbeat
from worker.options import options_for
from worker.progress import ProgressReporter
from worker.retry import with_retries

_log = logging.getLogger(__name__)


def run(app: Flask, job_id: str, attempt: int, settings: Settings) -> bool:
    """Claim an attempt, process its file and record the outcome; False if the attempt could not be claimed."""
    logs.about(job_id, attempt)
    fault_points.point("attempt.taken")
    claim = attempts.claim(job_id, attempt, settings.lease_seconds)
    db.session.remove()  # processing takes long and rarely needs a connection
    if claim is None:
        _log.info("attempt already claimed or cancelled")
        return False
    fault_points.point("attempt.claimed")
    files = Files(settings.data_dir)
    files.take_over(job_id, attempt)
    try:
        with Heartbeat(app, claim, settings.lease_seconds) as heartbeat:
            _carry_out(claim, settings, files, ProgressReporter(claim, settings, files, heartbeat.lost))
    finally:
        tidy(job_id, attempt, files)
    fault_points.point("attempt.tidied")
    return True


def _carry_out(claim: Claim, settings: Settings, files: Files, report: ProgressReporter) -> None:
    try:
        outcome = process_csv(
            files.upload(claim.upload_id),
            files.staging(claim.job_id, claim.attempt),
            options_for(claim, settings, files),
            report,
        )
        _publish(claim, outcome, settings, files)
    except LeaseLostError:
        _log.info("lease lost: job cancelled or attempt superseded")
    except Exception as error:  # whatever happens, the outcome is recorded
        if _is_over(claim):
            _log.info("lease lost and files gone: job cancelled or deleted, or attempt superseded")
        else:
            _fail(claim, error, settings, files, report)
    except BaseException:
        # Ctrl-C and the like: not the file's fault, so the job is retried at once.
        attempts.release(claim.job_id, claim.attempt, crashed=False)
        raise


def _publish(claim: Claim, outcome: Outcome, settings: Settings, files: Files) -> None:
    parts = [PublishedPart(part.name, part.rows, part.bytes, part.sha256, part.media_type) for part in outcome.parts]
    keep_until = jobs.keep_until(settings.keep_days)
    fault_points.point("publish.staged")
    files.publish(claim.job_id, claim.attempt)
    fault_points.point("publish.renamed")
    rejected_bytes = files.rejected_bytes(claim.job_id, claim.attempt)
    with_retries(lambda: attempts.publish(claim, outcome.summary(), parts, keep_until, rejected_bytes))
    fault_points.point("publish.committed")
    _log.info("job done: %d rows read, %d parts", outcome.rows_read, len(parts))


def _is_over(claim: Claim) -> bool:
    """Tell whether the lease is lost, so that the files may be gone; False if the database is unavailable."""
    try:
        return not attempts.holds(claim)
    except SQLAlchemyError:
        return False
    finally:
        db.session.remove()  # a broken connection must not keep the outcome from being recorded


def _fail(claim: Claim, error: Exception, settings: Settings, files: Files, report: ProgressReporter) -> None:
    summary = None
    if isinstance(error, RefusedError):
        reason, summary = error.to_record(), _summary(error)
        _log.info("file refused while %s: %s", report.step, error.code)  # the parameters would quote the file
    else:
        reason = failure_of(error, files.upload(claim.upload_id))
        _log.error("job failed while %s: %s", report.step, reason["code"], exc_info=error)
    files.remove_working_files(claim.job_id, claim.attempt)  # the database may need the space on a full disk
    try:
        with_retries(lambda: attempts.fail(claim, reason, jobs.keep_until(settings.keep_days), summary))
    except LeaseLostError:
        _log.info("lease lost before the failure was recorded")


def _summary(error: RefusedError) -> dict[str, Any]:
    """Return what was found before the refusal, for the page of the job."""
    summary = error.summary()
    return summary | {"rejected": summary["rejected"][: jobs.SHOWN_BAD_ROWS]}


def tidy(job_id: str, attempt: int, files: Files) -> None:
    """Remove the files of an attempt, except its results and what the next attempt resumes from.

    If the database is unavailable, all files stay; the reconciler removes them later.
    """
    try:
        found = attempts.standing(job_id, attempt)
    except SQLAlchemyError as error:
        _log.warning("database unavailable (%s); files remain", error, extra={"job": job_id, "attempt": attempt})
        return
    finally:
        db.session.remove()
    if found is Standing.PUBLISHED:
        files.remove_working_files(job_id, attempt)
    elif found is Standing.SUPERSEDED:
        files.remove_results(job_id, attempt)
    elif found is Standing.ENDED:
        files.remove_attempt(job_id, attempt)
