"""Certificates of a file judged against the trust folder, and the anchors that this ended at."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Final

from certs.chain import ChainResult, Indication, validate
from certs.trust import Trust, is_demo_anchor
from certs.x509 import Certificate
from verify.reasons import Findings
from verify.report import Anchor
from verify.seal_state import StatusView, view_status

__all__ = ["PURPOSES", "Judge"]

PURPOSES: Final = {
    "seal": ("签章", "seal"),
    "seal-maker": ("制章人", "seal maker"),
    "data": ("数据签名", "signed QR code"),
    "pdf": ("PDF 签名", "PDF signature"),
}


@dataclass(slots=True)
class Judge:
    """Judges chains at one time with one trust folder. ``trust`` None: nothing can be trusted.

    Intermediates may come from anywhere; roots and revocation lists only from the trust folder.
    """

    trust: Trust | None
    at: dt.datetime
    clock_now: dt.datetime
    found: Findings
    demo: bool = False                   # a chain led to a demonstration's anchor, good or not
    anchors: dict[tuple[str, str], Anchor] = field(default_factory=dict)
    _view: StatusView | None = None

    def chain(self, certificate: Certificate, purpose: str) -> ChainResult | None:
        """Judge a certificate; what is wrong becomes a finding. None when there is no trust folder."""
        if self.trust is None:
            return None
        result = validate(certificate, intermediates=self.trust.intermediates, anchors=self.trust.roots,
                          crls=self.trust.crls, at=self.at, clock_now=self.clock_now)
        self.seen(result)
        zh, en = PURPOSES[purpose]
        if result.ok:
            self.trusted(result.path[-1], purpose)
        else:
            code = "trust.chain-failed" if result.indication is Indication.FAILED else "trust.chain"
            self.found.add(code, result.code, purpose=zh, purpose_en=en, zh=result.zh, en=result.en,
                           sub=(result.sub_indication or "").strip())
        return result

    def status(self) -> StatusView:
        """The status list of seals, looked at once a file. Without a trust folder there is none."""
        if self._view is None:
            self._view = StatusView() if self.trust is None else view_status(self.trust, self.at, self.clock_now)
        return self._view

    def seen(self, result: ChainResult) -> None:
        """Note whether a chain, good or not, leads to a demonstration's anchor."""
        self.demo = self.demo or (result.anchor is not None and is_demo_anchor(result.anchor))

    def trusted(self, anchor: Certificate, purpose: str) -> None:
        """Remember an anchor that was relied on."""
        self.anchors.setdefault((anchor.fingerprint, purpose), Anchor(
            name=anchor.subject_cn or anchor.subject_text, fingerprint=anchor.fingerprint, purpose=purpose,
            demo=is_demo_anchor(anchor)))
