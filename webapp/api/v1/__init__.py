"""The API for new scripts. A script sees the jobs of its own account only, an administrator's too."""

from __future__ import annotations

from webapp.api.v1.jobs import api_v1_jobs
from webapp.api.v1.parts import api_v1_parts
from webapp.api.v1.submissions import api_v1_creating
from webapp.api.v1.uploads import api_v1_uploads

BLUEPRINTS = (api_v1_creating, api_v1_uploads, api_v1_jobs, api_v1_parts)
