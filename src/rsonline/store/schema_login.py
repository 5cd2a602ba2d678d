"""The tables of who may come in: hospitals with their passwords and keys, accounts of the patient API, people."""

import sqlalchemy as sa

from rsonline.store.columns import Instant, metadata

hospital = sa.Table(
    "hospital",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("nama", sa.Text, nullable=False),
    sa.Column("zona", sa.Text, nullable=False),
    sa.Column("kab_kota", sa.Text, comment="code of its regency, whose first two digits are its province"),
    sa.Column("aktif", sa.Boolean, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False, comment="counts every change of its credentials and state"),
    sa.Column("create_on_put", sa.Boolean, nullable=False),
    sa.Column("always_200", sa.Boolean, nullable=False),
    sa.Column("clock_mode", sa.Text, nullable=False),
    sa.Column("absent_clock_until", Instant),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column(
        "signed_only", sa.Boolean, nullable=False, server_default=sa.false(), comment="a bare password is refused"
    ),
)

credential = sa.Table(
    "credential",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, comment="generated, imported or md5 (of another one)"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("valid_until", Instant),
    sa.Column("revoked_at", Instant),
    sa.Column("exposed_at", Instant, comment="when it was first seen on a connection without TLS"),
    sa.Column("exposed_from", sa.Text, comment="from which address"),
)

signing_key = sa.Table(
    "signing_key",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("secret", sa.LargeBinary, nullable=False, comment="sealed"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("valid_until", Instant),
    sa.Column("revoked_at", Instant),
)
"""Keys by which a hospital's program signs its requests: the service needs them as they are, so they are sealed."""

used_nonce = sa.Table(
    "used_nonce",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("nonce", sa.Text, primary_key=True),
    sa.Column("until", Instant, nullable=False, comment="after which no request with it would be accepted anyhow"),
)
"""What signed requests were already accepted (SR-12)."""

known_source = sa.Table(
    "known_source",
    metadata,
    sa.Column("kode_rs", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("last_good", Instant, nullable=False),
)

account = sa.Table(
    "account",
    metadata,
    sa.Column("user_name", sa.Text, primary_key=True),
    sa.Column("kode_rs", sa.Text, comment="the hospital that it speaks for; none: a consumer"),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("aktif", sa.Boolean, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False, comment="counts every change of it"),
    sa.Column("addresses", sa.Text, nullable=False, comment="from where it may come, with blanks between; none: any"),
    sa.Column("rights", sa.Text, nullable=False, comment="of a consumer, with blanks between"),
    sa.Column("valid_until", Instant),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("exposed_at", Instant, comment="when it was first seen on a connection without TLS"),
    sa.Column("exposed_from", sa.Text, comment="from which address"),
)
"""Accounts of the patient API. Few and looked for by name: not spread by hospital."""

web_user = sa.Table(
    "web_user",
    metadata,
    sa.Column("user_name", sa.Text, primary_key=True),
    sa.Column("nama", sa.LargeBinary, nullable=False, comment="sealed"),
    sa.Column("role", sa.Text, nullable=False, comment="role: petugas, admin-rs, dinkes, kemenkes or operator"),
    sa.Column("kode_rs", sa.Text, comment="the hospital that it works for; none: another role"),
    sa.Column("region", sa.Text, comment="the province or regency that a dinkes reads"),
    sa.Column("hash", sa.Text, comment="of its password; none until the first one is chosen"),
    sa.Column("aktif", sa.Boolean, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False, comment="counts every change: its sessions end with it"),
    sa.Column("totp", sa.LargeBinary, comment="sealed secret of the second factor"),
    sa.Column("totp_step", sa.BigInteger, nullable=False, comment="the last step that was used: none counts twice"),
    sa.Column("code_hash", sa.Text, comment="SHA-256 of the one-time code for choosing a password"),
    sa.Column("code_until", Instant),
    sa.Column("created_at", Instant, nullable=False),
)
"""People who use the web application. Few and looked for by name: not spread by hospital."""

web_session = sa.Table(
    "web_session",
    metadata,
    sa.Column("token_hash", sa.Text, primary_key=True, comment="SHA-256 of the cookie"),
    sa.Column("user_name", sa.Text, nullable=False),
    sa.Column("user_version", sa.BigInteger, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("fresh_at", Instant, nullable=False, comment="when its owner last proved who it is"),
    sa.Column("second", sa.Boolean, nullable=False, comment="whether the second factor was given"),
)
sa.Index("web_session_user", web_session.c.user_name)
