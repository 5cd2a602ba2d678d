"""How passwords of hospitals are made, stored and compared."""

import re
import string

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from hypothesis import given
from hypothesis import strategies as st

from rsonline.login import passwords


def test_a_hash_is_argon2id_with_the_parameters_inside() -> None:
    text = passwords.hash_password("made-up")
    found = re.fullmatch(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$([^$]+)\$([^$]+)", text)
    assert found is not None
    salt, digest = found.groups()
    # 16 and 32 bytes in base64 without padding.
    assert (len(salt), len(digest)) == (22, 43)
    assert "made-up" not in text
    assert text != passwords.hash_password("made-up")


def test_only_the_same_password_matches() -> None:
    text = passwords.hash_password("made-up")
    assert passwords.matches(text, "made-up")
    for other in ("made-up ", "Made-up", "", "made-uq", "m"):
        assert not passwords.matches(text, other)


@pytest.mark.parametrize("text", ["", "plain text", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=19456,t=2"])
def test_a_stored_text_that_is_no_hash_is_an_error_and_not_a_wrong_password(text: str) -> None:
    with pytest.raises((InvalidHashError, VerificationError)) as raised:
        passwords.matches(text, "made-up")
    assert not isinstance(raised.value, VerifyMismatchError)


def test_weaker_parameters_ask_for_a_new_hash() -> None:
    weak = PasswordHasher(memory_cost=8_192, time_cost=1, parallelism=1).hash("made-up")
    assert passwords.matches(weak, "made-up")
    assert passwords.needs_rehash(weak)
    assert not passwords.needs_rehash(passwords.hash_password("made-up"))


def test_a_generated_password_is_long_enough_and_easy_to_carry() -> None:
    made = {passwords.generate() for _ in range(2_000)}
    assert len(made) == 2_000
    letters = set(string.ascii_letters + string.digits)
    assert all(set(password) <= letters for password in made)
    # 22 characters of 62 would already be 130 bits; every character is in use, so all 62 are drawn from.
    assert min(map(len, made)) >= 22
    assert {character for password in made for character in password} == letters


def test_the_dummy_is_one_real_hash_that_nothing_found_so_far_opens() -> None:
    assert passwords.dummy() == passwords.dummy()
    assert not passwords.needs_rehash(passwords.dummy())
    assert not passwords.matches(passwords.dummy(), "")
    assert not passwords.matches(passwords.dummy(), "dummy")


class Counting:
    """A hash that is the password itself, and counts."""

    def __init__(self) -> None:
        self.compared: list[str] = []

    def hash_password(self, text: str) -> str:
        return f"new:{text}"

    def matches(self, hash: str, text: str) -> bool:
        self.compared.append(hash)
        return hash.partition(":")[2] == text

    def needs_rehash(self, hash: str) -> bool:
        return hash.startswith("old:")

    def dummy(self) -> str:
        return "dummy"


@given(st.lists(st.sampled_from(["new:a", "new:b", "old:c"]), unique=True), st.integers(0, 6))
def test_a_wrong_password_costs_the_same_however_many_there_are(hashes: list[str], more: int) -> None:
    work = len(hashes) + more
    hasher = Counting()
    assert passwords.find(hashes, "wrong", work, hasher) is None
    assert hasher.compared == [*hashes, *["dummy"] * more]


def test_a_right_password_is_found_in_its_place_and_made_stronger_where_weak() -> None:
    hashes = ["new:a", "old:b"]
    assert passwords.find(hashes, "a", 2, Counting()) == passwords.Match(0, None)
    assert passwords.find(hashes, "b", 2, Counting()) == passwords.Match(1, "new:b")


def test_the_module_itself_does_real_work_for_nobody() -> None:
    assert passwords.find([], "made-up", 2, passwords) is None
    hashes = [passwords.hash_password("another"), passwords.hash_password("made-up")]
    assert passwords.find(hashes, "made-up", 2, passwords) == passwords.Match(1, None)


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_keyed_hashes_differ_wherever_the_parts_differ(one: list[str], other: list[str]) -> None:
    key = b"k" * 32
    assert (passwords.digest(key, *one) == passwords.digest(key, *other)) == (one == other)
    assert passwords.digest(key, *one) != passwords.digest(b"j" * 32, *one)
