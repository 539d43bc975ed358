"""A signature value of any writer judged: cryptography first, then time, trust, and the state of the seal.

Steps: (1) the value binds these bytes of Signature.xml; (2) it verifies, over the octets that were received; (3) the
seal beside is the one inside, its maker signed it, the signer is in its list; (4) the timestamp holds and proves a
time; (5) both certificates lead to trusted roots and are not revoked, at the proven time where there is one; (6) the
maker is one that is accepted; (7) seal and certificates are in force; (8) the status list does not speak against it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from certs import sm2
from certs.chain import ChainResult
from certs.crl import Crl
from certs.moments import CLOCKS_DIFFER
from certs.timestamp_token import is_token_of
from certs.x509 import Certificate
from codes.errors import EngineError
from verify.chains import Judge
from verify.foreign.cms import digest_of
from verify.foreign.signed_value import ForeignSeal, SignedValue
from verify.model import Finding, SealStanding, Severity, SignatureEvidence
from verify.reasons import Findings
from verify.revocations import revoked_at
from verify.seal_state import judge_state
from verify.status import local_time

__all__ = ["judge_value"]

_SUB: Final = {
    "value.digest": "HASH_FAILURE", "value.content": "HASH_FAILURE", "value.signature": "SIG_CRYPTO_FAILURE",
    "value.maker-signature": "SIG_CRYPTO_FAILURE", "value.certificate": "NO_CERTIFICATE_CHAIN_FOUND",
    "value.algorithm": "CRYPTO_CONSTRAINTS_FAILURE", "value.weak": "CRYPTO_CONSTRAINTS_FAILURE",
    "value.time-outside": "OUT_OF_BOUNDS_NO_POE", "value.time-future": "OUT_OF_BOUNDS_NO_POE",
    "value.seal-period": "OUT_OF_BOUNDS_NO_POE", "value.timestamp-order": "TIMESTAMP_ORDER_FAILURE",
    "value.seal-timestamp": "FORMAT_FAILURE", "value.loose": "FORMAT_FAILURE",
    "trust.none": "NO_CERTIFICATE_CHAIN_FOUND", "trust.unusable": "NO_CERTIFICATE_CHAIN_FOUND",
    "trust.maker": "NO_CERTIFICATE_CHAIN_FOUND",
    "seal.after-lost": "REVOKED", "seal.after-cancelled": "REVOKED", "seal.after-suspended": "REVOKED",
    "seal.while-suspended": "REVOKED", "seal.after-retired": "EXPIRED", "seal.lost": "REVOKED_NO_POE",
    "seal.cancelled": "REVOKED_NO_POE", "seal.suspended": "REVOKED_NO_POE", "seal.before-use": "OUT_OF_BOUNDS_NO_POE",
    "seal.stamped-late": "OUT_OF_BOUNDS_NO_POE",
}


def judge_value(
    value: SignedValue, *, xml: bytes, judge: Judge, found: Findings, where: str, seal_file: bytes | None,
) -> SignatureEvidence:
    """Judge one signature value over one Signature.xml; what does not hold becomes a finding.

    Args:
        xml: Signature.xml, the bytes as they stand in the package.
        found: takes the findings; what was forgiven is among them as notes.
        where: names the value in findings.
        seal_file: the seal that stands beside (Seal.esl), None where there is none.
    """
    run = _Run(value, judge, where)
    run.forgiven()
    if run.binding(xml):
        run.seal_inside(seal_file)
    run.trusted()
    found.extend(each for each in run.found.all() if each.reason.code != "trust.none")
    if judge.trust is None and not (found.has("trust.none") or found.has("trust.unusable")):
        found.add("trust.none")
    return run.evidence()


class _Run:
    """One value under examination; each step adds findings of its own."""

    def __init__(self, value: SignedValue, judge: Judge, where: str) -> None:
        self.value, self.judge, self.where = value, judge, where
        self.found = Findings()
        self.chain: ChainResult | None = None
        self.proven_at: dt.datetime | None = None
        self.standing: SealStanding | None = None

    def forgiven(self) -> None:
        for each in self.value.forgiven:
            self.found.add(each.code, self.where, **each.facts)
        for oid in filter(None, (self.value.critical, self.value.seal.critical if self.value.seal else "")):
            self.found.add("value.extension", self.where, oid=oid)

    # -- cryptography

    def binding(self, xml: bytes) -> bool:
        """Steps 1 and 2. False where the value is of a kind that cannot be judged any further."""
        value, signer = self.value, self.value.signer
        if signer is None:
            zh, en = value.signer_fault
            self.found.add("value.certificate", self.where, zh=zh, en=en)
        direct = value.signed is None
        bound = direct or digest_of(value.digest_algorithm, xml) == value.digest
        message = xml if value.signed is None else value.signed
        holds = signer is not None and signer.verify(message, value.signature, value.algorithm)
        if not (bound and holds) and signer is not None and self.old_kind(signer, xml):
            return False
        if not bound:
            self.found.add("value.digest", self.where)
        if not holds and signer is not None:
            fits = (signer.key_kind == "sm2") == (value.algorithm == "sm2-sm3")
            self.found.add("value.signature" if fits else "value.algorithm", self.where, method=value.algorithm)
        return True

    def old_kind(self, signer: Certificate, xml: bytes) -> bool:
        """Whether the digest is SM3(Z ‖ Signature.xml), or the signature one over the digest alone; said if so."""
        value = self.value
        if value.seal is None or signer.key_kind != "sm2":
            return False
        bits = signer.public_key.bits
        old = (value.digest == sm2.signed_digest(bits, xml) or sm2.verify(bits, value.digest, value.signature)
               or sm2.verify_digest(bits, value.digest, value.signature))
        if old:
            self.found.add("value.unsupported", self.where)
        return old

    def seal_inside(self, seal_file: bytes | None) -> None:
        """Step 3."""
        value, seal = self.value, self.value.seal
        if seal is None:
            if seal_file is not None:
                self.found.add("value.seal-unbound", self.where)
            return
        if seal_file is not None and seal_file != seal.raw:
            self.found.add("value.seal-swapped", self.where)
        if seal.maker is None:
            zh, en = seal.maker_fault
            self.found.add("value.certificate", self.where, zh=zh, en=en)
        elif not seal.maker.verify(seal.signed, seal.signature, "sm2-sm3"):
            self.found.add("value.maker-signature", seal.seal_id)
        if not seal.listed:
            self.found.add("value.no-list", seal.seal_id)
        elif value.signer is not None and not seal.lists(value.signer.der):
            self.found.add("value.not-listed", seal.seal_id)
        if seal.timestamp is not None and not is_token_of(seal.timestamp, seal.signature_octets):
            self.found.add("value.seal-timestamp", seal.seal_id)

    # -- time and trust

    def trusted(self) -> None:
        """Steps 4 to 8."""
        value = self.value
        if self.judge.trust is None:
            self.found.add("trust.none")
            return
        if value.timestamp is not None:
            self.proven_at = self.judge.proven_at(value.timestamp, value.signature_value, claimed_at=value.claimed_at,
                                                  where=self.where, found=self.found)
        if value.signer is not None:
            lists = self.read_lists()
            self.chain = self.judge.chain(
                value.signer, "sign" if value.seal is None else "seal", proven_at=self.proven_at, inside=value.extra,
                lists=lists, found=self.found, claimed_at=value.claimed_at, algorithms=(value.algorithm,))
            self.check_loose(lists)
        self.times()
        if value.seal is not None:
            self.seal_trusted(value.seal)

    @property
    def since(self) -> dt.datetime | None:
        """The earliest moment at which the signature is proven to have existed."""
        return self.judge.since(self.proven_at, self.value.claimed_at)

    def read_lists(self) -> list[Crl]:
        """The revocation lists inside that can be read; the others are loose parts."""
        read: list[Crl] = []
        for der in self.value.crls:
            try:
                read.append(Crl.load(der))
            except EngineError:
                self.found.add("value.loose", self.where)
        return read

    def check_loose(self, lists: Sequence[Crl]) -> None:
        """Certificates and lists inside must belong to the signer's chain: nothing else protects them."""
        path = self.chain.path if self.chain is not None else ()
        if not path:
            return
        stray = any(each not in path and not any(one.issued_by(each) for one in path) for each in self.value.extra)
        if stray or any(not any(each.issued_by(ca) for ca in path) for each in lists):
            self.found.add("value.loose", self.where)

    def times(self) -> None:
        """What the signer claims must be possible."""
        value, claimed = self.value, self.value.claimed_at
        if claimed is None:
            if value.seal is not None:
                self.found.add("value.time-none", self.where)
            return
        shown = local_time(claimed)
        if claimed > self.judge.at + CLOCKS_DIFFER:
            self.found.add("value.time-future", self.where, time=shown)
        outside = value.signer is not None and not value.signer.valid_at(claimed)
        if value.seal is not None and not _in_force(value.seal, claimed):
            outside = True
        if outside:
            self.found.add("value.time-outside", self.where, time=shown)

    def seal_trusted(self, seal: ForeignSeal) -> None:
        """Steps 6 to 8, and the maker's chain."""
        judge, moment = self.judge, self.since or self.judge.at
        if judge.trust is None:
            return
        if not _in_force(seal, moment):
            self.found.add("value.seal-period", seal.seal_id, time=local_time(moment))
        accepted = False
        if seal.maker is not None:
            judge.chain(seal.maker, "seal-maker", proven_at=self.proven_at, inside=self.value.extra, found=self.found,
                        claimed_at=self.value.claimed_at)
            accepted = seal.maker.der in {maker.der for maker in judge.trust.seal_makers}
            if seal.created_at is None or not seal.maker.valid_at(seal.created_at):
                self.found.add("value.seal-made", seal.seal_id)
            if not accepted:
                self.found.add("trust.maker", "", name=seal.maker.subject_cn or seal.maker.subject_text)
        if self.value.claimed_at is not None:
            self.standing = judge_state(seal.seal_id, seal.info, self.value.claimed_at, judge.status(), self.found,
                                        accepted_maker=accepted, proven_at=self.since, stamped_at=self.proven_at,
                                        certificate_revoked_at=revoked_at(self.chain))

    # -- outcome

    def evidence(self) -> SignatureEvidence:
        """The signature for the report."""
        found, value, signer = self.found.all(), self.value, self.value.signer
        indication, sub = "TOTAL-PASSED", ""
        for severity, word in ((Severity.INVALID, "TOTAL-FAILED"), (Severity.INDETERMINATE, "INDETERMINATE")):
            weighing = [each for each in found if each.severity is severity]
            if weighing:
                indication, sub = word, self.sub_indication(weighing)
                break
        anchor = self.chain.anchor if self.chain is not None and self.chain.ok else None
        return SignatureEvidence(
            kind=value.form, indication=indication, sub_indication=sub,
            signer=(signer.subject_cn or "") if signer else "",
            organisation=(signer.subject_o or "") if signer else "",
            organisation_code=(signer.uscc or "") if signer else "",
            certificate_fingerprint=signer.fingerprint if signer else "", claimed_at=value.claimed_at,
            proven_at=self.since, anchor=(anchor.subject_cn or "") if anchor else "",
            anchor_fingerprint=anchor.fingerprint if anchor else "", algorithm=value.algorithm, seal=self.standing,
            reasons=tuple(each.reason for each in found))

    def sub_indication(self, weighing: Sequence[Finding]) -> str:
        """The sub-indication that the first telling finding stands for."""
        for each in weighing:
            code = each.reason.code
            if code in _SUB:
                return _SUB[code]
            if code.startswith(("trust.chain", "value.timestamp")):   # it stands at the end of the sentence
                return each.reason.en.rpartition("(")[2].rstrip(")")
        return "SIG_CONSTRAINTS_FAILURE"


def _in_force(seal: ForeignSeal, moment: dt.datetime) -> bool:
    """Whether ``moment`` lies in the seal's validity; one without readable bounds is never in force."""
    return seal.not_before is not None and seal.not_after is not None and seal.not_before <= moment <= seal.not_after
