"""The status list of seals (印章状态列表): what became of each seal, published, signed and cacheable.

A signed statement (:mod:`certs.statement`) of the type ``zhengyin/seal-status/1`` with exactly these members::

    at, thisUpdate    the moment of publication, the same in both
    nextUpdate        until then the list is fresh, 31 days at most
    sequence          1, 2, 3 …; never goes back
    seals             {identifier of the seal: entry (:mod:`certs.seal_status`)}

What a list says for good (lost, cancelled, use ended) no later one takes back or leaves out.

Source: 003 B第15条, B第16条 (the present state is published to anyone who verifies).
"""

from __future__ import annotations

import enum
import functools
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

from certs.canonical_json import JSON, is_object
from certs.chain import validate
from certs.crl import Crl
from certs.files import locked, write_atomic
from certs.moments import CLOCKS_DIFFER, read_moment, write_moment
from certs.ocsp import OcspResponse
from certs.seal_status import SealState, SealStatus, read_entry, seal_digest, write_entry
from certs.signer import Signer
from certs.statement import SignedStatement, StatementError, check_signature, sign_statement
from certs.trust import STATUS_LIST, Trust
from certs.x509 import Certificate
from codes.china_time import time_en, time_zh
from codes.errors import EngineError

__all__ = [
    "LONGEST", "MAX_BYTES", "STATUS_TYPE", "SealState", "SealStatus", "StatusCode", "StatusList", "StatusListError",
    "check_status_list", "genuine_status_list", "make_status_list", "name_seals", "read_status_list",
    "receive_status_list", "seal_digest", "seen_status_list", "trusted_status_list",
]

STATUS_TYPE: Final = "zhengyin/seal-status/1"
MAX_BYTES: Final = 16 * 1024 * 1024
LONGEST: Final = timedelta(days=31)
"""The longest that a list may be fresh: for so long it can be shown to who has seen no newer one."""
_KEYS: Final = frozenset({"type", "at", "thisUpdate", "nextUpdate", "sequence", "seals"})
_MAX_FOLDERS: Final = 256
_NAMED: Final = 5
_LOCK: Final = ".seal-status.lock"


class StatusCode(enum.StrEnum):
    """Codes of :class:`StatusListError`."""

    MALFORMED = "seal-status.malformed"
    SIGNER = "seal-status.signer"
    CHAIN = "seal-status.chain"
    FUTURE = "seal-status.future"
    OLDER = "seal-status.older"
    STALE = "seal-status.stale"
    TAKEN_BACK = "seal-status.taken-back"
    MISSING = "seal-status.missing"


class StatusListError(EngineError):
    """A status list cannot be read, or must not be believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusList:
    """A list that is well formed and bears the signature of the certificate in it; not yet believed."""

    signed: SignedStatement = field(repr=False)
    sequence: int
    this_update: datetime
    next_update: datetime
    seals: Mapping[str, SealStatus] = field(repr=False)

    def fresh(self, at: datetime) -> bool:
        """Whether the list still holds at ``at`` (aware)."""
        return at <= self.next_update

    def find(self, seal_id: str, signed_part: bytes) -> SealStatus | None:
        """Return what the list says of this very seal, None when it does not name it.

        Args:
            signed_part: DER of the eSealInfo.
        """
        status = self.seals.get(seal_id)
        return status if status is not None and status.digest == seal_digest(signed_part) else None

    def for_good(self) -> Mapping[str, SealStatus]:
        """Return the entries that no later list takes back (:meth:`SealStatus.for_good`)."""
        return {seal_id: one for seal_id, one in self.seals.items() if one.for_good(self.this_update)}

    def taken_back(self, seals: Mapping[str, SealStatus]) -> tuple[str, ...]:
        """Return the seals of which ``seals`` takes back or leaves out what this list says for good."""
        found = []
        for seal_id, one in self.for_good().items():
            later = seals.get(seal_id)
            if later is None or not later.keeps(one):
                found.append(seal_id)
        return tuple(sorted(found))


def make_status_list(
    *, sequence: int, this_update: datetime, next_update: datetime, seals: Mapping[str, SealStatus], signer: Signer,
) -> SignedStatement:
    """Sign a list; what is made is read again before it is handed out.

    Raises:
        StatusListError: ``seal-status.malformed`` when the values make no list.
        StatementError: ``statement.malformed``, the list is too large.
    """
    body: dict[str, JSON] = {
        "type": STATUS_TYPE, "at": write_moment(this_update), "thisUpdate": write_moment(this_update),
        "nextUpdate": write_moment(next_update), "sequence": sequence,
        "seals": {seal_id: write_entry(one) for seal_id, one in seals.items()},
    }
    signed = sign_statement(body, signer, max_bytes=MAX_BYTES)
    _read(signed)
    return signed


@functools.lru_cache(maxsize=4)
def read_status_list(data: bytes) -> StatusList:
    """Read a list and check its signature; the last few are kept, since every file that is verified asks.

    Raises:
        StatementError: no statement of this type, or its signature does not hold.
        StatusListError: ``seal-status.malformed``; one entry that is not understood spoils the whole list.
    """
    signed = SignedStatement.parse(data, type=STATUS_TYPE, max_bytes=MAX_BYTES)
    listed = _read(signed)
    check_signature(signed)
    return listed


def check_status_list(
    listed: StatusList, *, signers: Collection[Certificate], anchors: Iterable[Certificate],
    intermediates: Iterable[Certificate], crls: Iterable[Crl], ocsp: Iterable[OcspResponse] = (),
    at: datetime, clock_now: datetime,
) -> None:
    """Refuse a list that must not be believed; whether it is still fresh says :meth:`StatusList.fresh`.

    Args:
        signers: the status certificates that are trusted, by exact certificate.
        at: the moment asked about; clock_now: the present. A list published between them counts, as a
            revocation list does; its signer is judged at the later of ``at`` and the list's own moment.

    Raises:
        StatusListError: ``seal-status.signer``, ``seal-status.chain``, ``seal-status.future``.
    """
    signer = listed.signed.certificate
    if all(signer.der != one.der for one in signers):
        raise StatusListError(
            StatusCode.SIGNER, f"印章状态列表由“{signer.subject_cn}”签发，信任目录的 status-signers/ 中没有这张证书",
            f"the status list is signed by {signer.subject_cn}, whose certificate is not in status-signers/ of the "
            "trust folder")
    if listed.this_update > max(at, clock_now) + CLOCKS_DIFFER:
        raise StatusListError(
            StatusCode.FUTURE, f"印章状态列表的发布时间{time_zh(listed.this_update)}晚于现在，请核对时钟",
            f"the status list says that it is of {time_en(listed.this_update)}, later than now: check the clocks")
    result = validate(signer, intermediates=intermediates, anchors=anchors, crls=crls, ocsp=ocsp,
                      at=max(at, listed.this_update), clock_now=clock_now)
    if not result.ok:
        raise StatusListError(
            StatusCode.CHAIN, f"印章状态列表的签发证书不可用：{result.zh}",
            f"the certificate that signed the status list is not good: {result.en}", chain=result.code)


def genuine_status_list(data: bytes, trust: Trust, *, now: datetime) -> StatusList | None:
    """Return a list that is good, or was so when it was published and whose certificate has merely expired since.

    None for a list that cannot be read, is a stranger's or of the future, or whose certificate has been revoked.
    """
    with suppress(StatementError, StatusListError):
        listed = read_status_list(data)
        for at in (now, min(listed.this_update, now)):
            with suppress(StatusListError):
                _check(listed, trust, at=at, clock_now=now)
                return listed
    return None


def trusted_status_list(trust: Trust, *, at: datetime, clock_now: datetime) -> StatusList:
    """Return the list of a trust folder, believed; it may be stale.

    A process remembers the newest list that it believed of each folder: whoever puts yesterday's back is noticed.

    Raises:
        StatementError, StatusListError: see :func:`read_status_list` and :func:`check_status_list`; also
            ``seal-status.missing``, ``seal-status.older`` for a list that has been overtaken, and
            ``seal-status.taken-back`` for one that does not keep what the newest said for good.
    """
    if trust.seal_status is None:
        raise StatusListError(StatusCode.MISSING, "信任目录中没有印章状态列表（seal-status.json）",
                              "the trust folder holds no status list of seals (seal-status.json)")
    listed = read_status_list(trust.seal_status)
    _check(listed, trust, at=at, clock_now=clock_now)
    _remember(trust, listed)
    return listed


def seen_status_list(trust: Trust, *, at: datetime, clock_now: datetime) -> StatusList | None:
    """Return the newest list that this process believed of a trust folder, if it is to be believed still."""
    with _newest_lock:
        listed = _newest.get(_place(trust))
    if listed is not None:
        with suppress(StatusListError):
            _check(listed, trust, at=at, clock_now=clock_now)
            return listed
    return None


def receive_status_list(folder: Path, data: bytes, *, now: datetime, stale: bool = False) -> StatusList:
    """Put a newer list into a trust folder; the same one again changes nothing.

    Args:
        folder: the trust folder; data: the file of the list; now: the present (aware).
        stale: take also a list that is not fresh any more, so that a restored home learns what was published last.

    Raises:
        TrustError: see :meth:`certs.trust.Trust.load`.
        StatementError, StatusListError: the list is not to be believed, ``seal-status.stale``, or as against the
            genuine one that lies there ``seal-status.older`` or ``seal-status.taken-back``.
        FileError: it cannot be written.
    """
    with locked(folder / _LOCK):
        trust = Trust.load(folder)
        if trust.seal_status == data:
            return trusted_status_list(trust, at=now, clock_now=now)
        listed = trusted_status_list(replace(trust, seal_status=data, folder=None), at=now, clock_now=now)
        if not (stale or listed.fresh(now)):
            raise StatusListError(
                StatusCode.STALE,
                f"印章状态列表已于{time_zh(listed.next_update)}过期，不予收入，请向发布者获取最新的列表",
                f"the status list was good until {time_en(listed.next_update)} and is not taken in: get the newest "
                "from its publisher")
        present = genuine_status_list(trust.seal_status or b"", trust, now=now)
        if present is not None:
            _check_follows(listed, present, least=present.sequence + 1)
        write_atomic(folder / STATUS_LIST, data, mode=0o644)
    return listed


_Place = tuple[Path | None, frozenset[str]]
_newest: OrderedDict[_Place, StatusList] = OrderedDict()
_newest_lock = threading.Lock()


def _check(listed: StatusList, trust: Trust, *, at: datetime, clock_now: datetime) -> None:
    check_status_list(listed, signers=trust.status_signers, anchors=trust.roots, intermediates=trust.intermediates,
                      crls=trust.crls, ocsp=trust.ocsp, at=at, clock_now=clock_now)


def _place(trust: Trust) -> _Place:
    """The trust folder and the fingerprints of its status certificates.

    With other signers the memory is another, so that what a stolen key made does not stand in the way for ever.
    """
    return trust.folder, frozenset(one.fingerprint for one in trust.status_signers)


def _remember(trust: Trust, listed: StatusList) -> None:
    """Keep a list as the newest of its folder, after seeing that it follows the newest so far."""
    if trust.folder is None:
        return
    place = _place(trust)
    with _newest_lock:
        newest = _newest.get(place)
        if newest is not None and newest is not listed:
            _check_follows(listed, newest, least=newest.sequence)
        _newest[place] = listed
        _newest.move_to_end(place)
        if len(_newest) > _MAX_FOLDERS:
            _newest.popitem(last=False)


def _check_follows(listed: StatusList, earlier: StatusList, *, least: int) -> None:
    """Refuse a list that is older than one that was seen, or takes back what that one said for good."""
    if listed.sequence < least or listed.this_update < earlier.this_update:
        raise StatusListError(
            StatusCode.OLDER,
            f"印章状态列表（序号 {listed.sequence}，{time_zh(listed.this_update)}发布）旧于已见过的列表"
            f"（序号应为 {least} 以上，发布时间不早于{time_zh(earlier.this_update)}），请重新获取",
            f"the status list (number {listed.sequence} of {time_en(listed.this_update)}) is older than one that "
            f"was seen ({least} is the least number, {time_en(earlier.this_update)} the earliest moment): get it again")
    if back := earlier.taken_back(listed.seals):
        seals = name_seals(back)
        raise StatusListError(
            StatusCode.TAKEN_BACK,
            f"印章状态列表收回或漏去了已公示的挂失、注销或停用：{seals}，不予采用，请与发布者核实",
            f"the status list takes back or leaves out that seals were lost, cancelled or retired: {seals}; it is left "
            "aside: ask its publisher", seals=seals)


def name_seals(identifiers: Sequence[str]) -> str:
    """Return the first few identifiers for a message."""
    more = f" … ({len(identifiers)})" if len(identifiers) > _NAMED else ""
    return ", ".join(identifiers[:_NAMED]) + more


def _malformed(zh: str, en: str) -> StatusListError:
    return StatusListError(StatusCode.MALFORMED, f"印章状态列表{zh}，整个列表不予采用，请向发布者重新获取",
                           f"the status list {en}; all of it is left aside: get it again from its publisher")


def _read(signed: SignedStatement) -> StatusList:
    body = signed.body
    if set(body) != _KEYS or body["at"] != body["thisUpdate"]:
        raise _malformed("的项目不符合规定", "has other members than it should")
    sequence, seals, next_text = body["sequence"], body["seals"], body["nextUpdate"]
    if type(sequence) is not int or sequence < 1 or not is_object(seals):
        raise _malformed("的序号或印章表有误", "has no proper sequence or no table of seals")
    try:
        next_update = read_moment(next_text if isinstance(next_text, str) else "")
        read = {seal_id: read_entry(seal_id, entry) for seal_id, entry in seals.items()}
    except ValueError:
        raise _malformed("中有不能识别的状态、时间或印章编码",
                         "holds a state, a moment or an identifier that is not understood") from None
    if not timedelta() < next_update - signed.at <= LONGEST:
        raise _malformed(f"的有效时间应在 {LONGEST.days} 天以内",
                         f"is fresh for no time, or for more than {LONGEST.days} days")
    return StatusList(signed=signed, sequence=sequence, this_update=signed.at, next_update=next_update,
                      seals=MappingProxyType(read))
