"""Seals that were made elsewhere (``.esl``): reading any of the versions 1, 4 and 5, and what can be said of one.

Their bytes are kept as they came. Versions 4 and 5 are read as strictly as our own, because documents are sealed with
them; a seal of version 1 may be held and shown, and is refused for sealing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs.public_key import verify_cached
from certs.seal import SealFile
from certs.ses import Picture, SesSeal
from certs.ses_info import VERSIONS, is_v1, require_seal_data
from certs.ses_v1 import read_v1_seal
from certs.timestamp_token import is_token_of
from certs.x509 import Certificate

__all__ = ["STANDARDS", "ImportedSeal", "read_seal"]

STANDARDS: Final = {1: "GM/T 0031-2014", 4: "GB/T 38540-2020", 5: "GM/T 0031-2025"}
"""Version → the standard whose structure it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedSeal:
    """A seal as it came.

    Attributes:
        version: 1, 4 or 5, by its structure (seals of version 1 name other numbers too).
        maker: the seal maker's certificate in it; whether it is trusted is another question.
        maker_signed: whether the maker's signature holds.
        timestamp_fits: whether its timestamp is one of the signature value; None without a timestamp. Who made the
            timestamp is not judged, and nothing here relies on it.
    """

    seal: SesSeal
    version: int
    maker: Certificate
    maker_signed: bool
    timestamp_fits: bool | None

    @property
    def es_id(self) -> str:
        """Its identifier (esID)."""
        return self.seal.info.es_id

    @property
    def name(self) -> str:
        """The name on it."""
        return self.seal.info.name

    @property
    def picture(self) -> Picture:
        """The imprint."""
        return self.seal.info.picture

    @property
    def valid_start(self) -> datetime:
        """First moment of its validity, aware."""
        return self.seal.info.valid_start

    @property
    def valid_end(self) -> datetime:
        """Last moment of its validity, aware."""
        return self.seal.info.valid_end

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The certificates (DER) that may use it, where it lists them whole."""
        return self.seal.info.certificates

    @property
    def certificate_digests(self) -> tuple[bytes, ...]:
        """SM3 of the certificates that may use it, where it lists digests."""
        return self.seal.info.certificate_digests

    @property
    def seals(self) -> bool:
        """Whether documents can be sealed with it here."""
        return self.version in VERSIONS

    def file(self) -> SealFile:
        """Return it as the checks of :mod:`certs.seal` take a seal.

        Raises:
            SealError: ``seal.not-png``.
        """
        return SealFile.of(self.seal)


def read_seal(data: bytes) -> ImportedSeal:
    """Read a seal of version 1, 4 or 5 (DER).

    Raises:
        DerError, SesError: not such a seal.
        CertificateError, PublicKeyError: the maker's certificate cannot be read.
    """
    require_seal_data(data)
    first = is_v1(data)
    seal = read_v1_seal(data) if first else SesSeal.parse(data)
    maker = Certificate.load(seal.certificate)
    return ImportedSeal(
        seal=seal, version=1 if first else seal.info.version, maker=maker,
        maker_signed=verify_cached(maker.public_key, seal.signed, seal.signature, "sm2-sm3"),
        timestamp_fits=None if seal.timestamp is None else is_token_of(seal.timestamp, seal.signature))
