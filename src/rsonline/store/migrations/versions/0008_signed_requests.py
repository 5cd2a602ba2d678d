"""Keys by which hospitals sign their requests, and which signed requests were accepted."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables; no hospital signs yet."""
    op.add_column("hospital", sa.Column("signed_only", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "signing_key",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger()),
        sa.Column("revoked_at", sa.BigInteger()),
    )
    op.create_table(
        "used_nonce",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("nonce", sa.Text(), primary_key=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )
