"""What a function of the store works on: a connection inside a transaction, and the vault."""

from typing import NamedTuple

import sqlalchemy as sa

from rsonline.store.seal import Vault


class Access(NamedTuple):
    """An open transaction on either engine, and what opens the sealed values that it reads."""

    connection: sa.Connection
    vault: Vault
