"""Logging in to the patient API: a token for an account, or for a hospital by its X-pass or its signature."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

from rsonline.service import tokens
from rsonline.service.arrival import Line
from rsonline.service.denied import Denied
from rsonline.service.gate import Gate
from rsonline.service.patient_answers import Answer
from rsonline.service.patient_wire import Served
from rsonline.store import accounts
from rsonline.store.audit import OPERATOR
from rsonline.store.change import Origin
from rsonline.store.engines import Store
from rsonline.store.hospitals import Hospital

_ZONES = {7: "GMT+0700", 8: "GMT+0800", 9: "GMT+0900"}


async def log_in(
    gate: Gate,
    store: Store,
    route: str,
    body: object,
    served: Served,
    request_id: str,
    line: Line,
    signer: Hospital | None = None,
) -> Answer:
    """Answer `/rslogin` (1.2) or `/login` (1.3); `signer` is the hospital that signed this login. Raises Denied."""
    said = body if isinstance(body, dict) else {}
    name, code, password = said.get("userName"), said.get("kode_rs"), said.get("password")
    failed = 401 if route == "/rslogin" else 403
    address = served.address or ""
    password_number: int | None = None
    # Types first: nothing is compared with what is no text (8.2).
    if not isinstance(password, str) or not password or len(password) > 128:
        password = None
    try:
        if signer is not None:
            claims = tokens.Claims(None, signer.code, signer.version)
            bearer = await gate.bearer(claims, address, request_id)
        elif password is None:
            raise Denied(failed, "no_token")
        elif isinstance(name, str) and name and len(name) <= 100:
            account = await gate.log_in(name, password, address, request_id)
            if (account.code is None) is (route == "/rslogin"):
                raise Denied(failed, "no_token")
            claims = tokens.Claims(account.name, account.code, account.token_version)
            bearer = await gate.bearer(claims, address, request_id)
        elif route == "/rslogin" and "userName" not in said and isinstance(code, str) and code:
            verified, hospital = await gate.log_in_hospital(code, password, address, request_id)
            password_number = verified.credential
            claims = tokens.Claims(None, hospital.code, hospital.version)
            bearer = await gate.bearer(claims, address, request_id)
        else:
            raise Denied(failed, "no_token")
    except Denied as denied:
        # Of a consumer's login every failure reads alike, a foreign address too.
        if denied.status == 401 or (denied.reason == "address" and route == "/login"):
            raise Denied(failed, "no_token") from None
        raise
    served.hospital = claims.code
    now = int(time.time())
    origin = bearer.origin or Origin(OPERATOR, 0, claims.user_name or "-", address=address)
    origin = origin._replace(request_id=request_id)
    if line == "clear":
        await gate.expose_login(origin, claims.user_name, password_number)
    await store.perform(lambda access: accounts.note_login(access, origin, claims.user_name or "rslogin"))
    zone = bearer.at.zone if bearer.at is not None else gate.at(None).zone
    token = {
        "access_token": tokens.issue(store.vault.token_keys, claims, now),
        "issued_at": _clock(now, zone),
        "expired_at": _clock(now + tokens.LIFETIME, zone),
        "expires_in": f"{tokens.LIFETIME // 60}m",
    }
    return Answer(201, {"status": True, "message": "access token created", "data": token})


def _clock(now: int, zone: ZoneInfo) -> str:
    """`2022-02-02 12:28:05 PM GMT+0700`, on a clock of twelve hours."""
    moment = datetime.fromtimestamp(now, zone)
    offset = moment.utcoffset()
    hours = 0 if offset is None else int(offset.total_seconds() // 3600)
    return f"{moment:%Y-%m-%d %I:%M:%S %p} {_ZONES.get(hours, 'UTC')}"
