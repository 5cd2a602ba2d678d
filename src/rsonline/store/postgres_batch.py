"""A batch of changes on PostgreSQL: found, decided and written with few statements, inside one transaction."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import sqlalchemy as sa

from rsonline.reports.report import Numbered, Report, Row
from rsonline.store import bed_rounds
from rsonline.store.apply import Work, repeated, work
from rsonline.store.bed_rounds import Heard
from rsonline.store.change import Change, Lookup, Outcome, Stale
from rsonline.store.columns import to_millis
from rsonline.store.journal import Head
from rsonline.store.postgres_engine import GONE
from rsonline.store.postgres_statements import answered, drop_rounds, find, heads, move_heads, numbers, write
from rsonline.store.rows import condition, shape_of
from rsonline.store.schema import BED_HISTORY, bed_round, idempotency, journal, table_of, tally
from rsonline.store.seal import Vault

_AT_A_TIME = 32
"""How many numbers are taken from a sequence at once."""
_Key = tuple[str, str, tuple[tuple[str, Any], ...], bool, bool]


class Batches:
    """Turns a batch of changes into statements. Used by one writer, one batch at a time."""

    def __init__(self, vault: Vault, clock: Callable[[], float] | None) -> None:
        self._vault = vault
        self._clock = clock
        self._latest = 0.0
        self._numbers: dict[str, list[int]] = {}

    def forget(self) -> None:
        """What was remembered of the server may no longer hold."""
        self._numbers.clear()

    async def apply(
        self, connection: "asyncpg.Connection[Any]", batch: Sequence[Change]
    ) -> Sequence[Outcome | BaseException]:
        """Find, decide and write inside the open transaction; a result or the decision's own exception for each."""
        codes = sorted({change.origin.hospital for change in batch})
        states = {row[0]: row for row in await connection.fetch(heads(), codes)}
        known = {code: Head(row[3], row[4]) for code, row in states.items()}
        heard = {code: Heard(*row[5:]) for code, row in states.items()}
        self._latest = max(self._latest, time.time() if self._clock is None else self._clock())
        now = datetime.fromtimestamp(self._latest, UTC)
        current = [
            (c, c.origin.hospital in states and tuple(states[c.origin.hospital][1:3]) == (c.origin.version, True))
            for c in batch
        ]
        seen = Overlay(connection, self._vault)
        await seen.prepare([change for change, valid in current if valid])
        answers = await answered_before(connection, [c for c, valid in current if valid])
        results: list[Outcome | BaseException] = []
        done: list[tuple[str, Work]] = []
        for change, valid in current:
            code = change.origin.hospital
            if not valid:
                results.append(Stale())
                continue
            try:
                said = None
                if change.once is not None:
                    stored = answers.get((code, change.once.route, change.once.key))
                    said = repeated(self._vault, code, change.once, stored, now)
                if said is not None:
                    results.append(said)
                    continue
                found = await seen.found(change)
                await self._provide(connection, change)
                made = work(self._vault, change, found, now, known[code], heard[code], self._number)
            except asyncpg.PostgresError:
                raise
            except GONE:
                raise
            except Exception as error:
                results.append(error)
                continue
            known[code], heard[code] = made.head, made.heard
            seen.lay(made.rows)
            if made.answer is not None:
                answers[code, made.answer[1], made.answer[2]] = made.answer[3:]
            done.append((code, made))
            results.append(made.outcome)
        await self._write(connection, done, known, heard, now)
        return results

    async def _provide(self, connection: "asyncpg.Connection[Any]", change: Change) -> None:
        """Numbers enough for whatever this change may add."""
        for report, wanted in ((change.report, 1), *Counter(change.parts).items()):
            kept = self._numbers.setdefault(report.name, [])
            if isinstance(report.identity, Numbered) and len(kept) < wanted:
                rows = await connection.fetch(numbers(), f"number_{report.name}", max(_AT_A_TIME, wanted))
                kept[:0] = [row[0] for row in rows][::-1]

    def _number(self, report: Report[Any]) -> int:
        return self._numbers[report.name].pop()

    async def _write(
        self,
        connection: "asyncpg.Connection[Any]",
        done: Sequence[tuple[str, Work]],
        known: dict[str, Head],
        heard: dict[str, Heard],
        now: datetime,
    ) -> None:
        rows: dict[Report[Any], dict[tuple[Any, ...], Row]] = {}
        counts: dict[tuple[str, date, str], int] = {}
        for code, made in done:
            for report, row in made.rows:
                # The last writer of a key wins; the others have their journal lines.
                rows.setdefault(report, {})[code, *shape_of(report).key_of(row)] = row
            for what in made.tallies:
                counts[code, now.date(), what] = counts.get((code, now.date(), what), 0) + 1
        for report, of_report in rows.items():
            shape = shape_of(report)
            await _many(connection, table_of(report), [shape.values(row, self._vault) for row in of_report.values()])
        await _many(connection, BED_HISTORY, [values for _, made in done for values in made.history])
        rounds = {row[:2]: row for _, made in done for row in made.rounds}
        await _many(connection, bed_round, list(rounds.values()))
        if rounds:
            oldest = [bed_rounds.oldest_kept(row) for row in rounds.values()]
            await connection.execute(drop_rounds(), [code for code, _ in rounds], oldest)
        await _many(connection, journal, [line for _, made in done for line in made.lines])
        answers = {made.answer[:3]: made.answer for _, made in done if made.answer is not None}
        await _many(connection, idempotency, list(answers.values()))
        await _many(connection, tally, [(*key, count) for key, count in counts.items()])
        moved = sorted({code for code, made in done if made.lines})
        if moved:
            await connection.execute(
                move_heads(),
                moved,
                [known[code].seq for code in moved],
                [known[code].hash for code in moved],
                *map(list, zip(*(heard[code] for code in moved), strict=True)),
            )


class Overlay:
    """The rows that a batch depends on: what the database has, and over it what earlier changes of the batch wrote."""

    def __init__(self, connection: "asyncpg.Connection[Any]", vault: Vault) -> None:
        self._connection = connection
        self._vault = vault
        self._rows: dict[_Key, list[Row]] = {}
        self._keys: dict[int, tuple[_Key, Lookup]] = {}
        self._laid: dict[tuple[str, str], dict[tuple[Any, ...], Row]] = {}

    async def prepare(self, changes: Sequence[Change]) -> None:
        """Find everything that can be known to be needed, with one statement for each kind of lookup."""
        first = [(c.origin.hospital, w) for c in changes for w in c.lookups if isinstance(w, Lookup)]
        await self._fetch(first)
        later = []
        for change in changes:
            if all(isinstance(each, Lookup) for each in change.lookups):
                continue
            found: list[list[Row]] = []
            for each in change.lookups:
                wanted = each if isinstance(each, Lookup) else each(found)
                known = None if wanted is None else self._rows.get(self._key(change.origin.hospital, wanted))
                found.append(known or [])
                if wanted is not None and known is None:
                    later.append((change.origin.hospital, wanted))
        await self._fetch(later)

    async def found(self, change: Change) -> list[list[Row]]:
        """What the change's lookups find now."""
        code = change.origin.hospital
        found: list[list[Row]] = []
        for each in change.lookups:
            wanted = each if isinstance(each, Lookup) else each(found)
            if wanted is None:
                found.append([])
                continue
            key = self._key(code, wanted)
            if key not in self._rows:
                await self._fetch([(code, wanted)])
            found.append(self._as_of_now(code, wanted, key))
        return found

    def lay(self, rows: Iterable[tuple[Report[Any], Row]]) -> None:
        """Put what a change wrote over what the database has."""
        for report, row in rows:
            key = tuple(shape_of(report).key_of(row))
            self._laid.setdefault((report.name, row["kode_rs"]), {})[key] = row

    def _as_of_now(self, code: str, wanted: Lookup, key: _Key) -> list[Row]:
        rows = self._rows[key]
        laid = self._laid.get((wanted.report.name, code))
        if laid is None:
            return rows
        shape = shape_of(wanted.report)
        untouched = [row for row in rows if tuple(shape.key_of(row)) not in laid]
        newer = [
            dict(row)
            for row in laid.values()
            if (wanted.deleted or row["deleted_at"] is None)
            and all(value is not None and row.get(column) == value for column, value in key[2])
        ]
        return untouched + newer

    def _key(self, code: str, wanted: Lookup) -> _Key:
        known = self._keys.get(id(wanted))
        if known is None:
            where = tuple(condition(wanted.report, wanted.where, self._vault))
            made = (wanted.report.name, code, where, wanted.deleted, wanted.whole)
            # The lookup is kept with its key: as long as it lives nothing else has its id.
            known = self._keys[id(wanted)] = (made, wanted)
        return known[0]

    async def _fetch(self, lookups: Sequence[tuple[str, Lookup]]) -> None:
        groups: dict[tuple[Report[Any], tuple[str, ...], bool], dict[_Key, None]] = {}
        for code, wanted in lookups:
            key = self._key(code, wanted)
            if key not in self._rows:
                columns = tuple(c for c, _ in key[2])
                # By the whole key at most one row is found. Asked for live rows the server would rather read an index
                # of those, which looks small to it on a table whose rows it has not counted yet.
                every = wanted.deleted or set(columns) >= set(shape_of(wanted.report).key)
                groups.setdefault((wanted.report, columns, every), {})[key] = None
        for (report, columns, deleted), keys in groups.items():
            shape = shape_of(report)
            places = list(keys)
            parameters = [[key[1] for key in places]]
            parameters += [[_plain(key[2][i][1]) for key in places] for i in range(len(columns))]
            for key in places:
                self._rows[key] = []
            for place, *values in await self._connection.fetch(find(report, columns, deleted), *parameters):
                key = places[place - 1]
                row = shape.row(values, self._vault, whole=key[4])
                if key[3] or row["deleted_at"] is None:
                    self._rows[key].append(row)


def _plain(value: Any) -> Any:
    return to_millis(value) if isinstance(value, datetime) else value


async def answered_before(
    connection: "asyncpg.Connection[Any]", changes: Sequence[Change]
) -> dict[tuple[str, str, str], Sequence[Any]]:
    """Digest, time and answer of each Idempotency-Key that was used before."""
    asked = [(c.origin.hospital, c.once.route, c.once.key) for c in changes if c.once is not None]
    if not asked:
        return {}
    rows = await connection.fetch(answered(), *map(list, zip(*asked, strict=True)))
    return {tuple(row[:3]): row[3:] for row in rows}


async def _many(connection: "asyncpg.Connection[Any]", table: sa.Table, rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        await connection.execute(write(table), *map(list, zip(*rows, strict=True)))
