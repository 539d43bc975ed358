"""Evidence records: how many files a second are put under one timestamp, renewed, moved to another digest, and judged.

The authority is one key in this process, so that what is measured is our own part: trees, records, tokens. Its tokens
carry its certificate and, once renewed, the revocation list of that day, as an archive's do.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from certs import sm2
from certs.crl import build_crl
from certs.evidence import judge_evidence
from certs.evidence_build import Material, new_record, rehash, renew
from certs.evidence_record import EvidenceRecord
from certs.timestamp_token import digest
from certs.tsp_build import build_token
from certs.x509 import Certificate
from certs.x509_build import TIME_STAMPING, build_certificate

__all__ = ["measure_renewals"]

_YEAR: Final = timedelta(days=365)
_ROUNDS: Final = 5
_Made = TypeVar("_Made")


class _Authority:
    """A root and one key that stamps, at a time that is set."""

    def __init__(self, now: datetime) -> None:
        self.now, self.asked = now, 0
        self._root_key, self._key = sm2.PrivateKey.generate(), sm2.PrivateKey.generate()
        end = now + 40 * _YEAR
        self.root = self._certified("root", self._root_key, now, end, ca=True)
        self._own = self._certified("tsa", self._key, now, end, ca=False)

    def _certified(self, name: str, key: sm2.PrivateKey, now: datetime, end: datetime, *, ca: bool) -> Certificate:
        return build_certificate(
            subject=(("CN", name),), spki=key.spki, issuer=None if ca else self.root, issuer_key=self._root_key,
            serial=1 if ca else 2, not_before=now, not_after=end, ca=ca,
            key_usage=("keyCertSign", "cRLSign") if ca else ("digitalSignature",),
            ext_key_usage=() if ca else (TIME_STAMPING,))

    def token(self, imprint: bytes, algorithm: str) -> bytes:
        self.asked += 1
        return build_token(imprint=imprint, algorithm=algorithm, gen_time=self.now, serial=self.asked,
                           policy="1.2.3.4.1", certificate=self._own, key=self._key)

    def material(self) -> Material:
        crl = build_crl(issuer=self.root, issuer_key=self._root_key, this_update=self.now,
                        next_update=self.now + timedelta(days=30), number=self.asked)
        return Material(certificates=(self.root,), crls=(crl,))


def measure_renewals(count: int) -> None:
    """Print the rows for a batch of so many files."""
    authority = _Authority(datetime.now(UTC).replace(microsecond=0))
    datas = [b"%d" % number * 64 for number in range(count)]
    digests = [digest("sm3", data) for data in datas]
    print(f"\nevidence of {count} files, SM3 and SM2; each step under one timestamp, one core")
    records = _row("new records", count, lambda: new_record(digests, "sm3", authority))
    for number in range(1, _ROUNDS + 1):
        authority.now += 2 * _YEAR
        act = functools.partial(renew, records, authority, authority.material())
        records = _row(f"renewed the {number}. time", count, act) if number in (1, _ROUNDS) else act()
    material = authority.material()
    records = _row("moved to SHA-512", count, lambda: rehash(records, datas, "sha512", authority, material))
    sample = list(zip(records, datas, strict=True))[:200]
    good = _row(f"judged, {_ROUNDS + 2} timestamps each", len(sample), lambda: [judge_evidence(
        EvidenceRecord.parse(record), data, anchors=(authority.root,), crls=material.crls, now=authority.now).ok
        for record, data in sample])
    if not all(good) or authority.asked != _ROUNDS + 2:
        raise SystemExit("a record of the bench does not hold")
    print(f"  {'size of a record':<40}{len(records[0]) / 1000:8.1f} KB")


def _row(name: str, count: int, act: Callable[[], list[_Made]]) -> list[_Made]:
    start = time.process_time()
    made = act()
    print(f"  {name:<40}{count / (time.process_time() - start):8.0f}/s")
    return made
