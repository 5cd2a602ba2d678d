"""What must not change unnoticed. `python -m tests.golden --write` renews the files after a wanted change."""

import pytest

from tests.golden.texts import FOLDER, TEXTS


@pytest.mark.parametrize("name", TEXTS)
def test_it_is_still_what_it_was(name: str) -> None:
    assert TEXTS[name]() == (FOLDER / name).read_text("utf-8"), "renew with: python -m tests.golden --write"
