"""The outbox against a reference model: nothing lost or doubled, order kept, a poison record blocks its own object."""

import itertools
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rsonline.hospital.messages import Message, Offer
from rsonline.hospital.outbox import PARENT_AWAITED, Outbox, OutboxFull
from rsonline.hospital.outbox_form import OutboxError
from rsonline.hospital.sealed import KeyFileError, Sealer, create, read

SEALER = Sealer(bytes(range(32)))
MEMORY = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 (a file system in memory)
OBJECTS = [("bed", (n,)) for n in "abc"] + [("task", (n,)) for n in "xy"]


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Server:
    """A service that knows each Idempotency-Key, and keeps what it took in the order in which it took it."""

    def __init__(self) -> None:
        self.once: dict[str, str] = {}
        self.taken: dict[tuple[str, str], list[str]] = {}

    def take(self, message: Message) -> None:
        """Carry it out, once."""
        if message.once not in self.once:
            self.once[message.once] = message.body["value"]
            self.taken.setdefault((message.report, message.body["of"]), []).append(message.body["value"])


class Histories(RuleBasedStateMachine):
    """Random histories of offers, deliveries with lost answers, refusals, corrections and sudden ends."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY))
        self.clock, self.server, self.values = Clock(), Server(), itertools.count()
        self.open()
        self.offered: dict[tuple[str, str], list[str]] = {}
        self.poison: set[str] = set()
        self.given_up: set[str] = set()
        self.aside: dict[tuple[str, str], str] = {}

    def open(self) -> None:
        self.box = Outbox(self.folder / "outbox.sqlite3", SEALER, most=1000, clock=self.clock)

    @rule(pairs=st.lists(st.tuples(st.sampled_from(OBJECTS), st.booleans(), st.booleans()), min_size=1, max_size=4))
    def offer(self, pairs: list[tuple[tuple[str, tuple[str]], bool, bool]]) -> None:
        offers = []
        for (report, key), same, poison in pairs:
            history = self.offered.setdefault((report, key[0]), [])
            if same and history:
                value = history[-1]
            else:
                value = str(next(self.values))
                history.append(value)
                if (report, key[0]) in self.aside:
                    # Newer content takes the place of what was refused.
                    self.given_up.add(self.aside.pop((report, key[0])))
                if poison:
                    self.poison.add(value)
            offers.append(Offer(report, key, {"of": key[0], "value": value}, event=report == "task"))
        self.box.offer(offers)

    @rule(answers=st.lists(st.sampled_from(["yes", "lost before", "lost after", "later"]), min_size=1, max_size=5))
    def deliver(self, answers: list[str]) -> None:
        due = self.box.due(len(answers))
        assert len({(m.report, m.body["of"]) for m in due}) == len(due), "two of one object at once"
        self.box.begin([m.id for m in due])
        for message, answer in zip(due, answers, strict=False):
            if answer in ("yes", "lost after") and message.body["value"] not in self.poison:
                self.server.take(message)
            if answer == "yes" and message.body["value"] in self.poison:
                self.box.refused(message.id, "salah")
                self.aside[message.report, message.body["of"]] = message.body["value"]
            elif answer == "yes":
                self.box.accepted(message.id, receipt="r")
            else:
                self.box.later(message.id, self.clock.now + 1, unsent=answer == "later")

    @rule()
    def time_passes(self) -> None:
        self.clock.now += 2

    @rule(after=st.booleans())
    def power_is_cut(self, after: bool) -> None:
        """The process goes away, sometimes between sending and the answer."""
        if after:
            due = self.box.due(2)
            self.box.begin([m.id for m in due])
            for message in due:
                if message.body["value"] not in self.poison:
                    self.server.take(message)
        self.box.close()
        self.open()

    @precondition(lambda self: bool(self.box.set_aside()))
    @rule(fixed=st.booleans())
    def somebody_looks_at_what_was_refused(self, fixed: bool) -> None:
        refused = self.box.set_aside()[0]
        assert self.aside.pop((refused.report, refused.body["of"])) == refused.body["value"]
        if fixed:
            self.poison.discard(refused.body["value"])
            assert self.box.resend(refused.id)
        else:
            self.given_up.add(refused.body["value"])
            assert self.box.discard(refused.id)

    @invariant()
    def what_arrived_is_in_order_and_once(self) -> None:
        if not hasattr(self, "offered"):
            return
        for object_, values in self.server.taken.items():
            assert len(set(values)) == len(values)
            places = [self.offered[object_].index(value) for value in values]
            assert places == sorted(places)
        assert self.box.size()[0] == sum(c.waiting + c.sent + c.refused for c in self.box.counts())

    def teardown(self) -> None:
        if not hasattr(self, "offered"):
            return
        self.poison.clear()
        for refused in self.box.set_aside():
            self.box.resend(refused.id)
        for _ in range(500):
            self.clock.now += 2
            due = self.box.due(100)
            if not due:
                break
            self.box.begin([m.id for m in due])
            for message in due:
                self.server.take(message)
                self.box.accepted(message.id)
        assert self.box.size() == (0, 0)
        for (report, name), values in self.offered.items():
            kept = [v for v in values if v not in self.given_up]
            taken = self.server.taken.get((report, name), [])
            if report == "task":
                assert taken == kept
            elif values[-1] not in self.given_up:
                assert taken[-1] == values[-1]
        self.box.close()
        shutil.rmtree(self.folder)


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=100, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.slow
class TestTwoThousandHistories(Histories.TestCase):  # type: ignore[misc,valid-type]
    settings = settings(
        max_examples=2000, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )


@pytest.fixture
def box(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox.sqlite3", SEALER, clock=Clock())


def bed(name: str, used: int) -> Offer:
    return Offer("tempat_tidur", (name,), {"ruang": name, "terpakai": used})


def test_a_state_waits_once_with_its_newest_content_and_an_event_each_time(box: Outbox) -> None:
    assert box.offer([bed("a", 1)]) == 1
    assert box.offer([bed("a", 1)]) == 0
    assert box.offer([bed("a", 2)]) == 1
    assert [m.body["terpakai"] for m in box.due()] == [2]
    for value in (1, 2):
        box.offer([Offer("antrian_task", ("k", "3"), {"waktu": value}, event=True)])
    assert sorted(m.report for m in box.due()) == ["antrian_task", "tempat_tidur"]
    assert box.size()[0] == 3


def test_what_is_under_way_is_not_replaced_but_followed(box: Outbox) -> None:
    box.offer([bed("a", 1)])
    [first] = box.due()
    box.begin([first.id])
    box.offer([bed("a", 2)])
    assert [m.id for m in box.due()] == [first.id]
    box.accepted(first.id, number="77")
    [second] = box.due()
    assert (second.body["terpakai"], second.number, second.once != first.once) == (2, "77", True)


def test_a_refused_record_holds_up_its_own_object_until_the_source_is_corrected(box: Outbox) -> None:
    box.offer([bed("a", 1), bed("b", 1)])
    poison = next(m for m in box.due() if m.body["ruang"] == "a")
    box.begin([poison.id])
    box.refused(poison.id, "jumlah wajib diisi")
    assert [m.body["ruang"] for m in box.due()] == ["b"]
    [aside] = box.set_aside()
    assert (aside.said, aside.body) == ("jumlah wajib diisi", {"ruang": "a", "terpakai": 1})
    box.offer([bed("a", 2)])
    assert box.set_aside() == []
    assert sorted(m.body["terpakai"] for m in box.due()) == [1, 2]


def test_a_child_waits_for_its_parent_and_learns_its_number(box: Outbox) -> None:
    sample = Offer("shk", ("9999000000000001", "2026-11-01"), {"nama_bayi": "By Ny Contoh"}, event=True)
    result = Offer(
        "shk_hasil", ("9999000000000001", "1"), {"nilai": "3"}, event=True, parent=(sample.report, sample.key)
    )
    box.offer([result, sample])
    [first] = box.due()
    assert first.report == "shk"
    box.begin([first.id])
    box.accepted(first.id, number="41")
    [second] = box.due()
    assert (second.report, second.parent_number) == ("shk_hasil", "41")


def test_what_was_refused_before_its_parent_arrived_is_sent_again_then(tmp_path: Path) -> None:
    clock = Clock()
    box = Outbox(tmp_path / "outbox.sqlite3", SEALER, clock=clock)
    booking = Offer("antrian", ("B1",), {"kodebooking": "B1"}, event=True)
    moment = Offer("antrian_task", ("B1", "1"), {"taskid": 1}, event=True, parent=("antrian", ("B1",)))
    box.offer([moment])
    # Nobody has heard of the booking: its feed may be read a moment later.
    assert box.due() == []
    clock.now += PARENT_AWAITED
    [alone] = box.due()
    box.begin([alone.id])
    box.refused(alone.id, "booking tidak dikenal")
    box.offer([booking])
    [first] = box.due()
    box.begin([first.id])
    box.accepted(first.id)
    [again] = box.due()
    assert (again.id, again.body, again.once != alone.once) == (alone.id, {"taskid": 1}, True)
    # Refused once more, now that the booking is there, it waits for a person.
    box.begin([again.id])
    box.refused(again.id, "waktu salah")
    box.offer([Offer("antrian", ("B1",), {"kodebooking": "B1", "norm": "lain"}, event=True)])
    [corrected] = box.due()
    box.accepted(corrected.id)
    assert box.due() == []
    assert [each.said for each in box.set_aside()] == ["waktu salah"]


def test_what_belongs_to_a_record_offered_later_waits_for_it(box: Outbox) -> None:
    box.offer([Offer("antrian_task", ("B1", "1"), {"taskid": 1}, event=True, parent=("antrian", ("B1",)))])
    box.offer([Offer("antrian", ("B1",), {"kodebooking": "B1"}, event=True)])
    [first] = box.due()
    assert first.report == "antrian"
    box.accepted(first.id)
    assert [m.report for m in box.due()] == ["antrian_task"]


def test_a_file_of_the_first_form_is_taken_along(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    with closing(sqlite3.connect(path)) as made:
        made.executescript((Path(__file__).parent / "fixtures" / "outbox-1.sql").read_text())
    box = Outbox(path, SEALER, clock=Clock())
    assert box.size() == (5, 119)
    assert [(m.report, m.state, m.number) for m in box.due()] == [
        ("tempat_tidur", "sent", None),
        ("tempat_tidur", "waiting", "7"),
        ("shk", "waiting", None),
    ]
    assert [each.said for each in box.set_aside()] == ["jumlah wajib diisi"]
    assert [each.said for each in box.rejected("kamar")] == ["jumlah wajib diisi"]
    assert (box.mark("bayi"), box.consented("kamar")) == ("2026-11-01 08:00:00", True)
    assert sorted(box.known("tempat_tidur").values()) == [("a",), ("b",), ("c",)]
    assert box.offer([bed("a", 2)]) == 0
    box.close()
    assert Outbox(path, SEALER).size() == (5, 119)


def test_a_file_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    Outbox(path, SEALER).close()
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA user_version=99")
    before = path.read_bytes()
    with pytest.raises(OutboxError, match="berbentuk 99") as refused:
        Outbox(path, SEALER)
    assert "form 99" in refused.value.words.en
    assert path.read_bytes() == before


def test_a_full_outbox_takes_nothing_and_loses_nothing(tmp_path: Path) -> None:
    box = Outbox(tmp_path / "outbox.sqlite3", SEALER, most=3)
    box.offer([bed(n, 1) for n in "abc"])
    with pytest.raises(OutboxFull):
        box.offer([bed("a", 2), bed("d", 1)])
    assert sorted((m.body["ruang"], m.body["terpakai"]) for m in box.due()) == [("a", 1), ("b", 1), ("c", 1)]
    # What merely replaces needs no room.
    assert box.offer([bed("a", 2)]) == 1
    small = Outbox(tmp_path / "other.sqlite3", SEALER, most_bytes=100)
    with pytest.raises(OutboxFull):
        small.offer([bed("x" * 100, 1)])


def test_nothing_in_the_file_can_be_read_and_contents_go_after_a_week(tmp_path: Path) -> None:
    clock = Clock()
    box = Outbox(tmp_path / "outbox.sqlite3", SEALER, clock=clock)
    box.offer([Offer("shk", ("9999000000000001",), {"nama_ibu": "Ibu Contoh", "nik": "9999000000000001"}, event=True)])
    [message] = box.due()
    box.begin([message.id])
    box.accepted(message.id)
    raw = (tmp_path / "outbox.sqlite3").read_bytes()
    assert b"Ibu Contoh" not in raw
    assert b"9999000000000001" not in raw
    assert (tmp_path / "outbox.sqlite3").stat().st_mode & 0o077 == 0
    assert box.purge() == 0
    clock.now += 8 * 86_400
    assert box.purge() == 1
    # Its digest is still there: the same record makes no message.
    offer = Offer("shk", ("9999000000000001",), {"nama_ibu": "Ibu Contoh", "nik": "9999000000000001"}, event=True)
    assert box.offer([offer]) == 0
    other = Outbox(tmp_path / "outbox.sqlite3", Sealer(bytes(32)), clock=clock)
    other.offer([bed("a", 1)])
    with pytest.raises(KeyFileError):
        box.due()


def test_the_key_is_for_its_owner_only(tmp_path: Path) -> None:
    create(tmp_path / "key")
    first = read(tmp_path / "key")
    create(tmp_path / "key")
    assert first.digest("a", b"b") == read(tmp_path / "key").digest("a", b"b")
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(KeyFileError):
        read(tmp_path / "key")


@pytest.mark.parametrize("damaged", [b"", b"AAAA", b"AAAAA", "\u00e9".encode()])
def test_a_file_without_a_key_is_told(tmp_path: Path, damaged: bytes) -> None:
    create(tmp_path / "key")
    (tmp_path / "key").write_bytes(damaged)
    with pytest.raises(KeyFileError):
        read(tmp_path / "key")


def test_each_offer_is_one_transaction(box: Outbox, tmp_path: Path) -> None:
    def broken() -> object:
        yield bed("a", 1)
        raise RuntimeError("the source went away")

    with pytest.raises(RuntimeError):
        box.offer(broken())  # type: ignore[arg-type]
    assert box.size() == (0, 0)
    assert sqlite3.connect(tmp_path / "outbox.sqlite3").execute("SELECT count(*) FROM message").fetchone() == (0,)
