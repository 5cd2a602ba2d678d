"""Bed messages one by one, and how a hospital was heard of when every one of them is read again."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from rsonline.store.bed_rounds import KEPT, Round, Told
from rsonline.store.database import Database
from tests.databases import journal

TOGETHER = timedelta(minutes=5)
IGNORED = frozenset({"tgllapor"})
"""Members that speak of a message and not of what it reports."""


class Post(NamedTuple):
    """One accepted message, as the journal has it: its record's `key`, and the values after it (None: deleted)."""

    kode_rs: str
    key: str
    at: datetime
    source: str
    verb: str
    values: Mapping[str, object] | None


def recount(posts: Iterable[Post], now: datetime) -> Told | None:
    """One hospital's messages put together, whatever their order; None without one.

    What each changed is told by the values that were known before it: the first time a record is heard of is a change.
    """
    known: dict[str, Mapping[str, object] | None] = {}
    rounds: list[Round] = []
    last = changed_at = confirmed_at = None
    code = ""
    for post in sorted((p for p in posts if p.at <= now), key=lambda p: p.at):
        said = None if post.values is None else {k: v for k, v in post.values.items() if k not in IGNORED}
        changed = post.key not in known or known[post.key] != said
        known[post.key] = said
        person = post.source == "web"
        confirmed = person and post.verb == "confirm"
        if not rounds or post.at - rounds[-1].at > TOGETHER:
            rounds.append(Round(post.at, False, False, False))
        one = rounds[-1]
        rounds[-1] = Round(one.at, one.changed or changed, one.confirmed or confirmed, one.person or person)
        code, last = post.kode_rs, post.at
        changed_at = post.at if changed else changed_at
        confirmed_at = post.at if confirmed else confirmed_at
    if not rounds:
        return None
    since = max(i for i, r in enumerate(rounds) if r.changed)
    return Told(code, last, changed_at, confirmed_at, [r for r in rounds[since:] if r.at >= now - KEPT])


def raw(database: Database, code: str) -> list[Post]:
    """A hospital's bed messages as the journal has them, opened."""
    return [
        Post(code, line["key"], line["at"], line["source"], line["verb"], line["new"] and json.loads(line["new"]))
        for line in journal(database, code, "tempat_tidur")
        if line["verb"] not in ("view", "refused")
    ]
