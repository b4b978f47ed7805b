"""Downloads of a done job: exact, or with formulas escaped for ``?for=spreadsheet``."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from store.models import Job
from store.states import JobState
from webapp.downloads import responses
from webapp.pages.access import job_or_404, part_or_404

pages = Blueprint("download", __name__)


@pages.get("/parts/<part_id>")
def part(part_id: str) -> Response:
    """Send a part."""
    wanted = part_or_404(part_id)
    return responses.send_part_for_spreadsheet(wanted) if _is_for_spreadsheet() else responses.send_part(wanted)


@pages.get("/jobs/<job_id>/totals.zip")
def everything(job_id: str) -> Response:
    """Send all parts and the rows left out as one zip."""
    job = _done_or_404(job_id)
    return responses.send_zip_for_spreadsheet(job) if _is_for_spreadsheet() else responses.send_zip(job)


@pages.get("/jobs/<job_id>/left-out.csv")
def left_out(job_id: str) -> Response:
    """Send all rows left out, with the reasons."""
    job = _done_or_404(job_id)
    return responses.send_left_out_for_spreadsheet(job) if _is_for_spreadsheet() else responses.send_left_out(job)


def _done_or_404(job_id: str) -> Job:
    job = job_or_404(job_id)
    return job if job.state is JobState.DONE else abort(404)


def _is_for_spreadsheet() -> bool:
    """Return whether the URL has ``?for=spreadsheet``; abort with 400 for any other value."""
    wanted = request.args.get("for", "")
    if wanted not in ("", "spreadsheet"):
        abort(400, f"for should be spreadsheet (or omitted), but is {wanted[:60]!r}.")
    return wanted == "spreadsheet"
