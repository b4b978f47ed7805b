"""What kind of file a part is.

Revision: 0009, after 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("part") as part:
        part.add_column(sa.Column("media_type", sa.String(80), nullable=False, server_default="text/csv"))


def downgrade() -> None:
    with op.batch_alter_table("part") as part:
        part.drop_column("media_type")
