"""Which revocation lists renewals leave in a package: the newest ones, and every one that tells what no other tells.

A CA may leave out of its lists what has ended, so the list of a renewal never takes the place of an earlier one that
revokes more. Lists lie side by side under names of their own content; only those of CAs above the certificates in the
package come into it, and those that say nothing more are cleared away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from archive.layout import EVIDENCE, MANIFEST_RECORD, ORIGINAL_RECORD, original_name, rendition_name
from archive.pades import pdf_carried
from archive.snapshot import snapshot_trust
from certs.crl import Crl
from certs.evidence_record import EvidenceRecord
from certs.kept_words import newest, revoking
from certs.ses import SesSignature
from certs.sm3 import sm3
from certs.timestamp_token import TimestampToken
from certs.trust import Trust
from certs.x509 import Certificate
from codes.errors import EngineError
from verify.reasons import Refusal
from verify.zip import read_zip

__all__ = ["Beside", "certificates_in", "lists_beside"]

_FOLDER = f"{EVIDENCE}crls/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Lists to be written by their names in the package, and names of those that say nothing more."""

    new: Mapping[str, bytes]
    needless: tuple[str, ...]


def lists_beside(files: Mapping[str, bytes], identifier: str, trust: Trust) -> Beside:
    """What a renewal by a trust folder puts into ``evidence/crls/`` of a package, and what it may take out.

    A list that cannot be read, or that no CA at hand has signed, is left where it is: nobody can say what it tells.
    """
    own = snapshot_trust(files)
    known = [one for each in (trust, own) if each is not None for one in (
        *each.roots, *each.tsa, *each.intermediates)]
    inside, tokens = _read(files, identifier)
    authorities = (*known, *inside)
    leaves = [*inside, *(one for each in (trust, own) if each is not None for one in each.status_signers),
              *(one for token in tokens for one in authorities if token.names(one))]
    concerned = _issuers(leaves, authorities)
    fresh = [crl for crl in trust.crls if crl.issuer in concerned]
    held = () if own is None else own.crls
    kept = {crl.der for crl in (*revoking((*held, *fresh), authorities), *newest((*held, *fresh), authorities))}
    there = {crl.der for crl in held}
    return Beside(
        new={f"{_FOLDER}{sm3(der).hex()[:32]}.crl": der for der in sorted(kept - there)},
        needless=tuple(name for name, crl in _lists(files) if crl.der not in kept and any(
            crl.issued_by(one) for one in authorities)))


def certificates_in(files: Mapping[str, bytes], identifier: str) -> tuple[Certificate, ...]:
    """All certificates that the original, the rendition and the evidence of a package carry, as far as they can be
    read: signers, seal maker, timestamp services, CAs."""
    return _read(files, identifier)[0]


def _lists(files: Mapping[str, bytes]) -> Iterable[tuple[str, Crl]]:
    for name, data in files.items():
        if name.startswith(_FOLDER):
            try:
                yield name, Crl.load(data)
            except EngineError:
                continue


def _issuers(leaves: Iterable[Certificate], known: Sequence[Certificate]) -> set[bytes]:
    """Names of all that stand above certificates or above others of the same keys, of whatever key."""
    names: set[bytes] = set()
    seen: set[Certificate] = set()
    left = list(leaves)
    while left:
        one = left.pop()
        if one in seen:
            continue
        seen.add(one)
        names.add(one.issuer)
        left += [each for each in known
                 if each.subject == one.issuer or each.public_key.spki == one.public_key.spki]
    return names


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
                if name.endswith(("/SignedValue.dat", ".cer"))]
    except Refusal:
        return []


def _part(entry: tuple[str, bytes]) -> tuple[list[Certificate], list[TimestampToken]]:
    name, data = entry
    try:
        if name.endswith(".cer"):
            return [Certificate.load(data)], []
        value = SesSignature.parse(data, allow_timestamp=True)
        return ([Certificate.load(value.certificate), Certificate.load(value.seal.certificate)],
                [TimestampToken.parse(each) for each in (value.timestamp, value.seal.timestamp) if each is not None])
    except EngineError:
        return [], []
