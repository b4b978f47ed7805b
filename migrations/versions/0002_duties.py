"""Who is the reconciler, and when it last took a turn.

Revision: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duty",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("turns", sa.BigInteger(), nullable=False),
        sa.Column("turned_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_duty"),
    )


def downgrade() -> None:
    op.drop_table("duty")
