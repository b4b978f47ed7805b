"""Whose job is it: the one place where pages look a job up."""

from __future__ import annotations

from flask import abort

from store import jobs
from store.models import Job, Part
from webapp.security.sessions import visitor


def job_or_404(job_id: str) -> Job:
    """The job, if the visitor may see it; one that is someone else's and one that never was look alike."""
    me = visitor()
    return jobs.find(job_id, me.account_id, is_admin=me.is_admin) or abort(404)


def part_or_404(part_id: str) -> Part:
    """A part of a job that is done, if the visitor may see the job."""
    me = visitor()
    return jobs.find_part(part_id, me.account_id, is_admin=me.is_admin) or abort(404)
