"""The SDK against the service itself: what it sends is taken, what it says became of it is true."""

import base64
import time
from datetime import UTC, date, datetime
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st

from rsonline import (
    ANTRIAN,
    ANTRIAN_TASK,
    OKSIGEN,
    SDM,
    SHK,
    SHK_HASIL,
    TEMPAT_TIDUR,
    Accepted,
    AsyncClient,
    LockedOut,
    Oksigen,
    Refused,
    Sdm,
    TempatTidur,
    Unknown,
)
from rsonline.hospital.talks import Found
from rsonline.reports import REPORTS
from rsonline.reports.fields import Count, CubicMetres, Day, Flag, Milliseconds, Moment, OneOf, ServiceNumber, Text
from rsonline.reports.receipt import verify
from rsonline.reports.references import shipped
from rsonline.reports.report import Member, Numbered, Record, Report, key_of, members
from tests.hospital import PASSWORD, Hospital, Service
from tests.sdk.wired import NOT_GIVEN, RECORDS, Wired, client_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def sent(client: AsyncClient, name: str, record: Any) -> tuple[Any, list[Found[Any]]]:
    """A record that was sent after its parent, and what the service then has of its kind."""
    where: dict[str, Any] = {}
    if name == "shk_hasil":
        parent = await client.send(RECORDS["shk"])
        assert isinstance(parent, Accepted)
        record = msgspec.structs.replace(record, id_shk=int(parent.number or 0))
        where = {"parent": parent.number}
    elif name == "antrian_task":
        assert isinstance(
            await client.send(msgspec.structs.replace(RECORDS["antrian"], kodebooking=record.kodebooking)), Accepted
        )
        where = {"parent": record.kodebooking}
    elif name == "shk":
        where = {"day": record.tgl_ambil_sampel}
    elif name == "antrian":
        where = {"day": record.tanggalperiksa}
    elif hasattr(record, "tanggal"):
        where = {"day": record.tanggal}
    outcome = await client.send(record)
    assert isinstance(outcome, Accepted), outcome
    report: Report[Any] = next(r for r in REPORTS if r.name == name)
    found = await client.rows(report, **where)
    if isinstance(report.identity, Numbered) and outcome.number is not None:
        found = [row for row in found if row.number == outcome.number]
    return record, found


def says(name: str, record: Record, back: Record) -> bool:
    """Whether what came back says all that was sent and is given back."""
    for member in members(type(record)):
        value, other = getattr(record, member.name), getattr(back, member.name)
        if value is None or member.name in NOT_GIVEN.get(name, ()):
            continue
        if value != other:
            return False
    return True


@pytest.mark.parametrize("name", RECORDS)
async def test_every_kind_is_sent_and_read_back(hospital: Hospital, name: str) -> None:
    client = client_of(hospital)
    record, found = await sent(client, name, RECORDS[name])
    assert len(found) == 1
    assert found[0].record is not None
    assert says(name, record, found[0].record)


def value_of(member: Member) -> st.SearchStrategy[Any]:
    """Values of a member that the guide allows."""
    days = st.dates(date(2000, 1, 1), date(2026, 1, 1))
    instants = st.datetimes(datetime(2001, 10, 1), datetime(2026, 1, 1), timezones=st.just(UTC))
    match member.kind:
        case Count():
            return st.integers(0, member.kind.most)
        case CubicMetres():
            return st.integers(0, 10**9).map(lambda n: n / 100)
        case Day():
            return days
        case Moment() | Milliseconds():
            return instants.map(lambda moment: moment.replace(microsecond=0))
        case OneOf(of):
            return st.sampled_from(sorted(shipped()[of].entries))
        case Flag():
            return st.integers(0, 1)
        case Text(most):
            return st.text("abcXYZ 0123'/-é", min_size=1, max_size=min(most, 20)).map(
                lambda text: " ".join(text.split()) or "x"
            )
        case ServiceNumber():
            return st.integers(1, 10**6)
    return st.none()


@st.composite
def records(draw: st.DrawFn, report: Report[Any]) -> Record:
    """Any record of a kind."""
    given: dict[str, Any] = {}
    for member in members(report.record):
        if member.name in NOT_GIVEN.get(report.name, ()):
            continue
        values = value_of(member)
        given[member.name] = draw(values if member.required else st.one_of(st.just(member.default), values))
    made: Record = report.record(**given)
    return made


@pytest.mark.parametrize("name", RECORDS)
async def test_every_generated_record_comes_back_as_it_was_sent(service: Service, name: str) -> None:
    report: Report[Any] = next(r for r in REPORTS if r.name == name)

    @hypothesis.settings(max_examples=1, database=None, deadline=None)
    @hypothesis.given(st.lists(records(report), min_size=8, max_size=8))
    def collect(drawn: list[Record]) -> None:
        made[:] = drawn

    made: list[Record] = []
    collect()
    for record in made:
        client = client_of(service.hospital())
        said, found = await sent(client, name, record)
        assert [says(name, said, row.record) for row in found if row.record is not None] == [True], (record, found)
        # What came back can be sent again as it is, and says the same.
        back: Any = found[0].record
        number = found[0].number if name in ("shk", "shk_hasil") else None
        assert isinstance(await client.send(back, number=number), Accepted)


async def test_send_turns_from_put_to_post_and_back_but_add_does_not(hospital: Hospital) -> None:
    wired = Wired(hospital)
    client = client_of(hospital, wired)
    room = TempatTidur(id_tt="3", ruang="Mawar", jumlah_ruang=1, jumlah=2, terpakai=1)
    first = await client.send(room)
    assert isinstance(first, Accepted)
    assert first.number is not None
    assert first.what == "saved"
    room.terpakai = 2
    again = await client.send(room)
    assert isinstance(again, Accepted)
    assert (again.what, again.number) == ("updated", first.number)
    assert [r.method for r in wired.requests] == ["PUT", "POST", "PUT"]
    added = await client.add(room)
    assert isinstance(added, Refused)
    assert (added.code, added.sent) == ("exists", True)
    booking = RECORDS["antrian"]
    assert isinstance(await client.send(booking), Accepted)
    assert isinstance(await client.send(booking), Accepted)
    missing = await client.change(SDM, {"id_kebutuhan": "26", "jumlah": "1"})
    assert isinstance(missing, Refused)
    assert missing.code == "missing"


async def test_rooms_change_by_number_and_leave(hospital: Hospital) -> None:
    client = client_of(hospital)
    room = TempatTidur(id_tt="3", ruang="POST OP", jumlah_ruang=1, jumlah=9, terpakai=1)
    made = await client.send(room)
    assert isinstance(made, Accepted)
    changed = await client.change(TEMPAT_TIDUR, {"terpakai": "4"}, number=made.number)
    assert isinstance(changed, Accepted)
    assert [r.terpakai for r in await client.list(TEMPAT_TIDUR)] == [4]
    assert isinstance(await client.remove(TEMPAT_TIDUR, made.number or ""), Accepted)
    gone = await client.remove(TEMPAT_TIDUR, made.number or "")
    assert isinstance(gone, Refused)
    assert gone.code == "unknown"
    assert await client.list(TEMPAT_TIDUR) == []


async def test_what_was_never_reported_is_no_record(hospital: Hospital) -> None:
    client = client_of(hospital)
    assert await client.list(TEMPAT_TIDUR) == []
    assert await client.list(SDM) == []
    assert await client.list(OKSIGEN, day=date(2021, 7, 1)) == []
    assert await client.list(ANTRIAN) == []
    assert isinstance(await client.send(Sdm(id_kebutuhan="26")), Accepted)
    assert await client.list(SDM) == [Sdm(id_kebutuhan="26")]


async def test_everything_that_may_be_removed_is_removed(hospital: Hospital) -> None:
    client = client_of(hospital)
    for name in ("sdm", "apd", "pcr_nakes", "nakes_terinfeksi", "oksigen", "antrian"):
        record: Any = RECORDS[name]
        report: Report[Any] = next(r for r in REPORTS if r.name == name)
        assert isinstance(await client.send(record), Accepted)
        key = getattr(record, key_of(report.identity)[0])
        outcome = await client.remove(report, key)
        assert isinstance(outcome, Accepted), (name, outcome)
        assert outcome.what == "removed"
    shk = await client.send(RECORDS["shk"])
    assert isinstance(shk, Accepted)
    result: Any = msgspec.structs.replace(RECORDS["shk_hasil"], id_shk=int(shk.number or 0))
    made = await client.send(result)
    assert isinstance(made, Accepted)
    assert isinstance(await client.remove(SHK_HASIL, made.number or "", parent=shk.number), Accepted)
    assert isinstance(await client.remove(SHK, shk.number or ""), Accepted)
    with pytest.raises(ValueError, match="task 99"):
        await client.remove(ANTRIAN_TASK, "CONTOH-0001")


async def test_a_screening_is_corrected_by_its_number(hospital: Hospital) -> None:
    client = client_of(hospital)
    record: Any = RECORDS["shk"]
    made = await client.send(record)
    assert isinstance(made, Accepted)
    outcome = await client.send(msgspec.structs.replace(record, nama_anak="By Ny Lain"), number=made.number)
    assert isinstance(outcome, Accepted)
    (only,) = await client.list(SHK, number=made.number)
    assert only.nama_anak == "By Ny Lain"


async def test_reference_lists(hospital: Hospital) -> None:
    client = client_of(hospital)
    assert (await client.reference("tempat_tidur"))["1"] == "VVIP/ Super VIP"
    assert (await client.reference("kebutuhan_sdm"))["26"] == "Dokter"
    assert (await client.reference("kebutuhan_apd"))["1"] == "Protection Gown"
    with pytest.raises(ValueError, match="obat"):
        await client.reference("obat")


async def test_errors_stop_before_sending_and_warnings_are_told(hospital: Hospital) -> None:
    wired = Wired(hospital)
    client = client_of(hospital, wired)
    outcome = await client.send(Oksigen(tanggal=date(2999, 1, 1), p_cair=-1.0))
    assert isinstance(outcome, Refused)
    assert not outcome.sent
    assert [(p.member, p.code) for p in outcome.problems] == [
        ("tanggal", "date_too_far_ahead"),
        ("p_cair", "negative"),
    ]
    assert wired.requests == []
    full = await client.send(TempatTidur(id_tt="3", ruang="Mawar", jumlah_ruang=1, jumlah=2, terpakai=3))
    assert isinstance(full, Accepted)
    assert [w.code for w in full.warnings] == ["terpakai_more_than_jumlah"]


async def test_the_services_own_refusal_names_its_problems(hospital: Hospital) -> None:
    client = client_of(hospital)
    orphan: Any = RECORDS["antrian_task"]
    outcome = await client.send(orphan)
    assert isinstance(outcome, Refused)
    assert outcome.sent
    assert [p.member for p in outcome.problems] == ["kodebooking"]


async def test_a_wrong_password_locks_out_and_shows_itself_nowhere(hospital: Hospital) -> None:
    client = client_of(hospital, password="rahasia-yang-salah")
    outcome = await client.send(RECORDS["oksigen"])
    assert isinstance(outcome, LockedOut)
    assert outcome.why == "credentials"
    assert "rahasia" not in repr((client, outcome, client._side, client._line.__dict__.keys()))


@pytest.mark.parametrize("years", [-1, 1])
async def test_a_clock_that_is_a_year_off_is_set_by_the_service(hospital: Hospital, years: int) -> None:
    wired = Wired(hospital)
    client = client_of(hospital, wired, clock=lambda: time.time() + years * 365 * 86_400)
    outcome = await client.send(RECORDS["oksigen"])
    assert isinstance(outcome, Accepted), outcome
    assert len(wired.requests) == 2
    assert isinstance(await client.send(RECORDS["sdm"]), Accepted)
    assert abs(int(wired.requests[-1].headers["X-Timestamp"]) - time.time()) < 5


async def test_a_lost_answer_is_asked_for_again_under_the_same_number(hospital: Hospital) -> None:
    wired = Wired(hospital)
    client = client_of(hospital, wired)
    assert await client.discover()
    wired.requests.clear()
    wired.lose = 2
    outcome = await client.send(RECORDS["shk"])
    assert isinstance(outcome, Accepted)
    assert outcome.replayed
    assert len({r.headers["Idempotency-Key"] for r in wired.requests}) == 1
    record: Any = RECORDS["shk"]
    assert len(await client.list(SHK, day=record.tgl_ambil_sampel)) == 1


async def test_without_such_numbers_what_would_count_twice_is_not_repeated(hospital: Hospital) -> None:
    wired = Wired(hospital)
    client = client_of(hospital, wired)
    wired.lose = 1
    assert isinstance(await client.send(RECORDS["shk"]), Unknown)
    assert len(wired.requests) == 1
    assert "Idempotency-Key" not in wired.requests[0].headers
    wired.lose = 1
    # A day has one report: sending it twice is sending it once.
    assert isinstance(await client.send(RECORDS["oksigen"]), Accepted)


async def test_a_receipt_comes_along_and_is_genuine(hospital: Hospital) -> None:
    wired = Wired(hospital)
    client = client_of(hospital, wired)
    outcome = await client.send(RECORDS["oksigen"])
    assert isinstance(outcome, Accepted)
    answer = await hospital.service.client.get("/.well-known/rsonline-receipt-key")
    public = base64.b64decode(answer.json()["public"])
    said = verify(outcome.receipt or "", public, body=wired.requests[-1].content, hospital=hospital.code)
    assert said.hospital == hospital.code


async def test_nothing_personal_stands_in_an_address_or_a_repr(hospital: Hospital) -> None:
    wired = Wired(hospital)
    client = client_of(hospital, wired)
    shown = []
    for name in ("shk", "antrian", "antrian_task"):
        record, found = await sent(client, name, RECORDS[name])
        shown.append(repr((record, found)))
    addresses = " ".join(str(request.url) for request in wired.requests)
    for secret in ("9999000000000011", "Ibu Contoh", "By Ny", "CONTOH-0001", "RM-CONTOH", "Jalan Contoh"):
        assert secret not in addresses
        assert secret not in "".join(shown)


@pytest.mark.parametrize("switch", ["always_200", "create_on_put"])
async def test_a_hospital_with_switches_is_understood_as_well(service: Service, switch: str) -> None:
    on: dict[str, Any] = {switch: True}
    client = client_of(service.hospital(**on))
    for name, record in RECORDS.items():
        await sent(client, name, record)
    gone = await client.remove(SHK, "999999999")
    assert isinstance(gone, Refused)
    assert gone.code == "unknown"
    outcome = await client.send(msgspec.structs.replace(RECORDS["antrian_task"], kodebooking="TIDAK-ADA"))
    assert isinstance(outcome, Refused)
    assert outcome.sent


@pytest.mark.parametrize("way", ["", "/salah"])
async def test_a_wrong_address_refuses_no_record(hospital: Hospital, way: str) -> None:
    client = AsyncClient(f"http://127.0.0.1/fo{way}", hospital.code, PASSWORD, transport=Wired(hospital), retries=0)
    outcome = await client.send(RECORDS["oksigen"])
    assert isinstance(outcome, LockedOut)
    assert outcome.why == "address"
