"""The key of the person who acts (``--as FOLDER``): ``actor.cer``, with ``actor.key`` or a reference to the key."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from certs.config import PASSWORD_FILE_VARIABLE, PASSWORD_VARIABLE, Password, read_password
from certs.csr import PERSON
from certs.files import read_file
from certs.key_reference import open_key
from certs.signer import LocalSigner, Signer
from certs.x509 import Certificate

__all__ = [
    "ACTOR_PASSWORD_FILE_VARIABLE", "ACTOR_PASSWORD_VARIABLE", "actor_password", "actor_signer", "load_certificate",
]

ACTOR_PASSWORD_FILE_VARIABLE: Final = "ZHENGYIN_ACTOR_PASSWORD_FILE"  # noqa: S105 (the name of a variable)
ACTOR_PASSWORD_VARIABLE: Final = "ZHENGYIN_ACTOR_PASSWORD"  # noqa: S105 (the name of a variable)
_MAX_CERTIFICATE: Final = 64 * 1024


def load_certificate(path: Path) -> Certificate:
    """Read a certificate (DER).

    Raises:
        FileError, DerError, CertificateError: it cannot be read.
    """
    return Certificate.load(read_file(path, max_bytes=_MAX_CERTIFICATE))


def actor_signer(folder: Path, *, home: Path, environ: Mapping[str, str] = os.environ) -> Signer:
    """Return the signer of the person whose certificate and key lie in ``folder``.

    The password is in the file that ``ZHENGYIN_ACTOR_PASSWORD_FILE`` names or in ``ZHENGYIN_ACTOR_PASSWORD``; without
    either it is the home's, as in a demonstration.

    Raises:
        FileError, HomeError, KeyStoreError, KeyReferenceError, SignerError: the key or its password cannot be had, or
            the two files do not belong together.
    """
    key = open_key(folder, PERSON, lambda: actor_password(home, environ))
    return LocalSigner(load_certificate(folder / "actor.cer"), key)


def actor_password(home: Path, environ: Mapping[str, str] = os.environ) -> Password:
    """Return the password of a person's key, as :func:`actor_signer` looks for it.

    Raises:
        HomeError, FileError: there is none, or it cannot be read.
    """
    own = {
        PASSWORD_FILE_VARIABLE: environ.get(ACTOR_PASSWORD_FILE_VARIABLE),
        PASSWORD_VARIABLE: environ.get(ACTOR_PASSWORD_VARIABLE),
    }
    given = {name: value for name, value in own.items() if value}
    return read_password(home, given or environ)
