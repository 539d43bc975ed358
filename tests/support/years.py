"""A timestamp authority through many years: a root, a key each few years, monthly lists, a clock to be set."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from certs.crl import Crl, Revocation
from certs.evidence import EvidenceResult, judge_evidence
from certs.evidence_build import Material
from certs.evidence_record import EvidenceRecord
from certs.strength import STRONG, Strength
from certs.tsp_build import build_token
from certs.x509_build import TIME_STAMPING
from tests.certs.core_pki import Entity, root

DAY, YEAR = timedelta(days=1), timedelta(days=365)
BEGIN, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2075, 1, 1, tzinfo=UTC)


def day(year: int, month: int = 1, number: int = 2) -> datetime:
    """A moment in UTC."""
    return datetime(year, month, number, 4, 0, tzinfo=UTC)


@dataclass
class YearsOfTime:
    """Gives tokens by the key that is current at ``now``; each key lasts ``lasts``. A :class:`Stamper`."""

    kind: str = "sm2"
    now: datetime = field(default_factory=lambda: day(2026))
    lasts: timedelta = 3 * YEAR
    revoked: dict[int, Revocation] = field(default_factory=dict)
    asked: int = 0

    def __post_init__(self) -> None:
        self.top = root(self.kind, name="试验时间戳根 CA", not_before=BEGIN, not_after=END)
        self.keys: list[Entity] = []
        self.renewed_keys()

    def renewed_keys(self) -> Entity:
        """Give the authority a new key, certified from now."""
        self.keys.append(self.top.leaf(
            f"试验时间戳 {len(self.keys) + 1}", 100 + len(self.keys), not_before=self.now - DAY,
            not_after=self.now + self.lasts, ext_key_usage=(TIME_STAMPING,)))
        return self.keys[-1]

    def token(self, imprint: bytes, algorithm: str, **changes: Any) -> bytes:
        """A token of now by the newest key."""
        self.asked += 1
        own = self.keys[-1]
        return build_token(**{
            "imprint": imprint, "algorithm": algorithm, "gen_time": self.now, "serial": self.asked,
            "policy": "1.2.3.4.1", "certificate": own.certificate, "key": own.key, **changes})

    def crl(self) -> Crl:
        """The list of now."""
        return self.top.crl(self.revoked, this_update=self.now - DAY / 2, next_update=self.now + 30 * DAY,
                            number=int(self.now.timestamp()))

    def material(self) -> Material:
        """What judges the authority's tokens now."""
        return Material(certificates=(self.top.certificate,), crls=(self.crl(),))

    def judged(self, record: bytes, data: bytes, *, strength: Strength = STRONG, **changes: Any) -> EvidenceResult:
        """What a record proves now, to somebody who has the root and the list of now."""
        return judge_evidence(EvidenceRecord.parse(record), data, **{
            "anchors": (self.top.certificate,), "crls": (self.crl(),), "now": self.now, "strength": strength,
            **changes})
