"""The first page of an office and of the ministry: what needs somebody now, where, and nothing of other regions."""

import re
from datetime import datetime

import pytest

from rsonline.web.attention import keys_of
from tests.databases import rows
from tests.hospital import Hospital, Service
from tests.samples import MESSAGES
from tests.web.test_insight import as_role
from tests.web.test_newborns import high, sample
from tests.web.test_quiet import registered

pytestmark = pytest.mark.asyncio(loop_scope="session")


def named(service: Service, hospital: Hospital, name: str) -> None:
    """Give it a name that stands for itself on a page."""
    statement = "UPDATE hospital SET nama = :n WHERE kode_rs = :c RETURNING kode_rs"
    rows(service.database, statement, n=name, c=hospital.code)


async def silent(service: Service, regency: str, name: str) -> Hospital:
    """A hospital that said nothing for thirty hours."""
    made = await registered(service, regency)
    named(service, made, name)
    await made.send("POST", "/Fasyankes", MESSAGES["tempat_tidur"])
    at = int((datetime.now().timestamp() - 30 * 3600) * 1000)
    statement = "UPDATE tempat_tidur SET updated_at = :a WHERE kode_rs = :c RETURNING kode_rs"
    rows(service.database, statement, a=at, c=made.code)
    return made


def matters(page: str) -> dict[str, tuple[str, str]]:
    """How many and where, by the address of the figure."""
    found = re.findall(
        r'<th scope="row"><a href="(/wawasan/[^"]+)">.*?</th>\s*<td[^>]*>(.*?)</td>\s*<td[^>]*>(.*?)</td>', page, re.S
    )
    return {to: (re.sub(r"<[^>]+>", "", many).strip(), where) for to, many, where in found}


async def test_an_office_sees_who_is_silent_and_which_babies_wait(service: Service) -> None:
    still = await silent(service, "2101", "RS Yang Diam")
    await silent(service, "3304", "RS Provinsi Lain")
    lively = await registered(service, "2103")
    named(service, lively, "RS Dengan Bayi")
    await lively.send("POST", "/Fasyankes", MESSAGES["tempat_tidur"])
    await high(lively, await sample(lively, 40), 20)
    page = (await (await as_role(service, "dinkes", region="21")).get("/beranda")).text
    found = matters(page)
    many, where = found["/wawasan/lapor_diam?wilayah=21"]
    assert many == "1 rumah sakit"
    assert f'<a href="/wawasan/lapor_diam?wilayah={still.code}">RS Yang Diam</a>' in where
    many, where = found["/wawasan/shk_alarm_provinsi?wilayah=21"]
    assert many == "1 bayi"
    assert f'<a href="/wawasan/shk_alarm_provinsi?wilayah={lively.code}">RS Dengan Bayi</a> (1)' in where
    assert found["/wawasan/oksigen_segera_habis?wilayah=21"] == ("tidak ada", "–")
    assert "RS Provinsi Lain" not in page
    visitor = await as_role(service, "dinkes", region="2103")
    own = matters((await visitor.get("/beranda")).text)
    assert own["/wawasan/shk_alarm_kabupaten_kota?wilayah=2103"][0] == "1 bayi"
    assert own["/wawasan/lapor_diam?wilayah=2103"][0] == "tidak ada"
    # A hospital's link leads to the rows themselves.
    behind = (await visitor.get(f"/wawasan/shk_alarm_kabupaten_kota?wilayah={lively.code}")).text
    assert "RS Dengan Bayi" in behind
    # Figures of the nation may be a minute old, so that only what is asked is looked at.
    nation = matters((await (await as_role(service, "kemenkes")).get("/beranda")).text)
    assert list(nation) == [f"/wawasan/{key}" for key in keys_of("nation")]


async def test_many_hospitals_of_one_matter_are_counted_not_listed(service: Service) -> None:
    for number in range(8):
        await silent(service, "3510", f"RS Banyak {number}")
    found = matters((await (await as_role(service, "dinkes", region="35")).get("/beranda")).text)
    many, where = found["/wawasan/lapor_diam?wilayah=35"]
    assert many == "8 rumah sakit"
    assert (where.count("<a "), "dan 2 rumah sakit lain" in where) == (6, True)


async def test_an_account_that_sees_no_hospitals_has_the_links_alone(service: Service) -> None:
    page = (await (await as_role(service, "operator")).get("/beranda")).text
    assert matters(page) == {}
    assert "Selamat datang" in page
