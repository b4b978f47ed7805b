"""Create the table of resumable uploads.

Revision: 0006, after 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "resumable",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("arrived", sa.BigInteger(), nullable=False),
        sa.Column("unproved_from", sa.BigInteger(), nullable=True),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("webhook_url", sa.String(length=2000), nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("job_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["account.id"], name="fk_resumable_owner_id_account"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_resumable_job_id_job", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_resumable"),
    )
    op.create_index("ix_resumable_owner_id", "resumable", ["owner_id"])
    op.create_index("ix_resumable_expires_at", "resumable", ["expires_at"])
    op.create_index("ix_resumable_job_id", "resumable", ["job_id"])


def downgrade() -> None:
    op.drop_table("resumable")
