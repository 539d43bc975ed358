"""What the commands of ``zhengyin seals`` share: options, the opened registry, an act and what is told of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from certs.canonical_json import JSON
from certs.config import HOME_VARIABLE, find_home
from certs.files import read_file
from certs.known import load_known
from certs.moments import read_moment
from certs.signer import Signer
from certs.untrusted_files import printable
from codes.china_time import CHINA_TIME, time_en, time_zh
from registry.acts import MAX_DOCUMENT, perform, sign_act
from registry.corrections import correct
from registry.database import Registry
from registry.deploy import settle
from registry.requests import Outcome
from registry.seals import done_before
from registry.states import Phase
from registry.words import act_zh, state_zh

__all__ = [
    "AsOption", "CaseArgument", "DocumentOption", "HomeOption", "JsonOption", "ReasonOption", "act", "opened",
    "parse_moment", "print_json", "read_documents", "state_words", "tell",
]

HomeOption = Annotated[Path | None, typer.Option(
    "--home", metavar="H", help=f"工作目录，缺省取 {HOME_VARIABLE} / the home; {HOME_VARIABLE} by default")]
AsOption = Annotated[Path, typer.Option(
    "--as", metavar="FOLDER", help="办理人的 actor.cer 和 actor.key 所在目录 / "
                                   "folder with actor.cer and actor.key of whoever acts")]
DocumentOption = Annotated[list[str] | None, typer.Option(
    "--document", metavar="TITLE=FILE", help="材料，可多次给出 / a document; may be repeated")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="理由 / the reason")]
JsonOption = Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象 / print one JSON object")]
CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="事项编号 / number of the case (S2026-000001)")]
_TO_PUBLISH: Final = frozenset({"activate", "reschedule", "suspend", "resume", "report-lost", "cancel"})
_MISSED: Final = "的一次停用、挂失或注销没有办完，文件已先封停；请再办一次"


@contextmanager
def opened(home: Path | None) -> Iterator[Registry]:
    """Open the registry of the home, with the files brought up to it."""
    with Registry.open(find_home(home, os.environ)) as registry:
        for case in settle(registry):
            typer.echo(f"{case} {_MISSED} / an act that blocks {case} was cut short; its files stay blocked: "
                       "do it again", err=True)
        for file in map(printable, correct(registry)):
            typer.echo(f"{file} 比登记库放宽了权限，已改正并记入审计日志 / {file} permitted more than the registry: "
                       "put right, and logged", err=True)
        for file in load_known(registry.home).damaged:
            typer.echo(f"撤销列表 {file} 已损坏，按没有该列表处理，请重新下载 / "
                       f"the revocation list {file} is damaged and counts as none: fetch it again", err=True)
        yield registry


def read_documents(given: list[str] | None) -> dict[str, bytes]:
    """Read what ``--document`` names."""
    documents: dict[str, bytes] = {}
    for one in given or []:
        title, equals, path = one.partition("=")
        if not (title and equals and path) or title in documents:
            raise typer.BadParameter(f"--document 应为 标题=文件，每个标题一次：{one} / "
                                     f"--document takes TITLE=FILE, each title once: {one}")
        documents[title] = read_file(Path(path), max_bytes=MAX_DOCUMENT)
    return documents


def act(
    registry: Registry, name: str, subject: str, facts: Mapping[str, JSON] | None = None, *, signer: Signer,
    documents: Mapping[str, bytes] | None = None,
) -> Outcome:
    """Sign an act and have it performed; given again after it was done, it is not done twice."""
    facts, documents = facts or {}, documents or {}
    with registry.reading() as session:
        before = done_before(session, act=name, subject=subject, actor=signer.certificate.fingerprint, facts=facts,
                             documents=documents)
    if before is not None:
        return before
    signed = sign_act(name, subject, facts, documents=documents, signer=signer, registry_id=registry.id,
                      at=registry.now())
    return perform(registry, signed, documents=documents)


def tell(name: str, outcome: Outcome, *, as_json: bool) -> None:
    """Say what came of an act."""
    start = read_moment(str(outcome.facts["from"])) if "from" in outcome.facts else None
    waits = start is not None and start > datetime.now(UTC)          # in use by the registry, but not yet by time
    state = Phase.SCHEDULED.value if waits else outcome.state
    if as_json:
        print_json({"act": name, "case": outcome.case, "state": state, **outcome.facts})
    else:
        typer.echo(f"{outcome.case}  {state_words(state)}  （已办理{act_zh(name)} / done: {name}）")
        if start is not None and waits:
            typer.echo(f"将于{time_zh(start)}启用，此前不能盖章 / in use from {time_en(start)}, and not before")
        if name in _TO_PUBLISH:
            typer.echo("请随即公示 / now publish it: zhengyin seals publish", err=True)


def state_words(code: str) -> str:
    """Return a state as a list for people has it: its Chinese name and its code."""
    return f"{state_zh(code)} {code}"


def print_json(content: Mapping[str, JSON]) -> None:
    """Print one object."""
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2))


def parse_moment(text: str) -> datetime:
    """Read a moment; one without a zone is China's, a day alone is its first moment."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"时间应写作 2027-01-01 或 2027-01-01T08:00：{text} / "
                                 f"a moment is written 2027-01-01 or 2027-01-01T08:00: {text}") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA_TIME)).astimezone(UTC)
