"""The page of a job, its actions, and the list of jobs."""

from __future__ import annotations

import hashlib
import json

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from store import jobs
from store.accept_upload import KeyUsedError
from store.models import Job
from store.options import DEFAULTS, JobOptions, OptionsError
from store.paths import ID
from store.states import UNFINISHED, JobState
from webapp.app_context import resources
from webapp.pages.access import job_or_404
from webapp.pages.job_view import JobView, job_view
from webapp.security.sessions import visitor
from webapp.uploads.submit import chosen_options, start_again, stop

pages = Blueprint("jobs", __name__)
DELETED = "{name} and its totals are deleted."
FILE_KEPT = "Result deleted. The file is kept because another result uses it."
PAGE = 50  # jobs on a page of the list
LAST_PAGE = 1_000_000  # keeps the offset within the integers of the database
FILTERS = {"all": "All", "working": "In progress", "done": "Done", "failed": "Needs attention"}
SHOWN: dict[str, tuple[JobState, ...]] = {
    "all": (),
    "working": UNFINISHED,
    "done": (JobState.DONE,),
    "failed": (JobState.FAILED,),
}


@pages.get("/files")
def mine() -> str:
    """List the visitor's jobs, newest first."""
    return list_page("jobs.mine", everyone=False)


@pages.get("/jobs/<job_id>")
def show(job_id: str) -> str:
    """Show the page of a job, in any state."""
    job = job_or_404(job_id)
    return _page(job, job_view(job))


@pages.get("/jobs/<job_id>/now")
def fragment(job_id: str) -> str:
    """Return the part of the page that changes, which polls itself until the job has ended."""
    job = job_or_404(job_id)
    return render_template("jobs/_job.html", job=job, face=job_view(job))


@pages.post("/jobs/<job_id>/cancel")
def cancel(job_id: str) -> Response:
    """Cancel a job; do nothing if it has ended."""
    stop(job_or_404(job_id))
    return redirect(url_for("jobs.show", job_id=job_id), code=303)


@pages.post("/jobs/<job_id>/delete")
def delete(job_id: str) -> Response:
    """Delete a job and its files."""
    job = job_or_404(job_id)
    name = job.upload.name
    stop(job)
    if jobs.remove(resources().files, job_id):
        flash(DELETED.format(name=name))
    else:
        flash(FILE_KEPT)
    return redirect(url_for("jobs.mine"), code=303)


@pages.post("/jobs/<job_id>/run-again")
def run_again(job_id: str) -> Response | tuple[str, int]:
    """Run the file again as a new job, with the options of the form and those of this job as defaults."""
    job = job_or_404(job_id)
    if job.state not in (JobState.FAILED, JobState.CANCELLED, JobState.DONE):
        return redirect(url_for("jobs.show", job_id=job_id), code=303)
    # A form without options comes from a page of an older version, whose only button was to skip bad rows.
    sent = request.form if any(name in request.form for name in DEFAULTS) else {"bad_rows": "skip"}
    try:
        options = chosen_options(sent, JobOptions.from_json(job.options))
        again = start_again(job, options, _press_key(request.form.get("latest_run", ""), options)).id
    except OptionsError as error:
        return _page(job, job_view(job, sent, error)), 400
    except KeyUsedError as error:
        again = error.job_id
    return redirect(url_for("jobs.show", job_id=again), code=303)


def _press_key(latest_run: str, options: JobOptions) -> str | None:
    """Return an idempotency key for the button, so that a double click or two open pages start only one run.

    The page of a later run has another key. The space in it keeps it apart from keys of the API, which have none.
    """
    if not ID.fullmatch(latest_run):
        return None  # a page of an older version
    chosen = json.dumps(options.to_json(), sort_keys=True)
    return f"press {hashlib.sha256(f'{latest_run} {chosen}'.encode()).hexdigest()}"


def _page(job: Job, face: JobView) -> str:
    return render_template("jobs/job.html", job=job, face=face, sent_before="sent" in request.args)


def list_page(endpoint: str, *, everyone: bool) -> str:
    """Render a page of the list of the visitor's jobs, or of everyone's."""
    shown = request.args.get("show", "all")
    number = min(max(1, request.args.get("page", 1, type=int)), LAST_PAGE)
    found = jobs.latest(
        visitor().account_id,
        is_admin=everyone,
        states=SHOWN.get(shown, ()),
        limit=PAGE + 1,
        offset=(number - 1) * PAGE,
    )
    return render_template(
        "jobs/_list.html" if "HX-Request" in request.headers else "jobs/list.html",
        jobs=found[:PAGE],
        has_more=len(found) > PAGE,
        shown=shown if shown in SHOWN else "all",
        filters=FILTERS,
        page=number,
        endpoint=endpoint,
        everyone=everyone,
        is_live=any(job.state in UNFINISHED for job in found[:PAGE]),
    )
