"""The status list of seals (印章状态列表): what became of each seal, published, signed and cacheable.

A signed statement (:mod:`certs.statement`) of the type ``zhengyin/seal-status/1`` with exactly these members::

    at, thisUpdate    the moment of publication, the same in both
    nextUpdate        until then the list is fresh
    sequence          1, 2, 3 …; never goes back
    seals             {identifier of the seal: [state, since, until, SM3 of what the seal maker signed, hex]}

``since`` and ``until`` are moments or null. Of a seal that is or was in use they are the first moment of its use
and the moment its use ends; of one that is suspended, lost or cancelled ``since`` is the moment from which on it
must not have been used. The digest ties an entry to one very seal: two makers may give the same identifier.

Source: 003 B第15条, B第16条 (the present state is published to anyone who verifies).
"""

from __future__ import annotations

import enum
import functools
import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
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
from certs.moments import read_moment, write_moment
from certs.signer import Signer
from certs.sm3 import sm3
from certs.statement import SignedStatement, StatementError, check_signature, sign_statement
from certs.trust import STATUS_LIST, Trust
from certs.x509 import Certificate
from codes.errors import EngineError

__all__ = [
    "MAX_BYTES", "STATUS_TYPE", "SealState", "SealStatus", "StatusCode", "StatusList", "StatusListError",
    "check_status_list", "make_status_list", "read_status_list", "receive_status_list", "seal_digest",
    "trusted_status_list",
]

STATUS_TYPE: Final = "zhengyin/seal-status/1"
MAX_BYTES: Final = 16 * 1024 * 1024
_CLOCKS_DIFFER: Final = timedelta(minutes=5)
_KEYS: Final = frozenset({"type", "at", "thisUpdate", "nextUpdate", "sequence", "seals"})
_IDENTIFIER: Final = re.compile(r"[!-~]{1,200}", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MAX_FOLDERS: Final = 1024
_LOCK: Final = ".seal-status.lock"


class StatusCode(enum.StrEnum):
    """Codes of :class:`StatusListError`."""

    MALFORMED = "seal-status.malformed"
    SIGNER = "seal-status.signer"
    CHAIN = "seal-status.chain"
    FUTURE = "seal-status.future"
    OLDER = "seal-status.older"
    MISSING = "seal-status.missing"


class StatusListError(EngineError):
    """A status list cannot be read, or must not be believed."""


class SealState(enum.StrEnum):
    """What a list says of a seal."""

    MADE = "made"                # 制作完成，尚未启用
    IN_USE = "in-use"
    SUSPENDED = "suspended"
    LOST = "lost"
    CANCELLED = "cancelled"
    RETIRED = "retired"          # a successor has taken its place

    @property
    def is_final(self) -> bool:
        """Whether no later list can take it back: what is lost or cancelled stays so."""
        return self in (SealState.LOST, SealState.CANCELLED)


_STOPPED: Final = frozenset({SealState.SUSPENDED, SealState.LOST, SealState.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class SealStatus:
    """One entry; moments are aware UTC, what they mean says the head of this module.

    Attributes:
        digest: SM3 of the seal's signed part, 32 bytes (:func:`seal_digest`).

    Raises:
        ValueError: suspended, lost or cancelled without ``since``, retired without ``until``.
    """

    state: SealState
    since: datetime | None = None
    until: datetime | None = None
    digest: bytes

    def __post_init__(self) -> None:
        if (self.state in _STOPPED and self.since is None) or (
                self.state is SealState.RETIRED and self.until is None):
            raise ValueError(f"{self.state.value} needs its moment")
        if len(self.digest) != 32:
            raise ValueError("the digest has 32 bytes")


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


def seal_digest(signed_part: bytes) -> bytes:
    """Return the digest by which a list names a seal: SM3 of its eSealInfo (DER).

    The part that the maker signed, not the whole file: whoever holds a lost seal could put the maker's
    certificate or signature around it in another form, and it would be no seal of the list.
    """
    return sm3(signed_part)


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
        "seals": {seal_id: [one.state.value, _moment_text(one.since), _moment_text(one.until), one.digest.hex()]
                  for seal_id, one in seals.items()},
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
    intermediates: Iterable[Certificate], crls: Iterable[Crl], at: datetime, clock_now: datetime,
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
    if listed.this_update > max(at, clock_now) + _CLOCKS_DIFFER:
        raise StatusListError(
            StatusCode.FUTURE, f"印章状态列表的发布时间 {write_moment(listed.this_update)} 晚于现在，请核对时钟",
            f"the status list says that it is of {write_moment(listed.this_update)}, later than now: check the clocks")
    result = validate(signer, intermediates=intermediates, anchors=anchors, crls=crls,
                      at=max(at, listed.this_update), clock_now=clock_now)
    if not result.ok:
        raise StatusListError(
            StatusCode.CHAIN, f"印章状态列表的签发证书不可用：{result.zh}",
            f"the certificate that signed the status list is not good: {result.en}", chain=result.code)


def trusted_status_list(trust: Trust, *, at: datetime, clock_now: datetime) -> StatusList:
    """Return the list of a trust folder, believed; it may be stale.

    A process remembers the newest list that it believed of each folder: whoever puts yesterday's back is noticed.

    Raises:
        StatementError, StatusListError: see :func:`read_status_list` and :func:`check_status_list`; also
            ``seal-status.missing``, and ``seal-status.older`` for a list that has been overtaken.
    """
    if trust.seal_status is None:
        raise StatusListError(StatusCode.MISSING, "信任目录中没有印章状态列表（seal-status.json）",
                              "the trust folder holds no status list of seals (seal-status.json)")
    listed = read_status_list(trust.seal_status)
    check_status_list(listed, signers=trust.status_signers, anchors=trust.roots, intermediates=trust.intermediates,
                      crls=trust.crls, at=at, clock_now=clock_now)
    if trust.folder is not None:
        signers = frozenset(one.fingerprint for one in trust.status_signers)
        _refuse_older(listed, _remember((trust.folder, signers), listed.sequence))
    return listed


def receive_status_list(folder: Path, data: bytes, *, now: datetime) -> StatusList:
    """Put a newer list into a trust folder; the same one again changes nothing.

    Args:
        folder: the trust folder; data: the file of the list; now: the present (aware).

    Raises:
        TrustError: see :meth:`certs.trust.Trust.load`.
        StatementError, StatusListError: the list is not to be believed, or ``seal-status.older`` than the one there.
        FileError: it cannot be written.
    """
    with locked(folder / _LOCK):
        trust = Trust.load(folder)
        if trust.seal_status == data:
            return trusted_status_list(trust, at=now, clock_now=now)
        listed, least = trusted_status_list(replace(trust, seal_status=data, folder=None), at=now, clock_now=now), 1
        with suppress(StatementError, StatusListError):          # a list that is not believed keeps no good one out
            present = trusted_status_list(replace(trust, folder=None), at=now, clock_now=now)
            least = present.sequence + 1
        _refuse_older(listed, least)
        write_atomic(folder / STATUS_LIST, data, mode=0o644)
    return listed


_newest: OrderedDict[tuple[Path, frozenset[str]], int] = OrderedDict()
_newest_lock = threading.Lock()


def _remember(place: tuple[Path, frozenset[str]], sequence: int) -> int:
    """Return the highest sequence that the process has believed there, this one counted.

    Args:
        place: the trust folder, and the fingerprints of its status certificates: with other signers the count is
            another, so that a number made by a stolen key does not stand in the way for ever.
    """
    with _newest_lock:
        sequence = max(sequence, _newest.pop(place, 0))
        _newest[place] = sequence
        if len(_newest) > _MAX_FOLDERS:
            _newest.popitem(last=False)
    return sequence


def _refuse_older(listed: StatusList, least: int) -> None:
    if listed.sequence < least:
        raise StatusListError(
            StatusCode.OLDER, f"印章状态列表的序号 {listed.sequence} 低于已见过的列表，应为 {least} 以上，请重新获取",
            f"the status list has number {listed.sequence}, but a newer one was seen ({least} is the least): "
            "get it again")


def _moment_text(moment: datetime | None) -> str | None:
    return None if moment is None else write_moment(moment)


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
        read = {seal_id: _entry(seal_id, entry) for seal_id, entry in seals.items()}
    except ValueError:
        raise _malformed("中有不能识别的状态、时间或印章编码",
                         "holds a state, a moment or an identifier that is not understood") from None
    if next_update <= signed.at:
        raise _malformed("的下次发布时间不晚于本次", "ends before it begins")
    return StatusList(signed=signed, sequence=sequence, this_update=signed.at, next_update=next_update,
                      seals=MappingProxyType(read))


def _entry(seal_id: str, entry: JSON) -> SealStatus:
    """Read one entry.

    Raises:
        ValueError: it is not understood.
    """
    if not _IDENTIFIER.fullmatch(seal_id) or not isinstance(entry, list) or len(entry) != 4:
        raise ValueError("an entry has an identifier and four parts")
    state, since, until, digest = entry
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise ValueError("a digest has 64 digits")
    return SealStatus(state=SealState(state), since=_moment(since), until=_moment(until), digest=bytes.fromhex(digest))


def _moment(value: JSON) -> datetime | None:
    return None if value is None else read_moment(value if isinstance(value, str) else "")
