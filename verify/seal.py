"""The e-seal on an OFD (GB/T 38540-2020, GM/T 0031-2025): from Signature.xml down to the seal maker.

Steps: (1) Signature.xml's references are the entries' digests; (2) the signature is bound to Signature.xml
by digest and path; (3) its value holds for the signer's certificate; (4) the seal in it is the one beside;
(5) the seal's maker signed it; (6) the signer is in the seal's list; (7) names, codes, kinds and periods fit;
(8) both certificates lead to trusted roots and are not revoked; (9) the maker is one that is accepted; (10) the
published status list does not speak against the seal's use at that time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs.moments import CLOCKS_DIFFER
from certs.ses import SEAL_OF_UNIT, SesCode, SesError, SesSignature
from certs.timestamp_token import is_token_of
from certs.x509 import Certificate
from codes.errors import EngineError
from verify.chains import Judge
from verify.model import Finding, SealStanding, Severity, SignatureEvidence
from verify.ofd import SignatureEntry
from verify.reasons import Both, Findings, Refusal
from verify.report import Coverage, CoveredEntry
from verify.revocations import revoked_at
from verify.seal_state import judge_state
from verify.signature_xml import Described, check_references, read_signature_xml
from verify.zip import Archive

__all__ = ["Judgement", "Sealing", "coverage_of", "evidence_of", "examine", "judge_sealing"]

_SUB: Final = {
    "seal.changed": "HASH_FAILURE", "seal.gone": "SIGNED_DATA_NOT_FOUND", "seal.data-hash": "HASH_FAILURE",
    "seal.crypto": "SIG_CRYPTO_FAILURE", "seal.maker-crypto": "SIG_CRYPTO_FAILURE",
    "seal.form": "FORMAT_FAILURE", "seal.missing": "FORMAT_FAILURE", "seal.reference": "FORMAT_FAILURE",
    "seal.method": "CRYPTO_CONSTRAINTS_FAILURE", "seal.expired": "OUT_OF_BOUNDS_NO_POE",
    "seal.future": "OUT_OF_BOUNDS_NO_POE", "trust.none": "NO_CERTIFICATE_CHAIN_FOUND",
    "trust.unusable": "NO_CERTIFICATE_CHAIN_FOUND",
    "trust.maker": "NO_CERTIFICATE_CHAIN_FOUND",
    "seal.after-lost": "REVOKED", "seal.after-cancelled": "REVOKED", "seal.after-suspended": "REVOKED",
    "seal.while-suspended": "REVOKED", "seal.after-retired": "EXPIRED", "seal.lost": "REVOKED_NO_POE",
    "value.timestamp-order": "TIMESTAMP_ORDER_FAILURE",
    "seal.cancelled": "REVOKED_NO_POE", "seal.suspended": "REVOKED_NO_POE", "seal.before-use": "OUT_OF_BOUNDS_NO_POE",
    "seal.stamped-late": "OUT_OF_BOUNDS_NO_POE",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is known of a sealing when the trust folder was asked; ``standing`` None when there is none.

    ``standing`` is what the status list says of the seal, ``proven_at`` the earliest time at which the signature is
    proven to have existed.
    """

    standing: SealStanding | None = None
    proven_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """One signature that could be read: what it claims, its seal, both certificates."""

    described: Described
    signature: SesSignature
    signer: Certificate
    maker: Certificate
    protected: frozenset[str]            # entries whose bytes are the sealed ones


def examine(archive: Archive, listed: SignatureEntry, found: Findings) -> Sealing:
    """Steps 1 to 7 for one signature; what does not hold becomes a finding.

    Raises:
        Refusal: the signature cannot be read at all.
    """
    if listed.type not in ("Seal", ""):
        raise Refusal("seal.type", listed.path, type=listed.type)
    described = read_signature_xml(archive, listed.path, found)
    value = archive.entries.get(described.value_path)
    if value is None:
        raise Refusal("seal.missing", described.value_path)
    signature = _parse(value.data, described.value_path)
    signer = _certificate(signature.certificate, "signer")
    maker = _certificate(signature.seal.certificate, "seal maker")
    protected = check_references(archive, described, found)
    _check_binding(archive, described, signature, found)
    if not signature.signed_by(signer):
        found.add("seal.crypto", described.value_path)
    if not signature.seal.signed_by(maker):
        found.add("seal.maker-crypto", described.value_path)
    if not signature.seal.info.lists(signer.der):
        found.add("seal.signer-not-listed", described.value_path)
    token = signature.seal.timestamp
    if token is not None and not is_token_of(token, signature.seal.signature):
        found.add("seal.timestamp", described.value_path)
    _check_fit(signature, signer, found)
    return Sealing(described=described, signature=signature, signer=signer, maker=maker, protected=protected)


def _parse(data: bytes, path: str) -> SesSignature:
    """Read SignedValue.dat strictly."""
    try:
        return SesSignature.parse(data, allow_timestamp=True)
    except SesError as error:
        if error.code == SesCode.VERSION:
            raise Refusal("seal.version", path, version=error.facts["version"]) from None
        raise Refusal("seal.form", path, detail=Both(error.zh, error.en)) from None
    except EngineError as error:
        raise Refusal("seal.form", path, detail=Both(error.zh, error.en)) from None


def _certificate(der: bytes, whose: str) -> Certificate:
    """Read a certificate out of the seal."""
    try:
        return Certificate.load(der)
    except EngineError as error:
        raise Refusal("seal.form", whose, detail=Both(error.zh, error.en)) from None


def _check_binding(archive: Archive, described: Described, signature: SesSignature, found: Findings) -> None:
    """The signature covers this Signature.xml, and the seal beside is the seal inside."""
    if archive.sm3(described.path) != signature.data_hash:
        found.add("seal.data-hash", described.path)
    if signature.property_info != f"/{described.path}":
        found.add("seal.property", f"/{described.path}", found=signature.property_info)
    if described.seal_path:
        beside = archive.entries.get(described.seal_path)
        if beside is None:
            found.add("seal.missing", described.seal_path)
        elif beside.data != signature.seal.der:
            found.add("seal.swapped", described.seal_path)
    if described.claimed_at is None or described.claimed_at != signature.signed_at:
        found.add("seal.time-form", described.path)


def _check_fit(signature: SesSignature, signer: Certificate, found: Findings) -> None:
    """Seal and certificate belong together: name, kind, periods, time of sealing."""
    info = signature.seal.info
    if info.seal_type != SEAL_OF_UNIT:
        found.add("seal.kind", info.es_id)
    if info.name != signer.subject_cn:
        found.add("seal.name", info.es_id, seal=info.name, certificate=signer.subject_cn or "")
    if info.valid_start < signer.not_before or info.valid_end > signer.not_after:
        found.add("seal.period", info.es_id)
    when = signature.signed_at
    if not (info.valid_start <= when <= info.valid_end and signer.valid_at(when)):
        found.add("seal.time-outside", info.es_id)


def judge_sealing(sealing: Sealing, judge: Judge) -> Judgement:
    """Steps 8 to 10: the timestamp, chains, the accepted makers, the time of checking, the state of the seal."""
    found, info, claimed = judge.found, sealing.signature.seal.info, sealing.signature.signed_at
    if claimed > judge.at + CLOCKS_DIFFER:
        found.add("seal.future", info.es_id, time=claimed.isoformat())
    if not sealing.maker.valid_at(info.created_at):
        found.add("seal.time-outside", info.es_id)
    if judge.trust is None:
        return Judgement()
    token = sealing.signature.timestamp
    proven = None if token is None else judge.proven_at(
        token, sealing.signature.signature, claimed_at=claimed, where=sealing.described.value_path, found=found)
    since = judge.since(proven, claimed)
    if (since or judge.at) > info.valid_end:
        found.add("seal.expired", info.es_id)
    chain = judge.chain(sealing.signer, "seal", proven_at=proven, claimed_at=claimed)
    judge.chain(sealing.maker, "seal-maker", proven_at=proven, claimed_at=claimed)
    accepted = sealing.maker.der in {maker.der for maker in judge.trust.seal_makers}
    if not accepted:
        found.add("trust.maker", "", name=sealing.maker.subject_cn or sealing.maker.subject_text)
    standing = judge_state(info.es_id, info.der, claimed, judge.status(), found, accepted_maker=accepted,
                           proven_at=since, stamped_at=proven, certificate_revoked_at=revoked_at(chain))
    return Judgement(standing=standing, proven_at=since)


def evidence_of(
    sealing: Sealing, judge: Judge, weighing: Sequence[Finding], judgement: Judgement,
) -> SignatureEvidence:
    """The signature for the report; ``weighing`` are the findings that bear on it."""
    indication, sub = "TOTAL-PASSED", ""
    for severity, word in ((Severity.INVALID, "TOTAL-FAILED"), (Severity.INDETERMINATE, "INDETERMINATE")):
        codes = [each.reason.code for each in weighing if each.severity is severity]
        if codes:
            named = next((_SUB[code] for code in codes if code in _SUB), "")
            indication, sub = word, named or _sub(codes, weighing)
            break
    anchor = next((each for (_, purpose), each in judge.anchors.items() if purpose == "seal"), None)
    return SignatureEvidence(
        kind=f"SES v{sealing.signature.seal.info.version}", indication=indication, sub_indication=sub,
        signer=sealing.signer.subject_cn or "",
        organisation=sealing.signer.subject_o or "", organisation_code=sealing.signer.uscc or "",
        certificate_fingerprint=sealing.signer.fingerprint, claimed_at=sealing.signature.signed_at,
        proven_at=judgement.proven_at, anchor=anchor.name if anchor else "",
        anchor_fingerprint=anchor.fingerprint if anchor else "", algorithm="sm2-sm3",
        seal=judgement.standing, reasons=tuple(each.reason for each in weighing))


def _sub(codes: Sequence[str], weighing: Sequence[Finding]) -> str:
    """Sub-indication of a chain or timestamp (it stands in its sentence), else the general one."""
    for each in weighing:
        if each.reason.code in codes and each.reason.code.startswith(("trust.chain", "value.timestamp")):
            return each.reason.en.rpartition("(")[2].rstrip(")")
    return "SIG_CONSTRAINTS_FAILURE"


def coverage_of(archive: Archive, sealings: Sequence[Sealing]) -> Coverage:
    """State of every entry under the signatures that were read."""
    own = {name for each in sealings for name in (each.described.path, each.described.value_path)}
    protected = {name for each in sealings for name in each.protected}
    expected = {name: digest for each in sealings for name, digest in each.described.references.items()}
    entries = []
    for name in archive.entries:
        if name in protected:
            state = "protected"
        elif name in own:
            state = "signature"
        else:
            state = "changed" if name in expected else "unprotected"
        digest = expected[name] if state == "protected" else archive.sm3(name)
        entries.append(CoveredEntry(name=name, state=state, digest=digest.hex(),
                                    expected=expected[name].hex() if name in expected else ""))
    entries += [CoveredEntry(name=name, state="removed", expected=digest.hex())
                for name, digest in expected.items() if name not in archive.entries]
    complete = bool(sealings) and all(entry.state in ("protected", "signature") for entry in entries)
    return Coverage(complete=complete, entries=tuple(entries))
