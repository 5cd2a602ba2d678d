"""The hospital's own database, read only: proven at the start, one connection, a limit for each statement (SR-54).

A row comes out as text under the guide's names, as a machine would send it: times on the hospital's wall clock, numbers
with a point. What it means is judged by the same codec as everywhere.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from rsonline.hospital.config import Config, Feed
from rsonline.hospital.words import InWords, as_is
from rsonline.reports.fields import Milliseconds
from rsonline.reports.report import members
from rsonline.reports.verdict import Words

Row = dict[str, object]
_FIRST = {
    "mysql": ("SET SESSION max_execution_time={millis}",),
    "mariadb": ("SET SESSION max_statement_time={seconds}",),
    "postgresql": ("SET statement_timeout={millis}",),
    # The longest time of a statement is the driver's (`_connecting`). `ymd` is how days are written here, whatever the
    # language of the account; where two block each other, the hospital's own program goes on.
    "mssql": ("SET LOCK_TIMEOUT {millis}", "SET DATEFORMAT ymd", "SET DEADLOCK_PRIORITY LOW"),
}
"""What each engine is told on a new connection: the longest time of a statement, above all."""
_AT_ONCE = 1000
_MOST_TABLES = 3000


class SourceError(InWords):
    """The hospital's database cannot be used; the text says why, without a password."""


class Writable(SourceError):
    """The account may write: the agent does not run with it."""


class Source:
    """One connection to the hospital's database. Raises SourceError."""

    def __init__(self, config: Config) -> None:
        self._zone = config.zone
        self._source_zone = config.source_zone
        self._folder = config.folder
        self._seconds = config.statement_seconds
        url = sa.make_url(config.source_url)
        if config.source_password_file is not None:
            url = url.set(password=password(config.source_password_file))
        if url.get_backend_name() == "sqlite" and url.database:
            url = sa.make_url(f"sqlite:///file:{url.database}?mode=ro&uri=true")
        # A hospital that gives files only has no database: one in memory stands for it, which knows no such pool.
        pool = {"pool_size": 1, "max_overflow": 0} if url.database or url.get_backend_name() != "sqlite" else {}
        try:
            self._engine = sa.create_engine(
                url, pool_pre_ping=True, hide_parameters=True, connect_args=connecting(url, self._seconds), **pool
            )
        except (sa.exc.ArgumentError, ModuleNotFoundError) as error:
            raise SourceError(as_is(f"source.url: {error}")) from None
        sa.event.listen(self._engine, "connect", self._limit)

    def close(self) -> None:
        """Give the connection back."""
        self._engine.dispose()

    def prove_read_only(self) -> int:
        """Try to write into every table that the account sees, always rolled back; how many tables. Raises Writable.

        Each attempt touches no row, even where it is allowed: a right is asked for before rows are looked for.
        """
        if self._engine.dialect.name == "sqlite":
            return 0
        try:
            told = sa.inspect(self._engine)
            tables = told.get_table_names()[:_MOST_TABLES]
            for table in tables:
                if any(self._allowed(each) for each in attempts(self._engine.dialect, table, told.get_columns(table))):
                    raise Writable(
                        Words(
                            f"Akun basis data dapat menulis ke tabel {table}. Pakai akun yang hanya boleh SELECT.",
                            f"The database account can write to table {table}. Use an account that may only SELECT.",
                        )
                    )
        except sa.exc.OperationalError as error:
            raise SourceError(as_is(_said(error))) from None
        return len(tables)

    def _allowed(self, statement: str) -> bool:
        with self._engine.connect() as connection:
            transaction = connection.begin()
            try:
                connection.exec_driver_sql(statement)
            except sa.exc.DBAPIError:
                return False
            else:
                return True
            finally:
                transaction.rollback()

    def tables(self) -> dict[str, list[str]]:
        """The tables that the account sees, with their columns; for the set-up. Raises SourceError."""
        try:
            told = sa.inspect(self._engine)
            return {name: [c["name"] for c in told.get_columns(name)] for name in told.get_table_names()}
        except sa.exc.DBAPIError as error:
            raise SourceError(as_is(_said(error))) from None

    def rows(self, feed: Feed, since: str | None = None) -> Iterator[Row]:
        """The rows of a feed, as a machine would send them. Raises SourceError."""
        if feed.file:
            yield from self._file(feed)
            return
        asked: dict[str, object] = {"since": _bound(feed, since)} if feed.since else {}
        try:
            with self._engine.connect() as connection:
                found = connection.execution_options(yield_per=_AT_ONCE).execute(sa.text(feed.sql), asked)
                try:
                    for row in found.mappings():
                        yield self._shown(feed, row)
                finally:
                    # Before anything else is asked on this connection: whoever stopped in the middle left rows in it.
                    found.close()
        except sa.exc.DBAPIError as error:
            raise SourceError(as_is(f"{feed.name}: {_said(error)}")) from None
        except sa.exc.SQLAlchemyError as error:
            raise SourceError(as_is(f"{feed.name}: {type(error).__name__}")) from None

    def _file(self, feed: Feed) -> Iterator[Row]:
        path = self._folder / feed.file
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                start = file.read(4096)
                file.seek(0)
                dialect = csv.Sniffer().sniff(start, ",;\t") if start.strip() else csv.excel
                for row in csv.DictReader(file, dialect=dialect):
                    yield self._shown(feed, {k: v for k, v in row.items() if k is not None})
        except (OSError, csv.Error, UnicodeDecodeError) as error:
            raise SourceError(as_is(f"{feed.name}: {path.name}: {error}")) from None

    def _shown(self, feed: Feed, row: Mapping[Any, Any]) -> Row:
        millis = {m.name for m in members(feed.report.record) if isinstance(m.kind, Milliseconds)}
        made: Row = {}
        for name, value in row.items():
            if feed.since and str(name) == feed.since:
                # On the database's own clock, as the next SELECT will ask for it.
                made[str(name)] = value.isoformat(" ") if isinstance(value, datetime) else value
                continue
            text = as_sent(value, self._source_zone, self._zone, millis=str(name) in millis)
            table = feed.codes.get(str(name))
            if table is not None and text is not None:
                # `*` stands for every code that is not named.
                text = table.get(str(text), table.get("*", text))
            made[str(name)] = text
        return made

    def _limit(self, connection: Any, record: object) -> None:
        """The longest time of a statement, told to the server for each new connection."""
        name = "mariadb" if self._mariadb(connection) else self._engine.dialect.name
        for statement in first_words(name, self._seconds):
            cursor = connection.cursor()
            try:
                cursor.execute(statement)
            finally:
                cursor.close()

    def _mariadb(self, connection: Any) -> bool:
        """Whether a MySQL driver speaks to MariaDB, which has a setting of its own."""
        if self._engine.dialect.name != "mysql":
            return False
        cursor = connection.cursor()
        try:
            cursor.execute("SELECT VERSION()")
            return "mariadb" in str(cursor.fetchone()[0]).casefold()
        finally:
            cursor.close()


def connecting(url: sa.URL, seconds: float) -> dict[str, object]:
    """What a driver is told: SQL Server has no limit for a statement of its own, its driver has, in whole seconds."""
    if url.get_backend_name() == "mssql" and url.get_driver_name() == "pymssql":
        return {"timeout": max(1, round(seconds)), "login_timeout": 10}
    return {}


def first_words(engine: str, seconds: float) -> tuple[str, ...]:
    """The statements that begin a connection."""
    return tuple(each.format(millis=int(seconds * 1000), seconds=seconds) for each in _FIRST.get(engine, ()))


def attempts(dialect: sa.Dialect, table: str, columns: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Writes into a table that touch no row, even where they are allowed; none for a table without columns.

    They name columns that can be written: of one that the engine fills in itself some engines say that it cannot be
    written, and of one without a default that it is missing, before they say whether the account may.
    """
    plain = [c for c in columns if not (c.get("identity") or c.get("computed") or c.get("autoincrement") is True)]
    if not columns:
        return ()
    quote = dialect.identifier_preparer.quote
    name, several = quote(table), [quote(str(c["name"])) for c in plain or columns]
    first, every = several[0], ", ".join(several)
    return (
        f"UPDATE {name} SET {first}={first} WHERE 1=0",  # noqa: S608 (names of the database's own)
        f"DELETE FROM {name} WHERE 1=0",  # noqa: S608
        f"INSERT INTO {name} ({every}) SELECT {every} FROM {name} WHERE 1=0",  # noqa: S608
    )


def as_sent(value: Any, zone: ZoneInfo, shown: ZoneInfo, *, millis: bool = False) -> object:
    """A value of the hospital's database as a machine would send it.

    Times without a zone are of the database's `zone` and come out on the hospital's wall clock (`shown`), or as
    milliseconds since 1970.
    """
    match value:
        case None | str() | int():
            return value
        case Decimal() | float():
            text = format(value, "f") if isinstance(value, Decimal) else repr(value)
            return text.rstrip("0").rstrip(".") if "." in text else text
        case datetime():
            moment = value.replace(tzinfo=zone) if value.tzinfo is None else value
            if millis:
                return str((moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))
            return moment.astimezone(shown).strftime("%Y-%m-%d %H:%M:%S")
        case date():
            return value.isoformat()
        case timedelta():
            return str(value)
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode("utf-8", "replace")
        case _:
            return str(value)


def _bound(feed: Feed, since: str | None) -> object:
    """Where to read from: the mark, less the overlap where it is a time."""
    if since is None:
        return "1970-01-01 00:00:00"
    try:
        return (datetime.fromisoformat(since) - timedelta(seconds=feed.overlap)).strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return since


def _said(error: sa.exc.DBAPIError) -> str:
    """What the database said, in one line, without what was sent to it."""
    return " ".join(str(error.orig).split())[:300]


def password(path: Path) -> str:
    """A password from a file that only its owner reads. Raises SourceError."""
    try:
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise SourceError(
            Words(f"{path} tidak dapat dibaca: {error.strerror}", f"{path} cannot be read: {error.strerror}")
        ) from None
