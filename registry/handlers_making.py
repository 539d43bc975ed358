"""Acts on a finished seal: taking it into the registry (制作, 导入) and filing it (备案)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import func, select

from certs.seal import SealFile
from certs.seal_import import read_seal
from certs.status_list import seal_digest
from registry.cases import CaseCode, advance, begin, keep_to, text
from registry.database import Transaction
from registry.errors import refused
from registry.lost_keys import check_not_lost
from registry.making import Grounds, MakingCode, check_seal, clause
from registry.requests import Handler, Outcome, Request
from registry.seals import application_of
from registry.tables import Seal

__all__ = ["HANDLERS"]


def _make(t: Transaction, request: Request) -> Outcome:
    """Take the finished seal, judged as a stranger's (B第6条、第7条、第8条)."""
    seal, step = begin(t, request)
    keep_to(request)
    with clause():
        made = _read(request)
    application = application_of(t.session, seal)
    check_seal(made, application, grounds=Grounds.of_home(request.home), at=t.now, elsewhere=request.act == "import")
    check_not_lost(t.session, application)
    folder = request.home / "authorities" / seal.organisation / made.seal_id
    if folder.exists() or t.session.scalars(
            select(Seal.seal_id).where(func.lower(Seal.seal_id) == made.seal_id.lower()).limit(1)).first():
        raise refused(
            CaseCode.SEAL_ID_TAKEN, f"印章编码 {made.seal_id} 已用过（不分大小写），编码不得重复，请换一个编码重新制作",
            f"the identifier {made.seal_id} was used before, in these letters or other case, and none is used twice: "
            "make the seal with another one",
            clause="GB/T 38540-2020", case=seal.case)
    seal.seal_id, seal.seal_der, seal.maker, seal.made_at = made.seal_id, made.der, request.actor.id, t.now
    seal.signed_sm3 = seal_digest(made.info.der).hex()
    seal.valid_start, seal.valid_end = made.valid_start, made.valid_end
    return advance(seal, step, request)


def _read(request: Request) -> SealFile:
    """Read the seal that is brought; one made elsewhere may be of version 1, which is never put into use."""
    data = request.documents["seal"]
    if request.act != "import":
        return SealFile.load(data)
    brought = read_seal(data)
    if brought.timestamp_fits is False:
        raise refused(
            MakingCode.TIMESTAMP, f"印章 {brought.es_id} 所带时间戳不是对其签名值加盖的，不予导入，请向制章人核实",
            f"the timestamp in seal {brought.es_id} is not one of its signature value, so it is not imported: "
            "ask the seal maker", clause="GM/T 0031-2025")
    return brought.file()


def _file(t: Transaction, request: Request) -> Outcome:
    """Record under which number the seal was filed, once (国办发〔2025〕33号第17条)."""
    seal, step = begin(t, request)
    keep_to(request, "number")
    number = text(request, "number", longest=64)
    if seal.filing_number is not None:
        raise refused(
            CaseCode.FILED_ALREADY, f"印章 {seal.seal_id} 已备案（{seal.filing_number}），备案号不得更改",
            f"seal {seal.seal_id} is filed already under {seal.filing_number}; the number is never changed",
            clause=step.clause, case=seal.case)
    seal.filing_number = number
    return advance(seal, step, request)


HANDLERS: Final[Mapping[str, Handler]] = MappingProxyType(
    {"make": _make, "import": _make, "file": _file})
"""Act → what does it."""
