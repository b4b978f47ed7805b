"""Create the table of webhooks, and add the secrets that sign them.

Revision: 0005, after 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(), nullable=True),
        sa.Column("last_problem", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_webhook_job_id_job", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook"),
        sa.UniqueConstraint("job_id", name="uq_webhook_job_id"),
    )
    op.create_index("ix_webhook_next_try_at", "webhook", ["next_try_at"])
    with op.batch_alter_table("account") as account:
        account.add_column(sa.Column("webhook_secret", sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("account") as account:
        account.drop_column("webhook_secret")
    op.drop_index("ix_webhook_next_try_at", "webhook")
    op.drop_table("webhook")
