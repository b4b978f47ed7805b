"""Add idempotency keys to jobs.

Revision: 0003, after 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("job") as job:
        job.add_column(sa.Column("request_key", sa.String(length=96), nullable=True))
        job.create_unique_constraint("uq_job_request_key", ["request_key"])


def downgrade() -> None:
    with op.batch_alter_table("job") as job:
        job.drop_constraint("uq_job_request_key", type_="unique")
        job.drop_column("request_key")
