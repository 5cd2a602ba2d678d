"""Texts of the hospital's side in both languages: errors that carry both, and which of the two is said."""

from rsonline.reports.verdict import Words


class InWords(Exception):
    """An error that is told to a person at the hospital; its `str` is the Indonesian text."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.id)
        self.words = words


class Unusable(InWords, ValueError):
    """A member of a table of the configuration cannot be used; the text names it and what is allowed."""


def as_is(text: str) -> Words:
    """A text that is not ours, a driver's say: the same in both."""
    return Words(text, text)


def words_of(error: Exception) -> Words:
    """What an error says."""
    return error.words if isinstance(error, InWords) else as_is(str(error))


def spoken(words: Words, lang: str) -> str:
    """The text in the language that was asked for."""
    return words.en if lang == "en" else words.id


def many(number: int, noun: str) -> str:
    """So many of them in English, which has a plural: `1 minute`, `12 minutes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def duration(seconds: float, lang: str) -> str:
    """How long, in words: `12 menit`, `3 jam`, `2 hari`; `12 minutes`, `3 hours`, `2 days`."""
    minutes = max(int(seconds // 60), 0)
    if minutes < 1:
        number, words = max(int(seconds), 0), Words("detik", "second")
    elif minutes < 120:
        number, words = minutes, Words("menit", "minute")
    elif minutes < 48 * 60:
        number, words = minutes // 60, Words("jam", "hour")
    else:
        number, words = minutes // 1440, Words("hari", "day")
    return many(number, words.en) if lang == "en" else f"{number} {words.id}"
