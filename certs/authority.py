"""An issuing authority that seals: its seal in use, its signers, and what their certificates are judged by."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs.chain import paths_of
from certs.crl import Crl
from certs.known import naming_damaged
from certs.moments import CLOCKS_DIFFER
from certs.ocsp import OcspResponse
from certs.revocation import said_of
from certs.seal import SealFile, check_chain, check_names, check_usable
from certs.signer import Signer
from certs.x509 import Certificate

__all__ = ["Authority"]

_LARGE_LIST: Final = 64 * 1024


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

    @property
    def anchors(self) -> tuple[Certificate, ...]:
        """The trusted certificates among those that are known."""
        return tuple(certificate for certificate in self.known if certificate.is_self_issued)

    def proof_of_validity(self, at: datetime) -> tuple[tuple[Crl, ...], tuple[OcspResponse, ...]]:
        """Return what says at ``at`` (aware) that the certificates of all chains are good, the seal maker's included.

        For each certificate that is its newest revocation list or, where there is none or only a large one, an answer.
        """
        leaves = (self.sealing_signer.certificate, self.data_signer.certificate, self.pdf_signer.certificate,
                  Certificate.load(self.seal.seal.certificate))
        crls: dict[bytes, Crl] = {}
        ocsp: dict[bytes, OcspResponse] = {}
        for leaf in leaves:
            for certificate, ca in itertools.pairwise(next(paths_of(leaf, self.known, self.anchors), ())):
                told = sorted((said for said in said_of(
                    certificate, ca, crls=self.crls, ocsp=self.ocsp, at=at, latest=at, helpers=self.known)
                    if said.in_force), key=lambda said: said.this_update, reverse=True)
                lists = [said.source for said in told if isinstance(said.source, Crl)]
                answers = [said.source for said in told if isinstance(said.source, OcspResponse)]
                if answers and (not lists or len(lists[0].der) > _LARGE_LIST):
                    ocsp.setdefault(answers[0].der, answers[0])
                elif lists:
                    crls.setdefault(lists[0].der, lists[0])
        return tuple(crls.values()), tuple(ocsp.values())

    def check_usable(self, *, at: datetime, clock_now: datetime | None = None) -> None:
        """Refuse to seal when the seal or one of the three certificates cannot be used at ``at`` (aware).

        A revocation list published up to five minutes after ``at`` counts, because clocks differ; with
        ``clock_now``, one published until then.

        Raises:
            SealError: see :func:`certs.seal.check_usable`, :func:`certs.seal.check_names` (each certificate is this
                authority's) and :func:`certs.seal.check_chain`.
        """
        clock_now = clock_now or at + CLOCKS_DIFFER
        anchors = self.anchors
        with naming_damaged(self.damaged):
            check_usable(
                self.seal, certificate=self.sealing_signer.certificate, intermediates=self.known, anchors=anchors,
                crls=self.crls, ocsp=self.ocsp, at=at, clock_now=clock_now)
            check_names(self.name, self.code, self.sealing_signer.certificate)
            for signer in (self.data_signer, self.pdf_signer):
                check_names(self.name, self.code, signer.certificate)
                check_chain(signer.certificate, intermediates=self.known, anchors=anchors, crls=self.crls,
                            ocsp=self.ocsp, at=at, clock_now=clock_now)
