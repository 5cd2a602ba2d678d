"""Receipts: the signed word of the service that a change is durable (wire 1.2)."""

from datetime import datetime

from rsonline.reports.receipt import Receipt, digest_of, key_id, signed, unsigned
from rsonline.store.change import Outcome
from rsonline.store.seal import Vault

WRITTEN = ("saved", "updated", "removed")
"""The outcomes that wrote something."""


class Receipts:
    """Signs receipts. One for the process."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._key = key_id(vault.public_key)

    def of(self, outcome: Outcome, request_id: str, hospital: str, body: bytes) -> str | None:
        """The receipt of what an outcome has written; None where it wrote nothing."""
        if outcome.kind not in WRITTEN or outcome.at is None:
            return None
        return self.sign(request_id, outcome.at, hospital, body)

    def sign(self, request_id: str, at: datetime, hospital: str, body: bytes) -> str:
        """A receipt; the same for the same request, however often it is made."""
        said = unsigned(Receipt(request_id, hospital, digest_of(body), at), self._key)
        return signed(said, self._vault.sign(said.encode()))
