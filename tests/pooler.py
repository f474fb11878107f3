"""A real pgbouncer before a PostgreSQL of `tests.postgres`, that speaks TLS only: each transaction gets another of its
few connections. Debian has it as `pgbouncer`; without it the test is skipped, or fails where nothing may be skipped."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.postgres import Server, free_port, place

SETTINGS = """
[databases]
* = host={server} port=5432
[pgbouncer]
pool_mode = transaction
default_pool_size = 3
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
client_tls_sslmode = require
client_tls_cert_file = {folder}/pooler.pem
client_tls_key_file = {folder}/pooler.key
"""


@dataclass(frozen=True)
class Pooler:
    port: int
    authority: Path  # the certificate by which its own can be trusted

    def url(self, database: str, **options: Any) -> str:
        """As an operator writes it."""
        said = {"pgbouncer": "true", "sslmode": "verify-full", "sslrootcert": self.authority} | options
        behind = "&".join(f"{name}={value}" for name, value in said.items())
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}?{behind}"


@contextmanager
def pooler(server: Server) -> Iterator[Pooler]:
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        reason = "pgbouncer is missing: apt install pgbouncer"
        pytest.fail(reason) if os.environ.get("KADENS_NO_SKIP") else pytest.skip(reason)
    with place() as folder:
        port = free_port()
        _certify(folder)
        (folder / "users").write_text('"postgres" ""\n')
        (folder / "settings").write_text(SETTINGS.format(server=server.folder, port=port, folder=folder))
        for each in folder.iterdir():
            each.chmod(0o644)
        with (folder / "log").open("w") as log:  # it refuses to run as root, as the server does
            process = subprocess.Popen([program, folder / "settings"], stdout=log, stderr=log, cwd="/", **server.become)
        try:
            _listens(process, folder / "log")
            yield Pooler(port, folder / "authority.pem")
        finally:
            process.kill()
            process.wait()


def _listens(process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 10
    while "process up" not in log.read_text():
        assert process.poll() is None and time.monotonic() < until, log.read_text()
        time.sleep(0.01)


def _certify(folder: Path) -> None:
    """An authority of our own, and a certificate that it gave to 127.0.0.1."""
    ours, theirs = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    authority = _certificate("Kadens tests", ours, "Kadens tests", ours).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    pooler = _certificate("pooler", theirs, "Kadens tests", ours).add_extension(here, critical=False)
    for name, made in (("authority", authority), ("pooler", pooler)):
        (folder / f"{name}.pem").write_bytes(made.sign(ours, SHA256()).public_bytes(Encoding.PEM))
    plain = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "pooler.key").write_bytes(theirs.private_bytes(*plain))


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, by: str, authority: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, by))
    made = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    return made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
