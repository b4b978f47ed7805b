"""One attempt at one job, from the claim to its recorded end."""

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
from worker.failures import words_for
from worker.heartbeat import Heartbeat
from worker.options import options_for
from worker.progress import ProgressReporter
from worker.retry import with_retries

_log = logging.getLogger(__name__)


def run(app: Flask, job_id: str, attempt: int, settings: Settings) -> bool:
    """Claim the attempt, process its file and record the end; False when the attempt was not to be had."""
    logs.about(job_id, attempt)
    fault_points.point("attempt.taken")
    claim = attempts.claim(job_id, attempt, settings.lease_seconds)
    db.session.remove()  # processing takes long, and a connection is needed only for moments of it
    if claim is None:
        _log.info("the attempt is not to be had")
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
        _log.info("the attempt is over for us: cancelled or taken over")
    except Exception as error:  # whatever happens, the job gets an end
        if _is_over(claim):
            _log.info("the attempt is over for us, and its files gone: cancelled, deleted or taken over")
        else:
            _fail(claim, error, settings, files, report)
    except BaseException:
        # Ctrl-C and the like: not the file's fault, so the next attempt is free to begin.
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
    _log.info("done: %d rows read, %d parts", outcome.rows_read, len(parts))


def _is_over(claim: Claim) -> bool:
    """Whether somebody ended the attempt, who may have taken its files away under it; not if nobody knows."""
    try:
        return not attempts.holds(claim)
    except SQLAlchemyError:
        return False
    finally:
        db.session.remove()  # what broke here must not stand in the way of recording the end


def _fail(claim: Claim, error: Exception, settings: Settings, files: Files, report: ProgressReporter) -> None:
    summary = None
    if isinstance(error, RefusedError):
        words, summary = error.to_json(), _summary(error)
        _log.info("refused while %s: %s", report.step, error.code)  # its words quote the file
    else:
        words = words_for(error, files.upload(claim.upload_id))
        _log.error("%s while %s", words["code"], report.step, exc_info=error)
    files.remove_working_files(claim.job_id, claim.attempt)  # a full disk may have no room for the record either
    try:
        with_retries(lambda: attempts.fail(claim, words, jobs.keep_until(settings.keep_days), summary))
    except LeaseLostError:
        _log.info("the attempt was over before it failed")


def _summary(error: RefusedError) -> dict[str, Any]:
    """What was found out before the refusal, for the job's page."""
    summary = error.summary()
    return summary | {"rejected": summary["rejected"][: jobs.SHOWN_BAD_ROWS]}


def tidy(job_id: str, attempt: int, files: Files) -> None:
    """Remove what an attempt wrote, except what it published and what the next attempt goes on from.

    Where the database is away and nobody knows, all stays; the reconciler removes it later.
    """
    try:
        found = attempts.standing(job_id, attempt)
    except SQLAlchemyError as error:
        _log.warning("it is tidied up later: %s", error, extra={"job": job_id, "attempt": attempt})
        return
    finally:
        db.session.remove()
    if found is Standing.PUBLISHED:
        files.remove_working_files(job_id, attempt)
    elif found is Standing.SUPERSEDED:
        files.remove_results(job_id, attempt)
    elif found is Standing.ENDED:
        files.remove_attempt(job_id, attempt)
