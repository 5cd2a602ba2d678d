"""Thirty texts that want to become a script, and a hospital that has them wherever a text may stand (SR-35)."""

import json
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.patients import api
from tests.samples import MESSAGES
from tests.web.site import CODE, PASSWORD, Site

RUN = "window.dibobol=1"
PAYLOADS = (
    f"<script>{RUN}</script>",
    f"</td></table><script>{RUN}</script>",
    f'"><script>{RUN}</script>',
    f"'><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f'" onmouseover="{RUN}" x="',
    f"' onfocus='{RUN}' autofocus='",
    f'" autofocus onfocus="{RUN}',
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<body onload={RUN}>",
    f'<iframe srcdoc="<script>parent.{RUN}</script>">',
    f'<iframe src="javascript:parent.{RUN}">',
    f'<a href="javascript:{RUN}">Mawar</a>',
    f"<details open ontoggle={RUN}>",
    f"<video><source onerror={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<math><mtext><script>{RUN}</script></mtext></math>",
    f"<style>@import 'javascript:{RUN}';</style>",
    f"<link rel=stylesheet href=javascript:{RUN}>",
    f'<meta http-equiv="refresh" content="0;url=javascript:{RUN}">',
    f"<base href=javascript:{RUN}//>",
    f"<object data=javascript:{RUN}>",
    f"<form action=javascript:{RUN}><button>Kirim</button></form>",
    "{{ 7*7 }}{% raw %}" + RUN,
    "${" + RUN + "}",
    f"javascript:{RUN}",
    f"--><!--<script>{RUN}//--></script>",
)


def send(site: Site, path: str, body: dict[str, Any], *, token: str | None = None) -> dict[str, Any]:
    """One message to a machine door; what it answered. Raises AssertionError for a refusal."""
    headers = {"Content-Type": "application/json"}
    if token is None:
        headers |= {"X-rs-id": CODE, "X-pass": PASSWORD, "X-Timestamp": str(int(time.time()))}
    else:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(  # noqa: S310 (our own service)
        site.base + path, json.dumps(body).encode(), headers, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            said: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{path}: {error.code} {error.read()[:500]!r}") from None
    return said


def fill(site: Site) -> None:
    """Every kind of record, with every payload in every text of it that is free."""
    guide = "/fo/index.php"
    today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Jakarta")).date().isoformat()
    send(site, f"{guide}/Logistik/oksigen", {"tanggal": today, "p_cair": "120", "k_isi_cair": "445"})
    send(site, f"{guide}/Pasien/pcr_nakes", {**MESSAGES["pcr_nakes"], "tanggal": today})
    send(site, f"{guide}/Pasien/harian_nakes_terinfeksi", {**MESSAGES["nakes_terinfeksi"], "tanggal": today})
    send(site, f"{guide}/Fasyankes/sdm", MESSAGES["sdm"])
    send(site, f"{guide}/Fasyankes/apd", MESSAGES["apd"])
    login = send(site, "/api/rslogin", {"kode_rs": CODE, "password": PASSWORD}, token="-")
    token = login["data"]["access_token"]
    for number, payload in enumerate(PAYLOADS):
        send(site, f"{guide}/Fasyankes", {**MESSAGES["tempat_tidur"], "ruang": payload})
        shk = {
            **MESSAGES["shk"],
            "nik_ibu": f"99990000001{number:05}",
            "nama_ibu": payload,
            "nama_anak": payload,
            "alamat": payload,
            "kecamatan": payload[:100],
        }
        made = send(site, f"{guide}/Pasien/shk", shk)
        number_of = next(iter(made.values()))[0].get("id_shk")
        if number_of is not None:
            send(site, f"{guide}/Pasien/hasilShk", {**MESSAGES["shk_hasil"], "id_shk": number_of})
        booking = {**MESSAGES["antrian"], "kodebooking": payload, "namapoli": payload, "norm": payload[:50]}
        send(site, f"{guide}/Antrian", {**booking, "tanggalperiksa": today})
        patient = api.report(
            nik=f"99990000002{number:05}",
            noRM=payload[:40],
            namaLengkapPasien=payload,
            namaInisialPasien=payload[:10],
        )
        send(site, "/api/laporancovid19versi3", patient, token=token)
        death = {**api.DEATH, "nik": f"99990000003{number:05}", "nama": payload, "ktp_alamat": payload}
        send(site, "/api/kematian", {**death, "domisili_alamat": payload}, token=token)
