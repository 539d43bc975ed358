"""``zhengyin seals lost``: a seal is blocked at once, and whoever reports it is told which certificates to revoke."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer
from sqlalchemy.orm import Session

from certs.canonical_json import JSON
from certs.config import load_config
from certs.seal_folder import ROLES
from certs.x509 import Certificate
from cli.actor_keys import actor_signer
from cli.seals_common import (
    AsOption,
    CaseArgument,
    DocumentOption,
    HomeOption,
    JsonOption,
    ReasonOption,
    act,
    opened,
    print_json,
    read_documents,
    tell,
)
from cli.tables import table
from registry.cases import find_case
from registry.lost_keys import cases_with_keys

__all__ = ["app"]

_ACT: Final = "report-lost"
_USES: Final = {"sealing": "签章", "data": "数据签名", "pdf": "PDF 签名"}

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ToRevoke:
    """A certificate of a lost seal; ``file`` is empty where its keys lie elsewhere."""

    role: str
    certificate: Certificate
    file: str

    def to_json(self) -> dict[str, JSON]:
        return {"role": self.role, "serial": f"{self.certificate.serial:x}", "issuer": self.certificate.issuer_text,
                "file": self.file or None}


@app.command()
def lost(
    case: CaseArgument, person: AsOption, reason: ReasonOption, document: DocumentOption = None,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """挂失，立即封停 / report a seal lost or out of control; it is blocked at once, for good."""
    documents = read_documents(document)
    with opened(home) as registry:
        with registry.reading() as session:
            find_case(session, case)     # that there is none is told before what the person may do
        signer = actor_signer(person, home=registry.home)
        outcome = act(registry, _ACT, case, {"reason": reason}, documents=documents, signer=signer)
        with registry.reading() as session:
            certificates = _certificates(session, outcome.case, registry.home)
            others = cases_with_keys(session, [one.certificate for one in certificates], but=outcome.case)
        if as_json:
            print_json({"act": _ACT, "case": outcome.case, "state": outcome.state, **outcome.facts,
                        "revoke": tuple(one.to_json() for one in certificates), "same_keys": tuple(others)})
            return
        tell(_ACT, outcome, as_json=False)
        if others:
            named = ", ".join(others)
            typer.echo(f"注意：事项 {named} 的印章用同样的密钥，也请立即挂失 / "
                       f"the seals of {named} have the same keys: report them lost at once too", err=True)
        typer.echo(_what_to_revoke(certificates, registry.home), err=True)


def _certificates(session: Session, case: str, home: Path) -> list[_ToRevoke]:
    """Return the certificates of a case's seal, each with its file in the home."""
    seal = find_case(session, case)
    folder = home / "authorities" / seal.organisation / str(seal.seal_id)
    found = []
    for role, der in zip(ROLES, (seal.sealing_certificate, seal.data_certificate, seal.pdf_certificate), strict=True):
        if der:
            file = folder / f"{role}.cer"
            found.append(_ToRevoke(role=role, certificate=Certificate.load(der),
                                   file=str(file) if file.is_file() else ""))
    return found


def _what_to_revoke(certificates: Sequence[_ToRevoke], home: Path) -> str:
    count = len(certificates)
    lines = [
        f"请立即撤销下列 {count} 张证书，只撤销其中一张，其余密钥仍可用 / "
        f"have these {count} certificates revoked at once; what is not revoked can still be used:",
        table(("用途 use", "序列号 serial", "签发者 issuer", "文件 file"), [
            (f"{_USES[one.role]} {one.role}", f"{one.certificate.serial:x}", one.certificate.issuer_text,
             one.file or "—") for one in certificates])]
    files = [one.file for one in certificates if one.file]
    if load_config(home).demo and files:
        lines.append(f"演示 / in this demonstration: zhengyin certs revoke --demo {shlex.join(files)} "
                     f"--home {shlex.quote(str(home))}")
    else:
        lines.append(f"由其认证机构撤销；新的撤销列表放入 {home / 'crls'} 和 {home / 'trust' / 'crls'} / "
                     f"by their CA; put its new revocation lists into {home / 'crls'} and {home / 'trust' / 'crls'}")
    return "\n".join(lines)
