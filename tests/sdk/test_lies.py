"""Nothing is shown as accepted that the service did not plainly confirm (SR-57)."""

from datetime import date
from typing import Any

import httpx
import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st

from rsonline import OKSIGEN, SHK, Accepted, Client, Failed, Oksigen, TempatTidur
from rsonline.hospital.answers import judged
from rsonline.hospital.fake import FakeService
from rsonline.hospital.wire import Answer, Lost, written
from rsonline.reports import TEMPAT_TIDUR
from tests.sdk.liar import LIES, ROOM, TRUTHS, Lie, element
from tests.sdk.wired import ADDRESS, RECORDS

CODE = "9100001"


class Says(httpx.BaseTransport):
    """A server that always says the same."""

    def __init__(self, lie: Lie) -> None:
        self.lie, self.asked = lie, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return self.lie.response


def client_of(transport: httpx.BaseTransport, **more: Any) -> Client:
    """A client of a made-up service that waits for nothing."""
    return Client("https://palsu.test/fo/index.php", CODE, "rahasia", transport=transport, sleep=lambda _: None, **more)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_a_lie_is_not_believed(lie: Lie) -> None:
    request = written(TEMPAT_TIDUR, "POST", ROOM)
    outcome = judged(request, Answer(lie.status, {k.lower(): v for k, v in lie.headers.items()}, lie.body), CODE)
    assert type(outcome).__name__ in lie.right, outcome


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda truth: truth.name)
def test_the_truth_is_believed_however_it_is_spelled(truth: Lie) -> None:
    outcome = judged(written(TEMPAT_TIDUR, "POST", ROOM), Answer(truth.status, {}, truth.body), CODE)
    assert isinstance(outcome, Accepted), outcome


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_no_lie_gets_through_the_client(lie: Lie) -> None:
    room = TempatTidur(id_tt="5", ruang="Mawar", jumlah_ruang=1, jumlah=2, terpakai=1)
    server = Says(lie)
    with client_of(server) as client:
        outcome = client.send(room)
        assert not isinstance(outcome, Accepted), outcome
        assert server.asked <= 8
        with pytest.raises(Failed) as failed:
            client.list(OKSIGEN)
        assert "Mawar" not in str(failed.value)


@pytest.mark.parametrize(
    "ruang",
    [
        "Gagal Ginjal",
        "tidak ada error",
        "telah dihapus",
        "a telah b untuk c",
        "di ruangan X telah",
        "",
        "id_tt 7",
        "5",
        "Salah",
    ],
)
def test_a_ward_may_be_called_anything(ruang: str) -> None:
    body = {**ROOM, "ruang": ruang}
    message = f"Data tempat tidur dengan id_tt 5 di ruangan {ruang}".rstrip() + " telah diupdate"
    outcome = judged(written(TEMPAT_TIDUR, "PUT", body), Answer(200, {}, element("200", message)), CODE)
    assert isinstance(outcome, Accepted)


def test_a_screening_without_its_number_is_not_confirmed() -> None:
    server = FakeService()
    server.then(200, {"shk": [{"status": "200", "message": "Data shk telah disimpan"}]})
    outcome = client_of(server).send(RECORDS["shk"])
    assert type(outcome).__name__ == "Unknown"
    server.then(201, "")
    assert type(client_of(server).send(RECORDS["shk"])).__name__ == "Unknown"


def test_an_answer_about_another_day_is_not_ours() -> None:
    server = FakeService()
    for _ in range(4):
        server.then(
            200, {"Oksigenasi": [{"status": "200", "message": "Data oksigenasi tanggal 2020-01-01 telah disimpan"}]}
        )
    outcome = client_of(server).send(Oksigen(tanggal=date(2026, 1, 2), p_cair=1.0))
    assert type(outcome).__name__ == "Unknown"


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(st.binary(max_size=200), st.integers(100, 599))
def test_no_bytes_make_it_fall_over_or_believe(body: bytes, status: int) -> None:
    outcome = judged(written(TEMPAT_TIDUR, "POST", ROOM), Answer(status, {}, body), CODE)
    assert not isinstance(outcome, Accepted)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["status", "message", "fasyankes", "x"]), inner)
    ),
    max_leaves=8,
)


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(_json, st.sampled_from([200, 201, 404, 500]))
def test_no_json_makes_it_fall_over(said: object, status: int) -> None:
    answer = Answer(status, {"retry-after": "soon", "date": "?"}, msgspec.json.encode(said))
    judged(written(TEMPAT_TIDUR, "POST", ROOM), answer, CODE)


def test_where_no_answer_came() -> None:
    request = written(SHK, "POST", {})
    assert type(judged(request, Lost(True, "ReadTimeout"), CODE)).__name__ == "Unknown"
    assert type(judged(request, Lost(False, "ConnectError"), CODE)).__name__ == "Later"


def test_rows_of_another_day_are_left_out() -> None:
    server = FakeService()
    rows = [{"tanggal": "2026-01-02", "p_cair": "1"}, {"tanggal": "2026-01-03", "p_cair": "2"}]
    server.then(200, {"Oksigenasi": rows})
    (only,) = client_of(server).list(OKSIGEN, day=date(2026, 1, 3))
    assert only.p_cair == 2
    assert ADDRESS.endswith("index.php")


def test_a_row_that_cannot_be_read_is_told_and_still_shown() -> None:
    server = FakeService()
    for _ in range(2):
        server.then(200, {"Oksigenasi": [{"tanggal": "2026-01-02", "p_cair": "banyak"}]})
    client = client_of(server)
    with pytest.raises(Failed, match="p_cair not_a_number"):
        client.list(OKSIGEN)
    (row,) = client.rows(OKSIGEN)
    assert row.record is None
    assert row.said["p_cair"] == "banyak"
