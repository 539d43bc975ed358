"""A small certification authority for tests: root, intermediate, leaf, fresh keys each run."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from certs import p256, sm2
from certs.crl import Crl, Revocation, build_crl
from certs.x509 import Certificate
from certs.x509_build import build_certificate

START = datetime(2025, 1, 1, tzinfo=UTC)
END = datetime(2045, 1, 1, tzinfo=UTC)
AT = datetime(2025, 8, 1, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
DISTID = "1234567812345678"

Key = sm2.PrivateKey | p256.PrivateKey


def new_key(kind: str) -> Key:
    """A fresh key, ``sm2`` or ``p256``."""
    return sm2.PrivateKey.generate() if kind == "sm2" else p256.PrivateKey.generate()


@dataclass(frozen=True)
class Entity:
    """A certificate and its key."""

    certificate: Certificate
    key: Key

    def ca(self, name: str, serial: int, **changes: Any) -> Entity:
        """A CA below this one."""
        key = new_key("sm2" if isinstance(self.key, sm2.PrivateKey) else "p256")
        return make(name, key, serial, issuer=self, ca=True, key_usage=("keyCertSign", "cRLSign"), **changes)

    def leaf(self, name: str, serial: int, **changes: Any) -> Entity:
        """An end entity below this one."""
        key = new_key("sm2" if isinstance(self.key, sm2.PrivateKey) else "p256")
        return make(name, key, serial, issuer=self, **changes)

    def crl(self, revoked: dict[int, Revocation] | None = None, *, this_update: datetime = AT - DAY,
            next_update: datetime = AT + 30 * DAY, number: int = 1) -> Crl:
        """A revocation list of this CA."""
        return build_crl(issuer=self.certificate, issuer_key=self.key, this_update=this_update,
                         next_update=next_update, number=number, revoked=revoked or {})


def make(name: str, key: Key, serial: int, *, issuer: Entity | None = None, **changes: Any) -> Entity:
    """Certify a key."""
    fields: dict[str, Any] = {
        "not_before": START, "not_after": END, "key_usage": ("digitalSignature", "nonRepudiation")}
    fields.update(changes)
    certificate = build_certificate(
        subject=(("C", "CN"), ("O", name), ("CN", name)), spki=key.spki,
        issuer=issuer.certificate if issuer else None, issuer_key=issuer.key if issuer else key,
        serial=serial, **fields)
    return Entity(certificate, key)


def root(kind: str = "sm2", name: str = "试验根 CA", **changes: Any) -> Entity:
    """A self-signed CA."""
    return make(name, new_key(kind), 1, ca=True, key_usage=("keyCertSign", "cRLSign"), **changes)


def run(openssl: str, *arguments: str, data: bytes = b"", cwd: Path | None = None) -> tuple[int, str]:
    """Exit code and all output of an openssl command."""
    done = subprocess.run([openssl, *arguments], input=data, capture_output=True, cwd=cwd, check=False,
                          timeout=60)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def pem(folder: Path, name: str, certificates: Sequence[Certificate], openssl: str) -> str:
    """Write certificates as PEM by openssl and return the path."""
    path = folder / name
    text = b""
    for certificate in certificates:
        done = subprocess.run([openssl, "x509", "-inform", "DER"], input=certificate.der,
                              capture_output=True, check=True, timeout=60)
        text += done.stdout
    path.write_bytes(text)
    return str(path)
