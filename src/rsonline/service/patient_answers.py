"""The patient API's dialect: envelopes and words (pasien-covid 0.1 to 0.3, 2.1, 8.1). Clients match them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from rsonline.reports.joi import shown_number
from rsonline.reports.verdict import Problem, ReportWarning
from rsonline.store.change import Outcome

SCHEMA: Final[Mapping[str, str]] = {
    "required": '"{member}" is required',
    "must_be_text": '"{member}" must be a string',
    "empty": '"{member}" is not allowed to be empty',
    "must_be_number": '"{member}" must be a number',
    "must_be_safe": '"{member}" must be a safe number',
    "must_be_object": '"{member}" must be of type object',
    "not_allowed": '"{member}" is not allowed',
}
"""What the schema says: HTTP 404, in the words of Joi."""

RULES: Final[Mapping[str, tuple[int, str]]] = {
    "born_later": (422, "umur tidak diijinkan melebihi tanggal hari ini"),
    "admitted_later": (422, "tanggal masuk tidak diijinkan melebihi tanggal hari ini"),
    "no_group": (422, "nilai kelompokGejalaId tersebut tidak diijinkan"),
    "no_device": (422, "Hanya null alatOksigenId yang diijinkan untuk kelompokGejalaId {group}"),
    "device_of_group": (422, "alatOksigenId {device} tidak diijinkan untuk kelompokGejalaId {group}"),
    "bed_of_group": (422, "statusRawatId {bed} tidak diijinkan kelompokGejalaId {group}"),
    "bed_of_visit": (422, "statusRawatId {bed} tidak diijinkan untuk jenisPasienId {visit}"),
    "passport_needed": (422, "noPassport null tidak diijinkan untuk kewarganegaraanId {country}"),
    "primary_icd": (401, "{icd} tidak diijinkan untuk diagnosaLevelId 1"),
    "unknown_parent": (422, "laporanCovid19Versi3Id tidak ditemukan"),
    "cause_of_death": (401, "kode {cause} tidak diperbolehkan untuk penyebab kematian covid-19"),
    "nik_length": (422, "nik harus 16 digit"),
    "pregnant_man": (422, "Jenis Kelamin tidak sesuai dengan status kehamilan"),
    "nik_unknown": (422, "NIK Tidak Ditemukan"),
    "nik_birth_date": (422, "NIK tidak sesuai dengan tanggal lahir"),
    "registry_unusable": (422, "jawaban layanan registri tidak dapat dipakai, hubungi pengelola layanan"),
    "registry_away": (422, "layanan registri tidak dapat dihubungi, coba lagi"),
    "not_a_date": (422, "{member} harus tanggal yang ada, YYYY-MM-DD"),
    "unknown_reference": (422, "{member} tidak ada dalam daftar referensi"),
    "too_long": (422, "{member} tidak boleh lebih dari {most} karakter"),
    "forbidden_character": (422, "{member} berisi karakter yang tidak diijinkan"),
    "discharged_later": (422, "tanggalKeluar tidak diijinkan melebihi tanggal hari ini"),
    "discharged_before": (422, "tanggalKeluar tidak diijinkan mendahului tanggalMasuk"),
}
IN_CARE: Final = "Pasien dengan NIK tersebut masih dalam perawatan"
LIMITS: Final[tuple[str, ...]] = ("page", "limit")
_MOST_DIGITS: Final = 15


class Answer(NamedTuple):
    """Status, body, and what was odd about a message that was taken."""

    status: int
    body: dict[str, Any]
    warnings: Sequence[ReportWarning] = ()


def said(status: int, message: str) -> Answer:
    """A refusal, or a success that has nothing to say but its message."""
    return Answer(status, {"status": status < 400, "message": message})


def refused(problems: Sequence[Problem]) -> Answer:
    """The first problem, worded."""
    problem = problems[0]
    if problem.code in SCHEMA:
        return said(404, SCHEMA[problem.code].format(member=problem.member))
    status, text = RULES[problem.code]
    return said(status, text.format(member=problem.member, **problem.detail))


def outcome(outcome: Outcome, number: str, segment: str | None) -> Answer:
    """The answer to a change of a record whose number is the column `number`; `segment` is that of its address."""
    match outcome.kind:
        case "refused":
            return refused(outcome.problems)
        case "exists":
            return said(422, IN_CARE)
        case "unknown" | "missing" | "conflict":
            return said(404, "data not found")
        case "removed":
            return said(200, "data deleted successfully")
        case "saved":
            body = {"status": True, "message": "data inserted successfully", "data": {"id": outcome.row[number]}}
            return Answer(201, body, outcome.warnings)
    body = {"status": True, "message": "data updated successfully", "data": {"id": segment}}
    return Answer(200, body, outcome.warnings)


def discharged(outcome: Outcome) -> Answer:
    """A discharge is told as a creation; its id is what was sent (3.6)."""
    if outcome.kind != "updated":
        return refused(outcome.problems) if outcome.kind == "refused" else said(404, "data not found")
    echo = outcome.row["echo"]
    shown = shown_number(echo) if isinstance(echo, float) else echo
    body = {"status": True, "message": "data inserted successfully", "data": {"id": shown}}
    return Answer(201, body, outcome.warnings)


def died(outcome: Outcome) -> Answer:
    """A death report: the NIK comes along, and numbers stay numbers (6.2, 6.3)."""
    if outcome.kind == "saved":
        data = {"id": outcome.row["id"], "nik": outcome.row["nik"]}
        return Answer(201, {"status": True, "message": "data inserted successfully", "data": data}, outcome.warnings)
    if outcome.kind == "updated":
        data = {"id": outcome.row["id"]}
        return Answer(200, {"status": True, "message": "data updated successfully", "data": data}, outcome.warnings)
    return refused(outcome.problems) if outcome.kind == "refused" else said_of_kind(outcome)


def said_of_kind(outcome: Outcome) -> Answer:
    """A deletion, or a record that is not there."""
    return said(200, "data deleted successfully") if outcome.kind == "removed" else said(404, "data not found")


def one(shown: Mapping[str, Any] | None) -> Answer:
    """One record, or none: both are 200."""
    return Answer(200, {"status": True, "message": "data found" if shown else "data not found", "data": shown})


class Asked(NamedTuple):
    """Which page, and how many rows to a page."""

    page: int
    limit: int

    @property
    def first(self) -> int:
        """How many rows stand before it."""
        return (self.page - 1) * self.limit


def asked(query: Mapping[str, str], most: int = 1000, usual: int = 1000) -> Asked:
    """The page that a query asks for: leading digits count, what is below 1 counts as absent (0.2)."""
    page, limit = (_leading(query.get(name, "")) for name in LIMITS)
    return Asked(page or 1, min(limit, most) if limit else usual)


def _leading(text: str) -> int:
    digits = ""
    for character in text.strip().removeprefix("+").lstrip("0")[:_MOST_DIGITS]:
        if not ("0" <= character <= "9"):
            break
        digits += character
    return int(digits or 0)


def listed(
    rows: Sequence[Mapping[str, Any]], total: int, page: Asked, *, always_paged: bool = False, paged: bool = True
) -> Answer:
    """A list. An empty one has no `pagination` where reports are listed, an empty one where references are (0.1)."""
    if not paged:
        return Answer(200, {"status": True, "message": "data found", "data": list(rows)})
    body: dict[str, Any] = {"status": True, "message": "data found" if rows else "data not found"}
    if total:
        body["pagination"] = pagination(total, page)
    elif always_paged:
        body["pagination"] = {"total_number_of_pages": 0, "current_page": 1}
    return Answer(200, body | {"data": list(rows)})


def pagination(total: int, page: Asked) -> dict[str, Any]:
    """Which pages there are, and the ones beside this."""
    shown: dict[str, Any] = {"total_number_of_pages": -(-total // page.limit), "current_page": page.page}
    if page.page * page.limit < total:
        shown["next"] = {"page": page.page + 1, "limit": page.limit}
    if page.page > 1:
        shown["previous"] = {"page": page.page - 1, "limit": page.limit}
    return shown
