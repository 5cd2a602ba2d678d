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
