"""Other keys for the authority of a demo home: certified by its CA and put in place of those that it came with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from certs import rsa
from certs.crl import build_crl
from certs.csr import CertificateRequest, authority_request
from certs.demo_pki import KeyPair, certify_request
from certs.home import Home
from certs.key_reference import key_file_name, reference_bytes
from certs.keystore import PrivateKey, seal_key
from certs.signer import SigningKey
from certs.x509 import Certificate
from certs.x509_build import build_certificate
from registry.demo import certify
from tests.support.demo_home import CHEAP, CITY, seal_folder


def certificate_for(home: Home, role: str, key: SigningKey, now: datetime | None = None) -> Certificate:
    """Have the demo CA certify a key of the city's authority."""
    code, name = CITY
    request = authority_request(role, key, name=name, code=code)
    return certify(home.path, request, now=now or datetime.now(UTC), environ={})


def rsa_authority(home: Home) -> Callable[[CertificateRequest], Certificate]:
    """Have the home and its verifiers know a CA that is RSA up to its root, and return how it certifies."""
    now, keys = datetime.now(UTC), [rsa.PrivateKey.generate(2048) for _ in range(2)]
    made: list[Certificate] = []
    for level, (key, name) in enumerate(zip(keys, ("测试根（RSA）", "测试签发（RSA）"), strict=True)):
        made.append(build_certificate(
            subject=(("C", "CN"), ("CN", name)), spki=key.spki, issuer=made[0] if level else None,
            issuer_key=keys[0], serial=level + 1, not_before=now - timedelta(1), not_after=now + timedelta(3650),
            key_usage=("keyCertSign", "cRLSign"), ca=True, path_len=1 - level))
        crl = build_crl(issuer=made[level], issuer_key=key, this_update=now - timedelta(hours=1),
                        next_update=now + timedelta(30), number=1, revoked={})
        trusted = ("roots", "intermediates")[level]
        for folder, ending, data in (("chain", "cer", made[level].der), (f"trust/{trusted}", "cer", made[level].der),
                                     ("crls", "crl", crl.der), ("trust/crls", "crl", crl.der)):
            (home.path / folder / f"rsa-{level}.{ending}").write_bytes(data)

    def certify(request: CertificateRequest) -> Certificate:
        return certify_request(request, issuer=KeyPair(key=keys[1], certificate=made[1]), now=now)

    return certify


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
