"""The ledger as it first was: boxes, their events, quarantine."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "box",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("through", sa.BigInteger, nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("heard", sa.DateTime, nullable=False),
    )
    op.create_table(
        "event",
        sa.Column("box", sa.String(32), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("prev", sa.String(64), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.Column("received", sa.DateTime, nullable=False),
        sa.Column("objection", sa.String(40)),
        sa.Column("jws", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "quarantine",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("box", sa.String(32)),
        sa.Column("seq", sa.BigInteger),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("first", sa.DateTime, nullable=False),
        sa.Column("last", sa.DateTime, nullable=False),
        sa.Column("times", sa.BigInteger, nullable=False),
    )
    op.create_index("quarantine_once", "quarantine", ["reason", "topic", "hash"], unique=True)
    op.create_index("quarantine_by_box", "quarantine", ["box", "seq"])


def downgrade() -> None:
    """Take the tables away, with all that is in them."""
    for table in ("quarantine", "event", "box"):
        op.drop_table(table)
