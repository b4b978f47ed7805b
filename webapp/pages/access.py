"""Access to jobs: the one place where pages look up a job or a part."""

from __future__ import annotations

from flask import abort

from store import jobs
from store.models import Job, Part
from webapp.security.sessions import visitor


def job_or_404(job_id: str) -> Job:
    """Return the job if the visitor may see it, else abort with 404, whether it exists or not."""
    me = visitor()
    return jobs.find(job_id, me.account_id, is_admin=me.is_admin) or abort(404)


def part_or_404(part_id: str) -> Part:
    """Return a part of a done job if the visitor may see the job, else abort with 404."""
    me = visitor()
    return jobs.find_part(part_id, me.account_id, is_admin=me.is_admin) or abort(404)
