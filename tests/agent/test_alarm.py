"""Alarms reach people: through a mail server and a webhook of this machine, and say nothing of a person or a secret."""

import json
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_string
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from rsonline.hospital.alarm import Alarms, Trouble, alarm_of, ways_of
from rsonline.reports.verdict import Words

TEXT = Words(
    "Layanan tidak menjawab dengan benar, sejak 16 menit.", "The service does not answer as it should, for 16 minutes."
)
TROUBLE = Trouble("away", "warning", TEXT, 1_767_225_600.0)


class Mail(socketserver.StreamRequestHandler):
    """As much of a mail server as a client needs."""

    def handle(self) -> None:
        told = _heard(self.server).told
        self.wfile.write(b"220 surat.test\r\n")
        while line := self.rfile.readline().decode().strip():
            if line.upper() == "DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (text := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    lines.append(text)
                told.append("\n".join(lines))
            elif line.upper() == "QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 ok\r\n")


class Hook(BaseHTTPRequestHandler):
    """Takes what is posted."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        _heard(self.server).told.append(body.decode())
        self.send_response(_heard(self.server).status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""


class Listening:
    """One of the two, what it heard, and how a webhook answers."""

    def __init__(self, kind: str) -> None:
        self.told: list[str] = []
        self.status = 200
        self._server: socketserver.TCPServer = (
            socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
            if kind == "mail"
            else HTTPServer(("127.0.0.1", 0), Hook)
        )
        # For its handlers.
        vars(self._server)["heard"] = self
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> "Listening":
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _heard(server: socketserver.BaseServer) -> Listening:
    found: Listening = vars(server)["heard"]
    return found


@pytest.fixture(params=["mail", "hook"])
def heard(request: pytest.FixtureRequest) -> Iterator[tuple[str, Listening]]:
    """Each of the two."""
    with Listening(request.param) as server:
        yield request.param, server


def test_a_trouble_and_its_end_are_heard(heard: tuple[str, Listening], tmp_path: Path) -> None:
    kind, server = heard
    port = server.port
    said = (
        {"smtp": f"127.0.0.1:{port}", "email_from": "agen@rs.test", "email_to": ["it@rs.test", "direktur@rs.test"]}
        if kind == "mail"
        else {"webhook": f"http://127.0.0.1:{port}/rahasia-di-alamat"}
    )
    alarms = Alarms("9100001", ways_of(alarm_of(said, tmp_path)))
    assert alarms.tell([TROUBLE]) == 1
    assert alarms.tell([]) == 1
    first, second = server.told
    if kind == "mail":
        letter = message_from_string(first, policy=default)
        assert (letter["To"], letter["From"]) == ("it@rs.test, direktur@rs.test", "agen@rs.test")
        assert letter["Subject"].startswith("[rsonline 9100001] PERINGATAN: Layanan tidak menjawab")
        assert TEXT.id in letter.get_content()
        assert "Sudah pulih" in message_from_string(second, policy=default).get_content()
    else:
        body = json.loads(first)
        assert (body["tingkat"], body["masalah"], body["teks"]) == ("warning", "away", TEXT.id)
        assert json.loads(second)["tingkat"] == "pulih"


def test_alarms_are_english_where_the_table_says_so(heard: tuple[str, Listening], tmp_path: Path) -> None:
    kind, server = heard
    way = (
        {"smtp": f"127.0.0.1:{server.port}", "email_from": "agen@rs.test", "email_to": "it@rs.test"}
        if kind == "mail"
        else {"webhook": f"http://127.0.0.1:{server.port}/x"}
    )
    settings = alarm_of({**way, "lang": "en"}, tmp_path)
    alarms = Alarms("9100001", ways_of(settings), lang=settings.lang)
    assert (alarms.tell([TROUBLE]), alarms.tell([])) == (1, 1)
    if kind == "mail":
        letters = [message_from_string(each, policy=default) for each in server.told]
        said = [(str(each["Subject"]), each.get_content().strip()) for each in letters]
    else:
        bodies = [json.loads(each) for each in server.told]
        # The names of the members, and the levels, are for programs.
        assert [each["tingkat"] for each in bodies] == ["warning", "pulih"]
        said = [(each["judul"], each["teks"]) for each in bodies]
    assert said == [
        (f"[rsonline 9100001] WARNING: {TEXT.en}", TEXT.en),
        (f"[rsonline 9100001] OVER: It is over: {TEXT.en}", f"It is over: {TEXT.en}"),
    ]


def test_whoever_does_not_take_it_is_told_again_and_no_address_is_shown(tmp_path: Path) -> None:
    now = [1_767_225_600.0]
    with Listening("hook") as server:
        server.status = 500
        settings = alarm_of({"webhook": f"http://127.0.0.1:{server.port}/rahasia"}, tmp_path)
        alarms = Alarms("9100001", ways_of(settings), lambda: now[0])
        assert alarms.tell([TROUBLE]) == 0
        assert alarms.failed == "HTTPStatusError 500"
        assert alarms.tell([TROUBLE]) == 0
        assert len(server.told) == 1
        server.status = 200
        now[0] += 60
        assert alarms.tell([TROUBLE]) == 1
        assert alarms.failed == ""


def test_a_password_never_goes_in_the_clear(tmp_path: Path) -> None:
    (tmp_path / "sandi-surel").write_text("rahasia-surel\n")
    with Listening("mail") as server:
        said = {"smtp": f"127.0.0.1:{server.port}", "email_from": "a@rs.test", "email_to": "b@rs.test"}
        settings = alarm_of({**said, "smtp_user": "a", "smtp_password_file": "sandi-surel"}, tmp_path)
        alarms = Alarms("9100001", ways_of(settings))
        # This server offers no TLS: nothing is sent rather than the password shown.
        assert alarms.tell([TROUBLE]) == 0
        assert alarms.failed == "SMTPNotSupportedError"
        assert server.told == []
