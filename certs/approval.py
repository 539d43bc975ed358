"""Standing approvals (用印审批): the recorded leave without which nothing is sealed.

An approval says who gave it and who confirmed it, for which licence kinds, which region, which seal, from
when to when and how many times. ``check`` refuses whatever goes beyond it; counting the uses is the
ledger's duty, in the transaction that records the licence. Source: 003 B第12条, decision 3.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from certs.files import read_file
from codes.errors import EngineError

__all__ = ["Approval", "ApprovalCode", "ApprovalError", "check", "choose", "load_approval", "parse_approval"]

_MAX_BYTES = 64 * 1024
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REGION = re.compile(r"[0-9]{6}")
_KEYS = frozenset({"id", "givenBy", "confirmedBy", "kinds", "region", "seal", "from", "to", "count"})


class ApprovalCode(enum.StrEnum):
    """Codes of :class:`ApprovalError`."""

    MALFORMED = "approval.malformed"
    NONE = "approval.none"
    SEAL = "approval.seal"
    KIND = "approval.kind"
    REGION = "approval.region"
    NOT_YET = "approval.not-yet"
    ENDED = "approval.ended"
    EXHAUSTED = "approval.exhausted"


class ApprovalError(EngineError):
    """An act of sealing has no approval, or goes beyond the one it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One standing approval, given by one person and confirmed by another.

    ``region`` is six digits of GB/T 2260; trailing pairs of zeros take in all that lies below (``140000``
    is the whole province). ``count`` is how many licences may be sealed in all. ``valid_from`` and
    ``valid_to`` are moments, both included.
    """

    id: str
    given_by: str
    confirmed_by: str
    kinds: tuple[str, ...]
    region: str
    seal_id: str
    valid_from: dt.datetime
    valid_to: dt.datetime
    count: int

    def __post_init__(self) -> None:
        _require(bool(_ID.fullmatch(self.id)), self.id, "id", "编号 id 应为字母、数字、点、横线，至多 64 位",
                 "id takes letters, digits, dots and dashes, at most 64")
        _require(bool(self.given_by.strip()) and bool(self.confirmed_by.strip()), self.id, "persons",
                 "须写明批准人和确认人", "both the person who gives and the one who confirms must be named")
        _require(self.given_by.strip() != self.confirmed_by.strip(), self.id, "persons",
                 "批准人与确认人必须是两个人", "giver and confirmer must be two persons")
        _require(bool(self.kinds), self.id, "kinds", "须列出证照种类", "the licence kinds must be listed")
        _require(bool(_REGION.fullmatch(self.region)), self.id, "region", "行政区划应为六位数字",
                 "the region takes six digits")
        _require(bool(self.seal_id), self.id, "seal", "须写明印章编码", "the seal must be named by its esID")
        _require(self.valid_from.tzinfo is not None and self.valid_to.tzinfo is not None
                 and self.valid_from <= self.valid_to, self.id, "period",
                 "起止时间须带时区且先后正确", "the period needs a time zone and an end not before its start")
        _require(self.count >= 0, self.id, "count", "次数不得为负", "the count must not be negative")

    def to_json(self) -> bytes:
        """Return the file's content: UTF-8 JSON, keys in fixed order."""
        content = {
            "id": self.id, "givenBy": self.given_by, "confirmedBy": self.confirmed_by,
            "kinds": list(self.kinds), "region": self.region, "seal": self.seal_id,
            "from": self.valid_from.isoformat(), "to": self.valid_to.isoformat(), "count": self.count,
        }
        return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def _require(holds: bool, approval_id: str, part: str, zh: str, en: str) -> None:
    if not holds:
        raise ApprovalError(
            ApprovalCode.MALFORMED, f"用印审批 {approval_id}：{zh}", f"approval {approval_id}: {en}",
            approval=approval_id, part=part)


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key is given twice")
    return content


def parse_approval(data: bytes, *, name: str) -> Approval:
    """Read an approval from JSON; unknown and missing keys are errors.

    Args:
        name: what errors call it (the file's name).

    Raises:
        ApprovalError: ``approval.malformed``.
    """
    try:
        content = json.loads(data.decode("utf-8"), object_pairs_hook=_no_repeats)
        if not isinstance(content, Mapping) or set(content) != _KEYS:
            raise ValueError("keys")
        kinds, count = content["kinds"], content["count"]
        texts = [content[key] for key in _KEYS - {"kinds", "count"}]
        if not (isinstance(kinds, list) and all(isinstance(text, str) for text in [*kinds, *texts])
                and type(count) is int):
            raise ValueError("types")
        period = [dt.datetime.fromisoformat(content[key]) for key in ("from", "to")]
    except (ValueError, RecursionError):
        raise ApprovalError(
            ApprovalCode.MALFORMED,
            f"用印审批文件 {name} 不是规定的 JSON（须恰有 {'、'.join(sorted(_KEYS))}），请更正",
            f"{name} is not an approval: it takes a JSON object with exactly {', '.join(sorted(_KEYS))}; "
            "correct it",
            approval=name) from None
    return Approval(
        id=content["id"], given_by=content["givenBy"], confirmed_by=content["confirmedBy"],
        kinds=tuple(kinds), region=content["region"], seal_id=content["seal"],
        valid_from=period[0], valid_to=period[1], count=count)


def load_approval(path: Path) -> Approval:
    """Read the approval in the file ``path``.

    Raises:
        ApprovalError: ``approval.malformed``.
        FileError: the file cannot be read.
    """
    return parse_approval(read_file(path, max_bytes=_MAX_BYTES), name=path.name)


def _covers(region: str, place: str) -> bool:
    """Say whether ``place`` lies in ``region`` (six digits each, GB/T 2260)."""
    digits = region
    while len(digits) > 2 and digits.endswith("00"):
        digits = digits[:-2]
    return place.startswith(digits)


def check(approval: Approval, *, kind: str, region: str, seal_id: str, at: dt.datetime, used: int) -> None:
    """Refuse an act of sealing that goes beyond ``approval``.

    Args:
        kind: code of the licence kind (``K0``).
        region: six digits of GB/T 2260 that the licence belongs to.
        seal_id: esID of the seal.
        at: aware moment of sealing.
        used: how many licences were sealed under it before this one.

    Raises:
        ApprovalError: ``approval.seal``, ``approval.kind``, ``approval.region``, ``approval.not-yet``,
            ``approval.ended`` or ``approval.exhausted``, the first that applies.

    Source: 003 B第12条 (严禁不按照审批权限使用).
    """
    def refuse(code: ApprovalCode, zh: str, en: str) -> ApprovalError:
        return ApprovalError(
            code, f"用印审批 {approval.id} {zh}，不予盖章；请取得相应审批",
            f"approval {approval.id} {en}, so nothing is sealed; obtain an approval that does",
            approval=approval.id)

    if seal_id != approval.seal_id:
        raise refuse(ApprovalCode.SEAL, f"不包括印章 {seal_id}", f"does not cover seal {seal_id}")
    if kind not in approval.kinds:
        raise refuse(ApprovalCode.KIND, f"不包括证照种类 {kind}", f"does not cover licence kind {kind}")
    if not _covers(approval.region, region):
        raise refuse(ApprovalCode.REGION, f"限于行政区划 {approval.region}，不包括 {region}",
                     f"is for region {approval.region} and does not cover {region}")
    if at < approval.valid_from:
        raise refuse(ApprovalCode.NOT_YET, f"自 {approval.valid_from.isoformat()} 起才生效",
                     f"does not cover a time before {approval.valid_from.isoformat()}")
    if at > approval.valid_to:
        raise refuse(ApprovalCode.ENDED, f"已于 {approval.valid_to.isoformat()} 到期",
                     f"does not cover a time after {approval.valid_to.isoformat()}")
    if used >= approval.count:
        raise refuse(ApprovalCode.EXHAUSTED, f"的 {approval.count} 次已用完",
                     f"does not cover more than its {approval.count} uses")


def choose(
    approvals: Iterable[Approval], *, kind: str, region: str, seal_id: str, at: dt.datetime,
    used: Mapping[str, int],
) -> Approval:
    """Return the first approval, by id, under which this act of sealing is allowed.

    Args:
        used: approval id → licences sealed under it so far; absent means none.

    Raises:
        ApprovalError: ``approval.none`` when no approval names the seal; else why the nearest one refuses.
    """
    nearest: ApprovalError | None = None
    rank = {code: place for place, code in enumerate(ApprovalCode)}      # the later, the nearer to leave
    for approval in sorted(approvals, key=lambda one: one.id):
        try:
            check(approval, kind=kind, region=region, seal_id=seal_id, at=at, used=used.get(approval.id, 0))
        except ApprovalError as refusal:
            code = ApprovalCode(refusal.code)
            if code is not ApprovalCode.SEAL and (
                    nearest is None or rank[code] > rank[ApprovalCode(nearest.code)]):
                nearest = refusal
        else:
            return approval
    raise nearest or ApprovalError(
        ApprovalCode.NONE,
        f"印章 {seal_id} 没有用印审批，不予盖章；请把审批文件放入 approvals/ 目录",
        f"seal {seal_id} has no approval, so nothing is sealed; put one into the folder approvals/",
        seal=seal_id)
