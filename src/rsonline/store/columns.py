"""What the columns of all tables have in common: how an instant is kept, and the list of the tables."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware datetime, kept as UTC milliseconds since 1970."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        """To milliseconds."""
        return None if value is None else to_millis(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """From milliseconds."""
        return None if value is None else from_millis(value)


_MILLISECOND = timedelta(milliseconds=1)


def to_millis(value: datetime) -> int:
    """UTC milliseconds of an aware datetime."""
    return (value - EPOCH) // _MILLISECOND


def from_millis(value: int) -> datetime:
    """The aware datetime of UTC milliseconds."""
    return EPOCH + value * _MILLISECOND
