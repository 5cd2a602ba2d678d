"""Which passwords were seen on a connection without TLS."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the marks; nothing that is there was seen."""
    for table in ("credential", "account"):
        op.add_column(table, sa.Column("exposed_at", sa.BigInteger()))
        op.add_column(table, sa.Column("exposed_from", sa.Text()))
