"""Find a box's plays of a month without reading every event; room for more than two thousand million in quarantine."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index, and widen the number where a database tells widths apart (SQLite does not)."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("quarantine", "number", type_=sa.BigInteger, existing_type=sa.Integer)
        op.execute("ALTER SEQUENCE quarantine_number_seq AS bigint")
    op.create_index("event_by_time", "event", ["box", "type", "time"])


def downgrade() -> None:
    """Go back to the first tables; no row is lost."""
    op.drop_index("event_by_time", "event")
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("quarantine", "number", type_=sa.Integer, existing_type=sa.BigInteger)
        op.execute("ALTER SEQUENCE quarantine_number_seq AS integer")
