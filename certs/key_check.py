"""Whether every key of a home can be had, belongs to its certificate, and signs."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from certs.config import read_password
from certs.csr import SERVICES
from certs.files import read_file, reported
from certs.key_reference import key_path, open_key, read_reference
from certs.seal_folder import ROLES, seal_folders
from certs.signer import LocalSigner, SignerCode, SignerError
from certs.x509 import MAX_BYTES, Certificate
from codes.errors import EngineError

__all__ = ["KeyState", "check_keys", "prove"]

_CHALLENGE: Final = b"zhengyin key check\n"
"""What a key signs to show itself begins so: like no seal, no attributes of a PDF, no QR data and no statement."""
_SIGNS_NO_CHALLENGE: Final = frozenset({"signer"})
"""Stores that sign nothing but what a key is for; that they have the key must do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyState:
    """How it stands with one key.

    Attributes:
        place: of the key, from the home's folder; role: of the key there.
        store: ``file``, or the store that the reference names; "" where that cannot be read.
        certificate: beside the key; None where it cannot be read.
        error: why the key cannot be used; None when it can.
    """

    place: str
    role: str
    store: str
    certificate: Certificate | None = None
    error: EngineError | None = None


def check_keys(home: Path, environ: Mapping[str, str]) -> Iterator[KeyState]:
    """Check the keys of every seal and service whose certificate is in a home, one after the other.

    Each signs a challenge that is nothing else, and the signature is verified by its certificate.

    Raises:
        FileError: the home cannot be read.
    """
    for folder, role in _keys(home):
        yield _check(home, folder, role, environ)


def prove(signer: LocalSigner) -> None:
    """Have a key sign a challenge that is nothing else, and verify the signature by its certificate.

    Raises:
        SignerError: ``signer.key-mismatch``; EngineError: what the key's store refuses.
    """
    challenge = _CHALLENGE + secrets.token_bytes(32)
    if not signer.certificate.verify(challenge, signer.sign(challenge), signer.algorithm):
        name = signer.certificate.subject_cn
        raise SignerError(
            SignerCode.KEY_MISMATCH, f"密钥的签名不能用证书“{name}”验证，请检查密钥文件",
            f"what the key signs does not hold by certificate {name}; check the key file")


def _keys(home: Path) -> Iterator[tuple[Path, str]]:
    authorities = home / "authorities"
    with reported(home):
        places = sorted(authorities.iterdir()) if authorities.is_dir() else []
        seals = [folder for authority in places for folder in seal_folders(authority)]
    yield from ((folder, role) for folder in seals for role in ROLES)
    yield from ((home / role, role) for role in SERVICES if (home / role / f"{role}.cer").is_file())


def _check(home: Path, folder: Path, role: str, environ: Mapping[str, str]) -> KeyState:
    place, store, certificate = str(folder.relative_to(home)), "", None
    try:
        path = key_path(folder, role)
        store = "file" if path is None or path.suffix == ".key" else str(read_reference(path)["store"])
        certificate = Certificate.load(read_file(folder / f"{role}.cer", max_bytes=MAX_BYTES))
        signer = LocalSigner(certificate, open_key(folder, role, lambda: read_password(home, environ)))
        if store not in _SIGNS_NO_CHALLENGE:
            prove(signer)
    except EngineError as error:
        return KeyState(place=place, role=role, store=store, certificate=certificate, error=error)
    return KeyState(place=place, role=role, store=store, certificate=certificate)
