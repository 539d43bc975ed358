"""The archive's copy of a rendition: PAdES B-LTA, made once and renewed before its newest timestamp weakens.

Source: ETSI EN 319 142-1 5.4, 5.5 and 6.3 (B-T, B-LT, B-LTA).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.errors import ArchiveCode, ArchiveError
from archive.pdf_revision import Evidence, add_evidence, add_timestamp
from certs.carried import Carried
from certs.evidence_build import MARGIN, Material, Stamper
from certs.strength import STRONG, Strength
from certs.timestamp import TimestampResult, verify_token
from certs.timestamp_token import TimestampToken
from certs.token_evidence import path_above, token_due
from certs.trust import Trust
from certs.x509 import Certificate
from codes.errors import EngineError
from verify.foreign.pdf_evidence import certificates_of
from verify.foreign.pdf_fields import read_fields
from verify.foreign.pdf_signature import Signed, locate
from verify.foreign.pdf_store import Store
from verify.pdf_cms import CmsSignature, read_cms
from verify.pdf_reasons import PdfRefusal

__all__ = ["make_lta", "newest_timestamp", "pdf_carried", "pdf_due", "renew_lta"]


def make_lta(pdf: bytes, timestamper: Stamper, material: Material) -> bytes:
    """Return the rendition with evidence on its signature and a document timestamp over both.

    A signature without a timestamp of its own gets a document timestamp first, so that the evidence is on something
    whose time is proven (B-T).

    Raises:
        ArchiveError: the PDF cannot be read, or no evidence can be found.
        EngineError: of ``timestamper``.
    """
    cms = _read(pdf).signature
    if cms.timestamp is None:
        pdf = add_timestamp(pdf, _stamping(timestamper))
    return renew_lta(pdf, timestamper, material, signers=(cms.signer, *cms.certificates))


def renew_lta(pdf: bytes, timestamper: Stamper, material: Material, *, signers: Sequence[Certificate] = (),
              algorithm: str = "sha256") -> bytes:
    """Return the archive's copy with evidence on all its timestamps and a further one over all of it.

    Args:
        material: certificates, roots among them, and the lists of today.
        signers: certificates to be proven beside those of the timestamps.
        algorithm: digest of the timestamp: ``sha256``, ``sha384`` or ``sha512``.

    Raises:
        ArchiveError, EngineError: as :func:`make_lta`.
    """
    leaves = list(signers)
    carried: list[Certificate] = []
    for token in _tokens(pdf):
        carried += token.certificates
        leaves += [one for one in (*token.certificates, *material.certificates) if token.names(one)][:1]
    pool = (*material.certificates, *carried)
    return add_timestamp(
        add_evidence(pdf, _evidence(leaves, pool, material)), _stamping(timestamper, algorithm), algorithm)


def pdf_due(pdf: bytes, material: Material, *, strength: Strength = STRONG,
            margin: timedelta = MARGIN) -> datetime | None:
    """When the copy has to be renewed at the latest; None where it has no timestamp, or its authority is not known.

    Args:
        strength: from when algorithms are weak.
        margin: how long before the end of its newest timestamp.

    Raises:
        ArchiveError: the PDF cannot be read.
    """
    tokens = _tokens(pdf)
    if not tokens:
        return None
    newest = tokens[-1]
    return token_due(newest, newest.imprint_algorithm, material=material, strength=strength, margin=margin)


def pdf_carried(pdf: bytes) -> tuple[list[Certificate], list[TimestampToken]]:
    """The certificates beside the PDF's signature, and all its timestamps.

    Raises:
        ArchiveError: the PDF cannot be read.
    """
    return list(_read(pdf).signature.certificates), _tokens(pdf)


def newest_timestamp(pdf: bytes, trust: Trust, now: datetime) -> TimestampResult:
    """How the newest document timestamp stands now (aware), by a trust folder with the certificates of the DSS.

    Raises:
        ArchiveError: the PDF cannot be read, or has none.
    """
    read = _read(pdf)
    if not read.stamps:
        raise _unreadable("no document timestamp")
    newest = read.stamps[-1]
    return verify_token(
        _parsed(newest.der), b"".join(newest.parts(pdf)), anchors=trust.tsa,
        intermediates=(*trust.intermediates, *read.evidence), crls=trust.crls, ocsp=trust.ocsp,
        carried=Carried(against=trust.against), at=now, strength=trust.strength)


def _stamping(timestamper: Stamper, algorithm: str = "sha256") -> Callable[[bytes], bytes]:
    return lambda digest: timestamper.token(digest, algorithm)


def _evidence(leaves: Iterable[Certificate], pool: Sequence[Certificate], material: Material) -> Evidence:
    """Paths of the leaves to their roots, and of each authority in them the newest list, of each leaf the answers."""
    certificates: dict[bytes, None] = {}
    found: dict[bytes, None] = {}
    answers: dict[bytes, None] = {}
    for leaf in leaves:
        path = path_above(leaf, pool)
        for one in path:
            certificates.setdefault(one.der)
        for authority in path[1:]:
            own = [crl for crl in material.crls if crl.issued_by(authority)]
            newest = max((crl.this_update for crl in own), default=None)
            for crl in own:
                if crl.this_update == newest:
                    found.setdefault(crl.der)
        for one, above in itertools.pairwise(path):
            for answer in material.ocsp:
                if answer.on(one, above) is not None:
                    answers.setdefault(answer.der)
    return Evidence(certificates=tuple(certificates), crls=tuple(found), ocsps=tuple(answers))


def _tokens(pdf: bytes) -> list[TimestampToken]:
    """The document timestamps, oldest first, and before them that of the signature."""
    read = _read(pdf)
    first = [] if read.signature.timestamp is None else [read.signature.timestamp]
    return [_parsed(der) for der in (*first, *(one.der for one in read.stamps))]


def _parsed(der: bytes) -> TimestampToken:
    try:
        return TimestampToken.parse(der)
    except EngineError as error:
        raise _unreadable(error) from error


@dataclass(frozen=True, slots=True)
class _Read:
    """The one signature, the document timestamps in their order, the certificates of the DSS."""

    signature: CmsSignature
    stamps: list[Signed]
    evidence: tuple[Certificate, ...]


def _read(pdf: bytes) -> _Read:
    try:
        store = Store.read(pdf)
        state = store.states()[-1]
        found = [locate(store, state, field) for field in read_fields(state) if field.is_signature]
        (signature,) = (each for each in found if not each.is_stamp)
        stamps = sorted((each for each in found if each.is_stamp), key=lambda each: each.end)
        return _Read(read_cms(signature.der, signature.label), stamps, certificates_of(state))
    except (PdfRefusal, EngineError, ValueError) as error:
        raise _unreadable(error) from error


def _unreadable(why: object) -> ArchiveError:
    return ArchiveError(
        ArchiveCode.PDF_FORM, f"PDF 的签名无法读取（{why}），不能为其附加证据；请先核验该文件",
        f"the signature of the PDF cannot be read ({why}), so no evidence is added; verify the file first")
