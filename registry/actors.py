"""Who may act: persons with their certificates, roles and scopes; appointing and dismissing them.

An applicant, a custodian and an approver act for their own unit alone, a reviewer for the units of a region. Roles
are data of the registry and end at a moment; nobody is ever removed.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final
from unicodedata import is_normalized

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from certs.chain import validate
from certs.known import load_known
from certs.persons import same_person
from certs.plain_text import odd_character, says_something
from certs.x509 import Certificate
from codes.errors import EngineError
from codes.region import covers
from codes.uscc import is_uscc
from registry.database import Registry, Transaction
from registry.errors import RegistryCode, RegistryError, refused
from registry.requests import Handler, Outcome, Request
from registry.tables import Actor, ActorRole
from registry.words import roles_zh

__all__ = [
    "CLAUSE", "HANDLERS", "REGIONAL", "ROLES", "ROLES_OF_ACT", "UNIT_BOUND", "allowed", "create_registry",
    "find_actor", "held", "same_person",
]

REGIONAL: Final = frozenset({"county-reviewer", "upper-reviewer"})
"""Roles for a region."""
UNIT_BOUND: Final = frozenset({"applicant", "custodian", "approver"})
"""Roles for one's own unit."""
ROLES: Final = REGIONAL | UNIT_BOUND | {"administrator", "maker", "auditor"}
_REGION: Final = re.compile(r"(?:[0-9]{6})?", re.ASCII)
CLAUSE: Final = "003 A第24条、第25条"


def find_actor(session: Session, certificate: Certificate) -> Actor:
    """Return the actor with this certificate, appointed and not dismissed.

    Raises:
        RegistryError: ``registry.unknown-actor``, ``registry.dismissed-actor``.
    """
    actor = session.get(Actor, certificate.fingerprint)
    if actor is None:
        raise refused(
            RegistryCode.UNKNOWN_ACTOR, "签署人未在登记库中任命，请由管理员任命后重签",
            "whoever signed was not appointed in this registry: have an administrator do so, then sign again",
            clause=CLAUSE, actor=certificate.fingerprint)
    if actor.dismissed_at is not None:
        raise refused(
            RegistryCode.DISMISSED_ACTOR, "签署人已被免去全部角色，不得再办理",
            "whoever signed was dismissed from every role and may not act", clause=CLAUSE, actor=actor.id)
    return actor


def held(
    session: Session, actor: Actor, roles: Collection[str], *, at: datetime, clause: str = CLAUSE,
) -> tuple[ActorRole, ...]:
    """Return those of ``roles`` that the actor holds at the moment ``at``.

    Args:
        clause: what demands the role.

    Raises:
        RegistryError: ``registry.role-missing`` when there is none.
    """
    found = tuple(session.scalars(
        select(ActorRole).where(
            ActorRole.actor == actor.id, ActorRole.role.in_(sorted(roles)), ActorRole.since <= at,
            or_(ActorRole.until.is_(None), ActorRole.until > at)).order_by(ActorRole.number)))
    if not found:
        raise refused(
            RegistryCode.ROLE_MISSING, f"签署人没有所需的角色（{roles_zh(sorted(roles))}），不予办理",
            f"whoever signed has none of the roles that this takes ({', '.join(sorted(roles))})",
            clause=clause, actor=actor.id)
    return found


def allowed(
    session: Session, actor: Actor, roles: Collection[str], *, unit: str, at: datetime, clause: str = CLAUSE,
) -> tuple[ActorRole, ...]:
    """Return those of ``roles`` that the actor holds at ``at`` for the organisation with the USCC ``unit``.

    Raises:
        RegistryError: ``registry.role-missing``, ``registry.out-of-scope``.
    """
    rows = held(session, actor, roles, at=at, clause=clause)
    fitting = tuple(row for row in rows if _in_scope(actor, row, unit))
    if not fitting:
        raise refused(
            RegistryCode.OUT_OF_SCOPE, f"签署人的单位或辖区不包括 {unit}，不予办理",
            f"the unit or region of whoever signed does not take in {unit}", clause=clause, actor=actor.id)
    return fitting


def _in_scope(actor: Actor, row: ActorRole, unit: str) -> bool:
    if row.role in UNIT_BOUND:
        return actor.unit == unit
    return row.role not in REGIONAL or covers(row.region, unit[2:8])


def create_registry(
    home: Path, *, administrator: Certificate, now: datetime, unit: str = "", url: str | None = None,
) -> Registry:
    """Make the registry of ``home`` with its first administrator.

    Args:
        administrator: a personal certificate that chains to ``chain/`` of the home.
        unit: USCC of the administrator's unit; by default what the certificate says.

    Raises:
        RegistryError: as :meth:`Registry.create`, or what appointing refuses.
    """
    code = _check_person(home, administrator, unit or administrator.uscc or "", now)

    def first(t: Transaction) -> None:
        _appoint(t, administrator, unit=code, role="administrator", region="")
        t.log("actor.first-administrator", actor=administrator.fingerprint)

    return Registry.create(home, first, now=now, url=url)


def _check_person(home: Path, certificate: Certificate, unit: str, now: datetime) -> str:
    """Refuse a certificate that is no person's of that unit, or not good; return the unit."""
    if certificate.is_ca or not certificate.subject_cn or certificate.subject_cn == certificate.subject_o:
        raise refused(
            RegistryCode.NOT_PERSONAL, "任命须用个人证书（CN 为姓名），所给的不是",
            "an appointment takes a personal certificate (CN is the person's name); this is not one", clause=CLAUSE)
    name = certificate.subject_cn
    if name != name.strip() or odd_character(name) or not says_something(name) or not is_normalized("NFC", name):
        raise refused(
            RegistryCode.NOT_PERSONAL,
            "证书中的姓名首尾有空白，或含看不见的、非规范的字符，与他人难以区分，不予任命；请换发证书",
            "the name in the certificate has blanks at its ends, or characters that cannot be seen or are not in "
            "normal form (NFC), so persons could not be told apart: have another certificate issued", clause=CLAUSE)
    if not is_uscc(unit) or certificate.uscc not in (None, unit):
        raise refused(
            RegistryCode.UNIT_MISMATCH, f"单位代码“{unit}”不是统一社会信用代码，或与证书中的不同，请核对",
            f"the unit {unit!r} is no USCC, or another than the certificate's; compare them", clause=CLAUSE)
    known = load_known(home)
    result = validate(certificate, at=now, clock_now=now, **known.judges())
    if not result.ok:
        raise refused(
            RegistryCode.CERTIFICATE, f"证书不可用：{result.zh}", f"the certificate is not good: {result.en}",
            clause=CLAUSE, chain=result.code)
    return unit


def _appoint(t: Transaction, certificate: Certificate, *, unit: str, role: str, region: str) -> None:
    """Give a person a role from now on; one that is held already stays as it is."""
    actor = t.session.get(Actor, certificate.fingerprint)
    if actor is None:
        actor = Actor(id=certificate.fingerprint, name=certificate.subject_cn or "", unit=unit,
                      certificate=certificate.der, appointed_at=t.now, dismissed_at=None)
        t.session.add(actor)
        t.session.flush()
    elif actor.unit != unit:
        raise refused(
            RegistryCode.UNIT_MISMATCH, "此人已在另一单位名下任命；请先免职，并用新单位的证书任命",
            "this person was appointed for another unit: dismiss first, then appoint with a certificate of the new one",
            clause=CLAUSE, actor=actor.id)
    actor.dismissed_at = None
    if not any(row.role == role and row.region == region for row in _current(t, actor.id)):
        t.session.add(ActorRole(actor=actor.id, role=role, region=region, since=t.now, until=None))
        t.session.flush()


def _current(t: Transaction, actor_id: str) -> Sequence[ActorRole]:
    return t.session.scalars(
        select(ActorRole).where(ActorRole.actor == actor_id, ActorRole.until.is_(None))).all()


def _appoint_actor(t: Transaction, request: Request) -> Outcome:
    """``actor-appoint``: facts certificate (base64 DER), role, unit (USCC), region (reviewers, else empty)."""
    role, unit, region = (_fact(request, key) for key in ("role", "unit", "region"))
    certificate = _certificate(request)
    if role not in ROLES or (role in REGIONAL) != bool(region) or not _REGION.fullmatch(region):
        raise _bad_act("角色或辖区有误（审核人须给六位行政区划，其他角色不给）",
                       "role or region is wrong (reviewers take six digits of a region, other roles none)")
    if same_person(certificate, Certificate.load(request.actor.certificate)):
        raise refused(
            RegistryCode.SAME_PERSON, "管理员不得任命自己，请由另一管理员任命",
            "an administrator may not appoint himself or herself: have another do so", clause=CLAUSE)
    _check_person(request.home, certificate, unit, t.now)
    _appoint(t, certificate, unit=unit, role=role, region=region)
    return Outcome(case=certificate.fingerprint, state="appointed", facts={"role": role, "region": region})


def _dismiss_actor(t: Transaction, request: Request) -> Outcome:
    """``actor-dismiss``: subject is the actor's id; facts role (empty: every role) and region (as appointed)."""
    role, region = _fact(request, "role"), _fact(request, "region")
    actor = t.session.get(Actor, request.subject)
    rows = [] if actor is None else [
        row for row in _current(t, actor.id) if not role or (row.role, row.region) == (role, region)]
    if actor is None or not rows:
        raise refused(
            RegistryCode.UNKNOWN_ACTOR, "此人没有所说的角色，无从免去",
            "this person does not hold the role that is to be taken away", clause=CLAUSE)
    for row in rows:
        row.until = t.now
    t.session.flush()
    if t.session.scalars(select(ActorRole).where(
            ActorRole.role == "administrator", ActorRole.until.is_(None)).limit(1)).one_or_none() is None:
        raise refused(
            RegistryCode.LAST_ADMINISTRATOR, "不得免去最后一名管理员，请先任命另一名",
            "the last administrator is not dismissed: appoint another first", clause=CLAUSE)
    if not _current(t, actor.id):
        actor.dismissed_at = t.now
    return Outcome(case=actor.id, state="dismissed", facts={"role": role, "region": region})


def _fact(request: Request, key: str) -> str:
    value = request.facts.get(key, "")
    if not isinstance(value, str):
        raise _bad_act(f"{key} 应为文字", f"{key} must be a text")
    return value


def _certificate(request: Request) -> Certificate:
    """The certificate in the facts, whose digest is the subject."""
    try:
        certificate = Certificate.load(base64.b64decode(_fact(request, "certificate"), validate=True))
    except (binascii.Error, ValueError, EngineError):
        raise _bad_act("没有可读的证书", "no readable certificate is given") from None
    if certificate.fingerprint != request.subject:
        raise _bad_act("证书与所任命者不符", "the certificate is not that of the subject")
    return certificate


def _bad_act(zh: str, en: str) -> RegistryError:
    return refused(RegistryCode.BAD_ACT, f"办理内容有误：{zh}，请更正后重签",
                   f"the act is not as it must be: {en}; correct it and sign again")


HANDLERS: Final[Mapping[str, Handler]] = MappingProxyType({
    "actor-appoint": _appoint_actor, "actor-dismiss": _dismiss_actor})
ROLES_OF_ACT: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "actor-appoint": ("administrator",), "actor-dismiss": ("administrator",)})
