"""What the files for Windows say, as far as it can be seen elsewhere."""

import shlex
from pathlib import Path

import pytest
from defusedxml.ElementTree import parse

from tests.cli.command import run

FOLDER = Path(__file__).parents[2] / "deploy" / "windows"


@pytest.mark.parametrize(
    ("file", "command", "arguments"),
    [
        ("rsonline-agent-service.xml", "executable", "arguments"),
        ("rsonline-agent.xml", ".//{*}Command", ".//{*}Arguments"),
    ],
)
def test_both_start_the_agent_as_the_page_sets_it_up(file: str, command: str, arguments: str) -> None:
    said = parse(FOLDER / file)
    program, words = said.findtext(command), said.findtext(arguments) or ""
    page = (FOLDER / "README.md").read_text("utf-8")
    assert program == r"C:\rsonline\Scripts\rsonline.exe"
    *verb, option, config = shlex.split(words, posix=False)
    assert f"--config {config}" in page
    # The command knows the words: it goes as far as the file, which is not there.
    assert "agent.toml" in run(*verb, option, config, code=1).err


def test_the_service_runs_without_rights_and_is_started_again() -> None:
    said = parse(FOLDER / "rsonline-agent-service.xml")
    assert said.findtext("serviceaccount/username") == r"NT AUTHORITY\LocalService"
    assert [each.get("action") for each in said.iterfind("onfailure")] == ["restart", "restart"]
    # `icacls` lets that account into the folder, whatever Windows calls it.
    assert '"*S-1-5-19:(OI)(CI)M"' in (FOLDER / "README.md").read_text("utf-8")
