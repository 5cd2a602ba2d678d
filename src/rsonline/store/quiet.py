"""Declared times without reports: holidays, and maintenance of the service or of a hospital's own system.

The ministry declares for the nation and for any region, a health office for its region, a hospital's admin the
maintenance of its own system. A declaration excuses what is absent; what was sent all the same counts as always.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from rsonline.reports import NAKES_TERINFEKSI, OKSIGEN, PCR_NAKES, TEMPAT_TIDUR, regions
from rsonline.reports.verdict import Words
from rsonline.store import journal
from rsonline.store.access import Access
from rsonline.store.audit import OPERATOR
from rsonline.store.change import Origin
from rsonline.store.people import Person
from rsonline.store.schema import quiet, quiet_region
from rsonline.store.schema_login import hospital

Sort = Literal["holiday", "maintenance"]
KINDS: Mapping[str, Words] = {
    report.name: Words(report.title.id, report.title.en)
    for report in (TEMPAT_TIDUR, OKSIGEN, NAKES_TERINFEKSI, PCR_NAKES)
}
"""Of what reports may be absent: those that a hospital owes each day."""
SORTS: Mapping[Sort, Words] = {
    "holiday": Words("Libur", "Holiday"),
    "maintenance": Words("Pemeliharaan", "Maintenance"),
}
LONGEST: Mapping[str, int] = {"hospital": 14, "region": 31}
"""How many days one declaration may have."""
BACK = 31
"""How many days before today a ministry or health office may still declare: a hospital declares beforehand."""
AHEAD = 400
_REASON = 200
_ROWS = 200


class QuietError(Exception):
    """A declaration cannot be made or taken back; `field` names what is wrong, the text says why."""

    def __init__(self, field: str, id: str, en: str) -> None:
        super().__init__(f"{field}: {id}")
        self.field = field
        self.words = Words(id, en)


class Quiet(NamedTuple):
    """One declaration. `code` is a hospital, a regency, a province, or empty for the nation."""

    code: str
    first: date
    last: date
    kinds: tuple[str, ...] = tuple(KINDS)
    sort: Sort = "holiday"
    reason: str = ""
    number: int = 0
    at: datetime | None = None
    account: str = ""

    def names(self, where: Collection[str]) -> bool:
        """Whether it is about a place, as the codes of the place and of all it lies in."""
        return self.code in where

    def holds(self, where: Collection[str], day: date, kind: str) -> bool:
        """Whether nothing of a kind is expected of a place for a local day."""
        return self.first <= day <= self.last and kind in self.kinds and self.names(where)


def where_is(kode_rs: str, regency: str | None) -> tuple[str, ...]:
    """The codes under which something is declared for a hospital: the nation, its province, its regency, its own."""
    return ("", kode_rs) if regency is None else ("", regency[:2], regency, kode_rs)


def among(found: Iterable[Quiet], where: Collection[str], day: date, kind: str) -> Quiet | None:
    """The first declaration that excuses a kind of report of a place on a day."""
    return next((each for each in found if each.holds(where, day, kind)), None)


# ---- reading


def _of(row: Any, code: str) -> Quiet:
    return Quiet(
        code,
        row["first"],
        row["last"],
        tuple(row["kinds"].split()),
        row["sort"],
        row["reason"],
        row["number"],
        row["at"],
        row["account"],
    )


def of_regions(access: Access, since: date) -> list[Quiet]:
    """What was declared for the nation and its regions and is not over since a day, earliest first."""
    query = sa.select(quiet_region).where(quiet_region.c.last >= since)
    ordered = query.order_by(quiet_region.c.first, quiet_region.c.number)
    return [_of(row, row["region"]) for row in access.connection.execute(ordered).mappings()]


def of_hospitals(access: Access, codes: Collection[str], since: date) -> list[Quiet]:
    """What these hospitals declared and is not over since a day, earliest first."""
    wanted, found = list(codes), list[Quiet]()
    for start in range(0, len(wanted), _ROWS):
        query = sa.select(quiet).where(quiet.c.kode_rs.in_(wanted[start : start + _ROWS]), quiet.c.last >= since)
        ordered = query.order_by(quiet.c.kode_rs, quiet.c.first, quiet.c.number)
        found += [_of(row, row["kode_rs"]) for row in access.connection.execute(ordered).mappings()]
    return found


def within(access: Access, region: str, since: date, most: int | None) -> tuple[list[Quiet], int]:
    """What the hospitals of a region declared and is not over since a day, newest first, and how many that are."""
    where = [quiet.c.last >= since]
    if region:
        where.append(hospital.c.kab_kota.startswith(region, autoescape=True))
    joined = quiet.join(hospital, quiet.c.kode_rs == hospital.c.kode_rs)
    many = access.connection.execute(sa.select(sa.func.count()).select_from(joined).where(*where)).scalar_one()
    query = sa.select(quiet).select_from(joined).where(*where).order_by(quiet.c.first.desc(), quiet.c.kode_rs)
    if most is not None:
        query = query.limit(most)
    return [_of(row, row["kode_rs"]) for row in access.connection.execute(query).mappings()], many


def about(access: Access, codes: Collection[str], since: date) -> list[Quiet]:
    """Everything declared for the nation, its regions and these hospitals that is not over since a day."""
    return [*of_regions(access, since), *of_hospitals(access, codes, since)]


def stamp(access: Access) -> tuple[int, datetime | None]:
    """What changes with every declaration for a region and with every one that is taken back."""
    query = sa.select(sa.func.count(), sa.func.max(quiet_region.c.at)).select_from(quiet_region)
    many, newest = access.connection.execute(query).one()
    return many, newest


# ---- declaring


def of_person(person: Person) -> str | None:
    """The widest place for which a person may declare; None for none."""
    if person.role == "admin-rs":
        return person.code
    if person.role == "dinkes":
        return person.region or None
    return "" if person.role == "kemenkes" else None


def may_declare(person: Person, code: str) -> bool:
    """Whether a person may declare for a place: an admin for the own hospital, an office within its region, the
    ministry for the nation and every region. Nobody declares for a hospital but its own admin."""
    own = of_person(person)
    if own is None:
        return False
    if person.role == "admin-rs":
        return code == own
    return code.startswith(own) and (code == "" or bool(regions.province(code) or regions.regency(code)))


def add(access: Access, by: Origin, wanted: Quiet, *, today: date) -> int:
    """Declare; the number of the declaration. `today` is the local day of whom it is about. Raises QuietError.

    Who may do so is the caller's to ask. The line comes first: its lock keeps the numbers of two writers apart.
    """
    own = _is_hospital(access, wanted.code)
    _check(wanted, today, own)
    same = [
        each
        for each in (of_hospitals(access, [wanted.code], wanted.first) if own else of_regions(access, wanted.first))
        if each[:6] == wanted[:6]
    ]
    if same:
        # The same form sent twice says nothing new.
        return same[0].number
    said = _said(wanted)
    table, column = (quiet, quiet.c.kode_rs) if own else (quiet_region, quiet_region.c.region)
    origin = by._replace(hospital=wanted.code if own else OPERATOR)
    journal.append(
        access, origin, "quiet" if own else "quiet_region", [wanted.code, wanted.first.isoformat()], "add", said
    )
    last = sa.select(sa.func.coalesce(sa.func.max(table.c.number), 0))
    if own:
        last = last.where(quiet.c.kode_rs == wanted.code)
    number = int(access.connection.execute(last).scalar_one()) + 1
    access.connection.execute(
        sa.insert(table).values(
            {
                column.name: wanted.code,
                "number": number,
                "sort": wanted.sort,
                "kinds": " ".join(wanted.kinds),
                "first": wanted.first,
                "last": wanted.last,
                "reason": wanted.reason,
                "at": datetime.now(UTC),
                "account": by.account,
            }
        )
    )
    return number


def find(access: Access, code: str, number: int) -> Quiet | None:
    """One declaration; for a region by its number alone."""
    own = _is_hospital(access, code)
    query = (
        sa.select(quiet).where(quiet.c.kode_rs == code, quiet.c.number == number)
        if own
        else sa.select(quiet_region).where(quiet_region.c.number == number, quiet_region.c.region == code)
    )
    row = access.connection.execute(query).mappings().one_or_none()
    return None if row is None else _of(row, code)


def remove(access: Access, by: Origin, code: str, number: int, *, today: date) -> None:
    """Take a declaration back that is not over. Raises QuietError."""
    found = find(access, code, number)
    if found is None:
        raise QuietError("nomor", "Pengumuman ini tidak ada (lagi).", "There is no such declaration (any more).")
    if found.last < today:
        raise QuietError(
            "nomor",
            "Yang sudah lewat tidak dapat ditarik: angka hari-hari itu sudah dibaca orang.",
            "What is over cannot be taken back: people have read the figures of those days.",
        )
    own = _is_hospital(access, code)
    table = quiet if own else quiet_region
    origin = by._replace(hospital=code if own else OPERATOR)
    journal.append(
        access, origin, "quiet" if own else "quiet_region", [code, found.first.isoformat()], "remove", _said(found)
    )
    where = [table.c.number == number]
    if own:
        where.append(quiet.c.kode_rs == code)
    access.connection.execute(sa.delete(table).where(*where))


def _said(wanted: Quiet) -> dict[str, object]:
    return {
        "sort": wanted.sort,
        "kinds": list(wanted.kinds),
        "first": wanted.first.isoformat(),
        "last": wanted.last.isoformat(),
        "reason": wanted.reason,
    }


def _is_hospital(access: Access, code: str) -> bool:
    """Whether a code is a hospital's; regions have two or four digits, and no hospital is looked for under those."""
    if code == "" or regions.province(code) or regions.regency(code):
        return False
    query = sa.select(hospital.c.kode_rs).where(hospital.c.kode_rs == code)
    if access.connection.execute(query).first() is None:
        raise QuietError(
            "wilayah",
            f"Tidak ada wilayah atau rumah sakit dengan kode {code!r}.",
            f"There is no region or hospital with the code {code!r}.",
        )
    return True


def _check(wanted: Quiet, today: date, own: bool) -> None:
    if wanted.sort not in SORTS:
        raise QuietError("sifat", "Pilih libur atau pemeliharaan.", "Choose a holiday or maintenance.")
    if own and wanted.sort != "maintenance":
        raise QuietError(
            "sifat",
            "Rumah sakit hanya mengumumkan pemeliharaan sistemnya.",
            "A hospital declares maintenance of its own system only.",
        )
    if not wanted.kinds or not set(wanted.kinds) <= set(KINDS):
        raise QuietError("jenis", "Pilih paling sedikit satu jenis laporan.", "Choose one kind of report at least.")
    if wanted.last < wanted.first:
        raise QuietError("sampai", "Berakhir sebelum mulai.", "It ends before it begins.")
    most = LONGEST["hospital" if own else "region"]
    if (wanted.last - wanted.first).days >= most:
        raise QuietError("sampai", f"Paling lama {most} hari.", f"{most} days at most.")
    earliest = today if own else today - timedelta(days=BACK)
    if wanted.first < earliest:
        raise QuietError(
            "mulai",
            f"Paling awal {earliest.isoformat()}: yang lebih lama tidak dapat diumumkan sesudahnya.",
            f"{earliest.isoformat()} at the earliest: older days cannot be declared afterwards.",
        )
    if wanted.last > today + timedelta(days=AHEAD):
        raise QuietError("sampai", f"Paling jauh {AHEAD} hari lagi.", f"{AHEAD} days ahead at most.")
    if not wanted.reason or len(wanted.reason) > _REASON or not wanted.reason.isprintable():
        raise QuietError(
            "alasan",
            f"Tulis alasan, 1 sampai {_REASON} karakter yang dapat dicetak.",
            f"Give a reason of 1 to {_REASON} printable characters.",
        )
