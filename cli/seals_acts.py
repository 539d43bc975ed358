"""Commands for the acts in the life of a seal, from 申请 to 注销."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from certs.canonical_json import JSON
from certs.config import Password, read_password
from certs.files import read_file
from certs.key_reference import open_key, read_key_file
from certs.moments import write_moment
from certs.seal_folder import ROLES
from certs.seal_import import read_seal
from certs.ses import VERSION, VERSIONS
from certs.signer import LocalSigner
from certs.x509 import Certificate
from cli.actor_keys import actor_signer, load_certificate
from cli.seals_common import (
    AsOption,
    CaseArgument,
    DocumentOption,
    HomeOption,
    JsonOption,
    ReasonOption,
    act,
    opened,
    parse_moment,
    read_documents,
    tell,
)
from registry.acts import MAX_DOCUMENT
from registry.cases import find_case, in_order
from registry.database import Registry
from registry.making import Grounds, prepare_seal
from registry.projection import stage_keys
from registry.requests import Outcome
from registry.seals import application_of
from registry.states import SealType, State

__all__ = ["app"]

_TITLES: Final = {"sealing": "certificate", "data": "certificate-data", "pdf": "certificate-pdf"}
KeysOption = Annotated[Path | None, typer.Option(
    "--keys", metavar="FOLDER", exists=True, file_okay=False,
    help="sealing、data、pdf 三对 .cer 与 .key（用工作目录的口令加密）或 .key.json 所在目录 / folder with .cer and "
         ".key (encrypted with the home's password) or .key.json each of sealing, data and pdf")]

SealOption = Annotated[Path | None, typer.Option(
    "--seal", metavar="ESL", exists=True, dir_okay=False, help="他处制作的印章 / a seal made elsewhere (.esl)")]

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


def _certificates(folder: Path | None) -> dict[str, bytes]:
    """Return the certificates in a folder of keys as documents."""
    return {title: load_certificate(folder / f"{role}.cer").der for role, title in _TITLES.items()} if folder else {}


def _keys(folder: Path, password: Callable[[], Password]) -> dict[str, tuple[Certificate, bytes]]:
    """Return the keys of a folder, each seen to belong to its certificate."""
    keys = {}
    for role in ROLES:
        certificate = load_certificate(folder / f"{role}.cer")
        LocalSigner(certificate, open_key(folder, role, password))
        keys[role] = (certificate, read_key_file(folder, role))
    return keys


def _lay_down(registry: Registry, case: str, folder: Path | None) -> None:
    if folder is None:
        return
    with registry.reading() as session:
        code = find_case(session, case).organisation
    stage_keys(registry.home, code, case, _keys(folder, lambda: read_password(registry.home, os.environ)))


@app.command()
def apply(
    person: AsOption,
    code: Annotated[str, typer.Option("--uscc", metavar="CODE", help="统一社会信用代码 / the organisation's USCC")],
    organisation: Annotated[str, typer.Option("--org", metavar="NAME", help="单位全称 / its legal name")],
    name: Annotated[str, typer.Option(
        "--name", metavar="NAME", help="印章名称，缺省为单位全称 / name on the seal; the legal name by default")] = "",
    kind: Annotated[SealType, typer.Option("--type", help="印章类型 / type of the seal")] = SealType.LEGAL_NAME,
    diameter: Annotated[int, typer.Option(metavar="MM", help="直径：42、45、50 毫米 / diameter in mm")] = 42,
    seal: SealOption = None, keys: KeysOption = None, document: DocumentOption = None, home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """申请制作印章 / apply for a seal; documents: application, form, imprint-statement, imprint, certificate.

    --seal 指明他处制作、要导入的印章，印模和直径取自其中 / --seal names a seal made elsewhere that is to be imported;
    imprint and diameter are taken from it.
    """
    documents = {**_certificates(keys), **read_documents(document)}
    if seal is not None:
        picture = read_seal(read_file(seal, max_bytes=MAX_DOCUMENT)).picture
        documents["imprint"], diameter = picture.data, picture.width_mm
    facts: dict[str, JSON] = {
        "code": code, "organisation": organisation, "name": name or organisation, "type": kind.value,
        "diameter_mm": diameter}
    with opened(home) as registry:
        outcome = act(registry, "apply", code, facts, documents=documents,
                      signer=actor_signer(person, home=registry.home))
        _lay_down(registry, outcome.case, keys)
        tell("apply", outcome, as_json=as_json)


@app.command()
def renew(
    case: CaseArgument, person: AsOption, keys: KeysOption = None, document: DocumentOption = None,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """续期（到期前 30 日内） / renew a seal in the 30 days before its expiry; document: certificate (or --keys)."""
    documents = {**_certificates(keys), **read_documents(document)}
    with opened(home) as registry:
        outcome = act(registry, "renew", case, documents=documents, signer=actor_signer(person, home=registry.home))
        _lay_down(registry, outcome.case, keys)
        tell("renew", outcome, as_json=as_json)


@app.command("keys")
def lay_keys_down(
    case: CaseArgument,
    folder: Annotated[Path, typer.Option("--keys", metavar="FOLDER", exists=True, file_okay=False,
                                         help="密钥和证书所在目录 / folder with keys and certificates")],
    home: HomeOption = None,
) -> None:
    """放入印章的密钥，供启用时使用 / lay the keys of a seal down, for when it is put into use."""
    with opened(home) as registry:
        _lay_down(registry, case, folder)
        typer.echo(f"{case}  密钥已备好 / its keys are laid down")


@app.command()
def review(
    case: CaseArgument, person: AsOption,
    accept: Annotated[bool, typer.Option("--accept/--refuse", help="通过或不予通过 / accept or refuse")],
    reason: ReasonOption = "", document: DocumentOption = None, home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """审核：先县级，后上级 / review at the level where the case lies: the county first, then the level above."""
    with opened(home) as registry:
        signer = actor_signer(person, home=registry.home)
        with registry.reading() as session:
            seal = find_case(session, case)
        again = seal.state == State.COUNTY_REVIEWED and seal.county_reviewer == signer.certificate.fingerprint
        county = again or seal.state in (State.APPLIED, State.REFUSED)
        name = ("review-county" if county else "review-upper") if accept else "refuse"
        outcome = act(registry, name, case, {} if accept else {"reason": reason}, documents=read_documents(document),
                      signer=signer)
        tell(name, outcome, as_json=as_json)


@app.command()
def make(
    case: CaseArgument, person: AsOption,
    maker: Annotated[Path | None, typer.Option(
        "--seal-maker", metavar="FOLDER",
        help="制章人 seal-maker.cer 与 .key 所在目录，缺省为工作目录的 ca/ / "
             "folder with seal-maker.cer and .key; ca/ of the home by default")] = None,
    seal_id: Annotated[str, typer.Option("--seal-id", metavar="ID", help="印章编码 / identifier of the seal")] = "",
    version: Annotated[int, typer.Option(
        "--ses-version", metavar="4|5", min=min(VERSIONS), max=max(VERSIONS),
        help="印章数据版本：4（GB/T 38540-2020）或 5（GM/T 0031-2025） / version of the seal's data")] = VERSION,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """制作印章 / make the seal of a case, checked against what was applied for."""
    with opened(home) as registry:
        signer = actor_signer(person, home=registry.home)
        with registry.reading() as session:
            seal = find_case(session, case)
            if seal.state == State.MADE and seal.maker == signer.certificate.fingerprint:      # cut short before
                tell("make", Outcome(case=case, state=seal.state), as_json=as_json)
                return
            in_order(session, seal, "make")
            application = application_of(session, seal)
        folder = maker or registry.home / "ca"
        key = open_key(folder, "seal-maker", lambda: read_password(registry.home, os.environ))
        made = prepare_seal(
            application, maker=LocalSigner(load_certificate(folder / "seal-maker.cer"), key),
            seal_id=seal_id or f"{application.code}-{secrets.token_hex(4).upper()}",
            grounds=Grounds.of_home(registry.home), at=registry.now(), version=version)
        tell("make", act(registry, "make", case, documents={"seal": made.der}, signer=signer), as_json=as_json)


@app.command("import")
def import_seal(
    case: CaseArgument, person: AsOption,
    seal: Annotated[Path, typer.Option("--seal", metavar="ESL", exists=True, dir_okay=False,
                                       help="他处制作的印章 / the seal made elsewhere (.esl)")],
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """导入他处制作的印章（代替制作） / take a seal made elsewhere in place of making one, checked in the same way."""
    documents = {"seal": read_file(seal, max_bytes=MAX_DOCUMENT)}
    with opened(home) as registry:
        signer = actor_signer(person, home=registry.home)
        tell("import", act(registry, "import", case, documents=documents, signer=signer), as_json=as_json)


@app.command("file")
def file_seal(
    case: CaseArgument, person: AsOption,
    number: Annotated[str, typer.Option("--number", metavar="NUMBER", help="备案号 / number of the filing")],
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """登记备案号 / record the number under which the seal was filed (备案)."""
    _plain("file", case, person, home, as_json, facts={"number": number})


@app.command()
def activate(
    case: CaseArgument, person: AsOption,
    start: Annotated[datetime | None, typer.Option(
        "--from", metavar="MOMENT", parser=parse_moment,
        help="启用时间，缺省为现在 / first moment of use; now by default")] = None,
    document: DocumentOption = None, home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """启用，由保管人办理 / put a seal into use; whoever does it keeps it. Document: rules (not for a renewal)."""
    facts: dict[str, JSON] = {"from": write_moment(start)} if start else {}
    _plain("activate", case, person, home, as_json, facts=facts, document=document)


@app.command()
def reschedule(
    case: CaseArgument, person: AsOption,
    start: Annotated[datetime, typer.Option(
        "--from", metavar="MOMENT", parser=parse_moment, help="改定的启用时间 / another first moment of use")],
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """改定启用时间，在原定时间未到时 / set another moment for a seal whose use is still to begin, by its custodian."""
    _plain("reschedule", case, person, home, as_json, facts={"from": write_moment(start)})


@app.command("take-over")
def take_over(
    case: CaseArgument, person: AsOption, document: DocumentOption = None, home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """接管保管 / become the custodian of a seal; document: handover."""
    _plain("take-over", case, person, home, as_json, document=document)


@app.command()
def suspend(
    case: CaseArgument, person: AsOption, reason: ReasonOption, document: DocumentOption = None,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """停用 / stop the use of a seal until it is resumed."""
    _plain("suspend", case, person, home, as_json, facts={"reason": reason}, document=document)


@app.command()
def resume(
    case: CaseArgument, person: AsOption, reason: ReasonOption, document: DocumentOption = None,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """恢复使用 / allow the use of a suspended seal again."""
    _plain("resume", case, person, home, as_json, facts={"reason": reason}, document=document)


@app.command("request-cancel")
def request_cancel(
    case: CaseArgument, person: AsOption, reason: ReasonOption, document: DocumentOption = None,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """申请注销 / ask for a seal to be cancelled; documents: application, identity-proof."""
    _plain("request-cancel", case, person, home, as_json, facts={"reason": reason}, document=document)


@app.command()
def cancel(
    case: CaseArgument, person: AsOption, document: DocumentOption = None, home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """注销，由另一人办理 / cancel a seal as was asked for; another person does it."""
    _plain("cancel", case, person, home, as_json, document=document)


def _plain(
    name: str, case: str, person: Path, home: Path | None, as_json: bool, *, facts: dict[str, JSON] | None = None,
    document: list[str] | None = None,
) -> None:
    documents = read_documents(document)
    with opened(home) as registry:
        signer = actor_signer(person, home=registry.home)
        tell(name, act(registry, name, case, facts, documents=documents, signer=signer), as_json=as_json)
