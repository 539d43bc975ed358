"""What was refused stays refused.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Remember refused statements."""
    op.create_table(
        "refused",
        sa.Column("digest", sa.String(64), nullable=False), sa.Column("certificate", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("digest", "certificate", name="refused_key"))
