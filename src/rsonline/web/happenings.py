"""What happened to a hospital's passwords, accounts and switches, in words: from the journal (SR-47)."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from rsonline.reports.verdict import Words

WHAT: Mapping[tuple[str, str], Words] = {
    ("credential", "login"): Words("masuk dengan X-pass {key}", "login with X-pass {key}"),
    ("credential", "login_failed"): Words("X-pass salah", "wrong X-pass"),
    ("credential", "add"): Words("X-pass {key} dibuat", "X-pass {key} made"),
    ("credential", "revoke"): Words("X-pass {key} diakhiri", "X-pass {key} ended"),
    ("credential", "exposed"): Words("X-pass {key} terlihat tanpa enkripsi", "X-pass {key} seen without encryption"),
    ("signing_key", "login"): Words("masuk dengan tanda tangan {key}", "login with signature {key}"),
    ("signing_key", "login_failed"): Words("tanda tangan salah", "wrong signature"),
    ("signing_key", "add"): Words("kunci tanda tangan {key} dibuat", "signing key {key} made"),
    ("signing_key", "revoke"): Words("kunci tanda tangan {key} diakhiri", "signing key {key} ended"),
    ("account", "login"): Words("masuk dengan akun {key}", "login with account {key}"),
    ("account", "login_failed"): Words("kata sandi akun {key} salah", "wrong password of account {key}"),
    ("account", "add"): Words("akun {key} dibuat", "account {key} made"),
    ("account", "change"): Words("akun {key} diubah", "account {key} changed"),
    ("account", "exposed"): Words("akun {key} terlihat tanpa enkripsi", "account {key} seen without encryption"),
    ("hospital", "add"): Words("rumah sakit didaftarkan", "hospital registered"),
    ("hospital", "change"): Words("setelan rumah sakit diubah", "switches of the hospital changed"),
}
"""Object and verb of a line, in words; `{key}` is the number or name."""


class Happening(NamedTuple):
    """One line in words. `times` is how often, where several are told together."""

    at: datetime
    what: Words
    bad: bool
    times: int
    account: str
    address: str | None


def told(line: Mapping[str, Any]) -> Happening:
    """A line of the journal, opened."""
    object_, verb = line["object"], line["verb"]
    key = " ".join(str(part) for part in json.loads(line["key"]))
    words = WHAT.get((object_, verb), Words(f"{object_} {verb}", f"{object_} {verb}"))
    said = json.loads(line["new"]) if str(line["new"]).startswith("{") else {}
    return Happening(
        line["at"],
        Words(words.id.replace("{key}", key), words.en.replace("{key}", key)),
        verb in ("login_failed", "exposed"),
        int(said.get("attempts", 1)),
        # Who of the operator's people it was is the operator's own business.
        line["account"].partition("/")[0] if line["source"] == "cli" else line["account"],
        # Of several together: where most came from.
        line["address"] or next(iter(said.get("sources", {})), None),
    )
