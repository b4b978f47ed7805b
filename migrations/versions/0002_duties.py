"""Create the tables of duties (leases) and counters.

Revision: 0002, after 0001
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
    op.create_table(
        "counter",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", "label", name="pk_counter"),
    )


def downgrade() -> None:
    op.drop_table("counter")
    op.drop_table("duty")
