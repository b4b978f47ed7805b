"""Downloads of a job that is done: exact, or with ``?for=spreadsheet`` as a spreadsheet can be trusted with."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from store.models import Job
from store.states import JobState
from webapp.downloads import responses
from webapp.pages.access import job_or_404, part_or_404

pages = Blueprint("download", __name__)


@pages.get("/parts/<part_id>")
def part(part_id: str) -> Response:
    """One output file."""
    wanted = part_or_404(part_id)
    return responses.send_part_for_spreadsheet(wanted) if _is_for_spreadsheet() else responses.send_part(wanted)


@pages.get("/jobs/<job_id>/totals.zip")
def everything(job_id: str) -> Response:
    """All output files, and the rows left out, as one zip."""
    job = _done_or_404(job_id)
    return responses.send_zip_for_spreadsheet(job) if _is_for_spreadsheet() else responses.send_zip(job)


@pages.get("/jobs/<job_id>/left-out.csv")
def left_out(job_id: str) -> Response:
    """All rows that were left out, with their reasons."""
    job = _done_or_404(job_id)
    return responses.send_left_out_for_spreadsheet(job) if _is_for_spreadsheet() else responses.send_left_out(job)


def _done_or_404(job_id: str) -> Job:
    job = job_or_404(job_id)
    return job if job.state is JobState.DONE else abort(404)


def _is_for_spreadsheet() -> bool:
    """Whether the address asks for it; one that asks for something else is wrong, and must not look right."""
    wanted = request.args.get("for", "")
    if wanted not in ("", "spreadsheet"):
        abort(400, f"for should be spreadsheet (or left away), but is {wanted[:60]!r}.")
    return wanted == "spreadsheet"
