"""The new keys of a seal that is being renewed, the requests for their certificates, and the certificates.

Until the renewal has a case of its own, keys and requests lie in ``authorities/<USCC>/.renewal-<old case>/``; then the
keys go to where activation looks for them (:func:`registry.projection.stage_keys`). They are nowhere else, so they
are kept until they lie there. A key follows one of its role: where that one lives on a token, so does the new one, and
its reference is what lies in the folders.
"""

from __future__ import annotations

import base64
import binascii
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from certs.config import Password
from certs.csr import PROFILES, CertificateRequest, keep_request
from certs.demo_pki import KeyPair, certify_request
from certs.files import make_folder, read_file, reported, write_atomic
from certs.key_reference import key_path, read_key_file, read_reference
from certs.keystore import ScryptCost, load_key
from certs.seal_folder import ROLES
from certs.x509 import MAX_BYTES as MAX_CERTIFICATE
from certs.x509 import Certificate
from codes.errors import EngineError
from registry.projection import stage_keys, staged_keys

__all__ = ["CertificateFolder", "Certifier", "DemoCertifier", "RenewalKeys", "renewal_folder"]

_MAX_KEY: Final = 64 * 1024
_ENDINGS: Final = frozenset({".cer", ".crt", ".der", ".pem"})
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


def renewal_folder(home: Path, code: str, case: str) -> Path:
    """Return where the keys that will follow those of a case lie until the renewal has a case of its own."""
    return home / "authorities" / code / f".renewal-{case}"


class RenewalKeys:
    """The keys of the seal that will follow the one of a case."""

    def __init__(self, home: Path, *, code: str, name: str, case: str, seal_id: str,
                 password: Callable[[], Password], cost: ScryptCost | None = None) -> None:
        """Name the keys; nothing is made yet.

        Args:
            code, name: USCC of the organisation and the name on the seal; both stand in the requests.
            case, seal_id: of the seal that is renewed.
            password: encrypts keys in files; cost: of that encryption.
        """
        self._home, self._code, self._name, self._case = home, code, name, case
        self._old = home / "authorities" / code / seal_id
        self._password, self._cost = password, cost
        self.folder = renewal_folder(home, code, case)
        self._requests: Mapping[str, CertificateRequest] = {}

    def requests(self) -> Mapping[str, CertificateRequest]:
        """Make what is not there, and return role → request; each was compared with its key.

        Raises:
            RequestError, KeyStoreError, KeyReferenceError, FileError: see :func:`certs.csr.keep_request`.
        """
        if not self._requests:
            make_folder(self.folder)
            self._requests = {role: self._request(role) for role in ROLES}
        return self._requests

    def _request(self, role: str) -> CertificateRequest:
        old = key_path(self._old, role)
        return keep_request(
            self.folder, role, name=self._name, code=self._code, password=self._password, cost=self._cost,
            elsewhere=None if old is None or old.suffix == ".key" else read_reference(old),
            label=f"{self._code} {self._case} {role}")

    def hand_over(self, case: str, certificates: Mapping[str, Certificate | None]) -> bool:
        """Lay the keys down for the case of the renewal; say whether they lie there now.

        They do not when the certificates that were applied for are of other keys: those are elsewhere.

        Args:
            case: of the renewal; certificates: role → what was applied for.

        Raises:
            KeyStoreError, KeyReferenceError, FileError: a key cannot be read or written.
        """
        if staged_keys(self._home, self._code, case) is None:
            if key_path(self.folder, ROLES[0]) is None:
                return False
            keys = {}
            for role, request in self.requests().items():
                certificate = certificates[role]
                if certificate is None or certificate.public_key.spki != request.public_key.spki:
                    return False
                keys[role] = certificate, read_key_file(self.folder, role)
            stage_keys(self._home, self._code, case, keys)
        self.forget()
        return True

    def forget(self) -> None:
        """Take away what was left here; call it once the keys lie elsewhere."""
        with reported(self.folder):
            if self.folder.is_dir():
                shutil.rmtree(self.folder)

    def copy_requests(self, out: Path) -> None:
        """Copy the requests to ``out``, named by organisation, case and role, for the certification authority.

        Raises:
            FileError: one cannot be read or written.
        """
        make_folder(out, mode=0o755)
        for role in ROLES:
            name = f"{self._code}{self.folder.name.removeprefix('.renewal')}-{role}.csr"
            write_atomic(out / name, read_file(self.folder / f"{role}.csr", max_bytes=_MAX_KEY), mode=0o644)


class Certifier(Protocol):
    """Where certificates come from."""

    def certificate_for(self, role: str, request: CertificateRequest) -> Certificate | None:
        """Return the certificate that a request led to; None while there is none."""


class CertificateFolder:
    """Certificates that came from a certification authority, found by their public key.

    ``unreadable`` names the files that are none.
    """

    def __init__(self, folder: Path) -> None:
        """Read every certificate (DER or PEM; ``.cer``, ``.crt``, ``.der``, ``.pem``) in ``folder``.

        Raises:
            FileError: the folder cannot be read.
        """
        found: dict[bytes, Certificate] = {}
        unreadable = []
        with reported(folder):
            paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS and path.is_file())
        for path in paths:
            try:
                certificate = _load(read_file(path, max_bytes=2 * MAX_CERTIFICATE))
            except (EngineError, binascii.Error):
                unreadable.append(path.name)
                continue
            before = found.get(certificate.public_key.spki)
            if before is None or before.not_after < certificate.not_after:
                found[certificate.public_key.spki] = certificate
        self._found, self.unreadable = found, tuple(unreadable)

    def certificate_for(self, role: str, request: CertificateRequest) -> Certificate | None:
        """Return the certificate of the request's key that lasts longest."""
        del role
        return self._found.get(request.public_key.spki)


def _load(data: bytes) -> Certificate:
    text = data.strip()
    if text.startswith(_BEGIN) and text.endswith(_END):
        data = base64.b64decode(b"".join(text.split(b"\n")[1:-1]).replace(b"\r", b""), validate=True)
    return Certificate.load(data)


class DemoCertifier:
    """The CAs of a demonstration home, which certify whatever they are asked to."""

    def __init__(self, home: Path, password: Password, *, now: datetime) -> None:
        """Use the CAs in ``ca/`` of ``home``; certificates begin on the day of ``now`` (aware)."""
        self._folder, self._password, self._now = home / "ca", password, now
        self._issuers: dict[str, KeyPair] = {}

    def certificate_for(self, role: str, request: CertificateRequest) -> Certificate:
        """Certify the request.

        Raises:
            KeyStoreError, FileError: the CA's key cannot be had.
        """
        kind = PROFILES[role].kind
        if kind not in self._issuers:
            path = self._folder / f"{kind}-issuing.cer"
            self._issuers[kind] = KeyPair(
                key=load_key(path.with_suffix(".key"), self._password),
                certificate=Certificate.load(read_file(path, max_bytes=MAX_CERTIFICATE)))
        return certify_request(request, issuer=self._issuers[kind], now=self._now)
