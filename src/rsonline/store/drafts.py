"""Drafts: what somebody typed into a form and has not sent yet, sealed, one for each person and form."""

from datetime import datetime
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from rsonline.store.access import Access
from rsonline.store.schema import draft
from rsonline.store.seal import place


class Draft(NamedTuple):
    """What was typed, and when it was last kept."""

    at: datetime
    typed: dict[str, str]


def keep(access: Access, code: str, user_name: str, form: str, typed: dict[str, str], now: datetime) -> None:
    """Keep what was typed, instead of what was kept before."""
    sealed = access.vault.seal(msgspec.json.encode(typed).decode(), _place(code, user_name, form))
    where = _where(code, user_name, form)
    if access.connection.execute(sa.update(draft).where(*where).values(at=now, body=sealed)).rowcount == 0:
        access.connection.execute(
            sa.insert(draft).values(kode_rs=code, user_name=user_name, form=form, at=now, body=sealed)
        )


def find(access: Access, code: str, user_name: str, form: str) -> Draft | None:
    """What was typed into this form."""
    row = access.connection.execute(sa.select(draft).where(*_where(code, user_name, form))).one_or_none()
    if row is None:
        return None
    text = access.vault.open(row.body, _place(code, user_name, form))
    return Draft(row.at, msgspec.json.decode(text, type=dict[str, str]))


def forms(access: Access, code: str, user_name: str) -> dict[str, datetime]:
    """The forms that somebody began, and when each was last kept."""
    query = sa.select(draft.c.form, draft.c.at).where(draft.c.kode_rs == code, draft.c.user_name == user_name)
    return {row.form: row.at for row in access.connection.execute(query)}


def drop(access: Access, code: str, user_name: str, form: str) -> None:
    """Forget a draft: it was sent, or thrown away."""
    access.connection.execute(sa.delete(draft).where(*_where(code, user_name, form)))


def _where(code: str, user_name: str, form: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (draft.c.kode_rs == code, draft.c.user_name == user_name, draft.c.form == form)


def _place(code: str, user_name: str, form: str) -> str:
    return place("draft", "body", code, [user_name, form])
