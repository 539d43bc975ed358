"""Keys that were reported lost: no seal is applied for, made or put into use over them again, whatever certificate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from certs.x509 import Certificate
from registry.cases import CaseCode
from registry.errors import refused
from registry.making import Application
from registry.states import LIVE
from registry.tables import Act, Seal

__all__ = ["cases_with_keys", "check_not_lost"]

_CERTIFICATES = (Seal.sealing_certificate, Seal.data_certificate, Seal.pdf_certificate)


def check_not_lost(session: Session, application: Application) -> None:
    """Refuse an application over a key of a seal that was reported lost, even if it was cancelled since.

    Raises:
        RegistryError: ``case.lost-key``.

    Source: 003 B第16条.
    """
    lost = select(Act.subject).where(Act.type == "report-lost")
    seals = session.scalars(select(Seal).where(Seal.case.in_(lost)).options(*map(undefer, _CERTIFICATES)))
    case = next(_with_keys(seals, (application.certificate, application.data, application.pdf)), None)
    if case is not None:
        raise refused(
            CaseCode.LOST_KEY,
            f"所用密钥已随事项 {case} 的印章挂失，不得再用于任何印章（换发证书也不行）；请生成新密钥、申请新证书",
            f"a key of this application was reported lost with the seal of case {case} and serves no seal again, by "
            "whatever certificate: make new keys and have them certified", clause="B第16条", case=case)


def cases_with_keys(session: Session, certificates: Iterable[Certificate], *, but: str) -> list[str]:
    """The cases, other than ``but``, whose seals are or may come into use over one of these certificates' keys."""
    seals = session.scalars(select(Seal).where(Seal.state.in_(sorted(LIVE)), Seal.case != but)
                            .options(*map(undefer, _CERTIFICATES)).order_by(Seal.case))
    return list(_with_keys(seals, certificates))


def _with_keys(seals: Iterable[Seal], certificates: Iterable[Certificate | None]) -> Iterator[str]:
    """The cases that have a certificate over one of these certificates' keys: its key stands whole in its bytes."""
    keys = [one.public_key.bits for one in certificates if one is not None]
    for seal in seals:
        held = [der for der in (seal.sealing_certificate, seal.data_certificate, seal.pdf_certificate) if der]
        if any(key in der for key in keys for der in held):
            yield seal.case
