"""Downloads of a job that is done."""

from __future__ import annotations

from flask import Blueprint, Response, abort

from store.models import Job
from store.states import JobState
from webapp.pages.access import job_or_404, part_or_404
from webapp.sending import send_left_out, send_part, send_zip

pages = Blueprint("download", __name__)


@pages.get("/parts/<part_id>")
def part(part_id: str) -> Response:
    """One output file."""
    return send_part(part_or_404(part_id))


@pages.get("/jobs/<job_id>/totals.zip")
def everything(job_id: str) -> Response:
    """All output files, and the rows left out, as one zip."""
    return send_zip(_done_or_404(job_id))


@pages.get("/jobs/<job_id>/left-out.csv")
def left_out(job_id: str) -> Response:
    """All rows that were left out, with their reasons."""
    return send_left_out(_done_or_404(job_id))


def _done_or_404(job_id: str) -> Job:
    job = job_or_404(job_id)
    return job if job.state is JobState.DONE else abort(404)
