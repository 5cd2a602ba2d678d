"""What was counted of a hospital's programs, and what their clocks say, in plain words with what to do about it."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from rsonline.reports.verdict import Words
from rsonline.reports.wording import REPAIRS, WARNINGS
from rsonline.store.calls import DROPPED

_GAP = re.compile(r"\{[a-z_]+\}")

COUNTED: dict[str, Words] = {
    "put_miss": Words(
        "PUT yang tidak menemukan data: kirim dengan POST lebih dulu, kalau tidak datanya hilang",
        "PUT that found nothing: send it with POST first, or the data are lost",
    ),
    "created_on_put": Words("PUT yang menambah data baru", "PUT that added a record"),
    "task_repeated_with_other_time": Words(
        "Task antrean dikirim ulang dengan waktu lain; waktu yang pertama dipertahankan",
        "A queue task sent again with another time; the first time was kept",
    ),
    "clock:whole_hour": Words("X-Timestamp berselisih tepat beberapa jam", "X-Timestamp whole hours off"),
    "clock:off": Words("X-Timestamp tidak cocok dengan jam layanan", "X-Timestamp off"),
    "clock:absent": Words("Tanpa X-Timestamp", "Without X-Timestamp"),
    "clock:unreadable": Words("X-Timestamp tidak terbaca", "X-Timestamp unreadable"),
    DROPPED: Words(
        "Panggilan yang tidak sempat dicatat di log panggilan (laporannya sendiri tidak terpengaruh)",
        "Calls for which the log had no room (the reports themselves are not affected)",
    ),
}
UTC_HOW = Words(
    "Kirim detik sejak 1970 dalam UTC: PHP time(); Java Instant.now().getEpochSecond(); "
    ".NET DateTimeOffset.UtcNow.ToUnixTimeSeconds(); Python int(time.time()); JavaScript Math.floor(Date.now()/1000). "
    "Jangan menambahkan 7, 8 atau 9 jam.",
    "Send the seconds since 1970 in UTC: PHP time(); Java Instant.now().getEpochSecond(); "
    ".NET DateTimeOffset.UtcNow.ToUnixTimeSeconds(); Python int(time.time()); JavaScript Math.floor(Date.now()/1000). "
    "Do not add 7, 8 or 9 hours.",
)


class Diagnosis(NamedTuple):
    """What is the matter and how to put it right; `good` where nothing is the matter. `calls` say so."""

    good: bool
    what: Words
    how: Words | None
    calls: int


def counted(what: str) -> Words:
    """What was counted, in words."""
    if what.startswith("repair:"):
        code = what.removeprefix("repair:")
        known = REPAIRS.get(code)
        begin = Words("Diperbaiki saat diterima: ", "Mended on the way in: ")
        words = Words(code, code) if known is None else _gaps(known)
        return Words(begin.id + words.id, begin.en + words.en)
    return COUNTED.get(what) or Words(what, what)


def repair(text: str) -> Words:
    """One repair as the log has it (`code:where`), in words."""
    code, _, where = text.partition(":")
    known = REPAIRS.get(code)
    if known is None:
        return Words(text, text)
    filled = Words(known.id.replace("{where}", where), known.en.replace("{where}", where))
    return _gaps(filled)


def warning(text: str) -> Words:
    """One warning as the log has it (`code:member`), in words."""
    code, _, member = text.partition(":")
    known = WARNINGS.get(code)
    if known is None:
        return Words(text, text)
    return _gaps(Words(known.id.replace("{member}", member), known.en.replace("{member}", member)))


def _gaps(words: Words) -> Words:
    """What the log does not know of a text is left open in it."""
    return Words(_GAP.sub("…", words.id), _GAP.sub("…", words.en))


def clock(clocks: Sequence[str]) -> list[Diagnosis]:
    """What the clocks of the newest calls say (`class` or `class:seconds ahead`), most frequent first."""
    seen: Counter[tuple[str, int]] = Counter()
    for text in clocks:
        kind, _, ahead = text.partition(":")
        seconds = int(ahead) if ahead.removeprefix("-").isdigit() else 0
        # Whole hours, or minutes, so that the same mistake counts as one.
        seen[kind, round(seconds / 3600) if kind == "whole_hour" else round(seconds / 60)] += 1
    return [_said(kind, size, count) for (kind, size), count in seen.most_common(6)]


def _said(kind: str, size: int, count: int) -> Diagnosis:
    match kind:
        case "exact":
            return Diagnosis(True, Words("Jam program Anda cocok.", "Your program's clock is right."), None, count)
        case "whole_hour" if size:
            what = Words(
                f"Program Anda mengirim jam lokal sebagai UTC: {size} jam lebih maju.",
                f"Your program sends local time as UTC: {size} hours ahead.",
            )
            return Diagnosis(False, what, UTC_HOW, count)
        case "whole_hour":
            what = Words(
                "Program Anda mengirim jam lokal sebagai UTC: 7, 8 atau 9 jam lebih maju.",
                "Your program sends local time as UTC: 7, 8 or 9 hours ahead.",
            )
            return Diagnosis(False, what, UTC_HOW, count)
        case "absent":
            what = Words("Program Anda tidak mengirim X-Timestamp.", "Your program sends no X-Timestamp.")
            return Diagnosis(False, what, UTC_HOW, count)
        case "unreadable":
            what = Words("X-Timestamp dari program Anda tidak terbaca.", "Your program's X-Timestamp is unreadable.")
            return Diagnosis(False, what, UTC_HOW, count)
        case _:
            return _off(size, count)


def _off(minutes: int, count: int) -> Diagnosis:
    how = Words(
        "Nyalakan penyetelan jam otomatis (NTP) di komputer pengirim, misalnya ke id.pool.ntp.org, lalu periksa zona "
        "waktunya.",
        "Turn on automatic time (NTP) on the sending computer, for example from id.pool.ntp.org; then check its zone.",
    )
    size_id, size_en = _length(abs(minutes))
    what = Words(
        f"Jam komputer pengirim {size_id} {'lebih maju' if minutes > 0 else 'tertinggal'}.",
        f"The sending computer's clock is {size_en} {'ahead' if minutes > 0 else 'behind'}.",
    )
    if not minutes:
        what = Words("Jam komputer pengirim tidak cocok.", "The sending computer's clock is off.")
    return Diagnosis(False, what, how, count)


def _length(minutes: int) -> tuple[str, str]:
    if minutes >= 2 * 1440:
        return f"{minutes // 1440} hari", f"{minutes // 1440} days"
    if minutes >= 120:
        return f"{minutes // 60} jam {minutes % 60} menit", f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} menit", f"{minutes} minutes"


def of_tallies(tallies: Sequence[tuple[str, int]]) -> list[Diagnosis]:
    """The same from what was counted, where no single call is kept any more."""
    return [_said(what.removeprefix("clock:"), 0, n) for what, n in tallies if what.startswith("clock:")]
