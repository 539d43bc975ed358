"""Which revocation lists and answers renewals leave in a package: the newest lists, and every word that tells what no
other tells.

A CA may leave out of its lists what has ended, so the list of a renewal never takes the place of an earlier one that
revokes more. Lists and answers lie side by side under names of their own content. Only those on certificates that the
package rests on come into it, and those that say nothing more are cleared away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from archive.layout import (
    ADDED_CRLS,
    ADDED_OCSP,
    MANIFEST_RECORD,
    ORIGINAL_RECORD,
    original_name,
    rendition_name,
)
from archive.pades import pdf_carried
from archive.snapshot import renewal_material, snapshot_trust
from certs.crl import Crl
from certs.evidence_record import EvidenceRecord
from certs.kept_words import newest, revoking, revoking_answers
from certs.ocsp import OcspResponse
from certs.ses import SesSignature
from certs.sm3 import sm3
from certs.timestamp_token import TimestampToken
from certs.trust import Trust
from certs.x509 import Certificate
from codes.errors import EngineError
from verify.reasons import Refusal
from verify.zip import read_zip

__all__ = ["Beside", "certificates_in", "words_beside"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Lists and answers to be written by their names in the package, and names of those that say nothing more."""

    new: Mapping[str, bytes]
    needless: tuple[str, ...]


def words_beside(files: Mapping[str, bytes], identifier: str, trust: Trust) -> Beside:
    """What a renewal by a trust folder puts into ``evidence/crls/`` and ``evidence/ocsp/`` of a package, and what it
    may take out.

    What cannot be read, or no CA at hand has signed, is left where it is: nobody can say what it tells. Where the trust
    of the package cannot be read, nothing is taken out.
    """
    own = snapshot_trust(files)
    held = renewal_material(files) if own is None else own
    inside, tokens = _read(files, identifier)
    known = (*(one for each in (trust, held) for one in (*each.roots, *each.tsa, *each.intermediates)), *inside)
    leaves = [*inside, *trust.status_signers, *held.status_signers,
              *(one for token in tokens for one in known if token.names(one))]
    of = _rested_on(leaves, known)
    told = [answer for answer in (*held.ocsp, *trust.ocsp) if _is_on(answer, of, known)]
    of = _rested_on([*of, *(one for answer in told for one in answer.certificates)], known)
    lists = [crl for crl in (*held.crls, *trust.crls) if _is_listed(crl, of)]
    crls = {crl.der for crl in (*revoking(lists, known, of), *newest(lists, known))}
    answers = {answer.der for answer in revoking_answers(told, known, of)}
    there = {crl.der for crl in held.crls} | {answer.der for answer in held.ocsp}
    needless = [
        *(name for name, crl in _readable(files, ADDED_CRLS, Crl.load)
          if crl.der not in crls and any(crl.issued_by(one) for one in known)),
        *(name for name, answer in _readable(files, ADDED_OCSP, OcspResponse.load)
          if answer.der not in answers and _is_on(answer, of, known))]
    return Beside(
        new={f"{ADDED_CRLS}{sm3(der).hex()[:32]}.crl": der for der in sorted(crls - there)}
        | {f"{ADDED_OCSP}{sm3(der).hex()[:32]}.ors": der for der in sorted(answers - there)},
        needless=() if own is None else tuple(needless))


def certificates_in(files: Mapping[str, bytes], identifier: str) -> tuple[Certificate, ...]:
    """All certificates that the original, the rendition and the evidence of a package carry, as far as they can be
    read: signers, seal maker, timestamp services, CAs."""
    return _read(files, identifier)[0]


def _readable(files: Mapping[str, bytes], folder: str, load: Callable[[bytes], _T]) -> Iterator[tuple[str, _T]]:
    for name, data in files.items():
        if name.startswith(folder):
            try:
                yield name, load(data)
            except EngineError:
                continue


def _rested_on(leaves: Iterable[Certificate], known: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """Certificates with all that stand above them, of whatever key, and others of the same keys."""
    found: dict[Certificate, None] = {}
    left = list(leaves)
    while left:
        one = left.pop()
        if one not in found:
            found[one] = None
            left += [each for each in known
                     if each.subject == one.issuer or each.public_key.spki == one.public_key.spki]
    return tuple(found)


def _is_listed(crl: Crl, of: Sequence[Certificate]) -> bool:
    """Whether a list revokes one of these certificates, or could say that it is good."""
    return any(crl.issuer == one.issuer and (one.serial in crl.revoked or crl.scope.covers(one)) for one in of)


def _is_on(answer: OcspResponse, of: Sequence[Certificate], known: Sequence[Certificate]) -> bool:
    serials = {each.cert_id.serial for each in answer.answers}
    return any(answer.all_on(one, ca) for one in of if one.serial in serials for ca in known)


def _read(files: Mapping[str, bytes], identifier: str) -> tuple[tuple[Certificate, ...], tuple[TimestampToken, ...]]:
    """The certificates in a package, and the timestamps, whose certificates they may not carry."""
    found: list[Certificate] = []
    tokens: list[TimestampToken] = []
    for name in (MANIFEST_RECORD, ORIGINAL_RECORD):
        try:
            tokens += [stamp.token for stamp in EvidenceRecord.parse(files[name]).stamps]
        except (EngineError, KeyError):
            continue
    try:
        certificates, stamps = pdf_carried(files[rendition_name(identifier)])
        found += certificates
        tokens += stamps
    except (EngineError, KeyError):
        pass
    for certificates_of, stamps_of in map(_part, _entries(files.get(original_name(identifier), b""))):
        found += certificates_of
        tokens += stamps_of
    found += [one for token in tokens for one in token.certificates]
    return tuple(dict.fromkeys(found)), tuple(tokens)


def _entries(original: bytes) -> list[tuple[str, bytes]]:
    try:
        return [(name, entry.data) for name, entry in read_zip(original).entries.items()
                if name.endswith(("/SignedValue.dat", ".cer", ".ors"))]
    except Refusal:
        return []


def _part(entry: tuple[str, bytes]) -> tuple[list[Certificate], list[TimestampToken]]:
    name, data = entry
    try:
        if name.endswith(".cer"):
            return [Certificate.load(data)], []
        if name.endswith(".ors"):
            return list(OcspResponse.load(data).certificates), []
        value = SesSignature.parse(data, allow_timestamp=True)
        return ([Certificate.load(value.certificate), Certificate.load(value.seal.certificate)],
                [TimestampToken.parse(each) for each in (value.timestamp, value.seal.timestamp) if each is not None])
    except EngineError:
        return [], []
