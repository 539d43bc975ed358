"""Other keys for the authority of a demo home: certified by its CA and put in place of those that it came with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from certs.csr import authority_request
from certs.home import Home
from certs.key_reference import key_file_name, reference_bytes
from certs.keystore import PrivateKey, seal_key
from certs.signer import SigningKey
from certs.x509 import Certificate
from registry.demo import certify
from tests.support.demo_home import CHEAP, CITY, seal_folder


def certificate_for(home: Home, role: str, key: SigningKey, now: datetime | None = None) -> Certificate:
    """Have the demo CA certify a key of the city's authority."""
    code, name = CITY
    request = authority_request(role, key, name=name, code=code)
    return certify(home.path, request, now=now or datetime.now(UTC), environ={})


def put_key(folder: Path, role: str, certificate: Certificate, file: bytes) -> None:
    """Put key file and certificate of a role in place of those in a folder."""
    for name in (f"{role}.key", f"{role}.key.json"):
        (folder / name).unlink(missing_ok=True)
    path = folder / key_file_name(role, file)
    path.write_bytes(file)
    path.chmod(0o600)
    (folder / f"{role}.cer").write_bytes(certificate.der)


def use_key(home: Home, role: str, key: PrivateKey) -> Certificate:
    """Let the city's authority have ``key`` for a role, in an encrypted file."""
    certificate = certificate_for(home, role, key)
    put_key(seal_folder(home.path), role, certificate, seal_key(key, home.password(), cost=CHEAP))
    return certificate


def use_reference(
    home: Home, role: str, key: SigningKey, reference: Mapping[str, Any], now: datetime | None = None,
) -> Certificate:
    """Let the city's authority have the key that a reference names for a role."""
    certificate = certificate_for(home, role, key, now)
    put_key(seal_folder(home.path), role, certificate, reference_bytes(reference))
    return certificate
