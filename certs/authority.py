"""An issuing authority that seals: its seal in use, its signers, and what their certificates are judged by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from certs.crl import Crl
from certs.known import naming_damaged
from certs.moments import CLOCKS_DIFFER
from certs.ocsp import OcspResponse
from certs.seal import SealFile, check_chain, check_names, check_usable
from certs.signer import Signer
from certs.x509 import Certificate

__all__ = ["Authority"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """An issuing authority (发证机关) with its seal and signers.

    Attributes:
        code: 统一社会信用代码; name: its full name, as in the seal and the certificates.
        chain: certificates above the sealing and data certificates, issuing CA first, root last.
        pdf_chain: certificates above the PDF certificate, in the same order.
        crls: the lists of every CA in both chains; ocsp: the answers that the home has.
        known: every certificate of ``chain/``; damaged: the revocation lists that cannot be read.
    """

    code: str
    name: str
    seal: SealFile
    sealing_signer: Signer
    data_signer: Signer
    pdf_signer: Signer
    chain: tuple[Certificate, ...]
    pdf_chain: tuple[Certificate, ...]
    crls: tuple[Crl, ...]
    ocsp: tuple[OcspResponse, ...]
    known: tuple[Certificate, ...]
    damaged: tuple[str, ...] = ()

    def check_usable(self, *, at: datetime, clock_now: datetime | None = None) -> None:
        """Refuse to seal when the seal or one of the three certificates cannot be used at ``at`` (aware).

        A revocation list published up to five minutes after ``at`` counts, because clocks differ; with
        ``clock_now``, one published until then.

        Raises:
            SealError: see :func:`certs.seal.check_usable`, :func:`certs.seal.check_names` (each certificate is this
                authority's) and :func:`certs.seal.check_chain`.
        """
        clock_now = clock_now or at + CLOCKS_DIFFER
        anchors = [certificate for certificate in self.known if certificate.is_self_issued]
        with naming_damaged(self.damaged):
            check_usable(
                self.seal, certificate=self.sealing_signer.certificate, intermediates=self.known, anchors=anchors,
                crls=self.crls, ocsp=self.ocsp, at=at, clock_now=clock_now)
            check_names(self.name, self.code, self.sealing_signer.certificate)
            for signer in (self.data_signer, self.pdf_signer):
                check_names(self.name, self.code, signer.certificate)
                check_chain(signer.certificate, intermediates=self.known, anchors=anchors, crls=self.crls,
                            ocsp=self.ocsp, at=at, clock_now=clock_now)
