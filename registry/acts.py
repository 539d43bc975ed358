"""Acts: signed statements that change the registry, each checked, performed and logged in one transaction.

What is checked here is common to all acts: signature, certificate, registry, time, actor, role, documents. The
handlers of :mod:`registry.handlers` check scope and state. A refusal is logged in a transaction of its own. The same
statement again changes nothing and gives the same outcome.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from certs.canonical_json import JSON, is_object
from certs.files import FileError
from certs.known import load_known, naming_damaged
from certs.moments import write_moment
from certs.plain_text import odd_character, says_something
from certs.signer import Signer
from certs.sm3 import sm3
from certs.statement import (
    SignedStatement,
    StatementCode,
    check_signature,
    check_statement,
    malformed,
    sign_statement,
)
from codes.china_time import time_en, time_zh
from codes.errors import EngineError
from registry.actors import find_actor, held
from registry.clock import ACCEPT_CLOCK
from registry.database import Registry, Transaction
from registry.errors import RegistryCode, refused
from registry.handlers import CLAUSES, HANDLERS, ROLES_OF_ACT, URGENT
from registry.projection import project, restrict, restricts
from registry.requests import ACT_TYPE, Outcome, Request
from registry.tables import Act, Document, Refused

__all__ = ["MAX_DOCUMENT", "perform", "sign_act"]

MAX_DOCUMENT: Final = 8 * 1024 * 1024
_MAX_DOCUMENTS: Final = 16
_OLDEST, _EARLIEST = timedelta(hours=24), timedelta(minutes=5)
_SUBJECT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)
_ACT_NAME: Final = re.compile(r"[a-z][a-z-]{0,31}", re.ASCII)
_NONCE: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_AT_ANY_TIME: Final = frozenset({"apply", ACCEPT_CLOCK})
"""Acts that follow upon nothing else about their subject."""
_TITLE: Final = 64
_KEYS: Final = frozenset({"type", "at", "act", "subject", "registry", "nonce", "facts", "documents"})
_NOT_REFUSALS: Final = frozenset({
    RegistryCode.UNAVAILABLE, RegistryCode.NO_SPACE, RegistryCode.BUSY, RegistryCode.DAMAGED,
    RegistryCode.CLOCK_BACKWARDS,
})


def sign_act(
    act: str, subject: str, facts: Mapping[str, JSON], *, documents: Mapping[str, bytes] | None = None,
    signer: Signer, registry_id: str, at: datetime, nonce: str | None = None,
) -> SignedStatement:
    """Sign an act.

    Args:
        subject: the case, organisation or actor that it is about; letters, digits, ``._:-``, never a name.
        documents: title → content; the statement holds their SM3.
        registry_id: :attr:`Registry.id` of the registry it is meant for; no other takes it.
        at: the present (aware).
        nonce: 32 hexadecimal digits that tell apart two acts otherwise alike; random by default.

    Raises:
        StatementError: the facts cannot be signed.
    """
    return sign_statement({
        "type": ACT_TYPE, "at": write_moment(at), "act": act, "subject": subject, "registry": registry_id,
        "nonce": nonce or secrets.token_hex(16), "facts": facts,
        "documents": {title: sm3(data).hex() for title, data in (documents or {}).items()},
    }, signer)


def perform(
    registry: Registry, signed: SignedStatement, *, documents: Mapping[str, bytes] | None = None, late: bool = False,
) -> Outcome:
    """Check an act and carry it out.

    Args:
        documents: title → content of what the statement names; not needed for a statement performed before.
        late: the act was begun in its time and cut short; it may be older than 24 hours.

    Raises:
        StatementError: ``statement.malformed``, ``.type``, ``.signature``, ``.chain``.
        RegistryError: the refusal; its fact ``clause`` names the rule, and the audit log has it as ``act.refused``.
            Or the registry cannot be used; then nothing was changed or logged.
        FileError: a file of the home cannot be written. Before the commit nothing was changed; after it the act
            stands, and :func:`registry.deploy.settle` writes the file.
        EngineError: what else a handler refuses with.
    """
    try:
        check_signature(signed)
        with registry.transaction(clock_behind=_sets_clock(signed)) as t:
            outcome = _perform(t, registry, signed, documents or {}, late)
    except EngineError as error:
        if error.code not in _NOT_REFUSALS and not isinstance(error, FileError):
            _log_refusal(registry, signed, error)
        raise
    project(registry, signed)
    return outcome


def _sets_clock(signed: SignedStatement) -> bool:
    return signed.body.get("act") == ACCEPT_CLOCK


def _perform(
    t: Transaction, registry: Registry, signed: SignedStatement, documents: Mapping[str, bytes], late: bool,
) -> Outcome:
    done = t.session.scalars(select(Act).where(Act.digest == signed.digest.hex())).one_or_none()
    if done is not None:
        return _again(done, signed)
    if t.session.get(Refused, (signed.digest.hex(), signed.certificate.fingerprint)) is not None:
        raise refused(
            RegistryCode.REFUSED_BEFORE, "这份办理内容已被拒绝过，不再办理；请核对现状后重新签署",
            "this very statement was refused before and is not performed any more: look again and sign anew")
    act, subject, facts, digests = _read(signed, registry)
    _check_time(signed, t.clock, late)
    roles = ROLES_OF_ACT.get(act)
    if roles is None:
        raise refused(RegistryCode.UNKNOWN_ACT, f"没有“{act}”这种办理事项", f"there is no act called {act!r}")
    known = load_known(registry.home)
    with naming_damaged(known.damaged):
        chain = check_statement(
            signed, type=ACT_TYPE, at=t.clock, clock_now=t.clock, unknown_revocation=act in URGENT, **known.judges())
        actor = find_actor(t.session, signed.certificate)
        request = Request(
            act=act, subject=subject, facts=facts, documents=_check_documents(digests, documents), statement=signed,
            actor=actor, roles=held(t.session, actor, roles, at=t.now, clause=CLAUSES[act]),
            home=registry.home, now=t.now)
        outcome = HANDLERS[act](t, request)
    if not (late or act in _AT_ANY_TIME or restricts(signed)):
        _check_up_to_date(t, signed)
    _keep(t, request, outcome, {} if chain.ok else {"revocation": chain.code})
    restrict(t, request)
    return outcome


def _check_up_to_date(t: Transaction, signed: SignedStatement) -> None:
    """Refuse what was signed before the last act on the same case or person: its signer did not know of that."""
    last = t.session.scalars(select(Act.at).where(Act.subject == signed.body["subject"]).order_by(
        Act.number.desc()).limit(1)).first()
    if last is not None and signed.at < min(last, t.clock):         # a clock that was set back harms nobody
        raise refused(
            RegistryCode.OUT_OF_DATE, f"签署之后，此事项又于{time_zh(last)}办理过；请核对现状后重新签署",
            f"after this was signed, the case was changed at {time_en(last)}: look again and sign anew")


def _again(done: Act, signed: SignedStatement) -> Outcome:
    if done.actor != signed.certificate.fingerprint:
        raise refused(
            RegistryCode.REPLAYED, "这份办理内容已由另一人签署并办理，不得重用",
            "this very act was signed by somebody else and performed; it is not used again")
    return Outcome.from_json(done.outcome)


def _read(
    signed: SignedStatement, registry: Registry,
) -> tuple[str, str, Mapping[str, JSON], Mapping[str, JSON]]:
    """Return act, subject, facts and digests of the documents."""
    body = signed.body
    act, subject, nonce = body.get("act"), body.get("subject"), body.get("nonce")
    facts, digests = body.get("facts"), body.get("documents")
    if (set(body) != _KEYS or body["type"] != ACT_TYPE
            or not isinstance(act, str) or not _ACT_NAME.fullmatch(act)
            or not isinstance(subject, str) or not _SUBJECT.fullmatch(subject)
            or not isinstance(nonce, str) or not _NONCE.fullmatch(nonce)
            or not is_object(facts) or not is_object(digests) or len(digests) > _MAX_DOCUMENTS
            or not all(_is_title(title) for title in digests)):
        raise malformed("的各项不合办理的规定", "does not hold what an act must")
    if body["registry"] != registry.id:
        raise refused(
            RegistryCode.OTHER_REGISTRY, "这份办理是给另一登记库的，不予办理；请为本库重签",
            "this act is for another registry: sign it for this one", registry=registry.id)
    return act, subject, facts, digests


def _is_title(title: str) -> bool:
    return len(title) <= _TITLE and says_something(title) and not odd_character(title) and not set(title) & set("/\\")


def _check_time(signed: SignedStatement, now: datetime, late: bool) -> None:
    if (signed.at < now - _OLDEST and not late) or signed.at > now + _EARLIEST:
        raise refused(
            RegistryCode.STATEMENT_TIME,
            f"签署时间{time_zh(signed.at)}不在 24 小时之内（或晚于现在），请校准时钟后重签",
            f"signed at {time_en(signed.at)}, which is more than 24 hours ago or still to come: "
            "set the clock right and sign again")


def _check_documents(digests: Mapping[str, JSON], documents: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Demand exactly the documents that the statement names."""
    for title in sorted(set(digests) | set(documents)):
        if title not in documents or title not in digests:
            raise refused(
                RegistryCode.DOCUMENT_MISSING, f"附件“{title}”未随办理提交，或未列入签署的内容",
                f"the document {title!r} was not handed in, or is not named in what was signed", document=title)
        if len(documents[title]) > MAX_DOCUMENT:
            raise refused(
                RegistryCode.DOCUMENT_TOO_LARGE, f"附件“{title}”超过 8 MiB，请缩小后重签",
                f"the document {title!r} exceeds 8 MiB: make it smaller and sign again", document=title)
        if sm3(documents[title]).hex() != digests[title]:
            raise refused(
                RegistryCode.DOCUMENT_CHANGED, f"附件“{title}”与签署时的不同，请换回原件或重签",
                f"the document {title!r} is not the one that was signed: give that one, or sign again",
                document=title)
    return dict(documents)


def _keep(t: Transaction, request: Request, outcome: Outcome, doubt: Mapping[str, JSON]) -> None:
    """Store the act with its documents, and log it with what is unknown of the actor's certificate."""
    for title, data in request.documents.items():
        digest = sm3(data).hex()
        if t.session.get(Document, digest) is None:
            t.session.add(Document(sm3=digest, name=title, data=data))
    digest = request.statement.digest.hex()
    t.session.add(Act(
        digest=digest, type=request.act, subject=request.subject, actor=request.actor.id, at=t.now,
        statement=request.statement.to_json(), outcome=outcome.to_json()))
    t.session.flush()
    t.log(f"act.{request.act}", actor=request.actor.id, case=outcome.case, state=outcome.state, statement=digest,
          **doubt)


def _log_refusal(registry: Registry, signed: SignedStatement, error: EngineError) -> None:
    """Log that an act was refused; who signed is a claim where the signature did not hold."""
    act, subject = signed.body.get("act"), signed.body.get("subject")
    facts = {
        "code": error.code.value, "statement": signed.digest.hex(), "certificate": signed.certificate.fingerprint,
        "act": act if isinstance(act, str) and _ACT_NAME.fullmatch(act) else "",
        "case": subject if isinstance(subject, str) and _SUBJECT.fullmatch(subject) else "",
    }
    with registry.transaction(clock_behind=_sets_clock(signed)) as t:
        if error.code is not StatementCode.SIGNATURE:       # else whoever signed has refused nothing
            t.session.merge(Refused(digest=facts["statement"], certificate=facts["certificate"]))
        t.log("act.refused", **facts, **({"clause": error.facts["clause"]} if "clause" in error.facts else {}))
