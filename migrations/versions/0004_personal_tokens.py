"""Personal tokens.

Revision: 0004, after 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("token") as token:
        # Existing tokens come from logins, which have both scopes.
        token.add_column(sa.Column("name", sa.String(length=80), nullable=False, server_default=""))
        token.add_column(sa.Column("scopes", sa.String(length=32), nullable=False, server_default="read write"))
        token.add_column(sa.Column("last_used_at", sa.DateTime(), nullable=True))
        token.alter_column("expires_at", existing_type=sa.DateTime(), nullable=True)
    with op.batch_alter_table("token") as token:
        for name, kind in (("name", sa.String(length=80)), ("scopes", sa.String(length=32))):
            token.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)


def downgrade() -> None:
    op.execute("DELETE FROM token WHERE kind = 'personal' OR expires_at IS NULL")
    with op.batch_alter_table("token") as token:
        token.alter_column("expires_at", existing_type=sa.DateTime(), nullable=False)
        for name in ("last_used_at", "scopes", "name"):
            token.drop_column(name)
