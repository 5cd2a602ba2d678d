"""Alarms: what is wrong is told to people once when it begins, again when it gets worse, and once when it is over.

By e-mail, by a webhook (one JSON object by POST), or both. Texts name report kinds, counts and times, nothing else;
they are Indonesian, or English by `lang`.

```toml
[alarm]
webhook = "https://rumah-sakit.example/pesan"
email_to = ["it@rumah-sakit.example"]
email_from = "rsonline@rumah-sakit.example"
smtp = "smtp.rumah-sakit.example:587"
smtp_user = "rsonline"
smtp_password_file = "sandi-surel"
warn_minutes = 15
critical_hours = 24
lang = "id"
```
"""

import smtplib
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal, NamedTuple

import httpx

from rsonline.hospital.line import address_of, trust
from rsonline.hospital.words import Unusable, as_is, spoken
from rsonline.reports.verdict import Words

Level = Literal["warning", "critical"]
PATIENCE = 10.0
"""Seconds for one e-mail or one webhook."""
AGAIN = 60.0
"""Seconds before an alarm that could not be told is tried again."""
REMIND = 86_400.0
"""Seconds after which something critical is told once more."""
_LEVELS = {
    "warning": Words("PERINGATAN", "WARNING"),
    "critical": Words("GAWAT", "CRITICAL"),
    "pulih": Words("PULIH", "OVER"),
}


class Trouble(NamedTuple):
    """Something that is wrong now. `name` says which thing; a trouble of the same name is the same trouble."""

    name: str
    level: Level
    text: Words
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSettings:
    """Who is told, and from when on waiting is a trouble."""

    webhook: str = ""
    email_to: tuple[str, ...] = ()
    email_from: str = ""
    smtp: str = ""
    smtp_user: str = ""
    smtp_password_file: Path | None = None
    warn_minutes: float = 15.0
    critical_hours: float = 24.0
    lang: str = "id"


def alarm_of(said: Mapping[str, Any], folder: Path) -> AlarmSettings:
    """The `[alarm]` table. Raises Unusable."""
    known = set(AlarmSettings.__dataclass_fields__)
    for name in said:
        if name not in known:
            names = ", ".join(sorted(known))
            raise Unusable(
                Words(f"alarm.{name}: tidak dikenal; yang ada: {names}", f"alarm.{name}: not known; there are: {names}")
            )
    webhook = str(said.get("webhook", ""))
    if webhook:
        try:
            address_of(webhook)
        except ValueError:
            raise Unusable(
                Words(
                    "alarm.webhook: harus https:// (http:// hanya untuk mesin ini sendiri)",
                    "alarm.webhook: must be https:// (http:// only for this machine itself)",
                )
            ) from None
    to = said.get("email_to", [])
    to = [to] if isinstance(to, str) else to
    if to and not (said.get("smtp") and said.get("email_from")):
        raise Unusable(
            Words(
                "alarm.email_to: smtp dan email_from juga wajib diisi",
                "alarm.email_to: smtp and email_from are required too",
            )
        )
    lang = said.get("lang", "id")
    if lang not in ("id", "en"):
        raise Unusable(Words("alarm.lang: id atau en", "alarm.lang: id or en"))
    password = said.get("smtp_password_file")
    return AlarmSettings(
        webhook=webhook,
        email_to=tuple(str(each) for each in to),
        email_from=str(said.get("email_from", "")),
        smtp=str(said.get("smtp", "")),
        smtp_user=str(said.get("smtp_user", "")),
        smtp_password_file=None if password is None else folder / str(password),
        warn_minutes=_span(said, "warn_minutes", 15.0),
        critical_hours=_span(said, "critical_hours", 24.0),
        lang=lang,
    )


def _span(said: Mapping[str, Any], name: str, usual: float) -> float:
    value = said.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise Unusable(Words(f"alarm.{name}: harus bilangan lebih dari 0", f"alarm.{name}: must be a number above 0"))
    return float(value)


def ways_of(settings: AlarmSettings) -> list[Callable[[str, dict[str, Any]], None]]:
    """The ways by which people are told: each takes a subject and a JSON object, and raises OSError or httpx errors."""
    ways: list[Callable[[str, dict[str, Any]], None]] = []
    if settings.webhook:
        ways.append(lambda subject, body: _post(settings.webhook, {"judul": subject, **body}))
    if settings.email_to:
        ways.append(lambda subject, body: _mail(settings, subject, str(body["teks"])))
    return ways


def _post(address: str, body: dict[str, Any]) -> None:
    answer = httpx.post(address, json=body, timeout=PATIENCE, follow_redirects=False, verify=trust(None))
    answer.raise_for_status()


def _mail(settings: AlarmSettings, subject: str, text: str) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, settings.email_from, ", ".join(settings.email_to)
    message.set_content(text + "\n")
    host, _, port = settings.smtp.partition(":")
    with smtplib.SMTP(host, int(port or 587), timeout=PATIENCE) as server:
        # A password goes over TLS or not at all.
        if settings.smtp_password_file is not None or server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        if settings.smtp_password_file is not None:
            server.login(settings.smtp_user, settings.smtp_password_file.read_text("utf-8").strip())
        server.send_message(message)


@dataclass(slots=True)
class _Told:
    level: Level
    at: float


@dataclass(slots=True)
class Alarms:
    """Tells troubles by all ways, each once for each level; a way that fails is tried again after a minute."""

    hospital: str
    ways: Sequence[Callable[[str, dict[str, Any]], None]]
    clock: Callable[[], float] = time.time
    lang: str = "id"
    failed: str = ""
    """Why the last try to tell somebody failed; empty when it did not."""
    _told: dict[tuple[int, str], _Told] = field(default_factory=dict)
    _texts: dict[str, Words] = field(default_factory=dict)
    _again: float = 0.0

    def tell(self, troubles: Sequence[Trouble]) -> int:
        """Tell what began, got worse, goes on for another day, or is over; how many messages went out."""
        now = self.clock()
        if now < self._again:
            return 0
        there = {trouble.name: trouble for trouble in troubles}
        made = 0
        self.failed = ""
        for number, way in enumerate(self.ways):
            for name, trouble in there.items():
                told = self._told.get((number, name))
                worse = told is not None and told.level != trouble.level and trouble.level == "critical"
                reminded = told is not None and trouble.level == "critical" and now - told.at >= REMIND
                if (told is None or worse or reminded) and self._out(way, trouble.level, trouble.text, trouble):
                    self._told[number, name] = _Told(trouble.level, now)
                    made += 1
            for key in [k for k in self._told if k[0] == number and k[1] not in there]:
                was = self._texts.get(key[1], as_is(key[1]))
                if self._out(way, "pulih", Words(f"Sudah pulih: {was.id}", f"It is over: {was.en}"), None):
                    del self._told[key]
                    made += 1
        self._texts |= {trouble.name: trouble.text for trouble in troubles}
        if self.failed:
            self._again = now + AGAIN
        return made

    def _out(
        self, way: Callable[[str, dict[str, Any]], None], level: str, words: Words, trouble: Trouble | None
    ) -> bool:
        text = spoken(words, self.lang)
        subject = f"[rsonline {self.hospital}] {spoken(_LEVELS[level], self.lang)}: {text.splitlines()[0][:120]}"
        body = {"rumah_sakit": self.hospital, "tingkat": level, "teks": text, "masalah": trouble and trouble.name}
        try:
            way(subject, body)
        except (OSError, smtplib.SMTPException, httpx.HTTPError) as error:
            # Told again in a minute; meanwhile the status shows that nobody could be told. The address of a webhook is
            # often a secret, and httpx puts it into its texts.
            status = f" {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else ""
            self.failed = f"{type(error).__name__}{status}"
            return False
        return True
