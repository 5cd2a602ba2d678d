"""People of the web application: accounts, sessions, drafts, the log of a hospital's calls; where a hospital
stands; what people did for newborns; figures by day."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables; a hospital's regency is the beginning of its code, as the ministry gives codes out."""
    op.add_column("hospital", sa.Column("kab_kota", sa.Text()))
    op.execute(
        "UPDATE hospital SET kab_kota = substr(kode_rs, 1, 4)"
        " WHERE length(kode_rs) = 7 AND substr(kode_rs, 1, 2) BETWEEN '11' AND '96'"
    )
    op.create_index("journal_record", "journal", ["kode_rs", "object", "key"])
    op.create_table(
        "web_user",
        sa.Column("user_name", sa.Text(), primary_key=True),
        sa.Column("nama", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("kode_rs", sa.Text()),
        sa.Column("region", sa.Text()),
        sa.Column("hash", sa.Text()),
        sa.Column("aktif", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("totp", sa.LargeBinary()),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.Text()),
        sa.Column("code_until", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "web_session",
        sa.Column("token_hash", sa.Text(), primary_key=True),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("user_version", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("fresh_at", sa.BigInteger(), nullable=False),
        sa.Column("second", sa.Boolean(), nullable=False),
    )
    op.create_index("web_session_user", "web_session", ["user_name"])
    op.create_table(
        "draft",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("user_name", sa.Text(), primary_key=True),
        sa.Column("form", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "api_call",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("request_id", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("ms", sa.Double(), nullable=False),
        sa.Column("address", sa.Text()),
        sa.Column("clock", sa.Text()),
        sa.Column("repairs", sa.Text(), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("answer", sa.LargeBinary()),
    )
    op.create_index("api_call_at", "api_call", ["kode_rs", "at"])
    op.create_table(
        "shk_action",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("id_shk", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
    )
    op.create_index("shk_action_sample", "shk_action", ["kode_rs", "id_shk"])
    op.create_table(
        "shk_merge",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("first", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("second", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("same", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
    )
    op.create_table(
        "rollup",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("section", sa.Text(), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
