"""The outbox: the durable list of what still has to arrive at the ministry, in one SQLite file.

A record that was offered is on the disk before `offer` returns. Messages about one object arrive in the order in which
they were offered; a refused one holds up its own object only. Contents are sealed, since the file lies in a hospital's
office; objects are known by a keyed digest. One process writes at a time.

States: `waiting` (to be sent), `sent` (under way, or nobody knows), `accepted` (the service confirmed it), `verified`
(read back), `refused` (set aside until somebody corrects, resends or discards it), `superseded` (newer content took its
place before it was sent) and `discarded` (a person gave it up).
"""

import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rsonline.hospital.messages import Counts, Key, Message, Offer, Refused, Rejected, State
from rsonline.hospital.outbox_form import prepare, prepared
from rsonline.hospital.sealed import Sealer, canonical
from rsonline.hospital.words import InWords
from rsonline.reports.verdict import Words

OPEN: Final = ("waiting", "sent", "refused")
"""The states of what has not arrived yet."""
KEPT_FOR: Final = 7 * 86_400.0
"""Seconds after which the contents of what arrived are forgotten; the digest stays (SR-55)."""
ROWS_KEPT_FOR: Final = 90 * 86_400.0
"""Seconds after which what arrived is no longer listed; how often and when a kind arrived is still known."""
PARENT_AWAITED: Final = 600.0
"""Seconds for which what belongs to an unknown record waits for it: the feed of that record may be read later."""
LEAST_FREE: Final = 64 << 20
"""Bytes of the disk that stay free, so that what is kept can still be delivered when nothing more can be taken."""


class OutboxFull(InWords):
    """Nothing more can be kept: whoever reads the source has to stop, and to call somebody."""


@dataclass(slots=True)
class Outbox:
    """An open outbox. Raises OutboxError where the file or the key cannot be used."""

    path: Path
    sealer: Sealer
    most: int = 1_000_000
    most_bytes: int = 2 << 30
    least_free: int = LEAST_FREE
    clock: Callable[[], float] = time.time
    _connection: sqlite3.Connection = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.path.exists():
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        self._connection = sqlite3.connect(self.path, isolation_level=None, timeout=10, check_same_thread=False)
        # A rollback journal and one writer: nothing depends on which SQLite the system has.
        self._connection.execute("PRAGMA journal_mode=TRUNCATE").fetchone()
        self._connection.execute("PRAGMA synchronous=EXTRA")
        if not prepared(self._connection):
            with self._writing():
                prepare(self._connection, self.path.name)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    # ---- what the source says

    def offer(
        self,
        offers: Iterable[Offer],
        *,
        feed: str | None = None,
        mark: str | None = None,
        rejected: Sequence[tuple[Key, str]] = (),
    ) -> int:
        """Keep what changed; how many messages that made. On the disk when this returns.

        With a feed, also how far it was read and what of it cannot be sent.
        Raises OutboxFull: then nothing of it is kept.
        A record whose content is that of its last message makes none.
        """
        made = 0
        if (free := shutil.disk_usage(self.path.parent).free) < self.least_free:
            least = self.least_free
            raise OutboxFull(
                Words(
                    f"{free >> 20} MiB disk masih kosong, {least >> 20} MiB harus tetap kosong",
                    f"{free >> 20} MiB of the disk are free, {least >> 20} MiB have to stay free",
                )
            )
        with self._writing():
            count, size = self._connection.execute("SELECT messages, bytes FROM total").fetchone()
            for each in offers:
                body = canonical(dict(each.body))
                object_ = self.object_of(each.report, each.key)
                digest = self.sealer.digest(each.verb, body)
                known = self._connection.execute("SELECT digest FROM object WHERE object=?", (object_,)).fetchone()
                if known is not None and known[0] == digest:
                    continue
                freed, freed_bytes = self._make_way(object_, each.event)
                count, size = count - freed + 1, size - freed_bytes + len(body)
                if count > self.most or size > self.most_bytes:
                    raise OutboxFull(Words(f"{count} pesan, {size} byte", f"{count} messages, {size} bytes"))
                self._add(each, object_, digest, len(body))
                made += 1
            self._connection.execute("UPDATE total SET messages=?, bytes=?", (count, size))
            if feed is not None:
                self._reject(feed, rejected)
                self._connection.execute("DELETE FROM consent WHERE feed=?", (feed,))
                if mark is not None:
                    self._connection.execute("INSERT OR REPLACE INTO mark VALUES (?, ?)", (feed, mark))
        return made

    def object_of(self, report: str, key: Key) -> str:
        """By what an object is known in the file: a keyed digest, since a key may be a person's number.

        Letter case does not count, as it does not for the service.
        """
        return self.sealer.digest("object", canonical([report, *(part.casefold() for part in key)]))

    def known(self, report: str) -> dict[str, Key]:
        """The objects of a kind that were offered and not removed since, with their keys."""
        rows = self._connection.execute("SELECT object, named FROM object WHERE report=? AND NOT gone", (report,))
        return {object_: tuple(self.sealer.open(named, object_)) for object_, named in rows}

    def numbers(self, report: str) -> dict[str, str]:
        """The service's numbers of a kind, by object."""
        rows = self._connection.execute(
            "SELECT object, number FROM object WHERE report=? AND number IS NOT NULL", (report,)
        )
        return dict(rows.fetchall())

    def called(self, report: str, number: str) -> Key | None:
        """The key of the object that has this number at the service."""
        row = self._connection.execute(
            "SELECT object, named FROM object WHERE report=? AND number=?", (report, number)
        ).fetchone()
        return None if row is None else tuple(self.sealer.open(row[1], row[0]))

    def knows(self, report: str, key: Key) -> bool:
        """Whether an object was offered here and not removed since."""
        object_ = self.object_of(report, key)
        row = self._connection.execute("SELECT 1 FROM object WHERE object=? AND NOT gone", (object_,)).fetchone()
        return row is not None

    def unfinished(self, report: str) -> set[str]:
        """The objects of a kind about which something has not arrived."""
        rows = self._connection.execute(
            "SELECT DISTINCT object FROM message WHERE report=? AND state IN ('waiting', 'sent', 'refused')", (report,)
        )
        return {object_ for (object_,) in rows}

    def offer_again(self, offer: Offer, *, number: str | None) -> int:
        """Keep a record although nothing changed, with the service's number of it; how many messages that made.

        Raises OutboxFull.
        """
        with self._writing():
            object_ = self.object_of(offer.report, offer.key)
            self._connection.execute("UPDATE object SET digest='', number=? WHERE object=?", (number, object_))
            made = self.offer([offer])
            self._connection.execute("UPDATE object SET number=? WHERE object=?", (number, object_))
        return made

    def forget(self, report: str, key: Key) -> None:
        """An object is no longer at the service, and nothing has to be said about it."""
        with self._writing():
            self._connection.execute(
                "UPDATE object SET gone=1, digest='', number=NULL WHERE object=?", (self.object_of(report, key),)
            )

    def mark(self, feed: str) -> str | None:
        """Up to where a feed was read."""
        row = self._connection.execute("SELECT value FROM mark WHERE feed=?", (feed,)).fetchone()
        return None if row is None else str(row[0])

    def consent(self, feed: str) -> None:
        """A person says that the next reading of a snapshot may remove as much as it likes."""
        with self._writing():
            self._connection.execute("INSERT OR REPLACE INTO consent VALUES (?, ?)", (feed, self.clock()))

    def consented(self, feed: str) -> bool:
        """Whether a person said so since the last reading."""
        return self._connection.execute("SELECT 1 FROM consent WHERE feed=?", (feed,)).fetchone() is not None

    def rejected(self, feed: str | None = None) -> list[Rejected]:
        """The rows of the source that cannot be sent as they are, with what is wrong with them."""
        query = "SELECT feed, object, said, at FROM rejected"
        rows = self._connection.execute(
            f"{query} WHERE feed=? ORDER BY at" if feed else f"{query} ORDER BY feed, at", (feed,) if feed else ()
        ).fetchall()
        return [Rejected(name, self.sealer.open(said, object_), at) for name, object_, said, at in rows]

    def _reject(self, feed: str, rejected: Sequence[tuple[Key, str]]) -> None:
        """Keep what a feed just found wrong; what it found wrong before and no longer does is forgotten."""
        now = self.clock()
        self._connection.execute("DELETE FROM rejected WHERE feed=?", (feed,))
        for key, said in rejected:
            object_ = self.object_of(feed, key)
            self._connection.execute(
                "INSERT OR REPLACE INTO rejected VALUES (?, ?, ?, ?)",
                (feed, object_, self.sealer.seal(said, object_), now),
            )

    def _make_way(self, object_: str, event: bool) -> tuple[int, int]:
        """Take out what the new content replaces: a refused message, and of a state what waits and was never sent."""
        replaced = "state='refused'" if event else "(state='refused' OR (state='waiting' AND tries=0))"
        rows = self._connection.execute(
            # The states stand here once more for the index, which holds these rows only.
            f"SELECT id, size FROM message WHERE object=? AND state IN ('waiting', 'sent', 'refused') AND {replaced}",  # noqa: S608 (one of two texts of ours)
            (object_,),
        ).fetchall()
        for id_, _ in rows:
            self._end(id_, "superseded", None)
        return len(rows), sum(size for _, size in rows)

    def _add(self, offer: Offer, object_: str, digest: str, size: int) -> None:
        once, now = secrets.token_urlsafe(24), self.clock()
        parent = None if offer.parent is None else self.object_of(*offer.parent)
        sealed = self.sealer.seal(dict(offer.body), once)
        self._connection.execute(
            "INSERT INTO message (report, object, parent, verb, event, once, digest, body, size, state, tries, due,"
            " offered) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', 0, ?, ?)",
            (offer.report, object_, parent, offer.verb, offer.event, once, digest, sealed, size, now, now),
        )
        self._connection.execute(
            "INSERT INTO object (object, report, digest, gone, named, at) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (object) DO UPDATE SET digest=excluded.digest, gone=excluded.gone, at=excluded.at",
            (object_, offer.report, digest, offer.verb == "remove", self.sealer.seal(offer.key, object_), now),
        )

    # ---- what is delivered

    def due(self, most: int = 100) -> list[Message]:
        """What may be sent now: of each object its oldest message that has not arrived, parents before children."""
        now = self.clock()
        rows = self._connection.execute(
            "SELECT m.id, m.report, m.verb, m.body, m.once, m.tries, m.state, own.number, above.number"
            " FROM message m LEFT JOIN object own ON own.object = m.object"
            " LEFT JOIN object above ON above.object = m.parent"
            " WHERE m.state IN ('waiting', 'sent') AND m.due <= ?"
            " AND NOT EXISTS (SELECT 1 FROM message e WHERE e.object = m.object AND e.id < m.id"
            "  AND e.state IN ('waiting', 'sent', 'refused'))"
            " AND NOT EXISTS (SELECT 1 FROM message p WHERE p.object = m.parent"
            "  AND p.state IN ('waiting', 'sent', 'refused'))"
            " AND (m.parent IS NULL OR above.object IS NOT NULL OR m.offered <= ?)"
            " ORDER BY m.due, m.id LIMIT ?",
            (now, now - PARENT_AWAITED, most),
        ).fetchall()
        return [
            Message(id_, report, verb, self.sealer.open(body, once), once, tries, state, number, above)
            for id_, report, verb, body, once, tries, state, number, above in rows
        ]

    def begin(self, ids: Sequence[int]) -> None:
        """These are about to be sent: from now on nobody knows whether they arrived, until an answer says so."""
        with self._writing():
            for id_ in ids:
                self._connection.execute(
                    "UPDATE message SET state='sent', tries=tries+1 WHERE id=? AND state IN ('waiting', 'sent')", (id_,)
                )

    def accepted(self, id_: int, *, number: str | None = None, receipt: str | None = None) -> None:
        """The service confirmed it. Its number for the object, and its receipt, are kept."""
        self._arrived(id_, "accepted", number, receipt)

    def verified(self, id_: int, *, number: str | None = None) -> None:
        """It was read back from the service."""
        self._arrived(id_, "verified", number, None)

    def later(self, id_: int, due: float, *, unsent: bool = False) -> None:
        """To be tried again then. `unsent` says that it surely did not arrive: newer content may take its place."""
        with self._writing():
            self._connection.execute(
                "UPDATE message SET due=?, state=CASE WHEN ? THEN 'waiting' ELSE state END,"
                " tries=CASE WHEN ? THEN 0 ELSE tries END WHERE id=? AND state IN ('waiting', 'sent')",
                (due, unsent, unsent, id_),
            )

    def refused(self, id_: int, said: str) -> None:
        """The service refused it for what it says; set aside with the reason."""
        with self._writing():
            once = self._connection.execute("SELECT once FROM message WHERE id=?", (id_,)).fetchone()[0]
            self._connection.execute(
                "UPDATE message SET state='refused', ended=?, said=? WHERE id=? AND state IN ('waiting', 'sent')",
                (self.clock(), self.sealer.seal(said, once), id_),
            )

    def _arrived(self, id_: int, state: State, number: str | None, receipt: str | None) -> None:
        with self._writing():
            row = self._connection.execute(
                "SELECT object, once, digest, size, state FROM message WHERE id=?", (id_,)
            ).fetchone()
            if row is None or (row[4] not in OPEN and (row[4], state) != ("accepted", "verified")):
                return
            object_, once, digest, size, before = row
            said = None if receipt is None else self.sealer.seal(receipt, once)
            self._connection.execute(
                "UPDATE message SET state=?, ended=?, said=COALESCE(?, said) WHERE id=?",
                (state, self.clock(), said, id_),
            )
            # What was refused before that of which it is a part had arrived may be right now, once.
            orphans = self._connection.execute(
                "SELECT m.id FROM message m JOIN object o ON o.object = m.parent"
                " WHERE m.parent=? AND m.state='refused' AND o.confirmed IS NULL",
                (object_,),
            )
            for (orphan,) in orphans.fetchall():
                self.resend(orphan)
            self._connection.execute(
                "UPDATE object SET confirmed=?, number=COALESCE(?, number) WHERE object=?", (digest, number, object_)
            )
            if before in OPEN:
                self._connection.execute("UPDATE total SET messages=messages-1, bytes=bytes-?", (size,))
                self._connection.execute(
                    "INSERT INTO confirmed SELECT report, 1, ? FROM message WHERE id=? ON CONFLICT (report)"
                    " DO UPDATE SET messages=messages+1, at=excluded.at",
                    (self.clock(), id_),
                )

    # ---- what people do

    def set_aside(self, most: int = 1000) -> list[Refused]:
        """What was refused, oldest first, with the reason."""
        rows = self._connection.execute(
            "SELECT id, report, verb, body, once, said, ended FROM message WHERE state='refused' ORDER BY id LIMIT ?",
            (most,),
        ).fetchall()
        return [
            Refused(id_, report, verb, self.sealer.open(body, once), self.sealer.open(said, once), ended)
            for id_, report, verb, body, once, said, ended in rows
        ]

    def resend(self, id_: int) -> bool:
        """Try a refused message again, under a new number: it may have been corrected over there."""
        with self._writing():
            row = self._connection.execute(
                "SELECT once, body FROM message WHERE id=? AND state='refused'", (id_,)
            ).fetchone()
            if row is None:
                return False
            once = secrets.token_urlsafe(24)
            body = self.sealer.seal(self.sealer.open(row[1], row[0]), once)
            self._connection.execute(
                "UPDATE message SET state='waiting', tries=0, due=?, ended=NULL, said=NULL, once=?, body=? WHERE id=?",
                (self.clock(), once, body, id_),
            )
        return True

    def discard(self, id_: int) -> bool:
        """Give a refused message up. What it said is offered again as soon as the source changes."""
        with self._writing():
            row = self._connection.execute("SELECT size FROM message WHERE id=? AND state='refused'", (id_,)).fetchone()
            if row is None:
                return False
            self._end(id_, "discarded", None)
            self._connection.execute("UPDATE total SET messages=messages-1, bytes=bytes-?", (row[0],))
        return True

    def counts(self) -> list[Counts]:
        """How it stands, by report kind."""
        rows = self._connection.execute(
            "SELECT report, state, COUNT(*), MIN(offered) FROM message WHERE state IN ('waiting', 'sent', 'refused')"
            " GROUP BY report, state"
        ).fetchall()
        arrived = self._connection.execute("SELECT report, messages, at FROM confirmed").fetchall()
        made = {report: Counts(report, confirmed=at, arrived=messages) for report, messages, at in arrived}
        for report, state, count, offered in rows:
            so_far = made.get(report, Counts(report))
            if state != "refused":
                so_far = so_far._replace(oldest=min(filter(None, (so_far.oldest, offered))))
            made[report] = so_far._replace(**{state: count})
        return [made[report] for report in sorted(made)]

    def size(self) -> tuple[int, int]:
        """How many messages have not arrived, and the bytes of their contents."""
        count, size = self._connection.execute("SELECT messages, bytes FROM total").fetchone()
        return count, size

    def purge(self) -> int:
        """Forget the contents of what ended more than a week ago; how many. Digests stay (SR-55)."""
        now, over = self.clock(), "state NOT IN ('waiting', 'sent', 'refused')"
        with self._writing():
            done = self._connection.execute(
                f"UPDATE message SET body=NULL, said=NULL WHERE body IS NOT NULL AND ended < ? AND {over}",  # noqa: S608 (ours)
                (now - KEPT_FOR,),
            )
            self._connection.execute(
                f"DELETE FROM message WHERE ended < ? AND {over}",  # noqa: S608 (a text of ours)
                (now - ROWS_KEPT_FOR,),
            )
        return done.rowcount

    def _end(self, id_: int, state: State, said: bytes | None) -> None:
        self._connection.execute(
            "UPDATE message SET state=?, ended=?, said=? WHERE id=?", (state, self.clock(), said, id_)
        )

    # ---- the file

    def together(self) -> AbstractContextManager[None]:
        """What is written inside is durable at its end, all of it or nothing."""
        return self._writing()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction; durable when it ends, or as if it had never begun."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # A full disk may have ended the transaction already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
