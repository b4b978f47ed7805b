"""Index the uploads of an account by sha256, to find duplicates.

Revision: 0008, after 0007
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_upload_owner_sha256", "upload", ["owner_id", "sha256"])
    op.drop_index("ix_upload_owner_id", table_name="upload")


def downgrade() -> None:
    op.create_index("ix_upload_owner_id", "upload", ["owner_id"])
    op.drop_index("ix_upload_owner_sha256", table_name="upload")
