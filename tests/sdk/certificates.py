"""Certificates, good and bad, and a server that shows one and counts what it is told."""

import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
SAVED = b'{"Oksigenasi":[{"status":"200","message":"Data oksigenasi telah disimpan"}]}'


class Authority(NamedTuple):
    """Who signs."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def write(self, path: Path) -> Path:
        """Its certificate as a file."""
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def authority() -> Authority:
    """An authority of a hospital's own."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(_named("CA RS Contoh"))
        .issuer_name(_named("CA RS Contoh"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Authority(key, made.sign(key, hashes.SHA256()))


def certificate(
    folder: Path, by: Authority | None, *, name: str = "127.0.0.1", days: tuple[int, int] = (-1, 30)
) -> Path:
    """A server's key and certificate in one file; without an authority it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    other = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    issuer = by.certificate.subject if by is not None else _named(name)
    made = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([other]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    signed = made.sign(by.key if by is not None else key, hashes.SHA256())
    path = folder / f"{x509.random_serial_number()}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


class Told:
    """What a server was told, in the clear."""

    def __init__(self, port: int) -> None:
        self.port, self.heard, self.handshakes = port, b"", 0

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.port}/fo/index.php"


@contextmanager
def serving(pem: Path, *, old: bool = False) -> Iterator[Told]:
    """A server that shows a certificate, answers that all is stored, and remembers every byte."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    if old:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
            context.set_ciphers("ALL:@SECLEVEL=0")
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.1)
    told = Told(listening.getsockname()[1])
    end = threading.Event()

    def serve() -> None:
        while not end.is_set():
            try:
                raw, _ = listening.accept()
            except OSError:
                continue
            with suppress(OSError), raw:
                raw.settimeout(2)
                with context.wrap_socket(raw, server_side=True) as secure:
                    told.handshakes += 1
                    while part := secure.recv(65536):
                        told.heard += part
                        head, _, body = told.heard.partition(b"\r\n\r\n")
                        length = next(
                            (
                                int(h.split(b":")[1])
                                for h in head.split(b"\r\n")
                                if h.lower().startswith(b"content-length")
                            ),
                            0,
                        )
                        if len(body) >= length:
                            secure.sendall(ANSWER % (len(SAVED), SAVED))
                            break

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield told
    finally:
        end.set()
        thread.join(10)
        listening.close()
