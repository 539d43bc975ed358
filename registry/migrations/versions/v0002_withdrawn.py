"""Approvals can be withdrawn.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give approvals the moment of their withdrawal."""
    op.add_column("approval", sa.Column("withdrawn_at", sa.String(24)))
