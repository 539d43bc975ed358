"""Certificates of a file judged against the trust folder, and the anchors that this ended at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from certs.carried import NOTHING_CARRIED, Carried
from certs.chain import ChainResult, Indication
from certs.crl import Crl
from certs.moments import CLOCKS_DIFFER
from certs.ocsp import OcspResponse
from certs.timestamp_token import TimestampToken
from certs.trust import Trust, is_demo_anchor
from certs.x509 import Certificate
from codes.errors import EngineError
from verify.existence import chain_by, token_by
from verify.reasons import Findings
from verify.report import Anchor
from verify.report_words import PURPOSES
from verify.revocations import revoked_later
from verify.seal_state import StatusView, view_status
from verify.status import local_time

__all__ = ["Judge"]


@dataclass(slots=True)
class Judge:
    """Judges chains at one time with one trust folder. ``trust`` None: nothing can be trusted.

    Intermediates may come from anywhere; roots and revocation lists only from the trust folder, and for a proven moment
    ``carried`` ones (:meth:`carries`), of which ``covered`` are the answers that ride in the file (:meth:`covers`).
    ``existed_at`` is a moment at which something beside its signatures proves that all of the file existed
    (:meth:`exists`).
    """

    trust: Trust | None
    at: dt.datetime
    clock_now: dt.datetime
    found: Findings
    existed_at: dt.datetime | None = None
    carried: Carried = NOTHING_CARRIED
    covered: tuple[bytes, ...] = ()
    demo: bool = False                   # a chain led to a demonstration's anchor, good or not
    anchors: dict[tuple[str, str], Anchor] = field(default_factory=dict)
    paths: list[tuple[Certificate, ...]] = field(default_factory=list)
    _view: StatusView | None = None

    def chain(
        self, certificate: Certificate, purpose: str, *, proven_at: dt.datetime | None = None,
        inside: Iterable[Certificate] = (), lists: Iterable[Crl] = (), found: Findings | None = None,
        claimed_at: dt.datetime | None = None, algorithms: Sequence[str] = ("sm2-sm3",),
    ) -> ChainResult | None:
        """Judge a certificate; what is wrong becomes a finding. None when there is no trust folder.

        Args:
            proven_at: the moment of the signature's own timestamp, when that is trusted.
            inside: certificates that the signature carries; they may link, never anchor.
            lists: revocation lists that the signature carries, which count like those of the file.
            found: where the finding goes, by default to those of the file.
            claimed_at: the time that the signer states; a proof of the file that is older is none of this signature.
            algorithms: those of the signature.
        """
        if self.trust is None:
            return None
        result = chain_by(
            certificate, intermediates=(*self.trust.intermediates, *inside), anchors=self.trust.roots,
            crls=self.trust.crls, ocsp=self.trust.ocsp, carried=self.brought(proven_at).plus(lists),
            at=self.at, clock_now=max(self.at, self.clock_now), proven_at=proven_at,
            existed_at=self.since(None, claimed_at), strength=self.trust.strength, algorithms=algorithms)
        self.seen(result)
        zh, en = PURPOSES[purpose]
        kept = self.found if found is None else found
        if result.ok:
            self.trusted(result.path[-1], purpose)
            kept.extend(revoked_later(result, purpose))
        else:
            code = "trust.chain-failed" if result.indication is Indication.FAILED else "trust.chain"
            kept.add(
                code, result.code, purpose=zh, purpose_en=en, zh=result.zh, en=result.en,
                sub=(result.sub_indication or "").strip())
        return result

    def proven_at(
        self, token: bytes, octets: bytes, *, claimed_at: dt.datetime | None, where: str, found: Findings,
    ) -> dt.datetime | None:
        """The moment that a timestamp over ``octets`` proves; one that does not hold becomes a finding.

        Args:
            octets: the content of the signature value that it stamps.
            claimed_at: the time that the signer states, which must not be later.
            where: names the signature in findings.
        """
        if self.trust is None:
            return None
        try:
            read = TimestampToken.parse(token)
        except EngineError as error:
            found.add("value.timestamp", where, zh=error.zh, en=error.en, sub="FORMAT_FAILURE")
            return None
        result = token_by(
            read, octets, anchors=self.trust.tsa, intermediates=self.trust.intermediates,
            crls=self.trust.crls, ocsp=self.trust.ocsp, carried=self.brought(), at=self.at,
            clock_now=max(self.at, self.clock_now), existed_at=self.existed_at, strength=self.trust.strength)
        if result.chain is not None:
            self.seen(result.chain)
        if not result.ok:
            # loose parts: with an unknown authority its own certificate is one, which proves no forgery
            failed = result.indication is Indication.FAILED and result.code != "timestamp.loose-parts"
            found.add("value.timestamp-wrong" if failed else "value.timestamp", where, zh=result.zh, en=result.en,
                      sub=str(result.sub_indication or ""))
            return None
        if result.chain is not None and result.chain.anchor is not None:
            self.trusted(result.chain.anchor, "timestamp")
            found.extend(revoked_later(result.chain, "timestamp"))
        if claimed_at is not None and claimed_at > result.gen_time + CLOCKS_DIFFER:
            found.add("value.timestamp-order", where, time=local_time(claimed_at), proven=local_time(result.gen_time))
        return result.gen_time

    def carries(self, carried: Carried) -> None:
        """Revocation lists and OCSP answers come with what proves the file's time, or with the file around it."""
        self.carried = self.carried.joined(carried)

    def covers(self, lists: Iterable[Crl], answers: Iterable[OcspResponse] = ()) -> None:
        """Revocation lists and OCSP answers ride in the file, so that what proves its time proves theirs."""
        held = tuple(answers)
        self.carried = self.carried.plus(lists, held)
        self.covered = (*self.covered, *(one.der for one in held))

    def brought(self, proven_at: dt.datetime | None = None) -> Carried:
        """What the file brings, with what is proven of when it existed.

        Args:
            proven_at: the moment of a timestamp of a signature over the whole file.
        """
        known = [each for each in (self.existed_at, proven_at) if each is not None]
        return self.carried.existing(self.covered, min(known, default=None))

    def exists(self, at: dt.datetime | None) -> None:
        """Something proves that all of the file existed at a moment; of several the earliest counts."""
        if at is not None and (self.existed_at is None or at < self.existed_at):
            self.existed_at = at

    def since(self, proven_at: dt.datetime | None, claimed_at: dt.datetime | None) -> dt.datetime | None:
        """The earliest moment at which a signature is proven to have existed: by its own timestamp, else by what proves
        the file, unless the signer states a later time."""
        if proven_at is not None or self.existed_at is None:
            return proven_at
        late = claimed_at is not None and claimed_at > self.existed_at + CLOCKS_DIFFER
        return None if late else self.existed_at

    def status(self) -> StatusView:
        """The status list of seals, looked at once a file. Without a trust folder there is none."""
        if self._view is None:
            self._view = StatusView(at=self.at) if self.trust is None else view_status(
                self.trust, self.at, self.clock_now)
        return self._view

    def seen(self, result: ChainResult) -> None:
        """Note a chain, good or not, and whether it leads to a demonstration's anchor."""
        self.passed(result.path)
        self.demo = self.demo or (result.anchor is not None and is_demo_anchor(result.anchor))

    def passed(self, path: tuple[Certificate, ...]) -> None:
        """Note a way to an anchor, about whose certificates CAs may be asked."""
        if path and path not in self.paths:
            self.paths.append(path)

    def trusted(self, anchor: Certificate, purpose: str) -> None:
        """Remember an anchor that was relied on."""
        self.anchors.setdefault((anchor.fingerprint, purpose), Anchor(
            name=anchor.subject_cn or anchor.subject_text, fingerprint=anchor.fingerprint, purpose=purpose,
            demo=is_demo_anchor(anchor)))
