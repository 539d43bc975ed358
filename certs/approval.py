"""Approvals of sealing (用印审批): the leave without which nothing is sealed, signed by two persons.

One person gives it, another confirms it, each with a personal certificate. Its terms say for which licence kinds,
which region, which seal, from when to when and how many times; one for a single record names its digest. A file
``approvals/<id>.json`` holds both statements. Whether an act of sealing keeps within it: :mod:`certs.approval_scope`.
Source: 003 B第12条, decision 3.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from certs.canonical_json import JSON, members_once
from certs.crl import Crl
from certs.files import read_file
from certs.moments import read_moment, write_moment
from certs.ocsp import OcspResponse
from certs.persons import same_person
from certs.signer import Signer
from certs.statement import SignedStatement, StatementCode, StatementError, check_statement, sign_statement
from certs.x509 import Certificate
from codes.errors import EngineError

__all__ = [
    "CONFIRMED", "GIVEN", "Approval", "ApprovalCode", "ApprovalError", "Terms", "check_signed", "confirm", "give",
    "load_approval", "parse_approval", "read_terms",
]

GIVEN: Final = "zhengyin/approval/1"
CONFIRMED: Final = "zhengyin/approval-confirmation/1"
_MAX_BYTES: Final = 128 * 1024
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_REGION: Final = re.compile(r"[0-9]{6}", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TERMS: Final = frozenset({"type", "at", "id", "kinds", "region", "seal", "from", "to", "count"})
_CONFIRMATION: Final = frozenset({"type", "at", "approval", "given"})


class ApprovalCode(enum.StrEnum):
    """Codes of :class:`ApprovalError`; of two refusals the later one is nearer to leave."""

    NONE = "approval.none"
    SEAL = "approval.seal"
    RECORD = "approval.record"
    MALFORMED = "approval.malformed"
    ONE_PERSON = "approval.one-person"
    SIGNATURE = "approval.signature"
    CERTIFICATE = "approval.certificate"
    KIND = "approval.kind"
    REGION = "approval.region"
    NOT_YET = "approval.not-yet"
    ENDED = "approval.ended"
    EXHAUSTED = "approval.exhausted"
    NOT_APPROVER = "approval.not-approver"


class ApprovalError(EngineError):
    """An act of sealing has no approval, or goes beyond the one it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an approval allows.

    ``region`` is six digits of GB/T 2260; trailing pairs of zeros take in all that lies below (``140000``
    is the whole province). ``count`` is how many licences may be sealed in all. ``valid_from`` and
    ``valid_to`` are aware moments, both included. ``record`` is the SM3 (hexadecimal) of the one record that may
    be sealed; None for a standing approval. ``continues`` names the approvals, of seals before this one, that it goes
    on with: what was sealed under any of them counts, so that leave is not multiplied by being carried on.
    """

    id: str
    kinds: tuple[str, ...]
    region: str
    seal_id: str
    valid_from: datetime
    valid_to: datetime
    count: int
    record: str | None = None
    continues: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require(bool(_ID.fullmatch(self.id)), self.id, "id", "编号 id 应为字母、数字、点、横线，至多 64 位",
                 "id takes letters, digits, dots and dashes, at most 64")
        _require(bool(self.kinds) and all(self.kinds), self.id, "kinds", "须列出证照种类",
                 "the licence kinds must be listed")
        _require(bool(_REGION.fullmatch(self.region)), self.id, "region", "行政区划应为六位数字",
                 "the region takes six digits")
        _require(bool(self.seal_id), self.id, "seal", "须写明印章编码", "the seal must be named by its esID")
        _require(self.valid_from.tzinfo is not None and self.valid_to.tzinfo is not None
                 and self.valid_from <= self.valid_to, self.id, "period",
                 "起止时间须带时区且先后正确", "the period needs a time zone and an end not before its start")
        _require(self.count >= 0, self.id, "count", "次数不得为负", "the count must not be negative")
        _require(all(map(_ID.fullmatch, self.continues)) and self.id not in self.continues, self.id, "continues",
                 "所接续的须是另一些用印审批的编号", "what it continues must be numbers of other approvals")
        _require(self.record is None or (bool(_DIGEST.fullmatch(self.record)) and self.count == 1), self.id, "record",
                 "针对单份数据的审批须写其 SM3（64 位十六进制），次数为 1",
                 "an approval of one record takes its SM3 (64 hexadecimal digits) and a count of 1")


def _require(holds: bool, approval_id: str, part: str, zh: str, en: str) -> None:
    if not holds:
        raise ApprovalError(
            ApprovalCode.MALFORMED, f"用印审批 {approval_id}：{zh}", f"approval {approval_id}: {en}",
            approval=approval_id, part=part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """An approval with the statements of who gave and who confirmed it: one fits the other, nothing is believed yet."""

    terms: Terms
    given: SignedStatement
    confirmed: SignedStatement

    @classmethod
    def join(cls, given: SignedStatement, confirmed: SignedStatement) -> Approval:
        """Join the two statements.

        Raises:
            ApprovalError: ``approval.malformed`` (no terms, or another approval is confirmed),
                ``approval.one-person``.
        """
        terms = read_terms(given)
        body = confirmed.body
        if confirmed.type != CONFIRMED or set(body) != _CONFIRMATION or body["approval"] != terms.id \
                or body["given"] != given.digest.hex():
            raise ApprovalError(
                ApprovalCode.MALFORMED, f"用印审批 {terms.id} 的确认不是对这份审批的确认，请由确认人重新确认",
                f"what confirms approval {terms.id} confirms something else: have it confirmed anew", approval=terms.id)
        _check_two(given.certificate, confirmed.certificate, terms.id)
        return cls(terms=terms, given=given, confirmed=confirmed)

    @property
    def id(self) -> str:
        """Its number; uses are counted by it."""
        return self.terms.id

    def to_json(self) -> bytes:
        """Return the file's content: both statements."""
        content = {"given": json.loads(self.given.to_json()), "confirmed": json.loads(self.confirmed.to_json())}
        return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def give(terms: Terms, *, signer: Signer, at: datetime) -> SignedStatement:
    """Give an approval; it allows nothing until another person confirms it.

    Args:
        signer: of the person who gives it; at: the present, aware.

    Raises:
        StatementError: the terms cannot be signed.
    """
    body: dict[str, JSON] = {
        "type": GIVEN, "at": write_moment(at), "id": terms.id, "kinds": terms.kinds, "region": terms.region,
        "seal": terms.seal_id, "from": write_moment(terms.valid_from), "to": write_moment(terms.valid_to),
        "count": terms.count,
    }
    if terms.record is not None:
        body["record"] = terms.record
    if terms.continues:
        body["continues"] = terms.continues
    return sign_statement(body, signer)


def confirm(given: SignedStatement, *, signer: Signer, at: datetime) -> SignedStatement:
    """Confirm an approval that another person gave.

    Raises:
        ApprovalError: ``approval.malformed``, ``approval.one-person``.
    """
    terms = read_terms(given)
    _check_two(given.certificate, signer.certificate, terms.id)
    return sign_statement({
        "type": CONFIRMED, "at": write_moment(at), "approval": terms.id, "given": given.digest.hex()}, signer)


def _check_two(giver: Certificate, confirmer: Certificate, approval_id: str) -> None:
    if same_person(giver, confirmer):
        raise ApprovalError(
            ApprovalCode.ONE_PERSON, f"用印审批 {approval_id} 的批准人与确认人是同一人，请由另一人确认",
            f"approval {approval_id} is given and confirmed by one person: have another confirm it",
            approval=approval_id)


def read_terms(given: SignedStatement) -> Terms:
    """Return the terms that a person signed.

    Raises:
        ApprovalError: ``approval.malformed``.
    """
    body = given.body
    try:
        if given.type != GIVEN or set(body) - {"record", "continues"} != _TERMS:
            raise ValueError("keys")
        kinds, count, record = body["kinds"], body["count"], body.get("record")
        continues = body.get("continues", ())
        if not isinstance(kinds, list | tuple) or not isinstance(continues, list | tuple) \
                or type(count) is not int or not isinstance(record, str | None):
            raise ValueError("types")
        texts = {key: _text(body[key]) for key in ("id", "region", "seal", "from", "to")}
        return Terms(
            id=texts["id"], kinds=tuple(_text(kind) for kind in kinds), region=texts["region"], seal_id=texts["seal"],
            valid_from=read_moment(texts["from"]), valid_to=read_moment(texts["to"]), count=count, record=record,
            continues=tuple(_text(number) for number in continues))
    except ValueError:
        raise ApprovalError(
            ApprovalCode.MALFORMED,
            f"所签的不是用印审批（须恰有 {'、'.join(sorted(_TERMS))}，单份审批另有 record，接续的另有 continues），"
            "请重新签署",
            f"what was signed is no approval: it takes exactly {', '.join(sorted(_TERMS))}, record where it is for one "
            "record, continues where it goes on with others; sign it anew") from None


def _text(value: JSON) -> str:
    if not isinstance(value, str):
        raise ValueError("a text")
    return value


def parse_approval(data: bytes, *, name: str) -> Approval:
    """Read the file of an approval; unknown, missing and twin keys are errors.

    Args:
        name: what errors call it (the file's name).

    Raises:
        ApprovalError: ``approval.malformed``, ``approval.one-person``.
    """
    try:
        content: Any = json.loads(data.decode("utf-8"), object_pairs_hook=members_once)
        if not isinstance(content, Mapping) or set(content) != {"given", "confirmed"}:
            raise ValueError("keys")
        given, confirmed = (
            SignedStatement.parse(json.dumps(content[key]).encode(), type=kind)
            for key, kind in (("given", GIVEN), ("confirmed", CONFIRMED)))
    except (ValueError, RecursionError, StatementError) as error:
        raise ApprovalError(
            ApprovalCode.MALFORMED,
            f"{name} 不是用印审批（须恰有 given、confirmed 两份签署的声明），请由批准人和确认人重新签署",
            f"{name} is not an approval: it takes exactly two signed statements, given and confirmed; "
            "have it signed anew", approval=name) from error
    return Approval.join(given, confirmed)


def load_approval(path: Path) -> Approval:
    """Read the approval in the file ``path``, which its number names: so no number is there twice.

    Raises:
        ApprovalError: ``approval.malformed``, ``approval.one-person``.
        FileError: the file cannot be read.
    """
    approval = parse_approval(read_file(path, max_bytes=_MAX_BYTES), name=path.name)
    if path.name != f"{approval.id}.json":
        raise ApprovalError(
            ApprovalCode.MALFORMED, f"用印审批文件 {path.name} 应以其编号命名（{approval.id}.json），请改名",
            f"{path.name} must be called {approval.id}.json after its number: rename it", approval=path.name)
    return approval


def check_signed(
    approval: Approval, *, anchors: Iterable[Certificate], intermediates: Iterable[Certificate],
    crls: Iterable[Crl], ocsp: Iterable[OcspResponse] = (), clock_now: datetime,
) -> None:
    """Refuse an approval whose signatures do not hold, or whose persons' certificates were not good when they signed.

    Raises:
        ApprovalError: ``approval.signature``, ``approval.certificate`` (with the chain's code in the fact ``chain``).
    """
    for signed, kind in ((approval.given, GIVEN), (approval.confirmed, CONFIRMED)):
        try:
            check_statement(signed, type=kind, anchors=anchors, intermediates=intermediates, crls=crls, ocsp=ocsp,
                            at=signed.at, clock_now=clock_now)
        except StatementError as error:
            chain = error.code is StatementCode.CHAIN
            raise ApprovalError(
                ApprovalCode.CERTIFICATE if chain else ApprovalCode.SIGNATURE,
                f"用印审批 {approval.id} 不予认可：{error.zh}", f"approval {approval.id} is not accepted: {error.en}",
                approval=approval.id, **error.facts) from error
