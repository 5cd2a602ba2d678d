"""The contract as stories: what each example sends gets what the example says (see examples/README.md)."""

import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.hospital import PASSWORD, Hospital, Service

FOLDER = Path(__file__).parent / "examples"
STORIES = sorted(FOLDER.glob("*/*.json"))
_PLACE = re.compile(r"\{(RS_ID|PASS|TS_ISO|TS|TODAY)([+-][0-9]+)?\}|\{SAVED\.([A-Za-z_]+)\}")


class Teller:
    """Tells one story to one hospital."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital = hospital
        self.saved: dict[str, str] = {}
        self.now = int(time.time())

    def fill(self, text: Any) -> Any:
        """Replace the placeholders, and nothing else in braces."""
        if isinstance(text, str):
            return _PLACE.sub(self._value, text)
        if isinstance(text, list):
            return [self.fill(each) for each in text]
        if isinstance(text, dict):
            return {self.fill(k): self.fill(v) for k, v in text.items()}
        return text

    def _value(self, match: re.Match[str]) -> str:
        name, shift, saved = match.groups()
        if saved:
            return self.saved[saved]
        by = int(shift or 0)
        today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Jakarta")).date()
        return {
            "RS_ID": self.hospital.code,
            "PASS": PASSWORD,
            "TS": str(self.now + by),
            "TS_ISO": datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "TODAY": (today + timedelta(days=by)).isoformat(),
        }[name]

    async def send(self, step: Mapping[str, Any]) -> httpx.Response:
        """One request of the story, as it stands there."""
        body = self.fill(step.get("body"))
        headers = {k: self.fill(v) for k, v in step.get("headers", {}).items()}
        raw = None
        if body is not None:
            raw = (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()
            if not any(k.lower() == "content-type" for k in headers):
                headers["Content-Type"] = "application/json"
        answer = await self.hospital.send(step["method"], self.fill(step["path"]), headers=headers, raw=raw)
        for name, member in step.get("save", {}).items():
            (elements,) = answer.json().values()
            self.saved[name] = elements[0][member]
        return answer


def judge(answer: httpx.Response, expect: Mapping[str, Any]) -> None:
    """Compare an answer with what the story expects of it."""
    shown = f"{answer.status_code} {answer.text[:1500]}\n{dict(answer.headers)}"
    assert expect["http"] == answer.status_code, shown
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    (root,) = body
    elements = body[root]
    assert isinstance(elements, list)
    if "root" in expect:
        assert expect["root"] == root, shown
    first = elements[0] if elements else {}
    if "status" in expect:
        assert expect["status"] == first["status"], shown
    message = first.get("message", "")
    if expect.get("message_is") is not None:
        assert expect["message_is"] == message
    for part in expect.get("message_contains") or ():
        assert part in message, shown
    for part in expect.get("message_excludes") or ():
        assert part not in message, shown
    if expect.get("problems") is not None:
        assert set(expect["problems"]) <= {e["code"] for e in first["errors"]}, shown
    for key, header in (("repairs", "x-rsonline-repairs"), ("warnings", "x-rsonline-warnings")):
        if expect.get(key) is not None:
            listed = [
                part.partition(":")[0].strip() for part in answer.headers.get(header, "").split(",") if part.strip()
            ]
            assert set(expect[key]) <= set(listed), shown
            if not expect[key]:
                assert listed == [], shown
    if expect.get("rows_are") is not None:
        assert expect["rows_are"] == elements
    for row in expect.get("rows_contain") or ():
        assert any(row.items() <= element.items() for element in elements), shown
    if expect.get("rows_count") is not None:
        assert expect["rows_count"] == len(elements), shown
    if expect.get("row_keys") is not None:
        assert elements
        for element in elements:
            assert expect["row_keys"] == list(element)
    for key in expect.get("row_lacks_keys") or ():
        assert all(key not in element for element in elements)


def told(path: Path) -> Any:
    """A story from its file."""
    return json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("path", STORIES, ids=lambda p: f"{p.parent.name}/{p.stem}")
@pytest.mark.asyncio(loop_scope="session")
async def test_the_story_holds(path: Path, service: Service) -> None:
    story = told(path)
    teller = Teller(service.hospital())
    for step in story.get("given", ()):
        answer = await teller.send(step)
        assert answer.status_code == 200, answer.text
    judge(await teller.send(story["request"]), teller.fill(story["expect"]))
    for step in story.get("then", ()):
        judge(await teller.send(step["request"]), teller.fill(step["expect"]))
