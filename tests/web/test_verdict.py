"""The form and the API give one verdict: a thousand generated records, sent through both doors."""

import html
import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rsonline.intake.duty import DAILY
from rsonline.reports.report import Report, members
from rsonline.reports.wording import PROBLEMS
from rsonline.web import forms
from tests.hospital import Service
from tests.web.people import Person, Visitor

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]
GOOD = ("0", "1", "7", " 12 ", "007", "120", "5.0", "2147483647")
DECIMAL = ("8999.09", "0.5", "1000000000000")
BAD = ("8,5", "-1", "1e3", "abc", "2147483648", "9" * 30, "1.2.3", "½", "0x10", "--", "true")
EMPTY = ("", " ", "\t")


def record(draw: random.Random, report: Report[Any]) -> dict[str, str]:
    """A record as somebody might type it: mostly right, sometimes not."""
    spoiled = 0.1 if draw.random() < 0.5 else 0.0
    typed = [m for m in members(report.record) if forms.typed(m) and m.name not in ("tanggal", "tgllapor")]
    return {
        m.name: draw.choice(
            BAD if draw.random() < spoiled else (*GOOD, *EMPTY, *(DECIMAL if m.kind.column == "decimal" else ()))
        )
        for m in typed
        if draw.random() < 0.9
    }


def told(page: str) -> list[str]:
    """The errors that a page shows, as text."""
    return [html.unescape(text) for text in re.findall(r'class="invalid-feedback d-block"[^>]*>([^<]*)<', page)]


@pytest.mark.parametrize(("report", "count"), [(DAILY[0], 600), (DAILY[1], 200), (DAILY[2], 200)])
async def test_a_record_has_one_verdict(service: Service, report: Report[Any], count: int) -> None:
    draw = random.Random(f"verdict {report.name}")
    by_api, by_form = service.hospital(), service.hospital()
    visitor = Visitor(service)
    await visitor.log_in(Person(service.database, f"putusan-{by_form.code}", "petugas", code=by_form.code))
    hidden = dict(
        re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', (await visitor.get("/beranda")).text)
    )
    labels = {m.name: m.label.id for m in members(report.record)}
    today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Jakarta")).date()
    refused = 0
    for number in range(count):
        said = record(draw, report)
        day = (today - timedelta(days=number)).isoformat()
        answer = await by_api.send("POST", report.path, {"tanggal": day, **said})
        page = await visitor.send(f"/harian/{report.name}/{day}", {"csrf": hidden["csrf"], **said})
        if answer.status_code == 200:
            assert page.status_code == 303, (said, told(page.text))
            continue
        refused += 1
        assert (answer.status_code, page.status_code) == (422, 422), said
        problems = answer.json()[report.root][0]["errors"]
        wanted = sorted(
            PROBLEMS[p["code"]].id.format(member=labels[p["field"]], most=p.get("most", "")).split(":")[0]
            for p in problems
        )
        assert sorted(text.split(":")[0] for text in told(page.text)) == wanted, said
    assert count * 0.15 < refused < count * 0.7
    rows = [
        [
            {k: v for k, v in row.items() if k != "tgllapor"}
            for row in (await hospital.send("GET", report.path)).json()[report.root]
        ]
        for hospital in (by_api, by_form)
    ]
    assert rows[0] == rows[1]
    assert len(rows[0]) > 1
