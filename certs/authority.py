"""An issuing authority that seals: its seal in use, its signers, and what their certificates are judged by.

:func:`check_key` judges a key for whoever signs with it: an authority with its own, and a signer that holds it for one.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs.chain import paths_of
from certs.crl import Crl
from certs.known import Known, naming_damaged
from certs.moments import CLOCKS_DIFFER
from certs.ocsp import OcspResponse
from certs.revocation import said_of
from certs.seal import SealFile, check_chain, check_names, check_usable
from certs.signer import Signer
from certs.x509 import Certificate

__all__ = ["Authority", "check_key"]

_LARGE_LIST: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """An issuing authority (发证机关) with its seal and signers.

    Attributes:
        code: 统一社会信用代码; name: its full name, as in the seal and the certificates.
        chain: certificates above the sealing and data certificates, issuing CA first, root last.
        pdf_chain: certificates above the PDF certificate, in the same order.
        known: by what the certificates are judged: all that the home knows.
    """

    code: str
    name: str
    seal: SealFile
    sealing_signer: Signer
    data_signer: Signer
    pdf_signer: Signer
    chain: tuple[Certificate, ...]
    pdf_chain: tuple[Certificate, ...]
    known: Known

    def proof_of_validity(self, at: datetime) -> tuple[tuple[Crl, ...], tuple[OcspResponse, ...]]:
        """Return what says at ``at`` (aware) that the certificates of all chains are good, the seal maker's included.

        For each certificate that is its newest revocation list or, where there is none or only a large one, an answer.
        """
        leaves = (self.sealing_signer.certificate, self.data_signer.certificate, self.pdf_signer.certificate,
                  Certificate.load(self.seal.seal.certificate))
        known = self.known
        crls: dict[bytes, Crl] = {}
        ocsp: dict[bytes, OcspResponse] = {}
        for leaf in leaves:
            for certificate, ca in itertools.pairwise(next(paths_of(leaf, known.certificates, known.anchors), ())):
                told = sorted((said for said in said_of(
                    certificate, ca, crls=known.crls, ocsp=known.ocsp, at=at, latest=at, helpers=known.certificates)
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
            SealError: as :func:`check_key`.
        """
        for signer in (self.sealing_signer, self.data_signer, self.pdf_signer):
            check_key(
                signer.certificate, self.known, name=self.name, code=self.code, at=at,
                seal=self.seal if signer is self.sealing_signer else None, clock_now=clock_now or at + CLOCKS_DIFFER)


def check_key(
    certificate: Certificate, known: Known, *, name: str, code: str | None, seal: SealFile | None = None, at: datetime,
    clock_now: datetime,
) -> None:
    """Refuse to sign with a key whose certificate is not good, or not that of whom it signs for.

    Args:
        known: what it is judged by, lists and answers alike.
        name, code: of whom it signs for; code None where there is none to compare.
        seal: that the key sets; None for a key that sets none.
        at: the moment of the signature; clock_now: the present, where that is later (both aware).

    Raises:
        SealError: as :func:`certs.seal.check_names`, and :func:`certs.seal.check_usable` or, without a seal,
            :func:`certs.seal.check_chain`.
    """
    with naming_damaged(known.damaged):
        if seal is None:
            check_chain(certificate, at=at, clock_now=clock_now, **known.judges())
        else:
            check_usable(seal, certificate=certificate, at=at, clock_now=clock_now, **known.judges())
        check_names(name, code, certificate)
