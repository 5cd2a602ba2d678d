"""What each report kind of the guide takes, completes, finds odd and shows."""

import json
import unicodedata
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsonline.reports import (
    APD,
    NAKES_TERINFEKSI,
    OKSIGEN,
    PCR_NAKES,
    REPORTS,
    SDM,
    SHK,
    TEMPAT_TIDUR,
    named,
)
from rsonline.reports.codec import complete, missing, read, record_of
from rsonline.reports.fields import (
    At,
    Count,
    CubicMetres,
    Day,
    Flag,
    Kind,
    Milliseconds,
    Moment,
    OneOf,
    Owner,
    ServiceNumber,
    Text,
)
from rsonline.reports.kinds.tempat_tidur import null_room
from rsonline.reports.references import shipped
from rsonline.reports.report import Numbered, Report, Row, as_sent, check, members
from rsonline.reports.verdict import Refused
from rsonline.reports.wording import warning_text

NOW = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
AT = At("9999001", ZoneInfo("Asia/Jakarta"), NOW, name="RS Contoh")
EXAMPLES = Path(__file__).parent.parent / "examples"
every_report = pytest.mark.parametrize("report", REPORTS, ids=lambda r: r.name)


def valid(kind: Kind) -> st.SearchStrategy[Any]:
    """Values that a sound record may hold."""
    match kind:
        case Count():
            return st.integers(0, min(kind.most, 20)) | st.integers(0, kind.most)
        case CubicMetres():
            return st.integers(0, 10**9).map(lambda n: n / 1000)
        case Day():
            return st.dates(date(1900, 1, 1), AT.today + timedelta(days=kind.ahead or 0))
        case Moment():
            return st.integers(0, 4_000_000_000).map(lambda s: datetime.fromtimestamp(s, UTC))
        case Milliseconds():
            first = datetime(1970, 1, 1, tzinfo=UTC)
            return st.integers(10**11, 10**13 - 1).map(lambda ms: first + timedelta(milliseconds=ms))
        case OneOf():
            return st.sampled_from(list(AT.references[kind.of].entries))
        case Flag():
            return st.integers(0, 1)
        case ServiceNumber():
            return st.integers(1, 10**18 - 1)
        case Owner():
            return st.just(AT.hospital)
        case Text():
            letters = st.characters(categories=["L", "N", "P", "S"], include_characters=" ")
            composed = st.text(letters, min_size=1, max_size=kind.most).map(lambda t: unicodedata.normalize("NFC", t))
            return composed.filter(lambda t: len(t) <= kind.most)
    raise AssertionError(f"no values for {kind!r}")


def records(report: Report[Any]) -> st.SearchStrategy[Row]:
    """Sound records, optional members there or not."""
    kinds = [m for m in members(report.record) if m.stored]
    return st.fixed_dictionaries(
        {m.name: valid(m.kind) for m in kinds if m.required},
        optional={m.name: valid(m.kind) for m in kinds if not m.required},
    )


def odd(report: Report[Any], **sent: object) -> list[tuple[str, str]]:
    """The member and code of each warning about a complete new record."""
    said = read(report, sent, AT)
    return [(w.member, w.code) for w in [*said.warnings, *complete(report, said.values, AT)]]


def kept(report: Report[Any], **sent: object) -> Row:
    """The complete values of a new record, as the store would give them back."""
    values = read(report, sent, AT).values
    complete(report, values, AT)
    number = {report.identity.number: 71590} if isinstance(report.identity, Numbered) else {}
    return {**values, **number, "updated_at": NOW}


# ---- every kind


def test_the_declarations_are_sound() -> None:
    assert check(REPORTS) == []


def test_the_reports_are_in_the_order_of_the_guide_and_found_by_name() -> None:
    chapters = [report.guide for report in REPORTS]
    assert chapters == ["III.B", "III.C", "III.D", "III.E", "III.F", "III.G", "IV", "IV", "V.A", "V.B"]
    assert [named(report.name) for report in REPORTS] == list(REPORTS)
    with pytest.raises(KeyError):
        named("oxygen")


@every_report
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_sound_record_comes_back_from_the_wire_as_it_was(report: Report[Any], data: st.DataObject) -> None:
    values = data.draw(records(report))
    sent = {m.name: m.kind.wire(values[m.name], AT) for m in members(report.record) if m.name in values}
    said = read(report, sent, AT)
    assert (said.values, said.repairs, said.warnings) == (values, [], [])
    assert {k: v for k, v in as_sent(said.values, report, AT).items() if v is not None} == sent


@every_report
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_completing_is_final_and_what_is_odd_can_be_said(report: Report[Any], data: st.DataObject) -> None:
    values = data.draw(records(report))
    warnings = complete(report, values, AT)
    assert missing(report, values) == []
    record_of(report, values)
    again = dict(values)
    assert complete(report, again, AT) == warnings
    assert again == values
    declared = {m.name: m.label for m in members(report.record)}
    for warning in warnings:
        words = warning_text(warning, declared[warning.member])
        assert words.id
        assert words.en


@every_report
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_shown_row_is_text_or_null_and_never_looks_like_an_outcome(report: Report[Any], data: st.DataObject) -> None:
    row = data.draw(records(report))
    complete(report, row, AT)
    number = {report.identity.number: 5} if isinstance(report.identity, Numbered) else {}
    shown = report.shown({**row, **number, "updated_at": NOW}, report, AT)
    assert all(value is None or isinstance(value, str) for value in shown.values())
    assert not {"status", "message"} & set(shown)


@every_report
def test_nothing_sent_is_refused_for_exactly_the_required_members(report: Report[Any]) -> None:
    with pytest.raises(Refused) as caught:
        read(report, {}, AT)
    assert [p.member for p in caught.value.problems] == [m.name for m in members(report.record) if m.required]
    assert {p.code for p in caught.value.problems} == {"required"}


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("tempat_tidur", "id_tt jumlah_ruang jumlah terpakai"),
        ("sdm", "id_kebutuhan"),
        ("apd", "id_kebutuhan"),
        ("pcr_nakes", "tanggal"),
        ("nakes_terinfeksi", "tanggal"),
        ("oksigen", "tanggal"),
        (
            "shk",
            "nik_ibu nama_ibu tgllahir gender alamat provinsi kabkota kecamatan "
            "tgl_ambil_sampel tgl_kirim_sampel tgl_lapor",
        ),
        ("shk_hasil", "id_shk jenis_pemeriksaan hasil_pemeriksaan tgl_periksa tgl_hasil"),
        ("antrian", "kodebooking jenispasien kodepoli tanggalperiksa"),
        ("antrian_task", "kodebooking taskid waktu"),
    ],
)
def test_what_real_clients_leave_out_is_not_required(name: str, required: str) -> None:
    assert [m.name for m in members(named(name).record) if m.required] == required.split()


def test_what_identifies_a_person_is_marked() -> None:
    marked = {m.name for report in REPORTS for m in members(report.record) if m.personal}
    people = {"nik_ibu", "nama_ibu", "nik_anak", "nama_anak", "alamat", "nik", "norm", "namadokter", "nomorreferensi"}
    assert marked == people | {"kodebooking"}


def guide_sample(story: str) -> dict[str, Any]:
    """The body of a sample of the guide that is sound JSON."""
    body = json.loads((EXAMPLES / story).read_text("utf-8"))["request"]["body"]
    sent: dict[str, Any] = body if isinstance(body, dict) else json.loads(body)
    return {name: AT.hospital if name == "koders" else value for name, value in sent.items()}


@pytest.mark.parametrize(
    ("report", "story", "expected"),
    [
        (
            TEMPAT_TIDUR,
            "tempat_tidur/guide_post_with_closed_room_is_stored.json",
            [("jumlah_dbd", "dbd_more_than_beds")],
        ),
        (SDM, "sdm/guide_post_is_stored.json", []),
        (APD, "apd/guide_post_is_stored.json", []),
        (
            PCR_NAKES,
            "pcr_nakes/guide_post_is_stored_and_warned.json",
            [(f"hasil_pcr_{r}", "positive_more_than_examined") for r in ("perawat", "apoteker", "nakes_lainnya")],
        ),
        # Nobody died in the guide's sample, so it is plausible as it stands.
        (NAKES_TERINFEKSI, "nakes_terinfeksi/guide_post_of_the_pdf_with_repeated_keys_is_mended.json", []),
        (OKSIGEN, "oksigen/guide_post_is_stored.json", []),
        (
            SHK,
            "shk/guide_post_with_own_code_is_stored_and_warned.json",
            [("tgl_ambil_sampel", "dates_out_of_order")],
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Report) else "",
)
def test_the_samples_of_the_guide_are_taken_with_these_warnings(
    report: Report[Any], story: str, expected: list[tuple[str, str]]
) -> None:
    assert odd(report, **guide_sample(story)) == expected


# ---- rooms and beds (III.B)

ROOM = {"id_tt": "3", "jumlah_ruang": "3", "jumlah": "7", "terpakai": "3"}
SHOWN_ROOM = (
    "id_tt tt ruang kode_siranap jumlah_ruang jumlah terpakai_suspek terpakai_konfirmasi antrian prepare prepare_plan "
    "kosong terpakai_dbd terpakai_dbd_anak terpakai covid id_t_tt tglupdate"
)


@pytest.mark.parametrize("id_tt", list(shipped()["tempat_tidur"].entries))
def test_covid_follows_the_bed_type_where_it_is_not_sent(id_tt: str) -> None:
    assert kept(TEMPAT_TIDUR, **{**ROOM, "id_tt": id_tt})["covid"] == (1 if 24 <= int(id_tt) <= 34 else 0)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"jumlah": 2}, ("terpakai", "terpakai_more_than_jumlah")),
        ({"id_tt": 24, "terpakai_suspek": 1, "terpakai_konfirmasi": 1}, ("terpakai", "covid_sum_differs")),
        ({"terpakai_konfirmasi": 3}, ("terpakai_konfirmasi", "noncovid_has_covid_patients")),
        ({"covid": 1, "terpakai_suspek": 3}, ("covid", "covid_contradicts_type")),
        ({"jumlah_dbd": 8}, ("jumlah_dbd", "dbd_more_than_beds")),
        ({"terpakai_dbd_anak": 4}, ("terpakai_dbd", "dbd_patients_more_than_used")),
    ],
)
def test_an_odd_room_is_taken_and_flagged(sent: dict[str, object], expected: tuple[str, str]) -> None:
    assert odd(TEMPAT_TIDUR, **{**ROOM, **sent}) == [expected]


def test_a_room_is_shown_with_its_names_and_the_clock_of_the_ministry() -> None:
    in_makassar = At("9999001", ZoneInfo("Asia/Makassar"), NOW)
    row = kept(TEMPAT_TIDUR, **{**ROOM, "ruang": "Mawar", "terpakai": 9, "jumlah_dbd": 1})
    shown = TEMPAT_TIDUR.shown(row, TEMPAT_TIDUR, in_makassar)
    assert " ".join(shown) == SHOWN_ROOM
    assert shown["tt"] == "Kelas I"
    assert shown["kode_siranap"] == "0003"
    assert shown["kosong"] == "-2"
    assert shown["id_t_tt"] == "71590"
    assert shown["tglupdate"] == "2026-06-01 10:00:00"


@pytest.mark.parametrize(("id_tt", "covid"), [("1", "0"), ("24", "1")])
def test_a_bed_type_never_reported_is_one_blank_row(id_tt: str, covid: str) -> None:
    entry = shipped()["tempat_tidur"].entries[id_tt]
    shown = null_room(entry)
    assert " ".join(shown) == SHOWN_ROOM
    known = {"id_tt": id_tt, "tt": entry.nama, "kode_siranap": entry.more["kode_siranap"], "covid": covid}
    assert {k: v for k, v in shown.items() if v is not None} == known


# ---- needs (III.C, III.D)


@pytest.mark.parametrize(("report", "item", "name"), [(SDM, "26", "Dokter"), (APD, "1", "Protection Gown")])
def test_a_need_is_shown_in_order_and_blank_where_nothing_was_sent(report: Report[Any], item: str, name: str) -> None:
    row = kept(report, id_kebutuhan=item, jumlah_eksisting=None, jumlah="3", jumlah_diterima="1")
    assert list(report.shown(row, report, AT).items()) == [
        ("id_kebutuhan", item),
        ("kebutuhan", name),
        ("jumlah_eksisting", None),
        ("jumlah", "3"),
        ("jumlah_diterima", "1"),
        ("tglupdate", "2026-06-01 10:00:00"),
    ]
    never = report.shown({"id_kebutuhan": item, "updated_at": None}, report, AT)
    assert [v for v in never.values() if v is not None] == [item, name]


@pytest.mark.parametrize("report", [SDM, APD], ids=["sdm", "apd"])
def test_an_unlisted_need_is_taken_only_where_the_operator_allows_it(report: Report[Any]) -> None:
    with pytest.raises(Refused, match="id_kebutuhan: unknown_reference"):
        read(report, {"id_kebutuhan": 999}, AT)
    open_lists = At("9999001", AT.zone, NOW, unlisted=True)
    values = read(report, {"id_kebutuhan": 999}, open_lists).values
    assert [w.code for w in complete(report, values, open_lists)] == ["unlisted_reference"]
    assert report.shown({**values, "updated_at": NOW}, report, open_lists)["kebutuhan"] is None


@pytest.mark.parametrize(("received", "codes"), [(3, []), (4, ["received_more_than_needed"])])
def test_more_received_than_needed_is_flagged(received: int, codes: list[str]) -> None:
    found = odd(APD, id_kebutuhan=1, jumlah=3, jumlah_diterima=received)
    assert [code for _, code in found] == codes
