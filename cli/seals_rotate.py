"""``zhengyin seals rotate``: successors for seals that come to their end, for one organisation or a thousand."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from certs.config import Password, find_home, load_config, read_password
from certs.key_reference import open_key
from certs.signer import LocalSigner, Signer
from certs.untrusted_files import printable
from certs.x509 import Certificate
from cli.actor_keys import ACTOR_PASSWORD_FILE_VARIABLE, ACTOR_PASSWORD_VARIABLE, actor_signer, load_certificate
from cli.main import print_error
from cli.seals_common import HomeOption, opened, parse_moment
from cli.seals_due import WithinOption, parse_days
from cli.tables import table
from codes.china_time import time_en, time_zh
from docgen.ledger import Ledger
from registry.attendance import Attendance, Person
from registry.database import Registry
from registry.due import DueSeal, due_seals, to_renew
from registry.renewal_keys import CertificateFolder, Certifier, DemoCertifier
from registry.rotation import Means, Rotation, RotationState, rotate
from registry.rotation_plan import plan
from registry.words import act_zh, roles_zh

__all__ = ["app"]

REFUSED, OPEN = 1, 3
_ACTOR: Final = "actor.cer"
_LEDGER: Final = "ledger.sqlite3"
_STATE: Final = {
    RotationState.ROTATED: "已换发 / rotated", RotationState.WAITING: "等待 / waiting",
    RotationState.REFUSED: "不予办理 / refused", RotationState.FAILED: "未能办理 / failed",
    RotationState.UNTRIED: "未办理 / not tried", RotationState.PLANNED: "将办理 / would be rotated",
}
_HEADINGS: Final = ("代码 USCC", "单位 organisation", "原印章 old seal", "新印章 new seal", "结果 result", "步骤 steps")
_STEPS: Final = {"keys": "生成密钥", "certificates": "认证机构的证书", "approve": "延续用印审批"}
"""Steps of a rotation that are no acts on a case."""

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_OR_SEVERAL: Final = "（或含多人目录的目录），可多次给出 / folder of the person, or of several such folders: "


@app.command("rotate")
def rotate_seals(
    start: Annotated[datetime, typer.Option(
        "--from", metavar="MOMENT", parser=parse_moment,
        help="新章启用、旧章停用的时间 / when the new seals take over")],
    asking: Annotated[list[Path] | None, typer.Option(
        "--as", metavar="FOLDER", exists=True, file_okay=False,
        help="申请和启用的保管人" + _OR_SEVERAL + "custodians")] = None,
    second: Annotated[list[Path] | None, typer.Option(
        "--second", metavar="FOLDER", exists=True, file_okay=False,
        help="县级审核人" + _OR_SEVERAL + "reviewers")] = None,
    third: Annotated[list[Path] | None, typer.Option(
        "--third", metavar="FOLDER", exists=True, file_okay=False,
        help="制章人" + _OR_SEVERAL + "makers")] = None,
    approvers: Annotated[list[Path] | None, typer.Option(
        "--carry-approvals", metavar="FOLDER", exists=True, file_okay=False,
        help="用印审批由其两名审批人为新章重新签署" + _OR_SEVERAL + "approvers, who sign the approvals anew")] = None,
    all_due: Annotated[bool, typer.Option("--all-due", help="全部即将到期的 / every seal that is due")] = False,
    within: WithinOption = "30d",
    org: Annotated[list[str] | None, typer.Option(
        "--org", metavar="USCC", help="某单位的，可多次给出 / those of an organisation; may be repeated")] = None,
    certificates: Annotated[Path | None, typer.Option(
        metavar="DIR", exists=True, file_okay=False,
        help="认证机构签发的证书所在目录 / folder with the certificates from the CA")] = None,
    requests: Annotated[Path | None, typer.Option(
        metavar="DIR", file_okay=False, help="证书请求抄送到此目录 / folder for copies of the requests")] = None,
    maker: Annotated[Path | None, typer.Option(
        "--seal-maker", metavar="FOLDER", exists=True, file_okay=False,
        help="制章人密钥 seal-maker.cer、.key 所在目录，缺省为工作目录的 ca/ / ca/ of the home by default")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说将做什么 / only say what would be done")] = False,
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="每枚一行 JSON / one line of JSON a seal")] = False,
) -> None:
    """换发印章：新密钥、新证书、同一印模，到时间交接 / give seals that come to their end their successors.

    可重复执行，可中断后再执行。退出码 / exit codes: 0 all rotated, 1 one was refused, 3 something is still to be done.
    """
    if all_due == bool(org):
        raise typer.BadParameter("请给出 --all-due 或 --org 之一 / give --all-due or --org", param_hint="--all-due")
    if not (dry_run or asking or second or third or approvers):
        raise typer.BadParameter(
            "请用 --as 等指明由谁办理，未作任何改动 / name who acts with --as and the like; nothing was done",
            param_hint="--as")
    start = start.replace(microsecond=0)
    given = {"as": asking, "second": second, "third": third, "approver": approvers}
    done: list[Rotation] = []
    with _registry(home, settling=not dry_run) as registry:
        seals = _seals(registry, parse_days(within) if all_due else None, org or [], start)
        means = _means(registry, given, certificates, maker, requests)
        with closing((plan if dry_run else rotate)(registry, seals, means=means, start=start)) as course:
            for rotation in _watched(course, len(seals)):
                done.append(rotation)
                if as_json:
                    typer.echo(json.dumps(rotation.to_json(), ensure_ascii=False))
    if not as_json:
        _tell(done)
    _tell_what_is_left(done, dry_run=dry_run)
    raise typer.Exit(_exit_code(done))


@contextmanager
def _registry(home: Path | None, *, settling: bool) -> Iterator[Registry]:
    """Open the registry; a dry run does not even bring the files up to it."""
    if settling:
        with opened(home) as registry:
            yield registry
    else:
        with Registry.open(find_home(home, os.environ)) as registry:
            yield registry


def _seals(registry: Registry, days: int | None, codes: list[str], start: datetime) -> Sequence[DueSeal]:
    """Return the seals that are due, or those of some organisations whose keys are here."""
    now = registry.now()
    with registry.reading() as session:
        if days is not None:
            return due_seals(session, at=now, days=days)
        found = [due for due in to_renew(session, at=now, start=start, codes=codes)
                 if (registry.home / "authorities" / due.code / due.seal_id).is_dir()]
    unknown = sorted(set(codes) - {due.code for due in found})
    if unknown:
        raise typer.BadParameter(f"此工作目录中没有其在用印章：{', '.join(unknown)} / "
                                 f"no seal in use of it in this home: {', '.join(unknown)}", param_hint="--org")
    return found


def _means(
    registry: Registry, given: Mapping[str, list[Path] | None], certificates: Path | None, maker: Path | None,
    requests: Path | None,
) -> Means:
    home, now = registry.home, registry.now()
    load = cache(load_certificate)                               # a folder may be given for several options
    people = {option: list(_people(option, folders or [], home, load)) for option, folders in given.items()}
    approvers = people.pop("approver")
    password = cache(partial(read_password, home, os.environ))
    with registry.reading() as session:
        return Means(
            people=Attendance(session, [person for some in people.values() for person in some], at=now),
            approvers=Attendance(session, approvers, at=now) if approvers else None,
            certifier=_certifier(home, certificates, password, now),
            maker=cache(partial(_maker, maker or home / "ca", home)), password=password, used=_used(home),
            requests_out=requests)


def _people(
    option: str, folders: Iterable[Path], home: Path, load: Callable[[Path], Certificate],
) -> Iterator[Person]:
    """Return the persons whose folders an option names; keys are decrypted only when they sign.

    Their password comes from the variables of the option (``ZHENGYIN_SECOND_PASSWORD_FILE`` …), without these from
    those of :func:`cli.actor_keys.actor_signer`.
    """
    environ = dict(os.environ)
    for variable in (ACTOR_PASSWORD_FILE_VARIABLE, ACTOR_PASSWORD_VARIABLE):
        own = variable.replace("ACTOR", option.upper())
        if own in environ:
            environ[variable] = environ[own]
    for folder in folders:
        one = [folder] if (folder / _ACTOR).is_file() else sorted(path.parent for path in folder.glob(f"*/{_ACTOR}"))
        if not one:
            raise typer.BadParameter(f"{folder} 中没有 {_ACTOR} / no {_ACTOR} in {folder}")
        for path in one:
            yield Person(load(path / _ACTOR), partial(actor_signer, path, home=home, environ=environ))


def _certifier(
    home: Path, certificates: Path | None, password: Callable[[], Password], now: datetime,
) -> Certifier | None:
    """Return where certificates come from: the folder, or in a demonstration its own CAs."""
    if certificates is None:
        return DemoCertifier(home, password(), now=now) if load_config(home).demo else None
    found = CertificateFolder(certificates)
    if found.unreadable:
        typer.echo(f"无法读取的证书文件 / no certificates: {', '.join(map(printable, found.unreadable))}", err=True)
    return found


def _maker(folder: Path, home: Path) -> Signer:
    key = open_key(folder, "seal-maker", lambda: read_password(home, os.environ))
    return LocalSigner(load_certificate(folder / "seal-maker.cer"), key)


def _used(home: Path) -> Mapping[str, int]:
    """Return how many licences were sealed under each approval."""
    folder = home / "issued"
    return Ledger(folder).used() if (folder / _LEDGER).is_file() else {}


def _watched(course: Iterable[Rotation], total: int) -> Iterator[Rotation]:
    """Pass rotations on, with a bar on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("换发 / rotating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
               TextColumn("{task.fields[name]}"))
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=total, name="")
        for rotation in course:
            yield rotation
            progress.update(task, advance=1, name=rotation.due.organisation)


def _tell(done: Sequence[Rotation]) -> None:
    """Print a line for each seal, then what more there is to say of some."""
    if done:
        typer.echo(table(_HEADINGS, [
            (one.due.code, one.due.organisation, one.due.seal_id, one.seal_id or "—", _STATE[one.state],
             "、".join(map(_step, one.steps)) or "—") for one in done]))
    for rotation in done:
        if rotation.waits_for is not None or rotation.error is not None or any(one.error for one in rotation.approvals):
            typer.echo(f"{rotation.due.code}  {rotation.due.organisation}", err=True)
            _tell_more(rotation)


def _tell_more(rotation: Rotation) -> None:
    if rotation.waits_for is not None:
        roles = f"（{roles_zh(rotation.roles)} {', '.join(rotation.roles)}）" if rotation.roles else ""
        place = f"：{rotation.requests}" if rotation.requests else ""
        typer.echo(f"  等待 / waits for: {_step(rotation.waits_for)}{roles}{place}", err=True)
    if rotation.error is not None:
        print_error(rotation.error)
    for one in rotation.approvals:
        if one.error is not None:
            typer.echo(f"  用印审批不延续 / approval does not follow: {one.error.zh} / {one.error.en}", err=True)


def _step(name: str) -> str:
    return f"{_STEPS[name] if name in _STEPS else act_zh(name)} {name}"


def _tell_what_is_left(done: Sequence[Rotation], *, dry_run: bool) -> None:
    counts = "，".join(f"{_STATE[state]} {count}" for state, count in Counter(one.state for one in done).items())
    typer.echo(counts or "没有要换的印章 / nothing is due", err=True)
    for rotation in done:
        if rotation.unsigned:
            _warn(rotation)
    if not dry_run and any("activate" in rotation.steps for rotation in done):
        typer.echo("请随即公示 / now publish it: zhengyin seals publish", err=True)


def _warn(rotation: Rotation) -> None:
    """Say that sealing stops, or stops in part, when the new seal takes over."""
    due = rotation.due
    if rotation.sealing_stops:
        zh, en = "没有用印审批，不能盖章", "sealing stops for want of an approval"
    else:
        zh, en = "有的用印审批还没有为新章签署，不能据其盖章", "nothing is sealed under the approvals not signed anew"
    typer.echo(f"注意：自{time_zh(rotation.start)}起，{due.organisation} {zh}；"
               "请其两名审批人以 --carry-approvals 再执行一次 / "
               f"{due.code}: from {time_en(rotation.start)} on {en}; run again with --carry-approvals", err=True)


def _exit_code(done: Iterable[Rotation]) -> int:
    states = {rotation.state for rotation in done}
    if RotationState.REFUSED in states:
        return REFUSED
    open_ones = states - {RotationState.ROTATED, RotationState.PLANNED}
    return OPEN if open_ones or any(rotation.unsigned for rotation in done) else 0
