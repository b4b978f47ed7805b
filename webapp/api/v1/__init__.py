"""Version 1 of the API. A script sees only the jobs of its own account, even an administrator's."""

from __future__ import annotations

from webapp.api.v1.jobs import api_v1_jobs
from webapp.api.v1.parts import api_v1_parts
from webapp.api.v1.submissions import api_v1_creating
from webapp.api.v1.uploads import api_v1_uploads

BLUEPRINTS = (api_v1_creating, api_v1_uploads, api_v1_jobs, api_v1_parts)
