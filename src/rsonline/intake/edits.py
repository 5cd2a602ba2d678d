"""What a person at a form asks beyond the verbs: change only what was seen, confirm, bring back what was deleted."""

from datetime import datetime, timedelta

import msgspec

from rsonline.intake.verbs import Asked, Call, live
from rsonline.reports.report import Numbered, Row, recognised
from rsonline.store.change import Change, Decision, Found, Lookup, Outcome, Put

UNDO = timedelta(days=30)
"""For how long a deletion can be taken back."""


def expecting(asked: Asked, version: int) -> Asked:
    """The same, but only while its record is at this version; 0 where there was none. Else the outcome is `changed`.

    It is looked at in the transaction that writes, so that of two people who saw the same only one succeeds.
    """
    decide = asked.change.decide

    def beside(found: Found, now: datetime) -> Decision:
        decision = decide(found, now)
        for put in decision.writes[:1]:
            there = put.old is not None and put.old["deleted_at"] is None
            if (put.old["version"] if put.old is not None and there else 0) != version:
                return Decision(Outcome("changed", put.old if put.old is not None and there else {}))
        return decision

    return msgspec.structs.replace(asked, change=msgspec.structs.replace(asked.change, decide=beside))


def confirming(asked: Asked) -> Asked:
    """The same, known in the journal as values that a person looked at and found unchanged."""
    return msgspec.structs.replace(asked, change=msgspec.structs.replace(asked.change, verb="confirm"))


def restore(call: Call, key: Row) -> Change:
    """Bring back a deleted record as it was; `unknown` where there is none, or where it was deleted too long ago.

    `conflict` where another record has taken its name meanwhile. `key` are the members that are its key.
    """
    report = call.report
    lookups = [Lookup(report, key, deleted=True)]
    identity = report.identity

    def by_name(found: Found) -> Lookup | None:
        if not isinstance(identity, Numbered) or not identity.unique or not found[0]:
            return None
        return Lookup(report, {"recognised": recognised(identity, found[0][0])})

    def decide(found: Found, now: datetime) -> Decision:
        old = next(iter(found[0]), None)
        if old is None or old["deleted_at"] is None or now - old["deleted_at"] > UNDO:
            return Decision(Outcome("unknown", key))
        taken = live(found[1]) if len(found) > 1 else None
        if taken is not None:
            return Decision(Outcome("conflict", taken))
        values = dict(old)
        return Decision(Outcome("saved", values), (Put(report, values, old),))

    return Change(call.origin, report, "restore", (*lookups, by_name), decide)
