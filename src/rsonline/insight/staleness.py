"""Whether figures still live: changed, confirmed by a person, merely unchanged, copied by a program, or silent.

Looked at per hospital, not per room: one room may well stay the same for days, all rooms of a hospital hardly. What
a sender posts within a few minutes is one round.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple

from rsonline.insight.counting import count, oldest
from rsonline.insight.indicator import Indicator, Tile, median, share, sort_out
from rsonline.insight.places import NATION, Places, Scope
from rsonline.reports.verdict import Words

Kind = Literal["changed", "confirmed", "unchanged", "copied", "silent", "never"]
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


@dataclass(frozen=True, slots=True)
class StaleRules:
    """Configuration. The defaults suit beds, which are reported several times a day.

    fresh       how long figures count as lively after they changed or a person confirmed them
    silent      how long without any message until a hospital is silent
    round       messages within this time of the first belong to one round
    repeats     at least so many identical rounds make a pattern
    tolerance   how far a program's clock may stray from its rhythm
    share       which part of the steps between rounds must keep the rhythm
    """

    fresh: timedelta = timedelta(hours=24)
    silent: timedelta = timedelta(hours=24)
    round: timedelta = timedelta(minutes=5)
    repeats: int = 6
    tolerance: timedelta = timedelta(minutes=2)
    share: float = 0.8


RULES = StaleRules()


class Standing(NamedTuple):
    """How a hospital's figures stand. `tick` is the green one.

    `changed_at` and `confirmed_at` are the last such moments, `heard` the last message of any sort; `repeats` the
    rounds since the last change that said the same again, `rhythm` their usual distance where a program keeps one.
    """

    kode_rs: str
    kind: Kind
    tick: bool
    changed_at: datetime | None
    confirmed_at: datetime | None
    heard: datetime | None
    repeats: int
    rhythm: timedelta | None


class Round(NamedTuple):
    """Messages that came together."""

    at: datetime
    end: datetime
    source: str
    changed: bool
    confirmed: bool


def rounds(posts: Iterable[Post], rules: StaleRules = RULES) -> list[Round]:
    """One hospital's messages put together, earliest first; what each round changed is told by what was known before.

    The first time a record is heard of is a change. A round is a person's where any of its messages came by hand.
    """
    known: dict[str, Mapping[str, object] | None] = {}
    found: list[Round] = []
    for post in sorted(posts, key=lambda p: p.at):
        said = None if post.values is None else {k: v for k, v in post.values.items() if k not in IGNORED}
        changed = post.key not in known or known[post.key] != said
        known[post.key] = said
        confirmed = post.verb == "confirm" and post.source == "web"
        # Counted from its beginning: a sender that never pauses must not become one endless round.
        if found and post.at - found[-1].at <= rules.round:
            last = found[-1]
            source = "web" if "web" in (last.source, post.source) else last.source
            found[-1] = Round(last.at, post.at, source, last.changed or changed, last.confirmed or confirmed)
        else:
            found.append(Round(post.at, post.at, post.source, changed, confirmed))
    return found


def rhythm(times: Sequence[datetime], rules: StaleRules = RULES) -> timedelta | None:
    """The step that moments keep, if a program makes them: a fixed distance (or a multiple, where one was missed), or
    the same hours every day. None for what a person's hand would also do.
    """
    if len(times) < rules.repeats:
        return None
    steps = [later - earlier for earlier, later in pairwise(times)]
    usual = timedelta(seconds=median([s.total_seconds() for s in steps]) or 0)
    if usual > 2 * rules.tolerance and _part(_keeps(s, usual, rules) for s in steps) >= rules.share:
        return usual
    day = timedelta(days=1)
    later_days = [t for t in times if t - times[0] > day - rules.tolerance]
    # The same hours every day: nearly each moment has one a day before it.
    if (
        len(later_days) >= rules.repeats
        and _part(any(abs(t - day - other) <= rules.tolerance for other in times) for t in later_days) >= rules.share
    ):
        return day
    return None


def _keeps(step: timedelta, usual: timedelta, rules: StaleRules) -> bool:
    times = max(round(step / usual), 1)
    return abs(step - times * usual) <= rules.tolerance


def _part(said: Iterable[bool]) -> float:
    found = list(said)
    return sum(found) / len(found) if found else 0.0


def standing(kode_rs: str, posts: Iterable[Post], now: datetime, rules: StaleRules = RULES) -> Standing:
    """How one hospital's figures stand at a moment.

    `posts` reach far enough back to hold the last change; if they do not, the first one counts as it.
    """
    found = [r for r in rounds(posts, rules) if r.at <= now]
    if not found:
        return Standing(kode_rs, "never", False, None, None, None, 0, None)
    changed = max(i for i, r in enumerate(found) if r.changed)
    since = found[changed:]
    same = [r for r in since[1:] if not r.confirmed]
    heard, changed_at = found[-1].end, found[changed].end
    confirmed_at = max((r.end for r in found if r.confirmed), default=None)
    # The change itself starts the pattern: a program posts it at the same beat as what follows.
    by_program = [r.at for r in (since[0], *same) if r.source != "web"]
    step = rhythm(by_program, rules)
    lively = now - changed_at <= rules.fresh
    confirmed = confirmed_at is not None and now - confirmed_at <= rules.fresh
    kind: Kind
    if now - heard > rules.silent:
        kind = "silent"
    elif lively:
        kind = "changed"
    elif confirmed:
        kind = "confirmed"
    else:
        kind = "copied" if step is not None else "unchanged"
    tick = kind in ("changed", "confirmed")
    return Standing(kode_rs, kind, tick, changed_at, confirmed_at, heard, len(same), step)


def standings(
    posts: Iterable[Post], places: Places, now: datetime, *, scope: Scope = NATION, rules: StaleRules = RULES
) -> list[Standing]:
    """The standing of each hospital of a scope, by code; also of those that never sent."""
    sent: dict[str, list[Post]] = {}
    for post in posts:
        sent.setdefault(post.kode_rs, []).append(post)
    codes = sorted(code for code, place in places.items() if scope.holds(place))
    return [standing(code, sent.get(code, ()), now, rules) for code in codes]


# ---- tiles

SOURCE = Words("Definisi sendiri, dari jurnal pesan", "Own definition, from the journal of messages")
NEVER = Words("Belum pernah mengirim", "Never sent anything")
LIVELY = Indicator(
    name="data_hidup",
    title=Words("Rumah sakit dengan data hidup", "Hospitals whose figures live"),
    formula=Words(
        "Rumah sakit dengan centang hijau ÷ rumah sakit yang pernah mengirim × 100; centang: berubah atau dikonfirmasi "
        "orang dalam batas waktu",
        "Hospitals with a green tick ÷ hospitals that ever sent × 100; tick: changed, or confirmed by a person, within "
        "the limit",
    ),
    version=1,
    source=SOURCE,
    unit=Words("%", "%"),
    reasons={"never": NEVER},
)
NOT_THIS = Words("Keadaannya lain", "It stands otherwise")


def _counting(name: str, title: Words, formula: Words) -> Indicator:
    return Indicator(
        name=name,
        title=title,
        formula=formula,
        version=1,
        source=SOURCE,
        unit=Words("rumah sakit", "hospitals"),
        reasons={"other": NOT_THIS, "never": NEVER},
    )


COUNTED: Mapping[Kind, Indicator] = {
    "changed": _counting(
        "data_berubah",
        Words("Data berubah", "Figures that changed"),
        Words("Ada nilai yang berubah dalam batas waktu", "Some value changed within the limit"),
    ),
    "confirmed": _counting(
        "data_dikonfirmasi",
        Words("Data tetap, dikonfirmasi orang", "Unchanged, confirmed by a person"),
        Words(
            "Tidak berubah; seseorang memeriksa di halaman web dan menyatakan tetap dalam batas waktu",
            "Nothing changed; somebody looked at it in the web pages and said so within the limit",
        ),
    ),
    "unchanged": _counting(
        "data_tetap",
        Words("Data tetap tanpa konfirmasi", "Unchanged, confirmed by nobody"),
        Words(
            "Masih mengirim, tidak berubah lebih lama dari batas, tanpa irama program",
            "Still sends, unchanged for longer than the limit, without the rhythm of a program",
        ),
    ),
    "copied": _counting(
        "data_disalin",
        Words("Data disalin program", "Copied by a program"),
        Words(
            "Tidak berubah lebih lama dari batas, dan program mengirim nilai yang sama dengan irama tetap",
            "Unchanged for longer than the limit, and a program posts the same at a fixed rhythm",
        ),
    ),
    "silent": _counting(
        "data_diam",
        Words("Tidak ada kabar", "Silent"),
        Words("Tidak ada pesan lebih lama dari batas", "No message for longer than the limit"),
    ),
}
INDICATORS = (LIVELY, *COUNTED.values())


def lively(found: Iterable[Standing], now: datetime) -> Tile[Standing]:
    """Hospitals with a green tick in percent of those that ever sent."""
    included, excluded = sort_out(found, lambda s: "never" if s.kind == "never" else None)
    ticks = sum(s.tick for s in included)
    parts = {"centang": ticks, "rumah_sakit": len(included)}
    return Tile(LIVELY, share(ticks, len(included)), included, excluded, now, oldest(included), parts)


def standing_as(kind: Kind, found: Iterable[Standing], now: datetime) -> Tile[Standing]:
    """The hospitals that stand in one way. Raises KeyError for `never`, which is a reason and not a tile."""
    return count(
        COUNTED[kind],
        found,
        lambda s: None if s.kind == kind else "never" if s.kind == "never" else "other",
        now,
    )
