"""Staff and protective equipment: every entry of the list as a line."""

import re

import pytest

from tests.hospital import Hospital, Service
from tests.web.people import Person, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


def hidden(page: str, item: str) -> dict[str, str]:
    """The hidden fields of one entry's line."""
    body = re.search(rf'<tbody class="baris" id="k{item}">.*?</tbody>', page, re.DOTALL)
    assert body is not None
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', body[0]))


@pytest.mark.parametrize(("name", "path", "item"), [("sdm", "/Fasyankes/sdm", "26"), ("apd", "/Fasyankes/apd", "1")])
async def test_an_entry_is_sent_changed_and_taken_away(
    name: str, path: str, item: str, service: Service, hospital: Hospital
) -> None:
    visitor = Visitor(service)
    await visitor.log_in(Person(service.database, f"{name}-{hospital.code}", "petugas", code=hospital.code))
    page, form = f"/kebutuhan/{name}", f"/kebutuhan/{name}/{item}"
    said = {"jumlah_eksisting": "154", "jumlah": "3", "jumlah_diterima": "1"}

    async def stored() -> dict[str, str]:
        rows = next(iter((await hospital.send("GET", path)).json().values()))
        return next(row for row in rows if row["id_kebutuhan"] == item)

    first = await visitor.send(form, {**hidden((await visitor.get(page)).text, item), **said})
    assert first.status_code == 303
    assert (await stored())["jumlah_eksisting"] == "154"
    wrong = await visitor.send(form, {**hidden((await visitor.get(page)).text, item), **said, "jumlah": "banyak"})
    assert wrong.status_code == 422
    assert "gagal dibaca sebagai angka" in wrong.text
    old = hidden((await visitor.get(page)).text, item)
    assert (await visitor.send(form, {**old, **said, "jumlah": "5"})).status_code == 303
    assert (await stored())["jumlah"] == "5"
    late = await visitor.send(form, {**old, "kirim": "nomor-yang-lain", **said, "jumlah": "6"})
    assert late.status_code == 409
    gone = await visitor.send(form, {**hidden((await visitor.get(page)).text, item), "hapus": "1"})
    assert gone.status_code == 303
    assert (await stored())["jumlah"] is None
    assert (await visitor.send("/kebutuhan/sdm/99999", {**old, **said})).status_code == 404
